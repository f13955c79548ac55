"""Variants of the scenario ``tiny``: its tables with other cells, its settings with other values."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from allocator.plan import Plan
from allocator.problem import Problem, build
from allocator.rules.catalogue import settle, usual
from allocator.rules.contract import Rule
from allocator.scenario.check import check
from allocator.scenario.read import read_tables
from allocator.scenario.rulebook import read_rulebook

TINY = Path(__file__).parents[2] / "scenarios" / "tiny"
Cells = Mapping[str, Mapping[str, Mapping[str, str]]]
SCHOOLS = ("A1", "A2", "B1")


def variant(folder: Path, settings: Mapping[str, Any] | None = None, cells: Cells | None = None) -> Path:
    """Write ``tiny`` to a folder with changes.

    Parameters
    ----------
    settings
        Laid over scenario.toml; None takes a key away.
    cells
        Table, key of the row (the first column), column: the new cell.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in TINY.glob("*.csv"):
        _write_table(path, folder / path.name, (cells or {}).get(path.stem, {}))
    today = tomllib.loads((TINY / "scenario.toml").read_text(encoding="utf-8"))
    toml = "\n".join(f"{_value(k)} = {_value(v)}" for k, v in _laid_over(today, settings or {}).items())
    (folder / "scenario.toml").write_text(toml + "\n", encoding="utf-8")
    return folder


def problem_of(folder: Path) -> tuple[Problem, tuple[Rule, ...]]:
    """Read, check and build a scenario, and settle its rules; issues of any sort are an error here."""
    scenario = read_tables(folder)
    issues = [i for i in check(scenario) if i.severity == "error"]
    rules = settle(scenario.config, scenario.rulebook, "scenario.toml", issues)
    assert not issues, "\n".join(i.say("en") for i in issues)
    return build(scenario), rules


def made(kind: type[Rule], **given: Any) -> Any:
    """Make a rule with the house's defaults, and other values where they are given."""
    rulebook, issues = read_rulebook()
    assert rulebook is not None, issues
    return usual(kind, rulebook, **given)


def placed(problem: Problem, plan: Plan) -> list[tuple[str, str, str]]:
    """School, stage and subject of every teacher in a plan."""
    schools = problem.schools["school_id"].to_numpy()
    return [
        (
            str(schools[problem.post_school[p]]),
            problem.stages[problem.post_stage[p]],
            problem.subjects[problem.posts.subject[p]],
        )
        for p in plan.post
    ]


