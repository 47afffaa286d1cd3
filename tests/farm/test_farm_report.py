# SPDX-License-Identifier: Apache-2.0
"""``outline report`` of jobs on a farm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from outline.cli.report.gather import gather
from outline.cli.report.page import page
from outline.scheduler import FrameState
from tests.farm.commands import RunAtFarm, script

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.farm.hosts import Rqd

pytestmark = pytest.mark.slow

S = FrameState
POST = """
from outline import current_outline
from outline.layer import OutlinePostCommand

class Clean(OutlinePostCommand):
    def _execute(self, frames):
        print("clean")

current_outline().add_layer(Clean("clean"))
"""


def test_report_tells_hosts_times_and_failures_of_a_farm(
    run_at_farm: RunAtFarm, farm_server: FarmServer, rqd: Rqd, tmp_path: Path
) -> None:
    fails = 'Shell("beauty", command=["sh", "-c", "sleep 1.1; test #IFRAME# != 2 || { echo oh dear; exit 7; }"])'
    path = script(tmp_path, f'{fails}\nShell("comp", command=["true"], require=["beauty"])')
    run_at_farm(path, "1-3", "--wait", "-m", "0")

    report = gather("testing-default-tester_shot", f"127.0.0.1:{farm_server.port}")

    beauty = [one for one in report.attempts if one.layer == "beauty"]
    hosts = {one.host for one in report.attempts}
    assert report.job.state == "FAILED"
    assert [one.state for one in sorted(beauty)] == [S.SUCCEEDED, S.DEAD, S.SUCCEEDED]
    assert all(one.seconds >= 1 for one in beauty)
    assert len(hosts) == 1
    assert "" not in hosts
    assert [one.reason for one in report.attempts if one.reason] == ["exit status 7"]
    assert [death.lines[0] for death in report.deaths] == ["oh dear"]
    assert "outline retry testing-default-tester_shot --server 127.0.0.1:" in page(report)


def test_report_tells_post_layers_of_a_farm(
    run_at_farm: RunAtFarm, farm_server: FarmServer, rqd: Rqd, tmp_path: Path
) -> None:
    run_at_farm(script(tmp_path, f'Shell("beauty", command=["true"])\n{POST}'), "1-2", "--wait")

    report = gather("testing-default-tester_shot", f"127.0.0.1:{farm_server.port}")

    assert [layer.name for layer in report.job.layers] == ["beauty", "clean"]
    assert [one.layer for one in report.attempts] == ["beauty", "beauty", "clean"]
    assert report.job.done == 3
