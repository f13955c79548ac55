"""Gap over time: one picture a case."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt

_COLOURS = {"engine": "#0b5394", "CP-SAT": "#b45f06", "HiGHS": "#38761d", "network flow": "#741b47"}
_LEAST = 1e-3  # per cent; what is proved to the end is drawn here
_STYLE: dict[Any, Any] = {
    "font.size": 11,
    "svg.hashsalt": "benchmarks",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_NAMES = {"engine": "engine", "cpsat": "CP-SAT", "highs": "HiGHS", "flow": "network flow"}
_PREFERRED = ("evenness", "burden", "moves", "coverage")


def plot(trace: Path) -> list[Path]:
    """Draw a picture for every case of a trace beside it; returns the files written."""
    with trace.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    written = []
    for case in dict.fromkeys(row["case"] for row in rows):
        lines = _lines([row for row in rows if row["case"] == case])
        if lines is not None:
            path = trace.with_name(f"{trace.stem.removesuffix('-trace')}-{case}.svg")
            _draw(path, case, *lines)
            written.append(path)
    return written


def _lines(rows: list[dict[str, str]]) -> tuple[str, dict[str, list[tuple[float, float]]]] | None:
    """Return the level that is drawn and the gap in per cent over the seconds by label; None for nothing to draw."""
    for level in _PREFERRED:
        lines: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for row in rows:
            if row["level"] == level and row["gap"]:
                percent = max(100 * min(float(row["gap"]), 1.0), _LEAST)
                lines[_label(row)].append((float(row["seconds"]), percent))
        if lines:
            return level, dict(lines)
    return None


def _label(row: dict[str, str]) -> str:
    """Name the method, and what it held or left out: its gap is one of a simpler problem then."""
    name = _NAMES.get(row["method"], row["method"])
    return f"{name} ({row['simplified']})" if row["simplified"] else name


def _draw(path: Path, case: str, level: str, lines: dict[str, list[tuple[float, float]]]) -> None:
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
        for label, points in lines.items():
            seconds, gaps = zip(*points, strict=True)
            axes.step(
                seconds,
                gaps,
                where="post",
                marker="o",
                markersize=3,
                color=_COLOURS.get(label.partition(" (")[0]),
                label=label,
            )
        axes.set_yscale("log")
        axes.set_ylim(_LEAST * 0.7, 130)
        if max(s for points in lines.values() for s, _ in points) > 20:
            axes.set_xscale("symlog", linthresh=1.0)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlabel("seconds since solving began")
        axes.set_ylabel("gap, % (at most 0.001 is drawn as 0.001)")
        axes.set_title(f"{case}: {level}")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None})
        plt.close(figure)
