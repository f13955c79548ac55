"""Each school's page in the page: what changes there, who leaves, who comes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from allocator.metrics.measure import Measure, significant
from allocator.metrics.rows import PostRow, SectionRow
from allocator.report.answer import Answer
from allocator.report.names import ROUND_NAMES
from allocator.report.parts import Cell, Leaf, Leaves, Line, Mark, Table, leading, school_at, teacher_at
from allocator.report.scorecard import school_names
from allocator.report.tables import named
from allocator.words import text

Rows = Sequence[Mapping[str, Any]]
_Grouped = Mapping[str, list[Mapping[str, Any]]]


def schools(answer: Answer, rows: Rows, names: bool) -> Leaves:
    """Tell of every school, in the order of schools.csv.

    Parameters
    ----------
    rows
        Those of plan.csv.
    names
        Whether people's names may stand beside their codes.
    """
    problem = answer.problem
    told = SchoolTables(answer, named(answer, names), rows)
    leaves = []
    for code, label in zip(problem.school_ids, problem.school_labels, strict=True):
        leave, come = told.leave(code), told.come(code)
        blocks = [told.facts(code), leave, come, told.turn(code), told.posts(code), told.pupils(code)]
        title = text(
            "{school}: {out} leave, {into} come",
            school=text("{school} (closes)", school=label) if code in problem.config.closures else label,
            out=len(leave.rows),
            into=len(come.rows),
        )
        leaves.append(Leaf(school_at(code), label, title, tuple(one for one in blocks if one.rows)))
    return Leaves(text("School by school"), tuple(leaves))


def _leaves(row: Mapping[str, Any]) -> bool:
    return row["from_school"] is not None and row["from_school"] != row["to_school"]


def _comes(row: Mapping[str, Any]) -> bool:
    return row["to_school"] is not None and row["from_school"] != row["to_school"]


def _turns(row: Mapping[str, Any]) -> bool:
    return (
        row["from_school"] is not None and row["from_school"] == row["to_school"] and row["round"] != "stay"
    )


_GROUPS: tuple[tuple[str, Callable[[Mapping[str, Any]], bool]], ...] = (
    ("from_school", _leaves),
    ("to_school", _comes),
    ("to_school", _turns),
)


def _by(rows: Rows, school: str, of: Callable[[Mapping[str, Any]], bool]) -> _Grouped:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if of(row):
            found[row[school]].append(row)
    return found


class SchoolTables:
    """The tables of one school after the other.

    Parameters
    ----------
    people
        How each teacher is shown, by code.
    rows
        Those of plan.csv.
    """

    def __init__(self, answer: Answer, people: Mapping[str, str], rows: Rows) -> None:
        self.answer, self.people = answer, people
        self.out, self.into, self.inside = (_by(rows, school, of) for school, of in _GROUPS)
        self.standard = answer.scenario.standard
        self.names = school_names(answer.problem)
        self.sections: dict[str, list[SectionRow]] = defaultdict(list)
        self.groups: dict[str, list[PostRow]] = defaultdict(list)
        for section in answer.card.sections:
            self.sections[section.school_id].append(section)
        for group in answer.card.posts:
            self.groups[group.school_id].append(group)

    def facts(self, code: str) -> Table:
        """Show what is counted and measured there, today and in September."""
        lines = [line for section in self.sections[code] for line in self._section(section)]
        columns = (text("Stage"), text("What"), text("Today"), text("September"), text("Threshold"))
        return Table(text("What changes"), columns, tuple(lines))

    def _section(self, row: SectionRow) -> Iterator[Line]:
        stage = self.standard.stages[row.stage].name
        yield stage, text("Pupils"), f"{row.pupils_before:,}", f"{row.pupils:,}", ""
        yield stage, text("Classes"), "", str(row.classes), ""
        yield stage, text("Staff quota"), "", str(row.quota), ""
        yield stage, text("Teachers"), str(row.headcount_before), str(row.headcount_after), ""
        for name, value in row.values.items():
            number = self.standard.indicators[name].threshold.get(row.stage)
            limit = number.value if number else None
            yield (
                stage,
                self.standard.indicators[name].name,
                Mark(_shown(value.value_before, limit), value.meets_before),
                Mark(_shown(value.value_after, limit), value.meets_after),
                "" if limit is None else f"≥ {limit:g}",
            )

    def leave(self, code: str) -> Table:
        """Show who leaves, and where to."""
        columns = (
            text("Teacher"),
            text("Subject"),
            text("To"),
            text("New subject"),
            text("Round"),
            text("Reason"),
        )
        lines = (
            self._line(row, ("from_subject", "to_school", "to_subject")) for row in self.out.get(code, ())
        )
        return Table(text("Who leaves"), columns, tuple(lines))

    def come(self, code: str) -> Table:
        """Show who comes, and from where."""
        columns = (
            text("Teacher"),
            text("From"),
            text("Subject"),
            text("New subject"),
            text("Round"),
            text("Reason"),
        )
        lines = (
            self._line(row, ("from_school", "from_subject", "to_subject")) for row in self.into.get(code, ())
        )
        return Table(text("Who comes"), columns, tuple(lines))

    def turn(self, code: str) -> Table:
        """Show who gets another subject or stage in the same school."""
        columns = (text("Teacher"), text("Subject"), text("New subject"), text("Round"), text("Reason"))
        lines = (self._line(row, ("from_subject", "to_subject")) for row in self.inside.get(code, ()))
        return Table(text("Who gets another subject or stage here"), columns, tuple(lines))

    def _line(self, row: Mapping[str, Any], shown: Sequence[str]) -> Line:
        who = leading(self.people[row["teacher_id"]], teacher_at(row["teacher_id"]))
        return who, *(self._cell(row, name) for name in shown), ROUND_NAMES[row["round"]], row["reason"]

    def _cell(self, row: Mapping[str, Any], name: str) -> Cell:
        value = row[name]
        if value is None:
            return "—"
        return self.names[value] if name.endswith("school") else self.standard.subjects[value].name

    def posts(self, code: str) -> Table:
        """Show the posts of each subject, and the teachers who hold them."""
        lines: list[Line] = [
            (
                self.standard.stages[row.stage].name,
                self.standard.subjects[row.subject].name,
                str(row.posts_before),
                str(row.posts),
                str(row.filled_before),
                str(row.filled_after),
                Mark(str(row.unfilled), False if row.unfilled else None),
            )
            for row in self.groups[code]
            if row.posts or row.posts_before or row.filled_before or row.filled_after
        ]
        columns = (
            text("Stage"),
            text("Subject"),
            text("Posts today"),
            text("Posts in September"),
            text("Teachers today"),
            text("Teachers in September"),
            text("Empty"),
        )
        return Table(text("Posts and teachers by subject"), columns, tuple(lines))

    def pupils(self, code: str) -> Table:
        """Show the pupils who come from other schools or go to them."""
        lines: list[Line] = [
            (
                text("go to") if journey.school_id == code else text("come from"),
                self.names[journey.to_school if journey.school_id == code else journey.school_id],
                self.standard.stages[journey.stage].name,
                ", ".join(map(str, journey.grades)),
                str(journey.pupils),
                f"{journey.km:.1f}",
            )
            for journey in self.answer.problem.journeys
            if code in (journey.school_id, journey.to_school)
        ]
        columns = (
            text("Direction"),
            text("School"),
            text("Stage"),
            text("Grades"),
            text("Pupils"),
            text("km"),
        )
        return Table(text("Pupils who change school"), columns, tuple(lines))


def _shown(measure: Measure, limit: float | None) -> str:
    return "—" if measure.value is None else significant(measure.value, limit)
