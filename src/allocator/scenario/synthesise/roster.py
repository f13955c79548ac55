"""The generated teachers of one stage: headcounts, subjects, and everything a roster says of a person."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allocator.domain import LADDERS, Indicator, Standard
from allocator.scenario.synthesise.calibrate import (
    Floats,
    Ints,
    Labels,
    Reached,
    apportion,
    by_rank,
    calibrated,
    first_in_section,
)
from allocator.scenario.synthesise.draft import Draft, StageFacts
from allocator.scenario.synthesise.lives import add_ages, add_careers, add_roles
from allocator.scenario.synthesise.places import generator
from allocator.scenario.synthesise.recipe import Recipe, Shares, StageRecipe

_COLUMNS = [
    *("name", "sex", "birth", "school_id", "stage", "subject", "second_subjects", "certificate", "degree"),
    *(
        "title",
        "backbone",
        "joined_school",
        "hired",
        "role",
        "status",
        "lock_until",
        "volunteer",
        "rural_years",
    ),
]


def headcounts(recipe: Recipe, standard: Standard, facts: StageFacts) -> Ints:
    """Share the staff of a stage out: everyone's quota, and what is above it where schools are over quota.

    The most sought-after sections may be short instead. The total is exact.
    """
    wanted = recipe.stages[facts.stage]
    rng = generator(recipe.places_seed, "staff", facts.stage)
    quota = np.maximum(
        facts.pupils / standard.staffing.ratio[facts.stage].value, standard.staffing.floor.value
    )
    over = quota * facts.over * np.exp(wanted.over_spread * rng.standard_normal(len(quota)))
    short = np.zeros(len(quota), dtype=bool)
    short[np.lexsort((rng.random(len(quota)), -facts.pull.round()))[: wanted.short.sections]] = True
    base = np.where(short, quota * wanted.short.level, quota)
    room = over[~short].sum()
    scale = (wanted.staff - base.sum()) / room if room > 0 else 0.0
    weights = np.maximum(base + np.where(short, 0.0, over * scale), 0.0)
    least = np.full(len(quota), wanted.least_staff)
    extra = apportion(np.maximum(weights - least, 0.0), max(wanted.staff - int(least.sum()), 0))
    return np.asarray(least + extra, dtype=np.int64)


def make_teachers(
    recipe: Recipe, standard: Standard, facts: StageFacts, heads: Ints
) -> tuple[pd.DataFrame, dict[str, Reached]]:
    """Make the teachers of one stage.

    Returns
    -------
    The rows of teachers.csv without their ids, and what was reached of each CV.
    """
    wanted = recipe.stages[facts.stage]
    rng = generator(recipe.seed, "teachers", facts.stage)
    section = np.repeat(np.arange(len(heads)), heads)
    draft = Draft(section, facts.pull[section])
    draft.columns |= {"school_id": facts.school[section], "stage": facts.stage}
    _subjects(recipe, standard, facts, heads, draft, rng)
    add_ages(recipe, wanted, facts, draft, rng)
    _ladders(standard, wanted, facts, heads, draft, rng)
    _qualified(recipe, standard, wanted, facts.stage, draft, rng)
    add_careers(recipe, facts, draft, rng)
    add_roles(recipe, facts, heads, draft, rng)
    return pd.DataFrame(draft.columns)[_COLUMNS], draft.reached


def _holders(
    wanted: StageRecipe, facts: StageFacts, heads: Ints, name: str, total: int, rng: np.random.Generator
) -> Reached:
    """Choose how many teachers of each section count for an indicator; others get their share."""
    target = wanted.calibrate[name]
    most = np.floor(heads * target.most + 1e-9).astype(np.int64)
    counts = np.where(facts.scored, 0, np.minimum(most, np.floor(heads * total / heads.sum()))).astype(
        np.int64
    )
    pull = facts.pull + target.noise * rng.standard_normal(len(heads))
    kept = facts.scored
    done = calibrated(facts.pupils[kept], most[kept], pull[kept], total - int(counts.sum()), target.cv)
    counts[kept] = done.counts
    return Reached(counts, done.steepness, done.cv)


def _indicator(standard: Standard, wanted: StageRecipe, condition: str) -> tuple[str, Indicator] | None:
    """Return the calibrated indicator that counts by a condition."""
    named = ((n, standard.indicators[n]) for n in wanted.calibrate)
    return next(((n, i) for n, i in named if getattr(i, condition) is not None), None)


def _subjects(
    recipe: Recipe, standard: Standard, facts: StageFacts, heads: Ints, draft: Draft, rng: np.random.Generator
) -> None:
    """Give every teacher a main subject: exact district totals, every section near the district's mix."""
    wanted = recipe.stages[facts.stage]
    totals = dict(
        zip(
            wanted.subjects,
            apportion(np.array(list(wanted.subjects.values())), int(heads.sum())),
            strict=True,
        )
    )
    found = _indicator(standard, wanted, "subjects")
    special = [s for s in totals if found and s in (found[1].subjects or ())]
    many = np.zeros(len(heads), dtype=np.int64)
    if found:
        total = int(sum(totals[s] for s in special))
        draft.reached[found[0]] = _holders(wanted, facts, heads, found[0], total, rng)
        many = draft.reached[found[0]].counts
    inside = first_in_section(rng.random(len(draft.section)), draft.section, many)
    subject = np.empty(len(draft.section), dtype=object)
    order = np.lexsort((rng.random(len(heads)), facts.pull))
    for mask, names in ((inside, special), (~inside, [s for s in totals if s not in special])):
        places = np.argsort(np.argsort(order)[draft.section[mask]], kind="stable")
        sequence = _interleaved({s: int(totals[s]) for s in names}, wanted.tilt, rng)
        subject[np.flatnonzero(mask)[places]] = sequence[: int(mask.sum())]
    draft.columns["subject"] = subject


