# SPDX-License-Identifier: Apache-2.0
"""The jobs of a farm with their layers and frames: everything that the scheduler does not need."""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from outline.constants import IGNORE_ERRORS, RETRY_DELAY
from outline.frames import FrameSet
from outline.names import log_name
from outline.scheduler import FrameState, JobPlan, JobState, LayerPlan, Move

from .saving import Unsaved

__all__ = ["FrameFacts", "Job", "JobFacts", "Jobs", "LayerFacts", "LayerTotals", "frame_id", "layer_id", "split_id"]

_LAYER_BITS = 0x3FFF
_NO_FRAME = 0xFFFFFFFFFFFF


def layer_id(job_id: str, number: int) -> str:
    """The id of a layer, made of the job's id and the layer's number. It is not stored."""
    return frame_id(job_id, number, _NO_FRAME)


def frame_id(job_id: str, layer: int, ref: int) -> str:
    """The id of a frame, made of the job's id, the layer's number and its own."""
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


@dataclass(slots=True)
class LayerFacts:
    """The settings of a layer, from the spec and from later changes.

    Attributes:
        dispatch_order: Its place among all layers of the spec, also those of the post job; from 1.
    """

    name: str
    type: str
    range: str
    chunk: int
    command: str
    min_cores: int = 100
    max_cores: int = 0
    threadable: bool = False
    memory: int = 0
    memory_increase: int = 2097152
    gpus: int = 0
    max_gpus: int = 0
    gpu_memory: int = 0
    timeout: int = 0
    timeout_llu: int = 0
    tags: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    memory_optimizer: bool = True
    start_after: int = 0
    start_after_reason: str = ""
    dispatch_order: int = 1

    def retry_delay_seconds(self) -> float:
        """How long a frame that failed waits, as a launcher of this library says in a variable of the layer."""
        try:
            minutes = float(self.env.get(RETRY_DELAY, "0"))
        except ValueError:
            return 0.0
        return minutes * 60 if 0 < minutes < math.inf else 0.0

    def ignore_errors(self) -> bool:
        """Whether a frame that has failed for the last time is eaten, as a launcher of this library says."""
        return self.env.get(IGNORE_ERRORS) == "1"

    def plan(self, frames: FrameSet, type: str) -> LayerPlan:
        """The layer as the scheduler sees it."""
        return LayerPlan(
            self.name,
            frames,
            max(1, self.chunk),
            type,
            self.min_cores / 100,
            self.memory,
            group=self.group(),
            retry_delay_seconds=self.retry_delay_seconds(),
            ignore_errors=self.ignore_errors(),
        )

    def group(self) -> str:
        """An equal text for layers that may run on the same hosts; see ``LayerPlan.group``."""
        needs = (self.tags, self.limits, self.gpus, self.gpu_memory, self.threadable, self.max_cores, self.start_after)
        return repr(needs)


@dataclass(slots=True)
class LayerTotals:
    """The sums over all ended runs of a layer, in whole seconds."""

    rendered: int = 0
    failed: int = 0
    rendered_seconds: int = 0
    high_seconds: int = 0
    low_seconds: int = 0
    rendered_core_seconds: int = 0
    failed_core_seconds: int = 0
    max_rss: int = 0
    max_pss: int = 0
    started: int = 0
    stopped: int = 0

    def add(self, seconds: int, core_seconds: int, rss: int, *, succeeded: bool) -> None:
        """Add a run that has ended."""
        self.max_rss = max(self.max_rss, rss)
        if not succeeded:
            self.failed += 1
            self.failed_core_seconds += core_seconds
            return
        self.low_seconds = seconds if not self.rendered else min(self.low_seconds, seconds)
        self.rendered += 1
        self.rendered_seconds += seconds
        self.rendered_core_seconds += core_seconds
        self.high_seconds = max(self.high_seconds, seconds)


@dataclass(slots=True)
class FrameFacts:
    """The history of a frame. Created when it first runs. ``exit_status`` is -1 until it has ended once."""

    exit_status: int = -1
    exit_signal: int = 0
    started: int = 0
    stopped: int = 0
    eligible: int = 0
    host: str = ""
    cores: int = 0
    gpus: int = 0
    max_rss: int = 0
    used_memory: int = 0
    reserved_memory: int = 0
    llu_time: int = 0
    core_seconds: int = 0
    retries: int = 0
    busy_starts: int = 0
    checkpoint: str = "DISABLED"
    used_pss: int = 0
    max_pss: int = 0


