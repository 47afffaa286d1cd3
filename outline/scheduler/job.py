# SPDX-License-Identifier: Apache-2.0
"""The state of all frames of one job, and the decisions about them.

Nothing here knows of time, processes, files or networks: what happens comes in by method calls, and what shall happen
is asked for with ``next_ready``.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterator
from typing import NamedTuple

from ..frames import FrameSet, chunk_at, chunk_heads
from .edges import FrameEdges, LayerEdge, frame_edges
from .plan import JobPlan, LayerPlan
from .states import MOVES, FrameState, IllegalMove, Signal

__all__ = ["FrameExit", "JobState"]

_STATES = tuple(FrameState)
_CODE = {state: code for code, state in enumerate(_STATES)}
_WAITING, _DEPEND, _RUNNING, _SUCCEEDED, _DEAD, _EATEN = (_CODE[state] for state in _STATES)
SKIP_RETRY = 286  # a host daemon reports this when the frame is not to blame
_PATIENCE = 50
_MAX_LOSSES = 3


class FrameExit(NamedTuple):
    """How a process ended.

    Attributes:
        status: Its exit status, 128 + n when signal n ended it.
        signal: The signal that ended it, or 0.
        timed_out: It was ended because of a time limit; such a frame is not tried again.
        lost: Its host was lost; the frame is not to blame.
    """

    status: int = 0
    signal: int = 0
    timed_out: bool = False
    lost: bool = False


class _Need(NamedTuple):
    """What sets frames apart when there is room for some only."""

    is_post: bool
    cores: float
    memory_kb: int


def _need(layer: LayerPlan) -> _Need:
    return _Need(layer.type == "Post", layer.cores, layer.memory_kb)


class JobState:
    """All frames of a job, where a frame is a chunk, named by its first frame number.

    Frames have dense numbers (``ref``), layer by layer in render order. Used from one thread.
    """

    def __init__(self, plan: JobPlan, *, eaten_satisfies: bool = False) -> None:
        """Expand a plan.

        Args:
            plan: The job.
            eaten_satisfies: An eaten frame releases the frames that wait for it; on OpenCue it does not.
        """
        self.plan = plan
        self.__eaten_satisfies = eaten_satisfies
        self.__heads = [chunk_heads(layer.frames, layer.chunk) for layer in plan.layers]
        self.__base = array("q", [0])
        for heads in self.__heads:
            self.__base.append(self.__base[-1] + len(heads))
        total = self.__base[-1]
        self.__index = {layer.name: number for number, layer in enumerate(plan.layers)}
        self.__layer_of = array("l", bytes(array("l").itemsize * total))
        for number in range(len(plan.layers)):
            base, end = self.__base[number], self.__base[number + 1]
            self.__layer_of[base:end] = array("l", [number]) * (end - base)
        self.__states = bytearray(total)
        self.__tries = array("l", bytes(array("l").itemsize * total))
        self.__losses: dict[int, int] = {}
        self.__passed, self.__blocked = 0, -1
        self.__edges_of: list[list[FrameEdges]] = [[] for _ in plan.layers]
        self.__layer_edges_of: list[list[LayerEdge]] = [[] for _ in plan.layers]
        self.__make_edges()
        self.__posts_released = False
        self.settle()

    def __make_edges(self) -> None:
        for depend in self.plan.depends:
            er, on = self.__index[depend.layer], self.__index[depend.on]
            if depend.any_frame or depend.type not in ("FRAME_BY_FRAME", "PREVIOUS_FRAME"):
                any_frame = depend.any_frame or depend.type == "LAYER_ON_ANY"
                self.__layer_edges_of[on].append(LayerEdge(er, on, any_frame))
            else:
                edges = frame_edges(depend, self.plan.layers, er, on, len(self.__heads[on]))
                self.__edges_of[on].append(edges)

    # -- asking ------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return int(self.__base[-1])

    def ref(self, layer: str, frame: int) -> int:
        """Return the number of a frame.

        Raises:
            KeyError: The job has no such layer, or the layer no chunk that begins with this frame.
        """
        number = self.__index[layer]
        place = self.__heads[number].index(frame)
        if place < 0:
            raise KeyError((layer, frame))
        return int(self.__base[number] + place)

    def refs(self, layer: str) -> range:
        """Return the numbers of a layer's frames."""
        number = self.__index[layer]
        return range(self.__base[number], self.__base[number + 1])

    def layer(self, ref: int) -> LayerPlan:
        """Return the layer of a frame."""
        return self.plan.layers[self.__layer_of[ref]]

    def number(self, ref: int) -> int:
        """Return the frame number, that of the first frame of the chunk."""
        number = self.__layer_of[ref]
        return self.__heads[number][ref - self.__base[number]]

    def frame_name(self, ref: int) -> str:
        """Return the name as the farm spells it: ``0012-beauty``."""
        return f"{self.number(ref):04d}-{self.layer(ref).name}"

    def frames_of(self, ref: int) -> FrameSet:
        """Return all frames of the chunk."""
        layer = self.layer(ref)
        return chunk_at(layer.frames, self.number(ref), layer.chunk)

    def state(self, ref: int) -> FrameState:
        """Return the state of a frame."""
        return _STATES[self.__states[ref]]

    def tries(self, ref: int) -> int:
        """Return how often a frame was started, without those starts that do not count."""
        return self.__tries[ref]

    def counts(self, layer: str | None = None) -> dict[FrameState, int]:
        """Return how many frames are in each state, of one layer or of the job."""
        if layer is not None:
            return dict(zip(_STATES, self.__counts[self.__index[layer]], strict=True))
        return dict(zip(_STATES, map(sum, zip(*self.__counts, strict=True)), strict=True)) if self.__counts else {}

    def ranges(self, layer: str) -> dict[FrameState, FrameSet]:
        """Return the frame numbers of a layer's chunks by state."""
        found: dict[FrameState, list[int]] = {state: [] for state in _STATES}
        for head, ref in zip(self.__heads[self.__index[layer]], self.refs(layer), strict=True):
            found[self.state(ref)].append(head)
        return {state: FrameSet(heads) for state, heads in found.items()}

    @property
    def succeeded(self) -> bool:
        """Every frame is SUCCEEDED or EATEN."""
        return all(row[_SUCCEEDED] + row[_EATEN] == sum(row) for row in self.__counts)

    @property
    def is_over(self) -> bool:
        """Nothing runs, and nothing may start."""
        return not any(row[_RUNNING] or row[_WAITING] for row in self.__counts)

    # -- deciding ----------------------------------------------------------------------------------------------

    def next_ready(self, idle_cores: float, idle_memory_kb: int, *, only_posts: bool = False) -> int | None:
        """Return the frame to start now, or None when nothing that waits has room.

        The order is the farm's: first frames of all layers before second ones, layers as they were added. A frame
        without room lets later ones pass, but not for ever: after some fifty have passed, room is kept for it.

        Args:
            idle_cores: Cores that are free; a layer that asks for more than the machine has must be cut by the
                caller, in the plan.
            idle_memory_kb: Memory that is free.
            only_posts: Leave all frames but those of Post layers alone; for a job that was stopped early.
        """
        best: int | None = None
        first: int | None = None
        for need, heap in self.__ready.items():
            while heap and self.__states[self.__ref_of(heap[0])] != _WAITING:
                heapq.heappop(heap)
            if not heap or (only_posts and not need.is_post):
                continue
            key = heap[0]
            if first is None or key < first:
                first = key
            if need.cores <= idle_cores + 1e-9 and need.memory_kb <= idle_memory_kb and (best is None or key < best):
                best = key
        if best is None or first is None:
            return None
        if best != first:
            self.__passed = self.__passed + 1 if self.__blocked == first else 1
            self.__blocked = first
            if self.__passed > _PATIENCE:
                return None
        return self.__ref_of(best)

    def __ref_of(self, key: int) -> int:
        place, number = divmod(key, len(self.plan.layers))
        return int(self.__base[number] + place)

    def __push(self, ref: int) -> None:
        number = self.__layer_of[ref]
        layer = self.plan.layers[number]
        key = (ref - self.__base[number]) * len(self.plan.layers) + number
        heapq.heappush(self.__ready.setdefault(_need(layer), []), key)

    # -- being told --------------------------------------------------------------------------------------------

    def start(self, ref: int) -> None:
        """A process was started for a frame."""
        self.__move(ref, Signal.STARTED)
        self.__tries[ref] += 1

    def finish(self, ref: int, exit: FrameExit) -> FrameState:
        """The process of a frame has ended; return the frame's new state."""
        if exit.lost or exit.status == SKIP_RETRY:
            return self.__lose(ref)
        self.__losses.pop(ref, None)
        if exit.status == 0 and not exit.timed_out:
            self.__move(ref, Signal.EXITED_GOOD)
        elif self.plan.autoeat or self.layer(ref).autoeat:
            self.__move(ref, Signal.EATEN)
        elif exit.timed_out or self.__tries[ref] > self.plan.max_retries:
            self.__move(ref, Signal.GAVE_UP)
        else:
            self.__move(ref, Signal.EXITED_BAD)
        return self.state(ref)

    def __lose(self, ref: int) -> FrameState:
        self.__losses[ref] = self.__losses.get(ref, 0) + 1
        if self.__losses[ref] >= _MAX_LOSSES:
            self.__move(ref, Signal.GAVE_UP)
        else:
            self.__tries[ref] -= 1
            self.__move(ref, Signal.EXITED_BAD)
        return self.state(ref)

    def eat(self, ref: int) -> None:
        """Give up a frame on purpose; one that has succeeded stays as it is."""
        if self.__states[ref] not in (_SUCCEEDED, _EATEN):
            self.__move(ref, Signal.EATEN)

    def retry(self, ref: int) -> None:
        """Let a frame that is over run again; what waits for it and has not started waits again."""
        self.__move(ref, Signal.RETRIED)
        self.__tries[ref] = 0
        if not self.__may_start(ref):
            self.__move(ref, Signal.UNSATISFIED)

    def release_posts(self) -> None:
        """Let the frames of Post layers start."""
        if self.__posts_released:
            return
        self.__posts_released = True
        for number, layer in enumerate(self.plan.layers):
            if layer.type == "Post":
                self.__layer_waits[number] -= 1
                self.__wake_layer(number)

    def restore(self, ref: int, state: FrameState, tries: int) -> None:
        """Put a frame into a state that was noted earlier; call ``settle`` after the last one."""
        self.__states[ref] = _CODE[state]
        self.__tries[ref] = tries

    def settle(self) -> None:
        """Work out from the states alone who waits for whom; linear in frames and edges."""
        counts = []
        for number in range(len(self.plan.layers)):
            part = self.__states[self.__base[number] : self.__base[number + 1]]
            counts.append([part.count(code) for code in range(len(_STATES))])
        self.__counts = counts
        self.__waits = array("l", bytes(array("l").itemsize * len(self)))
        self.__layer_waits = [int(layer.type == "Post" and not self.__posts_released) for layer in self.plan.layers]
        for on in range(len(self.plan.layers)):
            for edge in self.__layer_edges_of[on]:
                self.__layer_waits[edge.er] += not self.__layer_satisfies(edge)
            for edges in self.__edges_of[on]:
                self.__count_waits(edges)
        self.__ready: dict[_Need, list[int]] = {}
        self.__passed, self.__blocked = 0, -1
        for number in range(len(self.plan.layers)):
            self.__settle_layer(number)

    def __count_waits(self, edges: FrameEdges) -> None:
        base_on, base_er = self.__base[edges.on], self.__base[edges.er]
        for place in range(self.__base[edges.on + 1] - base_on):
            if not self.__satisfies(base_on + place):
                for target in edges.waiting_for(place):
                    self.__waits[base_er + target] += 1

    def __settle_layer(self, number: int) -> None:
        blocked = self.__layer_waits[number] > 0
        row = self.__counts[number]
        layer = self.plan.layers[number]
        width = len(self.plan.layers)
        heap = self.__ready.setdefault(_need(layer), [])
        for place, ref in enumerate(range(self.__base[number], self.__base[number + 1])):
            code = self.__states[ref]
            if code not in (_WAITING, _DEPEND):
                continue
            now = _DEPEND if blocked or self.__waits[ref] else _WAITING
            if now != code:
                self.__states[ref] = now
                row[code] -= 1
                row[now] += 1
            if now == _WAITING:
                heap.append(place * width + number)
        heapq.heapify(heap)

    # -- moving ------------------------------------------------------------------------------------------------

    def __move(self, ref: int, signal: Signal) -> None:
        before = _STATES[self.__states[ref]]
        satisfied = self.__satisfies(ref)
        number = self.__layer_of[ref]
        held = [self.__layer_satisfies(edge) for edge in self.__layer_edges_of[number]]
        after = MOVES.get((before, signal))
        if after is None:
            raise IllegalMove(self.frame_name(ref), before, signal)
        self.__states[ref] = _CODE[after]
        row = self.__counts[number]
        row[_CODE[before]] -= 1
        row[_CODE[after]] += 1
        if after is FrameState.WAITING:
            self.__push(ref)
        if satisfied != self.__satisfies(ref):
            self.__tell_frames(ref, number, -1 if not satisfied else 1)
        for edge, was in zip(self.__layer_edges_of[number], held, strict=True):
            if was != self.__layer_satisfies(edge):
                self.__layer_waits[edge.er] += 1 if was else -1
                self.__wake_layer(edge.er)

    def __satisfies(self, ref: int) -> bool:
        code = self.__states[ref]
        return code == _SUCCEEDED or (code == _EATEN and self.__eaten_satisfies)

    def __layer_satisfies(self, edge: LayerEdge) -> bool:
        row = self.__counts[edge.on]
        if edge.any_frame:
            return row[_SUCCEEDED] > 0 or row[_EATEN] == sum(row)
        return row[_SUCCEEDED] + row[_EATEN] == self.__base[edge.on + 1] - self.__base[edge.on]

    def __may_start(self, ref: int) -> bool:
        return self.__waits[ref] == 0 and self.__layer_waits[self.__layer_of[ref]] == 0

    def __tell_frames(self, ref: int, number: int, change: int) -> None:
        place = ref - self.__base[number]
        for edges in self.__edges_of[number]:
            base = self.__base[edges.er]
            for target in edges.waiting_for(place):
                self.__waits[base + target] += change
                self.__wake(base + target)

    def __wake_layer(self, number: int) -> None:
        for ref in range(self.__base[number], self.__base[number + 1]):
            self.__wake(ref)

    def __wake(self, ref: int) -> None:
        """Let a frame that waits be DEPEND or WAITING, as it must."""
        code = self.__states[ref]
        if code == _DEPEND and self.__may_start(ref):
            self.__move(ref, Signal.SATISFIED)
        elif code == _WAITING and not self.__may_start(ref):
            self.__move(ref, Signal.UNSATISFIED)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))
