"""Notices: what a bureau publishes of a plan, and hands to each school and each teacher; plain data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from allocator.report.answer import Answer
from allocator.report.files import plan_rows
from allocator.report.names import ROUND_NAMES
from allocator.report.parts import Cell, Line, Table
from allocator.report.schools import SchoolTables
from allocator.report.scorecard import school_names
from allocator.report.tables import journeys, named
from allocator.words import Text, text

Row = Mapping[str, Any]
_PLAIN = re.compile(r"[\w-]{1,60}")
_ODD = re.compile(r"[^\w-]")
_RESERVED = re.compile(r"(?i)con|prn|aux|nul|(com|lpt)[\d¹²³]")
_BLANK = "________"


@dataclass(frozen=True)
class Notice:
    """One document.

    Parameters
    ----------
    code
        Of the school or teacher that it is for; empty for the public.
    file
        Name of its file, without folder and ending.
    title, to
        What stands above it, and whom it addresses.
    paragraphs, tables
        What it says, in order.
    blanks
        Lines that are filled in by hand.
    signed
        Who signs, with seal and date.
    """

    code: str
    file: str
    title: Text
    to: Cell
    paragraphs: tuple[Text, ...]
    tables: tuple[Table, ...]
    blanks: tuple[Text, ...]
    signed: Text


@dataclass(frozen=True)
class Notices:
    """All documents of a plan, with what stands on each of them."""

    heading: Text
    notice: str
    language: str
    year: int
    public: Notice
    schools: tuple[Notice, ...]
    teachers: tuple[Notice, ...]


def notices(answer: Answer, *, names: bool = False) -> Notices:
    """Write the notices of a plan.

    Parameters
    ----------
    names
        Whether people's names may stand beside their codes.
    """
    config = answer.scenario.config
    told = _Told(answer, plan_rows(answer), named(answer, names))
    heading = text("{title}, September {year}", title=config.title, year=config.school_year)
    if config.bureau:
        heading = text("{bureau} · {told}", bureau=config.bureau, told=heading)
    return Notices(
        heading,
        config.notice,
        config.language,
        config.school_year,
        told.public(),
        tuple(told.of_schools()),
        tuple(told.of_teachers()),
    )


def file_names(codes: Sequence[str]) -> dict[str, str]:
    """Name a file for every code: the code itself where that is safe everywhere and alone, else with a mark of its own."""
    alike = Counter(code.casefold() for code in codes)
    found = {}
    for code in codes:
        safe = _PLAIN.fullmatch(code) and not _RESERVED.fullmatch(code) and alike[code.casefold()] == 1
        mark = sha256(code.encode("utf-8", "backslashreplace")).hexdigest()[:10]
        found[code] = code if safe else f"{_ODD.sub('_', code)[:40]}-{mark}"
    taken = Counter(name.casefold() for name in found.values())
    for code, name in found.items():  # a code that is written as the marked name of another
        if taken[name.casefold()] > 1:
            found[code] = f"{name[:40]}-{sha256(code.encode('utf-8', 'backslashreplace')).hexdigest()}"
    return found


class _Told:
    """The documents of a plan."""

    def __init__(self, answer: Answer, rows: Sequence[Row], people: Mapping[str, str]) -> None:
        self.answer, self.rows, self.people = answer, rows, people
        self.problem, self.standard = answer.problem, answer.scenario.standard
        self.schools = school_names(self.problem)
        config = answer.scenario.config
        bureau = config.bureau or _BLANK
        self.signed = text("{bureau} (seal)        Date: {blank}", bureau=bureau, blank=_BLANK)
        self.year = config.school_year

    def _subject(self, row: Row, end: str) -> Cell:
        subject, stage = row[f"{end}_subject"], row[f"{end}_stage"]
        if subject is None:
            return "—"
        name = self.standard.subjects[subject].name
        if stage is None:
            return name
        return text("{subject} ({stage})", subject=name, stage=self.standard.stages[stage].name)

    def _school(self, row: Row, end: str) -> Cell:
        school = row[f"{end}_school"]
        return "—" if school is None else self.schools[school]

    def public(self) -> Notice:
        """Return the list that is published."""
        away = [
            r
            for r in self.rows
            if r["round"] != "stay" and (r["from_school"] != r["to_school"] or r["to_school"] is None)
        ]
        away.sort(key=lambda r: (r["to_school"] or "", r["teacher_id"]))
        here = [
            r
            for r in self.rows
            if r["round"] != "stay" and r["from_school"] is not None and r["from_school"] == r["to_school"]
        ]
        new = [r for r in away if r["from_school"] is None and r["to_school"] is not None]
        waits = [r for r in away if r["to_school"] is None]
        closed = self.answer.problem.config.closures
        moved = [r for r in away if r["from_school"] and r["to_school"]]
        closing = [r for r in moved if r["from_school"] in closed]
        paragraphs = [
            text(
                "This is how places of teachers change from September {year}. Teachers who change school: {moved}, of them of schools that close: {closing}. New teachers: {new}. Teachers with another subject or stage at their school: {here}.",
                year=self.year,
                moved=len(moved),
                closing=len(closing),
                new=len(new),
                here=len(here),
            ),
            *([text("Teachers who wait without a place: {n}.", n=len(waits))] if waits else []),
            text("Whoever objects may do so in writing while this notice is published."),
        ]
        tables = [
            self._list(
                text("Teachers who move from schools that stay open"), [r for r in moved if r not in closing]
            ),
            self._list(text("Teachers of schools that close"), closing),
            self._list(text("New teachers"), new),
            self._list(text("Teachers with another subject or stage at their school"), here),
            self._list(text("Teachers who wait without a place"), waits),
            journeys(self.answer),
        ]
        blanks = (
            text("Basis (documents, meeting): {blank}", blank=_BLANK),
            text("Published from {blank} to {blank}, {blank} working days", blank=_BLANK),
            text(
                "Objections with name and contact to: {blank}  Telephone: {blank}  E-mail: {blank}  Address: {blank}",
                blank=_BLANK,
            ),
        )
        some = tuple(table for table in tables if table.rows)
        if not away and not here:
            paragraphs.insert(1, text("Nobody's place changes."))
        title = text("Public notice of the placement of teachers, September {year}", year=self.year)
        return Notice("", "public", title, "", tuple(paragraphs), some, blanks, self.signed)

    def _list(self, title: Text, rows: Sequence[Row]) -> Table:
        until = any(row["until"] for row in rows)
        lines = tuple(
            (*line, *([self._month(row["until"])] if until else []))
            for line, row in zip(self._lines(rows), rows, strict=True)
        )
        return Table(title, (*_PUBLIC, *((text("Until"),) if until else ())), lines)

    def _month(self, written: str | None) -> Cell:
        """Say a month that is written as 2023-09."""
        if written is None:
            return ""
        year, _, month = written.partition("-")
        return text("{month}/{year}", year=year, month=str(int(month)))

    def _lines(self, rows: Sequence[Row]) -> Iterator[Line]:
        for n, row in enumerate(rows, start=1):
            yield (
                str(n),
                self.people[row["teacher_id"]],
                self._school(row, "from"),
                self._subject(row, "from"),
                self._school(row, "to"),
                self._subject(row, "to"),
                ROUND_NAMES[row["round"]],
                row["reason"],
            )

    def of_schools(self) -> Iterator[Notice]:
        """Yield a notice for each school with something to tell: who leaves, who comes, pupils, closing."""
        files = file_names(self.problem.school_ids)
        told = SchoolTables(self.answer, self.people, self.rows)
        for code in self.problem.school_ids:
            people = [told.leave(code), told.come(code), told.turn(code)]
            pupils, closes = told.pupils(code), code in self.problem.config.closures
            if not closes and not any(table.rows for table in (*people, pupils)):
                continue
            paragraphs = [
                text(
                    "From September {year}: {out} teachers leave the school, {into} come, {turn} get another subject or stage here.",
                    year=self.year,
                    out=len(people[0].rows),
                    into=len(people[1].rows),
                    turn=len(people[2].rows),
                )
            ]
            if closes:
                paragraphs.insert(0, text("The school closes; where its pupils go stands below."))
            tables = tuple(table for table in (*people, told.posts(code), pupils) if table.rows)
            blanks = (
                text("Handed over and reported by {blank}; contact: {blank}", blank=_BLANK),
                text("Received by the school, signature: {blank}  Date: {blank}", blank=_BLANK),
            )
            title, to = (
                text("Notice to the school on the placement of teachers"),
                text("To {school}:", school=self.schools[code]),
            )
            yield Notice(code, files[code], title, to, tuple(paragraphs), tables, blanks, self.signed)

    def of_teachers(self) -> Iterator[Notice]:
        """Yield a letter for everybody who does not keep the present place."""
        files = file_names(self.problem.teachers.ids)
        for row in self.rows:
            if row["round"] == "stay":
                continue
            code = row["teacher_id"]
            blanks = (
                text("Report on {blank} at {blank}; contact: {blank}", blank=_BLANK),
                text("Personnel relation and pay: {blank}", blank=_BLANK),
                text("Objections in writing to {blank} by {blank}", blank=_BLANK),
                text("Received by the teacher, signature: {blank}  Date: {blank}", blank=_BLANK),
            )
            title, to = (
                text("Notice to the teacher on the placement"),
                text("To {teacher}:", teacher=self.people[code]),
            )
            yield Notice(code, files[code], title, to, tuple(self._letter(row)), (), blanks, self.signed)

    def _letter(self, row: Row) -> Iterator[Text]:
        before = text(
            "{subject} at {school}", subject=self._subject(row, "from"), school=self._school(row, "from")
        )
        after = text(
            "{subject} at {school}", subject=self._subject(row, "to"), school=self._school(row, "to")
        )
        if row["to_school"] is None:
            yield text("From September {year} you wait without a place, until one is found.", year=self.year)
        else:
            yield text("From September {year} you teach {after}.", year=self.year, after=after)
        if row["from_school"] is not None:
            yield text("Until now you teach {before}.", before=before)
        yield text("Reason: {reason}.", reason=row["reason"])
        if row["km"] is not None:
            yield text("Your way to the new school is {km} km.", km=f"{row['km']:.1f}")
        if row["until"] is not None:
            yield text("The exchange ends in {month}.", month=self._month(row["until"]))


_PUBLIC = (
    text("No."),
    text("Teacher"),
    text("From"),
    text("Subject"),
    text("To"),
    text("New subject"),
    text("Round"),
    text("Reason"),
)
