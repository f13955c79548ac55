"""The engine and the proofs on top of it: relaxations, whole numbers, evenness over free totals."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import highspy
import numpy as np
import pytest

from allocator.evenness import Term
from allocator.model import Model
from allocator.roads import Floats
from allocator.solving import even
from allocator.solving.clock import NEVER, Deadline, OutOfTime
from allocator.solving.engine import Engine, Linear
from allocator.solving.integer import solve_whole
from allocator.solving.prepare import prepare
from allocator.solving.relaxation import Relaxation
from solving import drawn

PAST = Deadline(-1.0)
LEVELS = ("coverage", "moves", "burden", "wishes")


def prepared(seed: int, folder: Path, **settings: object) -> Model:
    return prepare(*drawn.problem(seed, folder, **settings)).model


def with_every_pair(model: Model) -> Engine:
    engine = Engine(model, np.ones(len(model.pairs), dtype=bool))
    assert engine.active.all()
    return engine


def mixed(model: Model, seed: int) -> Floats:
    """Draw an objective that no level has, so that many relaxations are not whole."""
    cost = model.objective("coverage")
    cost[: len(model.pairs)] += np.random.default_rng(seed).uniform(-1, 2, len(model.pairs)).round(2)
    return cost


def knapsacks(model: Model, seed: int, rows: int = 4) -> None:
    """Add rows with odd coefficients over the pairs: with them the relaxation is no longer whole."""
    rng, n = np.random.default_rng(seed), len(model.pairs)
    home = model.problem.home_post[model.pair_teacher] == model.pair_post
    staying = np.where(home, model.cohorts.size[model.pair_cohort], 0)
    for _ in range(rows):
        weight = rng.integers(0, 8, n).astype(float)
        model.row(model.pairs, weight, high=float(weight @ staying) * 0.9)


@pytest.mark.parametrize("level", [*LEVELS, "mixed"])
@pytest.mark.parametrize("seed", range(3))
def test_column_generation_reaches_the_optimum_of_all_columns(tmp_path: Path, seed: int, level: str) -> None:
    """A relaxation that starts with the present places ends at the optimum of the program with every pair."""
    model = prepared(seed, tmp_path / "d", budget={"moves": 9})
    knapsacks(model, seed)
    cost = mixed(model, seed) if level == "mixed" else model.objective(level)
    few, every = Engine(model), with_every_pair(model)
    assert few.active.sum() < model.width / 2
    found, optimum = few.linear(cost), every.linear(cost)
    assert found is not None
    assert optimum is not None
    assert found.value == pytest.approx(optimum.value, abs=1e-6)
    assert found.value == pytest.approx(float(cost @ found.x), abs=1e-6)
    assert every.feasible(found.x)


@pytest.mark.parametrize("seed", range(3))
def test_reduced_costs_bound_every_plan_that_uses_a_column(tmp_path: Path, seed: int) -> None:
    """A plan that uses a pair costs at least the relaxation and the reduced cost of the pair."""
    model = prepared(seed, tmp_path / "d")
    cost = mixed(model, seed)
    relaxed = Engine(model).linear(cost)
    assert relaxed is not None
    dear = np.argsort(relaxed.reduced[: len(model.pairs)])[-3:]
    assert relaxed.reduced[dear].min() > 0.1
    for pair in dear:
        using = model.copy()
        using.row(np.array([pair]), np.ones(1), low=1.0)
        forced = Engine(using).linear(cost)
        assert forced is not None
        assert forced.value >= relaxed.value + relaxed.reduced[pair] - 1e-6


def test_an_engine_follows_what_is_changed_after_it_has_solved(tmp_path: Path) -> None:
    """Rows that are added, limited and freed, and limits of columns, count as if they had been there from the start."""
    model = prepared(1, tmp_path / "d")
    cost, short = model.objective("burden"), np.flatnonzero(model.objective("coverage"))
    warm = Engine(model)
    first, least = warm.linear(cost), Engine(model).linear(np.isin(np.arange(model.width), short) * 1.0)
    assert first is not None
    assert least is not None
    row = warm.add_row(short, np.ones(len(short)), -np.inf)
    values = []
    for most in (least.value, least.value + 2, np.inf):
        warm.limit_row(row, -np.inf, most)
        cold = model.copy()
        cold.row(short, np.ones(len(short)), high=most)
        found, fresh = warm.linear(cost), Engine(cold).linear(cost)
        assert found is not None
        assert fresh is not None
        assert found.value == pytest.approx(fresh.value, abs=1e-6)
        values.append(found.value)
    assert values[0] > values[1] > values[2]
    assert values[2] == pytest.approx(first.value)
    warm.limit_row(row, -np.inf, least.value)
    warm.limit_row(row, -np.inf, np.inf)
    warm.limit(int(short[0]), 0.0, 0.0)
    cold = Engine(model)
    cold.limit(int(short[0]), 0.0, 0.0)
    found, fresh = warm.linear(cost), cold.linear(cost)
    assert found is not None
    assert fresh is not None
    assert found.value == pytest.approx(fresh.value, abs=1e-6)


@pytest.mark.parametrize("supported", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_rows_under_a_column_are_changed_as_if_made_so(tmp_path: Path, seed: int, supported: bool) -> None:
    """A column may be said to rest on a row, and a row may change: the optimum is that of a new program."""
    model = prepared(seed, tmp_path / "d")
    (high,) = model.columns(np.zeros(1), np.full(1, np.inf), whole=False)
    short = np.flatnonzero(model.objective("coverage"))
    cost, rise = np.zeros(model.width), np.random.default_rng(seed).uniform(0.5, 2, len(short))
    cost[high] = 1.0
    engine = Engine(model)
    assert engine.linear(model.objective("burden")) is not None
    column, values = np.append(short, high), []
    row = engine.add_row(column, np.append(-rise, 1.0), low=1.0)
    if supported:
        engine.support({int(high): row})
    for least, last in ((1.0, rise[-1]), (3.0, 5.0), (2.0, 0.0)):
        engine.change_row(row, int(short[-1]), -last, least)
        fresh = Engine(model)
        fresh.add_row(column, np.concatenate([-rise[:-1], [-last, 1.0]]), low=least)
        found, expected = engine.linear(cost), fresh.linear(cost)
        assert found is not None
        assert expected is not None
        assert found.value == pytest.approx(expected.value, abs=1e-6)
        values.append(found.value)
    assert values[0] < values[1]


@pytest.mark.parametrize("seed", range(6))
def test_a_relaxation_above_the_cutoff_need_not_be_solved(tmp_path: Path, seed: int) -> None:
    """With a cutoff below the optimum what is returned lies between them; with one above it is the optimum."""
    model = prepared(seed, tmp_path / "d", budget={"moves": 9})
    knapsacks(model, seed)
    cost = mixed(model, seed)
    engine, optimum = Engine(model), Engine(model).linear(cost)
    assert optimum is not None
    assert engine.linear(model.objective("burden")) is not None  # another basis to come from
    short = np.flatnonzero(model.objective("coverage"))
    for cutoff in (optimum.value - 0.5, optimum.value - 0.01):
        engine.limit(int(short[0]), 0.0, float(np.concatenate(model.high)[short[0]]))
        found = engine.linear(cost, cutoff=cutoff)
        assert found is not None
        assert cutoff - 1e-9 <= found.value <= optimum.value + 1e-6
    found = engine.linear(cost, cutoff=optimum.value + 1)
    assert found is not None
    assert found.value == pytest.approx(optimum.value, abs=1e-6)


def test_rows_that_are_dropped_count_no_more(tmp_path: Path) -> None:
    """After rows in the middle are taken out, those before and behind them still hold, and can be limited."""
    model = prepared(1, tmp_path / "d")
    cost, short = model.objective("burden"), np.flatnonzero(model.objective("coverage"))
    engine = Engine(model)
    first = engine.linear(cost)
    assert first is not None
    least = Engine(model).linear(np.isin(np.arange(model.width), short) * 1.0)
    assert least is not None
    rows = [engine.add_row(short, np.ones(len(short)), -np.inf, least.value + more) for more in (3, 0, 1)]
    tight = engine.linear(cost)
    engine.drop_rows([rows[1]])
    middle = engine.linear(cost)
    engine.limit_row(rows[2], -np.inf, np.inf)
    loose = engine.linear(cost)
    engine.drop_rows([rows[0], rows[2]])
    free = engine.linear(cost)
    values = [found.value for found in (tight, middle, loose, free) if found is not None]
    assert values[0] > values[1] > values[2] > values[3]
    assert values[3] == pytest.approx(first.value, abs=1e-6)


def test_an_engine_beside_another_has_limits_of_its_own(tmp_path: Path) -> None:
    """Engines that share a model's arrays are limited each by itself."""
    model = prepared(1, tmp_path / "d")
    cost, short = model.objective("burden"), np.flatnonzero(model.objective("coverage"))
    one = Engine(model)
    two = Engine(model, like=one)
    for column in short.tolist():
        two.limit(column, 0.0, np.floor(np.concatenate(model.high)[column] / 2))
    found = [engine.linear(cost) for engine in (one, two, Engine(model))]
    values = [None if f is None else round(f.value, 6) for f in found]
    assert values[0] == values[2]
    assert values[1] is None or values[1] > values[0]


