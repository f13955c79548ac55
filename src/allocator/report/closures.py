"""Proposals of closures, told and written: what each frees, what it costs, and what stands against it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from allocator.closures.advise import SHARES, closures_of, code, freed_by, mode, name, sentence, unchosen
from allocator.closures.choose import breaches, proved
from allocator.closures.layout import column_named
from allocator.closures.travel import Way
from allocator.domain import Number
from allocator.metrics.requirements import KINDS
from allocator.report.answer import Answer, Priced, Proposed, rival
from allocator.report.files import PICTURES, table, write_files
from allocator.report.frontier import within_limits
from allocator.report.names import LEVELS
from allocator.report.parts import Chart, Dot, Line, Mark, Table, percent
from allocator.report.procedure import unfilled_weighted
from allocator.report.story import Story, headed
from allocator.rules.codes import CODES
from allocator.scenario.read import Scenario
from allocator.words import Text, both, text

_PROPOSALS = (
    "proposal",
    "closures",
    "posts_worth",
    "posts_bound",
    "gap",
    "classes_saved",
    "posts_freed",
    "quota_freed",
    "pupils",
    "pupil_km",
    "pupil_km_bound",
    "longest_minutes",
    "riding_km",
    "bus_yuan",
    "boarding",
    "solved",
    "moves",
    "unfilled",
    "evenness",
    "evenness_bound",
    "cvs_within",
    "cvs_judged",
    "posts_at_receivers",
    "closing_staff",
)
_TOGETHER = ("rank", *_PROPOSALS, "unfilled_weighted", "closed")
_CLOSURES = (
    *("proposal", "school_id", "stage", "closes", "to_school", "grades", "pupils", "km", "minutes"),
    *("posts_freed", "reason"),
)
_SCHOOLS = ("school_id", "considered", "pupils", "share", "share_at_80", "share_at_120")


def write_closures(
    proposed: Proposed, out: Path, page: str, more: Mapping[str, str | bytes] | None = None
) -> list[Path]:
    """Write proposals.csv, closures.csv, candidates.csv, closures.html, and each solved proposal as a table for scenario.toml.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    config = proposed.scenario.config
    contents: dict[str, str | bytes] = {
        "proposals.csv": table(list(proposal_rows(proposed)), config.language, _PROPOSALS),
        "closures.csv": table(list(closure_rows(proposed)), config.language, _CLOSURES),
        "candidates.csv": table(list(school_rows(proposed)), config.language, _candidate_columns(proposed)),
        "closures.html": page,
        **(more or {}),
    }
    if proposed.together:
        contents["together.csv"] = table(list(together_rows(proposed)), config.language, _TOGETHER)
    for one in (*proposed.proposals, *proposed.together):
        if one.answer is not None and one.proposal.aim != "own":
            contents[f"closures-{code(one.proposal)}.toml"] = "".join(_toml(proposed, one))
    return write_files(contents, out, config.notice, _OURS)


_OURS = rf"closures-\d{{2,}}([a-z]|-\d+)\.toml|together\.csv|{PICTURES}"


def _toml(proposed: Proposed, one: Priced) -> Iterator[str]:
    """Yield the lines of the table ``closures`` of a scenario that takes a proposal."""
    yield "[closures]\n"
    for school, closure in (
        proposed.scenario.config.closures | closures_of(proposed.layout, one.proposal)
    ).items():
        parts = [f"to = {_quoted(closure.to)}"]
        if closure.junior_to:
            parts.append(f"junior_to = {_quoted(closure.junior_to)}")
        if closure.apart:
            apart = ", ".join(f"{_quoted(stage)} = {_quoted(to)}" for stage, to in closure.apart.items())
            parts.append(f"apart = {{ {apart} }}")
        if closure.grades:
            grades = ", ".join(f"{grade} = {_quoted(to)}" for grade, to in closure.grades.items())
            parts.append(f"grades = {{ {grades} }}")
        yield f"{_quoted(school)} = {{ {', '.join(parts)} }}\n"


