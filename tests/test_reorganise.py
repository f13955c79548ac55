"""Closures, openings and enrolment: where the pupils are in September."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allocator.problem import build
from allocator.reorganise import GRADES, Reorganised, reorganise
from allocator.scenario.check import read
from allocator.scenario.read import Scenario
from builders import District, issues_of, small


def changed(district: District, folder: Path) -> Reorganised:
    return reorganise(district.read(folder))


def pupils(scenario: Scenario) -> dict[tuple[str, str], list[int]]:
    """Pupils by grade of every section, grades without pupils left out."""
    return {
        (row["school_id"], row["stage"]): [int(row[g]) for g in GRADES if row[g] > 0]
        for row in scenario.table("sections").to_dict("records")
    }


def test_pupils_of_a_closing_school_go_to_its_receiver_grade_by_grade(
    closing: District, tmp_path: Path
) -> None:
    """P2 closes: its 10 pupils of each grade sit at N2 in September, everybody else stays, today is untouched."""
    change = changed(closing, tmp_path)
    today, september = pupils(change.before), pupils(change.after)
    assert today["P2", "primary"] == [10] * 6
    assert september["N2", "primary"] == [20] * 6
    assert ("P2", "primary") not in september
    moved = {("P2", "primary"), ("N2", "primary")}
    assert {k: v for k, v in september.items() if k not in moved} == {
        k: v for k, v in today.items() if k not in moved
    }
    (journey,) = change.journeys
    assert (journey.school_id, journey.stage, journey.to_school, journey.pupils) == (
        "P2",
        "primary",
        "N2",
        60,
    )


@pytest.mark.parametrize("seed", range(8))
def test_closures_lose_no_pupil(tmp_path: Path, seed: int) -> None:
    """Whichever schools close and wherever their pupils go, each grade has as many pupils after as before."""
    rng = np.random.default_rng(seed)
    district = District(title="Many", school_year=2020, language="en")
    for i in range(7):
        size = rng.integers(0, 40, 9)
        stages = {"primary": size[:6].tolist(), "junior": size[6:].tolist()}
        district.school(f"S{i}", kind="nine_year", pupils=stages).staff(f"S{i}", "primary", "chinese")
    gone = rng.choice(7, 3, replace=False)
    stay = [f"S{i}" for i in range(7) if i not in gone]
    to = [{"to": "nearest"}, {"to": stay[0]}, {"to": stay[1], "junior_to": stay[2]}]
    district.set(closures={f"S{i}": way for i, way in zip(gone, to, strict=True)})
    change = changed(district, tmp_path)
    before, after = (s.table("sections")[GRADES].sum() for s in (change.before, change.after))
    assert (before == after).all()
    assert sorted(set(change.after.table("sections")["school_id"])) == stay
    assert sum(j.pupils for j in change.journeys) == sum(
        sum(grades) for (school, _), grades in pupils(change.before).items() if school not in stay
    )


def test_the_nearest_school_that_stays_open_and_has_the_stage_receives(tmp_path: Path) -> None:
    """``nearest`` means the shortest way among open schools of the stage; schools that close are passed over."""
    district = small(closures={"N2": {"to": "nearest"}, "P2": {"to": "nearest"}})
    journeys = {(j.school_id, j.stage): j for j in changed(district, tmp_path / "a").journeys}
    # along the meridian lie P1, N1, N2, P2: P1 has no juniors, and P2, the neighbour of N2, closes too
    assert {key: j.to_school for key, j in journeys.items()} == {
        ("N2", "primary"): "N1",
        ("N2", "junior"): "N1",
        ("P2", "primary"): "N1",
    }
    assert 0 < journeys["N2", "primary"].km < journeys["P2", "primary"].km
    way = {"from_id": "P2", "to_id": "P1", "km": "0.5", "minutes": "1"}
    district.row("travel", **way)
    journeys = {(j.school_id, j.stage): j for j in changed(district, tmp_path / "b").journeys}
    near = journeys["P2", "primary"]
    assert (near.to_school, near.km, near.minutes) == ("P1", 0.5, 1)


def test_juniors_may_go_elsewhere(tmp_path: Path) -> None:
    """``junior_to`` takes the juniors of a closing school; the rest go where ``to`` says."""
    change = changed(small(closures={"N2": {"to": "P2", "junior_to": "N1"}}), tmp_path)
    september = pupils(change.after)
    assert september["P2", "primary"] == [20] * 6
    assert september["N1", "junior"] == [50] * 3
    assert september["N1", "primary"] == [10] * 6


def test_pupils_may_go_grade_by_grade(tmp_path: Path) -> None:
    """A closing school sends single grades elsewhere; a school that stays open gives some away and keeps the rest."""
    district = small(
        closures={"N2": {"to": "P2", "junior_to": "N1", "grades": {"6": "P1"}}},
        transfers={"P1": {"1": "N1", "2": "N1", "3": "P2"}},
    )
    change = changed(district, tmp_path)
    september = change.after.table("sections").set_index(["school_id", "stage"])[GRADES]
    assert september.loc["P2", "primary"][1:7].tolist() == [20, 20, 35, 20, 20, 10]
    assert september.loc["P1", "primary"][1:7].tolist() == [0, 0, 0, 15, 15, 25]
    assert september.loc["N1", "primary"][1:7].tolist() == [30, 30, 10, 10, 10, 10]
    assert september.loc["N1", "junior"][7:10].tolist() == [50] * 3
    told = {(j.school_id, j.stage, j.to_school): (j.pupils, j.grades) for j in change.journeys}
    assert told == {
        ("N2", "primary", "P2"): (50, (1, 2, 3, 4, 5)),
        ("N2", "primary", "P1"): (10, (6,)),
        ("N2", "junior", "N1"): (60, (7, 8, 9)),
        ("P1", "primary", "N1"): (40, (1, 2)),
        ("P1", "primary", "P2"): (15, (3,)),
    }


@pytest.mark.parametrize("seed", range(10))
def test_whoever_moves_no_pupil_is_lost(tmp_path: Path, seed: int) -> None:
    """Closures, closures by grade and transfers in chains and rings: every grade keeps its pupils, and each moves once."""
    rng = np.random.default_rng(seed)
    district = District(title="Many", school_year=2020, language="en")
    for i in range(7):
        size = rng.integers(0, 40, 6)
        district.school(f"S{i}", pupils={"primary": size.tolist()}).staff(f"S{i}", "primary", "chinese")
    gone, stay = ("S0", "S1"), [f"S{i}" for i in range(2, 7)]
    grades = {s: {str(g): str(rng.choice(stay)) for g in range(1, 7) if rng.random() < 0.5} for s in gone}
    transfers = {
        s: {str(g): str(rng.choice([o for o in stay if o != s])) for g in range(1, 7) if rng.random() < 0.3}
        for s in stay
    }
    district.set(closures={s: {"to": "nearest", "grades": grades[s]} for s in gone}, transfers=transfers)
    change = changed(district, tmp_path)
    before, after = (
        s.table("sections").set_index("school_id")[GRADES] for s in (change.before, change.after)
    )
    assert (before.sum() == after.sum()).all()
    assert sorted(after.index) == stay
    expected = before.loc[stay].astype(float).copy()
    moved = 0
    for school in before.index:
        for g in range(1, 7):
            n, column = before.loc[school, f"g{g}"], f"g{g}"
            to = grades[school].get(str(g), "nearest") if school in gone else transfers[school].get(str(g))
            if to == "nearest":
                continue  # checked by the sum of the grade
            if to:
                expected.loc[to, column] += n
                if school not in gone:
                    expected.loc[school, column] -= n
            moved += n if to else 0
    near = [j for j in change.journeys if j.school_id in gone]
    for j in near:
        for g in j.grades:
            if str(g) not in grades[j.school_id]:
                expected.loc[j.to_school, f"g{g}"] += before.loc[j.school_id, f"g{g}"]
                moved += before.loc[j.school_id, f"g{g}"]
    assert (expected == after.loc[stay]).all(axis=None)
    assert sum(j.pupils for j in change.journeys) == moved


def test_a_closure_stands_in_place_of_a_transfer_that_a_base_began(tmp_path: Path) -> None:
    """The second summer closes what the first began: all its pupils go where the closure says."""
    small(transfers={"P2": {"1": "P1"}}).write(tmp_path / "first")
    (tmp_path / "second").mkdir()
    settings = 'base = "../first"\nschool_year = 2021\n[closures]\nP2 = { to = "N2" }\n'
    (tmp_path / "second" / "scenario.toml").write_text(settings, encoding="utf-8")
    change = reorganise(read(tmp_path / "second"))
    assert [(j.to_school, j.grades) for j in change.journeys] == [("N2", (1, 2, 3, 4, 5, 6))]


def test_teachers_of_a_school_that_gives_grades_away_keep_their_place(tmp_path: Path) -> None:
    """Nobody is displaced, classes follow the pupils, and the receiving section may hold their share of the staff."""
    plain = build(small().read(tmp_path / "a"))
    moved = build(small(transfers={"P1": {"1": "N1", "2": "N1", "3": "N1"}}).read(tmp_path / "b"))
    assert not moved.displaced.any()
    keys = list(zip(moved.sections.school.tolist(), moved.sections.stage.tolist(), strict=True))
    at = {key: u for u, key in enumerate(keys)}
    p1, n1 = (at[moved.school_ids.index(s), moved.stages.index("primary")] for s in ("P1", "N1"))
    assert moved.after.classes[p1] < plain.after.classes[p1]
    assert moved.after.open[p1]
    staff = np.bincount(moved.teachers.home, minlength=len(keys))
    share = 1 - moved.after.pupils[p1] / plain.after.pupils[p1]
    held = staff[n1] + np.ceil(staff[p1] * share)
    assert moved.sections.high[n1] == max(moved.after.quota[n1], moved.after.posts[n1].sum(), held)
    assert moved.after.pupils.sum() == plain.after.pupils.sum()


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        ({"transfers": {"P9": {"1": "P1"}}}, ["transfers.P9"]),
        ({"transfers": {"P1": {"7": "N1"}}}, ["transfers.P1.7"]),
        ({"transfers": {"P1": {"1": "P1", "2": "P9"}}}, ["transfers.P1.1", "transfers.P1.2"]),
        ({"transfers": {"P1": {"1": "P2"}}, "closures": {"P2": {"to": "N2"}}}, ["transfers.P1.1"]),
        ({"transfers": {"P2": {"1": "P1"}}, "closures": {"P2": {"to": "N2"}}}, []),
        ({"transfers": {"P1": {"1": "nearest"}}}, ["transfers.P1.1"]),
        ({"transfers": {"P3": {"1": "P1"}}}, ["transfers.P3"]),
        (
            {"closures": {"P2": {"to": "N2", "grades": {"8": "N1", "1": "P9"}}}},
            ["closures.P2.grades.8", "closures.P2.grades.1"],
        ),
        ({"transfers": {"P1": {"13": "N1"}}}, ["transfers.P1.13"]),
    ],
)
def test_transfers_that_cannot_be_are_told(
    tmp_path: Path, settings: dict[str, object], keys: list[str]
) -> None:
    """Unknown schools, grades that are not there, receivers that close or are the school itself, each by its key."""
    issues = issues_of(small(**settings).write(tmp_path / "d"))
    assert [str(issue.column) for issue in issues if issue.severity == "error"] == keys


def test_the_factor_of_enrolment_applies_to_september_only(tmp_path: Path) -> None:
    """Every grade is multiplied and rounded to the nearest whole pupil, a half upwards; today stays as it is."""
    change = changed(small(enrolment={"factor": 0.95}), tmp_path)
    assert pupils(change.before)["P1", "primary"] == [20, 20, 15, 15, 15, 15]
    # 20 × 0.95 = 19, 15 × 0.95 = 14.25, 10 × 0.95 = 9.5, 30 × 0.95 = 28.5
    assert pupils(change.after)["P1", "primary"] == [19, 19, 14, 14, 14, 14]
    assert pupils(change.after)["N1", "primary"] == [10] * 6
    assert pupils(change.after)["N1", "junior"] == [29] * 3


def test_enrolment_csv_goes_before_the_factor(tmp_path: Path) -> None:
    """Grades that enrolment.csv states are taken as they stand, blank ones and other sections by the factor."""
    district = small(enrolment={"factor": 0.5})
    district.row("enrolment", school_id="N1", stage="junior", g7=44, g8=0, g9="")
    september = pupils(changed(district, tmp_path).after)
    assert september["N1", "junior"] == [44, 15]
    assert september["N2", "junior"] == [10] * 3


def test_the_forecast_of_a_closing_school_moves_with_its_pupils(closing: District, tmp_path: Path) -> None:
    """Enrolment is forecast where the school stands today, and the forecast pupils make the journey."""
    closing.row("enrolment", school_id="P2", stage="primary", g1=4)
    closing.row("enrolment", school_id="N2", stage="primary", g1=3)
    change = changed(closing, tmp_path)
    assert pupils(change.after)["N2", "primary"][0] == 7
    assert change.journeys[0].pupils == 54


def test_planned_schools_open_only_where_the_scenario_says_so(planning: District, tmp_path: Path) -> None:
    """A planned school is never there today; in September it is there with its pupils if it opens, else not at all."""
    opened = changed(planning, tmp_path / "open")
    assert ("P3", "primary") not in pupils(opened.before)
    assert pupils(opened.after)["P3", "primary"] == [10] * 6
    planning.set(openings={"P3": False}, closures=None)
    left = changed(planning, tmp_path / "left")
    assert ("P3", "primary") not in pupils(left.after)
    assert pupils(left.after)["P2", "primary"] == [10] * 6


def test_classes_without_a_classroom_are_a_warning(closing: District, tmp_path: Path) -> None:
    """The seats must be there before the pupils come: six classrooms do for six classes and not for seven."""
    closing.change("sections", "N2", "primary", classrooms=6)
    assert changed(closing, tmp_path / "fits").warnings == ()
    closing.change("sections", "P2", g1=40)
    (warning,) = changed(closing, tmp_path / "over").warnings
    said = warning.say("en")
    assert warning.severity == "warning"
    assert warning.column == "classrooms"
    assert "6 classrooms for 7 classes" in said
    assert "sections.csv, row 5" in said


def test_schools_above_their_size_are_a_warning(closing: District, tmp_path: Path) -> None:
    """A primary school may have 2,000 pupils; the pupils who come count."""
    closing.set(closures={"P2": {"to": "P1"}}).change("sections", "P1", g1=1840, classrooms=100)
    assert [w.column for w in changed(closing, tmp_path / "full").warnings] == []
    closing.change("sections", "P1", g1=1861)
    (warning,) = changed(closing, tmp_path / "over").warnings
    assert warning.column == "P1"
    assert "2001 pupils" in warning.say("en")
    assert "at most 2000 pupils" in warning.say("en")
