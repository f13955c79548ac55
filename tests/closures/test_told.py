"""What is said of proposals: true of every school it names, counted anew; and choices chosen with the teachers."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from allocator import app
from allocator.cli import cli
from allocator.closures.advise import advice, code, nearer, sentence, unchosen
from allocator.closures.choose import Chooser, Proposal, breaches, frontier, most_posts, worth
from allocator.closures.layout import Layout, layout
from allocator.closures.travel import Way
from allocator.report.closures import ranked
from allocator.scenario.check import read
from allocator.words import say
from builders import District, issues_of, own_standard, toml
from closures.test_choose import LIMIT, drawn, every

SEEDS = range(12)


def laid(tmp_path: Path, seed: int) -> Layout:
    district: District = drawn(seed)
    return layout(read(district.write(tmp_path / "d"), needed=("schools", "sections")))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_choices_with_the_most_posts_are_those_of_trying_everything(tmp_path: Path, seed: int) -> None:
    """One after the other, no set of schools twice, each with the least way; and no other frees more than is told."""
    found, best = laid(tmp_path, seed), {}
    for closed, ways in every(found):
        w = worth(found, closed, ways)
        if closed:
            best[closed] = max(best.get(closed, (-1e9, 0.0)), (round(w.posts, 6), -w.pupil_km))
    for most, n in ((2, 4), (3, 100)):
        asked = {closed: value for closed, value in best.items() if len(closed) <= most}
        chosen, rest = most_posts(Chooser(found), most, LIMIT, n)
        assert len({one.closed for one in chosen}) == len(chosen) == min(n, len(asked))
        values = sorted((value[0] for value in asked.values()), reverse=True)
        if chosen:  # the first is the least way of all that free as many
            most_ = [value for value in asked.values() if value[0] > values[0] - 1e-4]
            least = -max(value[1] for value in most_)
            assert worth(found, chosen[0].closed, chosen[0].ways).pupil_km <= least + 0.1
        for one, expected in zip(chosen, values, strict=False):
            w = worth(found, one.closed, one.ways)
            assert w.posts == pytest.approx(expected, abs=1e-4)
            assert asked[one.closed][0] == pytest.approx(expected, abs=1e-4)
            assert w.pupil_km <= -asked[one.closed][1] + 0.1
            assert not list(breaches(found, one.closed, one.ways))
        if len(chosen) == len(values):
            assert rest == 0
        else:
            assert rest is not None
            assert values[len(chosen)] - 1e-4 <= rest


def _proposals(found: Layout) -> Iterator[tuple[Proposal, Way]]:
    for one in frontier(found, LIMIT)[0]:
        for way in one.ways:
            yield one, way


@pytest.mark.parametrize("seed", SEEDS)
def test_nearer_schools_are_named_with_why(tmp_path: Path, seed: int) -> None:
    """All of the stage that are nearer and no other; each reason is true, and 'possible' breaks nothing."""
    found = laid(tmp_path, seed)
    same = found.scenario.config.closing.same
    cells = [found.scenario.table("schools")[column].to_numpy(dtype=object) for column in same]
    for one, way in _proposals(found):
        start = found.school[way.section]
        told = {end: say(why, "en") for end, why in nearer(found, one, way)}
        near = {
            int(s)
            for v, s in enumerate(found.school)
            if s != start
            and found.stage[v] == found.stage[way.section]
            and found.km[start, s] < found.km[start, found.school[way.to]] - 1e-6
        }
        assert set(told) == near
        for end, why in told.items():
            v = next(
                v
                for v, s in enumerate(found.school)
                if s == end and found.stage[v] == found.stage[way.section]
            )
            other = next((w for w in found.ways if (w.section, w.to) == (way.section, v)), None)
            assert ("differing in" in why) is any(c[start] != c[end] for c in cells)
            if "closes as well" in why:
                assert end in one.closed
            if "longer than the limits" in why:
                assert other is None
            if other is None or end in one.closed:
                continue
            ways = [w for w in one.ways if w is not way] + [other]
            broken = list(breaches(found, one.closed, ways))
            fewer = worth(found, one.closed, ways).posts < worth(found, one.closed, one.ways).posts - 0.05
            assert ("rooms" in why or "pupils" in why) is bool(broken)
            assert ("posts less" in why) is (not broken and fewer)


@pytest.mark.parametrize("seed", SEEDS)
def test_why_no_proposal_closes_a_school_is_true(tmp_path: Path, seed: int) -> None:
    """No rooms anywhere, nothing that it frees by itself, or so many posts at most: against trying it alone."""
    found = laid(tmp_path, seed)
    alone: dict[int, float] = {}
    for closed, ways in every(replace(found, scenario=_free(found))):
        if len(closed) == 1:
            alone[closed[0]] = max(alone.get(closed[0], -1e9), worth(found, closed, ways).posts)
    for school in np.flatnonzero(found.considered).tolist():
        why = say(unchosen(found, school), "en")
        if "has rooms" in why:
            assert school not in alone
        elif "frees no class" in why:
            assert alone.get(school, 0.0) <= 0.05
        elif school in alone:
            assert alone[school] <= float(why.split()[4]) + 0.05


def _free(found: Layout):
    """Leave out what binds schools to one another."""
    closing = found.scenario.config.closing.model_copy(update={"townships": False})
    return replace(found.scenario, config=found.scenario.config.model_copy(update={"closing": closing}))


@pytest.mark.parametrize("seed", range(4))
def test_a_forecast_is_tried_as_a_september_of_its_own(tmp_path: Path, seed: int) -> None:
    """Each year gives the shares of the district with that year's pupils; blank cells and other sections are September's."""
    made, rng = drawn(seed), np.random.default_rng(seed)
    sections = [(row["school_id"], row["stage"]) for row in made.tables["sections"]]
    september = {"school_id": "S0", "stage": "primary", "g1": 9}
    years = {
        year: [
            {"school_id": school, "stage": stage} | {f"g{g}": int(rng.integers(1, 40)) for g in grades}
            for school, stage in sections[:3]
            for grades in [range(7, 10) if stage == "junior" else range(2, 6)]
        ]
        for year in ("2022", "2025")
    }
    made.row("enrolment", **september)
    for year, listed in years.items():
        for row in listed:
            made.row("forecast", year=year, **row)
    made.set(closing={"below": 130, "solved": 0})
    proposed = app.closures(read(made.write(tmp_path / "d")))
    assert proposed.years == ("2022", "2025")
    for place, (year, listed) in enumerate(years.items()):
        other = drawn(seed).set(closing={"below": 130, "solved": 0})
        for row in listed:
            same = (row["school_id"], row["stage"]) == ("S0", "primary")
            other.row("enrolment", **({"g1": 9} | row if same else row))
        found = layout(read(other.write(tmp_path / year)))
        proposals, _ = frontier(found, LIMIT, posts_alone=True)
        for one in proposed.advice:
            share = one.shares[2 + place]
            if not proposals:
                assert np.isnan(share)
            else:
                closing = sum(one.school in p.closed for p in proposals)
                assert share == pytest.approx(closing / len(proposals)), year


@pytest.mark.parametrize("year", ["2020", "02021", "1999", "later", "20251", "2025.0"])
def test_years_of_forecasts_are_years_to_come(tmp_path: Path, year: str) -> None:
    """The September of the plan is enrolment.csv's, and what is no year is told."""
    made = drawn(0).row("forecast", school_id="S1", stage="primary", year=year, g1=5)
    assert [issue.column for issue in issues_of(made.write(tmp_path / "d")) if issue.severity == "error"] == [
        "year"
    ]


