"""A scenario as a workbook is read like its folder; what a workbook can hide or do is told or refused."""

from __future__ import annotations

import csv
import io
import re
import tomllib
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from test_any_input import _all_tables
from test_broken_scenarios import ERRORS, WARNINGS

from allocator.app import template
from allocator.scenario.check import read
from allocator.scenario.files import Notes
from allocator.scenario.read import read_tables
from allocator.scenario.schema import KEYS, SHEETS
from allocator.scenario.settings_sheet import written
from allocator.scenario.workbooks import read_book, shown
from builders import issues_of, small

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def as_workbook(folder: Path, path: Path, *, zh: bool = False) -> Path:
    """Write the files of a scenario folder into a workbook, cell by cell, as they are."""
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(2025, 9, 1)})
    for table, alias in SHEETS.items():
        name = alias if zh else table
        if table == "scenario":
            settings = tomllib.loads((folder / "scenario.toml").read_text(encoding="utf-8"))
            rows = [["key", "value"], *map(list, written(settings))]
        elif (folder / f"{table}.csv").exists():
            content = (folder / f"{table}.csv").read_bytes().decode("utf-8-sig")
            rows = list(csv.reader(io.StringIO(content, newline="")))
        else:
            continue
        page = book.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                page.write_string(r, c, cell)
    book.close()
    return path


def _same(one: Path, other: Path) -> None:
    """Hold that two scenarios say the same, wherever it stands."""
    first, second = read_tables(one), read_tables(other)
    assert first.config.model_copy(update={"standard": ""}) == second.config.model_copy(
        update={"standard": ""}
    )
    assert first.standard == second.standard
    for name in KEYS:
        columns = [c for c in first.table(name).columns if not c.startswith("_")]
        pd.testing.assert_frame_equal(first.table(name)[columns], second.table(name)[columns])


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["duji-2020", "fermanagh", "tiny"])
def test_a_scenario_written_as_a_workbook_is_read_back_the_same(name, language, tmp_path):
    """Settings of all layers, every table, every cell, in either language."""
    path = tmp_path / "all.xlsx"
    path.write_bytes(template(SCENARIOS / name, language, tmp_path))
    _same(SCENARIOS / name, path)


def test_every_column_and_setting_survives(tmp_path):
    """A district with every table and kind of setting, its standard in a file of its own, is the same afterwards."""
    folder = _all_tables().write(tmp_path / "district")
    for language in ("zh", "en"):
        path = tmp_path / f"{language}.xlsx"
        path.write_bytes(template(folder, language, tmp_path))
        _same(folder, path)


def test_the_same_workbook_is_the_same_bytes(tmp_path):
    """No clock stands in a workbook."""
    assert template(SCENARIOS / "tiny", "zh", tmp_path) == template(SCENARIOS / "tiny", "zh", tmp_path)


_OF_FILES = {  # what only text of CSV or TOML can be
    "NUL bytes",
    "unclosed quote",
    "text after a quote",
    "ragged rows",
    "standard is a number",
    "base is a number",
}


@pytest.mark.parametrize("name", ERRORS | WARNINGS)
def test_what_is_broken_in_a_folder_is_told_of_its_workbook(name, tmp_path):
    """The same cells give the same issues in the same rows and columns."""
    if name in _OF_FILES:
        pytest.skip("of files alone")
    folder = (ERRORS | WARNINGS)[name][0](small()).write(tmp_path / "district")
    try:
        path = as_workbook(folder, tmp_path / "district.xlsx")
    except (
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        FileNotFoundError,
        csv.Error,
        RecursionError,
        ValueError,
    ):
        pytest.skip("not a table or a setting, but a file that cannot be read")
    if {one.name for one in folder.iterdir()} - {f"{t}.csv" for t in KEYS} - {"scenario.toml"}:
        pytest.skip("other files")
    of_folder, of_book = issues_of(folder), issues_of(path)

    def told(issues):
        return sorted(
            (i.severity, re.sub(r"\.(csv|toml)$", "", Path(i.file).name), i.row, i.column, str(i.found))
            for i in issues
        )

    expected = [(s, f, None if f == "scenario" else r, c, w) for s, f, r, c, w in told(of_folder)]
    assert [(s, f, None if f == "scenario" else r, c, w) for s, f, r, c, w in told(of_book)] == expected


