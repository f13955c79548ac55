"""Judging a plan of whatever hand: what the program planned is found kept, what was edited is found out."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from allocator import app, cli
from allocator.errors import InputsAreWrong
from allocator.plan import places
from allocator.report.files import plan_rows, table
from allocator.rules.catalogue import CATALOGUE
from allocator.rules.contract import PairRule
from builders import assert_sayable, small
from rules.variants import TINY
from solving import brute

Row = dict[str, str]
PAIRS = {rule.id for rule in CATALOGUE if issubclass(rule, PairRule)}
NEEDED = ("teacher_id", "to_school", "to_stage", "to_subject")


def planned() -> list[Row]:
    """Solve tiny and return its plan as it stands in the file."""
    text = table(plan_rows(app.solve(TINY, {"language": "en"})), "en")
    return list(csv.DictReader(io.StringIO(text)))


PLAN = planned()


def edited(folder: Path, rows: list[Row] | None = None, **changes: dict[str, str]) -> Path:
    """Write a plan with other cells for some teachers."""
    lines = [row | changes.get(row["teacher_id"], {}) for row in (rows if rows is not None else PLAN)]
    folder.mkdir(exist_ok=True)
    path = folder / "plan.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def broken(plan: Path) -> Counter[str]:
    return Counter(v.rule for v in app.audit(TINY, plan).result.violations)


def test_plan_of_the_program_is_found_kept(tmp_path: Path) -> None:
    """Judged anew from the file, the solved plan breaks nothing and measures the same."""
    solved, judged = app.solve(TINY), app.audit(TINY, edited(tmp_path))
    assert judged.result.violations == ()
    assert judged.result.status == "judged"
    assert judged.card == solved.card
    assert judged.result.eligible.tolist() == solved.result.eligible.tolist()
    assert (judged.result.plan.post == solved.result.plan.post).all()


def test_only_teacher_and_new_place_are_read(tmp_path: Path) -> None:
    """Columns that follow from the rest may be wrong, in another order, or left out."""
    bare = [{k: row[k] for k in reversed(NEEDED)} for row in PLAN]
    lies = [row | {"moved": "yes", "round": "zone", "reason": "=1+1", "from_school": "??"} for row in PLAN]
    for n, rows in enumerate((bare, lies)):
        answer = app.audit(TINY, edited(tmp_path / str(n), rows))
        assert answer.result.violations == ()
        assert len(answer.problem.warnings) == len(app.check(TINY).warnings)


def test_every_breach_is_named_with_who_and_how_much(tmp_path: Path) -> None:
    """A protected teacher who is moved, a bound one, and one without a place are each found, and the budget's excess."""
    home = {row["teacher_id"]: row for row in PLAN}
    assert home["T04"]["round"] == home["T09"]["round"] == "stay"
    plan = edited(
        tmp_path,
        T04={"to_school": "A2", "to_stage": "primary", "to_subject": "music"},
        T09={"to_school": "A2", "to_stage": "junior", "to_subject": "history"},
        T01={"to_school": "", "to_stage": "", "to_subject": ""},
    )
    answer = app.audit(TINY, plan)
    found = {(v.rule, v.who): v.amount for v in answer.result.violations if v.rule != "budget.moves"}
    assert found[("protection.status", ("T04",))] == 1
    assert found[("tenure.lock", ("T09",))] == 1
    assert found[("placement.everyone", ("T01",))] == 1
    budget = next(v for v in answer.result.violations if v.rule == "budget.moves")
    assert budget.amount == 2
    assert {"T04", "T09"} <= set(budget.who)
    assert answer.card.unplaced == 1


@pytest.mark.parametrize("seed", range(20))
def test_witnesses_agree_with_the_brute_force_on_any_plan(tmp_path: Path, seed: int) -> None:
    """People put anywhere at random: an independent count breaks a rule for the same people."""
    rng = np.random.default_rng(seed)
    known = places(app.audit(TINY, edited(tmp_path)).problem)
    drawn = [known[int(rng.integers(len(known)))] for _ in PLAN]
    rows = [row | dict(zip(NEEDED[1:], place, strict=True)) for row, place in zip(PLAN, drawn, strict=True)]
    answer = app.audit(TINY, edited(tmp_path, rows))
    third = set(brute.broken(brute.read(TINY), drawn))
    pairs = {f"{v.who[0]} {v.rule}" for v in answer.result.violations if v.rule in PAIRS}
    totals = {v.rule for v in answer.result.violations if v.rule not in PAIRS}
    assert third == pairs | totals


WRONG = {
    "unknown teacher": ({"T01": {"teacher_id": "T99"}}, "teacher_id", 2),
    "unknown school": ({"T01": {"to_school": "A9"}}, "to_school", 1),
    "no such stage": ({"T01": {"to_school": "A1", "to_stage": "junior"}}, "to_stage", 1),
    "not a stage": ({"T01": {"to_stage": "kindergarten"}}, "to_stage", 1),
    "not a subject": ({"T01": {"to_subject": "alchemy"}}, "to_subject", 1),
    "subject of another stage": (
        {"T01": {"to_school": "A1", "to_stage": "primary", "to_subject": "chemistry"}},
        "to_subject",
        1,
    ),
    "half a place": ({"T01": {"to_subject": ""}}, "to_subject", 1),
    "twice": ({"T01": {"teacher_id": "T02"}}, "teacher_id", 2),
    "no code": ({"T01": {"teacher_id": ""}}, "teacher_id", 2),
}


