# SPDX-License-Identifier: Apache-2.0
"""In which order frames start, and on which hosts none do."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm import steering
from cuebot_stub.farm.hosting import move_host, redirect
from cuebot_stub.farm.watch import tick
from tests.fakes.daemons import GB, FakeDaemons
from tests.fakes.farm import FakeClock
from tests.specs import SMALL, job, layer, one_layer, spec


def frames_of(daemons: FakeDaemons) -> list[str]:
    return [frame for _, frame in daemons.started]


def hosts_of(daemons: FakeDaemons) -> list[str]:
    return [host for host, _ in daemons.started]


def jobs_of(daemons: FakeDaemons) -> set[str]:
    return {proc.job for proc in daemons.farm.procs.values()}


# -- the order --------------------------------------------------------------------------------------------------------


def test_job_of_a_higher_priority_starts_first(daemons: FakeDaemons):
    daemons.launch(one_layer("low", before="<priority>1</priority>"))
    urgent = daemons.launch(one_layer("high", before="<priority>2</priority>"))

    daemons.add("node1")

    assert jobs_of(daemons) == {urgent}


def test_older_job_starts_first_among_equals(daemons: FakeDaemons, clock: FakeClock):
    older = daemons.launch(one_layer("zz_older"))
    clock.now += 5
    daemons.launch(one_layer("aa_newer"))

    daemons.add("node1")

    assert jobs_of(daemons) == {older}


def test_frames_start_in_the_order_of_their_range(daemons: FakeDaemons):
    daemons.launch(one_layer(frames="9,1,5,4-3"))

    daemons.add("node1", cores=800)

    assert frames_of(daemons) == ["0009-beauty", "0001-beauty", "0005-beauty", "0004-beauty", "0003-beauty"]


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


def test_room_of_a_redirected_proc_goes_to_the_job_it_was_redirected_to(daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer("first", before="<priority>9</priority>"))
    target = daemons.launch(one_layer("second", frames="101-120"))
    with daemons.farm.work() as farm:
        redirect(farm, daemons.proc("0001-beauty"), target, kill=False)

    daemons.finish("0001-beauty")

    assert frames_of(daemons)[-1] == "0101-beauty"


# -- hosts that get nothing, jobs that wait ---------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["DOWN", "REBOOTING", "REBOOT_WHEN_IDLE", "REPAIR"])
def test_host_that_is_not_up_gets_nothing(daemons: FakeDaemons, state: str):
    daemons.add("node1").state = state

    daemons.launch(one_layer())

    assert daemons.running == []


def test_locked_host_gets_nothing(daemons: FakeDaemons):
    daemons.add("node1").lock_state = "LOCKED"

    daemons.launch(one_layer())

    assert daemons.running == []


def test_host_whose_owner_works_at_it_gets_nothing(daemons: FakeDaemons):
    daemons.launch(one_layer())

    daemons.add("node1", nimby_enabled=True, nimby_locked=True)

    assert daemons.running == []


def test_host_without_temporary_space_gets_nothing(daemons: FakeDaemons):
    daemons.launch(one_layer())

    daemons.add("node1", total_mcp=100 * GB, free_mcp=4 * GB)

    assert daemons.running == []


def test_host_gets_work_again_when_it_has_temporary_space_again(daemons: FakeDaemons):
    daemons.launch(one_layer(frames="1"))
    daemons.add("node1", total_mcp=100 * GB, free_mcp=4 * GB)

    daemons.report("node1", free_mcp=50 * GB)

    assert daemons.running == ["0001-beauty"]


def test_paused_job_starts_nothing(daemons: FakeDaemons):
    daemons.add("node1")

    daemons.launch(one_layer(before="<paused>True</paused>"))

    assert daemons.running == []


def test_resumed_job_starts_at_once(daemons: FakeDaemons):
    daemons.add("node1")
    job_id = daemons.launch(one_layer(frames="1", before="<paused>True</paused>"))

    with daemons.farm.work() as farm:
        steering.resume(farm, farm.jobs[job_id])

    assert daemons.running == ["0001-beauty"]


def test_layer_starts_after_its_time_only(daemons: FakeDaemons, clock: FakeClock):
    job_id = daemons.launch(one_layer(frames="1", before="<paused>True</paused>"))
    with daemons.farm.work() as farm:
        farm.jobs[job_id].layers[0].start_after = int(clock.now) + 60
        farm.jobs[job_id].needs_changed(0)
        steering.resume(farm, farm.jobs[job_id])

    daemons.add("node1")

    assert daemons.running == []


def test_layer_starts_when_its_time_has_come(daemons: FakeDaemons, clock: FakeClock):
    job_id = daemons.launch(one_layer(frames="1", before="<paused>True</paused>"))
    with daemons.farm.work() as farm:
        farm.jobs[job_id].layers[0].start_after = int(clock.now) + 60
        farm.jobs[job_id].needs_changed(0)
        steering.resume(farm, farm.jobs[job_id])
    daemons.add("node1")
    clock.now += 61

    with daemons.farm.work() as farm:
        tick(farm)

    assert daemons.running == ["0001-beauty"]


# -- the account ------------------------------------------------------------------------------------------------------


def test_nothing_is_reserved_any_more_when_all_frames_are_over(daemons: FakeDaemons):
    host = daemons.add("node1")
    daemons.launch(one_layer(frames="1"))
    with daemons.farm.work() as farm:
        move_host(farm, host, farm.allocations.named("local.desktop"))

    daemons.finish("0001-beauty")

    assert daemons.farm.procs.usage.is_empty


def test_what_runs_on_a_moved_host_counts_for_its_new_allocation(daemons: FakeDaemons):
    host = daemons.add("node1")
    daemons.launch(one_layer(frames="1"))

    with daemons.farm.work() as farm:
        desktop = farm.allocations.named("local.desktop")
        move_host(farm, host, desktop)

    assert daemons.farm.procs.usage.of("share", daemons.farm.shows.named("testing").id, desktop.id).cores == 100


def test_timeout_below_0_is_none(daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer(frames="1", after=f"{SMALL}<timeout>-5</timeout><timeout_llu>-5</timeout_llu>"))

    daemons.report("node1")

    assert daemons.proc("0001-beauty").kill_reason == ""
