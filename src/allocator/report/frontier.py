"""The frontier told: what every move budget allows, where more moves begin to buy little, and a drawing of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from allocator.metrics.scorecard import Scorecard
from allocator.report.answer import Answer, Traced
from allocator.report.files import PICTURES, table, write_files
from allocator.report.names import STATUS
from allocator.report.parts import Block, Chart, Dot, Line, Mark, Table, percent
from allocator.report.procedure import unfilled_weighted
from allocator.report.story import Story, headed
from allocator.solving.frontier import Point
from allocator.words import Text, text


def write_frontier(
    traced: Traced, out: Path, page: str, more: Mapping[str, str | bytes] | None = None
) -> list[Path]:
    """Write frontier.csv and frontier.html, with the notice of the scenario; for the owner alone.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    contents = {"frontier.csv": frontier_csv(traced), "frontier.html": page, **(more or {})}
    return write_files(contents, out, traced.scenario.config.notice, PICTURES)


def frontier_csv(traced: Traced) -> str:
    """Return the content of frontier.csv."""
    return table(list(rows(traced)), traced.scenario.config.language)


def rows(traced: Traced) -> Iterator[dict[str, Any]]:
    """Yield the rows of frontier.csv, one for each budget."""
    for i, (point, card) in enumerate(zip(traced.frontier.points, traced.cards, strict=True)):
        within, judged = within_limits(card)
        yield {
            "moves": point.budget,
            "used": point.moves,
            "evenness": point.evenness,
            "bound": point.bound,
            "gap": point.gap,
            "coverage": unfilled_weighted(traced.problem, card),
            "cvs_within": within,
            "cvs_judged": judged,
            "knee": i == traced.frontier.knee,
            "own": i == traced.frontier.own,
            "status": point.status,
        }


def within_limits(card: Scorecard) -> tuple[int, int]:
    """Count coefficients of variation within their limit, and those that have one."""
    judged = [row.pass_after for row in card.balance if row.threshold is not None]
    return judged.count(True), len(judged)


def frontier_blocks(traced: Traced | None, answer: Answer) -> list[Block]:
    """Return the drawing of a frontier with a plan on it, and its table; nothing where none was traced."""
    if traced is None:
        return []
    chart = replace(frontier_chart(traced), beside=tuple(_here(answer)))
    return [chart, replace(_table(traced), wide=True)]


def _here(answer: Answer) -> Iterator[Dot]:
    """Mark a plan that was decided at once; what is reached round by round has no one place on the line."""
    reached = [level for level in answer.result.levels if level.name == "evenness" and not level.round]
    moves = int(answer.result.plan.away(answer.problem).sum())
    for level in reached:
        words = text(
            "this plan: {moves} moves, unevenness {evenness}", moves=moves, evenness=_number(level.objective)
        )
        yield Dot(float(moves), level.objective, text("this plan"), words)


def frontier_story(traced: Traced) -> Story:
    """Tell a frontier."""
    return headed(traced.scenario, _verdict(traced), [frontier_chart(traced), _table(traced)])


def _verdict(traced: Traced) -> Iterator[Mark]:
    """Yield what a reader must know first."""
    found, points, knee = traced.frontier, traced.frontier.points, traced.frontier.knee
    yield _proved(points)
    if found.missing:
        yield Mark(text("Ended before its time: {n} budgets were not looked at.", n=found.missing), False)
    first = {"moves": points[0].budget, "evenness": _number(points[0].evenness)}
    if found.fewest:
        words = text(
            "With the fewest moves that keep what comes before evenness, {moves}, unevenness is {evenness}.",
            **first,
        )
    else:
        words = text(
            "With the fewest moves found, {moves}, unevenness is {evenness}; that fewer do not suffice is not proved.",
            **first,
        )
    yield Mark(words, None)
    if found.complete:
        words = text(
            "From {moves} moves on, at {least}, more moves buy nothing beyond the gap.",
            moves=points[-1].budget,
            least=_number(points[-1].evenness),
        )
        yield Mark(words, None)
    if knee is not None and 0 < knee < len(points) - 1:
        words = text(
            "The knee lies at {moves} moves, with unevenness {evenness}: up to there a move buys {before} on average, beyond it {after}.",
            moves=points[knee].budget,
            evenness=_number(points[knee].evenness),
            before=f"{_bought(points[0], points[knee]):.3g}",
            after=f"{_bought(points[knee], points[-1]):.3g}",
        )
        yield Mark(words, None)
    yield _own(traced)


