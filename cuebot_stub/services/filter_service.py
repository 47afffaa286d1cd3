# SPDX-License-Identifier: Apache-2.0
"""Filters of shows with their matchers and actions: make, change, order and run them."""

from __future__ import annotations

import uuid
from typing import Any

from opencue_proto import filter_pb2

from ..farm import filters
from ..farm.farm import Farm
from ..farm.things import Action, Filter, Matcher, Show
from .finding import enum_name, find_job
from .rpc import Exists, Fields, Invalid, NotFound, Service
from .thing_finding import checked_name, find_filter, find_group, find_show

__all__ = ["ActionService", "FilterService", "MatcherService", "create_filter", "filter_message", "named_filter"]

_LONGEST_ACTION = 24
_VALUES = {
    "GROUP_TYPE": "group_value",
    "STRING_TYPE": "string_value",
    "INTEGER_TYPE": "integer_value",
    "FLOAT_TYPE": "float_value",
    "BOOLEAN_TYPE": "boolean_value",
}


def filter_message(filter: Filter) -> filter_pb2.Filter:
    """A filter without its matchers and actions."""
    return filter_pb2.Filter(
        id=filter.id,
        name=filter.name,
        type=filter_pb2.FilterType.Value(filter.type),
        order=filter.order,
        enabled=filter.enabled,
    )


def _matcher_message(matcher: Matcher) -> filter_pb2.Matcher:
    return filter_pb2.Matcher(
        id=matcher.id,
        subject=filter_pb2.MatchSubject.Value(matcher.subject),
        type=filter_pb2.MatchType.Value(matcher.type),
        input=matcher.input,
    )


def _action_message(action: Action) -> filter_pb2.Action:
    value = {_VALUES[action.value_type]: action.value} if action.value_type in _VALUES else {}
    return filter_pb2.Action(
        id=action.id,
        type=filter_pb2.ActionType.Value(action.type),
        value_type=filter_pb2.ActionValueType.Value(action.value_type),
        **value,
    )


def named_filter(farm: Farm, show: Show, name: str) -> Filter | None:
    """A show's filter by name."""
    return next((one for one in filters.filters_of(farm, show.id) if one.name == name), None)


def create_filter(farm: Farm, show: Show, name: str) -> Filter:
    """Make the last filter of a show. It has no matchers yet and matches no job."""
    made = Filter(str(uuid.uuid4()), _new_name(farm, show, name), show.id, order=float("inf"))
    farm.filters[made.id] = made
    filters.order_filters(farm, show.id)
    return made


def _new_name(farm: Farm, show: Show, name: str) -> str:
    if named_filter(farm, show, name):
        raise Exists(f"the show {show.name} already has a filter {name!r}")
    return checked_name(name, "filter")


def _matcher(data: Any, id: str) -> Matcher:
    subject, type = enum_name(filter_pb2.MatchSubject, data.subject), enum_name(filter_pb2.MatchType, data.type)
    return Matcher(id, subject, type, data.input)


def _action(farm: Farm, filter: Filter, data: Any, id: str) -> Action:
    type, kind = enum_name(filter_pb2.ActionType, data.type), enum_name(filter_pb2.ActionValueType, data.value_type)
    if len(type) > _LONGEST_ACTION:
        raise Invalid(f"Cuebot cannot store the action {type}: the name is longer than {_LONGEST_ACTION} letters")
    value = getattr(data, _VALUES[kind]) if kind in _VALUES else None
    if kind == "GROUP_TYPE" and find_group(farm, value).show != filter.show:
        raise Invalid(f"the group {find_group(farm, value).name} is not of the filter's show")
    return Action(id, type, kind, value)


def _sort_actions(filter: Filter) -> None:
    filter.actions.sort(key=lambda action: action.type == "STOP_PROCESSING")


