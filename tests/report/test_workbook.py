"""The workbook as an outside program reads it: nothing but zip and XML; and reckoned anew where LibreOffice is."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import warnings
import zipfile
from dataclasses import dataclass, replace
from io import BytesIO
from math import sqrt
from pathlib import Path
from xml.etree import ElementTree

import pytest

from allocator import app
from allocator.report.answer import Answer
from allocator.report.chapters import story
from allocator.report.workbook import workbook
from builders import District
from report.results import Folder
from rules.variants import variant

_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TINY = Path(__file__).parents[2] / "scenarios" / "tiny"


@dataclass(frozen=True)
class Read:
    """One sheet: its cells by their name, formulas apart."""

    values: dict[str, str | float]
    formulas: dict[str, str]
    frozen: bool
    filtered: bool

    def table(self) -> list[list[str | float]]:
        """Rows down to the first that is empty."""
        width = len({re.sub(r"\d", "", at) for at in self.values})
        found: list[list[str | float]] = []
        while any(f"{_letter(c)}{len(found) + 1}" in self.values for c in range(width)):
            found.append([self.values.get(f"{_letter(c)}{len(found) + 1}", "") for c in range(width)])
        return found


def _letter(column: int) -> str:
    return _letter(column // 26 - 1) + chr(65 + column % 26) if column >= 26 else chr(65 + column)


def read_book(content: bytes) -> dict[str, Read]:
    """Read every sheet of a workbook."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        shared = [
            "".join(t.text or "" for t in one.iter(f"{_NS}t"))
            for one in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        names = [
            s.attrib["name"] for s in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{_NS}sheet")
        ]
        found = {}
        for i, name in enumerate(names, start=1):
            sheet = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{i}.xml"))
            values: dict[str, str | float] = {}
            formulas = {}
            for cell in sheet.iter(f"{_NS}c"):
                value, formula = cell.find(f"{_NS}v"), cell.find(f"{_NS}f")
                at, kind = cell.attrib["r"], cell.attrib.get("t")
                if formula is not None:
                    formulas[at] = formula.text or ""
                if value is not None:
                    text = value.text or ""
                    values[at] = shared[int(text)] if kind == "s" else text if kind == "str" else float(text)
            frozen = any(pane.attrib.get("state") == "frozen" for pane in sheet.iter(f"{_NS}pane"))
            found[name] = Read(values, formulas, frozen, sheet.find(f"{_NS}autoFilter") is not None)
        return found


@pytest.fixture(scope="module")
def book(tiny: Folder) -> dict[str, Read]:
    """Read the workbook of the small district."""
    return read_book(workbook(tiny.answer, tiny.story))


def test_every_sheet_can_be_filtered_and_keeps_its_heads(book: dict[str, Read]) -> None:
    """Heads stay in sight, and each list can be filtered."""
    assert list(book) == [
        *("Read first", "Moves", "Balance", "Schools", "Posts", "Empty posts"),
        *("Pupils who change school", "Amounts today", "Amounts September"),
    ]
    assert all(sheet.frozen and sheet.filtered for sheet in book.values())
    assert not [name for name, sheet in book.items() if sheet.formulas and name != "Balance"]


def test_the_verdict_and_the_notice_stand_first(tiny: Folder, book: dict[str, Read]) -> None:
    """What is said first on the page, and that the data are invented, on every sheet."""
    first = [str(row[0]) for row in book["Read first"].table()]
    notice = tiny.answer.scenario.config.notice
    assert notice in first
    assert [str(mark.words) for mark in tiny.story.verdict] == [
        line for line in first if line in {str(mark.words) for mark in tiny.story.verdict}
    ]
    assert all(notice in sheet.values.values() for sheet in book.values())


def test_moves_are_those_of_the_plan(tiny: Folder, book: dict[str, Read]) -> None:
    """Everybody who does not keep the place, with the reason, in the order of the plan."""
    moved = [row for row in tiny.plan if row["round"] != "stay"]
    table = book["Moves"].table()[1:]
    assert [(row[0], row[-1]) for row in table] == [(r["teacher_id"], r["reason"]) for r in moved]
    assert [str(row[4]).split(" ")[0] for row in table] == [r["to_school"] for r in moved]


def test_posts_and_schools_are_those_of_the_tables(tiny: Folder, book: dict[str, Read]) -> None:
    """Numbers are numbers, and as many rows as the CSV files have."""
    posts = book["Posts"].table()[1:]
    assert [[row[5], row[6], row[7]] for row in posts] == [
        [float(r[name]) for name in ("posts", "filled_after", "unfilled")]
        for r in tiny.posts
        if any(int(r[name]) for name in ("posts", "posts_before", "filled_before", "filled_after"))
    ]
    assert len(book["Empty posts"].table()) - 1 == sum(r["unfilled"] != "0" for r in tiny.posts)
    schools = book["Schools"].table()[1:]
    assert [row[3] for row in schools] == [float(r["pupils"]) for r in tiny.sections]


