"""The result as one workbook: lists that can be filtered and printed, and the CVs as live formulas.

An inspector can follow every coefficient to its cells, and change a figure to see what it does. Text never becomes a
formula, a number or a link, whatever it begins with.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from allocator.metrics import snapshot
from allocator.metrics.indicators import Reading, counted, readings
from allocator.metrics.shortfalls import UNITS
from allocator.problem import Ints, Problem
from allocator.report.answer import Answer, Traced
from allocator.report.files import plan_rows
from allocator.report.frontier import rows as frontier_rows
from allocator.report.names import ROUND_NAMES
from allocator.report.parts import Cell, breadth
from allocator.report.scorecard import school_names
from allocator.report.story import Story
from allocator.words import Text, say, text

_WIDEST, _ALONE, _NARROWEST = 48, 110, 7  # of a column, in characters
_LINE = 15  # points high
_NOTHING = "—"
_LONGEST = 32_000  # characters that a cell holds
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_YES = {True: text("yes"), False: text("no")}


@dataclass(frozen=True)
class Formula:
    """A formula with the value that it has now, for readers that do not reckon."""

    written: str
    value: float | str


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, the heads of its columns, its rows, and what stands below them."""

    name: Text
    columns: Sequence[Cell]
    rows: Sequence[Sequence[Any]]
    notes: Sequence[Text] = field(default_factory=tuple)


def workbook(answer: Answer, told: Story, *, names: bool = False) -> bytes:
    """Return the workbook of a result.

    Parameters
    ----------
    told
        The story of the same answer: its verdict stands first.
    names
        Whether people's names may stand beside their codes.
    """
    problem, plan = answer.problem, answer.result.plan
    times = (snapshot.today(problem), snapshot.september(problem, plan))
    read = readings(problem, times)
    data = [_amounts(problem, each, name) for each, name in zip(read, _DATA, strict=True)]
    sheets = [
        _first(answer, told),
        _moves(answer, names=names),
        _balance(answer, read, told.language),
        _sections(answer),
        _posts(answer, text("Posts"), empty=False),
        _posts(answer, text("Empty posts"), empty=True),
        _journeys(answer),
        *([_frontier(answer.frontier)] if answer.frontier else []),
        *data,
    ]
    return written([sheet for sheet in sheets if sheet.rows], told, answer)


_DATA = (text("Amounts today"), text("Amounts September"))


def _first(answer: Answer, told: Story) -> Sheet:
    """Say whose it is and what must be known first."""
    rows: list[tuple[Any, ...]] = [(told.title,), (told.subtitle,)]
    rows += [(told.notice,)] if told.notice else []
    rows += [(mark.words,) for mark in told.verdict]
    rows += [
        (text("{file}: SHA-256 {hash}", file=name, hash=sha),) for name, sha in answer.problem.files.items()
    ]
    return Sheet(text("Read first"), (text("What must be known first"),), rows)


def _moves(answer: Answer, *, names: bool) -> Sheet:
    """List everybody with another place, or without one."""
    problem, schools = answer.problem, school_names(answer.problem)
    stages, subjects = problem.standard.stages, problem.standard.subjects
    people = dict(zip(problem.teachers.ids, problem.teachers.table["name"], strict=True))
    rows = []
    for row in plan_rows(answer):
        ends = [
            (
                schools.get(row[f"{end}_school"], ""),
                stages[row[f"{end}_stage"]].name if row[f"{end}_stage"] else "",
                subjects[row[f"{end}_subject"]].name if row[f"{end}_subject"] else "",
            )
            for end in ("from", "to")
        ]
        if row["round"] == "stay":
            continue
        rows.append(
            (
                row["teacher_id"],
                *([people[row["teacher_id"]] or ""] if names else []),
                *ends[0],
                *ends[1],
                ROUND_NAMES[row["round"]],
                row["km"],
                row["cross_zone"],
                row["cross_stage"],
                row["reason"],
            )
        )
    columns = (
        text("Teacher"),
        *([text("Name")] if names else []),
        text("From school"),
        text("From stage"),
        text("From subject"),
        text("To school"),
        text("To stage"),
        text("To subject"),
        text("Round"),
        text("km"),
        text("Other zone"),
        text("Other stage"),
        text("Reason"),
    )
    return Sheet(text("Moves"), columns, rows)


