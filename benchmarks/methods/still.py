"""Standing still: everybody keeps the present place where it exists in September; nobody else has one."""

from __future__ import annotations

from allocator.plan import standing_still
from allocator.solving.prepare import Prepared
from benchmarks.methods.task import Answer, Task


def solve(prepared: Prepared, task: Task) -> Answer:
    """Return today's places."""
    return Answer(standing_still(prepared.problem))
