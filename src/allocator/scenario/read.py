"""Read a scenario folder into typed tables, with every issue at once.

A later layer is laid over its base by key and by column: a row with a new key is added, a cell that is filled
replaces the base's, a blank cell leaves the base's as it is, and ``remove`` = yes takes the row away.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allocator.domain import Rulebook, Standard
from allocator.errors import NOTHING, InputsAreWrong, Issue, quoted
from allocator.scenario.cells import missing, reader
from allocator.scenario.config import (
    Config,
    Layer,
    laid_over,
    language_of,
    read_config,
    read_layers,
    refuse,
    settings_place,
)
from allocator.scenario.files import Notes, is_workbook, label
from allocator.scenario.overlay import Overlay
from allocator.scenario.rows import REFUSED, header_of, records, sheet_records, typed
from allocator.scenario.rulebook import read_rulebook
from allocator.scenario.schema import KEYS, NEEDED, PLAIN, SHEETS, Column, columns_of
from allocator.scenario.standards import DEFAULT, read_standard
from allocator.words import Text, text

_ALMOST = 0.8  # likeness of a file name that is probably a slip


@dataclass(frozen=True)
class Scenario:
    """What the planner wrote: settings, standard and typed tables.

    Parameters
    ----------
    name
        Name of the scenario folder.
    config, standard, rulebook
        Settings, regulation numbers, and the defaults of the rules.
    tables
        Typed tables by name. Numbers are floats with nan for "not known", months count from year 0,
        codes are strings or None, lists are tuples. ``_file`` and ``_row`` say where each row stands,
        ``_places`` the same for every layer that has it, the latest first, ``_refused`` which of its cells
        could not be read (none, in a scenario without errors).
    warnings
        What can be accepted but must be told.
    files
        SHA-256 of every file read, by name.
    """

    name: str
    config: Config
    standard: Standard
    rulebook: Rulebook
    tables: Mapping[str, pd.DataFrame]
    warnings: tuple[Issue, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """Return one table; an optional table that was not given is empty."""
        return self.tables[name]


@dataclass(frozen=True)
class Draft:
    """A scenario as far as it could be read, for the checks across tables.

    Parameters
    ----------
    scenario
        What could be read; defaults stand in for what could not.
    issues
        What is wrong so far.
    unread
        What could not be read: ``schools`` where whole rows are lost, ``schools.lat`` where cells are,
        ``config.closures``, ``standard``. Nothing may be concluded from the absence of these.
    language
        Language of the scenario.
    layers
        The folders and workbooks it was read from, the deepest base first.
    headers
        Header of every column as it stands in a file, by file and column.
    """

    scenario: Scenario
    issues: list[Issue]
    unread: frozenset[str]
    language: str
    layers: tuple[Layer, ...] = ()
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def told(self, issues: Iterable[Issue]) -> list[Issue]:
        """Say of issues where in a workbook settings stand, and name columns as their headers do."""
        books = {f"{layer.name}/scenario.toml": layer for layer in self.layers if layer.book is not None}
        return [self._named(_at_home(issue, books.get(issue.file))) for issue in issues]

    def _named(self, issue: Issue) -> Issue:
        header = self.headers.get(issue.file, {}).get(issue.column or "", "")
        return replace(issue, header=header) if header not in ("", issue.column) else issue


def read_tables(folder: Path) -> Scenario:
    """Read the files of a scenario and its bases, without the checks across tables.

    Raises
    ------
    InputsAreWrong
        With every issue of every file.
    """
    draft = read_draft(folder)
    refuse(draft.told(draft.issues), draft.language)
    return draft.scenario


def read_draft(
    folder: Path,
    needed: tuple[str, ...] = NEEDED,
    settings: Mapping[str, Any] | None = None,
    over: Overlay | None = None,
) -> Draft:
    """Read the files of a scenario and its bases as far as they can be read.

    Parameters
    ----------
    needed
        Tables that must be there.
    settings
        What stands for scenario.toml where the folder has none.
    over
        What is laid over the scenario without a file.

    Raises
    ------
    InputsAreWrong
        Where there is no folder to read.
    """
    if not os.path.isdir(folder) and not (is_workbook(folder) and os.path.lexists(folder)):
        found = text("a file") if os.path.lexists(folder) else text("no such folder or workbook")
        expected = text("a scenario folder or a workbook (.xlsx)")
        way = text("name the folder that holds scenario.toml, or the workbook")
        raise InputsAreWrong([Issue(label(folder), None, None, found, expected, way)])
    notes = Notes()
    layers, whole = read_layers(folder, notes.issues, notes.hashes, settings)
    if over is not None:
        notes.issues += over.issues()
        layers[-1] = replace(layers[-1], settings=laid_over(layers[-1].settings, over.settings))
    config, wrong = read_config(layers, whole, notes.issues)
    notes.unread |= {f"config.{key}" for key in wrong}
    if not whole:
        notes.unread |= {"config", *KEYS}
    standard = _standard(layers, whole, notes)
    rulebook = _rulebook(layers, notes)
    tables = {
        name: _layered(
            name, layers, standard, whole, name in needed, notes, over if name == "teachers" else None
        )
        for name in KEYS
    }
    for layer in layers:
        notes.issues += (
            misnamed(layer.folder, layer.name, KEYS) if layer.book is None else _strange_sheets(layer)
        )
    scenario = Scenario(
        layers[-1].name,
        config,
        standard or _stand_in(),
        rulebook or _house_rules(),
        tables,
        tuple(i for i in notes.issues if i.severity == "warning"),
        notes.hashes,
    )
    return Draft(
        scenario, notes.issues, frozenset(notes.unread), language_of(layers), tuple(layers), notes.headers
    )


def _at_home(issue: Issue, layer: Layer | None) -> Issue:
    if layer is None:
        return issue
    file, row = settings_place(layer, issue.column or "")
    return replace(issue, file=file, row=row)


def _standard(layers: list[Layer], whole: bool, notes: Notes) -> Standard | None:
    """Read the standard that the latest layer names; None where it cannot be known."""
    naming = next((layer for layer in reversed(layers) if "standard" in layer.settings), None)
    name = naming.settings["standard"] if naming else DEFAULT
    standard = None
    if isinstance(name, str) and (naming or whole):
        standard, found = read_standard(name, (naming or layers[-1]).folder, notes.hashes)
        notes.issues += found
    if standard is None:
        notes.unread.add("standard")
    return standard


def _rulebook(layers: list[Layer], notes: Notes) -> Rulebook | None:
    """Read the rulebook that the latest layer names, else the house's own; None where it cannot be known."""
    naming = next((layer for layer in reversed(layers) if "rulebook" in layer.settings), layers[-1])
    name = naming.settings.get("rulebook", "")
    rulebook = None
    if isinstance(name, str):
        rulebook, found = read_rulebook(name, naming.folder, notes.hashes)
        notes.issues += found
    if rulebook is None:
        notes.unread.add("rulebook")
    return rulebook


