"""Covered lessons: exact against enumeration, and shared posts as documented."""

from collections import defaultdict
from dataclasses import replace
from itertools import product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.demand.posts import PostSetting, SharedPost
from allocator.metrics.lessons import capacities, covered_lessons, section_lessons
from allocator.metrics.snapshot import today

SUBJECTS = 3


@st.composite
def capacity_of(draw, subjects, groups, weeks):
    """Weeks of a few groups of teachers by main and further subjects."""
    found = defaultdict(float)
    for _ in range(draw(st.integers(1, groups))):
        main = draw(st.integers(0, subjects - 1))
        further = tuple(s for s in range(subjects) if s != main and draw(st.booleans()))
        found[main, further] += draw(weeks)
    return dict(found)


def by_enumeration(weeks_asked, loads, capacity):
    """Try every division of whole weeks: most weeks, then most in main subjects, then earlier subjects."""
    best = (-1,)
    for plan in product(*(_divisions(key, weeks) for key, weeks in capacity.items())):
        covered = np.sum([division for division, _ in plan], axis=0)
        if (covered <= weeks_asked).all():
            main = sum(division[m] for division, m in plan)
            best = max(best, (covered.sum(), main, tuple(covered)))
    return np.array(best[2]) * loads


def _divisions(key, weeks):
    main, further = key
    may = {main, *further}
    for division in product(*(range(int(weeks) + 1) if s in may else (0,) for s in range(SUBJECTS))):
        if sum(division) <= weeks:
            yield np.array(division), main


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.integers(0, 3), min_size=SUBJECTS, max_size=SUBJECTS),
    st.lists(st.integers(1, 3), min_size=SUBJECTS, max_size=SUBJECTS),
    capacity_of(SUBJECTS, 3, st.integers(1, 2)),
)
def test_equals_enumeration(weeks_asked, loads, capacity):
    """On small sections the lessons covered of every subject are those of the best of all divisions."""
    asked, loads = np.array(weeks_asked), np.array(loads, dtype=float)
    expected = by_enumeration(asked, loads, capacity)
    assert covered_lessons(asked * loads, loads, capacity) == pytest.approx(expected)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_total_is_the_maximum_flow(data):
    """With one load for all, large sections with parts of weeks cover as much as a maximum flow."""
    subjects = 12
    capacity = data.draw(capacity_of(subjects, 20, st.sampled_from([0.25, 0.5, 1, 2.75])))
    asked = np.array(data.draw(st.lists(st.integers(0, 40), min_size=subjects, max_size=subjects)))
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    for key, weeks in capacity.items():
        graph.add_edge("from", key, capacity=round(weeks * 16))
        graph.add_edges_from((key, s) for s in (key[0], *key[1]))
    graph.add_edges_from((s, "to", {"capacity": int(n)}) for s, n in enumerate(asked))
    covered = covered_lessons(asked.astype(float), np.full(subjects, 16.0), capacity)
    assert covered.sum() == pytest.approx(nx.maximum_flow_value(graph, "from", "to"))
    assert (covered <= asked + 1e-9).all()


@settings(deadline=None)
@given(capacity_of(5, 8, st.integers(1, 3)), st.randoms())
def test_order_of_teachers_does_not_matter(capacity, random):
    """The answer is unique: the same teachers in another order cover the same lessons of each subject."""
    lessons, loads = np.array([20.0, 11.5, 9.0, 30.0, 4.0]), np.array([14.0, 14.0, 18.0, 18.0, 12.0])
    keys = random.sample(sorted(capacity), len(capacity))
    shuffled = {key: capacity[key] for key in keys}
    assert (covered_lessons(lessons, loads, capacity) == covered_lessons(lessons, loads, shuffled)).all()


def test_second_subjects_come_after_main_ones():
    """Someone with spare weeks takes a second subject; who is needed in the main one stays there."""
    loads = np.array([14.0, 14.0])
    two_in_first = {(0, (1,)): 2.0}
    assert covered_lessons(np.array([14.0, 20.0]), loads, two_in_first).tolist() == [14, 14]
    assert covered_lessons(np.array([28.0, 20.0]), loads, two_in_first).tolist() == [28, 0]


def test_more_weeks_go_before_main_subjects():
    """A chain frees a teacher of two subjects for the one that nobody else can give."""
    loads = np.array([16.0, 16.0, 16.0])
    # The teacher of the first subject alone can give the second; that of the third can give the first.
    chain = {(0, (1,)): 1.0, (2, (0,)): 1.0}
    assert covered_lessons(np.array([16.0, 16.0, 0.0]), loads, chain).tolist() == [16, 16, 0]


def test_longer_loads_do_not_draw_teachers_from_their_subject():
    """Where Chinese and PE are both short, a teacher of Chinese gives Chinese, though a week has more PE."""
    loads = np.array([14.0, 18.0])
    assert covered_lessons(np.array([30.0, 16.0]), loads, {(0, (1,)): 1.0}).tolist() == [14, 0]


def test_all_lessons_covered_are_exactly_all():
    """Thirds of lessons and odd loads leave no crumbs where everything is covered."""
    lessons = np.array([10 + 1 / 3, 7.7])
    assert (covered_lessons(lessons, np.array([13.7, 18.0]), {(0, (1,)): 1.3}) == lessons).all()


def test_no_teachers_cover_nothing():
    """A section without teachers covers no lesson."""
    assert covered_lessons(np.array([5.0]), np.array([14.0]), {}).tolist() == [0]


def test_shared_post_gives_its_shares_away(small_district):
    """Who fills a shared post gives the section visited its share, in that subject only."""
    problem = _with_shared_post(small_district, home="A", visited="B", share=0.4)
    at = {school: u for u, school in enumerate(problem.schools["school_id"].iloc[problem.sections.school])}
    pe, chinese = (problem.subjects.index(s) for s in ("pe", "chinese"))
    found = capacities(problem, today(problem))
    assert found[at["B"]][pe, ()] == pytest.approx(0.4)
    assert found[at["A"]][pe, ()] == pytest.approx(0.6)
    total = sum(weeks for capacity in found.values() for weeks in capacity.values())
    assert total == pytest.approx(problem.teachers.table["fte"].sum())
    covered = section_lessons(problem, today(problem))[at["B"]]
    alone = section_lessons(small_district, today(small_district))[at["B"]]
    assert alone[pe] == 0
    assert covered[pe] == pytest.approx(min(0.4 * 18, problem.before.lessons[at["B"], pe]))
    assert covered[chinese] == alone[chinese]


def test_shared_post_that_nobody_fills_serves_nobody(small_district):
    """A second shared post at a home with one teacher of the subject gives nothing away."""
    once = _with_shared_post(small_district, home="A", visited="B", share=0.4)
    setting = once.before.setting
    twice = replace(once, before=replace(once.before, setting=replace(setting, shared=setting.shared * 2)))
    assert capacities(twice, today(twice)) == capacities(once, today(once))


def _with_shared_post(problem, home, visited, share):
    at = {school: u for u, school in enumerate(problem.schools["school_id"].iloc[problem.sections.school])}
    post = SharedPost(at[home], problem.subjects.index("pe"), ((at[visited], share), (at[home], 1 - share)))
    setting = PostSetting(posts={}, shared=(post,), untaught={}, proved=True)
    return replace(problem, before=replace(problem.before, setting=setting))
