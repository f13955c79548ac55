"""Lessons to posts (核编定岗): whole people for every section and subject, set exactly.

Under the quota, at three strict levels: the fewest lessons of core subjects that no post covers; then the
fewest lessons of all subjects, with the relief for management, that no post covers; then the fewest lessons
taught outside the main subject, where a further post must be worth ``post_worth`` lessons. Core subjects have
a level of their own because their load is the smallest: where the quota is short, counting all lessons alike
would give up Chinese and mathematics first. Settings that differ by less than a hundredth of a lesson at the
last level are ties: posts of earlier subjects go before later ones, and shared posts come last. Posts are
whole people; lessons may be divided, for they are planning figures.

A shared post (走教) serves at most ``shared_schools`` sections. Small sections of a stage and a zone, or an
education group (集团), are therefore put into groups of at most that many, all within ``shared_km`` of one another, and share posts in
their group: the section with the fewest neighbours chooses first, and takes the nearest. Every group, and
every other section by itself, is one small mixed integer program, solved to its proved optimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache

import highspy
import numpy as np
from numpy.typing import NDArray

from allocator.domain import Standard

_Floats = NDArray[np.float64]
_TIE = 0.01  # lessons a week: what all tie-breaks of one program can weigh together
_THREADS = 2
_SLACK = 1e-6  # lessons a week by which a level may miss the one before: above the solver's tolerance
# One thread and a limit in nodes, not in seconds, so that every run gives the same; groups of three need some
# hundreds. The tolerances lie below the tie-break. Restarts and searches would take half the time. Presolve
# of HiGHS 1.14.0 calls wrong answers optimal (ERGO-Code/HiGHS issues 2975, 3094), and saves no time here.
_OPTIONS = {
    "output_flag": False,
    "presolve": "off",
    "threads": 1,
    "parallel": "off",
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 1e-7,
    "mip_feasibility_tolerance": 1e-9,
    "mip_max_nodes": 20_000,
    "mip_allow_restart": False,
    "mip_heuristic_run_feasibility_jump": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_rins": False,
}


@dataclass(frozen=True)
class Need:
    """What one section needs.

    Parameters
    ----------
    section
        Index of the section.
    stage
        Its stage.
    zone, group
        Its zone and its education group, empty for none; posts are shared inside a zone or a group only.
    lessons
        Lessons a week by subject, shape (subjects,).
    management
        Lessons a week that its staff are relieved of.
    quota
        Most posts.
    """

    section: int
    stage: str
    zone: str
    lessons: _Floats
    management: float
    quota: int
    group: str = ""


@dataclass(frozen=True)
class SharedPost:
    """One post at ``home`` that also serves other sections; shares of a full-time teacher by section."""

    home: int
    subject: int
    shares: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class PostSetting:
    """Posts set for every section.

    Parameters
    ----------
    posts
        Posts by section index and subject index; a shared post counts at its home.
    shared
        Which of them are shared.
    untaught
        Lessons a week, those of relief for management among them, that no post covers, by section index.
    proved
        False where a program was stopped before its optimum was proved.
    """

    posts: dict[int, NDArray[np.int64]]
    shared: tuple[SharedPost, ...]
    untaught: dict[int, float]
    proved: bool


@dataclass(frozen=True)
class _Terms:
    """What the standard says for one stage.

    ``core`` are the core subjects, ``takes`` the further subjects of each subject's teachers.
    """

    loads: tuple[float, ...]
    core: tuple[int, ...]
    relief_load: float
    takes: tuple[tuple[int, ...], ...]
    shared: tuple[int, ...]
    worth: float


@dataclass(frozen=True)
class _Part:
    """What one section of a group needs, without its name: like parts are solved once."""

    lessons: tuple[float, ...]
    management: float
    quota: int


@dataclass
class _Program:
    """The program of one group while it is built: columns from 0 to ``high``, rows as (low, high, terms)."""

    high: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[float, float, list[tuple[int, float]]]] = field(default_factory=list)
    posts: dict[tuple[int, int], int] = field(default_factory=dict)
    untaught: dict[tuple[int, int | None], int] = field(default_factory=dict)
    outside: list[int] = field(default_factory=list)
    shared: dict[tuple[int, int], int] = field(default_factory=dict)
    visits: dict[tuple[int, int, int], int] = field(default_factory=dict)

    def column(self, high: float, whole: bool = False) -> int:
        """Add a column."""
        self.high.append(high)
        self.whole.append(whole)
        return len(self.high) - 1

    def row(self, low: float, high: float, terms: list[tuple[int, float]]) -> None:
        """Add a row."""
        self.rows.append((low, high, terms))


def set_posts(needs: Sequence[Need], km: _Floats, standard: Standard, seed: int = 0) -> PostSetting:
    """Set the posts of all sections.

    At three strict levels, each proved and held while the next is solved: the fewest core lessons untaught;
    the fewest lessons untaught at all; the fewest lessons outside the main subject with the worth of posts.
    Sections of a group that shares posts are taken together: the levels count their sums.

    Parameters
    ----------
    needs
        One entry a section.
    km
        Road length between sections, shape (needs, needs), in km.
    standard
        Core subjects, loads, families, sharing limits.
    seed
        Seed of the solver; the result is the same on every run.

    Raises
    ------
    RuntimeError
        Where the solver fails: a setting always exists, because every lesson may stay untaught.
    """
    posts: dict[int, NDArray[np.int64]] = {}
    shared: list[SharedPost] = []
    untaught: dict[int, float] = {}
    proved = True
    terms = {stage: _terms(stage, standard) for stage in sorted({n.stage for n in needs})}
    groups = [[needs[i] for i in group] for group in _groups(needs, km, standard)]

    def solved(here: list[Need]) -> _Setting:
        parts = tuple(_Part(tuple(map(float, n.lessons)), float(n.management), int(n.quota)) for n in here)
        return _solve(parts, terms[here[0].stage], seed)

    with ThreadPoolExecutor(_THREADS) as pool:  # groups do not depend on each other
        settings = list(pool.map(solved, groups))
    for here, done in zip(groups, settings, strict=True):
        for need, row, left in zip(here, done.posts, done.untaught, strict=True):
            posts[need.section], untaught[need.section] = np.array(row, dtype=np.int64), left
        for home, subject, shares in done.shared:
            served = tuple((here[i].section, share) for i, share in shares)
            shared.append(SharedPost(here[home].section, subject, served))
        proved &= done.proved
    return PostSetting(posts, tuple(shared), untaught, proved)


def _terms(stage: str, standard: Standard) -> _Terms:
    subjects, rules = list(standard.subjects), standard.posts
    return _Terms(
        loads=tuple(standard.loads.load(stage, s) for s in subjects),
        core=tuple(i for i, s in enumerate(standard.subjects.values()) if s.core),
        relief_load=standard.loads.load(stage, ""),
        takes=tuple(tuple(map(subjects.index, standard.families.others(stage, s))) for s in subjects),
        shared=tuple(map(subjects.index, rules.shared_subjects.value)),
        worth=rules.post_worth.value,
    )


def _groups(needs: Sequence[Need], km: _Floats, standard: Standard) -> list[list[int]]:
    """Put small sections near one another into groups that may share posts; all others stand alone."""
    rules = standard.posts
    small = {i for i, n in enumerate(needs) if 0 < n.quota < rules.shared_below.value}
    stage, zone, group_of = (
        np.array([str(v) for v in column])
        for column in zip(*((n.stage, n.zone, n.group or "") for n in needs), strict=True)
    )
    together = zone[:, None] == zone[None, :]
    together |= (group_of[:, None] == group_of[None, :]) & (group_of != "")[:, None]
    reach = (np.maximum(km, km.T) <= rules.shared_km.value) & (stage[:, None] == stage[None, :]) & together
    groups = [[i] for i in range(len(needs)) if i not in small]
    while small:
        first = min(small, key=lambda i: (sum(reach[i, j] for j in small), i))
        group = [first]
        while len(group) < rules.shared_schools.value and rules.shared_subjects.value:
            near = [j for j in small.difference(group) if reach[group, j].all()]
            if not near:
                break
            group.append(min(near, key=lambda j: (max(km[i, j] for i in group), j)))
        small -= set(group)
        groups.append(sorted(group))
    return sorted(groups)


@dataclass(frozen=True)
class _Setting:
    """Posts of one group: sections are counted from 0 inside the group."""

    posts: tuple[tuple[int, ...], ...]
    shared: tuple[tuple[int, int, tuple[tuple[int, float], ...]], ...]
    untaught: tuple[float, ...]
    proved: bool


@lru_cache(maxsize=4096)
def _solve(parts: tuple[_Part, ...], terms: _Terms, seed: int) -> _Setting:
    """Set the posts of one group; a pure function of its arguments, so that its answers may be kept."""
    program = _Program()
    if len(parts) > 1:
        _share(program, parts, terms)
    for i, part in enumerate(parts):
        _section(program, i, part, terms)
    x, proved = _optimise(program, terms, seed)
    return _read(program, x, parts, terms, proved)


def _share(program: _Program, parts: Sequence[_Part], terms: _Terms) -> None:
    """Add shared posts: each gives at least one lesson a week at its home and one elsewhere in the group."""
    for s in terms.shared:
        served = [v for v, part in enumerate(parts) if part.lessons[s] > 0]
        for home in served if len(served) > 1 else ():
            post = program.shared[home, s] = program.column(1, whole=True)
            visits = {v: program.column(parts[v].lessons[s]) for v in served}
            for v, lessons in visits.items():
                program.visits[home, v, s] = lessons
                program.row(-np.inf, 0, [(lessons, 1), (post, -min(parts[v].lessons[s], terms.loads[s]))])
            program.row(-np.inf, 0, [*((lessons, 1) for lessons in visits.values()), (post, -terms.loads[s])])
            for side in ([home], [v for v in served if v != home]):
                least = min(1.0, sum(parts[v].lessons[s] for v in side))
                program.row(0, np.inf, [*((visits[v], 1) for v in side), (post, -least)])


def _section(program: _Program, i: int, part: _Part, terms: _Terms) -> None:
    """Add the posts, lessons, relief and quota of one section: posts only of subjects that it has lessons in."""
    amounts = {s: amount for s, amount in enumerate(part.lessons) if amount > 0}
    taught: dict[int, list[int]] = {s: [] for s in amounts}
    relief = [program.column(part.management)]
    program.untaught[i, None] = relief[0]
    for s in amounts:
        post = program.posts[i, s] = program.column(part.quota, whole=True)
        relief.append(program.column(part.management))
        week = [(relief[-1], 1 / terms.relief_load), (post, -1.0)]
        for other in sorted({s, *terms.takes[s]} & amounts.keys()):
            lessons = program.column(amounts[other])
            taught[other].append(lessons)
            week.append((lessons, 1 / terms.loads[other]))
            if other != s:
                program.outside.append(lessons)
        program.row(-np.inf, 0, week)
    program.row(part.management, part.management, [(column, 1) for column in relief])
    for s, amount in amounts.items():
        program.untaught[i, s] = program.column(amount)
        visits = [column for (_, v, subject), column in program.visits.items() if (v, subject) == (i, s)]
        program.row(amount, amount, [(column, 1) for column in (*taught[s], *visits, program.untaught[i, s])])
    posts = (*program.posts.items(), *program.shared.items())
    program.row(-np.inf, part.quota, [(column, 1) for (v, _), column in posts if v == i])


def _costs(program: _Program, terms: _Terms) -> tuple[_Floats, _Floats, _Floats]:
    """Costs of the three levels, each of shape (columns,), in lessons a week; the last carries the tie-break.

    Relief for management belongs to no subject, and so to the second level.
    """
    core, untaught, worth, tie = np.zeros((4, len(program.high)))
    core[[column for (_, s), column in program.untaught.items() if s in terms.core]] = 1
    untaught[list(program.untaught.values())] = 1
    worth[program.outside] = 1
    worth[[*program.posts.values(), *program.shared.values()]] = terms.worth
    for (_, s), column in program.posts.items():
        tie[column] = s
    for (_, s), column in program.shared.items():
        tie[column] = len(terms.loads) + s
    most = float(tie @ program.high)
    return core, untaught, worth + tie * (_TIE / most if most > 0 else 0.0)


def _optimise(program: _Program, terms: _Terms, seed: int) -> tuple[_Floats, bool]:
    """Solve the three levels in their order, each a bound for those after it.

    Returns
    -------
    The values of the columns, shape (columns,), and whether all three levels are proved.

    Raises
    ------
    RuntimeError
        Where the solver ends without a feasible setting.
    """
    solver, proved = _solver(program, seed), True
    columns = np.arange(len(program.high), dtype=np.int32)
    for cost in _costs(program, terms):
        solver.changeColsCost(len(columns), columns, cost)
        solver.run()
        info, status = solver.getInfo(), solver.getModelStatus()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            raise RuntimeError(f"post setting ended with {solver.modelStatusToString(status)}")
        proved &= status == highspy.HighsModelStatus.kOptimal
        found = solver.getSolution()
        counted = np.flatnonzero(cost).astype(np.int32)
        limit = info.objective_function_value + _SLACK
        solver.addRow(-np.inf, limit, len(counted), counted, cost[counted])
        solver.setSolution(found)
    return np.array(found.col_value), proved


def _solver(program: _Program, seed: int) -> highspy.Highs:
    """Pass the program to a new HiGHS, which starts without posts: everything stays untaught."""
    lp, rows = highspy.HighsLp(), program.rows
    lp.num_col_, lp.num_row_ = len(program.high), len(rows)
    lp.col_lower_, lp.col_upper_ = np.zeros(len(program.high)), np.array(program.high, dtype=float)
    lp.col_cost_ = np.zeros(len(program.high))
    lp.row_lower_, lp.row_upper_ = np.array([(low, high) for low, high, _ in rows], dtype=float).T
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.cumsum([0, *(len(terms) for *_, terms in rows)]).astype(np.int32)
    entries = np.array([term for *_, terms in rows for term in terms], dtype=float)
    lp.a_matrix_.index_, lp.a_matrix_.value_ = entries[:, 0].astype(np.int32), entries[:, 1]
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[w] for w in program.whole]
    solver = highspy.Highs()
    for name, value in (_OPTIONS | {"random_seed": seed % 2**31}).items():
        solver.setOptionValue(name, value)
    solver.passModel(lp)
    start, left = highspy.HighsSolution(), set(program.untaught.values())
    start.col_value = [high if column in left else 0.0 for column, high in enumerate(program.high)]
    solver.setSolution(start)
    return solver


def _read(program: _Program, x: _Floats, parts: Sequence[_Part], terms: _Terms, proved: bool) -> _Setting:
    posts = np.zeros((len(parts), len(terms.loads)), dtype=np.int64)
    untaught = np.zeros(len(parts))
    for (i, s), column in (*program.posts.items(), *program.shared.items()):
        posts[i, s] += round(x[column])
    for (i, _), column in program.untaught.items():
        untaught[i] += x[column]
    shared = tuple(
        (home, s, _shares(program, x, (home, s), terms.loads[s]))
        for (home, s), column in program.shared.items()
        if x[column] > 0.5
    )
    left = tuple(max(0.0, round(float(amount), 5)) for amount in untaught)
    return _Setting(tuple(tuple(map(int, row)) for row in posts), shared, left, proved)


def _shares(
    program: _Program, x: _Floats, post: tuple[int, int], load: float
) -> tuple[tuple[int, float], ...]:
    """Shares of a full-time teacher, rounded down so that they never exceed one person."""
    visits = {v: column for (home, v, s), column in program.visits.items() if (home, s) == post}
    shares = {v: float(np.floor(x[column] / load * 1e5 + 1e-3) / 1e5) for v, column in visits.items()}
    return tuple((v, share) for v, share in shares.items() if share > 0)
