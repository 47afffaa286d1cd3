# SPDX-License-Identifier: Apache-2.0
"""Makes gRPC handlers of plain classes, so that a service is a class with one method per call.

A method takes the thing that the first field of its request means, see ``finding``, and the request; the request alone
if that field is not the message of a thing. It returns what the response is made of, see ``answers``. It runs within
``Farm.work``: the state is locked while it runs, and saved before its response is sent. What it cannot do it says with
an exception of ``farm.errors``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from contextlib import nullcontext
from importlib import import_module
from typing import Any, ClassVar

import grpc
from google.protobuf import message_factory
from google.protobuf.message import DecodeError

from ..farm.errors import CannotDo, CannotSave, Invalid, NotFound
from ..farm.farm import Farm
from ..spec import SpecError
from .answers import answer
from .finding import subject_of

__all__ = [
    "Answer", "Service", "all_service_descriptors", "all_service_names", "make_handlers", "perform", "plain",
    "response_class", "unlocked",
]  # fmt: skip

logger = logging.getLogger("cuebot_stub.rpc")

Answer = Any  # what ``answers.answer`` makes a response of

_MODULES = (
    "comment", "cue", "department", "depend", "facility", "filter", "host", "job", "limit", "monitoring",
    "renderPartition", "report", "rqd", "service", "show", "subscription", "task",
)  # fmt: skip


# PyCue makes other exceptions of NOT_FOUND, so it is said where Cuebot says it: when one thing is asked for, and for
# all that is done to a job.
_LOOKUPS = frozenset(
    f"{service}Interface/{method}"
    for service, methods in {
        "depend.Depend": ("GetDepend",),
        "facility.Allocation": ("Find", "Get"),
        "facility.Facility": ("Get",),
        "filter.Filter": ("FindFilter",),
        "host.Host": ("FindHost", "GetHost"),
        "host.Owner": ("GetOwner",),
        "host.Proc": ("GetJob",),
        "job.Frame": ("FindFrame", "GetFrame"),
        "job.Group": ("FindGroup", "GetGroup"),
        "job.Layer": ("FindLayer", "GetLayer"),
        "service.Service": ("GetService",),
        "show.Show": ("FindShow",),
        "subscription.Subscription": ("Find", "Get"),
    }.items()
    for method in methods
)


#: Cuebot looks at their arguments first, and says so.
_CHECKED = frozenset({"job.LayerInterface/SetStartAfter"})


def _code_of(error: Exception, full_name: str) -> grpc.StatusCode:
    if isinstance(error, Invalid) and full_name in _CHECKED:
        return grpc.StatusCode.INVALID_ARGUMENT
    is_lookup = full_name in _LOOKUPS or full_name.startswith("job.JobInterface/")
    return grpc.StatusCode.NOT_FOUND if isinstance(error, NotFound) and is_lookup else grpc.StatusCode.INTERNAL


class Service:
    """A service. The subclass sets the name, perhaps the kind of things that it is about, and has the methods."""

    name: ClassVar[str]
    kind: ClassVar[str] = ""

    def __init__(self, farm: Farm) -> None:
        self.farm = farm

    def _change(self, thing: Any, **facts: Any) -> None:
        """Set facts of a thing, which may let frames start."""
        self.farm.tables[self.kind].change(thing, **facts)
        self.farm.wake()


def plain(method: Any) -> Any:
    """Mark a method that gets its request alone."""
    method.is_plain = True
    return method


def unlocked(method: Any) -> Any:
    """Mark a method that is called outside of ``Farm.work`` and enters it itself, after its slow part. It is plain."""
    method.is_unlocked = True
    return plain(method)


def perform(service: Service, method: str, request: Any) -> Any:
    """Call a method of a service, and return what the response is made of. Call it within ``Farm.work``."""
    function = getattr(service, method)
    thing = None if getattr(function, "is_plain", False) else subject_of(service.farm, request)
    return function(request) if thing is None else function(thing, request)


def all_service_names() -> list[str]:
    """The names of all services of the protocol."""
    return [service.full_name for service in all_service_descriptors()]


def make_handlers(services: Iterable[Service]) -> list[grpc.GenericRpcHandler]:
    """Handlers for all services of the protocol. Calls without a method answer UNIMPLEMENTED."""
    by_name = {service.name: service for service in services}
    handlers = []
    for descriptor in all_service_descriptors():
        service = by_name.get(descriptor.full_name)
        methods = {method.name: _handler(service, descriptor.full_name, method) for method in descriptor.methods}
        handlers.append(grpc.method_handlers_generic_handler(descriptor.full_name, methods))
    return handlers


def all_service_descriptors() -> list[Any]:
    """The descriptors of all services of the protocol."""
    found = []
    for name in _MODULES:
        module = import_module(f"opencue_proto.{name}_pb2")
        found.extend(module.DESCRIPTOR.services_by_name.values())
    return found


def response_class(service: str, method: str) -> Any:
    """The class of the response of a call."""
    (found,) = [one for one in all_service_descriptors() if one.full_name == service]
    return message_factory.GetMessageClass(found.methods_by_name[method].output_type)


def _handler(service: Service | None, service_name: str, method: Any) -> grpc.RpcMethodHandler:
    full_name = f"{service_name}/{method.name}"
    request, response = map(message_factory.GetMessageClass, (method.input_type, method.output_type))

    def call(data: bytes, context: grpc.ServicerContext) -> Any:
        try:
            message = request.FromString(data)  # here, because gRPC would log a traceback for each malformed one
        except DecodeError:
            context.abort(grpc.StatusCode.INTERNAL, f"the request is not a valid message of {full_name}")
        if service is None or not hasattr(service, method.name):
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{full_name} is not implemented by cuebot-stub")
        return _answer(service, method.name, message, response, context)

    return grpc.unary_unary_rpc_method_handler(call, response_serializer=response.SerializeToString)


_peer = threading.local()


def peer() -> str:
    """The client's address of this thread's call, in gRPC's form ``ipv4:127.0.0.1:4711``."""
    return str(getattr(_peer, "address", ""))


def _answer(service: Any, method: str, request: Any, response: Any, context: grpc.ServicerContext) -> Any:
    full_name, is_unlocked = f"{service.name}/{method}", getattr(getattr(service, method), "is_unlocked", False)
    _peer.address = context.peer()
    try:
        with nullcontext() if is_unlocked else service.farm.work():
            value = perform(service, method, request)
            with service.farm.lock:
                return answer(service.farm, response, value)
    except CannotDo as error:
        context.abort(_code_of(error, full_name), str(error))
    except CannotSave as error:
        context.abort(grpc.StatusCode.INTERNAL, f"{full_name} was done, but would not survive the server: {error}")
    except SpecError as error:
        context.abort(grpc.StatusCode.INTERNAL, f"Failed to launch and add job: {error}")
    except Exception as error:
        logger.exception("%s failed", full_name)
        context.abort(grpc.StatusCode.INTERNAL, f"{full_name} failed in the server: {error!r}; its log has more")
