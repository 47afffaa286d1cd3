# SPDX-License-Identifier: Apache-2.0
"""Shows, groups, allocations and the other plain objects of a farm.

Everywhere in this package, cores are core points (100 for a core) and memory is in kB, as in the messages between
server and RQD.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "DEFAULT_FACILITY", "NO_LIMIT", "Action", "Allocation", "Comment", "Deed", "Department", "Facility",
    "Filter", "Group", "Limit", "Matcher", "Owner", "RenderPartition", "Service", "Show", "Subscription", "Task",
]  # fmt: skip

NO_LIMIT = -1
DEFAULT_FACILITY = "local"  # of jobs and hosts that name none


@dataclass(slots=True)
class Facility:
    """A site. Its hosts run only jobs that were launched to it."""

    id: str
    name: str


@dataclass(slots=True)
class Show:
    """A production. Jobs of a show run only where it has a subscription.

    Attributes:
        aliases: The names of shows that were archived into this one. Jobs launched to them become jobs of this show.
    """

    id: str
    name: str
    active: bool = True
    booking_enabled: bool = True
    dispatch_enabled: bool = True
    paused: bool = False
    default_min_cores: int = 100
    default_max_cores: int = 10000
    default_min_gpus: int = 100
    default_max_gpus: int = 100000
    comment_email: str = ""
    scheduler_managed: bool = False
    created_jobs: int = 0
    created_frames: int = 0
    rendered_frames: int = 0
    failed_frames: int = 0
    aliases: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """A folder of jobs of a show. The root group of a show has no parent and the name of the show."""

    id: str
    name: str
    show: str
    parent: str = ""
    department: str = "Unknown"
    default_job_priority: int = NO_LIMIT
    default_job_min_cores: int = NO_LIMIT
    default_job_max_cores: int = NO_LIMIT
    default_job_min_gpus: int = NO_LIMIT
    default_job_max_gpus: int = NO_LIMIT
    min_cores: int = 0
    max_cores: int = NO_LIMIT
    min_gpus: int = 0
    max_gpus: int = NO_LIMIT


@dataclass(slots=True)
class Allocation:
    """A set of hosts. Each host is in exactly one. The name is ``facility.name``."""

    id: str
    name: str
    tag: str
    facility: str
    billable: bool = True
    is_default: bool = False


@dataclass(slots=True)
class Subscription:
    """The core points that a show may use in an allocation.

    Attributes:
        size: The share of the show. Beyond it, other shows come first.
        burst: The maximum.
        implicit: Made with the show. Removed when a client creates the first subscription.
    """

    id: str
    show: str
    allocation: str
    size: int = 100000
    burst: int = 100000
    implicit: bool = False


@dataclass(slots=True)
class Service:
    """The resources of layers that do not set their own. With a show, it is the show's override."""

    id: str
    name: str
    show: str = ""
    threadable: bool = False
    min_cores: int = 100
    max_cores: int = 0
    min_memory: int = 3355443
    min_gpu_memory: int = 0
    tags: list[str] = field(default_factory=lambda: ["general"])
    timeout: int = 0
    timeout_llu: int = 0
    min_gpus: int = 0
    max_gpus: int = 0
    min_memory_increase: int = 2097152


@dataclass(slots=True)
class Limit:
    """The number of frames that may run at once, over all layers with this limit.

    Attributes:
        type: ``FRAME`` counts frames, ``HOST`` counts hosts that run such frames.
        enforcement: Only ``ENFORCED`` holds frames back.
        soft_value: From this use on, only hosts that use the limit already get more frames. 0 or less: no soft value.
        report_ttl: How long a report of a license server is valid, in seconds. Stored only: there are no reports.
        exit_status: On Cuebot, layers whose frames exit with it get the limit. Stored only.
    """

    id: str
    name: str
    max_value: int = 0
    type: str = "FRAME"
    enforcement: str = "ENFORCED"
    soft_value: int = 0
    report_ttl: int = 900
    exit_status: int = 0
    delay_minutes: int = 0
    auto_tag: bool = False


@dataclass(slots=True)
class Owner:
    """A user who owns hosts, and the show that these prefer."""

    id: str
    name: str
    show: str


@dataclass(slots=True)
class Deed:
    """Connects a host with its owner."""

    id: str
    host: str
    owner: str


@dataclass(slots=True)
class Comment:
    """A comment on a job or a host."""

    id: str
    subject_of: str
    timestamp: int
    user: str
    subject: str
    message: str


@dataclass(slots=True)
class Matcher:
    """A condition of a filter, in the words of the protocol: ``SHOT`` ``BEGINS_WITH`` ``sh``."""

    id: str
    subject: str
    type: str
    input: str


@dataclass(slots=True)
class Action:
    """A change that a filter makes to a job, in the words of the protocol. ``value_type`` is the type of the value.

    The value for a group is its id.
    """

    id: str
    type: str
    value_type: str
    value: str | int | float | bool | None = None


@dataclass(slots=True)
class Filter:
    """Changes matching jobs of a show at their launch. Filters run by ascending ``order``."""

    id: str
    name: str
    show: str
    order: float
    type: str = "MATCH_ALL"
    enabled: bool = True
    matchers: list[Matcher] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Restore objects from saved data."""
        self.matchers = [one if isinstance(one, Matcher) else Matcher(**one) for one in self.matchers]
        self.actions = [one if isinstance(one, Action) else Action(**one) for one in self.actions]


@dataclass(slots=True)
class Task:
    """The core points for jobs of a shot and a department. Sets only their minimum cores."""

    id: str
    shot: str
    min_cores: int = 0
    adjust_cores: int = 0


@dataclass(slots=True)
class Department:
    """A department of groups. With a show, it has the show's tasks."""

    id: str
    name: str
    show: str = ""
    ti_task: str = ""
    managed: bool = False
    min_cores: int = 0
    tasks: list[Task] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Restore objects from saved data."""
        self.tasks = [one if isinstance(one, Task) else Task(**one) for one in self.tasks]


@dataclass(slots=True)
class RenderPartition:
    """Cores of a locked host that its owner lends to a job, a layer or a frame.

    Attributes:
        layer: The number of the layer; -1 for any of the job.
        ref: The frame; -1 for any.
    """

    id: str
    host: str
    job: str
    layer: int = -1
    ref: int = -1
    threads: int = 0
    max_cores: int = 0
    max_memory: int = 0
    max_gpus: int = 0
    max_gpu_memory: int = 0
