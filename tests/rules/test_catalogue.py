"""The catalogue: names, levels and parameters of a scenario's rules, and what is said where one is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from allocator.errors import Issue
from allocator.rules.budget import MoveBudget
from allocator.rules.catalogue import ALWAYS_HARD, CATALOGUE, knowing, printed, settle
from allocator.rules.contract import Rule
from allocator.scenario.config import Config
from allocator.scenario.rulebook import read_rulebook
from allocator.words import LANGUAGES, say
from rules.variants import made

RULEBOOK = read_rulebook()[0] or {}


def settled(rules: object) -> tuple[dict[str, Any], list[Issue]]:
    issues: list[Issue] = []
    config = Config.model_validate({"title": "facts", "school_year": 2020, "rules": rules})
    return {rule.id: rule for rule in settle(config, RULEBOOK, "scenario.toml", issues)}, issues


def test_defaults_stand_where_nothing_is_said() -> None:
    """Without a word of the scenario, every rule has its own default, and those that are off are left out."""
    rules, issues = settled({})
    assert not issues
    assert list(rules) == [rule.id for rule in CATALOGUE if RULEBOOK[rule.id].level != "off"]


@pytest.mark.parametrize(
    "rule", [rule for rule in CATALOGUE if rule.id not in ALWAYS_HARD], ids=lambda rule: rule.id
)
def test_every_rule_takes_every_level(rule: type[Rule]) -> None:
    """Each rule but the definition of a plan may be hard, soft or off, by word or by table."""
    for given in ("hard", {"level": "hard"}, "soft"):
        rules, issues = settled({rule.id: given})
        assert not issues
        assert rules[rule.id].level == (given if isinstance(given, str) else given["level"])
    assert rule.id not in settled({rule.id: "off"})[0]


def test_definition_of_a_plan_stays_hard() -> None:
    """Nobody may be left without a place: soft and off are issues that name the rule."""
    for level in ("soft", "off"):
        _, issues = settled({"placement.everyone": level})
        assert [i.column for i in issues] == ["rules.placement.everyone"]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"tenure.minimun": "hard"}, "tenure.minimum"),
        ({"tenure.minimum": {"year": 3}}, "years"),
        ({"tenure.minimum": {"years": "three"}}, "0 to 60"),
        ({"tenure.minimum": {"years": -1}}, "0 to 60"),
        ({"tenure.minimum": {"years": True}}, "0 to 60"),
        ({"direction.cross_zone": {"most": 2.5}}, "whole number"),
        ({"protection.status": {"statuses": ["tired"]}}, "pregnant"),
        ({"protection.status": {"statuses": "ill"}}, "pregnant"),
        ({"recruits.setting": {"settings": ["suburb"]}}, "rural"),
        ({"budget.moves": {"most": 3}}, "remove it"),
    ],
)
def test_wrong_names_and_values_are_issues_with_a_way_out(rules: object, said: str) -> None:
    """A rule, parameter or value that the catalogue does not know gives one issue that says what is right."""
    _, issues = settled(rules)
    (error,) = (issue for issue in issues if issue.severity == "error")
    assert said in error.say("en")


def test_table_without_a_level_is_hard_and_warned_of_where_the_rule_is_not() -> None:
    """Who only wants to change a number is told that the rule is switched on with it."""
    rules, issues = settled({"direction.cross_zone": {"most": 3}, "tenure.minimum": {"years": 4}})
    assert rules["direction.cross_zone"].level == "hard"
    assert [(i.column, i.severity) for i in issues] == [("rules.direction.cross_zone", "warning")]
    assert not settled({"direction.cross_zone": {"level": "soft", "most": 3}})[1]


def test_all_issues_come_at_once() -> None:
    """Three wrong rules give three issues, and the right ones are settled all the same."""
    rules, issues = settled(
        {
            "nonsense": "hard",
            "tenure.minimum": {"years": -1},
            "travel.limit": {"minute": 3},
            "tenure.lock": "soft",
        }
    )
    assert len(issues) == 3
    assert rules["tenure.lock"].level == "soft"


def test_parameters_reach_the_rule() -> None:
    """Numbers and lists of the scenario are the rule's own."""
    rules, _ = settled({"tenure.minimum": {"years": 6}, "protection.status": {"statuses": ["ill"]}})
    assert rules["tenure.minimum"].years == 6.0
    assert rules["protection.status"].statuses == ("ill",)


def test_budget_gets_its_number() -> None:
    """The move budget is the only rule that the budget changes."""
    rules = tuple(settled({})[0].values())
    changed = [r for r, old in zip(knowing(rules, (), 7), rules, strict=True) if r != old]
    assert changed == [made(MoveBudget, most=7)]


def test_catalogue_prints_itself_whole() -> None:
    """Each rule has its own id, a sentence that takes its parameters, a source, and facts of them."""
    rows = printed(RULEBOOK)
    assert len({row["id"] for row in rows}) == len(CATALOGUE) == len(rows)
    for row in rows:
        assert row["source"]
        assert row["confidence"]
        for facts in row["parameters"].values():
            assert facts["unit"]
            assert facts["source"]
            assert facts["confidence"]
        for language in LANGUAGES:
            assert "{" not in say(row["said"], language)


def test_numbers_too_long_to_be_written_are_issues() -> None:
    """A number of thousands of digits is out of range like any other."""
    _, issues = settled({"tenure.minimum": {"level": "hard", "years": 16**5000}})
    assert [i.column for i in issues] == ["rules.tenure.minimum"]
    assert issues[0].say("zh")
