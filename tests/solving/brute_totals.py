"""Plans to try, and the rules that count over a whole plan, written a second time from their sentences.

Each rule says of every plan how much it is broken by: the people too many or too few, the couples apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solving.brute_district import (
    CORE,
    District,
    Place,
    Row,
    Section,
    between_km,
    crosses_stage,
    crosses_zone,
    goes_up,
    home,
    in_one_group,
    is_backbone,
    leads,
    month,
    months_here,
    moves_away,
    says_yes,
    stays_open,
)
from solving.brute_pairs import eligible, has_served

Rule = dict[str, Any]
Numbers = NDArray[np.float64]


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


def part(share: float, whole: float) -> int:
    """Return a share of a number, rounded up."""
    return math.ceil(share * whole - 1e-9)


def leavers(plans: Plans, who: Callable[[Row], bool] = lambda t: True) -> Numbers:
    """Count those of some teachers who leave a school that stays open."""
    return plans.heads(lambda t, p: who(t) and moves_away(t, p, plans.district))


def within(codes: Sequence[str]) -> Callable[[Row], bool]:
    """Return the question whether a teacher is one of these."""
    return lambda t: t["teacher_id"] in codes


def at_home(*place: str) -> Callable[[Row], bool]:
    """Return the question whether a teacher works today in a section, or holds a place there."""
    return lambda t: (t["school_id"], t["stage"], t["subject"])[: len(place)] == place


def open_sections(district: District) -> list[Section]:
    """Sections that are open in September."""
    return [s for s in district.sections if district.open(s)]


def home_places(district: District) -> list[Place]:
    """Section and subject of every teacher whose school stays open, each once."""
    found = {(t["school_id"], t["stage"], t["subject"]) for t in district.teachers if stays_open(t, district)}
    return sorted(found)


def over(held: Numbers, most: Numbers | float) -> Numbers:
    """By how much a number is above its limit."""
    return np.maximum(held - most, 0.0)


def short(held: Numbers, least: Numbers | float) -> Numbers:
    """By how much a number is below its limit."""
    return np.maximum(least - held, 0.0)


def together(plans: Plans, each: Iterator[Numbers]) -> Numbers:
    """Add the breaches of several demands up."""
    return np.sum([np.zeros(len(plans)), *each], axis=0)


def one_in(plans: Plans, due: Sequence[str], summers: int) -> Numbers:
    """One in ``summers`` of those who are due and lawfully can, rounded up, leaves."""
    can = [t for t in due if t in eligible(plans.district)]
    return short(leavers(plans, within(can)), part(1 / summers, len(can)))


def rotation(plans: Plans, rule: Rule) -> Numbers:
    """One in ``summers`` of the leaders who have served their terms moves."""
    district = plans.district
    due = [
        t["teacher_id"]
        for t in district.teachers
        if t.get("role") in rule["roles"] and has_served(t, district, rule)
    ]
    return one_in(plans, due, rule["summers"])


def heads_of_schools(plans: Plans, rule: Rule) -> Numbers:
    """Every open school that has a principal today has at least one in September."""

    def leads_at(school: str) -> Numbers:
        return short(plans.heads(lambda t, p: t.get("role") == "principal" and p[0] == school), 1)

    today = {t["school_id"] for t in plans.district.teachers if t.get("role") == "principal"}
    return together(plans, (leads_at(s) for s in sorted(today) if plans.district.open_school(s)))


def is_due(teacher: Row, district: District, rule: Rule) -> bool:
    """Whether a teacher is known to have been at the school long enough, and not known to be too old."""
    served, birth = months_here(teacher, district, rule["leave"]), month(teacher, "birth")
    oldest = {"m": rule["oldest_men"], "f": rule["oldest_women"]}.get(teacher.get("sex") or "")
    too_old = birth is not None and oldest is not None and (district.september - birth) // 12 > oldest
    return served is not None and served >= 12 * rule["years"] and not too_old


def due(plans: Plans, rule: Rule) -> Numbers:
    """One in ``summers`` of those who have been at their school for ``years`` years moves."""
    codes = [t["teacher_id"] for t in plans.district.teachers if is_due(t, plans.district, rule)]
    return one_in(plans, codes, rule["summers"])


def rate(plans: Plans, rule: Rule) -> Numbers:
    """At least ``share`` of the eligible leave."""
    can = eligible(plans.district, rule["years"])
    return short(leavers(plans, within(can)), part(rule["share"], len(can)))


def backbone(plans: Plans, rule: Rule) -> Numbers:
    """Backbone teachers who leave are at least ``share`` of all who leave, or of the eligible."""
    can = eligible(plans.district, rule["years"])
    lead = [t["teacher_id"] for t in plans.district.teachers if is_backbone(t, rule["backbone"])]
    least: dict[str, Numbers | float] = {
        "movers": rule["share"] * leavers(plans),
        "eligible": part(rule["share"], len(can)),
        "eligible_backbone": part(rule["share"], len(set(can) & set(lead))),
    }
    return short(leavers(plans, within(lead)), least[rule["of"]])


def graduating_leave(plans: Plans, rule: Rule) -> Numbers:
    """At least ``share`` of the eligible teachers of graduating classes leave."""
    codes = [t["teacher_id"] for t in plans.district.teachers if says_yes(t, "graduating")]
    can = [t for t in codes if t in eligible(plans.district, rule["years"])]
    return short(leavers(plans, within(can)), part(rule["share"], len(can)))


def near(one: Place, other: Place, district: District, rule: Rule) -> bool:
    """Whether two places are in the same school, in the same zone, or at most ``km`` km apart."""
    if rule["within"] == "km":
        ways = between_km(one[0], other[0], district), between_km(other[0], one[0], district)
        return min(ways) <= rule["km"]
    zones = {district.schools[p[0]]["zone"] for p in (one, other)}
    return one[0] == other[0] if rule["within"] == "school" else len(zones) == 1


def couples(plans: Plans, rule: Rule) -> Numbers:
    """Both of a couple are placed near one another, unless both stay at their schools of today."""
    district, found = plans.district, {}
    for i, teacher in enumerate(district.teachers):
        found.setdefault(teacher.get("couple_id") or "", []).append(i)

    def apart(a: int, b: int) -> Numbers:
        one, other = district.teachers[a], district.teachers[b]
        table = [
            [
                near(p, q, district, rule) or (p[0] == one["school_id"] and q[0] == other["school_id"])
                for q in plans.options[b]
            ]
            for p in plans.options[a]
        ]
        return 1.0 - np.array(table, dtype=float)[plans.choice[:, a], plans.choice[:, b]]

    return together(plans, (apart(*two) for code, two in found.items() if code and len(two) == 2))


def follow(plans: Plans, rule: Rule) -> Numbers:
    """At least ``share`` of the teachers of a closing section go to the school that takes its pupils."""
    district = plans.district

    def enough(section: Section) -> Numbers:
        mine, to = at_home(*section), district.goes_to(section)
        goes = plans.heads(lambda t, p: mine(t) and p[0] == to)
        return short(goes, part(rule["share"], len(district.staff(section))))

    return together(plans, (enough(s) for s in district.sections if s[0] in district.closures))


def headcount(plans: Plans, rule: Rule) -> Numbers:
    """Every section holds at most its limit and at least its floor."""
    district = plans.district

    def fits(section: Section) -> Numbers:
        held = plans.heads(lambda t, p: p[:2] == section)
        low, high = limits(district, section)
        computed = not district.sections[section].get("headcount_max")
        tolerance = computed * math.floor(rule["above"])
        return short(held, low) + over(held, max(high + tolerance, low))

    return together(plans, (fits(s) for s in open_sections(district)))


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


def outflow(plans: Plans, rule: Rule) -> Numbers:
    """At most ``share`` of the teachers of a section leave for another school."""
    district = plans.district
    return together(
        plans,
        (
            over(leavers(plans, at_home(*s)), part(rule["share"], len(district.staff(s))))
            for s in open_sections(district)
        ),
    )


def subject_outflow(plans: Plans, rule: Rule) -> Numbers:
    """At most ``share`` of the teachers of each subject of a section leave for another school."""
    district = plans.district

    def fits(place: Place) -> Numbers:
        mine = at_home(*place)
        return over(leavers(plans, mine), part(rule["share"], sum(map(mine, district.teachers))))

    return together(plans, (fits(place) for place in home_places(district)))


def subject_minimum(plans: Plans, rule: Rule) -> Numbers:
    """Each subject with posts keeps ``least`` teachers, or as many as today where these are fewer."""
    district = plans.district

    def enough(place: Place) -> Numbers:
        today = sum(map(at_home(*place), district.teachers))
        return short(plans.heads(lambda t, p: p == place), min(rule["least"], today))

    asked = (
        place
        for place, n in district.posts.items()
        if n and district.open(place[:2]) and (rule["subjects"] == "all" or place[2] in CORE)
    )
    return together(plans, (enough(place) for place in asked))


def graduating_stay(plans: Plans, rule: Rule) -> Numbers:
    """At least ``share`` of a section's teachers of graduating classes stay in the section."""
    district = plans.district

    def enough(section: Section) -> Numbers:
        mine = [t["teacher_id"] for t in district.staff(section) if says_yes(t, "graduating")]
        stay = plans.heads(lambda t, p: t["teacher_id"] in mine and p[:2] == section)
        return short(stay, part(rule["share"], len(mine)))

    return together(plans, (enough(s) for s in open_sections(district)))


