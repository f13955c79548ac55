"""What the report draws, as plain data: coefficients, sections, the map, and who moves between zones and stages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from allocator.metrics.measure import Measure, significant
from allocator.metrics.rows import SectionRow
from allocator.problem import Problem
from allocator.report.answer import Answer
from allocator.report.parts import Cell, Flow, Map, Pair, Pairs, Place, Way, school_at
from allocator.roads import Floats
from allocator.words import Text, text

Rows = Sequence[Mapping[str, Any]]
_FAR = 3.0  # times the threshold: sections beyond are drawn there
_KM_A_DEGREE = 111.195
"""Kilometres of a degree of latitude: a great circle of radius 6,371 km."""


def coefficients(answer: Answer) -> Pairs:
    """Draw each coefficient of variation before and after, with its limit."""
    standard, rows = answer.scenario.standard, []
    for row in answer.card.balance:
        known = standard.indicators.get(row.indicator)
        if row.measure != "cv" or row.after.value is None:
            continue
        name = known.name if known else text("Composite CV")
        stage = standard.stages[row.stage].name
        said = text(
            "{stage}, {indicator}: {before} → {after}",
            stage=stage,
            indicator=name,
            before=_three(row.before, row.threshold),
            after=_three(row.after, row.threshold),
        )
        pair = Pair(row.before.value, row.after.value, row.threshold, row.pass_after, said)
        rows.append((text("{stage}: {indicator}", stage=stage, indicator=name), (pair,)))
    return Pairs(
        title=text("Coefficients of variation before and after"),
        across=text("coefficient of variation: smaller is more even"),
        limit=text("limit"),
        good=text("in September, within its limit"),
        bad=text("in September, above its limit"),
        rows=tuple(rows),
    )


def _three(measure: Measure, limit: float | None) -> str:
    return "—" if measure.value is None else significant(measure.value, limit)


def sections(answer: Answer) -> Iterator[Pairs]:
    """Draw every section that is judged, before and after, beside the threshold of each official indicator.

    Where a standard has no thresholds, beside the median of the sections in September.
    """
    standard = answer.scenario.standard
    for stage in answer.problem.stages:
        here = [row for row in answer.card.sections if row.stage == stage and row.counts_after]
        rows: list[tuple[Text, tuple[Pair, ...]]] = []
        judged = False
        for name in standard.official or tuple(standard.indicators):
            limit = standard.indicators[name].threshold.get(stage)
            values = [row.values[name].value_after.value for row in here]
            known = [value for value in values if value is not None]
            by = limit.value if limit else float(np.median(known)) if known else 0.0
            if not known or not by:
                continue
            judged = judged or limit is not None
            indicator = standard.indicators[name].name
            words = text("{indicator} ({by})", indicator=indicator, by=significant(by, None))
            rows.append((words, tuple(_beside(answer, row, name, by, bool(limit)) for row in here)))
        if rows:
            yield _told(standard.stages[stage].name, tuple(rows), judged)


def _told(stage: Text, rows: tuple[tuple[Text, tuple[Pair, ...]], ...], judged: bool) -> Pairs:
    across, limit = (
        (text("times the threshold (in brackets)"), text("threshold"))
        if judged
        else (text("times the median (in brackets)"), text("median"))
    )
    beyond = text(
        "Each dot is a school that is judged in September; those beyond {far} times stand at the edge.",
        far=f"{_FAR:g}",
    )
    return Pairs(
        title=text("Every school before and after ({stage})", stage=stage),
        across=across,
        limit=limit,
        good=text("in September, at or above the threshold"),
        bad=text("in September, below the threshold"),
        rows=rows,
        line=1.0,
        most=_FAR,
        notes=(beyond,),
    )


def _beside(answer: Answer, row: SectionRow, name: str, by: float, judged: bool) -> Pair:
    """Set a section's values beside what they are judged by."""
    found, limit = row.values[name], by if judged else None
    before, after = found.value_before.value, found.value_after.value
    label = answer.problem.school_labels[answer.problem.school_ids.index(row.school_id)]
    said = text(
        "{school}: {before} → {after}",
        school=label,
        before=_three(found.value_before, limit),
        after=_three(found.value_after, limit),
    )
    return Pair(
        None if before is None else before / by,
        None if after is None else after / by,
        None,
        found.meets_after,
        said,
    )


def district(answer: Answer, rows: Rows) -> Map | None:
    """Draw the schools where they lie, with the ways of teachers and of pupils; None with fewer than two places."""
    problem = answer.problem
    x, y = _plane(problem)
    known = np.flatnonzero(~np.isnan(x))
    if len(known) < 2:
        return None
    at = {problem.school_ids[s]: i for i, s in enumerate(known)}
    places = tuple(_place(problem, int(s), float(x[s]), float(y[s])) for s in known)
    teachers = Counter(
        (row["from_school"], row["to_school"])
        for row in rows
        if row["from_school"] and row["to_school"] and row["from_school"] != row["to_school"]
    )
    pupils: Counter[tuple[str, str]] = Counter()
    for journey in problem.journeys:
        pupils[journey.school_id, journey.to_school] += journey.pupils
    ways = [*_ways(teachers, at, "teachers", places), *_ways(pupils, at, "pupils", places)]
    notes = [
        text(
            "Drawn from the coordinates of schools.csv, without a map behind; the size of a dot is its pupils, and a line from school to school grows with the people who change."
        )
    ]
    if missing := len(problem.school_ids) - len(known):
        notes.append(text("Schools without coordinates, which are not drawn: {n}.", n=missing))
    return Map(text("Map of schools, moves and closures"), places, tuple(ways), tuple(notes))


