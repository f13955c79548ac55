"""Checks across cells, rows and tables; each function is one check, every issue names its row and way out.

A cell that was refused is not known here (None or nan), so that it gives no second issue. Where a check would
conclude something from the *absence* of a row, it says in ``CHECKS`` what must have been read whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from allocator.domain import LADDERS
from allocator.errors import Issue, quoted
from allocator.scenario.config import refuse
from allocator.scenario.doubtful import (
    posts_and_quota,
    principals,
    quota_and_staff,
    same_person,
    same_school,
    units,
)
from allocator.scenario.overlay import Overlay
from allocator.scenario.read import Scenario, place, read_draft
from allocator.scenario.schema import NEEDED
from allocator.scenario.settings import (
    closures,
    kept_schools,
    larger_schools,
    last_exchange,
    openings,
    priorities,
    published,
    transfers,
    visitors,
)
from allocator.scenario.telling import (
    GRADES,
    Issues,
    at,
    blank,
    closed_plans,
    nearest,
    pupils_of,
    rows,
    says,
    section_keys,
    small_below,
)
from allocator.words import text

__all__ = ["CHECKS", "Check", "check", "closed_plans", "read"]

Check = Callable[[Scenario], Iterable[Issue]]
_FAR_KM = 500.0
_YOUNGEST, _OLDEST = 16, 80  # years; a younger or older teacher is a slip of the keyboard
_ID_CARD = re.compile(
    r"[1-9]\d{16}[\dXx]|[1-9]\d{7}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}", re.ASCII
)  # of 18 digits, and of 15 as issued until 1999
_RESERVED = ("stay", "nearest", "advise")


def read(
    folder: Path,
    *more: Check,
    needed: tuple[str, ...] = NEEDED,
    settings: Mapping[str, Any] | None = None,
    over: Overlay | None = None,
) -> Scenario:
    """Read a scenario and check it, every issue of all files at once.

    Parameters
    ----------
    folder
        The scenario folder.
    more
        Checks of higher floors that take part, such as that of the rules.
    needed
        Tables that must be there.
    settings
        What stands for scenario.toml where the folder has none.
    over
        What is laid over the scenario without a file.

    Returns
    -------
    The scenario; its warnings stand in ``warnings``.

    Raises
    ------
    InputsAreWrong
        With every issue.
    """
    draft = read_draft(folder, needed, settings, over)
    issues = [*draft.issues, *check(draft.scenario, draft.unread)]
    issues += [issue for one in more for issue in one(draft.scenario)]
    if over is not None:
        issues = over.told(issues, f"{draft.scenario.name}/scenario.toml")
    issues = draft.told(issues)
    order = {file: n for n, file in enumerate(dict.fromkeys(issue.file for issue in issues))}
    issues.sort(key=lambda issue: (order[issue.file], issue.row or 0))
    refuse(issues, draft.language)
    return replace(draft.scenario, warnings=tuple(issues))


def check(scenario: Scenario, unread: frozenset[str] = frozenset()) -> list[Issue]:
    """Run every check that what was read allows; errors and warnings in the order of the tables."""
    return [
        issue
        for one, needs in CHECKS.items()
        if not any(_lacks(unread, need) for need in needs)
        for issue in one(scenario)
    ]


def _lacks(unread: frozenset[str], need: str) -> bool:
    return any(f"{need}.".startswith(f"{u}.") or f"{u}.".startswith(f"{need}.") for u in unread)


def reserved_codes(scenario: Scenario) -> Issues:
    """Report codes of schools that mean something else in other places."""
    schools = scenario.table("schools")
    for row in rows(schools, schools["school_id"].isin(_RESERVED)):
        expected = text("a code other than {names}", names=list(_RESERVED))
        yield at(row, "school_id", quoted(row["school_id"]), expected, text("choose another code"))


def id_cards(scenario: Scenario) -> Issues:
    """Report ID-card numbers; the number itself is not repeated."""
    teachers = scenario.table("teachers")
    for column in ("teacher_id", "name", "couple_id"):
        found = [
            bool(_ID_CARD.fullmatch(unicodedata.normalize("NFKC", str(v)).strip())) for v in teachers[column]
        ]
        for row in rows(teachers, np.array(found, dtype=bool)):
            yield at(
                row,
                column,
                text("an ID-card number"),
                text("a code or name of the bureau's own"),
                text("replace it: ID-card numbers are personal data that is not needed"),
            )


def known_schools(scenario: Scenario) -> Issues:
    """Report codes of schools that schools.csv does not have."""
    known = tuple(sorted(s for s in scenario.table("schools")["school_id"] if s is not None))
    columns: dict[str, tuple[str, ...]] = {
        "schools": ("parent_id",),
        "sections": ("school_id",),
        "teachers": ("school_id", "pin", "wishes", "contract_school", "exchange_from", "visits"),
        "posts": ("school_id", "shared_with"),
        "travel": ("from_id", "to_id"),
        "enrolment": ("school_id",),
        "forecast": ("school_id",),
    }
    for name, keys in columns.items():
        table = scenario.table(name)
        for key in keys:
            fine = {*known, None, "stay" if key == "pin" else None}
            for i, cell in enumerate(table[key]):
                for code in sorted(_named(cell) - fine, key=str):
                    expected, way = text("a school of schools.csv"), nearest(str(code), known)
                    yield at(table.iloc[i], key, quoted(code), expected, way)


def _named(cell: object) -> set[object]:
    """Schools that a cell names: a code, codes, or codes with shares."""
    if not isinstance(cell, tuple):
        return {cell}
    return {part[0] if isinstance(part, tuple) else part for part in cell}


def stages_of_kinds(scenario: Scenario) -> Issues:
    """Report sections whose stage the kind of school does not have."""
    kind = dict(zip(scenario.table("schools")["school_id"], scenario.table("schools")["kind"], strict=True))
    sections = scenario.table("sections")
    for row in rows(sections, sections["stage"].notna()):
        its_kind = kind.get(row["school_id"])
        stages = scenario.standard.kinds.get(its_kind or "", ())
        if its_kind is not None and row["stage"] not in stages:
            expected = text("a stage of its kind of school: {stages}", stages=list(stages))
            way = text("correct the stage here or the kind in schools.csv")
            yield at(row, "stage", quoted(row["stage"]), expected, way)


def schools_without_sections(scenario: Scenario) -> Issues:
    """Report schools that have no section."""
    schools, sections = scenario.table("schools"), scenario.table("sections")
    for row in rows(
        schools, schools["school_id"].notna() & ~schools["school_id"].isin(sections["school_id"])
    ):
        expected, way = text("a row in sections.csv"), text("add its pupils to sections.csv")
        yield at(row, "school_id", text("a school without a section"), expected, way)


def grades_of_stages(scenario: Scenario) -> Issues:
    """Report pupils in grades that the stage does not have."""
    for name in ("sections", "enrolment", "forecast"):
        table = scenario.table(name)
        for stage, facts in scenario.standard.stages.items():
            for grade, column in enumerate(GRADES):
                if grade not in facts.grades:
                    for row in rows(table, (table["stage"] == stage) & (table[column].astype(float) > 0)):
                        yield at(
                            row,
                            column,
                            text("{n} pupils", n=int(row[column])),
                            text("pupils of this stage in grades {grades} only", grades=list(facts.grades)),
                            text("move them to the section of their stage"),
                        )


def sections_without_pupils(scenario: Scenario) -> Issues:
    """Warn of sections without pupils today, except those of planned schools."""
    sections, schools = scenario.table("sections"), scenario.table("schools")
    planned = schools.loc[schools["status"] == "planned", "school_id"]
    if pupils_of(sections).sum() == 0:
        return  # said once, of the whole district
    for row in rows(sections, (pupils_of(sections) == 0) & ~sections["school_id"].isin(planned)):
        expected = text("pupils in its grades")
        way = text("check the row; the section is left out of the indicators")
        yield at(row, "stage", text("a section without pupils"), expected, way, "warning")


def grades_without_pupils(scenario: Scenario) -> Issues:
    """Warn of grades that no section of a stage has pupils in: a column is missing, or misspelled, or empty."""
    sections = scenario.table("sections")
    for stage, facts in scenario.standard.stages.items():
        here = sections[(sections["stage"] == stage) & (pupils_of(sections) > 0)]
        if here.empty:
            continue
        empty = [f"g{grade}" for grade in facts.grades if here[f"g{grade}"].astype(float).sum() == 0]
        for row in [here.iloc[0]] if empty else ():
            found = text("no pupils of {stage} anywhere in {columns}", stage=facts.name, columns=empty)
            expected = text("pupils in each grade of the stage")
            way = text("check that the column is there, spelled like this, and filled; it counts as 0")
            yield at(row, empty[0], found, expected, way, "warning")


def points_without_a_school(scenario: Scenario) -> Issues:
    """Warn of small teaching points that are to count with their school, and have none that counts."""
    sections, below = scenario.table("sections"), small_below(scenario)
    if scenario.config.scoring.teaching_points != "merge":
        return
    schools = {row["school_id"]: row for _, row in scenario.table("schools").iterrows()}
    pupils = dict(zip(section_keys(sections), pupils_of(sections), strict=True))
    small = {
        key: n < below
        for key, n in pupils.items()
        if key[0] in schools and schools[key[0]]["kind"] == "teaching_point"
    }
    for school, stage in (key for key, is_small in small.items() if is_small and pupils[key] > 0):
        row = schools[school]
        parent = row["parent_id"], stage
        if not pupils.get(parent, 0) > 0 or small.get(parent, False):
            found = quoted(row["parent_id"]) if row["parent_id"] else text("an empty cell")
            expected = text(
                "a school with the stage {stage} that counts itself",
                stage=scenario.standard.stages[str(stage)].name,
            )
            way = text("name its school; until then its pupils and teachers are left out of the indicators")
            yield at(row, "parent_id", found, expected, way, "warning")


def a_district_without_pupils(scenario: Scenario) -> Issues:
    """Report a district where no section has pupils."""
    sections = scenario.table("sections")
    if len(sections) and pupils_of(sections).sum() == 0:
        file, _ = place(sections.iloc[0], "g1")
        found, expected = text("no pupils in any section"), text("pupils in the columns g0 to g12")
        yield Issue(file, None, None, found, expected, text("fill the columns of the grades"))


def sections_without_teachers(scenario: Scenario) -> Issues:
    """Warn of sections that have pupils and nobody who teaches them; not where there is no roster at all."""
    sections, schools = scenario.table("sections"), scenario.table("schools")
    if not len(scenario.table("teachers")):
        return
    staffed = set(section_keys(scenario.table("teachers")))
    planned = set(schools.loc[schools["status"] == "planned", "school_id"])
    empty = [
        None not in key and key not in staffed and key[0] not in planned for key in section_keys(sections)
    ]
    for row in rows(sections, (pupils_of(sections) > 0) & np.array(empty, dtype=bool)):
        found = text("a section with pupils and without teachers")
        expected, way = text("rows in teachers.csv"), text("check that teachers.csv is whole")
        yield at(row, "school_id", found, expected, way, "warning")


def recruits(scenario: Scenario) -> Issues:
    """Report recruits who have a place, and teachers who have none."""
    teachers = scenario.table("teachers")
    recruit, placed = says(teachers, "recruit", True), says(teachers, "recruit", False)
    for row in rows(teachers, recruit & teachers["school_id"].notna()):
        expected = text("a recruit without a school, or a teacher who is not a recruit")
        way = text("empty the cell, or write 'no' under recruit")
        yield at(row, "school_id", text("a recruit with a school"), expected, way)
    for key in ("school_id", "stage"):
        for row in rows(teachers, placed & blank(teachers, key)):
            expected = text("the place where the teacher works today")
            way = text("fill the cell, or write 'yes' under recruit")
            yield at(row, key, text("an empty cell"), expected, way)


def places_of_teachers(scenario: Scenario) -> Issues:
    """Report teachers at stages that their school does not have."""
    teachers, known = scenario.table("teachers"), set(section_keys(scenario.table("sections")))
    schools = set(scenario.table("schools")["school_id"])
    nowhere = [None not in key and key[0] in schools and key not in known for key in section_keys(teachers)]
    for row in rows(teachers, np.array(nowhere, dtype=bool)):
        expected = text("a stage that the school {school} has", school=row["school_id"])
        way = text("correct the school or the stage, or add the section")
        yield at(row, "stage", quoted(row["stage"]), expected, way)


def teachers_of_planned_schools(scenario: Scenario) -> Issues:
    """Report teachers who work at a school that is not open yet."""
    teachers, schools = scenario.table("teachers"), scenario.table("schools")
    planned = schools.loc[schools["status"] == "planned", "school_id"]
    for row in rows(teachers, teachers["school_id"].notna() & teachers["school_id"].isin(planned)):
        found = text("'{school}', a planned school", school=row["school_id"])
        expected = text("the place where the teacher works today")
        way = text("correct the school, or write 'open' under its status")
        yield at(row, "school_id", found, expected, way)


def subjects_and_certificates(scenario: Scenario) -> Issues:
    """Report certificates without a rank; warn of subjects and certificates that do not suit the stage."""
    teachers, standard = scenario.table("teachers"), scenario.standard
    taught = {stage: standard.stage_subjects(stage) for stage in standard.stages}
    rank = {name: number.value for name, number in standard.certificate_rank.items()}
    held, named = teachers["certificate"].map(rank).astype(float), teachers["certificate"].notna()
    for row in rows(teachers, named & held.isna()):
        expected = text("a certificate that the standard ranks: {names}", names=list(rank))
        way = text("correct it, or add it to [certificate_rank] of the standard")
        yield at(row, "certificate", quoted(row["certificate"]), expected, way)
    for stage, facts in standard.stages.items():
        here = teachers["stage"] == stage
        for row in rows(
            teachers, here & teachers["subject"].notna() & ~teachers["subject"].isin(taught[stage])
        ):
            expected = text("a subject taught at the stage {stage}", stage=facts.name)
            way = text("the teacher keeps the place as an extra one")
            yield at(row, "subject", quoted(row["subject"]), expected, way, "warning")
        for row in rows(teachers, here & (held < rank[facts.certificate])):
            expected = text("a certificate of at least '{name}'", name=facts.certificate)
            way = text("the teacher may stay but is given no new place at this stage")
            yield at(row, "certificate", quoted(row["certificate"]), expected, way, "warning")


def orders_of_months(scenario: Scenario) -> Issues:
    """Warn of months that contradict one another."""
    teachers = scenario.table("teachers")
    for first, second, least in (("birth", "hired", _YOUNGEST), ("hired", "joined_school", 0)):
        for row in rows(teachers, teachers[second] - teachers[first] < least * 12):
            earliest = _month(row[first] + least * 12)
            found, expected = (
                text("{month}", month=_month(row[second])),
                text("{month} or later", month=earliest),
            )
            way = text("check it against {column} {month}", column=first, month=_month(row[first]))
            yield at(row, second, found, expected, way, "warning")


def future_months(scenario: Scenario) -> Issues:
    """Report months that lie after the September of the plan, and warn of teachers far too old or too young."""
    teachers, september = scenario.table("teachers"), scenario.config.september
    for column in ("birth", "hired", "joined_school"):
        for row in rows(teachers, teachers[column] > september):
            found = text("{month}", month=_month(row[column]))
            expected = text("a month not after September {year}", year=scenario.config.school_year)
            yield at(row, column, found, expected, text("correct the month"))
    for row in rows(teachers, september - teachers["birth"] > _OLDEST * 12):
        found, expected = text("{month}", month=_month(row["birth"])), text("a teacher below {n}", n=_OLDEST)
        yield at(row, "birth", found, expected, text("check the month"), "warning")
    young = (september - teachers["birth"]).between(0, _YOUNGEST * 12, inclusive="left")
    for row in rows(teachers, young):
        found, expected = (
            text("{month}", month=_month(row["birth"])),
            text("a teacher of {n} or more", n=_YOUNGEST),
        )
        yield at(row, "birth", found, expected, text("check the month"), "warning")


def _month(months: float) -> str:
    return f"{int(months) // 12}-{int(months) % 12 + 1:02d}"


def couples(scenario: Scenario) -> Issues:
    """Warn of a couple code that is not shared by exactly two."""
    teachers = scenario.table("teachers")
    sizes = Counter(code for code in teachers["couple_id"] if code is not None)
    alone = [code is not None and sizes[code] != 2 for code in teachers["couple_id"]]
    for row in rows(teachers, np.array(alone, dtype=bool)):
        code = row["couple_id"]
        found = text("{value} (rows: {n})", n=sizes[code], value=quoted(code))
        yield at(row, "couple_id", found, text("two teachers a couple"), text("check the code"), "warning")


def sections_of_rows(scenario: Scenario) -> Issues:
    """Report posts and enrolment of sections that do not exist."""
    known, schools = (
        set(section_keys(scenario.table("sections"))),
        set(scenario.table("schools")["school_id"]),
    )
    for name in ("posts", "enrolment", "forecast"):
        table = scenario.table(name)
        lost = [None not in key and key[0] in schools and key not in known for key in section_keys(table)]
        for row in rows(table, np.array(lost, dtype=bool)):
            expected, way = text("a section of sections.csv"), text("correct the stage or add the section")
            yield at(row, "stage", quoted(row["stage"]), expected, way)


def years_of_forecasts(scenario: Scenario) -> Issues:
    """Report years of forecasts that are none, or not later than the plan's."""
    table, first = scenario.table("forecast"), scenario.config.school_year + 1
    for at_, year in enumerate(table["year"]):
        known = isinstance(year, str)
        four = known and len(year) == 4 and year.isascii() and year.isdigit()
        if known and not (four and first <= int(year) < first + _FORECAST):
            expected = text("a year from {first} to {last}", first=first, last=first + _FORECAST - 1)
            yield at(table.iloc[at_], "year", quoted(year), expected, text("correct the year"))


