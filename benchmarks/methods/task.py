"""What a method is asked, and what it answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from allocator.plan import Plan
from allocator.solving.prepare import Prepared

TOTALS_HELD = "stage totals held"
HEADS_HELD = "heads of sections held"


class NotApplicable(Exception):
    """The method is not made for this case; nothing was tried."""


class TooLarge(NotApplicable):
    """The case is too large for the method; nothing was tried."""


@dataclass(frozen=True)
class Task:
    """What is asked.

    Parameters
    ----------
    gap
        Relative gap at which a level is done.
    seconds
        Limit of each level.
    known
        The best plan known, from which baselines take the totals of the stages; None where there is none.
    """

    gap: float
    seconds: float
    known: Plan | None = None


@dataclass(frozen=True)
class Told:
    """What a method says of one level.

    Parameters
    ----------
    status
        In words: proved, limit, or what the solver says.
    bound
        What it has proved that no plan can be below, None for nothing.
    simplified
        What was held or left out where the bound is not one of the level itself; empty where it is.
    """

    level: str
    seconds: float
    status: str
    bound: float | None = None
    simplified: str = ""


@dataclass(frozen=True)
class Point:
    """What was known at a moment; seconds since the method began."""

    level: str
    seconds: float
    objective: float | None
    bound: float | None


@dataclass(frozen=True)
class Answer:
    """A plan, None where none was found, what is said of the levels, and how it went."""

    plan: Plan | None
    levels: tuple[Told, ...] = ()
    trace: tuple[Point, ...] = ()


@dataclass
class Trace:
    """Takes down what is known, moment by moment; only what is new."""

    points: list[Point] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def note(self, level: str, objective: float | None, bound: float | None) -> None:
        """Take down an objective and a bound, None or infinite for what is not known."""
        known = [v if v is not None and np.isfinite(v) else None for v in (objective, bound)]
        last = self.points[-1] if self.points else None
        if last is None or (last.level, last.objective, last.bound) != (level, *known):
            self.points.append(Point(level, time.monotonic() - self.began, *known))


def asked(prepared: Prepared) -> Iterator[str]:
    """Yield the levels that a baseline solves: those of the scenario up to evenness, breaches before all.

    With evenness the places of the sections are decided, and what follows chooses among people alone.
    """
    model = prepared.model
    if (model.pool >= 0).any():
        yield "reserve"
    if (model.objective("rules")[np.concatenate(model.high) > 0] > 0).any():
        yield "rules"
    for level in prepared.problem.config.objective.levels:
        if level != "evenness" or prepared.terms:
            yield level
        if level == "evenness":
            return
