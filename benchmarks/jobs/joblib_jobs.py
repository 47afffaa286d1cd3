# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The jobs with joblib; commands on two threads, Python on two processes, re-runs through its cache."""

import os
import subprocess
import sys

from joblib import Memory, Parallel, delayed

FRAMES = range(1, int(os.environ["BENCH_FRAMES"]) + 1)


def write_line(frame):
    """Write one line."""
    with open(f"lines/{frame}", "w", encoding="utf-8") as stream:
        stream.write(f"frame {frame}\n")


def run_frame(frame):
    """Run the frame of the re-run row; a frame that fails is not cached."""
    subprocess.run(["sh", "frame.sh", str(frame)], check=True)


def try_frame(cached, frame):
    """Run a frame and keep going when it fails."""
    try:
        cached(frame)
    except subprocess.CalledProcessError:
        return False
    return True


def main(work):
    """Run one work."""
    if work == "independent":
        Parallel(n_jobs=2, prefer="threads")(delayed(subprocess.run)(["true"], check=True) for _ in FRAMES)
    elif work == "lines":
        Parallel(n_jobs=2)(delayed(write_line)(frame) for frame in FRAMES)
    else:
        cached = Memory("cache", verbose=0).cache(run_frame)
        Parallel(n_jobs=2, prefer="threads")(delayed(try_frame)(cached, frame) for frame in FRAMES)


if __name__ == "__main__":
    main(sys.argv[1])
