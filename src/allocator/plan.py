"""The Plan: which post each teacher holds in September, and what follows from it without any rule or solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.problem import Bools, Ints, Problem

ROUNDS = ("stay", "in_school", "zone", "cross_zone", "cross_stage", "directed", "pool", "recruit")


@dataclass(frozen=True)
class Plan:
    """Teacher → post group.

    Parameters
    ----------
    post
        Index of the post group each teacher holds in September, -1 for none, shape (teachers,).
    """

    post: Ints

    def section(self, problem: Problem) -> Ints:
        """Section of each teacher in September, -1 for none."""
        return np.where(self.post >= 0, problem.posts.section[self.post], -1)

    def subject(self, problem: Problem) -> Ints:
        """Subject each teacher gives in September, -1 for none."""
        return np.where(self.post >= 0, problem.posts.subject[self.post], -1)

    def school(self, problem: Problem) -> Ints:
        """School of each teacher in September, -1 for none."""
        return np.where(self.post >= 0, problem.post_school[self.post], -1)

    def filled(self, problem: Problem) -> Ints:
        """Teachers in each post group, shape (post groups,)."""
        return np.bincount(self.post[self.post >= 0], minlength=len(problem.posts))

    def unfilled(self, problem: Problem) -> Ints:
        """Count the posts of each group that nobody holds, shape (post groups,)."""
        return np.asarray(np.maximum(problem.posts.places - self.filled(problem), 0), dtype=np.int64)

    def away(self, problem: Problem) -> Bools:
        """Whether a teacher leaves a school that stays open: what the move budget counts."""
        home, school = problem.home_school, self.school(problem)
        stays_open = (home >= 0) & ~problem.closing[home]
        return np.asarray(stays_open & (school >= 0) & (school != home))


def places(problem: Problem) -> list[tuple[str, str, str]]:
    """School, stage and subject of every post group."""
    return [
        (problem.school_ids[school], problem.stages[stage], problem.subjects[subject])
        for school, stage, subject in zip(
            problem.post_school, problem.post_stage, problem.posts.subject, strict=True
        )
    ]


def standing_still(problem: Problem) -> Plan:
    """Return today's places as far as they exist in September; nobody else has one."""
    return Plan(problem.home_post)


def rounds(problem: Problem, plan: Plan) -> list[str]:
    """Label each teacher's placement by the round it belongs to."""
    teachers, section = problem.teachers, plan.section(problem)
    school, home_school = plan.school(problem), problem.home_school
    stage = np.where(section >= 0, problem.sections.stage[section], -1)
    home_stage = np.where(teachers.home >= 0, problem.sections.stage[teachers.home], -1)
    zone = np.where(school >= 0, problem.school_zone[school], -1)
    home_zone = np.where(home_school >= 0, problem.school_zone[home_school], -1)
    return list(
        np.select(
            [
                plan.post < 0,
                teachers.recruit,
                plan.post == problem.home_post,
                teachers.pin == school,
                stage != home_stage,
                school == home_school,
                zone == home_zone,
            ],
            ["pool", "recruit", "stay", "directed", "cross_stage", "in_school", "zone"],
            "cross_zone",
        )
    )
