"""How far schools lie apart: given ways first, else the great circle times a detour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allocator.scenario.read import Scenario

EARTH_KM = 6371.0088
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Roads:
    """Ways between schools.

    Parameters
    ----------
    km, minutes
        Length and time of the way from school i to school j, shape (schools, schools).
    detour
        Road length over the great circle, for ways from a teacher's home.
    speed
        km an hour.
    """

    km: Floats
    minutes: Floats
    detour: float
    speed: float


def great_circle_km(lat: Floats, lon: Floats, to_lat: Floats, to_lon: Floats) -> Floats:
    """Great-circle distances in km (haversine, R = 6371.0088 km), shape (from, to); degrees in."""
    a, b = np.radians(lat)[:, None], np.radians(to_lat)[None, :]
    half = np.sin((b - a) / 2) ** 2
    half += np.cos(a) * np.cos(b) * np.sin(np.radians(to_lon[None, :] - lon[:, None]) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def roads(scenario: Scenario) -> Roads:
    """Measure the ways between all schools of a scenario, in the order of schools.csv."""
    schools, travel = scenario.table("schools"), scenario.table("travel")
    detour = scenario.config.travel.detour or scenario.standard.travel.detour.value
    speed = scenario.config.travel.speed or scenario.standard.travel.speed.value
    lat, lon = schools["lat"].to_numpy(float), schools["lon"].to_numpy(float)
    km = great_circle_km(lat, lon, lat, lon) * detour
    minutes = km / speed * 60
    _given(travel, {s: i for i, s in enumerate(schools["school_id"])}, km, minutes, speed)
    return Roads(km, minutes, detour, speed)


def _given(travel: pd.DataFrame, index: dict[str, int], km: Floats, minutes: Floats, speed: float) -> None:
    """Put the ways of travel.csv in place; one of km and minutes gives the other by the speed."""
    start = travel["from_id"].map(index).to_numpy(dtype=np.int64)
    end = travel["to_id"].map(index).to_numpy(dtype=np.int64)
    length, time = travel["km"].to_numpy(float), travel["minutes"].to_numpy(float)
    km[start, end] = np.where(np.isnan(length), time * speed / 60, length)
    minutes[start, end] = np.where(np.isnan(time), length / speed * 60, time)
