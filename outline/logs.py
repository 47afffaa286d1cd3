# SPDX-License-Identifier: Apache-2.0
"""Loggers that load the module ``logging``, which takes 5 ms, when there is something to log."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from logging import Logger

__all__ = ["get_logger"]


def get_logger(name: str) -> Logger:
    """The logger with a name, for a module that seldom logs anything."""
    return cast("Logger", _LateLogger(name))


class _LateLogger:
    """Has the methods of a logger. As long as nobody has imported ``logging``, nobody wants to read details.

    Studios got loggers of PyOutline's modules: they pass ``isinstance``, are copied, and are saved with a layer.
    """

    def __init__(self, name: str) -> None:
        vars(self)["_LateLogger__name"] = name

    def __reduce__(self) -> tuple[Callable[[str], Logger], tuple[str]]:
        return get_logger, (self.__name,)

    @property  # type: ignore[misc]  # mocks have it the same way
    def __class__(self) -> Any:
        import logging

        return logging.Logger

    # Any: a method of Logger, which the type checker sees through ``get_logger``.
    def __getattr__(self, method: str) -> Any:
        if method in ("debug", "info") and "logging" not in sys.modules:
            return _log_nothing
        return getattr(_logger(self.__name), method)

    def __setattr__(self, name: str, value: object) -> None:
        """Set ``propagate`` or ``disabled`` of the logger itself; tests replace methods of it, too."""
        setattr(_logger(self.__name), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_logger(self.__name), name)


def _logger(name: str) -> Logger:
    import logging

    return logging.getLogger(name)


def _log_nothing(*args: object, **options: object) -> None:
    """Stand in for a method that logs."""
