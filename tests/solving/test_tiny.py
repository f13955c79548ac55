"""The scenario ``tiny``: what the solver proves is what trying every plan finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from allocator.errors import NoPlan
from allocator.rules.catalogue import CATALOGUE
from allocator.rules.placement import EveryonePlaced
from allocator.scenario.check import check
from allocator.scenario.read import read_tables
from allocator.solving.result import Result
from allocator.solving.solve import solve
from rules.test_total_rules import BOOKS
from rules.variants import TINY, drawn_cells, placed, problem_of, variant
from solving import brute

ORDERS = (
    ("coverage", "evenness", "wishes"),
    ("moves", "coverage", "burden"),
    ("evenness", "coverage"),
    ("burden",),
    ("wishes", "coverage", "evenness", "burden"),
    ("coverage", "moves", "wishes", "evenness"),
)
BUDGETS = (0, 1, 3, None)
MOST_PLANS = 100_000
SOFT = ("volunteers.only", "wishes.only", "travel.distance", "direction.areas")


@cache
def every_plan() -> brute.Plans:
    district = brute.read(TINY)
    settings = district.settings | {"budget": {}}
    return brute.enumerate_plans(replace(district, settings=settings))


@cache
def within(budget: int | None) -> brute.Plans:
    everything = every_plan()
    return everything if budget is None else everything.keep(brute.moves(everything) <= budget)


def agree(result: Result, plans: brute.Plans, asked: tuple[str, ...]) -> None:
    """Hold every level of a result against the optimum among all plans."""
    row = plans.find(placed(result.problem, result.plan))
    assert row >= 0, "the plan is not among the lawful ones"
    best = brute.optimise(plans, [level.name for level in result.levels], row)
    for level, optimum in zip(result.levels, best, strict=True):
        close = 1e-6 if level.name in asked else 0.002 * abs(optimum.value) + 1e-6
        assert level.objective == pytest.approx(optimum.value, abs=close), level.name
        # what is held of earlier levels is held to 1e-6, which lets the bound fall by a multiple of it
        assert optimum.value - max(close, 1e-5) <= level.bound <= optimum.value + 1e-6, level.name
        measure = (
            brute.evenness(plans).value if level.name == "evenness" else brute.MEASURES[level.name](plans)
        )
        assert measure[row] == pytest.approx(level.objective, abs=1e-6), level.name


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_every_level_is_the_optimum_of_all_plans(
    tmp_path: Path, order: tuple[str, ...], budget: int | None
) -> None:
    """Whatever the order of the levels and the move budget, no lawful plan is better at any level."""
    folder = variant(tmp_path / "v", {"budget": {"moves": budget}, "objective": {"levels": list(order)}})
    agree(solve(*problem_of(folder)), within(budget), order)


RULES: dict[str, Mapping[str, Any]] = {
    "recruits to the country": {"recruits.setting": "hard"},
    "recruits to town or country": {"recruits.setting": {"level": "hard", "settings": ["town", "rural"]}},
    "no place above the limit": {"quota.headcount": {"level": "hard", "above": 0}},
    "headcount off": {"quota.headcount": "off"},
    "one to another zone": {"direction.cross_zone": {"level": "hard", "most": 2}},
    "nobody to another stage": {"direction.cross_stage": {"level": "hard", "most": 0}},
    "travel of half an hour": {"travel.limit": {"level": "hard", "minutes": 45}},
    "travel off": {"travel.limit": "off"},
    "tenure of six years": {"tenure.minimum": {"level": "hard", "years": 6}},
    "tenure and lock off": {
        "tenure.minimum": "off",
        "tenure.lock": "off",
        "subject.suitability": {"least": 1},
    },
    "protection off": {"protection.status": "off", "travel.limit": {"minutes": 30}},
    "only the main subject": {"subject.suitability": {"level": "hard", "least": 1}},
    "certificates off": {"certificate.rank": "off", "budget.moves": "off", "travel.limit": {"minutes": 20}},
}


@pytest.mark.parametrize("name", RULES)
def test_every_level_is_the_optimum_under_other_rules(tmp_path: Path, name: str) -> None:
    """A rule that is set otherwise, or off, changes the solver's plans and the lawful plans alike."""
    folder = variant(tmp_path / "v", {"rules": RULES[name]})
    plans = brute.enumerate_plans(brute.read(folder))
    agree(solve(*problem_of(folder)), plans, ORDERS[0])


@dataclass(frozen=True)
class Bound:
    """A rule, what tiny must be for it to bind, and the other settings that go with it."""

    rule: str
    given: Mapping[str, Any] = field(default_factory=dict)
    teachers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    schools: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path, level: str) -> Path:
        """Write tiny with the rule at a level."""
        rules = {**self.others, self.rule: {"level": level, **self.given}}
        return variant(
            folder, {**self.settings, "rules": rules}, {"teachers": self.teachers, "schools": self.schools}
        )


