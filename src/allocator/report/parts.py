"""What a story is made of: sentences with a judgement, and tables of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allocator.words import Text, text

Cell = str | Text
_SHOWN = 12  # codes in one cell


@dataclass(frozen=True)
class Mark:
    """A cell with a judgement: good, bad or neither."""

    words: Cell
    good: bool | None


Line = tuple[Cell | Mark, ...]


@dataclass(frozen=True)
class Table:
    """A table for people; ``wide`` tables are folded away until they are asked for."""

    title: Text
    columns: tuple[Text, ...]
    rows: tuple[Line, ...]
    notes: tuple[Text, ...] = ()
    wide: bool = False

    @property
    def folded(self) -> Text:
        """What stands on a table that is folded away."""
        return text("{title} ({n} rows)", title=self.title, n=len(self.rows))


@dataclass(frozen=True)
class Dot:
    """One point of a chart; ``label`` stands beside it, ``said`` is shown to whoever points at it."""

    x: float
    y: float
    label: Text | None
    said: Text


@dataclass(frozen=True)
class Chart:
    """A line through points, from left to right, with a title and what its axes show."""

    title: Text
    across: Text
    up: Text
    dots: tuple[Dot, ...]


def codes(who: Sequence[str]) -> Text:
    """Show codes of people or places, the first of many."""
    if len(who) <= _SHOWN:
        return text("{who}", who=list(who))
    return text("{who} and {n} more", who=list(who[:_SHOWN]), n=len(who) - _SHOWN)


def percent(share: float) -> str:
    """Show a share in percent, rounded up."""
    return f"{np.ceil(share * 10_000 - 1e-9) / 100 + 0.0:.2f}%"
