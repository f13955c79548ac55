"""Read a scenario folder into typed tables, with every issue at once."""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allocator.domain import Standard
from allocator.errors import NOTHING, InputsAreWrong, Issue
from allocator.scenario.cells import CellRefused, missing, reader
from allocator.scenario.config import Config, language_of, read_config, read_layers, refuse
from allocator.scenario.schema import KEYS, NEEDED, Column, columns_of
from allocator.scenario.standards import read_standard
from allocator.words import Text, text

_MOST_BYTES = 500_000_000
_REFUSED = object()


@dataclass(frozen=True)
class Scenario:
    """What the planner wrote: settings, standard and typed tables.

    Parameters
    ----------
    name
        Name of the scenario folder.
    config, standard
        Settings and regulation numbers.
    tables
        Typed tables by name. Numbers are floats with nan for "not known", months count from year 0,
        codes are strings or None, lists are tuples. ``_file`` and ``_row`` say where each row stands.
    warnings
        What can be accepted but must be told.
    files
        SHA-256 of every file read, by name.
    """

    name: str
    config: Config
    standard: Standard
    tables: Mapping[str, pd.DataFrame]
    warnings: tuple[Issue, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """Return one table; an optional table that was not given is empty."""
        return self.tables[name]


def read_tables(folder: Path) -> Scenario:
    """Read the files of a scenario and its bases; the cross-table checks are in ``check``.

    Raises
    ------
    InputsAreWrong
        With every issue of every file.
    """
    issues: list[Issue] = []
    layers = read_layers(folder, issues)
    language = language_of(layers)
    refuse(issues, language)
    config = read_config(layers, issues)
    standard, found = read_standard(str((_last(layers, "standard")) or "cn-2017"), _standard_folder(layers))
    issues += found
    if standard is None:
        raise InputsAreWrong(issues, language)
    tables = {name: _layered(name, [f for f, _ in layers], standard, issues) for name in KEYS}
    refuse(issues, language)
    assert config is not None
    return Scenario(folder.resolve().name, config, standard, tables, tuple(issues), _hashes(layers))


def _last(layers: list[tuple[Path, dict[str, Any]]], key: str) -> object:
    return next((s[key] for _, s in reversed(layers) if key in s), None)


def _standard_folder(layers: list[tuple[Path, dict[str, Any]]]) -> Path:
    return next((f for f, s in reversed(layers) if "standard" in s), layers[-1][0])


def _hashes(layers: list[tuple[Path, dict[str, Any]]]) -> dict[str, str]:
    found = {}
    for folder, _ in layers:
        for path in sorted(folder.iterdir()):
            if path.name in {f"{t}.csv" for t in KEYS} or path.suffix == ".toml":
                found[f"{folder.resolve().name}/{path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _layered(name: str, folders: list[Path], standard: Standard, issues: list[Issue]) -> pd.DataFrame:
    """Read one table from every layer and lay the later over the earlier, by key and by column."""
    whole: pd.DataFrame | None = None
    for folder in folders:
        path = folder / f"{name}.csv"
        if path.is_file():
            layer = _read_layer(name, path, standard, issues, first=whole is None)
            whole = layer if whole is None or layer.empty else _laid_over(name, whole, layer)
    columns = columns_of(name)
    if whole is None:
        if name in NEEDED:
            file = f"{folders[-1].name}/{name}.csv"
            issues.append(
                Issue(file, None, None, NOTHING, text("this table"), text("add the file to the folder"))
            )
        whole = pd.DataFrame({c: pd.Series(dtype=object) for c in [*columns, "_file", "_row"]})
    if "remove" in whole:
        whole = whole[whole["remove"] != "yes"].drop(columns="remove")
    return _completed(whole.reset_index(drop=True), columns, standard, issues)


def _laid_over(name: str, under: pd.DataFrame, over: pd.DataFrame) -> pd.DataFrame:
    keys = list(KEYS[name])
    if not set(keys) <= set(over.columns) or over.duplicated(keys).any() or under.duplicated(keys).any():
        return under
    joined = under.set_index(keys, drop=False)
    layer = over.set_index(keys, drop=False)
    known = layer.index.isin(joined.index)
    fresh = layer[~known]
    for column in layer.columns:
        if column not in joined:
            joined[column] = None
        joined.loc[layer.index[known], column] = layer.loc[known, column]
    return pd.concat([joined, fresh]).reset_index(drop=True)


def _read_layer(name: str, path: Path, standard: Standard, issues: list[Issue], *, first: bool) -> pd.DataFrame:
    file = f"{path.parent.name}/{path.name}"
    rows = _records(path, file, issues)
    if not rows:
        return pd.DataFrame()
    columns = columns_of(name)
    header = _header(rows[0], columns, file, issues)
    needed = [c for c in columns.values() if c.required and (first or c.name in KEYS[name])]
    for column in needed:
        if column.name not in header:
            issues.append(
                Issue(
                    file,
                    1,
                    column.name,
                    text("no such column"),
                    text("a column '{name}' or '{alias}'", name=column.name, alias=column.alias),
                    text("add the column"),
                )
            )
    return _typed(rows, header, columns, standard, file, issues)


def _records(path: Path, file: str, issues: list[Issue]) -> list[list[str]]:
    """Split a CSV file into rows of cells; row numbers are positions in the list + 1."""

    def wrong(found: Text, expected: Text, remedy: Text, row: int | None = None) -> list[list[str]]:
        issues.append(Issue(file, row, None, found, expected, remedy))
        return []

    utf8 = text("a table of text in UTF-8")
    if path.stat().st_size > _MOST_BYTES:
        return wrong(text("more than 500 MB"), text("a smaller file"), text("split or clean the table"))
    content = path.read_bytes()
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found = text("text that is not UTF-8 (perhaps GBK, as Excel writes it)")
        return wrong(found, utf8, text("save it from Excel as 'CSV UTF-8'"), line)
    if "\0" in decoded:
        return wrong(text("bytes that are not text"), utf8, text("save it from Excel as 'CSV UTF-8'"))
    try:
        rows = list(csv.reader(io.StringIO(decoded, newline=""), strict=True))
    except csv.Error as error:
        return wrong(text("'{error}'", error=str(error)), text("rows with closed quotes"), text("save the table anew"))
    if not any(any(cell.strip() for cell in row) for row in rows):
        return wrong(text("an empty file"), text("a header and rows"), text("fill the table or remove the file"))
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]) and any(cell.strip() for cell in row):
            wrong(
                text("{n} cells", n=len(row)),
                text("{n} cells, as in the header", n=len(rows[0])),
                text("look for a comma too many or too few"),
                number,
            )
    return rows


