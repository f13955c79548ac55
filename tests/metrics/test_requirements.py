"""Requirements, shortfalls, attribution and structure of three small schools, worked out by hand."""

import numpy as np
import pytest

from allocator.metrics.attribution import STEPS
from allocator.metrics.indicators import conforms, readings
from allocator.metrics.indices import official_cv
from allocator.metrics.measure import beside
from allocator.metrics.scorecard import scorecard
from allocator.metrics.shortfalls import gaps, reaches
from allocator.metrics.snapshot import september
from allocator.plan import Plan, standing_still
from allocator.problem import build
from allocator.scenario.read import read_tables
from allocator.words import say
from metrics.conftest import FILES


def asked(card, code, stage=""):
    return next(r for r in card.requirements if (r.requirement, r.stage) == (code, stage))


def judged(tmp_path, **changed):
    """Score a district as it stands, some cells of its tables changed."""
    for name, content in FILES.items():
        text = content
        for old, new in changed.get(name.partition(".")[0], ()):
            assert old in text
            text = text.replace(old, new)
        (tmp_path / name).write_text(text.lstrip(), encoding="utf-8")
    problem = build(read_tables(tmp_path))
    return scorecard(problem, standing_still(problem))


def _with_parent(tmp_path, scoring):
    files = {
        "schools": [
            ("school_id,name", "school_id,parent_id,name"),
            ("A,Alder", "A,,Alder"),
            ("B,Beech", "B,,Beech"),
            ("C,Cedar", "C,B,Cedar"),
        ],
        "scenario": [("[closures]", f"[scoring]\n{scoring}\n[closures]")],
    }
    return judged(tmp_path, **files)


@pytest.mark.parametrize(
    ("scoring", "units"),
    [
        ('teaching_points = "exclude"', [(4, 200), (1, 100)]),
        ('teaching_points = "merge"', [(4, 200), (2, 140)]),
        ('teaching_points = "separate"', [(4, 200), (1, 100), (1, 40)]),
        ('teaching_points = "exclude"\nbelow = 40', [(4, 200), (1, 100), (1, 40)]),
        ('teaching_points = "merge"\nbelow = 41', [(4, 200), (2, 140)]),
    ],
)
def test_teaching_points_count_as_the_scenario_says(tmp_path, scoring, units):
    """Cedar, a teaching point of 40 pupils, is left out, counted with Beech, or judged by itself."""
    card = _with_parent(tmp_path, scoring)
    row = next(r for r in card.balance if (r.stage, r.indicator, r.measure) == ("primary", "teachers", "cv"))
    heads, pupils = zip(*units, strict=True)
    assert row.before.value == pytest.approx(official_cv(heads, pupils).value)
    whole = next(r for r in card.balance if (r.stage, r.measure) == ("primary", "sections"))
    assert whole.before.value == len(units)


def test_every_requirement_has_a_verdict_or_a_reason(card):
    """What cannot be judged says why, in words; what is judged says what was found."""
    for row in card.requirements:
        for found, met in ((row.found_before, row.met_before), (row.found_after, row.met_after)):
            assert say(found, "en")
            assert met in (True, False, None)
            assert "nan" not in say(found, "en")


def test_single_coefficients_are_counted(card):
    """Of the seven single coefficients those within 0.5 are counted; the composite is not asked in 2017."""
    row = asked(card, "cv", "primary")
    within = [r.pass_before for r in card.balance if r.stage == "primary" and r.threshold is not None]
    said = say(row.found_before, "en")
    assert said.startswith(f"{within.count(True)} of {len(within)} indicators within it; above it: ")
    assert said.count(" per ") == within.count(False)
    assert row.met_before is False
    assert not [r for r in card.requirements if r.requirement == "composite"]


def test_schools_must_conform(card):
    """Neither of the two schools that count does all that is asked of a school."""
    row = asked(card, "schools", "primary")
    assert say(row.found_before, "en") == "0 of 2 schools meet it"
    assert row.met_before is False


def test_class_size_is_not_known_today_and_planned_in_september(card):
    """Without the largest class nothing is judged today; September's classes are set within the limit."""
    row = asked(card, "class_size", "primary")
    assert row.met_before is None
    assert "how large the largest class is" in say(row.found_before, "en")
    assert row.met_after is True


@pytest.mark.parametrize(
    ("sizes", "met"), [((45, 30, 20), True), ((46, 30, 20), False), ((45, "", 20), None)]
)
def test_class_size_is_judged_where_it_is_stated(tmp_path, sizes, met):
    """45 pupils are allowed and 46 are not; one school without a number leaves it open."""
    rows = [(f"{s},primary,", f"{s},primary,{n},") for s, n in zip("ABC", sizes, strict=True)]
    header = ("school_id,stage,g1", "school_id,stage,largest_class,g1")
    card = judged(tmp_path, sections=[header, *rows])
    assert asked(card, "class_size", "primary").met_before is met


