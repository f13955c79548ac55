"""The evenness level: descend to a plan, then prove it over ranges of the stage totals that shrink and split."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from allocator.evenness import Encoded, Range, Term, encode
from allocator.model import INFINITY, Model
from allocator.problem import Bools, Ints
from allocator.roads import Floats
from allocator.solving.clock import Deadline, OutOfTime
from allocator.solving.engine import Engine
from allocator.solving.hull import Plane, least_by_total, planes
from allocator.solving.integer import solve_whole
from allocator.solving.relaxation import Linear
from allocator.solving.totals import opening

_SAME = 1e-6  # squared CVs that differ by less are the same: what is held leaves the relaxation such a slack
_CLOSE = 1e-5  # of the bound: so near is proved whatever the gap
_DESCENTS = 6
_NARROW = 16.0  # how much more than its share of what hardly matters a narrow part may miss
_BESIDE = 4.0  # of the gap: boxes whose bounds are so near to the lowest are as good


@dataclass(frozen=True)
class Even:
    """The best plan found: values of the base model's columns, its evenness, and the bound.

    ``spans`` are the ranges of the totals that the rows allow, empty where they were not asked.
    """

    x: Floats
    objective: float
    bound: float
    spans: tuple[Range, ...] = ()
    tried: Bools | None = None

    def status(self, gap: float) -> str:
        """Say ``proved`` where the bound is within a relative gap, else ``limit``."""
        return "proved" if self.objective - self.bound <= max(gap * self.objective, _CLOSE) else "limit"


@dataclass
class _Search:
    """What the search shares: the encoded model, its engine, the cuts, the best plan so far.

    ``closed`` is the least bound of all that was shut.
    """

    base: Model
    listed: list[Term]
    burden: Floats
    gap: float
    deadline: Deadline
    best: Even | None
    encoded: list[Encoded] = field(default_factory=list)
    engine: Engine = field(init=False)
    cost: Floats = field(init=False)
    near: dict[int, list[Floats]] = field(default_factory=dict)
    point: Linear | None = None
    spans: tuple[Range, ...] = ()
    rows: dict[int, _Row] = field(default_factory=dict)
    closed: float = INFINITY

    @property
    def reached(self) -> float:
        """Evenness of the best plan."""
        assert self.best is not None
        return self.best.objective


@dataclass(frozen=True)
class _Row:
    """A row that one edge of a plane gave, over some range of the total of its term."""

    term: int
    plane: Plane


@dataclass(frozen=True)
class _Open:
    """A box that is still open: a bound known for it, its ranges, and the heads and rows to begin with."""

    least: float
    spans: tuple[Range, ...]
    near: list[Floats]
    rows: list[_Row]


@dataclass(frozen=True)
class _Box:
    """Ranges of the totals of all terms, the relaxation inside them, its bound, and how far it is off by term."""

    spans: tuple[Range, ...]
    relaxed: Linear
    value: float
    error: Floats


def evenness(x: Floats, listed: list[Term]) -> float:
    """Weighted sum of squared CVs of the values of the pair columns: the true objective, not a relaxation."""
    return sum(t.weight * t.cv2(heads(x, t)) for t in listed)


def heads(x: Floats, term: Term) -> Floats:
    """Heads that count in each section of a term."""
    return _by_section(np.round(x[term.pair]), term)


def _by_section(people: Floats, term: Term) -> Floats:
    """Sum people on the pairs of a term by section; they need not be whole."""
    counted = np.bincount(term.position, people, minlength=len(term.sections))
    return np.asarray(counted, dtype=np.float64)


def priced(encoded: list[Encoded], spans: tuple[Range, ...], relaxed: Linear) -> list[Floats]:
    """Return what the prices of a relaxation prove of every term, for each total of its range.

    At the prices of the heads, people and terms no longer depend on each other. The people can do no better than
    in the relaxation; of a term the exact minimum over whole heads is known for every total. The least of each
    term added up is a bound, most often far above the relaxation, whose planes only approach it.
    """
    least = []
    for code, span in zip(encoded, spans, strict=True):
        price = -relaxed.prices[code.links]
        exact = least_by_total(code, span, 0.0, price / code.term.weight)
        least.append(code.term.weight * exact + float(price @ relaxed.x[code.heads]))
    return least


def prove(
    base: Model,
    listed: list[Term],
    burden: Floats,
    *,
    gap: float,
    deadline: Deadline,
    start: Floats | None,
    progress: Callable[[float, float], None],
    spans: tuple[Range, ...] = (),
) -> Even | None:
    """Find the most even plan within ``gap`` of its bound.

    Parameters
    ----------
    base
        The model with everything that is held, without evenness.
    burden
        Burden of each column of ``base``; a tiny weight on it chooses among plans that are equally even.
    start
        Feasible values to fall back on.
    progress
        Told the objective and the bound whenever they change.
    spans
        Ranges of the totals known from a model that allows more.

    Returns
    -------
    None where there is no plan.

    Raises
    ------
    OutOfTime
        Where the deadline passed before any plan was known.
    """
    search = _search(base, listed, burden, gap, deadline, start)
    search.spans, bound = spans, 0.0
    try:
        cost = _descend(search)
        if cost is None:
            return None
        _take_whole(search, cost)
        if search.best is None:
            return None
        progress(search.best.objective, bound)
        for found in _bounds(search):
            bound = max(bound, found)
            progress(search.best.objective, bound)
    except OutOfTime:
        if search.best is None:
            raise
    if search.best is None:
        return None
    return replace(
        search.best, bound=bound, spans=search.spans, tried=search.engine.active[: len(base.pairs)]
    )


def _search(
    base: Model, listed: list[Term], burden: Floats, gap: float, deadline: Deadline, start: Floats | None
) -> _Search:
    best = None if start is None else Even(start, evenness(start, listed), 0.0)
    search = _Search(base, listed, burden, gap, deadline, best)
    _encode(search)
    return search


def _encode(search: _Search, x: Floats | None = None) -> None:
    """Put the terms into the model: single steps near the best plan, near today's heads and near the values ``x``."""
    model, start = search.base.copy(), None if search.best is None else search.best.x
    known = [v for v in (start, x) if v is not None]
    for k, term in enumerate(search.listed):
        search.near[k] = [*search.near.get(k, []), *(_by_section(v[term.pair], term) for v in known)]
    before = search.encoded
    search.encoded = []
    for k, term in enumerate(search.listed):
        near = search.near[k]
        around = (np.min(near, axis=0), np.max(near, axis=0)) if near else None
        middle = before[k].middle if before else _middle(search.base, term, start)
        search.encoded.append(encode(model, term, middle, around))
    pairs = len(search.base.pairs)
    search.engine = Engine(model, np.any([v[:pairs] > 0 for v in known], axis=0) if known else None)
    search.cost = model.objective("evenness")
    search.rows = {}


