# SPDX-License-Identifier: Apache-2.0
"""Procs: find them, end them, and redirect them to another job."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opencue_proto import host_pb2

from ..farm import hosting
from ..farm.depend import End
from ..farm.hosts import Proc, short_name
from ..farm.running import kill_proc
from .calls import call
from .errors import Invalid, NotFound
from .finding import find, find_job
from .rpc import Answer, Service

__all__ = ["ProcService"]


class ProcService(Service):
    """``host.ProcInterface``."""

    name = "host.ProcInterface"

    def GetProcs(self, request: Any) -> Answer:
        """The matching procs, oldest first. Memory is in kB, durations are in seconds."""
        return self._search(request.r)

    GetHost = call(lambda farm, request: farm.hosts[find(farm.procs, request.proc).host])
    GetJob = call(lambda farm, request: farm.jobs[find(farm.procs, request.proc).job])

    def GetFrame(self, request: Any) -> Answer:
        proc = find(self.farm.procs, request.proc)
        job = self.farm.jobs[proc.job]
        return End(job, job.layer_of(proc.ref), proc.ref)

    def GetLayer(self, request: Any) -> Answer:
        return self.GetFrame(request)

    def _search(self, criteria: host_pb2.ProcSearchCriteria) -> list[Proc]:
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
            and _is_in(job.layers[job.layer_of(proc.ref)].name, criteria.layers)
            and _is_in(farm.shows[job.facts.show].name, criteria.shows)
            and _is_in(allocation.name if allocation else "", criteria.allocs)
        )

    def Kill(self, request: Any) -> None:
        """End the frame of a proc. This counts as a failure."""
        kill_proc(self.farm, find(self.farm.procs, request.proc), "the proc was killed")

    def Unbook(self, request: Any) -> None:
        """Give the room of a proc to the first job in order when its frame ends."""
        hosting.unbook(self.farm, find(self.farm.procs, request.proc), kill=request.kill)

    def UnbookProcs(self, request: Any) -> Answer:
        """Unbook all matching procs, and return their number."""
        procs = self._chosen(request.r)
        for proc in procs:
            hosting.unbook(self.farm, proc, kill=request.kill)
        return len(procs)

    def RedirectToJob(self, request: Any) -> Answer:
        """Give the room of a proc to a job when its frame ends. Returns whether the proc existed."""
        return self._redirect(request.proc, find_job(self.farm, request.job_id).id, kill=request.kill)

    def RedirectToGroup(self, request: Any) -> Answer:
        """Give the room of a proc to a job of a group when its frame ends. Returns whether the proc existed."""
        return self._redirect(request.proc, find(self.farm.groups, request.group_id).id, kill=request.kill)

    def ClearRedirect(self, request: Any) -> Answer:
        """Cancel a redirect. Returns whether there was one."""
        proc = find(self.farm.procs, request.proc)
        had_one = bool(proc.redirect)
        hosting.redirect(self.farm, proc, "", kill=False)
        return had_one

    def UnbookToJob(self, request: Any) -> Answer:
        """Give the room of matching procs to jobs, in turns."""
        targets = [find_job(self.farm, job).id for job in request.jobs.jobs]
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
