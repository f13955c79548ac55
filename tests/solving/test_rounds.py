"""Filling posts round by round: who may take what in which round, and what the procedure costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allocator import app
from allocator.errors import NoPlan
from allocator.report.chapters import story
from allocator.report.files import plan_rows, write
from allocator.report.html import page
from allocator.report.procedure import prices
from allocator.solving.result import Result
from allocator.solving.rounds import by_rounds
from allocator.solving.solve import solve
from builders import District
from rules.variants import problem_of
from solving import drawn

ROUNDS = {"in_school", "zone", "across", "directed"}


def district(**settings: object) -> District:
    """Four schools in two zones: each teacher beyond the posts has one place to go to, in another round each.

    W1 is one too many in Chinese; its school needs science, which the teacher can take. X1 is one too many in
    mathematics; a school of the zone needs it. Y1 is one too many in music; only the other zone needs it.
    """
    made = District(title="Rounds", school_year=2020, seed=1, language="en", **settings)
    grades = {"primary": (20, 20, 20, 20, 20, 20)}
    for school, zone in (("A", "north"), ("B", "north"), ("C", "south"), ("D", "south")):
        made.school(school, zone=zone, pupils=grades)
    posts = (("A", "chinese"), ("A", "science"), ("A", "mathematics"), ("B", "mathematics"), ("B", "music"))
    for school, subject in (*posts, ("C", "music"), ("D", "chinese")):
        made.row("posts", school_id=school, stage="primary", subject=subject, posts=1)
    old, new = ({"joined_school": month, "backbone": "county"} for month in ("2000-09", "2015-09"))
    made.teacher("A", "primary", "chinese", teacher_id="W1", second_subjects="science", **old)
    made.teacher("A", "primary", "chinese", teacher_id="W2", **new)
    made.teacher("A", "primary", "mathematics", teacher_id="X1", **old)
    made.teacher("A", "primary", "mathematics", teacher_id="X2", **new)
    made.teacher("B", "primary", "music", teacher_id="Y1", **old)
    made.teacher("B", "primary", "music", teacher_id="Y2", **new)
    return made.teacher("D", "primary", "chinese", teacher_id="Z1", **old)


def labels(result: Result) -> dict[str, str]:
    return dict(zip(result.problem.teachers.ids, result.rounds, strict=True))


def solved(made: District, folder: Path) -> Result:
    return by_rounds(*problem_of(made.write(folder)))


def test_each_empty_post_is_filled_in_the_first_round_that_reaches_it(tmp_path: Path) -> None:
    """The science post is filled in school, mathematics inside the zone, music across zones; the others stay."""
    result = solved(district(), tmp_path)
    assert labels(result) == {
        "W1": "in_school",
        "W2": "stay",
        "X1": "zone",
        "X2": "stay",
        "Y1": "cross_zone",
        "Y2": "stay",
        "Z1": "stay",
    }
    assert result.plan.unfilled(result.problem).sum() == 0
    assert {level.round for level in result.levels} == ROUNDS


def test_shortest_in_post_may_leave_first(tmp_path: Path) -> None:
    """Who of a surplus is settled follows the scenario's order of leaving."""
    made = district(
        priorities={"first_to_move": "shortest"}, rules={"subject.suitability": {"second": "both"}}
    )
    found = labels(solved(made, tmp_path))
    assert (found["X1"], found["X2"]) == ("stay", "zone")
    assert (found["Y1"], found["Y2"]) == ("stay", "cross_zone")


@pytest.mark.parametrize(("name", "who"), [("in_school", "W1"), ("zone", "X1"), ("across", "Y1")])
def test_quota_of_a_round_leaves_people_to_the_bureau(tmp_path: Path, name: str, who: str) -> None:
    """With no place in a round, who would have taken one is placed in the end; the round itself moves nobody."""
    found = labels(solved(district(rounds={name: 0}), tmp_path))
    assert found[who] == "directed"
    assert sum(label == "directed" for label in found.values()) == 1


def test_rounds_are_named_as_the_places_are(tmp_path: Path) -> None:
    """Who is placed in the zone changes school inside it, and who goes across changes zone or stage."""
    answer = app.solve(drawn.district(3, mode="rounds", budget={"moves": 12}).write(tmp_path))
    rows = plan_rows(answer)
    assert {"in_school", "zone"} <= {row["round"] for row in rows}
    for row in rows:
        crosses = row["cross_zone"] or row["cross_stage"]
        if row["round"] in ("in_school", "zone"):
            assert not crosses
            assert row["moved"] == (row["round"] == "zone")
        if row["round"] in ("cross_zone", "cross_stage"):
            assert row[row["round"]]


def test_quota_may_be_a_share_of_the_posts(tmp_path: Path) -> None:
    """Seven posts at 10 % are no place, at 20 % one."""
    none = labels(solved(district(rounds={"in_school": "10%"}), tmp_path / "a"))
    one = labels(solved(district(rounds={"in_school": "20%"}), tmp_path / "b"))
    assert none["W1"] != "in_school"
    assert one["W1"] == "in_school"


def test_recruits_and_teachers_of_closing_schools_are_placed_in_the_end(tmp_path: Path) -> None:
    """A recruit comes last; who loses the school waits for a post in the zone and is placed by the bureau if there is none."""
    made = district(closures={"B": {"to": "A"}}).teacher(subject="science", teacher_id="R1")
    result = solved(made, tmp_path)
    found = labels(result)
    assert found["R1"] == "recruit"
    assert {found["Y1"], found["Y2"]} == {"cross_zone", "directed"}
    assert (result.plan.post >= 0).all()
    assert result.violations == ()