def _quoted(words: str) -> str:
    """Write a string of TOML: its escapes are those of JSON, and one more."""
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007f")


def proposal_rows(proposed: Proposed) -> Iterator[dict[str, Any]]:
    """Yield the rows of proposals.csv."""
    yield from _rows(proposed, proposed.every)


def together_rows(proposed: Proposed) -> Iterator[dict[str, Any]]:
    """Yield the rows of together.csv, the best for the teachers first."""
    listed = ranked(proposed)
    for rank, (one, row) in enumerate(zip(listed, _rows(proposed, listed), strict=True), start=1):
        closed = ";".join(proposed.layout.ids[s] for s in one.proposal.closed)
        empty = None if one.answer is None else unfilled_weighted(one.answer.problem, one.answer.card)
        yield {"rank": rank, **row, "unfilled_weighted": empty, "closed": closed}


def ranked(proposed: Proposed) -> list[Priced]:
    """Order the choices that were solved to be chosen with the teachers: by the levels of their plans, then by posts.

    Those without a plan come last.
    """
    return sorted(proposed.together, key=lambda one: (one.answer is None, _reached(one.answer)))


def _reached(answer: Answer | None) -> list[float]:
    """Return what a plan reaches at each level, in their order."""
    return [] if answer is None else [round(level.objective, 9) for level in answer.result.levels]


def _rows(proposed: Proposed, listed: Iterable[Priced]) -> Iterator[dict[str, Any]]:
    money = proposed.scenario.config.money
    for one in listed:
        proposal, found = one.proposal, one.worth
        sought = proposal.aim != "own"
        values = [
            code(proposal),
            len(proposal.closed),
            found.posts,
            *(proved(proposal, found) if sought else (None, None)),
            found.classes,
            one.posts_freed,
            one.quota_freed,
            found.pupils,
            found.pupil_km,
            None if proposal.way_bound is None else min(proposal.way_bound, found.pupil_km),
            found.longest,
            found.riding_km,
            None if money.bus_km is None else money.bus_km * _bus_km(proposal.ways, money.bus_beyond_km),
            found.boarding,
            one.answer is not None,
            *_solved(one.answer),
            one.posts_at_receivers,
            _closing_staff(one.answer),
        ]
        yield dict(zip(_PROPOSALS, values, strict=True))


def _bus_km(ways: Iterable[Way], beyond: float) -> float:
    """Pupil-km that are priced as in money.csv: of all who go farther than so many km."""
    return sum(way.pupils * way.km for way in ways if way.km > beyond)


def _solved(answer: Answer | None) -> tuple[Any, ...]:
    """Return moves, empty posts, unevenness with its bound, and CVs within their limits; None without a plan."""
    if answer is None:
        return (None,) * 6
    level = next((level for level in answer.result.levels if level.name == "evenness"), None)
    return (
        int(answer.result.plan.away(answer.problem).sum()),
        sum(row.unfilled for row in answer.card.posts),
        None if level is None else level.objective,
        None if level is None else level.bound,
        *within_limits(answer.card),
    )


def _closing_staff(answer: Answer | None) -> int | None:
    """Count teachers whose school closes."""
    return None if answer is None else int(answer.problem.displaced.sum())


def closure_rows(proposed: Proposed) -> Iterator[dict[str, Any]]:
    """Yield the rows of closures.csv: one for each section that closes, in each proposal."""
    found = proposed.layout
    for one in proposed.every:
        for way in one.proposal.ways:
            school = int(found.school[way.section])
            grades = [str(g) for g in found.grades(way.section) if found.own[way.section][g]]
            values = [
                code(one.proposal),
                found.ids[school],
                found.stage[way.section],
                True,
                found.ids[found.school[way.to]],
                ";".join(grades),
                way.pupils,
                way.km,
                way.minutes,
                freed_by(found, one.proposal, school),
                sentence(found, one.proposal, way),
            ]
            yield dict(zip(_CLOSURES, values, strict=True))


