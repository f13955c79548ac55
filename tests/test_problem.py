"""The problem: what a scenario means as numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allocator.demand.posts import SharedPost
from allocator.metrics.lessons import section_lessons
from allocator.metrics.snapshot import today
from allocator.problem import Problem, Season, build
from builders import District, small


def built(district: District, folder: Path) -> Problem:
    return build(district.read(folder))


def section(problem: Problem, school: str, stage: str) -> int:
    """Index of a section."""
    at = list(problem.schools["school_id"]).index(school)
    found = (problem.sections.school == at) & (problem.sections.stage == problem.stages.index(stage))
    return int(np.flatnonzero(found)[0])


def published(**cells: object) -> District:
    """Publish three posts at P1 and one at P2, P1's music shared as the cells say."""
    district = small(budget={})
    for school, subject, posts in (("P1", "chinese", 2), ("P1", "music", 1), ("P2", "chinese", 1)):
        more = cells if subject == "music" else {}
        district.row("posts", school_id=school, stage="primary", subject=subject, posts=posts, **more)
    return district


def test_published_posts_are_used_as_they_stand(tmp_path: Path) -> None:
    """posts.csv alone says how many posts there are: what it does not name has none, whatever the lessons."""
    problem = built(published(), tmp_path)
    for season in (problem.before, problem.after):
        found = {(int(u), problem.subjects[s]): int(season.posts[u, s]) for u, s in np.argwhere(season.posts)}
        p1, p2 = section(problem, "P1", "primary"), section(problem, "P2", "primary")
        assert found == {(p1, "chinese"): 2, (p1, "music"): 1, (p2, "chinese"): 1}
        assert season.setting.shared == ()
        assert season.setting.proved
        assert season.setting.untaught == {}
    assert problem.posts.places.sum() == 4


def shared(season: Season) -> SharedPost:
    (post,) = season.setting.shared
    return post


def test_shared_published_posts_give_each_school_its_share(tmp_path: Path) -> None:
    """``N1:0.3;P2:0.25`` leaves the home 0.45 of the post; the sections are of the same stage."""
    problem = built(published(shared_with="N1:0.3;P2:0.25"), tmp_path)
    home = section(problem, "P1", "primary")
    shares = {home: 0.45, section(problem, "N1", "primary"): 0.3, section(problem, "P2", "primary"): 0.25}
    for season in (problem.before, problem.after):
        post = shared(season)
        assert (post.home, problem.subjects[post.subject]) == (home, "music")
        assert dict(post.shares) == pytest.approx(shares)
        assert [u for u, _ in post.shares] == sorted(shares)


def test_a_post_given_away_whole_leaves_its_home_nothing(tmp_path: Path) -> None:
    """Where the shares of the others add up to 1, the home has none."""
    problem = built(published(shared_with="N1:0.6;P2:0.4"), tmp_path)
    shares = dict(shared(problem.after).shares)
    assert section(problem, "P1", "primary") not in shares
    assert sum(shares.values()) == pytest.approx(1)


def test_the_share_of_a_school_that_closes_goes_back_to_the_home(tmp_path: Path) -> None:
    """A visit to a school that is not open serves nobody: in September the home has that share, today it has not."""
    district = published(shared_with="N1:0.3;P2:0.25").set(closures={"P2": {"to": "N2"}})
    problem = built(district, tmp_path)
    home, other = section(problem, "P1", "primary"), section(problem, "N1", "primary")
    assert dict(shared(problem.after).shares) == pytest.approx({home: 0.7, other: 0.3})
    assert dict(shared(problem.before).shares)[home] == pytest.approx(0.45)


def test_visits_of_published_posts_are_taught(tmp_path: Path) -> None:
    """The metrics count the lessons of a teacher on a shared post where the post says they are."""
    alone = built(published(shared_with=""), tmp_path / "alone")
    visiting = built(published(shared_with="P2:0.5"), tmp_path / "visiting")
    music = alone.subjects.index("music")
    lessons = [section_lessons(p, today(p))[:, music] for p in (alone, visiting)]
    home, other = (section(alone, school, "primary") for school in ("P1", "P2"))
    assert lessons[0][other] == 0
    assert lessons[1][other] > 0
    assert lessons[1][home] < lessons[0][home]


