"""Solving level after level: order, budget, soft rules, conflicts, and who is dealt which place."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from allocator.errors import LimitReached, NoPlan
from allocator.evenness import measured, terms
from allocator.metrics.scorecard import scorecard
from allocator.plan import Plan, standing_still
from allocator.problem import Problem
from allocator.rules.contract import Rule
from allocator.solving.engine import Engine, OutOfTime
from allocator.solving.levels import burden, wish_costs
from allocator.solving.prepare import prepare
from allocator.solving.result import Result
from allocator.solving.solve import solve
from builders import District, small
from rules.variants import placed, problem_of
from solving import drawn

THREE = ("coverage", "evenness", "moves")
ORDERS = list(permutations(THREE))


def few(seed: int, **settings: object) -> District:
    """Draw three schools and fourteen teachers."""
    return drawn.district(seed, schools=3, teachers=14, **settings)


def solved(district: District, folder: Path) -> Result:
    return solve(*problem_of(district.write(folder)))


def values(result: Result) -> dict[str, float]:
    return {level.name: level.objective for level in result.levels}


def uncovered(problem: Problem, plan: Plan) -> float:
    """Weighted number of empty posts."""
    weights = problem.config.priorities.subjects
    each = [weights.get(problem.subjects[s], 1) for s in problem.posts.subject]
    return float(plan.unfilled(problem) @ np.array(each, dtype=float))


def at_level(name: str, problem: Problem, rules: tuple[Rule, ...], plan: Plan) -> float:
    """Count on the plan what it costs at a level."""
    if name == "coverage":
        return uncovered(problem, plan)
    if name == "moves":
        return float(plan.away(problem).sum())
    return measured(problem, plan, terms(prepare(problem, rules).model))


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_levels_stand_in_the_order_asked_and_say_what_the_plan_costs(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    """Whatever the order, every level reports its own cost of the finished plan, and burden breaks ties at the end."""
    district = few(3, objective={"levels": list(order)}, budget={"moves": 4})
    result = solved(district, tmp_path)
    assert [level.name for level in result.levels] == [*order, "burden"]
    for level in result.levels[:-1]:
        reached = at_level(level.name, result.problem, result.rules, result.plan)
        assert reached == pytest.approx(level.objective, abs=1e-5), level.name
        assert level.bound <= level.objective + 1e-9
    assert result.violations == ()
    assert result.status == "proved"


def test_an_earlier_level_never_gives_way_to_a_later_one(tmp_path: Path) -> None:
    """A level is at its best where it stands first, and its value there does not depend on what follows."""
    found = {
        order: values(
            solved(
                few(5, objective={"levels": list(order)}, budget={"moves": 5, "gap": 0}),
                tmp_path / "-".join(order),
            )
        )
        for order in ORDERS
    }
    for name in THREE:
        first = {round(v[name], 5) for order, v in found.items() if order[0] == name}
        assert len(first) == 1
        assert min(round(v[name], 5) for v in found.values()) == first.pop()
    assert len({round(v["coverage"], 5) for v in found.values()}) > 1  # or the order would not matter here


@pytest.mark.parametrize("first", THREE)
@pytest.mark.parametrize("seed", range(4))
def test_no_plan_is_worse_than_standing_still_at_the_first_level(
    tmp_path: Path, seed: int, first: str
) -> None:
    """Where everybody could stay, the plan is at least as good as that at its first level, and better where it can be."""
    levels = [first, *(name for name in THREE if name != first)]
    result = solved(few(seed, objective={"levels": levels}), tmp_path)
    still = standing_still(result.problem)
    assert (still.post >= 0).all()
    now = at_level(first, result.problem, result.rules, result.plan)
    before = at_level(first, result.problem, result.rules, still)
    assert now <= before + 1e-6
    assert now < before or first == "moves"


def test_without_time_the_plan_is_at_least_that_of_standing_still(tmp_path: Path) -> None:
    """A limit that is far too short still gives a plan, with levels that say that they are not proved."""
    result = solved(few(2, budget={"seconds": 1e-6, "gap": 0}), tmp_path)
    still = standing_still(result.problem)
    assert uncovered(result.problem, result.plan) <= uncovered(result.problem, still)
    for level in result.levels:
        assert level.bound <= level.objective + 1e-9
        assert level.status == "limit" or level.gap <= 0.002


def test_a_share_as_move_budget_is_one_of_the_eligible(tmp_path: Path) -> None:
    """A budget of 10 % lets a tenth of the eligible move, rounded down, and no more."""
    free = solved(few(1, budget={}), tmp_path / "free")
    capped = solved(few(1, budget={"moves": "10%"}), tmp_path / "capped")
    most = int(0.1 * len(capped.eligible))
    assert 0 < most < len(capped.eligible) == len(free.eligible)
    assert free.plan.away(free.problem).sum() > most
    assert capped.plan.away(capped.problem).sum() == most
    costs = [[values(r)[name] for name in ("coverage", "evenness")] for r in (free, capped)]
    assert costs[0] < costs[1]


def test_the_eligible_are_those_whom_the_rules_let_go(tmp_path: Path) -> None:
    """Eligible is who has a lawful place at another school and whose own school stays open, counted by hand."""
    district = small(budget={"moves": "50%"}, rules={"travel.limit": "off"}, closures={"P2": {"to": "N2"}})
    district.change("teachers", "T01", pin="stay").change("teachers", "T02", status="pregnant")
    district.change("teachers", "T03", joined_school="2019-09").change(
        "teachers", "T04", lock_until="2022-08"
    )
    result = solved(district, tmp_path)
    # twelve teachers: four may not leave, two lose their school and are not counted
    assert len(result.eligible) == 12 - 4 - 2


def soft(level: str) -> District:
    """One post in mathematics at a far school, one surplus teacher who is too new to leave."""
    return _two_schools(
        {"A": {"chinese": 1}, "B": {"chinese": 1, "mathematics": 1}},
        [("A", "chinese", {}), ("A", "mathematics", {"joined_school": "2019-09"}), ("B", "chinese", {})],
        rules={"tenure.minimum": level, "travel.limit": "off"},
    )


def test_soft_rules_are_kept_before_any_level(tmp_path: Path) -> None:
    """A soft rule costs coverage where both cannot be had, and off it does not: it is minimised first."""
    kept, off = solved(soft("soft"), tmp_path / "soft"), solved(soft("off"), tmp_path / "off")
    assert [level.name for level in kept.levels][:2] == ["rules", "coverage"]
    assert values(kept)["rules"] == 0
    assert kept.violations == ()
    assert values(kept)["coverage"] == 3
    assert values(off)["coverage"] == 0
    assert "rules" not in values(off)


def test_soft_rules_are_broken_no_more_than_they_must(tmp_path: Path) -> None:
    """Where a soft rule cannot be kept, what the solver counts is what the witness finds in the plan, and least."""
    district = few(4, rules={"quota.headcount": {"level": "soft", "above": 0}})
    for row in district.tables["sections"]:
        row["headcount_max"] = 2
    result = solved(district, tmp_path)
    sections = len(result.problem.sections.school)
    assert values(result)["rules"] == 14 - 2 * sections > 0
    assert sum(v.amount for v in result.violations) == 14 - 2 * sections
    assert {v.rule for v in result.violations} == {"quota.headcount"}


def test_too_few_seats_for_everybody_are_named_with_numbers(tmp_path: Path) -> None:
    """Where the limits of all sections together are too low, the conflict names the rule, every place and the numbers."""
    district = _two_schools(
        {"A": {"chinese": 2}, "B": {"chinese": 2}},
        [("A", "chinese", {})] * 4 + [("B", "chinese", {})] * 3,
        limit=3,
    )
    with pytest.raises(NoPlan) as none:
        solved(district, tmp_path)
    said = "\n".join(map(str, none.value.conflict))
    assert "A primary: at most 3" in said
    assert "B primary: at most 3" in said
    assert "'quota.headcount' gives way by 1" in said


def test_pins_that_exceed_a_limit_are_named_with_numbers(tmp_path: Path) -> None:
    """Where more are pinned to a school than it may hold, the conflict names the school and how many stand there."""
    district = _two_schools(
        {"A": {"chinese": 2}, "B": {"chinese": 2}},
        [("A", "chinese", {"pin": "B"})] * 3 + [("B", "chinese", {"pin": "stay"})] * 2,
        limit=4,
    )
    with pytest.raises(NoPlan) as none:
        solved(district, tmp_path)
    said = "\n".join(map(str, none.value.conflict))
    assert "B primary: at most 4" in said
    assert said.count("        T") - said.count("        T99") == 5
    assert said.count("pinned: stay") == 2
    assert "'quota.headcount' gives way by 1: B primary: 5 teachers, allowed are at most 4" in said


def test_a_floor_and_a_budget_that_contradict_one_another_are_a_conflict(tmp_path: Path) -> None:
    """Where a floor needs more moves than the budget allows, the least breach stands in the conflict."""
    district = _two_schools(
        {"A": {"chinese": 2}, "B": {"chinese": 2}},
        [("A", "chinese", {})] * 5,
        floors={"B": 3},
        budget={"moves": 1},
    )
    with pytest.raises(NoPlan) as none:
        solved(district, tmp_path)
    said = "\n".join(map(str, none.value.conflict))
    assert "B primary: at least 3" in said or "B primary: 3 to" in said
    assert "the district: at most 1" in said
    assert "'budget.moves' gives way by 2" in said
    assert "'quota.headcount' gives way by 2" in said


def test_a_conflict_does_not_blame_soft_rules(tmp_path: Path) -> None:
    """A soft total that would have to give way is no part of a conflict among the hard ones."""
    district = _two_schools(
        {"A": {"chinese": 2}, "B": {"chinese": 2}},
        [("A", "chinese", {"pin": "B"})] * 3,
        limit=2,
        rules={"direction.cross_zone": {"level": "soft", "most": 0}},
    ).change("schools", "B", zone="south")
    with pytest.raises(NoPlan) as none:
        solved(district, tmp_path)
    said = "\n".join(map(str, none.value.conflict))
    assert "quota.headcount" in said
    assert "direction.cross_zone" not in said


def test_teachers_without_a_lawful_place_are_named_with_the_rules_that_leave_none(tmp_path: Path) -> None:
    """Who is pinned to a school that refuses the certificate is named, and so is the rule."""
    district = small(rules={"travel.limit": "off"})
    district.school("J1", kind="junior", pupils={"junior": (30, 30, 30)}).staff("J1", "junior", "chinese")
    district.change("teachers", "T01", pin="J1")
    with pytest.raises(NoPlan) as none:
        solved(district, tmp_path)
    (said,) = map(str, none.value.conflict)
    assert "T01" in said
    assert "T02" not in said
    assert "certificate.rank" in said
    assert "placement.pins" in said


def test_the_limit_is_told_apart_from_a_conflict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a plan and the limit passes before one is found, that is no conflict."""
    district = _two_schools(
        {"A": {"chinese": 1}, "B": {"chinese": 1}}, [("A", "chinese", {})] * 4, floors={"B": 1}
    )
    problem, rules = problem_of(district.write(tmp_path))
    assert solve(problem, rules).status == "proved"

    def late(*_: object, **__: object) -> None:
        raise OutOfTime

    monkeypatch.setattr(Engine, "whole", late)
    with pytest.raises(LimitReached):
        solve(problem, rules)


