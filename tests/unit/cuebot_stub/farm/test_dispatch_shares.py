# SPDX-License-Identifier: Apache-2.0
"""What holds frames back though hosts have room: limits, subscriptions, and shows that are switched off."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.things import Deed, Limit, Owner
from cuebot_stub.seed import make_show
from tests.fakes.daemons import FakeDaemons, new_farm
from tests.specs import SMALL, job, layer, one_layer, spec


def frames_of(daemons: FakeDaemons) -> list[str]:
    return [frame for _, frame in daemons.started]


def hosts_of(daemons: FakeDaemons) -> list[str]:
    return [host for host, _ in daemons.started]


# -- limits -----------------------------------------------------------------------------------------------------------

LIMITED = f"{SMALL}<limits><limit>license</limit></limits>"


@pytest.fixture
def license(daemons: FakeDaemons) -> Limit:
    """Return a limit of 2."""
    limit = Limit("license-id", "license", 2)
    daemons.farm.limits[limit.id] = limit
    return limit


@pytest.mark.parametrize(
    ("fact", "value", "running"),
    [("max_value", 2, 2), ("max_value", 0, 0), ("enforcement", "ADVISORY", 4), ("enforcement", "DISABLED", 4)],
)
def test_limit_that_is_enforced_lets_so_many_frames_run(
    daemons: FakeDaemons, license: Limit, fact: str, value: object, running: int
):
    setattr(license, fact, value)
    daemons.launch(one_layer(after=LIMITED))

    daemons.add("node1")

    assert len(daemons.running) == running


def test_limit_counts_the_frames_of_all_jobs_and_hosts(daemons: FakeDaemons, license: Limit):
    daemons.launch(one_layer("one", frames="1", after=LIMITED))
    daemons.launch(one_layer("two", frames="11-20", after=LIMITED))

    daemons.add("node1", cores=100)
    daemons.add("node2")

    assert daemons.running == ["0001-beauty", "0011-beauty"]


def test_end_of_a_frame_frees_its_limit(daemons: FakeDaemons, license: Limit):
    daemons.add("node1")
    daemons.launch(one_layer(after=LIMITED))

    daemons.finish("0001-beauty")

    assert daemons.running == ["0002-beauty", "0003-beauty"]


def test_other_layers_start_when_a_limit_holds_one_back(daemons: FakeDaemons, license: Limit):
    daemons.launch(spec(job(layer("aaa", "1-9", after=LIMITED), layer("bbb", "1-2", after=SMALL))))

    daemons.add("node1")

    assert daemons.running == ["0001-aaa", "0001-bbb", "0002-aaa", "0002-bbb"]


def test_limit_of_hosts_counts_each_host_once(daemons: FakeDaemons, license: Limit):
    license.type = "HOST"
    daemons.launch(one_layer(after=LIMITED))

    daemons.add("node1", cores=200)
    daemons.add("node2", cores=200)
    daemons.add("node3", cores=200)

    assert hosts_of(daemons) == ["node1", "node1", "node2", "node2"]


def test_host_without_a_license_gets_none_beyond_the_soft_value(daemons: FakeDaemons, license: Limit):
    license.max_value, license.soft_value = 5, 1
    daemons.launch(one_layer(after=LIMITED))

    daemons.add("node1", cores=300)
    daemons.add("node2", cores=300)

    assert hosts_of(daemons) == ["node1", "node1", "node1"]


# -- shows and subscriptions ------------------------------------------------------------------------------------------


def test_show_without_a_subscription_to_the_allocation_gets_nothing(daemons: FakeDaemons):
    daemons.launch(one_layer())

    daemons.add("node1", tags=["unassigned", "general"])

    assert daemons.running == []


def test_show_gets_no_more_than_the_burst_of_its_subscription(daemons: FakeDaemons):
    farm = daemons.farm
    farm.subscriptions.first(
        show=farm.shows.named("testing").id, allocation=farm.allocations.named("local.general").id
    ).burst = 300
    daemons.launch(one_layer())

    daemons.add("node1")

    assert len(daemons.running) == 3


def test_show_that_uses_its_size_comes_after_others(daemons: FakeDaemons):
    farm = daemons.farm
    with farm.work():
        make_show(farm, "other")
    farm.subscriptions.first(
        show=farm.shows.named("testing").id, allocation=farm.allocations.named("local.general").id
    ).size = 100
    daemons.launch(one_layer("mine", before="<priority>9</priority>"))
    daemons.launch(one_layer("theirs", frames="101-102", show="other"))

    daemons.add("node1")

    assert frames_of(daemons) == ["0001-beauty", "0101-beauty", "0102-beauty", "0002-beauty"]


@pytest.mark.parametrize("flag", ["active", "booking_enabled", "dispatch_enabled"])
def test_show_that_is_switched_off_starts_nothing(daemons: FakeDaemons, flag: str):
    daemons.launch(one_layer())
    setattr(daemons.farm.shows.named("testing"), flag, False)

    daemons.add("node1")

    assert daemons.running == []


@pytest.mark.parametrize(
    ("flag", "running"),
    [("booking_enabled", ["0002-beauty", "0003-beauty"]), ("dispatch_enabled", ["0002-beauty"])],
)
def test_frames_of_a_show_without_booking_are_followed_by_others_but_not_without_dispatching(
    daemons: FakeDaemons, flag: str, running: list[str]
):
    daemons.add("node1", cores=200)
    daemons.launch(one_layer())
    with daemons.farm.work() as farm:
        setattr(farm.shows.named("testing"), flag, False)

    daemons.finish("0001-beauty")

    assert daemons.running == running


@pytest.mark.parametrize(("strict", "running"), [(False, ["0001-beauty"]), (True, [])], ids=["ours", "strict"])
def test_only_a_strict_server_leaves_a_show_to_the_scheduler_that_manages_it(strict: bool, running: list[str]):
    daemons = FakeDaemons(new_farm(strict=strict))
    daemons.launch(one_layer(frames="1"))
    daemons.farm.shows.named("testing").scheduler_managed = True

    daemons.add("node1")

    assert daemons.running == running


def test_host_prefers_the_show_of_its_owner(daemons: FakeDaemons):
    farm = daemons.farm
    with farm.work():
        other = make_show(farm, "other")
        host = daemons.add("node1", cores=0)
        farm.owners["ann"] = Owner("ann", "ann", other.id)
        farm.deeds["deed"] = Deed("deed", host.id, "ann")
    daemons.launch(one_layer("mine", before="<priority>9</priority>"))
    daemons.launch(one_layer("theirs", frames="101-102", show="other"))

    daemons.report("node1", cores=400)

    assert frames_of(daemons) == ["0101-beauty", "0102-beauty", "0001-beauty", "0002-beauty"]
