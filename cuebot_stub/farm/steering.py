# SPDX-License-Identifier: Apache-2.0
"""What people do to jobs and their frames while they run: pause, kill, retry, eat, mark as done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from outline.scheduler import FrameState

from .running import kill_proc

if TYPE_CHECKING:
    from .farm import Farm
    from .hosts import Proc
    from .jobs import Job

__all__ = [
    "eat_frames",
    "free_frames",
    "hold_frames",
    "kill_frames",
    "kill_job",
    "mark_done",
    "pause",
    "procs_of",
    "resume",
    "retry_frames",
]

_MANUAL_STATUS = 500  # and the number of the new state, as Cuebot notes it
_STATE_NUMBERS = {FrameState.WAITING: 0, FrameState.EATEN: 6}
_IDLE = (FrameState.WAITING, FrameState.DEPEND)


# -- jobs ------------------------------------------------------------------------------------------------------


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
    """Finish a job at once and end its processes; their frames wait again, should the job ever be pending again."""
    if not job.is_pending:
        return
    farm.finish_job(job)
    for proc in procs_of(farm, job):
        if job.state.state(proc.ref) is FrameState.RUNNING:
            _let_wait_again(farm, job, proc, reason)
        else:
            kill_proc(farm, proc, reason)


def procs_of(farm: Farm, job: Job) -> list[Proc]:
    """Return the procs of a job."""
    return [farm.procs[id] for id in job.procs]


# -- frames ----------------------------------------------------------------------------------------------------


def kill_frames(farm: Farm, job: Job, refs: Iterable[int], reason: str) -> None:
    """End the processes of frames; that counts as a failure of theirs, so they may be tried again."""
    wanted = set(refs)
    for proc in procs_of(farm, job):
        if proc.ref in wanted:
            kill_proc(farm, proc, reason)


def retry_frames(farm: Farm, job: Job, refs: Iterable[int]) -> None:
    """Let frames run again, with all their tries; those that run are ended first. A finished job is pending again.

    Raises:
        CannotDo: The job is finished, and another one of its name is pending.
    """
    wanted = list(refs)
    if wanted:
        farm.revive_job(job)
    _unmark(farm, job, wanted)
    for ref in wanted:
        before, proc = job.state.state(ref), job.running.get(ref)
        if proc is not None:
            _let_wait_again(farm, job, farm.procs[proc], "the frame was retried")
        elif before not in _IDLE:
            job.state.retry(ref)
        else:
            continue
        farm.frame_moved(job, ref, before)
    farm.wake()


def _let_wait_again(farm: Farm, job: Job, proc: Proc, reason: str) -> None:
    """End the process of a frame, which waits again when it is gone, however it ends."""
    job.state.retry(proc.ref)
    proc.again = True
    _note_stop(farm, job, proc.ref, FrameState.WAITING)
    kill_proc(farm, proc, reason)


def eat_frames(farm: Farm, job: Job, refs: Iterable[int]) -> None:
    """Give up frames on purpose; those that have succeeded stay so, those that run are ended."""
    for ref in list(refs):
        before, proc = job.state.state(ref), job.running.get(ref)
        job.state.eat(ref)
        if proc is not None:
            farm.procs[proc].again = False
            _note_stop(farm, job, ref, FrameState.EATEN)
            kill_proc(farm, farm.procs[proc], "the frame was eaten")
        if job.state.state(ref) is not before:
            farm.frame_moved(job, ref, before)
    farm.wake()


def _note_stop(farm: Farm, job: Job, ref: int, state: FrameState) -> None:
    facts = job.facts_of(ref)
    facts.exit_status, facts.updated = _MANUAL_STATUS + _STATE_NUMBERS[state], farm.now()
    farm.touch_frame(job, ref)


# -- what frames wait for --------------------------------------------------------------------------------------


def mark_done(farm: Farm, job: Job, refs: Iterable[int]) -> None:
    """Let frames count as done for whatever waits for them; their own states stay."""
    wanted = [ref for ref in refs if not job.state.is_satisfied(ref)]
    _change_marks(farm, job, wanted, job.state.mark_done)
    job.facts.marked = sorted({*job.facts.marked, *wanted})
    farm.touch_job(job)
    farm.wake()


def _unmark(farm: Farm, job: Job, refs: Iterable[int]) -> None:
    wanted = [ref for ref in refs if job.state.is_marked(ref)]
    if wanted:
        _change_marks(farm, job, wanted, job.state.unmark)
        job.facts.marked = sorted({*job.facts.marked}.difference(wanted))
        farm.touch_job(job)


def _change_marks(farm: Farm, job: Job, refs: list[int], change: Callable[[Iterable[int]], None]) -> None:
    before = {ref: job.state.is_satisfied(ref) for ref in refs}
    change(refs)
    for ref, was_satisfied in before.items():
        farm.depends.frame_moved(job, ref, was_satisfied=was_satisfied)
    farm.job_changed(job)


def free_frames(farm: Farm, job: Job, refs: Iterable[int]) -> None:
    """Let frames start now, whatever they wait for."""
    wanted = [ref for ref in refs if job.state.state(ref) is FrameState.DEPEND]
    job.state.free(wanted)
    _keep_freed(farm, job, {*job.facts.freed, *wanted})


def hold_frames(farm: Farm, job: Job, refs: Iterable[int]) -> None:
    """Let frames wait again for what they wait for; the opposite of :func:`free_frames`."""
    wanted = list(refs)
    job.state.bind(wanted)
    _keep_freed(farm, job, {*job.facts.freed}.difference(wanted))


def _keep_freed(farm: Farm, job: Job, freed: set[int]) -> None:
    job.facts.freed = sorted(freed)
    farm.touch_job(job)
    farm.job_changed(job)
    farm.wake()
