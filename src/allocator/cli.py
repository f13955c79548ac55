"""The command line: parse, call the use case, show."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

import allocator
from allocator import app
from allocator.errors import InputsAreWrong, LimitReached, NoPlan
from allocator.report.files import write
from allocator.report.html import page
from allocator.report.names import LEVELS, SETTINGS
from allocator.report.story import Story, story
from allocator.rules.catalogue import printed
from allocator.words import Text, say, text

WRONG_INPUT, NO_PLAN, NO_TIME = 1, 3, 4

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


@cli.command()
def check(scenario: SCENARIO, language: LANGUAGE = None) -> None:
    """Read a scenario and list everything that is wrong with it. 检查数据."""
    with _told(language):
        found = app.check(scenario)
        spoken = language or found.config.language
        for warning in found.warnings:
            _print(text("warning: {words}", words=warning.say(spoken)), spoken)
        n = len(found.warnings)
        _print(text("The scenario can be solved; warnings: {n}.", n=n), spoken)


@cli.command()
def solve(
    scenario: SCENARIO,
    out: Annotated[Path, typer.Option(help="Folder for the result. 结果文件夹", show_default=False)],
    moves: Annotated[
        str | None, typer.Option(help="Move budget, a number or a share such as 10%. 调动人数上限")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Limit for each level. 每一级的时限（秒）")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the tie-breaks. 随机种子")] = None,
    language: LANGUAGE = None,
    names: Annotated[
        bool, typer.Option("--names", help="Show people's names in the report. 报告中显示姓名")
    ] = False,
) -> None:
    """Assign the teachers of a scenario and write the result folder. 求解并写出结果."""
    _refuse_folder(scenario, out)
    changes = _changes(moves, seconds, seed, language)
    with _told(language), _progress(language or Language.en) as progress:
        answer = app.solve(scenario, changes, progress)
        told = story(answer, names=names)
        written = write(answer, out, page(told), _command())
    _summary(told, next(path for path in written if path.name == "report.html"))


@cli.command()
def synthesise(
    recipe: Annotated[Path, typer.Argument(help="Recipe, a TOML file. 生成配方", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for the tables. 输出文件夹", show_default=False)],
    replace: Annotated[bool, typer.Option("--replace", help="Replace tables that stand there. 覆盖")] = False,
) -> None:
    """Generate a labelled district from published totals. 按公开总量生成模拟数据."""
    if not recipe.is_file():
        raise typer.BadParameter(f"{recipe}: no such file", param_hint="RECIPE")
    taken = sorted(path.name for path in out.glob("*.csv")) if out.is_dir() else []
    if taken and not replace:
        raise typer.BadParameter(
            f"{out} holds {', '.join(taken)}; name another folder or add --replace", param_hint="--out"
        )
    with _told(None):
        for path in app.synthesise(recipe, out):
            typer.echo(path)


@cli.command()
def rules(language: Annotated[Language, typer.Option(help="Language. 语言")] = Language.zh) -> None:
    """Print the catalogue of rules with their parameters and sources. 列出全部规则."""
    for rule in printed():
        _print(
            text(
                "{id} ({level}): {sentence}",
                id=rule["id"],
                level=SETTINGS[rule["level"]],
                sentence=rule["sentence"],
            ),
            language,
        )
        _print(
            text("    source: {source} [{confidence}]", source=rule["source"], confidence=rule["confidence"]),
            language,
        )
        for name, facts in rule["parameters"].items():
            _print(
                text(
                    "    {name} = {default} ({unit}; {source} [{confidence}])",
                    name=name,
                    default=facts["default"],
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


def _refuse_folder(scenario: Path, out: Path) -> None:
    """Refuse to write results where they would replace tables that are read."""
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file", param_hint="--out")
    if (out / "scenario.toml").exists() or (out.exists() and scenario.exists() and out.samefile(scenario)):
        words = f"{out} is a scenario folder; its tables would be overwritten"
        raise typer.BadParameter(words, param_hint="--out")


def _changes(
    moves: str | None, seconds: float | None, seed: int | None, language: Language | None
) -> dict[str, Any]:
    """Return the settings given on the command line; what cannot be a setting is bad usage."""
    given = {"seconds": seconds, "seed": seed, "language": None if language is None else language.value}
    if moves is not None:
        given["moves"] = int(moves) if moves.isascii() and moves.isdigit() else moves
    changes = {key: value for key, value in given.items() if value is not None}
    try:
        app.changed_settings(changes)
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][-1])
        raise typer.BadParameter(f"{changes.get(key)!r} cannot be used", param_hint=f"--{key}") from None
    return changes


@contextmanager
def _told(language: Language | None) -> Iterator[None]:
    """Turn what can go wrong into sentences and exit codes; no traceback reaches a planner."""
    try:
        yield
    except InputsAreWrong as wrong:
        spoken = language or wrong.language
        errors = [i for i in wrong.issues if i.severity == "error"]
        for issue in wrong.issues:
            kind = text("error: {words}", words=issue.say(spoken))
            if issue.severity != "error":
                kind = text("warning: {words}", words=issue.say(spoken))
            _print(kind, spoken, error=True)
        _print(
            text("Nothing was solved: {n} errors must be corrected first.", n=len(errors)), spoken, error=True
        )
        raise typer.Exit(WRONG_INPUT) from None
    except NoPlan as none:
        spoken = language or none.language
        _print(text("No plan can keep all hard rules:"), spoken, error=True)
        for line in none.conflict:
            _print(text("  - {words}", words=line), spoken, error=True)
        raise typer.Exit(NO_PLAN) from None
    except LimitReached:
        words = text("The time limit ran out before any plan was found; allow more seconds a level.")
        _print(words, language or "en", error=True)
        raise typer.Exit(NO_TIME) from None
    except OSError as error:
        words = text("The file {file} cannot be used: {why}.", file=str(error.filename), why=error.strerror)
        _print(words, language or "en", error=True)
        raise typer.Exit(WRONG_INPUT) from None


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
            bar.update(task, description=say(LEVELS[level], language), found=found)

        yield tell


def _summary(told: Story, report: Path) -> None:
    """Print what a reader must know first, and where the report lies."""
    _print(told.title, told.language)
    if told.notice:
        _print(told.notice, told.language)
    for line in told.verdict:
        sign = {True: "+", False: "!", None: "-"}[line.good]
        _print(text("  {sign} {words}", sign=sign, words=line.words), told.language)
    _print(text("Report: {path}", path=str(report)), told.language)


def _print(words: Text | str, language: str, *, error: bool = False) -> None:
    typer.echo(say(words, str(language)), err=error)


def _command() -> list[str]:
    """Return the command line as given, the program by its name alone."""
    return ["allocator", *(shlex.quote(part) for part in sys.argv[1:])]


def main() -> None:
    """Run the command line; characters that the console cannot show are replaced, files are for the owner alone."""
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    cli()
