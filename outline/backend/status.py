# SPDX-License-Identifier: Apache-2.0
"""The status of a job: the one shape that every backend fills, and that every display, summary and report reads.

Facts only. Whoever shows them chooses words and colours. ``to_dict`` gives what ``outline status --json`` prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..frames import FrameSet
from ..progress import FrameProgress
from ..scheduler import FrameState

__all__ = ["FrameAttempt", "FrameStatus", "JobStatus", "LayerStatus", "STATES", "add_counts"]

S = FrameState

STATES = (S.SUCCEEDED, S.EATEN, S.RUNNING, S.DEAD, S.WAITING, S.DEPEND)
"""The states in the order in which people read them: what is done first."""


class FrameStatus(NamedTuple):
    """A frame that runs, is dead, or waits for another attempt.

    Attributes:
        name: Its name, ``0012-beauty``; with chunks, that of the chunk.
        layer: Its layer.
        state: ``RUNNING``, ``DEAD``, or ``WAITING`` after an attempt that failed.
        attempt: The number of its last attempt, from 1 on.
        seconds: How long that attempt ran, or has run so far; None when nobody knows.
        log: The path of its log, as whoever runs it sees it.
        host: The host of a farm or cluster that runs it, or ran it last; None on the machine of its launcher.
        progress: How far it is, when its application tells.
        exit_status: How the last attempt ended; None when nobody knows.
        signal: The signal that ended it, or 0; None when nobody knows.
        reason: Why it ended so, in a few words.
        peak_memory_kb: The most memory that is known of it.
        warnings: How many warnings its application printed.
        memory_kb: The memory that a farm reserves for it by now, when it has raised that; else 0.
    """

    name: str
    layer: str
    state: FrameState
    attempt: int = 1
    seconds: float | None = None
    log: str = ""
    host: str | None = None
    progress: FrameProgress | None = None
    exit_status: int | None = None
    signal: int | None = None
    reason: str = ""
    peak_memory_kb: int = 0
    warnings: int = 0
    memory_kb: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Give the frame as data for JSON; a frame that runs tells other things than one that has failed."""
        facts: dict[str, Any] = {"frame": self.name, "layer": self.layer}
        if self.state is S.RUNNING:
            told = self.progress._asdict() if self.progress else {}
            told.pop("attempt", None)  # it is that of the frame
            facts.update(attempt=self.attempt, seconds=round(self.seconds or 0.0, 3), progress=told or None)
        else:
            facts["attempts"] = self.attempt
            facts.update(exit_status=self.exit_status, signal=self.signal, reason=self.reason)
            facts["seconds"] = None if self.seconds is None else round(self.seconds, 3)
            facts.update(log=self.log, peak_memory_kb=self.peak_memory_kb, warnings=self.warnings)
        if self.host is not None:
            facts["host"] = self.host
        if self.memory_kb:
            facts["memory_kb"] = self.memory_kb
        return facts


class FrameAttempt(NamedTuple):
    """One attempt at a frame, as a report tells it.

    Attributes:
        name: The frame's name.
        layer: Its layer.
        attempt: Which attempt it was, from 1.
        host: Where it ran.
        started: When it began, in seconds since 1970.
        seconds: How long it ran, or has run so far.
        state: What it left the frame in: ``WAITING`` when it failed and the frame is tried again.
        memory_kb: The most memory that is known of it; 0 when nobody knows.
        reason: Why it failed; empty when it did not.
    """

    name: str
    layer: str
    attempt: int
    host: str
    started: float
    seconds: float
    state: FrameState
    memory_kb: int = 0
    reason: str = ""


