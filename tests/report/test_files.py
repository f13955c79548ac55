"""The result folder: the files of the public contract, and that they agree with each other and with the inputs."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import stat
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from allocator.report import files
from allocator.report.files import cells, plan_rows, table, write
from allocator.words import text
from report.results import MORE, TABLES, Folder, columns, rows, solved, written
from rules.variants import TINY, variant
from solving import brute

INDICATORS = (
    "teachers",
    "overqualified",
    "backbone",
    "arts",
    "floor_area",
    "sports_area",
    "equipment",
    "multimedia",
)
COLUMNS = {
    "plan": "teacher_id from_school from_stage from_subject to_school to_stage to_subject moved round km"
    " cross_zone cross_stage reason until",
    "posts": "school_id stage subject posts filled_before filled_after unfilled extra posts_before",
    "sections": "school_id stage pupils classes quota headcount_before headcount_after "
    + " ".join(
        f"{name}_{what}_{when}"
        for name in INDICATORS
        for what in ("value", "meets")
        for when in ("before", "after")
    )
    + " pupils_before counts_before counts_after conforms_before conforms_after"
    + " to_meet_before to_meet_after below_floor_before below_floor_after",
    "balance": "stage indicator measure before after threshold pass_before pass_after why_not",
    "lessons": "school_id stage subject lessons covered_before covered_after lessons_before",
}
TRUTH = {
    "plan": "moved cross_zone cross_stage",
    "sections": " ".join(f"{name}_meets_{when}" for name in INDICATORS for when in ("before", "after"))
    + " counts_before counts_after conforms_before conforms_after",
    "balance": "pass_before pass_after",
}


@pytest.mark.parametrize("name", TABLES)
def test_columns_are_those_of_the_contract(tiny: Folder, name: str) -> None:
    """The header of each table is the contract's, in its order, with the further columns after."""
    assert columns(tiny.path / f"{name}.csv") == COLUMNS[name].split()


def test_every_file_is_there_and_no_other(tiny: Folder) -> None:
    """The folder holds the files of the contract, the notice, and nothing left over from writing."""
    expected = {f"{name}.csv" for name in (*TABLES, *MORE)} | {"result.json", "report.html", "NOTICE.txt"}
    assert {path.name for path in tiny.path.iterdir()} == expected


def test_plan_has_one_row_for_every_teacher(tiny: Folder) -> None:
    """Each teacher of the roster stands in plan.csv once, in the order of the roster, with today's place."""
    roster = rows(TINY / "teachers.csv")
    assert [(r["teacher_id"], r["from_school"], r["from_stage"], r["from_subject"]) for r in tiny.plan] == [
        (t["teacher_id"], t["school_id"], t["stage"], t["subject"]) for t in roster
    ]


def test_truth_is_yes_or_no(tiny: Folder) -> None:
    """Columns of truth hold yes, no, or nothing where nothing is known, and both occur."""
    for name, wanted in TRUTH.items():
        found = {row[column] for row in getattr(tiny, name) for column in wanted.split()}
        assert {"yes", "no"} <= found <= {"yes", "no", ""}


def test_plan_columns_follow_from_the_places(tiny: Folder) -> None:
    """Moved, crossing of zone and stage, round and km are what the places and the school tables say."""
    district = brute.read(TINY)
    for row in tiny.plan:
        today, then = (row["from_school"], row["from_stage"]), (row["to_school"], row["to_stage"])
        zones = [district.schools[s]["zone"] if s else None for s in (today[0], then[0])]
        both = bool(today[0])
        assert row["moved"] == _said(both and today[0] != then[0])
        assert row["cross_zone"] == _said(both and zones[0] != zones[1])
        assert row["cross_stage"] == _said(both and today[1] != then[1])
        same = both and (*today, row["from_subject"]) == (*then, row["to_subject"])
        assert row["round"] == ("stay" if same else "recruit" if not both else _round(row, zones))
        way = brute.road_km(tiny.teachers[row["teacher_id"]], then[0], district)
        assert row["km"] == ("" if today[0] == then[0] else f"{way:.1f}")


