"""What a rule is: its id, its sentence, its parameters, and the three things it can be asked.

A *pair rule* is asked before a variable exists which pairs of teacher and post it refuses. An *aggregate
rule* adds rows to the model. Both can be asked, without any solver, where a plan breaks them: that code
reads the rows of the tables one by one, shares nothing with the encoding, and is the witness for it.

The defaults of levels and parameters, with their sources, are data: they stand in the rulebook.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from allocator.domain import BACKBONE, Level
from allocator.model import INFINITY, Model
from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.codes import shown
from allocator.words import Text, text

Scope = Literal["teacher", "post", "section", "school", "zone", "district"]
Row = Mapping[str, Any]
_TINY = 1e-6  # people; a total that is missed by less is kept


@dataclass(frozen=True)
class Violation:
    """One breach of a rule in a plan.

    Parameters
    ----------
    rule
        Id of the rule.
    who
        Codes of the teachers, sections, schools or zones concerned.
    amount
        How much it is broken by: 1 for a pair, the excess for a total.
    sentence
        What is wrong, in words and numbers.
    """

    rule: str
    who: tuple[str, ...]
    amount: float
    sentence: Text


def parameter(*, unit: Text, least: float = 0, most: float = 1e9, choices: tuple[str, ...] = ()) -> Any:
    """Declare a parameter of a rule: its unit and what it may be; its default stands in the rulebook."""
    return field(metadata={"unit": unit, "least": least, "most": most, "choices": choices})


@dataclass(frozen=True)
class Case:
    """One teacher at one post, as the rows of the tables say it: what a witness reads.

    Parameters
    ----------
    person
        Row of teachers.csv.
    here, there
        Rows of schools.csv: where the teacher works today, None for a recruit, and where the post is.
    closes
        Whether the school of today closes.
    stage, subject
        Of the post.
    """

    person: Row
    here: Row | None
    there: Row
    closes: bool
    stage: str
    subject: str

    @property
    def stays_open(self) -> bool:
        """Whether the teacher has a school today that stays open."""
        return self.here is not None and not self.closes

    @property
    def leaves(self) -> bool:
        """Whether the teacher leaves a school that stays open: what the move budget counts."""
        return self.stays_open and self.person["school_id"] != self.there["school_id"]

    @property
    def same_section(self) -> bool:
        """Whether the post is in the teacher's section of today."""
        return bool(
            self.person["school_id"] == self.there["school_id"] and self.person["stage"] == self.stage
        )

    @property
    def same_place(self) -> bool:
        """Whether the post is the teacher's place of today."""
        return self.same_section and self.person["subject"] == self.subject


def case(problem: Problem, teacher: int, post: int) -> Case:
    """Look the rows of a teacher and a post up."""
    person, section = problem.people[teacher], problem.posts.section[post]
    here = problem.school_rows.get(person["school_id"])
    return Case(
        person,
        here,
        problem.school_rows[problem.school_ids[problem.sections.school[section]]],
        person["school_id"] in problem.config.closures,
        problem.stages[problem.sections.stage[section]],
        problem.subjects[problem.posts.subject[post]],
    )


def cases(problem: Problem, plan: Plan) -> Iterator[tuple[int, Case]]:
    """Yield every teacher who has a place in a plan, with the rows."""
    for t, p in enumerate(plan.post.tolist()):
        if p >= 0:
            yield t, case(problem, t, p)


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """A rule of the catalogue with its parameters.

    ``level`` is hard (never broken), soft (broken only where no plan keeps it) or off. ``needs`` names the
    columns of teachers.csv or schools.csv without which the rule concerns nobody.
    """

    id: ClassVar[str]
    sentence: ClassVar[Text]
    scope: ClassVar[Scope]
    needs: ClassVar[tuple[str, ...]] = ()
    level: Level = "hard"

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.metadata}

    def said(self) -> Text:
        """Return the sentence with the parameters in it."""
        return Text(self.sentence.template, {k: shown(k, v) for k, v in self.parameters.items()})

    def standing(self, problem: Problem, plan: Plan) -> Text | None:
        """Say what a plan reaches of what the rule asks of the whole district; None where it asks no such thing."""
        return None

    def knowing(self, eligible: Collection[int]) -> Rule:
        """Return the rule with what it must know of the district: who could lawfully move."""
        return self

    @abstractmethod
    def profile(self, problem: Problem) -> tuple[NDArray[Any], ...]:
        """Return what the rule reads of a teacher beside home and subject, each of shape (teachers,).

        Teachers who agree in all of it are alike to the rule; the finer it is, the more cohorts there are.
        """

    @abstractmethod
    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Count where a plan breaks the rule, without any solver."""


@dataclass(frozen=True, kw_only=True)
class PairRule(Rule):
    """A rule about one teacher and one post."""

    @abstractmethod
    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Which posts the rule refuses to these teachers, shape (len(teachers), post groups)."""

    @abstractmethod
    def why(self, problem: Problem, case: Case) -> Text | None:
        """Why the rule refuses a post to a teacher, with its numbers; None where it does not."""

    def binds(self, problem: Problem, teachers: Ints) -> Bools:
        """Whom the rule binds to a place or school: they do not wait for one. Nobody, unless a rule says so."""
        return np.zeros(len(teachers), dtype=bool)

    def refusal(self, problem: Problem, teacher: int, post: int) -> Text | None:
        """Ask :meth:`why` of a teacher and a post by their indices."""
        return self.why(problem, case(problem, teacher, post))

    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Ask the witness of every teacher's place."""
        for t, one in cases(problem, plan):
            why = self.why(problem, one)
            if why is not None:
                yield Violation(self.id, (problem.teachers.ids[t],), 1.0, why)


