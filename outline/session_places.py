# SPDX-License-Identifier: Apache-2.0
"""Where this user's sessions are, and who may read and write them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from . import config
from .config.places import home_directory, temp_directory
from .exception import ConfigException, SessionException
from .files import make_private_folder
from .util import get_uid

__all__ = ["file_mode", "inside", "make_folder", "sessions_folder", "share"]

_VARIABLE = r"\$(?:\$|(\w+)|\{(\w+)\})"


def sessions_folder(show: str, shot: str, *, quote: Callable[[str], str] = str) -> str:
    """Where the sessions of a shot go: ``[outline] session_dir`` with its variables replaced.

    Args:
        show: The show.
        shot: The shot.
        quote: Converts the values of variables and the home folder, for example to escape them in a pattern.

    Raises:
        SessionException: The configuration has an unknown placeholder or variable, or a name leads outside the folder.
    """
    text = config.get("outline", "session_dir")
    problem = f"[outline] session_dir = {text!r} has a"

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if not name:
            return "$"
        if name not in os.environ:
            raise SessionException(f"{problem} variable ${name} that is not set")
        return quote(os.environ[name]).replace("{", "{{").replace("}", "}}")

    pattern = "{HOME}" + text[1:] if text == "~" or text.startswith("~/") else text
    pattern = re.sub(_VARIABLE, value, pattern) if "$" in pattern else pattern
    home = quote(_home()) if "{HOME" in pattern else ""
    for kind, name in (("show", show), ("shot", shot)):
        if f"{{{kind.upper()}" in pattern and (os.path.isabs(name) or os.pardir in re.split(r"[/\\]", name)):
            raise SessionException(f"the {kind} {name!r} cannot be the name of a folder: it leads elsewhere")
    try:
        return os.path.expanduser(pattern.format(HOME=home, SHOW=show, SHOT=shot))
    except (KeyError, IndexError, ValueError) as error:
        raise SessionException(
            f"{problem} placeholder {error}; there are {{HOME}}, {{SHOW}}, {{SHOT}} and $VARIABLES"
        ) from error


def inside(folder: str, name: str) -> str:
    """The path of a name in a folder or its subfolders.

    Raises:
        SessionException: The name leads out of the folder.
    """
    path = os.path.join(folder, name)
    if (os.pardir in name or os.path.isabs(name)) and not os.path.normpath(path).startswith(folder + os.sep):
        raise SessionException(f"{name!r} leads out of the folder {folder}; name a file inside of it")
    return path


def file_mode() -> int | None:
    """The permissions of files in a session, from [outline] session_mode. None means those of the umask."""
    return 0o664 if _is_for_group() else None


def share(fd: int) -> None:
    """Set the permissions of session files on an open file that this process made."""
    mode = file_mode()
    if mode is not None:
        try:
            os.fchmod(fd, mode)
        except PermissionError:  # a colleague made it, and has opened it already
            pass


def _is_for_group() -> bool:
    mode = config.get("outline", "session_mode", fallback="")
    if mode not in ("", "group"):
        raise ConfigException(f"[outline] session_mode = {mode!r} must be 'group', or empty for the umask")
    return bool(mode)


def make_folder(path: str, *, below: str) -> None:
    """Make a folder and its parents. With [outline] session_mode = group, they are open to the group."""
    if os.path.isdir(path):
        return
    missing = []
    parent = path
    while parent and not os.path.isdir(parent):
        missing.append(parent)
        parent = os.path.dirname(parent)
    for_group = _is_for_group()
    os.makedirs(path, exist_ok=True)
    if for_group:
        for folder in missing:
            if folder.startswith(os.path.abspath(below)):
                os.chmod(folder, 0o2775)


def _home() -> str:
    """The user's home folder. Without one, a folder of the user's in the folder for temporary files.

    Raises:
        SessionException: Somebody else made that folder, or put a link in its place.
    """
    home = home_directory()
    if home and home != "/":
        return home
    folder = os.path.join(temp_directory(), f"outline-{get_uid()}")
    try:
        make_private_folder(folder)
    except PermissionError as error:
        raise SessionException(f"{folder} {error.strerror}; set HOME or [outline] session_dir") from error
    return folder
