# SPDX-License-Identifier: Apache-2.0
"""The user's name and folders, even without HOME, USER or a passwd entry."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

__all__ = ["built_in_text", "config_base_directory", "home_directory", "login_name", "package_home", "temp_directory"]

_USER_VARIABLES = ("USER", "LOGNAME", "LNAME", "USERNAME")
_TEMP_VARIABLES = ("TMPDIR", "TEMP", "TMP")


def home_directory(environ: Mapping[str, str] | None = None) -> str | None:
    """The user's home folder, or None without one, as in many containers.

    ``os.path.expanduser`` would leave the ``~``, which then names a folder in the working directory.
    """
    environ = os.environ if environ is None else environ
    named = environ.get("USERPROFILE" if os.name == "nt" else "HOME")
    if named:
        return named if os.path.isabs(named) else None
    return _passwd_field("pw_dir")


def config_base_directory(environ: Mapping[str, str] | None = None) -> str:
    """The folder of OpenCue's configuration files. Empty when the user has no home folder."""
    environ = os.environ if environ is None else environ
    if os.name == "nt":
        roaming = environ.get("APPDATA")
        return os.path.join(roaming, "opencue") if roaming else ""
    home = home_directory(environ)
    return os.path.join(home, ".config", "opencue") if home else ""


def login_name(environ: Mapping[str, str] | None = None) -> str:
    """The user's name, or the user ID as text when there is no name."""
    environ = os.environ if environ is None else environ
    for variable in _USER_VARIABLES:
        if environ.get(variable):
            return environ[variable]
    number = os.getuid() if hasattr(os, "getuid") else 1
    return _passwd_field("pw_name") or str(number)


def temp_directory(environ: Mapping[str, str] | None = None) -> str:
    """The folder for temporary files. Avoids loading ``tempfile``, which takes several milliseconds."""
    environ = os.environ if environ is None else environ
    for folder in [environ.get(variable) for variable in _TEMP_VARIABLES]:
        if folder and os.path.isdir(folder):
            return os.path.abspath(folder)
    if "tempfile" not in sys.modules and os.name == "posix" and os.access("/tmp", os.W_OK):
        return "/tmp"
    import tempfile  # a program that has loaded it may have set another folder

    return tempfile.gettempdir()


def built_in_text() -> str:
    """The built-in configuration, ``outline.cfg`` in the package. Works from a zip file too."""
    package = sys.modules[__name__.partition(".")[0]]
    path = os.path.join(os.path.dirname(package.__file__ or ""), "outline.cfg")
    data: bytes = package.__spec__.loader.get_data(path)  # type: ignore[union-attr]
    return data.decode()


def package_home() -> str:
    """The folder that contains the package ``outline``."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _passwd_field(field: str) -> str | None:
    """A field of the user's passwd entry. Windows has no ``pwd`` module."""
    try:
        import pwd

        value: str = getattr(pwd.getpwuid(os.getuid()), field)
    except (ImportError, KeyError):
        return None
    return value or None