@dataclass(frozen=True, kw_only=True)
class KeepsSchool(PairRule):
    """A rule that holds some teachers at their school while it is open."""

    @abstractmethod
    def held(self, problem: Problem) -> Bools:
        """Whether the rule holds each teacher, shape (teachers,)."""

    def profile(self, problem: Problem) -> tuple[NDArray[Any], ...]:
        """Read whether the rule holds the teacher."""
        return (self.held(problem),)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse other schools to those whom it holds."""
        return np.asarray(self.held(problem)[teachers][:, None] & leaves_open_school(problem, teachers))

    def binds(self, problem: Problem, teachers: Ints) -> Bools:
        """Bind those whom it holds to their school, while it is open."""
        return np.asarray(self.held(problem)[teachers] & stays_open(problem, teachers))


@dataclass(frozen=True)
class Limits:
    """Least and most of every total of a rule, each of shape (totals,), and the codes each is about."""

    low: Floats
    high: Floats
    names: tuple[tuple[str, ...], ...]


def one_limit(*, low: float = -INFINITY, high: float = INFINITY) -> Limits:
    """Limit a single total of the whole district."""
    return Limits(np.array([low]), np.array([high]), ((),))


@dataclass(frozen=True, kw_only=True)
class AggregateRule(Rule):
    """A rule about totals.

    ``at_end`` says that the rule asks for something that may only be reached when the last round is done.
    """

    at_end: ClassVar[bool] = False

    @abstractmethod
    def add(self, problem: Problem, model: Model) -> None:
        """Add the rows of the rule; slack through ``model.breach``."""


@dataclass(frozen=True, kw_only=True)
class TotalsRule(AggregateRule):
    """Totals over placements: each placement counts, with some value, in at most one of them.

    Every rule says it twice: ``counted`` with arrays, for the model, and ``counts_one`` from the rows of the
    tables, for the witness.
    """

    @abstractmethod
    def limits(self, problem: Problem) -> Limits:
        """Return the limits of every total."""

    @abstractmethod
    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """In which total each placement counts, -1 for none, and with what value; all of the same shape."""

    @abstractmethod
    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement: the codes of the total it counts in, None for none."""

    def add(self, problem: Problem, model: Model) -> None:
        """Bound the totals."""
        limits = self.limits(problem)
        soft = self.level == "soft"
        total, value = self.counted(problem, model.pair_teacher, model.pair_post)
        used = np.flatnonzero((total >= 0) & (value != 0))
        above, below = np.flatnonzero(limits.high < INFINITY), np.flatnonzero(limits.low > -INFINITY)
        whole = bool((value[used] == np.round(value[used])).all())
        over, under = (model.breach(self.id, len(rows), soft=soft, whole=whole) for rows in (above, below))
        model.rows(
            np.concatenate([total[used], above, below]),
            np.concatenate([model.pairs[used], over, under]),
            np.concatenate([value[used], -np.ones(len(above)), np.ones(len(below))]),
            limits.low,
            limits.high,
        )

    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Count the placements one by one and compare with the limits."""
        limits, held = self.limits(problem), self._held(problem, plan)
        for name, low, high in zip(limits.names, limits.low.tolist(), limits.high.tolist(), strict=True):
            who = held.get(name, ())
            excess = max(len(who) - high, low - len(who))
            if excess > _TINY:
                yield Violation(self.id, name or who, float(excess), told(len(who), low, high))

    def standing(self, problem: Problem, plan: Plan) -> Text | None:
        """Count the one total of the district."""
        limits = self.limits(problem)
        if limits.names != ((),) or (limits.low[0] == -INFINITY and limits.high[0] == INFINITY):
            return None
        who = self._held(problem, plan).get((), ())
        return told(len(who), float(limits.low[0]), float(limits.high[0]))

    def _held(self, problem: Problem, plan: Plan) -> dict[tuple[str, ...], tuple[str, ...]]:
        """Codes of the teachers who count in each total."""
        held: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for t, one in cases(problem, plan):
            name = self.counts_one(problem, one)
            if name is not None:
                held[name].append(problem.teachers.ids[t])
        return {name: tuple(who) for name, who in held.items()}


def told(n: int, low: float, high: float) -> Text:
    """Say what was counted and what is allowed."""
    if low <= 0 or low == -INFINITY:
        return text("{n} teachers, allowed are at most {limit}", n=n, limit=f"{high:g}")
    if high == INFINITY:
        return text("{n} teachers, needed are at least {limit}", n=n, limit=f"{low:g}")
    return text("{n} teachers, allowed are {low} to {high}", n=n, low=f"{low:g}", high=f"{high:g}")


@dataclass(frozen=True, kw_only=True)
class MoversRule(TotalsRule):
    """One part of those who leave a school that stays open, as a share of all of them.

    ``at_least`` says whether the share is a floor; else it is a cap.
    """

    scope = "district"
    at_least: ClassVar[bool] = True
    share: float = parameter(unit=text("share of those who leave a school that stays open"), most=1)

    @abstractmethod
    def part(self, problem: Problem, teachers: Ints, posts: Ints) -> Bools:
        """Whether each placement, if it is a move, belongs to the part; all of the same shape."""

    @abstractmethod
    def part_one(self, problem: Problem, case: Case) -> bool:
        """Say the same of one move."""

    def limits(self, problem: Problem) -> Limits:
        """Bound the part less the share of all."""
        return one_limit(low=0) if self.at_least else one_limit(high=0)

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count every move: what it adds to the part less what it adds to the share."""
        away = moves(problem, teachers, posts)
        value = away * (self.part(problem, teachers, posts) - self.share)
        return np.where(away, 0, -1), np.asarray(value, dtype=np.float64)

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Count those of the part."""
        return () if case.leaves and self.part_one(problem, case) else None

    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Compare the part with the share of all who move."""
        who, everybody = self._movers(problem, plan)
        limit = self.share * everybody
        excess = limit - len(who) if self.at_least else len(who) - limit
        if excess > _TINY:
            yield Violation(self.id, who, float(excess), self._told(len(who), everybody))

    def standing(self, problem: Problem, plan: Plan) -> Text | None:
        """Count the part and all who move."""
        who, everybody = self._movers(problem, plan)
        return self._told(len(who), everybody)

    def _movers(self, problem: Problem, plan: Plan) -> tuple[tuple[str, ...], int]:
        """Return the codes of the part, and how many move in all."""
        movers = [(t, one) for t, one in cases(problem, plan) if one.leaves]
        return tuple(problem.teachers.ids[t] for t, one in movers if self.part_one(problem, one)), len(movers)

    def _told(self, n: int, everybody: int) -> Text:
        values = {"n": n, "all": everybody, "limit": f"{self.share * everybody:g}"}
        if self.at_least:
            return text("{n} of {all} who move, needed are at least {limit}", **values)
        return text("{n} of {all} who move, allowed are at most {limit}", **values)


