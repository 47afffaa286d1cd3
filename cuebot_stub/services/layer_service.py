# SPDX-License-Identifier: Apache-2.0
"""Layers: find them, act on them, and make dependencies."""

from __future__ import annotations

from typing import Any

from opencue_proto import depend_pb2, job_pb2

from ..farm import ordering, steering
from ..farm.linking import End, connect, drop
from .criteria import frame_page
from .finding import enum_name, find_frame_end, find_job, find_layer, find_layer_end, pending_job
from .job_depends import depend_seq
from .job_frames import kill_reason
from .layer_changes import LayerChanges
from .messages import depend_message, layer_message
from .partition_service import add_partition
from .rpc import Fields, NotFound, Service

__all__ = ["LayerService"]


class LayerDepends(Service):
    """The calls of ``job.LayerInterface`` that are about dependencies."""

    def GetWhatThisDependsOn(self, request: Any) -> Fields:
        """The dependencies of a layer and its frames."""
        job, number = find_layer(self.farm, request.layer)
        found = self.farm.depends.of(job.id, job.layers[number].name)
        return {"depends": depend_seq(self.farm, found)}

    def GetWhatDependsOnThis(self, request: Any) -> Fields:
        """The dependencies on a layer and its frames."""
        job, number = find_layer(self.farm, request.layer)
        found = self.farm.depends.on(job.id, job.layers[number].name)
        return {"depends": depend_seq(self.farm, found)}

    def DropDepends(self, request: Any) -> None:
        """Satisfy the dependencies of a whole layer."""
        job, number = find_layer(self.farm, request.layer)
        whole = [row for row in self.farm.depends.of(job.id, job.layers[number].name) if row.depend.er_ref < 0]
        drop(self.farm, whole, enum_name(depend_pb2.DependTarget, request.target))

    def CreateDependencyOnJob(self, request: Any) -> Fields:
        depend = self._connect(request.layer, End(find_job(self.farm, request.job.id)))
        return {"depend": depend}

    def CreateDependencyOnLayer(self, request: Any) -> Fields:
        depend = self._connect(request.layer, find_layer_end(self.farm, request.depend_on_layer))
        return {"depend": depend}

    def CreateDependencyOnFrame(self, request: Any) -> Fields:
        depend = self._connect(request.layer, find_frame_end(self.farm, request.frame))
        return {"depend": depend}

    def CreateFrameByFrameDependency(self, request: Any) -> Fields:
        """Make each frame of a layer depend on the frame of the same number in another layer."""
        er, on = find_layer_end(self.farm, request.layer), find_layer_end(self.farm, request.depend_layer)
        depend = depend_message(self.farm, connect(self.farm, er, on, "FRAME_BY_FRAME"))
        return {"depend": depend}

    def _connect(self, layer: job_pb2.Layer, on: End) -> depend_pb2.Depend:
        return depend_message(self.farm, connect(self.farm, find_layer_end(self.farm, layer), on))


class LayerService(LayerChanges, LayerDepends):
    """``job.LayerInterface``: finding layers and acting on them. The base classes have the others."""

    name = "job.LayerInterface"

    # -- finding -------------------------------------------------------------------------------------------------

    def FindLayer(self, request: Any) -> Fields:
        """A layer of a pending job, by the names of job and layer."""
        job = pending_job(self.farm, request.job)
        number = job.by_name.get(request.layer, job.by_name.get(request.layer.lower()))
        if number is None:
            raise NotFound(f"the job {job.name} has no layer {request.layer!r}")
        return {"layer": layer_message(self.farm, job, number)}

    def GetLayer(self, request: Any) -> Fields:
        job, number = find_layer(self.farm, request.id)
        return {"layer": layer_message(self.farm, job, number)}

    def GetFrames(self, request: Any) -> Fields:
        """A page of matching frames, in the order of their start."""
        job, number = find_layer(self.farm, request.layer)
        frames = frame_page(self.farm, job, request.s, job.layers[number].name)
        return {"frames": frames}

    def AddRenderPartition(self, request: Any) -> Fields:
        """Run frames of a layer in a render partition of a locked host."""
        return add_partition(self.farm, request, *find_layer(self.farm, request.layer))

    # -- steering ------------------------------------------------------------------------------------------------

    def EatFrames(self, request: Any) -> None:
        job, number = find_layer(self.farm, request.layer)
        steering.eat_frames(self.farm, job, job.state.refs(job.layers[number].name))

    def KillFrames(self, request: Any) -> None:
        """End the processes of all frames. They run again if they have tries left."""
        job, number = find_layer(self.farm, request.layer)
        refs = job.state.refs(job.layers[number].name)
        steering.kill_frames(self.farm, job, refs, kill_reason("the frame", request))

    def RetryFrames(self, request: Any) -> None:
        job, number = find_layer(self.farm, request.layer)
        steering.retry_frames(self.farm, job, job.state.refs(job.layers[number].name))

    def MarkdoneFrames(self, request: Any) -> None:
        """Satisfy the dependencies on the whole layer, but not those on its frames, as on Cuebot."""
        steering.mark_layer_done(self.farm, *find_layer(self.farm, request.layer))

    def ReorderFrames(self, request: Any) -> None:
        """Move frames to the start or end of the order, or reverse them."""
        job, number = find_layer(self.farm, request.layer)
        ordering.reorder(self.farm, job, number, request.range, enum_name(job_pb2.Order, request.order))

    def StaggerFrames(self, request: Any) -> None:
        """Order frames coarse to fine."""
        job, number = find_layer(self.farm, request.layer)
        ordering.stagger(self.farm, job, number, request.range, request.stagger)
