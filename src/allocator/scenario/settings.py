"""Checks of scenario.toml against the tables: closures, openings, priorities, published totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allocator.errors import quoted
from allocator.scenario.read import Scenario
from allocator.scenario.telling import Issues, closed_plans, nearest, pupils_of, section_keys, toml
from allocator.words import Text, text


def closures(scenario: Scenario) -> Issues:
    """Report closures that cannot be: unknown or planned schools, and pupils who have nowhere to go."""
    schools = {r["school_id"]: r for r in scenario.table("schools").to_dict("records") if r["school_id"]}
    known, planned, has = tuple(schools), closed_plans(scenario), section_keys(scenario.table("sections"))
    for school, closure in scenario.config.closures.items():
        key = f"closures.{school}"
        if school not in schools:
            expected = text("a school of schools.csv")
            yield toml(scenario, key, quoted(school), expected, nearest(school, known))
            continue
        if school in planned:
            found, way = text("a planned school that does not open"), text("remove the closure")
            yield toml(scenario, key, found, text("an open school"), way)
            continue
        yield from _closable(scenario, key, schools[school])
        for stage in scenario.standard.stages:
            if (school, stage) in has:
                yield from _receiver(scenario, key, stage, closure.receiver(stage))
        yield from _grades(scenario, f"{key}.grades", school, closure.grades)
        for stage in sorted(set(closure.apart) - {stage for s, stage in has if s == school}):
            expected, way = text("a stage that the closing school has"), text("correct the stage")
            yield toml(scenario, f"{key}.apart", quoted(stage), expected, way)
        if closure.junior_to and (school, "junior") not in has:
            found = text("{school}, and the closing school has no juniors", school=quoted(closure.junior_to))
            way = text("remove junior_to")
            yield toml(scenario, f"{key}.junior_to", found, text("'to' alone"), way)


def _closable(scenario: Scenario, key: str, row: Mapping[Any, Any]) -> Issues:
    if row["closable"] is not None and not row["closable"]:
        found, way = text("a school marked closable = no"), text("remove the closure, or change the mark")
        yield toml(scenario, key, found, text("only closable schools"), way)
    if row["objection"]:
        found, expected = text("a school whose parents object"), text("the agreement of most parents")
        way = text("settle the objection first: it forbids a forced closure")
        yield toml(scenario, key, found, expected, way, "warning")


def transfers(scenario: Scenario) -> Issues:
    """Report transfers of grades from schools that are unknown, and to schools that cannot take them.

    A closure stands in place of transfers of the same school, which a base may have begun.
    """
    known = tuple(s for s in scenario.table("schools")["school_id"] if s is not None)
    gone = closed_plans(scenario)
    for school, grades in scenario.config.transfers.items():
        key = f"transfers.{school}"
        if school not in known:
            expected = text("a school of schools.csv")
            yield toml(scenario, key, quoted(school), expected, nearest(school, known))
        elif school in gone:
            found, way = text("a planned school that does not open"), text("remove the transfer")
            yield toml(scenario, key, found, text("an open school"), way)
        elif school not in scenario.config.closures:
            yield from _grades(scenario, key, school, grades)


def _grades(scenario: Scenario, key: str, school: str, grades: Mapping[str, str]) -> Issues:
    """Report receivers of single grades: of a stage that the school has, and another school that has it too."""
    has = section_keys(scenario.table("sections"))
    for grade, to in grades.items():
        stages = [name for name, one in scenario.standard.stages.items() if int(grade) in one.grades]
        here = [stage for stage in stages if (school, stage) in has]
        if not here:
            expected, way = text("a grade that the school has"), text("correct the grade")
            yield toml(scenario, f"{key}.{grade}", quoted(grade), expected, way)
        for stage in here:
            if to in (school, "nearest"):
                expected, way = text("the code of another school"), text("name another school")
                yield toml(scenario, f"{key}.{grade}", quoted(to), expected, way)
            else:
                yield from _receiver(scenario, f"{key}.{grade}", stage, to)


def _receiver(scenario: Scenario, key: str, stage: str, to: str) -> Issues:
    """Report a receiver that is not open in September or does not have the stage."""
    name = scenario.standard.stages[stage].name
    gone = set(scenario.config.closures) | closed_plans(scenario)
    open_ = {s for s, its in section_keys(scenario.table("sections")) if its == stage and s not in gone}
    known = tuple(s for s in scenario.table("schools")["school_id"] if s is not None)
    expected = text(
        "another school with the stage {stage} that is open in September, or 'nearest'", stage=name
    )
    if to == "nearest":
        if not open_:
            expected = text("another school with the stage {stage} that is open in September", stage=name)
            yield toml(scenario, key, quoted(to), expected, text("keep one of these schools open"))
    elif to == "advise":
        way = text(
            "name a school: the command 'allocator closures' proposes which schools close, and where pupils go"
        )
        yield toml(scenario, key, quoted(to), expected, way)
    elif to not in known:
        yield toml(scenario, key, quoted(to), expected, nearest(to, known))
    elif to not in open_:
        yield toml(scenario, key, quoted(to), expected, text("name another school"))


def last_exchange(scenario: Scenario) -> Issues:
    """Warn of more teachers last summer, eligible or moved, than the roster has."""
    teachers = len(scenario.table("teachers"))
    for key in ("eligible", "moved", "backbone"):
        stated = getattr(scenario.config.last_exchange, key)
        if stated is not None and stated > teachers > 0:
            expected, way = text("no more than the {n} of the roster", n=teachers), text("check the number")
            yield toml(scenario, f"last_exchange.{key}", text("{n}", n=stated), expected, way, "warning")


def kept_schools(scenario: Scenario) -> Issues:
    """Report schools that are never to be proposed and do not exist."""
    known = tuple(s for s in scenario.table("schools")["school_id"] if s is not None)
    for school in sorted(set(scenario.config.closing.keep) - set(known)):
        expected = text("a school of schools.csv")
        yield toml(scenario, "closing.keep", quoted(school), expected, nearest(school, known))


def openings(scenario: Scenario) -> Issues:
    """Report openings of schools that are not planned."""
    schools = scenario.table("schools")
    status = dict(zip(schools["school_id"], schools["status"], strict=True))
    for school in scenario.config.openings:
        if school not in status or status[school] == "open":
            expected = text("a school of schools.csv with status 'planned'")
            way = text("correct the code or the status")
            yield toml(scenario, f"openings.{school}", quoted(school), expected, way)


def larger_schools(scenario: Scenario) -> Issues:
    """Report schools of a relaxed limit that do not exist, or for whose kind the standard relaxes nothing."""
    kinds = dict(zip(scenario.table("schools")["school_id"], scenario.table("schools")["kind"], strict=True))
    relaxed = scenario.standard.balance.school_size_relaxed
    for school in scenario.config.scoring.larger_schools:
        key = "scoring.larger_schools"
        if school not in kinds:
            expected = text("a school of schools.csv")
            yield toml(
                scenario,
                key,
                quoted(school),
                expected,
                nearest(school, tuple(kinds), text("correct the code")),
            )
        elif kinds[school] not in relaxed:
            expected = text(
                "a school of a kind for which the standard has a relaxed limit: {kinds}", kinds=list(relaxed)
            )
            yield toml(scenario, key, quoted(school), expected, text("take the school out of the list"))


def visitors(scenario: Scenario) -> Issues:
    """Report visitors that are to count where the standard does not say that they may."""
    standard = scenario.standard
    allowed = standard.balance.visitors_from and any(i.visitors for i in standard.indicators.values())
    if scenario.config.scoring.visitors and not allowed:
        expected, way = text("a standard that lets small schools count visitors"), text("remove the key")
        yield toml(scenario, "scoring.visitors", text("true"), expected, way)


def priorities(scenario: Scenario) -> Issues:
    """Report priorities for what the standard does not have, or what moving people cannot even out."""
    given, standard = scenario.config.priorities, scenario.standard
    people = [name for name, i in standard.indicators.items() if i.counts == "teachers"]
    for key, names, known in (
        ("indicators", given.indicators, people),
        ("subjects", given.subjects, list(standard.subjects)),
    ):
        for name in names if key in given.model_fields_set else ():
            place_, expected = f"priorities.{key}", text("one of {choices}", choices=known)
            if key == "indicators" and name in standard.indicators and name not in people:
                found = text("{name}, which counts rooms and things", name=quoted(name))
                way = text(
                    "remove it: moving teachers does not move {column}",
                    column=standard.indicators[name].counts,
                )
                yield toml(scenario, place_, found, expected, way)
            elif name not in known:
                way = nearest(name, tuple(known), text("correct the name"))
                yield toml(scenario, place_, quoted(name), expected, way)


def published(scenario: Scenario) -> Issues:
    """Compare published totals with the tables and with one another; a conflict is a warning."""
    given, totals = scenario.config.published, _totals(scenario)
    for key, stated in given.items():
        name = f"published.{key}"
        if key not in totals:
            expected, way = text("one of {choices}", choices=sorted(totals)), text("correct the key")
            yield toml(scenario, name, quoted(key), expected, way, "warning")
            continue
        parts = _parts_sum(scenario, key)
        if stated != totals[key] or parts not in (None, stated):
            yield toml(scenario, name, *_conflict(stated, totals[key], parts), "warning")


def _conflict(stated: float, counted: float, parts: float | None) -> tuple[Text, Text, Text]:
    """Say how a published total disagrees: with the tables, with the sum of its parts, or with both."""
    numbers = {"stated": f"{stated:.12g}", "counted": f"{counted:.12g}", "parts": f"{parts or 0:.12g}"}
    if parts is None or parts == stated:
        found, way = (
            text("{stated} published, {counted} in the tables", **numbers),
            text("find out which is right; the tables are used"),
        )
        return found, text("the same number"), way
    way = text(
        "ask the publisher: the statement contradicts itself by {n}; the tables are used",
        n=f"{abs(parts - stated):.12g}",
    )
    if stated == counted:
        return (
            text("{stated} published, but its parts add up to {parts}", **numbers),
            text("the sum of its parts"),
            way,
        )
    found = text(
        "{stated} published, but its parts add up to {parts}, and {counted} in the tables", **numbers
    )
    return found, text("the same number three times"), way


def _parts_sum(scenario: Scenario, key: str) -> float | None:
    """Return the sum of the published parts of a published total, if all of them are published."""
    given, standard = scenario.config.published, scenario.standard
    parts = {
        "pupils": list(standard.stages),
        "staff": [f"staff_{stage}" for stage in standard.stages],
        "schools": [f"schools_{kind}" for kind in standard.kinds],
    }.get(key, [])
    return sum(given[part] for part in parts) if parts and set(parts) <= set(given) else None


def _totals(scenario: Scenario) -> dict[str, float]:
    """Count what a bureau publishes: pupils, staff and schools, whole and by stage or kind."""
    sections, teachers, schools = (scenario.table(t) for t in ("sections", "teachers", "schools"))
    pupils, open_schools = pupils_of(sections), schools[schools["status"] == "open"]
    totals = {
        "pupils": float(pupils.sum()),
        "staff": float(len(teachers)),
        "schools": float(len(open_schools)),
    }
    for stage in scenario.standard.stages:
        totals[stage] = float(pupils[sections["stage"] == stage].sum())
        totals[f"staff_{stage}"] = float((teachers["stage"] == stage).sum())
    for kind in scenario.standard.kinds:
        totals[f"schools_{kind}"] = float((open_schools["kind"] == kind).sum())
    return totals
