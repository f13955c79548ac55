"""Drawings: a chart as SVG that needs no program and no file but the page it stands in."""

from __future__ import annotations

from collections.abc import Callable
from math import floor, log10
from typing import Any

from markupsafe import Markup

from allocator.report.parts import Chart

_WIDTH, _HEIGHT = 860, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 40, 40, 52
_TICKS = 6
_NEAR_EDGE = 0.75  # of the width: labels from there on stand on the left of their points


def drawn(chart: Chart, show: Callable[[Any], str]) -> Markup:
    """Draw a chart; ``show`` says texts in the language of the page, and everything it says is escaped."""
    across = _ticks(min(d.x for d in chart.dots), max(d.x for d in chart.dots))
    up = _ticks(0.0, max(d.y for d in chart.dots))

    def x(value: float) -> float:
        return _LEFT + (value - across[0]) / (across[-1] - across[0]) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - up[0]) / (up[-1] - up[0]) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img"><title>{}</title>').format(
            _WIDTH, _HEIGHT, show(chart.title)
        )
    ]
    for tick in up:
        parts.append(
            Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
                _LEFT, _WIDTH - _RIGHT, y(tick), y(tick)
            )
        )
        parts.append(_words(_LEFT - 8, y(tick) + 4, f"{tick:g}", "end"))
    parts += [_words(x(tick), _HEIGHT - _BOTTOM + 20, f"{tick:g}", "middle") for tick in across]
    parts.append(_words((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, show(chart.across), "middle"))
    parts.append(_words(8, 14, show(chart.up), "start"))
    way = " ".join(f"{x(d.x):.1f},{y(d.y):.1f}" for d in chart.dots)
    parts.append(Markup('<polyline class="curve" points="{}"/>').format(way))
    for dot in chart.dots:
        kind = "dot named" if dot.label else "dot"
        parts.append(
            Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>').format(
                kind, x(dot.x), y(dot.y), 6 if dot.label else 4, show(dot.said)
            )
        )
        if dot.label:
            side, anchor = (10, "start") if x(dot.x) < _WIDTH * _NEAR_EDGE else (-10, "end")
            parts.append(_words(x(dot.x) + side, y(dot.y) - 10, show(dot.label), anchor, "label"))
    return Markup("").join([*parts, Markup("</svg>")])


def _words(x: float, y: float, words: str, anchor: str, kind: str = "axis") -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        kind, x, y, anchor, words
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from below the least to above the most."""
    span = max(high - low, abs(high) * 1e-6, 1e-9)
    unit = 10 ** floor(log10(span / _TICKS))
    step = next(unit * m for m in (1, 2, 5, 10, 20) if span / (unit * m) <= _TICKS)
    first, last = floor(low / step), -floor(-high / step)
    return [round(step * k, 12) for k in range(first, max(last, first + 1) + 1)]
