"""Exchange: what the law asks of the number and the kind of those who move, and how long an exchange lasts."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.contract import (
    Case,
    Limits,
    MoversRule,
    PairRule,
    Row,
    TotalsRule,
    Violation,
    backbones,
    cell,
    is_backbone,
    leaves_open_school,
    moves,
    one_limit,
    parameter,
    stays_open,
)
from allocator.rules.tenure import years_of
from allocator.words import Text, text

LEVELS = ("county", "city", "province")
OF = ("movers", "eligible", "eligible_backbone")


@dataclass(frozen=True, kw_only=True)
class ShareOfEligible(TotalsRule):
    """At least a share of the eligible of some kind move.

    Eligible is who has been at one school long enough and could lawfully move; ``eligible`` are the indices of
    those who could.
    """

    scope = "district"
    at_end = True
    share: float = parameter(unit=text("share of the eligible"), most=1)
    years: float = parameter(unit=text("years at one school that make eligible"), most=60)
    eligible: frozenset[int] = frozenset()

    @abstractmethod
    def kind(self, problem: Problem) -> Bools:
        """Whether each teacher is of the kind, shape (teachers,)."""

    @abstractmethod
    def kind_one(self, person: Row) -> bool:
        """Say the same of one row."""

    def knowing(self, eligible: Collection[int]) -> ShareOfEligible:
        """Remember who could lawfully move."""
        return replace(self, eligible=frozenset(eligible))

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read whether the teacher is of the kind and has been at the school long enough."""
        return (self._counts(problem),)

    def _counts(self, problem: Problem) -> Bools:
        """Whether each teacher is of the kind and, as far as is known, long enough at the school."""
        return self.kind(problem) & ~(problem.teachers.years < self.years)

    def limits(self, problem: Problem) -> Limits:
        """Ask for the share of the eligible, rounded up."""
        n = int(self.kind(problem)[eligible_after(problem, self.eligible, self.years)].sum())
        return one_limit(low=float(math.ceil(self.share * n - 1e-9)))

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count those of the kind who have been long enough at the school and move; who moves lawfully could."""
        counts = self._counts(problem)[teachers] & moves(problem, teachers, posts)
        return np.where(counts, 0, -1), np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        too_new = years_of(problem, case.person, "counted") < self.years
        return () if case.leaves and self.kind_one(case.person) and not too_new else None


def eligible_after(problem: Problem, eligible: Collection[int], years: float) -> Ints:
    """Return those of the eligible who have been at their school long enough, or since when is not known."""
    people = np.array(sorted(eligible), dtype=np.int64)
    return np.asarray(people[~(problem.teachers.years[people] < years)])


@dataclass(frozen=True, kw_only=True)
class ExchangeRate(ShareOfEligible):
    """教师〔2014〕4号: at least a tenth of the eligible is exchanged each year."""

    id = "exchange.rate"
    sentence = text(
        "At least {share} of the eligible teachers, who could lawfully move after {years} years at their school, leave for another one."
    )

    def kind(self, problem: Problem) -> Bools:
        """Count everybody."""
        return np.ones(len(problem.teachers), dtype=bool)

    def kind_one(self, person: Row) -> bool:
        """Count everybody."""
        return True


@dataclass(frozen=True, kw_only=True)
class ExchangeGraduating(ShareOfEligible):
    """合肥: teachers of graduating classes take part in the exchange."""

    id = "exchange.graduating"
    sentence = text(
        "At least {share} of the eligible teachers of graduating classes, who could lawfully move after {years} years at their school, leave for another one."
    )
    needs = ("graduating",)

    def kind(self, problem: Problem) -> Bools:
        """Read the column."""
        return cell(problem, "graduating").astype(bool)

    def kind_one(self, person: Row) -> bool:
        """Read the row."""
        return bool(person["graduating"])


@dataclass(frozen=True, kw_only=True)
class ExchangeBackbone(MoversRule):
    """教师〔2014〕4号: at least a fifth of those exchanged are backbone teachers; 安徽 counts the eligible."""

    id = "exchange.backbone"
    sentence = text(
        "Backbone teachers ({backbone} level and above) who leave a school that stays open are at least {share} of {of}; eligible is who could lawfully move after {years} years at the school."
    )
    needs = ("backbone",)
    of: str = parameter(unit=text("what the share is of"), choices=OF)
    backbone: str = parameter(unit=text("least level of a backbone teacher"), choices=LEVELS)
    years: float = parameter(unit=text("years at one school that make eligible"), most=60)
    eligible: frozenset[int] = frozenset()

    @property
    def at_end(self) -> bool:  # type: ignore[override]
        """A share of the eligible is only reached in the end; a share of the movers is kept all the time."""
        return self.of != "movers"

    def knowing(self, eligible: Collection[int]) -> ExchangeBackbone:
        """Remember who could lawfully move."""
        return replace(self, eligible=frozenset(eligible))

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read whether the teacher is a backbone teacher."""
        return (backbones(problem, self.backbone),)

    def part(self, problem: Problem, teachers: Ints, posts: Ints) -> Bools:
        """Take the backbone teachers."""
        return np.asarray(backbones(problem, self.backbone)[teachers])

    def part_one(self, problem: Problem, case: Case) -> bool:
        """Read the row."""
        return is_backbone(case.person, self.backbone)

    def limits(self, problem: Problem) -> Limits:
        """Ask for a share of the movers, or for a number that follows from the eligible."""
        if self.of == "movers":
            return super().limits(problem)
        people = eligible_after(problem, self.eligible, self.years)
        if self.of == "eligible_backbone":
            people = people[backbones(problem, self.backbone)[people]]
        return one_limit(low=float(math.ceil(self.share * len(people) - 1e-9)))

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count every move, or only those of backbone teachers."""
        if self.of == "movers":
            return super().counted(problem, teachers, posts)
        counts = moves(problem, teachers, posts) & self.part(problem, teachers, posts)
        return np.where(counts, 0, -1), np.ones(len(teachers))

    def standing(self, problem: Problem, plan: Plan) -> Text | None:
        """Count against the share of the movers, or against the number."""
        if self.of == "movers":
            return super().standing(problem, plan)
        return TotalsRule.standing(self, problem, plan)

    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Compare with the share of the movers, or with the number."""
        if self.of == "movers":
            yield from super().violations(problem, plan)
        else:
            yield from TotalsRule.violations(self, problem, plan)


