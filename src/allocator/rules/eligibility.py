"""Eligibility: the certificate reaches the stage, the subject suits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.contract import Case, PairRule, parameter
from allocator.words import Text, text

SECOND = ("stated", "family", "both")


@dataclass(frozen=True, kw_only=True)
class CertificateRank(PairRule):
    """教师资格条例 art. 5: a holder may teach at the level of the certificate and below."""

    id = "certificate.rank"
    sentence = text("A teacher who comes to a section holds a certificate of its stage or above.")
    scope = "teacher"

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read the rank of the certificate."""
        return (problem.teachers.rank,)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse sections whose stage ranks above the certificate, except the present one."""
        standard = problem.standard
        needed = np.array([standard.certificate_rank[s.certificate].value for s in standard.stages.values()])
        above = needed[problem.post_stage][None, :] > problem.teachers.rank[teachers][:, None]
        return np.asarray(
            above & (problem.posts.section[None, :] != problem.teachers.home[teachers][:, None])
        )

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Compare the certificate named in the row with the one the stage names."""
        stage, ranks = problem.standard.stages[case.stage], problem.standard.certificate_rank
        held = case.person["certificate"]
        if case.same_section or ranks[held].value >= ranks[stage.certificate].value:
            return None
        return text(
            "the certificate '{held}' does not reach the stage {stage}, which needs '{needed}'",
            held=held,
            stage=stage.name,
            needed=stage.certificate,
        )


@dataclass(frozen=True, kw_only=True)
class SubjectSuitability(PairRule):
    """学科对口: how well a teacher suits a subject; the values of the levels stand in the standard."""

    id = "subject.suitability"
    sentence = text(
        "A new place suits the teacher's subject at least to {least} (main or certified, experienced, second, other: 1, 0.8, 0.5 and 0 unless the standard says otherwise); second subjects: {second}."
    )
    scope = "teacher"
    least: float = parameter(unit=text("suitability from 0 to 1"), most=1)
    second: str = parameter(
        unit=text("second subjects stated in the roster, of the usual family, or both"), choices=SECOND
    )

    def profile(self, problem: Problem) -> tuple[NDArray[np.generic], ...]:
        """Read how well each subject suits."""
        return tuple(suitability(problem, self.second).T)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse new places in subjects that suit too little."""
        suits = suitability(problem, self.second)[teachers][:, problem.posts.subject]
        other = problem.posts.subject[None, :] != problem.teachers.subject[teachers][:, None]
        return np.asarray((suits < self.least) & other)

    def why(self, problem: Problem, case: Case) -> Text | None:
        """Look the subject up among those the row names."""
        person, subject, values = case.person, case.subject, problem.standard.suitability
        if subject == person["subject"]:
            return None
        stages = [person["stage"]] if person["stage"] else problem.stages
        families = [set(problem.standard.families.others(g, person["subject"])) for g in stages]
        family = set.intersection(*families)
        seconds = {"stated": person["second_subjects"], "family": family}.get(
            self.second, (*person["second_subjects"], *family)
        )
        level = max(
            [
                values.certified.value * (subject == person["certificate_subject"]),
                values.experienced.value * (subject in person["experienced_subjects"]),
                values.second.value * (subject in seconds),
            ]
        )
        if level >= self.least:
            return None
        name = problem.standard.subjects[subject].name
        return text(
            "{subject} suits to {level}, less than {least}", subject=name, level=level, least=self.least
        )


def suitability(problem: Problem, second: str = "stated") -> Floats:
    """How well each teacher suits each subject, shape (teachers, subjects)."""
    teachers, values = problem.teachers, problem.standard.suitability
    seconds = np.zeros(teachers.takes.shape, dtype=bool)
    if second != "family":
        seconds |= teachers.takes
    if second != "stated":
        seconds |= _families(problem)
    suits = np.where(seconds, values.second.value, 0.0)
    suits = np.maximum(suits, np.where(teachers.experienced, values.experienced.value, 0.0))
    everyone = np.arange(len(teachers))
    certified = everyone, teachers.certificate_subject
    suits[certified] = np.maximum(suits[certified], values.certified.value)
    suits[everyone, teachers.subject] = 1.0
    return np.asarray(suits, dtype=np.float64)


def _families(problem: Problem) -> Bools:
    """Whether a subject is of the usual family of a teacher's own, shape (teachers, subjects).

    A recruit has no stage yet: the family is that of any stage, as far as it is the same in all.
    """
    table = np.zeros((len(problem.stages) + 1, len(problem.subjects), len(problem.subjects)), dtype=bool)
    for g, stage in enumerate(problem.stages):
        for s, subject in enumerate(problem.subjects):
            others = problem.standard.families.others(stage, subject)
            table[g, s] = np.isin(problem.subjects, others)
    table[-1] = table[:-1].all(axis=0)
    home = problem.teachers.home
    stage_of = np.where(home >= 0, problem.sections.stage[home], -1)
    return np.asarray(table[stage_of, problem.teachers.subject], dtype=bool)
