# SPDX-License-Identifier: Apache-2.0
"""Limits of size and habit that no linter knows: a function fits on a screen, a file can be read in one go."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LIBRARY = sorted(path for room in ("outline", "cuebot_stub") for path in (REPOSITORY / room).rglob("*.py"))
OURS = sorted([*LIBRARY, *(REPOSITORY / "tests").rglob("*.py"), *(REPOSITORY / "benchmarks").glob("*.py")])

_LONGEST_FUNCTION = 50
_LONGEST_FILE = 400
# Classes that users derive from have many methods, and cutting one into bases would hide how many. These are thin
# faces: each method takes a line or two, and the work stands in modules beside them.
_FACES = {"outline/layer/base.py": 840, "outline/loader/outline.py": 620}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _named(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("path", OURS, ids=_named)
def test_file_keeps_the_habits_of_the_house(path: Path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)

    assert text.startswith("# SPDX-License-Identifier: Apache-2.0\n")
    assert ast.get_docstring(tree)
    assert len(text.splitlines()) <= _most_lines(path)
    assert [f"{name} has {lines} lines" for name, lines in _lengths(tree) if lines > _LONGEST_FUNCTION] == []


def test_no_class_is_cut_into_bases_to_look_small():
    trees = [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in LIBRARY]
    classes = {
        node.name: (path, node) for path, tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    }
    made = {ast.unparse(node.func) for _, tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)}
    bases = {name: {ast.unparse(base) for base in node.bases} & set(classes) for name, (_, node) in classes.items()}
    uses = Counter(base for found in bases.values() for base in found)

    def lines(name: str) -> int:
        node = classes[name][1]
        parts = [base for base in bases[name] if uses[base] == 1 and base not in made]
        return (node.end_lineno or node.lineno) - node.lineno + 1 + sum(map(lines, parts))

    too_long = {name: lines(name) for name, (path, _) in classes.items() if lines(name) > _most_lines(path)}

    assert too_long == {}


def _most_lines(path: Path) -> int:
    return _FACES.get(_named(path), _LONGEST_FILE)


@pytest.mark.parametrize("path", LIBRARY, ids=_named)
def test_public_methods_say_what_they_return(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))

    assert list(_undocumented(tree)) == []


def _lengths(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def _undocumented(tree: ast.Module) -> Iterator[str]:
    for owner in ast.walk(tree):
        if isinstance(owner, ast.ClassDef) and not owner.name.startswith("_"):
            for node in owner.body:
                if isinstance(node, Function) and _needs_words(node):
                    yield f"{owner.name}.{node.name}"


def _needs_words(node: Function) -> bool:
    is_declaration = isinstance(node.body[-1], ast.Expr) and isinstance(node.body[-1].value, ast.Constant)
    decorators = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    is_call_of_opencue = node.name[0].isupper()  # OpenCue's protocol says what those do
    if node.name.startswith("_") or is_call_of_opencue or decorators & {"overload", "setter", "override"}:
        return False
    return ast.get_docstring(node) is None and not is_declaration
