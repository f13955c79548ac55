"""The recipe of a generated district: every fact of the district is here, none in the code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from allocator.domain import Frozen
from allocator.errors import InputsAreWrong, Issue
from allocator.scenario.standards import pydantic_issues, read_toml
from allocator.words import LANGUAGES

MATERIAL = ("floor_area_m2", "sports_area_m2", "equipment_yuan", "multimedia_rooms", "computers", "books")


def _retirement() -> dict[Literal["f", "m"], int]:
    return {"f": 54, "m": 59}


def _whole_shares(value: dict[str, float]) -> dict[str, float]:
    if any(not 0 <= share <= 1 for share in value.values()) or abs(sum(value.values()) - 1) > 1e-6:
        raise ValueError("shares that add up to 1")
    return value


def _rising(value: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= value[0] <= value[1] <= 1e6:
        raise ValueError("the lower number first")
    return value


Bounded = Annotated[float, Field(ge=-100, le=100)]
Spread = Annotated[float, Field(ge=0, le=3)]
Share = Annotated[float, Field(ge=0, le=1)]
Shares = Annotated[dict[str, float], AfterValidator(_whole_shares)]
Span = Annotated[tuple[float, float], AfterValidator(_rising)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Setting = Literal["urban", "town", "rural", "remote"]


class SettingRecipe(Frozen):
    """How schools of one setting differ from others.

    ``gradient`` is the pull on sought-after teachers; ``older`` years added to the mean age; ``km`` the
    distance from the centre of the township; ``spare`` classrooms above the classes of today; ``material`` a
    factor on everything a pupil has.
    """

    gradient: Bounded
    older: Bounded = 0.0
    km: Span = (0.0, 2.0)
    tier: Annotated[int, Field(ge=1)] | None = None
    spare: Span = (0, 0)
    material: Annotated[float, Field(gt=0, le=100)] = 1.0


class Township(Frozen):
    """A township: its zone, its centre and the place names its schools are called after, in this order."""

    name: str
    zone: str
    lat: Latitude
    lon: Longitude
    places: dict[Setting, tuple[str, ...]]


class Block(Frozen):
    """Schools of one kind: ids ``prefix`` + number from ``first``; schools and pupils by setting.

    ``pupils`` gives by stage and setting the range a section's size is drawn from; the sizes are then scaled
    to the stage's total, unless the block is ``fixed``. Schools of a ``parent`` block may run teaching
    points.
    """

    prefix: str
    kind: str
    first: Annotated[int, Field(ge=1)] = 1
    name: Annotated[str, Field(pattern=r"^[^{}]*\{place\}[^{}]*$")]
    schools: dict[Setting, Count]
    pupils: dict[str, dict[Setting, Span]]
    grades: tuple[int, ...] | None = None
    fixed: bool = False
    parent: bool = False
    boarding: tuple[Setting, ...] = ()


class Group(Frozen):
    """An education group and its schools."""

    name: str
    members: tuple[str, ...]


class Source(Frozen):
    """Real schools and pupils, taken from a table beside the recipe.

    ``columns`` maps columns of schools.csv and sections.csv to those of the file; ``where`` keeps the rows
    whose cells equal the given text; ``zones`` are townships, and a school belongs to the nearest.
    """

    file: str
    kind: str
    stage: str
    columns: dict[str, str]
    zones: Annotated[tuple[str, ...], Field(min_length=1)]
    where: dict[str, str] = Field(default_factory=dict)


class Target(Frozen):
    """The published CV of an indicator, its largest share of a section's staff, its noise on the gradient."""

    cv: Annotated[float, Field(ge=0, le=100)]
    most: Annotated[float, Field(gt=0, le=1)] = 1.0
    noise: Spread = 0.5


class Short(Frozen):
    """How many of the most sought-after sections are short of staff, and at what share of their quota."""

    sections: Count = 0
    level: Annotated[float, Field(gt=0, le=1)] = 0.95


class Ages(Frozen):
    """Ages in years: mean, youngest, oldest by sex, and how closely they lie around the mean."""

    mean: Bounded
    youngest: Annotated[int, Field(ge=20)] = 22
    oldest: dict[Literal["f", "m"], Annotated[int, Field(le=70)]] = Field(default_factory=_retirement)
    closeness: Annotated[float, Field(gt=0, le=1000)] = 3.0


