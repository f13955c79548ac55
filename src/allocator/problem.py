"""The Problem: a scenario as immutable, indexed, consistent arrays.

Sections are those of today and of September together, so that before and after share one index. A section
that closes has no pupils and no post groups in September. A *post group* is one subject in one open section.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allocator.demand.lessons import full_loads, staff_quota, weekly_lessons
from allocator.demand.posts import Need, PostSetting, SharedPost, set_posts
from allocator.domain import LADDERS, Indicator, Standard
from allocator.errors import Issue
from allocator.reorganise import GRADES, Journey, Reorganised, reorganise, section_classes
from allocator.roads import Floats, Roads, great_circle_km, roads
from allocator.scenario.config import Config
from allocator.scenario.read import Scenario
from allocator.scenario.telling import small_below
from allocator.words import text

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]


@dataclass(frozen=True)
class Season:
    """The sections at one time: today, or in September.

    Parameters
    ----------
    open
        Whether the section is open, shape (sections,).
    pupils, classes, quota
        By section; zeros where it is not open.
    lessons
        Lessons a week, shape (sections, subjects).
    posts
        Posts, shape (sections, subjects).
    setting
        Shared posts, and the lessons that no post covers; of published posts only the former are known.
    material
        Amounts of the material columns by name, each by section, nan where not known.
    unit
        Section that each section is judged as: itself; of a teaching point the school it belongs to, where they
        count together; -1 where it does not count.
    largest
        Pupils in the largest class: today as sections.csv states it, nan where it does not; in September as
        classes are set, 0 where the section is not open.
    """

    open: Bools
    pupils: Floats
    classes: Ints
    quota: Ints
    lessons: Floats
    posts: Ints
    setting: PostSetting
    material: Mapping[str, Floats]
    unit: Ints
    largest: Floats

    @cached_property
    def in_scope(self) -> Bools:
        """Whether the balance standard judges the section, shape (sections,)."""
        return np.asarray(self.unit == np.arange(len(self.unit)))

    def together(self, amounts: Floats | Ints) -> Floats:
        """Add to the amounts of sections those of the teaching points that count with them."""
        joined = np.flatnonzero((self.unit >= 0) & ~self.in_scope)
        total = amounts.astype(float)
        np.add.at(total, self.unit[joined], amounts[joined])
        return total


@dataclass(frozen=True)
class Sections:
    """What does not change between the seasons: where each section belongs.

    ``low`` and ``high`` are the least and most teachers a section may hold in September; ``stated`` says
    whether the most stands in sections.csv or was computed.
    """

    school: Ints
    stage: Ints
    low: Ints
    high: Ints
    stated: Bools


@dataclass(frozen=True)
class Teachers:
    """The roster, one entry a teacher in the order of teachers.csv.

    Parameters
    ----------
    ids
        Codes.
    home
        Section where the teacher works today; -1 for a recruit.
    subject, certificate_subject
        Subject indices.
    takes
        Whether the teacher can take a subject at all, main or second, shape (teachers, subjects).
    experienced
        Whether the teacher has studied or long taught a subject, same shape.
    rank
        Rank of the certificate.
    years
        Years at the present school in September; nan where not known.
    pin
        School index the teacher is pinned to, -1 for none.
    stays
        Pinned to the present section.
    table
        The rows themselves, for what only few rules ask.
    """

    ids: tuple[str, ...]
    home: Ints
    subject: Ints
    certificate_subject: Ints
    takes: Bools
    experienced: Bools
    rank: Ints
    years: Floats
    pin: Ints
    stays: Bools
    recruit: Bools
    volunteer: Bools
    status: Objects
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Posts:
    """Post groups of September: one subject in one open section each.

    ``places`` are its posts; a group of 0 posts exists so that surplus teachers can keep a place.
    """

    section: Ints
    subject: Ints
    places: Ints

    def __len__(self) -> int:
        return len(self.section)


@dataclass(frozen=True)
class Problem:
    """Everything the rules, the model and the metrics read.

    ``before`` is today, ``after`` September; ``forecast`` has September's pupils in today's sections, and in all else
    is today.
    """

    name: str
    config: Config
    standard: Standard
    schools: pd.DataFrame
    zones: tuple[str, ...]
    school_zone: Ints
    closing: Bools
    stages: tuple[str, ...]
    subjects: tuple[str, ...]
    sections: Sections
    before: Season
    forecast: Season
    after: Season
    teachers: Teachers
    posts: Posts
    roads: Roads
    journeys: tuple[Journey, ...]
    warnings: tuple[Issue, ...]
    files: Mapping[str, str]

    @cached_property
    def people(self) -> list[dict[str, Any]]:
        """The rows of teachers.csv, for those who read them one by one."""
        return [{str(k): v for k, v in row.items()} for row in self.teachers.table.to_dict("records")]

    @cached_property
    def former_schools_stated(self) -> bool:
        """Whether the former schools of anybody are stated at all."""
        return any(self.teachers.table["former_schools"])

    @cached_property
    def school_ids(self) -> list[str]:
        """Codes of the schools in the order of schools.csv."""
        return [str(s) for s in self.schools["school_id"]]

    @cached_property
    def school_rows(self) -> dict[str, dict[str, Any]]:
        """The rows of schools.csv by code."""
        return {
            str(row["school_id"]): {str(k): v for k, v in row.items()}
            for row in self.schools.to_dict("records")
        }

    @cached_property
    def school_labels(self) -> list[str]:
        """Code and name of every school, in their order."""
        pairs = zip(self.school_ids, self.schools["name"], strict=True)
        return [f"{code} {name or ''}".strip() for code, name in pairs]

    @cached_property
    def receivers(self) -> Bools:
        """Whether pupils of each section go to each school, shape (sections, schools)."""
        keys = [
            (self.school_ids[school], self.stages[stage])
            for school, stage in zip(self.sections.school, self.sections.stage, strict=True)
        ]
        at, found = (
            {key: u for u, key in enumerate(keys)},
            np.zeros((len(keys), len(self.school_ids)), dtype=bool),
        )
        for journey in self.journeys:
            found[at[journey.school_id, journey.stage], self.school_ids.index(journey.to_school)] = True
        return found

    @cached_property
    def open_in_september(self) -> frozenset[str]:
        """Codes of the schools that are open in September."""
        return frozenset(self.school_ids[s] for s in self.sections.school[self.after.open])

    @cached_property
    def retirement(self) -> Floats:
        """Month of retirement of each teacher, counted from year 0; nan where birth or sex is not known."""
        facts = (self.teachers.table[c] for c in ("sex", "title", "birth"))
        months = [self.standard.retirement_month(*one) for one in zip(*facts, strict=True)]
        return np.array(months, dtype=np.float64)

    @cached_property
    def section_zone(self) -> Ints:
        """Zone index of each section."""
        return self.school_zone[self.sections.school]

    @cached_property
    def section_setting(self) -> Objects:
        """Setting (urban, town, rural, remote) of each section."""
        return np.asarray(self.schools["setting"].to_numpy(dtype=object)[self.sections.school])

    @cached_property
    def visits(self) -> tuple[Ints, Ints]:
        """Teacher and section of each visit (走教) of today, shape (visits,) each."""
        at = {
            (self.school_ids[school], stage): u
            for u, (school, stage) in enumerate(zip(self.sections.school, self.sections.stage, strict=True))
        }
        found = [
            (t, at[school, self.sections.stage[self.teachers.home[t]]])
            for t, schools in enumerate(self.teachers.table["visits"])
            for school in dict.fromkeys(schools)
        ]
        teachers, sections = np.array(found, dtype=np.int64).reshape(-1, 2).T
        return teachers, sections

    @cached_property
    def home_school(self) -> Ints:
        """School index of each teacher today, -1 for a recruit."""
        return np.where(self.teachers.home >= 0, self.sections.school[self.teachers.home], -1)

    @cached_property
    def displaced(self) -> Bools:
        """Whether a teacher's section is not open in September; shape (teachers,)."""
        return (self.teachers.home >= 0) & ~self.after.open[self.teachers.home]

    @cached_property
    def home_post(self) -> Ints:
        """Post group of each teacher's present place, -1 where it does not exist in September."""
        found = self.post_of(self.teachers.home, self.teachers.subject)
        return np.where(self.displaced | (self.teachers.home < 0), -1, found)

    @cached_property
    def _post_table(self) -> Ints:
        table = np.full((len(self.sections.school), len(self.subjects)), -1, dtype=np.int64)
        table[self.posts.section, self.posts.subject] = np.arange(len(self.posts))
        return table

    def post_of(self, section: Ints, subject: Ints) -> Ints:
        """Post group of a section and subject, -1 where there is none."""
        return np.asarray(self._post_table[section, subject])

    @cached_property
    def post_school(self) -> Ints:
        """School index of each post group."""
        return self.sections.school[self.posts.section]

    @cached_property
    def post_stage(self) -> Ints:
        """Stage index of each post group."""
        return self.sections.stage[self.posts.section]

    @cached_property
    def home_km(self) -> Floats:
        """Road length from each teacher's home to each school, nan where the home is not known."""
        lat, lon = (self.teachers.table[c].to_numpy(float) for c in ("home_lat", "home_lon"))
        to = (self.schools[c].to_numpy(float) for c in ("lat", "lon"))
        return great_circle_km(lat, lon, *to) * self.roads.detour

    def counts(self, indicator: Indicator) -> Bools:
        """Whether a teacher is known to count for an indicator at a stage; shape (teachers, stages).

        The subject condition is apart (:meth:`counted_subjects`), because it asks for the post held.
        """
        return self._meets(indicator, unknown=False)

    def unsure(self, indicator: Indicator) -> Bools:
        """Whether the roster does not say if a teacher counts for an indicator at a stage; shape (teachers, stages)."""
        return self._meets(indicator, unknown=True) & ~self.counts(indicator)

    def _meets(self, indicator: Indicator, unknown: bool) -> Bools:
        """Whether teachers meet every condition, those that are not known taken as met or not; shape (teachers, stages)."""
        met = np.ones((len(self.teachers), len(self.stages)), dtype=bool)
        for column, least in (
            ("degree", indicator.degree_at_least),
            ("backbone", indicator.backbone_at_least),
            ("title", indicator.title_at_least),
        ):
            if least is not None:
                held = self.rungs[column]
                for g, stage in enumerate(self.stages):
                    name = least if isinstance(least, str) else least[stage]
                    enough = held >= LADDERS[column].index(name)
                    met[:, g] &= enough | (held < 0) if unknown else enough
        return met

    @cached_property
    def rungs(self) -> dict[str, Ints]:
        """Degree, title and level of backbone teacher as places on their ladders, -1 where not known.

        A blank title or level says that there is none, unless the roster says it of nobody at all.
        """
        found = {}
        for column, ladder in LADDERS.items():
            stated = self.teachers.table[column].map({name: i for i, name in enumerate(ladder)})
            blank = 0 if column != "degree" and stated.notna().any() else -1
            found[column] = np.asarray(stated.fillna(blank), dtype=np.int64)
        return found

    def counted_subjects(self, indicator: Indicator) -> Bools:
        """Whether a post of a subject counts for an indicator; shape (subjects,)."""
        if indicator.subjects is None:
            return np.ones(len(self.subjects), dtype=bool)
        return np.isin(self.subjects, indicator.subjects)


