# SPDX-License-Identifier: Apache-2.0
"""Starts frames, handles their end, and kills them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from outline.frame_end import EndedBy, FrameEnd
from outline.scheduler import FrameState

from .hosts import Host, Proc
from .orders import EndLeftOrder, HostOrder, KillOrder, LaunchOrder, make_run_frame

if TYPE_CHECKING:
    from .farm import Farm
    from .jobs import Job

#: A start after one of these is not counted as a retry: never ran, host taken away, not started, lost.
UNCOUNTED = (-1, 286, 256, 299, 301, 302, 399)

BUSY_STARTS = 3

__all__ = ["ask_host", "due_kill", "end_frame", "end_left", "kill_proc", "start_frame", "was_busy"]


def start_frame(farm: Farm, host: Host, job: Job, ref: int, cores: int) -> Proc:
    """Reserve cores for a frame and order its start."""
    layer = job.layers[job.layer_of(ref)]
    proc = Proc(
        id=str(uuid.uuid4()),
        host=host.id,
        job=job.id,
        ref=ref,
        frame_id=job.frame_id(ref),
        cores=cores,
        memory=layer.memory,
        gpus=max(0, layer.gpus),
        gpu_memory=max(0, layer.gpu_memory),
        booked=farm.now(),
    )
    order = LaunchOrder(host.address, make_run_frame(farm, host, job, proc))
    job.state.start(ref)
    farm.add_proc(proc)
    farm.touch("proc", proc.id, proc)
    facts = job.facts_of(ref)
    facts.started, facts.stopped, facts.eligible = int(proc.booked), 0, job.eligible_time(ref)
    facts.host, facts.cores, facts.gpus = host.name, cores, proc.gpus
    facts.reserved_memory, facts.llu_time = layer.memory, int(proc.booked)
    facts.retries += facts.exit_status not in UNCOUNTED
    totals = job.totals[job.layer_of(ref)]
    if not totals.started:
        totals.started = int(proc.booked)
        farm.touch("totals", job.layer_id(job.layer_of(ref)), totals)
    farm.follow(job)
    farm.dispatched += 1
    farm.order(order)
    return proc


def end_frame(farm: Farm, proc: Proc, end: FrameEnd, *, status: int, seconds: int = 0) -> FrameState:
    """Handle the end of a frame's process, and look for the next frame of its host.

    Args:
        farm: The farm.
        proc: The proc of the frame. It is removed.
        end: The result.
        status: The exit status to show.
        seconds: The run time, in whole seconds.
    """
    job, host = farm.jobs[proc.job], farm.hosts[proc.host]
    ref, number = proc.ref, job.layer_of(proc.ref)
    before = job.state.state(ref)
    state = job.state.finish(ref, end, farm.now())
    facts = job.facts_of(ref)
    if not (proc.again or before is FrameState.EATEN):  # else it says that somebody has stopped it
        facts.exit_status, facts.exit_signal = status, end.signal
    facts.stopped = int(farm.now())
    facts.max_rss = max(facts.max_rss, proc.max_rss)
    facts.max_pss = max(facts.max_pss, proc.max_pss)
    facts.used_memory, facts.used_pss = proc.used_memory, proc.used_pss
    facts.core_seconds += seconds * proc.cores // 100
    job.totals[number].stopped = int(farm.now())
    farm.touch("totals", job.layer_id(number), job.totals[number])
    if end.ended_by is not EndedBy.LOST_HOST:
        # Held while it ran, it waits again although it has succeeded.
        succeeded = state is FrameState.SUCCEEDED or (state is FrameState.DEPEND and not end.status)
        job.totals[number].add(seconds, seconds * proc.cores // 100, proc.max_rss, succeeded=succeeded)
        show = farm.shows[job.facts.show]
        show.rendered_frames += succeeded
        show.failed_frames += not succeeded
        farm.touch("show", show.id, show)
    if state is FrameState.WAITING and before is FrameState.RUNNING:
        facts.stopped = 0
    farm.touch_frame(job, ref)
    farm.remove_proc(proc)
    farm.follow(job)
    if proc.redirect:
        farm.redirect(host, proc.redirect)
    farm.wake(host, None if proc.unbooked else job)
    return state


def kill_proc(farm: Farm, proc: Proc, reason: str) -> None:
    """Mark a proc to be killed. ``tick`` sends the order as soon as RQD can do it safely."""
    if not proc.kill_reason:
        proc.kill_reason = reason
        proc.kill_at = max(farm.now(), (proc.launched or farm.now()) + farm.settings.launch_grace_seconds)
    farm.touch("proc", proc.id, proc)
    farm.alarm()


def due_kill(farm: Farm, proc: Proc) -> KillOrder:
    """The order to kill a proc. Sets the time of the next one."""
    proc.kills += 1
    proc.kill_at = farm.now() + min(5.0, 0.5 * proc.kills)
    return KillOrder(farm.hosts[proc.host].address, proc.id, proc.frame_id, proc.kill_reason)


def end_left(farm: Farm, host: Host, procs: Sequence[Proc]) -> None:
    """Order the end of processes that a killed RQD has left running. A strict server leaves them, as Cuebot does."""
    if procs and farm.useful:
        farm.order(EndLeftOrder(host.address, tuple(proc.id for proc in procs)))


def ask_host(farm: Farm, host: Host, verb: str) -> None:
    """Send a call to a host's RQD."""
    farm.order(HostOrder(host.address, host.id, verb))


def was_busy(job: Job, ref: int) -> bool:
    """Whether another start on the host may have made the start of a frame fail.

    RQD 1.37 writes the command to a file and forks for several frames at once. A fork at that moment keeps the file
    open, and the system refuses to run it: "Text file busy", in 2 of 500 frames on 8 slots. A command that really
    cannot run fails in the same way again.
    """
    facts = job.facts_of(ref)
    facts.busy_starts += 1
    return facts.busy_starts <= BUSY_STARTS
