"""Notices: everybody concerned is told once, everywhere where it belongs, and nobody else."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from typer.testing import CliRunner

from allocator import app
from allocator.cli import cli
from allocator.report.documents import printed
from allocator.report.notices import Notice, Notices, file_names, notices
from allocator.report.parts import Mark
from allocator.report.word import documents
from allocator.words import say
from report.results import Folder
from rules.variants import TINY, variant

LISTS = (
    "Teachers who move from schools that stay open",
    "Teachers of schools that close",
    "New teachers",
    "Teachers who wait without a place",
)
HOSTILE = """<script>alert(1)</script>&amp;=HYPERLINK("x")'"""


@pytest.fixture(scope="module")
def told(tiny: Folder) -> Notices:
    """Write the notices of tiny."""
    return notices(tiny.answer)


def cells(one: Notice, table: int = 0) -> list[tuple[str, ...]]:
    """Rows of a table of a notice, in English."""
    return [
        tuple(say(cell.words if isinstance(cell, Mark) else cell, "en") for cell in row)
        for row in one.tables[table].rows
    ]


def titled(one: Notice, title: str) -> list[tuple[str, ...]]:
    """Rows of the table with a title; none where there is none."""
    return [row for i, t in enumerate(one.tables) if str(t.title) == title for row in cells(one, i)]


def test_everybody_who_moves_is_told_once_everywhere(tiny: Folder, told: Notices) -> None:
    """Once in the public list, once at the old school, once at the new one, and once in a letter."""
    moved = [r for r in tiny.plan if r["from_school"] != r["to_school"]]
    here = [r for r in tiny.plan if r["from_school"] == r["to_school"] and r["round"] != "stay"]
    listed = [row[1] for title in LISTS for row in titled(told.public, title)]
    assert sorted(listed) == sorted(r["teacher_id"] for r in moved)
    other = [row[1] for row in titled(told.public, "Teachers with another subject or stage at their school")]
    assert sorted(other) == sorted(r["teacher_id"] for r in here)
    assert [one.code for one in told.teachers] == [r["teacher_id"] for r in tiny.plan if r["round"] != "stay"]
    by = {one.code: one for one in told.schools}
    for r in moved:
        for school, title in ((r["from_school"], "Who leaves"), (r["to_school"], "Who comes")):
            if school:
                assert [row[0] for row in titled(by[school], title)].count(r["teacher_id"]) == 1
    left = sum(len(titled(one, "Who leaves")) for one in told.schools)
    come = sum(len(titled(one, "Who comes")) for one in told.schools)
    assert left == sum(bool(r["from_school"]) for r in moved)
    assert come == sum(bool(r["to_school"]) for r in moved)


def test_totals_are_those_of_the_plan(tiny: Folder, told: Notices) -> None:
    """The numbers of the first paragraph add up to the rows of plan.csv."""
    words = str(told.public.paragraphs[0])
    numbers = [int(n) for n in re.findall(r": (\d+)|close: (\d+)", words) for n in n if n]
    moved = [
        r for r in tiny.plan if r["from_school"] and r["to_school"] and r["from_school"] != r["to_school"]
    ]
    closing = [r for r in moved if r["from_school"] in tiny.closed]
    new = [r for r in tiny.plan if not r["from_school"] and r["to_school"]]
    waits = [r for r in tiny.plan if not r["to_school"]]
    here = [r for r in tiny.plan if r["from_school"] == r["to_school"] and r["round"] != "stay"]
    assert numbers == [len(moved), len(closing), len(new), len(here)]
    assert not waits
    assert len(titled(told.public, LISTS[0])) == len(moved) - len(closing)


def test_schools_that_close_say_where_their_pupils_go(tiny: Folder, told: Notices) -> None:
    """The school that closes and the one that takes its pupils are both told."""
    by = {one.code: one for one in told.schools}
    for journey in tiny.answer.problem.journeys:
        for school in (journey.school_id, journey.to_school):
            assert any(str(journey.pupils) in row for row in titled(by[school], "Pupils who change school"))
    for school in tiny.closed:
        assert "closes" in str(by[school].paragraphs[0])


