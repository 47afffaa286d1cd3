# SPDX-License-Identifier: Apache-2.0
"""The jobs of a farm with their indexes, and what has changed in them."""

from __future__ import annotations

from dataclasses import asdict

from .job import Job
from .saving import Unsaved

__all__ = ["Jobs"]


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
        self._unsaved.new_job(job)
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
        self._unsaved.thing("layers", job.id, {"layers": [asdict(layer) for layer in job.layers]})

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
