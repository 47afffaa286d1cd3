# SPDX-License-Identifier: Apache-2.0
"""All services that are implemented."""

from __future__ import annotations

from ..farm.farm import Farm
from .comments import CommentService
from .cue_service import CueService
from .job_service import JobService
from .report_service import ReportService
from .rpc import Service

__all__ = ["all_services"]


def all_services(farm: Farm) -> list[Service]:
    """Return one object per service, for a farm."""
    return [make(farm) for make in (CueService, CommentService, JobService, ReportService)]
