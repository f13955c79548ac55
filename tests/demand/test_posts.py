"""Lessons to posts: small cases by hand, an exhaustive brute force, and properties that must always hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from allocator.demand import posts as module
from allocator.demand.classes import ClassGroup
from allocator.demand.lessons import weekly_lessons
from allocator.demand.posts import Need, PostSetting, set_posts
from allocator.domain import Families, Loads, Standard
from allocator.scenario.standards import read_standard

NATIONAL = read_standard("cn-2017", Path())[0]
assert NATIONAL is not None
SUBJECTS = ("chinese", "mathematics", "pe", "music", "art")
LOADS = {"chinese": 14.0, "mathematics": 14.0}  # the others 18
TAKES = {"music": ("art",), "art": ("music",)}


def standard(
    subjects: Sequence[str] = SUBJECTS,
    loads: Mapping[str, float] = LOADS,
    takes: Mapping[str, tuple[str, ...]] = TAKES,
    **numbers: float,
) -> Standard:
    """Return a standard of few subjects at one stage; ``numbers`` change its [posts]."""
    rules = NATIONAL.posts
    changed = {name: getattr(rules, name).model_copy(update={"value": n}) for name, n in numbers.items()}
    names = tuple(s for s in subjects if s in rules.shared_subjects.value)
    changed["shared_subjects"] = rules.shared_subjects.model_copy(update={"value": names})
    source = {"source": "test", "confidence": "test"}
    return NATIONAL.model_copy(
        update={
            "subjects": {s: NATIONAL.subjects[s] for s in subjects},
            "loads": Loads(**source, unit="lessons a week", primary={"default": 18.0, **loads}),
            "families": Families(**source, primary=dict(takes)),
            "posts": rules.model_copy(update=changed),
        }
    )


def need(section: int, quota: int, *, management: float = 0, zone: str = "north", **lessons: float) -> Need:
    """Return the need of a primary section in the order of SUBJECTS."""
    row = np.array([lessons.get(s, 0.0) for s in SUBJECTS])
    return Need(section, "primary", zone, row, management, quota)


def apart(n: int, km: float) -> np.ndarray:
    """Distances of ``n`` sections that all lie equally far apart."""
    return km * (1.0 - np.eye(n))


def named(setting: PostSetting, section: int) -> dict[str, int]:
    return {s: int(n) for s, n in zip(SUBJECTS, setting.posts[section], strict=True) if n}


def alone(one: Need, rules: Standard | None = None) -> PostSetting:
    return set_posts([one], np.zeros((1, 1)), rules or standard())


# By hand


def test_whole_weeks_are_whole_posts() -> None:
    """28 Chinese lessons are two weeks of 14, 18 of PE one of 18: three posts, nothing untaught."""
    setting = alone(need(7, 5, chinese=28, pe=18))
    assert named(setting, 7) == {"chinese": 2, "pe": 1}
    assert setting.untaught == {7: 0}
    assert setting.proved


def test_a_further_post_must_be_worth_its_lessons() -> None:
    """5 lessons of art beside 12 of music are taught by the music teacher; 7 are worth a post of art (6)."""
    assert named(alone(need(0, 3, music=12, art=5)), 0) == {"music": 1}
    assert named(alone(need(0, 3, music=11, art=7)), 0) == {"music": 1, "art": 1}


def test_lessons_come_before_the_worth_of_a_post() -> None:
    """Two lessons of PE, which nobody else takes, open a post although a post is worth six lessons."""
    assert named(alone(need(0, 3, chinese=14, pe=2)), 0) == {"chinese": 1, "pe": 1}


def test_ties_go_to_the_earlier_subject() -> None:
    """Music 10 and art 10 under a quota of one can be a post of either: music comes first in the standard."""
    setting = alone(need(0, 1, music=10, art=10))
    assert named(setting, 0) == {"music": 1}
    assert setting.untaught[0] == pytest.approx(2)


def test_what_the_quota_does_not_cover_is_untaught() -> None:
    """One post for 10 lessons of PE and 8 of music takes the 10; without a quota all 18 are untaught."""
    assert alone(need(0, 1, pe=10, music=8)).untaught == {0: 8}
    setting = alone(need(0, 0, pe=10, music=8))
    assert named(setting, 0) == {}
    assert setting.untaught == {0: 18}


def test_relief_for_management_takes_time() -> None:
    """3 lessons of relief are 1/6 of a week: 12 × 5/6 lessons of PE remain, so that 2 stay untaught."""
    rules = standard(loads={"pe": 12.0})
    assert alone(need(0, 1, management=3, pe=12), rules).untaught[0] == pytest.approx(2, abs=1e-4)
    assert named(alone(need(0, 2, management=3, pe=12), rules), 0) == {"pe": 2}


def test_core_lessons_come_before_relief() -> None:
    """A week of Chinese is taught whole, and 3 lessons of relief wait, though 14/6 untaught would be fewer."""
    assert alone(need(0, 1, management=3, chinese=14)).untaught[0] == pytest.approx(3, abs=1e-4)


def coreless(rules: Standard) -> Standard:
    """Return a standard in which all lessons count alike."""
    alike = {name: subject.model_copy(update={"core": False}) for name, subject in rules.subjects.items()}
    return rules.model_copy(update={"subjects": alike})


def test_core_lessons_come_before_the_number_of_lessons() -> None:
    """Two posts go to Chinese and mathematics, though PE and music would leave 28 untaught and not 36."""
    short = need(0, 2, chinese=14, mathematics=14, pe=18, music=18)
    setting = alone(short)
    assert named(setting, 0) == {"chinese": 1, "mathematics": 1}
    assert setting.untaught == {0: 36}
    alike = alone(short, coreless(standard()))
    assert named(alike, 0) == {"pe": 1, "music": 1}
    assert alike.untaught == {0: 28}


def test_a_school_short_of_posts_keeps_its_core_lessons() -> None:
    """12 classes of the national curriculum with 18 posts have all core lessons taught; not if all are alike."""
    lessons = weekly_lessons([ClassGroup((grade,), 2) for grade in range(1, 7)], NATIONAL)
    short = Need(0, "primary", "north", lessons, 6.0, 18)
    setting, alike = alone(short, NATIONAL), alone(short, coreless(NATIONAL))
    assert reached([short], NATIONAL, setting)[0] == pytest.approx(0, abs=1e-4)
    assert reached([short], NATIONAL, alike)[0] > 14
    assert alike.untaught[0] < setting.untaught[0]


@pytest.mark.parametrize("presolve", ["off", "on"])
def test_installed_highs_proves_the_truth(presolve: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """8 2/3 lessons of Chinese keep the only post, not 1/3 of mathematics: HiGHS 1.14's presolve says otherwise."""
    monkeypatch.setitem(module._OPTIONS, "presolve", presolve)
    module._solve.cache_clear()
    tight = need(0, 1, management=2.5, chinese=26 / 3, mathematics=1 / 3)
    setting = alone(tight, standard(loads={"chinese": 10.0, "mathematics": 10.0}))
    assert named(setting, 0) == {"chinese": 1}
    assert setting.untaught[0] == pytest.approx(1 / 3 + 0.1, abs=1e-4)


