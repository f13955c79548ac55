"""What a rule is: its id, its sentence, its parameters, and the three things it can be asked.

A *pair rule* is asked before a variable exists which pairs of teacher and post it refuses. An *aggregate
rule* adds rows to the model. Both can be asked, without any solver, where a plan breaks them: that code
shares nothing with the encoding, and is the witness for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

import numpy as np

from allocator.domain import Level
from allocator.model import Model
from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.words import Text

Scope = Literal["teacher", "post", "section", "zone", "district"]


@dataclass(frozen=True)
class Violation:
    """One breach of a rule in a plan.

    Parameters
    ----------
    rule
        Id of the rule.
    who
        Codes of the teachers or sections concerned.
    amount
        How much it is broken by: 1 for a pair, the excess for a total.
    sentence
        What is wrong, in words and numbers.
    """

    rule: str
    who: tuple[str, ...]
    amount: float
    sentence: Text


def parameter(
    default: Any,
    *,
    unit: Text,
    source: str,
    confidence: str,
    least: float = 0,
    most: float = 1e9,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a parameter of a rule with everything the catalogue prints of it."""
    facts = {
        "unit": unit,
        "source": source,
        "confidence": confidence,
        "least": least,
        "most": most,
        "choices": choices,
    }
    return field(default=default, metadata=facts)


@dataclass(frozen=True)
class Rule(ABC):
    """A rule of the catalogue with its parameters.

    ``level`` is hard (never broken), soft (broken only where no plan keeps it) or off.
    """

    id: ClassVar[str]
    sentence: ClassVar[Text]
    scope: ClassVar[Scope]
    default: ClassVar[Level]
    source: ClassVar[str]
    confidence: ClassVar[str]
    level: Level = "hard"

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "level"}

    def said(self) -> Text:
        """Return the sentence with the parameters in it."""
        shown = {k: list(v) if isinstance(v, tuple) else _number(v) for k, v in self.parameters.items()}
        return Text(self.sentence.template, shown)

    @abstractmethod
    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Count where a plan breaks the rule, without any solver."""


def _number(value: Any) -> Any:
    return f"{value:g}" if isinstance(value, float) else value


@dataclass(frozen=True)
class PairRule(Rule):
    """A rule about one teacher and one post."""

    @abstractmethod
    def profile(self, problem: Problem) -> tuple[np.ndarray[Any, Any], ...]:
        """Return what the rule reads of a teacher beside home and subject, each of shape (teachers,).

        Teachers who agree in all of it get the same answers; the finer it is, the more cohorts there are.
        """

    @abstractmethod
    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Which posts the rule refuses to these teachers, shape (len(teachers), post groups)."""

    @abstractmethod
    def refusal(self, problem: Problem, teacher: int, post: int) -> Text | None:
        """Why the rule refuses one post to one teacher, with its numbers; None where it does not."""

    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Ask the witness of every teacher's place."""
        for t in np.flatnonzero(plan.post >= 0):
            why = self.refusal(problem, int(t), int(plan.post[t]))
            if why is not None:
                yield Violation(self.id, (problem.teachers.ids[t],), 1.0, why)


@dataclass(frozen=True)
class AggregateRule(Rule):
    """A rule about totals."""

    @abstractmethod
    def add(self, problem: Problem, model: Model) -> None:
        """Add the rows of the rule; slack through ``model.breach``."""


def is_new(problem: Problem, teachers: Ints) -> Bools:
    """Whether a post is another place than the present one, shape (len(teachers), post groups)."""
    every = np.arange(len(problem.posts))
    return np.asarray(every[None, :] != problem.home_post[teachers][:, None], dtype=bool)


def leaves_open_school(problem: Problem, teachers: Ints) -> Bools:
    """Whether a post is at another school, for teachers whose section stays open; same shape."""
    stays = (problem.teachers.home[teachers] >= 0) & ~problem.displaced[teachers]
    other = problem.post_school[None, :] != problem.home_school[teachers][:, None]
    return np.asarray(stays[:, None] & other, dtype=bool)


def places(problem: Problem, teacher: int, post: int) -> tuple[str | None, str]:
    """Codes of the school where a teacher works today, None for a recruit, and of the school of a post."""
    ids = problem.schools["school_id"].to_numpy()
    home = problem.teachers.home[teacher]
    here = None if home < 0 else str(ids[problem.sections.school[home]])
    return here, str(ids[problem.sections.school[problem.posts.section[post]]])
