# SPDX-License-Identifier: Apache-2.0
"""Shows: made, found, switched on and off, archived and removed."""

from __future__ import annotations

from typing import Any

from opencue_proto import filter_pb2, job_pb2, service_pb2, show_pb2, subscription_pb2

from ..farm.things import Show
from ..seed import make_show
from .group_service import whiteboard
from .messages import job_message
from .owner_service import create_owner, deeds_of, owner_message
from .rpc import Exists, Invalid, NotFound, Service
from .service_service import create_override, override_message
from .show_ends import archive_show, delete_show
from .subscription_service import create_subscription
from .thing_finding import checked_name, core_points, find_allocation, find_show
from .thing_messages import group_message, show_message, subscription_message

__all__ = ["ShowService"]


class ShowService(Service):
    """``show.ShowInterface``, without filters and departments."""

    name = "show.ShowInterface"

    # -- finding -------------------------------------------------------------------------------------------------

    def FindShow(self, request: show_pb2.ShowFindShowRequest) -> show_pb2.ShowFindShowResponse:
        """Return the show of a name."""
        return show_pb2.ShowFindShowResponse(show=show_message(self.farm, find_show(self.farm, request.name)))

    def GetShows(self, request: show_pb2.ShowGetShowsRequest) -> show_pb2.ShowGetShowsResponse:
        """Return all shows, sorted by name."""
        return show_pb2.ShowGetShowsResponse(shows=self._shows(list(self.farm.shows.values())))

    def GetActiveShows(self, request: show_pb2.ShowGetActiveShowsRequest) -> show_pb2.ShowGetActiveShowsResponse:
        """Return the shows that take jobs."""
        active = [show for show in self.farm.shows.values() if show.active]
        return show_pb2.ShowGetActiveShowsResponse(shows=self._shows(active))

    def _shows(self, shows: list[Show]) -> show_pb2.ShowSeq:
        shows.sort(key=lambda show: show.name)
        return show_pb2.ShowSeq(shows=[show_message(self.farm, show) for show in shows])

    # -- what a show has -----------------------------------------------------------------------------------------

    def GetJobs(self, request: show_pb2.ShowGetJobsRequest) -> show_pb2.ShowGetJobsResponse:
        """Return the pending jobs of a show."""
        show = find_show(self.farm, request.show)
        jobs = [job_message(self.farm, job) for job in self.farm.pending.values() if job.facts.show == show.id]
        return show_pb2.ShowGetJobsResponse(jobs=job_pb2.JobSeq(jobs=jobs))

    def GetGroups(self, request: show_pb2.ShowGetGroupsRequest) -> show_pb2.ShowGetGroupsResponse:
        """Return all groups of a show, at whatever level."""
        show = find_show(self.farm, request.show)
        groups = [group_message(self.farm, group) for group in self.farm.groups.values() if group.show == show.id]
        groups.sort(key=lambda group: (group.level, group.name))
        return show_pb2.ShowGetGroupsResponse(groups=job_pb2.GroupSeq(groups=groups))

    def GetRootGroup(self, request: show_pb2.ShowGetRootGroupRequest) -> show_pb2.ShowGetRootGroupResponse:
        """Return the group of a show that all others are in."""
        group = self.farm.root_group(find_show(self.farm, request.show).id)
        return show_pb2.ShowGetRootGroupResponse(group=group_message(self.farm, group))

    def GetJobWhiteboard(self, request: show_pb2.ShowGetJobWhiteboardRequest) -> show_pb2.ShowGetJobWhiteboardResponse:
        """Return the groups of a show within each other, with the ids of their jobs and the jobs themselves."""
        root = self.farm.root_group(find_show(self.farm, request.show).id)
        return show_pb2.ShowGetJobWhiteboardResponse(whiteboard=whiteboard(self.farm, root))

    def GetSubscriptions(self, request: show_pb2.ShowGetSubscriptionRequest) -> show_pb2.ShowGetSubscriptionResponse:
        """Return what a show has subscribed to."""
        show = find_show(self.farm, request.show)
        found = [
            subscription_message(self.farm, one) for one in self.farm.subscriptions.values() if one.show == show.id
        ]
        found.sort(key=lambda subscription: subscription.name)
        return show_pb2.ShowGetSubscriptionResponse(subscriptions=subscription_pb2.SubscriptionSeq(subscriptions=found))

    def GetServiceOverrides(
        self, request: show_pb2.ShowGetServiceOverridesRequest
    ) -> show_pb2.ShowGetServiceOverridesResponse:
        """Return what a show has in the place of services."""
        show = find_show(self.farm, request.show)
        found = [override_message(one) for one in self.farm.services.values() if one.show == show.id]
        overrides = service_pb2.ServiceOverrideSeq(service_overrides=found)
        return show_pb2.ShowGetServiceOverridesResponse(service_overrides=overrides)

    def GetServiceOverride(
        self, request: show_pb2.ShowGetServiceOverrideRequest
    ) -> show_pb2.ShowGetServiceOverrideResponse:
        """Return what a show has in the place of the service of a name."""
        show = find_show(self.farm, request.show)
        service = self.farm.find_service(request.name, show.id)
        if service is None:
            raise NotFound(f"the show {show.name} has no override of the service {request.name!r}")
        return show_pb2.ShowGetServiceOverrideResponse(service_override=override_message(service))

    def GetFilters(self, request: show_pb2.ShowGetFiltersRequest) -> show_pb2.ShowGetFiltersResponse:
        """Return no filters: there are none."""
        find_show(self.farm, request.show)
        return show_pb2.ShowGetFiltersResponse(filters=filter_pb2.FilterSeq())

    def GetDeeds(self, request: show_pb2.ShowGetDeedsRequest) -> show_pb2.ShowGetDeedsResponse:
        """Return the deeds of hosts that prefer a show."""
        show = find_show(self.farm, request.show)
        owners = [owner for owner in self.farm.owners.values() if owner.show == show.id]
        return show_pb2.ShowGetDeedsResponse(deeds=deeds_of(self.farm, owners))

    # -- making --------------------------------------------------------------------------------------------------

    def CreateShow(self, request: show_pb2.ShowCreateShowRequest) -> show_pb2.ShowCreateShowResponse:
        """Make a show. Until it gets a subscription it may use what OpenCue's first show may; not with ``strict``."""
        name = checked_name(request.name, "show")
        if self.farm.find_show(name):
            raise Exists(f"there is a show {name!r} already")
        show = make_show(self.farm, name, is_subscribed=self.farm.useful, is_implicit=True)
        return show_pb2.ShowCreateShowResponse(show=show_message(self.farm, show))

    def CreateSubscription(
        self, request: show_pb2.ShowCreateSubscriptionRequest
    ) -> show_pb2.ShowCreateSubscriptionResponse:
        """Subscribe a show to an allocation; size and burst are in cores."""
        show = find_show(self.farm, request.show)
        allocation = find_allocation(self.farm, request.allocation_id)
        made = create_subscription(self.farm, show, allocation, request.size, request.burst)
        return show_pb2.ShowCreateSubscriptionResponse(subscription=subscription_message(self.farm, made))

    def CreateServiceOverride(
        self, request: show_pb2.ShowCreateServiceOverrideRequest
    ) -> show_pb2.ShowCreateServiceOverrideResponse:
        """Give a show something of its own in the place of a service."""
        made = create_override(self.farm, find_show(self.farm, request.show), request.service)
        return show_pb2.ShowCreateServiceOverrideResponse(service_override=override_message(made))

    def CreateOwner(self, request: show_pb2.ShowCreateOwnerRequest) -> show_pb2.ShowCreateOwnerResponse:
        """Make an owner whose hosts prefer a show."""
        owner = create_owner(self.farm, request.name, find_show(self.farm, request.show))
        return show_pb2.ShowCreateOwnerResponse(owner=owner_message(self.farm, owner))

    # -- changing ------------------------------------------------------------------------------------------------

    def SetActive(self, request: show_pb2.ShowSetActiveRequest) -> show_pb2.ShowSetActiveResponse:
        """Let a show take jobs and start frames, or not."""
        self._set(request, active=request.value)
        return show_pb2.ShowSetActiveResponse()

    def EnableBooking(self, request: show_pb2.ShowEnableBookingRequest) -> show_pb2.ShowEnableBookingResponse:
        """Let a show get more room on hosts, or only what its own frames leave."""
        self._set(request, booking_enabled=request.enabled)
        return show_pb2.ShowEnableBookingResponse()

    def EnableDispatching(
        self, request: show_pb2.ShowEnableDispatchingRequest
    ) -> show_pb2.ShowEnableDispatchingResponse:
        """Let frames of a show start, or not."""
        self._set(request, dispatch_enabled=request.enabled)
        return show_pb2.ShowEnableDispatchingResponse()

    def SetSchedulerManaged(
        self, request: show_pb2.ShowSetSchedulerManagedRequest
    ) -> show_pb2.ShowSetSchedulerManagedResponse:
        """Note that another scheduler shall start a show's frames."""
        self._set(request, scheduler_managed=request.enabled)
        return show_pb2.ShowSetSchedulerManagedResponse()

    def SetCommentEmail(self, request: show_pb2.ShowSetCommentEmailRequest) -> show_pb2.ShowSetCommentEmailResponse:
        """Note to whom comments shall be sent; this server sends no mail."""
        self._set(request, comment_email=request.email)
        return show_pb2.ShowSetCommentEmailResponse()

    def SetDefaultMinCores(
        self, request: show_pb2.ShowSetDefaultMinCoresRequest
    ) -> show_pb2.ShowSetDefaultMinCoresResponse:
        """Say what jobs of a show have as their least cores."""
        self._set(request, default_min_cores=_points(request.min_cores))
        return show_pb2.ShowSetDefaultMinCoresResponse()

    def SetDefaultMaxCores(
        self, request: show_pb2.ShowSetDefaultMaxCoresRequest
    ) -> show_pb2.ShowSetDefaultMaxCoresResponse:
        """Say how many cores a job of a show may use."""
        self._set(request, default_max_cores=_points(request.max_cores))
        return show_pb2.ShowSetDefaultMaxCoresResponse()

    def SetDefaultMinGpus(
        self, request: show_pb2.ShowSetDefaultMinGpusRequest
    ) -> show_pb2.ShowSetDefaultMinGpusResponse:
        """Say what jobs of a show have as their least GPUs."""
        self._set(request, default_min_gpus=_count(request.min_gpus))
        return show_pb2.ShowSetDefaultMinGpusResponse()

    def SetDefaultMaxGpus(
        self, request: show_pb2.ShowSetDefaultMaxGpusRequest
    ) -> show_pb2.ShowSetDefaultMaxGpusResponse:
        """Say how many GPUs a job of a show may use."""
        self._set(request, default_max_gpus=_count(request.max_gpus))
        return show_pb2.ShowSetDefaultMaxGpusResponse()

    def _set(self, request: Any, **values: Any) -> None:
        show = find_show(self.farm, request.show)
        for name, value in values.items():
            setattr(show, name, value)
        self.farm.touch("show", show.id, show)
        self.farm.wake()

    # -- ending --------------------------------------------------------------------------------------------------

    def Archive(self, request: show_pb2.ShowArchiveRequest) -> show_pb2.ShowArchiveResponse:
        """Rename a show; what is launched to its old name becomes another show's."""
        archive_show(self.farm, find_show(self.farm, request.show), find_show(self.farm, request.target_show_name))
        return show_pb2.ShowArchiveResponse()

    def Delete(self, request: show_pb2.ShowDeleteRequest) -> show_pb2.ShowDeleteResponse:
        """Remove a show without pending jobs, and all that is only its own."""
        delete_show(self.farm, find_show(self.farm, request.show))
        return show_pb2.ShowDeleteResponse()


def _points(cores: float) -> int:
    if cores < 0:
        raise Invalid(f"{cores:g} is no number of cores")
    return core_points(cores)


def _count(gpus: int) -> int:
    if gpus < 0:
        raise Invalid(f"{gpus} is no number of GPUs")
    return gpus
