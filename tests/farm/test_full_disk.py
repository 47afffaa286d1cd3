# SPDX-License-Identifier: Apache-2.0
"""A server whose state file cannot grow any more, as on a full disk: it says so, and goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

import grpc
from opencue_proto import job_pb2, job_pb2_grpc

from cuebot_stub.server import FarmServer
from tests.farm.jobs import Layer, launch
from tests.support import until

MANY = [Layer(f"layer_{number:03d}", "true" + " " * 3000 + "x") for number in range(300)]


@pytest.fixture
def server(make_farm_server: Callable[..., FarmServer], tmp_path: Path) -> FarmServer:
    """Return a server with a job, whose file has room for very little more."""
    made = make_farm_server(state=tmp_path / "farm.db")
    launch(made, Layer("frame", "true"), name="before")
    set_room(made, 8)
    return made


def set_room(server: FarmServer, pages: int) -> None:
    """Let the file of a server grow by so many pages."""
    assert server._store is not None
    with server.farm.work():
        count = server._store._db.execute("PRAGMA page_count").fetchone()[0]
        server._store._db.execute(f"PRAGMA max_page_count={count + pages}")


def names(server: FarmServer) -> list[str]:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stub = job_pb2_grpc.JobInterfaceStub(channel)
        response = stub.GetJobNames(job_pb2.JobGetJobNamesRequest(r=job_pb2.JobSearchCriteria()))
    return [name.rpartition("_")[2] for name in response.names]


def test_client_hears_that_its_job_is_not_safe(server: FarmServer):
    with pytest.raises(grpc.RpcError) as raised:
        launch(server, *MANY, name="big")

    assert raised.value.code() is grpc.StatusCode.INTERNAL
    assert "cannot write to the state file" in raised.value.details()
    assert "database or disk is full" in raised.value.details()


def test_others_are_served(server: FarmServer):
    with pytest.raises(grpc.RpcError):
        launch(server, *MANY, name="big")

    assert names(server) == ["before", "big"]


def test_log_has_a_line_and_no_tracebacks(server: FarmServer, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING), pytest.raises(grpc.RpcError):
        launch(server, *MANY, name="big")

    assert [record.exc_info for record in caplog.records] == [None]
    assert "no frame starts until the state can be saved" in caplog.text


def test_all_is_saved_when_there_is_room_again(
    server: FarmServer, make_farm_server: Callable[..., FarmServer], tmp_path: Path
):
    with pytest.raises(grpc.RpcError):
        launch(server, *MANY, name="big")
    set_room(server, 10000)

    until(lambda: not server.farm.unsaved.is_failing)

    server.stop()
    assert names(make_farm_server(state=tmp_path / "farm.db")) == ["before", "big"]
