"""The verdict: what a reader must know first, each sentence with a judgement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from allocator.problem import Problem
from allocator.report.answer import Answer
from allocator.report.files import counts
from allocator.report.names import LEVELS
from allocator.report.parts import Mark, codes, percent
from allocator.report.procedure import prices
from allocator.rules.placement import PinsKept
from allocator.rules.protection import LeadersKept
from allocator.solving.result import Level, Result
from allocator.solving.smallest import where
from allocator.words import Text, text

_FEW = 4  # breaches of a rule that gave way that are told first


def verdict(answer: Answer) -> tuple[tuple[Mark, ...], tuple[Mark, ...]]:
    """Return what a reader must know first in few sentences, the proof before all, and what is to be said beyond."""
    kept = _kept(answer)
    bad = [*([kept] if kept.good is False else []), *_retired(answer)]
    lead = [*_proof(answer), *bad, _empty(answer), *_limits(answer)]
    return tuple(lead), tuple(_beyond(answer, kept))


def _again(answer: Answer) -> Iterator[Mark]:
    """Say how far the plan is from the earlier one."""
    if answer.again is None:
        return
    found = answer.again
    if not len(found.changed):
        yield Mark(
            text("Nothing changes: the earlier plan keeps all that is asked, and stays as it is."), True
        )
        return
    words = text(
        "Teachers with another place than in the earlier plan: {n}; what is asked needs {least} at the least.",
        n=len(found.changed),
        least=found.least,
    )
    yield Mark(words, None)
    if found.proved and len(found.steps) > 1:
        yield Mark(text("Proved: with fewer changes the plan would be worse than it is now."), True)


def _proof(answer: Answer) -> Iterator[Mark]:
    if answer.result.status == "judged":
        yield Mark(
            text("Judged, not solved: this plan was given. Nothing is proved of how good it is."), None
        )
    else:
        worst = max(answer.result.levels, key=lambda lv: lv.gap)
        if answer.again is not None and answer.result.status == "proved":
            words = text(
                "Proved: of the plans with so few changes that keep what the earlier levels hold, none is better at any level by more than {gap}.",
                gap=percent(worst.gap),
            )
            yield Mark(words, True)
        else:
            yield _proved(answer.result.proved, worst)


def gave_way(result: Result) -> Text:
    """Say of the plan of a way out which hard rule it does not keep, and where."""
    rule = next(one for one in result.rules if one.id == result.gave_way)
    broken = [one for one in result.violations if one.rule == rule.id]
    if isinstance(rule, PinsKept):
        return text(
            "No plan keeps all hard rules. This plan leaves aside the pins of {who}, the fewest that leave a plan, and keeps every other hard rule.",
            who=codes([who for one in broken for who in one.who]),
        )
    return text(
        "No plan keeps all hard rules. In this plan '{rule}' gives way by {amount}, the least that leaves a plan ({where}); every other hard rule is kept.",
        rule=rule.id,
        amount=f"{sum(one.amount for one in broken):g}",
        where=[where(result.problem, rule, one) for one in broken[:_FEW]],
    )


def _retired(answer: Answer) -> Iterator[Mark]:
    """Say how many people are in the plan who will have reached the age of retirement, where that is known."""
    problem = answer.problem
    old = problem.retirement <= problem.config.september
    if n := int(old.sum()):
        words = text(
            "Teachers who have reached the age of retirement by September are in the plan: {n}, of them with another place: {moved}. For a plan that is carried out, take them out of teachers.csv first.",
            n=n,
            moved=int((old & (answer.result.plan.post != problem.home_post)).sum()),
        )
        yield Mark(words, False)


def _empty(answer: Answer) -> Mark:
    n, posts = counts(answer), answer.card.posts
    values = {
        "n": n["unfilled"],
        "posts": n["posts"],
        "today": sum(max(row.posts_before - row.filled_before, 0) for row in posts),
        "had": sum(row.posts_before for row in posts),
        "still": n["unfilled_if_nobody_moved"],
    }
    words = (
        text(
            "Posts that stay empty: {n} of {posts} (today {today} of {had}); with everybody at the present place, and nobody of closing schools or newly hired placed, it would be {still}.",
            **values,
        )
        if n["schools_closed"] or n["recruits"]
        else text(
            "Posts that stay empty: {n} of {posts} (today {today} of {had}); with everybody at the present place it would be {still}.",
            **values,
        )
    )
    return Mark(words, _fewer(n["unfilled"], n["unfilled_if_nobody_moved"]))


def _beyond(answer: Answer, kept: Mark) -> Iterator[Mark]:
    """Yield what is to be said beyond the first sentences."""
    n = counts(answer)
    if answer.result.status != "judged":
        yield from _procedure(answer)
    if kept.good is not False:
        yield kept
    yield from _again(answer)
    yield from _moved(n)
    yield from _leaders(answer)
    if answer.card.unplaced:
        words = text("Teachers who wait without a place: {n}.", n=answer.card.unplaced)
        yield Mark(words, None if answer.result.status != "judged" else False)
    if n["schools_closed"]:
        yield _closed(answer, n)
    yield from _transferred(answer)
    if answer.untraced is not None:
        yield Mark(text("The frontier was not traced: {why}.", why=answer.untraced), None)
    yield from warned(answer.problem)


def warned(problem: Problem) -> Iterator[Mark]:
    """Say how many warnings there are about the tables."""
    if n := len(problem.warnings):
        yield Mark(text("Warnings about the tables: {n}, listed in the report.", n=n), None)


def unlimited() -> Mark:
    """Say that the standard judges nothing."""
    return Mark(text("The standard sets no limits for balance: nothing is judged, only measured."), None)


def _fewer(after: int, still: int) -> bool | None:
    """Judge a number that should be 0: good where it is, bad where it grew."""
    return True if after == 0 else False if after > still else None


def _closed(answer: Answer, n: dict[str, Any]) -> Mark:
    journeys = [j for j in answer.problem.journeys if j.school_id in answer.problem.config.closures]
    if not sum(j.pupils for j in journeys):
        words = text(
            "Schools that close: {n}; no pupils change school. Posts freed: {posts}.",
            n=n["schools_closed"],
            posts=n["posts_freed"],
        )
        return Mark(words, None)
    far = max(journeys, key=lambda j: j.km)
    words = text(
        "Schools that close: {n}. Pupils who change school: {pupils}; their longest way is {km} km ({minutes} minutes by road). Posts freed: {posts}.",
        n=n["schools_closed"],
        pupils=sum(j.pupils for j in journeys),
        km=f"{far.km:.1f}",
        minutes=f"{far.minutes:.0f}",
        posts=n["posts_freed"],
    )
    return Mark(words, None)


def _transferred(answer: Answer) -> Iterator[Mark]:
    """Say how many pupils change school although theirs stays open."""
    moved = [j for j in answer.problem.journeys if j.school_id not in answer.problem.config.closures]
    if moved:
        far = max(moved, key=lambda j: j.km)
        words = text(
            "Pupils of single grades who change school although theirs stays open: {pupils}; their longest way is {km} km ({minutes} minutes by road).",
            pupils=sum(j.pupils for j in moved),
            km=f"{far.km:.1f}",
            minutes=f"{far.minutes:.0f}",
        )
        yield Mark(words, None)


def _procedure(answer: Answer) -> Iterator[Mark]:
    """Say what filling posts round by round costs: the proof holds within each round alone."""
    found = {price.code: price for price in prices(answer)}
    if found:
        words = text(
            "The proof holds within the rounds. Round by round {rounds} posts stay empty; one plan for all would leave {joint} empty.",
            rounds=f"{found['unfilled'].rounds:.0f}",
            joint=f"{found['unfilled'].joint:.0f}",
        )
        yield Mark(words, None)


def _proved(proved: bool, level: Level) -> Mark:
    worst = level.gap
    if proved and worst == 0:
        return Mark(
            text("Proved: no plan that keeps what the earlier levels hold is better at any level."), True
        )
    if proved:
        words = text(
            "Proved: no plan that keeps what the earlier levels hold is better at any level by more than {gap}.",
            gap=percent(worst),
        )
        return Mark(words, True)
    return Mark(
        text(
            "Not proved in full: the time limit came first. At the level '{level}' another plan might be better by up to {gap}.",
            level=LEVELS[level.name],
            gap=percent(worst),
        ),
        False,
    )


def _kept(answer: Answer) -> Mark:
    hard = {rule.id for rule in answer.result.rules if rule.level == "hard"}
    broken = [v.rule for v in answer.result.violations if v.rule in hard]
    soft = len(answer.result.violations) - len(broken)
    if broken:
        words = text(
            "Hard rules broken: {broken} of {n}, in {cases} cases; breaches of soft rules: {soft}. The report lists each.",
            broken=len(set(broken)),
            n=len(hard),
            cases=len(broken),
            soft=soft,
        )
        return Mark(words, False)
    if soft:
        return Mark(
            text(
                "Hard rules kept: all {n}. Breaches of soft rules: {soft}, listed in the report.",
                n=len(hard),
                soft=soft,
            ),
            None,
        )
    return Mark(text("Hard rules kept: all {n}, as counted anew without the solver.", n=len(hard)), True)


def _leaders(answer: Answer) -> Iterator[Mark]:
    """Name how many heads of schools move, where no rule keeps them."""
    role = answer.problem.teachers.table["role"].to_numpy(dtype=object)
    led = np.isin(role.astype(str), ("principal", "vice_principal"))
    n = int((led & answer.result.plan.away(answer.problem)).sum())
    if n and not any(isinstance(rule, LeadersKept) for rule in answer.result.rules):
        words = text(
            "Principals and vice-principals who leave a school that stays open: {n}. The rule 'leaders.kept' would keep them.",
            n=n,
        )
        yield Mark(words, None)


def _moved(n: dict[str, Any]) -> Iterator[Mark]:
    if n["budget"] is None:
        words = text(
            "Teachers who leave a school that stays open: {n} (no budget is set; {eligible} may move).",
            n=n["moved_from_open_schools"],
            eligible=n["eligible"],
        )
    else:
        words = text(
            "Teachers who leave a school that stays open: {n} (budget: {budget}; {eligible} may move).",
            n=n["moved_from_open_schools"],
            budget=n["budget"],
            eligible=n["eligible"],
        )
    yield Mark(words, None)
    if n["moved_from_closing_schools"]:
        words = text(
            "Teachers of closing schools with a new place: {n}; they are counted apart.",
            n=n["moved_from_closing_schools"],
        )
        yield Mark(words, None)
    if n["recruits"]:
        yield Mark(text("New teachers with a place: {n}.", n=n["rounds"]["recruit"]), None)


def _limits(answer: Answer) -> Iterator[Mark]:
    judged = [row for row in answer.card.balance if row.threshold is not None]
    if not judged:
        yield unlimited()
        return
    verdicts = [row.pass_after for row in judged]
    yield Mark(
        text(
            "Coefficients of variation within their limit: {before} of {n} today, {after} of {n} in September.",
            n=len(judged),
            before=[row.pass_before for row in judged].count(True),
            after=verdicts.count(True),
        ),
        False if False in verdicts else None if None in verdicts else True,
    )
    if unknown := verdicts.count(None):
        yield Mark(text("{n} of them cannot be computed; the table says why.", n=unknown), None)
