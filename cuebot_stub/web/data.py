# SPDX-License-Identifier: Apache-2.0
"""The data of the page, for JSON. Call the functions within ``Farm.work``."""

from __future__ import annotations

from typing import Any, NamedTuple

from outline.backend.cue.snapshot import job_state
from outline.backend.cue.status import exit_reason
from outline.backend.cue.waiting import why_nothing_starts
from outline.scheduler import FrameState

from ..farm.facts import NEVER_RAN
from ..farm.farm import Farm
from ..farm.hosts import Host
from ..farm.job import Job
from ..services.messages import job_message, layer_message
from ..services.thing_messages import host_message, subscription_message

__all__ = ["LayerWork", "farm_data", "frames_data", "job_data", "seconds_left"]

PAGE_FRAMES = 50
_SHOWN_FINISHED = 50
S = FrameState


def farm_data(farm: Farm) -> dict[str, Any]:
    """The jobs, the pending ones first and then the last finished ones, and the hosts."""
    pending = sorted(farm.jobs.pending.values(), key=lambda job: (-job.facts.priority, job.facts.launched))
    over = [job for job in farm.jobs.values() if not job.is_pending]
    over.sort(key=lambda job: -(job.facts.stopped or job.facts.launched))
    hosts = sorted(farm.hosts.values(), key=lambda host: host.name)
    return {
        "now": int(farm.now()),
        "jobs": [_job_row(farm, job) for job in (*pending, *over[:_SHOWN_FINISHED])],
        "hosts": [_host_row(farm, host) for host in hosts],
    }


def _job_row(farm: Farm, job: Job) -> dict[str, Any]:
    facts = job.facts
    counts = _counts(job, None)
    return {
        "id": job.id,
        "name": job.name,
        "user": facts.user,
        "state": _state(farm, job),
        "paused": facts.paused,
        "pending": job.is_pending,
        "priority": facts.priority,
        "launched": facts.launched,
        "stopped": facts.stopped,
        "frames": sum(counts.values()),
        "counts": counts,
        "cores": farm.procs.usage.of("job", job.id).cores / 100,
        "seconds_left": seconds_left([_work(farm, job, number) for number in range(len(job.layers))]),
    }


def _state(farm: Farm, job: Job) -> str:
    """What a job does. Cuebot reports PENDING for jobs that run, wait or are stuck."""
    if not job.is_pending and job.facts.state != "FINISHED":
        return "WAITING"  # a post job, for its job
    counts = job.state.counts()
    state = job_state(job.facts.state, job.facts.paused, counts)
    if state == "FAILED":
        return "WAITING" if not counts[S.DEAD] and _jobs_waited_for(farm, job) else "STUCK"
    return "WAITING" if state == "RUNNING" and not counts[S.RUNNING] else state


def _jobs_waited_for(farm: Farm, job: Job) -> list[str]:
    others = {row.depend.on_job for row in farm.depends.of(job.id) if row.is_active} - {job.id}
    return sorted(farm.jobs[other].name for other in others if other in farm.jobs and farm.jobs[other].is_pending)


def _waits_for(farm: Farm, job: Job) -> str:
    """Why no frame of a job runs; empty if some do, or the reason is not known."""
    counts = job.state.counts()
    if counts[S.RUNNING] or not job.is_pending:
        return ""
    if not counts[S.WAITING]:
        others = _jobs_waited_for(farm, job)
        return f"waits for other jobs: {', '.join(others)}" if others else ""
    if job.facts.paused:
        return ""
    layers = [layer_message(farm, job, number) for number in range(len(job.layers))]
    subscriptions = farm.subscriptions.where(show=job.facts.show)
    reason = why_nothing_starts(
        job_message(farm, job),
        layers,
        [host_message(farm, host) for host in farm.hosts.values()],
        [subscription_message(farm, one) for one in subscriptions],
    )
    return f"nothing runs: {reason}" if reason else ""


class LayerWork(NamedTuple):
    """The remaining work of a layer.

    Attributes:
        waiting: The number of frames that have not started.
        running: The run time of each running frame, in seconds.
        usual: The average seconds of a frame; None before the first success.
    """

    waiting: int
    running: list[int]
    usual: float | None


def _work(farm: Farm, job: Job, number: int) -> LayerWork:
    counts = job.state.counts(job.layers[number].name)
    running: list[int] = []
    if counts[S.RUNNING]:
        refs = [ref for ref in job.running if job.layer_of(ref) == number]
        running = [max(0, int(farm.now()) - job.frames[ref].started) for ref in refs if ref in job.frames]
    return LayerWork(counts[S.WAITING] + counts[S.DEPEND], running, _usual_seconds(job, number))


