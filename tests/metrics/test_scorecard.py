"""The scorecard of three small schools, every number of which was worked out by hand."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from allocator.metrics.indicators import conforms, readings
from allocator.metrics.scorecard import scorecard
from allocator.metrics.snapshot import today
from allocator.plan import Plan, standing_still


def balance(card, indicator, measure):
    return next(
        r for r in card.balance if (r.stage, r.indicator, r.measure) == ("primary", indicator, measure)
    )


def section(card, school):
    return next(r for r in card.sections if r.school_id == school)


def of_subject(rows, school, subject):
    return next(r for r in rows if (r.school_id, r.subject) == (school, subject))


def test_cv_before_and_after(card):
    """The CVs are those of A and B before and after; the excluded teaching point does not count."""
    row = balance(card, "teachers", "cv")
    assert row.before.value == pytest.approx(sqrt(2) / 5)
    assert row.after.value == pytest.approx(sqrt(340 * (9 / 200 + 9 / 140) / 36 - 1))
    assert (row.threshold, row.pass_before, row.pass_after) == (None, None, None)


def test_official_cv_is_judged(card):
    """An official indicator has the limit of its stage: the over-qualified fail before and pass after."""
    row = balance(card, "overqualified", "cv")
    assert row.before.value == pytest.approx(sqrt(0.5))
    assert row.after.value == pytest.approx(sqrt(340 * (4 / 200 + 4 / 140) / 16 - 1))
    assert (row.threshold, row.pass_before, row.pass_after) == (0.5, False, True)


def test_levels_count_for_each_hundred_pupils(card):
    """Mean, least and greatest value are in the unit of the indicator."""
    rows = [balance(card, "teachers", measure) for measure in ("mean", "min", "max")]
    assert [r.before.value for r in rows] == pytest.approx([500 / 300, 1, 2])
    assert [r.after.value for r in rows] == pytest.approx([600 / 340, 1.5, 300 / 140])


def test_theil_parts_are_of_the_zones(card):
    """With one section in each zone all of Theil's T lies between the zones."""
    whole, between, within = (
        balance(card, "teachers", m).after.value for m in ("theil", "theil_between", "theil_within")
    )
    assert between == pytest.approx(whole)
    assert whole > 0
    assert within == 0


def test_sections_that_meet_a_threshold(card):
    """A's 4.5 m² meet 4.5 exactly; B's one backbone teacher is enough for 100 pupils and not for 140."""
    floor, backbone = balance(card, "floor_area", "met"), balance(card, "backbone", "met")
    assert (floor.before.value, floor.after.value) == (1, 1)
    assert (backbone.before.value, backbone.after.value) == (1, 0)
    a, b = section(card, "A").values["floor_area"], section(card, "B").values["backbone"]
    assert (a.meets_before, a.meets_after) == (True, True)
    assert (b.meets_before, b.meets_after) == (True, False)


def test_materials_of_a_closed_school_do_not_count(card):
    """B has its own rooms for its own and C's pupils; what C leaves behind is nobody's."""
    assert section(card, "B").values["floor_area"].value_after.value == pytest.approx(440 / 140)
    assert balance(card, "floor_area", "mean").after.value == pytest.approx(1340 / 340)


def test_second_subject_counts_for_the_subject_of_the_post(card):
    """C's teacher of Chinese who can give PE counts as no PE teacher."""
    assert section(card, "C").values["arts"].value_before.value == 0
    assert section(card, "A").values["arts"].value_before.value == 0.5


def test_closed_and_excluded_sections_are_shown_and_not_judged(card):
    """C has values before, none after with the reason, and no verdict in either season."""
    row = section(card, "C")
    value = row.values["teachers"]
    assert value.value_before.value == 2.5
    assert str(value.value_after.why_not) == "the section is not open"
    assert (row.counts_before, row.counts_after) == (False, False)
    assert (row.conforms_before, row.values["backbone"].meets_before) == (None, None)
    assert (row.pupils, row.pupils_before, row.headcount_before, row.headcount_after) == (0, 40, 1, 0)


