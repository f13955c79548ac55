"""Drawn districts and drawn models: what the engine and the proofs are tried on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np

from allocator.evenness import Term
from allocator.model import Cohorts, Model
from allocator.problem import Ints, Problem
from allocator.roads import Floats
from allocator.rules.contract import Rule
from builders import District
from rules.variants import TINY, problem_of

SUBJECTS = ("chinese", "mathematics", "english", "music", "pe")


def district(seed: int, *, schools: int = 5, teachers: int = 36, **settings: object) -> District:
    """Draw a district with published posts in which people and posts do not fit one another.

    Every other school has nine years; nobody is too new, protected or bound to move.
    """
    rng = np.random.default_rng(seed)
    drawn = District(title="Drawn", school_year=2020, seed=seed, language="en", **settings)
    sections: list[tuple[str, str]] = []
    for i in range(schools):
        school, stages = f"S{i}", ("primary", "junior") if i % 2 else ("primary",)
        pupils = {
            stage: [int(n) for n in rng.integers(5, 60, 6 if stage == "primary" else 3)] for stage in stages
        }
        kind, zone = "nine_year" if i % 2 else "primary", ("north", "south")[i % 3 == 0]
        lat, lon = f"{34 + rng.random() / 5:.4f}", f"{116.8 + rng.random() / 5:.4f}"
        drawn.school(school, pupils=pupils, kind=kind, zone=zone, lat=lat, lon=lon)
        sections += [(school, stage) for stage in stages]
    for school, stage in sections:
        for subject in SUBJECTS:
            drawn.row("posts", school_id=school, stage=stage, subject=subject, posts=int(rng.integers(0, 4)))
    for _ in range(teachers):
        school, stage = sections[int(rng.integers(len(sections)))]
        drawn.teacher(
            school,
            stage,
            str(rng.choice(SUBJECTS)),
            certificate=str(rng.choice(["primary", "junior"])) if stage == "primary" else "junior",
            second_subjects=str(rng.choice(["", "", "pe;music"])),
            degree=str(rng.choice(["associate", "bachelor"])),
            backbone=str(rng.choice(["none", "none", "county"])),
            joined_school=f"{rng.integers(2004, 2016)}-09",
        )
    return drawn


def problem(seed: int, folder: Path, **settings: object) -> tuple[Problem, tuple[Rule, ...]]:
    """Draw a district, write, read and check it."""
    return problem_of(district(seed, **settings).write(folder))


def spread(sizes: Ints, lawful: list[list[int]]) -> Model:
    """Make a model of cohorts alone: each of a size, each with the posts that are lawful.

    Nothing but the number of everybody is held; the problem behind it is that of ``tiny`` and means nothing.
    """
    cohort = np.repeat(np.arange(len(sizes)), [len(posts) for posts in lawful])
    groups = Cohorts(np.repeat(np.arange(len(sizes)), sizes), sizes, np.zeros(len(sizes), dtype=np.int64))
    post = np.array([p for posts in lawful for p in posts], dtype=np.int64)
    model = Model(_behind(), groups, cohort, post, np.full(len(sizes), -1, dtype=np.int64))
    most = sizes.astype(float)
    pairs = model.columns(np.zeros(len(cohort)), most[cohort], whole=True)
    model.rows(cohort, pairs, np.ones(len(pairs)), most, most)
    return model


@cache
def _behind() -> Problem:
    return problem_of(TINY)[0]


def term(pupils: Floats, pairs: Sequence[int] = (), section: Sequence[int] = (), weight: float = 1.0) -> Term:
    """Make a squared CV over sections with these pupils that counts some pairs, each in the section given."""
    counted = np.array(pairs, dtype=np.int64), np.array(section, dtype=np.int64)
    return Term("teachers", 0, weight, np.arange(len(pupils)), pupils, *counted)


def every_plan(model: Model) -> Iterator[Floats]:
    """List all whole values of the pairs of a spread: each cohort split among its posts in every way."""
    per_cohort = [
        list(_splits(int(size), int((model.pair_cohort == c).sum())))
        for c, size in enumerate(model.cohorts.size)
    ]
    for parts in product(*per_cohort):
        yield np.array([n for part in parts for n in part], dtype=float)


def _splits(n: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in _splits(n - first, parts - 1):
            yield (first, *rest)
