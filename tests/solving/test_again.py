"""A plan made anew: never a change for nothing, never more changes than are needed, and as good as before where it can be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from allocator.cli import cli
from allocator.errors import NoPlan
from allocator.plan import Plan, places
from allocator.problem import Problem
from allocator.rules.contract import Rule
from allocator.solving.again import Again, again
from allocator.solving.solve import solve
from builders import District, overlay
from report.results import Folder, rows, solved
from rules.variants import TINY, drawn_cells, placed, problem_of, variant
from solving import brute

CLOSE = 1e-6


def drawn(folder: Path, seed: int) -> tuple[Problem, tuple[Rule, ...], Plan] | None:
    """Draw a district with the plan that is best for it; None where there is none."""
    problem, rules = problem_of(variant(folder, {"budget": {"gap": 0}}, drawn_cells(seed, subjects=False)))
    try:
        return problem, rules, solve(problem, rules).plan
    except NoPlan:
        return None


def asked(
    problem: Problem, plan: Plan, rng: np.random.Generator
) -> dict[str, frozenset[tuple[str, str, str]]]:
    """Ask one or two people to be elsewhere than they are in a plan."""
    every = places(problem)
    who = rng.choice(len(plan.post), rng.integers(1, 3), replace=False)
    return {
        problem.teachers.ids[t]: frozenset(p for at, p in enumerate(every) if at != plan.post[t]) for t in who
    }


@pytest.mark.seeds(14)
def test_fewest_changes_of_all_plans(tmp_path: Path, seed: int) -> None:
    """Among all lawful plans that do what is asked: none has fewer changes and is as good; so many changes allow no better."""
    found = drawn(tmp_path / "v", seed)
    if found is None:
        pytest.skip("no plan keeps the rules of this draw")
    problem, rules, before = found
    only = asked(problem, before, np.random.default_rng(seed))
    district = brute.read(tmp_path / "v")
    if brute.size(district) > 60_000:
        pytest.skip("too many plans to try them all")
    plans = brute.enumerate_plans(district)
    here = placed(problem, before)
    ids = [t["teacher_id"] for t in plans.district.teachers]
    does = np.ones(len(plans), dtype=bool)
    for i, who in enumerate(ids):
        if who in only:
            does &= np.array([place in only[who] for place in plans.options[i]])[plans.choice[:, i]]
    if not does.any():
        with pytest.raises(NoPlan):
            again(problem, rules, before, only)
        return
    kept = plans.keep(does & (brute.breaches(plans) <= brute.breaches(plans)[does].min() + CLOSE))
    order = [problem.teachers.ids.index(who) for who in ids]
    changed = sum(
        np.array([place != here[order[i]] for place in plans.options[i]], dtype=float)[kept.choice[:, i]]
        for i in range(len(ids))
    )
    told = again(problem, rules, before, only)
    assert told.least == changed.min()
    coverage, even = brute.coverage(kept), brute.evenness(kept).value
    row = kept.find(placed(problem, told.result.plan))
    assert row >= 0
    assert changed[row] == len(told.changed)
    best = np.lexsort((even, np.round(coverage, 6)))[0]
    wanted = max(told.before.coverage, coverage[best]), max(told.before.evenness, _even(coverage, even))
    good = (coverage < wanted[0] - CLOSE) | ((coverage <= wanted[0] + CLOSE) & (even <= wanted[1] + 1e-4))
    assert changed[row] <= told.steps[-1].changes == changed[good].min()
    within = changed <= told.steps[-1].changes
    assert coverage[row] == pytest.approx(coverage[within].min(), abs=CLOSE)
    level = within & (coverage <= coverage[row] + CLOSE)
    assert even[row] == pytest.approx(even[level].min(), abs=1e-4)


def _even(coverage: np.ndarray, even: np.ndarray) -> float:
    return float(even[coverage <= coverage.min() + CLOSE].min())


@pytest.mark.seeds(8)
def test_nothing_asked_changes_nothing(tmp_path: Path, seed: int) -> None:
    """Without a question the earlier plan is the answer, to the last person."""
    found = drawn(tmp_path / "v", seed)
    if found is None:
        pytest.skip("no plan keeps the rules of this draw")
    problem, rules, before = found
    told = again(problem, rules, before, {})
    assert len(told.changed) == 0
    assert (told.result.plan.post == before.post).all()
    assert told.proved
    assert told.least == 0


def test_who_had_no_place_gets_the_best_one(tmp_path: Path) -> None:
    """Somebody without a place in the earlier plan is placed, which is no change to anybody else."""
    problem, rules = problem_of(variant(tmp_path / "v"))
    plan = solve(problem, rules).plan
    recruit = int(np.flatnonzero(problem.teachers.recruit)[0])
    post = plan.post.copy()
    post[recruit] = -1
    told: Again = again(problem, rules, Plan(post), {})
    assert told.changed.tolist() == [recruit]
    assert told.result.plan.post[recruit] == plan.post[recruit]


def test_what_rules_refuse_is_told_with_the_fewest_rules(tmp_path: Path) -> None:
    """Of the places asked for, that which fewest rules refuse is told, with each of them."""
    problem, rules = problem_of(variant(tmp_path / "v"))
    plan = solve(problem, rules).plan
    latin = frozenset(p for p in places(problem) if p[1] == "junior")
    who = next(
        problem.people[t]["teacher_id"] for t in range(12) if problem.people[t]["certificate"] == "primary"
    )
    with pytest.raises(NoPlan) as error:
        again(problem, rules, plan, {who: latin})
    assert all(who in str(line) for line in error.value.conflict)
    assert "certificate.rank" in str(error.value)


def test_what_is_asked_is_part_of_the_conflict(tmp_path: Path) -> None:
    """Four are asked to leave where three may: they are named with the budget, the fifth, whom a closure moves, is not."""
    problem, rules = problem_of(variant(tmp_path / "v"))
    plan, every = solve(problem, rules).plan, places(problem)
    to = {"T01": "B1", "T02": "B1", "T03": "A2", "T07": "B1", "T11": "B1"}
    only = {who: frozenset(place for place in every if place[0] == school) for who, school in to.items()}
    with pytest.raises(NoPlan) as none:
        again(problem, rules, plan, only)
    said = [str(line) for line in none.value.conflict]
    named = {
        who: school for who, school in to.items() if any(f"{who}: asked to be at {school}" in s for s in said)
    }
    assert named == {who: school for who, school in to.items() if who != "T11"}
    assert any("'question.asked' gives way by 1" in s for s in said)
    assert any("'budget.moves' gives way by 1" in s for s in said)
    for who in ("T01", "T02", "T03", "T07"):
        rest = {other: some for other, some in only.items() if other != who}
        assert len(again(problem, rules, plan, rest).changed), "without any one of them there is a plan"


def places_of(file: Path) -> list[tuple[str, ...]]:
    """Who has which place in a plan.csv."""
    return [(r["teacher_id"], r["to_school"], r["to_stage"], r["to_subject"]) for r in rows(file)]


def run(tiny: Folder, out: Path, *more: str, scenario: Path = TINY) -> tuple[int, str]:
    """Resolve the plan of tiny."""
    asked = [
        "resolve",
        str(scenario),
        str(tiny.path / "plan.csv"),
        "--out",
        str(out),
        "--language",
        "en",
        *more,
    ]
    done = CliRunner().invoke(cli, asked)
    return done.exit_code, " ".join(done.output.replace("│", " ").split())


def test_the_command(tiny: Folder, tmp_path: Path) -> None:
    """An empty question leaves plan.csv as it is, byte for byte; a refusal is kept, and every change is listed."""
    code, said = run(tiny, tmp_path / "same")
    assert code == 0
    assert "Nothing changes" in said
    assert places_of(tmp_path / "same" / "plan.csv") == places_of(tiny.path / "plan.csv")
    mover = next(r for r in tiny.plan if r["moved"] == "yes" and r["from_school"] not in tiny.closed)
    code, said = run(tiny, tmp_path / "other", "--refuse", mover["teacher_id"])
    assert code == 0, said
    now = {r["teacher_id"]: r for r in rows(tmp_path / "other" / "plan.csv")}
    assert now[mover["teacher_id"]]["to_school"] == mover["from_school"]
    listed = {r["teacher_id"] for r in rows(tmp_path / "other" / "changes.csv")}
    was = {r["teacher_id"]: r for r in tiny.plan}
    different = {
        who
        for who in now
        if any(now[who][f"to_{c}"] != was[who][f"to_{c}"] for c in ("school", "stage", "subject"))
    }
    assert listed == different


def test_flags_give_the_plan_of_a_scenario_laid_over(tiny: Folder, tmp_path: Path) -> None:
    """A closure and a recruit asked for by flags: plan and changes are those of a folder with both, to the last row."""
    over = overlay(base=str(TINY), title="Over", closures={"B2": {"to": "A2"}})
    recruit = {"teacher_id": "new-pe-1", "subject": "pe", "certificate": "primary", "degree": "bachelor"}
    over.tables["teachers"] = [recruit | {"recruit": "yes"}]
    folder = over.write(tmp_path / "over")
    flags = ("--close", "B2=A2", "--recruit", "pe/primary/bachelor")
    code, said = run(tiny, tmp_path / "flags", *flags)
    assert code == 0, said
    code, said = run(tiny, tmp_path / "folder", scenario=folder)
    assert code == 0, said
    for name in ("plan.csv", "changes.csv", "posts.csv", "balance.csv"):
        assert (tmp_path / "flags" / name).read_bytes() == (tmp_path / "folder" / name).read_bytes(), name
    assert "new-pe-1" in {r["teacher_id"] for r in rows(tmp_path / "flags" / "changes.csv")}


def test_a_school_opens_by_a_flag(planning: District, tmp_path: Path) -> None:
    """A plan made while a new school is not open: with it, and the closure that it serves, people teach there."""
    closed = tmp_path / "closed"
    planning.settings |= {"closures": {}, "openings": {}, "objective": {"levels": ["coverage"]}}
    planning.write(closed)
    before = solved(closed, tmp_path / "before")
    asked = ["resolve", str(closed), str(before.path / "plan.csv"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli, [*asked, "--open", "P3", "--close", "P2=P3", "--language", "en"])
    assert done.exit_code == 0, done.output
    assert {"P3"} <= {r["to_school"] for r in rows(tmp_path / "out" / "plan.csv")} <= {"P1", "N1", "N2", "P3"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--pin", "T01"), "TEACHER=SCHOOL"),
        (("--pin", "T01=Z9"), "TEACHER=SCHOOL"),
        (("--pin", "T99=A1"), "there is no 'T99'"),
        (("--refuse", "T99"), "there is no 'T99'"),
        (("--pin", "T01=A1", "--forbid", "T01=A1"), "nothing is left for T01"),
    ],
)
def test_what_cannot_be_asked_is_bad_usage(
    tiny: Folder, tmp_path: Path, more: tuple[str, ...], words: str
) -> None:
    """Told before anything is solved."""
    code, said = run(tiny, tmp_path / "out", *more)
    assert code == 2
    assert words in said
    assert not (tmp_path / "out").exists()
