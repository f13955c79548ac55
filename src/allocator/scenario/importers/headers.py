"""Which header of a sheet means which field: by the names that bureaus use, never by position."""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from allocator.scenario.importers.grids import Grid

KINDS = ("person", "school")
_FIRST_ROWS = 15  # in which a header may stand
_ALMOST = 0.82  # likeness of a header that is probably a known one
_SHORTEST = 4  # letters of a header that is compared by likeness
_IN_BRACKETS = re.compile(r"[（(\[【][^）)\]】]*[）)\]】]")
_NOISE = re.compile(r"[\s*＊:：、/_\-\"“”.]+")
_NUMBERS = re.compile(r"\d{15,}[\dXx]?")  # of people, where a table has no header
_LONGEST = 200
_ENOUGH = {"person": 3, "school": 2}


@dataclass(frozen=True)
class Heading:
    """One column of a sheet.

    Parameters
    ----------
    column
        Where it stands, from 0.
    header
        What stands above it.
    field
        The field that it fills; empty where it is left.
    how
        ``known``: by a name that bureaus use; ``alike``: by likeness to one, a guess; ``given``: by the mapping
        file; ``left``.
    """

    column: int
    header: str
    field: str
    how: str


@dataclass(frozen=True)
class Mapped:
    """A sheet that was understood: what its rows are of, where they begin, and its columns."""

    grid: Grid
    kind: str
    first: int
    headings: tuple[Heading, ...]

    def columns(self) -> dict[str, int]:
        """Return where each field stands."""
        return {one.field: one.column for one in self.headings if one.field}


@cache
def names_of(kind: str) -> dict[str, tuple[str, int]]:
    """Return field and rank of every plain header of a kind of sheet; of two headers the first named counts."""
    with Path(__file__).with_name("fields.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == kind]
    return {
        plain(name): (row["field"], rank) for row in rows for rank, name in enumerate(row["names"].split("|"))
    }


def plain(header: str) -> str:
    """Return a header without marks of needed columns, brackets, blanks and full-width letters."""
    kept = unicodedata.normalize("NFKC", header)
    return _NOISE.sub("", _IN_BRACKETS.sub("", kept)).casefold()


def plain_inside(header: str) -> str:
    """Return a header whose brackets are part of the name: 学校（机构）名称."""
    return _NOISE.sub("", re.sub(r"[（()）\[\]【】]", "", unicodedata.normalize("NFKC", header))).casefold()


def understood(grid: Grid, chosen: dict[str, str] | None = None, kind: str = "") -> Mapped | None:
    """Find the header of a sheet and what its columns mean.

    Parameters
    ----------
    chosen
        Field of headers as a mapping file gives them, in place of what would be found; an empty field leaves a column.
    kind
        What the rows are of, where a mapping file says so.

    Returns
    -------
    The sheet with its columns; None where too few headers are known.
    """
    best: tuple[tuple[int, bool], Mapped] | None = None
    for one in (kind,) if kind else KINDS:
        for top in range(min(len(grid.rows), _FIRST_ROWS)):
            for depth in (1, 2):
                if top + depth > len(grid.rows):
                    continue
                headings = _headings(grid.rows[top : top + depth], one, chosen or {})
                known = sum(h.how in ("known", "given") or h.header in (chosen or {}) for h in headings)
                fits = known >= _ENOUGH[one] and _names_rows(headings)
                if fits and (best is None or (known, depth == 1) > best[0]):
                    best = (known, depth == 1), Mapped(grid, one, top + depth, headings)
    return best[1] if best else None


def _names_rows(headings: Iterable[Heading]) -> bool:
    """Whether the columns say whose each row is."""
    fields = {h.field for h in headings}
    return bool(fields & {"name", "id_card", "teacher_id", "school", "school_code"})


def _headings(rows: list[list[str]], kind: str, chosen: dict[str, str]) -> tuple[Heading, ...]:
    """Read headers of one or two rows; of columns for the same field the one with the better name is taken."""
    width = len(rows[0])
    found = [_heading(column, [row[column] for row in rows], kind, chosen) for column in range(width)]
    if kind == "person" and any(plain(heading.header) in _OF_CERTIFICATES for heading, _ in found):
        found = [(_of_certificate(heading), rank) for heading, rank in found]
    best: dict[str, tuple[tuple[int, int], int]] = {}
    for heading, rank in found:
        if heading.field:
            key = ({"given": 0, "known": 1, "alike": 2}[heading.how], rank)
            if heading.field not in best or key < best[heading.field][0]:
                best[heading.field] = key, heading.column
    return tuple(
        heading
        if not heading.field or best[heading.field][1] == heading.column
        else Heading(heading.column, heading.header, "", "left")
        for heading, _ in found
    )


_OF_CERTIFICATES = ("证书号码", "资格证编号", "证书颁发日期")
"""Headers of a table of certificates, whose subject is that of the certificate."""


def _of_certificate(heading: Heading) -> Heading:
    return (
        replace(heading, field="certificate_subject")
        if heading.field == "subject" and heading.how == "known"
        else heading
    )


def _heading(column: int, cells: list[str], kind: str, chosen: dict[str, str]) -> tuple[Heading, int]:
    header = _NUMBERS.sub("…", " ".join(dict.fromkeys(cell.strip() for cell in cells if cell.strip())))[
        :_LONGEST
    ]
    if header in chosen:
        return Heading(column, header, chosen[header], "given" if chosen[header] else "left"), 0
    known = names_of(kind)
    for cell in (*reversed(cells), header):
        for name in (plain(cell), plain_inside(cell)):
            if name in known:
                field, rank = known[name]
                return Heading(column, header, field, "known" if field else "left"), rank
    lowest = plain(next((cell for cell in reversed(cells) if cell.strip()), ""))
    near = difflib.get_close_matches(lowest, known, n=1, cutoff=_ALMOST) if len(lowest) >= _SHORTEST else []
    if near and known[near[0]][0]:
        return Heading(column, header, known[near[0]][0], "alike"), known[near[0]][1]
    return Heading(column, header, "", "left"), 0
