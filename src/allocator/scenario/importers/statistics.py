"""The yearly statistics workbook of a school (教育事业统计), by the words in its forms and never by cell position.

The numbers of forms and the places of cells change from year to year; the words hardly do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from allocator.scenario.importers.grids import Grid
from allocator.scenario.importers.headers import names_of, plain, plain_inside

_FORM = re.compile(r"(教基|基础基)\s*\d{3,4}")
_NAME = ("学校机构名称", "学校名称", "单位名称", "学校机构全称", "机构名称")
_CODE = ("学校机构标识码", "学校标识码", "标识码", "学校机构代码", "学校代码")
_KIND = ("学校办学类型", "办学类型", "学校类型", "学校机构类型", "学校类别")
_SETTING = ("学校驻地城乡类型", "驻地城乡类型", "城乡类型", "学校所在地城乡类型", "城乡分类")
_TOTALS = ("总计", "合计", "计", "在校生数", "在校学生数", "在校生总数")
_PUPILS = re.compile(r"学生数|在校生")
_CLASSES = re.compile(r"班额|班数|教师")
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_NUMBERED = re.compile(r"(?:其中:|[(]?[一二三四五六七八九十\d]+[)]?[、.．)])+")  # 一、 (二) 3. before a label
_UNIT = re.compile(r"[(][^)]*[元米台册间][^)]*[)]")
_LINE = re.compile(r"0\d", re.ASCII)
_AMOUNTS = ("floor_area_m2", "sports_area_m2", "equipment_yuan", "multimedia_rooms", "computers", "books")
_GRADES = tuple(f"g{grade}" for grade in range(1, 10))
_TOP = 6  # rows of a form that hold its title
_INDEX = 3  # numbers in a row from which on 1, 2, 3 … are the numbers of columns


@dataclass(frozen=True)
class Figure:
    """One figure that was found: its field, its cell as text, and where it stands."""

    field: str
    cell: str
    header: str
    place: str
    row: int


def is_statistics(grids: Iterable[Grid]) -> bool:
    """Whether the sheets of a file are forms of the statistics of a school."""
    grids = list(grids)
    forms = sum(
        bool(_FORM.search(grid.sheet)) or any(_FORM.search(c) for row in grid.rows[:_TOP] for c in row)
        for grid in grids
    )
    return forms > 0 and any(_beside(grid, _NAME) for grid in grids)


def figures(grids: Iterable[Grid]) -> Iterator[Figure]:
    """Yield what the forms of one school say: who it is, pupils by grade, and amounts."""
    said: set[str] = set()
    for grid in grids:
        for field, labels in (
            ("school", _NAME),
            ("school_code", _CODE),
            ("kind", _KIND),
            ("setting", _SETTING),
        ):
            found = _beside(grid, labels)
            if found and field not in said:
                said.add(field)
                yield Figure(field, found[0], labels[0], grid.place, found[1])
        for figure in (*_pupils(grid), *_amounts(grid)):
            if figure.field not in said:
                said.add(figure.field)
                yield figure


def _beside(grid: Grid, labels: tuple[str, ...]) -> tuple[str, int] | None:
    """Return what stands in or beside a cell with one of the labels, and its row."""
    for number, row in enumerate(grid.rows, start=1):
        for at, cell in enumerate(row):
            label, colon, inside = unicodedata.normalize("NFKC", cell).partition(":")
            if plain_inside(label) in labels or plain(label) in labels:
                if colon and inside.strip():
                    return inside.strip(), number
                after = next((c.strip() for c in row[at + 1 :] if c.strip() and c != cell), "")
                if after and plain_inside(after.partition(":")[0]) not in labels:
                    return after, number
    return None


def _pupils(grid: Grid) -> Iterator[Figure]:
    """Find pupils by grade: grades across and totals down, or the other way round."""
    title = " ".join((grid.sheet, *(c for row in grid.rows[:_TOP] for c in row)))
    if not _PUPILS.search(title) or _CLASSES.search(title):
        return
    known = {name: field for name, (field, _) in names_of("school").items() if field in _GRADES}
    for across in (True, False):
        lines = grid.rows if across else [list(column) for column in zip(*grid.rows, strict=True)]
        heads = [[known.get(plain(cell), "") for cell in line] for line in lines]
        at = next((i for i, fields in enumerate(heads) if len({f for f in fields if f}) > 1), None)
        if at is None:
            continue
        total = _total(lines, at)
        if total is None:
            continue
        for j, field in enumerate(heads[at]):
            cell = _plain_number(lines[total][j]) if field else None
            if cell is not None:
                yield Figure(field, cell, lines[at][j].strip(), grid.place, (total if across else j) + 1)
        return


def _total(lines: list[list[str]], at: int) -> int | None:
    """Return the first line after a header that is a total."""
    for label in _TOTALS:
        for i in range(at + 1, len(lines)):
            if any(plain(cell) == label for cell in lines[i][:4]):
                return i
    return None


def _amounts(grid: Grid) -> Iterator[Figure]:
    """Find amounts: the label to the left of the figure, or above it."""
    known = {name: field for name, (field, _) in names_of("school").items() if field in _AMOUNTS}
    for i, row in enumerate(grid.rows):
        for j, cell in enumerate(row):
            label = _NUMBERED.sub("", unicodedata.normalize("NFKC", cell).strip())
            field = known.get(plain(label)) or known.get(plain_inside(_UNIT.sub("", label)))
            if not field:
                continue
            right = next(
                (c for c in row[j + 1 :] if c.strip() and c != cell and not _LINE.fullmatch(c.strip())), ""
            )
            if (value := _plain_number(right)) is not None:
                yield Figure(field, value, cell.strip(), grid.place, i + 1)
            elif (below := _below(grid, i, j)) is not None:
                yield Figure(field, below[0], cell.strip(), grid.place, below[1])


def _below(grid: Grid, i: int, j: int) -> tuple[str, int] | None:
    """Return the first figure below a header, past the numbers of columns."""
    for k in range(i + 1, len(grid.rows)):
        row = grid.rows[k]
        value = _plain_number(row[j])
        if value is None or _is_index(row):
            continue
        return value, k + 1
    return None


def _is_index(row: list[str]) -> bool:
    """Whether a row numbers the columns: 1, 2, 3 and so on."""
    numbers = [cell.strip() for cell in row if _NUMBER.fullmatch(cell.strip())]
    return len(numbers) >= _INDEX and numbers == [str(n) for n in range(1, len(numbers) + 1)]


def _plain_number(cell: str) -> str | None:
    given = unicodedata.normalize("NFKC", cell).strip().replace(",", "")
    return given if _NUMBER.fullmatch(given) else None
