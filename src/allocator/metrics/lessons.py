"""Lessons a week that the teachers of a section can take: an exact transport of teaching weeks to subjects.

A teacher has ``fte`` of a week; a lesson of subject s takes ``1 / load[s]`` of a week, whoever gives it.
A teacher gives the subject of the post held and the further subjects (兼课) on the roster. In strict order:

1. the most teaching weeks are covered: what stays is what no teacher of the section can take;
2. the most of them by teachers whose main subject it is: second subjects come after main ones;
3. the earlier subjects of the standard are covered first, so that the answer is unique.

Weeks and not lessons are compared, because a count of lessons would send a teacher of Chinese who can give PE
to PE whenever both are short, only since a week has more lessons of PE.

Relief for management is not taken off, and an absence counts only where ``fte`` states it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from allocator.metrics.snapshot import Snapshot
from allocator.problem import Bools, Ints, Problem, loads
from allocator.roads import Floats

# Weeks are whole units, so that the transport is exact: sixtieths of a lesson, and hundredths of a week, are
# whole for every load up to 20 lessons; any other number is rounded by less than 1e-9 of a lesson.
_WEEK = 60 * 232_792_560

Capacity = Mapping[tuple[int, tuple[int, ...]], float]
"""Weeks of the teachers of one section by main subject and further subjects (subject indices, ascending)."""


@dataclass
class _Transport:
    """A flow of weeks from capacities to subjects, improved one best path at a time.

    Parameters
    ----------
    may
        Whether a capacity can give a subject, shape (capacities, subjects).
    gain
        1 where it is the main subject of the capacity, 0 where it is a second one, same shape.
    spare, open
        Units not yet used of each capacity, and not yet covered of each subject.
    flow
        Units by capacity and subject.
    """

    may: Bools
    gain: Ints
    spare: Ints
    open: Ints
    flow: Ints


def covered_lessons(lessons: Floats, loads: Floats, capacity: Capacity) -> Floats:
    """Lessons a week that the teachers of one section cover, by subject.

    A maximum flow of the most weeks in main subjects, by successive best paths (R. Ahuja, T. Magnanti and
    J. Orlin, Network Flows, 1993, section 9.7).

    Parameters
    ----------
    lessons
        Lessons a week by subject, shape (subjects,).
    loads
        Lessons a week of a full-time teacher by subject, shape (subjects,).
    capacity
        Weeks by what the teachers can give; the order does not matter.

    Returns
    -------
    Shape (subjects,), never more than ``lessons``.
    """
    if not capacity:
        return np.zeros_like(lessons)
    demand = np.rint(lessons / loads * _WEEK).astype(np.int64)
    net = _transport(demand, capacity)
    _cover(net)
    return np.where(net.open == 0, lessons, (demand - net.open) * loads / _WEEK)


def _transport(demand: Ints, capacity: Capacity) -> _Transport:
    groups = sorted(capacity)
    may = np.zeros((len(groups), len(demand)), dtype=bool)
    gain = np.zeros(may.shape, dtype=np.int64)
    for c, (main, further) in enumerate(groups):
        may[c, [main, *further]] = True
        gain[c, main] = 1
    weeks = np.array([capacity[g] for g in groups], dtype=float)
    spare = np.rint(weeks * _WEEK).astype(np.int64)
    return _Transport(may & (demand > 0), gain, spare, demand.copy(), np.zeros(may.shape, dtype=np.int64))


def _cover(net: _Transport) -> None:
    """Raise the flow as far as it goes, always along a best path."""
    while True:
        worth, giver, taken = _best_paths(net)
        worth = np.where(net.open > 0, worth, _NEVER)
        if worth.max() == _NEVER:
            return
        # The first of the best: earlier subjects first.
        _augment(net, int(worth.argmax()), giver, taken)


_NEVER = -(2**60)


def _best_paths(net: _Transport) -> tuple[Ints, Ints, Ints]:
    """Find the best path from spare weeks to each subject: the one on which main subjects gain most.

    On a path a capacity with spare weeks takes a subject, whose present giver takes the next one, and so on.

    Returns
    -------
    Gain by subject (``_NEVER`` where there is no path), the capacity that takes each subject on its path, and
    the subject that each capacity gives up for it (-1: it has spare weeks).
    """
    start, taken = np.where(net.spare > 0, 0, _NEVER), np.full(len(net.spare), -1, dtype=np.int64)
    worth, giver = np.full(len(net.open), _NEVER), np.full(len(net.open), -1, dtype=np.int64)
    while True:
        # Only what is strictly better is written down: else paths of equal worth could bite their own tails.
        onward = np.where(net.may & (start > _NEVER)[:, None], start[:, None] + net.gain, _NEVER)
        better = onward.max(axis=0) > worth
        if not better.any():
            return worth, giver, taken
        worth, giver = (
            np.where(better, onward.max(axis=0), worth),
            np.where(better, onward.argmax(axis=0), giver),
        )
        back = np.where((net.flow > 0) & (worth > _NEVER), worth - net.gain, _NEVER)
        better = back.max(axis=1) > start
        start, taken = np.where(better, back.max(axis=1), start), np.where(better, back.argmax(axis=1), taken)


def _augment(net: _Transport, end: int, giver: Ints, taken: Ints) -> None:
    """Send as much as fits along the path that ends at a subject."""
    steps = [(int(giver[end]), end)]
    while (given_up := int(taken[steps[-1][0]])) >= 0:
        steps.append((int(giver[given_up]), given_up))
    first = steps[-1][0]
    leaves = [(c, s) for (c, _), (_, s) in pairwise(steps)]
    amount = min(int(net.open[end]), int(net.spare[first]), *(int(net.flow[at]) for at in leaves))
    for at in steps:
        net.flow[at] += amount
    for at in leaves:
        net.flow[at] -= amount
    net.open[end] -= amount
    net.spare[first] -= amount


def section_lessons(problem: Problem, snapshot: Snapshot) -> Floats:
    """Lessons a week that are covered in every section at one time, shape (sections, subjects).

    The teachers of a section cover its lessons and no others, except by shared posts: see :func:`capacities`.
    """
    full, stage = loads(problem), problem.sections.stage
    covered = np.zeros_like(snapshot.season.lessons)
    for u, capacity in capacities(problem, snapshot).items():
        covered[u] = covered_lessons(snapshot.season.lessons[u], full[stage[u]], capacity)
    return covered


def capacities(problem: Problem, snapshot: Snapshot) -> dict[int, dict[tuple[int, tuple[int, ...]], float]]:
    """Weeks of the teachers of each section by what they can give; sections without any are left out.

    Shared posts (走教) are filled before the other posts of their section and subject: first by the teachers
    with the fewest further subjects, then by the longer week, then in roster order. Who fills one gives each
    section visited the share of the week that the post states, in the subject of the post only, and has the
    rest of the week at home. A shared post that nobody is left for serves nobody.
    """
    weeks = problem.teachers.table["fte"].to_numpy(float, copy=True)
    found: dict[int, dict[tuple[int, tuple[int, ...]], float]] = defaultdict(lambda: defaultdict(float))
    for section, subject, share, teacher in _visits(problem, snapshot, weeks):
        found[section][subject, ()] += share
        weeks[teacher] -= share
    for t in np.flatnonzero(snapshot.section >= 0):
        found[int(snapshot.section[t])][_gives(problem, snapshot, int(t))] += weeks[t]
    return found


def _gives(problem: Problem, snapshot: Snapshot, teacher: int) -> tuple[int, tuple[int, ...]]:
    """Subject of the post held, and the further subjects."""
    main = int(snapshot.subject[teacher])
    return main, tuple(int(s) for s in np.flatnonzero(problem.teachers.takes[teacher]) if s != main)


def _visits(problem: Problem, snapshot: Snapshot, weeks: Floats) -> list[tuple[int, int, float, int]]:
    """Section visited, subject, share of a week and teacher of every visit."""
    setting, visits = snapshot.season.setting, []
    waiting: dict[tuple[int, int], list[int]] = {}
    for post in setting.shared if setting is not None else ():
        if (post.home, post.subject) not in waiting:
            heads = np.flatnonzero((snapshot.section == post.home) & (snapshot.subject == post.subject))
            further = problem.teachers.takes[heads].sum(axis=1)
            waiting[post.home, post.subject] = [int(heads[i]) for i in np.lexsort((-weeks[heads], further))]
        if heads_left := waiting[post.home, post.subject]:
            head = heads_left.pop(0)
            visits += [
                (v, post.subject, share * float(weeks[head]), head)
                for v, share in post.shares
                if v != post.home
            ]
    return visits
