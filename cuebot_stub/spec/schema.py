# SPDX-License-Identifier: Apache-2.0
"""The elements and attributes of each version of the job spec, with their order and number.

Versions only added elements, with two exceptions: 1.14 lacks ``onframe``, and ``uid`` is no longer required.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

__all__ = ["DEPEND_TYPES", "LAYER_TYPES", "NEWEST", "ROOT", "VERSIONS", "Attribute", "Child", "Schema", "schema_of"]

_FIRST, _LAST = 5, 15
VERSIONS = tuple(f"1.{minor}" for minor in range(_FIRST, _LAST + 1))
NEWEST = VERSIONS[-1]
ROOT = "spec"

LAYER_TYPES = ("Render", "Util", "Post")
DEPEND_TYPES = (
    "JOB_ON_JOB",
    "JOB_ON_LAYER",
    "JOB_ON_FRAME",
    "LAYER_ON_JOB",
    "LAYER_ON_LAYER",
    "LAYER_ON_FRAME",
    "LAYER_ON_SIM_FRAME",
    "FRAME_ON_JOB",
    "FRAME_ON_LAYER",
    "FRAME_ON_FRAME",
    "FRAME_BY_FRAME",
    "PREVIOUS_FRAME",
)


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


def _one(name: str, since: int = _FIRST, until: int = _LAST) -> Child:
    return Child(name, True, False, since, until)


def _maybe(name: str, since: int = _FIRST, until: int = _LAST) -> Child:
    return Child(name, False, False, since, until)


def _some(name: str) -> Child:
    return Child(name, True, True)


def _many(name: str, since: int = _FIRST) -> Child:
    return Child(name, False, True, since)


_ORDERS: dict[str, tuple[Child, ...]] = {
    ROOT: (
        _maybe("facility"),
        _maybe("dept"),
        _one("show"),
        _one("shot"),
        _one("user"),
        _maybe("email"),
        _one("uid", until=8),
        _maybe("uid", since=9),
        _many("job"),
        _many("depends"),
    ),
    "job": (
        _maybe("paused"),
        _maybe("priority", since=11),
        _maybe("maxretries"),
        _maybe("maxcores", since=13),
        _maybe("maxgpus", since=13),
        _maybe("autoeat"),
        _maybe("localbook", since=8),
        _maybe("os", since=6),
        _many("env"),
        _maybe("layers"),
    ),
    "layers": (_some("layer"),),
    "layer": (
        _one("cmd"),
        _one("range"),
        _one("chunk"),
        _maybe("cores"),
        _maybe("threadable"),
        _maybe("memory"),
        _maybe("gpus", since=12),
        _maybe("gpu", since=7),
        _maybe("gpu_memory", since=12),
        _maybe("timeout", since=10),
        _maybe("timeout_llu", since=10),
        _maybe("tags"),
        _maybe("limits"),
        _many("env"),
        _maybe("services"),
        _many("outputs", since=14),
    ),
    "limits": (_some("limit"),),
    "services": (_some("service"),),
    "outputs": (_many("output"),),
    "env": (_many("key"),),
    "depends": (_many("depend"),),
    "depend": (
        _one("depjob"),
        _maybe("deplayer"),
        _maybe("depframe"),
        _one("onjob"),
        _maybe("onlayer"),
        _maybe("onframe", until=13),
        _maybe("onframe", since=15),
    ),
}

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
        rows = {row.name: row for row in _ORDERS[parent] if row.since <= minor <= row.until}
        children[parent] = rows
        waiting += [name for name in rows if name in _ORDERS and name not in children]
    texts = frozenset(name for rows in children.values() for name in rows) - children.keys()
    known = texts | children.keys()
    attributes = {name: {row.name: row for row in rows} for name, rows in _ATTRIBUTES.items() if name in known}
    return Schema(version, children, attributes, texts)


def versions_with(parent: str, child: str) -> list[str]:
    """The versions in which ``parent`` may hold ``child``."""
    return [version for version in VERSIONS if child in schema_of(version).children.get(parent, ())]
