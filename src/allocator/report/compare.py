"""Results side by side: what each reaches, which is beaten by another in everything, and who has another place."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from allocator.domain import Standard
from allocator.errors import InputsAreWrong, Issue, quoted
from allocator.metrics.measure import beside
from allocator.report.files import table, write_files
from allocator.report.parts import Cell, Line, Mark, Table
from allocator.report.story import Story, told
from allocator.scenario.files import Notes, content, label
from allocator.scenario.rows import records
from allocator.scenario.standards import read_standard
from allocator.words import Text, text

MOST = 26  # results beside one another
_MOST = 1e15  # of any number of a result
_PLACE = ("to_school", "to_stage", "to_subject")
_BALANCE = ("stage", "indicator", "measure", "before", "after", "threshold", "pass_after")
_COUNTS = (
    *("unfilled", "extra", "moved_from_open_schools", "moved_from_closing_schools", "schools_closed"),
    *("posts_freed", "teachers", "posts"),
)


@dataclass(frozen=True)
class Result:
    """A result folder as it was read.

    Parameters
    ----------
    letter, name
        What it is called here, and its folder.
    facts
        result.json.
    balance
        Rows of balance.csv by stage, indicator and measure.
    places
        School, stage and subject of every teacher in September, empty where there is none.
    cost
        Yuan a month of what the scenario has prices for; None where something of it is not known, or nothing priced.
    """

    letter: str
    name: str
    facts: Mapping[str, Any]
    balance: Mapping[tuple[str, str, str], Mapping[str, str]]
    places: Mapping[str, tuple[str, ...]]
    cost: float | None


@dataclass(frozen=True)
class Measure:
    """One line of the comparison.

    Parameters
    ----------
    better
        -1 where less is better, 1 where more is, 0 where neither is.
    """

    code: str
    name: Text
    values: tuple[float | None, ...]
    better: int
    digits: int = 0


def read_results(folders: Sequence[Path], language: str) -> tuple[Result, ...]:
    """Read the files of every folder that are compared.

    Raises
    ------
    InputsAreWrong
        With every issue of all folders.
    """
    issues: list[Issue] = []
    found = [
        _result(folder, letter, issues) for folder, letter in zip(folders, ascii_uppercase, strict=False)
    ]
    if issues:
        raise InputsAreWrong(issues, language)
    return tuple(one for one in found if one is not None)


def _result(folder: Path, letter: str, issues: list[Issue]) -> Result | None:
    """Read one folder; None where something is wrong, which is told."""
    before, name = len(issues), label(folder)
    facts = _facts(folder, name, issues)
    balance = _rows(folder, name, "balance.csv", _BALANCE, issues)
    plan = _rows(folder, name, "plan.csv", ("teacher_id", *_PLACE), issues)
    money = _rows(folder, name, "money.csv", ("cost_after",), issues)
    _each_once(balance, f"{name}/balance.csv", ("stage", "indicator", "measure"), issues)
    _each_once(plan, f"{name}/plan.csv", ("teacher_id",), issues)
    costs = [_number(row["cost_after"], f"{name}/money.csv", n, "cost_after", issues) for n, row in money]
    for n, row in balance:
        for column in ("before", "after", "threshold"):
            _number(row[column], f"{name}/balance.csv", n, column, issues)
        _limited(row, f"{name}/balance.csv", n, issues)
    if len(issues) > before:
        return None
    return Result(
        letter,
        name,
        facts,
        {(row["stage"], row["indicator"], row["measure"]): row for _, row in balance},
        {row["teacher_id"]: tuple(row[key] for key in _PLACE) for _, row in plan},
        sum(known) if costs and len(known := [c for c in costs if c is not None]) == len(costs) else None,
    )


def _facts(folder: Path, name: str, issues: list[Issue]) -> dict[str, Any]:
    """Read result.json as far as it is needed."""
    file, way = f"{name}/result.json", text("name a folder that 'allocator solve' or 'audit' has written")
    expected = text("the result of a plan")
    if not os.path.lexists(folder / "result.json"):
        issues.append(Issue(file, None, None, text("no such file"), expected, way))
        return {}
    held = content(folder / "result.json", file, issues, {})
    if held is None:
        return {}
    try:
        facts = json.loads(held.decode("utf-8-sig"))
        counts = {key: facts["counts"][key] for key in _COUNTS}
        journeys = [(one["pupils"], one["km"]) for one in facts["journeys"]]
        told = [facts[key] for key in ("title", "notice", "standard", "status")]
        rules = [(rule["level"], rule["violations"]) for rule in facts["rules"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        issues.append(Issue(file, None, None, text("another content"), expected, way))
        return {}
    numbers = [*counts.values(), *(n for pair in journeys for n in pair)]
    levels = all(isinstance(level, str) and isinstance(broken, list) for level, broken in rules)
    if not all(_is_count(n) for n in numbers) or not levels or not all(isinstance(one, str) for one in told):
        issues.append(Issue(file, None, None, text("another content"), expected, way))
    return dict(facts)


def _is_count(value: object) -> bool:
    """Whether a value is a number of a result."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST


