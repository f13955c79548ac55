"""A measured number, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

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

    A value of 0.5002 beside a limit of 0.5 is 0.5002 at three digits, and not 0.500.
    """
    shown = f"{value:.{digits}f}"
    for more in range(digits, digits + _DIGITS if limit is not None else digits):
        shown = f"{value:.{more}f}"
        if (float(shown) > (limit or 0.0)) == (value > (limit or 0.0)) and (
            float(shown) < (limit or 0.0)
        ) == (value < (limit or 0.0)):
            break
    return shown


_DIGITS = 9
