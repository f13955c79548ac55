"""Ties: those that are told are all there are, by an independent count, and what is said to have decided did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from allocator import app
from allocator.errors import NoPlan
from allocator.explain.ties import Tie
from allocator.explain.weigh import Weighing
from allocator.explain.who import _instead, about_teacher
from allocator.plan import Plan
from allocator.report.explain import teacher_lines
from allocator.solving.solve import judge, solve
from allocator.words import say
from builders import District
from explain.test_weigh import drawn
from rules.variants import drawn_cells, placed, problem_of, variant
from solving import brute

NO_BURDEN = dict.fromkeys(
    ("move", "group_move", "follow", "km", "cross_zone", "cross_stage", "second_subject"), 0
)


def even(folder: Path, seed: int) -> Weighing | None:
    """Weigh the plan of a drawn district where little is counted and three people are alike; None without a plan."""
    settings = {"objective": {"levels": ["coverage"]}, "priorities": {"burden": NO_BURDEN}}
    cells = {table: dict(rows) for table, rows in drawn_cells(seed, subjects=False).items()}
    same = {"backbone": "none", "degree": "bachelor", "wishes": "", "second_subjects": "mathematics"}
    for who in ("T01", "T02", "T03"):
        cells["teachers"][who] = {**cells["teachers"]["T01"], **same, "pin": "", "couple_id": ""}
    problem, rules = problem_of(variant(folder, settings, cells))
    try:
        plan = solve(problem, rules).plan
    except NoPlan:
        return None
    return Weighing(problem, judge(problem, rules, plan).rules, plan)


def new_breaches(scales: Weighing, plan: Plan) -> list[str]:
    """Return the hard rules that a plan breaks, as the witnesses count them; the plan of the scales breaks none."""
    hard = {rule.id for rule in scales.rules if rule.level == "hard"}
    return [v.rule for v in judge(scales.problem, scales.rules, plan).violations if v.rule in hard]


@pytest.mark.seeds(12)
@pytest.mark.parametrize("draw", [drawn, even])
def test_ties_are_those_of_an_independent_count(
    tmp_path: Path, seed: int, draw: Callable[[Path, int], Weighing | None], record_property: Any
) -> None:
    """Every exchange is made: it is a tie exactly where no measure changes and the witnesses find nothing new."""
    scales = draw(tmp_path / "v", seed)
    if scales is None:
        pytest.skip("no plan keeps the rules of this draw")
    district, problem, counted = brute.read(tmp_path / "v"), scales.problem, 0
    for teacher in range(len(problem.teachers)):
        told = about_teacher(scales, teacher)
        spare = told.elsewhere[0].changes[0][1] if told.elsewhere else -1
        expected = set()
        for one in _instead(scales, teacher, told.home, told.post, spare):
            plan = scales.changed(one)
            found = brute.these(district, [placed(problem, p) for p in (scales.plan, plan)])
            levels = [name for name in scales.levels if name not in ("reserve", "evenness")]
            values = [brute.MEASURES[name](found) for name in levels]
            values += [brute.evenness(found).value] if "evenness" in scales.levels else []
            if all(abs(v[0] - v[1]) < 1e-9 for v in values) and not new_breaches(scales, plan):
                expected.add((one[1][0], one[0][1]))
        assert {(tie.other, tie.back) for tie in told.ties} == expected
        counted += len(expected)
    record_property("counted", f"{counted} ties")


def alike(folder: Path, joined: tuple[str, ...], seed: int = 1, first: str = "longest") -> Weighing:
    """Solve a district where one of some people, who are alike but for their years, goes to the other school."""
    made = District(
        title="Alike",
        school_year=2020,
        seed=seed,
        language="en",
        budget={"moves": 1},
        priorities={"first_to_move": first},
    )
    for school in ("A", "B"):
        made.school(school, pupils={"primary": [20] * 6})
        made.row("posts", school_id=school, stage="primary", subject="chinese", posts=2)
    for month in joined:
        made.teacher("A", "primary", joined_school=month)
    made.teacher("B", "primary")
    answer = app.answer(app.check(made.write(folder)), compared=False)
    return Weighing(answer.problem, answer.result.rules, answer.result.plan)


def mover(scales: Weighing) -> int:
    """Return the one who moves."""
    (who,) = np.flatnonzero(scales.plan.post != scales.problem.home_post)
    return int(who)


@pytest.mark.parametrize(("first", "expected"), [("longest", 1), ("shortest", 2)])
def test_years_decide(tmp_path: Path, first: str, expected: int) -> None:
    """Among people who are alike the longest at the school goes, or the shortest, as the planner asks; so it is told."""
    scales = alike(tmp_path / "d", ("2010-08", "2005-08", "2012-08"), first=first)
    who = mover(scales)
    assert who == expected
    home = int(scales.problem.home_post[who])
    others = [t for t in range(3) if t != who]
    assert about_teacher(scales, who).ties == tuple(Tie(t, home, "years") for t in others)
    for language in ("zh", "en"):
        said = " ".join(say(line, language) for line in teacher_lines(scales, who))
        assert all(scales.problem.teachers.ids[t] in said for t in others)
        assert "15.1" in said


def test_the_draw_decides(tmp_path: Path) -> None:
    """With as many years the draw decides: other seeds send others, and the answer names the seed."""
    chosen = set()
    for seed in range(8):
        scales = alike(tmp_path / str(seed), ("2010-08",) * 3, seed)
        who = mover(scales)
        chosen.add(who)
        assert {tie.decided for tie in about_teacher(scales, who).ties} == {"draw"}
        assert any(f"seed {seed} decided" in say(line, "en") for line in teacher_lines(scales, who))
    assert len(chosen) > 1


def test_a_plan_of_another_hand_is_not_said_to_follow_an_order(tmp_path: Path) -> None:
    """With somebody sent who is not the first in the order, the answer says so."""
    scales = alike(tmp_path / "d", ("2010-08", "2005-08", "2012-08"))
    post = scales.problem.home_post.copy()
    post[2] = scales.plan.post[mover(scales)]
    by_hand = replace(scales, plan=Plan(post))
    assert {tie.other: tie.decided for tie in about_teacher(by_hand, 2).ties} == dict.fromkeys(
        (0, 1), "otherwise"
    )
