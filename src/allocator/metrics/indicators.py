"""Indicators of a balance standard: what every section has for its pupils, and what that says of a stage.

Heads count for the section where the teacher holds the post; a teacher shared with other sections (走教)
counts at home only, as in 教督〔2017〕6号. Materials are those of the sections that are open at the time, so
that what a closed school leaves behind does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from allocator.domain import Balance, Indicator
from allocator.metrics import indices
from allocator.metrics.measure import Measure
from allocator.metrics.snapshot import Snapshot
from allocator.problem import Bools, Ints, Objects, Problem
from allocator.roads import Floats
from allocator.words import text

INDICES = {
    "cv": indices.official_cv,
    "mean": indices.mean,
    "min": indices.minimum,
    "max": indices.maximum,
    "range_ratio": indices.range_ratio,
    "quartile_ratio": indices.quartile_ratio,
    "gini": indices.gini,
    "theil": indices.theil,
    "atkinson": indices.atkinson,
    "hoover": indices.hoover,
}


@dataclass(frozen=True)
class Reading:
    """One indicator in every section at one time.

    Parameters
    ----------
    indicator
        What is counted.
    snapshot
        The time.
    amounts
        Amount × ``indicator.per`` of each section, with those of the teaching points that count with it, nan where
        not known or not open, shape (sections,).
    visitors
        Teachers × ``indicator.per`` who visit each section and may count for its threshold, shape (sections,).
    thresholds
        What the standard asks of each section for each ``per`` pupils, nan where nothing.
    """

    indicator: Indicator
    snapshot: Snapshot
    amounts: Floats
    visitors: Floats
    thresholds: Floats

    @cached_property
    def pupils(self) -> Floats:
        """Pupils of each section, with those of the teaching points that count with it, shape (sections,)."""
        return self.snapshot.season.together(self.snapshot.season.pupils)

    @cached_property
    def values(self) -> Floats:
        """Amount for each ``per`` pupils, visitors among it, nan where there is none, shape (sections,)."""
        pupils = self.pupils
        # One division of whole numbers: 42 heads of 1,000 pupils are exactly the 4.2 of the standard.
        ratios = np.full(len(pupils), np.nan)
        ratios[pupils > 0] = (self.amounts + self.visitors)[pupils > 0] / pupils[pupils > 0]
        return ratios

    @cached_property
    def judged(self) -> Bools:
        """Whether the standard counts the section and asks something of it, shape (sections,)."""
        return self.snapshot.season.in_scope & ~np.isnan(self.thresholds)

    @cached_property
    def known(self) -> Bools:
        """Whether a judged section's value is known, shape (sections,)."""
        return self.judged & ~np.isnan(self.values)

    @cached_property
    def meets(self) -> Bools:
        """Whether a section reaches its threshold, shape (sections,)."""
        return self.known & (self.values >= self.thresholds)

    def reaches(self, share: float) -> Bools:
        """Whether a section reaches a share of its threshold, shape (sections,)."""
        # Rounded, because 4.5 × 0.85 is a hair off 3.825 in binary.
        return self.known & (self.values >= np.round(self.thresholds * share, 9))

    def value(self, section: int) -> Measure:
        """Value of one section, or why it has none."""
        season, found = self.snapshot.season, self.values[section]
        if not np.isnan(found):
            return Measure(float(found))
        if not season.open[section]:
            return Measure.missing(text("the section is not open"))
        if season.pupils[section] <= 0:
            return Measure.missing(text("the section has no pupils"))
        if self.indicator.counts == "teachers":
            return Measure.missing(text("the roster does not say who counts"))
        return Measure.missing(text("the amount is not known"))

    def verdict(self, section: int) -> bool | None:
        """Whether one section meets its threshold; None where it is not judged or not known."""
        return bool(self.meets[section]) if self.known[section] else None

    def sections_that_meet(self, here: Ints) -> Measure:
        """Count the sections among ``here`` that reach their threshold."""
        unknown = int((self.judged & ~self.known)[here].sum())
        if unknown:
            return Measure.missing(
                text("the amount is not known in {n} of {all} sections", n=unknown, all=len(here))
            )
        return Measure(float(self.meets[here].sum()))


