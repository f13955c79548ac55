"""The relaxation of a program: a linear program in *moves*, with columns and rows only as they are needed.

Most people stay. Where a cohort has a present place, the number who keep it is the size of the cohort less
those who go elsewhere; put in place of its column, every other column says what one move changes. The row of
such a cohort then only says that no more can go than there are, and is put in when it would be broken. Of the
moves themselves most are never needed: one that is not in the program is priced by its reduced cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from allocator.model import TOLERANCE, Model
from allocator.problem import Bools, Ints
from allocator.roads import Floats
from allocator.solving.clock import Deadline, OutOfTime
from allocator.solving.program import Program, quiet

_PRICE = 1e-9
_NEW_PER_COHORT = 1
_CHOOSE, _DUAL = 0, 1  # names of HiGHS for how the simplex method goes about it
_SHARES = 5  # halvings of the share of the prices that proves most
_MISSED = 1e-6  # people; rows that are missed by less in sum are kept
_ANSWERS = (
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kObjectiveBound,
)


@dataclass(frozen=True)
class _Prices:
    """Prices of rows and cuts, what one who stays costs beside them, and the reduced cost of every column."""

    rows: Floats
    cuts: dict[int, float]
    stays: Floats
    reduced: Floats


@dataclass(frozen=True)
class Linear:
    """An optimal solution of a relaxation.

    ``value`` is the optimum, a valid bound for every plan; ``reduced`` are the reduced costs of the columns and
    ``prices`` those of the rows of the model.
    """

    value: float
    x: Floats
    reduced: Floats
    prices: Floats


class Relaxation:
    """Solves a program for one objective after another; its columns, rows and basis are kept.

    Parameters
    ----------
    program
        Columns and rows; whoever changes them tells the relaxation.
    model
        Says what the present places are.
    first
        Pairs that are in from the start, shape (pairs,).
    """

    def __init__(self, program: Program, model: Model, first: Bools | None) -> None:
        self._of, self._home = program, _present(model)
        self.present = np.zeros(program.width, dtype=bool)
        self.present[self._home[self._home >= 0]] = True
        self.active = _first_columns(model, first)
        self._solver: highspy.Highs | None = None
        self._place = np.full(program.width, -1, dtype=np.int64)
        self._lines: Ints = np.zeros(0, dtype=np.int64)
        self._slack: list[int] = []
        self.idle: set[int] = set()
        self._bound = -np.inf

    def solve(self, cost: Floats, deadline: Deadline, cutoff: float = np.inf) -> Linear | None:
        """Return the optimum; None where there is none.

        Parameters
        ----------
        cutoff
            Where the optimum is proved to lie above it, a bound above it is as good: the values then mean
            nothing.

        Raises
        ------
        OutOfTime
            Where the deadline passed first, with what the prices until then prove.
        """
        self._bound = -np.inf
        try:
            return self._optimum(cost, deadline, cutoff)
        except OutOfTime as late:
            raise OutOfTime(max(self._bound, self._proved_so_far(cost))) from late

    def _optimum(self, cost: Floats, deadline: Deadline, cutoff: float) -> Linear | None:
        """Add columns and rows until nothing is missing, or the bound lies above the cutoff."""
        solver, opened = self._ready(cost), False
        solver.setOptionValue("objective_bound", cutoff - self._offset(cost))
        solver.setOptionValue("simplex_strategy", _DUAL if self._dense(cost) else _CHOOSE)
        while True:
            status = self._run(solver, deadline)
            if status == highspy.HighsModelStatus.kObjectiveBound:
                prices = self._priced(cost, np.array(solver.getSolution().row_dual))
                bound, wanted = self._proved(prices), self._wanted(prices.reduced)
                if bound >= cutoff:
                    values = np.array(solver.getSolution().col_value)
                    return Linear(bound, self._values(values), prices.reduced, prices.rows)
                if len(wanted):
                    self._add(wanted, cost)
                else:
                    solver.setOptionValue("objective_bound", np.inf)
                continue
            if status == highspy.HighsModelStatus.kInfeasible:
                if self.active.all() or not (opened or self._opened(cost, deadline)):
                    return None
                if opened:  # feasible but for tolerances, and yet not: leave nothing out
                    self._add(np.flatnonzero(~self.active), cost)
                opened = True
                continue
            values = np.array(solver.getSolution().col_value)
            if self._bind(values):
                continue
            prices = self._priced(cost, np.array(solver.getSolution().row_dual))
            wanted = self._wanted(prices.reduced)
            if len(wanted) and (bound := self._proved(prices)) >= cutoff:
                return Linear(bound, self._values(values), prices.reduced, prices.rows)
            if len(wanted):
                self._bound = max(self._bound, bound)
            else:
                self.idle = {row for row, price in prices.cuts.items() if price == 0}
                x = self._values(values)
                return Linear(float(cost @ x), x, prices.reduced, prices.rows)
            self._add(wanted, cost)

    def _dense(self, cost: Floats) -> bool:
        """Whether most moves cost something: the dual simplex method then never stands still for long.

        Where most cost nothing the primal method is several times faster, whenever the values keep the rows.
        """
        moves = self._less_home(cost, np.arange(self._of.pairs))
        return bool(np.count_nonzero(moves) > len(moves) / 2)

    @staticmethod
    def _run(solver: highspy.Highs, deadline: Deadline) -> highspy.HighsModelStatus:
        for again in (False, True):
            deadline.check()
            if again:  # the basis went astray: once more, from nothing
                solver.clearSolver()
            solver.setOptionValue("time_limit", solver.getRunTime() + deadline.left)
            solver.run()
            status = solver.getModelStatus()
            if status == highspy.HighsModelStatus.kTimeLimit:
                raise OutOfTime
            if status in _ANSWERS:
                return status
        raise RuntimeError(f"the relaxation ended with {solver.modelStatusToString(status)}")

    def limit(self, column: int) -> None:
        """Follow the new limits of a column."""
        cohort = self._of.cohort[column]
        if cohort >= 0 and self._home[cohort] == column:  # it can no longer follow from the others
            self._home[cohort], self._solver = -1, None
        elif self._solver is not None and self._place[column] >= 0:
            low, high = float(self._of.low[column]), float(self._of.high[column])
            self._solver.changeColBounds(int(self._place[column]), low, high)

    def add_row(self, row: int) -> None:
        """Follow a cut that was added."""
        if self._solver is not None:
            cut = self._of.cuts[row]
            column = self._place[cut.column].astype(np.int32)
            self._solver.addRow(cut.low, cut.high, len(column), column, cut.value)
            self._lines = np.append(self._lines, row)

    def support(self, resting: dict[int, int]) -> None:
        """Let each column rest on a cut that bounds it, in place of its own limit.

        Where a column is bounded by the highest of its cuts and by nothing else, the values of the last optimum
        so keep all of them, and the next one begins there.
        """
        if self._solver is None or not self._solver.getBasis().valid:
            return
        basis = self._solver.getBasis()
        column_status, row_status = list(basis.col_status), list(basis.row_status)
        for column, row in resting.items():
            column_status[self._place[column]] = highspy.HighsBasisStatus.kBasic
            row_status[self._line(row)] = highspy.HighsBasisStatus.kLower
        basis.col_status, basis.row_status = column_status, row_status
        self._solver.setBasis(basis)

    def change_row(self, row: int, column: int, value: float) -> None:
        """Follow a cut that has another value in a column, and new limits."""
        if self._solver is not None:
            self._solver.changeCoeff(self._line(row), int(self._place[column]), value)
            self.limit_row(row)

    def limit_row(self, row: int) -> None:
        """Follow the new limits of a cut."""
        if self._solver is not None:
            cut = self._of.cuts[row]
            self._solver.changeRowBounds(self._line(row), cut.low, cut.high)

    def drop_rows(self, rows: Ints) -> None:
        """Follow cuts that were taken out."""
        if self._solver is not None and len(rows):
            lines = np.flatnonzero(np.isin(self._lines, rows)).astype(np.int32)
            self._forget_slack()
            self._solver.deleteRows(len(lines), lines)
            self._lines = np.delete(self._lines, lines)

    def _line(self, row: int) -> int:
        return int(np.flatnonzero(self._lines == row)[0])

    def _ready(self, cost: Floats) -> highspy.Highs:
        """Return the solver with the active columns and this objective."""
        if self._solver is None:
            return self._made(cost)
        here = np.flatnonzero(self._place >= 0)
        self._solver.changeColsCost(
            len(here), self._place[here].astype(np.int32), self._less_home(cost, here)
        )
        return self._solver

    def _left(self, columns: Ints) -> Ints:
        """Column of the place that each column leaves, -1 where there is none."""
        cohort = self._of.cohort[columns]
        return np.asarray(np.where(cohort >= 0, self._home[cohort], -1))

    def _less_home(self, value: Floats, columns: Ints) -> Floats:
        """Value of columns less that of the place they leave."""
        home = self._left(columns)
        return value[columns] - np.where(home >= 0, value[home], 0.0)

    def _made(self, cost: Floats) -> highspy.Highs:
        """Pass the active columns to a new HiGHS; rows of cohorts that have a present place are left out."""
        of, cohorts = self._of, len(self._home)
        based = np.flatnonzero(self._home >= 0)
        stay = np.zeros(of.width)
        stay[self._home[based]] = of.size[based]
        shift, kept = of.activity(stay), np.ones(len(of.row_low), dtype=bool)
        kept[:cohorts] = self._home < 0
        self.active[self._home[based]] = True
        self._lines, self._slack = np.flatnonzero(kept), []
        low, high = of.row_low - shift, of.row_high - shift
        solver = quiet()
        empty, none = np.zeros(0), np.zeros(0, dtype=np.int32)
        lines = len(self._lines)
        solver.addRows(lines, low[kept], high[kept], 0, np.zeros(lines, dtype=np.int32), none, empty)
        self._solver, self._place = solver, np.full(of.width, -1, dtype=np.int64)
        columns = self.active.copy()
        columns[self._home[based]] = False
        if not columns.any():  # HiGHS says nothing of rows without any column
            solver.addCol(0.0, 0.0, 0.0, 0, none, empty)
        self._add(np.flatnonzero(columns), cost)
        for row in of.cuts:
            self.add_row(row)
        return solver

    def _add(self, columns: Ints, cost: Floats) -> None:
        """Put further columns into the program, each less the place that it leaves."""
        assert self._solver is not None
        of, n = self._of, len(columns)
        at, row, value = of.entries(columns)
        home = self._left(columns)
        leaving = np.flatnonzero(home >= 0)
        left, home_row, home_value = of.entries(home[leaving])
        line = np.full(len(of.row_low), -1, dtype=np.int64)
        model_rows = self._lines < len(of.row_low)
        line[self._lines[model_rows]] = np.flatnonzero(model_rows)
        cohorts = len(self._home)
        staying = home_row >= cohorts  # in the row of its cohort a move counts as itself
        at = np.concatenate([at, leaving[left[staying]]])
        row = line[np.concatenate([row, home_row[staying]])]
        value = np.concatenate([value, -home_value[staying]])
        here = row >= 0
        key, where = np.unique(at[here] * len(self._lines) + row[here], return_inverse=True)
        total = np.bincount(where, value[here], minlength=len(key))
        full = np.abs(total) > 1e-12
        key, total = key[full], total[full]
        starts = np.searchsorted(key, np.arange(n) * len(self._lines)).astype(np.int32)
        self._solver.addCols(
            n,
            self._less_home(cost, columns),
            of.low[columns],
            of.high[columns],
            len(key),
            starts,
            (key % len(self._lines)).astype(np.int32),
            total,
        )
        self._place[columns] = self._solver.getNumCol() - n + np.arange(n)
        self.active[columns] = True

    def _bind(self, values: Floats) -> bool:
        """Put in the rows of cohorts from which more would go than there are; whether there were any."""
        assert self._solver is not None
        of, inside = self._of, np.flatnonzero((self._place >= 0) & (self._of.cohort >= 0))
        cohort = of.cohort[inside]
        gone = np.bincount(cohort, values[self._place[inside]], minlength=len(of.size))
        over = (self._home >= 0) & (gone > of.size + TOLERANCE)
        over[self._lines[self._lines < len(over)]] = False
        rows = np.flatnonzero(over)
        if not len(rows):
            return False
        here = inside[over[cohort]]
        order = np.argsort(of.cohort[here], kind="stable")
        here = here[order]
        starts = np.searchsorted(of.cohort[here], rows).astype(np.int32)
        self._solver.addRows(
            len(rows),
            np.full(len(rows), -np.inf),
            of.size[rows],
            len(here),
            starts,
            self._place[here].astype(np.int32),
            np.ones(len(here)),
        )
        self._lines = np.concatenate([self._lines, rows])
        return True

    def _values(self, values: Floats) -> Floats:
        """Values of every column of the program."""
        of = self._of
        x = np.zeros(of.width)
        inside = self._place >= 0
        x[inside] = values[self._place[inside]]
        based = np.flatnonzero(self._home >= 0)
        member = np.flatnonzero(of.cohort >= 0)
        gone = np.bincount(of.cohort[member], x[member], minlength=len(of.size))
        x[self._home[based]] = np.maximum(of.size[based] - gone[based], 0.0)
        return x

    def _priced(self, cost: Floats, dual: Floats) -> _Prices:
        """Price every column, in the program or not; of staying, what one more who goes would cost."""
        of, model_rows = self._of, self._lines < len(self._of.row_low)
        rows = np.zeros(len(of.row_low))
        rows[self._lines[model_rows]] = dual[: len(self._lines)][model_rows]
        reduced = of.priced(cost, rows)
        cuts = {int(self._lines[line]): float(dual[line]) for line in np.flatnonzero(~model_rows)}
        for row, price in cuts.items():
            reduced[of.cuts[row].column] -= of.cuts[row].value * price
        based = self._home >= 0
        stays = np.where(based, reduced[self._home] + rows[: len(based)], 0.0)
        people = of.cohort >= 0
        reduced[people] -= stays[of.cohort[people]]
        return _Prices(rows, cuts, stays, reduced)

    def _proved(self, prices: _Prices) -> float:
        """Return what prices prove, whatever they are: rows and columns at the better of their limits.

        Of a cohort everybody takes what is cheapest.
        """
        of, people = self._of, self._of.cohort >= 0
        cuts = [of.cuts[row] for row in prices.cuts]
        rest = np.where(people, 0.0, prices.reduced)
        bound = _at_best(prices.rows, of.row_low, of.row_high) + _at_best(rest, of.low, of.high)
        bound += _at_best(
            np.array([*prices.cuts.values()]),
            np.array([c.low for c in cuts]),
            np.array([c.high for c in cuts]),
        )
        cheapest = np.zeros(len(of.size))
        np.minimum.at(cheapest, of.cohort[people], prices.reduced[people])
        return bound + float((prices.stays + cheapest) @ of.size)

    def _proved_so_far(self, cost: Floats) -> float:
        """Return what the prices of the last step prove, though they are not those of an optimum.

        While pairs are missing prices are too high. What they prove is concave in how much of them is asked.
        """
        assert self._solver is not None
        found, program = self._solver.getSolution(), self._solver.getLp()
        if not found.dual_valid or len(found.row_dual) != program.num_row_:
            return -np.inf
        dual = np.array(found.row_dual)
        dual[(dual > 0) & ~np.isfinite(program.row_lower_)] = 0.0  # a row is worth what it asks for, no more
        dual[(dual < 0) & ~np.isfinite(program.row_upper_)] = 0.0
        share, step, best = 1.0, 0.5, self._proved(self._priced(cost, dual))
        for _ in range(_SHARES):
            tried = [t for t in (share + step, share - step) if t <= 1.0]
            proved = [self._proved(self._priced(cost, t * dual)) for t in tried]
            if max(proved) > best:
                share, best = tried[int(np.argmax(proved))], max(proved)
            step /= 2
        return best

    def _offset(self, cost: Floats) -> float:
        """Cost of everybody staying, which the program in moves leaves out."""
        based = np.flatnonzero(self._home >= 0)
        return float(cost[self._home[based]] @ self._of.size[based])

    def _wanted(self, reduced: Floats) -> Ints:
        """Pairs that are not in the program and would improve it: the best few of each cohort."""
        of = self._of
        out = np.flatnonzero((reduced[: of.pairs] < -_PRICE) & ~self.active[: of.pairs])
        cohort = of.cohort[out]
        order = np.lexsort((reduced[out], cohort))
        first = np.searchsorted(cohort[order], cohort[order])
        return out[order][np.arange(len(out)) - first < _NEW_PER_COHORT]

    def _opened(self, cost: Floats, deadline: Deadline) -> bool:
        """Add pairs until the relaxation is feasible; False where it is not with all of them.

        Every row may be missed at a price while the sum of what is missed is made small; pairs are priced by
        what they would save of it.
        """
        solver, nothing = self._solver, np.zeros(len(cost))
        assert solver is not None
        bound = solver.getOptionValue("objective_bound")[1]
        solver.setOptionValue("objective_bound", np.inf)
        self._add_slack(solver)
        slack, n = np.array(self._slack, dtype=np.int32), len(self._slack)
        self._ready(nothing)
        solver.changeColsBounds(n, slack, np.zeros(n), np.full(n, np.inf))
        solver.changeColsCost(n, slack, np.ones(n))
        while True:
            self._run(solver, deadline)
            if self._bind(np.array(solver.getSolution().col_value)):
                continue
            missed = solver.getInfo().objective_function_value
            if missed <= _MISSED:
                break
            wanted = self._wanted(self._priced(nothing, np.array(solver.getSolution().row_dual)).reduced)
            if not len(wanted):
                break
            self._add(wanted, nothing)
        solver.changeColsBounds(n, slack, np.zeros(n), np.zeros(n))
        solver.changeColsCost(n, slack, np.zeros(n))
        solver.setOptionValue("objective_bound", bound)
        self._ready(cost)
        return bool(missed <= _MISSED)

    def _add_slack(self, solver: highspy.Highs) -> None:
        """Give every row that has none a column that fills it up and one that takes from it, both shut."""
        rows = np.repeat(np.arange(len(self._slack) // 2, len(self._lines)), 2).astype(np.int32)
        n, first = len(rows), solver.getNumCol()
        if n:
            zeros, each = np.zeros(n), np.arange(n, dtype=np.int32)
            solver.addCols(n, zeros, zeros, zeros, n, each, rows, np.tile([1.0, -1.0], n // 2))
            self._slack += range(first, first + n)

    def _forget_slack(self) -> None:
        """Take the columns that fill rows up out again: rows are about to change their places."""
        if self._slack:
            assert self._solver is not None
            slack = np.array(self._slack, dtype=np.int32)
            self._solver.deleteCols(len(slack), slack)
            inside = self._place >= 0
            self._place[inside] -= np.searchsorted(slack, self._place[inside])
            self._slack = []


def _at_best(price: Floats, low: Floats, high: Floats) -> float:
    """Least sum of priced values within limits; prices of nothing count as nothing."""
    above, below = price > _PRICE, price < -_PRICE
    return float(price[above] @ low[above] + price[below] @ high[below])


def _present(model: Model) -> Ints:
    """Column of the present place of each cohort, -1 for those who have none."""
    home = np.full(len(model.cohorts.size), -1, dtype=np.int64)
    here = np.flatnonzero(model.problem.home_post[model.pair_teacher] == model.pair_post)
    home[model.pair_cohort[here]] = here
    return home


def _first_columns(model: Model, first: Bools | None) -> Bools:
    """Columns to begin with: all but the pairs, and of the pairs those given and the present places.

    Where none are given also every pair of those who have no present place.
    """
    active = np.ones(model.width, dtype=bool)
    home, pairs = model.problem.home_post[model.pair_teacher], len(model.pairs)
    active[:pairs] = (home == model.pair_post) | ((home < 0) if first is None else first)
    return active
