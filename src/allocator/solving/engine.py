"""The engine: HiGHS reads a model's arrays and returns numbers; one thread, one seed, no clock but the limit.

HiGHS is used through highspy, because OR-Tools' own interface to it cannot be interrupted, cannot limit
threads and cannot add columns to a warm basis.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from allocator.model import Model
from allocator.problem import Bools, Ints
from allocator.roads import Floats
from allocator.solving.clock import NEVER, Deadline, OutOfTime
from allocator.solving.program import Cut, Program
from allocator.solving.relaxation import Linear, Relaxation

_NO_SOLUTION = (
    highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kUnboundedOrInfeasible,  # and no model here is unbounded
)
_ENDED = (
    *_NO_SOLUTION,
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kTimeLimit,
    highspy.HighsModelStatus.kInterrupt,
)


@dataclass(frozen=True)
class Whole:
    """A solution in whole numbers: the best found, its objective, and the bound proved for the columns kept."""

    value: float
    x: Floats
    bound: float


class Engine:
    """One model, ready to be solved for any objective; limits may be changed and rows added in between.

    The relaxation keeps its columns and its basis, so that a further objective is cheap.

    Parameters
    ----------
    first
        Pairs that the relaxation begins with beside the present places, shape (pairs,).
    like
        An engine of the same model, whose arrays are shared: each may still be limited by itself.
    """

    def __init__(self, model: Model, first: Bools | None = None, like: Engine | None = None) -> None:
        self._program: Program = Program(model) if like is None else like._program.beside()
        self._relaxation = Relaxation(self._program, model, first)
        self._next = len(self._program.row_low)

    @property
    def active(self) -> Bools:
        """Columns that the relaxation has tried, shape (columns,)."""
        return self._relaxation.active

    @property
    def cohort(self) -> Ints:
        """Cohort of every column, -1 for those that are not people."""
        return self._program.cohort

    @property
    def present(self) -> Bools:
        """Columns that are the present place of a cohort, shape (columns,)."""
        return self._relaxation.present

    @property
    def idle(self) -> set[int]:
        """Rows that were added and held nothing back at the last optimum."""
        return self._relaxation.idle

    def add_row(self, column: Ints, value: Floats, low: float, high: float = np.inf) -> int:
        """Add a row over columns that are not pairs; returns its name."""
        row, self._next = self._next, self._next + 1
        self._program.cuts[row] = Cut(column, value, low, high)
        self._relaxation.add_row(row)
        return row

    def support(self, resting: dict[int, int]) -> None:
        """Let the next optimum begin with each column at the height of one row that was added."""
        self._relaxation.support(resting)

    def change_row(self, row: int, column: int, value: float, low: float) -> None:
        """Give a row that was added another value in one of its columns, and another least."""
        cut = self._program.cuts[row]
        cut.value[cut.column == column], cut.low = value, low
        self._relaxation.change_row(row, column, value)

    def limit_row(self, row: int, low: float, high: float) -> None:
        """Give a row that was added new limits."""
        cut = self._program.cuts[row]
        if (cut.low, cut.high) != (low, high):
            cut.low, cut.high = low, high
            self._relaxation.limit_row(row)

    def drop_rows(self, rows: list[int]) -> None:
        """Take rows that were added out again."""
        self._relaxation.drop_rows(np.array(rows, dtype=np.int64))
        for row in rows:
            del self._program.cuts[row]

    def limit(self, column: int, low: float, high: float) -> None:
        """Give a column new limits; 0 must stay allowed for a pair, because it may not be in the program."""
        program = self._program
        if (program.low[column], program.high[column]) != (low, high):
            program.low[column], program.high[column] = low, high
            self._relaxation.limit(int(column))

    def linear(self, cost: Floats, deadline: Deadline = NEVER, cutoff: float = np.inf) -> Linear | None:
        """Solve the relaxation; None where it is infeasible.

        Parameters
        ----------
        cutoff
            An optimum above it need not be found: a bound above it is returned, with values that mean nothing.

        Raises
        ------
        OutOfTime
            Where the deadline passed first.
        """
        return self._relaxation.solve(cost, deadline, cutoff)

    def whole(
        self,
        cost: Floats,
        keep: Bools,
        *,
        gap: float,
        deadline: Deadline = NEVER,
        start: Floats | None = None,
    ) -> Whole | None:
        """Solve in whole numbers over the columns kept; the others are 0.

        Parameters
        ----------
        keep
            Columns that may be used.
        gap
            Relative gap at which to stop.
        start
            Values to begin with, used where they lie inside the columns kept.

        Returns
        -------
        None where the columns kept hold no solution.

        Raises
        ------
        OutOfTime
            Where the deadline passed before any solution was found.
        """
        solver = self._program.restricted(cost, keep)
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue("mip_abs_gap", 1e-9)
        deadline.check()
        solver.setOptionValue("time_limit", deadline.left)
        solver.cbMipInterrupt.subscribe(lambda event: event.interrupt(True) if deadline.stopped else None)
        if start is not None and not start[~keep].any():
            given = highspy.HighsSolution()
            given.col_value = list(start[keep])
            solver.setSolution(given)
        solver.run()
        if solver.getModelStatus() not in _ENDED:  # it went astray: once more, in another way
            solver.setOptionValue("presolve", "off")
            solver.setOptionValue("time_limit", solver.getRunTime() + deadline.left)
            solver.run()
        info = solver.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            if solver.getModelStatus() in _NO_SOLUTION:
                return None
            raise OutOfTime
        x = np.zeros(len(cost))
        x[keep] = solver.getSolution().col_value
        whole = self._program.whole
        x[whole] = np.round(x[whole])
        return Whole(float(info.objective_function_value), x, float(info.mip_dual_bound))

    def feasible(self, x: Floats) -> bool:
        """Whether the values satisfy every row and limit."""
        return self._program.feasible(x)
