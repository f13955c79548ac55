"""Whole numbers that add up to a published total and spread as widely as a published CV."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.object_]

_STEEPEST = 16.0
_HALVINGS = 60
_TRANSFERS = 400


def apportion(weights: Floats, total: int, most: Ints | None = None) -> Ints:
    """Share a total out in proportion to weights, in whole numbers never above ``most``.

    Parameters
    ----------
    weights
        Not negative, shape (n,).
    total
        What the numbers add up to; where ``most`` leaves less room, that room is filled.
    most
        Upper limits, shape (n,), or None.

    Returns
    -------
    Shape (n,): proportional shares cut at the limits, rounded by largest remainder.
    """
    caps = np.full(len(weights), max(total, 0)) if most is None else np.maximum(most, 0)
    total = int(min(total, caps.sum()))
    low, high = 0.0, 1.0
    weights = np.maximum(weights, 1e-12)
    while np.minimum(weights * high, caps).sum() < total and high < 1e30:
        high *= 2
    for _ in range(_HALVINGS * 2):
        middle = (low + high) / 2
        low, high = (low, middle) if np.minimum(weights * middle, caps).sum() >= total else (middle, high)
    shares = np.minimum(weights * high, caps)
    whole = np.minimum(np.floor(shares + 1e-9), caps).astype(np.int64)
    rest = np.where(whole < caps, shares - whole, -1.0)
    order = np.argsort(-rest, kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def weighted_cv(counts: Ints, pupils: Floats) -> float:
    """Official CV (差异系数) of counts per pupil, weighted by pupils (教督〔2012〕3号)."""
    total = float(counts.sum())
    if total == 0:
        return float("nan")
    square = pupils.sum() * float((counts**2 / pupils).sum()) / total**2 - 1
    return float(np.sqrt(max(square, 0.0)))


@dataclass(frozen=True)
class Reached:
    """Counts of each section, the steepness of the gradient, and the CV that they reach."""

    counts: Ints
    steepness: float
    cv: float


def calibrated(pupils: Floats, most: Ints, gradient: Floats, total: int, cv: float) -> Reached:
    """Choose the count of each section so that the CV comes as near to a target as can be.

    Counts are proportional to ``pupils · exp(b · gradient)`` up to ``most``; b is found by bisection, and
    what rounding leaves is mended by moving single units.

    Parameters
    ----------
    pupils, most, gradient
        Pupils of the sections in scope, largest counts, and the pull on each, shape (sections,).
    total
        Sum of the counts.
    cv
        The CV to reach.
    """

    def at(steepness: float) -> Ints:
        pull = np.exp(steepness * (gradient - gradient.max()))
        return apportion(pupils * pull, total, most)

    low, high = 0.0, _STEEPEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if weighted_cv(at(middle), pupils) < cv else (low, middle)
    counts = _mended(at(high), pupils, most, cv)
    return Reached(counts, high, weighted_cv(counts, pupils))


def _mended(counts: Ints, pupils: Floats, most: Ints, cv: float) -> Ints:
    """Move single units between sections as long as the CV comes nearer to the target."""
    total = int(counts.sum())
    if total == 0:
        return counts
    wanted = (cv**2 + 1) * total**2 / pupils.sum()
    counts = counts.copy()
    for _ in range(_TRANSFERS):
        gap = float((counts**2 / pupils).sum()) - wanted
        less = np.where(counts > 0, (1 - 2 * counts) / pupils, np.inf)
        more = np.where(counts < most, (1 + 2 * counts) / pupils, np.inf)
        after = np.abs(gap + less[:, None] + more[None, :])
        np.fill_diagonal(after, np.inf)
        source, target = np.unravel_index(int(np.argmin(after)), after.shape)
        if not after[source, target] < abs(gap) - 1e-12:
            break
        counts[source] -= 1
        counts[target] += 1
    return counts


def first_in_section(score: Floats, section: Ints, many: Ints) -> NDArray[np.bool_]:
    """Mark the ``many[u]`` members with the highest score of every section u."""
    order = np.lexsort((-score, section))
    starts = np.searchsorted(section[order], section[order], side="left")
    chosen = np.zeros(len(score), dtype=bool)
    chosen[order] = np.arange(len(score)) - starts < many[section[order]]
    return chosen


def by_rank(score: Floats, shares: dict[str, float]) -> Labels:
    """Give labels in exact shares: the first label to the highest scores, and so on."""
    labels = np.empty(len(score), dtype=object)
    if len(score):
        counts = apportion(np.array(list(shares.values())), len(score))
        labels[np.argsort(-score, kind="stable")] = np.repeat(np.array(list(shares), dtype=object), counts)
    return labels
