# SPDX-License-Identifier: Apache-2.0
"""The state of all frames of one job, and the decisions about them.

Nothing here knows of time, processes, files or networks: what happens comes in by method calls, and what shall happen
is asked for with ``next_ready``.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

from ..frames import FrameSet, chunk_at, chunk_heads
from .edges import FrameEdges, LayerEdge, frame_edges, layer_edge
from .plan import JobPlan, LayerPlan
from .ready import ReadyQueue
from .states import MOVES, FrameState, IllegalMove, Signal

__all__ = ["FrameExit", "JobState"]

_STATES = tuple(FrameState)
_CODE = {state: code for code, state in enumerate(_STATES)}
_WAITING, _DEPEND, _RUNNING, _SUCCEEDED, _DEAD, _EATEN = (_CODE[state] for state in _STATES)
SKIP_RETRY = 286  # a host daemon reports this when the frame is not to blame
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


def _is_blameless(exit: FrameExit) -> bool:
    return exit.lost or exit.status == SKIP_RETRY


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
        self.__again: set[int] = set()
        self.__edges_of: list[list[FrameEdges]] = [[] for _ in plan.layers]
        self.__layer_edges_of: list[list[LayerEdge]] = [[] for _ in plan.layers]
        self.__make_edges()
        self.__posts_released = False
        self.settle()

    def __make_edges(self) -> None:
        layers = self.plan.layers
        for depend in self.plan.depends:
            er, on = self.__index[depend.layer], self.__index[depend.on]
            if layers[er].type == "Post" and layers[on].type != "Post":
                continue  # it comes after all of them anyway, and has to come when one of them has failed
            edge = layer_edge(depend, er, on, eaten_satisfies=self.__eaten_satisfies)
            if edge is not None:
                self.__layer_edges_of[on].append(edge)
            else:
                self.__edges_of[on].append(frame_edges(depend, layers, er, on, len(self.__heads[on])))

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
        return not self.__alive and not any(row[_WAITING] for row in self.__counts)

    # -- deciding ----------------------------------------------------------------------------------------------

    def next_ready(self, idle_cores: float, idle_memory_kb: int, *, only_posts: bool = False) -> int | None:
        """Return the frame to start now, or None when nothing that waits has room.

        The order is the farm's: first frames of all layers before second ones, layers as they were added. A frame
        without room lets later ones pass, but not for ever: after some fifty have passed, room is kept for it.

        Args:
            idle_cores: Cores that are free; a layer that asks for more than the machine has must be cut by the
                caller (``JobPlan.fitted``), else its frames wait for ever.
            idle_memory_kb: Memory that is free, likewise.
            only_posts: Leave all but Post layers alone; for a job that was stopped early.
        """
        return self.__queue.first(idle_cores, idle_memory_kb, only_posts=only_posts, is_busy=bool(self.__alive))

    # -- being told --------------------------------------------------------------------------------------------

    def start(self, ref: int) -> None:
        """A process was started for a frame."""
        self.__move(ref, Signal.STARTED)
        self.__tries[ref] += 1
        self.__alive.add(ref)
        number = self.__layer_of[ref]
        self.__queue.started(number, ref - self.__base[number])

    def finish(self, ref: int, exit: FrameExit) -> FrameState:
        """The process of a frame has ended; return the frame's new state.

        A frame that was eaten meanwhile stays so, and one that was retried meanwhile may now start again, however
        the process ended.
        """
        signal = self.__meaning(ref, exit)
        if ref not in self.__alive:
            raise IllegalMove(self.frame_name(ref), self.state(ref), signal)
        self.__alive.discard(ref)
        if ref in self.__again:
            self.__again.discard(ref)
            self.retry(ref)
            return self.state(ref)
        if not _is_blameless(exit):
            self.__losses.pop(ref, None)
        elif signal is Signal.EXITED_BAD:
            self.__losses[ref] = self.__losses.get(ref, 0) + 1
            self.__tries[ref] -= 1
        self.__move(ref, signal)
        self.__hold_back(ref)
        return self.state(ref)

    def __meaning(self, ref: int, exit: FrameExit) -> Signal:
        if _is_blameless(exit):
            is_last = self.__losses.get(ref, 0) + 1 >= _MAX_LOSSES
        elif exit.status == 0 and not exit.timed_out:
            return Signal.EXITED_GOOD
        else:
            is_last = exit.timed_out or self.__tries[ref] > self.plan.max_retries
            if self.plan.autoeat or self.layer(ref).autoeat:
                return Signal.EATEN
        return Signal.GAVE_UP if is_last else Signal.EXITED_BAD

    def eat(self, ref: int) -> None:
        """Give up a frame on purpose; one that has succeeded stays as it is.

        A frame that runs is EATEN at once, as on the farm: kill its process then, and tell its end with ``finish``.
        """
        self.__again.discard(ref)
        if self.__states[ref] not in (_SUCCEEDED, _EATEN):
            self.__move(ref, Signal.EATEN)

    def retry(self, ref: int) -> None:
        """Let a frame run again, with all its tries; what waits for it and has not started waits again.

        While its process lives nothing changes: kill it then, and the frame may start again after ``finish``.
        """
        if ref in self.__alive:
            self.__again.add(ref)
            return
        self.__move(ref, Signal.RETRIED)
        self.__tries[ref] = 0
        self.__losses.pop(ref, None)
        self.__hold_back(ref)

    def __hold_back(self, ref: int) -> None:
        """Let a frame that is WAITING again be DEPEND, if what it waits for was retried meanwhile."""
        if self.__states[ref] == _WAITING and not self.__may_start(ref):
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
        self.__needs = [self.__needs_met(number) for number in range(len(self.plan.layers))]
        for on in range(len(self.plan.layers)):
            for edge in self.__layer_edges_of[on]:
                self.__layer_waits[edge.er] += not self.__needs[on][edge.need]
            for edges in self.__edges_of[on]:
                self.__count_waits(edges)
        self.__alive = (
            {ref for ref in self if self.__states[ref] == _RUNNING} if any(row[_RUNNING] for row in counts) else set()
        )
        self.__again.clear()
        self.__queue = ReadyQueue(self.plan.layers, self.__base, self.__states, _WAITING)
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
        ready = []
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
                ready.append(place)
        self.__queue.fill(number, ready)

    # -- moving ------------------------------------------------------------------------------------------------

    def __move(self, ref: int, signal: Signal) -> None:
        before = _STATES[self.__states[ref]]
        satisfied = self.__satisfies(ref)
        number = self.__layer_of[ref]
        after = MOVES.get((before, signal))
        if after is None:
            raise IllegalMove(self.frame_name(ref), before, signal)
        self.__states[ref] = _CODE[after]
        row = self.__counts[number]
        row[_CODE[before]] -= 1
        row[_CODE[after]] += 1
        if after is FrameState.WAITING:
            self.__queue.add(number, ref - self.__base[number])
        if satisfied != self.__satisfies(ref):
            self.__tell_frames(ref, number, -1 if not satisfied else 1)
        if self.__layer_edges_of[number]:
            self.__tell_layers(number)

    def __satisfies(self, ref: int) -> bool:
        code = self.__states[ref]
        return code == _SUCCEEDED or (code == _EATEN and self.__eaten_satisfies)

    def __needs_met(self, number: int) -> tuple[bool, bool, bool]:
        """Tell which of the things that others may need of a layer are there, in the order of ``LayerNeed``."""
        row = self.__counts[number]
        size = self.__base[number + 1] - self.__base[number]
        is_done = row[_SUCCEEDED] + row[_EATEN] == size
        return is_done, row[_SUCCEEDED] == size, row[_SUCCEEDED] > 0 or is_done

    def __may_start(self, ref: int) -> bool:
        return self.__waits[ref] == 0 and self.__layer_waits[self.__layer_of[ref]] == 0

    def __tell_frames(self, ref: int, number: int, change: int) -> None:
        place = ref - self.__base[number]
        for edges in self.__edges_of[number]:
            base = self.__base[edges.er]
            for target in edges.waiting_for(place):
                self.__waits[base + target] += change
                self.__wake(base + target)

    def __tell_layers(self, number: int) -> None:
        before, now = self.__needs[number], self.__needs_met(number)
        if before == now:
            return
        self.__needs[number] = now
        for edge in self.__layer_edges_of[number]:
            if before[edge.need] != now[edge.need]:
                self.__layer_waits[edge.er] += 1 if before[edge.need] else -1
                self.__wake_layer(edge.er)

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
