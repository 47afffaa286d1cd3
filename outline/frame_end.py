# SPDX-License-Identifier: Apache-2.0
"""How a frame ended, for whoever asks: scheduler, worker, journal, log, status."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Any, NamedTuple

__all__ = ["LOST_WORKER", "STOPPED", "EndedBy", "FarmStatus", "FrameEnd"]


class EndedBy(str, Enum):
    """Who or what ended a frame."""

    ITSELF = "itself"  #: It exited, or a signal from outside of the library ended it.
    TIME_LIMIT = "time limit"  #: It ran too long.
    SILENCE_LIMIT = "silence limit"  #: It wrote nothing to its log for too long.
    LAUNCHER = "launcher"  #: Somebody stopped the job.
    NOTHING_TO_RUN = "nothing to run"  #: Its program is not there, or its command is empty.
    FULL_DISK = "full disk"  #: It, or whoever writes its log, found no space on a disk; the frame is not to blame.
    MEMORY = "memory"  #: It used more memory than it was given.
    BATCH = "batch"  #: It ran together with other frames, of which one has failed; the frame is not to blame.
    LOST_HOST = "lost host"  #: The machine was lost; the frame is not to blame.


class FarmStatus(IntEnum):
    """The exit statuses with which Cuebot and RQD say more of a frame than its process could."""

    OUT_OF_MEMORY = 33  #: It had not enough memory; the farm gives it more.
    KILLED = 137  #: What a shell says of a command that was killed, which farms take for a lack of memory.
    NOT_STARTED = 256  #: RQD could not start it.
    RECLAIMED = 286  #: Somebody took its host away.
    LOG_TOO_LARGE = 287  #: RQD has ended it, because its log grew too large.
    REFUSED = 299  #: RQD refused it.
    ORPHANED = 301  #: RQD does not know it any more.
    NOT_KILLED = 302  #: The farm could not end it.
    HOST_DOWN = 399  #: RQD does not answer.


class FrameEnd(NamedTuple):
    """How a frame ended.

    Attributes:
        status: The exit status; 128 + n when signal n ended it.
        signal: The signal that ended it, or 0.
        ended_by: Who ended it.
        seconds: How long it ran.
        rss_kb: The most memory that it had, in kB.
        reason: One line about the failure; may be empty.
        peak_kb: The most memory that the application itself told of, in kB; 0 when it told nothing.
        warnings: How many warnings the application is known to have printed.
        host: Where it ran, when that is not the machine of its launcher.
        told_after: How many seconds after its end it is told, when it ran before others that are told with it.
    """

    status: int = 0
    signal: int = 0
    ended_by: EndedBy = EndedBy.ITSELF
    seconds: float = 0.0
    rss_kb: int = 0
    reason: str = ""
    peak_kb: int = 0
    warnings: int = 0
    host: str = ""
    told_after: float = 0.0

    @property
    def is_good(self) -> bool:
        """It has done its work: nobody had to end it, which many a program answers with the exit status 0."""
        return self.status == 0 and self.ended_by is EndedBy.ITSELF

    @property
    def is_timed_out(self) -> bool:
        """A time limit ended it; such a frame is not tried again."""
        return self.ended_by in (EndedBy.TIME_LIMIT, EndedBy.SILENCE_LIMIT)

    def to_dict(self) -> dict[str, Any]:
        """It as data for JSON, without what is empty."""
        data: dict[str, Any] = {"exit": self.status, "seconds": round(self.seconds, 4), "rss_kb": self.rss_kb}
        if self.ended_by is not EndedBy.ITSELF:
            data["ended_by"] = self.ended_by.value
        for name in ("signal", "reason", "peak_kb", "warnings", "host", "told_after"):
            value = getattr(self, name)
            if value:
                data[name] = value
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FrameEnd:
        """What ``to_dict`` wrote; numbers may be text.

        Raises:
            ValueError: A value is missing, or is none of its kind.
        """
        try:
            return cls(
                int(data["exit"]),
                int(data.get("signal", 0)),
                EndedBy(data["ended_by"]) if "ended_by" in data else EndedBy.ITSELF,
                float(data["seconds"]),
                int(data["rss_kb"]),
                str(data.get("reason", "")),
                int(data.get("peak_kb", 0)),
                int(data.get("warnings", 0)),
                str(data.get("host", "")),
                float(data.get("told_after", 0.0)),
            )
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"no end of a frame: {error!r}") from error


STOPPED = FrameEnd(143, 15, EndedBy.LAUNCHER, reason="ended by the launcher")
"""How a frame ends that somebody has stopped, as long as nothing else is known of it."""

LOST_WORKER = FrameEnd(137, 9, reason="its worker process was killed")
"""Likewise, where the process that watched it is gone."""
