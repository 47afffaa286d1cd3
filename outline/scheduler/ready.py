# SPDX-License-Identifier: Apache-2.0
"""The frames that may start, in the order of the farm, and the rule that keeps big ones from starving."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Sequence

from .plan import LayerPlan

__all__ = ["PATIENCE", "ReadyQueue"]

PATIENCE = 50
_NEVER = -1


class ReadyQueue:
    """Frames that are WAITING, first frames of all layers before second ones, layers as they were added.

    Layers with the same needs share a heap, so that the first frame with room is found without a look at those that
    have none. A frame that stops waiting stays in its heap until it comes up. Made and fed by one JobState, whose
    states it reads.
    """

    def __init__(self, layers: Sequence[LayerPlan], base: array[int], states: bytearray, waiting: int) -> None:
        """Make an empty queue.

        Args:
            layers: The layers of the job.
            base: The number of each layer's first frame.
            states: The state codes of all frames; read, never written.
            waiting: The code of a frame that may start.
        """
        self.__base, self.__states, self.__waiting = base, states, waiting
        self.__width = len(layers)
        self.__is_post = [layer.type == "Post" for layer in layers]
        self.__heaps: dict[tuple[bool, float, int], list[int]] = {}
        self.__heap_of = [
            self.__heaps.setdefault((post, layer.cores, layer.memory_kb), [])
            for post, layer in zip(self.__is_post, layers, strict=True)
        ]
        self.__passed, self.__passes = _NEVER, 0

    def add(self, number: int, place: int) -> None:
        """Take in the frame at a place of a layer."""
        heapq.heappush(self.__heap_of[number], place * self.__width + number)

    def fill(self, number: int, places: Iterable[int]) -> None:
        """Take in many frames of a layer."""
        heap = self.__heap_of[number]
        heap.extend(place * self.__width + number for place in places)
        heapq.heapify(heap)

    def first(self, idle_cores: float, idle_memory_kb: int, *, only_posts: bool, is_busy: bool) -> int | None:
        """Return the first frame that there is room for, or None.

        Frames without room let later ones pass. When ``PATIENCE`` later ones have started since the first of them
        began to wait, no later one may start until it has: the running frames end, and there is room. Where nothing
        runs, there never will be more room, so nothing is held back.
        """
        best: int | None = None
        for (is_post, cores, memory_kb), heap in self.__heaps.items():
            if only_posts and not is_post:
                continue
            if cores > idle_cores + 1e-9 or memory_kb > idle_memory_kb:  # a tenth of a core has no exact float
                continue
            key = self.__head(heap)
            if key is not None and (best is None or key < best):
                best = key
        if best is None:
            return None
        if is_busy and self.__passes >= PATIENCE and self.__passed < best and self.__still_waits(only_posts):
            return None
        return self.__ref_of(best)

    def started(self, number: int, place: int) -> None:
        """Note that a frame has started, which another one may have let pass."""
        if len(self.__heaps) < 2:
            return  # all need the same: nobody passes
        key = place * self.__width + number
        if self.__still_waits(only_posts=False):
            self.__passes += self.__passed < key
            return
        first = min((key for key in map(self.__head, self.__heaps.values()) if key is not None), default=key)
        self.__passed, self.__passes = (first, 1) if first < key else (_NEVER, 0)

    def __still_waits(self, only_posts: bool) -> bool:
        key = self.__passed
        if key == _NEVER or (only_posts and not self.__is_post[key % self.__width]):
            return False
        return self.__states[self.__ref_of(key)] == self.__waiting

    def __head(self, heap: list[int]) -> int | None:
        while heap:
            if self.__states[self.__ref_of(heap[0])] == self.__waiting:
                return heap[0]
            heapq.heappop(heap)
        return None

    def __ref_of(self, key: int) -> int:
        place, number = divmod(key, self.__width)
        return self.__base[number] + place
