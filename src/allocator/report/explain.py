"""Explanations in sentences: why, why not, who else, and why a post is empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from allocator.explain.weigh import SAME, Outcome, Weighing
from allocator.explain.who import (
    AboutPost,
    AboutTeacher,
    about_post,
    about_teacher,
    outcome,
    refusals,
)
from allocator.report.names import LEVELS
from allocator.report.parts import codes, place
from allocator.report.reasons import reasons
from allocator.report.ties import tie_lines
from allocator.rules.contract import Violation
from allocator.words import Text, text

_FEW = 2  # people or sections that are named where a rule is broken


def _places(scales: Weighing, teacher: int) -> Text:
    """Say where a teacher is in the plan, and today where that is elsewhere."""
    home, post = int(scales.problem.home_post[teacher]), int(scales.plan.post[teacher])
    if home == post:
        return text("stays at {place}", place=place(scales.problem, post))
    return text(
        "today {home}, in the plan {place}",
        home=_far_end(scales, teacher, home),
        place=place(scales.problem, post),
    )


def effect(scales: Weighing, one: Outcome) -> Text:
    """Say what changes at the first level that changes, and which rules would be broken."""
    words = next(iter(difference(scales, one)), text("nothing that is counted changes"))
    found = scales.worse(one)
    if found is not None and found[1] < 0 and not one.broken:
        words = text("{words} (better than without the change)", words=words)
    if not one.broken:
        return words
    return text("{words}; breaks {rules}", words=words, rules=breaches(one))


def difference(scales: Weighing, one: Outcome) -> list[Text]:
    """Say of every level that changes its value before and after, in the order of the levels."""
    told = []
    for name in scales.levels:
        if abs(one.values[name] - scales.values[name]) > SAME:
            before, after = _apart(scales.values[name], one.values[name])
            told.append(text("{level}: {before} → {after}", level=LEVELS[name], before=before, after=after))
    return told


def breaches(one: Outcome) -> list[Text]:
    """Name the rules that would be broken, each with its first breach."""
    return [_breach(v) for v in _one_each(one.broken)]


def _apart(before: float, after: float) -> tuple[str, str]:
    """Show two numbers with as many digits as keep them apart."""
    for digits in range(4, 12):
        if f"{before:.{digits}g}" != f"{after:.{digits}g}":
            return f"{before + 0.0:.{digits}g}", f"{after + 0.0:.{digits}g}"
    return f"{before:.12g}", f"{after:.12g}"


def _one_each(broken: Sequence[Violation]) -> list[Violation]:
    """Keep the first breach of each rule."""
    return list({v.rule: v for v in reversed(broken)}.values())[::-1]


def _breach(broken: Violation) -> Text:
    if 0 < len(broken.who) <= _FEW:
        words = text("{who}: {what}", who=list(broken.who), what=broken.sentence)
        return text("'{rule}' ({what})", rule=broken.rule, what=words)
    return text("'{rule}' ({what})", rule=broken.rule, what=broken.sentence)


def teacher_lines(scales: Weighing, teacher: int) -> Iterator[Text]:
    """Explain the place of a teacher."""
    problem, found = scales.problem, about_teacher(scales, teacher)
    who = problem.teachers.ids[teacher]
    yield text("{teacher}: {place}", teacher=who, place=place(scales.problem, found.post))
    yield text("    reason: {reason}", reason=reasons(problem, scales.plan)[teacher])
    if found.post not in (-1, found.home):
        yield from _moved(scales, found, who)
    yield from _elsewhere(scales, found, who)


def refusal_lines(scales: Weighing, teacher: int) -> Iterator[Text]:
    """Say what it would cost that a teacher refuses, and who could stand in."""
    found, who = about_teacher(scales, teacher), scales.problem.teachers.ids[teacher]
    yield text("{teacher}: {place}", teacher=who, place=place(scales.problem, found.post))
    if found.post in (-1, found.home):
        yield text("There is nothing to refuse: {teacher} gets no other place.", teacher=who)
    else:
        yield from _moved(scales, found, who)


def school_lines(scales: Weighing, school: int) -> Iterator[Text]:
    """Say who leaves a school and who comes, each with the reason, and why posts there are empty."""
    problem, plan = scales.problem, scales.plan
    why, now = reasons(problem, plan), plan.school(problem)
    yield text("{who}", who=problem.school_labels[school])
    leave = np.flatnonzero((problem.home_school == school) & (now != school))
    come = np.flatnonzero((problem.home_school != school) & (now == school))
    for words, people, other in (
        (text("Leave: {n}", n=len(leave)), leave, plan.post),
        (text("Come: {n}", n=len(come)), come, problem.home_post),
    ):
        yield words
        for t in people.tolist():
            yield text(
                "    {teacher} ({place}): {reason}",
                teacher=problem.teachers.ids[t],
                place=_far_end(scales, t, int(other[t])),
                reason=why[t],
            )
    empty = np.flatnonzero((problem.post_school == school) & (plan.unfilled(problem) > 0))
    if not len(empty):
        yield text("No post is empty.")
    for post in empty.tolist():
        yield from list(post_lines(scales, post))[:2]


def _far_end(scales: Weighing, teacher: int, post: int) -> Text:
    """Say where a teacher comes from or goes to; of a place that is gone its school."""
    problem = scales.problem
    if post >= 0:
        return place(scales.problem, post)
    home = int(problem.home_school[teacher])
    return text("{who}", who=problem.school_labels[home]) if home >= 0 else text("new teachers")


def _moved(scales: Weighing, found: AboutTeacher, who: str) -> Iterator[Text]:
    """Say what staying would do, and who else could take the post."""
    if found.still is not None:
        words = effect(scales, found.still)
        yield text("If {teacher} stayed and nobody else changed: {effect}.", teacher=who, effect=words)
    elif found.home < 0:
        yield text("There is no present place that {teacher} could keep.", teacher=who)
    else:
        yield text("A rule refuses the present place in September.")
    yield from tie_lines(scales, found.teacher, found.ties)
    if not found.others:
        yield text("Nobody else could lawfully take the post with {teacher} at a lawful place.", teacher=who)
        return
    yield text(
        "Others whom no rule about single teachers refuses the post: {n}; {free} of them without breaking a rule of totals. Those who would do best:",
        n=found.others,
        free=found.others_free,
    )
    for one in found.instead:
        (_, back), (other, _) = one.changes
        yield text(
            "    {other} ({place}), and {teacher} at {back}: {effect}",
            other=scales.problem.teachers.ids[other],
            place=_places(scales, other),
            teacher=who,
            back=place(scales.problem, back),
            effect=effect(scales, one),
        )


def _elsewhere(scales: Weighing, found: AboutTeacher, who: str) -> Iterator[Text]:
    """Say where else the teacher could be, and what refuses the other posts."""
    if found.lawful:
        yield text(
            "Other posts that no rule about single teachers refuses {teacher}: {n}; {free} of them without breaking a rule of totals. Those that would do best, nobody else changed:",
            teacher=who,
            n=found.lawful,
            free=found.lawful_free,
        )
        for one in found.elsewhere:
            yield text(
                "    {place}: {effect}",
                place=place(scales.problem, one.changes[0][1]),
                effect=effect(scales, one),
            )
    else:
        yield text("Rules about single teachers refuse every other post to {teacher}.", teacher=who)
    if found.refused:
        yield text("Posts elsewhere, of subjects that can be taken, which rules refuse:")
        for rule, n in found.refused:
            yield text("    {n}: '{rule}': {sentence}", n=n, rule=rule.id, sentence=rule.said())


def to_lines(scales: Weighing, teacher: int, posts: Iterable[int]) -> Iterator[Text]:
    """Explain why a teacher is not at some posts: every rule that refuses, or what it would cost."""
    who = scales.problem.teachers.ids[teacher]
    for post in posts:
        refused = refusals(scales, teacher, post)
        here = place(scales.problem, post)
        if int(scales.plan.post[teacher]) == post:
            yield text("{teacher} has a place there: {place}", teacher=who, place=here)
        elif refused:
            yield text("{place}: refused to {teacher}:", place=here, teacher=who)
            for one in refused:
                yield text("    '{rule}': {why}", rule=one.rule.id, why=one.why)
        else:
            found = outcome(scales, [(teacher, post)])
            yield text(
                "{place}: no rule about single teachers refuses it; nobody else changed: {effect}",
                place=here,
                effect=effect(scales, found),
            )


def post_lines(scales: Weighing, post: int) -> Iterator[Text]:
    """Explain who holds the posts of a group, and why no more."""
    problem, found = scales.problem, about_post(scales, post)
    places = int(problem.posts.places[post])
    yield text(
        "{place}: {held} of {places} posts held, {empty} empty",
        place=place(scales.problem, post),
        held=min(found.held, places),
        places=places,
        empty=max(places - found.held, 0),
    )
    if found.held >= places:
        yield text("No post is empty; teachers there: {n}.", n=found.held)
        return
    yield from _short(scales, found)
    yield from _passed(scales, found)
    yield from _candidates(scales, found)


def _short(scales: Weighing, found: AboutPost) -> Iterator[Text]:
    """Say where posts are more than those who can lawfully take them."""
    short, problem = found.short, scales.problem
    if short is None:
        return
    schools = list(dict.fromkeys(problem.school_labels[int(problem.post_school[p])] for p in short.posts))
    yield text(
        "{n} schools need {places} posts of {subject} in all their stages; only {teachers} teachers can lawfully take any of them, so that {missing} stay empty in every plan that keeps these rules: {schools}.",
        n=len(schools),
        places=short.places,
        subject=problem.standard.subjects[problem.subjects[problem.posts.subject[found.post]]].name,
        teachers=len(short.teachers),
        missing=short.missing,
        schools=codes(schools),
    )


def _passed(scales: Weighing, found: AboutPost) -> Iterator[Text]:
    """Show the sieve: whom each rule refuses who was not refused before."""
    yield text("Teachers of the district: {n}. Of those", n=len(scales.problem.teachers))
    for rule, n in found.sieve:
        yield text("    {n} refused: '{rule}': {sentence}", n=n, rule=rule.id, sentence=rule.said())
    yield text("    {n} hold one of the posts in this plan", n=found.held)
    yield text("    {n} more are refused by none of these rules", n=found.lawful)


def _candidates(scales: Weighing, found: AboutPost) -> Iterator[Text]:
    """Say what speaks against those who could."""
    if not found.lawful:
        return
    if found.breaking:
        yield text("If one of them did and nobody else changed:")
        said = {rule.id: rule.said() for rule in scales.rules}
        for rule, n in found.breaking:
            yield text("    {n} would break '{rule}': {sentence}", n=n, rule=rule, sentence=said[rule])
    if found.worse:
        yield text(
            "    {n} would break nothing, and not make the plan better: what they leave is worth as much or more",
            n=found.worse,
        )
    yield text("Those who would do best:")
    for one in found.best:
        teacher = one.changes[0][0]
        yield text(
            "    {teacher} ({place}): {effect}",
            teacher=scales.problem.teachers.ids[teacher],
            place=_places(scales, teacher),
            effect=effect(scales, one),
        )
