# SPDX-License-Identifier: Apache-2.0
"""What every client asks first: whether somebody is there."""

from __future__ import annotations

from opencue_proto import cue_pb2

from .rpc import Service

__all__ = ["CueService"]


class CueService(Service):
    """``cue.CueInterface``."""

    name = "cue.CueInterface"

    def GetSystemStats(self, request: cue_pb2.CueGetSystemStatsRequest) -> cue_pb2.CueGetSystemStatsResponse:
        """Return what the server has done so far; it has no queues, so those figures are 0."""
        stats = cue_pb2.SystemStats(
            dispatch_executed=self.farm.dispatched,
            booked_procs=self.farm.dispatched,
            booking_waiting=sum(len(job.state) for job in self.farm.hungry.values()),
        )
        return cue_pb2.CueGetSystemStatsResponse(stats=stats)
