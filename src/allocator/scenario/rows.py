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
from allocator.scenario.cells import Read, reader
from allocator.scenario.files import Notes, content, strange
from allocator.scenario.schema import Column
from allocator.words import text

REFUSED = object()
"""Stands for a cell that was refused."""


def records(name: str, path: Path, file: str, notes: Notes) -> list[list[str]] | None:
    """Split a CSV file into rows of cells; the number of a row is its position in the list + 1."""
    utf8, way = text("a table of text in UTF-8"), text("save it from Excel as 'CSV UTF-8'")
    read = content(path, file, notes.issues, notes.hashes)
    if read is None:
        return None
    try:
        decoded = read.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = read[: error.start].count(b"\n") + 1
        notes.add(file, line, None, strange(read), utf8, way)
        return None
    if "\0" in decoded:
        line = decoded[: decoded.index("\0")].count("\n") + 1
        notes.add(file, line, None, text("bytes that are not text"), utf8, way)
        return None
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(io.StringIO(decoded, newline=""), strict=True))
    except csv.Error:
        found = text("a quotation mark that is not closed, or text after a closed one")
        expected, way = text("cells with paired quotation marks"), text("close it, or save the table anew")
        notes.add(file, len(rows) + 1, None, found, expected, way)
        return None
    if not any(any(cell.strip() for cell in row) for row in rows):
        expected, way = text("a header and rows"), text("fill the table or remove the file")
        notes.add(file, None, None, text("an empty file"), expected, way)
        return None
    return _even_rows(name, rows, file, notes)


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
        read = reader(columns[name], standard) if name in columns else _remove
        out[name] = _values(cells, read, name, file, kept, notes)
    has = frozenset(header)
    out["_file"], out["_row"] = [file] * len(kept), kept
    out["_places"] = [((file, n, has),) for n in kept]
    return pd.DataFrame(out, dtype=object)


def _remove(cell: str) -> bool | None:
    if cell not in ("yes", "no"):
        raise Refused(text("one of {choices}", choices=["yes", "no"]), text("choose one of them"))
    return cell == "yes" or None


def _values(
    cells: NDArray[np.object_], read: Read, name: str, file: str, rows: list[int], notes: Notes
) -> NDArray[np.object_]:
    """Read the cells of one column, each distinct text once; blank cells become None."""
    codes, distinct = pd.factorize(cells)
    values = np.empty(len(distinct), dtype=object)
    for i, cell in enumerate(distinct):
        stripped = str(cell).strip()
        try:
            values[i] = read(stripped) if stripped else None
        except Refused as refusal:
            for at in np.flatnonzero(codes == i):
                notes.add(file, rows[at], name, quoted(stripped), refusal.expected, refusal.remedy)
            values[i] = None if name == "remove" else REFUSED
            continue
        if stripped != cell and stripped:
            first, n = rows[int(np.argmax(codes == i))], int((codes == i).sum())
            found = text("spaces around the value (rows: {n})", n=n)  # the value may be somebody's name
            notes.warn(file, first, name, found, text("the value alone"), text("it is read without them"))
    result = np.empty(len(cells), dtype=object)
    if len(cells):
        result[:] = values[codes]
    return result
