"""Direction: across zones and stages, towards less wanted schools and the countryside, through several areas."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.plan import places, standing_still
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.contract import (
    Case,
    Limits,
    MoversRule,
    PairRule,
    Row,
    TotalsRule,
    cell,
    leaves_open_school,
    moves,
    one_limit,
    parameter,
    school_cell,
)
from allocator.words import Text, text

TOWNS, COUNTRYSIDE = ("urban", "town"), ("rural", "remote")
BY = ("zone", "township", "setting")


@dataclass(frozen=True, kw_only=True)
class CappedChanges(TotalsRule):
    """At most so many teachers who change one thing about their place; recruits have none to change."""

    scope = "district"
    most: int = parameter(unit=text("teachers"))

    @abstractmethod
    def changes(self, problem: Problem, teachers: Ints, posts: Ints) -> Bools:
        """Whether each placement changes it, for teachers who have a place today; all of the same shape."""

    @abstractmethod
    def changes_one(self, case: Case) -> bool:
        """Say the same of one placement."""

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing but the home."""
        return ()

    def limits(self, problem: Problem) -> Limits:
        """Allow the most."""
        return one_limit(high=float(self.most))

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count the changes of those who have a place today."""
        counts = (problem.teachers.home[teachers] >= 0) & self.changes(problem, teachers, posts)
        return np.where(counts, 0, -1), np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        return () if case.here is not None and self.changes_one(case) else None


def other_stage(problem: Problem, teachers: Ints, posts: Ints) -> Bools:
    """Whether each placement is at another stage than today's."""
    return np.asarray(problem.sections.stage[problem.teachers.home[teachers]] != problem.post_stage[posts])


def other_zone(problem: Problem, teachers: Ints, posts: Ints) -> Bools:
    """Whether each placement is in another zone than today's."""
    home = problem.section_zone[problem.teachers.home[teachers]]
    return np.asarray(home != problem.section_zone[problem.posts.section[posts]])


@dataclass(frozen=True, kw_only=True)
class CrossStage(CappedChanges):
    """跨学段: teachers who change from one stage to another."""

    id = "direction.cross_stage"
    sentence = text("At most {most} teachers change the stage they teach.")

    def changes(self, problem: Problem, teachers: Ints, posts: Ints) -> Bools:
        """Compare the stages."""
        return other_stage(problem, teachers, posts)

    def changes_one(self, case: Case) -> bool:
        """Compare the names of the stages."""
        return bool(case.person["stage"] != case.stage)


@dataclass(frozen=True, kw_only=True)
class CrossZone(CappedChanges):
    """跨片区: teachers who go to another zone."""

    id = "direction.cross_zone"
    sentence = text("At most {most} teachers go to a school in another zone.")

    def changes(self, problem: Problem, teachers: Ints, posts: Ints) -> Bools:
        """Compare the zones."""
        return other_zone(problem, teachers, posts)

    def changes_one(self, case: Case) -> bool:
        """Compare the names of the zones."""
        return case.here is not None and bool(case.here["zone"] != case.there["zone"])


@dataclass(frozen=True, kw_only=True)
class Across(CappedChanges):
    """跨片区、跨学段 together, as bureaus publish them."""

    id = "direction.across"
    sentence = text("At most {most} teachers go to another zone or change the stage they teach.")

    def changes(self, problem: Problem, teachers: Ints, posts: Ints) -> Bools:
        """Compare zones and stages."""
        return other_zone(problem, teachers, posts) | other_stage(problem, teachers, posts)

    def changes_one(self, case: Case) -> bool:
        """Compare the names of zones and stages."""
        zone = case.here is not None and case.here["zone"] != case.there["zone"]
        return bool(zone or case.person["stage"] != case.stage)


def upward(problem: Problem, teachers: Ints, posts: Ints) -> Bools:
    """Whether each placement moves a teacher to a school that is more wanted than the present one."""
    tier, home = school_cell(problem, "tier").astype(float), problem.home_school[teachers]
    return moves(problem, teachers, posts) & (tier[problem.post_school[posts]] < tier[home])


def is_upward(case: Case) -> bool:
    """Say the same of one placement; a tier that is not known is neither above nor below."""
    return case.leaves and case.here is not None and bool(case.there["tier"] < case.here["tier"])


