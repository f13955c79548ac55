"""Solve a problem: level after level in strict order, each proved and held while the next is solved."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event

import numpy as np

from allocator.errors import LimitReached
from allocator.evenness import Term
from allocator.model import Model, deal, whole_people
from allocator.plan import Plan
from allocator.problem import Bools, Ints, Problem
from allocator.roads import Floats
from allocator.rules.catalogue import knowing
from allocator.rules.contract import Rule, Violation
from allocator.solving.clock import Deadline, OutOfTime
from allocator.solving.diagnose import conflict
from allocator.solving.engine import Engine
from allocator.solving.even import evenness, heads, prove
from allocator.solving.integer import Proof, solve_whole
from allocator.solving.levels import wished
from allocator.solving.network import least
from allocator.solving.prepare import Prepared, eligible_among, lawful, order_of_leaving, prepare
from allocator.solving.result import Level, Result
from allocator.solving.start import first_plan, with_shortage

Progress = Callable[[str, float | None, float | None], None]
_HELD = 1e-6
_ROUNDED = 1e-5  # share of a level that counting its costs in small units may miss


@dataclass
class State:
    """What the levels hand on: the model with its locks, the values of the best plan, the levels so far.

    ``first`` are the values of the first plan: where it keeps what is held, no level ends worse.
    """

    model: Model
    x: Floats | None
    levels: list[Level]
    first: Floats | None = None
    heads_held: bool = False
    stop: Event | None = None
    tried: Bools | None = None

    def deadline(self) -> Deadline:
        """Return the end of a level that begins now."""
        return Deadline.after(self.model.problem.config.budget.seconds, self.stop)

    def people(self, prepared: Prepared) -> Ints:
        """Deal the cohorts out to people: post group of each teacher, -1 for those who wait."""
        assert self.x is not None
        return deal(
            prepared.model, *whole_people(prepared.model, self.x), order=order_of_leaving(prepared.problem)
        )


def solve(
    problem: Problem, rules: tuple[Rule, ...], progress: Progress | None = None, stop: Event | None = None
) -> Result:
    """Assign every teacher a post.

    Parameters
    ----------
    problem
        The district in September.
    rules
        Rules that are not off, from :func:`allocator.rules.catalogue.settle`.
    progress
        Told the level, its objective and its bound while it is solved.
    stop
        Set by whoever wants the best plan so far: no level is solved any further.

    Returns
    -------
    The plan with the proof of every level. In the order of the levels it is never worse than standing still.

    Raises
    ------
    NoPlan
        Where the hard rules leave no plan, with the rules that stand in the way.
    LimitReached
        Where the limit ran out, or somebody stopped it, before any plan was found.
    """
    prepared = prepare(problem, rules)
    state = assign(prepared, progress, stop=stop)
    return finished(prepared, Plan(state.people(prepared)), tuple(state.levels))


def assign(
    prepared: Prepared,
    progress: Progress | None = None,
    start: Floats | None = None,
    stop: Event | None = None,
) -> State:
    """Solve level after level.

    Parameters
    ----------
    start
        Values of a plan to begin with, in place of the first plan; used where they keep every row.

    Raises
    ------
    NoPlan, LimitReached
        As in :func:`solve`.
    """
    tell = progress or (lambda name, objective, bound: None)
    names = level_names(prepared)
    even = "evenness" in names and prepared.terms
    began = time.monotonic()
    found = None if even or prepared.early else _as_network(prepared, names)
    seconds = time.monotonic() - began
    if found is None:
        flows, state = {}, begin(prepared, start, stop)
    else:
        flows, state = found[1], State(prepared.model, found[0], [], found[0], stop=stop)
    for name in names:
        if name in flows:
            _take_flow(state, name, flows[name], seconds / len(flows), tell)
        else:
            solve_level(state, prepared, name, tell)
    state.levels = _reached(state, prepared)
    return state


def begin(prepared: Prepared, start: Floats | None = None, stop: Event | None = None) -> State:
    """Return the state before the first level, with a plan where one is known; the arguments are those of assign."""
    first = _start(prepared, start)
    return State(prepared.model, first, [], first, stop=stop)


def _as_network(prepared: Prepared, names: list[str]) -> tuple[Floats, dict[str, tuple[float, float]]] | None:
    """Solve all levels as one flow, where that keeps every row: returns values, and value and bound of each level.

    A level that the flow does not prove within the gap is left to be solved, with those after it.
    """
    model, budget = prepared.model, prepared.problem.config.budget
    linear = [name for name in names if name != "evenness"]
    found = least(model, linear)
    if found is None:
        return None
    x = np.concatenate([found[0], np.zeros(model.width - len(model.pairs))])
    x = model.least_breach(with_shortage(model, x))
    if not model.keeps(x):
        return None
    proved: dict[str, tuple[float, float]] = {}
    for name, missed in zip(linear, found[1].tolist(), strict=True):
        value = _settled(model, name, x)
        bound = max(value - 2 * missed, 0.0)
        if value - bound > max(max(budget.gap, _ROUNDED) * value, _HELD):
            break
        proved[name] = value, bound
        if missed:  # held as it is, not as it was counted: what comes after is not part of the flow's proof
            break
    return x, proved


def _take_flow(state: State, name: str, found: tuple[float, float], seconds: float, tell: Progress) -> None:
    """Take what the flow has proved of a level, with its share of the time, and hold it."""
    tell(name, *found)
    state.levels.append(Level(name, *found, seconds, "proved"))
    _hold(state.model, state.model.objective(name), found[0])


def _hold(model: Model, cost: Floats, value: float) -> None:
    """Let nothing that comes after cost a level more than it has reached."""
    used = np.flatnonzero(cost)
    if len(used):
        model.row(used, cost[used], high=value + _HELD)


def solve_level(state: State, prepared: Prepared, name: str, tell: Progress) -> None:
    """Solve one level and hold it.

    Raises
    ------
    NoPlan, LimitReached
        As in :func:`solve`.
    """
    tell(name, None, None)
    if name == "evenness":
        _solve_evenness(state, prepared, tell)
    else:
        _solve_linear(state, prepared, name, tell)


def finished(
    prepared: Prepared, plan: Plan, levels: tuple[Level, ...], labels: tuple[str, ...] | None = None
) -> Result:
    """Let the witnesses judge a plan, and put the result together."""
    broken = tuple(v for rule in prepared.rules for v in rule.violations(prepared.problem, plan))
    _insist(prepared.rules, broken)
    return Result(prepared.problem, prepared.rules, plan, levels, prepared.eligible, broken, labels)


def judge(problem: Problem, rules: tuple[Rule, ...], plan: Plan) -> Result:
    """Let the witnesses judge a plan of whatever hand; nothing is solved, and hard rules may be broken."""
    groups, allowed, _ = lawful(problem, rules)
    eligible = eligible_among(problem, groups, allowed)
    rules = knowing(rules, eligible, problem.config.budget.most_moves(len(eligible)))
    broken = tuple(v for rule in rules for v in rule.violations(problem, plan))
    return Result(problem, rules, plan, (), eligible, broken)


def _reached(state: State, prepared: Prepared) -> list[Level]:
    """Give every level the objective of the finished plan: a later level may have left it better than it was held."""
    assert state.x is not None
    x = with_shortage(state.model, _padded(state.x, state.model).copy())
    x, levels = state.model.least_breach(x), []
    for level in state.levels:
        value = evenness(x, prepared.terms) if level.name == "evenness" else 0.0
        if level.name != "evenness":
            value = _settled(state.model, level.name, x)
        levels.append(replace(level, objective=max(min(value, level.objective), level.bound)))
    return levels


def level_names(prepared: Prepared) -> list[str]:
    """List the levels of the scenario: the reserve and soft rules before all, burden last as the tie-break.

    Nobody is left without a place so that a soft rule is kept; in a round before the last, people wait for that.
    """
    model = prepared.model
    asked = list(prepared.problem.config.objective.levels)
    if not wished(prepared.problem):
        asked = [level for level in asked if level != "wishes"]
    rules = ["rules"] if model.objective("rules")[_movable(model)].any() else []
    reserve = ["reserve"] if (model.pool >= 0).any() else []
    before = rules + reserve if prepared.early else reserve + rules
    return before + asked + ([] if "burden" in asked else ["burden"])


def _movable(model: Model) -> Bools:
    return np.asarray(np.concatenate(model.high) > 0)


def _start(prepared: Prepared, given: Floats | None) -> Floats | None:
    """Return a plan to begin with, where it keeps every total: the one given, else everybody at the present place."""
    for x in (given, first_plan(prepared.model, prepared.rules)):
        if x is not None and prepared.model.keeps(x):
            return x
    return None


def values_of(model: Model, post: Ints) -> Floats | None:
    """Return the values of the columns that stand for a plan without breaches; None where a pair is not lawful."""
    pair_of = {
        pair: n
        for n, pair in enumerate(zip(model.pair_cohort.tolist(), model.pair_post.tolist(), strict=True))
    }
    x = np.zeros(model.width)
    for cohort, p in zip(model.cohorts.of.tolist(), post.tolist(), strict=True):
        column = pair_of.get((cohort, p), -1) if p >= 0 else int(model.pool[cohort])
        if column < 0:
            return None
        x[column] += 1
    return with_shortage(model, x)


def _solve_linear(state: State, prepared: Prepared, name: str, tell: Progress) -> None:
    """Solve one linear level and hold it."""
    began, model = time.monotonic(), state.model
    budget, cost = prepared.model.problem.config.budget, model.objective(name)
    last = name == "burden" and name not in prepared.model.problem.config.objective.levels
    engine = Engine(model, _known_pairs(state))
    start, deadline = _best_known(state, engine, cost), state.deadline()
    try:
        relaxed = engine.linear(cost, deadline)
        proof = (
            None
            if relaxed is None
            else solve_whole(
                engine,
                cost,
                relaxed,
                len(model.pairs),
                gap=budget.gap if not last else max(budget.gap, 0.002),
                deadline=deadline,
                start=start,
            )
        )
    except OutOfTime as late:
        if start is None:
            raise LimitReached from late
        proof = Proof(start, float(cost @ start), late.bound)
    if proof is None:
        _keep_or_refuse(state, prepared, name, lambda x: float(cost @ _padded(x, model)))
        return
    state.tried = engine.active[: len(model.pairs)]
    value = _settled(model, name, proof.x)
    bound = min(proof.bound, value)
    bound = _rounded(bound) if model.whole_costs(name) else bound
    state.x = proof.x
    status = "proved" if value - bound <= max(budget.gap, 0.002 * last) * abs(value) + _HELD else "limit"
    held = "heads" if state.heads_held else ""
    state.levels.append(Level(name, value, bound, time.monotonic() - began, status, held))
    tell(name, value, bound)
    _hold(model, cost, value)
    if name == "reserve" and value == 0:
        model.pool[:] = -1  # nobody waits, and nothing after this level need reckon with it


def _known_pairs(state: State) -> Bools | None:
    """Pairs that the relaxation of a level begins with: those of the plan so far, and what levels before tried."""
    if state.x is None:
        return state.tried
    pairs = state.x[: len(state.model.pairs)] > 0
    return pairs if state.tried is None else pairs | state.tried


def _settled(model: Model, level: str, x: Floats) -> float:
    value = float(model.objective(level) @ x)
    return float(round(value)) if model.whole_costs(level) else value


def _best_known(state: State, engine: Engine, cost: Floats) -> Floats | None:
    """Return the better of the plan so far and the first plan, of those that keep every row."""
    known = [_padded(x, state.model) for x in (state.x, state.first) if x is not None]
    lawful = [x for x in known if engine.feasible(x)]
    return min(lawful, key=lambda x: float(cost @ x), default=None)


def _keep_or_refuse(state: State, prepared: Prepared, name: str, value: Callable[[Floats], float]) -> None:
    """Keep the plan of the levels before, unproved, where a level fails by the solver's tolerances alone.

    Raises
    ------
    NoPlan
        Where there is no plan yet: the hard rules leave none.
    """
    if state.x is None or not state.levels:
        raise conflict(prepared)
    state.levels.append(Level(name, value(state.x), 0.0, 0.0, "limit"))


def _rounded(bound: float) -> float:
    """Round a bound up, for a level at which every plan costs a whole number."""
    return float(np.ceil(bound - 1e-6) + 0.0)


def _padded(x: Floats, model: Model) -> Floats:
    """Return the values for a model that has grown since."""
    return np.concatenate([x, np.zeros(model.width - len(x))]) if len(x) < model.width else x[: model.width]


def _solve_evenness(state: State, prepared: Prepared, tell: Progress) -> None:
    """Solve the evenness level and hold it: its value, and from then on the totals of each stage."""
    began, model, listed = time.monotonic(), state.model, prepared.terms
    budget = model.problem.config.budget
    if not listed:
        state.levels.append(Level("evenness", 0.0, 0.0, 0.0, "proved"))
        return
    deadline = state.deadline()
    try:
        even = prove(
            model,
            listed,
            model.objective("burden"),
            gap=budget.gap,
            deadline=deadline,
            start=None if state.x is None else state.x[: model.width],
            progress=lambda objective, bound: tell("evenness", objective, bound),
        )
    except OutOfTime as late:
        raise LimitReached from late
    if even is None:
        _keep_or_refuse(state, prepared, "evenness", lambda x: evenness(x, listed))
        return
    state.x, state.tried = even.x, even.tried
    seconds = time.monotonic() - began
    state.levels.append(Level("evenness", even.objective, even.bound, seconds, even.status(budget.gap)))
    tell("evenness", even.objective, even.bound)
    hold_heads(model, listed, even.x)
    state.heads_held = True


def hold_heads(model: Model, listed: list[Term], x: Floats) -> None:
    """Hold the heads of every section that evenness found: later levels choose among the people alone."""
    for term in listed:
        found = heads(x, term)
        model.rows(term.position, model.pairs[term.pair], np.ones(len(term.pair)), found, found)


def _insist(rules: tuple[Rule, ...], broken: tuple[Violation, ...]) -> None:
    """Stop if the witness contradicts the model: such a plan must never reach a planner."""
    hard = {rule.id for rule in rules if rule.level == "hard"}
    wrong = [v for v in broken if v.rule in hard]
    if wrong:
        lines = "; ".join(f"{v.rule} {' '.join(v.who[:5])}: {v.sentence}" for v in wrong[:5])
        raise AssertionError(f"the plan breaks hard rules, which the model should not allow: {lines}")
