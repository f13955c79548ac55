"""The desk and its solvers are killed at random moments: what was finished is there, the rest is told as it is."""

from __future__ import annotations

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx2 as httpx
import pytest

from allocator.web import desk as desks
from allocator.web.home import Home
from allocator.web.runs import hash_of
from web.conftest import HOST, ROOT

KILLS = int(os.environ.get("KILLS", "4"))
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


class Running:
    """A desk in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "allocator", "desk", "--home", str(home), "--districts", str(ROOT / "scenarios"), "--port", "0", "--no-browser", "--language", "en"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        address = re.search(r"http://\S+", self._line())
        code = re.search(r"(\d{4}-){3}\d{4}", self._line())
        assert address is not None
        assert code is not None
        self.client = httpx.Client(base_url=address[0], follow_redirects=True, timeout=60)
        for _ in range(100):
            try:
                page = self.client.post("/enter", data={"code": code[0]}).text
                break
            except httpx.TransportError:
                time.sleep(0.1)
        found = re.search(r'name="form" value="([^"]+)"', page)
        assert found is not None
        self.secret = found[1]

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def post(self, path: str, **form: str) -> int:
        """Send a form; the number of the page it leads to."""
        answer = self.client.post(path, data={"form": self.secret, **form})
        return int(str(answer.url).rpartition("/")[2])

    def kill(self) -> None:
        """End it at once."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.client.close()


def _solvers() -> list[int]:
    """Return the processes of solvers that are there."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"allocator.web.work" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_nothing_finished_is_lost(tmp_path):
    """Killed again and again, the desk comes back with the truth: done runs whole, others lost or failed, the database sound."""
    chance = random.Random(5)
    home = tmp_path / "desk"
    finished: dict[int, str] = {}
    scenario = None
    for turn in range(KILLS):
        desk = Running(home)
        if scenario is None:
            scenario = desk.post("/scenarios/ready", district="tiny")
        started = [desk.post(f"/scenarios/{scenario}/solve") for _ in range(2)]
        if turn % 3 == 2:
            time.sleep(chance.uniform(0.3, 4))
            for pid in _solvers()[:1]:
                os.kill(pid, signal.SIGKILL)
        time.sleep(chance.uniform(0, 7))
        desk.kill()
        database = sqlite3.connect(home / "desk.sqlite")
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        states = dict(database.execute("SELECT id, status FROM runs").fetchall())
        database.close()
        assert set(started) <= set(states)
        for number, sha in finished.items():
            assert states[number] == "done"
            assert hash_of(home / "runs" / str(number)) == sha
        finished |= {n: hash_of(home / "runs" / str(n)) for n, s in states.items() if s == "done"}
        assert all(finished.values())
    store = desks.store_of(desks.Asked(home))
    desk = Running(home)
    for _ in range(600):
        if not store.all_runs(only=("queued", "running")):
            break
        time.sleep(0.2)
    for run in store.all_runs():
        there = (home / "runs" / str(run["id"]) / "report.html").is_file()
        assert there == (run["status"] == "done")
    assert len(store.all_runs(only=("done",))) > 0
    assert Home(home).cells(store.all_scenarios()[0]["folder"], "teachers")
    desk.kill()
    time.sleep(1.5)
    assert _solvers() == []


@pytest.mark.slow
def test_a_run_is_stopped_with_its_best_plan(browser, made):
    """Stopping ends a run at once in the queue; at work it keeps the best plan so far."""
    _, desk = made
    answer = browser.post("/scenarios/ready", district="duji-2020")
    scenario = int(str(answer.url).rpartition("/")[2])
    first, second = (
        int(str(browser.post(f"/scenarios/{scenario}/solve").url).rpartition("/")[2]) for _ in range(2)
    )
    browser.post(f"/runs/{second}/cancel")
    assert desk.store.run(second)["status"] == "cancelled"
    browser.wait(first, "running")
    for _ in range(300):
        watched = desk.runs.progress(first)
        if watched and len(watched.levels) > 0:
            break
        time.sleep(0.1)
    assert "progress" in browser.get(f"/runs/{first}/progress").text
    browser.post(f"/runs/{first}/cancel")
    assert browser.wait(first) in ("done", "cancelled")
    assert HOST
