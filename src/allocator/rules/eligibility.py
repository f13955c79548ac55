"""Eligibility: the certificate reaches the stage, the subject suits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.contract import PairRule, parameter
from allocator.words import Text, text


@dataclass(frozen=True)
class CertificateRank(PairRule):
    """教师资格条例 art. 5: a holder may teach at the level of the certificate and below."""

    id = "certificate.rank"
    sentence = text("A teacher who comes to a section holds a certificate of its stage or above.")
    scope = "teacher"
    default = "hard"
    source = "教师资格条例 (国务院令第188号) art. 4-5"
    confidence = "FOUND"

    def profile(self, problem: Problem) -> tuple[np.ndarray[Any, Any], ...]:
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

    def refusal(self, problem: Problem, teacher: int, post: int) -> Text | None:
        """Compare the certificate named in the row with the one the stage names."""
        section = problem.posts.section[post]
        if section == problem.teachers.home[teacher]:
            return None
        stage = problem.standard.stages[problem.stages[problem.sections.stage[section]]]
        held = problem.teachers.table["certificate"].iloc[teacher]
        ranks = problem.standard.certificate_rank
        if ranks[held].value >= ranks[stage.certificate].value:
            return None
        return text(
            "the certificate '{held}' does not reach the stage {stage}, which needs '{needed}'",
            held=held,
            stage=stage.name,
            needed=stage.certificate,
        )


@dataclass(frozen=True)
class SubjectSuitability(PairRule):
    """How well a teacher suits a subject: 1 main subject or certificate, 0.5 a second subject, 0 none."""

    id = "subject.suitability"
    sentence = text(
        "A new place suits the teacher's subject at least to {least} (1 main or certified, 0.5 second, 0 none)."
    )
    scope = "teacher"
    default = "hard"
    source = "local target 学科对口; no national rule forbids another subject"
    confidence = "MEM-M"
    least: float = parameter(
        0.5, unit=text("suitability from 0 to 1"), source="local practice", confidence="MEM-M", most=1
    )

    def profile(self, problem: Problem) -> tuple[np.ndarray[Any, Any], ...]:
        """Read the subjects the teacher can take and the one of the certificate."""
        return (problem.teachers.certificate_subject, *problem.teachers.takes.T)

    def refuses(self, problem: Problem, teachers: Ints) -> Bools:
        """Refuse new places in subjects that suit too little."""
        suits = suitability(problem)[teachers][:, problem.posts.subject]
        other = problem.posts.subject[None, :] != problem.teachers.subject[teachers][:, None]
        return np.asarray((suits < self.least) & other)

    def refusal(self, problem: Problem, teacher: int, post: int) -> Text | None:
        """Look the subject up among those the row names."""
        row = problem.teachers.table.iloc[teacher]
        subject = problem.subjects[problem.posts.subject[post]]
        if subject == row["subject"]:
            return None
        level = (
            1.0
            if subject == row["certificate_subject"]
            else 0.5
            if subject in row["second_subjects"]
            else 0.0
        )
        if level >= self.least:
            return None
        name = problem.standard.subjects[subject].name
        return text(
            "{subject} suits to {level}, less than {least}", subject=name, level=level, least=self.least
        )


def suitability(problem: Problem) -> Floats:
    """How well each teacher suits each subject, shape (teachers, subjects): 1, 0.5 or 0."""
    teachers = problem.teachers
    suits = np.where(teachers.takes, 0.5, 0.0)
    everyone = np.arange(len(teachers))
    suits[everyone, teachers.subject] = 1.0
    suits[everyone, teachers.certificate_subject] = 1.0
    return suits
