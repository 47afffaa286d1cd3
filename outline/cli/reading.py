# SPDX-License-Identifier: Apache-2.0
"""Reads outlines that are only looked at: nothing is launched and nothing is written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ..loader import load_outline
from ..script import caught_launches

if TYPE_CHECKING:
    from ..loader import Outline

__all__ = ["Reading", "look_at", "nothing_written", "read_outline"]

_FLAGS = (
    "range",
    "range_default",
    "env",
    "user",
    "shot",
    "basename",
    "maxretries",
    "autoeat",
    "backend",
    "use_pycuerun",
)


class Reading(NamedTuple):
    """An outline that was read.

    Attributes:
        outline: The outline; of a script that launches by itself, the one that it would launch first.
        flags: The flags of that launch that decide what runs; empty for a script that leaves launching to pycuerun.
    """

    outline: Outline
    flags: dict[str, Any]


def read_outline(path: str) -> Reading:
    """Read the outline of a file to look at it, see ``look_at``."""
    return look_at(lambda: load_outline(path))


def look_at(load: Callable[[], Outline]) -> Reading:
    """Load an outline to look at it; a script that launches a job by itself ends there.

    Raises:
        OutlineException: It is missing, or what is in it is wrong.
    """
    with nothing_written(), caught_launches() as launches:
        ol = load()
    if launches:
        return Reading(launches[0].get_outline(), {name: launches[0].get_flag(name) for name in _FLAGS})
    return Reading(ol, {})


@contextmanager
def nothing_written() -> Iterator[None]:
    """Let Python import a script's modules without leaving a ``__pycache__`` beside them."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before
