# SPDX-License-Identifier: Apache-2.0
"""The pure logic of a job: its frames, their dependencies, what may start now, what an exit means."""

from __future__ import annotations

from .cuebot_edges import CuebotRefuses, FarmLayer, cuebot_pairs
from .from_outline import plan_job
from .job import JobState
from .plan import DependPlan, JobPlan, LayerPlan
from .states import MOVES, FrameState, IllegalMove, Move, Signal

__all__ = [
    "MOVES",
    "CuebotRefuses",
    "DependPlan",
    "FarmLayer",
    "FrameState",
    "IllegalMove",
    "JobPlan",
    "JobState",
    "LayerPlan",
    "Move",
    "Signal",
    "cuebot_pairs",
    "plan_job",
]
