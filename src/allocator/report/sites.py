"""Which sites are kept, told and written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from allocator.report.files import table, write_files
from allocator.report.parts import Line, Mark, Table, percent
from allocator.report.story import Story, told
from allocator.sites.median import Kept
from allocator.sites.read import Places
from allocator.words import text

_KEPT = ("site_id", "kept", "pupils", "seats")
_ASSIGNED = ("point_id", "site_id", "pupils", "km")
_CLOSE = 1e-6  # relative gap that counts as none
_LONG = 30  # rows from which on a table is folded away


def site_rows(places: Places, found: Kept) -> Iterator[dict[str, Any]]:
    """Yield the rows of kept.csv: every site."""
    load = (found.share * places.asked.pupils[:, None]).sum(axis=0)
    for j, site in enumerate(places.sites["site_id"]):
        seats = places.asked.seats[j]
        values = [
            site,
            j in found.sites,
            round(float(load[j]), 6),
            int(seats) if np.isfinite(seats) else None,
        ]
        yield dict(zip(_KEPT, values, strict=True))


def point_rows(places: Places, found: Kept) -> Iterator[dict[str, Any]]:
    """Yield the rows of assigned.csv: every point with each site that its pupils go to."""
    codes = places.sites["site_id"].to_list()
    for i, point in enumerate(places.points["point_id"]):
        for j in np.flatnonzero(found.share[i] > _CLOSE):
            pupils = round(float(found.share[i, j] * places.asked.pupils[i]), 6)
            yield dict(zip(_ASSIGNED, (point, codes[j], pupils, float(places.km[i, j])), strict=True))


def sites_story(places: Places, found: Kept, language: str) -> Story:
    """Tell which sites are kept."""
    return Story(
        title=text(
            "Keep {n} of {all} sites: {name}", n=len(found.sites), all=len(places.sites), name=places.name
        ),
        subtitle=text("The least way of all pupils together"),
        notice="",
        language=language,
        verdict=tuple(_verdict(places, found)),
        chapters=told((_kept(places, found), _assigned(places, found), *_warnings(places, language))),
    )


def _verdict(places: Places, found: Kept) -> Iterator[Mark]:
    pupils = float(places.asked.pupils.sum())
    far = max((row["km"] for row in point_rows(places, found) if row["pupils"]), default=0.0)
    words = text(
        "{pupils} pupils go {km} pupil-km together, {mean} km each on average; the longest way is {far} km.",
        pupils=f"{pupils:,.0f}",
        km=f"{found.value:,.1f}",
        mean=f"{found.value / pupils:.2f}" if pupils else "0",
        far=f"{far:.1f}",
    )
    yield Mark(words, None)
    if found.gap <= _CLOSE:
        yield Mark(text("Proved: no choice of as many sites gives a shorter way."), True)
    else:
        words = text(
            "Proved: no choice of as many sites gives a way that is shorter by more than {gap}; none is below {bound} pupil-km.",
            gap=percent(found.gap),
            bound=f"{found.bound:,.1f}",
        )
        yield Mark(words, None)
    together = text("The pupils of a point go together.")
    parted = text("The pupils of a point may go to different sites, and in parts.")
    yield Mark(together if places.asked.whole else parted, None)


def _kept(places: Places, found: Kept) -> Table:
    names = places.sites["name"].to_list()
    lines: tuple[Line, ...] = tuple(
        (
            f"{row['site_id']} {name or ''}".strip(),
            Mark(text("kept") if row["kept"] else text("closes"), None),
            f"{row['pupils']:,.0f}",
            "—" if row["seats"] is None else f"{row['seats']:,}",
        )
        for row, name in zip(site_rows(places, found), names, strict=True)
    )
    columns = text("Site"), text("Verdict"), text("Pupils"), text("Seats")
    return Table(text("Sites"), columns, lines, (text("—: no limit of seats is stated."),))


def _assigned(places: Places, found: Kept) -> Table:
    lines: tuple[Line, ...] = tuple(
        (row["point_id"], row["site_id"], f"{row['pupils']:,g}", f"{row['km']:.2f}")
        for row in point_rows(places, found)
    )
    columns = text("Point"), text("Site"), text("Pupils"), text("km")
    return Table(text("Where pupils go"), columns, lines, wide=len(lines) > _LONG)


def _warnings(places: Places, language: str) -> Iterator[Table]:
    if places.warnings:
        lines: tuple[Line, ...] = tuple((issue.say(language),) for issue in places.warnings)
        yield Table(text("Warnings"), (text("Warnings"),), lines)


def write_sites(places: Places, found: Kept, out: Path, page: str, language: str) -> list[Path]:
    """Write kept.csv, assigned.csv and sites.html for the owner alone.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    contents = {
        "kept.csv": table(list(site_rows(places, found)), language, _KEPT),
        "assigned.csv": table(list(point_rows(places, found)), language, _ASSIGNED),
        "sites.html": page,
    }
    return write_files(contents, out, "")
