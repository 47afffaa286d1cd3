# SPDX-License-Identifier: Apache-2.0
"""Runs one command and says how long it took and how much memory it held."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

SAMPLE_SECONDS = 0.02
LIMIT_SECONDS = 900.0


class Usage(NamedTuple):
    """What one run of a command cost.

    ``peak_mb`` is the resident peak of the largest single process. An undisturbed run has it from the kernel's books,
    which count what this benchmark held when it forked the command, so that it is never below some 25 MB; a sampled
    run looks at every process itself. ``tree_mb`` is the largest sum of proportional sizes (PSS: a page shared by n
    processes counts 1/n in each) over all processes alive at one moment; 0.0 unless the run was sampled, because
    sampling costs time.
    """

    seconds: float
    peak_mb: float
    tree_mb: float = 0.0


class RunFailed(Exception):
    """A measured command did not do its work."""


def run(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Usage:
    """Run a command to its end, undisturbed; its output goes to the log."""
    process, started = _start(argv, cwd, env, log)
    timer = threading.Timer(LIMIT_SECONDS, _kill, [process.pid])
    timer.start()
    try:
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    _insist(process.returncode, seconds, log)
    return Usage(seconds, usage.ru_maxrss / 1024)


def run_sampled(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Usage:
    """Run a command to its end and look at the memory of its process tree all the while."""
    process, started = _start(argv, cwd, env, log)
    peak_kb = tree_kb = 0
    while True:
        pid, status = os.waitpid(process.pid, os.WNOHANG)
        seconds = time.perf_counter() - started
        if pid:
            break
        if seconds >= LIMIT_SECONDS:
            _kill(process.pid)
        members = list(_tree(process.pid))
        tree_kb = max(tree_kb, sum(_size_kb(member, "smaps_rollup", "Pss:") for member in members))
        peak_kb = max(peak_kb, *(_size_kb(member, "status", "VmHWM:") for member in members))
        time.sleep(SAMPLE_SECONDS)
    process.returncode = os.waitstatus_to_exitcode(status)
    _insist(process.returncode, seconds, log)
    return Usage(seconds, peak_kb / 1024, tree_kb / 1024)


def _start(argv: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path) -> tuple[subprocess.Popen[bytes], float]:
    with log.open("wb") as stream:
        started = time.perf_counter()
        process = subprocess.Popen(
            argv, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
        )
    return process, started


def _insist(status: int, seconds: float, log: Path) -> None:
    if seconds >= LIMIT_SECONDS:
        raise RunFailed(f"not done after {LIMIT_SECONDS:.0f} s")
    if status:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise RunFailed(f"ended with {status}: {''.join(last)[:200]}")


def _kill(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it ended by itself a moment ago


def _tree(root: int) -> Iterator[int]:
    """Yield a process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            children.setdefault(_parent(int(entry)), []).append(int(entry))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting.extend(children.get(pid, ()))


def _parent(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return -1  # it ended while we looked
    return int(text.rpartition(")")[2].split()[1])


def _size_kb(pid: int, file: str, field: str) -> int:
    try:
        text = Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0  # it ended while we looked
    for line in text.splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    return 0
