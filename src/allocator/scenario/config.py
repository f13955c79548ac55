"""The settings of scenario.toml."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from allocator.domain import Frozen, RuleSetting
from allocator.errors import InputsAreWrong, Issue, Refused, quoted
from allocator.scenario.files import Notes, content, is_file, is_workbook, label, resolved
from allocator.scenario.schema import SHEETS
from allocator.scenario.settings_sheet import read_settings
from allocator.scenario.standards import DEFAULT, pydantic_issues, read_toml
from allocator.scenario.workbooks import Book, read_book
from allocator.words import LANGUAGES, Text, text

_SHARE = re.compile(r"\d{1,3}(\.\d{1,6})?%", re.ASCII)
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)
_LONGEST_NAME = 200
_OLD = 5  # years by which tables may be older than the plan
_MOST_CASES = 100_000
_MOST_MOVES = 1_000_000
_MOST_WEIGHT = 10_000  # more, beside small ones, is more than numbers of 53 bits can weigh
_MOST_YUAN = 100_000
Grade = Annotated[str, Field(pattern=r"^(\d|1[0-2])$")]
Objective = Literal["coverage", "evenness", "moves", "burden", "wishes"]


class Budget(Frozen):
    """Limits: moves away from schools that stay open, seconds a level, gap asked.

    ``moves`` is a number, or a share of the eligible teachers such as "10%".
    """

    moves: int | str | None = None
    seconds: float = Field(default=60, gt=0, le=1e6)
    gap: float = Field(default=0.005, ge=0, lt=1)

    @field_validator("moves", mode="plain")
    @classmethod
    def _a_number_or_share(cls, value: object) -> object:
        return _number_or_share(
            value, text('a whole number of moves, or a share of the eligible such as "10%"')
        )

    def most_moves(self, eligible: int) -> int | None:
        """Return the most moves allowed when ``eligible`` teachers could move, or None for no limit."""
        return _part(self.moves, eligible)


def _number_or_share(value: object, expected: Text) -> object:
    share = isinstance(value, str) and _SHARE.fullmatch(value) and float(value.rstrip("%")) <= 100
    number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_MOVES
    if value is not None and not share and not number:
        raise Refused(expected)
    return value


def _part(given: int | str | None, whole: int) -> int | None:
    """Return a number, or a share of the whole, rounded down."""
    return int(float(given.rstrip("%")) / 100 * whole + 1e-9) if isinstance(given, str) else given


class Objectives(Frozen):
    """The levels of the objective, in strict order."""

    levels: tuple[Objective, ...] = ("coverage", "evenness", "wishes")

    @field_validator("levels")
    @classmethod
    def _each_once(cls, value: tuple[Objective, ...]) -> tuple[Objective, ...]:
        if not value or len(set(value)) < len(value):
            raise Refused(text("each level once, and at least one"), text("remove what stands twice"))
        return value


class Burden(Frozen):
    """Weights of what a placement asks of people; not official, the planner's to set.

    A volunteer's move weighs nothing by itself, so that volunteers go first. ``group_move`` stands in place of
    ``move`` inside an education group; ``follow`` is for teachers of a closing school who do not go where its
    pupils go.
    """

    move: float = Field(default=1.0, ge=0, le=1e4)
    group_move: float = Field(default=0.2, ge=0, le=1e4)
    follow: float = Field(default=1.0, ge=0, le=1e4)
    km: float = Field(default=0.1, ge=0, le=1e4)
    cross_zone: float = Field(default=1.0, ge=0, le=1e4)
    cross_stage: float = Field(default=1.0, ge=0, le=1e4)
    second_subject: float = Field(default=2.0, ge=0, le=1e4)


class Points(Frozen):
    """Priority points of a wish beside those stated in teachers.csv; not official, the planner's to set.

    ``service`` for each year since hiring, ``rural`` for each year in rural schools, ``carer`` for who cares for
    a child or parent alone. A refused wish weighs 1 and the points.
    """

    service: float = Field(default=0.0, ge=0, le=1e4)
    rural: float = Field(default=0.0, ge=0, le=1e4)
    carer: float = Field(default=0.0, ge=0, le=1e4)


class Rounds(Frozen):
    """Quotas of the rounds where posts are filled round by round: most new places made in each.

    A number, or a share of the posts such as "90%"; without one there is no quota.
    """

    in_school: int | str | None = None
    zone: int | str | None = None
    across: int | str | None = None
    directed: int | str | None = None

    @field_validator("in_school", "zone", "across", "directed", mode="plain")
    @classmethod
    def _a_number_or_share(cls, value: object) -> object:
        return _number_or_share(
            value, text('a whole number of places, or a share of the posts such as "90%"')
        )

    def most(self, name: str, posts: int) -> int | None:
        """Return the quota of a round when there are so many posts, None for none."""
        return _part(getattr(self, name), posts)


class Priorities(Frozen):
    """Weights inside the levels."""

    indicators: dict[str, float] = Field(
        default_factory=lambda: {"teachers": 1.0, "overqualified": 1.0, "backbone": 1.0, "arts": 1.0}
    )
    subjects: dict[str, int] = Field(default_factory=lambda: {"chinese": 3, "mathematics": 3, "english": 3})
    burden: Burden = Burden()
    points: Points = Points()
    first_to_move: Literal["longest", "shortest"] = "longest"

    @field_validator("indicators", "subjects")
    @classmethod
    def _not_negative(cls, value: dict[str, float]) -> dict[str, float]:
        wrong = [name for name, weight in value.items() if not 0 <= weight <= _MOST_WEIGHT]
        if wrong:
            expected = text("weights from 0 to {most}", most=_MOST_WEIGHT)
            raise Refused(expected, text("correct the weight of {names}", names=wrong))
        return value


class Closure(Frozen):
    """Where the pupils of a closing school go: a school, or ``nearest``.

    ``apart`` names other schools for the pupils of some stages, ``grades`` for those of some grades; ``junior_to`` is
    the same for the stage that the standard calls ``junior``.
    """

    to: str
    junior_to: str | None = None
    apart: dict[str, str] = Field(default_factory=dict)
    grades: dict[Grade, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _a_table(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise Refused(text('a table such as {{ to = "P07" }}'))
        return value

    def receiver(self, stage: str, grade: int | None = None) -> str:
        """Return the school, or ``nearest``, for the pupils of a stage, or of one of its grades."""
        if grade is not None and str(grade) in self.grades:
            return self.grades[str(grade)]
        return self.apart.get(stage) or (self.junior_to if stage == "junior" else None) or self.to


class Closing(Frozen):
    """Which closures may be proposed.

    Up to ``most`` schools close, each with fewer than ``below`` pupils (without it, the number of the standard);
    ``keep`` are never closed. Pupils go to schools with the ``same`` cells in schools.csv, those of a section together
    (``by = "stage"``) or all of a school together. ``townships`` keeps the last school of a stage in each township.
    ``solved`` proposals are solved in full.
    """

    most: int = Field(default=20, ge=1, le=500)
    by: Literal["stage", "school"] = "stage"
    below: int | None = Field(default=None, ge=1, le=100_000)
    same: tuple[Literal["management", "zone", "township", "group", "setting"], ...] = ()
    keep: tuple[str, ...] = ()
    townships: bool = True
    solved: int = Field(default=5, ge=0, le=500)


class Sweep(Frozen):
    """What a sweep of closures tries, every value of one with every value of the others.

    ``closures`` are numbers of schools that close at most (without it, every number up to ``closing.most``),
    ``enrolment`` factors on September's pupils, ``minutes`` factors on the minutes that pupils may travel; the others
    stand in place of those of ``closing``, which stay where nothing is named.
    """

    closures: tuple[Annotated[int, Field(ge=1, le=500)], ...] = ()
    enrolment: tuple[Annotated[float, Field(gt=0, le=10)], ...] = (0.8, 0.9, 1.0, 1.1, 1.2)
    minutes: tuple[Annotated[float, Field(gt=0, le=10)], ...] = (1.0,)
    below: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] = ()
    by: tuple[Literal["stage", "school"], ...] = ()
    townships: tuple[bool, ...] = ()
    same: tuple[tuple[Literal["management", "zone", "township", "group", "setting"], ...], ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Sweep:
        """Each value once, at least one enrolment and one factor."""
        values = [getattr(self, name) for name in type(self).model_fields]
        if any(len(set(one)) < len(one) for one in values) or not (self.enrolment and self.minutes):
            raise Refused(text("each value once, and at least one"), text("correct the lists"))
        return self

    def cases(self, most: int) -> int:
        """Count the cases where up to ``most`` schools close."""
        lists = [getattr(self, name) for name in type(self).model_fields if name != "closures"]
        return prod(max(len(one), 1) for one in lists) * (len(self.closures) or most)


class Enrolment(Frozen):
    """A factor on every section's pupils."""

    factor: float = Field(default=1.0, gt=0, le=10)


