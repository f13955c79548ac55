"""An independent brute force for districts small enough to try every plan.

It reads the tables with the csv and tomllib modules and shares no code with the package: every rule, every
total and every level of the objective is written here a second time, from the definitions. The numbers of
regulations that it needs are written out too, so that a wrong standards file shows.

Rules are kept when they are hard (their default, or the scenario's word), and not asked when they are off.
Soft rules are not its business.
"""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = dict[str, str]
Place = tuple[str, str, str]
Section = tuple[str, str]

RANK = {"kindergarten": 1, "primary": 2, "junior": 3, "senior": 4, "vocational": 4, "college": 5}
DEGREES = ("secondary", "associate", "bachelor", "master", "doctor")
BACKBONES = ("none", "county", "city", "province")
SETTINGS = ["rural", "remote"]
PROTECTED = ["pregnant", "nursing", "ill", "leave", "seconded"]
GRADES = {"primary": range(1, 7), "junior": range(7, 10)}
BOTH = {"chinese", "mathematics", "english", "politics", "it", "pe", "music", "art", "practice"}
TAUGHT = {
    "primary": BOTH | {"science"},
    "junior": BOTH | {"history", "geography", "biology", "physics", "chemistry"},
}
EARTH_KM, DETOUR, KM_AN_HOUR = 6371.0088, 1.3, 30.0
DEFAULT_RULES: dict[str, dict[str, Any]] = {
    "placement.everyone": {},
    "placement.pins": {},
    "certificate.rank": {},
    "subject.suitability": {"least": 0.5},
    "protection.status": {"statuses": PROTECTED},
    "tenure.minimum": {"years": 3.0},
    "tenure.lock": {},
    "travel.limit": {"minutes": 60.0},
    "recruits.setting": {"level": "off", "settings": SETTINGS},
    "quota.headcount": {"above": 2},
    "budget.moves": {},
    "direction.cross_stage": {"level": "off", "most": 41},
    "direction.cross_zone": {"level": "off", "most": 41},
}
CORE = {"chinese": 3, "mathematics": 3, "english": 3}
INDICATORS = {"teachers": 1.0, "overqualified": 1.0, "backbone": 1.0, "arts": 1.0}
BURDEN = {"move": 1.0, "km": 0.1, "cross_zone": 1.0, "cross_stage": 1.0, "second_subject": 2.0}


@dataclass(frozen=True)
class District:
    """The tables of one scenario folder as text, and its settings."""

    settings: dict[str, Any]
    schools: dict[str, Row]
    sections: dict[Section, Row]
    teachers: tuple[Row, ...]
    posts: dict[Place, int]

    @property
    def closures(self) -> dict[str, Any]:
        """Closing schools."""
        return dict(self.settings.get("closures", {}))

    def open(self, section: Section) -> bool:
        """Whether a section is open in September."""
        return section in self.sections and section[0] not in self.closures

    def rule(self, name: str) -> dict[str, Any] | None:
        """Parameters of a rule, or None where it is off."""
        given = self.settings.get("rules", {}).get(name, {})
        rule = DEFAULT_RULES[name] | ({"level": given} if isinstance(given, str) else given)
        return None if rule.get("level", "hard") == "off" else rule

    def goes_to(self, section: Section) -> str:
        """Return the school that the pupils of a closing section go to."""
        closure = self.closures[section[0]]
        return str(closure.get("junior_to", closure["to"]) if section[1] == "junior" else closure["to"])

    def pupils(self, section: Section) -> int:
        """Pupils of a section in September."""
        today = {s: sum(int(row.get(f"g{g}") or 0) for g in GRADES[s[1]]) for s, row in self.sections.items()}
        coming = [
            n
            for s, n in today.items()
            if s[0] in self.closures and s[1] == section[1] and self.goes_to(s) == section[0]
        ]
        return today[section] + sum(coming)


def read(folder: Path) -> District:
    """Read a scenario folder without a base."""

    def rows(name: str) -> list[Row]:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return District(
        tomllib.loads((folder / "scenario.toml").read_text(encoding="utf-8")),
        {row["school_id"]: row for row in rows("schools")},
        {(row["school_id"], row["stage"]): row for row in rows("sections")},
        tuple(rows("teachers")),
        {(row["school_id"], row["stage"], row["subject"]): int(row["posts"]) for row in rows("posts")},
    )


def home(teacher: Row) -> Section | None:
    """Section where a teacher works today; None for a recruit."""
    return (teacher["school_id"], teacher["stage"]) if teacher["school_id"] else None


def places(district: District) -> list[Place]:
    """Every place there can be: the subjects of a stage, those with posts, and those somebody holds today."""
    found = {(s, g, subject) for s, g in district.sections for subject in TAUGHT[g]} | set(district.posts)
    found |= {(t["school_id"], t["stage"], t["subject"]) for t in district.teachers if home(t)}
    return sorted(p for p in found if district.open(p[:2]))


