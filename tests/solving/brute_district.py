"""The tables of a small district, read for the brute force with the csv and tomllib modules alone.

The numbers of regulations that the brute force needs, and the default of every rule, are written out here a
second time, so that a wrong standards file or rulebook shows.
"""

from __future__ import annotations

import csv
import math
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Row = dict[str, str]
Place = tuple[str, str, str]
Section = tuple[str, str]

RANK = {"kindergarten": 1, "primary": 2, "junior": 3, "senior": 4, "vocational": 4, "college": 5}
DEGREES = ("secondary", "associate", "bachelor", "master", "doctor")
BACKBONES = ("none", "county", "city", "province")
GRADES = {"primary": range(1, 7), "junior": range(7, 10)}
BOTH = {"chinese", "mathematics", "english", "politics", "it", "pe", "music", "art", "practice"}
TAUGHT = {
    "primary": BOTH | {"science"},
    "junior": BOTH | {"history", "geography", "biology", "physics", "chemistry"},
}
CORE = {"chinese", "mathematics", "english"}
FAMILIES = {
    "primary": {
        "chinese": {"politics", "practice"},
        "politics": {"chinese", "practice"},
        "mathematics": {"science", "it", "practice"},
        "science": {"mathematics", "it", "practice"},
        "it": {"mathematics", "science", "practice"},
        "english": {"practice"},
        "music": {"art", "practice"},
        "art": {"music", "practice"},
        "pe": {"practice"},
        "practice": {"politics", "science"},
    },
    "junior": {
        "chinese": {"practice"},
        "mathematics": {"it", "practice"},
        "english": {"practice"},
        "politics": {"history", "geography", "practice"},
        "history": {"politics", "geography", "practice"},
        "geography": {"history", "biology", "practice"},
        "biology": {"geography", "chemistry", "practice"},
        "physics": {"chemistry", "it", "practice"},
        "chemistry": {"physics", "biology", "practice"},
        "it": {"mathematics", "physics", "practice"},
        "music": {"art", "practice"},
        "art": {"music", "practice"},
        "pe": {"practice"},
        "practice": {"politics"},
    },
}
CERTIFIED, EXPERIENCED, SECOND = 1.0, 0.8, 0.5
RETIREMENT = {
    "m": {"age": 60, "latest": 63, "born_from": 1965, "months": 4},
    "f": {"age": 55, "latest": 58, "born_from": 1970, "months": 4},
}
EARTH_KM, DETOUR, KM_AN_HOUR = 6371.0088, 1.3, 30.0
DEFAULT_RULES: dict[str, dict[str, Any]] = {
    "placement.everyone": {"reserve": 0},
    "placement.pins": {},
    "certificate.rank": {},
    "subject.suitability": {"least": 0.5, "second": "stated"},
    "protection.status": {"statuses": ["pregnant", "nursing", "ill", "leave", "seconded"]},
    "protection.retirement": {"years": 3},
    "leaders.kept": {"roles": ["principal", "vice_principal"], "terms": None, "term_years": 3},
    "leaders.rotation": {"level": "off", "summers": 4, "roles": ["principal"], "terms": 2, "term_years": 3},
    "leaders.head": {"level": "off"},
    "tenure.minimum": {"years": 3, "leave": "counted"},
    "tenure.lock": {"special_post": 3, "publicly_funded": 6, "directed": 6, "recruits": 0},
    "tenure.due": {
        "level": "off",
        "summers": 4,
        "years": 6,
        "oldest_men": 50,
        "oldest_women": 45,
        "leave": "counted",
    },
    "exchange.rate": {"level": "off", "share": 0.1, "years": 6},
    "exchange.backbone": {"level": "off", "share": 0.2, "of": "movers", "backbone": "county", "years": 6},
    "exchange.graduating": {"level": "off", "share": 0.3, "years": 6},
    "exchange.term": {"years": 3},
    "travel.limit": {"start": "home", "minutes": 60},
    "travel.distance": {"level": "off", "start": "home", "km": 30},
    "travel.carers": {"level": "soft", "start": "home", "minutes": 30},
    "couples.together": {"level": "soft", "within": "zone", "km": 10},
    "recruits.setting": {"level": "off", "settings": ["rural", "remote"]},
    "recruits.contract": {},
    "closures.follow": {"level": "off", "share": 0.5},
    "quota.headcount": {"above": 2},
    "school.outflow": {"level": "off", "share": 0.2},
    "school.subject_outflow": {"level": "off", "share": 0.5},
    "school.subject_minimum": {"level": "off", "least": 1, "subjects": "core"},
    "school.graduating": {"level": "off", "share": 0.5},
    "leads.zone": {"level": "off", "least": 1, "backbone": "county"},
    "leads.school": {"level": "off", "most": 1, "backbone": "city"},
    "budget.moves": {"groups": "counted"},
    "direction.cross_stage": {"level": "off", "most": 41},
    "direction.cross_zone": {"level": "off", "most": 21},
    "direction.across": {"level": "off", "most": 21},
    "direction.upward": {"level": "off", "share": 0.1},
    "direction.upward_gap": {"level": "off"},
    "direction.rural": {"level": "off", "share": 0.1},
    "direction.areas": {"level": "off", "kinds": 3, "schools": 3, "by": "zone"},
    "volunteers.only": {"level": "off"},
    "wishes.only": {"level": "off"},
}


