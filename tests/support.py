# SPDX-License-Identifier: Apache-2.0
"""What several integration tests need: outline files, and the sessions that runs leave behind."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

from outline.backend.local.job import LocalJob

__all__ = ["job_in", "log_of", "only_session", "outline_file", "until"]


def outline_file(folder: Path, text: str, name: str = "shot.outline") -> Path:
    """Write an outline script."""
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return path


def only_session(root: Path) -> Path:
    """Return the one session below a session folder."""
    (found,) = sorted(path.parent for path in root.glob("*/*/outline.yaml"))
    return found


def job_in(root: Path) -> LocalJob:
    """Return the job of the one session below a session folder."""
    return LocalJob(str(only_session(root)))


def log_of(root: Path, frame_name: str, attempt: int | None = None) -> str:
    """Return a frame's log: the last one, or an older attempt's."""
    ending = f".{attempt}" if attempt else ""
    (path,) = only_session(root).glob(f"logs/*.{frame_name}.rqlog{ending}")
    return path.read_text(errors="replace")


def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something is so, and fail the test when it never is."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited {seconds} s for {true}"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Tell whether a process is there and not a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def environ_with(**more: str) -> dict[str, str]:
    """Return the environment of this process with a few variables more, and the library on the Python path."""
    root = str(Path(__file__).resolve().parent.parent)
    return {**os.environ, "PYTHONPATH": root, **more}
