"""Workbooks read as text, after every byte of them has been looked at.

A workbook is an archive of XML. What is handed to the library is a fresh archive of the parts that are needed, each
expanded here under a limit: nothing that was not inspected is read, whatever the archive says of itself. Cells that
hold an error of Excel (``#N/A``) become text, since the library would turn them into empty cells.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
from python_calamine import CalamineError, PasswordError, SheetTypeEnum, load_workbook

from allocator.scenario.files import Notes
from allocator.words import Text, text

_MOST_EXPANDED = 600_000_000  # bytes
_MOST_OLD = 60_000_000
_MOST_PARTS = 5_000
_MOST_CELLS = 12_000_000  # of the rectangle that a sheet fills
_SMALL, _SPARSE = 1_000_000, 20  # a larger rectangle with fewer cells than one in so many has some far away
_MOST_NAMES = 20_000_000  # bytes of the parts that name the sheets
_EXACT = 10**15  # whole numbers from here on have lost their last digits
_STEP = 1 << 20

_CELL = re.compile(rb"<(?:\w+:)?c\b(?:[^>]*?\br\s*=\s*[\"']([A-Za-z]{1,7})(\d{1,9})[\"'])?")
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_ROW_NUMBER = re.compile(rb"\br\s*=\s*[\"'](\d{1,9})[\"']")
_HIDDEN = re.compile(rb"\bhidden\s*=\s*[\"'](?:1|true)[\"']")
_ERROR = re.compile(rb"(<(?:\w+:)?c\b[^>]*?\bt\s*=\s*)([\"'])e\2")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>)\s*(<(?:\w+:)?v\s*>[^<])?")
_NEEDED = re.compile(r"(?:xl/|_rels/|\[Content_Types\]).*\.(?:xml|rels)", re.IGNORECASE)
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)")
_READ = (b"utf-8", b"us-ascii", b"ascii")
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


class _Unfit(Exception):
    """A workbook that is not read; carries what was found and the way out."""

    def __init__(self, found: Text, remedy: Text) -> None:
        self.found, self.remedy = found, remedy
        super().__init__(str(found))


@dataclass(frozen=True)
class Sheet:
    """One sheet as text.

    Parameters
    ----------
    rows
        Cells by row and column from A1; whole numbers without a point, months of date cells as 2009-08 and other
        days as 2009-08-15, true and false as yes and no.
    dates, inexact
        Where dates stand, and numbers of more than 15 digits, whose last digits Excel has lost: rows and columns
        from 0.
    merged
        Ranges of merged cells: first row, first column, last row, last column, from 0.
    formulas, unreckoned, hidden
        How many cells hold formulas, and how many of these have no result; the hidden rows, as Excel counts them.
    """

    rows: list[list[str]]
    dates: tuple[tuple[int, int], ...] = ()
    inexact: tuple[tuple[int, int], ...] = ()
    merged: tuple[tuple[int, int, int, int], ...] = ()
    formulas: int = 0
    unreckoned: int = 0
    hidden: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Marks:
    """What the library does not tell of a sheet."""

    formulas: int = 0
    unreckoned: int = 0
    hidden: tuple[int, ...] = ()


@dataclass(frozen=True)
class Book:
    """A workbook: what it is called in issues, and its sheets by name, in their order."""

    name: str
    sheets: Mapping[str, Sheet]

    def sheet(self, name: str) -> Sheet:
        """Return one sheet."""
        return self.sheets[name]


def read_book(found: bytes, name: str, notes: Notes) -> Book | None:
    """Open a workbook that may come from anybody.

    Parameters
    ----------
    found
        The bytes of the file: .xlsx or .xlsm, of which no macro, link or formula is ever run.
    name
        What it is called in issues.

    Returns
    -------
    The workbook, or None with an issue.
    """
    try:
        parts = _parts(found)
        places = _places(parts)
        for part in parts.values():
            _whole(part)
        marks = {sheet: _inspected(parts, part) for sheet, part in places.items()}
        return Book(name, _sheets(_archive(parts), marks))
    except _Unfit as unfit:
        problem, remedy = unfit.found, unfit.remedy
    except (CalamineError, ValueError, KeyError, ElementTree.ParseError):
        problem, remedy = _DAMAGED
    except BaseException as error:
        if type(error).__module__ != "pyo3_runtime":  # the library gave up on it, in a way of its own
            raise
        problem, remedy = _DAMAGED
    notes.add(name, None, None, problem, text("a workbook (.xlsx) that can be read"), remedy)
    return None


def read_old_book(found: bytes, name: str, notes: Notes) -> Book | None:
    """Open a workbook of an older Excel (.xls): its sheets cannot be larger than 65,536 rows of 256 columns.

    What it hides is not known: hidden rows and formulas are not told.
    """
    problem, remedy = _DAMAGED
    if found.startswith(b"\xd0\xcf\x11\xe0") and len(found) <= _MOST_OLD:
        try:
            return Book(name, _sheets(found, {}))
        except PasswordError:
            problem, remedy = _LOCKED
        except (CalamineError, ValueError, KeyError):
            pass
        except BaseException as error:
            if type(error).__module__ != "pyo3_runtime":
                raise
    notes.add(name, None, None, problem, text("a workbook that can be read"), remedy)
    return None


def _sheets(archive: bytes, marks: Mapping[str, _Marks]) -> dict[str, Sheet]:
    """Read every sheet with cells."""
    book = load_workbook(io.BytesIO(archive))
    found = {}
    for about in book.sheets_metadata:
        if about.typ == SheetTypeEnum.WorkSheet:
            sheet = book.get_sheet_by_name(about.name)
            rows, dates, inexact = _as_text(sheet.to_python(skip_empty_area=False))
            mark = marks.get(about.name, _Marks())
            merged = tuple((*first, *last) for first, last in sheet.merged_cell_ranges or ())
            found[about.name] = Sheet(
                rows, dates, inexact, merged, mark.formulas, mark.unreckoned, mark.hidden
            )
    return found


_DAMAGED = text("a damaged workbook"), text("open it in Excel or WPS and save it anew as .xlsx")
_TOO_LARGE = (
    text("a workbook that is too large when expanded"),
    text("remove sheets, formats and empty rows that are not needed"),
)


def _parts(found: bytes) -> dict[str, bytes]:
    """Expand the parts of a workbook that are needed, under a limit that what it says of itself cannot lift."""
    if found.startswith(b"\xd0\xcf\x11\xe0"):
        locked = "EncryptedPackage".encode("utf-16-le") in found
        raise _Unfit(*(_LOCKED if locked else _OLD))
    if not found.startswith(b"PK"):
        raise _Unfit(
            text("something that is not a workbook"), text("save the table from Excel or WPS as .xlsx")
        )
    try:
        with zipfile.ZipFile(io.BytesIO(found)) as archive:
            return _expanded(archive)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise _Unfit(*_DAMAGED) from error


_OLD = text("a workbook of an older Excel (.xls)"), text("save it from Excel or WPS as .xlsx")
_LOCKED = text("a workbook with a password"), text("save it without a password")


def _expanded(archive: zipfile.ZipFile) -> dict[str, bytes]:
    members = [m for m in archive.infolist() if _NEEDED.fullmatch(m.filename)]
    if len(members) > _MOST_PARTS:
        raise _Unfit(*_TOO_LARGE)
    parts: dict[str, bytes] = {}
    left = _MOST_EXPANDED
    for member in members:
        pieces = []
        with archive.open(member) as part:
            while piece := part.read(_STEP):
                left -= len(piece)
                if left < 0:
                    raise _Unfit(*_TOO_LARGE)
                pieces.append(piece)
        if member.filename in parts:
            raise _Unfit(*_DAMAGED)
        parts[member.filename] = b"".join(pieces)
    if "xl/workbook.xml" not in parts:
        raise _Unfit(text("an archive that is no .xlsx workbook"), text("save it from Excel or WPS as .xlsx"))
    return parts


def _places(parts: dict[str, bytes]) -> dict[str, str]:
    """Return the part of every sheet by the sheet's name."""
    listed = [parts["xl/workbook.xml"], parts.get("xl/_rels/workbook.xml.rels", b"<x/>")]
    if sum(map(len, listed)) > _MOST_NAMES or any(_DOCTYPE.search(one) for one in parts.values()):
        raise _Unfit(text("a workbook with definitions that could grow without end"), _DAMAGED[1])
    book, relations = map(ElementTree.fromstring, listed)
    target = {one.get("Id"): one.get("Target", "") for one in relations}
    found = {}
    for one in book.iter():
        if one.tag.rpartition("}")[2] == "sheet":
            part = target.get(one.get(_RELATION) or one.get(_STRICT), "")
            found[one.get("name", "")] = _resolved(part)
    if set(found.values()) - set(parts):
        raise _Unfit(*_DAMAGED)
    return found


