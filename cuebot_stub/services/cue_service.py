# SPDX-License-Identifier: Apache-2.0
"""What every client asks first: whether somebody is there."""

from __future__ import annotations

from typing import Any

from opencue_proto import cue_pb2

from .rpc import Fields, Service

__all__ = ["CueService"]


class CueService(Service):
    """``cue.CueInterface``."""

    name = "cue.CueInterface"

    def GetSystemStats(self, request: Any) -> Fields:
        """Return what the server has done so far; it has no queues, so those figures are 0."""
        stats = cue_pb2.SystemStats(
            dispatch_executed=self.farm.dispatched,
            booked_procs=self.farm.dispatched,
            booking_waiting=sum(len(job.state) for job in self.farm.hungry.values()),
        )
        return {"stats": stats}
