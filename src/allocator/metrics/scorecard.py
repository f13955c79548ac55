"""The Scorecard: before and after of everything that is measured, row by row as the result files have it.

*Before* is today's places in today's sections, *after* the plan in September's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from allocator.metrics.attribution import attribution, gains
from allocator.metrics.balance import balance_rows
from allocator.metrics.indicators import Readings, conforms, readings, still_to_meet
from allocator.metrics.lessons import section_lessons
from allocator.metrics.money import money
from allocator.metrics.requirements import requirements
from allocator.metrics.rows import (
    BalanceRow,
    GainRow,
    GapRow,
    LessonRow,
    MoneyRow,
    PostRow,
    ProfileRow,
    ReachRow,
    RequirementRow,
    Row,
    SectionRow,
    SectionValue,
    StaffRow,
    StepRow,
    SubjectRow,
    SubjectStaffRow,
)
from allocator.metrics.shortfalls import gaps, reaches
from allocator.metrics.snapshot import Snapshot, held, september, today
from allocator.metrics.structure import profiles, subject_staff
from allocator.plan import Plan
from allocator.problem import Ints, Objects, Problem


@dataclass(frozen=True)
class Scorecard:
    """Everything that is measured on a plan, before and after.

    ``unplaced`` is how many teachers of the roster hold no post in September.
    """

    balance: tuple[BalanceRow, ...]
    sections: tuple[SectionRow, ...]
    lessons: tuple[LessonRow, ...]
    posts: tuple[PostRow, ...]
    staff: tuple[StaffRow, ...]
    subjects: tuple[SubjectRow, ...]
    unplaced: int
    requirements: tuple[RequirementRow, ...]
    reaches: tuple[ReachRow, ...]
    gaps: tuple[GapRow, ...]
    steps: tuple[StepRow, ...]
    gains: tuple[GainRow, ...]
    people: tuple[SubjectStaffRow, ...]
    profiles: tuple[ProfileRow, ...]
    money: tuple[MoneyRow, ...]

    def files(self) -> dict[str, Sequence[Row]]:
        """Rows by the name of the file that they stand in."""
        return {
            "posts.csv": self.posts,
            "sections.csv": self.sections,
            "balance.csv": self.balance,
            "lessons.csv": self.lessons,
            "requirements.csv": self.requirements,
            "reach.csv": self.reaches,
            "gaps.csv": self.gaps,
            "attribution.csv": self.steps,
            "gains.csv": self.gains,
            "staff.csv": self.people,
            "profile.csv": self.profiles,
            "money.csv": self.money,
        }


def scorecard(problem: Problem, plan: Plan, eligible: Ints | None = None) -> Scorecard:
    """Measure a plan: today's places in today's sections, and the plan's in September's.

    Parameters
    ----------
    eligible
        Who could lawfully leave an open school, by index; None where nobody asked.
    """
    before, after = today(problem), september(problem, plan)
    old, new = readings(problem, (before, after))
    filled, n = (held(problem, before), held(problem, after)), len(problem.sections.school)
    asked = problem.standard.balance
    conform = conforms(asked, old.values(), n), conforms(asked, new.values(), n)
    balance = tuple(balance_rows(problem, old, new, conform))
    return Scorecard(
        balance=balance,
        sections=tuple(_section_rows(problem, before, after, (old, new), conform)),
        lessons=tuple(_lesson_rows(problem, before, after)),
        posts=tuple(_post_rows(problem, *filled)),
        staff=tuple(_staff_rows(problem, *filled)),
        subjects=tuple(_subject_rows(problem, *filled)),
        unplaced=int((plan.post < 0).sum()),
        requirements=tuple(requirements(problem, (old, new), balance, conform, plan, eligible)),
        reaches=tuple(reaches(problem, new)),
        gaps=tuple(gaps(problem, new, conform[1])),
        steps=tuple(attribution(problem, plan, (old, new))),
        gains=tuple(gains(problem, plan, new)),
        people=tuple(subject_staff(problem, before, after)),
        profiles=tuple(profiles(problem, before, after)),
        money=tuple(money(problem, before, after)),
    )


def _section_rows(
    problem: Problem,
    before: Snapshot,
    after: Snapshot,
    read: tuple[Readings, Readings],
    conform: tuple[Objects, Objects],
) -> Iterator[SectionRow]:
    n, asked = len(problem.sections.school), problem.standard.balance
    lacks = [still_to_meet(asked, one.values(), n) for one in read]
    heads = [np.bincount(s.section[s.section >= 0], minlength=len(s.season.open)) for s in (before, after)]
    for u, (school, stage) in enumerate(_section_names(problem)):
        values = {}
        for name, old in read[0].items():
            new = read[1][name]
            values[name] = SectionValue(old.value(u), new.value(u), old.verdict(u), new.verdict(u))
        yield SectionRow(
            school_id=school,
            stage=stage,
            pupils=int(after.season.pupils[u]),
            classes=int(after.season.classes[u]),
            quota=int(after.season.quota[u]),
            headcount_before=int(heads[0][u]),
            headcount_after=int(heads[1][u]),
            values=values,
            pupils_before=int(before.season.pupils[u]),
            counts_before=bool(before.season.in_scope[u]),
            counts_after=bool(after.season.in_scope[u]),
            conforms_before=conform[0][u],
            conforms_after=conform[1][u],
            to_meet_before=lacks[0][0][u],
            to_meet_after=lacks[1][0][u],
            below_floor_before=lacks[0][1][u],
            below_floor_after=lacks[1][1][u],
        )


def _lesson_rows(problem: Problem, before: Snapshot, after: Snapshot) -> Iterator[LessonRow]:
    """One row for each section and subject with lessons today or in September."""
    names = _section_names(problem)
    old, new = section_lessons(problem, before), section_lessons(problem, after)
    asked, asked_before = after.season.lessons, before.season.lessons
    for u, s in np.argwhere((asked > 0) | (asked_before > 0)):
        yield LessonRow(
            school_id=names[u][0],
            stage=names[u][1],
            subject=problem.subjects[s],
            lessons=float(asked[u, s]),
            covered_before=float(old[u, s]),
            covered_after=float(new[u, s]),
            lessons_before=float(asked_before[u, s]),
        )


def _post_rows(problem: Problem, filled_before: Ints, filled_after: Ints) -> Iterator[PostRow]:
    """One row for each post group of September, and for what was filled or set only today."""
    names, posts, posts_before = _section_names(problem), problem.after.posts, problem.before.posts
    listed = (filled_before > 0) | (posts_before > 0)
    listed[problem.posts.section, problem.posts.subject] = True
    for u, s in np.argwhere(listed):
        surplus = int(filled_after[u, s] - posts[u, s])
        yield PostRow(
            school_id=names[u][0],
            stage=names[u][1],
            subject=problem.subjects[s],
            posts=int(posts[u, s]),
            filled_before=int(filled_before[u, s]),
            filled_after=int(filled_after[u, s]),
            unfilled=max(-surplus, 0),
            extra=max(surplus, 0),
            posts_before=int(posts_before[u, s]),
        )


def _staff_rows(problem: Problem, filled_before: Ints, filled_after: Ints) -> Iterator[StaffRow]:
    for g, stage in enumerate(problem.stages):
        here = problem.sections.stage == g
        found: dict[str, int] = {}
        for when, season, filled in (
            ("before", problem.before, filled_before),
            ("after", problem.after, filled_after),
        ):
            quota, heads = int(season.quota[here].sum()), int(filled[here].sum())
            found |= {
                f"sections_{when}": int(season.open[here].sum()),
                f"pupils_{when}": int(season.pupils[here].sum()),
                f"classes_{when}": int(season.classes[here].sum()),
                f"quota_{when}": quota,
                f"headcount_{when}": heads,
                f"over_quota_{when}": heads - quota,
                f"posts_{when}": int(season.posts[here].sum()),
            }
        yield StaffRow(stage=stage, **found, posts_freed=found["posts_before"] - found["posts_after"])


def _subject_rows(problem: Problem, filled_before: Ints, filled_after: Ints) -> Iterator[SubjectRow]:
    """One row for each subject of a stage that has posts or teachers today or in September."""
    for g, stage in enumerate(problem.stages):
        here = problem.sections.stage == g
        for s, subject in enumerate(problem.subjects):
            found: dict[str, int] = {}
            for when, season, filled in (
                ("before", problem.before, filled_before),
                ("after", problem.after, filled_after),
            ):
                empty = season.posts[here, s] - filled[here, s]
                found |= {
                    f"posts_{when}": int(season.posts[here, s].sum()),
                    f"teachers_{when}": int(filled[here, s].sum()),
                    f"short_{when}": int(empty.sum()),
                    f"unfilled_{when}": int(np.maximum(empty, 0).sum()),
                }
            if any(found.values()):
                yield SubjectRow(stage=stage, subject=subject, **found)


def _section_names(problem: Problem) -> list[tuple[str, str]]:
    """School code and stage of each section."""
    schools = problem.schools["school_id"].to_numpy()
    return [
        (str(schools[u]), problem.stages[g])
        for u, g in zip(problem.sections.school, problem.sections.stage, strict=True)
    ]
