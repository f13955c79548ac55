"""A problem made ready to be solved: who may take what, who is alike, and the model of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from allocator.errors import NoPlan
from allocator.evenness import Term, terms
from allocator.model import Cohorts, Model, assignment, cohorts
from allocator.problem import Bools, Ints, Problem
from allocator.rules.catalogue import ALWAYS_HARD, aggregate_rules, knowing, pair_rules
from allocator.rules.contract import PairRule, Rule, leaves_open_school
from allocator.rules.placement import EveryonePlaced, PinsKept
from allocator.solving.levels import add_costs, points
from allocator.words import Text, text

_AT_ONCE = 1000  # cohorts that the pair rules are asked of together: what they reckon with stays small


@dataclass(frozen=True)
class Prepared:
    """A problem made ready: its cohorts, its model, its rules with the budget in numbers.

    ``eligible`` are the teachers who could lawfully leave a school that stays open, by index.
    ``early`` says that it is a round before the last, where whoever waits may still be placed. ``offer`` is what is
    offered to whom, or asked of whom, beside the rules.
    """

    model: Model
    rules: tuple[Rule, ...]
    eligible: Ints
    terms: list[Term]
    early: bool = False
    offer: PairRule | None = None

    @property
    def problem(self) -> Problem:
        """What it is about."""
        return self.model.problem


def prepare(
    problem: Problem,
    rules: tuple[Rule, ...],
    offer: PairRule | None = None,
    waiting: Bools | None = None,
    *,
    settled: bool = False,
) -> Prepared:
    """Ask the pair rules, group the teachers, build the model.

    Parameters
    ----------
    offer
        What a round offers to whom, beside the rules; it does not change who is eligible.
    waiting
        Teachers who may wait without a place beside the reserve, shape (teachers,); as of a round that is not
        the last.
    settled
        Whether the rules know already who is eligible.
    """
    groups, allowed, soft = lawful(problem, rules, offer, waiting)
    eligible = eligible_among(problem, groups, allowed)
    wait, reserve = waiting_among(problem, rules if offer is None else (*rules, offer), groups, waiting)
    if offer is not None:
        allowed &= ~offer.refuses(problem, groups.first)
    _somewhere(problem, rules, groups, allowed, wait & (reserve > 0))
    if not settled:
        rules = knowing(rules, eligible, problem.config.budget.most_moves(len(eligible)))
    weights = np.array([float(problem.config.priorities.subjects.get(s, 1)) for s in problem.subjects])
    model = assignment(problem, groups, allowed, weights, wait, reserve)
    for refused in soft:
        broken = refused[model.pair_cohort, model.pair_post]
        model.cost("rules", model.pairs[broken], np.ones(int(broken.sum())))
    for total in aggregate_rules(rules):
        total.add(problem, model)
    add_costs(model)
    return Prepared(model, rules, eligible, terms(model), waiting is not None, offer)


def lawful(
    problem: Problem,
    rules: tuple[Rule, ...],
    offer: PairRule | None = None,
    waiting: Bools | None = None,
) -> tuple[Cohorts, Bools, list[Bools]]:
    """Group the teachers and ask the pair rules.

    Returns
    -------
    The cohorts; the pairs that no hard rule refuses, shape (cohorts, post groups); for each soft rule the pairs
    that it refuses.
    """
    groups = _cohorts(problem, rules if offer is None else (*rules, offer), waiting)
    size, asked = (len(groups.first), len(problem.posts)), pair_rules(rules)
    allowed = np.ones(size, dtype=bool)
    soft = [np.zeros(size, dtype=bool) for rule in asked if rule.level != "hard"]
    for begin in range(0, size[0], _AT_ONCE):
        some, n = slice(begin, begin + _AT_ONCE), 0
        for rule in asked:
            refused = rule.refuses(problem, groups.first[some])
            if rule.level == "hard":
                allowed[some] &= ~refused
            else:
                soft[n][some] = refused
                n += 1
    return groups, allowed, soft


def lawful_pairs(problem: Problem, rules: tuple[Rule, ...]) -> Bools:
    """Whether no hard rule refuses a post to a teacher, shape (teachers, post groups)."""
    groups, allowed, _ = lawful(problem, rules)
    return np.asarray(allowed[groups.of])


def waiting_among(
    problem: Problem, rules: tuple[Rule, ...], groups: Cohorts, waiting: Bools | None
) -> tuple[Bools, int]:
    """Which cohorts may wait without a place, and how many people in all.

    Whoever is bound to a place or school does not wait.
    """
    if waiting is not None:
        return waiting[groups.first], len(problem.teachers)
    reserve = next((rule.reserve for rule in rules if isinstance(rule, EveryonePlaced)), 0)
    bound = np.zeros(len(groups.first), dtype=bool)
    for rule in pair_rules(rules):
        bound |= (rule.level == "hard") & rule.binds(problem, groups.first)
    return ~bound, reserve


def _cohorts(problem: Problem, rules: tuple[Rule, ...], waiting: Bools | None) -> Cohorts:
    """Group teachers whom no rule, indicator, wish or distance can tell apart."""
    teachers, table = problem.teachers, problem.teachers.table
    wishes = np.array([";".join(w) for w in table["wishes"]])
    columns: list[np.ndarray[Any, Any]] = [
        teachers.home,
        teachers.subject,
        teachers.recruit,
        teachers.volunteer,
        wishes,
        np.where(wishes != "", points(problem), 0.0),
    ]
    for rule in rules:
        columns.extend(rule.profile(problem))
    for name, indicator in problem.standard.indicators.items():
        if indicator.counts == "teachers" and problem.config.priorities.indicators.get(name):
            columns.extend(problem.counts(indicator).T)
    columns.extend(np.nan_to_num(table[c].to_numpy(float), nan=-999.0) for c in ("home_lat", "home_lon"))
    columns.extend([] if waiting is None else [waiting])
    return cohorts(columns, ranks(problem))


def ranks(problem: Problem) -> Ints:
    """Place of each teacher in the order of the codes, so that the order of the rows decides nothing."""
    return np.argsort(np.argsort(np.array(problem.teachers.ids)))


def _somewhere(
    problem: Problem, rules: tuple[Rule, ...], groups: Cohorts, allowed: Bools, waiting: Bools
) -> None:
    """Refuse a problem in which somebody neither waits nor has any lawful place, naming the rules that leave none."""
    lost = np.flatnonzero(~allowed.any(axis=1) & ~waiting)
    if not len(lost):
        return
    sentences: list[Text] = []
    ways: list[set[str]] = []
    for cohort in lost:
        who = [problem.teachers.ids[t] for t in np.flatnonzero(groups.of == cohort)]
        first = groups.first[[cohort]]
        hard = _needed([(r, r.refuses(problem, first)[0]) for r in pair_rules(rules) if r.level == "hard"])
        ways.append({rule.id for rule in hard} - ALWAYS_HARD)
        said = [text("'{rule}' ({sentence})", rule=r.id, sentence=r.said()) for r in hard]
        sentences.append(
            text(
                "no lawful place for {who}: these rules leave none, and without any one of them there is one: {rules}",
                who=who,
                rules=said,
            )
        )
    alone = set.intersection(*ways)
    raise NoPlan(
        sentences, problem.config.language, sorted(alone, key=lambda name: (name != PinsKept.id, name))
    )


def _needed(refusing: Sequence[tuple[PairRule, Bools]]) -> list[PairRule]:
    """Return rules that together refuse every post, of which none can be left out; those that refuse most are kept."""
    kept = sorted((one for one in refusing if one[1].any()), key=lambda one: -int(one[1].sum()))
    for one in reversed(list(kept)):
        rest = [other for other in kept if other is not one]
        if rest and np.any([refused for _, refused in rest], axis=0).all():
            kept = rest
    return [rule for rule, _ in kept]


def eligible_among(problem: Problem, groups: Cohorts, allowed: Bools) -> Ints:
    """Teachers with a lawful place at another school, whose own school stays open, by index."""
    leaves = leaves_open_school(problem, groups.first) & allowed
    return np.flatnonzero(np.asarray(leaves.any(axis=1), dtype=bool)[groups.of])


def order_of_leaving(problem: Problem) -> Ints:
    """Place of each teacher in the order of leaving: volunteers, then by years at the school, then a seeded draw."""
    teachers, config = problem.teachers, problem.config
    years = np.nan_to_num(teachers.years, nan=-1.0)
    sign = -1.0 if config.priorities.first_to_move == "longest" else 1.0
    draw = np.random.default_rng(config.seed).permutation(len(teachers))[ranks(problem)]
    order: Ints = np.empty(len(teachers), dtype=np.int64)
    order[np.lexsort((draw, sign * years, ~teachers.volunteer))] = np.arange(len(teachers))
    return order