def test_a_school_that_is_too_large_fails_its_kind(tmp_path):
    """A primary school may have 2,000 pupils and no more; kinds without a school are not asked."""
    card = judged(tmp_path, sections=[("A,primary,40", "A,primary,1840")])
    row = next(r for r in card.requirements if r.requirement == "school_size")
    assert row.met_before is True
    card = judged(tmp_path, sections=[("A,primary,40", "A,primary,1841")])
    row = next(r for r in card.requirements if r.requirement == "school_size")
    assert row.met_before is False
    assert say(row.found_before, "en") == "1 of 2 schools above it (A Alder), the largest 2001"
    assert len([r for r in card.requirements if r.requirement == "school_size"]) == 1


def test_certificates(tmp_path):
    """One teacher with a certificate below the stage fails it; the others are counted."""
    card = judged(tmp_path, teachers=[("A3,A,primary,pe,,primary", "A3,A,primary,pe,,kindergarten")])
    row = asked(card, "certificates")
    assert (say(row.found_before, "en"), row.met_before) == ("5 of 6 teachers", False)


def test_exchange_needs_a_plan_and_those_who_are_eligible(small_district, plan):
    """A4, who is no backbone teacher, moves; C1's school closes. Eligible are those whom the caller names."""
    unasked = scorecard(small_district, plan)
    assert asked(unasked, "exchange").met_after is None
    card = scorecard(small_district, plan, np.arange(5))
    assert (say(asked(card, "exchange").found_after, "en"), asked(card, "exchange").met_after) == (
        "1 of 5 eligible teachers (20.0%)",
        True,
    )
    assert asked(card, "exchange").met_before is None
    row = asked(card, "exchange_backbone")
    assert (say(row.found_after, "en"), row.met_after) == ("0 of 1 teachers who move (0.0%)", False)


@pytest.mark.parametrize(
    ("stated", "share", "led"),
    [
        ("eligible = 50\nmoved = 5\nbackbone = 1", True, True),
        ("eligible = 51\nmoved = 5\nbackbone = 0", False, False),
        ("moved = 5", None, None),
        ("eligible = 0\nmoved = 0\nbackbone = 0", None, None),
    ],
)
def test_the_exchange_of_last_summer_is_judged_where_the_scenario_states_it(tmp_path, stated, share, led):
    """Ten in a hundred of the eligible, one in five of them a backbone teacher, exactly; of nobody there is no share."""
    card = judged(tmp_path, scenario=[("[closures]", f"[last_exchange]\n{stated}\n[closures]")])
    assert asked(card, "exchange").met_before is share
    assert asked(card, "exchange_backbone").met_before is led


def test_what_a_school_must_still_meet_adds_up(small_district, plan):
    """By the values of the page: indicators below the threshold, less the one that may be missed, and below 85 %."""
    card = scorecard(small_district, plan)
    official = [name for name, one in small_district.standard.indicators.items() if one.official]
    for row in (one for one in card.sections if one.counts_before):
        met = sum(bool(row.values[name].meets_before) for name in official)
        thresholds = {n: small_district.standard.indicators[n].threshold[row.stage].value for n in official}
        low = sum(row.values[n].value_before.value < 0.85 * thresholds[n] - 1e-9 for n in official)
        assert (row.to_meet_before, row.below_floor_before) == (max(6 - met, 0), low)
        assert row.conforms_before is (met >= 6 and not low)
    assert any(row.to_meet_before for row in card.sections)
    left_out = next(row for row in card.sections if not row.counts_before)
    assert (left_out.to_meet_before, left_out.below_floor_before) == (None, None)


@pytest.mark.parametrize(
    ("value", "limit", "digits", "shown"),
    [
        (0.5002, 0.5, 3, "0.5002"),
        (0.5, 0.5, 3, "0.500"),
        (0.4996, 0.5, 3, "0.4996"),
        (0.4994, 0.5, 3, "0.499"),
        (9.99, 10.0, 1, "9.99"),
        (0.123456, None, 2, "0.12"),
        (0.0004, 0.0, 3, "0.0004"),
        (29.000000000000004, 29.0, 1, "29.0"),
    ],
)
def test_a_rounded_number_stays_on_its_side_of_the_limit(value, limit, digits, shown):
    """What is printed red never reads as within the limit."""
    assert beside(value, limit, digits) == shown


