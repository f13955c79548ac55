"""Reading: layers, headers, encodings, values, and the hashes of what was read."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from allocator.scenario.check import check, read
from allocator.scenario.read import Scenario, read_tables
from allocator.scenario.schema import KEYS, columns, columns_of
from builders import issues_of, overlay, small, where


def _cell(scenario: Scenario, table: str, key: str, column: str) -> object:
    rows = scenario.table(table).set_index(KEYS[table][0])
    return rows.loc[key, column]


def test_a_later_layer_replaces_filled_cells_by_key_and_column(tmp_path):
    """Only the filled cells of the named rows change; all else stays as it is."""
    small().change("teachers", "T01", wishes="P2", volunteer="yes").write(tmp_path / "base")
    top = overlay().row("teachers", teacher_id="T01", pin="N1", wishes="")
    top.row("teachers", teacher_id="T02", pin="", wishes="N2;P2")
    scenario = top.read(tmp_path / "top")
    assert _cell(scenario, "teachers", "T01", "pin") == "N1"
    assert _cell(scenario, "teachers", "T01", "wishes") == ("P2",)
    assert _cell(scenario, "teachers", "T01", "volunteer")
    assert _cell(scenario, "teachers", "T02", "pin") is None
    assert _cell(scenario, "teachers", "T02", "wishes") == ("N2", "P2")
    assert _cell(scenario, "teachers", "T03", "wishes") == ()
    assert list(scenario.table("teachers")["teacher_id"]) == [f"T{n:02d}" for n in range(1, 13)]


def test_a_row_with_a_new_key_is_added(tmp_path):
    """A new teacher of a later layer follows those of the base, with defaults where nothing is said."""
    small().write(tmp_path / "base")
    scenario = overlay().teacher("P1", "primary", "art", teacher_id="T99").read(tmp_path / "top")
    assert list(scenario.table("teachers")["teacher_id"])[-1] == "T99"
    assert _cell(scenario, "teachers", "T99", "fte") == 1.0


def test_a_new_row_needs_its_required_cells(tmp_path):
    """A row that is new in a later layer must have what a first layer's row must have."""
    small().write(tmp_path / "base")
    top = overlay().row(
        "teachers", teacher_id="T99", school_id="P1", stage="primary", subject="art", degree="bachelor"
    )
    assert where(issues_of(top.write(tmp_path / "top"))) == [("teachers.csv", 2, "certificate")]


def test_remove_takes_a_row_away(tmp_path):
    """A row with ``remove`` = yes is gone; one with no, or blank, stays."""
    small().write(tmp_path / "base")
    top = overlay().row("teachers", teacher_id="T01", remove="yes")
    top.row("teachers", teacher_id="T02", remove="no").row("teachers", teacher_id="T03", remove="")
    assert list(top.read(tmp_path / "top").table("teachers")["teacher_id"])[:2] == ["T02", "T03"]
    chinese = overlay().file("teachers.csv", "教师编号,删除\nT01,yes\n")
    assert list(chinese.read(tmp_path / "zh").table("teachers")["teacher_id"])[:2] == ["T02", "T03"]


def test_only_what_is_there_can_be_removed(tmp_path):
    """Removing a row that no base has is an issue: the code is probably wrong."""
    small().write(tmp_path / "base")
    top = overlay().row("teachers", teacher_id="T77", remove="yes")
    assert where(issues_of(top.write(tmp_path / "top"))) == [("teachers.csv", 2, "remove")]
    first = small().change("teachers", "T01", remove="yes")
    assert where(issues_of(first.write(tmp_path / "first")), "error") == [("teachers.csv", 2, "remove")]


def test_three_layers(tmp_path):
    """The latest layer wins, a removed row can come back, and settings merge key by key."""
    small(budget={"moves": 1, "seconds": 5}, rules={"tenure.minimum": "off"}).write(tmp_path / "base")
    middle = overlay(budget={"moves": 2}, title="Middle").row("teachers", teacher_id="T01", pin="N1")
    middle.row("teachers", teacher_id="T02", remove="yes").row("schools", school_id="P1", zone="south")
    middle.write(tmp_path / "middle")
    top = overlay("../middle", rules={"tenure.lock": "soft"}).row("teachers", teacher_id="T01", pin="P2")
    scenario = top.teacher("P1", "primary", "mathematics", teacher_id="T02").read(tmp_path / "top")
    assert _cell(scenario, "teachers", "T01", "pin") == "P2"
    assert list(scenario.table("teachers")["teacher_id"])[-1] == "T02"
    assert _cell(scenario, "schools", "P1", "zone") == "south"
    assert (scenario.config.title, scenario.config.budget.moves, scenario.config.budget.seconds) == (
        "Middle",
        2,
        5,
    )
    assert {name: rule.level for name, rule in scenario.config.rules.items()} == {
        "tenure.minimum": "off",
        "tenure.lock": "soft",
    }


