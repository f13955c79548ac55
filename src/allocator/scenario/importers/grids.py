"""Any table of a bureau as a grid of text: workbooks of Excel and WPS, old and new, and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from allocator.scenario.files import Notes, content, in_gb18030, is_workbook, strange
from allocator.scenario.workbooks import Sheet, read_book, read_old_book
from allocator.words import text

_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
ENDINGS = (".xlsx", ".xlsm", ".xls", ".csv", ".txt")


@dataclass(frozen=True)
class Grid:
    """A sheet, or a file of text.

    Parameters
    ----------
    file, sheet
        Names of the file and of the sheet, which is empty for text.
    rows
        Cells as text from A1; the value of merged cells stands in each of them.
    hidden, formulas
        How many rows are hidden and how many cells hold formulas.
    """

    file: str
    sheet: str
    rows: list[list[str]]
    hidden: int = 0
    formulas: int = 0

    @property
    def place(self) -> str:
        """File and sheet, as issues name them."""
        return f"{self.file}/{self.sheet}" if self.sheet else self.file


def read_grids(path: Path, name: str, notes: Notes) -> list[Grid]:
    """Read every sheet of a file.

    Parameters
    ----------
    name
        What the file is called in issues.

    Returns
    -------
    The sheets that have cells; none with an issue where the file cannot be read.
    """
    if path.suffix.lower() not in ENDINGS:
        expected = text("a file that ends with one of {endings}", endings=list(ENDINGS))
        way = text("save it from Excel or WPS as .xlsx")
        notes.add(name, None, None, text("another kind of file"), expected, way)
        return []
    read = content(path, name, notes.issues, notes.hashes)
    if read is None:
        return []
    if is_workbook(path) or path.suffix.lower() == ".xls":
        opened = read_book if is_workbook(path) or read.startswith(b"PK") else read_old_book
        book = opened(read, name, notes)
        sheets = book.sheets.items() if book else ()
        return [_grid(name, title, sheet) for title, sheet in sheets if any(map(any, sheet.rows))]
    rows = _text_rows(read, name, notes)
    return [Grid(name, "", rows)] if rows else []


def _grid(name: str, title: str, sheet: Sheet) -> Grid:
    for top, left, bottom, right in sheet.merged:
        for row in sheet.rows[top : bottom + 1]:
            row[left : right + 1] = [sheet.rows[top][left]] * len(row[left : right + 1])
    return Grid(name, title, sheet.rows, len(sheet.hidden), sheet.formulas)


def _text_rows(read: bytes, name: str, notes: Notes) -> list[list[str]] | None:
    """Read rows of text, whatever parts them."""
    decoded = next((_decoded(read, code) for bom, code in _BOMS.items() if read.startswith(bom)), None)
    decoded = decoded or _decoded(read, "utf-8-sig") or in_gb18030(read)
    if decoded is None or "\0" in decoded:
        way = text("save it from Excel as 'CSV UTF-8'")
        notes.add(name, None, None, strange(read), text("a table of text"), way)
        return None
    first = next((line for line in decoded.splitlines() if line.strip()), "")
    separator = max(",\t;|", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(decoded, newline=""), delimiter=separator))
    except csv.Error:
        found = text("a quotation mark that is not closed, or text after a closed one")
        notes.add(name, None, None, found, text("a table of text"), text("close it, or save the table anew"))
        return None
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]


def _decoded(read: bytes, code: str) -> str | None:
    try:
        return read.decode(code)
    except UnicodeDecodeError:
        return None


def numbered(grid: Grid, first: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold something from a row on, each with its number as Excel counts it."""
    for number, row in enumerate(grid.rows[first:], start=first + 1):
        if any(cell.strip() for cell in row):
            yield number, row
