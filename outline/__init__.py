# SPDX-License-Identifier: Apache-2.0
"""Describe render jobs in Python, remember them in a folder, run their frames anywhere.

Importing this package costs next to nothing: every public name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .config import config as config  # like PyOutline: ``outline.config`` is the configuration itself

if TYPE_CHECKING:
    from . import cuerun, io
    from .exception import (
        ConfigException,
        DependencyCycle,
        FailImmediately,
        FileSpecException,
        ItemException,
        LaunchException,
        LayerException,
        LayerNotFound,
        OutlineException,
        ScriptException,
        SerializeException,
        SessionException,
        ShellCommandFailureException,
    )
    from .executor import TaskExecutor
    from .frames import FrameSet
    from .layer import (
        Composite,
        Frame,
        Layer,
        LayerArgs,
        LayerPostProcess,
        LayerPreProcess,
        OutlinePostCommand,
        PostCommand,
        PostFrame,
        PostProcess,
        PreProcess,
    )
    from .loader import Outline, current_outline, load_json, load_outline, parse_outline_script
    from .modules.shell import PyEval, Shell, ShellCommand, ShellScript, ShellSequence
    from .plugins import PluginManager
    from .session import Session, is_session_path

__version__ = "0.1.0"

_EXPORTS = {
    "exception": (
        "ConfigException",
        "DependencyCycle",
        "FailImmediately",
        "FileSpecException",
        "LaunchException",
        "LayerException",
        "LayerNotFound",
        "OutlineException",
        "ItemException",
        "ScriptException",
        "SerializeException",
        "SessionException",
        "ShellCommandFailureException",
    ),
    "executor": ("TaskExecutor",),
    "frames": ("FrameSet",),
    "layer": (
        "Composite",
        "Frame",
        "Layer",
        "LayerArgs",
        "LayerPostProcess",
        "LayerPreProcess",
        "OutlinePostCommand",
        "PostCommand",
        "PostFrame",
        "PostProcess",
        "PreProcess",
    ),
    "loader": ("Outline", "current_outline", "load_json", "load_outline", "parse_outline_script"),
    "modules.shell": ("PyEval", "Shell", "ShellCommand", "ShellScript", "ShellSequence"),
    "plugins": ("PluginManager",),
    "session": ("Session", "is_session_path"),
}
_HOME = {name: module for module, names in _EXPORTS.items() for name in names}
_SUBMODULES = frozenset(
    [
        "backend",
        "constants",
        "cuerun",
        "depend",
        "event",
        "exception",
        "executor",
        "frames",
        "io",
        "layer",
        "loader",
        "modules",
        "plugins",
        "session",
        "util",
        "versions",
    ]
)

__all__ = [
    "Composite",
    "ConfigException",
    "DependencyCycle",
    "FailImmediately",
    "FileSpecException",
    "Frame",
    "FrameSet",
    "LaunchException",
    "Layer",
    "LayerArgs",
    "LayerException",
    "LayerNotFound",
    "LayerPostProcess",
    "LayerPreProcess",
    "Outline",
    "OutlineException",
    "OutlinePostCommand",
    "PluginManager",
    "PostCommand",
    "PostFrame",
    "PostProcess",
    "PreProcess",
    "PyEval",
    "ItemException",
    "ScriptException",
    "SerializeException",
    "Session",
    "SessionException",
    "Shell",
    "ShellCommand",
    "ShellCommandFailureException",
    "ShellScript",
    "ShellSequence",
    "TaskExecutor",
    "config",
    "cuerun",
    "current_outline",
    "io",
    "is_session_path",
    "load_json",
    "load_outline",
    "parse_outline_script",
]


def __getattr__(name: str) -> object:
    """Load a public name, or a submodule, when it is first asked for."""
    if name in _HOME:
        value: object = getattr(import_module(f"outline.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    if name in _SUBMODULES:
        return import_module(f"outline.{name}")
    raise AttributeError(f"module 'outline' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_SUBMODULES})
