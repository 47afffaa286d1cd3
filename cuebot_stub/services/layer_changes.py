# SPDX-License-Identifier: Apache-2.0
"""What people change of layers while they run: what their frames need, and where they may run."""

from __future__ import annotations

from typing import Any

from opencue_proto import job_pb2

from ..farm import changing
from ..farm.things import MIN_MEMORY
from .finding import find_layer
from .rpc import Fields, Invalid, Service
from .thing_finding import find_limit
from .thing_messages import limit_message

__all__ = ["LayerChanges"]


class LayerChanges(Service):
    """The calls of ``job.LayerInterface`` that change facts."""

    # -- needs ---------------------------------------------------------------------------------------------------

    def SetMinCores(self, request: Any) -> None:
        """Set the cores of a frame; 0 is all of a host, below 0 all but so many."""
        self._change(request.layer, min_cores=changing.layer_points(request.cores))

    def SetMaxCores(self, request: Any) -> None:
        """Set the cores that a frame may get at most; 0 is as many as there are."""
        self._change(request.layer, max_cores=max(0, changing.layer_points(request.cores)))

    def SetThreadable(self, request: Any) -> None:
        """Tell whether a frame can use more cores than its layer asks for."""
        self._change(request.layer, threadable=request.threadable)

    def SetMinMemory(self, request: Any) -> None:
        """Set the memory of a frame, in kB."""
        self._change(request.layer, memory=max(MIN_MEMORY, request.memory))

    def SetMinGpus(self, request: Any) -> None:
        """Set the GPUs of a frame."""
        self._change(request.layer, gpus=_positive(request.min_gpus, "GPUs"))

    def SetMaxGpus(self, request: Any) -> None:
        """Set the GPUs that a frame may get at most."""
        self._change(request.layer, max_gpus=_positive(request.max_gpus, "GPUs"))

    def SetMinGpuMemory(self, request: Any) -> None:
        """Set the GPU memory of a frame, in kB."""
        self._change(request.layer, gpu_memory=_positive(request.gpu_memory, "kB"))

    def EnableMemoryOptimizer(self, request: Any) -> None:
        """Say whether the memory of a layer may be lowered to what its frames use."""
        self._change(request.layer, memory_optimizer=request.value)

    def SetDispatchOrder(self, request: Any) -> None:
        """Set the place that clients see of a layer; its frames start in the order of the spec, as on Cuebot."""
        self._change(request.layer, dispatch_order=request.order)

    # -- time ----------------------------------------------------------------------------------------------------

    def SetTimeout(self, request: Any) -> None:
        """Set the minutes that a frame may run; 0 for no limit."""
        self._change(request.layer, timeout=_positive(request.timeout, "minutes"))

    def SetTimeoutLLU(self, request: Any) -> None:
        """Set the minutes that a frame may write nothing to its log; 0 for no limit."""
        self._change(request.layer, timeout_llu=_positive(request.timeout_llu, "minutes"))

    def SetStartAfter(self, request: Any) -> None:
        """Start no frame of a layer before a time, in seconds since the epoch; 0 for at once."""
        by = f"set by {request.username}" if request.username and request.start_after else ""
        self._change(request.layer, start_after=_positive(request.start_after, "seconds"), start_after_reason=by)

    # -- places --------------------------------------------------------------------------------------------------

    def SetTags(self, request: Any) -> None:
        """Set the tags of which a host must have one; blanks in them are left out, as on Cuebot."""
        tags = ["".join(tag.split()) for text in request.tags for tag in text.split("|")]
        tags = list(dict.fromkeys(filter(None, tags)))
        if not tags:
            raise Invalid("a layer without tags would run nowhere; give one at least")
        self._change(request.layer, tags=tags)

    def AddLimit(self, request: Any) -> None:
        """Let frames count for a limit, by the limit's id or name."""
        job, number = find_layer(self.farm, request.layer)
        limit, limits = find_limit(self.farm, request.limit_id), job.layers[number].limits
        if limit.name not in limits:
            changing.change_layer(self.farm, job, number, limits=[*limits, limit.name])

    def DropLimit(self, request: Any) -> None:
        """Let frames count for a limit no more."""
        job, number = find_layer(self.farm, request.layer)
        name = find_limit(self.farm, request.limit_id).name
        limits = [one for one in job.layers[number].limits if one != name]
        changing.change_layer(self.farm, job, number, limits=limits)

    def GetLimits(self, request: Any) -> Fields:
        """Return the limits that a layer's frames count for."""
        job, number = find_layer(self.farm, request.layer)
        limits = [self.farm.find_limit(name) for name in job.layers[number].limits]
        return {"limits": [limit_message(self.farm, limit) for limit in limits if limit]}

    # -- outputs -------------------------------------------------------------------------------------------------

    def GetOutputPaths(self, request: Any) -> Fields:
        """Return the paths of what a layer makes."""
        job, number = find_layer(self.farm, request.layer)
        return {"output_paths": job.layers[number].outputs}

    def RegisterOutputPath(self, request: Any) -> None:
        """Note a path of what a layer makes."""
        job, number = find_layer(self.farm, request.layer)
        outputs = job.layers[number].outputs
        if request.spec not in outputs:
            changing.change_layer(self.farm, job, number, outputs=[*outputs, request.spec])

    def _change(self, layer: job_pb2.Layer, **changes: Any) -> None:
        job, number = find_layer(self.farm, layer)
        changing.change_layer(self.farm, job, number, **changes)


def _positive(value: int, what: str) -> int:
    if value < 0:
        raise Invalid(f"{value} {what} are not possible; give 0 or more")
    return value