def _sections(answer: Answer) -> Sheet:
    """Show every section today and in September."""
    standard, schools = answer.problem.standard, school_names(answer.problem)
    official = standard.official or tuple(standard.indicators)
    rows = [
        (
            schools[row.school_id],
            standard.stages[row.stage].name,
            row.pupils_before,
            row.pupils,
            row.classes,
            row.quota,
            row.headcount_before,
            row.headcount_after,
            row.conforms_before,
            row.conforms_after,
            *(
                measure.value
                for name in official
                for measure in (row.values[name].value_before, row.values[name].value_after)
            ),
        )
        for row in answer.card.sections
    ]
    columns = (
        text("School"),
        text("Stage"),
        text("Pupils today"),
        text("Pupils September"),
        text("Classes September"),
        text("Quota September"),
        text("Teachers today"),
        text("Teachers September"),
        text("Conforms today"),
        text("Conforms September"),
        *(
            text("{indicator}, {time}", indicator=standard.indicators[name].name, time=time)
            for name in official
            for time in (text("today"), text("September"))
        ),
    )
    return Sheet(text("Schools"), columns, rows)


def _posts(answer: Answer, name: Text, *, empty: bool) -> Sheet:
    """List the posts of every subject, or those that stay empty."""
    standard, schools = answer.problem.standard, school_names(answer.problem)
    rows = [
        (
            schools[row.school_id],
            standard.stages[row.stage].name,
            standard.subjects[row.subject].name,
            row.posts_before,
            row.filled_before,
            row.posts,
            row.filled_after,
            row.unfilled,
            row.extra,
        )
        for row in answer.card.posts
        if row.unfilled
        or (not empty and (row.posts or row.filled_before or row.posts_before or row.filled_after))
    ]
    columns = (
        text("School"),
        text("Stage"),
        text("Subject"),
        text("Posts today"),
        text("Filled today"),
        text("Posts in September"),
        text("Filled in September"),
        text("Empty"),
        text("Beyond posts"),
    )
    return Sheet(name, columns, rows)


def _frontier(traced: Traced) -> Sheet:
    """List what every move budget allows."""
    columns = {
        "moves": text("Moves allowed"),
        "used": text("Moves made"),
        "evenness": text("Unevenness"),
        "bound": text("Cannot be below"),
        "gap": text("Gap"),
        "coverage": text("Empty posts, weighted"),
        "cvs_within": text("CVs within limits"),
        "cvs_judged": text("CVs with a limit"),
        "knee": text("Knee"),
        "own": text("Own budget"),
    }
    rows = [tuple(row[name] for name in columns) for row in frontier_rows(traced)]
    return Sheet(text("The frontier"), tuple(columns.values()), rows)


def _journeys(answer: Answer) -> Sheet:
    """List the pupils who change school."""
    standard, schools = answer.problem.standard, school_names(answer.problem)
    rows = [
        (
            schools[one.school_id],
            standard.stages[one.stage].name,
            schools[one.to_school],
            ", ".join(map(str, one.grades)),
            one.pupils,
            one.km,
            one.minutes,
        )
        for one in answer.problem.journeys
    ]
    columns = (
        text("From"),
        text("Stage"),
        text("Pupils go to"),
        text("Grades"),
        text("Pupils"),
        text("km"),
        text("Minutes"),
    )
    return Sheet(text("Pupils who change school"), columns, rows)


def _amounts(problem: Problem, read: Mapping[str, Reading], name: Text) -> Sheet:
    """Show what every section that counts has, stage by stage: what the formulas reckon with."""
    schools, standard = school_names(problem), problem.standard
    rows: list[tuple[Any, ...]] = []
    for stage, here in _blocks(problem, read):
        rows += [
            (
                schools[problem.school_ids[problem.sections.school[u]]],
                standard.stages[stage].name,
                int(next(iter(read.values())).pupils[u]),
                *(_known(one.amounts[u] / one.indicator.per) for one in read.values()),
            )
            for u in here.tolist()
        ]
    columns = (
        text("School"),
        text("Stage"),
        text("Pupils"),
        *(
            text(
                "{indicator}: {unit}", indicator=one.indicator.name, unit=UNITS.get(one.indicator.counts, "")
            )
            for one in read.values()
        ),
    )
    note = text(
        "What each section that the standard counts has in all, not for each pupil; teaching points that count with a school are added to it. The coefficients of the sheet of balance reckon with these cells."
    )
    return Sheet(name, columns, rows, (note,))