def _rows(
    folder: Path, name: str, file: str, columns: Sequence[str], issues: list[Issue]
) -> list[tuple[int, dict[str, str]]]:
    """Read a table of a result with the numbers of its rows; the first columns that are named tell rows apart."""
    where, notes = f"{name}/{file}", Notes()
    expected, way = text("a table as it is written"), text("write the result anew")
    if not os.path.lexists(folder / file):
        issues.append(Issue(where, None, None, text("no such file"), expected, way))
        return []
    listed = records(file.removesuffix(".csv"), folder / file, where, notes)
    issues += notes.issues
    heads = listed[0] if listed else []
    missing = [column for column in columns if column not in heads]
    if listed is not None and missing:
        issues.append(Issue(where, 1, missing[0], text("no such column"), expected, way))
    if listed is None or missing:
        return []
    return [
        (n, dict(zip(heads, cells, strict=True)))
        for n, cells in enumerate(listed[1:], start=2)
        if len(cells) == len(heads) and any(cells)
    ]


def _each_once(
    listed: Sequence[tuple[int, Mapping[str, str]]], file: str, keys: Sequence[str], issues: list[Issue]
) -> None:
    """Report rows that stand twice."""
    seen: set[tuple[str, ...]] = set()
    for n, row in listed:
        key = tuple(row[name] for name in keys)
        if key in seen:
            found = text("{value} a second time", value=quoted(" ".join(key)))
            issues.append(Issue(file, n, keys[0], found, text("each once"), text("write the result anew")))
        seen.add(key)


def _number(cell: str, file: str, row: int, column: str, issues: list[Issue]) -> float | None:
    """Read a number; None for an empty cell, and where it is none, which is told."""
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if abs(value) < _MOST:  # and no nan
        return value
    issues.append(Issue(file, row, column, quoted(cell), text("a number"), text("write the result anew")))
    return None


def _limited(row: Mapping[str, str], file: str, n: int, issues: list[Issue]) -> None:
    """Report a limit that is none, and a verdict that is neither."""
    way = text("write the result anew")
    if (row["threshold"] and not row["threshold"].strip("0.-")) or row["threshold"].startswith("-"):
        issues.append(Issue(file, n, "threshold", quoted(row["threshold"]), text("a number above 0"), way))
    if row["pass_after"] not in ("yes", "no", ""):
        expected = text("yes, no or nothing")
        issues.append(Issue(file, n, "pass_after", quoted(row["pass_after"]), expected, way))


