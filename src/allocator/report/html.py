"""The Story as one HTML page that needs nothing but itself."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from allocator.report.parts import Mark
from allocator.report.story import Story
from allocator.report.svg import drawn
from allocator.words import Text, say

_SHORT = 10  # characters of a cell that is not broken over lines: numbers, codes, Chinese words


def page(story: Story) -> str:
    """Render a story; every value is escaped."""
    surroundings = Environment(
        loader=PackageLoader("allocator.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = surroundings.get_template("page.html.j2")
    show, mark = partial(_show, language=story.language), partial(_mark, language=story.language)
    charts = [drawn(chart, show) for chart in story.charts]
    return template.render(story=story, charts=charts, show=show, mark=mark, version=version("allocator"))


def _show(cell: Any, language: str) -> str:
    words = cell.words if isinstance(cell, Mark) else cell
    return say(words, language) if isinstance(words, Text) else str(words)


def _mark(cell: Any, language: str) -> str:
    """Classes of a cell: good, bad, short."""
    good = cell.good if isinstance(cell, Mark) else None
    judged = [] if good is None else ["good" if good else "bad"]
    return " ".join(judged + ["short"] * (len(_show(cell, language)) <= _SHORT))
