"""What more teachers are worth, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from allocator.report.names import LEVELS
from allocator.scenario.overlay import kind
from allocator.solving.result import Level
from allocator.solving.worth import Worth, gain
from allocator.words import Text, text


def worth_lines(
    plan: Mapping[str, float], without: Sequence[Level], found: Sequence[tuple[str, Sequence[Worth]]]
) -> Iterator[Text]:
    """Say what each kind of teachers brings in each zone, at every level.

    Parameters
    ----------
    plan
        What the plan that was given reaches at every level.
    without
        What the best plan without them reaches.
    """
    yield text("This plan: {levels}.", levels=[_level(one.name, plan[one.name]) for one in without])
    yield text(
        "Solved all at once, without more teachers: {levels}.",
        levels=[_level(one.name, one.objective) for one in without],
    )
    yield text("Levels count in their order: what a later one loses, an earlier one may have gained.")
    for given, zones in found:
        who, many = kind(given) or ((), 1)
        yield text("More teachers {kind}: {n}. Solved with them, by zone:", kind="/".join(who), n=many)
        for one in zones:
            if one.refused:
                yield text("    {zone}: no plan: {why}", zone=one.zone, why=one.refused[0])
            else:
                yield text("    {zone}: {levels}", zone=one.zone, levels=list(_levels(without, one.levels)))


def _level(name: str, value: float) -> Text:
    return text("{level}: {value}", level=LEVELS[name], value=f"{value + 0.0:.4g}")


def _levels(without: Sequence[Level], levels: Sequence[Level]) -> Iterator[Text]:
    known = {level.name: level for level in levels}
    for level in without:
        if level.name in known:
            other = known[level.name]
            yield text(
                "{level}: {before} → {after} ({difference})",
                level=LEVELS[level.name],
                before=f"{level.objective + 0.0:.4g}",
                after=f"{other.objective + 0.0:.4g}",
                difference=_difference(*gain(level, other)),
            )


def _difference(least: float, most: float) -> Text:
    """Say what is proved of a difference."""
    if least == most:
        if least == 0:
            return text("the same")
        n = _number(abs(least))
        return text("better by {n}", n=n) if least > 0 else text("worse by {n}", n=n)
    if least > 0:
        return text("better by {least} to {most}", least=_number(least), most=_number(most))
    if most < 0:
        return text("worse by {least} to {most}", least=_number(-most), most=_number(-least))
    return text(
        "no difference proved: at most {most} better or {least} worse",
        most=_number(most),
        least=_number(-least),
    )


def _number(value: float) -> str:
    """Show a difference with three digits, whatever its size."""
    return np.format_float_positional(value + 0.0, precision=3, fractional=False, trim="-")
