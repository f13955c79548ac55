"""Tables of the scorecard: what the standard requires, what it would take, what brought the change, who the staff are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from allocator.metrics.measure import beside, significant
from allocator.metrics.rows import RequirementRow, SectionRow, SectionValue
from allocator.metrics.scorecard import Scorecard
from allocator.metrics.shortfalls import UNITS
from allocator.problem import Bools, Problem
from allocator.report.balance import cv_note
from allocator.report.names import GROUPS, PROFILES, STEPS
from allocator.report.parts import Cell, Line, Mark, Table
from allocator.rules.codes import CODES
from allocator.words import Text, text

_GAINS = 20  # moves that are named one by one
_FEW = 5  # schools that are named in one cell
_LONG = 30  # rows from which on a table is folded away


def asked(problem: Problem, row: RequirementRow) -> Text:
    """Say what is asked, with the stage of which it is."""
    if not row.stage:
        return row.asked
    return text("{asked} ({stage})", stage=problem.standard.stages[row.stage].name, asked=row.asked)


def requirements(problem: Problem, card: Scorecard, *, both: bool) -> Table:
    """Show every requirement with what was found; ``both`` shows September beside today, else it is said who counts."""
    rows: list[Line] = []
    for row in (r for r in card.requirements if r.requirement not in problem.standard.balance.elsewhere):
        found = [Mark(row.found_before, row.met_before)]
        if both:
            found.append(Mark(row.found_after, row.met_after))
        met = row.met_after if both else row.met_before
        rows.append((asked(problem, row), *found, Mark(_MET[met], met), row.source))
    columns = (
        text("The standard requires"),
        text("Today"),
        *((text("September"),) if both else ()),
        text("Verdict"),
        text("Source"),
    )
    note = text(
        "A requirement is judged where the tables allow it; where they do not, the reason stands there."
    )
    who = () if both else tuple(_judged(problem))
    return Table(text("Requirements of the standard"), columns, tuple(rows), (note, *who))


def _judged(problem: Problem) -> Iterator[Text]:
    """Say of each stage how many schools have pupils, and which of them the indicators leave out or count elsewhere."""
    season = problem.before
    for g, stage in enumerate(problem.stages):
        here = season.open & (season.pupils > 0) & (problem.sections.stage == g)
        small = here & (season.unit != np.arange(len(here)))
        name = problem.standard.stages[stage].name
        if not here.any():
            continue
        merged = small & (season.unit >= 0)
        groups = [
            text("{words} ({n}): {codes}", words=words, n=int(some.sum()), codes=_codes(problem, some))
            for words, some in (
                (text("small teaching points left out"), small & ~merged),
                (text("small teaching points counted with their school"), merged),
            )
            if some.any()
        ]
        values = {"stage": name, "n": int(here.sum()), "judged": int((here & ~small).sum())}
        if groups:
            yield text(
                "{stage}: {n} schools have pupils, and the indicators judge {judged}; {groups}.",
                groups=groups,
                **values,
            )
        else:
            yield text("{stage}: {n} schools have pupils, and the indicators judge all.", **values)
    if (np.bincount(problem.sections.school[season.open & (season.pupils > 0)]) > 1).any():
        yield text("A school with several stages counts once for each.")
    if problem.standard.balance.class_size or problem.standard.balance.school_size:
        yield text(
            "The size of classes is asked of every school with pupils, the size of schools of each kind by its own limit."
        )


def _codes(problem: Problem, sections: Bools) -> list[Cell]:
    """Codes and names of the schools of some sections."""
    names = school_names(problem)
    return [names[problem.school_ids[s]] for s in problem.sections.school[sections]]


_MET: dict[bool | None, Text] = {
    True: text("met"),
    False: text("not met"),
    None: text("cannot be judged"),
}


def reaches(problem: Problem, card: Scorecard, closing: Collection[str] = ()) -> Table:
    """Show the fewest people that bring each coefficient within its limit; schools about to close are marked."""
    rows: list[Line] = []
    names = school_names(problem, closing)
    for (stage, indicator), ways in groupby(card.reaches, key=lambda r: (r.stage, r.indicator)):
        by_way = {row.way: row for row in ways}
        some = by_way["more"]
        moved = by_way["moves"]
        rows.append(
            (
                problem.standard.stages[stage].name,
                problem.standard.indicators[indicator].name,
                beside(some.cv, some.limit, 3),
                f"≤ {some.limit:g}",
                str(some.people),
                _few(some.schools, names),
                text("no number of moves") if moved.people is None else str(moved.people),
                _few(moved.schools, names),
            )
        )
    columns = (
        text("Stage"),
        text("Indicator"),
        text("CV"),
        text("Limit"),
        text("Further people"),
        text("Where they come"),
        text("Or moves"),
        text("To (+) and from (−)"),
    )
    note = text(
        "The fewest people that bring the coefficient within its limit: further people of this kind, or moves of those there are between schools of the stage. No smaller number of either kind does, whatever the rules say; rules can ask for more. People who change stage or subject as well are no such moves, and can make it fewer. Each indicator is reckoned alone. All schools stand in reach.csv. What single schools lack of their thresholds is another matter, told below."
    )
    return Table(
        text("Fewest people that bring a coefficient of variation within its limit"),
        columns,
        tuple(rows),
        (note,),
    )


def _few(schools: str, names: Mapping[str, Cell]) -> Cell:
    """Name the schools that gain most, and those that lose most."""
    listed = [_split(one) for one in schools.split()]
    gain, lose = [one for one in listed if one[1] > 0], [one for one in reversed(listed) if one[1] < 0]
    shown = [text("{who}", who=_named(end, names)) for end in (gain, lose) if end]
    return text("{to}; {from_}", to=shown[0], from_=shown[1]) if len(shown) > 1 else shown[0] if shown else ""


def _split(one: str) -> tuple[str, int]:
    """Split the code of a school from the heads that come or leave."""
    at = max(one.rfind("+"), one.rfind("-"))
    return one[:at], int(one[at:])


def _named(end: Sequence[tuple[str, int]], names: Mapping[str, Cell]) -> list[Cell]:
    some: list[Cell] = [
        text("{school} {change}", school=names[code], change=f"{n:+d}") for code, n in end[:_FEW]
    ]
    return some + ["…"] * (len(end) > _FEW)


def elsewhere(problem: Problem) -> Table:
    """List what the standard asks that has to be judged by other means."""
    rows: tuple[Line, ...] = tuple(
        (one.name, one.source) for one in problem.standard.balance.elsewhere.values()
    )
    columns = (text("The standard requires"), text("Source"))
    return Table(text("What the tables cannot answer"), columns, rows, wide=True)


def lacking(problem: Problem, card: Scorecard) -> Table:
    """Add up what all schools that are judged lack of each threshold."""
    standard, rows = problem.standard, []
    listed = sorted(
        card.gaps, key=lambda r: (problem.stages.index(r.stage), list(standard.indicators).index(r.indicator))
    )
    for (stage, indicator), found in groupby(listed, key=lambda r: (r.stage, r.indicator)):
        some = list(found)
        rows.append(
            (
                standard.stages[stage].name,
                standard.indicators[indicator].name,
                str(len(some)),
                f"{sum(row.missing for row in some):,}",
                f"{sum(row.missing_to_floor for row in some):,}",
                some[0].unit,
            )
        )
    columns = (
        text("Stage"),
        text("Indicator"),
        text("Schools below the threshold"),
        text("Missing in all"),
        text("Missing to the floor"),
        text("Unit"),
    )
    notes = [text("Of every school that is judged and whose amount is known.")]
    if missing := sum(
        row.values[n].value_after.value is None
        for row in card.sections
        if row.counts_after
        for n in standard.official
    ):
        notes.append(text("Amounts that are not known, and are left out here: {n}.", n=missing))
    if standard.balance.met_at_least is not None:
        words = text(
            "A school conforms with {n} of {all} indicators, so that not all of this is needed; those that it misses must still reach the floor, {share} of the threshold.",
            n=f"{standard.balance.met_at_least.value:g}",
            all=len(standard.official),
            share=f"{100 * (1.0 if standard.balance.floor_share is None else standard.balance.floor_share.value):g}%",
        )
        notes.append(words)
    return Table(text("What the schools lack altogether"), columns, tuple(rows), tuple(notes))


def gaps(problem: Problem, card: Scorecard, closing: Collection[str] = ()) -> Table:
    """Show what each section that is judged lacks; schools about to close are marked."""
    names, standard = school_names(problem, closing), problem.standard
    asked = standard.balance.met_at_least is not None
    rows: tuple[Line, ...] = tuple(
        (
            names[row.school_id],
            standard.stages[row.stage].name,
            standard.indicators[row.indicator].name,
            significant(row.value, row.threshold),
            f"{row.threshold:g}",
            f"{row.missing:,}",
            f"{row.missing_to_floor:,}",
            row.unit,
            *([Mark(_CONFORMS[row.conforms], row.conforms)] if asked else []),
        )
        for row in card.gaps
    )
    columns = (
        text("School"),
        text("Stage"),
        text("Indicator"),
        text("Value"),
        text("Threshold"),
        text("Missing"),
        text("Missing to the floor"),
        text("Unit"),
        *((text("Conforms"),) if asked else ()),
    )
    return Table(text("What each school lacks"), columns, rows, wide=len(rows) > _LONG)


def matrix(problem: Problem, card: Scorecard, closing: Collection[str] = (), *, both: bool = False) -> Table:
    """Show every section that counts with each official indicator and whether it conforms.

    Parameters
    ----------
    both
        Whether September stands beside today; else today alone.
    """
    names, standard = school_names(problem, closing), problem.standard
    official = standard.official or tuple(standard.indicators)
    asked = standard.balance.met_at_least is not None
    rows: list[Line] = []
    for row in card.sections:
        if not (row.counts_after if both else row.counts_before):
            continue
        limits = [standard.indicators[name].threshold.get(row.stage) for name in official]
        values = [
            _value(row.values[name], limit.value if limit else None, both)
            for name, limit in zip(official, limits, strict=True)
        ]
        conforms = row.conforms_after if both else row.conforms_before
        verdict = [Mark(_conforms(row, both), conforms)] if asked else []
        pupils = row.pupils if both else row.pupils_before
        rows.append((names[row.school_id], standard.stages[row.stage].name, f"{pupils:,}", *values, *verdict))
    columns = (
        text("School"),
        text("Stage"),
        text("Pupils"),
        *(standard.indicators[name].name for name in official),
        *((text("Conforms"),) if asked else ()),
    )
    judged = any(v.meets_before is not None for row in card.sections for v in row.values.values())
    note = (
        text("Red: below the threshold; green: at or above it; —: not known.")
        if judged
        else text("The standard sets no thresholds; —: not known.")
    )
    notes = (note, *([text("Today → in September; where there is one number, it stays.")] if both else []))
    title = text("Every school and every indicator")
    return Table(title, columns, tuple(rows), notes, wide=both or len(rows) > _LONG, found=both)


def _value(found: SectionValue, limit: float | None, both: bool) -> Mark:
    """Show an indicator of a section: today, or today and in September."""
    before, after = (
        "—" if one.value is None else significant(one.value, limit)
        for one in (found.value_before, found.value_after)
    )
    if not both:
        return Mark(before, found.meets_before)
    words = after if before == after else f"{before} → {after}"
    return Mark(words, found.meets_after, key=found.value_after.value)


def _conforms(row: SectionRow, after: bool) -> Text:
    """Say whether a section conforms, and where it does not, how many indicators are still to be met or lifted."""
    conforms, more, low = (
        (row.conforms_after, row.to_meet_after, row.below_floor_after)
        if after
        else (row.conforms_before, row.to_meet_before, row.below_floor_before)
    )
    if conforms is not False or more is None:
        return _CONFORMS[conforms]
    if not low:
        return text("no: {n} more to meet", n=more)
    if not more:
        return text("no: {low} below the floor, to be lifted to it", low=low)
    return text("no: {n} more to meet; {low} below the floor, to be lifted to it at least", n=more, low=low)


_CONFORMS: dict[bool | None, Text] = {
    True: text("yes"),
    False: text("no"),
    None: text("not known"),
}


def coefficients(problem: Problem, card: Scorecard) -> Table:
    """Show the coefficient of variation of every indicator today beside its mean and its limit."""
    standard, rows = problem.standard, []
    means = {(row.stage, row.indicator): row.before.value for row in card.balance if row.measure == "mean"}
    for row in (r for r in card.balance if r.measure == "cv"):
        known, mean = standard.indicators.get(row.indicator), means.get((row.stage, row.indicator))
        rows.append(
            (
                standard.stages[row.stage].name,
                known.name if known else text("Composite CV"),
                "" if mean is None else f"{mean:.4g}",
                UNITS.get(known.counts, "") if known and mean is not None else "",
                Mark(
                    (row.before.why_not or "")
                    if row.before.value is None
                    else beside(row.before.value, row.threshold, 3),
                    row.pass_before,
                ),
                "" if row.threshold is None else f"≤ {row.threshold:g}",
            )
        )
    columns = (text("Stage"), text("Indicator"), text("Mean"), text("Unit"), text("CV"), text("Limit"))
    note = cv_note(standard)
    return Table(text("Coefficients of variation"), columns, tuple(rows), (note,))


def steps(problem: Problem, card: Scorecard) -> Table:
    """Show what each step from today to the plan adds to the coefficients of people."""
    rows: list[Line] = []
    standard = problem.standard
    for (stage, indicator), found in groupby(card.steps, key=lambda r: (r.stage, r.indicator)):
        if standard.indicators[indicator].counts != "teachers":
            continue
        first, *others = found
        rows.append(
            (
                standard.stages[stage].name,
                standard.indicators[indicator].name,
                _cv(first.cv.value),
                *(_change(row.change) for row in others),
                _cv(others[-1].cv.value),
            )
        )
    columns = (
        text("Stage"),
        text("Indicator"),
        text("Today"),
        *STEPS.values(),
        text("September"),
    )
    note = text(
        "Change of the coefficient of variation, step by step in this order; the steps add up to the whole. Below 0 is more even. Other indicators stand in attribution.csv."
    )
    return Table(text("What brought the change"), columns, tuple(rows), (note,))


def _change(value: float | None) -> str:
    """Show a change; what rounds to nothing is nothing."""
    return "—" if value is None else f"{value:+.3f}" if abs(value) >= 0.0005 else "0"


def _cv(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def gains(problem: Problem, card: Scorecard) -> Table:
    """Name the moves that alone do most for the balance."""
    names = school_names(problem)
    rows: tuple[Line, ...] = tuple(
        (str(i), row.teacher_id, names[row.from_school], names[row.to_school], f"{row.gain:.5f}")
        for i, row in enumerate(card.gains[:_GAINS], start=1)
        if row.gain > 0
    )
    columns = (text("Rank"), text("Teacher"), text("From"), text("To"), text("Gain"))
    note = text(
        "By how much the weighted sum of squared coefficients would be higher had this one teacher stayed; gains of several moves do not add up. All moves stand in gains.csv."
    )
    return Table(text("Moves that bring most"), columns, rows, (note,), wide=True)


def staff(problem: Problem, card: Scorecard, *, both: bool) -> Table:
    """Show single teachers of a subject and the retirements to come."""
    standard = problem.standard
    rows: list[Line] = []
    for row in card.people:
        ends = ("before", "after") if both else ("before",)
        rows.append(
            (
                standard.stages[row.stage].name,
                standard.subjects[row.subject].name,
                *(
                    f"{getattr(row, f'{what}_{when}'):,}"
                    for what in ("teachers", "only_one", "nobody")
                    for when in ends
                ),
                *("—" if n is None else str(n) for n in (row.retire_1, row.retire_3, row.retire_5)),
                str(row.retire_unknown) if row.retire_unknown else "",
            )
        )
    pairs = [
        (text("Teachers"), text("Teachers, September")),
        (text("Schools with one teacher of it"), text("Schools with one teacher of it, September")),
        (text("Schools with no teacher of it"), text("Schools with no teacher of it, September")),
    ]
    columns = (
        text("Stage"),
        text("Subject"),
        *(name for pair in pairs for name in (pair if both else pair[:1])),
        text("Retire in 1 year"),
        text("Retire in 3 years"),
        text("Retire in 5 years"),
        text("Retirement not known"),
    )
    note = text(
        "Schools with lessons of the subject that depend on one teacher, or have none whose main subject it is; small teaching points are among them. Retirements within 1, 3 and 5 years of September {year}, those who are past the age among them; —: cannot be computed.",
        year=problem.config.school_year,
    )
    notes = [note]
    if not problem.standard.retirement:
        notes.append(text("Retirements cannot be computed: the standard states no ages of retirement."))
    return Table(text("Who teaches what"), columns, tuple(rows), tuple(notes), wide=both)


def profiles(problem: Problem, card: Scorecard, *, both: bool) -> Table:
    """Show the staff by age, title, degree and level of backbone teacher, with their share of the stage."""
    rows: list[Line] = []
    for (stage, what), found in groupby(card.profiles, key=lambda r: (r.stage, r.what)):
        group = list(found)
        before, after = (sum(getattr(r, f"teachers_{when}") for r in group) for when in ("before", "after"))
        for row in group:
            ends = [_part(row.teachers_before, before)] + ([_part(row.teachers_after, after)] if both else [])
            named = GROUPS.get(row.group, row.group)
            rows.append((problem.standard.stages[stage].name, PROFILES[what], named, *ends))
    columns = (
        text("Stage"),
        text("By"),
        text("Group"),
        text("Today"),
        *((text("September"),) if both else ()),
    )
    note = text("Everybody on the roster with a place, those at small teaching points among them.")
    return Table(text("Profile of the staff"), columns, tuple(rows), (note,), wide=True)


def costs(problem: Problem, card: Scorecard, *, both: bool = True) -> Table:
    """Show what the scenario has a price for, a month, and the sum; ``both`` shows September beside today."""
    rows: list[Line] = []
    for row in card.money:
        item = (
            _ITEMS[row.item]
            if not row.setting
            else text("{item} ({setting})", item=_ITEMS[row.item], setting=CODES[row.setting])
        )
        amounts, prices = (row.amount_before, row.amount_after), (row.cost_before, row.cost_after)
        rows.append(_costs((item, _UNITS[row.unit], f"{row.yuan:,g}"), amounts, prices, both))
    if rows:
        known = [
            [cost for row in card.money if (cost := getattr(row, f"cost_{when}")) is not None]
            for when in ("before", "after")
        ]
        sums = [sum(some) if some else None for some in known]
        rows.append(_costs((text("Together, of what is known"), "", ""), None, (sums[0], sums[1]), both))
    columns = (
        text("Item"),
        text("Unit"),
        text("Yuan a unit"),
        text("Amount today"),
        *((text("Amount in September"),) if both else ()),
        text("Yuan a month today"),
        *((text("Yuan a month in September"), text("Change")) if both else ()),
    )
    notes = [text("Only what the scenario states a price for; —: not known.")]
    if both:
        notes.append(
            text(
                "Ways to work: from home where it is known, else from the present school, so that who stays has none. Buses: pupils whose school closes; what buses cost today does not stand in the tables."
            )
        )
    else:
        notes.append(
            text(
                "Ways to work: of the {n} of {all} teachers whose home is known. What buses cost today does not stand in the tables.",
                n=int(problem.teachers.table["home_lat"].notna().sum()),
                all=len(problem.teachers),
            )
        )
    return Table(text("Money a month"), columns, tuple(rows), tuple(notes))


_Two = tuple[float | None, float | None]


def _costs(said: tuple[Cell, Cell, Cell], amounts: _Two | None, prices: _Two, both: bool) -> Line:
    """Make a line; what is not known today adds its whole cost in September to the change."""
    ends = 2 if both else 1
    counted = ["" if amounts is None else _known(n, ",.1f") for n in (amounts or prices)[:ends]]
    changed = (f"{(prices[1] or 0.0) - (prices[0] or 0.0):+,.0f}",) if both else ()
    return (*said, *counted, *(_known(n) for n in prices[:ends]), *changed)


def _known(value: float | None, form: str = ",.0f") -> str:
    return "—" if value is None else format(value, form).removesuffix(".0")


_ITEMS: dict[str, Text] = {
    "allowance": text("Allowances"),
    "commute": text("Ways to work"),
    "bus": text("Buses"),
}

_UNITS: dict[str, Text] = {
    "people": text("people"),
    "km": text("km"),
    "pupil_km": text("pupils × km"),
}


def _part(some: int, whole: int) -> str:
    return f"{some:,} ({100 * some / whole:.1f} %)" if whole else f"{some:,}"


def school_names(problem: Problem, closing: Collection[str] = ()) -> dict[str, Cell]:
    """Name every school by its code; schools about to close are marked."""
    said = dict(zip(problem.school_ids, problem.school_labels, strict=True))
    return {
        code: text("{school} (about to close)", school=one) if code in closing else one
        for code, one in said.items()
    }
