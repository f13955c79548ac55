"""What a generated district was to reach beside what it reached."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allocator.domain import Standard
from allocator.scenario.synthesise.calibrate import Reached
from allocator.scenario.synthesise.draft import StageFacts
from allocator.scenario.synthesise.recipe import Recipe

Row = tuple[str, str, object, object]


def evidence(
    recipe: Recipe, standard: Standard, facts: StageFacts, teachers: pd.DataFrame, reached: dict[str, Reached]
) -> list[Row]:
    """List target and reached value of every total, share and CV of one stage.

    Measures without a target are listed with an empty one.
    """
    wanted, scope, n = recipe.stages[facts.stage], facts.stage, len(teachers)
    age = (recipe.september - teachers["birth"]) // 12
    quota = round(float(facts.pupils.sum()) / standard.staffing.ratio[facts.stage].value)
    rows: list[Row] = [
        (scope, "sections", "", len(facts.pupils)),
        (scope, "sections in scope of the indicators", "", int(facts.scored.sum())),
        (scope, "pupils", "" if wanted.pupils is None else wanted.pupils, int(facts.pupils.sum())),
        (scope, "staff", wanted.staff, n),
        (scope, "quota by pupils", "", quota),
        (scope, "mean age", wanted.ages.mean, round(float(age.mean()), 1)),
        (scope, "share above 50", "", round(float((age > 50).mean()), 3)),
        (scope, "share of women", wanted.female, round(float((teachers["sex"] == "f").mean()), 3)),
    ]
    for name, target in wanted.calibrate.items():
        if name in reached:
            rows.append((scope, f"cv {name}", target.cv, round(reached[name].cv, 4)))
            rows.append((scope, f"steepness {name}", "", round(reached[name].steepness, 3)))
            rows.append((scope, f"teachers {name}", "", int(np.sum(reached[name].counts))))
        else:
            rows.append((scope, f"cv {name}", target.cv, "not calibrated"))
    for column, shares in (
        ("subject", wanted.subjects),
        ("degree", wanted.degrees),
        ("title", wanted.titles),
        ("backbone", wanted.backbone),
        ("certificate", wanted.certificates),
    ):
        found = teachers[column].value_counts()
        rows += [
            (scope, f"share {column} {label}", share, round(float(found.get(label, 0)) / max(n, 1), 4))
            for label, share in shares.items()
        ]
    return rows
