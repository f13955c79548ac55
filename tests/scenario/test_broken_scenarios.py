"""Broken scenarios: each gives its issues, with file, row, column and way out, and no other exception."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from allocator.errors import InputsAreWrong
from allocator.scenario.check import read
from allocator.scenario.read import read_tables
from builders import District, issues_of, overlay, small, where

Place = tuple[str, int | None, str | None]
ID_CARD = "11010519491231002X"

ERRORS: dict[str, tuple[Callable[[District], District], list[Place]]] = {
    # the table as a whole
    "missing column": (lambda d: d.without("schools", "zone"), [("schools.csv", 1, "zone")]),
    "missing key column": (
        lambda d: d.without("teachers", "teacher_id"),
        [("teachers.csv", 1, "teacher_id")],
    ),
    "missing file": (lambda d: d.drop("sections"), [("sections.csv", None, None)]),
    "empty file": (lambda d: d.file("teachers.csv", b""), [("teachers.csv", None, None)]),
    "only blank lines": (lambda d: d.file("teachers.csv", "\n\n , \n"), [("teachers.csv", None, None)]),
    "no rows": (lambda d: d.file("teachers.csv", _header(d, "teachers")), [("teachers.csv", None, None)]),
    "only a mark": (lambda d: d.file("sections.csv", b"\xef\xbb\xbf"), [("sections.csv", None, None)]),
    "Latin 1": (
        lambda d: d.change("schools", "N1", name="Décor École").file(
            "schools.csv", d.text("schools").encode("latin-1")
        ),
        [("schools.csv", 3, None)],
    ),
    "UTF-16": (
        lambda d: d.file("schools.csv", d.text("schools").encode("utf-16")),
        [("schools.csv", 1, None)],
    ),
    "NUL bytes": (
        lambda d: d.file("sections.csv", d.text("sections").replace("N2", "N\0", 1)),
        [("sections.csv", 5, None)],
    ),
    "unclosed quote": (
        lambda d: d.file("schools.csv", d.text("schools").replace("School N1", '"School N1')),
        [("schools.csv", 3, None)],
    ),
    "text after a quote": (
        lambda d: d.file("schools.csv", d.text("schools").replace("School N1", '"School" N1')),
        [("schools.csv", 3, None)],
    ),
    "semicolons": (
        lambda d: d.file("schools.csv", d.text("schools").replace(",", ";")),
        [("schools.csv", 1, None)],
    ),
    "ragged rows": (
        lambda d: d.file(
            "schools.csv", d.text("schools").replace("School N1", "School, N1").replace("P2,", "")
        ),
        [("schools.csv", 3, None), ("schools.csv", 5, None)],
    ),
    "column twice": (
        lambda d: d.file("schools.csv", d.text("schools").replace("lon", "lat", 1)),
        [("schools.csv", 1, "lat"), ("schools.csv", 1, "lon")],
    ),
    # cells
    "bad date": (lambda d: d.change("teachers", "T03", birth="2009/13"), [("teachers.csv", 4, "birth")]),
    "negative pupils": (lambda d: d.change("sections", "P1", g2=-20), [("sections.csv", 2, "g2")]),
    "pupils with a unit": (lambda d: d.change("sections", "P1", g2="20人"), [("sections.csv", 2, "g2")]),
    "too many pupils": (lambda d: d.change("sections", "P1", g2=20200), [("sections.csv", 2, "g2")]),
    "class limit 0": (
        lambda d: d.change("sections", "P1", class_limit=0),
        [("sections.csv", 2, "class_limit")],
    ),
    "unknown choice": (lambda d: d.change("schools", "P1", setting="city"), [("schools.csv", 2, "setting")]),
    "unknown stage": (lambda d: d.change("teachers", "T01", stage="senior"), [("teachers.csv", 2, "stage")]),
    "unknown subject": (
        lambda d: d.change("teachers", "T01", subject="latin"),
        [("teachers.csv", 2, "subject")],
    ),
    "latitude of 134": (lambda d: d.change("schools", "P1", lat=134), [("schools.csv", 2, "lat")]),
    "degrees and minutes": (lambda d: d.change("schools", "P1", lat="34°01'"), [("schools.csv", 2, "lat")]),
    "fte of 2": (lambda d: d.change("teachers", "T01", fte=2), [("teachers.csv", 2, "fte")]),
    "empty required cell": (lambda d: d.change("schools", "P1", zone=" "), [("schools.csv", 2, "zone")]),
    "id with a space": (
        lambda d: d.change("teachers", "T01", teacher_id="T 01"),
        [("teachers.csv", 2, "teacher_id")],
    ),
    "invisible character": (
        lambda d: d.change("teachers", "T01", teacher_id="T\u200b01"),
        [("teachers.csv", 2, "teacher_id")],
    ),
    "shares above 1": (
        lambda d: d.row(
            "posts", school_id="P1", stage="primary", subject="music", posts=1, shared_with="P2:0.6;N1:0.6"
        ),
        [("posts.csv", 2, "shared_with")],
    ),
    "shared with itself": (
        lambda d: d.row(
            "posts", school_id="P1", stage="primary", subject="music", posts=1, shared_with="P1:0.6"
        ),
        [("posts.csv", 2, "shared_with")],
    ),
    # across rows and tables
    "duplicate id": (
        lambda d: d.change("teachers", "T03", teacher_id="T02"),
        [("teachers.csv", 4, "teacher_id")],
    ),
    "duplicate section": (lambda d: d.section("P1", "primary"), [("sections.csv", 8, "stage")]),
    "ID-card number": (
        lambda d: d.change("teachers", "T03", teacher_id=ID_CARD),
        [("teachers.csv", 4, "teacher_id")],
    ),
    "ID-card number twice": (
        lambda d: d.change("teachers", "T03", teacher_id=ID_CARD).change(
            "teachers", "T04", teacher_id=ID_CARD
        ),
        [("teachers.csv", 4, "teacher_id"), ("teachers.csv", 5, "teacher_id")],
    ),
    "old ID-card number": (
        lambda d: d.change("teachers", "T03", teacher_id="340602800712321"),
        [("teachers.csv", 4, "teacher_id")],
    ),
    "unknown school": (
        lambda d: d.change("teachers", "T01", school_id="P9"),
        [("teachers.csv", 2, "school_id")],
    ),
    "unknown wish": (lambda d: d.change("teachers", "T01", wishes="P2;P9"), [("teachers.csv", 2, "wishes")]),
    "unknown pin": (lambda d: d.change("teachers", "T01", pin="home"), [("teachers.csv", 2, "pin")]),
    "'stay' as a school": (
        lambda d: d.change("teachers", "T01", wishes="stay"),
        [("teachers.csv", 2, "wishes")],
    ),
    "school called 'nearest'": (
        lambda d: d.school("nearest", pupils={"primary": (9,)}).teacher("nearest", "primary"),
        [("schools.csv", 6, "school_id")],
    ),
    "unknown school of a way": (
        lambda d: d.row("travel", from_id="P1", to_id="P9", km=3),
        [("travel.csv", 2, "to_id")],
    ),
    "way without length": (
        lambda d: d.row("travel", from_id="P1", to_id="P2", km="", minutes=""),
        [("travel.csv", 2, "km")],
    ),
    "grade outside the stage": (lambda d: d.change("sections", "P1", g7=12), [("sections.csv", 2, "g7")]),
    "stage the kind lacks": (lambda d: d.section("P1", "junior", (9, 9, 9)), [("sections.csv", 8, "stage")]),
    "school without a section": (lambda d: d.school("P3"), [("schools.csv", 6, "school_id")]),
    "no pupils at all": (
        lambda d: d.change("sections", **dict.fromkeys(f"g{g}" for g in range(1, 10))),
        [("sections.csv", None, None)],
    ),
    "headcounts crossed": (
        lambda d: d.change("sections", "P1", headcount_min=9, headcount_max=8),
        [("sections.csv", 2, "headcount_max")],
    ),
    "posts of no section": (
        lambda d: d.row("posts", school_id="P1", stage="junior", subject="music", posts=1),
        [("posts.csv", 2, "stage")],
    ),
    "forecast of no section": (
        lambda d: d.row("enrolment", school_id="P1", stage="junior", g7=9),
        [("enrolment.csv", 2, "stage")],
    ),
    "teacher at a stage the school lacks": (
        lambda d: d.change("teachers", "T01", stage="junior", certificate="junior"),
        [("teachers.csv", 2, "stage")],
    ),
    "teacher without a school": (
        lambda d: d.change("teachers", "T01", school_id=""),
        [("teachers.csv", 2, "school_id")],
    ),
    "recruit with a school": (
        lambda d: d.change("teachers", "T01", recruit="yes"),
        [("teachers.csv", 2, "school_id")],
    ),
    "recruit pinned to stay": (
        lambda d: d.teacher(pin="stay"),
        [("teachers.csv", 14, "pin")],
    ),
    "born after the plan": (
        lambda d: d.change("teachers", "T01", birth="2030-01", hired=""),
        [("teachers.csv", 2, "birth")],
    ),
    "teacher of a planned school": (
        lambda d: d.change("schools", "P2", status="planned"),
        [("teachers.csv", 12, "school_id"), ("teachers.csv", 13, "school_id")],
    ),
    # settings
    "unknown key": (lambda d: d.set(sed=1), [("scenario.toml", None, "sed")]),
    "unknown key below": (lambda d: d.set(budget={"move": 1}), [("scenario.toml", None, "budget.move")]),
    "invalid TOML": (lambda d: d.file("scenario.toml", "title = \n"), [("scenario.toml", 1, None)]),
    "TOML in GBK": (
        lambda d: d.file("scenario.toml", 'seed = 1\ntitle = "杜集"\n'.encode("gbk")),
        [("scenario.toml", 2, None)],
    ),
    "tables in tables": (
        lambda d: d.file("scenario.toml", "x = " + "[" * 5000),
        [("scenario.toml", 1, None)],
    ),
    "digits without end": (
        lambda d: d.file("scenario.toml", "x = " + "1" * 5000),
        [("scenario.toml", 1, None)],
    ),
    "no scenario.toml": (lambda d: d.file("scenario.toml", None), [("scenario.toml", None, None)]),
    "no year": (lambda d: d.set(school_year=None), [("scenario.toml", None, "school_year")]),
    "year in quotes": (lambda d: d.set(school_year="2020"), [("scenario.toml", None, "school_year")]),
    "unknown standard": (lambda d: d.set(standard="cn-2071"), [("scenario.toml", None, "standard")]),
    "standard is a number": (lambda d: d.set(standard=2017), [("scenario.toml", None, "standard")]),
    "standard is a folder": (lambda d: d.set(standard="../.."), [("scenario.toml", None, "standard")]),
    "standard with NUL": (lambda d: d.set(standard="a\0.toml"), [("scenario.toml", None, "standard")]),
    "standard of a long name": (
        lambda d: d.set(standard="x" * 5000 + ".toml"),
        [("scenario.toml", None, "standard")],
    ),
    "missing base": (lambda d: d.set(base="../nowhere"), [("scenario.toml", None, "base")]),
    "base of itself": (lambda d: d.set(base="."), [("scenario.toml", None, "base")]),
    "base is a number": (lambda d: d.set(base=3), [("scenario.toml", None, "base")]),
    "base with NUL": (lambda d: d.set(base="\0"), [("scenario.toml", None, "base")]),
    "unknown rule": (
        lambda d: d.set(rules={"tenure.minimun": "hard"}),
        [("scenario.toml", None, "rules.tenure.minimun")],
    ),
    "unknown rule parameter": (
        lambda d: d.set(rules={"tenure.minimum": {"level": "hard", "year": 3}}),
        [("scenario.toml", None, "rules.tenure.minimum")],
    ),
    "unknown rule level": (
        lambda d: d.set(rules={"tenure.minimum": "harder"}),
        [("scenario.toml", None, "rules.tenure.minimum.level")],
    ),
    "rule is a number": (
        lambda d: d.set(rules={"tenure.minimum": 3}),
        [("scenario.toml", None, "rules.tenure.minimum")],
    ),
    "rules in a list": (lambda d: d.set(rules=["tenure.minimum"]), [("scenario.toml", None, "rules")]),
    "moves as words": (lambda d: d.set(budget={"moves": "many"}), [("scenario.toml", None, "budget.moves")]),
    "moves below 0": (lambda d: d.set(budget={"moves": -1}), [("scenario.toml", None, "budget.moves")]),
    "moves above 100%": (
        lambda d: d.set(budget={"moves": "101%"}),
        [("scenario.toml", None, "budget.moves")],
    ),
    "moves true": (lambda d: d.set(budget={"moves": True}), [("scenario.toml", None, "budget.moves")]),
    "seconds without end": (
        lambda d: d.set(budget={"seconds": float("inf")}),
        [("scenario.toml", None, "budget.seconds")],
    ),
    "level twice": (
        lambda d: d.set(objective={"levels": ["moves", "moves"]}),
        [("scenario.toml", None, "objective.levels")],
    ),
    "unknown level": (
        lambda d: d.set(objective={"levels": ["coverage", "fairness"]}),
        [("scenario.toml", None, "objective.levels.1")],
    ),
    "negative weight": (
        lambda d: d.set(priorities={"subjects": {"music": -1}}),
        [("scenario.toml", None, "priorities.subjects")],
    ),
    "priority of no subject": (
        lambda d: d.set(priorities={"subjects": {"latin": 1}}),
        [("scenario.toml", None, "priorities.subjects")],
    ),
    "priority of no indicator": (
        lambda d: d.set(priorities={"indicators": {"teacher": 1}}),
        [("scenario.toml", None, "priorities.indicators")],
    ),
    "priority of rooms": (
        lambda d: d.set(priorities={"indicators": {"floor_area": 1}}),
        [("scenario.toml", None, "priorities.indicators")],
    ),
    "visitors that the standard does not count": (
        lambda d: d.set(standard="cn-2012", scoring={"visitors": True}),
        [("scenario.toml", None, "scoring.visitors")],
    ),
    "visit of the own school": (
        lambda d: d.change("teachers", "T01", visits="P1"),
        [("teachers.csv", 2, "visits")],
    ),
    "visit of no school": (
        lambda d: d.change("teachers", "T01", visits="P2;P9"),
        [("teachers.csv", 2, "visits")],
    ),
    "visit of a school without the stage": (
        lambda d: d.change("teachers", "T06", visits="P1"),
        [("teachers.csv", 7, "visits")],
    ),
    "visit of a recruit": (
        lambda d: d.teacher(visits="P1"),
        [("teachers.csv", 14, "visits")],
    ),
    "published below 0": (
        lambda d: d.set(published={"pupils": -430}),
        [("scenario.toml", None, "published.pupils")],
    ),
    "published in quotes": (
        lambda d: d.set(published={"pupils": "430"}),
        [("scenario.toml", None, "published.pupils")],
    ),
    "closure of no school": (
        lambda d: d.set(closures={"P9": {"to": "P1"}}),
        [("scenario.toml", None, "closures.P9")],
    ),
    "closure without a table": (
        lambda d: d.set(closures={"P2": "N2"}),
        [("scenario.toml", None, "closures.P2")],
    ),
    "closure to no school": (
        lambda d: d.set(closures={"P2": {"to": "p1x"}}),
        [("scenario.toml", None, "closures.P2")],
    ),
    "closure to itself": (
        lambda d: d.set(closures={"P2": {"to": "P2"}}),
        [("scenario.toml", None, "closures.P2")],
    ),
    "closure to a closing school": (
        lambda d: d.set(closures={"P2": {"to": "P1"}, "P1": {"to": "N1"}}),
        [("scenario.toml", None, "closures.P2")],
    ),
    "closure to a school without the stage": (
        lambda d: d.set(closures={"N2": {"to": "P1"}}),
        [("scenario.toml", None, "closures.N2")],
    ),
    "closure by advice": (
        lambda d: d.set(closures={"P2": {"to": "advise"}}),
        [("scenario.toml", None, "closures.P2")],
    ),
    "closure to the nearest of none": (
        lambda d: d.set(closures={"N1": {"to": "nearest"}, "N2": {"to": "nearest"}}),
        [("scenario.toml", None, "closures.N1"), ("scenario.toml", None, "closures.N2")],
    ),
    "juniors of a primary school": (
        lambda d: d.set(closures={"P2": {"to": "N2", "junior_to": "N1"}}),
        [("scenario.toml", None, "closures.P2.junior_to")],
    ),
    "closure of a school that may not close": (
        lambda d: d.change("schools", "P2", closable="no").set(closures={"P2": {"to": "N2"}}),
        [("scenario.toml", None, "closures.P2")],
    ),
    "opening of an open school": (
        lambda d: d.set(openings={"P1": True}),
        [("scenario.toml", None, "openings.P1")],
    ),
    "openings as a list": (lambda d: d.set(openings=["P1"]), [("scenario.toml", None, "openings")]),
    "pin to a closed school": (
        lambda d: d.set(closures={"P2": {"to": "N2"}}).change("teachers", "T01", pin="P2"),
        [("teachers.csv", 2, "pin")],
    ),
    "pin to stay at a closed school": (
        lambda d: d.set(closures={"P2": {"to": "N2"}}).change("teachers", "T11", pin="stay"),
        [("teachers.csv", 12, "pin")],
    ),
}


def _header(district: District, table: str) -> str:
    return district.text(table).partition("\n")[0] + "\n"


@pytest.mark.parametrize("name", ERRORS)
def test_a_broken_scenario_gives_its_issues_and_no_others(name, tmp_path):
    """What is broken is reported at its place, and nothing is reported that only follows from it."""
    change, expected = ERRORS[name]
    issues = issues_of(change(small()).write(tmp_path / "district"))
    assert sorted(where(issues, "error"), key=str) == sorted(expected, key=str)


WARNINGS: dict[str, tuple[Callable[[District], District], list[Place]]] = {
    "unknown column": (lambda d: d.change("schools", "P1", zonne="x"), [("schools.csv", 1, "zonne")]),
    "column without a name": (
        lambda d: d.file("schools.csv", d.text("schools").replace("\n", ",x\n").replace(",x", ",", 1)),
        [("schools.csv", 1, None)],
    ),
    "misnamed table": (lambda d: d.file("travels.csv", "from_id,to_id\n"), [("district", None, None)]),
    "spaces around": (
        lambda d: d.change("teachers", "T01", subject=" chinese"),
        [("teachers.csv", 2, "subject")],
    ),
    "section without pupils": (
        lambda d: d.change("sections", "P2", **_no_pupils()),
        [("sections.csv", 7, "stage")],
    ),
    "section without teachers": (
        lambda d: d.drop("teachers", "T11").drop("teachers", "T12"),
        [("sections.csv", 7, "school_id")],
    ),
    "subject of another stage": (
        lambda d: d.change("teachers", "T01", subject="physics"),
        [("teachers.csv", 2, "subject")],
    ),
    "certificate below the stage": (
        lambda d: d.change("teachers", "T06", certificate="primary"),
        [("teachers.csv", 7, "certificate")],
    ),
    "hired as a child": (
        lambda d: d.change("teachers", "T01", birth="1999-01"),
        [("teachers.csv", 2, "hired")],
    ),
    "joined before hired": (
        lambda d: d.change("teachers", "T01", joined_school="2001-01"),
        [("teachers.csv", 2, "joined_school")],
    ),
    "born last year": (
        lambda d: d.change("teachers", "T01", birth="2019-01", hired="", joined_school=""),
        [("teachers.csv", 2, "birth")],
    ),
    "beyond any age of retirement, of unknown sex": (
        lambda d: d.change("teachers", "T01", birth="1950-01").change("teachers", "T02", birth="1951-01"),
        [("teachers.csv", 2, "birth")],
    ),
    "a grade without its column": (
        lambda d: [d.change("sections", *key, g6="") for key in (("P1",), ("P2",), ("N1",), ("N2",))][-1],
        [("sections.csv", 2, "g6")],
    ),
    "nobody's title in a standard that asks for it": (
        lambda d: d.set(standard="cn-2012").without("teachers", "title"),
        [("teachers.csv", 2, "title")],
    ),
    "teaching point of no school": (
        lambda d: (
            d.change("schools", "P2", kind="teaching_point", parent_id="P2")
            .change("sections", "P2", **_no_pupils() | {"g1": 9})
            .set(scoring={"teaching_points": "merge"})
        ),
        [("schools.csv", 5, "parent_id")],
    ),
    "born in 1880": (lambda d: d.change("teachers", "T01", birth="1880-01"), [("teachers.csv", 2, "birth")]),
    "two principals": (
        lambda d: d.change("teachers", "T01", role="principal").change("teachers", "T02", role="principal"),
        [("teachers.csv", 3, "role")],
    ),
    "one person twice": (
        lambda d: (
            d.change("teachers", "T01", name="A", birth="1980-01", sex="f")
            .change("teachers", "T02", name="A", birth="1980-01", sex="f")
            .change("teachers", "T03", name="A", birth="1981-01", sex="f")
        ),
        [("teachers.csv", 3, "teacher_id")],
    ),
    "two schools of one name": (
        lambda d: d.change("schools", "P2", name="School P1"),
        [("schools.csv", 5, "name")],
    ),
    "two schools at one place": (
        lambda d: d.change("schools", "P2", lat="34.00", lon="116.80"),
        [("schools.csv", 5, "lat")],
    ),
    "a quota of another school": (
        lambda d: d.change("sections", "P1", quota=40),
        [("sections.csv", 2, "quota")],
    ),
    "more posts than quota": (
        lambda d: d.change("sections", "P1", quota=3).row(
            "posts", school_id="P1", stage="primary", subject="music", posts=4
        ),
        [("sections.csv", 2, "quota")],
    ),
    "equipment in 10,000 yuan": (
        lambda d: d.change("sections", "P1", equipment_yuan="24"),
        [("sections.csv", 2, "equipment_yuan")],
    ),
    "equipment of one school in 10,000 yuan": (
        lambda d: (
            d.change("sections", "P1", equipment_yuan="24")
            .change("sections", "P2", equipment_yuan="240000")
            .change("sections", "N1", "primary", equipment_yuan="240000")
        ),
        [("sections.csv", 2, "equipment_yuan")],
    ),
    "couple of one": (
        lambda d: d.change("teachers", "T01", couple_id="C1"),
        [("teachers.csv", 2, "couple_id")],
    ),
    "far away": (lambda d: d.change("schools", "P1", lat="16.80", lon="34.00"), [("schools.csv", 2, "lat")]),
    "closure against objections": (
        lambda d: d.change("schools", "P2", objection="yes").set(closures={"P2": {"to": "N2"}}),
        [("scenario.toml", None, "closures.P2")],
    ),
    "published total of another sum": (
        lambda d: d.set(published={"pupils": 431}),
        [("scenario.toml", None, "published.pupils")],
    ),
    "published total that nobody counts": (
        lambda d: d.set(published={"pupil": 430}),
        [("scenario.toml", None, "published.pupil")],
    ),
}


def _no_pupils() -> dict[str, object]:
    return dict.fromkeys((f"g{g}" for g in range(1, 10)), 0)


@pytest.mark.parametrize("name", WARNINGS)
def test_what_can_be_accepted_is_a_warning_of_the_scenario(name, tmp_path):
    """What does not stop the work is carried in the scenario's warnings, once."""
    change, expected = WARNINGS[name]
    folder = change(small()).write(tmp_path / "district")
    issues = issues_of(folder)
    assert where(issues, "error") == []
    assert where(read(folder).warnings) == expected