def test_settings_are_told_in_the_row_where_they_stand(tmp_path):
    """A wrong setting is found in its row of the sheet."""
    folder = small(budget={"moves": -1}).write(tmp_path / "district")
    issues = issues_of(as_workbook(folder, tmp_path / "d.xlsx", zh=True))
    rows = [
        row
        for row, (key, _) in enumerate(written(tomllib.loads((folder / "scenario.toml").read_text())), 2)
        if key == "budget.moves"
    ]
    assert [(i.file, i.row, i.column) for i in issues] == [("d.xlsx/方案", rows[0], "budget.moves")]


def _book(path: Path, cells: Callable[[xlsxwriter.Workbook, dict[str, object]], None]) -> Path:
    """Write the small district as a workbook with a change made by hand."""
    folder = small().write(path.parent / "plain")
    book = xlsxwriter.Workbook(path)
    pages = {}
    for table in ("scenario", "schools", "sections", "teachers"):
        pages[table] = book.add_worksheet(table)
        if table == "scenario":
            rows = [
                ["key", "value"],
                *map(list, written(tomllib.loads((folder / "scenario.toml").read_text()))),
            ]
        else:
            rows = list(csv.reader(io.StringIO((folder / f"{table}.csv").read_text(), newline="")))
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                pages[table].write_string(r, c, cell)
    cells(book, pages)
    book.close()
    return path


def _column(table: str, name: str) -> int:
    return small().text(table).split("\n")[0].split(",").index(name)


def test_dates_and_numbers_of_excel_are_months_and_numbers(tmp_path):
    """A month that Excel holds as a date, and numbers held as numbers, are what they say."""

    def change(book, pages):
        month = book.add_format({"num_format": "yyyy-mm"})
        pages["teachers"].write_datetime(1, _column("teachers", "birth"), datetime(1980, 5, 1), month)
        pages["teachers"].write_datetime(2, _column("teachers", "birth"), datetime(1980, 5, 17), month)
        pages["sections"].write_number(1, _column("sections", "g1"), 21)

    path = _book(tmp_path / "d.xlsx", change)
    scenario = read(path)
    assert list(scenario.table("teachers")["birth"][:2]) == [1980 * 12 + 4] * 2
    assert scenario.table("sections")["g1"][0] == 21
    assert [(i.row, i.column) for i in scenario.warnings] == [(3, "birth")]  # of the 17th the day is left out


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda b, p: p["teachers"].write_datetime(1, _column("teachers", "teacher_id"), datetime(2020, 3, 1), b.add_format({"num_format": "d-mmm"})), (2, "teacher_id")),
        (lambda b, p: p["teachers"].write_number(1, _column("teachers", "teacher_id"), 340602198001011234), (2, "teacher_id")),
        (lambda b, p: p["teachers"].write_formula(1, _column("teachers", "title"), "=NA()", None, "#N/A"), (2, "title")),
        (lambda b, p: p["sections"].write_formula(1, _column("sections", "g1"), "=1/0", None, "#DIV/0!"), (2, "g1")),
        (lambda b, p: p["teachers"].merge_range(3, 0, 5, 0, "x"), (None, None)),
    ],
)  # fmt: skip
def test_what_excel_has_changed_is_told(change, expected, tmp_path):
    """Codes turned into dates, numbers that have lost digits, errors of formulas and merged cells are no data."""
    issues = issues_of(_book(tmp_path / "d.xlsx", change))
    told = [(i.row, i.column) for i in issues if i.severity == "error"]
    assert expected in told


