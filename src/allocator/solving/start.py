"""A first plan: everybody keeps the present place, and those without one go where posts are empty.

That alone is a minimum-cost flow, solved by OR-Tools in no time. The levels begin with it, so that a limit
never ends without a plan, and no plan is worse than standing still.
"""

from __future__ import annotations

import numpy as np

from allocator.model import Model
from allocator.problem import Ints
from allocator.roads import Floats
from allocator.rules.contract import Rule
from allocator.rules.schools import SectionHeadcount
from allocator.solving.network import flow

_POST = 100_000  # cost of leaving a post of weight 1 empty, in hundredths of burden


def first_plan(model: Model, rules: tuple[Rule, ...]) -> Floats | None:
    """Return values of the columns up to the empty places; None where the flow cannot place everybody.

    Whether the plan keeps the totals is not asked here.
    """
    problem, pairs = model.problem, model.pairs
    home = problem.home_post[model.pair_teacher] == model.pair_post
    stays = np.zeros(len(model.cohorts.size), dtype=bool)
    stays[model.pair_cohort[home]] = True
    x = np.zeros(model.width)
    x[pairs[home]] = model.cohorts.size[model.pair_cohort[home]]
    free = np.flatnonzero(~stays[model.pair_cohort])
    if len(free):
        placed = _flow(model, free, x[pairs], _room(model, rules, x[pairs]))
        if placed is None:
            return None
        x[pairs[free]] = placed
    return with_shortage(model, x)


def _room(model: Model, rules: tuple[Rule, ...], x: Floats) -> Ints:
    """How many more each section may hold."""
    problem = model.problem
    section = problem.posts.section[model.pair_post]
    held = np.bincount(section, x, minlength=len(problem.sections.high))
    limits = [
        rule.most(problem) for rule in rules if isinstance(rule, SectionHeadcount) and rule.level == "hard"
    ]
    most = limits[0] if limits else np.full(len(held), len(problem.teachers))
    return np.asarray(np.maximum(most - held, 0), dtype=np.int64)


def _flow(model: Model, free: Ints, x: Floats, room: Ints) -> Floats | None:
    """Send the free cohorts to posts: to empty ones first, then where the burden is least."""
    filled = np.bincount(model.pair_post, x, minlength=len(model.problem.posts)).astype(np.int64)
    empty = np.maximum(model.problem.posts.places - filled, 0)
    burden = np.round(100 * model.objective("burden")[free]).astype(np.int64)
    return flow(model, free, burden, _weights(model), empty, room)


def _weights(model: Model) -> Ints:
    """Cost saved by filling a post of each group."""
    problem = model.problem
    weights = [_POST * problem.config.priorities.subjects.get(s, 1) for s in problem.subjects]
    return np.array(weights, dtype=np.int64)[problem.posts.subject]


def with_shortage(model: Model, x: Floats) -> Floats:
    """Set the empty places that follow from the pairs: the columns right after them."""
    places = model.problem.posts.places
    filled = np.bincount(model.pair_post, x[: len(model.pairs)], minlength=len(places))
    short = np.maximum(places - filled, 0)[places > 0]
    x[len(model.pairs) : len(model.pairs) + len(short)] = short
    return x