def test_small_reads_without_any_issue(tmp_path, district, closing, planning):
    """The districts that the other tests break are sound."""
    for number, sound in enumerate((district, closing, planning)):
        assert issues_of(sound.write(tmp_path / str(number))) == []


def test_issues_of_every_file_come_at_once(tmp_path):
    """Issues of cells, of rows across tables and of settings, in several files, are one list."""
    district = (
        small(budget={"moves": -1}, closures={"P9": {"to": "P1"}}, rules={"no.rule": "hard"})
        .change("schools", "P1", lat="north")
        .change("sections", "N1", "junior", g8="many")
        .change("sections", "P1", g9=3)
        .change("teachers", "T01", birth="2009/18", wishes="P9")
        .change("teachers", "T02", teacher_id="T03")
        .change("teachers", "T04", school_id="P9")
    )
    expected = {
        ("scenario.toml", None, "budget.moves"),
        ("scenario.toml", None, "closures.P9"),
        ("scenario.toml", None, "rules.no.rule"),
        ("schools.csv", 2, "lat"),
        ("sections.csv", 4, "g8"),
        ("sections.csv", 2, "g9"),
        ("teachers.csv", 2, "birth"),
        ("teachers.csv", 2, "wishes"),
        ("teachers.csv", 4, "teacher_id"),
        ("teachers.csv", 5, "school_id"),
    }
    assert set(where(issues_of(district.write(tmp_path / "district")), "error")) == expected


