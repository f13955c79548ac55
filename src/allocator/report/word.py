"""Notices as Word documents: A4, in the typefaces of official documents, the same bytes for the same notices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from allocator.report.html import show_cell
from allocator.report.notices import Notice, Notices
from allocator.report.parts import Table, breadth

_BODY, _HEAD, _LATIN = "SimSun", "SimHei", "Times New Roman"  # 宋体, 黑体, as official documents are set
_TWIPS = 1440 / 25.4  # of a millimetre
_SHORT_HEAD = 8  # characters of the head of a column that is not broken over lines
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLES = {"Normal", "Title", "Subtitle", "Heading 1", "Body Text", "Header", "Footer", "Table Grid"}
_UPRIGHT_COLUMNS = 7  # of a table on an upright page
_DAY = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can name


@dataclass(frozen=True)
class _Sheet:
    """A sheet of paper: its sides and margins in mm, and the size of letters in tables in points."""

    width: int
    height: int
    side: int
    end: int
    size: int

    @property
    def across(self) -> int:
        """Twips between the margins."""
        return round((self.width - 2 * self.side) * _TWIPS)


_UPRIGHT, _LANDSCAPE = _Sheet(210, 297, 22, 22, 10), _Sheet(297, 210, 15, 22, 9)  # A4


def documents(told: Notices, some: Sequence[Notice]) -> Iterator[bytes]:
    """Yield the content of each notice's document.

    One document is filled again and again: reading its styles takes longer than all the rest.
    """
    document = Document()
    _lighten(document)
    _set_styles(document, chinese=told.language == "zh")
    _set_margins(document, _plain(told.notice))
    day = datetime(told.year, 9, 1, tzinfo=UTC)
    for notice in some:
        _fill(document, told, notice)
        _set_properties(document, show_cell(notice.title, told.language), told.language, day)
        written = BytesIO()
        document.save(written)
        yield _sealed(written.getvalue())


def _plain(words: str) -> str:
    """Put words on one line; what XML cannot hold is shown as what it is: not to be read."""
    return re.sub("[\t\n\r]+", " ", _NOT_XML.sub("�", words))


def _sealed(content: bytes) -> bytes:
    """Write a document anew without the time and the system it was written on."""
    out = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = ZipInfo(name, _DAY)
            entry.compress_type, entry.create_system, entry.external_attr = ZIP_DEFLATED, 0, 0
            new.writestr(entry, old.read(name))
    return out.getvalue()


# --- what all documents have in common


def _lighten(document: Any) -> None:
    """Take out what the empty document of the library brings and no notice needs: nine tenths of the size."""
    for rels in (document.part.rels, document.part.package.rels):
        for key, rel in list(rels.items()):
            if rel.reltype.rpartition("/")[2] in ("stylesWithEffects", "customXml", "thumbnail", "numbering"):
                del rels[key]
    for style in list(document.styles):
        if style.name not in _STYLES and not style.element.get(qn("w:default")):
            style.element.getparent().remove(style.element)


def _set_styles(document: Any, *, chinese: bool) -> None:
    defaults = document.styles.element.find(qn("w:docDefaults"))
    for language in defaults.iter(qn("w:lang")):
        language.set(qn("w:val"), "en-GB")
        language.set(qn("w:eastAsia"), "zh-CN")
    for faces in defaults.iter(qn("w:rFonts")):  # by themes: what they name differs from machine to machine
        faces.attrib.clear()
        for script, face in (("ascii", _LATIN), ("hAnsi", _LATIN), ("eastAsia", _BODY)):
            faces.set(qn(f"w:{script}"), face)
    centre, left = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.LEFT
    _set_style(document, "Normal", _BODY, 12, left, after=6)
    _set_style(document, "Title", _HEAD, 20, centre, after=4)
    _set_style(document, "Subtitle", _HEAD, 12, centre, after=10)
    _set_style(document, "Heading 1", _HEAD, 12, left, after=4, before=12)
    _set_style(document, "Body Text", _BODY, 12, left, after=6, indent=chinese)
    for name in ("Header", "Footer"):
        _set_style(document, name, _BODY, 8, centre)
    document.styles["Heading 1"].paragraph_format.keep_with_next = True


def _set_style(
    document: Any,
    name: str,
    face: str,
    size: int,
    align: Any,
    *,
    after: int = 0,
    before: int = 0,
    indent: bool = False,
) -> None:
    """Set a style from nothing: those of the library are blue, and name typefaces by themes."""
    style = document.styles[name]
    for old in [child for child in style.element if child.tag in (qn("w:rPr"), qn("w:pPr"))]:
        style.element.remove(old)
    style.font.name, style.font.size = _LATIN, Pt(size)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), face)
    form = style.paragraph_format
    form.alignment, form.space_before, form.space_after, form.line_spacing = (
        align,
        Pt(before),
        Pt(after),
        1.25,
    )
    if indent:  # paragraphs of Chinese begin with two empty characters
        form.first_line_indent = Pt(2 * size)


def _set_margins(document: Any, notice: str) -> None:
    """Put the notice above and below every page, and its number below."""
    section = document.sections[0]
    section.header_distance = section.footer_distance = Mm(11)
    section.header.paragraphs[0].text = notice
    footer = section.footer.paragraphs[0]
    footer.text = notice
    number = section.footer.add_paragraph(style="Footer")
    number._p.extend([_field("PAGE"), _run(" / "), _field("NUMPAGES")])


def _set_properties(document: Any, title: str, language: str, day: datetime) -> None:
    about = document.core_properties
    about.author = about.last_modified_by = "allocator"
    about.created = about.modified = day
    about.title, about.comments, about.language, about.revision = title, "", language, 1


# --- one document


def _fill(document: Any, told: Notices, notice: Notice) -> None:
    """Put a notice in the place of what the document held before."""
    across = any(len(table.columns) > _UPRIGHT_COLUMNS for table in notice.tables)
    body, sheet = document.element.body, _LANDSCAPE if across else _UPRIGHT
    for old in [child for child in body if child.tag != qn("w:sectPr")]:
        body.remove(old)
    section = document.sections[0]
    section.page_width, section.page_height = Mm(sheet.width), Mm(sheet.height)
    section.orientation = WD_ORIENT.LANDSCAPE if across else WD_ORIENT.PORTRAIT
    section.left_margin = section.right_margin = Mm(sheet.side)
    section.top_margin = section.bottom_margin = Mm(sheet.end)
    end = body.find(qn("w:sectPr"))
    for made in _blocks(told, notice, sheet):
        end.addprevious(made)


def _blocks(told: Notices, notice: Notice, sheet: _Sheet) -> Iterator[Any]:
    """Yield the paragraphs and tables of a notice."""
    language = told.language
    yield _paragraph(show_cell(notice.title, language), "Title")
    yield _paragraph(show_cell(told.heading, language), "Subtitle")
    if to := show_cell(notice.to, language):
        yield _paragraph(to, "Normal", together=True)
    for words in notice.paragraphs:
        yield _paragraph(show_cell(words, language), "Body Text")
    for table in notice.tables:
        yield _paragraph(show_cell(table.title, language), "Heading 1")
        yield _table(table, language, sheet)
        gap = _made("spacing", after="0", line="120", lineRule="exact")
        yield _made("p", _made("pPr", gap))  # two tables without one between them become one
    for words in notice.blanks:
        yield _paragraph(show_cell(words, language), "Normal", together=True)
    yield _paragraph(show_cell(notice.signed, language), "Normal", "right")


def _table(table: Table, language: str, sheet: _Sheet) -> Any:
    """Return a table whose head stands on every page and whose rows stay whole."""
    head = [show_cell(column, language) for column in table.columns]
    rows = [[show_cell(cell, language) for cell in row] for row in table.rows]
    widths = _widths(head, rows, sheet)
    grid = _made("tblGrid", *(_made("gridCol", w=str(width)) for width in widths))
    form = _made(
        "tblPr",
        _made("tblStyle", val=_style_id("Table Grid")),
        _made("tblW", w=str(sum(widths)), type="dxa"),
        _made("tblInd", w="70", type="dxa"),
        _made("tblLayout", type="fixed"),
        _made("tblCellMar", *(_made(side, w="70", type="dxa") for side in ("left", "right"))),
    )
    lines = (_line(cells, widths, sheet.size, head=i == 0) for i, cells in enumerate([head, *rows]))
    return _made("tbl", form, grid, *lines)


def _widths(head: Sequence[str], rows: Sequence[Sequence[str]], sheet: _Sheet) -> list[int]:
    """Share the width of the page out: narrow columns get what they need, and wide ones alike what is left."""
    wanted = []
    for c, title in enumerate(head):
        above = breadth(title) if breadth(title) <= _SHORT_HEAD else breadth(title) / 2
        wanted.append(max(above, *(breadth(row[c]) for row in rows)) + 3)
    left, widths = sheet.across / (10 * sheet.size), [0.0] * len(head)  # a letter is half as wide as high
    for done, c in enumerate(sorted(range(len(head)), key=wanted.__getitem__)):
        widths[c] = min(wanted[c], left / (len(head) - done))
        left -= widths[c]
    return [round(sheet.across * width / sum(widths)) for width in widths]


def _line(cells: Sequence[str], widths: Sequence[int], size: int, *, head: bool) -> Any:
    form = _made("trPr", _made("cantSplit"), *([_made("tblHeader")] if head else []))
    made = []
    for words, width in zip(cells, widths, strict=True):
        shape = [_made("tcW", w=str(width), type="dxa")]
        if head:
            shape.append(_made("shd", val="clear", color="auto", fill="EDEDED"))
        run = _run(words, size=size, face=_HEAD if head else "")
        space = _made("spacing", before="30", after="30", line="240", lineRule="auto")
        made.append(_made("tc", _made("tcPr", *shape), _made("p", _made("pPr", space), run)))
    return _made("tr", form, *made)


def _paragraph(words: str, style: str, align: str = "", together: bool = False) -> Any:
    form = [_made("pStyle", val=_style_id(style))]
    if together:
        form.append(_made("keepNext"))
    if align:
        form.append(_made("jc", val=align))
    return _made("p", _made("pPr", *form), _run(words))


def _style_id(name: str) -> str:
    return name.replace(" ", "")


def _run(words: str, size: int = 0, face: str = "") -> Any:
    """Return words as they are: nothing in them is ever read as code or a formula."""
    form = []
    if face:
        form.append(_made("rFonts", eastAsia=face))
    if size:
        form.append(_made("sz", val=str(2 * size)))
    held = OxmlElement("w:t")
    held.text = _plain(words)
    held.set(qn("xml:space"), "preserve")
    return _made("r", *([_made("rPr", *form)] if form else []), held)


def _field(name: str) -> Any:
    """Return a field that the reader's program reckons, such as the number of the page."""
    return _made("fldSimple", _run("1"), instr=name)


def _made(tag: str, *children: Any, **attributes: str) -> Any:
    """Return an element of a document with its children and attributes."""
    made = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), value)
    made.extend(children)
    return made
