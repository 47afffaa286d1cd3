# SPDX-License-Identifier: Apache-2.0
"""Where things are: the folder of a farm, and the folder for what is made once per user."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from outline.config.places import home_directory

from .errors import FarmError

__all__ = ["FarmPlaces", "cache_folder", "default_farm_folder"]


class FarmPlaces:
    """Names the files in the folder of a farm; makes none of them."""

    def __init__(self, folder: Path) -> None:
        # Resolved, because processes are known by it: the same folder must have one spelling.
        self.folder = Path(os.path.realpath(folder))

    @property
    def record(self) -> Path:
        """The file that says which processes the farm is made of; it is there while there is a farm."""
        return self.folder / "farm.json"

    @property
    def lock(self) -> Path:
        """The file that is locked while a farm is started or stopped."""
        return self.folder / "lock"

    @property
    def address(self) -> Path:
        """The file into which the server writes where it listens."""
        return self.folder / "server-address"

    @property
    def state(self) -> Path:
        """The server's database of jobs, which outlives the farm."""
        return self.folder / "farm.sqlite"

    @property
    def logs(self) -> Path:
        """The folder of all logs: of the server, of each RQD, and of frames."""
        return self.folder / "logs"

    @property
    def server_log(self) -> Path:
        """What the server prints."""
        return self.logs / "server.log"

    @property
    def frame_logs(self) -> Path:
        """The server's root for the logs of frames."""
        return self.logs / "frames"

    def host_log(self, name: str) -> Path:
        """Return the file of what an RQD prints."""
        return self.logs / f"{name}.log"

    def host_config(self, name: str) -> Path:
        """Return the configuration file of an RQD."""
        return self.folder / "hosts" / f"{name}.conf"

    def host_temp(self, name: str) -> Path:
        """Return the folder for the temporary files of an RQD; its frames begin there."""
        return self.folder / "tmp" / name

    @property
    def temp(self) -> Path:
        """The folder of all temporary files, which goes with the farm."""
        return self.folder / "tmp"


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder for what can be made again: ``$XDG_CACHE_HOME/outline-farm``, or the one in ``~/.cache``."""
    return _user_folder("XDG_CACHE_HOME", ".cache", environ) / "outline-farm"


def default_farm_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of the farm when none is named: in ``$XDG_STATE_HOME``, or in ``~/.local/state``."""
    return _user_folder("XDG_STATE_HOME", os.path.join(".local", "state"), environ) / "outline-farm" / "farm"


def _user_folder(variable: str, below_home: str, environ: Mapping[str, str] | None) -> Path:
    environ = os.environ if environ is None else environ
    named = environ.get(variable, "")
    if os.path.isabs(named):
        return Path(named)
    home = home_directory(environ)
    if not home:
        raise FarmError(f"this user has no home folder; set {variable}, or name a folder with --dir")
    return Path(home) / below_home
