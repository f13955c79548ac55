"""What it would take: the fewest people, against every way to place or to move them."""

from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from allocator.metrics.indices import official_cv
from allocator.metrics.reach import fewest_more, fewest_moves, missing_heads

DISTRICTS = st.lists(st.tuples(st.integers(0, 4), st.integers(20, 400)), min_size=2, max_size=4)


def _cv(heads, pupils):
    found = official_cv(heads, pupils).value
    return np.inf if found is None else found


@settings(max_examples=60, deadline=None)
@given(DISTRICTS, st.floats(0.2, 0.8))
def test_fewest_more_is_the_least_of_every_way_to_place_them(rows, limit):
    """No smaller number of further people passes, wherever they are put; the number found does."""
    heads, pupils = (np.array(c) for c in zip(*rows, strict=True))
    found = fewest_more(heads, pupils, limit)
    assume(found.people <= 6)
    assert found.cv <= limit + 1e-9
    assert found.change.min() >= 0
    assert found.change.sum() == found.people
    for k in range(found.people):
        for where in combinations_with_replacement(range(len(heads)), k):
            more = heads + np.bincount(np.array(where, dtype=int), minlength=len(heads))
            assert _cv(more, pupils) > limit


@settings(max_examples=60, deadline=None)
@given(DISTRICTS, st.floats(0.1, 0.8))
def test_fewest_moves_is_the_least_of_all_allocations(rows, limit):
    """Of all ways to spread the same people, none within the limit needs fewer moves."""
    heads, pupils = (np.array(c) for c in zip(*rows, strict=True))
    assume(heads.sum() > 0)
    found, total = fewest_moves(heads, pupils, limit), int(heads.sum())
    ways = (np.array(w) for w in product(range(total + 1), repeat=len(heads)) if sum(w) == total)
    moves = [int(np.abs(w - heads).sum()) // 2 for w in ways if _cv(w, pupils) <= limit]
    if not moves:
        assert found is None
        return
    assert found is not None
    assert found.people == min(moves)
    assert found.cv <= limit + 1e-9
    assert found.change.sum() == 0
    assert np.maximum(found.change, 0).sum() == found.people


def test_a_district_within_the_limit_needs_nobody():
    """Where the CV is within its limit already, nobody comes and nobody moves."""
    for found in (fewest_more([2, 4], [100, 200], 0.5), fewest_moves([2, 4], [100, 200], 0.5)):
        assert found is not None
        assert (found.people, found.cv) == (0, pytest.approx(0.0))


def test_a_limit_that_is_met_exactly_is_met():
    """A CV of 1/3 is within a limit of 1/3: rounding does not ask for anybody more."""
    heads, pupils = [2, 4], [100, 100]
    assert fewest_more(heads, pupils, official_cv(heads, pupils).value).people == 0


def test_without_pupils_or_a_limit_there_is_no_answer():
    """A limit of 0 or a section without pupils is a mistake of the caller."""
    for heads, pupils, limit in (([1], [0], 0.5), ([1], [10], 0.0), ([-1], [10], 0.5)):
        with pytest.raises(ValueError, match="limit"):
            fewest_more(heads, pupils, limit)


def test_what_is_missing_is_whole():
    """Of 4.2 for each 100 pupils, 350 need 14.7: 15 people; exactly enough is enough, and unknown stays unknown."""
    heads, pupils = np.array([12.0, 42.0, np.nan]), np.array([350.0, 1000.0, 100.0])
    lacks = missing_heads(heads, pupils, np.full(3, 4.2), 100)
    assert lacks[:2].tolist() == [3.0, 0.0]
    assert np.isnan(lacks[2])
    assert missing_heads(heads, pupils, np.full(3, 4.2), 100, 0.85)[0] == 1.0
