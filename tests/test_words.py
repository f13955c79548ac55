"""Everything the program says can be said in Chinese, and the catalogue holds nothing else."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from allocator.words import both, say, text

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "allocator"
FOLDER = SOURCE / "labels" / "zh" / "LC_MESSAGES"
AGAIN = "run: make words, and translate what is new"
SAME = {  # codes and frames, which are written alike in both languages
    "  {words}",
    "    {words}",
    "  {sign} {words}",
    "false",
    "true",
    "{month}",
    "{school} · {stage} · {subject}",
    "{n}",
    "{rule}",
    "{schools}",
    "{value}",
    "{who}",
    "{bureau} · {told}",
    "{code}",
    "{columns}",
    "{letter}",
    "{which}",
    "{parts}",
    "{source} [{confidence}]",
}
_CHINESE = r"[\u4e00-\u9fff]"
_HALF_WIDTH = re.compile(rf"{_CHINESE}[,;:?!()]|[,;:?!()]{_CHINESE}")
_FORMATS = ("学校代码:份额;学校代码:份额",)  # what a cell must hold, sign by sign
_SPACED = re.compile(rf"{_CHINESE} (?={_CHINESE})|[，。；：、（）“”] | (?=[，。；：、（）“”])")


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of ``text`` in the source, with its place."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text":
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", node


def sentences() -> set[str]:
    """Collect the sentences of the source."""
    return {node.args[0].value for _, node in calls() if isinstance(node.args[0], ast.Constant)}


def catalogue() -> Catalog:
    """Read the committed catalogue."""
    return read_po(io.BytesIO((FOLDER / "allocator.po").read_bytes()), locale="zh")


def chinese() -> dict[str, str]:
    """Return the Chinese of each sentence of the catalogue."""
    return {m.id: m.string for m in catalogue() if m.id}


def places(words: str) -> set[tuple[str, str | None, str | None]]:
    """Names that stand in braces, with the way each is shown."""
    return {(name, spec, how) for _, name, spec, how in Formatter().parse(words) if name is not None}


def test_every_sentence_is_a_literal():
    """A sentence that is computed could not be collected, and nobody could translate it."""
    computed = [
        place
        for place, node in calls()
        if len(node.args) != 1 or not isinstance(node.args[0], ast.Constant) or node.args[0].value == ""
    ]
    assert computed == []


def test_every_call_gives_the_values_its_sentence_names():
    """A value that is missing, or that no sentence shows, is a slip; rules give theirs when they are asked."""
    for place, node in calls():
        given = {keyword.arg for keyword in node.keywords}
        named = {name for name, _, _ in places(ast.literal_eval(node.args[0]))}
        if None not in given and not (place.startswith("rules/") and not given):
            assert given == named, place


def test_the_command_collects_every_sentence():
    """What babel.cfg makes `make words` collect is what a reading of the syntax finds."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(SOURCE, methods, options, keywords={"text": None})
    assert {message for _, _, message, _, _ in found} == sentences()


def test_pages_are_written_without_sentences_of_their_own():
    """The templates only show what a Story says: they are not searched for sentences."""
    for path in SOURCE.rglob("*.j2"):
        assert not re.search(r"\btext\(", path.read_text(encoding="utf-8")), path


def test_no_sentence_is_missing():
    """A planner reads no English among the Chinese."""
    assert sentences() - set(chinese()) == set(), AGAIN


def test_no_entry_is_obsolete():
    """The catalogue has no sentence that the program no longer says, not even as a comment."""
    assert set(chinese()) - sentences() == set(), AGAIN
    assert not catalogue().obsolete, AGAIN


def test_every_sentence_is_translated():
    """An entry is neither empty nor left in English nor a guess, but for codes."""
    told = chinese()
    assert {english for english, words in told.items() if not words} == set(), AGAIN
    assert {english for english, words in told.items() if english == words} == SAME
    assert [m.id for m in catalogue() if m.id and m.fuzzy] == []


def test_both_languages_name_the_same_values():
    """A place that is lost hides a number from the planner; one too many breaks the sentence."""
    lost = {english for english, words in chinese().items() if places(english) != places(words)}
    assert lost == set()


def test_chinese_is_set_as_chinese():
    """Punctuation beside Chinese characters is of full width, and no space stands between them."""
    for words in chinese().values():
        plain = words.strip()
        for fixed in _FORMATS:
            plain = plain.replace(fixed, "")
        assert not _HALF_WIDTH.search(plain), words
        assert not _SPACED.search(plain), words


def test_the_compiled_catalogue_is_that_of_the_text():
    """The committed .mo holds each entry of the committed .po and no other."""
    compiled = io.BytesIO()
    write_mo(compiled, catalogue())
    compiled.seek(0)
    with (FOLDER / "allocator.mo").open("rb") as file:
        committed = {m.id: m.string for m in read_mo(file) if m.id}
    assert committed == {m.id: m.string for m in read_mo(compiled) if m.id}, AGAIN


def test_the_header_says_the_charset_and_no_time_of_the_day():
    """Without a charset gettext takes Chinese for ASCII; with a date of its own each run would change the files."""
    assert catalogue().charset == "utf-8"
    assert catalogue().creation_date == datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("english", ["School", "a whole number of at least 0", "Every move"])
def test_the_program_finds_its_chinese(english):
    """The compiled catalogue is read where the program looks for it."""
    assert say(text(english), "zh") == chinese()[english]
    assert say(text(english), "en") == english


def test_escaped_braces_are_shown_once():
    """A table of TOML in a sentence stands in single braces in both languages."""
    sentence = text('a table such as {{ to = "P07" }}')
    assert '{ to = "P07" }' in say(sentence, "zh")
    assert '{{ to = "P07" }}' not in say(sentence, "zh")


def test_an_issue_is_one_chinese_sentence():
    """Sentences stand inside sentences, each in the language of the whole."""
    words = text(
        "{place}: found {found}; expected {expected}; {remedy}",
        place="teachers.csv",
        found=text("{n} pupils", n=3),
        expected=text("one of {choices}", choices=["a", text("nothing")]),
        remedy=text("correct the value"),
    )
    assert say(words, "zh") == "teachers.csv：发现3名学生；应为以下之一：a、内容缺失；请更正该值"
    assert say(words, "en") == ("teachers.csv: found 3 pupils; expected one of a, nothing; correct the value")


def test_lists_and_names_follow_the_language():
    """Lists, lists in lists and names of two wordings take the sign and the wording of the language."""
    names = [both("小学", "primary"), ("x", text("true")), 2]
    assert say(text("{value}", value=names), "zh") == "小学、x、true、2"
    assert say(text("{value}", value=names), "en") == "primary, x, true, 2"


def test_braces_in_values_are_not_places():
    """What a planner wrote is shown as it was written."""
    assert say(text("'{value}'", value="{n}"), "zh") == "“{n}”"
