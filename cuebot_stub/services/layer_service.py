# SPDX-License-Identifier: Apache-2.0
"""Layers: found, steered, and linked to others."""

from __future__ import annotations

from opencue_proto import depend_pb2, job_pb2

from ..farm import ordering, steering
from ..farm.linking import End, connect, connect_frames, drop, of_layer, on_layer
from .criteria import frame_page
from .finding import enum_name, find_frame_end, find_job, find_layer, find_layer_end, pending_job
from .job_depends import depend_seq
from .job_frames import kill_reason
from .layer_changes import LayerChanges
from .messages import depend_message, layer_message
from .rpc import NotFound, Service

__all__ = ["LayerService"]


class LayerDepends(Service):
    """The calls of ``job.LayerInterface`` that are about dependencies."""

    def GetWhatThisDependsOn(
        self, request: job_pb2.LayerGetWhatThisDependsOnRequest
    ) -> job_pb2.LayerGetWhatThisDependsOnResponse:
        """Return the dependencies by which a layer, or a frame of it, waits."""
        found = of_layer(self.farm, *find_layer(self.farm, request.layer))
        return job_pb2.LayerGetWhatThisDependsOnResponse(depends=depend_seq(self.farm, found))

    def GetWhatDependsOnThis(
        self, request: job_pb2.LayerGetWhatDependsOnThisRequest
    ) -> job_pb2.LayerGetWhatDependsOnThisResponse:
        """Return the dependencies that wait for a layer, or a frame of it."""
        found = on_layer(self.farm, *find_layer(self.farm, request.layer))
        return job_pb2.LayerGetWhatDependsOnThisResponse(depends=depend_seq(self.farm, found))

    def DropDepends(self, request: job_pb2.LayerDropDependsRequest) -> job_pb2.LayerDropDependsResponse:
        """Satisfy the dependencies by which all of a layer waits."""
        found = of_layer(self.farm, *find_layer(self.farm, request.layer))
        whole = [depend for depend in found if depend.er_ref < 0]
        drop(self.farm, whole, enum_name(depend_pb2.DependTarget, request.target))
        return job_pb2.LayerDropDependsResponse()

    def CreateDependencyOnJob(
        self, request: job_pb2.LayerCreateDependOnJobRequest
    ) -> job_pb2.LayerCreateDependOnJobResponse:
        """Let a layer wait for the end of another job."""
        depend = self._connect(request.layer, End(find_job(self.farm, request.job.id)))
        return job_pb2.LayerCreateDependOnJobResponse(depend=depend)

    def CreateDependencyOnLayer(
        self, request: job_pb2.LayerCreateDependOnLayerRequest
    ) -> job_pb2.LayerCreateDependOnLayerResponse:
        """Let a layer wait for another one."""
        depend = self._connect(request.layer, find_layer_end(self.farm, request.depend_on_layer))
        return job_pb2.LayerCreateDependOnLayerResponse(depend=depend)

    def CreateDependencyOnFrame(
        self, request: job_pb2.LayerCreateDependOnFrameRequest
    ) -> job_pb2.LayerCreateDependOnFrameResponse:
        """Let a layer wait for a frame."""
        depend = self._connect(request.layer, find_frame_end(self.farm, request.frame))
        return job_pb2.LayerCreateDependOnFrameResponse(depend=depend)

    def CreateFrameByFrameDependency(
        self, request: job_pb2.LayerCreateFrameByFrameDependRequest
    ) -> job_pb2.LayerCreateFrameByFrameDependResponse:
        """Let each frame of a layer wait for that of the same number in another layer."""
        er, on = find_layer_end(self.farm, request.layer), find_layer_end(self.farm, request.depend_layer)
        depend = depend_message(self.farm, connect_frames(self.farm, er, on))
        return job_pb2.LayerCreateFrameByFrameDependResponse(depend=depend)

    def _connect(self, layer: job_pb2.Layer, on: End) -> depend_pb2.Depend:
        return depend_message(self.farm, connect(self.farm, find_layer_end(self.farm, layer), on))


