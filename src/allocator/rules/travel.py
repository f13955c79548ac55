"""Travel: no new place farther away than people can be asked to go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats, great_circle_km
from allocator.rules.contract import PairRule, is_new, parameter
from allocator.words import Text, text


@dataclass(frozen=True)
class TravelLimit(PairRule):
    """A limit on the way to a new place, from home where it is known, else from the present school."""

    id = "travel.limit"
    sentence = text(
        "A new place is at most {minutes} minutes away from home, or from the present school if the home is not known; volunteers are exempt."
    )
    scope = "teacher"
    default = "hard"
    source = "local practice; Tokyo's standard is 90 minutes"
    confidence = "MEM-L"
    minutes: float = parameter(
        60.0, unit=text("minutes one way"), source="local practice", confidence="MEM-L", most=1440
    )

    def profile(self, problem: Problem) -> tuple[np.ndarray[Any, Any], ...]:
        """Read the home and the exemption."""
        table = problem.teachers.table
        home = np.nan_to_num(table["home_lat"].to_numpy(float), nan=-999.0)
        return problem.teachers.volunteer, home, np.nan_to_num(table["home_lon"].to_numpy(float), nan=-999.0)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse new places at other schools beyond the limit."""
        far = way_minutes(problem, teachers)[:, problem.post_school] > self.minutes
        other = problem.post_school[None, :] != problem.home_school[teachers][:, None]
        exempt = problem.teachers.volunteer[teachers][:, None]
        return np.asarray(far & other & ~exempt & is_new(problem, teachers))

    def refusal(self, problem: Problem, teacher: int, post: int) -> Text | None:
        """Measure the one way again."""
        row = problem.teachers.table.iloc[teacher]
        school = problem.schools.iloc[problem.sections.school[problem.posts.section[post]]]
        if bool(row["volunteer"]) or school["school_id"] == row["school_id"]:
            return None
        if not np.isnan(row["home_lat"]) and not np.isnan(row["home_lon"]):
            ends = [
                np.array([float(v)]) for v in (row["home_lat"], row["home_lon"], school["lat"], school["lon"])
            ]
            km = float(great_circle_km(*ends)[0, 0]) * problem.roads.detour
            minutes = km / problem.roads.speed * 60
        elif row["school_id"] is None:
            return None
        else:
            ids = list(problem.schools["school_id"])
            minutes = float(
                problem.roads.minutes[ids.index(row["school_id"]), ids.index(school["school_id"])]
            )
        if minutes <= self.minutes:
            return None
        return text(
            "{minutes} minutes away, more than {limit}", minutes=round(minutes), limit=f"{self.minutes:g}"
        )


def way_km(problem: Problem, teachers: Ints) -> Floats:
    """Road length of each teacher's way to each school in km, shape (len(teachers), schools).

    From home where it is known, else from the present school; 0 for a recruit without a known home.
    """
    here = problem.home_school[teachers]
    ways = np.where((here >= 0)[:, None], problem.roads.km[here], 0.0)
    return np.asarray(np.where(np.isnan(problem.home_km[teachers]), ways, problem.home_km[teachers]))


def way_minutes(problem: Problem, teachers: Ints) -> Floats:
    """Time of the same ways in minutes, same shape."""
    here, home = problem.home_school[teachers], problem.home_km[teachers]
    ways = np.where((here >= 0)[:, None], problem.roads.minutes[here], 0.0)
    return np.asarray(np.where(np.isnan(home), ways, home / problem.roads.speed * 60))
