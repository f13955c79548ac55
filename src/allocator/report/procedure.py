"""The price of the procedure: what filling posts round by round costs against deciding all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from allocator.metrics.rows import BalanceRow
from allocator.metrics.scorecard import Scorecard
from allocator.problem import Problem
from allocator.report.answer import Answer
from allocator.report.parts import Line, Table, percent
from allocator.rules.travel import way_km
from allocator.solving.result import Result
from allocator.words import Text, text


@dataclass(frozen=True)
class Price:
    """One measure of both ways: its code, its name, and its value by rounds and at once, None if not known."""

    code: str
    name: Text
    rounds: float | None
    joint: float | None


def prices(answer: Answer) -> Iterator[Price]:
    """Yield the measures of both plans; nothing where all was decided at once."""
    if answer.joint is None:
        return
    cards = answer.card, answer.joint.card
    known = [{(row.stage, row.indicator) for row in _squared(answer, card)} for card in cards]
    by_rounds = _measures(answer, answer.result, answer.card, known[0] == known[1])
    at_once = _measures(answer, answer.joint.result, answer.joint.card, known[0] == known[1])
    for code, (name, value) in by_rounds.items():
        yield Price(code, name, value, at_once[code][1])


def _measures(
    answer: Answer, result: Result, card: Scorecard, alike: bool
) -> dict[str, tuple[Text, float | None]]:
    """Measure one plan; evenness only where the same CVs are known of both."""
    problem, plan = answer.problem, result.plan
    everybody = np.arange(len(problem.teachers))
    school = plan.school(problem)
    new = (school >= 0) & (problem.home_school >= 0) & (school != problem.home_school)
    km = way_km(problem, everybody)[everybody, np.maximum(school, 0)]
    return {
        "unfilled": (text("posts that stay empty"), float(sum(row.unfilled for row in card.posts))),
        "unfilled_weighted": (
            text("empty posts (weighted)"),
            unfilled_weighted(problem, card),
        ),
        "evenness": (text("unevenness (sum of CV²)"), evenness(answer, card) if alike else None),
        "moves": (text("teachers who leave an open school"), float(plan.away(problem).sum())),
        "new_schools": (text("teachers at another school than today"), float(new.sum())),
        "km": (text("km of way of those who change school"), round(float(km[new].sum()), 1)),
        "without_place": (text("teachers in the reserve"), float(card.unplaced)),
    }


def unfilled_weighted(problem: Problem, card: Scorecard) -> float:
    """Weigh the posts of a plan that stay empty as the scenario weighs their subjects."""
    weights = problem.config.priorities.subjects
    return float(sum(row.unfilled * weights.get(row.subject, 1) for row in card.posts))


def evenness(answer: Answer, card: Scorecard) -> float:
    """Weighted sum of the squared CVs that are known of a plan."""
    weights = answer.problem.config.priorities.indicators
    return sum(weights[row.indicator] * (row.after.value or 0.0) ** 2 for row in _squared(answer, card))


def _squared(answer: Answer, card: Scorecard) -> list[BalanceRow]:
    """CVs that the scenario weighs and that can be computed."""
    weights = answer.problem.config.priorities.indicators
    return [
        row
        for row in card.balance
        if row.measure == "cv" and weights.get(row.indicator) and row.after.value is not None
    ]


def procedure(answer: Answer) -> Table:
    """Show the price of the procedure; a table without rows where all was decided at once."""
    lines: list[Line] = []
    for price in prices(answer):
        digits = 4 if price.code == "evenness" else 1 if price.code == "km" else 0
        values = [
            "—" if v is None else f"{v:,.{digits}f}"
            for v in (price.rounds, price.joint, _less(price.rounds, price.joint))
        ]
        lines.append((price.name, *values))
    columns = (text("What"), text("Round by round"), text("At once"), text("Difference"))
    note = text(
        "Both plans keep the same hard rules. Round by round, people compete for empty posts in their school, then in their zone, then across zones and stages; the bureau places who is left. At once, one plan decides everything."
    )
    notes = [note]
    if answer.joint is not None and answer.joint.result.status != "proved":
        worst = max(level.gap for level in answer.joint.result.levels)
        notes.append(
            text(
                "The plan at once is not proved in full: at its worst level it might be better by up to {gap}.",
                gap=percent(worst),
            )
        )
    return Table(text("The price of the procedure"), columns, tuple(lines), tuple(notes))


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b + 0.0
