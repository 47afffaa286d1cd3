# SPDX-License-Identifier: Apache-2.0
"""Every attempt at the frames of a job, for whoever looks back; to run a job, the last one of each frame is enough."""

from __future__ import annotations

from typing import NamedTuple

from ...frame_end import FrameEnd
from ...scheduler import FrameState

__all__ = ["AttemptBook", "AttemptRecord"]


class AttemptRecord(NamedTuple):
    """One attempt at a frame.

    Attributes:
        ref: The frame's number in the job.
        attempt: Which attempt it was, from 1.
        host: Where it ran: the host of its launcher, unless its end names another one.
        started: When it began, in seconds since 1970.
        stopped: When it was over; None while it runs. An attempt whose launcher is gone was over, at the latest, when
            that wrote its last line.
        state: The state that it left the frame in.
        end: How it ended; None when nobody saw that.
    """

    ref: int
    attempt: int
    host: str
    started: float
    stopped: float | None = None
    state: FrameState = FrameState.RUNNING
    end: FrameEnd | None = None


class AttemptBook:
    """Collects attempts; the reader of a journal fills it.

    Attributes:
        attempts: In the order of their starts.
    """

    def __init__(self) -> None:
        self.attempts: list[AttemptRecord] = []
        self.__open: dict[int, int] = {}  # where the attempts that run stand in the list

    def start(self, ref: int, attempt: int, host: str, started: float) -> None:
        """Note that an attempt began."""
        self.__open[ref] = len(self.attempts)
        self.attempts.append(AttemptRecord(ref, attempt, host, started))

    def end(self, ref: int, attempt: int, host: str, stopped: float, state: FrameState, end: FrameEnd) -> None:
        """Note how an attempt ended; when the line of its start is damaged, the end tells when that was."""
        place = self.__open.pop(ref, None)
        if place is None:
            host = end.host or host
            self.attempts.append(AttemptRecord(ref, attempt, host, stopped - end.seconds, stopped, state, end))
        else:
            begun = self.attempts[place]._replace(stopped=stopped, state=state, end=end)
            if end.host or end.told_after:  # it has waited for others, there or for its end to be told
                begun = begun._replace(host=end.host, started=stopped - end.seconds)
            self.attempts[place] = begun

    def lose(self, seen: float) -> None:
        """Note that whoever ran the attempts that are open is gone, and was last seen then."""
        for place in self.__open.values():
            self.attempts[place] = self.attempts[place]._replace(stopped=seen, state=FrameState.WAITING)
        self.__open.clear()
