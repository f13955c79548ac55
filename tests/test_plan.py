"""The plan: what follows from teacher and post alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allocator.plan import Plan, rounds, standing_still
from allocator.problem import Problem, build
from builders import District, small


@pytest.fixture
def problem(tmp_path: Path) -> Problem:
    """``small`` with P2 closing, one recruit, one post of each kind that the tests ask for."""
    district: District = small(closures={"P2": {"to": "N2"}})
    district.change("teachers", "T03", pin="N1").teacher(subject="english", certificate="junior")
    for school, stage, subject, posts in (
        ("P1", "primary", "chinese", 2),
        ("N1", "primary", "mathematics", 1),
        ("N2", "primary", "chinese", 3),
    ):
        district.row("posts", school_id=school, stage=stage, subject=subject, posts=posts)
    return build(district.read(tmp_path))


def post(problem: Problem, school: str, stage: str, subject: str) -> int:
    ids = problem.schools["school_id"].to_numpy()
    found = (ids[problem.post_school] == school) & (problem.post_stage == problem.stages.index(stage))
    found &= problem.posts.subject == problem.subjects.index(subject)
    return int(np.flatnonzero(found)[0])


def test_standing_still_keeps_what_is_left_of_today(problem: Problem) -> None:
    """Everybody whose section stays open keeps section and subject; the others and recruits hold nothing."""
    still = standing_still(problem)
    ids = np.array(problem.teachers.ids)
    assert list(ids[still.post < 0]) == ["T11", "T12", "T13"]
    held = still.post >= 0
    assert (still.section(problem)[held] == problem.teachers.home[held]).all()
    assert (still.subject(problem)[held] == problem.teachers.subject[held]).all()
    assert (still.school(problem)[held] == problem.home_school[held]).all()
    for of in (still.section, still.subject, still.school):
        assert (of(problem)[~held] == -1).all()
    assert not still.away(problem).any()


def test_empty_posts_are_counted_and_extra_people_do_not_fill_others(problem: Problem) -> None:
    """A group with more people than posts has none empty; one with fewer lacks the difference."""
    still = standing_still(problem)
    empty = {
        (school, subject): int(still.unfilled(problem)[post(problem, school, "primary", subject)])
        for school, subject in (("P1", "chinese"), ("P1", "music"), ("N1", "mathematics"), ("N2", "chinese"))
    }
    assert empty == {("P1", "chinese"): 1, ("P1", "music"): 0, ("N1", "mathematics"): 0, ("N2", "chinese"): 2}
    assert still.filled(problem).sum() == 10
    assert still.unfilled(problem).sum() == 3


def test_rounds_label_every_sort_of_placement(problem: Problem) -> None:
    """Each placement belongs to the round that fills it, the pin before the direction it goes."""
    places = {
        0: (post(problem, "P1", "primary", "chinese"), "stay"),
        1: (post(problem, "P1", "primary", "science"), "in_school"),
        2: (post(problem, "N1", "primary", "music"), "directed"),
        3: (post(problem, "P1", "primary", "art"), "zone"),
        4: (post(problem, "N1", "junior", "mathematics"), "cross_stage"),
        5: (post(problem, "N2", "junior", "mathematics"), "cross_zone"),
        6: (post(problem, "N2", "primary", "english"), "cross_stage"),
        10: (post(problem, "N2", "primary", "chinese"), "zone"),
        11: (-1, "pool"),
        12: (post(problem, "N1", "junior", "english"), "recruit"),
    }
    plan = Plan(np.array([places[t][0] if t in places else problem.home_post[t] for t in range(13)]))
    labels = rounds(problem, plan)
    assert [labels[t] for t in places] == [label for _, label in places.values()]
    assert all(label == "stay" for t, label in enumerate(labels) if t not in places)


def test_away_counts_those_who_leave_a_school_that_stays(problem: Problem) -> None:
    """Another place in the same school is no move away, nor is any place of those whose school closes."""
    moved = standing_still(problem).post.copy()
    moved[0] = post(problem, "N1", "primary", "chinese")
    moved[3] = post(problem, "N1", "junior", "chinese")
    moved[10] = post(problem, "P1", "primary", "chinese")
    moved[12] = post(problem, "P1", "primary", "english")
    assert list(np.flatnonzero(Plan(moved).away(problem))) == [0]
