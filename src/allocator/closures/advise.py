"""What speaks for and against each proposal and each school: counted from the ways, and in one sentence each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from allocator.closures.choose import Proposal, worth
from allocator.closures.layout import Layout
from allocator.closures.travel import Way
from allocator.scenario.config import Closure
from allocator.words import Text, text

SHARES = (0.8, 1.2)
"""Enrolment against which proposals are tried, as shares of September's pupils."""


@dataclass(frozen=True)
class Advice:
    """What is to be said of closing one school.

    Parameters
    ----------
    school
        School index.
    share
        Share of the efficient proposals that close it.
    shares
        The same of the proposals with the most posts at the enrolments of :data:`SHARES`; nan where there are none.
    said
        Why, whom it affects, where they go, what it frees, what stands against it, and the next best.
    """

    school: int
    share: float
    shares: tuple[float, ...]
    said: Text


def code(proposal: Proposal) -> str:
    """Name a proposal by the number of schools that close, and its letter."""
    return f"{len(proposal.closed):02d}{proposal.letter}"


def closures_of(found: Layout, proposal: Proposal) -> dict[str, Closure]:
    """Write a proposal as the table ``closures`` of a scenario."""
    table = {}
    for school in proposal.closed:
        to = {found.stage[w.section]: found.ids[found.school[w.to]] for w in _of(found, proposal, school)}
        first, *_ = to.values()
        apart = {stage: end for stage, end in to.items() if end != first}
        empty = np.flatnonzero((found.school == school) & (found.own.sum(axis=1) == 0))
        apart |= {found.stage[u]: "nearest" for u in empty}
        table[found.ids[school]] = Closure(to=first, apart=apart)
    return table


def freed_by(found: Layout, proposal: Proposal, school: int) -> float:
    """Return the posts that would not be freed if one school of a proposal stayed open, by the classes saved."""
    whole = worth(found, proposal.closed, proposal.ways).posts
    others = [s for s in proposal.closed if s != school]
    ways = [w for w in proposal.ways if found.school[w.section] != school]
    return whole - worth(found, others, ways).posts


def sentence(found: Layout, proposal: Proposal, way: Way) -> Text:
    """Say of one section of a proposal who goes where, how far, and how full the receiving school gets."""
    return text(
        "{pupils} pupils in {classes} classes ({each} a class) go {km} km to {school}, {minutes} minutes {mode}; it then has {after} classes in {rooms} rooms",
        pupils=way.pupils,
        classes=int(found.classes[way.section]),
        each=f"{way.pupils / max(int(found.classes[way.section]), 1):.0f}",
        km=f"{way.km:.1f}",
        school=name(found, int(found.school[way.to])),
        minutes=f"{way.minutes:.0f}",
        mode=mode(way),
        after=found.classes_with(way.to, found.coming(proposal.ways)[way.to]),
        rooms=int(found.rooms[way.to]),
    )


def mode(way: Way) -> Text:
    """Say how the pupils of a way come to school."""
    if way.boarding == way.pupils:
        return text("by road, and all board")
    if way.boarding:
        return text("by day, and {n} board", n=way.boarding)
    if way.riding and way.walking:
        return text("({walking} on foot, {riding} by bus)", walking=way.walking, riding=way.riding)
    return text("by bus") if way.riding else text("on foot")


def name(found: Layout, school: int) -> Text:
    """Return name and code of a school."""
    named = found.scenario.table("schools")["name"].iloc[school]
    return text("{name} ({code})", name=named or found.ids[school], code=found.ids[school])


def advice(
    found: Layout, proposals: Sequence[Proposal], others: Mapping[float, Sequence[Proposal]]
) -> list[Advice]:
    """Weigh every school that some efficient proposal closes, those of the most proposals first.

    Parameters
    ----------
    others
        Proposals at other enrolments.
    """
    told = []
    for school in (int(s) for s in np.flatnonzero(found.considered)):
        mine = [p for p in proposals if school in p.closed]
        if not mine:
            continue
        shares = tuple(_share(school, others.get(factor, ())) for factor in SHARES)
        told.append(Advice(school, len(mine) / len(proposals), shares, _said(found, mine, school)))
    return sorted(told, key=lambda one: (-one.share, found.ids[one.school]))


def _share(school: int, proposals: Sequence[Proposal]) -> float:
    return sum(school in p.closed for p in proposals) / len(proposals) if proposals else float("nan")


def _said(found: Layout, mine: Sequence[Proposal], school: int) -> Text:
    """Put the paragraph together: from the receivers that most proposals choose, and the least that it frees."""
    parts: list[Text] = []
    for section in dict.fromkeys(w.section for w in _of(found, mine[0], school)):
        ends = Counter(w.to for p in mine for w in p.ways if w.section == section)
        to, times = max(ends.items(), key=lambda end: (end[1], -end[0]))
        last = next(p for p in reversed(mine) if any(w.section == section and w.to == to for w in p.ways))
        way = next(w for w in last.ways if w.section == section)
        parts.append(sentence(found, last, way))
        if times < len(mine):
            parts.append(text("in {n} of {all} proposals", n=times, all=len(mine)))
        near = sorted(
            (w for w in found.ways if w.section == section and w.to != to and w.pupils),
            key=lambda w: (w.km, found.ids[found.school[w.to]]),
        )
        if near:
            end = name(found, int(found.school[near[0].to]))
            parts.append(
                text("the nearest other school is {school}, {km} km", school=end, km=f"{near[0].km:.1f}")
            )
        else:
            parts.append(text("against it: no other school is within the limits of their way"))
    freed = [round(freed_by(found, p, school), 6) + 0.0 for p in mine]  # 0 is not told as -0
    parts.append(_freed(min(freed), max(freed)))
    return reduce(lambda first, then: text("{first}; {then}", first=first, then=then), parts)


def _freed(least: float, most: float) -> Text:
    if most - least < 0.05:
        return text("frees {posts} posts", posts=f"{most:.1f}")
    return text(
        "frees {least} to {most} posts, by what else closes", least=f"{least:.1f}", most=f"{most:.1f}"
    )


def _of(found: Layout, proposal: Proposal, school: int) -> list[Way]:
    return [w for w in proposal.ways if found.school[w.section] == school]
