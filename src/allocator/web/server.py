"""The desk as a web application: every page and every form."""

from __future__ import annotations

import io
import json
import logging
import re
import secrets
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from inspect import signature
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from allocator import app as cases
from allocator.errors import InputsAreWrong
from allocator.report.names import LEVELS
from allocator.scenario.schema import KEYS
from allocator.web import ask
from allocator.web.guard import COOKIE, Guard, Rate, same
from allocator.web.home import Home
from allocator.web.runs import Runs, hash_of
from allocator.web.store import ENDED, ROLES, Store
from allocator.web.words import STATES, WORDS, words
from allocator.words import LANGUAGES, say, text

_log = logging.getLogger("allocator.web")
_LOCAL = "local"
_LEVELS = ("coverage", "evenness", "wishes", "moves", "burden")
_REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-scripts"
_NAME = re.compile(r"[A-Za-z0-9_\-]{1,60}\.[a-z]{2,5}", re.ASCII)
_MOST_FILES, _MOST_FIELDS = 30, 4000
_MOST_NUMBER = 2**31 - 1
_MOST_ROWS = 200  # issues shown at once


@dataclass
class Desk:
    """Everything a desk has.

    Parameters
    ----------
    code
        What a person types to enter a desk of one's own; None on a server with users.
    """

    store: Store
    home: Home
    runs: Runs
    asker: ask.Asker
    code: str | None
    attempts: Rate = field(default_factory=lambda: Rate(10, 60.0))
    requests: Rate = field(default_factory=lambda: Rate(600, 60.0))


@dataclass(frozen=True)
class Visit:
    """One request of somebody whose session is open."""

    desk: Desk
    user: str
    role: str
    form: str
    language: str
    request: Request

    def may(self, role: str) -> bool:
        """Whether the person may do what a role may: an approver may do what a planner may."""
        return ROLES.index(self.role) >= ROLES.index(role)


def create(desk: Desk, hosts: tuple[str, ...]) -> Starlette:
    """Put the desk together.

    Parameters
    ----------
    hosts
        Names under which it answers.
    """

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        desk.runs.start()
        yield
        desk.runs.close()
        desk.asker.close()

    made = Starlette(
        routes=[
            Mount("/static", StaticFiles(packages=[("allocator.web", "static")])),
            *(Route(path, _answering(page), methods=[method]) for path, method, page in _PAGES),
        ],
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={
            HTTPException: _http_wrong,
            _Elsewhere: _elsewhere,
            InputsAreWrong: _inputs_wrong,
            Exception: _fault,
        },
        lifespan=living,
    )
    made.state.desk = desk
    return made


def _answering(page: Callable[..., Response]) -> Callable[[Request], Awaitable[Response]]:
    """Make a page answer requests: in a thread, to whoever it is for, with the form it asks for."""
    asked = signature(page).parameters

    async def answer(request: Request) -> Response:
        given: dict[str, Any] = dict(request.path_params)
        if given.get("number", 0) > _MOST_NUMBER:
            raise HTTPException(404, "gone")
        if "visit" in asked:
            given["visit"] = await run_in_threadpool(_visit, request)
        else:
            given["request"] = request
        if "form" in asked:
            given["form"] = await _filled(request, given.get("visit"))
        return await run_in_threadpool(page, **given)

    return answer


class _Elsewhere(Exception):
    """The page is another."""

    def __init__(self, to: str) -> None:
        self.to = to


_PAPER = Environment(
    loader=PackageLoader("allocator.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _language(request: Request) -> str:
    asked = request.cookies.get("language", "zh")
    return asked if asked in LANGUAGES else "zh"


def _show(request: Request, name: str, visit: Visit | None, status: int = 200, **more: Any) -> HTMLResponse:
    language = _language(request)
    whole = _PAPER.get_template(name).render(
        w=words(language),
        language=language,
        other="en" if language == "zh" else "zh",
        visit=visit,
        path=request.url.path,
        state=lambda status: say(STATES[status], language),
        at=_at,
        **more,
    )
    return HTMLResponse(whole, status)


def _at(when: datetime | None) -> str:
    """Show a time as the clock of the machine has it."""
    if when is None:
        return "—"
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return f"{aware.astimezone():%Y-%m-%d %H:%M}"


def _visit(request: Request) -> Visit:
    """Find whose request it is; somebody without a session is led to the door."""
    desk: Desk = request.app.state.desk
    session = desk.store.session(request.cookies.get(COOKIE, ""))
    if session is None:
        raise _Elsewhere("/enter")
    if not desk.requests.allows(session["key"]):
        raise HTTPException(429, "too_many")
    return Visit(desk, session["user"], session["role"], session["form"], _language(request), request)


async def _filled(request: Request, visit: Visit | None) -> FormData:
    """Read a form of the desk's own: its secret must be in it; the door has none."""
    if visit is None:
        return await request.form(max_files=0, max_fields=5)
    form = await request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS)
    if not same(str(form.get("form", "")), visit.form):
        raise HTTPException(403, "refused")
    return form


def _only(visit: Visit, role: str) -> None:
    if not visit.may(role):
        raise HTTPException(403, "no_right")


def _text(form: FormData, name: str, most: int = 300) -> str:
    value = form.get(name, "")
    return value.strip()[:most] if isinstance(value, str) else ""


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303)


