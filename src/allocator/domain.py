"""The frozen nouns of regulations: a standard, its numbers with source and confidence, its indicators."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from allocator.errors import Refused
from allocator.words import Text, both, text

DEGREES = ("secondary", "associate", "bachelor", "master", "doctor")
BACKBONE = ("none", "county", "city", "province")
TITLES = ("none", "third", "second", "first", "senior", "full_senior")
LADDERS = {"degree": DEGREES, "backbone": BACKBONE, "title": TITLES}


_MOST = 1e6  # of any number of a regulation: what lies beyond it is a slip of the keyboard
_MOST_CV = 100


class Frozen(BaseModel):
    """A table of a TOML file: no unknown keys, no other types than written, no changes after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Number(Frozen):
    """A number of a regulation: its value, unit, source and how sure it is."""

    value: float = Field(ge=0, le=_MOST)
    unit: str
    source: str
    confidence: str


class Names(Frozen):
    """A list that a regulation names, with source and confidence."""

    value: tuple[str, ...]
    unit: str
    source: str
    confidence: str


class Stage(Frozen):
    """A stage of schooling: its names, its grades in order, the certificate that its teachers need."""

    zh: str
    en: str
    grades: tuple[int, ...]
    certificate: str

    @property
    def name(self) -> Text:
        """Name in both languages."""
        return both(self.zh, self.en)


class Subject(Frozen):
    """A subject: its names, and whether it is a core subject."""

    zh: str
    en: str
    core: bool = False

    @property
    def name(self) -> Text:
        """Name in both languages."""
        return both(self.zh, self.en)


class Periods(Frozen):
    """The curriculum: lessons a week of each subject in each grade."""

    source: str
    confidence: str
    unit: str
    grades: tuple[int, ...]
    subjects: dict[str, tuple[float, ...]]


