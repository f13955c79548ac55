"""The verdict: every sentence is true of the result files, and judged as it must be."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from allocator import app
from allocator.report.answer import Answer
from allocator.report.parts import Mark
from allocator.report.verdict import verdict
from allocator.solving.result import Level
from report.results import Folder, solved
from rules.variants import TINY, variant
from solving import brute

LIMIT = {"primary": 0.5, "junior": 0.45}
JUDGED = ("overqualified", "backbone", "arts", "floor_area", "sports_area", "equipment", "multimedia")


def said(answer: Answer) -> dict[str, bool | None]:
    """Sentences of the verdict with their judgements."""
    return {str(mark.words): mark.good for part in verdict(answer) for mark in part}


def about(answer: Answer, words: str) -> Mark:
    """Return the only sentence of the verdict that holds some words."""
    (found,) = [mark for part in verdict(answer) for mark in part if words in str(mark.words)]
    return found


def cv(tiny: Folder, stage: str, indicator: str, when: str) -> float | None:
    """Coefficient of variation weighted by pupils, from the rows of sections.csv."""
    district = brute.read(TINY)
    values, pupils = [], []
    for row in tiny.sections:
        section = row["school_id"], row["stage"]
        here = int(row["pupils"]) if when == "after" else _today(district, section)
        if row["stage"] == stage and here:
            if not row[f"{indicator}_value_{when}"]:
                return None
            values.append(float(row[f"{indicator}_value_{when}"]))
            pupils.append(here)
    whole = sum(pupils)
    mean = sum(p * v for p, v in zip(pupils, values, strict=True)) / whole
    spread = sum(p * (v - mean) ** 2 for p, v in zip(pupils, values, strict=True)) / whole
    return math.sqrt(spread) / mean if mean else None


def _today(district: brute.District, section: tuple[str, str]) -> int:
    return sum(int(district.sections[section].get(f"g{g}") or 0) for g in brute.GRADES[section[1]])


def within(tiny: Folder, when: str) -> list[bool | None]:
    """Whether each official coefficient is within its limit, None where there is none."""
    found = [(cv(tiny, stage, name, when), LIMIT[stage]) for stage in LIMIT for name in JUDGED]
    return [None if value is None else value <= limit + 1e-9 for value, limit in found]


def test_every_sentence_of_tiny_is_true(tiny: Folder) -> None:
    """The whole verdict of tiny can be written from the CSV files, the inputs and the certificate."""
    plan, closed, district = tiny.plan, tiny.closed, brute.read(TINY)
    away = sum(r["moved"] == "yes" and r["from_school"] not in closed for r in plan)
    displaced = sum(r["from_school"] in closed and bool(r["to_school"]) for r in plan)
    present, places = tiny.present(), tiny.places()
    empty = sum(int(r["unfilled"]) for r in tiny.posts)
    still = sum(max(n - present[group], 0) for group, n in places.items())
    had = sum(int(r["posts_before"]) for r in tiny.posts)
    today_empty = sum(max(int(r["posts_before"]) - int(r["filled_before"]), 0) for r in tiny.posts)
    pupils = sum(_today(district, section) for section in district.sections if section[0] in closed)
    km = brute.road_km({"school_id": "B2"}, "B1", district)
    freed = sum(int(r["posts_before"]) - int(r["posts"]) for r in tiny.posts)
    before, after = within(tiny, "before"), within(tiny, "after")
    worst = max(level["gap"] for level in tiny.facts["levels"])
    rules = [r for r in tiny.facts["rules"] if r["level"] == "hard"]
    assert 0 < worst <= 1e-4
    assert not any(r["violations"] for r in tiny.facts["rules"])
    assert said(tiny.answer) == {
        "Proved: no plan that keeps what the earlier levels hold is better at any level by more than 0.01%.": True,
        f"Hard rules kept: all {len(rules)}, as counted anew without the solver.": True,
        f"Teachers who leave a school that stays open: {away} (budget: 3; {tiny.facts['counts']['eligible']} may move).": None,
        f"Teachers of closing schools with a new place: {displaced}; they are counted apart.": None,
        "New teachers with a place: 1.": None,
        f"Posts that stay empty: {empty} of {sum(places.values())} (today {today_empty} of {had}); with everybody at the present place, and nobody of closing schools or newly hired placed, it would be {still}.": None,
        f"Schools that close: 1. Pupils who change school: {pupils}; their longest way is {km:.1f} km ({km / 30 * 60:.0f} minutes by road). Posts freed: {freed}.": None,
        f"Coefficients of variation within their limit: {before.count(True)} of 14 today, {after.count(True)} of 14 in September.": False,
        f"{after.count(None)} of them cannot be computed; the table says why.": None,
    }
    assert (still, empty, pupils, freed, after.count(None)) == (8, 3, 20, 2, 9)


def judged(answer: Answer, verdicts: list[bool | None]) -> Answer:
    """Return an answer in which the limits are kept in September as the verdicts say, in turn."""
    rows, rest = [], list(verdicts)
    for row in answer.card.balance:
        if row.threshold is not None:
            row = replace(row, pass_after=rest.pop(0) if rest else True)
        rows.append(row)
    return replace(answer, card=replace(answer.card, balance=tuple(rows)))


@pytest.mark.parametrize(
    ("verdicts", "good", "after"),
    [
        ([True], True, 14),
        ([False], False, 13),
        ([None], None, 13),
        ([None, False], False, 12),
        ([None] * 14, None, 0),
    ],
    ids=["all within", "one above", "one unknown", "one unknown, one above", "none computable"],
)
def test_limits_are_good_only_if_all_are_kept(
    tiny: Folder, verdicts: list[bool | None], good: bool | None, after: int
) -> None:
    """One limit that fails makes the verdict bad; one that is not known keeps it from being good."""
    mark = about(judged(tiny.answer, verdicts), "within their limit")
    assert str(mark.words).endswith(f"{after} of 14 in September.")
    assert mark.good is good


def test_unknown_coefficients_are_told_only_where_there_are_any(tiny: Folder) -> None:
    """The sentence about what cannot be computed stands only where something cannot."""
    answer = judged(tiny.answer, [True])
    assert not any("cannot be computed" in words for words in said(answer))
    assert about(judged(tiny.answer, [None]), "1 of them cannot be computed").good is None


def test_without_a_standard_nothing_is_judged(tmp_path: Path) -> None:
    """With standard none no limit, no threshold and no verdict stands anywhere, and it is said once."""
    found = solved(variant(tmp_path / "v", {"standard": "none"}), tmp_path / "out")
    assert about(found.answer, "sets no limits").good is None
    assert not any("within their limit" in words for words in said(found.answer))
    assert {row["pass_before"] + row["pass_after"] + row["threshold"] for row in found.balance} <= {""}
    assert found.facts["standard"] == "none"


def test_material_that_is_missing_is_never_a_zero(tiny: Folder) -> None:
    """Where no amount is in the tables, balance.csv has no number, no verdict, and the reason."""
    material = [r for r in tiny.balance if r["indicator"] in JUDGED[3:] and r["measure"] == "cv"]
    assert len(material) == 8
    for row in material:
        assert (row["before"], row["after"], row["pass_before"], row["pass_after"]) == ("",) * 4
        assert "not known" in row["why_not"]


def leveled(answer: Answer, *levels: Level) -> Answer:
    return replace(answer, result=replace(answer.result, levels=levels))


PROVED, CLOSE = Level("coverage", 7.0, 7.0, 1.0, "proved"), Level("evenness", 2.0, 1.995, 1.0, "proved")
LATE = Level("evenness", 2.0, 1.5, 60.0, "limit")


@pytest.mark.parametrize(
    ("levels", "words", "good"),
    [
        ((PROVED,), "better at any level.", True),
        ((PROVED, CLOSE), "better at any level by more than 0.25%.", True),
        ((PROVED, LATE), "the time limit came first. At the level 'unevenness (sum of CV²)' another plan might be better by up to 25.00%.", False),
        ((replace(PROVED, objective=0.0, bound=-0.0),), "better at any level.", True),
    ],
    ids=["exactly", "within a gap", "not in full", "nothing left to gain"],
)  # fmt: skip
def test_proof_is_told_as_it_is(tiny: Folder, levels: tuple[Level, ...], words: str, good: bool) -> None:
    """The first sentence says proved only where every level is, and by how much at most a plan could be better."""
    first = verdict(leveled(tiny.answer, *levels))[0][0]
    assert str(first.words).endswith(words)
    assert str(first.words).startswith("Proved: " if good else "Not proved in full: ")
    assert first.good is good


def test_repeating_is_promised_only_where_no_limit_ended_a_level(tiny: Folder) -> None:
    """That the same files give the same plan is not said of a plan that a time limit shaped."""
    for levels, promised in (((PROVED,), True), ((PROVED, LATE), False)):
        notes = replace(tiny, answer=leveled(tiny.answer, *levels)).story.tables[-1].notes
        assert any("give the same plan" in str(note) for note in notes) is promised


def test_more_empty_posts_than_today_are_bad(tiny: Folder) -> None:
    """Empty posts are good where there are none, and bad where standing still would leave fewer."""
    assert about(tiny.answer, "stay empty").good is None
    assert about(replace(tiny.answer, still=tiny.answer.card), "stay empty").good is None
    turned = replace(tiny.answer, card=tiny.answer.still, still=tiny.answer.card)
    assert about(turned, "stay empty").good is False
    full = tuple(replace(row, unfilled=0) for row in tiny.answer.card.posts)
    assert about(replace(tiny.answer, card=replace(tiny.answer.card, posts=full)), "stay empty").good is True


def test_closing_a_school_without_pupils_is_told(tmp_path: Path) -> None:
    """A school that closes with nobody in it is counted, and no journey is made up."""
    nobody = dict.fromkeys((f"g{n}" for n in range(1, 7)), "")
    found = solved(variant(tmp_path / "v", cells={"sections": {"B2": nobody}}), tmp_path / "out")
    assert about(found.answer, "Schools that close: 1; no pupils change school. Posts freed: 2.").good is None


def test_soft_breaches_are_told(tmp_path: Path) -> None:
    """A plan that breaks a soft rule does not claim that all rules are kept without more."""
    rules: dict[str, Any] = {"rules": {"tenure.minimum": {"level": "soft", "years": 40}}}
    pin = {"teachers": {"T01": {"pin": "A2"}}}
    found = solved(variant(tmp_path / "v", rules, pin), tmp_path / "out")
    hard = sum(rule["level"] == "hard" for rule in found.facts["rules"])
    mark = about(found.answer, f"all {hard}. Breaches of soft rules: 1")
    assert mark.good is None


def test_no_budget_is_told(tmp_path: Path) -> None:
    """Without a budget the verdict says so instead of naming a number."""
    found = solved(variant(tmp_path / "v", {"budget": {"moves": None}}), tmp_path / "out")
    away = sum(r["moved"] == "yes" and r["from_school"] not in found.closed for r in found.plan)
    assert away > 3
    assert about(found.answer, f"stays open: {away} (no budget is set;").good is None


def test_warnings_of_the_tables_are_told(tmp_path: Path) -> None:
    """What the reading had to warn of stands in the verdict, in a table and in result.json."""
    folder = variant(tmp_path / "v", {"published": {"pupils": 281}})
    found = solved(folder, tmp_path / "out")
    assert len(found.facts["warnings"]) == 1
    assert about(found.answer, "Warnings about the tables: 1").good is None
    (listed,) = [table for table in found.story.tables if str(table.title) == "Warnings"]
    assert [str(row[0]) for row in listed.rows] == [w["text"] for w in found.facts["warnings"]]
    assert "281" in found.facts["warnings"][0]["text"]


def test_missing_teachers_are_told_beside_the_surplus(tiny: Folder) -> None:
    """Subjects that are short in the district stand under the table of staff, counted from posts.csv."""
    short: dict[tuple[str, str], int] = defaultdict(int)
    for row in tiny.posts:
        short[row["stage"], row["subject"]] += int(row["posts"]) - int(row["filled_after"])
    assert {k: n for k, n in short.items() if n > 0} == {
        ("primary", "mathematics"): 1,
        ("primary", "pe"): 1,
        ("junior", "mathematics"): 1,
    }
    (staff,) = [table for table in tiny.story.tables if str(table.title).startswith("Staff")]
    assert [str(note) for note in staff.notes] == [
        "Teachers are missing: mathematics (primary): 1, physical education (primary): 1, mathematics (junior): 1."
    ]


def test_checking_alone_changes_nothing() -> None:
    """Settings given for one run are laid over the scenario's and leave the rest."""
    asked, usual = (
        app.check(TINY, {"moves": "50%", "seed": 9, "language": "zh"}).config,
        app.check(TINY).config,
    )
    assert (asked.budget.moves, asked.seed, asked.language) == ("50%", 9, "zh")
    assert asked.budget.gap == usual.budget.gap
    assert asked.model_copy(update={"budget": usual.budget, "seed": 1, "language": "en"}) == usual