def alike(*volunteer_and_joined: tuple[str, str], **settings: object) -> District:
    """Teachers whom no rule tells apart at A, where one is needed, and one post at B."""
    staff = [("A", "chinese", {"volunteer": v, "joined_school": j}) for v, j in volunteer_and_joined]
    usual = {"rules": {"travel.limit": "off"}, "objective": {"levels": ["coverage"]}}
    return _two_schools({"A": {"chinese": 2}, "B": {"chinese": 1}}, staff, **(usual | settings))


def movers(result: Result) -> list[str]:
    return [result.problem.teachers.ids[t] for t in np.flatnonzero(result.plan.away(result.problem))]


def test_volunteers_move_first_then_those_longest_at_the_school(tmp_path: Path) -> None:
    """Among teachers alike the volunteer goes; without one, the longest at the school, or the shortest if so asked."""
    with_volunteer = alike(("no", "2003-09"), ("yes", "2014-09"), ("no", "2008-09"))
    without = alike(("no", "2008-09"), ("no", "2003-09"), ("no", "2014-09"))
    shortest = alike(
        ("no", "2008-09"), ("no", "2003-09"), ("no", "2014-09"), priorities={"first_to_move": "shortest"}
    )
    assert movers(solved(with_volunteer, tmp_path / "v")) == ["T02"]
    assert movers(solved(without, tmp_path / "l")) == ["T02"]
    assert movers(solved(shortest, tmp_path / "s")) == ["T03"]


