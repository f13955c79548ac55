"""A sweep of closures: every case is what a search of its own finds, and what is done is not sought again."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from typer.testing import CliRunner

from allocator import app
from allocator.cli import cli
from allocator.closures.choose import Chooser, proposals_of, worth
from allocator.closures.layout import layout
from allocator.closures.sweep import Terms, cases, under
from allocator.domain import Standard
from allocator.errors import InputsAreWrong
from allocator.report.sweep import _codes, _escaped, opened, school_rows
from allocator.scenario.check import read
from builders import District, issues_of, small
from closures.test_choose import drawn

GRID = {
    "closures": [1, 3],
    "enrolment": [0.8, 1.0],
    "minutes": [0.5, 1.0],
    "townships": [True, False],
}


def made(folder: Path, **sweep: object) -> Path:
    district: District = drawn(3)
    return district.set(sweep=GRID | sweep).write(folder)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Sweep a drawn district whole: its folder, and that of the result."""
    place = tmp_path_factory.mktemp("sweep")
    found = app.sweep(read(made(place / "in")), place / "out", 2)
    assert found.done == len(found.cases) == 2**4
    return place / "in", place / "out"


def test_every_case_is_what_a_search_of_its_own_finds(swept: tuple[Path, Path]) -> None:
    """Each row is a proposal of the layout that the settings of the case make, counted anew from its ways."""
    scenario = read(swept[0])
    listed = rows(swept[1] / "sweep.csv")
    assert {row["case"] for row in listed} == {str(n + 1) for n in range(16)}
    closing = [row for row in listed if row["aim"]]
    assert len({row["posts_worth"] for row in closing}) > 3
    for number, case in enumerate(cases(scenario), start=1):
        found = layout(under(scenario, case.terms), case.terms.enrolment)
        proposals, whole = proposals_of(Chooser(found), case.closures, 60.0)
        mine = [row for row in listed if row["case"] == str(number)]
        assert {row["whole"] for row in mine} == {"yes" if whole else "no"}
        told = [(row["aim"], row["closed"]) for row in mine if row["aim"]]
        assert told == [
            (one.aim, ";".join(found.ids[s] for s in one.closed)) for one in proposals if one.closed
        ]
        for row, one in zip((r for r in mine if r["aim"]), (p for p in proposals if p.closed), strict=True):
            counted = worth(found, one.closed, one.ways)
            assert float(row["posts_worth"]) == pytest.approx(counted.posts)
            assert int(row["pupils"]) == counted.pupils
            assert int(row["closures"]) == len(one.closed) <= case.closures == int(row["most_closures"])
            assert [float(row["enrolment"]), float(row["minutes"])] == [
                case.terms.enrolment,
                case.terms.minutes,
            ]
            assert row["townships"] == ("yes" if case.terms.closing.townships else "no")


def test_safeguards_bind(swept: tuple[Path, Path]) -> None:
    """Half of the minutes leave fewer ways, and a township that may lose its last school never frees fewer posts."""
    scenario = read(swept[0])
    closing = scenario.config.closing
    ways = [
        {(w.section, w.to) for w in layout(under(scenario, Terms(1.0, m, closing))).ways} for m in (0.5, 1.0)
    ]
    assert ways[0] < ways[1]
    best: dict[tuple[str, ...], dict[str, float]] = {}
    for row in rows(swept[1] / "sweep.csv"):
        key = tuple(row[name] for name in ("enrolment", "minutes", "most_closures"))
        if row["aim"] in ("posts", ""):
            best.setdefault(key, {})[row["townships"]] = float(row["posts_worth"] or 0)
    assert all(one["no"] >= one["yes"] - 1e-6 for one in best.values())
    assert any(one["no"] > one["yes"] + 1e-6 for one in best.values())


def test_shares_of_schools_are_counted(swept: tuple[Path, Path]) -> None:
    """In how many rows each school stands, in all and by each value of each setting that has several."""
    found = app.sweep(read(swept[0]), swept[1], 1)
    app_rows = rows(swept[1] / "sweep.csv")

    told = list(school_rows(found))
    some = [row for row in app_rows if row["aim"]]
    for row in told:
        of = [r for r in some if not row["setting"] or r[row["setting"]] == row["value"]]
        closing = [r for r in of if row["school_id"] in r["closed"].split(";")]
        assert (row["scenarios"], row["closing"]) == (len(of), len(closing))
        assert row["share"] == pytest.approx(len(closing) / len(of))
    assert {row["setting"] for row in told} == {
        "",
        "aim",
        "enrolment",
        "minutes",
        "townships",
        "most_closures",
    }
    assert {row["school_id"] for row in told} == {s for r in some for s in r["closed"].split(";")}


