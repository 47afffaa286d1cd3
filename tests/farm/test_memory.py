# SPDX-License-Identifier: Apache-2.0
"""Memory of frames, over gRPC from the host's report to what a client reads: as seen on a real Cuebot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from opencue_proto import job_pb2

from tests.fakes.rqd_server import GB, RqdServer
from tests.specs import SMALL, job, layer, spec
from tests.support import until

if TYPE_CHECKING:
    from tests.fakes.farm import FakeClock
    from tests.farm.clients import Clients

MB = 1024
LEAST = 256 * MB


def launched(clients: Clients, rqd: RqdServer, frames: str = "1-3", memory: str = SMALL) -> job_pb2.Job:
    """Launch a job of which one frame runs at a time, and wait for its first one."""
    text = spec(job(layer("beauty", frames, after=f"<cores>4.0</cores><threadable>1</threadable>{memory}")))
    made = clients.launch(text)
    rqd.wait_for("0001-beauty")
    return made


# -- up ----------------------------------------------------------------------------------------------------------


def test_layer_gets_what_its_running_frame_uses_at_most_and_the_proc_what_it_uses_now(
    clients: Clients, rqd_server: RqdServer
):
    made = launched(clients, rqd_server)
    assert clients.proc(made).used_memory == LEAST  # before the first report

    rqd_server.report(beauty={"rss": 700 * MB, "max_rss": 800 * MB})

    assert clients.layer(made).min_memory == 800 * MB
    assert (clients.proc(made).reserved_memory, clients.proc(made).used_memory) == (700 * MB, 700 * MB)
    assert clients.layer(made).layer_stats.max_rss == clients.job(made.id).job_stats.max_rss == 800 * MB


def test_next_frame_of_the_layer_gets_that(clients: Clients, rqd_server: RqdServer):
    made = launched(clients, rqd_server)
    rqd_server.report(beauty={"rss": 700 * MB, "max_rss": 800 * MB})

    rqd_server.end("0001-beauty", status=1, max_rss=800 * MB)
    rqd_server.wait_for("0001-beauty")

    assert clients.proc(made).reserved_memory == 800 * MB


def test_frame_that_uses_less_than_its_reservation_changes_nothing(clients: Clients, rqd_server: RqdServer):
    made = launched(clients, rqd_server, memory="<memory>2g</memory>")

    rqd_server.report(beauty={"rss": 700 * MB, "max_rss": 800 * MB})

    assert (clients.layer(made).min_memory, clients.proc(made).reserved_memory) == (2 * GB, 2 * GB)


def test_reservation_does_not_grow_above_what_the_host_has(clients: Clients, rqd_server: RqdServer):
    made = launched(clients, rqd_server)

    rqd_server.report(beauty={"rss": 17 * GB, "max_rss": 400 * MB})

    assert clients.proc(made).reserved_memory == LEAST


def test_reservation_of_a_frame_at_somebodys_desk_stays(clients: Clients, rqd_server: RqdServer):
    rqd_server.host["nimby_enabled"] = True
    rqd_server.report()
    made = launched(clients, rqd_server)

    rqd_server.report(beauty={"rss": 700 * MB, "max_rss": 700 * MB})

    assert (clients.layer(made).min_memory, clients.proc(made).reserved_memory) == (700 * MB, LEAST)


# -- down --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "memory"), [(100 * MB, LEAST), (LEAST, LEAST + LEAST), (700 * MB, 956 * MB), (4 * GB, 3 * GB)]
)
def test_after_a_success_a_layer_keeps_what_its_largest_frame_has_used_and_256_mb(
    clients: Clients, rqd_server: RqdServer, most: int, memory: int
):
    made = launched(clients, rqd_server, memory="<memory>3g</memory>")

    rqd_server.end("0001-beauty", max_rss=most)

    until(lambda: clients.frame(made).state == job_pb2.SUCCEEDED)
    assert clients.layer(made).min_memory == memory


def test_failure_lowers_nothing(clients: Clients, rqd_server: RqdServer):
    made = launched(clients, rqd_server, memory="<memory>3g</memory>")

    rqd_server.end("0001-beauty", status=1, max_rss=700 * MB)

    assert clients.layer(made).min_memory == 3 * GB


def test_last_frame_of_a_layer_lowers_nothing(clients: Clients, rqd_server: RqdServer):
    made = launched(clients, rqd_server, "1", memory="<memory>3g</memory>")

    rqd_server.end("0001-beauty", max_rss=700 * MB)

    until(lambda: clients.frame(made).state == job_pb2.SUCCEEDED)
    assert clients.layer(made).min_memory == 3 * GB


def test_layer_whose_optimizer_is_off_keeps_its_memory(clients: Clients, rqd_server: RqdServer):
    made = launched(clients, rqd_server, memory="<memory>3g</memory>")
    beauty = clients.layer(made)
    clients.layers.EnableMemoryOptimizer(job_pb2.LayerEnableMemoryOptimizerRequest(layer=beauty, value=False))

    rqd_server.end("0001-beauty", max_rss=700 * MB)

    until(lambda: clients.frame(made).state == job_pb2.SUCCEEDED)
    assert clients.layer(made).min_memory == 3 * GB


@pytest.mark.parametrize(("status", "signal"), [(33, 0), (1, 33), (137, 0)])
def test_frame_that_ran_out_of_memory_has_2_gb_more_in_its_next_try_and_the_optimizer_is_off(
    clients: Clients, rqd_server: RqdServer, status: int, signal: int
):
    made = launched(clients, rqd_server)

    rqd_server.end("0001-beauty", status=status, signal=signal)
    rqd_server.wait_for("0001-beauty")

    beauty = clients.layer(made)
    assert (beauty.min_memory, beauty.memory_optimizer_enabled) == (LEAST + 2 * GB, False)
    assert clients.proc(made).reserved_memory == LEAST + 2 * GB


# -- a host without any left -------------------------------------------------------------------------------------


def two_that_swap(clients: Clients, rqd: RqdServer, clock: FakeClock) -> job_pb2.Job:
    """Let one frame of each of two layers run for a second on a host whose memory and swap are used up."""
    made = clients.launch(spec(job(layer("large", "1", after=SMALL), layer("small", "1", after=SMALL))))
    rqd.wait_for("0001-large", "0001-small")
    rqd.report()  # or the server may learn a second later that one of them has begun
    clock.advance(1)
    rqd.host.update(free_mem=1 * GB, free_swap=4 * GB)
    return made


def test_frame_that_uses_most_swap_of_a_full_host_is_ended_and_has_more_memory_in_its_next_try(
    clients: Clients, rqd_server: RqdServer, clock: FakeClock
):
    made = two_that_swap(clients, rqd_server, clock)

    rqd_server.report(
        large={"rss": 9 * GB, "used_swap_memory": 4 * GB}, small={"rss": 5 * GB, "used_swap_memory": 100 * MB}
    )
    clock.advance(1)  # no frame is ended in its first moments
    until(lambda: rqd_server.kills)
    rqd_server.wait_for("0001-large", "0001-small")

    assert [name for name, _ in rqd_server.kills] == ["0001-large"]
    assert "ran out of memory" in rqd_server.kills[0][1]
    assert (clients.frame(made, "0001-large").exit_status, clients.frame(made, "0001-large").retry_count) == (33, 1)
    assert clients.layer(made, "large").min_memory == LEAST + 2 * GB
    assert not clients.layer(made, "large").memory_optimizer_enabled


def test_as_many_frames_are_ended_as_bring_the_swap_down(clients: Clients, rqd_server: RqdServer, clock: FakeClock):
    two_that_swap(clients, rqd_server, clock)

    rqd_server.report(large={"used_swap_memory": 3 * GB}, small={"used_swap_memory": 1 * GB})
    clock.advance(1)  # no frame is ended in its first moments

    until(lambda: len(rqd_server.kills) == 2)
    assert [name for name, _ in rqd_server.kills] == ["0001-large", "0001-small"]


def test_frame_that_shall_end_counts_as_out_of_memory_even_if_it_succeeds_before(
    clients: Clients, rqd_server: RqdServer, clock: FakeClock
):
    made = two_that_swap(clients, rqd_server, clock)
    rqd_server.ignores_kills = True
    rqd_server.report(large={"used_swap_memory": 4 * GB})
    clock.advance(1)  # no frame is ended in its first moments
    until(lambda: rqd_server.kills)
    running = clients.frame(made, "0001-large")

    rqd_server.end("0001-large")

    seen, large = clients.frame(made, "0001-large"), clients.layer(made, "large")
    assert (running.state, running.exit_status) == (job_pb2.RUNNING, 33)
    assert (seen.state, seen.exit_status, seen.retry_count) == (job_pb2.SUCCEEDED, 33, 0)
    assert (large.min_memory, large.memory_optimizer_enabled) == (LEAST + 2 * GB, False)


@pytest.mark.parametrize(
    "host",
    [
        pytest.param({"free_mem": 2 * GB}, id="memory is left"),
        pytest.param({"free_swap": int(7.7 * GB)}, id="it hardly swaps"),
        pytest.param({"total_swap": 0, "free_swap": 0}, id="it has no swap"),
        pytest.param({"total_mem": 0}, id="it does not tell"),
        pytest.param({"nimby_enabled": True}, id="somebody works there"),
    ],
)
def test_nothing_is_ended_when(clients: Clients, rqd_server: RqdServer, clock: FakeClock, host: dict[str, Any]):
    made = two_that_swap(clients, rqd_server, clock)
    rqd_server.host.update(host)

    rqd_server.report(large={"used_swap_memory": 4 * GB}, small={"used_swap_memory": 4 * GB})
    clock.advance(1)  # no frame is ended in its first moments
    rqd_server.end("0001-small")

    until(lambda: clients.states(made)["0001-small"] == "SUCCEEDED")
    assert rqd_server.kills == []