def test_a_section_without_a_limit_may_hold_its_quota_its_posts_or_its_staff(tmp_path: Path) -> None:
    """The default limit is the largest of quota, posts, and today's staff with that of the pupils who come."""
    district = published(shared_with="").set(closures={"P2": {"to": "N2"}})
    district.change("sections", "P1", "primary", quota=2)  # three posts, three teachers
    district.change("sections", "N1", "primary", quota=9)  # the quota is the most
    district.change("sections", "N1", "junior", quota=1)  # two teachers
    district.change("sections", "N2", "primary", quota=1)  # two teachers, and two of P2
    district.change("sections", "N2", "junior", quota=1, headcount_max=0, headcount_min=0)
    problem = built(district, tmp_path)
    high = {
        ("P1", "primary"): 3,
        ("N1", "primary"): 9,
        ("N1", "junior"): 2,
        ("N2", "primary"): 4,
        ("N2", "junior"): 0,
        ("P2", "primary"): 0,
    }
    assert {key: int(problem.sections.high[section(problem, *key)]) for key in high} == high
    stated = {key for key in high if problem.sections.stated[section(problem, *key)]}
    assert stated == {("N2", "junior")}
    district.row("posts", school_id="P1", stage="primary", subject="pe", posts=2)
    assert built(district, tmp_path / "more").sections.high[section(problem, "P1", "primary")] == 5


def test_small_teaching_points_are_out_of_scope(tmp_path: Path) -> None:
    """A teaching point below 50 pupils is not measured, one of 50 is, and so is any other school however small."""
    district = small()
    for school, pupils, kind in (
        ("T49", 49, "teaching_point"),
        ("T50", 50, "teaching_point"),
        ("S9", 9, "primary"),
    ):
        parent = "P1" if kind == "teaching_point" else ""
        district.school(school, kind=kind, pupils={"primary": (pupils,)}, parent_id=parent)
        district.staff(school, "primary", "chinese")
    problem = built(district, tmp_path)
    scope = {s: bool(problem.after.in_scope[section(problem, s, "primary")]) for s in ("T49", "T50", "S9")}
    assert scope == {"T49": False, "T50": True, "S9": True}
    assert problem.after.in_scope[section(problem, "P1", "primary")]


def test_the_scope_is_that_of_the_season(tmp_path: Path) -> None:
    """A teaching point that grows over 50 by a closure is measured in September and not today; a closed one never is."""
    district = small(closures={"P2": {"to": "T1"}}).school(
        "T1", kind="teaching_point", parent_id="P1", pupils={"primary": (10,)}
    )
    problem = built(district.staff("T1", "primary", "chinese"), tmp_path)
    at, gone = section(problem, "T1", "primary"), section(problem, "P2", "primary")
    assert [bool(s.in_scope[at]) for s in (problem.before, problem.after)] == [False, True]
    assert [bool(s.in_scope[gone]) for s in (problem.before, problem.after)] == [True, False]
    assert [float(s.pupils[gone]) for s in (problem.before, problem.after)] == [60, 0]


def test_places_that_end_are_told_from_those_that_stay(closing: District, tmp_path: Path) -> None:
    """Teachers of a closing school are displaced and have no place to keep; all others have theirs."""
    closing.teacher(subject="english")
    problem = built(closing, tmp_path)
    ids = np.array(problem.teachers.ids)
    assert list(ids[problem.displaced]) == ["T11", "T12"]
    assert list(ids[problem.home_post < 0]) == ["T11", "T12", "T13"]
    kept = problem.home_post[:10]
    assert (problem.posts.section[kept] == problem.teachers.home[:10]).all()
    assert (problem.posts.subject[kept] == problem.teachers.subject[:10]).all()
