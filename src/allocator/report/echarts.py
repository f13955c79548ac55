"""Drawings as options of Apache ECharts: plain data, without a function in it.

The script of the page adds what is shown to whoever points at something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from allocator.report.colours import BAD, BEFORE, GOOD, LIMIT, LINE, NEUTRAL, ZONES
from allocator.report.parts import Chart, Dot, Drawing, Flow, Map, Pair, Pairs, Place
from allocator.words import text

Show = Callable[[Any], str]
Option = dict[str, Any]

_ROW, _HEAD = 30, 88  # height of a row of names and of what stands around the rows, pixels
_MANY_WAYS = 300  # ways of teachers, from which they are drawn only when asked for
_APART = "\u200b"  # makes the name of a zone another one than that of a kind of line or school
_NAME = 60  # letters of a label
_MANY_DOTS = 100  # of a row, from which they are drawn smaller
_LEAST, _MOST = 6.0, 26.0  # size of a school, pixels
_NEAR_EDGE = 0.7  # of the width of a map: labels from there on stand on the left of their schools


def options(drawing: Drawing, show: Show) -> Option:
    """Return the height in pixels, the options, and the outline of a map where there is one.

    Parameters
    ----------
    show
        Says texts in the language of the page.
    """
    if isinstance(drawing, Chart):
        return {"height": 380, "option": _chart(drawing, show)}
    if isinstance(drawing, Pairs):
        rows = sum(1 if len(pairs) == 1 else 2 for _, pairs in drawing.rows)
        return {"height": _HEAD + _ROW * rows, "option": _pairs(drawing, show)}
    if isinstance(drawing, Map):
        outline, aspect = _outline(drawing.places)
        return {"height": 620, "aspect": aspect, "option": _map(drawing, show), "outline": outline}
    rows = max(len(drawing.left), len(drawing.right))
    return {"height": max(220, 46 * rows), "option": _flow(drawing, show)}


def _base(**more: Any) -> Option:
    return {
        "animation": False,
        "textStyle": {},
        "tooltip": {"trigger": "item", "confine": True},
        **more,
    }


def _chart(chart: Chart, show: Show) -> Option:
    axis = {"type": "value", "splitLine": {"show": False}, "nameLocation": "middle"}
    return _base(
        grid={"left": 64, "right": 40, "top": 48, "bottom": 56},
        xAxis={**axis, "name": show(chart.across), "nameGap": 32, "scale": True},
        yAxis={"type": "value", "name": show(chart.up), "nameTextStyle": {"align": "left"}, "min": 0},
        series=[
            {
                "type": "line",
                "data": [_dot(dot, show, LIMIT if dot.label else NEUTRAL) for dot in chart.dots],
                "symbol": "circle",
                "lineStyle": {"color": NEUTRAL},
                "labelLayout": {"hideOverlap": True},
                "clip": False,
            },
            {
                "type": "scatter",
                "data": [_dot(dot, show, BAD, side="bottom") for dot in chart.beside],
                "symbol": "diamond",
                "z": 4,
            },
        ],
    )


def _dot(dot: Dot, show: Show, colour: str, side: str = "top") -> Option:
    label = _plain(show(dot.label)) if dot.label else ""
    return {
        "value": [dot.x, dot.y],
        "said": show(dot.said),
        "symbolSize": 12 if dot.label else 7,
        "itemStyle": {"color": colour},
        "label": {"show": bool(label), "formatter": label, "position": side},
    }


def _pairs(pairs: Pairs, show: Show) -> Option:
    """One row a name: what was before above the middle, what is after below it, and a line between single ones."""
    names = [show(name) for name, _ in pairs.rows]
    rows = [(i, pair) for i, (_, found) in enumerate(pairs.rows) for pair in found]
    alone = all(len(found) == 1 for _, found in pairs.rows)
    apart = 0 if alone else 7
    series: list[Option] = []
    if alone:
        series.append(_joined(rows, pairs.most))
    before = [(i, p.before, p) for i, p in rows if p.before is not None]
    series.append(_dots(show(text("today")), before, pairs, -apart, show, BEFORE, hollow=True))
    for good, name, colour in (
        (True, show(pairs.good), GOOD),
        (False, show(pairs.bad), BAD),
        (None, show(text("in September")), NEUTRAL),
    ):
        some = [(i, p.after, p) for i, p in rows if p.after is not None and p.good is good]
        if some:
            series.append(_dots(name, some, pairs, apart, show, colour))
    limits = [(i, p.limit, p) for i, p in rows if p.limit is not None]
    if pairs.line is not None:
        limits = [(i, pairs.line, p) for i, (_, found) in enumerate(pairs.rows) for p in found[:1]]
    if limits:
        dots = _dots(show(pairs.limit), limits, pairs, 0, show, LIMIT)
        series.append({**dots, "symbol": "rect", "symbolSize": [3, 26], "silent": True, "z": 1})
    return _base(
        legend={"top": 4, "left": "left", "type": "scroll"},
        grid={"left": 4, "right": 24, "top": 40, "bottom": 48, "containLabel": True},
        xAxis={
            "type": "value",
            "name": show(pairs.across),
            "nameLocation": "middle",
            "nameGap": 30,
            "min": 0,
            **({} if pairs.most is None else {"max": pairs.most}),
        },
        yAxis={
            "type": "category",
            "data": names,
            "inverse": True,
            "axisTick": {"show": False},
            "axisLabel": {"interval": 0},
            "splitLine": {"show": True},
        },
        series=series,
    )


def _joined(rows: Sequence[tuple[int, Pair]], most: float | None) -> Option:
    """Join what was before with what is after."""
    data = [
        {"coords": [[_within(p.before, most), i], [_within(p.after, most), i]]}
        for i, p in rows
        if p.before is not None and p.after is not None
    ]
    return {
        "type": "lines",
        "coordinateSystem": "cartesian2d",
        "data": data,
        "silent": True,
        "symbol": ["none", "arrow"],
        "symbolSize": 6,
        "lineStyle": {"color": LINE, "width": 2, "opacity": 1},
        "z": 1,
    }


def _within(value: float, most: float | None) -> float:
    return value if most is None else min(value, most)


def _dots(
    name: str,
    some: Sequence[tuple[int, float, Pair]],
    pairs: Pairs,
    apart: float,
    show: Show,
    colour: str,
    *,
    hollow: bool = False,
) -> Option:
    style = {"color": "#fff", "borderColor": colour, "borderWidth": 2} if hollow else {"color": colour}
    return {
        "type": "scatter",
        "name": name,
        "data": [{"value": [_within(x, pairs.most), i], "said": show(p.said)} for i, x, p in some],
        "symbolSize": 9 if len(some) < _MANY_DOTS * len(pairs.rows) else 5,
        "symbolOffset": [0, apart],
        "itemStyle": {**style, "opacity": 0.85},
        "cursor": "default",
        "z": 3,
    }


def _outline(places: Sequence[Place]) -> tuple[Option, float]:
    """Return a frame around the places, so that the map keeps its proportions, and how high it is for its width."""
    x, y = [p.x for p in places], [p.y for p in places]
    edge = 0.06 * max(max(x) - min(x), max(y) - min(y), 0.5)
    left, right, low, high = min(x) - edge, max(x) + edge, min(y) - edge, max(y) + edge
    ring = [[left, low], [right, low], [right, high], [left, high], [left, low]]
    frame = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"name": ""}, "geometry": frame}
    aspect = round((high - low) / (right - left), 4)
    return {"type": "FeatureCollection", "features": [feature]}, aspect


def _map(drawn: Map, show: Show) -> Option:
    zones = sorted({place.zone for place in drawn.places})
    largest = max(max(place.pupils for place in drawn.places), 1.0)
    west, east = (end(place.x for place in drawn.places) for end in (min, max))
    edge = west + _NEAR_EDGE * (east - west)
    own = [
        show(words)
        for words in (text("moves of teachers"), text("ways of pupils"), text("closes"), text("opens"))
    ]
    series = [
        _lines(drawn, "teachers", show(text("moves of teachers")), LIMIT, show, solid=True),
        _lines(drawn, "pupils", show(text("ways of pupils")), BAD, show, solid=False),
    ]
    kinds = [(zone, ZONES[i % len(ZONES)]) for i, zone in enumerate(zones)]
    for zone, colour in kinds:
        stays = [p for p in drawn.places if p.zone == zone and p.state == "stays"]
        series.append(
            _schools(zone + _APART * (zone in own), stays, (largest, edge), show, {"color": colour}, "circle")
        )
    closing = [p for p in drawn.places if p.state == "closes"]
    hollow = {"color": "#fff", "borderColor": BAD, "borderWidth": 2}
    series.append(_schools(show(text("closes")), closing, (largest, edge), show, hollow, "rect"))
    opening = [p for p in drawn.places if p.state == "opens"]
    series.append(_schools(show(text("opens")), opening, (largest, edge), show, {"color": GOOD}, "triangle"))
    many = sum(way.whose == "teachers" for way in drawn.ways) > _MANY_WAYS
    return _base(
        legend={
            "top": 4,
            "left": "left",
            "type": "scroll",
            "selected": {series[0]["name"]: False} if many else {},
        },
        geo={
            "map": "district",
            "roam": "move",
            "silent": True,
            "aspectScale": 1,
            "preserveAspect": True,
            "top": 44,
            "bottom": 12,
            "left": 12,
            "right": 12,
            "itemStyle": {"areaColor": "#f5f7fa", "borderColor": "#dde3ea"},
            "emphasis": {"disabled": True},
        },
        series=[one for one in series if one["data"]],
    )


def _schools(
    name: str, places: Sequence[Place], size: tuple[float, float], show: Show, style: Option, symbol: str
) -> Option:
    return {
        "type": "scatter",
        "coordinateSystem": "geo",
        "name": name,
        "symbol": symbol,
        "itemStyle": style,
        "data": [
            {
                "value": [round(p.x, 4), round(p.y, 4)],
                "symbolSize": round(_LEAST + (_MOST - _LEAST) * (p.pupils / size[0]) ** 0.5, 1),
                "said": show(p.said),
                "label": {"formatter": _plain(p.label), "position": "left" if p.x > size[1] else "right"},
                "to": p.at,
            }
            for p in places
        ],
        "label": {"show": True, "fontSize": 11, "color": "#1c2430"},
        "labelLayout": {"hideOverlap": True},
        "z": 4,
    }


def _plain(label: str) -> str:
    """Take out what ECharts would fill in or style, and what has no room."""
    return label[:_NAME].replace("{", "(").replace("}", ")").replace("|", "/")


def _lines(drawn: Map, whose: str, name: str, colour: str, show: Show, *, solid: bool) -> Option:
    places = drawn.places
    return {
        "type": "lines",
        "coordinateSystem": "geo",
        "name": name,
        "symbol": ["none", "arrow"],
        "symbolSize": 7,
        "itemStyle": {"color": colour},
        "lineStyle": {
            "color": colour,
            "type": "solid" if solid else "dashed",
            "opacity": 0.55,
            "curveness": 0.12,
        },
        "data": [
            {
                "coords": [[round(places[i].x, 4), round(places[i].y, 4)] for i in (way.start, way.end)],
                "lineStyle": {"width": round(min(1 + way.many**0.5 / (1.5 if solid else 4), 7), 2)},
                "said": show(way.said),
            }
            for way in drawn.ways
            if way.whose == whose
        ],
        "z": 2 if solid else 3,
    }


def _flow(flow: Flow, show: Show) -> Option:
    without = {show(text("new teachers")), show(text("in the reserve"))}
    names = sorted({show(name) for name in (*flow.left, *flow.right)} - without)
    colours = dict.fromkeys(without, BEFORE) | {n: ZONES[i % len(ZONES)] for i, n in enumerate(names)}
    nodes = [
        {
            "name": f"{side}{i}",
            "itemStyle": {"color": colours[show(name)]},
            "depth": depth,
            "said": _total(flow, depth, i, show(name)),
            "label": {"formatter": _plain(show(name))},
        }
        for depth, (side, names) in enumerate((("a", flow.left), ("b", flow.right)))
        for i, name in enumerate(names)
    ]
    links = [
        {"source": f"a{i}", "target": f"b{j}", "value": n, "said": show(said)}
        for i, j, n, said in flow.amounts
    ]
    return _base(
        series=[
            {
                "type": "sankey",
                "data": nodes,
                "links": links,
                "left": 8,
                "right": 150,
                "top": 12,
                "bottom": 12,
                "nodeGap": 14,
                "draggable": False,
                "layoutIterations": 0,
                "labelLayout": {"hideOverlap": True},
                "lineStyle": {"color": "source", "opacity": 0.35},
                "label": {"fontSize": 12, "color": "#1c2430"},
                "emphasis": {"disabled": True},
            }
        ]
    )


def _total(flow: Flow, side: int, which: int, name: str) -> str:
    return f"{name}: {sum(amount[2] for amount in flow.amounts if amount[side] == which)}"
