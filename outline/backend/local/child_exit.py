# SPDX-License-Identifier: Apache-2.0
"""How a worker that also listens to its launcher learns that the process of its frame has ended."""

from __future__ import annotations

import os
import select
import signal

from .spawn import signal_group

__all__ = ["ChildExit"]


class ChildExit:
    """Lets a poll return when a child process has ended, one child at a time; the poll may return early.

    Where the system has file descriptors of processes it polls those. Elsewhere a handler of SIGCHLD writes to a pipe;
    it is there only while a child is watched, so that no fork has to take it away.
    """

    def __init__(self, poll: select.poll) -> None:
        self.__poll = poll
        self.__child = self.__wake = -1
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # whatever a module of the user's has set
        if not _has_process_descriptors():
            self.__wake, wake_write = os.pipe()
            os.set_blocking(self.__wake, False)
            os.set_blocking(wake_write, False)
            signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
            poll.register(self.__wake, select.POLLIN)

    def watch(self, pid: int) -> None:
        """Watch a child of this process, which may have ended already: that is to be asked for afterwards.

        Raises:
            OSError: It cannot be watched, and has been killed.
        """
        if self.__wake >= 0:
            signal.signal(signal.SIGCHLD, lambda *_: None)
            return
        if self.__child >= 0:  # an error has kept the caller from forgetting the one before
            self.forget()
        try:
            self.__child = os.pidfd_open(pid)
        except OSError:
            signal_group(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        self.__poll.register(self.__child, select.POLLIN)

    def heard(self) -> None:
        """Make ready for the next poll, after one that returned for another file than those of the caller."""
        if self.__wake >= 0:
            os.read(self.__wake, 4096)

    def forget(self) -> None:
        """Watch the child no more."""
        if self.__wake >= 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return
        self.__poll.unregister(self.__child)
        os.close(self.__child)
        self.__child = -1


def _has_process_descriptors() -> bool:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):  # another system, or an old kernel
        return False
    return True
