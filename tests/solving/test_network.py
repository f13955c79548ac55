"""Problems without evenness as a flow: the same optimum as the engine's at every level, or left to the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allocator.solving import network, solve
from allocator.solving.prepare import Prepared, prepare
from allocator.solving.solve import assign
from solving import drawn

ORDERS = (["coverage", "moves", "burden"], ["moves", "coverage"], ["coverage", "burden"])


@pytest.mark.parametrize("levels", ORDERS)
@pytest.mark.parametrize("seed", range(12))
def test_a_flow_reaches_what_the_engine_reaches(
    tmp_path: Path, seed: int, levels: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Value and bound of every level agree, whether the problem is solved as a flow or level by level."""
    problem, rules = drawn.problem(seed, tmp_path / "d", objective={"levels": levels})
    as_flow = assign(prepare(problem, rules))
    monkeypatch.setattr(solve, "_as_network", lambda *_: None)
    by_level = assign(prepare(problem, rules))
    for flow, level in zip(as_flow.levels, by_level.levels, strict=True):
        assert flow.name == level.name
        assert flow.objective == pytest.approx(level.objective, rel=0.005, abs=1e-4)
        assert flow.bound <= level.objective + 1e-6
        assert level.bound <= flow.objective + 1e-6


def proves(prepared: Prepared, names: list[str]) -> bool:
    """Whether a flow keeps every row and proves at least one level."""
    found = solve._as_network(prepared, names)
    return found is not None and bool(found[1])


def test_flows_are_used_where_they_keep_the_totals(tmp_path: Path) -> None:
    """Without a budget the drawn districts are networks; with one that binds the flow is not taken."""
    free, bound = 0, 0
    for seed in range(12):
        levels = {"objective": {"levels": ["coverage", "moves"]}}
        problem, rules = drawn.problem(seed, tmp_path / str(seed), **levels)
        prepared = prepare(problem, rules)
        names = solve.level_names(prepared)
        free += proves(prepared, names)
        moves = assign(prepared).levels[1].objective
        if not moves:
            continue
        tight = {"budget": {"moves": int(moves) - 1}} | levels
        less = prepare(*drawn.problem(seed, tmp_path / f"{seed}b", **tight))
        bound += not proves(less, names)
    assert free >= 6
    assert bound >= 3


def test_costs_too_large_for_one_flow_are_left_to_the_engine(tmp_path: Path) -> None:
    """Where the levels do not fit into one cost there is no flow, and no overflow."""
    problem, rules = drawn.problem(1, tmp_path / "d", objective={"levels": ["coverage", "moves", "burden"]})
    model = prepare(problem, rules).model
    assert network.least(model, ["coverage", "moves", "burden"]) is not None
    model.cost("burden", model.pairs, np.full(len(model.pairs), 1e15))
    assert network.least(model, ["coverage", "moves", "burden"]) is None
