"""The table of a results file, for the page docs/benchmarks.md."""

from __future__ import annotations

import csv
from pathlib import Path

from benchmarks.cases import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- table -->", "<!-- /table -->"
_HEADINGS = (
    "case",
    "teachers",
    "method",
    "coverage",
    "evenness",
    "bound",
    "gap, %",
    "moves",
    "burden",
    "violations",
    "seconds",
    "of these building",
    "MB",
    "status",
)
Row = dict[str, str]


def fill(results: Path, page: Path = PAGE) -> None:
    """Put the table of a results file between the markers of a page.

    Raises
    ------
    ValueError
        Where the page does not have the two markers, each once.
    """
    content = page.read_text(encoding="utf-8")
    if content.count(BEGIN) != 1 or content.count(END) != 1:
        raise ValueError(f"{page.name} needs {BEGIN} and {END} once each")
    before, rest = content.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{table(results)}{END}{after}", encoding="utf-8", newline="\n")


def table(results: Path) -> str:
    """Return the table of a results file as Markdown: one row for each case and method."""
    with results.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return "No results.\n"
    by_attempt: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_attempt.setdefault((row["case"], row["method"]), []).append(row)
    lines = [_line(_HEADINGS), _line(["---"] * len(_HEADINGS))]
    lines += [_line(_cells(levels)) for levels in by_attempt.values()]
    return f"{_under(results, rows[0])}\n\n" + "\n".join(lines) + "\n"


def _under(results: Path, row: Row) -> str:
    """Say under which circumstances the results came about."""
    return (
        f"From `{results.name}`: commit {row['commit']}, Python {row['python']}, OR-Tools {row['ortools']}, "
        f"HiGHS {row['highspy']}, allocator {row['allocator']}, {row['cores']} cores."
    )


def _cells(levels: list[Row]) -> list[str]:
    by_level, one = {row["level"]: row for row in levels}, levels[0]
    value = {name: row["objective"] for name, row in by_level.items()}
    solved = {name for name, row in by_level.items() if row["status"] != "measured"}
    key = next((by_level[name] for name in ("evenness", "burden") if name in solved), one)
    bound = _number(key["bound"]) + (f" ({key['simplified']})" if key["bound"] and key["simplified"] else "")
    return [
        one["case"],
        _number(one["teachers"], 0),
        one["method"],
        _number(value.get("coverage", "")),
        _number(value.get("evenness", ""), 5),
        bound,
        _number(str(100 * float(key["gap"]))) if key["gap"] else "",
        _number(value.get("moves", "")),
        _number(value.get("burden", "")),
        one["violations"],
        _number(one["seconds_total"], 1),
        _number(_building(one), 1),
        _number(one["peak_mb"], 0),
        _status(levels),
    ]


def _building(row: Row) -> str:
    parts = [row[f"seconds_{step}"] for step in ("check", "build", "prepare")]
    return str(sum(map(float, parts))) if all(parts) else ""


def _status(levels: list[Row]) -> str:
    """Return the statuses of the levels that were solved, each once."""
    said = [row["status"] for row in levels if row["status"] != "measured"]
    return ", ".join(dict.fromkeys(said))


def _number(cell: str, decimals: int | None = None) -> str:
    if not cell:
        return ""
    return f"{float(cell):,.5g}" if decimals is None else f"{float(cell):,.{decimals}f}"


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
