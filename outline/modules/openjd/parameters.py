# SPDX-License-Identifier: Apache-2.0
"""The parameters of a template as command line options: ``pycuerun job.outline -- --Frames 1-100``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ...exception import OutlineException
from ...script import script_args

__all__ = ["TYPES", "job_parameters"]

TYPES = ("STRING", "PATH", "INT", "FLOAT")

# Any: definitions as they stand in a template.
Definition = Mapping[str, Any]


def job_parameters(
    definitions: Sequence[Definition], script: str, folder: str = ".", words: Sequence[str] | None = None
) -> dict[str, str]:
    """The values of parameters, by their names in format strings.

    Args:
        definitions: The parameter definitions, as in a template.
        script: The calling script.
        folder: The relative path from the script's folder to the one in which default paths begin. Paths from the
            command line begin in the current folder.
        words: The script's command line arguments. None means those of this process.

    Raises:
        OutlineException: A value is missing, or its definition does not allow it.
    """
    parser = _Parser(prog="parameters", allow_abbrev=False, add_help=False)
    for one in definitions:
        parser.add_argument(f"--{one['name']}", dest=one["name"], metavar="VALUE")
    given = vars(parser.parse_args(script_args(script) if words is None else list(words)))
    values: dict[str, str] = {}
    origin = os.path.join(os.path.dirname(os.path.abspath(script)), folder)
    for one in definitions:
        name, text = one["name"], given[one["name"]]
        if text is None and "default" not in one:
            raise OutlineException(f"parameter {name} has no value; give one after --, as in -- --{name} VALUE")
        value = str(one["default"]) if text is None else text
        _check(one, value)
        if one["type"] == "PATH" and value:
            value = os.path.abspath(os.path.join(origin if text is None else "", value))
        values[f"Param.{name}"] = values[f"RawParam.{name}"] = value
    return values


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise OutlineException(f"parameters of the job: {message}")


def _check(definition: Definition, value: str) -> None:
    name, kind = definition["name"], definition["type"]
    if kind in ("INT", "FLOAT"):
        try:
            size = float(int(value) if kind == "INT" else float(value))
        except ValueError:
            raise OutlineException(f"parameter {name} is {value!r}, which is not of type {kind}") from None
        low, high, what = definition.get("minValue"), definition.get("maxValue"), value
    else:
        size, low, high = float(len(value)), definition.get("minLength"), definition.get("maxLength")
        what = f"{len(value)} characters long"
    if low is not None and size < float(low):
        raise OutlineException(f"parameter {name} is {what}, and must be {low} at least")
    if high is not None and size > float(high):
        raise OutlineException(f"parameter {name} is {what}, and must be {high} at most")
    allowed = definition.get("allowedValues") or ()
    read = float if kind in ("INT", "FLOAT") else str
    if allowed and read(value) not in map(read, allowed):
        raise OutlineException(f"parameter {name} is {value!r}, and must be one of {', '.join(map(str, allowed))}")
