"""The p-median under seats: keep so many sites, send every point to one that is kept, with the least weighted way.

Every point's demand that it is served is priced (a *Lagrangian relaxation*): what is left falls apart into one
continuous knapsack for each site, and the best sites are taken. Whatever the prices, the sum is a bound; a subgradient
method raises it. The sites that it takes make a first answer, which exchanges of one site for another improve. A way
or a site that no answer better than the best can use, by its reduced cost, is left out, and an integer program proves
what remains.

References
----------
Cornuéjols, Fisher, Nemhauser 1977, "Location of bank accounts to optimize float" (the relaxation and its bound).
Resende, Werneck 2007, "A fast swap-based local search procedure for location problems".
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from threading import Event

import highspy
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_STEPS, _PATIENCE = 600, 25
_SWAPS = 200
_SAME = 1e-9  # relative
_LEFT = 1e-7  # of the distance of value and bound, by which more is left open than need be
_BITS = 10  # the longest way is scaled below two to this power: the solver's tolerances are absolute
_MORE, _CHOICE, _ROUGH, _SECONDS = 10, 6, 5e-4, 20.0  # of first answers under seats
INFINITY = float("inf")


@dataclass(frozen=True)
class Median:
    """What is asked.

    Parameters
    ----------
    cost
        Weighted way of all pupils of a point to a site, inf where there is none, shape (points, sites).
    pupils
        Of each point, shape (points,).
    seats
        Of each site, inf for no limit, shape (sites,).
    must
        Sites that are kept in any case, shape (sites,).
    keep
        How many are kept.
    whole
        Whether the pupils of a point go together.
    """

    cost: Floats
    pupils: Floats
    seats: Floats
    must: Bools
    keep: int
    whole: bool = True

    @property
    def limited(self) -> bool:
        """Whether seats can be short at all."""
        return bool((self.seats < self.pupils.sum()).any())


@dataclass(frozen=True)
class Kept:
    """An answer and its proof.

    Parameters
    ----------
    sites
        Sites that are kept, rising.
    share
        Share of the pupils of each point that goes to each site, shape (points, sites).
    value, bound
        Weighted way, and what no answer can be below.
    """

    sites: tuple[int, ...]
    share: Floats
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """Distance of value and bound as a share of the value."""
        return max(self.value - self.bound, 0.0) / self.value if self.value > 0 else 0.0


@dataclass
class _Search:
    """What is known so far: the best prices with their bound, and the best answer."""

    asked: Median
    prices: Floats
    bound: float = -INFINITY
    best: Kept | None = None
    stop: Event | None = None
    ends: float = INFINITY  # by time.monotonic

    @property
    def late(self) -> bool:
        """Whether the time ran out, or somebody does not want to wait."""
        return time.monotonic() >= self.ends or (self.stop is not None and self.stop.is_set())

    @property
    def value(self) -> float:
        return INFINITY if self.best is None else self.best.value


def solve(asked: Median, gap: float = 0.0, seconds: float = 60.0, stop: Event | None = None) -> Kept | None:
    """Return the best answer that is found, with its bound; None where it is proved that there is none.

    Parameters
    ----------
    gap
        Relative distance of value and bound at which to stop.
    seconds
        Limit of time.
    stop
        Set by whoever does not want to wait: the best so far is returned.

    Raises
    ------
    TimeoutError
        Where the time ran out before any answer was found.
    """
    finite = np.where(np.isfinite(asked.cost), asked.cost, 0.0).max(initial=0.0)
    unit = 2.0 ** (np.frexp(finite)[1] - _BITS) if finite > 0 else 1.0  # a power of two: nothing is rounded
    scaled = replace(asked, cost=asked.cost / unit)
    prices = np.where(np.isfinite(asked.cost), asked.cost, finite).min(axis=1) / unit
    search = _Search(scaled, prices, stop=stop, ends=time.monotonic() + seconds)
    _raise(search, gap)
    found = search.best
    if found is None or search.value - search.bound > max(gap, _SAME) * search.value:
        found = _proved(search, gap)
    else:
        found = replace(found, bound=min(search.bound, search.value))
    return None if found is None else replace(found, value=found.value * unit, bound=found.bound * unit)


def nobody_nearest(found: Kept, km: Floats, pupils: Floats) -> Kept:
    """Send points without pupils, who may go anywhere at no cost, to the nearest site that is kept."""
    share, sites = found.share.copy(), np.array(found.sites)
    nobody = np.flatnonzero(pupils == 0)
    share[nobody] = 0.0
    share[nobody, sites[np.argmin(km[np.ix_(nobody, sites)], axis=1)]] = 1.0
    return replace(found, share=share)


def _raise(search: _Search, gap: float) -> None:
    """Raise the bound by steps along the subgradient, trying the sites of some relaxations as answers."""
    asked, prices, scale, waited = search.asked, search.prices.copy(), 2.0, 0
    tried: set[tuple[int, ...]] = set()
    for step in range(_STEPS):
        value, sites, served = _relaxed(asked, prices)
        if value > search.bound + _SAME * abs(value):
            search.bound, search.prices, waited = value, prices.copy(), 0
        else:
            waited += 1
        if (
            (some := tuple(sites.tolist())) not in tried
            and (step < 3 or step % 20 == 0)
            and not asked.limited
        ):
            tried.add(some)
            _offer(search, sites)
        if waited >= _PATIENCE:
            scale, waited, prices = scale / 2, 0, search.prices.copy()
        slack = 1.0 - served
        norm = float(slack @ slack)
        target = search.value if search.best is not None else search.bound + 0.1 * abs(search.bound) + 1.0
        if (
            search.late
            or norm < _SAME
            or scale < 1e-3
            or target - search.bound <= max(gap, _SAME) * abs(target)
        ):
            break
        prices = prices + scale * max(1.02 * target - value, _SAME) / norm * slack
    gain, _ = _knapsacks(asked, search.prices)
    _offer(search, _relaxed(asked, search.prices)[1])
    if asked.limited and not search.late:
        likely = np.flatnonzero(asked.must | np.isin(np.arange(len(gain)), _first(gain, asked.keep + _MORE)))
        found = _seated(search, replace(asked, whole=False), likely, INFINITY)
        if found is not None:
            _offer(search, np.array(found.sites))


def _first(values: Floats, n: int) -> Ints:
    """Return the places of the least values, the first of equals first."""
    return np.argsort(values, kind="stable")[:n]


def _relaxed(asked: Median, prices: Floats) -> tuple[float, Ints, Floats]:
    """Return the value of the relaxation, the sites that it takes, and how much of each point it serves."""
    gain, share = _knapsacks(asked, prices)
    ranked = np.lexsort((np.arange(len(gain)), np.where(asked.must, -INFINITY, gain)))
    sites = np.sort(ranked[: asked.keep])
    return float(prices.sum() + gain[sites].sum()), sites, share[:, sites].sum(axis=1)


def _knapsacks(asked: Median, prices: Floats) -> tuple[Floats, Floats]:
    """Return what each site is worth at the prices (at most 0), and the share of each point that it would serve."""
    reduced = asked.cost - prices[:, None]
    wanted = reduced < 0
    if not asked.limited:
        return np.where(wanted, reduced, 0.0).sum(axis=0), wanted.astype(float)
    with np.errstate(divide="ignore"):
        per = np.where(wanted, reduced, 0.0) / np.maximum(asked.pupils, 1e-12)[:, None]
    order = np.argsort(per, axis=0, kind="stable")
    need = np.take_along_axis(np.where(wanted, asked.pupils[:, None], 0.0), order, axis=0)
    before = np.cumsum(need, axis=0) - need
    with np.errstate(invalid="ignore", divide="ignore"):
        taken = np.clip((asked.seats[None, :] - before) / need, 0.0, 1.0)
    taken = np.where(need > 0, taken, 1.0) * np.take_along_axis(wanted, order, axis=0)
    share = np.zeros_like(taken)
    np.put_along_axis(share, order, taken, axis=0)
    return np.where(wanted, share * np.where(wanted, reduced, 0.0), 0.0).sum(axis=0), share


def _offer(search: _Search, sites: Ints) -> None:
    """Try some sites as an answer, improved by exchanges where seats are no matter."""
    asked = search.asked
    if not asked.limited:
        sites = _exchanged(asked, sites)
        nearest = sites[np.argmin(asked.cost[:, sites], axis=1)]
        share = np.zeros_like(asked.cost)
        share[np.arange(len(share)), nearest] = 1.0
        value = float(asked.cost[np.arange(len(share)), nearest].sum())
        if value < search.value:
            search.best = Kept(tuple(sites.tolist()), share, value, search.bound)
        return
    found = _seated(search, asked, sites, search.value)
    if found is not None and found.value < search.value:
        search.best = found


def _seated(search: _Search, asked: Median, sites: Ints, below: float) -> Kept | None:
    """Seat every point at some of these sites, its nearest ones; None where nothing better than so much is found."""
    if asked.seats[sites].sum() < asked.pupils.sum():
        return None
    near = np.argsort(asked.cost[:, sites], axis=1, kind="stable")[:, :_CHOICE]
    ways = np.array(
        [(i, sites[j]) for i, row in enumerate(near) for j in row if np.isfinite(asked.cost[i, sites[j]])],
        dtype=np.int64,
    )
    solver = _solver(search, _ROUGH, _SECONDS)
    solver.setOptionValue("objective_bound", below)
    solver.passModel(_program(asked, ways.reshape(-1, 2), np.ones(len(ways)), sites))
    solver.run()
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    return _read(asked, solver, ways.reshape(-1, 2), sites)


def _exchanged(asked: Median, sites: Ints) -> Ints:
    """Exchange one site for another as long as that shortens the way."""
    kept = sites.copy()
    for _ in range(_SWAPS):
        near = asked.cost[:, kept]
        first = near.min(axis=1)
        at = near.argmin(axis=1)
        others = np.setdiff1d(np.arange(asked.cost.shape[1]), kept)
        if not len(others):
            break
        second = np.partition(near, 1, axis=1)[:, 1] if len(kept) > 1 else np.full(len(near), INFINITY)
        best = (-_SAME * max(float(first.sum()), 1.0), -1, -1)
        for i in range(len(kept)):
            if asked.must[kept[i]]:
                continue
            without = np.where(at == i, second, first)
            with np.errstate(invalid="ignore"):
                total = np.minimum(asked.cost[:, others], without[:, None]).sum(axis=0)
                change = np.where(np.isfinite(total), total - first.sum(), INFINITY)
            j = int(change.argmin())
            if change[j] < best[0]:
                best = (float(change[j]), i, j)
        if best[1] < 0:
            break
        kept[best[1]] = others[best[2]]
    return np.sort(kept)


def _proved(search: _Search, gap: float) -> Kept | None:
    """Prove what the relaxation left open by an integer program over the ways that can still be in a better answer."""
    asked = search.asked
    ways, most, sites = _open_ways(search)
    solver = _solver(search, gap, INFINITY)
    solver.passModel(_program(asked, ways, most, sites))
    if search.best is not None:
        solver.setSolution(_values(search.best, ways, sites))
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        # the best is inside what is left: where none is said to be, numbers fail, and the relaxation's bound stands
        return None if search.best is None else replace(search.best, bound=min(search.bound, search.value))
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        if search.best is None:
            raise TimeoutError("no answer within the limit of time")
        return replace(search.best, bound=min(max(search.bound, info.mip_dual_bound), search.value))
    found = _read(asked, solver, ways, sites)
    best = search.best if search.best is not None and search.value <= found.value else found
    bound = max(search.bound, min(info.mip_dual_bound, found.value))
    return replace(best, bound=min(bound, best.value))


def _solver(search: _Search, gap: float, seconds: float) -> highspy.Highs:
    """Return a solver that gives the same answer every time, unless its time runs out."""
    solver = highspy.Highs()
    for name, value in {
        "output_flag": False,
        "threads": 1,
        "random_seed": 0,
        "mip_rel_gap": gap,
        "mip_abs_gap": 0.0,
        "mip_feasibility_tolerance": 1e-9,
        "time_limit": max(min(seconds, search.ends - time.monotonic()), 0.0),
    }.items():
        solver.setOptionValue(name, value)
    if search.stop is not None:
        stop = search.stop
        solver.cbMipInterrupt.subscribe(lambda event: event.interrupt(stop.is_set()))
    return solver


def _read(asked: Median, solver: highspy.Highs, ways: Ints, sites: Ints) -> Kept:
    """Read an answer out of a solved program; its value is counted anew."""
    found = np.array(solver.getSolution().col_value)
    share = np.zeros_like(asked.cost)
    share[ways[:, 0], ways[:, 1]] = np.clip(found[: len(ways)], 0.0, 1.0)
    if asked.whole or not asked.limited:
        share = np.round(share)
    chosen = tuple(int(sites[i]) for i in np.flatnonzero(found[len(ways) :] > 0.5))
    value = float((share * np.where(share > 0, asked.cost, 0.0)).sum())
    return Kept(chosen, share, value, -INFINITY)


def _open_ways(search: _Search) -> tuple[Ints, Floats, Ints]:
    """Ways that an answer no worse than the best may use, shape (ways, 2), the most share of each, and the sites.

    A share of a point costs that share of the way's reduced cost: where the pupils of a point may part, a way too dear
    for all of them may serve some.
    """
    asked, left = search.asked, (search.value - search.bound) * (1 + _LEFT) + _LEFT
    gain, _ = _knapsacks(asked, search.prices)
    free = np.sort(gain[~asked.must])
    n = asked.keep - int(asked.must.sum())
    worst = free[n - 1] if n else -INFINITY  # the last site that is taken makes room for another one
    extra = np.where(asked.must, 0.0, np.maximum(gain - worst, 0.0))
    usable = extra <= left
    reduced = np.maximum(asked.cost - search.prices[:, None], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        most = np.where(reduced > 0, np.clip((left - extra[None, :]) / reduced, 0.0, 1.0), 1.0)
    pupils = np.maximum(asked.pupils, 1.0)[:, None]
    if asked.whole or not asked.limited:
        most = np.where(most < 1, 0.0, 1.0)
    elif _are_whole(asked):  # there is a best answer of whole pupils
        most = np.floor(most * pupils + _LEFT) / pupils
    open_ = np.isfinite(asked.cost) & usable[None, :] & (most > 0)
    return np.argwhere(open_).astype(np.int64), most[open_], np.flatnonzero(usable).astype(np.int64)


def _are_whole(asked: Median) -> bool:
    """Whether all pupils and seats are whole numbers, or seats without a limit."""
    seats = asked.seats[np.isfinite(asked.seats)]
    return bool((asked.pupils == np.round(asked.pupils)).all() and (seats == np.round(seats)).all())


def _program(asked: Median, ways: Ints, most: Floats, sites: Ints) -> highspy.HighsLp:
    """Write the integer program: each point served, only by sites that are kept and have seats, so many kept.

    Parameters
    ----------
    ways, most
        Point and site of each way, and the most share of the point that takes it.
    """
    n, points, place = len(ways), len(asked.pupils), {int(s): i for i, s in enumerate(sites)}
    site = np.array([place[int(s)] for s in ways[:, 1]], dtype=np.int64)
    whole = asked.whole and asked.limited
    at_site = [np.flatnonzero(site == i) for i in range(len(sites))]
    row, column, value = [ways[:, 0]], [np.arange(n)], [np.ones(n)]
    low, high = [np.ones(points)], [np.ones(points)]
    height = points
    row += [np.full(len(sites), height)]
    column += [n + np.arange(len(sites))]
    value += [np.ones(len(sites))]
    low, high, height = [*low, np.array([asked.keep])], [*high, np.array([asked.keep])], height + 1
    rows = np.arange(n) + height  # a way only to a site that is kept
    row, column = [*row, rows, rows], [*column, np.arange(n), n + site]
    value = [*value, np.ones(n), -most]
    low, high, height = [*low, np.full(n, -INFINITY)], [*high, np.zeros(n)], height + n
    for i, s in enumerate(sites):
        if asked.seats[s] < asked.pupils[ways[at_site[i], 0]].sum():
            row.append(np.full(len(at_site[i]) + 1, height))
            column.append(np.append(at_site[i], n + i))
            value.append(np.append(asked.pupils[ways[at_site[i], 0]], -asked.seats[s]))
            low, high, height = [*low, np.array([-INFINITY])], [*high, np.zeros(1)], height + 1
    if asked.limited and np.isfinite(asked.seats[sites]).all():  # the sites together hold everybody
        row.append(np.full(len(sites), height))
        column.append(n + np.arange(len(sites)))
        value.append(asked.seats[sites])
        low, high = [*low, np.array([asked.pupils.sum()])], [*high, np.array([INFINITY])]
        height += 1
    lp, width = highspy.HighsLp(), n + len(sites)
    rows_, columns_, values_ = (np.concatenate(parts) for parts in (row, column, value))
    order = np.lexsort((columns_, rows_))
    lp.num_col_, lp.num_row_ = width, height
    lp.col_cost_ = np.concatenate([asked.cost[ways[:, 0], ways[:, 1]], np.zeros(len(sites))])
    lp.col_lower_ = np.concatenate([np.zeros(n), asked.must[sites].astype(float)])
    lp.col_upper_ = np.concatenate([most, np.ones(len(sites))])
    lp.row_lower_, lp.row_upper_ = np.concatenate(low).astype(float), np.concatenate(high).astype(float)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.searchsorted(rows_[order], np.arange(height + 1))
    lp.a_matrix_.index_, lp.a_matrix_.value_ = columns_[order], values_[order]
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[whole]] * n + [kinds[True]] * len(sites)
    return lp


def _values(best: Kept, ways: Ints, sites: Ints) -> highspy.HighsSolution:
    solution = highspy.HighsSolution()
    kept = np.isin(sites, best.sites).astype(float)
    solution.col_value = [*best.share[ways[:, 0], ways[:, 1]].tolist(), *kept.tolist()]
    return solution
