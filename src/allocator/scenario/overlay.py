"""What is laid over a scenario without a file: closures, openings and recruits that a question asks for.

It is read as a layer with the same settings and rows would be, with the same checks; what is wrong is told where it was
asked. The code of a recruit is the first that is free.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from allocator.errors import Issue, quoted
from allocator.words import Text, text

_CLOSE, _OPEN = "--close", "--open"
_KIND = re.compile(r"([^/=]+)/([^/=]+)/([^/=]+)(?:=(\d{1,4}))?", re.ASCII)
_CODE = re.compile(r"[a-z_]{1,40}")
_MOST = 1000
_COLUMNS = ("teacher_id", "subject", "certificate", "degree", "recruit")
Kind = tuple[str, str, str]
"""Subject, certificate and degree of a recruit, as the columns of teachers.csv have them."""


def kind(given: str) -> tuple[Kind, int] | None:
    """Read SUBJECT/CERTIFICATE/DEGREE, or that and =NUMBER; None where it is neither."""
    found = _KIND.fullmatch(given.strip())
    if found is None:
        return None
    subject, certificate, degree, many = found.groups()
    n = int(many or 1)
    return ((subject, certificate, degree), n) if 1 <= n <= _MOST else None


@dataclass(frozen=True)
class Overlay:
    """What is asked for, each as it was written.

    Parameters
    ----------
    close
        ``P21=N06``: the school closes and its pupils go to another; ``P21`` alone: to the nearest.
    opening
        Planned schools that open.
    recruit
        ``pe/junior/bachelor=2``: two new teachers with this subject, certificate and degree.
    recruit_by
        The option by which recruits are asked for.
    """

    close: tuple[str, ...] = ()
    opening: tuple[str, ...] = ()
    recruit: tuple[str, ...] = ()
    recruit_by: str = "--recruit"

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that stand above those of the scenario."""
        closures = {school: {"to": to} for school, to in map(_closure, self.close) if school and to}
        openings = {school: True for school in map(str.strip, self.opening) if school}
        return {k: v for k, v in (("closures", closures), ("openings", openings)) if v}

    def rows(self, taken: Collection[str]) -> Iterator[tuple[str, list[list[str]]]]:
        """Yield the rows of teachers.csv of each kind of recruits, with their header, and what they are called in issues."""
        known = set(taken)
        for given in self.recruit:
            read = kind(given)
            if read is None:
                continue
            rows = [list(_COLUMNS)]
            for _ in range(read[1]):
                code = _free(read[0][0], known)
                known.add(code)
                rows.append([code, *read[0], "yes"])
            yield _label(self.recruit_by, given), rows

    def issues(self) -> Iterator[Issue]:
        """Report what cannot be read."""
        schools = [_closure(given) for given in self.close]
        for given, (school, to) in zip(self.close, schools, strict=True):
            if not school or not to:
                expected, way = text("SCHOOL=RECEIVER, or SCHOOL alone"), text("write for example P21=N06")
                yield _issue(_CLOSE, quoted(given), expected, way)
        for school in sorted(
            {s for n, (s, _) in enumerate(schools) if s and s in [o for o, _ in schools[:n]]}
        ):
            found = text("{value} a second time", value=quoted(school))
            yield _issue(_CLOSE, found, text("each school once"), text("leave one of them out"))
        if any(not given.strip() for given in self.opening):
            yield _issue(
                _OPEN, text("nothing"), text("the code of a planned school"), text("name the school")
            )
        for given in self.recruit:
            if kind(given) is None:
                expected = text(
                    "SUBJECT/CERTIFICATE/DEGREE=NUMBER, with a number from 1 to {most}", most=_MOST
                )
                way = text("write for example pe/junior/bachelor=2")
                yield _issue(self.recruit_by, quoted(given), expected, way)

    def told(self, issues: Iterable[Issue], file: str) -> list[Issue]:
        """Tell issues where they were asked for, in place of rows and keys that no file has, and each once.

        Parameters
        ----------
        file
            What scenario.toml is called in issues.
        """
        keys = {
            f"closures.{school}": _label(_CLOSE, given)
            for given in self.close
            for school, _ in [_closure(given)]
        }
        keys |= {f"openings.{given.strip()}": _label(_OPEN, given) for given in self.opening}
        labels = {_label(self.recruit_by, given) for given in self.recruit}
        return list(dict.fromkeys(_moved(issue, file, keys, labels) for issue in issues))


def _moved(issue: Issue, file: str, keys: Mapping[str, str], labels: Collection[str]) -> Issue:
    if issue.file in labels:
        return replace(issue, row=None)
    for key, label in keys.items():
        if issue.file == file and f"{issue.column}.".startswith(f"{key}."):
            return replace(issue, file=label, column=None)
    return issue


def _closure(given: str) -> tuple[str, str]:
    """Split a closure into school and receiver."""
    school, sign, to = given.partition("=")
    return school.strip(), to.strip() if sign else "nearest"


def _free(subject: str, known: Collection[str]) -> str:
    """Make a code that nobody has; of a subject that cannot be one, the code says nothing."""
    stem = f"new-{subject}" if _CODE.fullmatch(subject) else "new"
    return next(code for n in count(1) if (code := f"{stem}-{n}") not in known)


def _label(option: str, given: str) -> str:
    """Name an option with its value, as it may be shown."""
    return f"{option} {quoted(given.strip()).values['value']}"


def _issue(option: str, found: Text, expected: Text, way: Text) -> Issue:
    return Issue(option, None, None, found, expected, way)
