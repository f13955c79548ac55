"""Travel: no new place farther away than people can be asked to go."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats, great_circle_km
from allocator.rules.contract import Case, PairRule, cell, is_new, parameter
from allocator.words import Text, text

STARTS = ("home", "school")


@dataclass(frozen=True, kw_only=True)
class Travel(PairRule):
    """A limit on the way to a new school; volunteers are exempt."""

    scope = "teacher"
    start: str = parameter(unit=text("where the way starts"), choices=STARTS)

    def concerns(self, problem: Problem) -> Bools:
        """Whom the limit concerns, shape (teachers,)."""
        return np.asarray(~problem.teachers.volunteer)

    def concerns_one(self, case: Case) -> bool:
        """Say the same of one row."""
        return not case.person["volunteer"]

    @abstractmethod
    def far(self, problem: Problem, teachers: Ints) -> Bools:
        """Whether each school is too far, shape (len(teachers), schools)."""

    @abstractmethod
    def far_one(self, km: float, minutes: float) -> Text | None:
        """Say why one way is too far."""

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read the home and whether the limit concerns the teacher."""
        home = (np.nan_to_num(cell(problem, c).astype(float), nan=-999.0) for c in ("home_lat", "home_lon"))
        return (self.concerns(problem), *home)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse new places at other schools beyond the limit."""
        other = problem.post_school[None, :] != problem.home_school[teachers][:, None]
        far = self.far(problem, teachers)[:, problem.post_school]
        return np.asarray(far & other & self.concerns(problem)[teachers][:, None] & is_new(problem, teachers))

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Measure the one way again."""
        if not self.concerns_one(case) or case.there["school_id"] == case.person["school_id"]:
            return None
        way = _one_way(problem, case, self.start)
        return None if way is None else self.far_one(*way)


@dataclass(frozen=True, kw_only=True)
class TravelLimit(Travel):
    """A limit in minutes."""

    id = "travel.limit"
    sentence = text(
        "A new place at another school is at most {minutes} minutes away from {start} (home: where it is known, else the present school); volunteers are exempt."
    )
    minutes: float = parameter(unit=text("minutes one way"), most=1440)

    def far(self, problem: Problem, teachers: Ints) -> Bools:
        """Compare the minutes."""
        return way_minutes(problem, teachers, self.start) > self.minutes

    def far_one(self, km: float, minutes: float) -> Text | None:
        """Compare the minutes."""
        if minutes <= self.minutes:
            return None
        return text(
            "{minutes} minutes away, more than {limit}", minutes=round(minutes), limit=f"{self.minutes:g}"
        )


@dataclass(frozen=True, kw_only=True)
class CarersNear(TravelLimit):
    """Who cares for a child or a parent alone is asked to go less far."""

    id = "travel.carers"
    sentence = text(
        "For a teacher who cares for a child or a parent alone, a new place at another school is at most {minutes} minutes away from {start} (home: where it is known, else the present school); volunteers are exempt."
    )
    needs = ("carer",)

    def concerns(self, problem: Problem) -> Bools:
        """Read the column."""
        return cell(problem, "carer").astype(bool) & super().concerns(problem)

    def concerns_one(self, case: Case) -> bool:
        """Read the row."""
        return bool(case.person["carer"]) and super().concerns_one(case)


@dataclass(frozen=True, kw_only=True)
class TravelDistance(Travel):
    """A limit in km."""

    id = "travel.distance"
    sentence = text(
        "A new place at another school is at most {km} km of road away from {start} (home: where it is known, else the present school); volunteers are exempt."
    )
    km: float = parameter(unit=text("km of road one way"), most=5000)

    def far(self, problem: Problem, teachers: Ints) -> Bools:
        """Compare the km."""
        return way_km(problem, teachers, self.start) > self.km

    def far_one(self, km: float, minutes: float) -> Text | None:
        """Compare the km."""
        if km <= self.km:
            return None
        return text("{km} km away, more than {limit}", km=round(km, 1), limit=f"{self.km:g}")


def _one_way(problem: Problem, case: Case, start: str) -> tuple[float, float] | None:
    """Length in km and time in minutes of one way, from the rows; None where the start is not known."""
    person, there = case.person, case.there
    known = not np.isnan(person["home_lat"]) and not np.isnan(person["home_lon"])
    if known and start == "home":
        ends = [
            np.array([float(v)]) for v in (person["home_lat"], person["home_lon"], there["lat"], there["lon"])
        ]
        km = float(great_circle_km(*ends)[0, 0]) * problem.roads.detour
        return km, km / problem.roads.speed * 60
    if person["school_id"] is None:
        return None
    way = problem.school_ids.index(person["school_id"]), problem.school_ids.index(there["school_id"])
    return float(problem.roads.km[way]), float(problem.roads.minutes[way])


def way_km(problem: Problem, teachers: Ints, start: str = "home") -> Floats:
    """Road length of each teacher's way to each school in km, shape (len(teachers), schools).

    From home where it is known, else from the present school; 0 for a recruit without a known home.
    """
    here = problem.home_school[teachers]
    ways = np.where((here >= 0)[:, None], problem.roads.km[here], 0.0)
    if start == "school":
        return np.asarray(ways)
    return np.asarray(np.where(np.isnan(problem.home_km[teachers]), ways, problem.home_km[teachers]))


def way_minutes(problem: Problem, teachers: Ints, start: str = "home") -> Floats:
    """Time of the same ways in minutes, same shape."""
    here, home = problem.home_school[teachers], problem.home_km[teachers]
    ways = np.where((here >= 0)[:, None], problem.roads.minutes[here], 0.0)
    if start == "school":
        return np.asarray(ways)
    return np.asarray(np.where(np.isnan(home), ways, home / problem.roads.speed * 60))
