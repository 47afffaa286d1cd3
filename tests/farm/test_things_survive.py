# SPDX-License-Identifier: Apache-2.0
"""What people do to the things of a farm is in its file before they are answered, and there after a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.specs import one_layer

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

from opencue_proto import filter_pb2, host_pb2, limit_pb2, service_pb2

from tests.fakes.saved_farm import live_data

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer

BAKE = service_pb2.Service(name="bake", min_cores=100, min_memory=1048576, tags=["a"], min_memory_increase=1048576)


@pytest.fixture
def server(make_farm_server: Callable[..., FarmServer], tmp_path: Path) -> FarmServer:
    """Return a server with a file. It has two hosts, of which node1 runs a frame, and things of every kind."""
    from tests.fakes.daemons import FakeDaemons

    server = make_farm_server(state=tmp_path / "farm.sqlite")
    daemons = FakeDaemons(server.farm)
    daemons.add("node2", nimby_enabled=True)
    with server.farm.work() as farm:
        farm.hosts.named("node2").lock_state = "LOCKED"
        farm.hosts.named("node2").thread_mode = "AUTO"  # a host with NIMBY gives a frame all of its cores otherwise
        farm.hosts.save(farm.hosts.named("node2"))
    daemons.add("node1", cores=100)
    daemons.launch(one_layer(frames="1-3"))
    return server


@pytest.fixture
def cue(server: FarmServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return PyCue, connected to ``server``, after it has made what actions need."""
    import opencue

    monkeypatch.setenv("USER", "ann")  # who lends a host
    opencue.Cuebot.setHosts([f"127.0.0.1:{server.port}"])
    show = opencue.api.createShow("fly")
    show.createServiceOverride(BAKE)
    show.createOwner("ann")
    opencue.api.getOwner("ann").takeOwnership("node2")
    opencue.api.createLimit("license", 3)
    opencue.api.findHost("node2").addTags(["red"])
    opencue.api.findHost("node2").addComment("fan", "is loud")
    opencue.api.findShow("testing").getRootGroup().createSubGroup("lighting")
    fast = opencue.api.findShow("testing").createFilter("fast")
    fast.createMatcher(filter_pb2.USER, filter_pb2.IS, "tester")
    fast.createAction(filter_pb2.PAUSE_JOB, True)
    pipeline(opencue).addTask("sh1", 4)
    yield opencue
    opencue.Cuebot.closeChannel()


def host(cue: Any) -> Any:
    return cue.api.findHost("node2")


def show(cue: Any) -> Any:
    return cue.api.findShow("testing")


def lighting(cue: Any) -> Any:
    return cue.api.findGroup("testing", "lighting")


def desktop(cue: Any) -> Any:
    return cue.api.findAllocation("local.desktop")


def license(cue: Any) -> Any:
    return cue.api.findLimit("license")


def subscription(cue: Any) -> Any:
    return cue.api.findSubscription("local.desktop.testing")


def proc(cue: Any) -> Any:
    return cue.api.getProcs()[0]


def fast(cue: Any) -> Any:
    return cue.api.findFilter("testing", "fast")


def pipeline(cue: Any) -> Any:
    return cue.api.findShow("testing").getDepartment("Pipeline")


def update_service(cue: Any) -> None:
    service = cue.api.getService("maya")
    service.setMinCores(700)
    service.update()


def pause_no_more(cue: Any) -> None:
    (action,) = fast(cue).getActions()
    action.data.boolean_value = False
    action.commit()


def change_comment(cue: Any) -> None:
    (comment,) = host(cue).getComments()
    comment.setMessage("is silent")
    comment.save()


def archive(cue: Any) -> None:
    cue.api.findShow("fly").archive("testing")


def redirect(cue: Any) -> None:
    proc(cue).redirectToGroup(lighting(cue))


