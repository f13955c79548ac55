"""Schools and sections of a generated district, or of a table of real schools."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from allocator.domain import Standard
from allocator.errors import InputsAreWrong, Issue
from allocator.scenario.synthesise.against import recipe_issue
from allocator.scenario.synthesise.calibrate import Floats, Ints, apportion
from allocator.scenario.synthesise.recipe import MATERIAL, Block, Recipe, StageRecipe, Township
from allocator.scenario.synthesise.source import from_source
from allocator.words import text

_KM_A_DEGREE = 111.2


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return a generator of its own for every seed and name, so that adding one thing leaves others alone."""
    return np.random.default_rng([seed, *"/".join(names).encode()])


def make_places(recipe: Recipe, standard: Standard) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the schools and their sections (pupils only).

    Raises
    ------
    InputsAreWrong
        If place names run out or the source cannot be used.
    """
    if recipe.source is not None:
        return from_source(recipe, recipe.source, standard)
    schools = _schools(recipe)
    return schools.drop(columns=["_block", "_parent"]), _sections(recipe, standard, schools)


def _schools(recipe: Recipe) -> pd.DataFrame:
    issues: list[Issue] = []
    free = {(t.name, str(s)): iter(names) for t in recipe.townships for s, names in t.places.items()}
    rows = [
        row
        for number, block in enumerate(recipe.blocks)
        for row in _block(recipe, number, block, free, issues)
    ]
    schools = pd.DataFrame(rows)
    twice = schools.loc[schools["school_id"].duplicated(), "school_id"] if len(schools) else schools
    for school in twice:
        found = text("'{value}' a second time", value=school)
        issues.append(
            recipe_issue(
                recipe, "blocks", found, text("each key once"), text("correct the number in 'first'")
            )
        )
    known = set(schools["school_id"]) if len(schools) else set()
    named = [*recipe.not_closable, *recipe.objections, *(m for g in recipe.groups for m in g.members)]
    for school in sorted(set(named) - known):
        expected = text("one of {choices}", choices=sorted(known))
        issues.append(
            recipe_issue(
                recipe, "groups", text("'{value}'", value=school), expected, text("correct the name")
            )
        )
    if issues:
        raise InputsAreWrong(issues, recipe.language)
    groups = {m: g.name for g in recipe.groups for m in g.members}
    schools["group"] = schools["school_id"].map(groups).fillna("")
    schools["closable"] = np.where(schools["school_id"].isin(recipe.not_closable), "no", "yes")
    schools["objection"] = np.where(schools["school_id"].isin(recipe.objections), "yes", "no")
    schools["parent_id"] = _parents(schools)
    return schools


def _block(
    recipe: Recipe, number: int, block: Block, free: dict[tuple[str, str], Iterator[str]], issues: list[Issue]
) -> Iterator[dict[str, object]]:
    """Yield the schools of a block; the townships that have places of a setting take turns."""
    rng = generator(recipe.places_seed, str(number), block.prefix)
    ordinal = block.first
    for setting, count in block.schools.items():
        townships = [t for t in recipe.townships if setting in t.places]
        turn = 0
        for _ in range(count):
            place, town = None, None
            for _ in townships:
                town = townships[turn % len(townships)]
                turn += 1
                place = next(free[town.name, setting], None)
                if place is not None:
                    break
            if place is None or town is None:
                found = text("too few place names for {setting} schools", setting=setting)
                way = text("add place names to the townships")
                issues.append(
                    recipe_issue(recipe, f"blocks.{block.prefix}", found, text("one for each school"), way)
                )
                return
            yield _school(recipe, block, number, ordinal, setting, town, place, rng)
            ordinal += 1


def _school(
    recipe: Recipe,
    block: Block,
    number: int,
    ordinal: int,
    setting: str,
    town: Township,
    place: str,
    rng: np.random.Generator,
) -> dict[str, object]:
    facts = recipe.settings[setting]  # type: ignore[index]
    km, angle = rng.uniform(*facts.km), rng.uniform(0, 2 * np.pi)
    east = km * np.cos(angle) / (_KM_A_DEGREE * np.cos(np.radians(town.lat)))
    return {
        "school_id": f"{block.prefix}{ordinal:02d}",
        "name": block.name.format(place=place),
        "kind": block.kind,
        "zone": town.zone,
        "township": town.name,
        "setting": setting,
        "lat": round(town.lat + km * np.sin(angle) / _KM_A_DEGREE, 5),
        "lon": round(town.lon + east, 5),
        "group": "",
        "parent_id": "",
        "closable": "yes",
        "objection": "no",
        "tier": facts.tier or "",
        "boarding": "yes" if setting in block.boarding else "no",
        "_block": number,
        "_parent": block.parent,
    }


def _parents(schools: pd.DataFrame) -> list[str]:
    """Give every teaching point the nearest parent school of its zone."""
    lat, lon = schools["lat"].to_numpy(dtype=float), schools["lon"].to_numpy(dtype=float)
    zone, ids = schools["zone"].to_numpy(dtype=object), schools["school_id"].to_numpy(dtype=object)
    away = np.hypot(lat[:, None] - lat, (lon[:, None] - lon) * np.cos(np.radians(lat.mean())))
    away[~((zone[:, None] == zone) & schools["_parent"].to_numpy(dtype=bool))] = np.inf
    has = (schools["kind"] == "teaching_point").to_numpy() & np.isfinite(away).any(axis=1)
    return list(np.where(has, ids[away.argmin(axis=1)], ""))


def _sections(recipe: Recipe, standard: Standard, schools: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for stage, facts in recipe.stages.items():
        here = schools[[stage in recipe.blocks[b].pupils for b in schools["_block"]]]
        if not here.empty:
            parts.append(_stage_sections(recipe, standard, stage, facts, here))
    sections = pd.concat(parts, ignore_index=True)
    order = {school: i for i, school in enumerate(schools["school_id"])}
    grades = _grades(sections)
    sections = sections[["school_id", "stage", *grades]].fillna(0).astype(dict.fromkeys(grades, int))
    return sections.sort_values("school_id", key=lambda s: s.map(order), kind="stable").reset_index(drop=True)


def _grades(sections: pd.DataFrame) -> list[str]:
    return [f"g{g}" for g in range(13) if f"g{g}" in sections]


def _stage_sections(
    recipe: Recipe, standard: Standard, stage: str, facts: StageRecipe, schools: pd.DataFrame
) -> pd.DataFrame:
    blocks = [recipe.blocks[b] for b in schools["_block"]]
    pupils = _sizes(recipe, stage, facts, schools, blocks)
    grades = standard.stages[stage].grades
    table = np.zeros((len(schools), len(grades)), dtype=np.int64)
    for i, (block, school) in enumerate(zip(blocks, schools["school_id"], strict=True)):
        rng = generator(recipe.seed, "grades", stage, school)
        weights = np.array([facts.grades.get(f"g{g}", 1.0) for g in grades]) * (
            1 + facts.uneven * rng.uniform(-1, 1, len(grades))
        )
        kept = np.array([block.grades is None or g in block.grades for g in grades])
        table[i, kept] = apportion(weights[kept], int(pupils[i]))
    sections = pd.DataFrame(table, columns=[f"g{g}" for g in grades])
    return sections.assign(school_id=schools["school_id"].to_numpy(), stage=stage)


def _sizes(
    recipe: Recipe, stage: str, facts: StageRecipe, schools: pd.DataFrame, blocks: list[Block]
) -> Ints:
    """Draw the pupils of each section and scale those that are not fixed to the stage's total."""
    drawn = np.zeros(len(blocks))
    for i, (block, row) in enumerate(zip(blocks, schools.itertuples(), strict=True)):
        rng = generator(recipe.places_seed, "size", stage, str(row.school_id))
        drawn[i] = rng.uniform(*block.pupils[stage][row.setting])  # type: ignore[index]
    fixed = np.array([block.fixed for block in blocks])
    sizes = np.maximum(drawn.round(), 1).astype(np.int64)
    left = int(facts.pupils or 0) - int(sizes[fixed].sum())
    if left < int((~fixed).sum()):
        found = text("{n}", n=facts.pupils)
        expected = text(
            "at least {n}, the pupils of fixed blocks", n=int(sizes[fixed].sum()) + int((~fixed).sum())
        )
        issue = recipe_issue(recipe, f"stages.{stage}.pupils", found, expected, text("correct one of them"))
        raise InputsAreWrong([issue], recipe.language)
    sizes[~fixed] = 1 + apportion(drawn[~fixed], left - int((~fixed).sum()))
    return sizes