def test_an_issue_names_the_layer_that_has_the_column(tmp_path):
    """An issue about a cell of the base names the base's row, one about a changed cell the later row."""
    small().change("teachers", "T05", subject="physics").write(tmp_path / "base")
    top = overlay().row("teachers", teacher_id="T05", joined_school="2001-01")
    warnings = top.read(tmp_path / "top").warnings
    assert {(w.file, w.row, w.column) for w in warnings} == {
        ("base/teachers.csv", 6, "subject"),
        ("top/teachers.csv", 2, "joined_school"),
    }


def test_a_wrong_layer_is_reported_with_its_own_name(tmp_path):
    """Cells and duplicates of every layer are reported, the base's as well as the scenario's."""
    small().change("teachers", "T01", birth="x").write(tmp_path / "base")
    top = (
        overlay().row("teachers", teacher_id="T02", pin="stay").row("teachers", teacher_id="T02", pin="stay")
    )
    issues = issues_of(top.row("teachers", teacher_id="T03", fte="9").write(tmp_path / "top"))
    assert {(i.file, i.row, i.column) for i in issues} == {
        ("base/teachers.csv", 2, "birth"),
        ("top/teachers.csv", 3, "teacher_id"),
        ("top/teachers.csv", 4, "fte"),
    }


def test_a_layer_without_its_keys_changes_nothing_and_is_reported(tmp_path):
    """Rows that cannot be matched give one issue, not one for each cell they lack."""
    small().write(tmp_path / "base")
    top = overlay().row("teachers", pin="stay")
    assert where(issues_of(top.write(tmp_path / "top"))) == [("teachers.csv", 1, "teacher_id")]


def test_folders_of_the_same_name_are_told_apart(tmp_path):
    """A base in a folder of the same name keeps its own entry in the manifest."""
    small().write(tmp_path / "base" / "district")
    scenario = overlay("../base/district").read(tmp_path / "district")
    assert {"district/scenario.toml", "../base/district/scenario.toml"} <= set(scenario.files)


def test_every_header_has_its_chinese_alias(tmp_path):
    """A folder with Chinese headers reads like one with the names of the contract."""
    district = small().row("travel", from_id="P1", to_id="P2", km=3, minutes=9)
    district.row("posts", school_id="P1", stage="primary", subject="music", posts=1, shared_with="P2:0.5")
    district.row("enrolment", school_id="P1", stage="primary", g1=30)
    plain = district.read(tmp_path / "district")
    chinese = read(district.write(tmp_path / "zh" / "district", aliases=True))
    assert "学校代码" in (tmp_path / "zh" / "district" / "schools.csv").read_text(encoding="utf-8")
    for table in KEYS:
        assert plain.table(table).equals(chinese.table(table))


def test_aliases_are_unambiguous():
    """No header of a table stands for two of its columns."""
    for table in KEYS:
        names = [name for c in columns_of(table).values() for name in {c.name, c.alias}]
        assert len(names) == len(set(names))
        assert all(c.alias for c in columns_of(table).values())


def test_every_default_of_the_attribute_table_is_a_value_of_its_kind(tmp_path):
    """Each column takes its default, and its limits are in order."""
    scenario = small().read(tmp_path / "district")
    assert {c.kind for c in columns()} >= {"id", "month", "flag", "shares"}
    assert all(c.least <= c.most for c in columns())
    assert _cell(scenario, "schools", "P1", "status") == "open"
    assert _cell(scenario, "teachers", "T01", "status") == "on_post"


@pytest.mark.parametrize(("newline", "bom"), [("\r\n", True), ("\r", False), ("\n", True)])
def test_line_ends_and_marks_do_not_matter(newline, bom, tmp_path):
    """CRLF, CR and a byte-order mark read like plain lines; so does a mark before scenario.toml."""
    plain = small().read(tmp_path / "plain" / "district")
    other = read(small().write(tmp_path / "other" / "district", newline=newline, bom=bom))
    for table in KEYS:
        assert plain.table(table).equals(other.table(table))