def opened(content: bytes) -> str:
    """Everything that a document holds, as its raw parts."""
    with zipfile.ZipFile(BytesIO(content)) as file:
        return "\n".join(file.read(name).decode("utf-8", "replace") for name in file.namelist())


def words_of(content: bytes) -> str:
    """Return what a document shows."""
    made = Document(BytesIO(content))
    found = [p.text for p in made.paragraphs] + [p.text for p in made.sections[0].header.paragraphs]
    return "\n".join(
        [*found, *(cell.text for table in made.tables for row in table.rows for cell in row.cells)]
    )


def document(told: Notices, one: Notice) -> bytes:
    """Return the document of one notice."""
    (content,) = documents(told, [one])
    return content


def every(told: Notices) -> Sequence[Notice]:
    return (told.public, *told.schools, *told.teachers)


def test_names_stand_there_only_where_they_are_asked_for(tiny: Folder, told: Notices) -> None:
    """Without the option there is no name in any part of any document or page."""
    names = [row["name"] for row in tiny.teachers.values()]
    named = notices(tiny.answer, names=True)
    for one in every(told):
        content = opened(document(told, one)) + printed(told, [one])
        assert not [name for name in names if re.search(rf"\b{name}\b", content)]
    assert all(tiny.teachers[one.code]["name"] in words_of(document(named, one)) for one in named.teachers)


