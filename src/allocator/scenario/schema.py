"""The attribute table: every column of every table, with its alias, type, unit, default and meaning.

The table itself is data (``columns.csv``); it drives reading, checking and the docs page.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

KEYS: dict[str, tuple[str, ...]] = {
    "schools": ("school_id",),
    "sections": ("school_id", "stage"),
    "teachers": ("teacher_id",),
    "posts": ("school_id", "stage", "subject"),
    "travel": ("from_id", "to_id"),
    "enrolment": ("school_id", "stage"),
    "forecast": ("school_id", "stage", "year"),
}
PLAIN: dict[str, tuple[str, ...]] = {"points": ("point_id",), "sites": ("site_id",)}
"""Keys of the tables of :mod:`allocator.sites`, which are no part of a scenario."""
NEEDED = ("schools", "sections", "teachers")
SHEETS: dict[str, str] = {
    "scenario": "方案",
    "schools": "学校",
    "sections": "学段",
    "teachers": "教师",
    "posts": "岗位",
    "travel": "路程",
    "enrolment": "预计学生数",
    "forecast": "学生数预测",
    "plan": "安排",
    "points": "居住点",
    "sites": "校址",
}
"""Chinese name of the sheet of every table of a workbook, and of its settings."""


@dataclass(frozen=True)
class Column:
    """One column of one table.

    ``kind`` is one of id, ids, text, choice, flag, whole, number, fraction, latitude, longitude, month,
    stage, subject, subjects, shares. ``default`` stands where a cell is blank; an empty default means "not
    known". ``least`` and ``most`` bound whole numbers and numbers; what is beyond them is a slip of the
    keyboard, not a district.
    """

    table: str
    name: str
    alias: str
    kind: str
    unit: str
    default: str
    required: bool
    choices: tuple[str, ...]
    least: float
    most: float
    meaning: str
    meaning_zh: str


@cache
def columns() -> tuple[Column, ...]:
    """Read the attribute table."""
    path = Path(__file__).with_name("columns.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Column(
                row["table"],
                row["name"],
                row["alias"],
                row["kind"],
                row["unit"],
                row["default"],
                row["required"] == "yes",
                tuple(filter(None, row["choices"].split("|"))),
                float(row["least"] or 0),
                float(row["most"] or 1e12),
                row["meaning"],
                row["meaning_zh"],
            )
            for row in csv.DictReader(file)
        )


@cache
def columns_of(table: str) -> dict[str, Column]:
    """Columns of one table by name."""
    return {c.name: c for c in columns() if c.table == table}


@cache
def choice_names(table: str, column: str, kind: str) -> tuple[tuple[str, str], ...]:
    """Return the Chinese names of the codes of a column, each with its code: those to write first, then the others.

    ``choices.csv`` names a column of one table, or of all by the kind of their cells; flags are of all.
    """
    path = Path(__file__).with_name("choices.csv")
    of_kind = {"subjects": "subject", "flag": "*"}.get(kind, kind)
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if (row["table"], row["column"]) in ((table, column), ("*", of_kind))
        ]
    first = [(row["zh"], row["code"]) for row in rows]
    return (*first, *((name, row["code"]) for row in rows for name in row["also"].split("|") if name))
