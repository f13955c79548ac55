"""Placement: everybody has one place, closed schools are empty, pins are kept, recruits go where they must."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.rules.contract import PairRule, Violation, is_new, parameter
from allocator.words import Text, text

SETTINGS = ("urban", "town", "rural", "remote")


@dataclass(frozen=True)
class EveryonePlaced(PairRule):
    """Everybody, recruits included, holds exactly one place in an open school."""

    id = "placement.everyone"
    sentence = text("Every teacher and every recruit holds exactly one place, and none at a closed school.")
    scope = "teacher"
    default = "hard"
    source = "definition of a plan"
    confidence = "FOUND"

    def profile(self, problem: Problem) -> tuple[np.ndarray[Any, Any], ...]:
        """Read nothing of the teacher."""
        return ()

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse closed schools; they have no post groups, so that nothing is left to refuse."""
        return np.broadcast_to(
            ~problem.after.open[problem.posts.section][None, :], (len(teachers), len(problem.posts))
        )

    def refusal(self, problem: Problem, teacher: int, post: int) -> Text | None:
        """Look the school of the post up among the closures."""
        school = problem.schools["school_id"].iloc[problem.sections.school[problem.posts.section[post]]]
        if school in problem.config.closures:
            return text("the school {school} closes", school=school)
        return None

    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Count teachers without a place, and places at closed schools."""
        yield from super().violations(problem, plan)
        for t in np.flatnonzero(plan.post < 0):
            yield Violation(self.id, (problem.teachers.ids[t],), 1.0, text("the teacher has no place"))


@dataclass(frozen=True)
class PinsKept(PairRule):
    """What the planner has fixed by hand."""

    id = "placement.pins"
    sentence = text("A pinned teacher keeps the present place, or goes to the school that the pin names.")
    scope = "teacher"
    default = "hard"
    source = "the planner"
    confidence = "FOUND"

    def profile(self, problem: Problem) -> tuple[np.ndarray[Any, Any], ...]:
        """Read the pin."""
        return problem.teachers.pin, problem.teachers.stays

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse every place that the pin does not name."""
        pin, stays = problem.teachers.pin[teachers], problem.teachers.stays[teachers]
        elsewhere = (pin >= 0)[:, None] & (problem.post_school[None, :] != pin[:, None])
        return np.asarray(elsewhere | (stays[:, None] & is_new(problem, teachers)))

    def refusal(self, problem: Problem, teacher: int, post: int) -> Text | None:
        """Read the pin of the row."""
        row = problem.teachers.table.iloc[teacher]
        section = problem.posts.section[post]
        school = problem.schools["school_id"].iloc[problem.sections.school[section]]
        if row["pin"] is None or row["pin"] == school:
            return None
        same = (
            section == problem.teachers.home[teacher]
            and problem.posts.subject[post] == problem.teachers.subject[teacher]
        )
        if row["pin"] == "stay" and same:
            return None
        return text("pinned: {pin}", pin=row["pin"])


@dataclass(frozen=True)
class RecruitSettings(PairRule):
    """Recruits go to the schools that need them most."""

    id = "recruits.setting"
    sentence = text("Recruits are placed at schools whose setting is one of {settings}.")
    scope = "teacher"
    default = "off"
    source = "practice of the district in 2020: all recruits to remote rural schools"
    confidence = "FOUND"
    settings: tuple[str, ...] = parameter(
        ("rural", "remote"),
        unit=text("settings of schools.csv"),
        source="district practice",
        confidence="FOUND",
        choices=SETTINGS,
    )

    def profile(self, problem: Problem) -> tuple[np.ndarray[Any, Any], ...]:
        """Read whether the teacher is a recruit."""
        return (problem.teachers.recruit,)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse schools of other settings to recruits."""
        other = ~np.isin(problem.schools["setting"].to_numpy(str), self.settings)[problem.post_school]
        return np.asarray(problem.teachers.recruit[teachers][:, None] & other[None, :])

    def refusal(self, problem: Problem, teacher: int, post: int) -> Text | None:
        """Look the setting of the school up."""
        school = problem.schools.iloc[problem.sections.school[problem.posts.section[post]]]
        if not problem.teachers.table["recruit"].iloc[teacher] or school["setting"] in self.settings:
            return None
        return text(
            "a recruit, and the school {school} is '{setting}'",
            school=school["school_id"],
            setting=school["setting"],
        )
