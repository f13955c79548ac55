"""The command line: parse, call the use case, show."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

import allocator
from allocator import app
from allocator.errors import InputsAreWrong, Issue, LimitReached, NoPlan, quoted
from allocator.explain.edits import edits
from allocator.explain.weigh import Weighing
from allocator.plan import places
from allocator.report.again import COLUMNS as CHANGE_COLUMNS
from allocator.report.again import rows as change_rows
from allocator.report.answer import Answer
from allocator.report.chapters import story
from allocator.report.closures import closures_story, write_closures
from allocator.report.compare import MOST, compare_story, read_results, write_compare
from allocator.report.diagnose import diagnose_story, write_diagnosis
from allocator.report.documents import write_notices
from allocator.report.edits import edit_lines
from allocator.report.explain import post_lines, refusal_lines, school_lines, teacher_lines, to_lines
from allocator.report.fallbacks import fallbacks as refusals_of
from allocator.report.fallbacks import write_fallbacks
from allocator.report.files import table, write, write_files
from allocator.report.frontier import frontier_csv, frontier_story, write_frontier
from allocator.report.html import page
from allocator.report.imported import import_story
from allocator.report.issues import annotated
from allocator.report.issues import told as issue_lines
from allocator.report.names import LEVELS, SETTINGS
from allocator.report.notices import notices as write_them
from allocator.report.parts import codes
from allocator.report.score import score_story, write_score
from allocator.report.sites import sites_story, write_sites
from allocator.report.story import Story
from allocator.report.sweep import sweep_story, write_sweep
from allocator.report.workbook import workbook
from allocator.report.worth import worth_lines
from allocator.scenario.files import is_workbook
from allocator.scenario.overlay import Overlay
from allocator.scenario.read import Scenario
from allocator.scenario.telling import nearest
from allocator.words import Text, say, text

Found = TypeVar("Found")
WRONG_INPUT, BAD_USAGE, NO_PLAN, NO_TIME, FAULT, STOPPED = 1, 2, 3, 4, 70, 130

_EXPECTED = {
    "moves": text('a whole number of moves, or a share of the eligible such as "10%"'),
    "seconds": text("a number of seconds above 0, at most a million"),
    "seed": text("a whole number from 0 to {most}", most=2**31 - 1),
}

cli = typer.Typer(
    help="Assign a district's teachers to posts, and prove how good the plan is. 区管校聘教师调配",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Language(StrEnum):
    """Languages of the catalogue."""

    zh = "zh"
    en = "en"


SCENARIO = Annotated[Path, typer.Argument(help="Scenario folder. 方案文件夹", show_default=False)]
LANGUAGE = Annotated[
    Language | None, typer.Option(help="Language in place of the scenario's. 语言", show_default=False)
]


PSEUDONYMS = Annotated[
    bool,
    typer.Option(
        "--pseudonymise", help="Replace the codes of teachers in every output. 所有输出均以代号替换教师编号"
    ),
]
FIGURES = Annotated[
    bool, typer.Option("--figures", help="Also write the drawings as SVG and PNG. 另存图表图片（SVG、PNG）")
]


@dataclass
class _Voice:
    """The language of a command: the one asked for, or the scenario's as soon as it is known."""

    asked: Language | None
    found: str = "zh"

    @property
    def language(self) -> str:
        return self.asked or self.found


@cli.command()
def check(
    scenario: SCENARIO,
    language: LANGUAGE = None,
    annotate: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write a copy of the tables as a workbook, cells with issues marked. 另存标出问题的工作簿",
            show_default=False,
        ),
    ] = None,
    replace_it: Annotated[
        bool, typer.Option("--replace", help="Replace a file that is there. 覆盖已有文件")
    ] = False,
) -> None:
    """Read a scenario and list everything that is wrong with it. 检查数据."""
    voice = _Voice(language)
    path = (
        None
        if annotate is None
        else _new_workbook(annotate, "--annotate", voice.language, scenario, replace_it=replace_it)
    )
    with _told(voice):
        try:
            found = app.check(scenario)
        except InputsAreWrong as wrong:
            voice.found = wrong.language
            _annotated(scenario, path, wrong.issues, voice)
            raise
        voice.found = found.config.language
        _annotated(scenario, path, found.warnings, voice)
        _warned(found.warnings, voice)
        n = len(found.warnings)
        _print(text("The scenario can be solved; warnings: {n}.", n=n), voice.language)


def _annotated(scenario: Path, path: Path | None, issues: Sequence[Issue], voice: _Voice) -> None:
    """Write the copy in which issues are marked, where it is wanted."""
    if path is None:
        return
    made = annotated(app.tables(scenario), issues, voice.language)
    (written,) = write_files({path.name: made}, path.parent, "")
    _print(text("written: {path}", path=str(written)), voice.language)


@cli.command()
def template(
    out: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="The workbook to write (.xlsx). 要写出的工作簿", show_default=False
        ),
    ],
    scenario: Annotated[
        Path | None,
        typer.Argument(help="Scenario to fill it with. 用哪个方案填入", show_default=False),
    ] = None,
    language: Annotated[
        Language | None,
        typer.Option("--language", "--lang", help="Language of the workbook. 语言", show_default=False),
    ] = None,
    replace_it: Annotated[
        bool, typer.Option("--replace", help="Replace a file that is there. 覆盖已有文件")
    ] = False,
) -> None:
    """Write a workbook to fill, or one filled with a scenario. 生成填报模板."""
    voice = _Voice(language)
    path = _new_workbook(out, "--out", voice.language, scenario, replace_it=replace_it)
    with _told(voice):
        made = app.template(scenario, language, path.parent)
        written = write_files({path.name: made}, path.parent, "")
    _print(text("written: {path}", path=str(written[0])), voice.language)


