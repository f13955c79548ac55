"""Import: files of a bureau to the tables of a scenario, with a report of what was mapped, concluded and left."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from allocator.errors import InputsAreWrong, Issue
from allocator.scenario.files import Notes
from allocator.scenario.importers.gather import Gathered, gather_people, gather_schools, gather_statistics
from allocator.scenario.importers.grids import Grid, read_grids
from allocator.scenario.importers.headers import Heading, understood
from allocator.scenario.importers.mapping import Mapping_, SheetMapping, read_mapping
from allocator.scenario.importers.mapping import written as mapping_written
from allocator.scenario.importers.statistics import figures, is_statistics
from allocator.scenario.importers.tables import school_rows, section_rows, teacher_rows
from allocator.scenario.schema import columns_of
from allocator.scenario.standards import DEFAULT, read_standard
from allocator.words import text


@dataclass(frozen=True)
class SheetReport:
    """What was made of one sheet.

    Parameters
    ----------
    file, sheet, kind
        Names, and what its rows are of: person, school, statistics, left.
    header_row, rows, gone
        Row of the header, rows read, and rows of people who have left the service.
    headings
        Its columns; for forms of the statistics what was found.
    """

    file: str
    sheet: str
    kind: str
    header_row: int
    rows: int
    gone: int
    headings: tuple[Heading, ...]


@dataclass(frozen=True)
class Imported:
    """What an import makes.

    Parameters
    ----------
    tables
        Cells of schools, sections and teachers, row by row.
    sheets
        What was made of each sheet.
    issues
        What the planner should look at.
    mapping
        The mapping file that gives the same again.
    """

    tables: Mapping[str, list[dict[str, str]]]
    sheets: tuple[SheetReport, ...]
    issues: tuple[Issue, ...]
    mapping: str

    def files(self, school_year: int, title: str, language: str) -> dict[str, str]:
        """Return the files of the scenario, by name."""
        named = json.dumps(title.encode("utf-8", "replace").decode("utf-8"), ensure_ascii=False)
        made = {
            "scenario.toml": f'title = {named}\nschool_year = {school_year}\nlanguage = "{language}"\n',
            "mapping.toml": self.mapping,
        }
        for name, rows in self.tables.items():
            used = {key for row in rows for key, value in row.items() if value}
            columns = [c.name for c in columns_of(name).values() if c.required or c.name in used]
            out = io.StringIO(newline="")
            writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            made[f"{name}.csv"] = out.getvalue()
        return made


def import_files(paths: Sequence[Path], mapping: Path | None = None, *, names: bool = True) -> Imported:
    """Read files of a bureau into the tables of a scenario.

    Parameters
    ----------
    paths
        Workbooks (.xlsx, .xlsm, .xls) and tables of text.
    mapping
        A mapping file of an earlier import, edited or not.
    names
        Whether people's names are kept.

    Raises
    ------
    InputsAreWrong
        Where a file or the mapping cannot be read, or nothing could be made of any sheet.
    """
    notes = Notes()
    chosen = read_mapping(mapping, notes.issues) if mapping else Mapping_()
    grids = [grid for path in paths for grid in read_grids(path, path.name, notes)]
    if any(issue.severity == "error" for issue in notes.issues):
        raise InputsAreWrong(notes.issues)
    standard, _ = read_standard(DEFAULT, Path())
    if standard is None:
        raise RuntimeError("the standards of the program cannot be read")
    gathered = Gathered(standard, chosen.values, dict(chosen.schools))
    sheets = [report for file in _by_file(grids) for report in _one_file(file, chosen, gathered)]
    if not gathered.people and not gathered.schools:
        raise InputsAreWrong([*notes.issues, _nothing(grids)])
    schools = school_rows(gathered)
    kinds = {row["school_id"]: row.get("kind", "") for row in schools}
    tables = {
        "schools": schools,
        "sections": section_rows(gathered, kinds),
        "teachers": teacher_rows(gathered, kinds, names=names),
    }
    kept = [SheetMapping(file=s.file, sheet=s.sheet, kind=s.kind, columns=_columns(s)) for s in sheets]
    return Imported(
        tables,
        tuple(sheets),
        (*notes.issues, *gathered.issues),
        mapping_written(kept, chosen.values, gathered.codes),
    )


def _columns(sheet: SheetReport) -> dict[str, str]:
    return (
        {h.header: h.field for h in sheet.headings if h.header} if sheet.kind in ("person", "school") else {}
    )


def _by_file(grids: Iterable[Grid]) -> list[list[Grid]]:
    """Bring the sheets of each file together; lists of schools come before rosters, whose schools they name."""
    files: dict[str, list[Grid]] = {}
    for grid in grids:
        files.setdefault(grid.file, []).append(grid)
    return sorted(files.values(), key=lambda sheets: not (is_statistics(sheets) or _has_schools(sheets)))


def _has_schools(sheets: Iterable[Grid]) -> bool:
    return any(mapped is not None and mapped.kind == "school" for mapped in map(understood, sheets))


def _nothing(grids: Sequence[Grid]) -> Issue:
    place = grids[0].place if grids else "—"
    expected = text("a roster (name, school, subject), a list of schools, or forms of the statistics")
    way = text("check that the header is within the first rows; name the headers in a mapping file")
    return Issue(place, None, None, text("no sheet whose header is known"), expected, way)


def _one_file(grids: list[Grid], chosen: Mapping_, gathered: Gathered) -> list[SheetReport]:
    """Read the sheets of one file; the forms of a school's statistics belong together."""
    file = grids[0].file
    wanted = {grid.sheet: chosen.of(file, grid.sheet) for grid in grids}
    statistics = any(w is not None and w.kind == "statistics" for w in wanted.values())
    if statistics or (not any(wanted.values()) and is_statistics(grids)):
        found = list(figures(grids))
        gather_statistics(found, file, gathered)
        reports = []
        for grid in grids:
            its = [one for one in found if one.place == grid.place]
            headings = tuple(Heading(one.row, one.header, one.field, "known") for one in its)
            reports.append(SheetReport(file, grid.sheet, "statistics", 0, len(its), 0, headings))
        return reports
    reports = [_one_sheet(grid, wanted[grid.sheet], gathered) for grid in grids]
    for grid in grids:
        _tell_hidden(grid, gathered)
    return reports


