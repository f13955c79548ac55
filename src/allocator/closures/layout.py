"""What a choice of closures is made from: September's sections, who may close, and the ways that pupils may take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from allocator.closures.travel import Way, way_of
from allocator.demand.classes import class_groups
from allocator.domain import Standard
from allocator.problem import Bools, Ints
from allocator.reorganise import GRADES, Journey, reorganise, section_limits
from allocator.roads import Floats, Roads, roads
from allocator.scenario.config import Enrolment
from allocator.scenario.read import Scenario
from allocator.words import Text, text


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


def layout(scenario: Scenario, factor: float = 1.0) -> Layout:
    """Lay out a checked scenario whose standard has a table ``closing``.

    Parameters
    ----------
    factor
        On the pupils of September.
    """
    enrolment = Enrolment(factor=scenario.config.enrolment.factor * factor)
    config = scenario.config.model_copy(update={"enrolment": enrolment})
    tables = dict(scenario.tables)
    if factor != 1:
        forecast = tables["enrolment"].copy()
        forecast[GRADES] = np.floor(forecast[GRADES].astype(float) * factor + 0.5)
        tables["enrolment"] = forecast
    change = reorganise(replace(scenario, config=config, tables=tables))
    after, ways = change.after, roads(change.after)
    sections, schools = after.table("sections"), after.table("schools")
    ids = tuple(str(s) for s in schools["school_id"])
    school = np.array([ids.index(s) for s in sections["school_id"]], dtype=np.int64)
    own = sections[GRADES].to_numpy(float).astype(np.int64)
    limit = tuple(section_limits(after))
    stage = tuple(str(s) for s in sections["stage"])
    pupils = np.bincount(school, own.sum(axis=1), minlength=len(ids)).astype(np.int64)
    sizes = after.standard.balance.school_size
    size_limit = np.array([sizes[k].value if k in sizes else np.inf for k in schools["kind"]])
    larger = np.isin(ids, scenario.config.scoring.larger_schools)
    relaxed = after.standard.balance.school_size_relaxed
    size_limit[larger] = [relaxed[k].value for k in schools["kind"][larger]]
    draft = Layout(
        scenario=after,
        ids=ids,
        school=school,
        stage=stage,
        own=own,
        limit=limit,
        rooms=np.zeros(len(school), dtype=np.int64),
        classes=np.zeros(len(school), dtype=np.int64),
        worth=np.array([_worth(after.standard, one) for one in stage]),
        pupils=pupils,
        size_limit=size_limit,
        considered=np.zeros(len(ids), dtype=bool),
        obstacles={},
        ways=(),
    )
    classes = np.array([draft.classes_with(u, np.zeros(13, dtype=np.int64)) for u in range(len(school))])
    rooms = sections["classrooms"].to_numpy(float)
    today = np.array([_classes_today(scenario, ids[s], g) for s, g in zip(school, stage, strict=True)])
    rooms = np.where(np.isnan(rooms), np.where(np.isnan(today), classes, today), rooms).astype(np.int64)
    draft = replace(draft, rooms=rooms, classes=classes)
    obstacles = dict(_obstacles(draft, change.journeys))
    considered = np.array([i not in obstacles and pupils[i] > 0 for i in range(len(ids))])
    found = tuple(_ways(replace(draft, considered=considered), ways))
    reached = {way.section for way in found}
    for i in np.flatnonzero(considered):
        lost = [u for u in np.flatnonzero(school == i) if u not in reached and own[u].sum()]
        if lost:
            obstacles[int(i)] = _nowhere(draft, ways, int(lost[0]))
            considered[i] = False
    found = tuple(w for w in found if considered[school[w.section]])
    return replace(draft, considered=considered, obstacles=obstacles, ways=found)


def _worth(standard: Standard, stage: str) -> float:
    """Return the posts that a class of a stage takes: the lessons of its mean grade over the loads of their subjects."""
    order = {grade: i for i, grade in enumerate(standard.periods.grades)}
    grades = [order[grade] for grade in standard.stages[stage].grades]
    return sum(
        float(np.mean([lessons[i] for i in grades])) / standard.loads.load(stage, subject)
        for subject, lessons in standard.periods.subjects.items()
    )


def _classes_today(scenario: Scenario, school: str, stage: str) -> float:
    """Classes of a section today, which are its rooms where none are stated; nan for a section that is new."""
    sections = scenario.table("sections")
    here = sections[(sections["school_id"] == school) & (sections["stage"] == stage)]
    row = here.iloc[0]
    limit = section_limits(replace(scenario, tables=dict(scenario.tables) | {"sections": here}))[0]
    pupils = tuple((g, int(row[f"g{g}"])) for g in scenario.standard.stages[stage].grades)
    found = sum(group.classes for group in class_groups(pupils, limit, scenario.standard.classes))
    return float(found) if found else np.nan


def _obstacles(found: Layout, journeys: tuple[Journey, ...]) -> Iterator[tuple[int, Text]]:
    """Say of each school that is not considered why; the first reason counts."""
    config, asked = found.scenario.config.closing, found.standard.closing
    below = config.below if config.below is not None or asked is None else asked.small_below.value
    receiving = {journey.to_school for journey in journeys}
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
        elif school in receiving:
            yield i, text("receives the pupils of another closure")
        elif below is not None and found.pupils[i] >= below:
            yield (
                i,
                text("has {n} pupils, not fewer than {limit}", n=int(found.pupils[i]), limit=f"{below:g}"),
            )
        elif not found.pupils[i]:
            yield i, text("has no pupils")


def _ways(found: Layout, ways: Roads) -> Iterator[Way]:
    """Yield every way that pupils of a section that may close may take, within the limits of their grades."""
    schools = found.scenario.table("schools")
    same = [schools[column].to_numpy(dtype=object) for column in found.scenario.config.closing.same]
    boards = schools["boarding"].to_numpy(bool)
    asked = found.standard.closing
    if asked is None:
        return
    for u in np.flatnonzero(found.considered[found.school] & (found.own.sum(axis=1) > 0)):
        start = found.school[u]
        for v in range(len(found.school)):
            end = found.school[v]
            if end == start or found.stage[v] != found.stage[u]:
                continue
            if any(column[start] != column[end] for column in same):
                continue
            km, minutes = float(ways.km[start, end]), float(ways.minutes[start, end])
            way = way_of(asked, int(u), v, found.own[u], (km, minutes), boards=bool(boards[end]))
            if way.over is None:
                yield way


def _nowhere(found: Layout, ways: Roads, section: int) -> Text:
    """Say how far the nearest school is for a section that has no way within the limits."""
    asked, start = found.standard.closing, found.school[section]
    others = [
        v
        for v in range(len(found.school))
        if found.school[v] != start and found.stage[v] == found.stage[section]
    ]
    schools = found.scenario.table("schools")
    for column in found.scenario.config.closing.same:
        cells = schools[column].to_numpy(dtype=object)
        others = [v for v in others if cells[found.school[v]] == cells[start]]
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
