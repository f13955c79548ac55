"""Ties: who could have had a place instead with nothing that is counted any different, and what decided between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from allocator.explain.weigh import Outcome, Weighed, Weighing
from allocator.solving.prepare import lawful, order_of_leaving

Decided = Literal["years", "draw", "dealt", "search", "otherwise"]
"""What decides between two people of whom everything counts alike.

``years``, ``draw``: all that is read of them is alike, and one of them keeps the place: the years at the school, or the
draw with the seed, say who leaves first. ``dealt``: alike, and both have new places, which are dealt out in that order.
``otherwise``: alike, and the plan does not follow that order, as one of another hand may. ``search``: rules or levels
read something else of them: no order is asked.
"""


@dataclass(frozen=True)
class Tie:
    """Somebody else at a teacher's post, and the teacher at another place, with nothing that is counted any different."""

    other: int
    back: int
    decided: Decided


def ties(scales: Weighing, weighed: Sequence[Weighed]) -> tuple[Tie, ...]:
    """Return the ties among exchanges of two people: no level changes, and no rule is broken, as the witnesses count it.

    Parameters
    ----------
    weighed
        Exchanges: in each the teacher with another place, then somebody else with the teacher's.
    """
    even = [one for one, broken, _ in weighed if not broken and scales.worse(one) is None]
    kept = [one for one in map(scales.judged, even) if not one.broken and scales.worse(one) is None]
    if not kept:
        return ()
    alike = lawful(scales.problem, scales.rules)[0].of
    order = order_of_leaving(scales.problem)
    return tuple(
        Tie(one.changes[1][0], one.changes[0][1], _decided(scales, one, alike, order)) for one in kept
    )


def _decided(scales: Weighing, one: Outcome, alike: np.ndarray, order: np.ndarray) -> Decided:
    (teacher, _), (other, _) = one.changes
    problem, plan = scales.problem, scales.plan
    if alike[teacher] != alike[other]:
        return "search"
    if plan.post[other] != problem.home_post[other]:
        return "dealt"
    if order[teacher] > order[other]:
        return "otherwise"
    years = np.nan_to_num(problem.teachers.years[[teacher, other]], nan=-1.0)
    return "years" if years[0] != years[1] else "draw"
