"""The engine, as the program uses it."""

from __future__ import annotations

from allocator.errors import LimitReached, NoPlan
from allocator.plan import Plan
from allocator.solving.prepare import Prepared
from allocator.solving.solve import assign
from benchmarks.methods.task import HEADS_HELD, Answer, Task, Told, Trace


def solve(prepared: Prepared, task: Task) -> Answer:
    """Solve level after level; gap and limit are those of the scenario's budget."""
    trace = Trace()
    try:
        state = assign(prepared, trace.note)
    except (NoPlan, LimitReached) as failed:
        return Answer(None, (Told("", 0.0, type(failed).__name__),), tuple(trace.points))
    levels = tuple(
        Told(level.name, level.seconds, level.status, level.bound, HEADS_HELD if level.held else "")
        for level in state.levels
    )
    return Answer(Plan(state.people(prepared)), levels, tuple(trace.points))
