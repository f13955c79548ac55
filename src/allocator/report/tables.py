"""The tables of a plan: everything in them stands in the result files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from allocator.plan import ROUNDS
from allocator.problem import Problem
from allocator.report.answer import Answer
from allocator.report.chains import chains
from allocator.report.files import counts
from allocator.report.names import LEVELS, PROCEDURE, ROUND_NAMES, SETTINGS, STATUS
from allocator.report.parts import Cell, Line, Mark, Table, codes, leading, percent, school_at, teacher_at
from allocator.report.scorecard import school_names
from allocator.words import Text, text

Rows = Sequence[Mapping[str, Any]]
_LONG = 30  # rows, from which a table is folded away


def placements(answer: Answer) -> Table:
    """Count the placements by round."""
    n = counts(answer)["rounds"]
    rows = tuple((ROUND_NAMES[name], f"{n[name]:,}") for name in ROUNDS if n[name])
    return Table(text("Placements by round"), (text("Round"), text("Teachers")), rows)


def journeys(answer: Answer) -> Table:
    """Show where pupils go."""
    names = school_names(answer.problem)
    rows = tuple(
        (
            names[j.school_id],
            answer.scenario.standard.stages[j.stage].name,
            names[j.to_school],
            ", ".join(map(str, j.grades)),
            str(j.pupils),
            f"{j.km:.1f}",
            f"{j.minutes:.0f}",
        )
        for j in answer.problem.journeys
    )
    columns = (
        text("From"),
        text("Stage"),
        text("Pupils go to"),
        text("Grades"),
        text("Pupils"),
        text("km"),
        text("Minutes by road"),
    )
    return Table(text("Pupils who change school"), columns, rows)


def staffing(answer: Answer) -> Table:
    """Show staff, quota and posts of each stage."""
    rows: list[Line] = []
    for row in answer.card.staff:
        rows.append(
            (
                answer.scenario.standard.stages[row.stage].name,
                f"{row.pupils_after:,}",
                f"{row.classes_after:,}",
                f"{row.quota_after:,}",
                f"{row.headcount_after:,}",
                f"{row.over_quota_after:+,}" if row.over_quota_after else "0",
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
    if short and over > 0:
        notes.append(text("At the same time teachers are missing: {subjects}.", subjects=short))
    elif short:
        notes.append(text("Teachers are missing: {subjects}.", subjects=short))
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


def unfilled(answer: Answer) -> Table:
    """Show every post that stays empty."""
    names = school_names(answer.problem)
    standard = answer.scenario.standard
    rows = tuple(
        (
            names[r.school_id],
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


def warnings(problem: Problem, language: str) -> Table:
    """Show every warning about the tables."""
    rows = tuple((w.say(language),) for w in problem.warnings)
    return Table(text("Warnings"), (text("What was found in the tables"),), rows, wide=len(rows) > 10)


def levels(answer: Answer) -> Table:
    """Show what each level reaches, and what no plan can be below."""
    rows: list[Line] = [
        (
            str(i),
            text("{level} ({round})", level=LEVELS[level.name], round=PROCEDURE[level.round])
            if level.round
            else LEVELS[level.name],
            f"{level.objective + 0.0:.6g}",
            f"{level.bound + 0.0:.6g}",
            percent(level.gap),
            f"{level.seconds:.1f}",
            Mark(STATUS[level.status], level.status == "proved"),
        )
        for i, level in enumerate(answer.result.levels, start=1)
    ]
    notes = [
        text(
            "Each level is solved in this order and held while the next is solved; no plan that keeps what is held can be below the bound."
        )
    ]
    if any(level.held == "heads" for level in answer.result.levels):
        notes.append(text("After evenness, the heads that count in each section are held too."))
    columns = (
        text("Order"),
        text("Level"),
        text("This plan"),
        text("Bound"),
        text("Gap"),
        text("Seconds"),
        text("Status"),
    )
    return Table(text("Certificate"), columns, tuple(rows), tuple(notes))


def rules(answer: Answer) -> Table:
    """Show every rule with its sentence and what the witness finds against it."""
    broken = {
        rule.id: [v for v in answer.result.violations if v.rule == rule.id] for rule in answer.result.rules
    }
    rows: list[Line] = [
        (
            rule.id,
            rule.said(),
            SETTINGS[rule.level],
            rule.standing(answer.problem, answer.result.plan) or "",
            Mark(str(len(broken[rule.id])), not broken[rule.id]),
        )
        for rule in answer.result.rules
    ]
    columns = (
        text("Rule"),
        text("What it says"),
        text("Force"),
        text("In this plan"),
        text("Breaches found"),
    )
    return Table(text("Rules"), columns, tuple(rows))


def breaches(answer: Answer) -> Table:
    """Every breach that the witnesses count: which rule, who, by how much."""
    levels = {rule.id: rule.level for rule in answer.result.rules}
    rows: tuple[Line, ...] = tuple(
        (
            v.rule,
            SETTINGS[levels[v.rule]],
            codes(v.who),
            f"{v.amount:g}",
            v.sentence,
        )
        for v in answer.result.violations
    )
    columns = (text("Rule"), text("Force"), text("Who"), text("Amount"), text("What is wrong"))
    return Table(text("Breaches of rules"), columns, rows, wide=len(rows) > 40)


def prices(answer: Answer) -> Table:
    """Show what the objective would gain without each hard rule."""
    rows: list[Line] = []
    for price in answer.prices:
        if price.level:
            gain = (
                LEVELS[price.level],
                f"{price.kept:.6g}",
                f"{price.without:.6g}",
                f"{price.kept - price.without:.4g}",
                f"{price.kept - price.best:.4g}",
            )
        else:
            gain = (text("no gain") if price.known else text("not known: time limit"), "", "", "", "")
        rows.append((price.rule, *gain))
    columns = (
        text("Rule"),
        text("Level that gains"),
        text("With the rule"),
        text("Without it"),
        text("Gain at least"),
        text("Gain at most"),
    )
    note = text(
        "Each hard rule is left out by itself and the rest is solved again, roughly; what is shown is the first level that gains. A price is no advice: protections are meant to cost something. That everybody has a place is the definition of a plan and has no price."
    )
    return Table(text("What each hard rule costs"), columns, tuple(rows), (note,))


def moves(answer: Answer, rows: Rows, names: bool) -> Table:
    """Show everybody who does not keep the present place.

    Parameters
    ----------
    rows
        Those of plan.csv.
    names
        Whether people's names may stand beside their codes.
    """
    standard = answer.scenario.standard
    people, schools = named(answer, names), school_names(answer.problem)

    def place(school: str | None, stage: str | None) -> Cell | Mark:
        if school is None or stage is None:
            return "—"
        words = text("{school}, {stage}", school=schools[school], stage=standard.stages[stage].name)
        return leading(words, school_at(school))

    away = [row for row in rows if row["round"] != "stay"]
    lines: list[Line] = [
        (
            people[row["teacher_id"]],
            place(row["from_school"], row["from_stage"]),
            standard.subjects[row["from_subject"]].name,
            place(row["to_school"], row["to_stage"]),
            "—" if row["to_subject"] is None else standard.subjects[row["to_subject"]].name,
            ROUND_NAMES[row["round"]],
            "" if row["km"] is None else f"{row['km']:.1f}",
            row["reason"],
        )
        for row in away
    ]
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
    at = tuple(teacher_at(row["teacher_id"]) for row in away)
    return Table(text("Every move"), columns, tuple(lines), wide=len(lines) > _LONG, found=True, at=at)


def named(answer: Answer, names: bool) -> dict[str, str]:
    """Show every teacher by code, with the name where it may stand there."""
    ids = answer.problem.teachers.ids
    people = answer.problem.teachers.table["name"].to_numpy(dtype=object)
    return {
        code: f"{code} {name or ''}".strip() if names else code
        for code, name in zip(ids, people, strict=True)
    }


def followed(answer: Answer, names: bool) -> Table:
    """Show who takes whose post: swaps, and chains of more than one move."""
    people, found = named(answer, names), chains(answer.problem, answer.result.plan)
    some = [chain for chain in found if len(chain.teachers) > 1]
    lines: list[Line] = [
        (
            text("swap of {n}", n=len(chain.teachers))
            if chain.swap
            else text("chain of {n}", n=len(chain.teachers)),
            text("{who}", who=[_way(answer, people, t) for t in chain.teachers]),
        )
        for chain in some
    ]
    columns = (text("Kind"), text("Who goes where, each into the post that the next one leaves"))
    note = text(
        "Posts are those of one subject in one stage of a school. Moves that follow no other: {n}.",
        n=len(found) - len(some),
    )
    title = text("Swaps and chains of moves")
    return Table(title, columns, tuple(lines), (note,), wide=len(lines) > _LONG, found=True)


def _way(answer: Answer, people: Mapping[str, str], teacher: int) -> Text:
    """Say where a teacher goes from and to, by codes."""
    problem, post = answer.problem, int(answer.result.plan.post[teacher])
    start = int(problem.home_school[teacher])
    return text(
        "{teacher}: {start} → {end} ({subject})",
        teacher=people[problem.teachers.ids[teacher]],
        start=problem.school_ids[start] if start >= 0 else text("new teachers"),
        end=problem.school_ids[int(problem.post_school[post])],
        subject=problem.standard.subjects[problem.subjects[problem.posts.subject[post]]].name,
    )


def manifest(answer: Answer) -> Table:
    """Show what the plan was made from."""
    rows: Sequence[tuple[Cell, ...]] = [
        (text("Seed"), str(answer.scenario.config.seed)),
        (text("Solved"), answer.began.isoformat(timespec="minutes")),
        (text("Seconds"), f"{answer.seconds:.1f}"),
        *((name, digest) for name, digest in answer.problem.files.items()),
    ]
    note = text("The same files and the same seed give the same plan; each file is named with its SHA-256.")
    if answer.result.status != "proved":
        note = text(
            "Each file is named with its SHA-256. A time limit ended a level: another run may end elsewhere."
        )
    return Table(text("Manifest"), (text("What"), text("Content")), tuple(rows), (note,), wide=True)
