"""Generated districts: exact totals, published CVs, the same bytes on every run, issues and no tracebacks."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.errors import InputsAreWrong
from allocator.scenario.check import check
from allocator.scenario.read import read_tables
from allocator.scenario.synthesise import read_recipe, synthesise, write_district
from allocator.scenario.synthesise.calibrate import apportion, calibrated, weighted_cv

SCENARIOS = Path(__file__).parents[2] / "scenarios"
GENERATED = ("duji-2019", "duji-2020", "duji-2021", "fermanagh")
PUBLISHED = {
    "primary": {"overqualified": 0.677, "backbone": 0.674, "arts": 0.618},
    "junior": {"overqualified": 0.542, "backbone": 1.055, "arts": 0.507},
}


def _recipe(tmp_path: Path, name: str, *changes: tuple[str, str]) -> Path:
    """Copy a recipe with changes of its text."""
    for beside in (SCENARIOS / name).iterdir():
        if beside.name in ("source.csv", "standard.toml"):
            (tmp_path / beside.name).write_bytes(beside.read_bytes())
    text = (SCENARIOS / name / "synthesis.toml").read_text(encoding="utf-8")
    for pattern, replacement in changes:
        text, found = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
        assert found == 1, pattern
    path = tmp_path / "synthesis.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _pupils(sections: pd.DataFrame) -> pd.Series:
    return sections.filter(regex=r"^g\d+$").sum(axis=1)


@pytest.mark.parametrize("name", GENERATED)
def test_committed_tables_are_what_their_recipe_gives(name, tmp_path):
    """Regenerating a committed scenario gives the committed bytes."""
    written = write_district(SCENARIOS / name / "synthesis.toml", tmp_path)
    tables = [path for path in written if path.suffix == ".csv"]
    assert tables
    for path in tables:
        content = path.read_bytes()
        assert content == (SCENARIOS / name / path.name).read_bytes(), path.name
        assert content.endswith(b"\n")
        assert not content.startswith(b"\xef\xbb\xbf")
        assert b"\r" not in content


@pytest.mark.parametrize("name", GENERATED)
def test_committed_scenarios_read_without_errors(name):
    """Every generated scenario passes every check but two warnings: who has retired since 2019, and what contradicts itself in 2021."""
    scenario = read_tables(SCENARIOS / name)
    issues = [*scenario.warnings, *check(scenario)]
    assert [i.say("en") for i in issues if i.severity == "error"] == []
    warned = {"duji-2020": {"birth"}, "duji-2021": {"published.pupils"}}
    assert {i.column for i in issues} == warned.get(name, set())
    assert scenario.config.notice


def test_2021_has_the_published_totals():
    """Schools by kind, pupils and staff by stage are exactly the published ones."""
    tables = synthesise(read_recipe(SCENARIOS / "duji-2021" / "synthesis.toml"))
    kinds = tables["schools"]["kind"].value_counts()
    assert dict(kinds) == {"primary": 20, "teaching_point": 3, "nine_year": 10, "junior": 6}
    sections = tables["sections"].assign(pupils=_pupils(tables["sections"]))
    assert dict(sections.groupby("stage")["pupils"].sum()) == {"primary": 15526, "junior": 5451}
    assert dict(tables["teachers"].groupby("stage").size()) == {"primary": 1126, "junior": 735}


@pytest.mark.parametrize("name", ["duji-2019", "duji-2021"])
def test_counts_of_the_tables_reach_the_published_cvs(name):
    """The CVs counted anew from the tables are the published ones, within rounding to whole people."""
    scenario = read_tables(SCENARIOS / name)
    schools, sections, teachers = (scenario.table(t) for t in ("schools", "sections", "teachers"))
    points = set(schools.loc[schools["kind"] == "teaching_point", "school_id"])
    for stage, targets in PUBLISHED.items():
        here = sections[sections["stage"] == stage].set_index("school_id")
        pupils = _pupils(here)
        pupils = pupils[~(pupils.index.isin(points) & (pupils < 50))]
        staff = teachers[teachers["stage"] == stage]
        over = ["bachelor", "master", "doctor"] + (["associate"] if stage == "primary" else [])
        counted = {
            "overqualified": staff["degree"].isin(over),
            "backbone": staff["backbone"] != "none",
            "arts": staff["subject"].isin(["pe", "music", "art"]),
        }
        for indicator, target in targets.items():
            counts = staff[counted[indicator]].groupby("school_id").size().reindex(pupils.index, fill_value=0)
            found = weighted_cv(counts.to_numpy(dtype=np.int64), pupils.to_numpy(dtype=float))
            assert found == pytest.approx(target, abs=0.001), (stage, indicator)


def test_everybody_holds_the_required_degree_and_certificate():
    """Junior teachers have an associate degree or more, and nobody's certificate is below the stage."""
    teachers = read_tables(SCENARIOS / "duji-2021").table("teachers")
    junior = teachers[teachers["stage"] == "junior"]
    assert set(junior["degree"]) <= {"associate", "bachelor", "master", "doctor"}
    assert set(junior["certificate"]) <= {"junior", "senior"}
    principals = teachers[teachers["role"] == "principal"]
    assert sorted(principals["school_id"]) == sorted(set(teachers["school_id"]))


