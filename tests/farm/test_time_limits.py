# SPDX-License-Identifier: Apache-2.0
"""Time limits over gRPC, from the host's report to the dead frame: to the second as on a real Cuebot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from opencue_proto import job_pb2

from tests.fakes.farm import START, FakeClock
from tests.specs import SMALL, job, layer, spec
from tests.support import until

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.fakes.rqd_server import RqdServer
    from tests.farm.clients import Clients


def launched(clients: Clients, rqd: RqdServer, limit: str) -> job_pb2.Job:
    """Launch a job of one frame that may be tried again, with a time limit, and wait until it runs."""
    made = clients.launch(spec(job(layer("beauty", "1", after=SMALL + limit), before="<maxretries>1</maxretries>")))
    rqd.wait_for("0001-beauty")
    return made


def check(clients: Clients, server: FarmServer, clock: FakeClock, made: Any, *, ended: bool) -> None:
    """Assert that the frame runs on, or is ended and DEAD."""
    with server.farm.work() as farm:
        reasons = [proc.kill_reason for proc in farm.procs.values()]
    assert any(reasons) is ended
    clock.advance(1)  # no frame is ended in its first moments
    until(lambda: clients.states(made)["0001-beauty"] == ("DEAD" if ended else "RUNNING"))


@pytest.mark.parametrize(("minutes", "seconds", "ended"), [(1, 119, False), (1, 120, True), (30, 1859, False)])
def test_timeout_acts_when_one_minute_more_is_over(
    clients: Clients,
    clocked_server: FarmServer,
    rqd_server: RqdServer,
    clock: FakeClock,
    minutes: int,
    seconds: int,
    ended: bool,
):
    made = launched(clients, rqd_server, f"<timeout>{minutes}</timeout>")

    clock.advance(seconds)
    rqd_server.report(beauty={"llu_time": int(clock.now)})

    check(clients, clocked_server, clock, made, ended=ended)


@pytest.mark.parametrize(("silent", "ended"), [(119, False), (120, True)])
def test_timeout_of_a_silent_frame_acts_after_its_minutes(
    clients: Clients, clocked_server: FarmServer, rqd_server: RqdServer, clock: FakeClock, silent: int, ended: bool
):
    made = launched(clients, rqd_server, "<timeout_llu>2</timeout_llu>")

    clock.advance(3600)
    rqd_server.report(beauty={"llu_time": int(clock.now) - silent})

    check(clients, clocked_server, clock, made, ended=ended)


def test_frame_of_whose_log_the_host_says_nothing_is_not_silent(
    clients: Clients, clocked_server: FarmServer, rqd_server: RqdServer, clock: FakeClock
):
    made = launched(clients, rqd_server, "<timeout_llu>2</timeout_llu>")

    clock.advance(3600)
    rqd_server.report()

    check(clients, clocked_server, clock, made, ended=False)


@pytest.mark.parametrize(
    ("limit", "how", "state"),
    [
        ("<timeout>1</timeout>", {"seconds": 60}, "RUNNING"),
        ("<timeout>1</timeout>", {"seconds": 61}, "DEAD"),
        ("<timeout_llu>1</timeout_llu>", {"seconds": 90, "llu_time": int(START) + 31}, "RUNNING"),
        ("<timeout_llu>1</timeout_llu>", {"seconds": 90, "llu_time": int(START) + 30}, "DEAD"),
    ],
)
def test_frame_that_fails_by_itself_past_a_limit_is_not_tried_again(
    clients: Clients, rqd_server: RqdServer, clock: FakeClock, limit: str, how: dict[str, int], state: str
):
    made = launched(clients, rqd_server, limit)
    clock.advance(90)

    rqd_server.end("0001-beauty", status=1, **how)

    until(lambda: clients.states(made)["0001-beauty"] == state)
