"""Generated districts that are networks: one subject a teacher, one stage, published posts, no totals but heads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from allocator.problem import Ints
from allocator.roads import Floats
from allocator.rules.catalogue import CATALOGUE

NOTICE = "Generated data: schools, pupils, posts and teachers are drawn at random; nothing in it is real."
_KEPT = ("placement.everyone", "certificate.rank", "subject.suitability", "travel.limit", "quota.headcount")
_SUBJECTS = {
    "chinese": 0.30,
    "mathematics": 0.27,
    "english": 0.12,
    "science": 0.07,
    "pe": 0.09,
    "music": 0.05,
    "art": 0.05,
    "politics": 0.05,
}
_KM_APART = 3.0  # about as far as the schools of a county lie from one another
_HOME_KM = 4.0  # how far from the school most of its teachers live
_PUPILS_PER_TEACHER = 18.0
_KM_PER_DEGREE = 111.0
_SEED = 20260901


@dataclass(frozen=True)
class _District:
    """What is drawn: the places of the schools, and their posts and teachers, shape (schools, subjects)."""

    lat: Floats
    lon: Floats
    posts: Ints
    staff: Ints


def write_network(folder: Path, schools: int, teachers: int) -> Path:
    """Write a scenario of so many primary schools and teachers; the same numbers give the same files.

    Every teacher gives one subject and lives near the present school. The posts are drawn apart from the staff,
    so that each subject has too many teachers here and too few there; a section holds no more than its posts
    or its staff of today, whichever is more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(_SEED + schools)
    district = _draw(rng, schools, teachers)
    tables = {
        "schools": _schools(district),
        "sections": _sections(district),
        "posts": _posts(district),
        "teachers": _teachers(rng, district),
    }
    for name, table in tables.items():
        content = table.to_csv(index=False, lineterminator="\n").encode("utf-8")
        (folder / f"{name}.csv").write_bytes(content)
    (folder / "scenario.toml").write_text(_settings(schools, teachers), encoding="utf-8", newline="\n")
    return folder


def _draw(rng: np.random.Generator, schools: int, teachers: int) -> _District:
    side = _KM_APART * schools**0.5 / _KM_PER_DEGREE
    size = rng.lognormal(0.0, 0.6, schools)
    share = np.outer(size / size.sum(), list(_SUBJECTS.values()))
    skew = share * rng.lognormal(0.0, 0.5, share.shape)
    return _District(
        lat=33.0 + side * rng.random(schools),
        lon=116.0 + side * rng.random(schools),
        posts=_rounded(share * rng.lognormal(0.0, 0.05, share.shape), teachers),
        staff=_rounded(skew, teachers),
    )


def _rounded(share: Floats, total: int) -> Ints:
    """Round shares to whole numbers of the total given, the largest remainders up."""
    exact = share * (total / share.sum())
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort((whole - exact).ravel(), kind="stable")
    whole.ravel()[order[: total - int(whole.sum())]] += 1
    return np.asarray(whole, dtype=np.int64)


def _codes(n: int) -> list[str]:
    return [f"S{k + 1:03d}" for k in range(n)]


def _schools(district: _District) -> pd.DataFrame:
    codes = _codes(len(district.lat))
    zones = np.where(district.lat > np.median(district.lat), "north", "south")
    return pd.DataFrame(
        {
            "school_id": codes,
            "name": [f"School {code}" for code in codes],
            "kind": "primary",
            "zone": zones,
            "setting": "town",
            "lat": district.lat.round(5),
            "lon": district.lon.round(5),
        }
    )


def _sections(district: _District) -> pd.DataFrame:
    posts, staff = district.posts.sum(axis=1), district.staff.sum(axis=1)
    grade = np.ceil(np.maximum(posts, 1) * _PUPILS_PER_TEACHER / 6).astype(np.int64)
    table = pd.DataFrame({"school_id": _codes(len(posts)), "stage": "primary"})
    for g in range(1, 7):
        table[f"g{g}"] = grade
    return table.assign(quota=posts, headcount_max=np.maximum(posts, staff))


def _posts(district: _District) -> pd.DataFrame:
    school, subject = np.nonzero(district.posts)
    codes, names = np.array(_codes(len(district.lat))), np.array(list(_SUBJECTS))
    return pd.DataFrame(
        {
            "school_id": codes[school],
            "stage": "primary",
            "subject": names[subject],
            "posts": district.posts[school, subject],
        }
    )


def _teachers(rng: np.random.Generator, district: _District) -> pd.DataFrame:
    at, subject = (
        np.repeat(i, district.staff.ravel()) for i in np.indices(district.staff.shape).reshape(2, -1)
    )
    n, spread = len(at), _HOME_KM / _KM_PER_DEGREE
    return pd.DataFrame(
        {
            "teacher_id": [f"T{k + 1:05d}" for k in range(n)],
            "school_id": np.array(_codes(len(district.lat)))[at],
            "stage": "primary",
            "subject": np.array(list(_SUBJECTS))[subject],
            "certificate": "primary",
            "joined_school": "2010-09",
            "home_lat": (district.lat[at] + spread * rng.normal(size=n)).round(5),
            "home_lon": (district.lon[at] + spread * rng.normal(size=n)).round(5),
        }
    )


def _settings(schools: int, teachers: int) -> str:
    off = "\n".join(f'"{rule.id}" = "off"' for rule in CATALOGUE if rule.id not in _KEPT)
    return f"""title = "Benchmark: a network of {teachers} teachers and {schools} schools"
school_year = 2021
language = "en"
notice = "{NOTICE}"

[objective]
levels = ["coverage", "moves", "burden"]

[rules]
"quota.headcount" = {{ level = "hard", above = 0 }}
{off}
"""
