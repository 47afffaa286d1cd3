# SPDX-License-Identifier: Apache-2.0
"""What people change of jobs while they run, and what they write about them."""

from __future__ import annotations

from typing import Any

from ..farm import changing
from ..farm.filters import run_filters
from .comments import add_comment, comments_about
from .cores import whole_points
from .finding import find_job
from .partition_service import add_partition
from .rpc import Fields, Service
from .thing_finding import find_group

__all__ = ["JobChanges"]


class JobChanges(Service):
    """The calls of ``job.JobInterface`` that change facts."""

    def SetPriority(self, request: Any) -> None:
        """Let a job come before those with less."""
        changing.change_job(self.farm, find_job(self.farm, request.job.id), priority=request.val)

    def SetMinCores(self, request: Any) -> None:
        """Set the cores that a job is meant to have."""
        changing.change_job(self.farm, find_job(self.farm, request.job.id), min_cores=whole_points(request.val))

    def SetMaxCores(self, request: Any) -> None:
        """Set the cores that a job may have at most."""
        changing.change_job(self.farm, find_job(self.farm, request.job.id), max_cores=whole_points(request.val))

    def SetMinGpus(self, request: Any) -> None:
        """Set the GPUs that a job is meant to have."""
        changing.change_job(self.farm, find_job(self.farm, request.job.id), min_gpus=request.val)

    def SetMaxGpus(self, request: Any) -> None:
        """Set the GPUs that a job may have at most."""
        changing.change_job(self.farm, find_job(self.farm, request.job.id), max_gpus=request.val)

    def SetMaxRetries(self, request: Any) -> None:
        """Set how often a frame may fail before it is DEAD at the next failure."""
        changing.set_max_retries(self.farm, find_job(self.farm, request.job.id), request.max_retries)

    def SetAutoEat(self, request: Any) -> None:
        """Let frames that fail be EATEN without a retry, or DEAD after one."""
        changing.set_auto_eat(self.farm, find_job(self.farm, request.job.id), request.value)

    def SetGroup(self, request: Any) -> None:
        """Put a job into another group of its show."""
        job = find_job(self.farm, request.job.id)
        changing.move_to_group(self.farm, job, find_group(self.farm, request.group_id))

    def RunFilters(self, request: Any) -> None:
        """Do to a job what the filters of its show say, as at its launch."""
        run_filters(self.farm, find_job(self.farm, request.job.id))

    def AddRenderPartition(self, request: Any) -> Fields:
        """Run frames of a job on a locked host, whose owner lends it."""
        return add_partition(self.farm, request, find_job(self.farm, request.job.id))

    def AddSubscriber(self, request: Any) -> None:
        """Note somebody who wants to hear of the job's end; this server sends no mail."""
        job = find_job(self.farm, request.job.id)
        if request.subscriber not in job.facts.subscribers:
            changing.change_job(self.farm, job, subscribers=[*job.facts.subscribers, request.subscriber])

    def AddComment(self, request: Any) -> None:
        """Add a comment."""
        add_comment(self.farm, find_job(self.farm, request.job.id).id, request.new_comment)

    def GetComments(self, request: Any) -> Fields:
        """Return the comments in the order of writing."""
        job = find_job(self.farm, request.job.id)
        return {"comments": comments_about(self.farm, job.id)}
