"""What speaks for and against each proposal and each school: counted from the ways, and in one sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from allocator.closures.choose import Proposal, breaches, worth
from allocator.closures.layout import Layout, column_named
from allocator.closures.travel import Way
from allocator.scenario.config import Closure
from allocator.words import Text, text

SHARES = (0.8, 1.2)
"""Enrolment against which proposals are tried, as shares of September's pupils; and the years of forecast.csv."""


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
        The same of the proposals with the most posts at the enrolments of :data:`SHARES` and in the years of
        forecast.csv; nan where there are none.
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
    """Say of one section of a proposal who goes where, how far, how full the receiving school gets, and what is nearer."""
    to, coming = way.to, found.coming(proposal.ways)[way.to]
    after, pupils = found.classes_with(to, coming), int(found.own[to].sum())
    words = text(
        "{pupils} pupils in {classes} classes ({each} a class) go {km} km to {school}, {mode}; it then has {after} classes in {rooms} rooms, {full} pupils a class on average in place of {before}",
        pupils=way.pupils,
        classes=int(found.classes[way.section]),
        each=_each(way.pupils, int(found.classes[way.section])),
        km=f"{way.km:.1f}",
        school=name(found, int(found.school[to])),
        mode=mode(way),
        after=after,
        rooms=int(found.rooms[to]),
        full=_each(pupils + int(coming.sum()), after),
        before=_each(pupils, int(found.classes[to])),
    )
    others: list[tuple[int, Text]] = []
    apart: list[tuple[int, Text]] = []
    for school, why in nearer(found, proposal, way):
        (others if found.differing(int(found.school[way.section]), school) is None else apart).append(
            (school, why)
        )
    start = int(found.school[way.section])
    if apart:
        school, why = apart[0]
        words = text(
            "{first}; nearer and {why}: {n} schools, the nearest {school} at {km} km",
            first=words,
            why=why,
            n=len(apart),
            school=name(found, school),
            km=f"{found.km[start, school]:.1f}",
        )
    for school, why in others[:_NEARER]:
        km = f"{found.km[start, school]:.1f}"
        words = text(
            "{first}; nearer, {km} km, {school}: {why}",
            first=words,
            km=km,
            school=name(found, school),
            why=why,
        )
    if len(others) > _NEARER:
        words = text("{first}; and {n} nearer ones more", first=words, n=len(others) - _NEARER)
    return words


def _each(pupils: int, classes: int) -> str:
    return f"{pupils / classes:.0f}" if classes else "0"


def nearer(found: Layout, proposal: Proposal, way: Way) -> list[tuple[int, Text]]:
    """List schools of the stage that are nearer than where a section goes in a proposal, each with why it does not go there."""
    start, reach = int(found.school[way.section]), {w.to: w for w in found.ways if w.section == way.section}
    others = [w for w in proposal.ways if w.section != way.section]
    coming, told = found.coming(others), []
    there = [
        v
        for v in range(len(found.school))
        if found.stage[v] == found.stage[way.section]
        and found.school[v] != start
        and found.km[start, found.school[v]] < way.km - _SAME
    ]
    for v in sorted(there, key=lambda v: (found.km[start, found.school[v]], found.ids[found.school[v]])):
        end, column = int(found.school[v]), found.differing(start, int(found.school[v]))
        classes = found.classes_with(v, coming[v] + found.own[way.section])
        if column is not None:
            why = text("differing in '{column}'", column=column_named(column))
        elif end in proposal.closed:
            why = text("closes as well")
        elif v not in reach:
            why = text("the way takes longer than the limits allow")
        elif classes > found.rooms[v]:
            why = text(
                "would need {classes} classes in {rooms} rooms", classes=classes, rooms=int(found.rooms[v])
            )
        elif found.pupils[end] + coming[found.school == end].sum() + way.pupils > found.size_limit[end]:
            why = text("would have more pupils than a school may have")
        else:
            less = worth(found, proposal.closed, proposal.ways).posts
            less -= worth(found, proposal.closed, (*others, reach[v])).posts
            why = (
                text("would free {n} posts less", n=f"{less:.1f}")
                if less > _FEW
                else text("is possible as well")
            )
        told.append((end, why))
    return told


_SAME, _FEW = 1e-6, 0.05
_NEARER = 6  # schools that are named, each with its reason


def mode(way: Way) -> Text:
    """Say how the pupils of a way come to school, and how long that takes."""
    foot, road = f"{way.on_foot:.0f}", f"{way.by_road:.0f}"
    if way.boarding == way.pupils:
        return text("all board, {minutes} minutes by road", minutes=road)
    parts = []
    if way.walking:
        parts.append(text("{n} on foot in {minutes} minutes", n=way.walking, minutes=foot))
    if way.riding:
        parts.append(text("{n} by bus in {minutes} minutes", n=way.riding, minutes=road))
    if way.boarding:
        parts.append(text("{n} board", n=way.boarding))
    return text("{parts}", parts=parts)


