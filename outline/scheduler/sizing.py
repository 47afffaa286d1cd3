# SPDX-License-Identifier: Apache-2.0
"""How many frames to run together, for layers that give their chunk size as a duration."""

from __future__ import annotations

__all__ = ["batch_size"]


def batch_size(target_seconds: float, frame_seconds: float | None, waiting: int, slots: int) -> int:
    """How many frames the next process of a layer takes.

    The last process that ended shows how long a frame takes, including its share of the application's start. So a
    larger batch means less time per frame, and the size settles where a process takes the time that the layer asks for.
    No process takes more than its share of the waiting frames, so all processes end at about the same time.

    Args:
        target_seconds: How long a process should run.
        frame_seconds: How long a frame took in the last successful process. None before the first.
        waiting: How many frames of the layer may start.
        slots: The number of processes of the layer that can run at the same time.
    """
    if frame_seconds is None:
        return 1
    share = -(-waiting // max(1, slots))
    return max(1, min(int(target_seconds / max(frame_seconds, 1e-3)), share))