def test_standard_asks_every_section(card):
    """Two sections are judged, neither conforms, so that the standard is not passed."""
    assert balance(card, "standard", "sections").after.value == 2
    row = balance(card, "standard", "conforming")
    assert (row.before.value, row.pass_before, row.pass_after) == (0, False, False)


def test_posts(card):
    """Posts of September stand beside who fills them; places of a closed school stay visible."""
    chinese, mathematics = (of_subject(card.posts, "B", s) for s in ("chinese", "mathematics"))
    assert (chinese.posts, chinese.filled_before, chinese.filled_after) == (1, 1, 2)
    assert (chinese.unfilled, chinese.extra) == (0, 1)
    assert (mathematics.posts, mathematics.filled_before, mathematics.filled_after) == (2, 0, 1)
    assert (mathematics.unfilled, mathematics.extra) == (1, 0)
    gone = of_subject(card.posts, "C", "chinese")
    assert (gone.posts, gone.posts_before, gone.filled_before, gone.filled_after) == (0, 2, 1, 0)


def test_staff_and_quota_side_by_side(card):
    """Headcount, quota and posts of the stage add up over its sections, before and after."""
    (row,) = (r for r in card.staff if r.stage == "primary")
    assert (row.sections_before, row.sections_after) == (3, 2)
    assert (row.pupils_before, row.pupils_after) == (340, 340)
    assert (row.quota_before, row.quota_after) == (18, 15)
    assert (row.headcount_before, row.headcount_after, row.over_quota_after) == (6, 6, -9)
    assert (row.posts_before, row.posts_after, row.posts_freed) == (9, 7, 2)


def test_shortage_by_subject(card):
    """One teacher of mathematics for two posts is one short, but both are empty while A keeps her."""
    (row,) = (r for r in card.subjects if (r.stage, r.subject) == ("primary", "mathematics"))
    assert (row.short_before, row.short_after) == (1, 1)
    assert (row.unfilled_before, row.unfilled_after) == (2, 1)


def test_lessons(card):
    """B can give no mathematics today and 14 lessons of it in September; C's lessons are gone with it."""
    row = of_subject(card.lessons, "B", "mathematics")
    assert row.lessons > 14
    assert (row.covered_before, row.covered_after) == (0, 14)
    gone = of_subject(card.lessons, "C", "chinese")
    assert gone.lessons == 0
    assert gone.covered_after == 0
    assert (gone.lessons_before, gone.covered_before) == (30, 14)


def test_unplaced(small_district, card):
    """Standing still leaves the teacher of the closed school without a post; the plan places everyone."""
    assert scorecard(small_district, standing_still(small_district)).unplaced == 1
    assert card.unplaced == 0


def test_cells_are_the_columns_of_the_files(card):
    """Rows give the columns that the result files promise, with plain values."""
    cells = card.balance[0].cells()
    promised = "stage indicator measure before after threshold pass_before pass_after why_not"
    assert list(cells) == promised.split()
    cells = card.sections[0].cells()
    assert list(cells)[:7] == [
        "school_id",
        "stage",
        "pupils",
        "classes",
        "quota",
        "headcount_before",
        "headcount_after",
    ]
    assert cells["teachers_value_before"] == 2
    assert cells["overqualified_meets_after"] is False
    assert list(card.posts[0].cells())[:8] == (
        ["school_id", "stage", "subject", "posts", "filled_before", "filled_after", "unfilled", "extra"]
    )
    assert list(card.lessons[0].cells())[:6] == (
        ["school_id", "stage", "subject", "lessons", "covered_before", "covered_after"]
    )


