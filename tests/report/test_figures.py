"""Pictures: every drawing as SVG and PNG, the same bytes each time, with letters of the package's own font."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from allocator.cli import cli
from allocator.report.figures import figures
from allocator.report.parts import Chapter, Chart, Dot, Map, Place
from allocator.report.story import Story
from allocator.words import text
from report.results import Folder
from rules.variants import TINY


@pytest.fixture(scope="module")
def drawn(tiny: Folder) -> dict[str, bytes]:
    """Draw the report of tiny."""
    return figures(tiny.story)


def test_every_drawing_is_there_twice(tiny: Folder, drawn: dict[str, bytes]) -> None:
    """One SVG and one PNG for each drawing of the report, numbered in their order."""
    stems = sorted({name.rpartition(".")[0] for name in drawn})
    assert len(stems) == len(tiny.story.drawings) > 3
    assert sorted(drawn) == sorted(f"{stem}.{form}" for stem in stems for form in ("png", "svg"))
    assert [stem[:9] for stem in stems] == [f"figure-{i:02d}" for i in range(1, len(stems) + 1)]


def test_pictures_need_no_font_and_nothing_else(drawn: dict[str, bytes]) -> None:
    """Letters are outlines, and nothing is loaded from anywhere."""
    for name, content in drawn.items():
        if name.endswith(".svg"):
            root = ET.fromstring(content)
            assert not [one for one in root.iter() if one.tag.endswith("}text")]
            links = [v for one in root.iter() for k, v in one.attrib.items() if k.endswith("href")]
            assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
        else:
            assert content.startswith(b"\x89PNG")


def test_pictures_are_the_same_each_time(tiny: Folder, drawn: dict[str, bytes]) -> None:
    """No date and no random mark stands in them."""
    assert figures(tiny.story) == drawn


def _titled(told: Story, words: str) -> Story:
    dots = (Dot(0.0, 1.0, None, text("here")), Dot(1.0, 0.5, None, text("there")))
    chart = Chart(text("{words}", words=words), text("across"), text("up"), dots)
    return replace(told, chapters=(Chapter("one", None, (chart,)),), notice=words)


def test_rare_characters_of_names_are_drawn(tiny: Folder) -> None:
    """Characters that subsets of fonts leave out have outlines, and a sign of formulas is no formula."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = figures(_titled(tiny.story, "喆堃珺镕 $x_1$ 中心小学"))
        boxes = figures(_titled(tiny.story, "𠮷" * 4))
    assert len(found["figure-01-curve.svg"]) > len(boxes["figure-01-curve.svg"])


def test_pictures_do_not_depend_on_the_machine(
    tiny: Folder, drawn: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings of matplotlib that lie about, and a screen that is not there, change nothing."""
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: black\ntext.usetex: True\nno.such.key: 1\n")
    (tmp_path / "figures.py").write_text(
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from pathlib import Path\nfrom allocator import app\nfrom allocator.report.chapters import story\n"
        "from allocator.report.figures import figures\nfrom rules.variants import TINY\n"
        "found = figures(story(app.answer(app.check(TINY))))\n"
        "print(sum(map(len, found.values())), sorted(found)[0])\n"
    )
    environment = {**os.environ, "MPLBACKEND": "bogus"}
    paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "src")]
    done = subprocess.run(
        [sys.executable, "figures.py", *paths],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(sum(map(len, drawn.values()))), sorted(drawn)[0]]
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["Ford\x01", "a\x0bb", "x\ufffe", "_hidden", "n" * 5000])
def test_odd_names_give_whole_pictures(tiny: Folder, name: str) -> None:
    """Control characters are replaced, long names cut, and every picture is well formed and no wider than a page."""
    spots = [
        Place("a", name, 0.0, 0.0, 9.0, name, "stays", text("x")),
        Place("b", "B", 1.0, 1.0, 9.0, "z", "closes", text("x")),
    ]
    drawn = Map(text("map"), tuple(spots), ())
    told = replace(tiny.story, chapters=(Chapter("one", None, (drawn,)),), notice=name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = figures(told)
    root = ET.fromstring(found["figure-01-map.svg"])
    assert float(root.attrib["width"].removesuffix("pt")) < 2000


def test_pictures_that_fail_do_not_cost_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said that they could not be drawn, and all else is written."""

    def broken(_: Story) -> dict[str, bytes]:
        raise RuntimeError("no ink")

    monkeypatch.setattr("allocator.report.figures.figures", broken)
    done = CliRunner().invoke(cli, ["solve", str(TINY), "--out", str(tmp_path / "out"), "--figures"])
    assert done.exit_code == 0
    assert "no ink" in done.output
    assert (tmp_path / "out" / "plan.csv").exists()


def test_pictures_stand_beside_the_report_while_they_are_asked_for(tmp_path: Path) -> None:
    """``--figures`` writes them; without it those of an earlier run go, and nothing else does."""
    run, out = CliRunner(), tmp_path / "out"
    assert run.invoke(cli, ["solve", str(TINY), "--out", str(out), "--figures"]).exit_code == 0
    pictures = set(out.glob("figure-*"))
    assert len(pictures) > 6
    assert all(path.stat().st_mode & 0o077 == 0 for path in pictures)
    (out / "figure-of-my-own.png").write_text("kept")
    assert run.invoke(cli, ["solve", str(TINY), "--out", str(out)]).exit_code == 0
    assert set(out.glob("figure-*")) == {out / "figure-of-my-own.png"}


def test_what_draws_is_loaded_only_where_it_is_asked_for() -> None:
    """The commands start without matplotlib and without python-docx."""
    code = "import sys, allocator.cli; sys.exit(bool({'matplotlib', 'docx'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
