# SPDX-License-Identifier: Apache-2.0
"""Shows, groups, allocations and the other plain things of a farm.

Cores are in core points (100 to a core) and memory is in kB everywhere in this package, as on the wire between the
server and its hosts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "MIN_MEMORY",
    "NO_LIMIT",
    "Action",
    "Allocation",
    "Comment",
    "Deed",
    "Department",
    "Facility",
    "Filter",
    "Group",
    "Limit",
    "Matcher",
    "Owner",
    "RenderPartition",
    "Service",
    "Show",
    "Subscription",
    "Task",
]

NO_LIMIT = -1
MIN_MEMORY = 262144  # a frame never has less


@dataclass(slots=True)
class Facility:
    """A site: hosts of it run only jobs that were launched to it."""

    id: str
    name: str


@dataclass(slots=True)
class Show:
    """A production. Jobs of a show run only where it has a subscription.

    Attributes:
        aliases: Names of shows that were archived into this one; jobs launched to them become jobs of this show.
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
    """A folder of jobs of a show; each show has one without a parent, named like it."""

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
    """A set of hosts; a host is in exactly one. The name is ``facility.name``."""

    id: str
    name: str
    tag: str
    facility: str
    billable: bool = True
    is_default: bool = False


@dataclass(slots=True)
class Subscription:
    """How many core points a show may use in an allocation.

    Attributes:
        size: What is meant for the show: what it uses beyond comes after what other shows have left of theirs.
        burst: What it may use at most.
        implicit: Nobody has asked for it: a new show has it until it gets its first one.
    """

    id: str
    show: str
    allocation: str
    size: int = 100000
    burst: int = 100000
    implicit: bool = False


@dataclass(slots=True)
class Service:
    """What a layer needs when it does not say so itself; with a show it is that show's override."""

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
    """How many frames may run at once, over all layers that name it.

    Attributes:
        type: ``FRAME`` counts frames, ``HOST`` the hosts that run some.
        enforcement: Only one that is ``ENFORCED`` holds frames back.
        soft_value: When so many are in use, only hosts that use it already get more; 0 and below for none.
        report_ttl: How many seconds a report of a license server holds; there are none here.
        exit_status: Layers whose frames end so would be bound to it; kept and shown.
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
    """Somebody whose machines are hosts, and the show that those prefer."""

    id: str
    name: str
    show: str


@dataclass(slots=True)
class Deed:
    """Tells whose a host is."""

    id: str
    host: str
    owner: str


@dataclass(slots=True)
class Comment:
    """What somebody wrote about a job or a host."""

    id: str
    subject_of: str
    timestamp: int
    user: str
    subject: str
    message: str


@dataclass(slots=True)
class Matcher:
    """One thing that a filter asks of a job, in the words of the protocol: ``SHOT`` ``BEGINS_WITH`` ``sh``."""

    id: str
    subject: str
    type: str
    input: str


@dataclass(slots=True)
class Action:
    """One thing that a filter does to a job, in the words of the protocol; the value is of the kind of ``value_type``.

    A group is a value by its id.
    """

    id: str
    type: str
    value_type: str
    value: str | int | float | bool | None = None


@dataclass(slots=True)
class Filter:
    """What is done to jobs of a show at their launch, when they match; those of a lower order come first."""

    id: str
    name: str
    show: str
    order: float
    type: str = "MATCH_ALL"
    enabled: bool = True
    matchers: list[Matcher] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read what was saved."""
        self.matchers = [one if isinstance(one, Matcher) else Matcher(**one) for one in self.matchers]
        self.actions = [one if isinstance(one, Action) else Action(**one) for one in self.actions]


@dataclass(slots=True)
class Task:
    """How many core points jobs of a shot are meant to have for a department; it only sets their least cores."""

    id: str
    shot: str
    min_cores: int = 0
    adjust_cores: int = 0


@dataclass(slots=True)
class Department:
    """A name that groups can have; with a show, what that show has planned for it."""

    id: str
    name: str
    show: str = ""
    ti_task: str = ""
    managed: bool = False
    min_cores: int = 0
    tasks: list[Task] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read what was saved."""
        self.tasks = [one if isinstance(one, Task) else Task(**one) for one in self.tasks]


@dataclass(slots=True)
class RenderPartition:
    """Cores of a locked host that its owner gives to a job, a layer or a frame.

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
