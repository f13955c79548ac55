"""The money side of a plan, counted again from its files and by the distances that the rules use."""

from __future__ import annotations

import numpy as np
import pytest

from allocator.report.scorecard import costs
from allocator.rules.travel import way_km
from report.results import Folder, rows, solved
from rules.variants import TINY, variant
from test_cli import run

PRICES = {"allowance": {"rural": 300, "urban": 0.5}, "commute_km": 20, "bus_km": 15, "bus_beyond_km": 0.1}


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Return the result folder of ``tiny`` with prices."""
    folder = tmp_path_factory.mktemp("priced")
    return solved(variant(folder / "in", {"money": PRICES}), folder / "out")


def test_allowances_follow_the_setting_of_the_school(priced: Folder) -> None:
    """Who holds a post at schools of a setting, today and in the plan, at its price."""
    setting = {row["school_id"]: row["setting"] for row in rows(TINY / "schools.csv")}
    for row in (r for r in rows(priced.path / "money.csv") if r["item"] == "allowance"):
        people = [
            sum(setting.get(one[school]) == row["setting"] for one in priced.plan)
            for school in ("from_school", "to_school")
        ]
        assert [float(row["amount_before"]), float(row["amount_after"])] == people
        assert float(row["cost_after"]) == people[1] * PRICES["allowance"][row["setting"]]  # type: ignore[index]
    assert {r["setting"] for r in rows(priced.path / "money.csv")} == {"rural", "urban", ""}


def test_ways_to_work_are_those_of_the_rules(priced: Folder) -> None:
    """The way of everybody from home, or from the present school, to the school of the plan."""
    problem, plan = priced.answer.problem, priced.answer.result.plan
    everyone = np.arange(len(problem.teachers))
    km = way_km(problem, everyone)
    (row,) = (r for r in rows(priced.path / "money.csv") if r["item"] == "commute")
    for when, school in (("before", problem.home_school), ("after", plan.school(problem))):
        expected = sum(km[t, s] for t, s in zip(everyone, school, strict=True) if s >= 0)
        assert float(row[f"amount_{when}"]) == pytest.approx(expected)
        assert float(row[f"cost_{when}"]) == pytest.approx(20 * expected)
    assert float(row["amount_after"]) > 0


def test_buses_take_the_pupils_of_schools_that_close(
    priced: Folder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Pupils and km of the journeys of result.json, of those that are long enough."""
    journeys = priced.facts["journeys"]
    (row,) = (r for r in rows(priced.path / "money.csv") if r["item"] == "bus")
    ridden = sum(j["pupils"] * j["km"] for j in journeys)
    assert float(row["amount_after"]) == pytest.approx(ridden)
    assert ridden > 0
    folder = tmp_path_factory.mktemp("near")
    far = PRICES | {"bus_beyond_km": max(j["km"] for j in journeys)}
    near = solved(variant(folder / "in", {"money": far}), folder / "out")
    (row,) = (r for r in rows(near.path / "money.csv") if r["item"] == "bus")
    assert float(row["cost_after"]) == 0


def test_the_table_adds_up(priced: Folder, tiny: Folder) -> None:
    """The report shows every row of money.csv and the sum; without prices there is no table."""
    shown = costs(priced.answer.problem, priced.answer.card)
    read = rows(priced.path / "money.csv")
    assert len(shown.rows) == len(read) + 1
    total = sum(float(r["cost_after"]) for r in read)
    assert shown.rows[-1][6] == f"{total:,.0f}"
    assert not costs(tiny.answer.problem, tiny.answer.card).rows


def test_what_is_not_known_today_is_empty_and_not_0(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Buses of today, and ways of today where nobody's home is stated; the page of today has the same."""
    folder = tmp_path_factory.mktemp("homeless")
    nobody = {row["teacher_id"]: {"home_lat": "", "home_lon": ""} for row in rows(TINY / "teachers.csv")}
    asked = variant(folder / "in", {"money": PRICES}, {"teachers": nobody})
    for made, column in ((solved(asked, folder / "out").path, "_before"), (folder / "score", "")):
        if not column:
            assert run("score", asked, "--out", made, "--language", "en").exit_code == 0
            assert "Money a month" in (made / "score.html").read_text(encoding="utf-8")
        for row in (r for r in rows(made / "money.csv") if r["item"] != "allowance"):
            assert (row[f"amount{column}"], row[f"cost{column}"]) == ("", "")


@pytest.mark.parametrize(
    ("prices", "key"),
    [
        ({"allowance": {"rural": -1}}, "money.allowance"),
        ({"allowance": {"moon": 1}}, "money.allowance.moon"),
        ({"commute_km": "many"}, "money.commute_km"),
        ({"bus": 3}, "money.bus"),
    ],
)
def test_wrong_prices_are_refused(
    tmp_path_factory: pytest.TempPathFactory, prices: dict[str, object], key: str
) -> None:
    """What is no price, or no setting, is told with its key."""
    folder = variant(tmp_path_factory.mktemp("wrong") / "in", {"money": prices})
    found = run("check", folder, "--language", "en")
    assert found.exit_code == 1
    assert f"key {key}" in found.stderr
