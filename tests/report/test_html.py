"""The page: it needs nothing but itself, escapes everything, and shows nothing that is not in the result files."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from allocator.report.answer import Answer
from allocator.report.chapters import story
from allocator.report.html import page
from allocator.report.parts import Leaves, Mark, Table
from allocator.report.scorecard import gains as gains_table
from allocator.report.story import Story
from allocator.words import Text, say
from report.results import Folder, rows, solved
from rules.variants import TINY, variant
from solving import brute

HOSTILE = """<script>alert("1")</script>&amp;{x}%s'"><img src=x onerror=y>"""
_ELEMENTS = (
    "html head meta title style body main nav section h1 h2 h3 h4 p ul li div table thead tbody tr th td details summary"
    " footer a button label input output noscript script"
)
_ATTRIBUTES = (
    "lang charset name content http-equiv class id href scope role type hidden data-key data-table data-zoom data-unfold"
    " aria-label aria-live"
)


class Page(HTMLParser):
    """A page taken apart: its elements with their attributes, its policy, and the text that is shown."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.style = ""
        self.scripts: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; those without an end are not kept open."""
        self.elements.append((tag, dict(attrs)))
        if tag == "script" and "type" not in dict(attrs):
            self.scripts.append("")
        if tag not in ("meta", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Hold that elements end in the order in which they began."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note what is shown."""
        if self.open and self.open[-1] == "style":
            self.style += data
        elif self.open and self.open[-1] == "script":
            if self.elements[-1] == ("script", {}):
                self.scripts[-1] += data
        else:
            self.text.append(data)

    @property
    def shown(self) -> str:
        """All that is shown, as a browser would read it."""
        return "\n".join(self.text)


def rendered(answer: Answer, language: str = "en", *, names: bool = False) -> str:
    config = answer.scenario.config.model_copy(update={"language": language})
    return page(story(replace(answer, scenario=replace(answer.scenario, config=config)), names=names))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_needs_nothing_but_itself(tiny: Folder, language: str) -> None:
    """No element loads anything or leads off the page, and no script runs but the two that its own policy names."""
    taken = Page(rendered(tiny.answer, language))
    assert not taken.open
    assert {tag for tag, _ in taken.elements} <= set(_ELEMENTS.split())
    assert {name for _, attributes in taken.elements for name in attributes} <= set(_ATTRIBUTES.split())
    assert all(str(a["href"]).startswith("#") for tag, a in taken.elements if tag == "a")
    (policy,) = [a["content"] for _, a in taken.elements if a.get("http-equiv") == "Content-Security-Policy"]
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in taken.scripts]
    assert len(hashes) == 2
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}"
    assert not re.search(r"url\(|@import|expression", taken.style)


def test_what_leads_somewhere_arrives(tiny: Folder) -> None:
    """Every link has its place on the page, and no place stands there twice."""
    taken = Page(rendered(tiny.answer))
    places = [a["id"] for _, a in taken.elements if "id" in a]
    assert len(places) == len(set(places))
    links = {unquote(str(a["href"])[1:]) for tag, a in taken.elements if tag == "a"}
    assert {"school-A1", "teacher-T01"} & links
    assert links <= set(places)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_is_in_the_language_of_the_scenario(tiny: Folder, language: str) -> None:
    """Every sentence of the story is shown in the language asked for, and the page says which it is."""
    taken, told = Page(rendered(tiny.answer, language)), tiny.story
    assert taken.elements[0] == ("html", {"lang": language})
    for line in told.verdict:
        assert say(line.words, language) in taken.text
    for table in told.tables:
        for words in (*table.columns, *table.notes, table.folded if table.wide else table.title):
            assert say(words, language) in taken.text
    name = {"zh": "每百名学生体育艺术", "en": "PE, music and art teachers per 100 pupils"}[language]
    assert name in taken.shown


def test_everything_is_escaped(tmp_path: Path) -> None:
    """Titles, notices, names of schools and of people are shown as they are and never become elements."""
    cells: dict[str, Any] = {
        "schools": {s: {"name": f"{HOSTILE}{s}", "township": HOSTILE} for s in ("A1", "A2", "B1", "B2")},
        "teachers": {f"T{n:02d}": {"name": f"{HOSTILE}{n}"} for n in range(1, 13)},
    }
    settings = {"title": HOSTILE, "notice": f"{HOSTILE}!"}
    found = solved(variant(tmp_path / "v", settings, cells), tmp_path / "out")
    taken = Page(rendered(found.answer, names=True))
    assert "img" not in {tag for tag, _ in taken.elements}
    assert len(taken.scripts) == 2
    assert taken.text.count(HOSTILE) == 2  # the title of the window and of the page
    assert f"{HOSTILE}!" in taken.text
    for shown in (f"A1 {HOSTILE}A1", f"T10 {HOSTILE}10"):
        assert any(shown in part for part in taken.text)