def _house_rules() -> Rulebook:
    rulebook, _ = read_rulebook()
    if rulebook is None:
        raise RuntimeError("the rulebook of the program cannot be read")
    return rulebook


def _stand_in() -> Standard:
    standard, _ = read_standard(DEFAULT, Path())
    if standard is None:
        raise RuntimeError("the standards of the program cannot be read")
    return standard


def misnamed(folder: Path, label: str, tables: Iterable[str]) -> Iterator[Issue]:
    """Warn of files of a folder that are named almost like a table, or are one in a format of a spreadsheet.

    Parameters
    ----------
    label
        What the folder is called in issues.
    tables
        Names of the tables that are read, without their ending.
    """
    known = [f"{name}.csv" for name in tables]
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        stem, _, ending = name.lower()[:80].rpartition(".")
        of_spreadsheet = ending in _SPREADSHEETS
        near = difflib.get_close_matches(
            f"{stem}.csv" if of_spreadsheet else name.lower()[:80], known, n=1, cutoff=_ALMOST
        )
        if name not in known and near and near[0] not in names:
            expected, way = text("'{name}'", name=near[0]), text("rename the file if it is meant to be read")
            if of_spreadsheet:
                way = text("save it as CSV (UTF-8) under that name if it is meant to be read")
            shown = quoted(name.encode("utf-8", "replace").decode("utf-8"))
            yield Issue(label, None, None, text("a file {name}", name=shown), expected, way, "warning")


