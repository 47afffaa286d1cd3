# SPDX-License-Identifier: Apache-2.0
"""Filters of shows with their matchers and actions: make, change, order and run them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from opencue_proto import filter_pb2

from ..farm import filters
from ..farm.errors import Invalid, NotFound
from ..farm.farm import Farm
from ..farm.things import Action, Filter, Matcher, Show
from .calls import Call, call, sets
from .finding import enum_name, find, find_job, new_name
from .rpc import Answer, Service
from .thing_messages import ACTION_VALUES

__all__ = ["ActionService", "FilterService", "MatcherService", "create_filter", "find_filter"]

_LONGEST_ACTION = 24


def find_filter(farm: Farm, request: Any) -> Filter:
    """A show's filter by name.

    Raises:
        NotFound: There is none.
    """
    show = find(farm.shows, request.show)
    found = farm.filters.first(show=show.id, name=request.name)
    if found is None:
        raise NotFound(f"the show {show.name} has no filter {request.name!r}")
    return found


def create_filter(farm: Farm, show: Show, name: str) -> Filter:
    """Make the last filter of a show. It has no matchers yet and matches no job."""
    made = Filter(str(uuid.uuid4()), _new_name(farm, show, name), show.id, order=float("inf"))
    farm.filters.add(made)
    filters.order_filters(farm, show.id)
    return made


def _new_name(farm: Farm, show: Show, name: str) -> str:
    return new_name(farm.filters, name, f"the show {show.name}", show=show.id)


def _matcher(farm: Farm, filter: Filter, data: Any, id: str) -> Matcher:
    subject, type = enum_name(filter_pb2.MatchSubject, data.subject), enum_name(filter_pb2.MatchType, data.type)
    return Matcher(id, subject, type, data.input)


def _action(farm: Farm, filter: Filter, data: Any, id: str) -> Action:
    type, kind = enum_name(filter_pb2.ActionType, data.type), enum_name(filter_pb2.ActionValueType, data.value_type)
    if len(type) > _LONGEST_ACTION:
        raise Invalid(f"Cuebot cannot store the action {type}: the name is longer than {_LONGEST_ACTION} letters")
    value = getattr(data, ACTION_VALUES[kind]) if kind in ACTION_VALUES else None
    if kind == "GROUP_TYPE" and find(farm.groups, value).show != filter.show:
        raise Invalid(f"the group {find(farm.groups, value).name} is not of the filter's show")
    return Action(id, type, kind, value)


_MAKERS: dict[str, Callable[[Farm, Filter, Any, str], Any]] = {"matchers": _matcher, "actions": _action}


def _put(farm: Farm, filter: Filter, parts: str, id: str, new: Any = None) -> None:
    """Put a matcher or an action in the place of the one with this id, or at the end; None removes it."""
    found = {**{one.id: one for one in getattr(filter, parts)}, id: new}
    kept = [one for one in found.values() if one is not None]
    if parts == "actions":  # the one that stops comes last
        kept.sort(key=lambda action: action.type == "STOP_PROCESSING")
    farm.filters.change(filter, **{parts: kept})


def _moves(order: Callable[[Filter, Any], float]) -> Call:
    """A call that moves a filter to before a place, counted from 1."""

    def move(service: Service, request: Any) -> None:
        filter = find(service.farm.filters, request.filter)
        filter.order = order(filter, request) - 0.1
        filters.order_filters(service.farm, filter.show)

    return move


class FilterService(Service):
    """``filter.FilterInterface``."""

    name, kind = "filter.FilterInterface", "filter"

    FindFilter = call(lambda farm, request: find_filter(farm, request))
    GetMatchers = call(lambda farm, request: find(farm.filters, request.filter).matchers)
    GetActions = call(lambda farm, request: find(farm.filters, request.filter).actions)

    def CreateMatcher(self, request: Any) -> Answer:
        return self._create(request, "matchers")

    def CreateAction(self, request: Any) -> Answer:
        return self._create(request, "actions")

    def _create(self, request: Any, parts: str) -> Any:
        filter = find(self.farm.filters, request.filter)
        made = _MAKERS[parts](self.farm, filter, request.data, str(uuid.uuid4()))
        _put(self.farm, filter, parts, made.id, made)
        return made

    SetEnabled = sets("enabled")
    SetType = sets("type")  # whether a job must match all matchers, or any

    def SetName(self, request: Any) -> None:
        filter = find(self.farm.filters, request.filter)
        show, is_same = self.farm.shows[filter.show], filter.name == request.name
        self._change(request.filter, name=filter.name if is_same else _new_name(self.farm, show, request.name))

    def Delete(self, request: Any) -> None:
        filter = find(self.farm.filters, request.filter)
        self.farm.filters.remove(filter)
        filters.order_filters(self.farm, filter.show)

    RaiseOrder = _moves(lambda filter, request: filter.order - 1)
    LowerOrder = _moves(lambda filter, request: filter.order + 1.2)
    OrderFirst = _moves(lambda filter, request: 0)
    OrderLast = _moves(lambda filter, request: float("inf"))
    SetOrder = _moves(lambda filter, request: request.order)

    def RunFilterOnJobs(self, request: Any) -> None:
        filter = find(self.farm.filters, request.filter)
        for job in [find_job(self.farm, message) for message in request.jobs.jobs]:
            filters.apply_filter(self.farm, filter, job)

    def RunFilterOnGroup(self, request: Any) -> None:
        filter, group = find(self.farm.filters, request.filter), find(self.farm.groups, request.group)
        for job in [job for job in self.farm.jobs.values() if job.facts.group == group.id]:
            filters.apply_filter(self.farm, filter, job)


class _PartService(Service):
    """The calls about a part of a filter: a matcher or an action."""

    part: ClassVar[str]

    def Commit(self, request: Any) -> None:
        message, filter = self._find(request)
        made = _MAKERS[f"{self.part}s"](self.farm, filter, message, message.id)
        _put(self.farm, filter, f"{self.part}s", message.id, made)

    def GetParentFilter(self, request: Any) -> Answer:
        return self._find(request)[1]

    def Delete(self, request: Any) -> None:
        message, filter = self._find(request)
        _put(self.farm, filter, f"{self.part}s", message.id)

    def _find(self, request: Any) -> tuple[Any, Filter]:
        message = getattr(request, self.part)
        for filter in self.farm.filters.values():
            if any(one.id == message.id for one in getattr(filter, f"{self.part}s")):
                return message, filter
        raise NotFound(f"no {self.part} {message.id!r}")


class MatcherService(_PartService):
    """``filter.MatcherInterface``."""

    name, part = "filter.MatcherInterface", "matcher"


class ActionService(_PartService):
    """``filter.ActionInterface``."""

    name, part = "filter.ActionInterface", "action"
