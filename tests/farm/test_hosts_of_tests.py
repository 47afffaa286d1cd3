# SPDX-License-Identifier: Apache-2.0
"""The RQDs that other tests stand on: they register, ping as fast as they were told, and leave nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from cuebot_stub.up.client import FarmClient, HostLine
from cuebot_stub.up.processes import is_alive
from tests.farm.conftest import StartRqd
from tests.farm.hosts import Rqd
from tests.support import until

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer

pytestmark = pytest.mark.realtool


def hosts_of(server: FarmServer) -> dict[str, HostLine]:
    """Return what a server tells of its hosts."""
    with FarmClient(f"127.0.0.1:{server.port}") as client:
        return {host.name: host for host in client.hosts()}


def test_real_rqd_registers_with_its_cores(farm_server: FarmServer, rqd: Rqd):
    found = hosts_of(farm_server)

    assert list(found) == [rqd.name]
    assert found[rqd.name][1:4] == ("UP", 8.0, 8.0)


def test_two_real_rqds_register(farm_server: FarmServer, two_rqds: tuple[Rqd, Rqd]):
    found = hosts_of(farm_server)

    assert sorted(found) == sorted(rqd.name for rqd in two_rqds)
    assert two_rqds[0].address != two_rqds[1].address


def test_real_rqd_pings_every_second_where_a_test_needs_it_and_can_be_killed_and_started_again(
    farm_server: FarmServer, start_rqd: StartRqd
):
    rqd = start_rqd(farm_server, fast_pings=True)
    registered = int(time.time())
    until(lambda: hosts_of(farm_server)[rqd.name].pinged > registered + 1)

    rqd.kill()
    assert rqd.process is not None
    assert not is_alive(rqd.process)
    rqd.start()
    rqd.wait_registered()

    assert is_alive(rqd.process)
