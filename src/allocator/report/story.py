"""The Story: everything the report says, as plain data in sentences and tables; renderers compute nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allocator.report.answer import Answer
from allocator.report.parts import Cell, Chart, Mark, Table
from allocator.report.tables import tables
from allocator.report.verdict import verdict
from allocator.scenario.read import Scenario
from allocator.words import Text, text


@dataclass(frozen=True)
class Story:
    """Everything a report says.

    Parameters
    ----------
    title, subtitle
        The scenario and its standard.
    notice
        What must stand on every result, such as that the roster is generated.
    verdict
        What a reader must know first, each with a judgement.
    charts
        What is drawn, before the tables.
    tables
        The evidence, in order.
    signed
        A line for whoever signs it.
    """

    title: Cell
    subtitle: Text
    notice: str
    language: str
    verdict: tuple[Mark, ...]
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...] = ()
    signed: Text | None = None


def story(answer: Answer, *, names: bool = False) -> Story:
    """Tell a solved scenario.

    Parameters
    ----------
    answer
        What was solved.
    names
        Whether people's names may stand in the report beside their codes.
    """
    return headed(answer.scenario, verdict(answer), tables(answer, names))


def headed(
    scenario: Scenario, verdict: Iterable[Mark], tables: Iterable[Table], charts: Iterable[Chart] = ()
) -> Story:
    """Put the name, the standard and the notice of a scenario above what is told of it."""
    config, standard = scenario.config, scenario.standard
    subtitle = text(
        "September {year} · standard: {standard}", year=config.school_year, standard=standard.name
    )
    if config.bureau:
        subtitle = text("{bureau} · {told}", bureau=config.bureau, told=subtitle)
    return Story(
        title=config.title,
        subtitle=subtitle,
        notice=config.notice,
        language=config.language,
        verdict=tuple(verdict),
        tables=tuple(tables),
        charts=tuple(charts),
    )
