# SPDX-License-Identifier: Apache-2.0
"""An RQD that is killed leaves its frames running: the next attempt at one begins when the last has ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.orders import EndLeftOrder
from cuebot_stub.server import FarmServer
from tests.farm.commands import RunAtFarm, script
from tests.farm.hosts import Rqd
from tests.farm.jobs import Layer, launch
from tests.support import is_running, until

pytestmark = [pytest.mark.realtool, pytest.mark.slow]

StartRqd = Callable[..., Rqd]

# Silent, as a frame that writes is ended by the system when nobody reads what it writes.
FRAME = """#!/bin/sh
for pid in $(cat '{folder}/pids' 2>/dev/null); do kill -0 $pid 2>/dev/null && echo $pid >> '{folder}/overlaps'; done
echo $$ >> '{folder}/pids'
exec sleep 60
"""


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    """The command of a frame: it notes its number, and which of those before it still run."""
    path = tmp_path / "frame.sh"
    path.write_text(FRAME.format(folder=tmp_path))
    path.chmod(0o755)
    return path


def pids(frame: Path) -> list[int]:
    path = frame.with_name("pids")
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def check_that_one_follows_the_other(frame: Path) -> None:
    until(lambda: len(pids(frame)) == 2, 40)
    assert not frame.with_name("overlaps").exists()
    assert [is_running(pid) for pid in pids(frame)] == [False, True]


def kill(server: FarmServer, first: Rqd, start_rqd: StartRqd, *, comes_back: bool) -> None:
    """Kill an RQD, and start it again, or another one."""
    first.kill()
    if comes_back:
        first.start()
    else:
        start_rqd(server, cores=1)


def is_elsewhere(server: FarmServer) -> None:
    """Let the server be on another machine than its hosts: it ends no process of a frame."""
    send = server.farm.send
    server.farm.send = lambda orders: send([one for one in orders if not isinstance(one, EndLeftOrder)])


@pytest.mark.parametrize("comes_back", [True, False])
def test_command_of_a_killed_rqd_on_this_machine_ends_before_its_next_attempt(
    farm_server: FarmServer, start_rqd: StartRqd, frame: Path, comes_back: bool
):
    first = start_rqd(farm_server, cores=1)
    launch(farm_server, Layer("silent", f"'{frame}'"))
    until(lambda: len(pids(frame)) == 1)

    kill(farm_server, first, start_rqd, comes_back=comes_back)

    check_that_one_follows_the_other(frame)


@pytest.mark.parametrize("comes_back", [True, False])
def test_frame_of_the_library_ends_with_its_rqd_on_any_machine(
    farm_server: FarmServer, start_rqd: StartRqd, run_at_farm: RunAtFarm, frame: Path, tmp_path: Path, comes_back: bool
):
    is_elsewhere(farm_server)
    first = start_rqd(farm_server, cores=1)
    run_at_farm(script(tmp_path, f"Shell('silent', command=[{str(frame)!r}])"), "1")
    until(lambda: len(pids(frame)) == 1)

    kill(farm_server, first, start_rqd, comes_back=comes_back)

    check_that_one_follows_the_other(frame)


def test_command_ends_before_its_next_attempt_when_its_rqd_was_killed_while_there_was_no_server(
    make_farm_server: Callable[..., FarmServer], start_rqd: StartRqd, frame: Path, tmp_path: Path
):
    before = make_farm_server(state=tmp_path / "state.db")
    rqd = start_rqd(before, cores=1, fast_pings=True)
    launch(before, Layer("silent", f"'{frame}'"))
    until(lambda: len(pids(frame)) == 1)
    before.stop(0.1)

    rqd.kill()
    rqd.start()
    make_farm_server(state=tmp_path / "state.db", port=before.port)

    check_that_one_follows_the_other(frame)


def test_rqd_that_hangs_keeps_its_frames(farm_server: FarmServer, start_rqd: StartRqd, frame: Path):
    first = start_rqd(farm_server, cores=1)
    launch(farm_server, Layer("silent", f"'{frame}'"))
    until(lambda: len(pids(frame)) == 1)
    start_rqd(farm_server, cores=1)
    assert first.child is not None
    asked = []
    send = farm_server.farm.send
    farm_server.farm.send = lambda orders: (asked.extend(orders), send(orders))[1]

    os.kill(first.child.pid, 19)
    until(lambda: len(asked) >= 7, 60)  # each waits for 10 seconds, a new one comes every 2
    os.kill(first.child.pid, 18)

    assert len(pids(frame)) == 1
    assert is_running(pids(frame)[0])
