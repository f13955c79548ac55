"""The rows of balance.csv: every measure before and after, with its limit and a plain verdict."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.metrics.indicators import Reading, Readings, counted, every, measures
from allocator.metrics.indices import composite_cv
from allocator.metrics.measure import Measure
from allocator.metrics.rows import BalanceRow
from allocator.problem import Objects, Problem
from allocator.words import text


def balance_rows(
    problem: Problem, before: Readings, after: Readings, conform: tuple[Objects, Objects]
) -> Iterator[BalanceRow]:
    """Every measure of every indicator and stage, the composite, and the sections that conform.

    Parameters
    ----------
    conform
        Whether each section conforms before and after, from :func:`allocator.metrics.indicators.conforms`.
    """
    for g, stage in enumerate(problem.stages):
        official: list[tuple[Measure, Measure]] = []
        for name, indicator in problem.standard.indicators.items():
            rows = list(_indicator_rows(problem, name, g, before[name], after[name]))
            official += [(r.before, r.after) for r in rows if r.measure == "cv" and indicator.official]
            yield from rows
        composite = problem.standard.balance.composite_limit.get(stage)
        if composite is not None:
            old, new = (composite_cv(cvs) for cvs in zip(*official, strict=True))
            yield _limited(stage, "composite", "cv", old, new, composite.value)
        if problem.standard.balance.met_at_least is not None:
            yield from _standard_rows(problem, (before, after), conform, g)


def _indicator_rows(
    problem: Problem, name: str, stage: int, before: Reading, after: Reading
) -> Iterator[BalanceRow]:
    """Every measure of one indicator at one stage, and how many sections reach its threshold."""
    code, indicator = problem.stages[stage], before.indicator
    limit = problem.standard.balance.cv_limit.get(code) if indicator.official else None
    new = measures(problem, after, stage)
    for measure, old in measures(problem, before, stage).items():
        yield _limited(
            code, name, measure, old, new[measure], limit.value if limit and measure == "cv" else None
        )
    if code in indicator.threshold:
        met = [r.sections_that_meet(counted(problem, r.snapshot, stage)) for r in (before, after)]
        yield BalanceRow(code, name, "met", met[0], met[1])


def _limited(
    stage: str, indicator: str, measure: str, before: Measure, after: Measure, limit: float | None
) -> BalanceRow:
    """Judge a measure by an upper limit."""
    old, new = (None if limit is None or m.value is None else m.value <= limit for m in (before, after))
    return BalanceRow(stage, indicator, measure, before, after, limit, old, new)


def _standard_rows(
    problem: Problem, read: tuple[Readings, Readings], conform: tuple[Objects, Objects], stage: int
) -> Iterator[BalanceRow]:
    """Count the sections that are judged and those that conform: the standard asks it of every one."""
    old, new = (
        list(verdicts[counted(problem, next(iter(one.values())).snapshot, stage)])
        for one, verdicts in zip(read, conform, strict=True)
    )
    name = problem.stages[stage]
    yield BalanceRow(name, "standard", "sections", Measure(float(len(old))), Measure(float(len(new))))
    yield BalanceRow(
        name, "standard", "conforming", _conforming(old), _conforming(new), None, every(old), every(new)
    )


def _conforming(verdicts: list[bool | None]) -> Measure:
    if unknown := verdicts.count(None):
        return Measure.missing(
            text("an amount that decides is not known in {n} of {all} sections", n=unknown, all=len(verdicts))
        )
    return Measure(float(verdicts.count(True)))
