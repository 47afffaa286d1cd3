# SPDX-License-Identifier: Apache-2.0
"""Hosts, shows and other objects as messages of the protocol. Units are those of ``messages``."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from typing import Any

from opencue_proto import (
    comment_pb2,
    facility_pb2,
    host_pb2,
    job_pb2,
    limit_pb2,
    service_pb2,
    show_pb2,
    subscription_pb2,
)

from outline.scheduler import FrameState

from ..farm.farm import Farm
from ..farm.hosts import Host, Proc
from ..farm.jobs import Job
from ..farm.things import MIN_MEMORY, Allocation, Comment, Group, Limit, Service, Show, Subscription
from .cores import as_cores

__all__ = [
    "allocation_message", "comment_message", "copied", "group_message", "host_message", "limit_message", "proc_message",
    "service_message", "show_message", "subscription_message",
]  # fmt: skip

S = FrameState


def host_message(farm: Farm, host: Host) -> host_pb2.Host:
    """A host."""
    used = farm.usage.of("host", host.id)
    allocation = farm.allocations.get(host.allocation)
    tags = [allocation.tag if allocation else "", host.name, *host.reported_tags, *host.tags]
    return host_pb2.Host(
        id=host.id,
        name=host.name,
        alloc_name=allocation.name if allocation else "",
        nimby_enabled=host.nimby_enabled,
        has_comment=any(comment.subject_of == host.id for comment in farm.comments.values()),
        cores=host.cores / 100,
        idle_cores=(host.cores - used.cores) / 100,
        memory=host.memory,
        idle_memory=host.memory - used.memory,
        gpu_memory=host.gpu_memory,
        idle_gpu_memory=host.gpu_memory - used.gpu_memory,
        total_swap=host.total_swap,
        total_memory=host.total_memory,
        total_gpu_memory=host.gpu_memory,
        total_mcp=host.total_mcp,
        free_swap=host.free_swap,
        free_memory=host.free_memory,
        free_mcp=host.free_mcp,
        free_gpu_memory=host.free_gpu_memory,
        load=host.load,
        boot_time=host.boot_time,
        ping_time=int(host.ping_time),
        os=host.os,
        tags=[tag for tag in dict.fromkeys(tags) if tag],
        state=host_pb2.HardwareState.Value(host.state),
        lock_state=_lock_state(host),
        thread_mode=host_pb2.ThreadMode.Value(host.thread_mode),
        gpus=host.gpus,
        idle_gpus=host.gpus - used.gpus,
    )


def _lock_state(host: Host) -> int:
    """The lock state of a host: locked by NIMBY, by a client or at RQD, or open."""
    if host.nimby_locked:
        return int(host_pb2.NIMBY_LOCKED)
    is_locked = host.lock_state != "OPEN" or 0 < host.cores <= host.locked_cores
    return int(host_pb2.LOCKED if is_locked else host_pb2.OPEN)


def proc_message(farm: Farm, proc: Proc) -> host_pb2.Proc:
    """A proc."""
    job, host = farm.jobs[proc.job], farm.hosts[proc.host]
    return host_pb2.Proc(
        id=proc.id,
        name=f"{host.name}/{proc.cores / 100:.2f}/{proc.gpus}",
        show_name=farm.shows[job.facts.show].name,
        job_name=job.name,
        frame_name=job.state.frame_name(proc.ref),
        group_name=farm.groups[job.facts.group].name,
        ping_time=int(proc.pinged or proc.booked),
        bookedTime=int(proc.booked),
        dispatch_time=int(proc.booked),
        reserved_memory=proc.memory,
        reserved_gpu_memory=proc.gpu_memory,
        used_memory=proc.used_memory if proc.pinged else MIN_MEMORY,
        reserved_cores=proc.cores / 100,
        reserved_gpus=proc.gpus,
        unbooked=proc.unbooked,
        redirect_target=_target_name(farm, proc.redirect),
        log_path=job.log_path(proc.ref),
        services=job.layers[job.layer_of(proc.ref)].services,
        child_processes=b64decode(proc.children),
    )


def _target_name(farm: Farm, id: str) -> str:
    if id in farm.jobs:
        return farm.jobs[id].name
    return farm.groups[id].name if id in farm.groups else ""


def show_message(farm: Farm, show: Show) -> show_pb2.Show:
    """A show with its statistics."""
    jobs = [job for job in farm.pending.values() if job.facts.show == show.id]
    counts = _frame_counts(jobs)
    reserved = farm.usage.of("show", show.id)
    stats = show_pb2.ShowStats(
        running_frames=counts[S.RUNNING],
        dead_frames=counts[S.DEAD],
        pending_frames=counts[S.WAITING] + counts[S.DEPEND],
        pending_jobs=len(jobs),
        created_job_count=show.created_jobs,
        created_frame_count=show.created_frames,
        rendered_frame_count=show.rendered_frames,
        failed_frame_count=show.failed_frames,
        reserved_cores=reserved.cores / 100,
        reserved_gpus=reserved.gpus,
    )
    return show_pb2.Show(
        id=show.id,
        name=show.name,
        default_min_cores=show.default_min_cores / 100,
        default_max_cores=show.default_max_cores / 100,
        default_min_gpus=show.default_min_gpus,
        default_max_gpus=show.default_max_gpus,
        comment_email=show.comment_email,
        booking_enabled=show.booking_enabled,
        dispatch_enabled=show.dispatch_enabled,
        active=show.active,
        scheduler_managed=show.scheduler_managed,
        show_stats=stats,
    )


def group_message(farm: Farm, group: Group) -> job_pb2.Group:
    """A group with its statistics."""
    jobs = [job for job in farm.pending.values() if job.facts.group == group.id]
    counts = _frame_counts(jobs)
    level, parent = 0, group.parent
    while parent in farm.groups:
        level, parent = level + 1, farm.groups[parent].parent
    reserved = farm.usage.of("group", group.id)
    return job_pb2.Group(
        id=group.id,
        name=group.name,
        department=group.department,
        default_job_priority=group.default_job_priority,
        default_job_min_cores=as_cores(group.default_job_min_cores),
        default_job_max_cores=as_cores(group.default_job_max_cores),
        default_job_min_gpus=group.default_job_min_gpus,
        default_job_max_gpus=group.default_job_max_gpus,
        min_cores=as_cores(group.min_cores),
        max_cores=as_cores(group.max_cores),
        min_gpus=group.min_gpus,
        max_gpus=group.max_gpus,
        level=level,
        parent_id=group.parent,
        group_stats=job_pb2.GroupStats(
            running_frames=counts[S.RUNNING],
            dead_frames=counts[S.DEAD],
            depend_frames=counts[S.DEPEND],
            waiting_frames=counts[S.WAITING],
            pending_jobs=len(jobs),
            reserved_cores=reserved.cores / 100,
            reserved_gpus=reserved.gpus,
        ),
    )


def _frame_counts(jobs: Iterable[Job]) -> dict[FrameState, int]:
    counts = dict.fromkeys(S, 0)
    for job in jobs:
        for state, count in job.state.counts().items():
            counts[state] += count
    return counts


def allocation_message(farm: Farm, allocation: Allocation) -> facility_pb2.Allocation:
    """An allocation with its statistics."""
    hosts = [host for host in farm.hosts.values() if host.allocation == allocation.id]
    up = [host for host in hosts if host.state == "UP"]
    locked = [host for host in up if host.lock_state != "OPEN" or host.nimby_locked]
    is_open = [host for host in up if host not in locked]
    reserved = farm.usage.of("allocation", allocation.id)
    stats = facility_pb2.AllocationStats(
        cores=sum(host.cores for host in up) / 100,
        available_cores=_idle_cores(farm, is_open),
        idle_cores=_idle_cores(farm, up),
        running_cores=reserved.cores / 100,
        locked_cores=sum(host.cores for host in locked) / 100,
        hosts=len(hosts),
        locked_hosts=len(locked),
        down_hosts=sum(host.state == "DOWN" for host in hosts),
        gpus=sum(host.gpus for host in up),
        available_gpus=_idle_gpus(farm, is_open),
        idle_gpus=_idle_gpus(farm, up),
        running_gpus=reserved.gpus,
        locked_gpus=sum(host.gpus for host in locked),
    )
    return facility_pb2.Allocation(
        id=allocation.id,
        name=allocation.name,
        tag=allocation.tag,
        facility=allocation.facility,
        billable=allocation.billable,
        stats=stats,
    )


def _idle_cores(farm: Farm, hosts: list[Host]) -> float:
    return sum(host.cores - farm.usage.of("host", host.id).cores for host in hosts) / 100


def _idle_gpus(farm: Farm, hosts: list[Host]) -> int:
    return sum(host.gpus - farm.usage.of("host", host.id).gpus for host in hosts)


def subscription_message(farm: Farm, subscription: Subscription) -> subscription_pb2.Subscription:
    """A subscription."""
    show, allocation = farm.shows[subscription.show], farm.allocations[subscription.allocation]
    reserved = farm.usage.of("share", show.id, allocation.id)
    return subscription_pb2.Subscription(
        id=subscription.id,
        name=f"{allocation.name}.{show.name}",
        show_name=show.name,
        facility=allocation.facility,
        allocation_name=allocation.name,
        size=subscription.size,
        burst=subscription.burst,
        reserved_cores=reserved.cores,
        reserved_gpus=reserved.gpus,
    )


def service_message(service: Service) -> service_pb2.Service:
    """A service."""
    names = (
        "id", "name", "threadable", "min_cores", "max_cores", "min_memory", "min_gpu_memory", "tags", "timeout",
        "timeout_llu", "min_gpus", "max_gpus", "min_memory_increase",
    )  # fmt: skip
    return service_pb2.Service(**{name: getattr(service, name) for name in names})


def limit_message(farm: Farm, limit: Limit) -> limit_pb2.Limit:
    """A limit."""
    hosts = len(farm.usage.limit_hosts.get(limit.name, {}))
    used = hosts if limit.type == "HOST" else farm.usage.limits[limit.name]
    return limit_pb2.Limit(
        id=limit.id,
        name=limit.name,
        max_value=limit.max_value,
        current_running=used,
        current_usage=used,
        settled_usage=used,
        host_count=hosts,
        spec_layer_count=sum(limit.name in layer.limits for job in farm.pending.values() for layer in job.layers),
        type=limit_pb2.LimitType.Value(limit.type),
        enforcement=limit_pb2.LimitEnforcement.Value(limit.enforcement),
        soft_value=limit.soft_value,
        report_ttl=limit.report_ttl,
        exit_status=limit.exit_status,
        delay_minutes=limit.delay_minutes,
        auto_tag=limit.auto_tag,
        blocking_disabled=limit.enforcement != "ENFORCED",
    )


def comment_message(comment: Comment) -> comment_pb2.Comment:
    """A comment."""
    return comment_pb2.Comment(
        id=comment.id,
        timestamp=comment.timestamp,
        user=comment.user,
        subject=comment.subject,
        message=comment.message,
    )


def copied(target: Any, source: Any) -> Any:  # Any: messages of any kind
    """Copy the fields that a nested message shares with a plain one, and return it."""
    for name in {field.name for field in target.DESCRIPTOR.fields} & {field.name for field in source.DESCRIPTOR.fields}:
        value = getattr(source, name)
        if hasattr(value, "extend"):
            getattr(target, name).extend(value)
        else:
            setattr(target, name, value)
    return target
