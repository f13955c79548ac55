"""Builders of small scenario folders: a district in a few lines, each test changing only what it is about.

``small()`` is a district that reads without any issue: four schools in two zones with twelve teachers.

>>> small().change("teachers", "T01", birth="2009/8").set(budget={"moves": 2}).write(tmp_path)
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from allocator.errors import InputsAreWrong, Issue
from allocator.rules.catalogue import settle
from allocator.scenario.check import read
from allocator.scenario.read import Scenario
from allocator.scenario.schema import KEYS, columns_of
from allocator.scenario.standards import read_standard

FIRST_GRADE = {"primary": 1, "junior": 7}


class District:
    """A scenario folder in the making; every method returns the district, so that calls chain.

    Parameters
    ----------
    settings
        scenario.toml; tables as dicts.
    """

    def __init__(self, **settings: Any) -> None:
        self.settings = dict(settings)
        self.tables: dict[str, list[dict[str, object]]] = {}
        self.files: dict[str, bytes | None] = {}

    def set(self, **settings: Any) -> District:
        """Lay settings over scenario.toml, table by table; None takes a key away."""
        self.settings = _laid_over(self.settings, settings)
        return self

    def row(self, table: str, **cells: object) -> District:
        """Add a row to a table."""
        self.tables.setdefault(table, []).append(cells)
        return self

    def school(
        self, school_id: str, *, pupils: Mapping[str, Sequence[int]] | None = None, **cells: object
    ) -> District:
        """Add a school and its sections.

        Parameters
        ----------
        pupils
            Pupils by grade of each stage: ``{"primary": (20, 20, 20, 20, 20, 20), "junior": (30, 30, 30)}``.
        cells
            Cells of schools.csv in place of the usual.
        """
        usual: dict[str, object] = {
            "school_id": school_id,
            "name": f"School {school_id}",
            "kind": "primary",
            "zone": "north",
            "setting": "town",
            "lat": f"34.{len(self.tables.get('schools', [])):02d}",
            "lon": "116.80",
        }
        self.row("schools", **usual | cells)
        for stage, grades in (pupils or {}).items():
            self.section(school_id, stage, grades)
        return self

    def section(self, school_id: str, stage: str, grades: Sequence[int] = (), **cells: object) -> District:
        """Add a section with its pupils, the stage's lowest grade first."""
        pupils = {f"g{FIRST_GRADE[stage] + i}": n for i, n in enumerate(grades)}
        return self.row("sections", school_id=school_id, stage=stage, **pupils | cells)

    def teacher(
        self, school_id: str = "", stage: str = "", subject: str = "chinese", **cells: object
    ) -> District:
        """Add a teacher; without a school, a recruit."""
        usual: dict[str, object] = {
            "teacher_id": f"T{len(self.tables.get('teachers', [])) + 1:02d}",
            "school_id": school_id,
            "stage": stage,
            "subject": subject,
            "second_subjects": "",
            "certificate": "junior" if stage == "junior" else "primary",
            "degree": "bachelor",
            "title": "none",
            "backbone": "none",
            "birth": "1980-05",
            "hired": "2003-08",
            "joined_school": "2010-09",
            "wishes": "",
            "pin": "",
            "recruit": "no" if school_id else "yes",
        }
        if not school_id:
            usual |= {"joined_school": "", "hired": ""}
        return self.row("teachers", **usual | cells)

    def staff(self, school_id: str, stage: str, subjects: str, **cells: object) -> District:
        """Add a teacher for each of the subjects, written with spaces between them."""
        for subject in subjects.split():
            self.teacher(school_id, stage, subject, **cells)
        return self

    def change(self, table: str, *key: str, **cells: object) -> District:
        """Change cells of the rows with a key, given whole or by its first part."""
        for row in self._rows(table, key):
            row |= cells
        return self

    def drop(self, table: str, *key: str) -> District:
        """Remove the rows with a key, or the whole table where none is given."""
        if not key:
            del self.tables[table]
        else:
            gone = self._rows(table, key)
            self.tables[table] = [row for row in self.tables[table] if row not in gone]
        return self

    def without(self, table: str, column: str) -> District:
        """Remove a column of a table."""
        for row in self.tables[table]:
            del row[column]
        return self

    def file(self, name: str, content: bytes | str | None) -> District:
        """Put a file into the folder as it is, in place of what would be written; None leaves it out."""
        self.files[name] = content.encode() if isinstance(content, str) else content
        return self

    def _rows(self, table: str, key: tuple[str, ...]) -> list[dict[str, object]]:
        names = KEYS[table][: len(key)]
        found = [row for row in self.tables[table] if tuple(row[name] for name in names) == key]
        assert found, f"no row {key} in {table}"
        return found

    def text(self, table: str, *, aliases: bool = False, newline: str = "\n") -> str:
        """Return a table as CSV; ``aliases`` writes the Chinese headers."""
        rows = self.tables[table]
        names = list(dict.fromkeys(name for row in rows for name in row))
        known = columns_of(table)
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator=newline)
        writer.writerow([known[n].alias if aliases and n in known else n for n in names])
        writer.writerows([row.get(n, "") for n in names] for row in rows)
        return out.getvalue()

    def write(self, folder: Path, *, aliases: bool = False, newline: str = "\n", bom: bool = False) -> Path:
        """Write the scenario to a folder, which is made if it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        mark = "\ufeff" if bom else ""
        files: dict[str, bytes | None] = {
            f"{table}.csv": (mark + self.text(table, aliases=aliases, newline=newline)).encode()
            for table in self.tables
        }
        files["scenario.toml"] = (mark + toml(self.settings)).encode()
        for name, content in (files | self.files).items():
            if content is not None:
                (folder / name).write_bytes(content)
        return folder

    def read(self, folder: Path) -> Scenario:
        """Write the scenario to a folder and read it with every check."""
        return read(self.write(folder))


def small(**settings: Any) -> District:
    """Four schools in two zones, six sections, 430 pupils, twelve teachers; reads without any issue.

    ``P1`` (urban) and ``N1`` (nine-year) lie in the north, ``N2`` (nine-year) and ``P2`` in the south.
    """
    usual = {"title": "Small", "school_year": 2020, "seed": 1, "language": "en"}
    return (
        District(**usual | settings)
        .school("P1", setting="urban", pupils={"primary": (20, 20, 15, 15, 15, 15)})
        .school("N1", kind="nine_year", pupils={"primary": (10, 10, 10, 10, 10, 10), "junior": (30, 30, 30)})
        .school(
            "N2",
            kind="nine_year",
            zone="south",
            setting="rural",
            pupils={"primary": (10, 10, 10, 10, 10, 10), "junior": (20, 20, 20)},
        )
        .school("P2", zone="south", setting="remote", pupils={"primary": (10, 10, 10, 10, 10, 10)})
        .staff("P1", "primary", "chinese mathematics music")
        .staff("N1", "primary", "chinese mathematics")
        .staff("N1", "junior", "mathematics english")
        .staff("N2", "primary", "chinese pe")
        .staff("N2", "junior", "chinese")
        .staff("P2", "primary", "chinese mathematics")
    )


def own_standard() -> dict[str, Any]:
    """Return the standard cn-2017 as one table, to be changed and written beside a scenario."""
    standard, issues = read_standard("cn-2017", Path())
    assert standard is not None, issues
    tables: dict[str, Any] = _lists(standard.model_dump(exclude_none=True))
    return tables


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(below) for key, below in value.items()}
    return [_lists(below) for below in value] if isinstance(value, tuple) else value


def overlay(base: str = "../base", **settings: Any) -> District:
    """Return an empty scenario on a base; it inherits every setting and table."""
    return District(base=base, **settings)


def toml(settings: Mapping[str, Any]) -> str:
    """Write settings as TOML, one key a line."""
    return "".join(f"{_quoted(key)} = {toml_value(value)}\n" for key, value in settings.items())


def toml_value(value: Any) -> str:
    """Write one value as TOML; tables inline."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(str(k))} = {toml_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _laid_over(under: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    done = dict(under)
    for key, value in over.items():
        if value is None:
            done.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(done.get(key), dict):
            done[key] = _laid_over(done[key], value)
        else:
            done[key] = value
    return done


