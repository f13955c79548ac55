"""CP-SAT on one boolean for every teacher and lawful post; squares of heads are products of whole numbers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from allocator.evenness import Term
from allocator.model import Model
from allocator.problem import Ints
from allocator.roads import Floats
from allocator.solving.prepare import Prepared
from benchmarks.arrays import Arrays, by_teachers, constant, squares, totals
from benchmarks.methods.task import TOTALS_HELD, Answer, NotApplicable, Task, Told, TooLarge, Trace, asked

_MOST = 600_000  # booleans; with more the model alone takes longer than the limits
_WORKERS = 2  # with no presolve, the setting that did best of those tried: docs/benchmarks.md
_FACTORS: tuple[int, ...] = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
_LARGE = 1e17  # what a scaled objective may reach: far inside 64 bits
_UNLIMITED = 2**62  # a limit of a row that limits nothing
_DECIMALS = 1e6  # a linear level whose costs are no whole numbers is reckoned in millionths, rounded down


@dataclass
class _Built:
    """A model in the making, and its variables by column."""

    model: cp_model.CpModel
    variables: list[Any]


def solve(prepared: Prepared, task: Task) -> Answer:
    """Minimise level after level; evenness with the totals of the stages held."""
    arrays, trace = by_teachers(prepared.model), Trace()
    if int((arrays.teacher >= 0).sum()) > _MOST:
        raise TooLarge(f"more than {_MOST:,} booleans")
    began = time.monotonic()
    built, plan, levels = _built(arrays), None, []
    for level in asked(prepared):
        offset, simplified = 0.0, ""
        if level == "evenness":
            best = task.known or plan
            if best is None:
                break
            at = totals(prepared.terms, prepared, best)
            objective, scale = _squares(built, arrays, prepared.terms, at)
            offset, simplified = constant(prepared.terms, at), TOTALS_HELD
        else:
            cost, scale = _scaled(prepared.model, arrays, level)
            used = np.flatnonzero(cost)
            objective = cp_model.LinearExpr.weighted_sum(
                [built.variables[j] for j in used], cost[used].tolist()
            )
        built.model.minimize(objective + round(offset * scale))
        solver, status = _run(built, task, trace, level, scale)
        found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        bound = solver.best_objective_bound / scale if found else None
        levels.append(Told(level, time.monotonic() - began, solver.status_name(status), bound, simplified))
        if not found:
            break
        values = np.array([solver.value(v) for v in built.variables], dtype=np.float64)
        plan = arrays.plan(prepared.model, values)
        built.model.add(objective <= solver.value(objective))
        _hint(built, values)
        began = time.monotonic()
    return Answer(plan, tuple(levels), tuple(trace.points))


def _run(
    built: _Built, task: Task, trace: Trace, level: str, scale: float
) -> tuple[cp_model.CpSolver, cp_model.CpSolverStatus]:
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = task.seconds
    solver.parameters.relative_gap_limit = task.gap
    solver.parameters.num_workers = _WORKERS
    solver.parameters.random_seed = 0
    solver.parameters.cp_model_presolve = False
    told = _Told(trace, level, scale)
    solver.best_bound_callback = told.better
    return solver, solver.solve(built.model, told)


class _Told(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
    """Takes down every solution and every better bound."""

    def __init__(self, trace: Trace, level: str, scale: float) -> None:
        super().__init__()
        self._trace, self._level, self._scale = trace, level, scale
        self._objective: float | None = None

    def on_solution_callback(self) -> None:
        """Take down a solution."""
        self._objective = self.objective_value / self._scale
        self._trace.note(self._level, self._objective, self.best_objective_bound / self._scale)

    def better(self, bound: float) -> None:
        """Take down a bound."""
        self._trace.note(self._level, self._objective, bound / self._scale)


def _built(arrays: Arrays) -> _Built:
    """Put columns and rows into a model; what need not be whole elsewhere is whole here."""
    model, teachers = cp_model.CpModel(), int(arrays.teacher.max()) + 1
    most = float(max(teachers, 1))
    high = np.where(np.isfinite(arrays.high), arrays.high, most)
    variables = [
        model.new_int_var(int(low), int(h), "")
        for low, h in zip(arrays.low.tolist(), high.tolist(), strict=True)
    ]
    order = np.argsort(arrays.row, kind="stable")
    ends = np.searchsorted(arrays.row[order], np.arange(len(arrays.row_low) + 1))
    for r, (low, top) in enumerate(zip(arrays.row_low, arrays.row_high, strict=True)):
        entries = order[ends[r] : ends[r + 1]]
        held = [variables[j] for j in arrays.column[entries]]
        if r < teachers:
            model.add_exactly_one(held)
        elif held:
            factor = _factor(arrays.value[entries])
            sums = cp_model.LinearExpr.weighted_sum(held, _whole(arrays.value[entries] * factor).tolist())
            model.add_linear_constraint(sums, _limit(low * factor, -1), _limit(top * factor, 1))
    return _Built(model, variables)


def _factor(values: Floats) -> int:
    """Return the least power of ten that makes the values whole."""
    for factor in _FACTORS:
        if np.abs(values * factor - np.round(values * factor)).max() < 1e-9 * factor:
            return factor
    raise NotApplicable("a row whose values cannot be made whole")


def _limit(value: float, sign: int) -> int:
    """Round a limit to the inside."""
    if np.isinf(value):
        return sign * _UNLIMITED
    return int(np.floor(value + 1e-6) if sign > 0 else np.ceil(value - 1e-6))


def _whole(values: Floats) -> Ints:
    return np.round(values).astype(np.int64)


def _scaled(model: Model, arrays: Arrays, level: str) -> tuple[Ints, float]:
    """Return the costs of a linear level as whole numbers, and what they were multiplied by."""
    cost = arrays.cost(model, level)
    scale = 1.0 if (cost == np.round(cost)).all() else _DECIMALS
    return np.floor(cost * scale + 1e-9).astype(np.int64), scale


def _squares(built: _Built, arrays: Arrays, terms: list[Term], at: list[float]) -> tuple[Any, float]:
    """Add the squares of the heads of every section, the totals held; costs are rounded down, so that bounds hold."""
    weighed: list[tuple[float, Any, int]] = []
    for term, total in zip(terms, at, strict=True):
        counted, position = arrays.counting(term)
        built.model.add(cp_model.LinearExpr.sum([built.variables[j] for j in counted]) == int(total))
        if not total:
            continue
        for u, cost in enumerate(squares(term, total).tolist()):
            here = [built.variables[j] for j in counted[position == u]]
            most = min(len(here), int(total))
            heads = built.model.new_int_var(0, most, "")
            built.model.add(cp_model.LinearExpr.sum(here) == heads)
            square = built.model.new_int_var(0, most**2, "")
            built.model.add_multiplication_equality(square, [heads, heads])
            weighed.append((cost, square, most**2))
    reached = sum(cost * most for cost, _, most in weighed)
    scale = 10.0 ** np.floor(np.log10(_LARGE / reached)) if reached else 1.0
    costs = [int(cost * scale) for cost, _, _ in weighed]
    return cp_model.LinearExpr.weighted_sum([square for _, square, _ in weighed], costs), float(scale)


def _hint(built: _Built, values: Floats) -> None:
    """Begin the next level with the plan of this one."""
    built.model.clear_hints()
    for variable, value in zip(built.variables, values.tolist(), strict=True):
        built.model.add_hint(variable, int(value))
