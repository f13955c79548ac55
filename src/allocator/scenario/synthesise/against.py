"""A recipe held against its standard: every name it uses must exist, and its numbers must hold together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allocator.domain import LADDERS, Standard
from allocator.errors import NOTHING, InputsAreWrong, Issue
from allocator.scenario.schema import columns_of
from allocator.scenario.standards import read_standard
from allocator.scenario.synthesise.recipe import MATERIAL, Recipe
from allocator.words import Text, text

_STATUSES = columns_of("teachers")["status"].choices


def standard_of(recipe: Recipe) -> Standard:
    """Read the standard of a recipe, and hold the recipe against it.

    Raises
    ------
    InputsAreWrong
        With everything the recipe names that the standard, or the recipe itself, does not have.
    """
    standard, issues = read_standard(recipe.standard, recipe.folder)
    if standard is not None:
        issues = [
            *issues,
            *(_issue(recipe, *wrong) for wrong in _unknown(recipe, standard)),
            *_contradictions(recipe),
        ]
    if standard is None or issues:
        raise InputsAreWrong(issues, recipe.language)
    return standard


def recipe_issue(recipe: Recipe, key: str, found: Text, expected: Text, remedy: Text) -> Issue:
    """Make an issue about a key of the recipe."""
    return Issue(recipe.file, None, key, found, expected, remedy)


def _issue(recipe: Recipe, key: str, name: str, known: list[str]) -> Issue:
    found, expected = text("'{value}'", value=name), text("one of {choices}", choices=known)
    return recipe_issue(recipe, key, found, expected, text("correct the name"))


def _unknown(recipe: Recipe, standard: Standard) -> Iterator[tuple[str, str, list[str]]]:
    """Yield every name that is not known where it stands."""
    certificates = list(standard.certificate_rank)
    asked: list[tuple[str, Any, Any]] = [("stages", recipe.stages, standard.stages)]
    for stage, facts in recipe.stages.items():
        taught = standard.stage_subjects(stage) if stage in standard.stages else ()
        asked += [
            (f"stages.{stage}.subjects", facts.subjects, taught),
            (f"stages.{stage}.tilt", facts.tilt, facts.subjects),
            (f"stages.{stage}.degrees", facts.degrees, LADDERS["degree"]),
            (f"stages.{stage}.titles", facts.titles, LADDERS["title"]),
            (f"stages.{stage}.backbone", facts.backbone, LADDERS["backbone"]),
            (f"stages.{stage}.certificates", facts.certificates, certificates),
            (f"stages.{stage}.calibrate", facts.calibrate, standard.indicators),
            (f"stages.{stage}.material", facts.material, MATERIAL),
            (f"stages.{stage}.grades", facts.grades, [f"g{g}" for g in _grades(standard, stage)]),
        ]
    for block in recipe.blocks:
        asked.append((f"blocks.{block.prefix}.kind", [block.kind], standard.kinds))
        asked.append((f"blocks.{block.prefix}.pupils", block.pupils, recipe.stages))
        asked.append(
            (f"blocks.{block.prefix}.pupils", block.pupils, standard.kinds.get(block.kind, recipe.stages))
        )
        for stage, sizes in block.pupils.items():
            asked.append((f"blocks.{block.prefix}.pupils.{stage}", block.schools, sizes))
        asked.append((f"blocks.{block.prefix}.schools", block.schools, recipe.settings))
    if recipe.recruits is not None:
        asked.append(("recruits.subjects", recipe.recruits.subjects, standard.subjects))
        asked.append(("recruits.certificates", recipe.recruits.certificates, certificates))
        asked.append(("recruits.degrees", recipe.recruits.degrees, LADDERS["degree"]))
        asked.append(("recruits.stage", [recipe.recruits.stage], standard.stages))
    if recipe.source is not None:
        asked.append(("source.kind", [recipe.source.kind], standard.kinds))
        asked.append(("source.stage", [recipe.source.stage], recipe.stages))
        columns = [*columns_of("schools"), *columns_of("sections")]
        asked.append(("source.columns", recipe.source.columns, columns))
    asked.append(("roster.statuses", recipe.roster.statuses, _STATUSES))
    for key, names, known in asked:
        for name in names:
            if name not in known:
                yield key, name, list(known)


def _grades(standard: Standard, stage: str) -> tuple[int, ...]:
    return standard.stages[stage].grades if stage in standard.stages else ()


def _contradictions(recipe: Recipe) -> Iterator[Issue]:
    """Yield numbers of the recipe that cannot hold together."""
    for stage, facts in recipe.stages.items():
        if recipe.source is None and facts.pupils is None:
            way = text("add it")
            yield recipe_issue(recipe, f"stages.{stage}.pupils", NOTHING, text("a value"), way)
        if any(not facts.ages.youngest < oldest for oldest in facts.ages.oldest.values()):
            found, expected = text("{n}", n=facts.ages.youngest), text("an age below the oldest")
            yield recipe_issue(
                recipe, f"stages.{stage}.ages.youngest", found, expected, text("correct the value")
            )
    if recipe.stages and recipe.source is None and not recipe.blocks:
        yield recipe_issue(recipe, "blocks", NOTHING, text("schools, or a source"), text("add it"))
