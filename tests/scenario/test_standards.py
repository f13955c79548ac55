"""Standards files: the program's own are whole, and a wrong one gives issues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from allocator.scenario.standards import known_standards, read_standard
from builders import issues_of, own_standard, small, toml, where


@pytest.mark.parametrize("name", [*known_standards(), "none"])
def test_the_standards_of_the_program_are_whole(name, tmp_path):
    """Every standard that comes with the program reads without issues and says its source everywhere."""
    standard, issues = read_standard(name, tmp_path)
    assert issues == []
    assert standard is not None
    assert standard.id == name


def test_none_has_no_verdicts(tmp_path):
    """The standard ``none`` keeps the figures of demand and drops every threshold and limit."""
    standard, _ = read_standard("none", tmp_path)
    assert standard is not None
    assert not any(indicator.threshold for indicator in standard.indicators.values())
    assert not standard.balance.cv_limit
    assert standard.staffing.ratio["primary"].value == 19


Change = Callable[[dict[str, Any]], object]
WRONG: dict[str, tuple[Change, str]] = {
    "number in quotes": (lambda s: s["travel"]["speed"].update(value="30"), "travel.speed.value"),
    "not a number": (lambda s: s["travel"]["speed"].update(value=float("nan")), "travel.speed.value"),
    "speed of 0": (lambda s: s["travel"]["speed"].update(value=0), "travel.speed"),
    "no source": (lambda s: s["travel"]["speed"].pop("source"), "travel.speed.source"),
    "load of 0": (lambda s: s["loads"]["primary"].update(chinese=0), "loads.primary.chinese"),
    "loads without a default": (lambda s: s["loads"]["primary"].pop("default"), "loads.primary.default"),
    "loads without a stage": (lambda s: s["loads"].pop("primary"), "loads.primary"),
    "load of no subject": (lambda s: s["loads"]["primary"].update(latin=9), "loads.primary"),
    "loads as a number": (lambda s: s["loads"].update(primary=18), "loads.primary"),
    "stage without a class limit": (lambda s: s["classes"]["limit"].pop("junior"), "classes.limit.junior"),
    "stage without a ratio": (lambda s: s["staffing"]["ratio"].pop("junior"), "staffing.ratio.junior"),
    "class ratio without its limit": (
        lambda s: s["staffing"]["per_class_below"].pop("junior"),
        "staffing.per_class_below.junior",
    ),
    "grade without lessons": (
        lambda s: s["stages"]["primary"].update(grades=[1, 14]),
        "stages.primary.grades",
    ),
    "row of lessons too short": (
        lambda s: s["periods"]["subjects"].update(music=[1, 1]),
        "periods.subjects.music",
    ),
    "lessons of no subject": (
        lambda s: s["periods"]["subjects"].update(latin=[1] * 9),
        "periods.subjects",
    ),
    "kind of no stage": (lambda s: s["kinds"].update(primary=["primary", "senior"]), "kinds.primary"),
    "family of no subject": (
        lambda s: s["families"]["primary"].update(chinese=["latin"]),
        "families.primary",
    ),
    "stage of no certificate": (
        lambda s: s["stages"]["primary"].update(certificate="licence"),
        "stages.primary.certificate",
    ),
    "indicator of no column": (
        lambda s: s["indicators"]["floor_area"].update(counts="floors"),
        "indicators.floor_area.counts",
    ),
    "indicator of no degree": (
        lambda s: s["indicators"]["overqualified"].update(
            degree_at_least={"primary": "phd", "junior": "bachelor"}
        ),
        "indicators.overqualified.degree_at_least",
    ),
    "indicator of half the stages": (
        lambda s: s["indicators"]["overqualified"]["degree_at_least"].pop("junior"),
        "indicators.overqualified.degree_at_least",
    ),
    "indicator of no subject": (
        lambda s: s["indicators"]["arts"].update(subjects=["latin"]),
        "indicators.arts.subjects",
    ),
    "threshold of no stage": (
        lambda s: s["indicators"]["arts"]["threshold"].update(
            senior=s["indicators"]["arts"]["threshold"]["junior"]
        ),
        "indicators.arts.threshold",
    ),
    "indicator per 0": (lambda s: s["indicators"]["arts"].update(per=0), "indicators.arts.per"),
    "threshold below 0": (
        lambda s: s["indicators"]["arts"]["threshold"]["junior"].update(value=-0.9),
        "indicators.arts.threshold.junior.value",
    ),
    "threshold without end": (
        lambda s: s["indicators"]["arts"]["threshold"]["junior"].update(value=1e308),
        "indicators.arts.threshold.junior.value",
    ),
    "indicator per too many": (lambda s: s["indicators"]["arts"].update(per=1e308), "indicators.arts.per"),
    "more indicators to meet than there are": (
        lambda s: s["balance"]["met_at_least"].update(value=8),
        "balance.met_at_least",
    ),
    "half an indicator to meet": (
        lambda s: s["balance"]["met_at_least"].update(value=5.5),
        "balance.met_at_least",
    ),
    "indicator that is a formula": (
        lambda s: s["indicators"].update({"=1+1": s["indicators"]["arts"]}),
        "indicators.=1+1",
    ),
    "unknown key": (lambda s: s.update(colour="red"), "colour"),
    "uses nothing": (lambda s: s.update(uses=["cn-nothing"]), "uses"),
    "uses a number": (lambda s: s.update(uses=3), "uses"),
    "uses itself": (lambda s: s.update(uses=["standard"]), "uses"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_standard_is_an_issue_that_names_its_key(name, tmp_path):
    """A value that would fail later, in the middle of the work, is refused when it is read."""
    change, key = WRONG[name]
    tables = own_standard()
    change(tables)
    district = small(standard="standard.toml").file("standard.toml", toml(tables))
    issues = issues_of(district.write(tmp_path / "district"))
    assert ("standard.toml", None, key) in where(issues)
    assert {place[0] for place in where(issues)} == {"standard.toml"}


def test_standards_that_use_one_another_are_an_issue(tmp_path):
    """Two files that use each other end with an issue, however the way between them is spelled."""
    district = small(standard="a.toml")
    district.file("a.toml", 'uses = ["../district/b"]').file("b.toml", 'uses = ["a"]')
    issues = issues_of(district.write(tmp_path / "district"))
    assert ("b.toml", None, "uses") in where(issues)


def test_a_certificate_that_the_standard_does_not_rank_is_an_issue(tmp_path):
    """A certificate of the contract that a standard of the scenario's own leaves out cannot be used."""
    tables = own_standard()
    del tables["certificate_rank"]["kindergarten"]
    district = small(standard="standard.toml").file("standard.toml", toml(tables))
    assert issues_of(district.write(tmp_path / "district")) == []
    district.change("teachers", "T01", certificate="kindergarten")
    assert where(issues_of(district.write(tmp_path / "district"))) == [("teachers.csv", 2, "certificate")]


def test_a_standard_may_lie_elsewhere(tmp_path):
    """An absolute path, a path upwards and a link all name a standards file."""
    (tmp_path / "standard.toml").write_text(toml(own_standard()), encoding="utf-8")
    folder = small(standard="../standard.toml").write(tmp_path / "up")
    assert issues_of(folder) == []
    assert issues_of(small(standard=str(tmp_path / "standard.toml")).write(tmp_path / "absolute")) == []
    folder = small(standard="link.toml").write(tmp_path / "link")
    (folder / "link.toml").symlink_to(tmp_path / "standard.toml")
    assert issues_of(folder) == []
