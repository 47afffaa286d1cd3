# SPDX-License-Identifier: Apache-2.0
"""States of a frame, and the only moves between them."""

from __future__ import annotations

from enum import Enum

__all__ = ["MOVES", "FrameState", "IllegalMove", "Signal"]


class FrameState(str, Enum):
    """Where a frame is; names and meanings are OpenCue's."""

    WAITING = "WAITING"  #: May start as soon as there is room.
    DEPEND = "DEPEND"  #: Waits for other frames.
    RUNNING = "RUNNING"  #: A process works on it.
    SUCCEEDED = "SUCCEEDED"  #: All of it was done.
    DEAD = "DEAD"  #: Failed, and was tried as often as allowed.
    EATEN = "EATEN"  #: Given up on purpose; the job succeeds without it.


class Signal(str, Enum):
    """What can happen to a frame."""

    SATISFIED = "SATISFIED"  #: The last thing that it waited for is done.
    UNSATISFIED = "UNSATISFIED"  #: Something that it waits for is no longer done.
    STARTED = "STARTED"  #: A process was started for it.
    EXITED_GOOD = "EXITED_GOOD"  #: The process ended well.
    EXITED_BAD = "EXITED_BAD"  #: The process failed, and the frame may be tried again.
    GAVE_UP = "GAVE_UP"  #: The process failed for the last time.
    EATEN = "EATEN"  #: Somebody, or autoeat, gave it up.
    RETRIED = "RETRIED"  #: Somebody wants it to run again.


_S, _G = FrameState, Signal

MOVES: dict[tuple[FrameState, Signal], FrameState] = {
    (_S.DEPEND, _G.SATISFIED): _S.WAITING,
    (_S.WAITING, _G.UNSATISFIED): _S.DEPEND,
    # On a farm alone: what waits for a frame that was retried runs again.
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
    # Eaten while it ran: the end of its process comes later, and changes nothing.
    (_S.EATEN, _G.EXITED_GOOD): _S.EATEN,
    (_S.EATEN, _G.EXITED_BAD): _S.EATEN,
    (_S.EATEN, _G.GAVE_UP): _S.EATEN,
    (_S.EATEN, _G.EATEN): _S.EATEN,
    # Retried while it ran: applied when its process has ended.
    (_S.RUNNING, _G.RETRIED): _S.WAITING,
    (_S.SUCCEEDED, _G.RETRIED): _S.WAITING,
    (_S.DEAD, _G.RETRIED): _S.WAITING,
    (_S.EATEN, _G.RETRIED): _S.WAITING,
}


class IllegalMove(Exception):
    """The library asked a frame to do what its state does not allow: a fault of ours."""

    def __init__(self, subject: str, state: FrameState, signal: Signal) -> None:
        super().__init__(subject, state, signal)
        self.subject, self.state, self.signal = subject, state, signal

    def __str__(self) -> str:
        return f"frame {self.subject} is {self.state.value} and cannot be {self.signal.value}"
