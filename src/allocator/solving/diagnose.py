"""Why there is no plan: which totals cannot be kept, and by how much they are missed at the least."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from allocator.errors import NoPlan
from allocator.model import assignment, deal, whole_people
from allocator.plan import Plan
from allocator.rules.catalogue import aggregate_rules
from allocator.rules.contract import AggregateRule
from allocator.rules.placement import EveryonePlaced
from allocator.solving.clock import Deadline, OutOfTime
from allocator.solving.engine import Engine
from allocator.solving.integer import solve_whole
from allocator.solving.prepare import Prepared, ranks, waiting_among
from allocator.solving.smallest import told
from allocator.words import text

_PATIENCE = 20.0  # seconds for the smallest conflict; after them the least breach is told


def conflict(prepared: Prepared) -> NoPlan:
    """Say which totals cannot be kept: where the plan of the least breach breaks them, and by how much."""
    problem = prepared.model.problem
    patience = Deadline.after(min(problem.config.budget.seconds, _PATIENCE))
    known, ways = ([], ()) if prepared.early else told(prepared, patience)
    if known:
        return NoPlan(known, problem.config.language, ways)
    hard = [rule for rule in aggregate_rules(prepared.rules) if rule.level == "hard"]
    plan = _least_breach(prepared, hard)
    lines = []
    everyone = [rule for rule in prepared.rules if isinstance(rule, EveryonePlaced)]
    for rule in (*hard, *everyone):
        for broken in rule.violations(problem, plan) if plan else ():
            here = text("{who}: {what}", who=list(broken.who), what=broken.sentence)
            least = broken.sentence if rule in everyone or rule.scope == "district" else here
            lines.append(
                text(
                    "'{rule}' cannot be kept: {sentence} The least breach is: {least}.",
                    rule=rule.id,
                    sentence=rule.said(),
                    least=least,
                )
            )
    if not lines:
        lines = [text("these totals cannot be kept together: {rules}", rules=[r.id for r in hard])]
    return NoPlan(lines, problem.config.language)


def _least_breach(prepared: Prepared, hard: list[AggregateRule]) -> Plan | None:
    """Return a plan that breaks the hard totals the least, None where none was found.

    More than the reserve holds wait in it only where nothing else is lawful.
    """
    problem, groups = prepared.model.problem, prepared.model.cohorts
    allowed = np.zeros((len(groups.first), len(problem.posts)), dtype=bool)
    allowed[prepared.model.pair_cohort, prepared.model.pair_post] = True
    waiting, reserve = waiting_among(problem, prepared.rules, groups, None)
    everybody = float(len(problem.teachers))
    most = len(problem.teachers) if reserve else 0
    model = assignment(problem, groups, allowed, np.ones(len(problem.subjects)), waiting, most)
    if reserve:
        pool, over = model.pool[model.pool >= 0], model.breach(EveryonePlaced.id, 1, soft=True)
        value = np.concatenate([np.ones(len(pool)), [-1.0]])
        model.row(np.concatenate([pool, over]), value, high=float(reserve))
        model.cost("rules", over, np.array([everybody]))
    for total in hard:
        replace(total, level="soft").add(problem, model)
    engine, cost, pairs = Engine(model), model.objective("rules"), len(model.pairs)
    deadline = Deadline.after(problem.config.budget.seconds)
    try:
        relaxed = engine.linear(cost, deadline)
        proof = (
            None if relaxed is None else solve_whole(engine, cost, relaxed, pairs, gap=0, deadline=deadline)
        )
    except OutOfTime:
        return None
    if proof is None:
        return None
    return Plan(deal(model, *whole_people(model, proof.x), order=ranks(problem)))
