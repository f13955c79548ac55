"""What the balance standard requires, one requirement after another: met, not met, or why it cannot be judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from allocator.domain import BACKBONE, Number
from allocator.metrics.indicators import Readings, counted, every
from allocator.metrics.measure import Measure, beside
from allocator.metrics.rows import BalanceRow, RequirementRow
from allocator.plan import Plan
from allocator.problem import Ints, Objects, Problem
from allocator.roads import Floats
from allocator.words import Text, text

KINDS = {
    "primary": text("primary schools"),
    "junior": text("junior schools"),
    "nine_year": text("nine-year schools"),
    "teaching_point": text("teaching points"),
}
_NOT_HELD = text("the tables of the scenario do not hold it")
_FEW = 8  # schools that are named
_ROUNDING = 1e-9  # of people: a share that is reached exactly is reached


@dataclass(frozen=True)
class _Found:
    """What was found at one time, in words, and whether that is enough; None where it cannot be judged."""

    said: Text
    met: bool | None


@dataclass(frozen=True)
class _Asked:
    """One requirement: its code, the stage it is asked of (or none), in words, and where it stands."""

    code: str
    stage: str
    words: Text
    source: str

    def row(self, before: _Found, after: _Found) -> RequirementRow:
        return RequirementRow(
            self.code, self.stage, self.words, before.said, after.said, before.met, after.met, self.source
        )


def requirements(
    problem: Problem,
    read: tuple[Readings, Readings],
    balance: Sequence[BalanceRow],
    conform: tuple[Objects, Objects],
    plan: Plan,
    eligible: Ints | None,
) -> Iterator[RequirementRow]:
    """Judge every requirement of the standard, before and after.

    Parameters
    ----------
    read
        The readings of every indicator before and after.
    balance
        Every measure before and after, with its limit.
    conform
        Whether each section conforms before and after.
    plan, eligible
        Who moves, and who could lawfully (indices of teachers; None where nobody asked): for the exchange.
    """
    for g, stage in enumerate(problem.stages):
        yield from _schools(problem, read, conform, g)
        yield from _coefficients(problem, balance, stage)
        yield from _class_size(problem, g)
    yield from _school_size(problem)
    yield from _certified(problem, plan)
    yield from _exchange(problem, plan, eligible)
    for code, asked in problem.standard.balance.elsewhere.items():
        nothing = _Found(_NOT_HELD, None)
        yield _Asked(code, "", asked.name, asked.source).row(nothing, nothing)


def _schools(
    problem: Problem, read: tuple[Readings, Readings], conform: tuple[Objects, Objects], stage: int
) -> Iterator[RequirementRow]:
    """Ask of every school so many indicators, and a share of the threshold in the others."""
    asked = problem.standard.balance
    here = [counted(problem, next(iter(r.values())).snapshot, stage) for r in read]
    if asked.met_at_least is None or not (problem.sections.stage == stage).any():
        return
    official = len(problem.standard.official)
    words = text(
        "Every school meets at least {n} of {all} indicators and reaches {share} of the threshold in the others",
        n=f"{asked.met_at_least.value:g}",
        all=official,
        share=f"{100 * (1.0 if asked.floor_share is None else asked.floor_share.value):g}%",
    )
    if problem.config.scoring.visitors:
        words = text("{asked}; teachers who visit small schools count there", asked=words)
    unknown = text("an amount that decides is not known")
    names = problem.school_labels
    found = [
        _every(list(verdicts[at]), [names[s] for s in problem.sections.school[at]], unknown)
        for verdicts, at in zip(conform, here, strict=True)
    ]
    yield _Asked("schools", problem.stages[stage], words, asked.met_at_least.source).row(*found)


def _every(verdicts: list[bool | None], codes: Sequence[str], unknown: Text) -> _Found:
    """Judge what is asked of every school, and name the fewer: those that meet it, or those that do not."""
    n, met, missing = len(verdicts), verdicts.count(True), verdicts.count(None)
    if missing == n:
        return _nothing(n, unknown)
    failed = n - met - missing
    named = _which([code for code, one in zip(codes, verdicts, strict=True) if one is (met <= failed)])
    words = text("{n} of {all} schools meet it{which}", n=met, all=n, which=named)
    if met > failed > 0:
        words = text("{n} of {all} schools meet it, the others not{which}", n=met, all=n, which=named)
    if missing:
        words = text("{found}; not known of {missing}: {why}", found=words, missing=missing, why=unknown)
    return _Found(words, every(verdicts))


def _nothing(schools: int, unknown: Text) -> _Found:
    """Say why no school is judged: there is none, or nothing is known of any."""
    if not schools:
        return _Found(text("no school to judge"), None)
    return _Found(text("not known of any school: {why}", why=unknown), None)


def _coefficients(problem: Problem, rows: Sequence[BalanceRow], stage: str) -> Iterator[RequirementRow]:
    """Ask that the coefficients of variation lie within their limit: every single one, or their mean."""
    balance = problem.standard.balance
    judged = [r for r in rows if r.stage == stage and r.threshold is not None]
    single, mean = balance.cv_limit.get(stage), balance.composite_limit.get(stage)
    if single is not None and (cvs := [r for r in judged if r.indicator != "composite"]):
        words = text("Every single coefficient of variation is at most {limit}", limit=f"{single.value:g}")
        before = _within(problem, {r.indicator: r.pass_before for r in cvs})
        after = _within(problem, {r.indicator: r.pass_after for r in cvs})
        yield _Asked("cv", stage, words, single.source).row(before, after)
    if mean is not None:
        words = text("The composite coefficient of variation is at most {limit}", limit=f"{mean.value:g}")
        for row in (r for r in judged if r.indicator == "composite"):
            before, after = (
                _measured(value, met, mean.value)
                for value, met in ((row.before, row.pass_before), (row.after, row.pass_after))
            )
            yield _Asked("composite", stage, words, mean.source).row(before, after)


def _measured(found: Measure, met: bool | None, limit: float) -> _Found:
    if found.value is None:
        return _Found(found.why_not or text("cannot be judged"), met)
    return _Found(text("{value}", value=beside(found.value, limit, 3)), met)


def _within(problem: Problem, passes: Mapping[str, bool | None]) -> _Found:
    """Judge single coefficients, by indicator."""
    verdicts = list(passes.values())
    words = text("{n} of {all} indicators within it", n=verdicts.count(True), all=len(verdicts))
    if False in verdicts:
        above = [problem.standard.indicators[name].name for name, met in passes.items() if met is False]
        words = text("{found}; above it: {names}", found=words, names=above)
    if None in verdicts:
        words = text("{found}; {missing} cannot be computed", found=words, missing=verdicts.count(None))
    return _Found(words, every(verdicts))


def _class_size(problem: Problem, stage: int) -> Iterator[RequirementRow]:
    """Ask that no class is too large: today as the tables state it, in September as classes are set."""
    code = problem.stages[stage]
    limit = problem.standard.balance.class_size.get(code)
    if limit is None:
        return
    words = text("No class has more than {limit} pupils", limit=f"{limit.value:g}")
    found = []
    for season in (problem.before, problem.after):
        here = season.open & (problem.sections.stage == stage) & (season.pupils > 0)
        unknown = text("sections.csv does not say how large the largest class is (largest_class)")
        codes = [problem.school_labels[s] for s in problem.sections.school[here]]
        found.append(_limited(season.largest[here], limit.value, codes, unknown))
    if problem.before.open[problem.sections.stage == stage].any():
        yield _Asked("class_size", code, words, limit.source).row(*found)


def _school_size(problem: Problem) -> Iterator[RequirementRow]:
    """Ask that no school is too large, each kind by its own limit, and schools to which a relaxation applies by that."""
    kinds, asked = problem.schools["kind"].to_numpy(dtype=object), problem.standard.balance
    larger = np.isin(problem.school_ids, problem.config.scoring.larger_schools)
    for kind, limit in asked.school_size.items():
        found, some = [], larger & (kinds == kind)
        limits = np.where(some, asked.school_size_relaxed.get(kind, limit).value, limit.value)
        for season in (problem.before, problem.after):
            pupils = np.bincount(problem.sections.school, season.pupils, minlength=len(kinds))
            here = (kinds == kind) & (pupils > 0)
            codes = [problem.school_labels[s] for s in np.flatnonzero(here)]
            found.append(_limited(pupils[here], limits[here], codes))
        if (kinds == kind).any():
            words = text(
                "No school has more than {limit} pupils ({kind})",
                limit=f"{limit.value:g}",
                kind=KINDS.get(kind, kind),
            )
            if some.any():
                more = f"{asked.school_size_relaxed[kind].value:g}"
                words = text(
                    "{asked}, and {n} of them no more than {limit}",
                    asked=words,
                    n=int(some.sum()),
                    limit=more,
                )
            yield _Asked("school_size", "", words, limit.source).row(*found)


def _which(codes: Sequence[str]) -> Text | str:
    """Name a few schools in brackets."""
    return text(" ({schools})", schools=[*codes[:_FEW], *["…"] * (len(codes) > _FEW)]) if codes else ""


def _limited(sizes: Floats, limit: float | Floats, codes: Sequence[str], unknown: Text = _NOT_HELD) -> _Found:
    """Judge sizes of schools by a limit, or each by its own; nan where not known."""
    n, missing, above = len(sizes), int(np.isnan(sizes).sum()), int((sizes > limit).sum())
    which = _which([codes[i] for i in np.flatnonzero(sizes > limit).tolist()])
    if missing == n:
        return _nothing(n, unknown)
    if missing:
        words = text(
            "{n} of {all} schools above it{which}; not known of {missing}: {why}",
            which=which,
            n=above,
            all=n,
            missing=missing,
            why=unknown,
        )
        return _Found(words, False if above else None)
    if above:
        words = text(
            "{n} of {all} schools above it{which}, the largest {most}",
            n=above,
            which=which,
            all=n,
            most=f"{sizes.max():.0f}",
        )
        return _Found(words, False)
    return _Found(text("none of {all} schools above it", all=n), True)


def _certified(problem: Problem, plan: Plan) -> Iterator[RequirementRow]:
    """Ask that every teacher holds the certificate of the stage taught, or a higher one."""
    asked = problem.standard.balance.certified_share
    if asked is None:
        return
    ranks = problem.standard.certificate_rank
    needs = np.array([ranks[s.certificate].value for s in problem.standard.stages.values()])
    found = []
    for section in (problem.teachers.home, plan.section(problem)):
        placed = section >= 0
        good = problem.teachers.rank[placed] >= needs[problem.sections.stage[section[placed]]]
        n, held = len(good), int(good.sum())
        words = text("{n} of {all} teachers", n=held, all=n) if n else text("no teacher to judge")
        found.append(_Found(words, held >= asked.value * n - _ROUNDING if n else None))
    words = text(
        "{share} of the teachers hold the certificate of their stage", share=f"{100 * asked.value:g}%"
    )
    yield _Asked("certificates", "", words, asked.source).row(*found)


def _exchange(problem: Problem, plan: Plan, eligible: Ints | None) -> Iterator[RequirementRow]:
    """Ask that enough of the eligible move, and enough backbone teachers among them: last summer, and in the plan."""
    balance, years = problem.standard.balance, problem.standard.balance.exchange_years
    last, away = problem.config.last_exchange, plan.away(problem)
    if balance.exchange_share is not None:
        of = text("eligible teachers")
        words = text(
            "At least {share} of the eligible teachers move ({years} years at one school make eligible)",
            share=f"{100 * balance.exchange_share.value:g}%",
            years=f"{0 if years is None else years.value:g}",
        )
        before = _stated({"moved": last.moved, "eligible": last.eligible}, balance.exchange_share, of)
        after = _Found(text("who could lawfully move was not asked"), None)
        if eligible is not None:
            long = ~(problem.teachers.years[eligible] < (0 if years is None else years.value))
            after = _share(int(away[eligible[long]].sum()), int(long.sum()), balance.exchange_share, of)
        yield _Asked("exchange", "", words, balance.exchange_share.source).row(before, after)
    if balance.exchange_backbone is not None:
        words = text(
            "At least {share} of those who move are backbone teachers",
            share=f"{100 * balance.exchange_backbone.value:g}%",
        )
        of = text("teachers who move")
        before = _stated({"backbone": last.backbone, "moved": last.moved}, balance.exchange_backbone, of)
        after = _Found(text("the roster states nobody's backbone level"), None)
        if problem.teachers.table["backbone"].notna().any():
            led = int((away & problem.teachers.table["backbone"].isin(BACKBONE[1:])).sum())
            after = _share(led, int(away.sum()), balance.exchange_backbone, of)
        yield _Asked("exchange_backbone", "", words, balance.exchange_backbone.source).row(before, after)


def _stated(parts: Mapping[str, int | None], least: Number, of: Text) -> _Found:
    """Judge a share of last summer as the scenario states it: first the part, then the whole."""
    some, whole = parts.values()
    if some is None or whole is None:
        missing = [name for name, value in parts.items() if value is None]
        return _Found(text("not stated: {names} ([last_exchange] of scenario.toml)", names=missing), None)
    found = _share(some, whole, least, of)
    return _Found(
        text("{found}, as stated in scenario.toml and not checked by the tables", found=found.said), found.met
    )


def _share(some: int, whole: int, least: Number, of: Text) -> _Found:
    """Judge a share of people; of nobody there is none."""
    if not whole:
        return _Found(text("there is nobody of whom it is asked"), None)
    share = beside(100 * some / whole, 100 * least.value, 1)
    words = text("{n} of {all} {of} ({share})", n=some, all=whole, of=of, share=f"{share}%")
    return _Found(words, some >= least.value * whole - _ROUNDING)
