# SPDX-License-Identifier: Apache-2.0
"""Ends frames that have outlived the processes that watched them: another attempt must not run beside them."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .spawn import signal_group

if TYPE_CHECKING:
    import psutil

__all__ = ["end_leftovers"]


def end_leftovers(log_prefix: str, variables: Mapping[str, str]) -> None:
    """Kill processes of frames, and their groups.

    A command is known by its environment. That of a fork is the one of its runner, as long as the system can tell;
    so whoever writes into a frame's log belongs to it as well. This process, what it started and what it was started
    from stay alive, whatever their variables say.

    Args:
        log_prefix: How the path of a log begins, for a frame or for all frames of a job.
        variables: What all these processes have in their environment.
    """
    import psutil

    own = psutil.Process()
    spared = {process.pid for process in (own, *own.parents(), *own.children(recursive=True))}
    log_prefix = os.path.join(os.path.realpath(os.path.dirname(log_prefix)), os.path.basename(log_prefix))
    for process in psutil.process_iter():
        try:
            if process.pid not in spared and _belongs(process, log_prefix, variables):
                if os.getpgid(process.pid) == process.pid:
                    signal_group(process.pid, signal.SIGKILL)
                process.kill()
        except (psutil.Error, OSError):
            continue


def _belongs(process: psutil.Process, log_prefix: str, variables: Mapping[str, str]) -> bool:
    import psutil

    if any(path.startswith(log_prefix) for path in _outputs(process.pid)):
        return True
    try:
        environ = process.environ()
    except psutil.Error:
        return False
    return all(environ.get(key) == value for key, value in variables.items())


def _outputs(pid: int) -> list[str]:
    """The files behind both outputs of a process, where the system tells."""
    found = []
    for number in (1, 2):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{number}"))
        except OSError:
            continue
    return found