def test_names_of_people_stand_only_where_they_are_asked_for(tiny: Folder) -> None:
    """Without the option the page has codes alone; with it, the names of those who move or whose wish is not granted."""
    movers = {r["teacher_id"] for r in tiny.plan if r["round"] != "stay"}
    names = {t: row["name"] for t, row in tiny.teachers.items()}
    plain, named = (rendered(tiny.answer, names=n) for n in (False, True))
    wish = {line[0] for line in table(tiny, "Wishes that were not granted")}
    for teacher, name in names.items():
        assert not re.search(rf"\b{name}\b", plain)
        assert (f"{teacher} {name}<" in named) == (teacher in movers | wish)


def every_table(told: Story) -> list[Table]:
    """All tables of a story, those of the pages in the page as well."""
    blocks = [block for chapter in told.chapters for block in chapter.blocks]
    leaves = [leaf for block in blocks if isinstance(block, Leaves) for leaf in block.leaves]
    return [*told.tables, *(table for leaf in leaves for table in leaf.tables)]


def test_judged_cells_are_marked(tiny: Folder) -> None:
    """What is judged good or bad carries its colour, and short cells, as numbers are, do not break."""
    elements = Page(rendered(tiny.answer)).elements
    classes = [name for tag, a in elements if tag in ("td", "li") for name in (a.get("class") or "").split()]
    marks = list(tiny.story.verdict)
    cells = [c for table in every_table(tiny.story) for row in table.rows for c in row]
    marks += [c for c in cells if isinstance(c, Mark)]
    assert classes.count("good") == sum(mark.good is True for mark in marks) > 0
    assert classes.count("bad") == sum(mark.good is False for mark in marks) > 0
    short = [c for c in cells if len(_words(c)) <= 10]
    assert classes.count("short") == len(short) < len(cells)


def test_long_tables_are_folded_with_their_number_of_rows(tiny: Folder) -> None:
    """Who moves where is folded away under a line that says how many rows there are."""
    taken = Page(rendered(tiny.answer))
    assert "Profile of the staff (" in taken.shown
    assert sum(tag == "details" for tag, _ in taken.elements) == sum(t.wide for t in tiny.story.tables) + len(
        tiny.answer.problem.school_ids
    )


# --- every cell stands in the result files


def table(tiny: Folder, title: str) -> list[tuple[str, ...]]:
    """Rows of one table as they are shown in English."""
    (found,) = [t for t in tiny.story.tables if str(t.title) == title]
    return [tuple(_words(cell) for cell in row) for row in found.rows]


def _words(cell: str | Text | Mark) -> str:
    return str(cell.words if isinstance(cell, Mark) else cell)


def _school(code: str) -> str:
    return f"{code} {brute.read(TINY).schools[code]['name']}"


def _names(tiny: Folder, kind: str) -> dict[str, str]:
    return {code: str(facts.name) for code, facts in getattr(tiny.answer.scenario.standard, kind).items()}


def test_every_table_is_tested_here(tiny: Folder) -> None:
    """A table that is added to the report needs its source in the result files, and a test below."""
    assert {str(t.title) for t in tiny.story.tables} == {
        "Requirements of the standard",
        "What the tables cannot answer",
        "Every school and every indicator",
        "Swaps and chains of moves",
        "Wishes that were not granted",
        "Shortage map: subject by section",
        "Lessons without a teacher",
        "Balance before and after",
        "What brought the change",
        "Fewest people that bring a coefficient of variation within its limit",
        "What the schools lack altogether",
        "What each school lacks",
        "Who teaches what",
        "Profile of the staff",
        "Placements by round",
        "Pupils who change school",
        "Staff, quota and posts in September",
        "Posts that stay empty",
        "Certificate",
        "Rules",
        "Every move",
        "Manifest",
    }