def three_neighbours() -> list[Need]:
    """Three schools with 14 lessons of mathematics and a third of a PE teacher each; one has a second post."""
    return [need(i, 2 if i == 5 else 1, mathematics=14, pe=6) for i in (4, 5, 6)]


def test_three_neighbours_share_a_teacher() -> None:
    """The PE post stands where the quota allows it and serves all three schools, a third of a week each."""
    setting = set_posts(three_neighbours(), apart(3, 5), standard())
    assert [named(setting, i) for i in (4, 5, 6)] == [
        {"mathematics": 1},
        {"mathematics": 1, "pe": 1},
        {"mathematics": 1},
    ]
    (post,) = setting.shared
    assert (post.home, SUBJECTS[post.subject]) == (5, "pe")
    assert dict(post.shares) == pytest.approx({4: 1 / 3, 5: 1 / 3, 6: 1 / 3}, abs=1e-4)
    assert setting.untaught == {4: 0, 5: 0, 6: 0}


@pytest.mark.parametrize(
    ("km", "zones", "numbers"),
    [
        (9.0, ("north", "north", "north"), {}),
        (5.0, ("north", "south", "east"), {}),
        (5.0, ("north", "north", "north"), {"shared_schools": 1.0}),
        (5.0, ("north", "north", "north"), {"shared_below": 1.0}),
    ],
)
def test_strangers_share_nobody(km: float, zones: tuple[str, ...], numbers: dict[str, float]) -> None:
    """Sections too far apart, of other zones, not small, or where sharing is off leave 2 × 6 untaught."""
    needs = [replace(n, zone=zone) for n, zone in zip(three_neighbours(), zones, strict=True)]
    setting = set_posts(needs, apart(3, km), standard(**numbers))
    assert setting.shared == ()
    assert setting.untaught == {4: 6, 5: 0, 6: 6}


