"""Write the pages that are made from data: the tables of a scenario, the rules, the numbers of the standards.

Run it without arguments whenever the attribute table, a rule, a sentence or a standards file changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

from pydantic import BaseModel

from allocator.domain import Indicator, Rulebook, Standard
from allocator.rules.catalogue import printed
from allocator.scenario.rulebook import known_rulebooks, read_rulebook
from allocator.scenario.schema import KEYS, NEEDED, PLAIN, Column, columns_of
from allocator.scenario.standards import known_standards, read_standard
from allocator.words import Text, say

DOCS = Path(__file__).parent
SCENARIOS = DOCS.parent / "scenarios"
MADE = "<!-- Made by docs/generate.py; change the data, not this page. -->"
CONFIDENCE = """How sure a figure is: **FOUND** was read in a rule, a report or a district's own tool; **MEM-H**, **MEM-M** and
**MEM-L** have not been confirmed in a text, with high, medium and low confidence; **calculated** follows from other
figures. What is not FOUND is a default to be confirmed by the bureau.

数字的可靠程度：**FOUND** 已在文件、报道或区县工具中查到；**MEM-H / MEM-M / MEM-L** 尚未与原文核对，把握分别为高、中、低；**calculated**
由其他数字推算。凡不是 FOUND 的，只是有待教育局确认的默认值。"""
KINDS: dict[str, tuple[str, str]] = {
    "id": ("code of at most 64 visible characters, without spaces, commas, colons, semicolons", "代码"),
    "ids": ("codes, separated by a semicolon", "代码，用分号隔开"),
    "text": ("any text", "文字"),
    "choice": ("one of", "选项"),
    "flag": ("yes or no", "填 yes 或 no"),
    "whole": ("whole number", "整数"),
    "number": ("number of at least 0", "不小于 0 的数"),
    "fraction": ("share above 0 and at most 1", "大于 0、不超过 1 的份额"),
    "latitude": ("decimal degrees, -90 to 90", "十进制度"),
    "longitude": ("decimal degrees, -180 to 180", "十进制度"),
    "month": ("month such as 2009-08", "年月，如 2009-08"),
    "stage": ("stage of the standard", "标准文件中的学段"),
    "subject": ("subject of the standard", "标准文件中的学科"),
    "subjects": ("subjects of the standard, separated by a semicolon", "学科，用分号隔开"),
    "shares": ("school:share;school:share, in sum at most 1", "学校:份额;学校:份额，合计不超过 1"),
}
_UNLIMITED = 1e9  # limits of the attribute table and of rules from here on are none


def main() -> None:
    """Write every page beside this file."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8", newline="\n")


def grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Put rows into a Markdown table; bars inside cells are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines)


def tables_page() -> str:
    """Every column of every table of a scenario."""
    parts = [MADE, "# The tables of a scenario – 方案数据表"]
    parts.append(
        "CSV in UTF-8, separated by commas, header in the first row; either name of a column is accepted. A blank cell "
        "takes the default; without a default it means *not known*. **Bold** columns are the key of a table. In a "
        'scenario with a base every table may also have the column `remove` (删除): "yes" takes the row of the base '
        "away.\n\n"
        "CSV 文件，UTF-8 编码，逗号分隔，首行为列名；列名用英文或中文均可。空白单元格取默认值；没有默认值的，空白表示“不详”。**加粗**的列是该表的主键。"
        "有基础方案时，各表还可加“删除”（`remove`）列，填 yes 即删去基础方案中的这一行。"
    )
    header = ("Column", "列名", "Holds", "填写", "Unit", "Default", "Required", "Meaning", "含义")
    for name in KEYS:
        needed = "needed 必需" if name in NEEDED else "optional 可选"
        parts += [f"## {name}.csv – {needed}", grid(header, [_column(c) for c in columns_of(name).values()])]
    parts += [
        "## plan.csv – read by `allocator audit` 由审核命令读取",
        grid(header, [_column(c) for c in columns_of("plan").values()]),
    ]
    for name in PLAIN:
        title = f"## {name}.csv – read by `allocator sites` 由保留学校命令读取"
        parts += [title, grid(header, [_column(c) for c in columns_of(name).values()])]
    parts += [
        "## Codes of stages and subjects – 学段与学科代码",
        grid(("Code 代码", "中文", "English"), list(_codes())),
    ]
    return _page(parts)


