"""Start a desk: its folder, its database, its name, and the code that opens it."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from allocator.web.ask import Asker
from allocator.web.home import Home
from allocator.web.runs import Runs
from allocator.web.server import Desk, create
from allocator.web.store import Store, default_url, engine_of

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Asked:
    """What a desk is started with.

    Parameters
    ----------
    home
        Its folder.
    districts
        Folder of ready districts, or None.
    host, port, names
        Address it listens on, and further names that it answers to.
    database
        URL of the database; empty for the embedded one.
    users
        Whether people log in with a password; else a code opens it.
    at_once
        Runs side by side.
    """

    home: Path
    districts: Path | None = None
    host: str = LOOPBACK
    port: int = 8321
    names: tuple[str, ...] = ()
    database: str = ""
    users: bool = False
    at_once: int = 1


def default_home() -> Path:
    """Return the folder of a desk where none is named."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "allocator"
    return Path(os.environ.get("XDG_DATA_HOME", str(Path.home() / ".local" / "share"))) / "allocator"


def store_of(asked: Asked) -> Store:
    """Open the memory of a desk."""
    asked.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Store(engine_of(asked.database or default_url(asked.home)))


def put_together(asked: Asked) -> Desk:
    """Put a desk together without starting it."""
    store = store_of(asked)
    code = None if asked.users else "-".join(f"{secrets.randbelow(10_000):04d}" for _ in range(4))
    return Desk(
        store, Home(asked.home, asked.districts), Runs(store, asked.home, asked.at_once), Asker(), code
    )


def listen(asked: Asked) -> socket.socket:
    """Take the address of a desk.

    Raises
    ------
    OSError
        Where somebody else has it.
    """
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind((asked.host, asked.port))
    return taken


def serve(asked: Asked, desk: Desk, taken: socket.socket) -> None:
    """Serve a desk until it is stopped."""
    hosts = (LOOPBACK, "localhost", *asked.names)
    settings = uvicorn.Config(
        create(desk, hosts),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(settings).run(sockets=[taken])
