"""The smallest set of rules that cannot be kept together, and the least that has to give way.

A set is smallest in this sense: it leaves no plan, and without any one of its parts it leaves one (an irreducible
inconsistent set). It is found by dividing and asking (QuickXplain, Junker 2004), first among whole rules, then among the
pinned people and the single totals of those rules, so that what is not needed is not named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allocator.errors import NoPlan
from allocator.model import INFINITY, deal, whole_people
from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.asked import AskedOf
from allocator.rules.contract import Case, Limits, PairRule, Rule, TotalsRule, Violation
from allocator.rules.placement import EveryonePlaced, PinsKept
from allocator.solving.clock import Deadline, OutOfTime
from allocator.solving.engine import Engine
from allocator.solving.integer import solve_whole
from allocator.solving.prepare import Prepared, prepare, ranks
from allocator.solving.start import first_plan
from allocator.words import Text, text

_MOST_PARTS = 400  # totals or people of one rule that are asked about one by one


@dataclass(frozen=True, kw_only=True)
class OfSome(PairRule):
    """A rule about single teachers, asked of some of them alone; for questions, not for scenarios."""

    inner: PairRule
    who: frozenset[int]

    @property
    def id(self) -> str:  # type: ignore[override]
        """Id of the rule."""
        return self.inner.id

    def said(self) -> Text:
        """Return the sentence of the rule."""
        return self.inner.said()

    def _some(self, teachers: Ints) -> Bools:
        return np.isin(teachers, sorted(self.who))

    def profile(self, problem: Problem) -> tuple[NDArray[Any], ...]:
        """Read what the rule reads, and whether it is asked."""
        everybody = np.arange(len(problem.teachers))
        return (*self.inner.profile(problem), self._some(everybody))

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse what the rule refuses to those of whom it is asked."""
        return np.asarray(self.inner.refuses(problem, teachers) & self._some(teachers)[:, None])

    def binds(self, problem: Problem, teachers: Ints) -> Bools:
        """Bind those of whom it is asked as the rule does."""
        return np.asarray(self.inner.binds(problem, teachers) & self._some(teachers))

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Ask the rule, where it is asked."""
        who = problem.teachers.ids.index(case.person["teacher_id"])
        return self.inner.why(problem, case) if who in self.who else None


@dataclass(frozen=True, kw_only=True)
class OfTotals(TotalsRule):
    """A rule about totals, of which some are asked for alone; for questions, not for scenarios."""

    inner: TotalsRule
    which: frozenset[int]

    @property
    def id(self) -> str:  # type: ignore[override]
        """Id of the rule."""
        return self.inner.id

    def said(self) -> Text:
        """Return the sentence of the rule."""
        return self.inner.said()

    def profile(self, problem: Problem) -> tuple[NDArray[Any], ...]:
        """Read what the rule reads."""
        return self.inner.profile(problem)

    def limits(self, problem: Problem) -> Limits:
        """Leave the other totals without a limit."""
        found = self.inner.limits(problem)
        asked = np.isin(np.arange(len(found.low)), sorted(self.which))
        return Limits(
            np.where(asked, found.low, -INFINITY), np.where(asked, found.high, INFINITY), found.names
        )

    def counted(self, problem: Problem, teachers: Ints, posts: Ints) -> tuple[Ints, Floats]:
        """Count as the rule does."""
        return self.inner.counted(problem, teachers, posts)

    def counts_one(self, problem: Problem, case: Case) -> tuple[str, ...] | None:
        """Count as the rule does."""
        return self.inner.counts_one(problem, case)

    def violations(self, problem: Problem, plan: Plan) -> Iterator[Violation]:
        """Leave breaches of the other totals out."""
        names = {self.inner.limits(problem).names[i] for i in self.which}
        for one in self.inner.violations(problem, plan):
            if names == {()} or one.who in names:
                yield one


def quick_explain(parts: Sequence[Any], consistent: Callable[[Sequence[Any]], bool]) -> list[Any]:
    """Return parts that are inconsistent together, and consistent without any one of them; all of them are known not to be.

    Junker, U. (2004): QuickXplain: preferred explanations and relaxations for over-constrained problems, AAAI.
    """

    def search(background: list[Any], changed: bool, rest: list[Any]) -> list[Any]:
        if changed and not consistent(background):
            return []
        if len(rest) == 1:
            return rest
        first, second = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        later = search(background + first, bool(first), second)
        sooner = search(background + later, bool(later), first)
        return sooner + later

    return search([], False, list(parts)) if parts and consistent([]) else []


def smallest(prepared: Prepared, deadline: Deadline) -> list[Rule] | None:
    """Return rules, or parts of them, that cannot be kept together, none of which can be left out; None without an answer.

    Raises
    ------
    OutOfTime
        Where the deadline passed first.
    """
    problem = prepared.problem
    base = [rule for rule in prepared.rules if isinstance(rule, EveryonePlaced)]
    hard = [rule for rule in prepared.rules if rule.level == "hard" and rule not in base]

    def consistent(some: Sequence[Rule]) -> bool:
        deadline.check()
        return feasible(problem, (*base, *some), deadline)

    if consistent(hard):
        return None
    found: list[Rule] = quick_explain(hard, consistent)
    for rule in list(found):
        parts = list(_parts(problem, rule))
        if not 1 < len(parts) <= _MOST_PARTS:
            continue
        others = [one for one in found if one is not rule]
        needed = quick_explain(parts, _with(others, rule, consistent))
        if needed:
            found = [*others, *_joined(rule, needed)]
    return found


def _with(
    others: Sequence[Rule], rule: Rule, consistent: Callable[[Sequence[Rule]], bool]
) -> Callable[[Sequence[int]], bool]:
    """Ask whether parts of a rule can be kept beside the others."""
    return lambda some: consistent([*others, *_joined(rule, some)])


def _parts(problem: Problem, rule: Rule) -> Iterator[int]:
    """Yield what a rule can be divided into: pinned people, or single totals."""
    if isinstance(rule, PinsKept):
        pinned = (problem.teachers.pin >= 0) | problem.teachers.stays
        yield from (int(t) for t in np.flatnonzero(pinned))
    elif isinstance(rule, AskedOf):
        yield from (t for t, who in enumerate(problem.teachers.ids) if who in rule.only)
    elif isinstance(rule, TotalsRule):
        limits = rule.limits(problem)
        yield from (int(i) for i in np.flatnonzero((limits.low > -INFINITY) | (limits.high < INFINITY)))


def _joined(rule: Rule, some: Sequence[int]) -> list[Rule]:
    """Put parts of a rule together again."""
    if not some:
        return []
    if isinstance(rule, PairRule):
        return [OfSome(inner=rule, who=frozenset(some))]
    assert isinstance(rule, TotalsRule)
    return [OfTotals(inner=rule, which=frozenset(some))]


def feasible(problem: Problem, rules: tuple[Rule, ...], deadline: Deadline) -> bool:
    """Whether hard rules leave a plan."""
    try:
        prepared = prepare(problem, rules, settled=True)
    except NoPlan:
        return False
    return _least(prepared, np.zeros(prepared.model.width), deadline) is not None


def _least(prepared: Prepared, cost: Floats, deadline: Deadline) -> Floats | None:
    """Return values of a plan that costs least; None where there is no plan."""
    model = prepared.model
    start = first_plan(model, prepared.rules)
    if start is not None and not model.keeps(start):
        start = None
    if start is not None and not (cost @ start):
        return start
    engine = Engine(model)
    relaxed = engine.linear(cost, deadline)
    if relaxed is None:
        return None
    proof = solve_whole(engine, cost, relaxed, len(model.pairs), gap=0, deadline=deadline, start=start)
    return None if proof is None else proof.x


@dataclass(frozen=True)
class Way:
    """A rule that gives way: by how much at the least, where, and the plan."""

    rule: Rule
    amount: float
    broken: tuple[Violation, ...]
    plan: Plan


def ways_out(prepared: Prepared, parts: Sequence[Rule], deadline: Deadline) -> list[Way]:
    """Let each rule of a conflict give way alone, as little as it must; the least first, those that do not suffice left out.

    Of those that give way by as much, what the planner has pinned or asked comes first.

    Raises
    ------
    OutOfTime
        Where the deadline passed first.
    """
    named = {part.id for part in parts}
    asked = [rule for rule in prepared.rules if rule.id in named and not isinstance(rule, EveryonePlaced)]
    found = [gives_way(prepared.problem, prepared.rules, rule, deadline) for rule in asked]
    return sorted(
        (way for way in found if way is not None),
        key=lambda way: (way.amount, not isinstance(way.rule, PinsKept | AskedOf), way.rule.id),
    )


def gives_way(
    problem: Problem, rules: tuple[Rule, ...], rule: Rule, deadline: Deadline, *, settled: bool = True
) -> Way | None:
    """Let one hard rule give way as little as it must; None where that leaves no plan.

    Parameters
    ----------
    settled
        Whether the rules know already who is eligible.

    Raises
    ------
    OutOfTime
        Where the deadline passed first.
    """
    asked = (replace(one, level="soft") if one is rule else one for one in rules if one.level == "hard")
    try:
        relaxed = prepare(problem, tuple(asked), settled=settled)
    except NoPlan:
        return None
    model = relaxed.model
    x = _least(relaxed, model.objective("rules"), deadline)
    if x is None:
        return None
    plan = Plan(deal(model, *whole_people(model, x), order=ranks(problem)))
    broken = tuple(rule.violations(problem, plan))
    return Way(rule, sum(one.amount for one in broken), broken, plan)


def told(prepared: Prepared, deadline: Deadline) -> tuple[list[Text], tuple[str, ...]]:
    """Say what cannot be kept together, and the ways out; nothing where the time ran out before that was known.

    What a question asks of single teachers counts as a rule.

    Returns
    -------
    The sentences, and the rules that can give way, each alone, the least first.
    """
    if isinstance(prepared.offer, AskedOf) and prepared.offer.only:
        prepared = replace(prepared, rules=(*prepared.rules, prepared.offer))
    try:
        parts = smallest(prepared, deadline)
        if not parts:
            return [], ()
        ways = ways_out(prepared, parts, deadline)
    except OutOfTime:
        return [], ()
    everyone = next(rule for rule in prepared.rules if isinstance(rule, EveryonePlaced))
    lines = [
        text(
            "these cannot be kept together with '{rule}' ({sentence}); without any one of them there is a plan:",
            rule=everyone.id,
            sentence=everyone.said(),
        )
    ]
    problem = prepared.problem
    lines += [line for part in parts for line in _named(problem, part)]
    if ways:
        lines.append(text("ways out, each by itself, the least first:"))
    for way in ways:
        lines.append(
            text(
                "    '{rule}' gives way by {amount}: {where}",
                rule=way.rule.id,
                amount=f"{way.amount:g}",
                where=[where(problem, way.rule, one) for one in way.broken[:_FEW]],
            )
        )
    return lines, tuple(way.rule.id for way in ways)


_FEW = 4  # breaches that are told of a way out


def where(problem: Problem, rule: Rule, broken: Violation) -> Text:
    """Say where a rule is broken; a total of the whole district is not laid at the door of those who count in it."""
    whole = (
        not isinstance(rule, PairRule)
        and isinstance(rule, TotalsRule)
        and rule.limits(problem).names == ((),)
    )
    if whole:
        return broken.sentence
    return (
        text("{who}: {what}", who=list(broken.who[:_FEW]), what=broken.sentence)
        if broken.who
        else broken.sentence
    )


def _named(problem: Problem, part: Rule) -> Iterator[Text]:
    """Name a rule with its sentence, then its parts with their numbers."""
    yield text("    '{rule}': {sentence}", rule=part.id, sentence=part.said())
    if isinstance(part, OfSome):
        for t in sorted(part.who):
            posts = np.flatnonzero(part.inner.refuses(problem, np.array([t]))[0])
            why = part.inner.refusal(problem, t, int(posts[0])) if len(posts) else part.said()
            yield text("        {who}: {what}", who=problem.teachers.ids[t], what=why)
    elif isinstance(part, TotalsRule):
        limits = part.limits(problem)
        asked = np.flatnonzero((limits.low > -INFINITY) | (limits.high < INFINITY))
        for i in asked if isinstance(part, OfTotals) or len(asked) == 1 else ():
            limit = _limit(float(limits.low[i]), float(limits.high[i]))
            who = list(limits.names[i]) or text("the district")
            yield text("        {who}: {what}", who=who, what=limit)


def _limit(low: float, high: float) -> Text:
    if high == INFINITY:
        return text("at least {low}", low=f"{low:g}")
    if low <= 0:
        return text("at most {high}", high=f"{high:g}")
    if low == high:
        return text("exactly {n}", n=f"{low:g}")
    return text("{low} to {high}", low=f"{low:g}", high=f"{high:g}")
