# SPDX-License-Identifier: Apache-2.0
"""The unmodified ``cueadmin`` makes, changes and removes shows, allocations and subscriptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("cueadmin", reason="the extra 'clients' is not installed")

if TYPE_CHECKING:
    from cuebot_stub.farm.farm import Farm
    from cuebot_stub.farm.things import Show, Subscription
    from cuebot_stub.server import FarmServer
    from tests.fakes.daemons import FakeDaemons

Cueadmin = Callable[..., str]


@pytest.fixture
def farm(farm_server: FarmServer) -> Farm:
    """Return what the server knows."""
    return farm_server.farm


@pytest.fixture
def show(farm: Farm) -> Show:
    """Return the show testing."""
    return next(iter(farm.shows.values()))


@pytest.fixture
def subscription(farm: Farm, show: Show) -> Subscription:
    """Return the subscription of testing to local.general."""
    found = farm.subscriptions.first(show=show.id, allocation=farm.allocations.named("local.general").id)
    assert found
    return found


# -- shows -----------------------------------------------------------------------------------------------------


def test_show_is_made(cueadmin: Cueadmin, farm: Farm):
    cueadmin("-create-show", "fly")

    assert farm.shows.named("fly")


def test_show_is_deleted(cueadmin: Cueadmin, farm: Farm):
    cueadmin("-delete-show", "testing")

    assert farm.shows == {}


def test_show_is_disabled(cueadmin: Cueadmin, show: Show):
    cueadmin("-disable-show", "testing")

    assert not show.active


def test_show_is_enabled(cueadmin: Cueadmin, show: Show):
    show.active = False

    cueadmin("-enable-show", "testing")

    assert show.active


@pytest.mark.parametrize(
    ("option", "flag"),
    [
        ("-booking", "booking_enabled"),
        ("-dispatching", "dispatch_enabled"),
        ("-scheduler-managed", "scheduler_managed"),
    ],
)
@pytest.mark.parametrize(("word", "value"), [("on", True), ("off", False)])
def test_flag_of_a_show_is_set(cueadmin: Cueadmin, show: Show, option: str, flag: str, word: str, value: bool):
    setattr(show, flag, not value)

    cueadmin(option, "testing", word)

    assert getattr(show, flag) is value


@pytest.mark.parametrize("name", ["default-min-cores", "default-max-cores"])
def test_default_cores_of_a_show_are_set(cueadmin: Cueadmin, show: Show, name: str):
    cueadmin(f"-{name}", "testing", "7")

    assert getattr(show, name.replace("-", "_")) == 700


def test_show_is_archived(cueadmin: Cueadmin, farm: Farm):
    cueadmin("-create-show", "fly")

    cueadmin("-archive-show", "fly", "testing")

    assert [(one.name, one.aliases) for one in farm.shows.values()] == [("testing", ["fly"]), ("fly_archive", [])]


# -- allocations -----------------------------------------------------------------------------------------------


def test_allocation_is_made(cueadmin: Cueadmin, farm: Farm):
    output = cueadmin("-create-alloc", "local", "fast", "fasttag")

    assert output == "Created allocation: local.fast\n"
    assert farm.allocations.named("local.fast").tag == "fasttag"


def test_allocation_is_deleted(cueadmin: Cueadmin, farm: Farm):
    cueadmin("-delete-alloc", "local.unassigned")

    assert farm.allocations.named("local.unassigned") is None


def test_allocation_is_renamed(cueadmin: Cueadmin, farm: Farm):
    allocation = farm.allocations.named("local.desktop")

    cueadmin("-rename-alloc", "local.desktop", "local.office")

    assert allocation.name == "local.office"


def test_allocation_is_tagged(cueadmin: Cueadmin, farm: Farm):
    cueadmin("-tag-alloc", "local.desktop", "office")

    assert farm.allocations.named("local.desktop").tag == "office"


def test_hosts_are_transferred(cueadmin: Cueadmin, farm: Farm, daemons: FakeDaemons):
    hosts = [daemons.add("node1"), daemons.add("node2")]

    cueadmin("-transfer", "local.general", "local.desktop")

    desktop = farm.allocations.named("local.desktop").id
    assert [host.allocation for host in hosts] == [desktop, desktop]


# -- subscriptions ---------------------------------------------------------------------------------------------


def test_subscription_is_made_in_cores(cueadmin: Cueadmin, farm: Farm, show: Show):
    cueadmin("-create-sub", "testing", "local.unassigned", "10", "20.5")

    made = farm.subscriptions.first(show=show.id, allocation=farm.allocations.named("local.unassigned").id)
    assert (made.size, made.burst) == (1000, 2050)


def test_subscription_is_deleted(cueadmin: Cueadmin, farm: Farm, subscription: Subscription):
    cueadmin("-delete-sub", "testing", "local.general")

    assert subscription.id not in farm.subscriptions


def test_size_of_a_subscription_is_set_in_core_points(cueadmin: Cueadmin, subscription: Subscription):
    cueadmin("-size", "testing", "local.general", "500")

    assert subscription.size == 500


@pytest.mark.parametrize(("burst", "points"), [("700", 700), ("50%", 1500)], ids=["points", "percent"])
def test_burst_of_a_subscription_is_set(cueadmin: Cueadmin, subscription: Subscription, burst: str, points: int):
    subscription.size = 1000

    cueadmin("-burst", "testing", "local.general", burst)

    assert subscription.burst == points
