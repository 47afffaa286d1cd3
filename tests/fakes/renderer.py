# SPDX-License-Identifier: Apache-2.0
"""A renderer for tests: it does what real ones have been seen to do, and notes how it was called.

python renderer.py BEHAVIOUR PATTERN FRAME...
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

__all__ = ["CALLS", "ENVIRON"]

# Each call adds a line with its frames to this file, in the folder where it runs.
CALLS = "calls.txt"
# The variables of the last call, in the same folder.
ENVIRON = "environ.json"

_LONGEST_SECONDS = 30.0


def render(path: Path, text: str = "picture") -> None:
    """Write one picture."""
    path.write_text(text)
    sys.stdout.write(f"Saved: {path}\n")
    sys.stdout.flush()


def real_path(path: str) -> Path:
    """Return the name that a hidden picture will have when it is whole."""
    folder, name = os.path.split(path)
    return Path(folder, name.split("-", 2)[2])


def appears(path: Path) -> bool:
    """Wait for a file, and tell whether it has come."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return path.exists()


def main(behaviour: str, pattern: str, frames: list[int]) -> int:
    """Render frames in one of the ways of real renderers."""
    with open(CALLS, "a") as stream:
        stream.write(f"{' '.join(map(str, frames))}\n")
    Path(ENVIRON).write_text(json.dumps(dict(os.environ)))
    if behaviour == "nothing":
        return 0
    for place, frame in enumerate(frames):
        if behaviour == "skip-last" and place == len(frames) - 1:
            break
        if behaviour == "die-in-last" and place == len(frames) - 1:
            Path(pattern % frame).write_text("half a pict")
            os.kill(os.getpid(), 9)
        render(Path(pattern % frame), "" if behaviour == "empty" else f"picture {frame}")
    if behaviour == "wait-for-first" and not appears(real_path(pattern % frames[0])):
        return 4
    if behaviour == "fail":
        sys.stderr.write("Error: no camera\n")
        return 3
    if behaviour == "crash-at-exit":
        return 139
    if behaviour == "tell-error":
        sys.stderr.write("Error: texture.tif is missing\n")
    if behaviour == "run-out-of-memory":
        sys.stderr.write("Error: texture.tif is missing\nSystem is out of memory\n")
    if behaviour == "tell-harmless-error":
        sys.stderr.write("Error: 1280\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], [int(frame) for frame in sys.argv[3:]]))
