# SPDX-License-Identifier: Apache-2.0
"""The functions that scripts call."""

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
    """Make a version of a module importable; return whether that was done now.

    False, with a warning, when another version is loaded already or the repository has none; False and silent when
    no repository is set.
    """
    return get_session().require(module, version)


def unrequire(module: str) -> bool:
    """Take a module away that ``require`` made importable; return whether there was one."""
    return get_session().unrequire(module)


def get_version(module: str, default: str = "latest") -> str:
    """The version of a module that ``require`` has chosen."""
    return get_session().get_version(module, default)


def get_session() -> Session:
    """The one session of this process."""
    return Session()


def get_repos() -> str:
    """The repository's folder, empty when none is set."""
    return Settings.repos_path


def set_repos(path: str) -> bool:
    """Set the repository; return False when it was set to this folder already.

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