def test_ties_are_drawn_by_the_seed(tmp_path: Path) -> None:
    """Among teachers equal in everything the seed decides: always the same for one seed, not the same for all."""
    drawn_by = [
        movers(solved(alike(*[("no", "2010-09")] * 3, seed=seed), tmp_path / f"{n}-{seed}"))
        for seed in range(8)
        for n in range(2)
    ]
    assert drawn_by[::2] == drawn_by[1::2]
    assert len({m for (m,) in drawn_by}) > 1


def test_three_runs_give_one_plan(tmp_path: Path) -> None:
    """The same folder gives the same places and the same levels, run after run."""
    folder = few(6, budget={"moves": 6}).write(tmp_path)
    runs = [solve(*problem_of(folder)) for _ in range(3)]
    for other in runs[1:]:
        assert (other.plan.post == runs[0].plan.post).all()
        assert [(level.name, level.objective, level.bound) for level in other.levels] == [
            (level.name, level.objective, level.bound) for level in runs[0].levels
        ]


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_the_roster_decides_nothing(tmp_path: Path, seed: int) -> None:
    """With the rows of teachers.csv shuffled everybody gets the same place: the codes decide, not the rows."""
    one, other = few(seed, budget={"moves": 4}), few(seed, budget={"moves": 4})
    np.random.default_rng(seed).shuffle(other.tables["teachers"])
    first, second = solved(one, tmp_path / "one"), solved(other, tmp_path / "other")
    assert first.problem.teachers.ids != second.problem.teachers.ids
    assert who_where(first) == who_where(second)


