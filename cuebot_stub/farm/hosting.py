# SPDX-License-Identifier: Apache-2.0
"""What people do to hosts, and to the frames on them: move, remove, unbook, redirect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .running import kill_proc

if TYPE_CHECKING:
    from .farm import Farm
    from .hosts import Host, Proc
    from .things import Allocation

__all__ = ["HostInUse", "delete_host", "host_changed", "move_host", "redirect", "unbook"]


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
    farm.forget_host_notes(host)
    farm.forget_comments(host.id)
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
