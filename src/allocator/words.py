"""Sentences for people, in the languages of the catalogue.

A sentence is written once, in English, with named places for its values. It is put into a language only
when it is shown, so that one error or reason can be read in either. Translations are gettext catalogues in
``labels/``; a sentence without one is shown in English, and a test holds that none is missing.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("zh", "en")
_LABELS = Path(__file__).parent / "labels"


@dataclass(frozen=True)
class Text:
    """A sentence and the values that stand in it.

    Parameters
    ----------
    template
        The English sentence, with ``{name}`` where a value stands.
    values
        The values by name; a value may itself be a :class:`Text`.
    """

    template: str
    values: dict[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return say(self, "en")


def text(template: str, **values: Any) -> Text:
    """Make a sentence; the catalogue is collected from the calls of this function."""
    return Text(template, values)


def both(zh: str, en: str) -> Text:
    """Make a sentence whose two wordings are data (names in a standards file), not of the catalogue."""
    return Text("{both}", {"both": _Both(zh, en)})


@dataclass(frozen=True)
class _Both:
    zh: str
    en: str


def say(words: Text | str, language: str) -> str:
    """Put a sentence into a language, its values included."""
    if isinstance(words, str):
        return words
    values = {name: _value(value, language) for name, value in words.values.items()}
    template = _translator(language)(words.template) if words.template else ""
    return template.format(**values)


def _value(value: Any, language: str) -> Any:
    if isinstance(value, Text):
        return say(value, language)
    if isinstance(value, _Both):
        return value.zh if language == "zh" else value.en
    if isinstance(value, tuple | list):
        comma = "、" if language == "zh" else ", "
        return comma.join(str(_value(item, language)) for item in value)
    return value


@cache
def _translator(language: str) -> Callable[[str], str]:
    found = gettext.translation("allocator", _LABELS, languages=[language], fallback=True)
    return found.gettext
