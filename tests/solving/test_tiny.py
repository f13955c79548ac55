"""The scenario ``tiny``: what the solver proves is what trying every plan finds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from allocator.errors import NoPlan
from allocator.scenario.check import check
from allocator.scenario.read import read_tables
from allocator.solving.result import Result
from allocator.solving.solve import solve
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


@cache
def every_plan() -> brute.Plans:
    district = brute.read(TINY)
    settings = district.settings | {"budget": {}}
    return brute.enumerate_plans(
        brute.District(settings, district.schools, district.sections, district.teachers, district.posts)
    )


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