def _said(truth: bool) -> str:
    return "yes" if truth else "no"


def _round(row: dict[str, str], zones: list[str | None]) -> str:
    if row["from_stage"] != row["to_stage"]:
        return "cross_stage"
    if row["from_school"] == row["to_school"]:
        return "in_school"
    return "zone" if zones[0] == zones[1] else "cross_zone"


def test_posts_agree_with_the_plan(tiny: Folder) -> None:
    """Heads, empty posts and heads beyond the posts are counted from plan.csv and the roster."""
    today = Counter((r["from_school"], r["from_stage"], r["from_subject"]) for r in tiny.plan)
    then = Counter((r["to_school"], r["to_stage"], r["to_subject"]) for r in tiny.plan)
    assert {k for k, n in (today + then).items() if n and k[0]} <= set(tiny.places())
    for row in tiny.posts:
        group = row["school_id"], row["stage"], row["subject"]
        posts, filled = int(row["posts"]), int(row["filled_after"])
        assert (int(row["filled_before"]), filled) == (today[group], then[group])
        assert (int(row["unfilled"]), int(row["extra"])) == (max(posts - filled, 0), max(filled - posts, 0))


def test_sections_agree_with_the_plan_and_the_tables(tiny: Folder) -> None:
    """Pupils and heads of each section are those of the input tables and of plan.csv."""
    district = brute.read(TINY)
    assert [(r["school_id"], r["stage"]) for r in tiny.sections] == list(district.sections)
    for row in tiny.sections:
        section = row["school_id"], row["stage"]
        heads = [
            sum((r[f"{when}_school"], r[f"{when}_stage"]) == section for r in tiny.plan)
            for when in ("from", "to")
        ]
        assert [int(row["headcount_before"]), int(row["headcount_after"])] == heads
        assert int(row["pupils"]) == (district.pupils(section) if district.open(section) else 0)


def test_counts_agree_with_the_tables(tiny: Folder) -> None:
    """The counts of result.json are those of plan.csv and posts.csv."""
    counts, plan, posts = tiny.facts["counts"], tiny.plan, tiny.posts
    away = [r for r in plan if r["moved"] == "yes" and r["from_school"] not in tiny.closed]
    placed = [r for r in plan if r["from_school"] in tiny.closed and r["to_school"]]
    present = tiny.present()
    assert counts["teachers"] == len(plan)
    assert counts["moved_from_open_schools"] == len(away) <= counts["budget"] == 3
    assert counts["moved_from_closing_schools"] == len(placed) == 2
    assert counts["recruits"] == sum(not r["from_school"] for r in plan)
    assert {k: n for k, n in counts["rounds"].items() if n} == Counter(r["round"] for r in plan)
    for name in ("posts", "unfilled", "extra"):
        assert counts[name] == sum(int(r[name]) for r in posts)
    assert counts["unfilled_if_nobody_moved"] == sum(max(n - present[g], 0) for g, n in tiny.places().items())
    assert counts["schools_closed"] == len(tiny.closed)
    assert counts["posts_freed"] == sum(int(r["posts_before"]) - int(r["posts"]) for r in posts)
    assert counts["eligible"] == _eligible()


def _eligible() -> int:
    """Teachers of open schools who could lawfully go to another, by the brute force."""
    district = brute.read(TINY)
    pairs = zip(district.teachers, brute.lawful_places(district), strict=True)
    return sum(
        any(place[0] != t["school_id"] for place in places)
        for t, places in pairs
        if t["school_id"] and t["school_id"] not in district.closures
    )


