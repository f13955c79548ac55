"""From the relaxation to whole people, with a proof: columns that cannot be in a better plan are left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.problem import Bools
from allocator.roads import Floats
from allocator.solving.clock import Deadline, OutOfTime
from allocator.solving.engine import Engine
from allocator.solving.relaxation import Linear

_FRACTION = 1e-6


@dataclass(frozen=True)
class Proof:
    """The best values found, their objective and a bound that no plan can beat."""

    x: Floats
    objective: float
    bound: float


def solve_whole(
    engine: Engine,
    cost: Floats,
    relaxed: Linear,
    pairs: int,
    *,
    gap: float,
    deadline: Deadline,
    start: Floats | None = None,
    rough: bool = False,
) -> Proof | None:
    """Find whole numbers within ``gap`` of the bound.

    The relaxation is almost whole: in each of three rounds more may differ from it. First only the cohorts that
    it splits, then all pairs that it has tried and that have a small reduced cost; what is found there its bound
    often proves. Where it does not, every pair whose reduced cost is below the distance between the best plan
    and the bound is let in: the others provably cannot be in a better plan.

    Parameters
    ----------
    relaxed
        The relaxation of the same objective.
    pairs
        Number of pair columns; they come first.
    gap
        Relative gap asked for.
    start
        Feasible values to fall back on.
    rough
        Whether what is found near the relaxation is enough, proved within the gap or not.

    Returns
    -------
    None where there is no plan in whole numbers.

    Raises
    ------
    OutOfTime
        Where the deadline passed before any plan was known.
    """
    best = None if start is None else Proof(start, float(cost @ start), relaxed.value)
    reach, tried = max(2 * gap, 0.002) * max(abs(relaxed.value), 1e-6), engine.active.copy()
    split = True
    while True:
        if best is not None and best.objective - relaxed.value <= _slack(best.objective, gap):
            return Proof(best.x, best.objective, min(relaxed.value, best.objective))
        full = not split and best is not None and reach >= best.objective - relaxed.value and tried.all()
        keep = _within(relaxed, pairs, reach) & tried
        if split:
            keep &= _near(engine, relaxed, pairs)
        known = None if best is None else best.x
        try:
            found = engine.whole(cost, keep, gap=gap / 2, deadline=deadline, start=known)
        except OutOfTime:
            if best is None:
                raise
            return best
        if found is not None and (best is None or found.value < best.objective):
            best = Proof(found.x, float(cost @ found.x), relaxed.value)
        if full and best is not None:
            proved = (
                max(relaxed.value, min(found.bound, best.objective)) if found is not None else relaxed.value
            )
            return Proof(best.x, best.objective, proved)
        if found is None and keep.all():
            return best
        if not deadline.left:
            if best is None:
                raise OutOfTime
            return best
        if rough and not split and best is not None:
            return best
        if split:
            split = False
            continue
        wider = best.objective - relaxed.value if best is not None else reach * (8 if tried.all() else 1)
        reach, tried = wider * (1 + 1e-9), np.ones_like(tried)


def _slack(value: float, gap: float) -> float:
    return max(gap * abs(value), 1e-7)


def _within(relaxed: Linear, pairs: int, reach: float) -> Bools:
    """Pairs in use or of small reduced cost; every column that is not a pair."""
    keep = np.ones(len(relaxed.x), dtype=bool)
    keep[:pairs] = (relaxed.reduced[:pairs] <= reach) | (relaxed.x[:pairs] > 1e-9)
    return keep


def _near(engine: Engine, relaxed: Linear, pairs: int) -> Bools:
    """Pairs in use, and every pair of the cohorts that the relaxation splits; every column that is not a pair."""
    x = relaxed.x[:pairs]
    split = np.zeros(int(engine.cohort.max()) + 1, dtype=bool)
    split[engine.cohort[:pairs][np.abs(x - np.round(x)) > _FRACTION]] = True
    keep = np.ones(len(relaxed.x), dtype=bool)
    keep[:pairs] = (x > _FRACTION) | split[engine.cohort[:pairs]] | engine.present[:pairs]
    return keep
