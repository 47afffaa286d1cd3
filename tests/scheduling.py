# SPDX-License-Identifier: Apache-2.0
"""Small jobs for the tests of the scheduler, and ways to run them without processes."""

from __future__ import annotations

from outline.frame_end import EndedBy, FrameEnd
from outline.frames import FrameSet
from outline.scheduler import DependPlan, FrameState, JobPlan, JobState, LayerPlan

__all__ = ["BAD", "GOOD", "LOST", "TIMED_OUT", "S", "job", "layer", "names_of", "run", "run_all"]

S = FrameState
GOOD, BAD = FrameEnd(0), FrameEnd(1)
LOST, TIMED_OUT = FrameEnd(ended_by=EndedBy.LOST_HOST), FrameEnd(9, ended_by=EndedBy.TIME_LIMIT)


def layer(name: str, frames: str = "1-4", chunk: int = 1, **more: object) -> LayerPlan:
    return LayerPlan(name, FrameSet(frames), chunk, **more)  # type: ignore[arg-type]


def job(*layers: LayerPlan, depends: tuple[DependPlan, ...] = (), **more: object) -> JobState:
    return JobState(JobPlan("job", layers, depends, **more))  # type: ignore[arg-type]


def names_of(job: JobState, state: FrameState) -> list[str]:
    return [job.frames.name(ref) for ref in job.frames if job.state(ref) is state]


def run(job: JobState, ref: int, exit: FrameEnd = GOOD) -> FrameState:
    job.start(ref)
    return job.finish(ref, exit)


def run_all(job: JobState) -> list[str]:
    """Run everything with success, one frame at a time, and return the order."""
    order = []
    while (ref := job.next_ready(100, 10**9)) is not None:
        order.append(job.frames.name(ref))
        run(job, ref)
    return order
