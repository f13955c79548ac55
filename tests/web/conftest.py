"""A desk in a folder of its own, and a browser's view of it without a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from allocator.web import desk as desks
from allocator.web.server import create

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"


class Browser:
    """Somebody at the desk: keeps cookies, fills the secret of forms in."""

    def __init__(self, app, name: str = HOST) -> None:
        self.client = TestClient(app, base_url=f"http://{name}", follow_redirects=True)
        self.secret = ""

    def enter(self, **form: str) -> Browser:
        """Come in, by the code or by name and password."""
        answer = self.client.post("/enter", data=form)
        found = re.search(r'name="form" value="([^"]+)"', answer.text)
        self.secret = found[1] if found else ""
        return self

    def get(self, path: str, **more):
        """Look at a page."""
        return self.client.get(path, **more)

    def post(self, path: str, files=None, **form: str):
        """Send a form."""
        return self.client.post(path, data={"form": self.secret, **form}, files=files)

    def wait(self, number: int, *states: str) -> str:
        """Wait until a run has ended; its state."""
        store = self.client.app.state.desk.store
        for _ in range(1200):
            state = store.run(number)["status"]
            if state in (states or ("done", "failed", "cancelled", "lost")):
                return state
            time.sleep(0.1)
        raise AssertionError(f"run {number} is {state}")


@pytest.fixture
def made(tmp_path) -> Iterator[tuple]:
    """Start a desk of one's own with the ready districts."""
    desk = desks.put_together(desks.Asked(tmp_path / "desk", ROOT / "scenarios"))
    app = create(desk, (HOST, "localhost"))
    with TestClient(app, base_url=f"http://{HOST}"):
        yield app, desk


@pytest.fixture
def browser(made) -> Browser:
    """Somebody who has come in."""
    app, desk = made
    return Browser(app).enter(code=desk.code)
