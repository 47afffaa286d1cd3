# SPDX-License-Identifier: Apache-2.0
"""Finds the processes of a farm again by id, start time and command line, and ends them without touching others."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from outline.process import process_birth

if TYPE_CHECKING:
    import psutil

__all__ = ["ProcessMark", "end_marked", "end_processes", "is_alive", "processes_with", "start_process"]

_POLL_SECONDS = 0.02


class ProcessMark(NamedTuple):
    """Identifies a process, also after the system has reused its id.

    Attributes:
        pid: Its id.
        born: Its start time, as :func:`process_birth` counts.
        word: An argument of its command line.
    """

    pid: int
    born: float
    word: str


def start_process(
    argv: Sequence[str], *, word: str, log: Path, cwd: Path, env: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], ProcessMark]:
    """Start a process that outlives this one, in its own process session.

    RQD needs its own session: when somebody kills a frame too early, RQD kills its own process group.
    """
    # For this user alone: the server prints the token of its page.
    with open(log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as stream:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
        )
    mark = ProcessMark(child.pid, process_birth(child.pid), word)
    # For a moment a new program has no command line yet, and would be taken for another process.
    _wait(lambda: is_alive(mark) or child.poll() is not None, 5.0)
    return child, mark


def is_alive(mark: ProcessMark) -> bool:
    """Whether the process exists, is the same one, and is no zombie."""
    import psutil

    if not mark.born or process_birth(mark.pid) != mark.born:
        return False
    try:
        process = psutil.Process(mark.pid)
        # A child that nobody waits for has an empty command line, and is over as well.
        return process.status() != psutil.STATUS_ZOMBIE and mark.word in process.cmdline()
    except psutil.Error:
        return False


def end_marked(marks: Sequence[ProcessMark], patience: Sequence[float]) -> list[int]:
    """End processes with several SIGTERMs, and finally SIGKILL.

    Waits for all processes at the same time. RQD sometimes misses a SIGTERM, so one is not enough.

    Args:
        marks: The processes. Those that are gone, or whose id now belongs to another process, are skipped.
        patience: The seconds to wait after each SIGTERM.

    Returns:
        The ids of the processes that needed SIGKILL.
    """
    for seconds in patience:
        _signal(marks, signal.SIGTERM)
        if _wait(lambda: not any(map(is_alive, marks)), seconds):
            return []
    stubborn = [mark.pid for mark in marks if is_alive(mark)]
    _signal(marks, signal.SIGKILL)
    _wait(lambda: not any(map(is_alive, marks)), 5.0)
    return stubborn


def processes_with(variable: str, value: str) -> list[psutil.Process]:
    """The processes that have a variable with this value in their environment.

    Excludes this process and its parents, because a frame may run this command as well.
    """
    import psutil

    own = psutil.Process()
    spared = {process.pid for process in (own, *own.parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid not in spared and process.environ().get(variable) == value:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end_processes(find: Callable[[], list[psutil.Process]], seconds: float) -> int:
    """End processes with SIGTERM, and with SIGKILL after a time limit.

    Args:
        find: Returns the processes to end. Called again and again, because frames may start new ones meanwhile.
        seconds: The time limit after SIGTERM.

    Returns:
        The number of processes.
    """
    seen = _send(find(), signal.SIGTERM)
    if seen and not _wait(lambda: not find(), seconds):
        _wait(lambda: not _send(find(), signal.SIGKILL), 5.0)
    return len(seen)


def _send(processes: Sequence[psutil.Process], number: signal.Signals) -> set[int]:
    import psutil

    told = set()
    for process in processes:
        try:
            # psutil looks whether the number has been given to another process.
            process.send_signal(number)
            told.add(process.pid)
        except psutil.Error:
            continue
    return told


def _signal(marks: Sequence[ProcessMark], number: signal.Signals) -> None:
    for mark in filter(is_alive, marks):
        try:
            os.kill(mark.pid, number)
        except OSError:
            continue


def _wait(is_over: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not is_over():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
