"""Notices as Word documents and as pages to print; everything they say stands in the notices."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import category, east_asian_width

from allocator.report.files import table, write_files
from allocator.report.html import show_cell, template_of
from allocator.report.notices import Notice, Notices
from allocator.report.parts import Table

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

Show = Callable[[Any], str]
_BODY, _HEAD = ("Times New Roman", "宋体"), ("Arial", "黑体")
_STAMP = datetime(2020, 1, 1, tzinfo=UTC)  # of every document: the same notices give the same bytes
_MARGIN, _SIZE, _SMALL = 2.2, 11, 9  # centimetres, points, points in tables
_LETTER, _EDGES, _SURE, _MOST = (
    0.17,
    0.45,
    1.8,
    6.0,
)  # centimetres: of a letter, around a cell, and of a column
_LONG, _UPRIGHT = (21.0, 29.7), 7  # A4 in centimetres, and the columns that it holds upright
_OURS = re.compile(r"(schools|teachers)/[\w-]{1,100}\.docx")
_INDEX = ("kind", "code", "file", "sha256")
_LARGEST = 50_000_000  # bytes of an index


def write_notices(told: Notices, out: Path) -> list[Path]:
    """Write all notices for the owner alone: documents, pages to print, and notices.csv, which lists them.

    Documents of an earlier run that its notices.csv lists, that are still as they were written, and that are not
    written now, go.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    index = [("public", "", "public.docx", "")]
    contents: dict[str, str | bytes] = {
        "public.docx": document(told, told.public),
        "public.html": printed(told, (told.public,)),
        "schools.html": printed(told, told.schools),
        "teachers.html": printed(told, told.teachers),
    }
    for kind, some in (("school", told.schools), ("teacher", told.teachers)):
        for one in some:
            file = f"{kind}s/{one.file}.docx"
            contents[file] = document(told, one)
            index.append((kind, one.code, file, _digest(contents[file])))
    rows = [dict(zip(_INDEX, row, strict=True)) for row in index]
    contents["notices.csv"] = table(rows, told.language, _INDEX)
    earlier = _listed(out / "notices.csv")
    written = write_files(contents, out, told.notice)
    here = {name.casefold() for name in contents}
    for name, digest in earlier.items():
        path = out / name
        ours = name.casefold() not in here and path.is_file() and not path.is_symlink()
        if ours and _digest(path.read_bytes()) == digest:
            path.unlink()
    return written


def _digest(content: str | bytes) -> str:
    return sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()


def _listed(index: Path) -> dict[str, str]:
    """Return the documents that the notices.csv of an earlier run lists, with their SHA-256; none where it cannot be read."""
    if index.is_symlink() or not index.is_file() or index.stat().st_size > _LARGEST:
        return {}
    try:
        with index.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return {}
    return {str(r.get("file")): str(r.get("sha256")) for r in rows if _OURS.fullmatch(str(r.get("file")))}


def printed(told: Notices, some: Sequence[Notice]) -> str:
    """Return notices as one page in which each begins on a sheet of its own; every value is escaped."""
    template = template_of("notices.html.j2")
    return template.render(told=told, notices=some, show=partial(show_cell, language=told.language))


def document(told: Notices, one: Notice) -> bytes:
    """Return a notice as a Word document; the same notice gives the same bytes."""
    from docx import Document as new_document
    from docx.shared import Cm

    show = partial(show_cell, language=told.language)
    made = new_document()
    _settle(made)
    section = made.sections[0]
    across, down = _LONG[:: -1 if _is_wide(one) else 1]
    section.page_width, section.page_height = Cm(across), Cm(down)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(_MARGIN)
    _write(section.header.paragraphs[0], show(told.heading), size=_SMALL)
    if told.notice:
        _write(section.header.add_paragraph(), told.notice, size=_SMALL)
    _numbered(section.footer.paragraphs[0])
    title = made.add_paragraph()
    title.alignment = 1
    _write(title, show(one.title), size=18, fonts=_HEAD, bold=True)
    if show(one.to):
        _write(made.add_paragraph(), show(one.to), bold=True)
    for words in one.paragraphs:
        _write(made.add_paragraph(), show(words))
    for each in one.tables:
        _write(made.add_paragraph(), show(each.title), fonts=_HEAD, bold=True)
        _table(made, each, show, across)
    for words in one.blanks:
        _write(made.add_paragraph(), show(words))
    signed = made.add_paragraph()
    signed.alignment = 2
    _write(signed, show(one.signed))
    return _packed(made)


def _is_wide(one: Notice) -> bool:
    """Whether a table has so many columns that the page is laid across."""
    return any(len(each.columns) > _UPRIGHT for each in one.tables)


def _settle(made: Document) -> None:
    """Set what a program would fill in by the clock and the user."""
    properties = made.core_properties
    properties.author, properties.last_modified_by, properties.comments = "allocator", "allocator", ""
    properties.created = properties.modified = properties.last_printed = _STAMP
    properties.revision = 1


def _write(
    paragraph: Paragraph,
    words: str,
    *,
    size: float = _SIZE,
    fonts: tuple[str, str] = _BODY,
    bold: bool = False,
) -> None:
    """Write words with a Latin and a Chinese font."""
    from docx.oxml.ns import qn
    from docx.shared import Pt

    run = paragraph.add_run("".join("�" if _unfit(c) else c for c in words))
    run.font.size, run.font.bold, run.font.name = Pt(size), bold, fonts[0]
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), fonts[1])


def _unfit(letter: str) -> bool:
    """Whether a document cannot hold a letter: control characters but line ends and tabs, halves, and what is none."""
    return letter not in "\n\t" and (category(letter) in ("Cc", "Cs") or letter in "\ufffe\uffff")


def _numbered(paragraph: Paragraph) -> None:
    """Put the number of the page into a paragraph."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    paragraph.alignment = 1
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._element.append(field)


def _table(made: Document, found: Table, show: Show, across: float) -> None:
    """Add a table with a head that is repeated and rows that are not torn."""
    from docx.oxml import OxmlElement

    grid = made.add_table(rows=1 + len(found.rows), cols=len(found.columns), style="Table Grid")
    grid.autofit = False
    lines = [[show(cell) for cell in line] for line in (found.columns, *found.rows)]
    widths = _widths(lines, across)
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    for at, (row, line) in enumerate(zip(grid.rows, lines, strict=True)):
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if not at:
            properties.append(OxmlElement("w:tblHeader"))
        for cell, words, width in zip(row.cells, line, widths, strict=True):
            cell.width = width
            _write(cell.paragraphs[0], words, size=_SMALL, bold=not at)
    made.add_paragraph()


def _widths(lines: Sequence[Sequence[str]], across: float) -> list[int]:
    """Divide the width of a page of so many centimetres among columns, by what stands in them; in units of a document."""
    from docx.shared import Cm

    def long(words: str) -> int:
        return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in words)

    wanted = [_LETTER * max(long(line[i]) for line in lines) + _EDGES for i in range(len(lines[0]))]
    sure = [min(one, _SURE) for one in wanted]
    more = [min(one - least, _MOST) for one, least in zip(wanted, sure, strict=True)]
    rest = (across - 2 * _MARGIN - sum(sure)) / max(sum(more), 1e-9)
    return [int(Cm(least + rest * extra)) for least, extra in zip(sure, more, strict=True)]


def _packed(made: Document) -> bytes:
    """Return the document with every part dated alike."""
    raw, out = BytesIO(), BytesIO()
    made.save(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = zipfile.ZipInfo(name, _STAMP.timetuple()[:6])
            part.compress_type, part.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new.writestr(part, old.read(name))
    return out.getvalue()
