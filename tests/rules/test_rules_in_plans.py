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
    near = {
        "travel.carers": {"level": "hard", "minutes": 50}
    }  # or who loses the school would often have no place at all
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


@dataclass(frozen=True)
class Broken:
    """A district in which a total cannot be kept, and the least amount that it must be broken by."""

    rule: str
    least: float
    teachers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    on: Mapping[str, Any] = field(default_factory=dict)
    moves: int | None = 3
    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    schools: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)


def pinned(**pins: str) -> dict[str, dict[str, str]]:
    """Pin teachers by hand."""
    return {teacher: {"pin": pin} for teacher, pin in pins.items()}


NOBODY = {"T01": {"pin": "stay"}, "T06": {"pin": "stay"}}  # of the backbone teachers who could move
LEAVING = {"T01": {"role": "principal"}}
GROUPS = {"A1": {"group": "G"}, "A2": {"group": "G"}}
SOFT = (
    Broken("budget.moves", 2, pinned(T01="B1", T02="B1", T03="B1"), moves=1),
    Broken(
        "budget.moves", 1, pinned(T01="A2", T02="A2", T03="B1"), {"groups": "free"}, moves=0, schools=GROUPS
    ),
    Broken("leaders.rotation", 1, LEAVING, {"terms": 1, "summers": 1}, 0, rules={"leaders.kept": "off"}),
    Broken("leaders.head", 1, {"T01": {"role": "principal", "pin": "A2"}}, rules={"leaders.kept": "off"}),
    Broken("tenure.due", 1, on={"years": 10, "summers": 1}, moves=1),
    Broken("tenure.due", 1, on={"years": 10, "summers": 2}, moves=0),
    Broken("exchange.rate", 3, on={"share": 0.5, "years": 0}, moves=0),
    Broken("exchange.rate", 1, on={"share": 0.5, "years": 0}, moves=2),
    Broken("exchange.backbone", 1, NOBODY | pinned(T03="B1", T02="A2"), {"share": 0.5}, 2),
    Broken("exchange.backbone", 2, on={"share": 1, "of": "eligible_backbone", "years": 0}, moves=0),
    Broken(
        "exchange.backbone", 1, on={"share": 0.2, "of": "eligible", "backbone": "city", "years": 0}, moves=1
    ),
    Broken("exchange.graduating", 1, {"T03": {"graduating": "yes"}}, {"years": 5}, 0),
    Broken("couples.together", 1, {"T03": {"pin": "B1", "couple_id": "C"}, "T04": {"couple_id": "C"}}),
    Broken(
        "couples.together",
        1,
        {"T03": {"pin": "A2", "couple_id": "C"}, "T04": {"couple_id": "C"}},
        {"within": "school"},
    ),
    Broken(
        "couples.together",
        1,
        {"T03": {"pin": "A2", "couple_id": "C"}, "T04": {"couple_id": "C"}},
        {"within": "km", "km": 5},
    ),
    Broken("closures.follow", 1, pinned(T10="A2"), {"share": 1}),
    Broken("closures.follow", 2, pinned(T10="A2", T11="A1"), {"share": 0.9}),
    Broken(
        "quota.headcount",
        7,
        on={"above": 0},
        sections={s: {"headcount_max": "1"} for s in ("A1", "A2", "B1")},
    ),
    Broken("quota.headcount", 1, on={"above": 0}, moves=0, sections={"A1": {"headcount_min": "7"}}),
    Broken("school.outflow", 2, pinned(T02="A2", T03="B1"), {"share": 0}),
    Broken("school.outflow", 1, pinned(T02="A2", T03="B1"), {"share": 0.25}),
    Broken("school.subject_outflow", 2, pinned(T02="A2", T03="B1"), {"share": 0}),
    Broken("school.subject_outflow", 1, pinned(T02="A2", T03="B1"), {"share": 0.3}),
    Broken("school.subject_minimum", 1, pinned(T07="B1", T12="B1")),
    Broken("school.subject_minimum", 2, pinned(T01="B1", T02="A2", T03="B1"), {"least": 2}),
    Broken("school.graduating", 1, {"T03": {"graduating": "yes", "pin": "B1"}}, {"share": 1}),
    Broken("leads.zone", 4),
    Broken("leads.zone", 5, on={"backbone": "city"}),
    Broken("leads.school", 1, pinned(T01="A2"), {"most": 0, "backbone": "county"}),
    Broken("leads.school", 1, {"T03": {"chief": "yes", "pin": "A2"}}, {"most": 0}),
    Broken(
        "direction.cross_stage",
        1,
        on={"most": 0},
        moves=None,
        sections={"B1": {"headcount_min": "4"}},
        rules={"travel.limit": "off", "quota.headcount": {"above": 9}},
    ),
    Broken("direction.cross_zone", 1, pinned(T01="B1", T02="B1"), {"most": 1}),
    Broken("direction.across", 1, pinned(T01="B1", T02="B1"), {"most": 1}),
    Broken("direction.upward", 0.75, pinned(T08="A2"), {"share": 0.25}, 1),
    Broken("direction.upward", 0.5, pinned(T08="A2"), {"share": 0.25}, 2),
    Broken("direction.upward_gap", 1, pinned(T08="A2")),
    Broken("direction.rural", 0.5, pinned(T08="A2"), {"share": 0.5}, 1),
    Broken("direction.rural", 0.25, pinned(T08="A2"), {"share": 0.625}, 2),
)


