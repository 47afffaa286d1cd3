# SPDX-License-Identifier: Apache-2.0
"""Single frames: find them, act on them, and make dependencies."""

from __future__ import annotations

from typing import Any

from opencue_proto import depend_pb2, job_pb2

from ..farm import changing, steering
from ..farm.linking import End, connect, drop
from .criteria import frame_page
from .finding import enum_name, find_frame, find_frame_end, find_job, find_layer_end, pending_job
from .job_depends import depend_seq
from .job_frames import kill_reason
from .messages import depend_message, frame_message, look_message
from .partition_service import add_partition
from .rpc import Fields, NotFound, Service

__all__ = ["FrameService"]


class FrameDepends(Service):
    """The calls of ``job.FrameInterface`` that are about dependencies."""

    def GetWhatThisDependsOn(self, request: Any) -> Fields:
        """All dependencies of a frame, also those of its layer and its job."""
        found = self.farm.depends.of_frame(*find_frame(self.farm, request.frame))
        return {"depends": depend_seq(self.farm, found)}

    def GetWhatDependsOnThis(self, request: Any) -> Fields:
        found = self.farm.depends.on_frame(*find_frame(self.farm, request.frame))
        return {"depends": depend_seq(self.farm, found)}

    def DropDepends(self, request: Any) -> None:
        """Satisfy the dependencies of exactly this frame."""
        job, ref = find_frame(self.farm, request.frame)
        book = self.farm.depends
        found = [row for row in book.of_frame(job, ref) if book.ends(row)[0] == ref]
        drop(self.farm, found, enum_name(depend_pb2.DependTarget, request.target))

    def CreateDependencyOnJob(self, request: Any) -> Fields:
        depend = self._connect(request.frame, End(find_job(self.farm, request.job.id)))
        return {"depend": depend}

    def CreateDependencyOnLayer(self, request: Any) -> Fields:
        depend = self._connect(request.frame, find_layer_end(self.farm, request.layer))
        return {"depend": depend}

    def CreateDependencyOnFrame(self, request: Any) -> Fields:
        depend = self._connect(request.frame, find_frame_end(self.farm, request.depend_on_frame))
        return {"depend": depend}

    def _connect(self, frame: job_pb2.Frame, on: End) -> depend_pb2.Depend:
        return depend_message(self.farm, connect(self.farm, find_frame_end(self.farm, frame), on))


class FrameService(FrameDepends):
    """``job.FrameInterface``: finding frames and acting on them."""

    name = "job.FrameInterface"

    # -- finding -------------------------------------------------------------------------------------------------

    def FindFrame(self, request: Any) -> Fields:
        """A frame of a pending job, by job, layer and number."""
        job = pending_job(self.farm, request.job)
        layer = request.layer if request.layer in job.by_name else request.layer.lower()
        try:
            ref = job.state.ref(layer, request.frame)
        except KeyError:
            raise NotFound(f"the job {job.name} has no frame {request.frame} in {request.layer!r}") from None
        return {"frame": frame_message(self.farm, job, ref)}

    def GetFrame(self, request: Any) -> Fields:
        return {"frame": frame_message(self.farm, *find_frame(self.farm, request.id))}  # fmt: skip

    def GetFrames(self, request: Any) -> Fields:
        """A page of the frames of a pending job that match."""
        return {"frames": frame_page(self.farm, pending_job(self.farm, request.job), request.r)}  # fmt: skip

    # -- steering ------------------------------------------------------------------------------------------------

    def Eat(self, request: Any) -> None:
        job, ref = find_frame(self.farm, request.frame)
        steering.eat_frames(self.farm, job, [ref])

    def Kill(self, request: Any) -> None:
        """End the process of a frame. It runs again if it has tries left."""
        job, ref = find_frame(self.farm, request.frame)
        steering.kill_frames(self.farm, job, [ref], kill_reason("the frame", request))

    def Retry(self, request: Any) -> None:
        job, ref = find_frame(self.farm, request.frame)
        steering.retry_frames(self.farm, job, [ref])

    def MarkAsWaiting(self, request: Any) -> None:
        """Let a frame start, whatever it depends on."""
        job, ref = find_frame(self.farm, request.frame)
        steering.free_frames(self.farm, job, [ref])

    def MarkAsDepend(self, request: Any) -> None:
        """Make a frame wait for its dependencies again."""
        job, ref = find_frame(self.farm, request.frame)
        steering.hold_frames(self.farm, job, [ref])

    def AddRenderPartition(self, request: Any) -> Fields:
        """Run a frame in a render partition of a locked host."""
        job, ref = find_frame(self.farm, request.frame)
        return add_partition(self.farm, request, job, job.layer_of(ref), ref)

    def SetCheckpointState(self, request: Any) -> None:
        job, ref = find_frame(self.farm, request.frame)
        job.facts_of(ref).checkpoint = enum_name(job_pb2.CheckpointState, request.state)
        self.farm.touch_frame(job, ref)

    # -- looks ---------------------------------------------------------------------------------------------------

    def SetFrameStateDisplayOverride(self, request: Any) -> None:
        """Set another text and colour for a frame in a state."""
        job, ref = find_frame(self.farm, request.frame)
        look, state = request.override, enum_name(job_pb2.FrameState, request.override.state)
        changing.set_look(self.farm, job, ref, state, look.text, (look.color.red, look.color.green, look.color.blue))

    def GetFrameStateDisplayOverrides(self, request: Any) -> Fields:
        """The texts and colours that replace the states of a frame."""
        job, ref = find_frame(self.farm, request.frame)
        looks = [look_message(state, look) for state, look in job.facts.looks.get(str(ref), {}).items()]
        overrides = job_pb2.FrameStateDisplayOverrideSeq(overrides=looks)
        return {"overrides": overrides}