def _one_sheet(grid: Grid, wanted: SheetMapping | None, gathered: Gathered) -> SheetReport:
    left = SheetReport(grid.file, grid.sheet, "left", 0, 0, 0, ())
    if wanted is not None and wanted.kind == "left":
        return left
    mapped = understood(grid, wanted.columns, wanted.kind) if wanted else understood(grid)
    if mapped is None:
        expected, way = (
            text("a header whose words are known"),
            text("the sheet is left; name its headers in the mapping file"),
        )
        gathered.warn(grid.place, None, None, text("a sheet that is not understood"), expected, way)
        return left
    read, gone = (
        gather_people(mapped, gathered) if mapped.kind == "person" else (gather_schools(mapped, gathered), 0)
    )
    return SheetReport(grid.file, grid.sheet, mapped.kind, mapped.first, read, gone, mapped.headings)


def _tell_hidden(grid: Grid, gathered: Gathered) -> None:
    if grid.hidden:
        found, told = (
            text("hidden rows (rows: {n})", n=grid.hidden),
            text("they are read; delete them if they are not meant"),
        )
        gathered.warn(grid.place, None, None, found, text("rows that can be seen"), told)
    if grid.formulas:
        found, told = (
            text("formulas (cells: {n})", n=grid.formulas),
            text("they are read as they were last calculated"),
        )
        gathered.warn(grid.place, None, None, found, text("values"), told)
