"""The command: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.cases import DATA, Case, registry, smoke
from benchmarks.methods import METHODS
from benchmarks.page import fill
from benchmarks.plot import plot
from benchmarks.profile import profile
from benchmarks.run import RESULTS, commit, run


def main(arguments: list[str]) -> int:
    """Run what was asked for; returns the exit code."""
    given = _parser().parse_args(arguments)
    if given.docs:
        fill(given.docs)
        return 0
    if given.list:
        for case in registry().values():
            print(f"{case.id:20} gap {case.gap:<7g} {case.seconds:6g} s  {case.what}")
        return 0
    known = smoke() if given.smoke else registry()
    if given.profile:
        case = known[given.profile]
        path = given.out / f"{commit()}-{case.id}-profile.csv"
        print(profile(_within(case, given.seconds), given.data, path))
        return 0
    cases = [_within(known[name], given.seconds) for name in given.cases or known]
    results = run(cases, tuple(given.methods or METHODS), given.out, given.data)
    print(results.results, results.trace, *plot(results.trace), sep="\n")
    return 0


def _within(case: Case, seconds: float | None) -> Case:
    return case if seconds is None else replace(case, seconds=seconds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Benchmarks of the engine.")
    parser.add_argument("--cases", nargs="+", choices=registry(), metavar="CASE", help="all if not given")
    parser.add_argument("--methods", nargs="+", choices=METHODS, metavar="METHOD", help=", ".join(METHODS))
    parser.add_argument("--seconds", type=float, help="limit of the levels together, in place of the case's")
    parser.add_argument("--smoke", action="store_true", help="three small cases at a loose gap, in seconds")
    parser.add_argument("--list", action="store_true", help="print the cases")
    parser.add_argument(
        "--profile", choices=registry(), metavar="CASE", help="where the time of one case goes"
    )
    parser.add_argument("--docs", type=Path, metavar="CSV", help="put a results file into docs/benchmarks.md")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the generated scenarios")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
