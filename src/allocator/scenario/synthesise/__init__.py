"""A generated district, calibrated to published totals: tables from a recipe and a seed.

The roster behind a published report is not public. A recipe states what is (totals, shares, coefficients of
variation); people and places that fit it are invented, and every result must say so.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from allocator.domain import Standard
from allocator.errors import InputsAreWrong
from allocator.scenario.synthesise.against import recipe_issue, standard_of
from allocator.scenario.synthesise.calibrate import Ints, by_rank
from allocator.scenario.synthesise.draft import stage_facts
from allocator.scenario.synthesise.evidence import evidence
from allocator.scenario.synthesise.lives import people
from allocator.scenario.synthesise.places import complete_sections, generator, make_places
from allocator.scenario.synthesise.recipe import Recipe, Recruits, read_recipe
from allocator.scenario.synthesise.roster import (
    certificates,
    downward,
    headcounts,
    make_teachers,
    second_subjects,
)
from allocator.words import text

__all__ = ["Recipe", "read_recipe", "synthesise", "write_district"]

_MONTHS = ("birth", "hired", "joined_school", "lock_until")


def synthesise(recipe: Recipe) -> dict[str, pd.DataFrame]:
    """Generate a district from a recipe; the same recipe gives the same tables.

    Parameters
    ----------
    recipe
        What is published, and how the rest is drawn.

    Returns
    -------
    ``schools``, ``sections``, ``teachers`` with the columns of the public contract as they are written to
    CSV, and ``synthesis``: every target beside what was reached. A recipe that has only recruits gives
    ``teachers`` and ``synthesis``.

    Raises
    ------
    InputsAreWrong
        With every issue of the recipe.
    """
    standard = standard_of(recipe)
    tables: dict[str, pd.DataFrame] = {}
    rosters, rows = [], []
    if recipe.stages:
        schools, sections = make_places(recipe, standard)
        complete_sections(recipe, standard, schools, sections)
        tables |= {"schools": schools, "sections": sections}
        places = sections.merge(schools, on="school_id")
        for stage in recipe.stages:
            facts = stage_facts(recipe, standard, stage, places)
            heads = _heads(recipe, standard, stage, headcounts(recipe, standard, facts))
            teachers, reached = make_teachers(recipe, standard, facts, heads)
            rosters.append(teachers)
            rows += evidence(recipe, standard, facts, teachers, reached)
    if recipe.recruits is not None:
        rosters.append(_recruits(recipe, recipe.recruits, standard))
        rows.append(("recruits", "recruits", sum(recipe.recruits.subjects.values()), len(rosters[-1])))
    tables["teachers"] = _numbered(recipe, rosters, tables.get("schools"))
    tables["synthesis"] = pd.DataFrame(rows, columns=["scope", "measure", "target", "reached"]).astype(str)
    return tables


def write_district(recipe_path: Path, out_folder: Path) -> list[Path]:
    """Generate the district of a recipe file into a folder.

    Parameters
    ----------
    recipe_path
        The recipe, a TOML file.
    out_folder
        Folder to write to; it is made if it is missing. A scenario.toml that stands there is left alone,
        otherwise a first one is written from the recipe.

    Returns
    -------
    The files written.

    Raises
    ------
    InputsAreWrong
        With every issue of the recipe.
    """
    recipe = read_recipe(recipe_path)
    tables = synthesise(recipe)
    out_folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in tables.items():
        path = out_folder / f"{name}.csv"
        path.write_bytes(table.to_csv(index=False, lineterminator="\n").encode("utf-8"))
        written.append(path)
    beside = out_folder / recipe.standard
    if recipe.standard.endswith(".toml") and not beside.exists():
        written.append(Path(shutil.copyfile(recipe.folder / recipe.standard, beside)))
    settings = out_folder / "scenario.toml"
    if not settings.exists():
        settings.write_text(_settings(recipe), encoding="utf-8", newline="\n")
        written.append(settings)
    return written


def _settings(recipe: Recipe) -> str:
    keys = ("title", "school_year", "standard", "seed", "language", "notice")
    return "".join(f"{k} = {json.dumps(getattr(recipe, k), ensure_ascii=False)}\n" for k in keys)


def _heads(recipe: Recipe, standard: Standard, stage: str, heads: Ints) -> Ints:
    """Refuse a staff total that cannot give every section its least."""
    if int(heads.sum()) != recipe.stages[stage].staff:
        found, expected = text("{n}", n=recipe.stages[stage].staff), text("at least {n}", n=int(heads.sum()))
        issue = recipe_issue(recipe, f"stages.{stage}.staff", found, expected, text("correct the value"))
        raise InputsAreWrong([issue], recipe.language)
    return heads


def _numbered(recipe: Recipe, rosters: list[pd.DataFrame], schools: pd.DataFrame | None) -> pd.DataFrame:
    """Put the rosters together in the order of the schools, and number the teachers."""
    recruits = recipe.recruits is not None
    placed = rosters[:-1] if recruits else rosters
    parts = []
    if placed and schools is not None:
        order = {school: i for i, school in enumerate(schools["school_id"])}
        whole = pd.concat(placed, ignore_index=True)
        whole = whole.sort_values("school_id", key=lambda s: s.map(order), kind="stable")
        whole.insert(0, "teacher_id", [f"{recipe.roster.prefix}{n:05d}" for n in range(1, len(whole) + 1)])
        parts.append(_one_principal(whole))
    parts += rosters[-1:] if recruits else []
    teachers = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["teacher_id"])
    for column in _MONTHS:
        if column in teachers:
            teachers[column] = teachers[column].map(_month)
    return teachers[["teacher_id", *(c for c in teachers if c != "teacher_id")]]


def _one_principal(teachers: pd.DataFrame) -> pd.DataFrame:
    """Keep one principal in a school of several stages; the others are vice-principals."""
    principal = teachers["role"] == "principal"
    further = principal & teachers.loc[principal, "school_id"].duplicated().reindex(
        teachers.index, fill_value=False
    )
    return teachers.assign(role=teachers["role"].where(~further, "vice_principal"))


def _month(months: float) -> str:
    return "" if months != months else f"{int(months) // 12:04d}-{int(months) % 12 + 1:02d}"


def _recruits(recipe: Recipe, wanted: Recruits, standard: Standard) -> pd.DataFrame:
    """Make the new teachers, who have no school yet."""
    rng = generator(recipe.seed, "recruits")
    subject = np.repeat(np.array(list(wanted.subjects), dtype=object), list(wanted.subjects.values()))
    n = len(subject)
    female = rng.random(n) < wanted.female
    age = np.floor(rng.uniform(wanted.ages[0], wanted.ages[1] + 1, n))
    more = rng.random(n) < recipe.roster.second_subjects
    above = ~np.isin(subject, standard.stage_subjects(wanted.stage))
    return pd.DataFrame(
        {
            "teacher_id": [f"{wanted.prefix}{i:02d}" for i in range(1, n + 1)],
            "name": people(recipe.roster.names, female, rng),
            "sex": np.where(female, "f", "m"),
            "birth": recipe.september - 12 * age - rng.integers(0, 12, n),
            "subject": subject,
            "second_subjects": second_subjects(standard, wanted.stage, subject, more, rng),
            "certificate": by_rank(
                10.0 * above + rng.random(n), downward(wanted.certificates, certificates(standard))
            ),
            "degree": by_rank(rng.random(n), wanted.degrees),
            "hired": recipe.school_year * 12 + 7,
            "recruit": "yes",
        }
    )
