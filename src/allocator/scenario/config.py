"""The settings of scenario.toml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from allocator.domain import Frozen, RuleSetting
from allocator.errors import InputsAreWrong, Issue
from allocator.scenario.standards import pydantic_issues, read_toml
from allocator.words import LANGUAGES, text

Objective = Literal["coverage", "evenness", "moves", "burden", "wishes"]


class Budget(Frozen):
    """Limits: moves away from schools that stay open (a number, or a share such as "10%"), seconds a level, gap asked."""

    moves: int | str | None = None
    seconds: float = Field(default=60, gt=0)
    gap: float = Field(default=0.002, ge=0, lt=1)

    @field_validator("moves")
    @classmethod
    def _a_number_or_share(cls, value: int | str | None) -> int | str | None:
        if isinstance(value, str) and not re.fullmatch(r"\d{1,3}(\.\d+)?%", value):
            raise ValueError("a number or a share such as 10%")
        if isinstance(value, int) and value < 0:
            raise ValueError("a number of moves cannot be negative")
        return value

    def most_moves(self, eligible: int) -> int | None:
        """Return the most moves allowed when ``eligible`` teachers could move, or None for no limit."""
        if isinstance(self.moves, str):
            return int(float(self.moves.rstrip("%")) / 100 * eligible + 1e-9)
        return self.moves


class Objectives(Frozen):
    """The levels of the objective, in strict order."""

    levels: tuple[Objective, ...] = ("coverage", "evenness", "wishes")

    @field_validator("levels")
    @classmethod
    def _each_once(cls, value: tuple[Objective, ...]) -> tuple[Objective, ...]:
        if not value or len(set(value)) < len(value):
            raise ValueError("each level once, and at least one")
        return value


class Burden(Frozen):
    """Weights of what a placement asks of people; not official, the planner's to set."""

    move: float = Field(default=1.0, ge=0, le=1e6)
    km: float = Field(default=0.1, ge=0, le=1e6)
    cross_zone: float = Field(default=1.0, ge=0, le=1e6)
    cross_stage: float = Field(default=1.0, ge=0, le=1e6)
    second_subject: float = Field(default=2.0, ge=0, le=1e6)


class Priorities(Frozen):
    """Weights inside the levels."""

    indicators: dict[str, float] = Field(
        default_factory=lambda: {"teachers": 1.0, "overqualified": 1.0, "backbone": 1.0, "arts": 1.0}
    )
    subjects: dict[str, int] = Field(default_factory=lambda: {"chinese": 3, "mathematics": 3, "english": 3})
    burden: Burden = Burden()
    first_to_move: Literal["longest", "shortest"] = "longest"

    @field_validator("indicators", "subjects")
    @classmethod
    def _not_negative(cls, value: dict[str, float]) -> dict[str, float]:
        if any(not 0 <= weight < 1e6 for weight in value.values()):
            raise ValueError("weights are between 0 and 1,000,000")
        return value


class Closure(Frozen):
    """Where the pupils of a closing school go: a school, ``nearest``, and another school for the juniors."""

    to: str
    junior_to: str | None = None


class Enrolment(Frozen):
    """A factor on every section's pupils."""

    factor: float = Field(default=1.0, gt=0, le=10)


class Roads(Frozen):
    """Detour and speed in place of the standard's."""

    detour: float | None = Field(default=None, ge=1, le=10)
    speed: float | None = Field(default=None, gt=0, le=200)


class Config(Frozen):
    """scenario.toml, read and checked."""

    title: str
    school_year: int = Field(ge=1990, le=2100)
    standard: str = "cn-2017"
    seed: int = Field(default=0, ge=0, lt=2**31)
    language: Literal["zh", "en"] = "zh"
    notice: str = ""
    budget: Budget = Budget()
    objective: Objectives = Objectives()
    priorities: Priorities = Priorities()
    rules: dict[str, RuleSetting] = Field(default_factory=dict)
    closures: dict[str, Closure] = Field(default_factory=dict)
    openings: dict[str, bool] = Field(default_factory=dict)
    enrolment: Enrolment = Enrolment()
    travel: Roads = Roads()
    published: dict[str, float] = Field(default_factory=dict)

    @field_validator("rules", mode="before")
    @classmethod
    def _level_alone(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: {"level": v} if isinstance(v, str) else v for k, v in value.items()}

    @property
    def september(self) -> int:
        """The September the plan is for, as a number of months."""
        return self.school_year * 12 + 8


def read_layers(folder: Path, issues: list[Issue]) -> list[tuple[Path, dict[str, Any]]]:
    """Read scenario.toml of a folder and of its bases, the deepest base first."""
    layers: list[tuple[Path, dict[str, Any]]] = []
    while True:
        settings = read_toml(folder / "scenario.toml", f"{folder.name}/scenario.toml", issues)
        layers.insert(0, (folder, settings))
        base = settings.pop("base", None)
        if base is None:
            return layers
        nearer = (folder / str(base)).resolve()
        if not (nearer / "scenario.toml").is_file() or any(nearer == seen.resolve() for seen, _ in layers):
            issues.append(
                Issue(
                    f"{folder.name}/scenario.toml",
                    None,
                    "base",
                    text("'{name}'", name=str(base)),
                    text("the folder of another scenario, which does not lead back here"),
                    text("correct the path"),
                )
            )
            return layers
        folder = nearer


def read_config(layers: list[tuple[Path, dict[str, Any]]], issues: list[Issue]) -> Config | None:
    """Lay the settings of a scenario over those of its bases and check them."""
    merged: dict[str, Any] = {}
    for _, settings in layers:
        merged = _laid_over(merged, settings)
    file = f"{layers[-1][0].name}/scenario.toml"
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        issues.extend(pydantic_issues(error, file))
        return None


def language_of(layers: list[tuple[Path, dict[str, Any]]]) -> str:
    """Return the language a scenario asks for, as far as it can be read."""
    found = [s["language"] for _, s in layers if s.get("language") in LANGUAGES]
    return str(found[-1]) if found else "zh"


def _laid_over(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {k: _laid_over(under[k], v) for k, v in over.items() if isinstance(v, dict) and isinstance(under.get(k), dict)}
    return under | over | both


def refuse(issues: list[Issue], language: str) -> None:
    """Raise all issues at once if one of them is an error."""
    if any(issue.severity == "error" for issue in issues):
        raise InputsAreWrong(issues, language)


def warnings_of(issues: list[Issue]) -> Iterator[Issue]:
    """Yield the issues that do not stop the work."""
    return (issue for issue in issues if issue.severity == "warning")
