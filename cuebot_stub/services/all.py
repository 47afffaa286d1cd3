# SPDX-License-Identifier: Apache-2.0
"""All services that are implemented."""

from __future__ import annotations

from ..farm.farm import Farm
from .comments import CommentService
from .filter_service import ActionService, FilterService, MatcherService
from .group_service import DepartmentService, GroupService, TaskService
from .host_service import HostService, ProcService
from .job_service import JobService
from .layer_service import DependService, FrameService, LayerService
from .limit_service import LimitService
from .owner_service import DeedService, OwnerService, PartitionService
from .place_service import AllocationService, FacilityService, SubscriptionService
from .report_service import CueService, ReportService
from .rpc import Service
from .service_service import OverrideService, ServiceService
from .show_service import ShowService

__all__ = ["all_services"]

_SERVICES = (
    ActionService, AllocationService, CommentService, CueService, DeedService, DepartmentService, DependService,
    FacilityService, FilterService, FrameService, GroupService, HostService, JobService, LayerService, LimitService,
    MatcherService, OverrideService, OwnerService, PartitionService, ProcService, ReportService, ServiceService,
    ShowService, SubscriptionService, TaskService,
)  # fmt: skip


def all_services(farm: Farm) -> list[Service]:
    """One object per service, for a farm."""
    return [make(farm) for make in _SERVICES]
