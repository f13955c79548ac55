"""Which schools close: efficient proposals for every number of closures, each with its proof.

Pupils of a closing section go together to one section of the same stage that stays open. Classes are whole, those of
several grades among them, and are counted as :func:`allocator.demand.classes.class_groups` does. A proposal is efficient
where no other with as many closures frees as many posts with less on the way; each is found by holding one aim and
seeking the best of the other (ε-constraint).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from string import ascii_lowercase
from threading import Event, Thread
from typing import Protocol

import numpy as np
from ortools.sat.python import cp_model

from allocator.closures.layout import Layout, column_named
from allocator.closures.travel import Way
from allocator.problem import Ints
from allocator.words import Text, text

_POST = 1_000_000  # posts are counted in millionths
_METRE = 100  # ways of pupils in hundredths of a km
_AHEAD = 10_000  # pupil-km come before what else is least: any weight above 0 makes the proposal efficient
_LONGEST = 10_000  # minutes
_MOMENT = 0.1  # seconds
_SETS = 60  # sets of sections that one may receive; where there are more, classes are counted grade by grade
Tell = Callable[[int, int], None]


class Stop(Protocol):
    """What is asked whether to go on: an event of threads or of processes."""

    def is_set(self) -> bool:
        """Whether somebody does not want to wait."""


@dataclass(frozen=True)
class Proposal:
    """A set of schools to close, and where their pupils go.

    Parameters
    ----------
    closed
        School indices.
    ways
        Where the pupils of each of their sections go.
    aim
        What was sought: ``posts`` (as many as can be, then the least way), ``between``, or ``way`` (the least way);
        ``own`` where nothing was, because the scenario names these closures.
    bound
        Posts that no proposal of as many closures or fewer within the same way can exceed, by the classes that it saves.
    way_bound
        Pupil-km that no proposal of as many closures or fewer with as many posts can be below, None where the time ran
        out before anything was proved.
    letter
        Its place among the proposals of as many closures, from the most posts to the least way.

    ``bound`` is nan where nothing was sought.
    """

    closed: tuple[int, ...]
    ways: tuple[Way, ...]
    aim: str
    bound: float
    way_bound: float | None
    letter: str = ""


@dataclass(frozen=True)
class Worth:
    """What a proposal frees and costs, counted from its ways alone.

    ``posts`` is by the classes that it saves; ``classes`` are these. ``longest`` is in minutes, of those who do not board.
    """

    posts: float
    classes: int
    pupils: int
    pupil_km: float
    longest: float
    riding_km: float
    boarding: int


class Chooser:
    """The model of one layout; every search begins with it as it is."""

    def __init__(self, found: Layout, stop: Stop | None = None) -> None:
        self.layout, self.stop = found, stop
        self.model = cp_model.CpModel()
        self.close = {int(s): self.model.new_bool_var("") for s in np.flatnonzero(found.considered)}
        self.take = [self.model.new_bool_var("") for _ in found.ways]
        self._send()
        self._keep_townships()
        self._count()
        self.km = sum(round(w.pupils * w.km * _METRE) * t for w, t in zip(found.ways, self.take, strict=True))
        self.number = self.model.new_int_var(0, len(self.close), "")
        self.model.add(self.number == sum(self.close.values()))

    @property
    def stopped(self) -> bool:
        """Whether somebody does not want to wait."""
        return self.stop is not None and self.stop.is_set()

    def _open(self, school: int) -> cp_model.LinearExprT:
        return 1 - self.close[school] if school in self.close else 1

    def _send(self) -> None:
        """Send the pupils of every section of a closing school to one section of a school that stays open."""
        found = self.layout
        leaving: dict[int, list[tuple[Way, cp_model.IntVar]]] = {}
        for way, take in zip(found.ways, self.take, strict=True):
            leaving.setdefault(way.section, []).append((way, take))
            if (end := int(found.school[way.to])) in self.close:
                self.model.add_implication(take, ~self.close[end])
        for u, options in leaving.items():
            self.model.add(sum(take for _, take in options) == self.close[int(found.school[u])])
        if found.scenario.config.closing.by != "school":
            return
        for school in self.close:
            first, *others = [
                {int(found.school[w.to]): take for w, take in options}
                for u, options in leaving.items()
                if found.school[u] == school
            ]
            for other in others:
                for end in first.keys() | other.keys():
                    self.model.add(first.get(end, 0) == other.get(end, 0))

    def _keep_townships(self) -> None:
        """Keep the last school of a stage in each township, where the scenario wants that."""
        found = self.layout
        for sections in found.townships().values():
            there: list[cp_model.LinearExprT] = []
            for u in sections:
                if found.own[u].any():
                    there.append(self._open(int(found.school[u])))
                else:  # an empty school keeps its township where pupils come to it
                    there += [t for way, t in zip(found.ways, self.take, strict=True) if way.to == u]
            self.model.add(sum(there) >= 1)

    def _count(self) -> None:
        """Count classes and pupils, keep them within rooms and sizes, and sum up the posts that are freed."""
        found = self.layout
        coming: dict[int, list[tuple[Way, cp_model.IntVar]]] = {}
        for way, take in zip(found.ways, self.take, strict=True):
            coming.setdefault(way.to, []).append((way, take))
        freed: cp_model.LinearExprT = 0
        for u, one in enumerate(found.worth):
            stays, post = self._open(int(found.school[u])), round(one * _POST)
            classes: cp_model.LinearExprT = int(found.classes[u]) * stays
            if u in coming and (sets := found.sets([way for way, _ in coming[u]], _SETS)) is not None:
                classes += self._one_of(stays, [take for _, take in coming[u]], sets)
            elif u in coming:
                classes = self._classes(u, stays, coming[u])
                some = self.model.new_bool_var("")
                self.model.add_max_equality(some, [take for _, take in coming[u]])
                self.model.add(classes <= int(found.rooms[u])).only_enforce_if(some)
            freed += post * (int(found.classes[u]) - classes)
        self.freed = freed
        for school in {int(found.school[u]) for u in coming}:
            limit = found.size_limit[school]
            here = [one for u, some_ in coming.items() if found.school[u] == school for one in some_]
            if np.isfinite(limit):
                most = int(limit) - int(found.pupils[school])
                for _, take in here if most < 0 else ():
                    self.model.add(take == 0)
                if most >= 0:
                    self.model.add(sum(way.pupils * take for way, take in here) <= most)

    def _one_of(
        self, stays: cp_model.LinearExprT, takes: list[cp_model.IntVar], sets: dict[tuple[int, ...], int]
    ) -> cp_model.LinearExprT:
        """Let a section receive one of the sets of sections that find room, or none; returns the further classes."""
        chosen = {some: self.model.new_bool_var("") for some in sets}
        for i, take in enumerate(takes):
            self.model.add(sum(var for some, var in chosen.items() if i in some) == take)
        self.model.add(sum(chosen.values()) <= stays)
        return sum(more * chosen[some] for some, more in sets.items() if more)

    def _classes(
        self, u: int, stays: cp_model.LinearExprT, coming: list[tuple[Way, cp_model.IntVar]]
    ) -> cp_model.IntVar:
        """Add the classes of a section that may receive: of each grade, or of neighbouring grades together."""
        found, model, rules = self.layout, self.model, self.layout.standard.classes
        grades, own, limit = found.grades(u), found.own[u], round(found.limit[u] * 1000)
        below, most = rules.multigrade_below.value, rules.multigrade_limit.value
        width = int(rules.multigrade_grades.value)
        held, taught = {}, {}
        for grade in grades:
            more = [(int(found.own[way.section][grade]), take) for way, take in coming]
            held[grade] = int(own[grade]) * stays + sum(n * take for n, take in more)
            taught[grade] = stays
            if not own[grade]:
                sent = [take for n, take in more if n]
                taught[grade] = model.new_bool_var("") if sent else 0
                for take in sent:
                    model.add(taught[grade] >= take)
        covered: dict[int, list[cp_model.IntVar]] = {grade: [] for grade in grades}
        parts: list[cp_model.IntVar] = []
        for first, grade in enumerate(grades):
            alone = model.new_bool_var("")
            covered[grade].append(alone)
            highest = int(own[grade]) + sum(int(found.own[way.section][grade]) for way, _ in coming)
            number = model.new_int_var(0, highest, "")
            model.add(number * limit >= held[grade] * 1000).only_enforce_if(alone)
            parts.append(number)
            for last in range(first + 1, len(grades)):
                group = grades[first : last + 1]
                if sum(own[g] > 0 for g in group) > width or any(own[g] >= below for g in group):
                    break
                if own[list(group)].sum() > most:
                    break
                together = model.new_bool_var("")
                for g in group:
                    covered[g].append(together)
                    model.add(held[g] <= int(np.ceil(below)) - 1).only_enforce_if(together)
                model.add(sum(held[g] for g in group) <= int(most)).only_enforce_if(together)
                model.add(sum(taught[g] for g in group) <= width).only_enforce_if(together)
                parts.append(together)
        for grade in grades:
            model.add(sum(covered[grade]) == stays)
        classes = model.new_int_var(0, int(found.classes[u]) + sum(w.pupils for w, _ in coming), "")
        model.add(classes == sum(parts))
        model.add(classes >= int(found.classes[u]) * stays)  # more pupils never make fewer classes
        return classes

    def best(
        self,
        closures: int,
        limit: float,
        most_km: int | None,
        start: dict[int, int] | None,
        avoid: Iterable[tuple[int, ...]] = (),
    ) -> _Found:
        """Free as many posts as can be with so many closures at most, within hundredths of pupil-km, and none of some sets."""
        model = self.model.clone()
        model.add(self.number <= closures)
        for closed in avoid:
            model.add_bool_or(~var if s in closed else var for s, var in self.close.items())
        if most_km is not None:
            model.add(self.km <= most_km)
        model.maximize(self.freed)
        return self._solved(model, limit, start)

    def nearest(
        self,
        closures: int,
        limit: float,
        posts: int | None,
        start: dict[int, int] | None,
        only: tuple[int, ...] | None = None,
    ) -> _Found:
        """Send pupils the least way; all else counts last.

        With exactly so many closures, or with so many at most where so many millionths of posts are to be freed; with
        ``only``, with these schools and no others.
        """
        model = self.model.clone()
        for s, var in self.close.items() if only is not None else ():
            model.add(var == (s in (only or ())))
        if posts is None:
            model.add(self.number == closures)
        else:
            model.add(self.number <= closures)
            model.add(self.freed >= posts)
        longest = model.new_int_var(0, _LONGEST, "")
        by_day = [w.walking + w.riding > 0 for w in self.layout.ways]
        for way, take, daily in zip(self.layout.ways, self.take, by_day, strict=True):
            if not daily:
                continue
            model.add(longest >= int(np.ceil(way.minutes))).only_enforce_if(take)
        ridden = sum(round(w.riding * w.km) * t for w, t in zip(self.layout.ways, self.take, strict=True))
        moved = sum(w.pupils * t for w, t in zip(self.layout.ways, self.take, strict=True))
        model.minimize(_AHEAD * self.km + longest + moved + ridden + self.number)
        return self._solved(model, limit, start)

    def km_bound(self, bound: float) -> float | None:
        """Pupil-km that a bound proves in which they come first, all else being as large as it can; None for nothing."""
        rest: dict[int, float] = {}
        for way in self.layout.ways:
            rest[way.section] = max(rest.get(way.section, 0.0), way.pupils + way.riding * way.km + 1)
        least = (bound - _LONGEST - sum(rest.values()) - len(self.close)) / _AHEAD / _METRE
        return least if least > 0 else None

    def _solved(self, model: cp_model.CpModel, limit: float, start: dict[int, int] | None) -> _Found:
        for index, value in (start or {}).items():
            model.add_hint(model.get_int_var_from_proto_index(index), value)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.linearization_level = 2
        solver.parameters.cp_model_probing_level = 0  # the sets leave little to find, and there are many
        solver.parameters.random_seed = self.layout.scenario.config.seed
        solver.parameters.max_deterministic_time = limit
        solver.parameters.catch_sigint_signal = False  # whoever stops says so by the event
        with _watching(solver, self.stop):
            status = solver.solve(model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return _Found(None, status == cp_model.INFEASIBLE, 0.0)
        values = {var.index: int(solver.value(var)) for var in (*self.close.values(), *self.take)}
        return _Found(values, True, solver.best_objective_bound)

    def chosen(self, values: dict[int, int]) -> tuple[tuple[int, ...], tuple[Way, ...]]:
        """Schools that close and ways that are taken, of the values of a search."""
        closed = tuple(s for s, var in self.close.items() if values[var.index])
        taken = tuple(w for w, var in zip(self.layout.ways, self.take, strict=True) if values[var.index])
        return closed, taken


@contextmanager
def _watching(solver: cp_model.CpSolver, stop: Stop | None) -> Iterator[None]:
    """Stop a search within a moment of the event."""
    done = Event()

    def watch(stop: Stop) -> None:
        while not done.wait(_MOMENT):
            if stop.is_set():
                solver.stop_search()

    watcher = None if stop is None else Thread(target=watch, args=(stop,), daemon=True)
    if watcher is not None:
        watcher.start()
    try:
        yield
    finally:
        done.set()


@dataclass(frozen=True)
class _Found:
    """Values by index of the variable, None where there are none; whether that is proved; the bound."""

    values: dict[int, int] | None
    proved: bool
    bound: float


def worth(found: Layout, closed: Iterable[int], ways: Iterable[Way]) -> Worth:
    """Count a proposal anew, from its ways alone and without the model."""
    taken = tuple(ways)
    saved = _saved(found, closed, taken)
    return Worth(
        posts=float((saved * found.worth).sum()),
        classes=int(saved.sum()),
        pupils=sum(way.pupils for way in taken),
        pupil_km=sum(way.pupils * way.km for way in taken),
        longest=max((way.minutes for way in taken if way.walking + way.riding), default=0.0),
        riding_km=sum(way.riding * way.km for way in taken),
        boarding=sum(way.boarding for way in taken),
    )


def proved(proposal: Proposal, worth: Worth) -> tuple[float, float]:
    """Return the posts that no proposal of its kind can exceed, and how many more that is as a share of its own.

    Posts are whole millionths in the proof: what is less is no gap.
    """
    gap = max(proposal.bound - worth.posts, 0.0) / max(worth.posts, 1e-9)
    return max(proposal.bound, worth.posts), gap if gap > 1 / _POST else 0.0


def _saved(found: Layout, closed: Iterable[int], ways: Iterable[Way]) -> Ints:
    """Classes that each section has less, shape (sections,)."""
    coming, gone = found.coming(ways), np.isin(found.school, list(closed))
    saved = np.where(gone, found.classes, 0)
    for u in np.flatnonzero(coming.any(axis=1) & ~gone):
        saved[u] = found.classes[u] - found.classes_with(int(u), coming[u])
    return saved


def breaches(found: Layout, closed: Iterable[int], ways: Iterable[Way]) -> Iterator[Text]:
    """Yield what a proposal does that it may not; counted from the ways alone, without the model."""
    taken, gone = tuple(ways), set(closed)
    sent, coming = [way.section for way in taken], found.coming(taken)
    for u, school in enumerate(found.school):
        if sent.count(u) != (int(school) in gone and found.own[u].sum() > 0):
            yield text(
                "{school}: pupils of {stage} are lost or split",
                school=found.ids[school],
                stage=found.stage[u],
            )
    for way in taken:
        end = int(found.school[way.to])
        if end in gone:
            yield text("{school}: receives pupils and closes", school=found.ids[end])
        start = int(found.school[way.section])
        if way.over is not None or found.stage[way.to] != found.stage[way.section]:
            yield text(
                "{school}: {minutes} minutes to {to}, more than {limit}",
                school=found.ids[start],
                minutes=f"{way.by_road:.0f}",
                to=found.ids[end],
                limit=f"{way.over or 0:g}",
            )
        if (column := found.differing(start, end)) is not None:
            yield text(
                "{school}: differs from {to} in {column}",
                school=found.ids[start],
                to=found.ids[end],
                column=column_named(column),
            )
    for (township, stage), sections in found.townships().items():
        if not any(found.school[u] not in gone and (found.own[u] + coming[u]).any() for u in sections):
            yield text(
                "{township}: no school is left for {stage}",
                township=township,
                stage=found.standard.stages[stage].name,
            )
    pupils = found.pupils.copy()
    np.add.at(pupils, found.school, coming.sum(axis=1))
    for u in np.flatnonzero(coming.any(axis=1)).tolist():
        classes, school = found.classes_with(u, coming[u]), int(found.school[u])
        if classes > found.rooms[u]:
            yield text(
                "{school}: {classes} classes in {rooms} rooms",
                school=found.ids[school],
                classes=classes,
                rooms=int(found.rooms[u]),
            )
        if pupils[school] > found.size_limit[school]:
            yield text("{school}: {n} pupils", school=found.ids[school], n=int(pupils[school]))


def frontier(
    found: Layout,
    limit: float,
    tell: Tell | None = None,
    stop: Event | None = None,
    *,
    posts_alone: bool = False,
) -> tuple[list[Proposal], bool]:
    """Find the efficient proposals of every number of closures that the scenario allows.

    Parameters
    ----------
    limit
        Deterministic time of each search, about a second each.
    tell
        Told how many numbers of closures are done, and of how many.
    stop
        Set by whoever does not want to wait.
    posts_alone
        Whether only the proposals with the most posts are sought.

    Returns
    -------
    The proposals that no other beats in every respect, by closures; and whether every number was looked at.
    """
    chooser, done, most = Chooser(found, stop), 0, found.scenario.config.closing.most
    numbers = range(1, min(most, int(found.considered.sum())) + 1)

    def of(closures: int) -> tuple[list[Proposal], bool]:
        if stop is not None and stop.is_set():
            return [], False
        return proposals_of(chooser, closures, limit, posts_alone)

    every: list[Proposal] = []
    whole = True
    with ThreadPoolExecutor(2) as both:
        for each, complete in both.map(of, numbers):
            done += 1
            if tell is not None:
                tell(done, len(numbers))
            whole &= complete
            every += each
    for proposal in every:
        if wrong := list(breaches(found, proposal.closed, proposal.ways)):
            raise AssertionError(f"a proposal breaks a limit: {wrong[0]}")
    return _lettered(found, _efficient(found, every)), whole


def proposals_of(
    chooser: Chooser, closures: int, limit: float, posts_alone: bool = False
) -> tuple[list[Proposal], bool]:
    """Find the proposals of one number of closures: most posts, the least way, and between the two.

    Also returns whether each search found something, or proved that there is nothing.
    """
    first = chooser.best(closures, limit, None, None)
    if first.values is None:
        return [], first.proved
    ends = [_least(chooser, closures, limit, "posts", first)]
    if posts_alone:
        return [ends[0][0]], True
    nearest = chooser.nearest(closures, limit, None, None)
    if nearest.values is None:
        return [ends[0][0]], nearest.proved
    _, least = _scaled(chooser, *chooser.chosen(nearest.values))
    most = chooser.best(closures, limit, least, nearest.values)
    ends += [] if most.values is None else [_least(chooser, closures, limit, "way", most)]
    found, whole = [proposal for proposal, _ in ends], len(ends) == 2
    low, high = (_scaled(chooser, p.closed, p.ways)[1] for p in (found[-1], found[0]))
    if high > low:
        middle = chooser.best(closures, limit, (low + high) // 2, ends[-1][1])
        found += [] if middle.values is None else [_least(chooser, closures, limit, "between", middle)[0]]
        whole &= middle.values is not None
    return found, whole


def most_posts(
    chooser: Chooser, closures: int, limit: float, n: int, tell: Tell | None = None
) -> tuple[list[Proposal], float | None]:
    """Find the ``n`` sets of schools that free most posts, each with the least way, the first the most.

    Parameters
    ----------
    closures
        Schools that close at most.
    limit
        Deterministic time of each search, about a second each.
    tell
        Told how many are found, and of how many.

    Returns
    -------
    The proposals; and posts that no other set of so many schools or fewer can exceed, 0 where there is none, None where
    somebody stopped it.
    """
    found: list[Proposal] = []
    while True:
        first = chooser.best(closures, limit, None, None, [(), *(one.closed for one in found)])
        if first.values is None or chooser.stopped:
            return found, 0.0 if first.values is None and first.proved else None
        if len(found) == n:
            return found, first.bound / _POST
        # the first is the least way of all that free as many posts, as a choice of closures alone would be
        only = chooser.chosen(first.values)[0] if found else None
        proposal, _ = _least(chooser, closures, limit, "posts", first, only)
        found.append(replace(proposal, letter=f"-{len(found) + 1}"))
        if tell is not None:
            tell(len(found), n)


def _lettered(found: Layout, proposals: list[Proposal]) -> list[Proposal]:
    """Order proposals by the number of closures, from the most posts to the least way, and letter them."""
    worths = [worth(found, p.closed, p.ways) for p in proposals]
    order = sorted(
        range(len(proposals)),
        key=lambda i: (len(proposals[i].closed), -worths[i].posts, worths[i].pupil_km, proposals[i].closed),
    )
    named, place = [], 0
    for before, i in zip([None, *order], order, strict=False):
        same = before is not None and len(proposals[before].closed) == len(proposals[i].closed)
        place = place + 1 if same else 0
        named.append(replace(proposals[i], letter=ascii_lowercase[place]))
    return named


def _least(
    chooser: Chooser,
    closures: int,
    limit: float,
    aim: str,
    found: _Found,
    only: tuple[int, ...] | None = None,
) -> tuple[Proposal, dict[int, int]]:
    """Send pupils the least way that frees as many posts as were found, with these schools alone where some are named."""
    start = found.values or {}
    posts, _ = _scaled(chooser, *chooser.chosen(start))
    least = chooser.nearest(closures, limit, posts, start, only)
    values = start if least.values is None else least.values
    closed, ways = chooser.chosen(values)
    return Proposal(closed, ways, aim, found.bound / _POST, chooser.km_bound(least.bound)), values


def _scaled(chooser: Chooser, closed: tuple[int, ...], ways: tuple[Way, ...]) -> tuple[int, int]:
    """Millionths of posts and hundredths of pupil-km, as the model counts them."""
    saved = _saved(chooser.layout, closed, ways)
    posts = sum(round(one * _POST) * int(n) for one, n in zip(chooser.layout.worth, saved, strict=True))
    return posts, sum(round(way.pupils * way.km * _METRE) for way in ways)


def _efficient(found: Layout, every: list[Proposal]) -> list[Proposal]:
    """Keep what no other proposal beats: schools that close, posts, pupils, their way, the longest way, the bus; nor closing nothing."""
    distinct = list({(p.closed, p.ways): p for p in reversed(every) if p.closed}.values())[::-1]
    aims = []
    for proposal in distinct:
        w = worth(found, proposal.closed, proposal.ways)
        aims.append((len(proposal.closed), -w.posts, w.pupils, w.pupil_km, w.longest, w.riding_km))
    nothing = (0.0,) * 6  # closing no school at all
    table, kept = np.round(np.array([*aims, nothing], dtype=float), 6), []
    for i, proposal in enumerate(distinct):
        beaten = (table <= table[i]).all(axis=1) & (table < table[i]).any(axis=1)
        if not beaten.any():
            kept.append(proposal)
    return kept
