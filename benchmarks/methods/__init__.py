"""The methods: the engine, and baselines on the same prepared model."""

from __future__ import annotations

from collections.abc import Callable

from allocator.solving.prepare import Prepared
from benchmarks.methods import cpsat, engine, flow, greedy, highs, still
from benchmarks.methods.task import Answer, Task

Method = Callable[[Prepared, Task], Answer]

METHODS: dict[str, Method] = {
    "engine": engine.solve,
    "cpsat": cpsat.solve,
    "highs": highs.solve,
    "flow": flow.solve,
    "greedy": greedy.solve,
    "still": still.solve,
    "lp": highs.relax,
}
