"""One CSV file to typed columns: bytes, rows, header, cells; every issue of every step."""

from __future__ import annotations

import csv
import difflib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allocator.domain import Standard
from allocator.errors import Refused, quoted
from allocator.scenario.cells import reader, tidied
from allocator.scenario.files import Notes, content, in_gb18030, strange
from allocator.scenario.schema import Column, columns_of
from allocator.scenario.workbooks import Book, Sheet, ranges
from allocator.words import text

REFUSED = object()
"""Stands for a cell that was refused."""


def records(name: str, path: Path, file: str, notes: Notes) -> list[list[str]] | None:
    """Split a CSV file into rows of cells; the number of a row is its position in the list + 1."""
    read = content(path, file, notes.issues, notes.hashes)
    decoded = None if read is None else _decoded(read, file, notes)
    if decoded is None:
        return None
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(io.StringIO(decoded, newline=""), strict=True))
    except csv.Error:
        found = text("a quotation mark that is not closed, or text after a closed one")
        expected, way = text("cells with paired quotation marks"), text("close it, or save the table anew")
        notes.add(file, len(rows) + 1, None, found, expected, way)
        return None
    return table_of(name, rows, file, notes)


def _decoded(read: bytes, file: str, notes: Notes) -> str | None:
    """Read bytes as UTF-8, or as GB18030 where that is what they must be, which is told."""
    utf8, way = text("a table of text in UTF-8"), text("save it from Excel as 'CSV UTF-8'")
    try:
        decoded = read.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        chinese = in_gb18030(read)
        if chinese is None:
            notes.add(file, read[: error.start].count(b"\n") + 1, None, strange(read), utf8, way)
            return None
        told = text("it is read as such; look at a few names")
        notes.warn(file, None, None, text("text in GB18030, as Excel writes it"), utf8, told)
        decoded = chinese
    if "\0" in decoded:
        line = decoded[: decoded.index("\0")].count("\n") + 1
        notes.add(file, line, None, text("bytes that are not text"), utf8, way)
        return None
    return decoded


def sheet_records(name: str, book: Book, sheet: str, file: str, notes: Notes) -> list[list[str]] | None:
    """Return the rows of a sheet as :func:`records` returns those of a file; what a sheet may hide is told."""
    found = book.sheet(sheet)
    blocked = False
    for where in list(ranges(found))[:_MOST_RANGES]:
        way = text("part the cells, and write the value into each")
        notes.add(
            file, None, None, text("merged cells {where}", where=where), text("a value in each cell"), way
        )
        blocked = True
    if found.unreckoned:
        way = text("open it in Excel or WPS, save it, and read it again")
        notes.add(
            file,
            None,
            None,
            text("formulas without a result (cells: {n})", n=found.unreckoned),
            text("values"),
            way,
        )
        blocked = True
    if found.formulas:
        told = text("they are read as they were last calculated")
        notes.warn(file, None, None, text("formulas (cells: {n})", n=found.formulas), text("values"), told)
    if found.hidden:
        told = text("they are read; delete them if they are not meant")
        words = text("hidden rows (rows: {n})", n=len(found.hidden))
        notes.warn(file, found.hidden[0], None, words, text("rows that can be seen"), told)
    if blocked:
        return None
    rows = table_of(name, found.rows, file, notes)
    return None if rows is None or _blurred(found, rows, name, file, notes) else rows


_MOST_RANGES = 20


def _blurred(sheet: Sheet, rows: list[list[str]], name: str, file: str, notes: Notes) -> bool:
    """Report cells that a spreadsheet has changed: codes turned into dates, numbers that have lost digits."""
    columns = columns_of(name)
    kinds = {c.alias: c for c in columns.values()} | columns
    header = [kinds.get(cell.strip()) for cell in rows[0]]
    as_text = text("format the column as text, and write it again")
    before = len(notes.issues)
    for cells, found, expected, fine in (
        (
            sheet.dates,
            text("a date"),
            text("what the bureau wrote, before Excel took it for a date"),
            "month",
        ),
        (sheet.inexact, text("a number of more than 15 digits"), text("all its digits: Excel keeps 15"), ""),
    ):
        for column in sorted({j for i, j in cells if i and j < len(header)}):
            known = header[column]
            if known is not None and known.kind != fine:
                where = [i for i, j in cells if i and j == column]
                words = text("{what} (rows: {n})", what=found, n=len(where))
                notes.add(file, where[0] + 1, known.name, words, expected, as_text)
    return len(notes.issues) > before


def table_of(name: str, rows: list[list[str]], file: str, notes: Notes) -> list[list[str]] | None:
    """Insist on a header in the first row, and on rows that are as long as it."""
    if not any(any(cell.strip() for cell in row) for row in rows):
        expected, way = text("a header and rows"), text("fill the table or remove the file")
        notes.add(file, None, None, text("an empty file"), expected, way)
        return None
    known = {*columns_of(name), *(c.alias for c in columns_of(name).values())}
    knows = [sum(cell.strip() in known for cell in row) for row in rows[:_TITLE_ROWS]]
    if knows[0] == 0 and max(knows) > 1:
        found = text("a header in row {row}", row=knows.index(max(knows)) + 1)
        notes.add(file, 1, None, found, text("the header in the first row"), text("remove the rows above it"))
        return None
    return _even_rows(name, rows, file, notes)


_TITLE_ROWS = 10


