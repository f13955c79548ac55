"""What a cell may hold: each kind of column turns the text of a cell into a value, or refuses it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from allocator.domain import Standard
from allocator.scenario.schema import Column
from allocator.words import Text, text

_WHOLE = re.compile(r"\d{1,9}(\.0+)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,12}(\.\d+)?", re.ASCII)
_SIGNED = re.compile(r"-?\d{1,3}(\.\d+)?", re.ASCII)
_MONTH = re.compile(r"(1[89]\d\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])", re.ASCII)
_ID = re.compile(r"[^\s;:,；：，]{1,64}")


class CellRefused(ValueError):
    """A cell that cannot be used; carries what was expected and the way out."""

    def __init__(self, expected: Text, remedy: Text | None = None) -> None:
        self.expected = expected
        self.remedy = remedy or text("correct the cell")
        super().__init__(str(expected))


def reader(column: Column, standard: Standard) -> Callable[[str], Any]:
    """Return the function that reads a cell of a column."""
    choices = {"stage": tuple(standard.stages), "subject": tuple(standard.subjects), "flag": ("yes", "no")}
    if column.kind in choices or column.kind == "choice":
        known = column.choices or choices[column.kind]
        return lambda cell: _flag(_choice(cell, known)) if column.kind == "flag" else _choice(cell, known)
    if column.kind == "subjects":
        return lambda cell: tuple(_choice(part, choices["subject"]) for part in _parts(cell))
    return _READERS[column.kind]


def missing(column: Column) -> Any:
    """Return the value of a blank cell without a default."""
    if column.kind in ("whole", "number", "fraction", "latitude", "longitude", "month"):
        return math.nan
    return () if column.kind in ("ids", "subjects", "shares") else None


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.replace("；", ";").split(";") if part.strip()]


def _choice(cell: str, known: tuple[str, ...]) -> str:
    if cell not in known:
        raise CellRefused(text("one of {choices}", choices=list(known)), text("choose one of them"))
    return cell


def _flag(cell: str) -> bool:
    return cell == "yes"


def _whole(cell: str) -> float:
    if not _WHOLE.fullmatch(cell):
        raise CellRefused(text("a whole number of at least 0"))
    return float(cell)


def _number(cell: str) -> float:
    if not _NUMBER.fullmatch(cell):
        raise CellRefused(text("a number of at least 0, without units or separators"))
    return float(cell)


def _fraction(cell: str) -> float:
    value = _number(cell)
    if not 0 < value <= 1:
        raise CellRefused(text("a share above 0 and at most 1"))
    return value


def _degrees(limit: float) -> Callable[[str], float]:
    def read(cell: str) -> float:
        if not _SIGNED.fullmatch(cell) or abs(float(cell)) > limit:
            raise CellRefused(text("degrees between -{limit} and {limit}", limit=int(limit)))
        return float(cell)

    return read


def _month(cell: str) -> float:
    if not _MONTH.fullmatch(cell):
        raise CellRefused(text("a month such as 2009-08"), text("write it as year-month: 2009-08"))
    year, month = cell.split("-")
    return float(int(year) * 12 + int(month) - 1)


def _id(cell: str) -> str:
    if not _ID.fullmatch(cell):
        raise CellRefused(
            text("a code of at most 64 characters without spaces, commas, colons or semicolons"),
            text("use a simple code"),
        )
    return cell


def _ids(cell: str) -> tuple[str, ...]:
    return tuple(_id(part) for part in _parts(cell))


def _shares(cell: str) -> tuple[tuple[str, float], ...]:
    found = []
    for part in _parts(cell):
        school, _, share = part.replace("：", ":").partition(":")
        found.append((_id(school.strip()), _fraction(share.strip())))
    if sum(share for _, share in found) > 1:
        raise CellRefused(text("shares that add up to at most 1"))
    return tuple(found)


_READERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "id": _id,
    "ids": _ids,
    "whole": _whole,
    "number": _number,
    "fraction": _fraction,
    "latitude": _degrees(90),
    "longitude": _degrees(180),
    "month": _month,
    "shares": _shares,
}
