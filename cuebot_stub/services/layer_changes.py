# SPDX-License-Identifier: Apache-2.0
"""Changes of running layers: resources, tags, limits and others."""

from __future__ import annotations

from typing import Any

from opencue_proto import job_pb2

from ..farm import changing
from ..farm.things import MIN_MEMORY
from .cores import layer_points, whole_points
from .finding import find_layer
from .rpc import Fields, Invalid, Service
from .thing_finding import find_limit
from .thing_messages import limit_message

__all__ = ["LayerChanges"]

_FURTHEST_SECONDS, _LONGEST_REASON = 5 * 365 * 24 * 3600, 255


class LayerChanges(Service):
    """The calls of ``job.LayerInterface`` that change settings."""

    # -- needs ---------------------------------------------------------------------------------------------------

    def SetMinCores(self, request: Any) -> None:
        """Set the minimum cores of a frame. Less than a tenth of a core becomes one core."""
        self._change(request.layer, min_cores=layer_points(request.cores))

    def SetMaxCores(self, request: Any) -> None:
        """Set the maximum cores of a frame, in whole cores. 0 or less: no limit."""
        self._change(request.layer, max_cores=whole_points(request.cores))

    def SetThreadable(self, request: Any) -> None:
        """Set whether a frame can use more cores than its layer asks for."""
        self._change(request.layer, threadable=request.threadable)

    def SetMinMemory(self, request: Any) -> None:
        """Set the memory of a frame, in kB."""
        self._change(request.layer, memory=max(MIN_MEMORY, request.memory))

    def SetMinGpus(self, request: Any) -> None:
        self._change(request.layer, gpus=request.min_gpus)

    def SetMaxGpus(self, request: Any) -> None:
        self._change(request.layer, max_gpus=request.max_gpus)

    def SetMinGpuMemory(self, request: Any) -> None:
        """Set the GPU memory of a frame, in kB."""
        self._change(request.layer, gpu_memory=request.gpu_memory)

    def EnableMemoryOptimizer(self, request: Any) -> None:
        """Switch the memory optimizer, which lowers a layer's memory to what its frames use."""
        self._change(request.layer, memory_optimizer=request.value)

    def SetDispatchOrder(self, request: Any) -> None:
        """Set the place of a layer in clients. Its frames start in the order of the spec, as on Cuebot."""
        self._change(request.layer, dispatch_order=request.order)

    # -- time ----------------------------------------------------------------------------------------------------

    def SetTimeout(self, request: Any) -> None:
        """Set the time limit of a frame, in minutes. 0: no limit."""
        self._change(request.layer, timeout=request.timeout)

    def SetTimeoutLLU(self, request: Any) -> None:
        """Set the time limit without output of a frame, in minutes. 0: no limit."""
        self._change(request.layer, timeout_llu=request.timeout_llu)

    def SetStartAfter(self, request: Any) -> None:
        """Set the time before which no frame starts, in seconds since the epoch. 0: no such time."""
        latest = int(self.farm.now()) + _FURTHEST_SECONDS
        if not 0 <= request.start_after <= latest:
            raise Invalid(
                f"{request.start_after} is not a start time; give seconds since the epoch, up to {latest}, or 0"
            )
        by = f"Set by {request.username or 'unknown'}" if request.start_after else ""
        self._change(request.layer, start_after=request.start_after, start_after_reason=by[:_LONGEST_REASON])

    # -- places --------------------------------------------------------------------------------------------------

    def SetTags(self, request: Any) -> None:
        """Set the tags of a layer. Blanks in them are removed, as on Cuebot."""
        tags = ["".join(tag.split()) for text in request.tags for tag in text.split("|")]
        tags = list(dict.fromkeys(filter(None, tags)))
        if not tags:
            raise Invalid("no host runs a layer without tags; give it at least one")
        self._change(request.layer, tags=tags)

    def AddLimit(self, request: Any) -> None:
        """Add a limit to a layer, by id or name."""
        job, number = find_layer(self.farm, request.layer)
        limit, limits = find_limit(self.farm, request.limit_id), job.layers[number].limits
        if limit.name not in limits:
            changing.change_layer(self.farm, job, number, limits=[*limits, limit.name])

    def DropLimit(self, request: Any) -> None:
        job, number = find_layer(self.farm, request.layer)
        name = find_limit(self.farm, request.limit_id).name
        limits = [one for one in job.layers[number].limits if one != name]
        changing.change_layer(self.farm, job, number, limits=limits)

    def GetLimits(self, request: Any) -> Fields:
        job, number = find_layer(self.farm, request.layer)
        limits = [self.farm.find_limit(name) for name in job.layers[number].limits]
        return {"limits": [limit_message(self.farm, limit) for limit in limits if limit]}

    # -- outputs -------------------------------------------------------------------------------------------------

    def GetOutputPaths(self, request: Any) -> Fields:
        job, number = find_layer(self.farm, request.layer)
        return {"output_paths": job.layers[number].outputs}

    def RegisterOutputPath(self, request: Any) -> None:
        job, number = find_layer(self.farm, request.layer)
        outputs = job.layers[number].outputs
        if request.spec not in outputs:
            changing.change_layer(self.farm, job, number, outputs=[*outputs, request.spec])

    def _change(self, layer: job_pb2.Layer, **changes: Any) -> None:
        job, number = find_layer(self.farm, layer)
        changing.change_layer(self.farm, job, number, **changes)
