# SPDX-License-Identifier: Apache-2.0
"""Shows: make, find, switch, archive and delete them."""

from __future__ import annotations

from typing import Any

from ..farm.errors import Exists, InUse, Invalid, NotFound
from ..farm.filters import filters_of
from ..farm.life import forget_job
from ..farm.things import Show
from ..seed import make_show
from .calls import call, sets
from .cores import whole_points
from .filter_service import create_filter, find_filter
from .finding import find, find_department, new_name
from .owner_service import create_owner, deeds_of
from .place_service import create_subscription
from .rpc import Answer, Service
from .service_service import create_service

__all__ = ["ShowService"]

_ARCHIVED = "_archive"


def _points(cores: float) -> int:
    if cores < 0:
        raise Invalid(f"{cores:g} is not a number of cores")
    return whole_points(cores)


class ShowService(Service):
    """``show.ShowInterface``."""

    name, kind = "show.ShowInterface", "show"

    def _show(self, request: Any) -> Show:
        """The show. The old name of an archived show finds nothing, so that nobody changes the wrong show."""
        return find(self.farm.shows, request.show)

    FindShow = call(lambda farm, request: find(farm.shows, request.name))
    GetShows = call(lambda farm, request: sorted(farm.shows.values(), key=lambda show: show.name))
    GetActiveShows = call(lambda farm, request: sorted(farm.shows.where(active=True), key=lambda show: show.name))

    def GetJobs(self, request: Any) -> Answer:
        show = self._show(request)
        return [job for job in self.farm.jobs.pending.values() if job.facts.show == show.id]

    def GetGroups(self, request: Any) -> Answer:
        """All groups of a show, on all levels."""
        level, found = self.farm.groups.where(show=self._show(request).id, parent=""), []
        while level:
            found += sorted(level, key=lambda group: group.name)
            level = [child for group in level for child in self.farm.groups.where(parent=group.id)]
        return found

    GetRootGroup = call(lambda farm, request: farm.groups.where(show=find(farm.shows, request.show).id, parent="")[0])

    def GetJobWhiteboard(self, request: Any) -> Answer:
        """The tree of a show's groups, with their jobs."""
        return self.GetRootGroup(request)

    def GetSubscriptions(self, request: Any) -> Answer:
        found = self.farm.subscriptions.where(show=self._show(request).id)
        return sorted(found, key=lambda one: self.farm.allocations[one.allocation].name)

    GetServiceOverrides = call(lambda farm, request: farm.services.where(show=find(farm.shows, request.show).id))

    def GetServiceOverride(self, request: Any) -> Answer:
        """A show's override of a service, by name."""
        show = self._show(request)
        service = self.farm.services.first(name=request.name, show=show.id)
        if service is None:
            raise NotFound(f"the show {show.name} has no override of the service {request.name!r}")
        return service

    GetFilters = call(lambda farm, request: filters_of(farm, find(farm.shows, request.show).id))
    FindFilter = call(lambda farm, request: find_filter(farm, request))

    def GetDepartment(self, request: Any) -> Answer:
        """A department of a show, by name."""
        return find_department(self.farm, request.department, self._show(request))

    GetDepartments = call(lambda farm, request: farm.departments.where(show=find(farm.shows, request.show).id))
    GetDeeds = call(lambda farm, request: deeds_of(farm, farm.owners.where(show=find(farm.shows, request.show).id)))

    def CreateShow(self, request: Any) -> Answer:
        """Make a show. Without ``strict`` it has the subscriptions of OpenCue's first show until it gets its own."""
        name = new_name(self.farm.shows, request.name, spell=str.lower)
        return make_show(self.farm, name, is_subscribed=self.farm.useful, is_implicit=True)

    CreateFilter = call(lambda farm, request: create_filter(farm, find(farm.shows, request.show), request.name))

    def CreateSubscription(self, request: Any) -> Answer:
        """Subscribe a show to an allocation. Size and burst are in cores."""
        show, allocation = self._show(request), find(self.farm.allocations, request.allocation_id)
        return create_subscription(self.farm, show, allocation, request.size, request.burst)

    def CreateServiceOverride(self, request: Any) -> Answer:
        return create_service(self.farm, request.service, self._show(request).id)

    CreateOwner = call(lambda farm, request: create_owner(farm, request.name, find(farm.shows, request.show)))
    SetActive = sets("active")  # accepts jobs and starts frames
    EnableBooking = sets("booking_enabled")  # without, it gets only the room that its own frames free
    EnableDispatching = sets("dispatch_enabled")
    SetSchedulerManaged = sets("scheduler_managed")
    SetCommentEmail = sets("comment_email")  # stored: this server sends no mail
    SetDefaultMinCores = sets("default_min_cores", _points)
    SetDefaultMaxCores = sets("default_max_cores", _points)
    SetDefaultMinGpus = sets("default_min_gpus")
    SetDefaultMaxGpus = sets("default_max_gpus")

    def Archive(self, request: Any) -> None:
        """Rename a show, and make its old name an alias of another show, to which its jobs then go."""
        shows, show, target = self.farm.shows, self._show(request), find(self.farm.shows, request.target_show_name)
        if show is target:
            raise Invalid(f"the show {show.name} cannot be archived into itself")
        new = f"{show.name}{_ARCHIVED}"
        if shows.named(new):
            raise Exists(f"the show {new!r} already exists")
        shows.change(target, aliases=sorted({*target.aliases, *show.aliases, show.name.lower()}))
        shows.change(show, name=new, aliases=[])

    def Delete(self, request: Any) -> None:
        """Delete a show with everything that belongs to it, and its finished jobs."""
        farm, show = self.farm, self._show(request)
        jobs = [job for job in farm.jobs.values() if job.facts.show == show.id]
        busy = [job for job in jobs if job.facts.state != "FINISHED" or job.procs]
        if busy:
            raise InUse(f"the show {show.name} has {len(busy)} jobs that are not over; kill them first")
        for job in jobs:
            forget_job(farm, job)
        farm.deeds.remove(*deeds_of(farm, farm.owners.where(show=show.id)))
        for table in (farm.owners, farm.filters, farm.departments, farm.groups, farm.subscriptions, farm.services):
            table.remove(*table.where(show=show.id))
        farm.shows.remove(show)
