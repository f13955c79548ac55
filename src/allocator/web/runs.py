"""The queue of runs: each solved in a process of its own, which the desk watches, stops, and outlives."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from sqlalchemy.engine import RowMapping

from allocator.web.store import OPEN, Store
from allocator.web.work import PARTIAL

_log = logging.getLogger("allocator.web")
_TURN = 0.2  # seconds between looks at the queue
_MERCY = 20.0  # seconds that a run has to end with its best plan so far


@dataclass
class Watched:
    """How far a run is.

    Parameters
    ----------
    levels
        What each level has reached so far: name, objective, bound.
    stopping
        When it was asked to end with its best plan so far, by the monotonic clock; None where it was not.
    """

    process: subprocess.Popen[str]
    levels: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    stopping: float | None = None


class Runs:
    """Takes runs from the queue and sees them through.

    Parameters
    ----------
    store, home
        The desk's memory and its folder: results stand in ``runs/<number>``.
    at_once
        How many are solved side by side.
    """

    def __init__(self, store: Store, home: Path, at_once: int = 1) -> None:
        self.store, self.home, self.at_once = store, home, at_once
        self.watched: dict[int, Watched] = {}
        self._lock, self._end = Lock(), Event()
        self._thread = Thread(target=self._work, name="runs", daemon=True)

    def start(self) -> None:
        """Tell the truth about runs of an earlier desk, then take from the queue."""
        self._recover()
        self._thread.start()

    def close(self) -> None:
        """Stop taking runs; those at work end with the desk."""
        self._end.set()
        with self._lock:
            for one in self.watched.values():
                one.process.kill()
        self._thread.join(timeout=5)

    def folder(self, number: int) -> Path:
        """Folder of the result of a run."""
        return self.home / "runs" / str(number)

    def cancel(self, number: int) -> None:
        """End a run: one in the queue at once, one at work with its best plan so far."""
        if self.store.end(number, "cancelled") if self._queued(number) else False:
            return
        with self._lock:
            one = self.watched.get(number)
            if one is not None and one.stopping is None:
                one.stopping = time.monotonic()
                _say(one.process, "stop")

    def _queued(self, number: int) -> bool:
        run = self.store.run(number)
        return run is not None and run["status"] == "queued"

    def progress(self, number: int) -> Watched | None:
        """How far a run at work is."""
        with self._lock:
            return self.watched.get(number)

    def _recover(self) -> None:
        """Tell of runs that were at work when the desk ended: done where their result stands whole, else lost."""
        for run in self.store.all_runs(only=OPEN):
            folder = self.folder(run["id"])
            if run["status"] == "running":
                done = folder.is_dir()
                self.store.end(
                    run["id"], "done" if done else "lost", sha256=hash_of(folder) if done else None
                )
            shutil.rmtree(folder.with_name(folder.name + PARTIAL), ignore_errors=True)

    def _work(self) -> None:
        while not self._end.wait(_TURN):
            try:
                self._look()
            except Exception:  # the queue outlives whatever goes wrong with a run
                _log.exception("a look at the queue failed")

    def _look(self) -> None:
        with self._lock:
            at_work = dict(self.watched)
        for number, one in at_work.items():
            if one.process.poll() is not None:
                self._ended(number, one)
            elif one.stopping is not None and time.monotonic() - one.stopping > _MERCY:
                one.process.kill()
        free = self.at_once - len(self.watched)
        for run in reversed(self.store.all_runs(only=("queued",))) if free > 0 else ():
            if free > 0 and self.store.begin(run["id"]):
                self._begin(run)
                free -= 1

    def _begin(self, run: RowMapping) -> None:
        scenario = self.store.scenario(run["scenario"])
        if scenario is None:
            self.store.end(run["id"], "failed")
            return
        (self.home / "runs").mkdir(mode=0o700, exist_ok=True)
        out = self.folder(run["id"])
        shutil.rmtree(out.with_name(out.name + PARTIAL), ignore_errors=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "allocator.web.work"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        options = dict(run["options"])
        asked = {
            "scenario": str(self.home / "scenarios" / scenario["folder"]),
            "out": str(out),
            "language": options.get("language", "zh"),
            "options": options,
        }
        if run["kind"] == "edit":
            asked["plan"] = str(self.home / "plans" / str(options["plan"]))
        _say(process, json.dumps(asked, ensure_ascii=False))
        one = Watched(process)
        with self._lock:
            self.watched[run["id"]] = one
        Thread(target=_listen, args=(one,), daemon=True).start()

    def _ended(self, number: int, one: Watched) -> None:
        """See off a process that has ended: what stands whole is done, whatever it said."""
        folder = self.folder(number)
        if folder.is_dir():
            self.store.end(number, "done", sha256=hash_of(folder))
        elif one.stopping is not None:
            self.store.end(number, "cancelled")
        else:
            self.store.end(number, "failed", str(one.told.get("told", "")))
        with self._lock:
            self.watched.pop(number, None)


def _say(process: subprocess.Popen[str], words: str) -> None:
    """Write a line to a process that may be gone."""
    try:
        if process.stdin is not None:
            process.stdin.write(words + "\n")
            process.stdin.flush()
    except OSError:
        process.send_signal(signal.SIGTERM)


def _listen(one: Watched) -> None:
    """Hear how far a run is until it ends."""
    if one.process.stdout is None:
        return
    for line in one.process.stdout:
        try:
            told = json.loads(line)
        except ValueError:  # a solver sometimes prints a line of its own
            continue
        if not isinstance(told, dict):
            continue
        if "level" in told:
            one.levels[str(told["level"])] = (told.get("objective"), told.get("bound"))
        else:
            one.told = told


def hash_of(folder: Path) -> str:
    """SHA-256 of the plan of a result, by which an approval names it."""
    try:
        return hashlib.sha256((folder / "plan.csv").read_bytes()).hexdigest()
    except OSError:
        return ""
