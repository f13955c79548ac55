"""Rules about one teacher and one post: small facts, and three independent answers to every pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from allocator.problem import Problem
from allocator.rules.catalogue import CATALOGUE, pair_rules
from allocator.rules.contract import PairRule
from allocator.rules.eligibility import CertificateRank, SubjectSuitability
from allocator.rules.placement import EveryonePlaced, PinsKept, RecruitSettings
from allocator.rules.protection import ProtectedStatus
from allocator.rules.tenure import MinimumTenure, ServiceLock
from allocator.rules.travel import TravelLimit
from rules.variants import Cells, drawn_cells, made, problem_of, variant
from solving import brute

ALL = tuple(rule for rule in CATALOGUE if issubclass(rule, PairRule))
HARD = {rule.id: {"level": "hard"} for rule in ALL}
BOOKS: tuple[Mapping[str, Mapping[str, Any]], ...] = (
    {
        "tenure.minimum": {"years": 4.5},
        "travel.limit": {"minutes": 40},
        "protection.status": {"statuses": ["ill", "training", "pregnant"]},
        "tenure.lock": {"recruits": 2},
    },
    {
        "subject.suitability": {"least": 0.6, "second": "family"},
        "tenure.minimum": {"leave": "left_out"},
        "tenure.lock": {"special_post": 0, "publicly_funded": 2.2, "directed": 8, "recruits": 5},
        "leaders.kept": {"roles": ["principal", "manager"], "terms": 1, "term_years": 2.5},
        "protection.retirement": {"years": 7.5},
        "travel.limit": {"start": "school", "minutes": 50},
        "travel.distance": {"start": "school", "km": 15},
        "travel.carers": {"start": "school", "minutes": 15},
        "direction.areas": {"by": "township", "kinds": 3, "schools": 4},
    },
    {
        "subject.suitability": {"least": 0.5, "second": "family"},
        "tenure.minimum": {"years": 0},
        "tenure.lock": {"special_post": 20},
        "leaders.kept": {"terms": 2, "term_years": 2, "roles": ["vice_principal", "counsellor"]},
        "protection.retirement": {"years": 0},
        "direction.areas": {"by": "setting", "kinds": 2, "schools": 2},
        "travel.distance": {"km": 8},
    },
    {
        "subject.suitability": {"least": 0.5, "second": "both"},
        "recruits.setting": {"settings": ["town", "rural"]},
        "direction.areas": {"by": "zone", "kinds": 2},
        "tenure.minimum": {"years": 2.25, "leave": "left_out"},
        "leaders.kept": {"terms": 0},
    },
)
SAME_PLACE = {"school_id": "A1", "stage": "primary", "subject": "chinese"}


def book(n: int) -> Mapping[str, Any]:
    """Return settings with every pair rule hard, under one of several books of parameters."""
    given = BOOKS[n % len(BOOKS)]
    return {"rules": {rule: HARD[rule] | given.get(rule, {}) for rule in HARD if rule != EveryonePlaced.id}}


def facts(folder: Path, **teachers: dict[str, str]) -> Problem:
    """Build tiny with other cells for some teachers."""
    return problem_of(variant(folder, cells={"teachers": teachers}))[0]


def refused(rule: PairRule, problem: Problem, teacher: str, school: str, stage: str, subject: str) -> bool:
    """Ask both forms of a rule about one pair and insist that they agree."""
    t = problem.teachers.ids.index(teacher)
    section = list(
        zip(problem.schools["school_id"].iloc[problem.sections.school], problem.sections.stage, strict=True)
    )
    u = section.index((school, problem.stages.index(stage)))
    p = int(problem.post_of(np.array(u), np.array(problem.subjects.index(subject))))
    fast = bool(rule.refuses(problem, np.array([t]))[0, p])
    assert (rule.refusal(problem, t, p) is not None) == fast
    return fast


def test_certificate_reaches_its_stage_and_those_below(tmp_path: Path) -> None:
    """A primary certificate opens no junior section, a junior one opens both, and everybody may stay."""
    problem, rule = facts(tmp_path, T07={"certificate": "kindergarten"}), made(CertificateRank)
    assert refused(rule, problem, "T02", "A2", "junior", "chinese")
    assert not refused(rule, problem, "T02", "A2", "primary", "chinese")
    assert not refused(rule, problem, "T08", "B1", "junior", "mathematics")
    assert not refused(rule, problem, "T08", "A2", "primary", "mathematics")
    assert not refused(rule, problem, "T07", "A2", "junior", "english")
    assert refused(rule, problem, "T07", "B1", "junior", "english")


def test_suitability_counts_main_certified_and_second_subjects(tmp_path: Path) -> None:
    """Main subject and certificate suit to 1, a second subject to 0.5, any other to 0."""
    problem = facts(tmp_path, T02={"certificate_subject": "art"})
    for subject, suits in (("chinese", 1), ("art", 1), ("science", 0.5), ("music", 0)):
        for least in (0.0, 0.5, 0.7, 1.0):
            assert refused(
                made(SubjectSuitability, least=least), problem, "T02", "A2", "primary", subject
            ) == (suits < least)


def test_suitability_never_refuses_the_main_subject(tmp_path: Path) -> None:
    """A certificate in another subject does not take the main subject away."""
    problem = facts(tmp_path, T01={"certificate_subject": "music"})
    assert not refused(made(SubjectSuitability, least=1.0), problem, "T01", "A1", "primary", "chinese")


def test_protected_keep_their_place_while_it_exists(tmp_path: Path) -> None:
    """Pregnant at an open school: nothing else; at a closing school: anything; on post: anything."""
    problem, rule = facts(tmp_path, T11={"status": "nursing"}), made(ProtectedStatus)
    assert not refused(rule, problem, "T04", "A1", "primary", "music")
    assert refused(rule, problem, "T04", "A1", "primary", "art")
    assert refused(rule, problem, "T04", "B1", "primary", "music")
    assert not refused(rule, problem, "T11", "B1", "primary", "music")
    assert not refused(rule, problem, "T01", "B1", "primary", "chinese")


def test_tenure_is_counted_to_september(tmp_path: Path) -> None:
    """Three full years in September free a teacher, a month less does not; an unknown month holds nobody."""
    months = {"T01": "2017-09", "T02": "2017-10", "T03": ""}
    problem = facts(tmp_path, **{t: {"joined_school": m} for t, m in months.items()})
    held = [refused(made(MinimumTenure), problem, t, "A2", "primary", "chinese") for t in months]
    assert held == [False, True, False]
    assert not refused(made(MinimumTenure), problem, "T02", "A1", "primary", "science")
    assert refused(made(MinimumTenure, years=20), problem, "T01", "A2", "primary", "chinese")
    assert not refused(made(MinimumTenure, years=60), problem, "T10", "A2", "primary", "chinese")


def test_service_lock_ends_in_its_month(tmp_path: Path) -> None:
    """A term until September is over, one until October binds to the school but not to the place in it."""
    problem = facts(tmp_path, T01={"lock_until": "2020-09"}, T02={"lock_until": "2020-10"})
    assert not refused(made(ServiceLock), problem, "T01", "A2", "primary", "chinese")
    assert refused(made(ServiceLock), problem, "T02", "A2", "primary", "chinese")
    assert not refused(made(ServiceLock), problem, "T02", "A1", "primary", "science")


def test_travel_starts_at_home_where_it_is_known(tmp_path: Path) -> None:
    """Seventy-five minutes are refused, unless the home is nearer or the teacher volunteers."""
    problem = facts(tmp_path / "a")
    assert refused(made(TravelLimit), problem, "T10", "A1", "primary", "chinese")
    assert not refused(made(TravelLimit, minutes=80), problem, "T10", "A1", "primary", "chinese")
    assert not refused(made(TravelLimit), problem, "T11", "A1", "primary", "music")
    assert not refused(made(TravelLimit, minutes=0), problem, "T01", "A1", "primary", "mathematics")
    near = facts(tmp_path / "b", T10={"home_lat": "34.0100", "home_lon": "116.8000"})
    assert not refused(made(TravelLimit), near, "T10", "A1", "primary", "chinese")


def test_pins_fix_a_school_or_the_place(tmp_path: Path) -> None:
    """'stay' leaves the present place alone, a school leaves every place of that school."""
    problem, rule = facts(tmp_path, T01={"pin": "stay"}, T02={"pin": "B1"}), made(PinsKept)
    assert not refused(rule, problem, "T01", "A1", "primary", "chinese")
    assert refused(rule, problem, "T01", "A1", "primary", "mathematics")
    assert refused(rule, problem, "T02", "A1", "primary", "chinese")
    assert not refused(rule, problem, "T02", "B1", "junior", "chinese")
    assert not refused(rule, problem, "T03", "A2", "primary", "chinese")


def test_recruits_go_to_the_settings_named(tmp_path: Path) -> None:
    """A recruit is refused the urban school by default and the rural one where only towns are named."""
    problem = facts(tmp_path)
    assert refused(made(RecruitSettings), problem, "T12", "A1", "primary", "english")
    assert not refused(made(RecruitSettings), problem, "T12", "B1", "junior", "english")
    assert refused(made(RecruitSettings, settings=("town",)), problem, "T12", "B1", "junior", "english")
    assert not refused(made(RecruitSettings), problem, "T07", "A2", "junior", "english")


def test_nobody_is_placed_at_a_closed_school(tmp_path: Path) -> None:
    """The closing school has no post group, and a teacher without a place breaks the rule."""
    problem = facts(tmp_path)
    closed = problem.schools["school_id"].to_list().index("B2")
    assert closed not in problem.post_school
    assert not made(EveryonePlaced).refuses(problem, np.arange(len(problem.teachers))).any()


@pytest.mark.parametrize("seed", range(8))
def test_three_answers_to_every_pair_agree(tmp_path: Path, seed: int) -> None:
    """Vectorised rule, witness and brute force refuse the same pairs, rule by rule, on drawn teachers."""
    folder = variant(tmp_path, book(seed), drawn_cells(seed, subjects=True))
    problem, rules = problem_of(folder)
    district, asked = brute.read(folder), pair_rules(rules)
    assert [type(rule) for rule in asked] == list(ALL)
    everybody = np.arange(len(problem.teachers))
    schools = problem.schools["school_id"].to_numpy()
    fast = {rule.id: rule.refuses(problem, everybody) for rule in asked}
    for p, (section, subject) in enumerate(zip(problem.posts.section, problem.posts.subject, strict=True)):
        stage = problem.stages[problem.sections.stage[section]]
        place = str(schools[problem.sections.school[section]]), stage, problem.subjects[subject]
        for t in everybody:
            third = brute.refusing(district.teachers[t], place, district)
            for rule in asked:
                answers = (
                    bool(fast[rule.id][t, p]),
                    rule.refusal(problem, int(t), p) is not None,
                    rule.id in third,
                )
                assert len(set(answers)) == 1, (rule.id, problem.teachers.ids[t], place, answers)


@pytest.mark.parametrize("seed", range(4))
def test_profile_tells_all_apart_that_a_rule_treats_apart(tmp_path: Path, seed: int) -> None:
    """Among teachers of one place, those who agree in a rule's profile are refused the same posts."""
    drawn = drawn_cells(seed, subjects=True)["teachers"]
    cells: Cells = {
        "teachers": {t: {**row, **(SAME_PLACE if t != "T12" else {})} for t, row in drawn.items()}
    }
    problem, rules = problem_of(variant(tmp_path, book(seed), cells))
    neighbours = np.flatnonzero(problem.teachers.home == problem.teachers.home[0])
    assert len(neighbours) == 11
    for rule in pair_rules(rules):
        profile = [column[neighbours] for column in rule.profile(problem)]
        refuses = rule.refuses(problem, neighbours)
        for i in range(len(neighbours)):
            for j in range(i):
                if all(column[i] == column[j] for column in profile):
                    assert (refuses[i] == refuses[j]).all(), rule.id


def test_draws_ask_something_of_every_rule(tmp_path: Path) -> None:
    """The draws are not empty: each pair rule but the definition of a plan refuses some pair in them."""
    busy: set[str] = set()
    for seed in range(8):
        problem, rules = problem_of(
            variant(tmp_path / str(seed), book(seed), drawn_cells(seed, subjects=True))
        )
        everybody = np.arange(len(problem.teachers))
        busy |= {rule.id for rule in pair_rules(rules) if rule.refuses(problem, everybody).any()}
    assert busy == {rule.id for rule in ALL} - {EveryonePlaced.id}


def test_level_does_not_change_what_a_rule_refuses(tmp_path: Path) -> None:
    """Soft or hard, a pair rule names the same pairs; the level only says what follows from it."""
    problem, rules = problem_of(variant(tmp_path, book(0)))
    everybody = np.arange(len(problem.teachers))
    for rule in pair_rules(rules):
        soft = replace(rule, level="soft")
        assert (soft.refuses(problem, everybody) == rule.refuses(problem, everybody)).all()
