"""The Story: everything the report says, as plain data in sentences, tables and drawings; renderers compute nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from allocator.report.parts import Block, Cell, Chapter, Drawing, Leaves, Mark, Table
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
    chapters
        The evidence, in order.
    lead
        How many sentences of the verdict stand before all else.
    signed
        A line for whoever signs it.
    """

    title: Cell
    subtitle: Text
    notice: str
    language: str
    verdict: tuple[Mark, ...]
    chapters: tuple[Chapter, ...]
    lead: int = 0
    signed: Text | None = None

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables, in order, without those of the pages in the page."""
        return tuple(
            block for chapter in self.chapters for block in chapter.blocks if isinstance(block, Table)
        )

    @cached_property
    def schools(self) -> dict[str, str]:
        """Where on the page each school is told of, by what is shown of it."""
        blocks = (block for chapter in self.chapters for block in chapter.blocks)
        return {leaf.label: leaf.at for block in blocks if isinstance(block, Leaves) for leaf in block.leaves}

    @cached_property
    def teachers(self) -> dict[str, str]:
        """Where on the page each teacher is told of, by what is shown of them."""
        return {str(table.rows[i][0]): at for table in self.tables for i, at in enumerate(table.at)}

    @property
    def drawings(self) -> tuple[Drawing, ...]:
        """All that is drawn, in order."""
        return tuple(
            block
            for chapter in self.chapters
            for block in chapter.blocks
            if not isinstance(block, Table | Leaves)
        )


def told(blocks: Iterable[Block]) -> tuple[Chapter, ...]:
    """Put blocks into one chapter without a heading; tables without rows are left out."""
    some = tuple(block for block in blocks if not isinstance(block, Table) or block.rows)
    return (Chapter("evidence", None, some),)


def headed(
    scenario: Scenario,
    verdict: Iterable[Mark],
    blocks: Iterable[Block] = (),
    chapters: Iterable[Chapter] = (),
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
        chapters=tuple(chapters) or told(blocks),
    )
