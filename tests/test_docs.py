"""The pages: generated ones are what the data say, written ones name everything there is and lead nowhere wrong."""

from __future__ import annotations

import csv
import json
import re
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from allocator import app, cli
from allocator.plan import ROUNDS
from allocator.report.files import write
from allocator.scenario.config import Config
from allocator.scenario.schema import columns

ROOT = Path(__file__).parents[1]
DOCS, SCENARIOS = ROOT / "docs", ROOT / "scenarios"
STANDARDS = [
    *sorted((ROOT / "src/allocator/standards").glob("*.toml")),
    SCENARIOS / "fermanagh/standard.toml",
]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted(DOCS.glob("*.md")),
    *sorted(SCENARIOS.rglob("*.md")),
]


GENERATE: dict[str, Any] = runpy.run_path(str(DOCS / "generate.py"))


def page(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def blocks(path: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", page(path), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", GENERATE["PAGES"])
def test_committed_pages_are_what_the_generator_makes(name):
    """A page that lags behind the data fails here; `make docs` writes it anew."""
    assert page(f"docs/{name}") == GENERATE["PAGES"][name](), "run: make docs"


def test_tables_page_has_every_column():
    """Every row of the attribute table stands in the page under its table, with its Chinese name."""
    parts = dict(
        re.findall(r"^## (\w+)\.csv.*?\n(.*?)(?=^## |\Z)", page("docs/tables.md"), re.MULTILINE | re.DOTALL)
    )
    for column in columns():
        assert re.search(rf"`{column.name}`\**? \| {re.escape(column.alias)} \|", parts[column.table])


def test_rules_page_has_every_rule_and_parameter():
    """Every rule of the catalogue has its heading, and below it every parameter with its source."""
    for rule in app.rules():
        part = page("docs/rules.md").split(f"## `{rule['id']}`\n")[1].split("\n## ")[0]
        assert rule["source"] in part
        for name, facts in rule["parameters"].items():
            assert re.search(rf"\| `{name}` \|.*\| {re.escape(facts['source'])} \|", part)


def _figures(table: dict[str, Any], key: str = "") -> list[tuple[str, str]]:
    """Keys and sources of the numbers of a standards file, read without the program."""
    if "value" in table:
        return [(key, table["source"])]
    below = [(f"{key}.{name}".lstrip("."), value) for name, value in table.items() if isinstance(value, dict)]
    return [figure for name, value in below for figure in _figures(value, name)]


@pytest.mark.parametrize("path", STANDARDS, ids=lambda path: path.stem)
def test_standards_page_has_every_number(path):
    """Every number that states a source in a standards file stands in the page with key and source."""
    shown = page("docs/standards.md").splitlines()
    for key, source in _figures(tomllib.loads(path.read_text(encoding="utf-8"))):
        assert any(line.startswith(f"| `{key}` |") and f"| {source} |" in line for line in shown), key


def test_figures_are_found_at_any_depth():
    """A number deep in a standard is found with the source of its own table and not of another."""
    found = {f.key: f for f in GENERATE["figures"](GENERATE["standards"]()["cn-2017"])}
    assert found["indicators.arts.threshold.junior"].value == "0.9"
    assert found["loads.junior.it"].value == "16"
    assert found["periods.subjects.physics"].value == "0, 0, 0, 0, 0, 0, 0, 2, 3"
    assert found["staffing.floor"].confidence == "MEM-L"


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("result")
    write(app.solve(SCENARIOS / "tiny"), out, "", ["allocator"])
    return out


def test_results_page_names_every_column(result):
    """Every column of every CSV file of a result is explained in the part of the page on that file."""
    parts = dict(
        re.findall(r"^## ([\w.]+)\n(.*?)(?=^## |\Z)", page("docs/results.md"), re.MULTILINE | re.DOTALL)
    )
    for path in sorted(result.glob("*.csv")):
        with path.open(encoding="utf-8") as file:
            header = next(csv.reader(file))
        for column in header:
            indicator = re.sub(r"^\w+?(?=_(value|meets)_)", "", column)
            assert f"`{indicator}`" in parts[path.name], f"{path.name}: {column}"


def test_results_page_names_every_key(result):
    """Every key of result.json is explained: those of the whole, of levels, counts, stages and subjects."""
    text, facts = page("docs/results.md"), json.loads((result / "result.json").read_text(encoding="utf-8"))
    keys = [*facts, *facts["levels"][0], *facts["counts"], *facts["manifest"], *facts["journeys"][0]]
    keys += [re.sub("_(before|after)$", "", key) for key in (*facts["staff"][0], *facts["subjects"][0])]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_results_page_names_every_file_and_round(result):
    """Every file of a result and every round of the plan is explained."""
    text = page("docs/results.md")
    assert [path.name for path in result.iterdir() if f"`{path.name}`" not in text] == []
    assert [name for name in ROUNDS if f"| `{name}` |" not in text] == []


def test_scenario_page_has_the_keys_with_their_defaults():
    """Every key of scenario.toml begins a row of the page, and plain defaults are those of the program."""
    text = page("docs/scenario.md")
    for name, field in Config.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        for key, facts in (inner or {name: field}).items():
            rows = re.findall(rf"^\|[^|]*`\[?{key}\]?`[^|]*\| *(.*?) *\|", text, re.MULTILINE)
            assert rows, f"{name}.{key}"
            if isinstance(facts.default, bool):
                assert rows[0] == f"`{str(facts.default).lower()}`", f"{name}.{key}"
            elif isinstance(facts.default, int | float):
                assert float(rows[0]) == facts.default, f"{name}.{key}"


@pytest.mark.parametrize("path", ["README.md", "docs/scenario.md"])
def test_examples_of_scenario_toml_are_valid(path, tmp_path):
    """Whoever copies an example of scenario.toml gets a scenario that can be solved, laid over duji-2019."""
    base = f'base = "{(SCENARIOS / "duji-2019").as_posix()}"'
    examples = blocks(path, "toml")
    assert examples
    for example in examples:
        own = re.sub(r'^ *base = "\.\./duji-2019".*$', "", example, flags=re.MULTILINE)
        (tmp_path / "scenario.toml").write_text(f"{base}\n{own}", encoding="utf-8")
        assert app.check(tmp_path).config.title


def test_commands_of_the_readme_exist():
    """Every command of the program is in the README, and every option the README shows is one of a command."""
    commands: dict[str, Any] = vars(typer.main.get_command(cli.cli))["commands"]
    shown = "".join(blocks("README.md", "sh"))
    known = {
        option
        for command in commands.values()
        for p in command.params
        for option in (*p.opts, *p.secondary_opts)
    }
    assert [name for name in commands if f"allocator {name} " not in shown] == []
    assert known >= set(re.findall(r"(?<!\S)--[a-z][a-z-]*", shown)) >= {"--out", "--moves"}


def test_make_targets_of_the_readme_exist():
    """The two commands of the README are targets of the Makefile, in both languages."""
    targets = re.findall(r"^(\w+):", page("Makefile"), re.MULTILINE)
    called = re.findall(r"^make (\w+)", "".join(blocks("README.md", "sh")), re.MULTILINE)
    assert called == ["run", "test"] * 2
    assert set(called) <= set(targets)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    """Every relative link of a page leads to a file or folder of the project."""
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_scenario_is_described():
    """Every scenario folder has its line in scenarios/README.md."""
    folders = sorted(path.parent.name for path in SCENARIOS.glob("*/scenario.toml"))
    assert [name for name in folders if f"[{name}]({name})" not in page("scenarios/README.md")] == []


def test_glossary_has_every_round_and_level():
    """The words for rounds and levels, which stand in the results, are in the glossary with a Chinese term."""
    text = page("docs/glossary.md")
    levels = ("coverage", "evenness", "moves", "burden", "wishes")
    assert [name for name in ROUNDS if f"`{name}`" not in text and f"| {name} |" not in text] == []
    assert [
        name for name in levels if not re.search(rf"^\| {name} \| [^|]*[一-鿿]", text, re.MULTILINE)
    ] == []
