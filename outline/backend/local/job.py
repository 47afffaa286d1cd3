# SPDX-License-Identifier: Apache-2.0
"""Jobs on this machine: what the caller of ``launch`` gets back."""

from __future__ import annotations

import os
from typing import NamedTuple

from ...frames import FrameSet
from ...scheduler import FrameState
from ...session_paths import SessionPaths
from ..log_tail import last_lines
from .claim import living_runner
from .journal import FrameRecord, JobRecord, RunEnd, read_record

__all__ = ["DeadFrame", "LocalJob", "LocalJobData"]


class LocalJobData(NamedTuple):
    """The facts of a job under the names that PyCue's job objects have (``job.data.name``)."""

    id: str
    name: str
    state: str
    total_frames: int
    log_dir: str


class DeadFrame(NamedTuple):
    """A frame that failed for good."""

    name: str
    layer: str
    frame: int
    record: FrameRecord
    log: str

    def last_lines(self, count: int = 10) -> list[str]:
        """The last lines that the frame printed."""
        return last_lines(self.log, count)


class LocalJob:
    """A job in a session folder, as its journal tells; ``refresh`` reads it again.

    Attributes:
        path: The session folder.
        paths: What is in it.
        record: What the journal says.
    """

    def __init__(self, path: str, record: JobRecord | None = None) -> None:
        """Make the job of a session; what its journal says is read, unless it is known already."""
        self.path = os.path.abspath(path)
        self.paths = SessionPaths(self.path)
        self.record = record or self.__read()

    def refresh(self) -> None:
        """Read the journal again."""
        self.record = self.__read()

    def __read(self) -> JobRecord:
        return read_record(self.paths, living_runner(self.paths))

    def __repr__(self) -> str:
        return f"<LocalJob {self.name} {self.state}>"

    def id(self) -> str:
        """The job's id, under the name that PyCue's job objects have."""
        return self.record.job_id

    @property
    def name(self) -> str:
        """The job's name, ``show-shot-user_name``."""
        return self.record.job.plan.name

    @property
    def state(self) -> str:
        """``RUNNING``, ``FINISHED`` (all SUCCEEDED or EATEN), ``FAILED``, ``PAUSED`` (never begun), or ``STOPPED``."""
        job = self.record.job
        if self.record.runner is not None:
            return "RUNNING"
        if job.succeeded:
            return "FINISHED"
        if self.record.over is RunEnd.FAILED:
            return "FAILED"
        return "STOPPED" if self.record.frames or self.record.over else "PAUSED"

    @property
    def data(self) -> LocalJobData:
        """The facts under the names that PyCue uses."""
        return LocalJobData(self.id(), self.name, self.state, len(self.record.job.frames), self.paths.logs)

    @property
    def counts(self) -> dict[str, int]:
        """How many frames (chunks) are in each state."""
        return {state.value: count for state, count in self.record.job.counts().items() if count}

    def ranges(self, layer: str) -> dict[str, FrameSet]:
        """The heads of a layer's chunks by state."""
        return {state.value: frames for state, frames in self.record.job.ranges(layer).items() if frames}

    def dead_frames(self) -> list[DeadFrame]:
        """The frames that failed for good, in the order of the job."""
        job = self.record.job
        found = []
        for ref, record in sorted(self.record.frames.items()):
            if job.state(ref) is FrameState.DEAD:
                name = job.frames.name(ref)
                found.append(DeadFrame(name, job.layer(ref).name, job.frames.number(ref), record, self.log_path(name)))
        return found

    def log_path(self, frame_name: str) -> str:
        """The path of a frame's log."""
        return self.paths.log(self.name, frame_name)
