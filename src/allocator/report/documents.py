"""Notices written: Word documents, pages to print, and the index that lists them."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

from allocator.report.files import table, write_files
from allocator.report.html import show_cell, template_of
from allocator.report.notices import Notice, Notices

_OURS = re.compile(r"(schools|teachers)/[\w-]{1,100}\.docx")
_INDEX = ("kind", "code", "file", "sha256")
_LARGEST = 50_000_000  # bytes of an index


def write_notices(told: Notices, out: Path) -> list[Path]:
    """Write all notices for the owner alone: documents, pages to print, and notices.csv, which lists them.

    Documents of an earlier run that its notices.csv lists, that are still as they were written, and that are not
    written now, go.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    from allocator.report.word import documents  # loaded only where notices are written

    index = [("public", "", "public.docx", "")]
    every = [told.public, *told.schools, *told.teachers]
    made = iter(documents(told, every))
    contents: dict[str, str | bytes] = {
        "public.docx": next(made),
        "public.html": printed(told, (told.public,)),
        "schools.html": printed(told, told.schools),
        "teachers.html": printed(told, told.teachers),
    }
    for kind, some in (("school", told.schools), ("teacher", told.teachers)):
        for one in some:
            file = f"{kind}s/{one.file}.docx"
            contents[file] = next(made)
            index.append((kind, one.code, file, _digest(contents[file])))
    rows = [dict(zip(_INDEX, row, strict=True)) for row in index]
    contents["notices.csv"] = table(rows, told.language, _INDEX)
    earlier = _listed(out / "notices.csv")
    written = write_files(contents, out, told.notice)
    here = {name.casefold() for name in contents}
    for name, digest in earlier.items():
        path = out / name
        ours = name.casefold() not in here and path.is_file() and not path.is_symlink()
        if ours and _digest(path.read_bytes()) == digest:
            path.unlink()
    return written


def _digest(content: str | bytes) -> str:
    return sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()


def _listed(index: Path) -> dict[str, str]:
    """Return the documents that the notices.csv of an earlier run lists, with their SHA-256; none where it cannot be read."""
    if index.is_symlink() or not index.is_file() or index.stat().st_size > _LARGEST:
        return {}
    try:
        with index.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return {}
    return {str(r.get("file")): str(r.get("sha256")) for r in rows if _OURS.fullmatch(str(r.get("file")))}


def printed(told: Notices, some: Sequence[Notice]) -> str:
    """Return notices as one page in which each begins on a sheet of its own; every value is escaped."""
    template = template_of("notices.html.j2")
    return template.render(told=told, notices=some, show=partial(show_cell, language=told.language))
