"""Rows of understood sheets, brought together: schools, sections and people, each fact from the first who states it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from allocator.domain import Standard
from allocator.errors import Issue, quoted
from allocator.scenario.cells import codes_of, names_of
from allocator.scenario.importers.grids import numbered
from allocator.scenario.importers.headers import Mapped
from allocator.scenario.importers.headers import names_of as headers_of
from allocator.scenario.importers.statistics import Figure
from allocator.scenario.importers.values import born, cell_of, guess_of, is_blank
from allocator.scenario.schema import Column, columns_of
from allocator.words import Text, both, text

_PERSON = (
    "sex", "birth", "stage", "subject", "second_subjects", "certificate", "certificate_subject", "degree", "title",
    "backbone", "joined_school", "hired", "role", "status", "lock_until", "rural_years", "volunteer", "couple_id",
    "home_lat", "home_lon",
)  # fmt: skip
_SCHOOL = ("kind", "zone", "township", "setting", "lat", "lon", "group", "management", "boarding")
_AMOUNTS = (
    "quota", "classrooms", "floor_area_m2", "sports_area_m2", "equipment_yuan", "multimedia_rooms", "computers", "books",
    "largest_class",
)  # fmt: skip
Say = Callable[[str], str]
"""What a row says of a field."""
_YES = {"是", "有", "yes", "1"}
_NUMERALS = {c: n for n, c in enumerate("一二三四五六七八九", start=1)}
_GRADE = re.compile(r"(初)?([一二三四五六七八九]|[1-9])(?:年级|年|级)?")
_PARTS = re.compile(r"[、，,;；/]+")
_FEW = 3  # values named of those that were not understood in a column
_TEN_THOUSAND = 10_000


@dataclass
class Gathered:
    """What has been brought together so far.

    Parameters
    ----------
    standard, mapping_values, codes
        Stages and subjects; further names of codes by column; codes of schools by name.
    schools, amounts, people
        Cells of each school and of its sections by code of the school, and of each person, in the order in which they
        came. A key of amounts names a stage before a colon where its table does.
    issues
        What could not be understood, and what was concluded.
    keys, named, gone
        People by their numbers, which are kept nowhere, and by their names; numbers of those who have left.
    """

    standard: Standard
    mapping_values: Mapping[str, Mapping[str, str]]
    codes: dict[str, str] = field(default_factory=dict)
    schools: dict[str, dict[str, str]] = field(default_factory=dict)
    amounts: dict[str, dict[str, str]] = field(default_factory=dict)
    people: list[dict[str, str]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    keys: dict[tuple[str, str], int] = field(default_factory=dict)
    named: dict[str, list[int]] = field(default_factory=dict)
    gone: set[tuple[str, str]] = field(default_factory=set)

    def warn(
        self, place: str, row: int | None, column: str | None, found: Text, expected: Text, way: Text
    ) -> None:
        """Note what the planner should look at."""
        self.issues.append(Issue(place, row, column, found, expected, way, "warning"))

    def state(self, cells: dict[str, str], key: str, value: str, place: str, row: int, header: str) -> None:
        """Keep what is said first, and tell where something else is said."""
        if cells.setdefault(key, value) != value:
            found = text("{value} beside {other}", value=quoted(value), other=quoted(cells[key]))
            self.warn(place, row, header, found, text("the same in all tables"), text("the first is kept"))

    def school(self, name: str, code: str) -> str:
        """Return the code of a school by its code or its name; one that is new gets the next number."""
        plain = plain_name(name)
        known = self.codes.get(plain) if plain else None
        if known is None:
            known = code if code and code.isprintable() and not set(code) & set(" ;:,") else ""
            number = len(self.codes) + 1
            while not known or (known in self.codes.values() and known != code):
                known = f"S{number:02d}"
                number += 1
            if plain:
                self.codes[plain] = known
        cells = self.schools.setdefault(known, {})
        if name.strip():
            cells.setdefault("name", name.strip())
        return known


def plain_name(name: str) -> str:
    """Return the name of a school without blanks, brackets and full-width letters."""
    return re.sub(r"[\s()（）·\-]", "", unicodedata.normalize("NFKC", name))


@dataclass
class _Unread:
    """Cells of one column that were not understood, or that a guess was made of."""

    header: str
    column: Column
    guessed: str = ""
    values: Counter[str] = field(default_factory=Counter)
    first: int = 0


def _cells(
    mapped: Mapped,
    table: str,
    wanted: tuple[str, ...],
    gathered: Gathered,
    number: int,
    row: list[str],
    unread: dict[str, _Unread],
) -> dict[str, str]:
    """Return what a row says of the columns of a table."""
    at, found = mapped.columns(), {}
    for name in wanted:
        if name not in at:
            continue
        given, column = row[at[name]], columns_of(table)[name]
        cell = cell_of(column, given, gathered.standard, dict(gathered.mapping_values.get(name, {})))
        if cell is None:
            cell = guess_of(column, given, gathered.standard)
            key = f"{name} {cell}" if cell else name
            one = unread.setdefault(key, _Unread(_header(mapped, name), column, cell or ""))
            one.first = one.first or number
            one.values[given.strip()] += 1
        if cell:
            found[name] = cell
    return found


def _header(mapped: Mapped, field_: str) -> str:
    return next(one.header for one in mapped.headings if one.field == field_)


def _tell_unread(unread: dict[str, _Unread], place: str, gathered: Gathered) -> None:
    """Say which values were not understood or guessed, and how they can be."""
    for one in unread.values():
        shown = [quoted(value) for value, _ in one.values.most_common(_FEW)]
        more = ["…"] if len(one.values) > _FEW else []
        found = text("{values} (rows: {n})", values=[*shown, *more], n=one.values.total())
        way = text(
            "the cells are left empty; write what they mean under [values.{column}] of the mapping file",
            column=one.column.name,
        )
        if one.guessed:
            way = text(
                "they are taken for {name}, a guess; write what they mean under [values.{column}] of the mapping file",
                name=_name_of(one.column, one.guessed, gathered.standard),
                column=one.column.name,
            )
        gathered.warn(place, one.first, one.header, found, _expected(one.column, gathered.standard), way)


def _name_of(column: Column, code: str, standard: Standard) -> Text:
    """Name a code in both languages."""
    return both(next((name for name, one in names_of(column, standard).items() if one == code), code), code)


def _expected(column: Column, standard: Standard) -> Text:
    codes = codes_of(column, standard)
    if codes is None:
        return both(column.meaning_zh, column.meaning)
    return text("one of {choices}", choices=[_name_of(column, code, standard) for code in codes])


def gather_people(mapped: Mapped, gathered: Gathered) -> tuple[int, int]:
    """Add the people of a sheet; returns how many rows were read, and how many of people who have left."""
    at, place = mapped.columns(), mapped.grid.place
    unread: dict[str, _Unread] = {}
    told: Counter[str] = Counter()
    first: dict[str, int] = {}
    read = gone = 0
    seen: set[int] = set()
    for number, row in numbered(mapped.grid, mapped.first):

        def say(name: str, row: list[str] = row) -> str:
            return row[at[name]].strip() if name in at else ""

        def note(what: str, number: int = number) -> None:
            told[what] += 1
            first.setdefault(what, number)

        if not (say("name") or say("id_card") or say("teacher_id")):
            note("nobody")
            continue
        read += 1
        if say("status") in _gone():
            gone += 1
            if any(key in gathered.keys for key in _numbers(say)):
                note("gone")
            gathered.gone.update(_numbers(say))
            continue
        if any(key in gathered.gone for key in _numbers(say)):
            note("gone")
        cells = _cells(mapped, "teachers", _PERSON, gathered, number, _single(row, at), unread)
        _more_subjects(say("subject"), cells, gathered)
        _by_yes(say, cells)
        if "stage" not in cells and (stage := _stage_of(say("grade"), gathered.standard)):
            cells["stage"] = stage
        told_by = born(say("id_card")) if say("id_card") else None
        if say("id_card") and told_by is None:
            note("no id")
        if told_by:
            if cells.get("birth", told_by[0]) != told_by[0] or cells.get("sex", told_by[1]) != told_by[1]:
                note("other birth")
            cells.setdefault("birth", told_by[0])
            cells.setdefault("sex", told_by[1])
        if say("school") or say("school_code"):
            cells["school_id"] = gathered.school(say("school"), say("school_code"))
        if say("name"):
            cells["name"] = say("name")
        who = _who(say, cells, gathered, seen)
        if who is None:
            note("namesakes")
            continue
        if who in seen:
            note("twice")
        seen.add(who)
        if any(gathered.people[who].get(k, v) != v for k, v in cells.items() if k != "name"):
            note("other")
        for key, value in cells.items():
            gathered.people[who].setdefault(key, value)
    _tell_unread(unread, place, gathered)
    for what, n in told.items():
        words, expected, way = _TOLD[what]
        gathered.warn(place, first[what], None, text("{what} (rows: {n})", what=words, n=n), expected, way)
    return read, gone


_TOLD: dict[str, tuple[Text, Text, Text]] = {
    "nobody": (
        text("rows without name or number of a person"),
        text("a person a row"),
        text("they are left out; check that nobody is among them"),
    ),
    "no id": (
        text("ID-card numbers that are none"),
        text("18 digits whose last agrees with the others, or 15"),
        text("correct them, or fill month of birth and sex"),
    ),
    "other birth": (
        text("a birth or sex that the ID-card number does not have"),
        text("the same in both"),
        text("the column is taken; look it up in the file of the person"),
    ),
    "gone": (
        text("people of whom another table says that they have left the service"),
        text("the same in all tables"),
        text("they are taken over; remove them from teachers.csv if they have left"),
    ),
    "namesakes": (
        text("people whom name and school do not tell apart from others"),
        text("a number of the bureau or of the ID card"),
        text("the rows are left out; add the number"),
    ),
    "twice": (
        text("people with several rows"),
        text("a row for each person"),
        text("the first that states something is taken; remove what is out of date"),
    ),
    "other": (
        text("people of whom another row says otherwise"),
        text("the same in all rows"),
        text("the first that states something is taken; correct the other"),
    ),
}


def _gone() -> set[str]:
    """States in which people no longer belong to the staff."""
    return {name for name, (field_, _) in headers_of("gone").items() if field_ == "status"}


def _single(row: list[str], at: Mapping[str, int]) -> list[str]:
    """Keep the first of several subjects in the cell of the main one."""
    if "subject" not in at or len(_PARTS.split(row[at["subject"]])) < 2:
        return row
    row = list(row)
    row[at["subject"]] = _PARTS.split(row[at["subject"]])[0]
    return row


def _more_subjects(cell: str, cells: dict[str, str], gathered: Gathered) -> None:
    """Add the other subjects of a cell with several to those that can be taken beside."""
    parts = _PARTS.split(cell)
    if len(parts) > 1 and "second_subjects" not in cells:
        found = cell_of(columns_of("teachers")["second_subjects"], ";".join(parts[1:]), gathered.standard, {})
        if found:
            cells["second_subjects"] = found


def _by_yes(say: Say, cells: dict[str, str]) -> None:
    """Read columns that ask with yes or no."""
    for name, column, value in (
        ("backbone_yes", "backbone", "county"),
        ("publicly_funded", "service", "publicly_funded"),
        ("special_post", "service", "special_post"),
    ):
        answer = say(name)
        if answer in _YES:
            cells.setdefault(column, value)
        elif answer and column == "backbone":
            cells.setdefault(column, "none")


def _stage_of(cell: str, standard: Standard) -> str:
    """Return the stage of a grade such as 三年级 or 初二."""
    found = _GRADE.search(unicodedata.normalize("NFKC", cell))
    if not found:
        return ""
    number = _NUMERALS.get(found[2]) or int(found[2])
    number += 6 if found[1] else 0
    return next((code for code, stage in standard.stages.items() if number in stage.grades), "")


def _numbers(say: Say) -> list[tuple[str, str]]:
    """Return the numbers that tell a person of a row."""
    return [(kind, say(kind)) for kind in ("id_card", "teacher_id") if not is_blank(say(kind))]


def _who(say: Say, cells: dict[str, str], gathered: Gathered, seen: set[int]) -> int | None:
    """Find the person of a row by ID-card number, by number of the bureau, or by name and school; else add one.

    Returns
    -------
    Where the person stands; None where several have the name and nothing tells them apart.
    """
    keys = _numbers(say)
    found = next((gathered.keys[key] for key in keys if key in gathered.keys), None)
    if found is None and not keys:
        alike = [i for i in gathered.named.get(say("name"), ()) if _at_one_school(gathered.people[i], cells)]
        if len(alike) > 1:
            return None
        other = bool(alike) and alike[0] in seen and _differ(gathered.people[alike[0]], cells)
        found = alike[0] if alike and not other else None
    if found is None:
        found = len(gathered.people)
        gathered.people.append({})
        if say("name"):
            gathered.named.setdefault(say("name"), []).append(found)
    for key in keys:
        gathered.keys.setdefault(key, found)
    number = say("teacher_id")
    if number and not is_blank(number) and born(number) is None:
        gathered.people[found].setdefault("teacher_id", number)
    return found


def _at_one_school(person: Mapping[str, str], cells: Mapping[str, str]) -> bool:
    """Whether a person may be the one of a row by the school: a row that names none is of anybody."""
    return "school_id" not in cells or person.get("school_id") in (None, cells["school_id"])


def _differ(person: Mapping[str, str], cells: Mapping[str, str]) -> bool:
    """Whether two rows of the same name cannot be of one person."""
    return any(person.get(key, cells.get(key)) != cells.get(key, person.get(key)) for key in ("birth", "sex"))


def gather_schools(mapped: Mapped, gathered: Gathered) -> int:
    """Add the schools of a sheet; returns how many rows were read."""
    at, place = mapped.columns(), mapped.grid.place
    unread: dict[str, _Unread] = {}
    read = 0
    scale = _unit(_header(mapped, "equipment_yuan"), place, gathered) if "equipment_yuan" in at else 1
    for number, row in numbered(mapped.grid, mapped.first):
        name = row[at["school"]].strip() if "school" in at else ""
        code = row[at["school_code"]].strip() if "school_code" in at else ""
        if (not name and not code) or plain_name(name) in ("合计", "总计", "小计"):
            continue
        read += 1
        school = gathered.school(name, code)
        for key, value in _cells(mapped, "schools", _SCHOOL, gathered, number, row, unread).items():
            gathered.state(gathered.schools[school], key, value, place, number, _header(mapped, key))
        wanted = (*_AMOUNTS, *(f"g{grade}" for grade in range(1, 10)))
        cells = _cells(mapped, "sections", wanted, gathered, number, row, unread)
        cells |= _cells(mapped, "sections", ("stage",), gathered, number, row, unread)
        _scaled(cells, scale)
        stage = cells.pop("stage", "")
        for key, value in cells.items():
            name = f"{stage}:{key}" if stage else key
            gathered.state(
                gathered.amounts.setdefault(school, {}), name, value, place, number, _header(mapped, key)
            )
    _tell_unread(unread, place, gathered)
    return read


def gather_statistics(figures: list[Figure], file: str, gathered: Gathered) -> bool:
    """Add the school whose forms of the statistics were read."""
    by_field = {one.field: one for one in figures}
    if "school" not in by_field and "school_code" not in by_field:
        expected, way = text("forms that name their school"), text("fill the name of the school in")
        gathered.warn(file, None, None, text("no name of a school"), expected, way)
        return False
    name, code = (by_field[key].cell if key in by_field else "" for key in ("school", "school_code"))
    school = gathered.school(name, code)
    for one in figures:
        if one.field in ("kind", "setting"):
            column = columns_of("schools")[one.field]
            cell = cell_of(
                column, one.cell, gathered.standard, dict(gathered.mapping_values.get(one.field, {}))
            )
            if cell is None:
                way = text(
                    "the cell is left empty; write what it means under [values.{column}] of the mapping file",
                    column=one.field,
                )
                gathered.warn(
                    one.place,
                    one.row,
                    one.header,
                    quoted(one.cell),
                    _expected(column, gathered.standard),
                    way,
                )
            elif cell:
                gathered.state(gathered.schools[school], one.field, cell, one.place, one.row, one.header)
        elif one.field not in ("school", "school_code"):
            cells = {one.field: one.cell}
            if one.field == "equipment_yuan":
                _scaled(cells, _unit(one.header, one.place, gathered))
            for key, value in cells.items():
                gathered.state(
                    gathered.amounts.setdefault(school, {}), key, value, one.place, one.row, one.header
                )
    return True


def _unit(header: str, place: str, gathered: Gathered) -> int:
    """Return by how much the value of equipment is multiplied; 0 where its unit is not stated."""
    if "万" in header:
        return _TEN_THOUSAND
    if "元" in header:
        return 1
    way = text("the column is left; write (万元) or (元) into its header")
    gathered.warn(
        place, None, header, text("a value of equipment without its unit"), text("yuan or 10,000 yuan"), way
    )
    return 0


def _scaled(cells: dict[str, str], scale: int) -> None:
    """Turn the value of equipment into yuan; without a unit it is left."""
    value = cells.pop("equipment_yuan", None)
    if value is not None and scale:
        cells["equipment_yuan"] = f"{float(value) * scale:.2f}".rstrip("0").rstrip(".")