def measures(results: Sequence[Result]) -> list[Measure]:
    """List what is compared, the same of every result."""

    def counted(code: str, name: Text, better: int) -> Measure:
        return Measure(code, name, tuple(float(one.facts["counts"][code]) for one in results), better)

    def each(code: str, name: Text, better: int, of: Any, digits: int = 0) -> Measure:
        return Measure(code, name, tuple(of(one) for one in results), better, digits)

    return [
        each("hard_rules_broken", text("Breaches of hard rules"), -1, _broken),
        counted("unfilled", text("Empty posts"), -1),
        each("without_place", text("Teachers without a place"), -1, _without),
        counted("extra", text("Teachers beyond posts"), 0),
        counted("moved_from_open_schools", text("Teachers who leave a school that stays open"), -1),
        counted("moved_from_closing_schools", text("Teachers of closing schools with a new place"), 0),
        each("cvs_within", text("Coefficients of variation within their limit"), 1, _within),
        each("worst_cv", text("Greatest coefficient as a share of its limit"), -1, _worst, 2),
        each("conforming", text("Schools that do all the standard asks"), 1, _conforming),
        counted("schools_closed", text("Schools that close"), 0),
        counted("posts_freed", text("Posts freed"), 0),
        each("pupils_moved", text("Pupils who change school"), -1, _pupils),
        each("longest_km", text("Their longest way (km)"), -1, _longest, 1),
        each("cost", text("Cost a month (yuan)"), -1, lambda one: one.cost),
    ]


def _without(one: Result) -> float:
    return float(sum(not any(place) for place in one.places.values()))


def _broken(one: Result) -> float:
    return float(sum(len(rule["violations"]) for rule in one.facts["rules"] if rule["level"] == "hard"))


def _judged(one: Result) -> list[Mapping[str, str]]:
    """Return the rows of coefficients that have a limit; none where one of them is not known."""
    judged = [row for row in one.balance.values() if row["threshold"]]
    return judged if all(row["after"] for row in judged) else []


def _within(one: Result) -> float | None:
    judged = _judged(one)
    return float(sum(row["pass_after"] == "yes" for row in judged)) if judged else None


def _worst(one: Result) -> float | None:
    """Return the greatest CV over its limit; None where one of them is not known, or none has a limit."""
    return max((float(row["after"]) / float(row["threshold"]) for row in _judged(one)), default=None)


def _conforming(one: Result) -> float | None:
    found = [row["after"] for (_, _, measure), row in one.balance.items() if measure == "conforming"]
    return sum(float(cell) for cell in found) if found and all(found) else None


def _pupils(one: Result) -> float:
    return float(sum(journey["pupils"] for journey in one.facts["journeys"]))


def _longest(one: Result) -> float:
    return max((float(j["km"]) for j in one.facts["journeys"] if j["pupils"]), default=0.0)


def every_cv(results: Sequence[Result]) -> list[Measure]:
    """List every coefficient of variation in September: less is better."""
    return [
        Measure(
            " ".join(key),
            text("{code}", code=" ".join(key[:2])),
            tuple(
                float(row["after"]) if (row := one.balance.get(key)) and row["after"] else None
                for one in results
            ),
            -1,
        )
        for key in _cvs(results)
    ]


def _cvs(results: Sequence[Result]) -> list[tuple[str, str, str]]:
    """List the keys of the coefficients of variation of any result."""
    return list(dict.fromkeys(key for one in results for key in one.balance if key[2] == "cv"))


def comparable(a: Result, b: Result) -> bool:
    """Whether two results are of the same people, standard and day: today's coefficients are the same too."""
    if a.facts["standard"] != b.facts["standard"] or a.places.keys() != b.places.keys():
        return False
    return all(_today(a, key) == _today(b, key) for key in _cvs((a, b)))


def _today(one: Result, key: tuple[str, str, str]) -> str | None:
    row = one.balance.get(key)
    return row["before"] if row else None


def beaten(found: Sequence[Measure], results: int) -> dict[int, list[int]]:
    """Return by which results each is beaten: no worse in anything that is better or worse, and better in something.

    What differs by less than a billionth is the same.
    """
    judged = [m for m in found if m.better and None not in m.values]

    def beats(a: int, b: int) -> bool:
        ahead = [_ahead(m.better, m.values[a] or 0.0, m.values[b] or 0.0) for m in judged]
        return bool(ahead) and min(ahead) >= 0 and max(ahead) > 0

    return {b: by for b in range(results) if (by := [a for a in range(results) if a != b and beats(a, b)])}