def _middle(base: Model, term: Term, start: Floats | None) -> float:
    """Return the total that ``τ`` is measured against: the one to start with, else today's."""
    if start is not None:
        return max(float(heads(start, term).sum()), 1.0)
    pairs = base.problem.home_post[base.pair_teacher[term.pair]] == base.pair_post[term.pair]
    return max(float(base.cohorts.size[base.pair_cohort[term.pair[pairs]]].sum()), 1.0)


def _descend(search: _Search) -> Floats | None:
    """Follow the slope of CV² in the totals until it settles; returns the slope, None where there is no plan.

    Where the way leads past the single steps there are more of them from then on.
    """
    relaxed, value = None, INFINITY
    points = [(1.0, 0.0)] * len(search.encoded)
    for _ in range(_DESCENTS):
        cost = _slope(search, points)
        relaxed = _linear(search, cost)
        if relaxed is None:
            return None
        while not all(code.covers(relaxed.x) for code in search.encoded):
            _encode(search, relaxed.x)
            cost = _slope(search, points)
            relaxed = _linear(search, cost)
            assert relaxed is not None, "an objective does not make rows infeasible"
        points = [(max(relaxed.x[c.total], 1.0) / c.middle, relaxed.x[c.g]) for c in search.encoded]
        before, value = value, _value(search, relaxed.x)
        if value >= before * (1 - search.gap / 8) - _SAME:
            break
    assert relaxed is not None
    search.point = relaxed
    return cost


