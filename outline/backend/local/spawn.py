# SPDX-License-Identifier: Apache-2.0
"""Starts the processes of frames, each in a process group of its own, and signals them."""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...layer import Layer

__all__ = ["fork_frame", "signal_group", "spawn"]


def spawn(program: str, argv: list[str], environ: dict[str, str], log_fd: int) -> int:
    """Start a program in a process group of its own, without input, its output into the log."""
    return os.posix_spawn(
        program,
        argv,
        environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, log_fd, 1),
            (os.POSIX_SPAWN_DUP2, log_fd, 2),
        ],
        setpgroup=0,
        setsigmask=[],
        setsigdef=[signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM],
    )


def fork_frame(layer: Layer, frame: int, environ: dict[str, str], log_fd: int, sock: socket.socket) -> int:
    """Run a frame's Python in a fork, in a process group of its own, and return the process id."""
    pid = os.fork()
    if pid:
        try:
            os.setpgid(pid, pid)  # here and in the child, so that it is true for both from now on
        except OSError:
            pass
        return pid
    code = 70
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        sock.close()
        _redirect(log_fd)
        os.environ.clear()
        os.environ.update(environ)
        from ...frame_run import run_frame

        code = run_frame(layer, frame)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _redirect(log_fd: int) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    os.close(null)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def signal_group(pid: int, number: int) -> None:
    """Send a signal to all of a frame's processes; nothing happens when there are none."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
