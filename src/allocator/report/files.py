"""The result folder: every file of the public contract, written for the owner alone."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import platform
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from allocator.metrics.rows import GainRow, GapRow, MoneyRow, ReachRow, RequirementRow, Row
from allocator.plan import ROUNDS
from allocator.report.answer import Answer
from allocator.report.procedure import prices
from allocator.report.reasons import reasons
from allocator.roads import Floats
from allocator.rules.exchange import ExchangeTerm
from allocator.rules.travel import way_km
from allocator.words import Text, say

PICTURES = r"figure-\d\d-(curve|before-after|map|flow)\.(svg|png)"
"""Names of pictures: those of an earlier run go when a result is replaced."""
_PACKAGES = ("allocator", "ortools", "highspy", "numpy", "pandas")


def write(
    answer: Answer,
    out: Path,
    page: str,
    command: Sequence[str],
    workbook: bytes | None = None,
    more: Mapping[str, str | bytes] | None = None,
) -> list[Path]:
    """Write the result folder.

    Parameters
    ----------
    answer
        What was solved.
    out
        Folder to write to; it is made, for the owner alone. Files of an earlier result are replaced when all
        new ones are complete, and its notice goes where there is none any more; others are left alone.
    page
        The report as HTML.
    command
        The command line, for the manifest.
    workbook
        The same as a workbook, where there is one.
    more
        What else was asked for, by file name: pictures, the frontier.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    language = answer.scenario.config.language
    card = answer.card
    contents: dict[str, str | bytes] = {
        "plan.csv": table(plan_rows(answer), language),
        **{name: table(cells(rows), language, columns(name)) for name, rows in card.files().items()},
        "result.json": json.dumps(facts(answer, command), ensure_ascii=False, indent=1) + "\n",
        "report.html": page,
    }
    if workbook is not None:
        contents["report.xlsx"] = workbook
    contents |= more or {}
    shared = any(os.path.lexists(out / name) for name in ("frontier.html", "closures.html"))
    ours = "" if shared else rf"{PICTURES}|frontier\.csv"
    return write_files(contents, out, answer.scenario.config.notice, ours)


def write_files(contents: Mapping[str, str | bytes], out: Path, notice: str, ours: str = "") -> list[Path]:
    """Write files into a folder, all or none, for the owner alone, with the notice beside them.

    A name may have a folder before it, which is made.

    Parameters
    ----------
    ours
        A pattern of names: files of an earlier run that match it, and are not written now, go.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    if notice:
        contents = {**contents, "NOTICE.txt": notice + "\n"}
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = {out / name: (out / name).with_name(f".{Path(name).name}.new") for name in contents}
    for folder in {path.parent for path in fresh} - {out}:
        if folder.is_symlink():  # what lies behind it is not ours
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(folder))
    for path in fresh:
        path.parent.mkdir(exist_ok=True, mode=0o700)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    try:
        for path, content in zip(fresh.values(), contents.values(), strict=True):
            _write(path, content)
        for path, new in fresh.items():
            new.replace(path)
    finally:
        for new in fresh.values():
            new.unlink(missing_ok=True)
    for old in out.iterdir():
        if old.name not in contents and re.fullmatch(ours, old.name) and old.is_file():
            old.unlink()
    if not notice and {path.name for path in out.iterdir()} <= {
        "NOTICE.txt",
        *(Path(name).parts[0] for name in contents),
    }:
        (out / "NOTICE.txt").unlink(missing_ok=True)  # that of an earlier result, which is replaced whole
    return list(fresh)


def _write(path: Path, content: str | bytes) -> None:
    """Write a file for the owner alone; what is not Unicode, as in names of folders, is written in escapes."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace"))


_MAY_BE_EMPTY: dict[str, type[Row]] = {
    "requirements.csv": RequirementRow,
    "reach.csv": ReachRow,
    "gaps.csv": GapRow,
    "gains.csv": GainRow,
    "money.csv": MoneyRow,
}


def columns(name: str) -> list[str]:
    """Columns of a file that may have no rows; none for other files."""
    return [field.name for field in fields(_MAY_BE_EMPTY[name])] if name in _MAY_BE_EMPTY else []


def cells(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Columns by name of each row."""
    return [row.cells() for row in rows]


def table(rows: Sequence[Mapping[str, Any]], language: str, columns: Iterable[str] = ()) -> str:
    """Put rows into CSV: yes and no for truth, an empty cell for what is not known; the columns alone without rows."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if header := list(rows[0] if rows else columns):
        writer.writerow(header)
    writer.writerows([cell(value, language) for value in row.values()] for row in rows)
    return out.getvalue()


def cell(value: Any, language: str) -> str:
    """Show a value in a table: yes and no for truth, nothing for what is not known."""
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, Text):
        return say(value, language)
    if isinstance(value, float | np.floating):
        return repr(round(float(value), 10) + 0.0).removesuffix(".0")
    return str(value)