_SPREADSHEETS = ("xlsx", "xls", "xlsm", "ods", "et")


def _layered(
    name: str,
    layers: list[Layer],
    standard: Standard | None,
    whole: bool,
    needed: bool,
    notes: Notes,
    over: Overlay | None = None,
) -> pd.DataFrame:
    """Read one table from every layer and lay the later over the earlier, by key and by column."""
    table: pd.DataFrame | None = None
    for layer in layers:
        file = _file_of(name, layer)
        if file is not None:
            first = table is None and name not in notes.unread
            given = _typed_table(name, _rows(name, layer, file, notes), file, standard, first, notes)
            if given is not None:
                table = _laid_over(name, table, given, notes)
    if over is not None and table is not None:
        for file, rows in over.rows(set(table["teacher_id"])):
            table = _laid_over(name, table, _table_of(name, rows, file, standard, False, notes), notes)
    if table is None:
        table = pd.DataFrame({c: pd.Series(dtype=object) for c in (*KEYS[name], *_PLACE)})
        if needed and name not in notes.unread:
            notes.unread.add(name)
            notes.add(*_absent(name, layers[-1]))
    elif table.empty and name in NEEDED and name not in notes.unread:
        notes.unread.add(name)
        file, way = _absent(name, layers[-1])[0], text("fill the table")
        notes.add(file, None, None, text("a table without rows"), text("at least one row"), way)
    return completed(name, table, standard, whole, notes)


def _file_of(name: str, layer: Layer) -> str | None:
    """Name the file or sheet of a table of a layer in issues; None where the layer has none."""
    if layer.book is not None:
        sheet = layer.sheet(name)
        return None if sheet is None else f"{layer.name}/{sheet}"
    return f"{layer.name}/{name}.csv" if os.path.lexists(layer.folder / f"{name}.csv") else None


def _rows(name: str, layer: Layer, file: str, notes: Notes) -> list[list[str]] | None:
    if layer.book is not None:
        return sheet_records(name, layer.book, str(layer.sheet(name)), file, notes)
    return records(name, layer.folder / f"{name}.csv", file, notes)


def _absent(name: str, layer: Layer) -> tuple[str, None, None, Text, Text, Text]:
    """Say that a table is missing that must be there."""
    if layer.book is None:
        return (
            f"{layer.name}/{name}.csv",
            None,
            None,
            NOTHING,
            text("this table"),
            text("add the file to the folder"),
        )
    expected = text("a sheet '{name}' or '{alias}'", name=name, alias=SHEETS[name])
    return (
        f"{layer.name}/{layer.sheet(name) or name}",
        None,
        None,
        NOTHING,
        expected,
        text("add the sheet to the workbook"),
    )