def leads_of_zones(plans: Plans, rule: Rule) -> Numbers:
    """Each zone has at least ``least`` lead teachers in each core subject that it has posts in."""
    district = plans.district
    zone = {s: row["zone"] for s, row in district.schools.items()}

    def enough(name: str, subject: str) -> Numbers:
        held = plans.heads(lambda t, p: leads(t, rule["backbone"]) and (zone[p[0]], p[2]) == (name, subject))
        return short(held, rule["least"])

    asked = {
        (zone[place[0]], place[2])
        for place, n in district.posts.items()
        if n and district.open(place[:2]) and place[2] in CORE
    }
    return together(plans, (enough(*pair) for pair in sorted(asked)))


def leads_of_schools(plans: Plans, rule: Rule) -> Numbers:
    """At most ``most`` lead teachers leave a school that stays open."""

    def few(school: str) -> Numbers:
        left = leavers(plans, lambda t: t["school_id"] == school and leads(t, rule["backbone"]))
        return over(left, rule["most"])

    return together(plans, (few(s) for s in plans.district.schools))


def budget(plans: Plans, rule: Rule) -> Numbers:
    """At most so many teachers move away from a school that stays open."""
    district = plans.district
    given = district.settings.get("budget", {}).get("moves")
    if given is None:
        return np.zeros(len(plans))
    if isinstance(given, str):
        given = math.floor(float(given.rstrip("%")) / 100 * len(eligible(district)) + 1e-9)
    free = rule["groups"] == "free"
    counted = plans.heads(
        lambda t, p: moves_away(t, p, district) and not (free and in_one_group(t, p, district))
    )
    return over(counted, given)


