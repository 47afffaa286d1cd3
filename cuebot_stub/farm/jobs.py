# SPDX-License-Identifier: Apache-2.0
"""Jobs with their layers and frames: what the scheduler does not need to know of them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from outline.constants import RETRY_DELAY
from outline.names import log_name
from outline.scheduler import FrameState, JobPlan, LayerPlan, Move, SteeredJob

__all__ = [
    "MAX_LAYERS",
    "FrameFacts",
    "Job",
    "JobFacts",
    "LayerFacts",
    "LayerTotals",
    "frame_id",
    "layer_id",
    "split_id",
]

_LAYER_BITS = 0x3FFF
MAX_LAYERS = 2000
_NO_FRAME = 0xFFFFFFFFFFFF


def layer_id(job_id: str, number: int) -> str:
    """Return the id of a layer, made from the job's id and the layer's number, so that nobody has to store it."""
    return frame_id(job_id, number, _NO_FRAME)


def frame_id(job_id: str, layer: int, ref: int) -> str:
    """Return the id of a frame, made from the job's id, the number of its layer and its own."""
    return f"{job_id[:18]}-{0x8000 | layer:04x}-{ref:012x}"


def split_id(id: str) -> tuple[str, int, int]:
    """Return the beginning of the job's id, the number of the layer and that of the frame, -1 for a layer.

    Raises:
        ValueError: It is no such id.
    """
    if len(id) != 36:
        raise ValueError(f"{id!r} is no id")
    ref = int(id[24:], 16)
    return id[:18], int(id[19:23], 16) & _LAYER_BITS, -1 if ref == _NO_FRAME else ref


@dataclass(slots=True)
class LayerFacts:
    """What was asked for a layer, and what somebody changed since.

    Attributes:
        dispatch_order: Its place among the layers of the spec, those of the post job included; from 1 on.
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
        """Return how long a frame that failed waits, as a launcher of this library says in a variable of the layer."""
        try:
            minutes = float(self.env.get(RETRY_DELAY, "0"))
        except ValueError:
            return 0.0
        return minutes * 60 if 0 < minutes < math.inf else 0.0

    def group(self) -> str:
        """Return a text that is the same for layers that may run in the same places; see ``LayerPlan.group``."""
        needs = (self.tags, self.limits, self.gpus, self.gpu_memory, self.threadable, self.max_cores, self.start_after)
        return repr(needs)


@dataclass(slots=True)
class LayerTotals:
    """What the frames of a layer have used so far; seconds are whole seconds of runs that are over."""

    rendered: int = 0
    failed: int = 0
    rendered_seconds: int = 0
    high_seconds: int = 0
    low_seconds: int = 0
    rendered_core_seconds: int = 0
    failed_core_seconds: int = 0
    max_rss: int = 0

    def add(self, seconds: int, core_seconds: int, rss: int, *, succeeded: bool) -> None:
        """Count a run that is over."""
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
    """What happened to a frame; made when it first runs. ``exit_status`` -1 means that it never ended."""

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


@dataclass(slots=True)
class JobFacts:
    """What was asked for a job, what somebody changed since, and where it stands.

    Attributes:
        uid: The user's number on the hosts; None when the launch did not tell.
        number: How many jobs were launched before; it orders those of one second.
        layer_count: Its layers as Cuebot counts them: one twice of which some frames had to wait for others at first.
        post_job: The id of the job of its post layers.
        freed: Frames that start whatever they wait for.
        orders: The frames of layers in the order in which they start, where somebody has changed it.
        looks: By frame and state, a text and a colour (red, green, blue) for clients to show instead of the state.
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
    freed: list[int] = field(default_factory=list)
    orders: dict[str, list[int]] = field(default_factory=dict)
    looks: dict[str, dict[str, list[object]]] = field(default_factory=dict)


class Job:
    """A job: facts, layers, and the state of its frames.

    Attributes:
        procs: The ids of its procs.
        running: The procs by their frames.
        waiting_seen: How many frames could start when somebody last looked; 0 while none may.
        done: By frame, whether it has succeeded and what waits for it has been told.
        moved: By frame, when its state has changed last; 0 for never.
        eligible: By frame, when it could start; 0 for since its launch.
    """

    def __init__(self, facts: JobFacts, layers: list[LayerFacts], plans: Sequence[LayerPlan], *, strict: bool) -> None:
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
        self.state = SteeredJob(plan, keeps_tries=strict)
        self.done = bytearray(len(self.state))
        self.moved = array("d", bytes(8 * len(self.state)))
        self.eligible = array("d", bytes(8 * len(self.state)))

    def note(self, move: Move, now: float) -> None:
        """Note when a frame has moved, and when it could start."""
        self.moved[move.ref] = now
        if move.before is FrameState.DEPEND and move.after is FrameState.WAITING:
            self.eligible[move.ref] = now

    def eligible_time(self, ref: int) -> int:
        """When a frame could start; the launch of the job when it has waited for nothing, or still does."""
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
        """The job is neither finished nor waits for another one as its post job."""
        return self.facts.state == "PENDING"

    @property
    def tags(self) -> frozenset[str]:
        """The tags of all layers in lower case; a host that has none of them has nothing to do."""
        if self._tags is None:
            self._tags = frozenset(tag.lower() for layer in self.layers for tag in layer.tags)
        return self._tags

    def layer_of(self, ref: int) -> int:
        """Return the number of a frame's layer."""
        return self.by_name[self.state.layer(ref).name]

    def layer_id(self, number: int) -> str:
        """Return the id of a layer."""
        return layer_id(self.id, number)

    def frame_id(self, ref: int) -> str:
        """Return the id of a frame."""
        return frame_id(self.id, self.layer_of(ref), ref)

    def log_path(self, ref: int) -> str:
        """Return the path of a frame's log, as its host writes it."""
        return f"{self.facts.log_dir}/{log_name(self.name, self.state.frame_name(ref))}"

    def facts_of(self, ref: int) -> FrameFacts:
        """Return what happened to a frame, to be written to."""
        facts = self.frames.get(ref)
        if facts is None:
            facts = self.frames[ref] = FrameFacts()
        return facts

    def needs_changed(self, number: int) -> None:
        """Tell the scheduler that the needs of a layer were changed."""
        layer, self._tags = self.layers[number], None
        cores, memory = layer.min_cores / 100, layer.memory
        self.state.change_layer(layer.name, cores=cores, memory_kb=memory, group=layer.group())
