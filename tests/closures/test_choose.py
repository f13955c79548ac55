"""Proposals of closures against trying everything, and counted anew from the tables alone."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from allocator.closures.advise import advice, closures_of, code, freed_by
from allocator.closures.choose import Chooser, _scaled, breaches, frontier, worth
from allocator.closures.layout import layout
from allocator.closures.travel import way_of
from allocator.problem import build
from allocator.scenario.check import read
from builders import District, own_standard, toml

LIMIT = 60.0
FAR = 0.13  # degrees
ROUNDED = np.array(
    [0.5, 0.01, 0.5, 0.1, 1.01, 4.0]
)  # closures, posts, pupils, pupil-km, minutes, pupil-km by bus


def drawn(seed: int) -> District:
    """Draw seven small schools, some with several grades in a class, of which four to seven may close."""
    rng = random.Random(seed)
    district = District(title="Drawn", school_year=2020, seed=1, language="en", closing={"below": 130})
    for i in range(7):
        nine = rng.random() < 0.3
        largest = rng.choice([6, 12, 30])
        pupils = {"primary": [rng.randint(0 if g else 1, largest) for g in range(6)]}
        if nine:
            pupils["junior"] = [rng.randint(5, 25) for _ in range(3)]
        district.school(
            f"S{i}",
            kind="nine_year" if nine else "primary",
            township=rng.choice(["east", "west"]),
            management=rng.choice(["a", "a", "b"]),
            boarding=rng.choice(["yes", "no"]),
            objection=rng.choice(["no", "no", "no", "yes"]),
            lat=f"{34 + rng.random() * FAR:.4f}",
            lon=f"{116 + rng.random() * FAR:.4f}",
        )
        for stage, grades in pupils.items():
            rooms = rng.randint(3, 10) if rng.random() < 0.8 else ""
            district.section(f"S{i}", stage, grades, classrooms=rooms)
    if rng.random() < 0.5:
        district.set(closing={"same": ["management"]})
    if rng.random() < 0.3:
        district.set(closing={"by": "school"})
    district.teacher("S0", "primary")
    return district


def every(found):
    """Yield every proposal that breaks nothing: all sets of schools, all ways of their sections."""
    considered = np.flatnonzero(found.considered).tolist()
    names = found.scenario.table("schools")["township"]
    for mask in product((False, True), repeat=len(considered)):
        closed = tuple(s for s, gone in zip(considered, mask, strict=True) if gone)
        left = {
            (names.iloc[s], found.stage[u])
            for u, s in enumerate(found.school)
            if s not in closed and found.own[u].sum()
        }
        had = {(names.iloc[s], found.stage[u]) for u, s in enumerate(found.school) if found.own[u].sum()}
        if left != had:
            continue
        sections = [u for u, s in enumerate(found.school) if s in closed and found.own[u].sum()]
        for ways in product(*([w for w in found.ways if w.section == u] for u in sections)):
            together = {(found.school[w.section], found.school[w.to]) for w in ways}
            if found.scenario.config.closing.by == "school" and len(together) > len(closed):
                continue
            if not list(breaches(found, closed, ways)):
                yield closed, ways


@pytest.mark.parametrize("seed", range(12))
def test_no_proposal_is_better_than_the_best(seed, tmp_path):
    """Most posts, and the least way of these, of every number of closures are those of trying everything."""
    found = layout(read(drawn(seed).write(tmp_path / "d"), needed=("schools", "sections")))
    chooser, best = Chooser(found), {}
    for closed, ways in every(found):
        posts, km = _scaled(chooser, closed, ways)
        best[len(closed)] = max(best.get(len(closed), (-1, 0)), (posts, -km))
    proposals, whole = frontier(found, LIMIT)
    assert whole
    for closures in range(1, int(found.considered.sum()) + 1):
        best[closures] = max(best.get(closures, (-1, 0)), best[closures - 1])  # so many, or fewer
        mine = chooser.best(closures, LIMIT, None, None)
        assert mine.values is not None
        assert _scaled(chooser, *chooser.chosen(mine.values))[0] == best[closures][0]
        assert mine.bound >= best[closures][0] - 1e-6
    for p in (p for p in proposals if p.aim == "posts"):
        posts, km = _scaled(chooser, p.closed, p.ways)
        assert (posts, -km) == best[len(p.closed)]
        assert p.bound * 1e6 >= posts - 1e-6
        assert (p.way_bound or 0.0) * 100 <= km + 1e-6


@pytest.mark.parametrize("seed", range(12))
def test_every_efficient_proposal_is_one(seed, tmp_path):
    """Nothing that may be done beats a proposal in schools, posts, pupils and way together."""
    found = layout(read(drawn(seed).write(tmp_path / "d"), needed=("schools", "sections")))
    all_ = []
    for closed, ways in every(found):
        w = worth(found, closed, ways)
        all_.append((len(closed), -w.posts, w.pupils, w.pupil_km, w.longest, w.riding_km))
    table = np.array(all_)
    for p in frontier(found, LIMIT)[0]:
        w = worth(found, p.closed, p.ways)
        mine = np.array((len(p.closed), -w.posts, w.pupils, w.pupil_km, w.longest, w.riding_km))
        beats = (table <= mine + 0.05).all(axis=1) & (table < mine - ROUNDED).any(axis=1)
        assert not beats.any(), code(p)


def test_a_proposal_is_what_the_tables_say(tmp_path):
    """Closed by the table of a scenario, a proposal loses no pupil and saves the classes that it promises."""
    scenario = read(Path(__file__).parents[2] / "scenarios" / "duji-2019")
    found = layout(replace(scenario, config=scenario.config.model_copy(update={"closing": small(13)})))
    proposals, _ = frontier(found, LIMIT, posts_alone=True)
    before = build(scenario)
    for p in (proposals[0], proposals[-1]):
        closures = closures_of(found, p)
        then = build(replace(scenario, config=scenario.config.model_copy(update={"closures": closures})))
        assert then.after.pupils.sum() == before.after.pupils.sum()
        assert {j.school_id for j in then.journeys} == {found.ids[s] for s in p.closed}
        w = worth(found, p.closed, p.ways)
        assert before.after.classes.sum() - then.after.classes.sum() == w.classes
        assert sum(j.pupils * j.km for j in then.journeys) == pytest.approx(w.pupil_km)
        rooms = found.scenario.table("sections")["classrooms"].to_numpy(float)
        touched = then.after.pupils > before.after.pupils
        assert (then.after.classes[touched] <= rooms[touched]).all()
    last = proposals[-1]
    parts = [freed_by(found, last, s) for s in last.closed]
    assert all(part > 0 for part in parts)
    told = advice(found, proposals, {0.8: proposals, 1.2: ()})
    assert {one.school for one in told} == {s for p in proposals for s in p.closed}
    assert all(one.share == one.shares[0] and np.isnan(one.shares[1]) for one in told)


def small(most: int):
    """Return settings with so many closures at most."""
    from allocator.scenario.config import Closing

    return Closing(most=most)


@pytest.mark.parametrize(
    ("km", "minutes", "boards", "modes", "over"),
    [
        (2.0, 4.0, False, (30, 0, 0), None),  # half an hour on foot
        (2.1, 4.2, False, (0, 30, 0), None),  # too far on foot for the little ones: all ride
        (10.0, 20.0, False, (0, 30, 0), None),
        (17.0, 34.0, True, (0, 15, 15), 30.0),  # grades 1 to 3 never board
        (25.0, 50.0, True, (0, 0, 30), 30.0),
        (25.0, 50.0, False, (0, 0, 30), 30.0),
    ],
)
def test_modes_of_the_way(km, minutes, boards, modes, over):
    """Each band walks, rides or boards by its own limit, and the limit that is exceeded is told."""
    from allocator.scenario.standards import read_standard

    standard, _ = read_standard("cn-2017", Path())
    own = np.array([0, 5, 5, 5, 5, 5, 5, *[0] * 6])
    way = way_of(standard.closing, 0, 1, own, (km, minutes), boards=boards)
    assert (way.walking, way.riding, way.boarding) == modes
    assert way.over == over


def test_obstacles_are_told(tmp_path):
    """Every school that is not considered has its reason: a mark, an objection, its size, its way."""
    district = drawn(0).set(closing={"keep": ["S1"], "same": []})
    for i, cells in enumerate(({"closable": "no"}, {}, {"objection": "yes"}, {"lat": "36.5"})):
        district.change("schools", f"S{i}", **({"objection": "no"} | cells))
    found = layout(read(district.write(tmp_path / "d"), needed=("schools", "sections")))
    said = {found.ids[i]: str(text) for i, text in found.obstacles.items()}
    assert said["S0"] == "is marked closable = no"
    assert said["S1"] == "is never to be closed (closing.keep)"
    assert said["S2"] == "most parents object"
    assert "minutes away; at most" in said["S3"]


def test_a_standard_without_bands_is_told(tmp_path):
    """A grade in no band of travel is an issue of the standard."""
    from builders import issues_of, where

    tables = own_standard()
    tables["closing"]["bands"]["lower"]["grades"] = [1, 2]
    district = drawn(0).set(standard="standard.toml").file("standard.toml", toml(tables))
    assert ("standard.toml", None, "closing.bands") in where(issues_of(district.write(tmp_path / "d")))
