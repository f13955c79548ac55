"""Drawings as pictures for slides, with a font of the package's own, so that Chinese is shown on any machine."""

from __future__ import annotations

import logging
import os
import textwrap
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from importlib.resources import as_file, files
from io import BytesIO
from typing import TYPE_CHECKING, Any

from allocator.report.colours import BAD, BEFORE, GOOD, LIMIT, LINE, NEUTRAL, ZONES
from allocator.report.html import show_cell
from allocator.report.parts import Chart, Drawing, Flow, Map, Pairs
from allocator.report.story import Story
from allocator.words import Text, text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Show = Callable[[Any], str]

_WIDE, _LETTERS = 10.0, 130  # inches of a picture, and letters of a line below it
_LONGEST, _NAME = 400, 60  # letters of a text, and of the name of a school
_CHINESE = "\u2e80"  # from here on a letter is as wide as two
_FONT = "DroidSansFallbackFull.ttf"
FORMATS = ("svg", "png")


def figures(story: Story) -> dict[str, bytes]:
    """Return every drawing of a story as SVG and as PNG by file name, numbered in their order.

    The same story gives the same bytes. Letters are outlines, so that no font is needed where they are shown.
    """
    mpl = _matplotlib()
    from matplotlib import font_manager

    with as_file(files("allocator.report").joinpath("vendor", _FONT)) as font:
        font_manager.fontManager.addfont(str(font))
        family = [font_manager.FontProperties(fname=str(font)).get_name()]
    settings = {
        "font.family": ["DejaVu Sans", *family],
        "font.size": 10.0,
        "svg.fonttype": "path",
        "svg.hashsalt": "allocator",
        "axes.unicode_minus": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    found: dict[str, bytes] = {}
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()  # whatever the machine says
        mpl.rcParams.update(settings)
        warnings.filterwarnings("ignore", "Glyph")  # a letter that no font has is drawn as a box
        for i, drawing in enumerate(story.drawings, start=1):
            figure = _figure(drawing, story)
            for form in FORMATS:
                found[f"figure-{i:02d}-{_name(drawing)}.{form}"] = _saved(figure, form)
    return found


def _matplotlib() -> Any:
    """Load matplotlib, whatever settings of it lie about, and without its messages."""
    os.environ["MPLBACKEND"] = "agg"
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    import matplotlib

    return matplotlib


def _name(drawing: Drawing) -> str:
    return {Chart: "curve", Pairs: "before-after", Map: "map", Flow: "flow"}[type(drawing)]


def _saved(figure: Figure, form: str) -> bytes:
    out = BytesIO()
    metadata = {"Date": None, "Creator": "allocator"} if form == "svg" else {"Software": "allocator"}
    figure.savefig(out, format=form, dpi=160, metadata=metadata, bbox_inches="tight", facecolor="white")
    return out.getvalue()


def _figure(drawing: Drawing, story: Story) -> Figure:
    """Draw one, with its title above, and the title and the notice of the story below it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    show = partial(_show, language=story.language)
    figure = Figure(figsize=(_WIDE, _height(drawing)))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(show(drawing.title), loc="left", fontsize=14, pad=34)
    if isinstance(drawing, Chart):
        _curve(axes, drawing, show)
    elif isinstance(drawing, Pairs):
        _pairs(axes, drawing, show)
    elif isinstance(drawing, Map):
        _map(axes, drawing, show)
    else:
        _flow(axes, drawing, show)
    below = [f"{show(story.title)} · {show(story.subtitle)}", *([show(story.notice)] if story.notice else [])]
    lines = [line for words in below for line in textwrap.wrap(words, _letters(words))]
    figure.text(
        0.0, -0.02, "\n".join(lines), fontsize=8, color="#5b6675", va="top", transform=figure.transFigure
    )
    return figure


def _letters(words: str) -> int:
    """How many letters go into a line: half as many where they are as wide as Chinese."""
    return _LETTERS // 2 if any(letter >= _CHINESE for letter in words) else _LETTERS


def _height(drawing: Drawing) -> float:
    """Inches; a map keeps its proportions."""
    if isinstance(drawing, Map):
        x, y = [p.x for p in drawing.places], [p.y for p in drawing.places]
        aspect = (max(y) - min(y)) / max(max(x) - min(x), 1e-9)
        return 1.5 + min(max(_WIDE * aspect, 3.0), _WIDE)
    if isinstance(drawing, Pairs):
        return 1.2 + 0.36 * sum(1 if len(found) == 1 else 2 for _, found in drawing.rows)
    if isinstance(drawing, Flow):
        return 1.5 + 0.42 * len(drawing.left)
    return 5.0


def _show(cell: Any, language: str) -> str:
    return _plain(show_cell(cell, language))


def _plain(shown: str) -> str:
    """Make words fit for a picture: no formula, no control character, and not longer than a line."""
    printable = "".join(letter if letter.isprintable() else "�" for letter in shown)
    short = printable if len(printable) <= _LONGEST else f"{printable[: _LONGEST - 1]}…"
    return short.replace("$", r"\$")


def _curve(axes: Axes, chart: Chart, show: Show) -> None:
    axes.plot([d.x for d in chart.dots], [d.y for d in chart.dots], "-o", color=NEUTRAL, markersize=5)
    for dots, colour, below in ((chart.dots, LIMIT, False), (chart.beside, BAD, True)):
        for dot in dots:
            if dot.label:
                axes.plot([dot.x], [dot.y], "D" if below else "o", color=colour, markersize=8)
                offset = (0, -18) if below else (4, 9)
                axes.annotate(show(dot.label), (dot.x, dot.y), offset, textcoords="offset points")
    axes.set_xlabel(show(chart.across))
    axes.set_ylabel(show(chart.up))
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="#e4e8ed")


def _pairs(axes: Axes, pairs: Pairs, show: Show) -> None:
    rows = [(i, pair) for i, (_, found) in enumerate(pairs.rows) for pair in found]
    alone = all(len(found) == 1 for _, found in pairs.rows)
    apart = 0.0 if alone else 0.16
    most = float("inf") if pairs.most is None else pairs.most
    if alone:
        for i, p in rows:
            if p.before is not None and p.after is not None:
                axes.plot([min(p.before, most), min(p.after, most)], [i, i], color=LINE, zorder=1)
    limits = [(i, p.limit) for i, p in rows if p.limit is not None]
    if pairs.line is not None:
        limits = [(i, pairs.line) for i in range(len(pairs.rows))]
    if limits:
        x, y = [x for _, x in limits], [i for i, _ in limits]
        axes.scatter(x, y, marker="|", s=320, color=LIMIT, linewidths=2.5, label=show(pairs.limit), zorder=2)
    before = [(i - apart, min(p.before, most)) for i, p in rows if p.before is not None]
    _dots(axes, before, show(text("today")), facecolors="white", edgecolors=BEFORE)
    for good, words, colour in _kinds(pairs):
        after = [(i + apart, min(p.after, most)) for i, p in rows if p.after is not None and p.good is good]
        _dots(axes, after, show(words), color=colour)
    axes.set_yticks(range(len(pairs.rows)), [show(name) for name, _ in pairs.rows])
    axes.set_ylim(len(pairs.rows) - 0.4, -0.6)
    axes.set_xlim(left=0, right=None if pairs.most is None else pairs.most * 1.02)
    axes.set_xlabel(show(pairs.across))
    axes.grid(axis="x", color="#e4e8ed")
    axes.set_axisbelow(True)
    _legend(axes)


def _kinds(pairs: Pairs) -> Sequence[tuple[bool | None, Text, str]]:
    return ((True, pairs.good, GOOD), (False, pairs.bad, BAD), (None, text("in September"), NEUTRAL))


def _dots(axes: Axes, some: Sequence[tuple[float, float]], label: str, **style: Any) -> None:
    if some:
        size = 36 if len(some) < 400 else 12
        axes.scatter(
            [x for _, x in some], [y for y, _ in some], s=size, label=label, zorder=3, clip_on=False, **style
        )


def _legend(axes: Axes) -> None:
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=5, frameon=False, fontsize=9, borderaxespad=0.2
    )


def _map(axes: Axes, drawn: Map, show: Show) -> None:
    places = drawn.places
    for way in drawn.ways:
        pupils = way.whose == "pupils"
        axes.annotate(
            "",
            (places[way.end].x, places[way.end].y),
            (places[way.start].x, places[way.start].y),
            arrowprops={
                "arrowstyle": "-|>",
                "color": BAD if pupils else LIMIT,
                "linestyle": "--" if pupils else "-",
                "alpha": 0.6,
                "linewidth": min(0.6 + way.many**0.5 / (5 if pupils else 2), 4),
                "connectionstyle": "arc3,rad=0.12",
                "shrinkA": 3,
                "shrinkB": 4,
            },
        )
    for whose, words, colour, line in _KINDS:
        if any(way.whose == whose for way in drawn.ways):
            axes.plot([], [], line, color=colour, label=show(words))
    largest = max(max(place.pupils for place in places), 1.0)
    zones = {zone: ZONES[i % len(ZONES)] for i, zone in enumerate(sorted({p.zone for p in places}))}
    for zone, colour in zones.items():
        _schools(
            axes, [p for p in places if p.zone == zone and p.state == "stays"], largest, zone, color=colour
        )
    closing = [p for p in places if p.state == "closes"]
    style = {"facecolors": "white", "edgecolors": BAD, "marker": "s"}
    _schools(axes, closing, largest, show(text("closes")), **style)
    opening = [p for p in places if p.state == "opens"]
    _schools(axes, opening, largest, show(text("opens")), color=GOOD, marker="^")
    axes.set_aspect("equal")
    axes.set_axis_off()
    _legend(axes)
    _labelled(axes, drawn)


_KINDS = (
    ("teachers", text("moves of teachers"), LIMIT, "-"),
    ("pupils", text("ways of pupils"), BAD, "--"),
)


def _schools(axes: Axes, places: Sequence[Any], largest: float, label: str, **style: Any) -> None:
    if places:
        size = [14 + 150 * place.pupils / largest for place in places]
        shown = f" {_plain(label)[:_NAME]}"  # matplotlib leaves out labels that begin with an underscore
        axes.scatter([p.x for p in places], [p.y for p in places], s=size, label=shown, zorder=4, **style)


def _labelled(axes: Axes, drawn: Map) -> None:
    """Name the schools as far as there is room, those that close and those with most pupils first."""
    figure = axes.figure
    figure.canvas.draw()
    order = sorted(drawn.places, key=lambda p: (p.state == "stays", -p.pupils, p.label))
    taken: list[Any] = []
    for place in order:
        label = axes.annotate(
            _plain(place.label)[:_NAME],
            (place.x, place.y),
            (6, 0),
            textcoords="offset points",
            fontsize=7.5,
            va="center",
            zorder=5,
        )
        box = label.get_window_extent()
        if any(box.overlaps(other) for other in taken):
            label.remove()
        else:
            taken.append(box)


def _flow(axes: Axes, flow: Flow, show: Show) -> None:
    """Show a matrix: from the left to the top."""
    import numpy as np

    table = np.zeros((len(flow.left), len(flow.right)))
    for i, j, many, _ in flow.amounts:
        table[i, j] = many
    axes.imshow(np.sqrt(table), cmap="Blues", aspect="auto", vmin=0, vmax=max(np.sqrt(table.max()) * 1.4, 1))
    for (i, j), n in np.ndenumerate(table):
        if n:
            axes.text(j, i, f"{n:.0f}", ha="center", va="center")
    axes.set_xticks(range(len(flow.right)), [show(name) for name in flow.right])
    axes.set_yticks(range(len(flow.left)), [show(name) for name in flow.left])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(show(text("rows: from where; columns: where to")))
