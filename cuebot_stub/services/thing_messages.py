# SPDX-License-Identifier: Apache-2.0
"""Hosts, shows and other objects as messages of the protocol. Units are those of ``messages``."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from opencue_proto import (
    department_pb2,
    facility_pb2,
    filter_pb2,
    host_pb2,
    job_pb2,
    limit_pb2,
    renderPartition_pb2,
    service_pb2,
    show_pb2,
    subscription_pb2,
    task_pb2,
)  # fmt: skip

from outline.cuebot_limits import LEAST_MEMORY_KB
from outline.scheduler import FrameState

from ..farm.depend import End
from ..farm.farm import Farm
from ..farm.hosts import Host, Proc, all_tags
from ..farm.lending import procs_in
from ..farm.things import (
    Action,
    Allocation,
    Deed,
    Department,
    Group,
    Limit,
    Owner,
    RenderPartition,
    Service,
    Show,
    Subscription,
    Task,
)  # fmt: skip
from .messages import filled, job_message, nested, sum_counts

__all__ = [
    "ACTION_VALUES", "action_message", "allocation_message", "deed_message", "department_message", "group_message",
    "host_message", "limit_message", "nested_host", "owner_message", "partition_message", "proc_message",
    "service_override", "show_message", "subscription_message", "task_message", "whiteboard",
]  # fmt: skip

S = FrameState
#: By the type of an action's value, its field in the message.
ACTION_VALUES = {
    "GROUP_TYPE": "group_value",
    "STRING_TYPE": "string_value",
    "INTEGER_TYPE": "integer_value",
    "FLOAT_TYPE": "float_value",
    "BOOLEAN_TYPE": "boolean_value",
}


def host_message(farm: Farm, host: Host) -> host_pb2.Host:
    """A host."""
    used, allocation = farm.procs.usage.of("host", host.id), farm.allocations.get(host.allocation)
    return filled(
        host_pb2.Host,
        host,
        alloc_name=allocation.name if allocation else "",
        has_comment=farm.comments.first(subject_of=host.id) is not None,
        idle_cores=(host.cores - used.cores) / 100,
        idle_memory=host.memory - used.memory,
        idle_gpu_memory=host.gpu_memory - used.gpu_memory,
        total_gpu_memory=host.gpu_memory,
        tags=all_tags(host, allocation),
        lock_state=_lock_state(host),
        idle_gpus=host.gpus - used.gpus,
    )


def _lock_state(host: Host) -> int:
    """The lock state of a host: locked by NIMBY, by a client or at RQD, or open."""
    if host.nimby_locked:
        return int(host_pb2.NIMBY_LOCKED)
    has_lock = host.lock_state != "OPEN" or 0 < host.cores <= host.locked_cores
    return int(host_pb2.LOCKED if has_lock else host_pb2.OPEN)


def nested_host(farm: Farm, host: Host) -> host_pb2.NestedHost:
    """A host with its procs."""
    plain = host_message(farm, host)
    parent = nested(host_pb2.NestedHost, plain)
    procs = [nested(host_pb2.NestedProc, proc_message(farm, one), parent=parent) for one in farm.procs.on_host(host)]
    return nested(host_pb2.NestedHost, plain, procs=host_pb2.NestedProcSeq(nested_procs=procs))


def proc_message(farm: Farm, proc: Proc) -> host_pb2.Proc:
    """A proc."""
    job, host = farm.jobs[proc.job], farm.hosts[proc.host]
    target: Any = farm.jobs.get(proc.redirect) or farm.groups.get(proc.redirect)
    return host_pb2.Proc(
        id=proc.id,
        name=f"{host.name}/{proc.cores / 100:.2f}/{proc.gpus}",
        show_name=farm.shows[job.facts.show].name,
        job_name=job.name,
        frame_name=job.frame_name(proc.ref),
        group_name=farm.groups[job.facts.group].name,
        ping_time=int(proc.pinged or proc.booked),
        bookedTime=int(proc.booked),
        dispatch_time=int(proc.booked),
        reserved_memory=proc.memory,
        reserved_gpu_memory=proc.gpu_memory,
        used_memory=proc.used_memory if proc.pinged else LEAST_MEMORY_KB,
        reserved_cores=proc.cores / 100,
        reserved_gpus=proc.gpus,
        unbooked=proc.unbooked,
        redirect_target=target.name if target else "",
        log_path=job.log_path(proc.ref),
        services=job.layer(proc.ref).services,
        child_processes=b64decode(proc.children),
    )


def partition_message(farm: Farm, one: RenderPartition) -> renderPartition_pb2.RenderPartition:
    """A partition with its use, in core points and kB."""
    end, procs = End(farm.jobs[one.job], one.layer, one.ref), procs_in(farm, one)
    return filled(
        renderPartition_pb2.RenderPartition,
        one,
        job=end.job.name,
        layer=end.layer_name,
        frame=end.job.frame_name(one.ref),
        render_part_type=renderPartition_pb2.RenderPartitionType.Value(f"{end.kind}_PARTITION"),
        host=farm.hosts[one.host].name,
        **{name: sum(getattr(proc, name) for proc in procs) for name in ("cores", "memory", "gpus", "gpu_memory")},
    )


def owner_message(farm: Farm, owner: Owner) -> host_pb2.Owner:
    """An owner."""
    count = len(farm.deeds.where(owner=owner.id))
    return filled(host_pb2.Owner, owner, show=farm.shows[owner.show].name, host_count=count)


def deed_message(farm: Farm, deed: Deed) -> host_pb2.Deed:
    """A deed."""
    owner = farm.owners[deed.owner]
    host, show = farm.hosts[deed.host].name, farm.shows[owner.show].name
    return host_pb2.Deed(id=deed.id, host=host, owner=owner.name, show=show)


def show_message(farm: Farm, show: Show) -> show_pb2.Show:
    """A show with its statistics."""
    stats = _frame_stats(farm, "show", show.id)
    counts = stats.pop("waiting_frames") + stats.pop("depend_frames")
    return filled(
        show_pb2.Show,
        show,
        show_stats=show_pb2.ShowStats(
            pending_frames=counts,
            created_job_count=show.created_jobs,
            created_frame_count=show.created_frames,
            rendered_frame_count=show.rendered_frames,
            failed_frame_count=show.failed_frames,
            **stats,
        ),
    )


def group_message(farm: Farm, group: Group) -> job_pb2.Group:
    """A group with its statistics."""
    level, parent = 0, group.parent
    while parent in farm.groups:
        level, parent = level + 1, farm.groups[parent].parent
    stats = job_pb2.GroupStats(**_frame_stats(farm, "group", group.id))
    return filled(job_pb2.Group, group, level=level, parent_id=group.parent, group_stats=stats)


def _frame_stats(farm: Farm, what: str, id: str) -> dict[str, Any]:
    """The statistics that shows and groups have in common, over their pending jobs."""
    jobs = [job for job in farm.jobs.pending.values() if getattr(job.facts, what) == id]
    counts, reserved = sum_counts(job.state.counts() for job in jobs), farm.procs.usage.of(what, id)
    states = (S.RUNNING, S.DEAD, S.DEPEND, S.WAITING)
    return {
        **{f"{state.value.lower()}_frames": counts[state] for state in states},
        "pending_jobs": len(jobs),
        "reserved_cores": reserved.cores / 100,
        "reserved_gpus": reserved.gpus,
    }


def whiteboard(farm: Farm, group: Group) -> job_pb2.NestedGroup:
    """A group with all groups and pending jobs below it."""
    plain = group_message(farm, group)
    parent = nested(job_pb2.NestedGroup, plain, stats=plain.group_stats)
    message = nested(job_pb2.NestedGroup, plain, stats=plain.group_stats)
    for job in [job for job in farm.jobs.pending.values() if job.facts.group == group.id]:
        message.jobs.append(job.id)
        message.inline_jobs.append(job_message(farm, job))
    for child in sorted(farm.groups.where(parent=group.id), key=lambda one: one.name):
        below = message.groups.nested_groups.add()
        below.CopyFrom(whiteboard(farm, child))
        below.parent.CopyFrom(parent)
    return message


def allocation_message(farm: Farm, allocation: Allocation) -> facility_pb2.Allocation:
    """An allocation with its statistics."""
    hosts = farm.hosts.where(allocation=allocation.id)
    up = [host for host in hosts if host.state == "UP"]
    locked = [host for host in up if host.is_locked]
    figures: dict[str, float] = {}
    for name, unit in (("cores", 100), ("gpus", 1)):
        idle = {host.id: getattr(host, name) - getattr(farm.procs.usage.of("host", host.id), name) for host in up}
        figures |= {
            name: sum(getattr(host, name) for host in up) / unit,
            f"available_{name}": sum(idle[host.id] for host in up if host not in locked) / unit,
            f"idle_{name}": sum(idle.values()) / unit,
            f"running_{name}": getattr(farm.procs.usage.of("allocation", allocation.id), name) / unit,
            f"locked_{name}": sum(getattr(host, name) for host in locked) / unit,
        }
    down = sum(host.state == "DOWN" for host in hosts)
    stats = facility_pb2.AllocationStats(hosts=len(hosts), locked_hosts=len(locked), down_hosts=down, **figures)
    return filled(facility_pb2.Allocation, allocation, stats=stats)


def subscription_message(farm: Farm, subscription: Subscription) -> subscription_pb2.Subscription:
    """A subscription."""
    show, allocation = farm.shows[subscription.show], farm.allocations[subscription.allocation]
    reserved = farm.procs.usage.of("share", show.id, allocation.id)
    return filled(
        subscription_pb2.Subscription,
        subscription,
        name=f"{allocation.name}.{show.name}",
        show_name=show.name,
        facility=allocation.facility,
        allocation_name=allocation.name,
        reserved_cores=reserved.cores,
        reserved_gpus=reserved.gpus,
    )


def service_override(farm: Farm, service: Service) -> service_pb2.ServiceOverride:
    """A show's override of a service."""
    return service_pb2.ServiceOverride(id=service.id, data=filled(service_pb2.Service, service))