class Roads(Frozen):
    """Detour and speed in place of the standard's."""

    detour: float | None = Field(default=None, ge=1, le=10)
    speed: float | None = Field(default=None, gt=0, le=200)


class Scoring(Frozen):
    """What the standard leaves open: how small teaching points count, and which schools may be larger.

    A teaching point ``below`` so many pupils (without it, the number of the standard) is left out, counted with
    the school it belongs to, or judged as a school of its own. ``larger_schools`` are those to which the relaxed
    limit of the standard applies. ``visitors`` counts teachers who visit a small school for its thresholds, where the
    standard lets it. ``permutations`` is how often sections are dealt out to groups anew to tell how
    likely the part of Theil's T between them is by chance; 0 for no such test.
    """

    teaching_points: Literal["exclude", "merge", "separate"] = "exclude"
    below: int | None = Field(default=None, ge=0, le=100_000)
    larger_schools: tuple[str, ...] = ()
    visitors: bool = False
    permutations: int = Field(default=0, ge=0, le=99_999)


class Money(Frozen):
    """Prices a month, in yuan: allowances of teachers by the setting of their school, km to work, pupils by bus.

    ``commute_km`` is of each km of the way to work, ``bus_km`` of each pupil and km of those who change school and
    have more than ``bus_beyond_km`` to go. What is not stated is not reckoned.
    """

    allowance: dict[Literal["urban", "town", "rural", "remote"], float] = Field(default_factory=dict)
    commute_km: float | None = Field(default=None, ge=0, le=100_000)
    bus_km: float | None = Field(default=None, ge=0, le=100_000)
    bus_beyond_km: float = Field(default=0, ge=0, le=1_000)

    @field_validator("allowance")
    @classmethod
    def _within(cls, value: dict[str, float]) -> dict[str, float]:
        wrong = [name for name, yuan in value.items() if not 0 <= yuan <= _MOST_YUAN]
        if wrong:
            expected = text("yuan a month, from 0 to {most}", most=_MOST_YUAN)
            raise Refused(expected, text("correct the allowance of {names}", names=wrong))
        return value