@cli.command("import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Rosters, lists of schools, statistics workbooks: .xlsx, .xls, .csv. 花名册、学校名单、统计报表",
            show_default=False,
        ),
    ],
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Folder for the scenario. 方案文件夹", show_default=False)
    ],
    year: Annotated[
        int,
        typer.Option(
            "--year",
            metavar="YEAR",
            help="Year of the September to plan for. 安排哪一年九月",
            min=1990,
            max=2100,
            show_default=False,
        ),
    ],
    title: Annotated[str | None, typer.Option(help="Title of the scenario. 标题", show_default=False)] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A mapping file of an earlier import. 对应关系文件", show_default=False
        ),
    ] = None,
    names: Annotated[bool, typer.Option(help="Keep people's names. 保留姓名")] = True,
    language: LANGUAGE = None,
) -> None:
    """Read what bureaus hold into the tables of a scenario. 导入现有数据."""
    voice = _Voice(language)
    folder = _new_folder(out, voice.language)
    taken = (
        sorted(path.name for path in folder.glob("*") if path.name in _SCENARIO_FILES)
        if folder.is_dir()
        else []
    )
    if taken:
        words = text("{path} holds another scenario ({files}); choose another folder", path=out, files=taken)
        raise _bad_usage("--out", words, voice.language)
    with _told(voice):
        found = app.imported(files, mapping, names=names)
        named = title or folder.resolve().name
        write_files(found.files(year, named, voice.language), folder, "")
        missing = app.missing(folder)
        told = import_story(found, missing, voice.language, named)
        write_files({"import.html": page(told)}, folder, "")
        _summary(told, folder / "import.html")


_SCENARIO_FILES = ("scenario.toml", "schools.csv", "sections.csv", "teachers.csv")


@cli.command()
def diagnose(
    scenario: SCENARIO,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER", help="Folder for the page and its tables. 结果文件夹", show_default=False
        ),
    ] = None,
    language: LANGUAGE = None,
) -> None:
    """Tell the state of a district before anything is decided. 现状诊断."""
    voice = _Voice(language)
    folder = None if out is None else _result_folder(scenario, out, voice.language, beside="plan.csv")
    changes = {} if language is None else {"language": language.value}
    with _told(voice):
        found = app.diagnose(scenario, changes)
        voice.found = found.scored.scenario.config.language
        told = diagnose_story(found)
        if folder is not None:
            write_diagnosis(found, folder, page(told))
        _summary(told, None if folder is None else folder / "diagnose.html")


@cli.command()
def desk(
    home: Annotated[
        Path | None, typer.Option(help="Folder of the desk. 工作台的数据文件夹", show_default=False)
    ] = None,
    districts: Annotated[
        Path | None, typer.Option(help="Folder of ready districts. 现成方案所在文件夹", show_default=False)
    ] = None,
    port: Annotated[int, typer.Option(help="Port. 端口", min=0, max=65535)] = 8321,
    host: Annotated[str, typer.Option(help="Address to listen on. 监听地址")] = "127.0.0.1",
    answers_to: Annotated[
        list[str] | None,
        typer.Option(
            "--answers-to", help="A further name of the server. 服务器的其他域名", show_default=False
        ),
    ] = None,
    database: Annotated[
        str,
        typer.Option(help="URL of a database in place of the embedded one. 数据库地址", show_default=False),
    ] = "",
    users: Annotated[
        bool, typer.Option("--users", help="People log in with a password. 使用账号密码登录")
    ] = False,
    add_user: Annotated[
        str | None,
        typer.Option(
            metavar="NAME:ROLE", help="Add a user: viewer, planner or approver. 添加用户", show_default=False
        ),
    ] = None,
    at_once: Annotated[int, typer.Option(help="Runs side by side. 同时求解的任务数", min=1, max=64)] = 1,
    browser: Annotated[bool, typer.Option(help="Open the browser. 打开浏览器")] = True,
    language: LANGUAGE = None,
) -> None:
    """Open the planner's desk in the browser; everything stays on this machine. 打开工作台."""
    voice = _Voice(language)
    if any(find_spec(name) is None for name in ("starlette", "uvicorn", "sqlalchemy", "python_multipart")):
        words = text("the desk needs more packages, which come with allocator[desk]")
        raise _bad_usage("desk", words, voice.language)
    from allocator.web import desk as desks

    if host != desks.LOOPBACK and not users:
        words = text("a desk that others reach needs users: add --users")
        raise _bad_usage("--host", words, voice.language)
    ready = districts or (Path("scenarios") if os.path.isdir("scenarios") else None)
    asked = desks.Asked(
        (home or desks.default_home()).absolute(),
        ready.absolute() if ready else None,
        host,
        port,
        tuple(answers_to or ()),
        database,
        users,
        at_once,
    )
    with _told(voice):
        if add_user is not None:
            _add_user(desks.store_of(asked), add_user, voice.language)
            return
        taken = desks.listen(asked)
        made = desks.put_together(asked)
        address = f"http://{host}:{taken.getsockname()[1]}/"
        _print(text("The desk: {address}", address=address), voice.language)
        if made.code is not None:
            _print(text("Code that opens it: {code}", code=made.code), voice.language)
        _print(text("Ctrl-C ends it."), voice.language)
        sys.stdout.flush()
        if browser:
            import webbrowser

            webbrowser.open(address)
        desks.serve(asked, made, taken)


def _add_user(store: Any, given: str, language: str) -> None:
    """Add a user with a password that is asked for, and shown nowhere."""
    name, colon, role = given.partition(":")
    if (
        not colon
        or role not in ("viewer", "planner", "approver")
        or not name.strip()
        or len(name) > _LONGEST_USER
    ):
        words = text("write NAME:ROLE, with the role viewer, planner or approver")
        raise _bad_usage("--add-user", words, language)
    password = typer.prompt(
        say(text("Password, at least 10 characters"), language), hide_input=True, confirmation_prompt=True
    )
    if len(password) < _SHORTEST_PASSWORD:
        raise _bad_usage("--add-user", text("a password of at least 10 characters"), language)
    store.add_user(name.strip(), role, password, by="command line")
    _print(text("{name} is now {role}.", name=name.strip(), role=role), language)


_LONGEST_USER, _SHORTEST_PASSWORD = 80, 10


def _new_workbook(out: str, option: str, language: str, source: Path | None, *, replace_it: bool) -> Path:
    """Return the path of a workbook that can be written; never the one that is read."""
    path = Path(out)
    if source is not None and os.path.realpath(path) == os.path.realpath(source):
        raise _bad_usage(option, text("{path} is what is read; choose another file", path=out), language)
    if not is_workbook(path):
        raise _bad_usage(option, text("{path} does not end with .xlsx", path=out), language)
    if os.path.lexists(path) and not replace_it:
        words = text("{path} is there already; --replace writes it anew", path=out)
        raise _bad_usage(option, words, language)
    return _new_folder(str(path.parent), language) / path.name


