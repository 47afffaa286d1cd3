# SPDX-License-Identifier: Apache-2.0
"""In which order frames start, and on which hosts none do."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from tests.fakes.daemons import FakeDaemons
from tests.fakes.farm import FakeClock
from tests.specs import SMALL, job, layer, one_layer, spec


def frames_of(daemons: FakeDaemons) -> list[str]:
    return [frame for _, frame in daemons.started]


def hosts_of(daemons: FakeDaemons) -> list[str]:
    return [host for host, _ in daemons.started]


def jobs_of(daemons: FakeDaemons) -> set[str]:
    return {proc.job for proc in daemons.farm.procs.values()}


# -- the order --------------------------------------------------------------------------------------------------------


def test_older_job_starts_first_among_equals(daemons: FakeDaemons, clock: FakeClock):
    older = daemons.launch(one_layer("zz_older"))
    clock.now += 5
    daemons.launch(one_layer("aa_newer"))

    daemons.add("node1")

    assert jobs_of(daemons) == {older}


def test_first_frames_of_all_layers_start_before_second_ones(daemons: FakeDaemons):
    daemons.launch(spec(job(layer("aaa", "1-2", after=SMALL), layer("bbb", "7-8", after=SMALL))))

    daemons.add("node1")

    assert frames_of(daemons) == ["0001-aaa", "0007-bbb", "0002-aaa", "0008-bbb"]


def test_hosts_take_turns(daemons: FakeDaemons):
    daemons.add("node1")
    daemons.add("node2")

    daemons.launch(one_layer(frames="1-4"))

    assert hosts_of(daemons) == ["node1", "node2", "node1", "node2"]


def test_room_that_a_frame_leaves_goes_to_its_job_among_equals(daemons: FakeDaemons, clock: FakeClock):
    daemons.add("node1")
    daemons.launch(one_layer("older", frames="1-3"))
    clock.now += 1
    newer = daemons.launch(one_layer("newer", frames="101-120"))
    daemons.launch(one_layer("newest", frames="201-220"))
    with daemons.farm.work() as farm:
        farm.jobs[newer].facts.launched += 10

    daemons.finish("0101-beauty")

    assert frames_of(daemons)[-1] == "0102-beauty"


def test_room_of_an_unbooked_proc_goes_to_the_first_job(daemons: FakeDaemons):
    daemons.add("node1")
    newer = daemons.launch(one_layer("newer", frames="101-120"))
    daemons.launch(one_layer("older", frames="1-20"))
    with daemons.farm.work() as farm:
        farm.jobs[newer].facts.launched += 10
        daemons.proc("0101-beauty").unbooked = True

    daemons.finish("0101-beauty")

    assert frames_of(daemons)[-1] == "0001-beauty"


# -- hosts that get nothing ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("state", "DOWN"),
        ("state", "REBOOTING"),
        ("state", "REBOOT_WHEN_IDLE"),
        ("state", "REPAIR"),
        ("lock_state", "LOCKED"),
    ],
)
def test_host_that_is_not_up_or_is_locked_gets_nothing(daemons: FakeDaemons, fact: str, value: str):
    setattr(daemons.add("node1"), fact, value)

    daemons.launch(one_layer())

    assert daemons.running == []


def test_host_whose_owner_works_at_it_gets_nothing(daemons: FakeDaemons):
    daemons.launch(one_layer())

    daemons.add("node1", nimby_enabled=True, nimby_locked=True)

    assert daemons.running == []


def test_timeout_below_0_is_none(daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer(frames="1", after=f"{SMALL}<timeout>-5</timeout><timeout_llu>-5</timeout_llu>"))

    daemons.report("node1")

    assert daemons.proc("0001-beauty").kill_reason == ""
