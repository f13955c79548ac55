"""How long a report takes: ``python -m benchmarks.report`` for every size, the largest with 18,610 teachers.

A plan is solved once with a short time limit; what is measured is the page and the workbook alone, each from a fresh
story, and how large they are.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from allocator import app
from allocator.report.chapters import story
from allocator.report.html import page
from allocator.report.workbook import workbook
from benchmarks.cases import registry

SIZES = ("duji-2020", "counties-10-closed")


def main(
    names: tuple[str, ...] = SIZES, seconds: float = 30.0
) -> list[tuple[str, int, int, float, float, int]]:
    """Measure reports; returns case, schools, teachers, seconds of the page and of the workbook, and bytes of the page."""
    found = []
    with TemporaryDirectory() as folder:
        for name in names:
            scenario = registry()[name].make(Path(folder))
            answer = app.answer(app.check(scenario, {"seconds": seconds}), compared=False)
            clock = [time.monotonic()]
            told = story(answer)
            shown = page(told)
            clock.append(time.monotonic())
            workbook(answer, told)
            clock.append(time.monotonic())
            n = len(answer.problem.school_ids), len(answer.problem.teachers)
            found.append((name, *n, clock[1] - clock[0], clock[2] - clock[1], len(shown.encode())))
            print(
                "{}: {} schools, {:,} teachers; page {:.2f} s, workbook {:.2f} s, {:,} bytes".format(
                    *found[-1]
                )
            )
    return found


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or SIZES)
