"""Named small districts; each test gets its own and may change it."""

from __future__ import annotations

import pytest

from builders import District, small


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say how many seeds are drawn where a test says ``seeds``."""
    parser.addoption("--seeds", type=int, help="seeds drawn by every test marked seeds, in place of its few")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Draw the seeds of a test marked ``seeds``: so many, and those that once failed."""
    mark = metafunc.definition.get_closest_marker("seeds")
    if mark is not None:
        seeds = range(metafunc.config.getoption("seeds") or mark.args[0])
        metafunc.parametrize("seed", [*seeds, *(s for s in mark.kwargs.get("also", ()) if s not in seeds)])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests have counted, whichever process ran them."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "counted":
                terminalreporter.write_line(f"{report.nodeid}: {value}")


@pytest.fixture
def district() -> District:
    """Return the district ``small``: four schools in two zones, twelve teachers, no issue."""
    return small()


@pytest.fixture
def closing() -> District:
    """Return ``small`` with the remote primary school P2 closing, its pupils going to N2."""
    return small(closures={"P2": {"to": "N2"}})


@pytest.fixture
def planning() -> District:
    """Return ``small`` with a planned school P3 that opens for the pupils of P2, which closes."""
    return (
        small(closures={"P2": {"to": "P3"}}, openings={"P3": True})
        .school("P3", zone="south", setting="rural", status="planned")
        .section("P3", "primary")
    )
