# SPDX-License-Identifier: Apache-2.0
"""Owners of hosts, the show that their hosts prefer, and the cores that they lend to jobs."""

from __future__ import annotations

import uuid
from typing import Any

from ..farm import hosting
from ..farm.depend import End
from ..farm.errors import Invalid
from ..farm.farm import Farm
from ..farm.hosts import Host
from ..farm.saving import Table
from ..farm.things import Deed, Owner, RenderPartition
from .calls import call
from .finding import existing, find, find_host
from .rpc import Answer, Service

__all__ = ["DeedService", "OwnerService", "PartitionService", "add_partition", "deed_of", "deeds_of"]


def deed_of(deeds: Table[Deed], host: Host) -> Deed:
    """The deed of a host.

    Raises:
        NotFound: The host has no owner.
    """
    return existing(deeds.first(host=host.id), f"the host {host.name} has no owner")


def deeds_of(deeds: Table[Deed], owners: list[Owner]) -> list[Deed]:
    """The deeds of owners."""
    ids = {owner.id for owner in owners}
    return [deed for deed in deeds.values() if deed.owner in ids]


class OwnerService(Service):
    """``host.OwnerInterface``."""

    name = "host.OwnerInterface"

    GetOwner = call(lambda farm, request: find(farm.owners, request.name))
    GetDeeds = call(lambda farm, owner, request: farm.deeds.where(owner=owner.id))

    def GetHosts(self, owner: Owner, request: Any) -> Answer:
        return [self.farm.hosts[deed.host] for deed in self.farm.deeds.where(owner=owner.id)]

    def TakeOwnership(self, owner: Owner, request: Any) -> None:
        """Give a NIMBY host to an owner, whoever had it before."""
        host = find_host(self.farm.hosts, request.host)
        if not host.nimby_enabled:
            raise Invalid(f"the host {host.name} does not run with NIMBY; only such hosts can have an owner")
        self.farm.deeds.remove(*self.farm.deeds.where(host=host.id))
        self.farm.deeds.create(host.id, owner.id)

    def SetShow(self, owner: Owner, request: Any) -> None:
        self.farm.owners.change(owner, show=find(self.farm.shows, request.show).id)

    def Delete(self, owner: Owner, request: Any) -> None:
        """Delete an owner. The hosts stay, without an owner."""
        self.farm.deeds.remove(*self.farm.deeds.where(owner=owner.id))
        self.farm.owners.remove(owner)


class DeedService(Service):
    """``host.DeedInterface``."""

    name = "host.DeedInterface"

    GetHost = call(lambda farm, deed, request: farm.hosts[deed.host])
    GetOwner = call(lambda farm, deed, request: farm.owners[deed.owner])
    Delete = call(lambda farm, deed, request: farm.deeds.remove(deed))


def add_partition(farm: Farm, request: Any, end: End) -> RenderPartition:
    """Lend cores of a host to a job, a layer or a frame, and start frames there.

    Raises:
        Invalid: The host is not locked, or belongs to somebody else.
    """
    host, owner = find_host(farm.hosts, request.host), find(farm.owners, request.username)
    deed = farm.deeds.first(host=host.id)
    if not host.is_locked:
        raise Invalid(f"the host {host.name} is not locked; it takes frames of all jobs")
    if deed is None or deed.owner != owner.id:
        raise Invalid(f"{owner.name} is not the owner of the host {host.name}")
    values = {name: getattr(request, name) for name in ("threads", "max_memory", "max_gpus", "max_gpu_memory")}
    place = host.id, end.job.id, end.layer, end.ref
    made = RenderPartition(str(uuid.uuid4()), *place, max_cores=request.max_cores * 100, **values)
    hosting.lend(farm, made)
    return made


class PartitionService(Service):
    """``renderPartition.RenderPartitionInterface``."""

    name = "renderPartition.RenderPartitionInterface"

    def SetMaxResources(self, partition: RenderPartition, request: Any) -> None:
        """Change the core points, kB and GPUs of a partition. 0 changes nothing."""
        wanted = {f"max_{name}": getattr(request, name) for name in ("cores", "memory", "gpus", "gpu_memory")}
        self.farm.partitions.change(partition, **{name: value for name, value in wanted.items() if value > 0})
        self.farm.wake()

    Delete = call(lambda farm, partition, request: hosting.drop_partition(farm, partition))
