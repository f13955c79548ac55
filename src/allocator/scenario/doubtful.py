"""Checks of what is sound cell by cell and yet probably a slip; each is a warning."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from allocator.scenario.read import Scenario
from allocator.scenario.telling import Issues, at, pupils_of, section_keys
from allocator.words import text

_SLIP = 1000  # an amount so many times below what the standard asks, or below the others, is in another unit
_TIMES = 2  # staff so many times the quota, or the quota so many times the staff
_MANY = 10  # people from whom on the two are compared


def principals(scenario: Scenario) -> Issues:
    """Warn of schools with two principals."""
    teachers = scenario.table("teachers")
    heads = teachers[(teachers["role"] == "principal") & teachers["school_id"].notna()]
    for _, of_school in heads.groupby("school_id"):
        for before, row in pairwise(row for _, row in of_school.iterrows()):
            found = text("a second principal of {school}", school=row["school_id"])
            expected = text("one principal a school; there is one in row {row}", row=before["_row"])
            yield at(row, "role", found, expected, text("correct the role of one of them"), "warning")


def same_person(scenario: Scenario) -> Issues:
    """Warn of two rows with the same name, month of birth and sex; the name is not repeated."""
    teachers = scenario.table("teachers")
    known = teachers[teachers["name"].notna() & teachers["birth"].notna()]
    seen: dict[tuple[object, ...], tuple[str, int]] = {}
    for _, row in known.iterrows():
        who = (row["name"], row["birth"], row["sex"])
        if who in seen:
            code, number = seen[who]
            found = text("the name, month of birth and sex of {who} in row {row}", who=code, row=number)
            way = text("remove one row if both are one person")
            yield at(row, "teacher_id", found, text("a row for each person"), way, "warning")
        else:
            seen[who] = str(row["teacher_id"]), int(row["_row"])


def same_school(scenario: Scenario) -> Issues:
    """Warn of schools that share their name, and of those that share their place and no campus."""
    schools = scenario.table("schools")
    for _, row in schools[schools["name"].notna() & schools["name"].duplicated()].iterrows():
        other = schools.loc[schools["name"] == row["name"], "school_id"].iloc[0]
        found, expected = text("the name of {school}", school=other), text("a name for each school")
        yield at(
            row, "name", found, expected, text("add what tells them apart, such as the campus"), "warning"
        )
    places = schools[["lat", "lon"]].astype(float)
    placed = schools[places.notna().all(axis=1) & places.duplicated()]
    for _, row in placed.iterrows():
        same = schools[(places["lat"] == row["lat"]) & (places["lon"] == row["lon"])]
        other = same.iloc[0]
        if row["parent_id"] != other["school_id"] and other["parent_id"] != row["school_id"]:
            found, expected = (
                text("the place of {school}", school=other["school_id"]),
                text("a place for each school"),
            )
            way = text("correct the coordinates, unless both are on one campus")
            yield at(row, "lat", found, expected, way, "warning")


def quota_and_staff(scenario: Scenario) -> Issues:
    """Warn of sections whose quota and staff are far apart: one of them probably stands in another row."""
    sections, teachers = scenario.table("sections"), scenario.table("teachers")
    if not len(teachers):
        return
    staff = teachers.groupby(["school_id", "stage"]).size()
    here = np.array([staff.get(key, 0) for key in section_keys(sections)], dtype=float)
    quota = sections["quota"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        large = np.maximum(here, quota) >= _MANY
        apart = large & ((here > _TIMES * quota) | (quota > _TIMES * here))
    for i in np.flatnonzero(apart):
        row = sections.iloc[i]
        found = text("a quota of {quota} and {n} teachers", quota=int(quota[i]), n=int(here[i]))
        expected, way = (
            text("a quota near the staff"),
            text("check that the quota is of this school and stage"),
        )
        yield at(row, "quota", found, expected, way, "warning")


def posts_and_quota(scenario: Scenario) -> Issues:
    """Warn of sections with more published posts than quota."""
    posts, sections = scenario.table("posts"), scenario.table("sections")
    if posts.empty:
        return
    total = posts.groupby(["school_id", "stage"])["posts"].sum()
    many = np.array([total.get(key, 0.0) for key in section_keys(sections)], dtype=float)
    with np.errstate(invalid="ignore"):
        above = many > sections["quota"].to_numpy(dtype=float)
    for i in np.flatnonzero(above):
        row = sections.iloc[i]
        found = text("a quota of {quota} and {n} published posts", quota=int(row["quota"]), n=int(many[i]))
        expected, way = text("no more posts than the quota"), text("correct the quota or posts.csv")
        yield at(row, "quota", found, expected, way, "warning")


def units(scenario: Scenario) -> Issues:
    """Warn of equipment that is probably stated in 10,000 yuan: in all sections, or in some beside the others."""
    sections = scenario.table("sections")
    pupils = pupils_of(sections)
    each = (sections["equipment_yuan"].astype(float) / pupils.where(pupils > 0)).where(
        lambda value: value > 0
    )
    median, asked = each.median(), _least_equipment(scenario)
    if pd.isna(median):
        return
    expected, way = text("the value in yuan"), text("multiply it by 10,000 if it is in 10,000 yuan (万元)")
    if asked and median < asked / _SLIP:
        words = text(
            "{value} yuan a pupil in the middle section, where the standard asks for {asked}",
            value=f"{median:.2f}",
            asked=f"{asked:.0f}",
        )
        yield at(sections[each.notna()].iloc[0], "equipment_yuan", words, expected, way, "warning")
        return
    for i in np.flatnonzero(each < median / _SLIP):
        row = sections.iloc[i]
        words = text(
            "{value} yuan a pupil, where the middle section has {median}",
            value=f"{each.iloc[i]:.2f}",
            median=f"{median:.0f}",
        )
        yield at(row, "equipment_yuan", words, expected, way, "warning")


def _least_equipment(scenario: Scenario) -> float:
    """Return the least value of equipment for a pupil that the standard asks for, in yuan; 0 where it asks for none."""
    asked = [
        number.value / indicator.per
        for indicator in scenario.standard.indicators.values()
        if indicator.counts == "equipment_yuan"
        for number in indicator.threshold.values()
    ]
    return min(asked, default=0.0)
