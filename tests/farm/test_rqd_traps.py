# SPDX-License-Identifier: Apache-2.0
"""What goes wrong between a server and real, unmodified RQDs, and must not cost a frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

import grpc
from opencue_proto import host_pb2, host_pb2_grpc, report_pb2, report_pb2_grpc

from cuebot_stub.farm import changing, steering
from cuebot_stub.farm.farm import FarmSettings
from cuebot_stub.farm.orders import ReportOrder
from cuebot_stub.server import FarmServer
from outline.scheduler import FrameState
from tests.farm.hosts import Rqd
from tests.farm.jobs import Layer, counts, launch, state_of
from tests.support import is_running, until

pytestmark = pytest.mark.realtool

S = FrameState
StartRqd = Callable[..., Rqd]
MakeServer = Callable[..., FarmServer]
QUICK = FarmSettings(orphan_seconds=1.0, host_timeout_seconds=1.0, ask_seconds=0.5)


def facts(server: FarmServer, job_id: str, ref: int = 0) -> Any:
    with server.farm.work() as farm:
        return farm.jobs[job_id].frames[ref]


def tries(server: FarmServer, job_id: str, ref: int = 0) -> int:
    with server.farm.work() as farm:
        return farm.jobs[job_id].state.tries(ref)


def is_alive(server: FarmServer) -> bool:
    with server.farm.work() as farm:
        return bool(farm.procs)


def launched(server: FarmServer) -> bool:
    with server.farm.work() as farm:
        return bool(farm.procs) and all(proc.launched for proc in farm.procs.values())


def kill_running(server: FarmServer, job_id: str) -> None:
    with server.farm.work() as farm:
        job = farm.jobs[job_id]
        steering.kill_frames(farm, job, range(len(job.state.frames)), "a test")


def log_of(server: FarmServer, job_id: str, ref: int = 0) -> Path:
    with server.farm.work() as farm:
        return Path(farm.jobs[job_id].log_path(ref))


def lines_in(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_kill_right_after_the_launch_ends_the_frames_and_not_the_rqd(farm_server: FarmServer, rqd: Rqd):
    jobs = [launch(farm_server, Layer("sleep", "sleep 1000"), name=f"job{number}") for number in range(3)]

    for job in jobs:
        kill_running(farm_server, job)

    until(lambda: [state_of(farm_server, job) for job in jobs] == [S.DEAD] * 3)
    assert [facts(farm_server, job).exit_signal for job in jobs] == [9] * 3
    assert rqd.child is not None
    assert rqd.child.poll() is None


def test_job_killed_right_after_its_launch_leaves_no_process(farm_server: FarmServer, rqd: Rqd, tmp_path: Path):
    pid_file = tmp_path / "pid"
    job = launch(farm_server, Layer("sleep", f"echo $$ > '{pid_file}'; exec sleep 1000"))

    with farm_server.farm.work() as farm:
        steering.kill_job(farm, farm.jobs[job], "a test")

    until(lambda: not is_alive(farm_server))
    until(lambda: not any(is_running(int(pid)) for pid in lines_in(pid_file)))
    with farm_server.farm.work() as farm:
        assert farm.jobs[job].facts.state == "FINISHED"


def test_frame_retried_while_it_runs_runs_again_once_its_process_is_gone(
    farm_server: FarmServer, rqd: Rqd, tmp_path: Path
):
    starts = tmp_path / "starts"
    command = f"echo $$ >> '{starts}'; test $(wc -l < '{starts}') -gt 1 || exec sleep 1000"
    job = launch(farm_server, Layer("again", command))
    until(lambda: len(lines_in(starts)) == 1)

    with farm_server.farm.work() as farm:
        steering.retry_frames(farm, farm.jobs[job], [0])

    until(lambda: state_of(farm_server, job) is S.SUCCEEDED)
    assert len(lines_in(starts)) == 2


def test_completion_that_comes_twice_counts_once(farm_server: FarmServer, rqd: Rqd, tmp_path: Path):
    go = tmp_path / "go"
    job = launch(farm_server, Layer("wait", f"until test -e '{go}'; do sleep 0.05; done", "1-2"))
    until(lambda: counts(farm_server, job) == {"RUNNING": 2})
    with farm_server.farm.work() as farm:
        changing.set_max_retries(farm, farm.jobs[job], 3)
        proc = next(proc for proc in farm.procs.values() if proc.ref == 0)
    frame = report_pb2.RunningFrameInfo(resource_id=proc.id, frame_id=proc.frame_id, job_id=job)
    report = report_pb2.FrameCompleteReport(frame=frame, exit_status=1)

    with grpc.insecure_channel(f"127.0.0.1:{farm_server.port}") as channel:
        stub = report_pb2_grpc.RqdReportInterfaceStub(channel)
        for _ in range(2):
            stub.ReportRunningFrameCompletion(
                report_pb2.RqdReportRunningFrameCompletionRequest(frame_complete_report=report)
            )
    go.touch()
    until(lambda: counts(farm_server, job) == {"SUCCEEDED": 2})

    assert tries(farm_server, job, 0) == 2
    assert tries(farm_server, job, 1) == 1


def test_frame_whose_completion_was_lost_ends_as_its_log_says_or_runs_again_and_spends_no_attempt(
    make_farm_server: MakeServer, start_rqd: StartRqd, tmp_path: Path
):
    state, starts, go = tmp_path / "state.db", tmp_path / "starts", tmp_path / "go"
    first = make_farm_server(state=state, settings=QUICK)
    rqd = start_rqd(first)
    job = launch(
        first, Layer("short", f"echo #IFRAME# >> '{starts}'; until test -e '{go}'; do sleep 0.05; done", "1-2")
    )
    until(lambda: len(lines_in(starts)) == 2)

    first.stop(0.1)
    go.touch()
    until(lambda: rqd.log.count("Exception in thread") == 2)  # it has tried to tell of both ends, and gives up
    second = make_farm_server(state=state, settings=QUICK, port=first.port)
    log_of(second, job, 1).unlink()

    until(lambda: counts(second, job) == {"SUCCEEDED": 2})
    assert sorted(lines_in(starts)) == ["1", "2", "2"]
    assert [tries(second, job, ref) for ref in range(2)] == [1, 1]
    assert facts(second, job).exit_status == 0
    assert rqd.child is not None
    assert rqd.child.poll() is None


def test_frame_that_runs_while_the_server_is_started_anew_runs_only_once(
    make_farm_server: MakeServer, start_rqd: StartRqd, tmp_path: Path
):
    state, starts, go = tmp_path / "state.db", tmp_path / "starts", tmp_path / "go"
    first = make_farm_server(state=state, settings=QUICK)
    start_rqd(first)
    job = launch(first, Layer("wait", f"echo x >> '{starts}'; until test -e '{go}'; do sleep 0.05; done"))
    until(lambda: len(lines_in(starts)) == 1)

    port = first.port
    first.stop(0.1)
    second = make_farm_server(state=state, settings=QUICK, port=port)
    go.touch()

    until(lambda: state_of(second, job) is S.SUCCEEDED)
    assert len(lines_in(starts)) == 1


def test_launch_that_a_daemon_refuses_is_tried_again_and_spends_no_attempt(
    make_farm_server: MakeServer, start_rqd: StartRqd, tmp_path: Path
):
    server = make_farm_server(settings=QUICK)
    start_rqd(server, cores=2)
    with server.farm.work() as farm:
        host = next(iter(farm.hosts.values()))
        host.cores = 400  # as if the daemon had not yet given back what its last frames had

    job = launch(server, Layer("sleep", "sleep 0.3", "1-4"))

    until(lambda: counts(server, job) == {"SUCCEEDED": 4})
    assert [tries(server, job, ref) for ref in range(4)] == [1, 1, 1, 1]


def test_threadable_frame_runs_on_a_host_that_reports_more_cores_than_it_has(farm_server: FarmServer, rqd: Rqd):
    wide = "<cores>8.0</cores><threadable>True</threadable><memory>256m</memory>"

    job = launch(farm_server, Layer("wide", "true", more=wide))

    until(lambda: state_of(farm_server, job) is S.SUCCEEDED)
    assert facts(farm_server, job).cores == 800


def test_server_that_has_forgotten_a_host_learns_of_it_from_its_pings(
    make_farm_server: MakeServer, start_rqd: StartRqd
):
    first = make_farm_server()
    rqd = start_rqd(first, fast_pings=True)
    port = first.port
    first.stop(0.1)

    second = make_farm_server(port=port)
    rqd.wait_registered()
    job = launch(second, Layer("true", "true"))

    until(lambda: state_of(second, job) is S.SUCCEEDED)


def test_process_that_the_server_does_not_know_is_ended(
    make_farm_server: MakeServer, start_rqd: StartRqd, tmp_path: Path
):
    pid_file = tmp_path / "pid"
    first = make_farm_server()
    start_rqd(first, fast_pings=True)
    launch(first, Layer("stray", f"echo $$ > '{pid_file}'; exec sleep 1000"))
    until(lambda: bool(lines_in(pid_file)))
    port = first.port
    first.stop(0.1)

    make_farm_server(port=port)

    until(lambda: not is_running(int(pid_file.read_text())))


def test_frame_that_outlasts_its_timeout_is_ended_and_dead(farm_server: FarmServer, start_rqd: StartRqd):
    start_rqd(farm_server, fast_pings=True)
    job = launch(farm_server, Layer("slow", "sleep 1000", more="<memory>256m</memory><timeout>1</timeout>"), retries=3)
    until(lambda: launched(farm_server))

    with farm_server.farm.work() as farm:
        for proc in farm.procs.values():
            proc.booked -= 121  # as if two minutes had passed

    until(lambda: state_of(farm_server, job) is S.DEAD)


def test_reboot_is_never_forwarded(farm_server: FarmServer, rqd: Rqd, monkeypatch: pytest.MonkeyPatch):
    sent: list[Any] = []
    send = farm_server.farm.send
    monkeypatch.setattr(farm_server.farm, "send", lambda orders: (sent.extend(orders), send(orders))[1])

    states = []
    with grpc.insecure_channel(f"127.0.0.1:{farm_server.port}") as channel:
        stub = host_pb2_grpc.HostInterfaceStub(channel)
        host = stub.FindHost(host_pb2.HostFindHostRequest(name=rqd.name)).host
        stub.RebootWhenIdle(host_pb2.HostRebootWhenIdleRequest(host=host))
        states.append(farm_server.farm.hosts[host.id].state)
        stub.Reboot(host_pb2.HostRebootRequest(host=host))
        states.append(farm_server.farm.hosts[host.id].state)

    assert states == ["REBOOT_WHEN_IDLE", "DOWN"]
    assert [order for order in sent if not isinstance(order, ReportOrder)] == []
    assert rqd.child is not None
    assert rqd.child.poll() is None


def test_frames_that_rqd_could_not_start_because_it_started_others_are_not_lost(farm_server: FarmServer, rqd: Rqd):
    job = launch(farm_server, Layer("true", "true", "1-300"))

    until(lambda: not is_alive(farm_server) and state_of(farm_server, job, 299) is not S.WAITING)

    assert counts(farm_server, job) == {"SUCCEEDED": 300}


def test_command_that_cannot_be_run_is_dead_in_the_end(farm_server: FarmServer, rqd: Rqd, tmp_path: Path):
    job = launch(farm_server, Layer("folder", str(tmp_path)))

    until(lambda: state_of(farm_server, job) is S.DEAD)

    assert facts(farm_server, job).exit_status == 126
