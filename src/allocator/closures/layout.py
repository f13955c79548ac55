"""What a choice of closures is made from: September's sections, who may close, and the ways that pupils may take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from allocator.closures.travel import Way, way_of
from allocator.demand.classes import class_groups
from allocator.domain import Standard
from allocator.problem import Bools, Ints
from allocator.reorganise import (
    GRADES,
    Journey,
    Reorganised,
    reorganise,
    section_classes,
    section_limits,
)
from allocator.roads import Floats, Roads, roads
from allocator.scenario.read import Scenario
from allocator.scenario.schema import columns_of
from allocator.scenario.telling import section_keys
from allocator.words import Text, both, text


@dataclass(frozen=True)
class Layout:
    """The district of September before anything of a proposal happens; the closures of the scenario are done.

    Parameters
    ----------
    scenario
        The scenario of September.
    school, stage
        School index and stage code of each section.
    own
        Pupils by grade, shape (sections, grades 0 to 12).
    limit
        Most pupils in a class of each section.
    rooms, classes
        Classrooms and classes of each section.
    worth
        Posts that a class of each section takes: its lessons over the loads.
    pupils
        Pupils of each school.
    size_limit
        Most pupils of each school, inf where the standard names no number.
    considered
        Whether a school may be proposed for closure.
    obstacles
        Why each school that may not be proposed may not, by school index.
    ways
        Where the pupils of sections that may close may go.
    km
        Length of the road from school to school, shape (schools, schools).
    guessed
        Sections whose rooms are not stated: they count as having those of today's classes.
    """

    scenario: Scenario
    ids: tuple[str, ...]
    school: Ints
    stage: tuple[str, ...]
    own: Ints
    limit: tuple[float, ...]
    rooms: Ints
    classes: Ints
    worth: Floats
    pupils: Ints
    size_limit: Floats
    considered: Bools
    obstacles: dict[int, Text]
    ways: tuple[Way, ...]
    km: Floats
    guessed: int

    @property
    def standard(self) -> Standard:
        """The standard of the scenario."""
        return self.scenario.standard

    def grades(self, section: int) -> tuple[int, ...]:
        """Grades of a section's stage."""
        return self.standard.stages[self.stage[section]].grades

    def classes_with(self, section: int, coming: Ints) -> int:
        """Fewest classes of a section with further pupils by grade, shape (13,)."""
        total = self.own[section] + coming
        pupils = tuple((grade, int(total[grade])) for grade in self.grades(section))
        groups = class_groups(pupils, self.limit[section], self.standard.classes)
        return sum(group.classes for group in groups)

    def differing(self, start: int, end: int) -> str | None:
        """Return the first column of ``closing.same`` in which two schools differ, None where they agree in all."""
        schools = self.scenario.table("schools")
        for column in self.scenario.config.closing.same:
            cells = schools[column].to_numpy(dtype=object)
            if cells[start] != cells[end]:
                return column
        return None

    def townships(self) -> dict[tuple[str, str], list[int]]:
        """Sections by township and stage, of those with pupils today; none where the scenario does not keep them."""
        if not self.scenario.config.closing.townships:
            return {}
        names, taught = self.scenario.table("schools")["township"], self.own.sum(axis=1) > 0
        found: dict[tuple[str, str], list[int]] = {}
        for u, school in enumerate(self.school.tolist()):
            if names.iloc[school]:
                found.setdefault((names.iloc[school], self.stage[u]), []).append(u)
        return {key: some for key, some in found.items() if taught[some].any()}

    def sets(self, ways: Sequence[Way], most: int) -> dict[tuple[int, ...], int] | None:
        """Return every set of ways to one section that finds rooms there, and the further classes that it makes.

        A set without room is in none that finds it: more pupils never make fewer classes. So the sets grow one way
        at a time.

        Parameters
        ----------
        ways
            All to the same section.
        most
            Where there are more sets than this, None is returned.

        Returns
        -------
        Positions in ``ways``, rising, to classes beyond those of today.
        """
        if not ways:
            return {}
        to = ways[0].to
        rooms, space = int(self.rooms[to]), self.size_limit[self.school[to]] - self.pupils[self.school[to]]
        found: dict[tuple[int, ...], int] = {}
        grown: list[tuple[tuple[int, ...], Ints, int]] = [((), np.zeros_like(self.own[to]), 0)]
        while grown:
            some, coming, pupils = grown.pop()
            for i in range(some[-1] + 1 if some else 0, len(ways)):
                more, n = coming + self.own[ways[i].section], pupils + ways[i].pupils
                classes = self.classes_with(to, more)
                if n <= space and classes <= rooms:
                    found[*some, i] = classes - int(self.classes[to])
                    grown.append(((*some, i), more, n))
            if len(found) > most:
                return None
        return found

    def coming(self, ways: Iterable[Way]) -> Ints:
        """Pupils by grade that ways bring to each section, shape (sections, 13)."""
        found = np.zeros_like(self.own)
        for way in ways:
            found[way.to] += self.own[way.section]
        return found


def column_named(name: str) -> Text:
    """Name a column of schools.csv in both languages."""
    return both(columns_of("schools")[name].alias, name)


