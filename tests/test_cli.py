"""The command line: exit codes, sentences in both languages, what is refused, and what is never shown."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from allocator import app, cli
from allocator.errors import InputsAreWrong, LimitReached, NoPlan
from allocator.words import say, text
from builders import District, small
from report.results import MORE, TABLES, rows
from rules.variants import TINY, variant

SCENARIOS = TINY.parent
PROGRAM = [sys.executable, "-c", "from allocator.cli import main; main()"]
RESULT = {f"{name}.csv" for name in (*TABLES, *MORE)} | {"result.json", "report.html", "report.xlsx"}
IMPOSSIBLE: Mapping[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no lawful place": ({"rules": {"travel.limit": {"level": "hard", "minutes": 1}}}, {}, "travel.limit"),
    "floors above the staff": (
        {},
        {"sections": {"A1": {"headcount_min": "6"}, "A2": {"headcount_min": "4"}}},
        "quota.headcount",
    ),
}


def run(*arguments: object, debug: bool = False) -> Result:
    """Run a command inside this process; nothing but an exit code may come out of it."""
    found = CliRunner().invoke(cli.cli, [str(a) for a in arguments], env={"ALLOCATOR_DEBUG": "1" * debug})
    assert found.exception is None or isinstance(found.exception, SystemExit)
    assert debug or "Traceback" not in found.output
    return found


def program(*arguments: object, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program as a planner does, in a process of its own."""
    found = subprocess.run(
        [*PROGRAM, *map(str, arguments)], capture_output=True, env=os.environ | env, check=False
    )
    assert b"Traceback" not in found.stdout + found.stderr
    return found


def solve(scenario: object, out: object, *more: object) -> Result:
    """Run ``solve``."""
    return run("solve", scenario, "--out", out, *more)


def joined(shown: str) -> str:
    """Put what stands in a box on one line."""
    return re.sub(r"\s+", " ", re.sub(r"[│╭╮╰╯─]", " ", shown))


# --- exit codes


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_plan_is_0(tmp_path: Path, language: str) -> None:
    """A solved scenario ends with 0, prints title, notice and verdict, and names the report."""
    found = solve(TINY, tmp_path / "out", "--language", language)
    assert found.exit_code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == RESULT | {"NOTICE.txt"}
    for words in ("Tiny: four schools, checkable by hand", "Invented data"):
        assert words in found.stdout
    verdict = text("New teachers with a place: {n}.", n=1)
    assert say(text("  {sign} {words}", sign="-", words=verdict), language) in found.stdout
    assert str(tmp_path / "out" / "report.html") in found.stdout
    assert found.stderr == ""