# --- the door


def enter(request: Request) -> Response:
    """Show the door."""
    desk: Desk = request.app.state.desk
    return _show(request, "enter.html.j2", None, own=desk.code is not None, wrong="")


def entered(request: Request, form: FormData) -> Response:
    """Let somebody in who knows the code, or has a password."""
    desk: Desk = request.app.state.desk
    who = request.client.host if request.client else "?"
    allowed = desk.attempts.allows(who)
    user, role = _LOCAL, None
    if desk.code is not None:
        role = "approver" if allowed and same(_text(form, "code"), desk.code) else None
    elif allowed:
        user = _text(form, "name", 80)
        role = desk.store.role_of(user, _text(form, "password", 200))
    if role is None:
        wrong = "wrong_code" if desk.code is not None else "wrong_password"
        return _show(request, "enter.html.j2", None, 403, own=desk.code is not None, wrong=wrong)
    answer = _to("/")
    key = desk.store.open_session(user, role)
    answer.set_cookie(
        COOKIE, key, httponly=True, samesite="strict", secure=request.url.scheme == "https", max_age=12 * 3600
    )
    return answer


def leave(visit: Visit, form: FormData) -> Response:
    """End the session."""
    visit.desk.store.close_session(visit.request.cookies.get(COOKIE, ""))
    answer = _to("/enter")
    answer.delete_cookie(COOKIE)
    return answer


def speak(request: Request, language: str) -> Response:
    """Change the language."""
    if language not in LANGUAGES:
        raise HTTPException(404, "gone")
    answer = _to("/")
    answer.set_cookie("language", language, samesite="strict", max_age=365 * 86400)
    return answer


# --- scenarios


def first(visit: Visit) -> Response:
    """Show scenarios and runs."""
    desk = visit.desk
    return _show(
        visit.request,
        "home.html.j2",
        visit,
        ready=desk.home.ready(),
        scenarios=desk.store.all_scenarios(),
        runs=desk.store.all_runs()[:50],
        year=datetime.now(UTC).year,
        wrong=(),
    )


def template(visit: Visit) -> Response:
    """Give an empty template."""
    made = cases.template(None, visit.language, visit.desk.home.folder)
    name = "template.xlsx"
    return Response(
        made, media_type=_KINDS["xlsx"], headers={"content-disposition": f'attachment; filename="{name}"'}
    )


def take(visit: Visit, form: FormData) -> Response:
    """Begin from a ready district."""
    _only(visit, "planner")
    name = _text(form, "district")
    if name not in visit.desk.home.ready():
        raise HTTPException(404, "gone")
    folder = visit.desk.home.adopt_ready(name)
    title = str(visit.desk.home.settings(folder).get("title", name))
    return _to(f"/scenarios/{visit.desk.store.add_scenario(title, folder, name, visit.user)}")


def _uploads(form: FormData) -> dict[str, bytes]:
    found = {}
    for one in form.getlist("files"):
        if isinstance(one, UploadFile) and one.filename:
            found[Path(one.filename.replace("\\", "/")).name[-120:]] = one.file.read()
    return found


