# SPDX-License-Identifier: Apache-2.0
"""PyOutline 1.37 for tests: unmodified, in an environment of its own, since its package has the same name as ours."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from cuebot_stub.up.rqd_environment import python_of

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer

__all__ = ["PACKAGES", "PyOutline"]

VERSION = "1.37"

# What it imports when it launches and runs frames; it does not ask for packaging. pip is told to add nothing: of what
# the others ask for, grpcio-tools is big and not used.
PACKAGES = (
    "--no-deps",
    *(f"opencue-{name}=={VERSION}.*" for name in ("pyoutline", "pycue", "proto")),
    *("future", "grpcio", "packaging", "protobuf>=4.25", "PyYAML", "typing-extensions"),
)

# Its frames run through a wrapper, which it calls with a folder and the command. Those that come with it are for tcsh
# and for one studio. The first line of its pycuerun asks for any python, which must be its own.
WRAPPER = """#!/bin/sh
shift
PATH={bin}:$PATH
exec "$@"
"""


class PyOutline:
    """PyOutline as somebody has it who uses a server of this library.

    Attributes:
        environment: The virtual environment.
        sessions: Where its sessions are; no blank is in the path, because PyOutline does not quote.
        variables: What it is called with.
    """

    def __init__(self, environment: Path, folder: Path, server: FarmServer) -> None:
        self.environment, self.folder, self.sessions = environment, folder, folder / "sessions"
        wrappers = folder / "wrappers"
        wrappers.mkdir()
        for name in ("opencue_wrap_frame", "opencue_wrap_frame_no_ss"):
            (wrappers / name).write_text(WRAPPER.format(bin=environment / "bin"))
            (wrappers / name).chmod(0o755)
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self.variables = {
            **inherited,
            "CUEBOT_HOSTS": f"127.0.0.1:{server.port}",
            "OUTLINE_OUTLINE_SESSION_DIR": str(self.sessions),
            "OUTLINE_OUTLINE_USER_DIR": str(folder),
            "OUTLINE_OUTLINE_WRAPPER_DIR": str(wrappers),
        }

    def pycuerun(self, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        """Call its ``pycuerun``; keyword arguments are added to its variables."""
        return self.__run([str(self.environment / "bin" / "pycuerun"), *map(str, arguments)], variables)

    def run(self, code: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run Python code that may use PyOutline and PyCue."""
        return self.python("-c", code, *arguments, **variables)

    def python(self, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        """Call its Python; keyword arguments are added to its variables."""
        return self.__run([str(python_of(self.environment)), *map(str, arguments)], variables)

    def __run(self, command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        environ = {**self.variables, **variables}
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
