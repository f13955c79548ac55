"""Fill the posts round by round (校内、片区内、跨片区跨学段、组织调剂): each round fills what the earlier ones left.

In the first rounds people compete for posts: a new place is a post that is empty when the round begins, and who
holds a post or has won one is settled. In the last round the bureau places those who are left, wherever the rules
allow; only it looks at evenness, and only it must reach what the rules ask of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.catalogue import pair_rules
from allocator.rules.contract import (
    AggregateRule,
    Case,
    Limits,
    PairRule,
    Rule,
    TotalsRule,
    is_new,
    one_limit,
)
from allocator.rules.schools import SectionHeadcount
from allocator.solving.result import Level, Result
from allocator.solving.solve import Progress, assign, finished, order_of_leaving, prepare
from allocator.words import Text, text

EARLY = ("in_school", "zone", "across")
LAST = "directed"


@dataclass(frozen=True, kw_only=True)
class InRound(PairRule):
    """Which places a round offers: not a rule of a scenario, but the procedure itself.

    ``settled`` is the post that each teacher has won or kept for good, -1 for none, shape (teachers,).
    """

    id = "rounds.order"
    sentence = text("Posts are filled round by round.")
    scope = "teacher"
    name: str
    settled: Ints

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
    offered = {"in_school": school & stage, "zone": zone & stage, "across": np.ones_like(zone)}[name]
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
        held = np.where(self.settled >= 0, self.settled, problem.home_post)
        filled = np.bincount(held[held >= 0], minlength=len(problem.posts))
        most = np.maximum(problem.posts.places - filled, 0).astype(np.float64)
        return Limits(np.full(len(most), -np.inf), most, ((),) * len(most))


@dataclass(frozen=True, kw_only=True)
class Quota(OfThisRound):
    """At most so many new places in the round."""

    id = "rounds.quota"
    sentence = text("At most {most} new places are taken in the round.")
    most: int

    def limits(self, problem: Problem) -> Limits:
        """Allow the quota."""
        return one_limit(high=float(self.most))

    def total(self, posts: Ints) -> Ints:
        """Count all in one total."""
        return np.zeros_like(posts)


def by_rounds(problem: Problem, rules: tuple[Rule, ...], progress: Progress | None = None) -> Result:
    """Assign every teacher a post, round by round.

    Returns
    -------
    The plan, the levels of every round, and the round in which each teacher was placed.

    Raises
    ------
    NoPlan, LimitReached
        As in :func:`allocator.solving.solve.solve`; what earlier rounds have settled may be the reason.
    """
    people = len(problem.teachers)
    settled, labels = np.full(people, -1, dtype=np.int64), np.full(people, "stay", dtype=object)
    levels: list[Level] = []
    early = _without_evenness(problem)
    for name in EARLY:
        offer = InRound(name=name, settled=settled)
        waiting = _waiting(problem, rules, settled)
        asked = (*_early(rules), Vacancies(settled=settled), *_quota(problem, name, settled))
        prepared = prepare(early, asked, offer, waiting)
        state = assign(prepared, progress)
        levels += [replace(level, round=name) for level in state.levels]
        post = state.people(prepared)
        won = (settled < 0) & (post >= 0) & (post != problem.home_post)
        labels[won] = name
        settled = _settle(problem, rules, np.where(won, post, settled))
    offer = InRound(name=LAST, settled=settled)
    prepared = prepare(problem, (*rules, *_quota(problem, LAST, settled)), offer)
    state = assign(prepared, progress)
    levels += [replace(level, round=LAST) for level in state.levels]
    plan = Plan(state.people(prepared))
    labels[(settled < 0) & (plan.post != problem.home_post)] = LAST
    return finished(prepared, plan, tuple(levels), _labels(problem, plan, labels))


def _labels(problem: Problem, plan: Plan, labels: NDArray[np.object_]) -> tuple[str, ...]:
    """Name the rounds as the result files do: the third by what is crossed, recruits and the reserve apart."""
    section = plan.section(problem)
    home = problem.teachers.home
    other = problem.sections.stage[section] != problem.sections.stage[home]
    named = np.where(labels == "across", np.where(other, "cross_stage", "cross_zone"), labels)
    named = np.where(problem.teachers.recruit, "recruit", named)
    return tuple(str(label) for label in np.where(plan.post < 0, "pool", named))


def _early(rules: tuple[Rule, ...]) -> Iterator[Rule]:
    """Yield the rules that hold in every round; of the headcounts only what is not yet lost."""
    for rule in rules:
        if isinstance(rule, AggregateRule) and rule.at_end:
            continue
        yield replace(rule, floors=False) if isinstance(rule, SectionHeadcount) else rule


def _quota(problem: Problem, name: str, settled: Ints) -> Iterator[Rule]:
    most = problem.config.rounds.most(name, int(problem.posts.places.sum()))
    if most is not None:
        yield Quota(most=most, settled=settled)


def _without_evenness(problem: Problem) -> Problem:
    levels = tuple(level for level in problem.config.objective.levels if level != "evenness")
    objective = problem.config.objective.model_copy(update={"levels": levels or ("coverage",)})
    return replace(problem, config=problem.config.model_copy(update={"objective": objective}))


def _waiting(problem: Problem, rules: tuple[Rule, ...], settled: Ints) -> Bools:
    """Teachers who may wait for a later round: those who are not settled and cannot keep a present place."""
    everybody = np.arange(len(problem.teachers))
    kept = problem.home_post >= 0
    for rule in pair_rules(rules):
        if rule.level == "hard":
            refused = rule.refuses(problem, everybody)
            kept &= ~refused[everybody, np.maximum(problem.home_post, 0)]
    return np.asarray((settled < 0) & ~kept)


def _settle(problem: Problem, rules: tuple[Rule, ...], settled: Ints) -> Ints:
    """Settle those who hold a post: in each group as many as it has posts left, those who would leave last first."""
    won = np.bincount(settled[settled >= 0], minlength=len(problem.posts))
    room = np.maximum(problem.posts.places - won, 0)
    holds = np.flatnonzero((settled < 0) & (problem.home_post >= 0) & ~_waiting(problem, rules, settled))
    post = problem.home_post[holds]
    order = np.lexsort((-order_of_leaving(problem)[holds], post))
    first = np.searchsorted(post[order], post[order])
    kept = np.arange(len(order)) - first < room[post[order]]
    done = settled.copy()
    done[holds[order[kept]]] = post[order[kept]]
    return done
