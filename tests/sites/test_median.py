"""The p-median under seats: against trying everything, published optima and PySAL."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from threading import Event

import networkx as nx
import numpy as np
import pytest

from allocator.sites.median import INFINITY, Floats, Median, solve

DATA = Path(__file__).with_name("data")


def plain(cost: Floats, keep: int) -> Median:
    """Return the question without seats: one pupil at each point."""
    points, sites = cost.shape
    return Median(cost, np.ones(points), np.full(sites, INFINITY), np.zeros(sites, dtype=bool), keep)


def drawn(seed: int) -> Median:
    """Draw a few points and sites, with seats or without, some ways missing, some sites kept in any case."""
    rng = np.random.default_rng(seed)
    points, sites = int(rng.integers(1, 7)), int(rng.integers(1, 6))
    pupils = rng.integers(0, 9, points).astype(float)
    cost = rng.integers(0, 20, (points, sites)).astype(float) * np.maximum(pupils, 1.0)[:, None]
    cost[rng.random((points, sites)) < 0.1] = INFINITY
    seats = np.full(sites, INFINITY) if seed % 2 else rng.integers(0, 25, sites).astype(float)
    keep = int(rng.integers(1, sites + 1))
    must = np.zeros(sites, dtype=bool)
    must[rng.permutation(sites)[: int(rng.integers(0, keep + 1)) // 2]] = True
    return Median(cost, pupils, seats, must, keep)


def least(asked: Median) -> float:
    """Return the least of all answers, inf where there is none."""
    best, points = INFINITY, np.arange(len(asked.pupils))
    for sites in combinations(range(len(asked.seats)), asked.keep):
        if not set(np.flatnonzero(asked.must)) <= set(sites):
            continue
        for to in product(sites, repeat=len(points)):
            if (np.bincount(to, asked.pupils, minlength=len(asked.seats)) <= asked.seats).all():
                best = min(best, float(asked.cost[points, list(to)].sum()))
    return best


@pytest.mark.parametrize("seed", range(80))
def test_no_answer_is_better(seed: int) -> None:
    """The answer is the least of all, lawful, and proved; where there is none, that is said."""
    asked = drawn(seed)
    found, expected = solve(asked), least(asked)
    if found is None or not np.isfinite(found.value):
        assert not np.isfinite(expected)
        return
    assert found.value == pytest.approx(expected)
    assert found.bound <= expected + 1e-6
    assert found.gap < 1e-6
    assert len(found.sites) == asked.keep
    assert set(np.flatnonzero(asked.must)) <= set(found.sites)
    assert found.share.sum(axis=1) == pytest.approx(1.0)
    assert set(np.flatnonzero(found.share.sum(axis=0))) <= set(found.sites)
    assert ((found.share * asked.pupils[:, None]).sum(axis=0) <= asked.seats + 1e-6).all()


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_parting_the_pupils_of_a_point_is_never_dearer(seed: int) -> None:
    """Seats are kept, and the least way with parted points is no longer than with whole ones."""
    asked = drawn(seed)
    whole = least(asked)
    parted = solve(Median(asked.cost, asked.pupils, asked.seats, asked.must, asked.keep, whole=False))
    if parted is None:
        assert not np.isfinite(whole)
        return
    assert parted.value <= whole + 1e-6
    assert ((parted.share * asked.pupils[:, None]).sum(axis=0) <= asked.seats + 1e-6).all()


def _least_parted(asked: Median) -> float:
    """Return the least of all answers with parted points: a flow of least cost for every choice of sites."""
    points, best = len(asked.pupils), INFINITY
    for sites in combinations(range(len(asked.seats)), asked.keep):
        network = nx.DiGraph()
        total = int(asked.pupils.sum())
        for i, n in enumerate(asked.pupils):
            network.add_edge("all", ("point", i), capacity=int(n))
            for j in sites:
                if np.isfinite(asked.cost[i, j]) and n:
                    network.add_edge(("point", i), ("site", j), weight=round(asked.cost[i, j] / n * 1000))
        for j in sites:
            network.add_edge(("site", j), "end", capacity=int(min(asked.seats[j], total)))
        network.add_node("all", demand=-total)
        network.add_node("end", demand=total)
        try:
            best = min(best, nx.network_simplex(network)[0] / 1000)
        except nx.NetworkXUnfeasible:
            continue
    assert points
    return best


def test_a_way_too_dear_for_all_pupils_of_a_point_may_serve_some() -> None:
    """A large point that finds no site alone: what is left out by its reduced cost is a share of it, never a way."""
    pupils = np.array([300, 5, 100, 1, 5, 1], dtype=float)
    seats = np.array([222, 222, 224, 333, 244, 333, 333], dtype=float)
    km = np.array(
        [
            [2.39, 9.2, 17.04, 6.41, 10.33, 11.5, 14.14],
            [5.61, 1.7, 12.18, 12.09, 4.31, 11.19, 7.33],
            [17.17, 11.23, 2.58, 19.12, 8.16, 11.3, 5.6],
            [17.0, 15.61, 8.81, 13.29, 12.24, 4.88, 13.6],
            [16.41, 9.75, 5.08, 19.64, 7.37, 12.75, 3.82],
            [12.43, 18.47, 22.45, 5.3, 18.23, 13.88, 22.08],
        ]
    )
    asked = Median(km * pupils[:, None], pupils, seats, np.zeros(7, dtype=bool), 2, whole=False)
    found = solve(asked)
    assert found is not None
    assert found.value == pytest.approx(_least_parted(asked)) == pytest.approx(2235.26)
    assert found.sites == (0, 2)


@pytest.mark.parametrize("seed", range(60))
def test_no_answer_with_parted_points_is_better(seed: int) -> None:
    """Points of very different size, seats hardly enough: against every choice of sites; also in very small units."""
    rng = np.random.default_rng(1000 + seed)
    points, sites = int(rng.integers(4, 14)), int(rng.integers(4, 8))
    keep = int(rng.integers(1, 4))
    pupils = rng.choice([0, 1, 5, 30, 100, 300], points).astype(float)
    apart = rng.uniform(0, 20, (points, 1, 2)) - rng.uniform(0, 20, (1, sites, 2))
    km = np.round(np.hypot(apart[:, :, 0], apart[:, :, 1]), 2)
    seats = np.ceil(pupils.sum() / keep * rng.choice([0.9, 1.0, 1.05, 1.3], sites))
    asked = Median(km * pupils[:, None], pupils, seats, np.zeros(sites, dtype=bool), keep, whole=False)
    found, expected = solve(asked), _least_parted(asked)
    if found is None or not np.isfinite(found.value):
        assert not np.isfinite(expected)
        return
    assert found.value == pytest.approx(expected, abs=1e-3)
    assert found.bound <= expected + 1e-3
    assert found.gap < 1e-6
    tiny = solve(replace(asked, cost=asked.cost * 2.0**-40))
    assert tiny is not None
    assert (tiny.value * 2.0**40, tiny.sites) == (found.value, found.sites)


def test_whoever_does_not_want_to_wait_has_the_best_so_far() -> None:
    """Stopped at once, the bound is honest and the answer lawful."""
    rng = np.random.default_rng(5)
    apart = rng.random((200, 1, 2)) - rng.random((1, 40, 2))
    pupils = rng.integers(1, 60, 200).astype(float)
    cost = np.hypot(apart[:, :, 0], apart[:, :, 1]) * pupils[:, None]
    free, none = np.full(40, INFINITY), np.zeros(40, dtype=bool)
    asked = Median(cost, pupils, free, none, 7)
    stop = Event()
    stop.set()
    found, best = solve(asked, stop=stop), solve(asked)
    assert found is not None
    assert best is not None
    assert found.bound <= best.value + 1e-9
    assert found.value >= best.value - 1e-9
    assert len(found.sites) == 7


def test_the_published_median_of_a_network() -> None:
    """OR-Library pmed1: 100 points, five of them kept, 5819."""
    (points, _, keep), *edges = [
        [int(n) for n in line.split()] for line in (DATA / "pmed1.txt").read_text().splitlines()
    ]
    network = nx.Graph()
    for start, end, length in edges:
        network.add_edge(start, end, km=length)
    km = dict(nx.all_pairs_dijkstra_path_length(network, weight="km"))
    ends = range(1, points + 1)
    found = solve(plain(np.array([[km[i][j] for j in ends] for i in ends], dtype=float), keep))
    assert found is not None
    assert (found.value, found.bound) == (5819, 5819)


@pytest.mark.parametrize(
    ("name", "optimum"), [("pmedcap1", 713), pytest.param("pmedcap11", 1006, marks=pytest.mark.slow)]
)
def test_the_published_medians_under_seats(name: str, optimum: int) -> None:
    """OR-Library pmedcap: every point has a demand that takes seats; the way alone is counted."""
    (points, keep, seats), *rows = [
        [int(n) for n in line.split()] for line in (DATA / f"{name}.txt").read_text().splitlines()
    ]
    table = np.array(rows, dtype=float)
    apart = table[:, None, 1:3] - table[None, :, 1:3]
    cost = np.floor(np.hypot(apart[:, :, 0], apart[:, :, 1]))
    asked = Median(cost, table[:, 3], np.full(points, float(seats)), np.zeros(points, dtype=bool), keep)
    found = solve(asked)
    assert found is not None
    assert found.value == optimum
    assert found.bound == pytest.approx(optimum)


def test_medians_are_those_of_pysal() -> None:
    """Twenty cases drawn at random have the optimum that spopt finds."""
    cases = json.loads((DATA / "spopt.json").read_text(encoding="utf-8"))["cases"]
    assert len(cases) == 20
    for case in cases:
        pupils = np.array(case["pupils"], dtype=float)
        cost = np.array(case["km"], dtype=float) * pupils[:, None]
        free, none = np.full(cost.shape[1], INFINITY), np.zeros(cost.shape[1], dtype=bool)
        found = solve(Median(cost, pupils, free, none, case["keep"]))
        assert found is not None
        assert found.value == pytest.approx(case["value"])
        assert found.gap < 1e-9


def test_a_gap_is_kept_and_the_same_question_has_the_same_answer() -> None:
    """Within the gap that was asked for, and byte for byte the same a second time."""
    rng = np.random.default_rng(3)
    places, sites = rng.random((150, 2)), rng.random((20, 2))
    pupils = rng.integers(1, 60, 150).astype(float)
    apart = places[:, None] - sites[None]
    seats = np.round(rng.uniform(0.7, 1.3, 20) * pupils.sum() / 8 / 0.85)
    asked = Median(
        np.hypot(apart[:, :, 0], apart[:, :, 1]) * pupils[:, None], pupils, seats, np.zeros(20, dtype=bool), 8
    )
    found, again = solve(asked, gap=0.001), solve(asked, gap=0.001)
    assert found is not None
    assert again is not None
    assert 0 <= found.gap <= 0.001
    assert found.share.tobytes() == again.share.tobytes()
