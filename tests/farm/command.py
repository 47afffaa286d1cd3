# SPDX-License-Identifier: Apache-2.0
"""Calls ``cuebot-stub`` as a user does, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support import environ_with

__all__ = ["run_stub", "start_stub", "stub_command"]


def stub_command(*arguments: object) -> list[str]:
    """Return the command line."""
    return [sys.executable, "-m", "cuebot_stub", *map(str, arguments)]


def run_stub(*arguments: object, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; keyword arguments are added to its environment."""
    return subprocess.run(
        stub_command(*arguments),
        cwd=cwd,
        env=environ_with(**environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def start_stub(*arguments: object, log: Path, **environ: str) -> subprocess.Popen[bytes]:
    """Start a command whose both outputs go to a file."""
    with open(log, "ab") as stream:
        return subprocess.Popen(
            stub_command(*arguments),
            env=environ_with(**environ),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
