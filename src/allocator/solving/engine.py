"""The engine: HiGHS reads a model's arrays and returns numbers; one thread, one seed, no clock but the limit.

HiGHS is used through highspy, because OR-Tools' own interface to it cannot be interrupted, cannot limit
threads and cannot add columns to a warm basis. Relaxations are solved by column generation: most pairs of
teacher and post are never needed, and a pair that is not in the program is priced by its reduced cost.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from allocator.model import Model
from allocator.problem import Bools, Ints
from allocator.roads import Floats

_TOLERANCE = 1e-7
_PRICE = 1e-9
_NEW_PER_COHORT = 2
_MISSED = 1e-6  # people; rows that are missed by less in sum are kept
_ANSWERS = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible)
_NO_SOLUTION = (
    highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kUnboundedOrInfeasible,  # and no model here is unbounded
)


class OutOfTime(Exception):
    """The deadline passed before there was an answer."""


@dataclass(frozen=True)
class Linear:
    """An optimal solution of the relaxation.

    ``reduced`` are the reduced costs, ``value`` the optimum: a valid bound for every plan.
    """

    value: float
    x: Floats
    reduced: Floats


@dataclass(frozen=True)
class Whole:
    """A solution in whole numbers: the best found, its objective, and the bound proved for the columns kept."""

    value: float
    x: Floats
    bound: float


class Engine:
    """One model, ready to be solved for any objective; rows may be rewritten in between.

    The relaxation keeps its columns and its basis, so that a further objective is cheap.
    """

    def __init__(self, model: Model, start: Floats | None = None) -> None:
        row = np.concatenate([e[0] for e in model.entries])
        column = np.concatenate([e[1] for e in model.entries])
        order = np.lexsort((column, row))
        self._row, self._column = row[order], column[order]
        self._value = np.concatenate([e[2] for e in model.entries])[order]
        self.low, self.high = np.concatenate(model.low), np.concatenate(model.high)
        self._whole = np.concatenate(model.whole)
        self._row_low, self._row_high = np.concatenate(model.row_low), np.concatenate(model.row_high)
        self._by_column = np.argsort(self._column, kind="stable")
        self._column_start = np.searchsorted(self._column[self._by_column], np.arange(model.width + 1))
        self._pairs, self._cohort = len(model.pairs), model.pair_cohort
        self._active = _first_columns(model, start)
        self._solver: highspy.Highs | None = None
        self._place = np.full(model.width, -1, dtype=np.int64)
        self._slack: list[int] = []

    @property
    def active(self) -> Bools:
        """Columns that are in the program, shape (columns,)."""
        return self._active

    def add_row(self, column: Ints, value: Floats, low: float, high: float = np.inf) -> int:
        """Add a row over columns that are not pairs; returns its index."""
        made = len(self._row_low)
        order = np.argsort(column)
        self._row = np.concatenate([self._row, np.full(len(column), made)])
        self._column = np.concatenate([self._column, column[order]])
        self._value = np.concatenate([self._value, value[order]])
        self._row_low, self._row_high = np.append(self._row_low, low), np.append(self._row_high, high)
        if self._solver is not None:
            self._solver.addRow(low, high, len(column), self._place[column].astype(np.int32), value)
        return made

    def limit_row(self, row: int, low: float, high: float) -> None:
        """Give a row new limits."""
        self._row_low[row], self._row_high[row] = low, high
        if self._solver is not None:
            self._solver.changeRowBounds(row, low, high)

    def free(self, row: int) -> None:
        """Take the limits of a row away."""
        self.limit_row(row, -np.inf, np.inf)

    def limit(self, column: int, low: float, high: float) -> None:
        """Give a column new limits; 0 must stay allowed for a pair, because it may not be in the program."""
        self.low[column], self.high[column] = low, high
        if self._solver is not None and self._place[column] >= 0:
            self._solver.changeColBounds(int(self._place[column]), low, high)

    def linear(self, cost: Floats, deadline: float = np.inf) -> Linear | None:
        """Solve the relaxation; None where it is infeasible.

        Raises
        ------
        OutOfTime
            Where the deadline on the clock of ``time.monotonic`` passed first.
        """
        solver, opened = self._ready(cost), False
        while True:
            if time.monotonic() > deadline:
                raise OutOfTime
            solver.run()
            status = solver.getModelStatus()
            if status not in _ANSWERS:  # the basis went astray: once more, from nothing
                solver.clearSolver()
                solver.run()
                status = solver.getModelStatus()
            if status == highspy.HighsModelStatus.kInfeasible:
                if self._active.all() or not (opened or self._opened(cost, deadline)):
                    return None
                if opened:  # feasible but for tolerances, and yet not: leave nothing out
                    self._add(np.flatnonzero(~self._active), cost)
                opened = True
                continue
            if status != highspy.HighsModelStatus.kOptimal:
                raise RuntimeError(f"the relaxation ended with {solver.modelStatusToString(status)}")
            solution = solver.getSolution()
            reduced = self._reduced(cost, np.array(solution.row_dual))
            wanted = self._wanted(reduced)
            if not len(wanted):
                return self._found(cost, np.array(solution.col_value), reduced)
            self._add(wanted, cost)

    def _ready(self, cost: Floats) -> highspy.Highs:
        """Return the solver with the active columns and this objective."""
        if self._solver is None:
            self._solver = self._made(cost, self._active, whole=False)
            self._place[self._active] = np.arange(int(self._active.sum()))
        else:
            here = np.flatnonzero(self._active)
            self._solver.changeColsCost(len(here), self._place[here].astype(np.int32), cost[here])
        return self._solver

    def _opened(self, cost: Floats, deadline: float) -> bool:
        """Add pairs until the relaxation is feasible; False where it is not with all of them.

        Every row may be missed at a price while the sum of what is missed is made small; pairs are priced by
        what they would save of it.
        """
        solver, nothing = self._solver, np.zeros(len(cost))
        assert solver is not None
        self._add_slack(solver)
        slack, n = np.array(self._slack, dtype=np.int32), len(self._slack)
        self._ready(nothing)
        solver.changeColsBounds(n, slack, np.zeros(n), np.full(n, np.inf))
        solver.changeColsCost(n, slack, np.ones(n))
        while True:
            if time.monotonic() > deadline:
                raise OutOfTime
            solver.run()
            missed = solver.getInfo().objective_function_value
            if missed <= _MISSED:
                break
            wanted = self._wanted(self._reduced(nothing, np.array(solver.getSolution().row_dual)))
            if not len(wanted):
                break
            self._add(wanted, nothing)
        solver.changeColsBounds(n, slack, np.zeros(n), np.zeros(n))
        solver.changeColsCost(n, slack, np.zeros(n))
        self._ready(cost)
        return bool(missed <= _MISSED)

    def _add_slack(self, solver: highspy.Highs) -> None:
        """Give every row that has none a column that fills it up and one that takes from it, both shut."""
        rows = np.repeat(np.arange(len(self._slack) // 2, len(self._row_low)), 2).astype(np.int32)
        n, first = len(rows), solver.getNumCol()
        if n:
            zeros, each = np.zeros(n), np.arange(n, dtype=np.int32)
            solver.addCols(n, zeros, zeros, zeros, n, each, rows, np.tile([1.0, -1.0], n // 2))
            self._slack += range(first, first + n)

    def _reduced(self, cost: Floats, dual: Floats) -> Floats:
        """Reduced cost of every column, in the program or not."""
        return cost - np.bincount(self._column, self._value * dual[self._row], minlength=len(cost))

    def _wanted(self, reduced: Floats) -> Ints:
        """Pairs that are not in the program and would improve it: the best few of each cohort."""
        out = np.flatnonzero((reduced[: self._pairs] < -_PRICE) & ~self._active[: self._pairs])
        cohort = self._cohort[out]
        order = np.lexsort((reduced[out], cohort))
        first = np.searchsorted(cohort[order], cohort[order])
        return out[order][np.arange(len(out)) - first < _NEW_PER_COHORT]

    def _found(self, cost: Floats, values: Floats, reduced: Floats) -> Linear:
        x = np.zeros(len(cost))
        x[self._active] = values[self._place[self._active]]
        return Linear(float(cost @ x), x, reduced)

    def _add(self, columns: Ints, cost: Floats) -> None:
        """Put further columns into the program."""
        assert self._solver is not None
        sizes = self._column_start[columns + 1] - self._column_start[columns]
        start = np.concatenate([[0], np.cumsum(sizes)])
        at = np.repeat(self._column_start[columns] - start[:-1], sizes) + np.arange(start[-1])
        entry = self._by_column[at]
        self._solver.addCols(
            len(columns),
            cost[columns],
            self.low[columns],
            self.high[columns],
            len(entry),
            start[:-1].astype(np.int32),
            self._row[entry].astype(np.int32),
            self._value[entry],
        )
        self._place[columns] = self._solver.getNumCol() - len(columns) + np.arange(len(columns))
        self._active[columns] = True

    def whole(
        self, cost: Floats, keep: Bools, *, gap: float, seconds: float, start: Floats | None = None
    ) -> Whole | None:
        """Solve in whole numbers over the columns kept; the others are 0.

        Parameters
        ----------
        keep
            Columns that may be used.
        gap
            Relative gap at which to stop.
        seconds
            Limit.
        start
            Values to begin with, used where they lie inside the columns kept.

        Returns
        -------
        None where the columns kept hold no solution.

        Raises
        ------
        OutOfTime
            Where the limit passed before any solution was found.
        """
        solver = self._made(cost, keep, whole=True)
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue("mip_abs_gap", 1e-9)
        solver.setOptionValue("time_limit", max(seconds, 0.1))
        if start is not None and not start[~keep].any():
            given = highspy.HighsSolution()
            given.col_value = list(start[keep])
            solver.setSolution(given)
        solver.run()
        info = solver.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            if solver.getModelStatus() in _NO_SOLUTION:
                return None
            raise OutOfTime
        x = np.zeros(len(cost))
        x[keep] = solver.getSolution().col_value
        x[self._whole] = np.round(x[self._whole])
        return Whole(float(info.objective_function_value), x, float(info.mip_dual_bound))

    def feasible(self, x: Floats) -> bool:
        """Whether the values satisfy every row and limit."""
        activity = np.bincount(self._row, self._value * x[self._column], minlength=len(self._row_low))
        inside = (activity >= self._row_low - _TOLERANCE) & (activity <= self._row_high + _TOLERANCE)
        return bool(
            inside.all() and (x >= self.low - _TOLERANCE).all() and (x <= self.high + _TOLERANCE).all()
        )

    def _made(self, cost: Floats, keep: Bools, *, whole: bool) -> highspy.Highs:
        """Pass the kept columns to a new HiGHS."""
        used = keep[self._column]
        counts = np.bincount(self._row[used], minlength=len(self._row_low))
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = int(keep.sum()), len(self._row_low)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost[keep], self.low[keep], self.high[keep]
        lp.row_lower_, lp.row_upper_ = self._row_low, self._row_high
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        lp.a_matrix_.index_ = (np.cumsum(keep) - 1)[self._column[used]].astype(np.int32)
        lp.a_matrix_.value_ = self._value[used]
        if whole:
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            lp.integrality_ = [kinds[int(w)] for w in self._whole[keep]]
        solver = highspy.Highs()
        options: dict[str, Any] = {"output_flag": False, "threads": 1, "parallel": "off", "random_seed": 0}
        for name, value in options.items():
            solver.setOptionValue(name, value)
        solver.passModel(lp)
        return solver


def _first_columns(model: Model, start: Floats | None) -> Bools:
    """Columns to begin with: all but the pairs, and of the pairs those of a known plan and the present places.

    Without a known plan also every pair of those who have no present place.
    """
    active = np.ones(model.width, dtype=bool)
    home, pairs = model.problem.home_post[model.pair_teacher], len(model.pairs)
    active[:pairs] = (home == model.pair_post) | ((home < 0) if start is None else (start[:pairs] > 0))
    return active