class LayerStatus(NamedTuple):
    """A layer and where its frames are.

    Attributes:
        name: Its name.
        counts: How many frames are in each state; a state that is missing counts as none.
        range: All its frame numbers, as text.
        chunk: How many of them run together.
        states: The frames in each state, by the first number of each chunk; empty when nobody asked for them.
    """

    name: str
    counts: Mapping[FrameState, int]
    range: str = ""
    chunk: int = 1
    states: Mapping[FrameState, FrameSet] = {}

    @property
    def total(self) -> int:
        """How many frames it has; with chunks, a frame is a chunk."""
        return sum(self.counts.values())

    @property
    def frames(self) -> int:
        """How many frame numbers it has; as many as ``total`` without chunks."""
        return len(FrameSet(self.range).unique()) if self.chunk > 1 else self.total

    @property
    def done(self) -> int:
        """How many are SUCCEEDED or EATEN."""
        return self.counts.get(S.SUCCEEDED, 0) + self.counts.get(S.EATEN, 0)

    def to_dict(self) -> dict[str, Any]:
        """Give the layer as data for JSON; states without frames are left out."""
        return {
            "name": self.name,
            "range": self.range,
            "chunk": self.chunk,
            "frames": self.total,
            "counts": _shown(self.counts),
            "states": {state.value: str(frames) for state, frames in self.states.items() if frames},
        }


class JobStatus(NamedTuple):
    """A job at one moment.

    Attributes:
        name: Its name.
        id: Its id.
        state: ``RUNNING``, ``FINISHED`` (all SUCCEEDED or EATEN), ``FAILED``, ``PAUSED`` or ``STOPPED``; on a farm,
            Post layers are ``WAITING`` until their job is over. See ``outline.cli.status``.
        layers: Its layers in their order.
        session: The session folder; None when nobody knows it.
        runner: Host and process id of who runs it on this machine or another, if somebody does.
        running: The frames that run.
        retrying: The frames that wait for another attempt after one that failed.
        dead: The frames that failed for good.
        log_dir: The folder of its logs, as the hosts of a farm see it; None for a job of the local backend.
        held_up: Why no host starts a frame though some could run; empty when nothing is held up.
        waiting_for: What the job waits for when none of its frames can run; empty when there is no such thing.
        server: The farm server that the command line named, if it did.
        post: On a farm, the job of its Post layers.
    """

    name: str
    id: str
    state: str
    layers: tuple[LayerStatus, ...]
    session: str | None = None
    runner: tuple[str, int] | None = None
    running: tuple[FrameStatus, ...] = ()
    retrying: tuple[FrameStatus, ...] = ()
    dead: tuple[FrameStatus, ...] = ()
    log_dir: str | None = None
    held_up: str = ""
    waiting_for: str = ""
    server: str | None = None
    post: JobStatus | None = None

    @property
    def counts(self) -> dict[FrameState, int]:
        """How many frames are in each state; every state is there."""
        return add_counts(layer.counts for layer in self.layers)

    @property
    def total(self) -> int:
        """How many frames it has."""
        return sum(layer.total for layer in self.layers)

    @property
    def frames(self) -> int:
        """How many frame numbers its layers have; as many as ``total`` without chunks."""
        return sum(layer.frames for layer in self.layers)

    @property
    def done(self) -> int:
        """How many are SUCCEEDED or EATEN."""
        return sum(layer.done for layer in self.layers)

    @property
    def is_held_up(self) -> bool:
        """Frames could run, and none does."""
        counts = self.counts
        return self.state == "RUNNING" and counts[S.WAITING] > 0 and not counts[S.RUNNING]

    def to_dict(self) -> dict[str, Any]:
        """Give the job as data for JSON."""
        facts: dict[str, Any] = {
            "job": self.name,
            "job_id": self.id,
            "session": self.session,
            "state": self.state,
            "runner": {"host": self.runner[0], "pid": self.runner[1]} if self.runner else None,
            "frames": self.total,
            "counts": _shown(self.counts),
            "layers": [layer.to_dict() for layer in self.layers],
            "running": [frame.to_dict() for frame in self.running],
            "retrying": [frame.to_dict() for frame in self.retrying],
            "dead": [frame.to_dict() for frame in self.dead],
        }
        if self.log_dir is not None:
            facts.update(log_dir=self.log_dir, held_up=self.held_up, waiting_for=self.waiting_for, server=self.server)
            facts["post"] = self.post.to_dict() if self.post else None
        return facts


def add_counts(counts: Iterable[Mapping[FrameState, int]]) -> dict[FrameState, int]:
    """Add up how many frames are in each state; every state is there."""
    totals = dict.fromkeys(FrameState, 0)
    for one in counts:
        for state, count in one.items():
            totals[state] += count
    return totals


def _shown(counts: Mapping[FrameState, int]) -> dict[str, int]:
    return {state.value: count for state, count in counts.items() if count}
