"""How a check tells what it found: where a row stands, what a name was probably meant to be."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterator
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allocator.errors import Issue
from allocator.scenario.read import Scenario, place
from allocator.words import Text, text

Issues = Iterator[Issue]
_ADD = text("correct it or add the row it names")
GRADES = [f"g{grade}" for grade in range(13)]


def at(
    row: pd.Series, column: str, found: Text, expected: Text, remedy: Text, severity: str = "error"
) -> Issue:
    """Make an issue about a column of a row."""
    return Issue(*place(row, column), column, found, expected, remedy, severity)


def rows(table: pd.DataFrame, mask: object) -> Iterator[pd.Series]:
    """Yield the rows of a table that a mask picks."""
    picked = np.asarray(mask, dtype=bool)
    if picked.any():
        for _, row in table[picked].iterrows():
            yield row


def toml(
    scenario: Scenario, key: str, found: Text, expected: Text, remedy: Text, severity: str = "error"
) -> Issue:
    """Make an issue about a key of scenario.toml."""
    return Issue(f"{scenario.name}/scenario.toml", None, key, found, expected, remedy, severity)


@cache
def nearest(name: str, known: tuple[str, ...], otherwise: Text = _ADD) -> Text:
    """Say which known name was probably meant; letter case and full-width letters do not count."""
    plain = {unicodedata.normalize("NFKC", k).casefold(): k for k in known}
    alike = plain.get(unicodedata.normalize("NFKC", name).casefold())
    near = [alike] if alike else difflib.get_close_matches(name, known, n=1)
    return text("perhaps '{near}' is meant", near=near[0]) if near else otherwise


def says(table: pd.DataFrame, column: str, answer: bool) -> NDArray[np.bool_]:
    """Say in which rows a yes/no column gives an answer; a cell that was refused gives none."""
    return np.array([v is not None and bool(v) is answer for v in table[column]], dtype=bool)


def blank(table: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    """Say in which rows a cell is empty, and not refused."""
    refused = np.array([column in names for names in table["_refused"]], dtype=bool)
    return np.asarray(table[column].isna().to_numpy(dtype=bool) & ~refused)


def pupils_of(sections: pd.DataFrame) -> pd.Series:
    """Count the pupils of each section; nan where a cell was refused."""
    return sections[GRADES].astype(float).sum(axis=1, skipna=False)


def small_below(scenario: Scenario) -> float:
    """Pupils below which a teaching point is small: the scenario's number, else the standard's."""
    below = scenario.config.scoring.below
    return scenario.standard.balance.excluded_teaching_point_below.value if below is None else below


def section_keys(table: pd.DataFrame) -> list[tuple[str | None, str | None]]:
    """Return school and stage of each row."""
    return list(zip(table["school_id"], table["stage"], strict=True))


def closed_plans(scenario: Scenario) -> set[str]:
    """Return the planned schools that do not open in this scenario."""
    schools = scenario.table("schools")
    planned = set(schools.loc[schools["status"] == "planned", "school_id"])
    return planned - {s for s, opens in scenario.config.openings.items() if opens}