def build(scenario: Scenario) -> Problem:
    """Turn a checked scenario into a problem: September's sections, classes, lessons, posts and people."""
    change = reorganise(scenario)
    schools = scenario.table("schools")
    stages, subjects = tuple(scenario.standard.stages), tuple(scenario.standard.subjects)
    zones = tuple(sorted(set(schools["zone"])))
    index = {s: i for i, s in enumerate(schools["school_id"])}
    keys = sorted(
        {key for s in (change.before, change.after) for key in _section_keys(s)},
        key=lambda k: (index[k[0]], stages.index(k[1])),
    )
    ways = roads(scenario)
    seasons = _seasons(change, keys, index, ways)
    places = {key: i for i, key in enumerate(keys)}
    teachers = _teachers(scenario, places, index)
    sections = _sections(change, keys, index, stages, seasons[1], teachers)
    return Problem(
        name=scenario.name,
        config=scenario.config,
        standard=scenario.standard,
        schools=schools,
        zones=zones,
        school_zone=np.array([zones.index(z) for z in schools["zone"]], dtype=np.int64),
        closing=schools["school_id"].isin(scenario.config.closures).to_numpy(bool),
        stages=stages,
        subjects=subjects,
        sections=sections,
        before=seasons[0],
        forecast=_grown(scenario, change.forecast, keys, seasons[0]),
        after=seasons[1],
        teachers=teachers,
        posts=_posts(scenario, sections, seasons[1], teachers),
        roads=ways,
        journeys=change.journeys,
        warnings=(*scenario.warnings, *change.warnings, *_unproved(seasons)),
        files=scenario.files,
    )