def who_where(result: Result) -> dict[str, tuple[str, str, str]]:
    """School, stage and subject by the code of the teacher."""
    return dict(zip(result.problem.teachers.ids, placed(result.problem, result.plan), strict=True))


def test_wishes_cost_their_rank(tmp_path: Path) -> None:
    """The first wish costs nothing, the second 1, a school not wished for the number of wishes."""
    district = small(rules={"travel.limit": "off"}).change("teachers", "T01", wishes="N1;P2")
    problem, rules = problem_of(district.write(tmp_path))
    model = prepare(problem, rules).model
    mine = model.pair_teacher == 0
    schools = problem.schools["school_id"].to_numpy()[problem.post_school[model.pair_post[mine]]]
    cost = dict(zip(schools, wish_costs(model)[mine], strict=True))
    assert cost == {"N1": 0, "P2": 1, "P1": 2, "N2": 2}
    assert not wish_costs(model)[~mine].any()


def test_burden_adds_what_a_placement_asks(tmp_path: Path) -> None:
    """Staying costs nothing; another school costs the move and the way; zone, stage and subject come on top."""
    weights = {"move": 1, "km": 0, "cross_zone": 10, "cross_stage": 100, "second_subject": 1000}
    district = small(
        rules={"travel.limit": "off", "subject.suitability": "off", "certificate.rank": "off"},
        priorities={"burden": weights},
    )
    problem, rules = problem_of(district.write(tmp_path))
    model = prepare(problem, rules).model
    mine = np.flatnonzero(model.pair_teacher == 0)
    everyone = np.zeros(len(problem.teachers), dtype=np.int64)
    cost = {}
    for pair in mine:
        place = placed(problem, Plan(everyone + model.pair_post[pair]))[0]
        cost[place] = burden(model)[pair]
    assert cost["P1", "primary", "chinese"] == 0
    assert cost["P1", "primary", "music"] == 1000
    assert cost["N1", "primary", "chinese"] == 1
    assert cost["P2", "primary", "chinese"] == 11
    assert cost["N1", "junior", "chinese"] == 101
    assert cost["N2", "junior", "art"] == 1111


