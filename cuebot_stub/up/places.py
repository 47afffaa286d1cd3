# SPDX-License-Identifier: Apache-2.0
"""The paths in the folder of a farm, and the user's cache folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from outline.config.places import home_directory

from .errors import FarmError

__all__ = ["FarmPlaces", "cache_folder", "default_farm_folder"]


class FarmPlaces:
    """The paths of the files in the folder of a farm. Creates none of them.

    Attributes:
        folder: The folder itself.
        record: The file that lists the processes of the farm. Exists while the farm runs.
        lock: The file that a command locks while it starts or stops the farm.
        address: The file into which the server writes its address.
        state: The server's database of jobs, which outlives the farm.
        logs: The folder of all logs: those of the server, of each RQD, and of frames.
        server_log: The log of the server.
        frame_logs: The server's root for the logs of frames.
        temp: The folder of all temporary files. ``down`` removes it.
    """

    def __init__(self, folder: Path) -> None:
        # Resolved, because processes are known by it: the same folder must have one spelling.
        self.folder = Path(os.path.realpath(folder))
        self.record, self.lock = self.folder / "farm.json", self.folder / "lock"
        self.address, self.state = self.folder / "server-address", self.folder / "farm.sqlite"
        self.logs, self.temp = self.folder / "logs", self.folder / "tmp"
        self.server_log, self.frame_logs = self.logs / "server.log", self.logs / "frames"

    def host_log(self, name: str) -> Path:
        """The log of an RQD."""
        return self.logs / f"{name}.log"

    def host_config(self, name: str) -> Path:
        """The configuration file of an RQD."""
        return self.folder / "hosts" / f"{name}.conf"

    def host_temp(self, name: str) -> Path:
        """The folder for the temporary files of an RQD, the working directory of its frames."""
        return self.folder / "tmp" / name


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The user's cache folder: ``$XDG_CACHE_HOME/outline-farm``, or the one in ``~/.cache``."""
    return _user_folder("XDG_CACHE_HOME", ".cache", environ) / "outline-farm"


def default_farm_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The default folder of the farm, in ``$XDG_STATE_HOME`` or ``~/.local/state``."""
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
