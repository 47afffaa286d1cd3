# SPDX-License-Identifier: Apache-2.0
"""What jobs wait for, and what waits for them."""

from __future__ import annotations

from collections.abc import Iterable

from opencue_proto import depend_pb2, job_pb2

from ..farm.depends import Depend
from ..farm.farm import Farm
from ..farm.linking import End, connect, drop
from .finding import enum_name, find_frame_end, find_job, find_layer_end
from .messages import depend_message
from .rpc import Service

__all__ = ["JobDepends", "depend_seq"]


def depend_seq(farm: Farm, depends: Iterable[Depend]) -> depend_pb2.DependSeq:
    """Return dependencies as a message."""
    return depend_pb2.DependSeq(depends=[depend_message(farm, depend) for depend in depends])


class JobDepends(Service):
    """The calls of ``job.JobInterface`` that are about dependencies."""

    def GetDepends(self, request: job_pb2.JobGetDependsRequest) -> job_pb2.JobGetDependsResponse:
        """Return all dependencies by which anything of a job waits."""
        job = find_job(self.farm, request.job.id)
        return job_pb2.JobGetDependsResponse(depends=depend_seq(self.farm, self.farm.depends.of_job(job.id)))

    def GetWhatThisDependsOn(
        self, request: job_pb2.JobGetWhatThisDependsOnRequest
    ) -> job_pb2.JobGetWhatThisDependsOnResponse:
        """Return the dependencies by which all of a job waits."""
        job = find_job(self.farm, request.job.id)
        found = [depend for depend in self.farm.depends.of_job(job.id) if not depend.er_layer]
        return job_pb2.JobGetWhatThisDependsOnResponse(depends=depend_seq(self.farm, found))

    def GetWhatDependsOnThis(
        self, request: job_pb2.JobGetWhatDependsOnThisRequest
    ) -> job_pb2.JobGetWhatDependsOnThisResponse:
        """Return the dependencies that wait for anything of a job."""
        job = find_job(self.farm, request.job.id)
        return job_pb2.JobGetWhatDependsOnThisResponse(depends=depend_seq(self.farm, self.farm.depends.on_job(job.id)))

    def DropDepends(self, request: job_pb2.JobDropDependsRequest) -> job_pb2.JobDropDependsResponse:
        """Satisfy all dependencies by which anything of a job waits."""
        job = find_job(self.farm, request.job.id)
        drop(self.farm, self.farm.depends.of_job(job.id), enum_name(depend_pb2.DependTarget, request.target))
        return job_pb2.JobDropDependsResponse()

    def CreateDependencyOnJob(
        self, request: job_pb2.JobCreateDependencyOnJobRequest
    ) -> job_pb2.JobCreateDependencyOnJobResponse:
        """Let a job wait for the end of another one."""
        depend = self._connect(request.job.id, End(find_job(self.farm, request.on_job.id)))
        return job_pb2.JobCreateDependencyOnJobResponse(depend=depend)

    def CreateDependencyOnLayer(
        self, request: job_pb2.JobCreateDependencyOnLayerRequest
    ) -> job_pb2.JobCreateDependencyOnLayerResponse:
        """Let a job wait for a layer of another one."""
        depend = self._connect(request.job.id, find_layer_end(self.farm, request.layer))
        return job_pb2.JobCreateDependencyOnLayerResponse(depend=depend)

    def CreateDependencyOnFrame(
        self, request: job_pb2.JobCreateDependencyOnFrameRequest
    ) -> job_pb2.JobCreateDependencyOnFrameResponse:
        """Let a job wait for a frame of another one."""
        depend = self._connect(request.job.id, find_frame_end(self.farm, request.frame))
        return job_pb2.JobCreateDependencyOnFrameResponse(depend=depend)

    def _connect(self, job: str, on: End) -> depend_pb2.Depend:
        return depend_message(self.farm, connect(self.farm, End(find_job(self.farm, job)), on))
