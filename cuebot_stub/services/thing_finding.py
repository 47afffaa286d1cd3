# SPDX-License-Identifier: Apache-2.0
"""Finds the hosts, shows and other objects that a request names, by id, else by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ..farm.farm import Farm
from ..farm.hosts import Host, Proc, short_name
from ..farm.things import Allocation, Facility, Filter, Group, Limit, Owner, Service, Show, Subscription
from .rpc import Invalid, NotFound

__all__ = [
    "checked_name", "find_allocation", "find_facility", "find_filter", "find_group", "find_host",
    "find_limit", "find_override", "find_owner", "find_proc", "find_service", "find_show", "find_subscription",
    "find_test",
]  # fmt: skip

T = TypeVar("T")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\- ]{0,127}\Z")


def _found(thing: T | None, what: str, message: Any) -> T:
    if thing is not None:
        return thing
    wanted = message if isinstance(message, str) else message.id or getattr(message, "name", "")
    raise NotFound(f"no {what} {wanted!r}" if wanted else f"the request names no {what}")


def _find(place: dict[str, T], message: Any, what: str, by_name: Callable[[str], T | None]) -> T:
    """The object for a message, an id or a name.

    Raises:
        NotFound: The object does not exist, or the message is empty.
    """
    if isinstance(message, str):
        return _found(place.get(message) or by_name(message), what, message)
    thing = place.get(message.id)
    if thing is None and not message.id and message.name:
        thing = by_name(message.name)
    return _found(thing, what, message)


def find_host(farm: Farm, message: Any) -> Host:
    """A host. Its name may have a domain."""
    return _find(farm.hosts, message, "host", lambda name: farm.find_host(name) or farm.find_host(short_name(name)))


def find_proc(farm: Farm, message: Any) -> Proc:
    """A proc. It exists until its frame ends."""
    return _find(farm.procs, message, "running proc", lambda name: None)


def find_show(farm: Farm, message: Any) -> Show:
    """A show. The old name of an archived show finds nothing, so that nobody changes the wrong show."""

    def by_name(name: str) -> Show | None:
        return next((show for show in farm.shows.values() if show.name == name), None)

    return _find(farm.shows, message, "show", by_name)


def find_group(farm: Farm, message: Any) -> Group:
    """A group by its id."""
    return _find(farm.groups, message, "group", lambda name: None)


def find_filter(farm: Farm, message: Any) -> Filter:
    """A filter by its id."""
    return _find(farm.filters, message, "filter", lambda name: None)


def find_facility(farm: Farm, message: Any) -> Facility:
    """A facility, ignoring case."""

    def by_name(name: str) -> Facility | None:
        return next((one for one in farm.facilities.values() if one.name == name.lower()), None)

    return _find(farm.facilities, message, "facility", by_name)


def find_allocation(farm: Farm, message: Any) -> Allocation:
    """An allocation. Its name is ``facility.name``."""
    return _find(farm.allocations, message, "allocation", farm.find_allocation)


def find_subscription(farm: Farm, message: Any) -> Subscription:
    """A subscription. Its name is ``facility.allocation.show``."""

    def by_name(name: str) -> Subscription | None:
        allocation, _, show = name.rpartition(".")
        found, of = farm.find_allocation(allocation), farm.find_show(show)
        return farm.subscription_of(of.id, found.id) if found and of else None

    return _find(farm.subscriptions, message, "subscription", by_name)


def find_service(farm: Farm, message: Any) -> Service:
    """A service that is not an override."""
    service = _find(farm.services, message, "service", farm.find_service)
    return _found(None if service.show else service, "service", message)


def find_override(farm: Farm, message: Any) -> Service:
    """A show's override of a service by its id."""
    service = _find(farm.services, message, "service override", lambda name: None)
    return _found(service if service.show else None, "service override", message)


def find_limit(farm: Farm, message: Any) -> Limit:
    """A limit."""
    return _find(farm.limits, message, "limit", farm.find_limit)


def find_owner(farm: Farm, message: Any) -> Owner:
    """An owner of hosts."""

    def by_name(name: str) -> Owner | None:
        return next((one for one in farm.owners.values() if one.name == name), None)

    return _find(farm.owners, message, "owner", by_name)


def checked_name(text: str, what: str) -> str:
    """Check the name of a new object, and return it.

    Raises:
        Invalid: The name is empty, or has characters that names cannot have.
    """
    if not _NAME.match(text) or text != text.strip():
        raise Invalid(f"{text!r} cannot name a {what}; use letters, digits, '_', '.' and '-'")
    return text


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
