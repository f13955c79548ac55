"""Hostile requests, and what each gets."""

from __future__ import annotations

import io
import os
import re
import zipfile

import pytest
from starlette.testclient import TestClient

from allocator.web import desk as desks
from allocator.web import guard
from allocator.web.server import create
from web.conftest import HOST, Browser
from web.test_desk import _begun


def test_headers_of_every_answer(browser):
    """Every answer forbids foreign scripts and frames and is kept nowhere; nothing says what serves it."""
    for path in ("/", "/enter", "/static/desk.css", "/nowhere"):
        answer = browser.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1]"])
def test_a_foreign_name_is_refused(made, host):
    """A page of another site that has its name lead here (DNS rebinding) gets nothing."""
    app, _ = made
    answer = TestClient(app, base_url=f"http://{HOST}").get("/enter", headers={"host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": f"http://{HOST}:99"}],
)
def test_a_form_of_another_site_is_refused(browser, headers):
    """A form that another site sends with the person's cookies is refused."""
    answer = browser.client.post(
        "/scenarios/ready", data={"form": browser.secret, "district": "tiny"}, headers=headers
    )
    assert answer.status_code == 403


def test_a_form_without_its_secret_is_refused(browser):
    """A form without the session's secret, or with that of another, is refused."""
    for secret in ("", "x" * 32):
        assert (
            browser.client.post("/scenarios/ready", data={"form": secret, "district": "tiny"}).status_code
            == 403
        )


@pytest.mark.parametrize("cookie", ["", "x", "../../etc/passwd", "a" * 5000, "' OR 1=1 --"])
def test_a_forged_session_leads_to_the_door(made, cookie):
    """No cookie but one that was given opens anything."""
    app, _ = made
    client = TestClient(
        app, base_url=f"http://{HOST}", cookies={guard.COOKIE: cookie}, follow_redirects=False
    )
    assert client.get("/").headers["location"] == "/enter"


def test_codes_cannot_be_tried_without_end(made):
    """After ten attempts in a minute even the right code is refused for a while."""
    app, desk = made
    client = TestClient(app, base_url=f"http://{HOST}")
    for n in range(10):
        assert client.post("/enter", data={"code": str(n)}).status_code == 403
    assert client.post("/enter", data={"code": desk.code}, follow_redirects=False).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/runs/1/files/..%2f..%2fdesk.sqlite",
        "/runs/1/files/../../desk.sqlite",
        "/runs/1/files/%2e%2e/desk.sqlite",
        "/runs/1/files/desk.sqlite",
        "/static/../server.py",
        "/static/..%2fserver.py",
        "/static/%2e%2e/server.py",
        "/scenarios/1%2f..%2f..",
        "/runs/99999999999999999999",
        "/runs/-1",
        "/language/..",
    ],
)
def test_paths_lead_nowhere_else(browser, path):
    """No path reaches a file that is not a result or a part of the page."""
    answer = browser.get(path)
    assert answer.status_code in (404, 500) or "desk.css" in answer.text
    assert "SQLite" not in answer.text
    assert "import" not in answer.text


def test_names_are_shown_as_text(browser, made):
    """A script in a title, a name of a file or a cell is text on every page."""
    bad = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    number = _begun(browser)
    browser.post(f"/scenarios/{number}/settings", title=bad, places="yes")
    roster = f"学校名称,姓名,任教学科\n{bad.replace(',', '')},{bad},语文\n".encode()
    browser.post(
        "/scenarios/upload",
        kind="files",
        year="2026",
        title=bad,
        files={"files": (f"{bad}.csv".replace("/", ""), roster)},
    )
    for path in ("/", f"/scenarios/{number}", f"/scenarios/{number + 1}", "/log"):
        page = browser.get(path).text
        assert "<script>alert" not in page
        assert not re.search(r"<img[^>]*onerror", page)


