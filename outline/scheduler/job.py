# SPDX-License-Identifier: Apache-2.0
"""The state of all frames of one job, and the decisions about them.

Nothing here knows of clocks, processes, files or networks. The caller reports events by method calls, and asks
``next_ready`` what to start.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from ..frame_end import FrameEnd
from ..frames import FrameSet, chunk_at, chunk_heads
from ..names import frame_name
from .edges import FrameEdges, LayerEdge, frame_edges, layer_edge
from .exits import is_blameless, meaning_of
from .plan import DependPlan, JobPlan, LayerPlan
from .ready import ReadyQueue
from .states import MOVES, FrameState, IllegalMove, Signal

__all__ = ["JobState"]

_STATES = tuple(FrameState)
_CODE = {state: code for code, state in enumerate(_STATES)}
_WAITING, _DEPEND, _RUNNING, _SUCCEEDED, _DEAD, _EATEN = (_CODE[state] for state in _STATES)
_MAX_LOSSES = 3


class JobState:
    """All frames of a job. A frame here is a chunk, named by its first frame number.

    Frames have dense numbers (``ref``), layer by layer in render order. Used from one thread.
    """

    def __init__(self, plan: JobPlan, *, eaten_satisfies: bool = False, max_losses: int | None = _MAX_LOSSES) -> None:
        """Expand a plan.

        Args:
            plan: The job.
            eaten_satisfies: An eaten frame releases the frames that wait for it. On OpenCue it does not.
            max_losses: How many losses in a row make a frame DEAD. None for no limit.
        """
        self._max_losses = max_losses
        self.plan = plan
        self._eaten_satisfies = eaten_satisfies
        self._heads = [chunk_heads(layer.frames, layer.chunk) for layer in plan.layers]
        self._base = array("q", [0])
        for heads in self._heads:
            self._base.append(self._base[-1] + len(heads))
        total = self._base[-1]
        self._index = {layer.name: number for number, layer in enumerate(plan.layers)}
        self._layer_of = array("l", bytes(array("l").itemsize * total))
        for number in range(len(plan.layers)):
            base, end = self._base[number], self._base[number + 1]
            self._layer_of[base:end] = array("l", [number]) * (end - base)
        self._states = bytearray(total)
        self._tries = array("l", bytes(array("l").itemsize * total))
        self._losses: dict[int, int] = {}
        self._again: set[int] = set()
        self._delayed: dict[int, float] = {}
        self._make_edges()
        self._posts_released = False
        self.settle()

    def _make_edges(self) -> None:
        layers = self.plan.layers
        self._edges_of: list[list[FrameEdges]] = [[] for _ in layers]
        self._layer_edges_of: list[list[LayerEdge]] = [[] for _ in layers]
        for depend in self._active_depends():
            er, on = self._index[depend.layer], self._index[depend.on]
            if layers[er].type == "Post" and layers[on].type != "Post":
                continue  # it comes after all of them anyway, and must run even when one of them failed
            edge = layer_edge(depend, er, on, eaten_satisfies=self._eaten_satisfies)
            if edge is not None:
                self._layer_edges_of[on].append(edge)
            else:
                self._edges_of[on].append(frame_edges(depend, layers, er, on, len(self._heads[on])))

    def _active_depends(self) -> Sequence[DependPlan]:
        return self.plan.depends

    # -- asking ------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return int(self._base[-1])

    def ref(self, layer: str, frame: int) -> int:
        """The number of a frame.

        Raises:
            KeyError: The job has no such layer, or the layer no chunk that begins with this frame.
        """
        number = self._index[layer]
        place = self._heads[number].index(frame)
        if place < 0:
            raise KeyError((layer, frame))
        return int(self._base[number] + place)

    def refs(self, layer: str) -> range:
        """The numbers of a layer's frames."""
        number = self._index[layer]
        return range(self._base[number], self._base[number + 1])

    def layer(self, ref: int) -> LayerPlan:
        """The layer of a frame."""
        return self.plan.layers[self._layer_of[ref]]

    def number(self, ref: int) -> int:
        """The frame number: the first frame of the chunk."""
        number = self._layer_of[ref]
        return self._heads[number][ref - self._base[number]]

    def frame_name(self, ref: int) -> str:
        """The name as the farm spells it: ``0012-beauty``."""
        return frame_name(self.number(ref), self.layer(ref).name)

    def name_of(self, ref: int) -> tuple[str, int]:
        """The layer's name and the frame number of a frame."""
        return self.layer(ref).name, self.number(ref)

    def frames_of(self, ref: int) -> FrameSet:
        """All frames of the chunk."""
        layer = self.layer(ref)
        return chunk_at(layer.frames, self.number(ref), layer.chunk)

    def state(self, ref: int) -> FrameState:
        """The state of a frame."""
        return _STATES[self._states[ref]]

    def tries(self, ref: int) -> int:
        """How often a frame has started, without the starts that do not count."""
        return self._tries[ref]

    def counts(self, layer: str | None = None) -> dict[FrameState, int]:
        """How many frames are in each state, of one layer or of the job."""
        if layer is not None:
            return dict(zip(_STATES, self._counts[self._index[layer]], strict=True))
        return dict(zip(_STATES, map(sum, zip(*self._counts, strict=True)), strict=True)) if self._counts else {}

    def ranges(self, layer: str) -> dict[FrameState, FrameSet]:
        """The frame numbers of a layer's chunks by state."""
        found: dict[FrameState, list[int]] = {state: [] for state in _STATES}
        for head, ref in zip(self._heads[self._index[layer]], self.refs(layer), strict=True):
            found[self.state(ref)].append(head)
        return {state: FrameSet(heads) for state, heads in found.items()}

    @property
    def succeeded(self) -> bool:
        """Whether every frame is SUCCEEDED or EATEN."""
        return all(row[_SUCCEEDED] + row[_EATEN] == sum(row) for row in self._counts)

    @property
    def is_over(self) -> bool:
        """Whether nothing runs and nothing may start."""
        return not self._alive and not any(row[_WAITING] for row in self._counts)

    # -- deciding ----------------------------------------------------------------------------------------------

    def next_ready(self, idle_cores: float, idle_memory_kb: int, *, only_posts: bool = False) -> int | None:
        """The frame to start now, or None when no waiting frame has room.

        The order is the farm's: first frames of all layers before second ones, layers as they were added. A frame
        without room lets later ones pass, but not for ever. After about fifty have passed, the queue keeps room for it.

        Args:
            idle_cores: Free cores. The caller must limit layers that ask for more than the machine has
                (``JobPlan.fitted``), or their frames wait for ever.
            idle_memory_kb: Free memory. The same limit applies.
            only_posts: Start only Post layers, for a job that was stopped early.
        """
        return self._queue.first(idle_cores, idle_memory_kb, only_posts=only_posts, is_busy=bool(self._alive))

    def more_ready(self, ref: int, most: int) -> list[int]:
        """The frames that may run together with a ready one: those after it, up to the first that was ever tried.

        Args:
            ref: A frame from ``next_ready``.
            most: The most frames, including that one.
        """
        end = min(ref + most, int(self._base[self._layer_of[ref] + 1]))
        found = []
        for other in range(ref, end):
            if self._states[other] != _WAITING or self._tries[other] or other in self._losses:
                break
            found.append(other)
        return found or [ref]

    @property
    def wakes_at(self) -> float | None:
        """When the first delayed frame may start. None when there is none."""
        return min(self._delayed.values(), default=None)

    def wake(self, now: float) -> None:
        """Let the delayed frames start whose time has come. Uses the same clock as ``finish``."""
        for ref in [ref for ref, time in self._delayed.items() if time <= now]:
            del self._delayed[ref]
            if self._states[ref] == _WAITING:
                self._queue.add(self._layer_of[ref], ref - self._base[self._layer_of[ref]])

    # -- events ------------------------------------------------------------------------------------------------

    def start(self, ref: int) -> None:
        """Record that a process started for a frame."""
        self._move(ref, Signal.STARTED)
        self._tries[ref] += 1
        self._alive.add(ref)
        number = self._layer_of[ref]
        self._queue.started(number, ref - self._base[number])

    def finish(self, ref: int, end: FrameEnd, now: float = 0.0) -> FrameState:
        """Record that a frame's process ended. Returns the frame's new state.

        A frame that somebody ate meanwhile stays EATEN. One that somebody retried meanwhile may start again, however
        the process ended. One that failed at ``now``, in seconds, waits for its layer's retry delay and for ``wake``.
        """
        signal = self._meaning(ref, end)
        if ref not in self._alive:
            raise IllegalMove(self.frame_name(ref), self.state(ref), signal)
        self._alive.discard(ref)
        if ref in self._again:
            self._again.discard(ref)
            self.retry(ref)
            return self.state(ref)
        if not is_blameless(end):
            self._losses.pop(ref, None)
        elif signal is Signal.EXITED_BAD:
            self._losses[ref] = self._losses.get(ref, 0) + 1
            self._tries[ref] -= 1
        if signal is Signal.EXITED_BAD and not is_blameless(end) and self.layer(ref).retry_delay_seconds:
            self._delayed[ref] = now + self.layer(ref).retry_delay_seconds
        self._move(ref, signal)
        self._hold_back(ref)
        return self.state(ref)

    def _meaning(self, ref: int, end: FrameEnd) -> Signal:
        tries, losses = self._tries[ref], self._losses.get(ref, 0)
        return meaning_of(end, self.plan, self.layer(ref), tries=tries, losses=losses, max_losses=self._max_losses)

    def eat(self, ref: int) -> None:
        """Give up a frame on purpose. A frame that succeeded stays as it is.

        A running frame is EATEN at once, as on the farm. The caller then kills its process and calls ``finish``.
        """
        self._again.discard(ref)
        self._delayed.pop(ref, None)
        if self._states[ref] not in (_SUCCEEDED, _EATEN):
            self._move(ref, Signal.EATEN)

    def retry(self, ref: int) -> None:
        """Let a frame run again, with all its tries. Frames that depend on it and have not started wait again.

        Nothing changes while its process runs. The caller kills the process, and the frame may start again after
        ``finish``.
        """
        if ref in self._alive:
            self._again.add(ref)
            return
        self._move(ref, Signal.RETRIED)
        self._tries[ref] = 0
        self._losses.pop(ref, None)
        self._hold_back(ref)

    def _hold_back(self, ref: int) -> None:
        """Make a frame DEPEND that is WAITING again, if a frame that it depends on was retried meanwhile."""
        if self._states[ref] == _WAITING and not self._may_start(ref):
            self._move(ref, Signal.UNSATISFIED)

    def release_posts(self) -> None:
        """Let the frames of Post layers start."""
        if self._posts_released:
            return
        self._posts_released = True
        for number, layer in enumerate(self.plan.layers):
            if layer.type == "Post":
                self._layer_waits[number] -= 1
                self._wake_layer(number)

    def restore(self, ref: int, state: FrameState, tries: int) -> None:
        """Put a frame into a saved state. Call ``settle`` after the last frame."""
        self._states[ref] = _CODE[state]
        self._tries[ref] = tries

    def settle(self) -> None:
        """Recompute from the states alone who waits for whom. Linear in frames and edges."""
        counts = []
        for number in range(len(self.plan.layers)):
            part = self._states[self._base[number] : self._base[number + 1]]
            counts.append([part.count(code) for code in range(len(_STATES))])
        self._counts = counts
        self._waits = array("l", bytes(array("l").itemsize * len(self)))
        self._layer_waits = [int(layer.type == "Post" and not self._posts_released) for layer in self.plan.layers]
        self._needs = [self._needs_met(number) for number in range(len(self.plan.layers))]
        for on in range(len(self.plan.layers)):
            for edge in self._layer_edges_of[on]:
                self._layer_waits[edge.er] += not self._needs[on][edge.need]
            for edges in self._edges_of[on]:
                self._count_waits(edges)
        self._alive = (
            {ref for ref in self if self._states[ref] == _RUNNING} if any(row[_RUNNING] for row in counts) else set()
        )
        self._again.clear()
        self._queue = self._make_queue()
        for number in range(len(self.plan.layers)):
            self._settle_layer(number)

    def _make_queue(self) -> ReadyQueue:
        return ReadyQueue(self.plan.layers, self._base, self._states, _WAITING, delayed=self._delayed)

    def _count_waits(self, edges: FrameEdges) -> None:
        base_on, base_er = self._base[edges.on], self._base[edges.er]
        for place in range(self._base[edges.on + 1] - base_on):
            if not self._satisfies(base_on + place):
                for target in edges.waiting_for(place):
                    self._waits[base_er + target] += 1

    def _settle_layer(self, number: int) -> None:
        blocked = self._layer_waits[number] > 0
        row = self._counts[number]
        ready = []
        for place, ref in enumerate(range(self._base[number], self._base[number + 1])):
            code = self._states[ref]
            if code not in (_WAITING, _DEPEND):
                continue
            now = _DEPEND if blocked or self._waits[ref] else _WAITING
            if now != code:
                self._states[ref] = now
                row[code] -= 1
                row[now] += 1
            if now == _WAITING:
                ready.append(place)
        self._queue.fill(number, ready)

    # -- moving ------------------------------------------------------------------------------------------------

    def _move(self, ref: int, signal: Signal) -> None:
        before = _STATES[self._states[ref]]
        satisfied = self._satisfies(ref)
        number = self._layer_of[ref]
        after = MOVES.get((before, signal))
        if after is None:
            raise IllegalMove(self.frame_name(ref), before, signal)
        self._states[ref] = _CODE[after]
        row = self._counts[number]
        row[_CODE[before]] -= 1
        row[_CODE[after]] += 1
        if after is FrameState.WAITING:
            self._queue.add(number, ref - self._base[number])
        if satisfied != self._satisfies(ref):
            self._tell_frames(ref, number, -1 if not satisfied else 1)
        if self._layer_edges_of[number]:
            self._tell_layers(number)

    def _satisfies(self, ref: int) -> bool:
        code = self._states[ref]
        return code == _SUCCEEDED or (code == _EATEN and self._eaten_satisfies)

    def _needs_met(self, number: int) -> tuple[bool, bool, bool]:
        """Which needs the layer meets, in the order of ``LayerNeed``."""
        row = self._counts[number]
        size = self._base[number + 1] - self._base[number]
        is_done = row[_SUCCEEDED] + row[_EATEN] == size
        return is_done, row[_SUCCEEDED] == size, row[_SUCCEEDED] > 0 or is_done

    def _may_start(self, ref: int) -> bool:
        return self._waits[ref] == 0 and self._layer_waits[self._layer_of[ref]] == 0

    def _tell_frames(self, ref: int, number: int, change: int) -> None:
        place = ref - self._base[number]
        for edges in self._edges_of[number]:
            base = self._base[edges.er]
            for target in edges.waiting_for(place):
                self._waits[base + target] += change
                self._wake(base + target)

    def _tell_layers(self, number: int) -> None:
        before, now = self._needs[number], self._needs_met(number)
        if before == now:
            return
        self._needs[number] = now
        for edge in self._layer_edges_of[number]:
            if before[edge.need] != now[edge.need]:
                self._layer_waits[edge.er] += 1 if before[edge.need] else -1
                self._wake_layer(edge.er)

    def _wake_layer(self, number: int) -> None:
        for ref in range(self._base[number], self._base[number + 1]):
            self._wake(ref)

    def _wake(self, ref: int) -> None:
        """Make a waiting frame DEPEND or WAITING, whichever applies."""
        code = self._states[ref]
        if code == _DEPEND and self._may_start(ref):
            self._move(ref, Signal.SATISFIED)
        elif code == _WAITING and not self._may_start(ref):
            self._move(ref, Signal.UNSATISFIED)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))
