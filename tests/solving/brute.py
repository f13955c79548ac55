"""An independent brute force for districts small enough to try every plan.

It reads the tables with the csv and tomllib modules and shares no code with the package: every rule, every
total and every level of the objective is written a second time, from the definitions: what the tables say in
``brute_district``, the rules about one teacher and one place in ``brute_pairs``, those about a whole plan in
``brute_totals``, the levels here.

Rules are kept when they are hard (their default, or the scenario's word), counted when they are soft, and not
asked when they are off. The reserve is not its business.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from solving.brute_district import (
    CORE,
    DEGREES,
    GRADES,
    District,
    Place,
    Row,
    Section,
    crosses_stage,
    crosses_zone,
    home,
    in_one_group,
    is_backbone,
    listed,
    month,
    moves_away,
    number,
    read,
    road_km,
    says_yes,
)
from solving.brute_pairs import PAIR_RULES, eligible, lawful_places, refusing
from solving.brute_totals import TOTALS, Plans, leavers, missed

__all__ = [
    "PAIR_RULES",
    "TOTALS",
    "District",
    "Plans",
    "eligible",
    "lawful_places",
    "missed",
    "read",
    "refusing",
    "these",
]

SUBJECTS = dict.fromkeys(CORE, 3)
INDICATORS = {"teachers": 1.0, "overqualified": 1.0, "backbone": 1.0, "arts": 1.0}
BURDEN = {
    "move": 1.0,
    "group_move": 0.2,
    "km": 0.1,
    "cross_zone": 1.0,
    "cross_stage": 1.0,
    "second_subject": 2.0,
    "follow": 1.0,
}
POINTS = {"service": 0.0, "rural": 0.0, "carer": 0.0}


def size(district: District) -> int:
    """Plans before the totals are looked at."""
    return math.prod(len(options) for options in lawful_places(district))


def enumerate_plans(district: District) -> Plans:
    """List every plan that keeps the pair rules and the totals."""
    options = lawful_places(district)
    shape = tuple(len(o) for o in options)
    rows = np.unravel_index(np.arange(math.prod(shape)), shape)
    plans = Plans(district, options, np.stack(rows, axis=1).astype(np.int8))
    return plans.keep(np.sum([np.zeros(len(plans)), *missed(plans).values()], axis=0) == 0)


def these(district: District, plans: Sequence[Sequence[Place]]) -> Plans:
    """Look at some plans alone, lawful or not."""
    options = tuple(tuple(sorted(set(places))) for places in zip(*plans, strict=True))
    choice = [[o.index(p) for o, p in zip(options, places, strict=True)] for places in plans]
    return Plans(district, options, np.array(choice, dtype=np.int8))


def broken(district: District, placed: Sequence[Place]) -> list[str]:
    """Say what one plan breaks: the pair rules by teacher, and the totals by their names."""
    pairs = zip(district.teachers, placed, strict=True)
    found = [f"{t['teacher_id']} {name}" for t, place in pairs for name in refusing(t, place, district)]
    totals = missed(these(district, [placed]))
    return found + [name for name, amount in totals.items() if amount[0]]


@cache
def breaches(plans: Plans) -> NDArray[np.float64]:
    """Count what the soft rules are broken by: 1 for a refused place, the excess of a total."""

    def refused(teacher: Row, place: Place) -> int:
        return len(refusing(teacher, place, plans.district, "soft"))

    pairs = zip(plans.district.teachers, plans.options, strict=True)
    places = plans.total([[refused(t, p) for p in options] for t, options in pairs])
    return np.sum([places, *missed(plans, "soft").values()], axis=0)


@cache
def moves(plans: Plans) -> NDArray[np.float64]:
    """Count the moves away from schools that stay open."""
    return leavers(plans)


@cache
def coverage(plans: Plans) -> NDArray[np.float64]:
    """Weighted number of empty posts."""
    weights = plans.district.settings.get("priorities", {}).get("subjects", SUBJECTS)
    empty = np.zeros(len(plans))
    for place, n in plans.district.posts.items():
        if plans.district.open(place[:2]):
            held = plans.heads(lambda t, p, place=place: p == place)
            empty += weights.get(place[2], 1) * np.maximum(n - held, 0)
    return empty


def points(teacher: Row, district: District) -> float:
    """Points of a teacher's wishes: those stated, and those for service, years in rural schools and care."""
    weights = POINTS | district.settings.get("priorities", {}).get("points", {})
    hired = month(teacher, "hired")
    years = max(district.september - hired, 0) / 12 if hired is not None else 0.0
    return float(
        number(teacher, "points")
        + weights["service"] * years
        + weights["rural"] * number(teacher, "rural_years")
        + weights["carer"] * says_yes(teacher, "carer")
    )


@cache
def wishes(plans: Plans) -> NDArray[np.float64]:
    """How far places stay behind the wishes, each weighing 1 and the points of the teacher.

    0 for the first wish, the number of wishes for any school not named.
    """

    def cost(teacher: Row, place: Place) -> float:
        wished = listed(teacher, "wishes")
        rank = wished.index(place[0]) if place[0] in wished else len(wished)
        return rank * (1 + points(teacher, plans.district))

    pairs = zip(plans.district.teachers, plans.options, strict=True)
    return plans.total([[cost(t, p) for p in options] for t, options in pairs])


def follows_not(teacher: Row, place: Place, district: District) -> bool:
    """Whether a teacher of a closing school does not go where the pupils of the section go."""
    here = home(teacher)
    return here is not None and here[0] in district.closures and place[0] != district.goes_to(here)


@cache
def burden(plans: Plans) -> NDArray[np.float64]:
    """Distance, moves, other zone, other stage, other subject and other pupils, with their weights."""
    district = plans.district
    weights = BURDEN | district.settings.get("priorities", {}).get("burden", {})

    def cost(teacher: Row, place: Place) -> float:
        km = road_km(teacher, place[0], district) if place[0] != teacher["school_id"] else 0.0
        move = "group_move" if in_one_group(teacher, place, district) else "move"
        asked = moves_away(teacher, place, district) and not says_yes(teacher, "volunteer")
        return float(
            weights["km"] * km
            + weights[move] * asked
            + weights["cross_zone"] * crosses_zone(teacher, place, district)
            + weights["cross_stage"] * crosses_stage(teacher, place)
            + weights["second_subject"] * (place[2] != teacher["subject"])
            + weights["follow"] * follows_not(teacher, place, district)
        )

    pairs = zip(district.teachers, plans.options, strict=True)
    return plans.total([[cost(t, p) for p in options] for t, options in pairs])


def counts(indicator: str, teacher: Row, place: Place) -> bool:
    """Whether a teacher who holds a place counts for an indicator there."""
    if indicator == "overqualified":
        least = {"primary": "associate", "junior": "bachelor"}[place[1]]
        return bool(teacher.get("degree")) and DEGREES.index(teacher["degree"]) >= DEGREES.index(least)
    if indicator == "backbone":
        return is_backbone(teacher, "county")
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


MEASURES = {"rules": breaches, "coverage": coverage, "wishes": wishes, "moves": moves, "burden": burden}


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
