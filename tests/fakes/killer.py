# SPDX-License-Identifier: Apache-2.0
"""Starts a program, waits until it writes a picture, and kills everything: the program, itself, and who started it.

python killer.py FOLDER PROGRAM ARGUMENT...
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

__all__ = ["is_writing", "main"]

_LONGEST_SECONDS = 20.0


def is_writing(folder: str) -> bool:
    """Tell whether there is a picture in the folder, under a hidden name or not."""
    return os.path.isdir(folder) and any(not name.endswith("probe") for name in os.listdir(folder))


def main(folder: str, words: list[str]) -> None:
    """Run the program until it writes, then kill the process group that all of them are in."""
    program = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not is_writing(folder) and program.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
