# SPDX-License-Identifier: Apache-2.0
"""The virtual environment of RQD, one for each user. RQD pins old packages, so it cannot share this library's."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import FarmError
from .places import cache_folder

__all__ = [
    "RQD_PACKAGES", "RQD_VERSION", "ensure_rqd_environment", "environment_name", "find_rqd_environment",
    "python_of",
]  # fmt: skip

RQD_VERSION = "1.37"

# All that RQD imports when it watches no desktop. pip is told to add nothing: pynput, which RQD asks for, drags a
# compiler in, the exact psutil that it asks for has no wheels for new interpreters, and grpcio-tools is not used.
RQD_PACKAGES = (
    f"opencue-rqd=={RQD_VERSION}.*",
    f"opencue-proto=={RQD_VERSION}.*",
    "future",
    "grpcio",
    "protobuf>=4.25",
    "psutil",
    "typing-extensions",
)

Run = Callable[[list[str]], "subprocess.CompletedProcess[str]"]


def environment_name(version: tuple[int, int] = sys.version_info[:2]) -> str:
    """The name of the folder, with the versions of RQD and Python."""
    return f"rqd-{RQD_VERSION}-py{version[0]}.{version[1]}"


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment."""
    return environment / "bin" / "python"


def run_quietly(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command without stdin and capture its output."""
    # pip must not be led to the packages of this environment, nor ask for a password.
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    environ |= {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_REQUIRE_VIRTUALENV": "0"}
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environ,
    )


def ensure_rqd_environment(cache: Path, say: Callable[[str], None], run: Run = run_quietly) -> Path:
    """The environment with RQD. Creates it if it does not exist.

    Creates it under a temporary name and renames it, so an incomplete one is never used. A lock makes concurrent
    commands wait. An existing environment needs no network.

    Args:
        cache: The cache folder of the user.
        say: Called before the slow part.
        run: Runs a command.

    Raises:
        FarmError: It cannot be created. The text has pip's reason.
    """
    environment = cache / environment_name()
    if _is_whole(environment):
        return environment
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache / f"{environment_name()}.lock"):
            if not _is_whole(environment):
                say(f"making an environment for RQD {RQD_VERSION} in {environment}")
                _make(environment, run)
    except OSError as error:
        raise FarmError(f"cannot make an environment for RQD in {cache}: {error}") from error
    return environment


def find_rqd_environment(named: Path | None, say: Callable[[str], None]) -> Path:
    """The environment that the user has named, or the one in the cache folder.

    Raises:
        FarmError: The named one has no RQD, or none can be created.
    """
    if named is None:
        return ensure_rqd_environment(cache_folder(), say)
    if not _is_whole(named):
        raise FarmError(f"{named} is not a virtual environment with opencue-rqd")
    return named.absolute()


def _is_whole(environment: Path) -> bool:
    # The interpreter is a link, which leads nowhere after the one that it was made from has been removed.
    return os.access(python_of(environment), os.X_OK) and any(environment.glob("lib/python3*/site-packages/rqd"))


def _make(environment: Path, run: Run) -> None:
    beside = environment.with_name(f"{environment.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        _check(run([sys.executable, "-m", "venv", str(beside)]), "on Debian and Ubuntu: apt install python3-venv")
        # Not bin/pip: its first line would name the folder as it is called now.
        pip = [str(python_of(beside)), "-m", "pip", "install", "--quiet", "--no-deps", *RQD_PACKAGES]
        _check(run(pip), "the packages come from PyPI, or from where pip's configuration says")
        shutil.rmtree(environment, ignore_errors=True)
        os.rename(beside, environment)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _check(done: subprocess.CompletedProcess[str], hint: str) -> None:
    if done.returncode:
        lines = [line.strip() for line in (done.stdout or "").splitlines() if line.strip()]
        errors = [line for line in lines if line.lower().startswith("error")] or lines[-1:] or ["it printed nothing"]
        raise FarmError(f"cannot make an environment for RQD: {errors[0]} ({hint})")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
