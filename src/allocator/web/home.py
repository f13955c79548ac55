"""The desk's folder: scenarios as folders of tables, which uploads become; every file for the owner alone."""

from __future__ import annotations

import csv
import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from allocator import app
from allocator.errors import InputsAreWrong, Issue, quoted
from allocator.scenario.config import laid_over
from allocator.scenario.schema import columns_of
from allocator.scenario.settings_sheet import as_toml
from allocator.words import text

_OTHER_FILES = ("base", "standard", "rulebook")  # settings that may name a file


class Home:
    """Scenarios on disk.

    Parameters
    ----------
    folder
        Folder of the desk.
    districts
        Folder of ready districts; None where there are none.
    """

    def __init__(self, folder: Path, districts: Path | None = None) -> None:
        self.folder, self.districts = folder, districts
        for name in ("scenarios", "runs", "plans"):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def ready(self) -> list[str]:
        """Names of the districts to start from."""
        if self.districts is None:
            return []
        return sorted(path.parent.name for path in self.districts.glob("*/scenario.toml"))

    def path(self, folder: str) -> Path:
        """Folder of a scenario."""
        return self.folder / "scenarios" / folder

    def adopt_ready(self, name: str) -> str:
        """Make a scenario of a ready district; its bases become part of it."""
        if self.districts is None or name not in self.ready():
            raise KeyError(name)
        source = self.districts / name
        folder = self._new()
        place = self.path(folder)
        with tempfile.TemporaryDirectory() as between:
            book = Path(between) / "district.xlsx"
            book.write_bytes(app.template(source, "en", source))
            self._take(book, place)
        settings = self.settings(folder)
        for key in ("standard", "rulebook"):
            named = settings.get(key, "")
            if isinstance(named, str) and named.endswith(".toml"):
                shutil.copyfile(source / named, place / f"{key}.toml")
                settings[key] = f"{key}.toml"
        self.write_settings(folder, settings)
        return folder

    def adopt_workbook(self, content: bytes, name: str) -> str:
        """Make a scenario of an uploaded workbook, as it is: what is wrong with it is told afterwards.

        Raises
        ------
        InputsAreWrong
            Where it is no workbook that can be read, or names other files of the machine.
        """
        with tempfile.TemporaryDirectory() as between:
            book = Path(between) / (Path(name).name[-80:] or "upload.xlsx")
            book.write_bytes(content)
            _own_files_only(book)
            folder = self._new()
            try:
                self._take(book, self.path(folder))
            except InputsAreWrong:
                shutil.rmtree(self.path(folder), ignore_errors=True)
                raise
        return folder

    def adopt_files(
        self, files: Mapping[str, bytes], year: int, title: str, language: str
    ) -> tuple[str, str]:
        """Make a scenario of what a bureau holds; returns its folder and the page of what was mapped."""
        with tempfile.TemporaryDirectory() as between:
            paths = []
            for n, (name, content) in enumerate(files.items()):
                (Path(between) / str(n)).mkdir()
                paths.append(Path(between) / str(n) / Path(name).name[-80:])
                paths[-1].write_bytes(content)
            found = app.imported(paths, None, names=True)
        folder = self._new()
        for name, made in found.files(year, title, language).items():
            _write(self.path(folder) / name, made)
        return folder, title

    def copy(self, folder: str) -> str:
        """Copy a scenario."""
        fresh = self._new(made=False)
        shutil.copytree(self.path(folder), self.path(fresh))
        return fresh

    def settings(self, folder: str) -> dict[str, Any]:
        """Return the settings of a scenario, as far as they can be read."""
        return app.settings(self.path(folder))

    def write_settings(self, folder: str, settings: Mapping[str, Any]) -> None:
        """Write the settings of a scenario."""
        _write(self.path(folder) / "scenario.toml", as_toml(settings))

    def set(self, folder: str, changes: Mapping[str, Any]) -> None:
        """Lay settings over those of a scenario; None takes a key away."""
        self.write_settings(folder, _without_none(laid_over(self.settings(folder), dict(changes))))

    def cells(self, folder: str, table: str) -> list[list[str]]:
        """Return a table as it stands."""
        path = self.path(folder) / f"{table}.csv"
        if not path.is_file():
            return []
        return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))

    def mend(self, folder: str, table: str, row: int, column: str, value: str, before: str) -> bool:
        """Write one cell; False where it is not there, or no longer holds what was seen.

        Parameters
        ----------
        row
            As a spreadsheet counts it.
        column
            The header as it stands.
        """
        rows = self.cells(folder, table)
        if not 1 < row <= len(rows) or column not in rows[0]:
            return False
        at = rows[0].index(column)
        cells = rows[row - 1] + [""] * (len(rows[0]) - len(rows[row - 1]))
        if cells[at] != before:
            return False
        cells[at] = value
        rows[row - 1] = cells
        self._write_table(folder, table, rows)
        return True

    def pins(self, folder: str) -> list[tuple[str, str]]:
        """Return the people who are pinned, each with ``stay`` or a school."""
        rows = self.cells(folder, "teachers")
        at = _places(rows, ("teacher_id", "pin"))
        return [(row[at[0]], row[at[1]]) for row in rows[1:] if at and len(row) > max(at) and row[at[1]]]

    def set_pins(self, folder: str, pins: Mapping[str, str]) -> None:
        """Pin these people and no others; a code that is not in the roster is left to nobody."""
        rows = self.cells(folder, "teachers")
        if rows and not _places(rows, ("pin",)):
            rows = [[*rows[0], "pin"], *([*row, ""] for row in rows[1:])]
        at = _places(rows, ("teacher_id", "pin"))
        if at and dict(self.pins(folder)) != dict(pins):
            for row in rows[1:]:
                if len(row) > max(at):
                    row[at[1]] = pins.get(row[at[0]], "")
            self._write_table(folder, "teachers", rows)

    def _write_table(self, folder: str, table: str, rows: Sequence[Sequence[str]]) -> None:
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\n").writerows(rows)
        _write(self.path(folder) / f"{table}.csv", out.getvalue())

    def _new(self, *, made: bool = True) -> str:
        name = secrets.token_hex(8)
        if made:
            self.path(name).mkdir(mode=0o700)
        return name

    def _take(self, book: Path, place: Path) -> None:
        """Write the sheets of a workbook as tables."""
        problems = [
            i for i in app.missing(book) if i.row is None and i.file == book.name and i.severity == "error"
        ]
        tables = app.tables(book)
        if not tables:
            raise InputsAreWrong(
                problems
                or [
                    Issue(
                        book.name,
                        None,
                        None,
                        text("no sheet of a table"),
                        text("the sheets of the template"),
                        text("fill the template"),
                    )
                ]
            )
        for table in tables:
            if table.table != "scenario":
                self._write_table(place.name, table.table, table.rows)
        settings = app.settings(book)
        _write(place / "scenario.toml", as_toml(settings))


