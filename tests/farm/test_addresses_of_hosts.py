# SPDX-License-Identifier: Apache-2.0
"""Where the server looks for the daemon of a host, after it has asked that for a report."""

from __future__ import annotations

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from opencue_proto import report_pb2

from cuebot_stub.farm.reports import host_reported
from cuebot_stub.server import FarmServer
from tests.fakes.farm import host_report


@pytest.mark.parametrize(
    ("is_local", "address"), [(True, "127.0.0.1:18602"), (False, "node1:8444")], ids=["this-machine", "another"]
)
def test_host_that_was_asked_stays_where_it_is(farm_server: FarmServer, is_local: bool, address: str):
    with farm_server.farm.work() as farm:
        report = host_report("node1", tags=["rqdport_18602"])._replace(is_local=is_local)
        host = host_reported(farm, report, [])
    answer = report_pb2.HostReport()
    answer.host.name = "node1"
    answer.host.tags.append("rqdport_18602")

    farm_server._take_report(answer)

    assert host.address == address
