# SPDX-License-Identifier: Apache-2.0
"""Frames that take too long, or are silent for too long."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm import steering
from cuebot_stub.farm.hosts import FrameReport
from cuebot_stub.farm.reports import host_reported
from tests.fakes.farm import FakeFarm, host_report
from tests.fakes.one_frame import end, retries, start
from tests.specs import layer

HOURS = 3600


def report(farm: FakeFarm, llu_time: float = 0.0) -> None:
    """Let the host report what runs there."""
    with farm.farm.work():
        running = [
            FrameReport(proc.id, proc.frame_id, llu_time=int(llu_time or farm.clock.now))
            for proc in farm.farm.procs.values()
        ]
        host_reported(farm.farm, host_report("node1"), running)


def outlast_timeout(farm: FakeFarm) -> None:
    """Let a frame run for longer than half an hour, and its host report it."""
    farm.clock.advance(31 * 60)
    report(farm)
    farm.pass_time(1.0)


@pytest.mark.parametrize(("minutes", "state"), [(29, "R"), (31, "D")])
def test_timeout_is_in_minutes_and_leaves_a_frame_dead(farm: FakeFarm, minutes: int, state: str):
    start(farm, before=retries(5), after="<timeout>30</timeout>")

    farm.clock.advance(minutes * 60)
    report(farm)
    farm.pass_time(1.0)

    assert farm.states("beauty") == state


@pytest.mark.parametrize(("silent", "state"), [(9, "R"), (11, "D")])
def test_timeout_of_a_silent_frame_is_in_minutes_and_leaves_it_dead(farm: FakeFarm, silent: int, state: str):
    start(farm, before=retries(5), after="<timeout_llu>10</timeout_llu>")

    farm.clock.advance(HOURS)
    report(farm, llu_time=farm.clock.now - silent * 60)
    farm.pass_time(1.0)

    assert farm.states("beauty") == state


def test_frame_that_ends_well_after_its_timeout_has_succeeded(farm: FakeFarm):
    start(farm, after="<timeout>30</timeout>")
    farm.rqd.ignores_kills = True
    outlast_timeout(farm)

    assert end(farm, seconds=31 * 60) == "S"


@pytest.mark.parametrize(
    ("timeout", "status", "seconds", "state"),
    [
        pytest.param(30, 1, 31 * 60, "D", id="fails after its timeout, and before anybody saw that"),
        pytest.param(0, 1, 12 * HOURS, "R", id="fails within twelve hours"),
        pytest.param(0, 1, 12 * HOURS + 1, "D", id="fails after more than twelve hours"),
        pytest.param(1440, 1, 13 * HOURS, "D", id="a longer timeout does not change that"),
        pytest.param(0, 0, 20 * HOURS, "S", id="ends well after more than twelve hours"),
    ],
)
def test_a_frame_that_fails_after_its_time_is_dead(farm: FakeFarm, timeout: int, status: int, seconds: int, state: str):
    start(farm, before=retries(5), after=f"<timeout>{timeout}</timeout>" if timeout else "")

    assert end(farm, status=status, seconds=seconds) == state


def test_frame_that_is_dead_for_its_time_has_all_its_time_when_it_is_retried(farm: FakeFarm):
    start(farm, before=retries(0), after="<timeout>30</timeout>")
    outlast_timeout(farm)

    with farm.farm.work():
        steering.retry_frames(farm.farm, farm.job(), [0])
    report(farm)
    farm.pass_time(1.0)

    assert farm.states("beauty") == "R"


def test_autoeat_eats_a_frame_that_took_too_long(farm: FakeFarm):
    start(farm, before="<autoeat>true</autoeat>", after="<timeout>30</timeout>")

    outlast_timeout(farm)

    assert farm.states("beauty") == "E"


# -- the time before a retry ------------------------------------------------------------------------------------

DELAYED = '<env><key name="OL_RETRY_DELAY">2</key></env>'


def start_delayed(farm: FakeFarm) -> None:
    """Launch a job of two frames, and let the first one start and fail."""
    farm.launch(layer(frames="1-2", after=DELAYED), before=retries(5))
    farm.add_host(cores=1)
    farm.end("0001-beauty", status=1)


def test_a_frame_that_failed_waits_while_others_run(farm: FakeFarm):
    start_delayed(farm)
    next_one = farm.names_running()
    farm.end("0002-beauty")

    farm.pass_time(119)

    assert next_one == ["0002-beauty"]
    assert farm.states("beauty") == "WS"
    assert farm.names_running() == []


def test_a_frame_that_failed_is_tried_again_when_its_time_has_come(farm: FakeFarm):
    start_delayed(farm)
    farm.end("0002-beauty")

    farm.pass_time(121)

    assert farm.names_running() == ["0001-beauty"]


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf"])
def test_a_time_that_nobody_can_wait_for_is_none(farm: FakeFarm, value: str):
    farm.launch(layer(frames="1", after=DELAYED.replace(">2<", f">{value}<")), before=retries(5))
    farm.add_host()

    farm.end("0001-beauty", status=1)

    assert farm.names_running() == ["0001-beauty"]
