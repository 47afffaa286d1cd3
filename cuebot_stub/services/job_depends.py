# SPDX-License-Identifier: Apache-2.0
"""The dependencies of jobs and on jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opencue_proto import depend_pb2

from ..farm.depend import Row
from ..farm.farm import Farm
from ..farm.linking import End, connect, drop
from .finding import enum_name, find_frame_end, find_job, find_layer_end
from .messages import depend_message
from .rpc import Fields, Service

__all__ = ["JobDepends", "depend_seq"]


def depend_seq(farm: Farm, rows: Iterable[Row]) -> depend_pb2.DependSeq:
    """Dependencies as a message."""
    return depend_pb2.DependSeq(depends=[depend_message(farm, row) for row in rows])


_BETWEEN_FRAMES = ("FRAME_ON_FRAME", "LAYER_ON_SIM_FRAME")


class JobDepends(Service):
    """The calls of ``job.JobInterface`` that are about dependencies."""

    def GetDepends(self, request: Any) -> Fields:
        """The dependencies of a job, its layers and its frames, without those between two frames."""
        job = find_job(self.farm, request.job.id)
        found = [row for row in self.farm.depends.of(job.id) if row.depend.type not in _BETWEEN_FRAMES]
        return {"depends": depend_seq(self.farm, found)}

    def GetWhatThisDependsOn(self, request: Any) -> Fields:
        """The dependencies of a whole job."""
        job = find_job(self.farm, request.job.id)
        return {"depends": depend_seq(self.farm, self.farm.depends.of(job.id, ""))}

    def GetWhatDependsOnThis(self, request: Any) -> Fields:
        """The dependencies on a job, its layers and its frames."""
        job = find_job(self.farm, request.job.id)
        return {"depends": depend_seq(self.farm, self.farm.depends.on(job.id))}

    def DropDepends(self, request: Any) -> None:
        """Satisfy all dependencies of a job, its layers and its frames."""
        job = find_job(self.farm, request.job.id)
        drop(self.farm, self.farm.depends.of(job.id), enum_name(depend_pb2.DependTarget, request.target))

    def CreateDependencyOnJob(self, request: Any) -> Fields:
        depend = self._connect(request.job.id, End(find_job(self.farm, request.on_job.id)))
        return {"depend": depend}

    def CreateDependencyOnLayer(self, request: Any) -> Fields:
        """Make a job depend on a layer of another one."""
        depend = self._connect(request.job.id, find_layer_end(self.farm, request.layer))
        return {"depend": depend}

    def CreateDependencyOnFrame(self, request: Any) -> Fields:
        """Make a job depend on a frame of another one."""
        depend = self._connect(request.job.id, find_frame_end(self.farm, request.frame))
        return {"depend": depend}

    def _connect(self, job: str, on: End) -> depend_pb2.Depend:
        return depend_message(self.farm, connect(self.farm, End(find_job(self.farm, job)), on))
