# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The jobs as dask graphs; commands on two threads, Python on two processes (no isolation of frames)."""

import os
import subprocess
import sys

import dask

FRAMES = range(1, int(os.environ["BENCH_FRAMES"]) + 1)
LAYERS = range(1, int(os.environ.get("BENCH_LAYERS", "1")) + 1)


def run(command, *before):
    """Run a command once the frames before it are done."""
    return subprocess.run(command, check=True).returncode


def write_line(frame):
    """Write one line."""
    with open(f"lines/{frame}", "w", encoding="utf-8") as stream:
        stream.write(f"frame {frame}\n")


def main(work):
    """Build the graph and run it."""
    run_later = dask.delayed(run, pure=False)
    if work == "independent":
        graph = [run_later(["true"]) for _ in FRAMES]
    elif work == "lines":
        graph = [dask.delayed(write_line, pure=False)(frame) for frame in FRAMES]
    else:
        graph = []
        for _frame in FRAMES:
            last = run_later(["sleep", "0.02"])
            for _ in LAYERS[1:]:
                last = run_later(["sleep", "0.02"], last)
            graph.append(last)
    dask.compute(*graph, scheduler="processes" if work == "lines" else "threads", num_workers=2)


if __name__ == "__main__":
    main(sys.argv[1])
