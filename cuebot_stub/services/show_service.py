# SPDX-License-Identifier: Apache-2.0
"""Shows: make, find, switch, archive and delete them."""

from __future__ import annotations

from typing import Any

from ..farm.errors import Exists, InUse, Invalid
from ..farm.filters import filters_of
from ..farm.life import forget_job
from ..farm.things import Show
from ..seed import make_show
from .calls import call, sets
from .cores import least_points
from .filter_service import create_filter, find_filter
from .finding import by_name, existing, find, find_department, new_name
from .owner_service import deeds_of
from .place_service import create_subscription
from .rpc import Answer, Service
from .service_service import create_service

__all__ = ["ShowService"]

_ARCHIVED = "_archive"


class ShowService(Service):
    """``show.ShowInterface``."""

    name, kind = "show.ShowInterface", "show"

    # The old name of an archived show finds nothing, so that nobody changes the wrong show.
    FindShow = call(lambda farm, request: find(farm.shows, request.name))
    GetShows = call(lambda farm, request: sorted(farm.shows.values(), key=by_name))
    GetActiveShows = call(lambda farm, request: sorted(farm.shows.where(active=True), key=by_name))
    GetJobs = call(lambda farm, show, request: farm.jobs.where(show=show.id, state="PENDING"))

    def GetGroups(self, show: Show, request: Any) -> Answer:
        """All groups of a show, on all levels."""
        level, found = self.farm.groups.where(show=show.id, parent=""), []
        while level:
            found += sorted(level, key=by_name)
            level = [child for group in level for child in self.farm.groups.where(parent=group.id)]
        return found

    # The whiteboard is the tree of its groups with their jobs, see ``thing_messages``.
    GetRootGroup = GetJobWhiteboard = call(lambda farm, show, request: farm.groups.first(show=show.id, parent=""))

    def GetSubscriptions(self, show: Show, request: Any) -> Answer:
        found = self.farm.subscriptions.where(show=show.id)
        return sorted(found, key=lambda one: self.farm.allocations[one.allocation].name)

    GetServiceOverrides = call(lambda farm, show, request: farm.services.where(show=show.id))

    def GetServiceOverride(self, show: Show, request: Any) -> Answer:
        """A show's override of a service, by name."""
        service = self.farm.services.first(name=request.name, show=show.id)
        return existing(service, f"the show {show.name} has no override of the service {request.name!r}")

    GetFilters = call(lambda farm, show, request: filters_of(farm.filters, show.id))
    FindFilter = call(lambda farm, show, request: find_filter(farm.filters, show, request.name))
    GetDepartment = call(lambda farm, show, request: find_department(farm.departments, request.department, show))
    GetDepartments = call(lambda farm, show, request: farm.departments.where(show=show.id))
    GetDeeds = call(lambda farm, show, request: deeds_of(farm.deeds, farm.owners.where(show=show.id)))

    def CreateShow(self, request: Any) -> Answer:
        """Make a show. Without ``strict`` it has the subscriptions of OpenCue's first show until it gets its own."""
        name = new_name(self.farm.shows, request.name, spell=str.lower)
        return make_show(self.farm, name, is_subscribed=not self.farm.settings.strict, is_implicit=True)

    CreateFilter = call(lambda farm, show, request: create_filter(farm.filters, show, request.name))

    def CreateSubscription(self, show: Show, request: Any) -> Answer:
        """Subscribe a show to an allocation. Size and burst are in cores."""
        allocation = find(self.farm.allocations, request.allocation_id)
        return create_subscription(self.farm, show, allocation, request.size, request.burst)

    CreateServiceOverride = call(lambda farm, show, request: create_service(farm.services, request.service, show.id))
    CreateOwner = call(lambda farm, show, request: farm.owners.create(new_name(farm.owners, request.name), show.id))
    SetActive = sets("active")  # accepts jobs and starts frames
    EnableBooking = sets("booking_enabled")  # without, it gets only the room that its own frames free
    EnableDispatching = sets("dispatch_enabled")
    SetSchedulerManaged = sets("scheduler_managed")
    SetCommentEmail = sets("comment_email")  # stored: this server sends no mail
    SetDefaultMinCores = sets("default_min_cores", least_points)
    SetDefaultMaxCores = sets("default_max_cores", least_points)
    SetDefaultMinGpus = sets("default_min_gpus")
    SetDefaultMaxGpus = sets("default_max_gpus")

    def Archive(self, show: Show, request: Any) -> None:
        """Rename a show, and make its old name an alias of another show, to which its jobs then go."""
        shows, target = self.farm.shows, find(self.farm.shows, request.target_show_name)
        if show is target:
            raise Invalid(f"the show {show.name} cannot be archived into itself")
        new = f"{show.name}{_ARCHIVED}"
        if shows.named(new):
            raise Exists(f"the show {new!r} already exists")
        shows.change(target, aliases=sorted({*target.aliases, *show.aliases, show.name.lower()}))
        shows.change(show, name=new, aliases=[])

    def Delete(self, show: Show, request: Any) -> None:
        """Delete a show with everything that belongs to it, and its finished jobs."""
        farm = self.farm
        jobs = farm.jobs.where(show=show.id)
        busy = [job for job in jobs if not job.is_over]
        if busy:
            raise InUse(f"the show {show.name} has {len(busy)} jobs that are not over; kill them first")
        for job in jobs:
            forget_job(farm, job)
        farm.deeds.remove(*deeds_of(farm.deeds, farm.owners.where(show=show.id)))
        for table in (farm.owners, farm.filters, farm.departments, farm.groups, farm.subscriptions, farm.services):
            table.remove(*table.where(show=show.id))
        farm.shows.remove(show)
