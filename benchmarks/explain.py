"""Whether explanations come true: ``python -m benchmarks.explain``, 200 questions over three districts.

Random teachers and posts of solved plans are asked about. Every outcome that an answer states is made: the plan is
changed as it says, and measured anew by the scorecard and by the witnesses of all rules, which share no code with the
answers. Every shortage is counted again from single refusals. What does not come out as stated is listed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from allocator import app
from allocator.explain.edits import edits
from allocator.explain.weigh import Outcome, Weighing
from allocator.explain.who import about_post, about_teacher, refusals
from allocator.metrics.scorecard import scorecard
from allocator.plan import Plan
from allocator.solving.solve import judge

SCENARIOS = Path(__file__).parents[1] / "scenarios"
DISTRICTS = ("duji-2020", "duji-2021", "fermanagh")
QUESTIONS = 200


def measured(scales: Weighing, one: Outcome) -> dict[str, float]:
    """Measure the plan of an outcome by the scorecard: empty posts, and the CVs, with their weights."""
    problem = scales.problem
    card = scorecard(problem, scales.changed(one.changes))
    weights = problem.config.priorities
    even = sum(
        weights.indicators.get(row.indicator, 0.0) * row.after.value**2
        for row in card.balance
        if row.measure == "cv"
        and row.after.value is not None
        and row.indicator in weights.indicators
        and problem.standard.indicators[row.indicator].counts == "teachers"
    )
    empty = sum(weights.subjects.get(row.subject, 1) * row.unfilled for row in card.posts)
    return {"evenness": even, "coverage": float(empty)}


def wrong(scales: Weighing, one: Outcome) -> Iterator[str]:
    """Yield what does not come out as an outcome states."""
    for name, value in measured(scales, one).items():
        if name in one.values and abs(one.values[name] - value) > 1e-6:
            yield f"{name}: stated {one.values[name]}, found {value}"
    found = judge(scales.problem, scales.rules, scales.changed(one.changes)).violations
    before = {(v.rule, v.who, v.amount) for v in judge(scales.problem, scales.rules, scales.plan).violations}
    hard = {rule.id for rule in scales.rules if rule.level == "hard"}
    new = {v.rule for v in found if v.rule in hard and (v.rule, v.who, v.amount) not in before}
    if new != {v.rule for v in one.broken}:
        yield f"broken: stated {sorted({v.rule for v in one.broken})}, found {sorted(new)}"


def asked(scales: Weighing, rng: np.random.Generator) -> tuple[str, list[Outcome], list[str], float]:
    """Ask one random question: what it was, the outcomes stated, what is wrong beside them, and the seconds."""
    problem, plan = scales.problem, scales.plan
    empty = np.flatnonzero(plan.unfilled(problem))
    clock = time.monotonic()
    kind = rng.random()
    if kind > 0.8:
        return _edited(scales, rng)
    if len(empty) and kind < 0.3:
        post = int(rng.choice(empty))
        found = about_post(scales, post)
        seconds = time.monotonic() - clock
        return f"post {post}", list(found.best), list(_miscounted(scales, post)), seconds
    moved = np.flatnonzero(plan.post != problem.home_post)
    who = int(rng.choice(moved) if len(moved) and rng.random() < 0.6 else rng.integers(len(problem.teachers)))
    answer = about_teacher(scales, who)
    seconds = time.monotonic() - clock
    still = [answer.still] if answer.still else []
    told = [*still, *answer.elsewhere, *answer.instead]
    return f"teacher {problem.teachers.ids[who]}", told, list(_unlawful(scales, who)), seconds


def _edited(scales: Weighing, rng: np.random.Generator) -> tuple[str, list[Outcome], list[str], float]:
    """Change one to four people by hand, to lawful posts, and ask what it costs."""
    who = rng.choice(len(scales.problem.teachers), rng.integers(1, 5), replace=False)
    post = scales.plan.post.copy()
    for t in who:
        lawful = np.flatnonzero(scales.lawful[t])
        post[t] = rng.choice(lawful) if len(lawful) else post[t]
    clock = time.monotonic()
    found = edits(scales, Plan(post))
    seconds = time.monotonic() - clock
    if found is None:
        return "by hand, nothing", [], [], seconds
    choices = [one for _, some in found.groups for one in some]
    told = [found.together, *(one for one, _ in found.groups), *(one.alone for one in choices)]
    told += [o for one in choices for o in (*one.elsewhere.best, *one.instead.best)]
    names = " ".join(scales.problem.teachers.ids[one.teacher] for one in choices)
    return f"by hand {names}", told, [], seconds


def _miscounted(scales: Weighing, post: int) -> Iterator[str]:
    """Count a shortage again, teacher by teacher, by the witnesses."""
    short = about_post(scales, post).short
    if short is None:
        return
    able = {
        t for t in range(len(scales.problem.teachers)) for p in short.posts if not refusals(scales, t, int(p))
    }
    if able != set(short.teachers.tolist()) or len(able) >= short.places or post not in short.posts:
        yield f"shortage: stated {len(short.teachers)} for {short.places}, found {len(able)}"


def _unlawful(scales: Weighing, teacher: int) -> Iterator[str]:
    """Ask the witnesses whether what is called lawful is, and what is not is not."""
    for post in range(0, len(scales.problem.posts), 7):
        if bool(scales.lawful[teacher, post]) == bool(refusals(scales, teacher, post)):
            yield f"lawful: {scales.problem.teachers.ids[teacher]} at {post}"


def main(
    questions: int = QUESTIONS, districts: tuple[str, ...] = DISTRICTS
) -> tuple[int, int, list[str], list[float]]:
    """Ask; returns how many questions, how many outcomes, what was wrong, and the seconds of each question."""
    rng, failed, seconds, outcomes = np.random.default_rng(0), [], [], 0
    for i, name in enumerate(districts):
        answer = app.answer(app.check(SCENARIOS / name), compared=False)
        scales = Weighing(answer.problem, answer.result.rules, answer.result.plan)
        assert scales.lawful.any()  # asked before the clock begins, as it is for all questions of a plan
        for _ in range(questions // len(districts) + (i < questions % len(districts))):
            what, told, found, took = asked(scales, rng)
            seconds.append(took)
            outcomes += len(told)
            failed += [f"{name}, {what}: {one}" for one in found]
            failed += [f"{name}, {what}: {bad}" for one in told for bad in wrong(scales, one)]
    return len(seconds), outcomes, failed, seconds


if __name__ == "__main__":
    n, told, bad, took = main(int(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS)
    print(f"{n} questions, {told} outcomes made and measured, {len(bad)} not as stated")
    print(f"seconds a question: median {statistics.median(took):.2f}, longest {max(took):.2f}")
    print("\n".join(bad))
    sys.exit(bool(bad))
