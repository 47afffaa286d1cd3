# SPDX-License-Identifier: Apache-2.0
"""Shows: make, find, switch, archive and delete them."""

from __future__ import annotations

from typing import Any

from opencue_proto import job_pb2, service_pb2, show_pb2, subscription_pb2

from ..farm.filters import filters_of
from ..farm.things import Show
from ..seed import make_show
from .cores import whole_points
from .department_service import department_message, find_department
from .filter_service import create_filter, filter_message, named_filter
from .group_service import whiteboard
from .messages import job_message
from .owner_service import create_owner, deeds_of, owner_message
from .rpc import Exists, Fields, Invalid, NotFound, Service
from .service_service import create_override, override_message
from .show_ends import archive_show, delete_show
from .subscription_service import create_subscription
from .thing_finding import checked_name, find_allocation, find_show
from .thing_messages import group_message, show_message, subscription_message

__all__ = ["ShowService"]


class ShowService(Service):
    """``show.ShowInterface``."""

    name = "show.ShowInterface"

    # -- finding -------------------------------------------------------------------------------------------------

    def FindShow(self, request: Any) -> Fields:
        return {"show": show_message(self.farm, find_show(self.farm, request.name))}

    def GetShows(self, request: Any) -> Fields:
        """All shows, sorted by name."""
        return {"shows": self._shows(list(self.farm.shows.values()))}

    def GetActiveShows(self, request: Any) -> Fields:
        """The shows that accept jobs."""
        active = [show for show in self.farm.shows.values() if show.active]
        return {"shows": self._shows(active)}

    def _shows(self, shows: list[Show]) -> show_pb2.ShowSeq:
        shows.sort(key=lambda show: show.name)
        return show_pb2.ShowSeq(shows=[show_message(self.farm, show) for show in shows])

    # -- what a show has -----------------------------------------------------------------------------------------

    def GetJobs(self, request: Any) -> Fields:
        """The pending jobs of a show."""
        show = find_show(self.farm, request.show)
        jobs = [job_message(self.farm, job) for job in self.farm.pending.values() if job.facts.show == show.id]
        return {"jobs": job_pb2.JobSeq(jobs=jobs)}

    def GetGroups(self, request: Any) -> Fields:
        """All groups of a show, on all levels."""
        show = find_show(self.farm, request.show)
        groups = [group_message(self.farm, group) for group in self.farm.groups.values() if group.show == show.id]
        groups.sort(key=lambda group: (group.level, group.name))
        return {"groups": job_pb2.GroupSeq(groups=groups)}

    def GetRootGroup(self, request: Any) -> Fields:
        group = self.farm.root_group(find_show(self.farm, request.show).id)
        return {"group": group_message(self.farm, group)}

    def GetJobWhiteboard(self, request: Any) -> Fields:
        """The tree of a show's groups, with their jobs."""
        root = self.farm.root_group(find_show(self.farm, request.show).id)
        return {"whiteboard": whiteboard(self.farm, root)}

    def GetSubscriptions(self, request: Any) -> Fields:
        show = find_show(self.farm, request.show)
        found = [
            subscription_message(self.farm, one) for one in self.farm.subscriptions.values() if one.show == show.id
        ]
        found.sort(key=lambda subscription: subscription.name)
        return {"subscriptions": subscription_pb2.SubscriptionSeq(subscriptions=found)}

    def GetServiceOverrides(self, request: Any) -> Fields:
        show = find_show(self.farm, request.show)
        found = [override_message(one) for one in self.farm.services.values() if one.show == show.id]
        overrides = service_pb2.ServiceOverrideSeq(service_overrides=found)
        return {"service_overrides": overrides}

    def GetServiceOverride(self, request: Any) -> Fields:
        """A show's override of a service, by name."""
        show = find_show(self.farm, request.show)
        service = self.farm.find_service(request.name, show.id)
        if service is None:
            raise NotFound(f"the show {show.name} has no override of the service {request.name!r}")
        return {"service_override": override_message(service)}

    def GetFilters(self, request: Any) -> Fields:
        """The filters of a show, in the order in which they run."""
        found = filters_of(self.farm, find_show(self.farm, request.show).id)
        return {"filters": {"filters": map(filter_message, found)}}

    def FindFilter(self, request: Any) -> Fields:
        show = find_show(self.farm, request.show)
        found = named_filter(self.farm, show, request.name)
        if found is None:
            raise NotFound(f"the show {show.name} has no filter {request.name!r}")
        return {"filter": filter_message(found)}

    def GetDepartment(self, request: Any) -> Fields:
        """A department of a show, by name."""
        found = find_department(self.farm, request.department, find_show(self.farm, request.show).id)
        return {"department": department_message(self.farm, found)}

    def GetDepartments(self, request: Any) -> Fields:
        show = find_show(self.farm, request.show)
        found = [one for one in self.farm.departments.values() if one.show == show.id]
        return {"departments": {"departments": [department_message(self.farm, one) for one in found]}}

    def GetDeeds(self, request: Any) -> Fields:
        """The deeds of hosts that prefer a show."""
        show = find_show(self.farm, request.show)
        owners = [owner for owner in self.farm.owners.values() if owner.show == show.id]
        return {"deeds": deeds_of(self.farm, owners)}

    # -- making --------------------------------------------------------------------------------------------------

    def CreateShow(self, request: Any) -> Fields:
        """Make a show. Without ``strict`` it has the subscriptions of OpenCue's first show until it gets its own."""
        name = checked_name(request.name, "show")
        if any(show.name.lower() == name.lower() for show in self.farm.shows.values()):
            raise Exists(f"the show {name!r} already exists")
        show = make_show(self.farm, name, is_subscribed=self.farm.useful, is_implicit=True)
        return {"show": show_message(self.farm, show)}

    def CreateFilter(self, request: Any) -> Fields:
        """Make the last filter of a show."""
        made = create_filter(self.farm, find_show(self.farm, request.show), request.name)
        return {"filter": filter_message(made)}

    def CreateSubscription(self, request: Any) -> Fields:
        """Subscribe a show to an allocation. Size and burst are in cores."""
        show = find_show(self.farm, request.show)
        allocation = find_allocation(self.farm, request.allocation_id)
        made = create_subscription(self.farm, show, allocation, request.size, request.burst)
        return {"subscription": subscription_message(self.farm, made)}

    def CreateServiceOverride(self, request: Any) -> Fields:
        made = create_override(self.farm, find_show(self.farm, request.show), request.service)
        return {"service_override": override_message(made)}

    def CreateOwner(self, request: Any) -> Fields:
        """Make an owner whose hosts prefer a show."""
        owner = create_owner(self.farm, request.name, find_show(self.farm, request.show))
        return {"owner": owner_message(self.farm, owner)}

    # -- changing ------------------------------------------------------------------------------------------------

    def SetActive(self, request: Any) -> None:
        """Set whether a show accepts jobs and starts frames."""
        self._set(request, active=request.value)

    def EnableBooking(self, request: Any) -> None:
        """Set whether a show gets more room, or only the room that its own frames free."""
        self._set(request, booking_enabled=request.enabled)

    def EnableDispatching(self, request: Any) -> None:
        """Set whether frames of a show start."""
        self._set(request, dispatch_enabled=request.enabled)

    def SetSchedulerManaged(self, request: Any) -> None:
        """Store that another scheduler manages a show."""
        self._set(request, scheduler_managed=request.enabled)

    def SetCommentEmail(self, request: Any) -> None:
        """Store the mail address for comments. This server sends no mail."""
        self._set(request, comment_email=request.email)

    def SetDefaultMinCores(self, request: Any) -> None:
        self._set(request, default_min_cores=_points(request.min_cores))

    def SetDefaultMaxCores(self, request: Any) -> None:
        self._set(request, default_max_cores=_points(request.max_cores))

    def SetDefaultMinGpus(self, request: Any) -> None:
        self._set(request, default_min_gpus=request.min_gpus)

    def SetDefaultMaxGpus(self, request: Any) -> None:
        self._set(request, default_max_gpus=request.max_gpus)

    def _set(self, request: Any, **values: Any) -> None:
        show = find_show(self.farm, request.show)
        for name, value in values.items():
            setattr(show, name, value)
        self.farm.touch("show", show.id, show)
        self.farm.wake()

    # -- ending --------------------------------------------------------------------------------------------------

    def Archive(self, request: Any) -> None:
        """Archive a show: jobs launched to its old name go to another show."""
        archive_show(self.farm, find_show(self.farm, request.show), find_show(self.farm, request.target_show_name))

    def Delete(self, request: Any) -> None:
        """Delete a show without pending jobs, and everything that belongs to it."""
        delete_show(self.farm, find_show(self.farm, request.show))


def _points(cores: float) -> int:
    if cores < 0:
        raise Invalid(f"{cores:g} is not a number of cores")
    return whole_points(cores)
