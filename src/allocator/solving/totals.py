"""What the total of a stage can be: least and most heads that count, from the rows of the model.

Most often one row says it: so many may change stage. Priced at one head for each unit, a row bounds a total
without any program: everybody then does what is best alone. Where that leaves a wide range, the relaxation says
more.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from allocator.evenness import Encoded, Range
from allocator.model import Model
from allocator.problem import Bools, Ints
from allocator.roads import Floats
from allocator.solving.clock import Deadline
from allocator.solving.engine import Engine

_WHOLE = 1e-4  # a relaxed total so near a whole number is that number
_COMMON = 0.01  # rows with a smaller share of the pairs concern single places
_NEAR = 0.01  # ends nearer to a known total than this share of it are near enough
_PRICES = 3


def opening(
    base: Model,
    encoded: list[Encoded],
    known: list[float],
    tried: Bools,
    deadline: Deadline,
    within: tuple[Range, ...] = (),
) -> tuple[Range, ...]:
    """Return the ranges of every total that the rows allow.

    Parameters
    ----------
    base
        The model without evenness.
    known
        A total of each term that the relaxation reaches.
    tried
        Pairs that are in the relaxation from the start.
    within
        Ranges that hold already, of a model that allows more.

    Raises
    ------
    OutOfTime
        Where the deadline passed first.
    """
    rows, people, open_ends = _common_rows(base), _by_cohort(base), []
    most = np.zeros((len(encoded), 2))
    held = within or tuple(code.range for code in encoded)
    for k, (code, total, span) in enumerate(zip(encoded, known, held, strict=True)):
        for end, (sign, limit) in enumerate(((-1.0, span.low), (1.0, span.high))):
            most[k, end] = min(sign * limit, _alone(base, code, sign, rows, people))
            if most[k, end] - sign * total > max(_NEAR * total, 1.0):
                open_ends.append((k, end, sign))
    if open_ends:
        values = _relaxed(base, encoded, open_ends, tried, deadline)
        for (k, end, _), value in zip(open_ends, values, strict=True):
            most[k, end] = min(most[k, end], value)
    whole = np.floor(most + _WHOLE)
    return tuple(Range(float(-low), float(high)) for low, high in whole)


def _relaxed(
    base: Model, encoded: list[Encoded], ends: list[tuple[int, int, float]], tried: Bools, deadline: Deadline
) -> list[float]:
    """Most of totals, or of their negatives, by the relaxation: half of them beside the other half."""
    first = Engine(base, tried)
    engines = first, Engine(base, tried, like=first)

    def some(engine: Engine, mine: list[tuple[int, int, float]]) -> list[float]:
        return [_together(base, encoded[k], sign, engine, deadline) for k, _, sign in mine]

    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(some, engines, (ends[::2], ends[1::2])))
    found = [0.0] * len(ends)
    found[::2], found[1::2] = halves
    return found


def _together(base: Model, code: Encoded, sign: float, engine: Engine, deadline: Deadline) -> float:
    """Most of a total, or of its negative, by the relaxation."""
    cost = np.zeros(base.width)
    cost[base.pairs[code.term.pair]] = -sign
    end = engine.linear(cost, deadline)
    assert end is not None, "a known plan keeps the rows"
    return -end.value


def _alone(
    base: Model,
    code: Encoded,
    sign: float,
    rows: list[tuple[Floats, float]],
    people: tuple[Ints, Ints, Floats],
) -> float:
    """Most of a total, or of its negative, with one row priced and everybody free to do what is best."""
    counts = np.zeros(base.width)
    counts[base.pairs[code.term.pair]] = sign
    columns, starts, size = people
    most = float(size @ np.maximum.reduceat(counts[columns], starts))
    for price, limit in rows:
        best = np.maximum.reduceat((counts - price)[columns], starts)
        most = min(most, limit + float(size @ best))
    return most


def _by_cohort(base: Model) -> tuple[Ints, Ints, Floats]:
    """Columns of people in the order of their cohorts, where each cohort begins, and its size."""
    waits = np.flatnonzero(base.pool >= 0)
    cohort = np.concatenate([base.pair_cohort, waits])
    order = np.argsort(cohort, kind="stable")
    columns = np.concatenate([base.pairs, base.pool[waits]])[order]
    size = base.cohorts.size.astype(float)
    return columns, np.searchsorted(cohort[order], np.arange(len(size))), size


def _common_rows(base: Model) -> list[tuple[Floats, float]]:
    """Rows over many pairs and nothing else that can move, each as values and the most of their sum.

    A row stands there once for each of its smallest values, divided by it: so that what has this value costs one
    head.
    """
    row, column, value = (np.concatenate([e[i] for e in base.entries]) for i in range(3))
    low, high = np.concatenate(base.row_low), np.concatenate(base.row_high)
    people = np.zeros(base.width, dtype=bool)
    people[base.pairs] = True
    people[base.pool[base.pool >= 0]] = True
    other = ~people & (np.concatenate(base.high) > 0)
    many = np.bincount(row, minlength=base.height) > _COMMON * len(base.pairs)
    many &= np.bincount(row[other[column]], minlength=base.height) == 0
    many[: len(base.cohorts.size)] = False
    found = []
    for r in np.flatnonzero(many):
        here = row == r
        vector = np.asarray(np.bincount(column[here], value[here], minlength=base.width), dtype=np.float64)
        for unit in np.unique(np.abs(value[here][value[here] != 0]))[:_PRICES]:
            found += [(vector / unit, float(high[r]) / unit)] if np.isfinite(high[r]) else []
            found += [(-vector / unit, -float(low[r]) / unit)] if np.isfinite(low[r]) else []
    return found