@dataclass(frozen=True, kw_only=True)
class ExchangeTerm(PairRule):
    """An exchange has a length and a date of return."""

    id = "exchange.term"
    sentence = text(
        "A teacher on an exchange stays until it ends and then returns to the school that sent, if that is open; a new exchange lasts {years} years."
    )
    scope = "teacher"
    needs = ("exchange_until",)
    years: int = parameter(unit=text("years of a new exchange"), least=1, most=20)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read whether an exchange runs, and where one that has ended leads back to."""
        return self._runs(problem), self._back(problem)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse to leave before the end, and any other school than the sender's after it."""
        runs, back = self._runs(problem)[teachers], self._back(problem)[teachers]
        early = runs[:, None] & leaves_open_school(problem, teachers)
        elsewhere = (back >= 0)[:, None] & (problem.post_school[None, :] != back[:, None])
        return np.asarray(early | elsewhere)

    def binds(self, problem: Problem, teachers: Ints) -> Bools:
        """Bind those whose exchange runs to their school while it is open, and those who return to the sender's."""
        runs = self._runs(problem)[teachers] & stays_open(problem, teachers)
        return np.asarray(runs | (self._back(problem)[teachers] >= 0))

    def _runs(self, problem: Problem) -> Bools:
        return np.asarray(cell(problem, "exchange_until").astype(float) > problem.config.september)

    def _back(self, problem: Problem) -> Ints:
        """School to return to, -1 for none."""
        index = {s: i for i, s in enumerate(problem.school_ids)}
        opens = np.isin(np.arange(len(index)), problem.post_school)
        ends = cell(problem, "exchange_until").astype(float) <= problem.config.september
        back = np.array([index.get(s, -1) for s in cell(problem, "exchange_from")], dtype=np.int64)
        return np.where(ends & (back >= 0) & opens[back], back, -1)

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Compare the end of the exchange with September."""
        until, sender = case.person["exchange_until"], case.person["exchange_from"]
        if until > problem.config.school_year * 12 + 8:
            month = f"{int(until) // 12}-{int(until) % 12 + 1:02d}"
            return text("on an exchange until {month}", month=month) if case.leaves else None
        over = until == until and sender is not None and sender in problem.open_in_september
        if not over or case.there["school_id"] == sender:
            return None
        return text("the exchange has ended: back to {school}", school=sender)
