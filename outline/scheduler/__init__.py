# SPDX-License-Identifier: Apache-2.0
"""The pure logic of a job: its frames, their dependencies, what may start now, what an exit means."""

from __future__ import annotations

from .from_outline import plan_job
from .job import JobState
from .plan import DependPlan, JobPlan, LayerPlan
from .states import MOVES, FrameState, IllegalMove, Move, Signal

__all__ = [
    "MOVES",
    "DependPlan",
    "FrameState",
    "IllegalMove",
    "JobPlan",
    "JobState",
    "LayerPlan",
    "Move",
    "Signal",
    "plan_job",
]
