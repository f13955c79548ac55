"""The Story as one HTML page that needs nothing but itself."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from itertools import count
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from allocator.report.echarts import options
from allocator.report.parts import Drawing, Leaves, Mark, Table
from allocator.report.story import Story
from allocator.words import Text, say, text

_WORDS = {
    "skip": text("To the content"),
    "contents": text("Contents"),
    "unfold": text("Unfold everything"),
    "fold": text("Fold everything"),
    "find": text("Find a teacher, a school or anything else:"),
    "closer": text("closer"),
    "farther": text("farther"),
    "further": text("Further"),
    "undrawn": text("The drawing needs scripts, which are off here; all its numbers stand in the tables."),
}
_SCHOOLS, _TEACHERS = ("School", "From", "To", "Pupils go to"), ("Teacher",)  # heads of their columns
_SHORT = 10  # characters of a cell that is not broken over lines: numbers, codes, Chinese words
_SORTED = 4  # rows, from which a table can be sorted


def page(story: Story) -> str:
    """Render a story; every value is escaped, and no script runs but the page's own, which its policy names."""
    template = template_of("page.html.j2")
    say_it = partial(show_cell, language=story.language)
    scripts = _scripts(drawn=bool(story.drawings))
    numbers = count(1)
    return template.render(
        story=story,
        show=say_it,
        cell=partial(_cell, language=story.language, story=story),
        mark=partial(_mark, language=story.language),
        kind=_kind,
        number=lambda: next(numbers),
        data=lambda drawing: _data(options(drawing, say_it)),
        sort=lambda table: len(table.rows) >= _SORTED,
        scripts=scripts,
        allowed=" ".join(f"'sha256-{_hash(script)}'" for script in scripts),
        words={name: say(words, story.language) for name, words in _WORDS.items()},
        version=version("allocator"),
    )


def template_of(name: str) -> Template:
    """Return a template of the package: every value in it is escaped, and a name that is not given is an error."""
    surroundings = Environment(
        loader=PackageLoader("allocator.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return surroundings.get_template(name)


def _scripts(*, drawn: bool) -> list[Markup]:
    """Return the scripts of the package: what draws, where something is drawn, and the page's own."""
    folder = files("allocator.report")
    names = (["vendor/echarts.min.js"] if drawn else []) + ["templates/page.js"]
    return [Markup(folder.joinpath(*name.split("/")).read_text(encoding="utf-8")) for name in names]


def _hash(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()


def _data(found: Mapping[str, Any]) -> Markup:
    """Put options into a script element as data: nothing in them can end it."""
    written = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return Markup(written.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _kind(block: Table | Leaves | Drawing) -> str:
    return "table" if isinstance(block, Table) else "leaves" if isinstance(block, Leaves) else "drawing"


def show_cell(cell: Any, language: str) -> str:
    """Say what stands in a cell."""
    words = cell.words if isinstance(cell, Mark) else cell
    return say(words, language) if isinstance(words, Text) else str(words)


def _cell(cell: Any, table: Table, column: int, language: str, story: Story) -> str | Markup:
    """Show a cell, as a link where it leads somewhere: by itself, or as a school or teacher in a column of them."""
    shown = show_cell(cell, language)
    to = cell.to if isinstance(cell, Mark) else None
    head = table.columns[column].template
    if to is None and head in _SCHOOLS:
        to = story.schools.get(shown)
    if to is None and head in _TEACHERS and not table.at:
        to = story.teachers.get(shown)
    return Markup('<a href="#{}">{}</a>').format(quote(to, safe=""), shown) if to else shown


def _mark(cell: Any, language: str) -> Markup:
    """Attributes of a cell: good, bad, short, its shade, and what it is sorted by."""
    judged, key = [], None
    if isinstance(cell, Mark):
        judged = [] if cell.good is None else ["good" if cell.good else "bad"]
        judged += [f"{'over' if cell.shade > 0 else 'under'}{abs(cell.shade)}"] if cell.shade else []
        key = cell.key
    named = " ".join(judged + ["short"] * (len(show_cell(cell, language)) <= _SHORT))
    shown = Markup(' class="{}"').format(named) if named else Markup("")
    return shown + (Markup(' data-key="{}"').format(f"{key:.10g}") if key is not None else Markup(""))
