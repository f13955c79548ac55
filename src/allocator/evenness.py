"""Evenness, exactly: the weighted sum of squared official CVs as columns and rows of the model.

For one stage and indicator let ``x_u`` be the heads that count in section ``u``, ``P_u`` its pupils,
``N = ΣP_u`` and ``T = Σx_u``. The official CV (差异系数) satisfies

    CV² = N · Σ(x_u² / P_u) / T² − 1.

While ``T`` cannot change this is a constant plus one convex function of each whole number ``x_u``: a bounded
column for every further head, with the exact increase as its cost, is exact. Where ``T`` can change, with
``τ = T / T₀`` and ``g = Σ (P_u / N)(x_u N / (P_u T₀) − 1)²`` the same CV is

    CV² = g / τ² − (1 − 1/τ)².

``g`` stays separable and convex; the product with ``1/τ²`` is bounded from below by McCormick's inequalities
and the concave rest by its secant, both over a range of ``T``. The relaxation is a valid lower bound on any
range and becomes exact as the range shrinks, so that splitting ranges proves the bound as closely as wanted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.model import INFINITY, Model
from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats

_TANGENTS = (0.0, 0.25, 0.5, 0.75, 1.0)


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
    column, value
        Pairs that count and for how many heads, with the position of the section of each.
    """

    indicator: str
    stage: int
    weight: float
    sections: Ints
    pupils: Floats
    pair: Ints
    position: Ints

    def cv2(self, heads: Floats) -> float:
        """Squared CV of the heads by section; 0 where nobody counts anywhere."""
        total = float(heads.sum())
        if total == 0:
            return 0.0
        return float(self.pupils.sum() * (heads**2 / self.pupils).sum() / total**2 - 1)


@dataclass(frozen=True)
class Range:
    """Least and most of the total of one term, and of its ``g`` at the middle total."""

    low: float
    high: float
    g_low: float = 0.0
    g_high: float = INFINITY

    @property
    def middle(self) -> float:
        """The total that ``τ`` is measured against."""
        return max((self.low + self.high) / 2, 1.0)


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
    total_column
        Column that holds ``T``.
    cv2_column
        Column that holds the lower bound of CV².
    g_columns, g_values, g_constant
        ``g`` as a linear expression.
    """

    term: Term
    total_column: int
    cv2_column: int
    g_columns: Ints
    g_values: Floats
    g_constant: float


def encode(model: Model, term: Term, span: Range) -> Encoded:
    """Add one term to the model over a range of its total, with its weight in the level ``evenness``."""
    low, high = _limits(model, term)
    steps = np.maximum(high - low, 0)
    at = np.repeat(np.arange(len(low)), steps)
    count = np.arange(len(at)) - np.repeat(np.cumsum(steps) - steps, steps)
    head = low[at] + count
    share, per_head = term.pupils / term.pupils.sum(), term.pupils.sum() / (term.pupils * span.middle)

    def cost(section: Ints, heads: Floats) -> Floats:
        return np.asarray(share[section] * (heads * per_head[section] - 1) ** 2)

    segments = model.columns(np.zeros(len(at)), np.ones(len(at)), whole=False)
    model.rows(
        np.concatenate([term.position, at]),
        np.concatenate([model.pairs[term.pair], segments]),
        np.concatenate([np.ones(len(term.pair)), -np.ones(len(at))]),
        low.astype(float),
        low.astype(float),
    )
    rise = cost(at, head + 1.0) - cost(at, head.astype(float))
    constant = float(cost(np.arange(len(low)), low.astype(float)).sum())
    total = model.columns(np.array([span.low]), np.array([span.high]), whole=False)
    model.row(np.concatenate([segments, total]), np.append(np.ones(len(at)), -1.0), -float(low.sum()), -float(low.sum()))
    bound = model.columns(np.array([0.0]), np.array([INFINITY]), whole=False)
    model.cost("evenness", bound, np.array([term.weight]))
    encoded = Encoded(term, int(total[0]), int(bound[0]), segments, rise, constant)
    _relax(model, encoded, span)
    return encoded


def _limits(model: Model, term: Term) -> tuple[Ints, Ints]:
    """Least and most heads that can count in each section of a term, from the cohorts alone."""
    size, cohort = model.cohorts.size, model.pair_cohort
    lawful = np.bincount(cohort, minlength=len(size))
    inside = np.bincount(cohort[term.pair] * len(term.sections) + term.position, minlength=len(size) * len(term.sections))
    inside = inside.reshape(len(size), len(term.sections))
    high = (size[:, None] * (inside > 0)).sum(axis=0)
    low = (size[:, None] * ((inside == lawful[:, None]) & (inside > 0))).sum(axis=0)
    return low.astype(np.int64), high.astype(np.int64)


def _relax(model: Model, encoded: Encoded, span: Range) -> None:
    """Bound CV² from below over the range; with a single total, exactly."""
    g, values, constant = encoded.g_columns, encoded.g_values, encoded.g_constant
    cv2 = np.array([encoded.cv2_column])
    if span.low == span.high:
        tau = max(span.low, 1.0) / span.middle
        shift = constant / tau**2 - (1 - 1 / tau) ** 2
        model.row(np.concatenate([cv2, g]), np.append(1.0, -values / tau**2), low=shift)
        return
    ends = np.array([max(span.low, 1.0), span.high]) / span.middle
    rest = (1 - 1 / ends) ** 2
    slope = (rest[1] - rest[0]) / (ends[1] - ends[0])
    v_low, v_high = float(ends[1] ** -2), float(ends[0] ** -2)
    v = model.columns(np.array([v_low]), np.array([v_high]), whole=False)
    total = np.array([encoded.total_column])
    for part in _TANGENTS:
        tau = ends[0] + part * (ends[1] - ends[0])
        steep = 2 * tau**-3 / span.middle
        model.row(np.concatenate([v, total]), np.array([1.0, steep]), low=3 * tau**-2)
    for g_end, v_end in ((span.g_low, v_low), (span.g_high, v_high)):
        if g_end == INFINITY:
            continue
        # cv2 >= g_end·v + v_end·g − g_end·v_end − (rest₀ + slope·(τ − τ₀))
        model.row(
            np.concatenate([cv2, v, g, total]),
            np.concatenate([[1.0, -g_end], -v_end * values, [slope / span.middle]]),
            low=v_end * constant - g_end * v_end - rest[0] + slope * ends[0],
        )
