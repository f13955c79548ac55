"""The linear levels of the objective: what each counts, as costs of pairs."""

from __future__ import annotations

import numpy as np

from allocator.model import Model
from allocator.problem import Bools, Problem
from allocator.roads import Floats
from allocator.rules.travel import way_km


def add_costs(model: Model) -> None:
    """Give the pairs their costs at the levels moves, burden and wishes."""
    away = moves_away(model)
    model.cost("moves", model.pairs[away], np.ones(int(away.sum())))
    model.cost("burden", model.pairs, burden(model))
    wishes = wish_costs(model)
    model.cost("wishes", model.pairs[wishes > 0], wishes[wishes > 0])


def moves_away(model: Model) -> Bools:
    """Whether a pair moves a teacher away from a school that stays open, shape (pairs,)."""
    problem, home = model.problem, model.problem.home_school[model.pair_teacher]
    return np.asarray((home >= 0) & ~problem.closing[home] & (problem.post_school[model.pair_post] != home))


def burden(model: Model) -> Floats:
    """Burden of each pair on the teacher and the pupils, shape (pairs,); 0 for the present place."""
    problem, weights = model.problem, model.problem.config.priorities.burden
    teacher, post = model.pair_teacher, model.pair_post
    home, subject = problem.teachers.home[teacher], problem.teachers.subject[teacher]
    known, section = home >= 0, problem.posts.section[post]
    school = problem.post_school[post]
    km = way_km(problem, model.cohorts.first)[model.pair_cohort, school]
    other_school = school != problem.home_school[teacher]
    cost = weights.km * np.where(other_school, km, 0.0)
    cost += weights.move * (moves_away(model) & ~problem.teachers.volunteer[teacher])
    cost += weights.cross_zone * (known & (problem.section_zone[home] != problem.section_zone[section]))
    cost += weights.cross_stage * (known & (problem.sections.stage[home] != problem.sections.stage[section]))
    cost += weights.second_subject * (problem.posts.subject[post] != subject)
    return np.asarray(cost, dtype=float)


def wish_costs(model: Model) -> Floats:
    """How far each pair stays behind the teacher's wishes, shape (pairs,).

    0 for the first wish, 1 for the second, …; any school not wished for costs the number of wishes. Teachers
    without wishes cost nothing.
    """
    problem = model.problem
    index = {s: i for i, s in enumerate(problem.schools["school_id"])}
    cost = np.zeros(len(model.pairs))
    wishes = problem.teachers.table["wishes"].to_numpy(object)
    for cohort, first in enumerate(model.cohorts.first):
        if wishes[first]:
            here = np.flatnonzero(model.pair_cohort == cohort)
            rank = np.full(len(index), float(len(wishes[first])))
            for place, school in reversed(list(enumerate(wishes[first]))):
                rank[index[school]] = place
            cost[here] = rank[problem.post_school[model.pair_post[here]]]
    return cost


def wished(problem: Problem) -> bool:
    """Whether any teacher has a wish."""
    return bool(problem.teachers.table["wishes"].map(len).sum())
