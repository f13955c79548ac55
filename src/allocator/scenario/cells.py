"""What a cell may hold: each kind of column turns the text of a cell into a value, or refuses it."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from allocator.domain import Standard
from allocator.errors import Refused
from allocator.scenario.schema import Column
from allocator.words import Text, text

_WHOLE = re.compile(r"\d{1,30}(\.0+)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,30}(\.\d{1,30})?", re.ASCII)
_SIGNED = re.compile(r"-?\d{1,3}(\.\d{1,30})?", re.ASCII)
_MONTH = re.compile(r"(1[89]\d\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])", re.ASCII)
_LIKE_A_MONTH = re.compile(
    r"(?P<year>(18|19|20|21)\d\d)\s*[-/.年]?\s*(?P<month>0?[1-9]|1[0-2])\s*(月|[-/.月]\s*\d{1,2}\s*日?.*)?",
    re.ASCII,
)
_ID = re.compile(r"(?![=+\-@])[^\s;:,；：，]{1,64}")  # a spreadsheet takes = + - @ for a formula
Read = Callable[[str], Any]


def reader(column: Column, standard: Standard | None) -> Read:
    """Return the function that reads a cell of a column.

    Without a standard the names of stages and subjects are not known, and none is refused.
    """
    if column.kind == "flag":
        return lambda cell: _choice(cell, ("yes", "no")) == "yes"
    if column.kind == "choice":
        return lambda cell: _choice(cell, column.choices)
    if column.kind in ("stage", "subject", "subjects"):
        named = _named(column, standard)
        return (
            named if column.kind != "subjects" else lambda cell: tuple(named(part) for part in _parts(cell))
        )
    read = _READERS[column.kind]
    return _limited(read, column.least, column.most) if column.kind in ("whole", "number") else read


def _named(column: Column, standard: Standard | None) -> Callable[[str], str]:
    if standard is None:
        return str
    known = tuple(standard.stages if column.kind == "stage" else standard.subjects)
    return lambda cell: _choice(cell, known)


def missing(column: Column) -> Any:
    """Return the value of a blank cell without a default."""
    if column.kind in ("whole", "number", "fraction", "latitude", "longitude", "month"):
        return math.nan
    return () if column.kind in ("ids", "subjects", "shares") else None


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.replace("；", ";").split(";") if part.strip()]


def _choice(cell: str, known: tuple[str, ...]) -> str:
    if cell not in known:
        raise Refused(text("one of {choices}", choices=list(known)), text("choose one of them"))
    return cell


def _plain(cell: str, pattern: re.Pattern[str]) -> Text | None:
    """Return the way out for a number in full-width digits or with separators."""
    plain = re.sub(r"(?<=\d)[,\s](?=\d\d\d(\D|$))", "", unicodedata.normalize("NFKC", cell))
    return text("write {plain}", plain=plain) if plain != cell and pattern.fullmatch(plain) else None


def _whole(cell: str) -> float:
    if not _WHOLE.fullmatch(cell):
        raise Refused(text("a whole number of at least 0"), _plain(cell, _WHOLE))
    return float(cell)


def _number(cell: str) -> float:
    if not _NUMBER.fullmatch(cell):
        raise Refused(text("a number of at least 0, without units or separators"), _plain(cell, _NUMBER))
    return float(cell)


def _limited(read: Callable[[str], float], least: float, most: float) -> Read:
    def limited(cell: str) -> float:
        value = read(cell)
        if not least <= value <= most:
            raise Refused(text("a number from {least} to {most}", least=f"{least:.0f}", most=f"{most:.0f}"))
        return value

    return limited


def _fraction(cell: str) -> float:
    if not _NUMBER.fullmatch(cell) or not 0 < float(cell) <= 1:
        raise Refused(text("a share above 0 and at most 1"), text("write half as 0.5"))
    return float(cell)


def _degrees(limit: float) -> Callable[[str], float]:
    def read(cell: str) -> float:
        if not _SIGNED.fullmatch(cell) or abs(float(cell)) > limit:
            expected = text("decimal degrees between -{limit} and {limit}", limit=int(limit))
            raise Refused(expected, _plain(cell, _SIGNED) or text("write decimal degrees, such as 34.0125"))
        return float(cell)

    return read


def _month(cell: str) -> float:
    if not _MONTH.fullmatch(cell):
        like = _LIKE_A_MONTH.fullmatch(unicodedata.normalize("NFKC", cell))
        meant = f"{like['year']}-{int(like['month']):02d}" if like else "2009-08"
        remedy = (
            text("write {plain}", plain=meant)
            if like
            else text("write it as year-month: {plain}", plain=meant)
        )
        raise Refused(text("a month such as 2009-08"), remedy)
    year, month = cell.split("-")
    return float(int(year) * 12 + int(month) - 1)


def _id(cell: str) -> str:
    if not _ID.fullmatch(cell) or not cell.isprintable():
        raise Refused(
            text(
                "a code of at most 64 visible characters without spaces, commas, colons or semicolons, that does not begin with = + - @"
            ),
            text("use a simple code"),
        )
    return cell


def _ids(cell: str) -> tuple[str, ...]:
    return tuple(_id(part) for part in _parts(cell))


def _shares(cell: str) -> tuple[tuple[str, float], ...]:
    found = []
    for part in _parts(cell):
        school, colon, share = part.replace("：", ":").partition(":")
        if not colon:
            raise Refused(text("schools and shares"), text("write them as school:share;school:share"))
        found.append((_id(school.strip()), _fraction(share.strip())))
    if sum(share for _, share in found) > 1 + 1e-9:
        raise Refused(text("shares that add up to at most 1"), text("lower the shares"))
    if len({school for school, _ in found}) < len(found):
        raise Refused(text("each school once"), text("add the shares of a school up"))
    return tuple(found)


_READERS: dict[str, Read] = {
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
