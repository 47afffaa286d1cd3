# SPDX-License-Identifier: Apache-2.0
"""What a report tells, before it is a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...backend.status import FrameAttempt, FrameStatus, JobStatus

__all__ = ["Death", "Picture", "Pictures", "Report", "Results"]


class Death(NamedTuple):
    """A frame that failed for good, and the last lines that it printed."""

    frame: FrameStatus
    lines: tuple[str, ...]


class Picture(NamedTuple):
    """A picture small enough for the page.

    Attributes:
        name: The frame, or the key of its item.
        path: Where the picture is.
        data: A JPEG, PNG or WebP; empty when it cannot be shown.
        fault: Why it cannot.
    """

    name: str
    path: str
    data: bytes = b""
    fault: str = ""


class Pictures(NamedTuple):
    """Some of the pictures that an output of a layer has, in their order.

    Attributes:
        layer: The layer.
        output: The name of the output.
        total: How many there are.
        shown: Those on the page.
    """

    layer: str
    output: str
    total: int
    shown: tuple[Picture, ...]


class Results(NamedTuple):
    """What the frames of a layer returned.

    Attributes:
        layer: The layer.
        rows: A record for each frame, by the names of their columns; values are plain data.
        total: How many records there are.
    """

    layer: str
    rows: tuple[Mapping[str, Any], ...]
    total: int


class Report(NamedTuple):
    """A job to look back at.

    Attributes:
        job: How its frames are.
        made: When this was read, in seconds since 1970.
        attempts: Every attempt at its frames, in the order of their starts.
        deaths: Frames that failed for good; as many as anybody reads.
        pictures: Outputs that are pictures.
        results: What frames returned, by layer.
        work: The work folder, if it has one.
        notes: What is not here, and why.
    """

    job: JobStatus
    made: float
    attempts: tuple[FrameAttempt, ...] = ()
    deaths: tuple[Death, ...] = ()
    pictures: tuple[Pictures, ...] = ()
    results: tuple[Results, ...] = ()
    work: str = ""
    notes: tuple[str, ...] = ()
