"""Files as bureaus hold them become scenario tables; what was not understood, concluded or left is told."""

from __future__ import annotations

import csv
import io
import random
import tempfile
from pathlib import Path

import openpyxl
import pytest
from bureau import DISTRICT, NATIONAL, SCHOOLS, district, id_card, national, people, self_made, statistics
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from allocator import app, cli
from allocator.errors import InputsAreWrong
from allocator.scenario.check import read
from allocator.scenario.importers.grids import Grid
from allocator.scenario.importers.headers import plain, understood
from allocator.scenario.importers.run import Imported, import_files
from allocator.scenario.importers.values import born, cell_of
from allocator.scenario.schema import columns_of
from allocator.scenario.standards import read_standard
from builders import assert_sayable

STANDARD, _ = read_standard("cn-2017", Path())


def told(imported: Imported) -> str:
    for issue in imported.issues:
        assert_sayable(issue)
        assert issue.severity == "warning"
    return "\n".join(issue.say("en") for issue in imported.issues)


@pytest.fixture(scope="module")
def staff():
    return people(40)


def test_the_export_of_the_national_system(staff, tmp_path):
    """Title above the header, marks, tabs and formats in headers, coded values, dates of three kinds, three sheets of one person each."""
    imported = import_files([national(tmp_path / "n.xlsx", staff)])
    rows = imported.tables["teachers"]
    assert (
        len(rows) == len(staff) - 1 + 1
    )  # who has retired stands in the sheets of teaching and certificates still
    by_name = {row["name"]: row for row in rows}
    for i, one in enumerate(staff):
        row = by_name[one["name"]]
        if i == 3:
            continue
        assert row["birth"] == one["birth"][:7]
        assert row["sex"] == ("m" if one["man"] else "f")
        assert row["hired"] == one["hired"]
        assert row["joined_school"] == one["joined"]
        assert row["stage"] == {"小学": "primary", "初中": "junior"}[one["stage"]]
        assert row["certificate"] == {"小学": "primary", "初级中学": "junior"}[one["certificate"]]
        if one["subject"] == "语文":
            assert (row["subject"], row["second_subjects"]) == ("chinese", "politics")
        assert row.get("backbone") == ("county" if i % 6 == 0 else "none")
    assert by_name[staff[4]["name"]]["service"] == "publicly_funded"
    schools = {row["school_id"]: row["name"] for row in imported.tables["schools"]}
    assert sorted(schools.values()) == sorted(SCHOOLS)  # blanks and tabs around a name are no other school
    assert "have left the service" in told(imported)
    assert [s.gone for s in imported.sheets] == [1, 0, 0]


def test_no_id_number_is_left_anywhere(staff, tmp_path):
    """Numbers give month of birth and sex and are then nowhere: not in tables, mapping, report or issues."""
    path = tmp_path / "n.xlsx"
    national(path, [one | {"name": f"n{i}"} for i, one in enumerate(staff)])
    book = openpyxl.load_workbook(path)
    page = book["基本信息"]
    at = [c.value for c in page[2]].index("*身份证件号") + 1
    page.cell(5, at).value = "340602198013451234"  # none: month 13
    page.cell(6, at - 2).value = staff[3]["id"]  # in another column
    book.save(path)
    imported = import_files([path])
    made = "".join(imported.files(2026, "t", "zh").values()) + told(imported) + repr(imported.sheets)
    for one in staff:
        assert one["id"] not in made
    assert "340602198013451234" not in made


def test_a_district_roster(staff, tmp_path):
    """Code lists, xxxx年xx月, full-width digits and several second subjects; values nobody knows are told with their rows."""
    imported = import_files([district(tmp_path / "d.xlsx", staff)])
    rows = {row["name"]: row for row in imported.tables["teachers"]}
    assert len(rows) == len(staff)
    for i, one in enumerate(staff):
        row = rows[one["name"]]
        assert row["hired"] == one["hired"]
        assert row["joined_school"] == f"{int(one['hired'][:4]) + 2}-09"
        assert row["birth"] == one["birth"][:7]
        assert row.get("degree") == ("bachelor", "master", "associate", "secondary")[i % 4]
        assert row.get("title") == ("first", "second", "senior", "none", "senior")[i % 5]
        assert row.get("backbone") == ("none", "county", "city", None)[i % 4]
    assert rows[staff[2]["name"]]["second_subjects"] == "science;practice"
    words = told(imported)
    assert f"'小教超高级' (rows: {len(staff) // 5})" in words
    assert "they are taken for senior, a guess" in words
    assert f"'其他' (rows: {len(staff) // 4})" in words
    assert "书法，心理健康" in words
    assert "rows without name or number of a person (rows: 1)" in words  # the line of totals


