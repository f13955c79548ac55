"""Who else, and why nobody: what is called lawful is, best is best, and shortages are those that were planted."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from allocator import app
from allocator.cli import cli
from allocator.explain.weigh import Weighing
from allocator.explain.who import about_post, about_teacher, best, refusals
from allocator.report.explain import post_lines, teacher_lines, to_lines
from allocator.solving.shortage import shortage
from allocator.words import say
from benchmarks import explain as benchmark
from builders import District
from explain.test_weigh import drawn
from report.results import Folder
from rules.variants import TINY


@pytest.fixture(scope="module")
def scales(tiny: Folder) -> Weighing:
    """Weigh the plan of tiny."""
    result = tiny.answer.result
    return Weighing(result.problem, result.rules, result.plan)


@pytest.mark.seeds(6)
def test_the_best_is_the_best_of_all(tmp_path: Path, seed: int) -> None:
    """Of all lawful posts of a teacher, those that are told first are the best that break nothing."""
    found = drawn(tmp_path / "v", seed)
    if found is None:
        pytest.skip("no plan keeps the rules of this draw")
    for teacher in range(len(found.problem.teachers)):
        told = about_teacher(found, teacher)
        lawful = [p for p in range(len(found.problem.posts)) if not refusals(found, teacher, p)]
        assert sorted(lawful) == np.flatnonzero(found.lawful[teacher]).tolist()
        rest = [p for p in lawful if p not in (told.post, told.home)]
        assert told.lawful == len(rest)
        every = [found.judged(o) for o in found.compared([[(teacher, p)] for p in rest])]
        kept = sorted(found.key(o) for o in every if not o.broken)
        stated = [found.key(o) for o in told.elsewhere if not o.broken]
        assert stated == kept[: len(stated)]
        assert len(stated) == min(len(kept), 5)


def test_two_hundred_questions_in_small(tmp_path: Path) -> None:
    """The smoke of ``python -m benchmarks.explain``: every outcome is made, and comes out as stated."""
    n, outcomes, failed, _ = benchmark.main(6, ("fermanagh", "tiny"))
    assert n == 6
    assert outcomes > 6
    assert failed == []


def able(lawful: np.ndarray, posts: tuple[int, ...]) -> int:
    """Count who may take any of some posts."""
    return int(lawful[:, list(posts)].any(axis=1).sum())


@pytest.mark.seeds(25)
def test_a_shortage_is_the_largest_there_is(scales: Weighing, seed: int) -> None:
    """Beside every set of posts with the one asked about: none lacks more, and it is told exactly when one lacks any."""
    problem, rng = scales.problem, np.random.default_rng(seed)
    lawful = rng.random(scales.lawful.shape) < 0.15
    for post in range(len(problem.posts)):
        same = problem.posts.subject == problem.posts.subject[post]
        groups = [int(g) for g in np.flatnonzero(same & (problem.posts.places > 0))]
        sets = [s for k in range(1, len(groups) + 1) for s in combinations(groups, k) if post in s]
        most = max((int(problem.posts.places[list(s)].sum()) - able(lawful, s) for s in sets), default=0)
        found = shortage(problem, lawful, post)
        assert (found.missing if found else 0) == max(most, 0)
        if found:
            assert post in found.posts
            assert found.places - able(lawful, tuple(found.posts.tolist())) == most


def planted(posts: int, teachers: int, folder: Path) -> Weighing:
    """Two schools that want PE, and so many who can give it; everybody else gives Chinese."""
    made = District(title="Planted", school_year=2020, seed=1, language="en")
    for school in ("A", "B"):
        made.school(school, pupils={"primary": [30] * 6})
        for n in range(6):
            made.teacher(school, "primary", subject="pe" if n < teachers else "chinese")
    answer = app.answer(app.check(made.write(folder)), compared=False)
    return Weighing(answer.problem, answer.result.rules, answer.result.plan)


def test_an_empty_post_is_explained_by_number(tmp_path: Path) -> None:
    """With too few who can give a subject, the schools, posts and teachers are named, and the sum is right."""
    found = planted(2, 0, tmp_path / "d")
    pe = found.problem.subjects.index("pe")
    posts = np.flatnonzero((found.problem.posts.subject == pe) & (found.problem.posts.places > 0))
    told = about_post(found, int(posts[0]))
    assert told.short is not None
    assert told.short.places == int(found.problem.posts.places[posts].sum())
    assert len(told.short.teachers) == 0
    assert told.lawful == 0
    words = [say(line, "en") for line in post_lines(found, int(posts[0]))]
    assert any("only 0 teachers can lawfully take any of them" in line for line in words)
    assert sum(n for _, n in told.sieve) + told.held + told.lawful == len(found.problem.teachers)


def test_every_refusal_is_needed(scales: Weighing) -> None:
    """Each rule that is named refuses the pair by itself, and no other does."""
    for teacher in range(len(scales.problem.teachers)):
        for post in range(len(scales.problem.posts)):
            for one in refusals(scales, teacher, post):
                assert one.rule.refuses(scales.problem, np.array([teacher]))[0, post]
            assert bool(refusals(scales, teacher, post)) != bool(scales.lawful[teacher, post])


def test_the_ends_of_outcomes_are_lawful(scales: Weighing) -> None:
    """Nobody is sent in an answer where a rule about one teacher refuses."""
    for teacher in range(len(scales.problem.teachers)):
        told = about_teacher(scales, teacher)
        for one in (*told.elsewhere, *told.instead, *([told.still] if told.still else [])):
            assert all(scales.lawful[t, p] for t, p in one.changes)
    assert best(scales, []) == ()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_answers_can_be_said(scales: Weighing, language: str) -> None:
    """Every line of every answer about tiny is a sentence in both languages, without a name."""
    names = set(scales.problem.teachers.table["name"])
    for teacher in range(len(scales.problem.teachers)):
        for line in (
            *teacher_lines(scales, teacher),
            *to_lines(scales, teacher, range(len(scales.problem.posts))),
        ):
            said = say(line, language)
            assert said.strip()
            assert not any(name in said for name in names if name)
    for post in range(len(scales.problem.posts)):
        assert all(say(line, language).strip() for line in post_lines(scales, post))


def run(tiny: Folder, *asked: str) -> tuple[int, str]:
    """Ask the command about the plan of tiny."""
    done = CliRunner().invoke(
        cli, ["explain", str(TINY), str(tiny.path / "plan.csv"), *asked, "--language", "en"]
    )
    return done.exit_code, done.output


def test_the_command_answers(tiny: Folder) -> None:
    """A teacher, a teacher and a school, a post."""
    mover = next(r["teacher_id"] for r in tiny.plan if r["moved"] == "yes")
    empty = next(r for r in tiny.posts if r["unfilled"] != "0")
    code, said = run(tiny, "--teacher", mover)
    assert code == 0
    assert said.startswith(f"{mover}: ")
    code, said = run(tiny, "--post", f"{empty['school_id']}/{empty['stage']}/{empty['subject']}")
    assert code == 0
    assert f"{empty['unfilled']} empty" in said
    code, said = run(tiny, "--refusal", mover)
    assert code == 0
    assert f"If {mover} stayed and nobody else changed" in said or "no present place" in said
    moved = next(r for r in tiny.plan if r["teacher_id"] == mover)
    for school, word in ((moved["from_school"], "Leave"), (moved["to_school"], "Come")):
        code, said = run(tiny, "--school", school)
        assert code == 0
        out = sum(r["from_school"] == school != r["to_school"] for r in tiny.plan)
        into = sum(r["to_school"] == school != r["from_school"] for r in tiny.plan)
        assert f"Leave: {out}" in said
        assert f"Come: {into}" in said
        assert f"    {mover} (" in said.partition(word)[2]
    code, said = run(tiny, "--teacher", mover, "--to", "A2")
    assert code == 0
    assert "A2" in said


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ((), "ask about one teacher, one post, one school, one refusal"),
        (("--school", "A1", "--refusal", "T01"), "ask about one teacher"),
        (("--school", "Z9"), "there is no 'Z9'"),
        (("--refusal", "T99"), "there is no 'T99'"),
        (("--teacher", "T01", "--post", "A1/primary/chinese"), "ask about one teacher"),
        (("--to", "A1", "--post", "A1/primary/chinese"), "name the teacher"),
        (("--teacher", "T99"), "there is no 'T99'"),
        (("--post", "A1"), "A1/primary/chinese"),
        (("--post", "A1/primary/latin"), "A1/primary/chinese"),
        (("--teacher", "T01", "--to", "Z9"), "there is no 'Z9'"),
    ],
)
def test_what_cannot_be_asked_is_bad_usage(tiny: Folder, asked: tuple[str, ...], words: str) -> None:
    """Each is told in words, with what could be meant."""
    code, said = run(tiny, *asked)
    assert code == 2
    assert words in " ".join(said.replace("│", " ").split())
