# SPDX-License-Identifier: Apache-2.0
"""Any call of OpenCue's protocol with anything in it: things that are there, and things that make no sense."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from google.protobuf.message_factory import GetMessageClass

from cuebot_stub.farm.farm import Farm
from cuebot_stub.services.all import all_services
from cuebot_stub.services.rpc import Service, all_service_descriptors
from tests import specs

__all__ = ["Call", "all_calls", "random_request"]

# Hosts make these, not people.
_OF_HOSTS = ("report.RqdReportInterface",)
_NUMBERS = (-5, -1, 0, 1, 2, 3, 7, 100, 524288, 2**31 - 1)
_REALS = (-3.0, -1.0, 0.0, 0.4, 1.0, 2.5, 64.0, 1e12, float("nan"), float("inf"))
_WORDS = ("", "x", "fast", "bad/name", "über", " blank ", "a" * 300, "*", "[", "1-3", "3", "general", "FIRST")
_PLACES = {
    "Job": "jobs", "Host": "hosts", "Show": "shows", "Group": "groups", "Allocation": "allocations",
    "Facility": "facilities", "Subscription": "subscriptions", "Service": "services", "ServiceOverride": "services",
    "Limit": "limits", "Owner": "owners", "Deed": "deeds", "Comment": "comments", "Filter": "filters",
    "Department": "departments", "Proc": "procs", "RenderPartition": "partitions",
}  # fmt: skip
_KINDS = (*_PLACES, "Layer", "Frame", "Matcher", "Action", "Task", "Depend")
_ALIASES = {"username": "owner", "dept": "department"}


Call = tuple[Service, str, Any]


def all_calls(farm: Farm) -> list[Call]:
    """Every call that is implemented and may change something, and the class of its request."""
    services = {service.name: service for service in all_services(farm)}
    return [
        (services[descriptor.full_name], method.name, GetMessageClass(method.input_type))
        for descriptor in all_service_descriptors()
        for method in descriptor.methods
        if descriptor.full_name in services
        and descriptor.full_name not in _OF_HOSTS
        and hasattr(services[descriptor.full_name], method.name)
        and not method.name.startswith(("Get", "Find"))
    ]


def random_request(farm: Farm, kind: Any, chance: random.Random) -> Any:
    """A request of a class that means things of a farm, most of the time."""
    message = kind()
    _fill(farm, message, chance, 0)
    return message


def _fill(farm: Farm, message: Any, chance: random.Random, depth: int) -> None:
    for field in message.DESCRIPTOR.fields:
        if chance.random() < (0.1 if depth == 0 else 0.3) or depth > 3:
            continue
        if field.message_type and field.message_type.GetOptions().map_entry:
            for word in chance.sample(_WORDS, chance.randint(0, 3)):
                _put(getattr(message, field.name), word, chance.choice(_NUMBERS))
        elif field.is_repeated:
            _fill_many(farm, message, field, chance, depth)
        elif field.message_type:
            _fill(farm, getattr(message, field.name), chance, depth + 1)
            getattr(message, field.name).SetInParent()
        else:
            setattr(message, field.name, _value(farm, message, field, chance))


def _put(map: Any, key: str, value: int) -> None:
    map[key] = value


def _fill_many(farm: Farm, message: Any, field: Any, chance: random.Random, depth: int) -> None:
    for _ in range(chance.randint(0, 2)):
        if field.message_type:
            _fill(farm, getattr(message, field.name).add(), chance, depth + 1)
        else:
            getattr(message, field.name).append(_value(farm, message, field, chance))


def _value(farm: Farm, message: Any, field: Any, chance: random.Random) -> Any:
    if field.type == field.TYPE_BYTES:
        return b""
    if field.cpp_type == field.CPPTYPE_STRING:
        return _text(farm, message.DESCRIPTOR.name, field.name, chance)
    if field.cpp_type == field.CPPTYPE_BOOL:
        return chance.random() < 0.5
    if field.cpp_type == field.CPPTYPE_ENUM:
        return chance.choice([*(value.number for value in field.enum_type.values), 77])
    if field.cpp_type in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
        return chance.choice(_REALS)
    return chance.choice(_NUMBERS[2:] if field.cpp_type in (field.CPPTYPE_UINT32, field.CPPTYPE_UINT64) else _NUMBERS)


def _text(farm: Farm, message: str, field: str, chance: random.Random) -> str:
    if field == "spec":
        name = chance.choice(["test", "again", "third"])
        return chance.choice([specs.one_layer(name, "1-4"), specs.one_layer(name, "4-1"), "no spec"])
    if field == "range":
        return chance.choice(("1-3", "2", "3-1", "1-", "9-12"))
    if chance.random() < 0.15:
        return chance.choice(_WORDS)
    kind = next((kind for kind in _KINDS if message == kind), "")
    words = list(_ids(farm, kind)) if field == "id" and kind else _words(farm, message, field)
    return chance.choice(words or _WORDS)


def _ids(farm: Farm, kind: str) -> Iterator[str]:
    if kind in _PLACES:
        yield from getattr(farm, _PLACES[kind])
    elif kind in ("Layer", "Frame"):
        for job in farm.jobs.values():
            layers = (job.layer_id(number) for number in range(len(job.layers)))
            yield from layers if kind == "Layer" else map(job.frame_id, job.state.frames)
    elif kind in ("Matcher", "Action", "Task"):
        owners = farm.departments if kind == "Task" else farm.filters
        for owner in owners.values():
            yield from (one.id for one in getattr(owner, f"{kind.lower()}s"))
    else:
        yield from (row.id for job in farm.jobs.values() for row in farm.depends.of(job.id))


def _words(farm: Farm, message: str, field: str) -> list[str]:
    """Names and ids of what a field means by its name, or by that of its message; else those of everything."""
    plain = _ALIASES.get(field, field).replace("_", "")
    wanted = [kind for kind in _PLACES if kind.lower() in plain]
    wanted = wanted or [kind for kind in _PLACES if message.startswith(kind)] or list(_PLACES)
    things = [pair for kind in wanted for pair in getattr(farm, _PLACES[kind]).items()]
    return [word for id, thing in things for word in (id, str(getattr(thing, "name", id)))]
