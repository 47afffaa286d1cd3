# SPDX-License-Identifier: Apache-2.0
"""``pycuerun --watch``: looks again and again, and launches what has become new.

::

    this process ── sleeps, and never runs any of the user's code
         └── one fork at a time: a look, or a launch, which reads the outline anew
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..exception import LaunchException, NoItems, OutlineException
from .ending import EXIT_DEAD, EXIT_USAGE

__all__ = ["NEWS", "watch"]

NEWS = 1
"""The exit code of a look that has found something to run."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def watch(launch_first: Callable[[], int], look: Callable[[], int], launch: Callable[[], int], seconds: float) -> int:
    """Launch, then look every so often and launch again when there is something new.

    Each look and each launch is a fork of this process, so that it sees modules that were edited since, and leaves
    nothing behind. A first launch that cannot be ends it all, unless only the first item is missing. Later errors
    are told once, since somebody may be saving a file just now.

    Args:
        launch_first: The first launch, which gives an exit code.
        look: Gives ``NEWS`` when there is something new.
        launch: Every other launch.
        seconds: How long to wait between one and the next.

    Returns:
        In this process, when somebody has pressed Ctrl-C, the exit code of the last launch. In a fork, its own exit
        code.

    Raises:
        LaunchException: This system cannot fork.
    """
    if not hasattr(os, "fork"):
        raise LaunchException("--watch needs a system that can fork")
    code, told, work = 0, "", launch_first
    with _signals() as child:
        while True:
            if child.start():
                return _tell_once(work, told, child)
            ended, error = child.wait()
            has_news = work is look and ended == NEWS
            told = error or (told if has_news else "")
            if work is not look:
                code = ended
            if child.is_stopped or (work is launch_first and ended > EXIT_DEAD):
                return code
            work = launch if has_news else look
            if not has_news and not child.sleep(seconds):
                return code


def _tell_once(work: Callable[[], int], told: str, fork: _Child) -> int:
    """Do the work of a fork; an error goes to the process that watches, and to the user unless it was told before."""
    try:
        return work()
    except NoItems as error:
        fork.tell(str(error))
        if str(error) != told:
            print(f"{error.source} has no items yet; waiting for the first one", file=sys.stderr)
        return 0
    except OutlineException as error:
        fork.tell(str(error))
        if str(error) != told:
            print(f"pycuerun: {error}", file=sys.stderr)
        return EXIT_USAGE


class _Child:
    """The fork at work, if there is one; signals go on to it."""

    def __init__(self) -> None:
        self.is_fork = self.is_stopped = False
        self.__pid = self.__pipe = 0

    def start(self) -> bool:
        """Fork; True in the fork."""
        sys.stdout.flush()
        sys.stderr.flush()
        read, write = os.pipe()
        with _blocked():
            pid = os.fork()
            if pid:
                os.setpgid(pid, pid)  # Ctrl-C of the terminal reaches it through this process, and once
                os.close(write)
                self.__pid, self.__pipe = pid, read
                return False
            os.close(read)
            os.setpgid(0, 0)
            self.is_fork, self.__pipe = True, write
            for number in _SIGNALS:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
            return True

    def tell(self, text: str) -> None:
        """Of a fork: say what went wrong."""
        os.write(self.__pipe, text.encode("utf-8", "replace")[:4096])

    def wait(self) -> tuple[int, str]:
        """The exit code of the fork, and what went wrong."""
        _, status = os.waitpid(self.__pid, 0)
        self.__pid = 0
        os.set_blocking(self.__pipe, False)
        try:
            text = os.read(self.__pipe, 4096)
        except BlockingIOError:  # something that the fork has left behind has the pipe, too
            text = b""
        os.close(self.__pipe)
        code = os.waitstatus_to_exitcode(status)
        return 128 - code if code < 0 else code, text.decode()

    def sleep(self, seconds: float) -> bool:
        """Wait; False when there was a signal."""
        try:
            if not self.is_stopped:
                time.sleep(seconds)
        except KeyboardInterrupt:
            self.is_stopped = True
        return not self.is_stopped

    def stop(self, number: int, frame: Any) -> None:
        """Handle a signal."""
        self.is_stopped = True
        if not self.__pid:
            raise KeyboardInterrupt
        try:
            os.kill(self.__pid, number)
        except ProcessLookupError:
            pass  # it has ended just now


@contextmanager
def _signals() -> Iterator[_Child]:
    child = _Child()
    before = {number: signal.signal(number, child.stop) for number in _SIGNALS}
    try:
        yield child
    finally:
        if not child.is_fork:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _blocked() -> Iterator[None]:
    """Hold signals back until both processes know who they are."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