def test_every_total_of_the_catalogue_is_once_impossible() -> None:
    """The next test covers every rule about totals."""
    assert {one.rule for one in SOFT} == set(TOTALS)


@pytest.mark.parametrize("one", SOFT, ids=lambda one: one.rule)
def test_soft_total_is_broken_by_the_least_there_must_be(tmp_path: Path, one: Broken) -> None:
    """Where a total cannot be kept, soft breaks it by the least amount, hard leaves no plan."""
    cells: Cells = {"teachers": one.teachers, "sections": one.sections, "schools": one.schools}
    for level in ("soft", "hard"):
        rules = {**one.rules, one.rule: {"level": level, **one.on}}
        settings = {**LINEAR, "budget": {"moves": one.moves}, "rules": rules}
        problem, settled = problem_of(variant(tmp_path / level, settings, cells))
        if level == "hard":
            with pytest.raises(NoPlan, match="cannot be kept"):
                solve(problem, settled)
            continue
        result = solve(problem, settled)
        assert {v.rule for v in result.violations} == {one.rule}
        assert counted(result) == pytest.approx(one.least, abs=1e-9)
        assert breaches(result) == pytest.approx(one.least, abs=1e-6)


@dataclass(frozen=True)
class Wanted:
    """A district in which a rule stands between somebody and a wish."""

    rule: str
    teachers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    on: Mapping[str, Any] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    schools: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    moves: int | None = None


