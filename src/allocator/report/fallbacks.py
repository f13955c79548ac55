"""What happens if one teacher refuses: for everybody who gets another place, who could stand in, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from allocator.explain.weigh import Outcome, Weighing
from allocator.explain.who import stand_in
from allocator.plan import places
from allocator.report.files import table, write_files
from allocator.solving.solve import Progress

COLUMNS = (
    *("teacher_id", "to_school", "to_stage", "to_subject"),
    *("stays_level", "stays_before", "stays_after", "stays_breaks"),
    *("stand_in", "teacher_goes_to", "level", "before", "after", "breaks"),
)


def fallbacks(
    scales: Weighing, progress: Progress | None = None, stop: Event | None = None
) -> list[dict[str, Any]]:
    """Return the rows of fallbacks.csv: one for everybody with another place than today, in the order of the roster.

    Parameters
    ----------
    stop
        Set by whoever does not want to wait: the rows so far are returned.
    """
    problem, plan, found = scales.problem, scales.plan, []
    moved = np.flatnonzero((plan.post >= 0) & (plan.post != problem.home_post)).tolist()
    named = ["/".join(place) for place in places(problem)]
    for n, t in enumerate(moved):
        if stop is not None and stop.is_set():
            break
        if progress is not None:
            progress(problem.teachers.ids[t], float(n), float(len(moved)))
        still, other = stand_in(scales, t)
        school, stage, subject = places(problem)[int(plan.post[t])]
        row: dict[str, Any] = dict.fromkeys(COLUMNS)
        row |= {
            "teacher_id": problem.teachers.ids[t],
            "to_school": school,
            "to_stage": stage,
            "to_subject": subject,
        }
        if still is not None:
            row |= dict(zip(COLUMNS[4:8], _effect(scales, still), strict=True))
        if other is not None:
            (_, back), (who, _) = other.changes
            row |= {"stand_in": problem.teachers.ids[who], "teacher_goes_to": named[back]}
            row |= dict(zip(COLUMNS[10:], _effect(scales, other), strict=True))
        found.append(row)
    return found


def _effect(scales: Weighing, one: Outcome) -> Iterator[Any]:
    """Yield the first level that changes with its values, and the hard rules that would be broken."""
    found = scales.worse(one)
    name = None if found is None else found[0]
    yield name
    yield None if name is None else scales.values[name]
    yield None if name is None else one.values[name]
    yield " ".join(dict.fromkeys(v.rule for v in one.broken))


def write_fallbacks(rows: list[dict[str, Any]], out: Path, notice: str, language: str) -> list[Path]:
    """Write fallbacks.csv for the owner alone.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    return write_files({"fallbacks.csv": table(rows, language, COLUMNS)}, out, notice)
