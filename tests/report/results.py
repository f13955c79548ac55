"""Result folders as an outside program sees them: CSV and JSON, read with the standard library alone."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allocator import app
from allocator.report.answer import Answer
from allocator.report.chapters import story
from allocator.report.files import write
from allocator.report.html import page
from allocator.report.story import Story

Row = dict[str, str]
Group = tuple[str, str, str]
TABLES = ("plan", "posts", "sections", "balance", "lessons")
MORE = ("requirements", "reach", "gaps", "attribution", "gains", "staff", "profile", "money")


@dataclass(frozen=True)
class Folder:
    """A result folder that was read, beside the answer it was written from and the tables that were asked."""

    path: Path
    answer: Answer
    plan: list[Row]
    posts: list[Row]
    sections: list[Row]
    balance: list[Row]
    lessons: list[Row]
    facts: dict[str, Any]
    teachers: dict[str, Row]

    @property
    def story(self) -> Story:
        """The story of the answer, without names."""
        return story(self.answer)

    @property
    def closed(self) -> set[str]:
        """Schools that close."""
        return set(self.answer.scenario.config.closures)

    def present(self) -> Counter[Group]:
        """Count the teachers of each post group with everybody at the present place, as far as it exists in September."""
        here = [r for r in self.plan if r["from_school"] and r["from_school"] not in self.closed]
        return Counter((r["from_school"], r["from_stage"], r["from_subject"]) for r in here)

    def places(self) -> dict[Group, int]:
        """Return the posts of September by group."""
        return {(r["school_id"], r["stage"], r["subject"]): int(r["posts"]) for r in self.posts}

    def pupils(self) -> dict[tuple[str, str], int]:
        """Return the pupils of September by section."""
        return {(r["school_id"], r["stage"]): int(r["pupils"]) for r in self.sections}


def rows(path: Path) -> list[Row]:
    """Read a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def solved(scenario: Path, out: Path, changes: Mapping[str, Any] | None = None) -> Folder:
    """Solve a scenario in English, write its result folder and read it."""
    answer = app.solve(scenario, {"language": "en"} | dict(changes or {}))
    return written(answer, out, scenario / "teachers.csv")


def written(answer: Answer, out: Path, teachers: Path) -> Folder:
    """Write the result folder of an answer and read it."""
    write(answer, out, page(story(answer)), ["allocator", "solve"])
    tables = {name: rows(out / f"{name}.csv") for name in TABLES}
    facts = json.loads((out / "result.json").read_text(encoding="utf-8"))
    roster = {row["teacher_id"]: row for row in rows(teachers)}
    return Folder(path=out, answer=answer, **tables, facts=facts, teachers=roster)


def columns(path: Path) -> list[str]:
    """Return the header of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))
