"""The Answer: a solved scenario with everything that a result folder is written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from allocator.closures.advise import Advice
from allocator.closures.choose import Proposal, Worth, proved
from allocator.closures.layout import Layout
from allocator.metrics.scorecard import Scorecard
from allocator.plan import Plan
from allocator.problem import Problem
from allocator.rules.contract import Rule
from allocator.scenario.read import Scenario
from allocator.solving.again import Again
from allocator.solving.frontier import Frontier
from allocator.solving.needed import Needed
from allocator.solving.price import RulePrice
from allocator.solving.result import Result
from allocator.words import Text


@dataclass(frozen=True)
class Measured:
    """A result and what is measured on its plan."""

    result: Result
    card: Scorecard


@dataclass(frozen=True)
class Answer:
    """Everything a result folder is written from.

    Parameters
    ----------
    scenario
        What was asked, its warnings included.
    result, card
        The plan with its proof, and what is measured on it.
    still
        What is measured where everybody keeps the present place as far as it exists in September.
    began, seconds
        When the work began (UTC), and how long it took.
    joint
        Where posts were filled round by round: the plan that decides all at once, to compare with.
    prices
        What each hard rule costs, where that was asked.
    frontier, untraced
        What every move budget allows, where that was asked, and why that is not known.
    again, earlier
        How it was made anew from an earlier plan, and that plan, where it was.
    """

    scenario: Scenario
    result: Result
    card: Scorecard
    still: Scorecard
    began: datetime
    seconds: float
    joint: Measured | None = None
    prices: tuple[RulePrice, ...] = ()
    frontier: Traced | None = None
    untraced: Text | None = None
    again: Again | None = None
    earlier: Plan | None = None

    @property
    def problem(self) -> Problem:
        """The district in September."""
        return self.result.problem


@dataclass(frozen=True)
class Scored:
    """A district as it stands today, measured: before and after are the same.

    ``problem`` is without the closures, openings and forecasts of ``scenario``. ``needed`` is what each coefficient
    above its limit takes under ``rules``, None where nobody asked.
    """

    scenario: Scenario
    problem: Problem
    card: Scorecard
    needed: tuple[Needed, ...] | None = None
    rules: tuple[Rule, ...] = ()

    @property
    def closing(self) -> frozenset[str]:
        """Schools that the scenario is about to close, by code."""
        return frozenset(self.scenario.config.closures)


@dataclass(frozen=True)
class Priced:
    """A proposal of closures as the district would be with it.

    Parameters
    ----------
    worth
        What it frees and costs, by its ways alone.
    posts_freed, quota_freed
        Posts as they are set, and staff quota, before less after.
    posts_at_receivers
        Of the posts freed, those at schools that stay open: pupils who come can change how a school's posts are set.
    answer
        The plan of the teachers, where the proposal was solved in full.
    """

    proposal: Proposal
    worth: Worth
    posts_freed: int
    quota_freed: int
    posts_at_receivers: int
    answer: Answer | None = None

    @property
    def gap(self) -> float:
        """How many more posts the bound leaves possible, as a share of those of the proposal."""
        return proved(self.proposal, self.worth)[1]


def rival(proposals: Sequence[Priced], closures: int) -> Priced | None:
    """Return the proposal that frees most posts with so many closures or fewer; None where there is none."""
    as_many = [one for one in proposals if len(one.proposal.closed) <= closures]
    return max(as_many, key=lambda one: one.worth.posts, default=None)


@dataclass(frozen=True)
class Proposed:
    """Proposals of closures with everything that their files are written from.

    Parameters
    ----------
    scenario, layout
        What was asked, and the district of September without a proposal.
    proposals
        The efficient ones, by the number of schools that close.
    advice
        What is to be said of each school that one of them closes.
    years
        Years of forecast.csv, of which the advice gives shares after those of other enrolments.
    whole
        Whether every number of closures was looked at.
    before
        The plan without a further closure, where proposals were solved in full.
    refused
        Why no plan was found, by the code of the proposal, empty for the plan without a further closure.
    own
        The closures that the scenario itself names, where they are set beside the proposals.
    together
        Choices of the most closures that were solved with the teachers to choose both together, where that was asked:
        those that free most posts, the first the most, so that the first is what deciding in two steps gives.
    asked
        How many choices were asked for, to be chosen with the teachers.
    screened
        How many were compared at the first level of the objective; those of ``together`` are the best of them, and the first.
    rest
        Posts that no other choice of as many closures or fewer can exceed, by the classes that it saves; None where that
        is not known.
    """

    scenario: Scenario
    layout: Layout
    proposals: tuple[Priced, ...]
    advice: tuple[Advice, ...]
    years: tuple[str, ...]
    whole: bool
    before: Answer | None = None
    refused: Mapping[str, Text] = field(default_factory=dict)
    own: Priced | None = None
    together: tuple[Priced, ...] = ()
    rest: float | None = None
    asked: int = 0
    screened: int = 0

    @property
    def every(self) -> tuple[Priced, ...]:
        """The proposals, and what is set beside them."""
        return self.proposals if self.own is None else (*self.proposals, self.own)


@dataclass(frozen=True)
class Traced:
    """A frontier with everything that its files are written from.

    Parameters
    ----------
    scenario, problem
        What was asked, and the district in September.
    frontier, cards
        Its points, and what is measured on the plan of each.
    """

    scenario: Scenario
    problem: Problem
    frontier: Frontier
    cards: tuple[Scorecard, ...]
