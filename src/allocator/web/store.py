"""What the desk remembers: scenarios, runs, users, sessions, and who did what. SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Connection, RowMapping

meta = MetaData()
users = Table(
    "users",
    meta,
    Column("name", String(80), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("password", String(200), nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
)
sessions = Table(
    "sessions",
    meta,
    Column("key", String(64), primary_key=True),  # the hash: whoever reads the database can open no session
    Column("user", String(80), nullable=False),
    Column("role", String(20), nullable=False),
    Column("form", String(64), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
)
scenarios = Table(
    "scenarios",
    meta,
    Column("id", Integer, primary_key=True),
    Column("title", String(200), nullable=False),
    Column("folder", String(80), nullable=False, unique=True),
    Column("origin", String(300), nullable=False),
    Column("parent", Integer, ForeignKey("scenarios.id")),
    Column("user", String(80), nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
)
runs = Table(
    "runs",
    meta,
    Column("id", Integer, primary_key=True),
    Column("scenario", Integer, ForeignKey("scenarios.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("options", JSON, nullable=False),
    Column("told", Text, nullable=False, default=""),
    Column("user", String(80), nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("started", DateTime(timezone=True)),
    Column("ended", DateTime(timezone=True)),
    Column("approved_by", String(80)),
    Column("approved", DateTime(timezone=True)),
    Column("sha256", String(64)),
)
log = Table(
    "log",
    meta,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("user", String(80), nullable=False),
    Column("what", String(40), nullable=False),
    Column("about", String(80), nullable=False),
    Column("detail", String(500), nullable=False, default=""),
)
ROLES = ("viewer", "planner", "approver")
OPEN, ENDED = ("queued", "running"), ("done", "failed", "cancelled", "lost")
_SESSION = timedelta(hours=12)
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}


def now() -> datetime:
    """Return the time, as it is stored."""
    return datetime.now(UTC)


def engine_of(url: str) -> Engine:
    """Open a database; SQLite keeps what is committed whatever is killed, and lets readers read while one writes."""
    engine = create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _careful(connection: Any, _: Any) -> None:
            cursor = connection.cursor()
            for line in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
                cursor.execute(f"PRAGMA {line}")
            cursor.close()

    return engine


def default_url(home: Path) -> str:
    """Return the URL of the embedded database of a desk."""
    return f"sqlite:///{home / 'desk.sqlite'}"


class Store:
    """The desk's memory; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        meta.create_all(engine)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            yield connection

    def note(self, user: str, what: str, about: str, detail: str = "") -> None:
        """Write into the log who did what."""
        with self._writing() as c:
            _note(c, user, what, about, detail)

    def entries(self, most: int = 500) -> Sequence[RowMapping]:
        """Return the last entries of the log, the newest first."""
        with self.engine.connect() as c:
            return c.execute(select(log).order_by(log.c.id.desc()).limit(most)).mappings().all()

    # --- users and sessions

    def add_user(self, name: str, role: str, password: str, by: str) -> None:
        """Add a user, or give one another role and password."""
        values = {"role": role, "password": hashed(password), "created": now()}
        with self._writing() as c:
            if c.execute(select(users.c.name).where(users.c.name == name)).first():
                c.execute(update(users).where(users.c.name == name).values(**values))
                c.execute(sessions.delete().where(sessions.c.user == name))
            else:
                c.execute(insert(users).values(name=name, **values))
            _note(c, by, "user", name, role)

    def role_of(self, name: str, password: str) -> str | None:
        """Return the role of a user with this password; takes as long for a user who is not there."""
        with self.engine.connect() as c:
            row = c.execute(select(users).where(users.c.name == name)).mappings().first()
        known = row["password"] if row else _NOBODY
        return str(row["role"]) if agrees(password, known) and row else None

    def open_session(self, user: str, role: str) -> str:
        """Open a session and return its key, which is kept nowhere else."""
        key = secrets.token_urlsafe(32)
        values = {
            "key": _digest(key),
            "user": user,
            "role": role,
            "form": secrets.token_urlsafe(24),
            "until": now() + _SESSION,
        }
        with self._writing() as c:
            c.execute(sessions.delete().where(sessions.c.until < now()))
            c.execute(insert(sessions).values(**values))
            _note(c, user, "login", user)
        return key

    def session(self, key: str) -> RowMapping | None:
        """Return the session of a key, if it is open."""
        with self.engine.connect() as c:
            row = c.execute(select(sessions).where(sessions.c.key == _digest(key))).mappings().first()
        return row if row and _aware(row["until"]) > now() else None

    def close_session(self, key: str) -> None:
        """End a session."""
        with self._writing() as c:
            c.execute(sessions.delete().where(sessions.c.key == _digest(key)))

    # --- scenarios

    def add_scenario(self, title: str, folder: str, origin: str, user: str, parent: int | None = None) -> int:
        """Remember a scenario whose folder is there."""
        values = {
            "title": title[:200],
            "folder": folder,
            "origin": origin[:300],
            "parent": parent,
            "user": user,
            "created": now(),
        }
        with self._writing() as c:
            found = c.execute(insert(scenarios).values(**values)).inserted_primary_key
            number = int(found[0]) if found else 0
            _note(c, user, "scenario", f"scenario {number}", origin)
        return number

    def rename(self, number: int, title: str) -> None:
        """Give a scenario another title."""
        with self._writing() as c:
            c.execute(update(scenarios).where(scenarios.c.id == number).values(title=title[:200]))

    def scenario(self, number: int) -> RowMapping | None:
        """Return a scenario."""
        with self.engine.connect() as c:
            return c.execute(select(scenarios).where(scenarios.c.id == number)).mappings().first()

    def all_scenarios(self) -> Sequence[RowMapping]:
        """Return all scenarios, the newest first."""
        with self.engine.connect() as c:
            return c.execute(select(scenarios).order_by(scenarios.c.id.desc())).mappings().all()

    # --- runs

    def add_run(self, scenario: int, kind: str, options: dict[str, Any], user: str) -> int:
        """Queue a run."""
        values = {
            "scenario": scenario,
            "kind": kind,
            "status": "queued",
            "options": options,
            "told": "",
            "user": user,
            "created": now(),
        }
        with self._writing() as c:
            found = c.execute(insert(runs).values(**values)).inserted_primary_key
            number = int(found[0]) if found else 0
            _note(c, user, "run", f"run {number}", f"scenario {scenario}")
        return number

    def run(self, number: int) -> RowMapping | None:
        """Return a run."""
        with self.engine.connect() as c:
            return c.execute(select(runs).where(runs.c.id == number)).mappings().first()

    def all_runs(self, scenario: int | None = None, *, only: Sequence[str] = ()) -> Sequence[RowMapping]:
        """Return runs, the newest first."""
        asked = select(runs).order_by(runs.c.id.desc())
        if scenario is not None:
            asked = asked.where(runs.c.scenario == scenario)
        if only:
            asked = asked.where(runs.c.status.in_(only))
        with self.engine.connect() as c:
            return c.execute(asked).mappings().all()

    def begin(self, number: int) -> bool:
        """Take a run from the queue; False where somebody has taken or cancelled it."""
        asked = update(runs).where(runs.c.id == number, runs.c.status == "queued")
        with self._writing() as c:
            return c.execute(asked.values(status="running", started=now())).rowcount == 1

    def end(self, number: int, status: str, told: str = "", sha256: str | None = None) -> bool:
        """End a run that has not ended; what has ended stays as it is."""
        asked = update(runs).where(runs.c.id == number, runs.c.status.in_(OPEN))
        with self._writing() as c:
            ended = (
                c.execute(asked.values(status=status, told=told, ended=now(), sha256=sha256)).rowcount == 1
            )
            if ended:
                _note(c, "desk", status, f"run {number}")
        return ended

    def approve(self, number: int, user: str, sha256: str) -> bool:
        """Freeze the plan of a run that is done, with its hash; a second approval changes nothing."""
        asked = update(runs).where(runs.c.id == number, runs.c.status == "done", runs.c.approved_by.is_(None))
        with self._writing() as c:
            done = c.execute(asked.values(approved_by=user, approved=now(), sha256=sha256)).rowcount == 1
            if done:
                _note(c, user, "approve", f"run {number}", sha256)
        return done


def _note(c: Connection, user: str, what: str, about: str, detail: str = "") -> None:
    c.execute(insert(log).values(at=now(), user=user, what=what, about=about[:80], detail=detail[:500]))


def hashed(password: str) -> str:
    """Return a password as it is stored: salt and scrypt."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT).hex()}"


def agrees(password: str, stored: str) -> bool:
    """Whether a password is the one that is stored."""
    salt, _, digest = stored.partition(":")
    found = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **_SCRYPT)
    return hmac.compare_digest(found.hex(), digest)


_NOBODY = hashed(secrets.token_urlsafe(16))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _aware(at: datetime) -> datetime:
    """SQLite gives times back without their zone."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
