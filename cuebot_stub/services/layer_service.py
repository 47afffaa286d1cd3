# SPDX-License-Identifier: Apache-2.0
"""Layers, frames and dependencies: find them, act on them, change and make them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opencue_proto import job_pb2

from ..farm import changing, steering
from ..farm.depend import End, Row
from ..farm.errors import Invalid, NotFound
from ..farm.holds import connect, satisfy, unsatisfy
from ..farm.job import Job
from ..farm.things import MIN_MEMORY
from .calls import acts, call, kills, sets
from .cores import layer_points, whole_points
from .finding import enum_name, find, find_frame, find_layer, pending_job
from .job_service import EndCalls, ends, frame_page
from .rpc import Answer, Service

__all__ = ["DependService", "FrameService", "LayerService"]

_FURTHEST_SECONDS, _LONGEST_REASON = 5 * 365 * 24 * 3600, 255


class LayerService(EndCalls):
    """``job.LayerInterface``."""

    name = "job.LayerInterface"

    def _subject(self, request: Any) -> tuple[Job, range]:
        job, number, _ = find_layer(self.farm, request.layer)
        return job, job.state.frames.refs(job.layers[number].name)

    def FindLayer(self, request: Any) -> Answer:
        """A layer of a pending job, by the names of job and layer."""
        job = pending_job(self.farm, request.job)
        number = job.by_name.get(request.layer, job.by_name.get(request.layer.lower()))
        if number is None:
            raise NotFound(f"the job {job.name} has no layer {request.layer!r}")
        return End(job, number)

    GetLayer = call(lambda farm, request: find_layer(farm, request.id))

    def GetFrames(self, request: Any) -> Answer:
        """A page of matching frames, in the order of their start."""
        end = find_layer(self.farm, request.layer)
        return frame_page(self.farm, end.job, request.s, end.layer_name)

    EatFrames = acts(steering.eat_frames)
    RetryFrames = acts(steering.retry_frames)

    KillFrames = kills

    def MarkdoneFrames(self, request: Any) -> None:
        """Satisfy the dependencies on the whole layer, but not those on its frames, as on Cuebot."""
        job, number, _ = find_layer(self.farm, request.layer)
        steering.mark_layer_done(self.farm, job, number)

    def ReorderFrames(self, request: Any) -> None:
        """Move frames to the start or end of the order, or reverse them."""
        job, number, _ = find_layer(self.farm, request.layer)
        changing.reorder(self.farm, job, number, request.range, enum_name(job_pb2.Order, request.order))

    def StaggerFrames(self, request: Any) -> None:
        job, number, _ = find_layer(self.farm, request.layer)
        changing.stagger(self.farm, job, number, request.range, request.stagger)

    SetMinCores = sets("min_cores", layer_points)
    SetMaxCores = sets("max_cores", whole_points)
    SetThreadable = sets("threadable")
    SetMinMemory = sets("memory", lambda memory: max(MIN_MEMORY, memory))
    SetMinGpus = sets("gpus")
    SetMaxGpus = sets("max_gpus")
    SetMinGpuMemory = sets("gpu_memory")
    EnableMemoryOptimizer = sets("memory_optimizer")
    SetDispatchOrder = sets("dispatch_order")  # for clients: frames start in the order of the spec, as on Cuebot
    SetTimeout = sets("timeout")
    SetTimeoutLLU = sets("timeout_llu")

    def SetStartAfter(self, request: Any) -> None:
        """Set the time before which no frame starts, in seconds since the epoch. 0: no such time."""
        latest = int(self.farm.now()) + _FURTHEST_SECONDS
        if not 0 <= request.start_after <= latest:
            raise Invalid(
                f"{request.start_after} is not a start time; give seconds since the epoch, up to {latest}, or 0"
            )
        by = f"Set by {request.username or 'unknown'}" if request.start_after else ""
        self._change(request.layer, start_after=request.start_after, start_after_reason=by[:_LONGEST_REASON])

    def SetTags(self, request: Any) -> None:
        """Set the tags of a layer. Blanks in them are removed, as on Cuebot."""
        tags = ["".join(tag.split()) for text in request.tags for tag in text.split("|")]
        tags = list(dict.fromkeys(filter(None, tags)))
        if not tags:
            raise Invalid("no host runs a layer without tags; give it at least one")
        self._change(request.layer, tags=tags)

    def AddLimit(self, request: Any) -> None:
        """Add a limit to a layer, by id or name."""
        self._add(request.layer, "limits", lambda: find(self.farm.limits, request.limit_id).name)

    def DropLimit(self, request: Any) -> None:
        job, number, _ = find_layer(self.farm, request.layer)
        name = find(self.farm.limits, request.limit_id).name
        limits = [one for one in job.layers[number].limits if one != name]
        changing.change_layer(self.farm, job, number, limits=limits)

    def GetLimits(self, request: Any) -> Answer:
        job, number, _ = find_layer(self.farm, request.layer)
        limits = (self.farm.limits.named(name) for name in job.layers[number].limits)
        return [limit for limit in limits if limit]

    def GetOutputPaths(self, request: Any) -> Answer:
        job, number, _ = find_layer(self.farm, request.layer)
        return job.layers[number].outputs

    def RegisterOutputPath(self, request: Any) -> None:
        self._add(request.layer, "outputs", lambda: request.spec)

    def _add(self, message: Any, fact: str, make: Any) -> None:
        job, number, _ = find_layer(self.farm, message)
        values, new = getattr(job.layers[number], fact), make()
        if new not in values:
            changing.change_layer(self.farm, job, number, **{fact: [*values, new]})

    def _change(self, wanted: Any, **facts: Any) -> None:
        job, number, _ = find_layer(self.farm, wanted)
        changing.change_layer(self.farm, job, number, **facts)

    def CreateFrameByFrameDependency(self, request: Any) -> Answer:
        """Make each frame of a layer depend on the frame of the same number in another layer."""
        er, on = ends(self.farm, request)
        return connect(self.farm, er, on, "FRAME_BY_FRAME")

    def _depends_of(self, end: End) -> Iterable[Row]:
        return self.farm.depends.of(end.job.id, end.layer_name)

    def _depends_on(self, end: End) -> Iterable[Row]:
        return self.farm.depends.on(end.job.id, end.layer_name)

    def _droppable(self, end: End) -> Iterable[Row]:
        return (row for row in self._depends_of(end) if row.depend.er_ref < 0)


class FrameService(EndCalls):
    """``job.FrameInterface``."""

    name = "job.FrameInterface"

    def _subject(self, request: Any) -> tuple[Job, list[int]]:
        end = find_frame(self.farm, request.frame)
        return end.job, [end.ref]

    def FindFrame(self, request: Any) -> Answer:
        """A frame of a pending job, by job, layer and number."""
        job = pending_job(self.farm, request.job)
        layer = request.layer if request.layer in job.by_name else request.layer.lower()
        try:
            ref = job.state.frames.ref(layer, request.frame)
        except KeyError:
            raise NotFound(f"the job {job.name} has no frame {request.frame} in {request.layer!r}") from None
        return End(job, job.layer_of(ref), ref)

    GetFrame = call(lambda farm, request: find_frame(farm, request.id))
    GetFrames = call(lambda farm, request: frame_page(farm, pending_job(farm, request.job), request.r))
    Eat = acts(steering.eat_frames)
    Retry = acts(steering.retry_frames)
    MarkAsWaiting = acts(steering.free_frames)
    MarkAsDepend = acts(steering.hold_frames)

    Kill = kills

    def SetCheckpointState(self, request: Any) -> None:
        job, _, ref = find_frame(self.farm, request.frame)
        job.facts_of(ref).checkpoint = enum_name(job_pb2.CheckpointState, request.state)
        self.farm.jobs.save_frame(job, ref)

    def SetFrameStateDisplayOverride(self, request: Any) -> None:
        job, _, ref = find_frame(self.farm, request.frame)
        look, state = request.override, enum_name(job_pb2.FrameState, request.override.state)
        changing.set_look(self.farm, job, ref, state, look.text, (look.color.red, look.color.green, look.color.blue))

    def GetFrameStateDisplayOverrides(self, request: Any) -> Answer:
        job, _, ref = find_frame(self.farm, request.frame)
        return list(job.facts.looks.get(str(ref), {}).items())

    def _depends_of(self, end: End) -> Iterable[Row]:
        return self.farm.depends.of_frame(end.job, end.ref)

    def _depends_on(self, end: End) -> Iterable[Row]:
        return self.farm.depends.on_frame(end.job, end.ref)

    def _droppable(self, end: End) -> Iterable[Row]:
        return (row for row in self._depends_of(end) if row.er_ref == end.ref)


class DependService(Service):
    """``depend.DependInterface``."""

    name = "depend.DependInterface"

    def GetDepend(self, request: Any) -> Answer:
        return self._find(request.id)

    def Satisfy(self, request: Any) -> None:
        satisfy(self.farm, self._find(request.depend.id))

    def Unsatisfy(self, request: Any) -> None:
        """Activate a dependency between two frames or two layers again."""
        unsatisfy(self.farm, self._find(request.depend.id))

    def _find(self, id: str) -> Row:
        row = self.farm.depends.find(id)
        if row is None:
            raise NotFound(f"no dependency {id!r}")
        return row
