"""Problems that are a network: people flow to posts, posts to sections, and nothing else couples them.

Without evenness a plan is a flow of least cost but for the totals of the district, and OR-Tools solves flows at
any size. So the totals are left out first: the flow is then the best plan of a problem that allows more. Where it
keeps the totals all the same it is the best plan itself, at every level at once.
"""

from __future__ import annotations

import numpy as np
from ortools.graph.python import min_cost_flow

from allocator.model import Model
from allocator.problem import Bools, Ints
from allocator.roads import Floats

_UNITS = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)  # of costs that are not whole
_MOST = 2**61  # of a cost times the nodes: the flow scales costs by them


def flow(model: Model, pairs: Ints, cost: Ints, gain: Ints, empty: Ints, room: Ints) -> Floats | None:
    """Send cohorts to posts at the least cost.

    Parameters
    ----------
    pairs
        Pairs that may be used; every cohort that has one is sent whole.
    cost
        Of each of them, in whole units.
    gain, empty
        What filling a place of each post group saves, and how many there are to fill; shape (post groups,).
    room
        How many each section may take, shape (sections,).

    Returns
    -------
    People on each of the pairs given, None where the room is too small.
    """
    posts, sections, size = model.problem.posts, len(room), model.cohorts.size
    cohort, post = model.pair_cohort[pairs], model.pair_post[pairs]
    first_post = len(size)
    first_section = first_post + len(posts)
    sink, every = first_section + sections, np.arange(len(posts))
    free = np.zeros(len(posts), dtype=np.int64)
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(cohort, first_post + post, size[cohort], cost)
    to, extra = first_section + posts.section, np.full(len(posts), int(size.sum()))
    solver.add_arcs_with_capacity_and_unit_cost(first_post + every, to, empty, -gain)
    solver.add_arcs_with_capacity_and_unit_cost(first_post + every, to, extra, free)
    solver.add_arcs_with_capacity_and_unit_cost(
        first_section + np.arange(sections), np.full(sections, sink), room, np.zeros(sections, dtype=np.int64)
    )
    supply = np.zeros(sink + 1, dtype=np.int64)
    sent = np.bincount(cohort, minlength=len(size)) > 0
    supply[: len(size)][sent] = size[sent]
    supply[sink] = -supply.sum()
    solver.set_nodes_supplies(np.arange(sink + 1), supply)
    if solver.solve() != solver.OPTIMAL:
        return None
    return np.asarray(solver.flows(arcs), dtype=np.float64)


def least(model: Model, levels: list[str]) -> tuple[Floats, Floats] | None:
    """Return the best flow of levels in strict order, the totals left out.

    Returns
    -------
    Values of the pairs, and by how much each level could be below what the flow costs: costs that are not whole
    are counted in small units. None where people may wait, where a level counts anything but people and empty
    places, or where the costs are too large for one flow.
    """
    places, pairs = model.problem.posts.places, len(model.pairs)
    short = pairs + np.arange(int((places > 0).sum()))
    if (model.pool >= 0).any() or any(model.objective(level)[pairs + len(short) :].any() for level in levels):
        return None
    room, known = _room(model), None
    if len(levels) > 1 and all(model.whole_costs(level) for level in levels[:-1]):
        first = _best(model, levels[:-1], short, room, None)
        if first is None:
            return None
        known = _reached(model, levels, first[0], short)  # says how little each level need weigh
    return _best(model, levels, short, room, known)


def _best(
    model: Model, levels: list[str], short: Ints, room: Ints, known: Floats | None
) -> tuple[Floats, Floats] | None:
    """Return the best flow of levels, counted in the smallest units that leave their costs small enough."""
    for unit in _UNITS:
        put = _in_one(model, levels, unit, short, known)
        if put is not None:
            cost, gain, missed = put
            found = flow(model, model.pairs, cost, gain, model.problem.posts.places, room)
            return None if found is None else (found, missed)
    return None


def _reached(model: Model, levels: list[str], people: Floats, short: Ints) -> Floats:
    """Return what a flow costs at each level."""
    places = model.problem.posts.places
    filled = np.bincount(model.pair_post, people, minlength=len(places))
    empty = np.maximum(places - filled, 0)[places > 0]
    costs = (model.objective(level) for level in levels)
    return np.array([float(c[: len(people)] @ people + c[short] @ empty) for c in costs])


def _in_one(
    model: Model, levels: list[str], unit: float, short: Ints, known: Floats | None
) -> tuple[Ints, Ints, Floats] | None:
    """Put the levels into one cost, each above all that come after; None where that grows too large.

    A level outweighs those after it if one unit of it costs more than they do together: than in the dearest plan,
    or, as no level costs less than nothing, than in any plan that is known to be best before them.
    """
    problem, size, pairs = model.problem, model.cohorts.size, len(model.pairs)
    wanted = np.flatnonzero(problem.posts.places > 0)
    weight, missed = 1, np.zeros(len(levels))
    total, gain = np.zeros(pairs, dtype=np.int64), np.zeros(len(problem.posts), dtype=np.int64)
    nodes = len(size) + len(problem.posts) + len(problem.sections.high) + 1
    first = np.searchsorted(model.pair_cohort, np.arange(len(size)))
    for i in reversed(range(len(levels))):
        vector = model.objective(levels[i])
        scale = 1.0 if model.whole_costs(levels[i]) else unit
        if vector.max() / scale * nodes > _MOST:
            return None
        whole = np.round(vector / scale).astype(np.int64)
        cost, empty = whole[:pairs], whole[short]
        most = int(np.maximum.reduceat(cost, first) @ size) + int(empty @ problem.posts.places[wanted])
        if known is not None:
            rounded = 0 if model.whole_costs(levels[i]) else len(problem.teachers)
            most = min(most, int(np.ceil(known[i] / scale)) + rounded)
        if weight * max(int(whole.max()), 1) * nodes > _MOST:
            return None
        off = np.abs(vector[:pairs] - whole[:pairs] * scale)
        missed[i] = float(np.maximum.reduceat(off, first) @ size)
        total += weight * cost
        gain[wanted] += weight * empty
        weight *= most + 1
    return total, gain, missed


def _room(model: Model) -> Ints:
    """How many each section may take: the least of the rows that count everybody of one section."""
    problem, pairs = model.problem, len(model.pairs)
    row, column, value = (np.concatenate([e[i] for e in model.entries]) for i in range(3))
    live = np.concatenate(model.high)[column] > 0  # not what a hard rule may be broken by
    row, column, value = row[live], column[live], value[live]
    high, sections = np.concatenate(model.row_high), len(problem.sections.high)
    section = problem.posts.section[model.pair_post]
    everybody = np.bincount(section, minlength=sections)
    room = np.full(sections, len(problem.teachers), dtype=np.int64)
    person = (column < pairs) & (value == 1.0)
    one = np.full(model.height, -1, dtype=np.int64)
    one[row[person]] = section[column[person]]
    same: Bools = person.copy()
    same[person] = section[column[person]] == one[row[person]]
    entries = np.bincount(row, minlength=model.height)
    alone = (one >= 0) & (entries == np.bincount(row[same], minlength=model.height)) & np.isfinite(high)
    alone &= entries == everybody[one]
    for r in np.flatnonzero(alone):
        room[one[r]] = min(room[one[r]], int(high[r]))
    return room