def test_levels_are_the_certificate(tiny: Folder) -> None:
    """Each level of result.json has objective, bound, gap, seconds and status, and the gap is theirs."""
    for level in tiny.facts["levels"]:
        assert list(level) == ["name", "objective", "bound", "gap", "seconds", "status", "held", "round"]
        distance = max(level["objective"] - level["bound"], 0)
        assert level["gap"] == pytest.approx(distance / max(level["objective"], 1e-9), abs=1e-9)
        assert level["status"] == "proved"
    assert tiny.facts["status"] == "proved"
    assert [level["name"] for level in tiny.facts["levels"]] == ["coverage", "evenness", "wishes", "burden"]


def test_no_zero_is_negative(tiny: Folder) -> None:
    """A bound of -0.0, which solvers return, is written as 0."""
    levels = tuple(replace(level, objective=-0.0, bound=-0.0) for level in tiny.answer.result.levels)
    answer = replace(tiny.answer, result=replace(tiny.answer.result, levels=levels))
    for level in files.facts(answer, [])["levels"]:
        assert math.copysign(1, level["objective"]) == math.copysign(1, level["bound"]) == 1
    assert table([{"value": -0.0}], "en") == "value\n0\n"


def test_manifest_names_every_file_by_its_hash(tiny: Folder) -> None:
    """Every table of the scenario and every standard that was read stands there with its SHA-256."""
    hashes = tiny.facts["manifest"]["files"]
    standards = Path(files.__file__).parents[1] / "standards"
    read = {name: (TINY.parent if name.startswith("tiny/") else standards.parent) / name for name in hashes}
    assert {path.name for path in read.values()} >= {p.name for p in TINY.iterdir() if p.suffix != ".md"}
    assert "standards/cn-2017.toml" in hashes
    assert hashes == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in read.items()}


def test_manifest_says_how_to_repeat(tiny: Folder) -> None:
    """Seed, versions, command and time stand beside the hashes."""
    manifest = tiny.facts["manifest"]
    assert list(manifest) == ["files", "seed", "versions", "command", "time", "seconds"]
    assert manifest["seed"] == 1
    assert manifest["command"] == ["allocator", "solve"]
    assert {"allocator", "ortools", "highspy", "python"} <= set(manifest["versions"])


def test_audit_lists_every_rule_that_is_on(tiny: Folder) -> None:
    """The audit has each rule with level, sentence, parameters and violations, of which no hard rule has any."""
    assert [r["id"] for r in tiny.facts["rules"]] == [r.id for r in tiny.answer.result.rules]
    for rule in tiny.facts["rules"]:
        assert list(rule) == ["id", "level", "sentence", "parameters", "standing", "violations"]
        assert rule["level"] == "soft" or not rule["violations"]


def test_breaches_of_soft_rules_are_listed(tmp_path: Path) -> None:
    """A soft rule that the plan breaks stands in the audit with who, how much and a sentence."""
    pin = {"teachers": {"T01": {"pin": "A2"}}}
    rules = {"rules": {"placement.pins": "hard", "tenure.minimum": {"level": "soft", "years": 40}}}
    found = solved(variant(tmp_path / "v", rules, pin), tmp_path / "out")
    audit = {rule["id"]: rule["violations"] for rule in found.facts["rules"]}
    (breach,) = audit["tenure.minimum"]
    assert (breach["who"], breach["amount"]) == (["T01"], 1.0)
    assert breach["sentence"]


@pytest.mark.parametrize("name", ["posts", "sections", "balance", "lessons"])
def test_other_readers_get_the_measured_values(tiny: Folder, name: str) -> None:
    """What csv and pandas read from a table is what was measured, cell by cell."""
    measured = cells(getattr(tiny.answer.card, name))
    path = tiny.path / f"{name}.csv"
    frame = pd.read_csv(path, keep_default_na=False, dtype=str)
    assert frame.to_dict("records") == rows(path)
    assert len(frame) == len(measured) > 0
    for read, row in zip(rows(path), measured, strict=True):
        assert list(read) == list(row)
        for column, value in row.items():
            assert _same(read[column], value), (name, column, read[column], value)


