"""Squared CVs in the model: what is encoded is exact, and what bounds it from below does."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.evenness import Encoded, Range, encode
from allocator.metrics.indices import official_cv
from allocator.roads import Floats
from allocator.solving import even
from allocator.solving.engine import Engine
from allocator.solving.hull import Plane, planes
from solving import drawn

POINTS = 6


@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 60)), min_size=2, max_size=9).filter(
        lambda rows: any(heads for _, heads in rows)
    )
)
def test_squared_cv_is_that_of_the_metrics(rows: list[tuple[int, int]]) -> None:
    """The solver's squared CV is the square of the official CV that the metrics measure."""
    pupils, heads = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    term = drawn.term(pupils)
    measured = official_cv(heads, pupils).value
    assert measured is not None
    assert term.cv2(heads) == pytest.approx(measured**2, abs=1e-9)


@given(st.lists(st.integers(1, 900), min_size=2, max_size=6), st.data())
def test_no_heads_count_as_the_worst_there_is(pupils: list[int], data: st.DataObject) -> None:
    """A stage without anybody is as uneven as everybody in the smallest section, and nothing is worse."""
    heads = data.draw(st.lists(st.integers(0, 30), min_size=len(pupils), max_size=len(pupils)))
    term = drawn.term(np.array(pupils, dtype=float))
    smallest = np.zeros(len(pupils))
    smallest[int(np.argmin(pupils))] = 7
    assert term.cv2(np.zeros(len(pupils))) == pytest.approx(term.cv2(smallest))
    assert term.cv2(np.array(heads, dtype=float)) <= term.worst + 1e-9