_FORECAST = 30  # years ahead


def ways_without_length(scenario: Scenario) -> Issues:
    """Report ways that have neither a length nor a time."""
    travel = scenario.table("travel")
    for row in rows(travel, blank(travel, "km") & blank(travel, "minutes")):
        way = text("fill one of the cells")
        yield at(row, "km", text("neither km nor minutes"), text("one of them"), way)


def headcounts(scenario: Scenario) -> Issues:
    """Report floors above their limits."""
    sections = scenario.table("sections")
    for row in rows(sections, sections["headcount_min"] > sections["headcount_max"]):
        expected = text("at least {n}, the {column}", n=int(row["headcount_min"]), column="headcount_min")
        found, way = text("{n}", n=int(row["headcount_max"])), text("correct one of them")
        yield at(row, "headcount_max", found, expected, way)


def shares(scenario: Scenario) -> Issues:
    """Report posts that are shared with their own school."""
    posts = scenario.table("posts")
    own = [
        school in _named(cell) for school, cell in zip(posts["school_id"], posts["shared_with"], strict=True)
    ]
    for row in rows(posts, np.array(own, dtype=bool)):
        expected, way = text("other schools"), text("remove it: its own share is what the others leave")
        yield at(row, "shared_with", quoted(row["school_id"]), expected, way)
    keys = set(section_keys(scenario.table("sections")))
    known = {school for school, _ in keys}
    for _, row in posts.iterrows():
        for school, _ in row["shared_with"] or ():
            if school in known and row["stage"] is not None and (school, row["stage"]) not in keys:
                expected = text("schools that have the stage {stage}", stage=row["stage"])
                yield at(
                    row,
                    "shared_with",
                    quoted(school),
                    expected,
                    text("correct the school or remove its share"),
                )