def test_coefficients_are_formulas_over_the_amounts(tiny: Folder, book: dict[str, Read]) -> None:
    """Each range holds the sections that count and no other; reckoned by hand it gives the value of balance.csv."""
    cvs = {(r["stage"], r["indicator"]): r for r in tiny.balance if r["measure"] == "cv"}
    sheet, names = book["Balance"], tiny.answer.scenario.standard
    listed = [r for r in cvs.values() if r["indicator"] in names.indicators]
    table = sheet.table()[1:]
    assert len(table) == len(listed)
    checked = 0
    for at, (row, told) in enumerate(zip(table, listed, strict=True), start=2):
        for column, when in (("D", "before"), ("E", "after")):
            cell = f"{column}{at}"
            if not told[when]:
                assert isinstance(row["ABCDEF".index(column)], str)
                assert cell not in sheet.formulas or "COUNT(" in sheet.formulas[cell]
                continue
            pupils, amounts = _ranges(book, sheet.formulas[cell])
            mean = sum(amounts) / sum(pupils)
            squares = sum(p * (a / p - mean) ** 2 for p, a in zip(pupils, amounts, strict=True)) / sum(pupils)
            assert sqrt(squares) / mean == pytest.approx(float(told[when]), abs=1e-9)
            assert sheet.values[cell] == pytest.approx(float(told[when]), abs=1e-9)
            counts = [
                r for r in tiny.sections if r["stage"] == told["stage"] and r[f"counts_{when}"] == "yes"
            ]
            assert len(pupils) == len(counts)
            checked += 1
        if told["threshold"] and told["after"]:
            assert row[5] == ("within" if told["pass_after"] == "yes" else "above")
    assert checked > 3


def _ranges(book: dict[str, Read], formula: str) -> tuple[list[float], list[float]]:
    """Numbers of the two ranges that a formula names."""
    found = dict.fromkeys(re.findall(r"'([^']+)'!\$([A-Z]+)\$(\d+):\$([A-Z]+)\$(\d+)", formula))
    assert len(found) == 2
    found = dict.fromkeys(sorted(found, key=lambda one: one[1] != "C"))  # the pupils stand in C
    pupils, amounts = (
        [float(book[sheet].values[f"{column}{r}"]) for r in range(int(first), int(last) + 1)]
        for sheet, column, first, same, last in found
        if column == same
    )
    return pupils, amounts


def test_text_is_text_whatever_it_begins_with(tmp_path: Path) -> None:
    """No name, code or reason becomes a formula, a link or a number."""
    folder = variant(tmp_path / "d")
    schools = folder / "schools.csv"
    evil = ['"=HYPERLINK(""https://x"",""y"")"', "+1", "-2+3", "@SUM(A1)", "<script>alert(1)</script>", "007"]
    lines = schools.read_text(encoding="utf-8").splitlines()
    place = lines[0].split(",").index("name")
    for i, name in enumerate(evil[: len(lines) - 1], start=1):
        cells = lines[i].split(",")
        cells[place] = name
        lines[i] = ",".join(cells)
    schools.write_text("\n".join(lines) + "\n", encoding="utf-8")
    answer = app.solve(folder, {"language": "en"})
    found = read_book(workbook(answer, story(answer)))
    assert not [name for name, sheet in found.items() if sheet.formulas and name != "Balance"]
    assert any("=HYPERLINK" in str(value) for value in found["Schools"].values.values())
    with zipfile.ZipFile(BytesIO(workbook(answer, story(answer)))) as book:
        assert not [name for name in book.namelist() if "rels" in name and b"https://x" in book.read(name)]


def _solved(folder: Path, settings: dict[str, object]) -> Answer:
    return app.solve(variant(folder, settings), {"language": "en"})


def test_the_composite_is_the_mean_of_its_cells(tmp_path: Path) -> None:
    """Under the standard of 2012 the mean of the eight has the limit, and the verdict follows it."""
    answer = _solved(tmp_path / "d", {"standard": "cn-2012"})
    sheet = read_book(workbook(answer, story(answer)))["Balance"]
    rows_ = {(row[0], row[1]): (at, row) for at, row in enumerate(sheet.table()[1:], start=2)}
    told = {(r.stage, r.indicator): r for r in answer.card.balance if r.measure == "cv"}
    for stage in answer.problem.stages:
        row = told[stage, "composite"]
        at, shown = rows_[str(answer.problem.standard.stages[stage].name), "Composite CV"]
        assert shown[2] == row.threshold
        listed = re.findall(r"D\d+", sheet.formulas[f"D{at}"].rsplit("AVERAGE", 1)[1])
        assert len(listed) == sum(one.official for one in answer.problem.standard.indicators.values())
        if row.before.value is None:
            assert isinstance(sheet.values[f"D{at}"], str)
        else:
            mean = sum(float(sheet.values[cell]) for cell in listed) / len(listed)
            assert sheet.values[f"D{at}"] == pytest.approx(mean) == pytest.approx(row.before.value)


