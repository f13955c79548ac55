"""A sweep of closures, written as it goes and told at its end; what stands in its folder is not sought again."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from io import StringIO
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from allocator.closures.choose import proved
from allocator.closures.sweep import Case, Found, varied
from allocator.errors import InputsAreWrong, Issue
from allocator.report.closures import NO_DECISION, assumed
from allocator.report.files import cell as _cell
from allocator.report.files import table, write_files
from allocator.report.parts import Line, Mark, Table, percent
from allocator.report.story import Story, headed
from allocator.scenario.read import Scenario
from allocator.words import Text, text

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_COLUMNS = (
    *("case", "enrolment", "minutes", "below", "by", "townships", "same", "most_closures", "aim", "closures"),
    *("posts_worth", "posts_bound", "gap", "classes_saved", "pupils", "pupil_km", "longest_minutes"),
    *("riding_km", "boarding", "whole", "rows", "closed"),
)
_SCHOOLS = ("school_id", "setting", "value", "scenarios", "closing", "share")
_ROWS, _FACTS = "sweep.csv", "sweep.json"
_CLOSE = 0.005
_AIMS: dict[str, Text] = {
    "posts": text("most posts"),
    "between": text("between the two"),
    "way": text("least way"),
}
_SETTINGS: dict[str, Text] = {
    "enrolment": text("factor on the pupils"),
    "minutes": text("factor on the minutes"),
    "below": text("pupils below"),
    "by": text("pupils go together by"),
    "townships": text("last school of a township stays"),
    "same": text("same cells"),
    "closures": text("closures at most"),
}
_YES: dict[str, Text] = {
    "yes": text("yes"),
    "no": text("no"),
    "stage": text("stage"),
    "school": text("school"),
}


@dataclass(frozen=True)
class Swept:
    """A sweep as far as it is done.

    Parameters
    ----------
    cases
        All that were asked.
    done
        How many of them are.
    rows
        The rows of sweep.csv, as they stand there.
    """

    scenario: Scenario
    cases: tuple[Case, ...]
    done: int
    rows: tuple[Mapping[str, str], ...]


class Record:
    """The table of a sweep in its folder, case by case."""

    def __init__(self, scenario: Scenario, cases: Sequence[Case], out: Path) -> None:
        """Open the table of a folder, or begin one; what follows a row that is none of this sweep is sought again.

        Raises
        ------
        InputsAreWrong
            Where the folder holds a sweep of other tables, other settings or another program.
        OSError
            Where the folder cannot be written.
        """
        self._path, self._language = out / _ROWS, scenario.config.language
        facts = json.dumps(_facts(scenario), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        kept: list[dict[str, str]] = []
        if os.path.lexists(out / _FACTS) or os.path.lexists(self._path):
            _same(out, facts, self._language)
            kept = list(_sound_rows(self._path, cases, set(scenario.table("schools")["school_id"])))
        header = table([], self._language, _COLUMNS)
        write_files({_FACTS: facts, _ROWS: header + _lines(kept)}, out, scenario.config.notice)
        self.rows = kept
        self.done = int(kept[-1]["case"]) if kept else 0

    def add(self, case: Case, found: Found) -> None:
        """Append the rows of the next case, all at once."""
        self.done += 1
        content = table(list(_case_rows(self.done, case, found)), self._language).partition("\n")[2]
        self.rows += [dict(zip(_COLUMNS, row, strict=True)) for row in _read(content)]
        with self._path.open("a", encoding="utf-8", newline="") as file:
            file.write(content)


@contextmanager
def opened(scenario: Scenario, cases: Sequence[Case], out: Path) -> Iterator[Record]:
    """Open the table of a sweep for this process alone.

    Raises
    ------
    InputsAreWrong
        As :class:`Record`, and where another process is at work in the folder.
    OSError
        Where the folder cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(out / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _locked(handle):
            found, expected = text("a sweep that is at work in this folder"), text("one sweep at a time")
            way = text("wait for it, or name another folder")
            raise InputsAreWrong([Issue(_LOCK, None, None, found, expected, way)], scenario.config.language)
        yield Record(scenario, cases, out)
    finally:
        os.close(handle)  # which gives the lock back, whatever becomes of this process


_LOCK = ".sweep.lock"


def _locked(handle: int) -> bool:
    """Take the lock of an open file; whether nobody else has it."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _facts(scenario: Scenario) -> dict[str, Any]:
    """Return what a sweep depends on."""
    config = scenario.config
    return {
        "program": {name: version(name) for name in ("allocator", "ortools")},
        "files": dict(scenario.files),
        "seconds": config.budget.seconds,
        "seed": config.seed,
    }


def _same(out: Path, facts: str, language: str) -> None:
    """Refuse a folder whose sweep depends on something else."""
    path = out / _FACTS
    if path.is_file() and path.read_bytes() == facts.encode("utf-8", "backslashreplace"):
        return
    found = text("a sweep of other tables, other settings or another version of the program")
    expected, way = text("the sweep that is asked for, or none"), text("name another folder")
    raise InputsAreWrong([Issue(path.name, None, "", found, expected, way)], language)


def _sound_rows(path: Path, cases: Sequence[Case], schools: set[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of whole cases from the first, as long as they are what this sweep writes; not of the last, which may be torn."""
    if not path.is_file():
        return
    table_ = list(_read(path.read_bytes().decode("utf-8", "replace")))
    if not table_ or tuple(table_[0]) != _COLUMNS:
        return
    by_case = [list(rows) for _, rows in groupby(table_[1:], key=lambda row: row[0] if row else "")]
    for rows, (n, case) in zip(by_case[:-1], enumerate(cases, start=1), strict=False):
        if any(len(row) != len(_COLUMNS) for row in rows):
            return
        listed = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        if not _sound(
            listed, {name: _cell(value, "en") for name, value in _begins(n, case).items()}, schools
        ):
            return
        yield from listed


def _sound(rows: Sequence[Mapping[str, str]], begins: Mapping[str, str], schools: set[str]) -> bool:
    """Whether the rows of a case are such as are written: its settings, each aim once, numbers, schools that there are."""
    aims = [row["aim"] for row in rows]
    return (
        len(set(aims)) == len(aims)
        and (aims == [""] or set(aims) <= _AIMS.keys())
        and all(_sound_row(row, len(rows), begins, schools) for row in rows)
    )


def _sound_row(row: Mapping[str, str], rows: int, begins: Mapping[str, str], schools: set[str]) -> bool:
    closed = _codes(row["closed"])
    return (
        row["rows"] == str(rows)
        and row["whole"] in ("yes", "no")
        and row["closures"] == str(len(closed))
        and set(closed) <= schools
        and all(row[name] == value for name, value in begins.items())
        and all(_is_number(row[name]) for name in _NUMBERS if row["aim"])
    )


_NUMBERS = _COLUMNS[_COLUMNS.index("closures") : _COLUMNS.index("whole")]


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _read(content: str) -> Iterator[list[str]]:
    """Rows of a table; a last line that is torn is left out."""
    yield from csv.reader(StringIO(content[: content.rfind("\n") + 1], newline=""))


def _lines(rows: Iterable[Mapping[str, str]]) -> str:
    return table(list(rows), "en").partition("\n")[2]


def _case_rows(number: int, case: Case, found: Found) -> Iterator[dict[str, Any]]:
    """Yield a row for each proposal of a case, or one that says that there is none."""
    begins = _begins(number, case)
    if not found.proposals:
        nothing = dict.fromkeys(_COLUMNS[len(begins) :])
        yield begins | nothing | {"closures": 0, "whole": found.whole, "rows": 1}
    for (proposal, worth), closed in zip(found.proposals, found.closed, strict=True):
        values = [
            proposal.aim,
            len(closed),
            worth.posts,
            *proved(proposal, worth),
            worth.classes,
            worth.pupils,
            worth.pupil_km,
            worth.longest,
            worth.riding_km,
            worth.boarding,
            found.whole,
            len(found.proposals),
            ";".join(_escaped(school) for school in closed),
        ]
        yield begins | dict(zip(_COLUMNS[len(begins) :], values, strict=True))


def _begins(number: int, case: Case) -> dict[str, Any]:
    """Return the number and the settings of a case, with which each of its rows begins."""
    closing = case.terms.closing
    return {
        "case": number,
        "enrolment": case.terms.enrolment,
        "minutes": case.terms.minutes,
        "below": closing.below,
        "by": closing.by,
        "townships": closing.townships,
        "same": ";".join(closing.same),
        "most_closures": case.closures,
    }


def _escaped(code: str) -> str:
    return code.replace("\\", "\\\\").replace(";", "\\;")


def _codes(cell: str) -> list[str]:
    """Read the codes of a cell back."""
    return [re.sub(r"\\(.)", r"\1", one, flags=re.S) for one in _CODE.findall(cell)] if cell else []


_CODE = re.compile(r"(?:[^;\\]|\\.)+", re.S)


def school_rows(swept: Swept) -> Iterator[dict[str, Any]]:
    """Yield the rows of sweep_schools.csv: in how many of the scenarios each school closes, in all and by each setting."""
    names = ("", "aim", *(_COLUMN.get(name, name) for name in varied(swept.scenario.config.sweep)))
    told = [row for row in swept.rows if row["aim"]]
    of = Counter((name, row.get(name, "")) for row in told for name in names)
    closing = Counter(
        (school, name, row.get(name, ""))
        for row in told
        for school in _codes(row["closed"])
        for name in names
    )
    for school in _ever(swept):
        for (name, value), n in sorted(of.items(), key=lambda one: names.index(one[0][0])):
            some = closing[school, name, value]
            yield dict(zip(_SCHOOLS, (school, name, value, n, some, some / n), strict=True))


_COLUMN = {"closures": "most_closures"}


def _ever(swept: Swept) -> list[str]:
    """Schools that some scenario closes, those that most close first."""
    counts = Counter(school for row in swept.rows for school in _codes(row["closed"]))
    return sorted(counts, key=lambda school: (-counts[school], school))


def write_sweep(swept: Swept, out: Path, page: str) -> list[Path]:
    """Write sweep_schools.csv and sweep.html beside the table of the sweep.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    config = swept.scenario.config
    contents = {
        "sweep_schools.csv": table(list(school_rows(swept)), config.language, _SCHOOLS),
        "sweep.html": page,
    }
    return write_files(contents, out, config.notice)


def sweep_story(swept: Swept) -> Story:
    """Tell a sweep."""
    told = [_schools(swept), _settings(swept), assumed(swept.scenario)]
    return headed(swept.scenario, _verdict(swept), told)


def _verdict(swept: Swept) -> Iterator[Mark]:
    """Yield what a reader must know first."""
    found = [row for row in swept.rows if row["aim"]]
    words = text(
        "Scenarios: {n}, of {cases} cases: combinations of numbers of closures and safeguards, each with the most posts, with the least way, and between the two.",
        n=len(found),
        cases=swept.done,
    )
    yield Mark(words, None)
    if swept.done < len(swept.cases):
        words = text(
            "Ended before its time: {done} of {all} cases. The same command goes on from there.",
            done=swept.done,
            all=len(swept.cases),
        )
        yield Mark(words, False)
    if open_ := sum(row["whole"] == "no" for row in swept.rows):
        words = text(
            "Rows whose search did not come to an end in its time, so that there may be better or other choices: {n}.",
            n=open_,
        )
        yield Mark(words, False)
    if empty := sum(not row["aim"] and row["whole"] == "yes" for row in swept.rows):
        yield Mark(text("Cases in which no closure is possible or frees a post: {n}.", n=empty), None)
    if not found:
        return
    gaps = [float(row["gap"]) for row in found]
    n, worst = sum(gap < _CLOSE for gap in gaps), max(gaps)
    words = text(
        "Proved: of {n} of {all} scenarios, no choice with as many closures or fewer and no longer way frees more posts by more than {gap}; of the others, by more than {worst}.",
        n=n,
        all=len(found),
        gap=percent(_CLOSE),
        worst=percent(worst),
    )
    if n == len(found):
        words = text(
            "Proved: in no scenario does a choice with as many closures or fewer and no longer way free more posts by more than {gap}.",
            gap=percent(worst),
        )
    if not worst:
        words = text(
            "Proved: in no scenario does a choice with as many closures or fewer and no longer way free more posts."
        )
    yield Mark(words, n == len(found))
    always = [row["school_id"] for row in school_rows(swept) if not row["setting"] and row["share"] == 1]
    words = text("Schools that every scenario closes: {schools}.", schools=always)
    yield Mark(
        words if always else text("No school closes in every scenario: each closure is a choice."), None
    )
    yield Mark(NO_DECISION, None)


def _schools(swept: Swept) -> Table:
    """Show how often each school closes, in all scenarios and by each setting."""
    shares = {(row["school_id"], row["setting"], row["value"]): row["share"] for row in school_rows(swept)}
    heads = [("", "")]
    heads += [(name, value) for school, name, value in shares if name and school == next(iter(shares))[0]]
    schools = swept.scenario.table("schools").set_index("school_id")["name"]
    lines: list[Line] = []
    for school in _ever(swept):
        named = text("{name} ({code})", name=schools[school] or school, code=school)
        lines.append((named, *(f"{100 * shares[school, *head]:.0f}%" for head in heads)))
    columns = (text("School"), text("All scenarios"), *(_head(*head) for head in heads[1:]))
    note = text(
        "The share of the scenarios that close the school: of all, and of those with one setting. A school that closes whatever the aim, the safeguards and the enrolment is a robust proposal; one that closes in few is a choice. A case with so many closures at most may close fewer. Every value stands in sweep_schools.csv, every scenario in sweep.csv."
    )
    return Table(text("How often each school closes"), columns, tuple(lines), (note,))


def _head(name: str, value: str) -> Text:
    if name == "aim":
        return _AIMS[value]
    setting = _SETTINGS["closures" if name == "most_closures" else name]
    return text("{setting}: {value}", setting=setting, value=_shown(value))


def _shown(value: str) -> Text | str:
    return _YES.get(value, value or "—")


def _settings(swept: Swept) -> Table:
    """Show what each value of a setting does to the scenarios with the most posts."""
    lines: list[Line] = []
    for name in varied(swept.scenario.config.sweep):
        column = _COLUMN.get(name, name)
        for value in dict.fromkeys(row[column] for row in swept.rows):
            mine = [row for row in swept.rows if row[column] == value and row["aim"] == "posts"]
            if mine:
                lines.append(
                    (
                        _SETTINGS[name],
                        _shown(value),
                        f"{len(mine):,}",
                        _middle(mine, "closures", "{:.0f}".format),
                        _middle(mine, "posts_worth", "{:.1f}".format),
                        _middle(mine, "pupils", "{:,.0f}".format),
                        _middle(mine, "longest_minutes", "{:.0f}".format),
                    )
                )
    columns = (
        text("Setting"),
        text("Value"),
        text("Scenarios"),
        text("Schools"),
        text("Posts by classes"),
        text("Pupils"),
        text("Longest way (minutes)"),
    )
    note = text("Medians of the scenarios with the most posts that have the value.")
    return Table(text("What each setting does"), columns, tuple(lines), (note,))


def _middle(rows: Iterable[Mapping[str, str]], column: str, shown: Callable[[float], str]) -> str:
    return shown(median(float(row[column]) for row in rows))
