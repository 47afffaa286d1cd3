# SPDX-License-Identifier: Apache-2.0
"""Errors of layers that may be collected instead of raised, so that ``outline check`` finds all of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..exception import OutlineException

if TYPE_CHECKING:
    from .base import Layer

__all__ = ["Problem", "collected_problems", "report_problem"]


class Problem:
    """An error that was collected, with the layer that it is about, if there is one."""

    def __init__(self, error: OutlineException, layer: Layer | None) -> None:
        self.error = error
        self.layer = layer


_collected: list[Problem] | None = None


def report_problem(error: OutlineException, layer: Any = None) -> None:
    """Raise the error, or keep it when somebody collects; then the caller goes on as well as it can.

    Args:
        error: What is wrong.
        layer: The layer that it is about. Any: parts of Layer pass themselves.

    Raises:
        OutlineException: The error, unless it is kept.
    """
    if _collected is None:
        raise error
    _collected.append(Problem(error, layer))


@contextmanager
def collected_problems() -> Iterator[list[Problem]]:
    """Collect the errors that layers report while the context lasts."""
    global _collected
    before, _collected = _collected, []
    try:
        yield _collected
    finally:
        _collected = before
