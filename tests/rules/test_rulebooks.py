"""Rulebooks: the house's is whole, others are laid over it, and what is wrong is told with the right name and file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from allocator import app, cli
from allocator.domain import Rulebook
from allocator.errors import InputsAreWrong, Issue
from allocator.rules.catalogue import CATALOGUE, parameters, settle
from allocator.rules.contract import Rule
from allocator.scenario.config import Config
from allocator.scenario.read import Scenario
from allocator.scenario.rulebook import known_rulebooks, read_rulebook
from builders import District, assert_sayable, small

CONFIDENCE = ("FOUND", "MEM-H", "MEM-M", "MEM-L")
SOURCE = 'source = "the bureau", confidence = "FOUND"'
BLANK = {
    "teachers": (
        *("pin", "status", "birth", "role", "joined_school", "lock_until", "service", "hired", "backbone"),
        *("graduating", "exchange_until", "couple_id", "chief", "former_schools", "wishes", "carer"),
        *("volunteer", "contract_school"),
    ),
    "schools": ("tier",),
}
SAYS = {
    "pin": "stay",
    "status": "ill",
    "birth": "1980-05",
    "role": "principal",
    "joined_school": "2010-09",
    "lock_until": "2022-08",
    "service": "special_post",
    "hired": "2003-08",
    "backbone": "county",
    "graduating": "yes",
    "exchange_until": "2021-08",
    "couple_id": "C1",
    "chief": "yes",
    "former_schools": "P1",
    "wishes": "P1",
    "carer": "yes",
    "volunteer": "yes",
    "contract_school": "P1",
    "tier": "2",
}
NEEDY = [rule for rule in CATALOGUE if rule.needs]


def book(name: str = "") -> Rulebook:
    """Read a rulebook of the program."""
    found, issues = read_rulebook(name)
    assert found is not None, issues
    return found


def settled(rulebook: Rulebook, name: str = "") -> tuple[dict[str, Rule], list[Issue]]:
    """Settle a scenario that says nothing about rules but names a rulebook."""
    issues: list[Issue] = []
    config = Config(title="", school_year=2020, rulebook=name)
    return {rule.id: rule for rule in settle(config, rulebook, "there/scenario.toml", issues)}, issues


def with_book(folder: Path, text: str, **settings: Any) -> Path:
    """Write ``small`` with a rulebook of its own."""
    return small(rulebook="own.toml", **settings).file("own.toml", text + "\n").write(folder)


def checked(folder: Path) -> tuple[Scenario, dict[str, Any]]:
    """Check a scenario as the program does; return it and its rules by their names."""
    scenario, issues = app.check(folder), []
    rules = settle(scenario.config, scenario.rulebook, "scenario.toml", issues)
    assert not issues
    return scenario, {rule.id: rule for rule in rules}


def errors(folder: Path) -> list[Issue]:
    """Check a scenario that must be refused; return its errors, each one sayable in both languages."""
    with pytest.raises(InputsAreWrong) as wrong:
        app.check(folder)
    found = [issue for issue in wrong.value.issues if issue.severity == "error"]
    for issue in found:
        assert_sayable(issue)
    return found


def test_the_house_rulebook_knows_exactly_the_rules_of_the_catalogue() -> None:
    """Every rule has facts, no facts are of no rule, and the same is true of every parameter."""
    assert set(book()) == {rule.id for rule in CATALOGUE}
    for rule in CATALOGUE:
        assert set(book()[rule.id].parameters) == set(parameters(rule)), rule.id


def test_every_default_has_a_source_and_a_confidence_and_is_allowed() -> None:
    """Nothing in the house's rulebook is without its source, and every default may stand where it stands."""
    for facts in book().values():
        for fact in (facts, *facts.parameters.values()):
            assert fact.source
            assert fact.confidence.startswith(CONFIDENCE)
    assert settled(book())[1] == []


@pytest.mark.parametrize("name", known_rulebooks())
def test_rulebooks_of_the_program_settle_without_an_issue(name: str) -> None:
    """Every rulebook that comes with the program names only rules, parameters and values that there are."""
    rules, issues = settled(book(name), name)
    assert issues == []
    assert list(rules) == [rule.id for rule in CATALOGUE if book(name)[rule.id].level != "off"]