def limit_message(farm: Farm, limit: Limit) -> limit_pb2.Limit:
    """A limit with its use."""
    hosts = len(farm.procs.usage.limit_hosts.get(limit.name, {}))
    used = hosts if limit.type == "HOST" else farm.procs.usage.frames_with(limit.name)
    layers = sum(limit.name in layer.limits for job in farm.jobs.pending.values() for layer in job.layers)
    return filled(
        limit_pb2.Limit,
        limit,
        current_running=used,
        current_usage=used,
        settled_usage=used,
        host_count=hosts,
        spec_layer_count=layers,
        blocking_disabled=limit.enforcement != "ENFORCED",
    )


def action_message(farm: Farm, action: Action) -> filter_pb2.Action:
    """An action of a filter."""
    field = ACTION_VALUES.get(action.value_type)
    return filled(filter_pb2.Action, action, **({field: action.value} if field else {}))


def department_message(farm: Farm, one: Department) -> department_pb2.Department:
    """The department of a show."""
    name = f"{farm.shows[one.show].name}.{one.name}"
    return filled(department_pb2.Department, one, name=name, dept=one.name, ti_managed=one.managed)


def task_message(farm: Farm, pair: tuple[Department, Task]) -> task_pb2.Task:
    """A task of a department."""
    department, task = pair
    cores = {"min_cores": task.min_cores // 100, "adjust_cores": task.adjust_cores // 100}
    return task_pb2.Task(
        id=task.id,
        name=task.id,  # Cuebot finds a task by what a client has as its name
        shot=task.shot,
        dept=department.name,
        point_id=department.id,
        **cores,
    )
