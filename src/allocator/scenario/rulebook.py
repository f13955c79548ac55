"""Read a rulebook: the defaults of all rules, as data with their sources."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from allocator.domain import Rulebook, RuleFacts
from allocator.errors import Issue, quoted
from allocator.scenario.files import is_file, label
from allocator.scenario.standards import pydantic_issues, read_toml
from allocator.words import text

_HOUSE = Path(__file__).parents[1] / "standards" / "rules"
_BASE = "house"
_FACTS: TypeAdapter[dict[str, RuleFacts]] = TypeAdapter(dict[str, RuleFacts])


def known_rulebooks() -> list[str]:
    """Return the names of the rulebooks that come with the program and are laid over the house's own."""
    return sorted(p.stem for p in _HOUSE.glob("*.toml") if p.stem != _BASE)


def read_rulebook(
    name: str = "", folder: Path | None = None, hashes: dict[str, str] | None = None
) -> tuple[Rulebook | None, list[Issue]]:
    """Read the rulebook a scenario names, laid over the house's own rule by rule and parameter by parameter.

    Parameters
    ----------
    name
        Name of a rulebook of the program, or the path of a TOML file from the scenario folder; empty for the
        house's own alone.
    folder
        The scenario folder; without one, a path begins where the program runs.
    hashes
        Takes the SHA-256 of every file that is read, by name.

    Returns
    -------
    The rulebook, or None, and what is wrong with it. Whether the rules are known is not asked here.
    """
    issues: list[Issue] = []
    rules = _rules(_HOUSE / f"{_BASE}.toml", issues, hashes)
    if name:
        path = _HOUSE / f"{name}.toml" if name in known_rulebooks() else (folder or Path()) / name
        if name not in known_rulebooks() and not (name.endswith(".toml") and is_file(path)):
            return None, [_unknown(name, folder)]
        over = _rules(path, issues, hashes)
        issues += [_unknown_rule(rule, tuple(rules), _file(path)) for rule in over if rule not in rules]
        rules = rules | {rule: rules.get(rule, {}) | given for rule, given in over.items()}
    else:
        path = _HOUSE / f"{_BASE}.toml"
    if issues:
        return None, issues
    try:
        return _FACTS.validate_python(rules), []
    except ValidationError as error:
        found = pydantic_issues(error, _file(path))
        return None, [replace(issue, column=f"rules.{issue.column}") for issue in found]


def _rules(path: Path, issues: list[Issue], hashes: dict[str, str] | None) -> dict[str, dict[str, Any]]:
    """Return the tables of a rulebook by rule."""
    name = _file(path)
    tables = read_toml(path, name, issues, hashes)
    rules = tables.pop("rules", {})
    for key in tables:
        way = text("remove the key or correct its spelling")
        issues.append(Issue(name, None, key, quoted(tables[key]), text("only the table [rules]"), way))
    if not isinstance(rules, dict) or not all(isinstance(given, dict) for given in rules.values()):
        found, expected = quoted(rules), text("a table for each rule")
        issues.append(Issue(name, None, "rules", found, expected, text("correct the value")))
        return {}
    return rules


def _file(path: Path) -> str:
    folder = "standards/rules" if path.parent == _HOUSE else label(path.parent)
    return f"{folder}/{path.name}"


def _unknown_rule(rule: str, known: tuple[str, ...], file: str) -> Issue:
    near = difflib.get_close_matches(rule, known, n=1)
    way = text("perhaps '{near}' is meant", near=near[0]) if near else text("see 'allocator rules'")
    return Issue(file, None, f"rules.{rule}", quoted(rule), text("a rule of the catalogue"), way)


def _unknown(name: str, folder: Path | None) -> Issue:
    """Say that there is no such rulebook; without a folder no scenario names it, but the command."""
    return Issue(
        name if folder is None else f"{label(folder)}/scenario.toml",
        None,
        "rulebook",
        quoted(name),
        text("one of {names}, or the path of a rulebook", names=known_rulebooks()),
        text("correct the name or the path"),
    )
