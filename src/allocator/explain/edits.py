"""A plan edited by hand against the plan it was made from: what each choice costs, what would do better, and what all cost together.

Every outcome is that of the plan before with the people named changed and nobody else: it is counted, not estimated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from allocator.explain.weigh import Change, Outcome, Weighed, Weighing
from allocator.explain.who import first, outcome
from allocator.plan import Plan

_BEST = 3  # outcomes of each kind that are told


@dataclass(frozen=True)
class Others:
    """What could have been chosen instead.

    Parameters
    ----------
    free, better
        How many other choices break no hard rule, and how many of them do better than the choice by hand.
    best
        Those that do best.
    """

    free: int
    better: int
    best: tuple[Outcome, ...]


@dataclass(frozen=True)
class Edit:
    """One person with another place by hand.

    Parameters
    ----------
    teacher, was, now
        Who, and the post group before and by hand, -1 for none.
    alone
        The plan before with this person changed alone.
    elsewhere
        The same person at other posts.
    instead
        Other people at the same post, and the person where the plan before has them.
    """

    teacher: int
    was: int
    now: int
    alone: Outcome
    elsewhere: Others
    instead: Others


@dataclass(frozen=True)
class Edits:
    """All that was changed by hand.

    Parameters
    ----------
    together
        The plan by hand.
    groups
        Those who take posts from one another, priced as one, with each of them; most are of one.
    """

    together: Outcome
    groups: tuple[tuple[Outcome, tuple[Edit, ...]], ...]


def edits(scales: Weighing, by_hand: Plan) -> Edits | None:
    """Price what was changed by hand; None where nothing was.

    Parameters
    ----------
    scales
        The plan before.
    """
    changed = np.flatnonzero(scales.plan.post != by_hand.post)
    every = [(int(t), int(by_hand.post[t])) for t in changed]
    if not every:
        return None
    groups = tuple(
        (outcome(scales, one), tuple(_edit(scales, c) for c in one)) for one in _linked(scales, every)
    )
    return Edits(outcome(scales, every), groups)


def _linked(scales: Weighing, every: list[Change]) -> Iterator[list[Change]]:
    """Yield the changes in groups: whoever takes a post of which somebody else leaves a place belongs to them."""
    group = {teacher: {teacher} for teacher, _ in every}
    for taker, post in every:
        for leaver, _ in every:
            if post >= 0 and int(scales.plan.post[leaver]) == post and group[taker] is not group[leaver]:
                group[taker] |= group[leaver]
                for one in group[leaver]:
                    group[one] = group[taker]
    for teacher, _ in every:
        if teacher == min(group[teacher]):
            yield [change for change in every if change[0] in group[teacher]]


def _edit(scales: Weighing, change: Change) -> Edit:
    """Price one change, and look at what could have been chosen instead."""
    teacher, now = change
    was, alone = int(scales.plan.post[teacher]), outcome(scales, [change])
    posts = np.flatnonzero(scales.lawful[teacher])
    there = scales.weighed([[(teacher, int(p))] for p in posts if p not in (was, now)])
    people = np.flatnonzero(scales.lawful[:, now] & (scales.plan.post != now)) if now >= 0 else ()
    them = scales.weighed([[(int(t), now)] for t in people if t != teacher])
    return Edit(teacher, was, now, alone, _others(scales, alone, there), _others(scales, alone, them))


def _others(scales: Weighing, alone: Outcome, weighed: list[Weighed]) -> Others:
    free = [one for one in weighed if not one[1]]
    better = sum(bool(alone.broken) or scales.key(one) < scales.key(alone) for one, _, _ in free)
    return Others(len(free), better, first(scales, free, _BEST))
