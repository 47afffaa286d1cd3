# SPDX-License-Identifier: Apache-2.0
"""Facilities and their allocations."""

from __future__ import annotations

import uuid
from typing import Any

from opencue_proto import facility_pb2, host_pb2, subscription_pb2

from ..farm.farm import Farm
from ..farm.hosting import move_host
from ..farm.hosts import Host
from ..farm.launch import DEFAULT_FACILITY
from ..farm.things import Allocation, Facility
from .host_service import search_hosts
from .rpc import Exists, Fields, InUse, Invalid, Service
from .subscription_service import drop_subscription
from .thing_finding import checked_name, find_allocation, find_facility, find_host
from .thing_messages import allocation_message, host_message, subscription_message

__all__ = ["AllocationService", "FacilityService"]


def _facility_message(facility: Facility) -> facility_pb2.Facility:
    return facility_pb2.Facility(id=facility.id, name=facility.name)


def _allocations(farm: Farm, facility: str = "") -> facility_pb2.AllocationSeq:
    found = [one for one in farm.allocations.values() if facility in ("", one.facility)]
    messages = [allocation_message(farm, one) for one in sorted(found, key=lambda one: one.name)]
    return facility_pb2.AllocationSeq(allocations=messages)


class FacilityService(Service):
    """``facility.FacilityInterface``."""

    name = "facility.FacilityInterface"

    def Get(self, request: Any) -> Fields:
        return {"facility": _facility_message(find_facility(self.farm, request.name))}

    def Create(self, request: Any) -> Fields:
        facility = Facility(str(uuid.uuid4()), self._new_name(request.name))
        self.farm.facilities[facility.id] = facility
        self.farm.touch("facility", facility.id, facility)
        return {"facility": _facility_message(facility)}

    def _new_name(self, text: str) -> str:
        name = checked_name(text, "facility").lower()
        if "." in name:
            raise Invalid(f"{text!r} cannot name a facility: a dot separates it from the names of its allocations")
        if any(facility.name == name for facility in self.farm.facilities.values()):
            raise Exists(f"the facility {name!r} already exists")
        return name

    def Rename(self, request: Any) -> None:
        """Rename a facility, also in its allocations, hosts and jobs."""
        farm, facility = self.farm, find_facility(self.farm, request.facility)
        old, new = facility.name, self._new_name(request.new_name)
        self._keep_default(old)
        facility.name = new
        farm.touch("facility", facility.id, facility)
        for allocation in [one for one in farm.allocations.values() if one.facility == old]:
            allocation.name, allocation.facility = f"{new}{allocation.name.removeprefix(old)}", new
            farm.touch("allocation", allocation.id, allocation)
        for host in [one for one in farm.hosts.values() if one.facility == old]:
            host.facility = new
            farm.touch("host", host.id, host)
        for job in [one for one in farm.jobs.values() if one.facts.facility == old]:
            job.facts.facility = new
            farm.touch_job(job)

    def Delete(self, request: Any) -> None:
        """Remove a facility without allocations and jobs."""
        farm, facility = self.farm, find_facility(self.farm, request.name)
        self._keep_default(facility.name)
        allocations = [one.name for one in farm.allocations.values() if one.facility == facility.name]
        jobs = sum(job.facts.facility == facility.name for job in farm.pending.values())
        if allocations or jobs:
            raise InUse(f"the facility {facility.name} has {len(allocations)} allocations and {jobs} pending jobs")
        del farm.facilities[facility.id]
        farm.touch("facility", facility.id, None)

    def _keep_default(self, name: str) -> None:
        if name == DEFAULT_FACILITY:
            raise InUse(f"jobs that name no facility go to {name!r}; it keeps its name and cannot be deleted")


