"""Who the staff are: single teachers of a subject, retirements to come, and profiles by age, title and degree."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from allocator.domain import LADDERS
from allocator.metrics.rows import ProfileRow, SubjectStaffRow
from allocator.metrics.snapshot import Snapshot, held
from allocator.problem import Objects, Problem
from allocator.roads import Floats

_BAND, _YOUNGEST, _OLDEST = 5, 25, 60
UNKNOWN = "unknown"


def subject_staff(problem: Problem, before: Snapshot, after: Snapshot) -> Iterator[SubjectStaffRow]:
    """Count the teachers of every subject at every stage, single ones, and who of them retires soon.

    Retirements are of those who teach the subject after; years count from September.
    """
    if not len(problem.teachers):
        return
    heads_of = [held(problem, s) for s in (before, after)]
    retires = (problem.retirement - problem.config.september) / 12
    for g, stage in enumerate(problem.stages):
        here = problem.sections.stage == g
        for s, subject in enumerate(problem.subjects):
            counts = {}
            for when, heads, season in zip(
                ("before", "after"), heads_of, (before.season, after.season), strict=True
            ):
                taught = here & (season.lessons[:, s] > 0)
                counts[f"teachers_{when}"] = int(heads[here, s].sum())
                counts[f"only_one_{when}"] = int((taught & (heads[:, s] == 1)).sum())
                counts[f"nobody_{when}"] = int((taught & (heads[:, s] == 0)).sum())
            if not any(counts.values()):
                continue
            mine = (after.section >= 0) & (after.subject == s)
            mine[mine] &= here[after.section[mine]]
            left = retires[mine]
            unknown = np.isnan(left)
            yield SubjectStaffRow(
                stage=stage,
                subject=subject,
                **counts,
                retire_1=_within(left, 1),
                retire_3=_within(left, 3),
                retire_5=_within(left, 5),
                retire_unknown=int(unknown.sum()),
            )


def _within(left: Floats, years: int) -> int | None:
    """Count who retires within some years; None where that is known of nobody."""
    return None if np.isnan(left).all() else int((left <= years).sum())


def profiles(problem: Problem, before: Snapshot, after: Snapshot) -> Iterator[ProfileRow]:
    """Count the teachers of every stage by age, title, degree and level of backbone teacher."""
    groups: dict[str, tuple[Objects, tuple[str, ...]]] = {"age": _ages(problem)}
    for what, ladder in LADDERS.items():
        groups[what] = np.array([*ladder, UNKNOWN], dtype=object)[problem.rungs[what]], ladder
    for g, stage in enumerate(problem.stages):
        there = [_at(problem, snapshot, g) for snapshot in (before, after)]
        for what, (group, names) in groups.items():
            known = np.isin(group.astype(str), names)
            for name in (*names, UNKNOWN):
                mine: NDArray[np.bool_] = ~known if name == UNKNOWN else group == name
                old, new = (int((mine & at).sum()) for at in there)
                if old or new:
                    yield ProfileRow(stage, what, name, old, new)


def _at(problem: Problem, snapshot: Snapshot, stage: int) -> NDArray[np.bool_]:
    placed = snapshot.section >= 0
    return np.asarray(placed & (problem.sections.stage[snapshot.section] == stage))


def _ages(problem: Problem) -> tuple[Objects, tuple[str, ...]]:
    """Age band of each teacher in September, and the bands in order."""
    ages = (problem.config.september - problem.teachers.table["birth"].to_numpy(float)) / 12
    edges = range(_YOUNGEST, _OLDEST, _BAND)
    names = (f"-{_YOUNGEST - 1}", *(f"{e}-{e + _BAND - 1}" for e in edges), f"{_OLDEST}-")
    at = np.digitize(np.nan_to_num(ages), [*edges, _OLDEST])
    return np.where(np.isnan(ages), UNKNOWN, np.array(names, dtype=object)[at]), names
