"""What a question lays over a scenario reads, and is refused, as a folder with the same settings and rows is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from allocator import app
from allocator.errors import InputsAreWrong
from allocator.scenario.check import read
from allocator.scenario.overlay import Overlay
from allocator.scenario.schema import KEYS
from builders import District, assert_sayable, overlay, small

ASKED = Overlay(close=("P2=P3",), opening=("P3",), recruit=("pe/primary/bachelor=2", "english/junior/master"))
ROWS = [
    ("new-pe-1", "pe", "primary", "bachelor"),
    ("new-pe-2", "pe", "primary", "bachelor"),
    ("new-english-1", "english", "junior", "master"),
]


def planned() -> District:
    """Return ``small`` with a planned school, and the rows of teachers.csv that recruits need."""
    district = small().school("P3", zone="south", setting="rural", status="planned").section("P3", "primary")
    for row in district.tables["teachers"]:
        row |= {"degree": "bachelor"}
    return district


def laid(folder: Path) -> Path:
    """Write the same as ``ASKED`` as a folder laid over ``base``."""
    over = overlay(closures={"P2": {"to": "P3"}}, openings={"P3": True})
    names = ("teacher_id", "subject", "certificate", "degree")
    over.tables["teachers"] = [dict(zip(names, row, strict=True)) | {"recruit": "yes"} for row in ROWS]
    return over.write(folder)


def test_it_reads_as_a_folder_does(tmp_path: Path) -> None:
    """The same settings and the same tables to the last cell; warnings too, but for where they were asked."""
    base = planned().write(tmp_path / "base")
    asked, other = read(base, over=ASKED), read(laid(tmp_path / "over"))
    assert asked.config == other.config
    for name in KEYS:
        one, two = (s.table(name).drop(columns=["_file", "_row", "_places"]) for s in (asked, other))
        pd.testing.assert_frame_equal(one, two)
    assert [w.found for w in asked.warnings] == [w.found for w in other.warnings]


def test_codes_that_are_taken_are_not_given(tmp_path: Path) -> None:
    """A recruit never lays a row over somebody of the roster."""
    district = planned()
    district.teacher("P1", "primary", "pe", teacher_id="new-pe-1", degree="bachelor")
    found = read(district.write(tmp_path / "base"), over=ASKED).table("teachers")
    assert [who for who in found["teacher_id"] if who.startswith("new")] == [
        "new-pe-1",
        *("new-pe-2", "new-pe-3", "new-english-1"),
    ]


WRONG = Overlay(
    close=("=P1", "P2=", "", "Z9", "P1=N9", "N1=P1", "N1=N2"),
    opening=("", "P1", "Q 7"),
    recruit=(
        "pe",
        "",
        "latin/junior/bachelor=3",
        "pe/junior/phd",
        "pe/primary/bachelor=0",
        "//",
        "a b,c/x/y",
    ),
)


def test_all_that_is_wrong_is_told_at_once_where_it_was_asked(tmp_path: Path) -> None:
    """Each with its option and what was written, in both languages; none is laid at the door of a file."""
    with pytest.raises(InputsAreWrong) as wrong:
        app.check(planned().write(tmp_path / "base"), over=WRONG)
    for issue in wrong.value.issues:
        assert_sayable(issue)
        assert issue.row is None
    files = {issue.file for issue in wrong.value.issues if issue.severity == "error"}
    assert {
        *("--close", "--open", "--recruit", "--close Z9", "--close P1=N9", "--open P1", "--open Q 7"),
        *("--recruit latin/junior/bachelor=3", "--recruit pe/junior/phd", "--recruit a b,c/x/y"),
    } <= files
    assert all(file.startswith("--") for file in files)
    assert len(set(wrong.value.issues)) == len(wrong.value.issues)


@pytest.mark.parametrize("given", ["\0", "=" * 300, "//=1", "１/２/３", "a\nb=c", "110101199001011234"])
def test_whatever_is_written_gives_an_issue(tmp_path: Path, given: str) -> None:
    """No traceback, and no ID-card number on the screen."""
    with pytest.raises(InputsAreWrong) as wrong:
        app.check(planned().write(tmp_path / "base"), over=Overlay((given,), (given,), (given,)))
    assert {issue.file.split(" ")[0] for issue in wrong.value.issues} >= {"--close", "--open", "--recruit"}
    assert not any("110101199001011234" in issue.say("en") for issue in wrong.value.issues)
