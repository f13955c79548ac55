"""The desk from the door to the approved plan, without a browser: what pages show is what stands on disk."""

from __future__ import annotations

import csv
import io
import re
import zipfile

import openpyxl
import pytest

from allocator import app as cases
from allocator.web.server import _PAGES
from builders import small
from web.conftest import ROOT, Browser

TINY = ROOT / "scenarios" / "tiny"


def _begun(browser: Browser, district: str = "tiny") -> int:
    answer = browser.post("/scenarios/ready", district=district)
    assert answer.status_code == 200, answer.text
    return int(str(answer.url).rpartition("/")[2])


def _solved(browser: Browser, scenario: int) -> int:
    answer = browser.post(f"/scenarios/{scenario}/solve")
    number = int(str(answer.url).rpartition("/")[2])
    assert browser.wait(number) == "done"
    return number


def test_from_a_ready_district_to_an_approved_plan(browser, made):
    """Begin, look at the state before, solve, read report and files, ask, change by hand, compare, approve: as the commands say."""
    _, desk = made
    scenario = _begun(browser)
    assert "Tiny" in browser.get(f"/scenarios/{scenario}").text
    assert browser.get(f"/scenarios/{scenario}/before").text.startswith("<!DOCTYPE html>")
    run = _solved(browser, scenario)
    page = browser.get(f"/runs/{run}").text
    assert "report.html" in page
    plan = browser.get(f"/runs/{run}/files/plan.csv").content.decode("utf-8")
    by_command = cases.solve(TINY, {"language": "zh"})
    rows = {row["teacher_id"]: row["to_school"] for row in csv.DictReader(io.StringIO(plan))}
    assert len(rows) == len(by_command.problem.teachers.ids)
    report = browser.get(f"/runs/{run}/files/report.html")
    assert "sandbox allow-scripts" in report.headers["content-security-policy"]
    said = browser.get(f"/runs/{run}/why", params={"teacher": "T02"}).text
    assert "<li>T02" in said
    assert "<li>" in browser.get(f"/runs/{run}/why", params={"school": "A1"}).text
    nobody = browser.get(f"/runs/{run}/why", params={"teacher": "nobody"}).text
    assert nobody.count("<li>") == 1
    edited = browser.post(f"/runs/{run}/edit", teacher0="T02", place0="")
    changed = int(str(edited.url).rpartition("/")[2])
    assert browser.wait(changed) == "done"
    judged = browser.get(f"/runs/{changed}/files/plan.csv").content.decode("utf-8")
    assert {r["teacher_id"]: r["to_school"] for r in csv.DictReader(io.StringIO(judged))} == rows | {
        "T02": ""
    }
    assert browser.get("/compare", params={"run": [run, changed]}).text.startswith("<!DOCTYPE html>")
    assert browser.post(f"/runs/{run}/approve").status_code == 200
    assert desk.store.run(run)["sha256"] in browser.get(f"/runs/{run}").text
    (desk.runs.folder(run) / "plan.csv").write_text("changed")
    assert 'role="alert"' in browser.get(f"/runs/{run}").text
    log = browser.get("/log").text
    assert all(word in log for word in ("login", "scenario", "run", "done", "approve"))
    archive = zipfile.ZipFile(io.BytesIO(browser.get("/back-up").content))
    assert f"runs/{run}/plan.csv" in archive.namelist()


def test_an_uploaded_workbook_is_mended_in_place_and_solved(browser, made, tmp_path):
    """What is wrong is told with its cell; mending it makes the scenario sound; a cell that changed meanwhile is not overwritten."""
    _, _desk = made
    folder = small().change("teachers", "T03", subject="chinise").write(tmp_path / "d")
    sound = small().write(tmp_path / "sound")
    book = tmp_path / "d.xlsx"
    book.write_bytes(cases.template(sound, "zh", tmp_path))
    wrong = openpyxl.load_workbook(book)
    header = [cell.value for cell in wrong["教师"][1]]
    wrong["教师"].cell(4, header.index("主教学科") + 1).value = "chinise"
    wrong.save(book)
    assert folder.exists()
    answer = browser.post(
        "/scenarios/upload", kind="workbook", files={"files": ("d.xlsx", book.read_bytes())}
    )
    number = int(str(answer.url).rpartition("/")[2])
    assert "chinise" in answer.text
    assert "solve" not in answer.text.partition('id="runs"')[0].rpartition("<form")[2]
    mend = {"table": "teachers", "row": "4", "column": "主教学科", "before": "chinise", "value": "语文"}
    assert browser.post(f"/scenarios/{number}/mend", **mend | {"before": "other"}).status_code == 409
    answer = browser.post(f"/scenarios/{number}/mend", **mend)
    assert "chinise" not in answer.text
    _solved(browser, number)
    assert "teachers.csv 4" in browser.get("/log").text


