"""What changes from an earlier plan, and what fewer changes would allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allocator.plan import Plan
from allocator.report.answer import Answer
from allocator.report.names import LEVELS
from allocator.report.parts import Cell, Line, Mark, Table, leading, school_at, teacher_at
from allocator.report.tables import named
from allocator.words import Text, text


def rows(answer: Answer) -> Iterator[dict[str, Any]]:
    """Yield the rows of changes.csv: everybody with another place than in the earlier plan."""
    if answer.again is None or answer.earlier is None:
        return
    for t in answer.again.changed.tolist():
        yield {
            "teacher_id": answer.problem.teachers.ids[t],
            **_place(answer, answer.earlier, t, "before"),
            **_place(answer, answer.result.plan, t, "now"),
        }


COLUMNS = (
    "teacher_id",
    *(f"{when}_{what}" for when in ("before", "now") for what in ("school", "stage", "subject")),
)


def _place(answer: Answer, plan: Plan, teacher: int, when: str) -> dict[str, str | None]:
    problem, post = answer.problem, int(plan.post[teacher])
    if post < 0:
        return {f"{when}_school": None, f"{when}_stage": None, f"{when}_subject": None}
    return {
        f"{when}_school": problem.school_ids[int(problem.post_school[post])],
        f"{when}_stage": problem.stages[int(problem.post_stage[post])],
        f"{when}_subject": problem.subjects[int(problem.posts.subject[post])],
    }


def changes(answer: Answer, names: bool) -> Table:
    """Show everybody with another place than in the earlier plan."""
    people = named(answer, names)
    lines: list[Line] = [
        (
            leading(people[row["teacher_id"]], teacher_at(row["teacher_id"])),
            _told(answer, row, "before"),
            _told(answer, row, "now"),
        )
        for row in rows(answer)
    ]
    columns = text("Teacher"), text("In the earlier plan"), text("Now")
    return Table(text("What changes from the earlier plan"), columns, tuple(lines), found=True)


def _told(answer: Answer, row: dict[str, Any], when: str) -> Cell | Mark:
    school, stage, subject = (row[f"{when}_{what}"] for what in ("school", "stage", "subject"))
    if school is None:
        return text("without a place")
    standard, problem = answer.scenario.standard, answer.problem
    words: Text = text(
        "{school}, {subject} ({stage})",
        school=problem.school_labels[problem.school_ids.index(school)],
        subject=standard.subjects[subject].name,
        stage=standard.stages[stage].name,
    )
    return leading(words, school_at(school))


def allowed(answer: Answer) -> Table:
    """Show what so many changes allow, beside what the earlier plan reached."""
    columns = text("Changes"), LEVELS["coverage"], LEVELS["evenness"]
    title = text("What fewer changes would allow")
    if answer.again is None or len(answer.again.steps) < 2:
        return Table(title, columns, ())
    before = answer.again.before
    lines: list[Line] = [(text("the earlier plan"), f"{before.coverage:.6g}", f"{before.evenness:.6g}")]
    lines += [(str(s.changes), f"{round(s.coverage, 3):g}", f"{s.evenness:.6g}") for s in answer.again.steps]
    note = text(
        "Changes are people of the earlier plan who get another place; those who had none do not count. The fewest are taken with which the plan is as good as the earlier one, or as good as it can be, within the gap that the scenario asks for."
    )
    return Table(title, columns, tuple(lines), (note,))
