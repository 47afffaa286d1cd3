# SPDX-License-Identifier: Apache-2.0
"""All that a server knows, in parts with one duty each, and what shall happen at the end of a piece of work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from outline.scheduler import Move

from . import things
from .depends import Depends
from .hosts import Host
from .job import Job, Jobs
from .orders import Order
from .procs import Procs
from .saving import Store, Table, Unsaved

__all__ = ["FarmSettings", "FarmState"]

T = TypeVar("T", bound=Any)  # any dataclass of things.py


class FarmSettings(NamedTuple):
    """The settings of a farm.

    Attributes:
        log_root: The folder of the frames' logs.
        strict: Do exactly what Cuebot does, even where that is unhelpful.
        addresses: The addresses of RQDs, by host name.
        launch_grace_seconds: The time that RQD has to start a frame before a kill is sent.
        orphan_seconds: A frame is lost when its RQD has not known it for this time.
        host_timeout_seconds: A host that is silent for this time is asked, and is DOWN if it does not answer.
        ask_seconds: The pause between two such questions.
        answer_seconds: The time that RQD has to answer.
        max_finished: The number of finished jobs to keep.
        max_finished_frames: The number of frames that these may have together. The last job is always kept.
    """

    log_root: str = "/shots"
    strict: bool = False
    addresses: Mapping[str, str] = MappingProxyType({})
    launch_grace_seconds: float = 0.4
    orphan_seconds: float = 4.0
    host_timeout_seconds: float = 45.0
    ask_seconds: float = 2.0
    answer_seconds: float = 10.0
    max_finished: int = 1000
    max_finished_frames: int = 1_000_000


class FarmState:
    """The state of a farm. Functions of this package read and change it, within ``Farm.work``.

    Attributes:
        tables: The plain things by kind, also those that have an attribute of their own here.
        strangers: By host, the processes that it has reported and nobody knows, with the times of their first reports.
        moves: The moves of frames that nobody has followed yet; see ``life.follow``.
        orders: The orders for RQDs, which are sent at the end of the work.
        tell: Calls an RQD, waits, and returns its error.
        alarm: Ends the sleep of the clock.
    """

    def __init__(self, settings: FarmSettings, clock: Callable[[], float], store: Store | None = None) -> None:
        self.settings, self.now = settings, clock
        self.tell: Callable[[str, str], str] = lambda address, verb: ""
        self.alarm: Callable[[], None] = lambda: None
        self.unsaved = Unsaved(store)
        self.tables: dict[str, Table[Any]] = {}
        self.facilities = self._table("facility", things.Facility, str.lower)
        self.shows = self._table("show", things.Show)
        self.groups = self._table("group", things.Group)
        self.allocations = self._table("allocation", things.Allocation, str.lower)
        self.subscriptions = self._table("subscription", things.Subscription)
        self.services = self._table("service", things.Service)
        self.limits = self._table("limit", things.Limit)
        self.comments = self._table("comment", things.Comment)
        self.filters = self._table("filter", things.Filter)
        self.departments = self._table("department", things.Department)
        self.partitions = self._table("partition", things.RenderPartition)
        self.owners = self._table("owner", things.Owner)
        self.deeds = self._table("deed", things.Deed)
        self.hosts = self._table("host", Host)
        self.jobs = Jobs(self.unsaved)
        self.procs = Procs(self.hosts, self.jobs, self.unsaved)
        self.depends = Depends(self.unsaved)
        self.moves: deque[tuple[Job, Move]] = deque()
        self.strangers: dict[str, dict[str, float]] = {}
        self.orders: list[Order] = []
        self._wanted: dict[str, Job | None] = {}
        self._all_wanted = False
        self._redirects: list[tuple[str, str]] = []

    def _table(self, kind: str, make: Callable[..., T], spell: Callable[[str], str] = str) -> Table[T]:
        table = self.tables[kind] = Table[T](kind, make, self.unsaved, spell)
        return table

    def wake(self, host: Host | None = None, prefer: Job | None = None) -> None:
        """Look for frames for a host, or for all hosts, at the end of the work."""
        if host is None:
            self._all_wanted = True
        else:
            self._wanted[host.id] = prefer

    def redirect(self, host: Host, target: str) -> None:
        """At the end of the work, start a frame of this job or group on a host first."""
        self._redirects.append((host.id, target))

    def take_redirects(self) -> list[tuple[Host, str]]:
        """The redirects since the last call, with the job or group of each."""
        redirects, self._redirects = self._redirects, []
        return [(self.hosts[id], target) for id, target in redirects if id in self.hosts]

    def take_wanted(self) -> dict[str, Job | None]:
        """The hosts to look at since the last call, by id, each with the job that comes first there."""
        wanted, self._wanted = self._wanted, {}
        if self._all_wanted:
            self._all_wanted = False
            return {**dict.fromkeys(self.hosts), **wanted}
        return wanted
