# SPDX-License-Identifier: Apache-2.0
"""Waits for jobs on the farm: asks the server now and then, and tells an observer what it says."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from ...exception import LaunchException
from ...logs import get_logger
from ...scheduler import FrameState
from ..status import JobStatus
from .client import ServerAway, UnknownToServer
from .snapshot import Outcome, PyCueJob, outcome_of

__all__ = ["FarmObserver", "FarmResult", "JobTestFailed", "LogObserver", "watch"]

logger = get_logger("outline.backend.cue")

# A server may need a moment from the end of one frame to the release of the next; so long nothing counts as an end.
SETTLE_SECONDS = 3.0
# When nothing has run for so long, the server is asked why, and so often again.
HELD_UP_SECONDS = 5.0
ASK_WHY_SECONDS = 20.0
_FIRST_PERIOD_SECONDS = 0.5
ALL_DONE = "all frames are done; the server has not finished the job yet"


class JobTestFailed(LaunchException):
    """A job that was launched with ``test`` has a dead or eaten frame, or was killed."""


class FarmObserver:
    """Learns what a job does while it is waited for; this one does nothing with it."""

    def counted(self, job: JobStatus) -> None:
        """Take the numbers that the server has just told."""

    def away(self, reason: str) -> None:
        """Learn that the server does not answer; it is asked again and again."""

    def back(self) -> None:
        """Learn that it answers again."""

    def waits(self, reason: str) -> None:
        """Learn what the job waits for when none of its frames can run; nothing when that is over."""

    def held_up(self, reason: str) -> None:
        """Learn why nothing runs though it could; nothing when that is over."""


class LogObserver(FarmObserver):
    """Writes to the log, for scripts that wait."""

    def counted(self, job: JobStatus) -> None:
        """Log how far the job is."""
        done = job.counts[FrameState.SUCCEEDED]
        logger.debug("waiting for %s: %d of %d frames succeeded", job.name, done, job.total)

    def away(self, reason: str) -> None:
        """Log the reason."""
        logger.warning("%s; waiting on", reason)

    def back(self) -> None:
        """Log it."""
        logger.warning("the farm server answers again")

    def held_up(self, reason: str) -> None:
        """Log the reason."""
        if reason:
            logger.warning("nothing runs: %s", reason)

    def waits(self, reason: str) -> None:
        """Log the reason."""
        if reason:
            logger.warning("%s", reason)


class FarmResult(NamedTuple):
    """What a job has come to.

    Attributes:
        outcome: How it ended.
        job: Its last numbers; None when the server never told any.
    """

    outcome: Outcome
    job: JobStatus | None


def watch(
    source: PyCueJob,
    *,
    period_seconds: float,
    observer: FarmObserver | None = None,
    until_failed: bool = False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> FarmResult:
    """Wait until a job can make no more progress by itself.

    A server that does not answer is waited for as well, for as long as it takes. A job that waits for another job is
    waited for, and a paused one.

    Args:
        source: Tells the numbers of the job.
        period_seconds: How often the server is asked in the end; more often in the beginning.
        observer: Learns what happens.
        until_failed: Also end as soon as a frame is dead or eaten.
        clock: Tells seconds.
        sleep: Waits so many seconds.

    Returns:
        What the job has come to.
    """
    wait = _Wait(source, observer or FarmObserver(), clock)
    pause = min(_FIRST_PERIOD_SECONDS, period_seconds)
    while True:
        outcome = wait.look()
        if outcome is not None or (until_failed and wait.has_failed):
            return FarmResult(outcome or Outcome.DEAD, wait.job)
        sleep(pause)
        pause = min(pause * 1.2, period_seconds)


class _Wait:
    """One wait: what was seen last, and since when."""

    def __init__(self, source: PyCueJob, observer: FarmObserver, clock: Callable[[], float]) -> None:
        self.__source = source
        self.__observer = observer
        self.__clock = clock
        self.__is_away = False
        self.__unknown = 0
        self.__ended: tuple[Outcome, JobStatus, float] | None = None
        self.__waits_for = ""
        self.__heard = ""
        self.__held_up = _HeldUp(source, observer, clock)
        self.job: JobStatus | None = None

    @property
    def has_failed(self) -> bool:
        """Whether the job has a dead or an eaten frame."""
        counts = self.job.counts if self.job else {}
        return bool(counts.get(FrameState.DEAD) or counts.get(FrameState.EATEN))

    def look(self) -> Outcome | None:
        """Ask the server once, and return how the job has ended, or None while it goes on."""
        try:
            self.job = self.__source.read()
        except UnknownToServer:
            self.__unknown += 1
            return Outcome.LOST if self.__unknown > 1 else None
        except LaunchException as error:
            self.__miss(error)
            return None
        self.__unknown = 0
        self.__heard = time.strftime("%H:%M:%S")
        if self.__is_away:
            self.__is_away = False
            self.__observer.back()
        self.__observer.counted(self.job)
        self.__held_up.look(self.job)
        if self.job.state == "RUNNING":
            self.__tell_waits(ALL_DONE if self.job.done == self.job.total else "")
        return self.__settled(outcome_of(self.job), self.job)

    def __settled(self, outcome: Outcome | None, job: JobStatus) -> Outcome | None:
        """An outcome that has not changed for a while, and that no other job can change."""
        if outcome is None or not outcome.may_change:
            self.__ended = None
            return outcome
        if self.__ended is None or self.__ended[:2] != (outcome, job):
            self.__ended = (outcome, job, self.__clock())
            return None
        if self.__clock() - self.__ended[2] < SETTLE_SECONDS or self.__waits_for_others(job):
            return None
        return outcome

    def __waits_for_others(self, job: JobStatus) -> bool:
        if not job.counts[FrameState.DEPEND]:
            return False
        try:
            others = self.__source.jobs_waited_for()
        except ServerAway:
            return True  # the next look tells
        except LaunchException:
            return False
        self.__tell_waits(f"what is left waits for another job: {', '.join(others)}" if others else "")
        return bool(others)

    def __tell_waits(self, reason: str) -> None:
        if reason != self.__waits_for:
            self.__waits_for = reason
            self.__observer.waits(reason)

    def __miss(self, error: LaunchException) -> None:
        if not self.__is_away:
            self.__is_away = True
            since = f" (nothing was heard since {self.__heard})" if self.__heard else ""
            self.__observer.away(f"{str(error).partition('; ')[0]}{since}")
        if isinstance(error, ServerAway):
            self.__source.reconnect()


class _HeldUp:
    """Finds out why nothing runs though it could, and tells the observer when that has changed."""

    def __init__(self, source: PyCueJob, observer: FarmObserver, clock: Callable[[], float]) -> None:
        self.__source = source
        self.__observer = observer
        self.__clock = clock
        self.__ask_at: float | None = None
        self.__told = ""

    def look(self, job: JobStatus) -> None:
        """Take the numbers that the server has just told."""
        now = self.__clock()
        if not job.is_held_up:
            self.__ask_at = None
            self.__tell("")
        elif self.__ask_at is None:
            self.__ask_at = now + HELD_UP_SECONDS
        elif now >= self.__ask_at:
            self.__ask_at = now + ASK_WHY_SECONDS
            with suppress(LaunchException):  # a server that does not answer is told about elsewhere
                self.__tell(self.__source.why_nothing_starts())

    def __tell(self, reason: str) -> None:
        if reason != self.__told:
            self.__told = reason
            self.__observer.held_up(reason)