def test_hard_rules_hold_at_the_end_of_all_rounds(tmp_path: Path) -> None:
    """Caps bind over all rounds together: with one move allowed, one person moves."""
    result = solved(district(budget={"moves": 1}), tmp_path)
    assert result.plan.away(result.problem).sum() == 1
    assert result.violations == ()


def test_what_the_rounds_have_settled_may_leave_no_plan(tmp_path: Path) -> None:
    """A share that needs backbone teachers in the end fails where the rounds have settled all of them."""
    rules = {"exchange.rate": {"level": "hard", "share": 1.0, "years": 1}}
    with pytest.raises(NoPlan, match=r"exchange\.rate"):
        solved(district(rules=rules), tmp_path)


@pytest.mark.parametrize("seed", range(12))
def test_procedure_never_beats_the_plan_at_once(tmp_path: Path, seed: int) -> None:
    """On drawn districts the plan at once covers at least as much; the rounds keep every hard rule."""
    made = drawn.district(seed, objective={"levels": ["coverage", "moves"]}, budget={"moves": 8, "gap": 0})
    problem, rules = problem_of(made.write(tmp_path))
    rounds, joint = by_rounds(problem, rules), solve(problem, rules)
    covered = [level for level in rounds.levels if level.name == "coverage"][-1]
    assert rounds.violations == ()
    assert covered.objective >= joint.levels[0].objective
    known = [n for n in range(len(rounds.rounds)) if rounds.rounds[n] == "stay"]
    assert (rounds.plan.post[known] == problem.home_post[known]).all()


def test_answer_puts_both_ways_side_by_side(tmp_path: Path) -> None:
    """A scenario by rounds is also solved at once, and the report gives every measure of both."""
    folder = district(mode="rounds", rounds={"across": 0, "directed": 0}).write(tmp_path)
    answer = app.solve(folder)
    assert answer.joint is not None
    found = {price.code: (price.rounds, price.joint) for price in prices(answer)}
    assert found["unfilled"] == (1, 0)
    assert found["moves"] == (1, 2)
    assert found["evenness"][0] == pytest.approx(answer_evenness(answer.result), abs=1e-9)


def answer_evenness(result: Result) -> float:
    """Sum of squared CVs by hand: everybody counts three times, and schools have 120 pupils each."""
    problem = result.problem
    section, subject = result.plan.section(problem), result.plan.subject(problem)
    arts = np.isin(subject, [problem.subjects.index(s) for s in ("pe", "music", "art")])
    heads = [np.bincount(section[who], minlength=4) for who in (arts, np.ones(len(arts), dtype=bool))]
    squares = [float(((n / n.mean() - 1) ** 2).mean()) for n in heads]
    return squares[0] + 3 * squares[1]


def test_without_rounds_nothing_is_compared(tmp_path: Path) -> None:
    """A joint plan has no other to stand beside."""
    answer = app.solve(district().write(tmp_path))
    assert answer.joint is None
    assert list(prices(answer)) == []


@pytest.mark.parametrize("quota", [0, 5, "100%"])
def test_quota_of_the_bureau_is_told_in_no_rule_of_the_result(tmp_path: Path, quota: object) -> None:
    """The quota of the last round binds, and the result folder can be written: it is no rule of the scenario."""
    answer = app.solve(district(mode="rounds", rounds={"directed": quota, "across": 0}).write(tmp_path / "s"))
    assert (labels(answer.result)["Y1"] == "directed") == bool(quota)
    assert not [rule.id for rule in answer.result.rules if rule.id.startswith("rounds.")]
    write(answer, tmp_path / "out", page(story(answer)), ["allocator"])
    assert (tmp_path / "out" / "report.html").exists()


def reserved(**settings: object) -> District:
    """Make a school whose limit is one below today's staff, or below those who come."""
    made = District(title="Reserve", school_year=2020, seed=1, language="en", mode="rounds", **settings)
    made.set(rules={"placement.everyone": {"level": "hard", "reserve": 2}})
    return made.school("A", pupils={"primary": (20,) * 6}).row(
        "posts", school_id="A", stage="primary", subject="chinese", posts=1
    )


def test_limit_below_the_staff_sends_somebody_to_the_reserve_in_the_end(tmp_path: Path) -> None:
    """The rounds before the last bear today's staff; the last one keeps the limit with one in the reserve."""
    made = reserved().change("sections", "A", "primary", headcount_max=1)
    result = solved(made.staff("A", "primary", "chinese chinese"), tmp_path)
    assert sorted(labels(result).values()) == ["pool", "stay"]
    assert result.violations == ()


@pytest.mark.parametrize("first", ["longest", "shortest"])
def test_who_is_settled_never_waits(tmp_path: Path, first: str) -> None:
    """Where a recruit must come and one of two must go, it is the one who did not win the post."""
    made = reserved(priorities={"first_to_move": first}).change("sections", "A", "primary", headcount_max=2)
    made.teacher("A", "primary", "chinese", teacher_id="OLD", joined_school="2000-09")
    made.teacher("A", "primary", "chinese", teacher_id="NEW", joined_school="2015-09")
    made.teacher(subject="chinese", teacher_id="REC", contract_school="A")
    found = labels(solved(made, tmp_path))
    assert found == {
        "OLD": "pool" if first == "longest" else "stay",
        "NEW": "stay" if first == "longest" else "pool",
        "REC": "recruit",
    }
