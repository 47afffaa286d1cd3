# SPDX-License-Identifier: Apache-2.0
"""All services that are implemented."""

from __future__ import annotations

from ..farm.farm import Farm
from .comments import CommentService
from .cue_service import CueService
from .department_service import DepartmentService, TaskService
from .depend_service import DependService
from .facility_service import AllocationService, FacilityService
from .filter_service import ActionService, FilterService, MatcherService
from .frame_service import FrameService
from .group_service import GroupService
from .host_service import HostService
from .job_service import JobService
from .layer_service import LayerService
from .limit_service import LimitService
from .owner_service import DeedService, OwnerService
from .partition_service import PartitionService
from .proc_service import ProcService
from .report_service import ReportService
from .rpc import Service
from .service_service import OverrideService, ServiceService
from .show_service import ShowService
from .subscription_service import SubscriptionService

__all__ = ["all_services"]


_JOBS = (JobService, LayerService, FrameService, DependService)
_THINGS = (
    ActionService, AllocationService, CommentService, DeedService, DepartmentService, FacilityService, FilterService,
    GroupService, HostService, LimitService, MatcherService, OverrideService, OwnerService, PartitionService,
    ProcService, ServiceService, ShowService, SubscriptionService, TaskService,
)  # fmt: skip


def all_services(farm: Farm) -> list[Service]:
    """One object per service, for a farm."""
    return [make(farm) for make in (CueService, *_JOBS, ReportService, *_THINGS)]