def test_the_39_schools_are_the_same_in_both_years():
    """2019 has the schools of 2021, place by place, and thirteen small ones besides."""
    before, after = (
        pd.read_csv(SCENARIOS / f"duji-{year}" / "schools.csv", dtype=str).set_index("school_id")
        for year in (2019, 2021)
    )
    pd.testing.assert_frame_equal(before.loc[after.index], after)
    closing = sorted(set(before.index) - set(after.index))
    assert closing == sorted(read_tables(SCENARIOS / "duji-2020").config.closures)
    assert len(closing) == 13


def test_receivers_of_2020_have_room():
    """With the pupils of the closing schools every class of a receiver keeps to 45 and has a classroom."""
    scenario = read_tables(SCENARIOS / "duji-2020")
    sections = scenario.table("sections")
    primary = sections[sections["stage"] == "primary"].set_index("school_id")
    grades = primary.filter(regex=r"^g\d+$")
    joined = grades.copy()
    for school, closure in scenario.config.closures.items():
        assert 15 <= grades.loc[school].sum() <= 90
        joined.loc[closure.to] += grades.loc[school]
    receivers = sorted({c.to for c in scenario.config.closures.values()})
    classes = np.ceil(joined.loc[receivers] / 45).sum(axis=1)
    assert (classes <= primary.loc[receivers, "classrooms"]).all()
    staff = scenario.table("teachers")["school_id"].isin(list(scenario.config.closures)).sum()
    assert 50 < staff < 130


def test_fermanagh_keeps_the_real_schools():
    """Names, places and pupils by year group are those of the source, unchanged."""
    source = pd.read_csv(SCENARIOS / "fermanagh" / "source.csv", dtype=str)
    schools = pd.read_csv(SCENARIOS / "fermanagh" / "schools.csv", dtype=str)
    sections = pd.read_csv(SCENARIOS / "fermanagh" / "sections.csv", dtype=str)
    assert len(schools) == 70
    same = {
        "school_id": "de_ref",
        "name": "school",
        "lat": "lat",
        "lon": "lon",
        "management": "management_type",
    }
    for own, published in same.items():
        assert list(schools[own]) == list(source[published])
    for grade, published in enumerate(["reception", *(f"year_{n}" for n in range(1, 8))]):
        assert list(sections[f"g{grade}"]) == list(source[published])


def test_another_seed_gives_other_people_of_the_same_totals(tmp_path):
    """The seed changes who the teachers are, not the published totals nor the places."""
    one = synthesise(read_recipe(SCENARIOS / "duji-2021" / "synthesis.toml"))
    two = synthesise(read_recipe(_recipe(tmp_path, "duji-2021", (r"^seed = \d+", "seed = 7"))))
    pd.testing.assert_frame_equal(one["schools"], two["schools"])
    assert not one["teachers"].equals(two["teachers"])
    assert list(one["teachers"]["stage"].value_counts()) == list(two["teachers"]["stage"].value_counts())


def test_a_new_folder_gets_a_scenario_that_reads(tmp_path):
    """Written to an empty folder, a district is a whole scenario with its notice and its standard."""
    for name in ("duji-2021", "fermanagh"):
        folder = tmp_path / name
        write_district(SCENARIOS / name / "synthesis.toml", folder)
        scenario = read_tables(folder)
        assert check(scenario) == []
        assert scenario.config.notice == read_recipe(SCENARIOS / name / "synthesis.toml").notice