@dataclass(slots=True)
class JobFacts:
    """The settings of a job, from the spec and from later changes, and its state.

    Attributes:
        uid: The user's id on the hosts; None if the spec has none.
        number: The number of jobs launched before. It orders jobs launched in the same second.
        layer_count: Its layers as Cuebot counts them: a layer counts twice if some of its frames had to wait at first.
        post_job: The id of the job of its post layers.
        freed: Frames that start whatever they depend on.
        orders: The order of frames, for layers where a client has changed it.
        looks: By frame and state, the text and colour (red, green, blue) that clients show instead of the state.
    """

    id: str
    name: str
    show: str
    group: str
    shot: str
    user: str
    uid: int | None
    facility: str
    os: str = ""
    email: str = ""
    state: str = "PENDING"
    paused: bool = False
    priority: int = 1
    min_cores: int = 100
    max_cores: int = 10000
    min_gpus: int = 0
    max_gpus: int = 100
    max_retries: int = 1
    autoeat: bool = False
    log_dir: str = ""
    launched: int = 0
    number: int = 0
    layer_count: int = 0
    stopped: int = 0
    env: dict[str, str] = field(default_factory=dict)
    post_job: str = ""
    local_host: str = ""
    local_cores: int = 0
    subscribers: list[str] = field(default_factory=list)
    freed: set[int] = field(default_factory=set)
    orders: dict[str, list[int]] = field(default_factory=dict)
    looks: dict[str, dict[str, list[object]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Restore the set from saved data."""
        self.freed = set(self.freed)


class Job:
    """A job: facts, layers, and the state of its frames.

    Attributes:
        procs: The ids of its procs.
        running: The procs by their frames.
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
        self.by_name = {layer.name: number for number, layer in enumerate(layers)}
        self.totals = [LayerTotals() for _ in layers]
        self.frames: dict[int, FrameFacts] = {}
        self.procs: set[str] = set()
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
        self.done = bytearray(len(self.state))
        self.moved = array("d", bytes(8 * len(self.state)))
        self.eligible = array("d", bytes(8 * len(self.state)))

    def note(self, move: Move, now: float) -> None:
        """Store when a frame changed its state, and when it could start."""
        self.moved[move.ref] = now
        if move.before is FrameState.DEPEND and move.after is FrameState.WAITING:
            self.eligible[move.ref] = now

    def eligible_time(self, ref: int) -> int:
        """When a frame could start; the launch of the job if it depended on nothing, or still waits."""
        facts = self.frames.get(ref)
        return int(self.eligible[ref]) or (facts.eligible if facts else 0) or self.facts.launched

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
    def tags(self) -> frozenset[str]:
        """The tags of all layers in lower case. A host with none of them cannot run a frame of the job."""
        if self._tags is None:
            self._tags = frozenset(tag.lower() for layer in self.layers for tag in layer.tags)
        return self._tags

    def layer_of(self, ref: int) -> int:
        """The number of a frame's layer."""
        return self.by_name[self.state.layer(ref).name]

    def layer_id(self, number: int) -> str:
        """The id of a layer."""
        return layer_id(self.id, number)

    def frame_id(self, ref: int) -> str:
        """The id of a frame."""
        return frame_id(self.id, self.layer_of(ref), ref)

    def log_path(self, ref: int) -> str:
        """The path of a frame's log, as its host writes it."""
        return f"{self.facts.log_dir}/{log_name(self.name, self.state.frame_name(ref))}"

    def facts_of(self, ref: int) -> FrameFacts:
        """The facts of a frame, which are created at the first call."""
        facts = self.frames.get(ref)
        if facts is None:
            facts = self.frames[ref] = FrameFacts()
        return facts

    def needs_changed(self, number: int) -> None:
        """Pass changed cores, memory and tags of a layer on to the scheduler."""
        layer, self._tags = self.layers[number], None
        cores, memory = layer.min_cores / 100, layer.memory
        self.state.change(layer.name, cores=cores, memory_kb=memory, group=layer.group())

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
        """Mark the facts of a job, or of its layers, as changed."""
        self._unsaved.thing("job", job.id, job.facts)
        self._unsaved.thing("layers", job.id, {"layers": job.layers})

    def save_totals(self, job: Job, number: int) -> None:
        """Mark the totals of a layer as changed."""
        self._unsaved.thing("totals", job.layer_id(number), job.totals[number])

    def save_frame(self, job: Job, ref: int) -> None:
        """Mark a frame as changed."""
        self._unsaved.frame(job, ref)

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
