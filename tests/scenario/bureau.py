"""Files as bureaus hold them, built from the published lists of headers, with the dirt that such files have.

Everybody in them is invented; ID-card numbers are made up and have their check digit.
"""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import xlsxwriter

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
NATIONAL = (
    "*学校名称", "*姓名", "曾用名", "*性别", "教职工号", "*国籍/地区", "*身份证件类型", "*身份证件号",
    "*出生日期\t(yyyy-MM-dd)", "籍贯", "出生地", "*民族", "*政治面貌", "婚姻状况", "健康状况",
    "*参加工作年月(yyyy-MM)", "*进本校年月(yyyy-MM)", "*教职工来源", "*教职工类别", "*是否在编", "*用人形式",
    "*签订合同情况", "*是否全日制师范类专业毕业", "*是否受过特教专业培养培训", "*是否有特殊教育从业证书", "*信息技术应用能力",
    "*是否属于免费（公费）师范生", "*是否参加基层服务项目", "参加基层服务项目起始年月", "参加基层服务项目结束年月",
    "*是否是特级教师", "*是否是县级及以上骨干教师", "*是否心里健康教育教师", "*人员状态", "备注",
)  # fmt: skip
TEACHING = (
    "学校名称",
    "姓名",
    "身份证件号",
    "学年",
    "学期",
    "任教学段",
    "任课状况",
    "任教课程",
    "平均每周课堂教学课时数",
)
CERTIFICATES = (
    "姓名",
    "身份证件号",
    "教师资格证种类",
    "任教学科",
    "证书号码",
    "证书颁发日期",
    "首次注册日期",
)
DISTRICT = (
    "序号", "单位全称", "学校类型", "统一社会信用代码", "姓名", "身份证号码", "性别", "参加工作时间", "进入现单位任教时间",
    "任现行政职务级别", "任教年级", "主教学科（只能选一门）", "兼教学科(可以填多门，逗号隔开)", "现持有最高职称",
    "现聘专业技术职称最高级别", "教师资格层次", "教师资格学科", "最高骨干教师级别", "最高学历", "现常住地址", "年龄", "区域",
    "主要任教学段", "是否音体美专任教师", "编制所在学段", "在岗状态",
)  # fmt: skip
SELF_MADE = (
    "学校名称", "学校代码", "学校类型", "学校性质", "建校年份", "校园占地面积", "校舍建筑面积", "在校学生总数", "教学班数",
    "专任教师总数", "高级职称教师数", "本科及以上学历教师数", "县级以上骨干教师数", "教学及辅助用房面积", "体育运动场地面积",
    "教学仪器设备值(万元)", "图书总册数", "计算机数量", "网络多媒体教室数",
)  # fmt: skip
SCHOOLS = ("杜集区第一小学", "杜集区实验小学", "石台中学", "朔里九年一贯制学校")


def id_card(birth: str, man: bool, number: int) -> str:
    """Make up an ID-card number with its check digit."""
    body = f"340602{birth.replace('-', '')}{number % 90 + 10}{1 if man else 2}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[rest]


def people(n: int, seed: int = 1) -> list[dict[str, str]]:
    """Invent people of the schools."""
    chance = random.Random(seed)
    made = []
    for i in range(n):
        birth = f"{chance.randint(1966, 1998)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        man = chance.random() < 0.4
        school = SCHOOLS[i % len(SCHOOLS)]
        stage = "初中" if school == SCHOOLS[2] or (school == SCHOOLS[3] and chance.random() < 0.4) else "小学"
        made.append(
            {
                "school": school,
                "name": f"教师{i:03d}",
                "birth": birth,
                "man": "1" if man else "",
                "id": id_card(birth, man, i),
                "hired": f"{int(birth[:4]) + 22}-09",
                "joined": f"{int(birth[:4]) + 24}-09",
                "stage": stage,
                "subject": chance.choice(
                    ("语文", "数学", "英语", "体育", "音乐", "美术", "科学" if stage == "小学" else "物理")
                ),
                "certificate": "小学" if stage == "小学" else "初级中学",
            }
        )
    return made


def _book(path: Path) -> xlsxwriter.Workbook:
    """Begin a workbook without a clock in it."""
    book = xlsxwriter.Workbook(path)
    book.set_properties({"created": datetime(2025, 9, 1)})
    return book