def visited_schools(scenario: Scenario) -> Issues:
    """Report visits of teachers to their own school, of recruits, and to schools without the stage they teach."""
    teachers, known = scenario.table("teachers"), set(section_keys(scenario.table("sections")))
    schools = {school for school, _ in known}
    for row in rows(teachers, teachers["visits"].map(bool)):
        if row["stage"] is None or row["school_id"] is None:
            if row["recruit"]:
                way = text("empty the cell")
                yield at(row, "visits", text("visits of a recruit"), text("a teacher with a school"), way)
            continue
        for school in row["visits"]:
            if school == row["school_id"] or (school in schools and (school, row["stage"]) not in known):
                expected = text("other schools that have the stage {stage}", stage=row["stage"])
                yield at(row, "visits", quoted(school), expected, text("correct the school or remove it"))


def far_away(scenario: Scenario) -> Issues:
    """Warn of schools that lie far from all others."""
    schools = scenario.table("schools")
    if schools.empty:
        return
    lat, lon = schools["lat"].astype(float), schools["lon"].astype(float)
    east = (lon - lon.iloc[0] + 180) % 360 - 180  # so that a district may lie across the antimeridian
    km = np.hypot(lat - lat.median(), (east - east.median()) * np.cos(np.radians(lat.median()))) * 111.2
    for row in rows(schools, km > _FAR_KM):
        found = text("a place {km} km from the middle of the district", km=int(km[row.name]))
        way = text("check that latitude and longitude are not exchanged")
        yield at(row, "lat", found, text("a place in the district"), way, "warning")