def test_the_same_notice_gives_the_same_bytes(told: Notices) -> None:
    """Nothing of the clock or of the machine is in it."""
    for one in (told.public, told.schools[0], told.teachers[0]):
        first, second = document(told, one), document(told, one)
        assert first == second
        with zipfile.ZipFile(BytesIO(first)) as file:
            assert {part.date_time for part in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_notice_of_generated_data_stands_on_each(tiny: Folder, language: str) -> None:
    """In the head of every document and of every page, in either language."""
    config = tiny.answer.scenario.config.model_copy(update={"language": language})
    told = notices(replace(tiny.answer, scenario=replace(tiny.answer.scenario, config=config)))
    assert told.notice
    for one in every(told):
        assert told.notice in words_of(document(told, one))
    assert printed(told, every(told)).count(told.notice) == len(every(told))


def test_names_of_schools_and_people_do_no_harm(tmp_path: Path) -> None:
    """What looks like a script or a formula is shown as it is written."""
    given: dict[str, Any] = {
        "schools": {s: {"name": HOSTILE} for s in ("A1", "A2", "B1", "B2")},
        "teachers": {f"T{n:02d}": {"name": HOSTILE} for n in range(1, 13)},
    }
    told = notices(
        app.solve(variant(tmp_path / "v", {"notice": HOSTILE, "title": HOSTILE}, given)), names=True
    )
    assert HOSTILE in words_of(document(told, told.teachers[0]))
    page = printed(told, every(told))
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_nobody_moves(tiny: Folder) -> None:
    """A plan without any change says so, and nobody gets a letter."""
    problem = tiny.answer.problem
    still = replace(tiny.answer.result, plan=type(tiny.answer.result.plan)(problem.home_post), labels=None)
    calm = [t for t in range(len(problem.teachers)) if problem.home_post[t] >= 0]
    told = notices(replace(tiny.answer, result=still))
    assert len(told.teachers) == len(problem.teachers) - len(calm)


@pytest.mark.parametrize(
    "codes",
    [
        ["P01", "P02"],
        ["../up", "a/b", "a\\b", "C:", ".", "..", ""],
        ["CON", "con", "Nul", "com1"],
        ["a" * 300, "a" * 301],
        ["x", "X", "ẞ", "ss"],
        ["T/02", "T_02-667733d16c", "COM¹", "LPT²"],
        ["第一小学", "第 一", "\u202e"],
    ],
)
def test_files_are_safe_and_each_is_its_own(codes: list[str]) -> None:
    """Whatever the codes are: names without folders, of bearable length, different also where case does not count."""
    found = file_names(codes)
    assert list(found) == codes
    assert len({name.casefold() for name in found.values()}) == len(codes)
    for name in found.values():
        assert re.fullmatch(r"[\w-]{1,105}", name)
        assert not re.fullmatch(r"(?i)con|prn|aux|nul|(com|lpt)[\d¹²³]", name)
    assert file_names(codes) == found


def run(*asked: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["notices", *asked, "--language", "en"])
    return done.exit_code, done.output


def test_the_command_writes_them_and_clears_its_own_old_ones(tiny: Folder, tmp_path: Path) -> None:
    """Documents that are not written any more go, those of others stay, and all is for the owner alone."""
    out, plan = tmp_path / "out", tmp_path / "plan.csv"
    plan.write_bytes((tiny.path / "plan.csv").read_bytes())
    assert run(str(TINY), str(plan), "--out", str(out))[0] == 0
    before = {p.relative_to(out).as_posix() for p in out.rglob("*.docx")}
    mover = next(r for r in tiny.plan if r["moved"] == "yes" and r["from_school"] not in tiny.closed)
    assert f"teachers/{mover['teacher_id']}.docx" in before
    (out / "teachers" / "mine.docx").write_text("kept")
    places = {c: mover[f"from_{c}"] for c in ("school", "stage", "subject")}
    lines = plan.read_text(encoding="utf-8").splitlines()
    head = lines[0].split(",")
    at = next(i for i, line in enumerate(lines) if line.startswith(f"{mover['teacher_id']},"))
    row = lines[at].split(",")
    for name, value in places.items():
        row[head.index(f"to_{name}")] = value
    plan.write_text("\n".join([*lines[:at], ",".join(row), *lines[at + 1 :]]), encoding="utf-8")
    code, said = run(str(TINY), str(plan), "--out", str(out))
    assert code == 0, said
    after = {p.relative_to(out).as_posix() for p in out.rglob("*.docx")}
    assert f"teachers/{mover['teacher_id']}.docx" not in after
    assert "teachers/mine.docx" in after
    assert all(p.stat().st_mode & 0o077 == 0 for p in out.rglob("*") if p.name != "mine.docx")


def test_a_recruit_without_a_place_waits(tiny: Folder) -> None:
    """Who has no place before and none after waits, and is not told as somebody with another subject."""
    post = tiny.answer.result.plan.post.copy()
    post[[t for t, r in enumerate(tiny.plan) if not r["from_school"]]] = -1
    plan = type(tiny.answer.result.plan)(post)
    told = notices(replace(tiny.answer, result=replace(tiny.answer.result, plan=plan, labels=None)))
    waits = [r["teacher_id"] for r in tiny.plan if not r["from_school"]]
    assert [row[1] for row in titled(told.public, LISTS[3])] == waits
    assert f"Teachers who wait without a place: {len(waits)}." in [str(p) for p in told.public.paragraphs]


def test_nothing_outside_is_written_or_deleted(tiny: Folder, tmp_path: Path) -> None:
    """A folder that is a link is refused; what an index lists goes only where it is still as it was written."""
    plan = tmp_path / "plan.csv"
    plan.write_bytes((tiny.path / "plan.csv").read_bytes())
    other, out = tmp_path / "other", tmp_path / "out"
    other.mkdir()
    out.mkdir()
    (other / "B1.docx").write_text("mine")
    (out / "schools").symlink_to(other)
    assert run(str(TINY), str(plan), "--out", str(out))[0] == 2
    assert [p.name for p in other.iterdir()] == ["B1.docx"]
    assert [p.name for p in out.iterdir()] == ["schools"]
    (out / "schools").unlink()
    assert run(str(TINY), str(plan), "--out", str(out))[0] == 0
    (out / "schools" / "mine.docx").write_text("mine")
    listed = [
        "schools/mine.docx",
        "teachers/a\0b.docx",
        "teachers/../../x.docx",
        f"teachers/{'n' * 400}.docx",
        "teachers",
    ]
    (out / "notices.csv").write_text(
        "kind,code,file,sha256\n" + "".join(f"teacher,X,{f},0\n" for f in listed)
    )
    assert run(str(TINY), str(plan), "--out", str(out))[0] == 0
    assert (out / "schools" / "mine.docx").read_text() == "mine"


def test_the_folder_of_the_plan_is_refused(tiny: Folder) -> None:
    """Notices do not lie in a result folder: the plan beside them would be taken for theirs."""
    code, said = run(str(TINY), str(tiny.path / "plan.csv"), "--out", str(tiny.path))
    assert code == 2
    assert "--out" in said
