"""Where posts and lessons want teachers: subject by section, before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from allocator.metrics.rows import LessonRow, PostRow
from allocator.report.answer import Answer
from allocator.report.parts import Cell, Line, Mark, Table
from allocator.report.scorecard import school_names
from allocator.words import Text, text

_SHADES = (1, 3)  # teachers short or beyond from which a cell is darker
_NONE = 1e-9


def shortages(answer: Answer) -> Table:
    """Show teachers less posts of every subject in every section, today and in September."""
    standard, names = answer.scenario.standard, school_names(answer.problem)
    by: dict[tuple[str, str], dict[str, PostRow]] = defaultdict(dict)
    for row in answer.card.posts:
        by[row.school_id, row.stage][row.subject] = row
    here = [s for s in standard.subjects if any(s in rows for rows in by.values())]
    lines: list[Line] = [
        (names[school], standard.stages[stage].name, *(_balance(rows.get(s)) for s in here))
        for (school, stage), rows in by.items()
    ]
    columns = (text("School"), text("Stage"), *(standard.subjects[s].name for s in here))
    note = text(
        "Teachers less posts, today → in September, of those whose post is of that subject: red where teachers are short in September, blue where there are more than posts; ·: neither posts nor teachers."
    )
    return Table(
        text("Shortage map: subject by section"),
        columns,
        tuple(lines),
        (note,),
        wide=len(lines) > _FOLD,
        found=True,
    )


_FOLD = 100  # sections, from which the map is folded away


def _balance(row: PostRow | None) -> Cell | Mark:
    if row is None or not (row.posts or row.posts_before or row.filled_before or row.filled_after):
        return "·"
    before, after = row.filled_before - row.posts_before, row.filled_after - row.posts
    shown = f"{after:+d}" if after else "0"
    was = f"{before:+d}" if before else "0"
    step = sum(abs(after) >= least for least in _SHADES) * (1 if after > 0 else -1)
    return Mark(
        f"{was} → {shown}".replace("-", "−") if was != shown else shown.replace("-", "−"),
        None,
        key=after,
        shade=step,
    )


def lessons(answer: Answer) -> Table:
    """Show the lessons a week of each subject that no teacher of the section can give."""
    standard = answer.scenario.standard
    by: dict[tuple[str, str], list[LessonRow]] = defaultdict(list)
    for row in answer.card.lessons:
        by[row.stage, row.subject].append(row)
    lines = [
        (standard.stages[stage].name, standard.subjects[subject].name, *_open(rows))
        for (stage, subject), rows in by.items()
        if sum(r.lessons_before - r.covered_before + r.lessons - r.covered_after for r in rows) > _NONE
    ]
    columns: tuple[Text, ...] = (
        text("Stage"),
        text("Subject"),
        text("Lessons a week"),
        text("Without a teacher today"),
        text("Without a teacher in September"),
        text("Sections concerned in September"),
    )
    note = text(
        "Lessons that neither the main nor the further subjects of the section's teachers cover; each section stands in lessons.csv."
    )
    return Table(text("Lessons without a teacher"), columns, tuple(lines), (note,))


def _open(rows: Sequence[LessonRow]) -> tuple[Cell | Mark, ...]:
    before = sum(row.lessons_before - row.covered_before for row in rows)
    after = sum(row.lessons - row.covered_after for row in rows)
    good = True if after <= _NONE else False if after > before + _NONE else None
    return (
        f"{sum(row.lessons for row in rows):,.0f}",
        f"{before:,.1f}",
        Mark(f"{after + 0.0:,.1f}", good),
        str(sum(row.lessons - row.covered_after > _NONE for row in rows)),
    )
