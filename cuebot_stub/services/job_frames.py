# SPDX-License-Identifier: Apache-2.0
"""Frames of whole jobs: list them, and act on those that match."""

from __future__ import annotations

from typing import Any

from opencue_proto import job_pb2

from ..farm import ordering, steering
from ..farm.search import changed_frames
from .criteria import found_frames, frame_page
from .finding import enum_name, find_job, find_layer
from .messages import updated_frame_message
from .rpc import Fields, Invalid, Service

__all__ = ["JobFrames", "kill_reason"]

_OLDEST_CHECK_SECONDS = 60


def kill_reason(what: str, request: Any) -> str:
    """The reason of a kill, for the log of the frame."""
    who = f" by {request.username}" if request.username else ""
    return f"{what} was killed{who}: {request.reason or 'no reason given'}"


class JobFrames(Service):
    """The calls of ``job.JobInterface`` that are about frames."""

    # -- listing -------------------------------------------------------------------------------------------------

    def GetFrames(self, request: Any) -> Fields:
        """A page of matching frames, in the order of their start."""
        job = find_job(self.farm, request.job.id)
        return {"frames": frame_page(self.farm, job, request.req)}

    def GetUpdatedFrames(self, request: Any) -> Fields:
        """The frames that changed since a time, at most a minute ago."""
        job, now = find_job(self.farm, request.job.id), self.farm.now()
        if now - request.last_check > _OLDEST_CHECK_SECONDS:
            raise Invalid(
                f"last_check is {now - request.last_check:.0f} s ago; give one of the last minute, or get all frames"
            )
        numbers = {find_layer(self.farm, layer)[1] for layer in request.layer_filter.layers}
        refs = changed_frames(job, request.last_check)
        frames = [
            updated_frame_message(self.farm, job, ref) for ref in refs if not numbers or job.layer_of(ref) in numbers
        ]
        return {
            "state": job_pb2.JobState.Value(job.facts.state),
            "server_time": int(now) - 1,  # what changes later in this second must come with the next call
            "updated_frames": job_pb2.UpdatedFrameSeq(updated_frames=frames),
        }

    # -- steering ------------------------------------------------------------------------------------------------

    def EatFrames(self, request: Any) -> None:
        job = find_job(self.farm, request.job.id)
        steering.eat_frames(self.farm, job, found_frames(self.farm, job, request.req))

    def KillFrames(self, request: Any) -> None:
        """End the processes of frames. They run again if they have tries left."""
        job = find_job(self.farm, request.job.id)
        refs = found_frames(self.farm, job, request.req)
        steering.kill_frames(self.farm, job, refs, kill_reason("the frame", request))

    def RetryFrames(self, request: Any) -> None:
        job = find_job(self.farm, request.job.id)
        steering.retry_frames(self.farm, job, found_frames(self.farm, job, request.req))

    def MarkDoneFrames(self, request: Any) -> None:
        """Satisfy the dependencies on frames. The states of the frames do not change."""
        job = find_job(self.farm, request.job.id)
        steering.mark_done(self.farm, job, found_frames(self.farm, job, request.req))

    def MarkAsWaiting(self, request: Any) -> None:
        """Let frames start, whatever they depend on."""
        job = find_job(self.farm, request.job.id)
        steering.free_frames(self.farm, job, found_frames(self.farm, job, request.req))

    # -- order ---------------------------------------------------------------------------------------------------

    def ReorderFrames(self, request: Any) -> None:
        """Move frames of all layers to the start or end of their order, or reverse them."""
        job = find_job(self.farm, request.job.id)
        for number in range(len(job.layers)):
            ordering.reorder(self.farm, job, number, request.range, enum_name(job_pb2.Order, request.order))

    def StaggerFrames(self, request: Any) -> None:
        """Order frames of all layers coarse to fine."""
        job = find_job(self.farm, request.job.id)
        for number in range(len(job.layers)):
            ordering.stagger(self.farm, job, number, request.range, request.stagger)
