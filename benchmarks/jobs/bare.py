# SPDX-License-Identifier: Apache-2.0
"""What a person writes without any tool: no state, no record, no log."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

LAYERS = int(os.environ.get("BENCH_LAYERS", "1"))
FRAMES = range(1, int(os.environ["BENCH_FRAMES"]) + 1)


def run_commands() -> None:
    """Run `true` for every frame, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _frame: subprocess.run(["true"], check=True), FRAMES))


def run_chains() -> None:
    """Run the chain of every frame number, two chains at a time."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _frame: run_chain(), FRAMES))


def run_chain() -> None:
    """Run `sleep` once a layer, one after the other."""
    for _layer in range(LAYERS):
        subprocess.run(["sleep", "0.02"], check=True)


def write_line(frame: int) -> None:
    """Write one line."""
    with open(f"lines/{frame}", "w", encoding="utf-8") as stream:
        stream.write(f"frame {frame}\n")


def fork_frames() -> None:
    """Fork a process for every frame, two at a time, from one that has loaded what a frame runner loads."""
    import click  # noqa: F401  # the point is that it is loaded
    import yaml  # noqa: F401

    running = 0
    for frame in FRAMES:
        if running == 2:
            reap()
            running -= 1
        fork(write_line, frame)
        running += 1
    while running:
        reap()
        running -= 1


def fork(work: Callable[[int], None], frame: int) -> None:
    """Run one frame in a child."""
    if os.fork() == 0:
        status = 1
        try:
            work(frame)
            status = 0
        finally:
            os._exit(status)


def reap() -> None:
    """Wait for any child and insist that it went well."""
    _pid, status = os.wait()
    if status:
        sys.exit("a frame failed")


if __name__ == "__main__":
    {"lines": fork_frames, "chain": run_chains, "independent": run_commands}[sys.argv[1]]()
