"""A heuristic: from surplus to shortage, the nearest lawful teacher first, as long as no total is broken further."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from allocator.model import Model, deal, whole_people
from allocator.plan import Plan
from allocator.problem import Ints
from allocator.roads import Floats
from allocator.solving.prepare import Prepared, order_of_leaving
from benchmarks.arrays import by_cohorts
from benchmarks.methods.task import Answer, Task
from benchmarks.witness import weights

_SLACK = 1e-9


@dataclass
class _State:
    """How many of each cohort are on each lawful post, and what every total has reached.

    Totals that may be missed at a price, such as the posts of a group, are left out.
    """

    model: Model
    begins: Ints
    rows: Ints
    values: Floats
    low: Floats
    high: Floats
    reached: Floats
    held: Ints = field(init=False)
    filled: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.held = np.zeros(len(self.model.pairs), dtype=np.int64)
        self.filled = np.zeros(len(self.model.problem.posts), dtype=np.int64)

    def put(self, pair: int, n: int) -> None:
        """Put so many on a pair, or take them from it."""
        at = slice(self.begins[pair], self.begins[pair + 1])
        np.add.at(self.reached, self.rows[at], n * self.values[at])
        self.held[pair] += n
        self.filled[self.model.pair_post[pair]] += n

    def worse(self, to: int, away: int | None) -> bool:
        """Whether a total would be broken further if one went to a pair, away from another."""
        change: dict[int, float] = {}
        for pair, sign in ((to, 1.0),) if away is None else ((to, 1.0), (away, -1.0)):
            for k in range(self.begins[pair], self.begins[pair + 1]):
                row = int(self.rows[k])
                change[row] = change.get(row, 0.0) + sign * float(self.values[k])
        return any(
            self._broken(row, step) > max(self._broken(row, 0.0), 0.0) + _SLACK
            for row, step in change.items()
            if step
        )

    def _broken(self, row: int, step: float) -> float:
        value = float(self.reached[row]) + step
        return max(float(self.low[row]) - value, value - float(self.high[row]))


def solve(prepared: Prepared, task: Task) -> Answer:
    """Let everybody stay, place those without a place, then move from surplus to shortage."""
    model, end = prepared.model, time.monotonic() + task.seconds
    state, home = _state(model), _home(model)
    for pair in np.flatnonzero(home[model.pair_cohort] == np.arange(len(model.pairs))).tolist():
        state.put(pair, int(model.cohorts.size[model.pair_cohort[pair]]))
    burden = model.objective("burden")[: len(model.pairs)]
    for cohort in np.flatnonzero(home < 0).tolist():
        _place(state, cohort, burden)
    _move(state, home, burden, weights(prepared.problem)[model.pair_post], end)
    x = np.zeros(model.width)
    x[: len(model.pairs)] = state.held
    placed = np.bincount(model.pair_cohort, state.held, minlength=len(home))
    without = (model.cohorts.size - placed).astype(np.int64)
    counts, _ = whole_people(model, x)
    return Answer(Plan(deal(model, counts, without, order=order_of_leaving(prepared.problem))))


def _state(model: Model) -> _State:
    """Keep the totals over people that cannot be missed at a price."""
    arrays, people = by_cohorts(model), len(model.pairs)
    priced = (arrays.column >= people) & (arrays.high[arrays.column] > 0)
    kept = np.bincount(arrays.row[priced], minlength=len(arrays.row_low)) == 0
    kept[: len(model.cohorts.size)] = False
    used = np.flatnonzero(kept[arrays.row] & (arrays.column < people))
    used = used[np.argsort(arrays.column[used], kind="stable")]
    begins = np.searchsorted(arrays.column[used], np.arange(people + 1))
    nothing = np.zeros(len(arrays.row_low))
    return _State(
        model, begins, arrays.row[used], arrays.value[used], arrays.row_low, arrays.row_high, nothing
    )


def _home(model: Model) -> Ints:
    """Pair of the present place of every cohort, -1 for none."""
    home = np.full(len(model.cohorts.size), -1, dtype=np.int64)
    here = np.flatnonzero(model.problem.home_post[model.pair_teacher] == model.pair_post)
    home[model.pair_cohort[here]] = here
    return home


def _place(state: _State, cohort: int, burden: Floats) -> None:
    """Place the people of a cohort without a place, one by one: into a shortage if any, else the nearest."""
    model = state.model
    pairs = np.flatnonzero(model.pair_cohort == cohort)
    post = model.pair_post[pairs]
    for _ in range(int(model.cohorts.size[cohort])):
        short = model.problem.posts.places[post] > state.filled[post]
        for pair in pairs[np.lexsort((burden[pairs], ~short))].tolist():
            if not state.worse(pair, None):
                state.put(pair, 1)
                break


def _move(state: _State, home: Ints, burden: Floats, weight: Floats, end: float) -> None:
    """Fill what is short from where there is surplus until nothing more can be done."""
    model, places = state.model, state.model.problem.posts.places
    start = home[model.pair_cohort]
    beyond = state.filled - places
    wanted = (start >= 0) & (beyond[model.pair_post] < 0) & (beyond[model.pair_post[start]] > 0)
    order = np.flatnonzero(wanted)
    order = order[np.lexsort((burden[order], -weight[order]))]
    moved = True
    while moved and time.monotonic() < end:
        moved = False
        for pair in order.tolist():
            away, post = int(start[pair]), int(model.pair_post[pair])
            from_post = int(model.pair_post[away])
            lacking = state.filled[post] < places[post] and state.filled[from_post] > places[from_post]
            if lacking and state.held[away] and not state.worse(pair, away):
                state.put(away, -1)
                state.put(pair, 1)
                moved = True
