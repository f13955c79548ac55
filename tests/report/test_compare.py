"""Results side by side: counted anew from their files, beaten only by what is no worse, bad folders told."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
from pathlib import Path

import pytest

from allocator.report.compare import Measure, beaten, read_results
from allocator.words import text
from report.results import rows
from rules.variants import variant
from test_cli import run

TINY = Path(__file__).parents[2] / "scenarios" / "tiny"


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Solve the small district with three budgets, and once without its closure."""
    place = tmp_path_factory.mktemp("compared")
    folders = []
    for name, settings in {
        "still": {"budget": {"moves": 0}},
        "some": {"budget": {"moves": 1}},
        "more": {"budget": {"moves": 3}},
        "open": {"closures": None},
    }.items():
        folder = variant(place / f"{name}-in", settings)
        assert run("solve", folder, "--out", place / name, "--language", "en").exit_code == 0
        folders.append(place / name)
    return folders


def compared(folders: list[Path], out: Path, *more: object) -> dict[str, dict[str, str]]:
    """Compare and read compare.csv, by measure."""
    found = run("compare", *folders, "--out", out, "--language", "en", *more)
    assert found.exit_code == 0, found.stderr
    return {row["measure"]: row for row in rows(out / "compare.csv")}


def test_every_number_is_that_of_its_result(solved: list[Path], tmp_path: Path) -> None:
    """From result.json, balance.csv and plan.csv of each."""
    told = compared(solved, tmp_path / "out")
    for letter, folder in zip("ABCD", solved, strict=True):
        facts = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        for name in ("unfilled", "extra", "moved_from_open_schools", "schools_closed", "posts_freed"):
            assert float(told[name][letter]) == facts["counts"][name]
        balance = rows(folder / "balance.csv")
        judged = [r for r in balance if r["threshold"]]
        within = sum(r["pass_after"] == "yes" for r in judged) if all(r["after"] for r in judged) else ""
        assert told["cvs_within"][letter] == str(within)
        known = [float(r["after"]) / float(r["threshold"]) for r in judged if r["after"]]
        assert told["worst_cv"][letter] == "" if len(known) < len(judged) else float(told["worst_cv"][letter])
        journeys = facts["journeys"]
        assert float(told["pupils_moved"][letter]) == sum(j["pupils"] for j in journeys)
        assert float(told["longest_km"][letter]) == pytest.approx(max((j["km"] for j in journeys), default=0))
    assert len({told["moved_from_open_schools"][letter] for letter in "ABC"}) > 1


def test_whoever_has_not_the_same_place_is_listed(solved: list[Path], tmp_path: Path) -> None:
    """Each teacher whose place differs between any two results, and nobody else."""
    compared(solved, tmp_path / "out")
    plans = [
        {
            r["teacher_id"]: " ".join(r[f"to_{what}"] for what in ("school", "stage", "subject"))
            for r in rows(f / "plan.csv")
        }
        for f in solved
    ]
    listed = {
        r["teacher_id"]: [r[letter] for letter in "ABCD"]
        for r in rows(tmp_path / "out" / "compare_teachers.csv")
    }
    expected = {who: [plan[who] for plan in plans] for who in plans[0]}
    assert listed == {who: places for who, places in expected.items() if len(set(places)) > 1}
    assert listed


@pytest.mark.parametrize("seed", range(20))
def test_a_result_is_beaten_where_another_is_no_worse_and_somewhere_better(seed: int) -> None:
    """Against looking at every two in every measure that is known of all."""
    rng = random.Random(seed)
    n, words = rng.randint(2, 5), text("less")
    found = [
        Measure(
            str(i),
            words,
            tuple(None if rng.random() < 0.05 else float(rng.randint(0, 2)) for _ in range(n)),
            rng.choice([-1, 0, 1]),
        )
        for i in range(rng.randint(1, 4))
    ]
    known = [m for m in found if m.better and all(v is not None for v in m.values)]
    expected = {}
    for b in range(n):
        by = [
            a
            for a in range(n)
            if a != b
            and all((m.values[a] - m.values[b]) * m.better >= 0 for m in known)
            and any((m.values[a] - m.values[b]) * m.better > 0 for m in known)
        ]
        if by:
            expected[b] = by
    assert beaten(found, n) == expected


