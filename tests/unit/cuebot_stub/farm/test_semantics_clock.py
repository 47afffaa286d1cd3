# SPDX-License-Identifier: Apache-2.0
"""Clocks that somebody sets while frames run, and machines that sleep."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm import steering
from cuebot_stub.farm.orders import ReportOrder
from cuebot_stub.farm.watch import StepWatch, clock_stepped, trim_times
from tests.fakes.farm import FakeClock, FakeFarm
from tests.specs import layer

HOUR = 3600.0
TIMED = "<timeout>30</timeout>"


@pytest.fixture(params=[HOUR, -HOUR], ids=["forward", "back"])
def step(request: pytest.FixtureRequest) -> float:
    """Return by how much the clock is set."""
    return float(request.param)


def set_clock(farm: FakeFarm, step: float) -> None:
    farm.clock.advance(step)
    with farm.farm.work():
        clock_stepped(farm.farm, step)


def report(farm: FakeFarm, name: str = "node1") -> None:
    host = farm.farm.hosts.named(name)
    assert host is not None
    farm.rqd.report(host.id)


@pytest.mark.parametrize(
    ("passed", "on_the_wall", "steps"),
    [(1.0, 1.0 + HOUR, [HOUR, 0.0]), (100.0, 100.5, [0.0, 0.0])],
    ids=["set", "runs"],
)
def test_step_is_told_once(passed: float, on_the_wall: float, steps: list[float]):
    wall, steady = FakeClock(), FakeClock(5.0)
    watch = StepWatch(wall, steady)
    steady.advance(passed)
    wall.advance(on_the_wall)

    assert [watch.step(), watch.step()] == steps


def test_frame_is_not_killed_for_its_timeout_when_the_clock_is_set(farm: FakeFarm, step: float):
    farm.launch(layer(frames="1", after=TIMED))
    farm.add_host()

    set_clock(farm, step)
    report(farm)
    farm.pass_time(1.0)

    assert farm.names_running() == ["0001-beauty"]
    assert not any(proc.kill_reason for proc in farm.farm.procs.values())


def test_frame_is_killed_for_its_timeout_after_the_clock_was_set(farm: FakeFarm, step: float):
    farm.launch(layer(frames="1", after=TIMED))
    farm.add_host()
    set_clock(farm, step)

    farm.clock.advance(31 * 60)
    report(farm)
    farm.pass_time(1.0)

    assert farm.states("beauty") == "D"


@pytest.mark.parametrize(("seconds", "running"), [(0.5, []), (0.1, ["0001-beauty"])], ids=["comes", "not too early"])
def test_kill_comes_in_its_time_when_the_clock_is_set_meanwhile(
    farm: FakeFarm, step: float, seconds: float, running: list[str]
):
    farm.launch(layer(frames="1"))
    farm.add_host()
    with farm.farm.work():
        steering.kill_job(farm.farm, farm.job(), "enough")

    set_clock(farm, step)
    farm.pass_time(seconds)

    assert farm.names_running() == running


def test_silent_host_is_noticed_after_the_clock_was_set(farm: FakeFarm, step: float):
    host = farm.add_host()
    set_clock(farm, step)
    farm.rqd.orders.clear()

    farm.pass_time(50.0)

    assert farm.rqd.orders == [ReportOrder(host.address, host.id)]
    assert host.state == "UP"


def test_what_was_noted_after_the_step_is_not_moved_into_the_future(farm: FakeFarm):
    host = farm.add_host()
    farm.clock.advance(HOUR)
    report(farm)

    with farm.farm.work():
        clock_stepped(farm.farm, HOUR)

    assert host.ping_time == farm.clock.now


def test_host_that_was_refused_frames_gets_some_soon_after_the_clock_was_set(farm: FakeFarm, step: float):
    farm.launch(layer(frames="1"))
    farm.rqd.refuses = "no"
    farm.add_host()
    farm.rqd.refuses = ""

    set_clock(farm, step)
    farm.pass_time(11.0)

    assert farm.names_running() == ["0001-beauty"]


def test_server_that_starts_with_an_earlier_clock_kills_in_time(kept_farm: FakeFarm):
    kept_farm.launch(layer(frames="1"))
    kept_farm.add_host()
    with kept_farm.farm.work():
        steering.kill_job(kept_farm.farm, kept_farm.job(), "enough")
    kept_farm.restart()
    kept_farm.clock.advance(-HOUR)
    trim_times(kept_farm.farm)

    kept_farm.pass_time(0.5)

    assert kept_farm.names_running() == []
