# SPDX-License-Identifier: Apache-2.0
"""What the page shows, as data for JSON. Called within ``Farm.work``."""

from __future__ import annotations

from typing import Any

from outline.scheduler import FrameState

from ..farm.farm import Farm
from ..farm.hosts import Host
from ..farm.jobs import Job

__all__ = ["farm_data", "frames_data", "job_data"]

PAGE_FRAMES = 200
_SHOWN_FINISHED = 50


def farm_data(farm: Farm) -> dict[str, Any]:
    """Return the jobs, the pending ones first and then the last finished ones, and the hosts."""
    pending = sorted(farm.pending.values(), key=lambda job: (-job.facts.priority, job.facts.launched))
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
        "state": "PAUSED" if facts.paused and job.is_pending else facts.state,
        "priority": facts.priority,
        "launched": facts.launched,
        "stopped": facts.stopped,
        "frames": sum(counts.values()),
        "counts": counts,
        "cores": farm.usage.of("job", job.id).cores / 100,
    }


def _counts(job: Job, layer: str | None) -> dict[str, int]:
    return {state.value: count for state, count in job.state.counts(layer).items() if count}


def _host_row(farm: Farm, host: Host) -> dict[str, Any]:
    used = farm.usage.of("host", host.id)
    state = host.state
    if state == "UP" and (host.lock_state != "OPEN" or host.nimby_locked):
        state = "LOCKED"
    return {
        "name": host.name,
        "state": state,
        "cores": host.cores / 100,
        "used_cores": used.cores / 100,
        "memory_mb": host.memory // 1024,
        "used_memory_mb": used.memory // 1024,
        "load": host.load / 100,
        "seen": int(host.ping_time),
        "frames": [farm.jobs[proc.job].state.frame_name(proc.ref) for proc in farm.procs_of_host(host)],
    }


def job_data(farm: Farm, job: Job) -> dict[str, Any]:
    """Return a job with its layers."""
    layers = [
        {
            "name": layer.name,
            "range": layer.range,
            "chunk": layer.chunk,
            "frames": len(job.state.refs(layer.name)),
            "counts": _counts(job, layer.name),
            "command": layer.command,
        }
        for layer in job.layers
    ]
    return {**_job_row(farm, job), "log_dir": job.facts.log_dir, "layers": layers}


def frames_data(farm: Farm, job: Job, layer: str, state: str, page: int) -> dict[str, Any]:
    """Return some frames of a job: of one layer or all, in one state or any, a page at a time.

    Raises:
        KeyError: The job has no such layer.
        ValueError: There is no such state.
    """
    wanted = FrameState(state) if state else None
    refs = list(job.state.refs(layer)) if layer else list(range(len(job.state)))
    if wanted is not None:
        refs = [ref for ref in refs if job.state.state(ref) is wanted]
    begin = page * PAGE_FRAMES
    return {
        "total": len(refs),
        "page": page,
        "pages": max(1, -(-len(refs) // PAGE_FRAMES)),
        "frames": [_frame_row(job, ref) for ref in refs[begin : begin + PAGE_FRAMES]],
    }


def _frame_row(job: Job, ref: int) -> dict[str, Any]:
    facts = job.frames.get(ref)
    return {
        "id": job.frame_id(ref),
        "name": job.state.frame_name(ref),
        "state": job.state.state(ref).value,
        "host": facts.host if facts else "",
        "exit_status": facts.exit_status if facts else -1,
        "started": facts.started if facts else 0,
        "stopped": facts.stopped if facts else 0,
        "attempts": job.state.tries(ref),
        "max_rss_mb": (facts.max_rss // 1024) if facts else 0,
    }
