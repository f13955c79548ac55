"""The fewest moves under the rules that bring a coefficient of variation within its limit, coefficient by coefficient.

What no plan within a budget of moves can reach, none within a smaller one can. So the budget is halved in: the most
even plan within it either keeps the limit, or its bound proves that no plan does. Where the time runs out between
the two, the answer lies between two numbers. The scenario's own budget does not count here.

A move is any change of place: another school, another stage, or another subject at the same school. So the people who
are listed, and nobody else, bring the coefficient within its limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Event

import numpy as np

from allocator.evenness import Term, measured
from allocator.model import INFINITY, Model
from allocator.plan import Plan, standing_still
from allocator.problem import Ints, Problem
from allocator.roads import Floats
from allocator.rules.contract import Rule
from allocator.solving.even import evenness
from allocator.solving.frontier import Trace, without_budget
from allocator.solving.solve import Progress, begin, hold_heads, judge, level_names, solve_level

_GAPS = (0.02, 1e-5)  # relative gaps that are tried one after the other until a budget is decided
_SAME = 1e-9  # squared CVs that differ by less are the same


@dataclass(frozen=True)
class Needed:
    """What one coefficient takes.

    Parameters
    ----------
    stage, indicator
        Whose.
    least, most
        Fewer moves than ``least`` are proved not to do; ``most`` do. ``most`` is None where no plan was found that
        does, and ``least`` with it where it is proved that there is none.
    anyway
        The fewest moves found that the rules ask for whatever the coefficient.
    asking
        Rules that today's places break and that plan keeps: what asks for those moves.
    cv, limit
        The coefficient with the moves, None where ``most`` is, and its limit.
    plan
        Who moves, None where ``most`` is.
    others
        Every coefficient that is known with the moves, by stage and indicator; empty where ``most`` is None.
    """

    stage: str
    indicator: str
    least: int | None
    most: int | None
    anyway: int
    asking: tuple[str, ...]
    cv: float | None
    limit: float
    plan: Plan | None
    others: Mapping[tuple[str, str], float]


def changed(problem: Problem, plan: Plan) -> Ints:
    """Return who has another school, stage or subject than today, or none, by index."""
    return np.flatnonzero(plan.post != problem.home_post)


def needed(
    problem: Problem, rules: tuple[Rule, ...], progress: Progress | None = None, stop: Event | None = None
) -> Iterator[Needed]:
    """Yield what each coefficient of teachers takes that is above its limit with everybody at the present place.

    One that is not known, because the roster does not say of everybody whether they count, is not asked. Posts that stay empty do not matter here; soft rules are broken as seldom as possible.

    Parameters
    ----------
    rules
        Rules that are not off, from :func:`allocator.rules.catalogue.settle`.
    progress
        Told the coefficient and the budget while it is looked at.
    stop
        Set by whoever does not want to wait: coefficients that are left are not answered.

    Raises
    ------
    NoPlan, LimitReached
        As in :func:`allocator.solving.solve.solve`.
    """
    tell = progress or (lambda name, objective, bound: None)
    problem = weighing_each(problem)
    _, prepared = without_budget(problem, rules)
    limits = {stage: limit.value for stage, limit in problem.standard.balance.cv_limit.items()}
    still, state = standing_still(problem), begin(prepared, stop=stop)
    listed = [
        (t, limits.get(problem.stages[t.stage], INFINITY)) for t in prepared.terms if _known(problem, t)
    ]
    asked = [(term, limit) for term, limit in listed if measured(problem, still, [term]) > limit**2 + _SAME]
    if not asked:
        return
    for name in level_names(prepared):
        if name in ("rules", "reserve"):
            solve_level(state, prepared, name, tell)
    counted = _changes(state.model)
    trace = Trace(state, prepared, counted, tell)
    start, proved = trace.fewest(state.model, state.x)
    asking = _mended(problem, rules, still, trace.plan(start))
    for term, limit in asked:
        if state.deadline().stopped:
            return
        alone = replace(trace, prepared=replace(prepared, terms=[term]))
        below = trace.used(start) - 1 if proved else -1
        yield _halved(_Sought(alone, term, limit, start, asking, tuple(t for t, _ in listed)), below)


def coefficients(problem: Problem, plan: Plan, terms: Iterable[Term]) -> dict[tuple[str, str], float]:
    """Return the coefficient of variation of each term with a plan, by stage and indicator."""
    squares = {(problem.stages[t.stage], t.indicator): measured(problem, plan, [t]) for t in terms}
    return {key: float(np.sqrt(max(square, 0.0))) for key, square in squares.items()}


def _changes(model: Model) -> Floats:
    """Whether each column is somebody with another place, or without one, as 1 or 0."""
    counted = np.zeros(model.width)
    counted[model.pairs] = model.problem.home_post[model.pair_teacher] != model.pair_post
    counted[model.pool[model.pool >= 0]] = 1.0
    return counted


def _mended(problem: Problem, rules: tuple[Rule, ...], still: Plan, plan: Plan) -> tuple[str, ...]:
    """Rules that today's places break more often than the plan with the fewest moves does."""
    before, after = (Counter(v.rule for v in judge(problem, rules, one).violations) for one in (still, plan))
    return tuple(sorted(before - after))


