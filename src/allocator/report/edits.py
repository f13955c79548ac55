"""What was changed by hand, in sentences: the price of each choice and of all, and what could have been chosen instead."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.explain.edits import Edit, Edits
from allocator.explain.weigh import Outcome, Weighing
from allocator.report.explain import breaches, difference, effect
from allocator.report.parts import place
from allocator.words import Text, text


def edit_lines(scales: Weighing, found: Edits | None) -> Iterator[Text]:
    """Say what was changed by hand, and what it costs."""
    if found is None:
        yield text("Nobody has another place than in the plan before.")
        return
    yield text(
        "Teachers with another place by hand: {n}. All of them together:", n=len(found.together.changes)
    )
    yield from _all_levels(scales, found.together)
    for together, some in found.groups:
        if len(some) > 1:
            yield text(
                "{who} take posts from one another; together: {effect}",
                who=[scales.problem.teachers.ids[one.teacher] for one in some],
                effect=effect(scales, together),
            )
        for one in some:
            yield from _choice(scales, one, linked=len(some) > 1)


def _all_levels(scales: Weighing, one: Outcome) -> Iterator[Text]:
    """Say every level that changes, and the rules that are broken."""
    changed = [text("    {words}", words=words) for words in difference(scales, one)]
    yield from changed or [text("    nothing that is counted changes")]
    for words in breaches(one):
        yield text("    breaks {rules}", rules=words)


def _choice(scales: Weighing, one: Edit, *, linked: bool) -> Iterator[Text]:
    """Say what one choice costs, and what would have cost less."""
    values = {
        "teacher": scales.problem.teachers.ids[one.teacher],
        "was": place(scales.problem, one.was),
        "now": place(scales.problem, one.now),
        "effect": effect(scales, one.alone),
    }
    if linked:
        yield text("{teacher}: {was} → {now}; without the others: {effect}", **values)
    else:
        yield text("{teacher}: {was} → {now}: {effect}", **values)
    if one.elsewhere.free:
        yield text(
            "    other posts for {teacher} that break nothing: {n}; better than this choice: {better}. The best:",
            teacher=values["teacher"],
            n=one.elsewhere.free,
            better=one.elsewhere.better,
        )
        for other in one.elsewhere.best:
            here = place(scales.problem, other.changes[0][1])
            yield text("        {place}: {effect}", place=here, effect=effect(scales, other))
    if one.instead.free:
        yield text(
            "    others who could take that post and break nothing: {n}; better than this choice: {better}. The best:",
            n=one.instead.free,
            better=one.instead.better,
        )
        for other in one.instead.best:
            who = other.changes[0][0]
            yield text(
                "        {other} ({place}): {effect}",
                other=scales.problem.teachers.ids[who],
                place=place(scales.problem, int(scales.plan.post[who])),
                effect=effect(scales, other),
            )
