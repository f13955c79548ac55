"""A plan on the scales: what is said of a change is what an independent count finds when it is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allocator.errors import NoPlan
from allocator.explain.weigh import Weighing
from allocator.plan import Plan
from allocator.solving.solve import judge, solve
from rules.variants import drawn_cells, placed, problem_of, variant
from solving import brute

LEVELS = ["coverage", "evenness", "wishes", "moves", "burden"]


def drawn(folder: Path, seed: int) -> Weighing | None:
    """Weigh the plan of a drawn district; None where no plan keeps its rules."""
    settings = {"objective": {"levels": LEVELS}, "rules": {"tenure.minimum": {"level": "soft", "years": 3}}}
    problem, rules = problem_of(variant(folder, settings, drawn_cells(seed, subjects=False)))
    try:
        result = solve(problem, rules)
    except NoPlan:
        return None
    return Weighing(problem, judge(problem, rules, result.plan).rules, result.plan)


def changes(scales: Weighing, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Draw one to three people with other posts, lawful or not."""
    who = rng.choice(len(scales.problem.teachers), rng.integers(1, 4), replace=False)
    return [(int(t), int(rng.integers(len(scales.problem.posts)))) for t in who]


@pytest.mark.seeds(12)
def test_every_level_is_that_of_an_independent_count(tmp_path: Path, seed: int) -> None:
    """Of the plan and of every change, level by level, soft rules included; hard breaches are those of the witnesses."""
    scales = drawn(tmp_path / "v", seed)
    if scales is None:
        pytest.skip("no plan keeps the rules of this draw")
    district, rng = brute.read(tmp_path / "v"), np.random.default_rng(seed)
    sets = [changes(scales, rng) for _ in range(20)]
    people = [int(t) for t in rng.integers(len(scales.problem.teachers), size=20)]
    sets += [[(t, int(rng.choice(np.flatnonzero(scales.lawful[t]))))] for t in people]
    quick = scales.breaking(sets)
    for one, sums in zip(scales.compared(sets), quick, strict=True):
        stated = scales.judged(one)
        plan = scales.changed(one.changes)
        found = brute.these(district, [placed(scales.problem, p) for p in (scales.plan, plan)])
        for name in ("rules", "coverage", "wishes", "moves", "burden"):
            expected = brute.MEASURES[name](found)
            assert scales.values[name] == pytest.approx(expected[0], abs=1e-6), name
            assert stated.values[name] == pytest.approx(expected[1], abs=1e-6), name
        hard = {r.id for r in scales.rules if r.level == "hard"}
        broken = {v.rule for v in judge(scales.problem, scales.rules, plan).violations} & hard
        assert {v.rule for v in stated.broken} == broken, "the plan before breaks no hard rule"
        assert set(sums) <= broken
        if not all(scales.lawful[t, p] for t, p in one.changes):
            continue  # what nobody can lawfully count for is not measured
        even = brute.evenness(found).value
        assert stated.values["evenness"] - scales.values["evenness"] == pytest.approx(
            even[1] - even[0], abs=1e-9
        )


def test_no_change_changes_nothing(tmp_path: Path) -> None:
    """Everybody at the post that the plan gives: the same values, and nothing to tell."""
    problem, rules = problem_of(variant(tmp_path / "v"))
    plan = solve(problem, rules).plan
    scales = Weighing(problem, judge(problem, rules, plan).rules, plan)
    (same,) = scales.compared([[(t, int(p)) for t, p in enumerate(scales.plan.post)]])
    assert dict(same.values) == pytest.approx(scales.values)
    assert scales.worse(same) is None
    assert scales.judged(same).broken == ()


def test_breaches_that_were_there_are_not_told_again(tmp_path: Path) -> None:
    """Of a plan that breaks a rule, a change is only told what it breaks beyond."""
    settings = {"budget": {"moves": 0}}
    problem, rules = problem_of(variant(tmp_path / "v", settings))
    away = np.flatnonzero((problem.home_school >= 0) & ~problem.closing[problem.home_school])[:2]
    post = np.where(problem.home_post >= 0, problem.home_post, 0)
    others = [int(np.flatnonzero(problem.post_school != problem.home_school[t])[0]) for t in away]
    post[away[0]] = others[0]
    plan = Plan(post)
    scales = Weighing(problem, judge(problem, rules, plan).rules, plan)
    (more,) = scales.compared([[(int(away[1]), others[1])]])
    (less,) = scales.compared([[(int(away[0]), int(problem.home_post[away[0]]))]])
    assert "budget.moves" in {v.rule for v in scales.judged(more).broken}
    assert "budget.moves" not in {v.rule for v in scales.judged(less).broken}


def test_the_levels_are_those_of_the_solver(tmp_path: Path) -> None:
    """Counted on the finished plan, every level is what the certificate says."""
    problem, rules = problem_of(variant(tmp_path / "v", {"objective": {"levels": LEVELS}}))
    result = solve(problem, rules)
    scales = Weighing(problem, judge(problem, rules, result.plan).rules, result.plan)
    assert {level.name: level.objective for level in result.levels} == pytest.approx(
        {level.name: scales.values[level.name] for level in result.levels}
    )
