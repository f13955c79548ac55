"""Swaps and chains: every move stands in one of them, and each follows the next."""

from __future__ import annotations

import itertools
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from allocator.app import check
from allocator.plan import Plan
from allocator.problem import Problem, build
from allocator.report.chains import _rings, chains
from report.results import Folder
from rules.variants import TINY

DUJI = Path(__file__).parents[2] / "scenarios" / "duji-2019"


def hold(problem: Problem, plan: Plan) -> None:
    """Hold what chains promise, for any plan."""
    found = chains(problem, plan)
    moved = np.flatnonzero((plan.post >= 0) & (plan.post != problem.home_post))
    assert sorted(t for chain in found for t in chain.teachers) == sorted(moved)
    left = nx.MultiDiGraph()
    for chain in found:
        ring = chain.teachers + chain.teachers[:1] if chain.swap else chain.teachers
        for one, following in itertools.pairwise(ring):
            assert plan.post[one] == problem.home_post[following] >= 0
        if not chain.swap:
            left.add_edges_from(
                (int(problem.home_post[t]), int(plan.post[t]))
                for t in chain.teachers
                if problem.home_post[t] >= 0
            )
    assert nx.is_directed_acyclic_graph(left)
    ends = {int(plan.post[chain.teachers[-1]]) for chain in found if not chain.swap}
    starts = {int(problem.home_post[chain.teachers[0]]) for chain in found if not chain.swap}
    assert not ends & (starts - {-1}), "a chain goes as far as it can"


def test_the_moves_of_tiny(tiny: Folder) -> None:
    """The plan of tiny falls into chains."""
    hold(tiny.answer.problem, tiny.answer.result.plan)


def test_many_rings_take_no_time_that_grows(tiny: Folder) -> None:
    """Rings of three over thousands of posts, joined by moves that lead nowhere, are all found."""
    rings: nx.MultiDiGraph = nx.MultiDiGraph()
    for n in range(2000):
        for i in range(3):
            rings.add_edge(3 * n + i, 3 * n + (i + 1) % 3, key=3 * n + i)
        rings.add_edge(3 * n, 3 * n + 3, key=100_000 + n)
    found = list(_rings(rings))
    assert sorted(t for ring in found for t in ring) == list(range(6000))
    assert {len(ring) for ring in found} == {3}
    assert rings.number_of_edges() == 2000


@pytest.mark.parametrize("seed", range(8))
def test_drawn_plans(seed: int) -> None:
    """Whoever goes wherever: each move stands once, swaps close, and no ring is left among the chains."""
    problem = build(check(TINY if seed % 2 else DUJI))
    draw = np.random.default_rng(seed)
    post = problem.home_post.copy()
    some = draw.random(len(post)) < 0.3
    post[some] = draw.integers(-1, len(problem.posts), some.sum())
    pairs = draw.permutation(np.flatnonzero(post >= 0))[:60]
    post[pairs] = post[pairs[::-1]]
    hold(problem, Plan(post))