def _usual_seconds(job: Job, number: int) -> float | None:
    totals = job.totals[number]
    return totals.rendered_seconds / totals.rendered if totals.rendered else None


def seconds_left(layers: list[LayerWork]) -> int | None:
    """Estimate the remaining time, if as many frames run at once as now.

    For a layer without a success, the average of the other layers counts.

    Returns:
        Seconds, or None if nothing runs or no frame has succeeded yet.
    """
    known = [layer.usual for layer in layers if layer.usual is not None]
    slots = sum(len(layer.running) for layer in layers)
    if not known or not slots:
        return None
    total = 0.0
    for layer in layers:
        usual = layer.usual if layer.usual is not None else sum(known) / len(known)
        total += layer.waiting * usual + sum(max(0.0, usual - seconds) for seconds in layer.running)
    return round(total / slots)


def _counts(job: Job, layer: str | None) -> dict[str, int]:
    return {state.value: count for state, count in job.state.counts(layer).items() if count}


def _host_row(farm: Farm, host: Host) -> dict[str, Any]:
    used = farm.procs.usage.of("host", host.id)
    return {
        "name": host.name,
        "state": "LOCKED" if host.state == "UP" and host.is_locked else host.state,
        "cores": host.cores / 100,
        "used_cores": used.cores / 100,
        "memory_mb": host.memory // 1024,
        "used_memory_mb": used.memory // 1024,
        "load": host.load / 100,
        "seen": int(host.ping_time),
        "frames": [
            {"job": proc.job, "id": proc.frame_id, "name": farm.jobs[proc.job].frame_name(proc.ref)}
            for proc in farm.procs.on_host(host)
        ],
    }


def job_data(farm: Farm, job: Job) -> dict[str, Any]:
    """A job with its layers, and the reason if none of its frames runs."""
    layers = [
        {
            "name": layer.name,
            "range": layer.range,
            "chunk": layer.chunk,
            "frames": len(job.state.frames.refs(layer.name)),
            "counts": _counts(job, layer.name),
            "seconds": _usual_seconds(job, number),
            "max_rss_mb": job.totals[number].max_rss // 1024,
            "memory_mb": layer.memory // 1024,
        }
        for number, layer in enumerate(job.layers)
    ]
    return {**_job_row(farm, job), "log_dir": job.facts.log_dir, "why": _waits_for(farm, job), "layers": layers}


def frames_data(job: Job, layer: str, state: str, page: int) -> dict[str, Any]:
    """Some frames of a job: of one layer or all, in one state or any, a page at a time.

    Dead frames come first, then those that run, then all others in the order of the job.

    Raises:
        KeyError: The job has no such layer.
        ValueError: There is no such state.
    """
    wanted = FrameState(state) if state else None
    refs = list(job.state.frames.refs(layer)) if layer else list(range(len(job.state.frames)))
    if wanted is not None:
        refs = [ref for ref in refs if job.state.state(ref) is wanted]
    else:
        refs = _dead_and_running_first(job, refs, layer)
    begin = page * PAGE_FRAMES
    return {
        "total": len(refs),
        "page": page,
        "pages": max(1, -(-len(refs) // PAGE_FRAMES)),
        "frames": [_frame_row(job, ref) for ref in refs[begin : begin + PAGE_FRAMES]],
    }


def _dead_and_running_first(job: Job, refs: list[int], layer: str) -> list[int]:
    counts = job.state.counts(layer or None)
    left = counts[S.DEAD] + counts[S.RUNNING]
    found: dict[FrameState, list[int]] = {S.DEAD: [], S.RUNNING: []}
    for ref in refs:
        if not left:
            break  # the page asks every second, also for jobs of 100,000 frames
        state = job.state.state(ref)
        if state in found:
            found[state].append(ref)
            left -= 1
    first = [*found[S.DEAD], *found[S.RUNNING]]
    ahead = set(first)
    return first + [ref for ref in refs if ref not in ahead]


def _frame_row(job: Job, ref: int) -> dict[str, Any]:
    facts, state = job.frames.get(ref, NEVER_RAN), job.state.state(ref)
    has_failed = facts.stopped and facts.exit_status != 0 and state is not S.SUCCEEDED
    return {
        "id": job.frame_id(ref),
        "name": job.frame_name(ref),
        "layer": job.state.layer(ref).name,
        "state": state.value,
        "host": facts.host,
        "why": exit_reason(facts.exit_status) if has_failed else "",
        "started": facts.started,
        "stopped": facts.stopped,
        "attempts": job.state.tries(ref),
        "max_rss_mb": facts.max_rss // 1024,
    }