def test_what_a_bureau_holds_is_imported(browser, tmp_path):
    """Rosters and lists of schools become a scenario whose gaps are told."""
    roster = "学校名称,姓名,出生年月,性别,任教学科,学段\n第一小学,甲,1980年1月,男,语文,小学\n".encode(
        "gb18030"
    )
    files = [
        ("files", ("花名册.csv", roster)),
        ("files", ("学校.csv", "学校名称,学校类型,片区\n第一小学,小学,东\n".encode())),
    ]
    answer = browser.post("/scenarios/upload", kind="files", year="2026", title="试", files=files)
    assert answer.status_code == 200
    assert "certificate" in answer.text


def test_settings_of_the_form_are_those_of_the_scenario(browser, made):
    """Budget, levels, rules, closures and enrolment are written, kept, and taken away again."""
    _, desk = made
    number = _begun(browser)
    folder = desk.store.scenario(number)["folder"]
    before = desk.home.settings(folder)
    form = {
        "title": "另一个",
        "moves": "10%",
        "seconds": "7",
        "factor": "0.9",
        "level0": "evenness",
        "level1": "coverage",
        "places": "yes",
    }
    closing = next(iter(before.get("closures", {"B2": 0})))
    answer = browser.post(
        f"/scenarios/{number}/settings",
        **form,
        **{
            f"closure:{closing}": "nearest",
            "rule:tenure.minimum": "soft",
            "usual:tenure.minimum": "hard",
            "parameter:tenure.minimum:years": "4",
            "usual:tenure.minimum:years": "3",
        },
    )
    assert answer.status_code == 200
    found = desk.home.settings(folder)
    assert found["title"] == "另一个"
    assert found["budget"] == {"moves": "10%", "seconds": 7} | {
        k: v for k, v in before.get("budget", {}).items() if k not in ("moves", "seconds")
    }
    assert tuple(found["objective"]["levels"]) == ("evenness", "coverage")
    assert found["rules"]["tenure.minimum"] == {"level": "soft", "years": 4}
    assert found["closures"] == {closing: {"to": "nearest"}}
    assert found["enrolment"]["factor"] == 0.9
    browser.post(
        f"/scenarios/{number}/settings",
        **form | {"moves": "", "factor": ""},
        **{"rule:tenure.minimum": "hard", "usual:tenure.minimum": "hard"},
    )
    found = desk.home.settings(folder)
    assert "moves" not in found["budget"]
    assert "tenure.minimum" not in found.get("rules", {})
    assert found["closures"] == {}
    wrong = browser.post(f"/scenarios/{number}/settings", **form | {"moves": "many"})
    assert "many" in wrong.text  # told among the issues of the data
    copied = browser.post(f"/scenarios/{number}/copy")
    assert str(copied.url) != str(answer.url)


def test_no_plan_is_said(browser, made):
    """A scenario whose rules leave no plan ends as one, with the conflict in words."""
    _, desk = made
    number = _begun(browser)
    folder = desk.store.scenario(number)["folder"]
    desk.home.set(folder, {"budget": {"moves": 0}})
    rows = desk.home.cells(folder, "teachers")
    at = rows[0].index("pin") if "pin" in rows[0] else None
    assert at is not None
    for row in rows[1:]:
        if row[rows[0].index("recruit")] in ("no", ""):
            row[at] = "A1"
    desk.home._write_table(folder, "teachers", rows)
    answer = browser.post(f"/scenarios/{number}/solve")
    run = int(str(answer.url).rpartition("/")[2])
    assert browser.wait(run) == "failed"
    assert 'class="bad"' in browser.get(f"/runs/{run}").text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_in_one_language(browser, language):
    """No page mixes English words into the Chinese, nor has an empty text."""
    browser.get(f"/language/{language}")
    number = _begun(browser)
    for path in ("/", "/log", f"/scenarios/{number}"):
        page = browser.get(path).text
        assert f'<html lang="{language}">' in page
        assert not re.search(r"<(h1|h2|button|label)[^>]*>\s*</", page)
        if language == "zh":
            heads = re.findall(r"<(?:h2|button|th)[^>]*>([^<]+)<", page)
            assert [head for head in heads if re.fullmatch(r"[A-Za-z ]{4,}", head.strip())] == []


def test_every_page_asks_who_is_there(made):
    """Without a session every page but the door leads to the door."""
    app, _ = made
    stranger = Browser(app)
    for path, method, _ in _PAGES:
        if path in ("/enter", "/language/{language}"):
            continue
        at = path.replace("{number:int}", "1").replace("{name}", "plan.csv")
        answer = stranger.client.request(method, at, follow_redirects=False)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/enter"), at
