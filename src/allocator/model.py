"""The decision variables: how many teachers of each cohort take each post group.

Teachers whom no rule, indicator, wish, distance or pin can tell apart are one *cohort*: one whole number of
them goes to each lawful post group. The model is plain arrays; an engine in ``solving`` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from allocator.problem import Bools, Ints, Objects, Problem
from allocator.roads import Floats

TOLERANCE = 1e-7  # by which values may miss a row or limit
INFINITY = float("inf")


@dataclass(frozen=True)
class Cohorts:
    """Groups of interchangeable teachers.

    Parameters
    ----------
    of
        Cohort of each teacher, shape (teachers,).
    size
        Teachers in each cohort.
    first
        The first teacher of each cohort, who answers for all of them.
    """

    of: Ints
    size: Ints
    first: Ints


def cohorts(columns: Sequence[NDArray[np.generic]], rank: Ints) -> Cohorts:
    """Group teachers whose rows agree in every column given.

    Parameters
    ----------
    columns
        Each of shape (teachers,).
    rank
        Place of each teacher in an order that is not that of the rows: the cohorts follow it.
    """
    people = np.argsort(rank)
    codes = [np.unique(column, return_inverse=True)[1].ravel()[people] for column in columns]
    table = np.stack(codes, axis=1)
    _, first, of, size = np.unique(table, axis=0, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first, kind="stable")
    of = np.argsort(order)[of.ravel()]
    return Cohorts(of[rank], size[order], people[first[order]])


@dataclass
class Model:
    """Columns and rows of an integer program.

    Parameters
    ----------
    problem, cohorts
        What it is about.
    pair_cohort, pair_post
        The lawful pairs; column ``i`` of the model is the number of teachers of pair ``i``.
    pool
        Column that counts how many of each cohort wait without a place, -1 where nobody may.
    in_parts
        Levels of which a plan may cost a part of one although every weight is whole.
    """

    problem: Problem
    cohorts: Cohorts
    pair_cohort: Ints
    pair_post: Ints
    pool: Ints
    low: list[Floats] = field(default_factory=list)
    high: list[Floats] = field(default_factory=list)
    whole: list[Bools] = field(default_factory=list)
    row_low: list[Floats] = field(default_factory=list)
    row_high: list[Floats] = field(default_factory=list)
    entries: list[tuple[NDArray[np.int32], NDArray[np.int32], Floats]] = field(default_factory=list)
    costs: dict[str, list[tuple[Ints, Floats]]] = field(default_factory=dict)
    breaches: dict[str, list[Ints]] = field(default_factory=dict)
    in_parts: set[str] = field(default_factory=set)
    width: int = 0
    height: int = 0

    @property
    def pairs(self) -> Ints:
        """Columns of the pairs."""
        return np.arange(len(self.pair_post))

    @property
    def pair_teacher(self) -> Ints:
        """A teacher who stands for the cohort of each pair."""
        return self.cohorts.first[self.pair_cohort]

    def columns(self, low: Floats, high: Floats, *, whole: bool) -> Ints:
        """Add variables; returns their indices."""
        made = np.arange(self.width, self.width + len(low))
        self.low.append(np.asarray(low, dtype=float))
        self.high.append(np.asarray(high, dtype=float))
        self.whole.append(np.full(len(low), whole))
        self.width += len(low)
        return made

    def rows(self, row: Ints, column: Ints, value: Floats, low: Floats, high: Floats) -> Ints:
        """Add constraints ``low <= sum(value × column) <= high``; ``row`` counts from 0 within this call."""
        made = np.arange(self.height, self.height + len(low))
        where = (np.asarray(row) + self.height).astype(np.int32), np.asarray(column).astype(np.int32)
        self.entries.append((*where, np.asarray(value, dtype=float)))
        self.row_low.append(np.asarray(low, dtype=float))
        self.row_high.append(np.asarray(high, dtype=float))
        self.height += len(low)
        return made

    def row(self, column: Ints, value: Floats, low: float = -INFINITY, high: float = INFINITY) -> int:
        """Add one constraint."""
        row = np.zeros(len(column), dtype=np.int64)
        return int(self.rows(row, column, value, np.array([low]), np.array([high]))[0])

    def cost(self, level: str, column: Ints, value: Floats) -> None:
        """Add a linear cost to a level of the objective."""
        self.costs.setdefault(level, []).append((column, np.asarray(value, dtype=float)))

    def breach(self, rule: str, n: int, *, soft: bool, whole: bool = True) -> Ints:
        """Add ``n`` variables that say by how much a rule is broken: fixed at 0 where the rule is hard.

        ``whole`` says whether whole people break it by whole numbers.
        """
        self.in_parts |= {"rules"} if soft and n and not whole else set()
        made = self.columns(np.zeros(n), np.full(n, INFINITY if soft else 0.0), whole=False)
        self.breaches.setdefault(rule, []).append(made)
        self.cost("rules", made, np.ones(n))
        return made

    def copy(self) -> Model:
        """Return a model that can be added to without changing this one."""
        return replace(
            self,
            pool=self.pool.copy(),
            low=list(self.low),
            high=list(self.high),
            whole=list(self.whole),
            row_low=list(self.row_low),
            row_high=list(self.row_high),
            entries=list(self.entries),
            costs={level: list(parts) for level, parts in self.costs.items()},
            breaches={rule: list(made) for rule, made in self.breaches.items()},
            in_parts=set(self.in_parts),
        )

    def least_breach(self, x: Floats) -> Floats:
        """Return the values with every breach as small as its row allows for the rest of them."""
        made = [column for parts in self.breaches.values() for column in parts]
        if not made:
            return x
        breach = np.zeros(self.width, dtype=bool)
        breach[np.concatenate(made)] = True
        low, high = np.concatenate(self.row_low), np.concatenate(self.row_high)
        tight = np.where(breach, 0.0, x)
        reached = self.activity(tight)
        held = [e for e in self.entries if breach[e[1]].any()]
        if not held:
            return tight
        row, column, value = (np.concatenate([e[i] for e in held]) for i in range(3))
        at = np.flatnonzero(breach[column])
        at = at[np.unique(column[at], return_index=True)[1]]  # the row of the rule; later ones hold a level
        missed = np.where(value[at] < 0, reached[row[at]] - high[row[at]], low[row[at]] - reached[row[at]])
        tight[column[at]] = np.maximum(missed, 0.0)
        return tight

    def activity(self, x: Floats) -> Floats:
        """Value of every row, shape (rows,)."""
        reached = np.zeros(self.height)
        for row, column, value in self.entries:
            reached += np.bincount(row, value * x[column], minlength=self.height)
        return reached

    def keeps(self, x: Floats) -> bool:
        """Whether the values satisfy every row and limit."""
        reached = self.activity(x)
        low, high = np.concatenate(self.row_low) - TOLERANCE, np.concatenate(self.row_high) + TOLERANCE
        least, most = np.concatenate(self.low) - TOLERANCE, np.concatenate(self.high) + TOLERANCE
        return bool(((reached >= low) & (reached <= high)).all() and ((x >= least) & (x <= most)).all())

    def objective(self, level: str) -> Floats:
        """Cost of every column at a level, shape (columns,)."""
        vector = np.zeros(self.width)
        for column, value in self.costs.get(level, []):
            vector += np.bincount(column, value, minlength=self.width)
        return vector

    def whole_costs(self, level: str) -> bool:
        """Whether every plan costs a whole number at a level."""
        cost = self.objective(level)
        return level not in self.in_parts and bool((cost == np.round(cost)).all())


def assignment(
    problem: Problem,
    groups: Cohorts,
    allowed: Bools,
    subject_weights: Floats,
    waiting: Bools | None = None,
    reserve: int = 0,
) -> Model:
    """Make the core of the model: every teacher exactly one place or waiting, empty places counted.

    Parameters
    ----------
    allowed
        Lawful pairs, shape (cohorts, post groups).
    subject_weights
        What one empty place of a subject weighs, shape (subjects,).
    waiting
        Which cohorts may wait without a place, shape (cohorts,); nobody if not given.
    reserve
        How many may wait in all.
    """
    cohort, post = (a.astype(np.int64) for a in np.nonzero(allowed))
    model = Model(problem, groups, cohort, post, np.full(len(groups.size), -1, dtype=np.int64))
    pairs = model.columns(np.zeros(len(cohort)), groups.size[cohort].astype(float), whole=True)
    size = groups.size.astype(float)
    waits = np.zeros(0, dtype=np.int64) if waiting is None or not reserve else np.flatnonzero(waiting)
    pool = (
        len(pairs) + int((problem.posts.places > 0).sum()) + np.arange(len(waits))
    )  # after the empty places
    model.rows(
        np.concatenate([cohort, waits]),
        np.concatenate([pairs, pool]),
        np.ones(len(pairs) + len(pool)),
        size,
        size,
    )
    places = problem.posts.places
    wanted = np.flatnonzero(places > 0)
    short = model.columns(np.zeros(len(wanted)), places[wanted].astype(float), whole=False)
    position = np.full(len(places), -1, dtype=np.int64)
    position[wanted] = np.arange(len(wanted))
    into = position[post] >= 0
    model.rows(
        np.concatenate([position[post[into]], np.arange(len(wanted))]),
        np.concatenate([pairs[into], short]),
        np.ones(int(into.sum()) + len(wanted)),
        places[wanted].astype(float),
        np.full(len(wanted), INFINITY),
    )
    model.cost("coverage", short, subject_weights[problem.posts.subject[wanted]])
    if len(waits):
        model.pool[waits] = model.columns(np.zeros(len(waits)), size[waits], whole=True)
        assert (model.pool[waits] == pool).all()
        model.row(pool, np.ones(len(pool)), high=float(reserve))
        model.cost("reserve", pool, np.ones(len(pool)))
    return model


def deal(model: Model, counts: Ints, waiting: Ints | None = None, *, order: Objects | Ints) -> Ints:
    """Deal the numbers of each cohort out to people.

    Parameters
    ----------
    counts
        Teachers on each pair, shape (pairs,).
    waiting
        Teachers of each cohort who wait without a place, shape (cohorts,); nobody if not given.
    order
        Position of each teacher in the scenario's order: the first are the first to move.

    Returns
    -------
    Post group of each teacher, -1 for those who wait. Within a cohort, movers are taken from the front of the
    order and meet the posts in their order; then come those who wait; those who keep their place are taken from
    its end.
    """
    problem = model.problem
    taken = np.flatnonzero(counts > 0)
    idle = np.zeros(0, dtype=np.int64) if waiting is None else np.flatnonzero(waiting > 0)
    home = problem.home_post[model.pair_teacher[taken]] == model.pair_post[taken]
    cohort = np.concatenate([model.pair_cohort[taken], idle])
    to = np.concatenate([model.pair_post[taken], np.full(len(idle), -1, dtype=np.int64)])
    n = np.concatenate([counts[taken], np.zeros(0, dtype=np.int64) if waiting is None else waiting[idle]])
    last = np.concatenate([2 * home, np.ones(len(idle))])
    sequence = np.lexsort((to, last, cohort))
    people = np.lexsort((np.asarray(order), model.cohorts.of))
    post = np.empty(len(problem.teachers), dtype=np.int64)
    post[people] = np.repeat(to[sequence], n[sequence])
    return post


def whole_people(model: Model, x: Floats) -> tuple[Ints, Ints]:
    """Whole numbers of people on each pair, and of those who wait in each cohort."""
    whole = np.round(x).astype(np.int64)
    return whole[: len(model.pairs)], np.where(model.pool >= 0, whole[model.pool], 0)
