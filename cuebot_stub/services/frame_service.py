# SPDX-License-Identifier: Apache-2.0
"""Single frames: found, steered, and linked to others."""

from __future__ import annotations

from opencue_proto import depend_pb2, job_pb2

from ..farm import changing, steering
from ..farm.linking import End, connect, drop, of_frame, on_frame
from .criteria import frame_page
from .finding import enum_name, find_frame, find_frame_end, find_job, find_layer_end, pending_job
from .job_depends import depend_seq
from .job_frames import kill_reason
from .messages import depend_message, frame_message, look_message
from .rpc import NotFound, Service

__all__ = ["FrameService"]


class FrameDepends(Service):
    """The calls of ``job.FrameInterface`` that are about dependencies."""

    def GetWhatThisDependsOn(
        self, request: job_pb2.FrameGetWhatThisDependsOnRequest
    ) -> job_pb2.FrameGetWhatThisDependsOnResponse:
        """Return all dependencies that may hold a frame back, those of its layer and its job too."""
        found = of_frame(self.farm, *find_frame(self.farm, request.frame))
        return job_pb2.FrameGetWhatThisDependsOnResponse(depends=depend_seq(self.farm, found))

    def GetWhatDependsOnThis(
        self, request: job_pb2.FrameGetWhatDependsOnThisRequest
    ) -> job_pb2.FrameGetWhatDependsOnThisResponse:
        """Return the dependencies that wait for a frame."""
        found = on_frame(self.farm, *find_frame(self.farm, request.frame))
        return job_pb2.FrameGetWhatDependsOnThisResponse(depends=depend_seq(self.farm, found))

    def DropDepends(self, request: job_pb2.FrameDropDependsRequest) -> job_pb2.FrameDropDependsResponse:
        """Satisfy the dependencies by which just this frame waits."""
        job, ref = find_frame(self.farm, request.frame)
        found = [depend for depend in of_frame(self.farm, job, ref) if depend.er_ref == ref]
        drop(self.farm, found, enum_name(depend_pb2.DependTarget, request.target))
        return job_pb2.FrameDropDependsResponse()

    def CreateDependencyOnJob(
        self, request: job_pb2.FrameCreateDependencyOnJobRequest
    ) -> job_pb2.FrameCreateDependencyOnJobResponse:
        """Let a frame wait for the end of another job."""
        depend = self._connect(request.frame, End(find_job(self.farm, request.job.id)))
        return job_pb2.FrameCreateDependencyOnJobResponse(depend=depend)

    def CreateDependencyOnLayer(
        self, request: job_pb2.FrameCreateDependencyOnLayerRequest
    ) -> job_pb2.FrameCreateDependencyOnLayerResponse:
        """Let a frame wait for a layer."""
        depend = self._connect(request.frame, find_layer_end(self.farm, request.layer))
        return job_pb2.FrameCreateDependencyOnLayerResponse(depend=depend)

    def CreateDependencyOnFrame(
        self, request: job_pb2.FrameCreateDependencyOnFrameRequest
    ) -> job_pb2.FrameCreateDependencyOnFrameResponse:
        """Let a frame wait for another one."""
        depend = self._connect(request.frame, find_frame_end(self.farm, request.depend_on_frame))
        return job_pb2.FrameCreateDependencyOnFrameResponse(depend=depend)

    def _connect(self, frame: job_pb2.Frame, on: End) -> depend_pb2.Depend:
        return depend_message(self.farm, connect(self.farm, find_frame_end(self.farm, frame), on))


