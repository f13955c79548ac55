"""Where hard rules leave no plan: the plan of the least way out breaks one rule, by the least, and is best in all else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from allocator import app
from allocator.cli import cli
from allocator.errors import NoPlan
from allocator.problem import Problem
from allocator.rules.contract import Rule
from allocator.solving.clock import NEVER
from allocator.solving.prepare import prepare
from allocator.solving.result import Result
from allocator.solving.smallest import gives_way
from allocator.solving.solve import judge, solve
from allocator.solving.way_out import way_out
from builders import District
from report.results import rows
from rules.variants import problem_of, variant
from solving.test_smallest import planted


def found(folder: Path) -> tuple[Problem, tuple[Rule, ...], NoPlan, Result]:
    """Solve a folder without a plan, and its way out."""
    problem, rules = problem_of(folder)
    with pytest.raises(NoPlan) as none:
        solve(problem, rules)
    result = way_out(problem, rules, none.value.ways)
    assert result is not None
    return problem, rules, none.value, result


@pytest.mark.seeds(8)
def test_one_rule_is_broken_by_the_least(tmp_path: Path, seed: int) -> None:
    """The first of the ways, by the least that leaves a plan; no other hard rule."""
    problem, rules, none, result = found(planted(seed).district.write(tmp_path / "d"))
    hard = {rule.id for rule in rules if rule.level == "hard"}
    broken = [v for v in judge(problem, rules, result.plan).violations if v.rule in hard]
    assert {v.rule for v in broken} == {result.gave_way} == {none.ways[0]}
    known = prepare(problem, rules).rules
    rule = next(r for r in known if r.id == result.gave_way)
    least = gives_way(problem, known, rule, NEVER)
    assert least is not None
    assert sum(v.amount for v in broken) == pytest.approx(least.amount)
    assert result.status == "way_out"
    assert {r.id for r in result.rules if r.level == "hard"} == hard


def test_soft_rules_gain_nothing_from_it(tmp_path: Path) -> None:
    """A school lacks three and one may come, against two soft rules: it lacks two all the same, as the least demands."""
    rules: dict[str, Any] = {"tenure.minimum": {"level": "hard", "years": 3}}
    rules |= {"volunteers.only": "soft", "direction.cross_zone": {"level": "soft", "most": 0}}
    made = District(title="Soft", school_year=2020, seed=1, language="en", budget={"moves": 9}, rules=rules)
    for school in ("A", "B"):
        made.school(school, zone=school, pupils={"primary": [20] * 6})
    made.change("sections", "B", headcount_min=3)
    for joined in ("2005-08", "2019-08", "2019-08", "2019-08"):
        made.teacher("A", "primary", joined_school=joined)
    _, _, _, result = found(made.write(tmp_path / "d"))
    assert result.gave_way == "quota.headcount"
    amounts = {v.rule: v.amount for v in result.violations}
    assert amounts == {"quota.headcount": 2, "volunteers.only": 1, "direction.cross_zone": 1}


@pytest.mark.seeds(8)
def test_all_else_is_as_good_as_with_the_rule_soft(tmp_path: Path, seed: int) -> None:
    """Level by level the plan is that of the scenario in which the planner makes the rule soft."""
    one = planted(seed)
    _, _, none, result = found(one.district.write(tmp_path / "d"))
    one.district.settings["rules"][none.ways[0]] = one.district.settings["rules"].get(none.ways[0], {}) | {
        "level": "soft"
    }
    other = solve(*problem_of(one.district.write(tmp_path / "soft")))
    for mine, theirs in zip(result.levels, other.levels, strict=True):
        assert (mine.name, mine.objective) == (theirs.name, pytest.approx(theirs.objective, rel=0.01))


IMPOSSIBLE = {"teachers": {"T09": {"pin": "A1"}}}


def command(folder: Path, out: Path, language: str) -> tuple[int, str]:
    """Solve a folder by the command."""
    done = CliRunner().invoke(cli, ["solve", str(folder), "--out", str(out), "--language", language])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("language", "told"), [("en", "leaves aside the pins of T09"), ("zh", "未执行T09的固定安排")]
)
def test_the_command_writes_it_and_says_what_was_relaxed(tmp_path: Path, language: str, told: str) -> None:
    """A pin to a school where the subject does not exist is dropped: on the screen, in the report, beside the tables; exit code 3."""
    folder = variant(tmp_path / "v", cells=IMPOSSIBLE)
    code, said = command(folder, tmp_path / "out", language)
    assert code == 3
    assert told in said
    for name in ("NOTICE.txt", "report.html"):
        assert told in (tmp_path / "out" / name).read_text(encoding="utf-8"), name
    facts = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert facts["status"] == "way_out"
    broken = [rule["id"] for rule in facts["rules"] if rule["violations"] and rule["level"] == "hard"]
    assert broken == ["placement.pins"]
    judged = app.audit(folder, tmp_path / "out" / "plan.csv").result.violations
    assert [(v.rule, v.who) for v in judged] == [("placement.pins", ("T09",))]
    assert len(rows(tmp_path / "out" / "plan.csv")) == 12


def test_where_no_rule_by_itself_is_enough_nothing_is_written(tmp_path: Path) -> None:
    """Two people without a place for different reasons: the conflict is told, and there is no folder."""
    cells = {"teachers": {"T09": {"pin": "A1"}, "T12": {"certificate": "kindergarten"}}}
    code, said = command(variant(tmp_path / "v", cells=cells), tmp_path / "out", "en")
    assert code == 3
    assert "T09" in said
    assert "T12" in said
    assert "least way out" not in said
    assert not (tmp_path / "out").exists()