def draw(seed: int) -> Encoded:
    """Draw a term and the limits of its sections; its columns are heads, total, g, CV²."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 4))
    low = rng.integers(0, 3, n) * (rng.random() < 0.6)
    high = low + rng.integers(0, 6, n)
    pupils = rng.integers(5, 200, n).astype(float)
    term = drawn.term(pupils)
    middle = float(rng.integers(1, max(int(high.sum()), 1) + 1))
    span = Range(float(low.sum()), float(high.sum()))
    return Encoded(term, middle, span, low, high, low, high, np.arange(n), np.arange(n), n, n + 1, n + 2)


def exact_g(encoded: Encoded, heads: Floats) -> float:
    """``g`` from its definition."""
    pupils = encoded.term.pupils
    share = pupils / pupils.sum()
    return float((share * (heads / (share * encoded.middle) - 1) ** 2).sum())


def values(encoded: Encoded, heads: Floats) -> Floats:
    """Columns of a plan with these heads."""
    return np.array([*heads, heads.sum(), exact_g(encoded, heads), encoded.term.cv2(heads)])


def allocations(encoded: Encoded, span: Range) -> list[Floats]:
    """Every allocation of whole heads with a total in the range."""
    every = product(*(range(a, b + 1) for a, b in zip(encoded.low, encoded.high, strict=True)))
    found = [np.array(heads, dtype=float) for heads in every]
    return [heads for heads in found if span.low <= heads.sum() <= span.high]


def _held(encoded: Encoded, plane: Plane, span: Range, heads: Floats) -> float:
    """How far the highest row of a plane lies below the squared CV of heads."""
    slopes, zeros = plane.edges(span)
    bounds = []
    at = values(encoded, heads)
    for slope, zero in zip(slopes, zeros, strict=True):
        column, value, least = plane.row(encoded, float(slope), float(zero))
        bounds.append(least - float(value @ at[column]))
    return -max(bounds)


@pytest.mark.seeds(40)
def test_no_whole_allocation_violates_a_plane(seed: int) -> None:
    """For any range of totals, any part of it and any point, every allocation of the part satisfies every row."""
    encoded, rng = draw(seed), np.random.default_rng(1000 + seed)
    totals = rng.integers(int(encoded.range.low), int(encoded.range.high) + 1, 4)
    wide, part = (
        Range(float(totals.min()), float(totals.max())),
        Range(*(float(t) for t in sorted(totals[:2]))),
    )
    inside = allocations(encoded, part)
    assert inside
    for _ in range(POINTS):
        for plane in planes(encoded, rng.uniform(encoded.low, encoded.high), wide, wide.low):
            left = [_held(encoded, plane, part, heads) for heads in inside]
            assert min(left) >= -1e-9
            assert min(left) <= 1e-9  # and one of them meets it


@pytest.mark.seeds(40)
def test_a_plane_holds_as_far_below_its_range_as_is_asked(seed: int) -> None:
    """A plane made for high totals bounds every allocation from the least total on that it was asked for."""
    encoded, rng = draw(seed), np.random.default_rng(5000 + seed)
    low, middle, high = sorted(
        float(t) for t in rng.integers(int(encoded.range.low), int(encoded.range.high) + 1, 3)
    )
    for plane in planes(encoded, rng.uniform(encoded.low, encoded.high), Range(middle, high), low):
        if middle < high:
            assert plane.range == Range(low, high)
        left = [_held(encoded, plane, plane.range, heads) for heads in allocations(encoded, plane.range)]
        assert min(left) >= -1e-9


@pytest.mark.seeds(40)
def test_least_of_every_total_is_that_of_all_allocations(seed: int) -> None:
    """α of a total is what trying every allocation with that total gives."""
    encoded, rng = draw(seed), np.random.default_rng(3000 + seed)
    span = encoded.range
    for plane in planes(encoded, rng.uniform(encoded.low, encoded.high), span, span.low):
        least: dict[float, float] = {}
        for heads in allocations(encoded, span):
            at, total = values(encoded, heads), float(heads.sum())
            value = at[encoded.cv2] - plane.a * at[encoded.g] - float(plane.pi @ heads)
            least[total] = min(value, least.get(total, np.inf))
        for total, value in least.items():
            assert plane.least[int(total - span.low)] == pytest.approx(value, abs=1e-9)


@pytest.mark.seeds(40)
def test_a_plane_over_a_single_total_is_exact(seed: int) -> None:
    """Where the range is one total, the row is the squared CV itself, whatever the point it was made at."""
    encoded, rng = draw(seed), np.random.default_rng(2000 + seed)
    total = float(rng.integers(max(int(encoded.range.low), 1), max(int(encoded.range.high), 1) + 1))
    only = Range(total, total)
    for point in [rng.uniform(encoded.low, encoded.high) for _ in range(POINTS)]:
        (plane,) = planes(encoded, point, only, only.low)
        for whole in allocations(encoded, only):
            assert _held(encoded, plane, only, whole) == pytest.approx(0, abs=1e-9)


def test_planes_near_a_point_are_close_to_the_curve_there() -> None:
    """Over a range of totals the planes made at an allocation of the range lie within a tenth of the curve there."""
    none, ten = np.zeros(3, dtype=np.int64), np.full(3, 10)
    term = drawn.term(np.array([100.0, 50.0, 50.0]))
    encoded = Encoded(term, 12.0, Range(0.0, 30.0), none, ten, none, ten, np.arange(3), np.arange(3), 3, 4, 5)
    heads, span = np.array([3.0, 6.0, 3.0]), Range(11.0, 13.0)
    made = planes(encoded, heads, span, span.low)
    assert len(made) > 1
    gaps = [_held(encoded, plane, span, heads) for plane in made]
    assert min(gaps) >= -1e-9
    assert min(gaps) <= 0.1 * term.cv2(heads)


def test_a_part_of_a_range_lifts_the_rows() -> None:
    """Over a part of its range a plane never lies lower than over the whole, and somewhere higher."""
    rng = np.random.default_rng(5)
    none, most = np.zeros(4, dtype=np.int64), np.full(4, 30)
    term = drawn.term(np.array([90.0, 60.0, 45.0, 30.0]))
    encoded = Encoded(
        term, 40.0, Range(0.0, 120.0), none, most, none, most, np.arange(4), np.arange(4), 4, 5, 6
    )
    wide, part, gained = Range(30.0, 60.0), Range(44.0, 47.0), 0.0
    for plane in planes(encoded, rng.uniform(5, 15, 4), wide, wide.low):
        for total in np.arange(part.low, part.high + 1):
            heights = [float((s * total + z).max()) for s, z in (plane.edges(wide), plane.edges(part))]
            assert heights[1] >= heights[0] - 1e-9
            gained = max(gained, heights[1] - heights[0])
    assert gained > 1e-4


@pytest.mark.parametrize("seed", range(12))
def test_encoded_terms_are_exact_for_a_fixed_total(seed: int) -> None:
    """With the total as the middle, the least g of a plan is its squared CV, and the heads are those of the plan."""
    rng = np.random.default_rng(seed)
    sections, sizes = 3, rng.integers(1, 5, 4)
    model = drawn.spread(sizes, [sorted(rng.choice(5, rng.integers(1, 5), replace=False)) for _ in sizes])
    counts = np.flatnonzero(model.pair_post < sections)
    term = drawn.term(rng.integers(10, 90, sections).astype(float), counts, model.pair_post[counts])
    plans = [x for x in drawn.every_plan(model) if x[counts].sum()]
    for plan in rng.permutation(len(plans))[:5]:
        x = plans[plan]
        held = np.bincount(term.position, x[counts], minlength=sections)
        larger = model.copy()
        encoded = encode(larger, term, float(held.sum()))
        found = _fixed(Engine(larger), encoded, x)
        assert found[encoded.heads] == pytest.approx(held, abs=1e-6)
        assert found[encoded.total] == pytest.approx(held.sum(), abs=1e-6)
        assert found[encoded.g] == pytest.approx(term.cv2(held), abs=1e-6)
        assert encoded.cv2_of(found) == pytest.approx(term.cv2(held), abs=1e-6)


@pytest.mark.parametrize("seed", range(30))
def test_no_prices_prove_more_than_the_best_plan_of_any_totals(seed: int) -> None:
    """Whatever a relaxation was solved for, what its prices prove of totals lies above no plan that has them."""
    rng = np.random.default_rng(seed)
    sections, sizes = 4, rng.integers(1, 4, 4)
    model = drawn.spread(sizes, [sorted(rng.choice(6, rng.integers(1, 5), replace=False)) for _ in sizes])
    listed = []
    for first in (0, 2):  # two stages of two sections; the last two posts count nowhere
        counts = np.flatnonzero((model.pair_post >= first) & (model.pair_post < first + 2))
        pupils = rng.integers(10, 90, 2).astype(float)
        listed.append(drawn.term(pupils, counts, model.pair_post[counts] - first))
    larger = model.copy()
    encoded = [encode(larger, term, float(rng.integers(1, sections + 1))) for term in listed]
    cost = np.zeros(larger.width)
    for code in encoded:
        cost[[code.g, code.total]] = rng.uniform(0, 2), rng.uniform(-0.3, 0.3)
    relaxed = Engine(larger).linear(cost)
    assert relaxed is not None
    spans = tuple(code.range for code in encoded)
    least = even.priced(encoded, spans, relaxed)
    for x in drawn.every_plan(model):
        held = [even.heads(x, term) for term in listed]
        value = sum(term.weight * term.cv2(h) for term, h in zip(listed, held, strict=True))
        at = [int(h.sum() - span.low) for h, span in zip(held, spans, strict=True)]
        bound = sum(one[n] for one, n in zip(least, at, strict=True))
        assert bound <= value + 1e-6


@settings(max_examples=30)
@given(st.integers(0, 60), st.integers(1, 59))
def test_heads_far_above_an_even_share_are_bounded_from_below(first: int, middle: int) -> None:
    """Where a section holds far more than its share, g is never above its exact value, and exact where it does not."""
    model = drawn.spread(np.array([60]), [[0, 1, 2]])
    term = drawn.term(np.array([300.0, 20.0, 10.0]), range(3), range(3))
    encoded = encode(model, term, float(middle))
    x = np.array([first, (60 - first) // 2, 60 - first - (60 - first) // 2], dtype=float)
    found = _fixed(Engine(model), encoded, x)
    exact, likely = exact_g(encoded, x), 2.5 * middle * term.pupils / term.pupils.sum() + 6
    assert found[encoded.g] <= exact + 1e-6 * max(exact, 1)
    if (x <= likely).all():
        assert found[encoded.g] == pytest.approx(exact, rel=1e-6, abs=1e-6)


def _fixed(engine: Engine, encoded: Encoded, x: Floats) -> Floats:
    """Columns of the plan ``x`` with the least g."""
    for pair, n in enumerate(x):
        engine.limit(pair, n, n)
    cost = np.zeros(len(engine.cohort))
    cost[encoded.g] = 1.0
    found = engine.linear(cost)
    assert found is not None
    return found.x


@settings(max_examples=40)
@given(st.lists(st.integers(0, 9), min_size=3, max_size=3), st.sampled_from([1.0, 4.0, 9.0, 20.0]))
def test_cv_follows_from_g_and_the_total(heads: list[int], middle: float) -> None:
    """g, measured against any middle, and the total give the squared CV: CV² = g/τ² − (1 − 1/τ)²."""
    held = np.array(heads, dtype=float)
    term = drawn.term(np.array([90.0, 40.0, 15.0]))
    every = np.arange(3)
    none, nine = every * 0, every * 0 + 9
    encoded = Encoded(term, middle, Range(0.0, 27.0), none, nine, none, nine, every, every, 3, 4, 5)
    assert encoded.cv2_of(values(encoded, held)) == pytest.approx(term.cv2(held), abs=1e-6)


@settings(max_examples=40)
@given(st.lists(st.floats(0, 9), min_size=3, max_size=3), st.sampled_from([1.0, 4.0, 20.0]))
def test_g_of_heads_is_that_of_the_program(heads: list[float], middle: float) -> None:
    """Between whole heads ``g`` lies on the line that joins them, which is what single steps in the program cost."""
    held = np.array(heads)
    model = drawn.spread(np.array([9, 9, 9]), [[0, 3], [1, 3], [2, 3]])
    term = drawn.term(np.array([90.0, 40.0, 15.0]), (0, 2, 4), range(3))
    encoded = encode(model, term, middle)
    found = _fixed(Engine(model), encoded, np.stack([held, 9 - held], axis=1).ravel())
    assert encoded.g_of(held) == pytest.approx(found[encoded.g], rel=1e-6, abs=1e-6)


def test_steps_near_known_heads_are_exact_there_and_bound_from_below_elsewhere() -> None:
    """With steps near known heads only, ``g`` is exact where :meth:`covers` says so, and below its value elsewhere."""
    exact, below = 0, 0
    for first in range(0, 241, 6):
        model = drawn.spread(np.array([240]), [[0, 1]])
        term = drawn.term(np.array([60.0, 90.0]), range(2), range(2))
        encoded = encode(model, term, 240.0, (np.array([80.0, 120.0]), np.array([90.0, 150.0])))
        x = np.array([first, 240 - first], dtype=float)
        found = _fixed(Engine(model), encoded, x)
        if encoded.covers(found):
            assert found[encoded.g] == pytest.approx(exact_g(encoded, x), rel=1e-6)
            exact += 1
        else:
            assert found[encoded.g] < exact_g(encoded, x)
            below += 1
    assert exact > 5
    assert below > 5
