"""How long a province's tables take to read and check: ``python -m benchmarks.reading``.

Copies of a generated district stand side by side until there are 200,000 teachers. They are written as a folder and as a workbook,
and each is read and checked by the command line in a process of its own, which tells its peak of memory.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

DISTRICT = Path(__file__).parents[1] / "scenarios" / "duji-2019"
TEACHERS = 200_000
_CODES = ("school_id", "parent_id", "teacher_id", "couple_id", "contract_school", "exchange_from")
_LISTS = ("wishes", "visits", "former_schools")


def copies(folder: Path, teachers: int) -> int:
    """Write so many copies of the district side by side that there are at least so many teachers; returns how many there are."""
    folder.mkdir()
    tables = {
        name: pd.read_csv(DISTRICT / f"{name}.csv", dtype=str, keep_default_na=False)
        for name in ("schools", "sections", "teachers")
    }
    n = -(-teachers // len(tables["teachers"]))
    for name, table in tables.items():
        pd.concat([_copy(table, k) for k in range(n)]).to_csv(folder / f"{name}.csv", index=False)
    (folder / "scenario.toml").write_text(
        'title = "copies"\nschool_year = 2020\nlanguage = "en"\n', encoding="utf-8"
    )
    return n * len(tables["teachers"])


def _copy(table: pd.DataFrame, k: int) -> pd.DataFrame:
    """Return one copy: its codes and places are its own."""
    made = table.copy()
    for column in table.columns.intersection(list(_CODES)):
        made[column] = [f"{code}-{k}" if code else "" for code in table[column]]
    for column in table.columns.intersection(list(_LISTS)):
        made[column] = [
            ";".join(f"{code}-{k}" for code in cell.split(";")) if cell else "" for cell in table[column]
        ]
    if "pin" in table:
        made["pin"] = [f"{code}-{k}" if code not in ("", "stay") else code for code in table["pin"]]
    if "name" in table:
        made["name"] = [f"{name}{k}" if name else "" for name in table["name"]]
    if "lat" in table:
        made["lat"] = [f"{float(cell) + k * 1e-5:.6f}" for cell in table["lat"]]
    return made


def timed(*command: str) -> tuple[float, float, int]:
    """Run a command of the program; returns seconds, the largest peak of memory of any so far in MB, and the exit code."""
    began = time.perf_counter()
    run = subprocess.run([sys.executable, "-m", "allocator", *command], capture_output=True, check=False)
    seconds = time.perf_counter() - began
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, run.returncode


def main(arguments: list[str] | None = None) -> int:
    """Print what reading takes; the peak is the largest of the steps so far."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--teachers", type=int, default=TEACHERS)
    given = asked.parse_args(arguments)
    failed = False
    with tempfile.TemporaryDirectory() as place:
        folder, book = Path(place) / "copies", Path(place) / "copies.xlsx"
        n = copies(folder, given.teachers)
        for what, command in (
            ("check the folder", ("check", str(folder))),
            ("write the workbook", ("template", str(folder), "--out", str(book))),
            ("check the workbook", ("check", str(book))),
        ):
            seconds, peak, code = timed(*command)
            failed |= code != 0
            size = book.stat().st_size / 1e6 if book.exists() else 0.0
            print(
                f"{n} teachers: {what}: {seconds:.1f} s, peak {peak:.0f} MB, exit {code}, workbook {size:.1f} MB"
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
