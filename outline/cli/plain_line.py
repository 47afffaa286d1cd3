# SPDX-License-Identifier: Apache-2.0
"""Command lines of ``pycuerun`` in which nothing has to be explained, completed or refused.

Click reads every other line, and gives the same values for these. Importing it takes a sixth of a job of one frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..launch_options import OPTIONS, LaunchOption

__all__ = ["plain_values"]

_TYPES = (str, int, float)
_BY_FLAG = {flag: option for option in OPTIONS for flag in option.flags}
_MISSING: dict[str, Any] = {"store_true": False, "append": ()}


def plain_values(argv: Sequence[str]) -> dict[str, Any] | None:
    """The values of a command line that names a script or a session, and whole options; None leaves it to click.

    Args:
        argv: The words before ``--``.
    """
    values: dict[str, Any] = {option.dest: _MISSING.get(option.action) for option in OPTIONS}
    positional: list[str] = []
    words = iter(argv)
    for word in words:
        if word[:1] not in ("", "-"):
            positional.append(word)
            continue
        flag, sep, text = word.partition("=")
        option = _BY_FLAG.get(flag)
        if option is None or option.action == "optional" or (sep and not flag.startswith("--")):
            return None
        if option.action == "store_true":
            if sep:
                return None
            values[option.dest] = True
            continue
        value = _value_of(option, text if sep else next(words, ""))
        if value is None:
            return None
        values[option.dest] = (*values[option.dest], value) if option.action == "append" else value
    if len(positional) > 2 or not (positional or values["resume"]):
        return None
    script, frames, *_ = *positional, None, None
    return {**values, "script": script, "frames": frames}


def _value_of(option: LaunchOption, text: str) -> Any:
    """The value that a text gives an option, None for one that may be wrong or mean another option."""
    if option.type not in _TYPES or text[:1] in ("", "-"):
        return None
    try:
        return option.type(text)
    except ValueError:
        return None
