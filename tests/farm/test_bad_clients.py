# SPDX-License-Identifier: Apache-2.0
"""Clients that send too much, read nothing or come by the thousand: the server answers the others."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

import grpc
from opencue_proto import cue_pb2, cue_pb2_grpc, host_pb2, host_pb2_grpc, job_pb2, job_pb2_grpc

from cuebot_stub.server import FarmServer
from tests.farm.bad_calls import BEGIN, begun_call
from tests.farm.jobs import Layer, launch, spec_text
from tests.support import until

MakeServer = Callable[..., FarmServer]
_UNLIMITED = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))


@pytest.fixture
def channel(farm_server: FarmServer) -> Iterator[grpc.Channel]:
    """Return a channel to the server, on which messages may have any size."""
    with grpc.insecure_channel(f"127.0.0.1:{farm_server.port}", options=_UNLIMITED) as channel:
        yield channel


def ask(server: FarmServer) -> None:
    """Call the server as the first client of many does; an error when it does not answer."""
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        cue_pb2_grpc.CueInterfaceStub(channel).GetSystemStats(cue_pb2.CueGetSystemStatsRequest(), timeout=30)


def launch_error(channel: grpc.Channel, spec: str) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        job_pb2_grpc.JobInterfaceStub(channel).LaunchSpecAndWait(job_pb2.JobLaunchSpecAndWaitRequest(spec=spec))
    return caught.value


BOMB = '<!DOCTYPE spec [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><spec>&b;</spec>'
OUTSIDE = '<!DOCTYPE spec [<!ENTITY f SYSTEM "file:///etc/passwd">]><spec><show>&f;</show></spec>'
UNKNOWN_LAYER = (
    '<depend type="LAYER_ON_LAYER" anyframe="False"><depjob>job</depjob><deplayer>one</deplayer>'
    "<onjob>job</onjob><onlayer>nowhere</onlayer></depend>"
)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("shot.outline", ["XML"]),
        ("", ["XML"]),
        (BOMB, ["entit"]),
        (OUTSIDE, ["entit"]),
        (spec_text([Layer("one", "true")], show="nosuchshow"), ["show", "nosuchshow"]),
        (spec_text([Layer("one", "true")], depends=UNKNOWN_LAYER), ["depend", "nowhere"]),
        (spec_text([Layer("one", "true", "1-1000000")]), ["1000000", "100000"]),
        (spec_text([Layer("one", "true", "1-1000000000000")]), ["range"]),
        (spec_text([Layer("one", "true", more="<memory>lots</memory>")]), ["memory", "lots"]),
        (spec_text([Layer("one", "true", more="<tags>general</tags><memory>1g</memory>")]), ["memory", "tags"]),
        (spec_text([Layer("one", "true", more="<colour>red</colour>")]), ["colour"]),
        (spec_text([Layer("one", "true", more="<limits><limit>nolimit</limit></limits>")]), ["nolimit"]),
        (spec_text([]), ["layer"]),
    ],
    ids=["no xml", "empty", "bomb", "external", "show", "depend", "million", "billions", "memory", "order", "unknown",
         "limit", "no layers"],
)  # fmt: skip
def test_spec_that_cannot_be_launched_is_refused_with_its_element_and_leaves_nothing(
    farm_server: FarmServer, channel: grpc.Channel, spec: str, words: list[str]
):
    error = launch_error(channel, spec)

    assert error.code() is grpc.StatusCode.INTERNAL
    assert [word for word in words if word not in error.details().replace(",", "")] == []
    with farm_server.farm.work() as farm:
        assert (farm.jobs, farm.jobs.pending, farm.depends) == ({}, {}, {})


def test_pending_job_is_not_launched_twice(farm_server: FarmServer, channel: grpc.Channel):
    launch(farm_server, Layer("one", "true"))

    error = launch_error(channel, spec_text([Layer("one", "true")]))

    assert "testing-shot-tester_job is already pending" in error.details()


def test_one_bad_job_of_several_lets_none_begin(farm_server: FarmServer, channel: grpc.Channel):
    good = spec_text([Layer("one", "true")])
    begin, end = good.index("<job "), good.index("</job>") + len("</job>")
    bad = good[begin:end].replace('name="job"', 'name="other"').replace("<range>1<", "<range>one<")

    launch_error(channel, good[:end] + bad + good[end:])

    with farm_server.farm.work() as farm:
        assert farm.jobs == {}


def test_message_above_the_limit_is_refused_and_others_are_answered(farm_server: FarmServer, channel: grpc.Channel):
    error = launch_error(channel, "x" * 110_000_000)

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    ask(farm_server)


def test_big_message_that_is_nothing_keeps_nobody_waiting(farm_server: FarmServer, channel: grpc.Channel):
    calls = [
        job_pb2_grpc.JobInterfaceStub(channel).LaunchSpecAndWait.future(
            job_pb2.JobLaunchSpecAndWaitRequest(spec="<spec>" + "<a>" * 3_000_000)
        )
        for _ in range(4)
    ]

    ask(farm_server)

    assert {call.exception().code() for call in calls} == {grpc.StatusCode.INTERNAL}


def test_client_that_never_reads_keeps_nobody_waiting(farm_server: FarmServer):
    launch(farm_server, Layer("big", "true", "1-20000"))
    with ExitStack() as stack:
        for _ in range(30):
            channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{farm_server.port}"))
            job_pb2_grpc.JobInterfaceStub(channel).GetJobs.future(job_pb2.JobGetJobsRequest())
        deaf = stack.enter_context(socket.create_connection(("127.0.0.1", farm_server.port)))
        deaf.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")

        ask(farm_server)


def test_thousand_connections_leave_room_for_one_more(farm_server: FarmServer):
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(socket.create_connection(("127.0.0.1", farm_server.port)))

        ask(farm_server)


def test_calls_that_begin_and_do_not_go_on_keep_nobody_waiting(farm_server: FarmServer):
    with ExitStack() as stack:
        for _ in range(50):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", farm_server.port)))
            one.sendall(BEGIN + b"".join(begun_call(2 * number + 1) for number in range(20)))
        until(lambda: sum("cuebot-stub_" in thread.name for thread in threading.enumerate()) >= 400)

        ask(farm_server)


def test_message_that_cannot_be_read_is_refused_without_a_traceback(
    channel: grpc.Channel, caplog: pytest.LogCaptureFixture
):
    call = channel.unary_unary("/job.JobInterface/GetJob")

    with pytest.raises(grpc.RpcError) as caught:
        call(b"\xff\xff\xff")

    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert caught.value.details() == "the request is not a valid message of job.JobInterface/GetJob"
    assert caplog.records == []


def test_rubbish_instead_of_http2_ends_only_that_connection(farm_server: FarmServer):
    with socket.create_connection(("127.0.0.1", farm_server.port)) as rubbish:
        rubbish.sendall(b"GET / HTTP/1.0\r\n\r\n" + b"\xff" * 100_000)

        ask(farm_server)


def test_call_that_is_not_implemented_says_its_name(channel: grpc.Channel):
    stub = host_pb2_grpc.HostInterfaceStub(channel)

    with pytest.raises(grpc.RpcError) as caught:
        stub.RestartRqdNow(host_pb2.HostRestartRqdNowRequest())

    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "host.HostInterface/RestartRqdNow" in caught.value.details()


def test_health_is_told_for_every_service(channel: grpc.Channel):
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    from cuebot_stub.services.rpc import all_service_names

    stub = health_pb2_grpc.HealthStub(channel)

    answers = {name: stub.Check(health_pb2.HealthCheckRequest(service=name)).status for name in all_service_names()}

    assert len(answers) == 28
    assert set(answers.values()) == {health_pb2.HealthCheckResponse.SERVING}


def test_reflection_lists_every_service(channel: grpc.Channel):
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

    from cuebot_stub.services.rpc import all_service_names

    listed = set(ProtoReflectionDescriptorDatabase(channel).get_services())

    assert set(all_service_names()) <= listed