def test_balance_stands_in_balance_csv(tiny: Folder) -> None:
    """Coefficients, limits, verdicts and means are those of balance.csv."""
    stages, indicators = _names(tiny, "stages"), _names(tiny, "indicators")
    by = {(r["stage"], r["indicator"], r["measure"]): r for r in tiny.balance}
    verdicts = {
        ("yes", "yes"): "within, as before",
        ("no", "yes"): "now within",
        ("no", "no"): "still above",
        ("", ""): "",
    }
    expected = []
    for (stage, name, measure), row in by.items():
        if measure == "cv":
            mean = by[stage, name, "mean"]
            why = row["why_not"].rpartition("after: ")[2]
            expected.append(
                (
                    stages[stage],
                    indicators[name],
                    *(_shown(row[when], 3) for when in ("before", "after")),
                    f"≤ {row['threshold']}" if row["threshold"] else "",
                    why or verdicts[row["pass_before"], row["pass_after"]],
                    *(_shown(mean[when], 2) for when in ("before", "after")),
                )
            )
    assert table(tiny, "Balance before and after") == expected


def _shown(cell: str, digits: int) -> str:
    return f"{float(cell):.{digits}f}" if cell else "—"


def test_limits_are_not_shown_where_there_are_none(tmp_path: Path) -> None:
    """A standard that sets no limits leaves no empty columns for them."""
    folder = Path(__file__).parents[2] / "scenarios" / "fermanagh"
    found = solved(folder, tmp_path / "out")
    columns = [str(c) for c in found.story.tables[0].columns]
    assert columns == ["Stage", "Indicator", "CV before", "CV after", "Mean before", "Mean after"]


def test_rounds_stand_in_plan_csv(tiny: Folder) -> None:
    """The placements by round add up to the rows of plan.csv."""
    shown = table(tiny, "Placements by round")
    assert [int(n) for _, n in shown] == [n for n in tiny.facts["counts"]["rounds"].values() if n]
    assert sum(int(n) for _, n in shown) == len(tiny.plan)


def test_closures_stand_in_result_json(tiny: Folder) -> None:
    """Where pupils go and how far is what the journeys of result.json say."""
    assert table(tiny, "Pupils who change school") == [
        (
            _school(j["school_id"]),
            _names(tiny, "stages")[j["stage"]],
            _school(j["to_school"]),
            ", ".join(map(str, j["grades"])),
            str(j["pupils"]),
            f"{j['km']:.1f}",
            f"{j['minutes']:.0f}",
        )
        for j in tiny.facts["journeys"]
    ]


def test_staff_stands_in_sections_and_posts(tiny: Folder) -> None:
    """Staff, quota and posts of a stage are the sums of its sections and post groups."""
    expected = []
    for stage, name in _names(tiny, "stages").items():
        sums = [
            sum(int(r[column]) for r in tiny.sections if r["stage"] == stage)
            for column in ("pupils", "classes", "quota", "headcount_after")
        ]
        posts = [
            sum(int(r[column]) for r in tiny.posts if r["stage"] == stage)
            for column in ("posts_before", "posts")
        ]
        over = sums[3] - sums[2]
        expected.append((name, *map(str, sums), f"{over:+}" if over else "0", *map(str, posts)))
    assert table(tiny, "Staff, quota and posts in September") == expected


def test_empty_posts_stand_in_posts_csv(tiny: Folder) -> None:
    """Every post group with an empty post is shown, with its numbers."""
    stages, subjects = _names(tiny, "stages"), _names(tiny, "subjects")
    assert table(tiny, "Posts that stay empty") == [
        (
            _school(r["school_id"]),
            stages[r["stage"]],
            subjects[r["subject"]],
            r["posts"],
            r["filled_after"],
            r["unfilled"],
        )
        for r in tiny.posts
        if r["unfilled"] != "0"
    ]


def test_certificate_stands_in_result_json(tiny: Folder) -> None:
    """Objective, bound, status and seconds of each level are those of result.json, the gap never rounded down."""
    for shown, level in zip(table(tiny, "Certificate"), tiny.facts["levels"], strict=True):
        assert shown[2:4] == (f"{level['objective']:.6g}", f"{level['bound']:.6g}")
        assert level["gap"] - 1e-9 <= float(shown[4].rstrip("%")) / 100 <= level["gap"] + 1e-4
        assert shown[5:] == (f"{level['seconds']:.1f}", level["status"])


