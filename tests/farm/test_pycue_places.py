# SPDX-License-Identifier: Apache-2.0
"""Allocations, facilities and owners of hosts as PyCue shows and changes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.specs import one_layer

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

import grpc
from opencue.exception import CueException, EntityNotFoundException
from opencue_proto import host_pb2, host_pb2_grpc

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.fakes.daemons import FakeDaemons


def names(things: Any) -> list[str]:
    return [thing.data.name for thing in things]


# -- owners ----------------------------------------------------------------------------------------------------


@pytest.fixture
def deeds(farm_server: FarmServer) -> Iterator[Any]:
    """Return the calls about deeds; PyCue 1.37 sends them to the service of comments."""
    with grpc.insecure_channel(f"127.0.0.1:{farm_server.port}") as channel:
        yield host_pb2_grpc.DeedInterfaceStub(channel)


def test_owner_takes_a_host(pycue: Any, daemons: FakeDaemons, deeds: Any):
    daemons.add("node1", nimby_enabled=True)
    pycue.api.findShow("testing").createOwner("ann")

    pycue.api.getOwner("ann").takeOwnership("node1")

    deed = pycue.api.findHost("node1").getDeed().data
    assert (deed.host, deed.owner, deed.show) == ("node1", "ann", "testing")
    assert deeds.GetOwner(host_pb2.DeedGetOwnerRequest(deed=deed)).owner.host_count == 1
    assert deeds.GetHost(host_pb2.DeedGetHostRequest(deed=deed)).host.name == "node1"
    assert names(pycue.api.getOwner("ann").getHosts()) == ["node1"]


def test_host_without_its_deed_is_nobodys(pycue: Any, daemons: FakeDaemons, deeds: Any):
    daemons.add("node1", nimby_enabled=True)
    pycue.api.findShow("testing").createOwner("ann")
    pycue.api.getOwner("ann").takeOwnership("node1")

    deeds.Delete(host_pb2.DeedDeleteRequest(deed=pycue.api.findHost("node1").getDeed().data))

    with pytest.raises(grpc.RpcError, match="the host node1 has no owner"):
        pycue.api.findHost("node1").getDeed()


def test_hosts_of_an_owner_who_is_deleted_stay(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1", nimby_enabled=True)
    pycue.api.findShow("testing").createOwner("ann")
    pycue.api.getOwner("ann").takeOwnership("node1")

    pycue.api.getOwner("ann").delete()

    assert names(pycue.api.getHosts()) == ["node1"]
    assert daemons.farm.deeds == {}


def test_owner_prefers_another_show(pycue: Any):
    pycue.api.createShow("other")
    pycue.api.findShow("testing").createOwner("ann")

    pycue.api.getOwner("ann").setShow("other")

    assert pycue.api.getOwner("ann").data.show == "other"


def test_host_goes_to_whoever_takes_it_last(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1", nimby_enabled=True)
    for name in ("ann", "bob"):
        pycue.api.findShow("testing").createOwner(name)
        pycue.api.getOwner(name).takeOwnership("node1")

    assert [pycue.api.getOwner(name).data.host_count for name in ("ann", "bob")] == [0, 1]


def test_host_without_nimby_has_no_owner(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    pycue.api.findShow("testing").createOwner("ann")

    with pytest.raises(grpc.RpcError, match="does not run with NIMBY"):
        pycue.api.getOwner("ann").takeOwnership("node1")


# -- allocations and facilities --------------------------------------------------------------------------------


def test_allocation_counts_its_hosts_and_cores(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    daemons.add("node2").lock_state = "LOCKED"
    daemons.add("node3").state = "DOWN"
    daemons.launch(one_layer(frames="1"))

    stats = pycue.api.findAllocation("local.general").data.stats

    assert (stats.hosts, stats.locked_hosts, stats.down_hosts) == (3, 1, 1)
    assert (stats.cores, stats.running_cores, stats.available_cores, stats.locked_cores) == (8, 1, 3, 4)


def test_new_allocation_takes_hosts_that_have_its_tag(pycue: Any, daemons: FakeDaemons):
    made = pycue.api.createAllocation("fast", "fasttag", pycue.api.getFacility("local"))

    daemons.add("node1", tags=["fast"])

    assert made.data.name == "local.fast"
    assert names(pycue.api.findAllocation("local.fast").getHosts()) == ["node1"]


def test_allocation_of_a_taken_name_is_refused(pycue: Any):
    with pytest.raises(CueException, match=r"local\.general"):
        pycue.api.createAllocation("general", "tag", pycue.api.getFacility("local"))


def test_allocation_gets_another_name_and_tag(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1", tags=["x"])
    allocation = pycue.api.findAllocation("local.general")
    allocation.setName("farm")

    allocation.setTag("farmtag")

    assert list(pycue.api.findHost("node1").data.tags) == ["farmtag", "node1", "x"]
    assert names(pycue.api.findAllocation("local.farm").getHosts()) == ["node1"]


def test_hosts_move_to_an_allocation_together(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    daemons.add("node2")

    pycue.api.findAllocation("local.desktop").reparentHosts(pycue.api.getHosts())

    assert names(pycue.api.findAllocation("local.desktop").getHosts()) == ["node1", "node2"]


def test_default_allocation_takes_hosts_that_name_none(pycue: Any, daemons: FakeDaemons):
    pycue.api.setDefaultAllocation(pycue.api.findAllocation("local.unassigned").data)

    daemons.add("node1", tags=["whatever"])

    assert pycue.api.getDefaultAllocation().data.name == "local.unassigned"
    assert pycue.api.findHost("node1").data.alloc_name == "local.unassigned"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("local.general", "allocation of new hosts"), ("local.desktop", "1 shows have subscribed to it: testing")],
)
def test_allocation_in_use_is_not_deleted(pycue: Any, name: str, reason: str):
    with pytest.raises(grpc.RpcError, match=reason):
        pycue.api.findAllocation(name).delete()


def test_empty_allocation_is_deleted(pycue: Any):
    pycue.api.findAllocation("local.unassigned").delete()

    assert "local.unassigned" not in names(pycue.api.getAllocations())


def test_facility_is_made_renamed_and_deleted(pycue: Any):
    pycue.api.createFacility("Moon")
    pycue.api.renameFacility(pycue.api.getFacility("moon"), "mars")

    pycue.api.deleteFacility("mars")

    with pytest.raises(EntityNotFoundException, match="mars"):
        pycue.api.getFacility("mars")


def test_facility_with_allocations_is_not_deleted(pycue: Any):
    with pytest.raises(CueException, match="2 allocations"):
        pycue.api.deleteFacility("cloud")
