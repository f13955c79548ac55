"""What solving returns: a plan, and for every level its objective, bound, gap, seconds and status."""

from __future__ import annotations

from dataclasses import dataclass, field

from allocator.plan import Plan, rounds
from allocator.problem import Ints, Problem
from allocator.rules.budget import MoveBudget
from allocator.rules.contract import Rule, Violation


def relative_gap(objective: float, bound: float) -> float:
    """Return the distance of a bound as a share of the objective, 0 where both are equal."""
    distance = max(objective - bound, 0.0)
    return 0.0 if distance <= 1e-9 else distance / max(abs(objective), 1e-9)


@dataclass(frozen=True)
class Level:
    """One level of the objective.

    Parameters
    ----------
    name
        coverage, evenness, moves, burden, wishes, or rules for the breaches of soft rules.
    objective, bound
        Value of the plan and proved lower bound, in the unit of the level.
    gap
        ``(objective − bound) / |objective|``, 0 where both are equal.
    seconds
        Time taken.
    status
        ``proved``: the gap asked for was reached; ``limit``: the time ran out first.
    held
        What later levels kept fixed while this one was solved, in words; empty for nothing.
    round
        The round in which it was solved, empty where all was solved at once.
    """

    name: str
    objective: float
    bound: float
    seconds: float
    status: str
    held: str = ""
    round: str = ""

    @property
    def gap(self) -> float:
        """Relative gap between objective and bound."""
        return relative_gap(self.objective, self.bound)


@dataclass(frozen=True)
class Result:
    """A plan with its proof.

    Parameters
    ----------
    problem, rules, plan
        What was asked, under which rules, and the answer.
    levels
        The levels in their order.
    eligible
        Teachers who could lawfully move away from a school that stays open, by index.
    violations
        What the witness finds wrong with the plan; hard rules are never among them.
    labels
        The round in which each teacher was placed, where posts were filled round by round.
    gave_way
        The hard rule that is broken, as little as it must be, because no plan keeps all of them.
    """

    problem: Problem
    rules: tuple[Rule, ...]
    plan: Plan
    levels: tuple[Level, ...]
    eligible: Ints
    violations: tuple[Violation, ...] = field(default=())
    labels: tuple[str, ...] | None = None
    gave_way: str = ""

    @property
    def rounds(self) -> list[str]:
        """The round that each teacher's placement belongs to, by procedure or by nature."""
        return list(self.labels) if self.labels else rounds(self.problem, self.plan)

    @property
    def budget(self) -> int | None:
        """The move budget as a number, None for none."""
        return next((rule.most for rule in self.rules if isinstance(rule, MoveBudget)), None)

    @property
    def status(self) -> str:
        """``judged`` where nothing was solved; ``way_out`` where a hard rule gave way; ``proved`` where every level is, else ``limit``."""
        if self.gave_way:
            return "way_out"
        if not self.levels:
            return "judged"
        return "proved" if self.proved else "limit"

    @property
    def proved(self) -> bool:
        """Whether every level is proved."""
        return all(level.status == "proved" for level in self.levels)
