# SPDX-License-Identifier: Apache-2.0
"""A single file or folder that a layer reads or writes."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from typing import Any

from ..storage import is_url

__all__ = ["VERSION_REGEX", "Path", "absolute_path", "each_path", "expand_path", "resolve", "unknown_variables"]

VERSION_REGEX = re.compile(r"_v(\d+)")
"""Finds the version in a path, such as ``12`` in ``beauty_v12``; it is group 1, with all its digits.

Differs: docs/differences.md#version-regex (PyOutline's matched the first digit only).
"""


def resolve(path: object) -> str:
    """The text of a path.

    A relative path stays relative and belongs to the working directory of whoever uses it, since making it absolute
    here would write the launching machine's folder into the job.
    """
    return os.fsdecode(path) if isinstance(path, (bytes, os.PathLike)) else str(path)


# A drive of Windows, or a path whose begin is known only on the host that uses it.
_ABSOLUTE = r"[A-Za-z]:[\\/]|[\\/]|~|\$(?!\{?F\d*\b)"
# $F4 is the frame of Houdini.
_VARIABLE = r"\$(?!\{?F\d*\b)(?:\{(?P<braced>[A-Za-z_]\w*)\}|(?P<bare>[A-Za-z_]\w*))"


def absolute_path(path: str | os.PathLike[str], folder: str = "") -> str:
    """An absolute path; so is one of Windows with a drive on every system, one with ``~`` or ``$VAR``, and a URL.

    Args:
        folder: Where a relative path begins; the working directory when empty.
    """
    text = os.fspath(path)
    return text if re.match(_ABSOLUTE, text) or is_url(text) else os.path.join(folder or os.getcwd(), text)


def expand_path(path: str, environ: Mapping[str, str]) -> str:
    """A path with ``~`` and variables replaced, for the host that uses it; unknown ones stay as they are."""
    if path.startswith("~"):
        path = os.path.expanduser(path)
    if "$" not in path:
        return path
    return re.sub(_VARIABLE, lambda found: environ.get(found["braced"] or found["bare"], found[0]), path)


def unknown_variables(path: str) -> list[str]:
    """The names of the variables that are still in a path."""
    return [found["braced"] or found["bare"] for found in re.finditer(_VARIABLE, path)]


def each_path(value: Any, change: Callable[[str], str]) -> Any:  # Any: an argument as a user has written it
    """A path, or each path of a list or a dict, changed; anything else stays as it is."""
    if isinstance(value, (list, tuple)):
        return [each_path(one, change) for one in value]
    if isinstance(value, Mapping):
        return {name: each_path(one, change) for name, one in value.items()}
    return change(str(os.fspath(value))) if isinstance(value, (str, os.PathLike)) else value


class Path:
    """A file or folder, with attributes that say what the library does about it.

    Attributes are options by name. The library knows ``checked`` (the layer fails when the path is missing; False
    unless given) and ``mkdir`` (the folder is made before an output is written; False unless given); ``FileSpec``
    adds ``checkExt``. Modules may add their own.

    Two paths are equal, and hash alike, when their text is; a path also equals its text.
    """

    def __init__(self, path: object, **args: Any) -> None:  # Any: attributes are the module's own values
        """Make a path.

        Args:
            path: The path as text, or anything whose ``str`` is the path.
            args: The attributes.
        """
        self.__path = resolve(path)
        self.__attributes: dict[str, Any] = {"checked": False, "mkdir": False, **args}

    def get_attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or ``default`` when it is not set."""
        return self.__attributes.get(name, default)

    def set_attribute(self, name: str, value: Any) -> None:
        """Set an attribute."""
        self.__attributes[name] = value

    def get_attributes(self) -> dict[str, Any]:
        """A copy of all attributes."""
        return dict(self.__attributes)

    def mkdir(self) -> None:
        """Make the folder, and those above it; it is fine when it is there already."""
        os.makedirs(self.__path, exist_ok=True)

    def exists(self, frame_set: Any = None) -> bool:
        """Say whether the path is there; an empty file counts as missing, an empty folder does not.

        Args:
            frame_set: Not used here; a ``FileSpec`` looks for these frames.
        """
        return is_present(self.__path)

    def get_basename(self) -> str:
        """The name of the file, with its extension."""
        return os.path.basename(self.__path)

    def get_dirname(self) -> str:
        """The folder of the file; a path that is a folder returns itself."""
        return self.__path if os.path.isdir(self.__path) else os.path.dirname(self.__path)

    def get_ext(self) -> str:
        """The extension with its dot, or an empty text."""
        return os.path.splitext(self.__path)[1]

    def get_path(self) -> str:
        """The path as text, the way it was given."""
        return self.__path

    def get_size(self, frame_set: Any = None) -> int:
        """The size in bytes.

        Args:
            frame_set: Not used here; a ``FileSpec`` adds up these frames.

        Raises:
            OSError: There is no such file.
        """
        return os.path.getsize(self.__path)

    def __str__(self) -> str:
        return self.get_path()

    def __fspath__(self) -> str:
        return self.get_path()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.get_path()!r})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (str, os.PathLike)):
            return str(self) == str(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))


def is_present(path: str) -> bool:
    """Say whether a path is there and, if it is a file, holds at least one byte."""
    try:
        facts = os.stat(path)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False
    return facts.st_size > 0 or not stat.S_ISREG(facts.st_mode)