def _section_keys(scenario: Scenario) -> list[tuple[str, str]]:
    sections = scenario.table("sections")
    return list(zip(sections["school_id"], sections["stage"], strict=True))


def _seasons(
    change: Reorganised, keys: list[tuple[str, str]], index: dict[str, int], ways: Roads
) -> tuple[Season, Season]:
    """Set today and September, each by its own pupils."""
    before = _season(change.before, keys, index, ways)
    after = _season(change.after, keys, index, ways)
    stated = np.full(len(keys), np.nan)
    stated[_rows(change.before, keys)] = change.before.table("sections")["largest_class"].to_numpy(float)
    return replace(before, largest=stated), after


def _grown(scenario: Scenario, forecast: Scenario, keys: list[tuple[str, str]], today: Season) -> Season:
    """Put September's pupils into the sections of today, before any school closes."""
    pupils = np.zeros(len(keys))
    pupils[_rows(forecast, keys)] = forecast.table("sections")[GRADES].sum(axis=1)
    pupils = np.where(today.open, pupils, 0.0)
    return replace(today, pupils=pupils, unit=_units(scenario, keys, today.open & (pupils > 0), pupils))


def _rows(scenario: Scenario, keys: list[tuple[str, str]]) -> Ints:
    """Index of each row of sections.csv among all sections."""
    at = {key: i for i, key in enumerate(keys)}
    return np.array([at[key] for key in _section_keys(scenario)], dtype=np.int64)


