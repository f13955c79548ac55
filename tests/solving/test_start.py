"""The first plan, and the same flow over everybody as an oracle for coverage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from allocator.domain import RuleSetting
from allocator.problem import Problem, build
from allocator.rules.catalogue import settle
from allocator.scenario.check import read
from allocator.scenario.rulebook import read_rulebook
from allocator.solving.engine import Engine
from allocator.solving.prepare import prepare
from allocator.solving.solve import solve
from allocator.solving.start import _flow, _room, first_plan

SCENARIOS = Path(__file__).parents[2] / "scenarios"
CAPS = ("budget.moves", "direction.cross_zone", "direction.cross_stage")


def problem_of(name: str, *, caps: bool = True, levels: tuple[str, ...] = ("coverage",)) -> Problem:
    """Build a committed scenario, with or without its caps on moves."""
    problem = build(read(SCENARIOS / name))
    off = {} if caps else {rule: RuleSetting(level="off") for rule in CAPS}
    objective = problem.config.objective.model_copy(update={"levels": levels})
    changes = {"rules": {**problem.config.rules, **off}, "objective": objective}
    return replace(problem, config=problem.config.model_copy(update=changes))


@pytest.mark.parametrize("name", ["tiny", "fermanagh", "duji-2020"])
def test_first_plan_keeps_every_row_and_moves_nobody_who_has_a_place(name: str) -> None:
    problem = problem_of(name)
    rules = settle(problem.config, read_rulebook()[0] or {}, name, [])
    model = prepare(problem, rules).model
    x = first_plan(model, rules)
    assert x is not None
    assert Engine(model).feasible(x)
    assert model.objective("moves") @ x == 0


@pytest.mark.parametrize("name", ["tiny", "fermanagh", "duji-2021"])
def test_coverage_without_caps_is_a_minimum_cost_flow(name: str) -> None:
    """With only headcounts as totals, OR-Tools' flow over all pairs finds the coverage that the solver proves."""
    problem = problem_of(name, caps=False)
    rules = settle(problem.config, read_rulebook()[0] or {}, name, [])
    model = prepare(problem, rules).model
    nobody = np.zeros(len(model.pairs))
    flow = _flow(model, model.pairs, nobody, _room(model, rules, nobody))
    assert flow is not None
    filled = np.bincount(model.pair_post, flow, minlength=len(problem.posts))
    weights = np.array([problem.config.priorities.subjects.get(s, 1) for s in problem.subjects])
    empty = np.maximum(problem.posts.places - filled, 0)
    coverage = solve(problem, rules).levels[0]
    assert coverage.name == "coverage"
    assert coverage.status == "proved"
    assert coverage.objective == (empty * weights[problem.posts.subject]).sum()
