"""The frontier: the best evenness that each move budget allows, every point proved.

What comes before evenness is solved without a budget and held. The budgets then go from the fewest moves that
this leaves to the point where more moves buy nothing. A plan within a budget is one within every larger budget,
and what no plan within a budget can beat no plan within a smaller one can: each point begins with the plan of
an earlier one, and takes the bound of the one behind. Half of the points are found beside the other half.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event

import numpy as np

from allocator.evenness import Range
from allocator.model import Model
from allocator.plan import Plan
from allocator.problem import Problem
from allocator.roads import Floats
from allocator.rules.budget import MoveBudget
from allocator.rules.contract import Rule, moves
from allocator.solving.even import Even, prove
from allocator.solving.prepare import Prepared, prepare
from allocator.solving.result import relative_gap
from allocator.solving.solve import Progress, State, begin, finished, hold_heads, level_names, solve_level

_SAME = 1e-9
_SLACK = 1e-6  # moves, for tolerances


@dataclass(frozen=True)
class Point:
    """One point of the frontier.

    Parameters
    ----------
    budget
        Most moves allowed.
    moves
        Moves of the plan that count against the budget.
    plan
        The most even plan found.
    evenness, bound
        Weighted sum of squared CVs of the plan, and what no plan within the budget can be below.
    seconds
        Time taken.
    status
        ``proved``: the gap asked for was reached; ``limit``: the time ran out first.
    """

    budget: int
    moves: int
    plan: Plan
    evenness: float
    bound: float
    seconds: float
    status: str

    @property
    def gap(self) -> float:
        """Relative gap between evenness and bound."""
        return relative_gap(self.evenness, self.bound)


@dataclass(frozen=True)
class Frontier:
    """The points in the order of their budgets.

    Parameters
    ----------
    points
        The first has the fewest moves that the levels before evenness allow; with the last more buy nothing.
    knee
        Index of the point from which on a move buys less than the average move of the frontier; None where
        there are fewer than three points or nothing is bought.
    budget, own
        The scenario's own budget in moves, None where it has none; and the index of its point, None where it lies
        outside the points or was not looked at.
    fewest
        Whether it is proved that no plan with fewer moves keeps what comes before evenness.
    missing
        Budgets that were not looked at, because somebody stopped it.
    """

    points: tuple[Point, ...]
    knee: int | None
    budget: int | None
    own: int | None
    fewest: bool
    missing: int

    @property
    def complete(self) -> bool:
        """Whether it is proved that more moves than those of the last point buy nothing."""
        return not self.missing and self.points[-1].status == "proved"


def frontier(
    problem: Problem,
    rules: tuple[Rule, ...],
    points: int = 12,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Frontier | None:
    """Trace the frontier of a problem; None where there is no evenness to measure.

    Parameters
    ----------
    rules
        Rules that are not off, from :func:`allocator.rules.catalogue.settle`.
    points
        How many budgets to look at, at least 2; fewer where there are not so many.
    progress
        Told the budget, the evenness and its bound.
    stop
        Set by whoever does not want to wait: the points so far are returned.

    Raises
    ------
    NoPlan, LimitReached
        As in :func:`allocator.solving.solve.solve`.
    """
    tell = progress or (lambda name, objective, bound: None)
    own, prepared = without_budget(problem, rules)
    if not prepared.terms:
        return None
    state = begin(prepared, stop=stop)
    for name in _before(level_names(prepared)):
        solve_level(state, prepared, name, tell)
    trace = Trace(state, prepared, counted_moves(prepared), tell)
    x, proved = trace.fewest(state.model, state.x)
    proved &= all(level.status == "proved" for level in state.levels)
    most, last = trace.most_even(x)
    top = most if last.status == "proved" else max(most, own or 0)
    asked = _budgets(trace.used(x), top, own, points)
    budgets = [budget for budget in asked if budget != most] or asked
    with ThreadPoolExecutor(2) as pool:
        halves = pool.map(lambda some: trace.points(some, x), (budgets[::2], budgets[1::2]))
        found = sorted((point for half in halves for point in half), key=lambda point: point.budget)
    have = {point.budget for point in found}
    made = _monotone(sorted([*found, *([last] if most not in have else [])], key=lambda p: p.budget))
    at = next((i for i, p in enumerate(made) if p.budget == own), None)
    return Frontier(made, knee(made), own, at, proved, len(set(budgets) - have))


def _before(names: list[str]) -> list[str]:
    """Levels that are held: those before evenness, and without it coverage with what always comes first."""
    if "evenness" in names:
        names = names[: names.index("evenness")]
        return [name for name in names if name != "moves"]
    return [name for name in names if name in ("rules", "reserve", "coverage")]


@dataclass
class Trace:
    """What the points share: what is held, what counts as a move, and the ranges of the totals once they are known.

    ``counted`` says of each of the first columns, those of the pairs at least, whether it counts, as 1 or 0.
    """

    state: State
    prepared: Prepared
    counted: Floats
    tell: Progress
    spans: tuple[Range, ...] = ()

    def used(self, x: Floats) -> int:
        """Count the moves of a plan."""
        return round(float(self.counted @ x[: len(self.counted)]))

    def fewest(self, model: Model, x: Floats | None) -> tuple[Floats, bool]:
        """Return values of a plan with the fewest moves that a model allows, and whether that is proved."""
        some, model = np.flatnonzero(self.counted), model.copy()
        model.costs["moves"] = [(some, self.counted[some])]
        least = replace(self.state, model=model, x=x, first=None, levels=list(self.state.levels))
        solve_level(least, self.prepared, "moves", lambda name, objective, bound: None)
        assert least.x is not None, "a level that is solved leaves a plan"
        return least.x, least.levels[-1].status == "proved"

    def most_even(self, start: Floats) -> tuple[int, Point]:
        """Return how many moves the most even plan needs, and the point of it."""
        began, model = time.monotonic(), self.state.model.copy()
        even = self.most_even_within(model, start, "evenness")
        self.spans = even.spans
        hold_heads(model, self.prepared.terms, even.x)
        x, _ = self.fewest(model, even.x)
        budget = self.used(x)
        return budget, self._made(budget, replace(even, x=x), time.monotonic() - began)

    def points(self, budgets: list[int], start: Floats) -> list[Point]:
        """Find the point of each budget in turn, until somebody stops it: at least the first."""
        found: list[Point] = []
        for budget in budgets:
            if found and self.state.deadline().stopped:
                break
            point, start = self.point(budget, start)
            found.append(point)
        return found

    def point(self, budget: int, start: Floats) -> tuple[Point, Floats]:
        """Find the most even plan within a budget, beginning with one that keeps it."""
        began = time.monotonic()
        even = self.most_even_within(self.limited(budget), start, str(budget))
        return self._made(budget, even, time.monotonic() - began), even.x

    def limited(self, budget: int) -> Model:
        """Return what is held, with a budget."""
        model, some = self.state.model.copy(), np.flatnonzero(self.counted)
        model.row(some, self.counted[some], high=budget + _SLACK)
        return model

    def most_even_within(self, model: Model, start: Floats, name: str, gap: float | None = None) -> Even:
        """Find the most even plan of a model, beginning with one that keeps its rows; within the scenario's gap."""
        self.tell(name, None, None)
        even = prove(
            model,
            self.prepared.terms,
            model.objective("burden"),
            gap=self.prepared.problem.config.budget.gap if gap is None else gap,
            deadline=self.state.deadline(),
            start=start[: model.width],
            progress=lambda objective, bound: self.tell(name, objective, bound),
            spans=self.spans,
        )
        assert even is not None, "the plan to begin with keeps every row"
        return even

    def _made(self, budget: int, even: Even, seconds: float) -> Point:
        status = even.status(self.prepared.problem.config.budget.gap)
        return Point(
            budget, self.used(even.x), self.plan(even.x), even.objective, even.bound, seconds, status
        )

    def plan(self, x: Floats) -> Plan:
        """Deal the values out to people; the witnesses count every rule anew."""
        plan = Plan(replace(self.state, x=x).people(self.prepared))
        finished(self.prepared, plan, ())
        return plan


