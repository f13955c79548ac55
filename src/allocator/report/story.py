"""The Story: everything the report says, as plain data in sentences and tables; renderers compute nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from allocator.metrics.rows import BalanceRow
from allocator.plan import ROUNDS
from allocator.report.answer import Answer
from allocator.report.files import counts, plan_rows
from allocator.report.names import LEVELS, ROUND_NAMES, SETTINGS, STATUS
from allocator.words import Text, text

Cell = str | Text


@dataclass(frozen=True)
class Mark:
    """A cell with a judgement: good, bad or neither."""

    words: Cell
    good: bool | None


@dataclass(frozen=True)
class Table:
    """A table for people; ``wide`` tables are folded away until they are asked for."""

    title: Text
    columns: tuple[Text, ...]
    rows: tuple[tuple[Cell | Mark, ...], ...]
    notes: tuple[Text, ...] = ()
    wide: bool = False


@dataclass(frozen=True)
class Story:
    """Everything a report says.

    Parameters
    ----------
    title, subtitle
        The scenario and its standard.
    notice
        What must stand on every result, such as that the roster is generated.
    verdict
        What a reader must know first, each with a judgement.
    tables
        The evidence, in order.
    """

    title: str
    subtitle: Text
    notice: str
    language: str
    verdict: tuple[Mark, ...]
    tables: tuple[Table, ...]


def story(answer: Answer, *, names: bool = False) -> Story:
    """Tell a solved scenario.

    Parameters
    ----------
    answer
        What was solved.
    names
        Whether people's names may stand in the report beside their codes.
    """
    config, standard = answer.scenario.config, answer.scenario.standard
    tables = [
        _balance(answer),
        _moves(answer),
        _closures(answer),
        _staff(answer),
        _unfilled(answer),
        _warnings(answer),
        _levels(answer),
        _rules(answer),
        _people(answer, names),
        _manifest(answer),
    ]
    return Story(
        title=config.title,
        subtitle=text(
            "September {year} · standard: {standard}", year=config.school_year, standard=standard.name
        ),
        notice=config.notice,
        language=config.language,
        verdict=tuple(_verdict(answer)),
        tables=tuple(t for t in tables if t.rows),
    )


def _verdict(answer: Answer) -> Iterator[Mark]:
    n = counts(answer)
    worst = max((level.gap for level in answer.result.levels), default=0.0)
    yield _proved(answer.result.status == "proved", worst)
    yield _kept(answer)
    yield from _moved(n)
    yield Mark(
        text(
            "Posts that stay empty: {n} of {posts}; with everybody at the present place it would be {still}.",
            n=n["unfilled"],
            posts=n["posts"],
            still=n["unfilled_if_nobody_moved"],
        ),
        None if n["unfilled"] else True,
    )
    if n["schools_closed"]:
        pupils = sum(j.pupils for j in answer.problem.journeys)
        far = max(answer.problem.journeys, key=lambda j: j.km)
        yield Mark(
            text(
                "Schools that close: {n}. Pupils who change school: {pupils}; their longest way is {km} km ({minutes} minutes). Posts freed: {posts}.",
                n=n["schools_closed"],
                pupils=pupils,
                km=f"{far.km:.1f}",
                minutes=f"{far.minutes:.0f}",
                posts=n["posts_freed"],
            ),
            None,
        )
    yield from _limits(answer)


def _proved(proved: bool, worst: float) -> Mark:
    if proved and worst == 0:
        return Mark(text("Proved: at no level can any other plan be better."), True)
    if proved:
        return Mark(
            text("Proved: at no level can any other plan be better by more than {gap}.", gap=_percent(worst)),
            True,
        )
    return Mark(
        text(
            "Not proved in full: the time limit came first. At the worst level another plan might be better by up to {gap}.",
            gap=_percent(worst),
        ),
        False,
    )


def _kept(answer: Answer) -> Mark:
    hard = [rule for rule in answer.result.rules if rule.level == "hard"]
    soft = len(answer.result.violations)
    if soft:
        return Mark(
            text(
                "Hard rules kept: all {n}. Breaches of soft rules: {soft}, listed in result.json.",
                n=len(hard),
                soft=soft,
            ),
            None,
        )
    return Mark(text("Hard rules kept: all {n}, as counted anew without the solver.", n=len(hard)), True)


def _moved(n: dict[str, Any]) -> Iterator[Mark]:
    if n["budget"] is None:
        words = text(
            "Teachers who leave a school that stays open: {n} (no budget is set; {eligible} may move).",
            n=n["moved_from_open_schools"],
            eligible=n["eligible"],
        )
    else:
        words = text(
            "Teachers who leave a school that stays open: {n} (budget: {budget}; {eligible} may move).",
            n=n["moved_from_open_schools"],
            budget=n["budget"],
            eligible=n["eligible"],
        )
    yield Mark(words, None)
    if n["moved_from_closing_schools"]:
        words = text(
            "Teachers of closing schools with a new place: {n}; they are counted apart.",
            n=n["moved_from_closing_schools"],
        )
        yield Mark(words, None)
    if n["recruits"]:
        yield Mark(text("New teachers with a place: {n}.", n=n["rounds"]["recruit"]), None)


def _limits(answer: Answer) -> Iterator[Mark]:
    judged = [row for row in answer.card.balance if row.threshold is not None]
    if not judged:
        yield Mark(text("The standard sets no limits for balance: nothing is judged, only measured."), None)
        return
    before, after = (
        sum(bool(p) for p in ps) for ps in zip(*((r.pass_before, r.pass_after) for r in judged), strict=True)
    )
    yield Mark(
        text(
            "Coefficients of variation within their limit: {before} of {n} today, {after} of {n} in September.",
            n=len(judged),
            before=before,
            after=after,
        ),
        after == len(judged),
    )
    unknown = sum(r.pass_after is None for r in judged)
    if unknown:
        yield Mark(text("{n} of them cannot be computed: the tables lack the amounts.", n=unknown), None)


def _balance(answer: Answer) -> Table:
    rows = {(r.stage, r.indicator, r.measure): r for r in answer.card.balance}
    shown: list[tuple[Cell | Mark, ...]] = []
    for (stage, indicator, measure), row in rows.items():
        if measure != "cv":
            continue
        mean = rows.get((stage, indicator, "mean"))
        shown.append(
            (
                answer.scenario.standard.stages[stage].name,
                _indicator(answer, indicator),
                _measured(row, 3)[0],
                Mark(_measured(row, 3)[1], row.pass_after),
                "" if row.threshold is None else f"≤ {row.threshold:g}",
                _passes(row),
                *(("", "") if mean is None else _measured(mean, 2)),
            )
        )
    notes = [
        text("CV: the official coefficient of variation, weighted by pupils; smaller is more even."),
        text("A Gini index, Theil parts between and within zones and further measures stand in balance.csv."),
    ]
    for stage in answer.problem.stages:
        if (stage, "standard", "conforming") not in rows:
            continue
        row = rows[stage, "standard", "conforming"]
        if row.before.value is not None and row.after.value is not None:
            whole = rows[stage, "standard", "sections"]
            notes.append(
                text(
                    "{stage}: schools that do all the standard asks of a school: {before} of {n0} today, {after} of {n1} in September.",
                    stage=answer.scenario.standard.stages[stage].name,
                    before=f"{row.before.value:.0f}",
                    n0=f"{whole.before.value or 0:.0f}",
                    after=f"{row.after.value:.0f}",
                    n1=f"{whole.after.value or 0:.0f}",
                )
            )
    columns = (
        text("Stage"),
        text("Indicator"),
        text("CV before"),
        text("CV after"),
        text("Limit"),
        text("Verdict"),
        text("Mean before"),
        text("Mean after"),
    )
    return Table(text("Balance before and after"), columns, tuple(shown), tuple(notes))


def _indicator(answer: Answer, name: str) -> Text:
    known = answer.scenario.standard.indicators.get(name)
    return known.name if known else text("Composite CV")


def _measured(row: BalanceRow, digits: int) -> tuple[Cell, Cell]:
    """Both values, or why there is none."""
    found = [
        (m.why_not or "") if m.value is None else f"{m.value:.{digits}f}" for m in (row.before, row.after)
    ]
    return found[0], found[1]


def _passes(row: BalanceRow) -> Cell | Mark:
    if row.threshold is None:
        return ""
    if row.pass_after is None:
        return Mark(text("cannot be judged"), None)
    words = {
        (True, True): text("within, as before"),
        (False, True): text("now within"),
        (False, False): text("still above"),
        (True, False): text("no longer within"),
    }
    return Mark(words.get((bool(row.pass_before), row.pass_after), text("within")), row.pass_after)


def _moves(answer: Answer) -> Table:
    n = counts(answer)["rounds"]
    rows = tuple((ROUND_NAMES[name], f"{n[name]:,}") for name in ROUNDS if n[name])
    return Table(text("Placements by round"), (text("Round"), text("Teachers")), rows)


def _closures(answer: Answer) -> Table:
    names = dict(zip(answer.problem.schools["school_id"], answer.problem.schools["name"], strict=True))
    rows = tuple(
        (
            f"{j.school_id} {names[j.school_id] or ''}".strip(),
            answer.scenario.standard.stages[j.stage].name,
            f"{j.to_school} {names[j.to_school] or ''}".strip(),
            str(j.pupils),
            f"{j.km:.1f}",
            f"{j.minutes:.0f}",
        )
        for j in answer.problem.journeys
    )
    columns = (
        text("School that closes"),
        text("Stage"),
        text("Pupils go to"),
        text("Pupils"),
        text("km"),
        text("Minutes"),
    )
    return Table(text("Schools that close"), columns, rows)


def _staff(answer: Answer) -> Table:
    rows: list[tuple[Cell | Mark, ...]] = []
    for row in answer.card.staff:
        rows.append(
            (
                answer.scenario.standard.stages[row.stage].name,
                f"{row.pupils_after:,}",
                f"{row.classes_after:,}",
                f"{row.quota_after:,}",
                f"{row.headcount_after:,}",
                f"{row.over_quota_after:+,}",
                f"{row.posts_before:,}",
                f"{row.posts_after:,}",
            )
        )
    short = [
        text(
            "{subject} ({stage}): {n}",
            subject=standard.subjects[r.subject].name,
            stage=standard.stages[r.stage].name,
            n=r.short_after,
        )
        for standard in [answer.scenario.standard]
        for r in answer.card.subjects
        if r.short_after > 0
    ]
    over = sum(r.over_quota_after for r in answer.card.staff)
    notes = [text("The district as a whole is {n} above its quota.", n=over)] if over > 0 else []
    if short:
        notes.append(text("At the same time teachers are missing: {subjects}.", subjects=short))
    columns = (
        text("Stage"),
        text("Pupils"),
        text("Classes"),
        text("Quota"),
        text("Teachers"),
        text("Above quota"),
        text("Posts today"),
        text("Posts in September"),
    )
    return Table(text("Staff, quota and posts in September"), columns, tuple(rows), tuple(notes))


def _unfilled(answer: Answer) -> Table:
    names = dict(zip(answer.problem.schools["school_id"], answer.problem.schools["name"], strict=True))
    standard = answer.scenario.standard
    rows = tuple(
        (
            f"{r.school_id} {names[r.school_id] or ''}".strip(),
            standard.stages[r.stage].name,
            standard.subjects[r.subject].name,
            str(r.posts),
            str(r.filled_after),
            str(r.unfilled),
        )
        for r in answer.card.posts
        if r.unfilled
    )
    columns = (
        text("School"),
        text("Stage"),
        text("Subject"),
        text("Posts"),
        text("Filled"),
        text("Empty"),
    )
    return Table(text("Posts that stay empty"), columns, rows, wide=len(rows) > 20)


def _warnings(answer: Answer) -> Table:
    language = answer.scenario.config.language
    rows = tuple((w.say(language),) for w in answer.problem.warnings)
    return Table(text("Warnings"), (text("What was found in the tables"),), rows, wide=len(rows) > 10)


def _levels(answer: Answer) -> Table:
    rows: list[tuple[Cell | Mark, ...]] = [
        (
            str(i),
            LEVELS[level.name],
            f"{level.objective:.6g}",
            f"{level.bound:.6g}",
            _percent(level.gap),
            f"{level.seconds:.1f}",
            Mark(STATUS[level.status], level.status == "proved"),
        )
        for i, level in enumerate(answer.result.levels, start=1)
    ]
    notes = (
        text(
            "Each level is solved in this order and held while the next is solved; no plan can be below the bound."
        ),
    )
    columns = (
        text("Order"),
        text("Level"),
        text("This plan"),
        text("Bound"),
        text("Gap"),
        text("Seconds"),
        text("Status"),
    )
    return Table(text("Certificate"), columns, tuple(rows), notes)


def _rules(answer: Answer) -> Table:
    broken = {
        rule.id: [v for v in answer.result.violations if v.rule == rule.id] for rule in answer.result.rules
    }
    rows: list[tuple[Cell | Mark, ...]] = [
        (
            rule.id,
            rule.said(),
            SETTINGS[rule.level],
            Mark(str(len(broken[rule.id])), not broken[rule.id]),
        )
        for rule in answer.result.rules
    ]
    columns = (text("Rule"), text("What it says"), text("Force"), text("Breaches found"))
    return Table(text("Rules"), columns, tuple(rows))


def _people(answer: Answer, names: bool) -> Table:
    """Everybody who does not keep the present place."""
    standard, people = answer.scenario.standard, answer.problem.teachers.table["name"].to_numpy(dtype=object)
    schools = dict(zip(answer.problem.schools["school_id"], answer.problem.schools["name"], strict=True))

    def place(school: str | None, stage: str | None) -> Cell:
        if school is None or stage is None:
            return "—"
        return text(
            "{school} {name}, {stage}",
            school=school,
            name=schools[school] or "",
            stage=standard.stages[stage].name,
        )

    rows: list[tuple[Cell | Mark, ...]] = []
    for t, row in enumerate(plan_rows(answer)):
        if row["round"] == "stay":
            continue
        who = f"{row['teacher_id']} {people[t] or ''}".strip() if names else str(row["teacher_id"])
        rows.append(
            (
                who,
                place(row["from_school"], row["from_stage"]),
                standard.subjects[row["from_subject"]].name,
                place(row["to_school"], row["to_stage"]),
                "—" if row["to_subject"] is None else standard.subjects[row["to_subject"]].name,
                ROUND_NAMES[row["round"]],
                "" if row["km"] is None else f"{row['km']:.1f}",
                row["reason"],
            )
        )
    columns = (
        text("Teacher"),
        text("From"),
        text("Subject"),
        text("To"),
        text("New subject"),
        text("Round"),
        text("km"),
        text("Reason"),
    )
    return Table(text("Every move"), columns, tuple(rows), wide=True)


def _manifest(answer: Answer) -> Table:
    rows: Sequence[tuple[Cell, ...]] = [
        (text("Seed"), str(answer.scenario.config.seed)),
        (text("Solved"), answer.began.isoformat(timespec="minutes")),
        (text("Seconds"), f"{answer.seconds:.1f}"),
        *((name, digest) for name, digest in answer.problem.files.items()),
    ]
    notes = (
        text("The same files and the same seed give the same plan; each file is named with its SHA-256."),
    )
    return Table(text("Manifest"), (text("What"), text("Value")), tuple(rows), notes, wide=True)


def _percent(share: float) -> str:
    """Show a share in percent, rounded up."""
    return f"{np.ceil(share * 10_000 - 1e-9) / 100:.2f}%"
