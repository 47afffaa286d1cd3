# SPDX-License-Identifier: Apache-2.0
"""Tells a display what a run on this machine does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..backend.local.observer import Observer
from ..backend.local.status import frame_progress, layer_counts, why
from ..backend.status import FrameStatus, JobStatus
from ..scheduler import FrameState, JobState
from .display import Display
from .text import counted_chunks, duration

if TYPE_CHECKING:
    from ..backend.local.dispatch import RunLoop
    from ..frame_end import FrameEnd

__all__ = ["RunObserver"]

S = FrameState
_OVER = (S.SUCCEEDED, S.EATEN, S.DEAD)
_STOPPING = "stopping: the running frames are asked to end; Ctrl-C again kills them at once"
_KILLING = "killing the running frames"

# A frame that is over sooner has no row, so that a job of very short frames is never slowed down by reading files.
_SOONEST_SECONDS = 1.0
_SECONDS_BETWEEN_LOOKS = 0.5
_MOST_LOOKED_AT = 64


class RunObserver(Observer):
    """Tells a display what a run of the local backend does; the loop that runs the job calls it."""

    def __init__(self, display: Display, clock: Callable[[], float] = time.monotonic) -> None:
        self.__display = display
        self.__clock = clock
        self.__job: JobState  # from ``begins`` on
        self.__log_path: Callable[[int], str]
        self.__over = 0
        self.__begun: dict[int, float] = {}
        self.__next_draw = self.__next_look = 0.0
        self.__rows: list[tuple[int, FrameStatus]] = []

    def begins(self, run: RunLoop) -> None:
        """Say what is going to run."""
        self.__job, self.__log_path = run.job, run.log_path
        counts = run.job.counts()
        self.__over = sum(counts.get(state, 0) for state in _OVER)
        left = len(run.job.frames) - self.__over
        total = sum(len(layer.frames) for layer in run.job.plan.layers)
        counted = counted_chunks(total, len(run.job.frames))
        self.__display.event(f"{run.job.plan.name}: {left} of {counted} to run, {run.limits.cores:g} cores")
        self.tick()

    def started(self, ref: int) -> None:
        """Tell the frame and its attempt."""
        self.__begun[ref] = self.__clock()
        attempt = self.__job.tries(ref)
        self.__display.event(f"{self.__job.frames.name(ref)} RUNNING{f', attempt {attempt}' if attempt > 1 else ''}")

    def ended(self, ref: int, state: FrameState, end: FrameEnd) -> None:
        """Tell the frame, its new state, how many are over, and why it failed."""
        self.__begun.pop(ref, None)
        self.__over += state in _OVER
        name = self.__job.frames.name(ref)
        delay = self.__job.layer(ref).retry_delay_seconds
        again = f"failed, is tried again in {duration(delay)}," if delay else "failed, is tried again,"
        word = again if state in (S.WAITING, S.DEPEND) else state.value
        reason = f": {why(end)}" if not end.is_good else ""
        self.__display.event(f"[{self.__over}/{len(self.__job.frames)}] {name} {word} {duration(end.seconds)}{reason}")
        if state is S.DEAD:
            self.__display.dead(name, why(end))

    def stopping(self, hard: bool) -> None:
        """Tell that frames are being ended."""
        self.__display.note("stopping", _KILLING if hard else _STOPPING)
        self.__next_draw = 0.0

    def tick(self) -> float | None:
        """Draw when it is time; give the seconds until the next call, None for no call."""
        period = self.__display.period_seconds
        if period is None:
            return None
        now = self.__clock()
        if now >= self.__next_draw:
            self.__display.draw(self.__status(now))
            self.__next_draw = self.__clock() + period
        return max(0.0, self.__next_draw - now)

    def __status(self, now: float) -> JobStatus:
        running = tuple(frame for ref, frame in self.__look(now) if ref in self.__begun)
        return JobStatus(self.__job.plan.name, "", "RUNNING", layer_counts(self.__job), running=running)

    def __look(self, now: float) -> list[tuple[int, FrameStatus]]:
        """Read now and then how far the running frames are, those that run longest first."""
        if now < self.__next_look:
            return self.__rows
        self.__next_look = now + _SECONDS_BETWEEN_LOOKS
        old = [ref for ref, begun in self.__begun.items() if now - begun >= _SOONEST_SECONDS]
        self.__rows = [
            (
                ref,
                FrameStatus(
                    self.__job.frames.name(ref),
                    self.__job.layer(ref).name,
                    S.RUNNING,
                    self.__job.tries(ref),
                    now - self.__begun[ref],
                    progress=frame_progress(self.__log_path(ref), self.__job.tries(ref))
                    if place < _MOST_LOOKED_AT
                    else None,
                ),
            )
            for place, ref in enumerate(old)
        ]
        return self.__rows