def _ahead(better: int, a: float, b: float) -> int:
    """Whether one value is better than another: 1, 0 for the same, -1."""
    if math.isclose(a, b, rel_tol=_SAME, abs_tol=_SAME):
        return 0
    return better if a > b else -better


def _equal(values: Sequence[float | None]) -> bool:
    """Whether all values are the same, or none is known."""
    known = [value for value in values if value is not None]
    return not known or (len(known) == len(values) and all(not _ahead(1, known[0], value) for value in known))


_SAME = 1e-9


def differing(results: Sequence[Result]) -> list[tuple[str, tuple[tuple[str, ...] | None, ...]]]:
    """List who has not the same place in all results, by code; None where a result does not have the teacher."""
    people = dict.fromkeys(who for one in results for who in one.places)
    found = [(who, tuple(one.places.get(who) for one in results)) for who in people]
    return [(who, places) for who, places in found if len(set(places)) > 1]


def compare_story(results: Sequence[Result], language: str) -> Story:
    """Tell results side by side."""
    found = measures(results)
    return Story(
        title=text("{n} results side by side", n=len(results)),
        subtitle=text("{which}", which=[_called(one) for one in results]),
        notice=_notice(results),
        language=language,
        verdict=tuple(_verdict(results, found)),
        chapters=told(
            (_side_by_side(results, found), _coefficients(results), _pairs(results), _people(results))
        ),
    )


def _notice(results: Sequence[Result]) -> str:
    """Put the notices of all results together, each once."""
    return " ".join(dict.fromkeys(one.facts["notice"] for one in results if one.facts["notice"]))


def _called(one: Result) -> Text:
    return text("{letter}: {title} ({folder})", letter=one.letter, title=one.facts["title"], folder=one.name)


def _verdict(results: Sequence[Result], found: Sequence[Measure]) -> Iterator[Mark]:
    """Yield what a reader must know first: what can be compared, and what is beaten."""
    lost = {
        b: fair
        for b, by in beaten([*found, *every_cv(results)], len(results)).items()
        if (fair := [a for a in by if comparable(results[a], results[b])])
    }
    for b, by in lost.items():
        words = text(
            "{which} is beaten by {by}: in nothing that is compared is it better, and in something worse.",
            which=results[b].letter,
            by=[results[a].letter for a in by],
        )
        yield Mark(words, False)
    left = [one.letter for i, one in enumerate(results) if i not in lost]
    if all(_equal(m.values) for m in (*found, *every_cv(results)) if m.better):
        yield Mark(text("The results are equal in everything that is compared."), None)
    elif len(left) > 1:
        yield Mark(text("None of {which} is beaten by another.", which=left), None)
    unproved = [one.letter for one in results if one.facts["status"] != "proved"]
    if unproved:
        yield Mark(text("Not proved in full: {which}.", which=unproved), False)
    if len({one.facts["standard"] for one in results}) > 1:
        yield Mark(
            text("The results are judged by different standards; their verdicts are not the same."), False
        )
    first, *others = results
    if not all(comparable(first, one) for one in others):
        words = text(
            "The results are not all of the same standard, people and tables: today's coefficients differ. Between those that are not, none is called beaten."
        )
        yield Mark(words, False)
    if len({frozenset(one.places) for one in results}) > 1:
        yield Mark(
            text("The results have different people: what counts people is not of the same roster."), False
        )
    yield Mark(text("Teachers who have not the same place in all: {n}.", n=len(differing(results))), None)


def _side_by_side(results: Sequence[Result], found: Sequence[Measure]) -> Table:
    lines: list[Line] = []
    for one in found:
        known = [value for value in one.values if value is not None]
        best = max(known, key=lambda value: one.better * value) if known and one.better else None
        worst = len(set(known)) > 1
        lines.append(
            (
                one.name,
                *(
                    "—"
                    if value is None
                    else Mark(f"{value:,.{one.digits}f}", True if worst and value == best else None)
                    for value in one.values
                ),
                _BETTER[one.better],
            )
        )
    columns = (text("What"), *(text("{letter}", letter=one.letter) for one in results), text("Better is"))
    note = text(
        "Green: the best of a line. —: not known. What has no better side stands there to be seen and decides nothing."
    )
    return Table(text("Side by side"), columns, tuple(lines), (note,))