@pytest.mark.parametrize(
    ("name", "change", "where"),
    [
        ("duji-2021", (r"^seed = .*", "seed = 'x'"), "seed"),
        ("duji-2021", (r"^notice = .*", "notice = ''"), "notice"),
        ("duji-2021", (r"^notice = .*", ""), "notice"),
        ("duji-2021", (r"^seed = .*", "sed = 1"), "sed"),
        ("duji-2021", (r"^seed = .*", "seed = "), None),
        ("duji-2021", (r"^standard = .*", "standard = 'cn-1999'"), "standard"),
        ("duji-2021", (r"^standard = .*", "standard = '.'"), "standard"),
        ("duji-2021", (r"^pupils = 15526", "pupils = 60"), "stages.primary.pupils"),
        ("duji-2021", (r"^pupils = 15526", ""), "stages.primary.pupils"),
        ("duji-2021", (r"^staff = 1126", "staff = 20"), "stages.primary.staff"),
        ("duji-2021", (r"chinese = 0.42", "chinese = 0.5"), "stages.primary.subjects"),
        ("duji-2021", (r"chinese = 0.42", "chinees = 0.42"), "stages.primary.subjects"),
        ("duji-2021", (r"^overqualified =", "overqualifed ="), "stages.primary.calibrate"),
        ("duji-2021", (r"youngest = 22", "youngest = 58"), "stages.primary.ages.youngest"),
        ("duji-2021", (r"rural = 9, ", "rural = 900, "), "blocks.P"),
        ("duji-2021", (r"^schools = \{ remote = 3 \}", "schools = { town = 3 }"), "blocks.T.pupils.primary"),
        ("duji-2021", (r"prefix = \"T\"", 'prefix = "P"'), "blocks"),
        ("duji-2021", (r"\"P01\", \"P04\"", '"P91", "P04"'), "groups"),
        ("duji-2021", (r"kind = \"junior\"", 'kind = "college"'), "blocks.J.kind"),
        ("duji-2021", (r"\{place\}小学", "{plaec}小学"), "blocks.0.name"),
        ("duji-2020", (r"english = 7", "englich = 7"), "recruits.subjects"),
        ("duji-2020", (r"stage = \"primary\"", 'stage = "high"'), "recruits.stage"),
        ("fermanagh", (r"file = \"source.csv\"", 'file = "sauce.csv"'), None),
        ("fermanagh", (r"file = \"source.csv\"", 'file = "standard.toml"'), None),
        ("fermanagh", (r"^lat = \"lat\"", ""), "source.columns.lat"),
        ("fermanagh", (r"^g0 = \"reception\"", 'g0 = "receptoin"'), "receptoin"),
        ("fermanagh", (r"^g0 = \"reception\"", 'g0 = "school"'), "school"),
        ("fermanagh", (r"\"Lisnaskea\"", '"Lisnaskeen"'), "source.zones"),
        ("fermanagh", (r"And South", "or South"), None),
    ],
)
def test_a_wrong_recipe_gives_issues(name, change, where, tmp_path):
    """Whatever is wrong in a recipe is an issue that names the key, never a traceback."""
    with pytest.raises(InputsAreWrong) as raised:
        write_district(_recipe(tmp_path, name, change), tmp_path / "out")
    assert where in {issue.column for issue in raised.value.issues}
    assert not (tmp_path / "out" / "teachers.csv").exists()


def test_an_unreadable_recipe_gives_an_issue(tmp_path):
    """A recipe that is missing is an issue too."""
    with pytest.raises(InputsAreWrong):
        read_recipe(tmp_path / "synthesis.toml")


def test_an_unreachable_cv_is_approached_and_told(tmp_path):
    """Where a published CV cannot be reached, the table of evidence says what was reached instead."""
    path = _recipe(tmp_path, "duji-2021", (r"overqualified = \{ cv = 0.677", "overqualified = { cv = 9.0"))
    rows = synthesise(read_recipe(path))["synthesis"]
    row = rows[(rows["scope"] == "primary") & (rows["measure"] == "cv overqualified")].iloc[0]
    assert float(row["target"]) == 9.0
    assert 0.6 < float(row["reached"]) < 9.0


@given(
    st.lists(st.tuples(st.floats(0, 100), st.integers(0, 40)), min_size=1, max_size=30),
    st.integers(0, 600),
)
def test_apportion_is_exact_within_its_limits(parts, total):
    """Shares add up to the total, or to all the room there is, and never pass a limit."""
    weights, most = np.array([w for w, _ in parts]), np.array([m for _, m in parts], dtype=np.int64)
    shares = apportion(weights, total, most)
    assert shares.sum() == min(total, most.sum())
    assert ((shares >= 0) & (shares <= most)).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 60), st.floats(0, 2))
def test_calibration_keeps_the_total_and_the_limits(seed, total, cv):
    """Whatever CV is asked, the counts keep their total and their limits, and the CV told is theirs."""
    rng = np.random.default_rng(seed)
    pupils, most = rng.uniform(30, 900, 12).round(), rng.integers(5, 40, 12)
    done = calibrated(pupils, most, rng.standard_normal(12), total, cv)
    assert done.counts.sum() == total
    assert ((done.counts >= 0) & (done.counts <= most)).all()
    assert done.cv == pytest.approx(weighted_cv(done.counts, pupils))
