# SPDX-License-Identifier: Apache-2.0
"""Hosts and procs: find, lock, move, mark and delete hosts; end procs, and redirect them to another job."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opencue_proto import host_pb2

from ..farm import hosting
from ..farm.depend import End
from ..farm.errors import Invalid, NotFound
from ..farm.farm import Farm
from ..farm.hosts import Host, Proc, short_name
from ..farm.running import kill_proc
from .calls import call, sets
from .comments import add_comment, comments_about
from .finding import by_name, checked_name, enum_name, find, find_host, find_job, find_test
from .owner_service import deed_of
from .rpc import Answer, Service, plain, unlocked
from .thing_messages import host_message, proc_message

__all__ = ["HostService", "ProcService", "search_hosts"]


def search_hosts(farm: Farm, criteria: host_pb2.HostSearchCriteria, hosts: list[Host]) -> list[Any]:
    """The matching hosts, sorted by name."""
    names = {short_name(name) for name in criteria.hosts}
    ids, allocations = set(criteria.ids), {name.lower() for name in criteria.allocs}
    matches = find_test(criteria.regex)
    states = {enum_name(host_pb2.HardwareState, state) for state in criteria.states.state}
    locks = set(criteria.lock_states.state)
    return [
        message
        for host, message in ((host, host_message(farm, host)) for host in sorted(hosts, key=by_name))
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

    FindHost = call(lambda farm, request: find_host(farm.hosts, request.name))
    GetHost = call(lambda farm, request: find_host(farm.hosts, request.id))
    GetHosts = call(lambda farm, request: search_hosts(farm, request.r, list(farm.hosts.values())))
    GetProcs = call(lambda farm, host, request: farm.procs.on_host(host))
    GetHostWhiteboard = call(lambda farm, request: sorted(farm.hosts.values(), key=by_name))
    GetRenderPartitions = call(lambda farm, host, request: farm.partitions.where(host=host.id))

    @unlocked
    def Lock(self, request: Any) -> None:
        """Lock a host, so that no more frames start there. Running frames go on. Its RQD must answer."""
        self._tell(request, "LockAll", "LOCKED")

    @unlocked
    def Unlock(self, request: Any) -> None:
        """Unlock a host. Its RQD must answer."""
        self._tell(request, "UnlockAll", "OPEN")

    def _tell(self, request: Any, verb: str, lock_state: str) -> None:
        with self.farm.work():
            host = find_host(self.farm.hosts, request.host)
        problem = self.farm.tell(host.address, verb)  # it may take its time
        if problem:
            raise Invalid(f"the daemon of the host {host.name} does not answer at {host.address}: {problem}")
        with self.farm.work():
            self._change(find_host(self.farm.hosts, request.host), lock_state=lock_state)

    SetHardwareState = sets("state")  # only hosts that are UP get frames
    SetThreadMode = sets("thread_mode")
    SetOs = sets("os")  # until RQD reports others

    def Reboot(self, host: Host, request: Any) -> None:
        """Set a host DOWN until it reports again. RQD is not called."""
        self._change(host, state="DOWN")

    def RebootWhenIdle(self, host: Host, request: Any) -> None:
        """Start no more frames on a host until somebody has restarted it."""
        self._change(host, state="REBOOT_WHEN_IDLE")

    def _change(self, thing: Host, **facts: Any) -> None:
        self.farm.hosts.change(thing, **facts)
        self.farm.wake(thing)

    def SetAllocation(self, host: Host, request: Any) -> None:
        hosting.move_host(self.farm, host, find(self.farm.allocations, request.allocation_id))

    def AddTags(self, host: Host, request: Any) -> None:
        new = [checked_name(tag, "tag") for tag in request.tags]
        self._change(host, tags=list(dict.fromkeys([*host.tags, *new])))

    def RemoveTags(self, host: Host, request: Any) -> None:
        """Remove tags that clients have given a host. Reported tags stay."""
        self._change(host, tags=[tag for tag in host.tags if tag not in request.tags])

    def RenameTag(self, host: Host, request: Any) -> None:
        """Rename a tag that clients have given a host. Reported tags, and that of its allocation, stay."""
        new = checked_name(request.new_tag, "tag")
        tags = dict.fromkeys(new if tag == request.old_tag else tag for tag in host.tags)
        self._change(host, tags=list(tags))

    Delete = call(lambda farm, host, request: hosting.delete_host(farm, host))  # the next report creates it again

    def RedirectToJob(self, host: Host, request: Any) -> Answer:
        """Kill named procs of a host, and start frames of a job instead."""
        job, wanted = find_job(self.farm.jobs, request.job_id), set(request.proc_names)
        procs = [
            proc
            for proc in self.farm.procs.on_host(host)
            if proc.id in wanted or proc_message(self.farm, proc).name in wanted
        ]
        for proc in procs:
            hosting.redirect(self.farm, proc, job.id, kill=True)
        return bool(procs)

    AddComment = call(lambda farm, host, request: add_comment(farm, host.id, request.new_comment))
    GetComments = call(lambda farm, host, request: comments_about(farm.comments, host.id))
    GetDeed = call(lambda farm, host, request: deed_of(farm.deeds, host))
    GetOwner = call(lambda farm, host, request: farm.owners[deed_of(farm.deeds, host).owner])


class ProcService(Service):
    """``host.ProcInterface``."""

    name = "host.ProcInterface"

    def GetProcs(self, request: Any) -> Answer:
        return self._search(request.r)

    GetHost = call(lambda farm, proc, request: farm.hosts[proc.host])
    GetJob = call(lambda farm, proc, request: farm.jobs[proc.job])
    GetFrame = GetLayer = call(lambda farm, proc, request: End.of_frame(farm.jobs[proc.job], proc.ref))

    def _search(self, criteria: host_pb2.ProcSearchCriteria) -> list[Proc]:
        """The matching procs, oldest first. Memory is in kB, durations are in seconds."""
        now = self.farm.now()
        found = [
            proc
            for proc in self.farm.procs.values()
            if self._is_of(proc, criteria) and _is_within(criteria, proc.memory, now - proc.booked)
        ]
        found.sort(key=lambda proc: proc.booked)
        last = criteria.first_result + max(criteria.max_results) if any(criteria.max_results) else None
        return found[criteria.first_result : last]

    def _chosen(self, criteria: host_pb2.ProcSearchCriteria) -> list[Proc]:
        """The procs for an action. An empty search, which would mean the whole farm, is an error."""
        if not criteria.ListFields():
            raise Invalid("the search for procs is empty; name a host, job, layer, show or allocation")
        return self._search(criteria)

    def _is_of(self, proc: Proc, criteria: host_pb2.ProcSearchCriteria) -> bool:
        """Whether a proc matches the hosts, jobs, layers, shows and allocations of a search."""
        farm = self.farm
        host, job = farm.hosts[proc.host], farm.jobs[proc.job]
        allocation = farm.allocations.get(host.allocation)
        return (
            _is_in(host.name, map(short_name, criteria.hosts))
            and _is_in(job.name, criteria.jobs)
            and _is_in(job.layer(proc.ref).name, criteria.layers)
            and _is_in(farm.shows[job.facts.show].name, criteria.shows)
            and _is_in(allocation.name if allocation else "", criteria.allocs)
        )

    Kill = call(lambda farm, proc, request: kill_proc(farm, proc, "the proc was killed"))  # counts as a failure
    Unbook = call(lambda farm, proc, request: hosting.unbook(farm, proc, kill=request.kill))

    def UnbookProcs(self, request: Any) -> Answer:
        """Unbook all matching procs, and return their number."""
        procs = self._chosen(request.r)
        for proc in procs:
            hosting.unbook(self.farm, proc, kill=request.kill)
        return len(procs)

    @plain
    def RedirectToJob(self, request: Any) -> Answer:
        """Give the room of a proc to a job when its frame ends. Returns whether the proc existed."""
        return self._redirect(request.proc, find_job(self.farm.jobs, request.job_id).id, kill=request.kill)

    @plain
    def RedirectToGroup(self, request: Any) -> Answer:
        """Give the room of a proc to a job of a group when its frame ends. Returns whether the proc existed."""
        return self._redirect(request.proc, find(self.farm.groups, request.group_id).id, kill=request.kill)

    def ClearRedirect(self, proc: Proc, request: Any) -> Answer:
        """Cancel a redirect. Returns whether there was one."""
        had_one = bool(proc.redirect)
        hosting.redirect(self.farm, proc, "", kill=False)
        return had_one

    def UnbookToJob(self, request: Any) -> Answer:
        """Give the room of matching procs to jobs, in turns."""
        targets = [find_job(self.farm.jobs, job).id for job in request.jobs.jobs]
        return self._redirect_all(request.r, targets, kill=request.kill)

    def UnbookToGroup(self, request: Any) -> Answer:
        targets = [find(self.farm.groups, request.group).id]
        return self._redirect_all(request.r, targets, kill=request.kill)

    def _redirect(self, message: Any, target: str, *, kill: bool) -> bool:
        try:
            proc = find(self.farm.procs, message)
        except NotFound:
            return False  # its frame has ended meanwhile
        hosting.redirect(self.farm, proc, target, kill=kill)
        return True

    def _redirect_all(self, criteria: host_pb2.ProcSearchCriteria, targets: list[str], *, kill: bool) -> int:
        if not targets:
            raise NotFound("the request names no job")
        procs = self._chosen(criteria)
        for number, proc in enumerate(procs):
            hosting.redirect(self.farm, proc, targets[number % len(targets)], kill=kill)
        return len(procs)


def _is_in(value: str, wanted: Iterable[str]) -> bool:
    """Whether a value is in a list, ignoring case. An empty list matches everything."""
    names = {name.lower() for name in wanted}
    return not names or value.lower() in names


def _is_within(criteria: host_pb2.ProcSearchCriteria, memory: int, seconds: float) -> bool:
    """Whether reserved memory in kB and run time in seconds match the criteria."""
    return (
        all(one.min <= memory <= one.max for one in criteria.memory_range)
        and all(memory > one.value for one in criteria.memory_greater_than)
        and all(memory < one.value for one in criteria.memory_less_than)
        and all(one.min <= seconds <= one.max for one in criteria.duration_range)
    )