def months(cell: str) -> int:
    """Count the months of a date such as 2019-09 from the year 0."""
    year, month = cell.split("-")
    return int(year) * 12 + int(month) - 1


def road_km(teacher: Row, school: str, district: District) -> float:
    """Road from the home, else from the present school, to a school; 0 where neither is known."""
    if teacher.get("home_lat") and teacher.get("home_lon"):
        start = float(teacher["home_lat"]), float(teacher["home_lon"])
    elif teacher["school_id"]:
        row = district.schools[teacher["school_id"]]
        start = float(row["lat"]), float(row["lon"])
    else:
        return 0.0
    end = float(district.schools[school]["lat"]), float(district.schools[school]["lon"])
    (a, b), (c, d) = ((math.radians(v) for v in point) for point in (start, end))
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(half)) * DETOUR


def suits(teacher: Row, subject: str) -> float:
    """How well a subject suits: 1 main or certified, 0.5 second, 0 none."""
    if subject in (teacher["subject"], teacher.get("certificate_subject")):
        return 1.0
    return 0.5 if subject in teacher.get("second_subjects", "").split(";") else 0.0


def refusing(teacher: Row, place: Place, district: District) -> list[str]:
    """Ids of the pair rules that refuse a place to a teacher."""
    here, september = home(teacher), int(district.settings["school_year"]) * 12 + 8
    stays_open = here is not None and district.open(here)
    leaves_open = stays_open and place[0] != teacher["school_id"]
    same = stays_open and (*(here or ()), teacher["subject"]) == place
    pin = teacher.get("pin")

    def far(rule: dict[str, Any]) -> bool:
        other = place[0] != teacher["school_id"] and teacher.get("volunteer") != "yes"
        return other and road_km(teacher, place[0], district) / KM_AN_HOUR * 60 > rule["minutes"]

    def too_new(rule: dict[str, Any]) -> bool:
        joined = teacher.get("joined_school")
        return leaves_open and bool(joined) and (september - months(str(joined))) / 12 < rule["years"]

    tests: dict[str, Callable[[dict[str, Any]], bool]] = {
        "placement.pins": lambda r: not same if pin == "stay" else bool(pin) and pin != place[0],
        "certificate.rank": lambda r: place[:2] != here and RANK[teacher["certificate"]] < RANK[place[1]],
        "subject.suitability": lambda r: (
            suits(teacher, place[2]) < r["least"] and place[2] != teacher["subject"]
        ),
        "protection.status": lambda r: teacher.get("status") in r["statuses"] and stays_open and not same,
        "tenure.minimum": too_new,
        "tenure.lock": lambda r: (
            leaves_open and bool(teacher.get("lock_until")) and months(teacher["lock_until"]) > september
        ),
        "travel.limit": far,
        "recruits.setting": lambda r: (
            teacher.get("recruit") == "yes" and district.schools[place[0]]["setting"] not in r["settings"]
        ),
    }
    asked = ((name, district.rule(name)) for name in tests)
    return [name for name, rule in asked if rule is not None and tests[name](rule)]


@dataclass(frozen=True, eq=False)
class Plans:
    """Every lawful plan of a district.

    Parameters
    ----------
    district
        What it is about.
    options
        Lawful places of each teacher.
    choice
        Which of the options each teacher takes, shape (plans, teachers).
    """

    district: District
    options: tuple[tuple[Place, ...], ...]
    choice: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.choice)

    def total(self, value: Sequence[Sequence[float]]) -> NDArray[np.float64]:
        """Add a number of every teacher's option up, shape (plans,)."""
        found = np.zeros(len(self))
        for t, values in enumerate(value):
            found += np.array(values, dtype=float)[self.choice[:, t]]
        return found

    def heads(self, counts: Any) -> NDArray[np.float64]:
        """Count the teachers whose placement ``counts(teacher, place)``."""
        pairs = zip(self.district.teachers, self.options, strict=True)
        return self.total([[float(counts(t, p)) for p in options] for t, options in pairs])

    def find(self, placed: Sequence[Place]) -> int:
        """Row of a plan; -1 where it is not lawful."""
        if any(place not in options for place, options in zip(placed, self.options, strict=True)):
            return -1
        row = [options.index(place) for place, options in zip(placed, self.options, strict=True)]
        found = np.flatnonzero((self.choice == np.array(row)).all(axis=1))
        return int(found[0]) if len(found) else -1

    def keep(self, mask: NDArray[np.bool_]) -> Plans:
        """Return some of the plans."""
        return Plans(self.district, self.options, self.choice[mask])


def size(district: District) -> int:
    """Plans before the totals are looked at."""
    return math.prod(len(options) for options in lawful_places(district))


