"""The page as a browser shows it: nothing is fetched, nothing is complained of, and what can be clicked does what it says."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from allocator import app
from allocator.report.chapters import story
from allocator.report.html import page
from allocator.report.parts import Chapter, Map, Place, Way
from allocator.report.score import score_story
from allocator.report.story import Story
from allocator.words import text
from report.results import Folder, solved
from rules.variants import TINY, variant

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
SCENARIOS = Path(__file__).parents[2] / "scenarios"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no Chromium is installed; on CI there has to be one",
)


@dataclass
class Shown:
    """A page in a browser, with what it fetched and what the console said."""

    page: Page
    fetched: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all pages."""
    with sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


def shown(browser: Browser, file: Path, width: int = 1200, **more: bool) -> Shown:
    """Open a page and wait until it is drawn."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **more)
    found = Shown(context.new_page())
    found.page.on("request", lambda request: found.fetched.append(request.url))
    found.page.on("console", lambda message: found.said.append(message.text))
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    found.page.goto(file.as_uri())
    found.page.wait_for_timeout(200)
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of duji-2020, in Chinese."""
    folder = tmp_path_factory.mktemp("duji")
    answer = app.answer(app.check(SCENARIOS / "duji-2020", {"seconds": 60.0}), compared=False)
    (folder / "report.html").write_text(page(story(answer)), encoding="utf-8")
    return folder / "report.html"


@pytest.mark.parametrize("width", [1200, 390])
def test_nothing_is_fetched_and_nothing_goes_wrong(browser: Browser, report: Path, width: int) -> None:
    """The file is all that is read, the console stays empty, and nothing but tables reaches beyond the screen."""
    found = shown(browser, report, width)
    assert found.fetched == [report.as_uri()]
    assert found.said == []
    assert found.page.evaluate("document.documentElement.scrollWidth") <= width
    assert found.page.locator("div.chart svg").count() == found.page.locator("div.chart").count() > 4


OVERLAPS = """() => {
  const shown = [...document.querySelectorAll('div.chart')].map(box => [...box.querySelectorAll('text')]
    .filter(one => one.textContent.trim() && !/^\\d+\\/\\d+$/.test(one.textContent)).map(one => [one.textContent, one.getBoundingClientRect()]));
  const found = [];
  for (const texts of shown) for (let i = 0; i < texts.length; i++) for (let j = 0; j < i; j++) {
    const [a, p] = texts[i], [b, q] = texts[j];
    const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (wide > 2 && high > 4) found.push(a + ' / ' + b);
  }
  return found;
}"""


@pytest.mark.parametrize("width", [1200, 390])
def test_no_words_of_a_drawing_lie_over_each_other(browser: Browser, report: Path, width: int) -> None:
    """Labels that have no room are left out; a legend that has none is turned page by page."""
    found = shown(browser, report, width)
    assert found.page.evaluate(OVERLAPS) == []


