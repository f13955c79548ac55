"""The story of a plan: its verdict, and the evidence in chapters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from allocator.report import drawings, tables
from allocator.report.again import allowed, changes
from allocator.report.answer import Answer
from allocator.report.balance import balance
from allocator.report.files import plan_rows
from allocator.report.frontier import frontier_blocks
from allocator.report.parts import Block, Chapter, Table
from allocator.report.procedure import procedure
from allocator.report.schools import schools
from allocator.report.scorecard import (
    costs,
    elsewhere,
    gains,
    gaps,
    lacking,
    matrix,
    profiles,
    reaches,
    requirements,
    staff,
    steps,
)
from allocator.report.shortages import lessons, shortages
from allocator.report.story import Story, headed
from allocator.report.verdict import verdict
from allocator.report.wishes import refused
from allocator.words import Text, text


def story(answer: Answer, *, names: bool = False) -> Story:
    """Tell a solved scenario.

    Parameters
    ----------
    answer
        What was solved.
    names
        Whether people's names may stand in the report beside their codes.
    """
    lead, rest = verdict(answer)
    found = headed(answer.scenario, (*lead, *rest), chapters=chapters(answer, names))
    return replace(found, lead=len(lead))


def chapters(answer: Answer, names: bool) -> tuple[Chapter, ...]:
    """Return the chapters of a plan; a table without rows is left out, and a chapter without tables.

    Parameters
    ----------
    names
        Whether people's names may stand beside their codes.
    """
    problem, card, rows = answer.problem, answer.card, plan_rows(answer)
    language = answer.scenario.config.language
    district = drawings.district(answer, rows)
    found = [
        _chapter("first", None, [balance(answer), *frontier_blocks(answer.frontier, answer)]),
        _chapter(
            "balance",
            text("Balance"),
            [
                requirements(problem, card, both=True),
                *(one for one in [drawings.coefficients(answer)] if one.rows),
                steps(problem, card),
                *drawings.sections(answer),
                matrix(problem, card, both=True),
                reaches(problem, card),
                lacking(problem, card),
                gaps(problem, card),
                elsewhere(problem),
            ],
        ),
        _chapter(
            "moves",
            text("Who moves"),
            [
                changes(answer, names),
                allowed(answer),
                tables.placements(answer),
                *([district] if district else []),
                *drawings.flows(answer, rows),
                tables.moves(answer, rows, names),
                tables.followed(answer, names),
                refused(answer, names),
                gains(problem, card),
                costs(problem, card),
            ],
        ),
        _chapter(
            "posts",
            text("Posts and lessons"),
            [
                tables.staffing(answer),
                shortages(answer),
                tables.unfilled(answer),
                lessons(answer),
                staff(problem, card, both=True),
                profiles(problem, card, both=True),
            ],
        ),
        _chapter("closures", text("Pupils who change school"), [tables.journeys(answer)]),
        _chapter("schools", text("School by school"), [schools(answer, rows, names)]),
        _chapter(
            "proof",
            text("Rules and proof"),
            [
                tables.levels(answer),
                procedure(answer),
                tables.rules(answer),
                tables.breaches(answer),
                tables.prices(answer),
            ],
        ),
        _chapter("data", text("Data"), [tables.warnings(problem, language), tables.manifest(answer)]),
    ]
    return tuple(chapter for chapter in found if chapter.blocks)


def _chapter(at: str, title: Text | None, blocks: Iterable[Block]) -> Chapter:
    return Chapter(at, title, tuple(b for b in blocks if not isinstance(b, Table) or b.rows))