def lawful_places(district: District) -> tuple[tuple[Place, ...], ...]:
    """Return the places that no pair rule refuses, of each teacher."""
    everywhere = places(district)
    return tuple(tuple(p for p in everywhere if not refusing(t, p, district)) for t in district.teachers)


def enumerate_plans(district: District) -> Plans:
    """List every plan that keeps the pair rules and the totals."""
    options = lawful_places(district)
    shape = tuple(len(o) for o in options)
    rows = np.unravel_index(np.arange(math.prod(shape)), shape)
    plans = Plans(district, options, np.stack(rows, axis=1).astype(np.int8))
    return plans.keep(_within_totals(plans))


def broken(district: District, placed: Sequence[Place]) -> list[str]:
    """Say what one plan breaks: the pair rules by teacher, and ``totals`` for any of the totals."""
    pairs = zip(district.teachers, placed, strict=True)
    found = [f"{t['teacher_id']} {name}" for t, place in pairs for name in refusing(t, place, district)]
    one = Plans(district, tuple((place,) for place in placed), np.zeros((1, len(placed)), dtype=np.int8))
    return found + ([] if _within_totals(one)[0] else ["totals"])


def _within_totals(plans: Plans) -> NDArray[np.bool_]:
    district, kept = plans.district, np.ones(len(plans), dtype=bool)
    headcount = district.rule("quota.headcount")
    for section in filter(district.open, district.sections) if headcount else ():
        held = plans.heads(lambda t, p, section=section: p[:2] == section)
        low, high = limits(district, section)
        computed = not district.sections[section].get("headcount_max")
        tolerance = computed * math.floor(headcount["above"] if headcount else 0)
        kept &= (held >= low) & (held <= max(high + tolerance, low))
    budget = district.settings.get("budget", {}).get("moves")
    if district.rule("budget.moves") is not None and budget is not None:
        kept &= moves(plans) <= budget
    caps = {
        "direction.cross_stage": lambda t, p: crosses_stage(t, p),
        "direction.cross_zone": lambda t, p: crosses_zone(t, p, district),
    }
    for name, counted in caps.items():
        rule = district.rule(name)
        if rule:
            kept &= plans.heads(counted) <= rule["most"]
    return kept


def limits(district: District, section: Section) -> tuple[int, int]:
    """Fewest and most teachers of an open section, without the tolerance of the rule."""
    row = district.sections[section]
    staff = sum(home(t) == section or _follows(t, section, district) for t in district.teachers)
    posts = sum(n for place, n in district.posts.items() if place[:2] == section)
    most = int(row.get("headcount_max") or max(int(row["quota"]), posts, staff))
    return int(row.get("headcount_min") or 0), most


def _follows(teacher: Row, section: Section, district: District) -> bool:
    """Whether the pupils of a teacher's closing section go to a section."""
    here = home(teacher)
    closes = here is not None and here[0] in district.closures
    return here is not None and closes and (district.goes_to(here), here[1]) == section


def crosses_stage(teacher: Row, place: Place) -> bool:
    """Whether a placement is at another stage than today's; never for a recruit."""
    return bool(teacher["school_id"]) and place[1] != teacher["stage"]


def crosses_zone(teacher: Row, place: Place, district: District) -> bool:
    """Whether a placement is in another zone than today's; never for a recruit."""
    zone = {s: row["zone"] for s, row in district.schools.items()}
    return bool(teacher["school_id"]) and zone[place[0]] != zone[teacher["school_id"]]


def moves_away(teacher: Row, place: Place, district: District) -> bool:
    """Whether a placement takes a teacher away from a school that stays open."""
    here = home(teacher)
    return here is not None and district.open(here) and place[0] != here[0]


@cache
def moves(plans: Plans) -> NDArray[np.float64]:
    """Count the moves away from schools that stay open."""
    return plans.heads(lambda t, p: moves_away(t, p, plans.district))


@cache
def coverage(plans: Plans) -> NDArray[np.float64]:
    """Weighted number of empty posts."""
    weights = plans.district.settings.get("priorities", {}).get("subjects", CORE)
    empty = np.zeros(len(plans))
    for place, n in plans.district.posts.items():
        if plans.district.open(place[:2]):
            held = plans.heads(lambda t, p, place=place: p == place)
            empty += weights.get(place[2], 1) * np.maximum(n - held, 0)
    return empty


@cache
def wishes(plans: Plans) -> NDArray[np.float64]:
    """How far places stay behind the wishes: 0 for the first, the number of wishes for any not named."""

    def cost(teacher: Row, place: Place) -> float:
        wished = [w for w in teacher.get("wishes", "").split(";") if w]
        return wished.index(place[0]) if place[0] in wished else len(wished)

    pairs = zip(plans.district.teachers, plans.options, strict=True)
    return plans.total([[cost(t, p) for p in options] for t, options in pairs])


