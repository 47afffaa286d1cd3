#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the public API of the installed package ``outline`` as JSON: names, arguments, defaults.

Run it with the interpreter of an environment that holds PyOutline 1.37::

    python -m venv ref && ref/bin/pip install opencue-pyoutline==1.37.0 packaging
    ref/bin/python scripts/pyoutline_signatures.py > tests/data/pyoutline-1.37-signatures.json

tests/unit/test_signatures.py reads the API of this library with the same functions and compares.
"""

from __future__ import annotations

import configparser
import enum
import importlib
import inspect
import json
import re
from typing import Any

MODULES = (
    "outline",
    "outline.backend.local",
    "outline.config",
    "outline.constants",
    "outline.cuerun",
    "outline.depend",
    "outline.event",
    "outline.exception",
    "outline.executor",
    "outline.io",
    "outline.layer",
    "outline.loader",
    "outline.modules.shell",
    "outline.plugins",
    "outline.plugins.local",
    "outline.plugins.manager",
    "outline.session",
    "outline.util",
    "outline.versions",
    "outline.versions.main",
    "outline.versions.session",
)

# Any: whatever a module or a class may hold.
Table = dict[str, Any]


def api_of_module(name: str) -> Table:
    """Return the public names of a module; one that comes from another module of the package only by its home."""
    module = importlib.import_module(name)
    names = {key: value for key, value in vars(module).items() if not key.startswith("_")}
    found = {key: describe(value, name) for key, value in sorted(names.items())}
    return {key: entry for key, entry in found.items() if entry}


def describe(value: Any, module: str) -> Table:
    """Return kind and facts of one public name; nothing for what another package defines."""
    if inspect.isclass(value) or inspect.isfunction(value):
        if not _is_ours(value):
            return {}
        if value.__module__ != module:
            return {"kind": "alias", "of": [value.__module__, value.__name__]}
        if inspect.isclass(value):
            return describe_class(value)
        return {"kind": "function", "arguments": arguments_of(value)}
    if isinstance(value, (str, int, float, tuple)) and not isinstance(value, enum.Enum):
        return {"kind": "constant", "value": list(value) if isinstance(value, tuple) else value}
    return {"kind": "object"} if isinstance(value, (re.Pattern, configparser.RawConfigParser)) else {}


def describe_class(cls: type) -> Table:
    """Return the bases, methods and attributes of a class; hooks such as ``_setup`` count as public."""
    is_enum = issubclass(cls, enum.Enum)  # its methods, like the __init__ of a metaclass, are Python's own
    methods: Table = {}
    constants: Table = {}
    attributes = []
    for name, member in sorted(vars(cls).items()):
        if name != "__init__" and name.startswith((f"_{cls.__name__}__", "__")):
            continue
        function = member.__func__ if isinstance(member, (staticmethod, classmethod)) else member
        if inspect.isfunction(function) and not is_enum and not issubclass(cls, type):
            methods[name] = {"kind": _method_kind(member), "arguments": arguments_of(function)}
        elif name.startswith("_"):
            continue
        elif isinstance(member, (str, int)):
            constants[name] = member.value if isinstance(member, enum.Enum) else member
        else:
            attributes.append(name)
    bases = [base.__name__ for base in cls.__mro__[1:] if _is_ours(base) or base is Exception]
    return {"kind": "class", "bases": bases, "methods": methods, "constants": constants, "attributes": attributes}


def arguments_of(function: Any) -> list[list[Any]]:
    """Return name, kind and default of every argument; the default of one that must be given is left out."""
    found = []
    for parameter in inspect.signature(function).parameters.values():
        default = [] if parameter.default is parameter.empty else [parameter.default]
        found.append([parameter.name, parameter.kind.name, *default])
    return found


def layer_arguments() -> list[str]:
    """Return the names of the standard arguments of a layer."""
    return sorted(importlib.import_module("outline.layer")._LayerArgs.__annotations__)


def _method_kind(member: Any) -> str:
    return type(member).__name__ if isinstance(member, (staticmethod, classmethod)) else "method"


def _is_ours(value: Any) -> bool:
    return str(value.__module__).partition(".")[0] == "outline"


def main() -> None:
    """Print the table, with its lists on one line each."""
    table = {"layer arguments": layer_arguments(), "modules": {name: api_of_module(name) for name in MODULES}}
    print(_in_lines(table))


def _in_lines(value: Any, indent: str = "") -> str:
    if not isinstance(value, dict) or not any(isinstance(entry, dict) for entry in value.values()):
        return json.dumps(value)
    lines = [f"{indent} {json.dumps(key)}: {_in_lines(entry, indent + ' ')}" for key, entry in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


if __name__ == "__main__":
    main()