HISTORIAN = {"subject": "history", "second_subjects": "", "wishes": "B1"}
WISH_TO_STAY = {
    f"T{n:02d}": {"wishes": home}
    for home, people in (("A1", (1, 2, 3)), ("A2", (6, 7)), ("B1", (8,)))
    for n in people
}
PRINCIPAL = {"role": "principal"}
COUPLE = {"couple_id": "C"}
CHIEF = {"chief": "yes"}
GRADUATING = {"graduating": "yes"}
FREE_LEADERS = {"leaders.kept": "off"}
WANTED = (
    Wanted("placement.pins", {"T03": {"pin": "stay"}}),
    Wanted("placement.pins", {"T08": {"pin": "B1"}}),
    Wanted("certificate.rank", {"T02": HISTORIAN}),
    Wanted("certificate.rank", {"T02": HISTORIAN | {"certificate": "kindergarten"}}),
    Wanted("subject.suitability", {"T09": {"wishes": "A1", "lock_until": ""}}),
    Wanted(
        "subject.suitability",
        {"T09": {"wishes": "A1", "lock_until": "", "second_subjects": "chinese"}},
        {"least": 1},
    ),
    Wanted("protection.status", {"T04": {"wishes": "A2"}}),
    Wanted("protection.status", {"T03": {"status": "training"}}, {"statuses": ["training"]}),
    Wanted("protection.retirement", {"T03": {"sex": "m", "birth": "1963-09"}}),
    Wanted("protection.retirement", {"T03": {"sex": "f", "birth": "1970-07"}}, {"years": 5}),
    Wanted("leaders.kept", {"T03": PRINCIPAL}),
    Wanted("leaders.kept", {"T03": {"role": "manager"}}, {"roles": ["manager"], "terms": 2}),
    Wanted(
        "leaders.rotation",
        WISH_TO_STAY | {"T01": {**PRINCIPAL, "wishes": "A1"}},
        {"summers": 1},
        rules=FREE_LEADERS,
    ),
    Wanted("leaders.head", {"T03": PRINCIPAL}, rules=FREE_LEADERS),
    Wanted("leaders.head", {"T07": PRINCIPAL}, rules=FREE_LEADERS),
    Wanted("tenure.minimum"),
    Wanted("tenure.minimum", {"T03": {"leave_months": "25"}}, {"leave": "left_out"}),
    Wanted("tenure.lock", {"T09": {"wishes": "A2"}}),
    Wanted("tenure.lock", {"T03": {"service": "special_post", "hired": "2017-10"}}),
    Wanted("tenure.due", WISH_TO_STAY, {"years": 10, "summers": 1}),
    Wanted("tenure.due", WISH_TO_STAY, {"years": 10, "summers": 2}),
    Wanted("exchange.rate", WISH_TO_STAY, {"years": 0}),
    Wanted("exchange.rate", WISH_TO_STAY, {"years": 9, "share": 0.5}),
    Wanted("exchange.backbone", {"T01": {"wishes": "A1"}, "T06": {"wishes": "A2"}}, {"share": 0.5}),
    Wanted("exchange.backbone", WISH_TO_STAY, {"share": 0.5, "of": "eligible_backbone", "years": 0}),
    Wanted("exchange.backbone", WISH_TO_STAY, {"share": 0.3, "of": "eligible", "years": 0}),
    Wanted("exchange.graduating", {"T01": {**GRADUATING, "wishes": "A1"}}),
    Wanted("exchange.term", {"T03": {"exchange_from": "A2", "exchange_until": "2021-08"}}),
    Wanted("exchange.term", {"T03": {"exchange_from": "A2", "exchange_until": "2020-08"}}),
    Wanted("travel.limit"),
    Wanted("travel.limit", {"T03": {}}, {"minutes": 40, "start": "school"}),
    Wanted("travel.distance", {"T03": {}}, {"km": 20}),
    Wanted("travel.carers", {"T03": {"carer": "yes"}}),
    Wanted("couples.together", {"T03": COUPLE, "T04": COUPLE}),
    Wanted("couples.together", {"T07": COUPLE, "T06": COUPLE | {"wishes": "A2"}}, {"within": "school"}),
    Wanted("couples.together", {"T03": COUPLE, "T04": COUPLE}, {"within": "km", "km": 10}),
    Wanted("recruits.setting"),
    Wanted("recruits.setting", {}, {"settings": ["rural"]}),
    Wanted("recruits.contract", {"T12": {"contract_school": "B1"}}),
    Wanted("closures.follow", {}, {"share": 1}),
    Wanted("closures.follow", {"T10": {"pin": "A2"}}, {"share": 0.5}),
    Wanted("quota.headcount", {}, {"above": 0}, {"A1": {"headcount_max": "2"}}),
    Wanted("quota.headcount", pinned(T06="stay"), {"above": 0}, {"A1": {"headcount_min": "6"}}),
    Wanted("school.outflow", {}, {"share": 0}),
    Wanted("school.outflow", {"T02": {"wishes": "A2"}}, {"share": 0.25}),
    Wanted("school.subject_outflow", {}, {"share": 0}),
    Wanted("school.subject_outflow", {"T02": {"wishes": "A2"}}, {"share": 0.3}),
    Wanted("school.subject_minimum", {"T12": {"wishes": "B1"}}),
    Wanted(
        "school.subject_minimum", {"T11": {"pin": "B1"}, "T08": {"subject": "music"}}, {"subjects": "all"}
    ),
    Wanted("school.graduating", {"T03": GRADUATING}),
    Wanted("school.graduating", {"T03": GRADUATING, "T02": GRADUATING | {"wishes": "A2"}}, {"share": 0.6}),
    Wanted("leads.zone", pinned(T06="stay") | dict.fromkeys(("T03", "T07", "T08", "T10", "T12"), CHIEF)),
    Wanted("leads.school", {"T03": CHIEF}, {"most": 0}),
    Wanted("leads.school", {"T01": {"wishes": "A2"}}, {"most": 0, "backbone": "county"}),
    Wanted("budget.moves", moves=0),
    Wanted(
        "budget.moves", {}, {"groups": "free"}, schools={s: {"group": "G"} for s in ("A2", "B1")}, moves=0
    ),
    Wanted("direction.cross_stage", {"T02": HISTORIAN | {"certificate": "junior"}}, {"most": 0}),
    Wanted("direction.cross_zone", {}, {"most": 0}),
    Wanted("direction.across", {}, {"most": 0}),
    Wanted("direction.across", {"T06": {"wishes": "B1"}}, {"most": 3}),
    Wanted("direction.upward"),
    Wanted("direction.upward", NOBODY, {"share": 0.25}, schools={"A2": {"tier": "5"}}),
    Wanted("direction.upward_gap"),
    Wanted("direction.rural", {}, {"share": 1}),
    Wanted(
        "direction.areas",
        {"T03": {"wishes": "A2"}, "T07": {"former_schools": "B1"}},
        {"kinds": 2, "schools": 2},
    ),
    Wanted(
        "direction.areas",
        {"T03": {"former_schools": "A2"}},
        {"kinds": 4, "schools": 3, "by": "township"},
    ),
    Wanted("volunteers.only"),
    Wanted("volunteers.only", {"T03": {"volunteer": "yes"}}),
    Wanted(
        "wishes.only",
        {"T01": {"pin": "stay"}, "T03": {"wishes": "B1", "home_lat": "33.90", "home_lon": "116.70"}},
        sections={"A1": {"headcount_max": "3"}},
    ),
)


def test_every_rule_of_the_catalogue_is_wanted_away_once() -> None:
    """The next test covers the whole catalogue but the definition of a plan."""
    assert {case.rule for case in WANTED} == {rule.id for rule in CATALOGUE if rule is not EveryonePlaced}


@pytest.mark.parametrize("case", WANTED, ids=lambda case: case.rule)
def test_rule_that_is_off_is_broken_where_that_pays(tmp_path: Path, case: Wanted) -> None:
    """A hard rule costs wishes and is kept; switched off, the better plan breaks it."""
    results = {}
    for level in ("hard", "off"):
        settings = {
            "budget": {"moves": case.moves},
            "objective": {"levels": ["wishes"]},
            "rules": {**case.rules, case.rule: {"level": level, **case.on}},
        }
        cells: Cells = {"teachers": case.teachers, "sections": case.sections, "schools": case.schools}
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
