"""Issues and sentences: one line, in either language, values included."""

from __future__ import annotations

import pytest

from allocator.errors import InputsAreWrong, Issue, NoPlan, Refused, quoted
from allocator.words import both, say, text


def _issue(file: str, row: int | None, column: str | None) -> Issue:
    return Issue(file, row, column, quoted("x"), text("a number"), text("correct the value"))


@pytest.mark.parametrize(
    ("file", "row", "column", "place"),
    [
        ("a/teachers.csv", 3, "birth", "a/teachers.csv, row 3, column birth"),
        ("a/teachers.csv", 3, None, "a/teachers.csv, row 3"),
        ("a/teachers.csv", None, None, "a/teachers.csv"),
        ("a/scenario.toml", 2, None, "a/scenario.toml, line 2"),
        ("a/scenario.toml", None, "budget.moves", "a/scenario.toml, key budget.moves"),
    ],
)
def test_an_issue_says_where_what_and_the_way_out(file, row, column, place):
    """Tables have rows and columns, settings have lines and keys."""
    said = _issue(file, row, column).say("en")
    assert said == f"{place}: found 'x'; expected a number; correct the value"


def test_an_exception_says_every_issue():
    """The text of the exceptions is their issues or sentences, one a line."""
    wrong = InputsAreWrong([_issue("a.csv", 1, None), _issue("b.csv", 2, None)], "en")
    assert [line.partition(",")[0] for line in str(wrong).splitlines()] == ["a.csv", "b.csv"]
    assert str(NoPlan([text("{n} posts", n=3), text("no people")])) == "3 posts\nno people"
    assert str(Refused(text("at least {n}", n=1)).remedy) == "correct the value"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("P9", "'P9'"),
        (True, "true"),
        (3, "3"),
        (float("inf"), "inf"),
        ("a\nb\x1b[31m", "'a�b�[31m'"),
        ("x" * 500, "'" + "x" * 80 + "'"),
        ({"a": 1, "b": 2}, "a table (keys: 2)"),
        ((1, 2, 3), "a list (values: 3)"),
        ("id 11010519491231002x!", "'id …!'"),
    ],
)
def test_what_was_found_is_shown_short_and_safe(value, shown):
    """Values are cut, kept on one line, and never show an ID-card number."""
    assert str(quoted(value)) == shown


def test_a_number_of_too_many_digits_is_named_as_such():
    """Python refuses to write out more than 4,300 digits; the issue is told all the same."""
    assert str(quoted(1 << 20000)) == "a number of too many digits"


def test_sentences_take_values_that_are_sentences_lists_and_names():
    """Names of two wordings and lists follow the language of the sentence around them."""
    sentence = text("{who}: {names}", who=both("小学", "primary"), names=[text("one"), "two"])
    assert say(sentence, "en") == "primary: one, two"
    assert say(sentence, "zh").startswith("小学: ")
    assert say(text("{value}", value="{not} a place"), "en") == "{not} a place"
    assert say("plain", "zh") == "plain"