class FilterService(Service):
    """``filter.FilterInterface``."""

    name = "filter.FilterInterface"

    # -- finding -------------------------------------------------------------------------------------------------

    def FindFilter(self, request: Any) -> Fields:
        """A show's filter by name."""
        show = find_show(self.farm, request.show)
        found = named_filter(self.farm, show, request.name)
        if found is None:
            raise NotFound(f"the show {show.name} has no filter {request.name!r}")
        return {"filter": filter_message(found)}

    def GetMatchers(self, request: Any) -> Fields:
        """The matchers of a filter, oldest first."""
        matchers = find_filter(self.farm, request.filter).matchers
        return {"matchers": {"matchers": map(_matcher_message, matchers)}}

    def GetActions(self, request: Any) -> Fields:
        """The actions of a filter, oldest first."""
        actions = find_filter(self.farm, request.filter).actions
        return {"actions": {"actions": map(_action_message, actions)}}

    # -- making and changing -------------------------------------------------------------------------------------

    def CreateMatcher(self, request: Any) -> Fields:
        filter = find_filter(self.farm, request.filter)
        filter.matchers.append(_matcher(request.data, str(uuid.uuid4())))
        self._changed(filter)
        return {"matcher": _matcher_message(filter.matchers[-1])}

    def CreateAction(self, request: Any) -> Fields:
        filter = find_filter(self.farm, request.filter)
        action = _action(self.farm, filter, request.data, str(uuid.uuid4()))
        filter.actions.append(action)
        _sort_actions(filter)
        self._changed(filter)
        return {"action": _action_message(action)}

    def SetEnabled(self, request: Any) -> None:
        """Switch a filter on or off."""
        filter = find_filter(self.farm, request.filter)
        filter.enabled = request.enabled
        self._changed(filter)

    def SetName(self, request: Any) -> None:
        filter = find_filter(self.farm, request.filter)
        if filter.name != request.name:
            filter.name = _new_name(self.farm, self.farm.shows[filter.show], request.name)
        self._changed(filter)

    def SetType(self, request: Any) -> None:
        """Set whether a job must match all matchers, or any."""
        filter = find_filter(self.farm, request.filter)
        filter.type = enum_name(filter_pb2.FilterType, request.type)
        self._changed(filter)

    def Delete(self, request: Any) -> None:
        filter = find_filter(self.farm, request.filter)
        del self.farm.filters[filter.id]
        self.farm.touch("filter", filter.id, None)
        filters.order_filters(self.farm, filter.show)

    def _changed(self, filter: Filter) -> None:
        self.farm.touch("filter", filter.id, filter)

    # -- order ---------------------------------------------------------------------------------------------------

    def RaiseOrder(self, request: Any) -> None:
        """Move a filter one place up."""
        filter = find_filter(self.farm, request.filter)
        self._move(filter, filter.order - 1)

    def LowerOrder(self, request: Any) -> None:
        """Move a filter one place down."""
        filter = find_filter(self.farm, request.filter)
        self._move(filter, filter.order + 1.2)

    def OrderFirst(self, request: Any) -> None:
        self._move(find_filter(self.farm, request.filter), 0)

    def OrderLast(self, request: Any) -> None:
        self._move(find_filter(self.farm, request.filter), float("inf"))

    def SetOrder(self, request: Any) -> None:
        """Move a filter to a place, counted from 1."""
        self._move(find_filter(self.farm, request.filter), request.order)

    def _move(self, filter: Filter, order: float) -> None:
        filter.order = order - 0.1
        filters.order_filters(self.farm, filter.show)

    # -- running -------------------------------------------------------------------------------------------------

    def RunFilterOnJobs(self, request: Any) -> None:
        filter = find_filter(self.farm, request.filter)
        for job in [find_job(self.farm, message.id) for message in request.jobs.jobs]:
            filters.apply_filter(self.farm, filter, job)

    def RunFilterOnGroup(self, request: Any) -> None:
        """Apply a filter to the jobs of a group that match."""
        filter, group = find_filter(self.farm, request.filter), find_group(self.farm, request.group)
        for job in [job for job in self.farm.jobs.values() if job.facts.group == group.id]:
            filters.apply_filter(self.farm, filter, job)


class MatcherService(Service):
    """``filter.MatcherInterface``."""

    name = "filter.MatcherInterface"

    def Commit(self, request: Any) -> None:
        filter, place = self._find(request.matcher)
        filter.matchers[place] = _matcher(request.matcher, request.matcher.id)
        self.farm.touch("filter", filter.id, filter)

    def GetParentFilter(self, request: Any) -> Fields:
        return {"filter": filter_message(self._find(request.matcher)[0])}

    def Delete(self, request: Any) -> None:
        filter, place = self._find(request.matcher)
        del filter.matchers[place]
        self.farm.touch("filter", filter.id, filter)

    def _find(self, message: Any) -> tuple[Filter, int]:
        for filter in self.farm.filters.values():
            for place, matcher in enumerate(filter.matchers):
                if matcher.id == message.id:
                    return filter, place
        raise NotFound(f"no matcher {message.id!r}")


class ActionService(Service):
    """``filter.ActionInterface``."""

    name = "filter.ActionInterface"

    def Commit(self, request: Any) -> None:
        filter, place = self._find(request.action)
        filter.actions[place] = _action(self.farm, filter, request.action, request.action.id)
        _sort_actions(filter)
        self.farm.touch("filter", filter.id, filter)

    def GetParentFilter(self, request: Any) -> Fields:
        return {"filter": filter_message(self._find(request.action)[0])}

    def Delete(self, request: Any) -> None:
        filter, place = self._find(request.action)
        del filter.actions[place]
        self.farm.touch("filter", filter.id, filter)

    def _find(self, message: Any) -> tuple[Filter, int]:
        for filter in self.farm.filters.values():
            for place, action in enumerate(filter.actions):
                if action.id == message.id:
                    return filter, place
        raise NotFound(f"no action {message.id!r}")
