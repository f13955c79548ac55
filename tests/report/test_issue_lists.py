"""Issues for people: many are grouped, and a copy of the tables shows where they stand."""

from __future__ import annotations

import io

import openpyxl
import pytest

from allocator import app
from allocator.errors import InputsAreWrong, Issue
from allocator.report.issues import annotated, told
from allocator.words import text
from builders import issues_of, small


def _issue(row, column="g1", severity="error"):
    words = text("'{value}'", value=f"{row}人")
    return Issue("d/sections.csv", row, column, words, text("a value"), text("correct the value"), severity)


def test_few_issues_are_told_one_by_one():
    """Sixty issues are sixty lines."""
    issues = [_issue(row) for row in range(2, 62)]
    assert list(told(issues, "en")) == [f"error: {i.say('en')}" for i in issues]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_many_issues_are_told_by_kind(language):
    """Of a thousand of a kind three are told and the others counted with rows; an issue of another kind is not lost."""
    issues = [_issue(row) for row in range(2, 1002)] + [_issue(5, "g2", "warning")]
    lines = list(told(issues, language))
    assert len(lines) == 5
    assert "997" in lines[3]
    assert "5、6、7" in lines[3] if language == "zh" else "5, 6, 7" in lines[3]
    assert "g2" in lines[4]


def test_the_annotated_copy_marks_every_cell_and_is_a_scenario_again(tmp_path):
    """Every issue of a cell has its mark and its note; when the cells are mended, the copy reads without issues."""
    folder = (
        small(bureau="Bureau")
        .change("sections", "P1", g2="20人")
        .change("teachers", "T03", subject="chinise", birth="'=1+1")
        .write(tmp_path / "district")
    )
    with pytest.raises(InputsAreWrong) as wrong:
        app.check(folder)
    path = tmp_path / "copy.xlsx"
    path.write_bytes(annotated(app.tables(folder), wrong.value.issues, "en"))
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["issues", "scenario", "schools", "sections", "teachers"]
    notes = {
        (sheet.title, cell.row, str(sheet.cell(1, cell.column).value))
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment
    }
    assert notes == {("sections", 2, "g2"), ("teachers", 4, "subject"), ("teachers", 4, "birth")}
    assert book["issues"].max_row == 4
    assert all(
        cell.data_type != "f" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row
    )
    header = [cell.value for cell in book["teachers"][1]]
    book["sections"].cell(2, [c.value for c in book["sections"][1]].index("g2") + 1).value = 20
    book["teachers"].cell(4, header.index("subject") + 1).value = "chinese"
    book["teachers"].cell(4, header.index("birth") + 1).value = "1980-01"
    book.save(path)
    assert issues_of(path) == []


def test_issues_of_bases_are_marked_in_sheets_of_their_own(tmp_path):
    """Two layers with the same table are two sheets."""
    small().change("teachers", "T03", subject="chinise").write(tmp_path / "base")
    over = tmp_path / "over"
    over.mkdir()
    (over / "scenario.toml").write_text('base = "../base"\n')
    (over / "teachers.csv").write_text("teacher_id,subject\nT04,latin\n")
    with pytest.raises(InputsAreWrong) as wrong:
        app.check(over)
    book = openpyxl.load_workbook(io.BytesIO(annotated(app.tables(over), wrong.value.issues, "zh")))
    assert set(book.sheetnames) == {"问题", "schools", "sections", "base·teachers", "teachers"}
    assert book["teachers"]["B2"].comment is not None
    assert sum(1 for row in book["base·teachers"].iter_rows() for cell in row if cell.comment) == 1
