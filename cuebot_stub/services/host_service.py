# SPDX-License-Identifier: Apache-2.0
"""Hosts: find, lock, move, mark and delete them."""

from __future__ import annotations

from typing import Any

from opencue_proto import host_pb2

from ..farm import hosting
from ..farm.farm import Farm
from ..farm.hosts import Host, short_name
from .comments import add_comment, comments_about
from .finding import enum_name, find_job
from .owner_service import deed_message, deed_of, owner_message
from .partition_service import partition_message
from .rpc import Fields, InUse, Invalid, Service, unlocked
from .thing_finding import checked_name, find_allocation, find_host, find_test
from .thing_messages import copied, host_message, proc_message

__all__ = ["HostService", "search_hosts"]


def search_hosts(farm: Farm, criteria: host_pb2.HostSearchCriteria, hosts: list[Host]) -> host_pb2.HostSeq:
    """The matching hosts, sorted by name."""
    names = {short_name(name) for name in criteria.hosts}
    ids, allocations = set(criteria.ids), {name.lower() for name in criteria.allocs}
    matches = find_test(criteria.regex)
    states = {enum_name(host_pb2.HardwareState, state) for state in criteria.states.state}
    locks = set(criteria.lock_states.state)
    messages = [
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
    return host_pb2.HostSeq(hosts=messages)


class HostService(Service):
    """``host.HostInterface``. This server never reboots a machine."""

    name = "host.HostInterface"

    # -- finding -------------------------------------------------------------------------------------------------

    def FindHost(self, request: Any) -> Fields:
        return {"host": host_message(self.farm, find_host(self.farm, request.name))}

    def GetHost(self, request: Any) -> Fields:
        """A host by its id, or its name."""
        return {"host": host_message(self.farm, find_host(self.farm, request.id))}

    def GetHosts(self, request: Any) -> Fields:
        hosts = search_hosts(self.farm, request.r, list(self.farm.hosts.values()))
        return {"hosts": hosts}

    def GetProcs(self, request: Any) -> Fields:
        procs = self.farm.procs_of_host(find_host(self.farm, request.host))
        return {"procs": host_pb2.ProcSeq(procs=[proc_message(self.farm, proc) for proc in procs])}

    def GetHostWhiteboard(self, request: Any) -> Fields:
        """All hosts with their procs."""
        hosts = sorted(self.farm.hosts.values(), key=lambda host: host.name)
        nested = host_pb2.NestedHostSeq(nested_hosts=[self._nested(host) for host in hosts])
        return {"nested_hosts": nested}

    def _nested(self, host: Host) -> host_pb2.NestedHost:
        plain = host_message(self.farm, host)
        message, parent = copied(host_pb2.NestedHost(), plain), copied(host_pb2.NestedHost(), plain)
        for proc in self.farm.procs_of_host(host):
            nested = copied(message.procs.nested_procs.add(), proc_message(self.farm, proc))
            nested.parent.CopyFrom(parent)
        return message

    # -- work or no work -----------------------------------------------------------------------------------------

    @unlocked
    def Lock(self, request: Any) -> None:
        """Lock a host, so that no more frames start there. Running frames go on. Its RQD must answer."""
        self._tell(request, "LockAll")
        with self.farm.work():
            self._set(request, lock_state="LOCKED")

    @unlocked
    def Unlock(self, request: Any) -> None:
        """Unlock a host. Its RQD must answer."""
        self._tell(request, "UnlockAll")
        with self.farm.work():
            self._set(request, lock_state="OPEN")

    def _tell(self, request: Any, verb: str) -> None:
        with self.farm.work():
            host = find_host(self.farm, request.host)
        problem = self.farm.tell(host.address, verb)  # it may take its time
        if problem:
            raise Invalid(f"the daemon of the host {host.name} does not answer at {host.address}: {problem}")

    def SetHardwareState(self, request: Any) -> None:
        """Set the state of a host. Only hosts that are UP get frames."""
        self._set(request, state=enum_name(host_pb2.HardwareState, request.state))

    def Reboot(self, request: Any) -> None:
        """Set a host DOWN until it reports again. RQD is not called."""
        self._set(request, state="DOWN")

    def RebootWhenIdle(self, request: Any) -> None:
        """Start no more frames on a host until somebody has restarted it."""
        self._set(request, state="REBOOT_WHEN_IDLE")

    def SetThreadMode(self, request: Any) -> None:
        self._set(request, thread_mode=enum_name(host_pb2.ThreadMode, request.mode))

    def SetOs(self, request: Any) -> None:
        """Set the operating systems of a host, until RQD reports others."""
        self._set(request, os=request.os)

    def _set(self, request: Any, **values: str) -> None:
        host = find_host(self.farm, request.host)
        for name, value in values.items():
            setattr(host, name, value)
        hosting.host_changed(self.farm, host)

    # -- places --------------------------------------------------------------------------------------------------

    def SetAllocation(self, request: Any) -> None:
        allocation = find_allocation(self.farm, request.allocation_id)
        hosting.move_host(self.farm, find_host(self.farm, request.host), allocation)

    def AddTags(self, request: Any) -> None:
        host = find_host(self.farm, request.host)
        new = [checked_name(tag, "tag") for tag in request.tags]
        host.tags = list(dict.fromkeys([*host.tags, *new]))
        hosting.host_changed(self.farm, host)

    def RemoveTags(self, request: Any) -> None:
        """Remove tags that clients have given a host. Reported tags stay."""
        host = find_host(self.farm, request.host)
        host.tags = [tag for tag in host.tags if tag not in request.tags]
        hosting.host_changed(self.farm, host)

    def RenameTag(self, request: Any) -> None:
        """Rename a tag that clients have given a host. Reported tags, and that of its allocation, stay."""
        host = find_host(self.farm, request.host)
        new = checked_name(request.new_tag, "tag")
        host.tags = list(dict.fromkeys(new if tag == request.old_tag else tag for tag in host.tags))
        hosting.host_changed(self.farm, host)

    def Delete(self, request: Any) -> None:
        """Delete a host. The next report creates it again."""
        try:
            hosting.delete_host(self.farm, find_host(self.farm, request.host))
        except hosting.HostInUse as error:
            raise InUse(str(error)) from error

    def RedirectToJob(self, request: Any) -> Fields:
        """Kill named procs of a host, and start frames of a job instead."""
        host, job = find_host(self.farm, request.host), find_job(self.farm, request.job_id)
        wanted = set(request.proc_names)
        procs = [
            proc
            for proc in self.farm.procs_of_host(host)
            if proc.id in wanted or proc_message(self.farm, proc).name in wanted
        ]
        for proc in procs:
            hosting.redirect(self.farm, proc, job.id, kill=True)
        return {"value": bool(procs)}

    def GetRenderPartitions(self, request: Any) -> Fields:
        host = find_host(self.farm, request.host)
        found = [one for one in self.farm.partitions.values() if one.host == host.id]
        partitions = [partition_message(self.farm, one) for one in found]
        return {"render_partitions": {"render_partitions": partitions}}

    # -- people --------------------------------------------------------------------------------------------------

    def AddComment(self, request: Any) -> None:
        add_comment(self.farm, find_host(self.farm, request.host).id, request.new_comment)

    def GetComments(self, request: Any) -> Fields:
        comments = comments_about(self.farm, find_host(self.farm, request.host).id)
        return {"comments": comments}

    def GetDeed(self, request: Any) -> Fields:
        deed = deed_of(self.farm, find_host(self.farm, request.host))
        return {"deed": deed_message(self.farm, deed)}

    def GetOwner(self, request: Any) -> Fields:
        deed = deed_of(self.farm, find_host(self.farm, request.host))
        return {"owner": owner_message(self.farm, self.farm.owners[deed.owner])}