def school_rows(proposed: Proposed) -> Iterator[dict[str, Any]]:
    """Yield the rows of candidates.csv: what is to be said of every school."""
    found, told = proposed.layout, {one.school: one for one in proposed.advice}
    for school, code_ in enumerate(found.ids):
        one = told.get(school)
        considered = bool(found.considered[school])
        others = (None,) * (len(SHARES) + len(proposed.years))
        shares = (0.0, *others) if one is None else (one.share, *(_known(s) for s in one.shares))
        said = found.obstacles.get(school) or (one.said if one else unchosen(found, school))
        values = [
            code_,
            considered,
            int(found.pupils[school]),
            *(shares if considered else (None, *others)),
            said,
        ]
        yield dict(zip(_candidate_columns(proposed), values, strict=True))


def _candidate_columns(proposed: Proposed) -> tuple[str, ...]:
    return (*_SCHOOLS, *(f"share_in_{year}" for year in proposed.years), "said")


def _known(share: float) -> float | None:
    return share if share == share else None


def closures_story(proposed: Proposed) -> Story:
    """Tell the proposals."""
    told = [
        _headline(proposed),
        _proposals(proposed),
        _plans(proposed),
        _together(proposed),
        _schools(proposed),
    ]
    told += [_closed(proposed), _ways(proposed), _obstacles(proposed), assumed(proposed.scenario)]
    return headed(proposed.scenario, _verdict(proposed), [*_charts(proposed), *told])


def _verdict(proposed: Proposed) -> Iterator[Mark]:
    """Yield what a reader must know first."""
    found, proposals = proposed.layout, proposed.proposals
    n, asked = int(found.considered.sum()), found.scenario.config.closing
    words = text("Schools that may be proposed: {n} of {all}.", n=n, all=len(set(found.school.tolist())))
    yield Mark(words, None)
    if found.guessed:
        words = text(
            "Classrooms are not stated for {n} sections (schools and stages): each counts as having those of today's classes and no more.",
            n=found.guessed,
        )
        yield Mark(words, None)
    if not proposed.whole:
        yield Mark(
            text("Ended before its time: not every search came to an end, and there may be other proposals."),
            False,
        )
    if not proposals:
        if proposed.whole and not n:
            yield Mark(text("No school may be proposed; the list below says of each why."), False)
        elif proposed.whole:
            yield Mark(text("No closure within the limits frees a post."), False)
        return
    best = _largest(proposals)
    w = best.worth
    words = text(
        "Up to {most} closures were looked at. The most posts are freed by proposal {which} with {n}: {posts} by the classes saved, {set} as posts are set; {pupils} pupils change school, the longest way between the two schools takes {minutes} minutes by estimate.",
        most=asked.most,
        which=code(best.proposal),
        n=len(best.proposal.closed),
        posts=f"{w.posts:.1f}",
        set=best.posts_freed,
        pupils=w.pupils,
        minutes=f"{w.longest:.0f}",
    )
    yield Mark(words, None)
    yield from _where_freed(best)
    yield from _gained(proposed)
    gap = max(one.gap for one in proposals)
    words = text(
        "Proved, counted by the classes saved: no choice of as many schools or fewer with no longer way frees more posts by more than {gap}.",
        gap=percent(gap),
    )
    if not gap:
        words = text(
            "Proved, counted by the classes saved: no choice of as many schools or fewer with no longer way frees more posts."
        )
    yield Mark(words, True if gap < _CLOSE and proposed.whole else None)
    for which, why in proposed.refused.items():
        words = (
            text("Solved with the teachers, proposal {which} has no plan: {why}.", which=which, why=why)
            if which
            else text(
                "Without a further closure there is no plan of the teachers, so that no proposal was solved: {why}.",
                why=why,
            )
        )
        yield Mark(words, False)
    if proposed.own is not None:
        yield from _beside(proposed, proposed.own)
    yield from _two_steps(proposed)
    yield Mark(NO_DECISION, None)


