"""The fewest moves under the rules for one coefficient: against trying every plan there is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allocator.evenness import Term, measured
from allocator.plan import Plan, standing_still
from allocator.problem import Problem
from allocator.rules.placement import NobodyInto
from allocator.solving.frontier import without_budget
from allocator.solving.needed import Needed, changed, needed, weighing_each
from rules.variants import problem_of, variant
from solving import brute

_NOBODY = "nobody comes to a school that is about to close"
CASES: dict[str, tuple[dict[str, object], dict[str, dict[str, dict[str, str]]]]] = {
    "as it is": ({}, {}),
    "nobody protected": ({"rules": {"protection.status": "off", "tenure.lock": "off"}}, {}),
    "only the main subject": ({"rules": {"subject.suitability": {"level": "hard", "least": 1}}}, {}),
    "at most one leaves a school": ({"rules": {"school.outflow": {"level": "hard", "share": 0.2}}}, {}),
    "no closure": ({"closures": None}, {}),
    _NOBODY: ({"closures": None}, {}),
    "other degrees": ({}, {"teachers": {t: {"degree": "secondary"} for t in ("T02", "T03", "T05")}}),
}


@pytest.mark.parametrize("case", CASES)
def test_no_fewer_moves_do(tmp_path: Path, case: str) -> None:
    """The number found is the least of all plans that the rules allow; none where none does."""
    settings, cells = CASES[case]
    folder = variant(tmp_path / "d", settings | {"budget": {"moves": None, "gap": 0.0}}, cells)
    problem, rules = problem_of(folder)
    closing = {"B2"} if case == _NOBODY else set()
    rules = (*rules, NobodyInto(schools=frozenset(closing))) if closing else rules
    found = {(one.stage, one.indicator): one for one in needed(problem, rules)}
    plans = brute.enumerate_plans(brute.read(folder))
    into = plans.heads(lambda t, p: p is not None and p[0] in closing and t["school_id"] != p[0])
    plans = plans.keep(into == 0)
    plans = plans.keep(brute.breaches(plans) == brute.breaches(plans).min())
    used, still = (
        plans.heads(lambda t, p: (t["school_id"], t["stage"], t["subject"]) != p),
        standing_still(problem),
    )
    for term in without_budget(weighing_each(problem), rules)[1].terms:
        stage = problem.stages[term.stage]
        limit = problem.standard.balance.cv_limit[stage].value ** 2
        if measured(problem, still, [term]) <= limit + 1e-9:
            assert (stage, term.indicator) not in found
            continue
        one = found.pop((stage, term.indicator))
        does = _cv2(plans, term.indicator, stage) <= limit + 1e-9
        assert one.anyway == used.min()
        assert one.most == (used[does].min() if does.any() else None)
        assert one.least == one.most
        if one.plan is not None:
            _the_listed_alone_reach_it(problem, one, term, limit)
            assert one.others[stage, term.indicator] == one.cv
    assert not found


def _the_listed_alone_reach_it(problem: Problem, one: Needed, term: Term, limit: float) -> None:
    """Whoever is listed moves and everybody else stays: so many, and the coefficient that is told."""
    assert one.plan is not None
    moved = standing_still(problem).post.copy()
    listed = changed(problem, one.plan)
    assert len(listed) == one.most
    moved[listed] = one.plan.post[listed]
    reached = measured(problem, Plan(moved), [term])
    assert reached <= limit + 1e-9
    assert one.cv == pytest.approx(reached**0.5)


def _cv2(plans: brute.Plans, indicator: str, stage: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Squared CV of one indicator at one stage in every plan."""
    district = plans.district
    inside = [s for s in district.sections if s[1] == stage and brute._in_scope(district, s)]
    held = [plans.heads(lambda t, p, s=s: p[:2] == s and brute.counts(indicator, t, p)) for s in inside]
    return brute._cv2(held, [district.pupils(s) for s in inside])  # type: ignore[return-value]


def test_the_answer_needs_no_weight_and_no_budget(tmp_path: Path) -> None:
    """Coefficients that the scenario does not weigh are answered, and its own budget does not count."""
    plain, rules = problem_of(variant(tmp_path / "plain"))
    other = variant(tmp_path / "other", {"budget": {"moves": 0}, "priorities": {"indicators": {"arts": 1.0}}})
    changed, others = problem_of(other)
    assert [_told(one) for one in needed(plain, rules)] == [_told(one) for one in needed(changed, others)]


def _told(one: Needed) -> tuple[object, ...]:
    return one.stage, one.indicator, one.least, one.most, one.anyway, one.asking, one.cv
