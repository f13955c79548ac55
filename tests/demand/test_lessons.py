"""Classes to lessons, and the staff quota: every number by hand from the curriculum and the regulations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.demand.classes import ClassGroup
from allocator.demand.lessons import full_loads, staff_quota, weekly_lessons
from allocator.scenario.standards import read_standard

STANDARD = read_standard("cn-2017", Path())[0]
assert STANDARD is not None


def lessons_of(*groups: tuple[tuple[int, ...], int]) -> dict[str, float]:
    found = weekly_lessons([ClassGroup(grades, classes) for grades, classes in groups], STANDARD)
    return {s: float(n) for s, n in zip(STANDARD.subjects, found, strict=True) if n}


def test_a_primary_school_with_one_class_a_grade() -> None:
    """Six primary classes have 2 × 26 + 4 × 30 = 172 lessons a week, by subject as the curriculum says."""
    found = lessons_of(*(((grade,), 1) for grade in range(1, 7)))
    assert found == {
        "chinese": 42,  # 8 + 8 + 7 + 7 + 6 + 6
        "mathematics": 24,
        "english": 10,  # from grade 3: 2 + 2 + 3 + 3
        "politics": 12,
        "science": 10,  # 1 + 1 + 2 + 2 + 2 + 2
        "it": 4,
        "pe": 20,  # 4 + 4 + 3 + 3 + 3 + 3
        "music": 12,
        "art": 12,
        "practice": 26,  # 3 + 3 + 5 + 5 + 5 + 5
    }
    assert sum(found.values()) == 172


def test_a_junior_section_has_34_lessons_a_class() -> None:
    """Two classes in each of the grades 7 to 9 have 6 × 34 = 204 lessons a week; physics 2 × (2 + 3)."""
    found = lessons_of(((7,), 2), ((8,), 2), ((9,), 2))
    assert sum(found.values()) == 204
    assert found["physics"] == 10
    assert found["biology"] == 10


def test_a_multigrade_class_has_the_mean_of_its_grades() -> None:
    """Grades 2 and 3 in one room have 7.5 Chinese, 1 English and 28 lessons, halfway between 26 and 30."""
    found = lessons_of(((2, 3), 1))
    assert found["chinese"] == 7.5
    assert found["english"] == 1
    assert sum(found.values()) == pytest.approx(28)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 12)), max_size=9))
def test_lessons_add_up_over_classes(classes: list[tuple[int, int]]) -> None:
    """The lessons of a section are those of its classes one by one, 26, 30 or 34 each."""
    found = weekly_lessons([ClassGroup((grade,), n) for grade, n in classes], STANDARD)
    weekly = [26, 26, 30, 30, 30, 30, 34, 34, 34]
    assert found.sum() == pytest.approx(sum(n * weekly[grade - 1] for grade, n in classes))


def test_full_loads_of_the_county_table() -> None:
    """Full loads are 14 and 18 lessons in primary, 12, 14 and 16 in junior sections, by subject."""
    subjects = list(STANDARD.subjects)
    primary, junior = (
        dict(zip(subjects, full_loads(g, STANDARD), strict=True)) for g in ("primary", "junior")
    )
    assert (primary["chinese"], primary["mathematics"], primary["pe"]) == (14, 14, 18)
    assert (junior["english"], junior["physics"], junior["music"]) == (12, 14, 16)
    assert np.shape(full_loads("primary", STANDARD)) == (len(subjects),)


@pytest.mark.parametrize(
    ("pupils", "classes", "stage", "quota"),
    [
        (380, 12, "primary", 20),  # 380 / 19
        (389, 12, "primary", 20),  # 20.47
        (390, 12, "primary", 21),  # 20.53
        (540, 12, "junior", 40),  # 540 / 13.5
        (1350, 27, "junior", 100),
        (90, 6, "primary", 11),  # small: 1.8 × 6 classes = 10.8, more than 90 / 19
        (100, 6, "primary", 5),  # no longer small: 100 / 19 = 5.26
        (199, 6, "junior", 16),  # small: 2.6 × 6 classes = 15.6, more than 199 / 13.5
        (200, 6, "junior", 15),  # no longer small: 200 / 13.5 = 14.81
        (5, 1, "primary", 2),  # the floor: 1.8 classes and 5 / 19 pupils are less than 2
        (0, 0, "primary", 0),
    ],
)
def test_staff_quota_by_hand(pupils: int, classes: int, stage: str, quota: int) -> None:
    """The quota is 19 or 13.5 pupils to one, by classes in small sections, at least 2, and 0 without pupils."""
    assert staff_quota(pupils, classes, stage, STANDARD) == quota
