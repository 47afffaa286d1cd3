# SPDX-License-Identifier: Apache-2.0
"""How many frames to run together, for layers whose chunk is a length of time."""

from __future__ import annotations

__all__ = ["batch_size"]


def batch_size(target_seconds: float, frame_seconds: float | None, waiting: int, slots: int) -> int:
    """How many frames the next process of a layer takes.

    The last process that ended says how long a frame takes, with its share of the start of the application. So a larger
    batch finds a shorter time, and the size settles where a process takes as long as it was asked to. No process takes
    more than its share of what waits, so that all of them end at about the same time.

    Args:
        target_seconds: How long a process is to run.
        frame_seconds: How long a frame took in the last process that ended well; None while none has.
        waiting: How many frames of the layer may start.
        slots: How many processes of the layer can run at the same time.
    """
    if frame_seconds is None:
        return 1
    share = -(-waiting // max(1, slots))
    return max(1, min(int(target_seconds / max(frame_seconds, 1e-3)), share))