def test_whoever_asks_to_stop_is_heard(tmp_path: Path) -> None:
    """A deadline far away is over as soon as its event is set: for relaxations and for whole numbers."""
    model, stop = prepared(0, tmp_path / "d"), Event()
    deadline = Deadline.after(60, stop)
    assert Engine(model).linear(model.objective("coverage"), deadline) is not None
    stop.set()
    assert deadline.left == 0
    with pytest.raises(OutOfTime):
        Engine(model).linear(model.objective("coverage"), deadline)
    with pytest.raises(OutOfTime):
        Engine(model).whole(
            model.objective("coverage"), np.ones(model.width, dtype=bool), gap=0, deadline=deadline
        )


@pytest.mark.parametrize("seed", range(3))
def test_whole_uses_only_the_columns_kept(tmp_path: Path, seed: int) -> None:
    """Columns that are not kept are 0, those kept are whole and feasible, and leaving columns out never helps."""
    model = prepared(seed, tmp_path / "d")
    knapsacks(model, seed)
    engine, cost, rng = Engine(model), mixed(model, seed), np.random.default_rng(seed)
    everything = engine.whole(cost, np.ones(model.width, dtype=bool), gap=0)
    assert everything is not None
    keep = np.ones(model.width, dtype=bool)
    keep[: len(model.pairs)] = (everything.x[: len(model.pairs)] > 0) | (rng.random(len(model.pairs)) < 0.3)
    used = np.flatnonzero(everything.x[: len(model.pairs)] > 0)
    keep[used[:2]] = False
    found = engine.whole(cost, keep, gap=0)
    assert found is not None
    assert not found.x[~keep].any()
    pairs = found.x[: len(model.pairs)]
    assert (pairs == np.round(pairs)).all()
    assert engine.feasible(found.x)
    assert found.value >= everything.value - 1e-6