def readings(problem: Problem, snapshots: Sequence[Snapshot]) -> list[dict[str, Reading]]:
    """Read every indicator of the standard, by name, at each of several times."""
    found: list[dict[str, Reading]] = [{} for _ in snapshots]
    for name, indicator in problem.standard.indicators.items():
        limits = [indicator.threshold.get(stage) for stage in problem.stages]
        by_stage = np.array([np.nan if limit is None else limit.value for limit in limits])
        people = (
            (problem.counts(indicator), problem.unsure(indicator)) if indicator.counts == "teachers" else None
        )
        for moment, snapshot in zip(found, snapshots, strict=True):
            amounts = snapshot.season.together(_amounts(problem, indicator, people, snapshot))
            moment[name] = Reading(
                indicator,
                snapshot,
                amounts=amounts * indicator.per,
                visitors=visitors_of(problem, indicator, snapshot) * indicator.per,
                thresholds=by_stage[problem.sections.stage],
            )
    return found


def _amounts(
    problem: Problem, indicator: Indicator, people: tuple[Bools, Bools] | None, snapshot: Snapshot
) -> Floats:
    """Heads that count in each section, or the material; nan where not known or where the section is not open."""
    if people is None:
        return np.where(snapshot.season.open, snapshot.season.material[indicator.counts], np.nan)
    if not len(problem.teachers):  # no roster: not nobody, but not known
        return np.full(len(snapshot.season.open), np.nan)
    counted, unsure = (heads(problem, indicator, some, snapshot) for some in people)
    return np.where(snapshot.season.open & (unsure == 0), counted, np.nan)


def heads(problem: Problem, indicator: Indicator, people: Bools, snapshot: Snapshot) -> Ints:
    """Count people in each section whose post is of a subject that the indicator counts, shape (sections,).

    Parameters
    ----------
    people
        Whether each teacher is to be counted at a stage, shape (teachers, stages).
    """
    placed = np.flatnonzero(snapshot.section >= 0)
    section = snapshot.section[placed]
    counted = people[placed, problem.sections.stage[section]]
    counted &= problem.counted_subjects(indicator)[snapshot.subject[placed]]
    return np.bincount(section[counted], minlength=len(snapshot.season.open))


def visitors_of(problem: Problem, indicator: Indicator, snapshot: Snapshot) -> Floats:
    """Count who visits each small school in the countryside, where the scenario wants and the standard lets it.

    A visit is of today; it lasts as long as the teacher keeps the present place.
    """
    season, n = snapshot.season, len(problem.sections.school)
    least, below = problem.standard.balance.visitors_from, problem.standard.balance.visitors_below
    wanted = problem.config.scoring.visitors and indicator.visitors
    if not wanted or least is None or below is None:
        return np.zeros(n)
    teacher, section = problem.visits
    home, subject = problem.teachers.home[teacher], problem.teachers.subject[teacher]
    here = (snapshot.section[teacher] == home) & (snapshot.subject[teacher] == subject)
    here &= problem.counted_subjects(indicator)[subject]
    here &= problem.counts(indicator)[teacher, problem.sections.stage[section]]
    point = (problem.schools["kind"] == "teaching_point").to_numpy()[problem.sections.school]
    small = np.isin(problem.section_setting, ("rural", "remote")) | point
    small &= (season.pupils >= least.value) & (season.pupils < below.value)
    return np.bincount(section[here & small[section]], minlength=n).astype(np.float64)


Readings = Mapping[str, Reading]
"""The readings of every indicator at one time, by name."""


def every(verdicts: Sequence[bool | None]) -> bool | None:
    """Whether what is asked of all is met: one that fails settles it, whatever is not known elsewhere."""
    if False in verdicts:
        return False
    return None if None in verdicts or not verdicts else True