def test_the_reason_names_what_is_not_stated(tmp_path):
    """Who moved and who could is not 'not stated' where they are."""
    stated = "eligible = 50\nmoved = 5"
    card = judged(tmp_path, scenario=[("[closures]", f"[last_exchange]\n{stated}\n[closures]")])
    assert "not checked by the tables" in say(asked(card, "exchange").found_before, "en")
    assert "not stated: backbone" in say(asked(card, "exchange_backbone").found_before, "en")


def test_a_stage_without_pupils_cannot_be_judged(tmp_path):
    """Its requirements stand there with the reason, and do not vanish."""
    files = {
        "sections": [
            ("A,primary,40,40,30,30,30,30", "A,primary,0,0,0,0,0,0"),
            ("B,primary,20,20,20,20,10,10", "B,primary,0,0,0,0,0,0"),
            ("C,primary,10,10,10,10,0,0", "C,primary,0,0,0,0,0,0"),
        ]
    }
    card = judged(tmp_path, **files)
    row = asked(card, "schools", "primary")
    assert (row.met_before, say(row.found_before, "en")) == (None, "no school to judge")


def test_exchange_of_nobody_cannot_be_judged(small_district):
    """Where nobody is eligible, or moves, there is no share."""
    still = scorecard(small_district, standing_still(small_district), np.array([], dtype=int))
    assert asked(still, "exchange").met_after is None
    assert asked(still, "exchange_backbone").met_after is None


def test_what_it_would_take(small_district):
    """Over-qualified: A has 3 for 200 pupils and B none for 140; one more at B, or one move, brings 0.5."""
    (read,) = readings(small_district, [september(small_district, standing_still(small_district))])
    rows = {(r.indicator, r.way): r for r in reaches(small_district, read)}
    more, moves = rows["overqualified", "more"], rows["overqualified", "moves"]
    assert (more.people, more.schools) == (1, "B+1")
    assert (moves.people, moves.schools) == (1, "B+1 A-1")
    assert more.cv > 0.5 >= max(more.cv_then, moves.cv_then)


def test_gaps_of_schools_that_do_not_conform(small_district, plan):
    """A has 3 over-qualified where 200 pupils ask for 8.4: six more, and five to the floor of 7.14."""
    (read,) = readings(small_district, [september(small_district, standing_still(small_district))])
    conform = conforms(small_district.standard.balance, read.values(), 3)
    row = next(
        r for r in gaps(small_district, read, conform) if (r.school_id, r.indicator) == ("A", "overqualified")
    )
    assert (row.missing, row.missing_to_floor) == (6, 5)
    assert row.value == pytest.approx(1.5)


def test_steps_add_up(card):
    """The steps begin at today's CV, end at the plan's, and add up to the difference."""
    for name in ("teachers", "overqualified", "floor_area"):
        steps = [r for r in card.steps if (r.stage, r.indicator) == ("primary", name)]
        row = next(r for r in card.balance if (r.stage, r.indicator, r.measure) == ("primary", name, "cv"))
        assert [s.step for s in steps] == list(STEPS)
        assert steps[0].cv.value == pytest.approx(row.before.value)
        assert steps[-1].cv.value == pytest.approx(row.after.value)
        assert sum(s.change for s in steps[1:]) == pytest.approx(row.after.value - row.before.value)


def test_each_step_is_its_own(small_district, plan):
    """No pupils grow up here; C's pupils change B, C's teacher is placed, nobody is recruited, A4 moves."""
    steps = {r.step: r.change for r in scorecard(small_district, plan).steps if r.indicator == "teachers"}
    assert steps["enrolment"] == 0
    assert steps["recruits"] == 0
    assert all(abs(steps[name]) > 1e-3 for name in ("closures", "placed", "moves"))
    still = {
        r.step: r.change
        for r in scorecard(small_district, standing_still(small_district)).steps
        if r.indicator == "teachers"
    }
    assert (still["placed"], still["moves"]) == (0, 0)
    assert still["closures"] == pytest.approx(steps["closures"])


