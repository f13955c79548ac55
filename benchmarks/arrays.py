"""A prepared model as plain arrays for other solvers, by cohorts or with one column a teacher and post."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from allocator.evenness import Term
from allocator.model import Model
from allocator.plan import Plan
from allocator.problem import Bools, Ints
from allocator.roads import Floats
from allocator.solving.prepare import Prepared

_MANY, _MORE = 2.5, 6  # heads of a section that are reckoned exactly: so many even shares, and so many more


@dataclass(frozen=True)
class Arrays:
    """Columns and rows of a program in whole numbers.

    Parameters
    ----------
    row, column, value
        What the rows hold.
    low, high, whole
        Limits of the columns, and whether they are whole numbers.
    row_low, row_high
        Limits of the rows.
    source
        Column of the prepared model that each column stands for, -1 for none.
    teacher
        The teacher whom a column places, -1 where it places nobody in particular.
    """

    row: Ints
    column: Ints
    value: Floats
    low: Floats
    high: Floats
    whole: Bools
    row_low: Floats
    row_high: Floats
    source: Ints
    teacher: Ints

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.low)

    def cost(self, model: Model, level: str) -> Floats:
        """Cost of every column at a level that is linear."""
        known = self.source >= 0
        vector = np.zeros(self.width)
        vector[known] = model.objective(level)[self.source[known]]
        return vector

    def held(self, cost: Floats, most: float) -> Arrays:
        """Return the arrays with one more row: this cost is at most so much."""
        used = np.flatnonzero(cost)
        return self.with_rows(
            np.zeros(len(used), dtype=np.int64), used, cost[used], np.array([-np.inf]), np.array([most])
        )

    def with_rows(self, row: Ints, column: Ints, value: Floats, low: Floats, high: Floats) -> Arrays:
        """Return the arrays with more rows; ``row`` counts from 0."""
        return replace(
            self,
            row=np.concatenate([self.row, row + len(self.row_low)]),
            column=np.concatenate([self.column, column]),
            value=np.concatenate([self.value, value]),
            row_low=np.concatenate([self.row_low, low]),
            row_high=np.concatenate([self.row_high, high]),
        )

    def with_columns(self, low: Floats, high: Floats) -> Arrays:
        """Return the arrays with more columns that stand for nothing in the model and need not be whole."""
        none = np.full(len(low), -1, dtype=np.int64)
        return replace(
            self,
            low=np.concatenate([self.low, low]),
            high=np.concatenate([self.high, high]),
            whole=np.concatenate([self.whole, np.zeros(len(low), dtype=bool)]),
            source=np.concatenate([self.source, none]),
            teacher=np.concatenate([self.teacher, none]),
        )

    def counting(self, term: Term) -> tuple[Ints, Ints]:
        """Columns that count in a term, and the position of the section of each."""
        most = int(max(self.source.max(), term.pair.max())) + 1
        position = np.full(most + 1, -1, dtype=np.int64)  # the last one is for columns that stand for nothing
        position[term.pair] = term.position
        at = position[self.source]
        return np.flatnonzero(at >= 0), at[at >= 0]

    def plan(self, model: Model, x: Floats) -> Plan:
        """Return the plan of the values of columns that place teachers one by one."""
        post = np.full(len(model.problem.teachers), -1, dtype=np.int64)
        chosen = np.flatnonzero((self.teacher >= 0) & (x > 0.5) & (self.source < len(model.pairs)))
        post[self.teacher[chosen]] = model.pair_post[self.source[chosen]]
        return Plan(post)


def by_cohorts(model: Model) -> Arrays:
    """Return the model as it is."""
    row, column, value = (np.concatenate([e[i] for e in model.entries]) for i in range(3))
    return Arrays(
        row,
        column,
        value,
        np.concatenate(model.low),
        np.concatenate(model.high),
        np.concatenate(model.whole),
        np.concatenate(model.row_low),
        np.concatenate(model.row_high),
        np.arange(model.width),
        np.full(model.width, -1, dtype=np.int64),
    )


def by_teachers(model: Model) -> Arrays:
    """Return the model with a column for every teacher and lawful post, in place of those of the cohorts.

    The first rows of a model are those of its cohorts; here they are those of the teachers.
    """
    whole, sizes = by_cohorts(model), model.cohorts.size
    cohort = np.full(model.width, -1, dtype=np.int64)
    cohort[: len(model.pairs)] = model.pair_cohort
    waits = np.flatnonzero(model.pool >= 0)
    cohort[model.pool[waits]] = waits
    copies = np.where(cohort >= 0, sizes[cohort], 1)
    first = np.cumsum(copies) - copies
    source = np.repeat(np.arange(model.width), copies)
    members, begins = np.argsort(model.cohorts.of, kind="stable"), np.cumsum(sizes) - sizes
    nth = np.arange(len(source)) - first[source]
    teacher = np.where(cohort[source] >= 0, members[(begins[cohort[source]] + nth) % len(members)], -1)
    entry = np.repeat(np.arange(len(whole.row)), copies[whole.column])
    ends = np.cumsum(copies[whole.column])
    column = first[whole.column[entry]] + np.arange(len(entry)) - (ends - copies[whole.column])[entry]
    row, n, teachers = whole.row[entry], len(sizes), len(model.cohorts.of)
    one = np.ones(teachers)
    return Arrays(
        np.where(row < n, teacher[column], row - n + teachers),
        column,
        whole.value[entry],
        whole.low[source],
        np.where(teacher >= 0, 1.0, whole.high[source]),
        whole.whole[source],
        np.concatenate([one, whole.row_low[n:]]),
        np.concatenate([one, whole.row_high[n:]]),
        source,
        teacher,
    )


def totals(terms: list[Term], prepared: Prepared, plan: Plan) -> list[float]:
    """Heads that count in the whole stage of every term, as a plan has them."""
    model, found = prepared.model, []
    for term in terms:
        counts = np.zeros(len(prepared.problem.posts) * len(model.cohorts.size), dtype=bool)
        counts[_key(model, model.pair_cohort[term.pair], model.pair_post[term.pair])] = True
        placed = np.flatnonzero(plan.post >= 0)
        found.append(float(counts[_key(model, model.cohorts.of[placed], plan.post[placed])].sum()))
    return found


def _key(model: Model, cohort: Ints, post: Ints) -> Ints:
    return np.asarray(cohort * len(model.problem.posts) + post, dtype=np.int64)


def squares(term: Term, total: float) -> Floats:
    """Return what the square of the heads of each section adds to the term, where the whole stage has that total."""
    return np.asarray(term.weight * term.pupils.sum() / term.pupils / total**2, dtype=np.float64)


def constant(terms: list[Term], at: list[float]) -> float:
    """Return what the terms are apart from the squares."""
    return sum(-t.weight if total else t.weight * t.worst for t, total in zip(terms, at, strict=True))


def with_evenness(arrays: Arrays, terms: list[Term], at: list[float]) -> tuple[Arrays, Floats]:
    """Add the terms with their totals held at those given, and return the costs beside the constant.

    With its total held, a squared CV is a sum of squares of heads. Every head more is a column of its own whose
    cost is the exact increase, up to far above an even share; from there on the cost stays that of the last,
    which is below the true one.
    """
    costs = [np.zeros(arrays.width)]
    for term, total in zip(terms, at, strict=True):
        counted, position = arrays.counting(term)
        arrays = arrays.with_rows(
            np.zeros(len(counted), dtype=np.int64),
            counted,
            np.ones(len(counted)),
            np.array([total]),
            np.array([total]),
        )
        if not total:
            continue
        steps = (np.ceil(_MANY * total * term.pupils / term.pupils.sum()) + _MORE).astype(np.int64)
        section = np.repeat(np.arange(len(steps)), steps)
        head = np.arange(len(section)) - np.repeat(np.cumsum(steps) - steps, steps)
        made = arrays.width + np.arange(len(section))
        last = head == steps[section] - 1
        arrays = arrays.with_columns(np.zeros(len(made)), np.where(last, np.inf, 1.0))
        arrays = arrays.with_rows(
            np.concatenate([position, section]),
            np.concatenate([counted, made]),
            np.concatenate([np.ones(len(counted)), -np.ones(len(made))]),
            np.zeros(len(steps)),
            np.zeros(len(steps)),
        )
        costs.append(squares(term, total)[section] * (2.0 * head + 1.0))
    return arrays, np.concatenate(costs)
