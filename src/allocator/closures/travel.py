"""The way of pupils to another school: on foot, by bus or boarding, by the limits of their grades."""

from __future__ import annotations

from dataclasses import dataclass

from allocator.domain import Closing
from allocator.problem import Ints


@dataclass(frozen=True)
class Way:
    """The way of the pupils of one section to another.

    Parameters
    ----------
    section, to
        Section indices.
    pupils
        Who goes.
    km, minutes
        Length of the road, and the time of the slowest who does not board; by road where all board.
    on_foot, by_road
        Minutes on foot and by bus, whoever takes them.
    walking, riding, boarding
        Pupils by mode.
    over
        The limit in minutes that the way exceeds for pupils who may not board, None where it keeps all limits.
    """

    section: int
    to: int
    pupils: int
    km: float
    minutes: float
    on_foot: float
    by_road: float
    walking: int
    riding: int
    boarding: int
    over: float | None


def way_of(
    closing: Closing, section: int, to: int, own: Ints, road: tuple[float, float], *, boards: bool
) -> Way:
    """Let all walk where that is within the limit of each, else ride, those who may not ride so long board where they may.

    Where a bus runs nobody walks the same road.

    Parameters
    ----------
    own
        Pupils by grade, shape (13,).
    road
        Length in km, and minutes by bus.
    boards
        Whether the receiving school takes boarders.
    """
    km, minutes = road
    on_foot = 60 * km / closing.walk_speed.value
    modes, slowest, over = {"walking": 0, "riding": 0, "boarding": 0}, 0.0, None
    bands = [(band, n) for band in closing.bands.values() if (n := int(own[list(band.grades)].sum()))]
    walk = all(on_foot <= band.minutes.value for band, _ in bands)
    for band, n in bands:
        limit = band.minutes.value
        if walk or minutes > limit >= on_foot:
            mode, slowest = "walking", max(slowest, on_foot)
        elif minutes <= limit:
            mode, slowest = "riding", max(slowest, minutes)
        else:
            mode = "boarding"
            if not (boards and band.boarding):
                over = limit if over is None else min(over, limit)
        modes[mode] += n
    time = slowest or minutes
    return Way(section, to, sum(modes.values()), km, time, on_foot, minutes, **modes, over=over)
