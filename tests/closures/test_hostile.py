"""Closures of districts that are odd, and in folders that hold something else: told, never a fault and never a loss."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from allocator.closures.choose import Chooser
from allocator.closures.layout import layout
from allocator.scenario.check import read
from builders import District, issues_of, own_standard, toml, where
from report.results import rows
from test_cli import run

LIMIT = 20.0


def district(**settings: object) -> District:
    """Two small schools and one that has room for the pupils of both."""
    made = District(title="Odd", school_year=2020, seed=1, language="en", **settings)
    for i, (school, pupils) in enumerate({"A": 5, "B": 6, "C": 20}.items()):
        made.school(school, pupils={"primary": [pupils] * 6}, lat=f"34.0{i}", township="T")
        made.change("sections", school, classrooms=12 if school == "C" else 6)
        made.teacher(school, "primary")
    return made


def proposed(made: District, folder: Path, *more: object) -> Path:
    """Run the command; returns the result folder."""
    found = run("closures", made.write(folder / "in"), "--out", folder / "out", "--language", "en", *more)
    assert found.exit_code == 0, found.stderr
    return folder / "out"


def test_a_school_to_which_somebody_is_pinned_is_not_proposed(tmp_path: Path) -> None:
    """The pin is the reason that is told, and the other proposals stay."""
    out = proposed(district().change("teachers", "T01", pin="stay"), tmp_path)
    said = {row["school_id"]: row["said"] for row in rows(out / "candidates.csv")}
    assert said["A"] == "a teacher is pinned to it"
    assert {row["school_id"] for row in rows(out / "closures.csv")} == {"B"}


def test_a_proposal_without_a_plan_loses_nothing(tmp_path: Path) -> None:
    """Where the rules leave no plan of the teachers, the proposals are told all the same, with the reason."""
    rules = {
        "school.outflow": {"level": "hard", "share": 0},
        "exchange.rate": {"level": "hard", "share": 1.0},
    }
    out = proposed(district(rules=rules), tmp_path)
    assert rows(out / "proposals.csv")
    assert "no plan of the teachers" in (out / "closures.html").read_text(encoding="utf-8")


def test_an_empty_last_section_goes_nowhere(tmp_path: Path) -> None:
    """The juniors' section of a school has no pupils, and no other school has that stage."""
    made = district().change("schools", "A", kind="nine_year").section("A", "junior", [0, 0, 0])
    assert rows(proposed(made, tmp_path) / "proposals.csv")


def test_files_of_others_stay(tmp_path: Path) -> None:
    """Only tables that the program wrote itself are replaced."""
    out = tmp_path / "out"
    out.mkdir()
    for name in ("closures-minutes.toml", "closures-99z.toml"):
        (out / name).write_text("mine", encoding="utf-8")
    (out / "closures-x.toml").mkdir()
    proposed(district(), tmp_path)
    assert (out / "closures-minutes.toml").read_text(encoding="utf-8") == "mine"
    assert (out / "closures-x.toml").is_dir()
    assert not (out / "closures-99z.toml").exists()


def test_every_code_can_be_written_in_a_table(tmp_path: Path) -> None:
    """Codes with quotes and backslashes come back from the table for scenario.toml as they are."""
    made = district().change("schools", "A", school_id='A"x\\1').change("sections", "A", school_id='A"x\\1')
    out = proposed(made.change("teachers", "T01", school_id='A"x\\1'), tmp_path)
    closed = {row["school_id"] for row in rows(out / "closures.csv")}
    read_ = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(out.glob("closures-*.toml"))]
    assert closed == {school for table in read_ for school in table["closures"]}
    assert 'A"x\\1' in closed


def test_many_more_pupils_are_no_fault(tmp_path: Path) -> None:
    """The greatest factor that a scenario may have is tried at 120 % all the same."""
    proposed(district(enrolment={"factor": 10}), tmp_path)


def test_grades_that_do_not_exist_are_told(tmp_path: Path) -> None:
    """A band of travel has grades from 0 to 12."""
    tables = own_standard()
    tables["closing"]["bands"]["upper"]["grades"].append(99)
    made = district(standard="standard.toml").file("standard.toml", toml(tables))
    assert ("standard.toml", None, "closing.bands") in where(issues_of(made.write(tmp_path / "d")))


