# SPDX-License-Identifier: Apache-2.0
"""Limits on the number of frames or hosts that use something at the same time."""

from __future__ import annotations

import uuid
from typing import Any

from opencue_proto import limit_pb2

from ..farm.jobs import Job
from ..farm.things import Limit
from .finding import enum_name
from .rpc import Exists, Fields, InUse, Invalid, Service
from .thing_finding import checked_name, find_limit
from .thing_messages import limit_message

__all__ = ["LimitService"]


class LimitService(Service):
    """``limit.LimitInterface``. Limits count frames of this farm. License servers are not read."""

    name = "limit.LimitInterface"

    # -- finding -------------------------------------------------------------------------------------------------

    def Find(self, request: Any) -> Fields:
        return {"limit": limit_message(self.farm, find_limit(self.farm, request.name))}

    def Get(self, request: Any) -> Fields:
        """A limit by its id, or its name."""
        return {"limit": limit_message(self.farm, find_limit(self.farm, request.id))}

    def GetAll(self, request: Any) -> Fields:
        """All limits, sorted by name."""
        limits = sorted(self.farm.limits.values(), key=lambda limit: limit.name)
        return {"limits": [limit_message(self.farm, limit) for limit in limits]}

    def GetBindings(self, request: Any) -> Fields:
        """The layers of pending jobs with a limit. CueGUI also asks for layers without one: empty."""
        if not request.limit_name:
            return {}
        limit, ids = find_limit(self.farm, request.limit_name), set(request.layer_ids)
        found = [
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
        ]
        wanted = set(request.sources)
        return {
            "bindings": [
                one for one in found if (not ids or one.layer_id in ids) and (not wanted or one.source in wanted)
            ]
        }

    def GetHolds(self, request: Any) -> Fields:
        """The hosts that use limits now, for one limit or all, on one host or all."""
        limits = [find_limit(self.farm, request.limit_name)] if request.limit_name else self.farm.limits.values()
        name = request.host_name.partition(".")[0]
        return {
            "holds": [
                limit_pb2.LimitHold(
                    limit_id=limit.id,
                    limit_name=limit.name,
                    host_name=self.farm.hosts[host].name,
                    host_id=host,
                    tokens=1 if limit.type == "HOST" else frames,
                    source=limit_pb2.CUE,
                )
                for limit in limits
                for host, frames in self.farm.usage.limit_hosts.get(limit.name, {}).items()
                if name in ("", self.farm.hosts[host].name)
            ]
        }

    def _users(self, limit: Limit) -> list[tuple[Job, int]]:
        """The layers of unfinished jobs with a limit."""
        jobs = [job for job in self.farm.jobs.values() if job.facts.state != "FINISHED" or job.procs]
        return [(job, number) for job in jobs for number, layer in enumerate(job.layers) if limit.name in layer.limits]

    # -- making and changing -------------------------------------------------------------------------------------

    def Create(self, request: Any) -> Fields:
        limit = Limit(
            str(uuid.uuid4()),
            self._new_name(request.name),
            request.max_value,
            enum_name(limit_pb2.LimitType, request.type),
            enum_name(limit_pb2.LimitEnforcement, request.enforcement),
            request.soft_value,
            **self._rule(request),
        )
        self.farm.limits[limit.id] = limit
        self._changed(limit)
        return {"limit": limit_message(self.farm, limit)}

    def _rule(self, request: Any, limit: Limit | None = None) -> dict[str, Any]:
        status = request.exit_status
        if status < 0 or status == 1:
            raise Invalid(f"{status} cannot mean that a license is missing; give a status above 1, or 0 for none")
        taken = [one.name for one in self.farm.limits.values() if one.exit_status == status and one is not limit]
        if status and taken:
            raise Exists(f"the exit status {status} belongs to the limit {taken[0]}")
        return {"exit_status": status, "delay_minutes": request.delay_minutes, "auto_tag": request.auto_tag}

    def _new_name(self, text: str) -> str:
        name = checked_name(text, "limit")
        if self.farm.find_limit(name):
            raise Exists(f"the limit {name!r} already exists")
        return name

    def Rename(self, request: Any) -> None:
        """Rename a limit, also in the layers that use it."""
        limit = find_limit(self.farm, request.old_name)
        new = self._new_name(request.new_name)
        users = self._users(limit)
        jobs = {job.id: job for job, _ in users}
        with self.farm.recounting([self.farm.procs[id] for job in jobs.values() for id in job.procs]):
            for job, number in users:
                names = [new if name == limit.name else name for name in job.layers[number].limits]
                job.layers[number].limits = names
                job.needs_changed(number)
        for job in jobs.values():
            self.farm.touch_job(job)
        limit.name = new
        self._changed(limit)

    def SetMaxValue(self, request: Any) -> None:
        """Set the maximum. 0 allows none."""
        self._set(request, max_value=request.max_value)

    def SetType(self, request: Any) -> None:
        """Set whether the limit counts frames or hosts."""
        self._set(request, type=enum_name(limit_pb2.LimitType, request.type))

    def SetEnforcement(self, request: Any) -> None:
        """Set whether the limit holds frames back."""
        self._set(request, enforcement=enum_name(limit_pb2.LimitEnforcement, request.enforcement))

    def SetSoftValue(self, request: Any) -> None:
        """Set the soft value, from which on only hosts that use the limit already get more."""
        self._set(request, soft_value=request.soft_value)

    def SetReportTtl(self, request: Any) -> None:
        """Store how long a report of a license server is valid."""
        self._set(request, report_ttl=request.report_ttl)

    def SetFailureRule(self, request: Any) -> None:
        """Store the exit status of a missing license. It binds no layer."""
        self._set(request, **self._rule(request, find_limit(self.farm, request.name)))

    def ClearBindings(self, request: Any) -> Fields:
        """The number of layers that lost the limit: 0, because only specs bind layers here."""
        find_limit(self.farm, request.limit_name)
        return {"removed": 0}

    def _set(self, request: Any, **values: Any) -> None:
        limit = find_limit(self.farm, request.name)
        for name, value in values.items():
            setattr(limit, name, value)
        self._changed(limit)

    def _changed(self, limit: Limit) -> None:
        self.farm.touch("limit", limit.id, limit)
        self.farm.wake()

    def Delete(self, request: Any) -> None:
        """Delete a limit that no pending job uses."""
        limit = find_limit(self.farm, request.name)
        jobs = sorted({job.name for job, _ in self._users(limit)})
        if jobs:
            raise InUse(f"layers of {len(jobs)} jobs name the limit {limit.name}, such as those of {jobs[0]}")
        del self.farm.limits[limit.id]
        self.farm.touch("limit", limit.id, None)
