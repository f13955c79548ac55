"""Read where pupils live, which sites there are and how far they lie apart; every issue at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from allocator.domain import Standard
from allocator.errors import NOTHING, InputsAreWrong, Issue, quoted
from allocator.roads import Floats, great_circle_km
from allocator.scenario.files import Notes, label
from allocator.scenario.read import completed, misnamed, read_table
from allocator.scenario.rows import REFUSED
from allocator.scenario.standards import DEFAULT, read_standard
from allocator.scenario.telling import nearest
from allocator.sites.median import Median
from allocator.words import text


@dataclass(frozen=True)
class Places:
    """What the tables say.

    Parameters
    ----------
    name
        Of the folder.
    points, sites
        The tables, in the order of their rows.
    km
        Way from each point to each site, inf where there is none, shape (points, sites).
    asked
        The same as a question.
    warnings, files
        What must be told, and the SHA-256 of every file that was read.
    """

    name: str
    points: pd.DataFrame
    sites: pd.DataFrame
    km: Floats
    asked: Median
    warnings: tuple[Issue, ...]
    files: Mapping[str, str]


def read_places(folder: Path, keep: int, *, whole: bool, language: str = "zh") -> Places:
    """Read points.csv, sites.csv and travel.csv.

    Parameters
    ----------
    keep
        How many sites are kept.
    whole
        Whether the pupils of a point go together.

    Raises
    ------
    InputsAreWrong
        With every issue.
    """
    if not os.path.isdir(folder):
        found = text("a file") if os.path.lexists(folder) else text("no such folder")
        expected, way = text("a folder with points.csv and sites.csv"), text("name that folder")
        raise InputsAreWrong([Issue(label(folder), None, None, found, expected, way)], language)
    notes, standard = Notes(), read_standard(DEFAULT, Path())[0]
    if standard is None:
        raise RuntimeError("the standards of the program cannot be read")
    notes.issues += misnamed(folder, label(folder), ("points", "sites", "travel"))
    points, sites = (_table(folder, name, notes, needed=True) for name in ("points", "sites"))
    travel = _table(folder, "travel", notes, needed=False)
    for table in (points, sites):
        _whole_coordinates(table, notes)
    km = _ways(points, sites, travel, standard, notes)
    _number(label(folder), sites, keep, notes)
    _refuse(notes, language)
    _enough(label(folder), points, sites, km, keep, notes, whole=whole)
    _refuse(notes, language)
    pupils, seats = points["pupils"].to_numpy(float), sites["seats"].to_numpy(float)
    with np.errstate(invalid="ignore"):
        cost = np.where(np.isfinite(km), km * pupils[:, None], np.inf)
    seats = np.where(np.isnan(seats), np.inf, seats)
    asked = Median(cost, pupils, seats, sites["keep"].to_numpy(bool), keep, whole)
    return Places(label(folder), points, sites, km, asked, tuple(notes.issues), notes.hashes)


def _refuse(notes: Notes, language: str) -> None:
    if any(issue.severity == "error" for issue in notes.issues):
        raise InputsAreWrong(notes.issues, language)


def _table(folder: Path, name: str, notes: Notes, *, needed: bool) -> pd.DataFrame:
    """Read one table; an empty one where it is missing or nothing can be made of it."""
    path = folder / f"{name}.csv"
    file = f"{label(folder)}/{path.name}"
    if not os.path.lexists(path):
        if needed:
            notes.add(file, None, None, NOTHING, text("this table"), text("add the file to the folder"))
        found = None
    else:
        found = read_table(name, path, file, None, True, notes)
    if found is None:
        found = pd.DataFrame({key: pd.Series(dtype=object) for key in ("_file", "_row", "_places")})
    elif needed and found.empty:
        expected = text("at least one row")
        notes.add(file, None, None, text("a table without rows"), expected, text("fill the table"))
    return completed(name, found, None, True, notes)


def _whole_coordinates(table: pd.DataFrame, notes: Notes) -> None:
    """Report places with one coordinate alone: they would have no way to anywhere."""
    for at in np.flatnonzero(table["lat"].isna() != table["lon"].isna()):
        row = table.iloc[at]
        empty = "lon" if np.isnan(row["lon"]) else "lat"
        if empty not in row["_refused"]:
            expected, way = text("both lat and lon, or neither"), text("fill the cell")
            notes.add(str(row["_file"]), int(row["_row"]), empty, text("an empty cell"), expected, way)


def _ways(
    points: pd.DataFrame, sites: pd.DataFrame, travel: pd.DataFrame, standard: Standard, notes: Notes
) -> Floats:
    """Measure the ways: as given, else the great circle times the usual detour, else none."""
    places = [(t["lat"].to_numpy(float), t["lon"].to_numpy(float)) for t in (points, sites)]
    km = great_circle_km(*places[0], *places[1]) * standard.travel.detour.value
    km[np.isnan(km)] = np.inf
    start = {one: i for i, one in enumerate(points["point_id"])}
    end = {one: i for i, one in enumerate(sites["site_id"])}
    if _reversed(travel, set(start), set(end)):
        file, expected = str(travel["_file"].iloc[0]), text("from_id of points.csv and to_id of sites.csv")
        way = text("exchange the two columns")
        notes.add(file, 1, "from_id", text("sites in from_id and points in to_id"), expected, way)
        return km
    for row in travel.to_dict("records"):
        where = str(row["_file"]), int(row["_row"])
        for column, known, of in (("from_id", start, "points.csv"), ("to_id", end, "sites.csv")):
            if row[column] not in known and row[column] is not REFUSED:
                expected = text("a code of {file}", file=of)
                notes.add(
                    *where, column, quoted(row[column]), expected, nearest(str(row[column]), tuple(known))
                )
        length = row["km"] if row["km"] == row["km"] else row["minutes"] * standard.travel.speed.value / 60
        if length != length:
            way = text("fill one of them, or remove the row")
            notes.add(*where, "km", text("a way without km and minutes"), text("km or minutes"), way)
        elif row["from_id"] in start and row["to_id"] in end:
            km[start[row["from_id"]], end[row["to_id"]]] = length
    return km


def _reversed(travel: pd.DataFrame, points: set[str], sites: set[str]) -> bool:
    """Whether every way leads from a site to a point, and none from a point to a site."""
    start, end = set(travel["from_id"]), set(travel["to_id"])
    return bool(len(travel)) and start <= sites and end <= points and not (start <= points and end <= sites)


def _number(name: str, sites: pd.DataFrame, keep: int, notes: Notes) -> None:
    """Report a number of sites that cannot be kept."""
    must = int((sites["keep"] == True).sum())  # noqa: E712 - cells that could not be read are neither
    if len(sites) and not max(must, 1) <= keep <= len(sites):
        expected = text("a number from {least} to {most}", least=max(must, 1), most=len(sites))
        way = text("correct --keep, or the column keep")
        notes.add(f"{name}/sites.csv", None, "keep", text("{n} sites to keep", n=keep), expected, way)


def _enough(
    name: str,
    points: pd.DataFrame,
    sites: pd.DataFrame,
    km: Floats,
    keep: int,
    notes: Notes,
    *,
    whole: bool,
) -> None:
    """Report what leaves no answer at all: seats, points without a way, points that find no site with so many seats."""
    must, file = int(sites["keep"].astype(bool).sum()), f"{name}/sites.csv"
    seats = sites["seats"].to_numpy(float)
    if not np.isnan(seats).any():
        kept = sites["keep"].to_numpy(bool)
        most = seats[kept].sum() + np.sort(seats[~kept])[::-1][: keep - must].sum()
        pupils = points["pupils"].to_numpy(float).sum()
        if most < pupils:
            found = text("{n} seats at the {keep} largest sites that may be kept", n=int(most), keep=keep)
            expected = text("seats for {n} pupils", n=int(pupils))
            way = text("keep more sites; {n} seats are missing", n=int(pupils - most))
            notes.add(file, None, "seats", found, expected, way)
    for at in np.flatnonzero(~np.isfinite(km).any(axis=1)):
        row = points.iloc[at]
        found, way = text("no way to any site"), text("add it to travel.csv, or fill lat and lon")
        notes.add(str(row["_file"]), int(row["_row"]), "point_id", found, text("a way to some site"), way)
    room = np.where(np.isfinite(km), np.where(np.isnan(seats), np.inf, seats)[None, :], -np.inf)
    largest = room.max(axis=1, initial=-np.inf)
    for at in np.flatnonzero(np.isfinite(largest) & (points["pupils"].to_numpy(float) > largest) & whole):
        row = points.iloc[at]
        found = text("{n} pupils who go together", n=int(row["pupils"]))
        expected = text(
            "no more than the {n} seats of the largest site that they can reach", n=int(largest[at])
        )
        way = text("add --parted, or part the point into two rows")
        notes.add(str(row["_file"]), int(row["_row"]), "pupils", found, expected, way)
