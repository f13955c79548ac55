"""Rules in solved plans: hard ones are never broken, soft ones counted alike, those that are off let go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from allocator.errors import NoPlan
from allocator.rules.catalogue import CATALOGUE
from allocator.rules.contract import AggregateRule
from allocator.rules.placement import EveryonePlaced
from allocator.solving.result import Result
from allocator.solving.solve import solve
from rules.variants import Cells, drawn_cells, made, placed, problem_of, variant
from solving import brute

LINEAR = {"objective": {"levels": ["coverage", "wishes"]}}
HARD: Mapping[str, Mapping[str, Any]] = {
    "direction.cross_stage": {"most": 2},
    "direction.cross_zone": {"most": 4},
    "direction.across": {"most": 5},
    "direction.upward": {"share": 0.5},
    "direction.rural": {"share": 0.25},
    "direction.areas": {"kinds": 2},
    "exchange.backbone": {"share": 0.3},
    "leaders.kept": {"terms": 1},
    "leaders.rotation": {"terms": 1, "roles": ["principal", "manager"]},
    "recruits.setting": {"settings": ["town", "rural"]},
    "school.outflow": {"share": 0.4},
    "tenure.due": {"years": 4},
    "travel.carers": {"minutes": 50},
    "travel.distance": {"km": 25},
}


def some_hard(seed: int) -> dict[str, Mapping[str, Any]]:
    """Draw which of the rules are hard that by default are not; those that are by default stay so."""
    rng = np.random.default_rng([seed, 3])
    drawn = [rule for rule in CATALOGUE if rule is not EveryonePlaced and rng.random() < 0.2]
    near = {"travel.carers": {"level": "hard", "minutes": 50}}  # or who loses the school would often have no place at all
    return near | {rule.id: {"level": "hard", **HARD.get(rule.id, {})} for rule in drawn}


TOTALS = tuple(rule.id for rule in CATALOGUE if issubclass(rule, AggregateRule))


def breaches(result: Result) -> float:
    """Return what the solver thinks its soft rules are broken by; 0 where nothing could be broken."""
    return sum(level.objective for level in result.levels if level.name == "rules")


def counted(result: Result) -> float:
    """Return what the witnesses count."""
    return sum(v.amount for v in result.violations)


def test_hard_rules_hold_in_every_plan(tmp_path: Path) -> None:
    """With drawn rules hard, an independent count finds nothing broken in any plan, and no rule is left out."""
    draws, without, kept = 48, 0, set[str]()
    for seed in range(draws):
        settings = {"rules": some_hard(seed), "budget": {"moves": (3, "80%", 5)[seed % 3], "gap": 0.01}}
        folder = variant(tmp_path / str(seed), settings, drawn_cells(seed, subjects=True))
        problem, rules = problem_of(folder)
        try:
            result = solve(problem, rules)
        except NoPlan:
            without += 1
            continue
        hard = {rule.id for rule in rules if rule.level == "hard"}
        assert brute.broken(brute.read(folder), placed(problem, result.plan)) == []
        assert hard & {v.rule for v in result.violations} == set()
        kept |= hard
    assert without < draws / 2
    assert kept == {rule.id for rule in CATALOGUE}


def test_soft_rules_are_counted_alike(tmp_path: Path) -> None:
    """With every rule soft, the solver's breaches are what the witnesses count; many draws break some."""
    broken = 0
    for seed in range(16):
        given: dict[str, Any] = {
            rule.id: {"level": "soft"} for rule in CATALOGUE if rule is not EveryonePlaced
        }
        given |= {
            "direction.cross_stage": {"level": "soft", "most": 0},
            "direction.cross_zone": {"level": "soft", "most": 0},
        }
        cells = {**drawn_cells(seed, subjects=True), "sections": {"B1": {"headcount_min": "4"}}}
        settings = {"rules": given, "budget": {"moves": 0}, **LINEAR}
        result = solve(*problem_of(variant(tmp_path / str(seed), settings, cells)))
        assert counted(result) == pytest.approx(breaches(result), abs=1e-5)
        broken += bool(result.violations)
    assert broken >= 8


