"""The engine: HiGHS reads a model's arrays and returns numbers; one thread, one seed, no clock but the limit.

HiGHS is used through highspy, because OR-Tools' own interface to it cannot be interrupted, cannot limit
threads and does not hand out the reduced costs by which most columns are proved needless.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from allocator.model import Model
from allocator.problem import Bools
from allocator.roads import Floats

_TOLERANCE = 1e-7


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
    proved: bool


@dataclass(frozen=True)
class _Arrays:
    start: np.ndarray[Any, Any]
    index: np.ndarray[Any, Any]
    value: Floats
    low: Floats
    high: Floats
    whole: Bools
    row_low: Floats
    row_high: Floats


class Engine:
    """One model, ready to be solved for any objective.

    The relaxation keeps its basis between objectives, so that a second objective on the same rows is cheap.
    """

    def __init__(self, model: Model) -> None:
        self._arrays = _rowwise(model)
        self._pairs = len(model.pairs)
        self._relaxation: highspy.Highs | None = None

    def linear(self, cost: Floats) -> Linear | None:
        """Solve the relaxation; None where it is infeasible."""
        if self._relaxation is None:
            self._relaxation = _highs(self._arrays, cost, np.ones(len(cost), dtype=bool), whole=False)
        else:
            self._relaxation.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)
        solver = self._relaxation
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"the relaxation ended with {solver.modelStatusToString(status)}")
        solution = solver.getSolution()
        x, reduced = np.array(solution.col_value), np.array(solution.col_dual)
        return Linear(float(cost @ x), x, reduced)

    def whole(
        self, cost: Floats, keep: Bools, *, gap: float, seconds: float, target: float | None = None
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
        target
            An objective that is good enough to stop at.

        Returns
        -------
        None where nothing was found: ``keep`` is then too narrow, or the limit too short.
        """
        solver = _highs(self._arrays, cost, keep, whole=True)
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue("mip_abs_gap", 1e-9)
        solver.setOptionValue("time_limit", max(seconds, 0.1))
        if target is not None:
            solver.setOptionValue("objective_target", target)
        solver.run()
        info = solver.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        x = np.zeros(len(cost))
        x[keep] = solver.getSolution().col_value
        x[self._arrays.whole] = np.round(x[self._arrays.whole])
        proved = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return Whole(float(info.objective_function_value), x, float(info.mip_dual_bound), proved)

    def feasible(self, x: Floats) -> bool:
        """Whether the values satisfy every row and limit."""
        a = self._arrays
        row = np.repeat(np.arange(len(a.row_low)), np.diff(a.start))
        activity = np.bincount(row, a.value * x[a.index], minlength=len(a.row_low))
        inside = (activity >= a.row_low - _TOLERANCE) & (activity <= a.row_high + _TOLERANCE)
        return bool(inside.all() and (x >= a.low - _TOLERANCE).all() and (x <= a.high + _TOLERANCE).all())


def _rowwise(model: Model) -> _Arrays:
    row = np.concatenate([e[0] for e in model.entries])
    column = np.concatenate([e[1] for e in model.entries])
    value = np.concatenate([e[2] for e in model.entries])
    used = value != 0
    row, column, value = row[used], column[used], value[used]
    order = np.lexsort((column, row))
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=model.height))])
    return _Arrays(
        start,
        column[order],
        value[order],
        np.concatenate(model.low),
        np.concatenate(model.high),
        np.concatenate(model.whole),
        np.concatenate(model.row_low),
        np.concatenate(model.row_high),
    )


def _highs(a: _Arrays, cost: Floats, keep: Bools, *, whole: bool) -> highspy.Highs:
    """Pass the kept columns to a new HiGHS."""
    renumbered = np.cumsum(keep) - 1
    used = keep[a.index]
    row = np.repeat(np.arange(len(a.row_low)), np.diff(a.start))[used]
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = int(keep.sum()), len(a.row_low)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost[keep], a.low[keep], a.high[keep]
    lp.row_lower_, lp.row_upper_ = a.row_low, a.row_high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(a.row_low)))]).astype(np.int32)
    lp.a_matrix_.index_ = renumbered[a.index[used]].astype(np.int32)
    lp.a_matrix_.value_ = a.value[used]
    if whole:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(w)] for w in a.whole[keep]]
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("parallel", "off")
    solver.setOptionValue("random_seed", 0)
    solver.passModel(lp)
    return solver