def _strange_sheets(layer: Layer) -> Iterator[Issue]:
    """Warn of sheets of a workbook that are not read."""
    book = layer.book
    known = {name for pair in SHEETS.items() for name in pair} | set(GUIDES)
    for pair in SHEETS.items():
        twice = [name for name in (book.sheets if book else ()) if name.strip().casefold() in pair]
        if len(twice) > 1:
            found, expected = (
                text("several sheets of one table: {names}", names=twice),
                text("one sheet for each table"),
            )
            yield Issue(
                layer.name, None, None, found, expected, text("join them, or rename those that are not meant")
            )
    for name in book.sheets if book else ():
        plain = name.strip().casefold()
        if plain not in known:
            near = difflib.get_close_matches(plain[:80], sorted(known), n=1)
            way = text("perhaps '{near}' is meant", near=near[0]) if near else text("it is not used")
            found = text("a sheet {name}", name=quoted(name))
            yield Issue(layer.name, None, None, found, text("a sheet of a table"), way, "warning")


GUIDES = ("guide", "lists", "issues", "填表说明", "选项", "问题")
"""Sheets of a workbook that are for people."""
_PLACE = ("_file", "_row", "_places")
_KEYS = KEYS | PLAIN


def _laid_over(name: str, under: pd.DataFrame | None, over: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    """Lay a layer over what is below it; rows to remove must be there."""
    rows = {} if under is None else {key: i for i, key in enumerate(_keys(name, under)) if _known(key)}
    keys = _keys(name, over)
    at = np.array([rows.get(key, -1) for key in keys], dtype=np.int64)
    gone = over["remove"].to_numpy(dtype=bool) if "remove" in over else np.zeros(len(over), dtype=bool)
    for i in np.flatnonzero(gone & (at < 0)):
        if name not in notes.unread and _known(keys[i]):
            found, way = text("nothing to remove"), text("correct the code, or leave the row out")
            row = over.iloc[i]
            notes.add(
                row["_file"], row["_row"], "remove", found, text("a row of the base with this key"), way
            )
    over = over.drop(columns="remove", errors="ignore")
    if under is None:
        return pd.DataFrame(over[~gone]).reset_index(drop=True)
    known = np.array([_known(key) for key in keys], dtype=bool)
    fresh, changed = over[(at < 0) & ~gone & known], np.flatnonzero((at >= 0) & ~gone)
    joined = under.copy()
    for column in over.columns:
        values = joined[column].to_numpy(dtype=object, copy=True) if column in joined else _blank(len(joined))
        given = over[column].to_numpy(dtype=object)[changed]
        filled = np.array([v is not None for v in given], dtype=bool)
        values[at[changed[filled]]] = given[filled]
        joined[column] = pd.Series(values, dtype=object)
    joined["_places"] = _joined_places(joined["_places"], under["_places"], at[changed])
    kept = np.ones(len(joined), dtype=bool)
    kept[at[gone & (at >= 0)]] = False
    whole: pd.DataFrame = joined[kept]
    return (pd.concat([whole, fresh]) if len(fresh) else whole).reset_index(drop=True)


def _joined_places(latest: pd.Series, earlier: pd.Series, changed: NDArray[np.int64]) -> pd.Series:
    places = latest.to_numpy(dtype=object, copy=True)
    for i in changed:
        places[i] = (*latest.iloc[i], *earlier.iloc[i])
    return pd.Series(places, dtype=object)


def _blank(n: int) -> NDArray[np.object_]:
    return np.full(n, None, dtype=object)


def _keys(name: str, table: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(zip(*(table[key] for key in _KEYS[name]), strict=True))


def _known(key: tuple[Any, ...]) -> bool:
    return all(isinstance(part, str) for part in key)


def read_table(
    name: str, path: Path, file: str, standard: Standard | None, first: bool, notes: Notes
) -> pd.DataFrame | None:
    """Read one file of a table; None where nothing can be made of it."""
    return _typed_table(name, records(name, path, file, notes), file, standard, first, notes)


def _typed_table(
    name: str,
    rows: list[list[str]] | None,
    file: str,
    standard: Standard | None,
    first: bool,
    notes: Notes,
) -> pd.DataFrame | None:
    if rows is None:
        notes.unread.add(name)
        return None
    return _table_of(name, rows, file, standard, first, notes)


def _table_of(
    name: str, rows: list[list[str]], file: str, standard: Standard | None, first: bool, notes: Notes
) -> pd.DataFrame:
    """Make a table of the rows of one file; of rows with the same key the first stands."""
    columns = columns_of(name)
    header = header_of(rows, columns, file, notes)
    table = typed(rows, header, columns, standard, file, notes)
    for column in columns.values():
        if column.required and (first or column.name in _KEYS[name]) and column.name not in header:
            expected = text("a column '{name}' or '{alias}'", name=column.name, alias=column.alias)
            notes.add(file, 1, column.name, text("no such column"), expected, text("add the column"))
            notes.unread.add(f"{name}.{column.name}")
            table[column.name] = pd.Series([REFUSED] * len(table), dtype=object)
    keys = pd.Series(_keys(name, table), dtype=object)
    if not all(map(_known, keys)):
        notes.unread.add(name if not first else f"{name}.{_KEYS[name][0]}")
    twice = (keys.duplicated() & keys.map(_known).astype(bool)).to_numpy(dtype=bool)
    first_rows = dict(zip(reversed(keys), reversed(table["_row"]), strict=True)) if twice.any() else {}
    for i in np.flatnonzero(twice):
        found = text("{value} a second time", value=quoted(" ".join(keys[i])))
        earlier = int(first_rows[keys[i]])
        expected = text("each key once; it stands in row {row} already", row=earlier)
        way = text("remove or renumber one of the rows")
        notes.add(file, int(table["_row"].iloc[i]), _KEYS[name][-1], found, expected, way)
    return table[~twice].reset_index(drop=True)


def place(row: Mapping[Any, Any] | pd.Series, column: str) -> tuple[str, int]:
    """Return the file and row in which a column of a row stands."""
    return next(
        ((file, number) for file, number, has in row["_places"] if column in has),
        (str(row["_file"]), int(row["_row"])),
    )


def completed(
    name: str, table: pd.DataFrame, standard: Standard | None, whole: bool, notes: Notes
) -> pd.DataFrame:
    """Fill defaults, insist on required cells, give every column its type."""
    done: dict[str, Any] = {key: pd.Series(table[key], dtype=object) for key in _PLACE}
    refused: list[tuple[str, ...]] = [()] * len(table)
    for column in columns_of(name).values():
        given = table[column.name] if column.name in table else pd.Series(_blank(len(table)), dtype=object)
        values = given.to_numpy(dtype=object)
        blank = np.array([v is None or v != v for v in values], dtype=bool)
        bad = np.array([v is REFUSED for v in values], dtype=bool)
        if column.required and whole:
            for at in np.flatnonzero(blank):
                file, number = place(table.iloc[at], column.name)
                notes.add(
                    file, number, column.name, text("an empty cell"), text("a value"), text("fill the cell")
                )
            bad |= blank
        for at in np.flatnonzero(bad):
            refused[at] = (*refused[at], column.name)
        if bad.any():
            notes.unread.add(f"{name}.{column.name}")
        done[column.name] = _column(column, values, blank & ~bad, bad, standard)
    done["_refused"] = pd.Series(refused, dtype=object)
    return pd.DataFrame(done)


def _column(
    column: Column,
    values: NDArray[np.object_],
    blank: NDArray[np.bool_],
    bad: NDArray[np.bool_],
    standard: Standard | None,
) -> pd.Series:
    nothing = missing(column)
    fill = reader(column, standard)(column.default) if column.default else nothing
    filled = np.empty(len(values), dtype=object)
    filled[:] = [
        nothing if b else fill if empty else v for v, empty, b in zip(values, blank, bad, strict=True)
    ]
    if isinstance(nothing, float):
        return pd.Series(filled.astype(float))
    if column.kind == "flag" and not bad.any():
        return pd.Series(filled.astype(bool))
    return pd.Series(filled, dtype=object)  # pandas would turn None into nan