def _header(cells: list[str], columns: dict[str, Column], file: str, issues: list[Issue]) -> dict[str, int]:
    """Map column names to positions; an unknown column is a warning, a repeated one an error."""
    names = {c.alias: c.name for c in columns.values()} | {c: c for c in [*columns, "remove"]}
    header: dict[str, int] = {}
    for position, cell in enumerate(cells):
        given = cell.strip()
        name = names.get(given)
        if name is None:
            near = difflib.get_close_matches(given, names, n=1)
            remedy = text("perhaps '{near}' is meant", near=near[0]) if near else text("it is not used")
            found = text("an unknown column '{name}'", name=given)
            issues.append(Issue(file, 1, given or None, found, text("a known column"), remedy, "warning"))
        elif name in header:
            found = text("the column '{name}' twice", name=name)
            issues.append(Issue(file, 1, name, found, text("each column once"), text("remove one of them")))
        else:
            header[name] = position
    return header


def _typed(
    rows: list[list[str]],
    header: dict[str, int],
    columns: dict[str, Column],
    standard: Standard,
    file: str,
    issues: list[Issue],
) -> pd.DataFrame:
    width = len(rows[0])
    kept = [n for n, row in enumerate(rows[1:], start=2) if len(row) == width and any(c.strip() for c in row)]
    out: dict[str, Any] = {}
    for name, position in header.items():
        cells = np.array([rows[n - 1][position] for n in kept], dtype=object)
        read = reader(columns[name], standard) if name in columns else _remove
        out[name] = _values(cells, read, name, file, kept, issues)
    out["_file"], out["_row"] = [file] * len(kept), kept
    return pd.DataFrame(out, dtype=object)


def _remove(cell: str) -> str:
    if cell not in ("yes", "no"):
        raise CellRefused(text("one of {choices}", choices=["yes", "no"]))
    return cell


def _values(
    cells: np.ndarray[Any, Any], read: Any, name: str, file: str, rows: list[int], issues: list[Issue]
) -> np.ndarray[Any, Any]:
    """Read the cells of one column, each distinct text once; blank cells become None."""
    codes, distinct = pd.factorize(cells)
    values = np.empty(len(distinct), dtype=object)
    for i, cell in enumerate(distinct):
        stripped = str(cell).strip()
        try:
            values[i] = read(stripped) if stripped else None
        except CellRefused as refusal:
            for at in np.flatnonzero(codes == i):
                found = text("'{value}'", value=stripped[:80])
                issues.append(Issue(file, rows[at], name, found, refusal.expected, refusal.remedy))
            values[i] = _REFUSED
            continue
        if stripped != cell and stripped:
            first, n = rows[int(np.argmax(codes == i))], int((codes == i).sum())
            found = text("spaces around '{value}' ({n} rows)", value=stripped[:80], n=n)
            way = text("it is read without them")
            issues.append(Issue(file, first, name, found, text("the value alone"), way, "warning"))
    result = np.empty(len(cells), dtype=object)
    if len(cells):
        result[:] = values[codes]
    return result


def _completed(
    table: pd.DataFrame, columns: dict[str, Column], standard: Standard, issues: list[Issue]
) -> pd.DataFrame:
    """Fill defaults, insist on required cells, give every column its type."""
    done: dict[str, Any] = {"_file": table.get("_file", []), "_row": table.get("_row", [])}
    for name, column in columns.items():
        values = table[name].to_numpy(dtype=object) if name in table else np.full(len(table), None, dtype=object)
        blank = np.array([v is None or v != v for v in values], dtype=bool)
        if column.required and name in table:
            for at in np.flatnonzero(blank):
                file, row = str(table["_file"].iloc[at]), int(table["_row"].iloc[at])
                found, way = text("an empty cell"), text("fill the cell")
                issues.append(Issue(file, row, name, found, text("a value"), way))
        fill = reader(column, standard)(column.default) if column.default else missing(column)
        filled = np.empty(len(values), dtype=object)
        usable = [None if v is _REFUSED else v for v in values]
        filled[:] = [fill if b or v is None else v for v, b in zip(usable, blank, strict=True)]
        if isinstance(missing(column), float):
            done[name] = filled.astype(float)
        elif column.kind == "flag":
            done[name] = filled.astype(bool)
        else:
            done[name] = pd.Series(filled, dtype=object)  # pandas would turn None into nan
    return pd.DataFrame(done)
