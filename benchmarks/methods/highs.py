"""HiGHS on one column for every teacher and lawful post, and the whole relaxation of evenness at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import highspy
import numpy as np

from allocator.model import Model
from allocator.roads import Floats
from allocator.solving.prepare import Prepared
from benchmarks.arrays import Arrays, by_cohorts, by_teachers, constant, totals, with_evenness
from benchmarks.methods.task import TOTALS_HELD, Answer, NotApplicable, Task, Told, TooLarge, Trace, asked

_MOST = 2_000_000  # columns of people; more do not fit the memory of a usual machine beside the solver's own
_HELD = 1e-6
_FOUND = highspy.SolutionStatus.kSolutionStatusFeasible


def solve(prepared: Prepared, task: Task) -> Answer:
    """Minimise level after level; evenness with the totals of the stages held."""
    model, trace = prepared.model, Trace()
    arrays = by_teachers(model)
    if int((arrays.teacher >= 0).sum()) > _MOST:
        raise TooLarge(f"more than {_MOST:,} columns")
    people, plan, levels, start = arrays.width, None, [], None
    for level in asked(prepared):
        began, offset, simplified = time.monotonic(), 0.0, ""
        if level == "evenness":
            best = task.known or plan
            if best is None:
                break
            at = totals(prepared.terms, prepared, best)
            arrays, cost = with_evenness(arrays, prepared.terms, at)
            offset, simplified = constant(prepared.terms, at), TOTALS_HELD
        else:
            cost = arrays.cost(model, level)
        solver = _passed(arrays, cost, offset, task, start)
        _listen(solver, partial(trace.note, level))
        solver.run()
        info, status = solver.getInfo(), solver.modelStatusToString(solver.getModelStatus())
        bound = float(info.mip_dual_bound)
        told = bound if np.isfinite(bound) else None
        levels.append(Told(level, time.monotonic() - began, status, told, simplified))
        if info.primal_solution_status != _FOUND:
            break
        x = np.array(solver.getSolution().col_value)
        plan, start = arrays.plan(model, x), x[:people]
        trace.note(level, float(info.objective_function_value), told)
        arrays = arrays.held(cost, float(cost @ x) + _HELD)
    return Answer(plan, tuple(levels), tuple(trace.points))


def relax(prepared: Prepared, task: Task) -> Answer:
    """Solve the relaxation of evenness alone, every column at once and from nothing: what it costs.

    Coverage is solved and held before, outside the time; the totals of the stages are held.
    """
    if "evenness" not in asked(prepared) or task.known is None:
        raise NotApplicable("no evenness, or no plan from which to take the totals")
    model, arrays = prepared.model, by_cohorts(prepared.model)
    for level in asked(prepared):
        if level != "evenness":
            cost = arrays.cost(model, level)
            arrays = arrays.held(cost, _least(arrays, cost, model, level) + _HELD)
    at = totals(prepared.terms, prepared, task.known)
    arrays, cost = with_evenness(arrays, prepared.terms, at)
    solver = _passed(arrays, cost, constant(prepared.terms, at), task, None, relaxed=True)
    began = time.monotonic()
    solver.run()
    seconds = time.monotonic() - began
    optimal = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    bound = float(solver.getInfo().objective_function_value) if optimal else None
    status = solver.modelStatusToString(solver.getModelStatus())
    return Answer(None, (Told("evenness", seconds, status, bound, f"{TOTALS_HELD}, relaxation"),))


def _least(arrays: Arrays, cost: Floats, model: Model, level: str) -> float:
    """Return the least of a level in the relaxation, rounded up where every plan costs a whole number."""
    solver = _passed(arrays, cost, 0.0, None, None, relaxed=True)
    solver.run()
    value = float(solver.getInfo().objective_function_value)
    return float(np.ceil(value - _HELD)) if model.whole_costs(level) else value


def _passed(
    arrays: Arrays,
    cost: Floats,
    offset: float,
    task: Task | None,
    start: Floats | None,
    *,
    relaxed: bool = False,
) -> highspy.Highs:
    """Return HiGHS with the program, silent; without a task it has no limit."""
    lp = highspy.HighsLp()
    order = np.lexsort((arrays.column, arrays.row))
    lp.num_col_, lp.num_row_, lp.offset_ = arrays.width, len(arrays.row_low), offset
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, arrays.low, arrays.high
    lp.row_lower_, lp.row_upper_ = arrays.row_low, arrays.row_high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    sizes = np.bincount(arrays.row, minlength=len(arrays.row_low))
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    lp.a_matrix_.index_ = arrays.column[order].astype(np.int32)
    lp.a_matrix_.value_ = arrays.value[order]
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    if not relaxed:
        lp.integrality_ = [kinds[int(w)] for w in arrays.whole]
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("random_seed", 0)
    if not relaxed:
        solver.setOptionValue(
            "presolve", "off"
        )  # with it coverage of one county takes 12 s, without it 1.4 s
    if task is not None:
        solver.setOptionValue("time_limit", task.seconds)
        solver.setOptionValue("mip_rel_gap", task.gap)
    solver.passModel(lp)
    if start is not None:
        given = highspy.HighsSolution()
        given.col_value = list(_filled(arrays, start))
        solver.setSolution(given)
    return solver


def _filled(arrays: Arrays, start: Floats) -> Floats:
    """Return the values of the level before; columns that have come since are left to the solver."""
    return np.concatenate([start, np.full(arrays.width - len(start), highspy.kHighsInf)])


def _listen(solver: highspy.Highs, note: Callable[[float, float], None]) -> None:
    """Tell every objective and bound while the solver runs."""

    def told(event: highspy.HighsCallbackEvent) -> None:
        note(event.data_out.mip_primal_bound, event.data_out.mip_dual_bound)

    solver.cbMipImprovingSolution.subscribe(told)
    solver.cbMipInterrupt.subscribe(told)