def test_schools_of_an_education_group_share_across_zones() -> None:
    """Three zones, but one group: the post is shared as it is inside a zone; two groups share nothing."""
    zones = ("north", "south", "east")
    needs = [replace(n, zone=zone, group="G") for n, zone in zip(three_neighbours(), zones, strict=True)]
    assert len(set_posts(needs, apart(3, 5), standard()).shared) == 1
    apart_again = [replace(n, group=group) for n, group in zip(needs, ("G", "H", ""), strict=True)]
    assert set_posts(apart_again, apart(3, 5), standard()).shared == ()


def test_a_shared_post_teaches_at_its_home() -> None:
    """A full week of PE elsewhere is cut by the one lesson that the post gives at home, and stays untaught."""
    needs = [need(0, 2, mathematics=12, pe=1), *(need(i, 1, mathematics=18, pe=9) for i in (1, 2))]
    setting = set_posts(needs, apart(3, 5), standard(loads={}, takes={"mathematics": ("pe",)}))
    assert setting.shared[0].home == 0
    assert dict(setting.shared[0].shares)[0] == pytest.approx(1 / 18, abs=1e-4)
    assert sum(setting.untaught.values()) == pytest.approx(1, abs=1e-4)


def test_a_section_with_few_neighbours_chooses_first() -> None:
    """Of four schools in a row the ends choose first, or the near two in the middle would leave them alone."""
    at = np.array([0.0, 7.0, 12.0, 19.0])
    needs = [need(i, 2, mathematics=14, pe=9) for i in range(4)]
    setting = set_posts(needs, np.abs(at[:, None] - at[None, :]), standard(post_worth=1.0))
    assert sorted(tuple(sorted(v for v, _ in post.shares)) for post in setting.shared) == [(0, 1), (2, 3)]


# Against a brute force that tries every number of posts and every set of shared posts


@dataclass(frozen=True)
class Layout:
    """Posts of every section, shape (sections, subjects), and shared posts as (home, subject)."""

    own: np.ndarray
    shared: tuple[tuple[int, int], ...]


def layouts(needs: Sequence[Need], rules: Standard) -> Iterator[Layout]:
    """Yield every lawful layout of a group whose sections may all share: posts of subjects with lessons."""
    most = [[d.quota if amount else 0 for amount in d.lessons] for d in needs]
    tried = [product(*(range(m + 1) for m in row)) for row in most]
    rows = [[p for p in every if sum(p) <= d.quota] for every, d in zip(tried, needs, strict=True)]
    wanted = [list(rules.subjects).index(s) for s in rules.posts.shared_subjects.value]
    homes = [(h, s) for h in range(len(needs)) for s in wanted if len(needs) > 1 and served(needs, h, s)]
    sets = list(chain.from_iterable(combinations(homes, k) for k in range(len(homes) + 1)))
    for own, shared in product(product(*rows), sets):
        here = np.bincount([h for h, _ in shared], minlength=len(needs))
        if all(sum(row) + extra <= d.quota for row, extra, d in zip(own, here, needs, strict=True)):
            yield Layout(np.array(own), shared)


