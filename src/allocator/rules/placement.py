"""Placement: everybody has one place, closed schools are empty, pins are kept, recruits go where they must."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.rules.codes import CODES
from allocator.rules.contract import Case, PairRule, Violation, cell, is_new, parameter, school_cell
from allocator.words import Text, text

SETTINGS = ("urban", "town", "rural", "remote")


@dataclass(frozen=True, kw_only=True)
class EveryonePlaced(PairRule):
    """Everybody, recruits included, holds exactly one place in an open school, or waits where that is allowed."""

    id = "placement.everyone"
    sentence = text(
        "Every teacher and every recruit holds exactly one place, and none at a closed school; at most {reserve} wait in the reserve without a place."
    )
    scope = "teacher"
    reserve: int = parameter(unit=text("teachers in the reserve"), most=1_000_000)

    def said(self) -> Text:
        """Leave the reserve out where there is none."""
        if self.reserve:
            return super().said()
        return text("Every teacher and every recruit holds exactly one place, and none at a closed school.")

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing of the teacher."""
        return ()

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse closed schools; they have no post groups, so that nothing is left to refuse."""
        return np.broadcast_to(
            ~problem.after.open[problem.posts.section][None, :], (len(teachers), len(problem.posts))
        )

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Look the school of the post up among the closures."""
        school = case.there["school_id"]
        if school in problem.config.closures:
            return text("the school {school} closes", school=school)
        return None

    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Count teachers without a place beyond the reserve, and places at closed schools."""
        yield from super().violations(problem, plan)
        without = [problem.teachers.ids[t] for t, p in enumerate(plan.post) if p < 0]
        if not self.reserve:
            for who in without:
                yield Violation(self.id, (who,), 1.0, text("the teacher has no place"))
        elif len(without) > self.reserve:
            words = text(
                "{n} teachers without a place, the reserve holds at most {limit}",
                n=len(without),
                limit=self.reserve,
            )
            yield Violation(self.id, tuple(without), float(len(without) - self.reserve), words)


@dataclass(frozen=True, kw_only=True)
class PinsKept(PairRule):
    """What the planner has fixed by hand."""

    id = "placement.pins"
    sentence = text("A pinned teacher keeps the present place, or goes to the school that the pin names.")
    scope = "teacher"
    needs = ("pin",)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read the pin."""
        return problem.teachers.pin, problem.teachers.stays

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse every place that the pin does not name."""
        pin, stays = problem.teachers.pin[teachers], problem.teachers.stays[teachers]
        elsewhere = (pin >= 0)[:, None] & (problem.post_school[None, :] != pin[:, None])
        return np.asarray(elsewhere | (stays[:, None] & is_new(problem, teachers)))

    def binds(self, problem: Problem, teachers: Ints) -> Bools:
        """Bind everybody who has a pin."""
        return np.asarray((problem.teachers.pin[teachers] >= 0) | problem.teachers.stays[teachers])

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Read the pin of the row."""
        pin = case.person["pin"]
        if pin is None or pin == case.there["school_id"] or (pin == "stay" and case.same_place):
            return None
        return text("pinned: {pin}", pin=pin)


@dataclass(frozen=True, kw_only=True)
class NobodyInto(PairRule):
    """Nobody comes to some schools; those who are there may stay. For questions that ask it, not for scenarios."""

    id = "placement.nobody_into"
    sentence = text("Nobody comes to a school that is about to close.")
    scope = "teacher"
    schools: frozenset[str]

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing of the teacher but the home."""
        return ()

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse the schools to whoever is not there."""
        into = np.isin(problem.school_ids, sorted(self.schools))[problem.post_school]
        home = problem.home_post[teachers]
        there = np.where(home >= 0, problem.post_school[np.maximum(home, 0)], -1)
        return np.asarray(into[None, :] & (there[:, None] != problem.post_school[None, :]))

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Look the school up, and whether the teacher is there."""
        school = case.there["school_id"]
        if school not in self.schools or case.person["school_id"] == school:
            return None
        return text("the school {school} closes", school=school)


@dataclass(frozen=True, kw_only=True)
class RecruitSettings(PairRule):
    """Recruits go to the schools that need them most."""

    id = "recruits.setting"
    sentence = text("Recruits are placed at schools whose setting is one of {settings}.")
    scope = "teacher"
    needs = ("recruit",)
    settings: tuple[str, ...] = parameter(unit=text("settings of schools.csv"), choices=SETTINGS)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read whether the teacher is a recruit."""
        return (problem.teachers.recruit,)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse schools of other settings to recruits."""
        other = ~np.isin(school_cell(problem, "setting").astype(str), self.settings)[problem.post_school]
        return np.asarray(problem.teachers.recruit[teachers][:, None] & other[None, :])

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Look the setting of the school up."""
        setting = case.there["setting"]
        if not case.person["recruit"] or setting in self.settings:
            return None
        school = case.there["school_id"]
        return text(
            "a recruit, and the school {school} is '{setting}'", school=school, setting=CODES[setting]
        )


@dataclass(frozen=True, kw_only=True)
class RecruitContracts(PairRule):
    """定向培养: a graduate trained for a school goes there."""

    id = "recruits.contract"
    sentence = text("A recruit who was trained for a school by contract goes there, if it is open.")
    scope = "teacher"
    needs = ("contract_school",)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read the school of the contract, where it binds."""
        return (self._bound(problem),)

    def _bound(self, problem: Problem) -> Ints:
        """School index of the contract of a recruit, -1 for none or where the school is not open."""
        index = {s: i for i, s in enumerate(problem.school_ids) if s in problem.open_in_september}
        to = np.array([index.get(s, -1) for s in cell(problem, "contract_school")], dtype=np.int64)
        return np.where(problem.teachers.recruit, to, -1)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse every other school."""
        to = self._bound(problem)[teachers][:, None]
        return np.asarray((to >= 0) & (problem.post_school[None, :] != to))

    def binds(self, problem: Problem, teachers: Ints) -> Bools:
        """Bind those whose contract names a school that is open."""
        return np.asarray(self._bound(problem)[teachers] >= 0)

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Compare the school with that of the row."""
        to = case.person["contract_school"]
        bound = case.person["recruit"] and to is not None and to in problem.open_in_september
        if not bound or case.there["school_id"] == to:
            return None
        return text("trained for {school} by contract", school=to)
