"""What a story is made of: sentences with a judgement, tables of them, and what is drawn; all of it plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allocator.problem import Problem
from allocator.words import Text, text

Cell = str | Text
_SHOWN = 12  # codes in one cell
_WIDE = "\u2e80"  # from here on a letter is as wide as two


@dataclass(frozen=True)
class Mark:
    """A cell with what goes with it.

    Parameters
    ----------
    good
        A judgement: good, bad or neither.
    to
        The place on the page that it leads to, where the page has it.
    key
        What the rows are sorted by, where that is not what is shown.
    shade
        Short of something (below 0) or beyond it, in three steps each.
    """

    words: Cell
    good: bool | None
    to: str | None = None
    key: float | None = None
    shade: int = 0


Line = tuple[Cell | Mark, ...]


def leading(words: Cell, to: str) -> Mark:
    """Make a cell that leads to a place on the page."""
    return Mark(words, None, to)


def school_at(code: str) -> str:
    """Return the place on the page that tells of a school."""
    return f"school-{code}"


def teacher_at(code: str) -> str:
    """Return the place on the page that tells of a teacher."""
    return f"teacher-{code}"


@dataclass(frozen=True)
class Table:
    """A table for people.

    Parameters
    ----------
    wide
        Whether it is folded away until it is asked for.
    found
        Whether its rows can be searched.
    at
        The place on the page of each row, where something leads to it.
    """

    title: Text
    columns: tuple[Text, ...]
    rows: tuple[Line, ...]
    notes: tuple[Text, ...] = ()
    wide: bool = False
    found: bool = False
    at: tuple[str, ...] = ()

    @property
    def folded(self) -> Text:
        """What stands on a table that is folded away."""
        return text("{title} ({n} rows)", title=self.title, n=len(self.rows))


@dataclass(frozen=True)
class Leaf:
    """A page in the page: what is to be said of one school; ``label`` is what leads to it wherever it stands alone."""

    at: str
    label: str
    title: Cell
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Leaves:
    """Pages in the page, each folded away until it is asked for."""

    title: Text
    leaves: tuple[Leaf, ...]
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Dot:
    """One point of a chart; ``label`` stands beside it, ``said`` is shown to whoever points at it."""

    x: float
    y: float
    label: Text | None
    said: Text


@dataclass(frozen=True)
class Chart:
    """A line through points, from left to right, with a title and what its axes show; ``beside`` lie apart from it."""

    title: Text
    across: Text
    up: Text
    dots: tuple[Dot, ...]
    beside: tuple[Dot, ...] = ()
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Pair:
    """An amount before and after, and the limit that it is judged by; each is None where it is not known."""

    before: float | None
    after: float | None
    limit: float | None
    good: bool | None
    said: Text


@dataclass(frozen=True)
class Pairs:
    """Amounts before and after, in one row or many a name, on one axis.

    Parameters
    ----------
    rows
        Name of each row, and its pairs.
    limit, good, bad
        What a limit is called, and an amount afterwards that keeps to it or does not.
    line
        A limit that is the same for all.
    most
        The end of the axis; what is beyond is drawn there. None for the largest amount.
    """

    title: Text
    across: Text
    limit: Text
    good: Text
    bad: Text
    rows: tuple[tuple[Text, tuple[Pair, ...]], ...]
    line: float | None = None
    most: float | None = None
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Place:
    """A school on a map: east and north in km, how many pupils, its zone, and whether it stays, closes or opens."""

    at: str
    label: str
    x: float
    y: float
    pupils: float
    zone: str
    state: str
    said: Text


@dataclass(frozen=True)
class Way:
    """So many people from one place to another on a map, by index; of teachers or of pupils."""

    start: int
    end: int
    many: int
    whose: str
    said: Text


@dataclass(frozen=True)
class Map:
    """Schools where they lie, and the ways between them."""

    title: Text
    places: tuple[Place, ...]
    ways: tuple[Way, ...]
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Flow:
    """So many from each of ``left`` to each of ``right``, by index."""

    title: Text
    left: tuple[Cell, ...]
    right: tuple[Cell, ...]
    amounts: tuple[tuple[int, int, int, Text], ...]
    notes: tuple[Text, ...] = ()


Drawing = Chart | Pairs | Map | Flow
Block = Table | Leaves | Chart | Pairs | Map | Flow


@dataclass(frozen=True)
class Chapter:
    """A part of a story under one heading; the first has none."""

    at: str
    title: Text | None
    blocks: tuple[Block, ...]


def codes(who: Sequence[str]) -> Text:
    """Show codes of people or places, the first of many."""
    if len(who) <= _SHOWN:
        return text("{who}", who=list(who))
    return text("{who} and {n} more", who=list(who[:_SHOWN]), n=len(who) - _SHOWN)


def place(problem: Problem, post: int) -> Text:
    """Say which posts a group is: subject, stage and school."""
    if post < 0:
        return text("without a place")
    return text(
        "{school}, {subject} ({stage})",
        school=problem.school_labels[int(problem.post_school[post])],
        subject=problem.standard.subjects[problem.subjects[problem.posts.subject[post]]].name,
        stage=problem.standard.stages[problem.stages[int(problem.post_stage[post])]].name,
    )


def percent(share: float) -> str:
    """Show a share in percent, rounded up."""
    return f"{np.ceil(share * 10_000 - 1e-9) / 100 + 0.0:.2f}%"


def breadth(words: str) -> int:
    """Count the letters of words by their width: those of Chinese are as wide as two."""
    return sum(2 if letter >= _WIDE else 1 for letter in words)