def served(needs: Sequence[Need], home: int, s: int) -> bool:
    return needs[home].lessons[s] > 0 and sum(d.lessons[s] > 0 for d in needs) > 1


class Teaching:
    """The linear program of who teaches what in one layout, written densely from the definitions."""

    def __init__(self, needs: Sequence[Need], rules: Standard, layout: Layout) -> None:
        names, stage = list(rules.subjects), "primary"
        self.n, self.k = len(names), len(needs)
        load, relief = [rules.loads.load(stage, s) for s in names], rules.loads.load(stage, "")
        self.kinds: list[tuple[str, int, int, int]] = []  # kind, section, teacher's subject or post, lesson
        for i, s in product(range(self.k), range(self.n)):
            allowed = (names[s], *rules.families.others(stage, names[s]))
            self.kinds += [("taught", i, s, names.index(o)) for o in allowed]
            self.kinds += [("relief", i, s, -1), ("untaught", i, -1, s)]
        self.kinds += [("untaught", i, -1, -1) for i in range(self.k)]
        for post, (_, s) in enumerate(layout.shared):
            self.kinds += [("visit", i, post, s) for i in range(self.k)]
        self.equal, self.due = [], []
        for i, d in enumerate(needs):
            for o in range(self.n):
                self._is(d.lessons[o], lambda c, i=i, o=o: c[1] == i and c[3] == o)
            self._is(d.management, lambda c, i=i: c[1] == i and c[3] == -1)
        self.upper, self.most = [], []
        for i, s in product(range(self.k), range(self.n)):
            hours = {"taught": lambda o: 1 / load[o], "relief": lambda _: 1 / relief}
            row = [hours[c[0]](c[3]) if c[0] in hours and c[1:3] == (i, s) else 0.0 for c in self.kinds]
            self._at_most(row, layout.own[i, s])
        for post, (home, s) in enumerate(layout.shared):
            mine = [c[0] == "visit" and c[2] == post for c in self.kinds]
            self._at_most([m / load[s] for m in mine], 1)
            at_home = [-float(m and c[1] == home) for m, c in zip(mine, self.kinds, strict=True)]
            away = [-float(m and c[1] != home) for m, c in zip(mine, self.kinds, strict=True)]
            self._at_most(at_home, -min(1, needs[home].lessons[s]))
            self._at_most(away, -min(1, sum(d.lessons[s] for i, d in enumerate(needs) if i != home)))
        untaught = np.array([float(c[0] == "untaught") for c in self.kinds])
        core = np.array([float(c[3] >= 0 and rules.subjects[names[c[3]]].core) for c in self.kinds])
        outside = np.array([float(c[0] == "taught" and c[2] != c[3]) for c in self.kinds])
        self.levels = (untaught * core, untaught, outside)
        self.fixed = (0.0, 0.0, float(layout.own.sum() + len(layout.shared)) * rules.posts.post_worth.value)

    def _is(self, amount: float, chosen) -> None:
        self.equal.append([float(chosen(c)) for c in self.kinds])
        self.due.append(amount)

    def _at_most(self, row: list[float], limit: float) -> None:
        self.upper.append(row)
        self.most.append(limit)

    def least(self, before: Sequence[float]) -> float:
        """Return the least of the level after those in ``before``, which keep to what they reached there.

        The levels: core lessons untaught; lessons untaught; lessons outside the main subject and the worth
        of posts. Infinite where a shared post has nobody to serve.
        """
        level = len(before)
        found = linprog(
            self.levels[level],
            np.array([*self.upper, *self.levels[:level]]),
            [*self.most, *(value + 1e-5 for value in before)],
            np.array(self.equal),
            self.due,
        )
        return float(found.fun) + self.fixed[level] if found.success else np.inf


