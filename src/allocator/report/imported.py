"""What an import made of a bureau's files, as a page: mapped, concluded, left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from allocator.errors import Issue
from allocator.report.parts import Line, Mark, Table
from allocator.report.story import Story, told
from allocator.scenario.importers.run import Imported, SheetReport
from allocator.scenario.schema import SHEETS, columns_of
from allocator.words import Text, both, text

_KINDS = {
    "person": text("people of the staff"),
    "school": text("list of schools"),
    "statistics": text("statistics of a school"),
    "left": text("left"),
}
_HOW = {
    "known": text("by its name"),
    "alike": text("guessed: almost its name"),
    "given": text("by the mapping file"),
    "left": text("left"),
}
_MANY = 60
_OWN = {
    "id_card": text("ID-card number: month of birth and sex are taken, then it is dropped"),
    "school": text("name of the school"),
    "school_code": text("code of the school"),
    "grade": text("grade taught, for the stage"),
    "backbone_yes": text("backbone teacher or not"),
    "publicly_funded": text("publicly funded graduate or not"),
    "special_post": text("special post or not"),
}


def import_story(imported: Imported, missing: tuple[Issue, ...], language: str, title: str) -> Story:
    """Tell what was mapped, concluded and left, and what is still missing.

    Parameters
    ----------
    missing
        What the checks of the scenario find.
    """
    return Story(
        title=text("Import: {title}", title=title),
        subtitle=text("What was made of the files, and what is still missing"),
        notice="",
        language=language,
        verdict=tuple(_verdict(imported, missing)),
        chapters=told(
            (
                *_missing(missing, language),
                *_look(imported, language),
                _sheets(imported),
                *(_columns(sheet) for sheet in imported.sheets if sheet.headings),
            )
        ),
    )


def _verdict(imported: Imported, missing: tuple[Issue, ...]) -> Iterator[Mark]:
    n = {name: len(rows) for name, rows in imported.tables.items()}
    yield Mark(
        text(
            "Read: {schools} schools, {sections} sections, {teachers} teachers.",
            schools=n["schools"],
            sections=n["sections"],
            teachers=n["teachers"],
        ),
        None,
    )
    guessed = [h.header for s in imported.sheets for h in s.headings if h.how == "alike"]
    if guessed:
        yield Mark(text("Guessed headers, to be looked at: {names}", names=guessed), False)
    if gone := sum(sheet.gone for sheet in imported.sheets):
        yield Mark(text("Rows of people who have left the service, not taken over: {n}", n=gone), None)
    if n_told := len(imported.issues):
        yield Mark(text("Things to look at: {n}", n=n_told), False)
    errors = sum(issue.severity == "error" for issue in missing)
    if errors:
        yield Mark(text("Still missing or wrong before it can be solved: {n}", n=errors), False)
    else:
        yield Mark(text("The scenario can be solved."), True)


def _missing(missing: tuple[Issue, ...], language: str) -> Iterator[Table]:
    """Count what the checks find by table and column."""
    counted = Counter(
        (issue.file.rpartition("/")[2], issue.column or "—", issue.severity) for issue in missing
    )
    if not counted:
        return
    first: dict[tuple[str, str, str], Issue] = {}
    for issue in missing:
        first.setdefault((issue.file.rpartition("/")[2], issue.column or "—", issue.severity), issue)
    lines: tuple[Line, ...] = tuple(
        (
            file,
            column,
            Mark(text("error") if severity == "error" else text("warning"), severity != "error"),
            str(n),
            first[file, column, severity].say(language),
        )
        for (file, column, severity), n in counted.items()
    )
    heads = text("table"), text("column"), text("kind"), text("how many"), text("the first of them")
    yield Table(text("Still missing or wrong"), heads, lines, wide=True)


def _look(imported: Imported, language: str) -> Iterator[Table]:
    if imported.issues:
        lines: tuple[Line, ...] = tuple((issue.say(language),) for issue in imported.issues)
        heads = (text("What was found and what was done"),)
        yield Table(text("To be looked at"), heads, lines, wide=len(lines) > _MANY)


def _sheets(imported: Imported) -> Table:
    lines: tuple[Line, ...] = tuple(
        (
            sheet.file,
            sheet.sheet or "—",
            Mark(_KINDS[sheet.kind], sheet.kind != "left"),
            str(sheet.header_row) if sheet.header_row else "—",
            str(sheet.rows),
        )
        for sheet in imported.sheets
    )
    heads = text("file"), text("sheet"), text("read as"), text("row of the header"), text("rows or figures")
    return Table(text("Files and sheets"), heads, lines)


def _columns(sheet: SheetReport) -> Table:
    """List the columns of one sheet."""
    statistics = sheet.kind == "statistics"
    lines: tuple[Line, ...] = tuple(
        (
            str(heading.column) if statistics else heading.header or "—",
            heading.header if statistics else _field(sheet.kind, heading.field),
            _field("school", heading.field) if statistics else Mark(_HOW[heading.how], _good(heading.how)),
        )
        for heading in sheet.headings
    )
    heads = (
        (text("row"), text("words in the form"), text("fills"))
        if statistics
        else (text("header"), text("fills"), text("how"))
    )
    name = (
        text("{file}, sheet {sheet}", file=sheet.file, sheet=sheet.sheet)
        if sheet.sheet
        else both(sheet.file, sheet.file)
    )
    return Table(name, heads, lines)


def _good(how: str) -> bool | None:
    return {"known": True, "given": True, "alike": False}.get(how)


def _field(kind: str, field: str) -> Text | str:
    """Name what a header fills: table and column."""
    if not field:
        return "—"
    if field in _OWN:
        return _OWN[field]
    tables = ("teachers",) if kind == "person" else ("schools", "sections")
    for table in tables:
        column = columns_of(table).get(field)
        if column is not None:
            return both(f"{SHEETS[table]}：{column.alias}", f"{table}: {field}")
    return field
