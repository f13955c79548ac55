"""What is missing, and the fewest people that would bring it: by coefficient of variation, and by school."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allocator.metrics.indicators import Readings, counted
from allocator.metrics.indices import official_cv
from allocator.metrics.reach import Reach, fewest_more, fewest_moves, missing_heads
from allocator.metrics.rows import GapRow, ReachRow
from allocator.problem import Ints, Objects, Problem
from allocator.words import Text, text

UNITS: dict[str, Text] = {
    "teachers": text("people"),
    "floor_area_m2": text("m²"),
    "sports_area_m2": text("m²"),
    "equipment_yuan": text("yuan"),
    "multimedia_rooms": text("rooms"),
    "books": text("books"),
}
_PIECES = text("pieces")


def reaches(problem: Problem, read: Readings) -> Iterator[ReachRow]:
    """Say of every coefficient of teachers above its limit what brings it within: further people, or moves.

    Whoever counts for several indicators, or is bound by a rule, is reckoned here for each indicator alone.
    """
    for g, stage in enumerate(problem.stages):
        limit = problem.standard.balance.cv_limit.get(stage)
        for name, found in read.items():
            if limit is None or not found.indicator.official or found.indicator.counts != "teachers":
                continue
            here = counted(problem, found.snapshot, g)
            pupils = found.pupils[here]
            cv = official_cv(found.amounts[here], pupils).value
            if cv is None or cv <= limit.value:
                continue
            heads = np.rint(found.amounts[here] / found.indicator.per).astype(np.int64)
            ways = {
                "more": fewest_more(heads, pupils, limit.value),
                "moves": fewest_moves(heads, pupils, limit.value),
            }
            for way, reach in ways.items():
                yield ReachRow(
                    stage,
                    name,
                    cv,
                    limit.value,
                    way,
                    None if reach is None else reach.people,
                    None if reach is None else reach.cv,
                    "" if reach is None else _places(problem, here, reach),
                )


def _places(problem: Problem, here: Ints, reach: Reach) -> str:
    """Schools with the heads that come or leave, the most first."""
    order = np.lexsort((np.arange(len(here)), -reach.change))
    changed = [(problem.school_ids[problem.sections.school[here[i]]], int(reach.change[i])) for i in order]
    return " ".join(f"{school}{n:+d}" for school, n in changed if n)


def _harmless(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t") else name


def gaps(problem: Problem, read: Readings, conform: Objects) -> Iterator[GapRow]:
    """List what each section that is judged lacks of each threshold; what is not known is left out.

    Parameters
    ----------
    conform
        Whether each section conforms, from :func:`allocator.metrics.indicators.conforms`.
    """
    balance = problem.standard.balance
    share = 1.0 if balance.floor_share is None else balance.floor_share.value
    lacks, names = {}, problem.schools["name"].to_list()
    for name, found in read.items():
        if found.indicator.official:
            heads = (found.amounts + found.visitors) / found.indicator.per
            asked = (heads, found.pupils, found.thresholds, found.indicator.per)
            lacks[name] = missing_heads(*asked), missing_heads(*asked, share)
    for u, conforms in enumerate(conform):
        for name, (missing, floor) in lacks.items():
            if read[name].known[u] and missing[u] > 0:
                yield GapRow(
                    problem.school_ids[problem.sections.school[u]],
                    problem.stages[problem.sections.stage[u]],
                    name,
                    float(read[name].values[u]),
                    float(read[name].thresholds[u]),
                    int(missing[u]),
                    int(floor[u]),
                    _harmless(names[problem.sections.school[u]] or ""),
                    UNITS.get(read[name].indicator.counts, _PIECES),
                    conforms,
                )
