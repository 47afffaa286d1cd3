# SPDX-License-Identifier: Apache-2.0
"""The facts of jobs, layers and frames: what the state file has, and the scheduler does not need."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from outline.constants import IGNORE_ERRORS, RETRY_DELAY
from outline.frames import FrameSet
from outline.scheduler import LayerPlan

__all__ = ["NEVER_RAN", "FrameFacts", "JobFacts", "LayerFacts", "LayerTotals"]


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
            **self.needs(),
            retry_delay_seconds=self.retry_delay_seconds(),
            ignore_errors=self.ignore_errors(),
        )

    def needs(self) -> dict[str, Any]:
        """What its frames need, by fields of ``LayerPlan``. Layers that may run on the same hosts have equal groups."""
        group = (self.tags, self.limits, self.gpus, self.gpu_memory, self.threadable, self.max_cores, self.start_after)
        return {"cores": self.min_cores / 100, "memory_kb": self.memory, "group": repr(group)}


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


NEVER_RAN = FrameFacts()


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