def upload(visit: Visit, form: FormData) -> Response:
    """Begin from a filled template, or from what the bureau holds."""
    _only(visit, "planner")
    files = _uploads(form)
    if not files:
        raise HTTPException(400, "gone")
    if _text(form, "kind") == "files":
        year = _text(form, "year")
        title = _text(form, "title") or next(iter(files))
        if not re.fullmatch(r"(199\d|20\d\d)", year):
            raise HTTPException(400, "gone")
        folder, _ = visit.desk.home.adopt_files(files, int(year), title, visit.language)
    else:
        name, content = next(iter(files.items()))
        folder = visit.desk.home.adopt_workbook(content, name)
        title = str(visit.desk.home.settings(folder).get("title") or name)
    number = visit.desk.store.add_scenario(title, folder, ", ".join(files)[:200], visit.user)
    return _to(f"/scenarios/{number}")


def _scenario(visit: Visit, number: int) -> tuple[Mapping[str, Any], Path]:
    found = visit.desk.store.scenario(number)
    if found is None:
        raise HTTPException(404, "gone")
    return dict(found), visit.desk.home.path(found["folder"])


def scenario(visit: Visit, number: int) -> Response:
    """Show a scenario: what is wrong with its data, its settings, its runs."""
    about, folder = _scenario(visit, number)
    issues = visit.desk.asker.ask(ask.issues, folder, visit.language, ask.stamp(folder))
    for one in issues[:_MOST_ROWS]:
        one["cell"] = _cell(visit.desk.home, about["folder"], one)
    facts = (
        {}
        if any(i["severity"] == "error" for i in issues)
        else visit.desk.asker.ask(ask.facts, folder, visit.language, ask.stamp(folder))
    )
    return _show(
        visit.request,
        "scenario.html.j2",
        visit,
        about=about,
        issues=issues[:_MOST_ROWS],
        n_issues=len(issues),
        facts=facts,
        given=_given(visit.desk.home.settings(about["folder"])),
        pins="\n".join(f"{who} = {to}" for who, to in visit.desk.home.pins(about["folder"])),
        levels=_LEVELS,
        level_name=lambda name: say(LEVELS[name], visit.language),
        runs=visit.desk.store.all_runs(number),
    )


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form of settings shows; what is not of its kind is left to the check of the data."""

    def inside(table: str, key: str) -> Any:
        below = settings.get(table)
        return below.get(key, "") if isinstance(below, Mapping) else ""

    def whole(table: str) -> dict[str, Any]:
        below = settings.get(table)
        return dict(below) if isinstance(below, Mapping) else {}

    levels = inside("objective", "levels")
    rules = {
        rule: one if isinstance(one, Mapping) else {"level": one} for rule, one in whole("rules").items()
    }
    return {
        "title": settings.get("title", ""),
        "moves": inside("budget", "moves"),
        "seconds": inside("budget", "seconds"),
        "factor": inside("enrolment", "factor"),
        "levels": list(levels)
        if isinstance(levels, list | tuple) and levels
        else ["coverage", "evenness", "wishes"],
        "closures": {
            s: one.get("to", "") for s, one in whole("closures").items() if isinstance(one, Mapping)
        },
        "openings": [s for s, opens in whole("openings").items() if opens],
        "rules": rules,
    }


def _cell(home: Home, folder: str, issue: Mapping[str, Any]) -> str | None:
    """Return what the cell of an issue holds; None where it has none."""
    table = str(issue["file"]).removesuffix(".csv")
    if table not in KEYS or issue["row"] is None or issue["column"] is None:
        return None
    rows = home.cells(folder, table)
    if not rows or issue["column"] not in rows[0] or issue["row"] > len(rows):
        return None
    at = rows[0].index(issue["column"])
    row = rows[issue["row"] - 1]
    return row[at] if at < len(row) else ""


def mend(visit: Visit, form: FormData, number: int) -> Response:
    """Write one cell of a table."""
    _only(visit, "planner")
    about, _ = _scenario(visit, number)
    table, row = _text(form, "table"), _text(form, "row")
    if table not in KEYS or not re.fullmatch(r"\d{1,7}", row):
        raise HTTPException(400, "gone")
    value, before = form.get("value", ""), form.get("before", "")
    done = isinstance(value, str) and visit.desk.home.mend(
        about["folder"], table, int(row), _text(form, "column"), value[:2000], str(before)
    )
    if not done:
        raise HTTPException(409, "not_mended")
    visit.desk.store.note(
        visit.user, "mend", f"scenario {number}", f"{table}.csv {row} {_text(form, 'column')[:60]}"
    )
    return _to(f"/scenarios/{number}#data")


def set_up(visit: Visit, form: FormData, number: int) -> Response:
    """Save the settings of a form."""
    _only(visit, "planner")
    about, _ = _scenario(visit, number)
    moves, seconds, factor = (_text(form, name, 20) for name in ("moves", "seconds", "factor"))
    levels = tuple(
        dict.fromkeys(
            level for level in (_text(form, f"level{n}") for n in range(len(_LEVELS))) if level in _LEVELS
        )
    )
    changes: dict[str, Any] = {
        "title": _text(form, "title", 200) or about["title"],
        "budget": {
            "moves": _number(moves) if moves else None,
            "seconds": _number(seconds) if seconds else None,
        },
        "objective": {"levels": levels or None},
        "enrolment": {"factor": _number(factor) if factor else None},
        "rules": dict(_rules(form)),
    }
    settings = visit.desk.home.settings(about["folder"])
    closures, openings = dict(_closures(form)), {k[8:]: True for k in form if k.startswith("opening:")}
    if "places" in form:
        settings["closures"], settings["openings"] = closures, openings
        visit.desk.home.write_settings(about["folder"], settings)
    visit.desk.home.set(about["folder"], changes)
    if "pins" in form:
        lines = (line.partition("=") for line in _text(form, "pins", 200_000).splitlines() if line.strip())
        visit.desk.home.set_pins(about["folder"], {who.strip(): to.strip() for who, _, to in lines})
    visit.desk.store.rename(number, changes["title"])
    visit.desk.store.note(visit.user, "settings", f"scenario {number}")
    return _to(f"/scenarios/{number}#settings")


def _number(cell: str) -> int | float | str:
    """Read a number of a form; other text is left for the check of settings to refuse."""
    if re.fullmatch(r"\d{1,9}", cell, re.ASCII):
        return int(cell)
    return float(cell) if re.fullmatch(r"\d{1,9}\.\d{1,9}", cell, re.ASCII) else cell


def _rules(form: FormData) -> Iterator[tuple[str, Any]]:
    """Yield the rules of a form that differ from their defaults; None takes an earlier setting away."""
    for key in form:
        if not key.startswith("rule:"):
            continue
        rule, level = key[5:], _text(form, key)
        found = {
            k.rpartition(":")[2]: _number(_text(form, k))
            for k in form
            if k.startswith(f"parameter:{rule}:")
            and _text(form, k) != _text(form, f"usual:{rule}:{k.rpartition(':')[2]}")
        }
        usual = _text(form, f"usual:{rule}")
        yield (
            rule,
            ({"level": level} | found)
            if level in ("hard", "soft", "off") and (level != usual or found)
            else None,
        )


def _closures(form: FormData) -> Iterator[tuple[str, dict[str, str]]]:
    for key in form:
        if key.startswith("closure:") and _text(form, key):
            yield key[8:], {"to": _text(form, key)}


def copy(visit: Visit, form: FormData, number: int) -> Response:
    """Copy a scenario."""
    _only(visit, "planner")
    about, _ = _scenario(visit, number)
    folder = visit.desk.home.copy(about["folder"])
    fresh = visit.desk.store.add_scenario(str(about["title"]), folder, about["origin"], visit.user, number)
    return _to(f"/scenarios/{fresh}")


def before(visit: Visit, number: int) -> Response:
    """Show the district as it stands."""
    _, folder = _scenario(visit, number)
    found = visit.desk.asker.ask(ask.state, folder, visit.language, ask.stamp(folder))
    if not found.startswith("<!DOCTYPE"):
        return _show(visit.request, "words.html.j2", visit, lines=found.splitlines())
    return HTMLResponse(found, headers={"content-security-policy": _REPORT_POLICY})


# --- runs


def solve(visit: Visit, form: FormData, number: int) -> Response:
    """Queue a run."""
    _only(visit, "planner")
    _scenario(visit, number)
    options = {
        "language": visit.language,
        "names": bool(form.get("names")),
        "frontier": 8 if form.get("frontier") else 0,
    }
    return _to(f"/runs/{visit.desk.store.add_run(number, 'solve', options, visit.user)}")


def _run(visit: Visit, number: int) -> Mapping[str, Any]:
    found = visit.desk.store.run(number)
    if found is None:
        raise HTTPException(404, "gone")
    return dict(found)


def run(visit: Visit, number: int) -> Response:
    """Show a run: how far it is, or its result."""
    about = _run(visit, number)
    scenario, _ = _scenario(visit, about["scenario"])
    folder = visit.desk.runs.folder(number)
    files = (
        sorted(p.name for p in folder.iterdir() if _NAME.fullmatch(p.name))
        if about["status"] == "done"
        else []
    )
    changed = bool(about["approved_by"]) and hash_of(folder) != about["sha256"]
    approved = text(
        "Approved by {who} on {when}; SHA-256 of plan.csv: {sha}",
        who=about["approved_by"],
        when=_at(about["approved"]),
        sha=about["sha256"],
    )
    return _show(
        visit.request, "run.html.j2", visit, about=about, scenario=scenario, files=files, verdict=_verdict(folder),
        answers=None, changed=changed, approved=say(approved, visit.language), **_progress(visit, about),
    )  # fmt: skip


def _verdict(folder: Path) -> list[Mapping[str, Any]]:
    """Return the first sentences of a result."""
    try:
        return list(json.loads((folder / "first.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []


def _progress(visit: Visit, about: Mapping[str, Any]) -> dict[str, Any]:
    watched = visit.desk.runs.progress(about["id"])
    levels = []
    for name, (objective, bound) in (watched.levels if watched else {}).items():
        gap = None
        if objective is not None and bound is not None:
            gap = 0.0 if objective <= 0 else max(0.0, 1 - bound / objective)
        named = say(LEVELS[name], visit.language) if name in LEVELS else name
        levels.append({"name": named, "objective": objective, "bound": bound, "gap": gap})
    return {
        "levels": levels,
        "stopping": bool(watched and watched.stopping is not None),
        "ended": about["status"] in ENDED,
    }


def progress(visit: Visit, number: int) -> Response:
    """Show how far a run is, as a part of its page; one that has ended loads its page anew."""
    about = _run(visit, number)
    answer = _show(visit.request, "progress.html.j2", visit, about=about, **_progress(visit, about))
    if about["status"] in ENDED:
        answer.headers["HX-Refresh"] = "true"
    return answer


def cancel(visit: Visit, form: FormData, number: int) -> Response:
    """Stop a run."""
    _only(visit, "planner")
    _run(visit, number)
    visit.desk.runs.cancel(number)
    visit.desk.store.note(visit.user, "cancel", f"run {number}")
    return _to(f"/runs/{number}")


_KINDS = {
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def file(visit: Visit, number: int, name: str) -> Response:
    """Give a file of a result."""
    about = _run(visit, number)
    path = visit.desk.runs.folder(number) / name
    if about["status"] != "done" or not _NAME.fullmatch(name) or not path.is_file():
        raise HTTPException(404, "gone")
    kind = _KINDS.get(name.rpartition(".")[2], "application/octet-stream")
    if name == "report.html":
        return FileResponse(path, media_type=kind, headers={"content-security-policy": _REPORT_POLICY})
    return FileResponse(path, media_type=kind, filename=f"{number}-{name}")


def compare(visit: Visit) -> Response:
    """Set results side by side."""
    asked = [int(n) for n in visit.request.query_params.getlist("run") if re.fullmatch(r"\d{1,9}", n)]
    chosen = [
        n for n in dict.fromkeys(asked) if (about := visit.desk.store.run(n)) and about["status"] == "done"
    ]
    if not 1 < len(chosen) <= 8:
        return _show(visit.request, "words.html.j2", visit, lines=[words(visit.language)["choose_two"]])
    found = visit.desk.asker.ask(ask.compared, [visit.desk.runs.folder(n) for n in chosen], visit.language)
    if not found.startswith("<!DOCTYPE"):
        return _show(visit.request, "words.html.j2", visit, lines=found.splitlines())
    return HTMLResponse(found, headers={"content-security-policy": _REPORT_POLICY})


def why(visit: Visit, number: int) -> Response:
    """Answer a question about a plan."""
    about = _run(visit, number)
    if about["status"] != "done":
        raise HTTPException(404, "gone")
    _, folder = _scenario(visit, about["scenario"])
    given = visit.request.query_params
    asked = {k: given.get(k, "").strip()[:120] for k in ("teacher", "to", "post", "school", "refusal")}
    plan = visit.desk.runs.folder(number) / "plan.csv"
    found = visit.desk.asker.ask(
        ask.answers, folder, plan, visit.language, asked, (ask.stamp(folder), number)
    )
    lines = found or [words(visit.language)["no_answer"]]
    return _show(visit.request, "answers.html.j2", visit, lines=lines)


def edit(visit: Visit, form: FormData, number: int) -> Response:
    """Change a plan by hand, and judge it as a run of its own."""
    _only(visit, "planner")
    about = _run(visit, number)
    if about["status"] != "done":
        raise HTTPException(404, "gone")
    _, folder = _scenario(visit, about["scenario"])
    changes = {
        _text(form, f"teacher{n}", 64): _text(form, f"place{n}", 200)
        for n in range(5)
        if _text(form, f"teacher{n}", 64)
    }
    plan = visit.desk.runs.folder(number) / "plan.csv"
    name = secrets.token_hex(8)
    between = visit.desk.home.folder / "plans" / f"{name}.csv"
    wrong = visit.desk.asker.ask(
        ask.edited, folder, plan, between, visit.language, changes, (ask.stamp(folder), number)
    )
    if wrong or not changes:
        said = say(text("There is no such teacher or place: {names}", names=wrong), visit.language)
        return _show(visit.request, "words.html.j2", visit, 400, lines=[said])
    options = {
        "language": visit.language,
        "names": False,
        "of": number,
        "changes": changes,
        "plan": between.name,
    }
    fresh = visit.desk.store.add_run(about["scenario"], "edit", options, visit.user)
    return _to(f"/runs/{fresh}")


def approve(visit: Visit, form: FormData, number: int) -> Response:
    """Freeze a plan with its hash."""
    _only(visit, "approver")
    _run(visit, number)
    visit.desk.store.approve(number, visit.user, hash_of(visit.desk.runs.folder(number)))
    return _to(f"/runs/{number}")


# --- the log and the back-up


def log(visit: Visit) -> Response:
    """Show who did what."""
    return _show(visit.request, "log.html.j2", visit, entries=visit.desk.store.entries())


def back_up(visit: Visit) -> Response:
    """Give scenarios and results as one archive."""
    _only(visit, "approver")
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in ("scenarios", "runs", "plans"):
            for path in sorted((visit.desk.home.folder / part).rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(visit.desk.home.folder).as_posix())
    visit.desk.store.note(visit.user, "back-up", "desk")
    return Response(
        held.getvalue(),
        media_type="application/zip",
        headers={"content-disposition": 'attachment; filename="desk.zip"'},
    )


# --- what goes wrong


async def _http_wrong(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = error.detail if error.detail in WORDS else "gone"
    return _show(request, "words.html.j2", None, error.status_code, lines=[words(_language(request))[known]])


async def _elsewhere(request: Request, error: Exception) -> Response:
    assert isinstance(error, _Elsewhere)
    if request.headers.get("hx-request"):
        return Response(headers={"HX-Redirect": error.to})
    return _to(error.to)


async def _inputs_wrong(request: Request, error: Exception) -> Response:
    assert isinstance(error, InputsAreWrong)
    language = _language(request)
    return _show(request, "words.html.j2", None, 400, lines=[one.say(language) for one in error.issues])


async def _fault(request: Request, error: Exception) -> Response:
    _log.error("a page failed: %s", type(error).__name__)
    return _show(request, "words.html.j2", None, 500, lines=[words(_language(request))["fault"]])


_PAGES: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("/enter", "GET", enter),
    ("/enter", "POST", entered),
    ("/leave", "POST", leave),
    ("/language/{language}", "GET", speak),
    ("/", "GET", first),
    ("/template", "GET", template),
    ("/scenarios/ready", "POST", take),
    ("/scenarios/upload", "POST", upload),
    ("/scenarios/{number:int}", "GET", scenario),
    ("/scenarios/{number:int}/mend", "POST", mend),
    ("/scenarios/{number:int}/settings", "POST", set_up),
    ("/scenarios/{number:int}/copy", "POST", copy),
    ("/scenarios/{number:int}/before", "GET", before),
    ("/scenarios/{number:int}/solve", "POST", solve),
    ("/runs/{number:int}", "GET", run),
    ("/runs/{number:int}/progress", "GET", progress),
    ("/runs/{number:int}/cancel", "POST", cancel),
    ("/runs/{number:int}/files/{name}", "GET", file),
    ("/runs/{number:int}/why", "GET", why),
    ("/runs/{number:int}/edit", "POST", edit),
    ("/runs/{number:int}/approve", "POST", approve),
    ("/compare", "GET", compare),
    ("/log", "GET", log),
    ("/back-up", "GET", back_up),
)
