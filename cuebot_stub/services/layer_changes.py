# SPDX-License-Identifier: Apache-2.0
"""What people change of layers while they run: what their frames need, and where they may run."""

from __future__ import annotations

from typing import Any

from opencue_proto import job_pb2

from ..farm import changing
from ..farm.things import MIN_MEMORY
from .finding import find_layer
from .rpc import Invalid, Service
from .thing_finding import find_limit
from .thing_messages import limit_message

__all__ = ["LayerChanges"]


class LayerChanges(Service):
    """The calls of ``job.LayerInterface`` that change facts."""

    # -- needs ---------------------------------------------------------------------------------------------------

    def SetMinCores(self, request: job_pb2.LayerSetMinCoresRequest) -> job_pb2.LayerSetMinCoresResponse:
        """Set the cores of a frame; 0 is all of a host, below 0 all but so many."""
        self._change(request.layer, min_cores=changing.layer_points(request.cores))
        return job_pb2.LayerSetMinCoresResponse()

    def SetMaxCores(self, request: job_pb2.LayerSetMaxCoresRequest) -> job_pb2.LayerSetMaxCoresResponse:
        """Set the cores that a frame may get at most; 0 is as many as there are."""
        self._change(request.layer, max_cores=max(0, changing.layer_points(request.cores)))
        return job_pb2.LayerSetMaxCoresResponse()

    def SetThreadable(self, request: job_pb2.LayerSetThreadableRequest) -> job_pb2.LayerSetThreadableResponse:
        """Tell whether a frame can use more cores than its layer asks for."""
        self._change(request.layer, threadable=request.threadable)
        return job_pb2.LayerSetThreadableResponse()

    def SetMinMemory(self, request: job_pb2.LayerSetMinMemoryRequest) -> job_pb2.LayerSetMinMemoryResponse:
        """Set the memory of a frame, in kB."""
        self._change(request.layer, memory=max(MIN_MEMORY, request.memory))
        return job_pb2.LayerSetMinMemoryResponse()

    def SetMinGpus(self, request: job_pb2.LayerSetMinGpusRequest) -> job_pb2.LayerSetMinGpusResponse:
        """Set the GPUs of a frame."""
        self._change(request.layer, gpus=_positive(request.min_gpus, "GPUs"))
        return job_pb2.LayerSetMinGpusResponse()

    def SetMaxGpus(self, request: job_pb2.LayerSetMaxGpusRequest) -> job_pb2.LayerSetMaxGpusResponse:
        """Set the GPUs that a frame may get at most."""
        self._change(request.layer, max_gpus=_positive(request.max_gpus, "GPUs"))
        return job_pb2.LayerSetMaxGpusResponse()

    def SetMinGpuMemory(self, request: job_pb2.LayerSetMinGpuMemoryRequest) -> job_pb2.LayerSetMinGpuMemoryResponse:
        """Set the GPU memory of a frame, in kB."""
        self._change(request.layer, gpu_memory=_positive(request.gpu_memory, "kB"))
        return job_pb2.LayerSetMinGpuMemoryResponse()

    def EnableMemoryOptimizer(
        self, request: job_pb2.LayerEnableMemoryOptimizerRequest
    ) -> job_pb2.LayerEnableMemoryOptimizerResponse:
        """Note whether the memory of a layer may be lowered to what its frames use; this server never does that."""
        self._change(request.layer, memory_optimizer=request.value)
        return job_pb2.LayerEnableMemoryOptimizerResponse()

    # -- time ----------------------------------------------------------------------------------------------------

    def SetTimeout(self, request: job_pb2.LayerSetTimeoutRequest) -> job_pb2.LayerSetTimeoutResponse:
        """Set the minutes that a frame may run; 0 for no limit."""
        self._change(request.layer, timeout=_positive(request.timeout, "minutes"))
        return job_pb2.LayerSetTimeoutResponse()

    def SetTimeoutLLU(self, request: job_pb2.LayerSetTimeoutLLURequest) -> job_pb2.LayerSetTimeoutLLUResponse:
        """Set the minutes that a frame may write nothing to its log; 0 for no limit."""
        self._change(request.layer, timeout_llu=_positive(request.timeout_llu, "minutes"))
        return job_pb2.LayerSetTimeoutLLUResponse()

    def SetStartAfter(self, request: job_pb2.LayerSetStartAfterRequest) -> job_pb2.LayerSetStartAfterResponse:
        """Start no frame of a layer before a time, in seconds since the epoch; 0 for at once."""
        by = f"set by {request.username}" if request.username and request.start_after else ""
        self._change(request.layer, start_after=_positive(request.start_after, "seconds"), start_after_reason=by)
        return job_pb2.LayerSetStartAfterResponse()

    # -- places --------------------------------------------------------------------------------------------------

    def SetTags(self, request: job_pb2.LayerSetTagsRequest) -> job_pb2.LayerSetTagsResponse:
        """Set the tags of which a host must have one; no tags at all change nothing, as on Cuebot."""
        tags = [tag.strip() for text in request.tags for tag in text.split("|")]
        tags = list(dict.fromkeys(filter(None, tags)))
        if tags:
            self._change(request.layer, tags=tags)
        return job_pb2.LayerSetTagsResponse()

    def AddLimit(self, request: job_pb2.LayerAddLimitRequest) -> job_pb2.LayerAddLimitResponse:
        """Let frames count for a limit, by the limit's id or name."""
        job, number = find_layer(self.farm, request.layer)
        limit, limits = find_limit(self.farm, request.limit_id), job.layers[number].limits
        if limit.name not in limits:
            changing.change_layer(self.farm, job, number, limits=[*limits, limit.name])
        return job_pb2.LayerAddLimitResponse()

    def DropLimit(self, request: job_pb2.LayerDropLimitRequest) -> job_pb2.LayerDropLimitResponse:
        """Let frames count for a limit no more."""
        job, number = find_layer(self.farm, request.layer)
        name = find_limit(self.farm, request.limit_id).name
        limits = [one for one in job.layers[number].limits if one != name]
        changing.change_layer(self.farm, job, number, limits=limits)
        return job_pb2.LayerDropLimitResponse()

    def GetLimits(self, request: job_pb2.LayerGetLimitsRequest) -> job_pb2.LayerGetLimitsResponse:
        """Return the limits that a layer's frames count for."""
        job, number = find_layer(self.farm, request.layer)
        limits = [self.farm.find_limit(name) for name in job.layers[number].limits]
        return job_pb2.LayerGetLimitsResponse(limits=[limit_message(self.farm, limit) for limit in limits if limit])

    # -- outputs -------------------------------------------------------------------------------------------------

    def GetOutputPaths(self, request: job_pb2.LayerGetOutputPathsRequest) -> job_pb2.LayerGetOutputPathsResponse:
        """Return the paths of what a layer makes."""
        job, number = find_layer(self.farm, request.layer)
        return job_pb2.LayerGetOutputPathsResponse(output_paths=job.layers[number].outputs.values())

    def RegisterOutputPath(
        self, request: job_pb2.LayerRegisterOutputPathRequest
    ) -> job_pb2.LayerRegisterOutputPathResponse:
        """Note a path of what a layer makes."""
        job, number = find_layer(self.farm, request.layer)
        outputs = job.layers[number].outputs
        if request.spec not in outputs.values():
            changing.change_layer(self.farm, job, number, outputs={**outputs, request.spec: request.spec})
        return job_pb2.LayerRegisterOutputPathResponse()

    def _change(self, layer: job_pb2.Layer, **changes: Any) -> None:
        job, number = find_layer(self.farm, layer)
        changing.change_layer(self.farm, job, number, **changes)


def _positive(value: int, what: str) -> int:
    if value < 0:
        raise Invalid(f"{value} {what} are not possible; give 0 or more")
    return value
