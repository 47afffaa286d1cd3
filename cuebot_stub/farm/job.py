# SPDX-License-Identifier: Apache-2.0
"""The jobs of a farm with their layers and frames, their ids and indexes, and what has changed in them."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from typing import Any

from outline.names import log_name
from outline.scheduler import FrameState, JobPlan, JobState, LayerPlan, Move

from .facts import NEVER_RAN, FrameFacts, JobFacts, LayerFacts, LayerTotals
from .saving import Unsaved

__all__ = ["Job", "Jobs", "split_id"]

_LAYER_BITS = 0x3FFF
_NO_FRAME = 0xFFFFFFFFFFFF


def _id_of(job_id: str, layer: int, ref: int) -> str:
    """The id of a frame, or of a layer, made of the job's id, the layer's number and the frame's. It is not stored."""
    return f"{job_id[:18]}-{0x8000 | layer:04x}-{ref:012x}"


def split_id(id: str) -> tuple[str, int, int]:
    """The beginning of the job's id, the layer's number, and the frame's, which is -1 for a layer.

    Raises:
        ValueError: The text is not such an id.
    """
    if len(id) != 36:
        raise ValueError(f"{id!r} is not an id")
    ref = int(id[24:], 16)
    return id[:18], int(id[19:23], 16) & _LAYER_BITS, -1 if ref == _NO_FRAME else ref


class Job:
    """A job: facts, layers, and the state of its frames.

    Attributes:
        by_name: The number of a layer by its name.
        running: The ids of its procs, by their frames.
        waiting_seen: The number of frames that could start at the last look; 0 while none may.
        done: By frame, whether it has succeeded and its dependencies were satisfied.
        moved: By frame, the last change of its state; 0 for never.
        eligible: By frame, when it could first start; 0 for at the launch.
    """

    def __init__(
        self,
        facts: JobFacts,
        layers: list[LayerFacts],
        plans: Sequence[LayerPlan],
        moves: deque[tuple[Job, Move]],
        *,
        strict: bool,
    ) -> None:
        """Make a job; ``moves`` gets every move of its frames."""
        self.facts = facts
        self.layers = layers
        self.totals = [LayerTotals() for _ in layers]
        self.frames: dict[int, FrameFacts] = {}
        self.running: dict[int, str] = {}
        self._tags: frozenset[str] | None = None
        self.waiting_seen = 0
        plan = JobPlan(facts.name, tuple(plans), (), facts.max_retries, facts.autoeat)
        self.state = JobState(
            plan,
            max_losses=None,
            moved=lambda move: moves.append((self, move)),
            freed=facts.freed,
            finished_wait_again=True,
            keeps_tries=strict,
        )
        self.by_name = self.state.frames.layers
        self.done = bytearray(len(self.state.frames))
        self.moved = array("d", bytes(8 * len(self.state.frames)))
        self.eligible = array("d", bytes(8 * len(self.state.frames)))

    def note(self, move: Move, now: float) -> None:
        """Store when a frame changed its state, and when it could start."""
        self.moved[move.ref] = now
        if move.before is FrameState.DEPEND and move.after is FrameState.WAITING:
            self.eligible[move.ref] = now

    def eligible_time(self, ref: int) -> int:
        """When a frame could start; the launch of the job if it depended on nothing, or still waits."""
        return int(self.eligible[ref]) or self.frames.get(ref, NEVER_RAN).eligible or self.facts.launched

    @property
    def id(self) -> str:
        """The job's id."""
        return self.facts.id

    @property
    def name(self) -> str:
        """The job's whole name, ``show-shot-user_name``."""
        return self.facts.name

    @property
    def is_pending(self) -> bool:
        """Whether the job is neither finished, nor a post job that waits for its job."""
        return self.facts.state == "PENDING"

    @property
    def is_over(self) -> bool:
        """Whether the job is finished, and none of its processes runs any more."""
        return self.facts.state == "FINISHED" and not self.running

    @property
    def tags(self) -> frozenset[str]:
        """The tags of all layers in lower case. A host with none of them cannot run a frame of the job."""
        if self._tags is None:
            self._tags = frozenset(tag.lower() for layer in self.layers for tag in layer.tags)
        return self._tags

    def layer_of(self, ref: int) -> int:
        """The number of a frame's layer."""
        return self.state.frames.layer_of[ref]

    def layer(self, ref: int) -> LayerFacts:
        """A frame's layer."""
        return self.layers[self.layer_of(ref)]

    def layer_id(self, number: int) -> str:
        """The id of a layer."""
        return _id_of(self.id, number, _NO_FRAME)

    def frame_id(self, ref: int) -> str:
        """The id of a frame."""
        return _id_of(self.id, self.layer_of(ref), ref)

    def frame_name(self, ref: int) -> str:
        """The name of a frame, like ``0012-beauty``; empty for -1, which is none."""
        return self.state.frames.name(ref) if ref >= 0 else ""

    def log_path(self, ref: int) -> str:
        """The path of a frame's log, as its host writes it."""
        return f"{self.facts.log_dir}/{log_name(self.name, self.frame_name(ref))}"

    def facts_of(self, ref: int) -> FrameFacts:
        """The facts of a frame, which are created at the first call."""
        facts = self.frames.get(ref)
        if facts is None:
            facts = self.frames[ref] = FrameFacts()
        return facts

    def needs_changed(self, number: int) -> None:
        """Pass changed cores, memory and tags of a layer on to the scheduler."""
        self._tags = None
        self.state.change(self.layers[number].name, **self.layers[number].needs())

    def frame_row(self, ref: int) -> list[object]:
        """A frame as it is saved: its state, its tries, and its facts without their names."""
        facts = self.frames.get(ref)
        values = [getattr(facts, name) for name in FrameFacts.__slots__] if facts is not None else []
        return [self.state.state(ref).value, self.state.tries(ref), values]


