"""Evenness, exactly: the weighted sum of squared official CVs as columns and rows of the model.

For one stage and indicator let ``x_u`` be the heads that count in section ``u``, ``P_u`` its pupils,
``N = ΣP_u`` and ``T = Σx_u``. The official CV (差异系数) satisfies

    CV² = N · Σ(x_u² / P_u) / T² − 1.

Let ``τ = T / T₀`` and ``g = Σ (P_u / N)(x_u N / (P_u T₀) − 1)²``. ``g`` is a sum of convex functions of each
whole number ``x_u``: a bounded column for every further head, with the exact increase as its value, is exact.
While ``T`` cannot change, CV² = g with ``T₀ = T``. Where it can,

    CV² = g / τ² − (1 − 1/τ)²,

which is constant along rays and not convex. Over a range of ``T`` it is bounded from below by *cuts*
``CV² ≥ a·g + Σ π_u x_u + α``: ``a`` is a part of the least ``1/τ²`` of the range, ``π`` the slope of what is left at
the point to cut off, and ``α`` the exact minimum of ``CV² − a·g − π·x`` over all whole heads in the range.
For each ``T`` that minimum is a separable convex allocation, solved by taking the cheapest heads first. The
cuts describe the convex hull as closely as wanted, far closer than envelopes of the product ``g · 1/τ²``;
splitting the range closes the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.model import INFINITY, Model
from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats

_KEPT = (0.2, 0.6, 0.9)  # shares of the curvature that cuts keep exact
_MANY, _MORE = 2.5, 6  # single steps up to so many even shares, and so many heads more


@dataclass(frozen=True)
class Term:
    """One squared CV: an indicator at a stage.

    Parameters
    ----------
    indicator, stage
        Name and stage index.
    weight
        Its weight in the sum.
    sections
        Sections that count, with pupils.
    pupils
        Their pupils.
    pair, position
        Pairs that count, and the position of the section of each among ``sections``.
    """

    indicator: str
    stage: int
    weight: float
    sections: Ints
    pupils: Floats
    pair: Ints
    position: Ints

    @property
    def worst(self) -> float:
        """Squared CV where all heads stand in the smallest section: no other can be larger.

        It also stands for a stage in which nobody counts at all, whose CV is not defined: losing the last one
        is never an improvement.
        """
        return float(self.pupils.sum() / self.pupils.min() - 1)

    def cv2(self, heads: Floats) -> float:
        """Squared CV of the heads by section; :attr:`worst` where nobody counts anywhere."""
        total = float(heads.sum())
        if total == 0:
            return self.worst
        return float(self.pupils.sum() * (heads**2 / self.pupils).sum() / total**2 - 1)


@dataclass(frozen=True)
class Range:
    """Least and most of the total of one term."""

    low: float
    high: float


def contributions(problem: Problem, indicator: str, teachers: Ints, posts: Ints) -> Bools:
    """Whether each teacher counts for an indicator when holding each post; all of the same shape."""
    facts = problem.standard.indicators[indicator]
    person = problem.counts(facts)[teachers, problem.post_stage[posts]]
    return np.asarray(person & problem.counted_subjects(facts)[problem.posts.subject[posts]])


def terms(model: Model) -> list[Term]:
    """List the squared CVs that the scenario weighs: every stage with at least two sections in scope."""
    problem, found = model.problem, []
    for name, weight in problem.config.priorities.indicators.items():
        if weight == 0 or name not in problem.standard.indicators:
            continue
        if problem.standard.indicators[name].counts != "teachers":
            continue
        counts = contributions(problem, name, model.pair_teacher, model.pair_post)
        for stage in range(len(problem.stages)):
            sections = np.flatnonzero(problem.after.in_scope & (problem.sections.stage == stage))
            if len(sections) < 2:
                continue
            position = np.full(len(problem.after.in_scope), -1, dtype=np.int64)
            position[sections] = np.arange(len(sections))
            at = position[problem.posts.section[model.pair_post]]
            pair = np.flatnonzero(counts & (at >= 0))
            if len(pair):
                pupils = problem.after.pupils[sections]
                found.append(Term(name, stage, weight, sections, pupils, pair, at[pair]))
    return found


def measured(problem: Problem, plan: Plan, listed: list[Term]) -> float:
    """Weighted sum of squared CVs of a finished plan."""
    total = 0.0
    placed = np.flatnonzero(plan.post >= 0)
    section = plan.section(problem)[placed]
    for term in listed:
        counts = contributions(problem, term.indicator, placed, plan.post[placed])
        heads = np.bincount(section[counts], minlength=len(problem.after.open))[term.sections]
        total += term.weight * term.cv2(heads.astype(float))
    return total


@dataclass(frozen=True)
class Encoded:
    """One term in the model.

    Parameters
    ----------
    middle
        ``T₀``, against which ``τ`` is measured.
    range
        What the total can be, from the cohorts alone.
    low, high
        Least and most heads in each section, from the cohorts alone.
    heads
        Columns that hold ``x``, by section.
    total, g, cv2
        Columns that hold ``T``, ``g`` and the lower bound of CV².
    """

    term: Term
    middle: float
    range: Range
    low: Ints
    high: Ints
    heads: Ints
    total: int
    g: int
    cv2: int

    def cv2_of(self, x: Floats) -> float:
        """CV² of the values of the columns, heads being whole or not."""
        tau = max(x[self.total], 1e-9) / self.middle
        return float(min(x[self.g] / tau**2 - (1 - 1 / tau) ** 2, self.term.worst))


def encode(model: Model, term: Term, middle: float) -> Encoded:
    """Add one term to the model, with its weight in the level ``evenness``; the bound of CV² is still open.

    Heads far above an even share are counted at the slope where the single steps end: still a lower bound.
    """
    low, high = _limits(model, term)
    reached = min(_totals(model, term).high, 2 * middle + 10)
    likely = np.ceil(_MANY * reached * term.pupils / term.pupils.sum()) + _MORE
    steps = np.minimum(high - low, np.maximum(likely - low, 1)).astype(np.int64)
    at = np.repeat(np.arange(len(low)), steps)
    head = low[at] + np.arange(len(at)) - np.repeat(np.cumsum(steps) - steps, steps)
    share, per_head = term.pupils / term.pupils.sum(), term.pupils.sum() / (term.pupils * middle)

    def cost(section: Ints, heads: Floats) -> Floats:
        return np.asarray(share[section] * (heads * per_head[section] - 1) ** 2)

    every, ones = np.arange(len(low)), np.ones(len(low))
    held = model.columns(low.astype(float), high.astype(float), whole=False)
    model.rows(
        np.concatenate([term.position, every]),
        np.concatenate([model.pairs[term.pair], held]),
        np.concatenate([np.ones(len(term.pair)), -ones]),
        0 * ones,
        0 * ones,
    )
    room = np.where(np.append(at[1:] != at[:-1], True), (high - low - steps)[at] + 1.0, 1.0)
    segments = model.columns(np.zeros(len(at)), room, whole=False)
    model.rows(
        np.concatenate([every, at]),
        np.concatenate([held, segments]),
        np.concatenate([ones, -np.ones(len(at))]),
        low.astype(float),
        low.astype(float),
    )
    rise = cost(at, head + 1.0) - cost(at, head.astype(float))
    constant = float(cost(every, low.astype(float)).sum())
    total, g, cv2 = model.columns(np.zeros(3), np.full(3, INFINITY), whole=False)
    model.row(np.append(held, total), np.append(ones, -1.0), 0.0, 0.0)
    model.row(np.append(segments, g), np.append(rise, -1.0), -constant, -constant)
    model.cost("evenness", np.array([cv2]), np.array([term.weight]))
    return Encoded(term, middle, _totals(model, term), low, high, held, int(total), int(g), int(cv2))


def _totals(model: Model, term: Term) -> Range:
    """Least and most heads that can count in the whole stage."""
    size = model.cohorts.size
    lawful = np.bincount(model.pair_cohort, minlength=len(size)) + (model.pool >= 0)
    inside = np.bincount(model.pair_cohort[term.pair], minlength=len(size))
    return Range(float(size[(inside == lawful) & (inside > 0)].sum()), float(size[inside > 0].sum()))


def _limits(model: Model, term: Term) -> tuple[Ints, Ints]:
    """Least and most heads that can count in each section of a term, from the cohorts alone."""
    size, cohort = model.cohorts.size, model.pair_cohort
    lawful = np.bincount(cohort, minlength=len(size)) + (model.pool >= 0)
    inside = np.bincount(
        cohort[term.pair] * len(term.sections) + term.position, minlength=len(size) * len(term.sections)
    )
    inside = inside.reshape(len(size), len(term.sections))
    high = (size[:, None] * (inside > 0)).sum(axis=0)
    low = (size[:, None] * ((inside == lawful[:, None]) & (inside > 0))).sum(axis=0)
    return low.astype(np.int64), high.astype(np.int64)


@dataclass(frozen=True)
class Cut:
    """A row ``low <= Σ value × column`` that holds for every plan whose total lies in the range."""

    range: Range
    column: Ints
    value: Floats
    low: float


def cuts(encoded: Encoded, x: Floats, span: Range) -> list[Cut]:
    """Bound CV² from below over a range of the total, as closely as planes can near the values ``x``.

    Where the range is a single total one plane is exact. Else several shares of the curvature are kept exact:
    the more is kept, the nearer a plane stays away from ``x``; the less, the nearer it comes at ``x`` itself.
    """
    return [_cut(encoded, x, span, kept) for kept in (_KEPT if span.low < span.high else (1.0,))]


def _cut(encoded: Encoded, x: Floats, span: Range, kept: float) -> Cut:
    """Bound CV² from below by a plane and so much of the curvature of ``g``."""
    term = encoded.term
    a = kept * (encoded.middle / max(span.high, 1.0)) ** 2
    slope = term.pupils.sum() / term.pupils
    heads, total = x[encoded.heads], min(max(x[encoded.total], span.low, 1.0), max(span.high, 1.0))
    curve = total**-2 - kept * max(span.high, 1.0) ** -2
    pi = 2 * curve * slope * heads - 2 * total**-3 * (slope * heads**2).sum() + 2 * a / encoded.middle
    least = _cheapest(encoded, span, pi, kept)
    column = np.concatenate([encoded.heads, [encoded.g, encoded.cv2]])
    return Cut(span, column, np.concatenate([-pi, [-a, 1.0]]), least)


def _cheapest(encoded: Encoded, span: Range, pi: Floats, kept: float) -> float:
    """Return the minimum of ``CV² − a·g − π·x`` over whole heads with a total in the range.

    With ``Q = N Σ x_u² / P_u`` it is ``Q (1/T² − a/T₀²) + 2aT/T₀ − 1 − a − π·x``.
    """
    slope = encoded.term.pupils.sum() / encoded.term.pupils
    a = kept * (encoded.middle / max(span.high, 1.0)) ** 2
    most = np.minimum(encoded.high, span.high).astype(np.int64)
    low = encoded.low.astype(float)
    room = np.maximum(most - encoded.low, 0)
    at = np.repeat(np.arange(len(room)), room)
    head = low[at] + np.arange(len(at)) - np.repeat(np.cumsum(room) - room, room)
    rise, fixed = slope[at] * (2 * head + 1), float((slope * low**2).sum())
    best = encoded.term.worst - a if span.low == 0 else INFINITY  # without any head, g is 1
    for total in np.arange(max(span.low, 1.0), span.high + 1):
        curve, wanted = total**-2 - kept * span.high**-2, int(total - low.sum())
        if not 0 <= wanted <= len(at):
            continue
        costs = curve * rise - pi[at]
        taken = np.partition(costs, wanted - 1)[:wanted] if 0 < wanted < len(at) else costs[:wanted]
        value = curve * fixed - pi @ low + taken.sum() + 2 * a * total / encoded.middle - 1 - a
        best = min(best, float(value))
    return best
