"""The district before anything is decided: quota against staff, surplus and shortage, ageing, certificates, gaps in the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from allocator.metrics.snapshot import held, today
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats

YEARS = (1, 2, 3, 4, 5, 10)
ASKED = {
    "teachers": ("birth", "sex", "degree", "title", "backbone", "joined_school", "hired", "certificate_subject", "second_subjects"),
    "sections": ("quota", "classrooms", "floor_area_m2", "sports_area_m2", "equipment_yuan", "multimedia_rooms"),
}  # fmt: skip
"""Columns on which figures rest, by table."""


@dataclass(frozen=True)
class QuotaRow:
    """One section: people of its quota, teachers there today, and how many more than the quota."""

    school_id: str
    stage: str
    pupils: int
    quota: int
    teachers: int
    over: int


@dataclass(frozen=True)
class SubjectRow:
    """One subject of a stage, in a zone or (zone empty) in the whole district.

    ``surplus`` adds up the teachers beyond the posts of each section, ``shortage`` the posts beyond the teachers; the difference of
    the two is what the place as a whole has too many. ``others`` could take the subject beside their own and teach another at this stage and place.
    """

    stage: str
    subject: str
    zone: str
    posts: int
    teachers: int
    surplus: int
    shortage: int
    others: int


@dataclass(frozen=True)
class RetirementRow:
    """One subject of a stage: today's teachers and posts, and who has reached the age of retirement by the September so many years from this one.

    ``beyond`` have reached it by this September; ``within`` are those who reach it later, within 1, 2, 3, 4, 5 and 10 years, each with those before;
    None where it is known of nobody.
    """

    stage: str
    subject: str
    posts: int
    teachers: int
    beyond: int | None
    within: tuple[int | None, ...]
    unknown: int


@dataclass(frozen=True)
class CertificateRow:
    """One stage: teachers whose certificate does not reach it, and those who teach another subject than their certificate names.

    A blank subject of the certificate counts as the main one; ``unstated`` are those.
    """

    stage: str
    teachers: int
    below: int
    other_subject: int
    unstated: int


@dataclass(frozen=True)
class KnownRow:
    """One column: how many rows it has, and in how many the cell is blank."""

    table: str
    column: str
    rows: int
    blank: int


def quotas(problem: Problem) -> Iterator[QuotaRow]:
    """Set the teachers of every open section beside its quota."""
    heads = held(problem, today(problem)).sum(axis=1)
    season = problem.before
    for u in np.flatnonzero(season.open):
        yield QuotaRow(
            problem.school_ids[problem.sections.school[u]],
            problem.stages[problem.sections.stage[u]],
            int(season.pupils[u]),
            int(season.quota[u]),
            int(heads[u]),
            int(heads[u] - season.quota[u]),
        )


def subjects(problem: Problem) -> Iterator[SubjectRow]:
    """Set the teachers of every subject beside its posts, in the district and in each zone."""
    heads, posts = held(problem, today(problem)), problem.before.posts
    zones = [("", np.ones(len(problem.sections.school), dtype=bool))]
    zones += [(name, problem.section_zone == z) for z, name in enumerate(problem.zones)]
    for g, stage in enumerate(problem.stages):
        for s, subject in enumerate(problem.subjects):
            for zone, there in zones:
                here = there & (problem.sections.stage == g) & problem.before.open
                have, need = heads[here, s], posts[here, s]
                if have.sum() or need.sum():
                    yield SubjectRow(
                        stage,
                        subject,
                        zone,
                        int(need.sum()),
                        int(have.sum()),
                        int(np.maximum(have - need, 0).sum()),
                        int(np.maximum(need - have, 0).sum()),
                        _others(problem, here, s),
                    )


def _others(problem: Problem, here: Bools, subject: int) -> int:
    """Count the teachers of some sections who can take a subject beside the one they teach."""
    teachers = problem.teachers
    there = (teachers.home >= 0) & here[teachers.home]
    return int((there & teachers.takes[:, subject] & (teachers.subject != subject)).sum())


def retirements(problem: Problem) -> Iterator[RetirementRow]:
    """Count who reaches the age of retirement, by stage and subject."""
    teachers, heads = problem.teachers, problem.before.posts
    left = (problem.retirement - problem.config.september) / 12
    stage_of = np.where(teachers.home >= 0, problem.sections.stage[teachers.home], -1)
    for g, stage in enumerate(problem.stages):
        here = (problem.sections.stage == g) & problem.before.open
        for s, subject in enumerate(problem.subjects):
            mine = (stage_of == g) & (teachers.subject == s)
            posts = int(heads[here, s].sum())
            if not mine.any() and not posts:
                continue
            yield RetirementRow(
                stage,
                subject,
                posts,
                int(mine.sum()),
                _reached(left[mine], -np.inf, 0),
                tuple(_reached(left[mine], 0, years) for years in YEARS),
                int(np.isnan(left[mine]).sum()),
            )


def _reached(left: Floats, after: float, by: float) -> int | None:
    """Count whose years are within two bounds, the later one included; None where they are known of nobody."""
    if len(left) and np.isnan(left).all():
        return None
    return int(((left > after) & (left <= by)).sum())


def certificates(problem: Problem) -> Iterator[CertificateRow]:
    """Count certificates that do not suit where people teach."""
    teachers, standard = problem.teachers, problem.standard
    stated = teachers.table["certificate_subject"].notna().to_numpy(dtype=bool)
    for g, stage in enumerate(problem.stages):
        mine = (teachers.home >= 0) & (problem.sections.stage[teachers.home] == g)
        needed = standard.certificate_rank[standard.stages[stage].certificate].value
        yield CertificateRow(
            stage,
            int(mine.sum()),
            int((mine & (teachers.rank < needed)).sum()),
            int((mine & stated & (teachers.certificate_subject != teachers.subject)).sum()),
            int((mine & ~stated).sum()),
        )


def known(problem: Problem, sections: pd.DataFrame) -> Iterator[KnownRow]:
    """Count the blank cells of the columns on which figures rest."""
    for table, rows in (("teachers", problem.teachers.table), ("sections", sections)):
        for column in ASKED[table]:
            cells = rows[column]
            blank = cells.isna() | cells.map(lambda cell: cell == ())
            yield KnownRow(table, column, len(rows), int(blank.sum()))


def ages(problem: Problem) -> Floats:
    """Return the age of every teacher in the September of the plan, in years; nan where the birth is not known."""
    births = problem.teachers.table["birth"].to_numpy(dtype=float)
    return np.asarray((problem.config.september - births) / 12, dtype=np.float64)


def at_stage(problem: Problem, stage: int) -> Ints:
    """Return who teaches at a stage today."""
    home = problem.teachers.home
    return np.flatnonzero((home >= 0) & (problem.sections.stage[home] == stage))