def _season(scenario: Scenario, keys: list[tuple[str, str]], index: dict[str, int], ways: Roads) -> Season:
    standard, sections = scenario.standard, scenario.table("sections")
    rows, n, groups = _rows(scenario, keys), len(keys), section_classes(scenario)
    pupils, classes, quota = np.zeros(n), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    lessons, largest = np.zeros((n, len(standard.subjects))), np.zeros(n)
    pupils[rows] = sections[GRADES].sum(axis=1)
    classes[rows] = [sum(g.classes for g in group) for group in groups]
    grades = sections[GRADES].to_numpy(float)
    for row, group, given, by_grade in zip(rows, groups, sections["quota"], grades, strict=True):
        sizes = [np.ceil(sum(by_grade[g] for g in one.grades) / one.classes) for one in group]
        largest[row] = max(sizes, default=0.0)
        lessons[row] = weekly_lessons(group, standard)
        computed = staff_quota(pupils[row], int(classes[row]), keys[row][1], standard)
        quota[row] = computed if np.isnan(given) else int(given)
    is_open = np.zeros(n, dtype=bool)
    is_open[rows] = True
    setting, posts = _set_posts(scenario, keys, index, ways, lessons, classes, quota, is_open)
    material = {}
    for indicator in standard.indicators.values():
        if indicator.counts != "teachers":
            material[indicator.counts] = np.full(n, np.nan)
            material[indicator.counts][rows] = sections[indicator.counts].to_numpy(float)
    unit = _units(scenario, keys, is_open & (pupils > 0), pupils)
    return Season(is_open, pupils, classes, quota, lessons, posts, setting, material, unit, largest)


