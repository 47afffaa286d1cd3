# SPDX-License-Identifier: Apache-2.0
"""Filters of shows with their matchers and actions: make, change, order and run them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from opencue_proto import filter_pb2

from ..farm import filters
from ..farm.errors import Invalid
from ..farm.farm import Farm
from ..farm.saving import Table
from ..farm.things import Action, Filter, Matcher, Show
from .calls import Call, call, sets
from .finding import enum_name, existing, find, find_job, new_name
from .rpc import Answer, Service
from .thing_messages import ACTION_VALUES

__all__ = ["ActionService", "FilterService", "MatcherService", "create_filter", "find_filter"]

_LONGEST_ACTION = 24


def find_filter(table: Table[Filter], show: Show, name: str) -> Filter:
    """A show's filter by name.

    Raises:
        NotFound: There is none.
    """
    return existing(table.first(show=show.id, name=name), f"the show {show.name} has no filter {name!r}")


def create_filter(table: Table[Filter], show: Show, name: str) -> Filter:
    """Make the last filter of a show. It has no matchers yet and matches no job."""
    made = table.create(_new_name(table, show, name), show.id, order=float("inf"))
    filters.order_filters(table, show.id)
    return made


def _new_name(table: Table[Filter], show: Show, name: str) -> str:
    return new_name(table, name, f"the show {show.name}", show=show.id)


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


def _put(table: Table[Filter], filter: Filter, parts: str, id: str, new: Any = None) -> None:
    """Put a matcher or an action in the place of the one with this id, or at the end; None removes it."""
    found = {**{one.id: one for one in getattr(filter, parts)}, id: new}
    kept = [one for one in found.values() if one is not None]
    if parts == "actions":  # the one that stops comes last
        kept.sort(key=lambda action: action.type == "STOP_PROCESSING")
    table.change(filter, **{parts: kept})


def _moves(order: Callable[[Filter, Any], float]) -> Call:
    """A call that moves a filter to before a place, counted from 1."""

    def move(service: Service, filter: Filter, request: Any) -> None:
        filter.order = order(filter, request) - 0.1
        filters.order_filters(service.farm.filters, filter.show)

    return move


class FilterService(Service):
    """``filter.FilterInterface``."""

    name, kind = "filter.FilterInterface", "filter"

    FindFilter = call(lambda farm, request: find_filter(farm.filters, find(farm.shows, request.show), request.name))
    GetMatchers = call(lambda farm, filter, request: filter.matchers)
    GetActions = call(lambda farm, filter, request: filter.actions)

    def CreateMatcher(self, filter: Filter, request: Any, parts: str = "matchers") -> Answer:
        made = _MAKERS[parts](self.farm, filter, request.data, str(uuid.uuid4()))
        _put(self.farm.filters, filter, parts, made.id, made)
        return made

    def CreateAction(self, filter: Filter, request: Any) -> Answer:
        return self.CreateMatcher(filter, request, "actions")

    SetEnabled = sets("enabled")
    SetType = sets("type")  # whether a job must match all matchers, or any

    def SetName(self, filter: Filter, request: Any) -> None:
        show, is_same = self.farm.shows[filter.show], filter.name == request.name
        self._change(filter, name=filter.name if is_same else _new_name(self.farm.filters, show, request.name))

    def Delete(self, filter: Filter, request: Any) -> None:
        self.farm.filters.remove(filter)
        filters.order_filters(self.farm.filters, filter.show)

    RaiseOrder = _moves(lambda filter, request: filter.order - 1)
    LowerOrder = _moves(lambda filter, request: filter.order + 1.2)
    OrderFirst = _moves(lambda filter, request: 0)
    OrderLast = _moves(lambda filter, request: float("inf"))
    SetOrder = _moves(lambda filter, request: request.order)

    def RunFilterOnJobs(self, filter: Filter, request: Any) -> None:
        for job in [find_job(self.farm.jobs, message) for message in request.jobs.jobs]:
            filters.apply_filter(self.farm, filter, job)

    def RunFilterOnGroup(self, filter: Filter, request: Any) -> None:
        for job in self.farm.jobs.where(group=find(self.farm.groups, request.group).id):
            filters.apply_filter(self.farm, filter, job)


class _PartService(Service):
    """The calls about a part of a filter: a matcher or an action."""

    part: ClassVar[str]

    GetParentFilter = call(lambda farm, filter, request: filter)

    def Commit(self, filter: Filter, request: Any) -> None:
        message = getattr(request, self.part)
        made = _MAKERS[f"{self.part}s"](self.farm, filter, message, message.id)
        _put(self.farm.filters, filter, f"{self.part}s", message.id, made)

    def Delete(self, filter: Filter, request: Any) -> None:
        _put(self.farm.filters, filter, f"{self.part}s", getattr(request, self.part).id)


class MatcherService(_PartService):
    """``filter.MatcherInterface``."""

    name, part = "filter.MatcherInterface", "matcher"


class ActionService(_PartService):
    """``filter.ActionInterface``."""

    name, part = "filter.ActionInterface", "action"