def is_new(problem: Problem, teachers: Ints) -> Bools:
    """Whether a post is another place than the present one, shape (len(teachers), post groups)."""
    every = np.arange(len(problem.posts))
    return np.asarray(every[None, :] != problem.home_post[teachers][:, None], dtype=bool)


def leaves_open_school(problem: Problem, teachers: Ints) -> Bools:
    """Whether a post is at another school, for teachers whose section stays open; same shape."""
    other = problem.post_school[None, :] != problem.home_school[teachers][:, None]
    return np.asarray(stays_open(problem, teachers)[:, None] & other, dtype=bool)


def stays_open(problem: Problem, teachers: Ints) -> Bools:
    """Whether each teacher has a section today that is open in September, shape (len(teachers),)."""
    return np.asarray((problem.teachers.home[teachers] >= 0) & ~problem.displaced[teachers])


def moves(problem: Problem, teachers: Ints, posts: Ints) -> Bools:
    """Whether each placement takes a teacher away from a school that stays open; all of the same shape."""
    home = problem.home_school[teachers]
    return np.asarray((home >= 0) & ~problem.closing[home] & (problem.post_school[posts] != home))


def cell(problem: Problem, column: str) -> NDArray[Any]:
    """Return a column of teachers.csv, shape (teachers,)."""
    return problem.teachers.table[column].to_numpy()


def school_cell(problem: Problem, column: str) -> NDArray[Any]:
    """Return a column of schools.csv, shape (schools,)."""
    return problem.schools[column].to_numpy()


def backbones(problem: Problem, least: str) -> Bools:
    """Whether each teacher is a backbone teacher of a level or above, shape (teachers,)."""
    return np.isin(cell(problem, "backbone").astype(str), BACKBONE[BACKBONE.index(least) :])


def is_backbone(person: Row, least: str) -> bool:
    """Say the same of one row."""
    return BACKBONE.index(person["backbone"] or "none") >= BACKBONE.index(least)


def section_names(problem: Problem) -> tuple[tuple[str, ...], ...]:
    """Name every section by school and stage, as violations do."""
    return tuple(
        (f"{problem.school_ids[school]} {problem.stages[stage]}",)
        for school, stage in zip(problem.sections.school, problem.sections.stage, strict=True)
    )
