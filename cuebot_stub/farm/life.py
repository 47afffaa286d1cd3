# SPDX-License-Identifier: Apache-2.0
"""The life of a job: what follows from the moves of its frames, its end, its return, and how it is forgotten."""

from __future__ import annotations

from outline.scheduler import FrameState

from .errors import CannotDo
from .holds import frame_moved, layer_done, layer_moved
from .job import Job
from .lending import forget_partitions
from .state import FarmState

__all__ = ["IDLE", "finish_if_complete", "finish_job", "follow", "forget_job", "look_for_frames", "revive_job"]

IDLE = (FrameState.WAITING, FrameState.DEPEND)


def follow(farm: FarmState) -> None:
    """Follow the moves of frames: update dependencies, which may move others, look for hosts, and finish jobs.

    ``Farm.work`` ends with it, so that nobody has to call it after a change.
    """
    while farm.moves:
        moved: dict[tuple[str, int, FrameState], Job] = {}
        while farm.moves:
            job, move = farm.moves.popleft()
            moved[job.id, job.layer_of(move.ref), move.after] = job
            job.note(move, farm.now())
            if move.before not in IDLE or move.after not in IDLE:  # which of both is worked out, not saved
                farm.jobs.save_frame(job, move.ref)
            frame_moved(farm, job, move)
        for (_, number, state), job in moved.items():  # once for all frames: thousands of layers may wait for them
            layer_moved(farm, job, number, state)
        for job in {job.id: job for job in moved.values()}.values():
            look_for_frames(farm, job)
            finish_if_complete(farm, job)


def look_for_frames(farm: FarmState, job: Job) -> None:
    """Look whether a job has frames to start, and for hosts when it has more than before."""
    if farm.jobs.count_waiting(job):
        farm.wake()


def finish_if_complete(farm: FarmState, job: Job) -> None:
    """Finish a job if all its frames are SUCCEEDED or EATEN. A job without frames never finishes."""
    if job.is_pending and len(job.state.frames) and job.state.succeeded:
        finish_job(farm, job)


def finish_job(farm: FarmState, job: Job) -> None:
    """Finish a job. Jobs that depend on it, and its post layers, may start."""
    farm.jobs.set_state(job, "FINISHED", int(farm.now()))
    look_for_frames(farm, job)
    layer_done(farm, job, "")
    forget_partitions(farm.partitions, job.id)
    post = farm.jobs.get(job.facts.post_job)
    if post is not None and post.facts.state == "POSTED":
        post.facts.launched = int(farm.now())
        farm.jobs.set_state(post, "PENDING")
        look_for_frames(farm, post)
        finish_if_complete(farm, post)
    _forget_old_jobs(farm)


def revive_job(farm: FarmState, job: Job) -> None:
    """Make a finished job pending again, to run a frame again.

    Raises:
        CannotDo: Another job of that name is pending.
    """
    if job.facts.state != "FINISHED":
        return
    if job.name in farm.jobs.pending:
        raise CannotDo(f"another job {job.name} is pending; this one stays finished")
    farm.jobs.set_state(job, "PENDING")
    look_for_frames(farm, job)


def _forget_old_jobs(farm: FarmState) -> None:
    done = [job for job in farm.jobs.values() if job.is_over]
    done.sort(key=lambda job: (job.facts.stopped, job.facts.number), reverse=True)
    frames = 0
    for place, job in enumerate(done):
        frames += len(job.state.frames)
        too_many = place >= farm.settings.max_finished or frames > farm.settings.max_finished_frames
        if place and too_many:
            forget_job(farm, job)


def forget_job(farm: FarmState, job: Job) -> None:
    """Delete a finished job without procs, with its comments and dependencies."""
    farm.jobs.forget(job)
    farm.depends.forget_job(job.id)
    farm.comments.remove(*farm.comments.where(subject_of=job.id))
