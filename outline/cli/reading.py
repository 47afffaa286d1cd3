# SPDX-License-Identifier: Apache-2.0
"""Reads outlines that are only looked at: nothing is launched and nothing is written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from ..exception import OutlineException
from ..loader import load_outline
from ..script import caught_launches

if TYPE_CHECKING:
    from ..loader import Outline

__all__ = ["Reading", "launch_flags_of", "read_outline"]

_FLAGS = ("range", "range_default", "env", "user", "shot", "basename", "maxretries", "autoeat", "backend")


class Reading(NamedTuple):
    """An outline that was read.

    Attributes:
        outline: The outline; of a script that launches by itself, the one that it would launch first.
        flags: The flags of that launch; empty for a script that leaves launching to pycuerun.
    """

    outline: Outline
    flags: dict[str, Any]


def read_outline(path: str) -> Reading:
    """Read an outline to look at it; a script that launches a job by itself ends there.

    Raises:
        OutlineException: It is missing, or what is in it is wrong.
    """
    sys.dont_write_bytecode = True  # also the modules beside a script stay without a __pycache__
    with caught_launches() as launches:
        try:
            ol = load_outline(path)
        except SystemExit as stop:
            raise OutlineException(f"{path} ends itself with sys.exit({stop.code!r})") from stop
    if launches:
        return Reading(launches[0].get_outline(), launch_flags_of(launches[0]))
    return Reading(ol, {})


def launch_flags_of(launcher: Any) -> dict[str, Any]:
    """Return the flags of an OutlineLauncher that decide what runs."""
    return {name: launcher.get_flag(name) for name in _FLAGS}
