"""The runner: every case by every method, each in a process of its own; results and traces as CSV."""

from __future__ import annotations

import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.cases import DATA, ROOT, Case
from benchmarks.witness import LEVELS

RESULTS = Path(__file__).parent / "results"
COLUMNS = (
    "case",
    "teachers",
    "schools",
    "cohorts",
    "pairs",
    "method",
    "level",
    "objective",
    "bound",
    "simplified",
    "gap",
    "gap_asked",
    "status",
    "seconds_check",
    "seconds_build",
    "seconds_prepare",
    "seconds_level",
    "seconds_total",
    "building_to_solving",
    "limit",
    "peak_mb",
    "violations",
    "commit",
    "python",
    "ortools",
    "highspy",
    "allocator",
    "cores",
)
TRACE = ("case", "method", "level", "seconds", "objective", "bound", "gap", "simplified")
_TINY = 1e-9
_GRACE = 120.0  # seconds beside the limits: reading, building, and solvers that look at the clock seldom
_PATIENCE = 2.0

Row = dict[str, Any]


@dataclass
class Results:
    """Rows of the results and of the traces, and the files they are in."""

    results: Path
    trace: Path
    rows: list[Row] = field(default_factory=list)
    points: list[Row] = field(default_factory=list)

    def write(self) -> None:
        """Write what there is, so that nothing is lost where a run is stopped."""
        _write(self.results, COLUMNS, self.rows)
        _write(self.trace, TRACE, self.points)


def run(cases: Iterable[Case], methods: tuple[str, ...], out: Path = RESULTS, data: Path = DATA) -> Results:
    """Try every case by every method and write the results after each.

    Parameters
    ----------
    methods
        In this order; baselines take the totals of the stages from the engine's plan where it was before them.
    out, data
        Where results and generated scenarios go.
    """
    machine = surroundings()
    stem = f"{datetime.now(UTC).date()}-{machine['commit']}"
    out.mkdir(parents=True, exist_ok=True)
    results = Results(out / f"{stem}.csv", out / f"{stem}-trace.csv")
    for case in cases:
        folder, known = case.make(data), None
        for method in methods:
            if case.methods and method not in case.methods:
                continue
            found = _apart(case, folder, method, known)
            known = found.get("plan") if method == "engine" else known
            _say(case, method, found)
            results.rows += [machine | row for row in rows(case, method, found)]
            results.points += points(case, method, found)
            results.write()
    return results


def surroundings() -> dict[str, Any]:
    """Return what results depend on beside the case: commit, versions, cores."""
    return {
        "commit": commit(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("ortools", "highspy", "allocator")},
        "cores": os.cpu_count(),
    }


def commit() -> str:
    """Return the short name of the commit, marked where the source differs from it; unknown outside a checkout."""
    try:
        name = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--", "src", "scenarios")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{name}-changed" if changed else name


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _apart(case: Case, folder: Path, method: str, known: list[int] | None) -> dict[str, Any]:
    """Run one attempt in a process of its own; one that takes far too long is stopped."""
    with tempfile.TemporaryDirectory() as scratch:
        result, plan = Path(scratch, "result.json"), Path(scratch, "known.json")
        command = [sys.executable, "-m", "benchmarks.attempt", str(folder), method]
        command += [str(case.gap), str(case.seconds), str(result)]
        if known is not None:
            plan.write_text(json.dumps(known))
            command.append(str(plan))
        limit = _PATIENCE * case.seconds + _GRACE
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            return {"status": f"stopped after {limit:g} s"}
        if done.returncode or not result.exists():
            print(done.stderr[-2000:], file=sys.stderr)
            return {"status": f"failed with exit code {done.returncode}"}
        found: dict[str, Any] = json.loads(result.read_text())
        return found


def rows(case: Case, method: str, found: Mapping[str, Any]) -> Iterator[Row]:
    """Yield one row for every level that was solved or measured.

    The objective is the witness's in every row, whatever the method says; the gap is that of an objective and
    a bound of the same thing.
    """
    shared = {name: found.get(name) for name in ("teachers", "schools", "cohorts", "pairs", "peak_mb")}
    shared |= {"case": case.id, "method": method, "gap_asked": case.gap, "limit": case.seconds}
    shared["violations"] = found.get("violations")
    if "seconds" not in found:
        if found.get("too_large") or "status" in found:
            reason = found.get("status") or f"not tried: {found['refused']}"
            yield shared | {"level": "", "status": reason}
        return
    shared |= _seconds(found["seconds"])
    told = {level["level"]: level for level in found["levels"]}
    objectives: Mapping[str, float] = found.get("objectives", {})
    measured = [name for name in LEVELS if name in objectives and (name != "evenness" or found["even"])]
    for level in [*told, *(name for name in measured if name not in told)]:
        said, objective = told.get(level, {}), objectives.get(level)
        bound, simplified = said.get("bound"), said.get("simplified", "")
        yield shared | {
            "level": level,
            "objective": objective,
            "bound": bound,
            "simplified": simplified,
            "gap": _gap(objective, bound),
            "status": said.get("status", "measured"),
            "seconds_level": said.get("seconds"),
        }


def _seconds(spent: Mapping[str, float]) -> dict[str, float]:
    building = spent["check"] + spent["build"] + spent["prepare"]
    return {
        "seconds_check": spent["check"],
        "seconds_build": spent["build"],
        "seconds_prepare": spent["prepare"],
        "seconds_total": building + spent["solve"],
        "building_to_solving": building / max(spent["solve"], _TINY),
    }


def points(case: Case, method: str, found: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of the trace."""
    simplified = {level["level"]: level["simplified"] for level in found.get("levels", [])}
    for point in found.get("trace", []):
        gap, about = _gap(point["objective"], point["bound"]), simplified.get(point["level"], "")
        yield {"case": case.id, "method": method, **point, "gap": gap, "simplified": about}


def _gap(objective: float | None, bound: float | None) -> float | None:
    """Return the relative distance; 0 where both are equal."""
    if objective is None or bound is None:
        return None
    distance = max(objective - bound, 0.0)
    return 0.0 if distance <= _TINY else distance / max(abs(objective), _TINY)


def _write(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(row.get(name)) for name in columns} for row in rows)


def _cell(value: Any) -> Any:
    return f"{value:.9g}" if isinstance(value, float) else value


def _say(case: Case, method: str, found: Mapping[str, Any]) -> None:
    """Print one line for people."""
    if "seconds" not in found:
        print(f"{case.id:20} {method:8} {found.get('status') or found.get('refused')}", flush=True)
        return
    reached = ", ".join(
        f"{name} {value:.6g}" for name, value in found.get("objectives", {}).items() if name in LEVELS
    )
    seconds = sum(found["seconds"].values())
    print(
        f"{case.id:20} {method:8} {seconds:8.1f} s  {found['peak_mb']:6.0f} MB  {reached}"
        f"  violations {found.get('violations', '-')}",
        flush=True,
    )