def test_whole_is_none_where_the_columns_kept_leave_no_plan(tmp_path: Path) -> None:
    """Where everybody's pairs are left out there is nothing to find."""
    model = prepared(0, tmp_path / "d")
    keep = np.ones(model.width, dtype=bool)
    keep[: len(model.pairs)] = False
    assert Engine(model).whole(model.objective("burden"), keep, gap=0) is None


def test_a_relaxation_without_a_plan_is_none(tmp_path: Path) -> None:
    """Rows that contradict one another give None: prices prove that no further column would help."""
    model = prepared(0, tmp_path / "d")
    model.row(model.pairs, np.ones(len(model.pairs)), high=float(model.cohorts.size.sum()) - 1)
    engine = Engine(model)
    assert engine.linear(model.objective("coverage")) is None
    assert engine.linear(model.objective("moves")) is None


def test_a_relaxation_that_needs_further_columns_to_be_feasible_gets_them(tmp_path: Path) -> None:
    """Where the present places contradict the rows and other places do not, a plan is found."""
    model = prepared(0, tmp_path / "d")
    home = model.problem.home_post[model.pair_teacher] == model.pair_post
    model.row(model.pairs[home], np.ones(int(home.sum())), high=float(model.cohorts.size.sum()) - 5)
    found = Engine(model).linear(model.objective("moves"))
    assert found is not None
    assert found.x[: len(model.pairs)][home].sum() <= model.cohorts.size.sum() - 5 + 1e-6


def test_a_deadline_that_has_passed_stops_a_relaxation(tmp_path: Path) -> None:
    """A relaxation that may not begin any more says so, and does not return half of an answer."""
    model = prepared(0, tmp_path / "d")
    with pytest.raises(OutOfTime):
        Engine(model).linear(model.objective("coverage"), deadline=PAST)


