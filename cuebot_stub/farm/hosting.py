# SPDX-License-Identifier: Apache-2.0
"""Actions on hosts and on the frames there: move, delete, unbook, redirect."""

from __future__ import annotations

from outline.scheduler import FrameState

from . import dispatch
from .errors import CannotDo, InUse
from .hosts import Host, Proc
from .job import Job
from .lending import forget_partitions, procs_in
from .running import kill_proc, start_frame
from .saving import Table
from .state import FarmState
from .things import Allocation, RenderPartition

__all__ = [
    "default_allocation", "delete_host", "drop_partition", "lend", "move_host",
    "redirect", "unbook",
]  # fmt: skip


def default_allocation(allocations: Table[Allocation]) -> Allocation:
    """The allocation of hosts that ask for none."""
    default = allocations.first(is_default=True) or allocations.named("local.general")
    return default or next(iter(allocations.values()))


def move_host(farm: FarmState, host: Host, allocation: Allocation) -> None:
    """Move a host to an allocation and its facility. Running frames count for the new one."""
    with farm.procs.recounting(farm.procs.on_host(host)):
        host.allocation, host.facility = allocation.id, allocation.facility
    farm.hosts.save(host)
    farm.wake()


def delete_host(farm: FarmState, host: Host) -> None:
    """Delete a host with its deed and its comments.

    Raises:
        InUse: Frames run on it.
    """
    procs = len(farm.procs.on_host(host))
    if procs:
        raise InUse(f"{procs} frames run on the host {host.name}; lock it, and wait for them or kill them")
    farm.hosts.remove(host)
    farm.strangers.pop(host.id, None)
    farm.comments.remove(*farm.comments.where(subject_of=host.id))
    forget_partitions(farm.partitions, host.id)
    farm.deeds.remove(*farm.deeds.where(host=host.id))


def unbook(farm: FarmState, proc: Proc, *, kill: bool) -> None:
    """Give the room of a proc to any job when its frame ends. With ``kill``, end the frame now."""
    proc.unbooked = True
    farm.procs.save(proc)
    if kill:
        kill_proc(farm, proc, "the proc was unbooked")


def redirect(farm: FarmState, proc: Proc, target: str, *, kill: bool) -> None:
    """Give the room of a proc to this job or group when its frame ends. An empty id cancels that."""
    proc.redirect, proc.unbooked = target, proc.unbooked or bool(target)
    farm.procs.save(proc)
    if kill:
        kill_proc(farm, proc, "the proc was redirected")


def lend(farm: FarmState, partition: RenderPartition) -> None:
    """Add a render partition, and start frames in it at once.

    Raises:
        CannotDo: No frame can start in it.
    """
    host, job = farm.hosts[partition.host], farm.jobs[partition.job]
    farm.partitions[partition.id] = partition
    if partition.ref >= 0:
        _start_now(farm, host, job, partition)
    else:
        dispatch.book_for(farm, host, job.id)
    if not procs_in(farm, partition):
        del farm.partitions[partition.id]
        raise CannotDo("Failed to find suitable frames: no waiting frame fits into the lent cores and memory")
    farm.partitions.save(partition)
    farm.wake(host, job)


def _start_now(farm: FarmState, host: Host, job: Job, partition: RenderPartition) -> None:
    layer, used = job.layers[partition.layer], farm.procs.usage.of("host", host.id)
    cores = max(layer.min_cores, 0)
    fits = (
        cores <= min(partition.max_cores, host.cores - host.locked_cores - used.cores)
        and layer.memory <= min(partition.max_memory, host.memory - used.memory)
        and layer.gpus <= min(partition.max_gpus, host.gpus - used.gpus)
    )
    if fits and host.state == "UP" and job.is_pending and job.state.state(partition.ref) is FrameState.WAITING:
        start_frame(farm, host, job, partition.ref, cores)


def drop_partition(farm: FarmState, partition: RenderPartition) -> None:
    """Remove a partition, and end its frames."""
    for proc in procs_in(farm, partition):
        proc.unbooked = True
        kill_proc(farm, proc, "the host's owner reclaimed it")
    farm.partitions.remove(partition)
