"""Lessons to posts (核编定岗): whole people for every section and subject, set exactly.

One small integer program a section, or a cluster of small neighbouring sections that share posts (走教).
In strict order: the fewest lessons that nobody could teach; then the fewest lessons taught outside the main
subject, where a further post must be worth ``post_worth`` lessons; never more posts than the quota.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from allocator.domain import Standard

_SIXTHS = 6  # lessons are counted in sixths: multi-grade classes of two or three grades have halves and thirds


@dataclass(frozen=True)
class Need:
    """What one section needs.

    Parameters
    ----------
    section
        Index of the section.
    stage
        Its stage.
    zone
        Its zone; posts are shared inside a zone only.
    lessons
        Lessons a week by subject, shape (subjects,).
    management
        Lessons a week that its staff are relieved of.
    quota
        Most posts.
    """

    section: int
    stage: str
    zone: str
    lessons: NDArray[np.float64]
    management: float
    quota: int


@dataclass(frozen=True)
class SharedPost:
    """One post at ``home`` that also serves other sections; shares of a full-time teacher by section."""

    home: int
    subject: int
    shares: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class PostSetting:
    """Posts set for every section.

    Parameters
    ----------
    posts
        Posts by section index and subject index.
    shared
        Which of them are shared.
    untaught
        Lessons a week that no post covers, by section index.
    proved
        False where a program was stopped before its optimum was proved.
    """

    posts: dict[int, NDArray[np.int64]]
    shared: tuple[SharedPost, ...]
    untaught: dict[int, float]
    proved: bool


@dataclass
class _Program:
    """The integer program of one cluster while it is built."""

    cp: Any
    posts: dict[tuple[int, int], Any] = field(default_factory=dict)
    untaught: dict[tuple[int, int], Any] = field(default_factory=dict)
    outside: list[Any] = field(default_factory=list)
    shared: dict[tuple[int, int], Any] = field(default_factory=dict)
    visits: dict[tuple[int, int, int], Any] = field(default_factory=dict)


def set_posts(
    needs: Sequence[Need], km: NDArray[np.float64], standard: Standard, seed: int = 0
) -> PostSetting:
    """Set the posts of all sections.

    Parameters
    ----------
    needs
        One entry a section.
    km
        Road length between sections, shape (needs, needs), in km.
    standard
        Loads, families, sharing limits.
    seed
        Seed of the solver; the result is the same on every run.
    """
    posts: dict[int, NDArray[np.int64]] = {}
    shared: list[SharedPost] = []
    untaught: dict[int, float] = {}
    proved = True
    for cluster in _clusters(needs, km, standard):
        done = _solve([needs[i] for i in cluster], km[np.ix_(cluster, cluster)], standard, seed)
        posts |= done.posts
        untaught |= done.untaught
        shared += done.shared
        proved &= done.proved
    return PostSetting(posts, tuple(shared), untaught, proved)


def _clusters(needs: Sequence[Need], km: NDArray[np.float64], standard: Standard) -> list[list[int]]:
    """Group small sections of a zone and stage that lie near one another; others stand alone."""
    rules = standard.posts
    graph = nx.Graph()
    graph.add_nodes_from(range(len(needs)))
    small = [i for i, n in enumerate(needs) if 0 < n.quota < rules.shared_below.value]
    if rules.shared_subjects.value:
        graph.add_edges_from(
            (i, j)
            for i in small
            for j in small
            if i < j
            and (needs[i].stage, needs[i].zone) == (needs[j].stage, needs[j].zone)
            and km[i, j] <= rules.shared_km.value
        )
    return sorted(sorted(part) for part in nx.connected_components(graph))


def _solve(
    needs: Sequence[Need], km: NDArray[np.float64], standard: Standard, seed: int
) -> PostSetting:
    from ortools.sat.python import cp_model

    program = _Program(cp_model.CpModel())
    costs = _lesson_costs(needs[0].stage, standard)
    taught_elsewhere = _visits(program, needs, km, standard, costs) if len(needs) > 1 else {}
    for i, need in enumerate(needs):
        _section(program, i, need, standard, costs, taught_elsewhere)
    worth = int(round(standard.posts.post_worth.value * _SIXTHS))
    everything = sum(int(round(float(n.lessons.sum()) * _SIXTHS)) + worth * n.quota for n in needs) + 1
    tie = {key: key[1] + 1 for key in program.posts}
    scale = sum(tie.values()) * max((n.quota for n in needs), default=1) + len(program.shared) + 1
    people = [*program.posts.values(), *program.shared.values()]
    program.cp.minimize(
        scale * everything * sum(program.untaught.values())
        + scale * (sum(program.outside) + worth * sum(people))
        + sum(weight * program.posts[key] for key, weight in tie.items())
        + sum(program.shared.values())
    )
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = 20.0
    status = solver.solve(program.cp)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise RuntimeError("post setting always has a solution: every lesson may stay untaught")
    return _read(program, solver, needs, costs, status == cp_model.OPTIMAL)


def _lesson_costs(stage: str, standard: Standard) -> tuple[int, list[int]]:
    """Whole units of one teacher's week, and of one sixth of a lesson of each subject."""
    loads = [Fraction(standard.loads.load(stage, s)).limit_denominator(100) for s in standard.subjects]
    loads.append(Fraction(standard.loads.load(stage, "")).limit_denominator(100))
    week = math.lcm(*(load.numerator for load in loads)) * _SIXTHS
    return week, [int(week / (load * _SIXTHS)) for load in loads[:-1]]


