"""Classes to lessons a week, and the staff quota of a section."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from allocator.demand.classes import ClassGroup
from allocator.domain import Standard


def weekly_lessons(groups: Sequence[ClassGroup], standard: Standard) -> NDArray[np.float64]:
    """Lessons a week of one section in each subject of the standard.

    A multi-grade class has the mean of its grades' lessons, because one teacher teaches the grades together.

    Returns
    -------
    Shape (subjects,), in the order of ``standard.subjects``.
    """
    periods, order = standard.periods, {g: i for i, g in enumerate(standard.periods.grades)}
    table = np.array([periods.subjects.get(s, (0.0,) * len(order)) for s in standard.subjects], dtype=float)
    lessons = np.zeros(len(standard.subjects))
    for group in groups:
        lessons += group.classes * table[:, [order[g] for g in group.grades]].mean(axis=1)
    return lessons


def full_loads(stage: str, standard: Standard) -> NDArray[np.float64]:
    """Full weekly load of one teacher in each subject, shape (subjects,)."""
    return np.array([standard.loads.load(stage, s) for s in standard.subjects])


def staff_quota(pupils: float, classes: int, stage: str, standard: Standard) -> int:
    """Staff quota (编制) of a section: by pupils, in small sections also by classes, never below the floor.

    ``max(pupils / ratio, k × classes, floor)`` to the nearest whole person; 0 for a section without pupils.
    """
    if pupils <= 0:
        return 0
    staffing = standard.staffing
    least = staffing.floor.value
    if stage in staffing.per_class and pupils < staffing.per_class_below[stage].value:
        least = max(least, staffing.per_class[stage].value * classes)
    return int(max(pupils / staffing.ratio[stage].value, least) + 0.5)