@pytest.mark.parametrize("name", WRONG)
def test_slips_are_told_with_row_and_way_out(tmp_path: Path, name: str) -> None:
    """Each slip gives its issues in either language, with the row and the column, and nothing is judged."""
    changes, column, count = WRONG[name]
    with pytest.raises(InputsAreWrong) as wrong:
        app.audit(TINY, edited(tmp_path, **changes))
    errors = [i for i in wrong.value.issues if i.severity == "error"]
    assert len(errors) == count
    assert {i.column for i in errors} == {column}
    assert 2 in {i.row for i in errors} | ({3} & {i.row for i in errors} and {2})
    for issue in errors:
        assert_sayable(issue)


def test_all_slips_come_at_once(tmp_path: Path) -> None:
    """Slips of several rows and a missing row are told together."""
    changes = {"T01": {"to_school": "A9"}, "T02": {"to_subject": "alchemy"}, "T03": {"teacher_id": "T77"}}
    with pytest.raises(InputsAreWrong) as wrong:
        app.audit(TINY, edited(tmp_path, PLAN[:-1], **changes))
    assert len([i for i in wrong.value.issues if i.severity == "error"]) == 5


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"a,b\n1,2\n", b'"', "教师编号,到校\nT01,A1\n".encode(), b"teacher_id\n\0\n"],
)
def test_files_that_are_no_plan_are_refused(tmp_path: Path, content: bytes) -> None:
    """Whatever the file holds, it is an issue and not a fault of the program."""
    path = tmp_path / "plan.csv"
    path.write_bytes(content)
    with pytest.raises(InputsAreWrong) as wrong:
        app.audit(TINY, path)
    for issue in wrong.value.issues:
        assert_sayable(issue)


def test_place_at_a_closing_school_is_no_place(tmp_path: Path) -> None:
    """Who is left at a school that closes is warned of and counts as without a place."""
    plan = edited(tmp_path, T10={"to_school": "B2", "to_stage": "primary", "to_subject": "chinese"})
    answer = app.audit(TINY, plan)
    assert [w.column for w in answer.problem.warnings if w.severity == "warning"][-1] == "to_school"
    assert broken(plan)["placement.everyone"] == 1


def test_command_lists_breaches_and_writes_the_judgement(tmp_path: Path) -> None:
    """The command ends with 0, prints each breach, and writes a result that says it was judged and not solved."""
    plan = edited(tmp_path / "in", T04={"to_school": "A2", "to_stage": "primary", "to_subject": "music"})
    out = tmp_path / "out"
    found = CliRunner().invoke(
        cli.cli, ["audit", str(TINY), str(plan), "--out", str(out), "--language", "en"]
    )
    assert found.exit_code == 0, found.output
    assert "protection.status: T04: the status 'pregnant' protects the present place" in found.stdout
    assert "Judged, not solved" in found.stdout
    facts = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert facts["status"] == "judged"
    assert facts["levels"] == []
    assert "in/plan.csv" in facts["manifest"]["files"]
    assert "protection.status" in (out / "report.html").read_text(encoding="utf-8")


def test_command_does_not_overwrite_the_plan_it_judges(tmp_path: Path) -> None:
    """The folder of the plan is refused as the folder of the judgement."""
    plan = edited(tmp_path)
    before = plan.read_bytes()
    found = CliRunner().invoke(cli.cli, ["audit", str(TINY), str(plan), "--out", str(tmp_path)])
    assert found.exit_code == 2
    assert plan.read_bytes() == before


def test_missing_plan_is_told(tmp_path: Path) -> None:
    """No file at the path: exit 1 and one line."""
    found = CliRunner().invoke(cli.cli, ["audit", str(TINY), str(tmp_path / "no.csv"), "--language", "en"])
    assert found.exit_code == 1
    assert "no.csv: found nothing" in found.output


def test_soft_breaches_are_listed_too(tmp_path: Path) -> None:
    """A rule that is soft in the scenario is counted and named."""
    folder = small(rules={"tenure.minimum": {"level": "soft", "years": 60}}).write(tmp_path / "s")
    answer = app.solve(folder)
    rows = list(csv.DictReader(io.StringIO(table(plan_rows(answer), "en"))))
    other = {"to_school": "N1", "to_stage": "primary", "to_subject": "chinese"}
    judged = app.audit(folder, edited(tmp_path, rows, T01=other))
    assert [v.rule for v in judged.result.violations if v.who == ("T01",)] == ["tenure.minimum"]


def test_command_does_not_overwrite_the_plan_a_link_leads_to(tmp_path: Path) -> None:
    """A link elsewhere to a plan in the folder of the judgement is refused too."""
    plan = edited(tmp_path / "out")
    before, link = plan.read_bytes(), tmp_path / "link.csv"
    link.symlink_to(plan)
    found = CliRunner().invoke(cli.cli, ["audit", str(TINY), str(link), "--out", str(tmp_path / "out")])
    assert found.exit_code == 2
    assert plan.read_bytes() == before


@pytest.mark.parametrize("command", ["solve", "audit", "synthesise"])
def test_names_too_long_for_the_disk_are_told(tmp_path: Path, command: str) -> None:
    """A path of 300 characters is told in a sentence, not with a traceback."""
    long = str(tmp_path / ("x" * 300))
    words = {
        "solve": [str(TINY), "--out", long],
        "audit": [str(TINY), long],
        "synthesise": [long, "--out", long],
    }
    found = CliRunner().invoke(cli.cli, [command, *words[command]])
    assert found.exit_code in (1, 2)
    assert found.exception is None or isinstance(found.exception, SystemExit)
