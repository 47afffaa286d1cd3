# SPDX-License-Identifier: Apache-2.0
"""Finds the objects that a request names, by id, else by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ..farm.depend import End
from ..farm.errors import Exists, Invalid, NotFound
from ..farm.farm import Farm
from ..farm.hosts import Host, short_name
from ..farm.job import Job, split_id
from ..farm.saving import Table
from ..farm.things import Department, Service, Show, Subscription

__all__ = [
    "checked_name", "enum_name", "find", "find_department", "find_frame", "find_host", "find_job", "find_layer",
    "find_override", "find_service", "find_subscription", "find_test", "new_name", "pending_job",
]  # fmt: skip

T = TypeVar("T")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\- ]{0,127}\Z")
#: Things without a name, or with one that others of the kind may have, too: found by their ids only.
_BY_ID = frozenset({"comment", "deed", "filter", "group", "partition", "proc"})
_WORDS = {"partition": "render partition", "proc": "running proc"}


def find(table: Table[T], wanted: Any, named: Callable[[str], T | None] | None = None) -> T:
    """The thing that a message, an id or a name means.

    Args:
        table: The things of its kind.
        wanted: A message with id and name, or a text.
        named: Finds it by its name. Default: as the table does.

    Raises:
        NotFound: It does not exist, or the request names nothing.
    """
    is_text = isinstance(wanted, str)
    id, name = (wanted, wanted) if is_text else (wanted.id, getattr(wanted, "name", ""))
    thing = table.get(id)
    if thing is None and name and (is_text or not id) and table.kind not in _BY_ID:
        thing = (named or table.named)(name)
    if thing is not None:
        return thing
    word = _WORDS.get(table.kind, table.kind)
    raise NotFound(f"no {word} {id or name!r}" if id or name else f"the request names no {word}")


def find_host(farm: Farm, wanted: Any) -> Host:
    """A host. Its name may have a domain."""
    return find(farm.hosts, wanted, lambda name: farm.hosts.named(name) or farm.hosts.named(short_name(name)))


def find_subscription(farm: Farm, wanted: Any) -> Subscription:
    """A subscription. Its name is ``facility.allocation.show``."""

    def named(name: str) -> Subscription | None:
        allocation, _, show = name.rpartition(".")
        found, of = farm.allocations.named(allocation), farm.shows.named(show)
        return farm.subscriptions.first(show=of.id, allocation=found.id) if found and of else None

    return find(farm.subscriptions, wanted, named)


def find_service(farm: Farm, wanted: Any) -> Service:
    """A service that is not an override."""
    service = find(farm.services, wanted, lambda name: farm.services.first(name=name, show=""))
    if service.show:
        raise NotFound(f"no service {service.id!r}")
    return service


def find_override(farm: Farm, wanted: Any) -> Service:
    """A show's override of a service by its id."""
    service = find(farm.services, wanted, lambda name: None)
    if not service.show:
        raise NotFound(f"no service override {service.id!r}")
    return service


def find_department(farm: Farm, name: str, show: Show | None = None) -> Department:
    """A department by its name, or that of a show.

    Raises:
        NotFound: There is none.
    """
    found = farm.departments.first(name=name, show=show.id if show else "")
    if found is None:
        raise NotFound(f"no department {name!r}" + (f" of the show {show.name}" if show else ""))
    return found


def find_job(farm: Farm, wanted: Any) -> Job:
    """A job by its id, or a pending one by its name, for a message or a text.

    Raises:
        NotFound: There is none.
    """
    id = wanted if isinstance(wanted, str) else wanted.id
    job = farm.jobs.get(id) or farm.jobs.pending.get(id) or farm.jobs.pending.get(id.lower())
    if job is None:
        raise NotFound(f"no job {id!r}" if id else "the request names no job")
    return job


def pending_job(farm: Farm, name: str) -> Job:
    """The pending job of a name.

    Raises:
        NotFound: No pending job has this name.
    """
    job = farm.jobs.pending.get(name.lower()) or farm.jobs.pending.get(name)
    if job is None:
        raise NotFound(f"no pending job {name!r}")
    return job


def find_layer(farm: Farm, wanted: Any) -> End:
    """A layer, for a message or its id.

    Raises:
        NotFound: There is none.
    """
    return _find_part(farm, wanted, "layer")._replace(ref=-1)


def find_frame(farm: Farm, wanted: Any) -> End:
    """A frame, for a message or its id.

    Raises:
        NotFound: There is none.
    """
    return _find_part(farm, wanted, "frame")


def _find_part(farm: Farm, wanted: Any, what: str) -> End:
    id = wanted if isinstance(wanted, str) else wanted.id
    try:
        prefix, number, ref = split_id(id)
        job = farm.jobs.by_prefix[prefix]
    except (ValueError, KeyError):
        raise NotFound(f"no {what} {id!r}") from None
    if number >= len(job.layers) or (what == "frame" and not 0 <= ref < len(job.state.frames)):
        raise NotFound(f"no {what} {id!r}")
    return End(job, job.layer_of(ref) if what == "frame" else number, ref)


def enum_name(enum: Any, number: int) -> str:
    """The name of an enum value, for a descriptor or a class. Clients can send any number.

    Raises:
        Invalid: It has no such value.
    """
    descriptor = getattr(enum, "DESCRIPTOR", enum)
    value = descriptor.values_by_number.get(number)
    if value is None:
        raise Invalid(f"{number} is not a value of {descriptor.full_name}")
    return str(value.name)


def checked_name(text: str, what: str) -> str:
    """Check the name of a new object, and return it.

    Raises:
        Invalid: The name is empty, or has characters that names cannot have.
    """
    if not _NAME.match(text) or text != text.strip():
        raise Invalid(f"{text!r} cannot name a {what}; use letters, digits, '_', '.' and '-'")
    return text


def new_name(table: Table[Any], text: str, where: str = "", spell: Callable[[str], str] = str, **among: str) -> str:
    """Check a name that no other thing of a kind may have, and return it.

    Args:
        table: The things of the kind.
        text: The name.
        where: The place of the others, for the message.
        spell: Returns the same text for names that are the same.
        among: Fields of the others.

    Raises:
        Exists: A thing has this name.
        Invalid: The name has characters that names cannot have.
    """
    others = table.where(**among) if among else table.values()
    if any(spell(one.name) == spell(text) for one in others):
        kind = table.kind
        raise Exists(f"{where} already has a {kind} {text!r}" if where else f"the {kind} {text!r} already exists")
    return checked_name(text, table.kind)


def find_test(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A function that matches text against patterns. Without patterns it matches everything.

    Raises:
        Invalid: A pattern is not a regular expression.
    """
    try:
        compiled = [re.compile(pattern) for pattern in patterns]
    except re.error as error:
        raise Invalid(f"the regular expression {error.pattern!r} cannot be read: {error}") from error
    return lambda text: not compiled or any(pattern.search(text) for pattern in compiled)
