# SPDX-License-Identifier: Apache-2.0
"""A frame that a worker is to run, and how long it may take."""

from __future__ import annotations

import os
from typing import NamedTuple

from ...frame_end import EndedBy
from .log import FrameLog

__all__ = ["Request", "Watch"]


class Request(NamedTuple):
    """A frame to run.

    Attributes:
        layer: Its layer.
        frame: Its number, that of the first frame of its chunk.
        attempt: Which try it is.
        cores: The cores that it has.
        memory_kb: The memory that it has.
        timeout_seconds: How long it may run; None for ever.
        timeout_llu_seconds: How long it may write nothing to its log; None for ever.
        frames: All frames that the process is to run, in a layer whose chunk is a length of time.
        is_second: It runs beside the first attempt, which is late, so its log has a name of its own.
    """

    layer: str
    frame: int
    attempt: int
    cores: float
    memory_kb: int
    timeout_seconds: float | None
    timeout_llu_seconds: float | None
    frames: str = ""
    is_second: bool = False


class Watch:
    """Knows when a frame has run, or has been silent, for too long. Uses the steady clock and the size of the log."""

    def __init__(self, log: FrameLog, started: float, request: Request) -> None:
        self.log = log
        self.stopped = False
        self.__request = request
        self.started = started
        self.__size = -1
        self.__grown = started
        self.is_needed = request.timeout_seconds is not None or request.timeout_llu_seconds is not None

    def overdue(self, now: float) -> tuple[EndedBy, str]:
        """What must end the frame, and why in words; empty when nothing must."""
        limit = self.__request.timeout_seconds
        if limit is not None and now - self.started >= limit:
            return EndedBy.TIME_LIMIT, f"ran longer than its timeout of {limit / 60:g} minutes"
        limit = self.__request.timeout_llu_seconds
        if limit is not None:
            size = os.fstat(self.log.fd).st_size
            if size != self.__size:
                self.__size, self.__grown = size, now
            if now - self.__grown >= limit:
                reason = f"wrote nothing to its log for its timeout_llu of {limit / 60:g} minutes"
                return EndedBy.SILENCE_LIMIT, reason
        return EndedBy.ITSELF, ""

    def next_look(self, now: float) -> float:
        """When ``overdue`` may give another answer."""
        times = [float("inf")]
        if self.__request.timeout_seconds is not None:
            times.append(self.started + self.__request.timeout_seconds)
        if self.__request.timeout_llu_seconds is not None:
            times.append(now + min(1.0, self.__request.timeout_llu_seconds / 4))
        return min(times)