@cli.command()
def solve(
    scenario: SCENARIO,
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Folder for the result. 结果文件夹", show_default=False)
    ],
    moves: Annotated[
        str | None, typer.Option(help="Move budget, a number or a share such as 10%. 调动人数上限")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Limit for each level. 每一级的时限（秒）")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the tie-breaks. 随机种子")] = None,
    language: LANGUAGE = None,
    names: Annotated[
        bool, typer.Option("--names", help="Show people's names in the report. 报告中显示姓名")
    ] = False,
    prices: Annotated[
        bool, typer.Option("--prices", help="Solve again without each hard rule. 逐条计算规则的代价")
    ] = False,
    points: Annotated[
        int | None,
        typer.Option(
            "--frontier",
            help="Also trace so many move budgets, and set the plan on them. 一并计算均衡前沿的点数",
            min=2,
            max=100,
            show_default=False,
        ),
    ] = None,
    pictures: FIGURES = False,
    pseudonymise: PSEUDONYMS = False,
) -> None:
    """Assign the teachers of a scenario and write the result folder. 求解并写出结果."""
    voice = _Voice(language)
    folder = _result_folder(scenario, out, voice.language, beside="score.html")
    changes = _changes(moves, seconds, seed, language)
    _can_draw(pictures, voice.language)
    _not_both(names, pseudonymise, voice.language)
    with _told(voice):
        asked = app.check(scenario, changes, pseudonymise=pseudonymise)
        voice.found = asked.config.language
        answer = _solved(asked, voice, prices, points or 0)
        told = story(answer, names=names)
        more = _figures(told, pictures)
        if answer.frontier is not None:
            more["frontier.csv"] = frontier_csv(answer.frontier)
        book = workbook(answer, told, names=names)
        written = write(answer, folder, page(told), _command(), book, more)
    _summary(told, next(path for path in written if path.name == "report.html"))
    if answer.result.gave_way:
        raise typer.Exit(NO_PLAN)


def _solved(asked: Scenario, voice: _Voice, prices: bool, points: int) -> Answer:
    """Solve a scenario; where no plan keeps its hard rules, say why, and go on to the least way out."""
    try:
        return _beside(
            lambda progress, stop: app.answer(asked, progress, priced=prices, points=points, stop=stop), voice
        )
    except NoPlan as none:
        refused = none
    _no_plan(refused, voice)
    found = _beside(lambda progress, stop: app.way_out(asked, refused, progress, stop), voice)
    if found is None:
        raise typer.Exit(NO_PLAN)
    _print(text("The plan of the least way out:"), voice.language)
    return found


@cli.command()
def frontier(
    scenario: SCENARIO,
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Folder for the frontier. 结果文件夹", show_default=False)
    ],
    points: Annotated[int, typer.Option(help="Number of budgets. 计算的点数", min=2, max=100)] = 12,
    seconds: Annotated[float | None, typer.Option(help="Limit for each point. 每一点的时限（秒）")] = None,
    language: LANGUAGE = None,
    pictures: FIGURES = False,
) -> None:
    """Trace the best evenness that every move budget allows. 计算均衡前沿."""
    voice = _Voice(language)
    folder = _result_folder(scenario, out, voice.language)
    changes = _changes(None, seconds, None, language)
    _can_draw(pictures, voice.language)
    with _told(voice):
        asked = app.check(scenario, changes)
        voice.found = asked.config.language
        traced = _beside(lambda progress, stop: app.frontier(asked, points, progress, stop), voice)
        told = frontier_story(traced)
        written = write_frontier(traced, folder, page(told), _figures(told, pictures))
    _summary(told, next(path for path in written if path.name == "frontier.html"))


@cli.command()
def closures(
    scenario: SCENARIO,
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Folder for the proposals. 结果文件夹", show_default=False)
    ],
    seconds: Annotated[float | None, typer.Option(help="Limit for each search. 每次搜索的时限（秒）")] = None,
    beside: Annotated[
        bool,
        typer.Option(
            "--beside",
            help="Set the closures that the scenario names beside the proposals. 与场景自定的撤并对照",
        ),
    ] = False,
    together: Annotated[
        int,
        typer.Option(
            help="Choose closures and teachers together among so many choices. 与教师调配一并比选的方案数",
            min=0,
            max=1000,
            show_default=False,
        ),
    ] = 0,
    language: LANGUAGE = None,
    pictures: FIGURES = False,
) -> None:
    """Propose which schools close, where their pupils go, and what that frees. 撤并方案建议."""
    voice = _Voice(language)
    folder = _result_folder(scenario, out, voice.language)
    changes = _changes(None, seconds, None, language)
    _can_draw(pictures, voice.language)
    with _told(voice):
        asked = app.check(scenario, changes)
        voice.found = asked.config.language
    if beside and not asked.config.closures:
        words = text("{path} names no closures", path=str(scenario))
        raise _bad_usage("--beside", words, asked.config.language)
    with _told(voice):
        proposed = _beside(
            lambda progress, stop: app.closures(asked, progress, stop, beside=beside, together=together),
            voice,
        )
        told = closures_story(proposed)
        written = write_closures(proposed, folder, page(told), _figures(told, pictures))
    _summary(told, next(path for path in written if path.name == "closures.html"))


@cli.command()
def sweep(
    scenario: SCENARIO,
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Folder for the sweep. 结果文件夹", show_default=False)
    ],
    seconds: Annotated[float | None, typer.Option(help="Limit for each search. 每次搜索的时限（秒）")] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes that search, without it all cores. 并行进程数，默认全部核心",
            min=1,
            max=1000,
            show_default=False,
        ),
    ] = None,
    language: LANGUAGE = None,
) -> None:
    """Try closures under many aims, safeguards and enrolments; goes on where it was stopped. 撤并方案批量推演."""
    voice = _Voice(language)
    folder = _result_folder(scenario, out, voice.language)
    changes = _changes(None, seconds, None, language)
    with _told(voice):
        asked = app.check(scenario, changes)
        voice.found = asked.config.language
        cores = min(workers or os.cpu_count() or 1, _MOST_WORKERS)
        swept = _beside(lambda progress, stop: app.sweep(asked, folder, cores, progress, stop), voice)
        told = sweep_story(swept)
        written = write_sweep(swept, folder, page(told))
    _summary(told, next(path for path in written if path.name == "sweep.html"))
    if swept.done < len(swept.cases):
        raise typer.Exit(STOPPED)


