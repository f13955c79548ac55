"""The oracle where a case is a network: minimum-cost flows, level after level, exactly.

Cohorts send their teachers to posts, posts to sections, sections to one sink. A level that is solved is held by
complementary slackness: arcs of positive reduced cost stay empty and arcs of negative reduced cost stay full in
every optimal flow, and only in those, so that what is left for the next level is a network again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow

from allocator.model import deal
from allocator.plan import Plan
from allocator.problem import Ints
from allocator.roads import Floats
from allocator.rules.budget import MoveBudget
from allocator.rules.catalogue import aggregate_rules
from allocator.rules.schools import SectionHeadcount
from allocator.solving.prepare import Prepared, order_of_leaving
from benchmarks.methods.task import Answer, NotApplicable, Task, Told, Trace, asked
from benchmarks.witness import weights

_UNITS = 1_000_000  # parts of a point of burden that costs are rounded to


@dataclass
class _Network:
    """Arcs with the least and most that may flow, and what every node sends."""

    tail: Ints
    head: Ints
    low: Ints
    high: Ints
    supply: Ints
    pairs: int
    fills: slice


def solve(prepared: Prepared, task: Task) -> Answer:
    """Solve every level to its optimum.

    Raises
    ------
    NotApplicable
        Where the case is not a network.
    """
    names = list(asked(prepared))
    _insist(prepared, names)
    trace, network, levels = Trace(), _network(prepared), []
    flow: Ints | None = None
    for name in names:
        began = time.monotonic()
        cost, unit, fixed = _costs(prepared, network, name)
        flow = _cheapest(network, cost)
        if flow is None:
            return Answer(None, (Told(name, time.monotonic() - began, "no plan"),))
        value = float(cost @ flow) / unit + fixed
        _hold(network, cost, flow)
        levels.append(Told(name, time.monotonic() - began, "proved", value))
        trace.note(name, value, value)
    assert flow is not None
    post = deal(prepared.model, flow[: network.pairs], order=order_of_leaving(prepared.problem))
    return Answer(Plan(post), tuple(levels), tuple(trace.points))


def _insist(prepared: Prepared, names: list[str]) -> None:
    """Refuse what is not a network."""
    others = [
        rule.id
        for rule in aggregate_rules(prepared.rules)
        if not (isinstance(rule, SectionHeadcount) and rule.level == "hard")
        and not (isinstance(rule, MoveBudget) and rule.most is None)
    ]
    levels = [name for name in names if name not in ("coverage", "moves", "burden", "wishes")]
    if others or levels or not names:
        raise NotApplicable(f"not a network: {', '.join([*others, *levels])}")


def _network(prepared: Prepared) -> _Network:
    model, problem = prepared.model, prepared.problem
    cohorts, posts, sections = len(model.cohorts.size), len(problem.posts), len(problem.sections.school)
    first_post, first_section = cohorts, cohorts + posts
    sink, every = first_section + sections, np.arange(posts)
    rule = next((r for r in prepared.rules if isinstance(r, SectionHeadcount)), None)
    everybody = len(problem.teachers)
    least, most = np.zeros(sections), np.full(sections, everybody)
    if rule is not None:
        limits = rule.limits(problem)
        least, most = limits.low, limits.high
    place = first_section + problem.posts.section
    supply = np.zeros(sink + 1, dtype=np.int64)
    supply[:cohorts], supply[sink] = model.cohorts.size, -everybody
    pairs = len(model.pairs)
    return _Network(
        tail=np.concatenate(
            [model.pair_cohort, first_post + every, first_post + every, np.arange(first_section, sink)]
        ),
        head=np.concatenate([first_post + model.pair_post, place, place, np.full(sections, sink)]),
        low=np.concatenate([np.zeros(pairs + 2 * posts), least]).astype(np.int64),
        high=np.concatenate(
            [model.cohorts.size[model.pair_cohort], problem.posts.places, np.full(posts, everybody), most]
        ).astype(np.int64),
        supply=supply,
        pairs=pairs,
        fills=slice(pairs, pairs + posts),
    )


def _costs(prepared: Prepared, network: _Network, level: str) -> tuple[Ints, float, float]:
    """Whole costs of the arcs at a level, their unit, and what a plan costs beside them."""
    cost = np.zeros(len(network.tail), dtype=np.int64)
    if level == "coverage":
        weight = weights(prepared.problem)
        cost[network.fills] = -np.round(weight).astype(np.int64)
        return cost, 1.0, float(weight @ prepared.problem.posts.places)
    exact: Floats = prepared.model.objective(level)[: network.pairs]
    unit = 1 if (exact == np.round(exact)).all() else _UNITS
    cost[: network.pairs] = np.round(exact * unit).astype(np.int64)
    return cost, float(unit), 0.0


def _cheapest(network: _Network, cost: Ints) -> Ints | None:
    """Return a flow of least cost, None where there is none; what must flow is sent before."""
    supply = network.supply.copy()
    np.subtract.at(supply, network.tail, network.low)
    np.add.at(supply, network.head, network.low)
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        network.tail, network.head, network.high - network.low, cost
    )
    solver.set_nodes_supplies(np.arange(len(supply)), supply)
    status = solver.solve()
    if status == solver.INFEASIBLE:
        return None
    assert status == solver.OPTIMAL, status
    return network.low + np.asarray(solver.flows(arcs), dtype=np.int64)


def _hold(network: _Network, cost: Ints, flow: Ints) -> None:
    """Leave only the flows that cost as little as this one."""
    distance = _distances(network, cost, flow)
    reduced = cost + distance[network.tail] - distance[network.head]
    network.high = np.where(reduced > 0, network.low, network.high)
    network.low = np.where(reduced < 0, network.high, network.low)


def _distances(network: _Network, cost: Ints, flow: Ints) -> Ints:
    """Return potentials: distances in the residual network from a node that reaches all at no cost."""
    more, less = flow < network.high, flow > network.low
    tail = np.concatenate([network.tail[more], network.head[less]])
    head = np.concatenate([network.head[more], network.tail[less]])
    length = np.concatenate([cost[more], -cost[less]])
    distance = np.zeros(len(network.supply), dtype=np.int64)
    while True:
        nearer = distance.copy()
        np.minimum.at(nearer, head, distance[tail] + length)
        if (nearer == distance).all():
            return distance
        distance = nearer
