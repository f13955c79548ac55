"""Rules about a whole plan: three independent answers to each, on drawn plans of drawn districts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from allocator.model import Model
from allocator.plan import Plan
from allocator.problem import Problem
from allocator.roads import Floats
from allocator.rules.catalogue import CATALOGUE, aggregate_rules
from allocator.rules.contract import AggregateRule
from allocator.solving.prepare import prepare
from rules.variants import drawn_cells, placed, problem_of, variant
from solving import brute

ALL = tuple(rule.id for rule in CATALOGUE if issubclass(rule, AggregateRule))
DRAWS, PLANS = 16, 60
FREE = dict.fromkeys(
    (
        "placement.pins",
        "protection.status",
        "protection.retirement",
        "leaders.kept",
        "tenure.lock",
        "exchange.term",
        "travel.limit",
        "travel.carers",
        "recruits.contract",
    ),
    "off",
)
BOOKS: tuple[Mapping[str, Any], ...] = (
    {
        "leaders.rotation": {"summers": 2, "roles": ["principal", "manager"], "terms": 1},
        "tenure.due": {"summers": 2, "years": 3},
        "exchange.rate": {"share": 0.4, "years": 4},
        "exchange.backbone": {"share": 0.3},
        "exchange.graduating": {"share": 0.5, "years": 4},
        "couples.together": {},
        "direction.cross_stage": {"most": 2},
        "direction.cross_zone": {"most": 3},
        "direction.across": {"most": 4},
        "quota.headcount": {"above": 0},
    },
    {
        "leaders.rotation": {"summers": 1, "terms": 1, "term_years": 1.5},
        "tenure.due": {"summers": 1, "years": 2.5, "oldest_men": 40, "oldest_women": 60, "leave": "left_out"},
        "exchange.rate": {"share": 0.55, "years": 2},
        "exchange.backbone": {"share": 0.35, "of": "eligible", "years": 2},
        "exchange.graduating": {"share": 1, "years": 5},
        "couples.together": {"within": "school"},
        "closures.follow": {"share": 0.9},
        "quota.headcount": {"above": 1},
        "school.outflow": {"share": 0.5},
        "school.subject_outflow": {"share": 0.3},
        "school.subject_minimum": {"least": 2, "subjects": "all"},
        "school.graduating": {"share": 0.3},
        "leads.zone": {"least": 2},
        "leads.school": {"most": 0},
        "direction.cross_stage": {"most": 1},
        "direction.cross_zone": {"most": 5},
        "direction.across": {"most": 6},
        "direction.upward": {"share": 0.34},
        "direction.rural": {"share": 0.5},
        "budget.moves": {"groups": "free"},
    },
    {
        "leaders.rotation": {"roles": ["principal", "vice_principal", "counsellor"], "terms": 0},
        "tenure.due": {"summers": 3, "years": 5, "oldest_men": 58, "oldest_women": 30},
        "exchange.rate": {"share": 0.3, "years": 0},
        "exchange.backbone": {"share": 0.5, "of": "eligible_backbone", "years": 4},
        "exchange.graduating": {"share": 0.7, "years": 0},
        "couples.together": {"within": "km", "km": 12},
        "school.outflow": {"share": 0},
        "school.subject_minimum": {"least": 1},
        "leads.zone": {"backbone": "city"},
        "leads.school": {"most": 1, "backbone": "county"},
        "direction.cross_stage": {"most": 3},
        "direction.cross_zone": {"most": 4},
        "direction.across": {"most": 5},
        "direction.upward": {"share": 0.5},
        "direction.rural": {"share": 0.25},
    },
)
BUDGETS = (4, "60%", 6)


def folder_of(seed: int, folder: Path) -> Path:
    """Write a drawn district with every total hard, under one of several books of parameters."""
    given = BOOKS[seed % len(BOOKS)]
    rules = FREE | {name: {"level": "hard", **given.get(name, {})} for name in ALL}
    settings = {"rules": rules, "budget": {"moves": BUDGETS[seed % len(BUDGETS)]}}
    return variant(folder, settings, drawn_cells(seed, subjects=True))


def drawn_plans(model: Model, seed: int) -> list[Plan]:
    """Draw plans of lawful places, in which about half of the teachers stay where they may."""
    rng, problem = np.random.default_rng([seed, 2]), model.problem
    lawful = [model.pair_post[model.pair_cohort == cohort] for cohort in model.cohorts.of]
    found = []
    for _ in range(PLANS):
        stays = rng.random(len(lawful)) < rng.random()
        post = [
            here if stay and here in options else rng.choice(options)
            for here, stay, options in zip(problem.home_post, stays, lawful, strict=True)
        ]
        found.append(Plan(np.array(post, dtype=np.int64)))
    return found


def values(model: Model, plan: Plan) -> Floats:
    """Return what the columns of a model say in a plan that breaks nothing."""
    x = np.zeros(model.width)
    for teacher, post in enumerate(plan.post):
        pair = (model.pair_cohort == model.cohorts.of[teacher]) & (model.pair_post == post)
        x[np.flatnonzero(pair)] += 1
    return x


def rows_hold(rule: AggregateRule, problem: Problem, model: Model, plan: Plan) -> bool:
    """Whether the rows that a hard rule adds to a model hold in a plan."""
    alone = model.copy()
    alone.entries, alone.row_low, alone.row_high, alone.height = [], [], [], 0
    rule.add(problem, alone)
    held = np.zeros(alone.height)
    x = values(alone, plan)
    for row, column, value in alone.entries:
        np.add.at(held, row, value * x[column])
    low, high = (np.concatenate([np.zeros(0), *side]) for side in (alone.row_low, alone.row_high))
    return bool((held >= low - 1e-6).all() and (held <= high + 1e-6).all())


@pytest.mark.parametrize("seed", range(DRAWS))
def test_three_answers_to_every_plan_agree(tmp_path: Path, seed: int) -> None:
    """Rows of the model, witness and brute force find the same totals broken, rule by rule and by as much."""
    folder = folder_of(seed, tmp_path)
    problem, settled = problem_of(folder)
    prepared, district = prepare(problem, settled), brute.read(folder)
    plans = drawn_plans(prepared.model, seed)
    third = brute.missed(brute.these(district, [placed(problem, plan) for plan in plans]))
    asked = aggregate_rules(prepared.rules)
    assert {rule.id for rule in asked} == set(third) == set(ALL)
    for rule in asked:
        for n, plan in enumerate(plans):
            witness = sum(v.amount for v in rule.violations(problem, plan))
            assert witness == pytest.approx(third[rule.id][n], abs=1e-6), (rule.id, n)
            assert rows_hold(rule, problem, prepared.model, plan) == (witness == 0), (rule.id, n)


def test_draws_keep_and_break_every_total(tmp_path: Path) -> None:
    """The draws are not empty: under every book a total is broken by more and by less, and each is kept in some plan."""
    seen = [{name: set[float]() for name in ALL} for _ in BOOKS]
    for seed in range(DRAWS):
        folder = folder_of(seed, tmp_path / str(seed))
        problem, settled = problem_of(folder)
        plans = drawn_plans(prepare(problem, settled).model, seed)
        amounts = brute.missed(brute.these(brute.read(folder), [placed(problem, plan) for plan in plans]))
        for name, amount in amounts.items():
            seen[seed % len(BOOKS)][name] |= set(amount.round(6).tolist())
    assert [(n, name) for n, book in enumerate(seen) for name, found in book.items() if len(found) < 2] == []
    assert [name for name in ALL if not any(0 in book[name] for book in seen)] == []
