"""Codes of teachers replaced, so that no output says who anybody is to those who know the codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from allocator.errors import Issue
from allocator.scenario.read import Scenario
from allocator.words import Text

_ABOUT = ("teacher_id", "name")  # columns whose issues tell of single teachers
_WORD = re.compile(r"[^\s,;:'\"()，；：、（）“”‘’]+")


def pseudonymised(scenario: Scenario) -> Scenario:
    """Return a checked scenario with other codes of teachers and without their names, also in its warnings.

    The order of codes and of rows stays, so that the plan is the same; whoever has the roster can therefore still tell who
    is who. Which stands for whom is kept nowhere.
    """
    codes = _pseudonyms(scenario)
    teachers = scenario.table("teachers")
    teachers = teachers.assign(teacher_id=teachers["teacher_id"].map(codes), name=None)
    tables = dict(scenario.tables) | {"teachers": teachers}
    return replace(scenario, tables=tables, warnings=unnamed(scenario.warnings, scenario))


def unnamed(issues: Iterable[Issue], scenario: Scenario) -> tuple[Issue, ...]:
    """Replace codes and names of teachers in issues that are about them; a heading that is one is left out.

    What stands in other columns is left: a school or a subject can be written as the code of a teacher is.
    """
    names = [str(name) for name in scenario.table("teachers")["name"] if name]
    known: Mapping[str, str] = dict.fromkeys(names, "…") | _pseudonyms(scenario)
    return tuple(_unnamed(one, known) for one in issues)


def _unnamed(issue: Issue, known: Mapping[str, str]) -> Issue:
    if issue.column is not None and issue.column in known:
        known = {issue.column: "…"}
        issue = replace(issue, column="…")
    elif issue.column not in _ABOUT:
        return issue
    parts = ("found", "expected", "remedy")
    return replace(issue, **{part: _mapped(getattr(issue, part), known) for part in parts})


def _pseudonyms(scenario: Scenario) -> dict[str, str]:
    """Give every teacher a number in the order of the codes, under a prefix that no code has."""
    codes = sorted(scenario.table("teachers")["teacher_id"])
    prefix, digits = "T-", len(str(len(codes)))
    while any(code.startswith(prefix) for code in codes):
        prefix += "-"
    return {code: f"{prefix}{n:0{digits}d}" for n, code in enumerate(codes, start=1)}


def _mapped(value: Any, known: Mapping[str, str]) -> Any:
    """Replace codes in a sentence, in all its values and theirs."""
    if isinstance(value, Text):
        return Text(value.template, {name: _mapped(each, known) for name, each in value.values.items()})
    if isinstance(value, list | tuple):
        return type(value)(_mapped(each, known) for each in value)
    if not isinstance(value, str):
        return value
    return known.get(value) or _WORD.sub(lambda found: known.get(found[0], found[0]), value)