def test_it_goes_on_where_it_was_stopped(swept: tuple[Path, Path], tmp_path: Path) -> None:
    """Stopped, torn in the middle of a row, and gone on with another number of processes: the same bytes."""
    scenario, whole = read(swept[0]), (swept[1] / "sweep.csv").read_bytes()
    stop = Event()

    def stopping(_name: str, done: float | None, _all: float | None) -> None:
        if done == 3:
            stop.set()

    part = app.sweep(scenario, tmp_path / "out", 1, stopping, stop)
    assert part.done == 3
    table = tmp_path / "out" / "sweep.csv"
    assert whole.startswith(table.read_bytes())
    table.write_bytes(table.read_bytes()[:-7])
    asked: list[float | None] = []
    again = app.sweep(scenario, tmp_path / "out", 2, lambda _name, done, _all: asked.append(done))
    assert table.read_bytes() == whole
    assert again.done == 16
    assert asked[0] == part.done  # its last case, which was torn, is sought again, and none before it
    assert list(again.rows) == rows(table)


def test_a_folder_takes_one_sweep(swept: tuple[Path, Path], tmp_path: Path) -> None:
    """Another enrolment, or another limit of time, is another sweep; nothing that stands there is touched."""
    shutil.copytree(swept[1], tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    other = read(made(tmp_path / "other", enrolment=[1.0]))
    longer = read(swept[0])
    budget = longer.config.budget.model_copy(update={"seconds": 5.0})
    longer = replace(longer, config=longer.config.model_copy(update={"budget": budget}))
    for scenario in (other, longer):
        with pytest.raises(InputsAreWrong) as told:
            app.sweep(scenario, tmp_path / "out", 1)
        assert "name another folder" in str(told.value)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    (tmp_path / "out" / "sweep.json").unlink()
    with pytest.raises(InputsAreWrong):
        app.sweep(read(swept[0]), tmp_path / "out", 1)


def test_one_sweep_at_a_time(swept: tuple[Path, Path], tmp_path: Path) -> None:
    """Another one in the same folder is refused while the first is at work, and goes on after it."""
    scenario = read(swept[0])
    with opened(scenario, cases(scenario), tmp_path / "out"):
        with pytest.raises(InputsAreWrong) as told:
            app.sweep(scenario, tmp_path / "out", 1)
        assert "at work" in str(told.value)
    with opened(scenario, cases(scenario), tmp_path / "out") as record:
        assert record.done == 0


def _swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *reversed(lines[1:])]


TAMPERED: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a case is missing": lambda lines: [line for line in lines if not line.startswith(b"5,")],
    "a row is missing": lambda lines: [*lines[:8], *lines[9:]],
    "another order": _swapped,
    "twice": lambda lines: [*lines, *lines[1:]],
    "another head": lambda lines: [b"x" + lines[0], *lines[1:]],
    "no head": lambda lines: lines[1:],
    "one column more": lambda lines: [*lines[:6], lines[6] + b",more", *lines[7:]],
    "no number": lambda lines: [*lines[:6], lines[6].replace(b".", b"x"), *lines[7:]],
    "an unknown school": lambda lines: [*lines[:6], lines[6] + b";S99", *lines[7:]],
    "another setting": lambda lines: [*lines[:6], lines[6].replace(b",0.8,", b",0.7,"), *lines[7:]],
    "bytes": lambda lines: [*lines[:6], b"\x00\xff\xfe,", *lines[7:]],
    "a number of a case that is none": lambda lines: [*lines, lines[-1].replace(b"16,", b"999,", 1)],
    "nothing": lambda lines: [],
}


