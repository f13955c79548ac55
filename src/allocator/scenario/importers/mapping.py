"""The mapping file: what was understood of each sheet, to be kept, edited and given again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from allocator.domain import Frozen
from allocator.errors import Issue, quoted
from allocator.scenario.importers.headers import KINDS, names_of
from allocator.scenario.schema import columns_of
from allocator.scenario.standards import pydantic_issues, read_toml
from allocator.words import text

_LEFT = "left"


class SheetMapping(Frozen):
    """How one sheet is read: ``kind`` is person, school, statistics or left; ``columns`` has a field for each header.

    An empty field leaves the column.
    """

    file: str
    sheet: str = ""
    kind: str
    columns: dict[str, str] = Field(default_factory=dict)


class Mapping_(Frozen):
    """A mapping file: sheets, further names of codes by column, and codes of schools by name."""

    sheet: tuple[SheetMapping, ...] = ()
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    schools: dict[str, str] = Field(default_factory=dict)

    def of(self, file: str, sheet: str) -> SheetMapping | None:
        """Return what is said of a sheet."""
        return next((one for one in self.sheet if (one.file, one.sheet) == (file, sheet)), None)


def read_mapping(path: Path, issues: list[Issue]) -> Mapping_:
    """Read a mapping file; what is wrong with it becomes issues."""
    before = len(issues)
    tables = read_toml(path, path.name, issues)
    if len(issues) > before:
        return Mapping_()
    try:
        found = Mapping_.model_validate(tables)
    except ValidationError as error:
        issues += pydantic_issues(error, path.name)
        return Mapping_()
    for n, one in enumerate(found.sheet):
        known = (*KINDS, "statistics", _LEFT)
        if one.kind not in known:
            place, expected = f"sheet.{n}.kind", text("one of {choices}", choices=list(known))
            issues.append(
                Issue(path.name, None, place, quoted(one.kind), expected, text("choose one of them"))
            )
            continue
        fields = {field for field, _ in names_of(one.kind).values()} if one.kind in KINDS else set()
        for header, field in one.columns.items():
            if field and field not in fields:
                place, expected = (
                    f"sheet.{n}.columns",
                    text("one of {choices}", choices=sorted(fields - {""})),
                )
                found_ = text("{field} for '{header}'", field=quoted(field), header=header[:80])
                issues.append(
                    Issue(path.name, None, place, found_, expected, text("choose one, or leave it empty"))
                )
    columns = {name for table in ("schools", "sections", "teachers") for name in columns_of(table)}
    for column in found.values:
        if column not in columns:
            expected = text("a column of schools, sections or teachers")
            issues.append(
                Issue(path.name, None, "values", quoted(column), expected, text("correct the name"))
            )
    return found


def written(
    sheets: Iterable[SheetMapping], values: Mapping[str, Mapping[str, str]], schools: Mapping[str, str]
) -> str:
    """Write a mapping file."""
    lines = [
        "# What each header fills; edit it, and give it again with --mapping. An empty field leaves the column.",
        "# 每个表头对应的字段；修改后用 --mapping 重新导入。字段留空表示不读取该列。",
    ]
    for one in sheets:
        lines += [
            "",
            "[[sheet]]",
            f"file = {_quoted(one.file)}",
            f"sheet = {_quoted(one.sheet)}",
            f"kind = {_quoted(one.kind)}",
        ]
        if one.columns:
            lines += ["[sheet.columns]", *(f"{_quoted(h)} = {_quoted(f)}" for h, f in one.columns.items())]
    for column, names in sorted(values.items()):
        lines += [
            "",
            f"[values.{column}]",
            *(f"{_quoted(name)} = {_quoted(code)}" for name, code in names.items()),
        ]
    lines += ["", "[schools]", *(f"{_quoted(name)} = {_quoted(code)}" for name, code in schools.items())]
    return "\n".join(lines) + "\n"


def _quoted(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)