def _blocks(problem: Problem, read: Mapping[str, Reading]) -> Iterator[tuple[str, Ints]]:
    """Yield each stage with its sections that count, in the order of their rows."""
    at = next(iter(read.values())).snapshot
    for g, stage in enumerate(problem.stages):
        yield stage, counted(problem, at, g)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _balance(answer: Answer, read: Sequence[Mapping[str, Reading]], language: str) -> Sheet:
    """Show every coefficient of variation, today and in September, as a formula over the amounts."""
    problem = answer.problem
    rows: list[tuple[Any, ...]] = []
    cells = [_ranges(problem, each, say(name, language)) for each, name in zip(read, _DATA, strict=True)]
    measured = {(r.stage, r.indicator): r for r in answer.card.balance if r.measure == "cv"}
    places: dict[tuple[str, str], int] = {}
    for (stage, indicator), row in measured.items():
        known = problem.standard.indicators.get(indicator)
        at = places[stage, indicator] = len(rows) + 2
        found: list[Any] = []
        for column, ranges, measure in zip("DE", cells, (row.before, row.after), strict=True):
            why = "" if measure.why_not is None else say(measure.why_not, language)
            if known is None:
                listed = [f"{column}{places[stage, name]}" for name in problem.standard.official]
                written_ = _mean(listed, why or _no(language))
            elif (stage, indicator) in ranges:
                written_ = _cv(*ranges[stage, indicator], why or _no(language))
            else:  # no section counts
                found.append(why)
                continue
            found.append(Formula(written_, why if measure.value is None else measure.value))
        verdict: Any = ""
        if row.threshold is not None:
            met, missed = say(text("within"), language), say(text("above"), language)
            now = _NOTHING if row.after.value is None else met if row.pass_after else missed
            verdict = Formula(f'=IF(ISNUMBER(E{at}),IF(E{at}<=C{at},"{met}","{missed}"),"{_NOTHING}")', now)
        name = text("Composite CV") if known is None else known.name
        rows.append((problem.standard.stages[stage].name, name, row.threshold, *found, verdict))
    columns = (
        text("Stage"),
        text("Indicator"),
        text("Limit"),
        text("CV today"),
        text("CV September"),
        text("Verdict"),
    )
    note = text(
        "Live formulas: the coefficient of variation, weighted by pupils, of the amounts in the sheets 'Amounts today' and 'Amounts September'. Change a figure there to see what it does."
    )
    return Sheet(text("Balance"), columns, rows, (note,))


def _ranges(
    problem: Problem, read: Mapping[str, Reading], sheet: str
) -> dict[tuple[str, str], tuple[str, str]]:
    """Cells of the pupils and of the amounts of every indicator, of every stage where a section counts."""
    found, first = {}, 2
    for stage, here in _blocks(problem, read):
        last = first + len(here) - 1
        for place, indicator in enumerate(read if len(here) else ()):
            column = xl_col_to_name(3 + place)
            found[stage, indicator] = (
                f"'{sheet}'!$C${first}:$C${last}",
                f"'{sheet}'!${column}${first}:${column}${last}",
            )
        first = last + 1
    return found


def _no(language: str) -> str:
    return say(text("not known"), language)


def _cv(pupils: str, amounts: str, why: str) -> str:
    """Write the official coefficient of variation: deviations of each section's share from the mean, by pupils.

    Where an amount is missing it says why there is none: an empty cell is not 0.
    """
    mean, why = f"SUM({amounts})/SUM({pupils})", _in_quotes(why)
    cv = f"SQRT(SUMPRODUCT({pupils},({amounts}/{pupils}-{mean})^2)/SUM({pupils}))/({mean})"
    return f"=IFERROR(IF(COUNT({amounts})<ROWS({amounts}),{why},{cv}),{why})"


def _mean(cells: Sequence[str], why: str) -> str:
    """Write the mean of coefficients, all of which must be there."""
    listed, why = ",".join(cells), _in_quotes(why)
    return f"=IF(COUNT({listed})<{len(cells)},{why},AVERAGE({listed}))"


def _in_quotes(words: str) -> str:
    """Write a text inside a formula, which holds no longer ones."""
    return '"' + words.replace('"', '""')[:_INSIDE] + '"'


_INSIDE = 200


