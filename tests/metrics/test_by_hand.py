"""The scorecard's CVs of whole districts against a few lines that read the tables themselves.

Nothing of the package is used on the left side: tables, ladders, limits and the formula are written out here.
"""

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from allocator.metrics.scorecard import scorecard
from allocator.plan import standing_still
from allocator.problem import build
from allocator.scenario.read import read_tables
from allocator.scenario.standards import read_standard

SCENARIOS = Path(__file__).parents[2] / "scenarios"
STAGES = {"primary": 0.50, "junior": 0.45}
OVERQUALIFIED = {
    "primary": {"associate", "bachelor", "master", "doctor"},
    "junior": {"bachelor", "master", "doctor"},
}
MATERIAL_2017 = {
    "floor_area": "floor_area_m2",
    "sports_area": "sports_area_m2",
    "equipment": "equipment_yuan",
    "multimedia": "multimedia_rooms",
}
THRESHOLDS = {
    "overqualified": (100, 4.2, 5.3),
    "backbone": (100, 1.0, 1.0),
    "arts": (100, 0.9, 0.9),
    "floor_area": (1, 4.5, 5.8),
    "sports_area": (1, 7.5, 10.2),
    "equipment": (1, 2000, 2500),
    "multimedia": (100, 2.3, 2.4),
}


def table(scenario, name):
    with (SCENARIOS / scenario / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def pupils_by_hand(scenario, stage, excluded_below):
    """Pupils of every school with the stage that the standard counts."""
    kinds = {row["school_id"]: row["kind"] for row in table(scenario, "schools")}
    found = {}
    for row in table(scenario, "sections"):
        pupils = sum(int(row.get(f"g{g}") or 0) for g in range(13))
        excluded = kinds[row["school_id"]] == "teaching_point" and pupils < excluded_below
        if row["stage"] == stage and pupils and not excluded:
            found[row["school_id"]] = pupils
    return found


def amounts_by_hand(scenario, stage, indicator, material):
    """Heads or material of every school with the stage."""
    if indicator in material:
        return {
            r["school_id"]: float(r[material[indicator]])
            for r in table(scenario, "sections")
            if r["stage"] == stage
        }
    counts = {
        "teachers": lambda row: True,
        "overqualified": lambda row: row["degree"] in OVERQUALIFIED[stage],
        "backbone": lambda row: row["backbone"] in {"county", "city", "province"},
        "arts": lambda row: row["subject"] in {"pe", "music", "art"},
        "senior_titles": lambda row: row["title"] in {"first", "senior", "full_senior"},
    }
    rows = (r for r in table(scenario, "teachers") if r["stage"] == stage)
    return Counter(r["school_id"] for r in rows if counts[indicator](r))


def cv_by_hand(pupils, amounts):
    mean = sum(amounts.get(s, 0) for s in pupils) / sum(pupils.values())
    square = sum(n * (amounts.get(s, 0) / n - mean) ** 2 for s, n in pupils.items()) / sum(pupils.values())
    return square**0.5 / mean


def measured(scenario, standard=None):
    """Scorecard of a ready district with everybody at the present place."""
    found = read_tables(SCENARIOS / scenario)
    if standard is not None:
        found = replace(found, standard=read_standard(standard, SCENARIOS / scenario)[0])
    problem = build(found)
    return scorecard(problem, standing_still(problem))


@pytest.fixture(scope="module", params=["duji-2019", "duji-2021"])
def district(request):
    return request.param, {(r.stage, r.indicator, r.measure): r for r in measured(request.param).balance}


def test_every_cv_is_that_of_the_tables(district):
    """Each CV before, its limit and its verdict follow from the tables and the formula alone."""
    scenario, rows = district
    for stage, limit in STAGES.items():
        pupils = pupils_by_hand(scenario, stage, excluded_below=50)
        for indicator in ("teachers", *THRESHOLDS):
            row = rows[stage, indicator, "cv"]
            expected = cv_by_hand(pupils, amounts_by_hand(scenario, stage, indicator, MATERIAL_2017))
            assert row.before.value == pytest.approx(expected, abs=1e-9)
            if indicator != "teachers":
                assert (row.threshold, row.pass_before) == (limit, expected <= limit)


def test_every_count_of_sections_is_that_of_the_tables(district):
    """How many sections meet each threshold, and how many conform, follows from the tables alone."""
    scenario, rows = district
    for place, stage in enumerate(STAGES, start=1):
        pupils = pupils_by_hand(scenario, stage, excluded_below=50)
        met, low = Counter(), Counter()
        for indicator, numbers in THRESHOLDS.items():
            amounts = amounts_by_hand(scenario, stage, indicator, MATERIAL_2017)
            values = {s: amounts.get(s, 0) * numbers[0] / n for s, n in pupils.items()}
            enough = [s for s, value in values.items() if value >= numbers[place]]
            assert rows[stage, indicator, "met"].before.value == len(enough)
            met.update(enough)
            low.update(s for s, value in values.items() if value < 0.85 * numbers[place])
        conforming = sum(met[s] >= 6 and not low[s] for s in pupils)
        assert rows[stage, "standard", "sections"].before.value == len(pupils)
        assert rows[stage, "standard", "conforming"].before.value == conforming


def test_composite_of_2012_is_that_of_the_tables():
    """Under the standard of 2012 the composite is the mean of the eight CVs, with its own limits."""
    material = {k: v for k, v in MATERIAL_2017.items() if k != "multimedia"}
    material |= {"computers": "computers", "books": "books"}
    rows = {(r.stage, r.indicator, r.measure): r for r in measured("duji-2021", "cn-2012").balance}
    for stage, limit in (("primary", 0.65), ("junior", 0.55)):
        pupils = pupils_by_hand("duji-2021", stage, excluded_below=0)
        eight = [*material, "teachers", "overqualified", "senior_titles"]
        cvs = [cv_by_hand(pupils, amounts_by_hand("duji-2021", stage, i, material)) for i in eight]
        row = rows[stage, "composite", "cv"]
        assert row.before.value == pytest.approx(sum(cvs) / 8, abs=1e-9)
        assert (row.threshold, row.pass_before) == (limit, sum(cvs) / 8 <= limit)
