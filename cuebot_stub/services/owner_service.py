# SPDX-License-Identifier: Apache-2.0
"""Owners of hosts, and the show that their hosts prefer."""

from __future__ import annotations

import uuid
from typing import Any

from opencue_proto import host_pb2

from ..farm.farm import Farm
from ..farm.hosts import Host
from ..farm.things import Deed, Owner, Show
from .rpc import Exists, Fields, Invalid, NotFound, Service
from .thing_finding import checked_name, find_host, find_owner, find_show
from .thing_messages import host_message

__all__ = ["DeedService", "OwnerService", "create_owner", "deed_message", "deed_of", "deeds_of", "owner_message"]


def deed_of(farm: Farm, host: Host) -> Deed:
    """The deed of a host.

    Raises:
        NotFound: The host has no owner.
    """
    deed = farm.deed_of(host)
    if deed is None:
        raise NotFound(f"the host {host.name} has no owner")
    return deed


def deeds_of(farm: Farm, owners: list[Owner]) -> host_pb2.DeedSeq:
    """The deeds of owners."""
    ids = {owner.id for owner in owners}
    deeds = [deed_message(farm, deed) for deed in farm.deeds.values() if deed.owner in ids]
    return host_pb2.DeedSeq(deeds=deeds)


def create_owner(farm: Farm, name: str, show: Show) -> Owner:
    """Make an owner whose hosts prefer a show."""
    name = checked_name(name, "owner")
    if any(owner.name == name for owner in farm.owners.values()):
        raise Exists(f"the owner {name!r} already exists")
    owner = Owner(str(uuid.uuid4()), name, show.id)
    farm.owners[owner.id] = owner
    farm.touch("owner", owner.id, owner)
    return owner


def owner_message(farm: Farm, owner: Owner) -> host_pb2.Owner:
    """An owner."""
    count = sum(deed.owner == owner.id for deed in farm.deeds.values())
    return host_pb2.Owner(id=owner.id, name=owner.name, show=farm.shows[owner.show].name, host_count=count)


def deed_message(farm: Farm, deed: Deed) -> host_pb2.Deed:
    """A deed."""
    owner = farm.owners[deed.owner]
    return host_pb2.Deed(
        id=deed.id, host=farm.hosts[deed.host].name, owner=owner.name, show=farm.shows[owner.show].name
    )


def _remove_deed(farm: Farm, deed: Deed) -> None:
    del farm.deeds[deed.id]
    farm.touch("deed", deed.id, None)


class OwnerService(Service):
    """``host.OwnerInterface``."""

    name = "host.OwnerInterface"

    def GetOwner(self, request: Any) -> Fields:
        return {"owner": owner_message(self.farm, find_owner(self.farm, request.name))}

    def GetDeeds(self, request: Any) -> Fields:
        return {"deeds": deeds_of(self.farm, [find_owner(self.farm, request.owner)])}

    def GetHosts(self, request: Any) -> Fields:
        owner = find_owner(self.farm, request.owner)
        hosts = [self.farm.hosts[deed.host] for deed in self.farm.deeds.values() if deed.owner == owner.id]
        messages = [host_message(self.farm, host) for host in hosts]
        return {"hosts": host_pb2.HostSeq(hosts=messages)}

    def TakeOwnership(self, request: Any) -> None:
        """Give a NIMBY host to an owner, by name or id, whoever had it before."""
        owner, host = find_owner(self.farm, request.owner), find_host(self.farm, request.host)
        if not host.nimby_enabled:
            raise Invalid(f"the host {host.name} does not run with NIMBY; only such hosts can have an owner")
        before = self.farm.deed_of(host)
        if before is not None:
            _remove_deed(self.farm, before)
        deed = Deed(str(uuid.uuid4()), host.id, owner.id)
        self.farm.deeds[deed.id] = deed
        self.farm.touch("deed", deed.id, deed)

    def SetShow(self, request: Any) -> None:
        """Set the show that the hosts of an owner prefer."""
        owner, show = find_owner(self.farm, request.owner), find_show(self.farm, request.show)
        owner.show = show.id
        self.farm.touch("owner", owner.id, owner)

    def Delete(self, request: Any) -> None:
        """Delete an owner. The hosts stay, without an owner."""
        owner = find_owner(self.farm, request.owner)
        for deed in [deed for deed in self.farm.deeds.values() if deed.owner == owner.id]:
            _remove_deed(self.farm, deed)
        del self.farm.owners[owner.id]
        self.farm.touch("owner", owner.id, None)


class DeedService(Service):
    """``host.DeedInterface``."""

    name = "host.DeedInterface"

    def GetHost(self, request: Any) -> Fields:
        host = self.farm.hosts[self._find(request.deed.id).host]
        return {"host": host_message(self.farm, host)}

    def GetOwner(self, request: Any) -> Fields:
        owner = self.farm.owners[self._find(request.deed.id).owner]
        return {"owner": owner_message(self.farm, owner)}

    def Delete(self, request: Any) -> None:
        """Remove the owner of a host."""
        _remove_deed(self.farm, self._find(request.deed.id))

    def _find(self, id: str) -> Deed:
        deed = self.farm.deeds.get(id)
        if deed is None:
            raise NotFound(f"no deed {id!r}")
        return deed