def test_the_national_rulebook_switches_the_exchange_on() -> None:
    """What national texts ask of an exchange is hard there and off in the house; every number stays the house's."""
    national, house = book("cn-national"), book()
    for rule, share in (("exchange.rate", 0.1), ("exchange.backbone", 0.2)):
        assert (house[rule].level, national[rule].level) == ("off", "hard")
        assert national[rule].parameters["share"].value == share
    assert {r: f.parameters for r, f in national.items()} == {r: f.parameters for r, f in house.items()}


def test_rotation_lays_its_numbers_over_the_house() -> None:
    """Tokyo's numbers stand in place of the house's; what it does not say is as in the house."""
    rotation, house = book("rotation"), book()
    assert rotation["tenure.due"].level == "hard"
    assert rotation["tenure.minimum"].parameters["leave"].value == "left_out"
    assert rotation["travel.limit"].parameters["minutes"].value == 90
    assert rotation["travel.limit"].parameters["start"] == house["travel.limit"].parameters["start"]
    assert rotation["direction.areas"].parameters["by"] == house["direction.areas"].parameters["by"]
    assert rotation["direction.areas"].source == house["direction.areas"].source


def test_an_own_rulebook_is_laid_over_parameter_by_parameter(tmp_path: Path) -> None:
    """One number of one rule changes; its level, its source and its other parameter stay, and so do all other rules."""
    text = '[rules."tenure.minimum"]\nyears = { value = 5, ' + SOURCE + " }"
    scenario, rules = checked(with_book(tmp_path / "own", text))
    found, house = dict(scenario.rulebook), dict(book())
    assert (rules["tenure.minimum"].years, rules["tenure.minimum"].leave) == (5.0, "counted")
    mine, theirs = found.pop("tenure.minimum"), house.pop("tenure.minimum")
    assert (mine.level, mine.source) == (theirs.level, theirs.source)
    assert mine.parameters["leave"] == theirs.parameters["leave"]
    assert found == house
    assert "own/own.toml" in scenario.files


def test_the_scenario_is_laid_over_its_rulebook(tmp_path: Path) -> None:
    """A rule that the scenario sets itself takes its number, and the rulebook's where the scenario says none."""
    text = f'[rules."tenure.lock"]\nspecial_post = {{ value = 4, {SOURCE} }}\ndirected = {{ value = 8, {SOURCE} }}'
    rules = {"tenure.lock": {"level": "soft", "directed": 7}}
    lock = checked(with_book(tmp_path, text, rules=rules))[1]["tenure.lock"]
    assert (lock.level, lock.special_post, lock.publicly_funded, lock.directed) == ("soft", 4.0, 6.0, 7.0)


def test_an_own_rulebook_may_lie_elsewhere_and_switch_rules_off(tmp_path: Path) -> None:
    """A path leads out of the scenario folder; a level alone is enough."""
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "town.toml").write_text('[rules."travel.limit"]\nlevel = "off"\n', encoding="utf-8")
    folder = small(rulebook="../books/town.toml").write(tmp_path / "here")
    scenario, rules = checked(folder)
    assert "travel.limit" not in rules
    assert "books/town.toml" in scenario.files


def value(rule: str, parameter: str, content: str) -> str:
    """Write a rulebook with one parameter."""
    return f'[rules."{rule}"]\n{parameter} = {{ value = {content}, {SOURCE} }}'


WRONG_BOOKS: Mapping[str, tuple[str, str, str]] = {
    "name": (value("tenure.minimun", "years", "4"), "rules.tenure.minimun", "'tenure.minimum' is meant"),
    "whole rule": (
        '[rules."leader.kept"]\nlevel = "off"\nsource = "x"\nconfidence = "FOUND"',
        "rules.leader.kept",
        "'leaders.kept' is meant",
    ),
    "parameter": (value("tenure.minimum", "year", "4"), "rules.tenure.minimum", "'years' is meant"),
    "too small": (value("tenure.minimum", "years", "-1"), "rules.tenure.minimum", "0 to 60"),
    "text": (value("tenure.minimum", "years", '"four"'), "rules.tenure.minimum", "0 to 60"),
    "choice": (value("couples.together", "within", '"town"'), "rules.couples.together", "school, zone, km"),
    "list": (value("protection.status", "statuses", '["tired"]'), "rules.protection.status", "pregnant"),
    "no limit where there must be one": (
        f'[rules."travel.limit"]\nminutes = {{ {SOURCE} }}',
        "rules.travel.limit",
        "0 to 1440",
    ),
    "level": ('[rules."tenure.due"]\nlevel = "must"', "rules.tenure.due.level", "hard, soft, off"),
    "plan": ('[rules."placement.everyone"]\nlevel = "soft"', "rules.placement.everyone", "'hard'"),
    "number alone": ('[rules."tenure.minimum"]\nyears = 4', "rules.tenure.minimum.years", "a table"),
    "table": ('[rule."tenure.minimum"]\nlevel = "soft"', "rule", "only the table [rules]"),
    "no table": ("rules = 3", "rules", "a table for each rule"),
}


