"""What a cell may hold: each kind of column turns the text of a cell into a value, or refuses it.

Codes may be written by their Chinese names (``choices.csv``): 小学 for primary.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from allocator.domain import Standard
from allocator.errors import Refused
from allocator.scenario.schema import Column, choice_names
from allocator.words import both, text

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
        return lambda cell: _choice(cell, ("yes", "no"), names_of(column)) == "yes"
    if column.kind in ("choice", "stage", "subject"):
        return _named(column, standard)
    if column.kind == "subjects":
        named = _named(column, standard)
        return lambda cell: tuple(named(part) for part in _parts(cell))
    read = _READERS[column.kind]
    return _limited(read, column.least, column.most) if column.kind in ("whole", "number") else read


def _named(column: Column, standard: Standard | None) -> Callable[[str], str]:
    known = codes_of(column, standard)
    if known is None:
        return str
    names = names_of(column, standard)
    return lambda cell: _choice(cell, known, names)


def codes_of(column: Column, standard: Standard | None) -> tuple[str, ...] | None:
    """Return the codes that a column may hold; None where any may."""
    if column.kind == "flag":
        return "yes", "no"
    if column.kind == "choice":
        return column.choices
    if standard is None or column.kind not in ("stage", "subject", "subjects"):
        return None
    return tuple(standard.stages if column.kind == "stage" else standard.subjects)


def names_of(column: Column, standard: Standard | None = None) -> dict[str, str]:
    """Return the code of every Chinese name that a column may hold, the name to write before others.

    Names of the standard come before those of the program.
    """
    named: dict[str, str] = {}
    if standard is not None and column.kind == "stage":
        named = {stage.zh: code for code, stage in standard.stages.items()}
        named |= {stage.en: code for code, stage in standard.stages.items() if stage.en not in named}
    elif standard is not None and column.kind in ("subject", "subjects"):
        named = {subject.zh: code for code, subject in standard.subjects.items()}
        named |= {subject.en: code for code, subject in standard.subjects.items() if subject.en not in named}
    known = codes_of(column, standard) or ()
    return named | {
        name: code
        for name, code in choice_names(column.table, column.name, column.kind)
        if name not in named and code in known
    }


def written(column: Column, value: Any, names: Mapping[str, str] | None = None) -> str:
    """Write a value as the cell that it is read from; the inverse of :func:`reader`.

    Parameters
    ----------
    names
        Name of every code, where names are wanted.
    """
    named = names or {}
    if value is None or value != value:
        return ""
    if column.kind == "flag":
        code = "yes" if value else "no"
        return named.get(code, code)
    if column.kind in ("choice", "stage", "subject"):
        return named.get(value, str(value))
    if column.kind in ("ids", "subjects"):
        return ";".join(named.get(one, one) for one in value)
    if column.kind == "shares":
        return ";".join(f"{school}:{_digits(share)}" for school, share in value)
    if column.kind == "month":
        return f"{int(value) // 12}-{int(value) % 12 + 1:02d}"
    return _digits(value) if isinstance(value, float) else str(value)


def _digits(value: float) -> str:
    return str(int(value)) if value.is_integer() else np.format_float_positional(value, trim="-")


def missing(column: Column) -> Any:
    """Return the value of a blank cell without a default."""
    if column.kind in ("whole", "number", "fraction", "latitude", "longitude", "month"):
        return math.nan
    return () if column.kind in ("ids", "subjects", "shares") else None


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.replace("；", ";").split(";") if part.strip()]


def _choice(cell: str, known: tuple[str, ...], names: Mapping[str, str]) -> str:
    code = cell if cell in known else names.get(cell)
    if code is None:
        first: dict[str, str] = {}
        for name, named in names.items():
            first.setdefault(named, name)
        near = difflib.get_close_matches(cell[:80], [*known, *names], n=1)
        way = text("perhaps '{near}' is meant", near=near[0]) if near else text("choose one of them")
        raise Refused(
            text("one of {choices}", choices=[both(first.get(one, one), one) for one in known]), way
        )
    return code


def tidied(column: Column, cell: str, standard: Standard | None) -> str | None:
    """Return what a cell means that is written in another way than it should, where there is one meaning only.

    Full-width digits and letters, separators of thousands, capital letters of codes, and days and other ways to
    write a month: the day of a month is left out.
    """
    plain = unicodedata.normalize("NFKC", cell).strip()
    if column.kind in ("whole", "number", "fraction", "latitude", "longitude"):
        return re.sub(r"(?<=\d)[,\s](?=\d\d\d(\D|$))", "", plain)
    if column.kind == "month":
        like = _LIKE_A_MONTH.fullmatch(plain)
        return f"{like['year']}-{int(like['month']):02d}" if like else None
    known = codes_of(column, standard)
    if known is None or column.kind == "subjects":
        return None
    alike = {name.casefold(): code for name, code in names_of(column, standard).items()}
    return (alike | {code.casefold(): code for code in known}).get(plain.casefold())


def _whole(cell: str) -> float:
    if not _WHOLE.fullmatch(cell):
        raise Refused(text("a whole number of at least 0"))
    return float(cell)


def _number(cell: str) -> float:
    if not _NUMBER.fullmatch(cell):
        raise Refused(text("a number of at least 0, without units or separators"))
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
            raise Refused(expected, text("write decimal degrees, such as 34.0125"))
        return float(cell)

    return read


def _month(cell: str) -> float:
    if not _MONTH.fullmatch(cell):
        raise Refused(
            text("a month such as 2009-08"), text("write it as year-month: {plain}", plain="2009-08")
        )
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
