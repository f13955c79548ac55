"""Planes below the squared CV over a range of stage totals: its convex hull in the heads of the sections.

In the terms of :mod:`allocator.evenness`, over a range of totals every plan satisfies

    CV² ≥ a·g + π·x + α(T),

where ``a`` is a part of the least ``1/τ²`` of the range, ``π`` any slope, and ``α(T)`` the exact minimum of
``CV² − a·g − π·x`` over all whole heads with the total ``T``. That minimum is a separable convex allocation: the
heads that cost least are taken first. The lower hull of ``α`` over the totals gives the rows of the program, as
many as it has edges; over a part of the range it lies higher, so that a plane gains when a range is split.
The more of the curvature ``a`` keeps, the farther a plane holds from the point where it was made; the less, the
nearer it comes at that point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.evenness import Encoded, Range
from allocator.model import INFINITY
from allocator.problem import Ints
from allocator.roads import Floats

_KEPT = (0.6, 0.97)  # shares of the curvature that planes keep exact


@dataclass(frozen=True)
class Plane:
    """One choice of ``a`` and ``π`` with ``α`` of every total of a range.

    ``least[i]`` is ``α`` of the total ``range.low + i``, infinite where no heads have that total.
    """

    range: Range
    a: float
    pi: Floats
    least: Floats

    def edges(self, span: Range) -> tuple[Floats, Floats]:
        """Slopes and values at total 0 of the lower hull of ``α`` over a part of the range."""
        totals = np.arange(span.low, span.high + 1)
        least = self.least[int(span.low - self.range.low) :][: len(totals)]
        known = np.isfinite(least)
        return _lower_hull(totals[known], least[known])

    def edge(self, total: float, span: Range) -> tuple[float, float, float]:
        """Height at a total, slope and value at total 0 of the edge that is highest there."""
        slopes, zeros = self.edges(span)
        heights = slopes * total + zeros
        best = int(np.argmax(heights))
        return float(heights[best]), float(slopes[best]), float(zeros[best])

    def row(self, encoded: Encoded, slope: float, at_zero: float) -> tuple[Ints, Floats, float]:
        """Columns, values and least of the row of one edge."""
        column = np.concatenate([encoded.heads, [encoded.g, encoded.total, encoded.cv2]])
        return column, np.concatenate([-self.pi, [-self.a, -slope, 1.0]]), at_zero


def planes(encoded: Encoded, heads: Floats, span: Range, low: float) -> list[Plane]:
    """Bound CV² from below over a range of the total, near some heads; for a single total exactly.

    Planes hold as far down as ``low``. Above the range they would not: of the curvature they keep more than there is.
    """
    if span.low == span.high:
        return [_single(encoded, span)]
    return [_plane(encoded, heads, Range(low, span.high), kept) for kept in _KEPT]


def _single(encoded: Encoded, span: Range) -> Plane:
    """Return CV² itself: with one total it follows from ``g``."""
    none = np.zeros(len(encoded.heads))
    if span.low == 0:
        return Plane(span, 0.0, none, np.array([encoded.term.worst]))
    tau = span.low / encoded.middle
    return Plane(span, tau**-2, none, np.array([-((1 - 1 / tau) ** 2)]))


def _plane(encoded: Encoded, heads: Floats, span: Range, kept: float) -> Plane:
    """Keep so much of the curvature of ``g``, and of the rest the slope at the heads."""
    most = max(span.high, 1.0)
    a = kept * (encoded.middle / most) ** 2
    slope = encoded.term.pupils.sum() / encoded.term.pupils
    total = min(max(float(heads.sum()), span.low, 1.0), most)
    curve = total**-2 - kept * most**-2
    pi = 2 * curve * slope * heads - 2 * total**-3 * (slope * heads**2).sum() + 2 * a / encoded.middle
    return Plane(span, a, pi, least_by_total(encoded, span, a, pi))


def least_by_total(encoded: Encoded, span: Range, a: float, pi: Floats) -> Floats:
    """Return the exact minimum of ``CV² − a·g − π·x`` over whole heads, for every total of a range.

    With ``Q = N Σ x_u² / P_u`` it is ``Q (1/T² − a/T₀²) + 2aT/T₀ − 1 − a − π·x``: heads cost the more the more
    there are. The allocation in fractions is solved first; the whole one lies so near that only a few heads of
    each section can be in question.
    """
    totals = np.arange(span.low, span.high + 1)
    slope = encoded.term.pupils.sum() / encoded.term.pupils
    low, high = encoded.low.astype(float), encoded.high.astype(float)
    least = np.full(len(totals), INFINITY)
    if span.low == 0:
        least[0] = encoded.term.worst - a  # without any head g is 1
    here = np.flatnonzero((totals >= max(low.sum(), 1.0)) & (totals <= high.sum()))
    if len(here):
        total = totals[here]
        curve = total**-2 - a * encoded.middle**-2
        heads = _cheapest(curve[:, None] * slope, pi, low, high, total)
        fixed = curve * (heads**2 @ slope) - heads @ pi
        least[here] = fixed + 2 * a * total / encoded.middle - 1 - a
    return least


def _cheapest(curve: Floats, pi: Floats, low: Floats, high: Floats, total: Floats) -> Floats:
    """Return whole heads ``x`` of least ``Σ curve·x² − π·x`` within limits, one row for each total.

    Heads may be taken one after another, the cheapest first. Those far below the allocation in fractions are
    taken and those far above are not: what is far is widened until the choice proves itself.
    """
    near, reach = _in_fractions(curve, pi, low, high, total), 2
    rows = np.arange(len(total))
    while True:
        base = np.clip(np.floor(near + 0.5) - reach, low, high)
        head = base[:, :, None] + np.arange(2 * reach)
        cost = curve[:, :, None] * (2 * head + 1) - pi[:, None]
        cost = np.where(head < high[:, None], cost, INFINITY).reshape(len(total), -1)
        left = (total - base.sum(axis=1)).astype(np.int64)
        order = np.argsort(cost, axis=1, kind="stable")
        rank = np.empty_like(order)
        rank[rows[:, None], order] = np.arange(order.shape[1])
        taken = (rank < left[:, None]).reshape(head.shape)
        dearest = np.where(taken, cost.reshape(head.shape), -INFINITY).max(axis=(1, 2))
        cheapest = np.where(taken, INFINITY, cost.reshape(head.shape)).min(axis=(1, 2))
        before = np.where(base > low, curve * (2 * base - 1) - pi, -INFINITY).max(axis=1)
        end = base + 2 * reach
        after = np.where(end < high, curve * (2 * end + 1) - pi, INFINITY).min(axis=1)
        enough = (left >= 0) & (left <= order.shape[1]) & (before <= cheapest) & (after >= dearest)
        if enough.all():
            return np.asarray(base + taken.sum(axis=2))
        reach *= 2


def _in_fractions(curve: Floats, pi: Floats, low: Floats, high: Floats, total: Floats) -> Floats:
    """Return ``x`` in fractions of least ``Σ curve·x² − π·x`` within limits, one row for each total, by halving."""
    least = (2 * curve * low - pi).min(axis=1)
    most = (2 * curve * high - pi).max(axis=1)
    for _ in range(40):
        price = (least + most) / 2
        x = np.clip((price[:, None] + pi) / (2 * curve), low, high)
        over = x.sum(axis=1) > total
        least, most = np.where(over, least, price), np.where(over, price, most)
    return np.asarray(x)


def _lower_hull(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Slopes and values at 0 of the lower hull of points in the order of ``x``; a point alone is level."""
    corner: list[int] = []
    for i in range(len(x)):
        while len(corner) > 1:
            a, b = corner[-2:]
            if (y[b] - y[a]) * (x[i] - x[a]) < (y[i] - y[a]) * (x[b] - x[a]):
                break
            corner.pop()
        corner.append(i)
    at = np.array(corner)
    if len(at) == 1:
        return np.zeros(1), y[at]
    slope = np.diff(y[at]) / np.diff(x[at])
    return slope, y[at[:-1]] - slope * x[at[:-1]]
