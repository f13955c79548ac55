"""One case by one method, in a process of its own, so that the peak of its memory is its own.

The runner calls it: ``python -m benchmarks.attempt FOLDER METHOD GAP SECONDS RESULT [KNOWN]``.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from allocator import app
from allocator.plan import Plan
from allocator.problem import Problem, build
from allocator.rules.catalogue import settle
from allocator.scenario.read import Scenario
from allocator.solving.prepare import Prepared, prepare
from benchmarks.methods import METHODS
from benchmarks.methods.task import Answer, NotApplicable, Task, TooLarge
from benchmarks.witness import LEVELS, judge

_STATUS = Path("/proc/self/status")


def attempt(
    folder: Path, method: str, gap: float, seconds: float, known: list[int] | None = None
) -> dict[str, Any]:
    """Read, check, build, prepare and solve; let the witnesses judge the plan.

    Parameters
    ----------
    gap, seconds
        Gap asked for, and the limit of the levels together.
    known
        Post group of every teacher in the best plan known.

    Returns
    -------
    Sizes, seconds by step, what the method says of its levels, what the witnesses say, and the plan. Where the
    method is not made for the case, why it was not tried.
    """
    clock = [time.monotonic()]
    scenario = limited(app.check(folder), gap, seconds)
    clock.append(time.monotonic())
    problem = build(scenario)
    clock.append(time.monotonic())
    prepared = prepare(problem, settle(scenario.config, scenario.rulebook, scenario.name, []))
    clock.append(time.monotonic())
    plan = None if known is None else Plan(np.array(known, dtype=np.int64))
    found: dict[str, Any] = _sizes(problem, prepared)
    try:
        answer = METHODS[method](prepared, Task(gap, scenario.config.budget.seconds, plan))
    except NotApplicable as why:
        return found | {"refused": str(why), "too_large": isinstance(why, TooLarge)}
    clock.append(time.monotonic())
    steps = ("check", "build", "prepare", "solve")
    found["seconds"] = dict(zip(steps, np.diff(clock).tolist(), strict=True))
    found["peak_mb"] = _peak_mb()
    return found | _judged(prepared, answer)


def limited(scenario: Scenario, gap: float, seconds: float) -> Scenario:
    """Return a scenario with a gap, and a limit that its levels share evenly."""
    config = scenario.config
    levels = sum(level in LEVELS for level in config.objective.levels)
    budget = config.budget.model_copy(update={"gap": gap, "seconds": seconds / max(levels, 1)})
    return replace(scenario, config=config.model_copy(update={"budget": budget}))


def _sizes(problem: Problem, prepared: Prepared) -> dict[str, Any]:
    return {
        "teachers": len(problem.teachers),
        "schools": len(problem.schools),
        "cohorts": len(prepared.model.cohorts.size),
        "pairs": len(prepared.model.pairs),
        "even": bool(prepared.terms),
    }


def _judged(prepared: Prepared, answer: Answer) -> dict[str, Any]:
    """Return what the method says and what the witnesses say."""
    found: dict[str, Any] = {
        "levels": [asdict(level) for level in answer.levels],
        "trace": [asdict(point) for point in answer.trace],
    }
    if answer.plan is None:
        return found
    judgement = judge(prepared, answer.plan)
    return found | {
        "objectives": judgement.objectives,
        "violations": judgement.violations,
        "plan": answer.plan.post.tolist(),
    }


def _peak_mb() -> float:
    """Peak of this process in MB; that of a child counts its parent's in ``getrusage``, so Linux is asked first."""
    if _STATUS.exists():
        found = re.search(r"^VmHWM:\s*(\d+) kB", _STATUS.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: list[str]) -> None:
    """Run one attempt and write what it found."""
    folder, method, gap, seconds, result, *known = arguments
    plan = json.loads(Path(known[0]).read_text()) if known else None
    found = attempt(Path(folder), method, float(gap), float(seconds), plan)
    Path(result).write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
