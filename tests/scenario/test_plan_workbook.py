"""The sheet of moves of a result, edited by hand, is a plan."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest

from allocator import app
from allocator.errors import InputsAreWrong
from allocator.plan import places
from allocator.report.chapters import story
from allocator.report.files import write
from allocator.report.html import page
from allocator.report.workbook import workbook

TINY = Path(__file__).parents[2] / "scenarios" / "tiny"


@pytest.fixture(scope="module", params=["zh", "en"])
def result(request, tmp_path_factory):
    """Solve the tiny district and write its result in one language."""
    answer = app.solve(TINY, {"language": request.param})
    told = story(answer, names=True)
    out = tmp_path_factory.mktemp(request.param)
    write(answer, out, page(told), [], workbook(answer, told, names=True))
    return out


def _places(plan):
    before = app.earlier(app.check(TINY), plan)
    all_places = places(before.problem)
    return {
        who: all_places[post] if post >= 0 else None
        for who, post in zip(before.problem.teachers.ids, before.plan.post, strict=True)
    }


def _moves(book):
    return book["调动"] if "调动" in book.sheetnames else book["Moves"]


def test_the_workbook_of_a_result_is_its_plan(result):
    """Schools, stages and subjects stand by name in either language; whoever is not listed stays; notes below are none."""
    assert _places(result / "report.xlsx") == _places(result / "plan.csv")


def test_an_edited_move_is_read(result, tmp_path):
    """A school put in by its code, by its name, or by both as the sheet has them is the same school."""
    with (TINY / "schools.csv").open(encoding="utf-8") as file:
        schools = {row["school_id"]: row["name"] for row in csv.DictReader(file)}
    sound = _places(result / "report.xlsx")
    known = set(places(app.earlier(app.check(TINY), result / "plan.csv").problem))
    edited = 0
    for written in ("{code}", "{name}", "{code} {name}"):
        book = openpyxl.load_workbook(result / "report.xlsx")
        sheet = _moves(book)
        for row in range(2, sheet.max_row + 1):
            who = sheet.cell(row, 1).value
            place = sound.get(who)
            other = place and next((c for c in schools if c != place[0] and (c, *place[1:]) in known), None)
            if other:
                sheet.cell(row, 6).value = written.format(code=other, name=schools[other])
                book.save(tmp_path / "edited.xlsx")
                assert _places(tmp_path / "edited.xlsx") == sound | {who: (other, *place[1:])}
                edited += 1
                break
    assert edited == 3


def test_what_is_wrong_in_a_sheet_of_moves_is_told_there(result, tmp_path):
    """An unknown teacher and an unknown school are told in their rows; a workbook without moves is told as one."""
    book = openpyxl.load_workbook(result / "report.xlsx")
    sheet = _moves(book)
    sheet.cell(2, 1).value = "nobody"
    sheet.cell(3, 6).value = "nowhere"
    book.save(tmp_path / "edited.xlsx")
    with pytest.raises(InputsAreWrong) as wrong:
        _places(tmp_path / "edited.xlsx")
    assert {(i.row, i.column) for i in wrong.value.issues} >= {(2, "teacher_id"), (3, "to_school")}
    book.remove(sheet)
    book.save(tmp_path / "without.xlsx")
    with pytest.raises(InputsAreWrong, match="a sheet 'Moves'"):
        _places(tmp_path / "without.xlsx")
