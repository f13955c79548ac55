"""When to stop: at a deadline, or as soon as somebody asks to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Event


class OutOfTime(Exception):
    """The deadline passed, or somebody asked to stop, before there was an answer.

    ``bound`` is what was proved of the least value until then; of a level that costs nothing at the least, 0.
    """

    def __init__(self, bound: float = 0.0) -> None:
        super().__init__()
        self.bound = max(bound, 0.0)


@dataclass(frozen=True)
class Deadline:
    """The end of a level: on the clock of ``time.monotonic``, or when the event is set."""

    at: float
    stop: Event | None = None

    @classmethod
    def after(cls, seconds: float, stop: Event | None = None) -> Deadline:
        """Return the deadline so many seconds from now."""
        return cls(time.monotonic() + seconds, stop)

    @property
    def stopped(self) -> bool:
        """Whether somebody asked to stop."""
        return self.stop is not None and self.stop.is_set()

    @property
    def left(self) -> float:
        """Seconds that are left, 0 where none are."""
        return 0.0 if self.stopped else max(self.at - time.monotonic(), 0.0)

    def check(self) -> None:
        """Stop here where nothing is left.

        Raises
        ------
        OutOfTime
        """
        if not self.left:
            raise OutOfTime


NEVER = Deadline(float("inf"))
