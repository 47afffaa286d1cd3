# SPDX-License-Identifier: Apache-2.0
"""Shapes that many calls have in common, so that a service has one line for each such call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..farm import steering
from .finding import enum_name

__all__ = ["Call", "acts", "call", "kill_reason", "kills", "sets"]

Call = Callable[..., Any]  # a method of a service, see ``rpc``


def call(function: Callable[..., Any]) -> Call:
    """A call that takes one line: what it returns for a farm, and for all that its method gets."""
    return lambda service, *given: function(service.farm, *given)


def sets(fact: str, change: Callable[[Any], Any] = lambda value: value) -> Call:
    """A call that sets a fact of its thing, by the service's ``_change``, to the second field of its request.

    Enums are set by name.
    """

    def set_fact(service: Any, thing: Any, request: Any) -> None:
        field = request.DESCRIPTOR.fields[1]
        given = getattr(request, field.name)
        value = change(given) if field.enum_type is None else enum_name(field.enum_type, given)
        service._change(thing, **{fact: value})

    return set_fact


def acts(action: Callable[..., Any]) -> Call:
    """A call that does something to the frames of its thing, see ``EndCalls._frames``."""
    return lambda service, *given: action(service.farm, *service._frames(*given))


def kill_reason(what: str, request: Any) -> str:
    """The reason of a kill, for the log of the frame."""
    who = f" by {request.username}" if request.username else ""
    return f"{what} was killed{who}: {request.reason or 'no reason given'}"


def kills(service: Any, thing: Any, request: Any) -> None:
    """A call that ends the processes of frames. They run again if they have tries left."""
    job, refs = service._frames(thing, request)
    steering.kill_frames(service.farm, job, refs, kill_reason("the frame", request))
