"""Read a balance standard: one standards file and the files that it uses."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from allocator.domain import LADDERS, Indicator, Standard
from allocator.errors import NOTHING, Issue, Refused, quoted
from allocator.scenario.files import content, is_file, label, resolved, strange
from allocator.scenario.schema import columns_of
from allocator.words import Text, text

_HOUSE = Path(__file__).parents[1] / "standards"
_GRADES = range(13)
_CODE = re.compile(r"\w[\w.\-]*")  # it stands in headers and cells: no spreadsheet takes it for a formula
DEFAULT = "cn-2017"


def known_standards() -> list[str]:
    """Return the names of the balance standards that come with the program."""
    return sorted(p.stem for p in _HOUSE.glob("*.toml") if "[balance]" in p.read_text(encoding="utf-8"))


def read_standard(
    name: str, folder: Path, hashes: dict[str, str] | None = None
) -> tuple[Standard | None, list[Issue]]:
    """Read the standard a scenario names.

    Parameters
    ----------
    name
        Name of a standard of the program, ``none`` (cn-2017's demand figures without its verdicts), or the
        path of a standards file, from the scenario folder.
    folder
        The scenario folder.
    hashes
        Takes the SHA-256 of every file that is read, by name.

    Returns
    -------
    The standard, or None, and what is wrong with it.
    """
    path = _HOUSE / f"{DEFAULT if name == 'none' else name}.toml"
    if name != "none" and name not in known_standards():
        path = folder / name
        if not name.endswith(".toml") or not is_file(path):
            return None, [_unknown(name, folder)]
    issues: list[Issue] = []
    tables = _with_uses(path, issues, {} if hashes is None else hashes, ())
    if issues:
        return None, issues
    if name == "none":
        tables |= {"id": "none", "name_zh": "不作评估", "name_en": "No standard"}
        tables["balance"] = {
            "excluded_teaching_point_below": tables["balance"]["excluded_teaching_point_below"]
        }
        for indicator in tables["indicators"].values():
            indicator.pop("threshold", None)
    try:
        standard = Standard.model_validate(tables)
    except ValidationError as error:
        return None, list(pydantic_issues(error, _name(path)))
    issues = [Issue(_name(path), None, *wrong) for wrong in _inconsistent(standard)]
    return None if issues else standard, issues


def _name(path: Path) -> str:
    return f"{label(path.parent)}/{path.name}"


def _unknown(name: str, folder: Path) -> Issue:
    return Issue(
        f"{label(folder)}/scenario.toml",
        None,
        "standard",
        quoted(name),
        text("one of {names}, or the path of a standards file", names=[*known_standards(), "none"]),
        text("correct the name or the path"),
    )


def _with_uses(
    path: Path, issues: list[Issue], hashes: dict[str, str], above: tuple[Path | None, ...]
) -> dict[str, Any]:
    """Read a standards file and lay it over the files that it uses, the last named at the bottom."""
    tables = read_toml(path, _name(path), issues, hashes)
    uses = tables.pop("uses", ())
    for used in uses if isinstance(uses, tuple) else (uses,):
        beside = path.parent / f"{used}.toml"
        source = resolved(beside if is_file(beside) else _HOUSE / f"{used}.toml")
        if source is None or not is_file(source) or source in (resolved(path), *above):
            expected = text(
                "a standards file beside this one or of the program, which does not lead back here"
            )
            issues.append(Issue(_name(path), None, "uses", quoted(used), expected, text("correct the name")))
            continue
        tables = _with_uses(source, issues, hashes, (resolved(path), *above)) | tables
    return tables


def read_toml(
    path: Path, name: str, issues: list[Issue], hashes: dict[str, str] | None = None
) -> dict[str, Any]:
    """Read a TOML file, lists as tuples; what hinders it becomes an issue."""
    read = content(path, name, issues, hashes)
    if read is None:
        return {}
    try:
        tables: dict[str, Any] = _frozen(tomllib.loads(read.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        found, way = strange(read), text("save the file as UTF-8")
        row = read[: error.start].count(b"\n") + 1
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        row = int(line[1]) if line else read.count(b"\n") + 1
        found, way = text("something that is not TOML"), text("correct this line: text stands in quotes")
    except (ValueError, RecursionError):  # a number of too many digits, tables in tables without end
        found, way, row = text("values that are too long or too deep"), text("shorten them"), 1
    else:
        return tables
    issues.append(Issue(name, row, None, found, text("a TOML file in UTF-8"), way))
    return {}


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(below) for key, below in value.items()}
    return tuple(_frozen(below) for below in value) if isinstance(value, list) else value


def pydantic_issues(error: ValidationError, file: str) -> Iterator[Issue]:
    """Turn pydantic's findings into issues."""
    for e in error.errors():
        key = ".".join(str(part) for part in e["loc"] if part != "[key]")[:200] or None
        found = NOTHING if e["type"] == "missing" else quoted(e["input"])
        context = e.get("ctx", {})
        reason = context.get("error")
        if isinstance(reason, Refused):
            yield Issue(file, None, key, found, reason.expected, reason.remedy)
        else:
            expected = text("{rule}", rule=str(reason)) if reason else _expected(e["type"], context)
            yield Issue(file, None, key, found, expected, _remedy(e["type"]))


def _expected(kind: str, context: dict[str, Any]) -> Text:
    if kind == "missing":
        return text("a value")
    if kind == "extra_forbidden":
        return text("only the known keys")
    if kind.startswith("literal") or kind == "enum":
        choices = str(context.get("expected", "")).replace(" or ", ", ").replace("'", "")
        return text("one of {choices}", choices=choices)
    words = {
        "int": text("a whole number without quotes"),
        "float": text("a number without quotes"),
        "finite": text("a number that is finite"),
        "string": text("text in quotes"),
        "bool": text("true or false"),
        "list": text("a list"),
        "tuple": text("a list"),
        "dict": text("a table"),
        "model": text("a table"),
        "greater_than_equal": text("a number of at least {limit}", limit=context.get("ge", "")),
        "greater_than": text("a number above {limit}", limit=context.get("gt", "")),
        "less_than_equal": text("a number of at most {limit}", limit=context.get("le", "")),
        "less_than": text("a number below {limit}", limit=context.get("lt", "")),
    }
    return next((w for k, w in words.items() if kind.startswith(k)), text("a value of the right kind"))


def _remedy(kind: str) -> Text:
    if kind == "extra_forbidden":
        return text("remove the key or correct its spelling")
    if kind == "missing":
        return text("add the key")
    return text("correct the value")


Wrong = tuple[str, Text, Text, Text]


def _inconsistent(standard: Standard) -> Iterator[Wrong]:
    """Find what the parts of a standard say against one another: key, found, expected, way out."""
    for table in ("stages", "subjects", "indicators", "kinds", "certificate_rank"):
        for name in getattr(standard, table):
            if not _CODE.fullmatch(name):
                expected = text("a name of letters, digits and underscores")
                yield f"{table}.{name}", quoted(name), expected, text("choose another name")
    yield from _wrong_grades(standard)
    yield from _wrong_names(standard)
    yield from _wrong_stages(standard)
    for name, indicator in standard.indicators.items():
        yield from _wrong_indicator(standard, f"indicators.{name}", indicator)
    yield from _wrong_bands(standard)
    most, least = len(standard.official), standard.balance.met_at_least
    if least is not None and least.value not in range(1, most + 1):
        expected = text("a whole number from 1 to {n}, the official indicators", n=most)
        yield "balance.met_at_least", quoted(f"{least.value:g}"), expected, text("correct the value")
    for key, value in _amounts(standard):
        if not value > 0:
            yield key, quoted(f"{value:g}"), text("a number above 0"), text("correct the value")


def _wrong_grades(standard: Standard) -> Iterator[Wrong]:
    periods = standard.periods
    for subject, lessons in periods.subjects.items():
        if len(lessons) != len(periods.grades):
            expected = text("one for each of the {n} grades", n=len(periods.grades))
            found = text("{n} numbers", n=len(lessons))
            yield f"periods.subjects.{subject}", found, expected, text("complete the row")
        if any(n < 0 for n in lessons):
            expected, way = text("lessons of at least 0"), text("correct the value")
            yield f"periods.subjects.{subject}", text("a number below 0"), expected, way
    for stage, facts in standard.stages.items():
        for grade in facts.grades:
            if grade not in periods.grades or grade not in _GRADES:
                expected = text("a grade from 0 to 12 that [periods] has")
                yield f"stages.{stage}.grades", quoted(grade), expected, text("correct the grades")


def _wrong_bands(standard: Standard) -> Iterator[Wrong]:
    """Find grades that belong to no band of travel, or to two."""
    if standard.closing is None:
        return
    banded = [grade for band in standard.closing.bands.values() for grade in band.grades]
    for grade in sorted(set(banded) - set(_GRADES)):
        yield (
            "closing.bands",
            quoted(grade),
            text("grades from 0 to 12"),
            text("correct the grades of the bands"),
        )
    for stage, facts in standard.stages.items():
        for grade in facts.grades:
            if banded.count(grade) != 1:
                expected, found = text("each grade of {stage} in one band", stage=stage), quoted(grade)
                yield "closing.bands", found, expected, text("correct the grades of the bands")


def _wrong_names(standard: Standard) -> Iterator[Wrong]:
    """Find names that nothing in the standard has."""
    loads, families = standard.loads.stages, standard.families.stages
    subjects: list[tuple[str, Iterable[str]]] = [
        ("periods.subjects", standard.periods.subjects),
        ("posts.shared_subjects", standard.posts.shared_subjects.value),
        *((f"loads.{stage}", set(table) - {"default"}) for stage, table in loads.items()),
        *((f"families.{stage}", chain(table, *table.values())) for stage, table in families.items()),
        *((f"indicators.{name}.subjects", i.subjects or ()) for name, i in standard.indicators.items()),
    ]
    stages: list[tuple[str, Iterable[str]]] = [
        ("loads", loads),
        ("families", families),
        *((f"kinds.{kind}", stages) for kind, stages in standard.kinds.items()),
        *((f"indicators.{name}.threshold", i.threshold) for name, i in standard.indicators.items()),
    ]
    for given, known, expected in (
        (subjects, standard.subjects, text("a subject of [subjects]")),
        (stages, standard.stages, text("a stage of [stages]")),
    ):
        for key, names in given:
            for name in sorted(set(names) - set(known)):
                yield key, quoted(name), expected, text("correct the name, or add what it names")
    for stage, facts in standard.stages.items():
        if facts.certificate not in standard.certificate_rank:
            expected = text("a certificate of [certificate_rank]")
            yield f"stages.{stage}.certificate", quoted(facts.certificate), expected, text("correct the name")


def _wrong_stages(standard: Standard) -> Iterator[Wrong]:
    """Find stages without the numbers that every stage needs."""
    staffing = standard.staffing
    for stage in standard.stages:
        for key, table in (
            ("loads", standard.loads.stages),
            ("staffing.ratio", staffing.ratio),
            ("classes.limit", standard.classes.limit),
        ):
            if stage not in table:
                yield f"{key}.{stage}", NOTHING, text("a value for every stage"), text("add it")
        if "default" not in standard.loads.stages.get(stage, {"default": 0}):
            yield f"loads.{stage}.default", NOTHING, text("a load for the other subjects"), text("add it")
        if stage in staffing.per_class and stage not in staffing.per_class_below:
            expected = text("a value for every stage of [staffing.per_class]")
            yield f"staffing.per_class_below.{stage}", NOTHING, expected, text("add it")


def _wrong_indicator(standard: Standard, key: str, indicator: Indicator) -> Iterator[Wrong]:
    material = [c.name for c in columns_of("sections").values() if c.kind in ("whole", "number")]
    if indicator.counts != "teachers" and indicator.counts not in material:
        expected = text("'teachers' or an amount of sections.csv")
        yield f"{key}.counts", quoted(indicator.counts), expected, text("correct the name")
    degrees = indicator.degree_at_least
    if degrees is not None and set(degrees) != set(standard.stages):
        expected = text("a degree for each of the stages {stages}", stages=list(standard.stages))
        yield f"{key}.degree_at_least", quoted(degrees), expected, text("complete the table")
    for column, names in (
        ("degree", (degrees or {}).values()),
        ("backbone", filter(None, [indicator.backbone_at_least])),
        ("title", filter(None, [indicator.title_at_least])),
    ):
        for name in names:
            if name not in LADDERS[column]:
                expected = text("one of {choices}", choices=list(LADDERS[column]))
                yield f"{key}.{column}_at_least", quoted(name), expected, text("choose one of them")


def _amounts(standard: Standard) -> Iterator[tuple[str, float]]:
    """Yield the numbers that are divided by."""
    yield "travel.detour", standard.travel.detour.value
    yield "travel.speed", standard.travel.speed.value
    if standard.closing is not None:
        yield "closing.walk_speed", standard.closing.walk_speed.value
    for table, numbers in (
        ("staffing.ratio", standard.staffing.ratio),
        ("classes.limit", standard.classes.limit),
        ("certificate_rank", standard.certificate_rank),
    ):
        yield from ((f"{table}.{name}", number.value) for name, number in numbers.items())
    for stage, loads in standard.loads.stages.items():
        yield from ((f"loads.{stage}.{subject}", load) for subject, load in loads.items())
    yield from ((f"indicators.{name}.per", i.per) for name, i in standard.indicators.items())
