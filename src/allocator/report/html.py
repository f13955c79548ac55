"""The Story as one HTML page that needs nothing but itself."""

from __future__ import annotations

import re
from functools import partial
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from allocator.report.parts import Mark
from allocator.report.story import Story
from allocator.words import Text, say

_NUMBER = re.compile(r"[-+−≤—]? ?[\d.,]*%?")


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
    show = partial(_show, language=story.language)
    return template.render(story=story, show=show, mark=_mark, version=version("allocator"))


def _show(cell: Any, language: str) -> str:
    words = cell.words if isinstance(cell, Mark) else cell
    return say(words, language) if isinstance(words, Text) else str(words)


def _mark(cell: Any) -> str:
    """Class of a cell: good, bad, number or nothing."""
    if isinstance(cell, Mark) and cell.good is not None:
        return "good" if cell.good else "bad"
    words = cell.words if isinstance(cell, Mark) else cell
    return "number" if isinstance(words, str) and _NUMBER.fullmatch(words) else ""