def test_too_large_a_request_is_cut_off(browser, monkeypatch):
    """What arrives is counted, whatever length is stated, with and without one."""
    monkeypatch.setattr(guard, "MOST_UPLOAD", 200_000)
    large = io.BytesIO(b"x" * 400_000)
    answer = browser.post("/scenarios/upload", kind="workbook", files={"files": ("d.xlsx", large)})
    assert answer.status_code == 413

    def parts():
        for _ in range(40):
            yield b"x" * 10_000

    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = browser.client.post("/scenarios/upload", content=parts(), headers=kind)
    assert answer.status_code in (400, 413)


def _zip(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"no workbook", b"PK\x03\x04", b"\x00" * 1000, _zip({"xl/workbook.xml": b"<x/>"}), _zip({"../../evil.xml": b"<x/>"}),
     _zip({"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": b" " * 700_000_000})],
)  # fmt: skip
def test_malformed_uploads_are_told(browser, made, content):
    """What is no workbook is said in words, and leaves nothing behind."""
    _, desk = made
    answer = browser.post("/scenarios/upload", kind="workbook", files={"files": ("d.xlsx", content)})
    assert answer.status_code == 400
    assert "fault" not in answer.text
    assert list((desk.home.folder / "scenarios").iterdir()) == []


def test_an_upload_names_no_file_of_the_machine(browser, made, tmp_path):
    """Settings of an upload that would have other files read are refused."""
    import xlsxwriter

    _, desk = made
    for key, value in (("base", "../../../etc"), ("standard", "/etc/passwd.toml"), ("rulebook", "../x.toml")):
        path = tmp_path / f"{key}.xlsx"
        book = xlsxwriter.Workbook(path)
        page = book.add_worksheet("scenario")
        for r, row in enumerate((("key", "value"), ("title", "t"), ("school_year", "2026"), (key, value))):
            page.write_row(r, 0, row)
        book.add_worksheet("schools").write_row(0, 0, ("school_id", "name"))
        book.close()
        answer = browser.post(
            "/scenarios/upload", kind="workbook", files={"files": ("d.xlsx", path.read_bytes())}
        )
        assert answer.status_code == 400, key
    assert list((desk.home.folder / "scenarios").iterdir()) == []


def test_roles(tmp_path):
    """A viewer looks, a planner plans, an approver approves; a password opens nothing of another."""
    asked = desks.Asked(tmp_path / "desk", None, users=True)
    desk = desks.put_together(asked)
    for name, role in (("v", "viewer"), ("p", "planner"), ("a", "approver")):
        desk.store.add_user(name, role, f"password-of-{name}", "test")
    app = create(desk, (HOST,))
    with TestClient(app, base_url=f"http://{HOST}"):
        viewer, planner, approver = (Browser(app).enter(name=n, password=f"password-of-{n}") for n in "vpa")
        assert Browser(app).enter(name="v", password="password-of-p").secret == ""
        roster = {"files": ("r.csv", "学校名称,姓名,任教学科\n一小,甲,语文\n".encode())}
        assert viewer.post("/scenarios/upload", kind="files", year="2026", files=roster).status_code == 403
        assert planner.post("/scenarios/upload", kind="files", year="2026", files=roster).status_code == 200
        assert viewer.get("/scenarios/1").status_code == 200
        assert "/scenarios/1/mend" not in viewer.get("/scenarios/1").text
        run = planner.post("/scenarios/1/solve")
        number = int(str(run.url).rpartition("/")[2])
        assert planner.wait(number) == "failed"
        assert planner.post(f"/runs/{number}/approve").status_code == 403
        assert approver.post(f"/runs/{number}/approve").status_code == 200
        assert desk.store.run(number)["approved_by"] is None  # there is no plan to approve
        assert planner.get("/back-up").status_code == 403


@pytest.mark.skipif(os.name == "nt", reason="rights of POSIX")
def test_the_folder_of_the_desk_is_of_the_owner_alone(browser, made):
    """Nobody else reads scenarios, results or the database; no password and no key stands in it."""
    _, desk = made
    _begun(browser)
    for path in (desk.home.folder, *desk.home.folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0 or path.suffix in (".sqlite", ".sqlite-wal", ".sqlite-shm"), (
            path
        )
    key = browser.client.cookies[guard.COOKIE]
    for path in desk.home.folder.glob("desk.sqlite*"):
        assert key.encode() not in path.read_bytes()
