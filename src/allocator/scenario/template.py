"""A workbook to fill, or filled with a scenario: a guide, the settings, one sheet a table, lists to choose from.

What it writes :func:`allocator.scenario.read.read_tables` reads back, cell by cell. Text never becomes a formula, a
number or a link, whatever it begins with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from allocator.domain import Standard
from allocator.scenario.cells import codes_of, names_of, written
from allocator.scenario.config import Layer, laid_over
from allocator.scenario.schema import KEYS, NEEDED, SHEETS, Column, columns_of
from allocator.scenario.settings_sheet import KEY, MEANING, VALUE
from allocator.scenario.settings_sheet import written as settings_rows
from allocator.words import Text, both, say, text

OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_MADE = datetime(2020, 1, 1)  # the same workbook, byte for byte, whenever it is made
_ROOM = 1000  # empty rows below the data that are checked as they are typed
_AS_TEXT = ("id", "ids", "text", "month", "shares", "subjects")
_REFERS = {
    "sections": ("school_id",),
    "teachers": ("school_id", "contract_school", "exchange_from"),
    "posts": ("school_id",),
    "travel": ("from_id", "to_id"),
    "enrolment": ("school_id",),
    "forecast": ("school_id",),
}
_WIDTHS = {"text": 18, "month": 11, "ids": 16, "subjects": 16, "shares": 18, "id": 12}
_EXAMPLES = {
    "id": "P01",
    "ids": "P01;P02",
    "month": "2009-08",
    "shares": "P02:0.4;P03:0.2",
    "latitude": "34.0125",
    "longitude": "116.8131",
    "fraction": "0.5",
    "whole": "42",
    "number": "1250.5",
}

UNITS: dict[str, Text] = {
    "pupils": text("pupils"),
    "people": text("people"),
    "rooms": text("rooms"),
    "posts": text("posts"),
    "computers": text("computers"),
    "books": text("books"),
    "months": text("months"),
    "years": text("years"),
    "points": text("points"),
    "yuan": text("yuan"),
    "full time": text("share of full time"),
    "m²": text("m²"),
    "km": text("km"),
    "min": text("minutes"),
    "°": text("degrees"),
}

TABLES: dict[str, Text] = {
    "schools": text("One row a school. Needed."),
    "sections": text("One row a school and stage: pupils by grade, rooms, buildings and equipment. Needed."),
    "teachers": text(
        "One row a teacher of the district, recruits too. Needed. Codes of the bureau's own; ID-card numbers are refused."
    ),
    "posts": text(
        "Posts that are published already; left empty, posts are reckoned from pupils and lessons."
    ),
    "travel": text("Ways between schools that are known; all others are reckoned from the map."),
    "enrolment": text("Pupils of next September, where they differ from today's."),
    "forecast": text("Pupils of later Septembers, against which closures are tried."),
}

SETTINGS: dict[str, Text] = {
    "title": text("Heading of the report. Needed."),
    "school_year": text("Year of the September for which teachers are placed. Needed."),
    "bureau": text("Name of the bureau."),
    "as_of": text("Day, month or year of the tables, such as 2019-09-30."),
    "language": text("Language of reports and messages: zh or en."),
    "standard": text("Standard of balance: cn-2017, cn-2012 or none."),
    "rulebook": text("Rules to begin with: cn-national or rotation; empty for those of the program."),
    "budget.moves": text(
        "Most teachers who may leave a school that stays open: 153, or 10% of the eligible."
    ),
    "budget.seconds": text("Limit in seconds for each level of the objective."),
    "objective.levels": text("What counts, the first before the second: coverage;evenness;wishes."),
    "notice": text("A sentence that stands on every result, such as that the data is generated."),
}


@dataclass(frozen=True)
class Filled:
    """What a workbook is filled with.

    Parameters
    ----------
    layers
        Settings of the scenario, the deepest base first.
    tables
        Its typed tables.
    """

    layers: Sequence[Layer]
    tables: Mapping[str, pd.DataFrame]


def template(standard: Standard, language: str, filled: Filled | None = None, out: Path = Path()) -> bytes:
    """Write a workbook that can be filled, checked and solved.

    Parameters
    ----------
    standard
        Names stages and subjects.
    language
        Of sheets, headers, names of codes and explanations: ``zh`` or ``en``. Both are read back.
    filled
        The scenario that it is filled with; None for empty tables.
    out
        Folder in which the workbook will lie, for settings that name other files.
    """
    held = BytesIO()
    book = xlsxwriter.Workbook(held, OPTIONS)
    book.set_properties({"created": _MADE})
    writer = _Writer(book, standard, language)
    writer.guide()
    writer.settings(dict(_settings(filled, out)) if filled else {})
    for name in KEYS:
        writer.table(name, filled.tables[name] if filled else None)
    writer.lists()
    book.close()
    return held.getvalue()


def _settings(filled: Filled, out: Path) -> Iterator[tuple[str, str]]:
    """Yield the settings of all layers as one; files that they name are named from the new folder."""
    merged: dict[str, Any] = {}
    for layer in filled.layers:
        own = dict(layer.settings)
        for key in ("standard", "rulebook"):
            if isinstance(own.get(key), str) and own[key].endswith(".toml"):
                own[key] = Path(os.path.relpath(layer.folder / own[key], out)).as_posix()
        merged = laid_over(merged, own)
    return settings_rows(merged)


class _Writer:
    """The workbook as it is being written."""

    def __init__(self, book: Any, standard: Standard, language: str) -> None:
        self.book, self.standard, self.language = book, standard, language
        self.formats = {name: book.add_format(how) for name, how in _FORMATS.items()}
        self.pages: list[tuple[str, str, tuple[str, ...]]] = []  # column, where its list stands, the list

    def say(self, words: Text) -> str:
        return say(words, self.language)

    def sheet_name(self, table: str) -> str:
        return SHEETS[table] if self.language == "zh" else table

    def guide(self) -> None:
        """Say how the workbook is filled."""
        page = self.book.add_worksheet(self.say(both("填表说明", "guide")))
        page.hide_gridlines(2)
        page.set_column(0, 0, 18)
        page.set_column(1, 1, 100)
        page.write_string(0, 0, self.say(text("How to fill this workbook")), self.formats["title"])
        row = 1
        for words in _GUIDE:
            page.write_string(row, 0, self.say(words), self.formats["line"])
            row += 1
        for name, words in TABLES.items():
            page.write_string(
                row + 1, 0, self.sheet_name(name), self.formats["needed" if name in NEEDED else "head"]
            )
            page.write_string(row + 1, 1, self.say(words), self.formats["line"])
            row += 1

    def settings(self, given: Mapping[str, str]) -> None:
        """Write the settings: those that are set, and those that are often wanted."""
        page = self.book.add_worksheet(self.sheet_name("scenario"))
        zh = self.language == "zh"
        for c, (names, width) in enumerate(((KEY, 26), (VALUE, 40), (MEANING, 80))):
            page.set_column(c, c, width, self.formats["cell"])
            page.write_string(0, c, names[zh], self.formats["head"])
        shown = {key: given.get(key, "") for key in SETTINGS} | dict(given)
        if not given:
            shown |= {"language": self.language, "standard": "cn-2017"}
        for r, (key, value) in enumerate(shown.items(), start=1):
            page.write_string(r, 0, key, self.formats["text"])
            if value:
                page.write_string(r, 1, value, self.formats["text"])
            else:
                page.write_blank(r, 1, None, self.formats["text"])
            if key in SETTINGS:
                page.write_string(r, 2, self.say(SETTINGS[key]), self.formats["line"])
        page.freeze_panes(1, 0)

    def table(self, name: str, rows: pd.DataFrame | None) -> None:
        """Write one table: header, cells, what may be chosen."""
        page = self.book.add_worksheet(self.sheet_name(name))
        n = 0 if rows is None else len(rows)
        for c, column in enumerate(columns_of(name).values()):
            needed = "needed" if column.required else "head"
            page.write_string(0, c, self._name(column), self.formats[needed])
            page.write_comment(0, c, self._told(column), {"x_scale": 2, "y_scale": 1.4})
            width = max(
                _WIDTHS.get(column.kind, 9),
                2 * len(column.alias) + 2 if self.language == "zh" else len(column.name) + 2,
            )
            page.set_column(c, c, width, self.formats["text" if column.kind in _AS_TEXT else "cell"])
            names = self._names(column)
            for r, value in enumerate(rows[column.name] if rows is not None else (), start=1):
                cell = written(column, value, names)
                if not cell:
                    continue
                if isinstance(value, float) and column.kind != "month" and float(f"{value:.16G}") == value:
                    page.write_number(r, c, value)  # a number of more digits is told in text
                else:
                    page.write_string(r, c, cell, self.formats["text"])
            self._checked(page, c, column, n)
        page.freeze_panes(1, 1)
        page.autofilter(0, 0, max(n, 1), len(columns_of(name)) - 1)

    def _name(self, column: Column) -> str:
        return column.alias if self.language == "zh" else column.name

    def _names(self, column: Column) -> dict[str, str]:
        """Return the name of every code in the language of the workbook."""
        if self.language != "zh":
            return {}
        first: dict[str, str] = {}
        for name, code in names_of(column, self.standard).items():
            first.setdefault(code, name)
        return first

    def _told(self, column: Column) -> str:
        """Say what a column holds: meaning, unit, what may stand there, an example."""
        lines = [both(column.meaning_zh, column.meaning)]
        if column.unit:
            lines.append(text("Unit: {unit}", unit=UNITS[column.unit]))
        codes, names = codes_of(column, self.standard), self._names(column)
        if codes is not None:
            lines.append(text("One of: {choices}", choices=[names.get(code, code) for code in codes]))
        elif column.kind in _EXAMPLES:
            lines.append(
                text("Example: {cell}", cell="2026" if column.name == "year" else _EXAMPLES[column.kind])
            )
        if column.default:
            lines.append(text("Left empty: {cell}", cell=names.get(column.default, column.default)))
        lines.append(text("Needed.") if column.required else text("May be empty."))
        return "\n".join(map(self.say, lines))

    def _checked(self, page: Any, c: int, column: Column, n: int) -> None:
        """Let a column hold what it may: a list to choose from, or numbers within limits."""
        last = max(n + _ROOM, 2 * n)
        if column.name in _REFERS.get(column.table, ()):
            source = f"='{self.sheet_name('schools')}'!$A$2:$A$3000"
            rule: dict[str, Any] = {"validate": "list", "source": source}
        elif column.kind in ("flag", "choice", "stage", "subject"):
            codes, names = codes_of(column, self.standard) or (), self._names(column)
            rule = {"validate": "list", "source": self._list([names.get(code, code) for code in codes])}
        elif column.kind in ("whole", "number"):
            rule = {
                "validate": "integer" if column.kind == "whole" else "decimal",
                "criteria": "between",
                "minimum": column.least,
                "maximum": column.most,
            }
        else:
            return
        rule |= {
            "error_title": self._name(column)[:32],
            "error_message": self.say(both(column.meaning_zh, column.meaning))[:250],
        }
        page.data_validation(1, c, last, c, rule)

    def _list(self, choices: Sequence[str]) -> str:
        """Return where a list of choices stands on the sheet of lists."""
        for _, where, known in self.pages:
            if known == tuple(choices):
                return where
        c = len(self.pages)
        letter = chr(65 + c) if c < 26 else "A" + chr(65 + c - 26)
        where = f"='{self.say(_LISTS)}'!${letter}$1:${letter}${len(choices)}"
        self.pages.append((letter, where, tuple(choices)))
        return where

    def lists(self) -> None:
        """Write the lists that cells choose from, out of sight."""
        page = self.book.add_worksheet(self.say(_LISTS))
        for c, (_, _, choices) in enumerate(self.pages):
            for r, choice in enumerate(choices):
                page.write_string(r, c, choice)
        page.hide()


_LISTS = both("选项", "lists")
_GUIDE = (
    text(
        "Fill the sheets below; each row is one school, one section or one teacher. The first row of a sheet stays as it is."
    ),
    text(
        "Dark headers must be filled. Point at a header to read what belongs there, in which unit, with an example."
    ),
    text(
        "Cells with a list take what the list offers. Months are written as 2009-08. Several codes in a cell are parted by semicolons."
    ),
    text("Columns that are not needed may be removed; columns of your own may be added and are not read."),
    text(
        "Then: allocator check WORKBOOK names everything that is wrong, with sheet, row and column; allocator solve WORKBOOK --out FOLDER makes the plan."
    ),
    text(
        "Nothing leaves this machine. ID-card numbers are not needed and are refused; names may be left out."
    ),
)
_FORMATS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "line": {"valign": "top"},
    "head": {"bold": True, "bg_color": "#EEF2F7", "border": 1, "border_color": "#B8C2CC"},
    "needed": {"bold": True, "bg_color": "#1F4E79", "font_color": "#FFFFFF", "border": 1},
    "text": {"num_format": "@"},
    "cell": {},
}
