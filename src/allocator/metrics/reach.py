"""What it would take: the fewest people that bring a coefficient of variation within its limit, exactly.

With heads ``x_u``, pupils ``P_u``, ``N = ΣP_u`` and ``T = Σx_u`` the official CV is at most ``L`` where
``N Σ x_u²/P_u ≤ (1 + L²) T²``. The sum on the left is separable and convex. So the best place for ``k`` more heads
is found by taking, ``k`` times, the section where one more costs least, ``(2x_u + 1)/P_u``; and the best ``k`` moves
from section to section by pairing the dearest heads with the cheapest places. The first ``k`` within the limit is
the least there is, whatever rules may say besides: rules can only make it more.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.metrics.indices import official_cv
from allocator.roads import Floats

Ints = NDArray[np.int64]
_ROUNDING = 1e-12  # of the sum of squares: a CV that equals its limit is within it


@dataclass(frozen=True)
class Reach:
    """The fewest people, and where.

    Parameters
    ----------
    people
        How many come, or move.
    change
        Heads more (or fewer) in each section, shape (sections,).
    cv
        The coefficient of variation then.
    """

    people: int
    change: Ints
    cv: float


def fewest_more(heads: Ints, pupils: Floats, limit: float) -> Reach:
    """Return the fewest further people that bring the CV within a limit, and the sections they come to.

    Parameters
    ----------
    heads, pupils
        By section, shape (sections,); every section has pupils.
    limit
        Greatest CV, above 0.

    Raises
    ------
    ValueError
        Where the limit is not above 0, or a section has no pupils.
    """
    x, p = _checked(heads, pupils, limit)
    rooms = [((2 * n + 1) / size, u) for u, (n, size) in enumerate(zip(x.tolist(), p.tolist(), strict=True))]
    heapq.heapify(rooms)
    change, squares, total = np.zeros(len(x), dtype=np.int64), float((x**2 / p).sum()), int(x.sum())
    while not _within(squares, total, p, limit):
        cost, u = rooms[0]
        change[u] += 1
        squares, total = squares + cost, total + 1
        heapq.heapreplace(rooms, (cost + 2 / p[u], u))
    return _reach(x, p, change, total - int(x.sum()))


def fewest_moves(heads: Ints, pupils: Floats, limit: float) -> Reach | None:
    """Return the fewest moves between sections that bring the CV within a limit; None where no moves do.

    Parameters and errors are those of :func:`fewest_more`.
    """
    x, p = _checked(heads, pupils, limit)
    sizes = list(zip(x.tolist(), p.tolist(), strict=True))
    rooms = [((2 * n + 1) / size, u) for u, (n, size) in enumerate(sizes)]
    people = [(-(2 * n - 1) / size, u) for u, (n, size) in enumerate(sizes) if n > 0]
    heapq.heapify(rooms)
    heapq.heapify(people)
    change, squares, total, moves = np.zeros(len(x), dtype=np.int64), float((x**2 / p).sum()), int(x.sum()), 0
    while not _within(squares, total, p, limit):
        if not people or -people[0][0] <= rooms[0][0]:
            return None
        (gain, leaves), (cost, comes) = people[0], rooms[0]
        change[leaves] -= 1
        change[comes] += 1
        squares, moves = squares + gain + cost, moves + 1
        heapq.heapreplace(rooms, (cost + 2 / p[comes], comes))
        if x[leaves] + change[leaves] > 0:
            heapq.heapreplace(people, (gain + 2 / p[leaves], leaves))
        else:
            heapq.heappop(people)
    return _reach(x, p, change, moves)


def missing_heads(heads: Floats, pupils: Floats, threshold: Floats, per: float, share: float = 1.0) -> Floats:
    """Return how much each section lacks of a share of its threshold, in whole units; 0 where it reaches it.

    Parameters
    ----------
    heads
        People, rooms or m² of each section, nan where not known, shape (sections,).
    threshold
        Asked for each ``per`` pupils, nan where nothing, shape (sections,).

    Returns
    -------
    Whole units, nan where the amount or the threshold is not known.
    """
    asked = np.round(threshold * share, 9) * pupils / per
    return np.asarray(np.maximum(np.ceil(np.round(asked - heads, 9)), 0.0) + 0.0)


def _checked(heads: Ints, pupils: Floats, limit: float) -> tuple[Floats, Floats]:
    x, p = np.asarray(heads, dtype=float), np.asarray(pupils, dtype=float)
    if limit <= 0 or x.shape != p.shape or not (p > 0).all() or (x < 0).any():
        raise ValueError("a limit above 0, pupils in every section and heads of at least 0")
    return x, p


def _within(squares: float, total: int, p: Floats, limit: float) -> bool:
    reached = p.sum() * squares
    return total > 0 and bool(reached <= (1 + limit**2) * total**2 + _ROUNDING * reached)


def _reach(x: Floats, p: Floats, change: Ints, people: int) -> Reach:
    found = official_cv(x + change, p)
    return Reach(people, change, 0.0 if found.value is None else found.value)
