"""Fallbacks: everybody with another place has a row, and what it states is what is counted when it is done."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import numpy as np
from typer.testing import CliRunner

from allocator.cli import cli
from allocator.explain.weigh import Weighing
from allocator.explain.who import about_teacher
from allocator.plan import places
from allocator.report.fallbacks import fallbacks
from report.results import Folder, rows
from rules.variants import TINY


def weighed(tiny: Folder) -> Weighing:
    """Put the plan of tiny on the scales."""
    result = tiny.answer.result
    return Weighing(result.problem, result.rules, result.plan)


def test_every_move_has_its_fallback(tiny: Folder) -> None:
    """The stand-in is the best of those that explain tells, and its effect is that of the changed plan, counted anew."""
    scales = weighed(tiny)
    problem, found = scales.problem, fallbacks(scales)
    moved = [r["teacher_id"] for r in tiny.plan if r["round"] not in ("stay", "pool")]
    assert [row["teacher_id"] for row in found] == moved
    named = ["/".join(place) for place in places(problem)]
    told = 0
    for row in found:
        t = problem.teachers.ids.index(row["teacher_id"])
        about = about_teacher(scales, t)
        assert (row["stays_level"] is None) == (about.still is None or scales.worse(about.still) is None)
        assert bool(row["stand_in"]) == bool(about.instead)
        if not row["stand_in"]:
            continue
        told += 1
        who = problem.teachers.ids.index(row["stand_in"])
        post = scales.plan.post.copy()
        post[t], post[who] = named.index(row["teacher_goes_to"]), scales.plan.post[t]
        after = Weighing(problem, scales.rules, type(scales.plan)(np.asarray(post)))
        if row["level"]:
            assert abs(after.values[row["level"]] - row["after"]) < 1e-9
            assert abs(scales.values[row["level"]] - row["before"]) < 1e-9
        best = about.instead[0]
        assert scales.key(best)[0] == round(after.values[scales.levels[0]], 9)
    assert told


def test_it_can_be_stopped(tiny: Folder) -> None:
    """Who does not want to wait gets the rows so far."""
    stop = Event()
    stop.set()
    assert fallbacks(weighed(tiny), stop=stop) == []


def test_the_command_writes_them(tiny: Folder, tmp_path: Path) -> None:
    """A table for the owner alone, and a sentence with the count."""
    asked = [
        "fallbacks",
        str(TINY),
        str(tiny.path / "plan.csv"),
        "--out",
        str(tmp_path / "out"),
        "--language",
        "en",
    ]
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 0
    written = rows(tmp_path / "out" / "fallbacks.csv")
    assert f"Refusals looked at: {len(written)}" in done.output
    assert (tmp_path / "out" / "fallbacks.csv").stat().st_mode & 0o077 == 0