def _largest(proposals: Iterable[Priced]) -> Priced:
    """Return the proposal that closes most schools, and of these the one that frees most posts."""
    return max(proposals, key=lambda one: (len(one.proposal.closed), one.worth.posts))


def _where_freed(best: Priced) -> Iterator[Mark]:
    """Say where posts as they are set are freed, and where more are needed."""
    left, gone = best.posts_at_receivers, best.posts_freed - best.posts_at_receivers
    words = text(
        "Of the posts as they are set, {gone} go at the schools that close, and {n} more are needed where their pupils come.",
        gone=gone,
        n=-left,
    )
    if left >= 0:
        words = text(
            "Of the posts as they are set, {gone} go at the schools that close and {n} at schools that stay open: with the pupils who come they are no small schools any more, or share classes.",
            gone=gone,
            n=left,
        )
    yield Mark(words, None)
    yield Mark(
        text(
            "Posts that are freed are places and not people: nobody leaves the staff because a school closes."
        ),
        None,
    )


def _gained(proposed: Proposed) -> Iterator[Mark]:
    """Say what the closures of the largest solved proposal do for the posts, and with how many teachers."""
    solved = [one for one in proposed.proposals if one.answer is not None]
    if proposed.before is None or not solved:
        return
    best = _largest(solved)
    (empty, extra), (left, beyond) = (_empty(proposed.before), _empty(best.answer))
    words = text(
        "Solved with the teachers, proposal {which} brings empty posts from {empty} to {left} and teachers beyond posts from {extra} to {beyond}; {staff} teachers of closing schools get a new place.",
        which=code(best.proposal),
        empty=empty,
        left=left,
        extra=extra,
        beyond=beyond,
        staff=_closing_staff(best.answer) or 0,
    )
    yield Mark(words, None)


def _even(answer: Answer) -> str:
    even = _solved(answer)[2]
    return "—" if even is None else f"{even:.4f}"


def _empty(answer: Answer | None) -> tuple[int, int]:
    """Count empty posts, and teachers beyond posts."""
    rows = () if answer is None else answer.card.posts
    return sum(row.unfilled for row in rows), sum(row.extra for row in rows)


NO_DECISION = text(
    "A proposal is no decision: parents are heard, and the way, the rooms and the safety of the road are looked at first."
)


