"""Closures, openings and enrolment turn a scenario into the scenario of September."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from allocator.demand.classes import ClassGroup, class_groups, class_limit
from allocator.errors import Issue
from allocator.roads import Roads, roads
from allocator.scenario.check import closed_plans
from allocator.scenario.read import Scenario
from allocator.words import text

GRADES = [f"g{g}" for g in range(13)]


@dataclass(frozen=True)
class Journey:
    """Pupils of one section who go to another school: all where theirs closes, or those of some grades."""

    school_id: str
    stage: str
    to_school: str
    pupils: int
    km: float
    minutes: float
    grades: tuple[int, ...]


@dataclass(frozen=True)
class Reorganised:
    """A scenario before and after its changes.

    Parameters
    ----------
    before
        The district of today: open schools, today's pupils.
    forecast
        September's pupils before any school closes.
    after
        The district of September: closing schools gone, their pupils moved, planned schools open.
    journeys
        Where pupils of closing sections go, and those of some grades whose school stays open.
    warnings
        Seats and school sizes that do not fit.
    """

    before: Scenario
    forecast: Scenario
    after: Scenario
    journeys: tuple[Journey, ...]
    warnings: tuple[Issue, ...]


def reorganise(scenario: Scenario) -> Reorganised:
    """Apply the closures, transfers, openings and enrolment of a scenario."""
    planned = set(scenario.table("schools").query("status == 'planned'")["school_id"])
    before = _without(scenario, planned)
    forecast = _enrolled(_without(scenario, closed_plans(scenario)))
    journeys = tuple(_journeys(forecast))
    after = _moved(forecast, journeys)
    return Reorganised(before, forecast, after, journeys, tuple(_sizes(after)))


def _without(scenario: Scenario, schools: set[str]) -> Scenario:
    tables = dict(scenario.tables)
    for name in ("sections", "posts"):
        tables[name] = tables[name][~tables[name]["school_id"].isin(schools)].reset_index(drop=True)
    return replace(scenario, tables=tables)


def _enrolled(scenario: Scenario) -> Scenario:
    """Apply the forecast of enrolment.csv, else the factor of the scenario."""
    sections = scenario.table("sections").copy()
    sections[GRADES] = np.floor(sections[GRADES] * scenario.config.enrolment.factor + 0.5)
    keys = ["school_id", "stage"]
    forecast = scenario.table("enrolment").set_index(keys)[GRADES].astype(float)
    if len(forecast):
        given = forecast.reindex(pd.MultiIndex.from_frame(sections[keys])).to_numpy()
        sections[GRADES] = np.where(np.isnan(given), sections[GRADES], given)
    return replace(scenario, tables=dict(scenario.tables) | {"sections": sections})


def _journeys(scenario: Scenario) -> Iterator[Journey]:
    """Yield who goes where, of every section that closes and of every grade that is transferred."""
    sections, closing = scenario.table("sections"), scenario.config.closures
    index = {s: i for i, s in enumerate(scenario.table("schools")["school_id"])}
    ways, pupils = roads(scenario), sections[GRADES].to_numpy(float)
    for at, (school, stage) in enumerate(zip(sections["school_id"], sections["stage"], strict=True)):
        ends: dict[str, list[int]] = {}
        for grade in scenario.standard.stages[stage].grades:
            if school in closing:
                to = closing[school].receiver(stage, grade)
            elif (to := scenario.config.transfers.get(school, {}).get(str(grade), "")) == "":
                continue
            if pupils[at, grade]:
                ends.setdefault(_end(scenario, ways, school, stage, to) or "", []).append(grade)
        if school in closing and not ends:  # nobody is in it; its place is taken by where they would go
            end = _end(scenario, ways, school, stage, closing[school].receiver(stage))
            ends = {} if end is None else {end: []}
        for end, grades in ends.items():
            way, n = (index[school], index[end]), int(pupils[at, grades].sum())
            yield Journey(school, stage, end, n, float(ways.km[way]), float(ways.minutes[way]), tuple(grades))


def _end(scenario: Scenario, ways: Roads, school: str, stage: str, to: str) -> str | None:
    """Return the school that is meant, the nearest that is open where no one is named; None where there is none."""
    if to != "nearest":
        return to
    sections, closing = scenario.table("sections"), scenario.config.closures
    index = {s: i for i, s in enumerate(scenario.table("schools")["school_id"])}
    same = sections[(sections["stage"] == stage) & ~sections["school_id"].isin(closing)]["school_id"]
    return min(
        (s for s in same if s != school), key=lambda s: (ways.km[index[school], index[s]], s), default=None
    )


def _moved(scenario: Scenario, journeys: tuple[Journey, ...]) -> Scenario:
    sections = scenario.table("sections").copy()
    at = {key: i for i, key in enumerate(zip(sections["school_id"], sections["stage"], strict=True))}
    before = sections[GRADES].to_numpy(float)
    grades = before.copy()
    for journey in journeys:
        start, end = at[journey.school_id, journey.stage], at[journey.to_school, journey.stage]
        which = list(journey.grades)
        grades[end, which] += before[start, which]
        grades[start, which] -= before[start, which]
    sections[GRADES] = grades
    moved = replace(scenario, tables=dict(scenario.tables) | {"sections": sections})
    return _without(moved, set(scenario.config.closures))


def section_limits(scenario: Scenario) -> list[float]:
    """Most pupils in a class of every section of a scenario, in the order of sections.csv."""
    kinds = dict(zip(scenario.table("schools")["school_id"], scenario.table("schools")["kind"], strict=True))
    sections = scenario.table("sections")
    found = []
    for school, stage, limit in zip(
        *(sections[c] for c in ("school_id", "stage", "class_limit")), strict=True
    ):
        usual = class_limit(scenario.standard.classes, stage, kinds[school])
        found.append(usual if np.isnan(limit) or limit < 1 else float(limit))
    return found


def section_classes(scenario: Scenario) -> list[tuple[ClassGroup, ...]]:
    """Classes of every section of a scenario, in the order of sections.csv."""
    found = []
    rows = scenario.table("sections").to_dict("records")
    for row, limit in zip(rows, section_limits(scenario), strict=True):
        grades = scenario.standard.stages[row["stage"]].grades
        pupils = tuple((g, int(row[f"g{g}"])) for g in grades)
        found.append(class_groups(pupils, limit, scenario.standard.classes))
    return found


def _sizes(after: Scenario) -> Iterator[Issue]:
    """Warn where the classes of September exceed the classrooms, or a school its size limit."""
    sections = after.table("sections")
    for row, groups in zip(sections.to_dict("records"), section_classes(after), strict=True):
        classes = sum(g.classes for g in groups)
        if classes > row["classrooms"]:
            yield Issue(
                str(row["_file"]),
                int(row["_row"]),
                "classrooms",
                text(
                    "{rooms} classrooms for {classes} classes in September",
                    rooms=int(row["classrooms"]),
                    classes=classes,
                ),
                text("a classroom for every class before pupils come"),
                text("build first, or send the pupils elsewhere"),
                "warning",
            )
    schools = after.table("schools")
    kinds = dict(zip(schools["school_id"], schools["kind"], strict=True))
    pupils = sections.groupby("school_id")[GRADES].sum().sum(axis=1)
    limits = after.standard.balance.school_size
    for school, n in pupils.items():
        limit = limits.get(kinds[str(school)])
        if limit is not None and n > limit.value:
            yield Issue(
                "sections.csv",
                None,
                str(school),
                text("{n} pupils in September", n=int(n)),
                text("at most {limit} pupils ({source})", limit=f"{limit.value:g}", source=limit.source),
                text("send fewer pupils to this school"),
                "warning",
            )