def _even_rows(name: str, rows: list[list[str]], file: str, notes: Notes) -> list[list[str]] | None:
    """Insist that rows are as long as the header; blank cells beyond it do not count."""
    width = len(rows[0])
    separator = next((c for c in ";\t|；，" if width == 1 and c in rows[0][0]), None)
    if separator:
        found = text("columns separated by {separator}", separator=repr(separator))
        way = text("save it from Excel as 'CSV UTF-8'")
        notes.add(file, 1, None, found, text("columns separated by commas"), way)
        return None
    for number, row in enumerate(rows[1:], start=2):
        while len(row) > width and not row[-1].strip():
            row.pop()
        if not any(cell.strip() for cell in row):
            row.clear()
        elif len(row) != width:
            found, expected = text("{n} cells", n=len(row)), text("{n} cells, as in the header", n=width)
            notes.add(file, number, None, found, expected, text("look for a comma too many or too few"))
            notes.unread.add(name)
    return rows


def header_of(rows: list[list[str]], columns: dict[str, Column], file: str, notes: Notes) -> dict[str, int]:
    """Map column names to positions; an unknown column is a warning, a repeated one an error."""
    names = {c.alias: c.name for c in columns.values()} | {"删除": "remove"}
    names |= {name: name for name in (*columns, "remove")}
    header: dict[str, int] = {}
    for position, cell in enumerate(rows[0]):
        given = cell.strip()
        name = names.get(given)
        if name is None and (given or any(r[position].strip() for r in rows[1:] if len(r) > position)):
            near = difflib.get_close_matches(given[:80], names, n=1)
            way = text("perhaps '{near}' is meant", near=near[0]) if near else text("it is not used")
            found = (
                text("an unknown column {name}", name=quoted(given))
                if given
                else text("a column without a name")
            )
            notes.warn(file, 1, given[:80] or None, found, text("a known column"), way)
        elif name in header:
            found = text("the column '{name}' twice", name=name)
            notes.add(file, 1, name, found, text("each column once"), text("remove one of them"))
        elif name is not None:
            header[name] = position
            notes.headers.setdefault(file, {})[name] = given
    return header


def typed(
    rows: list[list[str]],
    header: dict[str, int],
    columns: dict[str, Column],
    standard: Standard | None,
    file: str,
    notes: Notes,
) -> pd.DataFrame:
    """Turn the rows of a file into typed columns: blank cells are None, refused ones ``REFUSED``.

    ``_file`` and ``_row`` say where a row stands; ``_places`` also which columns the file has.
    """
    width = len(rows[0])
    kept = [n for n, row in enumerate(rows[1:], start=2) if len(row) == width and row]
    out: dict[str, Any] = {}
    for name, position in header.items():
        cells = np.array([rows[n - 1][position] for n in kept], dtype=object)
        column = columns.get(name, _REMOVE)
        out[name] = _values(cells, column, standard, file, kept, notes)
    has = frozenset(header)
    out["_file"], out["_row"] = [file] * len(kept), kept
    out["_places"] = [((file, n, has),) for n in kept]
    return pd.DataFrame(out, dtype=object)


_REMOVE = Column("", "remove", "删除", "flag", "", "", False, (), 0, 0, "", "")


def _values(
    cells: NDArray[np.object_],
    column: Column,
    standard: Standard | None,
    file: str,
    rows: list[int],
    notes: Notes,
) -> NDArray[np.object_]:
    """Read the cells of one column, each distinct text once; blank cells become None."""
    read, name = reader(column, standard), column.name
    codes, distinct = pd.factorize(cells)
    values = np.empty(len(distinct), dtype=object)
    otherwise: dict[int, tuple[str, str]] = {}
    for i, cell in enumerate(distinct):
        stripped = str(cell).strip()
        try:
            values[i] = read(stripped) if stripped else None
        except Refused as refusal:
            meant = tidied(column, stripped, standard)
            try:
                values[i] = read(stripped if meant is None else meant)
            except Refused:
                for at in np.flatnonzero(codes == i):
                    notes.add(file, rows[at], name, quoted(stripped), refusal.expected, refusal.remedy)
                values[i] = None if name == "remove" else REFUSED
            else:
                otherwise[i] = stripped, str(meant)
            continue
        if stripped != cell and stripped:
            first, n = rows[int(np.argmax(codes == i))], int((codes == i).sum())
            found = text("spaces around the value (rows: {n})", n=n)  # the value may be somebody's name
            notes.warn(file, first, name, found, text("the value alone"), text("it is read without them"))
    _tell_otherwise(otherwise, codes, name, file, rows, notes)
    if name == "remove":
        values[:] = [value or None for value in values]
    result = np.empty(len(cells), dtype=object)
    if len(cells):
        result[:] = values[codes]
    return result


def _tell_otherwise(
    otherwise: dict[int, tuple[str, str]],
    codes: NDArray[np.int64],
    name: str,
    file: str,
    rows: list[int],
    notes: Notes,
) -> None:
    """Warn once for a column of cells that have one meaning and are written in another way."""
    if not otherwise:
        return
    places = np.flatnonzero(np.isin(codes, list(otherwise)))
    cell, meant = otherwise[int(codes[places[0]])]
    found = text("{value}, written otherwise (rows: {n})", value=quoted(cell), n=len(places))
    way = text("it is read as {meant}, the others likewise", meant=quoted(meant))
    notes.warn(file, rows[int(places[0])], name, found, text("'{meant}'", meant=meant), way)