def _sheet(book: xlsxwriter.Workbook, name: str, rows: list[list[object]], title: str = "") -> None:
    page = book.add_worksheet(name)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    at = 0
    if title:
        page.merge_range(0, 0, 0, max(len(rows[0]) - 1, 1), title)
        at = 1
    for r, row in enumerate(rows, start=at):
        for c, cell in enumerate(row):
            if isinstance(cell, datetime):
                page.write_datetime(r, c, cell, day)
            elif isinstance(cell, int | float):
                page.write_number(r, c, cell)
            elif cell != "":
                page.write_string(r, c, str(cell))


def national(path: Path, staff: list[dict[str, str]]) -> Path:
    """Write the export of the national system: basic data, teaching, certificates; a title, one who has retired."""
    basic: list[list[object]] = [list(NATIONAL)]
    for i, one in enumerate(staff):
        row: dict[str, object] = dict.fromkeys(NATIONAL, "")
        year, month, day = map(int, one["birth"].split("-"))
        row |= {
            "*学校名称": f" {one['school']}\t" if i % 7 == 0 else one["school"],
            "*姓名": one["name"],
            "*性别": "1-男" if one["man"] else "2-女",
            "*身份证件号": one["id"],
            "*出生日期\t(yyyy-MM-dd)": datetime(year, month, day) if i % 3 == 0 else one["birth"],
            "*参加工作年月(yyyy-MM)": one["hired"].replace("-", "．") if i % 5 == 0 else one["hired"],
            "*进本校年月(yyyy-MM)": one["joined"],
            "*是否在编": "是",
            "*是否属于免费（公费）师范生": "是" if i == 4 else "否",
            "*是否是县级及以上骨干教师": "是" if i % 6 == 0 else "否",
            "*人员状态": "退休" if i == 3 else "在职",
        }
        basic.append([row[name] for name in NATIONAL])
    teaching: list[list[object]] = [list(TEACHING)]
    certificates: list[list[object]] = [list(CERTIFICATES)]
    for one in staff:
        stage = "2小学" if one["stage"] == "小学" else "3普通初中"
        subject = f"{one['subject']}、道德与法治" if one["subject"] == "语文" else one["subject"]
        teaching.append(
            [one["school"], one["name"], one["id"], "2025-2026", "1", stage, "20任课", subject, 12]
        )
        kind = f"{one['certificate']}教师资格"
        certificates.append([one["name"], one["id"], kind, one["subject"], "2010340", "2010-07-01", ""])
    book = _book(path)
    _sheet(book, "基本信息", basic, "教职工基础信息表")
    _sheet(book, "教育教学", teaching)
    _sheet(book, "教师资格", certificates)
    book.close()
    return path


def district(path: Path, staff: list[dict[str, str]]) -> Path:
    """Write a district's roster: dates as xxxx年xx月, its own code lists, full-width digits, a line of totals."""
    rows: list[list[object]] = [list(DISTRICT)]
    for i, one in enumerate(staff):
        year, month = one["hired"].split("-")
        row: dict[str, object] = dict.fromkeys(DISTRICT, "")
        row |= {
            "序号": i + 1,
            "单位全称": one["school"],
            "学校类型": {2: "初中", 3: "九年一贯制"}.get(SCHOOLS.index(one["school"]), "小学"),
            "姓名": one["name"],
            "身份证号码": one["id"],
            "性别": "男" if one["man"] else "女",
            "参加工作时间": f"{year}年{int(month)}月",
            "进入现单位任教时间": f"{int(year) + 2}年{month}月".translate(
                str.maketrans("0123456789", "０１２３４５６７８９")
            ),
            "任教年级": "三年级" if one["stage"] == "小学" else "初二",
            "主教学科（只能选一门）": one["subject"],
            "兼教学科(可以填多门，逗号隔开)": "书法，心理健康"
            if i == 0
            else ("科学，劳动" if i == 2 else ""),
            "现聘专业技术职称最高级别": ("一级教师", "二级教师", "高级教师", "未取得职称", "小教超高级")[
                i % 5
            ],
            "教师资格层次": one["certificate"],
            "教师资格学科": "思想政治" if one["subject"] == "语文" else one["subject"],
            "最高骨干教师级别": ("无", "区", "市", "其他")[i % 4],
            "最高学历": ("本科", "硕士研究生", "专科", "中师")[i % 4],
            "主要任教学段": one["stage"],
            "在岗状态": ("在职在岗", "区内借调(不在一线)", "产假", "长期病休")[0 if i % 9 else i % 4],
        }
        rows.append([row[name] for name in DISTRICT])
    rows.append(["合计", len(staff)])
    book = _book(path)
    _sheet(book, "花名册", rows, "白云区中小学教师信息统计表（2025年9月）")
    book.close()
    return path


