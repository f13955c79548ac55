"""Ways between schools: the great circle, the detour, and what travel.csv says instead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.roads import EARTH_KM, great_circle_km, roads
from builders import small

BEIJING, SHANGHAI = (39.9042, 116.4074), (31.2304, 121.4737)
DEGREES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def km(start: tuple[float, float], end: tuple[float, float]) -> float:
    (a, b), (c, d) = start, end
    return float(great_circle_km(*(np.array([v]) for v in (a, b, c, d)))[0, 0])


def test_great_circle_of_known_places() -> None:
    """Beijing and Shanghai lie 1,067 km apart, a degree of a meridian is 111.195 km, the antipode is half a circle away."""
    assert km(BEIJING, SHANGHAI) == pytest.approx(1067.3, abs=0.5)
    assert km((0, 0), (1, 0)) == pytest.approx(EARTH_KM * np.pi / 180)
    assert km((34, 116), (-34, -64)) == pytest.approx(EARTH_KM * np.pi)


@given(DEGREES, DEGREES)
def test_great_circle_is_that_of_the_chord(start: tuple[float, float], end: tuple[float, float]) -> None:
    """The distance agrees with the angle between the two directions from the middle of the earth, both ways."""

    def direction(place: tuple[float, float]) -> np.ndarray:
        lat, lon = np.radians(place)
        return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])

    a, b = direction(start), direction(end)
    angle = np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)
    assert km(start, end) == pytest.approx(EARTH_KM * angle, abs=1e-3)
    assert km(start, end) == pytest.approx(km(end, start), abs=1e-3)


def test_ways_without_a_row_are_the_great_circle_times_the_detour(tmp_path: Path) -> None:
    """Without travel.csv a way is the great circle times the detour, at the speed: the scenario's, or else the standard's."""
    own = roads(small(travel={"detour": 1.5, "speed": 20}).read(tmp_path / "own"))
    usual = roads(small().read(tmp_path / "usual"))
    # P1 and N1 lie a hundredth of a degree apart on a meridian
    circle = EARTH_KM * np.pi / 18000
    assert own.km[0, 1] == pytest.approx(1.5 * circle)
    assert own.minutes[0, 1] == pytest.approx(1.5 * circle / 20 * 60)
    assert usual.km[0, 1] == pytest.approx(usual.detour * circle)
    assert (own.detour, own.speed) == (1.5, 20)
    assert not own.km.diagonal().any()


def test_given_ways_hold_in_their_direction_only(tmp_path: Path) -> None:
    """A row of travel.csv gives the way from one school to the other; the way back stays the great circle."""
    district = small(travel={"speed": 30})
    plain = roads(district.read(tmp_path / "plain"))
    district.row("travel", from_id="P1", to_id="N2", km=12, minutes=50)
    found = roads(district.read(tmp_path / "given"))
    assert (found.km[0, 2], found.minutes[0, 2]) == (12, 50)
    changed = found.km != plain.km
    assert [tuple(at) for at in np.argwhere(changed)] == [(0, 2)]
    assert found.minutes[2, 0] == plain.minutes[2, 0]


def test_one_of_km_and_minutes_gives_the_other_by_the_speed(tmp_path: Path) -> None:
    """12 km alone are 24 minutes at 30 km an hour; 50 minutes alone are 25 km."""
    district = small(travel={"speed": 30})
    district.row("travel", from_id="P1", to_id="N2", km=12, minutes="")
    district.row("travel", from_id="N2", to_id="P1", km="", minutes=50)
    found = roads(district.read(tmp_path))
    assert (found.km[0, 2], found.minutes[0, 2]) == (12, 24)
    assert (found.km[2, 0], found.minutes[2, 0]) == (25, 50)