@dataclass(frozen=True, eq=False)
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

    @property
    def september(self) -> int:
        """The September that the plan is for, in months."""
        return int(self.settings["school_year"]) * 12 + 8

    def open(self, section: Section) -> bool:
        """Whether a section is open in September."""
        return section in self.sections and section[0] not in self.closures

    def open_school(self, school: str) -> bool:
        """Whether a school is open in September."""
        return school not in self.closures and any(s == school for s, _ in self.sections)

    def rule(self, name: str, level: str = "hard") -> dict[str, Any] | None:
        """Parameters of a rule that stands at a level, or None where it does not."""
        given = self.settings.get("rules", {}).get(name, {})
        rule = DEFAULT_RULES[name] | ({"level": given} if isinstance(given, str) else given)
        return rule if rule.get("level", "hard") == level else None

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

    def staff(self, section: Section) -> list[Row]:
        """Teachers who work in a section today."""
        return [t for t in self.teachers if home(t) == section]

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every place there can be: subjects of a stage, those with posts, and those somebody holds today."""
        found = {(s, g, subject) for s, g in self.sections for subject in TAUGHT[g]} | set(self.posts)
        found |= {(t["school_id"], t["stage"], t["subject"]) for t in self.teachers if home(t)}
        return tuple(sorted(p for p in found if self.open(p[:2])))


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


def months(cell: str) -> int:
    """Count the months of a date such as 2019-09 from the year 0."""
    year, month = cell.split("-")
    return int(year) * 12 + int(month) - 1


def month(teacher: Row, column: str) -> int | None:
    """Return a month of a teacher; None where it is not known."""
    cell = teacher.get(column)
    return months(cell) if cell else None


def number(teacher: Row, column: str) -> float:
    """Return a number of a teacher, 0 where the cell is blank."""
    return float(teacher.get(column) or 0)


def listed(teacher: Row, column: str) -> list[str]:
    """Return the codes that a cell names."""
    return [code for code in (teacher.get(column) or "").split(";") if code]


def says_yes(teacher: Row, column: str) -> bool:
    """Whether a cell says yes."""
    return teacher.get(column) == "yes"


def leads(teacher: Row, least: str) -> bool:
    """Whether a teacher is a chief teacher, or a backbone teacher of a level or above."""
    return says_yes(teacher, "chief") or is_backbone(teacher, least)


def is_backbone(teacher: Row, least: str) -> bool:
    """Whether a teacher is a backbone teacher of a level or above."""
    return BACKBONES.index(teacher.get("backbone") or "none") >= BACKBONES.index(least)


def stays_open(teacher: Row, district: District) -> bool:
    """Whether a teacher has a school today, and it is open in September."""
    here = home(teacher)
    return here is not None and district.open(here)


def moves_away(teacher: Row, place: Place, district: District) -> bool:
    """Whether a placement takes a teacher away from a school that stays open."""
    return stays_open(teacher, district) and place[0] != teacher["school_id"]


def stays_put(teacher: Row, place: Place, district: District) -> bool:
    """Whether a place is the one that a teacher holds today."""
    here = (teacher["school_id"], teacher["stage"], teacher["subject"])
    return stays_open(teacher, district) and here == place


def months_here(teacher: Row, district: District, leave: str = "counted") -> int | None:
    """Months at the present school in September, with or without those of leave; None where not known."""
    joined = month(teacher, "joined_school")
    away = int(number(teacher, "leave_months")) if leave == "left_out" else 0
    return None if joined is None else district.september - joined - away


def crosses_stage(teacher: Row, place: Place) -> bool:
    """Whether a placement is at another stage than today's; never for a recruit."""
    return bool(teacher["school_id"]) and place[1] != teacher["stage"]


def crosses_zone(teacher: Row, place: Place, district: District) -> bool:
    """Whether a placement is in another zone than today's; never for a recruit."""
    zone = {s: row["zone"] for s, row in district.schools.items()}
    return bool(teacher["school_id"]) and zone[place[0]] != zone[teacher["school_id"]]


def in_one_group(teacher: Row, place: Place, district: District) -> bool:
    """Whether a placement is at a school of the education group of the present one."""
    if not teacher["school_id"]:
        return False
    group = district.schools[teacher["school_id"]].get("group")
    return bool(group) and group == district.schools[place[0]].get("group")


def goes_up(teacher: Row, place: Place, district: District) -> bool:
    """Whether a teacher leaves a school that stays open for one of a higher tier, both being known."""
    if not moves_away(teacher, place, district):
        return False
    old, new = (district.schools[s].get("tier") for s in (teacher["school_id"], place[0]))
    return bool(old) and bool(new) and int(new or 0) < int(old or 0)


def between_km(one: str, other: str, district: District) -> float:
    """Road between two schools."""
    return _road(_where(district, one), _where(district, other))


def road_km(teacher: Row, school: str, district: District, start: str = "home") -> float:
    """Road from the home, else from the present school, to a school; 0 where neither is known."""
    if start == "home" and teacher.get("home_lat") and teacher.get("home_lon"):
        return _road((float(teacher["home_lat"]), float(teacher["home_lon"])), _where(district, school))
    return between_km(teacher["school_id"], school, district) if teacher["school_id"] else 0.0


def _where(district: District, school: str) -> tuple[float, float]:
    return float(district.schools[school]["lat"]), float(district.schools[school]["lon"])


def _road(start: tuple[float, float], end: tuple[float, float]) -> float:
    (a, b), (c, d) = ((math.radians(v) for v in point) for point in (start, end))
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(half)) * DETOUR