def _section(
    program: _Program,
    i: int,
    need: Need,
    standard: Standard,
    costs: tuple[int, list[int]],
    visited: dict[tuple[int, int], list[Any]],
) -> None:
    """Add the posts, lessons and quota of one section."""
    cp, (week, cost), subjects = program.cp, costs, list(standard.subjects)
    amounts = {s: int(round(float(v) * _SIXTHS)) for s, v in enumerate(need.lessons) if v > 0}
    used: dict[int, list[Any]] = {s: [] for s in amounts}
    taught: dict[int, list[Any]] = {s: [] for s in amounts}
    for s in amounts:
        program.posts[i, s] = cp.new_int_var(0, need.quota, f"posts {i} {s}")
        for other in (s, *(subjects.index(o) for o in standard.families.others(need.stage, subjects[s]))):
            if other in amounts:
                lessons = cp.new_int_var(0, amounts[other], f"lessons {i} {s} {other}")
                used[s].append(lessons * cost[other])
                taught[other].append(lessons)
                if other != s:
                    program.outside.append(lessons)
    _relief(program, i, need, standard, week, used)
    for s, amount in amounts.items():
        program.untaught[i, s] = cp.new_int_var(0, amount, f"untaught {i} {s}")
        cp.add(sum(taught[s]) + sum(visited.get((i, s), [])) + program.untaught[i, s] == amount)
        cp.add(sum(used[s]) <= week * program.posts[i, s])
    here = [z for (home, _), z in program.shared.items() if home == i]
    cp.add(sum(program.posts[i, s] for s in amounts) + sum(here) <= need.quota)


def _relief(
    program: _Program, i: int, need: Need, standard: Standard, week: int, used: dict[int, list[Any]]
) -> None:
    """Spread the lessons of relief for management over the subjects; what does not fit counts as untaught."""
    total = int(round(need.management * _SIXTHS))
    cost = int(week / (Fraction(standard.loads.load(need.stage, "")).limit_denominator(100) * _SIXTHS))
    parts = {s: program.cp.new_int_var(0, total, f"relief {i} {s}") for s in used}
    program.untaught[i, -1] = program.cp.new_int_var(0, total, f"unrelieved {i}")
    program.cp.add(sum(parts.values()) + program.untaught[i, -1] == total)
    for s, part in parts.items():
        used[s].append(part * cost)


def _visits(
    program: _Program,
    needs: Sequence[Need],
    km: NDArray[np.float64],
    standard: Standard,
    costs: tuple[int, list[int]],
) -> dict[tuple[int, int], list[Any]]:
    """Add shared posts: each belongs to one section and serves at least two, near enough to its home."""
    cp, (week, cost), rules = program.cp, costs, standard.posts
    taught: dict[tuple[int, int], list[Any]] = {}
    for name in rules.shared_subjects.value:
        s = list(standard.subjects).index(name)
        for home in range(len(needs)):
            near = [v for v in range(len(needs)) if km[home, v] <= rules.shared_km.value and needs[v].lessons[s] > 0]
            if len(near) < 2 or home not in near:
                continue
            post = program.shared[home, s] = cp.new_bool_var(f"shared {home} {s}")
            serves, weeks = [], []
            for v in near:
                amount = int(round(float(needs[v].lessons[s]) * _SIXTHS))
                here = cp.new_bool_var(f"serves {home} {v} {s}")
                lessons = program.visits[home, v, s] = cp.new_int_var(0, amount, f"visits {home} {v} {s}")
                cp.add(lessons <= amount * here)
                cp.add(lessons >= here)
                taught.setdefault((v, s), []).append(lessons)
                serves.append(here)
                weeks.append(lessons * cost[s])
            cp.add(sum(serves) <= int(rules.shared_schools.value) * post)
            cp.add(sum(serves) >= 2 * post)
            cp.add(serves[near.index(home)] == post)
            cp.add(sum(weeks) <= week * post)
    return taught


def _read(
    program: _Program, solver: Any, needs: Sequence[Need], costs: tuple[int, list[int]], proved: bool
) -> PostSetting:
    week, cost = costs
    posts = {need.section: np.zeros(len(need.lessons), dtype=np.int64) for need in needs}
    for (i, s), variable in program.posts.items():
        posts[needs[i].section][s] = solver.value(variable)
    shared = []
    for (home, s), variable in program.shared.items():
        if solver.value(variable):
            posts[needs[home].section][s] += 1
            shares = tuple(
                (needs[v].section, solver.value(lessons) * cost[s] / week)
                for (h, v, subject), lessons in program.visits.items()
                if (h, subject) == (home, s) and solver.value(lessons)
            )
            shared.append(SharedPost(needs[home].section, s, shares))
    untaught = dict.fromkeys((need.section for need in needs), 0.0)
    for (i, s), variable in program.untaught.items():
        if s < 0:
            continue
        untaught[needs[i].section] += solver.value(variable) / _SIXTHS
    return PostSetting(posts, tuple(shared), untaught, proved)
