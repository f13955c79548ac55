"""Pupils to classes: the published class sizes, and multi-grade classes where grades are very small."""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.demand.classes import ClassGroup, class_groups, class_limit
from allocator.scenario.standards import read_standard

STANDARD = read_standard("cn-2017", Path())[0]
assert STANDARD is not None
CLASSES = STANDARD.classes


def classes_of(*pupils: int, limit: float = 45) -> list[tuple[tuple[int, ...], int]]:
    found = class_groups(tuple(enumerate(pupils, start=1)), limit, CLASSES)
    return [(group.grades, group.classes) for group in found]


@pytest.mark.parametrize(
    ("stage", "kind", "limit"),
    [
        ("primary", "primary", 45),
        ("primary", "nine_year", 45),
        ("junior", "junior", 50),
        ("junior", "nine_year", 50),
        ("primary", "teaching_point", 30),
    ],
)
def test_published_class_sizes(stage: str, kind: str, limit: float) -> None:
    """Class sizes are 45 in primary, 50 in junior sections and 30 at teaching points, as published."""
    assert class_limit(CLASSES, stage, kind) == limit


@pytest.mark.parametrize(
    ("pupils", "limit", "classes"),
    [(45, 45, 1), (46, 45, 2), (90, 45, 2), (91, 45, 3), (50, 50, 1), (51, 50, 2), (30, 30, 1), (31, 30, 2)],
)
def test_one_pupil_too_many_opens_a_class(pupils: int, limit: float, classes: int) -> None:
    """A class is full at its limit and one pupil more opens the next."""
    assert classes_of(pupils, limit=limit) == [((1,), classes)]


def test_a_grade_without_pupils_has_no_class() -> None:
    """A grade without pupils has no class, and the grades around it keep theirs."""
    assert classes_of(20, 0, 46) == [((1,), 1), ((3,), 2)]


def test_three_tiny_grades_sit_together() -> None:
    """Grades of 5, 6 and 9 pupils, 20 together, are one multi-grade class."""
    assert classes_of(5, 6, 9) == [((1, 2, 3), 1)]


def test_a_multigrade_class_holds_at_most_25() -> None:
    """Three grades of 9 pupils, 27 together, need two classes: the lowest grade stays alone."""
    assert classes_of(9, 9, 9) == [((1,), 1), ((2, 3), 1)]


def test_a_multigrade_class_has_at_most_three_grades() -> None:
    """Six grades of 4 pupils make two classes of three grades, although 24 pupils would fit in one room."""
    assert classes_of(4, 4, 4, 4, 4, 4) == [((1, 2, 3), 1), ((4, 5, 6), 1)]


def test_a_grade_of_ten_is_not_mixed() -> None:
    """A grade that reaches the threshold of 10 pupils has a class of its own."""
    assert classes_of(9, 10, 9) == [((1,), 1), ((2,), 1), ((3,), 1)]


@settings(max_examples=150)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=6))
def test_no_partition_has_fewer_classes(pupils: list[int]) -> None:
    """No way of cutting the grades into neighbours needs fewer classes, by trying every way."""
    taught = [(grade, n) for grade, n in enumerate(pupils, start=1) if n]
    found = class_groups(tuple(enumerate(pupils, start=1)), 45, CLASSES)
    assert [g for group in found for g in group.grades] == [g for g, _ in taught]
    assert sum(group.classes for group in found) == fewest(taught)
    assert all(seats(group) >= sum(dict(taught)[g] for g in group.grades) for group in found)


def seats(group: ClassGroup) -> int:
    return 45 * group.classes if len(group.grades) == 1 else 25


def fewest(taught: list[tuple[int, int]]) -> float:
    """Fewest classes over all 2**(n - 1) ways to cut a list of grades."""
    if not taught:
        return 0
    best = math.inf
    for count in range(len(taught)):
        for cuts in combinations(range(1, len(taught)), count):
            edges = [0, *cuts, len(taught)]
            parts = [taught[a:b] for a, b in pairwise(edges)]
            best = min(best, sum(classes_for([n for _, n in part]) for part in parts))
    return best


def classes_for(grades: list[int]) -> float:
    if len(grades) == 1:
        return -(-grades[0] // 45)
    lawful = len(grades) <= 3 and max(grades) < 10 and sum(grades) <= 25
    return 1 if lawful else math.inf
