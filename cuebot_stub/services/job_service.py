# SPDX-License-Identifier: Apache-2.0
"""Jobs: launch, find, list, steer and change them; and the calls that jobs, layers and frames have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from opencue_proto import depend_pb2, job_pb2

from ..farm import changing, steering
from ..farm.depend import End, Row
from ..farm.errors import Invalid
from ..farm.farm import Farm
from ..farm.filters import run_filters
from ..farm.holds import connect, drop
from ..farm.job import Job
from ..farm.launch import launch
from ..farm.life import finish_if_complete
from ..farm.search import FrameSearch, changed_frames, find_frames, page_of
from ..spec import SpecRules, read_spec
from .calls import acts, call, kill_reason, kills, sets
from .comments import add_comment, comments_about
from .cores import whole_points
from .finding import enum_name, find, find_frame, find_job, find_layer, find_test, pending_job
from .owner_service import add_partition
from .rpc import Answer, Service, unlocked

__all__ = ["EndCalls", "JobService", "frame_page"]


class EndCalls(Service):
    """The calls about a job, a layer or a frame. The subclass says which dependencies are meant."""

    def _depends_of(self, end: End) -> Iterable[Row]:
        """All dependencies of an end."""
        raise NotImplementedError

    def _depends_on(self, end: End) -> Iterable[Row]:
        """All dependencies on an end."""
        raise NotImplementedError

    def _droppable(self, end: End) -> Iterable[Row]:
        """The dependencies of an end that clients can drop."""
        raise NotImplementedError

    def AddRenderPartition(self, request: Any) -> Answer:
        """Run frames in a render partition of a locked host."""
        return add_partition(self.farm, request, *ends(self.farm, request, 1))

    def GetWhatThisDependsOn(self, request: Any) -> Answer:
        """The dependencies of a job, a layer or a frame."""
        return list(self._depends_of(*ends(self.farm, request, 1)))

    def GetWhatDependsOnThis(self, request: Any) -> Answer:
        """The dependencies on a job, a layer or a frame."""
        return list(self._depends_on(*ends(self.farm, request, 1)))

    def DropDepends(self, request: Any) -> None:
        """Satisfy the dependencies of a job, a layer or a frame."""
        rows = list(self._droppable(*ends(self.farm, request, 1)))
        drop(self.farm, rows, enum_name(depend_pb2.DependTarget, request.target))

    def CreateDependencyOnJob(self, request: Any) -> Answer:
        """Make one thing depend on another one."""
        er, on = ends(self.farm, request)
        return connect(self.farm, er, on)

    CreateDependencyOnLayer = CreateDependencyOnFrame = CreateDependencyOnJob


_FINDERS: dict[str, Callable[[Farm, Any], End]] = {
    "Job": lambda farm, message: End(find_job(farm, message)),
    "Layer": find_layer,
    "Frame": find_frame,
}


def ends(farm: Farm, request: Any, count: int = 2) -> list[End]:
    """The jobs, layers or frames that the first fields of a request name."""
    fields = request.DESCRIPTOR.fields[:count]
    return [_FINDERS[field.message_type.name](farm, getattr(request, field.name)) for field in fields]


_OLDEST_CHECK_SECONDS = 60
_BETWEEN_FRAMES = ("FRAME_ON_FRAME", "LAYER_ON_SIM_FRAME")


def frame_page(farm: Any, job: Job, criteria: Any, layer: str = "") -> list[End]:
    """The requested page of frames, optionally of one layer."""
    if layer and criteria.layers:
        return []  # as on Cuebot
    found = find_frames(farm, job, _frame_search(criteria, layer))
    return [End(job, job.layer_of(ref), ref) for ref in page_of(found, criteria.page, criteria.limit)]


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

    def _subject(self, request: Any) -> tuple[Job, Iterator[int]]:
        """All matching frames of a job. Pages are for lists only, as on Cuebot."""
        job = find_job(self.farm, request.job)
        return job, find_frames(self.farm, job, _frame_search(request.req))

    @unlocked
    def LaunchSpec(self, request: Any) -> Answer:
        return [job.name for job in self._launch(request.spec)]

    @unlocked
    def LaunchSpecAndWait(self, request: Any) -> Answer:
        return self._launch(request.spec)

    def _launch(self, spec: str) -> list[Job]:
        with self.farm.work() as farm:
            rules = SpecRules(
                strict=farm.settings.strict,
                facilities=frozenset(facility.name for facility in farm.facilities.values()),
                shows=frozenset(name for show in farm.shows.values() for name in (show.name, *show.aliases)),
                services=frozenset(service.name for service in farm.services.values()),
                limits=frozenset(limit.name for limit in farm.limits.values()),
            )
        document = read_spec(spec, rules)  # it may be megabytes; the others need not wait
        with self.farm.work() as farm:
            return launch(farm, document)

    FindJob = call(lambda farm, request: pending_job(farm, request.name))
    GetJob = call(lambda farm, request: find_job(farm, request.id))
    GetCurrent = call(lambda farm, request: find_job(farm, request.job))

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
        return sorted(found, key=lambda job: job.name)

    def GetLayers(self, request: Any) -> Answer:
        job = find_job(self.farm, request.job)
        numbers = sorted(range(len(job.layers)), key=lambda number: job.layers[number].dispatch_order)
        return [End(job, number) for number in numbers]

    GetFrames = call(lambda farm, request: frame_page(farm, find_job(farm, request.job), request.req))

    def GetUpdatedFrames(self, request: Any) -> Answer:
        """The frames that changed since a time, at most a minute ago."""
        job, now = find_job(self.farm, request.job), self.farm.now()
        if now - request.last_check > _OLDEST_CHECK_SECONDS:
            raise Invalid(
                f"last_check is {now - request.last_check:.0f} s ago; give one of the last minute, or get all frames"
            )
        numbers = {find_layer(self.farm, layer).layer for layer in request.layer_filter.layers}
        ends = [End(job, job.layer_of(ref), ref) for ref in changed_frames(job, request.last_check)]
        return {
            "state": job_pb2.JobState.Value(job.facts.state),
            "server_time": int(now) - 1,  # what changes later in this second must come with the next call
            "updated_frames": [end for end in ends if not numbers or end.layer in numbers],
        }

    Pause = call(lambda farm, request: steering.pause(farm, find_job(farm, request.job)))
    Resume = call(lambda farm, request: steering.resume(farm, find_job(farm, request.job)))

    def Kill(self, request: Any) -> None:
        """End a job with all its processes."""
        job = find_job(self.farm, request.job)
        if request.reason or self.farm.useful:  # Cuebot says yes to a kill without a reason, and does nothing
            steering.kill_job(self.farm, job, kill_reason("the job", request))

    def ShutdownIfCompleted(self, request: Any) -> None:
        """Finish a job if all its frames are done. This also happens by itself."""
        finish_if_complete(self.farm, find_job(self.farm, request.job))

    EatFrames = acts(steering.eat_frames)
    RetryFrames = acts(steering.retry_frames)
    MarkDoneFrames = acts(steering.mark_done)
    MarkAsWaiting = acts(steering.free_frames)

    KillFrames = kills

    def ReorderFrames(self, request: Any) -> None:
        """Move frames of all layers to the start or end of their order, or reverse them."""
        job = find_job(self.farm, request.job)
        for number in range(len(job.layers)):
            changing.reorder(self.farm, job, number, request.range, enum_name(job_pb2.Order, request.order))

    def StaggerFrames(self, request: Any) -> None:
        job = find_job(self.farm, request.job)
        for number in range(len(job.layers)):
            changing.stagger(self.farm, job, number, request.range, request.stagger)

    SetPriority = sets("priority")
    SetMinCores = sets("min_cores", whole_points)
    SetMaxCores = sets("max_cores", whole_points)
    SetMinGpus = sets("min_gpus")
    SetMaxGpus = sets("max_gpus")

    def _change(self, wanted: Any, **facts: Any) -> None:
        changing.change_job(self.farm, find_job(self.farm, wanted), **facts)

    def SetMaxRetries(self, request: Any) -> None:
        """Set how often a frame may fail before it is DEAD at the next failure."""
        changing.set_max_retries(self.farm, find_job(self.farm, request.job), request.max_retries)

    def SetAutoEat(self, request: Any) -> None:
        """Switch autoeat, which makes frames EATEN at their first failure."""
        changing.set_auto_eat(self.farm, find_job(self.farm, request.job), request.value)

    def SetGroup(self, request: Any) -> None:
        job = find_job(self.farm, request.job)
        changing.move_to_group(self.farm, job, find(self.farm.groups, request.group_id))

    def RunFilters(self, request: Any) -> None:
        """Apply the filters of its show to a job, as at its launch."""
        run_filters(self.farm, find_job(self.farm, request.job))

    def AddSubscriber(self, request: Any) -> None:
        """Store a subscriber to the end of a job. This server sends no mail."""
        job = find_job(self.farm, request.job)
        if request.subscriber not in job.facts.subscribers:
            changing.change_job(self.farm, job, subscribers=[*job.facts.subscribers, request.subscriber])

    AddComment = call(lambda farm, request: add_comment(farm, find_job(farm, request.job).id, request.new_comment))
    GetComments = call(lambda farm, request: comments_about(farm, find_job(farm, request.job).id))

    def GetDepends(self, request: Any) -> Answer:
        """The dependencies of a job, its layers and its frames, without those between two frames."""
        found = self.farm.depends.of(find_job(self.farm, request.job).id)
        return [row for row in found if row.depend.type not in _BETWEEN_FRAMES]

    def _depends_of(self, end: End) -> Iterable[Row]:
        return self.farm.depends.of(end.job.id, "")

    def _depends_on(self, end: End) -> Iterable[Row]:
        return self.farm.depends.on(end.job.id)

    def _droppable(self, end: End) -> Iterable[Row]:
        return self.farm.depends.of(end.job.id)


def _like(text: str) -> str:
    """The regular expression of a part of a name in which ``%`` and ``_`` stand for others, as in SQL."""
    return "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in text)
