# SPDX-License-Identifier: Apache-2.0
"""What people do to hosts, and to the frames on them: move, remove, unbook, redirect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outline.scheduler import FrameState

from . import dispatch
from .errors import CannotDo
from .lending import forget_partitions, procs_in
from .running import kill_proc, start_frame

if TYPE_CHECKING:
    from .farm import Farm
    from .hosts import Host, Proc
    from .jobs import Job
    from .things import Allocation, RenderPartition

__all__ = ["HostInUse", "delete_host", "drop_partition", "host_changed", "lend", "move_host", "redirect", "unbook"]


class HostInUse(ValueError):
    """Frames run on a host."""


def host_changed(farm: Farm, host: Host) -> None:
    """Save a host that somebody has changed, and let it get work if it may have some now."""
    farm.touch("host", host.id, host)
    farm.wake(host)


def move_host(farm: Farm, host: Host, allocation: Allocation) -> None:
    """Move a host to an allocation, and so to its facility. What runs on it counts for the new one from now on."""
    with farm.recounting(farm.procs_of_host(host)):
        host.allocation, host.facility = allocation.id, allocation.facility
    host_changed(farm, host)
    farm.wake()


def delete_host(farm: Farm, host: Host) -> None:
    """Forget a host, with whose it is and what was written about it.

    Raises:
        HostInUse: Frames run on it.
    """
    procs = len(farm.procs_of_host(host))
    if procs:
        raise HostInUse(f"{procs} frames run on the host {host.name}; lock it, and wait for them or kill them")
    del farm.hosts[host.id]
    farm.touch("host", host.id, None)
    farm.tags_seen.pop(host.id, None)
    farm.strangers.pop(host.id, None)
    farm.forget_comments(host.id)
    forget_partitions(farm, host.id)
    deed = farm.deed_of(host)
    if deed is not None:
        del farm.deeds[deed.id]
        farm.touch("deed", deed.id, None)


def unbook(farm: Farm, proc: Proc, *, kill: bool) -> None:
    """Let a proc not go on to another frame of its job; with ``kill`` its frame is ended now."""
    proc.unbooked = True
    farm.touch("proc", proc.id, proc)
    if kill:
        kill_proc(farm, proc, "the proc was unbooked")


def redirect(farm: Farm, proc: Proc, target: str, *, kill: bool) -> None:
    """Let the room of a proc go to the job or the group of an id when its frame ends; empty takes that back."""
    proc.redirect, proc.unbooked = target, proc.unbooked or bool(target)
    farm.touch("proc", proc.id, proc)
    if kill:
        kill_proc(farm, proc, "the proc was redirected")


# -- lending -----------------------------------------------------------------------------------------------------


def lend(farm: Farm, partition: RenderPartition) -> None:
    """Take in a partition, and start what can start in it at once.

    Raises:
        CannotDo: Nothing can.
    """
    host, job = farm.hosts[partition.host], farm.jobs[partition.job]
    farm.partitions[partition.id] = partition
    if partition.ref >= 0:
        _start_now(farm, host, job, partition)
    else:
        dispatch.book_for(farm, host, job.id)
    if not procs_in(farm, partition):
        del farm.partitions[partition.id]
        raise CannotDo("Failed to find suitable frames: none waits that fits into what is lent")
    farm.touch("partition", partition.id, partition)
    farm.wake(host, job)


def _start_now(farm: Farm, host: Host, job: Job, partition: RenderPartition) -> None:
    layer, used = job.layers[partition.layer], farm.usage.of("host", host.id)
    cores = max(layer.min_cores, 0)
    fits = (
        cores <= min(partition.max_cores, host.cores - host.locked_cores - used.cores)
        and layer.memory <= min(partition.max_memory, host.memory - used.memory)
        and layer.gpus <= min(partition.max_gpus, host.gpus - used.gpus)
    )
    if fits and host.state == "UP" and job.is_pending and job.state.state(partition.ref) is FrameState.WAITING:
        start_frame(farm, host, job, partition.ref, cores)


def drop_partition(farm: Farm, partition: RenderPartition) -> None:
    """Take back what was lent, and end what runs there."""
    for proc in procs_in(farm, partition):
        proc.unbooked = True
        kill_proc(farm, proc, "the owner of the host takes it back")
    del farm.partitions[partition.id]
    farm.touch("partition", partition.id, None)