def test_stage_without_sections_says_so(card):
    """The standard has a junior stage and the district none: its rows say why they are empty."""
    row = next(r for r in card.balance if r.stage == "junior" and r.measure == "cv")
    assert (row.before.value, row.pass_before) == (None, None)
    assert str(row.cells()["why_not"]) == "no section counts"


def test_unknown_material_says_so(small_district, plan):
    """An amount that B did not report leaves the rows of that indicator empty, with the reason."""
    unknown = small_district.before.material["floor_area_m2"].copy()
    unknown[1] = np.nan
    material = dict(small_district.before.material) | {"floor_area_m2": unknown}
    problem = replace(small_district, before=replace(small_district.before, material=material))
    card = scorecard(problem, plan)
    row = balance(card, "floor_area", "cv")
    assert (row.before.value, row.pass_before, row.pass_after) == (None, None, True)
    assert str(row.why_not) == "the amount is not known in 1 of 2 sections"
    assert balance(card, "floor_area", "met").before.value is None
    assert str(section(card, "B").values["floor_area"].value_before.why_not) == "the amount is not known"


def visiting(problem, pupils=60, setting="remote", **visits):
    """Let teachers visit C, a teaching point of so many pupils that the standard counts and that stays open."""
    counted = np.array([340.0, 100.0, pupils])
    here = [
        replace(season, pupils=counted, open=np.ones(3, dtype=bool), unit=np.arange(3))
        for season in (problem.before, problem.after)
    ]
    schools = problem.schools.assign(
        setting=["town", "rural", setting], kind=["primary", "primary", "primary"]
    )
    scoring = problem.config.scoring.model_copy(update={"visitors": True})
    cells = [visits.get(teacher, ()) for teacher in problem.teachers.ids]
    table = problem.teachers.table.copy()
    table["visits"] = cells
    return replace(
        problem,
        before=here[0],
        after=here[1],
        schools=schools,
        teachers=replace(problem.teachers, table=table),
        config=problem.config.model_copy(update={"scoring": scoring}),
    )


@pytest.mark.parametrize(
    ("changed", "visitors"),
    [
        ({}, 1),
        ({"pupils": 50}, 1),
        ({"pupils": 99}, 1),
        ({"pupils": 49}, 0),
        ({"pupils": 100}, 0),
        ({"setting": "town"}, 0),
        ({"A3": ("B",)}, 0),
        ({"A3": (), "A1": ("C",)}, 0),
        ({"A3": ("C", "C")}, 1),
    ],
)
def test_visitors_count_for_the_threshold_of_a_small_school(small_district, changed, visitors):
    """A's PE teacher counts at C too: between 50 and 99 pupils, in the countryside, for PE, and for no CV."""
    problem = visiting(small_district, **{"A3": ("C",)} | changed)
    asked = problem.standard.indicators["arts"].threshold["primary"].value
    pupils = changed.get("pupils", 60)
    card, plain = (
        scorecard(p, standing_still(p)) for p in (problem, replace(problem, config=small_district.config))
    )
    found = section(card, "C").values["arts"]
    assert found.value_before.value == found.value_after.value == 100 * visitors / pupils
    assert found.meets_before is (100 * visitors / pupils >= asked)
    (gap,) = [g.missing for g in plain.gaps if (g.school_id, g.indicator) == ("C", "arts")]
    assert [g.missing for g in card.gaps if (g.school_id, g.indicator) == ("C", "arts")] == (
        [gap - visitors] if gap > visitors else []
    )
    assert balance(card, "arts", "cv") == balance(plain, "arts", "cv")
    assert [section(card, s) for s in "AB"] == [section(plain, s) for s in "AB"]


def test_who_moves_visits_no_longer(small_district):
    """A visit of today ends when the teacher takes another place."""
    problem = visiting(small_district, A3=("C",))
    posts = standing_still(problem).post.copy()
    t = problem.teachers.ids.index("A3")
    posts[t] = problem.post_of(np.array([1]), problem.teachers.subject[t : t + 1])[0]
    found = section(scorecard(problem, Plan(posts)), "C").values["arts"]
    assert (found.value_before.value, found.value_after.value) == (100 / 60, 0)


