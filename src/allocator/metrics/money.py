"""The money side of a plan: what allowances, ways to work and buses cost a month, today and in September.

Every price is the scenario's own; what has no price is not reckoned. Prices are by month, so that nothing need be
known of working days. What buses cost today does not stand in the tables, and is not known; nor are the ways of today
where no home is.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allocator.metrics.rows import MoneyRow
from allocator.metrics.snapshot import Snapshot
from allocator.problem import Ints, Problem
from allocator.roads import Floats


def money(problem: Problem, before: Snapshot, after: Snapshot) -> Iterator[MoneyRow]:
    """Reckon each item that the scenario has a price for."""
    asked = problem.config.money
    for setting, yuan in asked.allowance.items():
        people = [float(_at(problem, moment, setting)) for moment in (before, after)]
        yield MoneyRow(
            "allowance", setting, "people", people[0], people[1], yuan, *(yuan * n for n in people)
        )
    if asked.commute_km is not None:
        now, then = (float(_ways(problem, moment.section).sum()) for moment in (before, after))
        yuan, homes = asked.commute_km, bool(problem.teachers.table["home_lat"].notna().any())
        yield MoneyRow(
            "commute",
            "",
            "km",
            now if homes else None,
            then,
            yuan,
            yuan * now if homes else None,
            yuan * then,
        )
    if asked.bus_km is not None:
        beyond = [j.pupils * j.km for j in problem.journeys if j.pupils and j.km > asked.bus_beyond_km]
        yuan, ridden = asked.bus_km, float(sum(beyond))
        yield MoneyRow("bus", "", "pupil_km", None, ridden, yuan, None, yuan * ridden)


def _at(problem: Problem, moment: Snapshot, setting: str) -> int:
    """Teachers who hold a post at schools of a setting."""
    placed = moment.section[moment.section >= 0]
    return int((problem.section_setting[placed] == setting).sum())


def _ways(problem: Problem, section: Ints) -> Floats:
    """Road length of each teacher's way to a section in km, shape (teachers,); 0 without a place.

    From home where it is known, else from the present school, and 0 for a recruit without a known home.
    """
    everyone, school = np.arange(len(section)), problem.sections.school[section]
    from_home = problem.home_km[everyone, school]
    from_school = np.where(problem.home_school >= 0, problem.roads.km[problem.home_school, school], 0.0)
    way = np.where(np.isnan(from_home), from_school, from_home)
    return np.asarray(np.where(section >= 0, way, 0.0))