def test_an_unreadable_scenario_toml_does_not_hide_the_tables(tmp_path):
    """Cells are still read where the settings cannot be, and nothing is missed that a base might hold."""
    district = small().file("scenario.toml", "title = ").change("teachers", "T01", birth="x").drop("sections")
    issues = issues_of(district.write(tmp_path / "district"))
    assert where(issues) == [("scenario.toml", 1, None), ("teachers.csv", 2, "birth")]


def test_an_unknown_standard_does_not_refuse_its_stages(tmp_path):
    """Where the standard is not known, no stage or subject is called wrong; other cells still are."""
    district = small(standard="cn-2071").change("teachers", "T01", subject="latin", birth="x")
    issues = issues_of(district.write(tmp_path / "district"))
    assert where(issues) == [("scenario.toml", None, "standard"), ("teachers.csv", 2, "birth")]


@pytest.mark.parametrize("table", ["schools", "sections", "teachers"])
def test_an_unreadable_table_gives_no_follow_up(table, tmp_path):
    """What refers to a table that could not be read is not called unknown."""
    district = small(closures={"P2": {"to": "N2"}}, published={"pupils": 1}).file(f"{table}.csv", b"\xff")
    assert where(issues_of(district.write(tmp_path / "district"))) == [(f"{table}.csv", 1, None)]


