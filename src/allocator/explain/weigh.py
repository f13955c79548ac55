"""What a plan reaches at every level, and what it would reach if few people had other places and nobody else moved.

Nothing here is solved: the values are counted, so that what is said of a change is what is found when it is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from allocator.evenness import Term, contributions, terms
from allocator.model import Cohorts, Model
from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.contract import PairRule, Rule, TotalsRule, Violation, moves
from allocator.rules.placement import EveryonePlaced
from allocator.solving.levels import burden, wish_costs, wished
from allocator.solving.prepare import lawful_pairs

_TINY = 1e-6  # people; a total that is missed by less is kept
SAME = 1e-9  # by which values of a level may differ and be the same

Change = tuple[int, int]
"""A teacher, and the post group that the teacher gets: -1 for none, by index."""


@dataclass(frozen=True)
class Outcome:
    """A plan with few people changed.

    Parameters
    ----------
    changes
        Who gets which post.
    values
        Value of every level, in the order of the levels.
    broken
        Breaches of hard rules that the plan before did not have.
    """

    changes: tuple[Change, ...]
    values: Mapping[str, float]
    broken: tuple[Violation, ...] = ()


Weighed = tuple[Outcome, tuple[str, ...], bool]
"""What changes reach, the hard rules that they break beyond the plan, and whether the witnesses said so."""


def placements(problem: Problem, teachers: Ints, posts: Ints) -> Model:
    """Make the columns of some placements, each of one teacher, lawful or not; nothing else is in it."""
    people = np.arange(len(problem.teachers))
    each = Cohorts(people, np.ones(len(people), dtype=np.int64), people)
    return Model(problem, each, teachers, posts, np.full(len(people), -1, dtype=np.int64))


def level_order(problem: Problem) -> tuple[str, ...]:
    """Levels in their order: the reserve and soft rules before all, burden last."""
    asked = [name for name in problem.config.objective.levels if name != "wishes" or wished(problem)]
    return ("reserve", "rules", *asked, *([] if "burden" in asked else ["burden"]))


@dataclass(frozen=True)
class Weighing:
    """A plan on the scales.

    Parameters
    ----------
    problem, rules, plan
        What is weighed; the rules know who is eligible.
    """

    problem: Problem
    rules: tuple[Rule, ...]
    plan: Plan

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """Levels in their order."""
        return level_order(self.problem)

    @cached_property
    def lawful(self) -> Bools:
        """Whether no hard rule refuses a post to a teacher, shape (teachers, post groups)."""
        return lawful_pairs(self.problem, self.rules)

    @cached_property
    def terms(self) -> list[Term]:
        """The squared CVs that are weighed: those for which somebody can count lawfully."""
        return terms(placements(self.problem, *np.nonzero(self.lawful)))

    @cached_property
    def _at(self) -> list[Ints]:
        """Place of each section among those of each term, -1 for none."""
        found = []
        for term in self.terms:
            at = np.full(len(self.problem.after.open), -1, dtype=np.int64)
            at[term.sections] = np.arange(len(term.sections))
            unit = self.problem.after.unit
            found.append(np.where(unit >= 0, at[unit], -1))
        return found

    @cached_property
    def _heads(self) -> list[Floats]:
        """Heads of each term by its sections."""
        placed = np.flatnonzero(self.plan.post >= 0)
        found = []
        for term, at in zip(self.terms, self._at, strict=True):
            counts = self._counts(term, at, placed, self.plan.post[placed])
            found.append(np.bincount(counts[counts >= 0], minlength=len(term.sections)).astype(float))
        return found

    def _counts(self, term: Term, at: Ints, teachers: Ints, posts: Ints) -> Ints:
        """Section of a term in which each placement counts, -1 for none."""
        counts = contributions(self.problem, term.indicator, teachers, posts)
        here = at[self.problem.posts.section[posts]]
        return np.where(counts & (self.problem.post_stage[posts] == term.stage), here, -1)

    @cached_property
    def weight(self) -> Floats:
        """What one empty post of each group weighs."""
        weights = self.problem.config.priorities.subjects
        subjects = np.array([float(weights.get(s, 1)) for s in self.problem.subjects])
        return np.asarray(subjects[self.problem.posts.subject])

    @cached_property
    def filled(self) -> Ints:
        """Teachers in each post group."""
        return self.plan.filled(self.problem)

    @cached_property
    def breaches(self) -> dict[str, float]:
        """By how much the plan breaks each rule."""
        return _amounts(self.violations(self.plan))

    @cached_property
    def values(self) -> dict[str, float]:
        """Value of every level."""
        problem, plan = self.problem, self.plan
        placed = np.flatnonzero(plan.post >= 0)
        linear = self._linear(placed, plan.post[placed])
        even = sum(t.weight * t.cv2(h) for t, h in zip(self.terms, self._heads, strict=True))
        found = {
            "reserve": float((plan.post < 0).sum()),
            "rules": self._soft(self.breaches),
            "coverage": float((self.weight * plan.unfilled(problem)).sum()),
            "evenness": even,
            **{name: float(cost.sum()) for name, cost in linear.items()},
        }
        return {name: found[name] for name in self.levels}

    def _soft(self, amounts: Mapping[str, float]) -> float:
        """By how much soft rules are broken."""
        return sum(amounts.get(rule.id, 0.0) for rule in self.rules if rule.level == "soft")

    def violations(self, plan: Plan) -> tuple[Violation, ...]:
        """Breaches of every rule, as the witnesses count them."""
        return tuple(v for rule in self.rules for v in rule.violations(self.problem, plan))

    def _linear(self, teachers: Ints, posts: Ints) -> dict[str, Floats]:
        """Cost of placements at the levels that add up."""
        model = placements(self.problem, teachers, posts)
        found = {"burden": burden(model), "moves": moves(self.problem, teachers, posts).astype(float)}
        if "wishes" in self.levels:
            found["wishes"] = wish_costs(model)
        return found

    def compared(self, sets: Sequence[Sequence[Change]]) -> list[Outcome]:
        """Weigh sets of changes against the plan, one by one.

        Breaches of hard rules are left out here, and soft rules that are no sums of placements: :meth:`judged` counts both.
        """
        every = [change for one in sets for change in one]
        teachers = np.array([t for t, _ in every], dtype=np.int64)
        new = np.array([p for _, p in every], dtype=np.int64)
        old = self.plan.post[teachers]
        cost = {
            name: values[1] - values[0] for name, values in self._before_after(teachers, old, new).items()
        }
        position = {
            i: [self._section(term, at, teachers, posts) for posts in (old, new)]
            for i, (term, at) in enumerate(zip(self.terms, self._at, strict=True))
        }
        found, begin = [], 0
        which = np.repeat(np.arange(len(sets)), [len(one) for one in sets])
        soft = self._softer(len(sets), which, teachers, old, new)
        for i, one in enumerate(sets):
            some = np.arange(begin, begin + len(one))
            begin += len(one)
            values = dict(self.values)
            values["rules"] += float(soft[i])
            values["reserve"] += float((new[some] < 0).sum() - (old[some] < 0).sum())
            if "coverage" in values:
                values["coverage"] += self._emptied(old[some], new[some])
            if "evenness" in values:
                values["evenness"] += sum(self._uneven(i, some, position[i]) for i in range(len(self.terms)))
            for name, difference in cost.items():
                if name in values:
                    values[name] += float(difference[some].sum())
            found.append(Outcome(tuple(one), values))
        return found

    def _softer(self, sets: int, which: Ints, teachers: Ints, old: Ints, new: Ints) -> Floats:
        """By how much more each set of changes breaks soft rules about one teacher, and soft sums of placements."""
        more = np.zeros(sets)
        for rule in self.rules:
            if rule.level != "soft":
                continue
            if isinstance(rule, TotalsRule):
                before, after = self._excess(rule, which, teachers, new, sets)
                more += _counted(after).sum(axis=1) - _counted(before).sum()
            elif isinstance(rule, PairRule):
                for posts, sign in ((new, 1.0), (old, -1.0)):
                    for at in np.flatnonzero(posts >= 0):
                        refused = rule.refusal(self.problem, int(teachers[at]), int(posts[at])) is not None
                        more[which[at]] += sign * refused
        return more

    def _before_after(self, teachers: Ints, old: Ints, new: Ints) -> dict[str, tuple[Floats, Floats]]:
        ends = []
        for posts in (old, new):
            placed = posts >= 0
            costs = self._linear(teachers[placed], posts[placed])
            ends.append({name: _spread(cost, placed) for name, cost in costs.items()})
        return {name: (ends[0][name], ends[1][name]) for name in ends[0]}

    def _section(self, term: Term, at: Ints, teachers: Ints, posts: Ints) -> Ints:
        placed = posts >= 0
        return np.where(placed, self._counts(term, at, teachers, np.maximum(posts, 0)), -1)

    def _emptied(self, old: Ints, new: Ints) -> float:
        """Return what the empty posts weigh more than before."""
        moved = np.zeros(len(self.filled), dtype=np.int64)
        np.add.at(moved, new[new >= 0], 1)
        np.add.at(moved, old[old >= 0], -1)
        at = np.flatnonzero(moved)
        places = self.problem.posts.places[at]
        before = np.maximum(places - self.filled[at], 0)
        after = np.maximum(places - self.filled[at] - moved[at], 0)
        return float((self.weight[at] * (after - before)).sum())

    def _uneven(self, i: int, some: Ints, position: Sequence[Ints]) -> float:
        """How much a term grows."""
        old, new = (ends[some] for ends in position)
        if (old == new).all():
            return 0.0
        heads = self._heads[i].copy()
        np.add.at(heads, new[new >= 0], 1)
        np.add.at(heads, old[old >= 0], -1)
        term = self.terms[i]
        return term.weight * (term.cv2(heads) - term.cv2(self._heads[i]))

    def changed(self, changes: Iterable[Change]) -> Plan:
        """Return the plan with some people changed."""
        post = self.plan.post.copy()
        for teacher, to in changes:
            post[teacher] = to
        return Plan(post)

    def judged(self, outcome: Outcome) -> Outcome:
        """Let the witnesses count every rule on a changed plan."""
        found = self._violations_after(outcome)
        values = dict(outcome.values) | {"rules": self._soft(_amounts(found))}
        hard = {rule.id for rule in self.rules if rule.level == "hard"}
        now = self._single(v for v in found if v.rule in hard)
        worse = {key for key, amount in now.items() if amount > self._before.get(key, 0.0) + _TINY}
        broken = tuple(v for v in found if v.rule in hard and self._key(v) in worse)
        return Outcome(outcome.changes, values, broken)

    def _key(self, broken: Violation) -> tuple[str, tuple[str, ...]]:
        """Tell breaches apart: those of one person or of one named total; of the whole district there is one a rule."""
        return broken.rule, broken.who if broken.rule in self._by_name else ()

    @cached_property
    def _by_name(self) -> frozenset[str]:
        """Rules whose breaches name the person or the total that is broken."""
        named = (
            rule.id
            for rule in self.rules
            if not isinstance(rule, EveryonePlaced)
            and not (isinstance(rule, TotalsRule) and rule.limits(self.problem).names == ((),))
        )
        return frozenset(named)

    def _single(self, found: Iterable[Violation]) -> dict[tuple[str, tuple[str, ...]], float]:
        """Add breaches up that are the same."""
        amounts: dict[tuple[str, tuple[str, ...]], float] = {}
        for one in found:
            amounts[self._key(one)] = amounts.get(self._key(one), 0.0) + one.amount
        return amounts

    @cached_property
    def _before(self) -> dict[tuple[str, tuple[str, ...]], float]:
        """Breaches of the plan itself."""
        return self._single(self.violations(self.plan))

    @cached_property
    def _by_witness(self) -> Bools:
        """Whom rules concern that are neither about one teacher nor sums of placements: only the witnesses know of those."""
        table, concerned = self.problem.teachers.table, np.zeros(len(self.problem.teachers), dtype=bool)
        for rule in self.rules:
            if isinstance(rule, PairRule | TotalsRule):
                continue
            columns = [c for c in rule.needs if c in table]
            stated = table[columns].notna().any(axis=1).to_numpy(dtype=bool)
            concerned |= stated if columns else np.ones(len(concerned), dtype=bool)
        return concerned

    def weighed(self, sets: Sequence[Sequence[Change]]) -> list[Weighed]:
        """Weigh sets of changes: what each reaches, which hard rules it breaks beyond the plan, and whether the witnesses said so.

        They are asked where somebody changes whom a rule concerns that arrays do not reckon with.
        """
        if not sets:
            return []
        found = []
        for one, broken in zip(self.compared(sets), self.breaking(sets), strict=True):
            if any(self._by_witness[t] for t, _ in one.changes):
                judged = self.judged(one)
                found.append((judged, tuple(sorted({v.rule for v in judged.broken})), True))
            else:
                found.append((one, broken, False))
        return found

    def _violations_after(self, outcome: Outcome) -> list[Violation]:
        """Ask rules about one teacher of those who change alone, and rules of totals of everybody."""
        changed = dict(outcome.changes)
        who = {self.problem.teachers.ids[t] for t in changed}
        plan = self.changed(outcome.changes)
        found: list[Violation] = []
        leaves = any(p < 0 for p in changed.values())
        for rule in self.rules:
            if not isinstance(rule, PairRule) or (leaves and isinstance(rule, EveryonePlaced)):
                found += rule.violations(self.problem, plan)
                continue
            found += [v for v in self._pair_breaches.get(rule.id, ()) if not who & set(v.who)]
            for t, p in changed.items():
                why = rule.refusal(self.problem, t, p) if p >= 0 else None
                if why is not None:
                    found.append(Violation(rule.id, (self.problem.teachers.ids[t],), 1.0, why))
        return found

    @cached_property
    def _pair_breaches(self) -> dict[str, list[Violation]]:
        """Breaches that the plan has of rules about one teacher."""
        found: dict[str, list[Violation]] = {}
        for rule in self.rules:
            if isinstance(rule, PairRule):
                found[rule.id] = list(rule.violations(self.problem, self.plan))
        return found

    def breaking(self, sets: Sequence[Sequence[Change]]) -> list[tuple[str, ...]]:
        """Say which hard totals each set of changes breaks more than the plan does, reckoned with arrays.

        The witnesses of :meth:`judged` have the last word; rules that are no sums of placements are left to them.
        """
        every = [change for one in sets for change in one]
        which = np.repeat(np.arange(len(sets)), [len(one) for one in sets])
        teachers, new = (np.array([c[i] for c in every], dtype=np.int64) for i in (0, 1))
        broken: list[list[str]] = [[] for _ in sets]
        for rule in self.rules:
            if isinstance(rule, TotalsRule) and rule.level == "hard":
                for i in self._broken(rule, which, teachers, new):
                    broken[i].append(rule.id)
        return [tuple(one) for one in broken]

    def _broken(self, rule: TotalsRule, which: Ints, teachers: Ints, new: Ints) -> list[int]:
        """Return the sets that bring a total of a rule farther out of its limits than it is."""
        sets = int(which.max()) + 1 if len(which) else 0
        before, after = self._excess(rule, which, teachers, new, sets)
        return [int(i) for i in np.flatnonzero((after > before[None, :] + _TINY).any(axis=1))]

    def _excess(
        self, rule: TotalsRule, which: Ints, teachers: Ints, new: Ints, sets: int
    ) -> tuple[Floats, Floats]:
        """By how much each total misses its limits, shape (totals,), and with each set of changes, shape (sets, totals)."""
        limits = rule.limits(self.problem)
        placed = np.flatnonzero(self.plan.post >= 0)
        n, none = len(limits.low), np.zeros(len(placed), np.int64)
        held = _sums(rule, self.problem, placed, self.plan.post[placed], none, 1, n)[0]
        old = self.plan.post[teachers]
        change = np.zeros((sets, n))
        for posts, sign in ((new, 1.0), (old, -1.0)):
            some = posts >= 0
            change += sign * _sums(rule, self.problem, teachers[some], posts[some], which[some], sets, n)
        before = np.maximum(np.maximum(held - limits.high, limits.low - held), 0.0)
        after = held[None, :] + change
        return before, np.maximum(np.maximum(after - limits.high, limits.low - after), 0.0)

    def key(self, outcome: Outcome) -> tuple[float, ...]:
        """Return what outcomes are ranked by: level after level, the lesser the better."""
        return tuple(round(outcome.values[name], 9) for name in self.levels)

    def worse(self, outcome: Outcome) -> tuple[str, float] | None:
        """Return the first level that differs, and by how much it is worse (below 0: better); None for none."""
        for name in self.levels:
            difference = outcome.values[name] - self.values[name]
            if abs(difference) > SAME:
                return name, difference
        return None


def _counted(excess: Floats) -> Floats:
    """Leave out what the witnesses take for kept."""
    return np.where(excess > _TINY, excess, 0.0)


def _sums(
    rule: TotalsRule, problem: Problem, teachers: Ints, posts: Ints, which: Ints, sets: int, totals: int
) -> Floats:
    """Add what placements count up by set and total, shape (sets, totals)."""
    total, value = rule.counted(problem, teachers, posts)
    used = total >= 0
    at = which[used] * totals + total[used]
    found = np.bincount(at, value[used], minlength=sets * totals).reshape(sets, totals)
    return np.asarray(found, dtype=float)


def _spread(values: Floats, where: Bools) -> Floats:
    found = np.zeros(len(where))
    found[where] = values
    return found


def _amounts(found: Iterable[Violation]) -> dict[str, float]:
    """Add breaches up by rule."""
    amounts: dict[str, float] = {}
    for one in found:
        amounts[one.rule] = amounts.get(one.rule, 0.0) + one.amount
    return amounts
