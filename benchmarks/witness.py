"""The witnesses: what a plan breaks and what it reaches, from the plan alone, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.evenness import measured
from allocator.model import Cohorts, Model
from allocator.plan import Plan
from allocator.problem import Problem
from allocator.solving.levels import burden, wish_costs
from allocator.solving.prepare import Prepared

LEVELS = ("coverage", "evenness", "moves", "burden")


@dataclass(frozen=True)
class Judgement:
    """What the witnesses say.

    Parameters
    ----------
    objectives
        Value of the plan at every level.
    violations
        How often hard rules are broken.
    """

    objectives: dict[str, float]
    violations: int


def judge(prepared: Prepared, plan: Plan) -> Judgement:
    """Count the breaches of the rules and measure every level on a plan."""
    problem = prepared.problem
    hard, soft = 0, 0.0
    for rule in prepared.rules:
        amounts = [broken.amount for broken in rule.violations(problem, plan)]
        hard += len(amounts) if rule.level == "hard" else 0
        soft += sum(amounts) if rule.level == "soft" else 0.0
    placements = _placements(problem, plan)
    objectives = {
        "coverage": float(weights(problem) @ plan.unfilled(problem)),
        "evenness": measured(problem, plan, prepared.terms),
        "moves": float(plan.away(problem).sum()),
        "burden": float(burden(placements).sum()),
        "wishes": float(wish_costs(placements).sum()),
        "rules": soft,
        "reserve": float((plan.post < 0).sum()),
    }
    return Judgement(objectives, hard)


def weights(problem: Problem) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Weight of one empty place in every post group."""
    by_subject = [float(problem.config.priorities.subjects.get(s, 1)) for s in problem.subjects]
    return np.array(by_subject)[problem.posts.subject]


def _placements(problem: Problem, plan: Plan) -> Model:
    """Return the places of a plan as pairs, one a teacher, so that what a pair costs can be asked of them."""
    placed = np.flatnonzero(plan.post >= 0)
    alone = np.arange(len(placed))
    who = Cohorts(alone, np.ones(len(placed), dtype=np.int64), placed)
    return Model(problem, who, alone, plan.post[placed], np.full(len(placed), -1, dtype=np.int64))
