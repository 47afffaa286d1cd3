# SPDX-License-Identifier: Apache-2.0
"""An RQD that is killed leaves its frames running: the next attempt at one begins when the last has ended."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.farm import FarmSettings
from cuebot_stub.farm.orders import EndLeftOrder
from cuebot_stub.server import FarmServer
from tests.farm.commands import argv_for, script
from tests.farm.hosts import Rqd
from tests.farm.jobs import Layer, launch
from tests.support import environ_with, is_running, until

pytestmark = [pytest.mark.realtool, pytest.mark.slow]

StartRqd = Callable[..., Rqd]
# Silence is noticed early. What is left of a frame has long to end, as four farms do so at once.
QUICK = FarmSettings(host_timeout_seconds=1.0, ask_seconds=0.5, orphan_seconds=6.0)

# Silent, as a frame that writes is ended by the system when nobody reads what it writes.
FRAME = """#!/bin/sh
for pid in $(cat '{folder}/pids' 2>/dev/null); do kill -0 $pid 2>/dev/null && echo $pid >> '{folder}/overlaps'; done
echo $$ >> '{folder}/pids'
exec sleep 1000
"""


def make_frame(folder: Path) -> Path:
    """Make the command of a frame: it notes its number, and which of those before it still run."""
    folder.mkdir(exist_ok=True)
    path = folder / "frame.sh"
    path.write_text(FRAME.format(folder=folder))
    path.chmod(0o755)
    return path


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    """Return the command of a frame."""
    return make_frame(tmp_path / "frame")


def pids(frame: Path) -> list[int]:
    path = frame.with_name("pids")
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def check_that_one_follows_the_other(frame: Path) -> None:
    until(lambda: len(pids(frame)) == 2)
    assert not frame.with_name("overlaps").exists()
    assert [is_running(pid) for pid in pids(frame)] == [False, True]


def is_elsewhere(server: FarmServer) -> None:
    """Let the server be on another machine than its hosts: it ends no process of a frame."""
    send = server.farm.send
    server.farm.send = lambda orders: send([one for one in orders if not isinstance(one, EndLeftOrder)])


class Farm:
    """A farm with one RQD, on which a frame runs.

    Commands end with their RQD where the server is on the same machine; those of the library end anywhere.
    """

    def __init__(self, server: FarmServer, rqd: Rqd, folder: Path, *, is_of_library: bool) -> None:
        self.server, self.rqd, self.frame = server, rqd, make_frame(folder)
        rqd.wait_registered()
        if not is_of_library:
            launch(server, Layer("silent", f"'{self.frame}'"))
            return
        is_elsewhere(server)
        path = script(folder, f"Shell('silent', command=[{str(self.frame)!r}])")
        subprocess.run(argv_for(server, [path, "1"]), cwd=folder, env=environ_with(), check=True)

    def facts(self) -> tuple[list[str], int]:
        """Return the states of all hosts in the order of their names, and how often the frame was tried."""
        with self.server.farm.work() as farm:
            (job,) = farm.jobs.values()
            hosts = sorted(farm.hosts.values(), key=lambda host: host.name)
            return [host.state for host in hosts], job.state.tries(0)


def test_frame_of_a_killed_rqd_ends_before_its_next_attempt_here_or_elsewhere_and_spends_none(
    make_farm_server: Callable[..., FarmServer], start_rqd: StartRqd, tmp_path: Path
):
    servers = [make_farm_server(settings=QUICK) for _ in range(4)]
    rqds = [start_rqd(server, cores=1, wait=False) for server in servers]
    farms = [
        Farm(server, rqd, tmp_path / rqd.name, is_of_library=is_of_library)
        for server, rqd, is_of_library in zip(servers, rqds, (False, False, True, True), strict=True)
    ]
    until(lambda: [len(pids(farm.frame)) for farm in farms] == [1] * 4)

    # Together, since each waits for seconds.
    for farm in farms:
        farm.rqd.kill()
    for farm in farms[::2]:
        farm.rqd.start()
    for farm in farms[1::2]:
        start_rqd(farm.server, cores=1, wait=False)

    for farm in farms:
        check_that_one_follows_the_other(farm.frame)
    assert [farm.facts() for farm in farms] == [(["UP"], 1), (["DOWN", "UP"], 1)] * 2


def test_command_ends_before_its_next_attempt_when_its_rqd_was_killed_while_there_was_no_server(
    make_farm_server: Callable[..., FarmServer], start_rqd: StartRqd, frame: Path, tmp_path: Path
):
    before = make_farm_server(state=tmp_path / "state.db", settings=QUICK)
    rqd = start_rqd(before, cores=1, fast_pings=True)
    launch(before, Layer("silent", f"'{frame}'"))
    until(lambda: len(pids(frame)) == 1)
    before.stop(0.1)

    rqd.kill()
    rqd.start()
    make_farm_server(state=tmp_path / "state.db", settings=QUICK, port=before.port)

    check_that_one_follows_the_other(frame)


def test_rqd_that_hangs_keeps_its_frames(
    make_farm_server: Callable[..., FarmServer], start_rqd: StartRqd, frame: Path, monkeypatch: pytest.MonkeyPatch
):
    server = make_farm_server(settings=FarmSettings(ask_seconds=0.2, answer_seconds=1.0))
    first = start_rqd(server, cores=1)
    launch(server, Layer("silent", f"'{frame}'"))
    until(lambda: len(pids(frame)) == 1)
    start_rqd(server, cores=1)
    assert first.child is not None
    asked = []
    send = server.farm.send
    monkeypatch.setattr(server.farm, "send", lambda orders: (asked.extend(orders), send(orders))[1])

    os.kill(first.child.pid, 19)
    with server.farm.work() as farm:
        farm.hosts.named(first.name).ping_time -= 10  # type: ignore[union-attr]  # as if it hung for a while
    until(lambda: len(asked) >= 4)  # one a second: the first were not answered in time
    os.kill(first.child.pid, 18)

    assert len(pids(frame)) == 1
    assert is_running(pids(frame)[0])