def rule_issues(scenario: Scenario) -> list[Issue]:
    """Check the rules of a scenario against the catalogue, as the program does."""
    issues: list[Issue] = []
    settle(scenario.config, scenario.rulebook, f"{scenario.name}/scenario.toml", issues)
    return issues


def issues_of(folder: Path) -> list[Issue]:
    """Read and check a folder; return every error and warning, each one sayable in both languages."""
    try:
        issues = list(read(folder, rule_issues).warnings)
    except InputsAreWrong as wrong:
        issues = list(wrong.issues)
        assert any(issue.severity == "error" for issue in issues)
    for issue in issues:
        assert_sayable(issue)
    return issues


def assert_sayable(issue: Issue) -> None:
    """Hold that an issue is one line in either language, and names its file."""
    assert issue.severity in ("error", "warning")
    for language in ("zh", "en"):
        said = issue.say(language)
        assert issue.file
        assert said.startswith(issue.file)
        assert said == " ".join(said.splitlines())


def where(issues: Sequence[Issue], severity: str | None = None) -> list[tuple[str, int | None, str | None]]:
    """Return file (without its folder), row and column of issues."""
    return [
        (issue.file.rsplit("/", 1)[-1], issue.row, issue.column)
        for issue in issues
        if severity is None or issue.severity == severity
    ]
