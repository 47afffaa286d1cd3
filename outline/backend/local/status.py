# SPDX-License-Identifier: Apache-2.0
"""The status of a job on this machine, out of its journal and of what its frames tell beside their logs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ...progress import FrameProgress, read_progress
from ...scheduler import FrameState, JobState
from ..status import FrameAttempt, FrameStatus, JobStatus, LayerStatus
from .attempts import AttemptBook, AttemptRecord
from .claim import living_runner
from .journal import read_record
from .log import read_host

if TYPE_CHECKING:
    from ...frame_end import FrameEnd
    from .job import LocalJob

__all__ = ["frame_progress", "job_attempts", "job_status", "layer_counts", "why"]

S = FrameState


def job_status(job: LocalJob) -> JobStatus:
    """Read how a job is; none of the user's code is needed."""
    record, state = job.record, job.record.job
    now = time.time()
    frames: dict[FrameState, list[FrameStatus]] = {S.RUNNING: [], S.WAITING: [], S.DEAD: []}
    for ref in sorted(record.frames):
        kind = S.WAITING if state.state(ref) is S.DEPEND else state.state(ref)
        end = record.frames[ref].end
        has_failed = end is not None and not end.is_good
        if kind in (S.RUNNING, S.DEAD) or (kind is S.WAITING and state.tries(ref) and has_failed):
            frames[kind].append(_frame_status(job, ref, kind, now))
    return JobStatus(
        job.name,
        record.job_id,
        job.state,
        tuple(
            LayerStatus(layer.name, state.counts(layer.name), str(layer.frames), layer.chunk, state.ranges(layer.name))
            for layer in state.plan.layers
        ),
        session=job.path,
        runner=record.runner,
        running=tuple(frames[S.RUNNING]),
        retrying=tuple(frames[S.WAITING]),
        dead=tuple(frames[S.DEAD]),
    )


def job_attempts(job: LocalJob) -> list[FrameAttempt]:
    """Read every attempt at the frames of a job, in the order of their starts."""
    book, now = AttemptBook(), time.time()
    read_record(job.paths, living_runner(job.paths), book=book)
    return [_frame_attempt(job, one, now) for one in sorted(book.attempts, key=lambda one: one.started)]


def _frame_attempt(job: LocalJob, one: AttemptRecord, now: float) -> FrameAttempt:
    state, end = job.record.job, one.end
    seconds = end.seconds if end else (now if one.stopped is None else one.stopped) - one.started
    attempt = FrameAttempt(
        state.frames.name(one.ref),
        state.layer(one.ref).name,
        one.attempt,
        one.host,
        one.started,
        max(0.0, seconds),
        one.state,
        max(end.rss_kb, end.peak_kb) if end else 0,
    )
    if one.state in (S.RUNNING, S.SUCCEEDED):
        return attempt
    return attempt._replace(reason=why(end) if end else "its launcher was gone before it ended")


def layer_counts(state: JobState) -> tuple[LayerStatus, ...]:
    """Give the layers with their numbers alone, which is fast enough for a display of a million frames."""
    return tuple(LayerStatus(layer.name, state.counts(layer.name)) for layer in state.plan.layers)


def _frame_status(job: LocalJob, ref: int, kind: FrameState, now: float) -> FrameStatus:
    record, state = job.record.frames[ref], job.record.job
    name = state.frames.name(ref)
    frame = FrameStatus(name, state.layer(ref).name, kind, record.attempt, log=job.log_path(name))
    if kind is S.RUNNING:
        seconds = max(0.0, now - record.started)  # a clock that was set back gives 0
        progress = frame_progress(frame.log, record.attempt)
        return frame._replace(seconds=seconds, progress=progress, host=_elsewhere(job, frame.log))
    end = record.end
    if end is None:
        return frame._replace(reason=why(end))
    return frame._replace(
        seconds=end.seconds,
        exit_status=end.status,
        signal=end.signal,
        reason=why(end),
        peak_memory_kb=end.peak_kb,
        warnings=end.warnings,
        host=end.host or None,
    )


def _elsewhere(job: LocalJob, log: str) -> str | None:
    """Where a frame runs, by its log; None when that is the machine of its launcher."""
    host = read_host(log)
    return host if host and job.record.runner and host != job.record.runner[0] else None


def frame_progress(log: str, attempt: int) -> FrameProgress | None:
    """Read how far an attempt at a frame is; None when it has told nothing."""
    found = read_progress(log)
    return found if found is not None and found.attempt == attempt else None


def why(end: FrameEnd | None) -> str:
    """Say in a few words why a frame ended as it did."""
    if end is None:
        return "unknown"
    if end.reason:
        return end.reason
    return f"signal {end.signal}" if end.signal else f"exit status {end.status}"
