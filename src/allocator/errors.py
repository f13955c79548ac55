"""What is wrong with the inputs, told all at once and with the way out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allocator.words import Text, say, text

NOTHING = text("nothing")


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong, or worth knowing, about the inputs.

    Parameters
    ----------
    file
        File the issue stands in, as the planner knows it (relative to the scenario folder).
    row
        Row as a spreadsheet counts it (the header is row 1), or None for the whole file.
    column
        Column or key, or None.
    found, expected, remedy
        What stands there, what should, and what to do about it.
    severity
        ``error`` stops the work; ``warning`` is carried into every result.
    """

    file: str
    row: int | None
    column: str | None
    found: Text
    expected: Text
    remedy: Text
    severity: str = "error"

    def say(self, language: str) -> str:
        """Put the issue into one line."""
        place = [self.file]
        if self.row is not None:
            place.append(say(text("row {row}", row=self.row), language))
        if self.column is not None:
            place.append(say(text("column {column}", column=self.column), language))
        comma = "，" if language == "zh" else ", "
        body = text(
            "{place}: found {found}; expected {expected}; {remedy}",
            place=comma.join(place),
            found=self.found,
            expected=self.expected,
            remedy=self.remedy,
        )
        return say(body, language)


class InputsAreWrong(Exception):
    """The inputs cannot be used; carries every issue found.

    Parameters
    ----------
    issues
        Errors and warnings, in the order of the files.
    language
        Language of the scenario, as far as it could be read.
    """

    def __init__(self, issues: Iterable[Issue], language: str = "zh") -> None:
        self.issues = tuple(issues)
        self.language = language
        super().__init__("\n".join(issue.say("en") for issue in self.issues))


class NoPlan(Exception):
    """No plan can satisfy the hard rules; carries the sentences that say why."""

    def __init__(self, conflict: Iterable[Text], language: str = "zh") -> None:
        self.conflict = tuple(conflict)
        self.language = language
        super().__init__("\n".join(str(line) for line in self.conflict))


class LimitReached(Exception):
    """The limit ran out before any plan was found."""
