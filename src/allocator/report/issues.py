"""Issues for people: grouped where there are many, and marked in a copy of the tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter

from allocator.errors import Issue
from allocator.scenario.raw import RawTable
from allocator.scenario.template import OPTIONS
from allocator.words import Text, both, say, text

_FEW = 60  # so many are told one by one
_SHOWN = 3  # of a kind, where there are more
_ROWS = 8  # rows named of the others
_MOST_NOTES = 20_000  # on one sheet
_MOST_TEXT = 32_000
_MADE = datetime(2020, 1, 1)
KINDS = {"error": text("error"), "warning": text("warning")}


def told(issues: Sequence[Issue], language: str) -> Iterator[str]:
    """Yield a line for every issue; of many, the first of each kind and the count and rows of the others.

    Issues are of one kind that stand in the same column of the same file and differ in their values alone.
    """
    if len(issues) <= _FEW:
        yield from (_line(issue, issue.say(language), language) for issue in issues)
        return
    for kind in _grouped(issues):
        shown = kind if len(kind) <= _SHOWN + 1 else kind[:_SHOWN]
        for issue in shown:
            yield _line(issue, issue.say(language), language)
        if rest := kind[len(shown) :]:
            rows = [str(issue.row) for issue in rest[:_ROWS] if issue.row is not None]
            more = ["…"] if len(rest) > len(rows) else []
            place = text(
                "{file}, column {column}", file=rest[0].file, column=rest[0].header or rest[0].column or "—"
            )
            words = text(
                "{place}: {n} more of this kind, rows {rows}", place=place, n=len(rest), rows=[*rows, *more]
            )
            yield _line(rest[0], say(words, language), language)


def _line(issue: Issue, words: str, language: str) -> str:
    bad = issue.severity == "error"
    return say(
        text("error: {words}", words=words) if bad else text("warning: {words}", words=words), language
    )


def _grouped(issues: Iterable[Issue]) -> list[list[Issue]]:
    groups: dict[tuple[object, ...], list[Issue]] = defaultdict(list)
    for issue in issues:
        kind = (issue.found.template, issue.expected.template, issue.remedy.template)
        groups[issue.severity, issue.file, issue.column, kind].append(issue)
    return list(groups.values())


def annotated(tables: Sequence[RawTable], issues: Sequence[Issue], language: str) -> bytes:
    """Return a workbook with the tables as they are, every cell with an issue marked, and a list of all issues.

    What is mended there can be read as a scenario: the list is no table. Text never becomes a formula or a link.

    Parameters
    ----------
    tables
        Files of the scenario as they stand.
    issues
        What was found; those of no cell are marked at the start of their row, those of no row are listed alone.
    """
    held = BytesIO()
    book = xlsxwriter.Workbook(held, OPTIONS)
    book.set_properties({"created": _MADE})
    formats = {name: book.add_format(how) for name, how in _FORMATS.items()}
    first = book.add_worksheet(say(both("问题", "issues"), language))
    at = {table.file: table for table in tables}
    by_file: dict[str, list[Issue]] = defaultdict(list)
    for issue in issues:
        by_file[issue.file].append(issue)
    names = _sheet_names(tables)
    for table in tables:
        page = book.add_worksheet(names[table.file])
        _marked(page, table, by_file[table.file], formats, language)
    _listed(first, issues, at, names, formats, language)
    book.close()
    return held.getvalue()


_FORMATS: dict[str, dict[str, Any]] = {
    "head": {"bold": True, "bg_color": "#EEF2F7", "bottom": 1},
    "text": {"num_format": "@"},
    "line": {"text_wrap": True, "valign": "top"},
    "error": {"num_format": "@", "bg_color": "#F8B4AE", "border": 1, "border_color": "#B42318"},
    "warning": {"num_format": "@", "bg_color": "#FDE8B0", "border": 1, "border_color": "#B7791F"},
    "link": {"font_color": "#1F4E79", "underline": 1, "valign": "top"},
}


def _sheet_names(tables: Sequence[RawTable]) -> dict[str, str]:
    """Name the sheet of every file: as a workbook of the scenario would; those of its bases with their folder."""
    names: dict[str, str] = {}
    for table in reversed(tables):
        name = table.sheet
        if name.casefold() in {known.casefold() for known in names.values()}:
            folder = "".join(c for c in table.layer if c not in "[]:*?/\\'")[: 29 - len(name)]
            name = f"{folder}·{name}"[:31]
        while name.casefold() in {known.casefold() for known in names.values()}:
            name = f"{name[:28]}·{len(names)}"
        names[table.file] = name
    return names


def _marked(
    page: Any, table: RawTable, issues: Sequence[Issue], formats: Mapping[str, Any], language: str
) -> None:
    """Write a table as it stands, with its marks."""
    marks: dict[tuple[int, int], list[Issue]] = defaultdict(list)
    for issue in issues:
        if issue.row is not None:
            marks[issue.row - 1, table.column(issue)].append(issue)
    for r, row in enumerate(table.rows):
        for c, cell in enumerate(row):
            if (r, c) not in marks and cell:
                page.write_string(r, c, cell[:_MOST_TEXT], formats["head" if r == 0 else "text"])
    for n, ((r, c), found) in enumerate(marks.items()):
        worst = "error" if any(issue.severity == "error" for issue in found) else "warning"
        cell = table.rows[r][c] if r < len(table.rows) and c < len(table.rows[r]) else ""
        if cell:
            page.write_string(r, c, cell[:_MOST_TEXT], formats[worst])
        else:
            page.write_blank(r, c, None, formats[worst])
        if n < _MOST_NOTES:
            words = "\n".join(say(_note(issue), language) for issue in found)
            page.write_comment(r, c, words[:_MOST_TEXT], {"x_scale": 2.2, "y_scale": 1.4})
    widths = [
        max((len(row[c].encode("gb18030")) for row in table.rows[:200] if c < len(row)), default=0)
        for c in range(len(table.rows[0]) if table.rows else 0)
    ]
    for c, width in enumerate(widths):
        page.set_column(c, c, min(max(width + 2, 8), 40))
    page.freeze_panes(1, 1)


def _note(issue: Issue) -> Text:
    return text(
        "{kind}: found {found}; expected {expected}; {remedy}",
        kind=KINDS[issue.severity],
        found=issue.found,
        expected=issue.expected,
        remedy=issue.remedy,
    )


def _listed(
    page: Any,
    issues: Sequence[Issue],
    at: Mapping[str, RawTable],
    names: Mapping[str, str],
    formats: Mapping[str, Any],
    language: str,
) -> None:
    """List all issues, each with the way to its cell."""
    heads = (
        (text("kind"), 8), (text("where"), 16), (text("row"), 8), (text("column"), 20),
        (text("found"), 45), (text("expected"), 45), (text("what to do"), 50),
    )  # fmt: skip
    for c, (head, width) in enumerate(heads):
        page.set_column(c, c, width)
        page.write_string(0, c, say(head, language), formats["head"])
    for r, issue in enumerate(issues, start=1):
        table = at.get(issue.file)
        page.write_string(r, 0, say(KINDS[issue.severity], language), formats[issue.severity])
        if table is not None:
            sheet = names[issue.file].replace("'", "''")
            cell = f"{_letters(table.column(issue))}{issue.row or 1}"
            page.write_url(r, 1, f"internal:'{sheet}'!{cell}", formats["link"], names[issue.file])
        else:
            page.write_string(r, 1, issue.file, formats["line"])
        if issue.row is not None:
            page.write_number(r, 2, issue.row, formats["line"])
        page.write_string(r, 3, issue.header or issue.column or "", formats["line"])
        for c, words in enumerate((issue.found, issue.expected, issue.remedy), start=4):
            page.write_string(r, c, say(words, language)[:_MOST_TEXT], formats["line"])
    page.autofilter(0, 0, max(len(issues), 1), len(heads) - 1)
    page.freeze_panes(1, 0)


def _letters(column: int) -> str:
    return str(xlsxwriter.utility.xl_col_to_name(column))