@pytest.mark.parametrize("what", WRONG_BOOKS)
def test_what_is_wrong_in_a_rulebook_is_told_of_its_file(tmp_path: Path, what: str) -> None:
    """One mistake in a rulebook of one's own is one issue, which names the rulebook, the key and the way out."""
    text, key, said = WRONG_BOOKS[what]
    (issue,) = errors(with_book(tmp_path / "own", text))
    assert (issue.file, issue.column) == ("own/own.toml", key)
    assert said in issue.say("en")


def test_a_default_without_a_source_is_refused(tmp_path: Path) -> None:
    """A number must say where it comes from and how sure it is."""
    found = errors(with_book(tmp_path / "own", '[rules."tenure.minimum"]\nyears = { value = 4 }'))
    assert {(i.file, i.column) for i in found} == {
        ("own/own.toml", f"rules.tenure.minimum.years.{key}") for key in ("source", "confidence")
    }


def test_a_rulebook_that_is_not_toml_is_told_with_its_line(tmp_path: Path) -> None:
    """The file and the line of what cannot be read are named."""
    (issue,) = errors(with_book(tmp_path / "own", "[rules]\nx = = 3"))
    assert issue.say("en").startswith("own/own.toml, line 2")


def test_mistakes_of_rulebook_and_scenario_are_told_at_once(tmp_path: Path) -> None:
    """Each is told of the file it stands in."""
    text = value("tenure.minimum", "years", "99")
    found = errors(
        with_book(tmp_path / "own", text, rules={"travel.limit": {"minutes": -1}, "nonsens": "off"})
    )
    assert sorted((i.file, i.column) for i in found) == [
        ("own/own.toml", "rules.tenure.minimum"),
        ("own/scenario.toml", "rules.nonsens"),
        ("own/scenario.toml", "rules.travel.limit"),
    ]


@pytest.mark.parametrize("name", ["rotatoin", "missing.toml", "house", "../small", "tenure", ""])
def test_a_rulebook_that_is_not_there_is_told_of_the_scenario(tmp_path: Path, name: str) -> None:
    """A name or path that leads to no rulebook is an issue of scenario.toml that lists those there are."""
    folder = small(rulebook=name).write(tmp_path / "here")
    if not name:
        assert checked(folder)[0].rulebook == book()
        return
    (issue,) = errors(folder)
    assert (issue.file, issue.column) == ("here/scenario.toml", "rulebook")
    assert all(known in issue.say("en") for known in known_rulebooks())


WRONG_RULES: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "name": ({"tenure.minimun": "hard"}, "rules.tenure.minimun", "'tenure.minimum' is meant"),
    "parameter": ({"tenure.due": {"year": 6}}, "rules.tenure.due", "'years' is meant"),
    "value": ({"exchange.backbone": {"of": "everybody"}}, "rules.exchange.backbone", "eligible_backbone"),
    "whole number": ({"tenure.due": {"summers": 1.5}}, "rules.tenure.due", "a whole number from 1 to 50"),
    "level": ({"tenure.due": "must"}, "rules.tenure.due.level", "hard, soft, off"),
    "level in a table": ({"tenure.due": {"level": "Hard"}}, "rules.tenure.due.level", "hard, soft, off"),
    "number": ({"tenure.due": 6}, "rules.tenure.due", "a table such as"),
    "plan": ({"placement.everyone": "off"}, "rules.placement.everyone", "'hard'"),
    "reserve": ({"placement.everyone": {"reserve": -1}}, "rules.placement.everyone", "0 to 1e+06"),
}


@pytest.mark.parametrize("what", WRONG_RULES)
def test_what_is_wrong_in_the_rules_of_a_scenario_is_told_of_its_file(tmp_path: Path, what: str) -> None:
    """One mistake in [rules] is one issue, which names scenario.toml, the key and the way out."""
    rules, key, said = WRONG_RULES[what]
    (issue,) = errors(small(rules=rules).write(tmp_path / "here"))
    assert (issue.file, issue.column) == ("here/scenario.toml", key)
    assert said in issue.say("en")


