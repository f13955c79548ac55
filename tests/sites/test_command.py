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
    assert whole.exit_code == 1
    assert "points.csv, row 2, column pupils: found 30 pupils who go together" in whole.stderr
    assert "--parted" in whole.stderr
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


def test_seats_that_no_way_reaches_leave_no_plan(tmp_path: Path) -> None:
    """Enough seats in all, and at each site for each point, but not together: that is no plan, and no error of a row."""
    points = [{"point_id": f"p{i}", "pupils": 10, "lat": "34.0", "lon": "116"} for i in range(3)]
    sites = [{"site_id": s, "seats": 15, "lat": "34.0", "lon": "116"} for s in "ab"]
    found = run(
        "sites",
        folder(tmp_path / "in", points, sites),
        "--keep",
        2,
        "--out",
        tmp_path / "out",
        "--language",
        "en",
    )
    assert found.exit_code == 3
    assert "no 2 sites have ways and seats" in found.stderr


def test_half_a_place_and_columns_the_wrong_way_round_are_told(tmp_path: Path) -> None:
    """A coordinate alone would have no way to anywhere; a reversed travel.csv is one issue and not thousands."""
    made = folder(
        tmp_path / "in",
        [*line(), {"point_id": "q", "pupils": 3, "lat": "34", "lon": ""}],
        [{"site_id": "a", "lat": "", "lon": "116"}],
        [{"from_id": "a", "to_id": f"p{i}", "km": 3} for i in range(3)],
    )
    found = run("sites", made, "--keep", 1, "--out", tmp_path / "out", "--language", "en")
    assert found.exit_code == 1
    for said in ("points.csv, row 5, column lon", "sites.csv, row 2, column lat", "exchange the two columns"):
        assert said in found.stderr
    assert found.stderr.count("error:") == 3


def test_tables_that_are_not_read_are_told_on_the_terminal(tmp_path: Path) -> None:
    """A file named almost like a table, a workbook, and a column that is not known; the notice of others stays."""
    made = folder(tmp_path / "in", line(), [{"site_id": "a", "seat": 5, "lat": "34.0", "lon": "116"}])
    (made / "travel.xlsx").write_bytes(b"PK")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "NOTICE.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "out" / "plan.csv").write_text("mine", encoding="utf-8")
    found = run("sites", made, "--keep", 1, "--out", tmp_path / "out", "--language", "en")
    assert found.exit_code == 0
    assert "save it as CSV (UTF-8)" in found.stdout
    assert "column seat" in found.stdout
    assert (tmp_path / "out" / "NOTICE.txt").read_text(encoding="utf-8") == "mine"
    (made / "travel.xlsx").rename(made / "travels.csv")
    found = run("sites", made, "--keep", 1, "--out", tmp_path / "out", "--language", "en")
    assert "rename the file" in found.stdout


def test_a_point_without_pupils_goes_to_the_nearest(tmp_path: Path) -> None:
    """It may go anywhere at no cost; a planner reads where it goes all the same."""
    points = [{"point_id": f"p{i}", "pupils": 7 * (i < 2), "lat": f"34.{i}", "lon": "116"} for i in range(3)]
    sites = [{"site_id": s, "lat": f"34.{i}", "lon": "116"} for i, s in enumerate("abc")]
    made = folder(tmp_path / "in", points, sites)
    assert run("sites", made, "--keep", 3, "--out", tmp_path / "out").exit_code == 0
    told = {row["point_id"]: row["site_id"] for row in rows(tmp_path / "out" / "assigned.csv")}
    assert told == {"p0": "a", "p1": "b", "p2": "c"}


def test_folders_that_are_none(tmp_path: Path) -> None:
    """No folder, and a folder without tables."""
    assert run("sites", tmp_path / "no", "--keep", 1, "--out", tmp_path / "out").exit_code == 1
    (tmp_path / "empty").mkdir()
    found = run("sites", tmp_path / "empty", "--keep", 1, "--out", tmp_path / "out", "--language", "en")
    assert found.exit_code == 1
    assert found.stderr.count("add the file to the folder") == 2