class LayerService(LayerChanges, LayerDepends):
    """``job.LayerInterface``: finding and steering; its bases have the rest."""

    name = "job.LayerInterface"

    # -- finding -------------------------------------------------------------------------------------------------

    def FindLayer(self, request: job_pb2.LayerFindLayerRequest) -> job_pb2.LayerFindLayerResponse:
        """Return a layer of a pending job, by the names of both."""
        job = pending_job(self.farm, request.job)
        number = job.by_name.get(request.layer, job.by_name.get(request.layer.lower()))
        if number is None:
            raise NotFound(f"the job {job.name} has no layer {request.layer!r}")
        return job_pb2.LayerFindLayerResponse(layer=layer_message(self.farm, job, number))

    def GetLayer(self, request: job_pb2.LayerGetLayerRequest) -> job_pb2.LayerGetLayerResponse:
        """Return a layer by its id."""
        job, number = find_layer(self.farm, request.id)
        return job_pb2.LayerGetLayerResponse(layer=layer_message(self.farm, job, number))

    def GetFrames(self, request: job_pb2.LayerGetFramesRequest) -> job_pb2.LayerGetFramesResponse:
        """Return a page of the frames that match, in the order in which they start."""
        job, number = find_layer(self.farm, request.layer)
        frames = frame_page(self.farm, job, request.s, job.layers[number].name)
        return job_pb2.LayerGetFramesResponse(frames=frames)

    # -- steering ------------------------------------------------------------------------------------------------

    def EatFrames(self, request: job_pb2.LayerEatFramesRequest) -> job_pb2.LayerEatFramesResponse:
        """Give up all frames on purpose."""
        job, number = find_layer(self.farm, request.layer)
        steering.eat_frames(self.farm, job, job.state.refs(job.layers[number].name))
        return job_pb2.LayerEatFramesResponse()

    def KillFrames(self, request: job_pb2.LayerKillFramesRequest) -> job_pb2.LayerKillFramesResponse:
        """End the processes of all frames; whether those run again depends on their tries."""
        job, number = find_layer(self.farm, request.layer)
        refs = job.state.refs(job.layers[number].name)
        steering.kill_frames(self.farm, job, refs, kill_reason("the frame", request))
        return job_pb2.LayerKillFramesResponse()

    def RetryFrames(self, request: job_pb2.LayerRetryFramesRequest) -> job_pb2.LayerRetryFramesResponse:
        """Let all frames run again."""
        job, number = find_layer(self.farm, request.layer)
        steering.retry_frames(self.farm, job, job.state.refs(job.layers[number].name))
        return job_pb2.LayerRetryFramesResponse()

    def MarkdoneFrames(self, request: job_pb2.LayerMarkdoneFramesRequest) -> job_pb2.LayerMarkdoneFramesResponse:
        """Let all frames count as done for what waits for them; they stay as they are."""
        job, number = find_layer(self.farm, request.layer)
        steering.mark_done(self.farm, job, job.state.refs(job.layers[number].name))
        return job_pb2.LayerMarkdoneFramesResponse()

    def ReorderFrames(self, request: job_pb2.LayerReorderFramesRequest) -> job_pb2.LayerReorderFramesResponse:
        """Let frames start first, last, or in the reverse order."""
        job, number = find_layer(self.farm, request.layer)
        ordering.reorder(self.farm, job, number, request.range, enum_name(job_pb2.Order, request.order))
        return job_pb2.LayerReorderFramesResponse()

    def StaggerFrames(self, request: job_pb2.LayerStaggerFramesRequest) -> job_pb2.LayerStaggerFramesResponse:
        """Let frames start coarse to fine."""
        job, number = find_layer(self.farm, request.layer)
        ordering.stagger(self.farm, job, number, request.range, request.stagger)
        return job_pb2.LayerStaggerFramesResponse()