class Material(Frozen):
    """What a pupil has of one material column on average, and its spread between sections."""

    per_pupil: Annotated[float, Field(ge=0, le=1e6)]
    spread: Spread = 0.2


class StageRecipe(Frozen):
    """One stage: its totals, and who its teachers are.

    ``grades`` are weights of the grades, ``uneven`` their spread between schools; ``over`` weighs the staff
    above the quota by setting, with ``over_spread`` between sections; ``tilt`` draws the teachers of a
    subject towards sought-after sections. All other tables are shares of the staff, or targets.
    """

    pupils: Count | None = None
    staff: Count
    grades: dict[str, Annotated[float, Field(gt=0, le=100)]] = Field(default_factory=dict)
    uneven: Share = 0.1
    least_staff: Annotated[int, Field(ge=1)] = 2
    over: dict[Setting, Annotated[float, Field(ge=0, le=100)]] = Field(default_factory=dict)
    over_spread: Spread = 0.3
    short: Short = Short()
    subjects: Shares
    tilt: dict[str, Annotated[float, Field(gt=-1, le=100)]] = Field(default_factory=dict)
    female: Share
    ages: Ages
    degrees: Shares
    titles: Shares = Field(default_factory=lambda: {"none": 1.0})
    backbone: Shares = Field(default_factory=lambda: {"none": 1.0})
    certificates: Shares
    calibrate: dict[str, Target] = Field(default_factory=dict)
    material: dict[str, Material] = Field(default_factory=dict)


class Lock(Frozen):
    """The share of newly hired teachers that is bound to its school, and for how many years after hiring."""

    share: Share = 0.0
    years: Annotated[int, Field(ge=1)] = 5


class Roster(Frozen):
    """What is the same at every stage.

    ``stayed`` is the share still at its first school; the others joined at a time between hiring and now that
    is drawn from a beta distribution with the parameters ``moved``. Blank staff numbers: no such role.
    """

    prefix: str = "D"
    names: Literal["zh", "en"] = "zh"
    second_subjects: Share = 0.35
    stayed: Share = 0.25
    moved: tuple[Annotated[float, Field(gt=0, le=100)], Annotated[float, Field(gt=0, le=100)]] = (1.8, 0.9)
    volunteers: Share = 0.12
    statuses: Shares = Field(default_factory=lambda: {"on_post": 1.0})
    lock: Lock = Lock()
    staff_a_vice_principal: Annotated[int, Field(ge=1)] | None = None
    staff_a_manager: Annotated[int, Field(ge=1)] | None = None


class Recruits(Frozen):
    """New teachers without a school: how many of each subject, and who they are."""

    prefix: str = "R"
    subjects: dict[str, Count]
    certificates: Shares
    degrees: Shares
    female: Share
    ages: Span
    stage: str


class Recipe(Frozen):
    """A whole recipe; ``places_seed`` draws the schools, ``seed`` everything else.

    ``folder`` and ``file`` say where it was read; they are not written in the file.
    """

    title: str
    notice: Annotated[str, Field(min_length=1)]
    school_year: int = Field(ge=1990, le=2100)
    standard: str = "cn-2017"
    language: Literal["zh", "en"] = "zh"
    seed: int = Field(ge=0, lt=2**31)
    places_seed: int = Field(default=0, ge=0, lt=2**31)
    settings: dict[Setting, SettingRecipe] = Field(default_factory=dict)
    townships: tuple[Township, ...] = ()
    blocks: tuple[Block, ...] = ()
    groups: tuple[Group, ...] = ()
    not_closable: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    source: Source | None = None
    stages: dict[str, StageRecipe] = Field(default_factory=dict)
    roster: Roster = Roster()
    recruits: Recruits | None = None
    folder: Path = Path()
    file: str = "synthesis.toml"

    @property
    def september(self) -> int:
        """The September of the school year, as a number of months."""
        return self.school_year * 12 + 8


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises
    ------
    InputsAreWrong
        With every issue of the file.
    """
    issues: list[Issue] = []
    tables = read_toml(path, path.name, issues)
    language = tables.get("language")
    language = language if language in LANGUAGES else "zh"
    if issues:
        raise InputsAreWrong(issues, language)
    try:
        return Recipe.model_validate(tables | {"folder": path.parent, "file": path.name})
    except ValidationError as error:
        raise InputsAreWrong(list(pydantic_issues(error, path.name)), language) from None
