# SPDX-License-Identifier: Apache-2.0
"""The house has floors: a module imports from lower ones only, and ``import outline`` touches nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.sources import LIBRARY, REPOSITORY, statements, tree

# The longest name that fits a module says its floor. Modules of one floor may import one another, without a loop.
FLOORS = {
    "cuebot_stub": 16,
    "cuebot_stub.web": 14,
    "cuebot_stub.services": 13,
    "cuebot_stub.rqd": 13,
    "cuebot_stub.logs": 12,
    "cuebot_stub.seed": 12,
    "cuebot_stub.store": 12,
    "cuebot_stub.farm": 11,
    "cuebot_stub.spec": 10,
    "cuebot_stub.up": 10,
    "outline.__main__": 10,
    "outline.cli": 9,
    "outline.cuerun": 8,
    "outline.openjd": 8,
    "outline.launch_in_folder": 8,
    "outline.launch_options": 8,
    "outline.option_parser": 8,
    "outline.backend": 7,
    "outline.scheduler": 6,
    "outline.frame_on_farm": 5,
    "outline.frame_run": 5,
    "outline.modules": 5,
    "outline.work": 5,
    "outline.plugins": 1,  # finds and calls plug-ins; what they do themselves stands above
    "outline.plugins.local": 5,
    "outline.loader": 4,
    "outline.layer": 3,
    "outline.session": 3,
    "outline.serialize": 3,
    "outline.io": 2,
    "outline.environment": 2,
    "outline.config": 1,
    "outline.event": 1,
    "outline.depend": 1,
    "outline.executor": 1,
    "outline.util": 1,
    "outline.versions": 1,
    "outline.process": 1,
    "outline.script": 1,
    "outline.files": 1,
    "outline.items": 0,
    "outline.console": 1,
    "outline.progress": 1,
    "outline.exception": 0,
    "outline.constants": 0,
    "outline.cuebot_limits": 0,
    "outline.frames": 0,
    "outline.tokens": 0,
    "outline.names": 0,
    "outline.frame_end": 0,
    "outline.logs": 0,
    "outline.session_paths": 0,
    "outline.session_places": 1,
    "outline.resources": 0,
    "outline.storage": 0,
}

# The face of the library: it hands out the public names of every floor, each when it is first used.
FACE = "outline"


def test_every_module_has_a_floor():
    homeless = [module for module in _modules() if module != FACE and _floor(module) is None]

    assert homeless == []


def test_no_import_points_up():
    rising = [f"{here}:{line} imports {there}" for here, there, line in _arrows() if _points_up(here, there)]

    assert rising == []


def test_nothing_in_the_library_imports_the_farm_stub():
    found = [arrow for arrow in _arrows() if arrow[0].startswith("outline")]
    arrows = [f"{here}:{line}" for here, there, line in found if there.startswith("cuebot")]

    assert arrows == []


# What everything is about: to name their types is no reason to be a part of them.
OBJECTS = ("outline.layer", "outline.loader", "outline.session")


def test_modules_do_not_import_one_another_in_a_circle():
    circles = _circles({module: set(_imports(module, types=False)) for module in _modules()})

    assert circles == []


def test_circles_of_types_are_of_two_modules_at_most():
    arrows = {module: set(_imports(module, types=False)) | _types_of(module) for module in _modules()}

    assert [circle for circle in _circles(arrows) if len(circle) > 2] == []


def _types_of(module: str) -> set[str]:
    return {target for target in _imports(module, types=True) if not target.startswith(OBJECTS)}


@pytest.mark.parametrize("first", ["outline", "outline.layer", "outline.loader", "outline.session", "outline.cli"])
def test_import_is_cheap(first: str, unmeasured: dict[str, str]):
    heavy = {"grpc", "yaml", "rich", "click", "fileseq", "psutil", "opencue", "asyncio", "multiprocessing"}

    loaded = subprocess.run(
        [sys.executable, "-c", f"import {first}, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        env=unmeasured,
    )

    assert heavy.intersection(loaded.stdout.split()) - _allowed(first) == set()


def _allowed(first: str) -> set[str]:
    return {"click"} if first == "outline.cli" else set()


def test_import_leaves_the_process_as_it_was(unmeasured: dict[str, str]):
    script = """
import os, sys, threading
before = dict(os.environ), list(sys.path), os.getcwd()
import outline, outline.layer, outline.loader, outline.cuerun, outline.session, outline.cli
assert before == (dict(os.environ), list(sys.path), os.getcwd())
assert threading.active_count() == 1
"""

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=REPOSITORY, env=unmeasured
    )

    assert (done.returncode, done.stderr) == (0, "")


@cache
def _files() -> dict[str, Path]:
    found = {}
    for path in LIBRARY:
        parts = path.relative_to(REPOSITORY).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _modules() -> list[str]:
    return list(_files())


def _floor(module: str) -> int | None:
    while module:
        if module in FLOORS:
            return FLOORS[module]
        module = module.rpartition(".")[0]
    return None


def _points_up(here: str, there: str) -> bool:
    if FACE in (here, there):
        return False
    floors = _floor(here), _floor(there)
    return floors[0] is not None and floors[1] is not None and floors[1] > floors[0]


def _arrows() -> Iterator[tuple[str, str, int]]:
    for module in _modules():
        yield from ((module, target, line) for target, line in _imports(module, types=False).items())


@cache
def _imports(module: str, *, types: bool) -> dict[str, int]:
    """The modules that a module imports, early or late, and where; or those that it imports for types only."""
    path = _files()[module]
    for_types = _lines_for_types(path)
    found: dict[str, int] = {}
    for node in statements(tree(path)):
        if (node in for_types) == types:
            found.update(dict.fromkeys(_targets(node, module, path), getattr(node, "lineno", 0)))
    return {target: line for target, line in found.items() if target not in (FACE, module)}


def _targets(node: ast.AST, module: str, path: Path) -> list[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        base = _base(node, module, path)
        names = [_longest(f"{base}.{alias.name}", base) for alias in node.names]
    else:
        return []
    return [name for name in names if name.split(".")[0] in ("outline", "cuebot_stub")]


def _base(node: ast.ImportFrom, module: str, path: Path) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    package = parts if path.name == "__init__.py" else parts[:-1]
    package = package[: len(package) - (node.level - 1)]
    return ".".join([*package, *([node.module] if node.module else [])])


def _longest(name: str, base: str) -> str:
    return name if name in _files() else base


@cache
def _lines_for_types(path: Path) -> set[ast.AST]:
    """Return the statements below ``if TYPE_CHECKING``: they are for the reader and mypy, and never run."""
    blocks = [
        node
        for node in statements(tree(path))
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]
    return {inner for block in blocks for inner in statements(*block.body)}


def _circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that can all reach one another."""
    reach = {module: _reachable(module, arrows) for module in arrows}
    groups = {frozenset({module, *(one for one in reach[module] if module in reach[one])}) for module in arrows}
    return [sorted(group) for group in groups if len(group) > 1]


def _reachable(start: str, arrows: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(arrows[start])
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting.extend(arrows.get(module, ()))
    return seen
