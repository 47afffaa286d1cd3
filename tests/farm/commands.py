# SPDX-License-Identifier: Apache-2.0
"""pycuerun and outline as people call them, against a farm."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from tests.support import Process, call_here, environ_with, outline_file

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer

__all__ = ["RunAtFarm", "argv_for", "call_client", "read_until", "script", "started"]

RunAtFarm = Callable[..., "subprocess.CompletedProcess[str]"]


def script(folder: Path, text: str) -> Path:
    """Write an outline script that has Shell."""
    return outline_file(folder, f"from outline.modules.shell import Shell\n{text}\n")


def argv_for(server: FarmServer, args: Sequence[object], tool: bool = False) -> list[str]:
    """Return the command line of pycuerun, or with ``tool`` of ``outline``, for a server."""
    entry = "outline_main" if tool else "pycuerun_main"
    code = f"import sys; from outline.cli import {entry}; sys.exit({entry}())"
    return [sys.executable, "-c", code, *map(str, args), "--server", f"127.0.0.1:{server.port}"]


def call_client(name: str, server: FarmServer, *args: object, answer: str = "") -> subprocess.CompletedProcess[str]:
    """Call a client of OpenCue, which is unmodified, in this process; the answer is what it reads from stdin."""
    import opencue

    program = import_module(f"{name}.__main__")

    def main(words: Sequence[str]) -> None:
        with mock.patch.object(sys, "argv", [name, *words]), mock.patch.object(sys, "stdin", io.StringIO(answer)):
            program.main()  # it takes both from there

    opencue.Cuebot.closeChannel()
    done = call_here(main, args, Path.cwd(), {"CUEBOT_HOSTS": f"127.0.0.1:{server.port}"})
    opencue.Cuebot.closeChannel()
    return done


def started(server: FarmServer, folder: Path, *args: object) -> Process:
    """Start pycuerun."""
    return Process(
        argv_for(server, args),
        cwd=folder,
        env=environ_with(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: subprocess.Popen[str], word: str) -> None:
    """Read what a process prints until a line has a word."""
    assert process.stdout is not None
    assert any(word in line for line in iter(process.stdout.readline, ""))
