"""The score of a district as it stands today, told and written; nothing is solved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from allocator.domain import Standard
from allocator.metrics import snapshot
from allocator.metrics.indicators import visitors_of
from allocator.metrics.scorecard import Scorecard
from allocator.problem import Problem
from allocator.report.answer import Scored
from allocator.report.files import cells, columns, table, write_files
from allocator.report.parts import Cell, Line, Mark, Table
from allocator.report.scorecard import (
    asked,
    coefficients,
    elsewhere,
    gaps,
    lacking,
    matrix,
    profiles,
    reaches,
    requirements,
    staff,
)
from allocator.report.story import Story, headed
from allocator.report.tables import warnings
from allocator.report.verdict import unlimited, warned
from allocator.rules.codes import CODES
from allocator.solving.needed import Needed
from allocator.words import text


def score_story(scored: Scored) -> Story:
    """Tell how a district stands today; nothing was solved."""
    problem, card = scored.problem, scored.card
    told = [
        requirements(problem, card, both=False),
        coefficients(problem, card),
        reaches(problem, card, scored.closing),
        _needed(scored),
        lacking(problem, card),
        matrix(problem, card, scored.closing),
        gaps(problem, card, scored.closing),
        staff(problem, card, both=False),
        profiles(problem, card, both=False),
        _values(problem, card),
        elsewhere(problem),
        warnings(problem, scored.scenario.config.language),
        _files(problem),
    ]
    found = headed(scored.scenario, verdict(scored), (one for one in told if one.rows))
    config = scored.scenario.config
    subtitle = text(
        "As it stands in the school year {year}–{next}, before anything that '{title}' plans · standard: {standard}",
        year=config.school_year - 1,
        next=config.school_year,
        title=config.title,
        standard=scored.scenario.standard.name,
    )
    signed = text("Judged by: ____________________   Date: ____________________")
    return replace(found, title=text("Balance of the district today"), subtitle=subtitle, signed=signed)


def verdict(scored: Scored) -> Iterator[Mark]:
    """Yield what a reader must know first: every requirement that is not met, and how many are."""
    others = scored.problem.standard.balance.elsewhere
    rows = [row for row in scored.card.requirements if row.requirement not in others]
    yield Mark(text("Scored, not solved: the district as it stands today."), None)
    yield from _who_counts(scored.problem)
    if not rows:
        yield unlimited()
    met, failed = ([r for r in rows if r.met_before is value] for value in (True, False))
    unknown = len(rows) - len(met) - len(failed)
    if rows:
        words = text(
            "Requirements that the tables can answer: {met} met, {failed} not met, {unknown} cannot be judged.",
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
    yield from warned(scored.problem)


_ABSENT = ("leave", "seconded", "ill", "training")


def _who_counts(problem: Problem) -> Iterator[Mark]:
    """Say who counts though absent or past the age of retirement, and how small teaching points count."""
    if not len(problem.teachers):
        yield Mark(text("There is no roster: nothing that counts teachers can be judged."), None)
        return
    status = problem.teachers.table["status"]
    retired = int((problem.retirement <= problem.config.september).sum())
    groups = [text("past the age of retirement: {n}", n=retired)] if retired else []
    groups += [
        text("{status}: {n}", status=CODES[one], n=n) for one in _ABSENT if (n := int((status == one).sum()))
    ]
    if groups:
        words = text(
            "Everybody on the roster counts ({n}), those among them too who may not be at work: {groups}.",
            n=len(problem.teachers),
            groups=groups,
        )
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
            str(one.anyway),
            _between(one),
        )
        for one in scored.needed or ()
    )
    columns = (text("Stage"), text("Indicator"), text("Moves the rules ask for anyway"), text("Fewest moves"))
    note = text(
        "The fewest teachers who leave a school, under the rules of the scenario without its budget, with whom this one coefficient is within its limit; proved. Posts that stay empty do not count here. Who moves stands in needed_moves.csv."
    )
    return Table(text("Fewest moves under the rules"), columns, rows, (note,))


def _between(one: Needed) -> Cell:
    if one.most is None:
        return (
            text("no plan under the rules does")
            if one.least is None
            else text("not found within the limit of time")
        )
    if one.least == one.most:
        return str(one.most)
    return text("{most}; fewer than {least} are proved not to do", most=one.most, least=one.least)


def needed_rows(scored: Scored) -> dict[str, list[dict[str, Any]]]:
    """Rows of needed.csv and needed_moves.csv; no files where nobody asked."""
    problem, people, moved = scored.problem, scored.problem.teachers.ids, []
    if scored.needed is None:
        return {}
    for one in scored.needed:
        if one.plan is None:
            continue
        school = one.plan.school(problem)
        for t in np.flatnonzero(one.plan.away(problem)).tolist():
            moved.append(
                {
                    "stage": one.stage,
                    "indicator": one.indicator,
                    "teacher_id": people[t],
                    "from_school": problem.school_ids[problem.home_school[t]],
                    "to_school": problem.school_ids[school[t]],
                }
            )
    found = [
        {
            "stage": one.stage,
            "indicator": one.indicator,
            "anyway": one.anyway,
            "least": one.least,
            "most": one.most,
        }
        for one in scored.needed
    ]
    return {"needed.csv": found, "needed_moves.csv": moved}


_NEEDED = {
    "needed.csv": ("stage", "indicator", "anyway", "least", "most"),
    "needed_moves.csv": ("stage", "indicator", "teacher_id", "from_school", "to_school"),
}


def _values(problem: Problem, card: Scorecard) -> Table:
    """Show every measure of balance there is, today."""
    standard = problem.standard
    rows: tuple[Line, ...] = tuple(
        (
            standard.stages[row.stage].name,
            _indicator(standard, row.indicator),
            _MEASURES.get(row.measure, row.measure),
            (row.before.why_not or "") if row.before.value is None else f"{row.before.value:.4g}",
            "" if row.threshold is None else f"≤ {row.threshold:g}",
        )
        for row in card.balance
    )
    columns = (text("Stage"), text("Indicator"), text("Measure"), text("Value"), text("Limit"))
    note = text(
        "Every measure is weighted by pupils; conventions stand in docs/metrics.md. CV: the official coefficient of variation."
    )
    return Table(text("Every measure of balance"), columns, rows, (note,), wide=True)


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