SOFT: dict[str, tuple[Mapping[str, Any], Cells, float]] = {
    "budget.moves": (
        {"budget": {"moves": 1}},
        {"teachers": {t: {"pin": "B1"} for t in ("T01", "T02", "T03")}},
        2,
    ),
    "direction.cross_zone": ({}, {"teachers": {t: {"pin": "B1"} for t in ("T01", "T02")}}, 1),
    "direction.cross_stage": (
        {"budget": {"moves": None}, "rules": {"travel.limit": "off", "quota.headcount": {"above": 9}}},
        {"sections": {"B1": {"headcount_min": "4"}}},
        1,
    ),
    "quota.headcount": (
        {"rules": {"quota.headcount": {"above": 0}}},
        {"sections": {s: {"headcount_max": "1"} for s in ("A1", "A2", "B1")}},
        7,
    ),
}
PARAMETERS = {
    "direction.cross_zone": {"most": 1},
    "direction.cross_stage": {"most": 0},
    "quota.headcount": {"above": 0},
}


@pytest.mark.parametrize("rule", TOTALS)
def test_soft_total_is_broken_by_the_least_there_must_be(tmp_path: Path, rule: str) -> None:
    """Where a total cannot be kept, soft breaks it by the least amount, hard leaves no plan."""
    settings, cells, least = SOFT[rule]
    rules = dict(settings.get("rules", {}))
    for level in ("soft", "hard"):
        given = {**LINEAR, **settings, "rules": {**rules, rule: {"level": level} | PARAMETERS.get(rule, {})}}
        problem, settled = problem_of(variant(tmp_path / level, given, cells))
        if level == "hard":
            with pytest.raises(NoPlan, match="cannot be kept"):
                solve(problem, settled)
            continue
        result = solve(problem, settled)
        assert {v.rule for v in result.violations} == {rule}
        assert counted(result) == breaches(result) == least


@dataclass(frozen=True)
class Wanted:
    """A district in which a rule stands between somebody and a wish."""

    rule: str
    teachers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    on: Mapping[str, Any] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


HISTORIAN = {"subject": "history", "second_subjects": "", "wishes": "B1"}
WANTED = (
    Wanted("placement.pins", {"T03": {"pin": "stay"}}),
    Wanted("certificate.rank", {"T02": HISTORIAN}),
    Wanted("subject.suitability", {"T09": {"wishes": "A1", "lock_until": ""}}),
    Wanted("protection.status", {"T04": {"wishes": "A2"}}),
    Wanted("tenure.minimum"),
    Wanted("tenure.lock", {"T09": {"wishes": "A2"}}),
    Wanted("travel.limit"),
    Wanted("recruits.setting"),
    Wanted("quota.headcount", {}, {"above": 0}, {"A1": {"headcount_max": "2"}}),
    Wanted("budget.moves"),
    Wanted("direction.cross_stage", {"T02": HISTORIAN | {"certificate": "junior"}}, {"most": 0}),
    Wanted("direction.cross_zone", {}, {"most": 0}),
)


def test_every_rule_of_the_catalogue_is_wanted_away_once() -> None:
    """The next test covers the whole catalogue but the definition of a plan."""
    assert [case.rule for case in WANTED] == [rule.id for rule in CATALOGUE if rule is not EveryonePlaced]


@pytest.mark.parametrize("case", WANTED, ids=lambda case: case.rule)
def test_rule_that_is_off_is_broken_where_that_pays(tmp_path: Path, case: Wanted) -> None:
    """A hard rule costs wishes and is kept; switched off, the better plan breaks it."""
    results = {}
    budget = 0 if case.rule == "budget.moves" else None
    for level in ("hard", "off"):
        settings = {
            "budget": {"moves": budget},
            "objective": {"levels": ["wishes"]},
            "rules": {case.rule: {"level": level, **case.on}},
        }
        cells: Cells = {"teachers": case.teachers, "sections": case.sections}
        results[level] = solve(*problem_of(variant(tmp_path / level, settings, cells)))
    kept, free = results["hard"], results["off"]
    rule = next(r for r in kept.rules if r.id == case.rule)
    assert free.levels[0].objective < kept.levels[0].objective
    assert list(rule.violations(kept.problem, kept.plan)) == []
    assert list(rule.violations(free.problem, free.plan)) != []


def test_witness_counts_teachers_without_a_place(tmp_path: Path) -> None:
    """A plan that leaves somebody out breaks the definition of a plan by one each."""
    problem, rules = problem_of(variant(tmp_path, LINEAR))
    plan = solve(problem, rules).plan
    left_out = np.where(np.arange(len(plan.post)) < 2, -1, plan.post)
    found = list(made(EveryonePlaced).violations(problem, type(plan)(left_out)))
    assert [v.who for v in found] == [("T01",), ("T02",)]
