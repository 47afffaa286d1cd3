# SPDX-License-Identifier: Apache-2.0
"""Values of jobs, layers, frames, procs and limits that come from hosts and clocks, as clients read them over gRPC."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from opencue_proto import job_pb2, limit_pb2, report_pb2

from tests.fakes.farm import START, FakeClock
from tests.fakes.rqd_server import RqdServer
from tests.farm.clients import Clients
from tests.specs import SMALL, depend, job, layer, spec
from tests.support import until

if TYPE_CHECKING:
    from tests.farm.conftest import MakeServer

MB = 1024
NOW = int(START)


def two_layers(clients: Clients, rqd: RqdServer) -> job_pb2.Job:
    """Launch two layers of which one waits for the other, and wait until the first one runs."""
    waits = depend("LAYER_ON_LAYER", deplayer="comp", onlayer="beauty")
    made = clients.launch(spec(job(layer("beauty", "1", after=SMALL), layer("comp", "1", after=SMALL)), depends=waits))
    rqd.wait_for("0001-beauty")
    return made


def times(layer: job_pb2.Layer) -> tuple[int, int, int]:
    """Return since when a layer could run, when its first frame started, and when its last one ended."""
    return layer.eligible_time - NOW, max(0, layer.start_time - NOW), max(0, layer.stop_time - NOW)


def test_layer_tells_when_its_first_frame_started_and_in_the_end_when_its_last_one_stopped(
    clients: Clients, rqd_server: RqdServer, clock: FakeClock
):
    made = two_layers(clients, rqd_server)
    never_ran = clients.layer(made, "comp")
    clock.advance(5)
    running = times(clients.layer(made))
    rqd_server.end("0001-beauty", status=1)
    rqd_server.wait_for("0001-beauty")
    clock.advance(5)
    rqd_server.end("0001-beauty")
    rqd_server.wait_for("0001-comp")

    assert (never_ran.start_time, never_ran.stop_time) == (0, 0)
    assert running == (0, 0, 0)
    assert times(clients.layer(made)) == (0, 0, 10)
    assert times(clients.layer(made, "comp")) == (0, 10, 0)


def test_frame_is_eligible_when_it_waits_for_nothing_any_more(
    clients: Clients, rqd_server: RqdServer, clock: FakeClock
):
    made = two_layers(clients, rqd_server)
    clock.advance(7)
    held = clients.frame(made, "0001-comp").eligible_time
    rqd_server.end("0001-beauty")
    rqd_server.wait_for("0001-comp")

    assert (held, clients.frame(made).eligible_time) == (NOW, NOW)
    assert clients.frame(made, "0001-comp").eligible_time == NOW + 7
    assert clients.job(made.id).eligible_time == NOW


def test_memory_of_a_running_frame_is_told_of_frame_layer_and_job(clients: Clients, rqd_server: RqdServer):
    made = two_layers(clients, rqd_server)

    rqd_server.report(beauty={"rss": 300 * MB, "max_rss": 400 * MB, "pss": 200 * MB, "max_pss": 250 * MB})

    frame, stats = clients.frame(made), clients.job(made.id).job_stats
    assert (frame.used_memory, frame.max_rss) == (300 * MB, 400 * MB)
    assert (frame.used_pss, frame.max_pss) == (200 * MB, 250 * MB)
    assert (stats.max_rss, stats.max_pss) == (400 * MB, 250 * MB)
    layer_stats = clients.layer(made).layer_stats
    assert (layer_stats.max_rss, layer_stats.max_pss) == (400 * MB, 250 * MB)


def test_memory_is_still_told_when_the_frame_is_over(clients: Clients, rqd_server: RqdServer):
    made = two_layers(clients, rqd_server)
    rqd_server.report(beauty={"rss": 300 * MB, "max_rss": 400 * MB, "pss": 200 * MB, "max_pss": 250 * MB})

    rqd_server.end("0001-beauty", max_rss=400 * MB)
    rqd_server.wait_for("0001-comp")

    frame = clients.frame(made)
    assert (frame.max_rss, frame.used_pss, frame.max_pss) == (400 * MB, 200 * MB, 250 * MB)
    assert clients.job(made.id).job_stats.max_pss == 250 * MB


def test_proc_tells_of_the_processes_of_its_frame(clients: Clients, rqd_server: RqdServer):
    made = two_layers(clients, rqd_server)
    stat = report_pb2.Stat(name="blender", pid="77", rss=5)
    children = report_pb2.ChildrenProcStats(children=[report_pb2.ProcStats(stat=stat, cmdline="blender -b")])

    rqd_server.report(beauty={"children": children})

    seen = report_pb2.ChildrenProcStats.FromString(clients.proc(made).child_processes)
    assert seen == children


def test_core_time_of_a_frame_grows_while_it_runs(clients: Clients, rqd_server: RqdServer, clock: FakeClock):
    made = two_layers(clients, rqd_server)

    clock.advance(30)

    assert clients.frame(made).total_core_time == 30


def test_limit_counts_the_layers_that_name_it(clients: Clients):
    clients.limits.Create(limit_pb2.LimitCreateRequest(name="licence", max_value=2))
    limited = SMALL + "<limits><limit>licence</limit></limits>"
    clients.launch(spec(job(layer("beauty", "1", after=limited), layer("comp", "1", after=limited), layer("other"))))

    assert clients.limits.Find(limit_pb2.LimitFindRequest(name="licence")).limit.spec_layer_count == 2


def test_all_of_it_is_there_after_a_new_start(make_farm_server: MakeServer, clock: FakeClock, tmp_path: Path):
    first = make_farm_server(state=tmp_path / "state.db", clock=clock)
    rqd, clients = RqdServer(first.port), Clients(first.port)
    made = two_layers(clients, rqd)
    rqd.report(beauty={"rss": 300 * MB, "max_rss": 400 * MB, "pss": 200 * MB, "max_pss": 250 * MB})
    clock.advance(5)
    rqd.end("0001-beauty", max_rss=400 * MB)
    rqd.wait_for("0001-comp")
    before = (clients.layer(made), clients.frame(made), clients.job(made.id))
    clients.close()
    rqd.stop()
    first.stop(0.1)

    again = Clients(make_farm_server(state=tmp_path / "state.db", clock=clock).port)

    until(lambda: again.job(made.id).name)
    assert (again.layer(made), again.frame(made), again.job(made.id)) == before
    again.close()
