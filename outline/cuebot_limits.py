# SPDX-License-Identifier: Apache-2.0
"""The limits of a Cuebot: what its database holds, and how much it grants.

The launcher checks them before it sends a job, and cuebot-stub refuses or cuts what is beyond them, as a Cuebot does.
"""

from __future__ import annotations

__all__ = [
    "LEAST_MEMORY_KB", "LONGEST_ENV", "LONGEST_FRAME_NAME", "LONGEST_JOB_NAME", "LONGEST_MAIL", "LONGEST_OS",
    "LONGEST_OUTPUT", "LONGEST_SERVICES", "LONGEST_SHOT", "LONGEST_TEXT", "LONGEST_USER", "MOST_CORES", "MOST_FRAMES",
    "MOST_GPU_MEMORY_KB", "MOST_LAYERS", "MOST_RETRIES",
]  # fmt: skip

MOST_LAYERS = 2000  # of a job, and once more of its Post job
MOST_FRAMES = 100_000  # of all jobs of a spec; a chunk is one frame
MOST_CORES = 24  # of a frame
MOST_RETRIES = 16  # of a frame, by a client; a spec gets one
LEAST_MEMORY_KB = 256 * 1024  # of a frame
MOST_GPU_MEMORY_KB = 100 * 1024**2  # of a frame; more counts as none

# The columns of the database, in characters.
LONGEST_TEXT = 4000  # a command, a range (users must write a longer one with steps), or all tags of a layer
LONGEST_JOB_NAME = 255
LONGEST_FRAME_NAME = 256
LONGEST_SHOT = 64
LONGEST_USER = 32
LONGEST_MAIL = 256
LONGEST_OS = 12
LONGEST_ENV = 2048  # the name or the value of a variable
LONGEST_OUTPUT = 2048
LONGEST_SERVICES = 128  # joined