def _plane(problem: Problem) -> tuple[Floats, Floats]:
    """East and north of each school in km from the middle, nan where it has no coordinates."""
    lat, lon = (problem.schools[c].to_numpy(float) for c in ("lat", "lon"))
    known = ~(np.isnan(lat) | np.isnan(lon))
    if not known.any():
        return np.full(len(lat), np.nan), np.full(len(lat), np.nan)
    middle = np.deg2rad(np.mean(lat[known]))
    beside = (lon - lon[known][0] + 180) % 360 - 180  # degrees from one of them, also across the date line
    east = (beside - np.mean(beside[known])) * _KM_A_DEGREE * np.cos(middle)
    north = (lat - np.mean(lat[known])) * _KM_A_DEGREE
    return np.where(known, east, np.nan), np.where(known, north, np.nan)


def _place(problem: Problem, school: int, x: float, y: float) -> Place:
    mine = problem.sections.school == school
    before, after = (int(season.pupils[mine].sum()) for season in (problem.before, problem.after))
    was, is_ = (bool(season.open[mine].any()) for season in (problem.before, problem.after))
    state = "opens" if is_ and not was else "stays" if is_ else "closes"
    code, label = problem.school_ids[school], problem.school_labels[school]
    zone = problem.zones[problem.school_zone[school]]
    said = text(
        "{school} ({zone}); pupils: {before} → {after}", school=label, zone=zone, before=before, after=after
    )
    return Place(school_at(code), label, x, y, max(before, after), zone, state, said)


def _ways(
    many: Counter[tuple[str, str]], at: Mapping[str, int], whose: str, places: Sequence[Place]
) -> Iterator[Way]:
    """Yield the ways between schools that are drawn, in the order of the schools."""
    said: Callable[..., Text] = _TEACHERS if whose == "teachers" else _PUPILS
    drawn = sorted((at[a], at[b], n) for (a, b), n in many.items() if a in at and b in at and n)
    for start, end, n in drawn:
        yield Way(start, end, n, whose, said(places[start].label, places[end].label, n))


def _TEACHERS(start: str, end: str, n: int) -> Text:
    return text("teachers from {start} to {end}: {n}", start=start, end=end, n=n)


def _PUPILS(start: str, end: str, n: int) -> Text:
    return text("pupils from {start} to {end}: {n}", start=start, end=end, n=n)


def flows(answer: Answer, rows: Rows) -> Iterator[Flow]:
    """Draw who goes from where to where, by zone and by stage; what has one end alone is left out."""
    problem, stages = answer.problem, answer.scenario.standard.stages
    zone = dict(zip(problem.school_ids, (problem.zones[z] for z in problem.school_zone), strict=True))
    away = [row for row in rows if row["from_school"] != row["to_school"]]
    by_zone = _flow(
        text("Teachers who change school, by zone"), away, lambda row, end: zone.get(row[f"{end}_school"])
    )
    other = [row for row in rows if row["from_stage"] and row["from_stage"] != row["to_stage"]]
    by_stage = _flow(
        text("Teachers who change stage"),
        other,
        lambda row, end: stages[row[f"{end}_stage"]].name if row[f"{end}_stage"] else None,
    )
    for found in (by_zone, by_stage):
        if max(len(found.left), len(found.right)) > 1:
            yield found


def _flow(title: Text, rows: Rows, end: Callable[[Mapping[str, Any], str], Cell | None]) -> Flow:
    """Count rows by both ends; who has none before is new, who has none after waits."""
    ends = [(_end(end(row, "from"), _NEW), _end(end(row, "to"), _WAITS)) for row in rows]
    many = Counter((a[0], b[0]) for a, b in ends)
    named = {key: words for pair in ends for key, words in pair}
    left, right = (sorted({pair[i] for pair in many}) for i in (0, 1))
    amounts = tuple(
        (
            left.index(a),
            right.index(b),
            n,
            text("{start} → {end}: {n}", start=named[a], end=named[b], n=n),
        )
        for (a, b), n in sorted(many.items())
    )
    return Flow(title, tuple(named[one] for one in left), tuple(named[one] for one in right), amounts)


def _end(words: Cell | None, otherwise: Text) -> tuple[tuple[bool, str], Cell]:
    """Return an end with a key of its own: no zone is taken for those without one, whatever its name is."""
    return ((False, str(words)), words) if words is not None else ((True, ""), otherwise)


_NEW, _WAITS = text("new teachers"), text("in the reserve")