def complete_sections(
    recipe: Recipe, standard: Standard, schools: pd.DataFrame, sections: pd.DataFrame
) -> None:
    """Add classrooms and material to the sections, in place."""
    kinds = sections["school_id"].map(schools.set_index("school_id")["kind"])
    settings = sections["school_id"].map(schools.set_index("school_id")["setting"])
    limits = standard.classes.limit
    grades = _grades(sections)
    limit = np.array([limits.get(k, limits[s]).value for k, s in zip(kinds, sections["stage"], strict=True)])
    classes = np.ceil(sections[grades].to_numpy() / limit[:, None]).sum(axis=1).astype(np.int64)
    spare, factor = np.zeros(len(sections)), np.ones(len(sections))
    for i, (school, setting) in enumerate(zip(sections["school_id"], settings, strict=True)):
        if setting in recipe.settings:
            facts = recipe.settings[setting]
            spare[i] = generator(recipe.places_seed, "spare", school).uniform(
                facts.spare[0], facts.spare[1] + 1
            )
            factor[i] = facts.material
    sections["classrooms"] = classes + np.floor(spare).astype(np.int64)
    _add_material(recipe, sections, factor)


def _add_material(recipe: Recipe, sections: pd.DataFrame, factor: Floats) -> None:
    pupils = sections[_grades(sections)].sum(axis=1).to_numpy(dtype=float)
    for name in (m for m in MATERIAL if any(m in facts.material for facts in recipe.stages.values())):
        rng = generator(recipe.places_seed, "material", name)
        noise = rng.standard_normal(len(sections))
        amounts = np.zeros(len(sections))
        for stage, facts in recipe.stages.items():
            here = (sections["stage"] == stage).to_numpy()
            if name in facts.material:
                given = facts.material[name]
                amounts[here] = (given.per_pupil * pupils * factor * np.exp(given.spread * noise))[here]
        sections[name] = np.maximum(amounts.round(), 1).astype(np.int64)