def layout(scenario: Scenario, factor: float = 1.0, year: str | None = None) -> Layout:
    """Lay out a checked scenario whose standard has a table ``closing``.

    Parameters
    ----------
    factor
        On the pupils of September.
    year
        A year of forecast.csv, whose pupils stand in place of September's where they are stated.
    """
    grown = scenario.config.enrolment.factor * factor
    enrolment = scenario.config.enrolment.model_copy(update={"factor": grown})
    config = scenario.config.model_copy(update={"enrolment": enrolment})
    tables = dict(scenario.tables)
    if year is not None:
        tables["enrolment"] = _forecast(scenario, year)
    if factor != 1:
        forecast = tables["enrolment"].copy()
        forecast[GRADES] = np.floor(forecast[GRADES].astype(float) * factor + 0.5)
        tables["enrolment"] = forecast
    change = reorganise(replace(scenario, config=config, tables=tables))
    after, ways = change.after, roads(change.after)
    sections = after.table("sections")
    ids = tuple(str(s) for s in after.table("schools")["school_id"])
    school = np.array([ids.index(s) for s in sections["school_id"]], dtype=np.int64)
    own = sections[GRADES].to_numpy(float).astype(np.int64)
    stage = tuple(str(s) for s in sections["stage"])
    classes = _classes(after)
    draft = Layout(
        scenario=after,
        ids=ids,
        school=school,
        stage=stage,
        own=own,
        limit=tuple(section_limits(after)),
        rooms=_rooms(change, classes),
        classes=np.array(list(classes.values()), dtype=np.int64),
        worth=np.array([_worth(after.standard, one) for one in stage]),
        pupils=np.bincount(school, own.sum(axis=1), minlength=len(ids)).astype(np.int64),
        size_limit=_size_limits(after),
        considered=np.zeros(len(ids), dtype=bool),
        obstacles={},
        ways=(),
        km=ways.km,
        guessed=int(sections["classrooms"].isna().sum()),
    )
    obstacles = dict(_only_ones(draft)) | dict(_obstacles(draft, change.journeys))
    considered = np.array([i not in obstacles and draft.pupils[i] > 0 for i in range(len(ids))])
    found = tuple(_ways(replace(draft, considered=considered), ways))
    reached = {way.section for way in found}
    for i in np.flatnonzero(considered):
        lost = [u for u in np.flatnonzero(school == i) if u not in reached and own[u].sum()]
        if lost:
            obstacles[int(i)] = _nowhere(draft, ways, int(lost[0]))
            considered[i] = False
    found = tuple(w for w in found if considered[school[w.section]])
    return replace(draft, considered=considered, obstacles=obstacles, ways=found)


def _forecast(scenario: Scenario, year: str) -> pd.DataFrame:
    """Lay the forecast of a year over that of September, cell by cell."""
    keys, later = ["school_id", "stage"], scenario.table("forecast")
    september = scenario.table("enrolment").set_index(keys)
    chosen = later[later["year"] == year].drop(columns="year").set_index(keys)
    return chosen.combine_first(september).reset_index()


def _classes(scenario: Scenario) -> dict[tuple[str | None, str | None], int]:
    """Classes of every section of a scenario, by school and stage."""
    keys = section_keys(scenario.table("sections"))
    groups = section_classes(scenario)
    return {key: sum(g.classes for g in group) for key, group in zip(keys, groups, strict=True)}


def _rooms(change: Reorganised, classes: Mapping[tuple[str | None, str | None], int]) -> Ints:
    """Classrooms of every section: as stated, else the classes of today, else (of a new section) those it has."""
    stated, today = change.after.table("sections")["classrooms"], _classes(change.before)
    rooms = [
        (today.get(key) or now) if np.isnan(given) else int(given)
        for (key, now), given in zip(classes.items(), stated.to_numpy(float), strict=True)
    ]
    return np.array(rooms, dtype=np.int64)


def _size_limits(scenario: Scenario) -> Floats:
    """Most pupils of every school, inf where the standard names no number."""
    schools, balance = scenario.table("schools"), scenario.standard.balance
    larger = scenario.config.scoring.larger_schools
    found = []
    for school, kind in zip(schools["school_id"], schools["kind"], strict=True):
        limits = balance.school_size_relaxed if school in larger else balance.school_size
        found.append(limits[kind].value if kind in limits else np.inf)
    return np.array(found)


def _worth(standard: Standard, stage: str) -> float:
    """Return the posts that a class of a stage takes: the lessons of its mean grade over the loads of their subjects."""
    order = {grade: i for i, grade in enumerate(standard.periods.grades)}
    grades = [order[grade] for grade in standard.stages[stage].grades]
    return sum(
        float(np.mean([lessons[i] for i in grades])) / standard.loads.load(stage, subject)
        for subject, lessons in standard.periods.subjects.items()
    )


def _only_ones(found: Layout) -> Iterator[tuple[int, Text]]:
    """Say of each school that is the only one of a stage in its township that it stays."""
    for (township, stage), some in found.townships().items():
        if len(some) == 1:
            words = text(
                "is the only school of the township {township} for {stage} (closing.townships)",
                township=township,
                stage=found.standard.stages[stage].name,
            )
            yield int(found.school[some[0]]), words


