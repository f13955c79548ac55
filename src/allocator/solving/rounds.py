"""Fill the posts round by round (校内、片区内、跨片区跨学段、组织调剂): each round fills what the earlier ones left.

In the first rounds people compete for posts: a new place is a post that is empty when the round begins, and who
holds a post or has won one is settled. In the last round the bureau places those who are left, wherever the rules
allow; only it looks at evenness, and only it must reach what the rules ask of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import numpy as np
from numpy.typing import NDArray

from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.rules.contract import (
    AggregateRule,
    Rule,
)
from allocator.rules.rounds import EARLY, LAST, InRound, Quota, Vacancies
from allocator.rules.schools import SectionHeadcount
from allocator.solving.prepare import lawful_pairs, order_of_leaving, prepare
from allocator.solving.result import Level, Result
from allocator.solving.solve import Progress, assign, finished


def by_rounds(
    problem: Problem, rules: tuple[Rule, ...], progress: Progress | None = None, stop: Event | None = None
) -> Result:
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
    early, kept = _without_evenness(problem), _keeps_place(problem, rules)
    for name in EARLY:
        offer = InRound(name=name, settled=settled)
        waiting = (settled < 0) & ~kept
        asked = (*_early(rules), Vacancies(settled=settled), *_quota(problem, name, settled))
        prepared = prepare(early, asked, offer, waiting)
        state = assign(prepared, progress, stop=stop)
        levels += [replace(level, round=name) for level in state.levels]
        post = state.people(prepared)
        won = (settled < 0) & (post >= 0) & (post != problem.home_post)
        labels[won] = name
        settled = _settle(problem, kept, np.where(won, post, settled))
    offer = InRound(name=LAST, settled=settled)
    prepared = prepare(problem, (*rules, *_quota(problem, LAST, settled)), offer)
    state = assign(prepared, progress, stop=stop)
    levels += [replace(level, round=LAST) for level in state.levels]
    plan = Plan(state.people(prepared))
    labels[(settled < 0) & (plan.post != problem.home_post)] = LAST
    lasting = tuple(rule for rule in prepared.rules if not isinstance(rule, Quota))
    return finished(replace(prepared, rules=lasting), plan, tuple(levels), _labels(problem, plan, labels))


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


def _keeps_place(problem: Problem, rules: tuple[Rule, ...]) -> Bools:
    """Whether each teacher may keep the present place; who may not waits for a round that offers another."""
    home, everybody = problem.home_post, np.arange(len(problem.teachers))
    return np.asarray((home >= 0) & lawful_pairs(problem, rules)[everybody, home])


def _settle(problem: Problem, kept: Bools, settled: Ints) -> Ints:
    """Settle those who hold a post: in each group as many as it has posts left, those who would leave last first."""
    room = Plan(settled).unfilled(problem)
    holds = np.flatnonzero((settled < 0) & kept)
    post = problem.home_post[holds]
    order = np.lexsort((-order_of_leaving(problem)[holds], post))
    first = np.searchsorted(post[order], post[order])
    kept = np.arange(len(order)) - first < room[post[order]]
    done = settled.copy()
    done[holds[order[kept]]] = post[order[kept]]
    return done
