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