def _resolved(target: str) -> str:
    """Return the part that a relation of the workbook leads to."""
    if target.startswith("/"):
        return target.removeprefix("/")
    return target if target.startswith("xl/") else f"xl/{target}"


def _inspected(parts: dict[str, bytes], part: str) -> _Marks:
    """Look at a sheet before it is read: how large it is, and what the library would not tell."""
    content = parts[part]
    last_row, columns, cells = 0, set(), 0
    for cell in _CELL.finditer(content):
        cells += 1
        if cell[1] is not None:
            columns.add(cell[1])
            last_row = max(last_row, int(cell[2]))
    hidden, rows = [], 0
    for row in _ROW.finditer(content):
        number = _ROW_NUMBER.search(row[1])
        rows = max(rows + 1, int(number[1]) if number else 0)
        if _HIDDEN.search(row[1]):
            hidden.append(rows)
    width = max((_column(letters) for letters in columns), default=0)
    rectangle = max(last_row, rows) * max(width, 1)
    if max(rectangle, cells) > _MOST_CELLS:
        raise _Unfit(*_TOO_LARGE)
    if rectangle > max(_SMALL, _SPARSE * cells):
        raise _Unfit(
            text("a cell far away from all others"), text("remove the rows and columns beyond the table")
        )
    if _ERROR.search(content):
        parts[part] = _ERROR.sub(rb'\1"str"', content)
    formulas = [bool(one[1]) for one in _FORMULA.finditer(content)] if b"f" in content else []
    return _Marks(len(formulas), formulas.count(False), tuple(hidden))