def test_other_readers_get_the_plan(tiny: Folder) -> None:
    """What csv and pandas read from plan.csv is the plan, cell by cell."""
    frame = pd.read_csv(tiny.path / "plan.csv", keep_default_na=False, dtype=str)
    assert frame.to_dict("records") == tiny.plan
    for read, row in zip(tiny.plan, plan_rows(tiny.answer), strict=True):
        assert all(_same(read[column], value) for column, value in row.items())


def _same(read: str, value: Any) -> bool:
    if value is None:
        return read == ""
    if isinstance(value, bool):
        return read == _said(value)
    return abs(float(read) - value) <= 1e-9 if isinstance(value, float) else read == str(value)


@pytest.mark.parametrize("cell", ['a "b", c', "two\nlines", "逗号，引号“”", " spaces ", "", "00123"])
def test_any_text_survives_a_table(cell: str) -> None:
    """Quotes, commas, line ends and Chinese are read back as they were, by csv and by pandas."""
    content = table([{"code": cell, "n": 1}, {"code": text("{x}", x=cell), "n": 2}], "zh")
    assert [row["code"] for row in csv.DictReader(io.StringIO(content, newline=""))] == [cell, cell]
    frame = pd.read_csv(io.StringIO(content), keep_default_na=False, dtype=str)
    assert list(frame["code"]) == [cell, cell]


def test_notice_stands_on_every_result(tiny: Folder) -> None:
    """That the data are invented is said in result.json, on the page and in a file of its own."""
    notice = tiny.answer.scenario.config.notice
    assert notice
    assert tiny.facts["notice"] == notice
    assert notice in (tiny.path / "report.html").read_text(encoding="utf-8")
    assert (tiny.path / "NOTICE.txt").read_text(encoding="utf-8") == notice + "\n"


def test_results_are_for_the_owner_alone(tiny: Folder) -> None:
    """The folder made is 0700 and each file 0600, whatever the umask."""
    assert stat.S_IMODE(tiny.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in tiny.path.iterdir()} == {0o600}


def test_writing_again_replaces_its_own_files_alone(tiny: Folder, tmp_path: Path) -> None:
    """Files of an earlier result are replaced, and other files stay; the notice goes where it speaks of nothing else."""
    first = written(tiny.answer, tmp_path, TINY / "teachers.csv")
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "plan.csv").write_text("teacher_id\nold\n" * 1000, encoding="utf-8")
    config = tiny.answer.scenario.config.model_copy(update={"notice": ""})
    again = replace(tiny.answer, scenario=replace(tiny.answer.scenario, config=config))
    assert written(again, tmp_path, TINY / "teachers.csv").plan == first.plan
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "NOTICE.txt").exists()
    (tmp_path / "mine.txt").unlink()
    written(again, tmp_path, TINY / "teachers.csv")
    assert not (tmp_path / "NOTICE.txt").exists()


def test_failure_leaves_the_earlier_result_whole(
    tiny: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where writing fails half-way, every earlier file is as it was, and nothing half-written stays."""
    for name in ("plan.csv", "posts.csv", "result.json"):
        (tmp_path / name).write_text("old", encoding="utf-8")
    write_one, done = files._write, []

    def full(path: Path, content: str) -> None:
        write_one(path, content)
        done.append(path)
        if len(done) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_write", full)
    with pytest.raises(OSError, match="No space"):
        write(tiny.answer, tmp_path, "page", [])
    assert {p.name: p.read_text(encoding="utf-8") for p in tmp_path.iterdir()} == dict.fromkeys(
        ("plan.csv", "posts.csv", "result.json"), "old"
    )


def test_names_of_folders_that_are_not_unicode_can_be_written(tiny: Folder, tmp_path: Path) -> None:
    """A command with a folder name in another encoding does not hinder the result."""
    write(tiny.answer, tmp_path, "page", ["allocator", "\udcc4\udce3"])
    command = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["manifest"]["command"]
    assert command == ["allocator", "\udcc4\udce3"]
