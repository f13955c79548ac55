"""Wishes that were not granted: what stood against each, who has the post instead, and whether a group could still swap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from allocator.explain.weigh import Outcome, Weighing
from allocator.explain.who import Refusal, refusals
from allocator.solving.levels import points
from allocator.solving.result import Result

_LEAST = 1.0  # what a wish that is granted one place earlier is worth at the least
_SLACK = 1e-6


@dataclass(frozen=True)
class Refused:
    """A wish for a school that a teacher prefers to the one of the plan.

    Parameters
    ----------
    teacher, school, rank
        Whose, for which school, and its place among the wishes from 1; by index.
    refused
        The rules that refuse the post there which fewest refuse; empty where one is lawful.
    outcome
        The teacher at the best lawful post there, nobody else changed; None where none is lawful.
    envied
        People with fewer points who came to a post there that would be lawful for the teacher.
    """

    teacher: int
    school: int
    rank: int
    refused: tuple[Refusal, ...]
    outcome: Outcome | None
    envied: tuple[int, ...]


def refused_wishes(scales: Weighing) -> Iterator[Refused]:
    """Yield every wish that was not granted and precedes what the teacher has, in the order of the roster."""
    problem, plan = scales.problem, scales.plan
    index = {school: i for i, school in enumerate(problem.school_ids)}
    school, weight = plan.school(problem), points(problem)
    came = (plan.post >= 0) & (school != problem.home_school)
    for t, wishes in enumerate(problem.teachers.table["wishes"]):
        for rank, wished in enumerate(wishes, start=1):
            to = index[wished]
            if to == school[t]:
                break
            posts = np.flatnonzero(problem.post_school == to)
            lawful = posts[scales.lawful[t, posts]]
            refused: tuple[Refusal, ...] = ()
            found: Outcome | None = None
            if len(lawful):
                found = scales.judged(min(scales.compared([[(t, int(p))] for p in lawful]), key=scales.key))
            elif len(posts):
                told: list[list[Refusal]] = [refusals(scales, t, int(p)) for p in posts]
                fewest = min(told, key=len)
                refused = tuple(fewest)
            there = came & np.isin(plan.post, lawful) & (weight < weight[t] - _SLACK)
            envied = tuple(int(u) for u in np.flatnonzero(there) if u != t)
            yield Refused(t, to, rank, refused, found, envied)


def no_group_swaps(result: Result) -> bool:
    """Whether it is proved that no exchange of places grants anybody an earlier wish and nobody a later one.

    Such an exchange would lower the level of the wishes by 1 at the least; what the earlier levels hold is held. So it is
    proved where that level is within less than 1 of its bound (efficiency at the wishes; compare Combe, Tercieux and
    Terrier, The Design of Teacher Assignment, Review of Economic Studies 2022).
    """
    level = next((level for level in result.levels if level.name == "wishes"), None)
    return level is not None and level.objective - level.bound < _LEAST - _SLACK