def _own_files_only(book: Path) -> None:
    """Refuse settings that name files: an upload reaches nothing of the machine."""
    settings = app.settings(book, own=True)
    named = [key for key in _OTHER_FILES if key in settings and (key == "base" or _is_a_file(settings[key]))]
    expected = text("settings that stand in the workbook alone")
    way = text("remove it; start from a ready district instead")
    if named:
        raise InputsAreWrong(
            [Issue(f"{book.name}/scenario", None, key, quoted(settings[key]), expected, way) for key in named]
        )


def _is_a_file(value: object) -> bool:
    return not isinstance(value, str) or value.endswith(".toml") or "/" in value or "\\" in value


def _places(rows: Sequence[Sequence[str]], names: tuple[str, ...]) -> tuple[int, ...]:
    """Return where columns of teachers stand, whichever of their names the header has; empty where one is missing."""
    header = [cell.strip() for cell in rows[0]] if rows else []
    known = columns_of("teachers")
    found = [next((i for i, cell in enumerate(header) if cell in (n, known[n].alias)), -1) for n in names]
    return tuple(found) if -1 not in found else ()


def _without_none(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, Mapping) else value
        for key, value in settings.items()
        if value is not None
    }


def _write(path: Path, content: str) -> None:
    """Write a file for the owner alone, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content.encode("utf-8", "backslashreplace"))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
