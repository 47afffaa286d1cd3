# SPDX-License-Identifier: Apache-2.0
"""Starts the processes of frames, each in a process group of its own, and signals them."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import weakref
from typing import TYPE_CHECKING, NoReturn

from ...frame_run import run_frame
from .signals import STOP_SIGNALS, ignore_stop_signals

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from ...layer import Layer

__all__ = [
    "fork_frame",
    "forget_exit_handlers",
    "leave_after",
    "open_streams",
    "signal_group",
    "spawn",
    "warm_up",
]


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
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ, *STOP_SIGNALS],
    )


def fork_frame(layer: Layer, frame: int, log_fd: int, sock: socket.socket, hopeless: int) -> int:
    """Run a frame's Python in a fork, in a process group of its own, and return the process id.

    The environment is that of the caller, the streams are those of ``open_streams``. A fork pays for every page of
    memory that it writes to, some 3 microseconds, so as little as possible is done after it. The frame writes to the
    pipe ``hopeless`` when there is no point in trying it again.
    """
    pid = os.fork()
    if pid:
        try:
            os.setpgid(pid, pid)  # here and in the child, so that it is true for both from now on
        except OSError:
            pass
        return pid

    def run() -> int:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in _FRAME_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        os.close(sock.fileno())
        os.dup2(_null_fd, 0)
        os.dup2(log_fd, 1)
        os.dup2(log_fd, 2)
        return run_frame(layer, frame, when_hopeless=lambda: os.write(hopeless, b"1"))

    leave_after(run)


def leave_after(run: Callable[[], int]) -> NoReturn:
    """Be the process of a frame: run it, and end as an interpreter does, with the exit code that it gives."""
    code = 70
    try:
        code = run()
        _run_exit_handlers()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


# How an interpreter ends is private in the standard library. The one public way to run the exit handlers, and to let
# executors end their threads before, is to end it, which frees all memory, and a fork pays for each page of that.
# There is none to forget handlers.


def forget_exit_handlers() -> None:
    """Leave nothing registered for the end of this process, and of its forks: a folder made on import is there for all.

    What the frames of a runner register by themselves is run as they end.
    """
    atexit._clear()
    for finalizer in list(weakref.finalize._registry):  # type: ignore[attr-defined]  # there is no public list
        finalizer.atexit = False
    weakref.finalize._registered_with_atexit = False  # type: ignore[attr-defined]  # so it does that again if need be
    if "logging" in sys.modules:
        atexit.register(sys.modules["logging"].shutdown)
    if "multiprocessing.util" in sys.modules:
        atexit.register(sys.modules["multiprocessing.util"]._exit_function)


def _run_exit_handlers() -> None:
    """Wait for threads, if there are any, then run the exit handlers."""
    if "threading" in sys.modules and sys.modules["threading"].active_count() > 1:
        sys.modules["threading"]._shutdown()
    atexit._run_exitfuncs()


def warm_up() -> None:
    """Run what a fork runs for its frame often enough that the interpreter has adapted itself to it.

    Otherwise each fork would adapt its own copy of the memory, and pay for it.
    """
    from ...frames import FrameSet
    from ...layer import Layer
    from ...layer.state import state_of

    layer, frames = Layer("warm-up", register=False), FrameSet(range(1))
    for _ in range(_CALLS_UNTIL_ADAPTED):
        state_of(layer).begun = frames
        run_frame(layer, 0)
        ignore_stop_signals()  # as they are already


_CALLS_UNTIL_ADAPTED = 16
_FRAME_SIGNALS = (signal.SIGPIPE, *STOP_SIGNALS)
_null_fd = -1


def open_streams() -> None:
    """Open the streams of the frames that this process will fork; a fork only exchanges what is behind them."""
    global _null_fd
    _null_fd = os.open(os.devnull, os.O_RDWR)
    kept = [_exchange(number, _null_fd) for number in (0, 1, 2)]  # so that none is opened as a terminal or a pipe
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    for number, fd in enumerate(kept):
        if fd is not None:
            os.dup2(fd, number)
            os.close(fd)


def _exchange(number: int, fd: int) -> int | None:
    """Put another file behind a number and return the old one, or None when there was none."""
    try:
        kept = os.dup(number)
    except OSError:
        kept = None
    os.dup2(fd, number)
    return kept


def signal_group(pid: int, number: int) -> None:
    """Send a signal to all of a frame's processes; nothing happens when there are none."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
