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