def test_formulas_and_hidden_rows_are_told(tmp_path):
    """What a formula gave is read and told; one without a result is refused; hidden rows are read and told."""

    def change(book, pages):
        pages["sections"].write_formula(1, _column("sections", "g1"), "=10+10", None, 20)
        pages["teachers"].set_row(3, None, None, {"hidden": True})

    path = _book(tmp_path / "d.xlsx", change)
    scenario = read(path)
    assert len(scenario.table("teachers")) == 12
    assert {(i.file, i.row) for i in scenario.warnings} == {("d.xlsx/sections", None), ("d.xlsx/teachers", 4)}
    book = openpyxl.load_workbook(path)
    book.save(path)  # openpyxl writes formulas without results
    issues = issues_of(path)
    assert [(i.file, str(i.found)) for i in issues if i.severity == "error"] == [
        ("d.xlsx/sections", "formulas without a result (cells: 1)")
    ]


def test_a_title_above_the_header_is_told_once(tmp_path):
    """A header that is not in the first row is one issue, not one for every column."""
    folder = small().write(tmp_path / "district")
    text = (folder / "teachers.csv").read_text()
    (folder / "teachers.csv").write_text("Roster" + "," * (text.split("\n")[0].count(",")) + "\n" + text)
    for path in (folder, as_workbook(folder, tmp_path / "d.xlsx")):
        assert [(i.row, str(i.found)) for i in issues_of(path) if i.severity == "error"] == [
            (1, "a header in row 2")
        ]


