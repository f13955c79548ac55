"""The tables of a scenario as they stand, cell by cell, for a copy in which issues are marked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from allocator.errors import Issue
from allocator.scenario.config import Layer, read_layers
from allocator.scenario.files import Notes
from allocator.scenario.rows import records
from allocator.scenario.schema import KEYS, SHEETS, columns_of
from allocator.scenario.settings_sheet import KEY, VALUE, written


@dataclass(frozen=True)
class RawTable:
    """One file or sheet.

    Parameters
    ----------
    file, sheet, layer
        What it is called in issues, the sheet it is or would be in a workbook, and its folder or workbook.
    table
        Name of the table; ``scenario`` for settings.
    rows
        Its cells as text; the number of a row is its position + 1.
    """

    file: str
    sheet: str
    layer: str
    table: str
    rows: list[list[str]]

    def column(self, issue: Issue) -> int:
        """Return where the column of an issue stands, from 0; 0 where it has none."""
        known = columns_of(self.table).get(issue.column or "")
        names = {issue.column, issue.header, known.alias if known else None} - {None, ""}
        header = self.rows[0] if self.rows else []
        return next((c for c, cell in enumerate(header) if cell.strip() in names), 0)


def raw_tables(folder: Path) -> list[RawTable]:
    """Read the tables of a scenario and its bases as far as they are text at all, those of the deepest base first.

    The settings are among them where there is no base: what is mended in the copy is then a scenario.
    """
    notes = Notes()
    layers, _ = read_layers(folder, notes.issues, notes.hashes)
    found = [table for layer in layers for table in _of_layer(layer)]
    return [table for table in found if table.table != "scenario" or len(layers) == 1]


def _of_layer(layer: Layer) -> Iterator[RawTable]:
    if layer.book is not None:
        for table in SHEETS:
            sheet = layer.sheet(table)
            if sheet is not None:
                yield RawTable(
                    f"{layer.name}/{sheet}", sheet, layer.name, table, layer.book.sheet(sheet).rows
                )
        return
    settings = [[KEY[0], VALUE[0]], *map(list, written(layer.settings))]
    yield RawTable(f"{layer.name}/scenario.toml", "scenario", layer.name, "scenario", settings)
    for table in KEYS:
        path = layer.folder / f"{table}.csv"
        rows = records(table, path, path.name, Notes()) if os.path.lexists(path) else None
        if rows is not None:
            yield RawTable(f"{layer.name}/{table}.csv", table, layer.name, table, rows)