def former_schools(scenario: Scenario) -> Issues:
    """Warn of former schools that schools.csv does not have: they may have closed long ago."""
    teachers, known = scenario.table("teachers"), set(scenario.table("schools")["school_id"])
    lost = teachers["former_schools"].map(lambda names: bool(set(names) - known))
    for row in rows(teachers, lost):
        found = text("{schools}", schools=sorted(set(row["former_schools"]) - known))
        way = text("such a school is not counted")
        yield at(row, "former_schools", found, text("a school of schools.csv"), way, "warning")


def exchanges(scenario: Scenario) -> Issues:
    """Warn of exchanges of which one half is missing, and of contracts of those who are not recruits."""
    teachers = scenario.table("teachers")
    sent, until = ~blank(teachers, "exchange_from"), ~blank(teachers, "exchange_until")
    for column, other, lacking in (
        ("exchange_from", "exchange_until", sent & ~until),
        ("exchange_until", "exchange_from", until & ~sent),
    ):
        for row in rows(teachers, lacking):
            found = text("an exchange without {column}", column=other)
            way = text("fill the other cell, or empty this one")
            yield at(row, column, found, text("the sending school and the month of the end"), way, "warning")
    for row in rows(teachers, ~blank(teachers, "contract_school") & says(teachers, "recruit", False)):
        found = text("a contract of somebody who is not a recruit")
        way = text("use lock_until or service for who works there already")
        yield at(row, "contract_school", found, text("a recruit"), way, "warning")


