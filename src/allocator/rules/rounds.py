"""The procedure, round by round, said as rules: what a round offers, which posts are empty, how many it fills.

These are not rules of a scenario: a round is over when the plan is judged, so that their witnesses say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.contract import Case, Limits, PairRule, TotalsRule, is_new, one_limit, parameter
from allocator.words import Text, text

EARLY = ("in_school", "zone", "across")
LAST = "directed"


@dataclass(frozen=True, kw_only=True)
class InRound(PairRule):
    """Which places a round offers.

    ``settled`` is the post that each teacher has won or kept for good, -1 for none, shape (teachers,).
    """

    id = "rounds.order"
    sentence = text("Posts are filled round by round.")
    scope = "teacher"
    name: str
    settled: Ints

    def binds(self, problem: Problem, teachers: Ints) -> Bools:
        """Bind who has won or kept a post: they do not wait."""
        return np.asarray(self.settled[teachers] >= 0)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read the post that is settled."""
        return (self.settled,)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse all but the settled post; to others, new places that are not of this round."""
        settled = self.settled[teachers]
        other = np.arange(len(problem.posts))[None, :] != settled[:, None]
        late = is_new(problem, teachers) & ~_offered(problem, teachers, self.name)
        return np.where((settled >= 0)[:, None], other, late)

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Say nothing: a round is over when the plan is judged."""
        return None


def _offered(problem: Problem, teachers: Ints, name: str) -> Bools:
    """Whether a round offers each post to each teacher, shape (len(teachers), post groups)."""
    if name == LAST:
        return np.ones((len(teachers), len(problem.posts)), dtype=bool)
    home = problem.teachers.home[teachers]
    school = problem.post_school[None, :] == problem.home_school[teachers][:, None]
    stage = problem.post_stage[None, :] == problem.sections.stage[home][:, None]
    zone = problem.school_zone[problem.post_school][None, :] == problem.section_zone[home][:, None]
    offered = {"in_school": school & stage, "zone": zone & stage & ~school, "across": ~(zone & stage)}[name]
    return np.asarray(offered & (home >= 0)[:, None])  # recruits fill what is left, in the last round


@dataclass(frozen=True, kw_only=True)
class OfThisRound(TotalsRule):
    """Totals over the new places that are taken in this round."""

    scope = "post"
    settled: Ints

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing beside what the round reads."""
        return ()

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count new places of those who are not settled, at their post."""
        counts = (self.settled[teachers] < 0) & (problem.home_post[teachers] != posts)
        return np.where(counts, self.total(posts), -1), np.ones(len(teachers))

    def total(self, posts: Ints) -> Ints:
        """Return in which total a place counts."""
        return posts

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Count nothing: a round is over when the plan is judged."""
        return None


@dataclass(frozen=True, kw_only=True)
class Vacancies(OfThisRound):
    """New places are posts that are empty when the round begins."""

    id = "rounds.vacancies"
    sentence = text("A new place is a post that is empty when the round begins.")

    def limits(self, problem: Problem) -> Limits:
        """Allow the posts that nobody holds."""
        filled = Plan(np.where(self.settled >= 0, self.settled, problem.home_post)).filled(problem)
        most = np.maximum(problem.posts.places - filled, 0).astype(np.float64)
        return Limits(np.full(len(most), -np.inf), most, ((),) * len(most))


@dataclass(frozen=True, kw_only=True)
class Quota(OfThisRound):
    """At most so many new places in the round."""

    id = "rounds.quota"
    sentence = text("At most {most} new places are taken in the round.")
    most: int = parameter(unit=text("new places"))

    def limits(self, problem: Problem) -> Limits:
        """Allow the quota."""
        return one_limit(high=float(self.most))

    def total(self, posts: Ints) -> Ints:
        """Count all in one total."""
        return np.zeros_like(posts)
