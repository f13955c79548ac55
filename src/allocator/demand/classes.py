"""Pupils to classes: class size limits, and multi-grade classes where grades are very small."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from allocator.domain import Classes


@dataclass(frozen=True)
class ClassGroup:
    """Classes of one grade, or one multi-grade class (复式) of several.

    Parameters
    ----------
    grades
        Grades taught in the classes.
    classes
        Number of classes; 1 where several grades sit together.
    """

    grades: tuple[int, ...]
    classes: int


def class_limit(settings: Classes, stage: str, kind: str) -> float:
    """Return the most pupils in a class: the limit of the kind of school, or else of the stage."""
    return settings.limit.get(kind, settings.limit[stage]).value


def class_groups(
    pupils: tuple[tuple[int, int], ...], limit: float, settings: Classes
) -> tuple[ClassGroup, ...]:
    """Set the fewest classes for the pupils of one section.

    Parameters
    ----------
    pupils
        ``(grade, pupils)`` in the order of the grades.
    limit
        Most pupils in a class of one grade.
    settings
        Thresholds of multi-grade teaching.

    Returns
    -------
    The groups in the order of the grades. Among partitions into equally few classes the one with the fewest
    multi-grade classes is taken, then the one that keeps the lower grades alone.
    """
    taught = tuple((grade, n) for grade, n in pupils if n > 0)
    below, most = settings.multigrade_below.value, settings.multigrade_limit.value
    width = int(settings.multigrade_grades.value)

    def together(first: int, last: int) -> bool:
        part = taught[first:last]
        return all(n < below for _, n in part) and sum(n for _, n in part) <= most

    @cache
    def best(first: int) -> tuple[int, int, tuple[ClassGroup, ...]]:
        if first == len(taught):
            return 0, 0, ()
        grade, n = taught[first]
        alone = ClassGroup((grade,), math.ceil(n / limit))
        classes, mixed, rest = best(first + 1)
        found = (classes + alone.classes, mixed, (alone, *rest))
        for last in range(first + 2, min(first + width, len(taught)) + 1):
            if together(first, last):
                classes, mixed, rest = best(last)
                joint = ClassGroup(tuple(g for g, _ in taught[first:last]), 1)
                found = min(found, (classes + 1, mixed + 1, (joint, *rest)), key=lambda f: f[:2])
        return found

    return best(0)[2]