@pytest.mark.parametrize(
    ("table", "key", "column"),
    [
        ("schools", ("P2",), "school_id"),
        ("schools", ("P2",), "kind"),
        ("schools", ("P2",), "status"),
        ("schools", ("P2",), "closable"),
        ("sections", ("P2",), "school_id"),
        ("sections", ("P2",), "stage"),
        ("sections", ("P2",), "g1"),
        ("teachers", ("T11",), "school_id"),
        ("teachers", ("T11",), "stage"),
        ("teachers", ("T11",), "subject"),
        ("teachers", ("T11",), "recruit"),
        ("teachers", ("T11",), "couple_id"),
        ("travel", ("P1",), "km"),
    ],
)
def test_a_refused_cell_gives_one_issue(table, key, column, tmp_path):
    """A cell that is refused is not known: no check calls it missing, unknown or contradictory as well."""
    district = small(closures={"P2": {"to": "N2"}}, published={"pupils": 430, "schools": 4, "staff": 12})
    district.row("travel", from_id="P1", to_id="P2", km=1)
    district.change("teachers", "T11", couple_id="C1").change("teachers", "T12", couple_id="C1")
    district.change(table, *key, **{column: "? ?"})
    assert [place[2] for place in where(issues_of(district.write(tmp_path / "district")))] == [column]