def test_rules_stand_in_result_json(tiny: Folder) -> None:
    """Every rule with its sentence, its force and its breaches is shown."""
    assert table(tiny, "Rules") == [
        (r["id"], r["sentence"], r["level"], r["standing"], str(len(r["violations"])))
        for r in tiny.facts["rules"]
    ]


def test_moves_stand_in_plan_csv(tiny: Folder) -> None:
    """Everybody who does not keep the place is shown as plan.csv has it, and nobody else."""
    stages, subjects = _names(tiny, "stages"), _names(tiny, "subjects")

    def place(school: str, stage: str) -> str:
        return f"{_school(school)}, {stages[stage]}" if school else "—"

    shown = table(tiny, "Every move")
    assert [(*row[:5], *row[6:]) for row in shown] == [
        (
            r["teacher_id"],
            place(r["from_school"], r["from_stage"]),
            subjects[r["from_subject"]],
            place(r["to_school"], r["to_stage"]),
            subjects[r["to_subject"]],
            r["km"],
            r["reason"],
        )
        for r in tiny.plan
        if r["round"] != "stay"
    ]


def test_manifest_stands_in_result_json(tiny: Folder) -> None:
    """Seed, time and the hash of each file are those of the manifest."""
    manifest, shown = tiny.facts["manifest"], dict(table(tiny, "Manifest"))
    assert manifest["files"].items() <= shown.items()
    assert shown["Seed"] == str(manifest["seed"])
    assert manifest["time"].startswith(shown["Solved"].removesuffix("+00:00"))
    assert float(shown["Seconds"]) == pytest.approx(manifest["seconds"], abs=0.06)
    assert len(shown) == len(manifest["files"]) + 3


def test_a_table_without_rows_is_left_out(tmp_path: Path) -> None:
    """Nothing is shown of closures where no school closes."""
    found = solved(variant(tmp_path / "v", {"closures": None}), tmp_path / "out")
    tables: tuple[Table, ...] = found.story.tables
    assert "Pupils who change school" not in {str(t.title) for t in tables}
    assert all(t.rows for t in tables)


def _stage(tiny: Folder, row: dict[str, str]) -> str:
    return _names(tiny, "stages")[row["stage"]]


def test_requirements_stand_in_requirements_csv(tiny: Folder) -> None:
    """What can be judged stands in one table with its verdict, what cannot be answered in another."""
    elsewhere = tiny.answer.scenario.standard.balance.elsewhere
    verdicts = {"yes": "met", "no": "not met", "": "cannot be judged"}
    read = rows(tiny.path / "requirements.csv")
    expected = [
        (
            f"{r['asked']} ({_stage(tiny, r)})" if r["stage"] else r["asked"],
            r["found_before"],
            r["found_after"],
            verdicts[r["met_after"]],
            r["source"],
        )
        for r in read
        if r["requirement"] not in elsewhere
    ]
    assert table(tiny, "Requirements of the standard") == expected
    others = [(r["asked"], r["source"]) for r in read if r["requirement"] in elsewhere]
    assert table(tiny, "What the tables cannot answer") == others
    assert {r["met_after"] for r in read} == {"yes", "no", ""}


def test_what_it_would_take_stands_in_reach_csv(tiny: Folder) -> None:
    """One line for each coefficient above its limit: further people and moves, each with some of the schools."""
    read = rows(tiny.path / "reach.csv")
    shown = table(tiny, "Fewest people that bring a coefficient of variation within its limit")
    assert [r["people"] for r in read if r["way"] == "more"] == [line[4] for line in shown]
    moves = [r["people"] or "no number of moves" for r in read if r["way"] == "moves"]
    assert moves == [line[6] for line in shown]
    for line, row in zip(shown, (r for r in read if r["way"] == "more"), strict=True):
        named = [one.rpartition(" ") for one in line[5].removesuffix(", …").split(", ")]
        listed = {f"{school.partition(' ')[0]}{change}" for school, _, change in named}
        assert listed <= set(row["schools"].split())
        assert all(school == _school(school.partition(" ")[0]) for school, _, _ in named)