def _proved(points: tuple[Point, ...]) -> Mark:
    late = sum(point.status != "proved" for point in points)
    if late:
        words = text(
            "Not proved in full: at {n} of {all} budgets the time limit came first; another plan might be more even by up to {gap}.",
            n=late,
            all=len(points),
            gap=percent(max(point.gap for point in points)),
        )
        return Mark(words, False)
    words = text(
        "Proved: at every budget no plan is more even by more than {gap}.",
        gap=percent(max(point.gap for point in points)),
    )
    return Mark(words, True)


def _own(traced: Traced) -> Mark:
    """Say where the scenario's own budget lies."""
    points, own, budget = traced.frontier.points, traced.frontier.own, traced.frontier.budget
    whole = points[0].evenness - points[-1].evenness
    if budget is None:
        return Mark(text("The scenario has no budget of its own."), None)
    if budget < points[0].budget:
        words = text(
            "The scenario's own budget of {moves} moves is below the first point: it cannot keep what comes before evenness as it is held here.",
            moves=budget,
        )
        return Mark(words, None)
    if own is None and traced.frontier.complete:
        words = text(
            "The scenario's own budget of {moves} moves is {more} more than are of use.",
            moves=budget,
            more=budget - points[-1].budget,
        )
        return Mark(words, None)
    if own is None:
        return Mark(text("The scenario's own budget of {moves} moves was not looked at.", moves=budget), None)
    fallen = 1.0 if whole <= 0 else (points[0].evenness - points[own].evenness) / whole
    words = text(
        "The scenario's own budget of {moves} moves reaches {share} of what the last point does.",
        moves=points[own].budget,
        share=f"{100 * fallen:.0f}%",
    )
    return Mark(words, None)


def _bought(first: Point, last: Point) -> float:
    """Fall of unevenness for each further move allowed."""
    return (first.evenness - last.evenness) / max(last.budget - first.budget, 1)


def _number(value: float) -> str:
    return f"{value:.4f}"


def _marks(traced: Traced, i: int) -> Text | None:
    """Name what a point is."""
    if i == traced.frontier.own and i == traced.frontier.knee:
        return text("own budget and knee")
    if i == traced.frontier.own:
        return text("own budget")
    return text("knee") if i == traced.frontier.knee else None


def _table(traced: Traced) -> Table:
    lines: list[Line] = []
    before: Point | None = None
    for i, (point, card) in enumerate(zip(traced.frontier.points, traced.cards, strict=True)):
        within, judged = within_limits(card)
        lines.append(
            (
                f"{point.budget:,}",
                f"{point.moves:,}",
                _number(point.evenness),
                _number(point.bound),
                percent(point.gap),
                "—" if before is None else f"{_bought(before, point):.3g}",
                f"{within} / {judged}" if judged else "—",
                STATUS[point.status],
                _marks(traced, i) or "",
            )
        )
        before = point
    columns = (
        text("Moves allowed"),
        text("Moves made"),
        text("Unevenness"),
        text("Cannot be below"),
        text("Gap"),
        text("A further move buys"),
        text("CVs within limits"),
        text("Status"),
        text("Point"),
    )
    note = text(
        "Unevenness is the weighted sum of the squared coefficients of variation. Every budget keeps the hard rules, and what the levels before evenness reach without a budget; teachers of closing schools and new teachers do not count as moves. The knee is the point farthest below the line from the first to the last: from there on a move buys less than the average move."
    )
    return Table(text("What every budget buys"), columns, tuple(lines), (note,))


def frontier_chart(traced: Traced) -> Chart:
    """Draw the unevenness that every move budget allows."""
    dots = tuple(
        Dot(
            float(point.budget),
            point.evenness,
            _marks(traced, i),
            text(
                "{moves} moves: unevenness {evenness}, proved within {gap}",
                moves=point.budget,
                evenness=_number(point.evenness),
                gap=percent(point.gap),
            ),
        )
        for i, point in enumerate(traced.frontier.points)
    )
    return Chart(text("The frontier"), text("moves allowed"), text("unevenness (sum of CV²)"), dots)
