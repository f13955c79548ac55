"""Rows of the result files: plain frozen values, named as their columns.

Every row can say its ``cells()``: column names and plain values in the order of the file. What cannot be
computed is None there; a sentence is a :class:`~allocator.words.Text` until it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from allocator.metrics.measure import Measure
from allocator.words import Text, text

Cell = str | int | float | bool | Text | None


@dataclass(frozen=True)
class Row:
    """A row of a result file; the fields are its columns."""

    def cells(self) -> dict[str, Cell]:
        """Columns by name; a measure is its value or None."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: v.value if isinstance(v, Measure) else v for name, v in found.items()}


@dataclass(frozen=True)
class BalanceRow(Row):
    """One row of balance.csv: a measure of an indicator at a stage.

    ``threshold`` is an upper limit. ``pass_`` is None where there is no threshold or no number. The indicator
    ``composite`` is the mean of the official single CVs; the indicator ``standard`` counts the ``sections``
    that are judged, and those ``conforming`` to what the standard asks of a school.
    """

    stage: str
    indicator: str
    measure: str
    before: Measure
    after: Measure
    threshold: float | None = None
    pass_before: bool | None = None
    pass_after: bool | None = None

    @property
    def why_not(self) -> Text | None:
        """Why ``before`` or ``after`` cannot be computed."""
        before, after = self.before.why_not, self.after.why_not
        if before is None or after is None or before == after:
            return before or after
        return text("before: {before}; after: {after}", before=before, after=after)

    def cells(self) -> dict[str, Cell]:
        """Columns by name, with the reason last."""
        return super().cells() | {"why_not": self.why_not}


@dataclass(frozen=True)
class SectionValue:
    """An indicator of one section; ``meets`` is None where the standard asks nothing or nothing is known."""

    value_before: Measure
    value_after: Measure
    meets_before: bool | None
    meets_after: bool | None


@dataclass(frozen=True)
class SectionRow(Row):
    """One row of sections.csv; pupils, classes and quota are September's.

    The columns of an indicator are named ``<indicator>_value_before``, ``<indicator>_value_after``,
    ``<indicator>_meets_before`` and ``<indicator>_meets_after``. ``counts`` says whether the standard counts
    the section, and ``conforms`` whether it does all that the standard asks of a school; where it does not,
    ``to_meet`` further indicators must be met, and ``below_floor`` must at least reach the floor.
    """

    school_id: str
    stage: str
    pupils: int
    classes: int
    quota: int
    headcount_before: int
    headcount_after: int
    values: Mapping[str, SectionValue]
    pupils_before: int
    counts_before: bool
    counts_after: bool
    conforms_before: bool | None
    conforms_after: bool | None
    to_meet_before: int | None
    to_meet_after: int | None
    below_floor_before: int | None
    below_floor_after: int | None

    def cells(self) -> dict[str, Cell]:
        """Columns by name, those of the indicators in the place of ``values``."""
        found: dict[str, Cell] = {}
        for field in fields(self):
            if field.name != "values":
                found[field.name] = getattr(self, field.name)
                continue
            for name, value in self.values.items():
                found[f"{name}_value_before"] = value.value_before.value
                found[f"{name}_value_after"] = value.value_after.value
                found[f"{name}_meets_before"] = value.meets_before
                found[f"{name}_meets_after"] = value.meets_after
        return found


@dataclass(frozen=True)
class LessonRow(Row):
    """One row of lessons.csv, in lessons a week.

    ``lessons`` are September's; ``covered_before`` is of today's lessons, which are ``lessons_before``.
    """

    school_id: str
    stage: str
    subject: str
    lessons: float
    covered_before: float
    covered_after: float
    lessons_before: float


@dataclass(frozen=True)
class PostRow(Row):
    """One row of posts.csv; ``posts`` are September's, and ``unfilled`` and ``extra`` are of the plan."""

    school_id: str
    stage: str
    subject: str
    posts: int
    filled_before: int
    filled_after: int
    unfilled: int
    extra: int
    posts_before: int


@dataclass(frozen=True)
class StaffRow(Row):
    """One stage as a whole: staff beside quota (整体超编) and posts.

    ``over_quota`` is headcount less quota, below 0 where the quota is not used up. ``posts_freed`` is the
    posts set today less those of September.
    """

    stage: str
    sections_before: int
    sections_after: int
    pupils_before: int
    pupils_after: int
    classes_before: int
    classes_after: int
    quota_before: int
    quota_after: int
    headcount_before: int
    headcount_after: int
    over_quota_before: int
    over_quota_after: int
    posts_before: int
    posts_after: int
    posts_freed: int


