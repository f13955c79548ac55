"""What each hard rule costs: a rule that binds has a price, one that does not has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from allocator import app
from allocator.errors import LimitReached
from allocator.solving import price
from allocator.solving.price import RulePrice, prices
from allocator.solving.result import Result
from allocator.solving.solve import solve
from builders import District
from rules.variants import problem_of, variant


def two_schools(**settings: object) -> District:
    """One school has two mathematicians for one post, the other none for one: the move is all there is to gain."""
    made = District(title="Price", school_year=2020, seed=1, language="en", **settings)
    made.set(objective={"levels": ["coverage"]})
    for school in ("A", "B"):
        made.school(school, pupils={"primary": (20, 20, 20, 20, 20, 20)})
        made.row("posts", school_id=school, stage="primary", subject="mathematics", posts=1)
    return made.staff("A", "primary", "mathematics mathematics").teacher("B", "primary", "music", pin="stay")


def priced(made: District, folder: Path) -> dict[str, RulePrice]:
    result = solve(*problem_of(made.write(folder)))
    return {found.rule: found for found in prices(result)}


def test_only_the_rule_that_binds_has_a_price(tmp_path: Path) -> None:
    """Without the rule on volunteers the post is filled: it costs 3, the weight of mathematics; the others nothing."""
    found = priced(two_schools(rules={"volunteers.only": "hard"}), tmp_path)
    assert found["volunteers.only"] == RulePrice("volunteers.only", "coverage", 3.0, 0.0, 0.0)
    assert {rule for rule, cost in found.items() if cost.level} == {"volunteers.only"}
    assert all(cost.known for cost in found.values())


def test_two_rules_that_bind_together_cost_nothing_each(tmp_path: Path) -> None:
    """Each rule is left out by itself: where another forbids the same, nothing is gained."""
    found = priced(two_schools(rules={"volunteers.only": "hard"}, budget={"moves": 0}), tmp_path)
    assert not any(cost.level for cost in found.values())


def test_totals_have_a_price_too(tmp_path: Path) -> None:
    """A budget of no move costs what one move would fill."""
    found = priced(two_schools(budget={"moves": 0}), tmp_path)
    assert (found["budget.moves"].level, found["budget.moves"].kept, found["budget.moves"].without) == (
        "coverage",
        3.0,
        0.0,
    )


def test_soft_rules_and_the_definition_of_a_plan_have_none(tmp_path: Path) -> None:
    """What is not hard, or cannot be left out, is not priced."""
    found = priced(two_schools(rules={"volunteers.only": "soft"}), tmp_path)
    assert {"volunteers.only", "placement.everyone", "couples.together"} & set(found) == set()


def test_gain_lies_between_what_is_shown(tmp_path: Path) -> None:
    """On tiny every price is what solving the scenario without the rule gives, to the coarse gap."""
    result = solve(*problem_of(variant(tmp_path / "all")))
    for cost in prices(result):
        free = solve(*problem_of(variant(tmp_path / cost.rule, {"rules": {cost.rule: "off"}})))
        levels = {level.name: level for level in free.levels}
        first = next((k for k in result.levels if k.objective - levels[k.name].objective > 1e-3), None)
        if first is None or first.name == "burden":
            continue
        assert cost.level == first.name, cost.rule
        assert cost.best - 1e-5 <= levels[first.name].objective <= cost.without + 1e-5


def test_rule_whose_price_is_not_found_in_time_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit that comes first gives no number."""
    result: Result = solve(*problem_of(two_schools(budget={"moves": 0}).write(tmp_path)))

    def late(*_: object, **__: object) -> None:
        raise LimitReached

    monkeypatch.setattr(price, "assign", late)
    assert RulePrice("budget.moves", known=False) in prices(result)


def test_prices_stand_in_the_answer_where_they_were_asked(tmp_path: Path) -> None:
    """Nothing is priced unless it is asked."""
    scenario = app.check(two_schools(budget={"moves": 0}).write(tmp_path))
    assert app.answer(scenario).prices == ()
    assert [p.rule for p in app.answer(scenario, priced=True).prices if p.level] == ["budget.moves"]
