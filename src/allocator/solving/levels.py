"""The linear levels of the objective: what each counts, as costs of pairs."""

from __future__ import annotations

import numpy as np

from allocator.model import Model
from allocator.problem import Problem
from allocator.roads import Floats
from allocator.rules.budget import same_group
from allocator.rules.contract import moves
from allocator.rules.travel import way_km


def add_costs(model: Model) -> None:
    """Give the pairs their costs at the levels moves, burden and wishes."""
    away = moves(model.problem, model.pair_teacher, model.pair_post)
    model.cost("moves", model.pairs[away], np.ones(int(away.sum())))
    model.cost("burden", model.pairs, burden(model))
    wishes = wish_costs(model)
    model.cost("wishes", model.pairs[wishes > 0], wishes[wishes > 0])


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
    away = moves(problem, teacher, post) & ~problem.teachers.volunteer[teacher]
    cost += away * np.where(same_group(problem, teacher, post), weights.group_move, weights.move)
    cost += weights.follow * (problem.displaced[teacher] & ~problem.receivers[home, school])
    cost += weights.cross_zone * (known & (problem.section_zone[home] != problem.section_zone[section]))
    cost += weights.cross_stage * (known & (problem.sections.stage[home] != problem.sections.stage[section]))
    cost += weights.second_subject * (problem.posts.subject[post] != subject)
    return np.asarray(cost, dtype=float)


def wish_costs(model: Model) -> Floats:
    """How far each pair stays behind the teacher's wishes, weighed by 1 and the points, shape (pairs,).

    0 for the first wish, 1 for the second, …; any school not wished for costs the number of wishes. Teachers
    without wishes cost nothing.
    """
    problem = model.problem
    index = {s: i for i, s in enumerate(problem.school_ids)}
    cost = np.zeros(len(model.pairs))
    weight = 1 + points(problem)
    wishes = problem.teachers.table["wishes"].to_numpy(object)
    for cohort, first in enumerate(model.cohorts.first):
        if wishes[first]:
            here = np.flatnonzero(model.pair_cohort == cohort)
            rank = np.full(len(index), float(len(wishes[first])))
            for place, school in reversed(list(enumerate(wishes[first]))):
                rank[index[school]] = place
            cost[here] = rank[problem.post_school[model.pair_post[here]]] * weight[first]
    return cost


def points(problem: Problem) -> Floats:
    """Priority points of each teacher's wishes: those stated, and those for service, rural years and care."""
    table, weights = problem.teachers.table, problem.config.priorities.points
    service = np.maximum(problem.config.september - table["hired"].to_numpy(float), 0) / 12
    stated, rural, years = (
        np.nan_to_num(v)
        for v in (table["points"].to_numpy(float), table["rural_years"].to_numpy(float), service)
    )
    cares = table["carer"].to_numpy(bool)
    return np.asarray(stated + weights.service * years + weights.rural * rural + weights.carer * cares)


def wished(problem: Problem) -> bool:
    """Whether any teacher has a wish."""
    return bool(problem.teachers.table["wishes"].map(len).sum())
