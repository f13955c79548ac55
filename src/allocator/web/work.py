"""One run in a process of its own: ``python -m allocator.web.work`` reads what to do from its input and tells how far it is.

The first line of its input says what to do; ``stop`` asks for the best plan so far; the end of the input means that the
desk is gone. A result stands whole under its name or not at all.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Any

from allocator import app
from allocator.errors import InputsAreWrong, LimitReached, NoPlan
from allocator.report.chapters import story
from allocator.report.files import write
from allocator.report.frontier import frontier_csv
from allocator.report.html import page
from allocator.report.workbook import workbook
from allocator.words import say

PARTIAL = ".partial"


def main() -> None:
    """Do one run."""
    os.umask(0o077)
    asked = json.loads(sys.stdin.readline())
    stop = Event()
    Thread(target=_listen, args=(stop,), daemon=True).start()
    try:
        told = run(asked, stop)
    except (InputsAreWrong, NoPlan, LimitReached) as error:
        told = {"status": "failed", "told": _said(error, asked["language"])}
    _tell(told)
    sys.stdout.flush()
    os._exit(0)  # a solver may still be at work in its thread


def _listen(stop: Event) -> None:
    for line in sys.stdin:
        if line.strip() == "stop":
            stop.set()
    os._exit(3)  # the desk is gone: what is not finished is not told to anybody


def run(asked: Mapping[str, Any], stop: Event) -> dict[str, Any]:
    """Solve a scenario and write its result.

    Parameters
    ----------
    asked
        ``scenario`` and ``out``, folders; ``language``; ``options``: ``moves``, ``seconds``, ``frontier``, ``names``; ``plan`` and ``only`` where it is
        solved anew from an earlier plan.
    """
    options, out = asked["options"], Path(asked["out"])
    changes = {k: options[k] for k in ("moves", "seconds") if options.get(k) is not None}
    scenario = app.check(Path(asked["scenario"]), changes | {"language": asked["language"]})
    if asked.get("plan"):
        answer = app.audit(
            Path(asked["scenario"]), Path(asked["plan"]), changes | {"language": asked["language"]}
        )
    else:
        answer = app.answer(scenario, _progress, points=int(options.get("frontier") or 0), stop=stop)
    told = story(answer, names=bool(options.get("names")))
    more = {"frontier.csv": frontier_csv(answer.frontier)} if answer.frontier is not None else {}
    partial = out.with_name(out.name + PARTIAL)
    write(
        answer,
        partial,
        page(told),
        ["allocator", "desk"],
        workbook(answer, told, names=bool(options.get("names"))),
        more,
    )
    (partial / "first.json").write_text(
        json.dumps(
            [
                {
                    "words": say(m.words, told.language) if not isinstance(m.words, str) else m.words,
                    "good": m.good,
                }
                for m in told.verdict
            ],
            ensure_ascii=False,
        ),
        encoding="utf-8",
    )
    partial.rename(out)
    return {"status": "done", "told": ""}


def _progress(level: str, objective: float | None, bound: float | None) -> None:
    _tell({"level": level, "objective": objective, "bound": bound})


def _tell(told: Mapping[str, Any]) -> None:
    print(json.dumps(told, ensure_ascii=False), flush=True)


def _said(error: InputsAreWrong | NoPlan | LimitReached, language: str) -> str:
    """Put what went wrong into sentences."""
    if isinstance(error, InputsAreWrong):
        return "\n".join(issue.say(language) for issue in error.issues)
    if isinstance(error, NoPlan):
        return "\n".join(say(line, language) for line in error.conflict)
    return ""


if __name__ == "__main__":
    main()
