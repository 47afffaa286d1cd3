# SPDX-License-Identifier: Apache-2.0
"""A server that is killed at any moment and started again: no job, no state and no running frame is lost."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

import grpc
from opencue_proto import job_pb2, job_pb2_grpc

from cuebot_stub.up.client import FarmClient
from tests.farm.command import start_stub
from tests.farm.hosts import Rqd
from tests.farm.jobs import Layer
from tests.farm.killed_server import KilledServer
from tests.support import until

#: How often the server of two hosts is killed; SERVER_KILLS=30 is what a release is tried with.
KILLS = int(os.environ.get("SERVER_KILLS") or 3)


@pytest.fixture
def killed_server(tmp_path: Path) -> Iterator[KilledServer]:
    """Return a server that runs."""
    server = KilledServer(tmp_path)
    server.start()
    yield server
    server.kill()


def test_every_job_whose_launch_was_answered_and_every_pause_is_there_after_a_kill(killed_server: KilledServer):
    answered = [killed_server.launch("paused", Layer("one", "true", "1-50"))]
    with grpc.insecure_channel(f"127.0.0.1:{killed_server.port}") as channel:
        stub = job_pb2_grpc.JobInterfaceStub(channel)
        stub.Pause(job_pb2.JobPauseRequest(job=killed_server.jobs()[str(answered[0])]))
    for turn in range(4):
        answered += [killed_server.launch(f"job{turn}_{number}", Layer("one", "true", "1-50")) for number in range(8)]
        killed_server.kill()
        killed_server.start()

    found = killed_server.jobs()

    assert sorted(found) == sorted(str(name) for name in answered)
    assert {job.job_stats.waiting_frames for job in found.values()} == {50}
    assert [name for name, job in found.items() if job.is_paused] == answered[:1]


@pytest.fixture
def two_hosts(
    killed_server: KilledServer, rqd_environment: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Rqd]]:
    """Return two real RQDs at the server that is killed."""
    hosts = [
        Rqd(rqd_environment, tmp_path_factory.mktemp("rqd"), killed_server.port, name=name, cores=3, fast_pings=True)
        for name in ("node1", "node2")
    ]
    for host in hosts:
        host.start()
    for host in hosts:
        host.wait_registered()
    yield hosts
    for host in hosts:
        host.stop()


def kill_while_jobs_run(server: KilledServer, marks: Path, chance: random.Random) -> None:
    """Launch jobs, and kill the server in the midst of each; frames also end while there is none."""
    for number in range(KILLS):
        command = f"echo $CUE_JOB >> '{marks}/begun-#IFRAME#'; sleep 0.4; echo $CUE_JOB >> '{marks}/done-#IFRAME#'"
        assert server.launch(f"job{number}", Layer("mark", command, f"{100 * number + 1}-{100 * number + 20}"))
        for pause in chance.choice([(0.0, 0.0), (0.0, 0.5), (1.5,)]):
            time.sleep(chance.uniform(0.1, 1.0))
            server.kill()
            time.sleep(pause)  # of which RQD bridges some, and gives up after about a second
            server.start()


@pytest.mark.realtool
@pytest.mark.slow
@pytest.mark.timeout(300 + 20 * KILLS)
def test_each_frame_of_two_hosts_runs_once_though_their_server_is_killed(
    killed_server: KilledServer, two_hosts: list[Rqd], tmp_path_factory: pytest.TempPathFactory
):
    marks = tmp_path_factory.mktemp("marks")

    kill_while_jobs_run(killed_server, marks, random.Random(KILLS))

    until(lambda: {job.state for job in killed_server.jobs().values()} == {job_pb2.FINISHED})
    stats = [job.job_stats for job in killed_server.jobs().values()]
    assert [(one.succeeded_frames, one.total_frames) for one in stats] == [(20, 20)] * KILLS
    runs = Counter(len(mark.read_text().splitlines()) for mark in marks.iterdir())
    assert runs == {1: 40 * KILLS}  # each has begun once, and has ended once


def test_second_server_on_the_same_state_is_refused(killed_server: KilledServer, tmp_path: Path):
    second = start_stub("serve", "--port", 0, "--state", tmp_path / "state.db", log=tmp_path / "second.log")

    status = second.wait()

    lines = (tmp_path / "second.log").read_text().splitlines()
    assert (status, len(lines)) == (2, 1)
    assert "another server uses it" in lines[0]
    with FarmClient(f"127.0.0.1:{killed_server.port}") as client:
        assert client.answers()
