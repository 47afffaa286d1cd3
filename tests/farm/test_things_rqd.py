# SPDX-License-Identifier: Apache-2.0
"""What people do to hosts and procs, with a real RQD behind them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.farm.jobs import Layer, counts, launch
from tests.support import is_running, until

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

from opencue_proto import host_pb2

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.farm.hosts import Rqd

pytestmark = pytest.mark.realtool


def test_locked_host_runs_nothing_until_it_is_unlocked(pycue: Any, farm_server: FarmServer, rqd: Rqd):
    pycue.api.findHost(rqd.name).lock()
    job = launch(farm_server, Layer("touch", "true", "1-3"))
    was_waiting = counts(farm_server, job)

    pycue.api.findHost(rqd.name).unlock()

    until(lambda: counts(farm_server, job) == {"SUCCEEDED": 3})
    assert was_waiting == {"WAITING": 3}


def test_host_that_shall_reboot_finishes_its_frame_and_stays_on(
    pycue: Any, farm_server: FarmServer, rqd: Rqd, tmp_path: Path
):
    marker = tmp_path / "go"
    job = launch(farm_server, Layer("wait", f"until test -e {marker}; do sleep 0.1; done", "1-2", 2))
    until(lambda: counts(farm_server, job) == {"RUNNING": 1})
    pycue.api.findHost(rqd.name).rebootWhenIdle()

    marker.touch()

    until(lambda: counts(farm_server, job) == {"SUCCEEDED": 1})
    assert rqd.process is not None
    assert is_running(rqd.process.pid)
    assert pycue.api.findHost(rqd.name).data.state == host_pb2.REBOOT_WHEN_IDLE


def test_killed_proc_ends_its_process(pycue: Any, farm_server: FarmServer, rqd: Rqd, tmp_path: Path):
    pid = tmp_path / "pid"
    job = launch(farm_server, Layer("sleep", f"echo $$ > {pid}; exec sleep 1000"))
    until(lambda: pid.exists() and pid.read_text())
    (proc,) = pycue.api.getProcs(host=[rqd.name])

    proc.kill()

    until(lambda: counts(farm_server, job) == {"DEAD": 1})
    until(lambda: not is_running(int(pid.read_text())))
    assert pycue.api.getProcs() == []


def test_redirected_proc_makes_room_at_once(pycue: Any, farm_server: FarmServer, rqd: Rqd):
    launch(farm_server, Layer("sleep", "sleep 1000", more="<cores>0</cores><memory>256m</memory>"), name="long")
    wanted = launch(farm_server, Layer("true", "true"), name="short")
    (proc,) = pycue.api.getProcs()

    proc.redirectToJob(pycue.api.getJob(wanted), kill=True)

    until(lambda: counts(farm_server, wanted) == {"SUCCEEDED": 1})
