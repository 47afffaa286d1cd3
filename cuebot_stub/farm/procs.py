# SPDX-License-Identifier: Apache-2.0
"""The procs of a farm, and the sums of what they have reserved on hosts, by jobs, groups, subscriptions and limits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from .hosts import Host, Proc
from .job import Job
from .saving import Table, Unsaved

__all__ = ["Procs", "Reserved", "Usage"]


class Reserved(NamedTuple):
    """The resources of some procs together."""

    cores: int = 0
    memory: int = 0
    gpus: int = 0
    gpu_memory: int = 0
    procs: int = 0


_NOTHING = Reserved()


class Usage:
    """Updates the sums when procs start and end, so that no decision has to add them up.

    Attributes:
        limit_hosts: By limit and host, the number of frames with the limit.
    """

    def __init__(self) -> None:
        self._sums: dict[Hashable, Reserved] = {}
        self.limit_hosts: dict[str, Counter[str]] = {}

    def count(self, proc: Proc, host: Host, job: Job, sign: int = 1) -> None:
        """Add a proc, or subtract it (-1)."""
        number = job.layer_of(proc.ref)
        facts = job.facts
        for key in (
            ("host", host.id),
            ("job", job.id),
            ("layer", job.id, number),
            ("group", facts.group),
            ("show", facts.show),
            ("share", facts.show, host.allocation),
            ("allocation", host.allocation),
        ):
            old = self._sums.get(key, _NOTHING)
            now = Reserved(
                old.cores + sign * proc.cores,
                old.memory + sign * proc.memory,
                old.gpus + sign * proc.gpus,
                old.gpu_memory + sign * proc.gpu_memory,
                old.procs + sign,
            )
            if now == _NOTHING:
                self._sums.pop(key, None)
            else:
                self._sums[key] = now
        for limit in job.layers[number].limits:
            by_host = self.limit_hosts.setdefault(limit, Counter())
            by_host[host.id] += sign
            if not by_host[host.id]:
                del by_host[host.id]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is reserved."""
        return not self._sums and not any(self.limit_hosts.values())

    def frames_with(self, limit: str) -> int:
        """The number of running frames with a limit."""
        return sum(self.limit_hosts.get(limit, {}).values())

    def of(self, *key: Hashable) -> Reserved:
        """The sums for a key: ``of("host", id)``, ``of("share", show, allocation)``."""
        return self._sums.get(key, _NOTHING)


class Procs(Table[Proc]):
    """The procs of a farm, by id. They come and go by ``book`` and ``end``.

    Attributes:
        usage: The sums of what they have reserved.
        booked: The number of procs ever booked.
    """

    def __init__(self, hosts: Mapping[str, Host], jobs: Mapping[str, Job], unsaved: Unsaved) -> None:
        super().__init__("proc", Proc, unsaved)
        self.usage = Usage()
        self.booked = 0
        self._hosts, self._jobs = hosts, jobs
        self._on: defaultdict[str, dict[str, Proc]] = defaultdict(dict)

    def book(self, proc: Proc) -> None:
        """Add a proc, and reserve what it needs."""
        job = self._jobs[proc.job]
        self[proc.id] = self._on[proc.host][proc.id] = proc
        job.running[proc.ref] = proc.id
        self.usage.count(proc, self._hosts[proc.host], job)

    def end(self, proc: Proc) -> None:
        """Remove a proc, and free what it has reserved."""
        job = self._jobs[proc.job]
        job.running.pop(proc.ref, None)
        del self._on[proc.host][proc.id]
        self.usage.count(proc, self._hosts[proc.host], job, -1)
        self.remove(proc)

    def of_job(self, job: Job) -> list[Proc]:
        """The procs of a job."""
        return [self[id] for id in job.running.values()]

    def on_host(self, host: Host) -> list[Proc]:
        """The procs on a host."""
        return list(self._on[host.id].values())

    @contextmanager
    def recounting(self, procs: Iterable[Proc]) -> Iterator[None]:
        """Recount procs around a change of what they are counted by: allocation, group or limits."""
        counted = [(proc, self._hosts[proc.host], self._jobs[proc.job]) for proc in procs]
        for each in counted:
            self.usage.count(*each, -1)
        try:
            yield
        finally:
            for each in counted:
                self.usage.count(*each)
