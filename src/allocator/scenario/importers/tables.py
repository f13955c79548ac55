"""What was brought together as the rows of schools, sections and teachers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from allocator.scenario.importers.gather import Gathered
from allocator.words import Text, text

_KIND_BY_NAME = (
    (re.compile(r"教学点"), "teaching_point"),
    (re.compile(r"九年|一贯制"), "nine_year"),
    (re.compile(r"小学|完小"), "primary"),
    (re.compile(r"初中|初级中学|中学"), "junior"),
)
_GRADE = re.compile(r"g\d+")
_CODE = re.compile(r"(?![=+\-@])[^\s;:,；：，]{1,64}")
_FEW = 8  # names of schools in a sentence


def school_rows(gathered: Gathered) -> list[dict[str, str]]:
    """Return the rows of schools; a kind that no table states is concluded from the name, or from the grades."""
    rows, concluded = [], []
    for code, cells in gathered.schools.items():
        row = {"school_id": code, **cells}
        if "kind" not in row:
            name = row.get("name", "")
            kind = next((kind for pattern, kind in _KIND_BY_NAME if pattern.search(name)), "")
            kind = "nine_year" if len(_stages_with_pupils(gathered, code)) > 1 else kind
            if kind:
                row["kind"] = kind
                concluded.append(name or code)
        rows.append(row)
    if concluded:
        found = text("schools without a kind: {names}", names=_few(concluded))
        told = text("it is concluded from their names and grades; look at it in schools.csv")
        gathered.warn("schools.csv", None, "kind", found, text("a kind of school"), told)
    return rows


def _few(names: Sequence[str]) -> list[Text | str]:
    """Name the first of many, and say how many more there are."""
    return [*names[:_FEW], *([text("{n} more", n=len(names) - _FEW)] if len(names) > _FEW else [])]


def _stages_with_pupils(gathered: Gathered, code: str) -> list[str]:
    amounts = gathered.amounts.get(code, {})
    return [
        name
        for name, stage in gathered.standard.stages.items()
        if any(
            float(amounts.get(f"g{grade}", 0) or 0) > 0 or f"{name}:g{grade}" in amounts
            for grade in stage.grades
        )
    ]


def section_rows(gathered: Gathered, kinds: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a row for every stage of a school that its kind has, or that its pupils or people are of.

    Amounts of a school with two stages that its table does not part are left.
    """
    rows, whole = [], []
    of_people = {(person.get("school_id", ""), person.get("stage", "")) for person in gathered.people}
    for code in gathered.schools:
        amounts = gathered.amounts.get(code, {})
        with_pupils = _stages_with_pupils(gathered, code)
        stages = gathered.standard.kinds.get(kinds[code], ()) or tuple(
            stage for stage in gathered.standard.stages if (code, stage) in of_people or stage in with_pupils
        )
        rows += [
            {"school_id": code, "stage": stage, **_own(amounts, stage, stages, gathered)} for stage in stages
        ]
        if len(stages) > 1 and any(":" not in key and not _GRADE.fullmatch(key) for key in amounts):
            whole.append(gathered.schools[code].get("name", code))
    if whole:
        found = text("amounts of whole schools with two stages: {names}", names=_few(whole))
        way = text("they are left; part them between the two rows of sections.csv")
        gathered.warn("sections.csv", None, None, found, text("amounts of each stage"), way)
    return rows


def _own(amounts: Mapping[str, str], stage: str, stages: Sequence[str], gathered: Gathered) -> dict[str, str]:
    """Return the amounts of a school that are of one of its stages."""
    grades = {f"g{grade}" for grade in gathered.standard.stages[stage].grades}
    own = {}
    for key, value in amounts.items():
        of_stage, colon, name = key.rpartition(":")
        its = of_stage == stage if colon else name in grades or len(stages) == 1
        if its and (name in grades or not _GRADE.fullmatch(name)):
            own[name] = value
    return own


def teacher_rows(gathered: Gathered, kinds: Mapping[str, str], *, names: bool) -> list[dict[str, str]]:
    """Return the rows of teachers: numbers of the bureau where they tell everybody apart, else new ones."""
    given = [person.get("teacher_id", "") for person in gathered.people]
    times = Counter(given)
    own = [times[one] == 1 and bool(_CODE.fullmatch(one)) and one.isprintable() for one in given]
    taken = {number for number, fits in zip(given, own, strict=True) if fits}
    digits = len(str(len(given)))
    rows, concluded = [], 0
    for n, (person, fits) in enumerate(zip(gathered.people, own, strict=True), start=1):
        number = person["teacher_id"] if fits else f"T{n:0{digits}d}"
        while not fits and number in taken:
            number += "x"
        row = {**person, "teacher_id": number}
        stages = gathered.standard.kinds.get(kinds.get(row.get("school_id", ""), ""), ())
        if not row.get("stage") and len(stages) == 1:
            row["stage"] = stages[0]
            concluded += 1
        rows.append(row if names else {key: value for key, value in row.items() if key != "name"})
    if concluded:
        found = text("people without a stage at schools with one: {n}", n=concluded)
        told = text("the stage of the school is taken")
        gathered.warn("teachers.csv", None, "stage", found, text("a stage"), told)
    if numbered := own.count(False):
        found = text("people without a number of the bureau of their own: {n}", n=numbered)
        told = text(
            "they are numbered in the order of the rows; keep the table, another import may number them otherwise"
        )
        gathered.warn("teachers.csv", None, "teacher_id", found, text("a number for each person"), told)
    return rows
