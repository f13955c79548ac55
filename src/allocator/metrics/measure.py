"""A measured number, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from allocator.words import Text


@dataclass(frozen=True)
class Measure:
    """A number that was measured, or why it cannot be.

    Exactly one of the two is given: a metric never becomes 0 or nan in silence.
    """

    value: float | None
    why_not: Text | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.why_not is None):
            raise ValueError("a measure has a value or a reason, and not both")

    @classmethod
    def missing(cls, why_not: Text) -> Measure:
        """Say why there is no number."""
        return cls(None, why_not)


def beside(value: float, limit: float | None, digits: int) -> str:
    """Round a value for people, to as many digits more as keep it on its side of a limit.

    A value of 0.5002 beside a limit of 0.5 is 0.5002 at three digits, and not 0.500. What differs from the limit by
    less than numbers of 53 bits can say is the limit.
    """
    return _on_its_side(value, limit, (f"{value:.{digits + more}f}" for more in range(_DIGITS)))


def significant(value: float, limit: float | None) -> str:
    """Round to four significant digits, or to as many more as keep it on its side of a limit."""
    return _on_its_side(value, limit, (f"{value:.{4 + more}g}" for more in range(_DIGITS)))


def _on_its_side(value: float, limit: float | None, shown: Iterator[str]) -> str:
    """Return the first of ever longer texts that is on the side of the limit where the value is."""
    first = next(shown)
    if limit is None or abs(value - limit) <= _SAME * abs(limit):
        return first
    for one in chain([first], shown):
        if (float(one) > limit) == (value > limit) and (float(one) < limit) == (value < limit):
            return one
    return first


_DIGITS = 9
_SAME = 1e-12