def _two_steps(proposed: Proposed) -> Iterator[Mark]:
    """Say what choosing closures first and teachers afterwards costs, as far as that was looked at."""
    if not proposed.together:
        if proposed.asked:
            yield Mark(
                text(
                    "Closures and teachers were to be chosen together: nothing was, because the search was stopped, or no closure or no plan is possible."
                ),
                False,
            )
        return
    first, best = proposed.together[0], ranked(proposed)[0]
    n = len(proposed.together)
    ties = sum(abs(one.worth.posts - first.worth.posts) < _ROUNDING for one in proposed.together)
    if first.answer is None or best.answer is None:
        words = text(
            "The price of deciding in two steps is not known: the plan of {first} is missing, because it was stopped or there is none.",
            first=code(first.proposal),
        )
        yield Mark(words, None)
        return
    pairs = zip(first.answer.result.levels, best.answer.result.levels, strict=True)
    gained = next(((a, b) for a, b in pairs if b.objective < a.objective - _ROUNDING), None)
    if gained is None:
        words = text(
            "Of the {n} choices of the table below, solved with the teachers, none is better for them than {first}, which deciding in two steps gives: most posts, then the least way{proof}.",
            n=n,
            first=code(first.proposal),
            proof=""
            if all(
                one.answer is not None and one.answer.result.status == "proved" for one in proposed.together
            )
            else text("; not every plan is proved in full, and another may be better"),
        )
        yield Mark(words, None)
    else:
        two, joint = gained
        sure = joint.objective < two.bound - _ROUNDING
        words = text(
            "Of the {n} choices of the table below, solved with the teachers, {best} is the best for them; deciding in two steps gives {first}: most posts, then the least way. That costs at least: {two} in place of {joint} at the level '{level}', {proof}.",
            n=n,
            best=code(best.proposal),
            first=code(first.proposal),
            two=f"{two.objective:.5g}",
            joint=f"{joint.objective:.5g}",
            level=LEVELS[two.name],
            proof=text("which no plan of the first can reach")
            if sure
            else text("which is less than what the proof leaves open"),
        )
        yield Mark(words, None)
    if proposed.screened > n:
        words = text(
            "They are the best of {n} choices at the first level of the objective, '{level}', and the first of these.",
            n=proposed.screened,
            level=LEVELS[proposed.scenario.config.objective.levels[0]],
        )
        yield Mark(words, None)
    if proposed.rest is None:
        yield Mark(
            text(
                "How many posts other choices free is not known: the search was stopped, or its time ran out."
            ),
            False,
        )
    elif proposed.rest > 0:
        words = text(
            "Choices that were not looked at free at most {posts} posts by the classes saved; {ties} of the table free as many as any. What others do for the teachers is not known: a better one may be among them.",
            posts=f"{proposed.rest:.1f}",
            ties=ties,
        )
        yield Mark(words, None)


def _beside(proposed: Proposed, own: Priced) -> Iterator[Mark]:
    """Compare what the scenario names with the most posts of as many closures, and say which limits it breaks."""
    found, n = proposed.layout, len(own.proposal.closed)
    if best := rival(proposed.proposals, n):
        words = text(
            "The {n} closures that the scenario names free {posts} posts by the classes saved ({set} as set) and send {pupils} pupils {km} pupil-km; proposal {which}, with no more closures, frees {more} ({more_set}) and sends {fewer} pupils {less} pupil-km.",
            n=n,
            posts=f"{own.worth.posts:.1f}",
            set=own.posts_freed,
            pupils=own.worth.pupils,
            km=f"{own.worth.pupil_km:,.0f}",
            which=code(best.proposal),
            more=f"{best.worth.posts:.1f}",
            more_set=best.posts_freed,
            fewer=best.worth.pupils,
            less=f"{best.worth.pupil_km:,.0f}",
        )
        yield Mark(words, None)
        if own.answer is not None and best.answer is not None:
            (empty, extra), (left, beyond) = _empty(own.answer), _empty(best.answer)
            words = text(
                "Solved with the teachers, the closures that the scenario names leave {empty} empty posts, {extra} teachers beyond posts and an unevenness of {even}; proposal {which} {left}, {beyond} and {other}.",
                empty=empty,
                extra=extra,
                even=_even(own.answer),
                which=code(best.proposal),
                left=left,
                beyond=beyond,
                other=_even(best.answer),
            )
            yield Mark(words, None)
    broken_limits = list(breaches(found, own.proposal.closed, own.proposal.ways))
    if not broken_limits:
        yield Mark(
            text("The closures that the scenario names break none of the limits of the proposals."), True
        )
    for broken in broken_limits:
        yield Mark(text("Of the closures that the scenario names: {broken}.", broken=broken), False)
    for school in own.proposal.closed:
        if school in found.obstacles:
            words = text(
                "Of the closures that the scenario names: {school} would not be proposed: {why}.",
                school=name(found, school),
                why=found.obstacles[school],
            )
            yield Mark(words, None)


_CLOSE = 0.005
_ROUNDING = 1e-6  # relative


