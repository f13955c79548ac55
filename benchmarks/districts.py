"""Generated districts of any size: counties of 39 schools and 1,861 teachers, side by side, as one district."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from allocator.scenario.synthesise import Recipe, read_recipe, synthesise

RECIPE = Path(__file__).parent.parent / "scenarios" / "duji-2021" / "synthesis.toml"
_APART = 0.36  # degrees between counties, some 35-40 km: most teachers reach a neighbour, nobody reaches all
_SEED = 20210901
_CODES = {
    "schools": ("school_id", "zone", "township", "group", "parent_id"),
    "sections": ("school_id",),
    "teachers": ("teacher_id", "school_id"),
}
_MOVES, _ACROSS_ZONES, _ACROSS_STAGES = 160, 21, 5  # of one county, as in scenarios/duji-2021


def write_district(folder: Path, counties: int) -> Path:
    """Write a scenario of so many counties; the same number gives the same files.

    Every county is drawn anew from the totals of `duji-2021`, so that no two are alike; codes, zones and
    education groups carry the county's number. The rules are the national ones, the caps those of one county
    times the number of counties.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in _CODES}
    across = max(1, round(counties**0.5))
    recipe = read_recipe(RECIPE)
    for k in range(counties):
        for name, table in _county(recipe, k, _APART * (k // across), _APART * (k % across)).items():
            tables[name].append(table)
    for name, parts in tables.items():
        whole = pd.concat(parts, ignore_index=True)
        (folder / f"{name}.csv").write_bytes(whole.to_csv(index=False, lineterminator="\n").encode("utf-8"))
    (folder / "scenario.toml").write_text(_settings(counties, recipe.notice), encoding="utf-8", newline="\n")
    return folder


def _county(recipe: Recipe, k: int, north: float, east: float) -> dict[str, pd.DataFrame]:
    """Draw one county, its codes told apart and its place moved."""
    towns = tuple(t.model_copy(update={"lat": t.lat + north, "lon": t.lon + east}) for t in recipe.townships)
    drawn = synthesise(
        recipe.model_copy(
            update={"seed": _SEED + k, "places_seed": recipe.places_seed + k, "townships": towns}
        )
    )
    for name, columns in _CODES.items():
        for column in columns:
            old = drawn[name][column]
            drawn[name][column] = old.where(old.isna() | (old == ""), f"{k + 1:02d}-" + old.astype(str))
    return {name: drawn[name] for name in _CODES}


def _settings(counties: int, notice: str) -> str:
    return f"""title = "Benchmark: {counties} x 39 schools"
school_year = 2021
standard = "cn-2017"
rulebook = "cn-national"
language = "en"
notice = {json.dumps(notice, ensure_ascii=False)}

[budget]
moves = {_MOVES * counties}
seconds = 300

[rules]
"direction.cross_zone" = {{ level = "hard", most = {_ACROSS_ZONES * counties} }}
"direction.cross_stage" = {{ level = "hard", most = {_ACROSS_STAGES * counties} }}
"""