def test_id_card_numbers_are_never_repeated(tmp_path):
    """No issue shows an ID-card number, wherever it stands."""
    for number, (column, value) in enumerate(
        [
            ("teacher_id", ID_CARD),
            ("name", ID_CARD),
            ("pin", ID_CARD),
            ("birth", ID_CARD),
            ("wishes", ID_CARD),
        ]
    ):
        district = (
            small().change("teachers", "T01", **{column: value}).change("teachers", "T02", **{column: value})
        )
        issues = issues_of(district.write(tmp_path / str(number)))
        assert issues
        assert not any(ID_CARD[:10] in issue.say(language) for issue in issues for language in ("zh", "en"))


def test_a_folder_that_is_none_is_an_issue(tmp_path):
    """A folder that does not exist, or is a file, is named."""
    (tmp_path / "file").write_text("")
    for name in ("nowhere", "file"):
        with pytest.raises(InputsAreWrong) as raised:
            read(tmp_path / name)
        assert [issue.file for issue in raised.value.issues] == [name]


@pytest.mark.parametrize("name", ["schools.csv", "travel.csv", "scenario.toml"])
def test_a_folder_in_place_of_a_file_is_an_issue(name, tmp_path):
    """A folder, or a link that leads nowhere, is not taken for a missing table."""
    folder = small().file(name, None).write(tmp_path / "folder")
    (folder / name).mkdir()
    assert where(issues_of(folder)) == [(name, None, None)]
    linked = small().file(name, None).write(tmp_path / "link")
    (linked / name).symlink_to(tmp_path / "nowhere")
    assert where(issues_of(linked)) == [(name, None, None)]


