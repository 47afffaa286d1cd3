# SPDX-License-Identifier: Apache-2.0
"""How many frames to run together, or to hand over together."""

from __future__ import annotations

from .plan import LayerPlan

__all__ = ["Portions"]

_AHEAD_SECONDS = 0.02  # as long may what a worker has ahead take


class Portions:
    """How many frames a process or a worker gets at once, by how long the last ones of their layers took."""

    def __init__(self) -> None:
        self.__seconds: dict[str, float] = {}

    def note(self, layer: LayerPlan, seconds: float) -> None:
        """Note how long a frame took in a process that succeeded.

        Where processes have many frames, the last one tells best, since that includes a share of the application's
        start; where they have one each, it is the last few.
        """
        known = seconds if layer.chunk_seconds else self.__seconds.get(layer.name, seconds)
        self.__seconds[layer.name] = (known + seconds) / 2

    def batch(self, layer: LayerPlan, target_seconds: float, waiting: int, slots: int) -> int:
        """How many frames the next process of a layer takes.

        A larger batch means less time per frame, and the size settles where a process takes the time that the layer
        asks for. No process takes more than its share of the waiting frames, so all end at about the same time.

        Args:
            layer: The layer.
            target_seconds: How long a process should run.
            waiting: How many frames of the layer may start.
            slots: The number of processes of the layer that can run at the same time.
        """
        seconds = self.__seconds.get(layer.name)
        if seconds is None:
            return 1
        share = -(-waiting // max(1, slots))
        return max(1, min(int(target_seconds / max(seconds, 1e-3)), share))

    def ahead(self, layer: LayerPlan, waiting: int, busy: int, queued: int) -> int:
        """How many more frames a worker is handed ahead that runs a frame of a layer.

        Only while more frames wait than run, so that no frame waits behind another where it could run at once. And no
        more than half of its share, so that all workers end at about the same time. One that has half of that already
        gets none yet, so that it gets several at once.

        Args:
            layer: The layer.
            waiting: How many frames may start that no worker has.
            busy: How many workers run frames.
            queued: How many frames the worker has ahead.
        """
        if waiting <= busy:
            return 0
        seconds = max(self.__seconds.get(layer.name, _AHEAD_SECONDS), 1e-3)
        most = max(1, min(int(_AHEAD_SECONDS / seconds), waiting // (2 * busy)))
        return most - queued if queued <= most // 2 and queued < most else 0