def pins(scenario: Scenario) -> Issues:
    """Report pins to schools that close or are not open."""
    teachers = scenario.table("teachers")
    closing = set(scenario.config.closures) | closed_plans(scenario)
    for row in rows(teachers, teachers["pin"].notna()):
        if (row["school_id"] if row["pin"] == "stay" else row["pin"]) in closing:
            expected, way = text("a school that is open in September"), text("change the pin or the closure")
            yield at(row, "pin", quoted(row["pin"]), expected, way)
        if row["pin"] == "stay" and row["recruit"]:
            expected = text("a school code for a recruit")
            yield at(row, "pin", quoted("stay"), expected, text("name a school or empty the cell"))


def services(scenario: Scenario) -> Issues:
    """Warn of service terms that cannot be counted, because the month of hiring is not known."""
    teachers = scenario.table("teachers")
    bound = teachers["service"].notna() & (teachers["service"] != "none")
    for row in rows(teachers, bound & blank(teachers, "hired") & blank(teachers, "lock_until")):
        found = text("a service term without the month of hiring")
        expected, way = text("hired, or lock_until"), text("fill one of them; such a term binds nobody")
        yield at(row, "service", found, expected, way, "warning")


def retired(scenario: Scenario) -> Issues:
    """Warn once how many teachers have reached the age of retirement by September; where the sex is not known, any age."""
    teachers, ages = scenario.table("teachers"), scenario.standard.retirement.values()
    months = [
        max((age.month(birth) for age in ages), default=np.nan)
        if sex is None
        else scenario.standard.retirement_month(sex, title, birth)
        for sex, title, birth in zip(*(teachers[c] for c in ("sex", "title", "birth")), strict=True)
    ]
    september = scenario.config.september
    over = (np.array(months) <= september) & ~(september - teachers["birth"] > _OLDEST * 12)  # said of each
    for row in list(rows(teachers, over))[:1]:
        found = text("teachers who have reached the age of retirement by September: {n}", n=int(over.sum()))
        expected, way = (
            text("teachers who work in September"),
            text("for a plan of September remove who has retired; a score of today counts them"),
        )
        yield at(row, "birth", found, expected, way, "warning")