def test_a_missing_amount_is_no_nought(tmp_path: Path) -> None:
    """Its cell is empty, the formula says that it is not known, and would reckon as soon as it stands there."""
    folder = variant(tmp_path / "d", {}, {"sections": {"A1": {"floor_area_m2": ""}}})
    answer = app.solve(folder, {"language": "en"})
    found = read_book(workbook(answer, story(answer)))
    heads = found["Amounts today"].table()[0]
    column = _letter(next(i for i, head in enumerate(heads) if str(head).startswith("Teaching rooms")))
    assert f"{column}2" not in found["Amounts today"].values
    sheet = found["Balance"]
    at = next(i for i, row in enumerate(sheet.table()[1:], start=2) if row[1] == "Teaching rooms per pupil")
    assert sheet.formulas[f"D{at}"].startswith("IFERROR(IF(COUNT(")
    assert isinstance(sheet.values[f"D{at}"], str)


def test_ampersands_and_long_titles_are_printed_as_they_are(tmp_path: Path) -> None:
    """No code of a head or foot is made of them, and what is cut is seen to be."""
    for title in ("&" * 150, "R&D &P of A & B", "x" * 200):
        answer = _solved(tmp_path / str(len(title)), {"title": title, "notice": "a" + "&" * 200})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            content = workbook(answer, story(answer))
        with zipfile.ZipFile(BytesIO(content)) as book:
            sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        foot = sheet.find(f"{_NS}headerFooter/{_NS}oddFooter")
        assert foot is not None
        left, right = str(foot.text).split("&R", 1) if "&&R" not in str(foot.text) else ("", "")
        assert right == "&P / &N"
        assert re.fullmatch(r"(&&|[^&])*", left.removeprefix("&L"))


def test_names_stand_there_only_where_they_are_asked_for(tiny: Folder) -> None:
    """Codes alone, unless somebody wants names."""
    moved = {r["teacher_id"] for r in tiny.plan if r["round"] != "stay"}
    names = {tiny.teachers[who]["name"] for who in moved} - {""}
    assert names
    for asked in (False, True):
        content = workbook(tiny.answer, tiny.story, names=asked)
        shown = {value for sheet in read_book(content).values() for value in sheet.values.values()}
        assert bool(names & shown) is asked
        assert names <= shown or not asked


def test_the_same_answer_gives_the_same_bytes(tiny: Folder) -> None:
    """Nothing of the clock is in it but when the work began."""
    assert workbook(tiny.answer, tiny.story) == workbook(tiny.answer, tiny.story)


def test_it_stands_in_the_result_folder_in_chinese(tiny: Folder, tmp_path: Path) -> None:
    """Sheets and heads in the language of the scenario, and no longer names than a sheet may have."""
    config = tiny.answer.scenario.config.model_copy(update={"language": "zh"})
    answer = replace(tiny.answer, scenario=replace(tiny.answer.scenario, config=config))
    found = read_book(workbook(answer, story(answer)))
    assert list(found)[:3] == ["说明", "调动", "均衡"]
    assert all(len(name) <= 31 for name in found)
    assert "九月差异系数" in found["均衡"].values.values()


def test_the_frontier_has_its_sheet_where_it_was_asked_for(tiny: Folder) -> None:
    """As many points as frontier.csv has, with their moves and what is proved of each."""
    answer = app.answer(tiny.answer.scenario, compared=False, points=3)
    assert answer.frontier is not None
    found = read_book(workbook(answer, story(answer)))["The frontier"].table()[1:]
    points = answer.frontier.frontier.points
    assert [row[:2] for row in found] == [[point.budget, point.moves] for point in points]
    assert [row[2:4] for row in found] == [
        pytest.approx([point.evenness, point.bound], abs=1e-9) for point in points
    ]
    assert len(found) > 1


def test_a_district_without_a_roster_to_move(tmp_path: Path) -> None:
    """Sheets without rows are left out."""
    made = District(title="One", school_year=2020, seed=1, language="en")
    made.school("A", pupils={"primary": [20] * 6}).teacher("A", "primary")
    answer = app.solve(made.write(tmp_path / "d"))
    found = read_book(workbook(answer, story(answer)))
    assert "Pupils who change school" not in found
    assert "Balance" in found


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_reckons_the_same(tiny: Folder, tmp_path: Path) -> None:
    """With the stored values taken out, LibreOffice gives those of balance.csv."""
    content = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(workbook(tiny.answer, tiny.story))) as old,
        zipfile.ZipFile(content, "w") as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name.startswith("xl/worksheets/"):
                data = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1", data)
            new.writestr(name, data)
    (tmp_path / "book.xlsx").write_bytes(content.getvalue())
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
    asked = [
        "soffice",
        "--headless",
        f"-env:UserInstallation=file://{tmp_path}/user",
        "--convert-to",
        options,
    ]
    subprocess.run([*asked, "--outdir", tmp_path, tmp_path / "book.xlsx"], check=True, capture_output=True)
    with (tmp_path / "book-Balance.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))[1:]
    listed = [
        r
        for r in tiny.balance
        if r["measure"] == "cv" and r["indicator"] in tiny.answer.scenario.standard.indicators
    ]
    compared = 0
    for row, told in zip(table, listed, strict=False):
        for value, when in ((row[3], "before"), (row[4], "after")):
            if told[when]:
                assert float(value) == pytest.approx(float(told[when]), abs=1e-9)
                compared += 1
    assert compared > 3