@cli.command()
def sites(
    folder: Annotated[
        Path, typer.Argument(help="Folder with points.csv and sites.csv. 数据文件夹", show_default=False)
    ],
    keep: Annotated[int, typer.Option(help="How many sites are kept. 保留校址数", min=1, show_default=False)],
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Folder for the result. 结果文件夹", show_default=False)
    ],
    parted: Annotated[
        bool, typer.Option("--parted", help="Pupils of a point may go to different sites. 同一居住点可分流")
    ] = False,
    gap: Annotated[float, typer.Option(help="Relative gap to stop at. 最优性差距", min=0.0, max=1.0)] = 0.0,
    seconds: Annotated[float | None, typer.Option(help="Limit of the proof. 证明的时限（秒）")] = None,
    language: Annotated[Language, typer.Option(help="Language. 语言")] = Language.zh,
) -> None:
    """Keep so many sites that all pupils together have the least way under seats. 保留学校选址."""
    voice = _Voice(language)
    target = _result_folder(folder, out, voice.language)
    limit = _changes(None, seconds, None, language).get("seconds", 60.0)
    with _told(voice):
        places, found = _beside(
            lambda _, stop: app.sites(
                folder,
                keep,
                whole=not parted,
                gap=gap,
                seconds=limit,
                language=voice.language,
                stop=stop,
            ),
            voice,
        )
        told = sites_story(places, found, voice.language)
        written = write_sites(places, found, target, page(told), voice.language)
    _summary(told, next(path for path in written if path.name == "sites.html"))
    _warned(places.warnings, voice)


@cli.command()
def audit(
    scenario: SCENARIO,
    plan: Annotated[
        Path, typer.Argument(help="A plan.csv, of whatever hand. 方案结果表", show_default=False)
    ],
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Folder for the judgement. 结果文件夹", show_default=False),
    ] = None,
    language: LANGUAGE = None,
    names: Annotated[
        bool, typer.Option("--names", help="Show people's names in the report. 报告中显示姓名")
    ] = False,
    pseudonymise: PSEUDONYMS = False,
) -> None:
    """Judge a plan without a solver: every breach of a rule, and the balance. 审核一份调配计划."""
    voice = _Voice(language)
    folder = None
    if out is not None:
        folder = _result_folder(scenario, out, voice.language, beside="score.html")
        folder = _beside_plan(folder, out, plan, voice)
    changes = {} if language is None else {"language": language.value}
    _not_both(names, pseudonymise, voice.language)
    with _told(voice):
        answer = app.audit(scenario, plan, changes, pseudonymise=pseudonymise)
        voice.found = answer.scenario.config.language
        told = story(answer, names=names)
        written = []
        if folder is not None:
            written = write(answer, folder, page(told), _command(), workbook(answer, told, names=names))
    _summary(told, next((path for path in written if path.name == "report.html"), None))
    _warned(answer.problem.warnings, voice)
    for broken in answer.result.violations:
        words = text(
            "    {rule}: {who}: {what}", rule=broken.rule, who=codes(broken.who), what=broken.sentence
        )
        _print(words, voice.language)


_TEACHER_SCHOOL = "TEACHER=SCHOOL"


@cli.command()
def resolve(
    scenario: SCENARIO,
    plan: Annotated[Path, typer.Argument(help="The earlier plan.csv. 原方案结果表", show_default=False)],
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Folder for the result. 结果文件夹", show_default=False)
    ],
    pin: Annotated[
        list[str] | None,
        typer.Option(
            metavar=_TEACHER_SCHOOL, help="A teacher goes to a school, or to SCHOOL/STAGE/SUBJECT. 指定去向"
        ),
    ] = None,
    forbid: Annotated[
        list[str] | None,
        typer.Option(metavar=_TEACHER_SCHOOL, help="A teacher does not go to a school. 不得安排到某校"),
    ] = None,
    refuse: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEACHER", help="A teacher refuses what the earlier plan asks. 教师不接受原安排"
        ),
    ] = None,
    close: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCHOOL[=TO]",
            help="A school closes, and its pupils go to another; without =TO to the nearest. 撤并某校",
        ),
    ] = None,
    opening: Annotated[
        list[str] | None,
        typer.Option("--open", metavar="SCHOOL", help="A planned school opens. 新校启用"),
    ] = None,
    recruit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SUBJECT/CERTIFICATE/DEGREE[=N]",
            help="So many new teachers, such as pe/junior/bachelor=2. 新招聘教师：学科/资格层次/学历=人数",
        ),
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Limit for each level. 每一级的时限（秒）")] = None,
    language: LANGUAGE = None,
    names: Annotated[
        bool, typer.Option("--names", help="Show people's names in the report. 报告中显示姓名")
    ] = False,
) -> None:
    """Solve anew from an earlier plan with the fewest changes: pins, refusals, closures, recruits. 在原方案上最少改动重新求解."""
    voice = _Voice(language)
    folder = _result_folder(scenario, out, voice.language, beside="score.html")
    folder = _beside_plan(folder, out, plan, voice)
    changes = _changes(None, seconds, None, language)
    over = Overlay(tuple(close or ()), tuple(opening or ()), tuple(recruit or ()))
    with _told(voice):
        asked = app.check(scenario, changes, over=over)
        voice.found = asked.config.language
        before = app.earlier(asked, plan)
    only = _asked(before, pin or [], forbid or [], refuse or [], voice.language)
    with _told(voice):
        answer = _beside(lambda progress, stop: app.resolve(before, only, progress, stop), voice)
        told = story(answer, names=names)
        more: dict[str, str | bytes] = {
            "changes.csv": table(list(change_rows(answer)), asked.config.language, CHANGE_COLUMNS)
        }
        book = workbook(answer, told, names=names)
        written = write(answer, folder, page(told), _command(), book, more)
    _summary(told, next(path for path in written if path.name == "report.html"))