def unchosen(found: Layout, school: int) -> Text:
    """Say why no proposal closes a school that may close: no rooms, nothing freed, or others free more."""
    posts = 0.0
    for u in np.flatnonzero((found.school == school) & (found.own.sum(axis=1) > 0)).tolist():
        saved = [
            int(found.classes[u]) - (found.classes_with(w.to, found.own[u]) - int(found.classes[w.to]))
            for w in found.ways
            if w.section == u and found.sets([w], 1)
        ]
        if not saved:
            return text("no school within the limits of the way has rooms for its pupils")
        posts += max(saved) * float(found.worth[u])
    if posts <= _FEW:
        return text("closing it alone frees no class: as many are needed where its pupils could go")
    return text("closing it alone frees {posts} posts at most; other choices free more", posts=f"{posts:.1f}")


def name(found: Layout, school: int) -> Text:
    """Return name and code of a school."""
    named = found.scenario.table("schools")["name"].iloc[school]
    return text("{name} ({code})", name=named or found.ids[school], code=found.ids[school])


def advice(
    found: Layout, proposals: Sequence[Proposal], others: Mapping[float | str, Sequence[Proposal]]
) -> list[Advice]:
    """Weigh every school that some efficient proposal closes, those of the most proposals first.

    Parameters
    ----------
    others
        Proposals at other enrolments: shares of September's pupils, and years of forecast.csv.
    """
    told = []
    for school in (int(s) for s in np.flatnonzero(found.considered)):
        mine = [p for p in proposals if school in p.closed]
        if not mine:
            continue
        shares = tuple(_share(school, those) for those in others.values())
        said = _said(found, mine, school)
        if not any(shares[: len(SHARES)]):
            said = text("{first}; {then}", first=said, then=_THIS_YEAR)
        told.append(Advice(school, len(mine) / len(proposals), shares, said))
    return sorted(told, key=lambda one: (-one.share, found.ids[one.school]))


_THIS_YEAR = text(
    "neither with {low} nor with {high} of the pupils does a proposal with the most posts close it: it depends on the numbers of this year",
    low=f"{100 * SHARES[0]:.0f}%",
    high=f"{100 * SHARES[1]:.0f}%",
)


def _share(school: int, proposals: Sequence[Proposal]) -> float:
    return sum(school in p.closed for p in proposals) / len(proposals) if proposals else float("nan")


def _said(found: Layout, mine: Sequence[Proposal], school: int) -> Text:
    """Put the paragraph together: what happens in one proposal that is named, and in how many it is the same school."""
    parts: list[Text] = []
    shown = max(mine, key=lambda p: (p.aim == "posts", len(p.closed)))
    for way in _of(found, shown, school):
        words = text("in {which} {sentence}", which=code(shown), sentence=sentence(found, shown, way))
        parts.append(words)
        times = sum(w.to == way.to for p in mine for w in p.ways if w.section == way.section)
        if times < len(mine):
            parts.append(
                text("to this school in {n} of the {all} proposals that close it", n=times, all=len(mine))
            )
        other = _next(found, shown, way)
        if other is None:
            parts.append(
                text("against it: then no other school within the limits of their way has rooms for them")
            )
        else:
            words = text(
                "the nearest other school that could take them then is {school}, {km} km",
                school=name(found, int(found.school[other.to])),
                km=f"{other.km:.1f}",
            )
            parts.append(words)
    freed = [round(freed_by(found, p, school), 6) + 0.0 for p in mine]  # 0 is not told as -0
    parts.append(_freed(min(freed), max(freed)))
    return reduce(lambda first, then: text("{first}; {then}", first=first, then=then), parts)


def _next(found: Layout, proposal: Proposal, way: Way) -> Way | None:
    """Return the nearest other way of a section to a school that stays and has rooms beside all else of a proposal."""
    others = [w for w in proposal.ways if w.section != way.section]
    fits = [
        w
        for w in found.ways
        if w.section == way.section
        and w.to != way.to
        and found.school[w.to] not in proposal.closed
        and not any(True for _ in breaches(found, proposal.closed, (*others, w)))
    ]
    return min(fits, key=lambda w: (w.km, found.ids[found.school[w.to]]), default=None)


def _freed(least: float, most: float) -> Text:
    if most - least < 0.05:
        return text("frees {posts} posts", posts=f"{most:.1f}")
    return text(
        "frees {least} to {most} posts, by what else closes", least=f"{least:.1f}", most=f"{most:.1f}"
    )


def _of(found: Layout, proposal: Proposal, school: int) -> list[Way]:
    return [w for w in proposal.ways if found.school[w.section] == school]
