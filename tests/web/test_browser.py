"""The desk in a real browser, in both languages: from a workbook to a judged change by hand."""

from __future__ import annotations

import io
import shutil
import socket
import threading
import time
from pathlib import Path

import openpyxl
import pytest
import uvicorn

from allocator import app as cases
from allocator.web import desk as desks
from allocator.web.server import create
from web.conftest import ROOT

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
PICTURES = ROOT / "out" / "pictures"


@pytest.fixture
def served(tmp_path):
    """Serve a desk on a port of its own."""
    desk = desks.put_together(desks.Asked(tmp_path / "desk", ROOT / "scenarios"))
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    settings = uvicorn.Config(
        create(desk, ("127.0.0.1",)), log_level="error", access_log=False, server_header=False
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{taken.getsockname()[1]}", desk
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def page(request):
    """Open a browser that writes down what it fetches and what goes wrong."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.wrong = []
        page.on("console", lambda m: page.wrong.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: page.wrong.append(str(e)))
        page.fetched = set()
        page.on("request", lambda r: page.fetched.add(r.url))
        yield page
        browser.close()


def _broken_workbook(path: Path) -> None:
    """Write the tiny district as a workbook with one wrong cell."""
    path.write_bytes(cases.template(ROOT / "scenarios" / "tiny", "zh", path.parent))
    book = openpyxl.load_workbook(path)
    header = [cell.value for cell in book["教师"][1]]
    book["教师"].cell(3, header.index("主教学科") + 1).value = "语闻"
    book.save(path)


def _shot(page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh", "en"])
def test_from_a_workbook_to_a_change_by_hand(served, page, language, tmp_path):
    """Workbook in, issue mended, settings, solve, cancel, solve, compare, explain, edit, download; nothing from elsewhere."""
    address, desk = served
    _broken_workbook(tmp_path / "d.xlsx")
    page.goto(f"{address}/language/{language}")
    page.fill("input[name=code]", desk.code)
    page.click("main button")
    _shot(page, f"{language}-1-home")
    page.set_input_files("form:has(input[value=workbook]) input[type=file]", tmp_path / "d.xlsx")
    page.click("form:has(input[value=workbook]) button")
    page.wait_for_selector("ul.issues li.error")
    _shot(page, f"{language}-2-issues")
    page.fill("li.error input[name=value]", "语文")
    page.click("li.error button")
    page.wait_for_selector("form[action$='/solve']")
    page.fill("input[name=moves]", "2")
    page.click("form[action$='/settings'] > button")
    page.wait_for_selector("form[action$='/solve']")
    assert page.input_value("input[name=moves]") == "2"
    page.locator("details summary").first.click()
    assert page.locator("#map circle").count() > 0
    _shot(page, f"{language}-3-settings")
    page.click("form[action$='/solve'] button")
    page.wait_for_selector("#progress")
    if page.locator("form[action$='/cancel'] button").count():
        page.click("form[action$='/cancel'] button")
    scenario = page.locator("h1 a").get_attribute("href")
    page.goto(f"{address}{scenario}")
    page.click("form[action$='/solve'] button")
    page.wait_for_selector("ul.verdict", timeout=60_000)
    _shot(page, f"{language}-4-result")
    page.fill("input[name=teacher]", "T02")
    page.keyboard.press("Enter")
    page.wait_for_selector("ul.answers li", timeout=30_000)
    _shot(page, f"{language}-5-answers")
    with page.expect_download() as given:
        page.click("a[href$='report.xlsx']")
    assert openpyxl.load_workbook(io.BytesIO(Path(given.value.path()).read_bytes())).sheetnames
    with page.expect_popup() as opened:
        page.click("a[href$='report.html']")
    opened.value.wait_for_selector("h1")
    assert opened.value.locator("table").count() > 3
    page.fill("input[name=teacher0]", "T02")
    page.fill("input[name=place0]", "")
    page.click("form[action$='/edit'] button")
    page.wait_for_selector("ul.verdict", timeout=60_000)
    page.goto(f"{address}{scenario}")
    boxes = page.locator("input[name=run]")
    assert boxes.count() >= 2
    for n in range(2):
        boxes.nth(n).check()
    page.click("form[action='/compare'] button")
    page.wait_for_selector("h1")
    _shot(page, f"{language}-6-compare")
    assert page.wrong == []
    assert {url for url in page.fetched if not url.startswith((address, "data:", "blob:"))} == set()


@pytest.mark.slow
def test_the_desk_is_read_on_a_narrow_screen_and_by_keyboard(served, page):
    """At 390 pixels nothing is wider than the page; the first Tab leads to the content."""
    address, desk = served
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(address)
    page.fill("input[name=code]", desk.code)
    page.click("main button")
    page.locator("form[action='/scenarios/ready'] button").click()
    page.wait_for_selector("#data")
    for path in ("/", page.url.removeprefix(address), "/log"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    unlabelled = page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden]),select,textarea')].filter(e => !e.labels.length && !e.ariaLabel).length"
    )
    assert unlabelled == 0
    _shot(page, "narrow")