def test_blank_rows_and_columns_are_passed_over(tmp_path):
    """Blank trailing rows and columns, as Excel leaves them, are no rows; the others keep their numbers."""
    text = small().text("teachers")
    lines = text.splitlines()
    wide = "\n".join([lines[0] + ",,", "", ",,,", *(line + ",," for line in lines[1:]), ",,,,,,", "  ,", ""])
    scenario = small().file("teachers.csv", wide).read(tmp_path / "district")
    assert scenario.warnings == ()
    assert list(scenario.table("teachers")["_row"]) == list(range(4, 16))


def test_cells_of_several_lines_count_as_one_row(tmp_path):
    """A quoted line break does not shift the numbers of the rows below."""
    district = small().change("schools", "P1", name="School\nof\nFord").change("schools", "N1", setting="x")
    assert where(issues_of(district.write(tmp_path / "district"))) == [("schools.csv", 3, "setting")]


def test_codes_keep_their_zeros_and_letter_case(tmp_path):
    """A code is text: 007 stays 007, and p1 is not P1 but a slip that the issue explains."""
    district = small().change("teachers", "T01", teacher_id="007", school_id="p1")
    district.change("teachers", "T02", school_id="Ｐ１")
    issues = issues_of(district.write(tmp_path / "district"))
    assert where(issues) == [("teachers.csv", 2, "school_id"), ("teachers.csv", 3, "school_id")]
    assert all("perhaps 'P1' is meant" in issue.say("en") for issue in issues)
    district.change("teachers", "T02", school_id="P1").change("teachers", "007", school_id="P1")
    assert district.read(tmp_path / "district").table("teachers")["teacher_id"].iloc[0] == "007"


def test_a_district_across_the_antimeridian_is_not_far_apart(tmp_path):
    """Longitudes of 179.9 and -179.9 are neighbours."""
    district = small()
    for school, lon in zip(("P1", "N1", "N2", "P2"), ("179.9", "-179.9", "179.95", "-179.95"), strict=True):
        district.change("schools", school, lon=lon)
    assert issues_of(district.write(tmp_path / "district")) == []


def test_exactly_the_files_that_were_read_are_hashed(tmp_path):
    """Tables, the scenario.toml of every layer and the standards used; nothing that merely lies there."""
    small(standard="none").file("synthesis.toml", "seed = 1").file("notes.csv", "x").write(tmp_path / "base")
    scenario = overlay().row("teachers", teacher_id="T01", pin="stay").read(tmp_path / "top")
    uses = (
        "cn-2017",
        "cn-stages",
        "cn-closures",
        "cn-curriculum-2022",
        "cn-loads",
        "cn-staffing",
        "cn-suitability",
        "cn-retirement",
    )
    assert set(scenario.files) == {
        "base/scenario.toml",
        "top/scenario.toml",
        "base/schools.csv",
        "base/sections.csv",
        "base/teachers.csv",
        "top/teachers.csv",
        "standards/rules/house.toml",
        *(f"standards/{name}.toml" for name in uses),
    }
    content = (tmp_path / "base" / "schools.csv").read_bytes()
    assert scenario.files["base/schools.csv"] == hashlib.sha256(content).hexdigest()


def test_types_of_columns(tmp_path):
    """Numbers are floats, flags booleans, months count from year 0, lists are tuples, unknown codes None."""
    teachers = (
        small().change("teachers", "T01", wishes="P2; N2；N1").read(tmp_path / "district").table("teachers")
    )
    assert teachers["birth"].iloc[0] == 1980 * 12 + 4
    assert teachers["volunteer"].dtype == bool
    assert teachers["wishes"].iloc[0] == ("P2", "N2", "N1")
    assert teachers["pin"].iloc[0] is None
    assert np.isnan(teachers["points"].iloc[0])
    assert set(teachers["_refused"]) == {()}


def test_reading_the_folder_one_stands_in(tmp_path, monkeypatch):
    """The present folder is named by its real name."""
    folder = small().write(tmp_path / "district")
    monkeypatch.chdir(folder)
    scenario = read(type(folder)("."))
    assert scenario.name == "district"


def test_check_of_a_finished_scenario_repeats_no_issue_of_reading(tmp_path):
    """Checking what was read gives the warnings across tables alone."""
    folder = small().change("teachers", "T01", subject=" physics").write(tmp_path / "district")
    assert where(read_tables(folder).warnings) == [("teachers.csv", 2, "subject")]
    assert where(check(read_tables(folder))) == [("teachers.csv", 2, "subject")]
    assert len(read(folder).warnings) == 2