class FrameService(FrameDepends):
    """``job.FrameInterface``: finding and steering."""

    name = "job.FrameInterface"

    # -- finding -------------------------------------------------------------------------------------------------

    def FindFrame(self, request: job_pb2.FrameFindFrameRequest) -> job_pb2.FrameFindFrameResponse:
        """Return a frame of a pending job, by the names of job and layer and its number."""
        job = pending_job(self.farm, request.job)
        layer = request.layer if request.layer in job.by_name else request.layer.lower()
        try:
            ref = job.state.ref(layer, request.frame)
        except KeyError:
            raise NotFound(f"the job {job.name} has no frame {request.frame} in {request.layer!r}") from None
        return job_pb2.FrameFindFrameResponse(frame=frame_message(self.farm, job, ref))

    def GetFrame(self, request: job_pb2.FrameGetFrameRequest) -> job_pb2.FrameGetFrameResponse:
        """Return a frame by its id."""
        return job_pb2.FrameGetFrameResponse(
            frame=frame_message(self.farm, *find_frame(self.farm, request.id))
        )  # fmt: skip

    def GetFrames(self, request: job_pb2.FrameGetFramesRequest) -> job_pb2.FrameGetFramesResponse:
        """Return a page of the frames of a pending job that match."""
        return job_pb2.FrameGetFramesResponse(
            frames=frame_page(self.farm, pending_job(self.farm, request.job), request.r)
        )  # fmt: skip

    # -- steering ------------------------------------------------------------------------------------------------

    def Eat(self, request: job_pb2.FrameEatRequest) -> job_pb2.FrameEatResponse:
        """Give up a frame on purpose."""
        job, ref = find_frame(self.farm, request.frame)
        steering.eat_frames(self.farm, job, [ref])
        return job_pb2.FrameEatResponse()

    def Kill(self, request: job_pb2.FrameKillRequest) -> job_pb2.FrameKillResponse:
        """End the process of a frame; whether it runs again depends on its tries."""
        job, ref = find_frame(self.farm, request.frame)
        steering.kill_frames(self.farm, job, [ref], kill_reason("the frame", request))
        return job_pb2.FrameKillResponse()

    def Retry(self, request: job_pb2.FrameRetryRequest) -> job_pb2.FrameRetryResponse:
        """Let a frame run again."""
        job, ref = find_frame(self.farm, request.frame)
        steering.retry_frames(self.farm, job, [ref])
        return job_pb2.FrameRetryResponse()

    def MarkAsWaiting(self, request: job_pb2.FrameMarkAsWaitingRequest) -> job_pb2.FrameMarkAsWaitingResponse:
        """Let a frame start, whatever it waits for."""
        job, ref = find_frame(self.farm, request.frame)
        steering.free_frames(self.farm, job, [ref])
        return job_pb2.FrameMarkAsWaitingResponse()

    def MarkAsDepend(self, request: job_pb2.FrameMarkAsDependRequest) -> job_pb2.FrameMarkAsDependResponse:
        """Let a frame wait again for what it waits for."""
        job, ref = find_frame(self.farm, request.frame)
        steering.hold_frames(self.farm, job, [ref])
        return job_pb2.FrameMarkAsDependResponse()

    # -- looks ---------------------------------------------------------------------------------------------------

    def SetFrameStateDisplayOverride(
        self, request: job_pb2.FrameStateDisplayOverrideRequest
    ) -> job_pb2.FrameStateDisplayOverrideResponse:
        """Have clients show a frame, while it is in a state, with another text and colour."""
        job, ref = find_frame(self.farm, request.frame)
        look, state = request.override, enum_name(job_pb2.FrameState, request.override.state)
        changing.set_look(self.farm, job, ref, state, look.text, (look.color.red, look.color.green, look.color.blue))
        return job_pb2.FrameStateDisplayOverrideResponse()

    def GetFrameStateDisplayOverrides(
        self, request: job_pb2.GetFrameStateDisplayOverridesRequest
    ) -> job_pb2.GetFrameStateDisplayOverridesResponse:
        """Return what clients shall show instead of states of a frame."""
        job, ref = find_frame(self.farm, request.frame)
        looks = [look_message(state, look) for state, look in job.facts.looks.get(str(ref), {}).items()]
        overrides = job_pb2.FrameStateDisplayOverrideSeq(overrides=looks)
        return job_pb2.GetFrameStateDisplayOverridesResponse(overrides=overrides)
