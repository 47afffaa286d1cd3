# SPDX-License-Identifier: Apache-2.0
"""Calls that say nothing, or name what is not there: each gets an answer with a reason, and Cuebot's code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

import grpc
from google.protobuf import message_factory

from cuebot_stub.farm.farm import Farm
from cuebot_stub.services.all import all_services
from cuebot_stub.services.rpc import all_service_descriptors
from tests.specs import one_layer

# Where a Cuebot says NOT_FOUND, beside all of ``JobInterface``, and where it has nothing to look for; else it says
# INTERNAL. To some calls about what is not there it says OK and does nothing, which is not imitated.
NOT_FOUND = {
    "AllocationInterface.Find", "AllocationInterface.Get", "DependInterface.GetDepend", "FacilityInterface.Get",
    "FilterInterface.FindFilter", "FrameInterface.FindFrame", "FrameInterface.GetFrame", "GroupInterface.FindGroup",
    "GroupInterface.GetGroup", "HostInterface.FindHost", "HostInterface.GetHost", "LayerInterface.FindLayer",
    "LayerInterface.GetLayer", "OwnerInterface.GetOwner", "ProcInterface.GetJob", "ServiceInterface.GetService",
    "ShowInterface.FindShow", "SubscriptionInterface.Find", "SubscriptionInterface.Get",
}  # fmt: skip
OK = {
    "AllocationInterface.GetAll", "AllocationInterface.GetDefault", "CueInterface.GetSystemStats",
    "DepartmentInterface.GetDepartmentNames", "HostInterface.GetHosts", "HostInterface.GetHostWhiteboard",
    "JobInterface.GetJobNames", "JobInterface.GetJobs", "JobInterface.IsJobPending", "LimitInterface.GetAll",
    "ProcInterface.GetProcs", "RqdReportInterface.ReportRunningFrameCompletion", "ServiceInterface.GetDefaultServices",
    "ShowInterface.GetActiveShows", "ShowInterface.GetShows",
}  # fmt: skip
LAUNCHES = ("LaunchSpec", "LaunchSpecAndWait")


def _implemented() -> dict[str, Any]:
    services = {service.name: service for service in all_services(Farm.__new__(Farm))}
    return {
        f"{descriptor.name}.{method.name}": method
        for descriptor in all_service_descriptors()
        for method in descriptor.methods
        if hasattr(services.get(descriptor.full_name), method.name) and method.name not in LAUNCHES
    }


METHODS = _implemented()


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    """A channel to a server with a host and a job."""
    from cuebot_stub.server import FarmServer
    from tests.fakes.daemons import FakeDaemons

    server = FarmServer(log_root=tmp_path_factory.mktemp("logs"))
    server.start()
    daemons = FakeDaemons(server.farm)
    daemons.add("node1")
    daemons.launch(one_layer(frames="1-9"))
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel
    server.stop(grace_seconds=0.2)


def answer(channel: grpc.Channel, method: Any, request: Any) -> tuple[str, str]:
    """How a call ended, and why."""
    call = channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
    )
    try:
        call(request)
    except grpc.RpcError as error:
        return error.code().name, error.details()
    return "OK", ""


def filled(method: Any) -> Any:
    """A request in which all that can be named is named something that is not there."""
    request = message_factory.GetMessageClass(method.input_type)()
    for field in method.input_type.fields:
        if field.message_type is not None and field.message_type.fields_by_name.get("id") and not _is_list(field):
            getattr(request, field.name).id = "not-there"
        elif field.type == field.TYPE_STRING and not _is_list(field):
            setattr(request, field.name, "not/there")
    return request


def _is_list(field: Any) -> bool:
    return bool(field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED)


def expected(name: str) -> str:
    if name in OK:
        return "OK"
    return "NOT_FOUND" if name in NOT_FOUND or name.startswith("JobInterface.") else "INTERNAL"


def test_calls_about_what_is_not_there_get_the_codes_of_cuebot(channel: grpc.Channel):
    answers = {name: answer(channel, method, filled(method)) for name, method in METHODS.items()}

    assert {name: code for name, (code, _) in answers.items()} == {name: expected(name) for name in METHODS}
    assert [why for code, why in answers.values() if "failed in the server" in why or (code != "OK" and not why)] == []


def test_empty_calls_are_answered_with_a_reason(channel: grpc.Channel):
    answers = {
        name: answer(channel, method, message_factory.GetMessageClass(method.input_type)())
        for name, method in METHODS.items()
    }

    assert {code for code, _ in answers.values()} <= {"OK", "NOT_FOUND", "INTERNAL"}
    assert [why for code, why in answers.values() if "failed in the server" in why or (code != "OK" and not why)] == []
