"""The evenness level: relaxations over ranges of the stage totals, split until the gap is proved."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from allocator.evenness import Encoded, Range, Term, encode
from allocator.model import Model
from allocator.roads import Floats
from allocator.solving.engine import Engine, Linear
from allocator.solving.integer import solve_whole

_SAME = 1e-9


@dataclass(frozen=True)
class Even:
    """The best plan found: values of the base model's columns, its evenness, the bound, and what was asked."""

    x: Floats
    objective: float
    bound: float


def evenness(x: Floats, listed: list[Term]) -> float:
    """Weighted sum of squared CVs of the values of the pair columns: the true objective, not a relaxation."""
    return sum(t.weight * t.cv2(heads(x, t)) for t in listed)


def heads(x: Floats, term: Term) -> Floats:
    """Heads that count in each section of a term."""
    return np.bincount(term.position, np.round(x[term.pair]), minlength=len(term.sections))


def ranges(base: Model, listed: list[Term]) -> list[Range]:
    """Least and most of each term's total that the rows allow, by the relaxation.

    A total is kept at 1 or more wherever it can be: a stage does not lose its last.
    """
    engine, found = Engine(base), []
    for term in listed:
        cost = np.zeros(base.width)
        cost[term.pair] = 1.0
        lawful = np.bincount(base.pair_cohort, minlength=len(base.cohorts.size))
        inside = np.bincount(base.pair_cohort[term.pair], minlength=len(base.cohorts.size))
        if ((inside == 0) | (inside == lawful)).all():
            total = float(base.cohorts.size[inside > 0].sum())
            found.append(Range(total, total))
            continue
        ends = [engine.linear(cost), engine.linear(-cost)]
        least, most = (sign * e.value if e else 0.0 for sign, e in zip((1, -1), ends, strict=True))
        high = np.floor(most + 1e-6)
        found.append(Range(float(min(max(np.ceil(least - 1e-6), 1.0), high)), float(high)))
    return found


def prove(
    base: Model,
    listed: list[Term],
    burden: Floats,
    *,
    gap: float,
    deadline: float,
    start: Floats | None,
    progress: Callable[[float, float], None],
) -> Even | None:
    """Find the most even plan within ``gap`` of its bound.

    Parameters
    ----------
    base
        The model with everything that is held, without evenness.
    burden
        Burden of each column of ``base``; a tiny weight on it chooses among plans that are equally even.
    start
        Feasible values to fall back on.
    progress
        Told the objective and the bound whenever they change.

    Returns
    -------
    None where nothing was found before the deadline.
    """
    best = None if start is None else Even(start, evenness(start, listed), 0.0)
    ticket, closed = count(), np.inf
    boxes = [(0.0, next(ticket), ranges(base, listed))]

    def bound() -> float:
        reached = min(closed, boxes[0][0] if boxes else np.inf)
        return float(min(reached, best.objective)) if best is not None else float(reached)

    while boxes and time.monotonic() <= deadline:
        if best is not None and best.objective - bound() <= _slack(best, gap):
            break
        _, _, spans = heapq.heappop(boxes)
        first = best is None
        box = _solve_box(base, listed, spans, burden, best, gap=gap, deadline=deadline)
        if box.x is not None and (best is None or evenness(box.x, listed) < best.objective - _SAME):
            best = Even(box.x[: base.width], evenness(box.x, listed), 0.0)
        parts = [box.spans] if first and best is not None and box.error.any() else _split(box, gap, best)
        if not parts:
            closed = min(closed, box.bound)
        for part in parts:
            heapq.heappush(boxes, (box.bound, next(ticket), part))
        if best is not None:
            progress(best.objective, bound())
    return None if best is None else replace(best, bound=bound())


def _slack(best: Even, gap: float) -> float:
    return max(gap * best.objective, _SAME)


@dataclass(frozen=True)
class _Box:
    """One range of totals: the bound inside it, a plan of it, and how far each term's relaxation is off."""

    spans: list[Range]
    bound: float
    x: Floats | None
    error: Floats