def _interleaved(totals: dict[str, int], tilt: dict[str, float], rng: np.random.Generator) -> Labels:
    """Spread each subject evenly over a sequence; a tilted one grows denser towards sought-after sections."""
    names = [np.full(n, s, dtype=object) for s, n in totals.items()]
    times = [
        ((np.arange(n) + rng.random(n)) / max(n, 1)) ** (1 / (1 + tilt.get(s, 0.0)))
        for s, n in totals.items()
    ]
    if not names:
        return np.empty(0, dtype=object)
    return np.concatenate(names)[np.argsort(np.concatenate(times), kind="stable")]


def _ladders(
    standard: Standard,
    wanted: StageRecipe,
    facts: StageFacts,
    heads: Ints,
    draft: Draft,
    rng: np.random.Generator,
) -> None:
    """Give degrees (younger first), titles (older first) and backbone levels (middle age first)."""
    n = len(draft.section)
    young = -draft.age / 10 + 0.6 * rng.standard_normal(n)
    found = _indicator(standard, wanted, "degree_at_least")
    least = (found[1].degree_at_least or {}).get(facts.stage) if found else None
    draft.columns["degree"] = _climbed(
        "degree", least, found, wanted.degrees, young + 0.4 * draft.pull, wanted, facts, heads, draft, rng
    )
    seniority = draft.age / 10 + 0.3 * draft.pull + 0.5 * rng.standard_normal(n)
    draft.columns["title"] = by_rank(seniority, downward(wanted.titles, LADDERS["title"]))
    rank = np.array([LADDERS["title"].index(t) for t in draft.columns["title"]])
    worth = 0.6 * rank - np.abs(draft.age - 43) / 6 + rng.standard_normal(n)
    found = _indicator(standard, wanted, "backbone_at_least")
    draft.columns["backbone"] = _climbed(
        "backbone",
        found[1].backbone_at_least if found else None,
        found,
        wanted.backbone,
        worth,
        wanted,
        facts,
        heads,
        draft,
        rng,
    )


def _climbed(
    ladder: str,
    least: str | None,
    found: tuple[str, Indicator] | None,
    shares: Shares,
    score: Floats,
    wanted: StageRecipe,
    facts: StageFacts,
    heads: Ints,
    draft: Draft,
    rng: np.random.Generator,
) -> Labels:
    """Label by score in exact shares; in each section as many as are calibrated."""
    steps = LADDERS[ladder]
    if found is None or least is None:
        return by_rank(score + 0.4 * draft.pull, downward(shares, steps))
    upper = {s: v for s, v in shares.items() if steps.index(s) >= steps.index(least)}
    lower = {s: v for s, v in shares.items() if s not in upper}
    total = round(sum(upper.values()) * len(score))
    reached = draft.reached[found[0]] = _holders(wanted, facts, heads, found[0], total, rng)
    holds = first_in_section(score, draft.section, reached.counts)
    labels = np.empty(len(score), dtype=object)
    for mask, part in ((holds, upper), (~holds, lower)):
        labels[mask] = by_rank(score[mask] + 0.4 * draft.pull[mask], downward(part, steps))
    return labels


def downward(shares: dict[str, float], steps: tuple[str, ...]) -> dict[str, float]:
    """Order shares from the highest step of a ladder to the lowest."""
    return dict(sorted(shares.items(), key=lambda item: -steps.index(item[0])))


def _qualified(
    recipe: Recipe,
    standard: Standard,
    wanted: StageRecipe,
    stage: str,
    draft: Draft,
    rng: np.random.Generator,
) -> None:
    """Give certificates (the better the degree, the higher) and further subjects of the family."""
    n = len(draft.section)
    degree = np.array([LADDERS["degree"].index(d) for d in draft.columns["degree"]])
    draft.columns["certificate"] = by_rank(
        1.5 * degree - draft.age / 20 + rng.standard_normal(n),
        downward(wanted.certificates, certificates(standard)),
    )
    more = rng.random(n) < recipe.roster.second_subjects
    draft.columns["second_subjects"] = second_subjects(standard, stage, draft.columns["subject"], more, rng)


def certificates(standard: Standard) -> tuple[str, ...]:
    """Certificates from the lowest to the highest."""
    return tuple(sorted(standard.certificate_rank, key=lambda c: standard.certificate_rank[c].value))


def second_subjects(
    standard: Standard, stage: str, subject: Labels, more: NDArray[np.bool_], rng: np.random.Generator
) -> Labels:
    """Draw one further subject of the family of each marked teacher, and for a third of them a second one."""
    first, second, both = rng.random(len(subject)), rng.random(len(subject)), rng.random(len(subject)) < 1 / 3
    result = np.full(len(subject), "", dtype=object)
    for name in sorted(set(subject)):
        family = np.array(standard.families.others(stage, name), dtype=object)
        here = np.flatnonzero((subject == name) & more)
        if not len(family) or not len(here):
            continue
        one = (first[here] * len(family)).astype(int)
        two = (one + 1 + (second[here] * (len(family) - 1)).astype(int)) % len(family)
        joined = family[one] + ";" + family[two]
        result[here] = np.where(both[here] & (one != two), joined, family[one])
    return result