def _proposals(proposed: Proposed) -> Table:
    lines: list[Line] = []
    for one in proposed.every:
        w = one.worth
        lines.append(
            (
                code(one.proposal),
                f"{len(one.proposal.closed)}",
                f"{w.posts:.1f}",
                "—" if one is proposed.own else percent(one.gap) if one.gap else "0",
                f"{one.posts_freed}",
                f"{one.posts_freed - one.posts_at_receivers}",
                f"{-one.posts_at_receivers}",
                f"{one.quota_freed}",
                f"{w.pupils:,}",
                f"{w.pupil_km:,.0f}",
                f"{w.longest:.0f}",
                f"{w.riding_km:,.0f}",
                f"{w.boarding:,}",
            )
        )
    columns = (
        text("Proposal"),
        text("Schools"),
        text("Posts by classes"),
        text("Gap"),
        text("Posts as set"),
        text("Gone at closing schools"),
        text("More at receiving schools"),
        text("Quota freed"),
        text("Pupils"),
        text("Pupil-km"),
        text("Longest way (minutes)"),
        text("By bus (pupil-km)"),
        text("Boarders"),
    )
    note = text(
        "None of these proposals is beaten by another in everything: schools that close, posts by classes, pupils, their way, the longest way and the bus. Letters: of as many closures, from the most posts to the least way. Posts by classes: the lessons of the classes saved over the loads; this is what is proved. Posts as set: whole posts of all sections before less after; this depends on how lessons fall to whole posts in each school and can order proposals otherwise. Longest way: of pupils who do not board."
    )
    limits = text("Rooms, sizes of schools and ways are within their limits in each proposal.")
    own = text("own: the closures that the scenario names; what they break stands above.")
    notes = (note, limits) if proposed.own is None else (note, limits, own)
    return Table(text("Efficient proposals"), columns, tuple(lines), notes)


_PLAN = (
    text("Moves"),
    text("Teachers of closing schools"),
    text("Empty posts"),
    text("Teachers beyond posts"),
    text("Unevenness"),
    text("Cannot be below"),
    text("CVs within limits"),
)


def _plans(proposed: Proposed) -> Table:
    """Show the plans of the proposals that were solved, beside that without a further closure."""
    if proposed.before is None:
        return Table(text("Solved with the teachers"), (), ())
    lines = [_plan(text("no further closure"), proposed.before)]
    lines += [_plan(code(one.proposal), one.answer) for one in proposed.every if one.answer is not None]
    columns = text("Proposal"), *_PLAN
    note = text(
        "Solved with the rules and the budget of the scenario. Moves: teachers who leave a school that stays open; those of closing schools are counted apart. Unevenness: the weighted sum of squared coefficients of variation, smaller is more even; —: not known, or not judged. The table for scenario.toml of each stands in closures-….toml."
    )
    return Table(text("Solved with the teachers"), columns, tuple(lines), (note,))


def _together(proposed: Proposed) -> Table:
    """Show the choices that were solved to be chosen with the teachers, the best for them first."""
    ids = proposed.layout.ids
    same = set.intersection(*(set(one.proposal.closed) for one in proposed.together), set(range(len(ids))))
    lines: list[Line] = []
    for one in ranked(proposed):
        w = one.worth
        plan: Line = ("—",) * (len(_PLAN) + 1)
        if one.answer is not None:
            empty = f"{unfilled_weighted(one.answer.problem, one.answer.card):g}"
            plan = (empty, *_plan("", one.answer)[1:])
        others = [ids[s] for s in one.proposal.closed if s not in same]
        lines.append(
            (
                code(one.proposal),
                f"{w.posts:.1f}",
                f"{one.posts_freed}",
                f"{w.pupils:,}",
                f"{w.pupil_km:,.0f}",
                *plan,
                text("{schools}", schools=others) if others else "—",
            )
        )
    columns = (
        text("Proposal"),
        text("Posts by classes"),
        text("Posts as set"),
        text("Pupils"),
        text("Pupil-km"),
        text("Empty posts (weighted)"),
        *_PLAN,
        text("Which, beside those of all"),
    )
    notes = (
        text(
            "Choices that free most posts, numbered in that order (many free as many: then the first has the least way), and the closures that the scenario names, where they stand beside; each solved with the rules and the budget of the scenario, all posts at once. The best for the teachers comes first, level by level of the objective: weighted empty posts, then unevenness, as the scenario orders them."
        ),
        text("All of them close: {schools}.", schools=[ids[s] for s in sorted(same)])
        if same
        else text("No school closes in all of them."),
    )
    return Table(text("Closures and teachers chosen together"), columns, tuple(lines), notes)


