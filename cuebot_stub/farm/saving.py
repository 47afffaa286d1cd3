# SPDX-License-Identifier: Apache-2.0
"""The tables of a farm, and what has changed in them since it was saved."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from operator import attrgetter
from typing import Any, NamedTuple, Protocol, TypeVar

from .errors import CannotSave
from .job import FrameFacts, Job

__all__ = ["Changes", "Store", "Table", "Unsaved"]

logger = logging.getLogger("cuebot_stub")


T = TypeVar("T", bound=Any)  # any dataclass with an id


class Changes(NamedTuple):
    """The changes to save together. Data that is ``None`` means that the thing was deleted."""

    things: dict[tuple[str, str], dict[str, Any] | None]
    frames: dict[tuple[str, int], list[Any]]
    new_jobs: list[Job]


class Store(Protocol):
    """Stores a farm beyond the end of the process."""

    def write(self, changes: Changes) -> None:
        """Save changes, all or none, before returning.

        Raises:
            CannotSave: Nothing was saved.
        """


class _NoStore:
    def write(self, changes: Changes) -> None:
        pass


class Unsaved:
    """Collects changes and writes them. Changes that could not be written are tried again with the next ones.

    Attributes:
        is_failing: Whether the last attempt to write failed.
        is_new: Whether there are changes since the last attempt.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store or _NoStore()
        self._things: dict[tuple[str, str], Any] = {}
        self._frames: dict[tuple[str, int], None] = {}
        self._new_jobs: list[Job] = []
        self.is_failing = False
        self.is_new = False

    def thing(self, kind: str, id: str, thing: Any) -> None:
        """Mark a thing as changed, or as deleted when it is None."""
        self.is_new = True
        self._things[kind, id] = thing

    def frame(self, job: Job, ref: int) -> None:
        """Mark a frame as changed."""
        self.is_new = True
        self._frames[job.id, ref] = None

    def new_job(self, job: Job) -> None:
        """Mark a job as new."""
        self.is_new = True
        self._new_jobs.append(job)

    def save(self, jobs: Mapping[str, Job]) -> None:
        """Write all changes.

        Args:
            jobs: All jobs of the farm.

        Raises:
            CannotSave: New changes could not be written. Not raised if there are only old ones.
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
                logger.error("%s; no frame starts until the state can be saved", error)
            self.is_failing = True
            if was_new:
                raise
            return
        self._things, self._frames, self._new_jobs = {}, {}, []
        if self.is_failing:
            logger.warning("the state is saved again")
        self.is_failing = False


class Table(dict[str, T]):
    """The things of one kind, by id. What is changed by its methods is saved at the end of ``Farm.work``."""

    def __init__(self, kind: str, make: Callable[..., T], unsaved: Unsaved, spell: Callable[[str], str] = str) -> None:
        """Make an empty table.

        Args:
            kind: The name of the kind, also in the state file.
            make: Makes a thing of saved data.
            unsaved: Gets the changes.
            spell: Returns the same text for names that mean the same.
        """
        super().__init__()
        self.kind, self.make = kind, make
        self._unsaved, self._spell = unsaved, spell

    def add(self, thing: T) -> T:
        """Add a thing, and return it."""
        self[thing.id] = thing
        self.save(thing)
        return thing

    def save(self, thing: T) -> None:
        """Mark a thing as changed."""
        self._unsaved.thing(self.kind, thing.id, thing)

    def change(self, thing: T, **values: Any) -> None:
        """Set fields of a thing."""
        for name, value in values.items():
            setattr(thing, name, value)
        self.save(thing)

    def remove(self, *things: T) -> None:
        """Delete things."""
        for thing in things:
            del self[thing.id]
            self._unsaved.thing(self.kind, thing.id, None)

    def named(self, name: str) -> T | None:
        """The first thing of a name."""
        wanted = self._spell(name)
        return next((thing for thing in self.values() if self._spell(thing.name) == wanted), None)

    def first(self, **values: Any) -> T | None:
        """The first thing with these values of fields."""
        return next(self._matching(values), None)

    def where(self, **values: Any) -> list[T]:
        """All things with these values of fields."""
        return list(self._matching(values))

    def _matching(self, values: Mapping[str, Any]) -> Iterator[T]:
        get = attrgetter(*values)
        wanted = tuple(values.values()) if len(values) > 1 else next(iter(values.values()))
        return (thing for thing in self.values() if get(thing) == wanted)


def _as_data(thing: Any) -> dict[str, Any] | None:
    """A thing as data for JSON; None stays None."""
    if hasattr(thing, "to_data"):
        data: dict[str, Any] = thing.to_data()
        return data
    return asdict(thing) if is_dataclass(thing) and not isinstance(thing, type) else thing


def _frame_row(job: Job, ref: int) -> list[Any]:
    facts = job.frames.get(ref)
    values = [getattr(facts, name) for name in FrameFacts.__slots__] if facts is not None else []
    return [job.state.state(ref).value, job.state.tries(ref), values]
