"""The walls of the house, held by reading the imports of every module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
FLOORS = {
    "words": 0,
    "errors": 0,
    "domain": 0,
    "scenario": 1,
    "roads": 2,
    "reorganise": 2,
    "demand": 2,
    "problem": 2,
    "plan": 3,
    "metrics": 3,
    "model": 4,
    "evenness": 4,
    "rules": 4,
    "solving": 5,
    "closures": 6,
    "explain": 6,
    "sites": 6,
    "report": 7,
    "region": 7,
    "app": 8,
    "cli": 9,
    "web": 9,
    "": 9,  # the root, which exports the use cases and tells the version
}
SOLVERS = {"ortools", "highspy"}
WITH_SOLVERS = ("model", "rules", "solving", "closures", "sites", "demand.posts")
FACES = {"cli", "web"}
ENTRIES = {"__main__"}
OPENS = {("cli", "web.desk")}


def imports_of(module: str, source: str, *, is_package: bool = False) -> Iterator[tuple[str, int]]:
    """Yield every module that a module imports, at any depth of its code, with the line.

    ``from a import b`` yields ``a.b``, which may be a module or a name in one.
    """
    parts = module.split(".")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = parts[: len(parts) - node.level + is_package] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((f"{start}.{alias.name}", node.lineno) for alias in node.names)


def _modules() -> dict[str, tuple[str, bool]]:
    found = {}
    for path in sorted((SOURCE / "allocator").rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        package = parts[-1] == "__init__"
        found[".".join(parts[:-1] if package else parts)] = (path.read_text(encoding="utf-8"), package)
    return found


MODULES = _modules()
IMPORTS = [
    (module, target, line)
    for module, (source, package) in MODULES.items()
    for target, line in imports_of(module, source, is_package=package)
]


def _inner(module: str) -> str:
    """Name of a module inside the package; the root is empty."""
    return module.removeprefix("allocator").removeprefix(".")


def _lies_in(module: str, folders: tuple[str, ...]) -> bool:
    return any(f"{_inner(module)}.".startswith(f"{folder}.") for folder in folders)


def _told(wrong: list[tuple[str, str, int]]) -> str:
    return "\n".join(f"{module}, line {line}: imports {target}" for module, target, line in wrong)


def test_every_module_has_a_floor():
    """A new module at the top is put on a floor, so that the other tests hold it too."""
    assert {_inner(module).partition(".")[0] for module in MODULES} - ENTRIES <= set(FLOORS)


def test_imports_point_down():
    """No module imports one of a higher floor."""
    wrong = []
    for module, target, line in IMPORTS:
        here, there = _inner(module).partition(".")[0], _inner(target).partition(".")[0]
        inside = target.partition(".")[0] == "allocator" and here not in ENTRIES
        if inside and there in FLOORS and FLOORS[there] > FLOORS[here]:
            wrong.append((module, target, line))
    assert not wrong, _told(wrong)


def test_imports_do_not_run_in_circles():
    """Modules can be put in an order in which each imports only earlier ones, inside a floor as well."""
    needs: dict[str, set[str]] = {module: set() for module in MODULES}
    for module, target, _ in IMPORTS:
        named = target if target in MODULES else target.rpartition(".")[0]
        if named in MODULES and named != module:
            needs[module].add(named)
    while ready := {module for module, below in needs.items() if not below & set(needs)}:
        for module in ready:
            del needs[module]
    assert not needs, sorted(needs)


def test_metrics_import_no_rules_and_no_solver():
    """The witness shares nothing with what it witnesses."""
    wrong = [
        (module, target, line)
        for module, target, line in IMPORTS
        if _lies_in(module, ("metrics",))
        and (target.split(".")[0] in SOLVERS or _lies_in(target, ("rules", "solving", "model", "evenness")))
    ]
    assert not wrong, _told(wrong)


def test_solvers_appear_only_where_models_are_made():
    """``ortools`` and ``highspy`` stay behind the model, the rules, the solving, closures and posts."""
    wrong = [
        (module, target, line)
        for module, target, line in IMPORTS
        if target.split(".")[0] in SOLVERS and not _lies_in(module, WITH_SOLVERS)
    ]
    assert not wrong, _told(wrong)


def test_nothing_imports_a_face():
    """The command line and the web page are entries: nothing below knows of them; a command opens the desk."""
    wrong = [
        (module, target, line)
        for module, target, line in IMPORTS
        if target.startswith("allocator.")
        and (face := _inner(target).partition(".")[0]) in FACES
        and _inner(module).partition(".")[0] not in {face, *ENTRIES}
        and (_inner(module), _inner(target)) not in OPENS
    ]
    assert not wrong, _told(wrong)


def test_settings_files_are_read_in_one_place():
    """TOML is read inside ``scenario`` alone."""
    wrong = [
        (module, target, line)
        for module, target, line in IMPORTS
        if target.split(".")[0] == "tomllib" and not _lies_in(module, ("scenario",))
    ]
    assert not wrong, _told(wrong)


@pytest.mark.parametrize(
    ("source", "package", "found"),
    [
        ("import allocator.cli", False, ["allocator.cli"]),
        ("from allocator import cli, web", False, ["allocator.cli", "allocator.web"]),
        ("def f():\n    if True:\n        import highspy as h", False, ["highspy"]),
        ("from . import cli", False, ["allocator.rules.cli"]),
        ("from .. import cli", False, ["allocator.cli"]),
        ("from . import cli", True, ["allocator.rules.totals.cli"]),
        ("from ..solving.solve import solve", False, ["allocator.solving.solve.solve"]),
        ("'import allocator.cli'", False, []),
    ],
)
def test_imports_are_found_however_they_are_written(source, package, found):
    """Nested, renamed and relative imports count; text that looks like one does not."""
    assert [target for target, _ in imports_of("allocator.rules.totals", source, is_package=package)] == found
