# SPDX-License-Identifier: Apache-2.0
"""Hosts, procs, allocations and facilities as PyCue shows and changes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.specs import SMALL, one_layer

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

import grpc
from opencue.exception import EntityNotFoundException
from opencue_proto import host_pb2

from tests.fakes.daemons import FakeDaemons

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer


def names(things: Any) -> list[str]:
    return [thing.data.name for thing in things]


# -- finding hosts ---------------------------------------------------------------------------------------------


def test_host_has_what_it_reported(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1.studio.example", cores=800, os="rocky9", tags=["general", "fast"])

    host = pycue.api.findHost("node1")

    data = host.data
    assert (data.name, data.cores, data.idle_cores, data.memory, data.os) == ("node1", 8, 8, 16252928, "rocky9")
    assert (data.alloc_name, list(data.tags)) == ("local.general", ["general", "node1", "fast"])


def test_host_is_found_by_its_id(pycue: Any, daemons: FakeDaemons):
    id = daemons.add("node1").id

    host = pycue.api.getHost(id)

    assert host.data.name == "node1"


def test_host_that_is_not_there_is_not_found(pycue: Any):
    with pytest.raises(EntityNotFoundException, match="no host 'nowhere'"):
        pycue.api.findHost("nowhere")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ["box1", "node1", "node2"]),
        ({"name": ["node2", "box1"]}, ["box1", "node2"]),
        ({"match": ["ode"]}, ["node1", "node2"]),
        ({"regex": ["^.o[x]", "2$"]}, ["box1", "node2"]),
        ({"alloc": ["local.desktop"]}, ["box1"]),
        ({"state": [host_pb2.REPAIR]}, ["node2"]),
        ({"lock_state": [host_pb2.NIMBY_LOCKED]}, ["box1"]),
        ({"match": ["node"], "state": [host_pb2.UP]}, ["node1"]),
    ],
    ids=["all", "name", "match", "regex", "alloc", "state", "lock-state", "both"],
)
def test_hosts_are_searched(pycue: Any, daemons: FakeDaemons, options: dict[str, Any], found: list[str]):
    daemons.add("node2").state = "REPAIR"
    daemons.add("node1")
    daemons.add("box1", tags=["desktop"], nimby_enabled=True, nimby_locked=True)

    hosts = pycue.api.getHosts(**options)

    assert names(hosts) == found


def test_whiteboard_has_all_hosts_with_their_procs(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer(frames="1"))

    (host,) = pycue.api.getHostWhiteboard()

    assert [proc.frame_name for proc in host.children().nested_procs] == ["0001-beauty"]


# -- what people do to hosts -----------------------------------------------------------------------------------


def test_locked_host_finishes_its_frames_and_gets_no_others(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1", cores=100)
    daemons.launch(one_layer())
    pycue.api.findHost("node1").lock()

    daemons.finish("0001-beauty")

    assert daemons.running == []
    assert pycue.api.findHost("node1").data.lock_state == host_pb2.LOCKED


def test_unlocked_host_gets_frames_at_once(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1", cores=100).lock_state = "LOCKED"
    daemons.launch(one_layer())

    pycue.api.findHost("node1").unlock()

    assert daemons.running == ["0001-beauty"]


@pytest.mark.parametrize("call", ["lock", "unlock"])
def test_host_whose_daemon_does_not_answer_is_neither_locked_nor_unlocked(
    make_farm_server: Callable[..., FarmServer], pycue: Any, call: str
):
    server = make_farm_server(rqd={"node1": "127.0.0.1:1"})
    tell = server.farm.tell
    before = FakeDaemons(server.farm).add("node1").lock_state
    server.farm.tell = tell
    pycue.Cuebot.setHosts([f"127.0.0.1:{server.port}"])

    with pytest.raises(grpc.RpcError, match=r"node1 does not answer at 127\.0\.0\.1:1") as caught:
        getattr(pycue.api.findHost("node1"), call)()

    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert server.farm.hosts.named("node1").lock_state == before


@pytest.mark.parametrize(("call", "state"), [("reboot", host_pb2.DOWN), ("rebootWhenIdle", host_pb2.REBOOT_WHEN_IDLE)])
def test_reboot_is_noted_and_never_sent_to_the_host(pycue: Any, daemons: FakeDaemons, call: str, state: int):
    daemons.add("node1")

    getattr(pycue.api.findHost("node1"), call)()

    assert pycue.api.findHost("node1").data.state == state
    assert daemons.orders == []


def test_rebooted_host_is_up_again_when_its_daemon_starts(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    pycue.api.findHost("node1").reboot()
    daemons.report("node1")

    daemons.report("node1", is_boot=True)

    assert pycue.api.findHost("node1").data.state == host_pb2.UP


def test_host_in_repair_stays_so_when_it_reports(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    pycue.api.findHost("node1").setHardwareState(host_pb2.REPAIR)

    daemons.report("node1", is_boot=True)

    assert pycue.api.findHost("node1").data.state == host_pb2.REPAIR


def test_host_that_is_fixed_gets_frames_at_once(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1", cores=100).state = "REPAIR"
    daemons.launch(one_layer())

    pycue.api.findHost("node1").setHardwareState(host_pb2.UP)

    assert daemons.running == ["0001-beauty"]


def test_thread_mode_decides_what_a_threadable_frame_gets(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    pycue.api.findHost("node1").setThreadMode(host_pb2.ALL)

    daemons.launch(one_layer(after=f"<threadable>True</threadable>{SMALL}"))

    assert pycue.api.findHost("node1").data.thread_mode == host_pb2.ALL
    assert [proc.data.reserved_cores for proc in pycue.api.getProcs()] == [4.0]


def test_tags_are_added_renamed_and_removed(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    host = pycue.api.findHost("node1")
    host.addTags(["red", "blue", "green"])
    host.renameTag("red", "crimson")

    host.removeTags(["blue", "general"])

    assert list(pycue.api.findHost("node1").data.tags) == ["general", "node1", "crimson", "green"]


def test_operating_system_of_a_host_lets_jobs_run_there(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer(frames="1", before="<os>beos</os>"))

    pycue.api.findHost("node1").setOs("beos,linux")

    assert daemons.running == ["0001-beauty"]


def test_host_moves_to_another_allocation_with_its_tag(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1", tags=["local"])

    pycue.api.findHost("node1").setAllocation(pycue.api.findAllocation("local.desktop"))

    data = pycue.api.findHost("node1").data
    assert (data.alloc_name, list(data.tags)) == ("local.desktop", ["desktop", "node1", "local"])


def test_host_is_forgotten_with_its_comments(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    pycue.api.findHost("node1").addComment("subject", "text")

    pycue.api.findHost("node1").delete()

    assert pycue.api.getHosts() == []
    assert daemons.farm.comments == {}


def test_host_that_runs_frames_is_not_forgotten(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer(frames="1-3"))

    with pytest.raises(grpc.RpcError, match="3 frames run on the host node1"):
        pycue.api.findHost("node1").delete()


def test_forgotten_host_is_back_when_it_reports(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    pycue.api.findHost("node1").delete()

    daemons.report("node1")

    assert names(pycue.api.getHosts()) == ["node1"]


def test_comment_on_a_host_is_kept_changed_and_deleted(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    host = pycue.api.findHost("node1")
    host.addComment("fan", "is loud")
    (comment,) = host.getComments()
    comment.setMessage("is silent")
    comment.save()

    (changed,) = pycue.api.findHost("node1").getComments()

    assert (changed.data.subject, changed.data.message, pycue.api.findHost("node1").data.has_comment) == (
        "fan",
        "is silent",
        True,
    )
    changed.delete()
    assert host.getComments() == []


def test_states_and_modes_that_no_host_can_have_are_refused(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    host = pycue.api.findHost("node1")

    with pytest.raises(grpc.RpcError, match=r"99 is not a value of host.HardwareState"):
        host.setHardwareState(99)
    with pytest.raises(grpc.RpcError, match=r"99 is not a value of host.ThreadMode"):
        host.setThreadMode(99)
