"""Drawn districts in which every rule of the catalogue has something to say, and drawn parameters of the rules.

Four to six schools in two or three zones with 20 to 30 teachers and published posts; in some a school closes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from builders import District

SUBJECTS = ("chinese", "mathematics", "english", "music", "pe")
Draw = np.random.Generator
Section = tuple[str, str]


def pick(draw: Draw, *values: Any) -> Any:
    """Draw one of some values; a value that stands more often comes more often."""
    return values[int(draw.integers(len(values)))]


def month(draw: Draw, first: int, last: int) -> str:
    """Draw a month of the years given."""
    return f"{draw.integers(first, last + 1)}-{draw.integers(1, 13):02d}"


def drawn(seed: int) -> District:
    """Draw a district; the same seed draws the same."""
    draw = np.random.default_rng(seed)
    year, filling = pick(draw, 2020, 2026), ["coverage", "wishes"]
    district = District(
        title=f"Drawn {seed}",
        school_year=year,
        seed=seed,
        language="en",
        objective={"levels": pick(draw, filling, filling, ["moves", "coverage"])},
        budget={"moves": pick(draw, 0, 1, 3, "20%"), "gap": 0, "seconds": 20},
    )
    more = ("nine_year", "primary", "junior")
    kinds = ["nine_year", "primary", *(pick(draw, *more) for _ in range(draw.integers(2, 5)))]
    sections = _schools(district, draw, kinds)
    _posts(district, draw, sections)
    _teachers(district, draw, year, sections)
    _couples(district, draw)
    if draw.random() < 0.4:
        _close(district, draw, kinds)
    return district


def _schools(district: District, draw: Draw, kinds: Sequence[str]) -> list[Section]:
    zones = ("north", "south", "east")[: draw.integers(2, 4)]
    sections = []
    for i, kind in enumerate(kinds):
        stages = ("primary", "junior") if kind == "nine_year" else (kind,)
        district.school(
            f"S{i}",
            kind=kind,
            zone=zones[i] if i < len(zones) else pick(draw, *zones),
            township=pick(draw, "Ford", "Mill", "Hill", ""),
            setting=pick(draw, "urban", "town", "rural", "remote"),
            lat=f"{34 + 0.3 * draw.random():.4f}",
            lon=f"{116.8 + 0.3 * draw.random():.4f}",
            group=pick(draw, "", "G1", "G2"),
            tier=pick(draw, 1, 2, 3, 4, 5, 6, ""),
        )
        for stage in stages:
            pupils = [int(n) for n in draw.integers(5, 40, 6 if stage == "primary" else 3)]
            least, most = pick(draw, "", "", "", 1, 3, 5), pick(draw, "", "", "", "", 2, 4)
            most = "" if least and most and least > most else most
            district.section(f"S{i}", stage, pupils, headcount_min=least, headcount_max=most)
            sections.append((f"S{i}", stage))
    return sections


def _posts(district: District, draw: Draw, sections: Sequence[Section]) -> None:
    for school, stage in sections:
        for subject in SUBJECTS:
            posts = pick(draw, 0, 1, 1, 2)
            district.row("posts", school_id=school, stage=stage, subject=subject, posts=posts)


def _teachers(district: District, draw: Draw, year: int, sections: Sequence[Section]) -> None:
    schools = sorted({school for school, _ in sections})
    for n in range(draw.integers(20, 31)):
        recruit = n >= len(sections) and draw.random() < 0.1
        school, stage = sections[n] if n < len(sections) else pick(draw, *sections)
        if recruit:
            district.teacher(subject=pick(draw, *SUBJECTS), **_recruit(draw, schools))
            continue
        pin = pick(draw, *[""] * 12, "stay", *draw.permutation(schools)[:2])
        person = _person(draw, stage, schools)
        principal = n < len(sections) and (n == 0 or sections[n - 1][0] != school)
        district.teacher(
            school,
            stage,
            pick(draw, *SUBJECTS),
            role=pick(draw, "principal", "teacher") if principal else pick(draw, *_ROLES),
            pin=pin,
            volunteer=pick(draw, "yes", "no", "no"),
            **person | ({"wishes": pin} if pin in schools else {}),
            **_career(draw, year, schools),
        )


_ROLES = ("teacher",) * 8 + ("vice_principal", "manager", "counsellor")


def _recruit(draw: Draw, schools: Sequence[str]) -> dict[str, object]:
    return {
        **_person(draw, "", schools),
        "contract_school": pick(draw, "", *schools),
        "wishes": ";".join(draw.permutation(schools)[:2]),
    }


def _person(draw: Draw, stage: str, schools: Sequence[str]) -> dict[str, object]:
    """Draw what a teacher is, wishes and can do."""
    known = draw.random() < 0.4
    return {
        "certificate": "junior" if stage == "junior" else pick(draw, "primary", "junior"),
        "certificate_subject": pick(draw, "", "", "", *SUBJECTS),
        "second_subjects": pick(draw, "", "", "pe;music", "english"),
        "experienced_subjects": pick(draw, "", "", "", "mathematics", "music"),
        "degree": pick(draw, "associate", "bachelor"),
        "backbone": pick(draw, "none", "none", "none", "county", "city", "province"),
        "chief": pick(draw, "no", "no", "no", "yes"),
        "sex": pick(draw, "f", "f", "m", "m", ""),
        "title": pick(draw, "none", "first", "senior"),
        "carer": pick(draw, "no", "no", "yes"),
        "points": pick(draw, "", 1, 2.5),
        "home_lat": f"{34 + 0.3 * draw.random():.4f}" if known else "",
        "home_lon": f"{116.8 + 0.3 * draw.random():.4f}" if known else "",
        "wishes": ";".join(draw.permutation(schools)[: pick(draw, 0, 1, 1, 2)]),
    }


def _career(draw: Draw, year: int, schools: Sequence[str]) -> dict[str, object]:
    """Draw what has been since the teacher was hired."""
    exchanged = draw.random() < 0.08
    return {
        "birth": pick(draw, month(draw, year - 63, year - 54), month(draw, year - 54, year - 24), ""),
        "hired": pick(draw, month(draw, year - 30, year - 8), month(draw, year - 7, year - 1), ""),
        "joined_school": pick(
            draw, month(draw, year - 20, year - 6), month(draw, year - 6, year - 1), f"{year - 6}-09", ""
        ),
        "leave_months": pick(draw, 0, 0, 0, 7, 12, 19, 24),
        "status": pick(draw, *["on_post"] * 8, "nursing", "ill", "leave", "training"),
        "service": pick(draw, *["none"] * 6, "special_post", "publicly_funded", "directed"),
        "lock_until": pick(draw, *[""] * 8, f"{year}-09", month(draw, year - 1, year + 2)),
        "graduating": pick(draw, "no", "no", "yes"),
        "exchange_from": pick(draw, *schools) if exchanged else "",
        "exchange_until": pick(draw, f"{year}-08", f"{year}-09", f"{year + 1}-08") if exchanged else "",
        "former_schools": ";".join(draw.permutation(schools)[: pick(draw, 0, 0, 1, 2)]),
    }


def _couples(district: District, draw: Draw) -> None:
    people = [str(row["teacher_id"]) for row in district.tables["teachers"]]
    chosen = [str(t) for t in draw.permutation(people)[: 2 * int(draw.integers(1, 4))]]
    for n, (one, other) in enumerate(zip(chosen[::2], chosen[1::2], strict=True)):
        for who in (one, other):
            district.change("teachers", who, couple_id=f"C{n}")


def _close(district: District, draw: Draw, kinds: Sequence[str]) -> None:
    """Close a school that another one can stand for; nobody stays pinned to it."""
    closing = int(draw.integers(1, len(kinds)))
    others = [i for i, kind in enumerate(kinds) if i != closing and kind in ("nine_year", kinds[closing])]
    code = f"S{closing}"
    district.set(closures={code: {"to": f"S{pick(draw, *others)}"}})
    for row in district.tables["teachers"]:
        if row["pin"] == code or (row["pin"] == "stay" and row["school_id"] == code):
            row["pin"] = ""


_BACKBONE = ("county", "city", "province")
_YEARS = ("counted", "left_out")
PARAMETERS: Mapping[str, Callable[[Draw], dict[str, Any]]] = {
    "placement.everyone": lambda draw: {"reserve": pick(draw, 0, 0, 2)},
    "subject.suitability": lambda draw: {
        "least": pick(draw, 0.5, 0.8, 1.0),
        "second": pick(draw, "stated", "family", "both"),
    },
    "protection.status": lambda draw: {"statuses": pick(draw, ["ill"], ["nursing", "ill", "leave"])},
    "protection.retirement": lambda draw: {"years": pick(draw, 1, 3, 5)},
    "tenure.minimum": lambda draw: {"years": pick(draw, 2, 3, 4.5, 6), "leave": pick(draw, *_YEARS)},
    "tenure.lock": lambda draw: {
        "special_post": pick(draw, 0, 3),
        "publicly_funded": pick(draw, 5, 6.5),
        "directed": 6,
        "recruits": pick(draw, 0, 0, 3),
    },
    "tenure.due": lambda draw: {
        "years": pick(draw, 3, 5, 6),
        "summers": pick(draw, 1, 1, 2),
        "oldest_men": pick(draw, 50, 58),
        "oldest_women": pick(draw, 45, 55),
        "leave": pick(draw, *_YEARS),
    },
    "leaders.kept": lambda draw: {
        "roles": pick(draw, ["principal"], ["principal", "vice_principal", "manager"]),
        "terms": pick(draw, 1, 2, 4),
        "term_years": pick(draw, 2.5, 3),
    },
    "leaders.rotation": lambda draw: {
        "roles": pick(draw, ["principal"], ["principal", "vice_principal", "manager", "counsellor"]),
        "terms": pick(draw, 0, 1),
        "term_years": pick(draw, 2, 3),
        "summers": pick(draw, 1, 2),
    },
    "exchange.rate": lambda draw: {"share": pick(draw, 0.1, 0.25, 0.5), "years": pick(draw, 0, 6, 6)},
    "exchange.backbone": lambda draw: {
        "share": pick(draw, 0.2, 0.45, 0.7),
        "of": pick(draw, "movers", "movers", "eligible", "eligible_backbone"),
        "backbone": pick(draw, *_BACKBONE),
        "years": pick(draw, 0, 4),
    },
    "exchange.graduating": lambda draw: {"share": pick(draw, 0.3, 0.5), "years": pick(draw, 0, 4)},
    "quota.headcount": lambda draw: {"above": pick(draw, 0, 1)},
    "school.outflow": lambda draw: {"share": pick(draw, 0, 0.15, 0.3, 0.3)},
    "school.subject_outflow": lambda draw: {"share": pick(draw, 0, 0.3, 0.5)},
    "school.subject_minimum": lambda draw: {
        "least": pick(draw, 1, 2),
        "subjects": pick(draw, "core", "all"),
    },
    "school.graduating": lambda draw: {"share": pick(draw, 0.5, 1)},
    "direction.cross_stage": lambda draw: {"most": pick(draw, 0, 1)},
    "direction.cross_zone": lambda draw: {"most": pick(draw, 0, 1, 3)},
    "direction.across": lambda draw: {"most": pick(draw, 0, 2, 4)},
    "direction.upward": lambda draw: {"share": pick(draw, 0, 0.1, 0.3)},
    "direction.rural": lambda draw: {"share": pick(draw, 0.1, 0.55, 0.8)},
    "direction.areas": lambda draw: {
        "kinds": pick(draw, 2, 3),
        "schools": pick(draw, 2, 3),
        "by": pick(draw, "zone", "township", "setting"),
    },
    "travel.limit": lambda draw: {"minutes": pick(draw, 20, 40), "start": pick(draw, "home", "school")},
    "travel.distance": lambda draw: {"km": pick(draw, 10, 20), "start": pick(draw, "home", "school")},
    "travel.carers": lambda draw: {"minutes": pick(draw, 10, 20), "start": pick(draw, "home", "school")},
    "couples.together": lambda draw: {"within": pick(draw, "school", "zone", "km"), "km": pick(draw, 5, 12)},
    "recruits.setting": lambda draw: {"settings": pick(draw, ["rural"], ["town", "rural", "remote"])},
    "closures.follow": lambda draw: {"share": pick(draw, 0.5, 1)},
    "leads.zone": lambda draw: {"least": pick(draw, 1, 1, 2), "backbone": pick(draw, "county", "city")},
    "leads.school": lambda draw: {"most": pick(draw, 0, 1), "backbone": pick(draw, *_BACKBONE)},
    "budget.moves": lambda draw: {"groups": pick(draw, "counted", "free")},
}


def parameters(rule: str, draw: Draw) -> dict[str, Any]:
    """Draw the parameters of a rule; a rule without any has none to draw."""
    return PARAMETERS[rule](draw) if rule in PARAMETERS else {}
