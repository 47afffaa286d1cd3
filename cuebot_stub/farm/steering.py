# SPDX-License-Identifier: Apache-2.0
"""What people do to jobs and frames while they run: pause, kill, retry, eat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from outline.scheduler import FrameState

from .running import kill_proc

if TYPE_CHECKING:
    from .farm import Farm
    from .hosts import Proc
    from .jobs import Job

__all__ = ["eat_frames", "kill_frames", "kill_job", "pause", "resume", "retry_frames"]

_MANUAL_STATUS = 500  # and the number of the new state, as Cuebot notes it
_STATE_NUMBERS = {FrameState.WAITING: 0, FrameState.EATEN: 6}


def pause(farm: Farm, job: Job) -> None:
    """Start no more frames of a job; those that run go on."""
    job.facts.paused = True
    farm.touch_job(job)
    farm.job_changed(job)


def resume(farm: Farm, job: Job) -> None:
    """Start frames of a job again."""
    job.facts.paused = False
    farm.touch_job(job)
    farm.job_changed(job)


def kill_job(farm: Farm, job: Job, reason: str) -> None:
    """Finish a job at once and end its processes."""
    if not job.is_pending:
        return
    farm.finish_job(job)
    for proc in procs_of(farm, job):
        kill_proc(farm, proc, reason)


def kill_frames(farm: Farm, job: Job, refs: Iterable[int], reason: str) -> None:
    """End the processes of frames; that counts as a failure of theirs, so they may be tried again."""
    wanted = set(refs)
    for proc in procs_of(farm, job):
        if proc.ref in wanted:
            kill_proc(farm, proc, reason)


def retry_frames(farm: Farm, job: Job, refs: Iterable[int]) -> None:
    """Let frames run again, with all their tries; those that run are ended first. A finished job is pending again.

    Raises:
        ValueError: The job is finished, and another one of its name is pending.
    """
    procs = {proc.ref: proc for proc in procs_of(farm, job)}
    for ref in list(refs):
        before = job.state.state(ref)
        if before in (FrameState.WAITING, FrameState.DEPEND) and ref not in procs:
            continue
        farm.revive_job(job)
        job.state.retry(ref)
        if ref in procs:
            procs[ref].again = True
            job.facts_of(ref).exit_status = _MANUAL_STATUS + _STATE_NUMBERS[FrameState.WAITING]
            kill_proc(farm, procs[ref], "the frame was retried")
        farm.frame_moved(job, ref, before)


def eat_frames(farm: Farm, job: Job, refs: Iterable[int]) -> None:
    """Give up frames on purpose; those that have succeeded stay so, those that run are ended."""
    procs = {proc.ref: proc for proc in procs_of(farm, job)}
    for ref in list(refs):
        before = job.state.state(ref)
        job.state.eat(ref)
        if ref in procs:
            procs[ref].again = False
            job.facts_of(ref).exit_status = _MANUAL_STATUS + _STATE_NUMBERS[FrameState.EATEN]
            kill_proc(farm, procs[ref], "the frame was eaten")
        if job.state.state(ref) is not before:
            farm.frame_moved(job, ref, before)


def procs_of(farm: Farm, job: Job) -> list[Proc]:
    """Return the procs of a job."""
    return [farm.procs[id] for id in job.procs]
