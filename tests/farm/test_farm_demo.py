# SPDX-License-Identifier: Apache-2.0
"""``scripts/farm-demo``: whatever happens to the launch, the farm is taken down. CI renders the demo itself with it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conftest import REPOSITORY
from tests.support import until

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

pytestmark = pytest.mark.realtool


class Demo:
    """The demo with another ``pycuerun``, in a session of its own.

    Attributes:
        temp: Where it makes the folder of its farm.
        log: The file of what it prints.
    """

    def __init__(self, folder: Path, rqd_environment: Path, pycuerun: str) -> None:
        self.temp, self.log = folder / "tmp", folder / "demo.log"
        self.temp.mkdir()
        tools = folder / "bin"
        tools.mkdir()
        stub = f'PYTHONPATH={shlex.quote(str(REPOSITORY))} exec {shlex.quote(sys.executable)} -m cuebot_stub "$@"'
        for name, line in (("cuebot-stub", stub), ("pycuerun", pycuerun)):
            (tools / name).write_text(f"#!/bin/sh\n{line}\n")
            (tools / name).chmod(0o755)
        environ = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "TMPDIR": str(self.temp),
            "DEMO_OUT": str(folder / "out"),
            "CUEBOT_STUB_RQD_ENVIRONMENT": str(rqd_environment),
        }
        with open(self.log, "wb") as stream:
            self.process = subprocess.Popen(
                [str(REPOSITORY / "scripts" / "farm-demo")],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def printed(self, text: str) -> bool:
        """Tell whether it has printed something, or will print nothing more."""
        return text in self.log.read_text() or self.process.poll() is not None

    @property
    def left(self) -> list[list[str]]:
        """The command lines of processes of its farm."""
        commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
        return [command for command in commands if any(word.startswith(f"{self.temp}/farm-demo.") for word in command)]


def test_launch_that_fails_takes_the_farm_down_and_keeps_the_logs(tmp_path: Path, rqd_environment: Path):
    demo = Demo(tmp_path, rqd_environment, "echo this launch fails; exit 3")

    code = demo.process.wait()

    printed = demo.log.read_text()
    (farm,) = demo.temp.glob("farm-demo.*")
    assert code == 3, printed
    assert "this launch fails" in printed
    assert f"the farm in {farm} is down" in printed
    assert f"the logs are in {farm}" in printed
    assert (farm / "logs" / "server.log").exists()
    assert demo.left == []


def test_ctrl_c_takes_the_farm_down(tmp_path: Path, rqd_environment: Path):
    demo = Demo(tmp_path, rqd_environment, "exec sleep 300")
    until(lambda: demo.printed("$ pycuerun"))
    until(lambda: len(demo.left) == 3)  # a server and two hosts; now and then the question how far they are

    os.killpg(demo.process.pid, signal.SIGINT)

    assert demo.process.wait() == 130, demo.log.read_text()
    assert demo.left == []
