"""Totals: how many a section may hold, how many may move, how many may change zone or stage."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from allocator.model import Model
from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.rules.contract import AggregateRule, Violation, parameter
from allocator.words import Text, text


@dataclass(frozen=True)
class SectionHeadcount(AggregateRule):
    """编制: a section holds no more than its limit and no fewer than its floor."""

    id = "quota.headcount"
    sentence = text(
        "A section holds at most the limit stated for it; where none is stated, at most {above} more than the greatest of its quota, its posts, and today's staff with those of the pupils who come; and at least its floor."
    )
    scope = "section"
    default = "hard"
    source = "中央编办发〔2014〕72号 for the quota; the tolerance is not official"
    confidence = "MEM-L"
    above: float = parameter(
        2.0, unit=text("teachers above the limit"), source="not official", confidence="MEM-L", most=10000
    )

    def add(self, problem: Problem, model: Model) -> None:
        """Bound the heads of each open section."""
        sections = np.flatnonzero(problem.after.open)
        position = np.full(len(problem.after.open), -1, dtype=np.int64)
        position[sections] = np.arange(len(sections))
        over = model.breach(self.id, len(sections), soft=self.level == "soft")
        under = model.breach(self.id, len(sections), soft=self.level == "soft")
        each, row = np.arange(len(sections)), position[problem.posts.section[model.pair_post]]
        model.rows(
            np.concatenate([row, each, each]),
            np.concatenate([model.pairs, over, under]),
            np.concatenate([np.ones(len(row)), -np.ones(len(each)), np.ones(len(each))]),
            problem.sections.low[sections].astype(float),
            self.most(problem)[sections].astype(float),
        )

    def most(self, problem: Problem) -> Ints:
        """Return the most teachers of each section; a limit stated in sections.csv has no tolerance."""
        tolerance = np.where(problem.sections.stated, 0, int(self.above))
        return np.asarray(np.maximum(problem.sections.high + tolerance, problem.sections.low), dtype=np.int64)

    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Count heads in plain Python."""
        held = Counter(int(problem.posts.section[p]) for p in plan.post if p >= 0)
        for section in range(len(problem.sections.school)):
            if not problem.after.open[section]:
                continue
            stated = bool(problem.sections.stated[section])
            low = int(problem.sections.low[section])
            high = max(int(problem.sections.high[section]) + (0 if stated else int(self.above)), low)
            excess = max(held[section] - high, low - held[section])
            if excess > 0:
                school = problem.schools["school_id"].iloc[problem.sections.school[section]]
                stage = problem.stages[problem.sections.stage[section]]
                words = text("{n} teachers, allowed are {low} to {high}", n=held[section], low=low, high=high)
                yield Violation(self.id, (f"{school} {stage}",), float(excess), words)


@dataclass(frozen=True)
class CappedMoves(AggregateRule):
    """At most so many placements of some sort in the whole district."""

    @abstractmethod
    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> Bools:
        """Whether the placement of each teacher at each post counts; all of the same shape."""

    @abstractmethod
    def counts_one(self, problem: Problem, teacher: int, post: int) -> bool:
        """Say the same of one placement, without arrays: the witness."""

    @abstractmethod
    def limit(self, problem: Problem) -> int | None:
        """Return the most placements, or None for no limit."""

    def add(self, problem: Problem, model: Model) -> None:
        """Bound the number of placements that count."""
        limit = self.limit(problem)
        if limit is None:
            return
        columns = model.pairs[self.counted(problem, model.pair_teacher, model.pair_post)]
        over = model.breach(self.id, 1, soft=self.level == "soft")
        value = np.concatenate([np.ones(len(columns)), [-1.0]])
        model.row(np.concatenate([columns, over]), value, high=float(limit))

    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Count the placements one by one."""
        limit = self.limit(problem)
        who = [t for t, p in enumerate(plan.post) if p >= 0 and self.counts_one(problem, t, int(p))]
        if limit is not None and len(who) > limit:
            words = text("{n} teachers, allowed are {limit}", n=len(who), limit=limit)
            yield Violation(
                self.id, tuple(problem.teachers.ids[t] for t in who), float(len(who) - limit), words
            )


def _one(problem: Problem, teacher: int, post: int) -> tuple[int, int]:
    """Sections of one teacher today and with a post."""
    return int(problem.teachers.home[teacher]), int(problem.posts.section[post])


@dataclass(frozen=True)
class MoveBudget(CappedMoves):
    """The planner's dial: how many may move away from a school that stays open."""

    id = "budget.moves"
    sentence = text("At most {most} teachers move away from a school that stays open.")
    scope = "district"
    default = "hard"
    source = "the planner: [budget] moves"
    confidence = "FOUND"
    most: int | None = None

    def said(self) -> Text:
        """Name the budget, or say that there is none."""
        if self.most is None:
            return text("Any number of teachers may move: no budget is set.")
        return super().said()

    def limit(self, problem: Problem) -> int | None:
        """Return the budget."""
        return self.most

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> Bools:
        """Count other schools for teachers whose school stays open."""
        home = problem.home_school[teachers]
        return np.asarray((home >= 0) & ~problem.closing[home] & (problem.post_school[posts] != home))

    def counts_one(self, problem: Problem, teacher: int, post: int) -> bool:
        """Compare the codes of the two schools."""
        row, section = problem.teachers.table.iloc[teacher], problem.posts.section[post]
        there = problem.schools["school_id"].iloc[problem.sections.school[section]]
        return bool(
            row["school_id"] is not None
            and row["school_id"] not in problem.config.closures
            and there != row["school_id"]
        )


@dataclass(frozen=True)
class CappedChanges(CappedMoves):
    """At most so many teachers who change one thing about their place; recruits have none to change."""

    scope = "district"
    default = "off"
    confidence = "FOUND"
    most: int = parameter(41, unit=text("teachers"), source="district practice", confidence="FOUND")

    def limit(self, problem: Problem) -> int | None:
        """Return the most."""
        return self.most


@dataclass(frozen=True)
class CrossStage(CappedChanges):
    """跨学段: teachers who change from one stage to another."""

    id = "direction.cross_stage"
    sentence = text("At most {most} teachers change the stage they teach.")
    source = "district practice (41 in 2019)"

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> Bools:
        """Count other stages, recruits apart."""
        home = problem.teachers.home[teachers]
        return np.asarray((home >= 0) & (problem.sections.stage[home] != problem.post_stage[posts]))

    def counts_one(self, problem: Problem, teacher: int, post: int) -> bool:
        """Compare the two stages."""
        home, section = _one(problem, teacher, post)
        return home >= 0 and bool(problem.sections.stage[home] != problem.sections.stage[section])


@dataclass(frozen=True)
class CrossZone(CappedChanges):
    """跨片区: teachers who go to another zone."""

    id = "direction.cross_zone"
    sentence = text("At most {most} teachers go to a school in another zone.")
    source = "zone first: practice of districts"

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> Bools:
        """Count other zones, recruits apart."""
        home = problem.teachers.home[teachers]
        return np.asarray(
            (home >= 0) & (problem.section_zone[home] != problem.section_zone[problem.posts.section[posts]])
        )

    def counts_one(self, problem: Problem, teacher: int, post: int) -> bool:
        """Compare the names of the two zones."""
        home, section = _one(problem, teacher, post)
        zone = problem.schools["zone"].to_numpy()
        return home >= 0 and bool(
            zone[problem.sections.school[home]] != zone[problem.sections.school[section]]
        )
