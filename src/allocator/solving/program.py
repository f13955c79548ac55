"""A model's arrays, ordered for the solver: what a column holds, what it costs, whether values keep every row."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import highspy
import numpy as np

from allocator.model import TOLERANCE, Model
from allocator.problem import Bools, Ints
from allocator.roads import Floats

_AT_ONCE = 1 << 22  # entries that are multiplied together: in a province all at once would take gigabytes
_QUIET = {"output_flag": False, "threads": 1, "parallel": "off", "random_seed": 0}


@dataclass
class Cut:
    """A row over columns that are not pairs, added to a program while it is solved."""

    column: Ints
    value: Floats
    low: float
    high: float


class Program:
    """Columns and rows of a model; limits may be changed and rows over columns that are no pairs added.

    The first rows are those of the cohorts, one each, in which every column of a cohort counts once.
    """

    def __init__(self, model: Model) -> None:
        order = np.argsort(np.concatenate([e[0] for e in model.entries]), kind="stable")
        # One after another, because in a province each of these is hundreds of megabytes.
        self.row = np.concatenate([e[0] for e in model.entries])[order]
        self.column = np.concatenate([e[1] for e in model.entries])[order]
        self.value = np.concatenate([e[2] for e in model.entries])[order]
        del order
        self.low, self.high = np.concatenate(model.low), np.concatenate(model.high)
        self.whole = np.concatenate(model.whole)
        self.row_low, self.row_high = np.concatenate(model.row_low), np.concatenate(model.row_high)
        self.pairs, self.size = len(model.pairs), model.cohorts.size.astype(float)
        self.cohort = np.full(model.width, -1, dtype=np.int64)
        self.cohort[: self.pairs] = model.pair_cohort
        waits = np.flatnonzero(model.pool >= 0)
        self.cohort[model.pool[waits]] = waits
        self.cuts: dict[int, Cut] = {}
        self._by_column = np.argsort(self.column, kind="stable").astype(np.int32)
        self._start = np.searchsorted(self.column[self._by_column], np.arange(model.width + 1))

    def beside(self) -> Program:
        """Return a program that shares the rows and has limits and cuts of its own."""
        other = copy(self)
        other.low, other.high, other.cuts = self.low.copy(), self.high.copy(), {}
        return other

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.low)

    def entries(self, columns: Ints) -> tuple[Ints, Ints, Floats]:
        """Position among ``columns``, row and value of all that the columns hold."""
        sizes = self._start[columns + 1] - self._start[columns]
        ends = np.cumsum(sizes)
        at = np.repeat(self._start[columns] - (ends - sizes), sizes) + np.arange(int(sizes.sum()))
        entry = self._by_column[at]
        row: Ints = self.row[entry].astype(np.int64)
        return np.repeat(np.arange(len(columns)), sizes), row, self.value[entry]

    def priced(self, cost: Floats, dual: Floats) -> Floats:
        """Cost of every column less what the rows pay for it; ``dual`` is that of the model's rows."""
        return cost - self._summed(self.column, self.row, dual, self.width)

    def activity(self, x: Floats) -> Floats:
        """Value of every row of the model."""
        return self._summed(self.row, self.column, x, len(self.row_low))

    def _summed(self, into: Ints, at: Ints, weight: Floats, n: int) -> Floats:
        """Sum the entries, each with the weight of its row or column, into columns or rows: some at a time."""
        total = np.zeros(n)
        for begin in range(0, len(self.value), _AT_ONCE):
            some = slice(begin, begin + _AT_ONCE)
            total += np.bincount(into[some], self.value[some] * weight[at[some]], minlength=n)
        return total

    def feasible(self, x: Floats) -> bool:
        """Whether the values satisfy every row, cut and limit."""
        reached = self.activity(x)
        inside = (reached >= self.row_low - TOLERANCE) & (reached <= self.row_high + TOLERANCE)
        limits = (x >= self.low - TOLERANCE) & (x <= self.high + TOLERANCE)
        cut = (
            c.low - TOLERANCE <= float(c.value @ x[c.column]) <= c.high + TOLERANCE
            for c in self.cuts.values()
        )
        return bool(inside.all() and limits.all()) and all(cut)

    def restricted(self, cost: Floats, keep: Bools) -> highspy.Highs:
        """Pass the kept columns, with every row and every cut that binds, as a program in whole numbers."""
        used, place = keep[self.column], np.cumsum(keep) - 1
        counts = np.bincount(self.row[used], minlength=len(self.row_low))
        live = [c for c in self.cuts.values() if np.isfinite(c.low) or np.isfinite(c.high)]
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = int(keep.sum()), len(self.row_low) + len(live)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost[keep], self.low[keep], self.high[keep]
        lp.row_lower_ = np.concatenate([self.row_low, [c.low for c in live]])
        lp.row_upper_ = np.concatenate([self.row_high, [c.high for c in live]])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        sizes = np.concatenate([counts, np.array([len(c.column) for c in live], dtype=np.int64)])
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
        columns = np.concatenate([self.column[used], *(c.column for c in live)])
        lp.a_matrix_.index_ = place[columns].astype(np.int32)
        lp.a_matrix_.value_ = np.concatenate([self.value[used], *(c.value for c in live)])
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(w)] for w in self.whole[keep]]
        solver = quiet()
        solver.passModel(lp)
        return solver


def quiet() -> highspy.Highs:
    """Return a new HiGHS: silent, one thread, always the same seed."""
    solver = highspy.Highs()
    for name, value in _QUIET.items():
        solver.setOptionValue(name, value)
    return solver