def test_enrolment_alone_changes_pupils_and_nothing_else(tmp_path):
    """A forecast that halves every school leaves the CV as it is; one for a single school does not."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content.lstrip(), encoding="utf-8")
    (tmp_path / "enrolment.csv").write_text("school_id,stage,g1\nA,primary,10\n", encoding="utf-8")
    problem = build(read_tables(tmp_path))
    assert problem.forecast.pupils.tolist() == [170, 100, 40]
    assert problem.before.pupils.tolist() == [200, 100, 40]
    steps = {
        r.step: r.change
        for r in scorecard(problem, standing_still(problem)).steps
        if r.indicator == "teachers"
    }
    assert abs(steps["enrolment"]) > 1e-3


def test_the_gain_of_a_move_is_what_undoing_it_costs(small_district, plan, card):
    """Put back home by hand, the mover leaves the weighted sum of squared CVs higher by just the gain."""
    (row,) = card.gains
    assert (row.teacher_id, row.from_school, row.to_school) == ("A4", "A", "B")
    p, undone = small_district, plan.post.copy()
    t = p.teachers.ids.index("A4")
    undone[t] = p.home_post[t]

    def total(post):
        changed = scorecard(p, Plan(post))
        cvs = {
            r.indicator: r.after.value for r in changed.balance if (r.stage, r.measure) == ("primary", "cv")
        }
        weights = p.config.priorities.indicators
        return sum(w * cvs[name] ** 2 for name, w in weights.items())

    assert row.gain == pytest.approx(total(undone) - total(plan.post), abs=1e-9)


def test_single_teachers_and_nobody(card):
    """Today Alder has two teachers of Chinese, Beech and Cedar one each; in September Beech has two."""
    row = next(r for r in card.people if r.subject == "chinese")
    assert (row.teachers_before, row.only_one_before, row.nobody_before) == (4, 2, 0)
    assert (row.teachers_after, row.only_one_after, row.nobody_after) == (4, 0, 0)
    row = next(r for r in card.people if r.subject == "mathematics")
    assert (row.only_one_before, row.nobody_before, row.nobody_after) == (1, 2, 1)


def test_retirements_are_known_or_said_to_be_unknown(tmp_path, card):
    """Without birth or sex retirement is not known; of the others B1 and A1 reach the age by 2022, A3 by 2024."""
    assert sum(r.retire_unknown for r in card.people) == 6
    assert {(r.retire_1, r.retire_3, r.retire_5) for r in card.people if r.teachers_after} == {(None,) * 3}
    births = [
        ("teacher_id,school_id", "teacher_id,sex,birth,school_id"),
        ("A1,A", "A1,m,1960-01,A"),
        ("A2,A", "A2,m,1980-01,A"),
        ("A3,A", "A3,m,1964-06,A"),
        ("A4,A", "A4,,1980-01,A"),
        ("B1,B", "B1,f,1967-06,B"),
        ("C1,C", "C1,m,,C"),
    ]
    people = judged(tmp_path, teachers=births).people
    total = {
        name: sum(getattr(r, name) or 0 for r in people) for name in ("retire_1", "retire_3", "retire_5")
    }
    assert total == {"retire_1": 2, "retire_3": 3, "retire_5": 3}
    assert sum(r.retire_unknown for r in people) == 1


def test_profiles_count_everybody_once(card):
    """By age, title, degree and backbone level alike, the groups of a stage add up to its teachers."""
    for what in ("age", "title", "degree", "backbone"):
        rows = [r for r in card.profiles if r.what == what]
        assert sum(r.teachers_before for r in rows) == 6
        assert sum(r.teachers_after for r in rows) == 6
    degrees = {r.group: r.teachers_before for r in card.profiles if r.what == "degree"}
    assert degrees == {"secondary": 2, "associate": 2, "bachelor": 2}
    assert {r.group for r in card.profiles if r.what == "age"} == {"unknown"}


def test_schools_with_a_relaxed_limit_are_judged_by_it(tmp_path):
    """Alder has 2,160 pupils: above 2,000, and within 2,400 where the relaxation applies to it; at 2,460 above both."""
    grown = [("A,primary,40,40", "A,primary,1040,1000")]
    scenarios = {"": (1, False), 'larger_schools = ["A"]': (0, True)}
    for scoring, (above, met) in scenarios.items():
        settings = [("[closures]", f"[scoring]\n{scoring}\n[closures]")]
        row = asked(judged(tmp_path, sections=grown, scenario=settings), "school_size")
        assert row.met_before is met
        assert (f"{above} of" in say(row.found_before, "en")) is bool(above)
        assert ("2400" in say(row.asked, "en")) is bool(scoring)
    grown, settings = (
        [("A,primary,40,40", "A,primary,1340,1000")],
        [("[closures]", '[scoring]\nlarger_schools = ["A"]\n[closures]')],
    )
    assert asked(judged(tmp_path, sections=grown, scenario=settings), "school_size").met_before is False


def test_permutation_tests_are_made_where_they_are_asked_for(tmp_path):
    """Pseudo p-values stand in balance.csv with [scoring] permutations, lie between 1/(draws + 1) and 1, and only there."""
    settings = [("[closures]", "[scoring]\npermutations = 99\n[closures]")]
    names = {"theil_between_p", "theil_between_settings_p"}
    for given, expected in ((settings, names), ([], set())):
        rows = judged(tmp_path, scenario=given).balance
        assert {r.measure for r in rows if r.measure.endswith("_p")} == expected
        values = [r.before.value for r in rows if r.measure in names and r.before.value is not None]
        assert all(0.01 <= value <= 1 for value in values)
        assert bool(values) is bool(given)