def best(needs: Sequence[Need], rules: Standard) -> tuple[float, float, float]:
    """Return the least of each level over those layouts that are best at all levels before it."""
    tried = [Teaching(needs, rules, layout) for layout in layouts(needs, rules)]
    found: tuple[float, ...] = ()
    for _ in range(3):
        values = [teaching.least(found) for teaching in tried]
        found = (*found, min(values))
        tried = [t for t, value in zip(tried, values, strict=True) if value <= found[-1] + 1e-5]
    core, untaught, second = found
    return core, untaught, second


def reached(needs: Sequence[Need], rules: Standard, setting: PostSetting) -> tuple[float, float, float]:
    """Return what the posts of a setting reach at each level."""
    at = {d.section: i for i, d in enumerate(needs)}
    own = np.array([setting.posts[d.section] for d in needs])
    shared = tuple((at[p.home], p.subject) for p in setting.shared)
    for home, s in shared:
        own[home, s] -= 1
    teaching = Teaching(needs, rules, Layout(own, shared))
    core = teaching.least(())
    untaught = teaching.least((core,))
    return core, untaught, teaching.least((core, untaught))


def check_best(needs: Sequence[Need], rules: Standard) -> None:
    """Assert that a setting is proved, as good as the brute force, and says truly what stays untaught."""
    setting = set_posts(needs, apart(len(needs), 1.0), rules)
    core, untaught, second = best(needs, rules)
    assert setting.proved
    assert sum(setting.untaught.values()) == pytest.approx(untaught, abs=1e-4)
    assert reached(needs, rules, setting) == (
        pytest.approx(core, abs=1e-4),
        pytest.approx(untaught, abs=1e-4),
        pytest.approx(second, abs=0.011),
    )


@st.composite
def small_cases(draw: st.DrawFn) -> tuple[list[Need], Standard]:
    """Draw one section with two to four subjects, any families among them, and a quota of at most three."""
    names = SUBJECTS[: draw(st.integers(2, 4))]
    loads = {s: float(draw(st.sampled_from([10, 12, 14, 18]))) for s in names}
    takes = {s: tuple(o for o in names if o != s and draw(st.booleans())) for s in names}
    worth = float(draw(st.sampled_from([0, 1, 6])))
    lessons = np.array([draw(st.integers(0, 72)) / 3 for _ in names])
    one = Need(3, "primary", "north", lessons, draw(st.integers(0, 6)) / 2, draw(st.integers(0, 3)))
    return [one], standard(names, loads, takes, post_worth=worth)


@settings(max_examples=100, deadline=None)
@given(small_cases())
def test_one_section_is_set_as_by_brute_force(case: tuple[list[Need], Standard]) -> None:
    """The posts of one section are as good as the best of all layouts, at all three levels."""
    check_best(*case)


@st.composite
def small_groups(draw: st.DrawFn) -> tuple[list[Need], Standard]:
    """Draw two or three neighbours with two subjects, one or both of them shared, and a few posts."""
    count = draw(st.integers(2, 3))
    names = draw(st.sampled_from([("mathematics", "pe"), ("english", "pe"), ("music", "art")]))
    quotas = [draw(st.integers(1, 2 if count == 2 else 1)) for _ in range(count)]
    needs = [
        Need(i, "primary", "north", np.array([draw(st.integers(0, 20)) * 1.0 for _ in names]), 0.5, quota)
        for i, quota in enumerate(quotas)
    ]
    takes = {a: (b,) for a, b in (names, names[::-1]) if draw(st.booleans())}
    return needs, standard(names, {}, takes, post_worth=float(draw(st.sampled_from([1, 6]))))


@settings(max_examples=25, deadline=None)
@given(small_groups())
def test_neighbours_are_set_as_by_brute_force(case: tuple[list[Need], Standard]) -> None:
    """The own and shared posts of a group are as good as the best of all layouts, at all three levels."""
    check_best(*case)