def _plan(which: Text | str, answer: Answer) -> Line:
    moves, unfilled, even, bound, within, judged = _solved(answer)
    return (
        which,
        f"{moves:,}",
        f"{_closing_staff(answer) or 0:,}",
        f"{unfilled:,}",
        f"{sum(row.extra for row in answer.card.posts):,}",
        "—" if even is None else f"{even:.4f}",
        "—" if not bound else f"{bound:.4f}",
        f"{within} / {judged}" if judged else "—",
    )


def _schools(proposed: Proposed) -> Table:
    found = proposed.layout
    lines: tuple[Line, ...] = tuple(
        (
            name(found, one.school),
            f"{int(found.pupils[one.school])}",
            f"{100 * one.share:.0f}%",
            *(_percent(share) for share in one.shares),
            one.said,
        )
        for one in proposed.advice
    )
    columns = (
        text("School"),
        text("Pupils"),
        text("In proposals"),
        *(text("With {share} of the pupils", share=f"{100 * factor:.0f}%") for factor in SHARES),
        *(text("In {year}", year=year) for year in proposed.years),
        text("What is to be said"),
    )
    note = text(
        "In proposals: the share of the efficient proposals that close it. With other numbers of pupils, and in the years that forecast.csv states: the share of the proposals with the most posts."
    )
    return Table(text("School by school"), columns, lines, (note,))


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if share == share else "—"


def _obstacles(proposed: Proposed) -> Table:
    """List the schools that are not considered, and those that no proposal closes."""
    found, told = proposed.layout, {one.school for one in proposed.advice}
    rest = [i for i in range(len(found.ids)) if found.considered[i] and i not in told]
    lines: list[Line] = [(name(found, i), said) for i, said in sorted(found.obstacles.items())]
    lines += [(name(found, i), unchosen(found, i)) for i in rest]
    columns = text("School"), text("Why not")
    return Table(text("Schools that no proposal closes"), columns, tuple(lines), wide=True)


def _closed(proposed: Proposed) -> Table:
    """List the schools that each proposal closes, by name."""
    found = proposed.layout
    lines: tuple[Line, ...] = tuple(
        (code(one.proposal), text("{schools}", schools=[name(found, s) for s in one.proposal.closed]))
        for one in proposed.every
    )
    columns = text("Proposal"), text("Schools that close")
    return Table(text("Which schools close, proposal by proposal"), columns, lines, wide=True)


def _headline(proposed: Proposed) -> Table:
    """List who goes where in the proposal that the verdict names."""
    if not proposed.proposals:
        return Table(text("Who goes where, proposal by proposal"), (), ())
    best = _largest(proposed.proposals)
    lines = tuple(line[1:] for line in _way_lines(proposed, best))
    return Table(text("Who goes where in proposal {which}", which=code(best.proposal)), _WAYS, lines)


def _way_lines(proposed: Proposed, one: Priced) -> Iterator[Line]:
    """Say of each section that closes in a proposal where its pupils go, and how."""
    found = proposed.layout
    for way in one.proposal.ways:
        yield (
            code(one.proposal),
            name(found, int(found.school[way.section])),
            found.standard.stages[found.stage[way.section]].name,
            name(found, int(found.school[way.to])),
            f"{way.pupils}",
            f"{way.km:.1f}",
            mode(way),
        )


