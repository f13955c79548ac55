"""The state of the district before anything is decided, for the head of personnel."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from allocator.metrics.diagnosis import (
    YEARS,
    CertificateRow,
    KnownRow,
    QuotaRow,
    RetirementRow,
    SubjectRow,
    ages,
    at_stage,
)
from allocator.problem import Problem
from allocator.report.answer import Scored
from allocator.report.files import table, write_files
from allocator.report.parts import Cell, Line, Mark, Table, percent
from allocator.report.score import score_story
from allocator.report.scorecard import coefficients, profiles, requirements, school_names, staff
from allocator.report.story import Story, headed
from allocator.report.tables import warnings
from allocator.rules.contract import Rule
from allocator.scenario.schema import columns_of
from allocator.words import Text, both, text

_MOST = 4  # subjects and schools named in a sentence
_LONG = 60


@dataclass(frozen=True)
class Diagnosed:
    """What a diagnosis found.

    Parameters
    ----------
    scored
        The district as it stands, with its scorecard.
    quotas, subjects, retirements, certificates, known
        Rows of each table.
    eligible
        How many could lawfully be exchanged under the scenario's rules; None where the rules cannot be asked.
    held
        Rules that hold people at their school, each with how many.
    asked
        What the rules of exchange ask, each with the people that it comes to where that can be said.
    """

    scored: Scored
    quotas: tuple[QuotaRow, ...]
    subjects: tuple[SubjectRow, ...]
    retirements: tuple[RetirementRow, ...]
    certificates: tuple[CertificateRow, ...]
    known: tuple[KnownRow, ...]
    eligible: int | None
    held: tuple[tuple[Rule, int], ...]
    asked: tuple[tuple[Rule, int | None], ...]

    @property
    def problem(self) -> Problem:
        """The district."""
        return self.scored.problem

    def of_district(self) -> list[SubjectRow]:
        """Rows of the whole district."""
        return [row for row in self.subjects if not row.zone]


def diagnose_story(found: Diagnosed) -> Story:
    """Tell the state of a district."""
    problem, card = found.problem, found.scored.card
    tables = [
        _quotas(found),
        _subjects(found),
        _zones(found),
        _retirements(found),
        _ages(found),
        _certificates(found),
        _exchange(found),
        requirements(problem, card, both=False),
        coefficients(problem, card),
        staff(problem, card, both=False),
        profiles(problem, card, both=False),
        _known(found),
        warnings(problem, found.scored.scenario.config.language),
    ]
    made = headed(found.scored.scenario, tuple(verdict(found)), [one for one in tables if one.rows])
    about = score_story(found.scored)
    return replace(
        made, title=text("State of the district before anything is decided"), subtitle=about.subtitle
    )


def verdict(found: Diagnosed) -> Iterator[Mark]:
    """Yield the sentences of the first screen."""
    yield from _quota_told(found.quotas)
    if not len(found.problem.teachers):
        yield Mark(text("There is no roster: nothing can be said of people."), None)
        return
    yield from _subjects_told(found)
    yield from _ageing_told(found)
    yield from _certificates_told(found)
    yield from _exchange_told(found)
    blank = [row for row in found.known if row.blank]
    if blank:
        worst = sorted(blank, key=lambda row: -row.blank / max(row.rows, 1))[:_MOST]
        names = [
            text("{column} ({n} of {all})", column=_column(row), n=row.blank, all=row.rows) for row in worst
        ]
        yield Mark(text("Not everything is known: cells are blank in {names}.", names=names), None)


def _quota_told(rows: Sequence[QuotaRow]) -> Iterator[Mark]:
    over, under = ([r for r in rows if r.over * sign > 0] for sign in (1, -1))
    yield Mark(
        text(
            "Sections: {n}. Above their quota: {over}, by {more} people in all. Below it: {under}, by {fewer}. Quota {quota}, teachers {staff}.",
            n=len(rows),
            over=len(over),
            more=sum(r.over for r in over),
            under=len(under),
            fewer=-sum(r.over for r in under),
            quota=f"{sum(r.quota for r in rows):,}",
            staff=f"{sum(r.teachers for r in rows):,}",
        ),
        None,
    )


def _subjects_told(found: Diagnosed) -> Iterator[Mark]:
    rows = found.of_district()
    short, many = sum(r.shortage for r in rows), sum(r.surplus for r in rows)
    words = text(
        "Posts without a teacher of their subject, section by section: {short}; teachers beyond the posts of their section: {many}.",
        short=f"{short:,}",
        many=f"{many:,}",
    )
    yield Mark(words, short == 0)
    lacking = sorted((r for r in rows if r.posts > r.teachers), key=lambda r: r.teachers - r.posts)
    if lacking:
        names = [_lack(found.problem, row) for row in lacking[:_MOST]]
        words = text("Too few in the whole district, whoever moves: {names}.", names=names)
        yield Mark(words, False)
    else:
        yield Mark(
            text(
                "No subject has too few teachers in the district as a whole: what is short at one school is too many at another."
            ),
            True,
        )


def _lack(problem: Problem, row: SubjectRow) -> Text:
    return text(
        "{subject} ({stage}) {n}",
        subject=problem.standard.subjects[row.subject].name,
        stage=problem.standard.stages[row.stage].name,
        n=row.posts - row.teachers,
    )


def _ageing_told(found: Diagnosed) -> Iterator[Mark]:
    beyond = [row.beyond for row in found.retirements if row.beyond is not None]
    if np.isnan(found.problem.retirement).all():
        yield Mark(text("Ages are not known: nothing can be said of retirements."), None)
        return
    five = sum(row.within[YEARS.index(5)] or 0 for row in found.retirements)
    unknown = sum(row.unknown for row in found.retirements)
    old = ages(found.problem)
    median = float(np.median(old[~np.isnan(old)]))
    words = text(
        "Median age {median}. Beyond the age of retirement by September: {beyond}; reaching it within the five years after: {five}; not known: {unknown}.",
        median=f"{median:.1f}",
        beyond=sum(beyond),
        five=five,
        unknown=unknown,
    )
    yield Mark(words, None if not sum(beyond) else False)


def _certificates_told(found: Diagnosed) -> Iterator[Mark]:
    below, other = (sum(getattr(r, name) for r in found.certificates) for name in ("below", "other_subject"))
    words = text(
        "Teachers whose certificate does not reach their stage: {below}; who teach another subject than their certificate names: {other}.",
        below=below,
        other=other,
    )
    yield Mark(words, below == 0)


def _exchange_told(found: Diagnosed) -> Iterator[Mark]:
    if found.eligible is None:
        return
    words = text(
        "Eligible to be exchanged under the rules of this scenario: {n} of {all}.",
        n=found.eligible,
        all=len(found.problem.teachers),
    )
    yield Mark(words, None)
    for rule, people in found.asked:
        if people is not None:
            yield Mark(text("{rule} That is at least {n} people.", rule=rule.said(), n=people), None)


def _quotas(found: Diagnosed) -> Table:
    names, stages = school_names(found.problem, found.scored.closing), found.problem.standard.stages
    lines: tuple[Line, ...] = tuple(
        (
            names[r.school_id],
            stages[r.stage].name,
            f"{r.pupils:,}",
            str(r.quota),
            str(r.teachers),
            _signed(r.over),
        )
        for r in sorted(found.quotas, key=lambda r: -r.over)
    )
    heads = (
        text("School"),
        text("Stage"),
        text("Pupils"),
        text("Quota"),
        text("Teachers"),
        text("Over or under"),
    )
    return Table(text("Quota against staff"), heads, lines, found=True, wide=len(lines) > _LONG)


def _signed(n: int) -> Mark:
    return Mark(f"{n:+d}" if n else "0", None, shade=_shade(n), key=float(n))


def _shade(n: int) -> int:
    size = 0 if n == 0 else 1 if abs(n) < _STRONG else 2
    return size if n > 0 else -size


_STRONG = 3  # people from which on a cell is marked strongly


def _subjects(found: Diagnosed) -> Table:
    standard = found.problem.standard
    lines: tuple[Line, ...] = tuple(
        (
            standard.stages[r.stage].name,
            standard.subjects[r.subject].name,
            str(r.posts),
            str(r.teachers),
            _signed(r.teachers - r.posts),
            str(r.surplus),
            str(r.shortage),
            str(r.others),
        )
        for r in found.of_district()
    )
    heads = (
        text("Stage"), text("Subject"), text("Posts"), text("Teachers"), text("Over or under"),
        text("Too many, by section"), text("Too few, by section"), text("Others who can teach it"),
    )  # fmt: skip
    notes = (
        text(
            "Posts as pupils, classes and lessons of today ask for them. Others: teachers of the stage who can take the subject beside their own."
        ),
    )
    return Table(text("Surplus and shortage by subject"), heads, lines, notes)


def _zones(found: Diagnosed) -> Table:
    """Set subjects beside zones: teachers less posts."""
    standard, zones = found.problem.standard, list(found.problem.zones)
    at = {(r.stage, r.subject, r.zone): r.teachers - r.posts for r in found.subjects}
    lines: tuple[Line, ...] = tuple(
        (
            standard.stages[r.stage].name,
            standard.subjects[r.subject].name,
            *(_signed(at[r.stage, r.subject, z]) if (r.stage, r.subject, z) in at else "—" for z in zones),
        )
        for r in found.of_district()
    )
    heads = text("Stage"), text("Subject"), *(both(str(z), str(z)) for z in zones)
    return Table(
        text("Surplus and shortage by zone: teachers less posts"), heads, lines, wide=len(zones) > _LONG
    )


def _retirements(found: Diagnosed) -> Table:
    standard = found.problem.standard

    def shown(n: int | None) -> Cell:
        return "—" if n is None else str(n)

    lines: tuple[Line, ...] = tuple(
        (
            standard.stages[r.stage].name,
            standard.subjects[r.subject].name,
            str(r.posts),
            str(r.teachers),
            shown(r.beyond),
            *(shown(n) for n in r.within),
            str(r.unknown),
            "—"
            if r.beyond is None
            else _signed(r.teachers - r.beyond - (r.within[YEARS.index(5)] or 0) - r.posts),
        )
        for r in found.retirements
    )
    heads = (
        text("Stage"), text("Subject"), text("Posts"), text("Teachers"), text("Beyond it"),
        *(text("Within {n} years", n=n) for n in YEARS), text("Not known"), text("Left in 5 years, less today's posts"),
    )  # fmt: skip
    notes = (
        text(
            "By the age of retirement of the standard, which rises month by month, in Septembers from that of the plan. Nobody new is counted."
        ),
    )
    return Table(text("Retirements"), heads, lines, notes)


def _ages(found: Diagnosed) -> Table:
    """Give the ages of each stage: quartiles."""
    problem = found.problem
    old = ages(problem)
    lines: list[Line] = []
    for g, stage in enumerate(problem.stages):
        mine = at_stage(problem, g)
        told = old[mine][~np.isnan(old[mine])]
        if len(mine):
            quartiles = [f"{q:.1f}" for q in np.percentile(told, (25, 50, 75))] if len(told) else ["—"] * 3
            lines.append(
                (problem.standard.stages[stage].name, str(len(mine)), *quartiles, str(len(mine) - len(told)))
            )
    heads = (
        text("Stage"),
        text("Teachers"),
        text("A quarter is younger than"),
        text("Median age"),
        text("A quarter is older than"),
        text("Not known"),
    )
    return Table(text("Ages"), heads, tuple(lines))


def _certificates(found: Diagnosed) -> Table:
    lines: tuple[Line, ...] = tuple(
        (
            found.problem.standard.stages[r.stage].name,
            str(r.teachers),
            str(r.below),
            str(r.other_subject),
            str(r.unstated),
        )
        for r in found.certificates
    )
    heads = (
        text("Stage"),
        text("Teachers"),
        text("Certificate below the stage"),
        text("Another subject than certified"),
        text("Subject of the certificate not stated"),
    )
    return Table(text("Certificates"), heads, lines)


def _exchange(found: Diagnosed) -> Table:
    lines: tuple[Line, ...] = tuple((rule.said(), str(n)) for rule, n in found.held)
    heads = text("Rule"), text("People whom it holds at their school")
    return Table(
        text("Who is held, and why"),
        heads,
        lines,
        (text("Somebody may be held by several rules."),) if lines else (),
    )


def _column(row: KnownRow) -> Text:
    column = columns_of(row.table)[row.column]
    return both(column.alias, row.column)


def _known(found: Diagnosed) -> Table:
    lines: tuple[Line, ...] = tuple(
        (
            f"{row.table}.csv",
            _column(row),
            str(row.rows),
            str(row.blank),
            percent(row.blank / row.rows) if row.rows else "—",
        )
        for row in found.known
    )
    heads = text("Table"), text("Column"), text("Rows"), text("Blank"), text("Share")
    return Table(text("What is known"), heads, lines)


def write_diagnosis(found: Diagnosed, out: Path, page: str) -> list[Path]:
    """Write diagnose.html and its tables for the owner alone.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    config = found.scored.scenario.config
    tables: dict[str, Sequence[Any]] = {
        "quota.csv": found.quotas,
        "subjects_today.csv": found.subjects,
        "retirements.csv": found.retirements,
        "certificates.csv": found.certificates,
        "known.csv": found.known,
    }
    contents = {
        name: table(list(map(_plain, rows)), config.language, _heads(rows)) for name, rows in tables.items()
    }
    return write_files(contents | {"diagnose.html": page}, out, config.notice)


def _plain(row: Any) -> dict[str, Any]:
    """Return a row as cells; the years of retirement each have a column."""
    cells = {one.name: getattr(row, one.name) for one in fields(row)}
    within = cells.pop("within", None)
    return cells | (
        {f"within_{n}": value for n, value in zip(YEARS, within, strict=True)} if within is not None else {}
    )


def _heads(rows: Sequence[Any]) -> list[str]:
    return list(_plain(rows[0])) if rows else ["—"]


def least(share: float, eligible: int) -> int:
    """Return the least whole number of people that a share of the eligible comes to."""
    return math.ceil(share * eligible - 1e-9)