ACTIONS: dict[str, Callable[[Any], Any]] = {
    "host unlocked": lambda cue: host(cue).unlock(),
    "host rebooted": lambda cue: host(cue).reboot(),
    "host in repair": lambda cue: host(cue).setHardwareState(host_pb2.REPAIR),
    "host threads": lambda cue: host(cue).setThreadMode(host_pb2.VARIABLE),
    "host tags": lambda cue: host(cue).removeTags(["red"]),
    "host tag renamed": lambda cue: host(cue).renameTag("red", "blue"),
    "host os": lambda cue: host(cue).setOs("beos"),
    "host moved": lambda cue: host(cue).setAllocation(desktop(cue)),
    "host deleted": lambda cue: host(cue).delete(),
    "comment changed": change_comment,
    "comment deleted": lambda cue: host(cue).getComments()[0].delete(),
    "owner's show": lambda cue: cue.api.getOwner("ann").setShow("testing"),
    "owner deleted": lambda cue: cue.api.getOwner("ann").delete(),
    "proc unbooked": lambda cue: proc(cue).unbook(),
    "proc redirected": redirect,
    "show made": lambda cue: cue.api.createShow("walk"),
    "show deleted": lambda cue: cue.api.deleteShow("fly"),
    "show archived": archive,
    "show inactive": lambda cue: show(cue).setActive(False),
    "show booking": lambda cue: show(cue).enableBooking(False),
    "show cores": lambda cue: show(cue).setDefaultMaxCores(7),
    "group made": lambda cue: lighting(cue).createSubGroup("keys"),
    "group renamed": lambda cue: lighting(cue).setName("lights"),
    "group cores": lambda cue: lighting(cue).setMaxCores(7),
    "group deleted": lambda cue: lighting(cue).delete(),
    "job in a group": lambda cue: lighting(cue).reparentJobs(cue.api.getJobs()),
    "facility made": lambda cue: cue.api.createFacility("mars"),
    "facility renamed": lambda cue: cue.api.renameFacility(cue.api.getFacility("cloud"), "fog"),
    "allocation made": lambda cue: cue.api.createAllocation("fast", "fast", cue.api.getFacility("local")),
    "allocation renamed": lambda cue: desktop(cue).setName("office"),
    "allocation tagged": lambda cue: desktop(cue).setTag("office"),
    "allocation default": lambda cue: cue.api.setDefaultAllocation(desktop(cue).data),
    "allocation deleted": lambda cue: cue.api.findAllocation("local.unassigned").delete(),
    "hosts moved": lambda cue: desktop(cue).reparentHosts([host(cue)]),
    "subscription made": lambda cue: cue.api.findShow("fly").createSubscription(desktop(cue), 1, 2),
    "subscription size": lambda cue: subscription(cue).setSize(7),
    "subscription burst": lambda cue: subscription(cue).setBurst(7),
    "subscription deleted": lambda cue: subscription(cue).delete(),
    "service made": lambda cue: cue.api.createService(BAKE),
    "service changed": update_service,
    "service deleted": lambda cue: cue.api.getService("maya").delete(),
    "override deleted": lambda cue: cue.api.findShow("fly").getServiceOverrides()[0].delete(),
    "limit value": lambda cue: license(cue).setMaxValue(7),
    "limit renamed": lambda cue: license(cue).rename("permit"),
    "limit type": lambda cue: license(cue).setLimitType(limit_pb2.HOST),
    "filter made": lambda cue: show(cue).createFilter("slow").orderFirst(),
    "filter off": lambda cue: fast(cue).setEnabled(False),
    "filter deleted": lambda cue: fast(cue).delete(),
    "matcher made": lambda cue: fast(cue).createMatcher(filter_pb2.SHOT, filter_pb2.IS, "sh1"),
    "matcher changed": lambda cue: fast(cue).getMatchers()[0].setInput("ann"),
    "matcher deleted": lambda cue: fast(cue).getMatchers()[0].delete(),
    "action made": lambda cue: fast(cue).createAction(filter_pb2.MOVE_JOB_TO_GROUP, lighting(cue)),
    "action changed": pause_no_more,
    "action deleted": lambda cue: fast(cue).getActions()[0].delete(),
    "department named": lambda cue: cue.api.addDepartmentName("Rigging"),
    "department managed": lambda cue: pipeline(cue).enableTiManaged("LGT", 20),
    "task made": lambda cue: pipeline(cue).addTask("sh2", 4),
    "task changed": lambda cue: pipeline(cue).getTasks()[0].setMinCores(7),
    "task deleted": lambda cue: pipeline(cue).getTasks()[0].delete(),
    "host lent": lambda cue: cue.api.getJobs()[0].addRenderPartition("node2", 1, 1, 1048576, 0, 0),
    "limit deleted": lambda cue: license(cue).delete(),
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS.keys())
def test_change_is_there_after_a_restart(
    server: FarmServer, cue: Any, tmp_path: Path, action: Callable[[Any], Any]
) -> None:
    from cuebot_stub.server import FarmServer

    before = live_data(server.farm)
    action(cue)
    changed = live_data(server.farm)
    server.stop(grace_seconds=0.1)

    restarted = FarmServer(state=tmp_path / "farm.sqlite")

    kept = live_data(restarted.farm)
    restarted.stop()
    assert changed != before
    assert kept == changed


def test_what_is_reserved_is_there_after_a_restart(server: FarmServer, cue: Any, tmp_path: Path) -> None:
    from cuebot_stub.server import FarmServer

    lighting(cue).reparentJobs(cue.api.getJobs())
    group = lighting(cue).data.id
    server.stop(grace_seconds=0.1)

    restarted = FarmServer(state=tmp_path / "farm.sqlite")

    restarted.stop()
    assert restarted.farm.procs.usage.of("group", group).cores == 100
