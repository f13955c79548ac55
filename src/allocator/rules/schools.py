"""Protection of schools: how many a section may hold, how many may leave at once, who must stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.model import INFINITY
from allocator.plan import standing_still
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.contract import (
    Case,
    Limits,
    TotalsRule,
    cell,
    moves,
    parameter,
    section_names,
)
from allocator.rules.direction import post_names
from allocator.words import text


@dataclass(frozen=True, kw_only=True)
class SectionHeadcount(TotalsRule):
    """编制: a section holds no more than its limit and no fewer than its floor."""

    id = "quota.headcount"
    sentence = text(
        "A section holds at most the limit stated for it; where none is stated, at most {above} more than the greatest of its quota, its posts, and today's staff with those of the pupils who come; and at least its floor."
    )
    scope = "section"
    above: float = parameter(unit=text("teachers above the limit"), most=10000)
    floors: bool = True

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing of the teacher."""
        return ()

    def most(self, problem: Problem) -> Ints:
        """Return the most teachers of each section; a limit stated in sections.csv has no tolerance."""
        tolerance = np.where(problem.sections.stated, 0, int(self.above))
        return np.asarray(np.maximum(problem.sections.high + tolerance, problem.sections.low), dtype=np.int64)

    def limits(self, problem: Problem) -> Limits:
        """Bound the heads of each open section; without ``floors``, below and above so that today's staff may stay."""
        is_open, staff = problem.after.open, _staff(problem)
        low = problem.sections.low if self.floors else np.minimum(problem.sections.low, staff)
        high = self.most(problem) if self.floors else np.maximum(self.most(problem), staff)
        return Limits(
            np.where(is_open, low, 0).astype(np.float64),
            np.where(is_open, high, 0).astype(np.float64),
            section_names(problem),
        )

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count everybody where the post is."""
        return problem.posts.section[posts], np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        return (f"{case.there['school_id']} {case.stage}",)


@dataclass(frozen=True, kw_only=True)
class SectionOutflow(TotalsRule):
    """No section loses too many of its teachers in one summer."""

    id = "school.outflow"
    sentence = text(
        "At most {share} of the teachers of a section, rounded up, leave for another school in one summer."
    )
    scope = "section"
    share: float = parameter(unit=text("share of the section's teachers of today"), most=1)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing but the home."""
        return ()

    def limits(self, problem: Problem) -> Limits:
        """Allow a share of today's staff, rounded up."""
        staff = _staff(problem)
        return Limits(np.full(len(staff), -INFINITY), rounded_up(self.share, staff), section_names(problem))

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count those who leave a school that stays open, at their section."""
        away = moves(problem, teachers, posts)
        return np.where(away, problem.teachers.home[teachers], -1), np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        return (f"{case.person['school_id']} {case.person['stage']}",) if case.leaves else None


@dataclass(frozen=True, kw_only=True)
class SubjectOutflow(TotalsRule):
    """No subject of a section loses too many of its teachers in one summer."""

    id = "school.subject_outflow"
    sentence = text(
        "At most {share} of the teachers of each subject of a section, rounded up, leave for another school in one summer."
    )
    scope = "post"
    share: float = parameter(unit=text("share of the subject's teachers of today"), most=1)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing but home and subject."""
        return ()

    def limits(self, problem: Problem) -> Limits:
        """Allow a share of today's teachers of the post group, rounded up."""
        held = standing_still(problem).filled(problem)
        return Limits(np.full(len(held), -INFINITY), rounded_up(self.share, held), post_names(problem))

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count those who leave a school that stays open, at their post group."""
        away = moves(problem, teachers, posts)
        return np.where(away, problem.home_post[teachers], -1), np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        person = case.person
        return (f"{person['school_id']} {person['stage']} {person['subject']}",) if case.leaves else None


def _staff(problem: Problem, who: Bools | None = None) -> Ints:
    """Teachers of each section today, or of those named, shape (sections,)."""
    home = problem.teachers.home
    counted = home >= 0 if who is None else (home >= 0) & who
    return np.bincount(home[counted], minlength=len(problem.sections.school))


def rounded_up(share: float, staff: Ints) -> Floats:
    """Return a share of numbers of people, rounded up."""
    return np.asarray(np.ceil(share * staff - 1e-9) + 0.0, dtype=np.float64)  # 0 and not -0


@dataclass(frozen=True, kw_only=True)
class SubjectMinimum(TotalsRule):
    """A section keeps somebody for its subjects."""

    id = "school.subject_minimum"
    sentence = text(
        "In each of the subjects ({subjects}) that a section has posts in, it keeps teachers: at least {least}, or as many as it has today where these are fewer."
    )
    scope = "post"
    least: int = parameter(unit=text("teachers of the subject"), most=100)
    subjects: str = parameter(unit=text("core subjects alone, or all"), choices=("core", "all"))

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing but home and subject."""
        return ()

    def limits(self, problem: Problem) -> Limits:
        """Ask for the least, or for what is there today."""
        held = standing_still(problem).filled(problem)
        core = np.array([problem.standard.subjects[s].core for s in problem.subjects])
        asked = (problem.posts.places > 0) & (core[problem.posts.subject] | (self.subjects == "all"))
        low = np.where(asked, np.minimum(held, self.least), -INFINITY)
        return Limits(low.astype(np.float64), np.full(len(low), INFINITY), post_names(problem))

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count everybody where the post is."""
        return posts, np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        return (f"{case.there['school_id']} {case.stage} {case.subject}",)


@dataclass(frozen=True, kw_only=True)
class GraduatingKept(TotalsRule):
    """毕业年级: graduating classes keep a part of their teachers."""

    id = "school.graduating"
    sentence = text(
        "At least {share} of a section's teachers of graduating classes, rounded up, stay in the section while it is open."
    )
    scope = "section"
    needs = ("graduating",)
    share: float = parameter(unit=text("share of the section's teachers of graduating classes"), most=1)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read whether the teacher has a graduating class."""
        return (_graduating(problem),)

    def limits(self, problem: Problem) -> Limits:
        """Ask for a share of those of today, rounded up; nothing of sections that close."""
        low = rounded_up(self.share, _staff(problem, _graduating(problem)))
        low = np.where(problem.after.open, low, 0.0)
        return Limits(low, np.full(len(low), INFINITY), section_names(problem))

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count those of graduating classes who stay in their section."""
        section = problem.posts.section[posts]
        stays = _graduating(problem)[teachers] & (problem.teachers.home[teachers] == section)
        return np.where(stays, section, -1), np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        stays = case.person["graduating"] and case.same_section
        return (f"{case.there['school_id']} {case.stage}",) if stays else None


def _graduating(problem: Problem) -> Bools:
    return cell(problem, "graduating").astype(bool)


@dataclass(frozen=True, kw_only=True)
class HeadKept(TotalsRule):
    """Every school that has a head keeps one."""

    id = "leaders.head"
    sentence = text("Every open school that has a principal today has at least one in September.")
    scope = "school"
    at_end = True
    needs = ("role",)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read whether the teacher is a principal."""
        return (_heads(problem),)

    def limits(self, problem: Problem) -> Limits:
        """Ask for one where there is one."""
        has = np.zeros(len(problem.school_ids), dtype=bool)
        has[problem.home_school[_heads(problem) & (problem.home_school >= 0)]] = True
        opens = np.isin(np.arange(len(has)), problem.post_school)
        names = tuple((s,) for s in problem.school_ids)
        return Limits((has & opens).astype(np.float64), np.full(len(has), INFINITY), names)

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count principals at the school of the post."""
        return np.where(_heads(problem)[teachers], problem.post_school[posts], -1), np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        return (case.there["school_id"],) if case.person["role"] == "principal" else None


def _heads(problem: Problem) -> Bools:
    return np.asarray(cell(problem, "role").astype(str) == "principal")


@dataclass(frozen=True, kw_only=True)
class FollowPupils(TotalsRule):
    """Teachers of a closing school go where its pupils go."""

    id = "closures.follow"
    sentence = text(
        "At least {share} of the teachers of a closing section, rounded up, go to the school that takes its pupils."
    )
    scope = "section"
    at_end = True
    share: float = parameter(unit=text("share of the closing section's teachers"), most=1)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing but the home."""
        return ()

    def limits(self, problem: Problem) -> Limits:
        """Ask for a share of the teachers of each section that closes."""
        low = rounded_up(self.share, _staff(problem, problem.displaced))
        low = np.where(problem.receivers.any(axis=1), low, 0.0)
        return Limits(low, np.full(len(low), INFINITY), section_names(problem))

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count those of closing sections who go to the school of their pupils, at their section."""
        home = problem.teachers.home[teachers]
        follows = problem.displaced[teachers] & problem.receivers[home, problem.post_school[posts]]
        return np.where(follows, home, -1), np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Look the journey of the pupils up."""
        person = case.person
        to = [
            j.to_school
            for j in problem.journeys
            if (j.school_id, j.stage) == (person["school_id"], person["stage"])
            and j.school_id in problem.config.closures
        ]
        return (f"{person['school_id']} {person['stage']}",) if case.there["school_id"] in to else None
