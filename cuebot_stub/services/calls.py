# SPDX-License-Identifier: Apache-2.0
"""Shapes that many calls have in common, so that a service has one line for each such call.

In every request the first field names what it is about, and the second one is the value, if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from opencue_proto import depend_pb2

from ..farm.depend import Row
from ..farm.farm import Farm
from ..farm.linking import End, connect, drop
from .finding import enum_name, find_frame, find_job, find_layer
from .rpc import Answer, Service

__all__ = ["Call", "DependCalls", "acts", "call", "ends", "kill_reason", "sets"]

Call = Callable[[Any, Any], Any]  # a service and a request


def call(function: Callable[[Farm, Any], Any]) -> Call:
    """A call that takes one line: what it returns for a farm and a request."""
    return lambda service, request: function(service.farm, request)


def sets(fact: str, change: Callable[[Any], Any] = lambda value: value) -> Call:
    """A call that sets a fact of its subject, by the service's ``_change``, to a value. Enums are set by name."""

    def set_fact(service: Any, request: Any) -> None:
        subject, value = request.DESCRIPTOR.fields[:2]
        given = getattr(request, value.name)
        given = change(given) if value.enum_type is None else enum_name(value.enum_type, given)
        service._change(getattr(request, subject.name), **{fact: given})

    return set_fact


def acts(action: Callable[..., Any]) -> Call:
    """A call that does something to its subject, which is what the service's ``_subject`` returns: job and frames."""
    return lambda service, request: action(service.farm, *service._subject(request))


def kill_reason(what: str, request: Any) -> str:
    """The reason of a kill, for the log of the frame."""
    who = f" by {request.username}" if request.username else ""
    return f"{what} was killed{who}: {request.reason or 'no reason given'}"


class DependCalls(Service):
    """The calls about dependencies of jobs, layers and frames. The subclass says which ones are meant."""

    def _depends_of(self, end: End) -> Iterable[Row]:
        """All dependencies of an end."""
        raise NotImplementedError

    def _depends_on(self, end: End) -> Iterable[Row]:
        """All dependencies on an end."""
        raise NotImplementedError

    def _droppable(self, end: End) -> Iterable[Row]:
        """The dependencies of an end that clients can drop."""
        raise NotImplementedError

    def GetWhatThisDependsOn(self, request: Any) -> Answer:
        """The dependencies of a job, a layer or a frame."""
        return list(self._depends_of(*ends(self.farm, request, 1)))

    def GetWhatDependsOnThis(self, request: Any) -> Answer:
        """The dependencies on a job, a layer or a frame."""
        return list(self._depends_on(*ends(self.farm, request, 1)))

    def DropDepends(self, request: Any) -> None:
        """Satisfy the dependencies of a job, a layer or a frame."""
        rows = list(self._droppable(*ends(self.farm, request, 1)))
        drop(self.farm, rows, enum_name(depend_pb2.DependTarget, request.target))

    def CreateDependencyOnJob(self, request: Any) -> Answer:
        """Make one thing depend on another one."""
        er, on = ends(self.farm, request)
        return connect(self.farm, er, on)

    CreateDependencyOnLayer = CreateDependencyOnFrame = CreateDependencyOnJob


_FINDERS: dict[str, Callable[[Farm, Any], End]] = {
    "Job": lambda farm, message: End(find_job(farm, message)),
    "Layer": find_layer,
    "Frame": find_frame,
}


def ends(farm: Farm, request: Any, count: int = 2) -> list[End]:
    """The jobs, layers or frames that the first fields of a request name."""
    fields = request.DESCRIPTOR.fields[:count]
    return [_FINDERS[field.message_type.name](farm, getattr(request, field.name)) for field in fields]
