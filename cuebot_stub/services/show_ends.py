# SPDX-License-Identifier: Apache-2.0
"""Archives and deletes shows."""

from __future__ import annotations

from typing import Any

from ..farm.farm import Farm
from ..farm.things import Show
from .rpc import Exists, InUse, Invalid

__all__ = ["archive_show", "delete_show"]

ARCHIVED = "_archive"


def archive_show(farm: Farm, show: Show, target: Show) -> None:
    """Rename a show, and make its old name an alias of another show.

    Raises:
        Invalid: The other show is the same show.
        Exists: There is a show of the new name.
    """
    if show is target:
        raise Invalid(f"the show {show.name} cannot be archived into itself")
    new = f"{show.name}{ARCHIVED}"
    if farm.find_show(new):
        raise Exists(f"the show {new!r} already exists")
    target.aliases = sorted({*target.aliases, *show.aliases, show.name.lower()})
    show.name, show.aliases = new, []
    for one in (show, target):
        farm.touch("show", one.id, one)


def delete_show(farm: Farm, show: Show) -> None:
    """Delete a show with everything that belongs to it, and its finished jobs.

    Raises:
        InUse: It has jobs that are not finished, or frames that still run.
    """
    jobs = [job for job in farm.jobs.values() if job.facts.show == show.id]
    busy = [job for job in jobs if job.facts.state != "FINISHED" or job.procs]
    if busy:
        raise InUse(f"the show {show.name} has {len(busy)} jobs that are not over; kill them first")
    for job in jobs:
        farm.forget_job(job)
    owners = {owner.id for owner in farm.owners.values() if owner.show == show.id}
    _remove(farm, "deed", farm.deeds, lambda deed: deed.owner in owners)
    _remove(farm, "owner", farm.owners, lambda owner: owner.id in owners)
    _remove(farm, "filter", farm.filters, lambda one: one.show == show.id)
    _remove(farm, "department", farm.departments, lambda one: one.show == show.id)
    _remove(farm, "group", farm.groups, lambda group: group.show == show.id)
    _remove(farm, "subscription", farm.subscriptions, lambda one: one.show == show.id)
    _remove(farm, "service", farm.services, lambda service: service.show == show.id)
    _remove(farm, "show", farm.shows, lambda one: one is show)


def _remove(farm: Farm, kind: str, place: dict[str, Any], is_wanted: Any) -> None:
    for thing in [thing for thing in place.values() if is_wanted(thing)]:
        del place[thing.id]
        farm.touch(kind, thing.id, None)
