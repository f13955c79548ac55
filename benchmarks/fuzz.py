"""Hostile inputs, guided by coverage: whatever stands in a file, there are issues or a scenario, in bounded time and memory.

``python -m benchmarks.fuzz --runs 10000`` changes bytes, cells, names and parts of a scenario folder, its workbook, a plan and files
of bureaus, and keeps what reaches new code (atheris). It prints how many were read, how many refused, the longest and
the peak of memory; anything but issues or success ends it with the input. It needs Linux.
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["allocator.scenario", "allocator.errors"]):
    from allocator import app
    from allocator.errors import InputsAreWrong, Issue

ROOT = Path(__file__).parents[1]
TINY = ROOT / "scenarios" / "tiny"
SECONDS = 20  # for one input
MEGABYTES = 3000

Change = Callable[[atheris.FuzzedDataProvider, Path], tuple[str, list[Issue]]]


def changed(data: atheris.FuzzedDataProvider, content: bytes) -> bytes:
    """Replace a piece of some bytes."""
    at = data.ConsumeIntInRange(0, len(content))
    gone = data.ConsumeIntInRange(0, 60)
    fresh: bytes = data.ConsumeBytes(data.ConsumeIntInRange(0, 60))
    return content[:at] + fresh + content[at + gone :]


def cell_changed(data: atheris.FuzzedDataProvider, content: bytes) -> bytes:
    """Replace one cell of a table of text."""
    rows = content.decode("utf-8").split("\n")
    at = data.ConsumeIntInRange(0, len(rows) - 1)
    cells = rows[at].split(",")
    cells[data.ConsumeIntInRange(0, len(cells) - 1)] = data.ConsumeUnicodeNoSurrogates(30)
    rows[at] = ",".join(cells)
    return "\n".join(rows).encode()


def folder(data: atheris.FuzzedDataProvider, out: Path) -> tuple[str, list[Issue]]:
    """Change one file of a scenario folder and check it."""
    names = sorted(path.name for path in TINY.iterdir() if path.suffix in (".csv", ".toml"))
    name = data.PickValueInList(names)
    for one in names:
        content = (TINY / one).read_bytes()
        if one == name:
            content = cell_changed(data, content) if data.ConsumeBool() else changed(data, content)
        (out / one).write_bytes(content)
    return "folder", checked(out)


def workbook(data: atheris.FuzzedDataProvider, out: Path) -> tuple[str, list[Issue]]:
    """Change the archive of a workbook, or one of its parts, and check it."""
    path = out / "d.xlsx"
    path.write_bytes(book_changed(data, BOOK))
    return "workbook", checked(path)


def book_changed(data: atheris.FuzzedDataProvider, book: bytes) -> bytes:
    """Change bytes of an archive, or of one of its parts."""
    if data.ConsumeIntInRange(0, 4) == 0:
        return changed(data, book)
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = data.PickValueInList(sorted(parts))
    parts[name] = changed(data, parts[name])
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for each, content in parts.items():
            archive.writestr(each, content)
    return made.getvalue()


def plan(data: atheris.FuzzedDataProvider, out: Path) -> tuple[str, list[Issue]]:
    """Change a plan and judge it."""
    content = cell_changed(data, PLAN) if data.ConsumeBool() else changed(data, PLAN)
    (out / "plan.csv").write_bytes(content)
    try:
        return "plan", list(app.audit(TINY, out / "plan.csv").problem.warnings)
    except InputsAreWrong as wrong:
        return "plan", list(wrong.issues)


def imported(data: atheris.FuzzedDataProvider, out: Path) -> tuple[str, list[Issue]]:
    """Change a roster, as a workbook or as text, and import it."""
    as_text = data.ConsumeBool()
    path = out / ("r.csv" if as_text else data.PickValueInList(["r.xlsx", "r.xls"]))
    path.write_bytes(cell_changed(data, ROSTER) if as_text else book_changed(data, BOOK))
    try:
        return "import", list(app.imported([path], None, names=True).issues)
    except InputsAreWrong as wrong:
        return "import", list(wrong.issues)


def checked(path: Path) -> list[Issue]:
    """Check a scenario; its issues."""
    return list(app.missing(path))


TARGETS: list[Change] = [folder, workbook, plan, imported]
BOOK = app.template(TINY, "zh", TINY)
PLAN = b""
ROSTER = (
    "学校名称,姓名,性别,出生年月,身份证号,任教学段,主教学科,兼教学科,教师资格层次,职称,参加工作年月\n"
    "第一小学,甲,男,1980年3月,,小学,语文,道德与法治、劳动,小学,一级教师,2002-09\n"
    "第二中学,乙,女,19850307,,初中,数学,,初级中学,高级教师,2007.09\n"
).encode()


def main() -> None:
    """Run the inputs and print what became of them."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    global PLAN
    PLAN = solved()
    told: Counter[str] = Counter()
    longest = [0.0]

    def one(content: bytes) -> None:
        data = atheris.FuzzedDataProvider(content)
        target = TARGETS[data.ConsumeIntInRange(0, len(TARGETS) - 1)]
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as out:
            name, issues = target(data, Path(out))
        for issue in issues:
            for language in ("zh", "en"):
                said = issue.say(language)
                if said != " ".join(said.splitlines()):
                    raise RuntimeError(f"an issue of several lines: {said!r}")
        longest[0] = max(longest[0], time.perf_counter() - began)
        kind = "refused" if any(issue.severity == "error" for issue in issues) else "read"
        told[f"{name} {kind}"] += 1
        if sum(told.values()) == given.runs:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(
                {**dict(sorted(told.items())), "longest seconds": round(longest[0], 2), "peak MB": peak},
                flush=True,
            )

    atheris.Setup(
        ["fuzz", f"-runs={given.runs}", f"-seed={given.seed}", f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}",
         "-max_len=400", "-len_control=0", "-verbosity=0"],
        one,
    )  # fmt: skip
    atheris.Fuzz()


def solved() -> bytes:
    """Return a plan of the district as a file."""
    from allocator.report.files import plan_rows, table

    return table(plan_rows(app.solve(TINY)), "zh").encode()


if __name__ == "__main__":
    main()