STILL = {t: {"pin": "stay"} for t in ("T01", "T06", "T07")} | {
    t: {"pin": "B1"} for t in ("T10", "T11", "T12")
}
GROUPS = {"A1": {"group": "east"}, "A2": {"group": "east"}}
BOUND = (
    Bound("placement.pins", {}, {"T03": {"pin": "A2"}, "T08": {"pin": "stay"}}),
    Bound("certificate.rank", {}, STILL | {"T08": {"certificate": "primary"}}),
    Bound(
        "subject.suitability",
        {"second": "family"},
        STILL | {t: {"pin": "stay"} for t in ("T03", "T05", "T08", "T09")},
    ),
    Bound("protection.status"),
    Bound("protection.retirement", {"years": 2}, {"T07": {"sex": "m", "birth": "1962-09"}}),
    Bound("leaders.kept", {}, {"T06": {"role": "principal"}, "T08": {"role": "vice_principal"}}),
    Bound(
        "leaders.rotation",
        {"summers": 2},
        {"T06": {"role": "principal"}, "T08": {"role": "principal"}},
        others={"leaders.kept": {"terms": 2}},
    ),
    Bound("leaders.head", {}, {"T06": {"role": "principal"}}, others={"leaders.kept": "off"}),
    Bound("tenure.minimum", {"years": 7, "leave": "left_out"}, {"T07": {"leave_months": "6"}}),
    Bound("tenure.lock", {"recruits": 10}, {"T07": {"hired": "2011-08"}}),
    Bound("tenure.due", {"summers": 3}, {"T01": {"sex": "m", "birth": "1970-01"}}),
    Bound("exchange.rate", {"share": 0.4}),
    Bound("exchange.backbone", {"share": 0.5}),
    Bound("exchange.graduating", {"share": 0.5}, {t: {"graduating": "yes"} for t in ("T01", "T06", "T07")}),
    Bound(
        "exchange.term",
        {},
        {
            "T07": {"exchange_from": "B1", "exchange_until": "2020-07"},
            "T08": {"exchange_from": "A2", "exchange_until": "2021-07"},
        },
    ),
    Bound("travel.limit", {"start": "school", "minutes": 40}),
    Bound("travel.distance", {"km": 12}),
    Bound("travel.carers", {"minutes": 25}, {"T01": {"carer": "yes"}, "T08": {"carer": "yes"}}),
    Bound("couples.together", {}, {"T03": {"couple_id": "c1"}, "T08": {"couple_id": "c1"}}),
    Bound("recruits.setting"),
    Bound("recruits.contract", {}, {"T12": {"contract_school": "B1"}}),
    Bound("closures.follow"),
    Bound("quota.headcount", {"above": 0}),
    Bound("school.outflow", {"share": 0.25}),
    Bound("school.subject_outflow", {"share": 0.3}),
    Bound("school.subject_minimum", {"subjects": "all"}),
    Bound("school.graduating", {"share": 1}, {t: {"graduating": "yes"} for t in ("T01", "T07")}),
    Bound("leads.zone", {}, {t: {"chief": "yes"} for t in ("T03", "T05", "T07", "T08", "T10", "T12")}),
    Bound("leads.school", {"most": 0, "backbone": "county"}, {"T07": {"chief": "yes"}}),
    Bound("budget.moves", {"groups": "free"}, schools=GROUPS, settings={"budget": {"moves": "20%"}}),
    Bound("direction.cross_stage", {"most": 1}),
    Bound("direction.cross_zone", {"most": 1}),
    Bound("direction.across", {"most": 2}),
    Bound("direction.upward", {"share": 0.5}),
    Bound("direction.upward_gap"),
    Bound("direction.rural", {"share": 0.5}),
    Bound(
        "direction.areas",
        {"by": "setting"},
        {
            "T02": {"former_schools": "B1"},
            "T07": {"former_schools": "A1;B2"},
            "T03": {"former_schools": "A2"},
        },
        {"A2": {"setting": "urban"}},
    ),
    Bound("volunteers.only", {}, {"T03": {"volunteer": "yes"}}),
    Bound("wishes.only"),
)
WEIGHED = (
    {"priorities": {"burden": {"move": 3, "group_move": 1, "follow": 5}}},
    {"priorities": {"points": {"service": 0.5, "rural": 0.25, "carer": 2}}},
)


def test_every_rule_binds_once() -> None:
    """The cases name the whole catalogue but the definition of a plan, and the brute force has all of it."""
    rules = [rule.id for rule in CATALOGUE if rule is not EveryonePlaced]
    assert [case.rule for case in BOUND] == rules
    assert sorted(brute.PAIR_RULES.keys() | brute.TOTALS.keys()) == sorted(rules)