def test_a_table_of_schools_with_headers_in_two_rows(tmp_path):
    """Merged headers, grades below a common head, yuan from 10,000 yuan; a school with two stages keeps its amounts apart."""
    imported = import_files([self_made(tmp_path / "s.xlsx")])
    sections = {(row["school_id"], row["stage"]): row for row in imported.tables["sections"]}
    schools = imported.tables["schools"]
    assert [row["kind"] for row in schools] == ["primary", "primary", "junior", "nine_year"]
    assert len(sections) == 5
    first = sections[schools[0]["school_id"], "primary"]
    assert [first[f"g{g}"] for g in range(1, 7)] == ["40", "41", "42", "43", "44", "45"]
    assert float(first["equipment_yuan"]) == 1234500
    assert float(first["floor_area_m2"]) == 3456.7
    both = sections[schools[3]["school_id"], "junior"]
    assert both["g7"] == "46"
    assert "equipment_yuan" not in both
    assert "amounts of whole schools with two stages" in told(imported)


def test_equipment_without_a_unit_is_left(tmp_path):
    """Whether 123 is yuan or 10,000 yuan is not guessed."""
    (tmp_path / "s.csv").write_text("学校名称,学校类型,教学仪器设备值\n第一小学,小学,123\n", encoding="utf-8")
    imported = import_files([tmp_path / "s.csv"])
    assert "equipment_yuan" not in imported.tables["sections"][0]
    assert "without its unit" in told(imported)


@pytest.mark.parametrize("shifted", [0, 1, 4])
def test_the_statistics_of_a_school_wherever_the_cells_stand(shifted, tmp_path):
    """Name, code, kind, setting, pupils by grade and amounts are found by words, the same wherever they stand."""
    imported = import_files([statistics(tmp_path / "t.xlsx", shifted=shifted)])
    (school,), (section,) = imported.tables["schools"], imported.tables["sections"]
    assert school == {"school_id": "2134060021", "name": SCHOOLS[0], "kind": "primary", "setting": "town"}
    assert [section[f"g{g}"] for g in range(1, 7)] == ["60", "50", "51", "52", "53", "55"]
    amounts = {
        k: float(section[k])
        for k in (
            "floor_area_m2",
            "sports_area_m2",
            "equipment_yuan",
            "multimedia_rooms",
            "computers",
            "books",
        )
    }
    assert amounts == {"floor_area_m2": 2750.5, "sports_area_m2": 3200, "equipment_yuan": 987600, "multimedia_rooms": 12, "computers": 90, "books": 12000}  # fmt: skip
    assert {s.kind for s in imported.sheets} == {"statistics"}


def test_files_are_brought_together(staff, tmp_path):
    """Schools have the code of their own table, people of two files are one, what differs is told and the first kept."""
    paths = [
        national(tmp_path / "n.xlsx", staff),
        district(tmp_path / "d.xlsx", staff),
        self_made(tmp_path / "s.xlsx"),
        statistics(tmp_path / "t.xlsx"),
    ]
    imported = import_files(paths)
    assert len(imported.tables["teachers"]) == len(staff)
    assert len(imported.tables["schools"]) == len(SCHOOLS)
    assert "the same in all tables" in told(imported)
    files = imported.files(2026, 'a "b" \\', "zh")
    rows = list(csv.DictReader(io.StringIO(files["teachers.csv"])))
    assert {row["school_id"] for row in rows} == {row["school_id"] for row in imported.tables["schools"]}


