# SPDX-License-Identifier: Apache-2.0
"""The elements and attributes of each version of the job spec, with their order and number.

Versions only added elements, with two exceptions: 1.14 lacks ``onframe``, and ``uid`` is no longer required.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

__all__ = ["DEPEND_TYPES", "LAYER_TYPES", "NEWEST", "ROOT", "VERSIONS", "Attribute", "Child", "Schema", "schema_of"]

_FIRST, _LAST = 5, 15
VERSIONS = tuple(f"1.{minor}" for minor in range(_FIRST, _LAST + 1))
NEWEST = VERSIONS[-1]
ROOT = "spec"

LAYER_TYPES = ("Render", "Util", "Post")
DEPEND_TYPES = (
    "JOB_ON_JOB", "JOB_ON_LAYER", "JOB_ON_FRAME", "LAYER_ON_JOB", "LAYER_ON_LAYER", "LAYER_ON_FRAME",
    "LAYER_ON_SIM_FRAME", "FRAME_ON_JOB", "FRAME_ON_LAYER", "FRAME_ON_FRAME", "FRAME_BY_FRAME", "PREVIOUS_FRAME",
)  # fmt: skip


class Child(NamedTuple):
    """A child element. ``since`` and ``until`` are minor versions, inclusive."""

    name: str
    required: bool
    repeats: bool
    since: int = _FIRST
    until: int = _LAST


class Attribute(NamedTuple):
    """An attribute, which is one word. Empty ``choices`` allow any word."""

    name: str
    required: bool = True
    choices: tuple[str, ...] = ()


class Schema(NamedTuple):
    """The schema of one version.

    Attributes:
        version: Such as ``"1.15"``.
        children: By element, its children by name, in the required order.
        attributes: By element, its attributes by name.
        texts: The elements with text only.
    """

    version: str
    children: Mapping[str, Mapping[str, Child]]
    attributes: Mapping[str, Mapping[str, Attribute]]
    texts: frozenset[str]

    @property
    def elements(self) -> frozenset[str]:
        """The names of all elements."""
        return self.texts | self.children.keys()


#: By element, its children in the required order, in the notation of a DTD: ``?`` none or one, ``*`` any number, ``+``
#: one or more; behind a colon, the minor versions.
_ORDERS = {
    ROOT: "facility? dept? show shot user email? uid:5-8 uid?:9-15 job* depends*",
    "job": "paused? priority?:11-15 maxretries? maxcores?:13-15 maxgpus?:13-15 autoeat? localbook?:8-15 os?:6-15 "
    "env* layers?",
    "layers": "layer+",
    "layer": "cmd range chunk cores? threadable? memory? gpus?:12-15 gpu?:7-15 gpu_memory?:12-15 timeout?:10-15 "
    "timeout_llu?:10-15 tags? limits? env* services? outputs*:14-15",
    "limits": "limit+",
    "services": "service+",
    "outputs": "output*",
    "env": "key*",
    "depends": "depend*",
    "depend": "depjob deplayer? depframe? onjob onlayer? onframe?:5-13 onframe?:15-15",
}
_CHILD = re.compile(r"(\w+)([?*+]?)(?::(\d+)-(\d+))?")


def _children(parent: str) -> Iterator[Child]:
    for name, number, since, until in _CHILD.findall(_ORDERS[parent]):
        yield Child(name, number in ("", "+"), number in ("*", "+"), int(since or _FIRST), int(until or _LAST))


_NAME = Attribute("name")
_ATTRIBUTES: dict[str, tuple[Attribute, ...]] = {
    "job": (_NAME,),
    "localbook": tuple(map(Attribute, ("host", "cores", "memory", "threads", "gpu"))),
    "layer": (_NAME, Attribute("type", choices=LAYER_TYPES)),
    "output": (_NAME,),
    "key": (_NAME,),
    "depend": (Attribute("anyframe", required=False), Attribute("type", choices=DEPEND_TYPES)),
}


@cache
def schema_of(version: str) -> Schema:
    """The schema of one of ``VERSIONS``."""
    minor = _FIRST + VERSIONS.index(version)
    children: dict[str, dict[str, Child]] = {}
    waiting = [ROOT]
    while waiting:  # from the root down, so that what a version cannot reach is not in it either
        parent = waiting.pop()
        rows = {row.name: row for row in _children(parent) if row.since <= minor <= row.until}
        children[parent] = rows
        waiting += [name for name in rows if name in _ORDERS and name not in children]
    texts = frozenset(name for rows in children.values() for name in rows) - children.keys()
    known = texts | children.keys()
    attributes = {name: {row.name: row for row in rows} for name, rows in _ATTRIBUTES.items() if name in known}
    return Schema(version, children, attributes, texts)


def versions_with(parent: str, child: str) -> list[str]:
    """The versions in which ``parent`` may hold ``child``."""
    return [version for version in VERSIONS if child in schema_of(version).children.get(parent, ())]
