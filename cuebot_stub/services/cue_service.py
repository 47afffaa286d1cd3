# SPDX-License-Identifier: Apache-2.0
"""The call with which every client begins: whether the server answers."""

from __future__ import annotations

from typing import Any

from opencue_proto import cue_pb2

from .rpc import Fields, Service

__all__ = ["CueService"]


class CueService(Service):
    """``cue.CueInterface``."""

    name = "cue.CueInterface"

    def GetSystemStats(self, request: Any) -> Fields:
        """The counters of the server. It has no queues, so their figures are 0."""
        stats = cue_pb2.SystemStats(
            dispatch_executed=self.farm.dispatched,
            booked_procs=self.farm.dispatched,
            booking_waiting=sum(len(job.state) for job in self.farm.hungry.values()),
        )
        return {"stats": stats}
