"""Whatever stands in a scenario folder gives issues or is accepted; never another exception."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allocator.scenario.read import read_tables
from builders import District, issues_of, overlay, own_standard, small, toml

TABLES = ("schools", "sections", "teachers", "posts", "travel", "enrolment", "forecast")
FILES = (*(f"{table}.csv" for table in TABLES), "scenario.toml", "standard.toml")
ANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _all_tables() -> District:
    """Return a district with every table and every kind of setting."""
    return (
        small(
            standard="standard.toml",
            budget={"moves": "10%"},
            objective={"levels": ["coverage", "moves"]},
            priorities={"indicators": {"teachers": 1.0}, "subjects": {"music": 2}},
            rules={"tenure.minimum": {"level": "soft", "years": 2}},
            closures={"P2": {"to": "N2"}},
            openings={"P3": True},
            published={"pupils": 430},
            travel={"speed": 40},
        )
        .school("P3", status="planned")
        .section("P3", "primary")
        .row("posts", school_id="P1", stage="primary", subject="music", posts=1, shared_with="N1:0.5")
        .row("travel", from_id="P1", to_id="P2", km=3, minutes=6)
        .row("enrolment", school_id="P1", stage="primary", g1=30)
        .row("forecast", school_id="P1", stage="primary", year="2023", g1=20)
        .file("standard.toml", toml(own_standard()))
    )


def _holds(change: Callable[[District], object]) -> None:
    """Write the whole district with a change, and hold that reading gives sayable issues or a scenario."""
    district = _all_tables()
    change(district)
    with tempfile.TemporaryDirectory() as folder:
        issues_of(district.write(Path(folder) / "district"))


def test_the_unbroken_district_reads(tmp_path):
    """What the other tests of this file break is sound, standard written out as one file included."""
    scenario = read_tables(_all_tables().write(tmp_path / "district"))
    assert scenario.standard == small().read(tmp_path / "plain").standard
    assert issues_of(tmp_path / "district") == []


@ANY
@given(st.data())
def test_any_text_in_any_cell(data):
    """Random text in a random cell, header included, of a random table."""
    table = data.draw(st.sampled_from(TABLES))
    rows = [line.split(",") for line in _all_tables().text(table).splitlines()]
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[row]) - 1))
    cell = data.draw(st.text(max_size=12) | st.from_regex(r"[-+]?\d{1,20}(\.\d*)?(e\d+)?", fullmatch=True))
    if data.draw(st.booleans()):
        cell = '"' + cell.replace('"', '""') + '"'
    rows[row][column] = cell
    text = "\n".join(",".join(cells) for cells in rows)
    _holds(lambda d: d.file(f"{table}.csv", text.encode("utf-8", "surrogatepass")))


@ANY
@given(st.sampled_from(FILES), st.binary(max_size=40), st.floats(0, 1), st.integers(0, 60))
def test_any_bytes_in_any_file(name, junk, at, gone):
    """Random bytes in place of a random piece of a random file."""
    with tempfile.TemporaryDirectory() as folder:
        content = (_all_tables().write(Path(folder)) / name).read_bytes()
    start = int(at * len(content))
    _holds(lambda d: d.file(name, content[:start] + junk + content[start + gone :]))


@ANY
@given(st.sampled_from(FILES), st.binary(max_size=200))
def test_any_file_of_any_bytes(name, junk):
    """A random file of nothing but random bytes."""
    _holds(lambda d: d.file(name, junk))


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.integers(-2, 100)
    | st.floats()
    | st.dates()
    | st.sampled_from(["P1", "P2", "P3", "primary", "music", "teachers", "nearest", "hard", "..", "\0", "3%"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
_KEYS = st.sampled_from(["to", "level", "years", "P1", "value", "primary"])
_VALUES = st.recursive(
    _SCALARS.filter(lambda v: v is not None),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["to", "level", "years", "P1", "value", "primary"]), below, max_size=3
        )
    ),
    max_leaves=4,
)


def _broken(tables: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """Return a copy with one value, at any depth, replaced or taken away, or with a key more."""
    key = data.draw(st.sampled_from([*tables, "another"]))
    below = tables.get(key)
    if isinstance(below, dict) and data.draw(st.integers(0, 4)):
        return tables | {key: _broken(below, data)}
    if data.draw(st.integers(0, 4)) == 0:
        return {name: value for name, value in tables.items() if name != key}
    return tables | {key: data.draw(_VALUES)}


@ANY
@given(st.data())
def test_any_value_in_the_settings(data):
    """A random value at a random key of scenario.toml, its base and its standard's name included."""
    district = _all_tables()
    more = {"notice": "Invented.", "enrolment": {"factor": 0.9}, "language": "zh"}
    if data.draw(st.integers(0, 9)) == 0:
        more["base"] = data.draw(_VALUES)
    broken = _broken(district.settings | more, data)
    _holds(lambda d: d.file("scenario.toml", toml(broken).encode("utf-8", "surrogatepass")))


@ANY
@given(st.data())
def test_any_value_in_a_standard(data):
    """A random value at a random key of a standards file of the scenario's own."""
    broken = _broken(own_standard(), data)
    _holds(lambda d: d.file("standard.toml", toml(broken)))


@ANY
@given(st.data())
def test_any_row_over_a_base(data):
    """Random cells in a later layer: new keys, removals, blanks, columns that are not there."""
    table = data.draw(st.sampled_from(["schools", "sections", "teachers"]))
    cell = st.sampled_from(["", "P1", "P2", "T01", "primary", "junior", "yes", "no", "1", "x x", "2009-08"])
    columns = ["school_id", "stage", "teacher_id", "pin", "g1", "zone", "remove", "birth", "recruit"]
    names = data.draw(st.lists(st.sampled_from(columns), min_size=1, max_size=5, unique=True))
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, cell)), min_size=1, max_size=4))
    with tempfile.TemporaryDirectory() as folder:
        small().write(Path(folder) / "base")
        top = overlay()
        for row in rows:
            top.row(table, **row)
        issues_of(top.write(Path(folder) / "top"))