def drawn(count: int) -> str:
    """Write a page of a map of so many schools with names of usual length, in towns and between them."""
    draw = np.random.default_rng(count)
    towns = draw.uniform(0, 60, (max(count // 13, 1), 2))
    spots = towns[draw.integers(0, len(towns), count)] + draw.normal(0, 2.5, (count, 2))
    places = tuple(
        Place(
            f"school-{i}",
            f"S{i:03d} 第{i}中心小学",
            float(x),
            float(y),
            900.0,
            f"zone {i % 7}",
            "stays",
            text("x"),
        )
        for i, (x, y) in enumerate(spots)
    )
    ways = tuple(Way(i, (7 * i + 3) % count, 1 + i % 9, "teachers", text("x")) for i in range(count))
    chapter = Chapter("one", None, (Map(text("map"), places, ways),))
    return page(Story("t", text("s"), "", "zh", (), (chapter,)))


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("count", [2, 39, 70, 400])
def test_no_labels_of_a_map_lie_over_each_other(
    browser: Browser, tmp_path: Path, count: int, width: int
) -> None:
    """However many schools there are, some are named, and no two names share a place."""
    file = tmp_path / "map.html"
    file.write_text(drawn(count), encoding="utf-8")
    found = shown(browser, file, width)
    assert found.said == []
    assert found.page.evaluate(OVERLAPS) == []
    assert found.page.locator("div.chart svg text", has_text="中心小学").count() >= min(count, 5) - 1


def test_a_school_is_opened_from_wherever_it_stands(browser: Browser, report: Path) -> None:
    """A click on a school in a table unfolds its page, and one on a teacher there the line of the move."""
    found = shown(browser, report).page
    leaf = found.locator("[id='school-P01']")
    assert leaf.get_attribute("open") is None
    found.locator("a[href='#school-P01']:visible").first.click()
    found.wait_for_selector("[id='school-P01'][open]")
    leaf.locator("summary").first.click()
    assert leaf.get_attribute("open") is None
    found.locator("a[href='#school-P01']:visible").first.click()  # the same link again
    found.wait_for_selector("[id='school-P01'][open]")
    mover = leaf.locator("a[href^='#teacher-']").first
    code = mover.get_attribute("href")[1:]
    mover.click()
    found.wait_for_selector(f"[id='{code}']", state="visible")


def test_moves_are_found_by_any_words(browser: Browser, report: Path) -> None:
    """The field above the moves leaves the lines with all its words, and says how many."""
    found = shown(browser, report).page
    line = found.locator("tr[id^='teacher-']")
    table = line.first.locator("xpath=ancestor::table")
    name = table.get_attribute("id")
    table.evaluate("one => { one.closest('details').open = true; }")
    found.locator(f"input[data-table='{name}']").fill("P21 语文")
    some = [one for one in line.all() if one.is_visible()]
    assert 0 < len(some) < line.count()
    assert all("P21" in one.inner_text() and "语文" in one.inner_text() for one in some)
    assert found.locator("p.find", has=found.locator(f"input[data-table='{name}']")).locator(
        "output"
    ).inner_text() == (f"{len(some)} / {line.count()}")


def test_a_head_sorts_by_number_and_back(browser: Browser, report: Path) -> None:
    """The first click sorts from the least, the second from the most; the keyboard does it too, and it is told."""
    found = shown(browser, report).page
    table = found.locator("section#first table").first
    head = table.locator("th").nth(3)
    cells = lambda: [float(c.inner_text()) for c in table.locator("tbody tr td:nth-child(4)").all()]  # noqa: E731
    before = cells()
    head.locator("button").focus()
    found.keyboard.press("Enter")
    assert cells() == sorted(before) != before
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").click()
    assert cells() == sorted(before, reverse=True)
    assert head.get_attribute("aria-sort") == "descending"


def test_without_scripts_everything_can_be_read(browser: Browser, report: Path) -> None:
    """Where scripts are off nothing that needs them is offered, and it is said that the numbers stand in the tables."""
    found = shown(browser, report, java_script_enabled=False).page
    assert found.locator("noscript p").first.is_visible()
    assert not any(one.is_visible() for one in found.locator("input, button").all())
    assert found.locator("section#first table td").first.is_visible()


HOSTILE = """</script><script>window.harmed=1</script><img src=x onerror="window.harmed=1">{a|b}'"""


def test_names_do_no_harm(browser: Browser, tmp_path: Path) -> None:
    """Schools and teachers named as scripts are shown as they are named, in tables and in drawings."""
    cells = {
        "schools": {s: {"name": HOSTILE} for s in ("A1", "A2", "B1", "B2")},
        "teachers": {f"T{n:02d}": {"name": HOSTILE} for n in range(1, 13)},
    }
    folder: Folder = solved(variant(tmp_path / "v", {"notice": HOSTILE}, cells), tmp_path / "out")
    file = tmp_path / "report.html"
    file.write_text(page(story(folder.answer, names=True)), encoding="utf-8")
    found = shown(browser, file)
    found.page.locator("div.chart").first.hover()
    assert found.page.evaluate("window.harmed") is None
    assert found.said == []
    assert found.fetched == [file.as_uri()]
    assert found.page.locator("img").count() == 0


def test_what_draws_is_left_out_where_nothing_is_drawn() -> None:
    """A page of tables alone has the page's own script and no other."""
    assert len(page(score_story(app.score(TINY)))) < 200_000