def _zip(parts: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def _parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


HOSTILE: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "a bomb": lambda p: p | {"xl/worksheets/sheet1.xml": b"<worksheet>" + b" " * 700_000_000},
    "billion laughs": lambda p: p
    | {"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + p["xl/workbook.xml"]},
    "an external entity": lambda p: p
    | {"xl/worksheets/sheet1.xml": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet>&a;</worksheet>'},
    "a cell at the far end": lambda p: p
    | {
        "xl/worksheets/sheet1.xml": p["xl/worksheets/sheet1.xml"].replace(
            b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        )
    },
    "a part in UTF-16": lambda p: p
    | {"xl/worksheets/sheet1.xml": p["xl/worksheets/sheet1.xml"].decode().replace("UTF-8", "UTF-16").encode("utf-16")},
    "another encoding": lambda p: p
    | {"xl/worksheets/sheet1.xml": p["xl/worksheets/sheet1.xml"].replace(b"UTF-8", b"GB18030")},
    "a sheet that is elsewhere": lambda p: p
    | {"xl/_rels/workbook.xml.rels": p["xl/_rels/workbook.xml.rels"].replace(b"worksheets/sheet1", b"../../sheet1")},
    "a million empty rows": lambda p: p
    | {
        "xl/worksheets/sheet1.xml": p["xl/worksheets/sheet1.xml"].replace(
            b"</sheetData>", b"<row/>" * 1_000_000 + b'<row><c r="XX1000099"/></row></sheetData>'
        )
    },
    "no workbook": lambda p: {"[Content_Types].xml": p["[Content_Types].xml"]},
    "no XML": lambda p: p | {"xl/workbook.xml": b"\x00\x01"},
    "a sheet that is cut": lambda p: p
    | {"xl/worksheets/sheet1.xml": p["xl/worksheets/sheet1.xml"][:-40]},
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused(name, tmp_path):
    """What grows without end, reaches out or is no workbook gives issues and no traceback."""
    path = as_workbook(small().write(tmp_path / "d"), tmp_path / "d.xlsx")
    issues = issues_of(_zip(HOSTILE[name](_parts(path)), tmp_path / "e.xlsx"))
    assert any(i.severity == "error" for i in issues)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "not a workbook"),
        (b"a,b\n1,2\n", "not a workbook"),
        (b"PK\x03\x04" + b"x" * 50, "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".xls"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
    ],
)
def test_what_is_no_workbook_is_said_in_words(content, word, tmp_path):
    """Each kind of file that Excel users mistake for a workbook has a sentence of its own."""
    (tmp_path / "d.xlsx").write_bytes(content)
    (issue,) = issues_of(tmp_path / "d.xlsx")
    assert word in str(issue.found)


@pytest.fixture(scope="module")
def whole_book(tmp_path_factory):
    """Return the folder of a workbook with every table and kind of setting."""
    folder = tmp_path_factory.mktemp("any")
    as_workbook(_all_tables().write(folder / "d"), folder / "d.xlsx")
    return folder


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_bytes_in_a_workbook(whole_book, data):
    """Random bytes anywhere in the archive, or in any of its parts, give issues or a scenario."""
    folder = whole_book
    path, parts = folder / "e.xlsx", _parts(folder / "d.xlsx")
    whole = (folder / "d.xlsx").read_bytes()
    junk = data.draw(
        st.binary(max_size=30)
        | st.sampled_from([b"<", b">", b'"', b"&", b"</row>", b"<c>", b' t="e"', b'r="ZZ99"'])
    )
    name = data.draw(st.sampled_from(["", *parts]))
    content = parts[name] if name else whole
    at = data.draw(st.integers(0, len(content)))
    changed = content[:at] + junk + content[at + data.draw(st.integers(0, 40)) :]
    if name:
        _zip(parts | {name: changed}, path)
    else:
        path.write_bytes(changed)
    (folder / "standard.toml").write_bytes((folder / "d" / "standard.toml").read_bytes())
    issues_of(path)


def test_two_sheets_of_one_table_are_told(tmp_path):
    """Neither the English nor the Chinese one is taken in silence."""
    path = _book(
        tmp_path / "d.xlsx", lambda b, p: b.add_worksheet("教师").write_row(0, 0, ("教师编号", "学科"))
    )
    assert any("several sheets" in str(i.found) for i in issues_of(path))


def test_a_workbook_that_cannot_be_read_has_no_neighbours(tmp_path):
    """Tables beside a damaged workbook are not taken for its own."""
    folder = small().write(tmp_path / "district")
    (folder / "d.xlsx").write_bytes(b"PK")
    assert {i.file for i in issues_of(folder / "d.xlsx") if i.severity == "error"} <= {
        "d.xlsx", "d.xlsx/schools", "d.xlsx/sections", "d.xlsx/teachers",
    }  # fmt: skip


def test_a_workbook_is_a_base_and_has_one(tmp_path):
    """A workbook may be laid over a folder, and a folder over a workbook."""
    folder = small().write(tmp_path / "base")
    as_workbook(folder, tmp_path / "base.xlsx")
    over = tmp_path / "over"
    over.mkdir()
    (over / "scenario.toml").write_text('base = "../base.xlsx"\ntitle = "over"\n')
    assert len(read(over).table("teachers")) == len(read(folder).table("teachers"))
    as_workbook(over, tmp_path / "over.xlsx")
    (tmp_path / "over2").mkdir()
    scenario = read(as_workbook(over, tmp_path / "over2" / "over.xlsx"))
    assert scenario.config.title == "over"


def test_numbers_are_written_as_a_table_would():
    """No point behind whole numbers, no exponent, months of dates."""
    assert [shown(v) for v in (7.0, 0.1, 1e-7, 1e21, True, date(2009, 8, 1), date(2009, 8, 2), datetime(2009, 8, 1))] == [
        "7", "0.1", "0.0000001", "1000000000000000000000", "yes", "2009-08", "2009-08-02", "2009-08",
    ]  # fmt: skip


def test_a_cell_of_an_error_is_text(tmp_path):
    """The library reads errors as empty cells; they are text here."""
    book = xlsxwriter.Workbook(tmp_path / "e.xlsx")
    book.add_worksheet("s").write_formula("A1", "=NA()", None, "#N/A")
    book.close()
    found = read_book((tmp_path / "e.xlsx").read_bytes(), "e", Notes())
    assert found is not None
    assert found.sheet("s").rows == [["#N/A"]]
