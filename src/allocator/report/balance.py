"""The table of balance: every coefficient of variation before and after, with its limit and a plain verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from allocator.domain import Standard
from allocator.metrics.measure import Measure, beside
from allocator.metrics.rows import BalanceRow
from allocator.report.answer import Answer
from allocator.report.parts import Cell, Line, Mark, Table, codes
from allocator.words import Text, text


def cv_note(standard: Standard) -> Text:
    """Say what a CV is, and that it is the official one where the standard has official indicators."""
    if standard.official:
        return text("CV: the official coefficient of variation, weighted by pupils; smaller is more even.")
    return text("CV: the coefficient of variation, weighted by pupils; smaller is more even.")


def balance(answer: Answer) -> Table:
    """Show the coefficient of variation and the mean of every indicator and stage."""
    rows = {(r.stage, r.indicator, r.measure): r for r in answer.card.balance}
    shown = [r for r in rows.values() if r.measure == "cv"]
    judged = any(r.threshold is not None or r.after.value is None for r in shown)
    judgement = (text("Limit"), text("Verdict")) if judged else ()
    columns = (
        text("Stage"),
        text("Indicator"),
        text("CV before"),
        text("CV after"),
        *judgement,
        text("Mean before"),
        text("Mean after"),
    )
    lines = tuple(_line(answer, row, rows.get((row.stage, row.indicator, "mean")), judged) for row in shown)
    notes = [
        cv_note(answer.problem.standard),
        text("A Gini index, Theil parts between and within zones and further measures stand in balance.csv."),
        *_conforming(answer, rows),
    ]
    return Table(text("Balance before and after"), columns, lines, tuple(notes))


def _line(answer: Answer, row: BalanceRow, mean: BalanceRow | None, judged: bool) -> Line:
    """Show one coefficient; where there is none after, the verdict or the mean says why."""
    known = answer.scenario.standard.indicators.get(row.indicator)
    limit = "" if row.threshold is None else f"≤ {row.threshold:g}"
    return (
        answer.scenario.standard.stages[row.stage].name,
        known.name if known else text("Composite CV"),
        _number(row.before, 3, row.threshold),
        Mark(_number(row.after, 3, row.threshold), row.pass_after),
        *((limit, _passes(row)) if judged else ()),
        *(("", "") if mean is None else (_number(mean.before, 2), _number(mean.after, 2))),
    )


def _number(measure: Measure, digits: int, limit: float | None = None) -> Cell:
    """Show a value, on its side of a limit where there is one; nothing where there is no value."""
    return "—" if measure.value is None else beside(measure.value, limit, digits)


def _passes(row: BalanceRow) -> Cell | Mark:
    if row.after.value is None:
        return row.after.why_not or text("cannot be judged")
    if row.threshold is None:
        return ""
    words = {
        (True, True): text("within, as before"),
        (False, True): text("now within"),
        (None, True): text("within"),
        (False, False): text("still above"),
        (True, False): text("no longer within"),
        (None, False): text("above"),
    }
    return Mark(words[row.pass_before, bool(row.pass_after)], row.pass_after)


def _conforming(answer: Answer, rows: Mapping[tuple[str, str, str], BalanceRow]) -> Iterator[Text]:
    """Say of each stage how many schools do all that the standard asks."""
    for stage in answer.problem.stages:
        row = rows.get((stage, "standard", "conforming"))
        if row is None:
            continue
        name = answer.scenario.standard.stages[stage].name
        if row.before.value is None or row.after.value is None:
            yield text(
                "{stage}: how many schools do all the standard asks of a school is not known: {why}.",
                stage=name,
                why=row.why_not,
            )
            continue
        whole = rows[stage, "standard", "sections"]
        yield text(
            "{stage}: schools that do all the standard asks of a school: {before} of {n0} today, {after} of {n1} in September.",
            stage=name,
            before=f"{row.before.value:.0f}",
            n0=f"{whole.before.value or 0:.0f}",
            after=f"{row.after.value:.0f}",
            n1=f"{whole.after.value or 0:.0f}",
        )
        for good, words in ((True, _NEWLY), (False, _NO_LONGER)):
            here = [r for r in answer.card.sections if r.stage == stage]
            turned = [
                r.school_id
                for r in here
                if (r.conforms_after if good else r.conforms_before) is True
                and (r.conforms_before if good else r.conforms_after) is False
            ]
            if turned:
                yield Text(words.template, {"stage": name, "schools": codes(turned)})


_NEWLY = text("{stage}: schools that newly do: {schools}.", stage="", schools="")
_NO_LONGER = text("{stage}: schools that no longer do: {schools}.", stage="", schools="")
