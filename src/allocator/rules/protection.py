"""Protection: people who may not be moved because of their state or their age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.problem import Bools, Ints, Problem
from allocator.rules.codes import CODES
from allocator.rules.contract import Case, KeepsSchool, PairRule, cell, is_new, leaves_open_school, parameter
from allocator.words import Text, text

STATUSES = ("leave", "seconded", "pregnant", "nursing", "ill", "training")


@dataclass(frozen=True, kw_only=True)
class ProtectedStatus(PairRule):
    """女职工劳动保护特别规定 (国务院令619号) for pregnancy and nursing; sick leave and absence by practice."""

    id = "protection.status"
    sentence = text(
        "A teacher whose status is one of {statuses} keeps the present place while the school is open."
    )
    scope = "teacher"
    needs = ("status",)
    statuses: tuple[str, ...] = parameter(unit=text("states of employment"), choices=STATUSES)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read whether the status protects."""
        return (np.isin(problem.teachers.status.astype(str), self.statuses),)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse every other place to the protected whose place exists in September."""
        return np.asarray(self.binds(problem, teachers)[:, None] & is_new(problem, teachers))

    def binds(self, problem: Problem, teachers: Ints) -> Bools:
        """Bind the protected to their place, while it exists."""
        held = np.isin(problem.teachers.status.astype(str), self.statuses) & (problem.home_post >= 0)
        return np.asarray(held[teachers])

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Compare the present place with the new one."""
        status = case.person["status"]
        if status not in self.statuses or not case.stays_open or case.same_place:
            return None
        return text("the status '{status}' protects the present place", status=CODES[status])


@dataclass(frozen=True, kw_only=True)
class NearRetirement(KeepsSchool):
    """The last years before retirement; the month follows from birth and sex (渐进式延迟退休)."""

    id = "protection.retirement"
    sentence = text(
        "A teacher who retires within {years} years is not moved to another school while the present one is open."
    )
    scope = "teacher"
    needs = ("birth",)
    years: float = parameter(unit=text("years before retirement"), most=60)

    def held(self, problem: Problem) -> Bools:
        """Read whether retirement is near; where birth or sex is not known it is not."""
        return np.asarray(problem.retirement - problem.config.september <= 12 * self.years)

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Compute the month from the row and the table of the standard."""
        month = problem.standard.retirement_month(*(case.person[c] for c in ("sex", "title", "birth")))
        left = month - problem.config.september
        if not case.leaves or not left <= 12 * self.years:
            return None
        if left <= 0:
            return text("has reached the age of retirement")
        return text(
            "retires in {months} months, protected are {years} years",
            months=int(left),
            years=f"{self.years:g}",
        )


@dataclass(frozen=True, kw_only=True)
class LeadersKept(KeepsSchool):
    """校级干部: heads are appointed, not exchanged, until their terms are over."""

    id = "leaders.kept"
    sentence = text(
        "A teacher whose role is one of {roles} stays at the school while it is open; after {terms} terms of {term_years} years no longer."
    )
    scope = "teacher"
    needs = ("role",)
    roles: tuple[str, ...] = parameter(
        unit=text("roles"), choices=("principal", "vice_principal", "manager", "counsellor")
    )
    terms: int | None = parameter(unit=text("terms; without a number there is no end"), most=20)
    term_years: float = parameter(unit=text("years of a term"), most=20)

    def said(self) -> Text:
        """Leave the end out where there is none."""
        said = super().said()
        if self.terms is None:
            words = text("A teacher whose role is one of {roles} stays at the school while it is open.")
            return Text(words.template, {"roles": said.values["roles"]})
        return said

    def held(self, problem: Problem) -> Bools:
        """Read whether the role holds the teacher; a month of joining that is not known ends no term."""
        held = np.isin(cell(problem, "role").astype(str), self.roles)
        if self.terms is not None:
            held &= ~(problem.teachers.years >= self.terms * self.term_years)
        return np.asarray(held)

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Count the years from the month of joining."""
        if case.person["role"] not in self.roles or not case.leaves:
            return None
        years = (problem.config.september - case.person["joined_school"]) / 12
        if self.terms is not None and years >= self.terms * self.term_years:
            return None
        return text("the role '{role}' keeps the teacher at the school", role=CODES[case.person["role"]])


@dataclass(frozen=True, kw_only=True)
class VolunteersOnly(KeepsSchool):
    """Nobody leaves an open school against their will."""

    id = "volunteers.only"
    sentence = text("Only volunteers leave a school that stays open.")
    scope = "teacher"
    needs = ("volunteer",)

    def held(self, problem: Problem) -> Bools:
        """Hold all but volunteers."""
        return np.asarray(~problem.teachers.volunteer)

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Read the row."""
        if not case.leaves or case.person["volunteer"]:
            return None
        return text("not a volunteer")


@dataclass(frozen=True, kw_only=True)
class WishesOnly(PairRule):
    """Who states wishes leaves an open school only for a school wished for."""

    id = "wishes.only"
    sentence = text("A teacher who states wishes leaves a school that stays open only for one of them.")
    scope = "teacher"
    needs = ("wishes",)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read the wishes."""
        return (np.array([";".join(w) for w in cell(problem, "wishes")]),)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse schools that are not wished for to those who wish."""
        index = {s: i for i, s in enumerate(problem.school_ids)}
        wished = np.ones((len(teachers), len(index)), dtype=bool)
        for row, wishes in enumerate(cell(problem, "wishes")[teachers]):
            if wishes:
                wished[row] = False
                wished[row, [index[s] for s in wishes]] = True
        return np.asarray(~wished[:, problem.post_school] & leaves_open_school(problem, teachers))

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Look the school up among the wishes."""
        wishes, school = case.person["wishes"], case.there["school_id"]
        if not case.leaves or not wishes or school in wishes:
            return None
        return text("{school} is not among the wishes", school=school)