@pytest.mark.parametrize("command", ["check", "solve"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_wrong_inputs_are_1_with_every_issue(tmp_path: Path, command: str, language: str) -> None:
    """Every issue of every file is listed in the language asked for, none is solved, and the code is 1."""
    broken = small().change("teachers", "T01", birth="soon").change("schools", "P1", lat="north")
    folder = broken.write(tmp_path / "s")
    more = ["--out", tmp_path / "out"] if command == "solve" else []
    found = run(command, folder, "--language", language, *more)
    with pytest.raises(InputsAreWrong) as wrong:
        app.check(folder)
    assert found.exit_code == 1
    assert len(wrong.value.issues) == 2
    for issue in wrong.value.issues:
        assert say(text("error: {words}", words=issue.say(language)), language) in found.stderr.splitlines()
    assert found.stdout == ""
    assert not (tmp_path / "out").exists()


def test_issues_are_told_in_the_language_of_the_scenario(tmp_path: Path) -> None:
    """Without the option a scenario speaks its own language, also where it is wrong."""
    for language in ("zh", "en"):
        folder = small(language=language).change("schools", "P1", lat="north").write(tmp_path / language)
        with pytest.raises(InputsAreWrong) as wrong:
            app.check(folder)
        assert wrong.value.issues[0].say(language) in run("check", folder).stderr


@pytest.mark.parametrize("command", ["check", "solve"])
def test_a_missing_scenario_is_1(tmp_path: Path, command: str) -> None:
    """A folder that is not there, or is empty, or is a file, is wrong input that is named."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("", encoding="utf-8")
    more = ["--out", tmp_path / "out"] if command == "solve" else []
    for name in ("missing", "empty", "file"):
        found = run(command, tmp_path / name, "--language", "en", *more)
        assert found.exit_code == 1
        assert name in found.stderr


BAD_USAGE: Mapping[str, tuple[str, ...]] = {
    "moves below 0": ("--moves", "-3"),
    "moves in words": ("--moves", "x"),
    "moves empty": ("--moves", ""),
    "moves with a fraction": ("--moves", "1.5"),
    "moves above all": ("--moves", "101%"),
    "moves of many digits": ("--moves", "9" * 5000),
    "moves in other digits": ("--moves", "３"),
    "no seconds": ("--seconds", "0"),
    "seconds below 0": ("--seconds", "-1"),
    "seconds in words": ("--seconds", "long"),
    "seconds that are no number": ("--seconds", "nan"),
    "endless seconds": ("--seconds", "inf"),
    "seed below 0": ("--seed", "-1"),
    "seed too great": ("--seed", "99999999999"),
    "seed in words": ("--seed", "x"),
    "language unknown": ("--language", "fr"),
    "option unknown": ("--speed", "1"),
    "two scenarios": ("another",),
}


@pytest.mark.parametrize("given", BAD_USAGE.values(), ids=BAD_USAGE.keys())
def test_bad_usage_is_2(tmp_path: Path, given: tuple[str, ...]) -> None:
    """An option that cannot be used ends with 2, names the option, and nothing is solved."""
    found = solve(TINY, tmp_path / "out", *given)
    assert found.exit_code == 2
    assert given[0] in joined(found.stderr)
    assert not (tmp_path / "out").exists()


def test_usage_says_what_is_expected(tmp_path: Path) -> None:
    """What an option may be is told in the language asked for."""
    expected = text('a whole number of moves, or a share of the eligible such as "10%"')
    for language in ("zh", "en"):
        found = solve(TINY, tmp_path / "out", "--moves", "x", "--language", language)
        assert joined(say(expected, language)) in joined(found.stderr)


def test_commands_that_lack_something_are_2() -> None:
    """Without a scenario, a folder for the result, or with an unknown command, the code is 2."""
    for arguments in (["solve"], ["solve", TINY], ["check"], ["synthesise"], ["assign", TINY]):
        assert run(*arguments).exit_code == 2


@pytest.mark.parametrize("name", IMPOSSIBLE)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_plan_is_3_with_the_conflict(tmp_path: Path, name: str, language: str) -> None:
    """Rules that leave no plan end with 3 and are named; what is written says that it is a way out."""
    settings, cells, rule = IMPOSSIBLE[name]
    folder = variant(tmp_path / "s", settings, cells)
    with pytest.raises(NoPlan) as none:
        app.solve(folder)
    found = solve(folder, tmp_path / "out", "--language", language)
    assert found.exit_code == 3
    assert rule in found.stderr
    for line in none.value.conflict:
        assert say(text("  {words}", words=line), language) in found.stderr.splitlines()
    facts = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert facts["status"] == "way_out"


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, *, debug: bool = False
) -> Result:
    """Solve with something going wrong inside; an earlier result stays as it was."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "plan.csv").write_text("earlier", encoding="utf-8")
    monkeypatch.setattr(app, "answer", failing(error))
    found = run("solve", TINY, "--out", out, debug=debug)
    assert {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()} == {"plan.csv": "earlier"}
    return found


def test_no_time_is_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the limit ran out before any plan, the code is 4 and the way out is named."""
    found = ended(tmp_path, monkeypatch, LimitReached())
    assert found.exit_code == 4
    assert "allow more seconds" in found.stderr


def test_a_plan_found_before_the_limit_is_0(tmp_path: Path) -> None:
    """A limit that is too short for a proof still gives a plan, which does not claim to be proved."""
    found = solve(TINY, tmp_path, "--seconds", "1e-9", "--language", "en")
    assert found.exit_code == 0
    assert "Not proved in full" in found.stdout
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["status"] == "limit"


def test_a_fault_of_the_program_is_70_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unforeseen error is told in one sentence without its values, which may be personal."""
    found = ended(tmp_path, monkeypatch, ZeroDivisionError("about 张三"))
    assert found.exit_code == 70
    assert len(found.stderr.splitlines()) == 1
    assert "ZeroDivisionError" in found.stderr
    assert "张三" not in found.output


def test_the_place_of_a_fault_is_shown_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ALLOCATOR_DEBUG the traceback stands before the sentence, and the code is the same."""
    found = ended(tmp_path, monkeypatch, ZeroDivisionError("divided"), debug=True)
    assert found.exit_code == 70
    assert "Traceback" in found.stderr
    assert "in fail" in found.stderr


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the system without a file name is a sentence too."""
    found = ended(tmp_path, monkeypatch, OSError(28, "No space left on device"))
    assert found.exit_code == 2
    assert "No space left on device" in found.stderr
    assert "None" not in found.stderr


def test_interrupting_is_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while solving ends with a short sentence and 130, and an earlier result stays."""
    found = ended(tmp_path, monkeypatch, KeyboardInterrupt())
    assert found.exit_code == 130
    assert found.stderr == "Stopped before the end: no result was written.\n"


# --- scoring


@pytest.mark.parametrize(("language", "said"), [("zh", "现状评估"), ("en", "does not meet the standard")])
def test_a_district_is_scored_as_it_stands(tmp_path: Path, language: str, said: str) -> None:
    """Score writes the tables of today, without a plan, and says what is not met."""
    found = run("score", TINY, "--out", tmp_path / "out", "--language", language)
    assert found.exit_code == 0
    assert said in found.stdout
    kept = RESULT - {"plan.csv", "attribution.csv", "gains.csv", "result.json", "report.html", "report.xlsx"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == kept | {"score.html", "NOTICE.txt"}
    for name in kept:
        header = (tmp_path / "out" / name).read_text(encoding="utf-8").partition("\n")[0].split(",")
        assert not [c for c in header if c.endswith(("_before", "_after")) or c in ("before", "after")]
        assert len(header) == len(set(header))


def test_scoring_leaves_the_changes_of_a_scenario_aside(tmp_path: Path) -> None:
    """A scenario that closes schools is scored as the same district without its closures."""
    plain = variant(tmp_path / "plain", {"closures": None})
    for folder, out in ((TINY, "with"), (plain, "without")):
        assert run("score", folder, "--out", tmp_path / out).exit_code == 0
    for path in (tmp_path / "with").glob("*.csv"):
        assert path.read_bytes() == (tmp_path / "without" / path.name).read_bytes()


def test_transfers_are_not_scored_today(planning: District, tmp_path: Path) -> None:
    """Pupils who go elsewhere in September are still where they are, also where a school opens for them."""
    planning.set(openings={"P3": True}, closures=None).write(tmp_path / "plain")
    planning.set(transfers={"P1": {"1": "P3", "2": "N1"}}).write(tmp_path / "moving")
    for name in ("plain", "moving"):
        assert run("score", tmp_path / name, "--out", tmp_path / f"{name}-out").exit_code == 0
    for path in (tmp_path / "plain-out").glob("*.csv"):
        assert path.read_bytes() == (tmp_path / "moving-out" / path.name).read_bytes()


def test_a_school_that_opens_in_summer_is_not_scored_today(tmp_path: Path, planning: District) -> None:
    """A district with a school that opens in September is scored as one that only planned it."""
    planning.write(tmp_path / "opens")
    planning.set(openings={"P3": False}, closures=None).write(tmp_path / "plans")
    for name in ("opens", "plans"):
        assert run("score", tmp_path / name, "--out", tmp_path / f"{name}-out").exit_code == 0
    for path in (tmp_path / "opens-out").glob("*.csv"):
        assert path.read_bytes() == (tmp_path / "plans-out" / path.name).read_bytes()


def test_a_score_is_headed_as_of_today(tmp_path: Path) -> None:
    """The page says whose it is and of which day, who counts, which schools are about to close, and where to sign."""
    folder = variant(tmp_path / "some", {"bureau": "Bureau of Small Places", "as_of": "2019-09-30"})
    roster = folder / "teachers.csv"
    roster.write_text(roster.read_text(encoding="utf-8").replace("on_post", "ill", 1), encoding="utf-8")
    found = run("score", folder, "--out", tmp_path / "out", "--language", "en")
    assert found.exit_code == 0
    assert "ill: 1" in found.stdout
    recruits = [row for row in rows(roster) if row["recruit"] == "yes"]
    assert recruits
    assert f"Recruits have no place yet and do not count: {len(recruits)}." in found.stdout
    page = (tmp_path / "out" / "score.html").read_text(encoding="utf-8")
    assert "<h1>Balance of the district today</h1>" in page
    for said in ("Bureau of Small Places", "as of 2019-09-30", "(about to close)", "Drawn up by:"):
        assert said in page


def test_without_a_roster_nothing_of_teachers_is_judged(tmp_path: Path) -> None:
    """Pupils and buildings alone are scored; heads are not known, and never 0. To solve, the roster is needed."""
    folder = variant(tmp_path / "pupils")
    (folder / "teachers.csv").unlink()
    found = run("score", folder, "--out", tmp_path / "out", "--language", "en")
    assert found.exit_code == 0
    assert "There is no roster" in found.stdout
    written = {path.name for path in (tmp_path / "out").glob("*.csv")}
    assert written == {"balance.csv", "sections.csv", "requirements.csv", "gaps.csv"}
    sections = rows(tmp_path / "out" / "sections.csv")
    assert {r["headcount"] for r in sections} == {""}
    assert {r["teachers_value"] for r in sections} == {""}
    balance = {(r["indicator"], r["measure"]): r for r in rows(tmp_path / "out" / "balance.csv")}
    assert balance["teachers", "cv"]["value"] == ""
    assert "not known" in balance["teachers", "cv"]["why_not"]
    asked = {r["requirement"]: r for r in rows(tmp_path / "out" / "requirements.csv")}
    assert asked["school_size"]["met"] == "yes"
    assert asked["certificates"]["met"] == ""
    assert run("check", folder).exit_code == 1


def test_tables_alone_are_scored(tmp_path: Path) -> None:
    """A folder without scenario.toml is scored as of a year; pupils alone bring no warning of missing teachers."""
    folder = variant(tmp_path / "tables", {"closures": None})
    (folder / "scenario.toml").unlink()
    asked = ("score", folder, "--language", "en")
    assert run(*asked, "--year", "2020", "--out", tmp_path / "out").exit_code == 0
    assert run("score", TINY, "--language", "en", "--out", tmp_path / "tiny").exit_code == 0
    for path in (tmp_path / "out").glob("*.csv"):
        assert path.read_bytes() == (tmp_path / "tiny" / path.name).read_bytes()
    (folder / "teachers.csv").unlink()
    found = run(*asked, "--year", "2020", "--standard", "cn-2012")
    assert found.exit_code == 0
    assert "Warnings" not in found.stdout
    assert run(*asked).exit_code == 2  # of which year?
    assert run("score", TINY, "--year", "2020").exit_code == 2  # the scenario says it
    assert run("score", TINY, "--standard", "cn-2012").exit_code == 2
    wrong = run(*asked, "--year", "2020", "--standard", "nonsense")
    assert wrong.exit_code == 1
    assert "cn-2012" in wrong.stderr


def test_the_fewest_moves_are_told_where_they_are_asked_for(tmp_path: Path) -> None:
    """Score solves only with --moves; the moves listed are as many as the number told."""
    assert run("score", TINY, "--moves", "--language", "en", "--out", tmp_path / "out").exit_code == 0
    told = rows(tmp_path / "out" / "needed.csv")
    columns = ["stage", "indicator", "anyway", "least", "most", "cv", "limit", "asking"]
    assert [list(row) for row in told[:1]] == [columns]
    listed = rows(tmp_path / "out" / "needed_moves.csv")
    for row in told:
        mine = [m for m in listed if (m["stage"], m["indicator"]) == (row["stage"], row["indicator"])]
        assert len(mine) == int(row["most"] or 0)
        if mine:
            assert float(row["cv"]) <= float(row["limit"])
    assert not [m for m in listed if m["to_school"] == "B2" != m["from_school"]]  # it is about to close
    others = rows(tmp_path / "out" / "needed_others.csv")
    for row in told:
        own = [o for o in others if (o["stage"], o["indicator"]) == (row["stage"], row["indicator"])]
        mine = [o for o in own if (o["of_stage"], o["of_indicator"]) == (row["stage"], row["indicator"])]
        assert [(o["cv"], o["limit"]) for o in mine] == [(row["cv"], row["limit"])] * bool(row["cv"])
        assert (len(own) > 1) is bool(row["cv"])
    assert others
    page = (tmp_path / "out" / "score.html").read_text(encoding="utf-8")
    assert "Fewest moves under the rules" in page
    folder = variant(tmp_path / "pupils")
    (folder / "teachers.csv").unlink()
    assert run("score", folder, "--moves").exit_code == 0  # nobody to move


def test_tables_of_an_earlier_score_with_a_roster_do_not_stay(tmp_path: Path) -> None:
    """A score without a roster leaves no table of people beside it; the files of a plan are left alone."""
    folder = variant(tmp_path / "in")
    assert run("score", folder, "--moves", "--out", tmp_path / "out").exit_code == 0
    assert (tmp_path / "out" / "staff.csv").exists()
    (folder / "teachers.csv").unlink()
    assert run("score", folder, "--out", tmp_path / "out").exit_code == 0
    left = {path.name for path in (tmp_path / "out").glob("*.csv")}
    assert left == {"balance.csv", "sections.csv", "requirements.csv", "gaps.csv"}


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("cv_limit.primary = { value = 0.5", "cv_limit.primary = { value = 0.0", "cv_limit"),
        ("floor_share = { value = 0.85", "floor_share = { value = -1.0", "floor_share"),
        ("exchange_share = { value = 0.10", "exchange_share = { value = 2.0", "exchange_share"),
    ],
)
def test_limits_of_a_standard_that_make_no_sense_are_refused(
    tmp_path: Path, old: str, new: str, key: str
) -> None:
    """A limit of 0 or a share above 1 is told with its key, and is no fault of the program."""
    folder = variant(tmp_path / "in", {"standard": "standard.toml"})
    standard = (TINY.parents[1] / "src" / "allocator" / "standards" / "cn-2017.toml").read_text(
        encoding="utf-8"
    )
    assert old in standard
    (folder / "standard.toml").write_text(standard.replace(old, new), encoding="utf-8")
    found = run("score", folder, "--language", "en")
    assert found.exit_code == 1
    assert key in found.stderr


def test_teachers_without_a_degree_are_told(tmp_path: Path) -> None:
    """How many have no degree stated is a warning."""
    folder = variant(tmp_path / "in", None, {"teachers": {"T06": {"degree": ""}}})
    found = run("check", folder, "--language", "en")
    assert found.exit_code == 0
    assert "teachers of whom it is not stated: 1" in found.stdout + found.stderr


def test_closures_are_proposed_and_written(tmp_path: Path) -> None:
    """Where something may close its proposals are written, and solved; where nothing may, the page says so."""
    assert run("closures", TINY, "--out", tmp_path / "none", "--language", "en").exit_code == 0
    page = (tmp_path / "none" / "closures.html").read_text(encoding="utf-8")
    assert "No school may be proposed" in page
    district = small(closing={"below": 500, "most": 2, "solved": 1})
    for school in ("P1", "N1", "N2", "P2"):
        district.change("sections", school, classrooms=40)
    folder = district.write(tmp_path / "in")
    assert run("closures", folder, "--out", tmp_path / "out", "--language", "en").exit_code == 0
    proposals = rows(tmp_path / "out" / "proposals.csv")
    assert len(proposals) >= 2
    assert [p["proposal"] for p in proposals if p["solved"] == "yes"]
    assert list((tmp_path / "out").glob("closures-*.toml"))
    found = run("closures", folder, "--out", tmp_path / "short", "--language", "en", "--seconds", "1e-9")
    assert "Ended before its time" in found.stdout
    assert "No school can close" not in found.stdout
    closed = rows(tmp_path / "out" / "closures.csv")
    assert {row["proposal"] for row in closed} == {p["proposal"] for p in proposals}
    assert len(rows(tmp_path / "out" / "candidates.csv")) == 4


def test_a_score_and_a_plan_do_not_share_a_folder(tmp_path: Path) -> None:
    """Tables of the same names, of today and of a plan, would be mixed: neither is written over the other."""
    for first, then in (("score", "solve"), ("solve", "score")):
        out = tmp_path / first
        assert run(first, TINY, "--out", out).exit_code == 0
        before = {path.name: path.read_bytes() for path in out.iterdir()}
        found = run(then, TINY, "--out", out, "--language", "en")
        assert (found.exit_code, "another result" in found.stderr) == (2, True)
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before
        assert run(first, TINY, "--out", out).exit_code == 0


def test_a_result_folder_must_be_one(tmp_path: Path) -> None:
    """No name, a link to nowhere, a folder where a file must stand: told, and nothing is written."""
    assert run("score", TINY, "--out", "", "--language", "en").exit_code == 2
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    found = run("score", TINY, "--out", tmp_path / "link", "--language", "en")
    assert (found.exit_code, "leads nowhere" in " ".join(found.stderr.split())) == (2, True)
    (tmp_path / "out" / "score.html").mkdir(parents=True)
    found = run("score", TINY, "--out", tmp_path / "out", "--language", "en")
    assert found.exit_code == 2
    assert "score.html" in found.stderr
    assert ".new" not in found.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["score.html"]


@pytest.mark.parametrize("module", ["allocator", "allocator.cli"])
def test_the_modules_are_the_command(module: str) -> None:
    """``python -m`` runs the command."""
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()[0]) == (0, "allocator")


def test_a_score_needs_no_folder_and_does_not_write_into_a_scenario(tmp_path: Path) -> None:
    """Without a folder the summary alone is shown; a scenario folder is refused."""
    assert run("score", TINY).exit_code == 0
    assert run("score", TINY, "--out", TINY).exit_code == 2
    assert run("score", tmp_path / "none").exit_code == 1


# --- where results are written


def test_a_result_can_go_to_any_new_or_old_folder(tmp_path: Path) -> None:
    """A folder that is missing, deep, named in Chinese or with spaces, or full of other things is written to."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "mine.txt").write_text("mine", encoding="utf-8")
    for name in ("old", "a/b/c", "结果 2020 年/第 1 次", "[bold]"):
        assert solve(TINY, tmp_path / name).exit_code == 0
        assert {path.name for path in (tmp_path / name).iterdir()} >= RESULT
    assert (tmp_path / "old" / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_a_folder_in_chinese_with_spaces_is_read(tmp_path: Path) -> None:
    """Scenario folders may have any name."""
    folder = variant(tmp_path / "萧 县" / "[2020]")
    assert run("check", folder).exit_code == 0
    assert solve(folder, tmp_path / "out").exit_code == 0
    manifest = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))["manifest"]
    assert "[2020]/teachers.csv" in manifest["files"]


def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: Path) -> str:
    """Ask for a folder that must be refused, before anything is solved; return what is said."""
    monkeypatch.setattr(app, "answer", failing(AssertionError("this must not be solved")))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    found = solve(variant(tmp_path / "s"), out, "--language", "en")
    assert found.exit_code == 2
    assert before.items() <= {path: path.read_bytes() for path in before}.items()
    return joined(found.stderr)


