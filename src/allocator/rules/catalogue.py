"""The catalogue: every rule once, and the rules of a scenario with their levels and parameters."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import Field, fields, replace
from pathlib import PurePath
from typing import Any

from allocator.domain import Rulebook, RuleFacts
from allocator.errors import Issue, quoted
from allocator.rules.budget import MoveBudget
from allocator.rules.contract import AggregateRule, PairRule, Rule
from allocator.rules.direction import (
    Across,
    CrossStage,
    CrossZone,
    ManyAreas,
    TownToCountryside,
    Upward,
    UpwardGap,
)
from allocator.rules.eligibility import CertificateRank, SubjectSuitability
from allocator.rules.exchange import ExchangeBackbone, ExchangeGraduating, ExchangeRate, ExchangeTerm
from allocator.rules.people import CouplesTogether, LeadsOfSchools, LeadsOfZones
from allocator.rules.placement import EveryonePlaced, PinsKept, RecruitContracts, RecruitSettings
from allocator.rules.protection import (
    LeadersKept,
    NearRetirement,
    ProtectedStatus,
    VolunteersOnly,
    WishesOnly,
)
from allocator.rules.schools import (
    FollowPupils,
    GraduatingKept,
    HeadKept,
    SectionHeadcount,
    SectionOutflow,
    SubjectMinimum,
    SubjectOutflow,
)
from allocator.rules.tenure import DueToMove, LeadersRotate, MinimumTenure, ServiceLock
from allocator.rules.travel import CarersNear, TravelDistance, TravelLimit
from allocator.scenario.config import Config
from allocator.words import text

CATALOGUE: tuple[type[Rule], ...] = (
    EveryonePlaced,
    PinsKept,
    CertificateRank,
    SubjectSuitability,
    ProtectedStatus,
    NearRetirement,
    LeadersKept,
    LeadersRotate,
    HeadKept,
    MinimumTenure,
    ServiceLock,
    DueToMove,
    ExchangeRate,
    ExchangeBackbone,
    ExchangeGraduating,
    ExchangeTerm,
    TravelLimit,
    TravelDistance,
    CarersNear,
    CouplesTogether,
    RecruitSettings,
    RecruitContracts,
    FollowPupils,
    SectionHeadcount,
    SectionOutflow,
    SubjectOutflow,
    SubjectMinimum,
    GraduatingKept,
    LeadsOfZones,
    LeadsOfSchools,
    MoveBudget,
    CrossStage,
    CrossZone,
    Across,
    Upward,
    UpwardGap,
    TownToCountryside,
    ManyAreas,
    VolunteersOnly,
    WishesOnly,
)
ALWAYS_HARD = {EveryonePlaced.id}


def parameters(rule: type[Rule]) -> dict[str, Field[Any]]:
    """Parameters of a rule that a scenario may set, with unit and limits."""
    return {f.name: f for f in fields(rule) if f.metadata}


def usual(rule: type[Rule], rulebook: Rulebook, **given: Any) -> Rule:
    """Make a rule with the defaults of a rulebook, and other values where they are given.

    Raises
    ------
    KeyError
        Where the rulebook does not have the rule or one of its parameters.
    """
    facts, known = rulebook[rule.id], parameters(rule)
    values = {name: facts.parameters[name].value for name in known} | given
    return rule(**{name: _typed(known[name], v) if name in known else v for name, v in values.items()})


def _typed(field: Field[Any], value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return float(value) if str(field.type) == "float" and isinstance(value, int) else value


def settle(config: Config, rulebook: Rulebook, file: str, issues: list[Issue]) -> tuple[Rule, ...]:
    """Put the rules of a scenario together; a name, parameter or level that is wrong becomes an issue.

    Parameters
    ----------
    file
        What scenario.toml is called in issues.

    Returns
    -------
    Every rule that is not off, in the order of the catalogue. What depends on who could lawfully move is
    given later: :func:`knowing`.
    """
    before = len(issues)
    known = {rule.id: rule for rule in CATALOGUE}
    book = _book(config.rulebook, file)
    for name in (*rulebook, *config.rules):
        if name not in known:
            issues.append(_unknown(name, tuple(known), file if name in config.rules else book))
    made = []
    for rule in CATALOGUE:
        facts, setting = rulebook[rule.id], config.rules.get(rule.id)
        level = setting.level if setting else facts.level
        given = setting.parameters if setting else {}
        issues.extend(_wrong_parameters(rule, {n: d.value for n, d in facts.parameters.items()}, book))
        issues.extend(_wrong_parameters(rule, given, file))
        if rule.id in ALWAYS_HARD and level != "hard":
            found, expected = text("'{value}'", value=level), text("'hard': it says what a plan is")
            place = file if setting else book
            issues.append(Issue(place, None, f"rules.{rule.id}", found, expected, text("remove the line")))
        wrong = {i.column for i in issues[before:] if i.severity == "error"}
        if setting and "level" not in setting.model_fields_set and facts.level != "hard":
            issues.append(_without_level(rule.id, facts.level, file))
        if level != "off" and f"rules.{rule.id}" not in wrong:
            made.append(usual(rule, rulebook, level=level, **given))
    return tuple(made)


def _without_level(rule: str, usual: str, file: str) -> Issue:
    """Warn that a table without a level makes a rule hard that by itself is not."""
    return Issue(
        file,
        None,
        f"rules.{rule}",
        text("a table without a level, taken as 'hard'"),
        text("a level; without this table it is '{level}'", level=usual),
        text('write level = "hard", "soft" or "off" into it'),
        "warning",
    )


def _book(name: str, file: str) -> str:
    """Return what a rulebook is called in issues: its folder, as far as it is known, and its name."""
    path = PurePath(name or "house")
    if path.suffix != ".toml":
        return f"standards/rules/{path.name}.toml"
    return PurePath(path.parent.name or PurePath(file).parent.name, path.name).as_posix()


def _unknown(name: str, known: tuple[str, ...], file: str) -> Issue:
    near = difflib.get_close_matches(name[:80], known, n=1)
    way = text("perhaps '{near}' is meant", near=near[0]) if near else text("see 'allocator rules'")
    return Issue(file, None, f"rules.{name[:80]}", quoted(name), text("a rule of the catalogue"), way)


def _wrong_parameters(rule: type[Rule], given: Mapping[str, Any], file: str) -> Iterator[Issue]:
    known = parameters(rule)
    for name, value in given.items():
        key, found = f"rules.{rule.id}", text("{name} = {value}", name=name[:80], value=quoted(value))
        if name not in known:
            near = difflib.get_close_matches(name[:80], known, n=1)
            way = text("perhaps '{near}' is meant", near=near[0]) if near else text("remove it")
            yield Issue(
                file, None, key, found, text("one of the parameters {names}", names=list(known) or "-"), way
            )
        elif not _fits(known[name], value):
            facts, kind = known[name].metadata, str(known[name].type)
            limits = {"least": f"{facts['least']:g}", "most": f"{facts['most']:g}", "unit": facts["unit"]}
            expected = (
                text("a list of {choices}", choices=list(facts["choices"]))
                if kind.startswith("tuple")
                else text("one of {choices}", choices=list(facts["choices"]))
                if kind == "str"
                else text("a whole number from {least} to {most} ({unit})", **limits)
                if kind.startswith("int")
                else text("a number from {least} to {most} ({unit})", **limits)
            )
            yield Issue(file, None, key, found, expected, text("correct the value"))


def _fits(field: Field[Any], value: Any) -> bool:
    """Whether a value may stand for a parameter: its type as the rule declares it, and its limits."""
    facts, kind = field.metadata, str(field.type)
    if value is None:
        return kind.endswith("None")
    if kind.startswith("tuple"):
        return isinstance(value, list | tuple) and all(v in facts["choices"] for v in value)
    if kind == "str":
        return isinstance(value, str) and value in facts["choices"]
    number = isinstance(value, int if kind.startswith("int") else int | float)
    return number and not isinstance(value, bool) and bool(facts["least"] <= value <= facts["most"])


def concerns_nobody(
    config: Config, rules: tuple[Rule, ...], house: Rulebook, tables: Mapping[str, Any], file: str
) -> Iterator[Issue]:
    """Warn of rules that the scenario or its rulebook switches on although the columns they read are blank throughout.

    Parameters
    ----------
    house
        The house's own rulebook.
    tables
        Where two of them have a column of the same name, that of the first is meant.
    """
    columns = {c: table[c] for table in reversed(list(tables.values())) for c in table.columns}
    for rule in rules:
        switched = rule.id in config.rules or house[rule.id].level == "off"
        if not switched or not rule.needs:
            continue
        if not any(_says_something(columns[c]) for c in rule.needs):
            found = text("a rule that concerns nobody: {columns} say nothing", columns=list(rule.needs))
            yield Issue(
                file,
                None,
                f"rules.{rule.id}",
                found,
                text("somebody whom it concerns"),
                text("fill the columns, or switch the rule off"),
                "warning",
            )


def _says_something(column: Any) -> bool:
    return any(v == v and v not in (None, False, (), "none", "on_post", "teacher") for v in column)


def pair_rules(rules: tuple[Rule, ...]) -> tuple[PairRule, ...]:
    """Rules about one teacher and one post."""
    return tuple(r for r in rules if isinstance(r, PairRule))


def aggregate_rules(rules: tuple[Rule, ...]) -> tuple[AggregateRule, ...]:
    """Rules about totals."""
    return tuple(r for r in rules if isinstance(r, AggregateRule))


def knowing(rules: tuple[Rule, ...], eligible: Collection[int], most: int | None) -> tuple[Rule, ...]:
    """Tell the rules who could lawfully move, and give the move budget its number."""
    told = (rule.knowing(eligible) for rule in rules)
    return tuple(replace(r, most=most) if isinstance(r, MoveBudget) else r for r in told)


def printed(rulebook: Rulebook) -> list[dict[str, Any]]:
    """Return the catalogue as rows: id, sentence, level, scope, source, confidence and parameters."""
    rows = []
    for rule in CATALOGUE:
        facts: RuleFacts = rulebook[rule.id]
        shown = {
            name: dict(f.metadata)
            | {
                "default": facts.parameters[name].value,
                "source": facts.parameters[name].source,
                "confidence": facts.parameters[name].confidence,
            }
            for name, f in parameters(rule).items()
        }
        rows.append(
            {
                "id": rule.id,
                "sentence": rule.sentence,
                "said": usual(rule, rulebook).said(),
                "level": facts.level,
                "scope": rule.scope,
                "source": facts.source,
                "confidence": facts.confidence,
                "parameters": shown,
            }
        )
    return rows
