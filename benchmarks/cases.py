"""The registry: what is solved, how near to the bound, and in how many seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.districts import write_district
from benchmarks.networks import write_network

ROOT = Path(__file__).parents[1]
DATA = ROOT / "out" / "benchmarks"
_COMMITTED = {
    "duji-2019": "39 schools and 13 small ones, no closure yet",
    "duji-2020": "13 of 52 schools close, 32 recruits",
    "duji-2021": "39 schools, 1,861 teachers",
    "fermanagh": "70 primary schools, one indicator",
    "tiny": "4 schools, 12 teachers",
}
_COUNTIES = {1: (0.0005, 60.0), 4: (0.0005, 300.0), 10: (0.001, 600.0), 20: (0.003, 1200.0)}
_CLOSED = """base = "../{base}"
title = "Benchmark: {n} x 39 schools, stages closed"

[rules]
"direction.cross_stage" = {{ level = "hard", most = 0 }}
"""


@dataclass(frozen=True)
class Case:
    """One case.

    Parameters
    ----------
    id, what
        Its name, and what it is.
    gap
        Relative gap asked for.
    seconds
        Limit of the levels together; each has the same part of it.
    make
        Finds or writes its folder inside the folder given.
    methods
        Methods that are tried unless others are asked for; empty for all.
    """

    id: str
    what: str
    gap: float
    seconds: float
    make: Callable[[Path], Path]
    methods: tuple[str, ...] = ()


def registry() -> dict[str, Case]:
    """Return every case by its id."""
    cases = [_open(n) for n in _COUNTIES] + [_closed(n) for n in _COUNTIES]
    cases += [_committed(name, what) for name, what in _COMMITTED.items()]
    cases += [_network(6, 90, 10.0), _network(39, 1_900, 60.0), _network(200, 10_000, 300.0)]
    return {case.id: case for case in cases}


def smoke() -> dict[str, Case]:
    """Return the cases of the smoke run: seconds, at a loose gap."""
    known = registry()
    short = ("engine", "greedy", "still")
    return {
        "tiny": _loose(known["tiny"], 0.01, 4.0),
        "network-6": _loose(known["network-6"], 0.01, 6.0),
        "counties-1": _loose(known["counties-1"], 0.02, 20.0, short),
    }


def _loose(case: Case, gap: float, seconds: float, methods: tuple[str, ...] = ()) -> Case:
    return Case(case.id, case.what, gap, seconds, case.make, methods)


def _open(n: int) -> Case:
    """Return a district of counties whose teachers may change the stage, up to the cap."""
    gap, seconds = _COUNTIES[n]
    what = f"generated: {n} x 39 schools, {5 * n} may change the stage"
    return Case(f"counties-{n}", what, gap, seconds, lambda data: _written(data, n))


def _closed(n: int) -> Case:
    """Return the same where nobody may change the stage: a scenario laid over the open one."""
    gap, seconds = _COUNTIES[n]

    def make(data: Path) -> Path:
        base, folder = _written(data, n), data / f"counties-{n}-closed"
        folder.mkdir(parents=True, exist_ok=True)
        content = _CLOSED.format(base=base.name, n=n)
        (folder / "scenario.toml").write_text(content, encoding="utf-8", newline="\n")
        return folder

    return Case(
        f"counties-{n}-closed", f"generated: {n} x 39 schools, nobody changes the stage", gap, seconds, make
    )


def _written(data: Path, n: int) -> Path:
    return write_district(data / f"counties-{n}", n)


def _committed(name: str, what: str) -> Case:
    return Case(name, f"scenarios/{name}: {what}", 0.005, 60.0, lambda data: ROOT / "scenarios" / name)


def _network(schools: int, teachers: int, seconds: float) -> Case:
    what = f"generated: a network of {teachers:,} teachers and {schools} schools, no evenness"
    name = f"network-{schools}"
    return Case(name, what, 0.0, seconds, lambda data: write_network(data / name, schools, teachers))