def test_a_file_is_refused_as_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the place of the folder, or above it, is bad usage."""
    (tmp_path / "f").write_text("a file", encoding="utf-8")
    assert "is a file" in refused(tmp_path, monkeypatch, tmp_path / "f")
    assert "is a file" in refused(tmp_path, monkeypatch, tmp_path / "f" / "below" / "it")


def test_a_scenario_is_never_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of the scenario itself, or of another one, by whatever path, is bad usage."""
    variant(tmp_path / "other")
    variant(tmp_path / "s")
    for out in (tmp_path / "s", tmp_path / "s" / ".." / "s", tmp_path / "other"):
        assert "scenario folder" in refused(tmp_path, monkeypatch, out)
    (tmp_path / "link").symlink_to(tmp_path / "other")
    assert "scenario folder" in refused(tmp_path, monkeypatch, tmp_path / "link")


def test_a_folder_that_cannot_be_written_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only place is bad usage, told before minutes of solving."""
    closed = tmp_path / "closed"
    closed.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != closed or not mode & os.W_OK)
    assert "cannot be written" in refused(tmp_path, monkeypatch, closed)
    assert "cannot be written" in refused(tmp_path, monkeypatch, closed / "new")


# --- options


def test_options_are_laid_over_the_scenario(tmp_path: Path) -> None:
    """Moves, seconds, seed and language of the command are those of the result."""
    given = ("--moves", "34%", "--seed", "7", "--seconds", "30", "--language", "zh")
    assert solve(TINY, tmp_path, *given).exit_code == 0
    facts = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert facts["counts"]["budget"] == 2 == int(0.34 * facts["counts"]["eligible"])
    assert facts["counts"]["moved_from_open_schools"] <= 2
    assert facts["manifest"]["seed"] == 7
    assert '<html lang="zh">' in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_nobody_moves_without_a_move(tmp_path: Path) -> None:
    """A budget of 0 keeps everybody whose school stays open at that school."""
    assert solve(TINY, tmp_path, "--moves", "0").exit_code == 0
    counts = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["counts"]
    assert (counts["budget"], counts["moved_from_open_schools"]) == (0, 0)


def test_the_command_stands_in_the_manifest(tmp_path: Path) -> None:
    """The manifest has the command line as it was given, part by part."""
    found = program("solve", TINY, "--out", tmp_path / "a b", "--moves", "2")
    assert found.returncode == 0
    manifest = json.loads((tmp_path / "a b" / "result.json").read_text(encoding="utf-8"))["manifest"]
    expected = ["allocator", "solve", str(TINY), "--out", str(tmp_path / "a b"), "--moves", "2"]
    assert manifest["command"] == expected


# --- names


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """Return tiny with names that occur nowhere else, by teacher."""
    names = {f"T{n:02d}": f"闻人{'甲乙丙丁戊己庚辛壬癸子丑'[n - 1]}之" for n in range(1, 13)}
    cells = {"teachers": {t: {"name": name} for t, name in names.items()}}
    return variant(tmp_path_factory.mktemp("named") / "s", cells=cells), names


def holding(folder: Path, names: dict[str, str]) -> dict[str, set[str]]:
    """Return the teachers whose names stand in each file of a folder."""
    found = {}
    for path in folder.iterdir():
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                content = "".join(book.read(name).decode("utf-8") for name in book.namelist())
        else:
            content = path.read_text(encoding="utf-8")
        found[path.name] = {t for t, name in names.items() if name in content or json.dumps(name) in content}
    return {name: who for name, who in found.items() if who}


def test_names_stand_nowhere_by_themselves(named: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """Without --names no name stands in any file or on the console."""
    folder, names = named
    for found in (run("check", folder), solve(folder, tmp_path)):
        assert found.exit_code == 0
        assert not any(name in found.output for name in names.values())
    assert holding(tmp_path, names) == {}


def test_names_stand_only_in_the_report(named: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """With --names the report and the workbook name those they list; no other file and not the console names anybody."""
    folder, names = named
    found = solve(folder, tmp_path, "--names")
    assert not any(name in found.output for name in names.values())
    plan = (tmp_path / "plan.csv").read_text(encoding="utf-8").splitlines()[1:]
    movers = {row.split(",")[0] for row in plan if ",stay," not in row}
    held = holding(tmp_path, names)
    assert held["report.xlsx"] == movers
    assert movers <= held["report.html"] <= movers | {"T05", "T08"}  # whose wishes were not granted
    assert set(held) == {"report.html", "report.xlsx"}


# --- the other commands


def test_check_lists_warnings_and_is_0() -> None:
    """A scenario with a warning can be solved: the warning is shown and the code is 0."""
    found = run("check", SCENARIOS / "duji-2021", "--language", "en")
    assert found.exit_code == 0
    assert "20781" in found.stdout
    assert "196" in found.stdout
    assert "warnings: 1" in found.stdout


@pytest.mark.parametrize("language", ["zh", "en"])
def test_rules_are_printed_whole(language: str) -> None:
    """Every rule of the catalogue is printed with its sentence in full, its source and its parameters."""
    found = run("rules", "--language", language)
    assert found.exit_code == 0
    for rule in app.rules():
        assert re.search(rf"^{rule['id']}\b.*{re.escape(say(rule['said'], language))}$", found.stdout, re.M)
        assert rule["source"] in found.stdout
        for name in rule["parameters"]:
            assert f"    {name} = " in found.stdout
    assert not re.search(r"\{\w+\}", found.stdout)


def test_synthesise_writes_a_scenario(tmp_path: Path) -> None:
    """A recipe gives the tables it promises, and does not replace them unless it is told to."""
    recipe, out = SCENARIOS / "duji-2020" / "synthesis.toml", tmp_path / "out"
    assert run("synthesise", recipe, "--out", out).exit_code == 0
    first = (out / "teachers.csv").read_bytes()
    assert first == (SCENARIOS / "duji-2020" / "teachers.csv").read_bytes()
    again = run("synthesise", recipe, "--out", out, "--language", "en")
    assert again.exit_code == 2
    assert "teachers.csv" in joined(again.stderr)
    assert run("synthesise", recipe, "--out", out, "--replace").exit_code == 0
    assert (out / "teachers.csv").read_bytes() == first


def test_synthesise_refuses_what_is_no_recipe(tmp_path: Path) -> None:
    """A recipe that is missing is bad usage, one that is wrong is wrong input."""
    assert run("synthesise", tmp_path / "no.toml", "--out", tmp_path / "out").exit_code == 2
    (tmp_path / "wrong.toml").write_text("title = 1", encoding="utf-8")
    found = run("synthesise", tmp_path / "wrong.toml", "--out", tmp_path / "out")
    assert found.exit_code == 1
    assert "wrong.toml" in found.stderr
    (tmp_path / "file").write_text("", encoding="utf-8")
    recipe = SCENARIOS / "duji-2020" / "synthesis.toml"
    assert run("synthesise", recipe, "--out", tmp_path / "file").exit_code == 2


def test_help_and_version_are_0() -> None:
    """Every command explains itself in both languages, and the program tells its version."""
    assert "区管校聘" in run("--help").stdout
    for command in ("check", "solve", "synthesise", "rules"):
        found = run(command, "--help")
        assert found.exit_code == 0
        assert re.search("[一-龥]", found.stdout)
    assert run("--version").stdout == f"allocator {cli.allocator.__version__}\n"


# --- consoles


@pytest.mark.parametrize("encoding", ["gbk", "cp1252", "utf-8"])
def test_any_console_shows_what_it_can(tmp_path: Path, encoding: str) -> None:
    """Characters that a console cannot show are replaced, on both streams, and do not end the program."""
    folder = variant(tmp_path / "s", {"title": "小县 ① 🏫 ü ≤ 0.5"})
    found = program("solve", folder, "--out", tmp_path / "😀", "--language", "zh", PYTHONIOENCODING=encoding)
    assert found.returncode == 0
    assert "0.5" in found.stdout.decode(encoding)
    wrong = program("check", tmp_path / "无 🏫", "--language", "zh", PYTHONIOENCODING=encoding)
    assert wrong.returncode == 1
    assert wrong.stderr.decode(encoding)


def test_a_reader_who_has_seen_enough_is_no_fault() -> None:
    """A pipe that is closed early ends the program without a word about files."""
    whole = subprocess.Popen(
        [*PROGRAM, "rules"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert whole.stdout is not None
    assert whole.stderr is not None
    whole.stdout.close()
    assert whole.stderr.read() == b""
    assert whole.wait() == 1
    whole.stderr.close()


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, *arguments: object) -> None:
        self.own, end = pty.openpty()
        env = os.environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments)], stdin=end, stdout=end, stderr=end, env=env
        )
        os.close(end)
        self.seen = ""

    def read(self, until: str | None = None) -> str:
        """Read to the end, or until something is shown."""
        while until is None or until not in self.seen:
            try:
                some = os.read(self.own, 65536)
            except OSError:  # the other end was closed
                some = b""
            if not some:
                break
            self.seen += some.decode(errors="replace")
        return self.seen

    def end(self) -> int:
        """Wait for the program; return its exit code."""
        self.read()
        os.close(self.own)
        return self.process.wait()


def test_a_terminal_shows_level_objective_and_bound(tmp_path: Path) -> None:
    """On a terminal the level is shown with what was found and proved, and the summary stands below."""
    terminal = Terminal("solve", TINY, "--out", tmp_path, "--language", "en")
    assert terminal.end() == 0
    assert "Traceback" not in terminal.seen
    assert re.search(r"burden on people.*18\.9472 \(bound 18\.9472\)", terminal.seen)
    assert "Report: " in terminal.seen.rpartition("burden on people")[2]


def test_interrupting_the_solver_keeps_the_best_plan(tmp_path: Path) -> None:
    """Ctrl-C on a terminal in the middle of a level writes the best plan so far, with what is proved of it."""
    out = tmp_path / "out"
    terminal = Terminal("solve", SCENARIOS / "duji-2020", "--out", out, "--language", "en")
    terminal.read(until="unevenness")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 0
    assert "Stopping with the best plan so far" in terminal.seen
    assert "Not proved in full" in terminal.seen
    assert "Traceback" not in terminal.seen
    facts = json.loads((out / "result.json").read_text(encoding="utf-8"))
    levels = {level["name"]: level for level in facts["levels"]}
    assert facts["status"] == "limit"
    assert levels["coverage"]["status"] == "proved"
    assert levels["evenness"]["status"] == "limit"
    assert not [v for rule in facts["rules"] if rule["level"] == "hard" for v in rule["violations"]]


def test_interrupting_the_solver_twice_leaves_at_once(tmp_path: Path) -> None:
    """A second Ctrl-C ends with 130 and one sentence, and writes nothing."""
    terminal = Terminal("solve", SCENARIOS / "duji-2020", "--out", tmp_path / "out", "--language", "en")
    terminal.read(until="unevenness")
    terminal.process.send_signal(signal.SIGINT)
    terminal.read(until="press Ctrl-C again")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "Stopped before the end: no result was written." in terminal.seen
    assert "Traceback" not in terminal.seen
    assert not (tmp_path / "out").exists()