@pytest.mark.parametrize("name", ["schools.csv", "scenario.toml"])
def test_a_file_that_may_not_be_read_is_an_issue(name, tmp_path, monkeypatch):
    """Missing permission is told, whoever runs the test."""
    folder = small().write(tmp_path / "district")
    read_bytes = Path.read_bytes

    def refusing(path: Path) -> bytes:
        if path.name == name:
            raise PermissionError(13, os.strerror(13), str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refusing)
    assert where(issues_of(folder)) == [(name, None, None)]


def test_a_file_above_the_limit_is_an_issue(tmp_path):
    """A file of more than 500 MB is refused before it is read."""
    folder = small().write(tmp_path / "district")
    with (folder / "schools.csv").open("r+b") as file:
        file.truncate(500_000_001)
    assert where(issues_of(folder)) == [("schools.csv", None, None)]


def test_bases_that_lead_back_are_an_issue(tmp_path):
    """A base whose base is the scenario itself ends with an issue that names the base's file."""
    overlay("../a").write(tmp_path / "b")
    issues = issues_of(small(base="../b").write(tmp_path / "a"))
    assert [(issue.file, issue.column) for issue in issues] == [("b/scenario.toml", "base")]


def test_links_that_lead_back_are_an_issue(tmp_path):
    """A base that is a link to itself is an issue and no endless search."""
    folder = small(base="loop").write(tmp_path / "district")
    (folder / "loop").symlink_to(folder / "loop")
    assert where(issues_of(folder)) == [("scenario.toml", None, "base")]


def test_the_language_of_the_scenario_is_carried(tmp_path):
    """The exception knows the language that the scenario asks for, even where its settings are wrong."""
    for language in ("zh", "en"):
        folder = small(language=language, seed=-1).write(tmp_path / language)
        with pytest.raises(InputsAreWrong) as raised:
            read(folder)
        assert raised.value.language == language


def test_read_tables_leaves_the_checks_across_tables_out(tmp_path):
    """The first half of reading reports cells, and leaves unknown schools to the check."""
    folder = small().change("teachers", "T01", school_id="P9").write(tmp_path / "district")
    assert read_tables(folder).table("teachers")["school_id"].iloc[0] == "P9"


def test_a_long_value_is_cut_and_stays_on_its_line(tmp_path):
    """A cell of many lines and characters is shown short and on one line."""
    folder = small().change("teachers", "T01", birth="x\n" * 5000).write(tmp_path / "district")
    (issue,) = issues_of(folder)
    assert len(issue.say("en")) < 300
