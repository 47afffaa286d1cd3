# SPDX-License-Identifier: Apache-2.0
"""Layers, frames and dependencies: find them, act on them, change and make them."""

from __future__ import annotations

from typing import Any

from opencue_proto import job_pb2

from outline.cuebot_limits import LEAST_MEMORY_KB

from ..farm import changing, steering
from ..farm.depend import End
from ..farm.errors import Invalid, NotFound
from ..farm.holds import layer_done, satisfy, unsatisfy
from .calls import acts, call, kills, sets
from .cores import layer_points, whole_points
from .finding import enum_name, existing, find, find_depend, find_frame, find_layer, pending_job
from .job_service import EndCalls, frame_page
from .rpc import Answer, Service

__all__ = ["DependService", "FrameService", "LayerService"]

_FURTHEST_SECONDS, _LONGEST_REASON = 5 * 365 * 24 * 3600, 255


class LayerService(EndCalls):
    """``job.LayerInterface``."""

    name = "job.LayerInterface"

    def FindLayer(self, request: Any) -> Answer:
        """A layer of a pending job, by the names of job and layer."""
        job = pending_job(self.farm.jobs, request.job)
        number = job.by_name.get(request.layer, job.by_name.get(request.layer.lower()))
        return End(job, existing(number, f"the job {job.name} has no layer {request.layer!r}"))

    GetLayer = call(lambda farm, request: find_layer(farm.jobs, request.id))
    # A page of matching frames, in the order of their start.
    GetFrames = call(lambda farm, layer, request: frame_page(farm, layer.job, request.s, layer.layer_name))

    EatFrames = acts(steering.eat_frames)
    RetryFrames = acts(steering.retry_frames)

    KillFrames = kills

    # Not those on its frames, as on Cuebot.
    MarkdoneFrames = call(lambda farm, layer, request: layer_done(farm, layer.job, layer.layer_name))

    def ReorderFrames(self, layer: End, request: Any) -> None:
        """Move frames to the start or end of the order, or reverse them."""
        way = enum_name(job_pb2.Order, request.order)
        changing.reorder(self.farm, layer.job, layer.layer, request.range, way)

    def StaggerFrames(self, layer: End, request: Any) -> None:
        changing.stagger(self.farm, layer.job, layer.layer, request.range, request.stagger)

    SetMinCores = sets("min_cores", layer_points)
    SetMaxCores = sets("max_cores", whole_points)
    SetThreadable = sets("threadable")
    SetMinMemory = sets("memory", lambda memory: max(LEAST_MEMORY_KB, memory))
    SetMinGpus = sets("gpus")
    SetMaxGpus = sets("max_gpus")
    SetMinGpuMemory = sets("gpu_memory")
    EnableMemoryOptimizer = sets("memory_optimizer")
    SetDispatchOrder = sets("dispatch_order")  # for clients: frames start in the order of the spec, as on Cuebot
    SetTimeout = sets("timeout")
    SetTimeoutLLU = sets("timeout_llu")

    def SetStartAfter(self, layer: End, request: Any) -> None:
        """Set the time before which no frame starts, in seconds since the epoch. 0: no such time."""
        latest = int(self.farm.now()) + _FURTHEST_SECONDS
        if not 0 <= request.start_after <= latest:
            raise Invalid(
                f"{request.start_after} is not a start time; give seconds since the epoch, up to {latest}, or 0"
            )
        by = f"Set by {request.username or 'unknown'}" if request.start_after else ""
        self._change(layer, start_after=request.start_after, start_after_reason=by[:_LONGEST_REASON])

    def SetTags(self, layer: End, request: Any) -> None:
        """Set the tags of a layer. Blanks in them are removed, as on Cuebot."""
        tags = ["".join(tag.split()) for text in request.tags for tag in text.split("|")]
        tags = list(dict.fromkeys(filter(None, tags)))
        if not tags:
            raise Invalid("no host runs a layer without tags; give it at least one")
        self._change(layer, tags=tags)

    def AddLimit(self, layer: End, request: Any) -> None:
        """Add a limit to a layer, by id or name."""
        self._add(layer, "limits", find(self.farm.limits, request.limit_id).name)

    def DropLimit(self, layer: End, request: Any) -> None:
        name = find(self.farm.limits, request.limit_id).name
        self._change(layer, limits=[one for one in layer.facts.limits if one != name])

    def GetLimits(self, layer: End, request: Any) -> Answer:
        return [limit for limit in map(self.farm.limits.named, layer.facts.limits) if limit]

    GetOutputPaths = call(lambda farm, layer, request: layer.facts.outputs)

    def RegisterOutputPath(self, layer: End, request: Any) -> None:
        self._add(layer, "outputs", request.spec)

    def _add(self, layer: End, fact: str, new: str) -> None:
        values = getattr(layer.facts, fact)
        if new not in values:
            self._change(layer, **{fact: [*values, new]})

    def _change(self, thing: End, **facts: Any) -> None:
        changing.change_layer(self.farm, thing.job, thing.layer, **facts)

    def CreateFrameByFrameDependency(self, layer: End, request: Any) -> Answer:
        """Make each frame of a layer depend on the frame of the same number in another layer."""
        return self.CreateDependencyOnJob(layer, request, "FRAME_BY_FRAME")


class FrameService(EndCalls):
    """``job.FrameInterface``."""

    name = "job.FrameInterface"

    def FindFrame(self, request: Any) -> Answer:
        """A frame of a pending job, by job, layer and number."""
        job = pending_job(self.farm.jobs, request.job)
        layer = request.layer if request.layer in job.by_name else request.layer.lower()
        try:
            return End.of_frame(job, job.state.frames.ref(layer, request.frame))
        except KeyError:
            raise NotFound(f"the job {job.name} has no frame {request.frame} in {request.layer!r}") from None

    GetFrame = call(lambda farm, request: find_frame(farm.jobs, request.id))
    GetFrames = call(lambda farm, request: frame_page(farm, pending_job(farm.jobs, request.job), request.r))
    Eat = acts(steering.eat_frames)
    Retry = acts(steering.retry_frames)
    MarkAsWaiting = acts(steering.free_frames)
    MarkAsDepend = acts(steering.hold_frames)

    Kill = kills

    def SetCheckpointState(self, frame: End, request: Any) -> None:
        frame.job.facts_of(frame.ref).checkpoint = enum_name(job_pb2.CheckpointState, request.state)
        self.farm.jobs.save_frame(frame.job, frame.ref)

    def SetFrameStateDisplayOverride(self, frame: End, request: Any) -> None:
        look, state = request.override, enum_name(job_pb2.FrameState, request.override.state)
        color = look.color.red, look.color.green, look.color.blue
        changing.set_look(self.farm, frame.job, frame.ref, state, look.text, color)

    def GetFrameStateDisplayOverrides(self, frame: End, request: Any) -> Answer:
        return list(frame.job.facts.looks.get(str(frame.ref), {}).items())


class DependService(Service):
    """``depend.DependInterface``."""

    name = "depend.DependInterface"

    GetDepend = call(lambda farm, request: find_depend(farm.depends, request.id))
    Satisfy = call(lambda farm, row, request: satisfy(farm, row))
    Unsatisfy = call(lambda farm, row, request: unsatisfy(farm, row))  # only between two frames or two layers
