# SPDX-License-Identifier: Apache-2.0
"""Shapes that many calls have in common, so that a service has one line for each such call.

In every request the first field names what it is about, and the second one is the value, if there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..farm import steering
from ..farm.farm import Farm
from .finding import enum_name

__all__ = ["Call", "acts", "call", "kill_reason", "kills", "sets"]

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


def kills(service: Any, request: Any) -> None:
    """A call that ends the processes of frames. They run again if they have tries left."""
    job, refs = service._subject(request)
    steering.kill_frames(service.farm, job, refs, kill_reason("the frame", request))
