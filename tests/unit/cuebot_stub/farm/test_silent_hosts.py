# SPDX-License-Identifier: Apache-2.0
"""Hosts that are gone and hosts that are silent: how long their frames are waited for."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.hosts import FrameReport
from cuebot_stub.farm.orders import EndLeftOrder, ReportOrder
from cuebot_stub.farm.reports import host_reported, launch_answered, launch_unanswered
from cuebot_stub.farm.running import kill_proc
from cuebot_stub.farm.watch import host_answered
from tests.fakes.farm import FakeFarm, host_report
from tests.specs import layer


def test_daemon_that_has_just_begun_is_asked_what_it_runs_and_only_the_rest_is_ended_and_lost(farm: FakeFarm):
    farm.launch(layer(frames="1-2"))
    host = farm.add_host(cores=2)
    left, taken = farm.farm.procs.values()
    farm.rqd.is_silent = True
    farm.clock.advance(10.0)

    with farm.farm.work():
        host_reported(farm.farm, host_report("node1")._replace(is_boot=True), None)
    asked = farm.rqd.orders[-1]
    for _ in range(3):
        with farm.farm.work():
            host_reported(farm.farm, host_report("node1", 2), [FrameReport(taken.id, taken.frame_id)])
        farm.clock.advance(2.0)

    ended = [order for order in farm.rqd.orders if isinstance(order, EndLeftOrder)]
    assert asked == ReportOrder(host.address, host.id)
    assert ended == [EndLeftOrder(host.address, (left.id,))] * 2
    assert (left.id in farm.farm.procs, taken.id in farm.farm.procs) == (False, True)


def test_frame_whose_launch_has_no_answer_runs_until_its_daemon_is_gone(farm: FakeFarm):
    farm.rqd.is_silent = True
    farm.launch(layer(frames="1"))
    host = farm.add_host(cores=1)
    (proc,) = farm.farm.procs.values()

    with farm.farm.work():
        launch_unanswered(farm.farm, proc.id)
    asked = farm.rqd.orders[-1]
    with farm.farm.work():
        host_answered(farm.farm, host.id, "connect: Connection refused (111)")

    assert asked == ReportOrder(host.address, host.id)
    assert farm.rqd.orders[-1] == EndLeftOrder(host.address, (proc.id,))
    assert farm.states("beauty") == "R"


def test_launch_that_is_under_way_while_its_daemon_is_gone_waits_for_its_answer(farm: FakeFarm):
    farm.rqd.is_silent = True
    farm.launch(layer(frames="1"))
    host = farm.add_host(cores=1)
    (proc,) = farm.farm.procs.values()

    with farm.farm.work():
        host_answered(farm.farm, host.id, "connect: Connection refused (111)")
    before = farm.states("beauty")
    with farm.farm.work():
        launch_answered(farm.farm, proc.id, "")

    assert (before, farm.states("beauty"), proc.missing_since) == ("R", "R", 0.0)
    assert not any(isinstance(order, EndLeftOrder) for order in farm.rqd.orders)


def test_kill_of_a_frame_that_a_report_knew_first_is_not_put_off_by_the_answer_to_its_launch(farm: FakeFarm):
    farm.rqd.is_silent = True
    farm.launch(layer(frames="1"))
    farm.add_host(cores=1)
    (proc,) = farm.farm.procs.values()
    with farm.farm.work():
        host_reported(farm.farm, host_report("node1", 1), [FrameReport(proc.id, proc.frame_id)])
        kill_proc(farm.farm, proc, "a test")
    due = proc.kill_at
    farm.clock.advance(1.0)

    with farm.farm.work():
        launch_answered(farm.farm, proc.id, "")

    assert proc.kill_at == due


def test_frame_that_its_daemon_has_never_heard_of_is_ended_before_it_is_lost(farm: FakeFarm):
    farm.launch(layer(frames="1"))
    host = farm.add_host(cores=1)
    (proc,) = farm.farm.procs.values()
    farm.rqd.is_silent = True
    farm.clock.advance(10.0)
    orders = []

    for _ in range(3):
        with farm.farm.work():
            host_reported(farm.farm, host_report("node1", 1), [])
        orders.append(EndLeftOrder(host.address, (proc.id,)) in farm.rqd.orders)
        farm.clock.advance(2.0)

    assert orders == [False, True, True]
    assert proc.lost_since == farm.clock() - 2.0


@pytest.mark.parametrize(
    ("error", "states"),
    [("connect: Connection refused (111)", "RRWW"), ("Deadline Exceeded", "RRRW"), ("No route to host", "RRRW")],
)
def test_frames_of_a_silent_host_are_waited_for_unless_its_daemon_is_gone(farm: FakeFarm, error: str, states: str):
    farm.launch(layer(frames="1"))
    host = farm.add_host(cores=1)
    farm.rqd.is_silent = True
    seen = ""

    for seconds in (6.0, 3.0, 10.0, 40.0):
        farm.clock.advance(seconds)
        with farm.farm.work():
            host_answered(farm.farm, host.id, error)
        seen += farm.states("beauty")

    assert seen == states