@dataclass(frozen=True, kw_only=True)
class Upward(MoversRule):
    """向上选拔: few go to schools that are more wanted (tier 1 is the most wanted)."""

    id = "direction.upward"
    sentence = text(
        "At most {share} of those who leave a school that stays open go to one of a higher tier (1 is the most wanted)."
    )
    needs = ("tier",)
    at_least = False

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing but the home."""
        return ()

    def part(self, problem: Problem, teachers: Ints, posts: Ints) -> Bools:
        """Compare the tiers."""
        return upward(problem, teachers, posts)

    def part_one(self, problem: Problem, case: Case) -> bool:
        """Compare the tiers of the rows."""
        return is_upward(case)


@dataclass(frozen=True, kw_only=True)
class UpwardGap(TotalsRule):
    """Upward selection takes what a school has too many of, so that it opens no gap there."""

    id = "direction.upward_gap"
    sentence = text(
        "Moves to a school of a higher tier take from each subject of a section no more teachers than it has beyond its posts."
    )
    scope = "post"
    needs = ("tier",)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing but the home."""
        return ()

    def limits(self, problem: Problem) -> Limits:
        """Allow what each post group has beyond its posts with everybody at the present place."""
        held = standing_still(problem).filled(problem)
        names = post_names(problem)
        return Limits(
            np.full(len(names), -np.inf),
            np.maximum(held - problem.posts.places, 0).astype(np.float64),
            names,
        )

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count upward moves at the post group they leave."""
        counts = upward(problem, teachers, posts)
        return np.where(counts, problem.home_post[teachers], -1), np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        person = case.person
        return (f"{person['school_id']} {person['stage']} {person['subject']}",) if is_upward(case) else None


def post_names(problem: Problem) -> tuple[tuple[str, ...], ...]:
    """Name every post group by school, stage and subject, as violations do."""
    return tuple((" ".join(place),) for place in places(problem))


@dataclass(frozen=True, kw_only=True)
class TownToCountryside(MoversRule):
    """城镇到乡村: exchange leads from towns to the countryside."""

    id = "direction.rural"
    sentence = text(
        "At least {share} of those who leave a school that stays open go from an urban or town school to a rural or remote one."
    )

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing but the home."""
        return ()

    def part(self, problem: Problem, teachers: Ints, posts: Ints) -> Bools:
        """Compare the settings."""
        setting = school_cell(problem, "setting").astype(str)
        towns, rural = np.isin(setting, TOWNS), np.isin(setting, COUNTRYSIDE)
        home = problem.home_school[teachers]
        return np.asarray((home >= 0) & towns[home] & rural[problem.post_school[posts]])

    def part_one(self, problem: Problem, case: Case) -> bool:
        """Compare the settings of the rows."""
        return (
            case.here is not None and case.here["setting"] in TOWNS and case.there["setting"] in COUNTRYSIDE
        )


@dataclass(frozen=True, kw_only=True)
class ManyAreas(PairRule):
    """Rotation through kinds of area: who moves early must still be able to see enough of them."""

    id = "direction.areas"
    sentence = text(
        "Within the first {schools} schools a teacher teaches in at least {kinds} areas (by {by}); a move that would make this impossible is refused. Where nobody's former schools are stated, the rule concerns nobody."
    )
    scope = "teacher"
    needs = ("former_schools",)
    kinds: int = parameter(unit=text("areas"), least=1, most=20)
    schools: int = parameter(unit=text("schools"), least=1, most=20)
    by: str = parameter(unit=text("what makes an area"), choices=BY)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read the schools so far."""
        return (np.array([";".join(sorted(s)) for s in cell(problem, "former_schools")]),)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse schools in areas already seen where too few schools are left for the others."""
        _, area = np.unique(school_cell(problem, self.by).astype(str), return_inverse=True)
        index = {s: i for i, s in enumerate(problem.school_ids)}
        refused = np.zeros((len(teachers), len(index)), dtype=bool)
        for row, t in enumerate(teachers if problem.former_schools_stated else teachers[:0]):
            seen = [index[s] for s in cell(problem, "former_schools")[t] if s in index]
            seen += [int(problem.home_school[t])] if problem.home_school[t] >= 0 else []
            left = self.schools - len(set(seen)) - 1
            if left < 0 or not seen:
                continue
            known = {int(area[s]) for s in seen}
            then = len(known) + ~np.isin(area, list(known))
            refused[row] = (then + left < self.kinds) & ~np.isin(np.arange(len(area)), seen)
        return np.asarray(refused[:, problem.post_school] & leaves_open_school(problem, teachers))

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Count schools and areas of the row."""
        there = case.there["school_id"]
        seen = _seen(problem, case.person)
        if (
            not problem.former_schools_stated
            or not case.leaves
            or there in seen
            or len(seen) + 1 > self.schools
        ):
            return None
        areas = {problem.school_rows[s][self.by] for s in seen} | {case.there[self.by]}
        left = self.schools - len(seen) - 1
        if len(areas) + left >= self.kinds:
            return None
        return text(
            "{n} areas with this school and {left} schools to come, fewer than {least}",
            n=len(areas),
            left=left,
            least=self.kinds,
        )


def _seen(problem: Problem, person: Row) -> set[str]:
    """Schools of this district where a teacher has taught, the present one included."""
    return {s for s in (*person["former_schools"], person["school_id"]) if s in problem.school_rows}