def across(plans: Plans, rule: Rule) -> Numbers:
    """At most ``most`` teachers go to another zone or change the stage they teach."""
    district = plans.district
    return over(plans.heads(lambda t, p: crosses_stage(t, p) or crosses_zone(t, p, district)), rule["most"])


def upward(plans: Plans, rule: Rule) -> Numbers:
    """At most ``share`` of those who leave a school that stays open go to one of a higher tier."""
    up = plans.heads(lambda t, p: goes_up(t, p, plans.district))
    return over(up, rule["share"] * leavers(plans))


def upward_gap(plans: Plans, rule: Rule) -> Numbers:
    """No subject of a section loses more teachers to higher tiers than it has beyond its posts."""
    district = plans.district

    def fits(place: Place) -> Numbers:
        mine = at_home(*place)
        beyond = max(sum(map(mine, district.teachers)) - district.posts.get(place, 0), 0)
        return over(plans.heads(lambda t, p: mine(t) and goes_up(t, p, district)), beyond)

    return together(plans, (fits(place) for place in home_places(district)))


def rural(plans: Plans, rule: Rule) -> Numbers:
    """At least ``share`` of those who leave go from an urban or town school to a rural or remote one."""
    district = plans.district
    setting = {s: row["setting"] for s, row in district.schools.items()}
    out = plans.heads(
        lambda t, p: (
            moves_away(t, p, district)
            and setting[t["school_id"]] in ("urban", "town")
            and setting[p[0]] in ("rural", "remote")
        )
    )
    return short(out, rule["share"] * leavers(plans))


TOTALS: dict[str, Callable[[Plans, Rule], Numbers]] = {
    "leaders.rotation": rotation,
    "leaders.head": heads_of_schools,
    "tenure.due": due,
    "exchange.rate": rate,
    "exchange.backbone": backbone,
    "exchange.graduating": graduating_leave,
    "couples.together": couples,
    "closures.follow": follow,
    "quota.headcount": headcount,
    "school.outflow": outflow,
    "school.subject_outflow": subject_outflow,
    "school.subject_minimum": subject_minimum,
    "school.graduating": graduating_stay,
    "leads.zone": leads_of_zones,
    "leads.school": leads_of_schools,
    "budget.moves": budget,
    "direction.cross_stage": lambda plans, rule: over(plans.heads(crosses_stage), rule["most"]),
    "direction.cross_zone": lambda plans, rule: over(
        plans.heads(lambda t, p: crosses_zone(t, p, plans.district)), rule["most"]
    ),
    "direction.across": across,
    "direction.upward": upward,
    "direction.upward_gap": upward_gap,
    "direction.rural": rural,
}


def missed(plans: Plans, level: str = "hard") -> dict[str, Numbers]:
    """By how much each plan breaks each of the totals of a level; nearly nothing is nothing."""
    asked = ((name, plans.district.rule(name, level)) for name in TOTALS)
    found = {name: TOTALS[name](plans, rule) for name, rule in asked if rule is not None}
    return {name: np.where(amount > 1e-9, amount, 0.0) for name, amount in found.items()}
