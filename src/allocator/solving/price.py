"""What each hard rule costs: the same problem is solved again without it, and the levels are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event

import numpy as np

from allocator.errors import LimitReached
from allocator.problem import Bools, Problem
from allocator.rules.catalogue import ALWAYS_HARD
from allocator.rules.contract import PairRule, Rule
from allocator.solving.prepare import lawful_pairs, prepare
from allocator.solving.result import Level, Result
from allocator.solving.solve import assign, values_of

_SECONDS = 20.0  # most for each level of each rule
_GAP = 0.02
_SAME = 1e-4  # share of a level's value that counts as no difference


@dataclass(frozen=True)
class RulePrice:
    """What the objective would gain without a hard rule, at the first level that gains.

    Parameters
    ----------
    rule
        Its id.
    level
        The first level that gains, or empty where none does.
    kept, without
        Value of that level with the rule and without it.
    best
        What no plan without the rule can be below: with ``without`` it bounds the gain from both sides.
    known
        False where the limit came before the answer.
    """

    rule: str
    level: str = ""
    kept: float = 0.0
    without: float = 0.0
    best: float = 0.0
    known: bool = True


def prices(
    result: Result, tell: Callable[[str], None] | None = None, stop: Event | None = None
) -> list[RulePrice]:
    """Price every hard rule of a solved problem that can be left out.

    Parameters
    ----------
    result
        The plan with its rules; who is eligible, and so what shares of the eligible ask for, stays as it is.
    tell
        Told the id of each rule before it is priced.
    stop
        Set by whoever does not want to wait: the rules that are left stay unknown.
    """
    found, problem = [], _roughly(result.problem)
    lawful = lawful_pairs(problem, result.rules)
    for rule in result.rules:
        if rule.level == "hard" and rule.id not in ALWAYS_HARD:
            (tell or (lambda _: None))(rule.id)
            found.append(_price(result, problem, lawful, rule, stop))
    return found


def _price(result: Result, problem: Problem, lawful: Bools, rule: Rule, stop: Event | None) -> RulePrice:
    """Solve without one rule, level by level; a rule that refuses nothing that the others allow costs nothing."""
    rest = tuple(r for r in result.rules if r is not rule)
    if isinstance(rule, PairRule) and np.array_equal(lawful, lawful_pairs(problem, rest)):
        return RulePrice(rule.id)
    prepared = prepare(problem, rest, settled=True)
    try:
        state = assign(prepared, start=values_of(prepared.model, result.plan.post), stop=stop)
    except LimitReached:
        return RulePrice(rule.id, known=False)
    kept = {level.name: level for level in result.levels}
    for level in state.levels:
        if level.name in kept and _gains(kept[level.name], level):
            return RulePrice(rule.id, level.name, kept[level.name].objective, level.objective, level.bound)
    return RulePrice(rule.id, known=all(level.status == "proved" for level in state.levels))


def _gains(kept: Level, level: Level) -> bool:
    return kept.objective - level.objective > max(_SAME * abs(kept.objective), 1e-6)


def _roughly(problem: Problem) -> Problem:
    """Ask for less: a coarser gap, a shorter limit, and no tie-break."""
    budget = problem.config.budget
    rough = budget.model_copy(update={"gap": max(budget.gap, _GAP), "seconds": min(budget.seconds, _SECONDS)})
    return replace(problem, config=problem.config.model_copy(update={"budget": rough}))