def _obstacles(found: Layout, journeys: tuple[Journey, ...]) -> Iterator[tuple[int, Text]]:
    """Say of each school that is not considered why; the first reason counts."""
    config = found.scenario.config.closing
    receiving = {journey.to_school for journey in journeys} | _named(found.scenario)
    pins = {
        school if pin == "stay" else pin
        for school, pin in zip(
            *(found.scenario.table("teachers")[c] for c in ("school_id", "pin")), strict=True
        )
        if pin is not None
    }
    gone = set(found.scenario.config.closures)
    open_ = {found.ids[s] for s in found.school}
    for i, row in enumerate(found.scenario.table("schools").to_dict("records")):
        school = found.ids[i]
        if school in gone or school not in open_:
            yield i, text("closes already, or is not open")
        elif school in config.keep:
            yield i, text("is never to be closed (closing.keep)")
        elif not row["closable"]:
            yield i, text("is marked closable = no")
        elif row["objection"]:
            yield i, text("most parents object")
        elif school in pins:
            yield i, text("a teacher is pinned to it")
        elif school in receiving:
            yield i, text("receives the pupils of another school")
        elif school in found.scenario.config.transfers:
            yield i, text("gives pupils of single grades to other schools (transfers)")
        elif (below := _below(found, row["setting"])) is not None and found.pupils[i] >= below:
            yield (
                i,
                text("has {n} pupils, not fewer than {limit}", n=int(found.pupils[i]), limit=f"{below:g}"),
            )
        elif not found.pupils[i]:
            yield i, text("has no pupils")


def _named(scenario: Scenario) -> set[str]:
    """Schools that closures and transfers name as receivers, whether somebody comes or not."""
    config = scenario.config
    found = {to for grades in config.transfers.values() for to in grades.values()}
    for closure in config.closures.values():
        found |= {closure.to, *closure.apart.values(), *closure.grades.values()}
        found |= {closure.junior_to} if closure.junior_to else set()
    return found


def _below(found: Layout, setting: str | None) -> float | None:
    """Return the number of pupils below which a school may be proposed, None for no such limit."""
    stated, asked = found.scenario.config.closing.below, found.standard.closing
    if stated is not None or asked is None:
        return stated
    return asked.small(setting).value


def _ways(found: Layout, ways: Roads) -> Iterator[Way]:
    """Yield every way that pupils of a section that may close may take, within the limits of their grades."""
    boards = found.scenario.table("schools")["boarding"].to_numpy(bool)
    asked = found.standard.closing
    if asked is None:
        return
    for u in np.flatnonzero(found.considered[found.school] & (found.own.sum(axis=1) > 0)):
        start = found.school[u]
        for v in range(len(found.school)):
            end = found.school[v]
            if end == start or found.stage[v] != found.stage[u]:
                continue
            if found.differing(start, end) is not None:
                continue
            km, minutes = float(ways.km[start, end]), float(ways.minutes[start, end])
            way = way_of(asked, int(u), v, found.own[u], (km, minutes), boards=bool(boards[end]))
            if way.over is None:
                yield way


def own_ways(found: Layout, journeys: Iterable[Journey]) -> tuple[Way, ...]:
    """Return the ways of pupils whose schools the scenario itself closes, within the limits or not.

    Parameters
    ----------
    found
        The district without these closures.
    """
    asked = found.standard.closing
    if asked is None:
        return ()
    at = {
        (found.ids[s], stage): u for u, (s, stage) in enumerate(zip(found.school, found.stage, strict=True))
    }
    boards = found.scenario.table("schools")["boarding"].to_numpy(bool)
    ways = []
    for journey in journeys:
        u, v = at[journey.school_id, journey.stage], at[journey.to_school, journey.stage]
        if journey.pupils:
            road, may = (journey.km, journey.minutes), bool(boards[found.school[v]])
            ways.append(way_of(asked, u, v, found.own[u], road, boards=may))
    return tuple(ways)


def _nowhere(found: Layout, ways: Roads, section: int) -> Text:
    """Say how far the nearest school is for a section that has no way within the limits."""
    asked, start = found.standard.closing, found.school[section]
    others = [
        v
        for v in range(len(found.school))
        if found.school[v] != start and found.stage[v] == found.stage[section]
    ]
    others = [v for v in others if found.differing(int(start), int(found.school[v])) is None]
    if not others or asked is None:
        return text("no other school may take its pupils")
    near = min(others, key=lambda v: (ways.minutes[start, found.school[v]], found.ids[found.school[v]]))
    end = found.school[near]
    measured = float(ways.km[start, end]), float(ways.minutes[start, end])
    over = way_of(asked, section, near, found.own[section], measured, boards=False).over
    return text(
        "the nearest school that may take its pupils, {school}, is {minutes} minutes away; at most {limit}",
        school=found.ids[end],
        minutes=f"{measured[1]:.0f}",
        limit=f"{over or 0:g}",
    )
