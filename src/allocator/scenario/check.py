"""Checks across cells, rows and tables; each function is one check, every issue names its row and way out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from allocator.errors import Issue
from allocator.scenario.read import Scenario
from allocator.scenario.schema import KEYS
from allocator.words import Text, text

Issues = Iterator[Issue]
_FAR_KM = 500.0
_ID_CARD = re.compile(r"[1-9]\d{16}[\dXx]", re.ASCII)


def check(scenario: Scenario) -> list[Issue]:
    """Run every check; errors and warnings in the order of the tables."""
    return [issue for one in CHECKS for issue in one(scenario)]


def _at(
    row: pd.Series, column: str, found: Text, expected: Text, remedy: Text, severity: str = "error"
) -> Issue:
    return Issue(str(row["_file"]), int(row["_row"]), column, found, expected, remedy, severity)


def _rows(table: pd.DataFrame, mask: object) -> Iterator[pd.Series]:
    for _, row in table[mask].iterrows():
        yield row


def _toml(
    scenario: Scenario, key: str, found: Text, expected: Text, remedy: Text, severity: str = "error"
) -> Issue:
    return Issue(f"{scenario.name}/scenario.toml", None, key, found, expected, remedy, severity)


def _nearest(name: str, known: list[str]) -> Text:
    near = difflib.get_close_matches(name, known, n=1)
    return text("perhaps '{near}' is meant", near=near[0]) if near else text("correct it or add the row it names")


def duplicate_keys(scenario: Scenario) -> Issues:
    """Report keys that stand twice in a table."""
    for name, keys in KEYS.items():
        table = scenario.table(name)
        for row in _rows(table, table.duplicated(list(keys))):
            value = " ".join(str(row[k]) for k in keys)
            yield _at(
                row,
                keys[-1],
                text("'{value}' a second time", value=value),
                text("each key once"),
                text("remove or renumber one of the rows"),
            )


def id_cards(scenario: Scenario) -> Issues:
    """Report teacher ids that are ID-card numbers; the number itself is not repeated."""
    teachers = scenario.table("teachers")
    found = teachers["teacher_id"].map(lambda v: bool(_ID_CARD.fullmatch(str(v))))
    for row in _rows(teachers, found.astype(bool)):
        yield _at(
            row,
            "teacher_id",
            text("an ID-card number"),
            text("a code of the bureau's own"),
            text("replace it: ID-card numbers are personal data that is not needed"),
        )


def known_schools(scenario: Scenario) -> Issues:
    """Report codes of schools that schools.csv does not have."""
    known = set(scenario.table("schools")["school_id"])
    columns = {
        "sections": ("school_id",),
        "teachers": ("school_id", "pin"),
        "posts": ("school_id",),
        "travel": ("from_id", "to_id"),
        "enrolment": ("school_id",),
        "schools": ("parent_id",),
    }
    for name, keys in columns.items():
        table = scenario.table(name)
        for key in keys:
            unknown = table[key].map(lambda v: v is not None and v != "stay" and v not in known)
            for row in _rows(table, unknown.astype(bool)):
                yield _unknown_school(row, key, str(row[key]), known)
    teachers = scenario.table("teachers")
    for row in _rows(teachers, teachers["wishes"].map(lambda w: not set(w) <= known).astype(bool)):
        for school in sorted(set(row["wishes"]) - known):
            yield _unknown_school(row, "wishes", school, known)
    posts = scenario.table("posts")
    for row in _rows(posts, posts["shared_with"].map(lambda w: not {s for s, _ in w} <= known).astype(bool)):
        for school in sorted({s for s, _ in row["shared_with"]} - known):
            yield _unknown_school(row, "shared_with", school, known)


def _unknown_school(row: pd.Series, key: str, school: str, known: set[str]) -> Issue:
    expected = text("a school of schools.csv")
    return _at(row, key, text("'{value}'", value=school), expected, _nearest(school, sorted(known)))


def stages_of_kinds(scenario: Scenario) -> Issues:
    """Report sections whose stage the kind of school does not have, and schools without a section."""
    kind = dict(zip(scenario.table("schools")["school_id"], scenario.table("schools")["kind"], strict=True))
    sections = scenario.table("sections")
    for row in _rows(sections, sections["school_id"].isin(kind)):
        stages = scenario.standard.kinds.get(kind[row["school_id"]] or "", ())
        if row["stage"] is not None and row["stage"] not in stages:
            yield _at(
                row,
                "stage",
                text("'{value}'", value=row["stage"]),
                text("a stage of its kind of school: {stages}", stages=list(stages)),
                text("correct the stage here or the kind in schools.csv"),
            )
    schools = scenario.table("schools")
    for row in _rows(schools, ~schools["school_id"].isin(sections["school_id"])):
        yield _at(
            row,
            "school_id",
            text("a school without a section"),
            text("a row in sections.csv"),
            text("add its pupils to sections.csv"),
        )


def grades_of_stages(scenario: Scenario) -> Issues:
    """Report pupils in grades that the stage does not have."""
    for name in ("sections", "enrolment"):
        table = scenario.table(name)
        for stage, facts in scenario.standard.stages.items():
            for grade in range(13):
                column = f"g{grade}"
                if grade not in facts.grades:
                    mask = (table["stage"] == stage) & (table[column].astype(float) > 0)
                    for row in _rows(table, mask):
                        yield _at(
                            row,
                            column,
                            text("{n} pupils", n=int(row[column])),
                            text("pupils of this stage in grades {grades} only", grades=list(facts.grades)),
                            text("move them to the section of their stage"),
                        )
    sections = scenario.table("sections")
    pupils = sections[[f"g{g}" for g in range(13)]].astype(float).sum(axis=1)
    for row in _rows(sections, pupils == 0):
        yield _at(
            row,
            "stage",
            text("a section without pupils"),
            text("pupils in its grades"),
            text("check the row; the section is left out of the indicators"),
            "warning",
        )


def places_of_teachers(scenario: Scenario) -> Issues:
    """Report teachers without a place, in a section that does not exist, and recruits who have a place."""
    teachers, sections = scenario.table("teachers"), scenario.table("sections")
    known = set(zip(sections["school_id"], sections["stage"], strict=True))
    schools = set(scenario.table("schools")["school_id"])
    for row in _rows(teachers, teachers["recruit"].to_numpy(dtype=bool)):
        if row["school_id"] is not None:
            yield _at(
                row,
                "school_id",
                text("a recruit with a school"),
                text("a recruit without a school, or a teacher who is not a recruit"),
                text("empty the cell, or write 'no' under recruit"),
            )
    for row in _rows(teachers, ~teachers["recruit"].to_numpy(dtype=bool)):
        blank = [k for k in ("school_id", "stage") if row[k] is None]
        for key in blank:
            way = text("fill the cell, or write 'yes' under recruit")
            yield _at(row, key, text("an empty cell"), text("the place where the teacher works today"), way)
        if not blank and row["school_id"] in schools and (row["school_id"], row["stage"]) not in known:
            yield _at(
                row,
                "stage",
                text("'{value}'", value=row["stage"]),
                text("a stage that the school {school} has", school=row["school_id"]),
                text("correct the school or the stage, or add the section"),
            )


def subjects_and_certificates(scenario: Scenario) -> Issues:
    """Warn of teachers whose subject their stage does not teach, or whose certificate is below it."""
    teachers, standard = scenario.table("teachers"), scenario.standard
    taught = {stage: standard.stage_subjects(stage) for stage in standard.stages}
    rank = {name: number.value for name, number in standard.certificate_rank.items()}
    held = teachers["certificate"].map(rank).astype(float)
    for stage, facts in standard.stages.items():
        here = teachers["stage"] == stage
        for row in _rows(teachers, here & ~teachers["subject"].isin(taught[stage])):
            yield _at(
                row,
                "subject",
                text("'{value}'", value=row["subject"]),
                text("a subject taught at the stage {stage}", stage=facts.name),
                text("the teacher keeps the place as an extra one"),
                "warning",
            )
        for row in _rows(teachers, here & (held < rank[facts.certificate])):
            yield _at(
                row,
                "certificate",
                text("'{value}'", value=row["certificate"]),
                text("a certificate of at least '{name}'", name=facts.certificate),
                text("the teacher may stay but is given no new place at this stage"),
                "warning",
            )


def months(scenario: Scenario) -> Issues:
    """Report months that contradict one another."""
    teachers, september = scenario.table("teachers"), scenario.config.september
    for first, second, least in (("birth", "hired", 16 * 12), ("hired", "joined_school", 0)):
        for row in _rows(teachers, teachers[second] - teachers[first] < least):
            yield _at(
                row,
                second,
                text("{month}", month=_month(row[second])),
                text("a month after {column} {month}", column=first, month=_month(row[first])),
                text("check both months"),
                "warning",
            )
    for column in ("birth", "hired", "joined_school"):
        for row in _rows(teachers, teachers[column] > september):
            yield _at(
                row,
                column,
                text("{month}", month=_month(row[column])),
                text("a month not after September {year}", year=scenario.config.school_year),
                text("correct the month"),
            )


def _month(months: float) -> str:
    return f"{int(months) // 12}-{int(months) % 12 + 1:02d}"


def couples(scenario: Scenario) -> Issues:
    """Warn of a couple code that is not shared by exactly two."""
    teachers = scenario.table("teachers")
    sizes = teachers["couple_id"].map(teachers["couple_id"].value_counts())
    for row in _rows(teachers, teachers["couple_id"].notna() & (sizes != 2)):
        yield _at(
            row,
            "couple_id",
            text("{n} rows with '{value}'", n=int(sizes[row.name]), value=row["couple_id"]),
            text("two teachers a couple"),
            text("check the code"),
            "warning",
        )


def sections_of_rows(scenario: Scenario) -> Issues:
    """Report posts and enrolment of sections that do not exist, and ways without a length."""
    sections = scenario.table("sections")
    known = set(zip(sections["school_id"], sections["stage"], strict=True))
    schools = set(scenario.table("schools")["school_id"])
    for name in ("posts", "enrolment"):
        table = scenario.table(name)
        for row in _rows(table, table["school_id"].isin(schools)):
            if row["stage"] is not None and (row["school_id"], row["stage"]) not in known:
                yield _at(
                    row,
                    "stage",
                    text("'{value}'", value=row["stage"]),
                    text("a section of sections.csv"),
                    text("correct the stage or add the section"),
                )
    travel = scenario.table("travel")
    for row in _rows(travel, travel["km"].isna() & travel["minutes"].isna()):
        yield _at(row, "km", text("neither km nor minutes"), text("one of them"), text("fill one of the cells"))
    for low, high in (("headcount_min", "headcount_max"),):
        for row in _rows(sections, sections[low] > sections[high]):
            yield _at(
                row,
                high,
                text("{n}", n=int(row[high])),
                text("at least {n}, the {column}", n=int(row[low]), column=low),
                text("correct one of them"),
            )


def far_away(scenario: Scenario) -> Issues:
    """Warn of schools that lie far from all others."""
    schools = scenario.table("schools")
    if schools.empty:
        return
    lat, lon = schools["lat"].astype(float), schools["lon"].astype(float)
    km = np.hypot(lat - lat.median(), (lon - lon.median()) * np.cos(np.radians(lat.median()))) * 111.2
    for row in _rows(schools, km > _FAR_KM):
        yield _at(
            row,
            "lat",
            text("a place {km} km from the middle of the district", km=int(km[row.name])),
            text("a place in the district"),
            text("check that latitude and longitude are not exchanged"),
            "warning",
        )


def closures(scenario: Scenario) -> Issues:
    """Report closures that cannot be: unknown schools, receivers that close too or lack the stage."""
    schools = scenario.table("schools").set_index("school_id", drop=False)
    sections = scenario.table("sections")
    has = set(zip(sections["school_id"], sections["stage"], strict=True))
    closing = scenario.config.closures
    for school, closure in closing.items():
        if school not in schools.index:
            expected, way = text("a school of schools.csv"), _nearest(school, list(schools.index))
            yield _toml(scenario, f"closures.{school}", text("'{value}'", value=school), expected, way)
            continue
        yield from _closable(scenario, school, schools)
        stages = [stage for s, stage in has if s == school]
        for stage in sorted(stages):
            to = (closure.junior_to if stage == "junior" else None) or closure.to
            key = f"closures.{school}"
            if to == "nearest":
                continue
            if to not in schools.index:
                expected = text("a school of schools.csv, or 'nearest'")
                yield _toml(scenario, key, text("'{value}'", value=to), expected, _nearest(to, list(schools.index)))
            elif to in closing or (to, stage) not in has:
                yield _toml(
                    scenario,
                    key,
                    text("'{value}'", value=to),
                    text("an open school with the stage {stage}", stage=scenario.standard.stages[stage].name),
                    text("name another school"),
                )
    for school in scenario.config.openings:
        if school not in schools.index or schools.loc[school, "status"] != "planned":
            yield _toml(
                scenario,
                f"openings.{school}",
                text("'{value}'", value=school),
                text("a school of schools.csv with status 'planned'"),
                text("correct the code or the status"),
            )


def _closable(scenario: Scenario, school: str, schools: pd.DataFrame) -> Issues:
    key = f"closures.{school}"
    if not schools.loc[school, "closable"]:
        yield _toml(
            scenario,
            key,
            text("a school that is marked closable = no"),
            text("only closable schools"),
            text("remove the closure, or change the mark"),
        )
    if schools.loc[school, "objection"]:
        yield _toml(
            scenario,
            key,
            text("a school whose parents object"),
            text("the agreement of most parents"),
            text("settle the objection first: it forbids a forced closure"),
            "warning",
        )


def pins(scenario: Scenario) -> Issues:
    """Report pins to schools that close or are not open."""
    teachers = scenario.table("teachers")
    closing = set(scenario.config.closures) | closed_plans(scenario)
    for row in _rows(teachers, teachers["pin"].notna()):
        target = row["school_id"] if row["pin"] == "stay" else row["pin"]
        if target in closing:
            yield _at(
                row,
                "pin",
                text("'{value}'", value=row["pin"]),
                text("a school that is open in September"),
                text("change the pin or the closure"),
            )
        if row["pin"] == "stay" and row["recruit"]:
            expected = text("a school code for a recruit")
            yield _at(row, "pin", text("'stay'"), expected, text("name a school or empty the cell"))


def closed_plans(scenario: Scenario) -> set[str]:
    """Return the planned schools that do not open in this scenario."""
    schools = scenario.table("schools")
    planned = set(schools.loc[schools["status"] == "planned", "school_id"])
    return planned - {s for s, opens in scenario.config.openings.items() if opens}


def priorities(scenario: Scenario) -> Issues:
    """Report priorities for indicators and subjects that the standard does not have."""
    given = scenario.config.priorities
    unset = scenario.config.priorities.model_fields_set
    for key, names, known in (
        ("indicators", given.indicators, list(scenario.standard.indicators)),
        ("subjects", given.subjects, list(scenario.standard.subjects)),
    ):
        for name in names:
            if key in unset and name not in known:
                found, expected = text("'{value}'", value=name), text("one of {choices}", choices=known)
                yield _toml(scenario, f"priorities.{key}", found, expected, _nearest(name, known))


def published(scenario: Scenario) -> Issues:
    """Compare published totals with the tables and with one another; a conflict is a warning."""
    given = scenario.config.published
    totals = _totals(scenario)
    for key, value in given.items():
        if key not in totals:
            expected = text("one of {choices}", choices=sorted(totals))
            yield _toml(
                scenario, f"published.{key}", text("'{value}'", value=key), expected, text("correct the key"), "warning"
            )
        elif value != totals[key]:
            yield _toml(
                scenario,
                f"published.{key}",
                text("{stated} published, {counted} in the tables", stated=f"{value:g}", counted=f"{totals[key]:g}"),
                text("the same number"),
                text("find out which is right; the tables are used"),
                "warning",
            )
    for whole, prefix in (("pupils", ""), ("staff", "staff_"), ("schools", "schools_")):
        parts = {k: v for k, v in given.items() if k in _parts(scenario, prefix)}
        if whole in given and len(parts) == len(_parts(scenario, prefix)) and sum(parts.values()) != given[whole]:
            yield _toml(
                scenario,
                f"published.{whole}",
                text(
                    "{whole} published, but its parts add up to {sum}",
                    whole=f"{given[whole]:g}",
                    sum=f"{sum(parts.values()):g}",
                ),
                text("a total equal to the sum of its parts"),
                text("ask the publisher: the statement contradicts itself by {n}", n=f"{abs(given[whole] - sum(parts.values())):g}"),
                "warning",
            )


def _parts(scenario: Scenario, prefix: str) -> list[str]:
    names = scenario.standard.kinds if prefix == "schools_" else scenario.standard.stages
    return [prefix + name for name in names]


def _totals(scenario: Scenario) -> dict[str, float]:
    """Count what a bureau publishes: pupils, staff and schools, whole and by stage or kind."""
    sections, teachers, schools = (scenario.table(t) for t in ("sections", "teachers", "schools"))
    pupils = sections[[f"g{g}" for g in range(13)]].astype(float).sum(axis=1)
    open_schools = schools[schools["status"] == "open"]
    totals = {"pupils": float(pupils.sum()), "staff": float(len(teachers)), "schools": float(len(open_schools))}
    for stage in scenario.standard.stages:
        totals[stage] = float(pupils[sections["stage"] == stage].sum())
        totals[f"staff_{stage}"] = float((teachers["stage"] == stage).sum())
    for kind in scenario.standard.kinds:
        totals[f"schools_{kind}"] = float((open_schools["kind"] == kind).sum())
    return totals


CHECKS: tuple[Callable[[Scenario], Issues], ...] = (
    duplicate_keys,
    id_cards,
    known_schools,
    stages_of_kinds,
    grades_of_stages,
    places_of_teachers,
    subjects_and_certificates,
    months,
    couples,
    sections_of_rows,
    far_away,
    closures,
    pins,
    priorities,
    published,
)
