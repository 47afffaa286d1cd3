# SPDX-License-Identifier: Apache-2.0
"""Single frames and single dependencies: find them, and act on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opencue_proto import job_pb2

from ..farm import changing, steering
from ..farm.depend import End, Row
from ..farm.holds import satisfy, unsatisfy
from ..farm.job import Job
from .calls import acts, call, kills
from .end_calls import EndCalls
from .errors import NotFound
from .finding import enum_name, find_frame, pending_job
from .job_service import frame_page
from .rpc import Answer, Service

__all__ = ["DependService", "FrameService"]


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
