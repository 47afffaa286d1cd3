# SPDX-License-Identifier: Apache-2.0
"""Checks what RQD needs of a machine before it starts, because RQD fails late and silently."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from .errors import FarmError

__all__ = ["check_machine", "loopback_interface", "search_path", "threads_per_core"]

_TIME = "/usr/bin/time"


def check_machine(time_program: str = _TIME, rqd_user: str = "daemon") -> None:
    """Check that RQD can run here.

    Raises:
        FarmError: Something is missing; the text says what to install.
    """
    if not os.access(time_program, os.X_OK):
        raise FarmError(
            f"RQD runs every frame with {time_program}, which is missing; Debian and Ubuntu: apt install time"
        )
    if sys.platform == "linux" and not _has_user(rqd_user):
        raise FarmError(f"RQD looks up the user {rqd_user!r} when it starts, and /etc/passwd has none")
    loopback_interface()


def _has_user(name: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def loopback_interface() -> str:
    """The name of the interface with 127.0.0.1. Without a name, RQD listens on all interfaces.

    Raises:
        FarmError: No interface has it.
    """
    import psutil

    for name, addresses in psutil.net_if_addrs().items():
        if any(entry.address == "127.0.0.1" for entry in addresses):
            return name
    raise FarmError("no network interface has the address 127.0.0.1, and RQD would listen on all others")


def threads_per_core(cpuinfo: str | None = None) -> int:
    """The number of threads for each core, by which RQD divides a number of cores from its configuration.

    Args:
        cpuinfo: The text of ``/proc/cpuinfo``. Default: the file is read, as RQD does.
    """
    if cpuinfo is None:
        try:
            cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return 1
    siblings = re.findall(r"^siblings\s*: (\d+)", cpuinfo, re.MULTILINE)
    cores = re.findall(r"^cpu cores\s*: ([1-9]\d*)", cpuinfo, re.MULTILINE)
    if not siblings or not cores:
        return 1
    return max(1, int(siblings[-1]) // int(cores[-1]))


def search_path(current: str, executable: str = sys.executable) -> str:
    """The ``PATH`` of the hosts: the folder of this library's programs, then the user's ``PATH``.

    Args:
        current: The user's ``PATH``.
        executable: The interpreter of this library. ``pycuerun`` is in its folder.
    """
    checkout = Path(__file__).resolve().parents[2] / "bin"
    folders = [os.path.dirname(os.path.abspath(executable))]
    if not os.path.exists(os.path.join(folders[0], "pycuerun")) and (checkout / "pycuerun").exists():
        folders.insert(0, str(checkout))
    return os.pathsep.join(dict.fromkeys([*folders, *filter(None, current.split(os.pathsep))]))
