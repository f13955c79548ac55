"""Swaps and chains: who takes whose post, so that moves can be followed one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np

from allocator.plan import Plan
from allocator.problem import Problem


@dataclass(frozen=True)
class Chain:
    """Teachers who follow one another, each into the post that the next one leaves; of a swap the last into the first's.

    ``teachers`` are indices of the roster.
    """

    teachers: tuple[int, ...]
    swap: bool


def chains(problem: Problem, plan: Plan) -> list[Chain]:
    """Take the moves of a plan apart into swaps, then into chains as long as they go; a move on its own is a chain of one.

    Posts are those of one subject in one stage of a school. Who follows whom is not unique where several leave the
    same posts; the order of the codes decides, so that the same plan gives the same chains.
    """
    moves: nx.MultiDiGraph = nx.MultiDiGraph()
    moved = np.flatnonzero((plan.post >= 0) & (plan.post != problem.home_post))
    for t in sorted(moved, key=lambda t: problem.teachers.ids[t]):
        home = int(problem.home_post[t])
        start: object = home if home >= 0 else ("from outside", int(t))
        moves.add_edge(start, int(plan.post[t]), key=int(t))
    found = list(_swaps(moves))
    return found + list(_paths(moves))


def _swaps(moves: nx.MultiDiGraph) -> Iterator[Chain]:
    """Take the rings out of the moves, those of two teachers first."""
    for (a, t), (b, u) in _twos(moves):
        moves.remove_edge(a, b, t)
        moves.remove_edge(b, a, u)
        yield Chain((t, u), swap=True)
    yield from (Chain(ring, swap=True) for ring in _rings(moves))


def _rings(moves: nx.MultiDiGraph) -> Iterator[tuple[int, ...]]:
    """Take out rings until there are none, walking every move once: what leads to a dead end is in no ring."""
    open_: dict[Any, list[tuple[Any, int]]] = {
        post: [(to, t) for to, all_ in moves[post].items() for t in all_][::-1] for post in moves
    }
    dead: set[Any] = set()
    for start in list(moves.nodes):
        way: list[tuple[Any, int]] = []  # posts on the way, each with the teacher who goes there
        here = {start: 0}
        node = start
        while True:
            while open_[node] and open_[node][-1][0] in dead:
                open_[node].pop()
            if open_[node]:
                to, teacher = open_[node].pop()
                if to not in here:
                    way.append((to, teacher))
                    here[to] = len(way)
                    node = to
                    continue
                ring = [*way[here[to] :], (to, teacher)]
                for at in range(here[to], len(way)):
                    del here[way[at][0]]
                del way[here[to] :]
                posts = [to, *(post for post, _ in ring)]
                for (a, b), (_, t) in zip(pairwise(posts), ring, strict=True):
                    moves.remove_edge(a, b, t)
                yield tuple(t for _, t in ring)
                node = to
                continue
            dead.add(node)
            if not way:
                break
            del here[way.pop()[0]]
            node = way[-1][0] if way else start


def _twos(moves: nx.MultiDiGraph) -> list[tuple[tuple[Any, int], tuple[Any, int]]]:
    """Match those who take each other's posts: post and teacher of both."""
    ends = dict.fromkeys((a, b) for a, b in moves.edges() if moves.has_edge(b, a) and a < b)
    return [((a, t), (b, u)) for a, b in ends for t, u in zip(moves[a][b], moves[b][a], strict=False)]


def _paths(moves: nx.MultiDiGraph) -> Iterator[Chain]:
    """Take the moves that are left apart, as far as they go: without rings, all start where more leave than arrive."""
    for start in list(moves.nodes):
        while moves.out_degree(start) > moves.in_degree(start):
            yield Chain(tuple(_taken(moves, start)), swap=False)


def _taken(moves: nx.MultiDiGraph, node: object) -> Iterator[int]:
    """Follow moves from a post to where nobody goes on, and take them out."""
    while moves.out_degree(node):
        end = next(iter(moves[node]))
        teacher = next(iter(moves[node][end]))
        moves.remove_edge(node, end, teacher)
        yield teacher
        node = end