def _units(scenario: Scenario, keys: list[tuple[str, str]], counts: Bools, pupils: Floats) -> Ints:
    """Say as what each section is judged; a teaching point without a school that counts cannot join it."""
    schools, scoring = scenario.table("schools"), scenario.config.scoring
    kinds = dict(zip(schools["school_id"], schools["kind"], strict=True))
    parents = dict(zip(schools["school_id"], schools["parent_id"], strict=True))
    points = np.array([kinds[s] == "teaching_point" for s, _ in keys], dtype=bool)
    small = points & (pupils < small_below(scenario))
    unit = np.where(counts, np.arange(len(keys)), -1)
    if scoring.teaching_points == "separate":
        return unit
    at = {key: i for i, key in enumerate(keys)}
    for u in np.flatnonzero(small & counts):
        parent = at.get((parents[keys[u][0]] or "", keys[u][1]), -1)
        joins = scoring.teaching_points == "merge" and parent >= 0 and counts[parent] and not small[parent]
        unit[u] = parent if joins else -1
    return unit


def _set_posts(
    scenario: Scenario,
    keys: list[tuple[str, str]],
    index: dict[str, int],
    ways: Roads,
    lessons: Floats,
    classes: Ints,
    quota: Ints,
    is_open: Bools,
) -> tuple[PostSetting, Ints]:
    """Take the published posts, or set them."""
    if len(scenario.table("posts")):
        return _published_posts(scenario, keys, is_open)
    standard, posts = scenario.standard, np.zeros(lessons.shape, dtype=np.int64)
    schools = scenario.table("schools").set_index("school_id")
    zone, group = schools["zone"], schools["group"]
    relief = standard.posts.management_periods.value
    here = np.flatnonzero(is_open & (lessons.sum(axis=1) > 0))
    needs = [
        Need(
            section=int(u),
            stage=keys[u][1],
            zone=zone[keys[u][0]],
            lessons=lessons[u],
            management=relief * float(classes[u]),
            quota=int(quota[u]),
            group=group[keys[u][0]] or "",
        )
        for u in here
    ]
    school = np.array([index[keys[u][0]] for u in here], dtype=np.int64)
    setting = set_posts(needs, ways.km[np.ix_(school, school)], standard, scenario.config.seed)
    for section, places in setting.posts.items():
        posts[section] = places
    return setting, posts


def _published_posts(
    scenario: Scenario, keys: list[tuple[str, str]], is_open: Bools
) -> tuple[PostSetting, Ints]:
    """Take the posts of posts.csv as they are, with those that are shared (走教)."""
    at, subjects = {key: i for i, key in enumerate(keys)}, list(scenario.standard.subjects)
    posts, shared = np.zeros((len(keys), len(subjects)), dtype=np.int64), []
    for row in scenario.table("posts").to_dict("records"):
        home, subject = at[row["school_id"], row["stage"]], subjects.index(row["subject"])
        posts[home, subject] = int(row["posts"])
        partners = [(at.get((school, row["stage"]), -1), share) for school, share in row["shared_with"]]
        visits = [(section, share) for section, share in partners if section >= 0 and is_open[section]]
        if visits and posts[home, subject]:
            shared.append(SharedPost(home, subject, _with_home(home, visits)))
    rows = {int(section): posts[section] for section in np.flatnonzero(posts.any(axis=1))}
    return PostSetting(rows, tuple(shared), untaught={}, proved=True), posts