def _changed(folder: Path, out: Path, **cells: str) -> Path:
    """Copy a result with other cells in the first row of balance.csv that has a limit."""
    shutil.copytree(folder, out)
    table = rows(out / "balance.csv")
    row = next(r for r in table if r["measure"] == "cv" and r["threshold"] and float(r["after"] or 0))
    row.update(cells)
    with (out / "balance.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return out


def test_one_coefficient_that_is_better_is_enough_not_to_be_beaten(
    solved: list[Path], tmp_path: Path
) -> None:
    """A hair is nothing, more is; and what is of another day, roster or standard is never called beaten."""
    table = rows(solved[0] / "balance.csv")
    row = next(r for r in table if r["measure"] == "cv" and r["threshold"] and float(r["after"] or 0))
    value = float(row["after"])
    hair = _changed(solved[0], tmp_path / "hair", after=repr(value * (1 + 1e-11)))
    worse = _changed(solved[0], tmp_path / "worse", after=repr(value * 1.01))
    other = _changed(solved[0], tmp_path / "other", after=repr(value * 1.01), before="0.123")
    for folder, said, there in (
        (hair, "equal in everything", True),
        (worse, "B is beaten by A", True),
        (other, "B is beaten by A", False),
        (other, "today's coefficients differ", True),
        (worse, "today's coefficients differ", False),
    ):
        found = run("compare", solved[0], folder, "--out", tmp_path / "out", "--language", "en")
        assert (said in found.stdout) is there, (folder.name, found.stdout)


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"threshold": "0"}, "threshold"),
        ({"threshold": "-0.5"}, "threshold"),
        ({"after": "1e308"}, "after"),
        ({"pass_after": "maybe"}, "pass_after"),
    ],
)
def test_numbers_that_cannot_be_are_told(
    solved: list[Path], tmp_path: Path, cells: dict[str, str], column: str
) -> None:
    """With their column, and not as a fault of the program."""
    found = run(
        "compare",
        solved[0],
        _changed(solved[0], tmp_path / "bad", **cells),
        "--out",
        tmp_path / "out",
        "--language",
        "en",
    )
    assert found.exit_code == 1
    assert f"column {column}: found" in found.stderr


def test_the_same_result_twice_beats_nobody(solved: list[Path], tmp_path: Path) -> None:
    """No difference, nobody listed, in both languages."""
    for language, said in (("en", "equal in everything"), ("zh", "完全相同")):
        found = run("compare", solved[0], solved[0], "--out", tmp_path / language, "--language", language)
        assert found.exit_code == 0
        assert said in found.stdout
        assert rows(tmp_path / language / "compare_teachers.csv") == []
        notice = (tmp_path / language / "NOTICE.txt").read_text(encoding="utf-8")
        assert notice.count("Invented") == 1


def _broken(folder: Path, how: str) -> None:
    """Break one file of a result."""
    plan, facts = folder / "plan.csv", folder / "result.json"
    match how:
        case "no folder":
            shutil.rmtree(folder)
        case "no json":
            facts.write_bytes(b"\x00\xff{")
        case "other json":
            facts.write_text("[1, 2]", encoding="utf-8")
        case "other numbers":
            found = json.loads(facts.read_text(encoding="utf-8"))
            found["counts"]["unfilled"] = "many"
            facts.write_text(json.dumps(found), encoding="utf-8")
        case "deep json":
            facts.write_text("[" * 100_000, encoding="utf-8")
        case "a huge number":
            facts.write_text(
                facts.read_text(encoding="utf-8").replace('"unfilled": ', '"unfilled": 1' + "0" * 400, 1),
                encoding="utf-8",
            )
        case "a pipe":
            facts.unlink()
            os.mkfifo(facts)
        case "no column":
            plan.write_text(
                plan.read_text(encoding="utf-8").replace("to_stage", "stage", 1), encoding="utf-8"
            )
        case "a teacher twice":
            lines = plan.read_text(encoding="utf-8").splitlines()
            plan.write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")
        case "a torn row":
            plan.write_text(plan.read_text(encoding="utf-8") + "T99,x\n", encoding="utf-8")
        case "no number":
            balance = folder / "balance.csv"
            lines = balance.read_text(encoding="utf-8").splitlines()
            cells = lines[1].split(",")
            cells[4] = "nan"
            balance.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n", encoding="utf-8")
        case "other bytes":
            plan.write_bytes(plan.read_bytes() + b"\xff\xfe\x00")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("no folder", "result.json: found no such file"),
        ("no json", "result.json: found another content"),
        ("other json", "result.json: found another content"),
        ("other numbers", "result.json: found another content"),
        ("deep json", "result.json: found another content"),
        ("a huge number", "result.json: found another content"),
        pytest.param(
            "a pipe",
            "result.json",
            marks=pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here"),
        ),
        ("no column", "plan.csv, row 1, column to_stage: found no such column"),
        ("a teacher twice", "a second time"),
        ("a torn row", "found 2 cells"),
        ("no number", "balance.csv, row 2, column after: found 'nan'"),
        ("other bytes", "plan.csv"),
    ],
)
def test_what_is_no_result_is_told(solved: list[Path], tmp_path: Path, how: str, said: str) -> None:
    """With file, row and column, of every folder at once; nothing is written."""
    for name in ("one", "two"):
        shutil.copytree(solved[0], tmp_path / name)
        _broken(tmp_path / name, how)
    found = run("compare", tmp_path / "one", tmp_path / "two", "--out", tmp_path / "out", "--language", "en")
    assert found.exit_code == 1
    assert found.stderr.count(said) == 2
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_asked_is_bad_usage(solved: list[Path], tmp_path: Path) -> None:
    """One result alone, too many, and a folder that is one of the results."""
    assert run("compare", solved[0], "--out", tmp_path / "out").exit_code == 2
    assert run("compare", *[solved[0]] * 27, "--out", tmp_path / "out").exit_code == 2
    assert run("compare", *solved, "--out", solved[0]).exit_code == 2
    assert read_results(solved, "en")[0].letter == "A"
