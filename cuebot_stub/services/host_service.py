# SPDX-License-Identifier: Apache-2.0
"""Hosts: find, lock, move, mark and delete them."""

from __future__ import annotations

from typing import Any

from opencue_proto import host_pb2

from ..farm import hosting
from ..farm.farm import Farm
from ..farm.hosts import Host, short_name
from .calls import call, sets
from .comments import add_comment, comments_about
from .errors import InUse, Invalid
from .finding import checked_name, enum_name, find, find_host, find_job, find_test
from .owner_service import deed_of
from .rpc import Answer, Service, unlocked
from .thing_messages import host_message, proc_message

__all__ = ["HostService", "search_hosts"]


def search_hosts(farm: Farm, criteria: host_pb2.HostSearchCriteria, hosts: list[Host]) -> list[Any]:
    """The matching hosts, sorted by name."""
    names = {short_name(name) for name in criteria.hosts}
    ids, allocations = set(criteria.ids), {name.lower() for name in criteria.allocs}
    matches = find_test(criteria.regex)
    states = {enum_name(host_pb2.HardwareState, state) for state in criteria.states.state}
    locks = set(criteria.lock_states.state)
    return [
        message
        for host, message in ((host, host_message(farm, host)) for host in sorted(hosts, key=lambda host: host.name))
        if (not names or host.name in names)
        and (not ids or host.id in ids)
        and matches(host.name)
        and (not criteria.substr or any(text in host.name for text in criteria.substr))
        and (not allocations or message.alloc_name.lower() in allocations)
        and (not states or host.state in states)
        and (not locks or message.lock_state in locks)
    ]


class HostService(Service):
    """``host.HostInterface``. This server never reboots a machine."""

    name = "host.HostInterface"

    FindHost = call(lambda farm, request: find_host(farm, request.name))
    GetHost = call(lambda farm, request: find_host(farm, request.id))
    GetHosts = call(lambda farm, request: search_hosts(farm, request.r, list(farm.hosts.values())))
    GetProcs = call(lambda farm, request: farm.procs.on_host(find_host(farm, request.host)))
    GetHostWhiteboard = call(lambda farm, request: sorted(farm.hosts.values(), key=lambda host: host.name))
    GetRenderPartitions = call(lambda farm, request: farm.partitions.where(host=find_host(farm, request.host).id))

    @unlocked
    def Lock(self, request: Any) -> None:
        """Lock a host, so that no more frames start there. Running frames go on. Its RQD must answer."""
        self._tell(request, "LockAll")
        with self.farm.work():
            self._change(request.host, lock_state="LOCKED")

    @unlocked
    def Unlock(self, request: Any) -> None:
        """Unlock a host. Its RQD must answer."""
        self._tell(request, "UnlockAll")
        with self.farm.work():
            self._change(request.host, lock_state="OPEN")

    def _tell(self, request: Any, verb: str) -> None:
        with self.farm.work():
            host = find_host(self.farm, request.host)
        problem = self.farm.tell(host.address, verb)  # it may take its time
        if problem:
            raise Invalid(f"the daemon of the host {host.name} does not answer at {host.address}: {problem}")

    SetHardwareState = sets("state")  # only hosts that are UP get frames
    SetThreadMode = sets("thread_mode")
    SetOs = sets("os")  # until RQD reports others

    def Reboot(self, request: Any) -> None:
        """Set a host DOWN until it reports again. RQD is not called."""
        self._change(request.host, state="DOWN")

    def RebootWhenIdle(self, request: Any) -> None:
        """Start no more frames on a host until somebody has restarted it."""
        self._change(request.host, state="REBOOT_WHEN_IDLE")

    def _change(self, wanted: Any, **facts: Any) -> None:
        host = find_host(self.farm, wanted)
        self.farm.hosts.change(host, **facts)
        self.farm.wake(host)

    def SetAllocation(self, request: Any) -> None:
        allocation = find(self.farm.allocations, request.allocation_id)
        hosting.move_host(self.farm, find_host(self.farm, request.host), allocation)

    def AddTags(self, request: Any) -> None:
        host = find_host(self.farm, request.host)
        new = [checked_name(tag, "tag") for tag in request.tags]
        self._change(request.host, tags=list(dict.fromkeys([*host.tags, *new])))

    def RemoveTags(self, request: Any) -> None:
        """Remove tags that clients have given a host. Reported tags stay."""
        host = find_host(self.farm, request.host)
        self._change(request.host, tags=[tag for tag in host.tags if tag not in request.tags])

    def RenameTag(self, request: Any) -> None:
        """Rename a tag that clients have given a host. Reported tags, and that of its allocation, stay."""
        host = find_host(self.farm, request.host)
        new = checked_name(request.new_tag, "tag")
        tags = dict.fromkeys(new if tag == request.old_tag else tag for tag in host.tags)
        self._change(request.host, tags=list(tags))

    def Delete(self, request: Any) -> None:
        """Delete a host. The next report creates it again."""
        try:
            hosting.delete_host(self.farm, find_host(self.farm, request.host))
        except hosting.HostInUse as error:
            raise InUse(str(error)) from error

    def RedirectToJob(self, request: Any) -> Answer:
        """Kill named procs of a host, and start frames of a job instead."""
        host, job = find_host(self.farm, request.host), find_job(self.farm, request.job_id)
        wanted = set(request.proc_names)
        procs = [
            proc
            for proc in self.farm.procs.on_host(host)
            if proc.id in wanted or proc_message(self.farm, proc).name in wanted
        ]
        for proc in procs:
            hosting.redirect(self.farm, proc, job.id, kill=True)
        return bool(procs)

    AddComment = call(lambda farm, request: add_comment(farm, find_host(farm, request.host).id, request.new_comment))
    GetComments = call(lambda farm, request: comments_about(farm, find_host(farm, request.host).id))
    GetDeed = call(lambda farm, request: deed_of(farm, find_host(farm, request.host)))
    GetOwner = call(lambda farm, request: farm.owners[deed_of(farm, find_host(farm, request.host)).owner])