def _linear(search: _Search, cost: Floats) -> Linear | None:
    """Solve the relaxation with every total the cohorts allow."""
    for code in search.encoded:
        search.engine.limit(code.total, code.range.low, code.range.high)
    return search.engine.linear(cost, search.deadline)


def _slope(search: _Search, points: list[tuple[float, float]]) -> Floats:
    """Cost of ``g`` and ``T`` that agrees with Σ weight × CV² to first order at the points (τ, g)."""
    cost = np.zeros(len(search.cost))
    for code, (tau, g) in zip(search.encoded, points, strict=True):
        cost[code.g] = code.term.weight / tau**2
        cost[code.total] = code.term.weight * (-2 * g / tau**3 - 2 * (1 - 1 / tau) / tau**2) / code.middle
    return cost


def _value(search: _Search, x: Floats) -> float:
    """Σ weight × CV² of values that need not be whole."""
    return sum(c.term.weight * c.cv2_of(x) for c in search.encoded)


def _take_whole(search: _Search, cost: Floats) -> None:
    """Solve in whole numbers, people's burden choosing among equals; keep the plan if it is the best."""
    assert search.point is not None
    eased = cost + _ease(search, search.point)
    again = _linear(search, eased)
    assert again is not None
    pairs = len(search.base.pairs)
    gap = search.gap / 4
    proof = solve_whole(search.engine, eased, again, pairs, gap=gap, deadline=search.deadline, rough=True)
    if proof is None:
        return
    found = evenness(proof.x, search.listed)
    if search.best is None or found < search.best.objective - _SAME:
        search.best = Even(proof.x[: search.base.width], found, 0.0)


def _ease(search: _Search, relaxed: Linear) -> Floats:
    """Weigh the burden so lightly that it costs at most an eighth of the gap, and chooses among equals."""
    ease = np.zeros(len(search.cost))
    ease[: len(search.burden)] = search.burden
    scale = float(ease @ relaxed.x)
    return ease * (search.gap / 8 * _value(search, relaxed.x) / scale) if scale > 0 else ease * 0.0


def _bounds(search: _Search) -> Iterator[float]:
    """Yield ever better bounds, until they are within the gap."""
    assert search.point is not None
    point = search.point.x
    totals = [float(point[code.total]) for code in search.encoded]
    tried = search.engine.active[: len(search.base.pairs)]
    search.spans = opening(search.base, search.encoded, totals, tried, search.deadline, search.spans)
    boxes = [_Open(0.0, search.spans, _places(search, point), [])]
    while boxes and min(box.least for box in boxes) < _cutoff(search):
        this = boxes.pop(_next(search, boxes))
        others = [*(one.least for one in boxes), search.reached]
        try:
            for box in _relax(search, this):
                reached = INFINITY if box is None else max(box.value, this.least)
                yield min(search.closed, reached, *others)
        except OutOfTime as late:
            yield min(search.closed, max(late.bound, this.least), *others)
            raise
        if (
            box is not None
            and reached < _cutoff(search)
            and (box.error.sum() <= _enough(search) or not _splittable(box))
        ):
            reached = max(reached, _finish(search, box))
        if box is None or reached >= _cutoff(search) or not _splittable(box):
            search.closed = min(search.closed, reached)
        else:
            near, idle = _places(search, box.relaxed.x), search.engine.idle
            rows = [row for name, row in search.rows.items() if name not in idle]
            boxes += [_Open(reached, part, near, rows) for part in reversed(_parts(search, box))]
        yield min(search.closed, *(one.least for one in boxes), search.reached)


