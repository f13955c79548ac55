"""Why each teacher is where the plan puts them: one true sentence a teacher, from the tables alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from allocator.domain import Indicator
from allocator.metrics.indicators import heads
from allocator.metrics.snapshot import september
from allocator.plan import Plan, rounds, standing_still
from allocator.problem import Bools, Ints, Problem
from allocator.report.chains import chains
from allocator.roads import Floats
from allocator.words import Text, text


@dataclass(frozen=True)
class _Lead:
    """An indicator that speaks for moves from sections that have much of it to sections that have little.

    ``density`` are the heads that count per the indicator's number of pupils, with everybody at the present
    place, nan without pupils or where the roster does not say who counts, shape (sections,); ``mean`` is that of each whole stage, shape (stages,);
    ``then`` is the same with the plan. ``counts`` and ``subjects`` say who counts, and at which posts.
    """

    indicator: Indicator
    density: Floats
    then: Floats
    mean: Floats
    counts: Bools
    subjects: Bools


@dataclass(frozen=True)
class _Facts:
    """What the sentences are made from, each by post group but the last.

    ``less`` is by how many teachers a group falls with the plan; ``swaps`` are those who exchange places.
    ``extra`` are the teachers beyond the posts with everybody at the present place; ``fills`` whether a teacher
    takes one of the posts that would then be empty, shape (teachers,). ``empty`` are the posts that the plan
    leaves empty.
    """

    extra: Ints
    empty: Ints
    arrive: Ints
    leave: Ints
    leads: tuple[_Lead, ...]
    fills: Bools
    less: Ints
    swaps: Mapping[int, int]


def reasons(problem: Problem, plan: Plan, labels: Sequence[str] | None = None) -> list[Text]:
    """One sentence for each teacher, in the order of teachers.csv.

    Parameters
    ----------
    labels
        The round of each placement, where it is not that of its nature.
    """
    facts = _facts(problem, plan)
    named = rounds(problem, plan) if labels is None else labels
    return [_reason(problem, plan, facts, label, t) for t, label in enumerate(named)]


def _facts(problem: Problem, plan: Plan) -> _Facts:
    still, groups = standing_still(problem), len(problem.posts)
    new = np.flatnonzero((plan.post >= 0) & (plan.post != problem.home_post))
    left = np.flatnonzero((problem.home_post >= 0) & (plan.post != problem.home_post))
    new = new[np.argsort(np.array(problem.teachers.ids)[new])]  # the order of the rows decides nothing
    fills = np.zeros(len(plan.post), dtype=bool)
    for post, free in enumerate(still.unfilled(problem)):
        fills[new[plan.post[new] == post][:free]] = True
    return _Facts(
        extra=np.maximum(still.filled(problem) - problem.posts.places, 0),
        empty=plan.unfilled(problem),
        arrive=np.bincount(plan.post[new], minlength=groups),
        leave=np.bincount(problem.home_post[left], minlength=groups),
        leads=tuple(_leads(problem, still, plan)),
        fills=fills,
        less=still.filled(problem) - plan.filled(problem),
        swaps={
            t: other
            for chain in chains(problem, plan)
            if chain.swap and len(chain.teachers) == 2
            for t, other in (chain.teachers, chain.teachers[::-1])
        },
    )


def _leads(problem: Problem, still: Plan, plan: Plan) -> Iterator[_Lead]:
    """Yield the indicators of the scenario that count teachers."""
    snapshot, pupils, planned = september(problem, still), problem.after.pupils, september(problem, plan)
    in_stage = np.arange(len(problem.stages))[:, None] == problem.sections.stage[None, :]
    for name, weight in problem.config.priorities.indicators.items():
        indicator = problem.standard.indicators.get(name)
        if indicator is None or indicator.counts != "teachers" or not weight:
            continue
        counts, subjects = problem.counts(indicator), problem.counted_subjects(indicator)
        held = heads(problem, indicator, counts, snapshot)
        known = (pupils > 0) & (heads(problem, indicator, problem.unsure(indicator), snapshot) == 0)
        density = np.divide(held * indicator.per, pupils, out=np.full(len(pupils), np.nan), where=known)
        mean = indicator.per * (in_stage @ held) / np.maximum(in_stage @ pupils, 1)
        after = heads(problem, indicator, counts, planned)
        then = np.divide(after * indicator.per, pupils, out=np.full(len(pupils), np.nan), where=known)
        yield _Lead(indicator, density, then, mean, counts, subjects)


def _reason(problem: Problem, plan: Plan, facts: _Facts, label: str, teacher: int) -> Text:
    if label == "stay":
        return text("keeps the present place")
    if label == "pool":
        return text("has no place: waits in the reserve")
    if problem.teachers.pin[teacher] == plan.school(problem)[teacher]:
        return text("placed by hand: the pin of the planner")
    new = _new_place(problem, plan, facts, teacher)
    if label == "recruit":
        return text("new teacher; {place}", place=new)
    sender = problem.people[teacher]["exchange_from"]
    if sender is not None and sender == problem.school_ids[plan.school(problem)[teacher]]:
        return text("the exchange has ended: back to {school}", school=sender)
    if problem.displaced[teacher]:
        return text("the school closes; {place}", place=new)
    return _why_move(problem, plan, facts, teacher, new)


def _why_move(problem: Problem, plan: Plan, facts: _Facts, teacher: int, new: Text) -> Text:
    """Say what speaks for a move, and what it costs the old place where posts are empty there afterwards."""
    why, home = _for_move(problem, plan, facts, teacher, new), int(problem.home_post[teacher])
    if not facts.empty[home]:
        return why
    section = problem.posts.section[home]
    return text(
        "{reason}; posts of {subject} ({stage}) empty at the old school afterwards: {n}",
        reason=why,
        subject=problem.standard.subjects[problem.subjects[problem.posts.subject[home]]].name,
        stage=problem.standard.stages[problem.stages[problem.sections.stage[section]]].name,
        n=int(facts.empty[home]),
    )


def _for_move(problem: Problem, plan: Plan, facts: _Facts, teacher: int, new: Text) -> Text:
    """Give the first thing that speaks for a move: the new place, the balance, the old place, the wish."""
    home, post = int(problem.home_post[teacher]), int(plan.post[teacher])
    surplus = facts.extra[home] > 0 and facts.less[home] > 0
    same = problem.post_school[home] == problem.post_school[post]
    old = _old_place(problem, home, int(facts.extra[home]), same)
    if facts.fills[teacher]:
        return text("{place}; {left}", place=new, left=old) if surplus else new
    school = problem.schools["school_id"].iloc[problem.post_school[post]]
    wished = school in problem.teachers.table["wishes"].iloc[teacher]
    if teacher in facts.swaps and not wished:
        return text("exchanges places with {teacher}", teacher=problem.teachers.ids[facts.swaps[teacher]])
    leads = [] if same else sorted(_spoken_for(problem, facts, teacher, post), key=lambda lead: -lead[0])
    if leads:
        return leads[0][1]
    if surplus:
        return old
    if wished:
        return text("the teacher wishes to go there")
    if facts.arrive[home] or facts.leave[post]:
        return text("makes room for or follows another move of the plan")
    return text("makes the plan better as a whole: no single reason stands out")


def _new_place(problem: Problem, plan: Plan, facts: _Facts, teacher: int) -> Text:
    post = plan.post[teacher]
    subject = problem.standard.subjects[problem.subjects[problem.posts.subject[post]]].name
    if facts.fills[teacher]:
        return text("fills a post of {subject} that would stay empty if nobody moved", subject=subject)
    return text("takes a place in {subject}", subject=subject)


def _old_place(problem: Problem, post: int, extra: int, same_school: bool) -> Text:
    """Say what the old place has too many of; in a school of several stages, of which stage."""
    subject = problem.standard.subjects[problem.subjects[problem.posts.subject[post]]].name
    section = problem.posts.section[post]
    if (problem.after.open & (problem.sections.school == problem.sections.school[section])).sum() > 1:
        stage = problem.standard.stages[problem.stages[problem.sections.stage[section]]].name
        subject = text("{subject} ({stage})", subject=subject, stage=stage)
    if same_school:
        return text("the school has {n} more in {subject} than posts", n=extra, subject=subject)
    return text("the old school has {n} more in {subject} than posts", n=extra, subject=subject)


def _spoken_for(problem: Problem, facts: _Facts, teacher: int, post: int) -> Iterator[tuple[float, Text]]:
    """Yield indicators that the teacher counts for and of which the old section has more per pupil than the new.

    Each comes with how far the two are apart, measured by the mean of the stage.
    """
    home, there = int(problem.teachers.home[teacher]), int(problem.posts.section[post])
    for lead in facts.leads:
        if not lead.counts[teacher, problem.sections.stage[there]]:
            continue
        old, new = (round(float(lead.density[u]), 2) for u in (home, there))
        falls, rises = (lead.then[home] < lead.density[home], lead.then[there] > lead.density[there])
        if lead.subjects[problem.posts.subject[post]] and old > new and falls and rises:
            words = text(
                "{indicator}: {old} at the old school, {new} at the new one if nobody moved; {old_then} and {new_then} with this plan",
                indicator=lead.indicator.name,
                old=f"{old:.2f}",
                new=f"{new:.2f}",
                old_then=f"{float(lead.then[home]):.2f}",
                new_then=f"{float(lead.then[there]):.2f}",
            )
            yield (old - new) / max(float(lead.mean[problem.sections.stage[there]]), 1e-9), words
