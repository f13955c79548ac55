"""The use cases, as plain functions: check a scenario, solve it, generate one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from allocator.closures.advise import SHARES, advice, closures_of, code
from allocator.closures.choose import Chooser, Proposal, most_posts
from allocator.closures.choose import frontier as choose_closures
from allocator.closures.choose import worth as worth_of
from allocator.closures.layout import Layout, layout, own_ways
from allocator.closures.sweep import cases as closure_cases
from allocator.closures.sweep import run as run_cases
from allocator.errors import InputsAreWrong, Issue, LimitReached, NoPlan
from allocator.explain.weigh import Weighing
from allocator.metrics.diagnosis import certificates, known, quotas, retirements, subjects
from allocator.metrics.scorecard import scorecard
from allocator.plan import Plan, places, standing_still
from allocator.problem import Problem, build
from allocator.report.answer import Answer, Measured, Priced, Proposed, Scored, Traced, rival
from allocator.report.diagnose import Diagnosed, least
from allocator.report.sweep import Swept, opened
from allocator.report.verdict import gave_way
from allocator.rules.asked import Place
from allocator.rules.catalogue import concerns_nobody, printed, settle
from allocator.rules.contract import KeepsSchool, Rule
from allocator.rules.exchange import ExchangeRate
from allocator.rules.placement import NobodyInto
from allocator.scenario.check import read
from allocator.scenario.config import Config, Enrolment, laid_over, own_settings, read_layers, refuse
from allocator.scenario.files import label
from allocator.scenario.importers.run import Imported, import_files
from allocator.scenario.overlay import Overlay
from allocator.scenario.plans import read_plan
from allocator.scenario.pseudonyms import pseudonymised, unnamed
from allocator.scenario.raw import RawTable, raw_tables
from allocator.scenario.read import Scenario, read_draft
from allocator.scenario.rulebook import read_rulebook
from allocator.scenario.standards import DEFAULT, read_standard
from allocator.scenario.synthesise import write_district
from allocator.scenario.template import Filled
from allocator.scenario.template import template as workbook_of
from allocator.sites.median import Kept, nobody_nearest
from allocator.sites.median import solve as keep_sites
from allocator.sites.read import Places, read_places
from allocator.solving.again import again
from allocator.solving.frontier import frontier as trace_frontier
from allocator.solving.needed import needed as fewest_moves
from allocator.solving.prepare import prepare
from allocator.solving.price import prices
from allocator.solving.result import Level
from allocator.solving.rounds import by_rounds
from allocator.solving.solve import Progress, assign, judge
from allocator.solving.solve import solve as solve_problem
from allocator.solving.way_out import way_out as find_way_out
from allocator.solving.worth import Worth, by_zone
from allocator.words import Text, say, text


def check(
    folder: Path,
    changes: Mapping[str, Any] | None = None,
    *,
    pseudonymise: bool = False,
    over: Overlay | None = None,
) -> Scenario:
    """Read a scenario and check everything that can be checked without solving.

    Parameters
    ----------
    folder
        The scenario folder.
    changes
        Settings in place of those of scenario.toml: ``moves``, ``seconds``, ``seed``, ``language``.
    pseudonymise
        Whether codes of teachers are replaced in everything that is told of a scenario that can be solved.
    over
        Closures, openings and recruits that are laid over the scenario, as a folder with them would be.

    Raises
    ------
    InputsAreWrong
        With every issue of all files.
    """
    scenario = read(folder, _rules, over=over)
    scenario = pseudonymised(scenario) if pseudonymise else scenario
    return replace(scenario, config=_changed(scenario.config, changes or {}))


def tables(scenario: Path) -> list[RawTable]:
    """Return the tables of a scenario as they stand, for a copy in which issues are marked."""
    return raw_tables(scenario)


def imported(paths: Sequence[Path], mapping: Path | None, *, names: bool) -> Imported:
    """Read what bureaus hold into the tables of a scenario.

    Raises
    ------
    InputsAreWrong
        Where a file or the mapping cannot be read, or nothing could be made of any sheet.
    """
    return import_files(paths, mapping, names=names)


def missing(folder: Path) -> tuple[Issue, ...]:
    """Return every error and warning that a scenario still has."""
    try:
        return check(folder).warnings
    except InputsAreWrong as wrong:
        return wrong.issues


def settings(scenario: Path, *, own: bool = False) -> dict[str, Any]:
    """Return the settings of a scenario as they are written, those of its bases below them unless its own are asked for."""
    if own:
        return own_settings(scenario)
    layers, _ = read_layers(scenario, [], {})
    return reduce(laid_over, (layer.settings for layer in layers), {})


def template(scenario: Path | None, language: str | None, out: Path) -> bytes:
    """Make a workbook to fill, or one that is filled with a scenario.

    Parameters
    ----------
    scenario
        Folder or workbook; None for empty tables.
    language
        Of the workbook; None for the scenario's, or Chinese.
    out
        Folder in which it will lie.

    Raises
    ------
    InputsAreWrong
        Where the scenario cannot be read.
    """
    if scenario is None:
        standard, _ = read_standard(DEFAULT, out)
        if standard is None:
            raise RuntimeError("the standards of the program cannot be read")
        return workbook_of(standard, language or "zh")
    found = read_draft(scenario)
    refuse(found.told(found.issues), found.language)
    filled = Filled(found.layers, found.scenario.tables)
    return workbook_of(found.scenario.standard, language or found.language, filled, out)


def _rules(scenario: Scenario) -> Iterator[Issue]:
    """Report rules that cannot be settled."""
    issues: list[Issue] = []
    file = f"{scenario.name}/scenario.toml"
    rules = settle(scenario.config, scenario.rulebook, file, issues)
    tables = {name: scenario.table(name) for name in ("teachers", "schools")}
    yield from issues
    house, _ = read_rulebook()
    yield from concerns_nobody(scenario.config, rules, house or {}, tables, file)


def _changed(config: Config, changes: Mapping[str, Any]) -> Config:
    budget = {k: v for k, v in changes.items() if k in ("moves", "seconds")}
    rest = {k: v for k, v in changes.items() if k not in budget}
    return config.model_copy(update=rest | {"budget": config.budget.model_copy(update=budget)})


def changed_settings(changes: Mapping[str, Any]) -> None:
    """Refuse changes that no scenario could have.

    Raises
    ------
    pydantic.ValidationError
        Naming the setting.
    """
    budget = {k: v for k, v in changes.items() if k in ("moves", "seconds")}
    rest = {k: v for k, v in changes.items() if k not in budget}
    Config.model_validate({"title": "-", "school_year": 2000, "budget": budget} | rest)


def solve(folder: Path, changes: Mapping[str, Any] | None = None, progress: Progress | None = None) -> Answer:
    """Read, check and solve a scenario, and measure the plan.

    Raises
    ------
    InputsAreWrong, NoPlan, LimitReached
        As in :func:`check` and :func:`allocator.solving.solve.solve`.
    """
    return answer(check(folder, changes), progress)


def answer(
    scenario: Scenario,
    progress: Progress | None = None,
    *,
    priced: bool = False,
    compared: bool = True,
    points: int = 0,
    stop: Event | None = None,
) -> Answer:
    """Solve a checked scenario, and measure the plan.

    Parameters
    ----------
    priced
        Whether to solve again without each hard rule, and tell what it costs.
    compared
        Whether a plan round by round is set beside the one that decides all at once; what rules cost is told of that.
    points
        How many move budgets are traced, to set the plan beside what others would allow.
    stop
        Set by whoever wants the best plan so far.

    Raises
    ------
    NoPlan, LimitReached
        As in :func:`allocator.solving.solve.solve`.
    """
    began, clock = datetime.now(UTC), time.monotonic()
    problem = build(scenario)
    rules = settle(scenario.config, scenario.rulebook, scenario.name, [])
    rounds = scenario.config.mode == "rounds"
    joint = solve_problem(problem, rules, progress, stop) if compared or priced or not rounds else None
    result = by_rounds(problem, rules, progress, stop) if rounds or joint is None else joint
    card = scorecard(problem, result.plan, result.eligible)
    still = scorecard(problem, standing_still(problem))
    other = None if joint is None or result is joint else Measured(joint, scorecard(problem, joint.plan))
    costs = tuple(prices(joint, _rule_by_rule(progress), stop)) if priced and joint is not None else ()
    seconds = time.monotonic() - clock
    traced, untraced = _traced(scenario, points, progress, stop) if points else (None, None)
    return Answer(scenario, result, card, still, began, seconds, other, costs, traced, untraced)


def way_out(
    scenario: Scenario, none: NoPlan, progress: Progress | None = None, stop: Event | None = None
) -> Answer | None:
    """Solve where hard rules leave no plan, with one of them giving way as little as it must, and measure the plan.

    Returns
    -------
    The plan, under a notice of what it does not keep; None where no rule by itself leaves one, or the time ran out.
    """
    began, clock = datetime.now(UTC), time.monotonic()
    problem = build(scenario)
    rules = settle(scenario.config, scenario.rulebook, scenario.name, [])
    result = find_way_out(problem, rules, none.ways, progress, stop)
    if result is None:
        return None
    words, language = gave_way(result), scenario.config.language
    between = " " if language == "en" and scenario.config.notice else ""
    notice = f"{say(words, language)}{between}{scenario.config.notice}"
    scenario = replace(scenario, config=scenario.config.model_copy(update={"notice": notice}))
    card = scorecard(problem, result.plan, result.eligible)
    still = scorecard(problem, standing_still(problem))
    return Answer(scenario, result, card, still, began, time.monotonic() - clock)


def _traced(
    scenario: Scenario, points: int, progress: Progress | None, stop: Event | None
) -> tuple[Traced | None, Text | None]:
    """Trace a frontier beside a plan that is there already: where there is none, say why, and keep the plan."""
    try:
        return frontier(scenario, points, progress, stop), None
    except LimitReached:
        return None, text("the time ran out, or it was stopped")
    except InputsAreWrong as error:
        return None, error.issues[0].found
    except NoPlan as error:
        return None, reduce(lambda one, more: text("{first}; {then}", first=one, then=more), error.conflict)


def score(
    folder: Path,
    changes: Mapping[str, Any] | None = None,
    year: int | None = None,
    standard: str | None = None,
) -> Scored:
    """Measure a district as it stands today; its rules, closures, openings, forecasts and recruits are left aside.

    Without a roster only what pupils, buildings and classes say is measured.

    Parameters
    ----------
    year, standard
        For a folder of tables without scenario.toml: the year in which its school year ends, and the standard.

    Raises
    ------
    InputsAreWrong
        With every issue of all files.
    """
    settings = (
        None
        if year is None
        else {"title": label(folder), "school_year": year, "standard": standard or DEFAULT}
    )
    found = read(folder, needed=("schools", "sections"), settings=settings)
    scenario = replace(found, config=_changed(found.config, changes or {}))
    problem = build(_today(scenario))
    return Scored(scenario, problem, scorecard(problem, standing_still(problem)))


def diagnose(folder: Path, changes: Mapping[str, Any] | None = None) -> Diagnosed:
    """Tell the state of a district before anything is decided.

    Raises
    ------
    InputsAreWrong
        With every issue of all files.
    """
    scored = score(folder, changes)
    problem, config = scored.problem, scored.scenario.config
    rules = settle(config, scored.scenario.rulebook, scored.scenario.name, [])
    judged = judge(problem, rules, standing_still(problem)) if len(problem.teachers) else None
    eligible = None if judged is None else len(judged.eligible)
    keeping = [rule for rule in rules if isinstance(rule, KeepsSchool) and rule.level == "hard"]
    asked = [rule for rule in rules if rule.id.startswith("exchange.") and rule.level != "off"]
    return Diagnosed(
        scored,
        tuple(quotas(problem)),
        tuple(subjects(problem)),
        tuple(retirements(problem)),
        tuple(certificates(problem)) if len(problem.teachers) else (),
        tuple(known(problem, scored.scenario.table("sections"))),
        eligible,
        tuple((rule, int(rule.held(problem).sum())) for rule in keeping),
        tuple(
            (r, least(r.share, eligible) if isinstance(r, ExchangeRate) and eligible is not None else None)
            for r in asked
        ),
    )


def _today(scenario: Scenario) -> Scenario:
    """Leave out what is still to come: closures, transfers, openings, forecasts, and recruits, who have no place yet."""
    still = {"closures": {}, "transfers": {}, "openings": {}, "enrolment": Enrolment()}
    teachers = scenario.table("teachers")
    tables = dict(scenario.tables) | {
        "enrolment": scenario.table("enrolment").iloc[:0],
        "teachers": teachers[~teachers["recruit"].astype(bool)].reset_index(drop=True),
    }
    return replace(scenario, config=scenario.config.model_copy(update=still), tables=tables)


def needed(scored: Scored, progress: Progress | None = None, stop: Event | None = None) -> Scored:
    """Add the fewest moves under the scenario's rules that bring each coefficient within its limit.

    Raises
    ------
    NoPlan, LimitReached
        As in :func:`allocator.solving.solve.solve`.
    """
    scenario = scored.scenario
    rules = settle(scenario.config, scenario.rulebook, scenario.name, [])
    rules = (*rules, NobodyInto(schools=scored.closing)) if scored.closing else rules
    found = tuple(fewest_moves(scored.problem, rules, progress, stop))
    return replace(scored, needed=found, rules=rules)


def closures(
    scenario: Scenario,
    progress: Progress | None = None,
    stop: Event | None = None,
    *,
    beside: bool = False,
    together: int = 0,
) -> Proposed:
    """Propose which schools close, on top of the closures that a checked scenario names; some are solved in full.

    Parameters
    ----------
    beside
        Whether the closures that the scenario itself names are set beside the proposals, in place of being done first.
    together
        How many choices of the most closures (with ``beside``, of as many as the scenario names) are solved with the
        teachers, those that free most posts, to choose closures and plan together.

    Raises
    ------
    InputsAreWrong
        Where the standard does not say what closing schools must keep to.
    NoPlan, LimitReached
        As in :func:`allocator.solving.solve.solve`.
    """
    _may_close(scenario)
    limit, named = scenario.config.budget.seconds, scenario

    def told(done: int, of: int) -> None:
        if progress is not None:
            progress("closures", float(done), float(of))

    if beside:
        _not_by_grade(scenario)
        scenario = replace(scenario, config=scenario.config.model_copy(update={"closures": {}}))
    found = layout(scenario)
    efficient, whole = choose_closures(found, limit, told, stop)
    others: dict[float | str, list[Proposal]] = {}
    laid = {factor: layout(scenario, factor) for factor in SHARES}
    later = {year: layout(scenario, year=year) for year in sorted(set(scenario.table("forecast")["year"]))}
    for which, one in (laid | later).items():
        at, all_ = choose_closures(one, limit, told, stop, posts_alone=True)
        others[which], whole = at, whole and all_
    now = build(scenario)
    priced = [_priced(scenario, now, found, proposal) for proposal in efficient]
    before, solved = None, _spread(priced, scenario.config.closing.solved)
    if beside and solved and (best := rival(priced, len(named.config.closures))) is not None:
        solved = sorted({*solved, priced.index(best)})
    chosen, rest = [], None
    sets: list[Proposal] = []
    if together and len(now.teachers):
        most = len(named.config.closures) if beside else scenario.config.closing.most
        sets, rest = most_posts(Chooser(found, stop), most, limit, together, told)
        finalists = _finalists([_closing(scenario, found, one) for one in sets], told, stop)
        chosen = [_priced(scenario, now, found, sets[i]) for i in finalists]
    refused: dict[str, Text] = {}

    def plan(one: Priced | None, asked: Scenario) -> Answer | None:
        """Solve with the teachers; where no plan is found, that is told and the rest goes on."""
        which = "" if one is None else code(one.proposal)
        try:
            return answer(asked, progress, compared=False, stop=stop)
        except NoPlan as error:
            refused[which] = reduce(
                lambda one, more: text("{first}; {then}", first=one, then=more), error.conflict
            )
        except LimitReached:
            refused[which] = text("the time ran out before any plan was found")
        return None

    def planned(one: Priced, mode: str = scenario.config.mode) -> Priced:
        asked = _closing(scenario, found, one.proposal)
        asked = replace(asked, config=asked.config.model_copy(update={"mode": mode}))
        return replace(one, answer=plan(one, asked))

    if (solved or chosen) and len(now.teachers) and not (stop is not None and stop.is_set()):
        before = plan(None, scenario)
    if before is not None:
        for i in solved:
            priced[i] = planned(priced[i])
        chosen = [planned(one, "joint") for one in chosen]
    told_of = advice(found, efficient, others)
    own = _own(named, now, found) if beside else None
    if own is not None and before is not None:
        own = replace(own, answer=plan(own, named))
        if chosen:
            at_once = named.config.model_copy(update={"mode": "joint"})
            chosen.append(replace(own, answer=plan(own, replace(named, config=at_once))))
    return Proposed(
        scenario,
        found,
        tuple(priced),
        tuple(told_of),
        tuple(later),
        whole,
        before,
        refused,
        own,
        tuple(chosen),
        rest,
        together,
        len(sets),
    )


def _finalists(asked: list[Scenario], tell: Callable[[int, int], None], stop: Event | None) -> list[int]:
    """Pick those of some scenarios that are worth solving in full: the first, and the best at the first level.

    A first level that is linear is solved in a second; where evenness comes first, all are picked.
    """
    if len(asked) <= _FINALISTS or asked[0].config.objective.levels[0] == "evenness":
        return list(range(len(asked)))
    reached: list[list[float]] = []
    for one in asked:
        if stop is not None and stop.is_set():
            return [0]
        first = one.config.objective.model_copy(update={"levels": one.config.objective.levels[:1]})
        config = one.config.model_copy(update={"objective": first, "mode": "joint"})
        rules = settle(config, one.rulebook, one.name, [])
        try:
            result = solve_problem(build(replace(one, config=config)), rules, None, stop)
            reached.append([round(level.objective, 6) for level in result.levels])
        except (NoPlan, LimitReached):
            reached.append([math.inf])
        tell(len(reached), len(asked))
    best = sorted(range(len(asked)), key=lambda i: (reached[i], i))[:_FINALISTS]
    return sorted({0, *best})


_FINALISTS = 5  # choices of closures that are solved in full


def _not_by_grade(scenario: Scenario) -> None:
    """Refuse closures by grade where they are to be set beside proposals, which send a stage together."""
    expected, way = text("pupils of a stage together"), text("leave --beside out, or 'grades'")
    file = f"{scenario.name}/scenario.toml"
    issues = [
        Issue(file, None, f"closures.{school}.grades", text("receivers by grade"), expected, way)
        for school, closure in scenario.config.closures.items()
        if closure.grades
    ]
    if issues:
        raise InputsAreWrong(issues, scenario.config.language)


def _own(scenario: Scenario, now: Problem, found: Layout) -> Priced:
    """Measure the closures that a scenario names as a proposal is measured."""
    journeys = [j for j in build(scenario).journeys if j.school_id in scenario.config.closures]
    ways = own_ways(found, journeys)
    closed = tuple(found.ids.index(school) for school in scenario.config.closures)
    return _measured(scenario, now, found, Proposal(closed, ways, "own", float("nan"), None, "own"))


def sweep(
    scenario: Scenario,
    out: Path,
    workers: int,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Swept:
    """Try every case of a checked scenario's table ``sweep``, or those that its folder does not hold yet.

    Parameters
    ----------
    out
        Folder of the sweep; every case is written as soon as it is done.
    workers
        Processes that search; the result does not depend on them.

    Raises
    ------
    InputsAreWrong
        Where the standard does not say what closing schools must keep to, or the folder holds another sweep.
    OSError
        Where the folder cannot be written.
    """
    _may_close(scenario)
    cases = closure_cases(scenario)
    with opened(scenario, cases, out) as record:
        for found in run_cases(scenario, cases[record.done :], workers, stop):
            record.add(cases[record.done], found)
            if progress is not None:
                progress("closures", float(record.done), float(len(cases)))
    return Swept(scenario, tuple(cases), record.done, tuple(record.rows))


def _may_close(scenario: Scenario) -> None:
    """Refuse a standard that does not say what closing schools must keep to."""
    if scenario.standard.closing is None:
        expected = text("a table [closing]: who is small, and how far pupils may travel")
        way = text("add it, or use a standard of the program")
        file = f"{scenario.name}/scenario.toml"
        issue = Issue(file, None, "standard", text("no table [closing]"), expected, way)
        raise InputsAreWrong([issue], scenario.config.language)


def sites(
    folder: Path,
    keep: int,
    *,
    whole: bool = True,
    gap: float = 0.0,
    seconds: float = 60.0,
    language: str = "zh",
    stop: Event | None = None,
) -> tuple[Places, Kept]:
    """Keep so many sites of a folder of plain tables, so that all pupils together have the least way.

    Parameters
    ----------
    folder
        Holds points.csv, sites.csv and, if it likes, travel.csv.
    keep
        How many sites are kept.
    whole
        Whether the pupils of a point go together.
    gap, seconds, stop
        As in :func:`allocator.sites.median.solve`.

    Raises
    ------
    InputsAreWrong
        With every issue of the tables.
    NoPlan, LimitReached
        Where no choice of sites has the seats, or none was found in time.
    """
    places = read_places(folder, keep, whole=whole, language=language)
    try:
        found = keep_sites(places.asked, gap, seconds, stop)
    except TimeoutError as late:
        raise LimitReached from late
    if found is None or not np.isfinite(found.value):
        words = text("no {n} sites have ways and seats for all pupils, those of each point together", n=keep)
        other = text("no {n} sites have ways and seats for all pupils", n=keep)
        raise NoPlan([words if whole else other], language)
    return places, nobody_nearest(found, places.km, places.asked.pupils)


def _closing(scenario: Scenario, found: Layout, proposal: Proposal) -> Scenario:
    """Let a proposal close its schools, beside those that the scenario closes."""
    both = scenario.config.closures | closures_of(found, proposal)
    return replace(scenario, config=scenario.config.model_copy(update={"closures": both}))


def _priced(scenario: Scenario, now: Problem, found: Layout, proposal: Proposal) -> Priced:
    """Set posts and quota anew with a proposal."""
    return _measured(_closing(scenario, found, proposal), now, found, proposal)


def _measured(closed: Scenario, now: Problem, found: Layout, proposal: Proposal) -> Priced:
    """Count what closing frees, of a scenario in which it is done."""
    then = build(closed)
    posts, quota = (
        int(getattr(now.after, name).sum() - getattr(then.after, name).sum()) for name in ("posts", "quota")
    )
    there = np.isin(now.school_ids, [found.ids[s] for s in proposal.closed])[now.sections.school]
    left = int(now.after.posts[~there].sum() - then.after.posts[~there].sum())
    return Priced(proposal, worth_of(found, proposal.closed, proposal.ways), posts, quota, left)


def _spread(priced: list[Priced], n: int) -> list[int]:
    """Pick proposals with the most posts, evenly over the numbers of closures, the largest among them."""
    best = [i for i, one in enumerate(priced) if one.proposal.aim == "posts"]
    n = min(n, len(best))
    return [best[round((k + 1) * len(best) / n) - 1] for k in range(n)]


def frontier(
    scenario: Scenario, points: int, progress: Progress | None = None, stop: Event | None = None
) -> Traced:
    """Trace the best evenness of every move budget of a checked scenario, and measure the plan of each.

    Raises
    ------
    InputsAreWrong
        Where no evenness is measured.
    NoPlan, LimitReached
        As in :func:`allocator.solving.solve.solve`.
    """
    problem = build(scenario)
    rules = settle(scenario.config, scenario.rulebook, scenario.name, [])
    found = trace_frontier(problem, rules, points, progress, stop)
    if found is None:
        issue = Issue(
            f"{scenario.name}/scenario.toml",
            None,
            "priorities.indicators",
            text("no indicator of teachers at a stage with two sections or more"),
            text("evenness to be measured"),
            text("weigh an indicator that teachers count for"),
        )
        raise InputsAreWrong([issue], scenario.config.language)
    cards = tuple(scorecard(problem, point.plan) for point in found.points)
    return Traced(scenario, problem, found, cards)


def _rule_by_rule(progress: Progress | None) -> Callable[[str], None]:
    """Tell each rule as if it were a level."""
    return lambda rule: progress(rule, None, None) if progress else None


def audit(
    folder: Path, plan: Path, changes: Mapping[str, Any] | None = None, *, pseudonymise: bool = False
) -> Answer:
    """Judge a plan without a solver: every rule of the scenario is counted on it, and everything is measured.

    Parameters
    ----------
    folder
        The scenario folder.
    plan
        A plan.csv, of whatever hand.
    pseudonymise
        Whether codes of teachers are replaced in everything that is told.

    Raises
    ------
    InputsAreWrong
        With every issue of the scenario, or of the plan.
    """
    began, clock = datetime.now(UTC), time.monotonic()
    scenario, problem, judged = _given(check(folder, changes), plan, pseudonymise=pseudonymise)
    result = judge(problem, settle(scenario.config, scenario.rulebook, scenario.name, []), judged)
    card, still = scorecard(problem, judged, result.eligible), scorecard(problem, standing_still(problem))
    return Answer(scenario, result, card, still, began, time.monotonic() - clock)


def _given(
    scenario: Scenario, plan: Path, *, pseudonymise: bool = False, whole: bool = True
) -> tuple[Scenario, Problem, Plan]:
    """Read a plan of a checked scenario; codes of teachers are replaced afterwards, where that is asked."""
    problem = build(scenario)
    known = {place: at for at, place in enumerate(places(problem))}
    closed = set(problem.school_ids) - problem.open_in_september
    try:
        given = read_plan(plan, scenario, known, closed, whole=whole)
    except InputsAreWrong as error:
        if pseudonymise:
            raise InputsAreWrong(unnamed(error.issues, scenario), error.language) from None
        raise
    post = [given.places[who] for who in problem.teachers.ids]
    warnings = given.warnings
    if pseudonymise:
        warnings = unnamed(warnings, scenario)
        scenario = pseudonymised(scenario)
        problem = build(scenario)
    problem = replace(
        problem, warnings=(*problem.warnings, *warnings), files={**problem.files, **given.files}
    )
    judged = Plan(np.array([-1 if place is None else known[place] for place in post], dtype=np.int64))
    return scenario, problem, judged


@dataclass(frozen=True)
class Earlier:
    """A plan that was made before, and the district that it is for now."""

    scenario: Scenario
    problem: Problem
    plan: Plan


def earlier(scenario: Scenario, plan: Path) -> Earlier:
    """Read an earlier plan for a checked scenario; who has no row in it, or a place that is gone, has no place.

    Raises
    ------
    InputsAreWrong
        With every issue of the plan.
    """
    return Earlier(*_given(scenario, plan, whole=False))


def resolve(
    before: Earlier,
    only: Mapping[str, frozenset[Place]],
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Answer:
    """Solve anew from an earlier plan with the fewest changes.

    Parameters
    ----------
    only
        What is asked of single teachers: the places of which they must have one, by code.

    Raises
    ------
    NoPlan, LimitReached
        As in :func:`allocator.solving.solve.solve`.
    """
    began, clock = datetime.now(UTC), time.monotonic()
    scenario, problem = before.scenario, before.problem
    rules = settle(scenario.config, scenario.rulebook, scenario.name, [])
    found = again(problem, rules, before.plan, only, progress, stop)
    card = scorecard(problem, found.result.plan, found.result.eligible)
    still = scorecard(problem, standing_still(problem))
    seconds = time.monotonic() - clock
    return Answer(scenario, found.result, card, still, began, seconds, again=found, earlier=before.plan)


def scales(scenario: Scenario, plan: Path) -> Weighing:
    """Put a plan of a checked scenario on the scales, to ask why and why not.

    Raises
    ------
    InputsAreWrong
        With every issue of the plan.
    """
    scenario, problem, given = _given(scenario, plan)
    result = judge(problem, settle(scenario.config, scenario.rulebook, scenario.name, []), given)
    return Weighing(problem, result.rules, given)


def by_hand(scenario: Scenario, plan: Path, before: Path) -> tuple[Weighing, Plan]:
    """Put a plan of a checked scenario on the scales, and read what was made of it by hand.

    Parameters
    ----------
    plan, before
        The plan.csv by hand, and that which it was made from.

    Raises
    ------
    InputsAreWrong
        With every issue of either.
    """
    return scales(scenario, before), _given(scenario, plan)[2]


def worth(
    folder: Path,
    kinds: Sequence[str],
    changes: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> tuple[tuple[Level, ...], list[tuple[str, list[Worth]]]]:
    """Solve a scenario without and with more teachers of some kinds in each zone, all at once and closer than asked.

    Parameters
    ----------
    kinds
        Each as :class:`allocator.scenario.overlay.Overlay` has recruits.

    Returns
    -------
    The levels without them, those that the scenario names and those that come before; and what each kind is worth.

    Raises
    ------
    InputsAreWrong, NoPlan, LimitReached
        As in :func:`solve`.
    """

    def ready(kind: Sequence[str]) -> tuple[Problem, tuple[Rule, ...]]:
        asked = check(folder, changes, over=Overlay(recruit=tuple(kind), recruit_by="--worth"))
        budget = asked.config.budget
        closer = budget.model_copy(update={"gap": min(budget.gap, _CLOSE)})
        asked = replace(asked, config=asked.config.model_copy(update={"budget": closer}))
        return build(asked), settle(asked.config, asked.rulebook, asked.name, [])

    ready(kinds)  # what is wrong with any of them is told before all
    problem, rules = ready(())
    named = {"reserve", "rules", *problem.config.objective.levels}
    without = [
        one for one in assign(prepare(problem, rules), progress, stop=stop).levels if one.name in named
    ]
    found = []
    for kind in kinds:
        more, rules = ready([kind])
        fresh = [who for who in more.teachers.ids if who not in set(problem.teachers.ids)]
        found.append((kind, list(by_zone(more, rules, fresh, progress, stop))))
    return tuple(without), found


_CLOSE = 0.0005  # gap within which plans with and without more teachers are compared


def rules(rulebook: str = "", language: str = "zh") -> list[dict[str, Any]]:
    """Return the catalogue of rules with the defaults of a rulebook, a name or a path.

    Raises
    ------
    InputsAreWrong
        Where there is no such rulebook, or it is wrong.
    """
    found, issues = read_rulebook(rulebook)
    if found is not None:
        settle(Config(title="", school_year=2000, rulebook=rulebook), found, rulebook, issues)
    if found is None or issues:
        raise InputsAreWrong(issues, language)
    return printed(found)


def synthesise(recipe: Path, out: Path) -> list[Path]:
    """Generate the tables of a district from a recipe into a folder; returns the files written.

    Raises
    ------
    InputsAreWrong
        With every issue of the recipe.
    """
    return write_district(recipe, out)


__all__ = [
    "Answer",
    "Progress",
    "answer",
    "audit",
    "changed_settings",
    "check",
    "rules",
    "score",
    "solve",
    "synthesise",
]