class Jobs(dict[str, Job]):
    """All jobs of a farm, by id.

    Attributes:
        pending: The pending ones by name.
        hungry: Those with frames that may start now, by id.
        by_prefix: All by the beginning of the id, which is a part of the ids of layers and frames.
    """

    def __init__(self, unsaved: Unsaved) -> None:
        super().__init__()
        self._unsaved = unsaved
        self._launches = 0
        self.pending: dict[str, Job] = {}
        self.hungry: dict[str, Job] = {}
        self.by_prefix: dict[str, Job] = {}

    def add(self, job: Job) -> None:
        """Add a new job."""
        job.facts.number = self._launches
        self.register(job)
        rows = [[layer.name, str(layer.frames), layer.chunk, layer.type] for layer in job.state.plan.layers]
        self._unsaved.thing("spec", job.id, {"layers": rows})  # what never changes
        self.save_layers(job)
        self.save(job)

    def register(self, job: Job) -> None:
        """Add a job that is saved already."""
        self._launches = max(self._launches, job.facts.number + 1)
        self[job.id] = self.by_prefix[job.id[:18]] = job
        if job.is_pending:
            self.pending[job.name] = job

    def forget(self, job: Job) -> None:
        """Remove a finished job without procs."""
        del self[job.id], self.by_prefix[job.id[:18]]
        for kind in ("job", "layers", "spec"):
            self._unsaved.thing(kind, job.id, None)
        for number in range(len(job.layers)):
            self._unsaved.thing("totals", job.layer_id(number), None)

    def set_state(self, job: Job, state: str, stopped: int = 0) -> None:
        """Set the state of a job: ``PENDING`` or ``FINISHED``."""
        job.facts.state, job.facts.stopped = state, stopped
        if job.is_pending:
            self.pending[job.name] = job
        else:
            self.pending.pop(job.name, None)
        self.save(job)

    def save(self, job: Job) -> None:
        """Mark the facts of a job as changed."""
        self._unsaved.thing("job", job.id, job.facts)

    def save_layers(self, job: Job) -> None:
        """Mark the facts of the layers of a job as changed."""
        self._unsaved.thing("layers", job.id, {"layers": job.layers})

    def save_totals(self, job: Job, number: int) -> None:
        """Mark the totals of a layer as changed."""
        self._unsaved.thing("totals", job.layer_id(number), job.totals[number])

    def save_frame(self, job: Job, ref: int) -> None:
        """Mark a frame as changed."""
        self._unsaved.frame(job, ref)

    def where(self, **facts: Any) -> list[Job]:
        """All jobs with these values of facts."""
        return [job for job in self.values() if all(getattr(job.facts, name) == facts[name] for name in facts)]

    def count_waiting(self, job: Job) -> bool:
        """Look whether a job has frames to start. Returns whether it has more than at the last look."""
        waiting = job.state.waiting if job.is_pending and not job.facts.paused else 0
        has_more = waiting > job.waiting_seen or (waiting > 0 and job.id not in self.hungry)
        if waiting:
            self.hungry[job.id] = job
        else:
            self.hungry.pop(job.id, None)
        job.waiting_seen = waiting
        return has_more
