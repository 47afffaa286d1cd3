# SPDX-License-Identifier: Apache-2.0
"""The states of a frame and the allowed moves between them."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

__all__ = ["MOVES", "FrameState", "IllegalMove", "Move", "Signal"]


class FrameState(str, Enum):
    """The state of a frame, with OpenCue's names and meanings."""

    WAITING = "WAITING"  #: May start as soon as there is room.
    DEPEND = "DEPEND"  #: Waits for other frames.
    RUNNING = "RUNNING"  #: A process renders it.
    SUCCEEDED = "SUCCEEDED"  #: It is done.
    DEAD = "DEAD"  #: Failed, with no retries left.
    EATEN = "EATEN"  #: Given up on purpose. The job succeeds without it.


class Signal(str, Enum):
    """What can happen to a frame."""

    SATISFIED = "SATISFIED"  #: The last of its dependencies is done.
    UNSATISFIED = "UNSATISFIED"  #: One of its dependencies is no longer done.
    STARTED = "STARTED"  #: A process started for it.
    EXITED_GOOD = "EXITED_GOOD"  #: The process ended well.
    EXITED_BAD = "EXITED_BAD"  #: The process failed, and the frame may be tried again.
    GAVE_UP = "GAVE_UP"  #: The process failed for the last time.
    EATEN = "EATEN"  #: Somebody, or autoeat, ate it.
    RETRIED = "RETRIED"  #: Somebody wants it to run again.


class Move(NamedTuple):
    """A frame went from one state to another."""

    ref: int
    before: FrameState
    after: FrameState


_S, _G = FrameState, Signal

MOVES: dict[tuple[FrameState, Signal], FrameState] = {
    (_S.DEPEND, _G.SATISFIED): _S.WAITING,
    (_S.WAITING, _G.UNSATISFIED): _S.DEPEND,
    # Only on a farm: frames that wait for a retried frame run again.
    (_S.SUCCEEDED, _G.UNSATISFIED): _S.DEPEND,
    (_S.DEAD, _G.UNSATISFIED): _S.DEPEND,
    (_S.WAITING, _G.STARTED): _S.RUNNING,
    (_S.RUNNING, _G.EXITED_GOOD): _S.SUCCEEDED,
    (_S.RUNNING, _G.EXITED_BAD): _S.WAITING,
    (_S.RUNNING, _G.GAVE_UP): _S.DEAD,
    (_S.RUNNING, _G.EATEN): _S.EATEN,
    (_S.WAITING, _G.EATEN): _S.EATEN,
    (_S.DEPEND, _G.EATEN): _S.EATEN,
    (_S.DEAD, _G.EATEN): _S.EATEN,
    # Eaten while it ran: its process ends later, which changes nothing.
    (_S.EATEN, _G.EXITED_GOOD): _S.EATEN,
    (_S.EATEN, _G.EXITED_BAD): _S.EATEN,
    (_S.EATEN, _G.GAVE_UP): _S.EATEN,
    (_S.EATEN, _G.EATEN): _S.EATEN,
    # Retried while it ran: takes effect when its process ends.
    (_S.RUNNING, _G.RETRIED): _S.WAITING,
    (_S.SUCCEEDED, _G.RETRIED): _S.WAITING,
    (_S.DEAD, _G.RETRIED): _S.WAITING,
    (_S.EATEN, _G.RETRIED): _S.WAITING,
}


class IllegalMove(Exception):
    """The library asked for a move that the frame's state does not allow. This is a bug in the library."""

    def __init__(self, subject: str, state: FrameState, signal: Signal) -> None:
        super().__init__(subject, state, signal)
        self.subject, self.state, self.signal = subject, state, signal

    def __str__(self) -> str:
        return f"frame {self.subject} is {self.state.value} and cannot be {self.signal.value}"