def without_budget(problem: Problem, rules: tuple[Rule, ...]) -> tuple[int | None, Prepared]:
    """Return the scenario's own budget in moves, and the problem made ready without one."""
    budget = problem.config.budget
    without = budget.model_copy(update={"moves": None})
    prepared = prepare(replace(problem, config=problem.config.model_copy(update={"budget": without})), rules)
    limited = any(isinstance(rule, MoveBudget) for rule in rules)
    return budget.most_moves(len(prepared.eligible)) if limited else None, prepared


def counted_moves(prepared: Prepared) -> Floats:
    """Whether each pair counts against the budget, as 1 or 0; every move where the scenario has no such rule."""
    model = prepared.model
    rule = next((rule for rule in prepared.rules if isinstance(rule, MoveBudget)), None)
    if rule is None:
        away = moves(prepared.problem, model.pair_teacher, model.pair_post)
    else:
        away = rule.counted(prepared.problem, model.pair_teacher, model.pair_post)[0] == 0
    return away.astype(float)


def _budgets(fewest: int, most: int, own: int | None, points: int) -> list[int]:
    """Return the budgets to look at: denser where there are few moves, the scenario's own among them."""
    share = np.linspace(0.0, 1.0, points) ** 2
    made = sorted({round(fewest + (most - fewest) * s) for s in share.tolist()})
    if own is not None and fewest < own < most and own not in made:
        inner = made[1:-1] if len(made) >= points else []
        if inner:
            made.remove(min(inner, key=lambda budget: abs(budget - own)))
        made = sorted([*made, own])
    return made


def _monotone(found: list[Point]) -> tuple[Point, ...]:
    """Let every point have the bound of the one behind it where that is higher, and a plan no worse than before."""
    made: list[Point] = []
    for point in found:
        before = made[-1] if made else point
        better = point.evenness <= before.evenness + _SAME
        made.append(
            point if better else replace(before, budget=point.budget, bound=point.bound, status=point.status)
        )
    for i in range(len(made) - 2, -1, -1):
        made[i] = replace(made[i], bound=min(max(made[i].bound, made[i + 1].bound), made[i].evenness))
    return tuple(made)


def knee(points: tuple[Point, ...]) -> int | None:
    """Index of the point farthest below the line from the first to the last point.

    There a further move begins to buy less than the average move of the whole frontier (Satopää et al. 2011,
    "Finding a kneedle in a haystack").
    """
    budget = np.array([p.budget for p in points], dtype=float)
    value = np.array([p.evenness for p in points])
    if len(points) < 3 or value[0] - value[-1] <= _SAME:
        return None
    across = (budget - budget[0]) / (budget[-1] - budget[0])
    fallen = (value[0] - value) / (value[0] - value[-1])
    return int(np.argmax(fallen - across))
