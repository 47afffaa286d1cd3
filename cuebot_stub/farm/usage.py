# SPDX-License-Identifier: Apache-2.0
"""Sums of reserved resources: on hosts, and by jobs, layers, groups, subscriptions and limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import NamedTuple

from .hosts import Host, Proc
from .jobs import Job

__all__ = ["Reserved", "Usage"]


class Reserved(NamedTuple):
    """The resources of some procs together."""

    cores: int = 0
    memory: int = 0
    gpus: int = 0
    gpu_memory: int = 0
    procs: int = 0


_NOTHING = Reserved()


class Usage:
    """Updates the sums when procs start and end, so that no decision has to add them up."""

    def __init__(self) -> None:
        self._sums: dict[Hashable, Reserved] = {}
        self.limits: Counter[str] = Counter()
        self.limit_hosts: dict[str, Counter[str]] = {}

    def add(self, proc: Proc, host: Host, job: Job) -> None:
        """Add a proc."""
        self._change(proc, host, job, 1)

    def remove(self, proc: Proc, host: Host, job: Job) -> None:
        """Subtract a proc."""
        self._change(proc, host, job, -1)

    def _change(self, proc: Proc, host: Host, job: Job, sign: int) -> None:
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
            self.limits[limit] += sign
            by_host = self.limit_hosts.setdefault(limit, Counter())
            by_host[host.id] += sign
            if not by_host[host.id]:
                del by_host[host.id]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is reserved."""
        return not self._sums and not any(self.limits.values()) and not any(self.limit_hosts.values())

    def of(self, *key: Hashable) -> Reserved:
        """The sums for a key: ``of("host", id)``, ``of("share", show, allocation)``."""
        return self._sums.get(key, _NOTHING)