def _two_schools(
    posts: dict[str, dict[str, int]],
    staff: list[tuple[str, str, dict[str, object]]],
    *,
    limit: int | None = None,
    floors: dict[str, int] | None = None,
    **settings: object,
) -> District:
    """Two primary schools of 60 pupils side by side."""
    district = District(title="Two", school_year=2020, language="en", **settings)
    for school, wanted in posts.items():
        district.school(school, pupils={"primary": (10,) * 6})
        for subject, n in wanted.items():
            district.row("posts", school_id=school, stage="primary", subject=subject, posts=n)
        if limit is not None:
            district.change("sections", school, headcount_max=limit)
    for school, least in (floors or {}).items():
        district.change("sections", school, headcount_min=least)
    for school, subject, cells in staff:
        district.teacher(school, "primary", subject, **cells)
    return district


@pytest.mark.parametrize("seed", range(20))
def test_soft_breaches_told_are_those_of_the_plan(tmp_path: Path, seed: int) -> None:
    """Also with a wide gap, where later levels break less than was held, the level tells what the witnesses count."""
    soft = {
        "tenure.due": {"level": "soft", "years": 4, "summers": 1},
        "direction.upward": {"level": "soft", "share": 0.0},
    }
    rules = soft | {
        "exchange.backbone": {"level": "soft", "share": 0.9},
        "school.outflow": {"level": "soft", "share": 0.1},
    }
    made = drawn.district(seed, rules=rules, budget={"moves": 9, "gap": 0.2, "seconds": 4})
    result = solved(made, tmp_path)
    told = next(level for level in result.levels if level.name == "rules")
    assert told.objective == pytest.approx(
        max(sum(v.amount for v in result.violations), told.bound), abs=1e-6
    )


@pytest.mark.parametrize("scoring", ["exclude", "merge", "separate"])
def test_evenness_is_of_what_the_standard_judges(tmp_path: Path, scoring: str) -> None:
    """Teaching points count in the plan as on the scorecard: the level is the sum of squared CVs measured there."""
    district = District(title="Points", school_year=2020, language="en", scoring={"teaching_points": scoring})
    for school, kind, pupils, parent in (
        ("A", "primary", 20, ""),
        ("B", "primary", 12, ""),
        ("C", "teaching_point", 5, "B"),
        ("D", "teaching_point", 6, ""),
    ):
        district.school(school, kind=kind, parent_id=parent, pupils={"primary": (pupils,) * 6})
        district.row("posts", school_id=school, stage="primary", subject="chinese", posts=1)
        district.change("sections", school, headcount_max=9)
    for n in range(9):
        district.teacher("ABCD"[n % 3], "primary", "chinese", degree=("bachelor", "secondary")[n % 2])
    result = solved(district.set(rules={"travel.limit": "off"}), tmp_path)
    card = scorecard(result.problem, result.plan)
    cvs = [r.after.value for r in card.balance if r.measure == "cv" and r.after.value is not None]
    weighed = [
        r.after.value
        for r in card.balance
        if r.measure == "cv" and r.indicator in result.problem.config.priorities.indicators
    ]
    assert cvs
    assert values(result)["evenness"] == pytest.approx(sum(v**2 for v in weighed if v is not None), abs=1e-6)
    judged = next(r for r in card.balance if (r.stage, r.measure) == ("primary", "sections"))
    assert judged.after.value == {"exclude": 2, "merge": 2, "separate": 4}[scoring]
