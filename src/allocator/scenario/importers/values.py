"""What a cell of a bureau's table means as a cell of a scenario; None where it cannot be told."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

from allocator.domain import Standard
from allocator.errors import Refused
from allocator.scenario.cells import codes_of, names_of, reader, tidied
from allocator.scenario.schema import Column

_CODED = re.compile(r"\d{1,3}\s*[-_.:：、]?\s*(?=[^\d\s])")  # 2-小学
_TAIL = re.compile(r"(证书|证)$")
_BRACKET = re.compile(r"\([^)]*\)$")
_PARTS = re.compile(r"[、，,;；/\s]+")
_DAY = re.compile(r"((?:18|19|20)\d\d)(0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", re.ASCII)
_SERIAL = re.compile(r"[1-5]\d{4}", re.ASCII)
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*(?:人|间|台|册|个|元|平方米|m2|㎡|套|年|所|班)?", re.ASCII)
_ID_18 = re.compile(
    r"[1-9]\d{5}((?:18|19|20)\d\d)(0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d\d(\d)[\dXx]", re.ASCII
)
_ID_15 = re.compile(r"[1-9]\d{7}(0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d\d(\d)", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_NOTHING = {"", "无", "-", "--", "—", "/", "暂无", "未知", "不详", "N/A", "n/a"}
_SHORTEST = 2  # letters of a name that is looked for inside a cell


def is_blank(cell: str) -> bool:
    """Whether a cell says nothing; 无 of a code is a code where the column has it."""
    return cell.strip() in _NOTHING


def guess_of(column: Column, cell: str, standard: Standard) -> str | None:
    """Return the code of the longest known name inside a cell that is not a name itself; None where there is none.

    It is a guess: 高级 in a cell of two words may be part of another title.
    """
    given = unicodedata.normalize("NFKC", cell).strip()
    known = codes_of(column, standard)
    if known is None or column.kind == "subjects" or len(_PARTS.split(given)) > 1:
        return None
    names = {unicodedata.normalize("NFKC", name): code for name, code in names_of(column, standard).items()}
    inside = [name for name in names if len(name) >= _SHORTEST and name in given]
    longest = max(map(len, inside), default=0)
    meant = {names[name] for name in inside if len(name) == longest}
    return meant.pop() if len(meant) == 1 else None


def cell_of(column: Column, cell: str, standard: Standard, also: dict[str, str]) -> str | None:
    """Return the cell of a scenario that says what a cell of a bureau says.

    Parameters
    ----------
    also
        Further names of codes, as the mapping file gives them.

    Returns
    -------
    A cell that the column takes, empty for a blank one; None where it is not understood.
    """
    given = unicodedata.normalize("NFKC", cell).strip()
    if given in also:
        return also[given]
    if column.kind in ("choice", "flag", "stage", "subject"):
        return _code(column, given, standard)
    if column.kind == "subjects":
        parts = [part for part in _PARTS.split(given) if not is_blank(part)]
        codes = [also.get(part) or _code(column, part, standard) for part in parts]
        return None if None in codes else ";".join(dict.fromkeys(filter(None, codes)))
    if is_blank(given):
        return ""
    if column.kind == "month":
        return _month(column, given)
    if column.kind in ("whole", "number", "fraction", "latitude", "longitude"):
        return _number(column, given)
    return cell.strip()


def _code(column: Column, given: str, standard: Standard) -> str | None:
    """Return the code of a name: as it stands, without a number before it, a bracket or a word for paper behind it."""
    known = codes_of(column, standard) or ()
    names = {unicodedata.normalize("NFKC", name): code for name, code in names_of(column, standard).items()}
    bare = _CODED.sub("", given, count=1)
    for one in (given, bare, _TAIL.sub("", bare), _BRACKET.sub("", bare)):
        if one in names or one in known:
            return names.get(one, one)
    return "" if is_blank(given) else None


def _month(column: Column, given: str) -> str | None:
    if day := _DAY.fullmatch(given):
        return f"{day[1]}-{day[2]}"
    if _SERIAL.fullmatch(given):  # a day as Excel counts them, in a cell that is not formatted as one
        return f"{date(1899, 12, 30) + timedelta(days=int(given)):%Y-%m}"
    return _taken(column, given)


def _number(column: Column, given: str) -> str | None:
    plain = re.sub(r"(?<=\d)[,\s](?=\d\d\d(\D|$))", "", given)
    found = _NUMBER.fullmatch(plain)
    return _taken(column, found[1] if found else plain)


def _taken(column: Column, given: str) -> str | None:
    """Return a cell if the column takes it, as it stands or tidied."""
    read = reader(column, None)
    for one in (given, tidied(column, given, None)):
        try:
            if one is not None:
                read(one)
                return one
        except Refused:
            continue
    return None


def born(id_card: str) -> tuple[str, str] | None:
    """Return month of birth and sex that an ID-card number tells; None where it is none (GB 11643-1999)."""
    given = unicodedata.normalize("NFKC", id_card).strip().strip("'")
    if found := _ID_18.fullmatch(given):
        rest = sum(int(digit) * weight for digit, weight in zip(given, _WEIGHTS, strict=False)) % 11
        if "10X98765432"[rest] != given[-1].upper():
            return None
        return f"{found[1]}-{found[2]}", "m" if int(found[3]) % 2 else "f"
    if found := _ID_15.fullmatch(given):
        return f"19{given[6:8]}-{found[1]}", "m" if int(found[2]) % 2 else "f"
    return None
