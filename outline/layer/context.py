# SPDX-License-Identifier: Apache-2.0
"""What surrounds a layer while it is made: the current outline, the script line, and whether errors are collected."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ..exception import OutlineException

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from ..loader import Outline
    from .base import Layer

__all__ = [
    "Made",
    "Problem",
    "calling_statement",
    "collected_problems",
    "noted",
    "registry",
    "report_problem",
    "use_outline",
]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_COMMANDS = os.path.join(_PACKAGE, "cli", "")  # whoever calls these is no script


class Made:
    """What a script has made so far: outlines, and layers that joined none when they were made."""

    def __init__(self) -> None:
        self.outlines: list[Outline] = []
        self.loose_layers: list[Layer] = []


class Registry:
    """Holds the outline that new layers of this process add themselves to, and notes what a script makes."""

    current: Outline | None = None
    made: Made | None = None


registry = Registry()


@contextmanager
def noted() -> Iterator[Made]:
    """Note what is made while the context lasts; whoever noted before does not see it."""
    before, registry.made = registry.made, Made()
    try:
        yield registry.made
    finally:
        registry.made = before


@contextmanager
def use_outline(ol: Outline | None) -> Iterator[None]:
    """Make an outline the current one for a while; the one before comes back, whatever happens."""
    before, registry.current = registry.current, ol
    try:
        yield
    finally:
        registry.current = before


def calling_statement(constructor: CodeType) -> tuple[str, int]:
    """File and line of the statement outside of this package that makes the layer whose constructor runs.

    Constructors of studio classes, which call ``Layer.__init__``, are passed over. A layer that comes from no script,
    such as one of a JSON description, has none.
    """
    frame: FrameType | None = sys._getframe(1)
    made = False
    while frame is not None:
        path = frame.f_code.co_filename
        made = made or frame.f_code is constructor
        if path.startswith(_COMMANDS):
            break
        if made and not path.startswith(_PACKAGE):
            return path, frame.f_lineno
        frame = frame.f_back
    return "", 0


class Problem(NamedTuple):
    """An error that was collected, with the layer that it is about, if there is one."""

    error: OutlineException
    layer: Layer | None


_collected: list[Problem] | None = None


def report_problem(error: OutlineException, layer: Layer | None = None) -> None:
    """Raise the error, unless somebody collects: then the caller goes on as well as it can.

    Raises:
        OutlineException: The error.
    """
    if _collected is None:
        raise error
    _collected.append(Problem(error, layer))


@contextmanager
def collected_problems() -> Iterator[list[Problem]]:
    """Collect the errors that layers report while the context lasts, so that a check finds all of them at once."""
    global _collected
    before, _collected = _collected, []
    try:
        yield _collected
    finally:
        _collected = before
