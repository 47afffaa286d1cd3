# SPDX-License-Identifier: Apache-2.0
"""Actions on jobs and frames: pause, kill, retry, eat, free."""

from __future__ import annotations

from collections.abc import Iterable

from outline.scheduler import FrameState

from .holds import frames_retried
from .hosts import Proc
from .job import Job, Jobs
from .life import IDLE, finish_job, look_for_frames, revive_job
from .running import kill_proc
from .state import FarmState

__all__ = [
    "eat_frames", "free_frames", "hold_frames", "kill_frames", "kill_job", "pause", "resume", "retry_frames",
]  # fmt: skip

_MANUAL_STATUS = 500  # and the number of the new state, as Cuebot notes it
_STATE_NUMBERS = {FrameState.WAITING: 0, FrameState.EATEN: 6}


def pause(farm: FarmState, job: Job) -> None:
    """Start no more frames of a job. Running frames go on."""
    job.facts.paused = True
    farm.jobs.save(job)
    look_for_frames(farm, job)


def resume(farm: FarmState, job: Job) -> None:
    """Start frames of a job again."""
    job.facts.paused = False
    farm.jobs.save(job)
    look_for_frames(farm, job)


def kill_job(farm: FarmState, job: Job, reason: str) -> None:
    """Finish a job at once and end its processes. Their frames are WAITING if the job is ever pending again."""
    if not job.is_pending:
        return
    finish_job(farm, job)
    for proc in farm.procs.of_job(job):
        if job.state.state(proc.ref) is FrameState.RUNNING:
            _let_wait_again(farm, job, proc, reason)
        else:
            kill_proc(farm, proc, reason)


def kill_frames(farm: FarmState, job: Job, refs: Iterable[int], reason: str) -> None:
    """End the processes of frames. Each counts as a failure, so the frame may be tried again."""
    wanted = set(refs)
    for proc in farm.procs.of_job(job):
        if proc.ref in wanted:
            kill_proc(farm, proc, reason)


def retry_frames(farm: FarmState, job: Job, refs: Iterable[int]) -> None:
    """Run frames again, and end those that run. A finished job becomes pending again.

    Frames that depend on them or on their layers, and have run, run again as well.

    Raises:
        CannotDo: The job is finished, and another job of its name is pending.
    """
    wanted = list(refs)
    if wanted:
        revive_job(farm, job)
    for ref in wanted:
        proc = job.running.get(ref)
        if proc is not None:
            _let_wait_again(farm, job, farm.procs[proc], "the frame was retried")
        elif job.state.state(ref) not in IDLE:
            job.state.retry(ref)
    frames_retried(farm, job, wanted)


def _let_wait_again(farm: FarmState, job: Job, proc: Proc, reason: str) -> None:
    """End the process of a frame. The frame is then WAITING, whatever the result."""
    job.state.retry(proc.ref)
    proc.again = True
    _note_stop(farm.jobs, job, proc.ref, FrameState.WAITING)
    kill_proc(farm, proc, reason)


def eat_frames(farm: FarmState, job: Job, refs: Iterable[int]) -> None:
    """Make frames EATEN, and end those that run. SUCCEEDED frames stay as they are."""
    for ref in list(refs):
        proc = job.running.get(ref)
        job.state.eat(ref)
        if proc is not None:
            farm.procs[proc].again = False
            _note_stop(farm.jobs, job, ref, FrameState.EATEN)
            kill_proc(farm, farm.procs[proc], "the frame was eaten")
    farm.wake()


def _note_stop(jobs: Jobs, job: Job, ref: int, state: FrameState) -> None:
    job.facts_of(ref).exit_status = _MANUAL_STATUS + _STATE_NUMBERS[state]
    jobs.save_frame(job, ref)


def free_frames(farm: FarmState, job: Job, refs: Iterable[int]) -> None:
    """Let frames start now, whatever they depend on."""
    job.state.free([ref for ref in refs if job.state.state(ref) is FrameState.DEPEND])
    farm.jobs.save(job)


def hold_frames(farm: FarmState, job: Job, refs: Iterable[int]) -> None:
    """Undo :func:`free_frames`: the frames wait for their dependencies again."""
    job.state.bind(refs)
    farm.jobs.save(job)
