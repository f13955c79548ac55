"""Tenure: the least time at a school, service terms, and moves that are due."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.contract import (
    Case,
    KeepsSchool,
    Limits,
    Row,
    TotalsRule,
    cell,
    moves,
    one_limit,
    parameter,
)
from allocator.words import Text, text

LEAVE = ("counted", "left_out")


def years_at_school(problem: Problem, leave: str) -> Floats:
    """Years of each teacher at the present school in September, with or without leave; nan if not known."""
    months = problem.config.september - cell(problem, "joined_school").astype(float)
    months = months - (cell(problem, "leave_months").astype(float) if leave == "left_out" else 0)
    return np.asarray(months / 12, dtype=np.float64)  # of whole months, so that full years are whole numbers


def years_of(problem: Problem, person: Row, leave: str) -> float:
    """Count the same from the row of one teacher."""
    months = problem.config.school_year * 12 + 8 - person["joined_school"]
    return float((months - (person["leave_months"] if leave == "left_out" else 0)) / 12)


@dataclass(frozen=True, kw_only=True)
class MinimumTenure(KeepsSchool):
    """A first period at a school before the first move."""

    id = "tenure.minimum"
    sentence = text(
        "A teacher stays at least {years} years at a school that stays open before moving; years of leave: {leave}."
    )
    scope = "teacher"
    needs = ("joined_school",)
    years: float = parameter(unit=text("years"), most=60)
    leave: str = parameter(unit=text("years of leave are counted or left out"), choices=LEAVE)

    def held(self, problem: Problem) -> Bools:
        """Read whether the years are too few; a month that is not known does not hold anyone."""
        return np.asarray(years_at_school(problem, self.leave) < self.years)

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Count the months from the date of joining to September."""
        years = years_of(problem, case.person, self.leave)
        if not case.leaves or not years < self.years:
            return None
        return text(
            "{years} years at the school, fewer than {least}", years=round(years, 1), least=f"{self.years:g}"
        )


