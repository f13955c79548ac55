"""Where the time goes: seconds by module and by step of one case."""

from __future__ import annotations

import cProfile
import csv
import pstats
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from allocator import app
from allocator.problem import build
from allocator.rules.catalogue import settle
from allocator.solving.prepare import prepare
from allocator.solving.solve import assign
from benchmarks.attempt import limited
from benchmarks.cases import Case

COLUMNS = ("case", "step", "part", "module", "seconds", "share")
_PARTS = (
    ("scenario.check", "checking"),
    ("scenario", "reading"),
    ("demand", "post setting"),
    ("rules", "rules"),
    ("solving.relaxation", "relaxations"),
    ("solving.engine", "relaxations and whole numbers"),
    ("solving.program", "relaxations"),
    ("solving.hull", "planes"),
    ("solving.integer", "whole numbers"),
    ("solving.totals", "ranges of totals"),
    ("solving.even", "evenness"),
    ("evenness", "evenness"),
    ("solving", "preparing and levels"),
    ("model", "model"),
)
_DEPTH = 40  # calls of libraries by libraries that are followed up
_Function = tuple[str, int, str]
_Stats = dict[_Function, tuple[int, int, float, float, dict[_Function, tuple[int, int, float, float]]]]


def profile(case: Case, data: Path, out: Path) -> Path:
    """Solve a case under the profiler, which makes it slower, and write seconds by step and module.

    Time inside libraries counts for the module of the program that called them. Threads beside the main one
    are not seen: while they work, their starter waits, and the waiting counts for it.
    """
    folder = case.make(data)
    steps: dict[str, cProfile.Profile] = defaultdict(cProfile.Profile)

    def timed(step: str, work: Callable[[], Any]) -> Any:
        return steps[step].runcall(work)

    scenario = limited(timed("check", lambda: app.check(folder)), case.gap, case.seconds)
    problem = timed("build", lambda: build(scenario))
    rules = settle(scenario.config, scenario.rulebook, scenario.name, [])
    prepared = timed("prepare", lambda: prepare(problem, rules))
    levels = _Levels(steps)
    levels.begin("start")
    assign(prepared, levels.told)
    levels.end()
    rows = [
        {"case": case.id, "step": step, "part": part(module), "module": module, "seconds": seconds}
        for step, seen in steps.items()
        for module, seconds in by_module(seen).items()
    ]
    _write(out, rows)
    return out


class _Levels:
    """A profiler for every level: the next begins when its name is told without a value."""

    def __init__(self, steps: dict[str, cProfile.Profile]) -> None:
        self._steps = steps
        self._now = ""

    def begin(self, level: str) -> None:
        """Begin a level."""
        self._now = level
        self._steps[level].enable()

    def end(self) -> None:
        """End the level that runs."""
        self._steps[self._now].disable()

    def told(self, level: str, objective: float | None, bound: float | None) -> None:
        """Change over where a level begins."""
        if objective is None and bound is None:
            self.end()
            self.begin(level)


def by_module(seen: cProfile.Profile) -> dict[str, float]:
    """Return seconds by module of the program; what libraries take counts for whoever called them."""
    stats: _Stats = pstats.Stats(seen).stats  # type: ignore[attr-defined]
    spent: dict[str, float] = defaultdict(float)
    for function, (_, _, own, _, _) in stats.items():
        _give(stats, function, own, spent, _DEPTH)
    return dict(sorted(spent.items(), key=lambda one: -one[1]))


def _give(stats: _Stats, function: _Function, seconds: float, spent: dict[str, float], depth: int) -> None:
    """Give seconds of a function to its module, or in parts to those who called it."""
    module = _module(function[0])
    callers = stats[function][4] if function in stats else {}
    weights = {caller: times[3] for caller, times in callers.items() if caller != function}
    whole = sum(weights.values())
    if module or not depth or whole <= 0 or seconds < 1e-6:
        spent[module or "elsewhere"] += seconds
        return
    for caller, weight in weights.items():
        _give(stats, caller, seconds * weight / whole, spent, depth - 1)


def _module(file: str) -> str:
    """Return the module of the program that a file is, empty for those of others."""
    parts = Path(file).with_suffix("").parts
    return (
        ".".join(parts[parts.index("allocator") + 1 :])
        if "allocator" in parts and file.endswith(".py")
        else ""
    )


def part(module: str) -> str:
    """Return what a module is for, in the words of the steps of solving."""
    for prefix, name in _PARTS:
        if f"{module}.".startswith(f"{prefix}."):
            return name
    return "other"


def _write(out: Path, rows: list[dict[str, Any]]) -> None:
    whole = sum(row["seconds"] for row in rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            if row["seconds"] >= 0.0005:
                share = {"seconds": f"{row['seconds']:.3f}", "share": f"{row['seconds'] / whole:.4f}"}
                writer.writerow(row | share)
