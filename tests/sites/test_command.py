"""`allocator sites`: published instances entered through the tables, what is written, and bad tables told at once."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from report.results import rows
from test_cli import run

DATA = Path(__file__).with_name("data")
Rows = Sequence[Mapping[str, object]]


def folder(path: Path, points: Rows, sites: Rows, travel: Rows = ()) -> Path:
    """Write the tables."""
    path.mkdir()
    for name, listed in {"points": points, "sites": sites, "travel": travel}.items():
        if listed:
            with (path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(listed[0]))
                writer.writeheader()
                writer.writerows(listed)
    return path


def line(n: int = 3) -> Rows:
    """Return points or sites one after the other on a line."""
    return [{"point_id": f"p{i}", "pupils": 10 + i, "lat": f"34.{i}", "lon": "116"} for i in range(n)]


def numbers(name: str) -> tuple[list[int], list[list[int]]]:
    """Read an instance of the OR-Library."""
    first, *rest = [[int(n) for n in row.split()] for row in (DATA / name).read_text().splitlines()]
    return first, rest


def test_the_published_median_of_a_network_through_the_tables(tmp_path: Path) -> None:
    """OR-Library pmed1 has 5819: a hundred points of one pupil each, which are the sites too."""
    (n, _, keep), edges = numbers("pmed1.txt")
    network = nx.Graph()
    for start, end, length in edges:
        network.add_edge(start, end, km=length)
    km = dict(nx.all_pairs_dijkstra_path_length(network, weight="km"))
    made = folder(
        tmp_path / "in",
        [{"point_id": f"p{i + 1}", "pupils": 1} for i in range(n)],
        [{"site_id": f"s{i + 1}"} for i in range(n)],
        [{"from_id": f"p{i}", "to_id": f"s{j}", "km": d} for i, ends in km.items() for j, d in ends.items()],
    )
    found = run("sites", made, "--keep", keep, "--out", tmp_path / "out", "--language", "en")
    assert found.exit_code == 0, found.stderr
    told = rows(tmp_path / "out" / "assigned.csv")
    assert sum(float(row["pupils"]) * float(row["km"]) for row in told) == 5819
    kept = {row["site_id"] for row in rows(tmp_path / "out" / "kept.csv") if row["kept"] == "yes"}
    assert len(kept) == keep
    assert {row["site_id"] for row in told} == kept
    assert "Proved: no choice of as many sites gives a shorter way." in found.stdout


def test_a_published_median_under_seats_through_the_tables(tmp_path: Path) -> None:
    """OR-Library pmedcap1 has 713: seats are taken by demand, and ways are stated for each pupil of it."""
    (n, keep, seats), listed = numbers("pmedcap1.txt")
    table = np.array(listed, dtype=float)
    apart = np.floor(np.hypot(*(table[:, None, 1:3] - table[None, :, 1:3]).transpose(2, 0, 1)))
    made = folder(
        tmp_path / "in",
        [{"point_id": f"p{i}", "pupils": int(table[i, 3])} for i in range(n)],
        [{"site_id": f"s{i}", "seats": seats} for i in range(n)],
        [
            {"from_id": f"p{i}", "to_id": f"s{j}", "km": f"{apart[i, j] / table[i, 3]:.15f}"}
            for i in range(n)
            for j in range(n)
        ],
    )
    assert run("sites", made, "--keep", keep, "--out", tmp_path / "out").exit_code == 0
    told = rows(tmp_path / "out" / "assigned.csv")
    assert sum(float(row["pupils"]) * float(row["km"]) for row in told) == pytest.approx(713)
    assert all(float(row["pupils"]) <= seats for row in rows(tmp_path / "out" / "kept.csv"))


def test_pupils_part_where_they_may(tmp_path: Path) -> None:
    """Thirty pupils of one point do not fit together anywhere; in parts they do."""
    places = [{"site_id": "a", "seats": 20, "lat": "34.0", "lon": "116"}]
    places.append({"site_id": "b", "seats": 15, "lat": "34.1", "lon": "116"})
    made = folder(tmp_path / "in", [{"point_id": "p", "pupils": 30, "lat": "34.0", "lon": "116"}], places)
    whole = run("sites", made, "--keep", 2, "--out", tmp_path / "whole", "--language", "en")
    assert whole.exit_code == 3
    assert "no 2 sites have ways and seats" in whole.stderr
    assert not (tmp_path / "whole").exists()
    assert run("sites", made, "--keep", 2, "--parted", "--out", tmp_path / "out").exit_code == 0
    told = {row["site_id"]: float(row["pupils"]) for row in rows(tmp_path / "out" / "assigned.csv")}
    assert told == {"a": 20, "b": 10}


def test_what_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Every issue of both tables in one go, with file, row and column; nothing is written."""
    points = [{"point_id": "p", "pupils": "-3"}, {"point_id": "p", "pupils": "2.5"}]
    made = folder(tmp_path / "in", points, [{"site_id": "a", "seats": "many"}])
    found = run("sites", made, "--keep", 1, "--out", tmp_path / "out", "--language", "en")
    assert found.exit_code == 1
    for said in ("points.csv, row 2, column pupils", "points.csv, row 3, column pupils", "sites.csv, row 2"):
        assert said in found.stderr
    assert "a second time" in found.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("sites", "travel", "keep", "said"),
    [
        ([{"site_id": "a", "seats": 5}], (), 1, "28 seats are missing"),
        ([{"site_id": "a"}], (), 2, "a number from 1 to 1"),
        ([{"site_id": "a", "keep": "yes"}, {"site_id": "b", "keep": "yes"}], (), 1, "a number from 2 to 2"),
        ([{"site_id": "a"}], (), 1, "no way to any site"),
        ([{"site_id": "a"}], [{"from_id": "x", "to_id": "a", "km": 1}], 1, "a code of points.csv"),
        ([{"site_id": "a"}], [{"from_id": "p0", "to_id": "a", "km": ""}], 1, "a way without km and minutes"),
    ],
)
def test_tables_that_leave_no_answer_are_told(
    tmp_path: Path, sites: Rows, travel: Rows, keep: int, said: str
) -> None:
    """Too few seats, too few or too many sites, points without a way, ways from nowhere or without a length."""
    made = folder(tmp_path / "in", line(), sites, travel)
    found = run("sites", made, "--keep", keep, "--out", tmp_path / "out", "--language", "en")
    assert found.exit_code == 1
    assert said in found.stderr


def test_folders_that_are_none(tmp_path: Path) -> None:
    """No folder, and a folder without tables."""
    assert run("sites", tmp_path / "no", "--keep", 1, "--out", tmp_path / "out").exit_code == 1
    (tmp_path / "empty").mkdir()
    found = run("sites", tmp_path / "empty", "--keep", 1, "--out", tmp_path / "out", "--language", "en")
    assert found.exit_code == 1
    assert found.stderr.count("add the file to the folder") == 2
