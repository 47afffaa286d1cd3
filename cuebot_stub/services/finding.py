# SPDX-License-Identifier: Apache-2.0
"""Finds the things that requests name, by id, else by name. ``answers`` makes messages of things in turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, TypeVar

from ..farm.depend import End, Row
from ..farm.depends import Depends
from ..farm.errors import Exists, Invalid, NotFound
from ..farm.farm import Farm
from ..farm.hosts import Host, short_name
from ..farm.job import Job, Jobs, split_id
from ..farm.saving import Table
from ..farm.things import Department, Filter, Service, Show, Subscription, Task

__all__ = [
    "by_name", "checked_name", "enum_name", "existing", "find", "find_department", "find_depend", "find_frame",
    "find_host", "find_job", "find_layer", "find_override", "find_service", "find_subscription", "find_test",
    "new_name", "pending_job", "subject_of",
]  # fmt: skip

T = TypeVar("T")
by_name: Callable[[Any], str] = attrgetter("name")
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
    thing, word = table.get(id), _WORDS.get(table.kind, table.kind)
    if thing is None and name and (is_text or not id) and table.kind not in _BY_ID:
        thing = (named or table.named)(name)
    return existing(thing, f"no {word} {id or name!r}" if id or name else f"the request names no {word}")


def existing(thing: T | None, problem: str) -> T:
    """A thing that was looked for.

    Raises:
        NotFound: It is None. The error says what the problem is.
    """
    if thing is None:
        raise NotFound(problem)
    return thing


def find_host(hosts: Table[Host], wanted: Any) -> Host:
    """A host. Its name may have a domain."""
    return find(hosts, wanted, lambda name: hosts.named(name) or hosts.named(short_name(name)))


def find_subscription(farm: Farm, wanted: Any) -> Subscription:
    """A subscription. Its name is ``facility.allocation.show``."""

    def named(name: str) -> Subscription | None:
        allocation, _, show = name.rpartition(".")
        found, of = farm.allocations.named(allocation), farm.shows.named(show)
        return farm.subscriptions.first(show=of.id, allocation=found.id) if found and of else None

    return find(farm.subscriptions, wanted, named)


def find_service(services: Table[Service], wanted: Any) -> Service:
    """A service that is not an override."""
    service = find(services, wanted, lambda name: services.first(name=name, show=""))
    if service.show:
        raise NotFound(f"no service {service.id!r}")
    return service


def find_override(services: Table[Service], wanted: Any) -> Service:
    """A show's override of a service by its id."""
    service = find(services, wanted, lambda name: None)
    if not service.show:
        raise NotFound(f"no service override {service.id!r}")
    return service


def find_department(departments: Table[Department], name: str, show: Show | None = None) -> Department:
    """A department by its name, or that of a show.

    Raises:
        NotFound: There is none.
    """
    where = f" of the show {show.name}" if show else ""
    return existing(departments.first(name=name, show=show.id if show else ""), f"no department {name!r}{where}")


def _find_department_of_show(departments: Table[Department], message: Any) -> Department:
    department = departments.get(message.id)
    if department is None or not department.show:
        raise NotFound(f"no department {message.id!r} of a show")
    return department


def _find_task(departments: Table[Department], message: Any) -> tuple[Department, Task]:
    all_tasks = ((department, task) for department in departments.values() for task in department.tasks)
    wanted = (pair for pair in all_tasks if pair[1].id in (message.id, message.name))
    return existing(next(wanted, None), f"no task {message.id or message.name!r}")


def _find_filter_with(filters: Table[Filter], part: str, message: Any) -> Filter:
    having = (one for one in filters.values() if any(each.id == message.id for each in getattr(one, f"{part}s")))
    return existing(next(having, None), f"no {part} {message.id!r}")


def find_depend(depends: Depends, id: str) -> Row:
    """A dependency, or a pair of one, by its id.

    Raises:
        NotFound: There is none.
    """
    return existing(depends.find(id), f"no dependency {id!r}")