def written(sheets: Iterable[Sheet], told: Story, answer: Answer) -> bytes:
    """Write sheets: heads that stay in sight, filters, widths, and pages that can be printed."""
    held = BytesIO()
    book = xlsxwriter.Workbook(held, _OPTIONS)
    title = say(told.title, told.language) if isinstance(told.title, Text) else told.title
    book.set_properties(
        {"title": title, "comments": told.notice, "created": answer.began.replace(tzinfo=None)}
    )
    formats = {name: book.add_format({"valign": "top"} | how) for name, how in _FORMATS.items()}
    for sheet in sheets:
        page = book.add_worksheet(say(sheet.name, told.language))
        heads = [str(_shown(column, told.language)) for column in sheet.columns]
        shown = [[_shown(cell, told.language) for cell in row] for row in sheet.rows]
        widths = _widths(heads, shown)
        for c, width in enumerate(widths):
            page.set_column(c, c, width)
        for at, words in enumerate(heads):
            page.write_string(0, at, words, formats["head"])
        page.set_row(0, _LINE * _lines(heads, widths))
        for r, (row, values) in enumerate(zip(sheet.rows, shown, strict=True), start=1):
            if (lines := _lines(values, widths)) > 1:
                page.set_row(r, _LINE * lines)
            for c, (cell, value) in enumerate(zip(row, values, strict=True)):
                if isinstance(cell, Formula):
                    how = formats["text" if isinstance(cell.value, str) else "fine"]
                    page.write_formula(r, c, cell.written, how, cell.value)
                elif isinstance(value, str):
                    if value:
                        page.write_string(r, c, value[:_LONGEST], formats["text"])
                else:
                    page.write_number(r, c, value, formats["whole" if value == round(value) else "parts"])
        last = _below(page, told, sheet, widths, formats["quiet"])
        page.freeze_panes(1, 1 if len(heads) > 1 else 0)
        page.autofilter(0, 0, len(sheet.rows), len(heads) - 1)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(math.ceil(sum(widths) / _PAGE), 0)
        page.repeat_rows(0)
        page.repeat_columns(0)
        page.print_area(0, 0, last, len(heads) - 1)
        page.set_header(f"&L{_printed(title)}&R{_printed(say(sheet.name, told.language))}")
        page.set_footer(f"&L{_printed(told.notice)}&R&P / &N")
    book.close()
    return held.getvalue()


_FORMATS: dict[str, dict[str, Any]] = {
    "head": {"bold": True, "text_wrap": True, "bottom": 1, "bg_color": "#EEF2F7"},
    "text": {"text_wrap": True, "indent": 1},
    "whole": {"num_format": "#,##0_)"},
    "parts": {"num_format": "#,##0.00##_)"},
    "fine": {"num_format": "0.0000_)"},
    "quiet": {"text_wrap": True, "italic": True, "font_color": "#555555"},
}
_PAGE = 210  # characters across a page that can still be read
_HALF = 100  # characters of a head or foot of a page, which holds 255 in all


def _below(page: Any, told: Story, sheet: Sheet, widths: Sequence[float], how: Any) -> int:
    """Write the notice and the notes below a table, across its columns; returns the last row."""
    row, across = len(sheet.rows) + 1, sum(widths)
    for note in (told.notice, *sheet.notes):
        words = str(_shown(note, told.language))
        if not words:
            continue
        row += 1
        page.set_row(row, _LINE * max(math.ceil(_width(words) / across), 1))
        if len(widths) > 1:
            page.merge_range(row, 0, row, len(widths) - 1, "", how)
        page.write_string(row, 0, words[:_LONGEST], how)
    return row


def _lines(values: Sequence[str | float], widths: Sequence[float]) -> int:
    """Lines that the highest cell of a row takes."""
    return (
        max(math.ceil(_width(value) / (width - 1)) for value, width in zip(values, widths, strict=True)) or 1
    )


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str | float]]) -> list[float]:
    """Widths of the columns: of their longest cell within limits, of numbers alone where there are some; the only one is wide."""
    found = []
    for c, head in enumerate(heads):
        cells = [row[c] for row in rows]
        numbers = [cell for cell in cells if not isinstance(cell, str)]
        widest = max((_width(cell) for cell in numbers or cells), default=0)
        words = (
            max((_width(word) for word in head.split()), default=0) if head.isascii() else _width(head) / 3
        )
        found.append(max(widest, words, _width(head) / 3, _NARROWEST) + 2)
    limit = _ALONE if len(heads) == 1 else _WIDEST
    return [min(width, limit) for width in found]


def _printed(words: str) -> str:
    """Write a text of a head or foot of a page, where an ampersand stands twice; a long one is cut, and that is seen."""
    shown, used = "", 0
    for char in words:
        used += 2 if char == "&" else 1
        if used > _HALF:
            return shown + "…"
        shown += "&&" if char == "&" else char
    return shown


def _shown(cell: Any, language: str) -> str | float:
    """Return what a cell shows: text, or a number."""
    if cell is None:
        return ""
    if isinstance(cell, bool | np.bool_):
        return say(_YES[bool(cell)], language)
    if isinstance(cell, Text):
        return say(cell, language)
    if isinstance(cell, Formula):
        return cell.value if isinstance(cell.value, str) else float(cell.value)
    if isinstance(cell, int | float | np.integer | np.floating):
        return float(cell)
    return str(cell)


def _width(value: str | float) -> float:
    """Characters that a cell is wide."""
    words = value if isinstance(value, str) else f"{value:,.4g}"
    return breadth(words)