def _codes() -> Iterator[list[str]]:
    """List the stages and subjects of the Chinese standards; a standards file of one's own may name others."""
    standard, _ = read_standard("cn-2017", SCENARIOS)
    assert standard is not None
    names = {c: s.name for c, s in standard.stages.items()} | {
        c: s.name for c, s in standard.subjects.items()
    }
    for code, name in names.items():
        yield [f"`{code}`", say(name, "zh"), say(name, "en")]


def _column(column: Column) -> list[str]:
    en, zh = KINDS[column.kind]
    limits = f", {column.least:g} to {column.most:g}" if column.most < _UNLIMITED else ""
    choices = f" {', '.join(f'`{c}`' for c in column.choices)}" if column.choices else ""
    key = column.name in (KEYS | PLAIN).get(column.table, ("teacher_id",))
    return [
        f"**`{column.name}`**" if key else f"`{column.name}`",
        column.alias,
        f"{en}{choices}{limits}",
        zh,
        column.unit,
        f"`{column.default}`" if column.default else "",
        "yes" if column.required else "",
        column.meaning,
        column.meaning_zh,
    ]


def rules_page() -> str:
    """Every rule of the catalogue with its parameters."""
    parts = [MADE, "# The rules – 规则目录"]
    parts.append(
        'Each rule may be set in `[rules]` of scenario.toml: `"hard"` (never broken), `"soft"` (as few breaches as '
        'possible, before all other levels), `"off"`, or a table with its parameters, such as '
        '`"tenure.minimum" = { level = "hard", years = 3 }`; without a line it has the default below. *Scope* says what a '
        "breach belongs to.\n\n"
        '在 scenario.toml 的 `[rules]` 中设置：`"hard"` 必须遵守；`"soft"` 先于其他各级目标，违反越少越好；`"off"` 停用；也可写成带参数的表。未写的按下列默认值。规则集（`rulebook`）可改换默认值，见文末。'
    )
    parts.append(CONFIDENCE)
    rulebook, _ = read_rulebook()
    assert rulebook is not None
    for rule in printed(rulebook):
        parts += [f"## `{rule['id']}`", _sentences(rule["sentence"]), _facts(rule)]
        if rule["parameters"]:
            header = ("Parameter", "Default", "Unit", "Allowed", "Source", "Confidence")
            rows = [_parameter(name, facts) for name, facts in rule["parameters"].items()]
            parts.append(grid(header, rows))
    for name in known_rulebooks():
        parts += [f"## Rulebook `{name}` – 规则集", grid(_OTHERWISE, list(_otherwise(name, rulebook)))]
    return _page(parts)


_OTHERWISE = ("Rule", "Level", "Parameter", "Default", "Source", "Confidence")


def _otherwise(name: str, house: Rulebook) -> Iterator[list[str]]:
    """List what a rulebook says otherwise than the house's own."""
    found, issues = read_rulebook(name)
    if found is None:
        raise ValueError("; ".join(issue.say("en") for issue in issues))
    for rule, facts in found.items():
        if facts.level != house[rule].level:
            yield [f"`{rule}`", facts.level, "", "", facts.source, facts.confidence]
        for key, default in facts.parameters.items():
            if default != house[rule].parameters[key]:
                value = _value(default.value)
                yield [f"`{rule}`", facts.level, f"`{key}`", value, default.source, default.confidence]


def _sentences(sentence: Text) -> str:
    """Both wordings, with the names of the parameters in their places."""
    names = {name for _, name, _, _ in Formatter().parse(sentence.template) if name}
    shown = Text(sentence.template, {name: f"`{name}`" for name in names})
    return f"{say(shown, 'en')}\n\n{say(shown, 'zh')}"


def _facts(rule: Mapping[str, Any]) -> str:
    return (
        f"Default: {rule['level']}. Scope: {rule['scope']}. Source: {rule['source']} [{rule['confidence']}]."
    )


def _parameter(name: str, facts: Mapping[str, Any]) -> list[str]:
    allowed = f"{facts['least']:g} to {facts['most']:g}"
    if facts["most"] >= _UNLIMITED:
        allowed = f"at least {facts['least']:g}"
    if facts["choices"]:
        several = isinstance(facts["default"], tuple)
        allowed = f"{'any' if several else 'one'} of {', '.join(facts['choices'])}"
    default = _value(facts["default"])
    return [f"`{name}`", default, say(facts["unit"], "en"), allowed, facts["source"], facts["confidence"]]


@dataclass(frozen=True)
class Figure:
    """One number, or one list, of a standards file."""

    key: str
    value: str
    unit: str
    source: str
    confidence: str