def _whole(content: bytes) -> None:
    """Insist on XML in UTF-8 that is whole: the library would read what is cut up to the cut."""
    declared = _ENCODING.search(content[:200])
    if (
        content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        or b"\0" in content[:200]
        or (declared and declared[1].lower() not in _READ)
    ):
        raise _Unfit(*_DAMAGED)
    parser = expat.ParserCreate()
    try:
        for at in range(0, len(content), _STEP):
            parser.Parse(content[at : at + _STEP], False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise _Unfit(*_DAMAGED) from error


def _column(letters: bytes) -> int:
    """Return the number of a column from its letters, from 1."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _archive(parts: dict[str, bytes]) -> bytes:
    """Put the inspected parts into an archive of their own."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return made.getvalue()


Cells = tuple[tuple[int, int], ...]


def _as_text(rows: list[list[Any]]) -> tuple[list[list[str]], Cells, Cells]:
    """Write every cell as text; say where dates stand and numbers that have lost digits."""
    dates: list[tuple[int, int]] = []
    inexact: list[tuple[int, int]] = []
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if isinstance(cell, str):
                continue
            if isinstance(cell, date):
                dates.append((i, j))
            elif isinstance(cell, float) and abs(cell) >= _EXACT:
                inexact.append((i, j))
            row[j] = shown(cell)
    return rows, tuple(dates), tuple(inexact)


def shown(cell: object) -> str:
    """Write a value of a cell as a table of text would have it."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) < 1e300
        return str(int(cell)) if whole else np.format_float_positional(cell, trim="-")
    if isinstance(cell, datetime) and (cell.hour or cell.minute or cell.second):
        return cell.isoformat(" ")
    if isinstance(cell, date):
        return f"{cell:%Y-%m}" if cell.day == 1 else f"{cell:%Y-%m-%d}"
    return str(cell)


def letters(column: int) -> str:
    """Return the letters by which a spreadsheet calls a column, counted from 0."""
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def ranges(sheet: Sheet) -> Iterator[str]:
    """Yield merged ranges as a spreadsheet calls them, such as B7:D8."""
    for top, left, bottom, right in sheet.merged:
        yield f"{letters(left)}{top + 1}:{letters(right)}{bottom + 1}"
