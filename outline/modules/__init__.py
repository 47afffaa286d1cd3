# SPDX-License-Identifier: Apache-2.0
"""Modules: layers for applications. Folders in ``OUTLINE_MODULES_PATHS`` add modules or replace them.

Only absolute folders count. An empty or relative one would mean the working directory of the frame, where anybody may
have left a ``shell.py``. Differs: docs/differences.md#modules-paths
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

from ..logs import get_logger

__all__: list[str] = []

logger = get_logger("outline.modules")


def _module_paths(text: str) -> list[str]:
    """Split a list of folders, written like ``PATH``. Skips relative ones with a warning."""
    folders = [folder for folder in text.split(os.pathsep) if folder.strip()]
    for folder in folders:
        if not os.path.isabs(folder):
            logger.warning("OUTLINE_MODULES_PATHS: %r is left out, since it is not an absolute path", folder)
    return [folder for folder in folders if os.path.isabs(folder)]


# At import, because a package's search path must stand before anything is imported from it.
__path__[:0] = _module_paths(os.environ.get("OUTLINE_MODULES_PATHS", ""))


def __getattr__(name: str) -> ModuleType:
    """Load ``shell`` when it is first asked for: OpenCue's documentation uses it after ``import outline`` alone."""
    if name != "shell":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.shell")
