# SPDX-License-Identifier: Apache-2.0
"""Limits of size and habit that no linter knows: a function fits on a screen, a file can be read in one go."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.sources import LIBRARY, OURS, named, statements, text, tree

_LONGEST_FUNCTION = 50
_LONGEST_FILE = 400
# Classes that users derive from have many methods, and cutting one into bases would hide how many. These are thin
# faces: each method takes a line or two, and the work stands in modules beside them.
_FACES = {"outline/layer/base.py": 840, "outline/loader/outline.py": 620}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_files_begin_with_the_license_and_a_docstring():
    assert [named(path) for path in OURS if not text(path).startswith("# SPDX-License-Identifier: Apache-2.0\n")] == []
    assert [named(path) for path in OURS if not ast.get_docstring(tree(path))] == []


def test_files_can_be_read_in_one_go():
    lengths = {path: len(text(path).splitlines()) for path in OURS}

    assert {named(path): lines for path, lines in lengths.items() if lines > _most_lines(path)} == {}


def test_functions_fit_on_a_screen():
    lengths = [(f"{named(path)}: {node.name}", _lines(node)) for path in OURS for node in _functions(path)]

    assert [(name, lines) for name, lines in lengths if lines > _LONGEST_FUNCTION] == []


def test_no_class_is_cut_into_bases_to_look_small():
    classes = {node.name: (path, node) for path in LIBRARY for node in _classes(path)}
    made = {
        node.func.id
        for path in LIBRARY
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    bases = {name: {ast.unparse(base) for base in node.bases} & set(classes) for name, (_, node) in classes.items()}
    uses = Counter(base for found in bases.values() for base in found)

    def lines(name: str) -> int:
        parts = [base for base in bases[name] if uses[base] == 1 and base not in made]
        return _lines(classes[name][1]) + sum(map(lines, parts))

    too_long = {name: lines(name) for name, (path, _) in classes.items() if lines(name) > _most_lines(path)}

    assert too_long == {}


def test_public_methods_say_what_they_return():
    undocumented = [
        f"{named(path)}: {owner.name}.{node.name}"
        for path in LIBRARY
        for owner in _classes(path)
        if not owner.name.startswith("_")
        for node in owner.body
        if isinstance(node, Function) and _needs_words(node)
    ]

    assert undocumented == []


def _most_lines(path: Path) -> int:
    return _FACES.get(named(path), _LONGEST_FILE)


def _lines(node: Function | ast.ClassDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _functions(path: Path) -> Iterator[Function]:
    return (node for node in statements(tree(path)) if isinstance(node, Function))


def _classes(path: Path) -> Iterator[ast.ClassDef]:
    return (node for node in statements(tree(path)) if isinstance(node, ast.ClassDef))


def _needs_words(node: Function) -> bool:
    is_declaration = isinstance(node.body[-1], ast.Expr) and isinstance(node.body[-1].value, ast.Constant)
    decorators = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    is_call_of_opencue = node.name[0].isupper()  # OpenCue's protocol says what those do
    if node.name.startswith("_") or is_call_of_opencue or decorators & {"overload", "setter", "override"}:
        return False
    return ast.get_docstring(node) is None and not is_declaration
