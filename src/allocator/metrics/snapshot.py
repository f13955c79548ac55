"""Who is where at one time: what every before and after is measured on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.plan import Plan
from allocator.problem import Ints, Problem, Season


@dataclass(frozen=True)
class Snapshot:
    """A season and the place of every teacher in it.

    Parameters
    ----------
    season
        Pupils, classes, lessons, posts and materials of the sections.
    section, subject
        Section and subject of the post that each teacher holds, -1 for none, shape (teachers,).
    """

    season: Season
    section: Ints
    subject: Ints


def today(problem: Problem) -> Snapshot:
    """Today's places in today's sections; recruits have none."""
    home = problem.teachers.home
    return Snapshot(problem.before, home, problem.teachers.subject)


def september(problem: Problem, plan: Plan) -> Snapshot:
    """Places of the plan in September's sections."""
    return Snapshot(problem.after, plan.section(problem), plan.subject(problem))


def held(problem: Problem, snapshot: Snapshot) -> Ints:
    """Teachers by section and subject, shape (sections, subjects)."""
    shape = len(problem.sections.school), len(problem.subjects)
    placed = snapshot.section >= 0
    flat = np.ravel_multi_index((snapshot.section[placed], snapshot.subject[placed]), shape)
    return np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape)
