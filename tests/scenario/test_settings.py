"""scenario.toml against the tables: published totals, closures, openings, priorities, the budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from allocator.scenario.check import read
from allocator.scenario.config import Budget, Closure
from builders import issues_of, small, where

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def test_the_published_contradiction_of_2021_is_one_warning_that_says_both():
    """20,781 pupils are published, but the stages and the tables add up to 20,977: 196 more."""
    (warning,) = read(SCENARIOS / "duji-2021").warnings
    assert warning.column == "published.pupils"
    said = warning.say("en")
    assert all(number in said for number in ("20781", "20977", "by 196"))


@pytest.mark.parametrize(
    ("published", "numbers"),
    [
        ({"pupils": 431}, ["431 published, 430 in the tables"]),
        ({"pupils": 430, "primary": 280, "junior": 151}, ["430 published", "add up to 431", "by 1;"]),
        (
            {"staff": 13, "staff_primary": 9, "staff_junior": 3},
            ["13 published", "up to 12", "12 in the tables"],
        ),
        ({"schools": 5}, ["5 published, 4 in the tables"]),
        ({"schools_nine_year": 1}, ["1 published, 2 in the tables"]),
        ({"primary": 279.5}, ["279.5 published, 280 in the tables"]),
    ],
)
def test_a_published_total_that_disagrees_is_told_with_its_numbers(published, numbers, tmp_path):
    """A conflict with the tables, among the parts, or both, is one warning a total."""
    issues = issues_of(small(published=published).write(tmp_path / "district"))
    told = next(issue for issue in issues if issue.column == f"published.{next(iter(published))}")
    assert told.severity == "warning"
    assert all(number in told.say("en") for number in numbers)
    assert len({issue.column for issue in issues}) == len(issues)


def test_published_totals_that_agree_are_not_mentioned(tmp_path):
    """Agreement needs no words."""
    agreed = {"pupils": 430, "primary": 280, "junior": 150, "staff": 12, "schools": 4}
    assert issues_of(small(published=agreed).write(tmp_path / "district")) == []


@pytest.mark.parametrize("stage", ["primary", "junior", "senior"])
def test_only_juniors_can_be_sent_apart(stage):
    """``junior_to`` names the receiver of the stage ``junior`` and of no other."""
    assert Closure(to="A", junior_to="B").receiver(stage) == ("B" if stage == "junior" else "A")
    assert Closure(to="A").receiver(stage) == "A"


def test_a_closure_needs_an_open_receiver_of_every_stage(tmp_path):
    """A nine-year school may close when another one, or two schools together, can take its pupils."""
    district = small(closures={"N2": {"to": "P2", "junior_to": "N1"}})
    assert issues_of(district.write(tmp_path / "two")) == []
    assert issues_of(small(closures={"N2": {"to": "nearest"}}).write(tmp_path / "nearest")) == []


def test_a_planned_school_receives_only_when_it_opens(planning, tmp_path):
    """Pupils cannot go to a school that stays planned, and it cannot be closed either."""
    planning.set(openings={"P3": False}, closures={"P3": {"to": "P1"}})
    expected = [("scenario.toml", None, "closures.P2"), ("scenario.toml", None, "closures.P3")]
    assert sorted(where(issues_of(planning.write(tmp_path / "district")))) == expected


def test_larger_schools_are_known_and_of_a_kind_with_a_relaxed_limit(tmp_path):
    """A code that does not exist, and a teaching point, are issues at the key; others are not."""
    district = small(scoring={"larger_schools": ["P1", "N1", "P1x"]})
    assert where(issues_of(district.write(tmp_path / "one"))) == [
        ("scenario.toml", None, "scoring.larger_schools")
    ]
    district = small(scoring={"larger_schools": ["P1"]}, standard="cn-2012")
    assert where(issues_of(district.write(tmp_path / "two"))) == [
        ("scenario.toml", None, "scoring.larger_schools")
    ]
    assert issues_of(small(scoring={"larger_schools": ["P1", "N1"]}).write(tmp_path / "fine")) == []


def test_nearest_does_not_count_planned_schools(tmp_path):
    """A school that stays planned is no receiver for ``nearest``."""
    district = small(closures={"N2": {"to": "nearest"}, "N1": {"to": "N3"}})
    district.school("N3", kind="nine_year", status="planned").section("N3", "junior").section("N3", "primary")
    issues = issues_of(district.write(tmp_path / "district"))
    assert set(where(issues)) == {
        ("scenario.toml", None, "closures.N1"),
        ("scenario.toml", None, "closures.N2"),
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (key, value)
        for key in (
            "budget",
            "objective",
            "priorities",
            "rules",
            "closures",
            "openings",
            "enrolment",
            "published",
        )
        for value in (3, "x", [1], True)
    ],
)
def test_a_table_of_the_wrong_type_is_an_issue_that_names_its_key(key, value, tmp_path):
    """A number, a text or a list in place of a table gives one issue at the key."""
    folder = small(**{key: value}).write(tmp_path / "district")
    assert where(issues_of(folder)) == [("scenario.toml", None, key)]


def test_wrong_keys_do_not_hide_one_another(tmp_path):
    """Every wrong key is reported, and right ones are still checked against the tables."""
    wrong = {"seed": "1", "language": "de", "budget": {"gap": 2}, "school_year": 1800}
    folder = small(**wrong, closures={"P9": {"to": "P1"}}).write(tmp_path / "district")
    assert {place[2] for place in where(issues_of(folder))} == {
        "seed",
        "language",
        "budget.gap",
        "school_year",
        "closures.P9",
    }


def test_months_are_not_judged_by_a_year_that_is_wrong(tmp_path):
    """Where the school year cannot be read, no month is called too late."""
    folder = small(school_year="2001").write(tmp_path / "district")
    assert where(issues_of(folder)) == [("scenario.toml", None, "school_year")]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("as_of", "2019-13"),
        ("as_of", "2019-02-29"),
        ("as_of", "in autumn"),
        ("as_of", "0000"),
        ("bureau", " Bureau"),
        ("bureau", "Bureau\u202e"),
        ("bureau", "a\nb"),
        ("bureau", "x" * 201),
        ("title", "a\u202eb"),
        ("title", "x" * 201),
        ("last_exchange", {"moved": 5, "eligible": 4}),
        ("last_exchange", {"moved": 5, "backbone": 6}),
    ],
)
def test_a_date_exists_and_parts_are_no_more_than_the_whole(key, value, tmp_path):
    """What stands on a page that is signed is refused where it cannot be true."""
    issues = issues_of(small(**{key: value}).write(tmp_path / "district"))
    assert [issue.column for issue in issues] == [key]


@pytest.mark.parametrize(
    ("as_of", "wrong"), [("2014", True), ("2015-01", False), ("2020-12-31", False), ("2021", True)]
)
def test_tables_are_of_the_years_before_the_plan(as_of, wrong, tmp_path):
    """Five years older at most, and never of a later year."""
    issues = [
        issue
        for issue in issues_of(small(as_of=as_of).write(tmp_path / "district"))
        if issue.severity == "error"
    ]
    assert bool(issues) is wrong
    if wrong:
        assert "2015 to 2020" in issues[0].say("en")


def test_what_is_of_one_year_is_not_taken_from_a_base(tmp_path):
    """The date of the tables, and who moved last summer, are another year's in a base."""
    stated = {"as_of": "2018-09", "last_exchange": {"moved": 1, "eligible": 2}, "bureau": "Bureau"}
    small(**stated).write(tmp_path / "base")
    (tmp_path / "over").mkdir()
    (tmp_path / "over" / "scenario.toml").write_text(
        'base = "../base"\nschool_year = 2021\n', encoding="utf-8"
    )
    config = read(tmp_path / "over").config
    assert (config.as_of, config.last_exchange.moved, config.bureau) == ("", None, "Bureau")


def test_more_eligible_teachers_than_there_are_is_a_warning(tmp_path):
    """The number is the bureau's own, and may be of a larger roster: it is told, and not refused."""
    issues = issues_of(small(last_exchange={"eligible": 50_000, "moved": 5}).write(tmp_path / "district"))
    assert [(issue.column, issue.severity) for issue in issues] == [("last_exchange.eligible", "warning")]


def test_a_budget_may_be_a_share_of_the_eligible():
    """10% of 153 eligible teachers allows 15 moves; no budget allows any number."""
    assert Budget(moves="10%").most_moves(153) == 15
    assert Budget(moves=7).most_moves(153) == 7
    assert Budget().most_moves(153) is None