def test_a_new_school_keeps_its_township(tmp_path: Path) -> None:
    """A and B may both close into a new school that stands empty so far; without it one of them stays."""
    made = district().change("schools", "C", township="elsewhere", lat="36.0")
    found = layout(read(made.write(tmp_path / "without"), needed=("schools", "sections")))
    none = Chooser(found).nearest(2, LIMIT, None, None)
    assert (none.values, none.proved) == (None, True)
    made.school("D", pupils={"primary": [0] * 6}, lat="34.005", township="T", status="planned")
    made.change("sections", "D", classrooms=6).set(openings={"D": True})
    found = layout(read(made.write(tmp_path / "with"), needed=("schools", "sections")))
    assert Chooser(found).nearest(2, LIMIT, None, None).values is not None


def test_buses_cost_what_the_money_of_a_plan_says(tmp_path: Path) -> None:
    """The same ways at the same price as in money.csv, those that are long enough alone."""
    money = {"bus_km": 2, "bus_beyond_km": 1.5}
    out = proposed(district(money=money), tmp_path)
    for row in rows(out / "proposals.csv"):
        mine = [r for r in rows(out / "closures.csv") if r["proposal"] == row["proposal"]]
        far = [float(r["pupils"]) * float(r["km"]) for r in mine if float(r["km"]) > 1.5]
        assert float(row["bus_yuan"]) == pytest.approx(2 * sum(far))


def test_boarders_have_no_way_by_day(tmp_path: Path) -> None:
    """Where all board, the longest way by day is none."""
    made = District(title="Far", school_year=2020, seed=1, language="en", closing={"solved": 0})
    for school, lat, pupils in (("A", "34.0", 5), ("B", "34.5", 30)):
        made.school(school, kind="junior", pupils={"junior": [pupils] * 3}, lat=lat, boarding="yes")
        made.change("sections", school, classrooms=6).teacher(school, "junior")
    (row,) = rows(proposed(made, tmp_path) / "proposals.csv")
    assert (float(row["longest_minutes"]), int(row["boarding"])) == (0.0, 15)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_stopping_keeps_what_was_found(tmp_path: Path) -> None:
    """Ctrl-C ends the searches within a moment; the proposals so far are written, and it says so."""
    folder = Path(__file__).parents[2] / "scenarios" / "duji-2019"
    made = tmp_path / "in"
    made.mkdir()
    settings = f'title = "Stopped"\nschool_year = 2019\nlanguage = "en"\nbase = {json.dumps(os.path.relpath(folder, made))}\n'
    (made / "scenario.toml").write_text(f"{settings}[closing]\nbelow = 450\n", encoding="utf-8")
    command = [sys.executable, "-m", "allocator", "closures", str(made), "--out", str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        time.sleep(8)
        running.send_signal(signal.SIGINT)
        told, _ = running.communicate(timeout=120)
    assert running.returncode == 0
    assert b"Ended before its time" in told
    assert (tmp_path / "out" / "closures.html").exists()


def test_the_closures_of_the_scenario_stand_beside_the_proposals(tmp_path: Path) -> None:
    """Measured as proposals are, with the limits that they break; a proposal of as many frees no less."""
    made = district(closures={"B": {"to": "A"}}, closing={"keep": ["B"], "solved": 1})
    made.change("sections", "A", classrooms=1)
    out = proposed(made, tmp_path, "--beside")
    own = next(row for row in rows(out / "proposals.csv") if row["proposal"] == "01own")
    best = next(row for row in rows(out / "proposals.csv") if row["proposal"] == "01a")
    assert float(own["posts_worth"]) < float(best["posts_worth"])
    assert (own["pupils"], own["gap"], own["solved"]) == ("36", "", "yes")
    page = (out / "closures.html").read_text(encoding="utf-8")
    assert "in 1 rooms" in page
    assert "would not be proposed: is never to be closed" in page
    assert (
        run("closures", tmp_path / "in", "--out", tmp_path / "further").exit_code == 0
    )  # done first: no row
    assert "01own" not in {row["proposal"] for row in rows(tmp_path / "further" / "proposals.csv")}
    plain = district().write(tmp_path / "plain")
    assert run("closures", plain, "--out", tmp_path / "no", "--beside").exit_code == 2
