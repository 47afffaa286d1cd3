# SPDX-License-Identifier: Apache-2.0
"""Calls that say nothing, or name what is not there: each gets an answer with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

import grpc
from google.protobuf import message_factory

from cuebot_stub.farm.farm import Farm
from cuebot_stub.services.all import all_services
from cuebot_stub.services.rpc import all_service_descriptors
from tests.specs import one_layer

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.fakes.daemons import FakeDaemons

C = grpc.StatusCode
REASONS = {C.OK, C.NOT_FOUND, C.INVALID_ARGUMENT, C.FAILED_PRECONDITION, C.ALREADY_EXISTS, C.UNIMPLEMENTED}
LAUNCHES = ("LaunchSpec", "LaunchSpecAndWait")


def _implemented() -> list[Any]:
    services = {service.name: service for service in all_services(Farm.__new__(Farm))}
    return [
        method
        for descriptor in all_service_descriptors()
        for method in descriptor.methods
        if hasattr(services.get(descriptor.full_name), method.name) and method.name not in LAUNCHES
    ]


METHODS = _implemented()


@pytest.fixture
def channel(farm_server: FarmServer, daemons: FakeDaemons) -> Iterator[grpc.Channel]:
    """Return a channel to a server with a host and a job."""
    daemons.add("node1")
    daemons.launch(one_layer(frames="1-9"))
    with grpc.insecure_channel(f"127.0.0.1:{farm_server.port}") as channel:
        yield channel


def code_of(channel: grpc.Channel, method: Any, request: Any) -> Any:
    """Return how a call ended, and why."""
    call = channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
    )
    try:
        call(request, timeout=20)
    except grpc.RpcError as error:
        return error.code(), error.details()
    return C.OK, ""


def filled(method: Any) -> Any:
    """Return a request in which all that can be named is named something that is not there."""
    request = message_factory.GetMessageClass(method.input_type)()
    for field in method.input_type.fields:
        if field.message_type is not None and field.message_type.fields_by_name.get("id") and not _is_list(field):
            getattr(request, field.name).id = "not-there"
        elif field.type == field.TYPE_STRING and not _is_list(field):
            setattr(request, field.name, "not/there")
    return request


def _is_list(field: Any) -> bool:
    return bool(field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED)


@pytest.mark.parametrize("method", METHODS, ids=[f"{one.containing_service.name}.{one.name}" for one in METHODS])
def test_empty_call_is_answered_with_a_reason(channel: grpc.Channel, method: Any):
    code, why = code_of(channel, method, message_factory.GetMessageClass(method.input_type)())

    assert code in REASONS, why
    assert code is C.OK or why


@pytest.mark.parametrize("method", METHODS, ids=[f"{one.containing_service.name}.{one.name}" for one in METHODS])
def test_call_about_what_is_not_there_is_answered_with_a_reason(channel: grpc.Channel, method: Any):
    code, why = code_of(channel, method, filled(method))

    assert code in REASONS, why
    assert code is C.OK or why
