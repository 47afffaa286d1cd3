# SPDX-License-Identifier: Apache-2.0
"""Hosts that are gone and hosts that are silent: how long their frames are waited for."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.orders import EndLeftOrder
from cuebot_stub.farm.reports import host_reported
from cuebot_stub.farm.watch import host_answered
from tests.fakes.farm import FakeFarm, host_report
from tests.specs import layer


def test_daemon_that_has_just_begun_has_its_old_frames_ended(farm: FakeFarm):
    farm.launch(layer(frames="1-2"))
    host = farm.add_host(cores=2)

    with farm.farm.work():
        host_reported(farm.farm, host_report("node1")._replace(is_boot=True), None)

    assert farm.rqd.running == {}
    assert farm.rqd.orders[-1] == EndLeftOrder(host.address, tuple(proc.frame_id for proc in farm.farm.procs.values()))


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
        orders.append(EndLeftOrder(host.address, (proc.frame_id,)) in farm.rqd.orders)
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