@pytest.mark.parametrize("level", [*LEVELS, "mixed"])
@pytest.mark.seeds(4)
def test_what_is_proved_when_time_runs_out_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, level: str
) -> None:
    """Stopped after any number of steps, a relaxation says what its prices prove: never more than the optimum."""
    model = prepared(seed, tmp_path / "d", budget={"moves": 9})
    knapsacks(model, seed)
    cost = np.maximum(mixed(model, seed), 0.0) if level == "mixed" else model.objective(level)
    optimum = with_every_pair(model).linear(cost)
    assert optimum is not None
    proved = []
    for most in range(0, 60, 3):

        def run(solver: highspy.Highs, _: Deadline, most: int = most) -> highspy.HighsModelStatus:
            solver.setOptionValue("simplex_iteration_limit", most)
            solver.run()
            if solver.getModelStatus() == highspy.HighsModelStatus.kIterationLimit:
                raise OutOfTime
            return solver.getModelStatus()

        monkeypatch.setattr(Relaxation, "_run", staticmethod(run))
        try:
            found = Engine(model).linear(cost)
            assert found is not None
            proved.append(found.value)
        except OutOfTime as late:
            proved.append(late.bound)
    assert proved[0] >= 0
    assert max(proved) <= optimum.value + 1e-6
    assert level != "burden" or optimum.value < 1e-6 or max(proved) > 0


@pytest.mark.parametrize("gap", [0.0, 0.002, 0.05])
@pytest.mark.seeds(6)
def test_bounds_of_whole_numbers_never_exceed_the_optimum(tmp_path: Path, seed: int, gap: float) -> None:
    """What solve_whole proves holds for the optimum of all columns, and what it finds lies within the gap asked."""
    model = prepared(seed, tmp_path / "d", budget={"moves": 7})
    knapsacks(model, seed)
    cost = mixed(model, seed)
    optimum = with_every_pair(model).whole(cost, np.ones(model.width, dtype=bool), gap=0)
    engine = Engine(model)
    relaxed = engine.linear(cost)
    assert optimum is not None
    assert relaxed is not None
    assert seed >= 6 or relaxed.value < optimum.value - 1e-3  # else there would be nothing to prove
    poor = engine.whole(-cost, np.ones(model.width, dtype=bool), gap=0.5)
    assert poor is not None
    for start in (None, poor.x):
        proof = solve_whole(
            engine, cost, relaxed, len(model.pairs), gap=gap, deadline=Deadline.after(60), start=start
        )
        assert proof is not None
        assert proof.bound <= optimum.value + 1e-6
        assert optimum.value <= proof.objective + 1e-6
        assert proof.objective - proof.bound <= gap * abs(proof.objective) + 1e-6
        assert engine.feasible(proof.x)
        if gap == 0:
            assert proof.objective == pytest.approx(optimum.value, abs=1e-6)


def test_a_plan_to_begin_with_is_never_lost(tmp_path: Path) -> None:
    """Where the deadline has passed, solve_whole returns the plan it was given with the bound of the relaxation."""
    model = prepared(2, tmp_path / "d")
    knapsacks(model, 2)
    cost, engine = mixed(model, 2), Engine(model)
    relaxed = engine.linear(cost)
    start = engine.whole(model.objective("burden"), np.ones(model.width, dtype=bool), gap=0)
    assert relaxed is not None
    assert start is not None
    proof = solve_whole(engine, cost, relaxed, len(model.pairs), gap=0, deadline=PAST, start=start.x)
    assert proof is not None
    assert proof.objective <= float(cost @ start.x) + 1e-9
    assert relaxed.value - 1e-9 <= proof.bound <= proof.objective + 1e-9


