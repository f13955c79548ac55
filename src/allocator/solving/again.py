"""A plan made anew from an earlier one with the fewest changes: nobody is moved for nothing.

What is asked can make the earlier plan impossible. Then the fewest people change that let the new plan be as good as the
earlier one was, level by level, as far as that is possible at all; so many changes and no more are allowed, and within
them the plan is solved and proved as any other. Where nothing is asked that the earlier plan does not keep, it is the
answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Event

import numpy as np

from allocator.errors import NoPlan
from allocator.evenness import measured
from allocator.model import Model
from allocator.plan import Plan, places
from allocator.problem import Ints, Problem
from allocator.roads import Floats
from allocator.rules.asked import AskedOf, Place
from allocator.rules.catalogue import pair_rules
from allocator.rules.contract import Rule
from allocator.solving.even import evenness
from allocator.solving.frontier import Trace
from allocator.solving.prepare import Prepared, lawful_pairs, prepare
from allocator.solving.result import Result
from allocator.solving.solve import (
    Progress,
    begin,
    finished,
    level_names,
    solve_level,
    values_of,
)
from allocator.words import Text, text

_SAME = 1e-9


@dataclass(frozen=True)
class Step:
    """What a number of changes allows.

    Parameters
    ----------
    changes
        How many people of the earlier plan may have another place.
    coverage, evenness
        Of the best plan within them: weighted empty posts, and weighted sum of squared CVs.
    """

    changes: int
    coverage: float
    evenness: float


@dataclass(frozen=True)
class Again:
    """A plan made anew.

    Parameters
    ----------
    result
        The plan with its proof, within so many changes.
    changed
        Who has another place than before, or had none that is left, by index.
    least
        The fewest changes that what is asked needs, whatever comes of it.
    before
        What the earlier plan reached, as far as its places are left.
    steps
        What fewer and so many changes allow.
    proved
        Whether it is proved that fewer changes would not let the plan be as good.
    """

    result: Result
    changed: Ints
    least: int
    before: Step
    steps: tuple[Step, ...]
    proved: bool


def again(
    problem: Problem,
    rules: tuple[Rule, ...],
    before: Plan,
    only: Mapping[str, frozenset[Place]],
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Again:
    """Solve from an earlier plan with the fewest changes.

    Parameters
    ----------
    before
        The earlier plan, -1 for those who have no place in it that is left.
    only
        What is asked of single teachers: the places of which they must have one.

    Raises
    ------
    NoPlan, LimitReached
        As in :func:`allocator.solving.solve.solve`.
    """
    tell = progress or (lambda name, objective, bound: None)
    asked = AskedOf(before=before.post, only=only)
    _possible(problem, rules, only)
    prepared = prepare(problem, rules, offer=asked)
    start = values_of(prepared.model, before.post)
    search = _Search(prepared, before, tell, stop, start)
    least, found = search.fewest()
    steps, proved = search.enough(least, found)
    plan = search.finished(steps[-1].changes)
    changed = np.flatnonzero(before.post != plan.result.plan.post)
    return replace(plan, changed=changed, least=least, steps=tuple(steps), proved=proved)


def _possible(problem: Problem, rules: tuple[Rule, ...], only: Mapping[str, frozenset[Place]]) -> None:
    """Refuse what is asked of a teacher where rules allow none of the places; the place that fewest rules refuse is told."""
    named, lawful = places(problem), lawful_pairs(problem, rules)
    lines: list[Text] = []
    for who, some in sorted(only.items()):
        t = problem.teachers.ids.index(who)
        asked = [p for p, place in enumerate(named) if place in some]
        if not lawful[t, asked].any():
            told: list[list[Text]] = [list(_refused(problem, rules, t, p)) for p in asked]
            fewest = min(told, key=len)
            lines += fewest
    if lines:
        raise NoPlan(dict.fromkeys(lines), problem.config.language)


def _refused(problem: Problem, rules: tuple[Rule, ...], teacher: int, post: int) -> Iterator[Text]:
    for rule in pair_rules(rules):
        why = rule.refusal(problem, teacher, post) if rule.level == "hard" else None
        if why is not None:
            yield text(
                "{teacher} cannot have {place}: '{rule}': {why}",
                teacher=problem.teachers.ids[teacher],
                place="/".join(places(problem)[post]),
                rule=rule.id,
                why=why,
            )


@dataclass
class _Search:
    """How many changes are enough."""

    prepared: Prepared
    before: Plan
    tell: Progress
    stop: Event | None
    start: Floats | None

    def __post_init__(self) -> None:
        self.problem = self.prepared.problem
        model = self.prepared.model
        had = self.before.post[model.pair_teacher]
        self.counted = np.zeros(model.width)
        self.counted[model.pairs] = (had >= 0) & (had != model.pair_post)
        waiting = np.flatnonzero(model.pool >= 0)
        self.counted[model.pool[waiting]] = self.before.post[model.cohorts.first[waiting]] >= 0
        weights = self.problem.config.priorities.subjects
        subjects = np.array([float(weights.get(s, 1)) for s in self.problem.subjects])
        empty = self.before.unfilled(self.problem)
        coverage = float((subjects[self.problem.posts.subject] * empty).sum())
        self.was = Step(0, coverage, measured(self.problem, self.before, self.prepared.terms))

    @property
    def first(self) -> list[str]:
        """Levels that are solved before all: the reserve, soft rules and coverage where it is asked for."""
        return [n for n in level_names(self.prepared) if n in ("reserve", "rules", "coverage")]

    def fewest(self) -> tuple[int, Floats]:
        """Return the fewest changes that any plan needs, and such a plan, the best of them by its empty posts."""
        state = begin(self._copy(), self.start, self.stop)
        self.tell("changes", None, None)
        if self.start is not None and state.model.keeps(self.start):
            return 0, self.start
        for name in [n for n in self.first if n in ("reserve", "rules")]:
            solve_level(state, self._copy(state.model), name, self.tell)
        trace = Trace(state, self.prepared, self.counted, self.tell)
        x, _ = trace.fewest(state.model, state.x)
        return trace.used(x), x

    def enough(self, least: int, x: Floats) -> tuple[list[Step], bool]:
        """Find the fewest changes with which the plan is as good as before, or as good as it can be.

        Returns what each number that was tried allows, the last with the answer, and whether fewer are proved not to do.
        """
        steps = [self.within(least, x)]
        if self._as_good(steps[0], self.was):
            return steps, True
        free = self.within(None, x)
        wanted = Step(0, max(self.was.coverage, free.coverage), max(self.was.evenness, free.evenness))
        if self._as_good(steps[0], wanted):
            return steps, True
        low, gap = least, 1
        while True:  # twice as many each time, then halved in
            step = self.within(least + gap, x)
            steps.append(step)
            if self._as_good(step, wanted) or step.changes >= free.changes:
                break
            low, gap = least + gap, 2 * gap
        high = steps[-1].changes
        while high - low > 1 and not (self.stop is not None and self.stop.is_set()):
            middle = (low + high) // 2
            step = self.within(middle, x)
            if self._as_good(step, wanted):
                high = step.changes
                steps.append(step)
            else:
                low = middle
                steps.append(step)
        steps.sort(key=lambda s: (s.changes, -s.coverage))
        kept = [s for s in steps if s.changes < high or s.changes == high]
        kept = [s for s in kept if s.changes <= high]
        return kept, high - low <= 1

    def _as_good(self, one: Step, other: Step) -> bool:
        """Whether a plan is as good as another: fewer empty posts are better than any evenness."""
        if one.coverage < other.coverage - _SAME:
            return True
        slack = max(_SAME, self.problem.config.budget.gap * other.evenness)
        return one.coverage <= other.coverage + _SAME and one.evenness <= other.evenness + slack

    def within(self, changes: int | None, x: Floats) -> Step:
        """Solve coverage, then evenness, within so many changes."""
        limited = self._limited(changes)
        state = begin(limited, x, self.stop)
        names = level_names(limited)
        for name in [n for n in names if n in (*self.first, "evenness")]:
            solve_level(state, limited, name, self.tell)
        assert state.x is not None
        values = state.x[: len(limited.model.pairs)]
        coverage = float(limited.model.objective("coverage")[: len(state.x)] @ state.x)
        used = round(float(self.counted[: len(state.x)] @ state.x[: len(self.counted)]))
        return Step(used if changes is None else changes, coverage, evenness(values, limited.terms))

    def finished(self, changes: int) -> Again:
        """Solve every level within so many changes."""
        limited = self._limited(changes)
        state = begin(limited, self.start, self.stop)
        for name in level_names(limited):
            solve_level(state, limited, name, self.tell)
        result = finished(limited, Plan(state.people(limited)), tuple(state.levels))
        nobody: Ints = np.zeros(0, dtype=np.int64)
        return Again(result, nobody, 0, self.was, (), proved=False)

    def _limited(self, changes: int | None) -> Prepared:
        limited = self._copy()
        if changes is not None:
            some = np.flatnonzero(self.counted)
            limited.model.row(some, self.counted[some], high=changes + 1e-6)
        return limited

    def _copy(self, model: Model | None = None) -> Prepared:
        return replace(self.prepared, model=(model or self.prepared.model).copy())