def drawn_cells(seed: int, *, subjects: bool) -> Cells:
    """Draw what the rules read of each teacher and school, and subjects if wanted.

    With subjects there are too many plans to try them all.
    """
    rng, other = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    with (TINY / "teachers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    more = [_drawn_subjects(row, rng) if subjects else {} for row in rows]
    cells = [
        _drawn(row, rng) | _drawn_career(row, other) | _drawn_life(other) | subject
        for row, subject in zip(rows, more, strict=True)
    ]
    for cell, code in zip(cells, _drawn_couples(len(rows), other), strict=True):
        cell["couple_id"] = code
    schools = {school: _drawn_school(other) for school in (*SCHOOLS, "B2")}
    return {"teachers": {r["teacher_id"]: c for r, c in zip(rows, cells, strict=True)}, "schools": schools}


def _drawn(row: Mapping[str, str], rng: np.random.Generator) -> dict[str, str]:
    at_home, working = rng.random() < 0.5, row["recruit"] == "no"
    here = row["school_id"] if row["school_id"] in SCHOOLS else "B1"
    pins = [""] * 16 + [here] * 2 + (["stay"] * 2 if working and row["school_id"] != "B2" else [])
    years = f"{rng.integers(2013, 2020)}-{rng.integers(1, 10):02d}"
    return {
        "joined_school": years if working and rng.random() < 0.9 else "",
        "status": str(rng.choice(["on_post"] * 6 + ["nursing", "ill", "training", "seconded"])),
        "lock_until": f"{rng.integers(2019, 2023)}-{rng.integers(1, 13):02d}" if rng.random() < 0.3 else "",
        "home_lat": f"{33.95 + 0.25 * rng.random():.4f}" if at_home else "",
        "home_lon": f"{116.75 + 0.25 * rng.random():.4f}" if at_home else "",
        "volunteer": str(rng.choice(["yes", "no", "no"])),
        "pin": str(rng.choice(pins)),
    }


def _drawn_career(row: Mapping[str, str], rng: np.random.Generator) -> dict[str, str]:
    """Draw role, service, leave, contract, exchange and former schools; some cells stay blank."""
    exchange = rng.random() < 0.15
    return {
        "role": str(rng.choice(["teacher"] * 6 + ["principal", "vice_principal", "manager", "counsellor"])),
        "service": str(rng.choice(["none"] * 4 + ["special_post", "publicly_funded", "directed"])),
        "hired": _drawn_month(rng, 2012, 2020, blank=0.2),
        "leave_months": str(rng.choice(["", "0", "6", "18"])),
        "contract_school": str(rng.choice(["", "", "B1", "A2", "B2"])),
        "exchange_from": str(rng.choice(["", *SCHOOLS, "B2"])) if exchange else "",
        "exchange_until": _drawn_month(rng, 2018, 2023, blank=0.1) if exchange else "",
        "former_schools": ";".join(
            rng.choice([*SCHOOLS, "B2", "X9"], int(rng.integers(0, 4)), replace=False)
        ),
        "chief": str(rng.choice(["yes", "no", "no", "no"])),
        "graduating": str(rng.choice(["yes", "no"])),
    }


def _drawn_life(rng: np.random.Generator) -> dict[str, str]:
    """Draw sex, birth around the ages that rules ask for, care, and wishes."""
    wishes = rng.choice(list(SCHOOLS), int(rng.integers(0, 3)), replace=False)
    return {
        "sex": str(rng.choice(["f", "m", "m", ""])),
        "birth": str(
            rng.choice(
                [
                    _drawn_month(rng, 1957, 1962, blank=0),
                    *[_drawn_month(rng, 1962, 1992, blank=0.1) for _ in range(3)],
                ]
            )
        ),
        "carer": str(rng.choice(["yes", "no", "no"])),
        "wishes": ";".join(wishes),
    }


def _drawn_couples(people: int, rng: np.random.Generator) -> list[str]:
    """Draw two couples, and a code that three share and that is no couple."""
    codes = np.array(["c1", "c1", "c2", "c2", "c3", "c3", "c3"] + [""] * (people - 7))
    return [str(code) for code in rng.permutation(codes)]


def _drawn_school(rng: np.random.Generator) -> dict[str, str]:
    return {
        "tier": str(rng.choice(["1", "2", "3", ""])),
        "group": str(rng.choice(["", "east", "east", "west"])),
        "township": str(rng.choice(["Ford", "Mill", "Hill"])),
    }


def _drawn_month(rng: np.random.Generator, first: int, last: int, *, blank: float) -> str:
    month = f"{rng.integers(first, last)}-{rng.integers(1, 13):02d}"
    return "" if rng.random() < blank else month


def _drawn_subjects(row: Mapping[str, str], rng: np.random.Generator) -> dict[str, str]:
    return {
        "certificate": str(rng.choice(["primary", "junior", "senior"])),
        "backbone": str(rng.choice(["none", "county", "city"])),
        "certificate_subject": str(rng.choice(["", "", "music", "chinese"])),
        "second_subjects": str(rng.choice([row["second_subjects"], "pe;science", "mathematics"])),
        "experienced_subjects": str(rng.choice(["", "", "english", "art;music"])),
    }


def _write_table(path: Path, to: Path, changes: Mapping[str, Mapping[str, str]]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    key = next(iter(rows[0]))
    changed = [row | dict(changes.get(row[key], {})) for row in rows]
    header = list(dict.fromkeys(c for row in changed for c in row))
    with to.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows(changed)


def _laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    joined = dict(under) | dict(over)
    for key in joined.keys() & under.keys():
        if isinstance(under[key], dict) and isinstance(joined[key], dict):
            joined[key] = _laid_over(under[key], over.get(key, {}))
    return {k: v for k, v in joined.items() if v is not None}


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{_value(k)} = {_value(v)}" for k, v in value.items() if v is not None) + " }"
        )
    return json.dumps(value, ensure_ascii=False)