def _asked(
    before: app.Earlier, pin: list[str], forbid: list[str], refuse: list[str], language: str
) -> dict[str, frozenset[tuple[str, str, str]]]:
    """Put what is asked of teachers into the places that are left to each; what cannot be is bad usage."""
    problem, every = before.problem, places(before.problem)
    only: dict[str, set[tuple[str, str, str]]] = {}

    def keep(option: str, who: str, some: Iterable[tuple[str, str, str]]) -> None:
        if who not in problem.teachers.ids:
            raise _bad_usage(option, _not_known(who, problem.teachers.ids), language)
        only[who] = only.get(who, set(every)) & set(some)
        if not only[who]:
            raise _bad_usage(option, text("nothing is left for {teacher}", teacher=who), language)

    for option, given, wanted in (("--pin", pin, True), ("--forbid", forbid, False)):
        for one in given:
            who, sign, where = one.partition("=")
            here = {place for place in every if where in (place[0], "/".join(place))}
            if not sign or not here:
                words = text(
                    "{given} does not name a teacher and a school that is open: write TEACHER=SCHOOL",
                    given=quoted(one),
                )
                raise _bad_usage(option, words, language)
            keep(option, who, here if wanted else set(every) - here)
    for who in refuse:
        if who not in problem.teachers.ids:
            raise _bad_usage("--refuse", _not_known(who, problem.teachers.ids), language)
        t = problem.teachers.ids.index(who)
        home, had = int(problem.home_post[t]), int(before.plan.post[t])
        keep("--refuse", who, [every[home]] if home >= 0 else [p for at, p in enumerate(every) if at != had])
    return {who: frozenset(some) for who, some in only.items()}


@cli.command()
def fallbacks(
    scenario: SCENARIO,
    plan: Annotated[
        Path, typer.Argument(help="A plan.csv, of whatever hand. 方案结果表", show_default=False)
    ],
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Folder for fallbacks.csv. 结果文件夹", show_default=False)
    ],
    language: LANGUAGE = None,
) -> None:
    """List who could stand in for everybody who gets another place, and what a refusal costs. 拒绝安排时的替补方案."""
    voice = _Voice(language)
    folder = _beside_plan(_result_folder(scenario, out, voice.language), out, plan, voice)
    changes = {} if language is None else {"language": language.value}
    with _told(voice):
        asked = app.check(scenario, changes)
        voice.found = asked.config.language
        found = app.scales(asked, plan)
        rows = _beside(lambda progress, stop: refusals_of(found, progress, stop), voice)
        write_fallbacks(rows, folder, asked.config.notice, voice.language)
    words = text(
        "Refusals looked at: {n}; with somebody to stand in without breaking a rule: {free}.",
        n=len(rows),
        free=sum(bool(row["stand_in"]) and not row["breaks"] for row in rows),
    )
    _print(words, voice.language)


@cli.command()
def notices(
    scenario: SCENARIO,
    plan: Annotated[
        Path, typer.Argument(help="A plan.csv, of whatever hand. 方案结果表", show_default=False)
    ],
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Folder for the notices. 通知文件夹", show_default=False)
    ],
    language: LANGUAGE = None,
    names: Annotated[
        bool, typer.Option("--names", help="Show people's names in the notices. 通知中显示姓名")
    ] = False,
) -> None:
    """Write the public list and a notice for every school and teacher concerned. 公示名单与调配通知."""
    voice = _Voice(language)
    folder = _beside_plan(
        _result_folder(scenario, out, voice.language, beside="report.html"), out, plan, voice
    )
    changes = {} if language is None else {"language": language.value}
    with _told(voice):
        answer = app.audit(scenario, plan, changes)
        voice.found = answer.scenario.config.language
        written = write_notices(write_them(answer, names=names), folder)
    _warned(answer.problem.warnings, voice)
    broken = [
        v
        for v in answer.result.violations
        if v.rule in {r.id for r in answer.result.rules if r.level == "hard"}
    ]
    if broken:
        words = text("This plan breaks hard rules in {n} cases: see allocator audit.", n=len(broken))
        _print(words, voice.language, error=True)
    words = text(
        "Notices: {n} documents in {path}", n=sum(p.suffix == ".docx" for p in written), path=str(folder)
    )
    _print(words, voice.language)


def _beside_plan(folder: Path, out: str, plan: Path, voice: _Voice) -> Path:
    """Return a folder for results that does not hold the plan that is read."""
    real = os.path.realpath(folder)
    if real in (os.path.realpath(plan.parent), os.path.dirname(os.path.realpath(plan))):
        raise _bad_usage("--out", text("{path} holds the plan that is judged", path=out), voice.language)
    return folder


