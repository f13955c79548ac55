"""Ties in sentences: who could have the place instead, and what decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from allocator.explain.ties import Tie
from allocator.explain.weigh import Weighing
from allocator.report.parts import codes, place
from allocator.words import Text, text


def tie_lines(scales: Weighing, teacher: int, ties: Sequence[Tie]) -> Iterator[Text]:
    """Say with whom nothing that is counted would change, by the place that the teacher would have, and what decided."""
    ids = scales.problem.teachers.ids
    for back in dict.fromkeys(tie.back for tie in ties):
        here = [tie for tie in ties if tie.back == back]
        yield text(
            "Nothing that is counted would change if one of these had this place and {teacher} were at {back}: {others}.",
            teacher=ids[teacher],
            back=place(scales.problem, back),
            others=codes([ids[tie.other] for tie in here]),
        )
        for decided in dict.fromkeys(tie.decided for tie in here):
            some = [tie.other for tie in here if tie.decided == decided]
            yield text(
                "    {others}: {why}",
                others=codes([ids[t] for t in some]),
                why=_why(scales, teacher, some, decided),
            )


def _why(scales: Weighing, teacher: int, others: Sequence[int], decided: str) -> Text:
    """Say what decides between a teacher and others."""
    problem = scales.problem
    if decided == "years":
        years = [problem.teachers.years[t] for t in (teacher, *others)]
        told = [text("not stated") if y != y else f"{y:.1f}" for y in years]
        longest = problem.config.priorities.first_to_move == "longest"
        words = text("more years at the school") if longest else text("fewer years at the school")
        return text(
            "alike in all that rules and levels read; who has {words} leaves first ({mine}; the others: {theirs})",
            words=words,
            mine=told[0],
            theirs=list(dict.fromkeys(told[1:])),
        )
    if decided == "draw":
        return text(
            "alike in all that rules and levels read, with as many years at the school; the draw with seed {seed} decided",
            seed=problem.config.seed,
        )
    if decided == "dealt":
        return text(
            "alike in all that rules and levels read, and with a new place too; the places were dealt out in the order of leaving: volunteers, years at the school, the draw with seed {seed}",
            seed=problem.config.seed,
        )
    if decided == "otherwise":
        return text(
            "alike in all that rules and levels read, and before {teacher} in the order of leaving, which this plan does not follow",
            teacher=problem.teachers.ids[teacher],
        )
    return text(
        "not alike in what rules and levels read, though nothing that is counted changes; no order decides between them: of plans that are equal the search takes one, always the same for the same tables"
    )
