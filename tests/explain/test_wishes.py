"""Wishes that were not granted: each has its reason, and what is proved of swaps is true of all of them."""

from __future__ import annotations

from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest

from allocator.errors import NoPlan
from allocator.explain.weigh import Weighing
from allocator.explain.who import refusals
from allocator.explain.wishes import no_group_swaps, refused_wishes
from allocator.report.chapters import story
from allocator.solving.levels import points
from allocator.solving.result import Result
from allocator.solving.solve import judge, solve
from report.results import Folder
from rules.variants import drawn_cells, problem_of, variant


def drawn(folder: Path, seed: int) -> Result | None:
    """Solve a drawn district whose teachers wish for two schools each, wishes first."""
    rng = np.random.default_rng(seed)
    cells = drawn_cells(seed, subjects=False)
    for row in cells["teachers"].values():
        row["wishes"] = ";".join(rng.choice(["A1", "A2", "B1"], 2, replace=False))
        row["pin"] = ""
    settings = {"objective": {"levels": ["wishes"]}, "budget": {"gap": 0, "moves": 12}}
    problem, rules = problem_of(variant(folder, settings, cells))
    try:
        return solve(problem, rules)
    except NoPlan:
        return None


def rank(result: Result, teacher: int, post: int) -> int:
    """Place of a post's school among the wishes of a teacher, the number of wishes for any other."""
    wishes = list(result.problem.teachers.table["wishes"].iloc[teacher])
    school = result.problem.school_ids[int(result.problem.post_school[post])]
    return wishes.index(school) if school in wishes else len(wishes)


@pytest.mark.seeds(8)
def test_no_two_or_three_can_swap_where_it_is_proved(tmp_path: Path, seed: int) -> None:
    """Every exchange among two or three people is tried: none that keeps the rules helps one and hurts nobody."""
    result = drawn(tmp_path / "v", seed)
    if result is None:
        pytest.skip("no plan keeps the rules of this draw")
    assert no_group_swaps(result)
    post = result.plan.post
    scales = Weighing(result.problem, judge(result.problem, result.rules, result.plan).rules, result.plan)
    now = [rank(result, t, int(p)) for t, p in enumerate(post)]
    for size in (2, 3):
        for group in combinations(range(len(post)), size):
            for order in permutations(group):
                changes = [(t, int(post[u])) for t, u in zip(group, order, strict=True) if post[t] != post[u]]
                after = {t: rank(result, t, p) for t, p in changes}
                if not changes or not all(scales.lawful[t, p] for t, p in changes):
                    continue
                if all(after[t] <= now[t] for t in after) and any(after[t] < now[t] for t in after):
                    found = scales.judged(scales.compared([changes])[0])
                    soft = found.values["rules"] > scales.values["rules"] + 1e-9
                    assert found.broken or soft, (group, order)


@pytest.mark.seeds(8)
def test_every_wish_that_was_not_granted_has_its_reason(tmp_path: Path, seed: int) -> None:
    """Those before the school of the plan and no others; refused by rules, or lawful with its effect; envy is of fewer points."""
    result = drawn(tmp_path / "v", seed)
    if result is None:
        pytest.skip("no plan keeps the rules of this draw")
    problem, plan = result.problem, result.plan
    scales = Weighing(problem, judge(problem, result.rules, plan).rules, plan)
    found = list(refused_wishes(scales))
    weight, school = points(problem), plan.school(problem)
    expected = {
        (t, wish)
        for t in range(len(plan.post))
        for i, wish in enumerate(problem.teachers.table["wishes"].iloc[t])
        if i < rank(result, t, int(plan.post[t]))
    }
    assert {(one.teacher, problem.school_ids[one.school]) for one in found} == expected
    for one in found:
        posts = np.flatnonzero(problem.post_school == one.school)
        lawful = [int(p) for p in posts if not refusals(scales, one.teacher, int(p))]
        assert bool(lawful) == (one.outcome is not None) == (not one.refused or not len(posts))
        if one.outcome is not None:
            ((who, at),) = one.outcome.changes
            assert who == one.teacher
            assert at in lawful
        for other in one.envied:
            assert weight[other] < weight[one.teacher]
            assert school[other] == one.school != problem.home_school[other]


def test_the_report_tells_them(tiny: Folder) -> None:
    """Tiny has wishes, and its report a table of those that were not granted."""
    told = [t for t in story(tiny.answer).tables if str(t.title) == "Wishes that were not granted"]
    scales = Weighing(tiny.answer.problem, tiny.answer.result.rules, tiny.answer.result.plan)
    assert [len(t.rows) for t in told] == ([n] if (n := len(list(refused_wishes(scales)))) else [])
