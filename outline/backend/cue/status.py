# SPDX-License-Identifier: Apache-2.0
"""The status of a job on the farm, as its server and the files beside its logs tell."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ...frame_end import FarmStatus
from ...frames import FrameSet, chunk_heads
from ...names import progress_path
from ...progress import FrameProgress, read_progress
from ...scheduler import FrameState
from ..status import FrameAttempt, FrameStatus, JobStatus, LayerStatus
from .jobs import log_path, post_job_of, why_post_waits
from .snapshot import frame_state, frames_of, jobs_waited_for, layers_of, snapshot_of
from .waiting import ask_why_nothing_starts
from .watch import ALL_DONE

__all__ = ["exit_reason", "frame_status", "job_attempts", "job_status"]

S = FrameState
_CLOCK_SECONDS = 5.0  # by which clocks of hosts may differ
_MOST_WAITING = 500  # of a layer whose frames nearly all wait, so many are asked how often they failed
# Of hosts, whatever system this is.
_SIGNALS = {4: "SIGILL", 6: "SIGABRT", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}
_OUT_OF_MEMORY = (FarmStatus.OUT_OF_MEMORY, FarmStatus.KILLED)  # for which the server raises the memory of the layer
_REASONS: dict[int, str] = {
    FarmStatus.OUT_OF_MEMORY: "out of memory",
    FarmStatus.KILLED: "killed, perhaps out of memory",
    FarmStatus.NOT_STARTED: "its host could not start it",
    FarmStatus.RECLAIMED: "its host was reclaimed",
    FarmStatus.LOG_TOO_LARGE: "its log grew too large",
    FarmStatus.REFUSED: "its host could not start it",
    FarmStatus.ORPHANED: "its host went away",
    FarmStatus.NOT_KILLED: "the farm could not kill it",
    FarmStatus.HOST_DOWN: "its host is down",
}

# Any: PyCue's objects.


def job_status(job: Any, *, server: str | None = None, session: str | None = None) -> JobStatus:
    """Ask the server for the layers of a job, and for those frames that are not as most of their layer.

    Args:
        job: PyCue's job, just read.
        server: The server that the command line named, if it did.
        session: The session that the job was launched from, if that is known.
    """
    layers = layers_of(job)
    snapshot = snapshot_of(job, layers)
    by_name = {layer.data.name: layer.data for layer in layers}
    post = None if "_post_job_" in job.data.name else post_job_of(job)
    common = {layer.name: max(FrameState, key=lambda state: layer.counts[state]) for layer in snapshot.layers}
    others = list(_uncommon_frames(job, common))
    waiting = islice(_in_state(job, S.WAITING, common, others), _MOST_WAITING)
    return snapshot._replace(
        session=session,
        server=server,
        layers=tuple(_with_states(layer, common[layer.name], others) for layer in snapshot.layers),
        running=tuple(frame_status(job, data, by_name) for data in _in_state(job, S.RUNNING, common, others)),
        retrying=tuple(frame_status(job, data, by_name) for data in waiting if data.retry_count),
        dead=tuple(frame_status(job, data, by_name) for data in _in_state(job, S.DEAD, common, others)),
        held_up=ask_why_nothing_starts(job) if snapshot.is_held_up else "",
        waiting_for=_waiting_for(job, snapshot, post),
        post=job_status(post, server=server) if post else None,
    )


def _waiting_for(job: Any, snapshot: JobStatus, post: Any) -> str:
    """What a job waits for of which no frame runs or can run."""
    counts = snapshot.counts
    if counts[S.RUNNING] or counts[S.WAITING] or snapshot.state not in ("RUNNING", "FAILED"):
        return ""
    if counts[S.DEPEND]:
        others = jobs_waited_for(job)
        if others:
            return f"waits for other jobs: {', '.join(others)}"
    if counts[S.DEAD]:
        return why_post_waits(job) if post else ""
    return "" if counts[S.DEPEND] else ALL_DONE


def job_attempts(job: Any) -> list[FrameAttempt]:
    """Ask the server for the last attempt at each frame, in the order of their starts; it knows of no others."""
    by_name = {layer.data.name: layer.data for layer in layers_of(job)}
    started = sorted((frame.data for frame in frames_of(job) if frame.data.start_time), key=lambda one: one.start_time)
    return [_attempt(frame_status(job, data, by_name), data) for data in started]


def _attempt(frame: FrameStatus, data: Any) -> FrameAttempt:
    has_failed = frame.state not in (S.RUNNING, S.SUCCEEDED)
    return FrameAttempt(
        frame.name,
        frame.layer,
        frame.attempt,
        frame.host or "",
        float(data.start_time),
        frame.seconds or 0.0,
        frame.state,
        frame.peak_memory_kb,
        frame.reason if has_failed else "",
    )


def frame_status(job: Any, data: Any, layers: Mapping[str, Any]) -> FrameStatus:
    """What is to be known of a frame, out of PyCue's message of it and those of its job's layers by name."""
    log = log_path(job, data.name)
    layer = layers.get(data.layer_name)
    frame = FrameStatus(
        data.name,
        data.layer_name,
        frame_state(data),
        data.retry_count + 1,
        log=log,
        host=data.last_resource.partition("/")[0],
        peak_memory_kb=int(data.max_rss),
    )
    if frame.state is S.RUNNING:
        seconds = max(0.0, time.time() - data.start_time)
        return frame._replace(seconds=seconds, progress=_progress(log, data.start_time))
    seconds = float(max(0, data.stop_time - data.start_time))
    reason = _time_limit(data, layer) or exit_reason(data.exit_status)
    raised_kb = int(layer.min_memory) if layer and data.exit_status in _OUT_OF_MEMORY else 0
    return frame._replace(seconds=seconds, exit_status=data.exit_status, reason=reason, memory_kb=raised_kb)


def _time_limit(data: Any, layer: Any) -> str:
    """The time limit that has ended a frame, which the server has made DEAD at once; empty when none has."""
    if layer is None or frame_state(data) is not S.DEAD or data.exit_status == 0:
        return ""
    if 0 < layer.timeout * 60 <= data.stop_time - data.start_time:
        return f"ran longer than its time limit, timeout={layer.timeout} min"
    if 0 < layer.timeout_llu * 60 <= data.stop_time - data.llu_time:
        return f"printed nothing for its time limit, timeout_llu={layer.timeout_llu} min"
    return ""


def exit_reason(status: int) -> str:
    """Say in a few words why a frame of the farm ended with a status."""
    if 256 - status in _SIGNALS:  # as frames of this library and of PyOutline end
        return f"exit status {status}, ended by {_SIGNALS[256 - status]}"
    return _REASONS.get(status, "stopped by hand" if status >= 500 else f"exit status {status}")


def _progress(log: str, started: int) -> FrameProgress | None:
    """Read what a running frame has told beside its log, where this machine sees it.

    A frame on a farm does not know which attempt it is, so that what is older than its start is of another one.
    """
    found = read_progress(log)
    try:
        return found if found and os.path.getmtime(progress_path(log)) >= started - _CLOCK_SECONDS else None
    except OSError:
        return None


def _uncommon_frames(job: Any, common: Mapping[str, FrameState]) -> Iterator[Any]:
    """The frames that are in another state than most of their layer, which are known by what these are."""
    for state in set(common.values()):
        layers = [name for name, one in common.items() if one is state]
        states = [one.value for one in FrameState if one is not state]
        yield from (frame.data for frame in frames_of(job, states, layer=layers))


def _in_state(job: Any, state: FrameState, common: Mapping[str, FrameState], others: list[Any]) -> Iterator[Any]:
    yield from (data for data in others if frame_state(data) is state)
    layers = [name for name, one in common.items() if one is state]
    if layers:
        yield from (frame.data for frame in frames_of(job, [state.value], layer=layers))


def _with_states(layer: LayerStatus, common: FrameState, others: list[Any]) -> LayerStatus:
    states = dict.fromkeys(chunk_heads(FrameSet(layer.range), max(1, layer.chunk)), common)
    states.update({one.number: frame_state(one) for one in others if one.layer_name == layer.name})
    heads: dict[FrameState, list[int]] = {}
    for head, state in states.items():
        heads.setdefault(state, []).append(head)
    return layer._replace(
        counts={state: len(frames) for state, frames in heads.items()},
        states={state: FrameSet(frames) for state, frames in heads.items()},
    )
