"""The reserve (待岗): who waits without a place, and how many."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from allocator.errors import NoPlan
from allocator.rules.placement import EveryonePlaced
from allocator.solving.result import Result
from allocator.solving.solve import solve
from rules.variants import Cells, made, problem_of, variant

SECTIONS = 5  # of tiny in September
PEOPLE = 12


def solved(folder: Path, reserve: int, cells: Cells | None = None, **rules: Any) -> Result:
    """Solve tiny without a move budget, with a reserve and rules of its own."""
    settings = {
        "budget": {"moves": None},
        "objective": {"levels": ["coverage", "wishes"]},
        "rules": {"placement.everyone": {"reserve": reserve}, **rules},
    }
    return solve(*problem_of(variant(folder, settings, cells)))


def waiting(result: Result) -> list[str]:
    """Codes of the teachers who wait without a place."""
    return [result.problem.teachers.ids[t] for t, p in enumerate(result.plan.post) if p < 0]


def seats(each: int) -> dict[str, dict[str, str]]:
    """Limit every section to so many heads."""
    return {school: {"headcount_max": str(each), "headcount_min": "0"} for school in ("A1", "A2", "B1")}


@pytest.mark.parametrize("reserve", [1, 3, 100])
def test_nobody_waits_while_there_are_places(tmp_path: Path, reserve: int) -> None:
    """However many the reserve may hold, all have a place where the rules leave one for everybody."""
    result = solved(tmp_path, reserve, {"sections": seats(3)})
    assert waiting(result) == []
    assert [level.objective for level in result.levels if level.name == "reserve"] == [0]


def test_nobody_waits_so_that_a_soft_rule_is_kept(tmp_path: Path) -> None:
    """Recruits whom every place offends are placed all the same: a soft rule is no reason to be without one."""
    nowhere = {"recruits.setting": {"level": "soft", "settings": []}}
    result = solved(tmp_path, 2, **nowhere)
    assert waiting(result) == []
    assert [(v.rule, v.who) for v in result.violations] == [("recruits.setting", ("T12",))]


@pytest.mark.parametrize("each", [1, 2, 3])
def test_as_many_wait_as_must(tmp_path: Path, each: int) -> None:
    """Five sections with so many seats each: all beyond them wait, with just that reserve or a greater one."""
    must = max(PEOPLE - SECTIONS * each, 0)
    for reserve in {must, must + 1, PEOPLE}:
        result = solved(tmp_path / str(reserve), reserve, {"sections": seats(each)})
        assert len(waiting(result)) == must
        assert result.violations == ()
        objectives = {level.name: level.objective for level in result.levels}
        assert objectives.get("reserve", 0) == must


def test_beyond_the_reserve_there_is_no_plan(tmp_path: Path) -> None:
    """With one seat in the reserve fewer than must wait, the limits of the sections cannot be kept."""
    with pytest.raises(
        NoPlan, match=r"(?s)cannot be kept together with 'placement.everyone'.*'quota\.headcount'"
    ):
        solved(tmp_path, PEOPLE - SECTIONS - 1, {"sections": seats(1)})


def test_without_any_lawful_place_three_need_a_reserve_of_three(tmp_path: Path) -> None:
    """Those whom the rules leave no place at all wait too; where they are too many, the reserve is named."""
    lost: Cells = {"teachers": {t: {"volunteer": "no", "home_lat": ""} for t in ("T10", "T11", "T12")}}
    rules: dict[str, Mapping[str, Any]] = {
        "travel.limit": {"minutes": 1},
        "recruits.setting": {"level": "hard", "settings": []},
    }
    assert waiting(solved(tmp_path / "3", 3, lost, **rules)) == ["T10", "T11", "T12"]
    with pytest.raises(NoPlan, match=r"'placement.everyone' .*at most 2 wait"):
        solved(tmp_path / "2", 2, lost, **rules)
    with pytest.raises(NoPlan, match="no lawful place for T10"):
        solved(tmp_path / "0", 0, lost, **rules)


BOUND: dict[str, tuple[str, dict[str, str], str]] = {
    "status": ("T03", {"status": "ill"}, "A1"),
    "pin to stay": ("T03", {"pin": "stay"}, "A1"),
    "pin to the school": ("T03", {"pin": "A1"}, "A1"),
    "pin to another school": ("T03", {"pin": "B1"}, "B1"),
    "first years": ("T03", {"joined_school": "2019-09"}, "A1"),
    "service term": ("T03", {"lock_until": "2022-08"}, "A1"),
    "special post": ("T03", {"service": "special_post", "hired": "2018-09"}, "A1"),
    "role": ("T03", {"role": "principal"}, "A1"),
    "near retirement": ("T03", {"sex": "m", "birth": "1962-05"}, "A1"),
    "exchange": ("T03", {"exchange_from": "B1", "exchange_until": "2021-08"}, "A1"),
    "exchange that has ended": ("T03", {"exchange_from": "B1", "exchange_until": "2020-08"}, "B1"),
    "contract": ("T12", {"contract_school": "B1"}, "B1"),
}


@pytest.mark.parametrize("why", BOUND)
def test_whoever_is_bound_does_not_wait(tmp_path: Path, why: str) -> None:
    """Two who fill no post wait when seats are few; who is bound to a school has a seat there all the same."""
    who, cells, school = BOUND[why]
    extra = {"subject": "pe", "second_subjects": ""}
    teachers = {"T03": {**extra, "wishes": ""}, "T12": {**extra, "wishes": ""}}
    few = {
        "sections": {school: {"headcount_max": n} for school, n in (("A1", "2"), ("A2", "1"), ("B1", "2"))}
    }
    free = solved(tmp_path / "free", PEOPLE, {"teachers": teachers, **few})
    assert who in waiting(free)
    bound = solved(tmp_path / "bound", PEOPLE, {"teachers": {**teachers, who: teachers[who] | cells}, **few})
    t = bound.problem.teachers.ids.index(who)
    assert bound.plan.post[t] >= 0
    assert bound.problem.school_ids[bound.plan.school(bound.problem)[t]] == school


def test_witness_counts_those_beyond_the_reserve(tmp_path: Path) -> None:
    """Seven who wait break a reserve of five by two and keep one of seven."""
    result = solved(tmp_path, 7, {"sections": seats(1)})
    rules = {n: made(EveryonePlaced, reserve=n) for n in (5, 7)}
    counts = {
        n: [v.amount for v in rule.violations(result.problem, result.plan)] for n, rule in rules.items()
    }
    assert counts == {5: [2.0], 7: []}