def figures(value: object, key: str = "", facts: Mapping[str, str] | None = None) -> Iterator[Figure]:
    """Yield every figure of a standard that states its source, at any depth.

    Parameters
    ----------
    value
        A standard or a part of one.
    key
        Its key in the standards file.
    facts
        Unit, source and confidence of the table that it lies in.
    """
    if isinstance(value, BaseModel):
        inside = dict(value)
        if "source" in inside:
            facts = {name: inside.pop(name, "") for name in ("unit", "source", "confidence")}
            if set(inside) == {"value"}:
                yield Figure(key, _value(inside["value"]), **facts)
                return
        value = inside
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from figures(below, f"{key}.{name}" if key else name, facts)
    elif facts is not None:
        yield Figure(key, _value(value), **facts)


def _value(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(_value, value)) or "none"
    if value is None:
        return "no limit"
    return f"{value:g}" if isinstance(value, float) else str(value)


def standards() -> dict[str, Standard]:
    """Read every balance standard: the program's own and those of the scenarios, by the name to give."""
    found = {name: _standard(name, SCENARIOS) for name in known_standards()}
    for path in sorted(SCENARIOS.glob("*/*.toml")):
        if "[balance]" in path.read_text(encoding="utf-8"):
            found[path.relative_to(SCENARIOS).as_posix()] = _standard(path.name, path.parent)
    return found


def _standard(name: str, folder: Path) -> Standard:
    standard, issues = read_standard(name, folder)
    if standard is None:
        raise ValueError("; ".join(issue.say("en") for issue in issues))
    return standard


def standards_page() -> str:
    """Every number of every standard with its source."""
    read = standards()
    every = {name: list(figures(standard)) for name, standard in read.items()}
    own = set(known_standards())
    shared = [f for f in every[min(own)] if all(f in every[name] for name in own)]
    parts = [MADE, "# The numbers of the standards – 标准中的数字"]
    parts.append(
        "No regulation number is in the code: each stands in a standards file with its unit, source and confidence. A "
        'scenario names its standard (`standard = "cn-2017"`, `"cn-2012"`, `"none"`: the demand figures of cn-2017 '
        "without verdicts), or the path of a file of its own, which may build on these with `uses` and state other "
        "numbers.\n\n"
        "程序代码中没有政策数字：每个数字都在标准文件里，并注明单位、出处和可靠程度。方案可指定标准，也可用自己的标准文件替换其中的数字。"
    )
    parts.append(CONFIDENCE)
    parts += ["## Common to the standards of the program – 各标准共用", _figures(shared)]
    for name, standard in read.items():
        rest = [f for f in every[name] if name not in own or f not in shared]
        parts += [f"## `{name}`: {standard.name_en} – {standard.name_zh}", _figures(rest)]
        parts += ["### Indicators – 指标", _indicators(standard.indicators)]
    return _page(parts)


def _figures(found: Sequence[Figure]) -> str:
    header = ("Key", "Value", "Unit", "Source", "Confidence")
    return grid(header, [(f"`{f.key}`", f.value, f.unit, f.source, f.confidence) for f in found])


def _indicators(indicators: Mapping[str, Indicator]) -> str:
    header = ("Indicator", "指标", "English", "Counts", "Per pupils", "Only", "Official")
    rows = [
        (
            f"`{name}`",
            i.zh,
            i.en,
            f"`{i.counts}`",
            f"{i.per:g}",
            _conditions(i),
            "yes" if i.official else "no",
        )
        for name, i in indicators.items()
    ]
    return grid(header, rows)


def _conditions(indicator: Indicator) -> str:
    """Who counts for an indicator, as its file says it."""
    degrees = [
        f"degree at least {degree} ({stage})" for stage, degree in (indicator.degree_at_least or {}).items()
    ]
    ladders = [
        f"{name} at least {least}"
        for name, least in (("backbone", indicator.backbone_at_least), ("title", indicator.title_at_least))
        if least
    ]
    subjects = [f"posts in {', '.join(indicator.subjects)}"] if indicator.subjects else []
    visitors = ["visitors of small schools by option"] if indicator.visitors else []
    return "; ".join([*degrees, *ladders, *subjects, *visitors])


def _page(parts: Sequence[str]) -> str:
    return "\n\n".join(parts) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables_page,
    "rules.md": rules_page,
    "standards.md": standards_page,
}

if __name__ == "__main__":
    main()