@cli.command()
def explain(
    scenario: SCENARIO,
    plan: Annotated[
        Path, typer.Argument(help="A plan.csv, of whatever hand. 方案结果表", show_default=False)
    ],
    teacher: Annotated[
        str | None, typer.Option(help="Why a teacher has the place. 解释某位教师的安排", show_default=False)
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            help="With --teacher: why not at this school, or SCHOOL/STAGE/SUBJECT. 为何不到某校（或某岗位）",
            show_default=False,
        ),
    ] = None,
    post: Annotated[
        str | None,
        typer.Option(help="Why a post is empty: SCHOOL/STAGE/SUBJECT. 解释空岗", show_default=False),
    ] = None,
    school: Annotated[
        str | None,
        typer.Option(help="Who leaves a school, who comes, and why. 解释某校的变动", show_default=False),
    ] = None,
    refusal: Annotated[
        str | None,
        typer.Option(
            help="Who could stand in if a teacher refuses. 某位教师不接受安排时的替补", show_default=False
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="PLAN",
            help="What each change by hand costs against this plan.csv. 手工改动相对原方案的代价",
            show_default=False,
        ),
    ] = None,
    worth: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SUBJECT/CERTIFICATE/DEGREE[=N]",
            help="What so many more teachers would be worth in each zone: solves again. 各片区增加此类教师的价值",
        ),
    ] = None,
    language: LANGUAGE = None,
) -> None:
    """Say why, why not, who else, why a post is empty, and what changes by hand cost. 解释方案."""
    voice = _Voice(language)
    if sum(bool(one) for one in (teacher, post, school, refusal, against, worth)) != 1:
        words = text(
            "ask about one teacher, one post, one school, one refusal, another plan, or what more teachers are worth"
        )
        raise _bad_usage("--teacher", words, voice.language)
    if to is not None and teacher is None:
        raise _bad_usage("--to", text("name the teacher with --teacher"), voice.language)
    changes = {} if language is None else {"language": language.value}
    with _told(voice):
        asked = app.check(scenario, changes)
        voice.found = asked.config.language
        by_hand = None if against is None else app.by_hand(asked, plan, against)
        found = app.scales(asked, plan) if by_hand is None else by_hand[0]
    _warned(found.problem.warnings[len(asked.warnings) :], voice)
    if worth:
        with _told(voice):
            more = _beside(lambda progress, stop: app.worth(scenario, worth, changes, progress, stop), voice)
        lines = worth_lines(found.values, *more)
    elif by_hand is not None:
        lines = edit_lines(found, edits(*by_hand))
    elif school is not None:
        lines = school_lines(found, _known("--school", school, found.problem.school_ids, voice.language))
    elif refusal is not None:
        who = _known("--refusal", refusal, found.problem.teachers.ids, voice.language)
        lines = refusal_lines(found, who)
    else:
        lines = _answers(found, teacher, to, post, voice.language)
    for line in lines:
        _print(line, voice.language)


def _known(option: str, asked: str, known: Sequence[str], language: str) -> int:
    """Find a code; one that does not exist is bad usage."""
    if asked not in known:
        raise _bad_usage(option, _not_known(asked, tuple(known)), language)
    return list(known).index(asked)


def _answers(
    scales: Weighing, teacher: str | None, to: str | None, post: str | None, language: str
) -> Iterator[Text]:
    """Answer a question; what does not exist is bad usage."""
    problem = scales.problem
    if teacher is None:
        yield from post_lines(scales, *_posts_at(scales, "--post", post or "", language, whole=True))
        return
    who = _known("--teacher", teacher, problem.teachers.ids, language)
    if to is None:
        yield from teacher_lines(scales, who)
        return
    takes = problem.teachers.takes[who]
    at = _posts_at(scales, "--to", to, language)
    yield from to_lines(
        scales, who, at if to.count("/") else [p for p in at if takes[problem.posts.subject[p]]] or at[:1]
    )


def _posts_at(scales: Weighing, option: str, asked: str, language: str, *, whole: bool = False) -> list[int]:
    """Find the posts of SCHOOL, or those of SCHOOL/STAGE/SUBJECT."""
    named = {"/".join(place): at for at, place in enumerate(places(scales.problem))}
    if asked in named:
        return [named[asked]]
    here = [at for at, place in enumerate(places(scales.problem)) if place[0] == asked]
    if here and not whole:
        return here
    closed = set(scales.problem.school_ids) - scales.problem.open_in_september
    if asked in closed or asked.partition("/")[0] in closed:
        raise _bad_usage(option, text("{asked} has no posts in September", asked=quoted(asked)), language)
    known = tuple(name for name in named if name.startswith(f"{asked.partition('/')[0]}/"))
    if known:
        words = text("there are no posts {asked}; there are {known}", asked=quoted(asked), known=codes(known))
        raise _bad_usage(option, words, language)
    raise _bad_usage(option, _not_known(asked, tuple(scales.problem.school_ids)), language)


def _not_known(asked: str, known: tuple[str, ...]) -> Text:
    return text("there is no {asked}; {nearest}", asked=quoted(asked), nearest=nearest(asked, known))


@cli.command()
def score(
    scenario: SCENARIO,
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Folder for the score. 结果文件夹", show_default=False),
    ] = None,
    year: Annotated[
        int | None,
        typer.Option(
            min=1990,
            max=2100,
            help="For a folder of tables without scenario.toml: the year in which its school year ends (2020 for 2019–2020). 无 scenario.toml 时：学年结束的年份（2019–2020 学年填 2020）",
            show_default=False,
        ),
    ] = None,
    standard: Annotated[
        str | None,
        typer.Option(
            help="For such a folder: the standard it is judged by. 无 scenario.toml 时：评估标准",
            show_default="cn-2017",
        ),
    ] = None,
    moves: Annotated[
        bool,
        typer.Option(
            "--moves",
            help="Also solve for the fewest moves under the rules that bring each CV within its limit. 求解规则内达标所需的最少调动",
        ),
    ] = False,
    language: LANGUAGE = None,
) -> None:
    """Score a district as it stands today by its standard; only --moves solves. 现状评估."""
    voice = _Voice(language)
    folder = None if out is None else _result_folder(scenario, out, voice.language, beside="plan.csv")
    if (year is not None or standard is not None) and os.path.lexists(scenario / "scenario.toml"):
        words = text("{path} has a scenario.toml, which says the year and the standard", path=str(scenario))
        raise _bad_usage("--year" if year is not None else "--standard", words, voice.language)
    if year is None and os.path.isdir(scenario) and not os.path.lexists(scenario / "scenario.toml"):
        words = text(
            "{path} has no scenario.toml: say in which year its school year ends", path=str(scenario)
        )
        raise _bad_usage("--year", words, voice.language)
    changes = {} if language is None else {"language": language.value}
    with _told(voice):
        scored = app.score(scenario, changes, year, standard)
        voice.found = scored.scenario.config.language
        if moves and len(scored.problem.teachers):
            scored = _beside(lambda progress, stop: app.needed(scored, progress, stop), voice)
        elif moves:
            _print(text("There is no roster, so that no moves were sought."), voice.language, error=True)
        told = score_story(scored)
        written = [] if folder is None else write_score(scored, folder, page(told))
    _summary(told, next((path for path in written if path.name == "score.html"), None))


