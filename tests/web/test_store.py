"""The desk's memory on SQLite and on PostgreSQL: the same answers, one winner of every race."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from allocator.web import desk as desks
from allocator.web.server import create
from allocator.web.store import Store, agrees, default_url, engine_of, hashed
from web.conftest import HOST, ROOT, Browser

POSTGRES = os.environ.get("ALLOCATOR_POSTGRES", "")
NEEDS = pytest.mark.skipif(not POSTGRES, reason="no PostgreSQL: .ci/run starts one")


@contextmanager
def database():
    """Make a database of one's own on the server, and take it away."""
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    name = f"desk_{uuid4().hex}"
    with server.connect() as c:
        c.execute(text(f"CREATE DATABASE {name}"))
    yield f"{POSTGRES.rpartition('/')[0]}/{name}"
    with server.connect() as c:
        c.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=NEEDS)])
def store(request, tmp_path):
    """Open an empty memory."""
    with database() if request.param == "postgres" else nullcontext(default_url(tmp_path)) as url:
        yield Store(engine_of(url))


def test_users_and_sessions(store):
    """A password opens what it should and nothing else; another password ends the sessions of the old one."""
    store.add_user("ann", "planner", "a long password", "test")
    assert store.role_of("ann", "a long password") == "planner"
    assert store.role_of("ann", "another") is None
    assert store.role_of("nobody", "a long password") is None
    key = store.open_session("ann", "planner")
    assert store.session(key)["user"] == "ann"
    assert store.session(key + "x") is None
    store.add_user("ann", "viewer", "quite another one", "test")
    assert store.session(key) is None
    other = store.open_session("ann", "viewer")
    store.close_session(other)
    assert store.session(other) is None
    assert [e["what"] for e in store.entries()] == ["login", "user", "login", "user"]


def test_a_run_is_taken_and_ended_once(store):
    """Of many who take a run from the queue one gets it; of many who end it one does; what has ended stays."""
    scenario = store.add_scenario("t", "folder", "here", "ann")
    run = store.add_run(scenario, "solve", {"language": "zh", "frontier": 0}, "ann")
    assert store.run(run)["options"] == {"language": "zh", "frontier": 0}
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(store.begin, [run] * 16)) == 1
        assert sum(pool.map(lambda n: store.end(run, "done", f"{n}"), range(16))) == 1
    assert not store.end(run, "failed")
    assert store.run(run)["status"] == "done"
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda n: store.approve(run, f"u{n}", "sha"), range(16))) == 1
    assert len([e for e in store.entries() if e["what"] == "approve"]) == 1


def test_many_write_at_once(store):
    """Ten who write at once lose nothing."""
    scenario = store.add_scenario("t", "folder", "here", "ann")
    with ThreadPoolExecutor(10) as pool:
        runs = list(pool.map(lambda n: store.add_run(scenario, "solve", {"n": n}, f"u{n}"), range(60)))
    assert len(set(runs)) == 60
    assert len(store.all_runs(scenario)) == 60


def test_a_password_is_kept_as_salt_and_digest():
    """Two of one password are stored apart, and neither holds it."""
    one, other = hashed("a long password"), hashed("a long password")
    assert one != other
    assert "password" not in one
    assert agrees("a long password", one)
    assert not agrees("a long passwor", other)


@NEEDS
def test_the_desk_on_postgresql(tmp_path):
    """From a ready district to a plan with the memory in PostgreSQL."""
    with database() as url:
        desk = desks.put_together(desks.Asked(tmp_path / "desk", ROOT / "scenarios", database=url))
        app = create(desk, (HOST,))
        with TestClient(app, base_url=f"http://{HOST}"):
            browser = Browser(app).enter(code=desk.code)
            scenario = int(str(browser.post("/scenarios/ready", district="tiny").url).rpartition("/")[2])
            run = int(str(browser.post(f"/scenarios/{scenario}/solve").url).rpartition("/")[2])
            assert browser.wait(run) == "done"
            assert "report.html" in browser.get(f"/runs/{run}").text
