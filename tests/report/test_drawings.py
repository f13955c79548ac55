"""What is drawn is what the files say, also of odd districts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from allocator import app
from allocator.errors import LimitReached
from allocator.report import drawings
from allocator.report.chapters import story
from allocator.report.files import plan_rows
from allocator.report.html import page
from report.results import Folder
from rules.variants import variant


def test_coefficients_and_sections_are_those_of_the_files(tiny: Folder) -> None:
    """Every dot is a number of balance.csv or of sections.csv over its threshold."""
    cvs = [r for r in tiny.balance if r["measure"] == "cv" and r["after"]]
    drawn = drawings.coefficients(tiny.answer).rows
    assert [pair.after for _, (pair,) in drawn] == pytest.approx([float(r["after"]) for r in cvs])
    assert [pair.limit for _, (pair,) in drawn] == [
        float(r["threshold"]) if r["threshold"] else None for r in cvs
    ]
    dots = [p.after for pairs in drawings.sections(tiny.answer) for _, row in pairs.rows for p in row]
    standard, expected = tiny.answer.scenario.standard, []
    for stage in standard.stages:
        for name in standard.official:
            limit = standard.indicators[name].threshold.get(stage)
            here = [r for r in tiny.sections if r["stage"] == stage and r["counts_after"] == "yes"]
            if limit and any(r[f"{name}_value_after"] for r in here):
                expected += [float(r[f"{name}_value_after"] or "nan") / limit.value for r in here]
    assert [np.nan if d is None else d for d in dots] == pytest.approx(expected, nan_ok=True)


def test_the_ways_of_the_map_are_those_of_the_plan(tiny: Folder) -> None:
    """As many people between two schools as plan.csv and the journeys say."""
    found = drawings.district(tiny.answer, plan_rows(tiny.answer))
    assert found is not None
    moved = [
        r for r in tiny.plan if r["from_school"] and r["to_school"] and r["from_school"] != r["to_school"]
    ]
    assert sum(w.many for w in found.ways if w.whose == "teachers") == len(moved)
    pupils = sum(j.pupils for j in tiny.answer.problem.journeys)
    assert sum(w.many for w in found.ways if w.whose == "pupils") == pupils


def test_a_zone_named_as_the_recruits_is_not_taken_for_them(tmp_path: Path) -> None:
    """Flows keep people without a school apart, whatever zones are called."""
    zones = {"A1": "new teachers", "A2": "new teachers", "B1": "in the reserve", "B2": "in the reserve"}
    answer = app.solve(variant(tmp_path / "v", {}, {"schools": {s: {"zone": z} for s, z in zones.items()}}))
    (found, *_) = drawings.flows(answer, plan_rows(answer))
    assert [str(name) for name in found.left].count("new teachers") == 2
    assert sum(n for _, _, n, _ in found.amounts) == sum(
        r["from_school"] != r["to_school"] for r in plan_rows(answer)
    )


def test_schools_on_both_sides_of_the_date_line_lie_together(tmp_path: Path) -> None:
    """A map is not torn apart where longitudes begin anew."""
    east = {"A1": "179.99", "A2": "-179.99", "B1": "180", "B2": "-180"}
    settings = {"rules": {"travel.limit": "off"}}
    answer = app.solve(
        variant(tmp_path / "v", settings, {"schools": {s: {"lon": x} for s, x in east.items()}})
    )
    found = drawings.district(answer, plan_rows(answer))
    assert found is not None
    assert max(abs(place.x) for place in found.places) < 3


def test_a_threshold_of_nought_is_not_divided_by(tiny: Folder) -> None:
    """An indicator whose threshold is 0 has no place on the axis."""
    standard = tiny.answer.scenario.standard
    facts = standard.indicators["backbone"]
    none = {stage: limit.model_copy(update={"value": 0.0}) for stage, limit in facts.threshold.items()}
    indicators = {**standard.indicators, "backbone": facts.model_copy(update={"threshold": none})}
    changed = standard.model_copy(update={"indicators": indicators})
    answer = replace(tiny.answer, scenario=replace(tiny.answer.scenario, standard=changed))
    before = sum(len(pairs.rows) for pairs in drawings.sections(tiny.answer))
    assert sum(len(pairs.rows) for pairs in drawings.sections(answer)) < before


def test_a_plan_is_kept_where_the_frontier_is_not_traced(
    tiny: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped, or impossible: the plan is there, and it is said why the frontier is not."""

    def stopped(*_: object, **__: object) -> None:
        raise LimitReached

    monkeypatch.setattr(app, "frontier", stopped)
    answer = app.answer(tiny.answer.scenario, points=3, stop=Event())
    assert answer.frontier is None
    assert any("The frontier was not traced" in str(mark.words) for mark in story(answer).verdict)


def test_without_evenness_the_plan_is_written_all_the_same(tmp_path: Path) -> None:
    """Where no indicator is weighed there is no frontier, which is said."""
    none = dict.fromkeys(("teachers", "overqualified", "backbone", "arts"), 0)
    scenario = app.check(variant(tmp_path / "v", {"priorities": {"indicators": none}}))
    answer = app.answer(scenario, points=3)
    assert answer.untraced is not None
    assert "no indicator" in page(story(answer))


def test_codes_that_are_numbers_lead_nowhere_wrong(tmp_path: Path) -> None:
    """With teachers coded 1 to 12, a number of lessons is no link; only cells of teachers are."""
    cells = {"teachers": {f"T{n:02d}": {"teacher_id": str(n)} for n in range(1, 13)}}
    answer = app.solve(variant(tmp_path / "v", {}, cells))
    told = story(answer)
    shown = page(told)
    cells_of = sum(
        1
        for chapter in told.chapters
        for block in chapter.blocks
        for table in getattr(block, "leaves", ())
        for each in table.tables
        if "Teacher" in str(each.columns[0])
        for _ in each.rows
    )
    movers = set(told.teachers)
    others = [t for t in told.tables if "Teacher" in map(str, t.columns) and not t.at]
    at = [(t, [str(c) for c in t.columns].index("Teacher")) for t in others]
    more = sum(str(line[i]) in movers for t, i in at for line in t.rows)
    assert shown.count('href="#teacher-') == cells_of + more