_BETTER: dict[int, Cell] = {-1: text("less"), 0: "", 1: text("more")}


def _coefficients(results: Sequence[Result]) -> Table:
    """Show every coefficient of variation in September."""
    standard = _standard(results)
    lines: list[Line] = []
    for stage, indicator, measure in _cvs(results):
        rows = [one.balance.get((stage, indicator, measure)) for one in results]
        cells: list[Cell | Mark] = []
        for row in rows:
            value = row["after"] if row else ""
            judged = {"yes": True, "no": False}.get(row["pass_after"]) if row else None
            limit = float(row["threshold"]) if row and row["threshold"] else None
            cells.append(Mark(beside(float(value), limit, 3), judged) if value else "—")
        lines.append((_stage(standard, stage), _indicator(standard, indicator), *cells))
    columns = (
        text("Stage"),
        text("Indicator"),
        *(text("{letter}", letter=one.letter) for one in results),
    )
    note = text("Red: above the limit of its standard; green: within it.")
    return Table(text("Coefficients of variation in September"), columns, tuple(lines), (note,))


def _standard(results: Sequence[Result]) -> Standard | None:
    """Return the standard of all results where the program has it, for its names."""
    names = {one.facts["standard"] for one in results}
    return read_standard(names.pop(), Path())[0] if len(names) == 1 else None


def _stage(standard: Standard | None, stage: str) -> Cell:
    known = standard.stages.get(stage) if standard else None
    return known.name if known else stage


def _indicator(standard: Standard | None, indicator: str) -> Cell:
    known = standard.indicators.get(indicator) if standard else None
    return known.name if known else text("Composite CV") if indicator == "composite" else indicator


def _pairs(results: Sequence[Result]) -> Table:
    """Count who has another place, of every two results."""
    lines: list[Line] = []
    for one in results:
        cells = []
        for other in results:
            both = one.places.keys() | other.places.keys()
            cells.append(str(sum(one.places.get(who) != other.places.get(who) for who in both)))
        lines.append((one.letter, *cells))
    columns = (text("Result"), *(text("{letter}", letter=one.letter) for one in results))
    return Table(text("Teachers with another place, of every two results"), columns, tuple(lines))


def _people(results: Sequence[Result]) -> Table:
    lines: tuple[Line, ...] = tuple(
        (who, *(_place(place) for place in places)) for who, places in differing(results)
    )
    columns = (text("Teacher"), *(text("{letter}", letter=one.letter) for one in results))
    note = text(
        "School, stage and subject in September by their codes; —: without a place, or not of this roster."
    )
    return Table(text("Who has not the same place in all"), columns, lines, (note,), wide=True)


def _place(place: tuple[str, ...] | None) -> str:
    return " · ".join(place) if place and any(place) else "—"


def _written(place: tuple[str, ...] | None) -> str:
    """Write a place by its codes: - for none, nothing where the result does not have the teacher."""
    return "" if place is None else " ".join(place) if any(place) else "-"


def write_compare(results: Sequence[Result], out: Path, page: str, language: str) -> list[Path]:
    """Write compare.csv, compare_teachers.csv and compare.html for the owner alone.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    letters = [one.letter for one in results]
    rows = [
        {"measure": m.code, "better": m.better} | dict(zip(letters, m.values, strict=True))
        for m in measures(results)
    ]
    people = [
        {"teacher_id": who} | {letter: _written(place) for letter, place in zip(letters, places, strict=True)}
        for who, places in differing(results)
    ]
    contents = {
        "compare.csv": table(rows, language, ("measure", "better", *letters)),
        "compare_teachers.csv": table(people, language, ("teacher_id", *letters)),
        "compare.html": page,
    }
    return write_files(contents, out, _notice(results))
