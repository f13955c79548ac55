"""People together: couples, leads of zones and schools."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.model import INFINITY, Model
from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.contract import (
    AggregateRule,
    Case,
    Limits,
    Row,
    TotalsRule,
    Violation,
    backbones,
    case,
    cell,
    is_backbone,
    moves,
    parameter,
)
from allocator.rules.exchange import LEVELS
from allocator.words import Text, text

WITHIN = ("school", "zone", "km")


@dataclass(frozen=True, kw_only=True)
class CouplesTogether(AggregateRule):
    """夫妻: a couple works in the same school, zone or neighbourhood, unless both keep their schools."""

    id = "couples.together"
    sentence = text(
        "A couple is placed at the same school, or within the same {within}, unless both stay at their schools of today."
    )
    scope = "teacher"
    at_end = True
    needs = ("couple_id",)
    within: str = parameter(unit=text("how near a couple is placed"), choices=WITHIN)
    km: float = parameter(unit=text("km of road"), most=5000)

    def said(self) -> Text:
        """Say the km where they count."""
        if self.within == "km":
            return text(
                "A couple is placed at most {km} km of road apart, unless both stay at their schools of today.",
                km=f"{self.km:g}",
            )
        if self.within == "school":
            return text("A couple is placed at the same school, unless both stay at their schools of today.")
        return super().said()

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read the couple, and which of the two a teacher is."""
        code = np.full(len(problem.teachers), -1, dtype=np.int64)
        for n, two in enumerate(self._couples(problem)):
            code[list(two)] = 2 * n, 2 * n + 1
        return (code,)

    def _couples(self, problem: Problem) -> list[tuple[int, int]]:
        """Find the indices of the two of each couple whose code stands exactly twice, in the order of their codes."""
        people: dict[str, list[int]] = defaultdict(list)
        for t, couple in enumerate(cell(problem, "couple_id")):
            if couple is not None:
                people[couple].append(t)
        ids = problem.teachers.ids
        two = [sorted(found, key=lambda t: ids[t]) for found in people.values() if len(found) == 2]
        return sorted(((a, b) for a, b in two), key=lambda pair: ids[pair[0]])

    def _near(self, problem: Problem) -> Bools:
        """Whether two schools are near enough, shape (schools, schools)."""
        if self.within == "zone":
            return np.asarray(problem.school_zone[:, None] == problem.school_zone[None, :])
        near = np.eye(len(problem.school_ids), dtype=bool)
        if self.within == "km":
            near |= np.minimum(problem.roads.km, problem.roads.km.T) <= self.km
        return near

    def add(self, problem: Problem, model: Model) -> None:
        """For each couple and school: the first is there only if the second is near, or waits without a place."""
        near, soft = self._near(problem), self.level == "soft"
        for first, second in self._couples(problem):
            pairs = [
                np.flatnonzero(model.pair_cohort == model.cohorts.of[t]).astype(np.int64)
                for t in (first, second)
            ]
            at = [problem.post_school[model.pair_post[p]] for p in pairs]
            allowed = near.copy()
            home = problem.home_school[first], problem.home_school[second]
            if min(home) >= 0:
                allowed[home] = True
            schools = np.unique(at[0])
            over = model.breach(self.id, len(schools), soft=soft)
            waits = model.pool[model.cohorts.of[second]]
            for s, breach in zip(schools, over, strict=True):
                here, there = pairs[0][at[0] == s], pairs[1][allowed[s, at[1]]]
                columns = [model.pairs[here], model.pairs[there], [breach], [waits] if waits >= 0 else []]
                value = np.repeat([1.0, -1.0, -1.0, -1.0], [len(c) for c in columns])
                model.row(np.concatenate(columns).astype(np.int64), value, high=0.0)

    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Look at the two places of each couple."""
        for first, second in self._couples(problem):
            if min(plan.post[first], plan.post[second]) < 0:
                continue
            one, two = (case(problem, t, int(plan.post[t])) for t in (first, second))
            stay = all(c.person["school_id"] == c.there["school_id"] for c in (one, two))
            if stay or self._together(problem, one.there, two.there):
                continue
            words = text(
                "placed at {a} and {b}, too far apart",
                a=one.there["school_id"],
                b=two.there["school_id"],
            )
            yield Violation(self.id, (problem.teachers.ids[first], problem.teachers.ids[second]), 1.0, words)

    def _together(self, problem: Problem, a: Row, b: Row) -> bool:
        if a["school_id"] == b["school_id"]:
            return True
        if self.within == "km":
            i, j = (problem.school_ids.index(s["school_id"]) for s in (a, b))
            return bool(min(problem.roads.km[i, j], problem.roads.km[j, i]) <= self.km)
        return self.within == "zone" and bool(a["zone"] == b["zone"])


def is_lead(person: Row, least: str) -> bool:
    """Whether a row is that of a lead teacher: a chief teacher, or a backbone teacher of a level."""
    return bool(person["chief"]) or is_backbone(person, least)


def leads(problem: Problem, least: str) -> Bools:
    """Whether each teacher is a lead teacher, shape (teachers,)."""
    return cell(problem, "chief").astype(bool) | backbones(problem, least)


@dataclass(frozen=True, kw_only=True)
class LeadsOfZones(TotalsRule):
    """首席教师: every zone has a lead teacher of each core subject."""

    id = "leads.zone"
    sentence = text(
        "Each zone has lead teachers (chief, or backbone of {backbone} level and above) in each core subject that it has posts in: at least {least}."
    )
    scope = "zone"
    at_end = True
    needs = ("chief", "backbone")
    least: int = parameter(unit=text("lead teachers of a zone and subject"), most=100)
    backbone: str = parameter(unit=text("least level of a backbone teacher"), choices=LEVELS)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read whether the teacher is a lead."""
        return (leads(problem, self.backbone),)

    def limits(self, problem: Problem) -> Limits:
        """Ask for the least in each zone and core subject with posts."""
        shape = len(problem.zones), len(problem.subjects)
        held = np.zeros(shape)
        np.add.at(
            held, (problem.school_zone[problem.post_school], problem.posts.subject), problem.posts.places
        )
        core = np.array([problem.standard.subjects[s].core for s in problem.subjects])
        low = np.where((held > 0) & core[None, :], float(self.least), -INFINITY).ravel()
        names = tuple((f"{zone} {subject}",) for zone in problem.zones for subject in problem.subjects)
        return Limits(low, np.full(len(low), INFINITY), names)

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count leads in the zone and subject of the post."""
        zone = problem.school_zone[problem.post_school[posts]]
        total = zone * len(problem.subjects) + problem.posts.subject[posts]
        return np.where(leads(problem, self.backbone)[teachers], total, -1), np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        return (f"{case.there['zone']} {case.subject}",) if is_lead(case.person, self.backbone) else None


@dataclass(frozen=True, kw_only=True)
class LeadsOfSchools(TotalsRule):
    """No school loses several leads in one summer."""

    id = "leads.school"
    sentence = text(
        "From each school that stays open, lead teachers (chief, or backbone of {backbone} level and above) leave in one summer: at most {most}."
    )
    scope = "school"
    needs = ("chief", "backbone")
    most: int = parameter(unit=text("lead teachers of a school"), most=1000)
    backbone: str = parameter(unit=text("least level of a backbone teacher"), choices=LEVELS)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read whether the teacher is a lead."""
        return (leads(problem, self.backbone),)

    def limits(self, problem: Problem) -> Limits:
        """Allow the most at each school."""
        n = len(problem.school_ids)
        names = tuple((s,) for s in problem.school_ids)
        return Limits(np.full(n, -INFINITY), np.full(n, float(self.most)), names)

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count leads who leave, at their school."""
        counts = leads(problem, self.backbone)[teachers] & moves(problem, teachers, posts)
        return np.where(counts, problem.home_school[teachers], -1), np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        return (case.person["school_id"],) if case.leaves and is_lead(case.person, self.backbone) else None