def blank(**settings: Any) -> District:
    """Return ``small`` with nothing in any column that some rule needs."""
    district = small(**settings)
    for table, columns in BLANK.items():
        for row in district.tables[table]:
            row |= dict.fromkeys(columns, "")
    return district


def of_nobody(folder: Path, rule: type[Rule]) -> list[Issue]:
    """Return the warnings that a rule concerns nobody."""
    found = [i for i in app.check(folder).warnings if i.column == f"rules.{rule.id}"]
    for issue in found:
        assert_sayable(issue)
        assert (issue.file, issue.severity) == (f"{folder.name}/scenario.toml", "warning")
        assert all(column in issue.say("en") for column in rule.needs)
    return found


@pytest.mark.parametrize("rule", NEEDY, ids=lambda rule: rule.id)
def test_a_rule_that_is_switched_on_and_concerns_nobody_is_told(tmp_path: Path, rule: type[Rule]) -> None:
    """Blank columns give one warning where the scenario itself names the rule, none where it is off or not named."""
    on = {rule.id: {"level": "hard"}}
    assert len(of_nobody(blank(rules=on).write(tmp_path / "on"), rule)) == 1
    assert of_nobody(blank(rules={rule.id: "off"}).write(tmp_path / "off"), rule) == []
    assert of_nobody(blank().write(tmp_path / "silent"), rule) == []


@pytest.mark.parametrize("rule", NEEDY, ids=lambda rule: rule.id)
def test_one_cell_is_enough_for_a_rule_to_concern_somebody(tmp_path: Path, rule: type[Rule]) -> None:
    """Any one of the columns that a rule needs, filled in one row, silences the warning."""
    for column in rule.needs:
        district = blank(rules={rule.id: "soft"})
        if column == "recruit":
            district.teacher(birth="", backbone="")
        else:
            table = next(name for name, columns in BLANK.items() if column in columns)
            district.tables[table][0][column] = SAYS[column]
        assert of_nobody(district.write(tmp_path / column), rule) == [], column


def printed(*arguments: str) -> str:
    """Run ``allocator rules`` and return what it prints."""
    found = CliRunner().invoke(cli.cli, ["rules", *arguments])
    assert found.exit_code == 0, found.output
    return found.stdout


def test_the_command_prints_the_numbers_of_tokyo() -> None:
    """``allocator rules --rulebook rotation`` shows the rules with Tokyo's numbers, and their sources."""
    lines = printed("--rulebook", "rotation", "--language", "en").splitlines()
    at = {line.split(" ")[0]: n for n, line in enumerate(lines) if not line.startswith(" ")}
    assert set(at) == {rule.id for rule in CATALOGUE}
    for rule, said, shown in (
        ("tenure.minimum", "(hard): A teacher stays at least 3 years", "leave = left_out ("),
        ("tenure.due", "(hard): Teachers who have been at their school for 6 years", "summers = 1 ("),
        ("travel.limit", "at most 90 minutes away", "minutes = 90 (minutes one way; Tokyo [FOUND])"),
        ("direction.areas", "Within the first 3 schools", "kinds = 3 (areas; Tokyo: 3 areas [FOUND])"),
    ):
        own = lines[at[rule] : min((n for n in at.values() if n > at[rule]), default=len(lines))]
        assert said in own[0], own[0]
        assert any(shown in line for line in own), own


def test_the_command_prints_the_house_and_an_own_rulebook(tmp_path: Path) -> None:
    """Without a rulebook the house's own numbers are shown; a path shows those of the file."""
    path = tmp_path / "own.toml"
    path.write_text(value("travel.limit", "minutes", "45") + "\n", encoding="utf-8")
    assert "minutes = 60 (" in printed("--language", "en")
    assert "minutes = 45 (minutes one way; the bureau [FOUND])" in printed(
        "--rulebook", str(path), "--language", "en"
    )


def test_the_command_refuses_a_rulebook_that_is_not_there_or_wrong(tmp_path: Path) -> None:
    """Exit code 1, and the name or the file is told."""
    path = tmp_path / "own.toml"
    path.write_text(value("travel.limit", "minute", "45") + "\n", encoding="utf-8")
    for name, said in (("rotatoin", "rotatoin, "), (str(path), "own.toml, key rules.travel.limit")):
        found = CliRunner().invoke(cli.cli, ["rules", "--rulebook", name, "--language", "en"])
        assert found.exit_code == 1
        assert said in found.stderr
        assert "Traceback" not in found.output