def test_the_mapping_gives_the_same_again_and_can_be_edited(staff, tmp_path):
    """What was written is read back to the same tables; a column can be left, another taken, a value named."""
    path = district(tmp_path / "d.xlsx", staff)
    first = import_files([path])
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(first.mapping, encoding="utf-8")
    again = import_files([path], mapping)
    assert again.tables == first.tables
    assert again.mapping == first.mapping
    edited = first.mapping.replace('"最高学历" = "degree"', '"最高学历" = ""').replace(
        "\n[schools]", '\n[values.title]\n"小教超高级" = "first"\n\n[schools]'
    )
    mapping.write_text(edited, encoding="utf-8")
    other = import_files([path], mapping)
    assert not any("degree" in row for row in other.tables["teachers"])
    assert {row.get("title") for row in other.tables["teachers"][4::5]} == {"first"}
    assert "小教超高级" not in told(other)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("[[sheet]]\nfile = 'd.xlsx'\nkind = 'people'\n", "sheet.0.kind"),
        (
            "[[sheet]]\nfile = 'd.xlsx'\nkind = 'person'\n[sheet.columns]\n'x' = 'no_field'\n",
            "sheet.0.columns",
        ),
        ("[[sheet]]\nkind = 'person'\n", "sheet.0.file"),
        ("[values.nothing]\na = 'b'\n", "values"),
        ("x =", None),
        ("x = 1", "x"),
    ],
)
def test_a_wrong_mapping_is_told(content, place, staff, tmp_path):
    """Unknown kinds, fields, columns and keys are issues of the mapping file."""
    (tmp_path / "mapping.toml").write_text(content, encoding="utf-8")
    with pytest.raises(InputsAreWrong) as wrong:
        import_files([district(tmp_path / "d.xlsx", staff[:2])], tmp_path / "mapping.toml")
    assert {(i.file, i.column) for i in wrong.value.issues} == {("mapping.toml", place)}


def test_namesakes(tmp_path):
    """Two of one name at one school stay two where birth or number tell them apart; a row that could be of either is left."""
    roster = "学校名称,姓名,出生年月,性别,任教学科\n一小,张伟,1980-01,男,语文\n一小,张伟,1985-05,男,数学\n二小,李娜,1990-01,女,英语\n"
    (tmp_path / "a.csv").write_text(roster, encoding="gb18030")
    (tmp_path / "b.csv").write_text(
        "姓名,教师资格种类,教师资格学科,学历\n张伟,小学教师资格,数学,本科\n李娜,小学教师资格,英语,本科\n",
        encoding="utf-16",
    )
    imported = import_files([tmp_path / "a.csv", tmp_path / "b.csv"])
    rows = imported.tables["teachers"]
    assert [row["subject"] for row in rows] == ["chinese", "mathematics", "english"]
    assert [row.get("degree") for row in rows] == [None, None, "bachelor"]
    assert "name and school do not tell apart" in told(imported)


def test_an_id_number_tells_birth_and_sex_only_with_its_check_digit():
    """GB 11643: the last digit follows from the others; a slip in one digit is found."""
    chance = random.Random(3)
    for n in range(200):
        birth = f"{chance.randint(1950, 2004)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        card = id_card(birth, bool(n % 2), n)
        assert born(card) == (birth[:7], "m" if n % 2 else "f")
        at = chance.randrange(17)
        slip = card[:at] + str((int(card[at]) + chance.randint(1, 9)) % 10) + card[at + 1 :]
        assert born(slip) is None
    assert born("340602800213123") == ("1980-02", "m")
    assert born("") is None


@pytest.mark.parametrize(
    ("column", "cell", "meant"),
    [
        ("birth", "1985年03月", "1985-03"),
        ("birth", "19850307", "1985-03"),
        ("birth", "31113", "1985-03"),
        ("birth", "1985.3", "1985-03"),
        ("birth", "无", ""),
        ("birth", "春天", None),
        ("certificate", "小学教师资格证书", "primary"),
        ("certificate", "02-初级中学教师资格", "junior"),
        ("title", "高级教师(副高)", "senior"),
        ("title", "正高级教师", "full_senior"),
        ("title", "小教超高级", None),
        ("title", "无", "none"),
        ("degree", "研究生(硕士)", "master"),
        ("degree", "全日制本科", None),
        ("subject", "体育", "pe"),
        ("subject", "语文、数学", None),
        ("second_subjects", "音乐，美术 劳动", "music;art;practice"),
        ("rural_years", "5年", "5"),
        ("volunteer", "是", "yes"),
    ],
)
def test_what_cells_mean(column, cell, meant):
    """Cells as bureaus write them, and what must not be guessed."""
    assert cell_of(columns_of("teachers")[column], cell, STANDARD, {}) == meant


