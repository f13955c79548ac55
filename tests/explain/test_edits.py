"""Changes by hand: all together are what the plan by hand reaches, each alone what it would be, and what does better does."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from allocator.cli import cli
from allocator.explain.edits import edits
from allocator.explain.weigh import Weighing
from allocator.plan import Plan
from allocator.report.edits import edit_lines
from allocator.words import say
from explain.test_weigh import drawn
from report.results import Folder, rows
from rules.variants import TINY


def by_hand(scales: Weighing, seed: int) -> Plan:
    """Give one to four people of a plan other posts, lawful or not; now and then two take each other's."""
    rng = np.random.default_rng([seed, 7])
    who = rng.choice(len(scales.problem.teachers), rng.integers(1, 5), replace=False)
    post = scales.plan.post.copy()
    post[who] = rng.integers(len(scales.problem.posts), size=len(who))
    if seed % 3 == 0:
        post[who[-1]] = -1
    if seed % 2 and len(who) > 1:
        post[who[:2]] = scales.plan.post[who[[1, 0]]]
    return Plan(post)


@pytest.mark.seeds(14)
def test_prices_are_those_of_the_plans(tmp_path: Path, seed: int) -> None:
    """All together: every level of the plan by hand weighed by itself; alone: the same of a plan with that change."""
    scales = drawn(tmp_path / "v", seed)
    if scales is None:
        pytest.skip("no plan keeps the rules of this draw")
    plan = by_hand(scales, seed)
    found = edits(scales, plan)
    changed = np.flatnonzero(plan.post != scales.plan.post).tolist()
    if found is None:
        assert changed == []
        return
    assert dict(found.together.changes) == {t: int(plan.post[t]) for t in changed}
    assert sorted(one.teacher for _, some in found.groups for one in some) == changed
    every = [found.together, *(one for one, _ in found.groups)]
    every += [
        o for _, some in found.groups for e in some for o in (e.alone, *e.elsewhere.best, *e.instead.best)
    ]
    hard = {rule.id for rule in scales.rules if rule.level == "hard"}
    for one in every:
        made = scales.changed(one.changes)
        assert dict(one.values) == pytest.approx(
            Weighing(scales.problem, scales.rules, made).values, abs=1e-9
        )
        assert {v.rule for v in one.broken} == {v.rule for v in scales.violations(made)} & hard
    for _, some in found.groups:
        posts = [int(scales.plan.post[one.teacher]) for one in some]
        outside = [e.now for _, others in found.groups if others != some for e in others]
        assert not set(posts) & set(outside), "whoever takes a post of a group belongs to it"


@pytest.mark.seeds(6)
def test_what_does_better_is_counted(tmp_path: Path, seed: int) -> None:
    """Every other lawful post of the person, and every other person for the post, weighed one by one."""
    scales = drawn(tmp_path / "v", seed)
    if scales is None:
        pytest.skip("no plan keeps the rules of this draw")
    found = edits(scales, by_hand(scales, seed))
    for one in () if found is None else [e for _, some in found.groups for e in some]:
        there = [[(one.teacher, int(p))] for p in np.flatnonzero(scales.lawful[one.teacher])]
        people = np.flatnonzero(scales.lawful[:, one.now]) if one.now >= 0 else ()
        them = [[(int(t), one.now)] for t in people]
        for told, sets in ((one.elsewhere, there), (one.instead, them)):
            rest = [s for s in sets if scales.plan.post[s[0][0]] != s[0][1] and s[0] not in one.alone.changes]
            free = [o for o in map(scales.judged, scales.compared(rest)) if not o.broken]
            better = [o for o in free if one.alone.broken or scales.key(o) < scales.key(one.alone)]
            assert (told.free, told.better) == (len(free), len(better))
            assert [scales.key(o) for o in told.best] == sorted(map(scales.key, free))[:3]


def edited(tiny: Folder, file: Path, places: dict[str, tuple[str, str, str]]) -> Path:
    """Write the plan of tiny with other places."""
    table = rows(tiny.path / "plan.csv")
    for row in table:
        if row["teacher_id"] in places:
            row |= dict(zip(("to_school", "to_stage", "to_subject"), places[row["teacher_id"]], strict=True))
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return file


def ask(tiny: Folder, file: Path, language: str = "en") -> tuple[int, str]:
    """Ask what a plan by hand costs against that of tiny."""
    asked = [
        "explain",
        str(TINY),
        str(file),
        "--against",
        str(tiny.path / "plan.csv"),
        "--language",
        language,
    ]
    done = CliRunner().invoke(cli, asked)
    return done.exit_code, done.output


def test_the_command(tiny: Folder, tmp_path: Path) -> None:
    """Nothing changed, a swap, somebody without a place, and a plan that cannot be read; in both languages."""
    code, said = ask(tiny, edited(tiny, tmp_path / "same.csv", {}))
    assert (code, said.strip()) == (0, "Nobody has another place than in the plan before.")
    now = {r["teacher_id"]: (r["to_school"], r["to_stage"], r["to_subject"]) for r in tiny.plan}
    one, other = next((a, b) for a in now for b in now if now[a][0] != now[b][0] and now[a][1:] == now[b][1:])
    swapped = edited(tiny, tmp_path / "swap.csv", {one: now[other], other: now[one]})
    code, said = ask(tiny, swapped)
    assert code == 0
    assert "Teachers with another place by hand: 2." in said
    assert f"{one}, {other} take posts from one another" in said or f"{other}, {one} take posts" in said
    code, said = ask(tiny, edited(tiny, tmp_path / "none.csv", {one: ("", "", "")}))
    assert "breaks 'placement.everyone'" in said
    assert "without a place" in said
    assert ask(tiny, swapped, "zh")[0] == 0
    code, said = ask(tiny, edited(tiny, tmp_path / "bad.csv", {one: ("Z9", "primary", "pe")}))
    assert code == 1
    assert "Z9" in said


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.seeds(4)
def test_it_can_be_said(tmp_path: Path, seed: int, language: str) -> None:
    """Every line is a sentence in both languages."""
    scales = drawn(tmp_path / "v", seed)
    if scales is not None:
        assert all(
            say(line, language).strip() for line in edit_lines(scales, edits(scales, by_hand(scales, seed)))
        )
