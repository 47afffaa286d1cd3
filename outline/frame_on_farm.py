# SPDX-License-Identifier: Apache-2.0
"""How a frame ends on a farm: with an exit code that Cuebot takes for what it was, and with all of its output.

Cuebot tries a frame that ends with 33 or 137 for ever, each time with 2 GB more. After 33, it takes every later end of
the frame for the same, even a success. RQD hands on one line of output each time that something new is in the pipe, and
drops the rest when the process ends.

When RQD is killed its frames go on, and the farm starts them again.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable

from .frame_end import FarmStatus

__all__ = ["MemoryWatch", "end_with_rqd", "farm_status", "hand_over_output", "wait_until_read"]

_SIGKILL = 9

_POLL_SECONDS = 0.002
_PATIENCE_SECONDS = 15.0  # a host that does much else may need seconds for the 8 kB that RQD takes at a time
_STARTER_SECONDS = 0.1
# Processes start others while they are ended.
_ROUNDS = 3


def farm_status(status: int, signal: int, lacked_memory: bool) -> int:
    """The exit code of a frame on a farm, which is PyOutline's but for the codes that stand for a lack of memory.

    Only 137 stands for it here, because Cuebot never forgets a 33.

    Args:
        status: The status of a command, or 0.
        signal: The signal that ended the command, or 0.
        lacked_memory: Whether the frame had not enough memory.
    """
    if signal == _SIGKILL or (not signal and status == FarmStatus.KILLED):
        return int(FarmStatus.KILLED) if lacked_memory else 256 - _SIGKILL
    if signal:
        return 256 - signal
    if status == FarmStatus.OUT_OF_MEMORY:
        return int(FarmStatus.KILLED) if lacked_memory else 1
    return status


class MemoryWatch:
    """Knows whether a lack of memory can be why a frame failed; made before the frame begins."""

    def __init__(self) -> None:
        self.__kills = _kernel_kills()

    def lacked_memory(self) -> bool:
        """Whether the kernel has ended processes for their memory, or a command used all that the frame was given."""
        return _kernel_kills() > self.__kills or _exceeded_reservation()


def _kernel_kills() -> int:
    try:
        with open("/proc/vmstat", encoding="ascii") as lines:
            return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
    except (OSError, ValueError, IndexError):
        return 0


def _exceeded_reservation() -> bool:
    try:
        import resource

        reserved_kb = int(os.environ["CUE_MEMORY"])
    except (ImportError, KeyError, ValueError):
        return False
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >= reserved_kb > 0


def end_with_rqd() -> None:
    """End this process and all that it has started as soon as RQD is gone.

    Nobody waits for such a frame any more: the farm starts it again, and both would write the same files. RQD holds the
    other end of a frame's output, and the system closes it with RQD, however RQD ends. A thread waits for that. Where
    a command pipes its output (``| head``), the end of that pipe is no sign as long as RQD runs.
    """
    if "jobhost" not in os.environ or 1 not in _pipes():
        return
    import select
    import threading

    if not hasattr(select, "poll"):
        return
    output = os.dup(1)  # which stays what it is, whatever the frame makes of its own
    args = output, _starter()
    threading.Thread(target=_wait_for_the_end_of_rqd, args=args, name="outline-rqd", daemon=True).start()


def _starter() -> int:
    """The process that started the session of this one, which is RQD on a farm; 1 or 0 when unknown."""
    try:
        with open(f"/proc/{os.getsid(0)}/stat", encoding="latin-1") as facts:
            return int(facts.read().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _wait_for_the_end_of_rqd(output: int, rqd: int) -> None:
    import select

    poller = select.poll()
    poller.register(output, 0)  # which asks for nothing but that nobody reads any more
    poller.poll()
    while rqd > 1 and _starter() == rqd:  # also for a moment after RQD, whose pipes the system closes first
        time.sleep(_STARTER_SECONDS)
    _say_in_log("outline: RQD is gone; this attempt ends here, and the farm starts another one\n")
    _end_all()


def _say_in_log(line: str) -> None:
    from .progress import log_of

    try:
        with open(log_of(os.environ), "r+", encoding="utf-8") as log:
            log.seek(0, os.SEEK_END)
            log.write(line)
    except OSError:
        pass  # it is not to be seen from here


def _end_all() -> None:
    import psutil

    stopped = set()
    for _ in range(_ROUNDS):
        for process in psutil.Process().children(recursive=True):
            try:
                process.suspend()
                stopped.add(process.pid)
            except psutil.Error:
                continue
    # The system puts a shell in the place of this process and all its threads before the first command ends. No thread
    # goes on without its command, nor leaves the interpreter while this one works, which has crashed Python.
    os.execv("/bin/sh", ["sh", "-c", 'kill -9 "$@" 2>/dev/null; exit 1', "sh", *map(str, stopped)])


def hand_over_output() -> None:
    """Wait until RQD has read all that this process and its children wrote; costs a blank line in the log.

    RQD hands on what it holds when it reads one thing more, so a line feed is written into each empty pipe.
    """
    if "jobhost" not in os.environ:  # which RQD sets
        return
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    for fd in _pipes():
        try:
            if wait_until_read(fd):
                os.write(fd, b"\n")
                wait_until_read(fd)
        except OSError:
            pass  # nobody reads any more


def _pipes() -> list[int]:
    found: dict[tuple[int, int], int] = {}
    for fd in (1, 2):
        try:
            facts = os.fstat(fd)
        except OSError:
            continue
        if stat.S_ISFIFO(facts.st_mode):
            found.setdefault((facts.st_dev, facts.st_ino), fd)
    return list(found.values())


def wait_until_read(
    fd: int, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> bool:
    """Wait until a pipe is empty, as long as somebody reads it; False when nobody does any more."""
    left, deadline = _unread(fd), clock() + _PATIENCE_SECONDS
    while left:
        if clock() > deadline:
            return False
        sleep(_POLL_SECONDS)
        before, left = left, _unread(fd)
        if left != before:
            deadline = clock() + _PATIENCE_SECONDS
    return True


def _unread(fd: int) -> int:
    import array
    import fcntl
    import termios

    count = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, count)
    return count[0]
