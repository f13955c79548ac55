"""Read a plan of whatever hand: one row for every teacher, with every issue at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from allocator.errors import NOTHING, Issue, quoted
from allocator.scenario.config import refuse
from allocator.scenario.files import Notes, content, is_workbook, label
from allocator.scenario.read import Scenario
from allocator.scenario.rows import REFUSED, header_of, records, table_of, typed
from allocator.scenario.schema import SHEETS, columns_of
from allocator.scenario.telling import nearest
from allocator.scenario.workbooks import read_book
from allocator.words import LANGUAGES, Text, say, text

_PLACE = ("to_school", "to_stage", "to_subject")
Place = tuple[str, str, str]


@dataclass(frozen=True)
class PlanFile:
    """The places of a plan.

    Parameters
    ----------
    places
        School, stage and subject of every teacher of the roster, None for no place.
    warnings
        What can be accepted but must be told.
    files
        SHA-256 of the file, by name.
    """

    places: Mapping[str, Place | None]
    warnings: tuple[Issue, ...]
    files: Mapping[str, str]


def read_plan(
    path: Path,
    scenario: Scenario,
    known: Collection[Place],
    closing: set[str],
    *,
    whole: bool = True,
) -> PlanFile:
    """Read a plan for a scenario.

    Parameters
    ----------
    path
        A plan.csv, or the workbook of a result: its sheet of moves, in which schools, stages and subjects stand by name and
        whoever is not listed keeps the present place. Only the teacher and the new place are read.
    known
        The places that exist in September.
    closing
        Schools that are not open then; a place there is told and counts as no place.
    whole
        Whether every teacher needs a row; else those without one have no place, which is told.

    Raises
    ------
    InputsAreWrong
        With every issue of the file.
    """
    notes, file = Notes(), f"{label(path.parent)}/{path.name}"
    columns = columns_of("plan")
    of_moves = is_workbook(path)
    rows = _of_book(path, file, scenario, notes) if of_moves else records("plan", path, file, notes)
    places: dict[str, Place | None] = {}
    if rows is not None:
        header = header_of(rows, columns, file, notes)
        missing = [c for c in columns.values() if c.required and c.name not in header]
        for column in missing:
            expected = text("a column '{name}' or '{alias}'", name=column.name, alias=column.alias)
            notes.add(file, 1, column.name, text("no such column"), expected, text("add the column"))
        if not missing:
            table = typed(rows, header, columns, scenario.standard, file, notes)
            places = dict(_places(table, file, scenario, known, closing, notes))
            if of_moves:
                _staying(places, table, scenario, known)
            _absent(places, table, file, scenario, notes, whole=whole)
    refuse(notes.issues, scenario.config.language)
    return PlanFile(places, tuple(notes.issues), notes.hashes)


_HEADS = {
    "teacher_id": text("Teacher"),
    "name": text("Name"),
    "from_school": text("From school"),
    "from_stage": text("From stage"),
    "from_subject": text("From subject"),
    "to_school": text("To school"),
    "to_stage": text("To stage"),
    "to_subject": text("To subject"),
    "round": text("Round"),
    "km": text("km"),
    "cross_zone": text("Other zone"),
    "cross_stage": text("Other stage"),
    "reason": text("Reason"),
}
"""What the sheet of moves calls the columns of a plan."""
_SHEET = text("Moves")


def _of_book(path: Path, file: str, scenario: Scenario, notes: Notes) -> list[list[str]] | None:
    """Return the sheet of moves of a workbook as the rows of a plan: codes of columns and of schools."""
    read = content(path, file, notes.issues, notes.hashes)
    book = None if read is None else read_book(read, file, notes)
    if book is None:
        return None
    names = {"plan", SHEETS["plan"], *(say(_SHEET, language) for language in LANGUAGES)}
    sheet = next((name for name in book.sheets if name in names), None)
    if sheet is None:
        expected = text("a sheet '{name}', as in report.xlsx", name=_SHEET)
        notes.add(file, None, None, NOTHING, expected, text("name the workbook of a result"))
        return None
    found = book.sheet(sheet)
    rows = [list(row) for row in found.rows]
    for top, left, bottom, right in found.merged:
        if left == 0 and right > 0:  # what is said below the table, across it
            rows[top : bottom + 1] = [[""] * len(row) for row in rows[top : bottom + 1]]
    table = table_of("plan", rows, file, notes)
    if table is None:
        return None
    heads = {say(words, language): name for name, words in _HEADS.items() for language in LANGUAGES}
    table[0] = [heads.get(cell.strip(), cell) for cell in table[0]]
    if "to_school" in table[0]:
        _coded(table, table[0].index("to_school"), scenario.table("schools"), file, notes)
    return table


def _coded(rows: list[list[str]], at: int, schools: pd.DataFrame, file: str, notes: Notes) -> None:
    """Put the code of a school where its name stands, alone or after the code; a name of several schools is told."""
    codes: dict[str, list[str]] = {}
    for code, name in zip(schools["school_id"], schools["name"], strict=True):
        for written in (f"{code} {name}", name):
            codes.setdefault(written, []).append(code)
    known = set(schools["school_id"])
    for number, row in enumerate(rows[1:], start=2):
        cell = row[at].strip() if len(row) > at else ""
        if cell not in known and cell in codes:
            if len(codes[cell]) > 1:
                expected, way = (
                    text("the name of one school"),
                    text("write its code: {codes}", codes=codes[cell]),
                )
                notes.add(file, number, "to_school", quoted(cell), expected, way)
            row[at] = codes[cell][0]


def _staying(
    places: dict[str, Place | None], table: pd.DataFrame, scenario: Scenario, known: Collection[Place]
) -> None:
    """Give whoever is not in a sheet of moves the present place, where it is one in September."""
    named = {who for who in table["teacher_id"] if isinstance(who, str)} | set(places)
    people = scenario.table("teachers")
    for who, *today in people[["teacher_id", "school_id", "stage", "subject"]].itertuples(index=False):
        place = (today[0], today[1], today[2])
        if who not in named and place in known:
            places[who] = place


def _places(
    table: pd.DataFrame,
    file: str,
    scenario: Scenario,
    known: Collection[Place],
    closing: set[str],
    notes: Notes,
) -> Iterator[tuple[str, Place | None]]:
    """Yield teacher and place of every row that can be used."""
    people = set(scenario.table("teachers")["teacher_id"])
    seen: dict[str, int] = {}
    for row in table.to_dict("records"):
        who, at = row["teacher_id"], int(row["_row"])
        place = tuple(row[c] for c in _PLACE)
        if who is REFUSED or any(part is REFUSED for part in place):
            continue

        def wrong(column: str, found: Text, expected: Text, way: Text, at: int = at) -> None:
            notes.add(file, at, column, found, expected, way)

        if who is None:
            wrong("teacher_id", text("an empty cell"), text("a value"), text("fill the cell"))
        elif who not in people:
            expected = text("a teacher of teachers.csv")
            wrong("teacher_id", quoted(who), expected, nearest(str(who), tuple(sorted(people))))
        elif who in seen:
            expected = text("each key once; it stands in row {row} already", row=seen[who])
            found = text("{value} a second time", value=quoted(who))
            wrong("teacher_id", found, expected, text("remove or renumber one of the rows"))
        else:
            seen[who] = at
            yield who, _place(place, known, closing, file, at, notes)


def _place(
    place: tuple[str | None, ...],
    known: Collection[Place],
    closing: set[str],
    file: str,
    at: int,
    notes: Notes,
) -> Place | None:
    """Return one place; None for no place, or where it is none, with an issue."""
    school, stage, subject = place
    if school is None and stage is None and subject is None:
        return None
    if school is None or stage is None or subject is None:
        column = _PLACE[place.index(None)]
        way = text("fill the cell, or empty all three for no place")
        notes.add(file, at, column, text("an empty cell"), text("school, stage and subject"), way)
        return None
    if school in closing:
        expected = text("a school that is open in September")
        way = text("name another school; the teacher counts as without a place")
        notes.warn(file, at, "to_school", quoted(school), expected, way)
        return None
    if (school, stage, subject) in known:
        return school, stage, subject
    schools = tuple(sorted({s for s, _, _ in known}))
    stages = sorted({g for s, g, _ in known if s == school})
    if school not in schools:
        way = nearest(school, schools)
        notes.add(file, at, "to_school", quoted(school), text("a school of schools.csv"), way)
    elif stage not in stages:
        expected = text("a stage that the school {school} has", school=school)
        notes.add(file, at, "to_stage", quoted(stage), expected, text("one of {choices}", choices=stages))
    else:
        subjects = sorted(b for s, g, b in known if (s, g) == (school, stage))
        expected = text("a subject of this section: {subjects}", subjects=subjects)
        notes.add(file, at, "to_subject", quoted(subject), expected, text("correct the value"))
    return None


def _absent(
    places: dict[str, Place | None],
    table: pd.DataFrame,
    file: str,
    scenario: Scenario,
    notes: Notes,
    *,
    whole: bool,
) -> None:
    """Report teachers of the roster who have no row at all; where the plan need not be whole they have no place."""
    named = {who for who in table["teacher_id"] if isinstance(who, str)} | set(places)
    for who in scenario.table("teachers")["teacher_id"]:
        if who not in named:
            found = text("no row for the teacher {who}", who=who)
            way = text("add the row; leave the new place empty if there is none")
            tell = notes.add if whole else notes.warn
            tell(file, None, "teacher_id", found, text("a row for every teacher of teachers.csv"), way)
            if not whole:
                places[who] = None
