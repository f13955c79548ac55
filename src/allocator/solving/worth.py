"""What more teachers of a kind are worth in each zone: the problem is solved again with them, level by level.

A price of the relaxation would be a bound alone; what is told here is two proved plans beside one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event

import numpy as np

from allocator.errors import NoPlan
from allocator.plan import places
from allocator.problem import Problem
from allocator.rules.asked import AskedOf
from allocator.rules.contract import Rule
from allocator.solving.prepare import prepare
from allocator.solving.result import Level
from allocator.solving.solve import Progress, assign
from allocator.words import Text, text

_SAME = 1e-9


@dataclass(frozen=True)
class Worth:
    """What more teachers in one zone bring.

    Parameters
    ----------
    zone
        The zone, all of whose schools are open to them.
    levels
        What the plan with them reaches; nothing where there is none.
    refused
        Why there is no plan with them there.
    """

    zone: str
    levels: tuple[Level, ...]
    refused: tuple[Text, ...] = ()


def by_zone(
    problem: Problem,
    rules: tuple[Rule, ...],
    fresh: Sequence[str],
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Iterator[Worth]:
    """Solve with some teachers in each zone in turn.

    Parameters
    ----------
    problem
        The district with them.
    fresh
        Their codes.

    Raises
    ------
    LimitReached
        As in :func:`allocator.solving.solve.solve`.
    """
    zones = problem.school_zone[problem.post_school]
    nobody = np.full(len(problem.teachers), -1, dtype=np.int64)
    for zone, name in enumerate(problem.zones):
        here = frozenset(
            place for place, at in zip(places(problem), zones.tolist(), strict=True) if at == zone
        )
        if not here:
            yield Worth(name, (), (text("no posts there in September"),))
            continue
        asked = AskedOf(before=nobody, only=dict.fromkeys(fresh, here))
        try:
            state = assign(prepare(problem, (*rules, asked)), progress, stop=stop)
        except NoPlan as none:
            yield Worth(name, (), none.conflict)
        else:
            yield Worth(name, tuple(state.levels))


def gain(without: Level, with_them: Level) -> tuple[float, float]:
    """Return the least and the most by which the best value of a level can be better (below 0: worse), by what is proved."""
    least = without.bound - with_them.objective
    most = without.objective - with_them.bound
    return (0.0 if abs(least) <= _SAME else least), (0.0 if abs(most) <= _SAME else most)
