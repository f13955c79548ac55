"""Read a balance standard: one standards file and the files that it uses."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from allocator.domain import Standard
from allocator.errors import Issue
from allocator.words import Text, text

_HOUSE = Path(__file__).parents[1] / "standards"


def known_standards() -> list[str]:
    """Return the names of the balance standards that come with the program."""
    return sorted(p.stem for p in _HOUSE.glob("*.toml") if "[balance]" in p.read_text(encoding="utf-8"))


def read_standard(name: str, folder: Path) -> tuple[Standard | None, list[Issue]]:
    """Read the standard a scenario names.

    Parameters
    ----------
    name
        Name of a standard of the program, ``none`` (cn-2017's demand figures without its verdicts), or the
        path of a standards file, from the scenario folder.
    folder
        The scenario folder.

    Returns
    -------
    The standard, or None, and what is wrong with it.
    """
    path = _HOUSE / f"{'cn-2017' if name == 'none' else name}.toml"
    if name != "none" and name not in known_standards():
        path = folder / name
        if not name.endswith(".toml") or not path.is_file():
            return None, [_unknown(name)]
    issues: list[Issue] = []
    tables = _with_uses(path, issues)
    if issues:
        return None, issues
    if name == "none":
        tables |= {"id": "none", "name_zh": "不作评估", "name_en": "No standard"}
        tables["balance"] = {"excluded_teaching_point_below": tables["balance"]["excluded_teaching_point_below"]}
        for indicator in tables["indicators"].values():
            indicator.pop("threshold", None)
    try:
        standard = Standard.model_validate(tables)
    except ValidationError as error:
        return None, list(pydantic_issues(error, path.name))
    return standard, list(_inconsistent(standard, path.name))


def _unknown(name: str) -> Issue:
    return Issue(
        "scenario.toml",
        None,
        "standard",
        text("'{name}'", name=name),
        text("one of {names}, or the path of a standards file", names=[*known_standards(), "none"]),
        text("correct the name or the path"),
    )


def _with_uses(path: Path, issues: list[Issue]) -> dict[str, Any]:
    tables = read_toml(path, path.name, issues)
    for used in tables.pop("uses", []):
        beside = path.parent / f"{used}.toml"
        source = beside if beside.is_file() else _HOUSE / f"{used}.toml"
        if not source.is_file():
            issues.append(
                Issue(
                    path.name,
                    None,
                    "uses",
                    text("'{name}'", name=used),
                    text("a standards file beside this one or of the program"),
                    text("correct the name"),
                )
            )
            continue
        tables = _with_uses(source, issues) | tables
    return tables


def read_toml(path: Path, name: str, issues: list[Issue]) -> dict[str, Any]:
    """Read a TOML file; what hinders it becomes an issue."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError:
        found, way = text("no readable file"), text("put the file there")
    except UnicodeDecodeError:
        found, way = text("text that is not UTF-8"), text("save the file as UTF-8")
    except tomllib.TOMLDecodeError as error:
        found, way = text("'{error}'", error=str(error)), text("correct the line that is named")
    issues.append(Issue(name, None, None, found, text("a TOML file in UTF-8"), way))
    return {}


def pydantic_issues(error: ValidationError, file: str) -> Iterator[Issue]:
    """Turn pydantic's findings into issues."""
    for e in error.errors():
        if e["type"] == "value_error" and e["loc"] == ():
            continue
        key = ".".join(str(part) for part in e["loc"])
        missing = e["type"] == "missing"
        found = text("nothing") if missing else text("'{value}'", value=str(e["input"])[:80])
        yield Issue(file, None, key, found, _expected(e["type"], e.get("ctx", {})), _remedy(e["type"]))


def _expected(kind: str, context: dict[str, Any]) -> Text:
    if kind == "missing":
        return text("a value")
    if kind == "extra_forbidden":
        return text("only the known keys")
    if kind.startswith("literal") or kind == "enum":
        return text("one of {choices}", choices=context.get("expected", ""))
    words = {
        "int": text("a whole number"),
        "float": text("a number"),
        "string": text("text in quotes"),
        "bool": text("true or false"),
        "list": text("a list"),
        "tuple": text("a list"),
        "dict": text("a table"),
        "model": text("a table"),
        "greater": text("a number above {limit}", limit=context.get("gt", context.get("ge", ""))),
        "less": text("a number below {limit}", limit=context.get("lt", context.get("le", ""))),
    }
    return next((w for k, w in words.items() if kind.startswith(k)), text("a value of the right kind"))


def _remedy(kind: str) -> Text:
    if kind == "extra_forbidden":
        return text("remove the key or correct its spelling")
    return text("correct the value")


def _inconsistent(standard: Standard, file: str) -> Iterator[Issue]:
    known = set(standard.subjects)
    for subject, periods in standard.periods.subjects.items():
        if subject not in known:
            yield Issue(
                file,
                None,
                f"periods.subjects.{subject}",
                text("a subject without a name"),
                text("a subject of [subjects]"),
                text("add it to [subjects]"),
            )
        if len(periods) != len(standard.periods.grades):
            yield Issue(
                file,
                None,
                f"periods.subjects.{subject}",
                text("{n} numbers", n=len(periods)),
                text("one for each of the {n} grades", n=len(standard.periods.grades)),
                text("complete the row"),
            )
    loads = standard.loads.model_extra or {}
    for stage, facts in standard.stages.items():
        for key, table in (("loads", loads), ("staffing.ratio", standard.staffing.ratio)):
            if stage not in table or (key == "loads" and "default" not in loads[stage]):
                yield Issue(
                    file,
                    None,
                    f"{key}.{stage}",
                    text("nothing"),
                    text("a value for every stage"),
                    text("add it"),
                )
        if facts.certificate not in standard.certificate_rank:
            yield Issue(
                file,
                None,
                f"stages.{stage}.certificate",
                text("'{name}'", name=facts.certificate),
                text("a certificate of [certificate_rank]"),
                text("correct the name"),
            )
