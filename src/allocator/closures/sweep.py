"""A sweep of closures: every combination of aim, number of closures, safeguards and enrolment, on all cores, in order.

Each case is a search of its own, so that what is done of a sweep stays true when it is stopped, and goes on from there.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event as SharedEvent
from threading import Event, Thread

from allocator.closures.choose import Chooser, Proposal, Worth, breaches, proposals_of, worth
from allocator.closures.layout import layout
from allocator.scenario.config import Closing, Sweep
from allocator.scenario.read import Scenario

_AHEAD = 3  # cases that wait for each worker


@dataclass(frozen=True)
class Terms:
    """What pupils and safeguards are like in some cases.

    Parameters
    ----------
    enrolment
        Factor on September's pupils.
    minutes
        Factor on the minutes that pupils may travel.
    closing
        The table ``closing`` of the scenario with the safeguards of the case.
    """

    enrolment: float
    minutes: float
    closing: Closing


@dataclass(frozen=True)
class Case:
    """So many closures at most, under some terms."""

    terms: Terms
    closures: int


@dataclass(frozen=True)
class Found:
    """What a case gave.

    Parameters
    ----------
    proposals
        With what each is worth; none where no closure is possible or frees anything.
    closed
        Codes of the schools that each proposal closes.
    whole
        Whether each search found something, or proved that there is nothing.
    """

    proposals: tuple[tuple[Proposal, Worth], ...]
    closed: tuple[tuple[str, ...], ...]
    whole: bool


def cases(scenario: Scenario) -> list[Case]:
    """List the cases of a scenario's table ``sweep``; what it leaves out stands as in ``closing``."""
    sweep, closing = scenario.config.sweep, scenario.config.closing
    numbers = sweep.closures or tuple(range(1, closing.most + 1))
    safeguards = [
        closing.model_copy(
            update={"below": below, "by": by, "townships": townships, "same": same, "most": max(numbers)}
        )
        for below, by, townships, same in product(
            sweep.below or (closing.below,),
            sweep.by or (closing.by,),
            sweep.townships or (closing.townships,),
            sweep.same or (closing.same,),
        )
    ]
    terms = [
        Terms(enrolment, minutes, each)
        for enrolment, minutes, each in product(sweep.enrolment, sweep.minutes, safeguards)
    ]
    return [Case(one, n) for one in terms for n in numbers]


def varied(sweep: Sweep) -> list[str]:
    """Names of the settings that a sweep gives more than one value."""
    return [name for name in Sweep.model_fields if len(getattr(sweep, name)) > 1]


def run(
    scenario: Scenario, asked: Sequence[Case], workers: int, stop: Event | None = None
) -> Iterator[Found]:
    """Yield what each case gives, in order; fewer than were asked where somebody stops it.

    Parameters
    ----------
    workers
        Processes that search; what is found does not depend on their number.
    stop
        Set by whoever does not want to wait.
    """
    context = get_context("spawn")
    halted = context.Event()
    waiting: deque[Future[Found | None]] = deque()
    left = iter(asked)
    with ProcessPoolExecutor(workers, context, _begin, (scenario, halted)) as pool:
        try:
            while not (stop is not None and stop.is_set()):
                while len(waiting) < _AHEAD * workers and (case := next(left, None)) is not None:
                    with _unheard():
                        waiting.append(pool.submit(_searched, case))
                if not waiting:
                    return
                first = waiting.popleft()
                while not _ended(first):
                    if stop is not None and stop.is_set():
                        return
                found = first.result()
                if found is None:
                    return
                yield found
        finally:
            halted.set()
            pool.shutdown(cancel_futures=True)


@contextmanager
def _unheard() -> Iterator[None]:
    """Let processes that begin not hear Ctrl-C, not even before they can be told."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ended(future: Future[Found | None]) -> bool:
    """Wait a moment for a case."""
    try:
        future.exception(timeout=_MOMENT)
    except TimeoutError:
        return False
    return True


_MOMENT = 0.2  # seconds


class _Worker:
    """What a process searches: the scenario, and whether it is to end."""

    scenario: Scenario
    halted: SharedEvent


def _begin(scenario: Scenario, halted: SharedEvent) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever began the sweep hears it
    if (parent := parent_process()) is not None:
        Thread(target=_end_with, args=(parent,), daemon=True).start()
    _Worker.scenario, _Worker.halted = scenario, halted


def _end_with(parent: BaseProcess) -> None:
    """End this process when that which began it is gone, however it ended."""
    parent.join()
    os._exit(1)


def _searched(case: Case) -> Found | None:
    """Search a case; None where it was stopped meanwhile."""
    chooser = _chooser(case.terms)
    found = chooser.layout
    proposals, whole = proposals_of(chooser, case.closures, found.scenario.config.budget.seconds)
    if _Worker.halted.is_set():
        return None
    listed, closed = [], []
    for one in (p for p in proposals if p.closed):
        if wrong := list(breaches(found, one.closed, one.ways)):
            raise AssertionError(f"a proposal breaks a limit: {wrong[0]}")
        listed.append((one, worth(found, one.closed, one.ways)))
        closed.append(tuple(found.ids[school] for school in one.closed))
    return Found(tuple(listed), tuple(closed), whole)


@lru_cache(maxsize=1)
def _chooser(terms: Terms) -> Chooser:
    """Make the model of some terms; cases come in their order, so that one after another is needed."""
    return Chooser(layout(under(_Worker.scenario, terms), terms.enrolment), _Worker.halted)


def under(scenario: Scenario, terms: Terms) -> Scenario:
    """Put the safeguards of some terms in place of the scenario's; the enrolment is not among them."""
    asked = scenario.standard.closing
    config = scenario.config.model_copy(update={"closing": terms.closing})
    if asked is None or terms.minutes == 1:
        return replace(scenario, config=config)
    bands = {
        name: band.model_copy(
            update={"minutes": band.minutes.model_copy(update={"value": band.minutes.value * terms.minutes})}
        )
        for name, band in asked.bands.items()
    }
    standard = scenario.standard.model_copy(update={"closing": asked.model_copy(update={"bands": bands})})
    return replace(scenario, config=config, standard=standard)
