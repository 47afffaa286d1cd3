# SPDX-License-Identifier: Apache-2.0
"""Jobs, layers and frames as messages of the protocol: cores as floats, memory in kB, times in whole seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opencue_proto import depend_pb2, job_pb2

from outline.scheduler import FrameState

from ..farm.depend import Row
from ..farm.farm import Farm
from ..farm.jobs import FrameFacts, Job
from .cores import as_cores

__all__ = [
    "depend_message",
    "frame_message",
    "job_message",
    "layer_message",
    "look_message",
    "updated_frame_message",
]

_LAYER_TYPES = {"Render": job_pb2.RENDER, "Util": job_pb2.UTIL, "Post": job_pb2.POST, "Pre": job_pb2.PRE}
_NEVER_RAN = FrameFacts()
S = FrameState


def job_message(farm: Farm, job: Job) -> job_pb2.Job:
    """A job with its statistics."""
    facts = job.facts
    return job_pb2.Job(
        id=job.id,
        state=job_pb2.JobState.Value(facts.state),
        name=job.name,
        shot=facts.shot,
        show=farm.shows[facts.show].name,
        user=facts.user,
        group=farm.groups[facts.group].name,
        facility=facts.facility,
        os=facts.os,
        uid=facts.uid,
        priority=facts.priority,
        min_cores=as_cores(facts.min_cores),
        max_cores=as_cores(facts.max_cores),
        min_gpus=facts.min_gpus,
        max_gpus=facts.max_gpus,
        log_dir=facts.log_dir,
        is_paused=facts.paused,
        has_comment=any(comment.subject_of == job.id for comment in farm.comments.values()),
        auto_eat=facts.autoeat,
        start_time=facts.launched,
        stop_time=facts.stopped,
        eligible_time=facts.launched,
        job_stats=_job_stats(farm, job),
    )


def _job_stats(farm: Farm, job: Job) -> job_pb2.JobStats:
    values = _stats(job, range(len(job.layers)))
    reserved = farm.usage.of("job", job.id)
    return job_pb2.JobStats(
        total_layers=job.facts.layer_count, reserved_cores=reserved.cores / 100, reserved_gpus=reserved.gpus, **values
    )


def _stats(job: Job, numbers: Sequence[int]) -> dict[str, int]:
    """The statistics that jobs and layers have in common, summed over layers."""
    sums = dict.fromkeys(S, 0)
    totals = [job.totals[number] for number in numbers]
    for number in numbers:
        for state, count in job.state.counts(job.layers[number].name).items():
            sums[state] += count
    rendered = sum(one.rendered for one in totals)
    rendered_core_seconds = sum(one.rendered_core_seconds for one in totals)
    failed_core_seconds = sum(one.failed_core_seconds for one in totals)
    average = rendered_core_seconds // rendered if rendered else 0
    pending = sums[S.WAITING] + sums[S.DEPEND] + sums[S.RUNNING]
    return {
        "total_frames": sum(sums.values()),
        "waiting_frames": sums[S.WAITING],
        "running_frames": sums[S.RUNNING],
        "dead_frames": sums[S.DEAD],
        "eaten_frames": sums[S.EATEN],
        "depend_frames": sums[S.DEPEND],
        "succeeded_frames": sums[S.SUCCEEDED],
        "pending_frames": sums[S.WAITING] + sums[S.DEPEND],
        "avg_frame_sec": sum(one.rendered_seconds for one in totals) // rendered if rendered else 0,
        "high_frame_sec": max((one.high_seconds for one in totals), default=0),
        "avg_core_sec": average,
        "rendered_frame_count": rendered,
        "failed_frame_count": sum(one.failed for one in totals),
        "remaining_core_sec": average * pending,
        "total_core_sec": rendered_core_seconds + failed_core_seconds,
        "rendered_core_sec": rendered_core_seconds,
        "failed_core_sec": failed_core_seconds,
        "max_rss": max((one.max_rss for one in totals), default=0),
        "max_pss": max((one.max_pss for one in totals), default=0),
    }


def layer_message(farm: Farm, job: Job, number: int) -> job_pb2.Layer:
    """A layer with its statistics."""
    layer = job.layers[number]
    reserved = farm.usage.of("layer", job.id, number)
    stats = job_pb2.LayerStats(
        low_frame_sec=job.totals[number].low_seconds,
        reserved_cores=reserved.cores / 100,
        reserved_gpus=reserved.gpus,
        **_stats(job, (number,)),
    )
    return job_pb2.Layer(
        id=job.layer_id(number),
        name=layer.name,
        range=layer.range,
        tags=layer.tags,
        min_cores=as_cores(layer.min_cores),
        max_cores=as_cores(layer.max_cores),
        is_threadable=layer.threadable,
        min_memory=layer.memory,
        min_gpu_memory=layer.gpu_memory,
        chunk_size=layer.chunk,
        dispatch_order=layer.dispatch_order,
        type=_LAYER_TYPES.get(layer.type, job_pb2.RENDER),
        services=layer.services,
        memory_optimizer_enabled=layer.memory_optimizer,
        layer_stats=stats,
        parent_id=job.id,
        limits=layer.limits or [""],
        timeout=layer.timeout,
        timeout_llu=layer.timeout_llu,
        min_gpus=layer.gpus,
        max_gpus=layer.max_gpus,
        command=layer.command,
        start_after=layer.start_after,
        start_after_reason=layer.start_after_reason,
        eligible_time=job.facts.launched,
        start_time=job.totals[number].started,
        stop_time=0 if stats.pending_frames or stats.running_frames else job.totals[number].stopped,
    )


def frame_message(farm: Farm, job: Job, ref: int) -> job_pb2.Frame:
    """A frame."""
    state, facts = job.state, job.frames.get(ref, _NEVER_RAN)
    proc = farm.procs.get(job.running.get(ref, ""))
    running = int(farm.now() - proc.booked) * proc.cores // 100 if proc is not None else 0
    return job_pb2.Frame(
        name=state.frame_name(ref),
        layer_name=state.layer(ref).name,
        number=state.number(ref),
        dispatch_order=state.place(ref),
        reserved_memory=facts.reserved_memory,
        total_core_time=facts.core_seconds + running,
        used_pss=proc.used_pss if proc is not None else facts.used_pss,
        submission_time=job.facts.launched,
        checkpoint_state=job_pb2.CheckpointState.Value(facts.checkpoint),
        eligible_time=job.eligible_time(ref),
        **_frame_values(farm, job, ref, facts),
    )


def updated_frame_message(farm: Farm, job: Job, ref: int) -> job_pb2.UpdatedFrame:
    """The changing facts of a frame."""
    return job_pb2.UpdatedFrame(**_frame_values(farm, job, ref, job.frames.get(ref, _NEVER_RAN)))


def _frame_values(farm: Farm, job: Job, ref: int, facts: FrameFacts) -> dict[str, Any]:
    proc = farm.procs.get(job.running.get(ref, ""))
    used, most, llu, most_pss = facts.used_memory, facts.max_rss, facts.llu_time, facts.max_pss
    if proc is not None:
        used, most, llu = proc.used_memory, max(most, proc.max_rss), max(llu, proc.llu_time)
        most_pss = max(most_pss, proc.max_pss)
    state = job.state.state(ref).value
    look = job.facts.looks.get(str(ref), {}).get(state)
    return {
        "id": job.frame_id(ref),
        "state": job_pb2.FrameState.Value(state),
        "frame_state_display_override": look_message(state, look) if look else None,
        "retry_count": facts.retries,
        "exit_status": facts.exit_status,
        "start_time": facts.started,
        "stop_time": facts.stopped,
        "max_rss": most,
        "max_pss": most_pss,
        "used_memory": used,
        "last_resource": f"{facts.host}/{facts.cores / 100:.2f}/{facts.gpus}",
        "llu_time": llu or job.facts.launched,
    }


def look_message(state: str, look: Any) -> job_pb2.FrameStateDisplayOverride:
    """The text and colour that replace a state."""
    text, red, green, blue = look
    color = job_pb2.FrameStateDisplayOverride.RGB(red=red, green=green, blue=blue)
    return job_pb2.FrameStateDisplayOverride(state=job_pb2.FrameState.Value(state), text=text, color=color)


def depend_message(farm: Farm, row: Row) -> depend_pb2.Depend:
    """A dependency, or one of its pairs."""
    depend, (er_ref, on_ref) = row.depend, farm.depends.ends(row)
    er, on = farm.jobs[depend.er_job], farm.jobs[depend.on_job]
    return depend_pb2.Depend(
        id=farm.depends.id_of(row),
        type=depend_pb2.DependType.Value(depend.type if row.pair < 0 else "FRAME_ON_FRAME"),
        target=depend_pb2.INTERNAL if depend.is_internal else depend_pb2.EXTERNAL,
        any_frame=depend.any_frame,
        active=farm.depends.is_active(row),
        depend_er_job=er.name,
        depend_er_layer=depend.er_layer,
        depend_er_frame=er.state.frame_name(er_ref) if er_ref >= 0 else "",
        depend_on_job=on.name,
        depend_on_layer=depend.on_layer,
        depend_on_frame=on.state.frame_name(on_ref) if on_ref >= 0 else "",
    )
