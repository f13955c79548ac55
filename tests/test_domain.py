"""The month of retirement: an age that rises with the month of birth (渐进式延迟退休)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from allocator.domain import Retirement
from allocator.problem import Problem, build
from allocator.scenario.standards import read_standard
from builders import own_standard, small, toml


def table(sex: str) -> Retirement:
    """Return the table of one sex in the standard that is used by default."""
    standard, issues = read_standard("cn-2017", Path())
    assert standard is not None, issues
    return standard.retirement[sex]  # type: ignore[index]


def months(month: str) -> int:
    """Count a month from year 0."""
    year, number = month.split("-")
    return 12 * int(year) + int(number) - 1


KNOWN = (  # the first and the last months of the reform are official examples; a month of age for four of birth
    ("m", "1965-01", (60, 1), "2025-02"),
    ("m", "1965-04", (60, 1), "2025-05"),
    ("m", "1965-05", (60, 2), "2025-07"),
    ("m", "1969-12", (61, 3), "2031-03"),
    ("m", "1976-08", (62, 11), "2039-07"),
    ("m", "1976-09", (63, 0), "2039-09"),
    ("m", "1976-12", (63, 0), "2039-12"),
    ("m", "1990-06", (63, 0), "2053-06"),
    ("f", "1970-01", (55, 1), "2025-02"),
    ("f", "1970-05", (55, 2), "2025-07"),
    ("f", "1974-12", (56, 3), "2031-03"),
    ("f", "1981-08", (57, 11), "2039-07"),
    ("f", "1981-09", (58, 0), "2039-09"),
    ("f", "1995-03", (58, 0), "2053-03"),
    ("m", "1964-12", (60, 0), "2024-12"),
    ("m", "1950-07", (60, 0), "2010-07"),
    ("f", "1969-12", (55, 0), "2024-12"),
    ("f", "1955-02", (55, 0), "2010-02"),
)


@pytest.mark.parametrize(("sex", "birth", "age", "month"), KNOWN)
def test_month_of_retirement_is_as_the_reform_says(
    sex: str, birth: str, age: tuple[int, int], month: str
) -> None:
    """The age rises by a month for four months of birth, to the end of the reform; before it the old age stands."""
    retires = table(sex).month(months(birth))
    assert retires - months(birth) == 12 * age[0] + age[1]
    assert retires == months(month)


@pytest.mark.parametrize("sex", ["m", "f"])
def test_who_is_born_later_never_retires_earlier(sex: str) -> None:
    """Over half a century of births the month never falls, and the age never leaves its two ends."""
    facts, births = table(sex), np.arange(months("1945-01"), months("1996-01"))
    retires = np.array([facts.month(float(birth)) for birth in births])
    assert (np.diff(retires) >= 1).all()
    assert {retires[0] - births[0], (retires - births).min()} == {12 * facts.age.value}
    assert {retires[-1] - births[-1], (retires - births).max()} == {12 * facts.latest.value}


def test_a_month_of_birth_that_is_not_known_gives_none() -> None:
    """Without a month of birth there is no month of retirement."""
    assert math.isnan(table("m").month(math.nan))


def people(folder: Path, cells: list[dict[str, str]], senior: bool) -> Problem:
    """Build ``small`` with other cells for its first teachers; ``senior`` gives women with senior titles a table."""
    standard: dict[str, Any] = own_standard()
    if senior:
        standard["retirement"]["f_senior"] = standard["retirement"]["f"] | {
            key: standard["retirement"]["m"][key] for key in ("age", "latest", "born_from")
        }
    district = small(standard="own.toml", school_year=2026).file("own.toml", toml(standard))
    for row, given in zip(district.tables["teachers"], cells, strict=False):
        row |= given
    return build(district.read(folder))


@pytest.mark.parametrize("senior", [False, True])
def test_problem_takes_the_table_of_sex_and_title(tmp_path: Path, senior: bool) -> None:
    """A senior title counts for women where the standard has a table for it; an unknown sex or birth has no month."""
    cells = [
        {"sex": "m", "birth": "1965-01", "title": "senior"},
        {"sex": "f", "birth": "1970-01", "title": "first"},
        {"sex": "f", "birth": "1970-01", "title": "senior"},
        {"sex": "f", "birth": "1970-01", "title": "full_senior"},
        {"sex": "", "birth": "1970-01"},
        {"sex": "f", "birth": ""},
    ]
    found = people(tmp_path, cells, senior).retirement[: len(cells)]
    woman = months("2025-02")
    late = table("m").month(months("1970-01")) if senior else woman
    assert found[:4].tolist() == [months("2025-02"), woman, late, late]
    assert np.isnan(found[4:]).all()
