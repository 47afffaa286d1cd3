# SPDX-License-Identifier: Apache-2.0
"""Who the user is and where their folders are, also without HOME, USER or a passwd entry."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

__all__ = ["built_in_text", "config_base_directory", "home_directory", "login_name", "package_home", "temp_directory"]

_USER_VARIABLES = ("USER", "LOGNAME", "LNAME", "USERNAME")
_TEMP_VARIABLES = ("TMPDIR", "TEMP", "TMP")


def home_directory(environ: Mapping[str, str] | None = None) -> str | None:
    """Return the user's home folder, or None where there is none, as in many containers.

    ``os.path.expanduser`` would leave the ``~``, which is then taken for a folder of the working directory.
    """
    environ = os.environ if environ is None else environ
    named = environ.get("USERPROFILE" if os.name == "nt" else "HOME")
    if named:
        return named if os.path.isabs(named) else None
    return _passwd_field("pw_dir")


def config_base_directory(environ: Mapping[str, str] | None = None) -> str:
    """Return the folder of OpenCue's configuration files, or an empty text where the user has no home folder."""
    environ = os.environ if environ is None else environ
    if os.name == "nt":
        roaming = environ.get("APPDATA")
        return os.path.join(roaming, "opencue") if roaming else ""
    home = home_directory(environ)
    return os.path.join(home, ".config", "opencue") if home else ""


def login_name(environ: Mapping[str, str] | None = None) -> str:
    """Return the user's name, or the number of the user as text where nothing knows a name."""
    environ = os.environ if environ is None else environ
    for variable in _USER_VARIABLES:
        if environ.get(variable):
            return environ[variable]
    number = os.getuid() if hasattr(os, "getuid") else 1
    return _passwd_field("pw_name") or str(number)


def temp_directory(environ: Mapping[str, str] | None = None) -> str:
    """Return the folder for temporary files; ``tempfile`` costs several milliseconds, so it is not loaded for this."""
    environ = os.environ if environ is None else environ
    for folder in [environ.get(variable) for variable in _TEMP_VARIABLES]:
        if folder and os.path.isdir(folder):
            return os.path.abspath(folder)
    if "tempfile" not in sys.modules and os.name == "posix" and os.access("/tmp", os.W_OK):
        return "/tmp"
    import tempfile  # a program that has loaded it may have told it another folder

    return tempfile.gettempdir()


def built_in_text() -> str:
    """Return the text of the built-in configuration, ``outline.cfg`` in the package, also from a zip file."""
    package = sys.modules[__name__.partition(".")[0]]
    path = os.path.join(os.path.dirname(package.__file__ or ""), "outline.cfg")
    data: bytes = package.__spec__.loader.get_data(path)  # type: ignore[union-attr]
    return data.decode()


def package_home() -> str:
    """Return the folder that holds the package ``outline``."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _passwd_field(field: str) -> str | None:
    """Look the user up in the passwd database; ``pwd`` is not there on Windows."""
    try:
        import pwd

        value: str = getattr(pwd.getpwuid(os.getuid()), field)
    except (ImportError, KeyError):
        return None
    return value or None