def test_every_section_below_a_threshold_has_its_gap(tiny: Folder) -> None:
    """Gaps are those of sections.csv, also of sections that conform all the same."""
    gaps = {(r["school_id"], r["stage"], r["indicator"]): r["conforms"] for r in rows(tiny.path / "gaps.csv")}
    below = {
        (r["school_id"], r["stage"], name.removesuffix("_meets_after")): r["conforms_after"]
        for r in rows(tiny.path / "sections.csv")
        for name, met in r.items()
        if name.endswith("_meets_after") and met == "no"
    }
    official = {name for name, one in tiny.answer.scenario.standard.indicators.items() if one.official}
    assert gaps == {key: conforms for key, conforms in below.items() if key[2] in official}
    assert gaps


def test_gaps_and_gains_stand_in_their_files(tiny: Folder) -> None:
    """What schools lack, and the moves that bring most, are those of gaps.csv and gains.csv."""
    lacks = [
        (_school(r["school_id"]), r["missing"], r["missing_to_floor"]) for r in rows(tiny.path / "gaps.csv")
    ]
    shown = [(line[0], line[5], line[6]) for line in table(tiny, "What each school lacks")]
    assert [(s, m.replace(",", ""), f.replace(",", "")) for s, m, f in shown] == lacks
    total: dict[tuple[str, str], int] = {}
    for r in rows(tiny.path / "gaps.csv"):
        total[r["stage"], r["indicator"]] = total.get((r["stage"], r["indicator"]), 0) + int(r["missing"])
    sums = [int(line[3].replace(",", "")) for line in table(tiny, "What the schools lack altogether")]
    assert sorted(sums) == sorted(total.values())
    gains = [(r["teacher_id"], float(r["gain"])) for r in rows(tiny.path / "gains.csv")]
    assert gains == sorted(gains, key=lambda gain: -gain[1])
    shown_gains = gains_table(tiny.answer.problem, tiny.answer.card)
    moved = [(t, f"{gain:.5f}") for t, gain in gains if gain > 0][:20]
    assert [(line[1], line[4]) for line in shown_gains.rows] == moved


def test_what_brought_the_change_stands_in_attribution_csv(tiny: Folder) -> None:
    """The first and last coefficient and every change between them, of the indicators of teachers."""
    by: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows(tiny.path / "attribution.csv"):
        by.setdefault((row["stage"], row["indicator"]), []).append(row)
    people = [n for n, i in tiny.answer.scenario.standard.indicators.items() if i.counts == "teachers"]
    expected = [
        tuple("—" if not r["cv"] else f"{float(r['cv']):.3f}" for r in (steps[0], steps[-1]))
        for (_, indicator), steps in by.items()
        if indicator in people
    ]
    assert [(line[2], line[-1]) for line in table(tiny, "What brought the change")] == expected


def test_the_staff_stands_in_staff_and_profile_csv(tiny: Folder) -> None:
    """Teachers by subject, and by age, title and degree, are counted as in the files."""
    read = rows(tiny.path / "staff.csv")
    columns = [
        f"{what}_{when}" for what in ("teachers", "only_one", "nobody") for when in ("before", "after")
    ]
    expected = [tuple(r[c] or "—" for c in (*columns, "retire_1", "retire_3", "retire_5")) for r in read]
    assert [line[2:11] for line in table(tiny, "Who teaches what")] == expected
    profile = [r["teachers_after"] for r in rows(tiny.path / "profile.csv")]
    assert [line[4].partition(" ")[0] for line in table(tiny, "Profile of the staff")] == profile


def _less(filled: str, posts: str) -> str:
    found = int(filled) - int(posts)
    return (f"{found:+d}" if found else "0").replace("-", "−")


def test_the_shortage_map_stands_in_posts_csv(tiny: Folder) -> None:
    """Teachers less posts of every section and subject, today and in September; darker where more are short."""
    stages, subjects = _names(tiny, "stages"), _names(tiny, "subjects")
    (found,) = [t for t in tiny.story.tables if str(t.title).startswith("Shortage map")]
    heads = [str(head) for head in found.columns]
    shown = {(line[0], str(line[1]), heads[i]): line[i] for line in found.rows for i in range(2, len(heads))}
    seen = set()
    for r in tiny.posts:
        cell = shown[_school(r["school_id"]), stages[r["stage"]], subjects[r["subject"]]]
        if not any(int(r[c]) for c in ("posts", "posts_before", "filled_before", "filled_after")):
            assert cell == "·"
            continue
        before, after = _less(r["filled_before"], r["posts_before"]), _less(r["filled_after"], r["posts"])
        assert isinstance(cell, Mark)
        assert cell.words == (after if before == after else f"{before} → {after}")
        assert cell.key == int(r["filled_after"]) - int(r["posts"])
        assert cell.shade == {-1: -1, -2: -1, -3: -2, 0: 0, 1: 1, 2: 1, 3: 2}[cell.key]
        seen.add(cell.shade)
    assert {-1, 0} <= seen


