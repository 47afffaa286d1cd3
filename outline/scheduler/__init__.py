# SPDX-License-Identifier: Apache-2.0
"""The brain of a job, pure: frames, who waits for whom, what may start now, what an exit means."""

from __future__ import annotations

from .from_outline import plan_job
from .job import JobState
from .plan import DependPlan, JobPlan, LayerPlan
from .states import MOVES, FrameState, IllegalMove, Signal
from .steered import SteeredJob

__all__ = [
    "MOVES",
    "DependPlan",
    "FrameState",
    "IllegalMove",
    "JobPlan",
    "JobState",
    "LayerPlan",
    "Signal",
    "SteeredJob",
    "plan_job",
]
