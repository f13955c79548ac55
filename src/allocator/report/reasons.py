"""Why each teacher is where the plan puts them: one true sentence a teacher, from the tables alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allocator.plan import Plan, rounds, standing_still
from allocator.problem import Ints, Problem
from allocator.words import Text, text


def reasons(problem: Problem, plan: Plan) -> list[Text]:
    """One sentence for each teacher, in the order of teachers.csv."""
    still = standing_still(problem)
    empty, extra = still.unfilled(problem), np.maximum(still.filled(problem) - problem.posts.places, 0)
    leads = [list(_leads(problem, still, t, int(p))) for t, p in enumerate(plan.post)]
    return [
        _reason(problem, plan, label, t, empty, extra, leads[t])
        for t, label in enumerate(rounds(problem, plan))
    ]


def _reason(
    problem: Problem, plan: Plan, label: str, teacher: int, empty: Ints, extra: Ints, leads: list[Text]
) -> Text:
    if label == "stay":
        return text("keeps the present place")
    if label == "pool":
        return text("has no place")
    if label == "directed":
        return text("placed by hand: the pin of the planner")
    new = _new_place(problem, int(plan.post[teacher]), empty)
    if label == "recruit":
        return text("new teacher; {place}", place=new)
    if problem.displaced[teacher]:
        return text("the school closes; {place}", place=new)
    home = int(problem.home_post[teacher])
    if empty[plan.post[teacher]] > 0:
        return (
            text("{place}; {left}", place=new, left=_old_place(problem, home, extra)) if extra[home] else new
        )
    if leads:
        return leads[0]
    if extra[home]:
        return _old_place(problem, home, extra)
    return text("makes room for or follows another move of the plan")


def _new_place(problem: Problem, post: int, empty: Ints) -> Text:
    subject = problem.standard.subjects[problem.subjects[problem.posts.subject[post]]].name
    if empty[post] > 0:
        return text("fills a post of {subject} that would stay empty", subject=subject)
    return text("takes a place in {subject}", subject=subject)


def _old_place(problem: Problem, post: int, extra: Ints) -> Text:
    subject = problem.standard.subjects[problem.subjects[problem.posts.subject[post]]].name
    return text("the old school has {n} more in {subject} than posts", n=int(extra[post]), subject=subject)


def _leads(problem: Problem, still: Plan, teacher: int, post: int) -> Iterator[Text]:
    """Yield indicators that the teacher counts for and of which the old section has more per pupil than the new."""
    home = int(problem.teachers.home[teacher])
    if home < 0 or post < 0 or problem.displaced[teacher]:
        return
    there = int(problem.posts.section[post])
    for name in problem.config.priorities.indicators:
        facts = problem.standard.indicators.get(name)
        if facts is None or facts.counts != "teachers" or home == there:
            continue
        old, new = (_density(problem, still, name, u) for u in (home, there))
        counts = problem.counts(facts)[teacher, problem.sections.stage[there]]
        subject = problem.counted_subjects(facts)[problem.posts.subject[post]]
        if counts and subject and old > new:
            yield text(
                "{indicator}: {old} at the old school, {new} at the new one if nobody moved",
                indicator=facts.name,
                old=f"{old:.2f}",
                new=f"{new:.2f}",
            )


def _density(problem: Problem, plan: Plan, name: str, section: int) -> float:
    """Heads that count for an indicator per its number of pupils, in one section."""
    facts, pupils = problem.standard.indicators[name], problem.after.pupils[section]
    here = np.flatnonzero((plan.post >= 0) & (plan.section(problem) == section))
    counts = problem.counts(facts)[here, problem.sections.stage[section]]
    counts = counts & problem.counted_subjects(facts)[plan.subject(problem)[here]]
    return float(counts.sum() / pupils * facts.per) if pupils else 0.0
