# SPDX-License-Identifier: Apache-2.0
"""The frames that may start, in the farm's order, and the rule that keeps large ones from starving."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Sequence

from .job_frames import JobFrames
from .plan import LayerPlan

__all__ = ["PATIENCE", "ReadyQueue", "needs_of"]

PATIENCE = 50
_NEVER = -1
_RESERVED = float("inf")  # in the place of the time when a delayed frame may start


def needs_of(layer: LayerPlan) -> tuple[bool, float, int, str]:
    """What decides where frames of a layer may start. Layers with equal needs may start in the same places."""
    return layer.type == "Post", layer.cores, layer.memory_kb, layer.group


class ReadyQueue:
    """The WAITING frames: first frames of all layers before second ones, layers in the order of addition.

    Layers with the same needs share a heap, so the queue finds the first frame with room without checking those
    without. A frame that stops waiting stays in its heap until it comes up. One JobState makes the queue, and gives
    it its states to read. Whoever decides when frames start delays and reserves them here.
    """

    def __init__(self, frames: JobFrames, states: bytearray, waiting: int) -> None:
        """Make an empty queue; ``fill`` queues what waits.

        Args:
            frames: The frames of the job.
            states: The state codes of all frames. The queue never writes them.
            waiting: The code of a frame that may start.
        """
        self.__frames, self.__states, self.__waiting = frames, states, waiting
        self.__delayed: dict[int, float] = {}
        self.__orders: dict[int, list[int]] = {}
        self.__ranks: dict[int, array[int]] = {}

    def fill(self, layers: Sequence[LayerPlan]) -> None:
        """Queue the frames that wait, by the needs of these layers, which are those of the job."""
        self.__layers, self.__width = layers, len(layers)
        self.__passed, self.__passes = _NEVER, 0
        self.__is_stale = True

    def __queue(self) -> None:
        """Queue the frames that wait now, before somebody asks for the first: many layers may change before."""
        if not self.__is_stale:
            return
        self.__is_stale = False
        base, states, waiting, layers = self.__frames.base, self.__states, self.__waiting, self.__layers
        self.__heaps: dict[tuple[bool, float, int, str], list[int]] = {}
        self.__heap_of = [self.__heaps.setdefault(needs_of(layer), []) for layer in layers]
        self.__samples = {needs_of(layer): layer for layer in reversed(layers)}
        for number in range(self.__width):
            first, end, heap = base[number], base[number + 1], self.__heap_of[number]
            heap.extend(self.__key(number, ref - first) for ref in range(first, end) if states[ref] == waiting)
        for heap in self.__heaps.values():
            heapq.heapify(heap)

    def add(self, ref: int) -> None:
        """Add a frame that may start now."""
        if self.__is_stale:
            return  # it will be found
        number, place = self.__frames.place(ref)
        heapq.heappush(self.__heap_of[number], self.__key(number, place))

    def order(self, layer: str) -> Sequence[int]:
        """The frames of a layer in start order."""
        refs, order = self.__frames.refs(layer), self.__orders.get(self.__frames.layers[layer])
        return refs if order is None else [refs[place] for place in order]

    def reorder(self, layer: str, refs: Sequence[int]) -> None:
        """Change the start order of a layer's frames to ``refs``, which has each once."""
        number = self.__frames.layers[layer]
        self.__orders[number] = [ref - self.__frames.base[number] for ref in refs]
        self.__ranks[number] = _inverse(self.__orders[number])
        self.fill(self.__layers)

    def rank(self, ref: int) -> int:
        """A frame's position in the start order of its layer, counted from 0."""
        return self.__key(*self.__frames.place(ref)) // self.__width

    @property
    def wakes_at(self) -> float | None:
        """When the first delayed frame may start. None when there is none."""
        return min((time for time in self.__delayed.values() if time != _RESERVED), default=None)

    def wake(self, now: float) -> None:
        """Let the delayed frames start whose time has come. Uses the same clock as ``delay``."""
        for ref in [ref for ref, time in self.__delayed.items() if time <= now and time != _RESERVED]:
            self.release(ref)

    def delay(self, ref: int, until: float) -> None:
        """Let a frame start only after a time, and after ``wake``."""
        self.__delayed[ref] = until

    def reserve(self, ref: int) -> None:
        """Keep a waiting frame for somebody who may start it soon. Until then, the queue does not offer it."""
        self.__delayed[ref] = _RESERVED

    def release(self, ref: int) -> None:
        """Let anybody start a frame, also if it was reserved or delayed."""
        if self.__delayed.pop(ref, None) is not None and self.__states[ref] == self.__waiting:
            self.add(ref)

    def may_start(self, ref: int) -> bool:
        """Whether a frame waits for room alone."""
        return self.__states[ref] == self.__waiting and ref not in self.__delayed

    def first_admitted(self, admits: Callable[[LayerPlan], bool]) -> int | None:
        """The first frame of a layer that the caller admits, or None. Keeps no room for waiting frames.

        Args:
            admits: Called once for all layers with the same needs, see ``needs_of``.
        """
        self.__queue()
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
        self.__queue()
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

    def started(self, ref: int) -> None:
        """Record that a frame has started, perhaps ahead of one that waits for room."""
        self.release(ref)
        self.__queue()
        if len(self.__heaps) < 2:
            return  # all need the same: nobody passes
        key = self.__key(*self.__frames.place(ref))
        if self.__still_waits(only_posts=False):
            self.__passes += self.__passed < key
            return
        first = min((key for key in map(self.__head, self.__heaps.values()) if key is not None), default=key)
        self.__passed, self.__passes = (first, 1) if first < key else (_NEVER, 0)

    def __still_waits(self, only_posts: bool) -> bool:
        key = self.__passed
        if key == _NEVER or (only_posts and self.__layers[key % self.__width].type != "Post"):
            return False
        return self.may_start(self.__ref_of(key))

    def __head(self, heap: list[int]) -> int | None:
        while heap:
            if self.may_start(self.__ref_of(heap[0])):
                return heap[0]
            heapq.heappop(heap)
        return None

    def __key(self, number: int, place: int) -> int:
        ranks = self.__ranks.get(number)
        return (place if ranks is None else ranks[place]) * self.__width + number

    def __ref_of(self, key: int) -> int:
        rank, number = divmod(key, self.__width)
        places = self.__orders.get(number)
        return self.__frames.base[number] + (rank if places is None else places[rank])


def _inverse(order: Sequence[int]) -> array[int]:
    """The rank of each position, given the positions in order of rank."""
    ranks = array("l", bytes(array("l").itemsize * len(order)))
    for rank, place in enumerate(order):
        ranks[place] = rank
    return ranks
