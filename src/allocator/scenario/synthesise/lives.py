"""The lives of generated teachers: names, ages, careers, roles and states of employment."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allocator.domain import LADDERS
from allocator.scenario.synthesise.calibrate import Ints, Labels, by_rank, first_in_section
from allocator.scenario.synthesise.draft import Draft, StageFacts
from allocator.scenario.synthesise.recipe import Recipe, StageRecipe


def add_ages(
    recipe: Recipe, wanted: StageRecipe, facts: StageFacts, draft: Draft, rng: np.random.Generator
) -> None:
    """Draw sex and age; the ages of the stage have the mean asked for, older where the setting says so."""
    n, ages = len(draft.section), wanted.ages
    female = rng.random(n) < wanted.female
    oldest = np.where(female, ages.oldest.get("f", 59), ages.oldest.get("m", 59)).astype(float)
    older = facts.older[draft.section]
    mean = np.clip(ages.mean + 0.5 + older - older.mean(), ages.youngest + 1, oldest - 1)
    share = (mean - ages.youngest) / (oldest + 1 - ages.youngest)
    drawn = rng.beta(share * ages.closeness, (1 - share) * ages.closeness)
    draft.age = np.minimum(np.floor(ages.youngest + drawn * (oldest + 1 - ages.youngest)), oldest)
    draft.columns["sex"] = np.where(female, "f", "m")
    draft.columns["birth"] = recipe.september - 12 * draft.age - rng.integers(0, 12, n)
    draft.columns["name"] = people(recipe.roster.names, female, rng)


def add_careers(recipe: Recipe, facts: StageFacts, draft: Draft, rng: np.random.Generator) -> None:
    """Draw the months of hiring and of joining, the bound years, and the years in rural schools."""
    n, birth, roster = len(draft.section), draft.columns["birth"], recipe.roster
    last = recipe.school_year - 1
    hired = np.minimum(birth // 12 + rng.integers(20, 24, n), last)
    moved = rng.random(n) >= roster.stayed
    joined = hired + np.where(moved, np.floor((last + 1 - hired) * rng.beta(*roster.moved, n)), 0)
    bound = (hired > last - roster.lock.years) & (rng.random(n) < roster.lock.share)
    rural = np.isin(facts.setting[draft.section], ["rural", "remote"])
    elsewhere = np.where(rng.random(n) < 0.4, np.floor((joined - hired) * rng.random(n)), 0)
    draft.columns |= {
        "hired": hired * 12 + 7,
        "joined_school": joined * 12 + 7,
        "lock_until": np.where(bound, (hired + roster.lock.years) * 12 + 7, np.nan),
        "rural_years": (np.where(rural, recipe.school_year - joined, 0) + elsewhere).astype(int),
        "volunteer": np.where(rng.random(n) < roster.volunteers, "yes", "no"),
    }


def add_roles(recipe: Recipe, facts: StageFacts, heads: Ints, draft: Draft, rng: np.random.Generator) -> None:
    """Choose the leaders of every section (titles and middle age first) and draw the states of employment."""
    n, roster = len(draft.section), recipe.roster
    rank = np.array([LADDERS["title"].index(t) for t in draft.columns["title"]])
    fit = rank - np.abs(draft.age - 48) / 4 + 0.5 * rng.standard_normal(n)
    role = np.full(n, "teacher", dtype=object)
    before = np.ones(len(heads), dtype=np.int64)
    role[first_in_section(fit, draft.section, before)] = "principal"
    for name, staff in (
        ("vice_principal", roster.staff_a_vice_principal),
        ("manager", roster.staff_a_manager),
    ):
        upto = before + (heads // staff if staff else 0)
        role[first_in_section(fit, draft.section, upto) & (role == "teacher")] = name
        before = upto
    status = np.asarray(rng.permutation(by_rank(np.zeros(n), roster.statuses)), dtype=object)
    status[role != "teacher"] = "on_post"
    womanly = np.isin(status, ["pregnant", "nursing"])
    bearing = (draft.columns["sex"] == "f") & (draft.age < 42)
    draft.columns["role"] = role
    draft.columns["status"] = _exchanged(status, womanly, bearing & (role == "teacher"), rng)


def _exchanged(
    status: Labels, special: NDArray[np.bool_], allowed: NDArray[np.bool_], rng: np.random.Generator
) -> Labels:
    """Hand the states that only some can be in over to teachers who can."""
    to = rng.permutation(np.flatnonzero(allowed & ~special))
    wrong = np.flatnonzero(special & ~allowed)
    count = min(len(to), len(wrong))
    result = status.copy()
    result[to[:count]], result[wrong[:count]] = status[wrong[:count]], status[to[:count]]
    result[wrong[count:]] = "on_post"
    return result


@cache
def _lists() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))


def people(names: str, female: NDArray[np.bool_], rng: np.random.Generator) -> Labels:
    """Draw names of invented people; common surnames stand first in the list and are drawn more often."""
    lists = _lists()[names]
    surnames = np.array(lists["surnames"].split(), dtype=object)
    family = surnames[(rng.random(len(female)) ** 1.7 * len(surnames)).astype(int)]
    given = np.full(len(female), "", dtype=object)
    for _ in range(lists["given"]):
        drawn = rng.random(len(female))
        pools = {s: np.array(lists[s].split(), dtype=object) for s in ("f", "m")}
        parts = {s: pool[(drawn * len(pool)).astype(int)] for s, pool in pools.items()}
        given = given + np.where(female, parts["f"], parts["m"])
    return np.asarray(given + " " + family if lists["given_first"] else family + given, dtype=object)