@dataclass(frozen=True, kw_only=True)
class ServiceLock(KeepsSchool):
    """Service terms: special-post teachers, publicly funded graduates, directed training, first posts."""

    id = "tenure.lock"
    sentence = text(
        "A teacher bound by a service term stays at the school, while it is open, until the term ends: on the date stated, or after {special_post} years for special posts, {publicly_funded} for publicly funded graduates, {directed} for directed training and {recruits} for all others, from the month of hiring."
    )
    scope = "teacher"
    needs = ("lock_until", "service", "hired")
    special_post: float = parameter(unit=text("years from the month of hiring"), most=20)
    publicly_funded: float = parameter(unit=text("years from the month of hiring"), most=20)
    directed: float = parameter(unit=text("years from the month of hiring"), most=20)
    recruits: float = parameter(unit=text("years from the month of hiring"), most=20)

    def until(self, problem: Problem) -> Floats:
        """Month in which each teacher's term ends, nan for none."""
        service = cell(problem, "service").astype(str)
        years = np.select(
            [service == kind for kind in ("special_post", "publicly_funded", "directed")],
            [self.special_post, self.publicly_funded, self.directed],
            self.recruits,
        )
        bound = np.where(years > 0, cell(problem, "hired").astype(float) + 12 * years, np.nan)
        return np.asarray(np.fmax(cell(problem, "lock_until").astype(float), bound), dtype=np.float64)

    def held(self, problem: Problem) -> Bools:
        """Read whether the term runs beyond September."""
        return np.asarray(self.until(problem) > problem.config.september)

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Compare the later end of the two terms with September."""
        person = case.person
        if not case.leaves:
            return None
        kinds = {
            "special_post": self.special_post,
            "publicly_funded": self.publicly_funded,
            "directed": self.directed,
        }
        years = kinds.get(person["service"], self.recruits)
        ends = [person["lock_until"], person["hired"] + 12 * years if years > 0 else math.nan]
        until = max((end for end in ends if end == end), default=0)
        if until <= problem.config.school_year * 12 + 8:
            return None
        month = f"{int(until) // 12}-{int(until) % 12 + 1:02d}"
        return text("bound to the present school until {month}", month=month)


@dataclass(frozen=True, kw_only=True)
class Due(TotalsRule):
    """Some teachers are due to move; the backlog is spread over several summers.

    ``eligible`` are the indices of those who could lawfully move.
    """

    scope = "district"
    at_end = True
    summers: int = parameter(unit=text("summers over which the backlog is spread"), least=1, most=50)
    eligible: frozenset[int] = frozenset()

    @abstractmethod
    def due(self, problem: Problem) -> Bools:
        """Whether each teacher is due, shape (teachers,)."""

    @abstractmethod
    def due_one(self, problem: Problem, person: Row) -> bool:
        """Say the same of one row."""

    def knowing(self, eligible: Collection[int]) -> Due:
        """Remember who could lawfully move."""
        return replace(self, eligible=frozenset(eligible))

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read whether the teacher is due."""
        return (self.due(problem),)

    def limits(self, problem: Problem) -> Limits:
        """Ask for the summer's part of all who are due and could move, rounded up."""
        n = int(self.due(problem)[sorted(self.eligible)].sum())
        return one_limit(low=float(-(-n // self.summers)))

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count those who are due and move."""
        counts = self.due(problem)[teachers] & moves(problem, teachers, posts)
        return np.where(counts, 0, -1), np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        return () if case.leaves and self.due_one(problem, case.person) else None


@dataclass(frozen=True, kw_only=True)
class DueToMove(Due):
    """满年限应交流: who has been at one school long enough moves."""

    id = "tenure.due"
    sentence = text(
        "Teachers who have been at their school for {years} years, without men known to be over {oldest_men} and women known to be over {oldest_women} years of age, move to another one, of those who lawfully can; the backlog is spread over summers: {summers}, of which this one takes its part, rounded up; years of leave: {leave}."
    )
    needs = ("joined_school",)
    years: float = parameter(unit=text("years at one school"), most=60)
    oldest_men: int = parameter(unit=text("years of age"), most=80)
    oldest_women: int = parameter(unit=text("years of age"), most=80)
    leave: str = parameter(unit=text("years of leave are counted or left out"), choices=LEAVE)

    def due(self, problem: Problem) -> Bools:
        """Compare years and age; what is not known makes nobody due by years, nor spares by age."""
        age = (problem.config.september - cell(problem, "birth").astype(float)) // 12
        sex = cell(problem, "sex").astype(str)
        old = ((sex == "m") & (age > self.oldest_men)) | ((sex == "f") & (age > self.oldest_women))
        return np.asarray((years_at_school(problem, self.leave) >= self.years) & ~old)

    def due_one(self, problem: Problem, person: Row) -> bool:
        """Compare years and age of the row."""
        oldest = {"m": self.oldest_men, "f": self.oldest_women}.get(person["sex"], math.inf)
        months = problem.config.school_year * 12 + 8 - person["birth"]
        spared = months == months and months // 12 > oldest
        return years_of(problem, person, self.leave) >= self.years and not spared


@dataclass(frozen=True, kw_only=True)
class LeadersRotate(Due):
    """校长轮岗: heads who have served their terms go to another school."""

    id = "leaders.rotation"
    sentence = text(
        "Teachers whose role is one of {roles} and who have served {terms} terms of {term_years} years at their school move to another one, of those who lawfully can; the backlog is spread over summers: {summers}, of which this one takes its part, rounded up."
    )
    needs = ("role",)
    roles: tuple[str, ...] = parameter(
        unit=text("roles"), choices=("principal", "vice_principal", "manager", "counsellor")
    )
    terms: int = parameter(unit=text("terms"), most=20)
    term_years: float = parameter(unit=text("years of a term"), most=20)

    def due(self, problem: Problem) -> Bools:
        """Compare the years with the terms."""
        served = problem.teachers.years >= self.terms * self.term_years
        return np.asarray(np.isin(cell(problem, "role").astype(str), self.roles) & served)

    def due_one(self, problem: Problem, person: Row) -> bool:
        """Compare the years of the row with the terms."""
        years = years_of(problem, person, "counted")
        return person["role"] in self.roles and years >= self.terms * self.term_years
