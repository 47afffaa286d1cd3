# SPDX-License-Identifier: Apache-2.0
"""The functions for scripts."""

from __future__ import annotations

import os

from .session import Session, Settings, VersionsException

__all__ = [
    "VersionsException",
    "get_repos",
    "get_session",
    "get_version",
    "require",
    "set_module_repos",
    "set_repos",
    "unrequire",
]


def require(module: str, version: str = "latest") -> bool:
    """Make a version of a module importable. Returns whether this call did it.

    Returns False with a warning when another version is already loaded or the repository has none. Returns False
    without a warning when no repository is set.
    """
    return get_session().require(module, version)


def unrequire(module: str) -> bool:
    """Undo ``require`` for a module. Returns whether there was one."""
    return get_session().unrequire(module)


def get_version(module: str, default: str = "latest") -> str:
    """The version of a module that ``require`` has chosen."""
    return get_session().get_version(module, default)


def get_session() -> Session:
    """The one session of this process."""
    return Session()


def get_repos() -> str:
    """The repository's folder. Empty when none is set."""
    return Settings.repos_path


def set_repos(path: str) -> bool:
    """Set the repository. Returns False when it was already set to this folder.

    Raises:
        VersionsException: There is no such folder.
    """
    folder = _existing(path)
    changes = folder != Settings.repos_path
    Settings.repos_path = folder
    return changes


def set_module_repos(module: str, path: str) -> None:
    """Set another repository for one module.

    Raises:
        VersionsException: There is no such folder.
    """
    Settings.module_repos[module] = _existing(path)


def _existing(path: str) -> str:
    folder = os.path.abspath(path)
    if not os.path.isdir(folder):
        raise VersionsException(f"the versions repository {folder} is not a folder; make it or correct --repos")
    return folder