class LastExchange(Frozen):
    """Who moved last summer, as the bureau counts it: the tables do not hold it.

    ``eligible`` could lawfully move, ``moved`` of them did, and ``backbone`` of those were backbone teachers. What is
    not stated is not judged.
    """

    eligible: int | None = Field(default=None, ge=0, le=_MOST_MOVES)
    moved: int | None = Field(default=None, ge=0, le=_MOST_MOVES)
    backbone: int | None = Field(default=None, ge=0, le=_MOST_MOVES)

    @model_validator(mode="after")
    def _parts(self) -> LastExchange:
        """No more moved than could, and no more backbone teachers than moved."""
        parts = [n for n in (self.backbone, self.moved, self.eligible) if n is not None]
        if parts != sorted(parts):
            words = text(
                "backbone no more than moved, and moved no more than eligible; not {backbone}, {moved} and {eligible}",
                **{
                    name: "—" if (n := getattr(self, name)) is None else n
                    for name in ("backbone", "moved", "eligible")
                },
            )
            raise Refused(words)
        return self


class Config(Frozen):
    """scenario.toml, read and checked.

    ``transfers`` says of schools that stay open to which school the pupils of some grades go. ``bureau`` and ``as_of``, the day, month or year of the tables, stand above what is told of the district.
    """

    title: str
    bureau: str = ""
    school_year: int = Field(ge=1990, le=2100)
    as_of: str = ""
    standard: str = DEFAULT
    rulebook: str = ""
    seed: int = Field(default=0, ge=0, lt=2**31)
    language: Literal["zh", "en"] = "zh"
    notice: str = ""
    budget: Budget = Budget()
    objective: Objectives = Objectives()
    mode: Literal["joint", "rounds"] = "joint"
    rounds: Rounds = Rounds()
    priorities: Priorities = Priorities()
    scoring: Scoring = Scoring()
    money: Money = Money()
    last_exchange: LastExchange = LastExchange()
    rules: dict[str, RuleSetting] = Field(default_factory=dict)
    closures: dict[str, Closure] = Field(default_factory=dict)
    transfers: dict[str, dict[Grade, str]] = Field(default_factory=dict)
    closing: Closing = Closing()
    sweep: Sweep = Sweep()
    openings: dict[str, bool] = Field(default_factory=dict)
    enrolment: Enrolment = Enrolment()
    travel: Roads = Roads()
    published: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)

    @field_validator("sweep")
    @classmethod
    def _not_too_many(cls, value: Sweep, info: ValidationInfo) -> Sweep:
        closing = info.data.get("closing")
        if closing is not None and value.cases(closing.most) > _MOST_CASES:
            raise Refused(text("at most {most} cases", most=_MOST_CASES), text("name fewer values"))
        return value

    @field_validator("bureau", "title")
    @classmethod
    def _a_name(cls, value: str) -> str:
        if len(value) > _LONGEST_NAME or not value.isprintable() or value != value.strip():
            expected = text(
                "a name of at most {n} characters on one line, without blanks at its ends and without control characters",
                n=_LONGEST_NAME,
            )
            raise Refused(expected)
        return value

    @field_validator("as_of")
    @classmethod
    def _a_date(cls, value: str, info: ValidationInfo) -> str:
        if value and not _is_date(value):
            raise Refused(text('a day, month or year such as "2019-09-30", "2019-09" or "2019"'))
        last = info.data.get("school_year")
        if value and last is not None and not last - _OLD <= int(value[:4]) <= last:
            raise Refused(text("a date of {first} to {last}, by school_year", first=last - _OLD, last=last))
        return value

    @property
    def september(self) -> int:
        """The September the plan is for, as a number of months."""
        return self.school_year * 12 + 8