def _with_home(home: int, visits: list[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    """Give the home of a shared post the share that the visits leave, those to closed schools among it."""
    left = round(1 - sum(share for _, share in visits), 5)
    return tuple(sorted([*visits, (home, left)] if left > 0 else visits))


def _teachers(scenario: Scenario, places: dict[tuple[str, str], int], index: dict[str, int]) -> Teachers:
    table, standard = scenario.table("teachers"), scenario.standard
    subjects = {s: i for i, s in enumerate(standard.subjects)}
    home = [places.get((s, g), -1) for s, g in zip(table["school_id"], table["stage"], strict=True)]
    subject = np.asarray(table["subject"].map(subjects), dtype=np.int64)
    ranks = {name: number.value for name, number in standard.certificate_rank.items()}
    takes = _named_subjects(table["second_subjects"], subjects)
    takes[np.arange(len(table)), subject] = True
    certified = table["certificate_subject"].map(subjects).astype(float).to_numpy()
    pins = table["pin"].map(lambda p: index.get(p, -1)).to_numpy(dtype=np.int64)
    return Teachers(
        ids=tuple(table["teacher_id"]),
        home=np.array(home, dtype=np.int64),
        subject=subject,
        certificate_subject=np.where(np.isnan(certified), subject, certified).astype(np.int64),
        takes=takes,
        experienced=_named_subjects(table["experienced_subjects"], subjects),
        rank=np.asarray(table["certificate"].map(ranks), dtype=np.int64),
        years=(scenario.config.september - table["joined_school"].to_numpy(float)) / 12,
        pin=pins,
        stays=(table["pin"] == "stay").to_numpy(bool),
        recruit=table["recruit"].to_numpy(bool),
        volunteer=table["volunteer"].to_numpy(bool),
        status=table["status"].to_numpy(object),
        table=table,
    )


def _named_subjects(cells: pd.Series, subjects: Mapping[str, int]) -> Bools:
    """Whether each cell names a subject, shape (cells, subjects)."""
    named = np.zeros((len(cells), len(subjects)), dtype=bool)
    for t, names in enumerate(cells):
        named[t, [subjects[s] for s in names]] = True
    return named


def _sections(
    change: Reorganised,
    keys: list[tuple[str, str]],
    index: dict[str, int],
    stages: tuple[str, ...],
    after: Season,
    teachers: Teachers,
) -> Sections:
    """Say where sections belong and how many teachers each may hold in September.

    Without a limit of its own a section may hold its quota, or today's staff together with the staff of the
    pupils who come to it, whichever is more.
    """
    at = {key: i for i, key in enumerate(keys)}
    staff = np.bincount(teachers.home[teachers.home >= 0], minlength=len(keys))
    coming = np.zeros(len(keys))
    for journey in change.journeys:
        start, end = at[journey.school_id, journey.stage], at[journey.to_school, journey.stage]
        share = 1.0  # of a school that closes all may follow, whichever grades come
        if after.open[start]:
            share = journey.pupils / (journey.pupils + after.pupils[start])
        coming[end] += np.ceil(staff[start] * share)
    most = np.maximum(np.maximum(after.quota, after.posts.sum(axis=1)), staff + coming).astype(np.int64)
    low, high = np.zeros(len(keys), dtype=np.int64), np.where(after.open, most, 0)
    stated = np.zeros(len(keys), dtype=bool)
    for row in change.after.table("sections").to_dict("records"):
        u = at[row["school_id"], row["stage"]]
        low[u] = 0 if np.isnan(row["headcount_min"]) else int(row["headcount_min"])
        if not np.isnan(row["headcount_max"]):
            high[u], stated[u] = int(row["headcount_max"]), True
    return Sections(
        school=np.array([index[s] for s, _ in keys], dtype=np.int64),
        stage=np.array([stages.index(g) for _, g in keys], dtype=np.int64),
        low=low,
        high=high.astype(np.int64),
        stated=stated,
    )


def _posts(scenario: Scenario, sections: Sections, after: Season, teachers: Teachers) -> Posts:
    """Post groups: every subject of the stage, and subjects that today's teachers of the section hold."""
    wanted = after.posts > 0
    for g, stage in enumerate(scenario.standard.stages):
        taught = np.isin(list(scenario.standard.subjects), scenario.standard.stage_subjects(stage))
        wanted |= (sections.stage == g)[:, None] & taught[None, :]
    placed = teachers.home >= 0
    wanted[teachers.home[placed], teachers.subject[placed]] = True
    section, subject = np.nonzero(wanted & after.open[:, None])
    return Posts(section.astype(np.int64), subject.astype(np.int64), after.posts[section, subject])


def _unproved(seasons: tuple[Season, Season]) -> list[Issue]:
    if all(season.setting.proved for season in seasons):
        return []
    return [
        Issue(
            "posts.csv",
            None,
            None,
            text("posts set at the limit of computation, without a proof that they are the best"),
            text("a proof"),
            text("publish the posts of small schools in posts.csv"),
            "warning",
        )
    ]


def loads(problem: Problem) -> Floats:
    """Full weekly loads, shape (stages, subjects)."""
    return np.array([full_loads(stage, problem.standard) for stage in problem.stages])