def _solve_box(
    base: Model,
    listed: list[Term],
    spans: list[Range],
    burden: Floats,
    best: Even | None,
    *,
    gap: float,
    deadline: float,
) -> _Box:
    spans = _narrowed(base, listed, spans, best)
    nothing = np.zeros(len(listed))
    if not spans:
        return _Box(spans, np.inf, None, nothing)
    model, encoded = _encoded(base, listed, spans)
    engine, cost = Engine(model), model.objective("evenness")
    relaxed = engine.linear(cost)
    if relaxed is None:
        return _Box(spans, np.inf, None, nothing)
    if best is not None and relaxed.value >= best.objective - _slack(best, gap):
        return _Box(spans, relaxed.value, None, nothing)
    eased = cost + _ease(relaxed, burden, model.width, gap)
    again = engine.linear(eased)
    assert again is not None
    proof = solve_whole(engine, eased, again, len(base.pairs), gap=gap / 4, deadline=deadline)
    if proof is None:
        return _Box(spans, relaxed.value, None, nothing)
    bound, stated = relaxed.value, float(cost @ proof.x)
    if stated - bound > gap / 2 * stated + _SAME:
        exact = solve_whole(engine, cost, relaxed, len(base.pairs), gap=gap / 4, deadline=deadline, start=proof.x)
        bound = max(bound, exact.bound) if exact is not None else bound
    columns = [0.0 if e is None else proof.x[e.cv2_column] for e in encoded]
    error = np.array([t.weight * (t.cv2(heads(proof.x, t)) - c) for t, c in zip(listed, columns, strict=True)])
    loose = np.array([s.low < s.high for s in spans])
    return _Box(spans, bound, proof.x, np.where(loose, np.maximum(error, 0.0), 0.0))


def _ease(relaxed: Linear, burden: Floats, width: int, gap: float) -> Floats:
    """Weigh the burden so lightly that it costs at most a quarter of the gap, and chooses among equals."""
    ease = np.zeros(width)
    ease[: len(burden)] = burden
    scale = float(ease @ relaxed.x)
    return ease * (gap / 4 * relaxed.value / scale) if scale > 0 else ease * 0.0


def _encoded(base: Model, listed: list[Term], spans: list[Range]) -> tuple[Model, list[Encoded | None]]:
    model = base.copy()
    return model, [encode(model, t, s) if s.high > 0 else None for t, s in zip(listed, spans, strict=True)]


def _narrowed(base: Model, listed: list[Term], spans: list[Range], best: Even | None) -> list[Range]:
    """Bound ``g`` of every term whose total may vary: from below by its own relaxation, from above by the best plan.

    Returns nothing where the ranges hold no plan.
    """
    loose = [s.low < s.high for s in spans]
    if not any(loose):
        return spans
    model, encoded = _encoded(base, listed, [replace(s, g_low=0.0, g_high=np.inf) for s in spans])
    engine, found = Engine(model), list(spans)
    least = np.zeros(len(listed))
    for i, (term, span, code) in enumerate(zip(listed, spans, encoded, strict=True)):
        if code is None:
            continue
        cost = np.zeros(model.width)
        cost[code.g_columns] = code.g_values
        relaxed = engine.linear(cost)
        if relaxed is None:
            return []
        g = max(relaxed.value + code.g_constant, 0.0)
        tau = np.array([max(span.low, 1.0), span.high]) / span.middle
        least[i] = term.weight * max(g * tau[1] ** -2 - max((1 - 1 / tau) ** 2), 0.0)
        found[i] = replace(span, g_low=g)
    if best is None:
        return found
    for i, (term, span) in enumerate(zip(listed, found, strict=True)):
        if loose[i]:
            spare = max(best.objective - (least.sum() - least[i]), 0.0) / term.weight
            tau = np.array([max(span.low, 1.0), span.high]) / span.middle
            g_high = float(tau[1] ** 2 * spare + max((tau - 1) ** 2))
            found[i] = replace(span, g_high=max(g_high, span.g_low))
    return found


def _split(box: _Box, gap: float, best: Even | None) -> list[list[Range]]:
    """Halve the range of the term whose relaxation is farthest off, unless the box cannot hold a better plan."""
    if not box.spans or not np.isfinite(box.bound):
        return []
    width = np.array([s.high - s.low for s in box.spans])
    if not width.any() or (best is not None and best.objective - box.bound <= _slack(best, gap)):
        return []
    worst = int(np.argmax(np.where(width > 0, box.error + 1e-12 * width, -np.inf)))
    span = box.spans[worst]
    middle = float(np.floor((span.low + span.high) / 2))
    parts = (Range(span.low, middle), Range(middle + 1, span.high))
    return [[*box.spans[:worst], part, *box.spans[worst + 1 :]] for part in parts]
