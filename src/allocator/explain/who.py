"""Who else, where else, and what stands against it: facts about one teacher or one post of a plan.

Every outcome is that of the plan with the people named changed and nobody else: it is counted, not estimated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from allocator.explain.ties import Tie, ties
from allocator.explain.weigh import Change, Outcome, Weighed, Weighing
from allocator.problem import Ints
from allocator.rules.catalogue import pair_rules
from allocator.rules.contract import PairRule
from allocator.solving.shortage import Shortage, shortage
from allocator.words import Text

BEST = 5  # outcomes that are told of each kind


@dataclass(frozen=True)
class Refusal:
    """A hard rule that refuses a post to a teacher, and why."""

    rule: PairRule
    why: Text


@dataclass(frozen=True)
class AboutTeacher:
    """What there is to say of a teacher.

    Parameters
    ----------
    teacher, home, post
        Who; the post group of today as far as it exists in September, and of the plan; -1 for none.
    still
        The teacher at the present place, None where that is so, or the place is gone, or a rule refuses it.
    elsewhere
        The teacher at the best other posts that are lawful.
    lawful, lawful_free
        How many other posts no rule about single teachers refuses, and how many of them break no total either.
    instead
        Somebody else at the teacher's post, and the teacher at the present place or at theirs.
    others, others_free
        Whom else no rule about single teachers refuses the post, and how many of them break no total either.
    ties
        Who could have the post instead with nothing that is counted any different.
    refused
        How many other posts of subjects that the teacher can take each rule refuses.
    """

    teacher: int
    home: int
    post: int
    still: Outcome | None
    elsewhere: tuple[Outcome, ...]
    lawful: int
    lawful_free: int
    instead: tuple[Outcome, ...]
    others: int
    others_free: int
    ties: tuple[Tie, ...]
    refused: tuple[tuple[PairRule, int], ...]


@dataclass(frozen=True)
class AboutPost:
    """What there is to say of the posts of one subject in one section.

    Parameters
    ----------
    post
        The post group.
    sieve
        Teachers that each rule refuses who were not refused before, in the order of the rules.
    held, lawful
        Who holds one of the posts, and who else could lawfully.
    worse, breaking
        How many of those would make the plan worse at its first level that changes, without breaking a rule; and how
        many would break each rule of totals.
    best
        Those who would do best, nobody else changed.
    short
        Posts that are more than the teachers who can lawfully take any of them, this one among them; None where
        there are none.
    """

    post: int
    sieve: tuple[tuple[PairRule, int], ...]
    held: int
    lawful: int
    worse: int
    breaking: tuple[tuple[str, int], ...]
    best: tuple[Outcome, ...]
    short: Shortage | None


def refusals(scales: Weighing, teacher: int, post: int) -> list[Refusal]:
    """Ask every hard rule about one teacher and one post: all that refuse it, so that each is needed."""
    found = []
    for rule in pair_rules(scales.rules):
        why = rule.refusal(scales.problem, teacher, post) if rule.level == "hard" else None
        if why is not None:
            found.append(Refusal(rule, why))
    return found


def outcome(scales: Weighing, changes: Sequence[Change]) -> Outcome:
    """Weigh one set of changes, every rule counted."""
    return scales.judged(scales.compared([changes])[0])


def best(scales: Weighing, sets: Sequence[Sequence[Change]], many: int = BEST) -> tuple[Outcome, ...]:
    """Return the best of some sets of changes: those that break no rule first, then level by level."""
    return first(scales, scales.weighed(sets), many)


def first(scales: Weighing, weighed: Sequence[Weighed], many: int = BEST) -> tuple[Outcome, ...]:
    """Return the best of what was weighed, every rule counted."""
    found = sorted(weighed, key=lambda one: (len(one[1]), scales.key(one[0]), one[0].changes))
    judged = [one if known else scales.judged(one) for one, _, known in found[:many]]
    return tuple(sorted(judged, key=lambda one: (len(one.broken) > 0, scales.key(one), one.changes)))


def about_teacher(scales: Weighing, teacher: int) -> AboutTeacher:
    """Find what there is to say of a teacher."""
    problem, plan = scales.problem, scales.plan
    home, post = int(problem.home_post[teacher]), int(plan.post[teacher])
    lawful = np.flatnonzero(scales.lawful[teacher])
    elsewhere = [[(teacher, int(p))] for p in lawful if p not in (post, home)]
    still = None
    if home not in (-1, post) and scales.lawful[teacher, home]:
        still = outcome(scales, [(teacher, home)])
    there = scales.weighed(elsewhere)
    others = first(scales, there)
    spare = others[0].changes[0][1] if others else -1
    instead = scales.weighed(list(_instead(scales, teacher, home, post, spare)))
    return AboutTeacher(
        teacher,
        home,
        post,
        still,
        others,
        len(elsewhere),
        sum(not broken for _, broken, _ in there),
        first(scales, instead),
        len({one.changes[-1][0] for one, _, _ in instead}),
        len({one.changes[-1][0] for one, broken, _ in instead if not broken}),
        ties(scales, instead),
        tuple(_refused(scales, teacher, post)),
    )


def stand_in(scales: Weighing, teacher: int) -> tuple[Outcome | None, Outcome | None]:
    """Weigh that a teacher refuses: staying with nobody else changed, and the best who could take the post instead.

    Either is None where there is no such thing: no present place that is lawful, or nobody else.
    """
    problem, plan = scales.problem, scales.plan
    home, post = int(problem.home_post[teacher]), int(plan.post[teacher])
    stays = home not in (-1, post) and bool(scales.lawful[teacher, home])
    spare = -1
    if not stays:
        rest = [[(teacher, int(p))] for p in np.flatnonzero(scales.lawful[teacher]) if p not in (post, home)]
        found = best(scales, rest, 1)
        spare = found[0].changes[0][1] if found else -1
    others = best(scales, list(_instead(scales, teacher, home, post, spare)), 1)
    return outcome(scales, [(teacher, home)]) if stays else None, others[0] if others else None


def _instead(scales: Weighing, teacher: int, home: int, post: int, spare: int) -> Iterable[list[Change]]:
    """Yield everybody else who could take a post, with the teacher at home, where the other was, or else at a spare post."""
    if post < 0 or post == home:
        return
    for other in np.flatnonzero(scales.lawful[:, post]):
        theirs = int(scales.plan.post[other])
        if other == teacher or theirs == post:
            continue
        stays = home >= 0 and scales.lawful[teacher, home]
        if stays or spare not in (-1, theirs):
            yield [(teacher, home if stays else spare), (int(other), post)]
        if theirs not in (-1, home) and scales.lawful[teacher, theirs]:
            yield [(teacher, theirs), (int(other), post)]


def _refused(scales: Weighing, teacher: int, post: int) -> Iterable[tuple[PairRule, int]]:
    """Count the posts elsewhere that each rule refuses, of the subjects that the teacher can take."""
    problem = scales.problem
    takes = problem.teachers.takes[teacher][problem.posts.subject]
    takes[[p for p in (post, int(problem.home_post[teacher])) if p >= 0]] = False
    one = np.array([teacher])
    for rule in pair_rules(scales.rules):
        n = int((rule.refuses(problem, one)[0] & takes).sum()) if rule.level == "hard" else 0
        if n:
            yield rule, n


def about_post(scales: Weighing, post: int) -> AboutPost:
    """Find what there is to say of the posts of a group."""
    problem, plan = scales.problem, scales.plan
    lawful = np.flatnonzero(scales.lawful[:, post] & (plan.post != post))
    sets = [[(int(t), post)] for t in lawful]
    weighed = scales.weighed(sets)
    counts: dict[str, int] = {}
    for _, broken, _ in weighed:
        for rule in broken:
            counts[rule] = counts.get(rule, 0) + 1
    free = [one for one, broken, _ in weighed if not broken]
    worse = sum((scales.worse(o) or ("", 0.0))[1] >= 0 for o in free)
    return AboutPost(
        post,
        tuple(_sieve(scales, post)),
        int((plan.post == post).sum()),
        len(lawful),
        worse,
        tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
        first(scales, weighed),
        shortage(problem, scales.lawful, post),
    )


def _sieve(scales: Weighing, post: int) -> Iterable[tuple[PairRule, int]]:
    """Count whom each rule refuses of those who hold none of the posts and whom no rule before it did."""
    problem = scales.problem
    left: Ints = np.flatnonzero(scales.plan.post != post)
    for rule in pair_rules(scales.rules):
        if rule.level != "hard":
            continue
        refused = rule.refuses(problem, left)[:, post]
        if refused.any():
            yield rule, int(refused.sum())
        left = left[~refused]