_WAYS = (
    text("School"),
    text("Stage"),
    text("To"),
    text("Pupils"),
    text("km"),
    text("How"),
)


def _ways(proposed: Proposed) -> Table:
    """List who goes where in each proposal."""
    lines = tuple(line for one in proposed.every for line in _way_lines(proposed, one))
    columns = text("Proposal"), *_WAYS
    return Table(text("Who goes where, proposal by proposal"), columns, lines, wide=True)


def assumed(scenario: Scenario) -> Table:
    """List what is assumed of closures, with its source."""
    standard, asked, config = scenario.standard, scenario.standard.closing, scenario.config
    if asked is None:
        return Table(text("What is assumed"), (), ())
    travel = standard.travel
    below = asked.small_below.value if config.closing.below is None else config.closing.below
    own = text("the scenario")

    def source(number: Number, stated: object = None) -> Text | str:
        if stated is not None:
            return own
        return text("{source} [{confidence}]", source=number.source, confidence=number.confidence)

    detour, speed = config.travel.detour, config.travel.speed
    lines: list[Line] = [
        (
            text("Schools with fewer pupils may be proposed"),
            f"{below:g}",
            source(asked.small_below, config.closing.below),
        ),
        (
            text(
                "Ways lead from the old school to the new one, once: great circle × detour where travel.csv has none"
            ),
            f"{detour or travel.detour.value:g}",
            source(travel.detour, detour),
        ),
        (
            text("Speed of buses, km an hour"),
            f"{speed or travel.speed.value:g}",
            source(travel.speed, speed),
        ),
        (text("Speed on foot, km an hour"), f"{asked.walk_speed.value:g}", source(asked.walk_speed)),
    ]
    if config.closing.below is None:
        for setting, number in asked.small_below_setting.items():
            words = text("Schools with fewer pupils may be proposed ({setting})", setting=CODES[setting])
            lines.insert(1, (words, f"{number.value:g}", source(number)))
    for stage, limit in standard.classes.limit.items():
        named = standard.stages[stage].name if stage in standard.stages else KINDS.get(stage, stage)
        words = text("Most pupils in a class ({stage})", stage=named)
        lines.append((words, f"{limit.value:g}", source(limit)))
    for band in asked.bands.values():
        board = text("and may board") if band.boarding else text("and may not board")
        words = text("Minutes to school at most, {band}, {board}", band=both(band.zh, band.en), board=board)
        lines.append((words, f"{band.minutes.value:g}", source(band.minutes)))
    together = {"stage": text("a stage of the school"), "school": text("the school")}
    lines.append((text("Pupils who go together to one school"), together[config.closing.by], own))
    if config.closing.same:
        lines.append(
            (
                text("Both schools agree in"),
                text("{columns}", columns=[column_named(c) for c in config.closing.same]),
                own,
            )
        )
    if config.closing.townships:
        lines.append((text("The last school of a stage in a township stays"), text("yes"), own))
    columns = text("Assumption"), text("Value"), text("Source")
    note = text(
        "In brackets how sure a number is: FOUND was read in a rule or report; MEM has not been confirmed in a text (H, M, L: with high, medium, low confidence) and is to be confirmed by the bureau."
    )
    return Table(text("What is assumed"), columns, tuple(lines), (note,))


def _charts(proposed: Proposed) -> list[Chart]:
    """Draw the most posts of every number of closures; nothing where there is no proposal."""
    dots = []
    for one in proposed.proposals:
        if one.proposal.aim == "posts":
            w = one.worth
            said = text(
                "{n} closures: {posts} posts, {pupils} pupils",
                n=len(one.proposal.closed),
                posts=f"{w.posts:.1f}",
                pupils=w.pupils,
            )
            dots.append(Dot(float(len(one.proposal.closed)), w.posts, None, said))
    title = text("The most posts that closures free")
    across, up = text("schools that close"), text("posts freed, by the classes saved")
    return [Chart(title, across, up, tuple(dots))] if dots else []
