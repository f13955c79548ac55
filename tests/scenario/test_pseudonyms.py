"""Codes of teachers replaced: nothing that is written has one, and the plan is the same."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path

from typer.testing import CliRunner

from allocator import app
from allocator.cli import cli
from allocator.errors import quoted
from allocator.scenario.pseudonyms import pseudonymised, unnamed
from rules.variants import TINY, variant

NAMES = {f"T{n:02d}": {"name": f"柳{n}某", "teacher_id": f"县编{n:04d}"} for n in range(1, 13)}


def named(tmp_path: Path) -> Path:
    """Tiny with codes and names that stand nowhere else."""
    return variant(tmp_path / "v", {}, {"teachers": NAMES})


def contents(folder: Path) -> dict[str, str]:
    """All files of a folder as text, the parts of a workbook one by one."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                found |= {
                    f"{path.name}/{name}": book.read(name).decode("utf-8", "replace")
                    for name in book.namelist()
                }
        else:
            found[path.name] = path.read_bytes().decode("utf-8", "replace")
    return found


def plans(text: str) -> list[str]:
    """Rows of plan.csv without the teacher."""
    return [line.partition(",")[2] for line in text.splitlines()]


def test_no_code_and_no_name_is_written(tmp_path: Path) -> None:
    """Nothing in a result, and nothing on the console, says who is meant; all else is as it was."""
    run, scenario = CliRunner(), named(tmp_path)
    plain = run.invoke(cli, ["solve", str(scenario), "--out", str(tmp_path / "plain")])
    assert plain.exit_code == 0, plain.output
    hidden = run.invoke(cli, ["solve", str(scenario), "--out", str(tmp_path / "hidden"), "--pseudonymise"])
    assert hidden.exit_code == 0
    before, after = contents(tmp_path / "plain"), contents(tmp_path / "hidden")
    assert any("县编" in text for text in before.values())
    for name, text in (*after.items(), ("console", hidden.output)):
        assert not re.search("县编|柳", text), name
    assert plans(after["plan.csv"]) == plans(before["plan.csv"])
    codes = [line.partition(",")[0] for line in after["plan.csv"].splitlines()[1:]]
    assert len(set(codes)) == 12
    for name in ("balance.csv", "sections.csv", "posts.csv"):
        assert after[name] == before[name]


def test_a_judged_plan_hides_them_too(tmp_path: Path) -> None:
    """The plan that is read has the codes; what is told of it has not."""
    run, scenario = CliRunner(), named(tmp_path)
    run.invoke(cli, ["solve", str(scenario), "--out", str(tmp_path / "plain")])
    plan = tmp_path / "plain" / "plan.csv"
    done = run.invoke(
        cli, ["audit", str(scenario), str(plan), "--out", str(tmp_path / "hidden"), "--pseudonymise"]
    )
    assert done.exit_code == 0, done.output
    for name, text in (*contents(tmp_path / "hidden").items(), ("console", done.output)):
        assert not re.search("县编|柳", text), name


def test_errors_of_a_plan_hide_them_too(tmp_path: Path) -> None:
    """A row that stands twice, and one that is missing, are told without the code."""
    run, scenario = CliRunner(), named(tmp_path)
    run.invoke(cli, ["solve", str(scenario), "--out", str(tmp_path / "plain")])
    plan = tmp_path / "plain" / "plan.csv"
    lines = plan.read_text(encoding="utf-8").splitlines()
    plan.write_text("\n".join([*lines[:-1], lines[1]]), encoding="utf-8")
    done = run.invoke(cli, ["audit", str(scenario), str(plan), "--pseudonymise", "--language", "en"])
    assert done.exit_code == 1
    assert "a second time" in done.output
    assert "no row for the teacher" in done.output
    assert not re.search("县编|柳", done.output)


def test_what_is_no_teacher_stays(tmp_path: Path) -> None:
    """A certificate, a subject or a school that is written as the code of a teacher is told as it is; a heading is not."""
    codes = {"T01": "primary", "T02": "junior", "T03": "history", "T04": "B2"}
    cells = {"teachers": {who: {"teacher_id": code} for who, code in codes.items()}}
    folder = variant(tmp_path / "v", {}, cells)
    table = folder / "teachers.csv"
    head, *rows = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([f"{head},history", *(f"{row},1" for row in rows)]), encoding="utf-8")
    scenario = app.check(folder)
    issue = next(one for one in scenario.warnings if one.column == "history")
    kept = replace(issue, column="certificate", found=quoted("primary"), expected=quoted("junior"))
    told = unnamed([kept, issue], scenario)
    assert told[0] == kept
    assert "history" not in told[1].say("en")


def test_names_and_pseudonyms_exclude_each_other(tmp_path: Path) -> None:
    """Both at once is bad usage, told before anything is solved."""
    out = tmp_path / "out"
    done = CliRunner().invoke(cli, ["solve", str(TINY), "--out", str(out), "--names", "--pseudonymise"])
    assert done.exit_code == 2
    assert "--names" in done.output
    assert not out.exists()


def test_no_pseudonym_is_the_code_of_another(tmp_path: Path) -> None:
    """Where somebody has a code like a pseudonym, pseudonyms begin otherwise."""
    cells = {"teachers": {"T01": {"teacher_id": "T-02"}}}
    scenario = app.check(variant(tmp_path / "v", {}, cells))
    codes = set(pseudonymised(scenario).table("teachers")["teacher_id"])
    assert len(codes) == 12
    assert not codes & set(scenario.table("teachers")["teacher_id"])
