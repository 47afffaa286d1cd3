# SPDX-License-Identifier: Apache-2.0
"""What jobs mean, from spec to processes, with a real RQD. Frames leave marks in files, since logs lose lines."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

import grpc
from opencue_proto import rqd_pb2, rqd_pb2_grpc

from cuebot_stub.farm import steering
from cuebot_stub.server import FarmServer
from tests.farm.hosts import Rqd
from tests.farm.jobs import Layer, counts, launch, launch_spec, spec_text
from tests.support import until

pytestmark = pytest.mark.realtool


def lines_in(path: Path) -> list[str]:
    return sorted(path.read_text().splitlines()) if path.exists() else []


def is_finished(server: FarmServer, job_id: str) -> bool:
    with server.farm.work() as farm:
        return farm.jobs[job_id].facts.state == "FINISHED"


def locked_cores(server: FarmServer) -> int:
    with server.farm.work() as farm:
        return next(host.locked_cores for host in farm.hosts.values())


def marks(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text().strip() for path in folder.iterdir()}


def depend(kind: str, layer: str, on: str, job: str = "job") -> str:
    return (
        f'<depend type="{kind}" anyframe="False"><depjob>{job}</depjob><deplayer>{layer}</deplayer>'
        f"<onjob>{job}</onjob><onlayer>{on}</onlayer></depend>"
    )


def test_each_chunk_runs_once_with_its_tokens_and_variables(farm_server: FarmServer, rqd: Rqd, tmp_path: Path):
    command = (
        f"echo '#FRAMESPEC#' '#FRAME_START#' '#FRAME_END#' '#FRAME_CHUNK#' '#LAYER#' '#FRAME#'"
        f' "$CUE_IFRAME" "$CUE_RANGE" "$CUE_CHUNK" "$CUE_LAYER" "$CUE_FRAME" "$CUE_THREADS" "$CUE_MEMORY"'
        f" >> '{tmp_path}/#ZFRAME#'"
    )
    job = launch(farm_server, Layer("beauty", command, range="1-10", chunk=4))

    until(lambda: is_finished(farm_server, job))

    seen = "1-10 4 beauty"
    assert marks(tmp_path) == {
        "0001": f"1-4 1 4 4 beauty 0001-beauty 1 {seen} 0001-beauty 1 262144",
        "0005": f"5-8 5 8 4 beauty 0005-beauty 5 {seen} 0005-beauty 1 262144",
        "0009": f"9-10 9 10 4 beauty 0009-beauty 9 {seen} 0009-beauty 1 262144",
    }


def test_frame_that_fails_is_tried_again_and_is_dead(farm_server: FarmServer, rqd: Rqd, tmp_path: Path):
    mark = tmp_path / "runs"
    job = launch(
        farm_server, Layer("fails", f"echo x >> '{mark}'; exit 7"), retries=2
    )  # of which a spec gets one, as on Cuebot

    until(lambda: counts(farm_server, job) == {"DEAD": 1})

    with farm_server.farm.work() as farm:
        facts = farm.jobs[job].frames[0]
    assert lines_in(mark) == ["x", "x"]
    assert (facts.exit_status, facts.exit_signal, facts.retries) == (7, 0, 1)
    assert not is_finished(farm_server, job)


def test_layer_runs_when_all_of_the_other_one_is_done(farm_server: FarmServer, rqd: Rqd, tmp_path: Path):
    first, second = tmp_path / "first", tmp_path / "second"
    spec = spec_text(
        [
            Layer("second", f"cat '{first}' > '{second}'"),
            Layer("first", f"sleep 0.2; echo #IFRAME# >> '{first}'", range="1-6"),
        ],
        depends=depend("LAYER_ON_LAYER", "second", "first"),
    )

    job = launch_spec(farm_server, spec)

    until(lambda: is_finished(farm_server, job))
    assert lines_in(second) == ["1", "2", "3", "4", "5", "6"]


def test_post_layer_runs_after_a_dead_frame_was_eaten(farm_server: FarmServer, rqd: Rqd, tmp_path: Path):
    mark = tmp_path / "post"
    job = launch(
        farm_server,
        Layer("fails", "exit 1"),
        Layer("works", "true"),
        Layer("publish", f'echo "$CUE_PARENT_JOB" "$USER" > "{mark}"', type="Post"),
    )
    until(lambda: counts(farm_server, job) == {"DEAD": 1, "SUCCEEDED": 1})
    before = mark.exists()

    with farm_server.farm.work() as farm:
        steering.eat_frames(farm, farm.jobs[job], [0])

    until(lambda: lines_in(mark) == ["testing-shot-tester_job monitor"])
    assert not before
    assert is_finished(farm_server, job)


def test_autoeat_lets_a_job_succeed_without_the_frames_that_fail(farm_server: FarmServer, rqd: Rqd, tmp_path: Path):
    mark = tmp_path / "runs"
    command = f"echo #IFRAME# >> '{mark}'; test #IFRAME# -ne 2"
    spec = spec_text([Layer("some", command, range="1-3")], retries=3, job="<autoeat>true</autoeat>")

    job = launch_spec(farm_server, spec)

    until(lambda: is_finished(farm_server, job))
    assert counts(farm_server, job) == {"SUCCEEDED": 2, "EATEN": 1}
    assert lines_in(mark) == ["1", "2", "3"]


def test_frame_whose_log_folder_cannot_be_made_is_dead_after_its_retries(make_farm_server, start_rqd, tmp_path: Path):
    blocked = tmp_path / "logs"
    blocked.write_text("a file in the place of the folder")
    server = make_farm_server(log_root=blocked)
    start_rqd(server, cores=2, fast_pings=True)

    job = launch(server, Layer("frame", f"touch '{tmp_path}/ran'"))

    until(lambda: counts(server, job) == {"DEAD": 1})
    with server.farm.work() as farm:
        assert farm.jobs[job].frames[0].exit_status == 256
    assert not (tmp_path / "ran").exists()


def test_host_that_is_locked_at_its_daemon_gets_no_frames_until_it_is_unlocked(
    farm_server: FarmServer, rqd: Rqd, tmp_path: Path
):
    mark = tmp_path / "ran"
    with grpc.insecure_channel(rqd.address) as channel:
        daemon = rqd_pb2_grpc.RqdInterfaceStub(channel)
        daemon.LockAll(rqd_pb2.RqdStaticLockAllRequest())
        until(lambda: locked_cores(farm_server) == 800)
        booked = farm_server.farm.procs.booked
        job = launch(farm_server, Layer("frame", f"touch '{mark}'"))
        booked_while_locked = farm_server.farm.procs.booked - booked

        daemon.UnlockAll(rqd_pb2.RqdStaticUnlockAllRequest())

    until(lambda: is_finished(farm_server, job))
    assert booked_while_locked == 0
    assert mark.exists()
