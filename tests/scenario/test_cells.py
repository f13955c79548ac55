"""Cells: what each kind of column takes, and the way out where it refuses."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import Refused
from allocator.scenario.cells import codes_of, names_of, reader, tidied
from allocator.scenario.schema import choice_names, columns, columns_of
from allocator.scenario.standards import read_standard


def _read(table: str, column: str, cell: str) -> object:
    return reader(columns_of(table)[column], None)(cell)


@pytest.mark.parametrize(
    ("table", "column", "cell", "value"),
    [
        ("sections", "g1", "0", 0),
        ("sections", "g1", "0012", 12),
        ("sections", "g1", "3.0", 3),
        ("sections", "floor_area_m2", "1234.5", 1234.5),
        ("teachers", "fte", "0.5", 0.5),
        ("teachers", "birth", "1970-01", 1970 * 12),
        ("teachers", "birth", "2009-12", 2009 * 12 + 11),
        ("schools", "lon", "-180", -180),
        ("schools", "lat", "90.0", 90),
        ("teachers", "teacher_id", "000123", "000123"),
        ("teachers", "teacher_id", "教师-1", "教师-1"),
        ("teachers", "wishes", "A; B；C;", ("A", "B", "C")),
        ("posts", "shared_with", "A:0.5;B：0.5", (("A", 0.5), ("B", 0.5))),
        ("schools", "closable", "no", False),
    ],
)
def test_a_cell_is_taken(table, column, cell, value):
    """What stands in the cell is read without loss."""
    assert _read(table, column, cell) == value


@pytest.mark.parametrize(
    ("table", "column", "cell", "way"),
    [
        ("sections", "g1", "12.5", ""),
        ("sections", "g1", "-3", ""),
        ("sections", "g1", "nan", ""),
        ("sections", "g1", "1e3", ""),
        ("sections", "g1", "²", ""),
        ("sections", "g1", "١٢", ""),
        ("sections", "g1", "10001", ""),
        ("sections", "g1", "9" * 400, ""),
        ("sections", "floor_area_m2", "1e308", ""),
        ("sections", "floor_area_m2", "inf", ""),
        ("sections", "floor_area_m2", "50%", ""),
        ("teachers", "fte", "0", "0.5"),
        ("teachers", "fte", "50%", "0.5"),
        ("teachers", "birth", "2009-13", "year-month"),
        ("teachers", "birth", "2009", "year-month"),
        ("teachers", "birth", "Aug-09", "year-month"),
        ("teachers", "birth", "0009-08", "year-month"),
        ("schools", "lat", "90.1", "decimal degrees"),
        ("schools", "lon", "180.01", "decimal degrees"),
        ("schools", "lon", "nan", "decimal degrees"),
        ("schools", "closable", "Yes", ""),
        ("teachers", "teacher_id", "a" * 65, ""),
        ("teachers", "teacher_id", "a:b", ""),
        ("teachers", "wishes", "A;B C", ""),
        ("posts", "shared_with", "A", "school:share"),
        ("posts", "shared_with", "A:0.5;A:0.2", ""),
        ("posts", "shared_with", "A:0.6;B:0.6", "lower"),
    ],
)
def test_a_cell_is_refused_with_a_way_out(table, column, cell, way):
    """What cannot be used is refused, and where the meaning is plain the remedy says how to write it."""
    with pytest.raises(Refused) as refused:
        _read(table, column, cell)
    assert way in str(refused.value.remedy)
    assert str(refused.value.remedy)


@pytest.mark.parametrize(
    ("table", "column", "cell", "meant"),
    [
        ("sections", "g1", "１２", "12"),
        ("sections", "g1", "1,234", "1234"),
        ("sections", "g1", "1 234", "1234"),
        ("sections", "floor_area_m2", "１２．５", "12.5"),
        ("teachers", "birth", "2009-8", "2009-08"),
        ("teachers", "birth", "2009/08", "2009-08"),
        ("teachers", "birth", "2009.8", "2009-08"),
        ("teachers", "birth", "200908", "2009-08"),
        ("teachers", "birth", "2009年8月", "2009-08"),
        ("teachers", "birth", "2009-08-31", "2009-08"),
        ("teachers", "birth", "２００９－０８", "2009-08"),
        ("schools", "lon", "１１６．８", "116.8"),
        ("teachers", "birth", "1985/3/7 0:00", "1985-03"),
        ("schools", "closable", "YES", "yes"),
        ("schools", "kind", "小 学", None),
        ("teachers", "sex", "Ｆ", "f"),
        ("schools", "name", "ｘ", None),
        ("teachers", "teacher_id", "Ｔ１", None),
    ],
)
def test_a_cell_with_one_meaning_is_read_as_that(table, column, cell, meant):
    """Full-width digits, separators, other ways to write a month or a code have one meaning; codes of people have none."""
    assert tidied(columns_of(table)[column], cell, None) == meant
    if meant is not None:
        _read(table, column, meant)


@pytest.mark.parametrize(
    ("table", "column", "name", "code"),
    [
        ("schools", "closable", "是", True),
        ("schools", "kind", "九年一贯制", "nine_year"),
        ("teachers", "title", "中小学一级教师", "first"),
        ("teachers", "certificate", "高级中学教师资格", "senior"),
    ],
)
def test_a_code_may_be_written_by_its_chinese_name(table, column, name, code):
    """Names of codes are read as the codes they name."""
    assert _read(table, column, name) == code


def test_every_name_means_one_code():
    """No Chinese name of a column stands for two codes, each code has a name, and every name is of a code that is there."""
    standard, _ = read_standard("cn-2017", Path())
    for column in columns():
        codes = codes_of(column, standard)
        names = choice_names(column.table, column.name, column.kind)
        assert len({name for name, _ in names}) == len(names)
        assert {code for _, code in names} <= set(codes or ())
        assert set(codes or ()) == set(names_of(column, standard).values())


@given(st.sampled_from(columns()), st.text(max_size=30))
def test_any_cell_is_read_or_refused(column, cell):
    """Whatever stands in a cell is a value within its limits, or refused; never another exception."""
    cell = cell.strip()
    if not cell:
        return
    try:
        value = reader(column, None)(cell)
    except Refused:
        return
    if isinstance(value, float):
        assert math.isfinite(value)
    if column.kind in ("whole", "number"):
        assert column.least <= value <= column.most


@given(st.integers(1800, 2199), st.integers(1, 12))
def test_months_are_read_as_they_are_written(year, month):
    """Every month from 1800 to 2199 counts its months from year 0."""
    assert _read("teachers", "birth", f"{year:04d}-{month:02d}") == year * 12 + month - 1
