# SPDX-License-Identifier: Apache-2.0
"""Environments for programs that cannot share ours, made once per user and version of Python."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from cuebot_stub.up.errors import FarmError
from cuebot_stub.up.rqd_environment import python_of, run_quietly

__all__ = ["ensure_environment"]


def ensure_environment(cache: Path, name: str, packages: tuple[str, ...]) -> Path:
    """An environment that has packages in it, made first where it is not there. Two that make it wait for one another.

    Args:
        cache: The folder of all of them.
        name: What it is for, with the version.
        packages: What pip installs; options come first.

    Raises:
        FarmError: It cannot be made; the text has the reason of pip.
    """
    environment = cache / f"{name}-py{sys.version_info[0]}.{sys.version_info[1]}"
    whole = environment / "whole"  # made last: not renamed into place, because scripts name their interpreter
    cache.mkdir(parents=True, exist_ok=True)
    with open(f"{environment}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (whole.exists() and os.access(python_of(environment), os.X_OK)):
            _run([sys.executable, "-m", "venv", "--clear", str(environment)], name)
            _run([str(python_of(environment)), "-m", "pip", "install", "--quiet", *packages], name)
            whole.touch()
    return environment


def _run(command: list[str], name: str) -> None:
    done = run_quietly(command)
    if done.returncode:
        lines = (done.stdout or "it printed nothing").strip().splitlines()
        raise FarmError(f"cannot make an environment for {name}: {lines[-1]}")
