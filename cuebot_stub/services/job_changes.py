# SPDX-License-Identifier: Apache-2.0
"""Changes of running jobs, and comments on them."""

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
    """The calls of ``job.JobInterface`` that change settings."""

    def SetPriority(self, request: Any) -> None:
        """Set the priority of a job. Higher ones come first."""
        changing.change_job(self.farm, find_job(self.farm, request.job.id), priority=request.val)

    def SetMinCores(self, request: Any) -> None:
        changing.change_job(self.farm, find_job(self.farm, request.job.id), min_cores=whole_points(request.val))

    def SetMaxCores(self, request: Any) -> None:
        changing.change_job(self.farm, find_job(self.farm, request.job.id), max_cores=whole_points(request.val))

    def SetMinGpus(self, request: Any) -> None:
        changing.change_job(self.farm, find_job(self.farm, request.job.id), min_gpus=request.val)

    def SetMaxGpus(self, request: Any) -> None:
        changing.change_job(self.farm, find_job(self.farm, request.job.id), max_gpus=request.val)

    def SetMaxRetries(self, request: Any) -> None:
        """Set how often a frame may fail before it is DEAD at the next failure."""
        changing.set_max_retries(self.farm, find_job(self.farm, request.job.id), request.max_retries)

    def SetAutoEat(self, request: Any) -> None:
        """Switch autoeat, which makes frames EATEN at their first failure."""
        changing.set_auto_eat(self.farm, find_job(self.farm, request.job.id), request.value)

    def SetGroup(self, request: Any) -> None:
        job = find_job(self.farm, request.job.id)
        changing.move_to_group(self.farm, job, find_group(self.farm, request.group_id))

    def RunFilters(self, request: Any) -> None:
        """Apply the filters of its show to a job, as at its launch."""
        run_filters(self.farm, find_job(self.farm, request.job.id))

    def AddRenderPartition(self, request: Any) -> Fields:
        """Run frames of a job in a render partition of a locked host."""
        return add_partition(self.farm, request, find_job(self.farm, request.job.id))

    def AddSubscriber(self, request: Any) -> None:
        """Store a subscriber to the end of a job. This server sends no mail."""
        job = find_job(self.farm, request.job.id)
        if request.subscriber not in job.facts.subscribers:
            changing.change_job(self.farm, job, subscribers=[*job.facts.subscribers, request.subscriber])

    def AddComment(self, request: Any) -> None:
        add_comment(self.farm, find_job(self.farm, request.job.id).id, request.new_comment)

    def GetComments(self, request: Any) -> Fields:
        """The comments, oldest first."""
        job = find_job(self.farm, request.job.id)
        return {"comments": comments_about(self.farm, job.id)}
