# SPDX-License-Identifier: Apache-2.0
"""Workers that a test plays: it reads what the run loop says to each, and says what a worker would."""

from __future__ import annotations

import queue
import socket
from typing import Any

from outline.backend.local.wire import AHEAD, BACK, BEGUN, END, PID, RUN, Lines, send
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
        """The next message from the run loop, of a request only layer, number and attempt."""
        word, *rest = self.__lines.read()
        return [word, *rest[:3]] if word in (RUN, AHEAD) else [word]

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
        self,
        status: int = 0,
        ended_by: EndedBy = EndedBy.ITSELF,
        *,
        goes_on: bool = False,
        ends_that: bool = False,
    ) -> None:
        """Say that the frame has ended, and in the same breath what happened since.

        Args:
            status: That of its process.
            ended_by: Who ended it.
            goes_on: The next frame has begun.
            ends_that: And ended.
        """
        end = [END, FrameEnd(status, ended_by=ended_by, seconds=0.1, reason="a reason" if status else "").to_dict()]
        send(self.sock, end, *([[BEGUN]] if goes_on else []), *([end] if ends_that else []))

    def begin(self) -> None:
        """Say that the frame begins that was handed ahead."""
        send(self.sock, [BEGUN])

    def give_back(self) -> None:
        """Say that it will not."""
        send(self.sock, [BACK])

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