def counted(problem: Problem, snapshot: Snapshot, stage: int) -> Ints:
    """Sections of a stage that the standard counts: open, with pupils, not excluded."""
    return np.flatnonzero(snapshot.season.in_scope & (problem.sections.stage == stage))


def measures(problem: Problem, reading: Reading, stage: int) -> dict[str, Measure]:
    """Every measure of one indicator over the sections of one stage that count; zones, and town and country, are the groups.

    With pseudo p-values of the parts between groups where the scenario asks for them.
    """
    here = counted(problem, reading.snapshot, stage)
    groups: dict[str, Ints | Objects] = {
        "": problem.section_zone[here],
        "_settings": problem.section_setting[here],
    }
    amounts, pupils = reading.amounts[here], reading.pupils[here]
    found, draws = spread(amounts, pupils, groups), problem.config.scoring.permutations
    for ending, group in groups.items() if draws else ():
        p_value = indices.permutation(amounts, pupils, group, draws, problem.config.seed)
        found[f"theil_between{ending}_p"] = p_value
    return found


def spread(amounts: Floats, pupils: Floats, groups: Mapping[str, Ints | Objects]) -> dict[str, Measure]:
    """Every index of amounts over the pupils of sections, and the parts of Theil's T by groups of sections.

    Parameters
    ----------
    amounts, pupils
        Shape (sections,).
    groups
        Group of each section, by the ending of the names ``theil_between`` and ``theil_within``.
    """
    found = {name: index(amounts, pupils) for name, index in INDICES.items()}
    for ending, group in groups.items():
        parts = indices.theil_parts(amounts, pupils, group)
        found[f"theil_between{ending}"], found[f"theil_within{ending}"] = parts
    return found


def conforms(balance: Balance, read: Iterable[Reading], sections: int) -> Objects:
    """Whether each section does what the standard asks of a school.

    It meets at least ``met_at_least`` of the official indicators and reaches ``floor_share`` of the threshold
    in every other.

    Returns
    -------
    True, False, or None where the standard asks no such thing, does not count the section, or a missing amount
    decides; shape (sections,).

    References
    ----------
    教督〔2017〕6号: six of seven, and 85 % in the remaining one.
    """
    official = [r for r in read if r.indicator.official]
    verdict = np.full(sections, None, dtype=object)
    if balance.met_at_least is None or not official:
        return verdict
    judged, unknown, met, low = _counted(balance, official)
    fails = (low > 0) | (met + unknown < balance.met_at_least.value)
    verdict[judged & fails] = False
    verdict[judged & ~fails & (unknown == 0)] = True
    return verdict


def still_to_meet(balance: Balance, read: Iterable[Reading], sections: int) -> tuple[Objects, Objects]:
    """Count what each section lacks to do what the standard asks of a school.

    Returns
    -------
    How many further official indicators it must meet, and how many it must lift at least to the floor; None where
    the standard asks no such thing, does not count the section, or an amount is not known; each of shape (sections,).
    """
    official = [r for r in read if r.indicator.official]
    more, floor = np.full(sections, None, dtype=object), np.full(sections, None, dtype=object)
    if balance.met_at_least is None or not official:
        return more, floor
    judged, unknown, met, low = _counted(balance, official)
    sure = judged & (unknown == 0)
    more[sure] = np.maximum(np.ceil(balance.met_at_least.value) - met, 0).astype(int)[sure]
    floor[sure] = low[sure]
    return more, floor


def _counted(balance: Balance, official: list[Reading]) -> tuple[Bools, Ints, Ints, Ints]:
    """Whether each section is judged, and how many indicators are not known, met, and below the floor."""
    share = 1.0 if balance.floor_share is None else balance.floor_share.value
    judged, met, known = (
        np.array([getattr(r, name) for r in official]) for name in ("judged", "meets", "known")
    )
    low = known & ~np.array([r.reaches(share) for r in official])
    return np.asarray(judged.any(axis=0)), (judged & ~known).sum(axis=0), met.sum(axis=0), low.sum(axis=0)
