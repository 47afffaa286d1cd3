# SPDX-License-Identifier: Apache-2.0
"""Workers that a test plays: it reads what the run loop says to each, and says what a worker would."""

from __future__ import annotations

import queue
import socket
from typing import Any

from outline.backend.local.wire import BACK, END, PID, RUN, Lines, send
from outline.frame_end import EndedBy, FrameEnd

__all__ = ["FakeRunner", "FakeWorker"]

_PATIENCE_SECONDS = 30.0


class FakeWorker:
    """The other end of a slot of the run loop."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(_PATIENCE_SECONDS)
        self.sock = sock
        self.__lines = Lines(sock)

    def told(self) -> list[Any]:
        """The next message from the run loop, of each request only layer, number and attempt."""
        word, *rest = self.__lines.read()
        return [word, *(part for request in rest[0] for part in request[:3])] if word == RUN else [word]

    def hears_nothing(self, seconds: float = 0.1) -> bool:
        """Whether the run loop says nothing for a while."""
        self.sock.settimeout(seconds)
        try:
            return self.__lines.read() is None
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(_PATIENCE_SECONDS)

    def end(
        self, status: int = 0, ended_by: EndedBy = EndedBy.ITSELF, *, frames: int = 1, seconds: float = 0.1
    ) -> None:
        """Say that frames have ended; the next one of those that the worker has, if there is one, begins.

        Args:
            status: That of each of their processes.
            ended_by: Who ended them.
            frames: How many.
            seconds: How long each has run.
        """
        end = FrameEnd(status, ended_by=ended_by, seconds=seconds, reason="a reason" if status else "").to_dict()
        send(self.sock, [END, [end] * frames])

    def give_back(self, frames: int = 1) -> None:
        """Say that frames will not begin here, those after the one that runs."""
        send(self.sock, [BACK, frames])

    def wake(self) -> None:
        """Make the run loop look at its clock."""
        send(self.sock, [PID, 0])

    def die(self) -> None:
        """End without a word."""
        self.sock.close()


class FakeRunner:
    """Starts workers that a test plays.

    Attributes:
        runs_ahead: As of a ``Runner``.
        batch_seconds: Likewise.
    """

    batch_seconds = 0.0

    def __init__(self, *, runs_ahead: bool = True) -> None:
        self.runs_ahead = runs_ahead
        self.__workers: queue.Queue[FakeWorker] = queue.Queue()
        self.__all: list[FakeWorker] = []
        self.__is_over = False

    def new_worker(self) -> socket.socket:
        """A socket, the other end of which ``worker`` gives.

        Raises:
            OSError: The test is over.
        """
        if self.__is_over:
            raise OSError(0, "the test has failed")
        ours, theirs = socket.socketpair()
        self.__all.append(FakeWorker(theirs))
        self.__workers.put(self.__all[-1])
        return ours

    def worker(self) -> FakeWorker:
        """The next worker that the run loop has started."""
        return self.__workers.get(timeout=_PATIENCE_SECONDS)

    def fail(self) -> None:
        """Let the run loop end: no worker lives, and none comes."""
        self.__is_over = True
        for worker in self.__all:
            worker.die()

    def close(self) -> None:
        """Do nothing: the test ends the workers."""
