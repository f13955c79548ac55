"""Protection: people who may not be moved, and those bound to a school."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from allocator.problem import Bools, Ints, Problem
from allocator.rules.contract import PairRule, is_new, leaves_open_school, parameter, places
from allocator.words import Text, text

STATUSES = ("leave", "seconded", "pregnant", "nursing", "ill", "training")


@dataclass(frozen=True)
class ProtectedStatus(PairRule):
    """女职工劳动保护特别规定 (国务院令619号) for pregnancy and nursing; sick leave and absence by practice."""

    id = "protection.status"
    sentence = text(
        "A teacher whose status is one of {statuses} keeps the present place while the school is open."
    )
    scope = "teacher"
    default = "hard"
    source = "国务院令619号 (pregnancy, nursing); local practice (ill, leave, seconded)"
    confidence = "MEM-H"
    statuses: tuple[str, ...] = parameter(
        ("pregnant", "nursing", "ill", "leave", "seconded"),
        unit=text("states of employment"),
        source="国务院令619号; local practice",
        confidence="MEM-H",
        choices=STATUSES,
    )

    def profile(self, problem: Problem) -> tuple[np.ndarray[Any, Any], ...]:
        """Read whether the status protects."""
        return (np.isin(problem.teachers.status.astype(str), self.statuses),)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse every other place to the protected whose place exists in September."""
        held = self.profile(problem)[0] & (problem.home_post >= 0)
        return np.asarray(held[teachers][:, None] & is_new(problem, teachers))

    def refusal(self, problem: Problem, teacher: int, post: int) -> Text | None:
        """Compare the present place with the new one."""
        status = problem.teachers.table["status"].iloc[teacher]
        home = problem.teachers.home[teacher]
        if status not in self.statuses or home < 0 or not problem.after.open[home]:
            return None
        same = (
            problem.posts.section[post] == home
            and problem.posts.subject[post] == problem.teachers.subject[teacher]
        )
        return None if same else text("the status '{status}' protects the present place", status=status)


@dataclass(frozen=True)
class MinimumTenure(PairRule):
    """A first period at a school before the first move."""

    id = "tenure.minimum"
    sentence = text("A teacher stays at least {years} years at a school that stays open before moving.")
    scope = "teacher"
    default = "hard"
    source = "local practice; the number of years is set locally, not nationally"
    confidence = "MEM-M"
    years: float = parameter(3.0, unit=text("years"), source="local practice", confidence="MEM-M", most=60)

    def profile(self, problem: Problem) -> tuple[np.ndarray[Any, Any], ...]:
        """Read whether the years are too few; a month that is not known does not hold anyone."""
        return (problem.teachers.years < self.years,)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse other schools to those who came too recently."""
        held = self.profile(problem)[0][teachers]
        return np.asarray(held[:, None] & leaves_open_school(problem, teachers))

    def refusal(self, problem: Problem, teacher: int, post: int) -> Text | None:
        """Count the months from the date of joining to September."""
        home, (here, there) = problem.teachers.home[teacher], places(problem, teacher, post)
        if here is None or here == there or not problem.after.open[home]:
            return None
        joined = problem.teachers.table["joined_school"].iloc[teacher]
        years = (problem.config.school_year * 12 + 8 - joined) / 12
        if not years < self.years:
            return None
        return text(
            "{years} years at the school, fewer than {least}", years=round(years, 1), least=f"{self.years:g}"
        )


@dataclass(frozen=True)
class ServiceLock(PairRule):
    """Service terms: special-post teachers, publicly funded graduates, directed training."""

    id = "tenure.lock"
    sentence = text(
        "A teacher bound by a service term to a school that stays open stays there until the term ends."
    )
    scope = "teacher"
    default = "hard"
    source = "特岗 3 years; 公费师范生 6 years (国办发〔2018〕75号); the date stands in lock_until"
    confidence = "MEM-H"

    def profile(self, problem: Problem) -> tuple[np.ndarray[Any, Any], ...]:
        """Read whether the term runs beyond September."""
        return (problem.teachers.table["lock_until"].to_numpy(float) > problem.config.september,)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse other schools to those whose term still runs."""
        held = self.profile(problem)[0][teachers]
        return np.asarray(held[:, None] & leaves_open_school(problem, teachers))

    def refusal(self, problem: Problem, teacher: int, post: int) -> Text | None:
        """Compare the end of the term with September."""
        home, (here, there) = problem.teachers.home[teacher], places(problem, teacher, post)
        until = problem.teachers.table["lock_until"].iloc[teacher]
        if here is None or here == there or not problem.after.open[home]:
            return None
        if not until > problem.config.school_year * 12 + 8:
            return None
        month = f"{int(until) // 12}-{int(until) % 12 + 1:02d}"
        return text("bound to the present school until {month}", month=month)
