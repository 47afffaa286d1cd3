# SPDX-License-Identifier: Apache-2.0
"""The public API of PyOutline 1.37, kept as a table, is the API of this library too."""

from __future__ import annotations

import configparser
import importlib
import importlib.util
import inspect
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from outline.layer import CommandArgs

TESTS = Path(__file__).resolve().parent.parent
TABLE = json.loads((TESTS / "data" / "pyoutline-1.37-signatures.json").read_text())
SCRIPT = TESTS.parent / "scripts" / "pyoutline_signatures.py"


def _reader() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pyoutline_signatures", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


READER = _reader()


def _names(kind: str) -> list[tuple[str, str, Any]]:
    return [
        (module, name, entry)
        for module, names in TABLE["modules"].items()
        for name, entry in names.items()
        if entry["kind"] == kind
    ]


def _ours(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def _differences(theirs: list[list[Any]], ours: list[list[Any]]) -> list[str]:
    """Say what a call that is right for their arguments could stumble over in ours."""
    found = []
    variable = [entry for entry in theirs if entry[1].startswith("VAR_")]
    named = [entry for entry in theirs if not entry[1].startswith("VAR_")]
    mine = [entry for entry in ours if not entry[1].startswith("VAR_")]
    for position, (name, kind, *default) in enumerate(named):
        if position >= len(mine) or mine[position][:2] != [name, kind]:
            found.append(f"argument {position} is not {name} ({kind})")
        elif default and mine[position][2:] != default:
            found.append(f"the default of {name} is {mine[position][2:]}, not {default}")
    found += [f"needs {name}" for name, _, *default in mine[len(named) :] if not default]
    found += [f"takes no {kind}" for _, kind in variable if kind not in [entry[1] for entry in ours]]
    return found


def test_the_table_was_read_from_all_modules() -> None:
    assert set(TABLE["modules"]) == set(READER.MODULES)
    assert sum(len(names) for names in TABLE["modules"].values()) > 140


def test_functions_take_the_same_arguments() -> None:
    differences = [
        (f"{module}.{name}", *_differences(entry["arguments"], READER.arguments_of(_ours(module, name))))
        for module, name, entry in _names("function")
    ]

    assert [told for told in differences if len(told) > 1] == []


@pytest.mark.parametrize(
    ("module", "name", "entry"), [pytest.param(*case, id=f"{case[0]}.{case[1]}") for case in _names("class")]
)
def test_class_has_the_same_bases_attributes_and_methods(module: str, name: str, entry: Any) -> None:
    cls = _ours(module, name)

    members = {method: inspect.getattr_static(cls, method) for method in entry["methods"]}

    assert set(entry["bases"]) <= {base.__name__ for base in cls.__mro__}
    assert entry["constants"] == {key: getattr(cls, key) for key in entry["constants"]}
    assert [key for key in entry["attributes"] if not hasattr(cls, key)] == []
    assert {method: _kind(member) for method, member in members.items()} == {
        method: theirs["kind"] for method, theirs in entry["methods"].items()
    }
    differences = [
        (method, *_differences(theirs["arguments"], READER.arguments_of(_function(members[method]))))
        for method, theirs in entry["methods"].items()
    ]
    assert [told for told in differences if len(told) > 1] == []


def _kind(member: object) -> str:
    return type(member).__name__ if isinstance(member, staticmethod | classmethod) else "method"


def _function(member: Any) -> Any:
    return getattr(member, "__func__", member)


def test_constants_have_the_same_values() -> None:
    ours = {(module, name): json.loads(json.dumps(_ours(module, name))) for module, name, _ in _names("constant")}

    assert ours == {(module, name): entry["value"] for module, name, entry in _names("constant")}


def test_names_from_another_module_are_the_same_objects() -> None:
    aliases = [(f"{module}.{name}", _ours(module, name), entry["of"]) for module, name, entry in _names("alias")]

    assert [name for name, ours, source in aliases if ours is not _ours(*source)] == []


def test_objects_have_the_methods_of_their_types() -> None:
    methods = {re.Pattern: ("match", "search", "findall"), configparser.ConfigParser: ("get", "getint", "has_option")}

    ours = {f"{module}.{name}": _ours(module, name) for module, name, _ in _names("object")}

    assert ours
    assert [
        name
        for name, found in ours.items()
        if not any(all(hasattr(found, method) for method in needed) for needed in methods.values())
    ] == []


def test_every_standard_argument_is_declared() -> None:
    ours = set(CommandArgs.__annotations__) | {key for base in CommandArgs.__mro__ for key in vars(base)}

    known = ours | set(importlib.import_module("outline.layer.args").KNOWN)

    assert set(TABLE["layer arguments"]) <= known


@pytest.mark.parametrize(
    ("ours", "problem"),
    [
        ([["a", "POSITIONAL_OR_KEYWORD", 2], ["b", "VAR_KEYWORD"]], "the default of a is [2], not [1]"),
        ([["b", "POSITIONAL_OR_KEYWORD", 1], ["c", "VAR_KEYWORD"]], "argument 0 is not a (POSITIONAL_OR_KEYWORD)"),
        ([["a", "POSITIONAL_OR_KEYWORD", 1]], "takes no VAR_KEYWORD"),
        (
            [["a", "POSITIONAL_OR_KEYWORD", 1], ["b", "POSITIONAL_OR_KEYWORD"], ["c", "VAR_KEYWORD"]],
            "needs b",
        ),
    ],
    ids=["other default", "other name", "no keywords", "one more to give"],
)
def test_a_difference_is_told(ours: list[list[Any]], problem: str) -> None:
    theirs: list[list[Any]] = [["a", "POSITIONAL_OR_KEYWORD", 1], ["args", "VAR_KEYWORD"]]

    assert _differences(theirs, ours) == [problem]
