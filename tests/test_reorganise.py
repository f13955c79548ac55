"""Closures, openings and enrolment: where the pupils are in September."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allocator.reorganise import GRADES, Reorganised, reorganise
from allocator.scenario.read import Scenario
from builders import District, small


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