def _next(search: _Search, boxes: list[_Open]) -> int:
    """Choose the box to relax next: of those whose bounds are low, the last one made.

    It differs little from the one before, so that most of what was found there still holds.
    """
    reach = min(box.least for box in boxes) + _BESIDE * search.gap * search.reached
    return max(n for n, box in enumerate(boxes) if box.least <= reach)


def _places(search: _Search, x: Floats) -> list[Floats]:
    """Heads of each section of every term: values that do not depend on how the terms are put into the model."""
    return [x[code.heads] for code in search.encoded]


def _cutoff(search: _Search) -> float:
    """Say what a plan would have to reach to matter: better than the best by more than the gap."""
    return search.reached - max(search.gap * search.reached, _SAME)


def _enough(search: _Search) -> float:
    """Error of a relaxation that need not be cut off any further."""
    return max(search.gap / 8 * search.reached, _SAME)


def _relax(search: _Search, this: _Open) -> Iterator[_Box | None]:
    """Yield ever tighter relaxations of a box, from planes near some values: None where the box holds no plan.

    A round of planes that gains less than what is left is the last: to split the box gains more.
    """
    spans, near = this.spans, this.near
    _enter(search, spans, near, this.rows)
    before, terms = -INFINITY, np.arange(len(spans))
    while True:
        _separate(search, spans, near, terms)
        cutoff = _cutoff(search)
        relaxed = search.engine.linear(search.cost, search.deadline, cutoff)
        if relaxed is None:
            yield None
            return
        if relaxed.value < cutoff and not all(code.covers(relaxed.x) for code in search.encoded):
            rows = list(search.rows.values())
            _encode(search, relaxed.x)
            _enter(search, spans, near, rows)
            continue
        value = max(relaxed.value, before)
        if value < cutoff:
            least = priced(search.encoded, spans, relaxed)
            value = max(value, _total_least(least))
        if value < cutoff:
            spans = _tightened(search, spans, least)
        found = _places(search, relaxed.x)
        near = [(old + new) / 2 for old, new in zip(near, found, strict=True)]  # planes there cut off more
        error = np.array(
            [c.term.weight * max(c.cv2_of(relaxed.x) - relaxed.x[c.cv2], 0.0) for c in search.encoded]
        )
        yield _Box(spans, relaxed, value, error)
        left, gained = _cutoff(search) - value, value - before
        if left <= 0 or error.sum() <= _enough(search) or gained < left:
            return
        before, terms = value, np.flatnonzero(error > error.sum() / 100)


def _total_least(least: list[Floats]) -> float:
    return sum(float(one.min()) for one in least)


def _tightened(search: _Search, spans: tuple[Range, ...], least: list[Floats]) -> tuple[Range, ...]:
    """Shut the ends of ranges that no plan that matters can have, and set the rest.

    A total is shut where the bound with it alone is as high as what a plan would have to reach.
    """
    bound, found = _total_least(least), []
    for code, span, one in zip(search.encoded, spans, least, strict=True):
        proved = one + (bound - one.min())
        kept = np.flatnonzero(proved < _cutoff(search))
        first, last = kept[0], kept[-1]
        shut = np.concatenate([proved[:first], proved[last + 1 :]])
        search.closed = float(np.min(shut, initial=search.closed))
        found.append(Range(span.low + float(first), span.low + float(last)))
        search.engine.limit(code.total, found[-1].low, found[-1].high)
    return tuple(found)


