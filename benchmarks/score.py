"""How long it takes to score very many sections: ``python -m benchmarks.score``.

Drawn amounts of the seven indicators of 2017 in every section; read, judged, measured by every index with its parts, and
what each lacks. Posts, lessons and people are not part of it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from allocator.demand.posts import PostSetting
from allocator.metrics.indicators import Reading, conforms, spread
from allocator.metrics.reach import fewest_moves, missing_heads
from allocator.metrics.snapshot import Snapshot
from allocator.problem import Season
from allocator.scenario.standards import read_standard

SECTIONS, ZONES = 200_000, 3_000


def main(sections: int = SECTIONS) -> dict[str, float]:
    """Score drawn sections of one stage; returns seconds by step and the number that conform."""
    standard, _ = read_standard("cn-2017", Path())
    assert standard is not None
    rng = np.random.default_rng(0)
    pupils = rng.integers(20, 2000, sections).astype(float)
    zone, setting = rng.integers(0, ZONES, sections), rng.integers(0, 4, sections)
    none = np.zeros(sections, dtype=np.int64)
    by_subject = np.zeros((sections, 0))
    season = Season(
        open=np.ones(sections, dtype=bool),
        pupils=pupils,
        classes=none,
        quota=none,
        lessons=by_subject,
        posts=by_subject.astype(np.int64),
        setting=PostSetting({}, (), untaught={}, proved=True),
        material={},
        unit=np.arange(sections),
        largest=np.full(sections, np.nan),
    )
    snapshot, limit = Snapshot(season, none[:0], none[:0]), standard.balance.cv_limit["primary"].value
    clock, read = [time.monotonic()], {}
    for name, indicator in standard.indicators.items():
        if indicator.official:
            asked = indicator.threshold["primary"].value
            heads = np.floor(asked * pupils / indicator.per * rng.uniform(0.3, 2.5, sections) + 0.5)
            read[name] = Reading(
                indicator, snapshot, heads * indicator.per, np.zeros(sections), np.full(sections, asked)
            )
    clock.append(time.monotonic())
    verdict = conforms(standard.balance, read.values(), sections)
    clock.append(time.monotonic())
    measured = [spread(r.amounts, r.pupils, {"": zone, "_settings": setting}) for r in read.values()]
    clock.append(time.monotonic())
    for one in read.values():
        missing_heads(one.amounts / one.indicator.per, pupils, one.thresholds, one.indicator.per)
    clock.append(time.monotonic())
    backbone = read["backbone"]
    reach = fewest_moves((backbone.amounts / 100).astype(np.int64), pupils, limit)
    clock.append(time.monotonic())
    steps = np.diff(clock).tolist()
    found = dict(zip(("draw", "judge", "measure", "lack", "reach"), steps, strict=True))
    found |= {"score": sum(steps[1:]), "conforming": float(sum(v is True for v in verdict))}
    assert reach is not None
    assert all(one["cv"].value is not None for one in measured)
    return found


if __name__ == "__main__":
    for step, value in main(*map(int, sys.argv[1:2])).items():
        print(f"{step:12} {value:,.2f}")
