# SPDX-License-Identifier: Apache-2.0
"""Jobs: launch, find, list, steer and change them; and the calls that jobs, layers and frames have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from opencue_proto import depend_pb2, job_pb2

from ..farm import changing, steering
from ..farm.depend import End
from ..farm.errors import Invalid
from ..farm.farm import Farm
from ..farm.filters import run_filters
from ..farm.holds import connect, drop, mark_done
from ..farm.job import Job
from ..farm.launch import launch, spec_rules
from ..farm.life import finish_if_complete
from ..farm.search import FrameSearch, changed_frames, find_frames, page_of
from ..spec import read_spec
from .calls import acts, call, kill_reason, kills, sets
from .comments import add_comment, comments_about
from .cores import whole_points
from .finding import by_name, enum_name, find, find_job, find_layer, find_test, pending_job, subject_of
from .owner_service import add_partition
from .rpc import Answer, Service, unlocked

__all__ = ["EndCalls", "JobService", "frame_page"]


class EndCalls(Service):
    """The calls about a job, a layer or a frame."""

    def AddRenderPartition(self, thing: Job | End, request: Any) -> Answer:
        """Run frames in a render partition of a locked host."""
        return add_partition(self.farm, request, _end(thing))

    def GetWhatThisDependsOn(self, thing: Job | End, request: Any) -> Answer:
        return self.farm.depends.of_end(_end(thing))

    def GetWhatDependsOnThis(self, thing: Job | End, request: Any) -> Answer:
        return self.farm.depends.on_end(_end(thing))

    def DropDepends(self, thing: Job | End, request: Any) -> None:
        """Satisfy the dependencies of a job, a layer or a frame."""
        target = enum_name(depend_pb2.DependTarget, request.target)
        drop(self.farm, self.farm.depends.droppable(_end(thing)), target)

    def CreateDependencyOnJob(self, thing: Job | End, request: Any, type: str = "") -> Answer:
        """Make one thing depend on another one."""
        return connect(self.farm, _end(thing), _end(subject_of(self.farm, request, 1)), type)

    CreateDependencyOnLayer = CreateDependencyOnFrame = CreateDependencyOnJob

    def _frames(self, end: Any, request: Any) -> tuple[Job, Iterable[int]]:
        """The job and the frames to which a call does something: the frame, or all of the layer."""
        return end.job, end.refs


def _end(thing: Job | End) -> End:
    return thing if isinstance(thing, End) else End(thing)


_OLDEST_CHECK_SECONDS = 60
_BETWEEN_FRAMES = ("FRAME_ON_FRAME", "LAYER_ON_SIM_FRAME")


def frame_page(farm: Farm, job: Job, criteria: Any, layer: str = "") -> list[End]:
    """The requested page of frames, optionally of one layer."""
    if layer and criteria.layers:
        return []  # as on Cuebot
    found = find_frames(farm, job, _frame_search(criteria, layer))
    return [End.of_frame(job, ref) for ref in page_of(found, criteria.page, criteria.limit)]


def _frame_search(criteria: Any, layer: str = "") -> FrameSearch:
    return FrameSearch(
        ids=frozenset(criteria.ids),
        names=frozenset(criteria.frames),
        layers=frozenset([layer] if layer else criteria.layers),
        states=frozenset(enum_name(job_pb2.FrameState, number) for number in criteria.states.frame_states),
        frames=criteria.frame_range,
        memory=criteria.memory_range,
        duration=criteria.duration_range,
        changed_since=criteria.change_date,
    )


class JobService(EndCalls):
    """``job.JobInterface``."""

    name = "job.JobInterface"

    def _frames(self, job: Job, request: Any) -> tuple[Job, Iterable[int]]:
        """All matching frames of a job. Pages are for lists only, as on Cuebot."""
        return job, find_frames(self.farm, job, _frame_search(request.req))

    @unlocked
    def LaunchSpec(self, request: Any) -> Answer:
        return [job.name for job in self._launch(request.spec)]

    @unlocked
    def LaunchSpecAndWait(self, request: Any) -> Answer:
        return self._launch(request.spec)

    def _launch(self, spec: str) -> list[Job]:
        with self.farm.work() as farm:
            rules = spec_rules(farm)
        document = read_spec(spec, rules)  # it may be megabytes; the others need not wait
        with self.farm.work() as farm:
            return launch(farm, document)

    FindJob = call(lambda farm, request: pending_job(farm.jobs, request.name))
    GetJob = call(lambda farm, request: find_job(farm.jobs, request.id))
    GetCurrent = call(lambda farm, job, request: job)

    def GetJobs(self, request: Any) -> Answer:
        return self._search(request.r)

    def GetJobNames(self, request: Any) -> Answer:
        return [job.name for job in self._search(request.r) if job.is_pending]

    IsJobPending = call(lambda farm, request: request.name.lower() in farm.jobs.pending)

    def _search(self, criteria: job_pb2.JobSearchCriteria) -> list[Job]:
        jobs = self.farm.jobs if criteria.include_finished else self.farm.jobs.pending
        matches, is_like = find_test(criteria.regex), find_test(map(_like, criteria.substr))
        ids, names, shows = set(criteria.ids), set(criteria.jobs), set(criteria.shows)
        found = [
            job
            for job in jobs.values()
            if (not ids or job.id in ids)
            and (not names or job.name in names)
            and (not shows or self.farm.shows[job.facts.show].name in shows)
            and (not criteria.users or job.facts.user in criteria.users)
            and (not criteria.shots or job.facts.shot in criteria.shots)
            and is_like(job.name)
            and matches(job.name)
        ]
        return sorted(found, key=by_name)

    def GetLayers(self, job: Job, request: Any) -> Answer:
        layers = [End(job, number) for number in range(len(job.layers))]
        return sorted(layers, key=lambda end: end.facts.dispatch_order)

    GetFrames = call(lambda farm, job, request: frame_page(farm, job, request.req))

    def GetUpdatedFrames(self, job: Job, request: Any) -> Answer:
        """The frames that changed since a time, at most a minute ago."""
        now = self.farm.now()
        if now - request.last_check > _OLDEST_CHECK_SECONDS:
            raise Invalid(
                f"last_check is {now - request.last_check:.0f} s ago; give one of the last minute, or get all frames"
            )
        numbers = {find_layer(self.farm.jobs, layer).layer for layer in request.layer_filter.layers}
        ends = [End.of_frame(job, ref) for ref in changed_frames(job, request.last_check)]
        return {
            "state": job_pb2.JobState.Value(job.facts.state),
            "server_time": int(now) - 1,  # what changes later in this second must come with the next call
            "updated_frames": [end for end in ends if not numbers or end.layer in numbers],
        }

    Pause = call(lambda farm, job, request: steering.pause(farm, job))
    Resume = call(lambda farm, job, request: steering.resume(farm, job))

    def Kill(self, job: Job, request: Any) -> None:
        """End a job with all its processes."""
        if request.reason or not self.farm.settings.strict:  # Cuebot says yes to one without a reason, and does nothing
            steering.kill_job(self.farm, job, kill_reason("the job", request))

    # Also happens by itself.
    ShutdownIfCompleted = call(lambda farm, job, request: finish_if_complete(farm, job))

    EatFrames = acts(steering.eat_frames)
    RetryFrames = acts(steering.retry_frames)
    MarkDoneFrames = acts(mark_done)
    MarkAsWaiting = acts(steering.free_frames)

    KillFrames = kills

    def ReorderFrames(self, job: Job, request: Any) -> None:
        """Move frames of all layers to the start or end of their order, or reverse them."""
        for number in range(len(job.layers)):
            changing.reorder(self.farm, job, number, request.range, enum_name(job_pb2.Order, request.order))

    def StaggerFrames(self, job: Job, request: Any) -> None:
        for number in range(len(job.layers)):
            changing.stagger(self.farm, job, number, request.range, request.stagger)

    SetPriority = sets("priority")
    SetMinCores = sets("min_cores", whole_points)
    SetMaxCores = sets("max_cores", whole_points)
    SetMinGpus = sets("min_gpus")
    SetMaxGpus = sets("max_gpus")

    def _change(self, thing: Job, **facts: Any) -> None:
        changing.change_job(self.farm, thing, **facts)

    SetMaxRetries = call(lambda farm, job, request: changing.set_max_retries(farm, job, request.max_retries))
    SetAutoEat = call(lambda farm, job, request: changing.set_auto_eat(farm, job, request.value))

    def SetGroup(self, job: Job, request: Any) -> None:
        changing.move_to_group(self.farm, job, find(self.farm.groups, request.group_id))

    RunFilters = call(lambda farm, job, request: run_filters(farm, job))

    def AddSubscriber(self, job: Job, request: Any) -> None:
        """Store a subscriber to the end of a job. This server sends no mail."""
        if request.subscriber not in job.facts.subscribers:
            self._change(job, subscribers=[*job.facts.subscribers, request.subscriber])

    AddComment = call(lambda farm, job, request: add_comment(farm, job.id, request.new_comment))
    GetComments = call(lambda farm, job, request: comments_about(farm.comments, job.id))

    def GetDepends(self, job: Job, request: Any) -> Answer:
        """The dependencies of a job, its layers and its frames, without those between two frames."""
        return [row for row in self.farm.depends.of(job.id) if row.depend.type not in _BETWEEN_FRAMES]


def _like(text: str) -> str:
    """The regular expression of a part of a name in which ``%`` and ``_`` stand for others, as in SQL."""
    return "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in text)
