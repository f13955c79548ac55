"""What brought the change from today to the plan: enrolment, closures, people placed anew, and moves, step by step.

Each step is measured as it is, so that the changes add up to the whole exactly. The order is that of the causes:
pupils grow up whatever the bureau does, schools close, the people of closed schools and recruits need a place, and
only then does anybody leave a school that stays open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from allocator.metrics.indicators import Reading, Readings, counted, readings
from allocator.metrics.indices import official_cv
from allocator.metrics.rows import GainRow, StepRow
from allocator.metrics.snapshot import Snapshot, september, today
from allocator.plan import Plan, standing_still
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats

STEPS = ("today", "enrolment", "closures", "placed", "recruits", "moves")


def attribution(problem: Problem, plan: Plan, read: tuple[Readings, Readings]) -> Iterator[StepRow]:
    """Follow the CV of every indicator and stage from today to the plan.

    Parameters
    ----------
    read
        The readings of today and of the plan.
    """
    moments = read[0], *readings(problem, list(_between(problem, plan))), read[1]
    for g, stage in enumerate(problem.stages):
        if not (problem.sections.stage == g).any():
            continue
        for name in problem.standard.indicators:
            before: float | None = None
            for step, moment in zip(STEPS, moments, strict=True):
                found = moment[name]
                here = counted(problem, found.snapshot, g)
                cv = official_cv(found.amounts[here], found.pupils[here])
                change = None if cv.value is None or before is None else cv.value - before
                yield StepRow(stage, name, step, cv, change)
                before = cv.value


def _between(problem: Problem, plan: Plan) -> Iterator[Snapshot]:
    """Yield who is where after every step but the last."""
    then, still = september(problem, plan), september(problem, standing_still(problem))
    yield replace(today(problem), season=problem.forecast)
    placed = np.zeros(len(problem.teachers), dtype=bool)
    yield still
    for group in (problem.displaced, problem.teachers.recruit):
        placed |= group
        yield _partly(still, then, placed)


def _partly(still: Snapshot, then: Snapshot, placed: Bools) -> Snapshot:
    """Put some at the places of the plan, and leave everybody else at home."""
    section = np.where(placed, then.section, still.section)
    return Snapshot(then.season, section, np.where(placed, then.subject, still.subject))


def gains(problem: Problem, plan: Plan, read: Readings) -> list[GainRow]:
    """Rank the teachers who leave an open school by what their move alone does for the balance.

    The gain of a move is the weighted sum of squared CVs of the indicators that teachers count for, were this one
    teacher still at home, less that of the plan. Gains of several moves do not add up. A CV that is not known
    takes no part.

    Parameters
    ----------
    read
        The readings of the plan.
    """
    movers = np.flatnonzero(plan.away(problem))
    total = np.zeros(len(movers))
    weights = problem.config.priorities.indicators
    for name, found in read.items():
        if weights.get(name) and found.indicator.counts == "teachers":
            total += weights[name] * _gain(problem, plan, found, movers)
    order = np.lexsort((movers, -total))
    school, home = plan.school(problem), problem.home_school
    return [
        GainRow(
            problem.teachers.ids[t],
            problem.school_ids[home[t]],
            problem.school_ids[school[t]],
            float(total[i]),
        )
        for i, t in zip(order, movers[order], strict=True)
    ]


def _gain(problem: Problem, plan: Plan, read: Reading, movers: Ints) -> Floats:
    """Squared CVs of all stages with each mover at home, less those of the plan."""
    season, indicator = read.snapshot.season, read.indicator
    heads = np.nan_to_num(read.amounts / indicator.per)
    person, subjects = problem.counts(indicator), problem.counted_subjects(indicator)
    there, home = plan.section(problem)[movers], problem.teachers.home[movers]
    ends = []
    for section, subject in (
        (there, plan.subject(problem)[movers]),
        (home, problem.teachers.subject[movers]),
    ):
        counts = (
            person[movers, problem.sections.stage[section]] & subjects[subject] & (season.unit[section] >= 0)
        )
        ends.append(counts.astype(float))
    there, home = season.unit[there], season.unit[home]
    gone, back = (np.where(there == home, 0.0, counts) for counts in ends)
    found = np.zeros(len(movers))
    for g in range(len(problem.stages)):
        here = season.in_scope & (problem.sections.stage == g)
        if here.sum() < 2 or np.isnan(read.amounts[here]).any():
            continue
        pupils = np.where(here, read.pupils, 1.0)
        x, n = np.where(here, heads, 0.0), read.pupils[here].sum()
        squares, whole = float((x**2 / pupils).sum()), float(x.sum())
        less, more = gone * here[there], back * here[home]
        then = squares - less * (2 * x[there] - 1) / pupils[there] + more * (2 * x[home] + 1) / pupils[home]
        count = whole - less + more
        if whole > 0 and (count > 0).all():
            found += n * (then / count**2 - squares / whole**2)
    return found
