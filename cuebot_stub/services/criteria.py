# SPDX-License-Identifier: Apache-2.0
"""Reads the search criteria for frames from requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from opencue_proto import job_pb2

from ..farm.farm import Farm
from ..farm.jobs import Job
from ..farm.search import FrameSearch, find_frames, page_of
from .finding import enum_name
from .messages import frame_message

__all__ = ["found_frames", "frame_page", "frame_search"]


def frame_search(criteria: Any, layer: str = "") -> FrameSearch:
    """Criteria as plain data, optionally limited to one layer."""
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


def found_frames(farm: Farm, job: Job, criteria: Any) -> Iterator[int]:
    """All matching frames. Pages are for lists only, as on Cuebot."""
    return find_frames(farm, job, frame_search(criteria))


def frame_page(farm: Farm, job: Job, criteria: Any, layer: str = "") -> job_pb2.FrameSeq:
    """The requested page of frames."""
    if layer and criteria.layers:
        return job_pb2.FrameSeq()  # as on Cuebot
    found = find_frames(farm, job, frame_search(criteria, layer))
    refs = page_of(found, criteria.page, criteria.limit)
    return job_pb2.FrameSeq(frames=[frame_message(farm, job, ref) for ref in refs])
