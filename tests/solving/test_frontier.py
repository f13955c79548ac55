"""The frontier: every point against the plan of that budget alone, its ends, its knee."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from allocator.evenness import measured, terms
from allocator.plan import Plan
from allocator.problem import Problem
from allocator.rules.budget import MoveBudget
from allocator.rules.contract import Rule
from allocator.solving.frontier import Frontier, Point, _budgets, frontier, knee
from allocator.solving.prepare import prepare
from allocator.solving.solve import assign
from rules.variants import problem_of
from solving import drawn


def traced(problem: Problem, rules: tuple[Rule, ...], points: int = 12) -> Frontier:
    found = frontier(problem, rules, points)
    assert found is not None
    return found


def with_budget(problem: Problem, moves: int | None) -> Problem:
    budget = problem.config.budget.model_copy(update={"moves": moves})
    return replace(problem, config=problem.config.model_copy(update={"budget": budget}))


@pytest.mark.parametrize("seed", range(4))
def test_every_point_is_the_plan_of_its_budget(tmp_path: Path, seed: int) -> None:
    """Each point agrees within its gap with solving its budget alone, keeps the rules, and is measured alike."""
    problem, rules = drawn.problem(seed, tmp_path / "d", budget={"gap": 0.002})
    found = traced(problem, rules, 5)
    weighed = terms(prepare(problem, rules).model)
    for point in found.points:
        alone = {
            level.name: level for level in assign(prepare(with_budget(problem, point.budget), rules)).levels
        }
        assert point.status == "proved"
        assert point.gap <= 0.002 + 1e-9
        assert point.bound <= alone["evenness"].objective + 1e-6
        assert alone["evenness"].bound <= point.evenness + 1e-6
        assert point.evenness == pytest.approx(measured(problem, point.plan, weighed), abs=1e-9)
        assert point.plan.away(problem).sum() == point.moves <= point.budget
        kept = (r for r in prepare(with_budget(problem, point.budget), rules).rules if r.level == "hard")
        assert not [broken for rule in kept for broken in rule.violations(problem, point.plan)]


@pytest.mark.parametrize("seed", range(4))
def test_the_ends_are_the_fewest_and_the_most_moves(tmp_path: Path, seed: int) -> None:
    """The first budget is the fewest moves that coverage allows; no budget beyond the last is more even."""
    problem, rules = drawn.problem(seed, tmp_path / "d")
    found = traced(problem, rules, 4)
    objective = problem.config.objective.model_copy(update={"levels": ("coverage", "moves")})
    free = with_budget(problem, None)
    fewest = replace(free, config=free.config.model_copy(update={"objective": objective}))
    least = {level.name: level.objective for level in assign(prepare(fewest, rules)).levels}
    best = {level.name: level for level in assign(prepare(free, rules)).levels}
    assert found.points[0].budget == least["moves"]
    assert found.points[-1].evenness >= best["evenness"].bound - 1e-6
    assert found.points[-1].evenness * (1 - 0.005) <= best["evenness"].objective + 1e-6


def test_more_moves_never_cost_evenness(tmp_path: Path) -> None:
    """Objectives and bounds fall from budget to budget, and budgets grow."""
    points = traced(*drawn.problem(5, tmp_path / "d"), 8).points
    assert [p.budget for p in points] == sorted({p.budget for p in points})
    assert all(a.evenness >= b.evenness - 1e-9 and a.bound >= b.bound - 1e-9 for a, b in pairwise(points))
    assert points[0].evenness > points[-1].evenness


def test_the_scenario_s_own_budget_is_a_point(tmp_path: Path) -> None:
    """A budget between the ends is looked at and named; one below the first point is not."""
    problem, rules = drawn.problem(5, tmp_path / "d")
    ends = traced(problem, rules, 2).points
    inside = (ends[0].budget + ends[1].budget) // 2
    assert ends[0].budget < inside < ends[1].budget
    asked = traced(with_budget(problem, inside), rules, 3)
    assert asked.own is not None
    assert asked.points[asked.own].budget == inside
    assert traced(with_budget(problem, ends[0].budget - 1), rules, 3).own is None


def test_a_frontier_without_indicators_is_none(tmp_path: Path) -> None:
    """Where nothing is weighed there is no frontier."""
    priorities = {"indicators": dict.fromkeys(("teachers", "overqualified", "backbone", "arts"), 0)}
    assert frontier(*drawn.problem(1, tmp_path / "d", priorities=priorities)) is None


def test_a_frontier_that_is_stopped_returns_what_it_has(tmp_path: Path) -> None:
    """Stopped from the start of the points on, each end is still there, with an honest status."""
    stop = Event()

    def tell(name: str, objective: float | None, bound: float | None) -> None:
        if name.isdigit():
            stop.set()

    found = frontier(*drawn.problem(5, tmp_path / "d", budget={"gap": 0.0}), 12, tell, stop)
    assert found is not None
    assert 2 <= len(found.points) < 12
    assert "limit" in {p.status for p in found.points}
    assert all(p.bound <= p.evenness + 1e-9 for p in found.points)
    assert found.missing > 0
    assert not found.complete


def point(budget: int, evenness: float) -> Point:
    return Point(budget, budget, Plan(np.zeros(0, dtype=np.int64)), evenness, evenness, 0.0, "proved")


def test_the_knee_is_the_point_farthest_below_the_line() -> None:
    """By hand: from (0, 10) to (10, 0) the point (2, 3) lies 0.5 below the line, (5, 2) lies 0.3 below it."""
    assert knee(tuple(point(*p) for p in ((0, 10.0), (2, 3.0), (5, 2.0), (10, 0.0)))) == 1
    assert knee((point(0, 1.0), point(4, 1.0), point(9, 1.0))) is None
    assert knee((point(0, 1.0),)) is None


def test_budgets_are_denser_where_there_are_few_moves() -> None:
    """Both ends are in, gaps never shrink, the own budget takes the place of its nearest neighbour."""
    made = _budgets(10, 110, None, 6)
    assert made[0] == 10
    assert made[-1] == 110
    assert (np.diff(np.diff(made)) >= 0).all()
    own = _budgets(10, 110, 60, 6)
    assert 60 in own
    assert len(own) == 6
    assert {10, 110} <= set(own)
    assert _budgets(3, 3, None, 12) == [3]


def test_moves_that_are_free_do_not_count(tmp_path: Path) -> None:
    """The frontier counts what the budget counts: moves inside an education group only where they are counted."""
    made = drawn.district(3, rules={"budget.moves": {"groups": "free"}})
    for school in made.tables["schools"]:
        school["group"] = "G"
    problem, rules = problem_of(made.write(tmp_path / "d"))
    assert any(isinstance(r, MoveBudget) and r.groups == "free" for r in rules)
    found = traced(problem, rules, 3)
    assert [p.budget for p in found.points] == [0]
    assert found.points[0].plan.away(problem).sum() > 0


def test_without_the_level_only_coverage_is_held(tmp_path: Path) -> None:
    """Levels without evenness give the same frontier as coverage before it: burden and wishes do not shut it."""
    asked = [
        traced(*drawn.problem(5, tmp_path / str(i), objective={"levels": levels}), 4)
        for i, levels in enumerate((["coverage", "evenness"], ["coverage", "moves", "burden"]))
    ]
    assert [p.budget for p in asked[0].points] == [p.budget for p in asked[1].points]
    assert asked[0].points[0].budget < asked[0].points[-1].budget
    assert asked[0].fewest
    assert asked[0].complete
