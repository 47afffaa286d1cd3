# SPDX-License-Identifier: Apache-2.0
"""Facilities, their allocations, and the subscriptions of shows to these."""

from __future__ import annotations

from typing import Any

from ..farm.errors import Exists, InUse, Invalid
from ..farm.farm import Farm
from ..farm.hosting import default_allocation, move_host
from ..farm.things import DEFAULT_FACILITY, Allocation, Facility, Show, Subscription
from .calls import call, sets
from .cores import core_points
from .finding import by_name, checked_name, find, find_host, find_subscription, new_name
from .host_service import search_hosts
from .rpc import Answer, Service

__all__ = ["AllocationService", "FacilityService", "SubscriptionService", "create_subscription"]


class FacilityService(Service):
    """``facility.FacilityInterface``."""

    name = "facility.FacilityInterface"

    Get = call(lambda farm, request: find(farm.facilities, request.name))

    def Create(self, request: Any) -> Answer:
        return self.farm.facilities.create(self._new_name(request.name))

    def _new_name(self, text: str) -> str:
        name = new_name(self.farm.facilities, text.lower())
        if "." in name:
            raise Invalid(f"{text!r} cannot name a facility: a dot separates it from the names of its allocations")
        return name

    def Rename(self, facility: Facility, request: Any) -> None:
        """Rename a facility, also in its allocations, hosts and jobs."""
        farm = self.farm
        old, new = facility.name, self._new_name(request.new_name)
        self._keep_default(old)
        farm.facilities.change(facility, name=new)
        for one in farm.allocations.where(facility=old):
            farm.allocations.change(one, name=f"{new}{one.name.removeprefix(old)}", facility=new)
        for host in farm.hosts.where(facility=old):
            farm.hosts.change(host, facility=new)
        for job in farm.jobs.where(facility=old):
            job.facts.facility = new
            farm.jobs.save(job)

    def Delete(self, request: Any) -> None:
        """Remove a facility without allocations and jobs."""
        farm, facility = self.farm, find(self.farm.facilities, request.name)
        self._keep_default(facility.name)
        allocations = farm.allocations.where(facility=facility.name)
        jobs = len(farm.jobs.where(facility=facility.name, state="PENDING"))
        if allocations or jobs:
            raise InUse(f"the facility {facility.name} has {len(allocations)} allocations and {jobs} pending jobs")
        farm.facilities.remove(facility)

    def _keep_default(self, name: str) -> None:
        if name == DEFAULT_FACILITY:
            raise InUse(f"jobs that name no facility go to {name!r}; it keeps its name and cannot be deleted")


class AllocationService(Service):
    """``facility.AllocationInterface``."""

    name, kind = "facility.AllocationInterface", "allocation"

    Find = call(lambda farm, request: find(farm.allocations, request.name))
    Get = call(lambda farm, request: find(farm.allocations, request.id))
    GetAll = call(lambda farm, request: sorted(farm.allocations.values(), key=by_name))
    GetHosts = call(lambda farm, one, request: sorted(farm.hosts.where(allocation=one.id), key=by_name))
    FindHosts = call(lambda farm, one, request: search_hosts(farm, request.r, farm.hosts.where(allocation=one.id)))

    def GetSubscriptions(self, allocation: Allocation, request: Any) -> Answer:
        found = self.farm.subscriptions.where(allocation=allocation.id)
        return sorted(found, key=lambda one: self.farm.shows[one.show].name)

    GetDefault = call(lambda farm, request: default_allocation(farm.allocations))

    def Create(self, request: Any) -> Answer:
        """Make an allocation. The name has no facility in it."""
        facility = find(self.farm.facilities, request.facility)
        tag = checked_name(request.tag, "tag")
        name = self._new_name(facility.name, request.name)
        self.farm.wake()
        return self.farm.allocations.create(name, tag, facility.name)

    def _new_name(self, facility: str, text: str) -> str:
        short = text.removeprefix(f"{facility}.")
        if "." in short:
            raise Invalid(f"{text!r} cannot name an allocation of {facility}: it must not contain a dot")
        checked_name(short, "allocation")
        return new_name(self.farm.allocations, f"{facility}.{short}", spell=str.lower)

    SetBillable = sets("billable")

    def SetName(self, one: Allocation, request: Any) -> None:
        """Rename an allocation. The name has no facility in it."""
        is_same = request.name in (one.name, one.name.partition(".")[2])
        self._change(one, name=one.name if is_same else self._new_name(one.facility, request.name))

    SetTag = sets("tag", lambda tag: checked_name(tag, "tag"))  # for all its hosts

    def SetDefault(self, allocation: Allocation, request: Any) -> None:
        """Make this the allocation for new hosts that ask for none."""
        for one in self.farm.allocations.values():
            self.farm.allocations.change(one, is_default=one is allocation)

    def ReparentHosts(self, allocation: Allocation, request: Any) -> None:
        for host in [find_host(self.farm.hosts, message) for message in request.hosts.hosts]:
            move_host(self.farm, host, allocation)

    def Delete(self, allocation: Allocation, request: Any) -> None:
        """Delete an allocation without hosts and subscriptions."""
        farm = self.farm
        if allocation is default_allocation(farm.allocations):
            raise InUse(f"{allocation.name} is the allocation of new hosts; make another one the default first")
        hosts, mine = (
            len(farm.hosts.where(allocation=allocation.id)),
            farm.subscriptions.where(allocation=allocation.id),
        )
        shows = [farm.shows[one.show].name for one in mine if not one.implicit]
        if hosts or shows:
            raise InUse(
                f"the allocation {allocation.name} has {hosts} hosts, and {len(shows)} shows have subscribed to it"
                + (f": {', '.join(sorted(shows))}" if shows else "")
            )
        farm.subscriptions.remove(*mine)
        farm.allocations.remove(allocation)


def create_subscription(farm: Farm, show: Show, allocation: Allocation, size: float, burst: float) -> Subscription:
    """Subscribe a show to an allocation. Sizes are in cores. The first one removes implicit subscriptions.

    Raises:
        Exists: The show has subscribed to it already.
    """
    if farm.subscriptions.first(show=show.id, allocation=allocation.id, implicit=False):
        raise Exists(f"the show {show.name} already has a subscription to {allocation.name}")
    points = core_points(size), core_points(burst)
    farm.subscriptions.remove(*farm.subscriptions.where(show=show.id, implicit=True))
    farm.wake()
    return farm.subscriptions.create(show.id, allocation.id, *points)


class SubscriptionService(Service):
    """``subscription.SubscriptionInterface``. Sizes are in core points."""

    name, kind = "subscription.SubscriptionInterface", "subscription"

    Find = call(lambda farm, request: find_subscription(farm, request.name))
    Get = call(lambda farm, request: find_subscription(farm, request.id))
    SetSize = sets("size")
    SetBurst = sets("burst")

    def _change(self, thing: Subscription, **facts: Any) -> None:
        super()._change(thing, implicit=False, **facts)

    def Delete(self, subscription: Subscription, request: Any) -> None:
        """Delete a subscription that no running frame uses."""
        running = self.farm.procs.usage.of("share", subscription.show, subscription.allocation).procs
        if running:
            raise InUse(f"{running} frames are running on this subscription; set its burst to 0 and wait, or kill them")
        self.farm.subscriptions.remove(subscription)
