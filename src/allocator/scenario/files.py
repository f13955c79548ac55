"""Files on disk: their bytes, or the issue that hinders reading them; what is read is remembered by hash."""

from __future__ import annotations

import codecs
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from allocator.errors import NOTHING, Issue
from allocator.words import Text, text

MOST_BYTES = 500_000_000


@dataclass
class Notes:
    """What reading leaves behind: issues, hashes of the files read, and what could not be read.

    ``unread`` names a table where whole rows are lost, ``table.column`` where cells are; ``headers`` has for every
    file the header of each column as it stands there.
    """

    issues: list[Issue] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(
        self, file: str, row: int | None, column: str | None, found: Text, expected: Text, remedy: Text
    ) -> None:
        """Note an error."""
        self.issues.append(Issue(file, row, column, found, expected, remedy))

    def warn(
        self, file: str, row: int | None, column: str | None, found: Text, expected: Text, remedy: Text
    ) -> None:
        """Note a warning."""
        self.issues.append(Issue(file, row, column, found, expected, remedy, "warning"))


def content(path: Path, name: str, issues: list[Issue], hashes: dict[str, str] | None = None) -> bytes | None:
    """Read the bytes of a file.

    Parameters
    ----------
    path, name
        The file, and what it is called in issues and in the manifest.
    issues
        Takes what hinders reading.
    hashes
        Takes the SHA-256 of what was read, by name.

    Returns
    -------
    The bytes, or None with an issue.
    """

    def hindered(found: Text, remedy: Text) -> bytes | None:
        issues.append(Issue(name, None, None, found, text("a file that can be read"), remedy))
        return None

    try:
        path.lstat()
        if not path.is_file():
            return hindered(text("a folder, or a link that leads nowhere"), text("put a file in its place"))
        if path.stat().st_size > MOST_BYTES:
            return hindered(text("more than 500 MB"), text("split or clean the file"))
        found = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return hindered(NOTHING, text("put the file there"))
    except (OSError, ValueError):
        way = text("allow reading it, or close the program that holds it")
        return hindered(text("a file that may not be read"), way)
    if hashes is not None:
        hashes[name] = hashlib.sha256(found).hexdigest()
    return found


def strange(read: bytes) -> Text:
    """Say what bytes that are not UTF-8 are taken for."""
    if read.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        return text("text in UTF-16 or UTF-32 (Excel calls it 'Unicode text')")
    return text("text that is not UTF-8 (and not GB18030)")


def in_gb18030(read: bytes) -> str | None:
    """Return the text of bytes that can only be Chinese in GB18030, as Excel writes CSV; None where they may be other.

    Nearly all of its characters beyond ASCII are then of GB 2312, whose two bytes no Western text has side by side.
    """
    try:
        found = read.decode("gb18030")
    except UnicodeDecodeError:
        return None
    beyond = "".join(c for c in found if ord(c) > 127)
    common = len(beyond.encode("gb2312", "ignore")) // 2
    return found if common >= _NEARLY_ALL * len(beyond) else None


_NEARLY_ALL = 0.9


def is_workbook(path: Path) -> bool:
    """Whether a path names a workbook that can be read."""
    return path.suffix.lower() in WORKBOOKS


WORKBOOKS = (".xlsx", ".xlsm")


def is_file(path: Path) -> bool:
    """Whether a file stands at a path, whatever the path is made of."""
    return os.path.isfile(path) if "\0" not in str(path) else False


def resolved(path: Path) -> Path | None:
    """Return the path without links and dots; None where it cannot be one."""
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):
        return None


def label(folder: Path) -> str:
    """Name of a folder in issues and in the manifest."""
    name = (resolved(folder) or folder).name or "."
    return name.encode("utf-8", "replace").decode("utf-8")
