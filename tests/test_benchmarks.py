"""The benchmarks: cases can be read, every plan is judged by the witnesses, results say where they come from."""

from __future__ import annotations

import ast
import csv
import re
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from allocator import app
from allocator.evenness import terms
from allocator.plan import Plan
from allocator.problem import build
from allocator.rules.catalogue import settle
from allocator.solving.prepare import Prepared, prepare
from benchmarks import score
from benchmarks.__main__ import main
from benchmarks.arrays import by_cohorts, by_teachers, constant, squares, totals
from benchmarks.attempt import attempt
from benchmarks.cases import registry, smoke
from benchmarks.methods import METHODS
from benchmarks.methods.flow import solve as flow
from benchmarks.methods.task import NotApplicable, Task
from benchmarks.page import BEGIN, END, fill, table
from benchmarks.profile import part
from benchmarks.run import COLUMNS, TRACE, rows, run
from benchmarks.witness import judge
from rules.variants import TINY

ROOT = Path(__file__).parents[1]
NO_HURRY = 3000.0  # so that what is proved does not depend on the machine
SMALL = ("counties-1", "counties-1-closed", "duji-2020", "fermanagh", "network-6", "network-39")


def prepared(folder: Path) -> Prepared:
    scenario = app.check(folder)
    return prepare(build(scenario), settle(scenario.config, scenario.rulebook, scenario.name, []))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def smoked(tmp_path_factory):
    """Return what the smoke run writes to a folder, run as a command."""
    folder = tmp_path_factory.mktemp("smoke")
    command = [sys.executable, "-m", "benchmarks", "--smoke"]
    command += ["--out", str(folder / "out"), "--data", str(folder / "data")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder / "out"


def test_the_registry_has_the_cases_with_their_goals():
    """Districts of every size with stages open and closed, every committed scenario, and networks."""
    gaps = {1: 0.0005, 4: 0.0005, 10: 0.001, 20: 0.003}
    known = registry()
    for n, gap in gaps.items():
        assert known[f"counties-{n}"].gap == known[f"counties-{n}-closed"].gap == gap
    committed = {path.parent.name for path in (ROOT / "scenarios").glob("*/scenario.toml")}
    assert committed <= set(known)
    assert set(smoke()) <= set(known)


@pytest.mark.parametrize("name", SMALL)
def test_cases_can_be_read_and_checked(name, tmp_path):
    """A case is a scenario without an error, and what is generated says so."""
    scenario = app.check(registry()[name].make(tmp_path))
    assert scenario.config.notice
    if name.startswith("counties") and name.endswith("closed"):
        assert scenario.config.rules["direction.cross_stage"].parameters == {"most": 0}


def test_generated_cases_are_the_same_every_time(tmp_path):
    """The same case gives the same files."""
    case = registry()["network-6"]
    once, again = case.make(tmp_path / "once"), case.make(tmp_path / "again")
    for path in once.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()


@pytest.mark.parametrize("method", [name for name in METHODS if name not in ("flow", "lp")])
def test_every_plan_is_judged_by_the_witnesses(method):
    """The objectives are measured on the plan; whoever proves the optimum of coverage reaches it."""
    found = attempt(TINY, method, 0.0, NO_HURRY)
    assert set(found["objectives"]) >= {"coverage", "evenness", "moves", "burden"}
    assert found["objectives"]["coverage"] >= 7
    assert (found["violations"] > 0) == (method == "still")
    for level in found["levels"]:
        if level["bound"] is not None and not level["simplified"]:
            assert level["bound"] <= found["objectives"][level["level"]] + 1e-6
    if method in ("engine", "cpsat", "highs"):
        assert found["objectives"]["coverage"] == 7
        assert found["violations"] == 0


@pytest.mark.parametrize("method", ["cpsat", "highs"])
def test_baselines_reach_the_optimum_at_the_totals_of_the_best_plan(method):
    """With the totals of an optimal plan, what is left is the same problem: the optimum is the same."""
    known = attempt(TINY, "engine", 0.0, NO_HURRY)["plan"]
    found = attempt(TINY, method, 0.0, NO_HURRY, known)
    told = {level["level"]: level for level in found["levels"]}
    assert found["objectives"]["evenness"] == pytest.approx(2.17407, abs=1e-4)
    assert told["evenness"]["bound"] == pytest.approx(2.17407, abs=1e-4)
    assert told["evenness"]["simplified"]


def test_the_engine_equals_the_oracle_on_a_network(tmp_path):
    """Coverage, moves and burden are those of the minimum-cost flows."""
    folder = registry()["network-6"].make(tmp_path)
    engine, oracle = (attempt(folder, method, 0.0, NO_HURRY) for method in ("engine", "flow"))
    assert engine["violations"] == oracle["violations"] == 0
    for level in ("coverage", "moves"):
        assert engine["objectives"][level] == oracle["objectives"][level]
    assert engine["objectives"]["burden"] == pytest.approx(oracle["objectives"]["burden"], abs=1e-4)
    assert oracle["objectives"]["moves"] > 0
    for told in oracle["levels"]:
        assert told["bound"] == pytest.approx(oracle["objectives"][told["level"]], abs=1e-4)


@pytest.mark.parametrize("method", ["cpsat", "highs"])
def test_baselines_equal_the_oracle_on_a_network(method, tmp_path):
    """Solvers that were told another problem would be no baselines."""
    folder = registry()["network-6"].make(tmp_path)
    found, oracle = attempt(folder, method, 0.0, NO_HURRY), attempt(folder, "flow", 0.0, NO_HURRY)
    assert found["objectives"] == pytest.approx(oracle["objectives"], abs=1e-4)


def test_the_oracle_refuses_what_is_no_network():
    """Totals across sections and evenness are no flows."""
    with pytest.raises(NotApplicable, match=r"budget\.moves"):
        flow(prepared(TINY), Task(0.0, 10.0))


def test_columns_of_teachers_say_what_those_of_cohorts_say():
    """Any plan has the same value in every row and at every level, whichever columns it is written in."""
    model = prepared(TINY).model
    one, many = by_cohorts(model), by_teachers(model)
    rng = np.random.default_rng(0)
    people, x = many.teacher >= 0, np.zeros(many.width)
    for teacher in range(len(model.problem.teachers)):
        x[rng.choice(np.flatnonzero(many.teacher == teacher))] = 1
    y = np.bincount(many.source[people], x[people], minlength=one.width)
    reached = np.bincount(many.row, many.value * x[many.column], minlength=len(many.row_low))
    expected = np.bincount(one.row, one.value * y[one.column], minlength=len(one.row_low))
    assert (reached[: len(model.problem.teachers)] == 1).all()
    assert reached[len(model.problem.teachers) :] == pytest.approx(expected[len(model.cohorts.size) :])
    for level in ("coverage", "moves", "burden"):
        assert many.cost(model, level) @ x == pytest.approx(one.cost(model, level) @ y)


def test_squares_with_held_totals_are_the_squared_cvs():
    """At its own totals a plan has the same evenness by squares as by the formula."""
    ready = prepared(TINY)
    plan = Plan(np.array(attempt(TINY, "engine", 0.0, NO_HURRY)["plan"]))
    listed = terms(ready.model)
    at, arrays = totals(listed, ready, plan), by_teachers(ready.model)
    pair = ready.model.pair_post[np.minimum(arrays.source, len(ready.model.pairs) - 1)]
    x = (arrays.teacher >= 0) & (pair == plan.post[arrays.teacher])
    value = constant(listed, at)
    for term, total in zip(listed, at, strict=True):
        counted, position = arrays.counting(term)
        heads = np.bincount(position, x[counted], minlength=len(term.sections))
        assert heads.sum() == total
        value += float(squares(term, total) @ heads**2) if total else 0.0
    assert value == pytest.approx(judge(ready, plan).objectives["evenness"])


def test_results_say_where_they_come_from(smoked):
    """Every row has commit and versions; every case of the smoke run is there; every trace has its picture."""
    (path,) = [p for p in smoked.glob("*.csv") if not p.stem.endswith("-trace")]
    found = read(path)
    assert tuple(found[0]) == COLUMNS
    assert {row["case"] for row in found} == set(smoke())
    for row in found:
        assert all(row[name] for name in ("commit", "python", "ortools", "highspy", "allocator", "cores"))
    engine = [row for row in found if row["method"] == "engine"]
    assert all(
        row["violations"] in ("0", "") and float(row["peak_mb"]) > 0 for row in engine
    )  # "": no plan in time
    assert all(row["seconds_level"] for row in engine if row["status"] != "measured")
    assert path.stem.split("-")[3] == found[0]["commit"].split("-")[0]
    trace = read(path.with_name(f"{path.stem}-trace.csv"))
    assert tuple(trace[0]) == TRACE
    assert {"tiny", "counties-1"} <= {row["case"] for row in trace}
    evenness = [row for row in trace if row["level"] == "evenness"]
    assert all(bool(row["simplified"]) == (row["method"] != "engine") for row in evenness)
    assert (smoked / f"{path.stem}-tiny.svg").read_text(encoding="utf-8").count("<svg")


def test_a_method_that_fails_leaves_a_row(tmp_path):
    """What was stopped, and what is too large to be tried, is said in the results; what does not apply is not."""
    case = registry()["tiny"]
    assert [row["status"] for row in rows(case, "cpsat", {"status": "stopped after 9 s"})] == [
        "stopped after 9 s"
    ]
    refused = {"refused": "more than 5 columns", "too_large": True}
    assert [row["status"] for row in rows(case, "highs", refused)] == ["not tried: more than 5 columns"]
    assert not list(rows(case, "flow", {"refused": "not a network", "too_large": False}))
    broken = replace(case, make=lambda data: tmp_path)
    results = run([broken], ("still",), tmp_path / "out", tmp_path)
    assert [row["status"] for row in results.rows] == ["failed with exit code 1"]


def test_the_table_goes_between_the_markers_of_the_page(smoked, tmp_path):
    """The page keeps what is around the table; the committed page has the markers."""
    (path,) = [p for p in smoked.glob("*.csv") if not p.stem.endswith("-trace")]
    committed = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    fill(path, page)
    content = page.read_text(encoding="utf-8")
    assert content.startswith("before\n")
    assert content.endswith("after\n")
    assert "old" not in content
    assert table(path) in content
    assert "| tiny | 12 | engine | 7 |" in content
    (oracle,) = re.findall(r"^\| network-6 \| 90 \| flow \|.*", content, re.MULTILINE)
    assert oracle.split(" | ")[5]  # the bound, in a network that of burden
    assert committed.count(BEGIN) == committed.count(END) == 1
    with pytest.raises(ValueError, match="needs"):
        fill(path, path)


def test_the_profile_names_the_steps_of_solving(tmp_path, capsys):
    """Seconds by step and module; the module says what they were spent on."""
    assert main(["--profile", "tiny", "--out", str(tmp_path), "--data", str(tmp_path)]) == 0
    found = read(Path(capsys.readouterr().out.strip()))
    assert {row["step"] for row in found} >= {"check", "build", "prepare", "evenness"}
    assert sum(float(row["share"]) for row in found) == pytest.approx(1, abs=0.1)
    assert part("rules.travel") == "rules"
    assert part("solving.hull") == "planes"
    assert part("demand.posts") == "post setting"


def test_sections_are_scored_by_the_thousand():
    """The benchmark of scoring runs, at a size that takes no time, and some of its sections conform."""
    found = score.main(2_000)
    assert 0 < found["conforming"] < 2_000
    assert found["score"] > 0


def test_reports_are_measured_in_small(capsys: pytest.CaptureFixture[str]) -> None:
    """The smoke of ``python -m benchmarks.report``: schools, teachers, and the bytes of the page."""
    from benchmarks.report import main

    ((name, schools, teachers, *_, size),) = main(("tiny",), 2.0)
    assert (name, schools, teachers) == ("tiny", 4, 12)
    assert 1_000_000 < size < 6_000_000
    assert "tiny: 4 schools" in capsys.readouterr().out


def test_smoke_of_the_reading_benchmark(capsys):
    """The smoke of ``python -m benchmarks.reading``: a folder and its workbook are checked without errors."""
    from benchmarks.reading import main

    assert main(["--teachers", "100"]) == 0
    assert capsys.readouterr().out.count("exit 0") == 3


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not made for this machine")
def test_smoke_of_the_fuzzer():
    """The smoke of ``python -m benchmarks.fuzz``: 150 hostile inputs are read or refused."""
    command = [sys.executable, "-m", "benchmarks.fuzz", "--runs", "150"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    told = ast.literal_eval(run.stdout.strip().splitlines()[-1])
    assert sum(n for name, n in told.items() if name.endswith(("read", "refused"))) == 150