@pytest.mark.parametrize("how", TAMPERED)
def test_what_is_no_row_of_this_sweep_is_sought_again(
    swept: tuple[Path, Path], tmp_path: Path, how: str
) -> None:
    """Whatever became of the table: at the end it has the bytes that it had."""
    shutil.copytree(swept[1], tmp_path / "out")
    table = tmp_path / "out" / "sweep.csv"
    whole = table.read_bytes()
    lines = whole.split(b"\n")[:-1]
    changed = TAMPERED[how](lines)
    table.write_bytes(b"\n".join(changed) + b"\n" * bool(changed))
    assert table.read_bytes() != whole
    assert app.sweep(read(swept[0]), tmp_path / "out", 1).done == 16
    assert table.read_bytes() == whole


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_processes_end_with_the_one_that_began_them(swept: tuple[Path, Path], tmp_path: Path) -> None:
    """Killed without a word, a sweep leaves no process behind, and goes on to the same bytes."""
    asked = [sys.executable, "-m", "allocator", "sweep", str(swept[0]), "--out", str(tmp_path / "out")]
    main = subprocess.Popen([*asked, "--workers", "2"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    table = tmp_path / "out" / "sweep.csv"
    while main.poll() is None and not (table.exists() and len(table.read_bytes().splitlines()) > 2):
        time.sleep(0.05)
    main.kill()
    assert main.stdout is not None
    main.stdout.read()  # ends when the last process that holds it has
    main.wait()
    assert app.sweep(read(swept[0]), tmp_path / "out", 2).done == 16
    assert table.read_bytes() == (swept[1] / "sweep.csv").read_bytes()


def test_a_search_without_time_is_not_called_impossible(swept: tuple[Path, Path], tmp_path: Path) -> None:
    """What was not sought to its end is told, and not that nothing can be closed."""
    asked = ["sweep", str(swept[0]), "--out", str(tmp_path / "out"), "--workers", "1", "--seconds", "1e-5"]
    found = CliRunner().invoke(cli, [*asked, "--language", "en"])
    assert found.exit_code == 0
    assert "did not come to an end" in found.stdout
    assert "no closure is possible" not in found.stdout


def test_the_command_tells_and_writes(swept: tuple[Path, Path], tmp_path: Path) -> None:
    """The page and the shares in both languages; a standard that knows no closures is refused."""
    for language, said in (("en", "Scenarios: "), ("zh", "种情形")):
        out = tmp_path / language
        shutil.copytree(swept[1], out)
        found = CliRunner().invoke(
            cli, ["sweep", str(swept[0]), "--out", str(out), "--language", language, "--workers", "1"]
        )
        assert found.exit_code == 0, found.output
        assert said in found.stdout
        page = (out / "sweep.html").read_text(encoding="utf-8")
        assert said in page
        assert rows(out / "sweep_schools.csv")


@pytest.mark.parametrize("codes", [["P01"], ["a;b", "c"], ["\\", ";", "\\;x"], [" ", "=1", "学校"]])
def test_codes_are_read_back(codes: list[str]) -> None:
    """Whatever a bureau calls its schools."""
    assert _codes(";".join(_escaped(code) for code in codes)) == codes
    assert _codes("") == []


@pytest.mark.parametrize(
    ("sweep", "key"),
    [
        ({"closures": [0]}, "sweep.closures.0"),
        ({"closures": [2, 2]}, "sweep"),
        ({"enrolment": []}, "sweep"),
        ({"enrolment": [0.0]}, "sweep.enrolment.0"),
        ({"by": ["class"]}, "sweep.by.0"),
        ({"same": ["zone"]}, "sweep.same.0"),
        ({"below": [True]}, "sweep.below.0"),
        ({"closures": list(range(1, 400)), "below": list(range(1, 400))}, "sweep"),
        (
            {"enrolment": [n / 1000 for n in range(500, 600)], "minutes": [n / 100 for n in range(50, 101)]},
            "sweep",
        ),
        ({"weights": [1]}, "sweep.weights"),
    ],
)
def test_wrong_lists_are_told_with_their_key(tmp_path: Path, sweep: dict[str, object], key: str) -> None:
    """Every value has its range, stands once, and the cases are not too many."""
    issues = issues_of(small(sweep=sweep).write(tmp_path / "district"))
    assert key in {issue.column for issue in issues}


def test_minutes_of_the_standard_are_left_alone(swept: tuple[Path, Path]) -> None:
    """A factor of 1 leaves the standard as it is, another one changes the minutes of every band and nothing else."""
    scenario = read(swept[0])
    closing = scenario.config.closing

    def minutes(standard: Standard) -> np.ndarray:
        assert standard.closing is not None
        return np.array([band.minutes.value for band in standard.closing.bands.values()])

    assert under(scenario, Terms(0.8, 1.0, closing)).standard is scenario.standard
    half = under(scenario, Terms(1.0, 0.5, closing)).standard
    assert (minutes(half) == minutes(scenario.standard) / 2).all()
    kept = [json.loads(standard.model_dump_json()) for standard in (half, scenario.standard)]
    for one in kept:
        for band in one["closing"]["bands"].values():
            del band["minutes"]["value"]
    assert kept[0] == kept[1]