@cli.command()
def compare(
    results: Annotated[
        list[Path],
        typer.Argument(help="Result folders, two or more. 结果文件夹（两个以上）", show_default=False),
    ],
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Folder for the comparison. 结果文件夹", show_default=False)
    ],
    language: Annotated[Language, typer.Option(help="Language. 语言")] = Language.zh,
) -> None:
    """Put results side by side: what each reaches, which is beaten, who has another place. 方案结果对比."""
    voice = _Voice(language)
    if not 2 <= len(results) <= MOST:
        raise _bad_usage("RESULTS", text("name two to {n} result folders", n=MOST), voice.language)
    folder = _new_folder(out, voice.language)
    if os.path.realpath(folder) in {os.path.realpath(result) for result in results}:
        raise _bad_usage("--out", text("{path} is one of the results", path=out), voice.language)
    with _told(voice):
        read = read_results(results, voice.language)
        told = compare_story(read, voice.language)
        written = write_compare(read, folder, page(told), voice.language)
    _summary(told, next(path for path in written if path.name == "compare.html"))


@cli.command()
def synthesise(
    recipe: Annotated[Path, typer.Argument(help="Recipe, a TOML file. 生成配方", show_default=False)],
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Folder for the tables. 输出文件夹", show_default=False)
    ],
    replace: Annotated[bool, typer.Option("--replace", help="Replace tables that stand there. 覆盖")] = False,
    language: Annotated[
        Language | None, typer.Option(help="Language in place of the recipe's. 语言", show_default=False)
    ] = None,
) -> None:
    """Generate a labelled district from published totals. 按公开总量生成模拟数据."""
    voice = _Voice(language)
    if not os.path.isfile(recipe):
        raise _bad_usage("RECIPE", text("{path}: no such file", path=str(recipe)), voice.language)
    folder = _new_folder(out, voice.language)
    taken = sorted(path.name for path in folder.glob("*.csv")) if os.path.isdir(folder) else []
    if taken and not replace:
        words = text("{path} holds {names}; name another folder or add --replace", path=out, names=taken)
        raise _bad_usage("--out", words, voice.language)
    with _told(voice):
        for path in app.synthesise(recipe, folder):
            typer.echo(path)


@cli.command()
def rules(
    rulebook: Annotated[str, typer.Option(help="Rulebook, a name or a TOML file. 规则集")] = "",
    language: Annotated[Language, typer.Option(help="Language. 语言")] = Language.zh,
) -> None:
    """Print the catalogue of rules with their parameters and sources. 列出全部规则."""
    with _told(_Voice(language)):
        for rule in app.rules(rulebook, language.value):
            _print_rule(rule, language)


def _print_rule(rule: dict[str, Any], language: str) -> None:
    _print(
        text(
            "{id} ({level}): {sentence}",
            id=rule["id"],
            level=SETTINGS[rule["level"]],
            sentence=rule["said"],
        ),
        language,
    )
    _print(
        text("    source: {source} [{confidence}]", source=rule["source"], confidence=rule["confidence"]),
        language,
    )
    for name, facts in rule["parameters"].items():
        default = facts["default"]
        number = isinstance(default, int | float)
        _print(
            text(
                "    {name} = {default} ({unit}; {source} [{confidence}])",
                name=name,
                default=list(default)
                if isinstance(default, tuple)
                else f"{default:g}"
                if number
                else text("no limit")
                if default is None
                else default,
                unit=facts["unit"],
                source=facts["source"],
                confidence=facts["confidence"],
            ),
            language,
        )


@cli.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version. 版本")] = False,
) -> None:
    if version:
        typer.echo(f"allocator {allocator.__version__}")
        raise typer.Exit


_MOST_WORKERS = 60  # Windows waits for no more processes at once


def _bad_usage(hint: str, words: Text, language: str) -> typer.BadParameter:
    return typer.BadParameter(say(words, language), param_hint=hint)


def _result_folder(scenario: Path, out: str, language: str, *, beside: str = "") -> Path:
    """Return the folder for results; one that cannot be, or that holds other things, is bad usage.

    Parameters
    ----------
    beside
        A file of a result of another kind, whose tables have the same names and would be mixed with the new ones.
    """
    folder = _new_folder(out, language)
    if os.path.exists(folder / "scenario.toml") or os.path.realpath(folder) == os.path.realpath(scenario):
        words = text("{path} is a scenario folder; its tables would be overwritten", path=out)
        raise _bad_usage("--out", words, language)
    if beside and os.path.lexists(folder / beside):
        words = text("{path} holds another result ({file}); choose another folder", path=out, file=beside)
        raise _bad_usage("--out", words, language)
    return folder


def _new_folder(out: str, language: str) -> Path:
    """Return a folder that can be written, before any work is done."""
    if not out.strip():
        raise _bad_usage("--out", text("no folder is named; write . for this one"), language)
    folder = Path(out)
    place = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))
    if not os.path.exists(place):
        raise _bad_usage("--out", text("{path} is a link that leads nowhere", path=str(place)), language)
    if not os.path.isdir(place):
        raise _bad_usage("--out", text("{path} is a file", path=str(place)), language)
    if not os.access(place, os.W_OK | os.X_OK):
        raise _bad_usage("--out", text("{path} cannot be written", path=str(place)), language)
    return folder


def _changes(
    moves: str | None, seconds: float | None, seed: int | None, language: Language | None
) -> dict[str, Any]:
    """Return the settings given on the command line; what cannot be a setting is bad usage."""
    given = {"seconds": seconds, "seed": seed, "language": None if language is None else language.value}
    if moves is not None:
        given["moves"] = int(moves) if moves.isascii() and moves.isdigit() and len(moves) < 10 else moves
    changes = {key: value for key, value in given.items() if value is not None}
    try:
        app.changed_settings(changes)
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][-1])
        words = text(
            "found '{value}'; expected {expected}", value=str(changes.get(key)), expected=_EXPECTED[key]
        )
        raise _bad_usage(f"--{key}", words, language or "zh") from None
    return changes


