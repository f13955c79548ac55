"""Questions that need a scenario read: answered in a process of their own, so that pages stay quick whatever is asked."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from allocator import app
from allocator.errors import InputsAreWrong
from allocator.explain.weigh import Weighing
from allocator.plan import places
from allocator.report.compare import compare_story, read_results
from allocator.report.explain import post_lines, refusal_lines, school_lines, teacher_lines, to_lines
from allocator.report.files import table
from allocator.report.html import page
from allocator.report.score import score_story
from allocator.scenario.schema import SHEETS
from allocator.words import say

Given = ParamSpec("Given")
Found = TypeVar("Found")
_KEPT = 3  # scenarios and plans held ready


class Asker:
    """Asks in another process; one that breaks is replaced."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pool = self._fresh()

    def _fresh(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def ask(self, question: Callable[Given, Found], *given: Given.args, **named: Given.kwargs) -> Found:
        """Ask, and wait for the answer.

        Raises
        ------
        BrokenExecutor
            Where the process was ended twice.
        """
        for last in (False, True):
            with self._lock:
                pool = self._pool
            try:
                return pool.submit(question, *given, **named).result()
            except BrokenExecutor:
                with self._lock:
                    if self._pool is pool:
                        self._pool = self._fresh()
                if last:
                    raise
        raise RuntimeError("never reached")

    def close(self) -> None:
        """End the process."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Say of which files a scenario is, so that an answer is of what stands there now."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.suffix in (".csv", ".toml"):
            about = path.stat()
            found.append((path.name, about.st_mtime_ns, about.st_size))
    return tuple(found)


def issues(folder: Path, language: str, _stamp: object) -> list[dict[str, Any]]:
    """Check a scenario: every issue as plain data, with what its cell holds."""
    return [
        {
            "severity": one.severity,
            "file": one.file.partition("/")[2] or one.file,
            "row": one.row,
            "column": one.header or one.column,
            "said": replace(one, file=_called(one.file, language)).say(language),
        }
        for one in app.missing(folder)
    ]


def _called(file: str, language: str) -> str:
    """Call a file of a scenario by its table, as the template does."""
    stem = file.rpartition("/")[2].partition(".")[0]
    return SHEETS.get(stem, stem) if language == "zh" else stem


def state(folder: Path, language: str, _stamp: object) -> str:
    """Return the page of the district as it stands, or why there is none."""
    try:
        return page(score_story(app.score(folder, {"language": language})))
    except InputsAreWrong as wrong:
        return "\n".join(one.say(language) for one in wrong.issues)


def facts(folder: Path, language: str, _stamp: object) -> dict[str, Any]:
    """Return what a form of settings offers: schools with their place, and the rules with their sentences."""
    try:
        scenario = app.check(folder, {"language": language})
    except InputsAreWrong:
        return {}
    schools = scenario.table("schools")
    return {
        "schools": [
            {
                "id": s,
                "name": n or "",
                "lat": float(a),
                "lon": float(o),
                "kind": k,
                "status": t,
                "closable": bool(c),
            }
            for s, n, a, o, k, t, c in schools[
                ["school_id", "name", "lat", "lon", "kind", "status", "closable"]
            ].itertuples(index=False)
        ],
        "teachers": len(scenario.table("teachers")),
        "rules": [
            {
                "id": row["id"],
                "said": say(row["said"], language),
                "level": row["level"],
                "parameters": {k: _plain(v["default"]) for k, v in row["parameters"].items()},
            }
            for row in app.rules()
        ],
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def compared(folders: list[Path], language: str) -> str:
    """Return the page that sets results side by side."""
    try:
        return page(compare_story(read_results(folders, language), language))
    except InputsAreWrong as wrong:
        return "\n".join(one.say(language) for one in wrong.issues)


@lru_cache(_KEPT)
def _scales(folder: Path, plan: Path, language: str, _stamp: object) -> Weighing:
    return app.scales(app.check(folder, {"language": language}), plan)


def answers(folder: Path, plan: Path, language: str, asked: dict[str, str], of: object) -> list[str]:
    """Answer a question about a plan in sentences; what does not exist is said.

    Parameters
    ----------
    asked
        ``teacher``, with ``to`` or ``refusal``; ``post``; or ``school``.
    """
    try:
        scales = _scales(folder, plan, language, of)
    except InputsAreWrong as wrong:
        return [one.say(language) for one in wrong.issues]
    problem = scales.problem
    named = {"/".join(place): at for at, place in enumerate(places(problem))}
    teachers, schools = list(problem.teachers.ids), list(problem.school_ids)
    if (who := asked.get("teacher", "")) in teachers:
        at, to = teachers.index(who), asked.get("to", "")
        if asked.get("refusal"):
            lines = refusal_lines(scales, at)
        elif to:
            posts = [post for name, post in named.items() if name == to or name.partition("/")[0] == to]
            if not posts:
                return []
            lines = to_lines(scales, at, posts)
        else:
            lines = teacher_lines(scales, at)
    elif asked.get("post", "") in named:
        lines = post_lines(scales, named[asked["post"]])
    elif asked.get("school", "") in schools:
        lines = school_lines(scales, schools.index(asked["school"]))
    else:
        return []
    return [say(line, language) for line in lines]


def offered(folder: Path, plan: Path, language: str, teacher: str, of: object) -> list[str]:
    """Return the places that exist in September, for an edit by hand; none where there is no such teacher."""
    scales = _scales(folder, plan, language, of)
    if teacher not in scales.problem.teachers.ids:
        return []
    return ["/".join(place) for place in places(scales.problem)]


def edited(
    folder: Path, plan: Path, out: Path, language: str, changes: dict[str, str], of: object
) -> list[str]:
    """Write a plan with other places for some teachers; returns what hinders it.

    Parameters
    ----------
    changes
        SCHOOL/STAGE/SUBJECT by teacher; empty for no place.
    """
    scales = _scales(folder, plan, language, of)
    named = {"/".join(place): at for at, place in enumerate(places(scales.problem))}
    ids = list(scales.problem.teachers.ids)
    wrong = [who for who, to in changes.items() if who not in ids or (to and to not in named)]
    if wrong:
        return wrong
    post = scales.plan.post.copy()
    for who, to in changes.items():
        post[ids.index(who)] = named.get(to, -1)
    rows = []
    all_places = places(scales.problem)
    for who, at in zip(ids, post, strict=True):
        school, stage, subject = all_places[at] if at >= 0 else ("", "", "")
        rows.append({"teacher_id": who, "to_school": school, "to_stage": stage, "to_subject": subject})
    out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    out.write_text(table(rows, language), encoding="utf-8")
    return []