def hard(seed: int) -> tuple[Model, list[Term]]:
    """Draw cohorts and several squared CVs whose totals are free, small enough to try every plan."""
    rng = np.random.default_rng(seed)
    posts = int(rng.integers(3, 6))
    lawful = [sorted(rng.choice(posts, rng.integers(2, 4), replace=False).tolist()) for _ in range(4)]
    model = drawn.spread(rng.integers(1, 5, 4), lawful)
    listed = []
    for _ in range(int(rng.integers(1, 4))):
        sections = int(rng.integers(2, posts))
        pupils = rng.integers(3, 200, sections).astype(float)
        counted = np.flatnonzero((model.pair_post < sections) & (rng.random(len(model.pairs)) < 0.8))
        if len(counted):
            weight = float(rng.choice([0.5, 1.0, 3.0]))
            listed.append(drawn.term(pupils, counted, model.pair_post[counted], weight))
    model.cost("burden", model.pairs, rng.integers(0, 4, len(model.pairs)).astype(float))
    if seed % 3 == 0:
        some = model.pairs[:: int(rng.integers(2, 4))]
        model.row(some, np.ones(len(some)), high=float(rng.integers(2, 6)))
    if seed % 2:  # totals that fractions of people can reach and whole people cannot
        draw, weight = np.random.default_rng(seed), model.pairs * 0.0
        weight += draw.integers(0, 8, len(model.pairs))
        least = float(draw.integers(1, 40))
        model.row(model.pairs, weight, low=least, high=least + float(draw.integers(0, 3)))
    return model, listed


@pytest.mark.parametrize("gap", [0.0, 0.01])
@pytest.mark.seeds(40, also=(65, 113, 279, 309, 379, 410, 419))
def test_evenness_is_proved_as_by_trying_every_plan(seed: int, gap: float) -> None:
    """With free totals the plan found is the most even of all, and no bound on the way exceeds it."""
    model, listed = hard(seed)
    engine = Engine(model)
    plans = [x for x in drawn.every_plan(model) if engine.feasible(x)]
    values = [even.evenness(x, listed) for x in plans]
    if not values:
        assert _proved(model, listed, gap, None)[0] is None
        return
    best = min(values)
    found, bounds = _proved(model, listed, gap, None)
    assert found is not None
    assert engine.feasible(found.x)
    assert found.objective == pytest.approx(even.evenness(found.x, listed), abs=1e-9)
    assert found.objective - best <= gap * found.objective + 2e-6
    assert max([found.bound, *bounds]) <= best + 1e-6
    assert found.bound >= found.objective - gap * found.objective - 2e-6


@pytest.mark.parametrize("seed", range(8))
def test_evenness_begins_with_a_plan_and_never_returns_a_worse_one(seed: int) -> None:
    """From whatever plan it starts, evenness ends at the same value; without time it returns the plan it was given."""
    model, listed = hard(seed)
    engine, rng = Engine(model), np.random.default_rng(seed)
    plans = [x for x in drawn.every_plan(model) if engine.feasible(x)]
    reached = set()
    for start in rng.permutation(len(plans))[:3]:
        found, _ = _proved(model, listed, 0.0, plans[start])
        assert found is not None
        reached.add(round(found.objective, 5))
        late, _ = _proved(model, listed, 0.0, plans[start], deadline=PAST)
        assert late is not None
        assert late.objective == pytest.approx(even.evenness(plans[start], listed))
        assert late.bound <= found.objective + 1e-6
    assert len(reached) <= 1


@pytest.mark.seeds(20)
def test_a_box_that_time_ends_counts_with_what_was_proved_of_it(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The bound of evenness is at least what a relaxation proved until it was stopped, and never too high."""
    model, listed = hard(seed)
    best, _ = _proved(model, listed, 0.0, None)
    if best is None or best.objective < 1e-3:
        pytest.skip("no plan, or nothing to even out")
    linear, before = Engine.linear, 0.9 * best.bound

    def late(self: Engine, cost: Floats, deadline: Deadline = NEVER, cutoff: float = np.inf) -> Linear | None:
        if np.isfinite(cutoff):
            raise OutOfTime(before)
        return linear(self, cost, deadline, cutoff)

    monkeypatch.setattr(Engine, "linear", late)
    found, _ = _proved(model, listed, 0.0, best.x)
    assert found is not None
    assert found.bound == pytest.approx(before)


def _proved(
    model: Model, listed: list[Term], gap: float, start: Floats | None, deadline: Deadline | None = None
) -> tuple[even.Even | None, list[float]]:
    bounds: list[float] = []
    found = even.prove(
        model,
        listed,
        model.objective("burden"),
        gap=gap,
        deadline=Deadline.after(60) if deadline is None else deadline,
        start=start,
        progress=lambda objective, bound: bounds.append(bound),
    )
    return found, bounds
