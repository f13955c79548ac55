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

_MANY, _MORE = 2.5, 6  # single steps up to so many even shares, and so many heads more
_NEAR = 2.0  # near known heads, single steps as far as so many roots of them, and so many heads more


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
            position = np.where(problem.after.unit >= 0, position[problem.after.unit], -1)
            at = position[problem.posts.section[model.pair_post]]
            pair = np.flatnonzero(counts & (at >= 0))
            if len(pair):
                pupils = problem.after.together(problem.after.pupils)[sections]
                found.append(Term(name, stage, weight, sections, pupils, pair, at[pair]))
    return found


def measured(problem: Problem, plan: Plan, listed: list[Term]) -> float:
    """Weighted sum of squared CVs of a finished plan."""
    total = 0.0
    placed = np.flatnonzero(plan.post >= 0)
    section = plan.section(problem)[placed]
    for term in listed:
        counts = contributions(problem, term.indicator, placed, plan.post[placed])
        heads = np.bincount(section[counts], minlength=len(problem.after.open))
        total += term.weight * term.cv2(problem.after.together(heads)[term.sections])
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
    first, last
        Heads of each section between which ``g`` is exact.
    heads
        Columns that hold ``x``, by section.
    links
        Rows that hold the people of the pairs and ``x`` together, by section.
    total, g, cv2
        Columns that hold ``T``, ``g`` and the lower bound of CV².
    """

    term: Term
    middle: float
    range: Range
    low: Ints
    high: Ints
    first: Ints
    last: Ints
    heads: Ints
    links: Ints
    total: int
    g: int
    cv2: int

    def cv2_of(self, x: Floats) -> float:
        """CV² of the values of the columns, heads being whole or not."""
        tau = max(x[self.total], 1e-9) / self.middle
        return float(min(x[self.g] / tau**2 - (1 - 1 / tau) ** 2, self.term.worst))

    def g_of(self, heads: Floats) -> float:
        """``g`` of heads by section: between two whole numbers on the line that joins them."""
        below, share = np.floor(heads), self.term.pupils / self.term.pupils.sum()
        ends = [share * (h / (share * self.middle) - 1) ** 2 for h in (below, below + 1)]
        return float((ends[0] + (heads - below) * (ends[1] - ends[0])).sum())

    def covers(self, x: Floats) -> bool:
        """Whether ``g`` is exact at the values of the columns."""
        heads = x[self.heads]
        return bool(((heads > self.first - 1 - 1e-6) & (heads < self.last + 1e-6)).all())


def encode(model: Model, term: Term, middle: float, near: tuple[Floats, Floats] | None = None) -> Encoded:
    """Add one term to the model, with its weight in the level ``evenness``; the bound of CV² is still open.

    Parameters
    ----------
    middle
        ``T₀``.
    near
        Least and most heads of each section that plans are known to have: some way below and above them heads
        are counted at the slope where the single steps begin and end, which is a lower bound. Without it there
        are single steps from the least to far above an even share.
    """
    low, high = _limits(model, term)
    first, last = _steps(model, term, low, high, middle, near)
    steps = last - first
    at = np.repeat(np.arange(len(low)), steps)
    head = first[at] + np.arange(len(at)) - np.repeat(np.cumsum(steps) - steps, steps)
    share, per_head = term.pupils / term.pupils.sum(), term.pupils.sum() / (term.pupils * middle)

    def cost(section: Ints, heads: Floats) -> Floats:
        return np.asarray(share[section] * (heads * per_head[section] - 1) ** 2)

    every, ones = np.arange(len(low)), np.ones(len(low))
    held = model.columns(low.astype(float), high.astype(float), whole=False)
    links = model.rows(
        np.concatenate([term.position, every]),
        np.concatenate([model.pairs[term.pair], held]),
        np.concatenate([np.ones(len(term.pair)), -ones]),
        0 * ones,
        0 * ones,
    )
    ends = np.append(at[1:] != at[:-1], True)
    segments = model.columns(np.zeros(len(at)), np.where(ends, (high - last)[at] + 1.0, 1.0), whole=False)
    fewer = model.columns(np.zeros(len(low)), (first - low).astype(float), whole=False)
    model.rows(
        np.concatenate([every, at, every]),
        np.concatenate([held, segments, fewer]),
        np.concatenate([ones, -np.ones(len(at)), ones]),
        first.astype(float),
        first.astype(float),
    )
    rise = cost(at, head + 1.0) - cost(at, head.astype(float))
    fall = cost(every, np.maximum(first - 1.0, 0.0)) - cost(every, first.astype(float))
    constant = float(cost(every, first.astype(float)).sum())
    total, g, cv2 = model.columns(np.zeros(3), np.full(3, INFINITY), whole=False)
    model.row(np.append(held, total), np.append(ones, -1.0), 0.0, 0.0)
    model.row(
        np.concatenate([segments, fewer, [g]]), np.concatenate([rise, fall, [-1.0]]), -constant, -constant
    )
    model.cost("evenness", np.array([cv2]), np.array([term.weight]))
    span = _totals(model, term)
    return Encoded(term, middle, span, low, high, first, last, held, links, int(total), int(g), int(cv2))


def _steps(
    model: Model, term: Term, low: Ints, high: Ints, middle: float, near: tuple[Floats, Floats] | None
) -> tuple[Ints, Ints]:
    """Heads of each section from which and up to which every head is a step of its own; one step at the least."""
    reached = min(_totals(model, term).high, 2 * middle + 10)
    likely = np.ceil(_MANY * reached * term.pupils / term.pupils.sum()) + _MORE
    first, last = low, np.minimum(high, np.maximum(likely, low + 1))
    if near is not None:
        fewest, most = near
        first = np.clip(np.floor(fewest - _NEAR * np.sqrt(fewest)) - _MORE, low, np.maximum(high - 1, low))
        last = np.minimum(high, np.ceil(most + _NEAR * np.sqrt(most)) + _MORE)
    first = first.astype(np.int64)
    return first, np.maximum(last.astype(np.int64), first + (high > first))


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
