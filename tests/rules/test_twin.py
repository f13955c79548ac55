"""The twin test: on drawn districts, what the solver holds of the rules is what their witnesses count.

Every rule says twice what it asks: once in arrays for the model, once from the rows of the tables. Here both
are asked about whole plans, with drawn rules and drawn parameters, soft and hard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from allocator.domain import RuleSetting
from allocator.errors import Issue, NoPlan
from allocator.problem import Problem, build
from allocator.rules.catalogue import CATALOGUE, knowing, settle
from allocator.rules.contract import MoversRule, PairRule, Rule, TotalsRule, Violation, case
from allocator.rules.eligibility import SubjectSuitability
from allocator.rules.people import CouplesTogether
from allocator.rules.placement import EveryonePlaced
from allocator.scenario.read import Scenario, read_tables
from allocator.solving.result import Result
from allocator.solving.solve import solve
from builders import own_standard, small, toml
from rules.districts import Draw, drawn, parameters
from rules.variants import made

RULES = tuple(rule.id for rule in CATALOGUE if rule is not EveryonePlaced)
CHUNKS, DRAWS = 2, 110  # draws of each chunk
TURNS = 10  # draws in which every rule is hard once
MOST_WITHOUT = 0.35  # share of the hard draws that may be without a plan
Settings = Mapping[str, Mapping[str, Any]]


@dataclass
class Tally:
    """How many draws of a chunk broke a soft rule, kept a hard one that a free plan breaks, or had no hard plan."""

    broken: Counter[str] = field(default_factory=Counter)
    binding: Counter[str] = field(default_factory=Counter)
    without: int = 0

    def told(self) -> str:
        """Say it in one line."""
        rules = ", ".join(f"{rule} {self.broken[rule]}/{self.binding[rule]}" for rule in RULES)
        return f"{DRAWS} problems, {self.without} of them without a hard plan; draws broken/binding: {rules}"


def chosen(seed: int, draw: Draw) -> tuple[Settings, Settings]:
    """Draw rules with their parameters: some to be hard, the same and many others to be soft."""
    block, turn = divmod(seed, TURNS)
    hard = [str(rule) for rule in np.random.default_rng([block, 2]).permutation(RULES)[turn::TURNS]]
    others = [str(rule) for rule in draw.permutation(RULES) if rule not in hard]
    soft = {rule: parameters(rule, draw) for rule in hard + others[: draw.integers(5, len(others) + 1)]}
    return soft, {rule: soft[rule] for rule in hard}


def settled(scenario: Scenario, settings: Settings, level: str, reserve: int) -> tuple[Rule, ...]:
    """Settle the rules named at a level; all others are off."""
    given = {rule: {"level": "off"} for rule in RULES}
    given |= {rule: {"level": level, **values} for rule, values in settings.items()}
    given[EveryonePlaced.id] = {"level": "hard", "reserve": reserve}
    rules = {rule: RuleSetting.model_validate(values) for rule, values in given.items()}
    config = scenario.config.model_copy(update={"rules": rules})
    issues: list[Issue] = []
    made = settle(config, scenario.rulebook, "scenario.toml", issues)
    assert not issues, [issue.say("en") for issue in issues]
    return made


def witnessed(result: Result) -> list[Violation]:
    """Ask the witness of every rule about a plan."""
    return [v for rule in result.rules for v in rule.violations(result.problem, result.plan)]


def breach(result: Result) -> float:
    """Return what the solver thinks its soft rules are broken by; 0 where nothing could be broken."""
    return sum(level.objective for level in result.levels if level.name == "rules")


def one_draw(seed: int, folder: Path, tally: Tally) -> None:
    """Solve one drawn district three times: rules soft, some of them hard, and all of them off."""
    draw = np.random.default_rng([seed, 1])
    scenario = read_tables(drawn(seed).write(folder))
    problem, reserve = build(scenario), int(draw.choice([0, 0, 2]))
    softly, hardly = chosen(seed, draw)

    soft = solve(problem, settled(scenario, softly, "soft", reserve))
    found = witnessed(soft)
    assert breach(soft) == pytest.approx(sum(v.amount for v in found), abs=1e-5), (seed, found)
    assert (soft.plan.post >= 0).all(), f"{seed}: somebody waits although no hard rule leaves too few places"
    tally.broken.update({v.rule for v in found})

    try:
        hard = solve(problem, settled(scenario, hardly, "hard", reserve))
    except NoPlan:
        tally.without += 1
        assert found, f"{seed}: the soft rules, the hard ones among them, are all kept by a plan"
        return
    assert witnessed(hard) == []
    free = solve(problem, settled(scenario, {}, "off", reserve))
    tally.binding.update(r.id for r in hard.rules if any(r.violations(problem, free.plan)))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_solver_and_witnesses_agree(
    tmp_path: Path, chunk: int, record_property: Callable[[str, object], None]
) -> None:
    """Soft rules are broken by what the witnesses count, hard rules are kept, and every rule is put to the test."""
    tally = Tally()
    for seed in range(chunk * DRAWS, (chunk + 1) * DRAWS):
        one_draw(seed, tmp_path / str(seed), tally)
    record_property("counted", tally.told())
    assert tally.without <= MOST_WITHOUT * DRAWS, tally.told()
    assert not set(RULES) - set(tally.broken), f"never broken: {set(RULES) - set(tally.broken)}"
    assert not set(RULES) - set(tally.binding), f"never binding: {set(RULES) - set(tally.binding)}"


def everything(seed: int, folder: Path, **cells: object) -> tuple[Problem, tuple[Rule, ...]]:
    """Draw a district, with other cells for all who have a place, and every rule with drawn parameters.

    That on couples is left out: it reads two people at once.
    """
    district, draw = drawn(seed), np.random.default_rng([seed, 3])
    for row in district.tables["teachers"]:
        row |= cells if row["school_id"] else {}
    scenario = read_tables(district.write(folder))
    settings = {rule: parameters(rule, draw) for rule in RULES}
    problem, rules = build(scenario), settled(scenario, settings, "hard", 0)
    alone = tuple(rule for rule in rules if not isinstance(rule, CouplesTogether))
    return problem, knowing(alone, range(len(problem.teachers)), 3)


def first_reading(rule: Rule, problem: Problem, teacher: int) -> list[object]:
    """Ask the arrays what each post is to a rule if the teacher holds it: refused, or the total it counts in."""
    posts = np.arange(len(problem.posts))
    if isinstance(rule, PairRule):
        return rule.refuses(problem, np.array([teacher]))[0].tolist()
    assert isinstance(rule, TotalsRule)
    total, value = rule.counted(problem, np.full(len(posts), teacher), posts)
    if isinstance(rule, MoversRule) and getattr(rule, "of", "movers") == "movers":
        total = np.where(value > -rule.share + 1e-9, total, -1)  # those of the part; the others bring it down
    names = rule.limits(problem).names
    return [names[n] if n >= 0 else None for n in total]


def second_reading(rule: Rule, problem: Problem, teacher: int) -> list[object]:
    """Ask the rows the same."""
    posts = range(len(problem.posts))
    if isinstance(rule, PairRule):
        return [rule.refusal(problem, teacher, p) is not None for p in posts]
    assert isinstance(rule, TotalsRule)
    return [rule.counts_one(problem, case(problem, teacher, p)) for p in posts]


@pytest.mark.parametrize("seed", range(6))
def test_both_readings_agree_on_every_placement(tmp_path: Path, seed: int) -> None:
    """Any teacher at any post is refused, or counts in a total, by the arrays as by the rows."""
    problem, rules = everything(seed, tmp_path)
    for rule in rules:
        for t in range(len(problem.teachers)):
            assert first_reading(rule, problem, t) == second_reading(rule, problem, t), (rule.id, t)


@pytest.mark.parametrize("seed", range(6))
def test_profile_tells_all_apart_whom_a_rule_treats_apart(tmp_path: Path, seed: int) -> None:
    """Of teachers of one place, those who agree in a rule's profile are refused, and count, alike everywhere."""
    problem, rules = everything(seed, tmp_path, school_id="S0", stage="primary", subject="music", pin="")
    alike = 0
    for rule in rules:
        columns = [problem.teachers.home, *rule.profile(problem)]
        for t in range(len(problem.teachers)):
            for u in range(t):
                same = problem.teachers.subject[t] == problem.teachers.subject[u]
                if same and all(column[t] == column[u] for column in columns):
                    alike += 1
                    assert first_reading(rule, problem, t) == first_reading(rule, problem, u), (rule.id, t, u)
    assert alike > 1000


def test_both_readings_take_the_best_that_a_subject_suits_to(tmp_path: Path) -> None:
    """Where a standard values experience above the certificate, a subject of both suits to the greater of the two."""
    standard = own_standard()
    standard["suitability"]["certified"]["value"] = 0.6
    cells = {"certificate_subject": "art", "experienced_subjects": "art"}
    district = small(standard="own.toml").change("teachers", "T01", **cells).file("own.toml", toml(standard))
    problem = build(read_tables(district.write(tmp_path)))
    art = [p for p, subject in enumerate(problem.posts.subject) if problem.subjects[subject] == "art"]
    for least, refused in ((0.7, False), (0.9, True)):
        rule = made(SubjectSuitability, least=least)
        assert first_reading(rule, problem, 0) == second_reading(rule, problem, 0)
        assert {first_reading(rule, problem, 0)[p] for p in art} == {refused}
