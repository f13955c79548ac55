"""The score of a district as it stands today, told and written; nothing is solved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from allocator.domain import Standard
from allocator.metrics import snapshot
from allocator.metrics.indicators import visitors_of
from allocator.metrics.measure import beside, significant
from allocator.metrics.scorecard import Scorecard
from allocator.plan import places
from allocator.problem import Problem
from allocator.report.answer import Scored
from allocator.report.balance import cv_note
from allocator.report.files import cells, columns, table, write_files
from allocator.report.names import SETTINGS
from allocator.report.parts import Cell, Line, Mark, Table
from allocator.report.scorecard import (
    asked,
    coefficients,
    costs,
    elsewhere,
    gaps,
    lacking,
    matrix,
    profiles,
    reaches,
    requirements,
    school_names,
    staff,
)
from allocator.report.story import Story, headed
from allocator.report.tables import warnings
from allocator.report.verdict import unlimited, warned
from allocator.rules.codes import CODES
from allocator.solving.needed import Needed, changed
from allocator.words import Text, text


def score_story(scored: Scored) -> Story:
    """Tell how a district stands today; nothing was solved."""
    problem, card = scored.problem, scored.card
    told = [
        requirements(problem, card, both=False),
        coefficients(problem, card),
        reaches(problem, card, scored.closing),
        _needed(scored),
        _others(scored),
        _movers(scored),
        _rules(scored),
        lacking(problem, card),
        matrix(problem, card, scored.closing),
        gaps(problem, card, scored.closing),
        staff(problem, card, both=False),
        profiles(problem, card, both=False),
        *([costs(problem, card, both=False)] if len(problem.teachers) else []),
        _values(problem, card),
        elsewhere(problem),
        warnings(problem, scored.scenario.config.language),
        _files(problem),
    ]
    found = headed(scored.scenario, verdict(scored), told)
    config = scored.scenario.config
    dated = (
        text("as of {date}", date=config.as_of)
        if config.as_of
        else text("date of the tables not stated (as_of in scenario.toml)")
    )
    subtitle = text(
        "{title} · {dated} · before anything that is planned · standard: {standard}",
        dated=dated,
        title=config.title,
        standard=scored.scenario.standard.name,
    )
    if config.bureau:
        subtitle = text("{bureau} · {told}", bureau=config.bureau, told=subtitle)
    signed = text(
        "Drawn up by: ________________   Checked by: ________________   Issued by: ________________   Date: ________________"
    )
    return replace(found, title=text("Balance of the district today"), subtitle=subtitle, signed=signed)


def verdict(scored: Scored) -> Iterator[Mark]:
    """Yield what a reader must know first: every requirement that is not met, and how many are."""
    others = scored.problem.standard.balance.elsewhere
    rows = [row for row in scored.card.requirements if row.requirement not in others]
    met, failed = ([r for r in rows if r.met_before is value] for value in (True, False))
    unknown = len(rows) - len(met) - len(failed)
    yield _overall(len(met), len(failed), unknown + len(others)) if rows else unlimited()
    yield from _who_counts(scored)
    if rows:
        words = text(
            "Requirements: {met} met, {failed} not met, {unknown} cannot be judged.",
            met=len(met),
            failed=len(failed),
            unknown=unknown,
        )
        yield Mark(words, False if failed else None if unknown else True)
    for row in failed:
        yield Mark(text("{asked}: {found}.", asked=asked(scored.problem, row), found=row.found_before), False)
    if others:
        yield Mark(
            text("The standard asks {n} things more that the tables cannot answer.", n=len(others)), None
        )
    yield from _moves_told(scored)
    yield from warned(scored.problem)


def _overall(met: int, failed: int, unknown: int) -> Mark:
    """Say of the whole whether the standard is met, as far as that can be said."""
    if failed:
        return Mark(text("The district as it stands today does not meet the standard."), False)
    if not met:
        return Mark(text("These tables answer none of the standard's requirements."), None)
    if unknown:
        words = text(
            "Whether the district as it stands today meets the standard cannot be said from these tables alone: nothing that they answer fails."
        )
        return Mark(words, None)
    return Mark(text("The district as it stands today meets the standard."), True)


def _moves_told(scored: Scored) -> Iterator[Mark]:
    """Say in a line what each coefficient takes, where that was asked."""
    anyway = next((one for one in scored.needed or () if one.anyway), None)
    if anyway is not None:
        words = text(
            "The rules ask for {n} moves whatever the coefficients: {rules}",
            n=anyway.anyway,
            rules=[
                text("{rule}: {said}", rule=rule.id, said=rule.said())
                for rule in scored.rules
                if rule.id in anyway.asking
            ],
        )
        yield Mark(words, None)
    asked = scored.needed or ()
    if anyway is not None and all(one.most == one.anyway for one in asked):
        yield Mark(
            text("With these alone every coefficient can be brought within its limit, one by one."), None
        )
        return
    for one in asked:
        indicator = scored.problem.standard.indicators[one.indicator].name
        stage = scored.problem.standard.stages[one.stage].name
        values = {"indicator": indicator, "stage": stage, "moves": _between(one)}
        words = text(
            "Fewest moves under the rules that bring '{indicator}' ({stage}) within its limit: {moves}.",
            **values,
        )
        if one.anyway and one.most is not None and one.least == one.most:
            words = text(
                "'{indicator}' ({stage}) is brought within its limit by {n} further moves.",
                indicator=indicator,
                stage=stage,
                n=one.most - one.anyway,
            )
        yield Mark(words, None)


_ABSENT = ("leave", "seconded", "ill", "training")


def _who_counts(scored: Scored) -> Iterator[Mark]:
    """Say who counts though absent or about to retire, who does not yet, and how small teaching points count."""
    problem = scored.problem
    if recruits := len(scored.scenario.table("teachers")) - len(problem.teachers):
        words = text("Recruits have no place yet and do not count: {n}.", n=recruits)
        yield Mark(words, None)
    if not len(problem.teachers):
        yield Mark(text("There is no roster: nothing that counts teachers can be judged."), None)
    status = problem.teachers.table["status"]
    unit = problem.before.unit[problem.teachers.home]
    counts = (unit >= 0) & problem.before.in_scope[np.maximum(unit, 0)]
    if retired := int((counts & (problem.retirement <= problem.config.september)).sum()):
        words = text(
            "Teachers who reach the age of retirement by September {year}, and count today: {n}.",
            year=problem.config.school_year,
            n=retired,
        )
        yield Mark(words, None)
    if out := int((~counts).sum()):
        words = text(
            "Of the {all} teachers on the roster {n} count for the indicators; the other {out} are at small teaching points that are left out, or where there are no pupils.",
            all=len(counts),
            n=len(counts) - out,
            out=out,
        )
        yield Mark(words, None)
    groups = [
        text("{status}: {n}", status=CODES[one], n=n)
        for one in _ABSENT
        if (n := int((counts & (status == one).to_numpy(bool)).sum()))
    ]
    if groups:
        words = text("Those who may not be at work count as well: {groups}.", groups=groups)
        yield Mark(words, None)
    if problem.config.scoring.visitors:
        now, indicators = snapshot.today(problem), problem.standard.indicators.values()
        visits = np.max([visitors_of(problem, indicator, now) for indicator in indicators], axis=0)
        words = text(
            "Teachers who visit a small school count for its thresholds: {n} visits at {schools} schools.",
            n=int(visits.sum()),
            schools=int((visits > 0).sum()),
        )
        yield Mark(words, None)
    small = (
        problem.before.open
        & (problem.before.pupils > 0)
        & (problem.before.unit != np.arange(len(problem.before.unit)))
    )
    if small.any():
        merged = int((problem.before.unit[small] >= 0).sum())
        words = text(
            "Small teaching points: {out} left out, {merged} counted with their school.",
            out=int(small.sum()) - merged,
            merged=merged,
        )
        yield Mark(words, None)


def _files(problem: Problem) -> Table:
    """List the tables that were read, so that a signed page can be matched with them."""
    rows: tuple[Line, ...] = tuple(problem.files.items())
    columns = (text("File"), text("SHA-256"))
    return Table(text("Tables that were read"), columns, rows, wide=True)


def _needed(scored: Scored) -> Table:
    """Show the fewest moves under the rules that bring each coefficient within its limit, where that was asked."""
    standard = scored.problem.standard
    rows: tuple[Line, ...] = tuple(
        (
            standard.stages[one.stage].name,
            standard.indicators[one.indicator].name,
            f"≤ {one.limit:g}",
            _between(one),
            "—" if one.cv is None else beside(one.cv, one.limit, 3),
            text("{n} ({rules})", n=one.anyway, rules=list(one.asking)) if one.asking else str(one.anyway),
            "—" if one.most is None else str(one.most - one.anyway),
        )
        for one in scored.needed or ()
    )
    columns = (
        text("Stage"),
        text("Indicator"),
        text("Limit"),
        text("Fewest moves"),
        text("CV with them"),
        text("Moves the rules ask for anyway"),
        text("Further moves"),
    )
    notes = (
        text(
            "The fewest teachers with another place, which is another school, another stage or another subject, with whom this one coefficient is within its limit: proved, under the rules '{rulebook}' as the scenario changes them, without its move budget.",
            rulebook=scored.scenario.config.rulebook or text("of the program"),
        ),
        text(
            "It is today's schools, pupils and people: closures, openings and recruits take no part, and empty posts do not count. Each coefficient is solved alone, and the lists of several need not be possible together; what the moves for one do to the others stands in the next table."
        ),
        *(
            [text("Schools about to close count as open, but nobody is moved there.")]
            if scored.closing
            else []
        ),
        *(
            text("{rule}: {said} It would be broken if nobody moved.", rule=rule.id, said=rule.said())
            for rule in scored.rules
            if any(rule.id in one.asking for one in scored.needed or ())
        ),
    )
    return Table(text("Fewest moves under the rules"), columns, rows, notes)


def _others(scored: Scored) -> Table:
    """Show every coefficient of people today, and with the moves for each that is above its limit."""
    standard, found = scored.problem.standard, needed_rows(scored).get("needed_others.csv", [])
    listed = list(dict.fromkeys((row["of_stage"], row["of_indicator"]) for row in found))
    limits = {(row["of_stage"], row["of_indicator"]): row for row in found}

    def named(stage: str, indicator: str) -> Text:
        return text(
            "{indicator} ({stage})",
            indicator=standard.indicators[indicator].name,
            stage=standard.stages[stage].name,
        )

    def marked(cv: float | None, limit: float | None) -> Cell | Mark:
        if cv is None:
            return "—"
        return Mark(beside(cv, limit, 3), None if limit is None else cv <= limit + _SAME)

    first: list[Line] = [
        (
            text("nobody"),
            *(marked(limits[key]["cv_today"], limits[key]["limit"]) for key in listed),
        )
    ]
    rows: list[Line] = [
        (named(*key), *(marked(row["cv"], row["limit"]) for row in some))
        for key, some in groupby(found, key=lambda row: (row["stage"], row["indicator"]))
    ]
    columns = (text("Moves for"), *(named(*key) for key in listed))
    note = text("Red: above the limit; green: within it.")
    title = text("What the moves for one coefficient do to the others")
    return Table(title, columns, tuple(first + rows) if rows else (), (note,))


_SAME = 1e-9  # a limit that is reached exactly is kept


def _rules(scored: Scored) -> Table:
    """List the rules under which people move, with their numbers."""
    lines: tuple[Line, ...] = tuple(
        (rule.id, rule.said(), SETTINGS[rule.level]) for rule in scored.rules if rule.id not in _LEFT_OUT
    )
    columns = text("Rule"), text("What it says"), text("Force")
    note = text(
        "As they are applied here: without the move budget, without what is asked of recruits and of closing schools, and everybody has one place."
    )
    return Table(text("Rules under which people move"), columns, lines, (note,), wide=True)


_LEFT_OUT = ("budget.moves", "placement.everyone", "recruits.setting", "recruits.contract", "closures.follow")


def _movers(scored: Scored) -> Table:
    """Name who moves for each coefficient."""
    names, standard = school_names(scored.problem, scored.closing), scored.problem.standard
    rows: tuple[Line, ...] = tuple(
        (
            standard.stages[row["stage"]].name,
            standard.indicators[row["indicator"]].name,
            row["teacher_id"],
            *(
                text(
                    "{school} · {stage} · {subject}",
                    school=names[row[f"{end}_school"]],
                    stage=standard.stages[row[f"{end}_stage"]].name,
                    subject=standard.subjects[row[f"{end}_subject"]].name,
                )
                if row[f"{end}_school"]
                else "—"
                for end in ("from", "to")
            ),
        )
        for row in needed_rows(scored).get("needed_moves.csv", [])
    )
    columns = (text("Stage"), text("Indicator"), text("Teacher"), text("From"), text("To"))
    note = text(
        "These moves alone bring the coefficient within its limit, and they keep the rules; those that the rules ask for anyway are among them."
    )
    return Table(text("Who moves, coefficient by coefficient"), columns, rows, (note,), wide=True)


def _between(one: Needed) -> Cell:
    if one.most is None:
        return (
            text("no plan under the rules does")
            if one.least is None
            else text("not found within the limit of time")
        )
    if one.least == one.most:
        return text("{n}", n=one.most)
    return text("{most}; fewer than {least} are proved not to do", most=one.most, least=one.least)


def needed_rows(scored: Scored) -> dict[str, list[dict[str, Any]]]:
    """Rows of needed.csv and needed_moves.csv; no files where nobody asked."""
    problem, people, moved = scored.problem, scored.problem.teachers.ids, []
    if scored.needed is None:
        return {}
    for one in scored.needed:
        if one.plan is None:
            continue
        listed = places(problem)
        for t in changed(problem, one.plan).tolist():
            now, then = (
                listed[at] if at >= 0 else ("", "", "") for at in (problem.home_post[t], one.plan.post[t])
            )
            row = {"stage": one.stage, "indicator": one.indicator, "teacher_id": people[t]}
            row |= {"from_school": now[0], "to_school": then[0], "from_stage": now[1], "to_stage": then[1]}
            moved.append(row | {"from_subject": now[2], "to_subject": then[2]})
    found = [
        {
            "stage": one.stage,
            "indicator": one.indicator,
            "anyway": one.anyway,
            "least": one.least,
            "most": one.most,
            "cv": one.cv,
            "limit": one.limit,
            "asking": " ".join(one.asking),
        }
        for one in scored.needed
    ]
    cvs = {(r.stage, r.indicator): r for r in scored.card.balance if r.measure == "cv"}
    others = [
        {
            "stage": one.stage,
            "indicator": one.indicator,
            "of_stage": stage,
            "of_indicator": indicator,
            "cv_today": cvs[stage, indicator].before.value,
            "cv": cv,
            "limit": cvs[stage, indicator].threshold,
        }
        for one in scored.needed
        for (stage, indicator), cv in one.others.items()
    ]
    return {"needed.csv": found, "needed_moves.csv": moved, "needed_others.csv": others}


_NEEDED = {
    "needed.csv": ("stage", "indicator", "anyway", "least", "most", "cv", "limit", "asking"),
    "needed_moves.csv": (
        "stage",
        "indicator",
        "teacher_id",
        "from_school",
        "to_school",
        "from_stage",
        "to_stage",
        "from_subject",
        "to_subject",
    ),
    "needed_others.csv": ("stage", "indicator", "of_stage", "of_indicator", "cv_today", "cv", "limit"),
}


def _values(problem: Problem, card: Scorecard) -> Table:
    """Show every measure of balance there is, today."""
    standard = problem.standard
    rows: tuple[Line, ...] = tuple(
        (
            standard.stages[row.stage].name,
            _indicator(standard, row.indicator),
            _MEASURES.get(row.measure, row.measure),
            (row.before.why_not or "")
            if row.before.value is None
            else significant(row.before.value, row.threshold),
            "" if row.threshold is None else f"≤ {row.threshold:g}",
        )
        for row in card.balance
    )
    columns = (text("Stage"), text("Indicator"), text("Measure"), text("Value"), text("Limit"))
    note = text(
        "Indices and means are weighted by pupils; least, greatest and counts are not. Conventions stand in docs/metrics.md."
    )
    return Table(text("Every measure of balance"), columns, rows, (note, cv_note(standard)), wide=True)


_MEASURES: dict[str, Cell] = {
    "cv": text("coefficient of variation"),
    "mean": text("mean"),
    "min": text("least"),
    "max": text("greatest"),
    "range_ratio": text("greatest over least"),
    "quartile_ratio": text("upper over lower quartile"),
    "gini": text("Gini index"),
    "theil": text("Theil's T"),
    "theil_between": text("Theil between zones"),
    "theil_within": text("Theil within zones"),
    "theil_between_p": text("Theil between zones: pseudo p-value"),
    "theil_between_settings_p": text("Theil between town and country: pseudo p-value"),
    "theil_between_settings": text("Theil between town and country"),
    "theil_within_settings": text("Theil within town and country"),
    "atkinson": text("Atkinson's index (0.5)"),
    "hoover": text("Hoover's index"),
    "met": text("schools that meet the threshold"),
    "sections": text("schools that are judged"),
    "conforming": text("schools that conform"),
}


def _indicator(standard: Standard, name: str) -> Cell:
    known = standard.indicators.get(name)
    if known:
        return known.name
    return text("Composite CV") if name == "composite" else text("All the standard asks")


def write_score(scored: Scored, out: Path, page: str) -> list[Path]:
    """Write the files of a score, all of today, for the owner alone.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    config, listed = scored.scenario.config, scored.card.files()
    roster = len(scored.problem.teachers) > 0
    left_out = _OF_CHANGE if roster else (*_OF_CHANGE, *_OF_PEOPLE)
    contents = {
        name: table(
            [today(row, roster=roster) for row in cells(rows)],
            config.language,
            today(dict.fromkeys(columns(name))),
        )
        for name, rows in listed.items()
        if name not in left_out
    }
    contents |= {
        name: table(rows, config.language, _NEEDED[name]) for name, rows in needed_rows(scored).items()
    }
    written = write_files(contents | {"score.html": page}, out, config.notice)
    for name in (*_OF_PEOPLE, *_NEEDED):  # of an earlier score, with a roster: they say nothing of this
        if name not in contents:
            (out / name).unlink(missing_ok=True)
    return written


_OF_CHANGE = ("attribution.csv", "gains.csv")
_OF_PEOPLE = ("posts.csv", "lessons.csv", "staff.csv", "profile.csv", "reach.csv", "money.csv")


def today(row: Mapping[str, Any], *, roster: bool = True) -> dict[str, Any]:
    """Keep what a row says of today: ``x_before`` becomes ``x``, ``before`` the value, and ``after`` goes.

    Without a roster heads are not known, and not 0.
    """
    kept = {name: value for name, value in row.items() if name not in _AFTER and not name.endswith("_after")}
    names = {name: "value" if name == "before" else name.removesuffix("_before") for name in kept}
    found = {names[name]: value for name, value in kept.items()}
    return found if roster or "headcount" not in found else found | {"headcount": None}


_AFTER = ("after", "pass_after")
