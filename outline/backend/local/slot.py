# SPDX-License-Identifier: Apache-2.0
"""The launcher's end of a worker."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator
from typing import Any

from .wire import PID, Lines, send

__all__ = ["Slot"]


class Slot:
    """A worker as the run loop sees it: what runs there, and what it has been handed ahead.

    The run loop makes it with the worker, and closes it when the worker has died or the job is over.

    Attributes:
        sock: The socket to the worker.
        pid: Its process id; 0 until it has told.
        refs: The frames of the process that runs there; empty when none does.
        queue: The frames of each process that is to run after that one, and which the worker has not given back.
        cores: What its frames have, all of them the same.
        memory_kb: Likewise.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.__lines = Lines(sock)
        self.pid = 0
        self.refs: list[int] = []
        self.queue: deque[list[int]] = deque()
        self.cores = 0.0
        self.memory_kb = 0

    @property
    def is_busy(self) -> bool:
        """Whether it runs a frame, or may be about to begin one."""
        return bool(self.refs or self.queue)

    def tell(self, *message: object) -> None:
        """Send a message. Does nothing when the worker has died, for the run loop finds the socket closed."""
        try:
            send(self.sock, message)
        except OSError:
            pass

    def hear(self) -> Iterator[Any]:
        """Yield what the worker has said of its frames; None when it has died. Waits for the first message only."""
        while True:
            message = self.__lines.read()
            if message is not None and message[0] == PID:
                self.pid = message[1]
            else:
                yield message
            if message is None or not self.__lines.is_waiting:
                return
