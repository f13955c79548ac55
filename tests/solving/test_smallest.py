"""Conflicts that were planted are named exactly: together they leave no plan, and without any one of them there is one."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from allocator.errors import NoPlan
from allocator.problem import Problem
from allocator.rules.contract import Rule
from allocator.rules.placement import EveryonePlaced
from allocator.solving.clock import NEVER
from allocator.solving.prepare import Prepared, prepare
from allocator.solving.smallest import OfSome, OfTotals, _joined, feasible, quick_explain, smallest, ways_out
from allocator.solving.solve import solve
from allocator.words import say
from builders import District
from rules.variants import problem_of


@dataclass(frozen=True)
class Planted:
    """A district with a conflict, and the rules and parts that are in it."""

    district: District
    rules: dict[str, set[str]]


def planted(seed: int) -> Planted:
    """Draw a district of a few schools with one conflict of some kind, and much else that is in nobody's way."""
    rng = np.random.default_rng(seed)
    schools = [f"S{i}" for i in range(int(rng.integers(3, 6)))]
    kind = ("pins and seats", "floor and budget", "floor and zone", "floor and tenure")[seed % 4]
    staff = int(rng.integers(3, 6))
    settings: dict[str, Any] = {
        "budget": {"moves": 40},
        "rules": {"tenure.minimum": {"level": "hard", "years": 1}},
    }
    full = schools[-1]
    if kind == "floor and budget":
        settings["budget"] = {"moves": 1}
    elif kind == "floor and zone":
        settings["rules"]["direction.cross_zone"] = {"level": "hard", "most": 1}
    elif kind == "floor and tenure":
        settings["rules"]["tenure.minimum"] = {"level": "hard", "years": 9}
    made = District(title=kind, school_year=2020, seed=seed, language="en", **settings)
    for i, school in enumerate(schools):
        apart = kind == "floor and zone" and school == full
        made.school(school, zone="far" if apart else "near", pupils={"primary": [20] * 6}, lat=34.0 + i / 100)
        made.change("sections", school, headcount_max=40)
        for _ in range(0 if school == full and kind != "pins and seats" else staff):
            cells: dict[str, Any] = {"joined_school": "2015-08"}
            if rng.random() < 0.2:
                cells["pin"] = "stay"
            made.teacher(school, "primary", **cells)
    rules: dict[str, set[str]] = {}
    if kind == "pins and seats":
        seats = staff - 1 + int(rng.integers(0, 2))
        made.change("sections", full, headcount_max=seats)
        people = [r["teacher_id"] for r in made.tables["teachers"] if r["school_id"] == schools[0]]
        for r in made.tables["teachers"]:
            if r["school_id"] == full:
                r["pin"] = "stay"
        there = [r["teacher_id"] for r in made.tables["teachers"] if r["school_id"] == full]
        more = people[: max(seats + 1 - staff, 0)]
        for who in more:
            made.change("teachers", who, pin=full)
        rules = {"quota.headcount": {f"{full} primary"}, "placement.pins": {*there, *more}}
    else:
        floor = 3
        made.change("sections", full, headcount_min=floor)
        rules = {"quota.headcount": {f"{full} primary"}}
        rules[
            {"floor and budget": "budget.moves", "floor and zone": "direction.cross_zone"}.get(
                kind, "tenure.minimum"
            )
        ] = set()
    return Planted(made, rules)


def conflict(folder: Path, one: Planted) -> tuple[Prepared, list[Rule], float]:
    """Find the conflict of a district: the problem made ready, the parts, and the seconds."""
    problem, rules = problem_of(one.district.write(folder))
    with pytest.raises(NoPlan):
        solve(problem, rules)
    prepared = prepare(problem, rules)
    clock = time.monotonic()
    found = smallest(prepared, NEVER)
    assert found is not None
    return prepared, found, time.monotonic() - clock


def single(part: Rule) -> list[Any]:
    """Return what a part can be divided into."""
    return (
        sorted(part.who)
        if isinstance(part, OfSome)
        else sorted(part.which)
        if isinstance(part, OfTotals)
        else []
    )


def codes(problem: Problem, part: Rule) -> set[str]:
    """Return the codes of the people or sections of a part."""
    if isinstance(part, OfSome):
        return {problem.teachers.ids[t] for t in part.who}
    if isinstance(part, OfTotals):
        return {part.limits(problem).names[i][0] for i in part.which if part.limits(problem).names[i]}
    return set()


@pytest.mark.seeds(16)
def test_what_was_planted_is_named_and_nothing_else(tmp_path: Path, seed: int) -> None:
    """The rules of the conflict with their people and sections; all of them are needed, down to the last person."""
    one = planted(seed)
    prepared, found, _ = conflict(tmp_path / "d", one)
    problem = prepared.problem
    base = tuple(rule for rule in prepared.rules if isinstance(rule, EveryonePlaced))
    assert {part.id: codes(problem, part) for part in found} == one.rules
    assert not feasible(problem, (*base, *found), NEVER)
    for part in found:
        others = [rule for rule in found if rule is not part]
        assert feasible(problem, (*base, *others), NEVER), part.id
        for item in single(part) if len(single(part)) > 1 else []:
            inner = part.inner  # type: ignore[attr-defined]
            rest = [i for i in single(part) if i != item]
            assert feasible(problem, (*base, *others, *_joined(inner, rest)), NEVER), (part.id, item)


@pytest.mark.seeds(8)
def test_ways_out_are_plans_that_break_one_rule_by_what_is_told(tmp_path: Path, seed: int) -> None:
    """Each breaks the rule that gives way by so much, and no other hard rule; the least comes first."""
    prepared, found, _ = conflict(tmp_path / "d", planted(seed))
    ways = ways_out(prepared, found, NEVER)
    assert ways
    assert [way.amount for way in ways] == sorted(way.amount for way in ways)
    for way in ways:
        broken = [v for rule in prepared.rules for v in rule.violations(prepared.problem, way.plan)]
        assert {v.rule for v in broken} == {way.rule.id}
        assert sum(v.amount for v in broken) == way.amount > 0


def test_fifty_conflicts_take_less_than_a_second_each(tmp_path: Path, record_property: Any) -> None:
    """The seconds are told, not asserted: they depend on the machine."""
    seconds = [conflict(tmp_path / str(seed), planted(seed))[2] for seed in range(12)]
    record_property("counted", f"median {statistics.median(seconds):.2f} s a conflict")


def test_quick_explain_finds_every_least_set() -> None:
    """Whatever is inconsistent: the parts found are, and none can be left out."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        n = int(rng.integers(1, 12))
        bad = [set(rng.choice(n, rng.integers(1, min(n, 4) + 1), replace=False).tolist()) for _ in range(3)]

        def consistent(some: Any, bad: list[set[int]] = bad) -> bool:
            return not any(one <= set(some) for one in bad)

        found = quick_explain(range(n), consistent)
        assert not consistent(found)
        assert all(consistent([i for i in found if i != gone]) for gone in found)


def test_the_sentences_name_numbers_and_ways_out(tmp_path: Path) -> None:
    """In both languages: each rule once with its sentence, its parts, and the ways out with what to break."""
    problem, rules = problem_of(planted(1).district.write(tmp_path / "d"))
    with pytest.raises(NoPlan) as none:
        solve(problem, rules)
    for language in ("zh", "en"):
        said = [say(line, language) for line in none.value.conflict]
        assert any("budget.moves" in line for line in said)
        assert any("S" in line and "3" in line for line in said)
    english = [str(line) for line in none.value.conflict]
    assert any("ways out" in line for line in english)
    assert any("'budget.moves' gives way by 2" in line for line in english)
