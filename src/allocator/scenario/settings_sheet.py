"""The settings of a scenario as a sheet of a workbook: a key and a value a row, in place of scenario.toml."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from allocator.errors import quoted
from allocator.scenario.files import Notes
from allocator.words import text

KEY, VALUE, MEANING = ("key", "项目"), ("value", "取值"), ("meaning", "说明")
WORDS = ("title", "bureau", "as_of", "standard", "rulebook", "language", "notice", "mode", "base")
"""Settings that are text, whatever their cell looks like."""
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def read_settings(rows: list[list[str]], file: str, notes: Notes) -> tuple[dict[str, Any], dict[str, int]]:
    """Read the settings of a sheet.

    A value is what TOML would read (``153``, ``true``, ``["coverage", "wishes"]``), else the text of the cell; parts
    between semicolons are a list. A key is written as in TOML, with points: ``budget.moves``.

    Returns
    -------
    The settings as :func:`allocator.scenario.standards.read_toml` gives them, and the row of every key.
    """
    settings: dict[str, Any] = {}
    places: dict[str, int] = {}
    at = _columns(rows, file, notes)
    if at is None:
        return settings, places
    for number, row in enumerate(rows[1:], start=2):
        key, value = (row[i].strip() if i < len(row) else "" for i in at)
        if not key and value:
            way = text("write the key, or empty the row")
            notes.add(
                file, number, KEY[0], text("a value without a key"), text("a key such as budget.moves"), way
            )
        if not key or not value:
            continue
        path = _path(key)
        if path is None:
            way = text("write it as in the list of settings")
            notes.add(file, number, KEY[0], quoted(key), text("a key such as budget.moves"), way)
        elif not _put(settings, path, _value(path, value)):
            way = text("remove one of the rows")
            notes.add(
                file,
                number,
                KEY[0],
                text("{value} a second time", value=quoted(key)),
                text("each key once"),
                way,
            )
        else:
            places[".".join(path)] = number
    return settings, places


def _columns(rows: list[list[str]], file: str, notes: Notes) -> tuple[int, int] | None:
    """Return where keys and values stand."""
    header = [cell.strip() for cell in rows[0]] if rows else []
    found = []
    for names in (KEY, VALUE):
        places = [i for i, cell in enumerate(header) if cell in names]
        if len(places) != 1:
            expected = text("a column '{name}' or '{alias}'", name=names[0], alias=names[1])
            notes.add(file, 1, names[0], text("no such column"), expected, text("add the column"))
        found += places[:1]
    return (found[0], found[1]) if len(found) == len((KEY, VALUE)) else None


def _path(key: str) -> list[str] | None:
    """Part a key at its points; names of rules have a point of their own."""
    try:
        below: Any = tomllib.loads(f"{key} = 0")
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return _of_words(key)
    path = []
    while isinstance(below, dict):
        if len(below) != 1:
            return None
        name, below = next(iter(below.items()))
        path.append(name)
    if path[0] == "rules" and len(path) > 2 and "." not in path[1]:
        path[1:3] = [f"{path[1]}.{path[2]}"]
    return path


def _of_words(key: str) -> list[str] | None:
    """Part a key with names that TOML wants in quotation marks, such as Chinese codes of schools."""
    parts = [part.strip() for part in key.split(".")]
    return (
        parts
        if all(part and part.isprintable() and not set(part) & set("\"'=[]{}#") for part in parts)
        else None
    )


def _value(path: list[str], cell: str) -> Any:
    if len(path) == 1 and path[0] in WORDS:
        return cell
    try:
        read = tomllib.loads(f"v = {cell}")
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        read = {}
    if set(read) == {"v"}:
        return _frozen(read["v"])
    if ";" in cell or "；" in cell:
        return tuple(part.strip() for part in cell.replace("；", ";").split(";") if part.strip())
    return {"yes": True, "no": False, "是": True, "否": False}.get(cell, cell)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(below) for key, below in value.items()}
    return tuple(_frozen(below) for below in value) if isinstance(value, list) else value


def _put(settings: dict[str, Any], path: list[str], value: Any) -> bool:
    """Put a value where its key says; whether nothing stood there."""
    below: Any = settings
    for name in path[:-1]:
        below = below.setdefault(name, {})
        if not isinstance(below, dict):
            return False
    if path[-1] in below:
        return False
    below[path[-1]] = value
    return True


def written(settings: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield key and value of every setting as cells; the inverse of :func:`read_settings`."""
    for name, value in settings.items():
        path = (*above, name)
        if isinstance(value, Mapping) and value:
            yield from written(value, path)
        else:
            yield ".".join(map(_key, path)), _cell(list(path), value)


def as_toml(settings: Mapping[str, Any], above: tuple[str, ...] = ()) -> str:
    """Write settings as scenario.toml: a key with its points on every line."""
    lines = []
    for name, value in settings.items():
        path = (*above, name)
        if isinstance(value, Mapping) and value:
            lines.append(as_toml(value, path))
        else:
            lines.append(f"{'.'.join(map(_key, path))} = {_toml(value)}\n")
    return "".join(lines)


def _key(part: str) -> str:
    return part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False)


def _cell(path: list[str], value: Any) -> str:
    if isinstance(value, str) and value and _value(path, value.strip()) == value:
        return value
    return _toml(value)


def _toml(value: Any) -> str:
    """Write a value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {_toml(v)}" for k, v in value.items())
        return "{" + inside + "}"
    return str(value)
