"""What is wrong with the inputs, told all at once and with the way out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from allocator.words import Text, say, text

NOTHING = text("nothing")
_ID_CARD = re.compile(r"\d{17}[\dXx]")
_MOST_SHOWN = 80


def quoted(value: object) -> Text:
    """Show what was found, on one line, cut short, and without ID-card numbers.

    Parameters
    ----------
    value
        Text of a cell, or a value of a TOML file.
    """
    if isinstance(value, bool):
        return text("true") if value else text("false")
    if isinstance(value, dict):
        return text("a table (keys: {n})", n=len(value))
    if isinstance(value, list | tuple):
        return text("a list (values: {n})", n=len(value))
    try:
        whole = str(value)
    except ValueError:  # Python does not write out whole numbers of more than 4,300 digits
        return text("a number of too many digits")
    shown = _ID_CARD.sub("…", _one_line(whole[: 4 * _MOST_SHOWN]))[:_MOST_SHOWN]
    return text("{value}", value=shown) if isinstance(value, int | float) else text("'{value}'", value=shown)


def _one_line(words: str) -> str:
    """Show line ends, control characters and invisible ones as what they are: not to be read."""
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else "�" for c in words)


class Refused(ValueError):
    """A value that cannot be used; carries what was expected and the way out."""

    def __init__(self, expected: Text, remedy: Text | None = None) -> None:
        self.expected = expected
        self.remedy = remedy or text("correct the value")
        super().__init__(str(expected))


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
    header
        The column as its header stands in the file, where it is another word.
    """

    file: str
    row: int | None
    column: str | None
    found: Text
    expected: Text
    remedy: Text
    severity: str = "error"
    header: str = ""

    def say(self, language: str) -> str:
        """Put the issue into one line."""
        place, settings = [self.file], self.file.endswith((".toml", "/scenario", "/方案"))
        if self.row is not None:
            toml = self.file.endswith(".toml")
            row = text("line {row}", row=self.row) if toml else text("row {row}", row=self.row)
            place.append(say(row, language))
        if self.column is not None:
            key = text("key {column}", column=self.column)
            column = text("column {column}", column=self.header or self.column)
            place.append(say(key if settings else column, language))
        comma = "，" if language == "zh" else ", "
        body = text(
            "{place}: found {found}; expected {expected}; {remedy}",
            place=comma.join(place),
            found=self.found,
            expected=self.expected,
            remedy=self.remedy,
        )
        return _one_line(say(body, language))


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
    """No plan can satisfy the hard rules; carries the sentences that say why.

    Parameters
    ----------
    ways
        Ids of rules that may leave a plan where they give way, each alone, the first to be tried first.
    """

    def __init__(self, conflict: Iterable[Text], language: str = "zh", ways: Iterable[str] = ()) -> None:
        self.conflict = tuple(conflict)
        self.language = language
        self.ways = tuple(ways)
        super().__init__("\n".join(str(line) for line in self.conflict))


class LimitReached(Exception):
    """The limit ran out before any plan was found."""
