"""Real schools and pupils from a published table beside the recipe; only their teachers are generated."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import numpy as np
import pandas as pd

from allocator.domain import Standard
from allocator.errors import InputsAreWrong, Issue
from allocator.scenario.schema import columns_of
from allocator.scenario.synthesise.against import recipe_issue
from allocator.scenario.synthesise.recipe import Recipe, Source
from allocator.words import text


def from_source(recipe: Recipe, source: Source, standard: Standard) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take schools and pupils from a table as they stand; a school's zone is the nearest of the named towns.

    Raises
    ------
    InputsAreWrong
        With every issue of the table, or of what the recipe says of it.
    """
    rows = _source_rows(recipe, source, standard)
    given = {name: [row[column].strip() for row in rows] for name, column in source.columns.items()}
    schools = pd.DataFrame({n: v for n, v in given.items() if n in columns_of("schools")})
    schools["kind"] = source.kind
    lat, lon = schools["lat"].to_numpy(dtype=float), schools["lon"].to_numpy(dtype=float)
    centres = [(schools["township"] == zone).to_numpy() for zone in source.zones]
    east = np.cos(np.radians(lat.mean()))
    km = np.array([np.hypot(lat - lat[c].mean(), (lon - lon[c].mean()) * east) for c in centres])
    schools["zone"] = np.array(source.zones, dtype=object)[km.argmin(axis=0)]
    grades = [c for c in given if c.startswith("g") and c in columns_of("sections")]
    sections = pd.DataFrame({"school_id": given["school_id"], "stage": source.stage})
    for grade in grades:
        sections[grade] = np.array(given[grade], dtype=np.int64)
    order = ["school_id", "name", "kind", "zone"]
    return schools[[*order, *(c for c in schools if c not in order)]], sections


def _source_rows(recipe: Recipe, source: Source, standard: Standard) -> list[dict[str, str]]:
    path = recipe.folder / source.file
    issues: list[Issue] = []
    rows: list[dict[str, str]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [
                r
                for r in csv.DictReader(file, restval="")
                if all(r.get(k) == v for k, v in source.where.items())
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        found = text("'{error}'", error=type(error).__name__)
        issues.append(
            Issue(path.name, None, None, found, text("a table of text in UTF-8"), text("put the file there"))
        )
    grades = {f"g{g}" for g in standard.stages[source.stage].grades}
    needed = {"school_id", "name", "lat", "lon", "township", "setting"} | grades
    for name in sorted(needed - set(source.columns)):
        found, expected = text("nothing"), text("the column of '{name}' in the file", name=name)
        issues.append(recipe_issue(recipe, f"source.columns.{name}", found, expected, text("add it")))
    if not issues and not rows:
        found, expected = text("no row that fits"), text("rows of schools")
        issues.append(Issue(path.name, None, None, found, expected, text("correct 'where' in the recipe")))
    issues += _bad_cells(recipe, source, rows, path.name) if not issues else []
    if issues:
        raise InputsAreWrong(issues, recipe.language)
    return rows


def _bad_cells(recipe: Recipe, source: Source, rows: list[dict[str, str]], file: str) -> Iterator[Issue]:
    for name, column in source.columns.items():
        if column not in rows[0]:
            found, expected = text("no such column"), text("a column '{name}'", name=column)
            yield Issue(file, 1, column, found, expected, text("correct the name"))
            continue
        numeric = name in ("lat", "lon") or name[1:].isdigit()
        for number, row in enumerate(rows, start=2):
            cell = str(row[column] or "").strip()
            if numeric and not cell.lstrip("-").replace(".", "", name in ("lat", "lon")).isdecimal():
                yield Issue(
                    file,
                    number,
                    column,
                    text("'{value}'", value=cell),
                    text("a number"),
                    text("correct the cell"),
                )
    for zone in source.zones:
        if "township" in source.columns and not any(r.get(source.columns["township"]) == zone for r in rows):
            found, expected = text("'{value}'", value=zone), text("a township of the file")
            yield recipe_issue(recipe, "source.zones", found, expected, text("correct the name"))