def find_job(jobs: Jobs, wanted: Any) -> Job:
    """A job by its id, or a pending one by its name, for a message or a text.

    Raises:
        NotFound: There is none.
    """
    id = wanted if isinstance(wanted, str) else wanted.id
    job = jobs.get(id) or jobs.pending.get(id) or jobs.pending.get(id.lower())
    return existing(job, f"no job {id!r}" if id else "the request names no job")


def pending_job(jobs: Jobs, name: str) -> Job:
    """The pending job of a name.

    Raises:
        NotFound: No pending job has this name.
    """
    return existing(jobs.pending.get(name.lower()) or jobs.pending.get(name), f"no pending job {name!r}")


def find_layer(jobs: Jobs, wanted: Any) -> End:
    """A layer, for a message or its id.

    Raises:
        NotFound: There is none.
    """
    return _find_part(jobs, wanted, "layer")._replace(ref=-1)


def find_frame(jobs: Jobs, wanted: Any) -> End:
    """A frame, for a message or its id.

    Raises:
        NotFound: There is none.
    """
    return _find_part(jobs, wanted, "frame")


def _find_part(jobs: Jobs, wanted: Any, what: str) -> End:
    id = wanted if isinstance(wanted, str) else wanted.id
    try:
        prefix, number, ref = split_id(id)
        job = jobs.by_prefix[prefix]
    except (ValueError, KeyError):
        raise NotFound(f"no {what} {id!r}") from None
    if number >= len(job.layers) or (what == "frame" and not 0 <= ref < len(job.state.frames)):
        raise NotFound(f"no {what} {id!r}")
    return End(job, job.layer_of(ref) if what == "frame" else number, ref)


#: By the name of a message, what finds the thing that it means.
_FINDERS: dict[str, Callable[[Farm, Any], Any]] = {
    "Action": lambda farm, message: _find_filter_with(farm.filters, "action", message),
    "Allocation": lambda farm, message: find(farm.allocations, message),
    "Comment": lambda farm, message: find(farm.comments, message),
    "Deed": lambda farm, message: find(farm.deeds, message),
    "Department": lambda farm, message: _find_department_of_show(farm.departments, message),
    "Depend": lambda farm, message: find_depend(farm.depends, message.id),
    "Facility": lambda farm, message: find(farm.facilities, message),
    "Filter": lambda farm, message: find(farm.filters, message),
    "Frame": lambda farm, message: find_frame(farm.jobs, message),
    "Group": lambda farm, message: find(farm.groups, message),
    "Host": lambda farm, message: find_host(farm.hosts, message),
    "Job": lambda farm, message: find_job(farm.jobs, message),
    "Layer": lambda farm, message: find_layer(farm.jobs, message),
    "Matcher": lambda farm, message: _find_filter_with(farm.filters, "matcher", message),
    "Owner": lambda farm, message: find(farm.owners, message),
    "Proc": lambda farm, message: find(farm.procs, message),
    "RenderPartition": lambda farm, message: find(farm.partitions, message),
    "Service": lambda farm, message: find_service(farm.services, message),
    "Show": lambda farm, message: find(farm.shows, message),
    "Subscription": lambda farm, message: find_subscription(farm, message),
    "Task": lambda farm, message: _find_task(farm.departments, message),
}


def subject_of(farm: Farm, request: Any, place: int = 0) -> Any:
    """The thing that a field of a request means, usually the first one; None if that is not the message of a thing.

    Layers and frames are ends of dependencies. A matcher and an action are the filter that has them, and a task comes
    with its department.

    Raises:
        NotFound: There is no such thing.
    """
    fields = request.DESCRIPTOR.fields
    message = fields[place].message_type if place < len(fields) else None
    finder = _FINDERS.get(message.name) if message is not None else None
    return finder(farm, getattr(request, fields[place].name)) if finder is not None else None


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