@dataclass(frozen=True)
class Layer:
    """One folder of a scenario: the scenario itself, or a base below it.

    Parameters
    ----------
    folder
        Where it lies.
    name
        What it is called in issues and in the manifest; no two layers share it.
    settings
        Its scenario.toml, without ``base``.
    book, rows
        Where the scenario is a workbook: the workbook, which lies in the folder, and the row of every setting.
    """

    folder: Path
    name: str
    settings: dict[str, Any]
    book: Book | None = None
    rows: Mapping[str, int] = field(default_factory=dict)

    def sheet(self, table: str) -> str | None:
        """Name of the sheet of a table in the workbook of the layer, in either language; None where it has none."""
        if self.book is None:
            return None
        named = (table, SHEETS[table])
        return next((name for name in self.book.sheets if name.strip().casefold() in named), None)


def _is_date(value: str) -> bool:
    """Whether a text is a year, month or day that exists."""
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value + "-01-01"[len(value) - 4 :])
    except ValueError:
        return False
    return True


def read_layers(
    folder: Path, issues: list[Issue], hashes: dict[str, str], settings: Mapping[str, Any] | None = None
) -> tuple[list[Layer], bool]:
    """Read the settings of a scenario and of its bases, each a folder or a workbook.

    Parameters
    ----------
    settings
        What stands for the settings where the scenario has none.

    Returns
    -------
    The layers, the deepest base first, and whether nothing below them is missing.
    """
    layers: list[Layer] = []
    seen: list[Path | None] = []
    while True:
        seen.append(resolved(folder))
        before = len(issues)
        layer = _layer(folder, _told_apart(folder, layers), Notes(issues, hashes), settings)
        base = layer.settings.pop("base", None)
        layers.insert(0, layer)
        if base is None or len(issues) > before:
            return layers, len(issues) == before
        nearer = resolved(layer.folder / base) if isinstance(base, str) and base else None
        if nearer is None or nearer in seen or not _is_scenario(nearer):
            expected = text("the folder or workbook of another scenario, which does not lead back here")
            issues.append(
                Issue(
                    *settings_place(layer, "base"), "base", quoted(base), expected, text("correct the path")
                )
            )
            return layers, False
        folder, settings = nearer, None