def self_made(path: Path) -> Path:
    """Write a district's own table of schools, equipment in 10,000 yuan, with pupils by grade in two rows of headers."""
    book = _book(path)
    page = book.add_worksheet("学校")
    grades = ("一", "二", "三", "四", "五", "六", "七", "八", "九")
    for c, head in enumerate(SELF_MADE):
        page.merge_range(0, c, 1, c, head)
    page.merge_range(0, len(SELF_MADE), 0, len(SELF_MADE) + 8, "各年级学生数")
    for g, name in enumerate(grades):
        page.write_string(1, len(SELF_MADE) + g, f"{name}年级")
    for r, school in enumerate(SCHOOLS, start=2):
        kind = {2: "初中", 3: "九年一贯制"}.get(r - 2, "小学")
        first, last = {"小学": (0, 6), "初中": (6, 9), "九年一贯制": (0, 9)}[kind]
        pupils = [40 + g if first <= g < last else "" for g in range(9)]
        values = [school, f"23406000{r}1", kind, "公办", 1985, 12000, 6000, sum(p for p in pupils if p), 12, 30, 5, 28, 4,
                  3456.7, 5000, 123.45, 20000, 100, 14, *pupils]  # fmt: skip
        for c, value in enumerate(values):
            if value != "":
                page.write(r, c, value)
    page.write_string(len(SCHOOLS) + 2, 0, "合  计")
    book.close()
    return path


def statistics(path: Path, school: str = SCHOOLS[0], *, shifted: int = 0) -> Path:
    """Write the yearly statistics of one primary school; ``shifted`` moves the cells as another year would."""
    book = _book(path)
    first = book.add_worksheet("教基1001_小学")
    first.write_string(shifted, 1, "学校（机构）名称：" + school)
    first.write_string(shifted + 1, 1, "学校（机构）标识码")
    first.write_string(shifted + 1, 3, "2134060021")
    first.write_string(shifted + 2, 1, "学校办学类型")
    first.write_string(shifted + 2, 2, "小学")
    first.write_string(shifted + 3, 1, "学校驻地城乡类型")
    first.write_string(shifted + 3, 2, "镇区")
    classes = book.add_worksheet("教基2106_小学")
    for c, head in enumerate(("", "编号", "合计", "一年级", "二年级")):
        classes.write_string(2 + shifted, c, head)
    for c, value in enumerate(("班数 总计", "01", 12, 2, 2)):
        classes.write(3 + shifted, c, value)
    pupils = book.add_worksheet("教基3112_小学")
    pupils.write_string(shifted, 2, "小学学生数")
    for c, head in enumerate(
        ("", "编号", "毕业生数", "招生数", "合计", "一年级", "二年级", "三年级", "四年级", "五年级", "六年级")
    ):
        pupils.write_string(2 + shifted, c, head)
    for c, head in enumerate(("甲", "乙", 1, 2, 3, 4, 5, 6, 7, 8, 9)):
        pupils.write(3 + shifted, c, head)
    for r, (label, code, *values) in enumerate(
        (
            ("总计", "01", 50, 60, 321, 60, 50, 51, 52, 53, 55),
            ("其中：女", "02", 20, 30, 150, 30, 20, 25, 25, 25, 25),
        )
    ):
        for c, value in enumerate((label, code, *values)):
            pupils.write(4 + shifted + r, c, value)
    rooms = book.add_worksheet("教基5170_小学")
    for r, (label, code, value) in enumerate(
        (("总计", "01", 9000), ("一、教学及辅助用房", "02", 2750.5), ("其中：普通教室", "03", 900))
    ):
        for c, cell in enumerate((label, code, value)):
            rooms.write(4 + shifted + r, c, cell)
    things = book.add_worksheet("教基5176_小学")
    for c, head in enumerate(
        (
            "",
            "编号",
            "图书（册）",
            "数字终端数（台）",
            "网络多媒体教室（间）",
            "教学仪器设备资产值（万元）",
            "体育运动场（馆）面积（平方米）",
        )
    ):
        things.write_string(3 + shifted, c, head)
    for c, value in enumerate(("甲", "乙", 1, 2, 3, 4, 5)):
        things.write(4 + shifted, c, value)
    for c, value in enumerate(("学校产权", "01", 12000, 90, 12, 98.76, 3200)):
        things.write(5 + shifted, c, value)
    book.close()
    return path
