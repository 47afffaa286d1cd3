# SPDX-License-Identifier: Apache-2.0
"""Starts frames, handles their end, and kills them."""

from __future__ import annotations

import uuid

from outline.frame_end import EndedBy, FarmStatus, FrameEnd
from outline.names import padded
from outline.scheduler import FrameState

from .hosts import Host, Proc
from .job import Job
from .orders import RUN_VARIABLE, KillOrder, LaunchOrder, ReportOrder, RunFrame
from .state import FarmState

#: A start after one of these is not counted as a retry: never ran, host taken away, not started, lost.
UNCOUNTED = (
    -1, FarmStatus.RECLAIMED, FarmStatus.NOT_STARTED, FarmStatus.REFUSED, FarmStatus.ORPHANED, FarmStatus.NOT_KILLED,
    FarmStatus.HOST_DOWN,
)  # fmt: skip

__all__ = ["ask_host", "due_kill", "end_frame", "kill_proc", "start_frame"]


def start_frame(farm: FarmState, host: Host, job: Job, ref: int, cores: int) -> Proc:
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
    order = LaunchOrder(host.address, _make_run_frame(farm, host, job, proc))
    job.state.start(ref)
    farm.procs.book(proc)
    farm.procs.save(proc)
    facts = job.facts_of(ref)
    facts.started, facts.stopped, facts.eligible = int(proc.booked), 0, job.eligible_time(ref)
    facts.host, facts.cores, facts.gpus = host.name, cores, proc.gpus
    facts.reserved_memory, facts.llu_time = layer.memory, int(proc.booked)
    facts.retries += facts.exit_status not in UNCOUNTED
    totals = job.totals[job.layer_of(ref)]
    if not totals.started:
        totals.started = int(proc.booked)
        farm.jobs.save_totals(job, job.layer_of(ref))
    farm.procs.booked += 1
    farm.orders.append(order)
    return proc


def end_frame(farm: FarmState, proc: Proc, end: FrameEnd, *, status: int, seconds: int = 0) -> FrameState:
    """Handle the end of a frame's process, and look for the next frame of its host.

    Args:
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
    farm.jobs.save_totals(job, number)
    if end.ended_by is not EndedBy.LOST_HOST:
        # Held while it ran, it waits again although it has succeeded.
        succeeded = state is FrameState.SUCCEEDED or (state is FrameState.DEPEND and not end.status)
        job.totals[number].add(seconds, seconds * proc.cores // 100, proc.max_rss, succeeded=succeeded)
        show = farm.shows[job.facts.show]
        show.rendered_frames += succeeded
        show.failed_frames += not succeeded
        farm.shows.save(show)
    if state is FrameState.WAITING and before is FrameState.RUNNING:
        facts.stopped = 0
    farm.jobs.save_frame(job, ref)
    farm.procs.end(proc)
    if proc.redirect:
        farm.redirect(host, proc.redirect)
    farm.wake(host, None if proc.unbooked else job)
    return state


def kill_proc(farm: FarmState, proc: Proc, reason: str) -> None:
    """Mark a proc to be killed. ``tick`` sends the order as soon as RQD can do it safely."""
    if not proc.kill_reason:
        proc.kill_reason = reason
        proc.kill_at = max(farm.now(), (proc.launched or farm.now()) + farm.settings.launch_grace_seconds)
    farm.procs.save(proc)
    farm.alarm()


def due_kill(farm: FarmState, proc: Proc) -> KillOrder:
    """The order to kill a proc. Sets the time of the next one."""
    proc.kills += 1
    proc.kill_at = farm.now() + min(5.0, 0.5 * proc.kills)
    return KillOrder(farm.hosts[proc.host].address, proc.id, proc.frame_id, proc.kill_reason)


def ask_host(farm: FarmState, host: Host) -> None:
    """Ask a host's RQD for a report."""
    farm.orders.append(ReportOrder(host.address, host.id))


def _make_run_frame(farm: FarmState, host: Host, job: Job, proc: Proc) -> RunFrame:
    """Everything that RQD needs to run the frame of a proc."""
    facts = job.facts
    return RunFrame(
        resource_id=proc.id,
        job_id=job.id,
        job_name=job.name,
        layer_id=job.layer_id(job.layer_of(proc.ref)),
        frame_id=proc.frame_id,
        frame_name=job.frame_name(proc.ref),
        command=_command(job, proc.ref),
        user_name=facts.user,
        uid=facts.uid if facts.uid and facts.uid > 0 else None,
        log_dir=facts.log_dir,
        show=farm.shows[facts.show].name,
        shot=facts.shot,
        start_time=int(proc.booked * 1000),
        num_cores=proc.cores,
        num_gpus=proc.gpus,
        os=facts.os or host.os.split(",")[0],
        soft_memory_limit=int(proc.memory * 1.6),
        hard_memory_limit=int(proc.memory * 2),
        environment=_environment(farm, host, job, proc),
        ignore_nimby=facts.local_host == host.name,
    )


def _command(job: Job, ref: int) -> str:
    """The command of a frame: that of its layer with the tokens replaced, in Cuebot's order."""
    layer, frame, members = job.layer(ref), job.state.frames.number(ref), job.state.frames.members(ref)
    command = layer.command
    for token, value in (
        ("#ZFRAME#", padded(frame)),
        ("#IFRAME#", str(frame)),
        ("#FRAME_START#", str(frame)),
        ("#FRAME_END#", str(members[-1])),
        ("#FRAME_CHUNK#", str(layer.chunk)),
        ("#LAYER#", layer.name),
        ("#JOB#", job.name),
        ("#FRAMESPEC#", str(members)),
        ("#FRAME#", job.frame_name(ref)),
    ):
        command = command.replace(token, value)
    return command


def _environment(farm: FarmState, host: Host, job: Job, proc: Proc) -> dict[str, str]:
    layer, facts = job.layer(proc.ref), job.facts
    # A daemon that is told so reserves whole cores, and refuses others.
    threadable = layer.threadable and not host.no_taskset and proc.cores % 100 == 0
    return {
        **facts.env,
        **layer.env,
        "CUE3": "1",
        "CUE_THREADS": str(max(1, proc.cores // 100)),
        "CUE_MEMORY": str(proc.memory),
        "CUE_GPUS": str(proc.gpus),
        "CUE_GPU_MEMORY": str(proc.gpu_memory),
        "CUE_LOG_PATH": facts.log_dir,
        "CUE_RANGE": layer.range,
        "CUE_CHUNK": str(layer.chunk),
        "CUE_IFRAME": str(job.state.frames.number(proc.ref)),
        "CUE_LAYER": layer.name,
        "CUE_JOB": job.name,
        "CUE_FRAME": job.frame_name(proc.ref),
        "CUE_SHOW": farm.shows[facts.show].name,
        "CUE_SHOT": facts.shot,
        "CUE_USER": facts.user,
        "CUE_JOB_ID": job.id,
        "CUE_LAYER_ID": job.layer_id(job.layer_of(proc.ref)),
        "CUE_FRAME_ID": proc.frame_id,
        "CUE_THREADABLE": "1" if threadable else "0",
        **({} if farm.settings.strict else {RUN_VARIABLE: proc.id}),
    }
