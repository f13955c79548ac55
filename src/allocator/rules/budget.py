"""The move budget: the planner's dial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.contract import Case, Limits, TotalsRule, moves, one_limit, parameter, school_cell
from allocator.words import Text, text


@dataclass(frozen=True, kw_only=True)
class MoveBudget(TotalsRule):
    """How many may move away from a school that stays open; ``most`` is None for no limit."""

    id = "budget.moves"
    sentence = text(
        "At most {most} teachers move away from a school that stays open; moves inside an education group: {groups}."
    )
    scope = "district"
    groups: str = parameter(
        unit=text("moves inside an education group are counted or free"), choices=("counted", "free")
    )
    most: int | None = None

    def said(self) -> Text:
        """Name the budget, or say that there is none."""
        if self.most is None:
            return text("Any number of teachers may move: no budget is set.")
        said = super().said()
        return Text(said.template, said.values | {"most": self.most})

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read nothing but the home."""
        return ()

    def limits(self, problem: Problem) -> Limits:
        """Allow the budget."""
        return one_limit() if self.most is None else one_limit(high=float(self.most))

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count the moves; where those inside a group are free, only the others."""
        away = moves(problem, teachers, posts)
        if self.groups == "free":
            away &= ~same_group(problem, teachers, posts)
        return np.where(away, 0, -1), np.ones(len(teachers))

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Say the same of one placement."""
        group = case.here["group"] if case.here is not None else None
        free = self.groups == "free" and group is not None and group == case.there["group"]
        return () if case.leaves and not free else None


def same_group(problem: Problem, teachers: Ints, posts: Ints) -> Bools:
    """Whether each placement is inside the education group (集团) of today's school; all of the same shape."""
    codes = {g: i for i, g in enumerate(sorted(set(filter(None, school_cell(problem, "group")))))}
    group = np.array([codes.get(g, -1) for g in school_cell(problem, "group")], dtype=np.int64)
    home = problem.home_school[teachers]
    here = np.where(home >= 0, group[home], -1)
    return np.asarray((here >= 0) & (here == group[problem.post_school[posts]]))
