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


def _cases(kind: str) -> Any:
    return [pytest.param(*case, id=f"{case[0]}.{case[1]}") for case in _names(kind)]


def _methods() -> Any:
    return [
        pytest.param(module, name, method, entry, id=f"{module}.{name}.{method}")
        for module, name, cls in _names("class")
        for method, entry in cls["methods"].items()
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


@pytest.mark.parametrize(("module", "name", "entry"), _cases("function"))
def test_function_takes_the_same_arguments(module: str, name: str, entry: Any) -> None:
    ours = READER.arguments_of(_ours(module, name))

    assert _differences(entry["arguments"], ours) == []


@pytest.mark.parametrize(("module", "name", "entry"), _cases("class"))
def test_class_has_the_same_bases_and_attributes(module: str, name: str, entry: Any) -> None:
    cls = _ours(module, name)

    assert set(entry["bases"]) <= {base.__name__ for base in cls.__mro__}
    assert entry["constants"] == {key: getattr(cls, key) for key in entry["constants"]}
    assert [key for key in entry["attributes"] if not hasattr(cls, key)] == []


@pytest.mark.parametrize(("module", "name", "method", "entry"), _methods())
def test_method_takes_the_same_arguments(module: str, name: str, method: str, entry: Any) -> None:
    member = inspect.getattr_static(_ours(module, name), method)

    function = getattr(member, "__func__", member)

    assert {"method": None}.get(entry["kind"], entry["kind"]) == getattr(
        {staticmethod: staticmethod, classmethod: classmethod}.get(type(member)), "__name__", None
    )
    assert _differences(entry["arguments"], READER.arguments_of(function)) == []


@pytest.mark.parametrize(("module", "name", "entry"), _cases("constant"))
def test_constant_has_the_same_value(module: str, name: str, entry: Any) -> None:
    value = _ours(module, name)

    assert json.loads(json.dumps(value)) == entry["value"]


@pytest.mark.parametrize(("module", "name", "entry"), _cases("alias"))
def test_name_from_another_module_is_the_same_object(module: str, name: str, entry: Any) -> None:
    assert _ours(module, name) is _ours(*entry["of"])


@pytest.mark.parametrize(("module", "name", "entry"), _cases("object"))
def test_object_has_the_methods_of_its_type(module: str, name: str, entry: Any) -> None:
    methods = {re.Pattern: ("match", "search", "findall"), configparser.ConfigParser: ("get", "getint", "has_option")}

    ours = _ours(module, name)

    assert any(all(hasattr(ours, method) for method in needed) for needed in methods.values())


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