@cache
def burden(plans: Plans) -> NDArray[np.float64]:
    """Distance, moves, other zone, other stage and other subject, with their weights."""
    district = plans.district
    weights = BURDEN | district.settings.get("priorities", {}).get("burden", {})

    def cost(teacher: Row, place: Place) -> float:
        km = road_km(teacher, place[0], district) if place[0] != teacher["school_id"] else 0.0
        return float(
            weights["km"] * km
            + weights["move"] * (moves_away(teacher, place, district) and teacher.get("volunteer") != "yes")
            + weights["cross_zone"] * crosses_zone(teacher, place, district)
            + weights["cross_stage"] * crosses_stage(teacher, place)
            + weights["second_subject"] * (place[2] != teacher["subject"])
        )

    pairs = zip(district.teachers, plans.options, strict=True)
    return plans.total([[cost(t, p) for p in options] for t, options in pairs])


def counts(indicator: str, teacher: Row, place: Place) -> bool:
    """Whether a teacher who holds a place counts for an indicator there."""
    if indicator == "overqualified":
        least = {"primary": "associate", "junior": "bachelor"}[place[1]]
        return bool(teacher.get("degree")) and DEGREES.index(teacher["degree"]) >= DEGREES.index(least)
    if indicator == "backbone":
        return BACKBONES.index(teacher.get("backbone") or "none") >= BACKBONES.index("county")
    return indicator == "teachers" or place[2] in ("pe", "music", "art")


@dataclass(frozen=True)
class Even:
    """Evenness of every plan.

    Parameters
    ----------
    value
        Weighted sum of squared CVs, shape (plans,).
    heads
        Heads of every section and indicator, shape (plans, numbers).
    """

    value: NDArray[np.float64]
    heads: NDArray[np.float64]


@cache
def evenness(plans: Plans) -> Even:
    """Measure the pupil-weighted CV of every indicator at every stage with at least two sections in scope.

    An indicator for which nobody could count at any lawful place of a stage is not measured there.
    """
    district, value, heads = plans.district, np.zeros(len(plans)), []
    weights = district.settings.get("priorities", {}).get("indicators", INDICATORS)
    for indicator, weight in weights.items():
        for stage in GRADES:
            inside = [s for s in district.sections if s[1] == stage and _in_scope(district, s)]
            everybody = zip(district.teachers, plans.options, strict=True)
            if (
                len(inside) < 2
                or not weight
                or not any(
                    p[:2] in inside and counts(indicator, t, p) for t, options in everybody for p in options
                )
            ):
                continue
            held = [
                plans.heads(lambda t, p, s=s, i=indicator: p[:2] == s and counts(i, t, p)) for s in inside
            ]
            value += weight * _cv2(held, [district.pupils(s) for s in inside])
            heads += held
    return Even(value, np.stack(heads, axis=1))


def _in_scope(district: District, section: Section) -> bool:
    small = district.schools[section[0]]["kind"] == "teaching_point" and district.pupils(section) < 50
    return district.open(section) and district.pupils(section) > 0 and not small


def _cv2(held: list[NDArray[np.float64]], pupils: list[int]) -> NDArray[np.float64]:
    """Squared official CV: pupil-weighted spread of heads a pupil over their mean.

    Where nobody counts it is what it would be with everybody in the smallest section: the largest there is.
    """
    everybody, total = sum(pupils), np.sum(held, axis=0)
    mean = np.where(total > 0, total, 1.0) / everybody
    spread = sum(n / everybody * (h / n - mean) ** 2 for h, n in zip(held, pupils, strict=True))
    return np.where(total > 0, spread / mean**2, everybody / min(pupils) - 1)


MEASURES = {"coverage": coverage, "wishes": wishes, "moves": moves, "burden": burden}


@dataclass(frozen=True)
class Optimum:
    """The best of one level among the plans that the levels before it leave."""

    level: str
    value: float
    plans: int


def optimise(plans: Plans, levels: Sequence[str], row: int) -> list[Optimum]:
    """Optimise level after level in strict order.

    After evenness the program keeps the heads of every section and indicator as they are in the plan it has
    found, so that the levels after it choose among plans with the same heads. Where several equally even
    plans differ in heads this depends on the one found: it is given as ``row`` and followed here.
    """
    left, found = np.ones(len(plans), dtype=bool), []
    for level in levels:
        if level == "evenness":
            even = evenness(plans)
            value, held = even.value, (even.heads == even.heads[row]).all(axis=1)
        else:
            value, held = MEASURES[level](plans), np.ones(len(plans), dtype=bool)
        best = float(value[left].min())
        left &= (value <= best + 1e-6) & held
        found.append(Optimum(level, best, int(left.sum())))
        if not left.any():
            break
    return found
