"""The plan of a way out: where hard rules leave none, one of them gives way, as little as it must, and all else is solved."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import numpy as np

from allocator.errors import LimitReached, NoPlan
from allocator.plan import Plan
from allocator.problem import Ints, Problem
from allocator.rules.contract import PairRule, Rule
from allocator.solving.clock import Deadline, OutOfTime
from allocator.solving.prepare import Prepared, prepare
from allocator.solving.result import Result
from allocator.solving.smallest import Way, gives_way
from allocator.solving.solve import Progress, assign, finished, values_of


def way_out(
    problem: Problem,
    rules: tuple[Rule, ...],
    ways: tuple[str, ...],
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Result | None:
    """Solve with one rule giving way as little as it must: the first that leaves a plan; None where none does, or in no time.

    Parameters
    ----------
    ways
        Ids of hard rules, the first to give way first.

    Returns
    -------
    The plan, with the rule as hard as it is: what breaks it stands among the breaches.
    """
    eligible: Ints | None = None
    try:
        known = prepare(problem, rules)
        rules, eligible = known.rules, known.eligible
    except NoPlan:  # somebody has no lawful place at all: who is eligible is asked without the rule
        pass
    deadline = Deadline.after(problem.config.budget.seconds, stop)
    for name in ways:
        rule = next(one for one in rules if one.id == name)
        try:
            found = gives_way(problem, rules, rule, deadline, settled=eligible is not None)
            if found is not None:
                return _solved(problem, rules, found, eligible, progress, stop)
        except (OutOfTime, LimitReached):
            return None
    return None


def _solved(
    problem: Problem,
    rules: tuple[Rule, ...],
    way: Way,
    eligible: Ints | None,
    progress: Progress | None,
    stop: Event | None,
) -> Result:
    """Solve every level with a rule soft, broken by no more than its least."""
    soft = tuple(replace(one, level="soft") if one.id == way.rule.id else one for one in rules)
    prepared = prepare(problem, soft, settled=eligible is not None)
    broken = _breaking(prepared, way.rule)
    prepared.model.row(broken, np.ones(len(broken)), high=way.amount + 1e-6)
    start = values_of(prepared.model, way.plan.post)
    state = assign(prepared, progress, start, stop)
    result = finished(prepared, Plan(state.people(prepared)), tuple(state.levels))
    level = {one.id: one.level for one in rules}
    as_asked = tuple(replace(one, level=level[one.id]) for one in prepared.rules)
    who = result.eligible if eligible is None else eligible
    return replace(result, rules=as_asked, eligible=who, gave_way=way.rule.id)


def _breaking(prepared: Prepared, rule: Rule) -> Ints:
    """Return the columns that count by how much a rule is broken."""
    model = prepared.model
    if isinstance(rule, PairRule):
        refused = rule.refuses(prepared.problem, model.cohorts.first)
        return model.pairs[refused[model.pair_cohort, model.pair_post]]
    return np.concatenate(model.breaches[rule.id])
