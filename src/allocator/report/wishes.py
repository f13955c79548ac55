"""Wishes told: which were not granted, why, and who came instead."""

from __future__ import annotations

from allocator.explain.weigh import Weighing
from allocator.explain.wishes import Refused, no_group_swaps, refused_wishes
from allocator.report.answer import Answer
from allocator.report.explain import effect
from allocator.report.parts import Cell, Line, Mark, Table, codes
from allocator.report.tables import named
from allocator.solving.levels import wished
from allocator.words import Text, text


def refused(answer: Answer, names: bool) -> Table:
    """Show every wish that was not granted, and what stood against it."""
    title = text("Wishes that were not granted")
    if not wished(answer.problem):
        return Table(title, (), ())
    scales = Weighing(answer.problem, answer.result.rules, answer.result.plan)
    people = named(answer, names)
    found = list(refused_wishes(scales))
    lines: list[Line] = []
    for one in found:
        code = answer.problem.teachers.ids[one.teacher]
        lines.append(
            (
                people[code],
                answer.problem.school_labels[one.school],
                str(one.rank),
                _why(scales, one),
                codes([people[answer.problem.teachers.ids[u]] for u in one.envied]) if one.envied else "",
            )
        )
    columns = (
        text("Teacher"),
        text("School"),
        text("Wish"),
        text("What stands against it"),
        text("Came there with fewer points"),
    )
    notes = [
        text(
            "Wishes before the one that was granted. Effects are those of this teacher there and nobody else changed. Those who came there with fewer points hold a post that would be lawful for the teacher too."
        )
    ]
    if no_group_swaps(answer.result):
        notes.append(
            text(
                "Proved: no group could exchange places so that somebody gets an earlier wish and nobody a later one, with what the levels before the wishes reach."
            )
        )
    return Table(title, columns, tuple(lines), tuple(notes), wide=len(lines) > _LONG, found=True)


_LONG = 30  # wishes, from which the table is folded away


def _why(scales: Weighing, one: Refused) -> Cell | Mark:
    if one.outcome is not None:
        return effect(scales, one.outcome)
    if not one.refused:
        return text("the school has no posts in September")
    said: list[Text] = [text("'{rule}' ({what})", rule=r.rule.id, what=r.why) for r in one.refused]
    return text("refused by {rules}", rules=said)