def own_settings(path: Path) -> dict[str, Any]:
    """Return the settings of a scenario alone, nothing of its bases; what cannot be read is left out."""
    return _layer(path, path.name, Notes(), None).settings


def _layer(path: Path, name: str, notes: Notes, settings: Mapping[str, Any] | None) -> Layer:
    """Read the settings of one scenario; of a workbook, the sheet that holds them."""
    if not is_workbook(path):
        file = path / "scenario.toml"
        if settings is not None and not os.path.lexists(file):
            return Layer(path, name, dict(settings))
        return Layer(path, name, read_toml(file, f"{name}/scenario.toml", notes.issues, notes.hashes))
    read = content(path, name, notes.issues, notes.hashes)
    book = None if read is None else read_book(read, name, notes)
    layer = Layer(path.parent, name, {}, book or Book(name, {}))
    if book is None:
        return layer
    sheet = layer.sheet("scenario")
    if sheet is None:
        if settings is not None:
            return replace(layer, settings=dict(settings))
        expected = text("a sheet '{name}' or '{alias}'", name="scenario", alias=SHEETS["scenario"])
        way = text("add it, as the template has it")
        notes.add(name, None, None, text("no sheet of settings"), expected, way)
        return layer
    found, rows = read_settings(book.sheet(sheet).rows, f"{name}/{sheet}", notes)
    return replace(layer, settings=found, rows=rows)


def _is_scenario(path: Path) -> bool:
    return is_file(path / "scenario.toml") or (is_workbook(path) and is_file(path))


def settings_place(layer: Layer, key: str) -> tuple[str, int | None]:
    """Return the file and row in which a setting of a layer stands, or would."""
    if layer.book is None:
        return f"{layer.name}/scenario.toml", None
    place = f"{layer.name}/{layer.sheet('scenario') or 'scenario'}"
    near = [
        row
        for known, row in layer.rows.items()
        if f"{known}.".startswith(f"{key}.") or key.startswith(f"{known}.")
    ]
    return place, min(near, default=None)


def _told_apart(folder: Path, layers: list[Layer]) -> str:
    """Name a folder; where another layer has the name, by its way from the scenario."""
    name = label(folder)
    if all(name != layer.name for layer in layers):
        return name
    way = os.path.relpath(folder, resolved(layers[-1].folder) or layers[-1].folder)
    return way.encode("utf-8", "replace").decode("utf-8")


_OF_ITS_OWN = ("as_of", "last_exchange")  # another year has others: no base gives them


def read_config(layers: list[Layer], whole: bool, issues: list[Issue]) -> tuple[Config, set[str]]:
    """Lay the settings of a scenario over those of its bases and check them.

    Parameters
    ----------
    layers, whole
        The layers, and whether none is missing; keys are only missed where none is.
    issues
        Takes what is wrong.

    Returns
    -------
    The settings, wrong keys replaced by their defaults, and the names of these keys.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = {key: value for key, value in merged.items() if key not in _OF_ITS_OWN}
        merged = laid_over(merged, layer.settings)
    try:
        return Config.model_validate(merged), set()
    except ValidationError as error:
        wrong = {str(e["loc"][0]) for e in error.errors()}
        missing = {str(e["loc"][0]) for e in error.errors() if e["type"] == "missing" and len(e["loc"]) == 1}
        for issue in pydantic_issues(error, f"{layers[-1].name}/scenario.toml"):
            if whole or issue.column not in missing:
                issues.append(issue)
    sound = {key: value for key, value in merged.items() if key not in wrong}
    return Config.model_validate({"title": "", "school_year": 2000} | sound), wrong


def language_of(layers: list[Layer]) -> str:
    """Return the language a scenario asks for, as far as it can be read."""
    found = [s["language"] for s in (layer.settings for layer in layers) if s.get("language") in LANGUAGES]
    return str(found[-1]) if found else "zh"


def laid_over(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay settings over others, key by key, also inside tables."""
    both = {
        k: laid_over(under[k], v)
        for k, v in over.items()
        if isinstance(v, dict) and isinstance(under.get(k), dict)
    }
    return under | over | both


def refuse(issues: list[Issue], language: str) -> None:
    """Raise all issues at once if one of them is an error."""
    if any(issue.severity == "error" for issue in issues):
        raise InputsAreWrong(issues, language)