def unknown_ranks(scenario: Scenario) -> Issues:
    """Warn once of each rank that an indicator asks for and the roster does not state.

    Of degrees, how many are not stated; of titles and levels of backbone teachers, that nobody's is: where some are
    stated, a blank cell says that there is none.
    """
    teachers, indicators = scenario.table("teachers"), scenario.standard.indicators.values()
    for column in LADDERS:
        missing = blank(teachers, column)
        asked = any(getattr(indicator, f"{column}_at_least") for indicator in indicators)
        if not asked or not (missing.all() if column != "degree" else missing.any()):
            continue
        for row in list(rows(teachers, missing))[:1]:
            found = text("teachers of whom it is not stated: {n}", n=int(missing.sum()))
            expected = text("what each of them has")
            way = text(
                "fill the cells; until then an indicator that asks for it cannot be judged where they work, and a plan counts them as not having it"
            )
            yield at(row, column, found, expected, way, "warning")


_SECTIONS = ("sections.school_id", "sections.stage")
CHECKS: dict[Check, tuple[str, ...]] = {
    reserved_codes: (),
    id_cards: (),
    known_schools: ("schools.school_id",),
    stages_of_kinds: ("standard",),
    schools_without_sections: ("sections.school_id",),
    grades_of_stages: ("standard",),
    sections_without_pupils: ("schools.school_id", "schools.status"),
    a_district_without_pupils: ("sections",),
    grades_without_pupils: ("sections", "standard"),
    points_without_a_school: ("schools", "sections", "standard", "config.scoring"),
    sections_without_teachers: (
        "teachers.school_id",
        "teachers.stage",
        "schools.school_id",
        "schools.status",
    ),
    recruits: (),
    places_of_teachers: _SECTIONS,
    teachers_of_planned_schools: (),
    subjects_and_certificates: ("standard",),
    orders_of_months: (),
    future_months: ("config.school_year",),
    couples: ("teachers.couple_id",),
    sections_of_rows: _SECTIONS,
    years_of_forecasts: ("config.school_year",),
    ways_without_length: (),
    headcounts: (),
    shares: _SECTIONS,
    far_away: (),
    closures: ("schools.school_id", "schools.status", *_SECTIONS, "standard", "config.openings"),
    openings: ("schools.school_id",),
    transfers: (
        "schools.school_id",
        "schools.status",
        *_SECTIONS,
        "standard",
        "config.openings",
        "config.closures",
        "config.transfers",
    ),
    last_exchange: ("teachers", "config.last_exchange"),
    kept_schools: ("schools.school_id", "config.closing.keep"),
    larger_schools: ("schools.school_id", "schools.kind", "standard", "config.scoring.larger_schools"),
    visitors: ("standard", "config.scoring.visitors"),
    visited_schools: _SECTIONS,
    pins: ("config.openings",),
    former_schools: ("schools.school_id",),
    exchanges: (),
    services: (),
    retired: ("standard", "config.school_year"),
    unknown_ranks: ("standard",),
    priorities: ("standard",),
    principals: ("schools.school_id",),
    same_person: (),
    same_school: ("schools",),
    quota_and_staff: (*_SECTIONS, "teachers.school_id", "teachers.stage"),
    posts_and_quota: (*_SECTIONS, "posts"),
    units: ("sections", "standard"),
    published: ("schools", "sections", "teachers", "standard", "config"),
}
"""Every check, and what must have been read whole for it to conclude anything."""
