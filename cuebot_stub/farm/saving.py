# SPDX-License-Identifier: Apache-2.0
"""What of a farm has changed since it was last saved."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, NamedTuple, Protocol

from .errors import CannotSave
from .jobs import FrameFacts, Job

__all__ = ["Changes", "Store", "Unsaved"]

logger = logging.getLogger("cuebot_stub")


class Changes(NamedTuple):
    """What a piece of work has changed; data of ``None`` means that the thing is gone."""

    things: dict[tuple[str, str], dict[str, Any] | None]
    frames: dict[tuple[str, int], list[Any]]
    new_jobs: list[Job]


class Store(Protocol):
    """Keeps a farm over the end of its process."""

    def write(self, changes: Changes) -> None:
        """Save changes, all or none, before returning.

        Raises:
            CannotSave: That was not possible; nothing was saved.
        """


class _NoStore:
    def write(self, changes: Changes) -> None:
        pass


class Unsaved:
    """Collects what is changed, and writes it. What could not be written is kept, and goes with what comes next.

    Attributes:
        is_failing: The last attempt to write has failed.
        is_new: Something was changed since the last attempt.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store or _NoStore()
        self._things: dict[tuple[str, str], Any] = {}
        self._frames: dict[tuple[str, int], None] = {}
        self._new_jobs: list[Job] = []
        self.is_failing = False
        self.is_new = False

    def thing(self, kind: str, id: str, thing: Any) -> None:
        """Note that a thing was changed, or is gone when it is None."""
        self.is_new = True
        self._things[kind, id] = thing

    def frame(self, job: Job, ref: int) -> None:
        """Note that a frame was changed."""
        self.is_new = True
        self._frames[job.id, ref] = None

    def new_job(self, job: Job) -> None:
        """Note that a job was made."""
        self.is_new = True
        self._new_jobs.append(job)

    def save(self, jobs: Mapping[str, Job]) -> None:
        """Write all that was noted.

        Args:
            jobs: All jobs that are there.

        Raises:
            CannotSave: Something new could not be written. Whoever has changed nothing need not hear of it.
        """
        was_new, self.is_new = self.is_new, False
        if not (self._things or self._frames or self._new_jobs):
            return
        things = {key: _as_data(thing) for key, thing in self._things.items()}
        frames = {key: _frame_row(jobs[key[0]], key[1]) for key in self._frames if key[0] in jobs}
        try:
            self._store.write(Changes(things, frames, [job for job in self._new_jobs if job.id in jobs]))
        except CannotSave as error:
            if not self.is_failing:
                logger.error("%s; no frame starts before it can be saved", error)
            self.is_failing = True
            if was_new:
                raise
            return
        self._things, self._frames, self._new_jobs = {}, {}, []
        if self.is_failing:
            logger.warning("the state is saved again")
        self.is_failing = False


def _as_data(thing: Any) -> dict[str, Any] | None:
    """Return a thing as data for JSON; None stays None."""
    return asdict(thing) if is_dataclass(thing) and not isinstance(thing, type) else thing


def _frame_row(job: Job, ref: int) -> list[Any]:
    facts = job.frames.get(ref)
    values = [getattr(facts, name) for name in FrameFacts.__slots__] if facts is not None else []
    return [job.state.state(ref).value, job.state.tries(ref), values]