@dataclass(frozen=True)
class _Sought:
    """One coefficient, its limit, and the plan with the fewest moves that the rules ask for."""

    trace: Trace
    term: Term
    limit: float
    start: Floats
    asking: tuple[str, ...]
    every: tuple[Term, ...]

    def found(self, least: int | None, x: Floats | None) -> Needed:
        """Put the answer together."""
        trace, problem = self.trace, self.trace.prepared.problem
        plan = None if x is None else trace.plan(x)
        return Needed(
            problem.stages[self.term.stage],
            self.term.indicator,
            least,
            None if x is None else trace.used(x),
            trace.used(self.start),
            self.asking,
            None if plan is None else float(np.sqrt(max(measured(problem, plan, [self.term]), 0.0))),
            self.limit,
            plan,
            {} if plan is None else coefficients(problem, plan, self.every),
        )


def _halved(sought: _Sought, below: int) -> Needed:
    """Halve in between ``below``, a budget that is proved not to do, and one that does."""
    trace, term, start, limit = sought.trace, sought.term, sought.start, sought.limit**2
    name = f"{trace.prepared.problem.stages[term.stage]} {term.indicator}"

    def decided(budget: int | None, x: Floats) -> tuple[bool | None, Floats]:
        """Whether a budget does, and the plan; None where the time ran out before that was known."""
        model = trace.state.model.copy() if budget is None else trace.limited(budget)
        for gap in _GAPS:
            even = trace.most_even_within(model, x, name, gap)
            if even.objective <= limit + _SAME:
                return True, even.x
            if even.bound > limit + _SAME:
                return False, even.x
        return None, even.x

    if evenness(start, [term]) <= limit + _SAME:
        return sought.found(below + 1, start)
    does, x = decided(None, start)
    if not does:
        return sought.found(None if does is False else below + 1, None)
    model = trace.state.model.copy()
    hold_heads(model, [term], x)
    x, _ = trace.fewest(model, x)
    most = trace.used(x)
    while most - below > 1:
        budget = (below + most) // 2
        does, found = decided(budget, start)
        if does:
            x, most = found, trace.used(found)
        elif does is False:
            below = budget
        else:
            break
    return sought.found(below + 1, x)


def _known(problem: Problem, term: Term) -> bool:
    """Whether the roster says of everybody whether they count."""
    return not problem.unsure(problem.standard.indicators[term.indicator])[:, term.stage].any()


def weighing_each(problem: Problem) -> Problem:
    """Weigh every official indicator of teachers alike, whatever the scenario weighs."""
    each = {n: 1.0 for n, i in problem.standard.indicators.items() if i.official and i.counts == "teachers"}
    priorities = problem.config.priorities.model_copy(update={"indicators": each})
    return replace(problem, config=problem.config.model_copy(update={"priorities": priorities}))
