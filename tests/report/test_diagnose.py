"""The state before anything is decided, recounted from the raw tables, and honest where little is known."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from allocator import app, cli
from allocator.report.diagnose import diagnose_story, least
from allocator.report.html import page
from allocator.words import say
from builders import small

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def _rows(name: str, table: str) -> list[dict[str, str]]:
    with (SCENARIOS / name / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _lines(found, language: str = "en") -> list[str]:
    return [say(mark.words, language) for mark in diagnose_story(found).verdict]


@pytest.mark.parametrize("name", ["duji-2019", "fermanagh"])
def test_people_are_those_of_the_roster(name):
    """Teachers by section and subject, certificates and blanks agree with a plain count of the file."""
    found = app.diagnose(SCENARIOS / name, {"language": "en"})
    roster = [row for row in _rows(name, "teachers") if row.get("recruit", "no") != "yes"]
    by_section = Counter((row["school_id"], row["stage"]) for row in roster)
    assert {(r.school_id, r.stage): r.teachers for r in found.quotas if r.teachers} == dict(by_section)
    by_subject = Counter((row["stage"], row["subject"]) for row in roster)
    assert {(r.stage, r.subject): r.teachers for r in found.of_district() if r.teachers} == dict(by_subject)
    zones = {row["school_id"]: row["zone"] for row in _rows(name, "schools")}
    by_zone = Counter((row["stage"], row["subject"], zones[row["school_id"]]) for row in roster)
    assert {
        (r.stage, r.subject, r.zone): r.teachers for r in found.subjects if r.zone and r.teachers
    } == dict(by_zone)
    for row in found.of_district():
        assert row.surplus - row.shortage == row.teachers - row.posts
        assert row.posts == sum(
            r.posts for r in found.subjects if r.zone and (r.stage, r.subject) == (row.stage, row.subject)
        )
    blank = {row.column: row.blank for row in found.known if row.table == "teachers"}
    for column in ("birth", "certificate_subject", "second_subjects"):
        assert blank[column] == sum(not row.get(column) for row in roster)
    assert (
        found.eligible == len(app.answer(app.check(SCENARIOS / name), compared=False).result.eligible)
        or name == "duji-2019"
    )


def test_retirements_add_up():
    """Those beyond, within ten years and later are all of the subject; within more years are never fewer."""
    found = app.diagnose(SCENARIOS / "duji-2020", {"language": "en"})
    for row in found.retirements:
        within = [n for n in row.within if n is not None]
        assert within == sorted(within)
        assert (row.beyond or 0) + (within[-1] if within else 0) + row.unknown <= row.teachers
    standard, september = found.problem.standard, 2020 * 12 + 8
    roster = _rows("duji-2019", "teachers")
    months = [
        standard.retirement_month(
            row["sex"], row["title"] or None, int(row["birth"][:4]) * 12 + int(row["birth"][5:]) - 1
        )
        for row in roster
    ]
    assert (
        sum(row.beyond or 0 for row in found.retirements) == sum(month <= september for month in months) > 0
    )
    five = sum(september < month <= september + 60 for month in months)
    assert sum(row.within[4] or 0 for row in found.retirements) == five


def test_what_is_not_known_is_said(tmp_path):
    """Without births, without a roster, with one school: sentences that say so, in both languages, and a page."""
    district = small().without("teachers", "birth")
    found = app.diagnose(district.write(tmp_path / "a"), {"language": "en"})
    assert "Ages are not known: nothing can be said of retirements." in _lines(found)
    assert all(row.beyond is None for row in found.retirements if row.teachers)
    bare = small().write(tmp_path / "b")
    (bare / "teachers.csv").unlink()
    nobody = app.diagnose(bare, {"language": "en"})
    assert "There is no roster: nothing can be said of people." in _lines(nobody)
    for one in (found, nobody):
        for language in ("zh", "en"):
            assert all(_lines(one, language))
        assert page(diagnose_story(one)).startswith("<!DOCTYPE")


def test_a_share_of_people_is_rounded_up():
    """A tenth of 987 is 99 people, of 990 it is 99, of 0 nobody."""
    assert [least(0.1, n) for n in (987, 990, 991, 0)] == [99, 99, 100, 0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_diagnose_on_the_command_line(language, tmp_path):
    """The summary is one screen; the page and its tables are written."""
    run = CliRunner().invoke(
        cli.cli, ["diagnose", str(SCENARIOS / "tiny"), "--out", str(tmp_path / "out"), "--language", language]
    )
    assert run.exit_code == 0, run.output
    assert len(run.output.splitlines()) < 25
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {
        "diagnose.html",
        "quota.csv",
        "subjects_today.csv",
        "retirements.csv",
        "certificates.csv",
        "known.csv",
    }