class Loads(Frozen):
    """The full weekly load of a teacher, by stage: a default and the subjects that differ."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, dict[str, float]] = Field(init=False)
    source: str
    confidence: str
    unit: str

    @property
    def stages(self) -> dict[str, dict[str, float]]:
        """The tables of the stages."""
        return self.__pydantic_extra__

    def load(self, stage: str, subject: str) -> float:
        """Lessons a week that one full-time teacher gives."""
        table = self.stages[stage]
        return float(table.get(subject, table["default"]))


class Families(Frozen):
    """Which further subjects a teacher of a subject usually takes, by stage."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, dict[str, tuple[str, ...]]] = Field(init=False)
    source: str
    confidence: str

    @property
    def stages(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """The tables of the stages."""
        return self.__pydantic_extra__

    def others(self, stage: str, subject: str) -> tuple[str, ...]:
        """Further subjects of a teacher of ``subject``."""
        return self.stages.get(stage, {}).get(subject, ())


class Staffing(Frozen):
    """Staff quota: pupils a member of staff, and the least by class and section."""

    ratio: dict[str, Number]
    per_class: dict[str, Number]
    per_class_below: dict[str, Number]
    floor: Number


class Classes(Frozen):
    """Class size limits and multi-grade teaching; the limits are by stage or by kind of school."""

    limit: dict[str, Number]
    multigrade_below: Number
    multigrade_limit: Number
    multigrade_grades: Number


class PostSetting(Frozen):
    """How posts are set from lessons."""

    post_worth: Number
    management_periods: Number
    shared_subjects: Names
    shared_schools: Number
    shared_km: Number
    shared_below: Number


class Travel(Frozen):
    """How the great circle becomes a road and a time."""

    detour: Number
    speed: Number


class Elsewhere(Frozen):
    """A requirement of a standard that the tables of a scenario cannot answer."""

    zh: str
    en: str
    source: str
    confidence: str

    @property
    def name(self) -> Text:
        """What is asked, in both languages."""
        return both(self.zh, self.en)


class Balance(Frozen):
    """What the balance standard asks of every section and of the district.

    ``class_size`` is by stage, ``school_size`` by kind of school, and ``school_size_relaxed`` of those schools to
    which a relaxation applies; ``exchange_years`` is how long at one school makes
    somebody eligible for the exchange. ``visitors_from`` and ``visitors_below`` are the pupils between which a school in
    the countryside may count teachers who visit it. ``elsewhere`` is what has to be judged by other means.
    """

    excluded_teaching_point_below: Number
    met_at_least: Number | None = None
    floor_share: Number | None = None
    cv_limit: dict[str, Number] = Field(default_factory=dict)
    composite_limit: dict[str, Number] = Field(default_factory=dict)
    school_size: dict[str, Number] = Field(default_factory=dict)
    school_size_relaxed: dict[str, Number] = Field(default_factory=dict)
    class_size: dict[str, Number] = Field(default_factory=dict)
    visitors_from: Number | None = None
    visitors_below: Number | None = None
    certified_share: Number | None = None
    exchange_share: Number | None = None
    exchange_backbone: Number | None = None
    exchange_years: Number | None = None
    elsewhere: dict[str, Elsewhere] = Field(default_factory=dict)

    @field_validator("cv_limit", "composite_limit")
    @classmethod
    def _a_limit(cls, value: dict[str, Number]) -> dict[str, Number]:
        if any(not 0 < limit.value <= _MOST_CV for limit in value.values()):
            expected = text("limits above 0 and of at most {most}", most=_MOST_CV)
            raise Refused(expected, text("correct the value"))
        return value

    @field_validator("floor_share", "certified_share", "exchange_share", "exchange_backbone")
    @classmethod
    def _a_share(cls, value: Number | None) -> Number | None:
        if value is not None and not 0 <= value.value <= 1:
            raise Refused(text("a share from 0 to 1"), text("correct the value"))
        return value


class Band(Frozen):
    """Grades that may travel equally long to another school: minutes by day, and whether they may board."""

    zh: str
    en: str
    grades: tuple[int, ...]
    minutes: Number
    boarding: bool


class Closing(Frozen):
    """What closing schools must keep to: who is small enough to be considered, and the ways of pupils.

    ``small_below_setting`` names another number for schools of some settings (urban, town, rural, remote).
    """

    small_below: Number
    small_below_setting: dict[str, Number] = Field(default_factory=dict)
    walk_speed: Number
    bands: dict[str, Band]

    def small(self, setting: str | None) -> Number:
        """Return the number of pupils below which a school of a setting is small."""
        return self.small_below_setting.get(setting or "", self.small_below)


class Retirement(Frozen):
    """When people of one sex retire: an age that rises with the month of birth.

    ``months`` months of birth, counted from January of ``born_from``, raise the age by a month each, from
    ``age`` up to ``latest`` years.
    """

    age: Number
    latest: Number
    born_from: Number
    months: Number

    def month(self, birth: float) -> float:
        """Return the month of retirement for a month of birth, both counted from year 0; nan for nan."""
        late = birth - 12 * self.born_from.value
        if late < 0 or late != late:
            return birth + 12 * self.age.value
        rise = late // self.months.value + 1
        return birth + min(12 * self.age.value + rise, 12 * self.latest.value)


class Suitability(Frozen):
    """How well a teacher suits a subject: certified, experienced, second; another subject suits to 0."""

    certified: Number
    experienced: Number
    second: Number


class Indicator(Frozen):
    """An indicator: an amount of each section per ``per`` pupils.

    ``counts`` is ``teachers`` (heads that meet the conditions) or a material column of sections.csv.
    ``visitors`` says whether teachers who visit a small school may count there; ``official`` whether the standard
    itself sets it.
    """

    zh: str
    en: str
    counts: str
    per: float = Field(le=_MOST)
    degree_at_least: dict[str, str] | None = None
    backbone_at_least: str | None = None
    title_at_least: str | None = None
    subjects: tuple[str, ...] | None = None
    threshold: dict[str, Number] = Field(default_factory=dict)
    visitors: bool = False
    official: bool = True

    @property
    def name(self) -> Text:
        """Name in both languages."""
        return both(self.zh, self.en)


class Standard(Frozen):
    """Every regulation number that a scenario is judged by, put together from the standards files."""

    id: str
    name_zh: str
    name_en: str
    notice_zh: str = ""
    notice_en: str = ""
    stages: dict[str, Stage]
    kinds: dict[str, tuple[str, ...]]
    certificate_rank: dict[str, Number]
    subjects: dict[str, Subject]
    families: Families
    periods: Periods
    loads: Loads
    staffing: Staffing
    classes: Classes
    posts: PostSetting
    travel: Travel
    balance: Balance
    suitability: Suitability
    retirement: dict[Literal["f", "m", "f_senior"], Retirement] = Field(default_factory=dict)
    closing: Closing | None = None
    indicators: dict[str, Indicator]

    @property
    def name(self) -> Text:
        """Name in both languages."""
        return both(self.name_zh, self.name_en)

    @property
    def official(self) -> tuple[str, ...]:
        """Names of the indicators that the standard judges by."""
        return tuple(name for name, one in self.indicators.items() if one.official)

    def retirement_month(self, sex: str | None, title: str | None, birth: float) -> float:
        """Return the month in which somebody retires, counted from year 0; nan where it cannot be known."""
        key = "f_senior" if sex == "f" and title in ("senior", "full_senior") else sex
        tables: Mapping[str, Retirement] = dict(self.retirement.items())
        table = tables.get(str(key), tables.get(str(sex)))
        return table.month(birth) if table else math.nan

    def stage_subjects(self, stage: str) -> tuple[str, ...]:
        """Subjects taught at a stage, in the order of the standards file."""
        grades = [self.periods.grades.index(g) for g in self.stages[stage].grades]
        return tuple(
            s
            for s in self.subjects
            if any(self.periods.subjects.get(s, (0.0,) * len(self.periods.grades))[g] > 0 for g in grades)
        )


Level = Literal["hard", "soft", "off"]


class Default(Frozen):
    """The default of a rule's parameter, with its source; without a value there is no limit."""

    value: bool | int | float | str | tuple[str, ...] | None = None
    source: str
    confidence: str


class RuleFacts(Frozen):
    """What a rulebook says of a rule: its level, where it comes from, and the defaults of its parameters."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Default] = Field(init=False)
    level: Level
    source: str
    confidence: str

    @property
    def parameters(self) -> dict[str, Default]:
        """The defaults by name."""
        return self.__pydantic_extra__


Rulebook = Mapping[str, RuleFacts]


class RuleSetting(Frozen):
    """How a scenario wants a rule: its level and its parameters."""

    model_config = ConfigDict(extra="allow")
    level: Level = "hard"

    @model_validator(mode="before")
    @classmethod
    def _level_alone(cls, value: object) -> object:
        if isinstance(value, str):
            return {"level": value}
        if not isinstance(value, dict):
            raise Refused(text('"hard", "soft", "off", or a table such as {{ level = "hard", years = 3 }}'))
        return value

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters given, by name; lists as they were written."""
        given = self.model_extra or {}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