@dataclass(frozen=True)
class SubjectRow(Row):
    """One subject at one stage: who is missing (结构性缺编).

    ``short`` is posts less teachers, below 0 where there are too many. ``unfilled`` counts the posts that are
    empty section by section, whatever other sections have too many.
    """

    stage: str
    subject: str
    posts_before: int
    posts_after: int
    teachers_before: int
    teachers_after: int
    short_before: int
    short_after: int
    unfilled_before: int
    unfilled_after: int


@dataclass(frozen=True)
class RequirementRow(Row):
    """One row of requirements.csv: what the standard requires, what was found, and whether that is enough.

    ``met_before`` and ``met_after`` are None where it cannot be judged; ``found_before`` and ``found_after`` then
    say why. ``stage`` is empty where it is asked of the district.
    """

    requirement: str
    stage: str
    asked: Text
    found_before: Text
    found_after: Text
    met_before: bool | None
    met_after: bool | None
    source: str


@dataclass(frozen=True)
class ReachRow(Row):
    """One row of reach.csv: the fewest people that bring a coefficient of variation within its limit.

    ``way`` is ``more`` for further people and ``moves`` for moves between schools of the stage, whatever the
    rules say besides; ``people`` is None where no number does. ``schools`` lists where they come (+) or leave (−).
    """

    stage: str
    indicator: str
    cv: float
    limit: float
    way: str
    people: int | None
    cv_then: float | None
    schools: str


@dataclass(frozen=True)
class GapRow(Row):
    """One row of gaps.csv: what a section lacks of an indicator's threshold, in whole units of ``unit``.

    ``missing`` brings it to the threshold, ``missing_to_floor`` to the share of it that is asked of an indicator
    that may be missed. ``conforms`` says whether the section does all that is asked of a school all the same.
    """

    school_id: str
    stage: str
    indicator: str
    value: float
    threshold: float
    missing: int
    missing_to_floor: int
    school: str
    unit: Text
    conforms: bool | None


@dataclass(frozen=True)
class StepRow(Row):
    """One row of attribution.csv: the CV of an indicator after one step from today to the plan.

    ``change`` is what the step adds to the CV of the one before; the changes add up to the whole exactly.
    """

    stage: str
    indicator: str
    step: str
    cv: Measure
    change: float | None

    def cells(self) -> dict[str, Cell]:
        """Columns by name, with the reason last."""
        return super().cells() | {"why_not": self.cv.why_not}


@dataclass(frozen=True)
class GainRow(Row):
    """One row of gains.csv: how much more uneven the plan would be if one teacher had stayed.

    ``gain`` is in the weighted sum of squared CVs, below 0 where the move makes the district less even.
    """

    teacher_id: str
    from_school: str
    to_school: str
    gain: float


@dataclass(frozen=True)
class SubjectStaffRow(Row):
    """One row of staff.csv: who teaches a subject at a stage.

    ``only_one`` counts the sections with lessons and a single teacher of the subject, ``nobody`` those without
    any. ``retire_n`` retire within n years of September, None where that is known of nobody; ``retire_unknown`` lack a
    birth month or sex, or an age of retirement in the standard.
    """

    stage: str
    subject: str
    teachers_before: int
    teachers_after: int
    only_one_before: int
    only_one_after: int
    nobody_before: int
    nobody_after: int
    retire_1: int | None
    retire_3: int | None
    retire_5: int | None
    retire_unknown: int


@dataclass(frozen=True)
class MoneyRow(Row):
    """One row of money.csv: what an item costs a month; None where that is not known.

    ``item`` is ``allowance`` (of one ``setting``), ``commute`` or ``bus``; the amounts are counted in ``unit`` (people,
    km, pupil_km), each of which costs ``yuan``.
    """

    item: str
    setting: str
    unit: str
    amount_before: float | None
    amount_after: float | None
    yuan: float
    cost_before: float | None
    cost_after: float | None


@dataclass(frozen=True)
class ProfileRow(Row):
    """One row of profile.csv: how many teachers of a stage are of one group by ``what`` (age, title, degree, backbone)."""

    stage: str
    what: str
    group: str
    teachers_before: int
    teachers_after: int
