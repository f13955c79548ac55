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
from allocator.problem import build
from allocator.rules.catalogue import CATALOGUE, settle
from allocator.rules.contract import Rule, Violation
from allocator.rules.placement import EveryonePlaced
from allocator.scenario.read import Scenario, read_tables
from allocator.solving.result import Result
from allocator.solving.solve import solve
from rules.districts import Draw, drawn, parameters

RULES = tuple(rule.id for rule in CATALOGUE if rule is not EveryonePlaced)
CHUNKS, DRAWS = 2, 130  # draws of each chunk
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
    assert EveryonePlaced.id not in {v.rule for v in found}
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
