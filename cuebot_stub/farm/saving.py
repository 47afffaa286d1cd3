# SPDX-License-Identifier: Apache-2.0
"""The tables of a farm, and what has changed in them since it was saved."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from .errors import CannotSave

if TYPE_CHECKING:
    from .job import Job

__all__ = ["Changes", "Store", "Table", "Unsaved", "as_data"]

logger = logging.getLogger("cuebot_stub")


T = TypeVar("T", bound=Any)  # any dataclass with an id


class Changes(NamedTuple):
    """The changes to save together. Data that is ``None`` means that the thing was deleted."""

    things: dict[tuple[str, str], Any]
    frames: dict[tuple[str, int], list[Any]]


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
        self._frames: dict[tuple[str, int], Job] = {}
        self.is_failing = False
        self.is_new = False

    def thing(self, kind: str, id: str, thing: Any) -> None:
        """Mark a thing as changed, or as deleted when it is None."""
        self.is_new = True
        self._things[kind, id] = thing

    def frame(self, job: Job, ref: int) -> None:
        """Mark a frame as changed."""
        self.is_new = True
        self._frames[job.id, ref] = job

    def save(self) -> None:
        """Write all changes.

        Raises:
            CannotSave: New changes could not be written. Not raised if there are only old ones.
        """
        was_new, self.is_new = self.is_new, False
        if not (self._things or self._frames):
            return
        frames = {key: job.frame_row(key[1]) for key, job in self._frames.items()}
        try:
            self._store.write(Changes(self._things, frames))
        except CannotSave as error:
            if not self.is_failing:
                logger.error("%s; no frame starts until the state can be saved", error)
            self.is_failing = True
            if was_new:
                raise
            return
        self._things, self._frames = {}, {}
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

    def create(self, *values: Any, **others: Any) -> T:
        """Make a thing with a new id and these values, and add it."""
        return self.add(self.make(str(uuid.uuid4()), *values, **others))

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


def as_data(thing: Any) -> Any:
    """A thing, or a set in one, as data for JSON: not what is in it, which ``json`` asks for in turn."""
    if isinstance(thing, set):
        return sorted(thing)
    kind: Any = type(thing)
    return {name: getattr(thing, name) for name in _saved_names(kind)}


@cache
def _saved_names(kind: Any) -> list[str]:
    return [field.name for field in fields(kind) if field.init]
