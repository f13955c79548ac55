"""What more teachers are worth: what trying every plan with them finds, and what a scenario with them does."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from allocator import app
from allocator.cli import cli
from allocator.plan import places
from allocator.solving.result import Level
from allocator.solving.worth import by_zone, gain
from builders import overlay
from report.results import Folder
from rules.variants import TINY, drawn_cells, problem_of, variant
from solving import brute

MORE = {
    "teacher_id": "X1",
    "subject": "mathematics",
    "certificate": "junior",
    "degree": "bachelor",
    "recruit": "yes",
}


def with_more(folder: Path) -> Path:
    """Add a row to the roster of a folder."""
    path = folder / "teachers.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows([*rows, MORE])
    return folder


@pytest.mark.seeds(10)
def test_it_is_what_trying_every_plan_finds(tmp_path: Path, seed: int) -> None:
    """Zone by zone: the fewest empty posts, and the best evenness with them, of all plans that have the teacher there."""
    settings = {"budget": {"gap": 0, "moves": 2}}
    folder = with_more(variant(tmp_path / "v", settings, drawn_cells(seed, subjects=False)))
    problem, rules = problem_of(folder)
    district = brute.read(folder)
    if brute.size(district) > 200_000:
        pytest.skip("too many plans to try them all")
    plans = brute.enumerate_plans(district)
    who = [t["teacher_id"] for t in plans.district.teachers].index("X1")
    for one in by_zone(problem, rules, ["X1"]):
        zone = problem.zones.index(one.zone)
        here = {
            place
            for at, place in enumerate(places(problem))
            if problem.school_zone[problem.post_school[at]] == zone
        }
        there = np.array([place in here for place in plans.options[who]], dtype=bool)[plans.choice[:, who]]
        if not there.any():
            assert one.refused
            assert not one.levels
            continue
        kept = plans.keep(there & (brute.breaches(plans) <= brute.breaches(plans)[there].min() + 1e-6))
        coverage, even = brute.coverage(kept), brute.evenness(kept).value
        reached = {level.name: level.objective for level in one.levels}
        assert reached["coverage"] == pytest.approx(coverage.min())
        assert reached["evenness"] == pytest.approx(even[coverage <= coverage.min() + 1e-6].min(), abs=1e-4)


def test_it_is_what_a_scenario_with_the_teacher_reaches(tmp_path: Path) -> None:
    """South of tiny one school stays open: there the worth is that of a recruit who is pinned to it."""
    over = overlay(base=str(TINY), title="Over")
    over.tables["teachers"] = [{**MORE, "teacher_id": "new-mathematics-1", "pin": "B1"}]
    pinned = app.solve(over.write(tmp_path / "over")).result.levels
    without, ((kind, zones),) = app.worth(TINY, ["mathematics/junior/bachelor"])
    assert kind == "mathematics/junior/bachelor"
    assert [one.name for one in without] == ["coverage", "evenness", "wishes"]
    south = next(one for one in zones if one.zone == "south")
    expected = {level.name: level.objective for level in pinned}
    assert {level.name: level.objective for level in south.levels} == pytest.approx(expected, abs=1e-6)
    alone = app.solve(TINY).result.levels
    assert [one.objective for one in without] == pytest.approx(
        [one.objective for one in alone[: len(without)]]
    )


def level(objective: float, bound: float) -> Level:
    """Make a level."""
    return Level("evenness", objective, bound, 0.0, "proved")


def test_a_difference_is_no_surer_than_its_proofs() -> None:
    """Exact values differ exactly; gaps leave a range, which may leave open which is better."""
    assert gain(level(5, 5), level(3, 3)) == (2, 2)
    assert gain(level(3, 3), level(5, 5)) == (-2, -2)
    assert gain(level(1.0, 0.9), level(0.95, 0.85)) == pytest.approx((-0.05, 0.15))


def ask(tiny: Folder, *more: str) -> tuple[int, str]:
    """Ask what teachers are worth beside the plan of tiny."""
    asked = ["explain", str(TINY), str(tiny.path / "plan.csv"), *more]
    done = CliRunner().invoke(cli, asked)
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("language", "words"), [("en", "pe/primary/bachelor: 2. Solved"), ("zh", "pe/primary/bachelor）2人")]
)
def test_the_command(tiny: Folder, language: str, words: str) -> None:
    """Each zone has its line; a kind that cannot be is told with its option, before anything is solved."""
    code, said = ask(tiny, "--worth", "pe/primary/bachelor=2", "--language", language)
    assert code == 0, said
    assert words in said
    assert "    north" in said
    assert "    south" in said
    code, said = ask(tiny, "--worth", "pe", "--worth", "latin/primary/bachelor", "--language", language)
    assert code == 1
    assert "--worth latin/primary/bachelor" in said
    assert "pe/junior/bachelor=2" in said


def test_a_zone_where_nobody_may_go_is_told_why(tmp_path: Path) -> None:
    """Where recruits go to remote schools alone, the zones without one have no plan, and the rule is named."""
    folder = variant(
        tmp_path / "v", {"rules": {"recruits.setting": {"level": "hard", "settings": ["rural"]}}}
    )
    _, ((_, zones),) = app.worth(folder, ["pe/primary/bachelor"])
    north = next(one for one in zones if one.zone == "north")
    assert not north.levels
    assert "recruits.setting" in str(north.refused[0])
