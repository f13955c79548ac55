"""The sections of one stage as arrays, and their teachers in the making."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allocator.domain import Standard
from allocator.scenario.synthesise.calibrate import Floats, Ints, Labels, Reached
from allocator.scenario.synthesise.recipe import Recipe


@dataclass(frozen=True)
class StageFacts:
    """The sections of one stage as arrays, shape (sections,); ``pull`` is how sought after each is."""

    stage: str
    school: Labels
    setting: Labels
    pupils: Floats
    scored: NDArray[np.bool_]
    pull: Floats
    over: Floats
    older: Floats


@dataclass
class Draft:
    """Teachers of a stage in the making, in the order of the sections."""

    section: Ints
    pull: Floats
    columns: dict[str, Any] = field(default_factory=dict)
    age: Floats = field(default_factory=lambda: np.empty(0))
    reached: dict[str, Reached] = field(default_factory=dict)


def stage_facts(recipe: Recipe, standard: Standard, stage: str, places: pd.DataFrame) -> StageFacts:
    """Collect the sections of a stage; ``places`` is sections.csv joined with schools.csv."""
    here = places[places["stage"] == stage]
    pupils = here[[f"g{g}" for g in standard.stages[stage].grades]].sum(axis=1).to_numpy(dtype=float)
    point = (here["kind"] == "teaching_point").to_numpy()
    settings = here["setting"].to_numpy(dtype=object)
    of = [recipe.settings.get(s) for s in settings]
    return StageFacts(
        stage,
        here["school_id"].to_numpy(dtype=object),
        settings,
        pupils,
        (pupils > 0) & ~(point & (pupils < standard.balance.excluded_teaching_point_below.value)),
        np.array([f.gradient if f else 0.0 for f in of]),
        np.array([recipe.stages[stage].over.get(s, 1.0) for s in settings]),
        np.array([f.older if f else 0.0 for f in of]),
    )
