# SPDX-License-Identifier: Apache-2.0
"""A job on the farm that does what a test has written down, and a clock that it moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from outline.backend.cue.snapshot import job_state
from outline.backend.status import JobStatus, LayerStatus
from outline.scheduler import FrameState

__all__ = ["FakeClock", "ScriptedJob", "snapshot"]

Look = JobStatus | Exception


def snapshot(
    state: str = "PENDING", is_paused: bool = False, name: str = "job", layer: str = "beauty", **counts: int
) -> JobStatus:
    """A job of one layer with so many frames in each state."""
    numbers = {one: counts.get(one.value.lower(), 0) for one in FrameState}
    layers = (LayerStatus(layer, numbers),)
    return JobStatus(name, "id", job_state(state, is_paused, numbers), layers, log_dir="/logs")


class FakeClock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        """The time in seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.sleeps.append(seconds)
        self.now += seconds


class ScriptedJob:
    """Stands for ``PyCueJob``; tells one look after the other, the last one for ever.

    Args:
        looks: What it tells, or raises.
        external: Whether it waits for other jobs, asked anew each time.
        why: Why nothing runs, one reason after the other, the last one for ever.
    """

    def __init__(
        self, looks: Sequence[Look], external: Callable[[], bool] = lambda: False, why: Sequence[str] = ("",)
    ) -> None:
        self.__looks = list(looks)
        self.__external = external
        self.__why = list(why)
        self.reconnects = 0

    def read(self) -> JobStatus:
        """The next look, or what it raises."""
        look = self.__looks.pop(0) if len(self.__looks) > 1 else self.__looks[0]
        if isinstance(look, Exception):
            raise look
        return look

    def jobs_waited_for(self) -> list[str]:
        """One job, when the test says that there is one."""
        return ["other_job"] if self.__external() else []

    def why_nothing_starts(self) -> str:
        """The next reason."""
        return self.__why.pop(0) if len(self.__why) > 1 else self.__why[0]

    def reconnect(self) -> None:
        """Count."""
        self.reconnects += 1
