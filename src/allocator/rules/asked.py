"""What a question asks of single teachers; no rule of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from allocator.plan import places
from allocator.problem import Bools, Ints, Problem
from allocator.rules.contract import Case, PairRule
from allocator.words import Text, text

Place = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class AskedOf(PairRule):
    """Where single teachers must be, and which post everybody had in the plan before.

    Parameters
    ----------
    before
        Post group of each teacher in the plan before, -1 for none, shape (teachers,): people whom it tells apart are
        no longer alike, so that changes can be counted.
    only
        The places, of which a teacher must have one, by code; others are free.
    """

    id = "question.asked"
    sentence = text("What is asked of single teachers is kept.")
    scope = "teacher"
    before: Ints
    only: Mapping[str, frozenset[Place]] = field(default_factory=dict)

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read the post before, and whether something is asked of the teacher."""
        asked = {who: n for n, who in enumerate(sorted(self.only))}
        return self.before, np.array([asked.get(who, -1) for who in problem.teachers.ids], dtype=np.int64)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse every other place to those of whom something is asked."""
        refused = np.zeros((len(teachers), len(problem.posts)), dtype=bool)
        named = places(problem)
        for row, t in enumerate(teachers.tolist()):
            only = self.only.get(problem.teachers.ids[t])
            if only is not None:
                refused[row] = [place not in only for place in named]
        return refused

    def binds(self, problem: Problem, teachers: Ints) -> Bools:
        """Bind those of whom something is asked: they do not wait."""
        return np.array([problem.teachers.ids[t] in self.only for t in teachers.tolist()], dtype=bool)

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Look the place up."""
        only = self.only.get(case.person["teacher_id"])
        if only is None or (case.there["school_id"], case.stage, case.subject) in only:
            return None
        schools = sorted({school for school, _, _ in only})
        return (
            text("asked to be at {school}", school=schools[0])
            if len(schools) == 1
            else text("asked otherwise")
        )
