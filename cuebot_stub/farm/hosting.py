# SPDX-License-Identifier: Apache-2.0
"""Actions on hosts and on the frames there: move, delete, unbook, redirect."""

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
    """Save a changed host, and look for frames if it accepts some now."""
    farm.touch("host", host.id, host)
    farm.wake(host)


def move_host(farm: Farm, host: Host, allocation: Allocation) -> None:
    """Move a host to an allocation and its facility. Running frames count for the new one."""
    with farm.recounting(farm.procs_of_host(host)):
        host.allocation, host.facility = allocation.id, allocation.facility
    host_changed(farm, host)
    farm.wake()


def delete_host(farm: Farm, host: Host) -> None:
    """Delete a host with its deed and its comments.

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
    """Give the room of a proc to any job when its frame ends. With ``kill``, end the frame now."""
    proc.unbooked = True
    farm.touch("proc", proc.id, proc)
    if kill:
        kill_proc(farm, proc, "the proc was unbooked")


def redirect(farm: Farm, proc: Proc, target: str, *, kill: bool) -> None:
    """Give the room of a proc to this job or group when its frame ends. An empty id cancels that."""
    proc.redirect, proc.unbooked = target, proc.unbooked or bool(target)
    farm.touch("proc", proc.id, proc)
    if kill:
        kill_proc(farm, proc, "the proc was redirected")


# -- lending -----------------------------------------------------------------------------------------------------


def lend(farm: Farm, partition: RenderPartition) -> None:
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
    """Remove a partition, and end its frames."""
    for proc in procs_in(farm, partition):
        proc.unbooked = True
        kill_proc(farm, proc, "the host's owner reclaimed it")
    del farm.partitions[partition.id]
    farm.touch("partition", partition.id, None)
