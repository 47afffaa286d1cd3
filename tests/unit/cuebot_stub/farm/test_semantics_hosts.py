# SPDX-License-Identifier: Apache-2.0
"""Hosts as they report: names, allocations, memory, states, strangers, and what is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.hosting import delete_host
from cuebot_stub.farm.hosts import FrameReport, Host, all_tags, host_address
from cuebot_stub.farm.orders import KillOrder
from cuebot_stub.farm.reports import host_reported
from cuebot_stub.farm.watch import host_answered
from tests.fakes.farm import GB, FakeFarm, host_report
from tests.specs import layer


def report(farm: FakeFarm, *running: FrameReport, name: str = "node1", **values: Any) -> Host:
    """Let a host report what it is and runs."""
    with farm.farm.work():
        return host_reported(farm.farm, host_report(name)._replace(**values), running)


def boot(farm: FakeFarm, name: str = "node1") -> Host:
    """Let the daemon of a host report that it has just begun."""
    with farm.farm.work():
        return host_reported(farm.farm, host_report(name)._replace(is_boot=True), None)


def unreachable(farm: FakeFarm, host: Host) -> None:
    """Let a host be silent for a minute, and not answer when it is asked."""
    farm.clock.advance(60.0)
    with farm.farm.work():
        host_answered(farm.farm, host.id, "failed to connect")


def kills(farm: FakeFarm) -> list[str]:
    return [order.proc for order in farm.rqd.orders if isinstance(order, KillOrder)]


# -- names and addresses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reported", "name"),
    [
        ("node1", "node1"),
        ("node1.farm.example.org", "node1"),
        ("10.0.0.7", "10.0.0.7"),
        ("10.0.0.7:8450", "10.0.0.7:8450"),
        ("fe80::1", "fe80::1"),
    ],
)
def test_name_ends_at_its_first_dot_unless_it_is_an_address(farm: FakeFarm, reported: str, name: str):
    assert report(farm, name=reported).name == name


def test_host_that_reports_again_is_the_same(farm: FakeFarm):
    first, second = report(farm), report(farm, name="node1.farm.example.org")

    assert first is second
    assert len(farm.farm.hosts) == 1


@pytest.mark.parametrize(
    ("name", "tags", "is_local", "address"),
    [
        ("known", [], True, "10.9.9.9:99"),
        ("10.0.0.7:8450", [], False, "10.0.0.7:8450"),
        ("node1", ["general", "rqdport_18602"], True, "127.0.0.1:18602"),
        ("node1", ["rqdport_18602"], False, "node1:8444"),
        ("node1", ["rqdport_x"], True, "node1:8444"),
        ("10.0.0.7", [], False, "10.0.0.7:8444"),
    ],
    ids=["told", "with-port", "port-tag", "port-tag-of-another-machine", "no-port", "plain"],
)
def test_daemon_listens_where_it_was_said_to(name: str, tags: list[str], is_local: bool, address: str):
    assert host_address(name, tags, {"known": "10.9.9.9:99"}, is_local=is_local) == address


# -- allocation and tags -------------------------------------------------------------------------------------------


def test_tags_are_the_allocations_the_name_and_what_is_reported(farm: FakeFarm):
    host = report(farm, tags=["Fast", "desktop"])

    assert {tag.lower() for tag in all_tags(host, farm.farm.allocations[host.allocation])} == {
        "desktop",
        "node1",
        "fast",
    }


def test_host_keeps_its_allocation_when_it_reports_other_tags(farm: FakeFarm):
    host = report(farm)

    report(farm, tags=["desktop"])

    assert farm.farm.allocations[host.allocation].name == "local.general"


# -- memory --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "memory"),
    [
        (24 * GB, 24 * GB - 524288),
        (24 * GB - 1, 23 * GB - 524288),
        (1, 0),
        (0, 0),
    ],
)
def test_frames_may_reserve_whole_gigabytes_less_half_of_one(farm: FakeFarm, total: int, memory: int):
    assert report(farm, total_memory=total).memory == memory


def test_memory_is_rounded_up_for_daemons_of_old_64_bit_machines(farm: FakeFarm):
    assert report(farm, total_memory=23 * GB + 1, tags=("general", "64bit")).memory == 24 * GB - 524288


def test_frames_may_reserve_two_thirds_of_a_machine_at_which_somebody_works(farm: FakeFarm):
    host = report(farm, total_memory=24 * GB, nimby_enabled=True)

    assert (host.memory, host.thread_mode) == (int((24 * GB - 524288) / 1.5) + 524288, "ALL")


def test_host_with_24_gigabytes_has_room_for_seven_frames_of_the_usual_size(farm: FakeFarm):
    farm.launch(layer(frames="1-9"))

    farm.add_host(cores=8, memory_gb=24)

    assert len(farm.names_running()) == 7


# -- locked at the daemon ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locked", "running"), [(0, 4), (200, 2), (400, 0)])
def test_cores_that_are_locked_at_the_daemon_get_no_frames(farm: FakeFarm, locked: int, running: int):
    farm.launch(layer(frames="1-9"))

    report(farm, locked_cores=locked)

    assert len(farm.names_running()) == running


def test_cores_that_are_unlocked_at_the_daemon_get_frames_at_once(farm: FakeFarm):
    farm.launch(layer(frames="1-9"))
    report(farm, locked_cores=400)

    report(farm, locked_cores=0)

    assert len(farm.names_running()) == 4


# -- up and down ---------------------------------------------------------------------------------------------------


def test_host_that_does_not_answer_is_down_and_its_frames_wait_again(farm: FakeFarm):
    farm.launch(layer(frames="1"), before="<maxretries>0</maxretries>")
    host = farm.add_host()

    unreachable(farm, host)

    facts = farm.job().facts_of(0)
    assert (host.state, farm.states("beauty")) == ("DOWN", "W")
    assert (facts.exit_status, facts.retries) == (399, 0)


def test_host_that_was_down_is_up_with_its_next_report_and_gets_frames(farm: FakeFarm):
    host = farm.add_host()
    unreachable(farm, host)
    farm.launch(layer(frames="1"))

    report(farm)

    assert (host.state, farm.names_running()) == ("UP", ["0001-beauty"])


@pytest.mark.parametrize("state", ["REPAIR", "REBOOTING", "REBOOT_WHEN_IDLE"])
def test_report_does_not_change_what_somebody_has_said_of_a_host(farm: FakeFarm, state: str):
    host = farm.add_host()
    host.state = state

    report(farm)

    assert host.state == state


@pytest.mark.parametrize(
    ("state", "after"), [("REBOOTING", "UP"), ("REBOOT_WHEN_IDLE", "UP"), ("DOWN", "UP"), ("REPAIR", "REPAIR")]
)
def test_host_that_was_rebooted_is_up(farm: FakeFarm, state: str, after: str):
    host = farm.add_host()
    host.state = state

    boot(farm)

    assert host.state == after


def test_frames_of_a_host_whose_daemon_has_just_begun_wait_again(farm: FakeFarm):
    farm.launch(layer(frames="1"), before="<maxretries>0</maxretries>")
    farm.add_host(cores=1)
    (before,) = farm.farm.procs
    farm.rqd.running.clear()

    boot(farm)
    assert list(farm.farm.procs) == [before]  # for a while, in which it ends, and the new daemon says what it runs
    for _ in range(12):
        farm.pass_time(1.0)

    (after,) = farm.farm.procs
    assert farm.states("beauty") == "R"
    assert before != after
    assert farm.job().facts_of(0).retries == 0


@pytest.mark.parametrize(("free", "state"), [(5, "UP"), (4, "REPAIR"), (0, "REPAIR")])
def test_host_with_less_than_a_twentieth_of_its_temporary_space_is_in_repair(farm: FakeFarm, free: int, state: str):
    host = report(farm, total_mcp=100 * GB, free_mcp=free * GB)

    assert host.state == state


def test_frame_that_a_host_does_not_know_of_waits_again_after_a_while(farm: FakeFarm):
    farm.launch(layer(frames="1"), before="<maxretries>0</maxretries>")
    farm.add_host(cores=1)
    farm.rqd.running.clear()
    states = []

    for seconds in (1.0, 2.0, 5.0):
        farm.clock.advance(seconds)
        report(farm, cores=0)
        states.append(farm.states("beauty"))

    assert states == ["R", "R", "W"]
    assert farm.job().facts_of(0).exit_status == 301


def test_strict_server_waits_five_minutes_for_a_frame_that_its_host_does_not_know_of():
    farm = FakeFarm(strict=True)
    farm.launch(layer(frames="1"))
    farm.add_host(cores=1)
    farm.rqd.running.clear()
    farm.rqd.is_silent = True
    states = []

    for seconds in (10.0, 290.0, 10.0):
        farm.clock.advance(seconds)
        report(farm, cores=0)
        states.append(farm.states("beauty"))

    assert states == ["R", "R", "W"]


def test_host_that_owes_an_answer_is_not_asked_more_than_every_two_seconds(farm: FakeFarm):
    farm.launch(layer(frames="1"))
    farm.add_host()
    farm.rqd.is_silent = True
    farm.rqd.orders.clear()

    for _ in range(200):
        farm.pass_time(0.05)

    assert 2 <= len(farm.rqd.orders) <= 4


def test_host_that_was_down_for_long_is_not_asked_any_more(farm: FakeFarm):
    host = farm.add_host()
    unreachable(farm, host)
    farm.rqd.orders.clear()

    farm.pass_time(600.0)

    assert farm.rqd.orders == []


# -- strangers -----------------------------------------------------------------------------------------------------

STRANGER = FrameReport("nobody's proc", "nobody's frame")


def test_frame_that_nobody_knows_is_ended_when_it_is_reported_again(farm: FakeFarm):
    report(farm, STRANGER)
    at_first = kills(farm)
    farm.clock.advance(5.0)

    report(farm, STRANGER)

    assert (at_first, kills(farm)) == ([], ["nobody's proc"])


def test_frames_that_nobody_knows_are_forgotten_when_they_are_gone(farm: FakeFarm):
    report(farm, STRANGER)
    farm.clock.advance(5.0)

    report(farm)

    assert farm.farm.strangers == {}


def test_nothing_is_kept_of_a_host_that_is_deleted(farm: FakeFarm):
    host = report(farm, STRANGER)

    with farm.farm.work():
        delete_host(farm.farm, host)

    assert (farm.farm.hosts, farm.farm.strangers) == ({}, {})


# -- refusals ------------------------------------------------------------------------------------------------------


def test_host_that_refuses_is_asked_less_and_less_often(farm: FakeFarm):
    farm.launch(layer(frames="1"))
    farm.rqd.refuses = "Not launching"
    farm.add_host()

    for _ in range(600):
        farm.pass_time(0.1)

    assert 5 < farm.farm.procs.booked < 15
    assert farm.states("beauty") == "W"


def test_host_whose_daemon_was_started_anew_is_trusted_at_once(farm: FakeFarm):
    farm.launch(layer(frames="1"))
    farm.rqd.refuses = "Not launching, failed to reserve cores"
    host = farm.add_host()
    farm.rqd.refuses = ""

    boot(farm)

    assert (host.no_taskset, farm.names_running()) == (False, ["0001-beauty"])


def test_host_that_takes_a_frame_again_is_trusted_again(farm: FakeFarm):
    farm.launch(layer(frames="1"))
    farm.rqd.refuses = "Not launching"
    host = farm.add_host()
    farm.rqd.refuses = ""

    farm.pass_time(10.0)

    assert (host.refusals, farm.names_running()) == (0, ["0001-beauty"])