def test_every_published_header_is_known():
    """No header of the two published rosters is compared by likeness: each is known, or known to be left."""
    for headers in (NATIONAL, DISTRICT):
        mapped = understood(Grid("f", "s", [list(headers), ["x"] * len(headers)]))
        assert mapped is not None
        assert mapped.kind == "person"
        assert [h.header for h in mapped.headings if h.how == "alike"] == []
        assert mapped.columns()["school"] == headers.index(
            next(h for h in headers if plain(h) in ("学校名称", "单位全称"))
        )


def test_a_header_that_is_almost_known_is_a_guess():
    """A slip in a header is taken for the nearest known one, and marked as a guess."""
    mapped = understood(
        Grid("f", "s", [["学校名称", "姓名", "性别", "参加工作年月份"], ["a", "b", "男", "2000-01"]])
    )
    assert mapped is not None
    assert [(h.field, h.how) for h in mapped.headings][3] == ("hired", "alike")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_import_on_the_command_line(language, staff, tmp_path):
    """The command writes tables, mapping and page, says what is missing, and what is filled in can be solved."""
    files = [str(district(tmp_path / "d.xlsx", staff)), str(self_made(tmp_path / "s.xlsx"))]
    out = tmp_path / "out"
    run = CliRunner().invoke(
        cli.cli, ["import", *files, "--out", str(out), "--year", "2026", "--language", language, "--no-names"]
    )
    assert run.exit_code == 0, run.output
    assert sorted(p.name for p in out.iterdir()) == [
        "import.html",
        "mapping.toml",
        "scenario.toml",
        "schools.csv",
        "sections.csv",
        "teachers.csv",
    ]
    assert staff[0]["name"] not in (out / "teachers.csv").read_text(encoding="utf-8")
    page = (out / "import.html").read_text(encoding="utf-8")
    assert "小教超高级" in page
    again = CliRunner().invoke(cli.cli, ["import", *files, "--out", str(out), "--year", "2026"])
    assert again.exit_code == 2
    rows = list(csv.DictReader((out / "schools.csv").open(encoding="utf-8")))
    with (out / "schools.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(
            row | {"zone": "a", "setting": "town", "lat": "33.9", "lon": "116.8"} for row in rows
        )
    assert len(read(out).table("teachers")) == len(staff)
    assert app.solve(out).result.plan is not None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_file_gives_tables_or_issues(data):
    """Random bytes anywhere in a file of a bureau, under any ending, never give another exception."""
    with tempfile.TemporaryDirectory() as folder:
        make = data.draw(st.sampled_from(["national", "self_made", "statistics", "text"]))
        path = Path(folder) / f"f{data.draw(st.sampled_from(['.xlsx', '.xls', '.csv', '.txt', '.doc']))}"
        if make == "national":
            national(path, people(5))
        elif make == "self_made":
            self_made(path)
        elif make == "statistics":
            statistics(path)
        else:
            path.write_text(data.draw(st.text(max_size=200)), encoding="utf-8", errors="replace")
        content = path.read_bytes()
        at = data.draw(st.integers(0, len(content)))
        path.write_bytes(
            content[:at] + data.draw(st.binary(max_size=20)) + content[at + data.draw(st.integers(0, 30)) :]
        )
        try:
            told(import_files([path]))
        except InputsAreWrong as wrong:
            for issue in wrong.issues:
                assert_sayable(issue)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from([*NATIONAL[:8], *DISTRICT[:12], "男", "1", "x", "", "=1+1", "合计", "一年级"]),
            max_size=8,
        ),
        max_size=8,
    )
)
def test_any_rows_give_tables_or_issues(rows):
    """Whatever stands in the cells, headers in the wrong places included."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        try:
            told(import_files([path]))
        except InputsAreWrong as wrong:
            for issue in wrong.issues:
                assert_sayable(issue)