def test_schools_that_give_or_take_are_no_candidates(tmp_path: Path) -> None:
    """A school that transfers grades, and every school that is named as a receiver, also of a grade without pupils."""
    made = District(title="Given", school_year=2020, seed=1, language="en", closing={"below": 100})
    for i in range(5):
        made.school(f"S{i}", lat=f"34.0{i}", lon="116.8")
        made.section(f"S{i}", "primary", [5] * 5 if i == 1 else [5] * 6, classrooms=12)
        made.teacher(f"S{i}", "primary")
    made.set(
        transfers={"S0": {"1": "S2"}},
        closures={"S1": {"to": "S4", "grades": {"6": "S3", "1": "S2"}}},
    )
    folder = made.write(tmp_path / "d")
    found = layout(read(folder))
    assert not found.considered.any()
    assert "transfers" in say(found.obstacles[0], "en")
    assert {say(found.obstacles[i], "en") for i in (2, 3, 4)} == {"receives the pupils of another school"}


def test_receivers_by_grade_stand_in_the_table_that_is_written(tmp_path: Path) -> None:
    """What is pasted into a scenario is what was solved."""
    made = District(
        title="Pasted", school_year=2020, seed=1, language="en", closing={"below": 50, "solved": 2}
    )
    for i, pupils in enumerate((5, 6, 20, 20, 20)):
        made.school(f"S{i}", lat=f"34.0{i}", lon="116.8")
        made.section(f"S{i}", "primary", [pupils] * 6, classrooms=12)
        made.teacher(f"S{i}", "primary")
    made.set(closures={"S0": {"to": "S2", "grades": {"6": "S3"}}})
    folder = made.write(tmp_path / "d")
    asked = ["closures", str(folder), "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(cli, asked).exit_code == 0
    (path,) = (tmp_path / "out").glob("closures-*.toml")
    closures = tomllib.loads(path.read_text(encoding="utf-8"))["closures"]
    assert closures["S0"] == {"to": "S2", "grades": {"6": "S3"}}
    assert "S1" in closures


def test_closing_nothing_is_no_choice(tmp_path: Path) -> None:
    """However many choices are asked for."""
    chosen, rest = most_posts(Chooser(laid(tmp_path, 1)), 2, LIMIT, 1000)
    assert all(one.closed for one in chosen)
    assert rest == 0


def test_the_only_school_of_a_township_is_no_candidate(tmp_path: Path) -> None:
    """It is told with its township; where townships do not matter, it may be proposed."""
    made = District(title="Alone", school_year=2020, seed=1, language="en", closing={"below": 100})
    for i, township in enumerate(("east", "west", "west")):
        made.school(f"S{i}", township=township, lat=f"34.0{i}", lon="116.8")
        made.section(f"S{i}", "primary", [5] * 6, classrooms=12)
    found = layout(read(made.write(tmp_path / "d"), needed=("schools", "sections")))
    assert found.considered.tolist() == [False, True, True]
    assert "only school of the township east" in say(found.obstacles[0], "en")
    made.set(closing={"below": 100, "townships": False})
    found = layout(read(made.write(tmp_path / "e"), needed=("schools", "sections")))
    assert found.considered.all()


def test_limits_that_named_closures_break_are_told(tmp_path: Path) -> None:
    """Another management, the last school of a township, and a way that is too long, each with its schools."""
    made = District(title="Named", school_year=2020, seed=1, language="en")
    for i, (township, management, lat) in enumerate(
        (("east", "a", "34.0"), ("west", "b", "34.02"), ("west", "b", "35.5"))
    ):
        made.school(f"S{i}", township=township, management=management, lat=lat, lon="116.8")
        made.section(f"S{i}", "primary", [5] * 6, classrooms=12)
    made.teacher("S1", "primary")
    made.set(
        closing={"below": 100, "same": ["management"]},
        closures={"S0": {"to": "S1"}, "S2": {"to": "S1"}},
    )
    proposed = app.closures(read(made.write(tmp_path / "d")), beside=True)
    assert proposed.own is not None
    broken = [
        say(one, "en")
        for one in breaches(proposed.layout, proposed.own.proposal.closed, proposed.own.proposal.ways)
    ]
    assert "S0: differs from S1 in management" in broken
    assert any(one.startswith("east: no school is left") for one in broken)
    assert any(one.startswith("S2: ") and "minutes to S1, more than 30" in one for one in broken)


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Choose closures of a drawn district together with its teachers: its folder, and that of the result."""
    place = tmp_path_factory.mktemp("together")
    made: District = drawn(3)
    for i in range(7):
        for subject in ("chinese", "mathematics", "english", "pe"):
            made.teacher(f"S{i}", "primary", subject=subject)
    made.set(closing={"below": 130, "most": 3, "solved": 0}).write(place / "in")
    asked = [
        "closures",
        str(place / "in"),
        "--out",
        str(place / "out"),
        "--together",
        "6",
        "--language",
        "en",
    ]
    found = CliRunner().invoke(cli, asked)
    assert found.exit_code == 0, found.output
    return place / "in", place / "out"


def test_choices_are_ranked_by_what_their_plans_reach(together: tuple[Path, Path]) -> None:
    """Each is solved as the scenario with its closures is; the best level by level is first."""
    proposed = app.closures(read(together[0]), together=6)
    assert len(proposed.together) in (5, 6)  # the best five at the first level, and the first
    order = [[round(lv.objective, 9) for lv in one.answer.result.levels] for one in ranked(proposed)]
    assert order == sorted(order)
    assert len({tuple(levels) for levels in order}) > 1
    with (together[1] / "together.csv").open(encoding="utf-8", newline="") as file:
        told = list(csv.DictReader(file))
    assert [row["rank"] for row in told] == [str(i + 1) for i in range(len(proposed.together))]
    for row, one in zip(told, ranked(proposed), strict=True):
        assert row["closed"].split(";") == [proposed.layout.ids[s] for s in one.proposal.closed]
        assert int(row["unfilled"]) == sum(r.unfilled for r in one.answer.card.posts)
        toml = together[1] / f"closures-{row['proposal']}.toml"
        assert all(f'"{code}"' in toml.read_text(encoding="utf-8") for code in row["closed"].split(";"))
    page = (together[1] / "closures.html").read_text(encoding="utf-8")
    assert "Closures and teachers chosen together" in page
    assert "two steps" in page


def test_choices_are_screened_by_the_first_level(
    together: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more choices than are solved in full, the first and those that are best at the first level stay."""
    monkeypatch.setattr(app, "_FINALISTS", 2)
    scenario = read(together[0])
    screened = app.closures(scenario, together=6)
    assert screened.screened == 6
    assert 2 <= len(screened.together) <= 3
    monkeypatch.setattr(app, "_FINALISTS", 100)
    every = app.closures(scenario, together=6)
    assert len(every.together) == every.screened == 6
    level = scenario.config.objective.levels[0]
    reached = {
        one.proposal.closed: next(lv.objective for lv in one.answer.result.levels if lv.name == level)
        for one in every.together
    }
    kept = [one.proposal.closed for one in screened.together]
    assert every.together[0].proposal.closed in kept
    left = [value for closed, value in reached.items() if closed not in kept]
    assert sorted(reached[closed] for closed in kept)[1] <= min(left) + 1e-6
    assert ranked(screened)[0].proposal.closed == ranked(every)[0].proposal.closed or min(left) == min(
        reached.values()
    )


def test_posts_at_receivers_are_the_rest_of_those_freed(together: tuple[Path, Path]) -> None:
    """What is freed where schools close, and what where pupils come, is all that is freed; in whole posts."""
    proposed = app.closures(read(together[0]), together=2)
    before = app.build(proposed.scenario)
    for one in proposed.together:
        gone = [proposed.layout.ids[s] for s in one.proposal.closed]
        there = np.isin(before.school_ids, gone)[before.sections.school]
        assert one.posts_freed - one.posts_at_receivers == before.after.posts[there].sum()


def test_a_table_of_an_earlier_choice_does_not_stay(together: tuple[Path, Path], tmp_path: Path) -> None:
    """Asked again without it, the folder holds no ranking and none of its closures."""
    for extra in (["--together", "2"], []):
        asked = ["closures", str(together[0]), "--out", str(tmp_path / "out"), *extra]
        assert CliRunner().invoke(cli, asked).exit_code == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert not [name for name in names if name == "together.csv" or "-1.toml" in name]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_said_of_a_school_is_of_the_proposal_that_is_named(tmp_path: Path, seed: int) -> None:
    """Receiver, classes and the next nearest are of one proposal, and sending the pupils there breaks nothing."""
    found = laid(tmp_path, seed)
    proposals, _ = frontier(found, LIMIT)
    named = {code(one): one for one in proposals}
    for told in advice(found, proposals, {}):
        said = say(told.said, "en")
        which = re.match(r"in (\d\d\w) ", said)
        assert which
        one = named[which[1]]
        assert told.school in one.closed
        for way in (w for w in one.ways if found.school[w.section] == told.school):
            assert say(sentence(found, one, way), "en") in said
            other = re.search(r"the nearest other school that could take them then is (\S+)", said)
            fits = [
                w
                for w in found.ways
                if w.section == way.section
                and w.to != way.to
                and not list(breaches(found, one.closed, [*(v for v in one.ways if v is not way), w]))
            ]
            assert bool(fits) or "against it" in said
            assert other or not any(fits)


def test_a_school_is_small_by_its_setting(tmp_path: Path) -> None:
    """In the country below another number than in town, where the standard says so; the scenario's own number is for all."""
    standard = own_standard()
    standard["closing"]["small_below_setting"] = {"rural": standard["closing"]["small_below"] | {"value": 30}}
    made = District(title="Setting", school_year=2020, seed=1, language="en", standard="standard.toml")
    made.file("standard.toml", toml(standard))
    for i, setting in enumerate(("town", "rural", "rural")):
        made.school(f"S{i}", setting=setting, lat=f"34.0{i}", lon="116.8")
        made.section(f"S{i}", "primary", [8 - 4 * (i == 2)] * 6, classrooms=12)
    found = layout(read(made.write(tmp_path / "d"), needed=("schools", "sections")))
    assert found.considered.tolist() == [True, False, True]
    assert "not fewer than 30" in say(found.obstacles[1], "en")
    found = layout(
        read(made.set(closing={"below": 60}).write(tmp_path / "e"), needed=("schools", "sections"))
    )
    assert found.considered.all()