# Always


@st.composite
def districts(draw: st.DrawFn) -> tuple[list[Need], np.ndarray]:
    """Draw up to five small schools of the national curriculum, their multi-grade classes and quotas."""
    count = draw(st.integers(1, 5))
    needs = []
    for i in range(count):
        cuts = draw(st.sampled_from([[(1, 2, 3), (4, 5, 6)], [(1,), (2, 3), (4, 5, 6)], [(1, 2)]]))
        lessons = weekly_lessons([ClassGroup(grades, 1) for grades in cuts], NATIONAL)
        needs.append(Need(10 + i, "primary", "north", lessons, 0.5 * len(cuts), draw(st.integers(0, 5))))
    at = np.array([draw(st.integers(0, 12)) for _ in needs], dtype=float)
    return needs, np.abs(at[:, None] - at[None, :])


@settings(max_examples=15, deadline=None)
@given(districts())
def test_posts_keep_to_quota_and_shares_to_one_person(case: tuple[list[Need], np.ndarray]) -> None:
    """No section has more posts than its quota; a shared post is a post of its home, near, and one person."""
    needs, km = case
    setting = set_posts(needs, km, NATIONAL)
    at = {d.section: i for i, d in enumerate(needs)}
    for d in needs:
        assert setting.posts[d.section].sum() <= d.quota
    for post in setting.shared:
        places = [at[v] for v, _ in post.shares]
        assert post.home in dict(post.shares)
        assert 2 <= len(places) <= 3
        assert km[np.ix_(places, places)].max() <= 8
        assert all(share > 0 for _, share in post.shares)
        assert sum(share for _, share in post.shares) <= 1 + 1e-9
        assert setting.posts[post.home][post.subject] >= 1


@settings(max_examples=15, deadline=None)
@given(districts(), st.data())
def test_more_quota_never_leaves_more_untaught(
    case: tuple[list[Need], np.ndarray], data: st.DataObject
) -> None:
    """One post more for a section never leaves its group more core lessons untaught, or as many and more of all."""
    needs = [replace(d, quota=max(d.quota, 1)) for d in case[0][:3]]
    more = data.draw(st.integers(0, len(needs) - 1))
    richer = [replace(d, quota=d.quota + (i == more)) for i, d in enumerate(needs)]
    km = apart(len(needs), 1.0)
    less, least = (reached(n, NATIONAL, set_posts(n, km, NATIONAL)) for n in (needs, richer))
    assert least[0] <= less[0] + 1e-4
    assert least[0] < less[0] - 1e-4 or least[1] <= less[1] + 1e-3


def test_two_runs_are_equal() -> None:
    """A group of three real schools with shared posts is set twice from scratch to the same last digit."""
    needs = [
        Need(i, "primary", "north", weekly_lessons([ClassGroup(g, 1) for g in cuts], NATIONAL), 1.0, 4)
        for i, cuts in enumerate([[(1, 2, 3), (4, 5, 6)], [(1, 2), (3, 4), (5, 6)], [(1, 2, 3), (4, 5, 6)]])
    ]
    runs = []
    for _ in range(2):
        module._solve.cache_clear()
        runs.append(set_posts(needs, apart(3, 4.0), NATIONAL, seed=20210901))
    first, again = runs
    assert first.shared
    assert (first.shared, first.untaught) == (again.shared, again.untaught)
    assert all((first.posts[i] == again.posts[i]).all() for i in first.posts)


def test_like_needs_get_like_posts() -> None:
    """Two sections that need the same, far apart, get the same posts under their own names."""
    setting = set_posts(
        [need(3, 3, chinese=20, music=9), need(8, 3, chinese=20, music=9)], apart(2, 50), standard()
    )
    assert named(setting, 3) == named(setting, 8)
    assert setting.untaught[3] == setting.untaught[8]
