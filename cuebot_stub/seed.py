# SPDX-License-Identifier: Apache-2.0
"""The contents of a new farm: OpenCue's facilities, allocations and services, and the show ``testing``."""

from __future__ import annotations

from .farm.state import FarmState
from .farm.things import Show

__all__ = ["make_show", "seed"]

_ALLOCATIONS = {"local": ("general", "desktop", "unassigned"), "cloud": ("general", "unassigned")}
_SUBSCRIBED = ("local.general", "local.desktop", "cloud.general")
_BIG, _SMALL = 3355443, 2097152
# name: (threadable, core points, memory in kB, tags)
_SERVICES: dict[str, tuple[bool, int, int, str]] = {
    "default": (False, 100, _BIG, "general desktop"),
    "prman": (False, 100, _BIG, "general desktop"),
    "arnold": (True, 100, _BIG, "general desktop"),
    "shell": (False, 100, _BIG, "general util"),
    "maya": (False, 100, _SMALL, "general desktop"),
    "houdini": (False, 100, _BIG, "general desktop"),
    "katana": (True, 100, _SMALL, "general desktop util"),
    "nuke": (False, 100, _SMALL, "general desktop"),
    "preprocess": (False, 10, 393216, "util"),
    "postprocess": (False, 10, 524288, "util"),
}
_SHOW = "testing"
_DEPARTMENTS = ("Animation", "Cloth", "FX", "Hair", "Layout", "Lighting", "Pipeline", "Unknown")


def seed(farm: FarmState) -> None:
    """Add what is missing: everything to an empty farm, departments to one of an older version.

    Called within ``Farm.work``.
    """
    if not farm.departments:
        for name in _DEPARTMENTS:
            farm.departments.create(name)
        for show, name in sorted({(group.show, group.department) for group in farm.groups.values()}):
            farm.departments.create(name, show)
    if farm.shows:
        return
    for facility, names in _ALLOCATIONS.items():
        farm.facilities.create(facility)
        for name in names:
            is_default = (facility, name) == ("local", "general")
            farm.allocations.create(f"{facility}.{name}", name, facility, is_default=is_default)
    for name, (threadable, cores, memory, tags) in _SERVICES.items():
        farm.services.create(name, threadable=threadable, min_cores=cores, min_memory=memory, tags=tags.split())
    make_show(farm, _SHOW, department="Pipeline").default_max_cores = 200_000


def make_show(
    farm: FarmState, name: str, *, is_subscribed: bool = True, is_implicit: bool = False, department: str = "Unknown"
) -> Show:
    """Make a show with its group. Called within ``Farm.work``.

    Args:
        name: The name of the show.
        is_subscribed: Give it the same subscriptions as OpenCue's first show.
        is_implicit: Remove these subscriptions when a client creates the first one.
        department: The department of its group.
    """
    show = farm.shows.create(name)
    farm.groups.create(name, show.id, department=department)
    farm.departments.create(department, show.id)
    for allocation in farm.allocations.values():
        if is_subscribed and allocation.name in _SUBSCRIBED:
            farm.subscriptions.create(show.id, allocation.id, implicit=is_implicit)
    return show
