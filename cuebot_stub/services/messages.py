# SPDX-License-Identifier: Apache-2.0
"""Jobs, layers and frames as messages of the protocol: cores as floats, memory in kB, times in whole seconds.

Fields with the same name in both are copied by ``filled``; only the others are spelled out here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields as fields_of
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from opencue_proto import depend_pb2, job_pb2

from outline.scheduler import FrameState

from ..farm.depend import Row
from ..farm.facts import NEVER_RAN
from ..farm.farm import Farm
from ..farm.job import Job
from ..farm.procs import Procs
from .cores import as_cores

__all__ = [
    "depend_message", "filled", "frame_message", "frame_values", "job_message", "layer_message", "look_message",
    "nested", "sum_counts",
]  # fmt: skip

S = FrameState
M = TypeVar("M")


def filled(kind: Callable[..., M], thing: Any, **others: Any) -> M:
    """A message with the fields of a thing that have the same name in both, and with others.

    Words become enum values, core points become cores, and times become whole seconds.
    """
    source: Any = type(thing)
    names, get, changes = _shared_fields(kind, source)
    values = dict(zip(names, get(thing), strict=True))
    for name, change in changes.items():
        if name not in others:
            values[name] = change(values[name])
    return kind(**{**values, **others})


@cache
def _shared_fields(kind: Any, source: Any) -> tuple[list[str], Callable[[Any], Any], dict[str, Callable[[Any], Any]]]:
    """The names of fields that a message and a class share, what gets their values, and what changes some of them."""
    known = {field.name for field in fields_of(source)}
    shared = [field for field in kind.DESCRIPTOR.fields if field.name in known]
    names, changes = [field.name for field in shared], {field.name: _change_for(field) for field in shared}
    return names, attrgetter(*names), {name: change for name, change in changes.items() if change}


def _change_for(field: Any) -> Callable[[Any], Any] | None:
    if field.enum_type is not None:
        return lambda word: field.enum_type.values_by_name[word].number
    if field.cpp_type == field.CPPTYPE_FLOAT and field.name.endswith("cores"):
        return as_cores
    return int if field.name == "ping_time" else None


def nested(kind: Callable[..., M], plain: Any, **others: Any) -> M:
    """A nested message with the fields that it shares with a plain one, and with others."""
    source: Any = type(plain)
    shared = {name: getattr(plain, name) for name in _names(kind) & _names(source)}
    return kind(**shared, **others)


@cache
def _names(kind: Any) -> frozenset[str]:
    return frozenset(field.name for field in kind.DESCRIPTOR.fields)


def job_message(farm: Farm, job: Job) -> job_pb2.Job:
    """A job with its statistics."""
    facts, reserved = job.facts, farm.procs.usage.of("job", job.id)
    stats = job_pb2.JobStats(
        total_layers=facts.layer_count,
        reserved_cores=reserved.cores / 100,
        reserved_gpus=reserved.gpus,
        **_stats(job, range(len(job.layers))),
    )
    return filled(
        job_pb2.Job,
        facts,
        show=farm.shows[facts.show].name,
        group=farm.groups[facts.group].name,
        is_paused=facts.paused,
        has_comment=farm.comments.first(subject_of=job.id) is not None,
        auto_eat=facts.autoeat,
        start_time=facts.launched,
        stop_time=facts.stopped,
        eligible_time=facts.launched,
        job_stats=stats,
    )


def _stats(job: Job, numbers: Sequence[int]) -> dict[str, int]:
    """The statistics that jobs and layers have in common, summed over layers."""
    totals = [job.totals[number] for number in numbers]
    sums = sum_counts(job.state.counts(job.layers[number].name) for number in numbers)
    rendered = sum(one.rendered for one in totals)
    core_seconds = sum(one.rendered_core_seconds for one in totals), sum(one.failed_core_seconds for one in totals)
    average = core_seconds[0] // rendered if rendered else 0
    idle = sums[S.WAITING] + sums[S.DEPEND]
    return {
        **{f"{state.value.lower()}_frames": count for state, count in sums.items()},
        "total_frames": sum(sums.values()),
        "pending_frames": idle,
        "avg_frame_sec": sum(one.rendered_seconds for one in totals) // rendered if rendered else 0,
        "high_frame_sec": max((one.high_seconds for one in totals), default=0),
        "avg_core_sec": average,
        "rendered_frame_count": rendered,
        "failed_frame_count": sum(one.failed for one in totals),
        "remaining_core_sec": average * (idle + sums[S.RUNNING]),
        "total_core_sec": sum(core_seconds),
        "rendered_core_sec": core_seconds[0],
        "failed_core_sec": core_seconds[1],
        "max_rss": max((one.max_rss for one in totals), default=0),
        "max_pss": max((one.max_pss for one in totals), default=0),
    }


def sum_counts(counts: Iterable[dict[FrameState, int]]) -> dict[FrameState, int]:
    """The numbers of frames in each state, over layers or jobs."""
    sums = dict.fromkeys(S, 0)
    for one in counts:
        for state, count in one.items():
            sums[state] += count
    return sums


def layer_message(farm: Farm, job: Job, number: int) -> job_pb2.Layer:
    """A layer with its statistics."""
    layer, totals, reserved = job.layers[number], job.totals[number], farm.procs.usage.of("layer", job.id, number)
    stats = job_pb2.LayerStats(
        low_frame_sec=totals.low_seconds,
        reserved_cores=reserved.cores / 100,
        reserved_gpus=reserved.gpus,
        **_stats(job, (number,)),
    )
    return filled(
        job_pb2.Layer,
        layer,
        id=job.layer_id(number),
        is_threadable=layer.threadable,
        min_memory=layer.memory,
        min_gpu_memory=layer.gpu_memory,
        chunk_size=layer.chunk,
        type=job_pb2.LayerType.Value(layer.type.upper()),
        memory_optimizer_enabled=layer.memory_optimizer,
        layer_stats=stats,
        parent_id=job.id,
        limits=layer.limits or [""],
        min_gpus=layer.gpus,
        eligible_time=job.facts.launched,
        start_time=totals.started,
        stop_time=0 if stats.pending_frames or stats.running_frames else totals.stopped,
    )


def frame_message(farm: Farm, job: Job, ref: int) -> job_pb2.Frame:
    """A frame."""
    state, facts = job.state, job.frames.get(ref, NEVER_RAN)
    proc = farm.procs.get(job.running.get(ref, ""))
    running = int(farm.now() - proc.booked) * proc.cores // 100 if proc is not None else 0
    return job_pb2.Frame(
        name=job.frame_name(ref),
        layer_name=state.layer(ref).name,
        number=state.frames.number(ref),
        dispatch_order=state.ready.rank(ref),
        reserved_memory=facts.reserved_memory,
        total_core_time=facts.core_seconds + running,
        used_pss=proc.used_pss if proc is not None else facts.used_pss,
        submission_time=job.facts.launched,
        checkpoint_state=job_pb2.CheckpointState.Value(facts.checkpoint),
        eligible_time=job.eligible_time(ref),
        **frame_values(farm.procs, job, ref),
    )


def frame_values(procs: Procs, job: Job, ref: int) -> dict[str, Any]:
    """The fields that change while a frame runs."""
    facts, proc = job.frames.get(ref, NEVER_RAN), procs.get(job.running.get(ref, ""))
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
    depend = row.depend
    er, on = farm.jobs[depend.er_job], farm.jobs[depend.on_job]
    return depend_pb2.Depend(
        id=row.id,
        type=depend_pb2.DependType.Value(depend.type if row.pair < 0 else "FRAME_ON_FRAME"),
        target=depend_pb2.INTERNAL if depend.is_internal else depend_pb2.EXTERNAL,
        any_frame=depend.any_frame,
        active=row.is_active,
        depend_er_job=er.name,
        depend_er_layer=depend.er_layer,
        depend_er_frame=er.frame_name(row.er_ref),
        depend_on_job=on.name,
        depend_on_layer=depend.on_layer,
        depend_on_frame=on.frame_name(row.on_ref),
    )
