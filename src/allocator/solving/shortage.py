"""Posts that want more teachers than can lawfully take them: a deficiency of Hall, found as a minimum cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.graph.python import max_flow

from allocator.problem import Bools, Ints, Problem


@dataclass(frozen=True)
class Shortage:
    """Posts of one subject that no plan can fill.

    Parameters
    ----------
    posts
        Post groups.
    places
        Their posts.
    teachers
        Who can lawfully take any of them, by index: fewer than the posts.
    """

    posts: Ints
    places: int
    teachers: Ints

    @property
    def missing(self) -> int:
        """How many of the posts stay empty in every plan."""
        return self.places - len(self.teachers)


def shortage(problem: Problem, lawful: Bools, post: int) -> Shortage | None:
    """Find the posts with one given among them that lack most teachers, and of those sets the smallest.

    Parameters
    ----------
    lawful
        Which teachers may take which posts, shape (teachers, post groups).
    post
        The post group that is asked about; those of its subject are looked at.

    Returns
    -------
    None where there are at least as many teachers as posts, whatever posts are looked at beside this one.
    """
    subject = problem.posts.subject[post]
    groups = np.flatnonzero((problem.posts.subject == subject) & (problem.posts.places > 0))
    if post not in groups:
        return None
    people = np.flatnonzero(lawful[:, groups].any(axis=1))
    edges = np.argwhere(lawful[np.ix_(people, groups)])
    places = problem.posts.places[groups]
    # Source 0, teachers, posts, sink: a cut that leaves a set of posts with the sink pays for every teacher who can
    # take one of them, and for every other post. The post asked about cannot be one of the others.
    n, m = len(people), len(groups)
    sink, every = n + m + 1, int(places.sum())
    room = np.where(groups == post, n + every + 1, places)
    tail = np.concatenate([np.zeros(n, np.int64), edges[:, 0] + 1, np.arange(m) + n + 1])
    head = np.concatenate([np.arange(n) + 1, edges[:, 1] + n + 1, np.full(m, sink)])
    room = np.concatenate([np.ones(n, np.int64), np.full(len(edges), n + every + 1), room])
    flow = max_flow.SimpleMaxFlow()
    flow.add_arcs_with_capacity(tail, head, room)
    if flow.solve(0, sink) != flow.OPTIMAL or every - flow.optimal_flow() <= 0:
        return None
    kept = np.array(flow.get_sink_side_min_cut(), dtype=np.int64)
    some = kept[(kept > n) & (kept < sink)] - n - 1
    found = np.sort(groups[some])
    who = people[lawful[np.ix_(people, found)].any(axis=1)]
    return Shortage(found, int(problem.posts.places[found].sum()), who)
