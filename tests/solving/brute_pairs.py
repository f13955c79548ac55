"""The rules about one teacher and one place, written a second time from their sentences."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from solving.brute_district import (
    CERTIFIED,
    EXPERIENCED,
    FAMILIES,
    RANK,
    RETIREMENT,
    SECOND,
    District,
    Place,
    Row,
    home,
    listed,
    month,
    months_here,
    moves_away,
    road_km,
    says_yes,
    stays_open,
    stays_put,
)
from solving.brute_district import KM_AN_HOUR as SPEED

Rule = dict[str, Any]
Refuses = Callable[[Row, Place, District, Rule], bool]


def pins(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse all but the present place, or all but the school that the pin names."""
    pin = t.get("pin")
    return not stays_put(t, place, d) if pin == "stay" else bool(pin) and pin != place[0]


def certificate(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse another section to who holds no certificate of its stage or above."""
    return place[:2] != home(t) and RANK[t["certificate"]] < RANK[place[1]]


def family(t: Row) -> set[str]:
    """Subjects of the usual family at the stage taught today; of a recruit, at every stage."""
    stages = [t["stage"]] if home(t) else list(FAMILIES)
    return set.intersection(*(FAMILIES[stage].get(t["subject"], set()) for stage in stages))


def second_subjects(t: Row, of: str) -> set[str]:
    """Second subjects: those stated, those of the usual family, or both."""
    stated = set(listed(t, "second_subjects"))
    return {"stated": stated, "family": family(t), "both": stated | family(t)}[of]


def suits(t: Row, subject: str, second: str = "stated") -> float:
    """How well a subject suits a teacher."""
    if subject in (t["subject"], t.get("certificate_subject")):
        return CERTIFIED
    if subject in listed(t, "experienced_subjects"):
        return EXPERIENCED
    return SECOND if subject in second_subjects(t, second) else 0.0


def suitability(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse a new place that suits the teacher's subject less than ``least``."""
    return not stays_put(t, place, d) and suits(t, place[2], rule["second"]) < rule["least"]


def status(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse all but the present place to the protected, while the school is open."""
    return t.get("status") in rule["statuses"] and stays_open(t, d) and not stays_put(t, place, d)


def retires(t: Row) -> int | None:
    """Month of retirement; None where birth or sex is not known."""
    birth, sex = month(t, "birth"), t.get("sex")
    if birth is None or not sex:
        return None
    facts = RETIREMENT[sex]
    later = birth - facts["born_from"] * 12
    age = facts["age"] * 12 + (later // facts["months"] + 1 if later >= 0 else 0)
    return birth + min(age, facts["latest"] * 12)


def retirement(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse another school to who retires within ``years`` years, while the present one is open."""
    end = retires(t)
    return moves_away(t, place, d) and end is not None and end - d.september <= 12 * rule["years"]


def has_served(t: Row, d: District, rule: Rule) -> bool:
    """Whether a leader is known to have served ``terms`` terms at the school; never where there is no end."""
    served = months_here(t, d)
    return (
        rule["terms"] is not None and served is not None and served >= 12 * rule["terms"] * rule["term_years"]
    )


def leaders(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse another school to a leader while the present one is open, until the terms are over."""
    return moves_away(t, place, d) and t.get("role") in rule["roles"] and not has_served(t, d, rule)


def tenure(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse another school before ``years`` years at one that stays open."""
    served = months_here(t, d, rule["leave"])
    return moves_away(t, place, d) and served is not None and served < 12 * rule["years"]


def bound_until(t: Row, rule: Rule) -> float:
    """Month in which the service term ends, on the date stated or by the kind of service; 0 without one."""
    kind = t.get("service") or "none"
    years = rule["recruits" if kind == "none" else kind]
    hired, stated = month(t, "hired"), month(t, "lock_until")
    by_kind = hired + 12 * years if hired is not None and years else 0
    return max(by_kind, stated or 0)


def lock(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse another school until the service term ends, while the present one is open."""
    return moves_away(t, place, d) and bound_until(t, rule) > d.september


def exchange(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse another school until an exchange ends, and then all but the school that sent, if open."""
    until, sender = month(t, "exchange_until"), t.get("exchange_from")
    if until is None:
        return False
    if until > d.september:
        return moves_away(t, place, d)
    return bool(sender) and d.open_school(str(sender)) and place[0] != sender


def _to_another_school(t: Row, place: Place) -> bool:
    return place[0] != t["school_id"] and not says_yes(t, "volunteer")


def too_long(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse another school more than ``minutes`` minutes away, but not to volunteers."""
    minutes = road_km(t, place[0], d, rule["start"]) / SPEED * 60
    return _to_another_school(t, place) and minutes > rule["minutes"]


def too_far(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse another school more than ``km`` km of road away, but not to volunteers."""
    return _to_another_school(t, place) and road_km(t, place[0], d, rule["start"]) > rule["km"]


def too_long_for_a_carer(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse who cares for somebody alone another school more than ``minutes`` minutes away."""
    return says_yes(t, "carer") and too_long(t, place, d, rule)


def setting(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse recruits the schools whose setting is none of ``settings``."""
    return says_yes(t, "recruit") and d.schools[place[0]]["setting"] not in rule["settings"]


def contract(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse a recruit all but the school of the contract, if that is open."""
    school = t.get("contract_school") or ""
    return says_yes(t, "recruit") and d.open_school(school) and place[0] != school


def areas(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse a move that leaves fewer than ``kinds`` areas within reach of the first ``schools`` schools."""
    seen = {s for s in listed(t, "former_schools") if s in d.schools} | {t["school_id"]}
    if not moves_away(t, place, d) or place[0] in seen or len(seen) + 1 > rule["schools"]:
        return False
    found = {d.schools[s][rule["by"]] for s in seen | {place[0]}}
    return len(found) + (rule["schools"] - len(seen) - 1) < rule["kinds"]


def unwilling(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse all but volunteers to leave a school that stays open."""
    return moves_away(t, place, d) and not says_yes(t, "volunteer")


def unwished(t: Row, place: Place, d: District, rule: Rule) -> bool:
    """Refuse who states wishes to leave a school that stays open for any other."""
    wishes = listed(t, "wishes")
    return moves_away(t, place, d) and bool(wishes) and place[0] not in wishes


PAIR_RULES: dict[str, Refuses] = {
    "placement.pins": pins,
    "certificate.rank": certificate,
    "subject.suitability": suitability,
    "protection.status": status,
    "protection.retirement": retirement,
    "leaders.kept": leaders,
    "tenure.minimum": tenure,
    "tenure.lock": lock,
    "exchange.term": exchange,
    "travel.limit": too_long,
    "travel.distance": too_far,
    "travel.carers": too_long_for_a_carer,
    "recruits.setting": setting,
    "recruits.contract": contract,
    "direction.areas": areas,
    "volunteers.only": unwilling,
    "wishes.only": unwished,
}


def refusing(teacher: Row, place: Place, district: District, level: str = "hard") -> list[str]:
    """Ids of the pair rules of a level that refuse a place to a teacher."""
    asked = ((name, district.rule(name, level)) for name in PAIR_RULES)
    return [
        name for name, rule in asked if rule is not None and PAIR_RULES[name](teacher, place, district, rule)
    ]


@cache
def lawful_places(district: District) -> tuple[tuple[Place, ...], ...]:
    """Return the places that no hard pair rule refuses, of each teacher."""
    everybody = district.teachers
    return tuple(tuple(p for p in district.places if not refusing(t, p, district)) for t in everybody)


@cache
def eligible(district: District, years: float = 0) -> tuple[str, ...]:
    """Codes of those who could lawfully move: a lawful place at another school while their own stays open.

    They have been at their school for ``years`` years; an unknown month counts as long enough.
    """
    found = []
    for teacher, options in zip(district.teachers, lawful_places(district), strict=True):
        served = months_here(teacher, district)
        long_enough = served is None or served >= 12 * years
        if long_enough and any(moves_away(teacher, p, district) for p in options):
            found.append(teacher["teacher_id"])
    return tuple(found)