def _enter(search: _Search, spans: tuple[Range, ...], near: list[Floats], rows: list[_Row]) -> None:
    """Set the ranges of a box and the rows that it begins with: the edges of their planes highest near some heads.

    A row is left out whose plane does not speak of all the totals.
    """
    for code, span in zip(search.encoded, spans, strict=True):
        search.engine.limit(code.total, span.low, span.high)
    wanted = {id(row): row for row in rows if _within(spans[row.term], row.plane.range)}
    gone = [name for name, row in search.rows.items() if id(row) not in wanted]
    search.engine.drop_rows(gone)
    for name in gone:
        del search.rows[name]
    names = {id(row): name for name, row in search.rows.items()}
    for key, row in wanted.items():
        span, code = spans[row.term], search.encoded[row.term]
        _, slope, zero = row.plane.edge(_total(near[row.term], span), span)
        if key in names:
            search.engine.change_row(names[key], code.total, -slope, zero)
        else:
            search.rows[search.engine.add_row(*row.plane.row(code, slope, zero))] = row


def _within(span: Range, other: Range) -> bool:
    return other.low <= span.low and span.high <= other.high


def _total(heads: Floats, span: Range) -> float:
    """Return the total of some heads, as near to it as a range comes."""
    return min(max(float(heads.sum()), span.low), span.high)


def _separate(search: _Search, spans: tuple[Range, ...], near: list[Floats], terms: Ints) -> None:
    """Add the rows of new planes that cut off most near some heads."""
    bounded = {row.term for row in search.rows.values()}
    resting: dict[int, int] = {}
    for k in terms.tolist():
        code, span, heads = search.encoded[k], spans[k], near[k]
        total, g, highest = _total(heads, span), code.g_of(heads), -INFINITY
        for plane in planes(code, heads, span, search.spans[k].low):
            height, slope, zero = plane.edge(total, span)
            name = search.engine.add_row(*plane.row(code, slope, zero))
            search.rows[name] = _Row(k, plane)
            height += plane.a * g + float(plane.pi @ heads)
            if k not in bounded and height > highest:
                resting[code.cv2], highest = name, height
    if resting:
        search.engine.support(resting)


def _finish(search: _Search, box: _Box) -> float:
    """Prove a box in whole numbers; its relaxation is exact but for fractions of people."""
    pairs, cost = len(search.base.pairs), search.cost
    proof = solve_whole(search.engine, cost, box.relaxed, pairs, gap=search.gap / 4, deadline=search.deadline)
    if proof is None:
        return INFINITY
    found = evenness(proof.x, search.listed)
    if found < _cutoff(
        search
    ):  # else the plan of the descent stays: it must not depend on how far a proof got
        search.best = Even(proof.x[: search.base.width], found, 0.0)
    return max(proof.bound, box.value)


def _splittable(box: _Box) -> bool:
    return any(s.low < s.high for s in box.spans)


def _parts(search: _Search, box: _Box) -> list[tuple[Range, ...]]:
    """Split the totals of the term whose relaxation is farthest off: near its values, below and above.

    The part near them is so narrow that what planes miss over it hardly matters; those beside it are often
    shut at once, because their totals cost too much.
    """
    width = np.array([s.high - s.low for s in box.spans])
    worst = int(np.argmax(np.where(width > 0, box.error + _SAME * width, -INFINITY)))
    span, code = box.spans[worst], search.encoded[worst]
    total = float(box.relaxed.x[code.total])
    missed = _enough(search) / (code.term.weight * len(box.spans))
    reach = float(np.floor(total * np.sqrt(missed * _NARROW)))
    low = max(float(np.floor(total + _SAME) - reach), span.low)
    high = min(float(np.ceil(total - _SAME) + reach), span.high)
    if low == span.low and high == span.high:  # in two halves, that which holds the values first
        middle = float(np.floor((low + high) / 2))
        parts = [Range(low, middle), Range(middle + 1, high)]
        parts.sort(key=lambda part: not part.low - 0.5 <= total <= part.high + 0.5)
    else:
        parts = [Range(low, high), Range(span.low, low - 1), Range(high + 1, span.high)]
    return [(*box.spans[:worst], part, *box.spans[worst + 1 :]) for part in parts if part.low <= part.high]