def with_cells(problem, column, values):
    """Write the district with a column of the roster anew."""
    table = problem.teachers.table.assign(**{column: np.array(values, dtype=object)})
    return replace(problem, teachers=replace(problem.teachers, table=table))


def test_unknown_degree_says_so(small_district, plan):
    """Where one teacher's degree is blank nobody knows how many are over-qualified: not there, not in the CV."""
    problem = with_cells(
        small_district, "degree", ["bachelor", None, "secondary", "bachelor", "secondary", "associate"]
    )
    card = scorecard(problem, plan)
    row = balance(card, "overqualified", "cv")
    assert (row.before.value, row.after.value, row.pass_after) == (None, None, None)
    assert str(row.why_not) == "the amount is not known in 1 of 2 sections"
    values = section(card, "A").values["overqualified"]
    assert str(values.value_before.why_not) == "the roster does not say who counts"
    assert values.meets_before is None
    assert section(card, "B").values["overqualified"].value_before.value == 0
    assert not [g for g in card.gaps if (g.school_id, g.indicator) == ("A", "overqualified")]
    assert not [r for r in card.reaches if r.indicator == "overqualified"]
    assert sum(g.gain for g in card.gains) == pytest.approx(
        sum(g.gain for g in scorecard(without(problem, "overqualified"), plan).gains)
    )


def without(problem, indicator):
    """Let the scenario weigh one indicator less."""
    weights = {n: w for n, w in problem.config.priorities.indicators.items() if n != indicator}
    priorities = problem.config.priorities.model_copy(update={"indicators": weights})
    return replace(problem, config=problem.config.model_copy(update={"priorities": priorities}))


def test_blank_level_is_none_where_somebody_has_one(small_district, plan):
    """A roster that marks only its backbone teachers says of the others that they are none."""
    problem = with_cells(small_district, "backbone", ["county", None, None, None, "city", None])
    assert scorecard(problem, plan) == scorecard(small_district, plan)


def test_level_that_the_roster_says_of_nobody_is_not_known(small_district, plan):
    """Without a single level of backbone teacher their number is not 0 but not known."""
    card = scorecard(with_cells(small_district, "backbone", [None] * 6), plan)
    assert balance(card, "backbone", "cv").before.value is None
    assert section(card, "B").values["backbone"].value_after.value is None
    (row,) = (r for r in card.requirements if r.requirement == "exchange_backbone")
    assert (row.met_after, str(row.found_after)) == (None, "the roster states nobody's backbone level")
    assert [r.group for r in card.profiles if r.what == "backbone"] == ["unknown"]


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((1, 1, 1, 1, 1, 1, 1), True),
        ((1, 1, 1, 0.86, 1, 1, 1), True),
        ((1, 1, 1, 0.84, 1, 1, 1), False),
        ((1, 1, 1, 0.86, 0.86, 1, 1), False),
        ((1, 1, 1, np.nan, 1, 1, 1), None),
        ((1, 1, 1, np.nan, 0.84, 1, 1), False),
        ((1, 1, 1, np.nan, 0.86, 1, 1), None),
        ((1, 1, 1, np.nan, 0.86, 0.86, 1), False),
    ],
)
def test_six_of_seven(small_district, shares, expected):
    """A section conforms with six of seven met and 85 % in the last; an unknown amount leaves it open."""
    (read,) = readings(small_district, [today(small_district)])
    official = [r for r in read.values() if r.indicator.official]
    pupils = small_district.before.pupils
    made = [
        replace(r, amounts=np.where(np.arange(len(pupils)) == 0, r.thresholds * share * pupils, r.amounts))
        for r, share in zip(official, shares, strict=True)
    ]
    assert conforms(small_district.standard.balance, made, len(pupils))[0] is expected