class AllocationService(Service):
    """``facility.AllocationInterface``."""

    name = "facility.AllocationInterface"

    # -- finding -------------------------------------------------------------------------------------------------

    def Find(self, request: Any) -> Fields:
        """The allocation of a name, ``facility.name``."""
        allocation = find_allocation(self.farm, request.name)
        return {"allocation": allocation_message(self.farm, allocation)}

    def Get(self, request: Any) -> Fields:
        """An allocation by its id, or its name."""
        allocation = find_allocation(self.farm, request.id)
        return {"allocation": allocation_message(self.farm, allocation)}

    def GetAll(self, request: Any) -> Fields:
        """All allocations, sorted by name."""
        return {"allocations": _allocations(self.farm)}

    def GetHosts(self, request: Any) -> Fields:
        hosts = self._hosts(find_allocation(self.farm, request.allocation))
        messages = [host_message(self.farm, host) for host in hosts]
        return {"hosts": host_pb2.HostSeq(hosts=messages)}

    def FindHosts(self, request: Any) -> Fields:
        hosts = self._hosts(find_allocation(self.farm, request.allocation))
        return {"hosts": search_hosts(self.farm, request.r, hosts)}

    def _hosts(self, allocation: Allocation) -> list[Host]:
        hosts = [host for host in self.farm.hosts.values() if host.allocation == allocation.id]
        return sorted(hosts, key=lambda host: host.name)

    def GetSubscriptions(self, request: Any) -> Fields:
        allocation = find_allocation(self.farm, request.allocation)
        found = [
            subscription_message(self.farm, one)
            for one in self.farm.subscriptions.values()
            if one.allocation == allocation.id
        ]
        found.sort(key=lambda subscription: subscription.show_name)
        subscriptions = subscription_pb2.SubscriptionSeq(subscriptions=found)
        return {"subscriptions": subscriptions}

    def GetDefault(self, request: Any) -> Fields:
        default = self.farm.default_allocation()
        return {"allocation": allocation_message(self.farm, default)}

    # -- making and changing -------------------------------------------------------------------------------------

    def Create(self, request: Any) -> Fields:
        """Make an allocation. The name has no facility in it."""
        facility = find_facility(self.farm, request.facility)
        tag = checked_name(request.tag, "tag")
        name = self._new_name(facility.name, request.name)
        allocation = Allocation(str(uuid.uuid4()), name, tag, facility.name)
        self.farm.allocations[allocation.id] = allocation
        self._changed(allocation)
        return {"allocation": allocation_message(self.farm, allocation)}

    def _new_name(self, facility: str, text: str) -> str:
        name = checked_name(text.removeprefix(f"{facility}."), "allocation")
        if "." in name:
            raise Invalid(f"{text!r} cannot name an allocation of {facility}: it must not contain a dot")
        if self.farm.find_allocation(f"{facility}.{name}"):
            raise Exists(f"the allocation '{facility}.{name}' already exists")
        return f"{facility}.{name}"

    def SetName(self, request: Any) -> None:
        """Rename an allocation. The name has no facility in it."""
        allocation = find_allocation(self.farm, request.allocation)
        if request.name not in (allocation.name, allocation.name.partition(".")[2]):
            allocation.name = self._new_name(allocation.facility, request.name)
        self._changed(allocation)

    def SetTag(self, request: Any) -> None:
        """Change the tag of an allocation, for all its hosts."""
        allocation = find_allocation(self.farm, request.allocation)
        allocation.tag = checked_name(request.tag, "tag")
        self._changed(allocation)

    def SetBillable(self, request: Any) -> None:
        """Store whether the use of an allocation is billed."""
        allocation = find_allocation(self.farm, request.allocation)
        allocation.billable = request.value
        self._changed(allocation)

    def SetDefault(self, request: Any) -> None:
        """Make this the allocation for new hosts that ask for none."""
        default = find_allocation(self.farm, request.allocation)
        for allocation in self.farm.allocations.values():
            allocation.is_default = allocation is default
            self._changed(allocation)

    def _changed(self, allocation: Allocation) -> None:
        self.farm.touch("allocation", allocation.id, allocation)
        self.farm.wake()

    def ReparentHosts(self, request: Any) -> None:
        allocation = find_allocation(self.farm, request.allocation)
        for host in [find_host(self.farm, message) for message in request.hosts.hosts]:
            move_host(self.farm, host, allocation)

    def Delete(self, request: Any) -> None:
        """Delete an allocation without hosts and subscriptions."""
        farm, allocation = self.farm, find_allocation(self.farm, request.allocation)
        if allocation is farm.default_allocation():
            raise InUse(f"{allocation.name} is the allocation of new hosts; make another one the default first")
        hosts = len(self._hosts(allocation))
        mine = [one for one in farm.subscriptions.values() if one.allocation == allocation.id]
        shows = [farm.shows[one.show].name for one in mine if not one.implicit]
        if hosts or shows:
            raise InUse(
                f"the allocation {allocation.name} has {hosts} hosts, and {len(shows)} shows have subscribed to it"
                + (f": {', '.join(sorted(shows))}" if shows else "")
            )
        for one in mine:
            drop_subscription(farm, one)
        del farm.allocations[allocation.id]
        farm.touch("allocation", allocation.id, None)
