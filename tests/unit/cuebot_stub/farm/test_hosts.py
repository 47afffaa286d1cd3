# SPDX-License-Identifier: Apache-2.0
"""Hosts by themselves: where new ones belong, which state they are in, and what redirects of their procs do."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.hosting import delete_host, move_host, redirect
from cuebot_stub.farm.hosts import Host
from cuebot_stub.farm.things import Comment, Deed, Group, Owner
from cuebot_stub.farm.watch import host_answered, tick
from tests.fakes.daemons import GB, FakeDaemons
from tests.fakes.farm import FakeClock
from tests.specs import one_layer

STATES = ["UP", "REPAIR", "REBOOTING", "REBOOT_WHEN_IDLE"]


def place_of(daemons: FakeDaemons, host: Host) -> tuple[str, str]:
    return daemons.farm.allocations[host.allocation].name, host.facility


# -- where new hosts belong ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facility", "tags", "place"),
    [
        ("local", ["general"], ("local.general", "local")),
        ("local", ["x", "desktop", "general"], ("local.desktop", "local")),
        ("local", [], ("local.general", "local")),
        ("local", ["x"], ("local.general", "local")),
        ("cloud", ["x"], ("cloud.general", "cloud")),
        ("Cloud", ["unassigned"], ("cloud.unassigned", "cloud")),
        ("mars", ["desktop"], ("local.desktop", "local")),
    ],
)
def test_new_host_belongs_to_the_allocation_of_its_first_tag_that_names_one(
    daemons: FakeDaemons, facility: str, tags: list[str], place: tuple[str, str]
):
    host = daemons.add("node1", facility=facility, tags=tags)

    assert place_of(daemons, host) == place


def test_moved_host_stays_where_it_is_when_it_reports(daemons: FakeDaemons):
    host = daemons.add("node1")
    with daemons.farm.work() as farm:
        move_host(farm, host, farm.allocations.named("cloud.general"))

    daemons.report("node1", is_boot=True)

    assert place_of(daemons, host) == ("cloud.general", "cloud")


# -- states ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES[1:])
def test_host_that_does_not_answer_keeps_the_state_that_somebody_has_given_it(
    daemons: FakeDaemons, clock: FakeClock, state: str
):
    host = daemons.add("node1")
    daemons.launch(one_layer(frames="1"))
    host.state = state
    clock.now += 60

    with daemons.farm.work() as farm:
        host_answered(farm, host.id, "unreachable")

    assert (host.state, daemons.running) == (state, [])


@pytest.mark.parametrize(
    ("state", "frames", "seconds", "is_asked"),
    [
        *(pytest.param(state, "1", 6, True, id=f"{state} with frames") for state in STATES),
        pytest.param("UP", "", 60, True, id="UP"),
        pytest.param("DOWN", "", 60, False, id="DOWN"),
        pytest.param("REPAIR", "", 60, False, id="REPAIR"),
    ],
)
def test_silent_host_is_asked_when_it_has_frames_or_should_be_up(
    daemons: FakeDaemons, clock: FakeClock, state: str, frames: str, seconds: int, is_asked: bool
):
    host = daemons.add("node1")
    daemons.launch(one_layer(frames="1", before="" if frames else "<paused>True</paused>"))
    host.state = state
    clock.now += seconds

    with daemons.farm.work() as farm:
        tick(farm)

    assert (host.ping_time == clock.now) is is_asked


def test_full_temporary_folder_is_told_in_a_comment(daemons: FakeDaemons):
    daemons.add("node1", total_mcp=100 * GB, free_mcp=2 * GB)

    (comment,) = daemons.farm.comments.values()
    assert comment.message == "2048 MB of 102400 MB are free; the host waits for more."


def test_host_gets_work_and_loses_its_comment_when_its_temporary_folder_has_room(daemons: FakeDaemons):
    daemons.launch(one_layer(frames="1"))
    host = daemons.add("node1", total_mcp=100 * GB, free_mcp=2 * GB)
    before = (host.state, daemons.running)

    daemons.report("node1", free_mcp=20 * GB)

    assert before == ("REPAIR", [])
    assert (host.state, daemons.running, daemons.farm.comments) == ("UP", ["0001-beauty"], {})


def test_host_in_repair_for_another_reason_stays_so_when_it_has_room(daemons: FakeDaemons):
    host = daemons.add("node1", total_mcp=100 * GB, free_mcp=20 * GB)
    host.state = "REPAIR"

    daemons.report("node1")

    assert host.state == "REPAIR"


# -- removing and redirecting ----------------------------------------------------------------------------------


def test_all_that_is_about_a_host_goes_with_it(daemons: FakeDaemons):
    host = daemons.add("node1")
    farm = daemons.farm
    farm.owners["ann"] = Owner("ann", "ann", farm.shows.named("testing").id)
    farm.deeds["deed"] = Deed("deed", host.id, "ann")
    farm.comments["note"] = Comment("note", host.id, 1, "ann", "fan", "is loud")

    with farm.work():
        delete_host(farm, host)

    assert (farm.hosts, farm.deeds, farm.comments) == ({}, {}, {})


def test_room_of_a_proc_that_was_redirected_to_a_group_goes_to_a_job_of_it(daemons: FakeDaemons):
    farm = daemons.farm
    root = farm.groups.where(show=farm.shows.named("testing").id, parent="")[0]
    farm.groups["lights"] = Group("lights", "lights", root.show, root.id)
    daemons.add("node1", cores=100)
    daemons.launch(one_layer("first", before="<priority>9</priority>"))
    farm.jobs[daemons.launch(one_layer("second", frames="101-109"))].facts.group = "lights"
    with farm.work():
        redirect(farm, daemons.proc("0001-beauty"), "lights", kill=False)

    daemons.finish("0001-beauty")

    assert daemons.running == ["0101-beauty"]


def test_redirect_that_was_taken_back_changes_nothing(daemons: FakeDaemons):
    daemons.add("node1", cores=100)
    daemons.launch(one_layer("first", before="<priority>9</priority>"))
    target = daemons.launch(one_layer("second", frames="101-109"))
    with daemons.farm.work() as farm:
        redirect(farm, daemons.proc("0001-beauty"), target, kill=False)
        redirect(farm, daemons.proc("0001-beauty"), "", kill=False)

    daemons.finish("0001-beauty")

    assert daemons.running == ["0002-beauty"]


def test_room_goes_to_others_when_the_redirected_job_has_nothing_for_it(daemons: FakeDaemons):
    daemons.add("node1", cores=100)
    daemons.launch(one_layer("first"))
    target = daemons.launch(one_layer("second", frames="101", before="<paused>True</paused>"))
    with daemons.farm.work() as farm:
        redirect(farm, daemons.proc("0001-beauty"), target, kill=False)

    daemons.finish("0001-beauty")

    assert daemons.running == ["0002-beauty"]