def test_every_school_and_indicator_stands_in_sections_csv(tiny: Folder) -> None:
    """The sections that are judged in September, with their values today and then."""
    stages = _names(tiny, "stages")
    counted = [r for r in tiny.sections if r["counts_after"] == "yes"]
    shown = table(tiny, "Every school and every indicator")
    assert [line[:3] for line in shown] == [
        (_school(r["school_id"]), stages[r["stage"]], r["pupils"]) for r in counted
    ]
    official = [n for n, i in tiny.answer.scenario.standard.indicators.items() if i.official]
    for line, r in zip(shown, counted, strict=True):
        for cell, name in zip(line[3:], official, strict=False):
            ends = [r[f"{name}_value_before"], r[f"{name}_value_after"]]
            parts = cell.split(" → ")
            for part, end in zip((parts[0], parts[-1]), ends, strict=True):
                assert (part == "—") == (not end)
                assert not end or float(part) == pytest.approx(float(end), rel=6e-4)


def test_lessons_without_a_teacher_stand_in_lessons_csv(tiny: Folder) -> None:
    """Lessons of a subject and stage that are not covered, today and in September, added up."""
    stages, subjects = _names(tiny, "stages"), _names(tiny, "subjects")
    by: dict[tuple[str, str], list[float]] = {}
    for r in tiny.lessons:
        sums = by.setdefault((stages[r["stage"]], subjects[r["subject"]]), [0.0, 0.0, 0.0])
        sums[0] += float(r["lessons"])
        sums[1] += float(r["lessons_before"]) - float(r["covered_before"])
        sums[2] += float(r["lessons"]) - float(r["covered_after"])
    shown = {line[:2]: line[2:5] for line in table(tiny, "Lessons without a teacher")}
    assert shown == {
        key: (f"{n:,.0f}", f"{before:,.1f}", f"{after + 0.0:,.1f}")
        for key, (n, before, after) in by.items()
        if before + after > 1e-6
    }
    assert shown


def leaf(tiny: Folder, school: str) -> dict[str, list[tuple[str, ...]]]:
    """Tables of the page of one school, by title."""
    blocks = [b for chapter in tiny.story.chapters for b in chapter.blocks if isinstance(b, Leaves)]
    (found,) = [one for b in blocks for one in b.leaves if one.at == f"school-{school}"]
    return {str(t.title): [tuple(_words(c) for c in row) for row in t.rows] for t in found.tables}


def test_the_page_of_a_school_stands_in_plan_and_sections_csv(tiny: Folder) -> None:
    """Who leaves and who comes is that of plan.csv, and every number that of sections.csv and posts.csv."""
    left = arrived = turned = 0
    for school in tiny.answer.problem.school_ids:
        told = leaf(tiny, school)
        out = [r["teacher_id"] for r in tiny.plan if r["from_school"] == school != r["to_school"]]
        into = [r["teacher_id"] for r in tiny.plan if r["to_school"] == school != r["from_school"]]
        here = [r for r in tiny.plan if r["from_school"] == school == r["to_school"] and r["round"] != "stay"]
        assert [line[0] for line in told.get("Who leaves", [])] == out
        assert [line[0] for line in told.get("Who comes", [])] == into
        other = told.get("Who gets another subject or stage here", [])
        assert [line[0] for line in other] == [r["teacher_id"] for r in here]
        left, arrived, turned = left + len(out), arrived + len(into), turned + len(here)
        heads = [line for line in told["What changes"] if line[1] == "Teachers"]
        assert [line[2:4] for line in heads] == [
            (r["headcount_before"], r["headcount_after"]) for r in tiny.sections if r["school_id"] == school
        ]
        posts = [r for r in tiny.posts if r["school_id"] == school]
        empty = sum(int(line[6]) for line in told.get("Posts and teachers by subject", []))
        assert empty == sum(int(r["unfilled"]) for r in posts)
    assert left == sum(bool(r["from_school"]) and r["from_school"] != r["to_school"] for r in tiny.plan) > 0
    assert arrived >= left
    assert turned == sum(r["round"] == "in_school" for r in tiny.plan)
