# SPDX-License-Identifier: Apache-2.0
"""What people change of jobs while they run, and what they write about them."""

from __future__ import annotations

from opencue_proto import job_pb2

from ..farm import changing
from .comments import add_comment, comments_about
from .finding import find_job
from .rpc import Invalid, Service
from .thing_finding import find_group

__all__ = ["JobChanges"]


class JobChanges(Service):
    """The calls of ``job.JobInterface`` that change facts."""

    def SetPriority(self, request: job_pb2.JobSetPriorityRequest) -> job_pb2.JobSetPriorityResponse:
        """Let a job come before those with less."""
        changing.change_job(self.farm, find_job(self.farm, request.job.id), priority=request.val)
        return job_pb2.JobSetPriorityResponse()

    def SetMinCores(self, request: job_pb2.JobSetMinCoresRequest) -> job_pb2.JobSetMinCoresResponse:
        """Set the cores that a job is meant to have."""
        changing.change_job(self.farm, find_job(self.farm, request.job.id), min_cores=_points(request.val))
        return job_pb2.JobSetMinCoresResponse()

    def SetMaxCores(self, request: job_pb2.JobSetMaxCoresRequest) -> job_pb2.JobSetMaxCoresResponse:
        """Set the cores that a job may have at most."""
        changing.change_job(self.farm, find_job(self.farm, request.job.id), max_cores=_points(request.val))
        return job_pb2.JobSetMaxCoresResponse()

    def SetMinGpus(self, request: job_pb2.JobSetMinGpusRequest) -> job_pb2.JobSetMinGpusResponse:
        """Set the GPUs that a job is meant to have."""
        changing.change_job(self.farm, find_job(self.farm, request.job.id), min_gpus=request.val)
        return job_pb2.JobSetMinGpusResponse()

    def SetMaxGpus(self, request: job_pb2.JobSetMaxGpusRequest) -> job_pb2.JobSetMaxGpusResponse:
        """Set the GPUs that a job may have at most."""
        changing.change_job(self.farm, find_job(self.farm, request.job.id), max_gpus=request.val)
        return job_pb2.JobSetMaxGpusResponse()

    def SetMaxRetries(self, request: job_pb2.JobSetMaxRetriesRequest) -> job_pb2.JobSetMaxRetriesResponse:
        """Set how often a frame may fail before it is DEAD at the next failure."""
        changing.set_max_retries(self.farm, find_job(self.farm, request.job.id), request.max_retries)
        return job_pb2.JobSetMaxRetriesResponse()

    def SetAutoEat(self, request: job_pb2.JobSetAutoEatRequest) -> job_pb2.JobSetAutoEatResponse:
        """Let frames that fail be EATEN without a retry, or DEAD after one."""
        changing.set_auto_eat(self.farm, find_job(self.farm, request.job.id), request.value)
        return job_pb2.JobSetAutoEatResponse()

    def SetGroup(self, request: job_pb2.JobSetGroupRequest) -> job_pb2.JobSetGroupResponse:
        """Put a job into another group of its show."""
        job = find_job(self.farm, request.job.id)
        changing.move_to_group(self.farm, job, find_group(self.farm, request.group_id))
        return job_pb2.JobSetGroupResponse()

    def AddSubscriber(self, request: job_pb2.JobAddSubscriberRequest) -> job_pb2.JobAddSubscriberResponse:
        """Note somebody who wants to hear of the job's end; this server sends no mail."""
        job = find_job(self.farm, request.job.id)
        if request.subscriber not in job.facts.subscribers:
            changing.change_job(self.farm, job, subscribers=[*job.facts.subscribers, request.subscriber])
        return job_pb2.JobAddSubscriberResponse()

    def AddComment(self, request: job_pb2.JobAddCommentRequest) -> job_pb2.JobAddCommentResponse:
        """Add a comment."""
        add_comment(self.farm, find_job(self.farm, request.job.id).id, request.new_comment)
        return job_pb2.JobAddCommentResponse()

    def GetComments(self, request: job_pb2.JobGetCommentsRequest) -> job_pb2.JobGetCommentsResponse:
        """Return the comments in the order of writing."""
        job = find_job(self.farm, request.job.id)
        return job_pb2.JobGetCommentsResponse(comments=comments_about(self.farm, job.id))


def _points(cores: float) -> int:
    if not 0 <= cores <= changing.MOST_CORES:
        raise Invalid(f"a job cannot have {cores:g} cores")
    return int(cores) * 100  # whole cores, as Cuebot takes them
