# SPDX-License-Identifier: Apache-2.0
"""The frames that may start, in the farm's order, and the rule that keeps large ones from starving."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Container, Mapping, Sequence

from .plan import LayerPlan

__all__ = ["PATIENCE", "ReadyQueue", "needs_of"]

PATIENCE = 50
_NEVER = -1


def needs_of(layer: LayerPlan) -> tuple[bool, float, int, str]:
    """What decides where frames of a layer may start. Layers with equal needs may start in the same places."""
    return layer.type == "Post", layer.cores, layer.memory_kb, layer.group


class ReadyQueue:
    """The WAITING frames: first frames of all layers before second ones, layers in the order of addition.

    Layers with the same needs share a heap, so the queue finds the first frame with room without checking those
    without. A frame that stops waiting stays in its heap until it comes up. One JobState makes the queue, and gives
    it its states to read.
    """

    def __init__(
        self,
        layers: Sequence[LayerPlan],
        base: array[int],
        states: bytearray,
        waiting: int,
        orders: Mapping[int, Sequence[int]] | None = None,
        delayed: Container[int] = (),
    ) -> None:
        """Queue the frames that wait now.

        Args:
            layers: The layers of the job.
            base: The number of each layer's first frame.
            states: The state codes of all frames. The queue never writes them.
            waiting: The code of a frame that may start.
            orders: By layer number, the positions in start order. A missing layer starts in the order of its range.
            delayed: Frames that may not start yet. The queue never writes them. The caller must add a frame again when
                its delay ends.
        """
        self.__delayed = delayed
        self.__places = orders or {}
        self.__ranks = {number: _inverse(order) for number, order in self.__places.items()}
        self.__base, self.__states, self.__waiting = base, states, waiting
        self.__width = len(layers)
        self.__is_post = [layer.type == "Post" for layer in layers]
        self.__heaps: dict[tuple[bool, float, int, str], list[int]] = {}
        self.__heap_of = [self.__heaps.setdefault(needs_of(layer), []) for layer in layers]
        self.__samples = {needs_of(layer): layer for layer in reversed(layers)}
        self.__passed, self.__passes = _NEVER, 0
        for number in range(self.__width):
            first, end, heap = base[number], base[number + 1], self.__heap_of[number]
            heap.extend(self.__key(number, ref - first) for ref in range(first, end) if states[ref] == waiting)
        for heap in self.__heaps.values():
            heapq.heapify(heap)

    def add(self, number: int, place: int) -> None:
        """Add the frame at a position of a layer."""
        heapq.heappush(self.__heap_of[number], self.__key(number, place))

    def first_admitted(self, admits: Callable[[LayerPlan], bool]) -> int | None:
        """The first frame of a layer that the caller admits, or None. Keeps no room for waiting frames.

        Args:
            admits: Called once for all layers with the same needs, see ``needs_of``.
        """
        best: int | None = None
        for needs, heap in self.__heaps.items():
            key = self.__head(heap)
            if key is not None and (best is None or key < best) and admits(self.__samples[needs]):
                best = key
        return None if best is None else self.__ref_of(best)

    def first(self, idle_cores: float, idle_memory_kb: int, *, only_posts: bool, is_busy: bool) -> int | None:
        """The first frame with room, or None.

        Frames without room let later ones pass. When ``PATIENCE`` later ones have started since the first of them began
        to wait, the queue starts no more later ones until that first one has started: the running frames end and make
        room. When nothing runs there will never be more room, so the queue holds nothing back.
        """
        best: int | None = None
        for (is_post, cores, memory_kb, _), heap in self.__heaps.items():
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
        """Record that a frame has started, perhaps ahead of one that waits for room."""
        if len(self.__heaps) < 2:
            return  # all need the same: nobody passes
        key = self.__key(number, place)
        if self.__still_waits(only_posts=False):
            self.__passes += self.__passed < key
            return
        first = min((key for key in map(self.__head, self.__heaps.values()) if key is not None), default=key)
        self.__passed, self.__passes = (first, 1) if first < key else (_NEVER, 0)

    def __still_waits(self, only_posts: bool) -> bool:
        key = self.__passed
        if key == _NEVER or (only_posts and not self.__is_post[key % self.__width]):
            return False
        return self.__may_start(self.__ref_of(key))

    def __may_start(self, ref: int) -> bool:
        return self.__states[ref] == self.__waiting and ref not in self.__delayed

    def __head(self, heap: list[int]) -> int | None:
        while heap:
            if self.__may_start(self.__ref_of(heap[0])):
                return heap[0]
            heapq.heappop(heap)
        return None

    def rank(self, number: int, place: int) -> int:
        """The position in start order of the frame at a position of a layer."""
        return self.__key(number, place) // self.__width

    def __key(self, number: int, place: int) -> int:
        ranks = self.__ranks.get(number)
        return (place if ranks is None else ranks[place]) * self.__width + number

    def __ref_of(self, key: int) -> int:
        rank, number = divmod(key, self.__width)
        places = self.__places.get(number)
        return self.__base[number] + (rank if places is None else places[rank])


def _inverse(order: Sequence[int]) -> array[int]:
    """The rank of each position, given the positions in order of rank."""
    ranks = array("l", bytes(array("l").itemsize * len(order)))
    for rank, place in enumerate(order):
        ranks[place] = rank
    return ranks
