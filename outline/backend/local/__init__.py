# SPDX-License-Identifier: Apache-2.0
"""Runs jobs on this machine, by the rules of the farm.

``launch`` runs a job to its end and returns it; ``resume`` goes on with one. Each name is loaded when it is first used,
since the process that runs frames is forked before the launcher loads what only it needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .job import DeadFrame, LocalJob
    from .launcher import (
        Dispatcher,
        LocalFrameError,
        build_command,
        build_frame_range,
        check_flags,
        choose_frames,
        launch,
        resume,
        retry,
        serialize,
        serialize_simple,
    )
    from .observer import Observer

__all__ = [
    "DeadFrame",
    "Dispatcher",
    "LocalFrameError",
    "LocalJob",
    "Observer",
    "build_command",
    "build_frame_range",
    "check_flags",
    "choose_frames",
    "launch",
    "resume",
    "retry",
    "serialize",
    "serialize_simple",
]

_HOME = {"DeadFrame": "job", "LocalJob": "job", "Observer": "observer"}


def __getattr__(name: str) -> object:
    """Load a name when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_HOME.get(name, 'launcher')}", __name__), name)
    globals()[name] = value
    return value