@contextmanager
def _told(voice: _Voice) -> Iterator[None]:
    """Turn what can go wrong into sentences and exit codes; no traceback reaches a planner."""
    try:
        yield
    except InputsAreWrong as wrong:
        voice.found = wrong.language
        for said in issue_lines(wrong.issues, voice.language):
            _print(said, voice.language, error=True)
        n = sum(issue.severity == "error" for issue in wrong.issues)
        raise _ended(
            text("Nothing was computed. Errors to be corrected first: {n}.", n=n), voice, WRONG_INPUT
        ) from None
    except NoPlan as none:
        _no_plan(none, voice)
        raise typer.Exit(NO_PLAN) from None
    except typer.Exit:
        raise
    except LimitReached:
        words = text("The time limit ran out before any plan was found; allow more seconds a level.")
        raise _ended(words, voice, NO_TIME) from None
    except BrokenExecutor:
        words = text(
            "A process of the program was ended from outside, perhaps because memory ran out. What is done is kept: the same command goes on."
        )
        raise _ended(words, voice, STOPPED) from None
    except KeyboardInterrupt:
        raise _ended(text("Stopped before the end: no result was written."), voice, STOPPED) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        words = text(
            "The file {file} cannot be used: {why}.", file=str(error.filename or "—"), why=error.strerror
        )
        raise _ended(words, voice, BAD_USAGE) from None
    except Exception as error:
        if os.environ.get("ALLOCATOR_DEBUG"):
            traceback.print_exc()
        words = text(
            "This is a fault of the program and not of your tables ({kind}); please report it, with what ALLOCATOR_DEBUG=1 shows.",
            kind=type(error).__name__,
        )
        raise _ended(words, voice, FAULT) from None


def _no_plan(none: NoPlan, voice: _Voice) -> None:
    """Print why there is no plan."""
    _print(text("No plan can keep all hard rules:"), voice.language, error=True)
    for line in none.conflict:
        _print(text("  {words}", words=line), voice.language, error=True)


def _ended(words: Text, voice: _Voice, code: int) -> typer.Exit:
    _print(words, voice.language, error=True)
    return typer.Exit(code)


def _beside(work: Callable[[app.Progress, Event], Found], voice: _Voice) -> Found:
    """Work in a thread of its own and show how far it is, so that Ctrl-C is heard at once: it asks for the best plan so far.

    A second Ctrl-C leaves without one.
    """
    done: Future[Found] = Future()
    stop = Event()

    def run(progress: app.Progress) -> None:
        try:
            done.set_result(work(progress, stop))
        except BaseException as error:  # whatever it is, it is told where the result is awaited
            done.set_exception(error)

    with _progress(voice.language) as progress:
        Thread(target=run, args=(progress,), daemon=True).start()
        while not done.done():
            try:
                wait([done], timeout=0.2)  # in turns: an endless wait cannot be interrupted on Windows
            except KeyboardInterrupt:
                if stop.is_set():
                    raise
                stop.set()
                words = text("Stopping with the best plan so far; press Ctrl-C again to leave without one.")
                _print(words, voice.language, error=True)
    try:
        return done.result()
    except LimitReached:
        if stop.is_set():
            raise KeyboardInterrupt from None
        raise


@contextmanager
def _progress(language: str) -> Iterator[app.Progress]:
    """Show the level, its objective and its bound while solving; only on a terminal."""
    console = Console(stderr=True)
    bar = Progress(
        SpinnerColumn("line"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[found]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(say(text("reading and setting posts"), language), total=1.0, found="")

        def tell(level: str, objective: float | None, bound: float | None) -> None:
            found = ""
            if objective is not None and bound is not None:
                words = text(
                    "{objective} (bound {bound})", objective=f"{objective:.6g}", bound=f"{bound:.6g}"
                )
                found = say(words, language)
                share = 1.0 if objective <= 0 else max(min(bound / objective, 1.0), 0.0)
                bar.update(task, completed=share)
            else:
                bar.reset(task, total=1.0)
            bar.update(task, description=say(LEVELS.get(level, level), language), found=found)

        yield tell


def _not_both(names: bool, pseudonymise: bool, language: str) -> None:
    """Refuse to show names of people whose codes are replaced."""
    if names and pseudonymise:
        raise _bad_usage(
            "--pseudonymise", text("names are shown with --names: choose one of the two"), language
        )


def _can_draw(wanted: bool, language: str) -> None:
    """Refuse pictures where what draws them is not installed, before any work is done."""
    if wanted and find_spec("matplotlib") is None:
        words = text("pictures need matplotlib, which comes with allocator[figures]")
        raise _bad_usage("--figures", words, language)


def _figures(told: Story, wanted: bool) -> dict[str, str | bytes]:
    """Return the pictures of a story, where they are wanted; what draws is loaded only then."""
    if not wanted:
        return {}
    from allocator.report.figures import figures

    try:
        return {**figures(told)}
    except Exception as error:  # whatever is wrong with what draws, the plan is not lost for it
        words = text("The pictures could not be drawn: {error}. All else is written.", error=str(error))
        _print(words, told.language, error=True)
        return {}


def _summary(told: Story, report: Path | None) -> None:
    """Print what a reader must know first, and where the report lies."""
    _print(told.title, told.language)
    if told.notice:
        _print(told.notice, told.language)
    for line in told.verdict:
        sign = {True: "+", False: "!", None: "-"}[line.good]
        _print(text("  {sign} {words}", sign=sign, words=line.words), told.language)
    if report is not None:
        _print(text("Report: {path}", path=str(report)), told.language)


def _warned(warnings: Iterable[Issue], voice: _Voice) -> None:
    """Print the warnings about tables."""
    for line in issue_lines(list(warnings), voice.language):
        _print(line, voice.language)


def _print(words: Text | str, language: str, *, error: bool = False) -> None:
    typer.echo(say(words, str(language)), err=error)


def _command() -> list[str]:
    """Return the command line as given, the program by its name alone."""
    return ["allocator", *sys.argv[1:]]


def main() -> None:
    """Run the command line; characters that the console cannot show are replaced, files are for the owner alone."""
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        cli()
    except OSError as error:  # of the terminal, or what stands for it: all else is told where it happens
        sys.stderr.write(f"{error.strerror}\n")
        sys.stderr.flush()
        os._exit(BAD_USAGE)
    except SystemExit as end:
        if end.code == STOPPED:  # the solver may still be at work in its thread: leave without waiting for it
            sys.stderr.flush()
            os._exit(STOPPED)
        raise


if __name__ == "__main__":
    main()
