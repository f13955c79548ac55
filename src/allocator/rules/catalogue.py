"""The catalogue: every rule once, and the rules of a scenario with their levels and parameters."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, replace
from typing import Any

from allocator.errors import Issue
from allocator.rules.contract import AggregateRule, PairRule, Rule
from allocator.rules.eligibility import CertificateRank, SubjectSuitability
from allocator.rules.placement import EveryonePlaced, PinsKept, RecruitSettings
from allocator.rules.protection import MinimumTenure, ProtectedStatus, ServiceLock
from allocator.rules.totals import CrossStage, CrossZone, MoveBudget, SectionHeadcount
from allocator.rules.travel import TravelLimit
from allocator.scenario.config import Config
from allocator.words import text

CATALOGUE: tuple[type[Rule], ...] = (
    EveryonePlaced,
    PinsKept,
    CertificateRank,
    SubjectSuitability,
    ProtectedStatus,
    MinimumTenure,
    ServiceLock,
    TravelLimit,
    RecruitSettings,
    SectionHeadcount,
    MoveBudget,
    CrossStage,
    CrossZone,
)
ALWAYS_HARD = {EveryonePlaced.id}


def parameters(rule: type[Rule]) -> dict[str, Field[Any]]:
    """Parameters of a rule that a scenario may set, with unit, source, confidence and limits."""
    return {f.name: f for f in fields(rule) if f.metadata}


def settle(config: Config, file: str, issues: list[Issue]) -> tuple[Rule, ...]:
    """Put the rules of a scenario together; a name, parameter or level that is wrong becomes an issue.

    Returns
    -------
    Every rule that is not off, in the order of the catalogue. The move budget still lacks its number where
    it is a share: :func:`with_budget` gives it.
    """
    known = {rule.id: rule for rule in CATALOGUE}
    for name in config.rules:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            way = text("perhaps '{near}' is meant", near=near[0]) if near else text("see 'allocator rules'")
            found, expected = text("'{value}'", value=name), text("a rule of the catalogue")
            issues.append(Issue(file, None, f"rules.{name}", found, expected, way))
    made = []
    for rule in CATALOGUE:
        setting = config.rules.get(rule.id)
        level = setting.level if setting else rule.default
        given = setting.parameters if setting else {}
        issues.extend(_wrong_parameters(rule, given, file))
        if rule.id in ALWAYS_HARD and level != "hard":
            found, expected = text("'{value}'", value=level), text("'hard': it says what a plan is")
            issues.append(Issue(file, None, f"rules.{rule.id}", found, expected, text("remove the line")))
        if level != "off" and not any(i.column == f"rules.{rule.id}" for i in issues):
            values = {
                k: tuple(v) if isinstance(v, list) else _like(parameters(rule)[k].default, v)
                for k, v in given.items()
                if k in parameters(rule)
            }
            made.append(rule(level=level, **values))
    return tuple(made)


def _like(default: Any, value: Any) -> Any:
    return float(value) if isinstance(default, float) and isinstance(value, int) else value


def _wrong_parameters(rule: type[Rule], given: dict[str, Any], file: str) -> Iterator[Issue]:
    known = parameters(rule)
    for name, value in given.items():
        key, found = f"rules.{rule.id}", text("{name} = {value}", name=name, value=repr(value)[:80])
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            way = text("perhaps '{near}' is meant", near=near[0]) if near else text("remove it")
            yield Issue(
                file, None, key, found, text("one of the parameters {names}", names=list(known) or "-"), way
            )
            continue
        facts, default = known[name].metadata, known[name].default
        if isinstance(default, tuple):
            right = isinstance(value, list) and all(v in facts["choices"] for v in value)
            expected = text("a list of {choices}", choices=list(facts["choices"]))
        else:
            whole = isinstance(default, int)
            right = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
            right = right and facts["least"] <= value <= facts["most"]
            limits = {"least": f"{facts['least']:g}", "most": f"{facts['most']:g}", "unit": facts["unit"]}
            expected = (
                text("a whole number from {least} to {most} ({unit})", **limits)
                if whole
                else text("a number from {least} to {most} ({unit})", **limits)
            )
        if not right:
            yield Issue(file, None, key, found, expected, text("correct the value"))


def pair_rules(rules: tuple[Rule, ...]) -> tuple[PairRule, ...]:
    """Rules about one teacher and one post."""
    return tuple(r for r in rules if isinstance(r, PairRule))


def aggregate_rules(rules: tuple[Rule, ...]) -> tuple[AggregateRule, ...]:
    """Rules about totals."""
    return tuple(r for r in rules if isinstance(r, AggregateRule))


def with_budget(rules: tuple[Rule, ...], most: int | None) -> tuple[Rule, ...]:
    """Give the move budget its number."""
    return tuple(replace(r, most=most) if isinstance(r, MoveBudget) else r for r in rules)


def printed() -> list[dict[str, Any]]:
    """Return the catalogue as rows: id, sentence, level, scope, source, confidence and parameters."""
    rows = []
    for rule in CATALOGUE:
        shown = {
            name: dict(f.metadata) | {"default": None if f.default is MISSING else f.default}
            for name, f in parameters(rule).items()
        }
        rows.append(
            {
                "id": rule.id,
                "sentence": rule.sentence,
                "level": rule.default,
                "scope": rule.scope,
                "source": rule.source,
                "confidence": rule.confidence,
                "parameters": shown,
            }
        )
    return rows
