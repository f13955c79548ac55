"""Cells: what each kind of column takes, and the way out where it refuses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import Refused
from allocator.scenario.cells import reader
from allocator.scenario.schema import columns, columns_of


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
        ("sections", "g1", "１２", "write 12"),
        ("sections", "g1", "1,234", "write 1234"),
        ("sections", "g1", "1 234", "write 1234"),
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
        ("sections", "floor_area_m2", "１２．５", "write 12.5"),
        ("teachers", "fte", "0", "0.5"),
        ("teachers", "fte", "50%", "0.5"),
        ("teachers", "birth", "2009-8", "write 2009-08"),
        ("teachers", "birth", "2009/08", "write 2009-08"),
        ("teachers", "birth", "2009.8", "write 2009-08"),
        ("teachers", "birth", "200908", "write 2009-08"),
        ("teachers", "birth", "2009年8月", "write 2009-08"),
        ("teachers", "birth", "2009-08-31", "write 2009-08"),
        ("teachers", "birth", "２００９－０８", "write 2009-08"),
        ("teachers", "birth", "2009-13", "year-month"),
        ("teachers", "birth", "2009", "year-month"),
        ("teachers", "birth", "Aug-09", "year-month"),
        ("teachers", "birth", "0009-08", "year-month"),
        ("schools", "lat", "90.1", "decimal degrees"),
        ("schools", "lon", "180.01", "decimal degrees"),
        ("schools", "lon", "nan", "decimal degrees"),
        ("schools", "lon", "１１６．８", "write 116.8"),
        ("schools", "closable", "Yes", ""),
        ("schools", "closable", "是", ""),
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
