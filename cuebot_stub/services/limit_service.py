# SPDX-License-Identifier: Apache-2.0
"""Limits on the number of frames or hosts that use something at the same time."""

from __future__ import annotations

from typing import Any

from opencue_proto import limit_pb2

from ..farm.changing import change_layer
from ..farm.errors import Exists, InUse, Invalid
from ..farm.job import Job
from ..farm.things import Limit
from .calls import Call, call, sets
from .finding import by_name, enum_name, find, new_name
from .rpc import Answer, Service

__all__ = ["LimitService"]


def _named(method: Call) -> Call:
    """A method that gets the limit: requests have only its name."""
    return lambda service, request: method(service, find(service.farm.limits, request.name), request)


class LimitService(Service):
    """``limit.LimitInterface``. Limits count frames of this farm. License servers are not read."""

    name, kind = "limit.LimitInterface", "limit"

    Find = call(lambda farm, request: find(farm.limits, request.name))
    Get = call(lambda farm, request: find(farm.limits, request.id))
    GetAll = call(lambda farm, request: sorted(farm.limits.values(), key=by_name))

    def GetBindings(self, request: Any) -> Answer:
        """The layers of pending jobs with a limit. CueGUI also asks for layers without one: empty."""
        if not request.limit_name:
            return []
        limit, ids, wanted = find(self.farm.limits, request.limit_name), request.layer_ids, request.sources
        return [
            limit_pb2.LimitBinding(
                limit_id=limit.id,
                layer_id=job.layer_id(number),
                layer_name=job.layers[number].name,
                job_name=job.name,
                services=job.layers[number].services,
                source=limit_pb2.SPEC,
                create_time=job.facts.launched,
            )
            for job, number in self._users(limit)
            if (not ids or job.layer_id(number) in ids) and (not wanted or limit_pb2.SPEC in wanted)
        ]

    def GetHolds(self, request: Any) -> Answer:
        """The hosts that use limits now, for one limit or all, on one host or all."""
        limits = self.farm.limits
        name = request.host_name.partition(".")[0]
        return [
            limit_pb2.LimitHold(
                limit_id=limit.id,
                limit_name=limit.name,
                host_name=self.farm.hosts[host].name,
                host_id=host,
                tokens=1 if limit.type == "HOST" else frames,
                source=limit_pb2.CUE,
            )
            for limit in ([find(limits, request.limit_name)] if request.limit_name else limits.values())
            for host, frames in self.farm.procs.usage.limit_hosts.get(limit.name, {}).items()
            if name in ("", self.farm.hosts[host].name)
        ]

    def _users(self, limit: Limit) -> list[tuple[Job, int]]:
        """The layers of unfinished jobs with a limit."""
        jobs = [job for job in self.farm.jobs.values() if not job.is_over]
        return [(job, number) for job in jobs for number, layer in enumerate(job.layers) if limit.name in layer.limits]

    def Create(self, request: Any) -> Answer:
        self.farm.wake()
        return self.farm.limits.create(
            new_name(self.farm.limits, request.name),
            request.max_value,
            enum_name(limit_pb2.LimitType, request.type),
            enum_name(limit_pb2.LimitEnforcement, request.enforcement),
            request.soft_value,
            **self._rule(request),
        )

    def _rule(self, request: Any, limit: Limit | None = None) -> dict[str, Any]:
        status = request.exit_status
        if status < 0 or status == 1:
            raise Invalid(f"{status} cannot mean that a license is missing; give a status above 1, or 0 for none")
        taken = [one.name for one in self.farm.limits.where(exit_status=status) if one is not limit]
        if status and taken:
            raise Exists(f"the exit status {status} belongs to the limit {taken[0]}")
        return {"exit_status": status, "delay_minutes": request.delay_minutes, "auto_tag": request.auto_tag}

    SetMaxValue = _named(sets("max_value"))  # 0 allows none
    SetType = _named(sets("type"))
    SetEnforcement = _named(sets("enforcement"))
    SetSoftValue = _named(sets("soft_value"))
    SetReportTtl = _named(sets("report_ttl"))

    @_named
    def SetFailureRule(self, limit: Limit, request: Any) -> None:
        """Store the exit status of a missing license. It binds no layer."""
        self._change(limit, **self._rule(request, limit))

    def Rename(self, request: Any) -> None:
        """Rename a limit, also in the layers that use it."""
        limit = find(self.farm.limits, request.old_name)
        new = new_name(self.farm.limits, request.new_name)
        for job, number in self._users(limit):
            names = [new if name == limit.name else name for name in job.layers[number].limits]
            change_layer(self.farm, job, number, limits=names)
        self._change(limit, name=new)

    def ClearBindings(self, request: Any) -> Answer:
        """The number of layers that lost the limit: 0, because only specs bind layers here."""
        find(self.farm.limits, request.limit_name)
        return 0

    @_named
    def Delete(self, limit: Limit, request: Any) -> None:
        """Delete a limit that no pending job uses."""
        jobs = sorted({job.name for job, _ in self._users(limit)})
        if jobs:
            raise InUse(f"layers of {len(jobs)} jobs name the limit {limit.name}, such as those of {jobs[0]}")
        self.farm.limits.remove(limit)