def plan_rows(answer: Answer) -> list[dict[str, Any]]:
    """Rows of plan.csv: every teacher of the roster, in its order."""
    problem, plan = answer.problem, answer.result.plan
    labels = answer.result.rounds
    why, km, until = reasons(problem, plan, labels), moved_km(answer), _until(answer)
    people, schools = problem.teachers, problem.schools["school_id"].to_numpy(dtype=object)
    section, subject = plan.section(problem), plan.subject(problem)
    rows = []
    for t, teacher in enumerate(people.ids):
        home, place = int(people.home[t]), int(section[t])
        zone = [int(problem.section_zone[u]) if u >= 0 else -1 for u in (home, place)]
        stage = [int(problem.sections.stage[u]) if u >= 0 else -1 for u in (home, place)]
        school = [None if u < 0 else schools[problem.sections.school[u]] for u in (home, place)]
        rows.append(
            {
                "teacher_id": teacher,
                "from_school": school[0],
                "from_stage": None if home < 0 else problem.stages[stage[0]],
                "from_subject": problem.subjects[people.subject[t]],
                "to_school": school[1],
                "to_stage": None if place < 0 else problem.stages[stage[1]],
                "to_subject": None if place < 0 else problem.subjects[subject[t]],
                "moved": home >= 0 and place >= 0 and school[0] != school[1],
                "round": labels[t],
                "km": None if np.isnan(km[t]) else round(float(km[t]), 1),
                "cross_zone": min(zone) >= 0 and zone[0] != zone[1],
                "cross_stage": min(stage) >= 0 and stage[0] != stage[1],
                "reason": why[t],
                "until": until[t],
            }
        )
    return rows


def _until(answer: Answer) -> list[str | None]:
    """Month in which the exchange of those who leave an open school ends; not of those who return from one."""
    problem = answer.problem
    years = next((r.years for r in answer.result.rules if isinstance(r, ExchangeTerm)), None)
    away = answer.result.plan.away(problem)
    end, schools = f"{problem.config.school_year + (years or 0)}-09", answer.result.plan.school(problem)
    back = [
        school >= 0 and person["exchange_from"] == problem.school_ids[school]
        for person, school in zip(problem.people, schools, strict=True)
    ]
    return [
        end if years and leaves and not returns else None for leaves, returns in zip(away, back, strict=True)
    ]


def moved_km(answer: Answer) -> Floats:
    """Road length of the way to each new school, nan for those who stay or whose way is not known.

    From home where it is known, else from the present school.
    """
    problem, plan = answer.problem, answer.result.plan
    school, everyone = plan.school(problem), np.arange(len(problem.teachers))
    way = way_km(problem, everyone)[everyone, np.maximum(school, 0)]
    known = (problem.home_school >= 0) | ~np.isnan(problem.home_km[:, 0])
    return np.where((school >= 0) & (school != problem.home_school) & known, way, np.nan)


def facts(answer: Answer, command: Sequence[str]) -> dict[str, Any]:
    """Content of result.json."""
    config, result = answer.scenario.config, answer.result
    return {
        "title": config.title,
        "notice": config.notice,
        "standard": answer.scenario.standard.id,
        "status": result.status,
        "levels": [
            {
                "name": level.name,
                "objective": level.objective + 0.0,
                "bound": level.bound + 0.0,
                "gap": level.gap,
                "seconds": round(level.seconds, 3),
                "status": level.status,
                "held": level.held,
                "round": level.round,
            }
            for level in result.levels
        ],
        "counts": counts(answer),
        "procedure": {p.code: {"rounds": p.rounds, "joint": p.joint} for p in prices(answer)},
        "rules": _audit(answer),
        "prices": [vars(price) for price in answer.prices],
        "journeys": [vars(journey) for journey in answer.problem.journeys],
        "staff": cells(answer.card.staff),
        "subjects": cells(answer.card.subjects),
        "warnings": [
            {"file": w.file, "row": w.row, "column": w.column, "text": w.say(config.language)}
            for w in answer.problem.warnings
        ],
        "manifest": {
            "files": dict(answer.problem.files),
            "seed": config.seed,
            "versions": {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()},
            "command": list(command),
            "time": answer.began.isoformat(timespec="seconds"),
            "seconds": round(answer.seconds, 3),
        },
    }


def counts(answer: Answer) -> dict[str, Any]:
    """Count people and posts."""
    problem, plan = answer.problem, answer.result.plan
    labels = Counter(answer.result.rounds)
    closes = (problem.home_school >= 0) & problem.closing[problem.home_school]
    return {
        "teachers": len(problem.teachers),
        "eligible": len(answer.result.eligible),
        "moved_from_open_schools": int(plan.away(problem).sum()),
        "budget": answer.result.budget,
        "moved_from_closing_schools": int((closes & (plan.post >= 0)).sum()),
        "recruits": int(problem.teachers.recruit.sum()),
        "rounds": {name: labels.get(name, 0) for name in ROUNDS},
        "posts": int(problem.posts.places.sum()),
        "unfilled": sum(row.unfilled for row in answer.card.posts),
        "unfilled_if_nobody_moved": sum(row.unfilled for row in answer.still.posts),
        "extra": sum(row.extra for row in answer.card.posts),
        "schools_closed": int(problem.closing.sum()),
        "posts_freed": sum(row.posts_freed for row in answer.card.staff),
    }


def _audit(answer: Answer) -> list[dict[str, Any]]:
    """Every rule that is on, and what the witness, which shares no code with the model, finds against it."""
    language = answer.scenario.config.language
    return [
        {
            "id": rule.id,
            "level": rule.level,
            "sentence": say(rule.said(), language),
            "parameters": rule.parameters,
            "standing": say(rule.standing(answer.problem, answer.result.plan) or "", language),
            "violations": [
                {"who": list(v.who), "amount": v.amount, "sentence": say(v.sentence, language)}
                for v in answer.result.violations
                if v.rule == rule.id
            ],
        }
        for rule in answer.result.rules
    ]