@pytest.mark.parametrize("case", BOUND, ids=lambda case: case.rule)
def test_every_level_is_the_optimum_under_each_rule(tmp_path: Path, case: Bound) -> None:
    """Under each rule the solver finds the optimum of the plans that keep it, which are fewer than without it."""
    with_it = case.write(tmp_path / "hard", "hard")
    plans = brute.enumerate_plans(brute.read(with_it))
    without = brute.enumerate_plans(brute.read(case.write(tmp_path / "off", "off")))
    assert 0 < len(plans) < len(without)
    agree(solve(*problem_of(with_it)), plans, ORDERS[0])


def test_soft_rules_are_broken_as_little_as_any_plan_does(tmp_path: Path) -> None:
    """With every total and some pair rules soft, the breaches are the least of all plans, and so is all that follows."""
    draws, tried, broken = 16, 0, 0
    for seed in range(draws):
        given = BOOKS[seed % len(BOOKS)]
        rules = {name: {"level": "soft", **given.get(name, {})} for name in (*brute.TOTALS, *SOFT)}
        settings = {"rules": rules, "budget": {"moves": (1, "20%")[seed % 2]}}
        folder = variant(tmp_path / str(seed), settings, drawn_cells(seed, subjects=False))
        district = brute.read(folder)
        if not 0 < brute.size(district) <= MOST_PLANS:
            continue
        result = solve(*problem_of(folder))
        agree(result, brute.enumerate_plans(district), ORDERS[0])
        tried, broken = (
            tried + 1,
            broken + (result.levels[0].name == "rules" and result.levels[0].objective > 0),
        )
    assert tried >= draws / 2
    assert broken >= draws / 4


@pytest.mark.parametrize("weights", WEIGHED, ids=("burden", "points"))
def test_weights_inside_levels_are_those_asked(tmp_path: Path, weights: Mapping[str, Any]) -> None:
    """Moves inside a group, moves after the pupils, and the points of wishes weigh in the solver as in every plan."""
    teachers = {
        "T02": {"points": "3", "hired": "2012-08", "rural_years": "4"},
        "T03": {"hired": "1998-08", "carer": "yes"},
        "T07": {"points": "1.5"},
    }
    settings = {**weights, "objective": {"levels": ["wishes", "burden", "coverage"]}}
    folder = variant(tmp_path / "v", settings, {"teachers": teachers, "schools": GROUPS})
    plain = variant(tmp_path / "p", {"objective": settings["objective"]}, {"teachers": teachers})
    plans, usual = (brute.enumerate_plans(brute.read(f)) for f in (folder, plain))
    assert any(
        (measure(plans) != measure(usual)).any()
        for measure in (brute.MEASURES["wishes"], brute.MEASURES["burden"])
    )
    agree(solve(*problem_of(folder)), plans, ("wishes", "burden", "coverage"))


def test_generated_variants_agree_with_the_brute_force(tmp_path: Path) -> None:
    """On drawn teachers the solver finds the optimum of every level, or no plan where there is none."""
    draws, without, too_many = 24, 0, 0
    for seed in range(draws):
        order, budget = ORDERS[seed % len(ORDERS)], BUDGETS[seed % len(BUDGETS)]
        settings = {"budget": {"moves": budget}, "objective": {"levels": list(order)}}
        folder = variant(tmp_path / str(seed), settings, drawn_cells(seed, subjects=False))
        district = brute.read(folder)
        if brute.size(district) > MOST_PLANS:
            too_many += 1
            continue
        plans = brute.enumerate_plans(district)
        if len(plans):
            agree(solve(*problem_of(folder)), plans, order)
        else:
            without += 1
            with pytest.raises(NoPlan):
                solve(*problem_of(folder))
    assert without + too_many <= draws / 2


def test_tiny_is_read_without_an_issue() -> None:
    """The tables of tiny hold nothing that a planner would have to correct or be told."""
    scenario = read_tables(TINY)
    assert list(scenario.warnings) + check(scenario) == []


def test_tiny_makes_every_level_matter() -> None:
    """Moves buy coverage, evenness costs coverage, and among the most even plans wishes still differ."""
    assert [brute.coverage(within(b)).min() for b in (0, 1, 2, None)] == [11, 8, 7, 7]
    plans = within(3)
    covered = plans.keep(np.asarray(brute.coverage(plans) <= 7))
    even, free = brute.evenness(covered).value, brute.evenness(plans).value
    assert free.min() < even.min() < even.max()
    most_even = covered.keep(np.asarray(even <= even.min() + 1e-9))
    assert brute.wishes(plans).min() < brute.wishes(most_even).min() < brute.wishes(most_even).max()


def test_brute_force_is_small_enough_to_be_quick() -> None:
    """Every plan of tiny can be tried: about four hundred thousand before the totals."""
    district = brute.read(TINY)
    assert [len(o) for o in brute.lawful_places(district)] == [3, 6, 3, 1, 1, 5, 5, 5, 1, 2, 6, 5]
    assert brute.size(district) == 405_000
    assert np.unique(every_plan().choice, axis=0).shape == every_plan().choice.shape
